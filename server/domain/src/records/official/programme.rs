//! X6, X7, X8 and the hours of a year: what the programme and the law ask for.

use std::collections::{BTreeMap, BTreeSet};

use super::super::course;
use super::super::duty::{self, Owed};
use super::super::facts::{DutyClass, SessionFact};
use super::super::figures::{Heads, Hundredths};
use super::super::findings;
use super::super::mask;
use super::super::roc::{RocDate, RocYear};
use super::super::table::{Cell, Table};
use super::super::targets::{self, Either, Measure, Target};
use super::super::words;
use super::super::words_tables as w;
use super::people::GROUPS;
use super::{Body, Book, Print, columns, hours_cell, masked, share_cell, size, unless};

type Figures = super::super::facts::Figures;

/// What was reached of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// A number.
    Count(i64),
    /// Hours.
    Hours(Hundredths),
    /// Per cent.
    Share(Hundredths),
}

impl Amount {
    /// As tables have it.
    #[must_use]
    pub fn cell(self) -> Cell {
        match self {
            Self::Count(count) => Cell::Count(count),
            Self::Hours(hours) => Cell::Decimal(hours),
            Self::Share(share) => Cell::text(format!("{share}%")),
        }
    }

    /// The number alone.
    #[must_use]
    pub fn plain(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Hours(figure) | Self::Share(figure) => figure.to_string(),
        }
    }
}

/// A target with what was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The target.
    pub target: &'a Target,
    /// The half that this is about: measure and value.
    pub measure: Measure,
    /// What is asked.
    pub value: i64,
    /// What was reached. `None` where it is entered by hand and was not, or where a share has no whole.
    pub actual: Option<Amount>,
    /// 達成率: what was reached of what is asked, per cent.
    pub rate: Option<Hundredths>,
    /// Whether the target is reached, by integers.
    pub reached: Option<bool>,
    /// Of an OR target: whether this half is the claimed one. `None` for others.
    pub claimed: Option<bool>,
}

/// A number that a target asks for and that years add up to; hours in seconds.
fn counted(measure: Measure, figures: &Figures) -> Option<i64> {
    match measure {
        Measure::Persons => Some(figures.persons.total()),
        Measure::PersonTimes => Some(figures.times.total()),
        Measure::PersonHours => Some(figures.seconds),
        Measure::Sessions => Some(figures.sessions),
        Measure::Cases => Some(figures.cases),
        Measure::FemaleShare
        | Measure::EitherPart
        | Measure::EitherShare
        | Measure::GraveClosed
        | Measure::Websites => None,
    }
}

/// Such a number as it is printed.
fn amount(measure: Measure, count: i64) -> Amount {
    match measure {
        Measure::PersonHours => Amount::Hours(Hundredths::hours(count)),
        _ => Amount::Count(count),
    }
}

/// Whether a target of this county looks at a session.
fn looks_at(county: &str, session: &SessionFact) -> bool {
    county.is_empty() || session.county == county
}

/// Figures that a target of this county looks at.
fn of_county(book: &Book, county: &str, years: impl Fn(RocYear) -> bool) -> Figures {
    book.facts.figures(&book.apart, |session| years(session.year()) && looks_at(county, session))
}

/// The groups of X3 in which anybody is, at the sessions of this county.
fn groups(book: &Book, county: &str, year: RocYear) -> Vec<Heads> {
    GROUPS
        .into_iter()
        .map(|part| {
            book.facts
                .of_part_at(&book.apart, part, |session| session.year() == year && looks_at(county, session))
        })
        .filter(|heads| heads.total() > 0)
        .collect()
}

/// Actual value, 達成率 and verdict of one half of a target.
fn judged(
    book: &Book,
    (target, year): (&Target, RocYear),
    (measure, value): (Measure, i64),
    by_hand: Option<i64>,
) -> (Option<Amount>, Option<Hundredths>, Option<bool>) {
    // From the printed share, as the form works it.
    let of_share = |share: Option<Hundredths>, reached: Option<bool>| {
        let rate = share.and_then(|share| match measure {
            Measure::EitherPart => Hundredths::ratio(share.0 * value, 10_000, 100),
            _ => Hundredths::ratio(share.0, value * 100, 100),
        });
        (share.map(Amount::Share), rate, reached)
    };
    let figures = || of_county(book, &target.county, |one| one == year);
    match measure {
        Measure::FemaleShare => {
            let heads = figures().persons;
            of_share(heads.female_of_all(), heads.female_at_least(value))
        }
        Measure::EitherPart | Measure::EitherShare => {
            let groups = groups(book, &target.county, year);
            let asked = Either::of(measure, value);
            let lowest = groups
                .iter()
                .filter_map(|heads| Hundredths::share(heads.male.min(heads.female), heads.total()))
                .min();
            let reached = asked
                .filter(|_| !groups.is_empty())
                .map(|asked| groups.iter().all(|heads| asked.fits(heads) != Some(false)));
            of_share(lowest, reached)
        }
        Measure::GraveClosed => match findings::in_time(&book.findings, value) {
            Some((share, reached)) => of_share(Some(share), Some(reached)),
            None => (None, None, None),
        },
        _ => {
            let count = if measure.by_hand() { by_hand } else { counted(measure, &figures()) };
            // Hours by their seconds: what was cut off could be what is missing.
            let asked = if measure == Measure::PersonHours { value * 3600 } else { value };
            (
                count.map(|count| amount(measure, count)),
                count.and_then(|count| Hundredths::share(count, asked)),
                count.map(|count| count >= asked),
            )
        }
    }
}

