//! The roster: a CSV file in, people or every fault out. Nothing is guessed, nothing is lost in silence, and nothing is
//! written here.
//!
//! The file is UTF-8, with or without a mark. Files in Big5 or UTF-16 are refused with the first cell that shows it; reading
//! Big5 with a preview is for a later version.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use rampart_domain::records::Gender;
use unicode_normalization::UnicodeNormalization;

use super::guard::unguarded;
use super::split::{self, RawRow};

/// Largest file, bytes.
pub const BYTES_MAX: usize = 5 * 1024 * 1024;
/// Most people in a file.
pub const ROWS_MAX: usize = 20_000;
/// Longest text in a cell, characters.
pub const CHARS_MAX: usize = 200;
/// Faults listed; the number of the others stands in a last one.
pub const FAULTS_MAX: usize = 500;

/// Every fault code, each the key of a text `error.CODE`. `{names}` of the texts are the keys of [`Fault::args`].
pub const CODES: [&str; 18] = [
    "csv_empty",
    "csv_too_large",
    "csv_workbook",
    "csv_utf16",
    "csv_encoding",
    "csv_separator",
    "csv_unclosed",
    "csv_quote",
    "csv_header",
    "csv_header_unknown",
    "csv_column_twice",
    "csv_columns",
    "csv_rows",
    "csv_required",
    "csv_duplicate",
    "csv_gender",
    "csv_character",
    "csv_too_long",
];
/// Code of the last fault when there are more than are listed; args: `more`.
pub const CODE_MORE: &str = "csv_more";

/// One person of a roster.
#[derive(Clone, PartialEq, Eq)]
pub struct RosterRow {
    /// Row in the spreadsheet, from 1 with the head.
    pub row: u32,
    /// Name, as typed without space around it.
    pub name: String,
    /// Staff number; full-width letters and digits made plain.
    pub staff_no: String,
    /// Agency or unit.
    pub agency: String,
    /// Gender, if the file states one.
    pub gender: Option<Gender>,
}

impl fmt::Debug for RosterRow {
    /// Leaves the gender out, so that it cannot reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RosterRow")
            .field("row", &self.row)
            .field("name", &self.name)
            .field("staff_no", &self.staff_no)
            .field("agency", &self.agency)
            .finish_non_exhaustive()
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Row in the spreadsheet, from 1 with the head; 0 for the whole file.
    pub row: u32,
    /// Column as in the file's head, or its letter where it has no head; empty for a fault of the whole row or file.
    pub column: String,
    /// The value at fault, shortened, odd characters escaped. Always empty for the gender column.
    pub value: String,
    /// One of [`CODES`] or [`CODE_MORE`].
    pub code: &'static str,
    /// Values for the text.
    pub args: BTreeMap<&'static str, String>,
}

impl fmt::Display for Fault {
    /// English, for the command line and logs of tests; pages have their own texts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if !self.column.is_empty() {
            write!(f, ", column {}", self.column)?;
        }
        write!(f, ": {}", self.code)?;
        if !self.value.is_empty() {
            write!(f, " `{}`", self.value)?;
        }
        for (name, value) in &self.args {
            write!(f, ", {name}: {value}")?;
        }
        Ok(())
    }
}

/// Columns that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Known {
    Name,
    StaffNo,
    Agency,
    Gender,
}

/// Headings, the first of each being the one that suggestions and messages name.
const HEADINGS: [(Known, &[&str]); 4] = [
    (Known::Name, &["姓名", "name", "fullname"]),
    (
        Known::StaffNo,
        &["員工編號", "職員編號", "職號", "員編", "staffnumber", "staffno", "employeenumber", "employeeid"],
    ),
    (
        Known::Agency,
        &["機關", "單位", "機關單位", "服務機關", "agency", "unit", "organisation", "organization"],
    ),
    (Known::Gender, &["性別", "gender"]),
];

impl Known {
    /// The heading that messages name.
    fn heading(self) -> &'static str {
        HEADINGS.iter().find(|(known, _)| *known == self).map_or("", |(_, names)| names[0])
    }
}

/// Faults found so far, the list bounded.
#[derive(Default)]
struct Faults {
    list: Vec<Fault>,
    more: usize,
}

impl Faults {
    fn add(
        &mut self,
        row: u32,
        column: &str,
        value: &str,
        code: &'static str,
        args: impl IntoIterator<Item = (&'static str, String)>,
    ) {
        if self.list.len() >= FAULTS_MAX {
            self.more += 1;
            return;
        }
        self.list.push(Fault {
            row,
            column: shorten(column),
            value: shorten(value),
            code,
            args: args.into_iter().collect(),
        });
    }

    fn close(mut self) -> Vec<Fault> {
        if self.more > 0 {
            let args = BTreeMap::from([("more", self.more.to_string())]);
            self.list.push(Fault {
                row: 0,
                column: String::new(),
                value: String::new(),
                code: CODE_MORE,
                args,
            });
        }
        self.list
    }
}

/// A value for a message: at most 40 characters, those that cannot be seen by their number.
fn shorten(value: &str) -> String {
    let mut out = String::new();
    for (index, c) in value.chars().enumerate() {
        if index == 40 {
            out.push('…');
            break;
        }
        if is_odd(c) { out.push_str(&format!("[U+{:04X}]", u32::from(c))) } else { out.push(c) }
    }
    out
}

/// Characters that no name, number or agency has: control characters, invisible ones, marks that turn the direction of the
/// text, and the replacement character, which shows that a conversion before us lost a letter.
pub(crate) fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}')
}

