//! A table as a value: built once from figures, then written as ODS, CSV or page. What a cell shows is decided here, so that
//! all of them show the same.

use serde::Serialize;

use super::figures::Hundredths;
use super::words;

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum Cell {
    /// Text; never read as anything else, whatever it looks like.
    Text(String),
    /// A whole number.
    Count(i64),
    /// A whole number with words after it, as in `9 (18.75%)`.
    Counted {
        /// The number.
        count: i64,
        /// What stands after it, with its space.
        suffix: String,
    },
    /// A figure with two decimals.
    Decimal(Hundredths),
    /// A difference of shares, in percentage points.
    Points(Hundredths),
    /// No value: 「-」.
    None,
    /// A value without meaning: 「--」.
    Void,
    /// Nothing belongs here.
    Blank,
}

impl Cell {
    /// A text cell.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A count where zero is shown as no value.
    #[must_use]
    pub const fn count_or_none(count: i64) -> Self {
        if count == 0 { Self::None } else { Self::Count(count) }
    }

    /// As printed: with thousands separators and words.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => grouped(&count.to_string()),
            Self::Counted { count, suffix } => format!("{}{suffix}", grouped(&count.to_string())),
            Self::Decimal(figure) => grouped(&figure.to_string()),
            Self::Points(figure) => format!("{}{}", grouped(&figure.to_string()), words::POINTS),
            Self::None => words::NO_VALUE.to_owned(),
            Self::Void => words::NO_MEANING.to_owned(),
            Self::Blank => String::new(),
        }
    }

    /// As in a file for machines: no thousands separators, and numbers without words.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Counted { count, suffix } => format!("{count}{suffix}"),
            Self::Decimal(figure) | Self::Points(figure) => figure.to_string(),
            Self::Text(_) | Self::None | Self::Void | Self::Blank => self.shown(),
        }
    }

    /// The number in it, if it is one: (exact decimal text, decimals shown, words after it).
    #[must_use]
    pub fn number(&self) -> Option<(String, u8, &str)> {
        match self {
            Self::Count(count) => Some((count.to_string(), 0, "")),
            Self::Counted { count, suffix } => Some((count.to_string(), 0, suffix)),
            Self::Decimal(figure) => Some((figure.to_string(), 2, "")),
            Self::Points(figure) => Some((figure.to_string(), 2, words::POINTS)),
            Self::Text(_) | Self::None | Self::Void | Self::Blank => None,
        }
    }
}

/// Puts commas between thousands of a decimal text.
fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, decimals) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::with_capacity(number.len() + whole.len() / 3);
    out.push_str(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(decimals);
    out
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Heading of the official form.
    pub zh: String,
    /// Gloss for readers of English; not part of the form.
    pub en: String,
    /// Heading in CSV, where each must stand alone.
    pub csv: String,
}

impl Column {
    /// A column whose CSV heading is the form's.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        let zh = zh.into();
        Self { csv: zh.clone(), zh, en: en.into() }
    }

    /// A share column: 「%」 on paper, `csv` in files.
    #[must_use]
    pub fn share(csv: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: words::PERCENT.to_owned(), en: en.into(), csv: csv.into() }
    }
}

/// A table with everything that stands around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Name of the sheet.
    pub sheet: String,
    /// Title, with the ROC year.
    pub title: String,
    /// Unit line, upper right.
    pub unit: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<Cell>>,
    /// Notes, numbered; [`Table::note_lines`] adds the word before the first.
    pub notes: Vec<String>,
    /// Source line, complete.
    pub source: String,
    /// Second sheet: (item, text).
    pub background: Vec<(String, String)>,
    /// Line at the foot of each printed page.
    pub foot: Option<String>,
    /// File name without its ending.
    pub file_stem: String,
}

impl Table {
    /// The notes as printed, 「說明：」 before the first.
    #[must_use]
    pub fn note_lines(&self) -> Vec<String> {
        self.notes
            .iter()
            .enumerate()
            .map(|(index, note)| {
                let head = if index == 0 { words::NOTES } else { "" };
                format!("{head}{}.{note}", index + 1)
            })
            .collect()
    }

    /// File name with an ending (`ods`, `csv`).
    #[must_use]
    pub fn file_name(&self, ending: &str) -> String {
        format!("{}.{ending}", self.file_stem)
    }
}

/// Makes a text fit for a part of a file name on every system: no separators, no control characters, not too long.
#[must_use]
pub fn file_part(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '－',
            c if c.is_control() || c.is_whitespace() => '_',
            c => c,
        })
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'))
        .take(40)
        .collect();
    kept.trim_matches(['.', '_']).to_owned()
}
