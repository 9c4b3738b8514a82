//! Cross tables, for the programme officer alone: at most two variables of their choice.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use rampart_app::ExportFormat;
use rampart_domain::records::{By, Cross, CrossFigure, Edition};
use rampart_pages::{CrossPage, Problem};
use rampart_store::Officer;
use serde::Deserialize;

use super::error::{Answer, WebError};
use super::programme::year_of;
use super::state::Web;
use super::statistics::{download, refused};
use super::view;
use super::visit::Here;
use super::who::Staff;

/// What is asked for, by words.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    rows: String,
    #[serde(default)]
    columns: String,
    #[serde(default)]
    figure: String,
    #[serde(default)]
    edition: String,
    #[serde(default)]
    format: String,
}

impl Asked {
    /// `None` for a word that is none.
    fn read(&self) -> Option<(Cross, Edition)> {
        let columns = match self.columns.as_str() {
            "" | "none" => None,
            code => Some(By::from_code(code)?),
        };
        let rows = By::from_code(&self.rows)?;
        let figure = CrossFigure::from_code(&self.figure)?;
        Some((Cross { rows, columns, figure }, Edition::from_code(&self.edition)?))
    }

    /// With the usual table where nothing was asked for.
    fn or_usual(self) -> Self {
        if !(self.rows.is_empty() && self.figure.is_empty()) {
            return self;
        }
        let edition =
            if self.edition.is_empty() { Edition::Internal.code().to_owned() } else { self.edition };
        let public = edition == Edition::Public.code();
        Self {
            rows: if public { By::Level } else { By::Agency }.code().to_owned(),
            columns: By::Gender.code().to_owned(),
            figure: CrossFigure::Persons.code().to_owned(),
            edition,
            format: self.format,
        }
    }
}

/// Why a question has no table.
fn problems(of: Cross, edition: Edition) -> Vec<Problem> {
    if of.columns == Some(of.rows) {
        return vec![Problem::new("cross_same").on("columns")];
    }
    if edition == Edition::Public && of.public().is_none() {
        return vec![Problem::new("cross_not_public").on("edition")];
    }
    Vec::new()
}

/// `GET /statistics/year/{year}/cross?rows=agency&columns=gender&figure=persons&edition=internal`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(year): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let year = year_of(&year)?;
    let asked = asked.or_usual();
    let (of, edition) = asked.read().ok_or_else(WebError::bad_request)?;
    let officer = Officer { account_id: staff.id.clone() };
    let problems = problems(of, edition);
    let table = if problems.is_empty() {
        let table = web.app.records_cross(of, year, edition, &officer).await.map_err(refused)?;
        Some(view::statistics::shown_table(&table))
    } else {
        None
    };
    let hidden_under = web.app.hidden_under().await?;
    let page = CrossPage {
        year: i64::from(year.0),
        rows: of.rows.code().to_owned(),
        columns: of.columns.map_or("none", By::code).to_owned(),
        figure: of.figure.code().to_owned(),
        edition: edition.code().to_owned(),
        variables: By::ALL.iter().map(|by| by.code()).collect(),
        figures: CrossFigure::ALL.iter().map(|figure| figure.code()).collect(),
        formats: ExportFormat::ALL.iter().map(|format| format.ending().to_owned()).collect(),
        table,
        hidden_under,
        problems,
    };
    if !page.problems.is_empty() {
        return web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page);
    }
    web.page(&visit, &page)
}

/// `GET /statistics/year/{year}/cross/export`, the same with `format=csv|ods|xlsx|pdf`.
pub(super) async fn export(
    State(web): State<Web>,
    staff: Staff,
    Path(year): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let year = year_of(&year)?;
    let asked = asked.or_usual();
    let format = ExportFormat::from_ending(&asked.format).ok_or_else(WebError::bad_request)?;
    let (of, edition) = asked
        .read()
        .filter(|(of, edition)| problems(*of, *edition).is_empty())
        .ok_or_else(WebError::bad_request)?;
    let officer = Officer { account_id: staff.id.clone() };
    let file = web.app.records_cross_file(of, year, edition, format, &officer).await.map_err(refused)?;
    Ok(download(file))
}
