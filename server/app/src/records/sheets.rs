//! Plain sheets as files: rows under headings, without the form of the official tables. The same sheets give the same bytes.

use rampart_domain::records::{Cell, Column, Table};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use super::export::ExportError;
use super::guard::guarded;
use super::ods;

/// Media type of a workbook.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Widest and narrowest column, in characters.
const WIDTHS: (usize, usize) = (8, 60);

/// Rows under headings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Name.
    pub name: String,
    /// Headings.
    pub columns: Vec<String>,
    /// Rows; each has as many cells as there are headings.
    pub rows: Vec<Vec<Cell>>,
}

/// Comma separated: UTF-8 with mark, CRLF; text that a spreadsheet would run is guarded as in the tables.
///
/// # Errors
/// [`ExportError`].
pub fn csv(sheet: &Sheet) -> Result<Vec<u8>, ExportError> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(b"\xef\xbb\xbf".to_vec());
    writer.write_record(sheet.columns.iter().map(|column| guarded(column).into_owned()))?;
    for row in &sheet.rows {
        writer.write_record(row.iter().map(|cell| match cell {
            Cell::Text(_) => guarded(&cell.plain()).into_owned(),
            _ => cell.plain(),
        }))?;
    }
    writer.into_inner().map_err(|_| ExportError::CsvEnd)
}

/// A workbook of these sheets. Whole numbers are numbers; text is text, whatever it looks like.
///
/// # Errors
/// [`ExportError`].
pub fn xlsx(sheets: &[Sheet]) -> Result<Vec<u8>, ExportError> {
    Ok(write(sheets)?)
}

/// An OpenDocument spreadsheet of these sheets, first row head; `as_of_ms` (ms UTC) stands in it as its date.
///
/// # Errors
/// [`ExportError`].
pub fn ods(sheets: &[Sheet], as_of_ms: i64) -> Result<Vec<u8>, ExportError> {
    let table = |sheet: &Sheet| Table {
        sheet: sheet.name.clone(),
        title: String::new(),
        unit: String::new(),
        columns: sheet.columns.iter().map(|heading| Column::new(heading, "")).collect(),
        rows: sheet.rows.clone(),
        notes: Vec::new(),
        source: String::new(),
        background: Vec::new(),
        foot: None,
        file_stem: String::new(),
    };
    let tables: Vec<Table> = sheets.iter().map(table).collect();
    ods::write_all(&tables, Some(as_of_ms))
}

fn write(sheets: &[Sheet]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The writer would stamp the present time into the file.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let bold = Format::new().set_bold();
    for sheet in sheets {
        let page = book.add_worksheet();
        page.set_name(&sheet.name)?;
        page.set_freeze_panes(1, 0)?;
        for (column, heading) in (0_u16..).zip(&sheet.columns) {
            page.write_string_with_format(0, column, heading, &bold)?;
            let cells = sheet.rows.iter().filter_map(|row| row.get(usize::from(column)));
            let widest = cells.map(|cell| width(&cell.plain())).chain([width(heading)]).max();
            let width = widest.unwrap_or(WIDTHS.0).clamp(WIDTHS.0, WIDTHS.1);
            page.set_column_width(column, f64::from(u32::try_from(width).unwrap_or(8)) + 1.0)?;
        }
        for (row, cells) in (1_u32..).zip(&sheet.rows) {
            for (column, cell) in (0_u16..).zip(cells) {
                match cell {
                    Cell::Count(count) => match exact(*count) {
                        Some(number) => page.write_number(row, column, number)?,
                        None => page.write_string(row, column, count.to_string())?,
                    },
                    other => page.write_string(row, column, other.plain())?,
                };
            }
        }
    }
    book.save_to_buffer()
}

/// The number as the workbook's only kind of number holds it; `None` where that could not hold it to the digit.
fn exact(count: i64) -> Option<f64> {
    let small = i32::try_from(count).ok().map(f64::from);
    small.or_else(|| count.to_string().parse().ok().filter(|_| count.abs() <= 1 << 53))
}

/// How wide a text stands, in Latin letters.
fn width(text: &str) -> usize {
    text.chars().map(|c| if u32::from(c) < 0x1100 { 1 } else { 2 }).sum()
}
