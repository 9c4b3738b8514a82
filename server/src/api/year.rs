//! A year for the programme officer: overview, the people behind its figures, tables as data, cross tables, exercises, and who
//! looked at what. Each look writes its line in the audit log, as the page does.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use rampart_app::{ExportFormat, Look, Looked, PortalAt, Reminder, Road};
use rampart_domain::records::behind::{Asked as Rows, Group};
use rampart_domain::records::facts::Figures;
use rampart_domain::records::official::{Amount, standings};
use rampart_domain::records::{Book, By, Cross, CrossFigure, Edition, Heads as Counted, Kind, Table};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Fault};
use super::extract::{Asked, List, Part};
use super::gate::Call;
use super::programme::roc_year;
use super::records::officer;
use super::types::{
    BehindFigure, ExerciseOfYear, GroupFigures, Heads, LookInfo, Person, PortalSession, ReminderInfo,
    SessionFigure, TableColumn, TableInfo, TargetStanding, YearFigures, YearInfo,
};
use crate::web::Web;
use crate::web::statistics::{download, exercises_of, refused};

fn heads(of: &Counted) -> Heads {
    Heads {
        male: of.male,
        female: of.female,
        other: of.other,
        undisclosed: of.undisclosed,
        none: of.none,
        total: of.total(),
    }
}

fn figures(of: &Figures) -> YearFigures {
    YearFigures {
        persons: heads(&of.persons),
        person_times: heads(&of.times),
        seconds: of.seconds,
        sessions: of.sessions,
        cases: of.cases,
        expected: of.expected,
        tested: of.tested,
        passed: of.passed,
    }
}

fn groups<K: ToString>(of: &BTreeMap<K, Figures>) -> Vec<GroupFigures> {
    of.iter().map(|(key, of)| GroupFigures { of: key.to_string(), figures: figures(of) }).collect()
}

fn reminder(of: &Reminder) -> ReminderInfo {
    let (kind, about, number) = match of {
        Reminder::Portal { code, left, .. } => {
            (if *left < 0 { "portal_late" } else { "portal" }, code.clone(), left.abs())
        }
        Reminder::NoSheet { code, .. } => ("no_sheet", code.clone(), 0),
        Reminder::NotReturned { title, missing } => ("not_returned", title.clone(), *missing),
        Reminder::Reason(group) => ("reason", group.code().to_owned(), 0),
        Reminder::Analysis { key, .. } => ("analysis", key.clone(), 0),
        Reminder::NoDuty(people) => ("no_duty", String::new(), *people),
        Reminder::NoGender(people) => ("no_gender", String::new(), *people),
    };
    ReminderInfo { kind: kind.to_owned(), about, number }
}

/// A year at a glance
///
/// Figures, targets, what is to be done. One reading, one line in the audit log.
#[utoipa::path(get, operation_id = "show_year", path = "/api/v1/records/{year}", tag = "records",
    params(("year" = i16, Path, description = "ROC year")),
    responses((status = OK, body = YearInfo)))]
pub async fn overview(State(web): State<Web>, call: Call, Path(year): Path<i16>) -> Answer<Json<YearInfo>> {
    let year = roc_year(year)?;
    let of = web.app.records_year(year, &officer(&call)?).await.map_err(refused)?;
    let targets = standings(&of.book, year).into_iter().map(|one| TargetStanding {
        target: one.target.id.clone(),
        item: one.target.item.clone(),
        title: one.target.title.clone(),
        county: one.target.county.clone(),
        measure: one.measure.code().to_owned(),
        value: one.value,
        actual: one.actual.map(Amount::plain),
        share: one.rate.map(|share| share.to_string()),
        reached: one.reached,
        claimed: one.claimed,
    });
    let portal = of.portal.iter().map(|due| {
        let (course, session, exercise) = match &due.at {
            PortalAt::Class { course, session } => (Some(course.clone()), Some(session.clone()), None),
            PortalAt::Exercise(id) => (None, None, Some(id.clone())),
        };
        let (code, title) = (due.code.clone(), due.title.clone());
        PortalSession { code, title, end_ms: due.end_ms, course, session, exercise, made_ms: due.made_ms }
    });
    Ok(Json(YearInfo {
        roc_year: year.0,
        years: of.years.iter().map(|year| year.0).collect(),
        figures: figures(&of.year),
        before: figures(&of.last),
        cumulative: figures(&of.cumulative),
        targets: targets.collect(),
        months: groups(&of.months),
        agencies: groups(&of.agencies),
        titles: groups(&of.titles),
        counties: groups(&of.counties),
        reminders: of.reminders.iter().map(reminder).collect(),
        portal: portal.collect(),
    }))
}

/// Behind which figure.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Behind {
    /// `all`, `month`, `agency`, `title`, `county`, `women`, `cumulative` (of all years up to this one), `times` (a row for each
    /// person at each session) or `passed` (likewise, who passed a test).
    #[param(default = "all")]
    pub by: Option<String>,
    /// Which month, agency, title or county, as the overview calls it.
    #[serde(default)]
    #[param(default = "")]
    pub of: String,
    /// Only at sessions of this county, as a county's target counts.
    #[serde(default)]
    #[param(default = "")]
    pub held: String,
    /// `next` of the part before; nothing for the first.
    pub cursor: Option<String>,
    /// Most items, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
}

