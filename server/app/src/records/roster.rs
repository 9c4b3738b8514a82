//! The roster: a file in, people or every fault out. Nothing is guessed, nothing is lost in silence, and nothing is written
//! here. Columns are found by their headings in either language, or as somebody said; cells are read by [`sheet`].

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use rampart_domain::records::{DutyClass, Gender, Identity};
use unicode_normalization::UnicodeNormalization;

use super::sheet::{self, Encoding, Flaw, Row, Sheet, Unreadable};
use people::People;

mod people;

/// Largest file, bytes.
pub const BYTES_MAX: usize = 5 * 1024 * 1024;
/// Most people in a file.
pub const ROWS_MAX: usize = 20_000;
/// Longest text in a cell, characters.
pub const CHARS_MAX: usize = 200;
/// Faults listed; the number of the others stands in a last one.
pub const FAULTS_MAX: usize = 500;

/// Every fault code, each the key of a text `error.CODE`. `{names}` of the texts are the keys of [`Fault::args`].
pub const CODES: [&str; 32] = [
    "csv_empty",
    "csv_too_large",
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
    "csv_duplicate_name",
    "csv_gender",
    "csv_identity",
    "csv_duty",
    "csv_email",
    "csv_number",
    "csv_character",
    "csv_too_long",
    "cell_formula",
    "cell_date",
    "cell_fraction",
    "cell_truth",
    "cell_error",
    "cell_merged",
    "book_old",
    "book_password",
    "book_bomb",
    "book_broken",
    "book_sheet",
];
/// Code of a note: cells far from the others that were not read; args: `places`.
pub const NOTE_STRAY: &str = "note_stray";
/// Code of a fault that only the register shows: several people of this name in this agency.
pub const CODE_AMBIGUOUS: &str = "csv_ambiguous";
/// Code of the last fault when there are more than are listed; args: `more`.
pub const CODE_MORE: &str = "csv_more";

/// One person of a roster.
#[derive(Clone, PartialEq, Eq)]
pub struct RosterRow {
    /// Row in the spreadsheet, from 1 with the head.
    pub row: u32,
    /// Name, as typed without space around it.
    pub name: String,
    /// Staff number; full-width letters and digits made plain. Empty for who has none.
    pub staff_no: String,
    /// Agency or unit.
    pub agency: String,
    /// Grade, if the file has the column.
    pub grade: Option<String>,
    /// Identity, if the file states one.
    pub identity: Option<Identity>,
    /// Duty class, if the file states one.
    pub duty: Option<DutyClass>,
    /// E-mail addresses, lower case.
    pub emails: Vec<String>,
    /// Gender, if the file states one.
    pub gender: Option<Gender>,
}

/// How a file is to be read, where somebody said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct How {
    /// Sheet of a workbook, from 0.
    pub sheet: Option<usize>,
    /// Encoding of a text.
    pub encoding: Option<Encoding>,
    /// What each column of the file is, in its order; `None` for one that is not read.
    pub columns: Option<Vec<Option<Known>>>,
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileColumn {
    /// `A`, `B`, …
    pub letter: String,
    /// Heading as in the file.
    pub heading: String,
    /// What it is taken for.
    pub known: Option<Known>,
}

/// What was seen of a file, whether its people could be read or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Columns with a heading.
    pub columns: Vec<FileColumn>,
    /// Names of a workbook's sheets.
    pub sheets: Vec<String>,
    /// The sheet that was read.
    pub sheet: usize,
    /// Encoding of a text.
    pub encoding: Option<Encoding>,
    /// Rows of a text of unknown encoding, read as Big5 for somebody to look at.
    pub as_big5: Vec<Vec<String>>,
    /// What was left out without harm, each with its place.
    pub notes: Vec<Fault>,
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
pub enum Known {
    /// 姓名.
    Name,
    /// 員工編號.
    StaffNo,
    /// 機關.
    Agency,
    /// 職稱.
    Grade,
    /// 身分.
    Identity,
    /// 資安身分別.
    Duty,
    /// 電子郵件.
    Email,
    /// 性別.
    Gender,
}

