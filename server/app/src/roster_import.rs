//! Taking a roster in: what a file would do to the register, and doing it. Works on the store alone, so that the command line
//! can do it beside a running server.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rampart_store::{AuditLine, Imported, NewPerson, Person, Store};

use crate::clock::new_id;
use crate::records::roster::{self, Fault, How, RosterRow, Seen};
use crate::{App, AppError};

/// What a row does to the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowEffect {
    /// A person is entered.
    Added,
    /// Something of a person's row is another then.
    Changed,
    /// All is so already.
    Same,
}

/// A row of a roster, and what it does.
#[derive(Debug, Clone)]
pub struct PlannedRow {
    /// The row.
    pub row: RosterRow,
    /// What it does.
    pub effect: RowEffect,
    /// The person that it is.
    pub person: Option<Person>,
    /// It has no staff number and is taken for that person by name and agency: somebody has to look.
    pub proposed: bool,
}

/// What came of looking at a file.
#[derive(Debug)]
pub struct RosterCheck {
    /// What was seen of the file.
    pub seen: Seen,
    /// What each row does, or every fault.
    pub rows: Result<Vec<PlannedRow>, Vec<Fault>>,
}

/// Looks at a file; writes nothing. `apart` are numbers of rows without a staff number that somebody said to be new people,
/// whoever else has their name.
///
/// # Errors
/// When the store fails.
pub async fn check(
    store: &Store,
    bytes: &[u8],
    how: &How,
    apart: &BTreeSet<u32>,
) -> Result<RosterCheck, AppError> {
    let (bytes, how) = (bytes.to_vec(), how.clone());
    let read = tokio::task::spawn_blocking(move || roster::read_as(&bytes, &how)).await;
    let (seen, rows) = read.map_err(|error| AppError::Inner(error.to_string()))?;
    let rows = match rows {
        Ok(rows) => plan(store, rows, apart).await?,
        Err(faults) => Err(faults),
    };
    Ok(RosterCheck { seen, rows })
}

async fn plan(
    store: &Store,
    mut rows: Vec<RosterRow>,
    apart: &BTreeSet<u32>,
) -> Result<Result<Vec<PlannedRow>, Vec<Fault>>, AppError> {
    // An agency may be written by its code.
    let agencies = store.agencies().list().await?;
    let codes: HashMap<&str, &str> = agencies
        .iter()
        .filter(|agency| !agency.code.is_empty())
        .map(|agency| (agency.code.as_str(), agency.name.as_str()))
        .collect();
    for row in &mut rows {
        if let Some(name) = codes.get(row.agency.as_str()) {
            (*name).clone_into(&mut row.agency);
        }
    }
    let numbers: Vec<String> =
        rows.iter().filter(|row| !row.staff_no.is_empty()).map(|row| row.staff_no.clone()).collect();
    let by_number: HashMap<String, Person> = store
        .persons()
        .by_numbers(&numbers)
        .await?
        .into_iter()
        .map(|person| (person.staff_no.clone(), person))
        .collect();
    let names: Vec<String> =
        rows.iter().filter(|row| row.staff_no.is_empty()).map(|row| row.name.clone()).collect();
    let mut by_name: HashMap<(String, String), Vec<Person>> = HashMap::new();
    for person in store.persons().named(&names).await? {
        by_name.entry((person.name.clone(), person.agency.clone())).or_default().push(person);
    }
    let mut planned = Vec::with_capacity(rows.len());
    let mut faults = Vec::new();
    for row in rows {
        let key = (row.name.clone(), row.agency.clone());
        let (person, proposed) = if !row.staff_no.is_empty() {
            (by_number.get(&row.staff_no).cloned(), false)
        } else if apart.contains(&row.row) {
            (None, true)
        } else {
            match by_name.get(&key).map_or(&[][..], Vec::as_slice) {
                [] => (None, false),
                [one] => (Some(one.clone()), true),
                several => {
                    let args = BTreeMap::from([("n", several.len().to_string())]);
                    faults.push(Fault {
                        row: row.row,
                        column: roster::Known::Name.heading().to_owned(),
                        value: row.name.clone(),
                        code: roster::CODE_AMBIGUOUS,
                        args,
                    });
                    continue;
                }
            }
        };
        planned.push(PlannedRow { row, effect: RowEffect::Added, person, proposed });
    }
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    let ids: Vec<String> = planned.iter().filter_map(|one| Some(one.person.as_ref()?.id.clone())).collect();
    let emails: BTreeSet<(String, String)> = store.persons().emails(&ids).await?.into_iter().collect();
    for one in &mut planned {
        if let Some(person) = &one.person {
            one.effect = effect(person, &one.row, &emails);
        }
    }
    Ok(Ok(planned))
}

