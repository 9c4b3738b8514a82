//! Files as offices send them: encodings, workbooks with traps, and the limits that hold against bombs.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Cursor, Write as _};

use rampart_domain::records::{Gender, Identity};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::roster::{self, How, Known, NOTE_STRAY, RosterRow};
use super::sheet::{Encoding, PART_MAX};

fn container(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://x/worksheet" Target="/xl/worksheets/sheet2.xml"/><Relationship Id="rId3" Type="http://x/styles" Target="styles.xml"/><Relationship Id="rId4" Type="http://x/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook xmlns="m" xmlns:r="r"><sheets><sheet name="名冊" sheetId="1" r:id="rId1"/><sheet name="備份 &amp; 舊" sheetId="2" r:id="rId2"/></sheets></workbook>"#;
/// Style 0 plain, 1 a date, 2 four figures with zeros in front.
const STYLES: &str = r#"<styleSheet><numFmts><numFmt numFmtId="165" formatCode="0000"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="165"/></cellXfs></styleSheet>"#;
const TEXTS: &str = r#"<sst><si><t>姓名</t></si><si><t>員工編號</t></si><si><t>機關</t></si><si><r><t>許藍</t></r><r><t>圖</t></r><rPh sb="0" eb="1"><t>キョ</t></rPh></si><si><t xml:space="preserve"> 縣政府 &lt;數位&gt; </t></si><si><t>𠮷田</t></si></sst>"#;

fn xlsx(rows: &str, after: &str) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData>{after}</worksheet>");
    let other = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>姓名</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>單位</t></is></c></row><row r=\"2\"><c r=\"A2\" t=\"str\"><v>乙</v></c><c r=\"B2\" t=\"str\"><v>丙處</v></c></row></sheetData></worksheet>";
    container(&[
        ("xl/_rels/workbook.xml.rels", RELS.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/sharedStrings.xml", TEXTS.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/worksheets/sheet2.xml", other.as_bytes()),
        ("xl/media/logo.png", &vec![0x5a; 2_000_000]),
    ])
}

const HEAD: &str = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>"#;

fn line(number: u32, name: &str, staff: &str) -> String {
    format!(
        r#"<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>{name}</t></is></c><c r="B{number}" {staff}</c><c r="C{number}" t="s"><v>4</v></c></row>"#
    )
}

fn read(bytes: &[u8]) -> Vec<RosterRow> {
    roster::read(bytes).unwrap()
}

/// (row, column, value, code) of every fault.
fn faults(bytes: &[u8]) -> Vec<(u32, String, String, &'static str)> {
    let list = roster::read(bytes).unwrap_err();
    list.into_iter().map(|fault| (fault.row, fault.column, fault.value, fault.code)).collect()
}

fn code(bytes: &[u8]) -> &'static str {
    roster::read(bytes).unwrap_err()[0].code
}

/// `姓名,性別,單位` / 王小明,女,資訊處 / 許功蓋,男,地政處 in CP950, where 許, 功 and 蓋 end in a backslash.
const CP950: &[u8] = b"\xa9m\xa6W,\xa9\xca\xa7O,\xb3\xe6\xa6\xec\r\n\xa4\xfd\xa4p\xa9\xfa,\xa4k,\xb8\xea\xb0T\xb3B\r\n\xb3\x5c\xa5\x5c\xbb\x5c,\xa8k,\xa6a\xacF\xb3B\r\n";

fn two(people: &[RosterRow]) {
    let seen: Vec<_> =
        people.iter().map(|one| (one.name.as_str(), one.gender, one.agency.as_str())).collect();
    assert_eq!(seen, [("王小明", Some(Gender::Female), "資訊處"), ("許功蓋", Some(Gender::Male), "地政處")]);
}

