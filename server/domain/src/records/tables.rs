//! Laying figures out as official tables: X1 by years, X1 by exercises, person-hours.

use std::collections::BTreeMap;

use super::attendance::Rule;
use super::figures::{Heads, Hundredths, PersonHours};
use super::roc::{RocDate, RocYear};
use super::table::{Cell, Column, Table, file_part};
use super::targets::{self, Target};
use super::words::{self, FemaleShares};

/// Who hands the table in, and as of when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Office that makes the table.
    pub organisation: String,
    /// Day up to which the register was read.
    pub as_of: RocDate,
    /// Line at the foot of each page, such as that the county is invented.
    pub foot: Option<String>,
}

impl Issue {
    /// With no foot line.
    #[must_use]
    pub fn new(organisation: impl Into<String>, as_of: RocDate) -> Self {
        Self { organisation: organisation.into(), as_of, foot: None }
    }
}

/// One exercise in X1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExerciseHeads {
    /// Title of the exercise.
    pub title: String,
    /// First start, ms UTC.
    pub began_ms: i64,
    /// Distinct people who came.
    pub heads: Heads,
}

/// The parts of a row with their headings, in order; 未填 only where somebody left it blank.
fn parts(heads: &Heads, with_none: bool) -> Vec<i64> {
    let mut parts = vec![heads.male, heads.female, heads.other, heads.undisclosed];
    if with_none {
        parts.push(heads.none);
    }
    parts
}

/// The verdict on a share of women; `named` where the heading names no target.
pub(super) fn x1_verdict(heads: &Heads, target: i64, named: bool) -> Cell {
    let word = match heads.female_at_least(target) {
        Some(true) => words::REACHED,
        Some(false) => words::MISSED,
        None => return Cell::None,
    };
    Cell::text(if named { words::verdict_of(word, target) } else { word.to_owned() })
}

/// The one target of all of these years; `None` where they have several.
pub(super) fn one_target(targets: &[Target], years: impl IntoIterator<Item = RocYear>) -> Option<i64> {
    let mut asked = years.into_iter().map(|year| targets::female_share(targets, year));
    let first = asked.next()?;
    asked.all(|one| one == first).then_some(first)
}

fn x1_columns(first: (&str, &str), with_none: bool, target: Option<i64>) -> Vec<Column> {
    let mut columns =
        vec![Column::new(first.0, first.1), Column::new(words::COL_TOTAL.0, words::COL_TOTAL.1)];
    let mut named = vec![words::COL_MALE, words::COL_FEMALE, words::COL_OTHER, words::COL_UNDISCLOSED];
    if with_none {
        named.push(words::COL_NONE);
    }
    for (zh, en) in named {
        columns.push(Column::new(zh, en));
        columns
            .push(Column::share(format!("{zh}{}", words::SHARE_CSV), format!("{en}, {}", words::SHARE_EN)));
    }
    columns.push(Column::new(words::COL_RATIO.0, words::COL_RATIO.1));
    let (zh, en) = words::verdict_heading(target);
    columns.push(Column::new(zh, en));
    columns
}

fn x1_row(label: &str, heads: &Heads, with_none: bool, (target, named): (i64, bool)) -> Vec<Cell> {
    let total = heads.total();
    let mut row = vec![Cell::text(label), Cell::count_or_none(total)];
    for part in parts(heads, with_none) {
        row.push(Cell::count_or_none(part));
        row.push(match Hundredths::share(part, total) {
            Some(share) if part > 0 => Cell::Decimal(share),
            _ => Cell::None,
        });
    }
    row.push(match heads.sex_ratio() {
        Some(ratio) => Cell::Decimal(ratio),
        None if total > 0 => Cell::Void,
        None => Cell::None,
    });
    row.push(x1_verdict(heads, target, named));
    row
}

/// Differences of the printed figures. A share carries 百分點 where both years print one; where one of them has 「-」 the
/// other one's figure stands alone, as there are no two shares to compare.
fn x1_change(last: &Heads, now: &Heads, with_none: bool) -> Vec<Cell> {
    let by = now.total() - last.total();
    let mut row = vec![
        Cell::text(words::CHANGE),
        match Hundredths::share(by, last.total()) {
            Some(percent) => Cell::Counted { count: by, suffix: format!(" ({percent}%)") },
            None => Cell::Count(by),
        },
    ];
    let share = |part: i64, heads: &Heads| Hundredths::share(part, heads.total()).filter(|_| part > 0);
    for (before, after) in parts(last, with_none).into_iter().zip(parts(now, with_none)) {
        row.push(if before == 0 && after == 0 { Cell::None } else { Cell::Count(after - before) });
        row.push(match (share(before, last), share(after, now)) {
            (Some(before), Some(after)) => Cell::Points(after.minus(before)),
            (None, Some(after)) => Cell::Decimal(after),
            (Some(before), None) => Cell::Decimal(Hundredths(0).minus(before)),
            (None, None) => Cell::None,
        });
    }
    row.push(match (last.sex_ratio(), now.sex_ratio()) {
        (Some(before), Some(after)) => Cell::Decimal(after.minus(before)),
        _ => Cell::Void,
    });
    row.push(Cell::Blank);
    row
}