/// `A`, `B`, … `Z`, `AA`.
fn letter(mut index: usize) -> String {
    let mut out = Vec::new();
    loop {
        out.push(char::from(b'A' + u8::try_from(index % 26).unwrap_or(0)));
        if index < 26 {
            return out.into_iter().rev().collect();
        }
        index = index / 26 - 1;
    }
}

/// A heading as compared: full-width made plain, lower case, without space, underscore, asterisk, brackets.
fn folded(heading: &str) -> String {
    heading
        .nfkc()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '*' | '-' | '/' | '.' | ':' | '(' | ')' | '、'))
        .collect::<String>()
        .to_lowercase()
}

/// The known heading nearest to a folded text, if one is near.
fn suggest(folded: &str) -> Option<&'static str> {
    let near = |name: &&'static str| (strsim::normalized_damerau_levenshtein(folded, name), *name);
    HEADINGS
        .iter()
        .flat_map(|(_, names)| names.iter().map(near))
        .filter(|(score, _)| *score >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Reads a roster.
///
/// # Errors
/// Every fault of the file (the list is bounded by [`FAULTS_MAX`]); then no person is given.
pub fn read(bytes: &[u8]) -> Result<Vec<RosterRow>, Vec<Fault>> {
    let mut faults = Faults::default();
    let people = read_into(bytes, &mut faults);
    if faults.list.is_empty() { Ok(people) } else { Err(faults.close()) }
}

fn read_into(bytes: &[u8], faults: &mut Faults) -> Vec<RosterRow> {
    if bytes.len() > BYTES_MAX {
        let args = [("bytes", bytes.len().to_string()), ("max", BYTES_MAX.to_string())];
        faults.add(0, "", "", "csv_too_large", args);
        return Vec::new();
    }
    // A workbook or an old one under the name of a CSV file.
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        faults.add(0, "", "", "csv_workbook", []);
        return Vec::new();
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        faults.add(0, "", "", "csv_utf16", []);
        return Vec::new();
    }
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut rows = Vec::new();
    for row in split::rows(body) {
        if rows.len() > ROWS_MAX {
            faults.add(row.number, "", "", "csv_rows", [("max", ROWS_MAX.to_string())]);
            return Vec::new();
        }
        rows.push(row);
    }
    let Some(rows) = decode(rows, faults) else { return Vec::new() };
    let mut rows = rows.into_iter();
    let Some(head) = rows.next() else {
        faults.add(0, "", "", "csv_empty", []);
        return Vec::new();
    };
    let Some(columns) = read_head(&head, faults) else { return Vec::new() };
    read_people(rows, &head, &columns, faults)
}

/// A row as text.
struct Row {
    number: u32,
    cells: Vec<String>,
    cut: bool,
}

/// Decodes strictly. One fault names the first cell that is no UTF-8, how many there are and where the first ones stand,
/// as a file in another encoding has them everywhere.
fn decode(rows: Vec<RawRow>, faults: &mut Faults) -> Option<Vec<Row>> {
    let mut bad: Vec<(u32, usize, String, u8)> = Vec::new();
    let mut bad_cells = 0_usize;
    let mut out = Vec::with_capacity(rows.len());
    for raw in rows {
        for index in &raw.after_quote {
            faults.add(raw.number, &letter(*index), "", "csv_quote", []);
        }
        if let Some(index) = raw.unclosed {
            faults.add(raw.number, &letter(index), "", "csv_unclosed", []);
        }
        let mut cells = Vec::with_capacity(raw.cells.len());
        for (index, cell) in raw.cells.into_iter().enumerate() {
            match String::from_utf8(cell) {
                Ok(text) => cells.push(unguarded(&text).trim().to_owned()),
                Err(error) => {
                    bad_cells += 1;
                    if bad.len() < 10 {
                        let valid = error.utf8_error().valid_up_to();
                        let bytes = error.as_bytes();
                        let before = String::from_utf8_lossy(&bytes[..valid]).into_owned();
                        bad.push((raw.number, index, before, bytes.get(valid).copied().unwrap_or(0)));
                    }
                }
            }
        }
        // A row whose quote is never closed has swallowed the rest of the file; its cells say nothing.
        if raw.unclosed.is_none() {
            out.push(Row { number: raw.number, cells, cut: raw.cut });
        }
    }
    if let Some((row, index, before, byte)) = bad.first() {
        let places: Vec<String> =
            bad.iter().map(|(row, index, ..)| format!("{}{row}", letter(*index))).collect();
        let args = [
            ("byte", format!("0x{byte:02X}")),
            ("cells", bad_cells.to_string()),
            ("places", places.join(", ")),
        ];
        faults.add(*row, &letter(*index), before, "csv_encoding", args);
        return None;
    }
    Some(out)
}

