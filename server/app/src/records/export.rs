//! Tables as files. The same table gives the same bytes, so that an export can be compared with an earlier one.

use std::cell::OnceCell;
use std::sync::Arc;

use rampart_documents::{Fonts, FontsMissing, Paper, Press, PrintError, TablePaper};
use rampart_domain::ledger::CheckpointKey;
use rampart_domain::records::{Cell, Table, seal};

use super::guard::{guarded, unguarded};
use super::{form, ods, sheets, split};

/// A file format of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// OpenDocument spreadsheet (CNS 15251): the form with title, notes, source and a second sheet.
    Ods,
    /// Comma separated, UTF-8 with mark, CRLF: heading and rows only, numbers without thousands separators.
    Csv,
    /// Office Open XML workbook: the form, as in ODS.
    Xlsx,
    /// Paper: the form with boxes for signatures, sealed.
    Pdf,
}

impl Format {
    /// All.
    pub const ALL: [Self; 4] = [Self::Ods, Self::Csv, Self::Xlsx, Self::Pdf];

    /// Ending of the file name.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Ods => "ods",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    /// From an ending.
    #[must_use]
    pub fn from_ending(ending: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.ending() == ending)
    }

    /// Media type for the answer.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ods => ods::MEDIA_TYPE,
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => sheets::XLSX,
            Self::Pdf => "application/pdf",
        }
    }
}

/// A file that could not be made. Nothing from outside causes this.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The container.
    #[error("the spreadsheet could not be packed: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// Writing.
    #[error("the file could not be written: {0}")]
    Io(#[from] std::io::Error),
    /// The comma separated file.
    #[error("the CSV file could not be written: {0}")]
    Csv(#[from] csv::Error),
    /// The workbook.
    #[error("the workbook could not be written: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// Its last buffer.
    #[error("the CSV file could not be finished")]
    CsvEnd,
    /// No fonts for paper.
    #[error(transparent)]
    Fonts(#[from] FontsMissing),
    /// The paper; characters that no font has are data from outside.
    #[error(transparent)]
    Print(#[from] PrintError),
}

/// A table on its way out, with what stands around it.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The table.
    pub table: &'a Table,
    /// Number above the title, as in 「表 X1」; empty for none.
    pub number: &'a str,
    /// Office that hands it in.
    pub organisation: &'a str,
    /// Edition, as stated at the foot.
    pub edition: &'a str,
    /// When its data was read, ms UTC. It stands in the file in place of the time of writing.
    pub as_of_ms: i64,
}

/// Finds the fonts, when the first paper needs them.
pub type FindFonts<'a> = Box<dyn Fn() -> Result<Arc<Fonts>, FontsMissing> + 'a>;

/// Makes files of tables; one for a batch, as it keeps the fonts that papers needed.
pub struct Exporter<'a> {
    fonts: FindFonts<'a>,
    press: OnceCell<Press>,
    key: &'a CheckpointKey,
}

impl std::fmt::Debug for Exporter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").field("key", self.key).finish_non_exhaustive()
    }
}

impl<'a> Exporter<'a> {
    /// With these fonts; without any, everything but paper can be made. Papers are sealed with the key.
    #[must_use]
    pub const fn new(fonts: FindFonts<'a>, key: &'a CheckpointKey) -> Self {
        Self { fonts, press: OnceCell::new(), key }
    }

    /// The key that seals.
    #[must_use]
    pub(crate) const fn key(&self) -> &CheckpointKey {
        self.key
    }

    /// A table as a file.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn file(&self, out: &Outgoing<'_>, format: Format) -> Result<Vec<u8>, ExportError> {
        match format {
            Format::Ods => ods(out.table, Some(out.as_of_ms)),
            Format::Csv => csv(out.table),
            Format::Xlsx => form::xlsx(out),
            Format::Pdf => self.pdf(out),
        }
    }

    /// The press, once there are fonts.
    fn press(&self) -> Result<&Press, FontsMissing> {
        if let Some(press) = self.press.get() {
            return Ok(press);
        }
        let press = Press::new((self.fonts)()?);
        Ok(self.press.get_or_init(|| press))
    }

    /// Any other paper, sealed.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn paper(&self, paper: &dyn Paper) -> Result<Vec<u8>, ExportError> {
        Ok(seal::sealed(self.key, self.press()?.print(paper)?))
    }

    fn pdf(&self, out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
        let digest = seal::sha256(&csv(out.table)?);
        let paper = TablePaper {
            table: out.table,
            number: out.number,
            organisation: out.organisation,
            edition: out.edition,
            as_of_ms: out.as_of_ms,
            digest: Some(&digest),
        };
        self.paper(&paper)
    }
}

/// A table as an OpenDocument spreadsheet.
///
/// # Errors
/// [`ExportError`].
pub fn ods(table: &Table, as_of_ms: Option<i64>) -> Result<Vec<u8>, ExportError> {
    ods::write(table, as_of_ms)
}

/// A table as CSV. Text that a spreadsheet would run or change is guarded by one invisible character (U+200B) before it;
/// [`csv_rows`] and the roster take it away again. The export page says so.
///
/// # Errors
/// [`ExportError`].
pub fn csv(table: &Table) -> Result<Vec<u8>, ExportError> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(b"\xef\xbb\xbf".to_vec());
    writer.write_record(table.columns.iter().map(|column| guarded(&column.csv).into_owned()))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(|cell| match cell {
            Cell::Text(_) | Cell::Counted { .. } => guarded(&cell.plain()).into_owned(),
            Cell::Count(_) | Cell::Decimal(_) | Cell::Points(_) | Cell::None | Cell::Void | Cell::Blank => {
                cell.plain()
            }
        }))?;
    }
    writer.into_inner().map_err(|_| ExportError::CsvEnd)
}

/// Reads a CSV file of ours: heading and rows as they were before they were written. `None` if it is no UTF-8.
#[must_use]
pub fn csv_rows(bytes: &[u8]) -> Option<Vec<Vec<String>>> {
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    split::rows(body)
        .map(|row| {
            row.cells
                .into_iter()
                .map(|cell| String::from_utf8(cell).ok().map(|text| unguarded(&text).to_owned()))
                .collect()
        })
        .collect()
}
