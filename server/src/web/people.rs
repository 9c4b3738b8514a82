//! The register of people and its import. A roster is first shown and only then written, when the person says yes.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use rampart_app::records::roster;
use rampart_domain::records::Identity;
use rampart_pages::{
    ImportEffect, ImportFault, ImportOutcome, ImportRow, People, PeopleImport, PersonRow, Problem, Tone,
};
use rampart_store::{Person, PersonQuery};
use serde::Deserialize;

use super::error::{Answer, WebError};
use super::exercises::everyone;
use super::posted::{FILE_LIMIT, Posted};
use super::state::{Web, see_other};
use super::token::random_text;
use super::view::{self, count};
use super::visit::{Here, flash};
use super::who::{Role, Staff};

/// People on a page.
const PAGE: usize = 50;
/// How long a preview waits for its yes, ms.
const PREVIEW_MS: i64 = 15 * 60_000;
/// Previews that wait at most; beyond it the oldest go.
const PREVIEWS: usize = 16;

/// A roster that waits for a yes.
#[derive(Debug, Clone)]
struct Upload {
    account: String,
    bytes: Bytes,
    at_ms: i64,
}

/// Rosters that wait, by token. In memory only: they hold personal data that nobody has agreed to keep yet.
#[derive(Debug, Default)]
pub struct Uploads(Mutex<HashMap<String, Upload>>);

impl Uploads {
    fn keep(&self, account: &str, bytes: Bytes, now_ms: i64) -> String {
        let mut uploads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uploads.retain(|_, upload| now_ms - upload.at_ms < PREVIEW_MS);
        if uploads.len() >= PREVIEWS {
            let oldest =
                uploads.iter().min_by_key(|(_, upload)| upload.at_ms).map(|(token, _)| token.clone());
            if let Some(oldest) = oldest {
                uploads.remove(&oldest);
            }
        }
        let token = random_text();
        uploads.insert(token.clone(), Upload { account: account.to_owned(), bytes, at_ms: now_ms });
        token
    }

    fn take(&self, account: &str, token: &str, now_ms: i64) -> Option<Bytes> {
        let mut uploads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uploads
            .get(token)
            .filter(|upload| upload.account == account && now_ms - upload.at_ms < PREVIEW_MS)?;
        uploads.remove(token).map(|upload| upload.bytes)
    }
}

/// Query of the register.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    q: String,
    #[serde(default)]
    agency: String,
    #[serde(default)]
    identity: String,
    #[serde(default)]
    show: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    dir: String,
    #[serde(default)]
    page: Option<String>,
}

impl Sought {
    fn query(&self) -> PersonQuery {
        PersonQuery {
            text: self.q.trim().to_owned(),
            agency: Some(self.agency.clone()).filter(|agency| !agency.is_empty()),
            identity: Identity::from_code(&self.identity),
            removed: self.show == "removed",
            order: self.sort.parse().unwrap_or_default(),
            descending: self.dir == "desc",
        }
    }

    /// The filter as the beginning of a query.
    fn filters(&self) -> String {
        [("q", self.q.trim()), ("agency", &self.agency), ("identity", &self.identity), ("show", &self.show)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}&", quoted(value)))
            .collect()
    }
}

