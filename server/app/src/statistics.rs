//! Tables by gender, for the programme officer alone. Every look and every export writes its audit line in the same
//! transaction that reads the genders.

use std::collections::BTreeMap;

use rampart_domain::records::targets::Target;
use rampart_domain::records::{
    Attended, Counts, Edition, Gender, Heads, Issue, Kind, PersonHours, RocYear, Rule, Session, Table,
    figures, paper, tables, words,
};
use rampart_store::{Officer, PersonalRow, Purpose};

use crate::clock::new_id;
use crate::papers::Sheet;
use crate::records::Format;
use crate::records_year::aside;
use crate::{App, AppError, Looked};

/// Office that hands the tables in as long as none was set; the county of the scenarios.
pub(crate) const ORGANISATION: &str = "青嵐縣政府數位發展處";
/// Stands at the foot of each paper as long as the county is an invented one and nothing else was set.
pub(crate) const FOOT: &str = "虛構機關，僅供演訓";

/// Figures of an exercise and of its year.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// X1 of the exercise.
    pub exercise: Table,
    /// X1 by years up to the exercise's year, of classes and exercises.
    pub years: Table,
    /// Heads of the exercise.
    pub heads: Heads,
    /// Persons, person-times and seconds of the exercise.
    pub counts: Counts,
    /// Year that the exercise is booked to.
    pub year: RocYear,
    /// Targets, by which each year is judged.
    pub targets: Vec<Target>,
    /// Office that hands the table in.
    pub organisation: String,
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
    /// The figures, for a page. Those of the years are the ones of the desk and of table X1, from the same book: classes count
    /// in them too.
    ///
    /// # Errors
    /// [`AppError::Missing`] for an exercise that is unknown or has not started; the store refuses whoever is no officer.
    pub async fn statistics(&self, exercise: &str, officer: &Officer) -> Result<Statistics, AppError> {
        let (code, title, session) = self.run_of(exercise)?;
        let year = session.booked_year();
        let here = self.attended(exercise).await?;
        let what = Looked::Exercise { table: "X1".to_owned(), format: String::new(), code };
        let book = self.records_book(year, officer, Road::Look, &what).await?;
        let gender = |one: &Attended| Some((one.person.clone(), book.apart.get(&one.person)?.gender?));
        let genders = here.iter().filter_map(gender).collect();
        let (issue, under) = (self.records_issue().await?, self.hidden_under().await?);
        let heads = figures::heads(&here, &genders);
        let shown = tables::ExerciseHeads { title, began_ms: session.start_ms, heads };
        let exercise = tables::x1_exercise(&issue, &shown, &book.targets);
        let counts = figures::counts(&here);
        aside(move || Statistics {
            exercise,
            years: book.table(&issue, Kind::X1, year, Edition::Internal, under),
            heads,
            counts,
            year,
            targets: book.targets,
            organisation: issue.organisation,
        })
        .await
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
        let (code, title, session) = self.run_of(exercise)?;
        let here = self.attended(exercise).await?;
        let what = Looked::Exercise { table: name.to_owned(), format: ending, code };
        let genders = self.genders(&here, officer, &what.to_string()).await?;
        let issue = self.records_issue().await?;
        let table = match table {
            ExportTable::Gender => {
                let heads = figures::heads(&here, &genders);
                let shown = tables::ExerciseHeads { title, began_ms: session.start_ms, heads };
                tables::x1_exercise(&issue, &shown, &self.targets().await?)
            }
            ExportTable::Hours => self.hours_of(exercise, &title, &session, &issue).await?,
        };
        let name = table.file_name(format.ending());
        let sheet = Sheet { table, number, edition: paper::INTERNAL, as_of_ms };
        let bytes = self.file_of(turn, sheet, issue.organisation, format).await?;
        Ok(Export { name, media_type: format.media_type(), bytes })
    }

    /// The run of an exercise: code, title, session.
    fn run_of(&self, exercise: &str) -> Result<(String, String, Session), AppError> {
        let live = self.exercise(exercise).ok_or(AppError::Missing("exercise"))?;
        let session = crate::attendance::session(&live).ok_or(AppError::Missing("start of the exercise"))?;
        let header = live.fold().header.clone();
        let (code, title) = header.map(|header| (header.code, header.title)).unwrap_or_default();
        Ok((code, title, session))
    }

    /// Person-hours of an exercise, by name.
    async fn hours_of(
        &self,
        exercise: &str,
        title: &str,
        session: &Session,
        issue: &Issue,
    ) -> Result<Table, AppError> {
        let people: Vec<PersonHours> = self
            .attendance(exercise)
            .await?
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
        Ok(tables::person_hours(issue, title, session.start_ms, Rule::default(), &people))
    }

    async fn genders(
        &self,
        attended: &[Attended],
        officer: &Officer,
        detail: &str,
    ) -> Result<BTreeMap<String, Gender>, AppError> {
        let mut persons: Vec<String> = attended.iter().map(|one| one.person.clone()).collect();
        persons.sort();
        persons.dedup();
        let audit_id = new_id();
        let purpose = Purpose { audit_id: &audit_id, at_ms: self.now_ms(), detail };
        let view = self.store.as_officer(officer);
        let rows: Vec<PersonalRow> = view.export(purpose, &persons).await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.person.id, row.gender?))).collect())
    }
}