#[test]
fn the_encodings_that_come_from_offices() {
    let text = "姓名,性別,單位\r\n王小明,女,資訊處\r\n許功蓋,男,地政處\r\n";
    two(&read(text.as_bytes()));
    two(&read(format!("\u{feff}{text}").as_bytes()));
    for big in [false, true] {
        let tabs = format!("\u{feff}{}", text.replace(',', "\t"));
        let wide: Vec<u8> = tabs
            .encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect();
        two(&read(&wide));
    }
    // Big5 is offered, not guessed: its rows as they would be, and nothing read until somebody says so.
    let (seen, refused) = roster::read_as(CP950, &How::default());
    assert_eq!(refused.unwrap_err()[0].code, "csv_encoding");
    assert_eq!(seen.as_big5[2], ["許功蓋", "男", "地政處"]);
    let said = How { encoding: Some(Encoding::Big5), ..How::default() };
    two(&roster::read_as(CP950, &said).1.unwrap());
    // 婷 and 瑜, which have twins in another variant.
    let twins = b"\xa9m\xa6W,\xb3\xe6\xa6\xec\r\n\xb4\x40\xb7\xec,\xb8\xea\xb0T\xb3B\r\n";
    assert_eq!(roster::read_as(twins, &said).1.unwrap()[0].name, "婷瑜");
    // Cut in the middle of a character, and an office's own character: named by row and column, never a question mark.
    let own = b"\xa9m\xa6W,\xb3\xe6\xa6\xec\r\n\xfa\x40\xa9\xfa,\xb8\xea\xb0T\xb3B\r\n\xa4\xfd,\xb8\xea\xb0";
    let refused = roster::read_as(own, &said).1.unwrap_err();
    assert_eq!((refused[0].row, refused[0].column.as_str(), refused[0].code), (2, "A", "csv_encoding"));
    assert_eq!((refused[0].args["cells"].as_str(), refused[0].args["places"].as_str()), ("2", "A2, B3"));
    // UTF-8 says so itself: it is not read as Big5 even when somebody asks.
    two(&roster::read_as(text.as_bytes(), &said).1.unwrap());
}

