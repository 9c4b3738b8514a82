//! An Office Open XML workbook as rows of text. Read part by part as a stream: a cell in the last row costs one cell.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::sheet::{Flaw, Kind, PART_MAX, Row, STRAYS_MAX, Sheet, Span, Unreadable};
use super::split::CELLS_MAX;

pub(super) type Zip<'b> = ZipArchive<Cursor<&'b [u8]>>;
/// Most texts that a workbook may share, and most spans of cells that are looked at.
const TEXTS_MAX: usize = 500_000;
const SPANS_MAX: usize = 10_000;

pub(super) fn broken(error: impl std::fmt::Display) -> Unreadable {
    Unreadable::Broken(error.to_string())
}

/// Fails once more than [`PART_MAX`] bytes were read, whatever the file says of its size.
struct Bounded<R> {
    inner: R,
    left: u64,
}

const TOO_MUCH: &str = "unpacks to too much";

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| std::io::Error::other(TOO_MUCH))?;
        Ok(read)
    }
}

/// Walks over the events of a part, if it is there.
pub(super) fn walk(
    zip: &mut Zip<'_>,
    name: &str,
    mut step: impl FnMut(&Event<'_>) -> Result<bool, Unreadable>,
) -> Result<bool, Unreadable> {
    let Some(index) = zip.index_for_name(name) else { return Ok(false) };
    let part = zip.by_index(index).map_err(|error| match error {
        zip::result::ZipError::UnsupportedArchive(zip::result::ZipError::PASSWORD_REQUIRED) => {
            Unreadable::Password
        }
        other => broken(other),
    })?;
    if part.size() > PART_MAX {
        return Err(Unreadable::Bomb);
    }
    events(BufReader::new(Bounded { inner: part, left: PART_MAX }), &mut step)?;
    Ok(true)
}

fn events(
    part: impl BufRead,
    step: &mut impl FnMut(&Event<'_>) -> Result<bool, Unreadable>,
) -> Result<(), Unreadable> {
    let mut reader = Reader::from_reader(part);
    reader.config_mut().expand_empty_elements = true;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) => return Ok(()),
            Ok(event) => {
                if !step(&event)? {
                    return Ok(());
                }
            }
            Err(error) => {
                let text = error.to_string();
                return Err(if text.contains(TOO_MUCH) {
                    Unreadable::Bomb
                } else {
                    Unreadable::Broken(text)
                });
            }
        }
    }
}

/// An attribute by its name without prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    tag.attributes()
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name.as_bytes())
        .and_then(|attribute| {
            let raw = std::str::from_utf8(&attribute.value).ok()?;
            Some(quick_xml::escape::unescape(raw).ok()?.into_owned())
        })
}

/// The text of an event, references resolved.
pub(super) fn push_text(event: &Event<'_>, into: &mut String) {
    match event {
        Event::Text(text) => {
            if let Ok(text) = text.xml_content() {
                into.push_str(&text);
            }
        }
        Event::CData(text) => {
            if let Ok(text) = text.decode() {
                into.push_str(&text);
            }
        }
        Event::GeneralRef(reference) => match reference.resolve_char_ref() {
            Ok(Some(c)) => into.push(c),
            _ => match reference.decode().as_deref() {
                Ok("amp") => into.push('&'),
                Ok("lt") => into.push('<'),
                Ok("gt") => into.push('>'),
                Ok("quot") => into.push('"'),
                Ok("apos") => into.push('\''),
                _ => into.push('\u{fffd}'),
            },
        },
        _ => {}
    }
}

/// `BC12` as column (from 0) and row.
pub(super) fn place(reference: &str) -> Option<(usize, u32)> {
    let letters = reference.bytes().take_while(u8::is_ascii_uppercase).count();
    if letters == 0 || letters > 4 {
        return None;
    }
    let column = reference.bytes().take(letters).fold(0_usize, |sum, b| sum * 26 + usize::from(b - b'A') + 1);
    Some((column - 1, reference[letters..].parse().ok()?))
}

