//! Cross tables: a figure of a year by one or two variables that the officer chooses.

use std::collections::{BTreeMap, BTreeSet};

use super::super::course::Standing;
use super::super::facts::{DutyClass, Facts, Place};
use super::super::figures::Hundredths;
use super::super::gender::Gender;
use super::super::register::{Answers, words};
use super::super::roc::{RocDate, RocYear};
use super::super::suppress::{self, Counts, Hidden};
use super::super::table::{Cell, Column, Table};
use super::super::tables::Issue;
use super::super::words;
use super::super::words_tables as w;
use super::people::{class_of, classes};
use super::{Body, Book, Edition, Print, Variable, hours_cell, masked, share_cell, unless};

words! {
    /// By what a figure is split.
    By {
        /// 性別.
        Gender = "gender" "性別",
        /// 機關.
        Agency = "agency" "機關",
        /// 機關等級.
        Level = "level" "機關等級",
        /// 身分.
        Identity = "identity" "身分",
        /// 官職等或職稱.
        Grade = "grade" "官職等或職稱",
        /// 地區.
        Area = "area" "地區",
        /// 機關所在縣市.
        County = "county" "縣市",
        /// 年齡.
        Age = "age" "年齡",
        /// 族群.
        Indigenous = "indigenous" "族群",
        /// 障礙情形.
        Disability = "disability" "障礙情形",
        /// 月份.
        Month = "month" "月份",
        /// 課程或演練.
        Course = "course" "課程或演練",
        /// 參與類別.
        Role = "role" "參與類別",
        /// 應辦時數身分別.
        Duty = "duty" "應辦身分別",
    }
}

words! {
    /// Which figure.
    CrossFigure {
        /// 人數.
        Persons = "persons" "人數",
        /// 人次.
        Times = "times" "人次",
        /// 人時.
        Hours = "hours" "人時",
        /// 合格率.
        Passing = "passing" "合格率",
    }
}

/// What an officer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cross {
    /// Rows.
    pub rows: By,
    /// Columns, another variable; `None` for one variable alone.
    pub columns: Option<By>,
    /// Figure.
    pub figure: CrossFigure,
}

/// Columns at most; the smaller classes beyond are one.
const COLUMNS_MAX: usize = 12;

/// A class: its place in the order, and its name.
type Class = (usize, String);

/// What a cell is made of.
#[derive(Debug, Clone, Default)]
struct Sum {
    people: BTreeSet<usize>,
    times: i64,
    seconds: i64,
    tested: i64,
    passed: i64,
}

impl Sum {
    fn add(&mut self, facts: &Facts, place: &Place) {
        self.people.insert(place.person);
        self.times += 1;
        self.seconds += place.seconds;
        if place.part == Standing::Trainee && facts.session(place).tested {
            self.tested += 1;
            self.passed += i64::from(place.passed == Some(true));
        }
    }

    fn count(&self) -> i64 {
        super::size(self.people.len())
    }

    fn cell(&self, figure: CrossFigure) -> Cell {
        match figure {
            CrossFigure::Persons => Cell::count_or_none(self.count()),
            CrossFigure::Times => Cell::count_or_none(self.times),
            CrossFigure::Hours => hours_cell(self.seconds),
            CrossFigure::Passing => share_cell(Hundredths::share(self.passed, self.tested)),
        }
    }

    /// A rate of a few is hidden wherever it stands.
    fn is_few(&self, figure: CrossFigure, under: i64) -> bool {
        figure == CrossFigure::Passing && self.tested > 0 && self.tested < under
    }
}

impl By {
    /// Someone is in several classes of these in one year, so that people are counted in each.
    const fn of_sessions(self) -> bool {
        matches!(self, Self::Month | Self::Course | Self::Role)
    }

