//! Dates as Taiwan's offices write them: years of the Republic (115 = 2026), always in Asia/Taipei.
//!
//! The server's own zone plays no part anywhere. A moment is milliseconds UTC; only here does it become a date.

use std::fmt;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};
use unicode_normalization::UnicodeNormalization;

/// Difference between the years of the common era and those of the Republic.
const ROC_OFFSET: i16 = 1911;
/// The zone of every date that is shown or booked.
pub const ZONE: &str = "Asia/Taipei";

static TAIPEI: LazyLock<TimeZone> = LazyLock::new(|| {
    // The zone data are compiled in. Without them the fixed offset is right for every date since 1980.
    TimeZone::get(ZONE).unwrap_or_else(|_| TimeZone::fixed(Offset::constant(8)))
});

/// A text that is no date or time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RocError {
    /// Not in one of the forms that are read.
    #[error("`{0}` is not a date such as 115-05-13")]
    Form(String),
    /// In form, but no such day or time exists.
    #[error("`{0}` does not exist in the calendar")]
    NoSuchDay(String),
}

/// A year of the Republic. Zero and below are the years before it; they are shown as 民國前.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct RocYear(pub i16);

impl RocYear {
    /// The year in which a moment (ms UTC) lies in Taipei.
    #[must_use]
    pub fn of_ms(ms: i64) -> Self {
        RocDate::of_ms(ms).year()
    }

    /// The same year of the common era.
    #[must_use]
    pub const fn ad(self) -> i16 {
        self.0.saturating_add(ROC_OFFSET)
    }

    /// The year before.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for RocYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0 { write!(f, "{}", self.0) } else { write!(f, "前{}", 1 - i32::from(self.0)) }
    }
}

/// A day in Taipei.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RocDate(Date);

impl RocDate {
    /// From a year of the Republic, month and day.
    ///
    /// # Errors
    /// When there is no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, RocError> {
        year.checked_add(ROC_OFFSET)
            .and_then(|ad| Date::new(ad, month, day).ok())
            .map(Self)
            .ok_or_else(|| RocError::NoSuchDay(format!("{year}-{month:02}-{day:02}")))
    }

    /// The day on which a moment (ms UTC) lies in Taipei.
    #[must_use]
    pub fn of_ms(ms: i64) -> Self {
        Self(local(ms).date())
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> RocYear {
        RocYear(self.0.year().saturating_sub(ROC_OFFSET))
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// The day, 1 to 31.
    #[must_use]
    pub fn day(self) -> i8 {
        self.0.day()
    }

    /// Weekday as one character, 一 to 日.
    #[must_use]
    pub fn weekday(self) -> char {
        match self.0.weekday() {
            Weekday::Monday => '一',
            Weekday::Tuesday => '二',
            Weekday::Wednesday => '三',
            Weekday::Thursday => '四',
            Weekday::Friday => '五',
            Weekday::Saturday => '六',
            Weekday::Sunday => '日',
        }
    }

    /// `115-05-13（三）`.
    #[must_use]
    pub fn with_weekday(self) -> String {
        format!("{self}（{}）", self.weekday())
    }

    /// `115 年 5 月 13 日`, for running text.
    #[must_use]
    pub fn chinese(self) -> String {
        format!("{} 年 {} 月 {} 日", self.year(), self.month(), self.day())
    }

    /// Midnight at its beginning, ms UTC.
    #[must_use]
    pub fn start_ms(self) -> i64 {
        to_ms(self.0.at(0, 0, 0, 0)).unwrap_or(i64::MIN)
    }

    /// Reads `115-05-13`, `115/5/13`, `115.5.13`, `115 年 5 月 13 日`, with or without 民國, in full-width figures too.
    /// Four-figure years are of the common era (`2026-05-13`), as browsers send them.
    ///
    /// # Errors
    /// [`RocError`].
    pub fn parse(text: &str) -> Result<Self, RocError> {
        let plain: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
        let bare = plain.strip_prefix("中華民國").or_else(|| plain.strip_prefix("民國")).unwrap_or(&plain);
        let fault = || RocError::Form(text.trim().to_owned());
        let parts: Vec<&str> = match bare.strip_suffix('日') {
            Some(body) => {
                let (year, rest) = body.split_once('年').ok_or_else(fault)?;
                let (month, day) = rest.split_once('月').ok_or_else(fault)?;
                vec![year, month, day]
            }
            None => {
                let mark = bare.chars().find(|c| !c.is_ascii_digit()).ok_or_else(fault)?;
                if !matches!(mark, '-' | '/' | '.') {
                    return Err(fault());
                }
                bare.split(mark).collect()
            }
        };
        let &[year, month, day] = parts.as_slice() else { return Err(fault()) };
        let digits = |part: &str, most: usize| -> Result<i16, RocError> {
            if part.is_empty() || part.len() > most || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(fault());
            }
            part.parse().map_err(|_| fault())
        };
        let written = digits(year, 4)?;
        let roc = if year.len() == 4 { written - ROC_OFFSET } else { written };
        if roc < 1 {
            return Err(RocError::NoSuchDay(text.trim().to_owned()));
        }
        let small = |part: &str| digits(part, 2).map(|n| i8::try_from(n).unwrap_or(i8::MAX));
        Self::new(roc, small(month)?, small(day)?).map_err(|_| RocError::NoSuchDay(text.trim().to_owned()))
    }
}

