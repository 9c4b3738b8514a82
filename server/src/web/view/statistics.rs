//! Table X1 as a page. Every figure is the table's own cell as printed; nothing is computed or rounded here.

use rampart_app::Statistics as Figures;
use rampart_domain::records::targets::female_share;
use rampart_domain::records::{Cell, Heads, Hundredths, RocYear, Table};
use rampart_pages::{ShownTable, TableCell, TableHead, TargetVerdict, X1Row, X1RowKind};

/// Whether a column holds figures, also those that are printed as words, `44.44%`, `4.12(52)`, `※`; one word in it makes it a
/// column of words.
fn figures_in(table: &Table, at: usize) -> bool {
    let figure = |text: &str| {
        let digits = text.chars().all(|c| c.is_ascii_digit() || ".,%-()".contains(c));
        text == "※" || digits && text.contains(['%', '('])
    };
    let mut cells = table.rows.iter().filter_map(|row| row.get(at)).peekable();
    cells.peek().is_some() && cells.all(|cell| !matches!(cell, Cell::Text(text) if !figure(text)))
}

/// A table as pages show it.
#[must_use]
pub fn shown_table(table: &Table) -> ShownTable {
    let numbers: Vec<bool> = (0..table.columns.len()).map(|at| at > 0 && figures_in(table, at)).collect();
    ShownTable {
        title: table.title.clone(),
        unit: table.unit.clone(),
        columns: table
            .columns
            .iter()
            .zip(&numbers)
            .map(|(column, number)| TableHead {
                number: *number,
                zh: column.zh.clone(),
                en: column.en.clone(),
            })
            .collect(),
        rows: table
            .rows
            .iter()
            .map(|row| {
                let cells = row.iter().zip(&numbers);
                cells.map(|(cell, number)| TableCell { text: cell.shown(), number: *number }).collect()
            })
            .collect(),
        notes: table.note_lines(),
        source: table.source.clone(),
    }
}

/// Cells of an X1 table by meaning, whether or not it has the column of those who left it blank.
struct Row<'a> {
    cells: &'a [Cell],
    with_none: bool,
}

impl Row<'_> {
    fn cell(&self, index: usize) -> String {
        self.cells.get(index).map(Cell::shown).unwrap_or_default()
    }

    /// Count and share of the part at `index` (0 men, 1 women, 2 other, 3 undisclosed, 4 blank).
    fn part(&self, index: usize) -> [String; 2] {
        if index == 4 && !self.with_none {
            return ["-".to_owned(), "-".to_owned()];
        }
        [self.cell(2 + 2 * index), self.cell(3 + 2 * index)]
    }

    /// The column of the sex ratio.
    fn ratio(&self) -> String {
        self.cell(if self.with_none { 12 } else { 10 })
    }

    /// The counts of the row, read back from its cells.
    fn heads(&self) -> Heads {
        let count = |part: usize| match self.cells.get(2 + 2 * part) {
            Some(Cell::Count(count)) => *count,
            _ => 0,
        };
        Heads {
            male: count(0),
            female: count(1),
            other: count(2),
            undisclosed: count(3),
            none: if self.with_none { count(4) } else { 0 },
        }
    }

    /// `target` is what its year asks for; `shown` where the heading names another one.
    fn x1(
        &self,
        kind: X1RowKind,
        (label, western): (String, Option<String>),
        heads: Option<&Heads>,
        (target, shown): (i64, bool),
    ) -> X1Row {
        X1Row {
            kind,
            label,
            western,
            total: self.cell(1),
            male: self.part(0),
            female: self.part(1),
            other: self.part(2),
            undisclosed: self.part(3),
            unfilled: self.part(4),
            ratio: self.ratio(),
            of_all: heads.map(of_all).unwrap_or_default(),
            of_mf: heads.map(of_mf).unwrap_or_default(),
            verdict: verdict(heads, target),
            asked: shown.then_some(target),
        }
    }
}

fn shown(share: Option<Hundredths>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| share.to_string())
}

fn of_all(heads: &Heads) -> [String; 2] {
    [shown(heads.female_of_all()), format!("{}/{}", heads.female, heads.total())]
}

fn of_mf(heads: &Heads) -> [String; 2] {
    [shown(heads.female_of_binary()), format!("{}/{}", heads.female, heads.male + heads.female)]
}

fn verdict(heads: Option<&Heads>, target: i64) -> TargetVerdict {
    match heads.and_then(|heads| heads.female_at_least(target)) {
        Some(true) => TargetVerdict::Met,
        Some(false) => TargetVerdict::Missed,
        None => TargetVerdict::None,
    }
}

fn with_none(table: &Table) -> bool {
    table.columns.len() > 12
}

/// The rows of the page: the exercise, its years, the change.
#[must_use]
pub fn rows(figures: &Figures, code: &str) -> Vec<X1Row> {
    let mut rows = Vec::new();
    let target = female_share(&figures.targets, figures.year);
    let here = with_none(&figures.exercise);
    for cells in figures.exercise.rows.iter().take(1) {
        let row = Row { cells, with_none: here };
        let label = (code.to_owned(), None);
        rows.push(row.x1(X1RowKind::Session, label, Some(&figures.heads), (target, false)));
    }
    let here = with_none(&figures.years);
    for cells in &figures.years.rows {
        let row = Row { cells, with_none: here };
        let label = row.cell(0);
        match label.parse::<i16>() {
            Ok(year) => {
                let heads = row.heads();
                let western = Some(RocYear(year).ad().to_string());
                let own = female_share(&figures.targets, RocYear(year));
                rows.push(row.x1(X1RowKind::Year, (label, western), Some(&heads), (own, own != target)));
            }
            Err(_) => rows.push(row.x1(X1RowKind::Change, (String::new(), None), None, (target, false))),
        }
    }
    rows
}

/// Somebody left it blank, in the exercise or in a year.
#[must_use]
pub fn has_unfilled(figures: &Figures) -> bool {
    with_none(&figures.exercise) || with_none(&figures.years)
}

/// The sum of the exercise's printed shares where it is not 100.00.
#[must_use]
pub fn share_sum(figures: &Figures) -> Option<String> {
    figures.heads.share_sum().filter(|sum| *sum != Hundredths(10_000)).map(|sum| sum.to_string())
}
