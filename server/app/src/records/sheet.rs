//! A file that may be a roster, made into rows of text: CSV in the encodings that come, XLSX, ODS. Nothing is guessed in
//! silence: what is no plain text in its cell (a formula, a date, a fraction, bytes of no character) is marked there, and the
//! roster's reader names it where it matters.
//!
//! A file is small or large by what it unpacks to, so every part is read behind a limit and only cells that hold something
//! are kept.

use encoding_rs::{BIG5, UTF_16BE, UTF_16LE};

use super::guard::unguarded;
use super::split::{self, CELLS_MAX, RawRow};
use super::{ods_read, xlsx_read};

/// Most that a part of a workbook may unpack to, bytes.
pub const PART_MAX: u64 = 48 * 1024 * 1024;
/// Cells far from the others that are named.
pub(super) const STRAYS_MAX: usize = 20;

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text with commas or tabs.
    Csv,
    /// Office Open XML.
    Xlsx,
    /// OpenDocument.
    Ods,
}

/// Encoding of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without its mark.
    Utf8,
    /// UTF-16 with its mark.
    Utf16,
    /// Big5 as Windows has it (CP950), without characters that an office made for itself.
    Big5,
}

/// Why a cell is no plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// A formula; what it came to when the file was saved is not taken for a value.
    Formula,
    /// A date.
    Date,
    /// A number that is no whole one, or too large to be kept whole by a spreadsheet.
    Fraction,
    /// True or false.
    Truth,
    /// An error such as `#N/A`.
    Error,
    /// Bytes that are no character of the encoding; the first of them.
    Bytes(u8),
}

/// A row with something in it.
#[derive(Debug, Default, Clone)]
pub struct Row {
    /// Number as the spreadsheet shows it, from 1.
    pub number: u32,
    /// Cells, at most [`CELLS_MAX`]; text without space around it.
    pub cells: Vec<String>,
    /// Cells (from 0) that are no plain text.
    pub flaws: Vec<(usize, Flaw)>,
    /// The row went on after the last cell kept.
    pub cut: bool,
    /// Cells (from 0) with text after their closing quote.
    pub after_quote: Vec<usize>,
    /// Cell (from 0) whose quote is never closed.
    pub unclosed: Option<usize>,
}

impl Row {
    pub(super) fn put(&mut self, column: usize, text: String, flaw: Option<Flaw>) {
        if column >= CELLS_MAX {
            self.cut = true;
            return;
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
        self.flaws.extend(flaw.map(|flaw| (column, flaw)));
    }

    pub(super) fn is_blank(&self) -> bool {
        !self.cut
            && self.unclosed.is_none()
            && self.flaws.is_empty()
            && self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// Cells that are one: first row and column, last row and column, rows from 1 and columns from 0.
pub(super) type Span = (u32, usize, u32, usize);

/// Rows of a file.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Kind.
    pub kind: Kind,
    /// Encoding, of a text.
    pub encoding: Option<Encoding>,
    /// Names of a workbook's sheets.
    pub sheets: Vec<String>,
    /// Which one was read.
    pub sheet: usize,
    /// Rows with something in them.
    pub rows: Vec<Row>,
    /// There were more rows than asked for.
    pub more: bool,
    /// Cells that are one.
    pub merged: Vec<Span>,
    /// Addresses of cells beyond the columns that are kept, the first of them.
    pub strays: Vec<String>,
}

/// Why nothing could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// A workbook of the old kind (`.xls`), whatever it is called.
    OldWorkbook,
    /// It is locked by a password.
    Password,
    /// A part unpacks to more than [`PART_MAX`], or holds more texts than a roster can.
    Bomb,
    /// Neither text nor a workbook, or a broken one; what the reader says.
    Broken(String),
    /// A text that is neither UTF-8 nor UTF-16. Big5 is likely; its first rows as Big5, for somebody to look at.
    AskEncoding(Vec<Vec<String>>),
    /// No such sheet.
    NoSheet,
}

/// Reads a file: at most `rows` rows that are not blank, of sheet number `sheet` (of a workbook; the first if not said), in
/// `encoding` (of a text; found by its marks if not said).
///
/// # Errors
/// [`Unreadable`].
pub fn read(
    bytes: &[u8],
    rows: usize,
    sheet: Option<usize>,
    encoding: Option<Encoding>,
) -> Result<Sheet, Unreadable> {
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        // A locked workbook of the new kind lies in a container of the old one, under this name.
        let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let locked = bytes.windows(name.len()).any(|window| window == name);
        return Err(if locked { Unreadable::Password } else { Unreadable::OldWorkbook });
    }
    if bytes.starts_with(b"PK\x03\x04") {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes))
            .map_err(|error| Unreadable::Broken(error.to_string()))?;
        return if zip.index_for_name("content.xml").is_some() {
            ods_read::read(&mut zip, rows, sheet)
        } else {
            xlsx_read::read(&mut zip, rows, sheet)
        };
    }
    text(bytes, rows, encoding)
}

