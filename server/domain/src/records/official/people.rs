//! X1, X2, X3 and X5: people by gender.

use std::collections::BTreeMap;

use super::super::course::Standing;
use super::super::facts::PersonFact;
use super::super::figures::{Heads, Hundredths};
use super::super::mask::{self, Hide, Pair};
use super::super::register::{Age, Answers, Area, Disability, HomeArea, Identity, Indigenous, Level};
use super::super::table::{Cell, Column, Table};
use super::super::tables::{one_target, x1_verdict, x1_years};
use super::super::targets;
use super::super::words;
use super::super::words_tables as w;
use super::{
    Body, Book, Print, Variable, columns, hours_cell, masked, part_share, ratio_cell, share_cell, unless,
};

/// X1 by years.
pub(super) fn x1(print: &Print<'_>) -> Table {
    let by_year: BTreeMap<_, Heads> = print
        .book
        .facts
        .by_year(&print.book.apart)
        .into_iter()
        .map(|(year, figures)| (year, figures.persons))
        .filter(|(_, heads)| heads.total() > 0)
        .collect();
    if !print.is_public() {
        return x1_years(print.issue, print.year, &by_year, &print.book.targets);
    }
    let mut years: BTreeMap<_, Heads> =
        by_year.range(..=print.year).map(|(year, heads)| (*year, *heads)).collect();
    years.entry(print.year).or_default();
    let verdicts = print.whole.facts.by_year(&print.whole.apart);
    let asked = &print.book.targets;
    let target = one_target(asked, years.keys().copied());
    let mut rows = Vec::new();
    for (year, heads) in &years {
        let hide = mask::alone(heads.into(), print.under);
        let verdict = match verdicts.get(year) {
            _ if hide.parts => masked(),
            Some(all) => x1_verdict(&all.persons, targets::female_share(asked, *year), target.is_none()),
            None => Cell::None,
        };
        rows.push(vec![
            Cell::text(year.to_string()),
            unless(hide.base, Cell::count_or_none(heads.total())),
            unless(hide.parts, Cell::count_or_none(heads.male)),
            unless(hide.parts, part_share(heads.male, heads.total())),
            unless(hide.parts, Cell::count_or_none(heads.female)),
            unless(hide.parts, part_share(heads.female, heads.total())),
            unless(hide.parts, ratio_cell(heads)),
            verdict,
        ]);
    }
    let now = years.get(&print.year).copied().unwrap_or_default();
    if let Some(last) = years.get(&print.year.before()) {
        rows.push(change(last, &now, print.under));
    }
    let (zh, en) = words::verdict_heading(target);
    let heading = vec![
        Column::new(words::COL_YEAR.0, words::COL_YEAR.1),
        Column::new(words::COL_TOTAL.0, words::COL_TOTAL.1),
        Column::new(words::COL_MALE.0, words::COL_MALE.1),
        share_column(words::COL_MALE),
        Column::new(words::COL_FEMALE.0, words::COL_FEMALE.1),
        share_column(words::COL_FEMALE),
        Column::new(words::COL_RATIO.0, words::COL_RATIO.1),
        Column::new(zh, en),
    ];
    let notes = vec![
        words::NOTE_YEAR.to_owned(),
        words::NOTE_SYMBOLS.to_owned(),
        words::note_rounding(None),
        w::NOTE_STRICT.to_owned(),
    ];
    let mut table = print.table(
        words::X1,
        words::X1_UNIT,
        heading,
        Body { rows, notes, classes: "依年度，按性別（男、女）分。" },
    );
    table.file_stem = format!("{}_{}_{}", words::X1_FILE, words::file_year(print.year), w::PUBLIC_FILE);
    table
}