/// The targets of a year with what was reached of each; an OR target gives two, one after the other.
#[must_use]
pub fn standings<'a>(book: &'a Book, year: RocYear) -> Vec<Progress<'a>> {
    let mut list = Vec::new();
    for target in targets::of_year(&book.targets, year) {
        let claim = book.claims.iter().find(|claim| claim.target == target.id);
        let half = |measure: Measure, value: i64, claimed: Option<bool>| {
            let by_hand = claim.and_then(|claim| claim.by_hand);
            let (actual, rate, reached) = judged(book, (target, year), (measure, value), by_hand);
            Progress { target, measure, value, actual, rate, reached, claimed }
        };
        let second = claim.is_some_and(|claim| claim.second);
        list.push(half(target.measure, target.value, target.or.map(|_| !second)));
        if let Some((measure, value)) = target.or {
            list.push(half(measure, value, Some(second)));
        }
    }
    list
}

/// X6: the programme's own columns.
pub(super) fn x6(print: &Print<'_>) -> Table {
    let book = print.book;
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    let mut either = false;
    let standings = standings(book, print.year);
    // Counties make the whole: where one of them is too small to be shown, none is, or it would be subtracted.
    let small_county = print.is_public()
        && standings.iter().filter(|one| !one.target.county.is_empty()).any(|one| {
            let figures = of_county(book, &one.target.county, |year| year == print.year);
            (1..print.under).contains(&figures.persons.total())
        });
    for one in standings {
        let target = one.target;
        let figures = of_county(book, &target.county, |year| year == print.year);
        let hide = if print.is_public() {
            mask::alone((&figures.persons).into(), print.under)
        } else {
            mask::Hide::default()
        };
        let of_people = matches!(one.measure, Measure::Persons | Measure::PersonTimes | Measure::PersonHours);
        let of_genders =
            matches!(one.measure, Measure::FemaleShare | Measure::EitherPart | Measure::EitherShare);
        let small = print.is_public()
            && match one.measure {
                _ if small_county && !target.county.is_empty() && (of_people || of_genders) => true,
                Measure::FemaleShare => hide.parts,
                Measure::EitherPart | Measure::EitherShare => groups(book, &target.county, print.year)
                    .iter()
                    .any(|heads| mask::alone(heads.into(), print.under).parts),
                _ => of_people && hide.base,
            };
        let years: BTreeMap<RocYear, (i64, i64)> = book
            .facts
            .by_year(&book.apart)
            .into_keys()
            .filter(|year| (target.from..=print.year).contains(year))
            .filter_map(|year| {
                let figures = of_county(book, &target.county, |one| one == year);
                counted(one.measure, &figures).map(|count| (year, (count, figures.persons.total())))
            })
            .filter(|(_, (count, _))| *count > 0)
            .collect();
        let sum: i64 = years.values().map(|(count, _)| count).sum();
        let adds = !(one.measure.is_share() || one.measure.by_hand());
        // A former year that is too small to be shown is not subtracted from the sum.
        let small_sum =
            print.is_public() && of_people && years.values().any(|(_, persons)| *persons < print.under);
        if one.measure == Measure::Persons && years.len() > 1 && !small && !small_sum {
            let distinct = of_county(book, &target.county, |year| (target.from..=print.year).contains(&year));
            let parts: Vec<String> = years.values().map(|(count, _)| count.to_string()).collect();
            notes.push(w::cumulative_note(&target.item, &parts.join("+"), sum, distinct.persons.total()));
        }
        let claimed = match one.claimed {
            Some(true) => w::CLAIMED,
            Some(false) => w::NOT_CLAIMED,
            None => "",
        };
        either |= one.claimed.is_some();
        let name = if target.county.is_empty() {
            format!("{}{claimed}", target.title)
        } else {
            format!("{}（{}）{claimed}", target.title, target.county)
        };
        rows.push(vec![
            Cell::text(print.year.to_string()),
            Cell::text(&target.item),
            Cell::text(name),
            Cell::text(one.measure.title()),
            one.measure.asked(one.value),
            unless(small, one.actual.map_or(Cell::None, Amount::cell)),
            unless(small, share_cell(one.rate)),
            match adds {
                true if small || small_sum => masked(),
                true => amount(one.measure, sum).cell(),
                false => Cell::None,
            },
            Cell::text(&target.evidence),
        ]);
    }
    if either {
        notes.push(w::NOTE_X6_OR.to_owned());
    }
    notes.push(words::NOTE_NO_VALUE.to_owned());
    print.table(
        w::X6,
        w::X6_UNIT,
        columns(&[
            w::COL_YEAR,
            w::COL_ITEM,
            w::COL_KPI,
            w::COL_FORMULA,
            w::COL_TARGET,
            w::COL_ACTUAL,
            w::COL_REACHED,
            w::COL_CUMULATIVE,
            w::COL_EVIDENCE,
        ]),
        Body { rows, notes, classes: "依計畫關鍵績效指標分。" },
    )
}