    fn class(self, facts: &Facts, place: &Place, answers: &Answers) -> Class {
        let (person, session) = (facts.person(place), facts.session(place));
        let of = |variable: Variable| {
            let at = class_of(variable, person, answers);
            (at, classes(variable)[at].clone())
        };
        let text = |text: &str| {
            if text.is_empty() { (1, w::NOT_REGISTERED.to_owned()) } else { (0, text.to_owned()) }
        };
        let known = |at: Option<usize>, name: &str| (at.unwrap_or(usize::MAX), name.to_owned());
        match self {
            Self::Gender => match answers.gender {
                Some(Gender::Male) => known(Some(0), words::COL_MALE.0),
                Some(Gender::Female) => known(Some(1), words::COL_FEMALE.0),
                Some(Gender::Other) => known(Some(2), words::COL_OTHER.0),
                Some(Gender::Undisclosed) => known(Some(3), words::COL_UNDISCLOSED.0),
                None => known(None, words::COL_NONE.0),
            },
            Self::Agency => text(&person.agency),
            Self::Grade => text(&person.grade),
            Self::County => text(&person.county),
            Self::Course => text(&session.title),
            Self::Level => of(Variable::Level),
            Self::Identity => of(Variable::Identity),
            Self::Area => of(Variable::Area),
            Self::Age => of(Variable::Age),
            Self::Indigenous => of(Variable::Indigenous),
            Self::Disability => of(Variable::Disability),
            Self::Month => {
                let month = RocDate::of_ms(session.start_ms).month();
                (usize::try_from(month).unwrap_or(0), w::month(month))
            }
            Self::Role => {
                let at = Standing::ALL.iter().position(|one| *one == place.part);
                known(at, w::group(place.part))
            }
            Self::Duty => match person.duty {
                Some(duty) => known(DutyClass::ALL.iter().position(|one| *one == duty), duty.title()),
                None => known(None, w::NOT_REGISTERED),
            },
        }
    }
}

/// Everything that is printed, by class.
#[derive(Default)]
struct Sums {
    cells: BTreeMap<Class, BTreeMap<Class, Sum>>,
    rows: BTreeMap<Class, Sum>,
    columns: BTreeMap<Class, Sum>,
    all: Sum,
}

fn sums(book: &Book, year: RocYear, of: Cross) -> Sums {
    let facts = &book.facts;
    let by_role = of.rows == By::Role || of.columns == Some(By::Role);
    // Planners and trainers sign no sheet: by role, being on the list counts.
    let counts = |place: &Place| place.trained() || (by_role && place.part != Standing::Trainee);
    let places =
        || facts.places().iter().filter(|place| facts.session(place).year() == year && counts(place));
    let answers = |place: &Place| book.apart.get(&facts.person(place).id).copied().unwrap_or_default();
    let small = of.columns.map(|by| others(facts, by, places(), answers)).unwrap_or_default();
    let mut sums = Sums::default();
    for place in places() {
        let own = answers(place);
        let row = of.rows.class(facts, place, &own);
        if let Some(by) = of.columns {
            let class = by.class(facts, place, &own);
            let class = if small.contains(&class) { (usize::MAX, w::OTHERS.to_owned()) } else { class };
            sums.cells.entry(row.clone()).or_default().entry(class.clone()).or_default().add(facts, place);
            sums.columns.entry(class).or_default().add(facts, place);
        }
        sums.rows.entry(row).or_default().add(facts, place);
        sums.all.add(facts, place);
    }
    sums
}

/// Classes that do not get a column of their own.
fn others<'f>(
    facts: &Facts,
    by: By,
    places: impl Iterator<Item = &'f Place>,
    answers: impl Fn(&Place) -> Answers,
) -> BTreeSet<Class> {
    let mut times: BTreeMap<Class, i64> = BTreeMap::new();
    for place in places {
        *times.entry(by.class(facts, place, &answers(place))).or_default() += 1;
    }
    if times.len() <= COLUMNS_MAX {
        return BTreeSet::new();
    }
    let mut order: Vec<(i64, Class)> = times.into_iter().map(|(class, times)| (-times, class)).collect();
    order.sort();
    order.into_iter().skip(COLUMNS_MAX - 1).map(|(_, class)| class).collect()
}