fn effect(person: &Person, row: &RosterRow, emails: &BTreeSet<(String, String)>) -> RowEffect {
    let same = person.name == row.name
        && person.agency == row.agency
        && row.grade.as_ref().is_none_or(|grade| *grade == person.grade)
        && (row.identity.is_none() || row.identity == person.identity)
        && (row.duty.is_none() || row.duty == person.duty)
        && row.emails.iter().all(|email| emails.contains(&(person.id.clone(), email.clone())));
    // A row that was found to be another person's stays as it was.
    if person.merged_into.is_some() || (same && person.removed_ms.is_none()) {
        RowEffect::Same
    } else {
        RowEffect::Changed
    }
}

/// Writes a file in one transaction with the audit line, all or nothing.
///
/// # Errors
/// When the store fails.
pub async fn write(
    store: &Store,
    bytes: &[u8],
    how: &How,
    apart: &BTreeSet<u32>,
    line: AuditLine,
) -> Result<Result<Imported, Vec<Fault>>, AppError> {
    let rows = match check(store, bytes, how, apart).await?.rows {
        Ok(rows) => rows,
        Err(faults) => return Ok(Err(faults)),
    };
    let persons: Vec<NewPerson> = rows
        .into_iter()
        .map(|one| NewPerson {
            id: new_id(),
            name: one.row.name,
            staff_no: one.row.staff_no,
            agency: one.row.agency,
            grade: one.row.grade,
            identity: one.row.identity,
            duty: one.row.duty,
            emails: one.row.emails,
            gender: one.row.gender,
            same_as: one.person.map(|person| person.id),
        })
        .collect();
    let at_ms = line.at_ms;
    Ok(Ok(store.persons().noting(line).import(&persons, at_ms).await?))
}

impl App {
    /// See [`check`].
    ///
    /// # Errors
    /// When the store fails.
    pub async fn check_roster(
        &self,
        bytes: &[u8],
        how: &How,
        apart: &BTreeSet<u32>,
    ) -> Result<RosterCheck, AppError> {
        check(&self.store, bytes, how, apart).await
    }

    /// Reads a roster as nobody said how, and writes it. `by` is the account that does it, `None` for Rampart itself.
    ///
    /// # Errors
    /// Every fault of the file, or what of ours failed.
    pub async fn import_roster(
        &self,
        bytes: &[u8],
        by: Option<&str>,
    ) -> Result<Result<Imported, Vec<Fault>>, AppError> {
        self.import_roster_as(bytes, &How::default(), &BTreeSet::new(), by).await
    }

    /// Reads a roster as somebody said, and writes it. See [`write`].
    ///
    /// # Errors
    /// Every fault of the file, or what of ours failed.
    pub async fn import_roster_as(
        &self,
        bytes: &[u8],
        how: &How,
        apart: &BTreeSet<u32>,
        by: Option<&str>,
    ) -> Result<Result<Imported, Vec<Fault>>, AppError> {
        // The counts are added where they are known.
        write(&self.store, bytes, how, apart, self.line(by, "roster.import", "")).await
    }
}
