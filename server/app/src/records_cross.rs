//! Cross tables of a year, as they are shown and as files.

use rampart_domain::records::{By, Cross, Edition, RocYear, Table};
use rampart_store::Officer;

use crate::papers;
use crate::statistics::{Export, Road};
use crate::{App, AppError, ExportFormat, Looked};

/// What the audit line says of a cross table: variables and figure, never what is in it.
fn said(of: Cross, year: RocYear, edition: Edition, format: &str) -> Looked {
    Looked::Cross {
        rows: of.rows.code().to_owned(),
        columns: of.columns.map_or("", By::code).to_owned(),
        figure: of.figure.code().to_owned(),
        year: year.to_string(),
        edition: edition.code().to_owned(),
        format: format.to_owned(),
    }
}

impl App {
    /// A cross table of a year, to be looked at. The store refuses whoever is no officer and writes the audit line in the transaction that
    /// reads.
    ///
    /// # Errors
    /// As [`App::records_table`].
    pub async fn records_cross(
        &self,
        of: Cross,
        year: RocYear,
        edition: Edition,
        officer: &Officer,
    ) -> Result<Table, AppError> {
        self.cross_of(of, year, edition, officer, Road::Look, &said(of, year, edition, "")).await
    }

    async fn cross_of(
        &self,
        of: Cross,
        year: RocYear,
        edition: Edition,
        officer: &Officer,
        road: Road,
        what: &Looked,
    ) -> Result<Table, AppError> {
        if edition == Edition::Public && of.public().is_none() {
            return Err(AppError::Missing("edition"));
        }
        let book = self.records_book(year, officer, road, what).await?;
        let (issue, under) = (self.records_issue().await?, self.hidden_under().await?);
        let table = crate::records_year::aside(move || book.cross(&issue, of, year, edition, under)).await?;
        table.ok_or(AppError::Missing("edition"))
    }

    /// A cross table of a year as a file; an export in the audit log.
    ///
    /// # Errors
    /// As [`App::records_file`].
    pub async fn records_cross_file(
        &self,
        of: Cross,
        year: RocYear,
        edition: Edition,
        format: ExportFormat,
        officer: &Officer,
    ) -> Result<Export, AppError> {
        let turn = self.press.turn(&officer.account_id).await?;
        let as_of_ms = self.now_ms();
        let what = said(of, year, edition, format.ending());
        let table = self.cross_of(of, year, edition, officer, Road::Export, &what).await?;
        let name = table.file_name(format.ending());
        let printed = crate::records_year::printed(edition);
        let sheet = papers::Sheet { table, number: "", edition: printed, as_of_ms };
        let organisation = self.paper_head(i64::MAX).await?.organisation;
        let bytes = self.file_of(turn, sheet, organisation, format).await?;
        Ok(Export { name, media_type: format.media_type(), bytes })
    }
}