impl Book {
    /// A cross table of a year. In the public edition cells of fewer people than `under` are hidden, and what would give them
    /// away; where people are hidden, every figure made of them is.
    #[must_use]
    pub fn cross(&self, issue: &Issue, of: Cross, year: RocYear, edition: Edition, under: i64) -> Table {
        let public = (edition == Edition::Public).then(|| self.public());
        let print = Print { book: public.as_ref().unwrap_or(self), whole: self, issue, year, edition, under };
        cross(&print, Cross { columns: of.columns.filter(|by| *by != of.rows), ..of })
    }
}

fn cross(print: &Print<'_>, of: Cross) -> Table {
    let sums = sums(print.book, print.year, of);
    let rows: Vec<&Class> = sums.rows.keys().collect();
    let columns: Vec<&Class> = sums.columns.keys().collect();
    let empty = Sum::default();
    let sum =
        |row: &Class, column: &Class| sums.cells.get(row).and_then(|row| row.get(column)).unwrap_or(&empty);
    let hidden = if print.is_public() {
        let in_rows: Vec<i64> = sums.rows.values().map(Sum::count).collect();
        let in_columns: Vec<i64> = sums.columns.values().map(Sum::count).collect();
        let cells: Vec<Vec<i64>> = rows
            .iter()
            .map(|row| match of.columns {
                Some(_) => columns.iter().map(|column| sum(row, column).count()).collect(),
                None => vec![sums.rows[*row].count()],
            })
            .collect();
        let counts = Counts { cells: &cells, rows: &in_rows, columns: &in_columns, total: sums.all.count() };
        suppress::hide(&counts, print.under)
    } else {
        Hidden::default()
    };
    let cell = |hide: bool, sum: &Sum| {
        let few = print.is_public() && sum.is_few(of.figure, print.under);
        unless(hide || few, sum.cell(of.figure))
    };
    let at = |list: &[bool], at: usize| list.get(at).copied().unwrap_or_default();
    let mut body: Vec<Vec<Cell>> = Vec::with_capacity(rows.len() + 1);
    for (index, row) in rows.iter().enumerate() {
        let mut line = vec![Cell::text(row.1.clone()), cell(at(&hidden.rows, index), &sums.rows[*row])];
        line.extend(columns.iter().enumerate().map(|(column, name)| {
            let hide = hidden.cells.get(index).is_some_and(|cells| at(cells, column));
            cell(hide, sum(row, name))
        }));
        body.push(line);
    }
    let mut line = vec![Cell::text(w::ALL), cell(hidden.total, &sums.all)];
    line.extend(
        sums.columns.values().enumerate().map(|(column, sum)| cell(at(&hidden.columns, column), sum)),
    );
    body.push(line);
    let mut heading = vec![Column::new(of.rows.title(), of.rows.code()), {
        let (zh, en) = words::COL_TOTAL;
        Column::new(zh, en)
    }];
    heading.extend(columns.iter().map(|(_, name)| Column::new(name.clone(), String::new())));
    let by = match of.columns {
        Some(columns) => format!("{}×{}", of.rows.title(), columns.title()),
        None => of.rows.title().to_owned(),
    };
    let name = format!("{}（{by}，{}）", w::CROSS, of.figure.title());
    let (unit, mut notes) = w::cross_figure(of.figure);
    let several = of.rows.of_sessions() || of.columns.is_some_and(By::of_sessions);
    if several && of.figure == CrossFigure::Persons {
        notes.push(w::NOTE_CROSS_SEVERAL.to_owned());
    }
    if of.rows == By::Role || of.columns == Some(By::Role) {
        notes.push(w::NOTE_CROSS_ROLE.to_owned());
    }
    if columns.iter().any(|(at, name)| *at == usize::MAX && name == w::OTHERS) {
        notes.push(w::NOTE_CROSS_OTHERS.to_owned());
    }
    notes.push(words::NOTE_NO_VALUE.to_owned());
    if of.figure != CrossFigure::Persons
        && print.is_public()
        && body.iter().flatten().any(|one| *one == masked())
    {
        notes.push(w::mask_note_cross(print.under));
    }
    print.table(&name, unit, heading, Body { rows: body, notes, classes: "依所選變項分類或交叉。" })
}