/// The change row of the public edition; what is hidden of either year is hidden here.
fn change(last: &Heads, now: &Heads, under: i64) -> Vec<Cell> {
    let (before, after) = (mask::alone(last.into(), under), mask::alone(now.into(), under));
    let parts = before.parts || after.parts;
    let by = now.total() - last.total();
    let points = |before: i64, after: i64| match (
        Hundredths::share(before, last.total()),
        Hundredths::share(after, now.total()),
    ) {
        (Some(before), Some(after)) => Cell::Points(after.minus(before)),
        _ => Cell::None,
    };
    vec![
        Cell::text(words::CHANGE),
        unless(
            before.base || after.base,
            match Hundredths::share(by, last.total()) {
                Some(percent) => Cell::Counted { count: by, suffix: format!(" ({percent}%)") },
                None => Cell::Count(by),
            },
        ),
        unless(parts, Cell::Count(now.male - last.male)),
        unless(parts, points(last.male, now.male)),
        unless(parts, Cell::Count(now.female - last.female)),
        unless(parts, points(last.female, now.female)),
        unless(
            parts,
            match (last.sex_ratio(), now.sex_ratio()) {
                (Some(before), Some(after)) => Cell::Decimal(after.minus(before)),
                _ => Cell::Void,
            },
        ),
        Cell::Blank,
    ]
}

fn share_column((zh, en): (&str, &str)) -> Column {
    Column::share(format!("{zh}{}", words::SHARE_CSV), format!("{en}, {}", words::SHARE_EN))
}

/// The columns of people in X2: all, men, women and, within the office, the others.
fn people_cells(heads: &Heads, hide: Hide, public: bool) -> Vec<Cell> {
    let mut cells = vec![
        unless(hide.base, Cell::count_or_none(heads.total())),
        unless(hide.parts, Cell::count_or_none(heads.male)),
        unless(hide.parts, Cell::count_or_none(heads.female)),
    ];
    if !public {
        cells.push(Cell::count_or_none(heads.other));
        cells.push(Cell::count_or_none(heads.undisclosed + heads.none));
    }
    cells
}

/// X2 by sessions.
pub(super) fn x2(print: &Print<'_>) -> Table {
    let (facts, apart) = (&print.book.facts, &print.book.apart);
    let public = print.is_public();
    let of_sessions = facts.by_session(apart, print.year);
    let all = facts.figures(apart, |session| session.year() == print.year);
    let pairs: Vec<Pair> = of_sessions.values().map(|one| Pair::from(&one.times)).collect();
    let hidden = if public { mask::hide(&pairs, print.under) } else { mask::Hidden::default() };
    let mut rows = Vec::with_capacity(of_sessions.len() + 2);
    for (index, (at, figures)) in of_sessions.iter().enumerate() {
        let session = &facts.sessions()[*at];
        let hide = hidden.rows.get(index).copied().unwrap_or_default();
        let hide = if figures.times.total() == 0 && !hidden.all { Hide::default() } else { hide };
        let mut row = vec![
            Cell::text(&session.code),
            Cell::text(&session.title),
            session.aspect.map_or(Cell::None, |aspect| Cell::text(aspect.title())),
            if session.category.is_empty() { Cell::None } else { Cell::text(&session.category) },
            Cell::text(session.days()),
            Cell::count_or_none(figures.expected),
        ];
        row.extend(people_cells(&figures.times, hide, public));
        row.extend([
            hours_cell(session.seconds),
            unless(hide.base, hours_cell(figures.seconds)),
            unless(hide.base, share_cell(figures.attendance())),
            unless(hide.base, share_cell(figures.passing())),
        ]);
        rows.push(row);
    }
    let total = hidden.total;
    let mut sum = vec![
        Cell::text(words::SUM),
        Cell::Counted { count: all.sessions, suffix: w::SESSIONS.to_owned() },
        Cell::Blank,
        Cell::Blank,
        Cell::Blank,
        Cell::count_or_none(all.expected),
    ];
    sum.extend(people_cells(&all.times, total, public));
    sum.extend([
        hours_cell(all.planned),
        unless(total.base, hours_cell(all.seconds)),
        unless(total.base, share_cell(all.attendance())),
        unless(total.base, share_cell(all.passing())),
    ]);
    rows.push(sum);
    let distinct = if public { mask::alone((&all.persons).into(), print.under) } else { Hide::default() };
    let mut last = vec![Cell::text(words::DISTINCT)];
    last.extend(std::iter::repeat_n(Cell::Blank, 5));
    last.extend(people_cells(&all.persons, distinct, public));
    last.extend(std::iter::repeat_n(Cell::Blank, 4));
    rows.push(last);
    let mut headings = vec![
        w::COL_CODE,
        w::COL_TITLE,
        w::COL_ASPECT,
        w::COL_CATEGORY,
        w::COL_DAYS,
        w::COL_EXPECTED,
        w::COL_TIMES,
        words::COL_MALE,
        words::COL_FEMALE,
    ];
    if !public {
        headings.extend([words::COL_OTHER, w::COL_NOT_DISCLOSED]);
    }
    headings.extend([w::COL_PLANNED, w::COL_PERSON_HOURS, w::COL_ATTENDANCE, w::COL_PASSING]);
    let (times, persons) = (all.times, all.persons);
    let mut notes = vec![match all.tested {
        0 => format!("{}。", w::NOTE_X2),
        tested => format!("{}（{}/{tested}）。", w::NOTE_X2, all.passed),
    }];
    if public && (total.base || distinct.base) {
        notes = vec![format!("{}。", w::NOTE_X2)];
    }
    notes.push(w::NOTE_PASS_MARK.to_owned());
    if !(total.parts || distinct.parts) {
        notes.push(w::check_line(
            times.total(),
            persons.total(),
            times.male - persons.male,
            times.female - persons.female,
        ));
    }
    notes.extend(words::rule_lines());
    print.table(w::X2, w::X2_UNIT, columns(&headings), Body { rows, notes, classes: "依場次，按性別分。" })
}