impl fmt::Display for RocDate {
    /// `115-05-13`. Years below 100 are filled to three figures so that texts sort like dates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let year = self.year();
        if year.0 > 0 {
            write!(f, "{:03}-{:02}-{:02}", year.0, self.month(), self.day())
        } else {
            write!(f, "{year}-{:02}-{:02}", self.month(), self.day())
        }
    }
}

impl serde::Serialize for RocDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Moments outside the calendar (they cannot be typed, only made by a fault) are held at its ends.
fn local(ms: i64) -> DateTime {
    let at = Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX });
    TAIPEI.to_datetime(at)
}

fn to_ms(local: DateTime) -> Option<i64> {
    TAIPEI.to_ambiguous_timestamp(local).compatible().ok().map(Timestamp::as_millisecond)
}

/// `14:31:41` in Taipei.
#[must_use]
pub fn time(ms: i64) -> String {
    let at = local(ms);
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// `14:31` in Taipei.
#[must_use]
pub fn time_minutes(ms: i64) -> String {
    let at = local(ms);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// `115-05-13 14:31:41` in Taipei.
#[must_use]
pub fn date_time(ms: i64) -> String {
    format!("{} {}", RocDate::of_ms(ms), time(ms))
}

/// `115-05-13（三）14:31` in Taipei.
#[must_use]
pub fn date_time_weekday(ms: i64) -> String {
    format!("{}{}", RocDate::of_ms(ms).with_weekday(), time_minutes(ms))
}

/// `2026-05-13T14:31`, the value of an HTML `datetime-local` field, in Taipei.
#[must_use]
pub fn form_value(ms: i64) -> String {
    let at = local(ms);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

/// `2026-05-13T14:31:41+08:00`, as files hold moments.
#[must_use]
pub fn iso_time(ms: i64) -> String {
    format!("{}:{:02}+08:00", form_value(ms), local(ms).second())
}

/// Reads a date and a time of day in Taipei, with or without seconds: `2026-05-13T14:31` as forms send it, or any date of
/// [`RocDate::parse`], a space, and the time. Gives ms UTC. A time without a date is refused: it would not say which midnight.
///
/// # Errors
/// [`RocError`].
pub fn parse_date_time(text: &str) -> Result<i64, RocError> {
    let plain: String = text.nfkc().collect();
    let plain = plain.trim();
    let fault = || RocError::Form(text.trim().to_owned());
    let (date, time) = plain.rsplit_once(['T', ' ']).ok_or_else(fault)?;
    let date = RocDate::parse(date).map_err(|error| match error {
        RocError::Form(_) => fault(),
        RocError::NoSuchDay(_) => RocError::NoSuchDay(text.trim().to_owned()),
    })?;
    let mut numbers = [0_i8; 3];
    let parts: Vec<&str> = time.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return Err(fault());
    }
    for (number, part) in numbers.iter_mut().zip(&parts) {
        if part.is_empty() || part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fault());
        }
        *number = part.parse().map_err(|_| fault())?;
    }
    let [hour, minute, second] = numbers;
    if hour > 23 || minute > 59 || second > 59 {
        return Err(RocError::NoSuchDay(text.trim().to_owned()));
    }
    to_ms(date.0.at(hour, minute, second, 0)).ok_or_else(|| RocError::NoSuchDay(text.trim().to_owned()))
}
