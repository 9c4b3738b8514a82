//! Hiding small cells of a published table of two variables, with its margins. Cells of 1 up to a limit are hidden, and as many
//! others as it takes until no hidden one can be computed: whoever knows that rows and columns add up, that nothing is negative,
//! and that a hidden cell is not empty, is left with two numbers at least for each of them.
//!
//! Rows, columns and their margins make a network in which each cell is an arc and a table is a circulation. A hidden cell
//! can be another number exactly where it lies on a circle of hidden arcs, each of which may grow, or may shrink and still
//! hold somebody. That is what [`hide`] looks for; what a circle lacks is hidden too, the smallest cells first. Where people
//! are counted once over several classes the margins are less than the sums of their cells; then they tell less, and the same circles hold.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What of a table is hidden.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hidden {
    /// Cells by row.
    pub cells: Vec<Vec<bool>>,
    /// Margin of each row.
    pub rows: Vec<bool>,
    /// Margin of each column.
    pub columns: Vec<bool>,
    /// The total.
    pub total: bool,
    /// Nothing but the total is printed, empty cells neither, as hiding some did not suffice.
    pub all: bool,
}

/// A table to be published. Without `columns` it has one column, whose cells are its rows.
#[derive(Debug, Clone, Copy)]
pub struct Counts<'a> {
    /// Cells by row.
    pub cells: &'a [Vec<i64>],
    /// Margin of each row.
    pub rows: &'a [i64],
    /// Margin of each column; empty for a table of one variable.
    pub columns: &'a [i64],
    /// The total.
    pub total: i64,
}

#[derive(Debug, Clone)]
struct Arc {
    from: usize,
    to: usize,
    value: i64,
    hidden: bool,
    /// A margin hides what it would hide standing alone, and is no companion of cells: other tables print it too.
    margin: bool,
    /// Arcs that this one is a part of: it is no larger than any of them.
    wholes: [Option<usize>; 2],
}

struct Network {
    arcs: Vec<Arc>,
    /// Arcs by node, those that leave it and those that enter it.
    at: Vec<Vec<usize>>,
    /// Largest printed part of each arc that is a whole.
    largest: Vec<i64>,
}

impl Network {
    fn new(nodes: usize, arcs: Vec<Arc>) -> Self {
        let mut at = vec![Vec::new(); nodes];
        for (index, arc) in arcs.iter().enumerate() {
            at[arc.from].push(index);
            at[arc.to].push(index);
        }
        let mut network = Self { largest: vec![0; arcs.len()], arcs, at };
        network.measure();
        network
    }

    fn measure(&mut self) {
        let mut largest = vec![0; self.arcs.len()];
        for arc in self.arcs.iter().filter(|arc| !arc.hidden) {
            for whole in arc.wholes.into_iter().flatten() {
                largest[whole] = largest[whole].max(arc.value);
            }
        }
        self.largest = largest;
    }

    /// May a hidden arc hold one more?
    fn grows(&self, index: usize) -> bool {
        let arc = &self.arcs[index];
        let wholes = arc.wholes.into_iter().flatten().map(|whole| &self.arcs[whole]);
        wholes.filter(|whole| !whole.hidden).all(|whole| arc.value < whole.value)
    }

    /// May a hidden arc hold one less?
    fn shrinks(&self, index: usize) -> bool {
        self.arcs[index].value > self.largest[index].max(1)
    }

    /// Is there a way from a node to another over hidden arcs without this one?
    fn reaches(&self, from: usize, to: usize, without: usize) -> bool {
        let mut seen = vec![false; self.at.len()];
        let mut queue = VecDeque::from([from]);
        seen[from] = true;
        while let Some(node) = queue.pop_front() {
            if node == to {
                return true;
            }
            for index in &self.at[node] {
                let arc = &self.arcs[*index];
                if *index == without || !arc.hidden {
                    continue;
                }
                let next = if arc.from == node { arc.to } else { arc.from };
                let open = if arc.from == node { self.grows(*index) } else { self.shrinks(*index) };
                if open && !seen[next] {
                    seen[next] = true;
                    queue.push_back(next);
                }
            }
        }
        false
    }

