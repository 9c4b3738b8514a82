//! Training duty: who owes how many hours of which kind. The rules are settings with the year from which they hold.

use std::collections::BTreeMap;

use super::facts::{DutyClass, Facts, PersonFact};
use super::register::Level;
use super::roc::RocYear;

/// Category of professional hours.
pub const PROFESSIONAL: &str = "523";
/// Category of general hours.
pub const GENERAL: &str = "522";
const HOUR: i64 = 3600;

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyRule {
    /// Id.
    pub id: String,
    /// For whom.
    pub class: DutyClass,
    /// At agencies of these levels.
    pub levels: Vec<Level>,
    /// From which year on.
    pub from: RocYear,
    /// Hours of professional courses or 職能 training; 0 for none.
    pub professional: i64,
    /// Over how many calendar years, this one and those before it: 1 or 2.
    pub years: i64,
    /// General hours a year; 0 for none.
    pub general: i64,
}

/// The rules of the 110-08-23 text, for an installation that has set none. No rule is no duty.
#[must_use]
pub fn defaults() -> Vec<DutyRule> {
    let one = |id: &str, class, levels: &[Level], professional, years, general| DutyRule {
        id: id.to_owned(),
        class,
        levels: levels.to_vec(),
        from: RocYear(110),
        professional,
        years,
        general,
    };
    let high = [Level::A, Level::B, Level::C];
    vec![
        one("default-dedicated", DutyClass::Dedicated, &high, 12, 1, 0),
        one("default-it", DutyClass::It, &high, 3, 2, 3),
        one("default-user", DutyClass::User, Level::ALL, 0, 1, 3),
    ]
}

/// The rule that holds for a class at a level in a year: the latest that began by then.
#[must_use]
pub fn of(rules: &[DutyRule], class: DutyClass, level: Level, year: RocYear) -> Option<&DutyRule> {
    rules
        .iter()
        .filter(|rule| rule.class == class && rule.levels.contains(&level) && rule.from <= year)
        .max_by(|a, b| (a.from, &a.id).cmp(&(b.from, &b.id)))
}

/// What a person owes and has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed<'a> {
    /// Who.
    pub person: &'a PersonFact,
    /// Class.
    pub class: DutyClass,
    /// Level of the agency.
    pub level: Level,
    /// The rule; `None` where none holds.
    pub rule: Option<&'a DutyRule>,
    /// Professional seconds within the rule's years.
    pub professional: i64,
    /// General seconds of the year.
    pub general: i64,
}

impl Owed<'_> {
    /// Professional seconds that are missing.
    #[must_use]
    pub fn professional_missing(&self) -> i64 {
        self.rule.map_or(0, |rule| (rule.professional * HOUR - self.professional).max(0))
    }

    /// General seconds that are missing. Professional hours never replace them.
    #[must_use]
    pub fn general_missing(&self) -> i64 {
        self.rule.map_or(0, |rule| (rule.general * HOUR - self.general).max(0))
    }

    /// Owes something at all.
    #[must_use]
    pub fn owes(&self) -> bool {
        self.rule.is_some_and(|rule| rule.professional > 0 || rule.general > 0)
    }

    /// Nothing is missing.
    #[must_use]
    pub fn done(&self) -> bool {
        self.professional_missing() == 0 && self.general_missing() == 0
    }
}

/// What everyone with a duty class and a levelled agency owes in a year, in the order of the register, and the people who
/// cannot be judged because one of the two was not said.
#[must_use]
pub fn owed<'a>(
    facts: &'a Facts,
    rules: &'a [DutyRule],
    year: RocYear,
) -> (Vec<Owed<'a>>, Vec<&'a PersonFact>) {
    let mut seconds: BTreeMap<(usize, RocYear, bool), i64> = BTreeMap::new();
    for place in facts.places().iter().filter(|place| place.trained()) {
        let session = facts.session(place);
        let professional = match session.category.as_str() {
            PROFESSIONAL => true,
            GENERAL => false,
            _ => continue,
        };
        *seconds.entry((place.person, session.year(), professional)).or_default() += place.seconds;
    }
    let of_year = |at: usize, year: RocYear, professional: bool| {
        seconds.get(&(at, year, professional)).copied().unwrap_or_default()
    };
    let (mut judged, mut unknown) = (Vec::new(), Vec::new());
    for (at, person) in facts.persons().iter().enumerate() {
        let (Some(class), Some(level)) = (person.duty, person.level) else {
            unknown.push(person);
            continue;
        };
        let rule = of(rules, class, level, year);
        let years = rule.map_or(1, |rule| rule.years);
        let mut professional = of_year(at, year, true);
        if years == 2 {
            professional += of_year(at, year.before(), true);
        }
        judged.push(Owed { person, class, level, rule, professional, general: of_year(at, year, false) });
    }
    (judged, unknown)
}
