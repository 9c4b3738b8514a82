//! Standings and points as a paper: sheets one below the other, each line as the board and the ledger say it.

use rampart_domain::records::Cell;
use serde_json::{Value, json};

use crate::papers::{COLUMN, Paper, fit, half_ems};

/// Rows under headings, with what stands above them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreSheet {
    /// Heading.
    pub title: String,
    /// Headings of the columns.
    pub columns: Vec<String>,
    /// Rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

/// Scores at one position of the ledger. All words come with it, in the language of whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScorePaper {
    /// Title.
    pub title: String,
    /// Office that led the exercise.
    pub organisation: String,
    /// Lines under the title, the ledger position among them.
    pub facts: Vec<String>,
    /// The sheets, in order.
    pub sheets: Vec<ScoreSheet>,
    /// Foot of each page, at the left.
    pub foot: String,
    /// Foot of each page, at the right; tells pages of one position from those of another.
    pub mark: String,
    /// Words around the number of a page and of all pages.
    pub page: [String; 3],
    /// After the title at the head of each page but the first.
    pub continued: String,
    /// When the ledger reached the position, ms UTC.
    pub as_of_ms: i64,
}

/// Widths that columns would like, in half ems.
fn widths(sheet: &ScoreSheet) -> Vec<u32> {
    let width = |(index, heading): (usize, &String)| {
        let cells = sheet.rows.iter().filter_map(|row| row.get(index)).map(|cell| half_ems(&cell.plain()));
        let heading = half_ems(heading).div_ceil(2).max(half_ems(heading).min(8));
        cells.chain([heading]).max().unwrap_or(0).saturating_add(2).clamp(COLUMN.0, COLUMN.1)
    };
    sheet.columns.iter().enumerate().map(width).collect()
}

/// Figures stand at the right, also where a word stands among them.
fn right(sheet: &ScoreSheet, index: usize) -> bool {
    sheet.rows.iter().filter_map(|row| row.get(index)).any(|cell| matches!(cell, Cell::Count(_)))
}

impl Paper for ScorePaper {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn as_of_ms(&self) -> i64 {
        self.as_of_ms
    }

    fn template(&self) -> &'static str {
        "scores.typ"
    }

    fn data(&self) -> Value {
        let widest = self.sheets.iter().map(|sheet| widths(sheet).iter().sum()).max().unwrap_or(0);
        let (flipped, _) = fit(widest);
        let sheets: Vec<Value> = self
            .sheets
            .iter()
            .map(|sheet| {
                let widths = widths(sheet);
                let (_, size) = fit(widths.iter().sum());
                let rows: Vec<Vec<String>> =
                    sheet.rows.iter().map(|row| row.iter().map(Cell::plain).collect()).collect();
                json!({
                    "title": sheet.title,
                    "size": size,
                    "widths": widths,
                    "right": (0..sheet.columns.len()).map(|at| right(sheet, at)).collect::<Vec<_>>(),
                    "columns": sheet.columns,
                    "rows": rows,
                })
            })
            .collect();
        json!({
            "title": self.title,
            "organisation": self.organisation,
            "foot": self.foot,
            "edition": self.mark,
            "page": self.page,
            "continued": self.continued,
            "flipped": flipped,
            "facts": self.facts,
            "sheets": sheets,
        })
    }
}