    fn is_safe(&self, index: usize) -> bool {
        let Arc { from, to, .. } = self.arcs[index];
        (self.grows(index) && self.reaches(to, from, index))
            || (self.shrinks(index) && self.reaches(from, to, index))
    }

    /// The cheapest way from a node to another without this arc, hiding what is not hidden: its cost and what is to be hidden.
    fn way(&self, from: usize, to: usize, without: usize) -> Option<(i64, Vec<usize>)> {
        let mut best: Vec<Option<(i64, Option<usize>)>> = vec![None; self.at.len()];
        let mut heap = BinaryHeap::from([(Reverse(0_i64), from)]);
        best[from] = Some((0, None));
        while let Some((Reverse(cost), node)) = heap.pop() {
            if node == to {
                break;
            }
            if best[node].is_some_and(|(known, _)| known < cost) {
                continue;
            }
            for index in &self.at[node] {
                let arc = &self.arcs[*index];
                if *index == without || arc.value <= 0 || (arc.margin && !arc.hidden) {
                    continue;
                }
                let onward = arc.from == node;
                let open = match (arc.hidden, onward) {
                    (true, true) => self.grows(*index),
                    // A printed part that keeps a margin from shrinking may be hidden on the way.
                    (_, false) => arc.value > 1,
                    (false, true) => true,
                };
                if !open {
                    continue;
                }
                let next = if onward { arc.to } else { arc.from };
                let step = cost + if arc.hidden { 0 } else { arc.value };
                if best[next].is_none_or(|(known, _)| step < known) {
                    best[next] = Some((step, Some(*index)));
                    heap.push((Reverse(step), next));
                }
            }
        }
        let (cost, _) = best[to]?;
        let mut path = Vec::new();
        let mut node = to;
        while let Some((_, Some(index))) = best[node] {
            let arc = &self.arcs[index];
            if !arc.hidden {
                path.push(index);
            }
            node = if arc.to == node { arc.from } else { arc.to };
        }
        Some((cost, path))
    }

    /// Hides the smallest circle through an arc. False when there is none.
    fn close(&mut self, index: usize) -> bool {
        let Arc { from, to, value, .. } = self.arcs[index];
        let ways = [self.way(to, from, index), if value > 1 { self.way(from, to, index) } else { None }];
        let Some((_, path)) = ways.into_iter().flatten().min() else { return false };
        if path.is_empty() {
            return false;
        }
        for index in path {
            self.arcs[index].hidden = true;
        }
        self.measure();
        true
    }
}

fn arcs(of: &Counts<'_>) -> (usize, Vec<Arc>) {
    let arc = |from, to, value, wholes| Arc { from, to, value, hidden: false, margin: false, wholes };
    let margin = |from, to, value, whole| Arc { margin: true, ..arc(from, to, value, [whole, None]) };
    let (rows, columns) = (of.rows.len(), of.columns.len());
    if columns == 0 {
        let mut list = vec![margin(0, 1, of.total, None)];
        list.extend(of.rows.iter().map(|value| arc(1, 0, *value, [Some(0), None])));
        return (2, list);
    }
    // Nodes: rows, columns, where rows meet, where columns part. Arcs: total, rows, columns, cells.
    let (meet, part) = (rows + columns, rows + columns + 1);
    let mut list = vec![margin(meet, part, of.total, None)];
    list.extend((0..).zip(of.rows).map(|(at, value)| margin(at, meet, *value, Some(0))));
    list.extend((0..).zip(of.columns).map(|(at, value)| margin(part, rows + at, *value, Some(0))));
    for (row, cells) in of.cells.iter().enumerate() {
        for (column, value) in cells.iter().enumerate() {
            list.push(arc(rows + column, row, *value, [Some(1 + row), Some(1 + rows + column)]));
        }
    }
    (rows + columns + 2, list)
}

