//! The file of hours that a personnel office uploads to 公務人員終身學習入口網站: columns by profile, one file a class, as public
//! programs write it. Nobody here has tried an upload: the export says 「依公開程式所見格式」.
//!
//! ID numbers are given once, for one export; they are in the file and nowhere else.

mod number;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::course::Mode;
use super::figures::Hundredths;
use super::register::Identity;
use super::roc::{RocDate, time};
use super::table::file_part;

pub use super::course::COUNTIES;
pub use number::{IdNumber, NumberError, Numbers, read_numbers};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Value {
    IdNumber,
    Name,
    Course,
    Code,
    Category,
    County,
    Batch,
    StartsDate,
    StartsTime,
    EndsDate,
    EndsTime,
    ActualStartsDate,
    ActualStartsTime,
    ActualEndsDate,
    ActualEndsTime,
    Hours,
    HoursUnit,
    DigitalHours,
    PhysicalHours,
    Nature,
    Degree,
    Score,
    Certificate,
    Empty,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    heading: String,
    value: Value,
}

/// Columns of a file, in order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Word of forms and commands.
    pub id: String,
    /// Shown to people.
    pub title: String,
    /// Most rows of a file.
    pub rows: usize,
    columns: Vec<Column>,
}

/// The profiles as data files; another one is another file.
const PROFILES: [(&str, &str); 2] =
    [("current", include_str!("portal/current.json")), ("v1", include_str!("portal/v1.json"))];

impl Profile {
    /// Words of the profiles, the usual one first.
    #[must_use]
    pub fn ids() -> [&'static str; 2] {
        PROFILES.map(|(id, _)| id)
    }

    /// A profile.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        let (_, text) = PROFILES.into_iter().find(|(known, _)| *known == id)?;
        serde_json::from_str(text).ok()
    }

    /// Headings, in order.
    pub fn headings(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.heading.as_str())
    }
}

/// 課程類別代碼 of security courses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// 522 資安通識.
    General,
    /// 523 資安專業(職能).
    Professional,
}

impl Category {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::General => "522",
            Self::Professional => "523",
        }
    }

    /// From the code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::General, Self::Professional].into_iter().find(|one| one.code() == code)
    }
}

/// A class: what all rows of a file share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Name.
    pub course: String,
    /// Session code.
    pub code: String,
    /// Category.
    pub category: Category,
    /// Code of the county, one of [`COUNTIES`].
    pub county: String,
    /// 期別.
    pub batch: String,
    /// Planned start and end, ms UTC.
    pub planned: (i64, i64),
    /// How it was learnt. Of a mixed course, hours beyond the digital ones are those in a room.
    pub mode: Mode,
    /// Its digital hours, seconds.
    pub digital_seconds: i64,
}

/// Somebody who took part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learner {
    /// Staff number; empty for who has none.
    pub staff_no: String,
    /// Name.
    pub name: String,
    /// What the person is to the programme, if it was said.
    pub identity: Option<Identity>,
    /// Attended, in whole seconds.
    pub seconds: i64,
    /// First arrival and last departure, ms UTC.
    pub stayed: (i64, i64),
    /// Mark of the last test, if there was one.
    pub score: Option<i64>,
    /// Number of the certificate, or empty.
    pub certificate: String,
}

/// Why somebody has no row, which is no fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// 「非公務人員，不登錄」.
    NoOfficial,
    /// Nobody said what the person is.
    IdentityUnknown,
    /// Did not attend.
    Absent,
}

impl Left {
    /// As listed beside the file.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoOfficial => "非公務人員，不登錄",
            Self::IdentityUnknown => "身分未填，不登錄",
            Self::Absent => "未出席，不登錄",
        }
    }
}

/// A fault; with any, there is no file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Staff number of the person.
    pub staff_no: String,
    /// Name of the person, or empty where it concerns none.
    pub name: String,
    /// What is wrong.
    pub what: What,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// No ID number was given for this one. `portal_no_number`
    NoNumber,
    /// The one given is none. `portal_number`
    Number(NumberError),
    /// The same one was given for somebody else too. `portal_twice`
    Twice,
    /// A text of the row has characters that the file's encoding has not. `portal_encoding`
    Encoding {
        /// The characters.
        characters: String,
        /// The text.
        text: String,
    },
}

impl What {
    /// Key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoNumber => "portal_no_number",
            Self::Number(error) => error.code(),
            Self::Twice => "portal_twice",
            Self::Encoding { .. } => "portal_encoding",
        }
    }
}

/// The rows of a class, split into files, as text; encoding is the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    /// Files: rows without headings, each row with as many cells as the profile has columns.
    pub files: Vec<Vec<Vec<String>>>,
    /// Who has no row, and why, in order of staff numbers.
    pub left: Vec<(Left, Learner)>,
}

