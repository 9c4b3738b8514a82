//! Figures by gender, for the programme officer alone. The route lets nobody else in, the store refuses whoever is no
//! officer, and each look writes its line.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rampart_app::{AppError, Export, ExportFormat, ExportTable, Looked};
use rampart_domain::records::RocYear;
use rampart_domain::records::portal::{COUNTIES, Numbers, Profile};
use rampart_domain::records::targets::female_share;
use rampart_pages::{AuditAct, AuditLine, PortalFields, Statistics, StatisticsExercise, StatisticsList};
use rampart_store::{Exercise, Officer, StoreError};
use serde::Deserialize;
use tokio_util::io::ReaderStream;

use super::error::{Answer, WebError};
use super::exercises::row_of;
use super::state::Web;
use super::view::{self, count};
use super::visit::Here;
use super::who::Staff;

/// Audit lines shown.
const AUDIT_SHOWN: usize = 20;
/// Audit lines looked through for those of one exercise.
const AUDIT_SOUGHT: u32 = 500;

fn officer(staff: &Staff) -> Officer {
    Officer { account_id: staff.id.clone() }
}

pub(crate) fn refused(error: AppError) -> WebError {
    match error {
        AppError::Store(StoreError::NotOfficer { .. }) => WebError::forbidden(),
        AppError::Missing("exercise") => WebError::not_found(),
        AppError::Missing(_) => WebError::new(StatusCode::CONFLICT, "not_started"),
        other => other.into(),
    }
}

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OfYear {
    #[serde(default)]
    year: String,
}

/// When an exercise is booked: its first start, or the planned one as long as it has not begun.
fn booked_ms(web: &Web, row: &Exercise) -> i64 {
    let began = web.app.exercise(&row.id).and_then(|exercise| exercise.fold().clock.started_ms);
    began.unwrap_or(row.starts_ms)
}

/// Exercises of a year by first start, as tables book them, with who came to each; and how many people these are. Classes are
/// not among them.
pub(crate) async fn exercises_of(
    web: &Web,
    year: RocYear,
) -> Result<(Vec<StatisticsExercise>, usize), WebError> {
    let rows = web.app.store.exercises().list().await?;
    let mut rows: Vec<_> = rows.into_iter().map(|row| (booked_ms(web, &row), row)).collect();
    rows.sort_by_key(|(booked_ms, _)| *booked_ms);
    let mut lines = Vec::new();
    let mut persons = BTreeSet::new();
    for (booked_ms, row) in rows.iter().filter(|(booked_ms, _)| RocYear::of_ms(*booked_ms) == year) {
        let Some(exercise) = web.app.exercise(&row.id) else { continue };
        let mut line = StatisticsExercise {
            id: row.id.clone(),
            code: row.code.clone(),
            title: row.title.clone(),
            state: view::state(&exercise.fold()),
            starts_ms: Some(*booked_ms),
            persons: 0,
            person_ms: 0,
        };
        for one in web.app.attendance(&row.id).await?.into_iter().filter(|one| one.counted.seconds > 0) {
            line.persons += 1;
            line.person_ms += one.counted.seconds * 1000;
            persons.insert(one.person.id);
        }
        lines.push(line);
    }
    Ok((lines, persons.len()))
}

/// `GET /statistics`.
pub(super) async fn list(State(web): State<Web>, visit: Here, Query(query): Query<OfYear>) -> Answer {
    let all = web.app.store.exercises().list().await?;
    let years: BTreeSet<i64> =
        all.iter().map(|row| i64::from(RocYear::of_ms(booked_ms(&web, row)).0)).collect();
    let year = query.year.parse().map_or_else(|_| RocYear::of_ms(visit.now_ms), RocYear);
    let (rows, persons) = exercises_of(&web, year).await?;
    let page = StatisticsList {
        years: years.into_iter().rev().collect(),
        year: i64::from(year.0),
        persons: count(persons),
        person_times: rows.iter().map(|row| row.persons).sum(),
        person_ms: rows.iter().map(|row| row.person_ms).sum(),
        rows,
    };
    web.page(&visit, &page)
}