/// What to hide of a table. Cells and margins of 1 up to `under` - 1 are small.
#[must_use]
pub fn hide(of: &Counts<'_>, under: i64) -> Hidden {
    let (nodes, mut list) = arcs(of);
    for arc in &mut list {
        arc.hidden = arc.value > 0 && arc.value < under;
    }
    if !of.columns.is_empty() {
        for (begin, margin) in [(1, of.rows), (1 + of.rows.len(), of.columns)] {
            let cells: Vec<Vec<i64>> = margin.iter().map(|value| vec![*value]).collect();
            let alone = hide(&Counts { cells: &cells, rows: margin, columns: &[], total: of.total }, under);
            for (at, hidden) in (begin..).zip(alone.rows) {
                // An empty margin is printed so.
                list[at].hidden = hidden && list[at].value > 0;
            }
        }
    }
    let mut network = Network::new(nodes, list);
    let mut all = false;
    // What is safe stays so when more is hidden.
    let mut safe = vec![false; network.arcs.len()];
    while let Some(next) = (0..network.arcs.len()).find(|at| network.arcs[*at].hidden && !safe[*at]) {
        if network.is_safe(next) {
            safe[next] = true;
        } else if !network.close(next) {
            all = true;
            break;
        }
    }
    let (rows, columns) = (of.rows.len(), of.columns.len());
    let hidden = |at: usize| all || network.arcs[at].hidden;
    let cells = |row: usize| {
        let width = of.cells.get(row).map_or(0, Vec::len);
        (0..width)
            .map(|column| match columns {
                0 => hidden(1 + row),
                _ => hidden(1 + rows + columns + row * width + column),
            })
            .collect()
    };
    Hidden {
        cells: (0..rows).map(cells).collect(),
        rows: (0..rows).map(|row| hidden(1 + row)).collect(),
        columns: (0..columns).map(|column| hidden(1 + rows + column)).collect(),
        total: of.total > 0 && of.total < under,
        all,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn margins(cells: &[Vec<i64>]) -> (Vec<i64>, Vec<i64>, i64) {
        let rows: Vec<i64> = cells.iter().map(|row| row.iter().sum()).collect();
        let columns = (0..cells[0].len()).map(|at| cells.iter().map(|row| row[at]).sum()).collect();
        let total = rows.iter().sum();
        (rows, columns, total)
    }

    fn hidden(cells: &[Vec<i64>], under: i64) -> Hidden {
        let (rows, columns, total) = margins(cells);
        hide(&Counts { cells, rows: &rows, columns: &columns, total }, under)
    }

    /// All tables of this form with cells up to `most`.
    fn tables(rows: usize, columns: usize, most: i64) -> Vec<Vec<Vec<i64>>> {
        let base = usize::try_from(most + 1).unwrap();
        (0..base.pow(u32::try_from(rows * columns).unwrap()))
            .map(|mut at| {
                (0..rows)
                    .map(|_| {
                        (0..columns)
                            .map(|_| {
                                let cell = i64::try_from(at % base).unwrap();
                                at /= base;
                                cell
                            })
                            .collect()
                    })
                    .collect()
            })
            .collect()
    }

    /// A table with its margins.
    struct Whole {
        cells: Vec<Vec<i64>>,
        margins: (Vec<i64>, Vec<i64>, i64),
    }

    fn wholes(rows: usize, columns: usize, most: i64) -> Vec<Whole> {
        let whole = |cells: Vec<Vec<i64>>| Whole { margins: margins(&cells), cells };
        tables(rows, columns, most).into_iter().map(whole).collect()
    }

    /// Could a reader who sees what is printed of one table take it for the other?
    fn alike(one: &Whole, other: &Whole, hidden: &Hidden) -> bool {
        let same = |hide: bool, a: i64, b: i64| if hide { b > 0 } else { a == b };
        let line = |hide: &[bool], a: &[i64], b: &[i64]| {
            hide.iter().zip(a.iter().zip(b)).all(|(hide, (a, b))| same(*hide, *a, *b))
        };
        let (a, b) = (&one.margins, &other.margins);
        same(hidden.total, a.2, b.2)
            && line(&hidden.rows, &a.0, &b.0)
            && line(&hidden.columns, &a.1, &b.1)
            && hidden
                .cells
                .iter()
                .zip(one.cells.iter().zip(&other.cells))
                .all(|(hide, (a, b))| line(hide, a, b))
    }

    /// Each hidden cell of each small table is another number in some other table that prints alike.
    fn nothing_can_be_computed(rows: usize, columns: usize, most: i64, under: i64) {
        // A circle changes a cell by one.
        let others = wholes(rows, columns, most + 1);
        let (mut looked, mut all) = (0, 0);
        for table in wholes(rows, columns, most) {
            let hidden = hidden(&table.cells, under);
            if !hidden.cells.iter().flatten().any(|hide| *hide) {
                continue;
            }
            looked += 1;
            if hidden.all {
                all += 1;
                continue;
            }
            let fits: Vec<&Whole> = others.iter().filter(|other| alike(&table, other, &hidden)).collect();
            for row in 0..rows {
                for column in (0..columns).filter(|column| hidden.cells[row][*column]) {
                    let own = table.cells[row][column];
                    let differs = fits.iter().any(|other| other.cells[row][column] != own);
                    let Whole { cells, .. } = &table;
                    assert!(differs, "{cells:?} prints {hidden:?}: row {row} column {column} is {own}");
                }
            }
        }
        assert!(looked > 50 && all < looked, "{looked} {all}");
    }

    #[test]
    fn no_hidden_cell_of_two_by_two_can_be_computed() {
        nothing_can_be_computed(2, 2, 4, 3);
    }

    #[test]
    fn no_hidden_cell_of_two_by_three_can_be_computed() {
        nothing_can_be_computed(2, 3, 2, 2);
    }

    #[test]
    fn a_single_small_cell_takes_three_others_along_and_no_more() {
        let table = vec![vec![2, 20, 30], vec![9, 40, 50], vec![60, 70, 80]];
        let hidden = hidden(&table, 3);
        let cells = [vec![true, true, false], vec![true, true, false], vec![false; 3]];
        assert_eq!(hidden.cells, cells);
        assert!(!hidden.total && !hidden.all && !hidden.rows.iter().chain(&hidden.columns).any(|hide| *hide));
    }

    #[test]
    fn a_table_of_one_variable_hides_a_second_row_that_leaves_room() {
        let rows = [2, 9, 40, 0];
        let cells: Vec<Vec<i64>> = rows.iter().map(|row| vec![*row]).collect();
        let hidden = hide(&Counts { cells: &cells, rows: &rows, columns: &[], total: 51 }, 3);
        assert_eq!(hidden.rows, [true, true, false, false]);
        // Two that hold one person each are known from their sum: a third one goes along.
        let rows = [1, 1, 40];
        let cells: Vec<Vec<i64>> = rows.iter().map(|row| vec![*row]).collect();
        let hidden = hide(&Counts { cells: &cells, rows: &rows, columns: &[], total: 42 }, 3);
        assert_eq!(hidden.rows, [true, true, true]);
        let empty = hide(&Counts { cells: &[], rows: &[], columns: &[], total: 0 }, 3);
        assert_eq!(empty, Hidden::default());
    }

    #[test]
    fn what_stands_alone_in_its_row_and_column_hides_with_the_margins() {
        let hidden = hidden(&[vec![1, 0], vec![0, 40]], 3);
        assert_eq!(hidden.cells, [vec![true, false], vec![false, true]]);
        assert_eq!((&hidden.rows, &hidden.columns), (&vec![true; 2], &vec![true; 2]));
        assert!(!hidden.total && !hidden.all);
    }

    #[test]
    fn where_no_cell_can_hold_less_the_total_stands_alone() {
        let rows = [1, 1, 1, 0];
        let cells: Vec<Vec<i64>> = rows.iter().map(|row| vec![*row]).collect();
        let hidden = hide(&Counts { cells: &cells, rows: &rows, columns: &[], total: 3 }, 3);
        assert!(hidden.all && !hidden.total, "{hidden:?}");
        assert_eq!(hidden.rows, [true; 4], "not even that one is empty is told");
    }
}