/// How a number is shown, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Plain,
    Date,
    /// With zeros in front up to this many digits.
    Zeros(usize),
}

fn shown(id: u32, code: Option<&String>) -> Shown {
    let Some(code) = code else {
        return if matches!(id, 14..=22 | 27..=36 | 45..=47 | 50..=58) { Shown::Date } else { Shown::Plain };
    };
    if !code.is_empty() && code.bytes().all(|b| b == b'0') {
        return Shown::Zeros(code.len());
    }
    // Quoted words, brackets and escaped characters are no format letters.
    let (mut quoted, mut bracket, mut skip) = (false, false, false);
    for c in code.chars() {
        match c {
            _ if skip => skip = false,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' => bracket = true,
            ']' => bracket = false,
            '\\' | '_' | '*' => skip = true,
            'y' | 'm' | 'd' | 'h' | 's' | 'Y' | 'M' | 'D' | 'H' | 'S' if !bracket => return Shown::Date,
            _ => {}
        }
    }
    Shown::Plain
}

#[derive(Default)]
struct Book {
    /// Name and part of each sheet.
    sheets: Vec<(String, String)>,
    texts: Option<String>,
    styles: Option<String>,
}

fn book(zip: &mut Zip<'_>) -> Result<Book, Unreadable> {
    let mut book = Book::default();
    let mut parts: HashMap<String, String> = HashMap::new();
    walk(zip, "xl/_rels/workbook.xml.rels", |event| {
        if let Event::Start(tag) = event
            && tag.local_name().as_ref() == b"Relationship"
        {
            let target = attribute(tag, "Target").unwrap_or_default();
            let part = match target.strip_prefix('/') {
                Some(absolute) => absolute.to_owned(),
                None => format!("xl/{}", target.strip_prefix("./").unwrap_or(&target)),
            };
            let kind = attribute(tag, "Type").unwrap_or_default();
            if kind.ends_with("/sharedStrings") {
                book.texts = Some(part.clone());
            } else if kind.ends_with("/styles") {
                book.styles = Some(part.clone());
            }
            parts.insert(attribute(tag, "Id").unwrap_or_default(), part);
        }
        Ok(true)
    })?;
    let found = walk(zip, "xl/workbook.xml", |event| {
        if let Event::Start(tag) = event
            && tag.local_name().as_ref() == b"sheet"
            && let Some(part) = attribute(tag, "id").and_then(|id| parts.get(&id))
        {
            book.sheets.push((attribute(tag, "name").unwrap_or_default(), part.clone()));
        }
        Ok(true)
    })?;
    if !found || book.sheets.is_empty() {
        return Err(Unreadable::Broken("no workbook inside".to_owned()));
    }
    Ok(book)
}

/// Texts that cells share. What is said of how to read a character aloud (`rPh`) is no part of it.
fn texts(zip: &mut Zip<'_>, part: &str) -> Result<Vec<String>, Unreadable> {
    let mut all = Vec::new();
    let (mut text, mut inside, mut aloud) = (String::new(), false, false);
    walk(zip, part, |event| {
        match event {
            Event::Start(tag) => match tag.local_name().as_ref() {
                b"si" => text.clear(),
                b"rPh" => aloud = true,
                b"t" => inside = !aloud,
                _ => {}
            },
            Event::End(tag) => match tag.local_name().as_ref() {
                b"si" => all.push(std::mem::take(&mut text)),
                b"rPh" => aloud = false,
                b"t" => inside = false,
                _ => {}
            },
            other if inside => push_text(other, &mut text),
            _ => {}
        }
        if all.len() > TEXTS_MAX { Err(Unreadable::Bomb) } else { Ok(true) }
    })?;
    Ok(all)
}

