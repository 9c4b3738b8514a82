//! Keeping a spreadsheet from reading text as something else.
//!
//! A CSV file has no types: a name that begins with `=` runs as a formula, `+886…` and `0012` turn into numbers. Quotes do
//! not help, as spreadsheets drop them first. A visible mark (an apostrophe) would show in the cell and spoil the name, and a
//! tab is itself one of the characters that spreadsheets skip. So text that would be read as something else gets one
//! invisible ZERO WIDTH SPACE before it, and reading takes one away: what went out comes back, letter for letter, also if it
//! began with that very character. Numbers are never touched, so that -5 stays a number.

use std::borrow::Cow;

/// The character put before.
pub(crate) const GUARD: char = '\u{200b}';

/// True when a spreadsheet may run the text as a formula or turn it into a number or a date.
fn is_risky(text: &str) -> bool {
    if text.starts_with([GUARD, '\t', '\r', '\n']) {
        return true;
    }
    let Some(first) = text.trim_start().chars().next() else { return false };
    if matches!(first, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') {
        // The symbols of the forms (「-」, 「--」) are nothing to run.
        return !text.chars().all(|c| c == '-');
    }
    let plain_number =
        text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || first != '0');
    first.is_ascii_digit()
        && !plain_number
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '/' | ':' | ' ' | 'e' | 'E'))
}

/// The text as written into a CSV field.
pub(crate) fn guarded(text: &str) -> Cow<'_, str> {
    if is_risky(text) { Cow::Owned(format!("{GUARD}{text}")) } else { Cow::Borrowed(text) }
}

/// The text of a CSV field as it was before [`guarded`].
pub(crate) fn unguarded(field: &str) -> &str {
    field.strip_prefix(GUARD).unwrap_or(field)
}