/// List the people behind a figure
///
/// Who came in a year, with the sessions that count. Each part of the list writes a line in the audit log.
#[utoipa::path(get, operation_id = "list_year_people", path = "/api/v1/records/{year}/people", tag = "records",
    params(("year" = i16, Path, description = "ROC year"), Behind),
    responses((status = OK, body = List<BehindFigure>)))]
pub async fn people(
    State(web): State<Web>,
    call: Call,
    Path(year): Path<i16>,
    Asked(asked): Asked<Behind>,
) -> Answer<Json<List<BehindFigure>>> {
    let year = roc_year(year)?;
    let group = match &asked.by {
        None => Group::All,
        Some(code) => Group::from_code(code)
            .filter(|group| !group.is_of_sessions())
            .ok_or_else(|| Fault::field("by", "choice"))?,
    };
    let part = Part { cursor: asked.cursor, limit: asked.limit };
    let limit = usize::try_from(part.limit()?).unwrap_or(usize::MAX);
    let after = usize::try_from(part.after()?).unwrap_or(usize::MAX);
    let what = Looked::Rows { year: year.to_string(), by: group.code().to_owned() };
    let asked = Rows { year, group, of: asked.of, held: asked.held };
    let part = move |book: &Book| {
        let found = book.facts.behind(&book.apart, &asked);
        let next = (found.len().saturating_sub(after) > limit).then(|| (after + limit).to_string());
        let items = found.into_iter().skip(after).take(limit).map(|one| BehindFigure {
            person: Person {
                id: one.person.id.clone(),
                name: one.person.name.clone(),
                staff_no: one.person.staff_no.clone(),
                agency: one.person.agency.clone(),
            },
            sessions: one.sessions.into_iter().map(str::to_owned).collect(),
            seconds: one.seconds,
        });
        List { items: items.collect(), next }
    };
    Ok(Json(web.app.records_of(year, &officer(&call)?, &what, part).await.map_err(refused)?))
}

/// Sessions behind which figure.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BehindSessions {
    /// `sessions` or `cases`.
    #[param(default = "sessions")]
    pub by: Option<String>,
    /// Only of this county, as a county's target counts.
    #[serde(default)]
    #[param(default = "")]
    pub held: String,
}

/// List the sessions behind a figure
///
/// Class sessions and exercises of a year by start, or those of them that are cases, with how many came. Writes a line in the
/// audit log.
#[utoipa::path(get, operation_id = "list_year_sessions", path = "/api/v1/records/{year}/sessions", tag = "records",
    params(("year" = i16, Path, description = "ROC year"), BehindSessions),
    responses((status = OK, body = List<SessionFigure>)))]
pub async fn sessions(
    State(web): State<Web>,
    call: Call,
    Path(year): Path<i16>,
    Asked(asked): Asked<BehindSessions>,
) -> Answer<Json<List<SessionFigure>>> {
    let year = roc_year(year)?;
    let group = Group::from_code(asked.by.as_deref().unwrap_or("sessions"))
        .filter(|group| group.is_of_sessions())
        .ok_or_else(|| Fault::field("by", "choice"))?;
    let what = Looked::Rows { year: year.to_string(), by: group.code().to_owned() };
    let asked = Rows { year, group, of: String::new(), held: asked.held };
    let found = move |book: &Book| {
        let sessions = book.facts.behind_sessions(&asked).into_iter().map(|one| SessionFigure {
            code: one.session.code.clone(),
            title: one.session.title.clone(),
            start_ms: one.session.start_ms,
            end_ms: one.session.end_ms,
            case: one.session.is_case,
            persons: one.came,
            seconds: one.seconds,
        });
        List::whole(sessions.collect())
    };
    Ok(Json(web.app.records_of(year, &officer(&call)?, &what, found).await.map_err(refused)?))
}

/// List the exercises of a year
///
/// By first start, as tables book them, with how many came. Classes are not among them, nothing of gender is in it.
#[utoipa::path(get, operation_id = "list_year_exercises", path = "/api/v1/records/{year}/exercises", tag = "records",
    params(("year" = i16, Path, description = "ROC year")),
    responses((status = OK, body = List<ExerciseOfYear>)))]
pub async fn exercises(State(web): State<Web>, Path(year): Path<i16>) -> Answer<Json<List<ExerciseOfYear>>> {
    let (rows, _) = exercises_of(&web, roc_year(year)?).await?;
    let items = rows.into_iter().map(|row| ExerciseOfYear {
        id: row.id,
        code: row.code,
        title: row.title,
        starts_ms: row.starts_ms.unwrap_or_default(),
        persons: row.persons,
        seconds: row.person_ms / 1000,
    });
    Ok(Json(List::whole(items.collect())))
}