fn styles(zip: &mut Zip<'_>, part: &str) -> Result<Vec<Shown>, Unreadable> {
    let mut codes: HashMap<u32, String> = HashMap::new();
    let mut list = Vec::new();
    let mut inside = false;
    walk(zip, part, |event| {
        match event {
            Event::Start(tag) => match tag.local_name().as_ref() {
                b"numFmt" => {
                    if let Some(id) = attribute(tag, "numFmtId").and_then(|id| id.parse().ok()) {
                        codes.insert(id, attribute(tag, "formatCode").unwrap_or_default());
                    }
                }
                b"cellXfs" => inside = true,
                b"xf" if inside => {
                    let id = attribute(tag, "numFmtId").and_then(|id| id.parse().ok()).unwrap_or(0);
                    list.push(shown(id, codes.get(&id)));
                }
                _ => {}
            },
            Event::End(tag) if tag.local_name().as_ref() == b"cellXfs" => inside = false,
            _ => {}
        }
        Ok(true)
    })?;
    Ok(list)
}

/// Days since the end of 1899 as `2026-05-13`; dates are only shown, to say which cell is meant.
fn day(serial: f64) -> String {
    // Within what a date can be, and exact as whole days.
    let serial = if serial.is_finite() { serial.clamp(0.0, 3_000_000.0).floor() as i64 } else { 0 };
    let days = serial - 25_569;
    // From days since 1970 to a civil date, in eras of 400 years.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{date:02}")
}

/// A number as text, or why it is none.
pub(super) fn number(raw: &str, zeros: usize) -> (String, Option<Flaw>) {
    let Ok(value) = raw.parse::<f64>() else { return (raw.to_owned(), Some(Flaw::Fraction)) };
    // A spreadsheet keeps fifteen digits.
    if value.fract() != 0.0 || value.abs() >= 1e15 {
        return (raw.to_owned(), Some(Flaw::Fraction));
    }
    let whole = value as i64;
    (format!("{whole:0zeros$}"), None)
}

/// A cell being read.
#[derive(Default)]
struct Cell {
    column: usize,
    kind: String,
    style: Option<usize>,
    value: String,
    formula: bool,
}

impl Cell {
    fn finish(&self, texts: &[String], styles: &[Shown]) -> (String, Option<Flaw>) {
        let value = self.value.trim();
        if self.formula {
            return (value.to_owned(), Some(Flaw::Formula));
        }
        match self.kind.as_str() {
            "s" => {
                let text = value.parse::<usize>().ok().and_then(|index| texts.get(index));
                (text.map_or("", |text| text.trim()).to_owned(), None)
            }
            "str" | "inlineStr" => (value.to_owned(), None),
            "b" => (value.to_owned(), Some(Flaw::Truth)),
            "e" => (value.to_owned(), Some(Flaw::Error)),
            "d" => (value.to_owned(), Some(Flaw::Date)),
            _ if value.is_empty() => (String::new(), None),
            _ => match self.style.and_then(|style| styles.get(style)) {
                Some(Shown::Date) => (value.parse().map_or(String::new(), day), Some(Flaw::Date)),
                Some(Shown::Zeros(zeros)) => number(value, *zeros),
                _ => number(value, 0),
            },
        }
    }
}

