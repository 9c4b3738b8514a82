//! The officer's desk for a year: overview, tables X1 to X8, the rows behind a figure, the texts that tables ask for, targets
//! and duty rules, and who looked at what. See [`findings`](super::findings) for what red teams found.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use rampart_app::{ExportFormat, Looked, PortalAt, ProgrammeError, Reminder, UNDER_RANGE, YearOverview};
use rampart_domain::records::behind::{Asked, Behind as BehindOne, BehindSession, Group};
use rampart_domain::records::duty::DutyRule;
use rampart_domain::records::facts::Figures;
use rampart_domain::records::official::{Amount, lacks_reason, questions, standings};
use rampart_domain::records::portal::Numbers;
use rampart_domain::records::register::Level;
use rampart_domain::records::targets::{Claim, Measure, Target};
use rampart_domain::records::{Book, Cell, DutyClass, Edition, Hundredths, Kind, RocDate, RocYear, Standing};
use rampart_pages::{
    BehindRow, BehindSessionRow, Chart, DeskFigure, DeskPortal, DeskReminder, DeskTable, DeskTarget, DutyRow,
    IssuerRow, Problem, ProgrammePage, TableText, TargetRow, Tone, YearBehind, YearDesk, YearTable,
};
use rampart_store::Officer;
use serde::Deserialize;

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::signing::owner;
use super::state::{Web, see_other};
use super::statistics::{download, refused};
use super::view::{self, count};
use super::visit::{Here, Visit, flash};
use super::who::Staff;

/// People that are listed behind a figure.
const BEHIND: usize = 1_000;

fn officer(staff: &Staff) -> Officer {
    Officer { account_id: staff.id.clone() }
}

pub(super) fn year_of(text: &str) -> Result<RocYear, WebError> {
    let year: i16 = text.parse().map_err(|_| WebError::not_found())?;
    if (1..=999).contains(&year) { Ok(RocYear(year)) } else { Err(WebError::not_found()) }
}

pub(super) fn year_or_now(text: &str, visit: &Visit) -> RocYear {
    year_of(text).unwrap_or_else(|_| RocYear::of_ms(visit.now_ms))
}

/// Percent-encodes a value of an address.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

fn behind(year: RocYear, by: &str, of: &str) -> String {
    format!("/statistics/year/{year}/rows?by={by}&of={}", encoded(of))
}

/// Where what a target counts stands: the rows, or the table or page that shows it.
fn counted_at(year: RocYear, measure: Measure, county: &str) -> String {
    let group = match measure {
        Measure::Persons | Measure::PersonHours => Group::All,
        Measure::PersonTimes => Group::Times,
        Measure::Sessions => Group::Sessions,
        Measure::Cases => Group::Cases,
        Measure::FemaleShare => Group::Women,
        Measure::EitherPart | Measure::EitherShare => return format!("/statistics/year/{year}/x3"),
        Measure::GraveClosed => return format!("/statistics/year/{year}/x8"),
        Measure::Websites => return format!("/statistics/settings?year={year}"),
    };
    let held = if county.is_empty() { String::new() } else { format!("&held={}", encoded(county)) };
    format!("/statistics/year/{year}/rows?by={}{held}", group.code())
}

fn tables() -> Vec<DeskTable> {
    let issue = rampart_domain::records::Issue::new("", RocDate::of_ms(0));
    let empty = Book::default();
    Kind::ALL
        .into_iter()
        .map(|kind| DeskTable {
            code: kind.code().to_owned(),
            title: empty.table(&issue, kind, RocYear(1), Edition::Internal, 1).sheet,
        })
        .collect()
}

/// A difference with its sign; nothing has none.
fn signed(difference: String) -> String {
    let more = !difference.starts_with('-') && difference.contains(|c: char| matches!(c, '1'..='9'));
    if more { format!("+{difference}") } else { difference }
}

