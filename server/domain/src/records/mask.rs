//! Hiding small cells in what is published. Men and women of each row, their sum (the base) and the total over all rows are
//! printed; whoever subtracts must not get at a cell that stands as 「※」.
//!
//! A row with one or two men or women hides both; where the base itself is that small, the base too. Rows that add up to a
//! printed total need at least one more row that is hidden and leaves room. [`hide`] adds rows, the smallest first, until
//! [`leaks`] finds nothing; where rows do not suffice, every row is hidden and the total stands alone.
//!
//! Several tables of the same people say no more together than each alone, as what they share is the total, and it is printed
//! alike in all: whatever men and women one table may hold in its rows, each other table may hold beside it. For that, where
//! men or women are few in the total no row of any table shows them, or each table would bound the total in its own way.

use super::figures::Heads;

/// Men and women of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// Men.
    pub male: i64,
    /// Women.
    pub female: i64,
}

impl From<&Heads> for Pair {
    fn from(heads: &Heads) -> Self {
        Self { male: heads.male, female: heads.female }
    }
}

impl Pair {
    /// Men and women.
    #[must_use]
    pub const fn base(self) -> i64 {
        self.male + self.female
    }
}

/// What of a row is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hide {
    /// Men and women, and all that is made of them.
    pub parts: bool,
    /// Their sum, and all that is made of it.
    pub base: bool,
}

/// Rows and total as they are printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hidden {
    /// Each row.
    pub rows: Vec<Hide>,
    /// The total.
    pub total: Hide,
    /// Every row is hidden, empty ones too, so that not even that is known of them.
    pub all: bool,
}

/// A row by itself: cells of 1 up to `under` - 1 are small.
#[must_use]
pub fn alone(row: Pair, under: i64) -> Hide {
    let small = |cell: i64| cell > 0 && cell < under;
    Hide { parts: small(row.male) || small(row.female), base: small(row.base()) }
}

/// Is some hidden cell of these rows, which add up to the total, a single number for whoever knows what is printed?
#[must_use]
pub fn leaks(rows: &[Pair], hidden: &Hidden) -> bool {
    if hidden.all {
        return false;
    }
    let total = sum(rows);
    let in_rows = |keep: &dyn Fn(&Hide) -> bool| -> Vec<Pair> {
        rows.iter().zip(&hidden.rows).filter(|(_, hide)| keep(hide)).map(|(row, _)| *row).collect()
    };
    let parts = in_rows(&|hide| hide.parts);
    if parts.is_empty() {
        return false;
    }
    // Rows whose sum is not printed: with the total's sum known, theirs together is.
    let no_base = in_rows(&|hide| hide.base);
    let of_no_base: i64 = no_base.iter().map(|row| row.base()).sum();
    let known_base = !hidden.total.base;
    // Each of them holds somebody, or it would stand as empty.
    if known_base && !no_base.is_empty() && of_no_base <= i64::try_from(no_base.len()).unwrap_or(i64::MAX) {
        return true;
    }
    if known_base && no_base.len() == 1 {
        return true;
    }
    if hidden.total.parts {
        return false;
    }
    let (men, women) = parts.iter().fold((0, 0), |(men, women), row| (men + row.male, women + row.female));
    // A column that is empty all over is printed so; then each other cell is its row's sum.
    if total.male == 0 || total.female == 0 {
        return parts.len() != no_base.len();
    }
    let with_base: Vec<Pair> = in_rows(&|hide| hide.parts && !hide.base);
    let with_sum: i64 = with_base.iter().map(|row| row.base()).sum();
    let fixed = with_base.iter().any(|row| {
        let base = row.base();
        // The others take what this row leaves; rows without a printed sum take anything.
        let (least, most) = if no_base.is_empty() {
            ((men - (with_sum - base)).max(0), base.min(men))
        } else {
            ((base - women).max(0), base.min(men))
        };
        least >= most
    });
    // What rows with a printed sum must take at least is not left for those without.
    let room_men = men - (with_sum - women).max(0);
    let room_women = women - (with_sum - men).max(0);
    fixed || (!no_base.is_empty() && (room_men < 1 || room_women < 1))
}

fn sum(rows: &[Pair]) -> Pair {
    rows.iter()
        .fold(Pair::default(), |sum, row| Pair { male: sum.male + row.male, female: sum.female + row.female })
}

/// What to hide of rows that add up to a total. The total hides what it would hide standing alone, so that it is printed
/// alike in every table of a package.
#[must_use]
pub fn hide(rows: &[Pair], under: i64) -> Hidden {
    within(rows, alone(sum(rows), under), under).only_sums(rows)
}

impl Hidden {
    /// Where men or women are few in the total, no row shows them.
    fn only_sums(mut self, rows: &[Pair]) -> Self {
        if self.total.parts {
            for (hide, _) in self.rows.iter_mut().zip(rows).filter(|(_, row)| row.base() > 0) {
                hide.parts = true;
            }
        }
        self
    }
}

