//! The register of people.

use std::collections::{BTreeSet, HashMap};

use axum::extract::{Query, State};
use rampart_app::RegisterFormat;
use rampart_domain::records::Identity;
use rampart_pages::{People, PersonRow};
use rampart_store::PersonQuery;
use serde::Deserialize;

use super::error::{Answer, WebError};
use super::state::Web;
use super::statistics::download;
use super::view::{self, count};
use super::visit::Here;
use super::who::{Role, Staff};

/// People on a page.
const PAGE: usize = 50;
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
    #[serde(default)]
    format: String,
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

/// `GET /people/export?format=csv|ods|xlsx` with the filters of the register: its people as a file that can be taken in again.
pub(super) async fn export(State(web): State<Web>, staff: Staff, Query(query): Query<Sought>) -> Answer {
    let format = RegisterFormat::from_ending(&query.format).ok_or_else(WebError::bad_request)?;
    Ok(download(web.app.export_register(&query.query(), format, &staff.id).await?))
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
