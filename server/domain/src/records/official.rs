//! The tables X1 to X8 of a year, in both editions, from one book of records.
//!
//! The public edition is made of the people who stated 男 or 女 alone, in every table alike, so that nothing of the others can
//! be subtracted from it; small cells are hidden by [`mask`](super::mask).

mod cross;
mod feedback;
mod people;
mod programme;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::duty::DutyRule;
use super::facts::{Apart, Facts};
use super::figures::{Heads, Hundredths};
use super::findings::Finding;
use super::gender::Gender;
use super::roc::RocYear;
use super::table::{Cell, Column, Table};
use super::tables::Issue;
use super::targets::{Claim, Target};
use super::words;
use super::words_tables as w;

pub use cross::{By, Cross, CrossFigure};
pub use feedback::{GAP, Mean, Question, SHEETS_LEAST, Sheet, Survey, questions};
pub use people::lacks_reason;
pub use programme::{Amount, Progress, standings};

/// For whom a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edition {
    /// Within the office: all genders, nothing hidden.
    Internal,
    /// For everyone: 男 and 女 only, small cells hidden.
    Public,
}

impl Edition {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Internal, Self::Public];

    /// The word of addresses and commands.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }

    /// From the word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|edition| edition.code() == code)
    }
}

/// What gender is crossed with in X5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// 年齡.
    Age,
    /// 地區.
    Area,
    /// 族群.
    Indigenous,
    /// 障礙情形.
    Disability,
    /// 身分.
    Identity,
    /// 機關等級.
    Level,
}

impl Variable {
    /// Every one, in the order of the form.
    pub const ALL: [Self; 6] =
        [Self::Age, Self::Area, Self::Indigenous, Self::Disability, Self::Identity, Self::Level];

    /// As the form names it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Age => "年齡",
            Self::Area => "地區",
            Self::Indigenous => "族群",
            Self::Disability => "障礙情形",
            Self::Identity => "身分",
            Self::Level => "機關等級",
        }
    }
}

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// X1 參訓人員性別統計表.
    X1,
    /// X2 場次別成果表.
    X2,
    /// X3 規劃決策、執行、師資性別比例.
    X3,
    /// X4 回饋意見性別分析.
    X4,
    /// X5 複分類交叉表, one for each variable.
    X5(Variable),
    /// X6 KPI 填報表.
    X6,
    /// X7 資安訓練時數應辦情形表.
    X7,
    /// X8 紅隊發現與複測表.
    X8,
    /// Person-hours of the year, by name.
    Hours,
}

impl Kind {
    /// Every table of a year.
    pub const ALL: [Self; 14] = [
        Self::X1,
        Self::X2,
        Self::X3,
        Self::X4,
        Self::X5(Variable::Age),
        Self::X5(Variable::Area),
        Self::X5(Variable::Indigenous),
        Self::X5(Variable::Disability),
        Self::X5(Variable::Identity),
        Self::X5(Variable::Level),
        Self::X6,
        Self::X7,
        Self::X8,
        Self::Hours,
    ];

    /// The word of addresses and commands: `x1`, `x5-age`, `hours`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::X1 => "x1",
            Self::X2 => "x2",
            Self::X3 => "x3",
            Self::X4 => "x4",
            Self::X5(Variable::Age) => "x5-age",
            Self::X5(Variable::Area) => "x5-area",
            Self::X5(Variable::Indigenous) => "x5-indigenous",
            Self::X5(Variable::Disability) => "x5-disability",
            Self::X5(Variable::Identity) => "x5-identity",
            Self::X5(Variable::Level) => "x5-level",
            Self::X6 => "x6",
            Self::X7 => "x7",
            Self::X8 => "x8",
            Self::Hours => "hours",
        }
    }

    /// The number on the form; empty for a table that has none.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::X1 => words::X1_NUMBER,
            Self::X2 => "表 X2",
            Self::X3 => "表 X3",
            Self::X4 => "表 X4",
            Self::X5(_) => "表 X5",
            Self::X6 => "表 X6",
            Self::X7 => "表 X7",
            Self::X8 => "表 X8",
            Self::Hours => "",
        }
    }

    /// From the word, in either case.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code().eq_ignore_ascii_case(code))
    }

    /// Whether there is a public edition. A list by name has none.
    #[must_use]
    pub const fn has(self, edition: Edition) -> bool {
        !matches!((self, edition), (Self::Hours, Edition::Public))
    }
}

/// Everything that a year's tables are made of.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// Who was where.
    pub facts: Facts,
    /// Answers, apart.
    pub apart: Apart,
    /// Targets, all of them.
    pub targets: Vec<Target>,
    /// Claims of the year.
    pub claims: Vec<Claim>,
    /// Duty rules, all of them.
    pub rules: Vec<DutyRule>,
    /// Findings of the year.
    pub findings: Vec<Finding>,
    /// Feedback of the year.
    pub surveys: Vec<Survey>,
    /// Texts of the year by key: `x3:trainer`, `x4:SURVEY:QUESTION`.
    pub texts: BTreeMap<String, String>,
}