/// Reads the head. `None` when no person can be read by it.
fn read_head(head: &Row, faults: &mut Faults) -> Option<Vec<(usize, Known)>> {
    if let [only] = head.cells.as_slice()
        && let Some(mark) = only.chars().find(|c| matches!(c, ';' | '\t' | '；' | '，' | '|'))
    {
        let name = if mark == '\t' { "TAB".to_owned() } else { mark.to_string() };
        faults.add(head.number, "", only, "csv_separator", [("separator", name)]);
        return None;
    }
    let mut columns: Vec<(usize, Known)> = Vec::new();
    for (index, cell) in head.cells.iter().enumerate() {
        let length = cell.chars().count();
        if length > CHARS_MAX {
            // Comparing headings takes the square of their length, so a file put into one cell is not compared.
            let args = [("length", length.to_string()), ("max", CHARS_MAX.to_string())];
            faults.add(head.number, &letter(index), cell, "csv_too_long", args);
            continue;
        }
        let plain = folded(cell);
        if plain.is_empty() {
            // Spreadsheets leave unnamed columns at the end; text in one is found row by row.
            continue;
        }
        let known =
            HEADINGS.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(known, _)| *known);
        match known {
            Some(known) if columns.iter().any(|(_, other)| *other == known) => {
                faults.add(
                    head.number,
                    cell,
                    "",
                    "csv_column_twice",
                    [("column", known.heading().to_owned())],
                );
            }
            Some(known) => columns.push((index, known)),
            None => {
                let mut args = vec![("column", shorten(cell)), ("letter", letter(index))];
                args.extend(suggest(&plain).map(|name| ("suggestion", name.to_owned())));
                faults.add(head.number, cell, "", "csv_header_unknown", args);
            }
        }
    }
    for known in [Known::Name, Known::StaffNo, Known::Agency] {
        if !columns.iter().any(|(_, other)| *other == known) {
            let args = [("column", known.heading().to_owned())];
            faults.add(head.number, known.heading(), "", "csv_header", args);
        }
    }
    Some(columns)
}

fn read_people(
    rows: impl Iterator<Item = Row>,
    head: &Row,
    columns: &[(usize, Known)],
    faults: &mut Faults,
) -> Vec<RosterRow> {
    let mut people = Vec::new();
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut count = 0_usize;
    let named: Vec<bool> = head.cells.iter().map(|cell| !folded(cell).is_empty()).collect();
    // White space that is not ASCII (the full-width space) makes a row blank too.
    for row in rows.filter(|row| row.cut || row.cells.iter().any(|cell| !cell.is_empty())) {
        count += 1;
        for (index, cell) in row.cells.iter().enumerate() {
            if !cell.is_empty() && !named.get(index).copied().unwrap_or(false) {
                faults.add(row.number, &letter(index), cell, "csv_columns", []);
            }
        }
        if row.cut {
            let args = [("max", split::CELLS_MAX.to_string())];
            faults.add(row.number, &letter(split::CELLS_MAX), "", "csv_columns", args);
        }
        let mut person = RosterRow {
            row: row.number,
            name: String::new(),
            staff_no: String::new(),
            agency: String::new(),
            gender: None,
        };
        for (index, known) in columns {
            let text = row.cells.get(*index).map_or("", String::as_str);
            let heading = head.cells.get(*index).map_or("", String::as_str);
            if *known == Known::Gender {
                match Gender::read(text) {
                    Ok(gender) => person.gender = gender,
                    // The value stays out: it would be a personal datum on a page that is not the officer's.
                    Err(_) => faults.add(row.number, heading, "", "csv_gender", []),
                }
                continue;
            }
            if text.is_empty() {
                faults.add(row.number, heading, "", "csv_required", [("column", known.heading().to_owned())]);
                continue;
            }
            if let Some(odd) = text.chars().find(|c| is_odd(*c)) {
                let args = [("character", format!("U+{:04X}", u32::from(odd)))];
                faults.add(row.number, heading, text, "csv_character", args);
                continue;
            }
            let length = text.chars().count();
            if length > CHARS_MAX {
                let args = [("length", length.to_string()), ("max", CHARS_MAX.to_string())];
                faults.add(row.number, heading, text, "csv_too_long", args);
                continue;
            }
            match known {
                Known::Name => text.clone_into(&mut person.name),
                Known::Agency => text.clone_into(&mut person.agency),
                Known::Gender => {}
                Known::StaffNo => {
                    person.staff_no = text.nfkc().collect::<String>().trim().to_owned();
                    match seen.get(&person.staff_no.to_lowercase()) {
                        Some(first) => {
                            let args = [("first", first.to_string())];
                            faults.add(row.number, heading, text, "csv_duplicate", args);
                        }
                        None => {
                            seen.insert(person.staff_no.to_lowercase(), row.number);
                        }
                    }
                }
            }
        }
        people.push(person);
    }
    if count == 0 && faults.list.is_empty() {
        faults.add(head.number, "", "", "csv_empty", []);
    }
    people
}