fn x1_notes(first: &str, rows: &[Vec<Cell>], newest: &Heads, label: &str, target: i64) -> Vec<String> {
    let void = rows.iter().flatten().any(|cell| *cell == Cell::Void);
    let total = newest.total();
    let sum = newest.share_sum().filter(|sum| *sum != Hundredths(10_000)).map(|sum| sum.to_string());
    let mut notes = vec![
        first.to_owned(),
        if void { words::NOTE_SYMBOLS } else { words::NOTE_NO_VALUE }.to_owned(),
        words::note_rounding(sum.as_deref()),
    ];
    if total > 0 {
        let shown = |share: Option<Hundredths>| {
            share.map_or_else(|| words::NO_MEANING.to_owned(), |share| share.to_string())
        };
        notes.push(
            FemaleShares {
                label,
                female: newest.female,
                total,
                of_all: shown(newest.female_of_all()),
                stated: newest.stated(),
                of_stated: shown(newest.female_of_stated()),
                binary: newest.male + newest.female,
                of_binary: shown(newest.female_of_binary()),
                target,
            }
            .note(),
        );
    }
    notes.push(words::NOTE_STATED.to_owned());
    notes.push(words::NOTE_INTERNAL.to_owned());
    notes
}

/// X1 by years, up to and with `year`, newest last, internal edition. The change row stands where the year before has a row.
/// Each year is judged by its own target.
#[must_use]
pub fn x1_years(
    issue: &Issue,
    year: RocYear,
    by_year: &BTreeMap<RocYear, Heads>,
    targets: &[Target],
) -> Table {
    let mut years: BTreeMap<RocYear, Heads> =
        by_year.range(..=year).map(|(year, heads)| (*year, *heads)).collect();
    let newest = *years.entry(year).or_default();
    let with_none = years.values().any(|heads| heads.none > 0);
    let target = one_target(targets, years.keys().copied());
    let mut rows: Vec<Vec<Cell>> = years
        .iter()
        .map(|(year, heads)| {
            let asked = (targets::female_share(targets, *year), target.is_none());
            x1_row(&year.to_string(), heads, with_none, asked)
        })
        .collect();
    if let Some(last) = years.get(&year.before()) {
        rows.push(x1_change(last, &newest, with_none));
    }
    let label = words::title_year(year, "");
    Table {
        sheet: words::X1.to_owned(),
        title: words::title_year(year, words::X1),
        unit: words::X1_UNIT.to_owned(),
        columns: x1_columns(words::COL_YEAR, with_none, target),
        notes: x1_notes(words::NOTE_YEAR, &rows, &newest, &label, targets::female_share(targets, year)),
        rows,
        source: words::source(&issue.organisation, &issue.as_of.chinese()),
        background: words::background(&issue.organisation, &issue.as_of.chinese(), false),
        foot: issue.foot.clone(),
        file_stem: format!("{}_{}", words::X1_FILE, words::file_year(year)),
    }
}

/// X1 of one exercise, internal edition.
#[must_use]
pub fn x1_exercise(issue: &Issue, exercise: &ExerciseHeads, targets: &[Target]) -> Table {
    let year = RocYear::of_ms(exercise.began_ms);
    let mut table = x1_exercises(issue, year, std::slice::from_ref(exercise), &exercise.heads, targets);
    table.title = words::title_exercise(year, &exercise.title, words::X1);
    table.file_stem = format!("{}_{}_{}", words::X1_FILE, words::file_year(year), file_part(&exercise.title));
    table
}