/// A text as the value of a query.
fn quoted(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Number of exercises in which each person has a seat.
fn seats_of(web: &Web) -> HashMap<String, i64> {
    let mut seats = HashMap::new();
    for exercise in web.app.exercises() {
        let fold = exercise.fold();
        let people: BTreeSet<&String> = fold.seats.values().map(|(person, _)| person).collect();
        for person in people {
            *seats.entry(person.clone()).or_default() += 1;
        }
    }
    seats
}

/// `GET /people`.
pub(super) async fn list(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Query(query): Query<Sought>,
) -> Answer {
    let sought = query.query();
    let persons = web.app.store.persons();
    let total = usize::try_from(persons.number(&sought).await?).unwrap_or(usize::MAX);
    let pages = total.div_ceil(PAGE).max(1);
    let page = query.page.as_ref().and_then(|page| page.parse::<usize>().ok()).unwrap_or(1).clamp(1, pages);
    let offset = u32::try_from((page - 1) * PAGE).unwrap_or(u32::MAX);
    let found = persons.find(&sought, u32::try_from(PAGE).unwrap_or(u32::MAX), offset).await?;
    let agencies = persons.agencies().await?.into_iter().map(|(agency, _)| agency).collect();
    let seats = seats_of(&web);
    let rows = found.into_iter().map(|person| PersonRow {
        exercises: seats.get(&person.id).copied().unwrap_or(0),
        identity: person.identity.map(view::register::identity),
        id: person.id,
        name: person.name,
        staff_no: person.staff_no,
        agency: person.agency,
        grade: person.grade,
    });
    let context = People {
        rows: rows.collect(),
        query: sought.text.clone(),
        agencies,
        identity: sought.identity.map(view::register::identity),
        removed: sought.removed,
        sort: view::register::sort(sought.order),
        descending: sought.descending,
        filters: query.filters(),
        agency: query.agency,
        total: count(total),
        page: count(page),
        pages: count(pages),
        may_import: matches!(staff.role, Role::Instructor | Role::Officer),
    };
    web.page(&visit, &context)
}

fn import_page(outcome: ImportOutcome, problem: Option<Problem>) -> PeopleImport {
    PeopleImport { max_bytes: count(FILE_LIMIT), outcome, problem }
}

/// `GET /people/import`.
pub(super) async fn import_form(State(web): State<Web>, visit: Here) -> Answer {
    web.page(&visit, &import_page(ImportOutcome::None, None))
}

fn fault(fault: &roster::Fault) -> ImportFault {
    let problem =
        fault.args.iter().fold(Problem::new(fault.code), |problem, (name, value)| problem.with(*name, value));
    ImportFault {
        row: i64::from(fault.row),
        column: fault.column.clone(),
        value: fault.value.clone(),
        problem,
    }
}

/// What each row of a good roster would do.
fn effects(known: &[Person], rows: &[roster::RosterRow]) -> Vec<ImportRow> {
    let known: HashMap<&str, &Person> =
        known.iter().map(|person| (person.staff_no.as_str(), person)).collect();
    rows.iter()
        .map(|row| ImportRow {
            effect: match known.get(row.staff_no.as_str()) {
                None => ImportEffect::Added,
                Some(person) if person.name == row.name && person.agency == row.agency => ImportEffect::Same,
                Some(_) => ImportEffect::Changed,
            },
            name: row.name.clone(),
            staff_no: row.staff_no.clone(),
            agency: row.agency.clone(),
        })
        .collect()
}

/// `POST /people/import`: a file to look at, or the yes to one that was looked at.
pub(super) async fn import(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let refused = |outcome, problem| {
        web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &import_page(outcome, problem))
    };
    if !form.get("token").is_empty() {
        return match web.uploads.take(&staff.id, form.get("token"), visit.now_ms) {
            Some(bytes) => write(&web, &staff, &bytes).await,
            None => refused(ImportOutcome::None, Some(Problem::new("import_expired"))),
        };
    }
    let Some(upload) = form.file.filter(|file| !file.bytes.is_empty()) else {
        return refused(ImportOutcome::None, Some(Problem::new("required").on("file")));
    };
    let rows = match roster::read(&upload.bytes) {
        Ok(rows) => rows,
        Err(faults) => {
            let rows = faults.iter().map(|fault| i64::from(fault.row)).max().unwrap_or(0);
            let faults = faults.iter().map(fault).collect();
            return refused(ImportOutcome::Faults { file: upload.name, rows, faults }, None);
        }
    };
    let rows = effects(&everyone(&web).await?, &rows);
    let number = |effect| count(rows.iter().filter(|row| row.effect == effect).count());
    let outcome = ImportOutcome::Preview {
        file: upload.name,
        token: web.uploads.keep(&staff.id, upload.bytes, visit.now_ms),
        added: number(ImportEffect::Added),
        changed: number(ImportEffect::Changed),
        same: number(ImportEffect::Same),
        rows,
    };
    web.page(&visit, &import_page(outcome, None))
}

async fn write(web: &Web, staff: &Staff, bytes: &[u8]) -> Answer {
    // It was right when it was shown; faults now would be ours.
    let counts =
        web.app.import_roster(bytes, Some(&staff.id)).await?.map_err(|faults| {
            WebError::internal(format!("{} faults in a roster that had none", faults.len()))
        })?;
    let mut response = see_other("/people");
    let (added, changed) = (counts.added.to_string(), counts.changed.to_string());
    flash(web, &mut response, Tone::Ok, "people_written", &[("added", &added), ("changed", &changed)]);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_for_its_own_account_and_once() {
        let uploads = Uploads::default();
        let token = uploads.keep("a", Bytes::from_static(b"x"), 1_000);
        assert_eq!(uploads.take("b", &token, 1_000), None);
        assert_eq!(uploads.take("a", &token, 1_000 + PREVIEW_MS), None, "too late");
        assert_eq!(uploads.take("a", &token, 2_000), Some(Bytes::from_static(b"x")));
        assert_eq!(uploads.take("a", &token, 2_000), None, "a second click writes nothing");
        let first = uploads.keep("a", Bytes::new(), 1);
        for n in 0..PREVIEWS {
            uploads.keep("a", Bytes::new(), 10 + count(n));
        }
        assert_eq!(uploads.take("a", &first, 20), None, "the oldest made room");
    }
}
