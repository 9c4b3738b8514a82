//! An OpenDocument spreadsheet (1.2), written straight: five small XML files in a ZIP container with fixed times and fixed
//! order. A library that keeps its styles in hash maps and stamps the clock into the container cannot give the same bytes
//! twice; the tests read the result back with one.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use rampart_domain::records::{Cell, Table, roc, words};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::export::ExportError;

/// Media type of the file.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.oasis.opendocument.spreadsheet";
/// Usable width of A4 across with margins of 15 mm, in hundredths of a centimetre.
const PAGE_WIDTH: u32 = 2_670;
/// Width of half an em at 11 pt, and what a cell needs besides.
const HALF_EM: u32 = 20;
const CELL_SPACE: u32 = 50;
/// Height of a line of notes.
const LINE_HEIGHT: u32 = 52;

const NAMESPACES: &str = concat!(
    r#" xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0""#,
    r#" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0""#,
    r#" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0""#,
    r#" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0""#,
    r#" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0""#,
    r#" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0""#,
    r#" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0""#,
    r#" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0""#,
    r#" xmlns:dc="http://purl.org/dc/elements/1.1/""#,
    r#" office:version="1.2""#,
);
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const FONTS: &str = r#"<office:font-face-decls><style:font-face style:name="Kai" svg:font-family="標楷體" style:font-family-generic="script"/><style:font-face style:name="Serif" svg:font-family="'Liberation Serif'" style:font-family-generic="roman"/></office:font-face-decls>"#;

/// Writes a table as a spreadsheet of two sheets; `as_of_ms` (ms UTC), when its data was read, stands in it as its date.
pub(crate) fn write(table: &Table, as_of_ms: Option<i64>) -> Result<Vec<u8>, ExportError> {
    write_all(std::slice::from_ref(table), as_of_ms)
}

/// Writes tables as one spreadsheet, each with its sheets; title and foot line of the file are those of the first.
pub(crate) fn write_all(tables: &[Table], as_of_ms: Option<i64>) -> Result<Vec<u8>, ExportError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // 1980-01-01, the first moment that the container can hold.
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
    // First and uncompressed, so that the kind of file can be read at a fixed place.
    zip.start_file("mimetype", options.compression_method(CompressionMethod::Stored))?;
    zip.write_all(MEDIA_TYPE.as_bytes())?;
    let files = [
        ("META-INF/manifest.xml", manifest()),
        ("meta.xml", meta(tables.first(), as_of_ms)),
        ("styles.xml", styles(tables.first())),
        ("content.xml", content(tables)),
    ];
    for (name, text) in files {
        zip.start_file(name, options.compression_method(CompressionMethod::Deflated))?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Escapes text for XML. Characters that XML cannot hold become the replacement character.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text, &mut out);
    out
}

/// Text as paragraphs. Plain white space would be folded by the reader, so spaces in a row, spaces at an edge and tabs are
/// written as elements.
fn paragraphs(text: &str, out: &mut String) {
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        out.push_str("<text:p>");
        let mut spaces = 0_usize;
        let mut started = false;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                ' ' => {
                    spaces += 1;
                    if chars.peek() == Some(&' ') {
                        continue;
                    }
                    let edge = !started || chars.peek().is_none();
                    if edge || spaces > 1 {
                        let _ = write!(out, r#"<text:s text:c="{spaces}"/>"#);
                    } else {
                        out.push(' ');
                    }
                    spaces = 0;
                }
                '\t' => out.push_str("<text:tab/>"),
                c => escape(c.encode_utf8(&mut [0; 4]), out),
            }
            started = true;
        }
        out.push_str("</text:p>");
    }
}

fn manifest() -> String {
    let mut out = format!(
        "{DECLARATION}<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" manifest:version=\"1.2\">\
         <manifest:file-entry manifest:full-path=\"/\" manifest:version=\"1.2\" manifest:media-type=\"{MEDIA_TYPE}\"/>"
    );
    for name in ["meta.xml", "styles.xml", "content.xml"] {
        let _ = write!(
            out,
            r#"<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>"#
        );
    }
    out.push_str("</manifest:manifest>");
    out
}

