//! All public tables of a year side by side, against a reader who writes each printed number down as an equation and solves
//! them all together in whole numbers.

use std::collections::{BTreeMap, BTreeSet};

use rampart_domain::records::roc::parse_date_time;
use rampart_domain::records::{
    Answers, Area, Book, By, Cell, Cross, CrossFigure, DutyClass, Edition, Facts, Gender, Identity, Issue,
    Kind, Level, PersonFact, PresenceFact, RocDate, RocYear, SessionFact, Standing, Table, Variable,
};

const UNDER: i64 = 3;
const YEAR: RocYear = RocYear(115);

/// Nobody's choice of a number: the same runs each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// An unknown: a variable, a class of it, and men or women (`None` for both). Without variable and class it is the total.
type Key = (String, String, Option<Gender>);

#[derive(Clone, Default)]
struct System {
    names: BTreeMap<Key, usize>,
    /// Lowest and highest that each can be.
    ranges: Vec<(i64, i64)>,
    /// Weights of unknowns, and what they add up to.
    equations: Vec<(Vec<(usize, i64)>, i64)>,
    /// Equations by unknown.
    of: Vec<Vec<usize>>,
}

impl System {
    fn unknown(&mut self, key: &Key) -> usize {
        if let Some(at) = self.names.get(key) {
            return *at;
        }
        let at = self.ranges.len();
        self.names.insert(key.clone(), at);
        self.ranges.push((0, 60));
        self.of.push(Vec::new());
        if key.2.is_none() {
            let parts = [Gender::Male, Gender::Female].map(|gender| {
                let part = self.unknown(&(key.0.clone(), key.1.clone(), Some(gender)));
                (part, 1)
            });
            self.add(vec![(at, -1), parts[0], parts[1]], 0);
        }
        at
    }

    fn add(&mut self, parts: Vec<(usize, i64)>, sum: i64) {
        for (at, _) in &parts {
            self.of[*at].push(self.equations.len());
        }
        self.equations.push((parts, sum));
    }

    fn printed(&mut self, key: &Key, number: i64) {
        let at = self.unknown(key);
        self.add(vec![(at, 1)], number);
    }

    fn sum(&mut self, whole: &Key, parts: &[Key]) {
        let mut list = vec![(self.unknown(whole), -1)];
        list.extend(parts.iter().map(|part| (self.unknown(part), 1)));
        self.add(list, 0);
    }

    /// Narrows ranges by equations until nothing changes. False when nothing fits.
    fn narrow(&self, ranges: &mut [(i64, i64)], changed: impl IntoIterator<Item = usize>) -> bool {
        let mut queue: BTreeSet<usize> = changed.into_iter().collect();
        while let Some(next) = queue.pop_first() {
            let (parts, sum) = &self.equations[next];
            let span = |(at, weight): &(usize, i64)| {
                let (low, high) = ranges[*at];
                if *weight > 0 { (low * weight, high * weight) } else { (high * weight, low * weight) }
            };
            let (low, high) = parts.iter().map(span).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
            let mut news = Vec::new();
            for part in parts {
                let own = span(part);
                // What the others leave; weights are 1 or -1.
                let (least, most) = (sum - (high - own.1), sum - (low - own.0));
                let (least, most) = if part.1 > 0 { (least, most) } else { (-most, -least) };
                let before = ranges[part.0];
                let after = (before.0.max(least), before.1.min(most));
                if after.0 > after.1 {
                    return false;
                }
                if after != before {
                    news.push((part.0, after));
                }
            }
            for (at, after) in news {
                ranges[at] = (ranges[at].0.max(after.0), ranges[at].1.min(after.1));
                if ranges[at].0 > ranges[at].1 {
                    return false;
                }
                queue.extend(&self.of[at]);
            }
        }
        true
    }