fn figures(year: RocYear, of: &YearOverview) -> Vec<DeskFigure> {
    let known = of.last.sessions > 0;
    let one = |key: &str, value: String, change: Option<String>| DeskFigure {
        key: key.to_owned(),
        value,
        change: change.filter(|_| known).map(signed).unwrap_or_default(),
        points: false,
        href: behind(
            year,
            match key {
                "person_times" => "times",
                "sessions" => "sessions",
                "cases" => "cases",
                "passing" => "passed",
                "female" => "women",
                "cumulative" => "cumulative",
                _ => "all",
            },
            "",
        ),
    };
    let counted = |key: &str, value: fn(&Figures) -> i64| {
        let (now, last) = (value(&of.year), value(&of.last));
        one(key, Cell::Count(now).shown(), Some(Cell::Count(now - last).shown()))
    };
    let share = |key: &str, value: fn(&Figures) -> Option<Hundredths>| {
        let change =
            value(&of.year).zip(value(&of.last)).map(|(now, last)| Cell::Decimal(now.minus(last)).shown());
        let now = value(&of.year).map_or_else(|| "-".to_owned(), |share| format!("{share}%"));
        DeskFigure { points: true, ..one(key, now, change) }
    };
    let hours = |figures: &Figures| Hundredths::hours(figures.seconds);
    vec![
        counted("persons", |figures| figures.persons.total()),
        counted("person_times", |figures| figures.times.total()),
        one(
            "person_hours",
            Cell::Decimal(hours(&of.year)).shown(),
            Some(Cell::Decimal(hours(&of.year).minus(hours(&of.last))).shown()),
        ),
        counted("sessions", |figures| figures.sessions),
        counted("cases", |figures| figures.cases),
        share("passing", Figures::passing),
        share("female", |figures| figures.persons.female_of_all()),
        one("cumulative", Cell::Count(of.cumulative.persons.total()).shown(), None),
    ]
}

fn targets(book: &Book, year: RocYear) -> Vec<DeskTarget> {
    standings(book, year)
        .into_iter()
        .map(|one| DeskTarget {
            item: one.target.item.clone(),
            title: if one.target.county.is_empty() {
                one.target.title.clone()
            } else {
                format!("{}（{}）", one.target.title, one.target.county)
            },
            value: one.measure.asked(one.value).shown(),
            actual: one.actual.map_or(Cell::None, Amount::cell).shown(),
            share: one.rate.map_or_else(|| "-".to_owned(), |share| share.to_string()),
            reached: one.reached,
            claimed: one.claimed,
            href: counted_at(year, one.measure, &one.target.county),
        })
        .collect()
}

fn portal_href(at: &PortalAt) -> String {
    match at {
        PortalAt::Class { course, session } => format!("/courses/{course}/sessions/{session}/hours"),
        PortalAt::Exercise(id) => format!("/statistics/{id}"),
    }
}

fn reminder(year: RocYear, one: &Reminder) -> DeskReminder {
    let table = |code: &str| format!("/statistics/year/{year}/{code}");
    let (kind, what, number, href) = match one {
        Reminder::Portal { code, title, left, at } => {
            let href = portal_href(at);
            let kind = if *left < 0 { "portal_late" } else { "portal" };
            (kind, format!("{code} {title}"), left.abs(), href)
        }
        Reminder::NoSheet { code, title } => ("no_sheet", format!("{code} {title}"), 0, table("x2")),
        Reminder::NotReturned { title, missing } => ("not_returned", title.clone(), *missing, table("x4")),
        Reminder::Reason(group) => ("reason", group.code().to_owned(), 0, table("x3")),
        Reminder::Analysis { title, .. } => ("analysis", title.clone(), 0, table("x4")),
        Reminder::NoDuty(people) => ("no_duty", String::new(), *people, "/people".to_owned()),
        Reminder::NoGender(people) => ("no_gender", String::new(), *people, behind(year, "all", "")),
    };
    DeskReminder { kind: kind.to_owned(), what, number, href }
}