fn table_info(of: &Table) -> TableInfo {
    TableInfo {
        title: of.title.clone(),
        unit: of.unit.clone(),
        columns: of
            .columns
            .iter()
            .map(|column| TableColumn {
                zh: column.zh.clone(),
                en: column.en.clone(),
                csv: column.csv.clone(),
            })
            .collect(),
        rows: of.rows.iter().map(|row| row.iter().map(|cell| cell.plain()).collect()).collect(),
        notes: of.note_lines(),
        source: of.source.clone(),
    }
}

/// Which edition.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InEdition {
    /// `internal`, or `public`, where small cells are hidden.
    pub edition: String,
}

fn edition_of(code: &str) -> Result<Edition, Fault> {
    Edition::from_code(code).ok_or_else(|| Fault::field("edition", "choice"))
}

/// A table of a year as data
///
/// As the page shows it: tables `x1` to `x8` (`x5-age`, `x5-area` and so on) and `hours`. Each look writes a line in the audit log.
#[utoipa::path(get, operation_id = "show_table", path = "/api/v1/records/{year}/tables/{table}/rows", tag = "records",
    params(("year" = i16, Path, description = "ROC year"), ("table" = String, Path, description = "Code of the table"), InEdition),
    responses((status = OK, body = TableInfo)))]
pub async fn table(
    State(web): State<Web>,
    call: Call,
    Path((year, table)): Path<(i16, String)>,
    Asked(wanted): Asked<InEdition>,
) -> Answer<Json<TableInfo>> {
    let year = roc_year(year)?;
    let kind = Kind::from_code(&table).ok_or_else(Fault::not_found)?;
    let edition = edition_of(&wanted.edition)?;
    if !kind.has(edition) {
        return Err(Fault::field("edition", "choice"));
    }
    let table = web.app.records_table(kind, year, edition, &officer(&call)?, Road::Look).await;
    Ok(Json(table_info(&table.map_err(refused)?)))
}

/// Which cross table.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CrossWanted {
    /// Variable of the rows: `agency`, `gender`, `age` and so on, as the page offers them.
    pub rows: String,
    /// Variable of the columns, another one; nothing for none.
    pub columns: Option<String>,
    /// `persons`, `person_times` and so on, as the page offers them.
    pub figure: String,
    /// `internal`, or `public`, where small cells are hidden.
    pub edition: String,
}

impl CrossWanted {
    fn read(&self) -> Result<(Cross, Edition), Fault> {
        let by = |field: &str, code: &str| By::from_code(code).ok_or_else(|| Fault::field(field, "choice"));
        let of = Cross {
            rows: by("rows", &self.rows)?,
            columns: self.columns.as_deref().map(|code| by("columns", code)).transpose()?,
            figure: CrossFigure::from_code(&self.figure).ok_or_else(|| Fault::field("figure", "choice"))?,
        };
        if of.columns == Some(of.rows) {
            return Err(Fault::field("columns", "cross_same"));
        }
        Ok((of, edition_of(&self.edition)?))
    }
}

/// A cross table of a year as data
///
/// Of at most two variables. Each look writes a line in the audit log.
#[utoipa::path(get, operation_id = "show_cross_table", path = "/api/v1/records/{year}/cross", tag = "records",
    params(("year" = i16, Path, description = "ROC year"), CrossWanted),
    responses((status = OK, body = TableInfo)))]
pub async fn cross(
    State(web): State<Web>,
    call: Call,
    Path(year): Path<i16>,
    Asked(wanted): Asked<CrossWanted>,
) -> Answer<Json<TableInfo>> {
    let (of, edition) = wanted.read()?;
    let table = web.app.records_cross(of, roc_year(year)?, edition, &officer(&call)?).await;
    Ok(Json(table_info(&table.map_err(refused)?)))
}

/// A cross table of a year as a file
///
/// As `csv`, `ods`, `xlsx` or `pdf`, which the end of the address says. Each one writes a line in the audit log.
#[utoipa::path(get, operation_id = "export_cross_table", path = "/api/v1/records/{year}/cross/{format}", tag = "records",
    params(("year" = i16, Path, description = "ROC year"), ("format" = String, Path, description = "`csv`, `ods`, `xlsx` or `pdf`"), CrossWanted),
    responses((status = OK, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn export_cross(
    State(web): State<Web>,
    call: Call,
    Path((year, format)): Path<(i16, String)>,
    Asked(wanted): Asked<CrossWanted>,
) -> Answer<Response> {
    let (of, edition) = wanted.read()?;
    let format = ExportFormat::from_ending(&format).ok_or_else(Fault::not_found)?;
    let year = roc_year(year)?;
    let file = web.app.records_cross_file(of, year, edition, format, &officer(&call)?).await;
    Ok(download(file.map_err(refused)?))
}

/// List looks and exports
///
/// Of personal data, newest first, at most 300.
#[utoipa::path(get, operation_id = "list_looks", path = "/api/v1/records/looks", tag = "records",
    responses((status = OK, body = List<LookInfo>)))]
pub async fn looks(State(web): State<Web>) -> Answer<Json<List<LookInfo>>> {
    let info = |look: Look| LookInfo {
        at_ms: look.at_ms,
        account: look.account_id,
        exported: look.exported,
        detail: look.what.to_string(),
    };
    Ok(Json(List::whole(web.app.looks().await?.into_iter().map(info).collect())))
}