impl Book {
    /// Of the people who stated 男 or 女 alone.
    #[must_use]
    pub fn public(&self) -> Self {
        let binary = |gender: Option<Gender>| matches!(gender, Some(Gender::Male | Gender::Female));
        let gender = |id: &str| self.apart.get(id).and_then(|answers| answers.gender);
        let surveys = self.surveys.iter().map(|survey| Survey {
            sheets: survey.sheets.iter().filter(|sheet| binary(sheet.gender)).cloned().collect(),
            ..survey.without_sheets()
        });
        Self {
            facts: self.facts.only(|person| binary(gender(&person.id))),
            apart: self.apart.clone(),
            targets: self.targets.clone(),
            claims: self.claims.clone(),
            rules: self.rules.clone(),
            findings: self.findings.clone(),
            surveys: surveys.collect(),
            texts: self.texts.clone(),
        }
    }

    /// A table of a year. `under` is the count below which cells of the public edition are hidden.
    #[must_use]
    pub fn table(&self, issue: &Issue, kind: Kind, year: RocYear, edition: Edition, under: i64) -> Table {
        let public = (edition == Edition::Public).then(|| self.public());
        let print = Print { book: public.as_ref().unwrap_or(self), whole: self, issue, year, edition, under };
        match kind {
            Kind::X1 => people::x1(&print),
            Kind::X2 => people::x2(&print),
            Kind::X3 => people::x3(&print),
            Kind::X4 => feedback::x4(&print),
            Kind::X5(variable) => people::x5(&print, variable),
            Kind::X6 => programme::x6(&print),
            Kind::X7 => programme::x7(&print),
            Kind::X8 => programme::x8(&print),
            Kind::Hours => programme::hours(&print),
        }
    }
}

/// One printing.
struct Print<'a> {
    /// What is printed from: in the public edition only people who stated 男 or 女.
    book: &'a Book,
    /// Everyone; for verdicts that are judged on all.
    whole: &'a Book,
    issue: &'a Issue,
    year: RocYear,
    edition: Edition,
    under: i64,
}

impl Print<'_> {
    fn is_public(&self) -> bool {
        self.edition == Edition::Public
    }

    /// A table with its surroundings. The notes of the edition follow those of the table.
    fn table(&self, name: &str, unit: &str, columns: Vec<Column>, body: Body) -> Table {
        let mut notes = body.notes;
        let masked = body.rows.iter().flatten().any(|cell| *cell == Cell::text(w::MASK));
        if self.is_public() {
            notes.push(w::NOTE_PUBLIC.to_owned());
            if masked && !notes.iter().any(|note| note.contains(w::MASK)) {
                notes.push(w::mask_note(self.under));
            }
        } else {
            notes.push(words::NOTE_INTERNAL.to_owned());
        }
        let as_of = self.issue.as_of.chinese();
        let edition = if self.is_public() { format!("_{}", w::PUBLIC_FILE) } else { String::new() };
        Table {
            sheet: name.to_owned(),
            title: words::title_year(self.year, name),
            unit: unit.to_owned(),
            columns,
            background: w::background(
                &self.issue.organisation,
                &as_of,
                notes.first().map(String::as_str).unwrap_or_default(),
                unit,
                body.classes,
            ),
            rows: body.rows,
            notes,
            source: words::source(&self.issue.organisation, &as_of),
            foot: self.issue.foot.clone(),
            file_stem: format!("{}_{}{edition}", super::table::file_part(name), words::file_year(self.year)),
        }
    }
}

/// What of a table differs from others.
struct Body {
    rows: Vec<Vec<Cell>>,
    notes: Vec<String>,
    /// Classification, for the second sheet.
    classes: &'static str,
}

fn columns(headings: &[(&str, &str)]) -> Vec<Column> {
    headings.iter().map(|(zh, en)| Column::new(*zh, *en)).collect()
}

fn masked() -> Cell {
    Cell::text(w::MASK)
}

/// A cell, or the mask in its place.
fn unless(hidden: bool, cell: Cell) -> Cell {
    if hidden { masked() } else { cell }
}

/// Hours without decimals where they are whole.
fn hours_cell(seconds: i64) -> Cell {
    match seconds {
        0 => Cell::None,
        whole if whole % 3600 == 0 => Cell::Count(whole / 3600),
        part => Cell::Decimal(Hundredths::hours(part)),
    }
}

fn share_cell(share: Option<Hundredths>) -> Cell {
    share.map_or(Cell::None, Cell::Decimal)
}

/// A share of a part, 「-」 where the part is empty.
fn part_share(part: i64, total: i64) -> Cell {
    share_cell(Hundredths::share(part, total).filter(|_| part > 0))
}

fn ratio_cell(heads: &Heads) -> Cell {
    match heads.sex_ratio() {
        Some(ratio) => Cell::Decimal(ratio),
        None if heads.total() > 0 => Cell::Void,
        None => Cell::None,
    }
}

fn size(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