/// Looks and exports of an exercise, newest first.
async fn audit(web: &Web, (exercise, code): (&str, &str)) -> Result<Vec<AuditLine>, WebError> {
    let accounts = web.app.store.accounts().list().await?;
    let names: BTreeMap<String, String> = accounts.into_iter().map(|of| (of.id, of.name)).collect();
    let mut lines = Vec::new();
    for (what, act) in [("personal.read", AuditAct::Viewed), ("personal.export", AuditAct::Exported)] {
        for line in web.app.store.audit().list(Some(what), None, AUDIT_SOUGHT).await? {
            let format = match Looked::read(&line.detail) {
                Looked::Exercise { format, code: of, .. } if of == code => format,
                Looked::Portal { code: of, id } if of == code && id == exercise => "CSV".to_owned(),
                _ => continue,
            };
            let who = line.account_id.as_ref().and_then(|id| names.get(id)).cloned().unwrap_or_default();
            lines.push(AuditLine { at_ms: line.at_ms, who, act, detail: format });
        }
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.at_ms));
    lines.truncate(AUDIT_SHOWN);
    Ok(lines)
}

/// `GET /statistics/{id}`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    let exercise = web.exercise(&id)?;
    let row = row_of(&web, &id).await?;
    let figures = web.app.statistics(&id, &officer(&staff)).await.map_err(refused)?;
    let audit = audit(&web, (&id, &row.code)).await?;
    let drill = web.app.portal_numbers().await? == Numbers::Drill;
    let stem = &figures.exercise.file_stem;
    let page = Statistics {
        exercise: view::head(&row, &exercise.fold(), exercise.scenario(), visit.locale),
        year: i64::from(figures.year.0),
        rows: view::statistics::rows(&figures, &row.code),
        has_unfilled: view::statistics::has_unfilled(&figures),
        target: female_share(&figures.targets, figures.year),
        organisation: figures.organisation.clone(),
        share_sum: view::statistics::share_sum(&figures),
        persons: figures.counts.persons,
        person_ms: figures.counts.seconds * 1000,
        as_of_ms: visit.now_ms,
        file_ods: format!("{stem}.ods"),
        file_csv: format!("{stem}.csv"),
        profiles: Profile::ids().to_vec(),
        counties: COUNTIES.to_vec(),
        drill,
        form: PortalFields {
            profile: Profile::ids().first().copied().unwrap_or_default().to_owned(),
            category: "523".to_owned(),
            county: "30".to_owned(),
            batch: "1".to_owned(),
            digital: None,
        },
        audit,
    };
    web.page(&visit, &page)
}

/// Query of an export.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    format: String,
    #[serde(default)]
    table: String,
}

/// `GET /statistics/{id}/export?format=ods|csv|xlsx|pdf&table=x1|hours`; without a table it is X1.
pub(super) async fn export(
    State(web): State<Web>,
    staff: Staff,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let format = ExportFormat::from_ending(&wanted.format).ok_or_else(WebError::bad_request)?;
    let table = match wanted.table.as_str() {
        "" | "x1" => ExportTable::Gender,
        "hours" => ExportTable::Hours,
        _ => return Err(WebError::bad_request()),
    };
    let export = web.app.export(&id, table, format, &officer(&staff)).await.map_err(refused)?;
    Ok(download(export))
}

/// `GET /statistics/year/{year}/package`: 成果交付包 of a year.
pub(super) async fn package(State(web): State<Web>, staff: Staff, Path(year): Path<String>) -> Answer {
    let year = year.parse().map(RocYear).map_err(|_| WebError::not_found())?;
    let (name, file) = web.app.records_package(year, &officer(&staff)).await.map_err(refused)?;
    package_download(&name, file).map_err(WebError::internal)
}

/// The package, read from its file as it is sent.
pub(crate) fn package_download(name: &str, file: std::fs::File) -> std::io::Result<Response> {
    let length = file.metadata()?.len();
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    name_file(headers, name, "application/zip");
    Ok(response)
}

/// A file to keep.
pub(crate) fn download(export: Export) -> Response {
    let mut response = export.bytes.into_response();
    name_file(response.headers_mut(), &export.name, export.media_type);
    response
}

/// The name in both forms: browsers take the second, everything else the first.
fn name_file(headers: &mut HeaderMap, name: &str, media_type: &'static str) {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_chinese_file_name_travels_in_both_forms() {
        let export = Export { name: "性別_S115-02.ods".into(), media_type: "text/csv", bytes: vec![1] };
        let response = download(export);
        let value = response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert_eq!(
            value,
            "attachment; filename=\"___S115-02.ods\"; filename*=UTF-8''%E6%80%A7%E5%88%A5_S115-02.ods"
        );
    }
}