fn meta(table: Option<&Table>, as_of_ms: Option<i64>) -> String {
    // Local and without an offset, as office programs write it: some readers take nothing else.
    let date = as_of_ms.map(roc::iso_time).map_or_else(String::new, |at| {
        let at = at.trim_end_matches("+08:00");
        format!("<meta:creation-date>{at}</meta:creation-date><dc:date>{at}</dc:date>")
    });
    format!(
        "{DECLARATION}<office:document-meta{NAMESPACES}><office:meta><meta:generator>Rampart</meta:generator>\
         <dc:title>{}</dc:title>{date}<dc:language>zh-TW</dc:language></office:meta></office:document-meta>",
        table.map(|table| escaped(&table.title)).unwrap_or_default()
    )
}

fn styles(table: Option<&Table>) -> String {
    let [before, between, after] = words::PAGE.map(escaped);
    let foot = table.and_then(|table| table.foot.as_ref());
    let foot = foot.map(|foot| format!("{}{}", escaped(foot), words::FOOT_SPACE)).unwrap_or_default();
    format!(
        r#"{DECLARATION}<office:document-styles{NAMESPACES}>{FONTS}<office:styles><style:default-style style:family="table-cell"><style:table-cell-properties style:vertical-align="middle"/><style:text-properties style:font-name="Serif" style:font-name-asian="Kai" fo:font-size="11pt" style:font-size-asian="11pt" fo:language="en" fo:country="US" style:language-asian="zh" style:country-asian="TW"/></style:default-style><style:style style:name="Default" style:family="table-cell"/></office:styles><office:automatic-styles><style:page-layout style:name="A4"><style:page-layout-properties fo:page-width="29.7cm" fo:page-height="21cm" style:print-orientation="landscape" fo:margin-top="1.5cm" fo:margin-bottom="1.5cm" fo:margin-left="1.5cm" fo:margin-right="1.5cm" style:table-centering="horizontal" style:writing-mode="lr-tb"/><style:header-style/><style:footer-style><style:header-footer-properties fo:min-height="0.6cm" fo:margin-top="0.3cm"/></style:footer-style></style:page-layout><style:style style:name="Foot" style:family="paragraph"><style:paragraph-properties fo:text-align="center"/></style:style></office:automatic-styles><office:master-styles><style:master-page style:name="Default" style:page-layout-name="A4"><style:header style:display="false"><text:p/></style:header><style:footer><text:p text:style-name="Foot">{foot}{before}<text:page-number>1</text:page-number>{between}<text:page-count>1</text:page-count>{after}</text:p></style:footer></style:master-page></office:master-styles></office:document-styles>"#
    )
}

/// Width of a text in half ems: letters of Latin take one, others two.
fn half_ems(text: &str) -> u32 {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// Widths of the columns in hundredths of a centimetre; shrunk together where the page is too narrow.
fn widths(table: &Table) -> Vec<u32> {
    let mut widths: Vec<u32> = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let cells =
                table.rows.iter().filter_map(|row| row.get(index)).map(|cell| half_ems(&cell.shown()));
            let most = cells.chain([half_ems(&column.zh).min(12)]).max().unwrap_or(0);
            (most * HALF_EM + CELL_SPACE).clamp(140, 800)
        })
        .collect();
    let sum: u32 = widths.iter().sum();
    if sum > PAGE_WIDTH {
        for width in &mut widths {
            *width = *width * PAGE_WIDTH / sum;
        }
    }
    widths
}

/// `1.40cm`.
fn cm(hundredths: u32) -> String {
    format!("{}.{:02}cm", hundredths / 100, hundredths % 100)
}

/// Lines that a text needs in a width; joined cells do not grow by themselves.
fn lines(text: &str, width: u32) -> u32 {
    half_ems(text).div_ceil(((width.saturating_sub(CELL_SPACE)) / HALF_EM).max(1)).max(1)
}

/// Styles made while the rows are written, in order of first use.
#[derive(Default)]
struct Automatic {
    /// Number formats: decimals and words after the number.
    numbers: Vec<(u8, String)>,
    /// Row heights, hundredths of a centimetre.
    heights: Vec<u32>,
}

