//! Signing in and out by the code on the room's screen. The code itself, and the ticket that a scan gives, are the web's;
//! here it is decided who signs and what that means.

use rampart_domain::records::course::Standing;
use rampart_store::{ClassSession, Person, SelfSign, SelfSigned};
use sha2::{Digest, Sha256};

use super::CourseError;
use crate::clock::new_id;
use crate::limits::Limited;
use crate::people::{code_hash, random_code};
use crate::{App, AppError};

/// How long before its first half-day, and after its last, a session can be signed in to and out of, ms.
pub const SIGN_AROUND_MS: i64 = 60 * 60_000;
/// Letters of a sign-in code.
const CODE_LENGTH: usize = 8;

/// Who signs, as typed.
#[derive(Debug, Clone, Default)]
pub struct Signing<'s> {
    /// Session.
    pub session: &'s str,
    /// The scan; good once.
    pub ticket: &'s str,
    /// Staff number.
    pub staff_no: &'s str,
    /// Name.
    pub name: &'s str,
    /// Sign-in code of the slip, in place of number and name.
    pub code: &'s str,
    /// In, or out.
    pub going_in: bool,
    /// Address of the phone.
    pub address: &'s str,
    /// What tells one browser from another.
    pub browser: &'s str,
}

/// Signed.
#[derive(Debug, Clone)]
pub struct SignedFor {
    /// Name.
    pub name: String,
    /// When, ms UTC.
    pub at_ms: i64,
}

/// Why nobody was signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// No such session, or it was called off.
    #[error("no such session")]
    Missing,
    /// Too early or too late for this session.
    #[error("not now")]
    Closed,
    /// Nobody of the list fits what was typed.
    #[error("nobody of the list")]
    Unknown,
    /// This scan was used.
    #[error("this scan was used")]
    Replayed,
    /// In already, since then, ms UTC.
    #[error("in since {0}")]
    IsIn(i64),
    /// Not in.
    #[error("not in")]
    IsOut,
    /// Too many guesses.
    #[error("too many guesses")]
    Limited(Limited),
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// Since when a mark has to be open to be the present one. Who comes in stands in the half-day that ends next, or in the
/// break before it; who goes out stands in the one that began last.
pub(crate) fn since(session: &ClassSession, going_in: bool, now_ms: i64) -> i64 {
    let halves = &session.halves;
    let present = if going_in {
        halves.iter().position(|half| half.1 > now_ms)
    } else {
        halves.iter().rposition(|half| half.0 <= now_ms)
    };
    let before = present.and_then(|number| number.checked_sub(1)).and_then(|before| halves.get(before));
    before.map_or(session.start_ms - SIGN_AROUND_MS, |half| half.1)
}

/// Can this session be signed at this moment?
pub(crate) fn is_open(session: &ClassSession, now_ms: i64) -> bool {
    session.cancelled_ms.is_none()
        && now_ms >= session.start_ms - SIGN_AROUND_MS
        && now_ms <= session.end_ms + SIGN_AROUND_MS
}

fn alike(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
    plain(a) == plain(b)
}

