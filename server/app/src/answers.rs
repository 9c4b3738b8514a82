//! What people state about themselves, what they ask for about their data, and how long it is kept. Reading and deciding go
//! through the officer's view of the store, which writes the audit line with the act; the person's own page only gives.

use rampart_domain::records::{Answers, RocDate, register::NOTICE};
use rampart_store::{
    AnswersRow, Consent, DataRequest, Officer, OwnRequest, Person, PurgeRule, Purged, Purpose, StoreError,
    Wish,
};

use crate::clock::new_id;
use crate::records::roster::is_odd;
use crate::{App, AppError, Looked};

const DAY_MS: i64 = 86_400_000;
/// Longest request or reply, in characters.
pub const WISH_MAX: usize = 1_000;
/// Open requests of one person at most.
const OPEN_MAX: usize = 5;
/// Requests shown to the officer.
const SHOWN: u32 = 500;
const ANSWERS_DAYS: &str = "retention.answers_days";
const ATTENDANCE_YEARS: &str = "retention.attendance_years";
const RECORDINGS_DAYS: &str = "retention.recordings_days";
/// Most days that can be set.
const DAYS_MAX: u32 = 3_650;

/// How long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days after the end of the year in which a person last took part, for their answers, and after the year of a
    /// questionnaire, for gender and words of its sheets: by then the year's tables are handed in.
    pub answers_days: u32,
    /// Years for attendance and decided requests.
    pub attendance_years: u32,
    /// Days for recordings of terminals.
    pub recordings_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { answers_days: 90, attendance_years: 5, recordings_days: 365 }
    }
}

impl Retention {
    /// Up to when what is to go, at a moment.
    #[must_use]
    pub fn rule(self, now_ms: i64) -> PurgeRule {
        let year = RocDate::of_ms(now_ms - i64::from(self.answers_days) * DAY_MS).year();
        PurgeRule {
            answers_before_ms: RocDate::new(year.0, 1, 1).map_or(0, RocDate::start_ms),
            attendance_before_ms: now_ms - i64::from(self.attendance_years) * 365 * DAY_MS,
            recordings_before_ms: now_ms - i64::from(self.recordings_days) * DAY_MS,
        }
    }
}

/// Why something about a person's data was not done.
#[derive(Debug, thiserror::Error)]
pub enum AnswersError {
    /// A field is not right: its name and a code (`required`, `too_long`, `text_odd`, `mark_future`, `requests_open`,
    /// `retention_range`, `recordings_range`).
    #[error("{field}: {code}")]
    Field {
        /// Field of the form.
        field: &'static str,
        /// Code.
        code: &'static str,
    },
    /// No such person, no such open request, or nothing there.
    #[error("nothing there")]
    Missing,
    /// Something of ours failed, or the account is no officer.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for AnswersError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

fn words(field: &'static str, typed: &str, required: bool) -> Result<String, AnswersError> {
    let text = typed.trim().replace("\r\n", "\n");
    if required && text.is_empty() {
        return Err(AnswersError::Field { field, code: "required" });
    }
    if text.chars().count() > WISH_MAX {
        return Err(AnswersError::Field { field, code: "too_long" });
    }
    if text.chars().any(|c| c != '\n' && is_odd(c)) {
        return Err(AnswersError::Field { field, code: "text_odd" });
    }
    Ok(text)
}

impl App {
    /// A person states answers on their own page, with consent to the present notice.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn give_answers(&self, person: &str, answers: &Answers) -> Result<(), AppError> {
        let line = self.line(None, "personal.give", format!("person={person} notice={NOTICE}"));
        Ok(self.store.as_self(person).give(answers, NOTICE, &line).await?)
    }

    /// A person takes the consent back; what was stated is erased.
    ///
    /// # Errors
    /// [`AnswersError::Missing`] when nothing was stated.
    pub async fn withdraw_answers(&self, person: &str) -> Result<(), AnswersError> {
        let line = self.line(None, "personal.withdraw", format!("person={person}"));
        if self.store.as_self(person).withdraw(&line).await? { Ok(()) } else { Err(AnswersError::Missing) }
    }