/// The groups of X3.
pub(super) const GROUPS: [Standing; 4] =
    [Standing::Planner, Standing::Staff, Standing::Contractor, Standing::Trainer];

fn group(book: &Book, year: super::super::RocYear, part: Standing) -> Heads {
    book.facts.of_part(&book.apart, year, part)
}

/// The groups of X3 that fall short and of which nobody has written why.
#[must_use]
pub fn lacks_reason(book: &Book, year: super::super::RocYear) -> Vec<Standing> {
    let asked = targets::either(&book.targets, year);
    GROUPS
        .into_iter()
        .filter(|part| asked.fits(&group(book, year, *part)) == Some(false))
        .filter(|part| !book.texts.contains_key(&format!("x3:{}", part.code())))
        .collect()
}

/// X3 by groups.
pub(super) fn x3(print: &Print<'_>) -> Table {
    let mut rows = Vec::new();
    let asked = targets::either(&print.book.targets, print.year);
    let mut notes = vec![
        w::either_note(asked, !print.is_public()),
        w::NOTE_X3_DISTINCT.to_owned(),
        words::NOTE_SYMBOLS.to_owned(),
    ];
    for part in GROUPS {
        let heads = group(print.book, print.year, part);
        let total = heads.total();
        let hide =
            if print.is_public() { mask::alone((&heads).into(), print.under) } else { Hide::default() };
        let text = print.book.texts.get(&format!("x3:{}", part.code()));
        let fits = asked.fits(&heads);
        rows.push(vec![
            Cell::text(w::group(part)),
            unless(hide.base, Cell::count_or_none(total)),
            unless(hide.parts, Cell::count_or_none(heads.male)),
            unless(hide.parts, Cell::count_or_none(heads.female)),
            unless(hide.parts, share_cell(heads.female_of_all())),
            unless(hide.parts, share_cell(Hundredths::share(heads.male.min(heads.female), total))),
            match fits {
                _ if hide.parts => masked(),
                Some(true) => Cell::text(w::FITS),
                Some(false) if text.is_none() => Cell::text(format!("{}{}", w::FITS_NOT, w::REASON_DUE)),
                Some(false) => Cell::text(w::FITS_NOT),
                None => Cell::None,
            },
        ]);
        if let (Some(false), Some(text), false) = (fits, text, hide.parts) {
            notes.push(w::reason_note(w::group(part), text));
        }
    }
    let mut heading = columns(&[
        w::COL_PART,
        w::COL_COUNT,
        words::COL_MALE,
        words::COL_FEMALE,
        w::COL_FEMALE_SHARE,
        w::COL_LESSER_SHARE,
    ]);
    let (zh, en) = w::either_heading(&asked.to_string());
    heading.push(Column::new(zh, en));
    print.table(w::X3, w::X3_UNIT, heading, Body { rows, notes, classes: "依參與類別，按性別分。" })
}

/// The classes of a variable, in the order of the form, with what was not said as the last one.
pub(super) fn classes(variable: Variable) -> Vec<String> {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    match variable {
        Variable::Age => words(&w::AGES),
        Variable::Area => words(&w::AREAS),
        Variable::Indigenous => words(&w::PEOPLES),
        Variable::Disability => words(&w::DISABILITIES),
        Variable::Identity => Identity::ALL
            .iter()
            .map(|one| one.title().to_owned())
            .chain([w::NOT_REGISTERED.to_owned()])
            .collect(),
        Variable::Level => Level::ALL
            .iter()
            .map(|one| format!("{}{}", one.code(), w::LEVEL))
            .chain([w::NOT_REGISTERED.to_owned()])
            .collect(),
    }
}