fn charts(year: RocYear, of: &YearOverview) -> Vec<Chart> {
    fn rows<K: ToString>(
        groups: &BTreeMap<K, Figures>,
        year: RocYear,
        by: &str,
    ) -> Vec<(String, i64, i64, i64, String)> {
        groups
            .iter()
            .filter(|(_, figures)| figures.persons.total() > 0)
            .map(|(key, figures)| {
                let heads = figures.persons;
                let rest = heads.other + heads.undisclosed + heads.none;
                let label = key.to_string();
                let href = behind(year, by, &label);
                (if label.is_empty() { "-".to_owned() } else { label }, heads.male, heads.female, rest, href)
            })
            .collect()
    }
    vec![
        Chart::new("month", rows(&of.months, year, "month")),
        Chart::new("agency", rows(&of.agencies, year, "agency")),
        Chart::new("title", rows(&of.titles, year, "title")),
        Chart::new("county", rows(&of.counties, year, "county")),
    ]
}

/// `GET /statistics/year/{year}`.
pub(super) async fn desk(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(year): Path<String>,
) -> Answer {
    let year = year_of(&year)?;
    let of = web.app.records_year(year, &officer(&staff)).await.map_err(refused)?;
    let page = YearDesk {
        years: of.years.iter().map(|year| i64::from(year.0)).collect(),
        year: i64::from(year.0),
        figures: figures(year, &of),
        targets: targets(&of.book, year),
        reminders: of.reminders.iter().map(|one| reminder(year, one)).collect(),
        charts: charts(year, &of),
        portal: of
            .portal
            .iter()
            .map(|due| DeskPortal {
                code: due.code.clone(),
                title: due.title.clone(),
                end_ms: due.end_ms,
                href: portal_href(&due.at),
                made_ms: due.made_ms,
            })
            .collect(),
        tables: tables(),
    };
    web.page(&visit, &page)
}

/// Query of a table.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OfEdition {
    #[serde(default)]
    edition: String,
}

pub(crate) fn texts(book: &Book, kind: Kind, year: RocYear) -> Vec<TableText> {
    let words = |key: &str| book.texts.get(key).cloned().unwrap_or_default();
    let mut list: Vec<TableText> = Vec::new();
    match kind {
        Kind::X3 => {
            let due: BTreeSet<&str> = lacks_reason(book, year).into_iter().map(Standing::code).collect();
            for group in [Standing::Planner, Standing::Staff, Standing::Contractor, Standing::Trainer] {
                let key = format!("x3:{}", group.code());
                if due.contains(group.code()) || book.texts.contains_key(&key) {
                    list.push(TableText { title: group.code().to_owned(), words: words(&key), key });
                }
            }
        }
        Kind::X4 => {
            for question in questions(book) {
                if question.needs_analysis() || book.texts.contains_key(&question.key) {
                    list.push(TableText {
                        title: question.title,
                        words: words(&question.key),
                        key: question.key,
                    });
                }
            }
        }
        _ => {}
    }
    list
}

/// `GET /statistics/year/{year}/{table}`.
pub(super) async fn table(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((year, code)): Path<(String, String)>,
    Query(query): Query<OfEdition>,
) -> Answer {
    let year = year_of(&year)?;
    let kind = Kind::from_code(&code).ok_or_else(WebError::not_found)?;
    let edition = if query.edition.is_empty() {
        Edition::Internal
    } else {
        Edition::from_code(&query.edition)
            .filter(|edition| kind.has(*edition))
            .ok_or_else(WebError::not_found)?
    };
    let texts = move |book: &Book| match edition {
        Edition::Internal => texts(book, kind, year),
        Edition::Public => Vec::new(),
    };
    let read = web.app.records_table_with(kind, year, edition, &officer(&staff), texts).await;
    let (table, texts) = read.map_err(refused)?;
    let shown = view::statistics::shown_table(&table);
    let page = YearTable {
        year: i64::from(year.0),
        code: kind.code().to_owned(),
        edition: edition.code().to_owned(),
        has_public: kind.has(Edition::Public),
        formats: ExportFormat::ALL.iter().map(|format| format.ending().to_owned()).collect(),
        notes: shown.notes,
        title: shown.title,
        unit: shown.unit,
        columns: shown.columns,
        rows: shown.rows,
        source: shown.source,
        texts,
        tables: tables(),
    };
    web.page(&visit, &page)
}