    /// Is there a world in which all equations hold? `None` when the search took too long.
    fn fits(&self, mut ranges: Vec<(i64, i64)>, first: Vec<usize>, steps: &mut u32) -> Option<bool> {
        if *steps == 0 {
            return None;
        }
        *steps -= 1;
        if !self.narrow(&mut ranges, first) {
            return Some(false);
        }
        let open = ranges.iter().enumerate().filter(|(_, range)| range.0 < range.1);
        let Some((at, &(low, high))) = open.min_by_key(|(at, range)| (range.1 - range.0, *at)) else {
            return Some(true);
        };
        for value in low..=high {
            let mut tried = ranges.clone();
            tried[at] = (value, value);
            match self.fits(tried, self.of[at].clone(), steps) {
                Some(false) => {}
                other => return other,
            }
        }
        Some(false)
    }

    /// Does the reader know this number exactly? `None` when they gave up.
    fn knows(&self, key: &Key, truth: i64) -> Option<bool> {
        let at = *self.names.get(key)?;
        let mut ranges = self.ranges.clone();
        assert!(self.narrow(&mut ranges, 0..self.equations.len()), "the truth fits");
        let (low, high) = ranges[at];
        assert!((low..=high).contains(&truth), "{key:?} is {truth}, not {low} to {high}");
        for other in [(low, truth - 1), (truth + 1, high)].into_iter().filter(|range| range.0 <= range.1) {
            let mut tried = ranges.clone();
            tried[at] = other;
            if self.fits(tried, self.of[at].clone(), &mut 4_000)? {
                return Some(false);
            }
        }
        Some(true)
    }
}

fn person(at: usize, dice: &mut Dice, agencies: &[(Level, &str, Area)]) -> (PersonFact, Answers) {
    let own = dice.below(agencies.len());
    let (level, county, area) = agencies[own];
    let pick = |of: usize, dice: &mut Dice| dice.below(of);
    let genders = [Gender::Male, Gender::Male, Gender::Female, Gender::Female, Gender::Other];
    let fact = PersonFact {
        id: format!("p{at:03}"),
        agency: format!("機關{own}"),
        level: Some(level),
        county: county.to_owned(),
        area: Some(area),
        grade: ["科員", "科長", ""][pick(3, dice)].to_owned(),
        identity: Identity::ALL.get(pick(4, dice)).copied(),
        duty: DutyClass::ALL.get(pick(4, dice)).copied(),
        ..PersonFact::default()
    };
    let gender = if pick(14, dice) == 0 { Gender::Other } else { genders[pick(4, dice)] };
    (fact, Answers { gender: Some(gender), ..Answers::default() })
}

/// A small year: agencies of some levels, people who came once or twice.
fn book(dice: &mut Dice) -> Book {
    let agencies: Vec<(Level, &str, Area)> = (0..2 + dice.below(5))
        .map(|_| (Level::ALL[dice.below(3)], ["甲縣", "乙縣"][dice.below(2)], Area::ALL[dice.below(2)]))
        .collect();
    let sessions: Vec<SessionFact> = (1..=2)
        .map(|month| {
            let start_ms = parse_date_time(&format!("115-0{month}-05 09:00")).unwrap();
            SessionFact {
                id: format!("s{month}"),
                code: format!("S{month}"),
                title: "課".to_owned(),
                start_ms,
                end_ms: start_ms + 3_600_000,
                ..SessionFact::default()
            }
        })
        .collect();
    let mut book = Book::default();
    let (mut persons, mut presences) = (Vec::new(), Vec::new());
    for at in 0..5 + dice.below(24) {
        let (fact, answers) = person(at, dice, &agencies);
        let both = dice.below(3) == 0;
        for session in ["s1", "s2"].into_iter().take(if both { 2 } else { 1 }) {
            presences.push(PresenceFact {
                session: session.to_owned(),
                person: fact.id.clone(),
                part: Standing::Trainee,
                expected: true,
                seconds: 3600,
                passed: None,
            });
        }
        book.apart.insert(fact.id.clone(), answers);
        persons.push(fact);
    }
    book.facts = Facts::new(sessions, persons, presences);
    book
}

/// Numbers of a line; `None` for what is hidden, 0 for 「-」.
fn number(cell: &Cell) -> Option<i64> {
    match cell.shown().as_str() {
        "※" => None,
        "-" => Some(0),
        text => Some(text.replace(',', "").parse().unwrap_or_else(|_| panic!("{text:?} is no number"))),
    }
}

