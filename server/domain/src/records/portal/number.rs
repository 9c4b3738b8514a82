//! 身分證字號 and 居留證號: form and check digit.

use std::collections::BTreeMap;

/// Which numbers an installation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// Those of people: the check digit has to fit.
    Real,
    /// Those of a drill: the check digit must not fit, so that no living person can be hit.
    Drill,
}

impl Numbers {
    /// The word in settings and in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Drill => "drill",
        }
    }

    /// From the word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Real, Self::Drill].into_iter().find(|one| one.code() == code)
    }
}

/// Why a text is no number to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NumberError {
    /// Not a letter and nine digits, the first of them 1, 2, 8 or 9.
    #[error("not a letter and nine digits, the first of them 1, 2, 8 or 9")]
    Form,
    /// The check digit does not fit: mistyped.
    #[error("the check digit does not fit")]
    Check,
    /// The check digit fits: it may be a living person's, which a drill must not touch.
    #[error("the check digit fits, and a drill takes no number that may be a living person's")]
    Living,
}

impl NumberError {
    /// Key of its text.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form => "portal_number_form",
            Self::Check => "portal_number_check",
            Self::Living => "portal_number_living",
        }
    }
}

/// A number. It is not shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct IdNumber(String);

impl std::fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdNumber(…)")
    }
}

/// The two digits that stand for a letter, less ten: A is 10.
const LETTERS: &[u8; 26] =
    &[10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];

/// Sum of the number by its weights, 1 and 9 for the letter's two digits; of a right one it ends with 0.
fn sum(letter: u8, digits: &[u8]) -> Option<u32> {
    let two = u32::from(*LETTERS.get(usize::from(letter.checked_sub(b'A')?))?);
    let weights = [8, 7, 6, 5, 4, 3, 2, 1, 1];
    let rest: u32 = digits.iter().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    Some(two / 10 + two % 10 * 9 + rest)
}

impl IdNumber {
    /// Reads one; blanks around it and small letters are taken.
    ///
    /// # Errors
    /// [`NumberError`].
    pub fn read(text: &str, kind: Numbers) -> Result<Self, NumberError> {
        let text = text.trim().to_ascii_uppercase();
        let form = match text.as_bytes() {
            [letter, digits @ ..]
                if digits.len() == 9
                    && digits.iter().all(u8::is_ascii_digit)
                    && matches!(digits.first(), Some(b'1' | b'2' | b'8' | b'9')) =>
            {
                sum(*letter, digits)
            }
            _ => None,
        };
        let fits = form.ok_or(NumberError::Form)?.is_multiple_of(10);
        match (kind, fits) {
            (Numbers::Real, false) => Err(NumberError::Check),
            (Numbers::Drill, true) => Err(NumberError::Living),
            _ => Ok(Self(text)),
        }
    }

    /// The number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads a small list, one person a line: staff number, then ID number, with a comma, a tab, a semicolon or blanks between; a
/// first line of headings is passed over. Gives the numbers as written by staff number, and the lines that are no pair.
#[must_use]
pub fn read_numbers(text: &str) -> (BTreeMap<String, String>, Vec<usize>) {
    let (mut numbers, mut wrong) = (BTreeMap::new(), Vec::new());
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let cells: Vec<&str> = line
            .split([',', '\t', ';', ' ', '，', '　'])
            .map(|cell| cell.trim().trim_matches('"'))
            .filter(|cell| !cell.is_empty())
            .collect();
        match cells.as_slice() {
            [] => {}
            [staff_no, number] if number.bytes().any(|byte| byte.is_ascii_digit()) => {
                let before = numbers.insert((*staff_no).to_owned(), (*number).to_owned());
                if before.is_some_and(|before| before != *number) {
                    wrong.push(index + 1);
                }
            }
            [_, heading] if index == 0 && !heading.is_ascii() => {}
            _ => wrong.push(index + 1),
        }
    }
    (numbers, wrong)
}