#[test]
fn a_workbook_is_read_as_it_shows_itself() {
    let rows = format!(
        "{HEAD}{}{}{}",
        line(2, "甲", r#"s="2"><v>12</v>"#),
        r#"<row r="3"><c r="A3" t="s"><v>3</v></c><c r="B3"><v>1.05E2</v></c><c r="C3" t="s"><v>4</v></c></row>"#,
        r#"<row r="5"><c r="A5" t="s"><v>5</v></c><c r="C5" t="s"><v>4</v></c></row>"#
    );
    let people = read(&xlsx(&rows, ""));
    let seen: Vec<_> = people.iter().map(|one| (one.row, one.name.as_str(), one.staff_no.as_str())).collect();
    assert_eq!(seen, [(2, "甲", "0012"), (3, "許藍圖", "105"), (5, "𠮷田", "")]);
    assert_eq!(people[0].agency, "縣政府 <數位>");
    // The other sheet, where somebody chooses it.
    let (seen, people) = roster::read_as(&xlsx(&rows, ""), &How { sheet: Some(1), ..How::default() });
    assert_eq!(seen.sheets, ["名冊", "備份 & 舊"]);
    assert_eq!(people.unwrap()[0].name, "乙");
    let none = roster::read_as(&xlsx(&rows, ""), &How { sheet: Some(2), ..How::default() }).1;
    assert_eq!(none.unwrap_err()[0].code, "book_sheet");
}

#[test]
fn what_is_no_plain_text_is_named_by_row_column_and_value() {
    let rows = format!(
        "{HEAD}{}{}{}{}{}{}{}",
        line(2, "甲", r#"s="1"><v>46155</v>"#),
        line(3, "乙", "><f>A1&amp;\"1\"</f><v>7</v>"),
        line(4, "丙", "><v>1.5</v>"),
        line(5, "丁", "t=\"e\"><v>#N/A</v>"),
        line(6, "戊", "t=\"b\"><v>1</v>"),
        line(7, "己", "><v>1E+20</v>"),
        r#"<row r="8"><c r="B8" t="str"><v>A8</v></c><c r="C8" t="s"><v>4</v></c></row>"#,
    );
    let got = faults(&xlsx(&rows, r#"<mergeCells><mergeCell ref="A7:A8"/></mergeCells>"#));
    let of = |row, value: &str, code| (row, "員工編號".to_owned(), value.to_owned(), code);
    assert_eq!(
        got,
        [
            of(2, "2026-05-13", "cell_date"),
            of(3, "7", "cell_formula"),
            of(4, "1.5", "cell_fraction"),
            of(5, "#N/A", "cell_error"),
            of(6, "1", "cell_truth"),
            of(7, "1E+20", "cell_fraction"),
            (8, "姓名".to_owned(), String::new(), "cell_merged"),
        ]
    );
    // A title over the table is no head.
    let titled = format!(
        "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>115 年名冊</v></c></row>{}{}",
        HEAD.replace("r=\"1\"", "r=\"2\"").replace("A1", "A2").replace("B1", "B2").replace("C1", "C2"),
        line(3, "甲", "t=\"str\"><v>A1</v>")
    );
    let people = read(&xlsx(&titled, r#"<mergeCells><mergeCell ref="A1:C1"/></mergeCells>"#));
    assert_eq!((people.len(), people[0].staff_no.as_str()), (1, "A1"));
}

#[test]
fn a_cell_far_away_and_blank_rows_cost_nothing() {
    let mut rows = HEAD.to_owned();
    for number in 2..5 {
        rows.push_str(&line(number, "甲", &format!("t=\"str\"><v>A{number}</v>")));
    }
    for number in 5..23 {
        rows.push_str(&format!(
            "<row r=\"{number}\"><c r=\"A{number}\" s=\"2\"/><c r=\"B{number}\" s=\"1\"/></row>"
        ));
    }
    rows.push_str("<row r=\"1048576\"><c r=\"XFD1048576\" t=\"str\"><v>x</v></c></row>");
    let (seen, people) = roster::read_as(&xlsx(&rows, ""), &How::default());
    assert_eq!(people.unwrap().len(), 3);
    assert_eq!((seen.notes[0].code, seen.notes[0].args["places"].as_str()), (NOTE_STRAY, "XFD1048576"));
}

#[test]
fn bombs_and_files_that_are_none_are_refused_by_what_they_are() {
    let zeros = vec![0_u8; usize::try_from(PART_MAX).unwrap() + 1_000_000];
    let bomb = |part: &str| {
        let mut parts: Vec<(&str, &[u8])> =
            vec![("xl/_rels/workbook.xml.rels", RELS.as_bytes()), ("xl/workbook.xml", BOOK.as_bytes())];
        parts.push((part, &zeros));
        container(&parts)
    };
    let mut liar = bomb("xl/worksheets/sheet1.xml");
    assert!(liar.len() < 1_000_000, "{}", liar.len());
    let refused = roster::read(&liar).unwrap_err();
    assert_eq!((refused[0].code, refused[0].args["max"].as_str()), ("book_bomb", "48 MB"));
    // One that lies about its size is read up to the limit and no further.
    let size = u32::try_from(zeros.len()).unwrap().to_le_bytes();
    let places: Vec<usize> = (0..liar.len() - 4).filter(|at| liar[*at..*at + 4] == size).collect();
    assert!(!places.is_empty());
    for at in places {
        liar[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
    }
    assert!(["book_bomb", "book_broken"].contains(&code(&liar)));
    assert_eq!(code(&container(&[("mimetype", b"x")])), "book_broken");
    assert_eq!(code(b"PK\x03\x04rest"), "book_broken");
    let mut old = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    old.extend([0; 512]);
    assert_eq!(code(&old), "book_old");
    old.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(code(&old), "book_password");
    let locked = container(&[
        ("content.xml", b"\x01\x02"),
        ("META-INF/manifest.xml", b"<manifest><file-entry><encryption-data/></file-entry></manifest>"),
    ]);
    assert_eq!(code(&locked), "book_password");
}

fn ods(body: &str) -> Vec<u8> {
    let content = format!(
        r#"<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"#
    );
    container(&[("mimetype", b"x"), ("content.xml", content.as_bytes())])
}

#[test]
fn an_opendocument_sheet_is_read_as_it_shows_itself() {
    let cell = |text: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    let body = format!(
        "<table:table table:name=\"名冊\"><table:table-column/>\
         <table:table-row><table:table-cell table:number-columns-spanned=\"4\" office:value-type=\"string\"><text:p>115 年名冊</text:p></table:table-cell><table:covered-table-cell table:number-columns-repeated=\"3\"/></table:table-row>\
         <table:table-row table:number-rows-repeated=\"3\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>\
         <table:table-row>{}{}{}{}</table:table-row>\
         <table:table-row>{}<table:table-cell office:value-type=\"float\" office:value=\"12\"><text:p>0012</text:p></table:table-cell>{}{}</table:table-row>\
         <table:table-row>{}<table:table-cell office:value-type=\"date\" office:date-value=\"2026-05-13\"><text:p>115/5/13</text:p></table:table-cell>{}</table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048560\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>\
         </table:table><table:table table:name=\"空白\"/>",
        cell("姓名"),
        cell("職號"),
        cell("機關"),
        cell("身分別"),
        cell(
            "許<text:s/><text:span>藍</text:span>圖<office:annotation><text:p>註解</text:p></office:annotation>"
        ),
        cell("縣政府 &amp; 數位"),
        cell("約聘僱"),
        cell("乙"),
        cell("丙處"),
    );
    let (seen, got) = roster::read_as(&ods(&body), &How::default());
    assert_eq!(seen.sheets, ["名冊", "空白"]);
    let got = got.unwrap_err();
    assert_eq!((got.len(), got[0].row, got[0].value.as_str(), got[0].code), (1, 7, "115/5/13", "cell_date"));
    let fixed = body.replace("office:value-type=\"date\"", "office:value-type=\"string\"");
    let people = read(&ods(&fixed));
    assert_eq!((people[0].row, people[0].name.as_str(), people[0].staff_no.as_str()), (6, "許 藍圖", "0012"));
    assert_eq!((people[0].agency.as_str(), people[0].identity), ("縣政府 & 數位", Some(Identity::Contract)));
    let (_, empty) = roster::read_as(&ods(&fixed), &How { sheet: Some(1), ..How::default() });
    assert_eq!(empty.unwrap_err()[0].code, "csv_empty");
}

#[test]
fn somebody_may_say_what_each_column_is() {
    let text = "學員,編碼,處室,電話\n甲,A1,資訊處,1234\n".as_bytes();
    assert!(faults(text).iter().filter(|fault| fault.3 == "csv_header_unknown").count() == 4);
    let columns = vec![Some(Known::Name), Some(Known::StaffNo), Some(Known::Agency), None];
    let (seen, people) = roster::read_as(text, &How { columns: Some(columns), ..How::default() });
    let people = people.unwrap();
    assert_eq!(
        (people[0].name.as_str(), people[0].staff_no.as_str(), people[0].agency.as_str()),
        ("甲", "A1", "資訊處")
    );
    assert_eq!(seen.columns[3].known, None);
    let twice = vec![Some(Known::Name), Some(Known::Name), Some(Known::Agency), None];
    let refused = roster::read_as(text, &How { columns: Some(twice), ..How::default() }).1.unwrap_err();
    assert_eq!(refused[0].code, "csv_column_twice");
}

#[test]
fn one_person_may_stand_in_two_rows_with_two_addresses() {
    let head = "姓名,員工編號,機關,Email,身分,職稱\n";
    let text = format!(
        "{head}甲,A1,x,a@x.test,公務人員,科員\n甲,A1,x,\"B@x.test; c@x.test\",公務人員,科員\n乙,,x,office@x.test,學生,\n丙,,x,office@x.test,廠商,\n"
    );
    let people = read(text.as_bytes());
    assert_eq!(people.len(), 3);
    assert_eq!(people[0].emails, ["a@x.test", "b@x.test", "c@x.test"]);
    assert_eq!((people[1].staff_no.as_str(), people[2].identity), ("", Some(Identity::Vendor)));
    let text = format!("{head}甲,A1,x,nobody,公務,科員\n甲,A1,y,,,\n丁,,x,,,\n丁,,x,,,\n戊,~1,x,,,\n");
    let codes: Vec<_> = faults(text.as_bytes()).into_iter().map(|fault| (fault.0, fault.3)).collect();
    assert_eq!(
        codes,
        [
            (2, "csv_email"),
            (2, "csv_identity"),
            (3, "csv_duplicate"),
            (5, "csv_duplicate_name"),
            (6, "csv_number")
        ]
    );
}
