//! The register as a file that can be taken in again: the same columns by the same headings.

use rampart_domain::records::{Cell, Column, Identity, Table};
use rampart_store::PersonQuery;

use crate::records::export::{self, Format};
use crate::records::roster::Known;
use crate::records::sheets::{self, Sheet};
use crate::statistics::Export;
use crate::{App, AppError};

/// People read at once.
const PART: u32 = 1_000;
/// Columns of the file. Gender is none of them: it leaves through the officer's tables alone.
const COLUMNS: [(Known, &str); 7] = [
    (Known::Name, "Name"),
    (Known::StaffNo, "Staff number"),
    (Known::Agency, "Agency"),
    (Known::Grade, "Grade"),
    (Known::Identity, "Identity"),
    (Known::Duty, "Duty class"),
    (Known::Email, "E-mail"),
];

/// A file format of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterFormat {
    /// Comma separated, UTF-8 with mark.
    Csv,
    /// OpenDocument spreadsheet.
    Ods,
    /// Office Open XML.
    Xlsx,
}

impl RegisterFormat {
    /// All.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Ods, Self::Xlsx];

    /// Ending of the file name.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ods => "ods",
            Self::Xlsx => "xlsx",
        }
    }

    /// From an ending.
    #[must_use]
    pub fn from_ending(ending: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.ending() == ending)
    }
}

impl App {
    /// The people of a query as a file, in its order; audit line `roster.export`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn export_register(
        &self,
        query: &PersonQuery,
        format: RegisterFormat,
        by: &str,
    ) -> Result<Export, AppError> {
        let mut people = Vec::new();
        loop {
            let offset = u32::try_from(people.len()).unwrap_or(u32::MAX);
            let part = self.store.persons().find(query, PART, offset).await?;
            let last = part.len() < PART as usize;
            people.extend(part);
            if last {
                break;
            }
        }
        let ids: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
        let mut emails = std::collections::HashMap::<String, Vec<String>>::new();
        for (person, email) in self.store.persons().emails(&ids).await? {
            emails.entry(person).or_default().push(email);
        }
        let duties = self.store.programme().duties().await?;
        let detail = format!("people={} format={}", people.len(), format.ending());
        self.intend(Some(by), "roster.export", &detail).await?;
        let rows = people
            .into_iter()
            .map(|person| {
                let emails = emails.remove(&person.id).unwrap_or_default().join("; ");
                let identity = person.identity.map_or("", Identity::title).to_owned();
                let duty = duties.get(&person.id).map_or("", |duty| duty.title()).to_owned();
                [person.name, person.staff_no, person.agency, person.grade, identity, duty, emails]
                    .map(|text| if text.is_empty() { Cell::Blank } else { Cell::Text(text) })
                    .to_vec()
            })
            .collect();
        let name = rampart_domain::records::words::ROSTER;
        let table = Table {
            sheet: name.to_owned(),
            title: String::new(),
            unit: String::new(),
            columns: COLUMNS.iter().map(|(known, english)| Column::new(known.heading(), *english)).collect(),
            rows,
            notes: Vec::new(),
            source: String::new(),
            background: Vec::new(),
            foot: None,
            file_stem: name.to_owned(),
        };
        let inner = |error: export::ExportError| AppError::Inner(error.to_string());
        let (plain, bytes) = match format {
            RegisterFormat::Csv => (Format::Csv, export::csv(&table)),
            RegisterFormat::Ods => (Format::Ods, export::ods(&table, None)),
            RegisterFormat::Xlsx => {
                let columns = table.columns.iter().map(|column| column.zh.clone()).collect();
                let sheet = Sheet { name: table.sheet.clone(), columns, rows: table.rows.clone() };
                let bytes = sheets::xlsx(&[sheet]).map_err(inner)?;
                return Ok(Export { name: table.file_name("xlsx"), media_type: sheets::XLSX, bytes });
            }
        };
        let name = table.file_name(plain.ending());
        Ok(Export { name, media_type: plain.media_type(), bytes: bytes.map_err(inner)? })
    }
}
