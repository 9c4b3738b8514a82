//! An official table as a workbook (Office Open XML): title, unit, head, rows, notes, source, and the background on a second
//! sheet. The same table gives the same bytes.

use rampart_domain::records::paper::{AS_OF, BACKGROUND_HEAD};
use rampart_domain::records::{Cell, RocDate, roc, words};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::export::{ExportError, Outgoing};

/// Narrowest and widest column, characters.
const WIDTHS: (usize, usize) = (6, 44);
/// Font of the forms; where it is not there, the reader takes the one nearest to it.
const FONT: &str = "標楷體";

pub(crate) fn xlsx(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    Ok(write(out)?)
}

fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// The styles of one workbook.
struct Styles {
    line: Format,
    head: Format,
    text: Format,
    mark: Format,
}

impl Styles {
    fn new() -> Self {
        let plain = Format::new().set_font_name(FONT).set_align(FormatAlign::VerticalCenter);
        let boxed = plain.clone().set_border(FormatBorder::Thin).set_text_wrap();
        Self {
            head: boxed.clone().set_bold().set_align(FormatAlign::Center).set_background_color(0x00EE_EEEE),
            mark: boxed.clone().set_align(FormatAlign::Right),
            text: boxed,
            line: plain,
        }
    }
}

fn write(out: &Outgoing<'_>) -> Result<Vec<u8>, XlsxError> {
    let table = out.table;
    let styles = Styles::new();
    let mut book = Workbook::new();
    let date = RocDate::of_ms(out.as_of_ms);
    let time = roc::time(out.as_of_ms);
    let mut parts = time.split(':').map(|part| part.parse::<u16>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    let (month, day) = (u8::try_from(date.month()).unwrap_or(1), u8::try_from(date.day()).unwrap_or(1));
    let year = u16::try_from(date.year().0 + 1911).unwrap_or(1970);
    let (hour, minute, second) = (part(), u8::try_from(part()).unwrap_or(0), part());
    let at = ExcelDateTime::from_ymd(year, month, day)?.and_hms(hour, minute, second)?;
    book.set_properties(&DocProperties::new().set_title(&table.title).set_creation_datetime(&at));
    let page = book.add_worksheet();
    page.set_name(&table.sheet)?;
    main(page, out, &styles)?;
    if !table.background.is_empty() {
        let page = book.add_worksheet();
        page.set_name(words::BACKGROUND)?;
        page.set_column_width(0, 24)?.set_column_width(1, 90)?;
        for (column, heading) in (0_u16..).zip(BACKGROUND_HEAD) {
            page.write_string_with_format(0, column, heading, &styles.head)?;
        }
        for (row, (item, text)) in (1_u32..).zip(&table.background) {
            page.write_string_with_format(row, 0, item, &styles.text)?;
            page.write_string_with_format(row, 1, text, &styles.text)?;
        }
    }
    book.save_to_buffer()
}

/// One text over all columns.
fn over(page: &mut Worksheet, row: u32, last: u16, text: &str, format: &Format) -> Result<(), XlsxError> {
    if last == 0 {
        page.write_string_with_format(row, 0, text, format)?;
    } else {
        page.merge_range(row, 0, row, last, text, format)?;
    }
    Ok(())
}

fn main(page: &mut Worksheet, out: &Outgoing<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let table = out.table;
    let last = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    page.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    let [before, between, after] = words::PAGE;
    let foot = table.foot.as_deref().unwrap_or_default();
    page.set_footer(format!("&L{foot}&C{before}&P{between}&N{after}&R{}", out.edition));
    let title = styles.line.clone().set_font_size(16).set_align(FormatAlign::Center);
    let right = styles.line.clone().set_align(FormatAlign::Right);
    let mut row = 0;
    for (text, format) in [
        (table.title.clone(), &title),
        (
            format!("{AS_OF}{} {}", RocDate::of_ms(out.as_of_ms).chinese(), roc::time_minutes(out.as_of_ms)),
            &styles.line,
        ),
        (table.unit.clone(), &right),
    ] {
        over(page, row, last, &text, format)?;
        row += 1;
    }
    page.set_repeat_rows(row, row)?;
    for (column, heading) in (0_u16..).zip(&table.columns) {
        page.write_string_with_format(row, column, &heading.zh, &styles.head)?;
        let cells = table.rows.iter().filter_map(|row| row.get(usize::from(column)));
        let widest = cells.map(|cell| width(&cell.shown())).chain([width(&heading.zh).min(12)]).max();
        let width = widest.unwrap_or(0).saturating_add(2).clamp(WIDTHS.0, WIDTHS.1);
        page.set_column_width(column, f64::from(u32::try_from(width).unwrap_or(6)))?;
    }
    row += 1;
    for cells in &table.rows {
        for (column, cell) in (0_u16..).zip(cells) {
            put(page, row, column, cell, styles)?;
        }
        row += 1;
    }
    let wrapped = styles.line.clone().set_text_wrap();
    for line in table.note_lines().iter().chain([&table.source]).filter(|line| !line.is_empty()) {
        over(page, row, last, line, &wrapped)?;
        row += 1;
    }
    Ok(())
}

/// Numbers are numbers with their words in the format; text is text, whatever it looks like.
fn put(page: &mut Worksheet, row: u32, column: u16, cell: &Cell, styles: &Styles) -> Result<(), XlsxError> {
    let number = cell.number().and_then(|(value, decimals, suffix)| {
        let exact = value.trim_start_matches('-').bytes().filter(u8::is_ascii_digit).count() <= 15;
        Some((value.parse::<f64>().ok().filter(|_| exact)?, decimals, suffix))
    });
    match (cell, number) {
        (_, Some((value, decimals, suffix))) => {
            let mut shape = String::from("#,##0");
            if decimals > 0 {
                shape.push('.');
                shape.push_str(&"0".repeat(usize::from(decimals)));
            }
            if !suffix.is_empty() {
                shape.push_str(&format!("\"{}\"", suffix.replace('"', "")));
            }
            page.write_number_with_format(row, column, value, &styles.mark.clone().set_num_format(shape))?;
        }
        (Cell::Blank, None) => {
            page.write_blank(row, column, &styles.text)?;
        }
        (Cell::Text(text), None) => {
            page.write_string_with_format(row, column, text, &styles.text)?;
        }
        (other, None) => {
            page.write_string_with_format(row, column, other.shown(), &styles.mark)?;
        }
    }
    Ok(())
}
