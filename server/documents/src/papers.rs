//! The documents: what each needs to know, and how it becomes data for its template.

use rampart_domain::records::course::Certificate;
use rampart_domain::records::{Cell, RocDate, Table, paper, roc, words};
use serde_json::{Value, json};

/// Width of a page across and upright less its margins, in half ems of 11 pt (1.94 mm).
const ACROSS: u32 = 137;
const UPRIGHT: u32 = 92;
/// What a cell needs besides its text, in half ems.
const CELL_SPACE: u32 = 2;
/// Narrowest and widest column, in half ems.
pub(crate) const COLUMN: (u32, u32) = (5, 44);
/// Sizes of a table's text, points, the largest that fits is taken; a page that is too narrow for the last one breaks lines.
const SIZES: [u32; 4] = [11, 10, 9, 8];

/// Rows of a table that paper lists; setting a page costs tens of milliseconds, and nobody signs a book. What is left out
/// stands in the CSV edition, whose hash the paper carries.
pub const ROWS: usize = 600;
/// Of these, rows at the end of the table: its sums.
const LAST: usize = 5;
/// In each column of the row in place of those that are left out.
const LEFT_OUT: &str = "…";

/// A document that can be printed.
pub trait Paper {
    /// Its title, as readers of the file show it.
    fn title(&self) -> String;
    /// When its data was read, ms UTC; stands in the file instead of the time of printing.
    fn as_of_ms(&self) -> i64;
    /// Name of its template.
    fn template(&self) -> &'static str;
    /// What the template lays out.
    fn data(&self) -> Value;
}

/// What every template needs.
fn around(
    title: &str,
    organisation: &str,
    foot: Option<&str>,
    edition: &str,
) -> serde_json::Map<String, Value> {
    let value = json!({
        "title": title,
        "organisation": organisation,
        "foot": foot.unwrap_or_default(),
        "edition": edition,
        "page": words::PAGE,
        "continued": paper::CONTINUED,
    });
    match value {
        Value::Object(parts) => parts,
        _ => serde_json::Map::new(),
    }
}

fn with(mut parts: serde_json::Map<String, Value>, more: Value) -> Value {
    if let Value::Object(more) = more {
        parts.extend(more);
    }
    Value::Object(parts)
}

/// `115 年 11 月 28 日 22:10`.
fn moment(ms: i64) -> String {
    format!("{} {}", RocDate::of_ms(ms).chinese(), roc::time_minutes(ms))
}

/// An official table: title, unit line, head on each page, notes, source, boxes for signatures, background.
#[derive(Debug, Clone)]
pub struct TablePaper<'a> {
    /// The table.
    pub table: &'a Table,
    /// Number above the title, as in 「表 X1」; empty for none.
    pub number: &'a str,
    /// Office that hands it in.
    pub organisation: &'a str,
    /// Edition, as stated at the foot ([`paper::INTERNAL`], [`paper::PUBLIC`]).
    pub edition: &'a str,
    /// When its data was read, ms UTC.
    pub as_of_ms: i64,
    /// SHA-256 of the table's CSV edition, hexadecimal; with it paper and file can be compared.
    pub digest: Option<&'a str>,
}

/// Width of a text in half ems: Latin takes one, others two.
pub(crate) fn half_ems(text: &str) -> u32 {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// Widths that columns would like.
fn widths(table: &Table) -> Vec<u32> {
    let width = |(index, heading): (usize, &str)| {
        let cells = table.rows.iter().filter_map(|row| row.get(index)).map(|cell| half_ems(&cell.shown()));
        // A heading may stand in two lines.
        let heading = half_ems(heading).div_ceil(2).max(half_ems(heading).min(8));
        cells.chain([heading]).max().unwrap_or(0).saturating_add(CELL_SPACE).clamp(COLUMN.0, COLUMN.1)
    };
    table.columns.iter().map(|column| column.zh.as_str()).enumerate().map(width).collect()
}

/// Whether a page has to lie across, and the size of the text.
pub(crate) fn fit(sum: u32) -> (bool, u32) {
    if sum <= UPRIGHT {
        return (false, SIZES[0]);
    }
    let fits = SIZES.into_iter().find(|size| sum * size <= ACROSS * SIZES[0]);
    (true, fits.unwrap_or(SIZES[SIZES.len() - 1]))
}

/// Columns of figures stand at the right: those where no cell holds words.
fn right(table: &Table, index: usize) -> bool {
    let mut cells = table.rows.iter().filter_map(|row| row.get(index)).peekable();
    cells.peek().is_some() && cells.all(|cell| !matches!(cell, Cell::Text(_)))
}

/// The rows that are printed, as they are read, and how many are not.
fn listed(table: &Table) -> (Vec<Vec<String>>, usize) {
    let shown = |row: &Vec<Cell>| row.iter().map(Cell::shown).collect();
    let left = table.rows.len().saturating_sub(ROWS);
    if left == 0 {
        return (table.rows.iter().map(shown).collect(), 0);
    }
    let (first, last) = (ROWS - LAST, table.rows.len() - LAST);
    let mut rows: Vec<Vec<String>> = table.rows[..first].iter().map(shown).collect();
    rows.push(vec![LEFT_OUT.to_owned(); table.columns.len()]);
    rows.extend(table.rows[last..].iter().map(shown));
    (rows, left)
}

impl Paper for TablePaper<'_> {
    fn title(&self) -> String {
        self.table.title.clone()
    }

    fn as_of_ms(&self) -> i64 {
        self.as_of_ms
    }

    fn template(&self) -> &'static str {
        "table.typ"
    }

    fn data(&self) -> Value {
        let table = self.table;
        let widths = widths(table);
        let (flipped, size) = fit(widths.iter().sum());
        let (rows, left) = listed(table);
        let mut notes = table.note_lines();
        if left > 0 {
            notes.push(paper::left_out(table.rows.len(), left));
        }
        notes.extend(Some(table.source.clone()).filter(|source| !source.is_empty()));
        with(
            around(&table.title, self.organisation, table.foot.as_deref(), self.edition),
            json!({
                "number": self.number,
                "as_of": format!("{}{}", paper::AS_OF, moment(self.as_of_ms)),
                "unit": table.unit,
                "flipped": flipped,
                "size": size,
                "widths": widths,
                "right": (0..table.columns.len()).map(|index| right(table, index)).collect::<Vec<_>>(),
                "columns": table.columns.iter().map(|column| column.zh.as_str()).collect::<Vec<_>>(),
                "rows": rows,
                "notes": notes,
                "approvals": paper::APPROVALS,
                "digest": self.digest.map(|digest| format!("{}{digest}", paper::DIGEST)),
                "background_title": words::BACKGROUND,
                "background_head": paper::BACKGROUND_HEAD,
                "background": table.background,
            }),
        )
    }
}

