//! The register of persons and agencies: people's rows, their history, the agencies that they name. Accounts and seats are
//! apart from it, and so is what people state about themselves.

use std::collections::BTreeMap;

use rampart_domain::records::register::is_email;
use rampart_store::{Agency, Change, Person, PersonEdit, Stamp, StoreError};

use crate::clock::new_id;
use crate::records::roster::is_odd;
use crate::{App, AppError};

/// Longest text of the register, in characters.
pub const TEXT_MAX: usize = 200;
/// Most e-mail addresses of a person.
pub const EMAILS_MAX: usize = 10;

/// An exercise that a person took part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TookPart {
    /// Exercise.
    pub exercise: String,
    /// Code of the session.
    pub code: String,
    /// Title.
    pub title: String,
    /// Planned start, ms UTC.
    pub starts_ms: i64,
    /// Team's name.
    pub team: String,
    /// Taken out of the exercise.
    pub withdrawn: bool,
    /// What counts of their attendance, seconds.
    pub seconds: i64,
}

/// All that the register knows of a person.
#[derive(Debug, Clone)]
pub struct PersonCard {
    /// The row.
    pub person: Person,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// What was done with the row, latest first; `by_account` is made the account's name.
    pub history: Vec<Change>,
    /// Exercises, latest first.
    pub took_part: Vec<TookPart>,
}

/// Why a row could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// A field is not right: its name and a code (`required`, `too_long`, `text_odd`, `email_form`, `number_form`).
    #[error("{field}: {code}")]
    Field {
        /// Field of the form.
        field: &'static str,
        /// Code.
        code: &'static str,
    },
    /// Staff number, agency code or agency name of another one.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// The person has a seat in an exercise that is not over.
    #[error("the person sits in an exercise that is not over")]
    Seated,
    /// No such person or agency.
    #[error("no such row")]
    Missing,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Duplicate { what } if what.contains("staff_no") => Self::Taken("staff_no"),
            StoreError::Duplicate { what } if what.contains("agencies") && what.contains("code") => {
                Self::Taken("code")
            }
            StoreError::Duplicate { what } if what.contains("agencies") => Self::Taken("name"),
            _ => Self::App(error.into()),
        }
    }
}

/// A text of the register, without space around it.
fn text(field: &'static str, typed: &str, required: bool) -> Result<String, RegisterError> {
    let text = typed.trim();
    if text.is_empty() && required {
        return Err(RegisterError::Field { field, code: "required" });
    }
    if text.chars().count() > TEXT_MAX {
        return Err(RegisterError::Field { field, code: "too_long" });
    }
    if text.chars().any(is_odd) {
        return Err(RegisterError::Field { field, code: "text_odd" });
    }
    Ok(text.to_owned())
}

fn checked(edit: &PersonEdit) -> Result<PersonEdit, RegisterError> {
    let staff_no = text("staff_no", &edit.staff_no, false)?;
    // A number without a letter or digit is none, and `~` is how the store marks those without.
    if !staff_no.is_empty() && (staff_no.starts_with('~') || !staff_no.chars().any(char::is_alphanumeric)) {
        return Err(RegisterError::Field { field: "staff_no", code: "number_form" });
    }
    let mut emails = Vec::new();
    for typed in &edit.emails {
        let email = text("emails", typed, false)?.to_lowercase();
        if !email.is_empty() && !is_email(&email) {
            return Err(RegisterError::Field { field: "emails", code: "email_form" });
        }
        if !email.is_empty() {
            emails.push(email);
        }
    }
    if emails.len() > EMAILS_MAX {
        return Err(RegisterError::Field { field: "emails", code: "too_long" });
    }
    Ok(PersonEdit {
        name: text("name", &edit.name, true)?,
        staff_no,
        agency: text("agency", &edit.agency, true)?,
        grade: text("grade", &edit.grade, false)?,
        identity: edit.identity,
        emails,
    })
}

