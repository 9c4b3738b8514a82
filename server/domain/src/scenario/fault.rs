//! What is wrong in a scenario file, and where.

use std::fmt;

/// Something wrong in a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// File as named by the caller.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// Kind of fault, stable: `yaml`, `tab`, `alias`, `tag`, `size`, `depth`, `duplicate_key`, `unknown_key`,
    /// `missing_key`, `type`, `value`, `duplicate`, `reference`, `cycle`, `rule`, `missing_file`, `too_many`.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    /// A file that cannot be used at all: it is missing, unreadable, too large.
    #[must_use]
    pub fn file(file: &str, what: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 1,
            column: 1,
            code: "missing_file",
            what: what.into(),
            hint: None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  help: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

/// Place in a file: line and column from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub line: usize,
    pub column: usize,
}

impl Mark {
    pub const START: Self = Self { line: 1, column: 1 };
}

/// Faults beyond this number are only counted: nobody reads them, and a hostile file must not fill memory.
const MOST_FAULTS: usize = 300;

/// Collects faults.
pub(super) struct Faults {
    file: String,
    list: Vec<Fault>,
    unlisted: usize,
}

impl Faults {
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), list: Vec::new(), unlisted: 0 }
    }

    pub fn add(&mut self, at: Mark, code: &'static str, what: impl Into<String>, hint: Option<String>) {
        if self.list.len() >= MOST_FAULTS {
            self.unlisted += 1;
            return;
        }
        let fault = Fault {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            code,
            what: what.into(),
            hint,
        };
        if !self.list.contains(&fault) {
            self.list.push(fault);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The faults in the order of the file.
    pub fn into_list(mut self) -> Vec<Fault> {
        self.list.sort_by_key(|fault| (fault.line, fault.column));
        if self.unlisted > 0 {
            let (line, column) = self.list.last().map_or((1, 1), |last| (last.line, last.column));
            let what = format!("{} more faults are not listed", self.unlisted);
            self.list.push(Fault { file: self.file, line, column, code: "too_many", what, hint: None });
        }
        self.list
    }
}

/// The candidate that was probably meant by `word`, if one is near enough.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the word may be wrong, one character in short words.
    let length = word.chars().take(65).count();
    if length > 64 {
        return None;
    }
    let allowed = (length / 3).clamp(1, 3);
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean", or else what there is to choose from.
pub(super) fn suggestion(word: &str, candidates: &[&str], none: &str) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if candidates.is_empty() => none.to_owned(),
        None => {
            let shown =
                candidates.iter().take(30).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let more = if candidates.len() > 30 { ", …" } else { "" };
            format!("known here: {shown}{more}")
        }
    }
}

/// A text of the file as it may be quoted in a fault: one line, not too long.
pub(super) fn quote(text: &str) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == 60 {
            shown.push('…');
            break;
        }
        // Control characters as escapes; everything else, also Chinese, as it is.
        if character.is_control() {
            shown.extend(character.escape_debug());
        } else {
            shown.push(character);
        }
    }
    format!("`{shown}`")
}
