//! Tables as files. The same table gives the same bytes, so that an export can be compared with an earlier one.

use rampart_domain::records::{Cell, Table};

use super::guard::{guarded, unguarded};
use super::{ods, split};

/// A file format of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// OpenDocument spreadsheet (CNS 15251): the form with title, notes, source and a second sheet.
    Ods,
    /// Comma separated, UTF-8 with mark, CRLF: heading and rows only, numbers without thousands separators.
    Csv,
}

impl Format {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ods, Self::Csv];

    /// Ending of the file name.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Ods => "ods",
            Self::Csv => "csv",
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
}

/// A table as a file: its name and its bytes.
///
/// # Errors
/// [`ExportError`].
pub fn file(table: &Table, format: Format) -> Result<(String, Vec<u8>), ExportError> {
    let bytes = match format {
        Format::Ods => ods::write(table)?,
        Format::Csv => csv(table)?,
    };
    Ok((table.file_name(format.ending()), bytes))
}

/// A table as CSV. Text that a spreadsheet would run or change is guarded by one invisible character (U+200B) before it;
/// [`csv_rows`] and the roster take it away again. The export page says so.
fn csv(table: &Table) -> Result<Vec<u8>, ExportError> {
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