/// A certificate: who, what, how many hours, and where to check it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatePaper {
    /// What it says.
    pub certificate: Certificate,
    /// Line at the foot, such as that the county is invented.
    pub foot: Option<String>,
    /// When its data was read, ms UTC.
    pub as_of_ms: i64,
}

impl Paper for CertificatePaper {
    fn title(&self) -> String {
        format!("{} {}", paper::CERTIFICATE, self.certificate.number)
    }

    fn as_of_ms(&self) -> i64 {
        self.as_of_ms
    }

    fn template(&self) -> &'static str {
        "certificate.typ"
    }

    fn data(&self) -> Value {
        let of = &self.certificate;
        let revoked = of.revoked.map(|day| format!("{}{}", day.chinese(), paper::CERTIFICATE_REVOKED));
        with(
            around(&self.title(), &of.issuer, self.foot.as_deref(), ""),
            json!({
                "heading": paper::CERTIFICATE,
                "number": format!("{}{}", paper::CERTIFICATE_NUMBER, of.number),
                "text": paper::certificate_text(of),
                "signer": of.signer,
                "day": paper::certificate_day(of.issued),
                "check": format!("{}{}", paper::CERTIFICATE_CHECK, of.check_address),
                "revoked": revoked,
            }),
        )
    }
}

/// A person who is to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInLine {
    /// Agency.
    pub agency: String,
    /// Official title.
    pub title: String,
    /// Name.
    pub name: String,
}

/// A half day of a sheet: signed at its beginning and at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInHalf {
    /// Part of the day, one of [`paper::SIGN_IN_HALVES`].
    pub name: &'static str,
    /// Planned start and end, ms UTC.
    pub planned: (i64, i64),
}

/// A day of a sheet, on pages of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInDay {
    /// Day.
    pub day: RocDate,
    /// Half days that are signed.
    pub halves: Vec<SignInHalf>,
}

/// A sheet to sign, one line a person, each day anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInSheet {
    /// Name of the course or exercise.
    pub course: String,
    /// Code of the session.
    pub code: String,
    /// Days, at least one.
    pub days: Vec<SignInDay>,
    /// Place; may be empty.
    pub place: String,
    /// People, in the order of the sheet.
    pub people: Vec<SignInLine>,
    /// Empty lines at the end, for whoever comes besides.
    pub spare: u8,
    /// What else is said at the foot, such as what is too late; may be empty.
    pub rule: String,
    /// Office that keeps it.
    pub organisation: String,
    /// Line at the foot.
    pub foot: Option<String>,
    /// When its data was read, ms UTC.
    pub as_of_ms: i64,
}

impl Paper for SignInSheet {
    fn title(&self) -> String {
        format!("{}{}", self.course, paper::SIGN_IN)
    }

    fn as_of_ms(&self) -> i64 {
        self.as_of_ms
    }

    fn template(&self) -> &'static str {
        "sign_in.typ"
    }

    fn data(&self) -> Value {
        let time = roc::time_minutes;
        let half = |of: &SignInHalf| {
            let (from, to) = of.planned;
            let acts: Vec<Value> = paper::SIGN_IN_ACTS
                .iter()
                .zip([from, to])
                .map(|(act, at)| json!({ "act": format!("{}{act}", of.name), "at": time(at) }))
                .collect();
            acts
        };
        let days: Vec<Value> = self
            .days
            .iter()
            .map(|of| {
                let acts: Vec<Value> = of.halves.iter().flat_map(half).collect();
                json!({ "day": of.day.with_weekday(), "acts": acts })
            })
            .collect();
        let people: Vec<[&str; 3]> =
            self.people.iter().map(|one| [&*one.agency, &*one.title, &*one.name]).collect();
        with(
            around(&self.title(), &self.organisation, self.foot.as_deref(), ""),
            json!({
                "days": days,
                "code": self.code,
                "place": self.place,
                "person": paper::SIGN_IN_PERSON,
                "remark": paper::SIGN_IN_REMARK,
                "people": people,
                "spare": self.spare,
                "note": format!("{}{}", paper::SIGN_IN_NOTE, self.rule),
            }),
        )
    }
}