/// Lays a class out by a profile. `lacks` gives the characters of a text that the file's encoding has not.
///
/// # Errors
/// Every fault at once, in order of staff numbers.
pub fn lists(
    profile: &Profile,
    class: &Class,
    learners: &[Learner],
    numbers: &BTreeMap<String, String>,
    kind: Numbers,
    lacks: impl Fn(&str) -> String,
) -> Result<Lists, Vec<Fault>> {
    let mut sorted: Vec<&Learner> = learners.iter().collect();
    sorted.sort_by(|a, b| (&a.staff_no, &a.name).cmp(&(&b.staff_no, &b.name)));
    let (mut rows, mut left, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    let mut given = BTreeSet::new();
    for learner in sorted {
        if let Some(why) = left_out(learner) {
            left.push((why, learner.clone()));
            continue;
        }
        let mut fault = |what| {
            faults.push(Fault { staff_no: learner.staff_no.clone(), name: learner.name.clone(), what });
        };
        let number = match numbers.get(&learner.staff_no).map(|text| IdNumber::read(text, kind)) {
            None => {
                fault(What::NoNumber);
                None
            }
            Some(Err(error)) => {
                fault(What::Number(error));
                None
            }
            Some(Ok(number)) if !given.insert(number.as_str().to_owned()) => {
                fault(What::Twice);
                None
            }
            Some(Ok(number)) => Some(number),
        };
        let row: Vec<String> = profile
            .columns
            .iter()
            .map(|column| cell(column.value, class, learner, number.as_ref().map_or("", IdNumber::as_str)))
            .collect();
        for text in &row {
            let characters = lacks(text);
            if !characters.is_empty() {
                fault(What::Encoding { characters, text: text.clone() });
            }
        }
        rows.push(row);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let files = rows.chunks(profile.rows.max(1)).map(<[_]>::to_vec).collect();
    Ok(Lists { files, left })
}

/// Why somebody has no row; `None` for who has one.
#[must_use]
pub fn left_out(learner: &Learner) -> Option<Left> {
    match learner.identity {
        _ if learner.seconds <= 0 => Some(Left::Absent),
        None => Some(Left::IdentityUnknown),
        Some(Identity::Vendor | Identity::Engineer | Identity::Student) => Some(Left::NoOfficial),
        Some(Identity::Civil | Identity::Contract) => None,
    }
}

/// Hours with two decimals at most, and none where they are whole.
fn hours(hours: Hundredths) -> String {
    let text = hours.to_string();
    let text = text.strip_suffix(".00").unwrap_or(&text);
    if text.contains('.') { text.trim_end_matches('0').to_owned() } else { text.to_owned() }
}

/// Hours of a row as they are printed.
struct Printed {
    total: Hundredths,
    digital: Hundredths,
    physical: Hundredths,
}

/// What somebody attended, and its parts. The portal wants 訓練總數 to be the sum of both, to the digit: the total and the digital
/// part are rounded, the part in a room is what is left between them.
fn printed(class: &Class, learner: &Learner) -> Printed {
    let digital = match class.mode {
        Mode::Digital => learner.seconds,
        Mode::Physical => 0,
        Mode::Mixed => learner.seconds.min(class.digital_seconds),
    };
    let (total, digital) = (Hundredths::hours(learner.seconds), Hundredths::hours(digital));
    Printed { total, digital, physical: total.minus(digital) }
}

fn cell(value: Value, class: &Class, learner: &Learner, number: &str) -> String {
    let date = |ms: i64| RocDate::of_ms(ms).to_string();
    let (starts, ends) = class.planned;
    let (came, went) = learner.stayed;
    match value {
        Value::IdNumber => number.to_owned(),
        Value::Name => learner.name.clone(),
        Value::Course => class.course.clone(),
        Value::Code => class.code.clone(),
        Value::Category => class.category.code().to_owned(),
        Value::County => class.county.clone(),
        Value::Batch => class.batch.clone(),
        Value::StartsDate => date(starts),
        Value::StartsTime => time(starts),
        Value::EndsDate => date(ends),
        Value::EndsTime => time(ends),
        Value::ActualStartsDate => date(came),
        Value::ActualStartsTime => time(came),
        Value::ActualEndsDate => date(went),
        Value::ActualEndsTime => time(went),
        Value::Hours => hours(printed(class, learner).total),
        // 1 is hours; 6 is no degree.
        Value::HoursUnit => "1".to_owned(),
        Value::Degree => "6".to_owned(),
        Value::DigitalHours => hours(printed(class, learner).digital),
        Value::PhysicalHours => hours(printed(class, learner).physical),
        Value::Nature => class.mode.code().to_owned(),
        Value::Score => learner.score.map(|score| score.to_string()).unwrap_or_default(),
        Value::Certificate => learner.certificate.clone(),
        Value::Empty => String::new(),
    }
}

/// Name of a file; of an invented county it says that it must not be uploaded.
#[must_use]
pub fn file_name(class: &Class, part: usize, parts: usize, kind: Numbers) -> String {
    let mark = if kind == Numbers::Drill { "演練資料，勿上傳_" } else { "" };
    let of = if parts > 1 { format!("_{}", part + 1) } else { String::new() };
    format!("{mark}研習時數登錄_{}{of}.csv", file_part(&class.code))
}

/// Headings of the list of who has no row.
pub const LEFT_HEAD: [&str; 3] = ["職員編號", "姓名", "說明"];

/// Name of that list.
#[must_use]
pub fn left_name(class: &Class) -> String {
    format!("不登錄名單_{}.csv", file_part(&class.code))
}

#[cfg(test)]
mod tests;