/// Headings, the first of each being the one that suggestions and messages name.
const HEADINGS: [(Known, &[&str]); 8] = [
    (Known::Name, &["姓名", "name", "fullname", "學員姓名", "中文姓名"]),
    (
        Known::StaffNo,
        &[
            "員工編號",
            "職員編號",
            "職號",
            "員編",
            "人員編號",
            "職員代號",
            "staffnumber",
            "staffno",
            "employeenumber",
            "employeeid",
        ],
    ),
    (
        Known::Agency,
        &[
            "機關",
            "單位",
            "機關單位",
            "服務機關",
            "機關名稱",
            "服務單位",
            "agency",
            "unit",
            "organisation",
            "organization",
        ],
    ),
    (Known::Grade, &["職稱", "職等", "官職等", "grade", "title", "jobtitle"]),
    (Known::Identity, &["身分", "身份", "身分別", "身份別", "identity", "category"]),
    (Known::Duty, &["資安身分別", "應辦身分別", "資安職務", "duty", "dutyclass"]),
    (Known::Email, &["電子郵件", "電子信箱", "信箱", "email", "mail", "emailaddress"]),
    (Known::Gender, &["性別", "gender"]),
];

impl Known {
    /// All, in the order of the forms.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::StaffNo,
        Self::Agency,
        Self::Grade,
        Self::Identity,
        Self::Duty,
        Self::Email,
        Self::Gender,
    ];

    /// The word of forms.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::StaffNo => "staff_no",
            Self::Agency => "agency",
            Self::Grade => "grade",
            Self::Identity => "identity",
            Self::Duty => "duty",
            Self::Email => "email",
            Self::Gender => "gender",
        }
    }

    /// From the word of forms.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }

    /// The heading that messages and exports name.
    #[must_use]
    pub fn heading(self) -> &'static str {
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
pub(crate) fn letter(mut index: usize) -> String {
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

/// Reads a roster of which nobody said how it is to be read.
///
/// # Errors
/// Every fault of the file (the list is bounded by [`FAULTS_MAX`]); then no person is given.
pub fn read(bytes: &[u8]) -> Result<Vec<RosterRow>, Vec<Fault>> {
    read_as(bytes, &How::default()).1
}

/// Reads a roster as somebody said. Gives what was seen of the file beside the people or every fault.
pub fn read_as(bytes: &[u8], how: &How) -> (Seen, Result<Vec<RosterRow>, Vec<Fault>>) {
    let mut faults = Faults::default();
    let mut seen = Seen::default();
    let people = read_into(bytes, how, &mut seen, &mut faults);
    (seen, if faults.list.is_empty() { Ok(people) } else { Err(faults.close()) })
}

fn read_into(bytes: &[u8], how: &How, seen: &mut Seen, faults: &mut Faults) -> Vec<RosterRow> {
    if bytes.len() > BYTES_MAX {
        let args = [("bytes", bytes.len().to_string()), ("max", BYTES_MAX.to_string())];
        faults.add(0, "", "", "csv_too_large", args);
        return Vec::new();
    }
    // One row more for the head, and one for a title above it.
    let sheet = match sheet::read(bytes, ROWS_MAX + 2, how.sheet, how.encoding) {
        Ok(sheet) => sheet,
        Err(why) => {
            refuse(bytes, why, seen, faults);
            return Vec::new();
        }
    };
    seen.sheets.clone_from(&sheet.sheets);
    seen.sheet = sheet.sheet;
    seen.encoding = sheet.encoding;
    if !sheet.strays.is_empty() {
        let mut notes = Faults::default();
        notes.add(0, "", "", NOTE_STRAY, [("places", sheet.strays.join(", "))]);
        seen.notes = notes.list;
    }
    read_sheet(&sheet, how, seen, faults)
}

fn refuse(bytes: &[u8], why: Unreadable, seen: &mut Seen, faults: &mut Faults) {
    let (code, args) = match why {
        Unreadable::OldWorkbook => ("book_old", vec![]),
        Unreadable::Password => ("book_password", vec![]),
        Unreadable::Bomb => ("book_bomb", vec![("max", format!("{} MB", sheet::PART_MAX >> 20))]),
        Unreadable::Broken(said) => ("book_broken", vec![("said", shorten(&said))]),
        Unreadable::NoSheet => ("book_sheet", vec![]),
        Unreadable::AskEncoding(rows) => {
            seen.as_big5 = rows;
            if let Ok(sheet) = sheet::read(bytes, ROWS_MAX + 2, None, Some(Encoding::Utf8)) {
                undecoded(&sheet, faults);
            }
            return;
        }
    };
    faults.add(0, "", "", code, args);
}

/// One fault names the first cell that is no text of the encoding, how many there are and where the first ones stand, as a
/// file in another encoding has them everywhere. True if there is one.
fn undecoded(sheet: &Sheet, faults: &mut Faults) -> bool {
    let mut bad = Vec::new();
    for row in &sheet.rows {
        for (index, flaw) in &row.flaws {
            if let Flaw::Bytes(byte) = flaw {
                bad.push((row, *index, *byte));
            }
        }
    }
    let Some((row, index, byte)) = bad.first() else { return false };
    let places: Vec<String> =
        bad.iter().take(10).map(|(row, index, _)| format!("{}{}", letter(*index), row.number)).collect();
    let args =
        [("byte", format!("0x{byte:02X}")), ("cells", bad.len().to_string()), ("places", places.join(", "))];
    let before = row.cells.get(*index).map_or("", String::as_str);
    faults.add(row.number, &letter(*index), before, "csv_encoding", args);
    true
}

fn read_sheet(sheet: &Sheet, how: &How, seen: &mut Seen, faults: &mut Faults) -> Vec<RosterRow> {
    for row in &sheet.rows {
        for index in &row.after_quote {
            faults.add(row.number, &letter(*index), "", "csv_quote", []);
        }
        if let Some(index) = row.unclosed {
            faults.add(row.number, &letter(index), "", "csv_unclosed", []);
        }
    }
    if undecoded(sheet, faults) {
        return Vec::new();
    }
    // A row whose quote is never closed has swallowed the rest of the file; its cells say nothing.
    let mut rows = sheet.rows.iter().filter(|row| row.unclosed.is_none()).peekable();
    let Some(mut head) = rows.next() else {
        faults.add(0, "", "", "csv_empty", []);
        return Vec::new();
    };
    // A title above the table: one cell that spans others.
    let lonely = head.cells.iter().filter(|cell| !cell.is_empty()).count() == 1;
    let spans = |row: u32| sheet.merged.iter().any(|(top, left, _, right)| *top == row && right > left);
    if lonely && spans(head.number) && rows.peek().is_some() {
        head = rows.next().unwrap_or(head);
    }
    let rows: Vec<&Row> = rows.collect();
    if sheet.more || rows.len() > ROWS_MAX {
        let number = rows.get(ROWS_MAX).or(rows.last()).map_or(0, |row| row.number);
        faults.add(number, "", "", "csv_rows", [("max", ROWS_MAX.to_string())]);
        return Vec::new();
    }
    let Some(columns) = read_head(head, how, seen, faults) else { return Vec::new() };
    let mut people = People::new(sheet, head, &columns, &mut *faults);
    let mut numbers = HashMap::new();
    let mut names = HashMap::new();
    let mut count = 0_usize;
    for row in rows.into_iter().filter(|row| !row.is_blank()) {
        count += 1;
        people.read(row, &mut numbers, &mut names);
    }
    let people = people.done();
    if count == 0 && faults.list.is_empty() {
        faults.add(head.number, "", "", "csv_empty", []);
    }
    people
}

/// Reads the head. `None` when no person can be read by it.
fn read_head(head: &Row, how: &How, seen: &mut Seen, faults: &mut Faults) -> Option<Vec<(usize, Known)>> {
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
        let found =
            HEADINGS.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(known, _)| *known);
        let known = match &how.columns {
            Some(said) => said.get(index).copied().flatten(),
            None => found,
        };
        seen.columns.push(FileColumn { letter: letter(index), heading: shorten(cell), known });
        match known {
            Some(known) if columns.iter().any(|(_, other)| *other == known) => {
                let args = [("column", known.heading().to_owned())];
                faults.add(head.number, cell, "", "csv_column_twice", args);
            }
            Some(known) => columns.push((index, known)),
            // Said to be left out.
            None if how.columns.is_some() => {}
            None => {
                let mut args = vec![("column", shorten(cell)), ("letter", letter(index))];
                args.extend(suggest(&plain).map(|name| ("suggestion", name.to_owned())));
                faults.add(head.number, cell, "", "csv_header_unknown", args);
            }
        }
    }
    for known in [Known::Name, Known::Agency] {
        if !columns.iter().any(|(_, other)| *other == known) {
            let args = [("column", known.heading().to_owned())];
            faults.add(head.number, known.heading(), "", "csv_header", args);
        }
    }
    Some(columns)
}