impl Automatic {
    fn number(&mut self, decimals: u8, suffix: &str) -> usize {
        let found = self.numbers.iter().position(|(d, s)| *d == decimals && s == suffix);
        found.unwrap_or_else(|| {
            self.numbers.push((decimals, suffix.to_owned()));
            self.numbers.len() - 1
        })
    }

    fn height(&mut self, height: u32) -> usize {
        self.heights.iter().position(|h| *h == height).unwrap_or_else(|| {
            self.heights.push(height);
            self.heights.len() - 1
        })
    }
}

const BORDER: &str = r##"fo:border="0.5pt solid #000000" fo:padding="0.08cm""##;

/// Widths of the columns of a background sheet, hundredths of a centimetre.
const BACK_WIDTHS: [u32; 2] = [450, 2_200];

fn content(tables: &[Table]) -> String {
    let mut automatic = Automatic::default();
    let mut columns = Vec::new();
    let mut body = String::new();
    for table in tables {
        let widths = widths(table);
        main_sheet(table, &widths, columns.len(), &mut automatic, &mut body);
        background_sheet(table, columns.len() + widths.len(), &mut body);
        columns.extend(widths.into_iter().chain(BACK_WIDTHS));
    }

    let mut out =
        format!("{DECLARATION}<office:document-content{NAMESPACES}>{FONTS}<office:automatic-styles>");
    for (index, (decimals, suffix)) in automatic.numbers.iter().enumerate() {
        let _ = write!(
            out,
            r#"<number:number-style style:name="n{index}"><number:number number:decimal-places="{decimals}" number:min-integer-digits="1" number:grouping="true"/>"#
        );
        if !suffix.is_empty() {
            let _ = write!(out, "<number:text>{}</number:text>", escaped(suffix));
        }
        out.push_str("</number:number-style>");
    }
    out.push_str(r#"<style:style style:name="ta" style:family="table" style:master-page-name="Default"><style:table-properties table:display="true" style:writing-mode="lr-tb"/></style:style>"#);
    for (index, width) in columns.iter().enumerate() {
        let _ = write!(
            out,
            r#"<style:style style:name="co{index}" style:family="table-column"><style:table-column-properties style:column-width="{}"/></style:style>"#,
            cm(*width)
        );
    }
    out.push_str(r#"<style:style style:name="ro" style:family="table-row"><style:table-row-properties style:use-optimal-row-height="true"/></style:style>"#);
    for (index, height) in automatic.heights.iter().enumerate() {
        let _ = write!(
            out,
            r#"<style:style style:name="ro{index}" style:family="table-row"><style:table-row-properties style:row-height="{}" style:use-optimal-row-height="false"/></style:style>"#,
            cm(*height)
        );
    }
    let plain = [
        (
            "title",
            "",
            "center",
            r#"<style:text-properties fo:font-size="16pt" style:font-size-asian="16pt" fo:font-weight="bold" style:font-weight-asian="bold"/>"#,
        ),
        ("unit", "", "end", ""),
        (
            "note",
            r#"fo:wrap-option="wrap""#,
            "start",
            r#"<style:text-properties fo:font-size="10pt" style:font-size-asian="10pt"/>"#,
        ),
        (
            "head",
            "HEAD",
            "center",
            r#"<style:text-properties fo:font-weight="bold" style:font-weight-asian="bold"/>"#,
        ),
        ("text", "BOX", "start", ""),
        ("mark", "BOX", "end", ""),
    ];
    for (name, cell, align, text) in plain {
        let cell = match cell {
            "HEAD" => format!(r##"{BORDER} fo:wrap-option="wrap" fo:background-color="#eeeeee""##),
            "BOX" => format!(r#"{BORDER} fo:wrap-option="wrap""#),
            other => other.to_owned(),
        };
        let _ = write!(
            out,
            r#"<style:style style:name="{name}" style:family="table-cell" style:parent-style-name="Default"><style:table-cell-properties {cell} style:text-align-source="fix"/><style:paragraph-properties fo:text-align="{align}"/>{text}</style:style>"#
        );
    }
    for index in 0..automatic.numbers.len() {
        let _ = write!(
            out,
            r#"<style:style style:name="c{index}" style:family="table-cell" style:parent-style-name="Default" style:data-style-name="n{index}"><style:table-cell-properties {BORDER} style:text-align-source="fix"/><style:paragraph-properties fo:text-align="end"/></style:style>"#
        );
    }
    let _ = write!(
        out,
        "</office:automatic-styles><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"
    );
    out
}

/// A text cell, over `span` columns.
fn text_cell(style: &str, text: &str, span: usize, out: &mut String) {
    let _ = write!(out, r#"<table:table-cell table:style-name="{style}" office:value-type="string""#);
    if span > 1 {
        let _ = write!(out, r#" table:number-columns-spanned="{span}" table:number-rows-spanned="1""#);
    }
    out.push('>');
    paragraphs(text, out);
    out.push_str("</table:table-cell>");
    if span > 1 {
        let _ = write!(out, r#"<table:covered-table-cell table:number-columns-repeated="{}"/>"#, span - 1);
    }
}

/// A row that is one text over all columns, as high as the text needs.
fn line_row(style: &str, text: &str, span: usize, height: u32, automatic: &mut Automatic, out: &mut String) {
    let _ = write!(out, r#"<table:table-row table:style-name="ro{}">"#, automatic.height(height));
    text_cell(style, text, span, out);
    out.push_str("</table:table-row>");
}

/// `first`: number of the style of the sheet's first column.
fn main_sheet(table: &Table, widths: &[u32], first: usize, automatic: &mut Automatic, out: &mut String) {
    let span = table.columns.len();
    let width: u32 = widths.iter().sum();
    let _ = write!(out, r#"<table:table table:name="{}" table:style-name="ta">"#, escaped(&table.sheet));
    for index in first..first + span {
        let _ = write!(out, r#"<table:table-column table:style-name="co{index}"/>"#);
    }
    // A register has no title: its first row is the head, so that it can be taken in again.
    if !table.title.is_empty() {
        line_row("title", &table.title, span, 90 * lines(&table.title, width * 2 / 3), automatic, out);
        line_row("unit", &table.unit, span, 60, automatic, out);
    }
    out.push_str(r#"<table:table-header-rows><table:table-row table:style-name="ro">"#);
    for column in &table.columns {
        text_cell("head", &column.zh, 1, out);
    }
    out.push_str("</table:table-row></table:table-header-rows>");
    for row in &table.rows {
        out.push_str(r#"<table:table-row table:style-name="ro">"#);
        for cell in row {
            match (cell, cell.number()) {
                (_, Some((value, decimals, suffix))) => {
                    let style = automatic.number(decimals, suffix);
                    let _ = write!(
                        out,
                        r#"<table:table-cell table:style-name="c{style}" office:value-type="float" office:value="{value}">"#
                    );
                    paragraphs(&cell.shown(), out);
                    out.push_str("</table:table-cell>");
                }
                (Cell::Blank, None) => out.push_str(r#"<table:table-cell table:style-name="text"/>"#),
                (Cell::None | Cell::Void, None) => text_cell("mark", &cell.shown(), 1, out),
                (_, None) => text_cell("text", &cell.shown(), 1, out),
            }
        }
        out.push_str("</table:table-row>");
    }
    for note in table.note_lines().iter().chain([&table.source]).filter(|line| !line.is_empty()) {
        line_row("note", note, span, LINE_HEIGHT * lines(note, width), automatic, out);
    }
    out.push_str("</table:table>");
}

fn background_sheet(table: &Table, first: usize, out: &mut String) {
    if table.background.is_empty() {
        return;
    }
    let _ = write!(out, r#"<table:table table:name="{}" table:style-name="ta">"#, escaped(words::BACKGROUND));
    for index in first..first + BACK_WIDTHS.len() {
        let _ = write!(out, r#"<table:table-column table:style-name="co{index}"/>"#);
    }
    for (item, text) in &table.background {
        out.push_str(r#"<table:table-row table:style-name="ro">"#);
        text_cell("head", item, 1, out);
        text_cell("text", text, 1, out);
        out.push_str("</table:table-row>");
    }
    out.push_str("</table:table>");
}