/// Query of a file.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    edition: String,
    #[serde(default)]
    format: String,
}

/// `GET /statistics/year/{year}/{table}/export?format=ods&edition=internal`.
pub(super) async fn export(
    State(web): State<Web>,
    staff: Staff,
    Path((year, code)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let year = year_of(&year)?;
    let kind = Kind::from_code(&code).ok_or_else(WebError::not_found)?;
    let format = ExportFormat::from_ending(&wanted.format).ok_or_else(WebError::bad_request)?;
    let edition = Edition::from_code(&wanted.edition).filter(|edition| kind.has(*edition));
    let edition = edition.ok_or_else(WebError::bad_request)?;
    let file = web.app.records_file(kind, year, edition, format, &officer(&staff)).await.map_err(refused)?;
    Ok(download(file))
}

/// `POST /statistics/year/{year}/texts`.
pub(super) async fn set_text(
    State(web): State<Web>,
    staff: Staff,
    Path(year): Path<String>,
    form: Posted,
) -> Answer {
    let year = year_of(&year)?;
    let back = Kind::from_code(form.get("back")).unwrap_or(Kind::X3);
    match web.app.set_record_text(year, form.get("key"), form.get("words"), &staff.id).await {
        Ok(()) => {
            let mut response = see_other(&format!("/statistics/year/{year}/{}", back.code()));
            flash(&web, &mut response, Tone::Ok, "saved", &[]);
            Ok(response)
        }
        Err(ProgrammeError::Field { .. }) => Err(WebError::bad_request()),
        Err(ProgrammeError::App(error)) => Err(refused(error)),
    }
}

/// Query of the rows behind a figure.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Behind {
    #[serde(default)]
    by: String,
    #[serde(default)]
    of: String,
    #[serde(default)]
    held: String,
}

/// `GET /statistics/year/{year}/rows`.
pub(super) async fn rows(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(year): Path<String>,
    Query(query): Query<Behind>,
) -> Answer {
    let year = year_of(&year)?;
    let group = Group::from_code(&query.by).ok_or_else(WebError::not_found)?;
    let what = Looked::Rows { year: year.to_string(), by: group.code().to_owned() };
    let asked = Asked { year, group, of: query.of, held: query.held };
    let page = move |book: &Book| rows_behind(book, asked);
    let page = web.app.records_of(year, &officer(&staff), &what, page).await.map_err(refused)?;
    web.page(&visit, &page)
}

fn rows_behind(book: &Book, asked: Asked) -> YearBehind {
    let row = |one: &BehindOne<'_>| BehindRow {
        id: one.person.id.clone(),
        name: one.person.name.clone(),
        staff_no: one.person.staff_no.clone(),
        agency: one.person.agency.clone(),
        sessions: one.sessions.join(", "),
        ms: one.seconds * 1000,
    };
    let people = book.facts.behind(&book.apart, &asked);
    let sessions = book.facts.behind_sessions(&asked);
    let persons: BTreeSet<&str> = people.iter().map(|one| one.person.id.as_str()).collect();
    let session = |one: &BehindSession<'_>| BehindSessionRow {
        code: one.session.code.clone(),
        title: one.session.title.clone(),
        days: one.session.days(),
        persons: one.came,
        ms: one.seconds * 1000,
    };
    let seconds: i64 =
        people.iter().map(|one| one.seconds).chain(sessions.iter().map(|one| one.seconds)).sum();
    let times = people.iter().map(|one| count(one.sessions.len())).chain(sessions.iter().map(|one| one.came));
    YearBehind {
        year: i64::from(asked.year.0),
        by: asked.group.code().to_owned(),
        of: asked.of,
        held: asked.held,
        of_sessions: asked.group.is_of_sessions(),
        count: count(people.len() + sessions.len()),
        persons: count(persons.len()),
        person_times: times.sum(),
        person_ms: seconds * 1000,
        left: count((people.len() + sessions.len()).saturating_sub(BEHIND)),
        rows: people.iter().take(BEHIND).map(row).collect(),
        sessions: sessions.iter().take(BEHIND).map(session).collect(),
    }
}