/// Position of a person in [`classes`].
pub(super) fn class_of(variable: Variable, person: &PersonFact, answers: &Answers) -> usize {
    fn at<T: PartialEq>(list: &[T], one: Option<T>) -> Option<usize> {
        one.and_then(|one| list.iter().position(|known| *known == one))
    }
    let last = classes(variable).len() - 1;
    let found = match variable {
        Variable::Age => at(Age::ALL, answers.age),
        // Where somebody says nothing, the place of their agency stands for it: it is on the register.
        Variable::Area => match answers.area {
            Some(area) => at(HomeArea::ALL, Some(area)),
            None => at(Area::ALL, person.area),
        },
        Variable::Indigenous => at(Indigenous::ALL, answers.indigenous),
        Variable::Disability => at(Disability::ALL, answers.disability),
        Variable::Identity => at(Identity::ALL, person.identity),
        Variable::Level => at(Level::ALL, person.level),
    };
    found.unwrap_or(last).min(last)
}

/// X5 by one variable.
pub(super) fn x5(print: &Print<'_>, variable: Variable) -> Table {
    let (facts, apart) = (&print.book.facts, &print.book.apart);
    let names = classes(variable);
    let mut people: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    let trained = facts.trained(print.year);
    for at in &trained {
        let person = &facts.persons()[*at];
        let answers = apart.get(&person.id).copied().unwrap_or_default();
        people[class_of(variable, person, &answers)].push(*at);
    }
    let heads: Vec<Heads> = people.iter().map(|group| facts.heads(apart, group.iter().copied())).collect();
    let total = facts.heads(apart, trained);
    let public = print.is_public();
    let pairs: Vec<Pair> = heads.iter().map(Pair::from).collect();
    let hidden = if public { mask::hide(&pairs, print.under) } else { mask::Hidden::default() };
    let with_none = !public && total.none > 0;
    let row = |label: &str, heads: &Heads, hide: Hide| {
        let total = heads.total();
        let mut cells = vec![Cell::text(label), unless(hide.base, Cell::count_or_none(total))];
        for part in [heads.male, heads.female] {
            cells.push(unless(hide.parts, Cell::count_or_none(part)));
            cells.push(unless(hide.parts, part_share(part, total)));
        }
        if !public {
            for part in [heads.other, heads.undisclosed] {
                cells.extend([Cell::count_or_none(part), part_share(part, total)]);
            }
        }
        if with_none {
            cells.extend([Cell::count_or_none(heads.none), part_share(heads.none, total)]);
        }
        cells
    };
    let mut rows: Vec<Vec<Cell>> = heads
        .iter()
        .enumerate()
        .map(|(at, heads)| {
            let hide = hidden.rows.get(at).copied().unwrap_or_default();
            let hide = if heads.total() == 0 && !hidden.all { Hide::default() } else { hide };
            row(&names[at], heads, hide)
        })
        .collect();
    rows.push(row(w::ALL, &total, hidden.total));
    let mut heading = columns(&[(variable.title(), "Class"), words::COL_TOTAL]);
    let mut genders = vec![words::COL_MALE, words::COL_FEMALE];
    if !public {
        genders.extend([words::COL_OTHER, words::COL_UNDISCLOSED]);
    }
    if with_none {
        genders.push(words::COL_NONE);
    }
    for gender in genders {
        heading.push(Column::new(gender.0, gender.1));
        heading.push(share_column(gender));
    }
    let stated =
        matches!(variable, Variable::Age | Variable::Area | Variable::Indigenous | Variable::Disability);
    let mut notes = vec![w::NOTE_X5.to_owned()];
    if stated {
        notes.push(w::NOTE_X5_STATED.to_owned());
    }
    notes.extend([words::NOTE_NO_VALUE.to_owned(), words::note_rounding(None)]);
    let name = format!("{}（{}×性別）", w::X5, variable.title());
    print.table(&name, words::X1_UNIT, heading, Body { rows, notes, classes: "複分類與性別交叉。" })
}