pub(super) fn read(zip: &mut Zip<'_>, most: usize, sheet: Option<usize>) -> Result<Sheet, Unreadable> {
    let book = book(zip)?;
    let chosen = sheet.unwrap_or(0);
    let (_, part) = book.sheets.get(chosen).ok_or(Unreadable::NoSheet)?.clone();
    let texts = book.texts.as_ref().map(|part| texts(zip, part)).transpose()?.unwrap_or_default();
    let styles = book.styles.as_ref().map(|part| styles(zip, part)).transpose()?.unwrap_or_default();
    let mut done = Sheet {
        kind: Kind::Xlsx,
        encoding: None,
        sheets: book.sheets.into_iter().map(|(name, _)| name).collect(),
        sheet: chosen,
        rows: Vec::new(),
        more: false,
        merged: Vec::new(),
        strays: Vec::new(),
    };
    let mut row = Row::default();
    let mut cell = Cell::default();
    let mut next = 0;
    let mut inside = false;
    let mut aloud = false;
    // A text that many cells share is small in the file and large in the rows.
    let mut kept = 0_u64;
    let found = walk(zip, &part, |event| {
        match event {
            Event::Start(tag) => match tag.local_name().as_ref() {
                b"row" => {
                    let said = attribute(tag, "r").and_then(|r| r.parse().ok());
                    row = Row { number: said.unwrap_or(row.number + 1), ..Row::default() };
                    next = 0;
                }
                b"c" => {
                    let said = attribute(tag, "r").and_then(|r| place(&r)).map(|(column, _)| column);
                    cell = Cell {
                        column: said.unwrap_or(next),
                        kind: attribute(tag, "t").unwrap_or_default(),
                        style: attribute(tag, "s").and_then(|s| s.parse().ok()),
                        ..Cell::default()
                    };
                    next = cell.column + 1;
                }
                b"f" => cell.formula = true,
                b"rPh" => aloud = true,
                b"v" | b"t" => inside = !aloud,
                b"mergeCell" if done.merged.len() < SPANS_MAX => {
                    done.merged.extend(attribute(tag, "ref").as_deref().and_then(span));
                }
                _ => {}
            },
            Event::End(tag) => match tag.local_name().as_ref() {
                b"v" | b"t" => inside = false,
                b"rPh" => aloud = false,
                b"c" => {
                    let (text, flaw) = cell.finish(&texts, &styles);
                    kept += text.len() as u64;
                    if kept > PART_MAX {
                        return Err(Unreadable::Bomb);
                    }
                    if text.is_empty() && flaw.is_none() {
                        return Ok(true);
                    }
                    if cell.column >= CELLS_MAX {
                        if done.strays.len() < STRAYS_MAX {
                            done.strays.push(format!("{}{}", super::roster::letter(cell.column), row.number));
                        }
                    } else {
                        row.put(cell.column, text, flaw);
                    }
                }
                b"row" if !row.is_blank() => {
                    if done.rows.len() == most {
                        done.more = true;
                        return Ok(false);
                    }
                    done.rows.push(Row { number: row.number, ..std::mem::take(&mut row) });
                    row.number = done.rows.last().map_or(0, |last| last.number);
                }
                _ => {}
            },
            other if inside => push_text(other, &mut cell.value),
            _ => {}
        }
        Ok(true)
    })?;
    if found { Ok(done) } else { Err(Unreadable::Broken(format!("{part} is missing"))) }
}

fn span(reference: &str) -> Option<Span> {
    let (from, to) = reference.split_once(':')?;
    let ((left, top), (right, bottom)) = (place(from)?, place(to)?);
    Some((top, left, bottom, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_days() {
        assert_eq!(day(46_155.0), "2026-05-13");
        assert_eq!(day(1.0), "1899-12-31");
        assert_eq!(day(60.5), "1900-02-28");
        assert_eq!(day(f64::NAN), "1899-12-30");
    }

    #[test]
    fn formats() {
        assert_eq!(shown(14, None), Shown::Date);
        assert_eq!(shown(165, Some(&"0000".to_owned())), Shown::Zeros(4));
        assert_eq!(shown(165, Some(&"[$-404]e/m/d".to_owned())), Shown::Date);
        assert_eq!(shown(165, Some(&"\"dem\"0".to_owned())), Shown::Plain);
        assert_eq!(number("12", 4), ("0012".to_owned(), None));
        assert_eq!(number("1.2E3", 0), ("1200".to_owned(), None));
        assert_eq!(number("1.5", 0).1, Some(Flaw::Fraction));
        assert_eq!(number("1E+20", 0).1, Some(Flaw::Fraction));
    }

    #[test]
    fn places() {
        assert_eq!(place("A1"), Some((0, 1)));
        assert_eq!(place("XFD1048576"), Some((16_383, 1_048_576)));
        assert_eq!(place("1A"), None);
        assert_eq!(span("A1:C2"), Some((1, 0, 2, 2)));
    }
}
