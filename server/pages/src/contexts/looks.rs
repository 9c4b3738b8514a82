//! The log of looks at personal figures and of files taken of them, for the programme officer.

use serde::Serialize;

use super::common::*;
use super::programme::GROUPS;

/// A look or an export.
#[derive(Debug, Clone, Serialize)]
pub struct LookRow {
    /// When, ms UTC.
    pub at_ms: i64,
    /// Who.
    pub who: String,
    /// Looked, or took a file.
    pub exported: bool,
    /// What.
    pub what: LookWhat,
}

/// What was looked at. Years are of the Republic; formats are in capitals, empty where the page was looked at.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LookWhat {
    /// A table of a year.
    Table {
        /// `X1` to `X8`, `HOURS`.
        table: String,
        /// Variable of an X5; empty for others.
        by: String,
        /// Year.
        year: String,
        /// `internal` or `public`.
        edition: String,
        /// Format.
        format: String,
    },
    /// A cross table of a year.
    Cross {
        /// Variable of the rows.
        rows: String,
        /// Variable of the columns; may be empty.
        columns: String,
        /// Figure.
        figure: String,
        /// Year.
        year: String,
        /// `internal` or `public`.
        edition: String,
        /// Format.
        format: String,
    },
    /// A table of an exercise or session.
    Exercise {
        /// Its hours by name; else X1.
        hours: bool,
        /// Format.
        format: String,
        /// Code of the exercise or session.
        code: String,
    },
    /// A portal's file of hours.
    Portal {
        /// Code of the exercise, session or course.
        code: String,
    },
    /// The desk of a year.
    Overview {
        /// Year.
        year: String,
    },
    /// The people behind a figure.
    Rows {
        /// Year.
        year: String,
        /// `all`, `month`, `agency`, `title`, `county`.
        by: String,
    },
    /// The texts that tables of a year ask for.
    Texts {
        /// Year.
        year: String,
    },
    /// The package of a year.
    Package {
        /// Year.
        year: String,
    },
    /// All tables of a year.
    All {
        /// Year.
        year: String,
        /// `internal` or `public`.
        edition: String,
    },
    /// What a person stated of themselves.
    Answers {
        /// Name; `None` for who is on the register no more.
        name: Option<String>,
    },
    /// Requests about people's own data.
    Requests,
    /// Something else, as the line says it.
    Other {
        /// The line.
        text: String,
    },
}

/// `/statistics/audit`: who looked at personal figures and who took files of them.
#[derive(Debug, Clone, Serialize)]
pub struct LooksPage {
    /// Lines, latest first.
    pub rows: Vec<LookRow>,
    /// Lines that are shown at most.
    pub most: i64,
}

impl Page for LooksPage {
    const TEMPLATE: &'static str = "records/looks.html";
    fn samples() -> Vec<Self> {
        let row = |exported, what| LookRow { at_ms: SAMPLE_NOW_MS, who: "王專員".into(), exported, what };
        let (year, edition) = (|| "115".to_owned(), || "public".to_owned());
        let table = |table: &str, by: &str, format: &str| LookWhat::Table {
            table: table.into(),
            by: by.into(),
            year: year(),
            edition: edition(),
            format: format.into(),
        };
        let cross = |columns: &str, format: &str| LookWhat::Cross {
            rows: "agency".into(),
            columns: columns.into(),
            figure: "persons".into(),
            year: year(),
            edition: "internal".into(),
            format: format.into(),
        };
        let exercise =
            |hours, format: &str| LookWhat::Exercise { hours, format: format.into(), code: "S115-02".into() };
        let answers = |name: Option<&str>| LookWhat::Answers { name: name.map(Into::into) };
        let mut rows = vec![
            row(true, table("X1", "", "ODS")),
            row(false, table("X5", "age", "")),
            row(true, table("HOURS", "", "CSV")),
            row(false, cross("gender", "")),
            row(true, cross("", "XLSX")),
            row(false, exercise(false, "")),
            row(true, exercise(true, "CSV")),
            row(true, LookWhat::Portal { code: "S115-02".into() }),
            row(false, LookWhat::Overview { year: year() }),
            row(false, LookWhat::Texts { year: year() }),
            row(true, LookWhat::Package { year: year() }),
            row(true, LookWhat::All { year: year(), edition: edition() }),
            row(false, answers(Some("許藍圖"))),
            row(false, answers(None)),
            row(false, LookWhat::Requests),
            row(false, LookWhat::Other { text: "survey=v1".into() }),
        ];
        rows.extend(GROUPS.map(|by| row(false, LookWhat::Rows { year: year(), by: by.into() })));
        vec![Self { rows, most: 300 }, Self { rows: vec![], most: 300 }]
    }
}
