//! Cross tables of a year, as they are shown and as files.

use rampart_domain::records::{By, Cross, Edition, RocYear, Table};
use rampart_store::Officer;

use crate::papers;
use crate::statistics::{Export, ORGANISATION, Road};
use crate::{App, AppError, ExportFormat};

/// What the audit line says of a cross table: variables and figure, never what is in it.
fn said(of: Cross, year: RocYear, edition: Edition) -> String {
    let columns = of.columns.map_or("-", By::code);
    format!("cross {} {columns} {} {year} {}", of.rows.code(), of.figure.code(), edition.code())
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
        self.cross_of(of, year, edition, officer, Road::Look, &said(of, year, edition)).await
    }

    async fn cross_of(
        &self,
        of: Cross,
        year: RocYear,
        edition: Edition,
        officer: &Officer,
        road: Road,
        what: &str,
    ) -> Result<Table, AppError> {
        let book = self.records_book(year, officer, road, what).await?;
        let (issue, under) = (self.records_issue(), self.hidden_under().await?);
        crate::records_year::aside(move || book.cross(&issue, of, year, edition, under)).await
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
        let what = format!("{} {}", said(of, year, edition), format.ending());
        let table = self.cross_of(of, year, edition, officer, Road::Export, &what).await?;
        let name = table.file_name(format.ending());
        let printed = crate::records_year::printed(edition);
        let sheet = papers::Sheet { table, number: "", edition: printed, as_of_ms };
        let bytes = self.file_of(turn, sheet, ORGANISATION, format).await?;
        Ok(Export { name, media_type: format.media_type(), bytes })
    }
}