fn gender_of(heading: &str) -> Option<Gender> {
    match heading {
        "男" => Some(Gender::Male),
        "女" => Some(Gender::Female),
        _ => None,
    }
}

fn issue() -> Issue {
    Issue::new("青嵐縣政府數位發展處", RocDate::new(115, 12, 31).unwrap())
}

/// The variables that the public edition has.
fn variables() -> Vec<By> {
    let alone = |by: &By| Cross { rows: *by, columns: None, figure: CrossFigure::Persons }.public().is_some();
    By::ALL.iter().copied().filter(alone).collect()
}

fn cross(book: &Book, rows: By, columns: Option<By>, figure: CrossFigure) -> Table {
    book.cross(&issue(), Cross { rows, columns, figure }, YEAR, Edition::Public, UNDER).unwrap()
}

/// Every public table of people that there is, with its variable.
fn published(book: &Book) -> Vec<(By, Table)> {
    let mut tables = Vec::new();
    for by in variables() {
        tables.push((by, cross(book, by, None, CrossFigure::Persons)));
        if by != By::Gender {
            tables.push((by, cross(book, by, Some(By::Gender), CrossFigure::Persons)));
            tables.push((by, cross(book, By::Gender, Some(by), CrossFigure::Persons)));
        }
    }
    let x5 = [
        (By::Age, Variable::Age),
        (By::Area, Variable::Area),
        (By::Indigenous, Variable::Indigenous),
        (By::Disability, Variable::Disability),
        (By::Identity, Variable::Identity),
        (By::Level, Variable::Level),
    ];
    for (by, variable) in x5 {
        tables.push((by, book.table(&issue(), Kind::X5(variable), YEAR, Edition::Public, UNDER)));
    }
    tables
}

/// What is printed of a class: its sum, men, women. A class that stands nowhere is not there.
type Print = BTreeMap<Key, Option<i64>>;

fn read(by: By, table: &Table) -> Print {
    let mut print = Print::new();
    for row in &table.rows {
        let class = row[0].shown();
        let total = class == "總計";
        let (by, class) = if total { (String::new(), String::new()) } else { (by.code().to_owned(), class) };
        for (column, cell) in table.columns.iter().zip(row).skip(1) {
            let gender = gender_of(&column.zh);
            if gender.is_some() || column.zh == "總計" {
                print.insert((by.clone(), class.clone(), gender), number(cell));
            }
        }
    }
    print
}

/// Writes a table down. `listed`: only classes that hold somebody stand in it.
fn write(system: &mut System, by: By, table: &Table, listed: bool) {
    let print = read(by, table);
    let mut classes: BTreeSet<String> = BTreeSet::new();
    for (key, number) in &print {
        system.unknown(key);
        if let Some(number) = number {
            system.printed(key, *number);
        }
        if !key.1.is_empty() {
            classes.insert(key.1.clone());
            let whole = system.unknown(&(key.0.clone(), key.1.clone(), None));
            if listed {
                system.ranges[whole].0 = 1;
            }
        }
    }
    if !classes.is_empty() {
        for gender in [Gender::Male, Gender::Female].map(Some) {
            let parts: Vec<Key> =
                classes.iter().map(|class| (by.code().to_owned(), class.clone(), gender)).collect();
            system.sum(&(String::new(), String::new(), gender), &parts);
        }
    }
}

/// True numbers by key, read from the internal edition of the same people.
fn truth(book: &Book) -> BTreeMap<Key, i64> {
    let public = book.public();
    let mut truth = BTreeMap::new();
    for by in variables().into_iter().filter(|by| *by != By::Gender) {
        let of = Cross { rows: by, columns: Some(By::Gender), figure: CrossFigure::Persons };
        let table = public.cross(&issue(), of, YEAR, Edition::Internal, UNDER).unwrap();
        truth.extend(read(by, &table).into_iter().filter(|(key, _)| !key.1.is_empty()));
    }
    truth.into_iter().map(|(key, number)| (key, number.unwrap())).collect()
}

