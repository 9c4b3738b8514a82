//! How values look: ROC dates and Taipei times, clocks, points with a real minus.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::contexts::Locale;

/// The minus of figures; a hyphen is too short beside tabular digits.
const MINUS: char = '\u{2212}';

fn taipei(ms: i64) -> Option<DateTime> {
    // Taiwan has had no summer time since 1979, so a fixed offset says the same as the zone file and cannot be missing.
    Timestamp::from_millisecond(ms).ok().map(|stamp| Offset::constant(8).to_datetime(stamp))
}

/// `115-05-13` in Chinese, `2026-05-13` in English.
pub(crate) fn date(locale: Locale, ms: i64) -> String {
    taipei(ms).map_or_else(String::new, |at| match locale {
        Locale::ZhTw => format!("{}-{:02}-{:02}", i32::from(at.year()) - 1911, at.month(), at.day()),
        Locale::En => format!("{}-{:02}-{:02}", at.year(), at.month(), at.day()),
    })
}

/// Number of the weekday, 1 for Monday to 7 for Sunday; its name is in the locale files.
pub(crate) fn weekday(ms: i64) -> i64 {
    taipei(ms).map_or(1, |at| i64::from(at.weekday().to_monday_one_offset()))
}

/// ROC year, AD year, month and day.
pub(crate) fn date_parts(ms: i64) -> (i64, i64, i64, i64) {
    taipei(ms).map_or((0, 0, 0, 0), |at| {
        (i64::from(at.year()) - 1911, i64::from(at.year()), i64::from(at.month()), i64::from(at.day()))
    })
}

/// `14:31`.
pub(crate) fn hm(ms: i64) -> String {
    taipei(ms).map_or_else(String::new, |at| format!("{:02}:{:02}", at.hour(), at.minute()))
}

/// `14:31:41`.
pub(crate) fn hms(ms: i64) -> String {
    taipei(ms)
        .map_or_else(String::new, |at| format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second()))
}

/// `2026-05-13T14:31`, as `<input type=datetime-local>` wants it.
pub(crate) fn local_input(ms: i64) -> String {
    taipei(ms).map_or_else(String::new, |at| {
        format!("{}-{:02}-{:02}T{:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
    })
}

/// `2026-05-13T14:31:41+08:00`, for `<time datetime>`.
pub(crate) fn iso(ms: i64) -> String {
    taipei(ms).map_or_else(String::new, |at| {
        format!(
            "{}-{:02}-{:02}T{:02}:{:02}:{:02}+08:00",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    })
}

/// A stretch of time as `03:26:41`, with a minus when overdue.
pub(crate) fn clock(ms: i64) -> String {
    // An overdue clock counts up from zero, a running one down to it: both show whole seconds begun.
    let seconds = ms.unsigned_abs() / 1000;
    let sign = if ms <= -1000 { MINUS.to_string() } else { String::new() };
    format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A stretch of time as `4:02` (hours and minutes).
pub(crate) fn span(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// Hours with one decimal, rounded half up, without a needless `.0`.
pub(crate) fn hours(ms: i64) -> String {
    let tenths = (ms.max(0) + 180_000) / 360_000;
    if tenths % 10 == 0 { num(tenths / 10) } else { format!("{}.{}", num(tenths / 10), tenths % 10) }
}

/// `1,842` with a real minus.
pub(crate) fn num(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::new();
    if value < 0 {
        out.push(MINUS);
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Points that moved: `+200`, `−20`, `0`.
pub(crate) fn points(value: i64) -> String {
    if value > 0 { format!("+{}", num(value)) } else { num(value) }
}

/// Thousandths as per cent: `99.2`, `100`.
pub(crate) fn permille(value: i64) -> String {
    if value % 10 == 0 { num(value / 10) } else { format!("{}.{}", num(value / 10), (value % 10).abs()) }
}

/// Bytes in decimal units with one decimal at most.
pub(crate) fn bytes(value: i64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut scaled = value.max(0) * 10;
    let mut unit = 0;
    while scaled >= 10_000 && unit + 1 < UNITS.len() {
        scaled /= 1000;
        unit += 1;
    }
    let whole = if scaled >= 100 || scaled % 10 == 0 {
        (scaled / 10).to_string()
    } else {
        format!("{}.{}", scaled / 10, scaled % 10)
    };
    format!("{whole}\u{a0}{}", UNITS.get(unit).unwrap_or(&"B"))
}

/// A seat code as it is read aloud: `QL7K-4M2P`.
pub(crate) fn seat_code(text: &str) -> String {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    if plain.chars().count() == 8 {
        let (head, tail): (String, String) =
            (plain.chars().take(4).collect(), plain.chars().skip(4).collect());
        format!("{head}-{tail}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts::SAMPLE_NOW_MS;

    #[test]
    fn dates_are_roc_in_chinese_and_taipei_everywhere() {
        assert_eq!(date(Locale::ZhTw, SAMPLE_NOW_MS), "115-05-13");
        assert_eq!(date(Locale::En, SAMPLE_NOW_MS), "2026-05-13");
        assert_eq!(hms(SAMPLE_NOW_MS), "14:31:41");
        assert_eq!(weekday(SAMPLE_NOW_MS), 3);
        // 16:00 UTC is midnight in Taipei: the day changes there, not in London.
        assert_eq!(date(Locale::ZhTw, 1_767_196_800_000), "115-01-01");
        assert_eq!(iso(SAMPLE_NOW_MS), "2026-05-13T14:31:41+08:00");
        assert_eq!(local_input(SAMPLE_NOW_MS), "2026-05-13T14:31");
    }

    #[test]
    fn figures() {
        assert_eq!(clock(12_401_000), "03:26:41");
        assert_eq!(clock(-280_000), "\u{2212}00:04:40");
        assert_eq!(points(200), "+200");
        assert_eq!(points(-1020), "\u{2212}1,020");
        assert_eq!(points(0), "0");
        assert_eq!(num(48_211), "48,211");
        assert_eq!(permille(992), "99.2");
        assert_eq!(permille(1000), "100");
        assert_eq!(hours(1_361_520_000), "378.2");
        assert_eq!(hours(180 * 3_600_000), "180");
        assert_eq!(span(14_520_000), "4:02");
        assert_eq!(bytes(184_000_000), "184\u{a0}MB");
        assert_eq!(bytes(4_200_000), "4.2\u{a0}MB");
        assert_eq!(seat_code("QL7K4M2P"), "QL7K-4M2P");
        assert_eq!(seat_code("QL7"), "QL7");
    }
}
