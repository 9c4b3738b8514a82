//! What the officer looked at or took away, as the audit line keeps it: written and read here, so that the log of looks can
//! say it in the reader's language. Lines hold codes, years and ids, never what was in a table.

use std::fmt;

use rampart_domain::records::{Edition, Kind, RocYear};

use crate::{App, AppError};

/// Looks that are listed at most.
pub const LOOKS: u32 = 300;

/// A look at personal data, or an export of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// A table of a year: code in capitals, `X5-AGE`.
    Table {
        /// Code.
        table: String,
        /// ROC year.
        year: String,
        /// `internal` or `public`.
        edition: String,
        /// Ending of the file; empty for a look.
        format: String,
    },
    /// A cross table of a year.
    Cross {
        /// Variable of the rows.
        rows: String,
        /// Variable of the columns; empty for one variable.
        columns: String,
        /// Figure.
        figure: String,
        /// ROC year.
        year: String,
        /// `internal` or `public`.
        edition: String,
        /// Ending of the file; empty for a look.
        format: String,
    },
    /// A table of an exercise, by the code of the exercise: `X1` or `hours`.
    Exercise {
        /// Table.
        table: String,
        /// Format in capitals; empty for a look.
        format: String,
        /// Code of the exercise or session.
        code: String,
    },
    /// A portal's file of hours, of an exercise, a class session, or a whole course.
    Portal {
        /// Code of it.
        code: String,
        /// Id of it.
        id: String,
    },
    /// The desk of a year.
    Overview(String),
    /// What is behind a figure of a year: code of a [`Group`](rampart_domain::records::behind::Group).
    Rows {
        /// ROC year.
        year: String,
        /// By what.
        by: String,
    },
    /// The texts that tables of a year ask for.
    Texts(String),
    /// The package of a year.
    Package(String),
    /// All tables of a year at once.
    All {
        /// ROC year.
        year: String,
        /// `internal` or `public`.
        edition: String,
    },
    /// What a person stated of themselves, by the person's id.
    Answers(String),
    /// Requests about people's own data.
    Requests,
    /// A line of another form.
    Other(String),
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |format: &str| if format.is_empty() { String::new() } else { format!(" {format}") };
        match self {
            Self::Table { table, year, edition, format } => {
                write!(f, "{table} {year} {edition}{}", after(format))
            }
            Self::Cross { rows, columns, figure, year, edition, format } => {
                let columns = if columns.is_empty() { "-" } else { columns };
                write!(f, "cross {rows} {columns} {figure} {year} {edition}{}", after(format))
            }
            Self::Exercise { table, format, code } => write!(f, "{table}{} {code}", after(format)),
            Self::Portal { code, id } => write!(f, "portal {code} {id}"),
            Self::Overview(year) => write!(f, "overview {year}"),
            Self::Rows { year, by } => write!(f, "rows {year} {by}"),
            Self::Texts(year) => write!(f, "texts {year}"),
            Self::Package(year) => write!(f, "package {year}"),
            Self::All { year, edition } => write!(f, "all {year} {edition}"),
            Self::Answers(person) => write!(f, "answers person={person}"),
            Self::Requests => f.write_str("requests"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl Looked {
    /// A table of a year; `format` is the ending of the file, empty for a look.
    #[must_use]
    pub fn table(kind: Kind, year: RocYear, edition: Edition, format: &str) -> Self {
        Self::Table {
            table: kind.code().to_uppercase(),
            year: year.to_string(),
            edition: edition.code().to_owned(),
            format: format.to_owned(),
        }
    }
}

fn is_edition(word: &str) -> bool {
    Edition::from_code(word).is_some()
}

fn is_year(word: &str) -> bool {
    (1..=3).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}

impl Looked {
    /// Reads a line. What is of no known form is [`Looked::Other`].
    #[must_use]
    pub fn read(line: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        let text = |word: &str| word.to_owned();
        let file = |rest: &[&str]| rest.first().map(|word| text(word)).unwrap_or_default();
        match words.as_slice() {
            ["requests"] => Self::Requests,
            ["overview", year] if is_year(year) => Self::Overview(text(year)),
            ["portal", code @ .., id] if !code.is_empty() => {
                Self::Portal { code: code.join(" "), id: text(id) }
            }
            ["texts", year] if is_year(year) => Self::Texts(text(year)),
            ["package", year] if is_year(year) => Self::Package(text(year)),
            ["rows", year, by] if is_year(year) => Self::Rows { year: text(year), by: text(by) },
            ["all", year, edition] if is_year(year) && is_edition(edition) => {
                Self::All { year: text(year), edition: text(edition) }
            }
            ["answers", person] if person.starts_with("person=") => {
                Self::Answers(text(person.trim_start_matches("person=")))
            }
            ["cross", rows, columns, figure, year, edition, rest @ ..]
                if is_year(year) && is_edition(edition) && rest.len() < 2 =>
            {
                Self::Cross {
                    rows: text(rows),
                    columns: if *columns == "-" { String::new() } else { text(columns) },
                    figure: text(figure),
                    year: text(year),
                    edition: text(edition),
                    format: file(rest),
                }
            }
            [table, year, edition, rest @ ..] if is_year(year) && is_edition(edition) && rest.len() < 2 => {
                Self::Table {
                    table: text(table),
                    year: text(year),
                    edition: text(edition),
                    format: file(rest),
                }
            }
            [table @ ("X1" | "hours"), rest @ .., code] if rest.len() < 2 => {
                Self::Exercise { table: text(table), format: file(rest), code: text(code) }
            }
            _ => Self::Other(line.to_owned()),
        }
    }
}

/// A line of the log of looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When, ms UTC.
    pub at_ms: i64,
    /// Account that looked.
    pub account_id: Option<String>,
    /// It left the office as a file.
    pub exported: bool,
    /// At what.
    pub what: Looked,
}

impl App {
    /// Looks at personal data and exports of it, the latest first, at most [`LOOKS`].
    ///
    /// # Errors
    /// Those of the store.
    pub async fn looks(&self) -> Result<Vec<Look>, AppError> {
        let mut looks = Vec::new();
        for (kind, exported) in [("personal.read", false), ("personal.export", true)] {
            let lines = self.store.audit().list(Some(kind), None, LOOKS).await?;
            looks.extend(lines.into_iter().map(|line| Look {
                at_ms: line.at_ms,
                account_id: line.account_id,
                exported,
                what: Looked::read(&line.detail),
            }));
        }
        looks.sort_by_key(|look| std::cmp::Reverse(look.at_ms));
        looks.truncate(usize::try_from(LOOKS).unwrap_or(usize::MAX));
        Ok(looks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_read_as_it_was_written() {
        let text = |word: &str| word.to_owned();
        let lines = [
            (
                "X5-AGE 115 public ods",
                Looked::Table {
                    table: text("X5-AGE"),
                    year: text("115"),
                    edition: text("public"),
                    format: text("ods"),
                },
            ),
            (
                "X2 115 internal",
                Looked::Table {
                    table: text("X2"),
                    year: text("115"),
                    edition: text("internal"),
                    format: text(""),
                },
            ),
            (
                "cross agency - persons 115 public",
                Looked::Cross {
                    rows: text("agency"),
                    columns: text(""),
                    figure: text("persons"),
                    year: text("115"),
                    edition: text("public"),
                    format: text(""),
                },
            ),
            (
                "cross agency gender hours 115 internal csv",
                Looked::Cross {
                    rows: text("agency"),
                    columns: text("gender"),
                    figure: text("hours"),
                    year: text("115"),
                    edition: text("internal"),
                    format: text("csv"),
                },
            ),
            ("X1 S115-01", Looked::Exercise { table: text("X1"), format: text(""), code: text("S115-01") }),
            (
                "hours CSV S115-01",
                Looked::Exercise { table: text("hours"), format: text("CSV"), code: text("S115-01") },
            ),
            ("portal S115-01 0198c4", Looked::Portal { code: text("S115-01"), id: text("0198c4") }),
            ("portal", Looked::Other(text("portal"))),
            ("portal 0198c4", Looked::Other(text("portal 0198c4"))),
            ("overview 115", Looked::Overview(text("115"))),
            ("texts 115", Looked::Texts(text("115"))),
            ("rows 115 month", Looked::Rows { year: text("115"), by: text("month") }),
            ("package 114", Looked::Package(text("114"))),
            ("all 115 internal", Looked::All { year: text("115"), edition: text("internal") }),
            ("answers person=p-1", Looked::Answers(text("p-1"))),
            ("requests", Looked::Requests),
            ("survey=v1", Looked::Other(text("survey=v1"))),
            ("package of the year", Looked::Other(text("package of the year"))),
            ("", Looked::Other(text(""))),
        ];
        for (line, looked) in lines {
            assert_eq!(Looked::read(line), looked, "{line}");
            assert_eq!(looked.to_string(), line);
        }
    }
}