impl App {
    /// A person with history and exercises; `None` when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn person_card(&self, id: &str) -> Result<Option<PersonCard>, AppError> {
        let Some(person) = self.store.persons().by_id(id).await? else { return Ok(None) };
        let emails = self.store.persons().emails(&[id.to_owned()]).await?;
        let accounts: BTreeMap<String, String> =
            self.store.accounts().list().await?.into_iter().map(|one| (one.id, one.name)).collect();
        let mut history = self.store.changes().of(id).await?;
        for change in &mut history {
            change.by_account = change.by_account.take().map(|id| accounts.get(&id).cloned().unwrap_or(id));
        }
        let took_part = self.took_part(id).await?;
        Ok(Some(PersonCard {
            person,
            emails: emails.into_iter().map(|(_, email)| email).collect(),
            history,
            took_part,
        }))
    }

    /// Exercises in which a person has or had a seat, latest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn took_part(&self, person: &str) -> Result<Vec<TookPart>, AppError> {
        let same = self.store.merges().same().await?;
        let one = same.of(person).to_owned();
        let mut exercises: Vec<String> = Vec::new();
        for row in same.rows(person) {
            let seats = self.store.seats().of_person(&row).await?;
            exercises.extend(seats.into_iter().map(|seat| seat.exercise_id));
        }
        exercises.sort();
        exercises.dedup();
        let mut parts = Vec::new();
        for stored in self.store.exercises().list().await? {
            if exercises.binary_search(&stored.id).is_err() {
                continue;
            }
            let Some(live) = self.exercise(&stored.id) else { continue };
            let rows = self.attendance(&stored.id).await?;
            let Some(row) = rows.into_iter().find(|row| row.person.id == one) else { continue };
            let team =
                row.team.as_deref().and_then(|team| live.fold().team(team).map(|team| team.name.clone()));
            parts.push(TookPart {
                exercise: stored.id,
                code: stored.code,
                title: stored.title,
                starts_ms: stored.starts_ms,
                withdrawn: row.team.is_none(),
                team: team.unwrap_or_default(),
                seconds: row.counted.seconds,
            });
        }
        parts.sort_by(|a, b| b.starts_ms.cmp(&a.starts_ms).then_with(|| a.exercise.cmp(&b.exercise)));
        Ok(parts)
    }

    /// Enters a person by hand, or changes one; gives the id. `by` is the account that does it.
    ///
    /// # Errors
    /// See [`RegisterError`]; nothing is written then.
    pub async fn save_person(
        &self,
        id: Option<&str>,
        edit: &PersonEdit,
        by: &str,
    ) -> Result<String, RegisterError> {
        let edit = checked(edit)?;
        let stamp_id = new_id();
        let stamp = Stamp { id: &stamp_id, at_ms: self.now_ms(), by: Some(by) };
        let Some(id) = id else {
            let id = new_id();
            if !edit.staff_no.is_empty() && self.number_is_taken(&edit.staff_no).await? {
                return Err(RegisterError::Taken("staff_no"));
            }
            let new = rampart_store::NewPerson {
                id: id.clone(),
                name: edit.name,
                staff_no: edit.staff_no,
                agency: edit.agency,
                grade: Some(edit.grade),
                identity: edit.identity,
                emails: edit.emails,
                ..rampart_store::NewPerson::default()
            };
            let line = self.line(Some(by), "person.make", format!("person={id}"));
            self.store.persons().noting(line).import(&[new], stamp.at_ms).await?;
            return Ok(id);
        };
        let line = self.line(Some(by), "person.edit", format!("person={id}"));
        if self.store.persons().noting(line).edit(id, &edit, &stamp).await? {
            Ok(id.to_owned())
        } else {
            Err(RegisterError::Missing)
        }
    }

    async fn number_is_taken(&self, staff_no: &str) -> Result<bool, AppError> {
        Ok(self.store.persons().by_number(staff_no).await?.is_some())
    }

    /// Takes a person off the register, or puts them on it again. What they attended stays either way.
    ///
    /// # Errors
    /// See [`RegisterError`].
    pub async fn set_person_removed(&self, id: &str, removed: bool, by: &str) -> Result<(), RegisterError> {
        if removed {
            for seat in self.store.seats().of_person(id).await? {
                let over = self.exercise(&seat.exercise_id).is_none_or(|live| live.fold().over());
                if seat.removed_ms.is_none() && !over {
                    return Err(RegisterError::Seated);
                }
            }
        }
        let stamp_id = new_id();
        let stamp = Stamp { id: &stamp_id, at_ms: self.now_ms(), by: Some(by) };
        let what = if removed { "person.remove" } else { "person.restore" };
        let line = self.line(Some(by), what, format!("person={id}"));
        if self.store.persons().noting(line).set_removed(id, removed, &stamp).await? {
            Ok(())
        } else {
            Err(RegisterError::Missing)
        }
    }

    /// Enters an agency (an empty id), or changes one; people who name it by its former name follow. Gives the number of
    /// those people.
    ///
    /// # Errors
    /// See [`RegisterError`]; nothing is written then.
    pub async fn save_agency(&self, agency: &Agency, by: &str) -> Result<usize, RegisterError> {
        let known = !agency.id.is_empty();
        if known && self.store.agencies().by_id(&agency.id).await?.is_none() {
            return Err(RegisterError::Missing);
        }
        let agency = Agency {
            id: if known { agency.id.clone() } else { new_id() },
            code: text("code", &agency.code, false)?,
            name: text("name", &agency.name, true)?,
            county: text("county", &agency.county, false)?,
            ..agency.clone()
        };
        let stamp_id = new_id();
        let stamp = Stamp { id: &stamp_id, at_ms: self.now_ms(), by: Some(by) };
        let what = if known { "agency.edit" } else { "agency.make" };
        let line = self.line(Some(by), what, format!("agency={}", agency.id));
        Ok(self.store.agencies().noting(line).save(&agency, &stamp, new_id).await?)
    }

    /// Takes an agency off the list; people go on naming it.
    ///
    /// # Errors
    /// See [`RegisterError`].
    pub async fn remove_agency(&self, id: &str, by: &str) -> Result<(), RegisterError> {
        let line = self.line(Some(by), "agency.remove", format!("agency={id}"));
        if self.store.agencies().noting(line).remove(id, self.now_ms()).await? {
            Ok(())
        } else {
            Err(RegisterError::Missing)
        }
    }
}