/// Query of pages of a year.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OfYear {
    #[serde(default)]
    pub(super) year: String,
    #[serde(default)]
    pub(super) id: String,
}

async fn settings_page(
    web: &Web,
    year: RocYear,
    typed: Option<&Posted>,
    problems: Vec<Problem>,
) -> Result<ProgrammePage, WebError> {
    let claims = web.app.store.programme().claims(year).await?;
    let mut targets: Vec<TargetRow> = web
        .app
        .targets()
        .await?
        .into_iter()
        .map(|one| {
            let claim = claims.iter().find(|claim| claim.target == one.id);
            TargetRow {
                item: one.item,
                title: one.title,
                county: one.county,
                from: one.from.0.to_string(),
                until: one.until.map(|year| year.0.to_string()).unwrap_or_default(),
                measure: one.measure.code().to_owned(),
                value: one.value.to_string(),
                or_measure: one.or.map(|(measure, _)| measure.code().to_owned()).unwrap_or_default(),
                or_value: one.or.map(|(_, value)| value.to_string()).unwrap_or_default(),
                evidence: one.evidence,
                second: claim.is_some_and(|claim| claim.second),
                by_hand: claim.and_then(|claim| claim.by_hand).map(|n| n.to_string()).unwrap_or_default(),
                id: one.id,
            }
        })
        .collect();
    targets.push(TargetRow { from: year.0.to_string(), ..TargetRow::default() });
    let mut rules: Vec<DutyRow> = web
        .app
        .duty_rules()
        .await?
        .into_iter()
        .map(|one| DutyRow {
            class: one.class.code().to_owned(),
            levels: one.levels.iter().map(|level| level.code()).collect(),
            from: one.from.0.to_string(),
            professional: one.professional.to_string(),
            years: one.years.to_string(),
            general: one.general.to_string(),
            id: one.id,
        })
        .collect();
    rules.push(DutyRow { from: year.0.to_string(), years: "1".to_owned(), ..DutyRow::default() });
    let offices = web.app.offices().await?;
    let office = offices.last().cloned().unwrap_or_default();
    let issuers = web.app.issuers().await?;
    let (agency, signer) = match issuers.last() {
        Some(issuer) => (issuer.agency.clone(), issuer.signer.clone()),
        // As certificates have it then.
        None if offices.is_empty() => (owner(web), String::new()),
        None => (office.name.clone(), String::new()),
    };
    let under = web.app.hidden_under().await?.to_string();
    // What was refused stands as it was typed.
    let stands = |act: &str, name: &str, value: String| {
        typed.filter(|form| form.get("act") == act).map_or(value, |form| form.get(name).to_owned())
    };
    let codes = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
    Ok(ProgrammePage {
        year: i64::from(year.0),
        targets,
        rules,
        measures: codes(Measure::ALL.iter().map(|one| one.code()).collect()),
        classes: codes(DutyClass::ALL.iter().map(|one| one.code()).collect()),
        under: stands("under", "under", under),
        under_range: [*UNDER_RANGE.start(), *UNDER_RANGE.end()],
        office: stands("office", "office", office.name),
        foot: stands("office", "foot", office.foot),
        offices: offices
            .into_iter()
            .rev()
            .map(|one| IssuerRow { since_ms: one.since_ms, agency: one.name, signer: one.foot })
            .collect(),
        agency: stands("issuer", "agency", agency),
        signer: stands("issuer", "signer", signer),
        issuers: issuers
            .into_iter()
            .rev()
            .map(|one| IssuerRow { since_ms: one.since_ms, agency: one.agency, signer: one.signer })
            .collect(),
        numbers: web.app.portal_numbers().await?.code(),
        problems,
    })
}

/// `GET /statistics/settings`.
pub(super) async fn settings(State(web): State<Web>, visit: Here, Query(query): Query<OfYear>) -> Answer {
    let year = year_or_now(&query.year, &visit);
    web.page(&visit, &settings_page(&web, year, None, Vec::new()).await?)
}