#[test]
fn no_small_number_follows_from_all_public_tables_together() {
    let mut dice = Dice(115);
    let (mut small, mut given_up, mut shown, mut tables) = (0, 0, 0, 0);
    for round in 0..160 {
        let book = book(&mut dice);
        let mut system = System::default();
        // The same number stands in every table, or in none.
        let mut once: BTreeMap<Key, Option<i64>> = BTreeMap::new();
        for (by, table) in published(&book) {
            let x5 = table.columns.iter().any(|column| column.zh.contains('%'));
            tables += 1;
            let print = read(by, &table);
            for (key, number) in &print {
                let before = once.entry(key.clone()).or_insert(*number);
                assert_eq!(before, number, "{round}: {key:?} in {}", table.title);
                shown += usize::from(number.is_some_and(|number| number >= UNDER) && !key.1.is_empty());
            }
            write(&mut system, by, &table, !x5);
        }
        for (key, number) in truth(&book) {
            if !(1..UNDER).contains(&number) {
                continue;
            }
            small += 1;
            match system.knows(&key, number) {
                Some(true) => panic!("{round}: {key:?} is {number} and can be computed"),
                Some(false) => {}
                // Not in any table, or too long to tell.
                None => given_up += i32::from(system.names.contains_key(&key)),
            }
        }
    }
    assert!(small > 1_000 && tables > 4_000 && shown > 1_000, "{small} {tables} {shown}");
    assert!(given_up * 50 < small, "{given_up} of {small}");
}

/// The reader is no fool: where only what is small is hidden, and where agencies stand beside their levels, they find it.
#[test]
fn the_reader_finds_what_is_hidden_carelessly() {
    let key = |by: &str, class: &str, gender| (by.to_owned(), class.to_owned(), gender);
    let women = Some(Gender::Female);
    let total = key("", "", women);
    let mut careless = System::default();
    careless.printed(&total, 11);
    let agencies = ["機關0", "機關1", "機關2"].map(|agency| key("agency", agency, women));
    careless.sum(&total, &agencies);
    careless.printed(&agencies[0], 4);
    careless.printed(&agencies[1], 5);
    assert_eq!(careless.knows(&agencies[2], 2), Some(true));
    // A companion is hidden too.
    let mut linked = System::default();
    linked.printed(&total, 11);
    linked.sum(&total, &agencies);
    linked.printed(&agencies[0], 4);
    assert_eq!(linked.knows(&agencies[2], 2), Some(false));
    // But the companion is of another level, and the levels are printed.
    let level = key("level", "B級", women);
    linked.printed(&level, 6);
    linked.sum(&level, &[agencies[0].clone(), agencies[2].clone()]);
    assert_eq!(linked.knows(&agencies[2], 2), Some(true));
}

#[test]
fn the_public_edition_has_variables_of_people_alone_and_by_gender() {
    let public = |rows, columns| Cross { rows, columns, figure: CrossFigure::Hours }.public();
    for by in By::ALL.iter().copied() {
        let of_people = !matches!(by, By::Month | By::Course | By::Role | By::Agency | By::County);
        assert_eq!(public(by, None).is_some(), of_people, "{by:?}");
        // Whichever way round it is asked, it is one table.
        assert_eq!(public(by, Some(By::Gender)), public(By::Gender, Some(by)), "{by:?}");
        assert_eq!(public(by, Some(By::Gender)).is_some(), of_people, "{by:?}");
        for other in
            By::ALL.iter().copied().filter(|other| *other != By::Gender && by != By::Gender && *other != by)
        {
            assert_eq!(public(by, Some(other)), None, "{by:?} {other:?}");
        }
    }
    let book = book(&mut Dice(1));
    let month = Cross { rows: By::Month, columns: None, figure: CrossFigure::Persons };
    assert!(book.cross(&issue(), month, YEAR, Edition::Public, UNDER).is_none());
    assert!(book.cross(&issue(), month, YEAR, Edition::Internal, UNDER).is_some());
}
