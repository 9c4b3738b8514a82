//! The people behind a figure of a year.

use std::collections::BTreeMap;

use super::facts::{Facts, PersonFact};
use super::register::{NotInTheList, plain, words};
use super::roc::{RocDate, RocYear};

words! {
    /// By what the figures of a year are parted.
    Group {
        /// Not at all.
        All = "all" [],
        /// Month in which the session began, `1` to `12`.
        Month = "month" [],
        /// Agency of the people.
        Agency = "agency" [],
        /// Title of the course or exercise.
        Title = "title" [],
        /// County of the people's agencies.
        County = "county" [],
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

impl Facts {
    /// Trainees of a year who came, or those of them that belong to `of` by `group`, in the order of the register.
    #[must_use]
    pub fn behind(&self, year: RocYear, group: Group, of: &str) -> Vec<Behind<'_>> {
        let mut people: BTreeMap<usize, Behind<'_>> = BTreeMap::new();
        for place in self.places().iter().filter(|place| place.trained()) {
            let (session, person) = (self.session(place), self.person(place));
            let wanted = match group {
                Group::All => true,
                Group::Month => RocDate::of_ms(session.start_ms).month().to_string() == of,
                Group::Agency => person.agency == of,
                Group::Title => session.title == of,
                Group::County => person.county == of,
            };
            if session.year() != year || !wanted {
                continue;
            }
            let entry = people.entry(place.person).or_insert_with(|| Behind {
                person,
                sessions: Vec::new(),
                seconds: 0,
            });
            entry.sessions.push(&session.code);
            entry.seconds += place.seconds;
        }
        people.into_values().collect()
    }
}