    /// Whether a person stated something, and their requests; never what they stated.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own_data(&self, person: &str) -> Result<(Option<Consent>, Vec<OwnRequest>), AppError> {
        let own = self.store.as_self(person);
        Ok((own.consent().await?, own.requests().await?))
    }

    /// A person asks for something about their data.
    ///
    /// # Errors
    /// [`AnswersError::Field`] without words, or when too many requests are open.
    pub async fn ask_about_data(&self, person: &str, wish: Wish, text: &str) -> Result<(), AnswersError> {
        let text = words("wish", text, wish == Wish::Correct)?;
        let own = self.store.as_self(person);
        if own.requests().await?.iter().filter(|request| request.granted.is_none()).count() >= OPEN_MAX {
            return Err(AnswersError::Field { field: "wish", code: "requests_open" });
        }
        let id = new_id();
        let line =
            self.line(None, "request.make", format!("person={person} request={id} kind={}", wish.as_str()));
        Ok(own.ask(&id, wish, &text, &line).await?)
    }

    /// What a person stated, for the officer.
    ///
    /// # Errors
    /// The store refuses whoever is no officer.
    pub async fn answers_of(&self, officer: &Officer, person: &str) -> Result<Option<AnswersRow>, AppError> {
        let (audit_id, detail) = (new_id(), Looked::Answers(person.to_owned()).to_string());
        let purpose = Purpose { audit_id: &audit_id, at_ms: self.now_ms(), detail: &detail };
        Ok(self.store.as_officer(officer).answers(purpose, person).await?)
    }

    /// The officer enters what a person stated on a form signed at `signed_ms`.
    ///
    /// # Errors
    /// [`AnswersError::Field`] for a day to come, [`AnswersError::Missing`] for an unknown person; the store refuses
    /// whoever is no officer.
    pub async fn enter_answers(
        &self,
        officer: &Officer,
        person: &str,
        answers: &Answers,
        signed_ms: i64,
    ) -> Result<(), AnswersError> {
        if signed_ms > self.now_ms() {
            return Err(AnswersError::Field { field: "signed", code: "mark_future" });
        }
        let (audit_id, detail) = (new_id(), format!("answers person={person} notice={NOTICE}"));
        let purpose = Purpose { audit_id: &audit_id, at_ms: self.now_ms(), detail: &detail };
        let view = self.store.as_officer(officer);
        if view.set_answers(purpose, person, answers, signed_ms, NOTICE).await? {
            Ok(())
        } else {
            Err(AnswersError::Missing)
        }
    }

    /// The officer erases what a person stated.
    ///
    /// # Errors
    /// [`AnswersError::Missing`] when nothing stood there; the store refuses whoever is no officer.
    pub async fn erase_answers(&self, officer: &Officer, person: &str) -> Result<(), AnswersError> {
        let (audit_id, detail) = (new_id(), format!("answers person={person}"));
        let purpose = Purpose { audit_id: &audit_id, at_ms: self.now_ms(), detail: &detail };
        if self.store.as_officer(officer).erase_answers(purpose, person).await? {
            Ok(())
        } else {
            Err(AnswersError::Missing)
        }
    }

    /// Requests with the people who make them, open ones first.
    ///
    /// # Errors
    /// The store refuses whoever is no officer.
    pub async fn data_requests(&self, officer: &Officer) -> Result<Vec<(DataRequest, Person)>, AppError> {
        let audit_id = new_id();
        let purpose =
            Purpose { audit_id: &audit_id, at_ms: self.now_ms(), detail: &Looked::Requests.to_string() };
        let requests = self.store.as_officer(officer).requests(purpose, SHOWN).await?;
        let ids: Vec<String> = requests.iter().map(|request| request.person_id.clone()).collect();
        let people = self.store.persons().by_ids(&ids).await?;
        Ok(requests
            .into_iter()
            .filter_map(|request| {
                let person = people.iter().find(|person| person.id == request.person_id)?.clone();
                Some((request, person))
            })
            .collect())
    }

    /// Decides a request; what is granted is done with it. A refusal needs a reason.
    ///
    /// # Errors
    /// [`AnswersError::Missing`] when it is not open any more; the store refuses whoever is no officer.
    pub async fn decide_request(
        &self,
        officer: &Officer,
        request: &str,
        granted: bool,
        reply: &str,
    ) -> Result<DataRequest, AnswersError> {
        let reply = words("reply", reply, !granted)?;
        let (audit_id, detail) = (new_id(), format!("request={request} granted={granted}"));
        let purpose = Purpose { audit_id: &audit_id, at_ms: self.now_ms(), detail: &detail };
        let decided = self.store.as_officer(officer).decide(purpose, request, granted, &reply).await?;
        decided.ok_or(AnswersError::Missing)
    }

    /// How long what is kept, as set.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn retention(&self) -> Result<Retention, AppError> {
        let rule = Retention::default();
        let set = async |key, default: u32| -> Result<u32, AppError> {
            Ok(self.store.settings().get(key).await?.and_then(|value| value.parse().ok()).unwrap_or(default))
        };
        Ok(Retention {
            answers_days: set(ANSWERS_DAYS, rule.answers_days).await?,
            attendance_years: set(ATTENDANCE_YEARS, rule.attendance_years).await?,
            // The server's own limit goes before what is set.
            recordings_days: set(RECORDINGS_DAYS, rule.recordings_days).await?.min(self.recordings_most()),
        })
    }

    /// Days after which the server deletes recordings by itself, so that no more can be set.
    #[must_use]
    pub fn recordings_most(&self) -> u32 {
        let limit = self.recordings_limit_ms().map(|ms| u32::try_from(ms / DAY_MS).unwrap_or(u32::MAX));
        limit.map_or(DAYS_MAX, |days| days.min(DAYS_MAX))
    }

    /// Sets how long what is kept. `by` is the account that does it.
    ///
    /// # Errors
    /// [`AnswersError::Field`] beyond 3650 days, for less than one year or more than 30, or for recordings beyond
    /// [`App::recordings_most`].
    pub async fn set_retention(&self, to: Retention, by: &str) -> Result<(), AnswersError> {
        if to.answers_days > DAYS_MAX {
            return Err(AnswersError::Field { field: "answers_days", code: "retention_range" });
        }
        if !(1..=30).contains(&to.attendance_years) {
            return Err(AnswersError::Field { field: "attendance_years", code: "retention_range" });
        }
        if !(1..=self.recordings_most()).contains(&to.recordings_days) {
            return Err(AnswersError::Field { field: "recordings_days", code: "recordings_range" });
        }
        let detail = format!(
            "answers_days={} attendance_years={} recordings_days={}",
            to.answers_days, to.attendance_years, to.recordings_days
        );
        self.intend(Some(by), "retention.set", &detail).await?;
        self.store.settings().set(ANSWERS_DAYS, &to.answers_days.to_string()).await?;
        self.store.settings().set(ATTENDANCE_YEARS, &to.attendance_years.to_string()).await?;
        self.store.settings().set(RECORDINGS_DAYS, &to.recordings_days.to_string()).await?;
        Ok(())
    }

    /// Removes what has been kept long enough; `dry` only says how much that would be. Files of recordings go last, when the
    /// store has agreed: one that cannot be removed stays listed, and due.
    ///
    /// # Errors
    /// The store refuses whoever is no officer. [`AppError::Inner`] when a recording's file cannot be removed.
    pub async fn purge(&self, officer: &Officer, dry: bool) -> Result<Purged, AppError> {
        let rule = self.retention().await?.rule(self.now_ms());
        let audit_id = new_id();
        let detail = format!(
            "answers_before={} attendance_before={} recordings_before={}",
            rule.answers_before_ms, rule.attendance_before_ms, rule.recordings_before_ms
        );
        let purpose = Purpose { audit_id: &audit_id, at_ms: self.now_ms(), detail: &detail };
        let mut done = self.store.as_officer(officer).purge(purpose, rule, dry).await?;
        if !dry {
            let gone =
                self.delete_recordings_before(rule.recordings_before_ms, Some(&officer.account_id)).await;
            done.recordings =
                u64::try_from(gone.map_err(|error| AppError::Inner(error.to_string()))?).unwrap_or(0);
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Midnight of 1 January in Taipei.
    fn new_year(roc: i16) -> i64 {
        RocDate::new(roc, 1, 1).map_or(0, RocDate::start_ms)
    }

    #[test]
    fn answers_are_kept_until_the_years_tables_are_handed_in() {
        let rule = |now_ms| Retention::default().rule(now_ms).answers_before_ms;
        let eve = new_year(116) - 1;
        assert_eq!(rule(eve), new_year(115), "of 114 they may go, of 115 not");
        assert_eq!(rule(new_year(116) + 89 * DAY_MS), new_year(115), "89 days into the new year");
        assert_eq!(rule(new_year(116) + 90 * DAY_MS), new_year(116), "90 days: those of 115 go");
        let at_once = Retention { answers_days: 0, ..Retention::default() };
        assert_eq!(at_once.rule(eve).answers_before_ms, new_year(115));
    }
}