pub(super) fn wrong(field: &'static str, code: &'static str) -> ProgrammeError {
    ProgrammeError::Field { field, code }
}

pub(super) fn number<T: std::str::FromStr>(form: &Posted, name: &'static str) -> Result<T, ProgrammeError> {
    form.get(name).parse().map_err(|_| wrong(name, "record_number"))
}

pub(super) fn maybe<T: std::str::FromStr>(
    form: &Posted,
    name: &'static str,
) -> Result<Option<T>, ProgrammeError> {
    if form.get(name).is_empty() { Ok(None) } else { number(form, name).map(Some) }
}

fn typed_target(form: &Posted) -> Result<Target, ProgrammeError> {
    let measure = |name: &'static str| Measure::from_code(form.get(name));
    Ok(Target {
        id: form.get("id").to_owned(),
        item: form.get("item").to_owned(),
        title: form.get("title").to_owned(),
        county: form.get("county").to_owned(),
        from: RocYear(number(form, "from")?),
        until: maybe(form, "until")?.map(RocYear),
        measure: measure("measure").ok_or_else(|| wrong("measure", "record_key"))?,
        value: number(form, "value")?,
        or: match measure("or_measure") {
            Some(measure) => Some((measure, number(form, "or_value")?)),
            None => None,
        },
        evidence: form.get("evidence").to_owned(),
    })
}

fn typed_rule(form: &Posted) -> Result<DutyRule, ProgrammeError> {
    let levels: Option<Vec<Level>> = form
        .get("levels")
        .to_uppercase()
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != ',')
        .map(|letter| Level::from_code(letter.encode_utf8(&mut [0; 4])))
        .collect();
    let mut levels = levels.ok_or_else(|| wrong("levels", "record_key"))?;
    levels.sort_unstable();
    levels.dedup();
    Ok(DutyRule {
        id: form.get("id").to_owned(),
        class: DutyClass::from_code(form.get("class")).ok_or_else(|| wrong("class", "record_key"))?,
        levels,
        from: RocYear(number(form, "rule_from")?),
        professional: number(form, "professional")?,
        years: number(form, "years")?,
        general: number(form, "general")?,
    })
}

async fn act(web: &Web, staff: &Staff, year: RocYear, form: &Posted) -> Result<(), ProgrammeError> {
    match form.get("act") {
        "target" => web.app.save_target(typed_target(form)?, &staff.id).await.map(drop),
        "drop" => web.app.remove_target(form.get("id"), &staff.id).await.map(|_| ()),
        "claim" => {
            let claim = Claim {
                target: form.get("id").to_owned(),
                second: form.get("second") == "yes",
                by_hand: maybe(form, "by_hand")?,
            };
            web.app.claim(year, &claim, &staff.id).await
        }
        "under" => web.app.set_hidden_under(number(form, "under")?, &staff.id).await,
        "office" => web.app.set_office(form.get("office"), form.get("foot"), &staff.id).await,
        "issuer" => web.app.set_issuer(form.get("agency"), form.get("signer"), &staff.id).await,
        "numbers" => {
            let numbers = Numbers::from_code(form.get("numbers"));
            web.app
                .set_portal_numbers(numbers.ok_or_else(|| wrong("numbers", "record_key"))?, &staff.id)
                .await
        }
        "duty" => web.app.save_duty_rule(typed_rule(form)?, &staff.id).await.map(drop),
        _ => Err(wrong("act", "record_key")),
    }
}

/// `POST /statistics/settings`.
pub(super) async fn set_settings(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let year = year_or_now(form.get("year"), &visit);
    match act(&web, &staff, year, &form).await {
        Ok(()) => {
            let mut response = see_other(&format!("/statistics/settings?year={year}"));
            flash(&web, &mut response, Tone::Ok, "saved", &[]);
            Ok(response)
        }
        Err(ProgrammeError::Field { field, code }) => {
            let page = settings_page(&web, year, Some(&form), vec![Problem::new(code).on(field)]).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
        }
        Err(ProgrammeError::App(error)) => Err(refused(error)),
    }
}
