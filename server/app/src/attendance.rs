//! Attendance: what the seats saw and what the sign-in sheet says, made into counted time by the one printed rule.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use rampart_domain::records::{self, Attendance, Attended, Pause, Rule, Session, Source, Stay, StayError};
use rampart_store::{AuditLine, NewSign, Person, Sign, Touch};

use crate::clock::new_id;
use crate::exercise::Exercise;
use crate::{App, AppError};

/// Presence that goes on within this time is one stretch, ms; the pages tell far more often that they are open.
const GRACE_MS: i64 = 60_000;
/// How often collected signs are written.
pub(crate) const NOTE_EVERY: Duration = Duration::from_secs(5);
/// Signs kept at most while the store does not take them.
const TOUCHED_MAX: usize = 100_000;

/// One person's attendance at one exercise.
#[derive(Debug, Clone)]
pub struct AttendanceRow {
    /// The person.
    pub person: Person,
    /// Team id of the present seat; `None` for people taken out of the exercise after attending.
    pub team: Option<String>,
    /// Number of the seat in its team.
    pub number: Option<u32>,
    /// Seat presence as seen, ms UTC.
    pub seen: Vec<(i64, i64)>,
    /// Lines of the sign-in sheet that stand.
    pub signs: Vec<Sign>,
    /// What counts.
    pub counted: Attendance,
}