fn text(bytes: &[u8], rows: usize, encoding: Option<Encoding>) -> Result<Sheet, Unreadable> {
    let wide = match bytes {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        _ => None,
    };
    if let Some(wide) = wide {
        let (text, _) = wide.decode_with_bom_removal(bytes);
        // A half of a pair without its other half becomes U+FFFD, which the roster's reader names by row and column.
        return Ok(cut(text.as_bytes(), rows, Encoding::Utf16));
    }
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let plain = body.len() < bytes.len() || std::str::from_utf8(body).is_ok();
    match encoding {
        Some(Encoding::Utf8) => Ok(cut(body, rows, Encoding::Utf8)),
        _ if plain => Ok(cut(body, rows, Encoding::Utf8)),
        Some(Encoding::Big5) => Ok(cut(body, rows, Encoding::Big5)),
        _ => {
            let shown = cut(body, 3, Encoding::Big5).rows;
            Err(Unreadable::AskEncoding(shown.into_iter().map(|row| row.cells).collect()))
        }
    }
}

/// Commas, unless the first line has tabs and none.
fn separator(body: &[u8]) -> u8 {
    let line = body.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty()).unwrap_or(&[]);
    if line.contains(&b'\t') && !line.contains(&b',') { b'\t' } else { b',' }
}

fn cut(body: &[u8], most: usize, encoding: Encoding) -> Sheet {
    let mut rows = Vec::new();
    let mut more = false;
    for raw in split::rows_by(body, separator(body)) {
        let row = decoded(raw, encoding);
        if row.is_blank() {
            continue;
        }
        if rows.len() == most {
            more = true;
            break;
        }
        rows.push(row);
    }
    Sheet {
        kind: Kind::Csv,
        encoding: Some(encoding),
        sheets: Vec::new(),
        sheet: 0,
        rows,
        more,
        merged: Vec::new(),
        strays: Vec::new(),
    }
}

fn decoded(raw: RawRow, encoding: Encoding) -> Row {
    let mut row = Row {
        number: raw.number,
        cut: raw.cut,
        after_quote: raw.after_quote,
        unclosed: raw.unclosed,
        ..Row::default()
    };
    for (index, bytes) in raw.cells.into_iter().enumerate() {
        let (text, bad) = match encoding {
            Encoding::Big5 => big5(&bytes),
            Encoding::Utf8 | Encoding::Utf16 => match String::from_utf8(bytes) {
                Ok(text) => (text, None),
                Err(error) => {
                    let valid = error.utf8_error().valid_up_to();
                    let bytes = error.as_bytes();
                    let before = String::from_utf8_lossy(&bytes[..valid]).into_owned();
                    (before, bytes.get(valid).copied())
                }
            },
        };
        row.put(index, unguarded(&text).trim().to_owned(), bad.map(Flaw::Bytes));
    }
    row
}

/// Big5 as text up to the first byte that is no character of CP950. What other variants put at the places that CP950 leaves
/// to each office (造字) is refused: it would be some other character in silence.
fn big5(bytes: &[u8]) -> (String, Option<u8>) {
    let mut at = 0;
    while let Some(&lead) = bytes.get(at) {
        if lead < 0x80 {
            at += 1;
            continue;
        }
        let trail = bytes.get(at + 1).copied().unwrap_or(0);
        let own = matches!(lead, 0x80..=0xa0 | 0xfa..=0xff)
            || lead == 0xc7
            || lead == 0xc8
            || (lead == 0xc6 && trail >= 0xa1);
        let known = !own
            && BIG5
                .decode_without_bom_handling_and_without_replacement(&bytes[at..bytes.len().min(at + 2)])
                .is_some();
        if !known {
            let (before, _) = BIG5.decode_without_bom_handling(&bytes[..at]);
            return (before.into_owned(), Some(lead));
        }
        at += 2;
    }
    let (text, _) = BIG5.decode_without_bom_handling(bytes);
    (text.into_owned(), None)
}
