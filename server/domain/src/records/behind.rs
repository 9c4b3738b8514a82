//! The rows behind a figure of a year: people, attendances, or sessions.

use std::collections::BTreeMap;

use super::facts::{Apart, Facts, PersonFact, Place, SessionFact};
use super::gender::Gender;
use super::register::{NotInTheList, plain, words};
use super::roc::{RocDate, RocYear};

words! {
    /// What the rows behind a figure are.
    Group {
        /// 人數 and 人時: each person once.
        All = "all" [],
        /// The people of a month in which sessions began, `1` to `12`.
        Month = "month" [],
        /// Those of an agency.
        Agency = "agency" [],
        /// Those of a title of a course or exercise.
        Title = "title" [],
        /// Those of a county of the people's agencies.
        County = "county" [],
        /// 女性參與率: the women.
        Women = "women" [],
        /// 累計: the people of this year and all before it, each once.
        Cumulative = "cumulative" [],
        /// 人次: each person at each session.
        Times = "times" [],
        /// 合格率: who passed, at each session with a test.
        Passed = "passed" [],
        /// 場次.
        Sessions = "sessions" [],
        /// 案: the sessions that are cases.
        Cases = "cases" [],
    }
}

impl Group {
    /// The rows are sessions rather than people.
    #[must_use]
    pub const fn is_of_sessions(self) -> bool {
        matches!(self, Self::Sessions | Self::Cases)
    }

    /// A row is a person at one session rather than a person.
    #[must_use]
    pub const fn is_of_times(self) -> bool {
        matches!(self, Self::Times | Self::Passed)
    }
}

/// Which rows are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Year.
    pub year: RocYear,
    /// What they are.
    pub group: Group,
    /// Which month, agency, title or county of the people.
    pub of: String,
    /// Only of sessions of this county, as a county's target counts; empty for all.
    pub held: String,
}

impl Asked {
    fn session(&self, session: &SessionFact) -> bool {
        let year = match self.group {
            Group::Cumulative => session.year() <= self.year,
            _ => session.year() == self.year,
        };
        year && (self.held.is_empty() || session.county == self.held)
    }
}

/// Somebody behind a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind<'f> {
    /// Who.
    pub person: &'f PersonFact,
    /// Codes of the sessions that count.
    pub sessions: Vec<&'f str>,
    /// What they add up to, seconds.
    pub seconds: i64,
}

/// A session behind a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BehindSession<'f> {
    /// Which.
    pub session: &'f SessionFact,
    /// Trainees who came.
    pub came: i64,
    /// What they attended, seconds.
    pub seconds: i64,
}

impl Facts {
    /// Trainees who came and whom a figure counts, in the order of the register; none for a figure of sessions.
    #[must_use]
    pub fn behind(&self, apart: &Apart, asked: &Asked) -> Vec<Behind<'_>> {
        if asked.group.is_of_sessions() {
            return Vec::new();
        }
        let is_woman = |person: &PersonFact| {
            apart.get(&person.id).and_then(|answers| answers.gender) == Some(Gender::Female)
        };
        let wanted = |place: &Place| {
            let (session, person) = (self.session(place), self.person(place));
            asked.session(session)
                && match asked.group {
                    Group::Month => RocDate::of_ms(session.start_ms).month().to_string() == asked.of,
                    Group::Agency => person.agency == asked.of,
                    Group::Title => session.title == asked.of,
                    Group::County => person.county == asked.of,
                    Group::Women => is_woman(person),
                    Group::Passed => session.tested && place.passed == Some(true),
                    Group::All | Group::Cumulative | Group::Times => true,
                    Group::Sessions | Group::Cases => false,
                }
        };
        let mut rows: BTreeMap<(usize, usize), Behind<'_>> = BTreeMap::new();
        for place in self.places().iter().filter(|place| place.trained() && wanted(place)) {
            let at = if asked.group.is_of_times() { place.session } else { 0 };
            let entry = rows.entry((place.person, at)).or_insert_with(|| Behind {
                person: self.person(place),
                sessions: Vec::new(),
                seconds: 0,
            });
            entry.sessions.push(&self.session(place).code);
            entry.seconds += place.seconds;
        }
        rows.into_values().collect()
    }

    /// Sessions that a figure counts, by start; none for a figure of people.
    #[must_use]
    pub fn behind_sessions(&self, asked: &Asked) -> Vec<BehindSession<'_>> {
        let wanted = |session: &SessionFact| {
            asked.session(session)
                && match asked.group {
                    Group::Sessions => true,
                    Group::Cases => session.is_case,
                    _ => false,
                }
        };
        let mut rows: BTreeMap<usize, BehindSession<'_>> = self
            .sessions()
            .iter()
            .enumerate()
            .filter(|(_, session)| wanted(session))
            .map(|(at, session)| (at, BehindSession { session, came: 0, seconds: 0 }))
            .collect();
        for place in self.places().iter().filter(|place| place.trained()) {
            if let Some(row) = rows.get_mut(&place.session) {
                row.came += 1;
                row.seconds += place.seconds;
            }
        }
        rows.into_values().collect()
    }
}