/// What is missing, 「通識 2」.
fn missing(owed: &Owed<'_>) -> Cell {
    let hours = |seconds: i64| match hours_cell(seconds) {
        Cell::None => String::new(),
        cell => cell.plain(),
    };
    let parts: Vec<String> =
        [(w::PROFESSIONAL, owed.professional_missing()), (w::GENERAL, owed.general_missing())]
            .into_iter()
            .filter(|(_, seconds)| *seconds > 0)
            .map(|(word, seconds)| format!("{word} {}", hours(seconds)))
            .collect();
    if parts.is_empty() { Cell::None } else { Cell::text(parts.join("、")) }
}

/// X7 by name, with a sum for each class.
pub(super) fn x7(print: &Print<'_>) -> Table {
    // Duty does not look at gender: everyone is judged in either edition.
    let (owed, _) = duty::owed(&print.whole.facts, &print.whole.rules, print.year);
    let mut rows = Vec::new();
    for one in owed.iter().filter(|_| !print.is_public()) {
        let hours = |seconds: i64| match hours_cell(seconds) {
            Cell::None => Cell::Count(0),
            cell => cell,
        };
        let text = one.rule.map_or_else(
            || w::NO_DUTY.to_owned(),
            |rule| {
                w::duty_text(
                    (rule.professional > 0).then_some((rule.professional, rule.years, rule.general == 0)),
                    (rule.general > 0).then_some(rule.general),
                )
            },
        );
        rows.push(vec![
            Cell::text(&one.person.agency),
            Cell::text(one.level.code()),
            Cell::text(course::masked(&one.person.name)),
            Cell::text(one.class.title()),
            Cell::text(text),
            hours(one.professional),
            hours(one.general),
            missing(one),
            match (one.owes(), one.done()) {
                (false, _) => Cell::None,
                (true, true) => Cell::text(words::REACHED),
                (true, false) => Cell::text(words::MISSED),
            },
        ]);
    }
    for class in DutyClass::ALL {
        let of_class: Vec<&Owed<'_>> = owed.iter().filter(|one| one.class == *class && one.owes()).collect();
        let all = size(of_class.len());
        let done = size(of_class.iter().filter(|one| one.done()).count());
        if all == 0 {
            continue;
        }
        let small = |count: i64| print.is_public() && count > 0 && count < print.under;
        // Those who have not are as telling as those who have.
        let hide = small(all) || small(done) || small(all - done);
        rows.push(vec![
            Cell::text(w::SUBTOTAL),
            Cell::Blank,
            Cell::Blank,
            Cell::text(class.title()),
            unless(small(all), Cell::Counted { count: all, suffix: w::OWING.to_owned() }),
            Cell::Blank,
            Cell::Blank,
            unless(hide, Cell::Counted { count: done, suffix: w::REACHED.to_owned() }),
            unless(hide, share_cell(Hundredths::share(done, all))),
        ]);
    }
    let mut notes = vec![w::NOTE_X7.to_owned(), w::NOTE_X7_SUM.to_owned(), words::NOTE_NO_VALUE.to_owned()];
    if print.is_public() {
        notes.push(w::NOTE_PUBLIC_NAMES.to_owned());
    }
    let mut table = print.table(
        w::X7,
        w::X7_UNIT,
        columns(&[
            words::COL_AGENCY,
            w::COL_LEVEL,
            words::COL_NAME,
            w::COL_CLASS,
            w::COL_DUTY,
            w::COL_523,
            w::COL_522,
            w::COL_MISSING,
            w::COL_VERDICT,
        ]),
        Body { rows, notes, classes: "依個人及身分別分。" },
    );
    table.notes.retain(|note| note != w::NOTE_PUBLIC);
    table
}

