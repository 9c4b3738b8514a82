//! Tables by gender, for the programme officer alone. Every look and every export writes its audit line in the same
//! transaction that reads the genders.

use std::collections::BTreeMap;

use rampart_domain::records::{
    self, Counts, Gender, Heads, Issue, PersonHours, RocDate, RocYear, Rule, Table, figures, paper, tables,
    words,
};
use rampart_store::{Officer, PersonalRow, Purpose};

use crate::clock::new_id;
use crate::papers::Sheet;
use crate::records::Format;
use crate::{App, AppError, Looked};

/// Office that hands the tables in; the county of the scenarios.
pub(crate) const ORGANISATION: &str = "青嵐縣政府數位發展處";
/// Stands at the foot of each page as long as the county is an invented one.
pub(crate) const FOOT: &str = "虛構機關，僅供演訓";

/// Figures of an exercise and of its year.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// X1 of the exercise.
    pub exercise: Table,
    /// X1 by years up to the exercise's year.
    pub years: Table,
    /// Person-hours of the exercise.
    pub hours: Table,
    /// Heads of the exercise.
    pub heads: Heads,
    /// Persons, person-times and seconds of the exercise.
    pub counts: Counts,
    /// Year that the exercise is booked to.
    pub year: RocYear,
}

/// Which table goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportTable {
    /// X1, people by gender.
    Gender,
    /// Person-hours, by name.
    Hours,
}

/// A file to hand out.
#[derive(Debug, Clone)]
pub struct Export {
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// Content.
    pub bytes: Vec<u8>,
}

/// On which road figures leave the store; the audit line says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    /// A page.
    Look,
    /// A file.
    Export,
}

impl App {
    /// The figures, for a page.
    ///
    /// # Errors
    /// [`AppError::Missing`] for an exercise that is unknown or has not started; the store refuses whoever is no officer.
    pub async fn statistics(&self, exercise: &str, officer: &Officer) -> Result<Statistics, AppError> {
        self.figures(exercise, officer, Road::Look, ("X1", "")).await
    }

    /// A file with the figures.
    ///
    /// # Errors
    /// As [`App::statistics`]; [`AppError::Waiting`] while many exports of this officer wait.
    pub async fn export(
        &self,
        exercise: &str,
        table: ExportTable,
        format: Format,
        officer: &Officer,
    ) -> Result<Export, AppError> {
        let (name, number) = match table {
            ExportTable::Gender => ("X1", words::X1_NUMBER),
            ExportTable::Hours => ("hours", ""),
        };
        let ending = format.ending().to_uppercase();
        let turn = self.press.turn(&officer.account_id).await?;
        let as_of_ms = self.now_ms();
        let figures = self.figures(exercise, officer, Road::Export, (name, &ending)).await?;
        let table = match table {
            ExportTable::Gender => figures.exercise,
            ExportTable::Hours => figures.hours,
        };
        let name = table.file_name(format.ending());
        let issue = Sheet { table, number, edition: paper::INTERNAL, as_of_ms };
        let bytes = self.file_of(turn, issue, ORGANISATION, format).await?;
        Ok(Export { name, media_type: format.media_type(), bytes })
    }

    async fn figures(
        &self,
        exercise: &str,
        officer: &Officer,
        road: Road,
        (table, format): (&str, &str),
    ) -> Result<Statistics, AppError> {
        let live = self.exercise(exercise).ok_or(AppError::Missing("exercise"))?;
        let session = crate::attendance::session(&live).ok_or(AppError::Missing("start of the exercise"))?;
        let (code, title) = live
            .fold()
            .header
            .as_ref()
            .map(|header| (header.code.clone(), header.title.clone()))
            .unwrap_or_default();
        let year = session.booked_year();
        let rows = self.attendance(exercise).await?;
        let here = self.attended(exercise).await?;
        if let Some(shut) = self.shut().first() {
            // A year without one of its exercises is a wrong figure, and nobody could see it.
            let why = format!("the exercise {} is shut and would be missing: {}", shut.code, shut.why);
            return Err(AppError::Inner(why));
        }
        let mut all = Vec::new();
        for other in self.exercises() {
            all.extend(self.attended(&other.id).await?);
        }
        let what =
            Looked::Exercise { table: table.to_owned(), format: format.to_owned(), code: code.clone() };
        let genders = self.genders(&all, officer, road, &what.to_string()).await?;
        let now_ms = self.now_ms();
        let mut issue = Issue::new(ORGANISATION, RocDate::of_ms(now_ms));
        issue.foot = Some(FOOT.to_owned());
        let heads = figures::heads(&here, &genders);
        let shown = tables::ExerciseHeads { title: title.clone(), began_ms: session.start_ms, heads };
        let people: Vec<PersonHours> = rows
            .iter()
            .map(|row| PersonHours {
                agency: row.person.agency.clone(),
                staff_number: row.person.staff_no.clone(),
                name: row.person.name.clone(),
                seconds: row.counted.seconds,
                review: !row.counted.review.is_empty(),
                withdrawn: row.team.is_none(),
            })
            .filter(|one| one.seconds > 0 || !one.withdrawn)
            .collect();
        Ok(Statistics {
            exercise: tables::x1_exercise(&issue, &shown),
            years: tables::x1_years(&issue, year, &figures::heads_by_year(&all, &genders)),
            hours: tables::person_hours(&issue, &title, session.start_ms, Rule::default(), &people),
            heads,
            counts: figures::counts(&here),
            year,
        })
    }

    async fn genders(
        &self,
        attended: &[records::Attended],
        officer: &Officer,
        road: Road,
        detail: &str,
    ) -> Result<BTreeMap<String, Gender>, AppError> {
        let mut persons: Vec<String> = attended.iter().map(|one| one.person.clone()).collect();
        persons.sort();
        persons.dedup();
        let audit_id = new_id();
        let purpose = Purpose { audit_id: &audit_id, at_ms: self.now_ms(), detail };
        let view = self.store.as_officer(officer);
        let rows: Vec<PersonalRow> = match road {
            Road::Look => view.read(purpose, &persons).await?,
            Road::Export => view.export(purpose, &persons).await?,
        };
        Ok(rows.into_iter().filter_map(|row| Some((row.person.id, row.gender?))).collect())
    }
}