impl App {
    /// Whether a session can be signed now; `None` when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn signable(&self, session: &str) -> Result<Option<(ClassSession, bool)>, AppError> {
        let session = self.store.courses().session(session).await?;
        Ok(session.map(|session| {
            let open = is_open(&session, self.now_ms());
            (session, open)
        }))
    }

    /// A person signs themselves.
    ///
    /// # Errors
    /// See [`SigningError`]; nothing is written then.
    pub async fn sign_class(&self, signing: &Signing<'_>) -> Result<SignedFor, SigningError> {
        let now_ms = self.now_ms();
        let found = self.store.courses().session(signing.session).await.map_err(AppError::from)?;
        let session = found.filter(|one| one.cancelled_ms.is_none()).ok_or(SigningError::Missing)?;
        if !is_open(&session, now_ms) {
            return Err(SigningError::Closed);
        }
        // A whole class stands behind one address: tries count by who is named, and failures by address.
        let named = if signing.code.is_empty() { signing.staff_no } else { signing.code };
        let key = format!("class {} {}", session.id, named.to_lowercase());
        self.guesses.may_try(&key, signing.address, now_ms).map_err(SigningError::Limited)?;
        let person = match self.signer(&session, signing).await {
            Ok(Some(person)) => person,
            Ok(None) => {
                self.guesses.failed(signing.address, now_ms);
                return Err(SigningError::Unknown);
            }
            Err(error) => {
                self.guesses.forgiven(&key);
                return Err(error.into());
            }
        };
        self.guesses.succeeded(&key);
        let id = new_id();
        let device = hex::encode(Sha256::digest(format!("{} {}", session.id, signing.browser)));
        let sign = SelfSign {
            session_id: &session.id,
            person_id: &person.id,
            going_in: signing.going_in,
            at_ms: now_ms,
            since_ms: since(&session, signing.going_in, now_ms),
            ticket: signing.ticket,
            new_id: &id,
            device: device.get(..16).unwrap_or_default(),
        };
        match self.store.class_marks().sign(&sign).await.map_err(AppError::from)? {
            SelfSigned::Done => Ok(SignedFor { name: person.name, at_ms: now_ms }),
            SelfSigned::Replayed => Err(SigningError::Replayed),
            SelfSigned::IsIn(at_ms) => Err(SigningError::IsIn(at_ms)),
            SelfSigned::IsOut => Err(SigningError::IsOut),
        }
    }

    /// The person of the session's list that was typed.
    async fn signer(
        &self,
        session: &ClassSession,
        signing: &Signing<'_>,
    ) -> Result<Option<Person>, AppError> {
        let same = self.store.merges().same().await?;
        if !signing.code.is_empty() {
            let plain: String =
                signing.code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
            let Some(row) = self.store.courses().by_code(&session.id, &code_hash(&plain)).await? else {
                return Ok(None);
            };
            return Ok(self.store.persons().by_id(same.of(&row.person_id)).await?);
        }
        if signing.staff_no.is_empty() || signing.name.is_empty() {
            return Ok(None);
        }
        let Some(known) = self.store.persons().by_number(signing.staff_no).await? else { return Ok(None) };
        let person = self.store.persons().by_id(same.of(&known.id)).await?;
        let Some(person) = person.filter(|_| alike(&known.name, signing.name)) else { return Ok(None) };
        let listed = self.store.courses().people(&session.id).await?;
        let seated = match &session.exercise_id {
            Some(exercise) => self.store.seats().list(exercise).await?,
            None => Vec::new(),
        };
        let here = listed
            .iter()
            .filter(|row| row.removed_ms.is_none())
            .map(|row| &row.person_id)
            .chain(seated.iter().map(|seat| &seat.person_id))
            .any(|row| same.of(row) == person.id);
        Ok(here.then_some(person))
    }

    /// Makes sign-in codes for the trainees of a session, each (person, code); former ones are void.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when the session is not this course's.
    pub async fn make_sign_codes(
        &self,
        course: &str,
        session: &str,
        by: &str,
    ) -> Result<Vec<(Person, String)>, CourseError> {
        let sheet = self.class_sheet(course, session).await?;
        let mut hashes = Vec::new();
        let mut slips = Vec::new();
        for row in sheet.rows {
            let of =
                row.standings.iter().find(|(standing, id)| *standing == Standing::Trainee && !id.is_empty());
            let Some((_, id)) = of else { continue };
            let code = random_code(CODE_LENGTH);
            hashes.push((id.clone(), code_hash(&code)));
            slips.push((row.person, code));
        }
        let line = self.line(Some(by), "class.codes", format!("session={session} n={}", hashes.len()));
        self.store.courses().noting(line).set_codes(&hashes).await?;
        Ok(slips)
    }

    /// Forgets scans that are long stale.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_scans(&self) -> Result<(), AppError> {
        self.store.class_marks().forget_tickets(self.now_ms() - 24 * 3_600_000).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> ClassSession {
        let hour = 3_600_000;
        ClassSession {
            id: "s".into(),
            course_id: "c".into(),
            code: "S".into(),
            class_no: 1,
            place: String::new(),
            start_ms: 100 * hour,
            end_ms: 107 * hour,
            halves: vec![(100 * hour, 103 * hour), (104 * hour, 107 * hour)],
            late_minutes: 10,
            exercise_id: None,
            cancelled_ms: None,
            cancelled_reason: None,
        }
    }

    #[test]
    fn who_goes_out_leaves_the_half_day_that_began_last() {
        let hour = 3_600_000;
        let session = session();
        let before = 99 * hour;
        assert_eq!(since(&session, true, 100 * hour + 5), before, "the morning");
        assert_eq!(since(&session, false, 102 * hour), before);
        assert_eq!(since(&session, false, 103 * hour + 5), before, "out of the morning, in the break");
        assert_eq!(since(&session, true, 103 * hour + 5), 103 * hour, "in for the afternoon");
        assert_eq!(since(&session, false, 105 * hour), 103 * hour);
        assert_eq!(since(&session, false, 107 * hour + 5), 103 * hour, "out after the end");
        assert_eq!(since(&session, false, 99 * hour + 5), before, "out before it began");
        assert!(is_open(&session, before) && !is_open(&session, before - 1));
        assert!(is_open(&session, 108 * hour) && !is_open(&session, 108 * hour + 1));
    }
}