/// Why a line of the sign-in sheet was refused.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Out before in.
    #[error(transparent)]
    Order(#[from] StayError),
    /// Later than now.
    #[error("a time lies in the future")]
    Future,
    /// No reason given.
    #[error("a reason is needed")]
    Reason,
    /// The person has no seat in this exercise and never had.
    #[error("not a participant of this exercise")]
    Stranger,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// The run of an exercise as the arithmetic wants it; `None` before its first start.
pub(crate) fn session(exercise: &Exercise) -> Option<Session> {
    let fold = exercise.fold();
    Some(Session {
        start_ms: fold.clock.started_ms?,
        end_ms: fold.ended_ms,
        pauses: fold
            .pauses
            .iter()
            .map(|(start_ms, end_ms)| Pause { start_ms: *start_ms, end_ms: *end_ms })
            .collect(),
    })
}

impl App {
    /// A seat says that its page is open. Called again every few seconds. Signs are collected for some
    /// seconds and written together, as each write is a wait for the disk.
    pub fn touch(&self, seat: &str) {
        let touch = Touch { seat_id: seat.to_owned(), at_ms: self.now_ms(), new_id: new_id() };
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).push(touch);
    }

    /// Writes the signs collected so far. What cannot be written waits for the next time.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_presence(&self) -> Result<(), AppError> {
        let touched = std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner));
        if touched.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.store.presence().touch(&touched, GRACE_MS).await {
            let mut waiting = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() < TOUCHED_MAX {
                waiting.extend(touched);
            }
            return Err(error.into());
        }
        Ok(())
    }

    /// Writes a line into the sign-in sheet; `to_ms` is `None` while the person is there.
    ///
    /// # Errors
    /// See [`SignError`]; nothing is written then.
    pub async fn sign(
        &self,
        exercise: &str,
        person: &str,
        from_ms: i64,
        to_ms: Option<i64>,
        reason: &str,
        account: &str,
    ) -> Result<(), SignError> {
        Stay::new(Source::Mark, from_ms, to_ms)?;
        let now_ms = self.now_ms();
        if from_ms > now_ms || to_ms.is_some_and(|to_ms| to_ms > now_ms) {
            return Err(SignError::Future);
        }
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 200 {
            return Err(SignError::Reason);
        }
        let same = self.store.merges().same().await.map_err(AppError::from)?;
        if !self.participants(exercise).await?.contains_key(same.of(person)) {
            return Err(SignError::Stranger);
        }
        let sign = NewSign {
            id: new_id(),
            exercise_id: exercise.to_owned(),
            person_id: person.to_owned(),
            from_ms,
            to_ms,
            reason: reason.to_owned(),
            by_account: account.to_owned(),
            at_ms: now_ms,
        };
        let line = self.sign_line(account, "sign.add", exercise, &sign.id, person);
        self.store.signs().noting(line).add(&[sign]).await.map_err(AppError::from)?;
        Ok(())
    }

    fn sign_line(&self, by: &str, what: &str, exercise: &str, sign: &str, person: &str) -> AuditLine {
        self.line(Some(by), what, format!("exercise={exercise} sign={sign} person={person}"))
    }

    /// Closes an open line of the sheet; does nothing to one that is closed. `by` is the account that does it.
    ///
    /// # Errors
    /// See [`SignError`].
    pub async fn sign_out(&self, exercise: &str, sign: &str, to_ms: i64, by: &str) -> Result<(), SignError> {
        let known = self.sign_of(exercise, sign).await?;
        Stay::new(Source::Mark, known.from_ms, Some(to_ms))?;
        if to_ms > self.now_ms() {
            return Err(SignError::Future);
        }
        let line = self.sign_line(by, "sign.close", exercise, sign, &known.person_id);
        self.store.signs().noting(line).close(sign, to_ms).await.map_err(AppError::from)?;
        Ok(())
    }

    /// Takes a line back; it stays in the store, struck out. `by` is the account that does it.
    ///
    /// # Errors
    /// See [`SignError`].
    pub async fn unsign(&self, exercise: &str, sign: &str, by: &str) -> Result<(), SignError> {
        let known = self.sign_of(exercise, sign).await?;
        let line = self.sign_line(by, "sign.strike", exercise, sign, &known.person_id);
        self.store.signs().noting(line).remove(sign, self.now_ms()).await.map_err(AppError::from)?;
        Ok(())
    }

    async fn sign_of(&self, exercise: &str, sign: &str) -> Result<Sign, AppError> {
        let signs = self.store.signs().list(exercise).await?;
        signs.into_iter().find(|known| known.id == sign).ok_or(AppError::Missing("sign"))
    }

    /// Everyone who has or had a seat: person -> present team and number. Rows that were found to be one person are one.
    async fn participants(
        &self,
        exercise: &str,
    ) -> Result<BTreeMap<String, Option<(String, u32)>>, AppError> {
        let mut people: BTreeMap<String, Option<(String, u32)>> = BTreeMap::new();
        let same = self.store.merges().same().await?;
        for seat in self.store.seats().list_all(exercise).await? {
            let present = people.entry(same.of(&seat.person_id).to_owned()).or_default();
            if seat.removed_ms.is_none() {
                *present = Some((seat.team, seat.number));
            }
        }
        Ok(people)
    }

    /// Attendance of everyone who has or had a seat, by agency and staff number.
    ///
    /// # Errors
    /// [`AppError::Missing`] for an unknown exercise, or when the store fails.
    pub async fn attendance(&self, exercise: &str) -> Result<Vec<AttendanceRow>, AppError> {
        let live = self.exercise(exercise).ok_or(AppError::Missing("exercise"))?;
        self.note_presence().await?;
        let participants = self.participants(exercise).await?;
        let ids: Vec<String> = participants.keys().cloned().collect();
        let people = self.store.persons().by_ids(&ids).await?;
        let same = self.store.merges().same().await?;
        let mut seen: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
        for stretch in self.store.presence().list(exercise).await? {
            seen.entry(same.of(&stretch.person_id).to_owned())
                .or_default()
                .push((stretch.start_ms, stretch.end_ms));
        }
        let mut signs: BTreeMap<String, Vec<Sign>> = BTreeMap::new();
        for sign in self.store.signs().list(exercise).await? {
            if sign.removed_ms.is_none() {
                signs.entry(same.of(&sign.person_id).to_owned()).or_default().push(sign);
            }
        }
        let session = session(&live);
        let now_ms = self.now_ms();
        let mut rows: Vec<AttendanceRow> = people
            .into_iter()
            .map(|person| {
                let seen = seen.remove(&person.id).unwrap_or_default();
                let signs = signs.remove(&person.id).unwrap_or_default();
                let counted = session.as_ref().map_or_else(Attendance::default, |session| {
                    records::attendance(session, &stays(&seen, &signs), Rule::default(), now_ms)
                });
                let (team, number) = match participants.get(&person.id) {
                    Some(Some((team, number))) => (Some(team.clone()), Some(*number)),
                    _ => (None, None),
                };
                AttendanceRow { person, team, number, seen, signs, counted }
            })
            .collect();
        rows.sort_by(|a, b| {
            (&a.person.agency, &a.person.staff_no).cmp(&(&b.person.agency, &b.person.staff_no))
        });
        Ok(rows)
    }

    /// What everyone attended of these exercises, for the figures.
    pub(crate) async fn attended(&self, exercise: &str) -> Result<Vec<Attended>, AppError> {
        let live = self.exercise(exercise).ok_or(AppError::Missing("exercise"))?;
        let Some(session) = session(&live) else { return Ok(Vec::new()) };
        Ok(self
            .attendance(exercise)
            .await?
            .into_iter()
            .map(|row| Attended {
                person: row.person.id,
                exercise: exercise.to_owned(),
                began_ms: session.start_ms,
                seconds: row.counted.seconds,
            })
            .collect())
    }
}

/// Stored lines as stays. A line that cannot be (it was refused when it was typed) is left out.
fn stays(seen: &[(i64, i64)], signs: &[Sign]) -> Vec<Stay> {
    seen.iter()
        .filter_map(|(from, to)| Stay::new(Source::Seat, *from, Some(*to)).ok())
        .chain(signs.iter().filter_map(|sign| Stay::new(Source::SignIn, sign.from_ms, sign.to_ms).ok()))
        .collect()
}