fn day(ms: Option<i64>) -> Cell {
    ms.map_or(Cell::None, |ms| Cell::text(RocDate::of_ms(ms).to_string()))
}

/// X8 by finding.
pub(super) fn x8(print: &Print<'_>) -> Table {
    let found = &print.whole.findings;
    let public = print.is_public();
    let rows = found
        .iter()
        .map(|one| {
            let text = |text: &str| if text.is_empty() { Cell::None } else { Cell::text(text) };
            vec![
                Cell::text(&one.number),
                unless(public, text(&one.system)),
                unless(public, text(&one.weakness)),
                Cell::text(findings::score(one.cvss)),
                Cell::text(one.risk()),
                day(Some(one.first_ms)),
                unless(public, text(&one.repair)),
                day(one.repaired_ms),
                day(one.retest_ms),
                Cell::text(one.result.title()),
                Cell::text(if one.within_a_week() { "Y" } else { "N" }),
            ]
        })
        .collect();
    let (done, all) = findings::grave(found);
    let share =
        Hundredths::share(done, all).map_or_else(|| words::NO_VALUE.to_owned(), |one| one.to_string());
    let target = targets::grave_closed(&print.whole.targets, print.year);
    let reached = findings::in_time(found, target).map(|(_, reached)| reached);
    let mut notes = vec![w::week_note(done, all, &share, target, reached), words::NOTE_NO_VALUE.to_owned()];
    if public {
        notes.push(w::NOTE_X8_PUBLIC.to_owned());
    }
    let mut table = print.table(
        w::X8,
        w::X8_UNIT,
        columns(&[
            w::COL_NUMBER,
            w::COL_SYSTEM,
            w::COL_WEAKNESS,
            w::COL_CVSS,
            w::COL_RISK,
            w::COL_FIRST,
            w::COL_REPAIR,
            w::COL_REPAIRED,
            w::COL_RETEST,
            w::COL_RESULT,
            w::COL_WEEK,
        ]),
        Body { rows, notes, classes: "依弱點分。" },
    );
    let of_people = w::mask_note(print.under);
    table.notes.retain(|note| note != w::NOTE_PUBLIC && *note != of_people);
    table
}

/// Hours of a year by name. There is no public edition; asked for one, the table has its sum alone.
pub(super) fn hours(print: &Print<'_>) -> Table {
    let facts = &print.book.facts;
    let mut of_person: BTreeMap<usize, (i64, BTreeSet<usize>)> = BTreeMap::new();
    for place in facts.places().iter().filter(|place| place.trained()) {
        if facts.session(place).year() == print.year {
            let entry = of_person.entry(place.person).or_default();
            entry.0 += place.seconds;
            entry.1.insert(place.session);
        }
    }
    let mut rows = Vec::with_capacity(of_person.len() + 1);
    for (at, (seconds, sessions)) in of_person.iter().filter(|_| !print.is_public()) {
        let person = &facts.persons()[*at];
        rows.push(vec![
            Cell::Count(size(rows.len() + 1)),
            Cell::text(&person.agency),
            Cell::text(&person.staff_no),
            Cell::text(&person.name),
            Cell::Count(size(sessions.len())),
            Cell::Decimal(Hundredths::hours(*seconds)),
        ]);
    }
    let seconds: i64 = of_person.values().map(|one| one.0).sum();
    let times: i64 = of_person.values().map(|one| size(one.1.len())).sum();
    rows.push(vec![
        Cell::text(words::SUM),
        Cell::Blank,
        Cell::Blank,
        Cell::Counted { count: size(of_person.len()), suffix: words::PERSONS.to_owned() },
        Cell::count_or_none(times),
        if seconds > 0 { Cell::Decimal(Hundredths::hours(seconds)) } else { Cell::None },
    ]);
    print.table(
        w::YEAR_HOURS,
        words::HOURS_UNIT,
        columns(&[
            words::COL_NUMBER,
            words::COL_AGENCY,
            words::COL_STAFF,
            words::COL_NAME,
            w::COL_SESSIONS,
            words::COL_HOURS,
        ]),
        Body {
            rows,
            notes: std::iter::once(w::NOTE_YEAR_HOURS.to_owned()).chain(words::rule_lines()).collect(),
            classes: "依個人及機關分。",
        },
    )
}