/// X1 of a year's exercises in order of their start, internal edition. With more than one, a last row counts each person
/// once (`distinct`, from [`figures::heads`](super::figures::heads) over all of them).
#[must_use]
pub fn x1_exercises(
    issue: &Issue,
    year: RocYear,
    exercises: &[ExerciseHeads],
    distinct: &Heads,
    targets: &[Target],
) -> Table {
    let target = targets::female_share(targets, year);
    let mut sorted: Vec<&ExerciseHeads> = exercises.iter().collect();
    sorted.sort_by(|a, b| (a.began_ms, &a.title).cmp(&(b.began_ms, &b.title)));
    let with_none = sorted.iter().any(|one| one.heads.none > 0);
    let mut rows: Vec<Vec<Cell>> =
        sorted.iter().map(|one| x1_row(&one.title, &one.heads, with_none, (target, false))).collect();
    let label = match sorted.as_slice() {
        [one] => words::quoted(&one.title),
        _ => {
            rows.push(x1_row(words::DISTINCT, distinct, with_none, (target, false)));
            words::DISTINCT.to_owned()
        }
    };
    Table {
        sheet: words::X1.to_owned(),
        title: words::title_year(year, words::X1),
        unit: words::X1_UNIT.to_owned(),
        columns: x1_columns(words::COL_EXERCISE, with_none, Some(target)),
        notes: x1_notes(words::NOTE_EXERCISE, &rows, distinct, &label, target),
        rows,
        source: words::source(&issue.organisation, &issue.as_of.chinese()),
        background: words::background(&issue.organisation, &issue.as_of.chinese(), false),
        foot: issue.foot.clone(),
        file_stem: format!("{}_{}_{}", words::X1_FILE, words::BY_EXERCISE, words::file_year(year)),
    }
}

/// The rule as printed, with its figure.
#[must_use]
pub fn rule_text(rule: Rule) -> String {
    words::RULE.replace("{gap}", &(rule.gap_ms / 60_000).to_string())
}

/// Person-hours of one exercise, by agency and staff number, internal edition. The sum is made of seconds, not of the
/// printed hours.
#[must_use]
pub fn person_hours(
    issue: &Issue,
    exercise: &str,
    began_ms: i64,
    rule: Rule,
    people: &[PersonHours],
) -> Table {
    let year = RocYear::of_ms(began_ms);
    let mut sorted: Vec<&PersonHours> = people.iter().collect();
    sorted.sort();
    let mut rows: Vec<Vec<Cell>> = Vec::with_capacity(sorted.len() + 1);
    for (index, person) in sorted.iter().enumerate() {
        let remarks: Vec<&str> = [
            (person.seconds == 0, words::REMARK_ABSENT),
            (person.review, words::REMARK_OPEN),
            (person.withdrawn, words::REMARK_WITHDRAWN),
        ]
        .into_iter()
        .filter_map(|(holds, words)| holds.then_some(words))
        .collect();
        rows.push(vec![
            Cell::Count(i64::try_from(index + 1).unwrap_or(i64::MAX)),
            Cell::text(&person.agency),
            Cell::text(&person.staff_number),
            Cell::text(&person.name),
            if person.seconds > 0 { Cell::Decimal(Hundredths::hours(person.seconds)) } else { Cell::None },
            if remarks.is_empty() { Cell::Blank } else { Cell::text(remarks.join(words::REMARK_JOIN)) },
        ]);
    }
    let came = sorted.iter().filter(|person| person.seconds > 0).count();
    let seconds: i64 = sorted.iter().map(|person| person.seconds).sum();
    rows.push(vec![
        Cell::text(words::SUM),
        Cell::Blank,
        Cell::Blank,
        Cell::Counted { count: i64::try_from(came).unwrap_or(i64::MAX), suffix: words::PERSONS.to_owned() },
        if seconds > 0 { Cell::Decimal(Hundredths::hours(seconds)) } else { Cell::None },
        Cell::Blank,
    ]);
    let column = |(zh, en): (&str, &str)| Column::new(zh, en);
    Table {
        sheet: words::HOURS.to_owned(),
        title: words::title_exercise(year, exercise, words::HOURS),
        unit: words::HOURS_UNIT.to_owned(),
        columns: [
            words::COL_NUMBER,
            words::COL_AGENCY,
            words::COL_STAFF,
            words::COL_NAME,
            words::COL_HOURS,
            words::COL_REMARK,
        ]
        .into_iter()
        .map(column)
        .collect(),
        rows,
        notes: vec![
            rule_text(rule),
            words::NOTE_HOURS_ROUNDING.to_owned(),
            words::NOTE_NO_VALUE.to_owned(),
            words::session_note(&super::roc::date_time_weekday(began_ms)),
        ],
        source: words::source(&issue.organisation, &issue.as_of.chinese()),
        background: words::background(&issue.organisation, &issue.as_of.chinese(), true),
        foot: issue.foot.clone(),
        file_stem: format!("{}_{}_{}", words::HOURS_FILE, words::file_year(year), file_part(exercise)),
    }
}
