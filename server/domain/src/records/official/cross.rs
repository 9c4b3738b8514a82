//! Cross tables: a figure of a year by one or two variables that the officer chooses.
//!
//! Within the office any two variables may be crossed. The public edition must stand being put beside every other public
//! table of the year, subtracted and solved, and that is why it is less ([`Cross::public`]): a variable of people alone, or
//! that variable by gender. Then all tables of a year have nothing in common but the total by gender, which [`mask`] prints
//! alike in all, so that nothing follows from two of them that does not follow from one; and in one of them nothing small
//! can be computed. What is hidden depends on the year's people and the variable alone ([`pattern`]): it is the same with and
//! without gender, for every figure, whichever variable was put into the rows, and in X5.
//!
//! Tables of free pairs would not be safe together whatever is hidden in each: whoever knows agencies by grade and grades by
//! gender knows agencies by gender where a grade stands in one agency alone. Nor would agencies and counties, as everybody
//! knows which level each agency has: sums by level less the agencies that are shown leave those that are not. Sessions and
//! roles by gender are printed in X2 and X3, of which months, courses and roles are sums.

use std::collections::{BTreeMap, BTreeSet};

use super::super::course::Standing;
use super::super::facts::{DutyClass, Facts, Place};
use super::super::figures::Hundredths;
use super::super::gender::Gender;
use super::super::mask::{self, Hide, Pair};
use super::super::register::{Answers, words};
use super::super::roc::{RocDate, RocYear};
use super::super::table::{Cell, Column, Table};
use super::super::tables::Issue;
use super::super::words;
use super::super::words_tables as w;
use super::people::{class_of, classes};
use super::{Body, Book, Edition, Print, Variable, hours_cell, share_cell, unless};

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

impl Cross {
    /// The same question as the public edition answers it, the variable in the rows and gender in the columns; `None` for what
    /// only the internal edition answers.
    #[must_use]
    pub fn public(self) -> Option<Self> {
        let (rows, columns) = match (self.rows, self.columns.filter(|by| *by != self.rows)) {
            (By::Gender, Some(by)) => (by, Some(By::Gender)),
            other => other,
        };
        let fits = !rows.of_sessions() && !rows.of_agencies() && columns.is_none_or(|by| by == By::Gender);
        fits.then_some(Self { rows, columns, figure: self.figure })
    }
}

impl By {
    /// Someone is in several classes of these in one year, so that people are counted in each.
    const fn of_sessions(self) -> bool {
        matches!(self, Self::Month | Self::Course | Self::Role)
    }

    /// Everybody knows of each agency what it is here, or which it is.
    const fn of_agencies(self) -> bool {
        matches!(self, Self::Agency | Self::County)
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

/// What the public edition hides of a variable, by class: the same in every table of the year.
struct Pattern {
    rows: BTreeMap<Class, Hide>,
    total: Hide,
    all: bool,
}

/// Men and women of each class of a variable of people.
fn pairs(book: &Book, year: RocYear, by: By) -> BTreeMap<Class, Pair> {
    let mut people: BTreeMap<Class, BTreeSet<usize>> = BTreeMap::new();
    for place in book.facts.places() {
        if book.facts.session(place).year() == year && place.trained() {
            let answers = book.apart.get(&book.facts.person(place).id).copied().unwrap_or_default();
            people.entry(by.class(&book.facts, place, &answers)).or_default().insert(place.person);
        }
    }
    let heads = |people: BTreeSet<usize>| Pair::from(&book.facts.heads(&book.apart, people));
    people.into_iter().map(|(class, people)| (class, heads(people))).collect()
}

/// What is hidden of a variable of people.
fn pattern(book: &Book, year: RocYear, by: By, under: i64) -> Pattern {
    let pairs = pairs(book, year, by);
    let rows: Vec<Pair> = pairs.values().copied().collect();
    let hidden = mask::hide(&rows, under);
    let mut total = hidden.total;
    let mut rows: BTreeMap<Class, Hide> = pairs.keys().cloned().zip(hidden.rows).collect();
    if by == By::Gender {
        // Its classes are the parts of the total.
        for hide in rows.values_mut() {
            hide.base = total.parts;
        }
        total.parts = false;
    }
    Pattern { rows, total, all: hidden.all && by != By::Gender }
}

impl Book {
    /// A cross table of a year; `None` for what the public edition does not answer. In the public edition cells of fewer people
    /// than `under` are hidden, and what would give them away; where people are hidden, every figure made of them is.
    #[must_use]
    pub fn cross(
        &self,
        issue: &Issue,
        of: Cross,
        year: RocYear,
        edition: Edition,
        under: i64,
    ) -> Option<Table> {
        let public = (edition == Edition::Public).then(|| self.public());
        let of = match edition {
            Edition::Public => of.public()?,
            Edition::Internal => Cross { columns: of.columns.filter(|by| *by != of.rows), ..of },
        };
        let print = Print { book: public.as_ref().unwrap_or(self), whole: self, issue, year, edition, under };
        Some(cross(&print, of))
    }
}

fn cross(print: &Print<'_>, of: Cross) -> Table {
    let sums = sums(print.book, print.year, of);
    let columns: Vec<&Class> = sums.columns.keys().collect();
    let empty = Sum::default();
    let sum =
        |row: &Class, column: &Class| sums.cells.get(row).and_then(|row| row.get(column)).unwrap_or(&empty);
    let hidden = print.is_public().then(|| pattern(print.book, print.year, of.rows, print.under));
    let few = |sum: &Sum| print.is_public() && sum.is_few(of.figure, print.under);
    // A total, and the cells beside it: one that is hidden takes the others along.
    let line = |label: &str, hide: Hide, all: &Sum, cells: &[&Sum]| {
        let parts = hide.parts || cells.iter().any(|sum| few(sum));
        let mut line = vec![Cell::text(label), unless(hide.base || few(all), all.cell(of.figure))];
        line.extend(cells.iter().map(|sum| unless(parts, sum.cell(of.figure))));
        line
    };
    let mut body: Vec<Vec<Cell>> = Vec::with_capacity(sums.rows.len() + 1);
    // Where every row is hidden, not even which there are is said.
    for (row, all) in sums.rows.iter().filter(|_| !hidden.as_ref().is_some_and(|of| of.all)) {
        let hide = hidden.as_ref().map_or(Hide::default(), |of| {
            of.rows.get(row).copied().unwrap_or(Hide { parts: true, base: true })
        });
        let cells: Vec<&Sum> = columns.iter().map(|column| sum(row, column)).collect();
        body.push(line(&row.1, hide, all, &cells));
    }
    let total = hidden.as_ref().map_or(Hide::default(), |of| of.total);
    body.push(line(w::ALL, total, &sums.all, &sums.columns.values().collect::<Vec<_>>()));
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
    if let Some(hidden) = &hidden {
        notes.push(w::mask_note_cross(print.under));
        if hidden.all {
            notes.push(w::NOTE_CROSS_ALL.to_owned());
        }
    }
    print.table(&name, unit, heading, Body { rows: body, notes, classes: "依所選變項分類或交叉。" })
}
