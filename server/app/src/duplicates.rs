//! Rows that look like one person. Proposed here, decided by a human, with a reason, and taken back where it was wrong.

use std::collections::{BTreeMap, BTreeSet};

use rampart_domain::records::RocYear;
use rampart_domain::records::figures::{self, Counts};
use rampart_domain::records::register::{name_alike, number_alike};
use rampart_store::{Person, Stamp};

use crate::clock::new_id;
use crate::records::roster::is_odd;
use crate::register::TEXT_MAX;
use crate::{App, AppError};

/// People read at once.
const PART: u32 = 1_000;
/// Pairs proposed at most.
const PAIRS_MAX: usize = 500;

/// Why two rows look like one person, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Staff numbers that differ by width, case, hyphens or leading zeros only.
    Number,
    /// Name and agency.
    Name,
    /// An e-mail address of these two alone. A hint only: offices share theirs.
    Email,
}

/// Two rows that look like one person.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The older row.
    pub one: Person,
    /// The newer one.
    pub other: Person,
    /// Why.
    pub likeness: Likeness,
}

/// Why rows were not merged or parted.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// No reason, or one that is too long.
    #[error("a reason is needed")]
    Reason,
    /// One of them is not there, is merged already, or both are one.
    #[error("these two cannot be merged")]
    Unfit,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

fn reason(typed: &str) -> Result<&str, MergeError> {
    let reason = typed.trim();
    let fits = !reason.is_empty() && reason.chars().count() <= TEXT_MAX && !reason.chars().any(is_odd);
    if fits { Ok(reason) } else { Err(MergeError::Reason) }
}

/// Pairs of people in groups of the same key.
fn pairs(
    people: &[Person],
    key: impl Fn(&Person) -> Option<String>,
    likeness: Likeness,
    found: &mut BTreeMap<(usize, usize), Likeness>,
) {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, person) in people.iter().enumerate() {
        if let Some(key) = key(person) {
            groups.entry(key).or_default().push(index);
        }
    }
    for group in groups.values().filter(|group| group.len() > 1) {
        for (place, one) in group.iter().enumerate() {
            for other in &group[place + 1..] {
                if found.len() >= PAIRS_MAX {
                    return;
                }
                found.entry((*one, *other)).or_insert(likeness);
            }
        }
    }
}

impl App {
    /// Pairs of people on the register that look like one, the surest first; not those that somebody kept apart.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn duplicates(&self) -> Result<Vec<Pair>, AppError> {
        let mut people = Vec::new();
        loop {
            let offset = u32::try_from(people.len()).unwrap_or(u32::MAX);
            let part = self.store.persons().list("", PART, offset).await?;
            let last = part.len() < PART as usize;
            people.extend(part);
            if last {
                break;
            }
        }
        people.sort_by(|a, b| (a.created_ms, &a.id).cmp(&(b.created_ms, &b.id)));
        let ids: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
        let mut holders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (person, email) in self.store.persons().emails(&ids).await? {
            holders.entry(email).or_default().push(person);
        }
        let mut found = BTreeMap::new();
        let number =
            |person: &Person| Some(number_alike(&person.staff_no)).filter(|number| !number.is_empty());
        pairs(&people, number, Likeness::Number, &mut found);
        let name =
            |person: &Person| Some(format!("{}\n{}", name_alike(&person.name), name_alike(&person.agency)));
        let mut named = BTreeMap::new();
        pairs(&people, name, Likeness::Name, &mut named);
        // Two numbers that are not alike say that these are two people who share a name.
        for ((one, other), likeness) in named {
            let numbered = |index: usize| !people[index].staff_no.is_empty();
            if !(numbered(one) && numbered(other)) {
                found.entry((one, other)).or_insert(likeness);
            }
        }
        let place: BTreeMap<&str, usize> =
            ids.iter().enumerate().map(|(index, id)| (id.as_str(), index)).collect();
        for two in holders.values().filter(|holders| holders.len() == 2) {
            if let (Some(one), Some(other)) = (place.get(two[0].as_str()), place.get(two[1].as_str())) {
                found.entry((*one.min(other), *one.max(other))).or_insert(Likeness::Email);
            }
        }
        let apart: BTreeSet<(String, String)> = self.store.merges().kept_apart().await?.into_iter().collect();
        let mut list: Vec<Pair> = found
            .into_iter()
            .map(|((one, other), likeness)| Pair {
                one: people[one].clone(),
                other: people[other].clone(),
                likeness,
            })
            .filter(|pair| {
                let (a, b) = (&pair.one.id, &pair.other.id);
                !apart.contains(&(a.min(b).clone(), a.max(b).clone()))
            })
            .collect();
        list.sort_by_key(|pair| pair.likeness);
        list.truncate(PAIRS_MAX);
        Ok(list)
    }

    /// Notes that the row `person` is the person of the row `into`. Both rows keep their history; figures count them as one.
    ///
    /// # Errors
    /// See [`MergeError`]; nothing is written then.
    pub async fn merge_persons(
        &self,
        person: &str,
        into: &str,
        why: &str,
        by: &str,
    ) -> Result<(), MergeError> {
        let why = reason(why)?;
        if person == into {
            return Err(MergeError::Unfit);
        }
        let (id, other) = (new_id(), new_id());
        let stamp = Stamp { id: &id, at_ms: self.now_ms(), by: Some(by) };
        let line = self.line(Some(by), "person.merge", format!("person={person} into={into}"));
        let done = self.store.merges().noting(line).merge(person, into, why, &stamp, &other).await;
        if done.map_err(AppError::from)? { Ok(()) } else { Err(MergeError::Unfit) }
    }

    /// Takes the finding about a row back.
    ///
    /// # Errors
    /// See [`MergeError`]; nothing is written then.
    pub async fn part_persons(&self, person: &str, why: &str, by: &str) -> Result<(), MergeError> {
        let why = reason(why)?;
        let (id, other) = (new_id(), new_id());
        let stamp = Stamp { id: &id, at_ms: self.now_ms(), by: Some(by) };
        let line = self.line(Some(by), "person.part", format!("person={person}"));
        let done = self.store.merges().noting(line).part(person, why, &stamp, &other).await;
        if done.map_err(AppError::from)? { Ok(()) } else { Err(MergeError::Unfit) }
    }

    /// Notes that two rows are two people, so that they are proposed no more.
    ///
    /// # Errors
    /// When one of them is not there, or the store fails.
    pub async fn keep_apart(&self, one: &str, other: &str, by: &str) -> Result<(), AppError> {
        let line = self.line(Some(by), "person.apart", format!("person={one} other={other}"));
        Ok(self.store.merges().noting(line).keep_apart(one, other, by, self.now_ms()).await?)
    }

    /// Persons (人數), person-times (人次) and seconds of the exercises that are booked to a year. The persons of a year are
    /// not the sum of the persons of its exercises.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn counts_of_year(&self, year: RocYear) -> Result<Counts, AppError> {
        let mut all = Vec::new();
        for exercise in self.exercises() {
            all.extend(self.attended(&exercise.id).await?);
        }
        Ok(figures::counts(all.iter().filter(|one| RocYear::of_ms(one.began_ms) == year)))
    }
}