/// Rows with a total of which this is hidden.
fn within(rows: &[Pair], total: Hide, under: i64) -> Hidden {
    let mut hidden = Hidden { rows: rows.iter().map(|row| alone(*row, under)).collect(), total, all: false };
    let total = sum(rows);
    let mut order: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].base() > 0).collect();
    order.sort_by_key(|at| (rows[*at].base(), *at));
    // In a one-sided table a cell is its row's sum.
    let one_sided = !hidden.total.parts && (total.male == 0 || total.female == 0);
    if one_sided {
        for row in hidden.rows.iter_mut().filter(|row| row.parts) {
            row.base = true;
        }
    }
    while leaks(rows, &hidden) {
        // First a companion for a hidden sum, then one for hidden parts.
        let sums = hidden.rows.iter().any(|row| row.base);
        let next = order.iter().copied().find(|at| {
            let row = hidden.rows[*at];
            !row.parts || (sums && !row.base)
        });
        let Some(next) = next else {
            hidden.all = true;
            for row in &mut hidden.rows {
                *row = Hide { parts: true, base: true };
            }
            break;
        };
        hidden.rows[next] = Hide { parts: true, base: sums || one_sided };
    }
    hidden
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// What a reader sees: `None` is 「※」.
    type Seen = Vec<[Option<i64>; 3]>;

    fn seen(rows: &[Pair], under: i64) -> Seen {
        let hidden = hide(rows, under);
        let total = rows.iter().fold(Pair::default(), |sum, row| Pair {
            male: sum.male + row.male,
            female: sum.female + row.female,
        });
        let empty = (!hidden.total.parts && total.male == 0, !hidden.total.parts && total.female == 0);
        let line = |row: Pair, hide: Hide, all: bool| {
            let zero = row.base() == 0 && !all;
            [
                (zero || !hide.parts || empty.0).then_some(row.male),
                (zero || !hide.parts || empty.1).then_some(row.female),
                (zero || !hide.base).then_some(row.base()),
            ]
        };
        rows.iter()
            .zip(&hidden.rows)
            .map(|(row, hide)| line(*row, *hide, hidden.all))
            .chain([line(total, hidden.total, false)])
            .collect()
    }

    /// Every table of three rows with cells up to 4, against every other one that fits the same print: a hidden cell that
    /// is the same number in all of them could be computed.
    #[test]
    fn no_hidden_cell_can_be_computed() {
        const MOST: i64 = 5;
        const UNDER: i64 = 3;
        let cells: Vec<Pair> =
            (0..=MOST).flat_map(|male| (0..=MOST).map(move |female| Pair { male, female })).collect();
        let mut looked = 0;
        for one in &cells {
            for two in cells.iter().filter(|two| *two >= one) {
                for three in cells.iter().filter(|three| *three >= two) {
                    let rows = [*one, *two, *three];
                    let print = seen(&rows, UNDER);
                    if print.iter().flatten().all(Option::is_some) {
                        continue;
                    }
                    looked += 1;
                    let found = solutions(&print);
                    for (row, cells) in print.iter().enumerate() {
                        for (column, _) in cells.iter().enumerate().filter(|(_, cell)| cell.is_none()) {
                            let values = &found[&(row, column)];
                            assert!(
                                values.len() > 1,
                                "{rows:?} prints {print:?}: row {row} column {column} is {values:?}"
                            );
                        }
                    }
                }
            }
        }
        assert!(looked > 1_000, "{looked}");
    }

    /// Values that each cell can take, for a reader who knows that rows add up, that nothing is negative, and that a row
    /// with a hidden cell is not empty unless all rows are hidden. Looks no further once each hidden cell has two.
    fn solutions(print: &Seen) -> BTreeMap<(usize, usize), BTreeSet<i64>> {
        let (total, rows) = print.split_last().unwrap();
        let all = rows.iter().all(|row| row[2].is_none());
        let [men, women, base] = *total;
        let most = base.or(men.zip(women).map(|(men, women)| men + women)).unwrap_or(5);
        let choices: Vec<Vec<Pair>> = rows
            .iter()
            .map(|[men, women, base]| {
                let range =
                    |known: &Option<i64>| known.map_or(0..=base.unwrap_or(most), |known| known..=known);
                range(men)
                    .flat_map(|male| range(women).map(move |female| Pair { male, female }))
                    .filter(|pair| base.is_none_or(|base| pair.base() == base))
                    .filter(|pair| all || base.is_some() || pair.base() > 0)
                    .collect()
            })
            .collect();
        let hidden: Vec<(usize, usize)> = print
            .iter()
            .enumerate()
            .flat_map(|(row, cells)| (0..3).filter(|column| cells[*column].is_none()).map(move |c| (row, c)))
            .collect();
        let mut found: BTreeMap<(usize, usize), BTreeSet<i64>> = BTreeMap::new();
        for one in &choices[0] {
            for two in &choices[1] {
                for three in &choices[2] {
                    let sum = Pair {
                        male: one.male + two.male + three.male,
                        female: one.female + two.female + three.female,
                    };
                    let fits = men.is_none_or(|men| men == sum.male)
                        && women.is_none_or(|women| women == sum.female)
                        && base.is_none_or(|base| base == sum.base());
                    if !fits {
                        continue;
                    }
                    let mut news = false;
                    for (row, pair) in [one, two, three, &sum].into_iter().enumerate() {
                        for (column, value) in [pair.male, pair.female, pair.base()].into_iter().enumerate() {
                            news |= found.entry((row, column)).or_default().insert(value);
                        }
                    }
                    if news && hidden.iter().all(|at| found[at].len() > 1) {
                        return found;
                    }
                }
            }
        }
        found
    }
}
