#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;

use rampart_documents::Fonts;
use rampart_domain::ledger::CheckpointKey;
use rampart_domain::records::figures::Heads;
use rampart_domain::records::tables::{person_hours, x1_years};
use rampart_domain::records::{Cell, Column, Gender, Issue, PersonHours, RocDate, RocYear, Rule, Table};
use spreadsheet_ods::Value;

use super::export::{Exporter, Format, Outgoing, csv_rows};
use super::guard::{guarded, unguarded};
use super::roster::{self, Fault, RosterRow};

/// When the tables were read.
const AS_OF: i64 = 1_795_797_000_000;

/// A table as a file, internal edition.
fn file(table: &Table, format: Format) -> Result<(String, Vec<u8>), super::ExportError> {
    let key = CheckpointKey::new(&[7; 32]);
    let find = || Fonts::find(&["/usr/share/fonts".into()]).map(std::sync::Arc::new);
    let out = Outgoing { table, number: "", organisation: "", edition: "", as_of_ms: AS_OF };
    let bytes = Exporter::new(Box::new(find), &key).file(&out, format)?;
    Ok((table.file_name(format.ending()), bytes))
}

// ---- roster

fn faults(text: impl AsRef<[u8]>) -> Vec<Fault> {
    roster::read(text.as_ref()).unwrap_err()
}

/// (row, column, code) of every fault.
fn places(faults: &[Fault]) -> Vec<(u32, &str, &str)> {
    faults.iter().map(|fault| (fault.row, fault.column.as_str(), fault.code)).collect()
}

fn people(text: impl AsRef<[u8]>) -> Vec<RosterRow> {
    roster::read(text.as_ref()).unwrap()
}

#[test]
fn a_roster_is_read_with_or_without_a_mark_in_any_order_and_language() {
    let plain = "姓名,員工編號,機關,性別\r\n許藍圖,A101,縣政府 數位發展處,女\r\n廖快照,A102,EDR,其他\r\n王假名,A103,學生,\r\n";
    let got = people(plain);
    assert_eq!(got.len(), 3);
    assert_eq!((got[0].row, got[0].name.as_str(), got[0].staff_no.as_str()), (2, "許藍圖", "A101"));
    assert_eq!(got[0].agency, "縣政府 數位發展處");
    assert_eq!(
        got.iter().map(|one| one.gender).collect::<Vec<_>>(),
        [Some(Gender::Female), Some(Gender::Other), None]
    );
    assert_eq!(people(format!("\u{feff}{plain}")), got);
    let english = "Gender, Staff_Number ,Unit,\"Full Name\"\nF,A101,縣政府 數位發展處,許藍圖\nother,Ａ１０２,EDR,廖快照\n,A103,學生,　王假名 \n";
    assert_eq!(people(english), got);
    // Without the column nobody stated a gender.
    assert_eq!(people("職號,單位,姓名\nA1,x,甲").first().unwrap().gender, None);
    // The gender never reaches a log.
    assert!(!format!("{got:?}").contains("Female"));
}

#[test]
fn rows_are_counted_as_a_spreadsheet_shows_them() {
    let text = "\r\n姓名,員工編號,機關\r\n\r\n\"王\"\"小\"\"明\",A1,\"甲,乙\"\r\n\"兩\n行\",A2,x\r\n,,\r\n　,,\r\n丙,,x\r\n";
    let got = faults(text);
    assert_eq!(places(&got), [(5, "姓名", "csv_character")]);
    assert_eq!(got[0].value, "兩[U+000A]行");
    let good = people("姓名,員工編號,機關\r\r\"王\"\"小\"\"明\",A1,\"甲,乙\"");
    assert_eq!((good[0].row, good[0].name.as_str(), good[0].agency.as_str()), (3, "王\"小\"明", "甲,乙"));
}

#[test]
fn all_faults_are_listed_at_once() {
    let long = "長".repeat(201);
    let text = format!(
        "姓名,員工編號,機關,性別\n,A1,甲\n乙,A2,,x\n丙,a1,丙處,1\n丁,A4,{long},男\n戊\u{202e},A5,戊處,女,多\n己\u{fffd},A6,己處,\n"
    );
    let got = faults(&text);
    assert_eq!(
        places(&got),
        [
            (2, "姓名", "csv_required"),
            (3, "機關", "csv_required"),
            (3, "性別", "csv_gender"),
            (4, "性別", "csv_gender"),
            (4, "員工編號", "csv_duplicate"),
            (5, "機關", "csv_too_long"),
            (6, "E", "csv_columns"),
            (6, "姓名", "csv_character"),
            (7, "姓名", "csv_character"),
        ]
    );
    assert_eq!(got[4].args["first"], "2");
    assert_eq!(got[7].value, "戊[U+202E]");
    assert_eq!(got[8].args["character"], "U+FFFD");
    assert!(got.iter().filter(|fault| fault.code == "csv_gender").all(|fault| fault.value.is_empty()));
    assert!(got[5].value.chars().count() <= 41);
    assert!(got.iter().all(|fault| roster::CODES.contains(&fault.code)));
}

#[test]
fn heads_with_faults_are_explained() {
    let got = faults("姓名,員工編碼,機關,電話,姓 名,Gendre\n甲,A1,x,1,甲,M\n");
    assert_eq!(
        places(&got),
        [
            (1, "員工編碼", "csv_header_unknown"),
            (1, "電話", "csv_header_unknown"),
            (1, "姓 名", "csv_column_twice"),
            (1, "Gendre", "csv_header_unknown"),
        ]
    );
    assert_eq!(got[0].args["suggestion"], "員工編號");
    assert!(!got[1].args.contains_key("suggestion"));
    assert_eq!(got[3].args["suggestion"], "gender");
    assert_eq!(faults("姓名;員工編號;機關\n甲;A1;x\n")[0].args["separator"], ";");
    assert_eq!(people("姓名\t員工編號\t機關\n甲\tA1\tx\n")[0].staff_no, "A1", "tabs are read as well");
    assert_eq!(places(&faults("員工編號,機關\nA1,x\n")), [(1, "姓名", "csv_header")]);
    // A column without a name is nothing, as long as nothing stands in it.
    assert_eq!(people("姓名,員工編號,機關,,\n甲,A1,x,,\n").len(), 1);
    assert_eq!(places(&faults("姓名,員工編號,機關,\n甲,A1,x,y\n")), [(2, "D", "csv_columns")]);
}

#[test]
fn other_encodings_are_refused_by_row_and_column() {
    // 姓名,員工編號,機關 / 許藍圖,A1,縣政府 in Big5.
    let mut big5 = b"\xa9m\xa6W,\xad\xfb\xa4u\xbds\xb8\xb9,\xbe\xf7\xc3\xf6\r\n".to_vec();
    big5.extend(b"\xb3\\\xc2\xc5\xb9\xcf,A1,\xbf\xa4\xacF\xa9\xb2\r\n");
    let got = faults(&big5);
    assert_eq!(places(&got), [(1, "A", "csv_encoding")]);
    assert_eq!((got[0].args["byte"].as_str(), got[0].args["cells"].as_str()), ("0xA9", "5"));
    assert_eq!(got[0].args["places"], "A1, B1, C1, A2, C2");
    // One bad cell in a good file is named, with what stands before it.
    let mut one = "姓名,員工編號,機關\n甲,A1,x\n\n乙,A2,\"多\n行\"\n丙,A3,局".as_bytes().to_vec();
    one.extend(b"\xff\n");
    let got = faults(&one);
    assert_eq!(places(&got), [(5, "C", "csv_encoding")]);
    assert_eq!(got[0].value, "局");
    assert_eq!(places(&faults("姓名,員工編號,機關\n甲,A1,x\0y\n")), [(2, "機關", "csv_character")]);
}

#[test]
fn broken_quotes_and_empty_files_are_named() {
    assert_eq!(
        places(&faults("姓名,員工編號,機關\n\"甲\"乙,A1,x\n丙,\"A2,x\n丁,A3,x\n")),
        [(2, "A", "csv_quote"), (3, "B", "csv_unclosed")]
    );
    for empty in ["", "\u{feff}", "\r\n\r\n", "  \n"] {
        assert_eq!(faults(empty)[0].code, "csv_empty", "{empty:?}");
    }
    assert_eq!(places(&faults("姓名,員工編號,機關\n\n,,\n")), [(1, "", "csv_empty")]);
}

#[test]
fn limits_hold() {
    let started = std::time::Instant::now();
    let head = "姓名,員工編號,機關\n";
    let mut most = head.to_owned();
    for index in 0..roster::ROWS_MAX {
        writeln!(most, "甲,A{index},x\n").unwrap();
    }
    let got = people(&most);
    assert_eq!((got.len(), got.last().unwrap().row), (roster::ROWS_MAX, 40_000));
    most.push_str("甲,B,x\n");
    assert_eq!(places(&faults(&most)), [(40_002, "", "csv_rows")]);
    assert_eq!(faults(vec![b'a'; roster::BYTES_MAX + 1])[0].code, "csv_too_large");
    // Floods of separators, blank lines and quotes stay cheap and are answered.
    assert_eq!(faults(vec![b'\n'; roster::BYTES_MAX])[0].code, "csv_empty");
    assert!(!faults(vec![b','; roster::BYTES_MAX]).is_empty());
    assert!(!faults(vec![b'"'; roster::BYTES_MAX]).is_empty());
    assert_eq!(faults(vec![b'a'; roster::BYTES_MAX])[0].code, "csv_too_long");
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    let got = faults(format!("{head}{}", ",,x\n".repeat(2_000)));
    assert_eq!(got.len(), roster::FAULTS_MAX + 1);
    assert_eq!(
        (got.last().unwrap().code, got.last().unwrap().args["more"].as_str()),
        (roster::CODE_MORE, "1500")
    );
}

// ---- exports

const NASTY: [&str; 18] = [
    "=HYPERLINK(\"http://x\",\"按我\")",
    "+886912345678",
    "-5",
    "@SUM(1)",
    "\t=1+1",
    "\r=1",
    "＝1+1",
    "a,\"b\"\n=1",
    " =1+1",
    "\u{200b}=1+1",
    "\u{200b}",
    "0012",
    "1234567890123456789",
    "1E5",
    "3-4",
    "two  spaces ",
    "許藍圖",
    "<b>&amp;\"'",
];

fn nasty() -> Table {
    Table {
        sheet: "表".into(),
        title: "=1+1".into(),
        unit: "單位：人".into(),
        columns: vec![Column::new("姓名", "Name"), Column::new("分數", "Score")],
        rows: NASTY.iter().map(|text| vec![Cell::text(*text), Cell::Count(-5)]).collect(),
        notes: vec!["+1".into()],
        source: "資料來源：x".into(),
        background: vec![("單位".into(), "=2".into())],
        foot: Some("虛構機關，僅供演訓".into()),
        file_stem: "表".into(),
    }
}

fn x1() -> Table {
    let mut issue = Issue::new("青嵐縣政府數位發展處", RocDate::new(115, 12, 31).unwrap());
    issue.foot = Some("虛構機關，僅供演訓".into());
    let heads = |male, female, other, undisclosed| Heads { male, female, other, undisclosed, none: 0 };
    let years =
        BTreeMap::from([(RocYear(114), heads(3200, 1600, 0, 0)), (RocYear(115), heads(34, 21, 1, 1))]);
    x1_years(&issue, RocYear(115), &years, &[])
}

/// The file inside the container, as text.
fn part(ods: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(ods)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn guards_are_reversible_and_leave_plain_text_alone() {
    for text in NASTY {
        assert_eq!(unguarded(&guarded(text)), text);
    }
    for risky in NASTY[..15].iter().filter(|text| !text.starts_with('a')) {
        assert!(guarded(risky).starts_with('\u{200b}') && guarded(risky).len() > risky.len(), "{risky:?}");
    }
    for plain in ["", "-", "--", "115", "0", "A101", "12 月", "甲-乙", "a=b", "115年", "許藍圖"] {
        assert_eq!(guarded(plain), plain);
    }
}

#[test]
fn csv_goes_out_and_comes_back() {
    let (name, bytes) = file(&nasty(), Format::Csv).unwrap();
    assert_eq!(name, "表.csv");
    assert!(bytes.starts_with(b"\xef\xbb\xbf"));
    let rows = csv_rows(&bytes).unwrap();
    assert_eq!(rows[0], ["姓名", "分數"]);
    assert_eq!(rows.len(), NASTY.len() + 1);
    for (row, text) in rows[1..].iter().zip(NASTY) {
        assert_eq!(row, &[text, "-5"]);
    }
    // In the file itself no text field begins with what a spreadsheet runs, and the number is bare.
    let mut reader = csv::Reader::from_reader(&bytes[3..]);
    for record in reader.records() {
        let record = record.unwrap();
        assert!(!record[0].starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{record:?}");
        assert_eq!(&record[1], "-5");
    }
}

#[test]
fn x1_as_csv() {
    let bytes = file(&x1(), Format::Csv).unwrap().1;
    let text = String::from_utf8(bytes[3..].to_vec()).unwrap();
    assert_eq!(
        text,
        "年度,總計,男,男占比(%),女,女占比(%),其他,其他占比(%),不願透露,不願透露占比(%),性比例(女=100),女性參與率>=30%\r\n\
         114,4800,3200,66.67,1600,33.33,-,-,-,-,200.00,達成\r\n\
         115,57,34,59.65,21,36.84,1,1.75,1,1.75,161.90,達成\r\n\
         較上年增減,\u{200b}-4743 (-98.81%),-3166,-7.02,-1579,3.51,1,1.75,1,1.75,-38.10,\r\n"
    );
}

#[test]
fn x1_as_ods_read_back_by_another_program() {
    let (name, bytes) = file(&x1(), Format::Ods).unwrap();
    assert_eq!(name, "性別統計表_115年.ods");
    let book = spreadsheet_ods::read_ods_buf(&bytes).unwrap();
    assert_eq!(book.num_sheets(), 2);
    let sheet = book.sheet(0);
    assert_eq!(sheet.name(), "參訓人員性別統計表");
    assert_eq!(sheet.value(0, 0), &Value::Text("115 年參訓人員性別統計表".into()));
    assert_eq!(sheet.col_span(0, 0), 12);
    assert_eq!(sheet.value(1, 0), &Value::Text("單位：人；%".into()));
    assert_eq!(sheet.value(2, 11), &Value::Text("女性參與率>=30%".into()));
    // Rows begin at 3; numbers are numbers, marks are text.
    assert_eq!(sheet.value(3, 0), &Value::Text("114".into()));
    assert_eq!(sheet.value(3, 1), &Value::Number(4800.0));
    assert_eq!(sheet.value(3, 3), &Value::Number(66.67));
    assert_eq!(sheet.value(3, 6), &Value::Text("-".into()));
    assert_eq!(sheet.value(5, 1), &Value::Number(-4743.0));
    assert_eq!(sheet.value(5, 3), &Value::Number(-7.02));
    assert_eq!(sheet.value(5, 11), &Value::Empty);
    assert_eq!(
        sheet.value(6, 0),
        &Value::Text("說明：1.本表以人數計，同一人於同年度參加多場次僅計一次。".into())
    );
    let rows = sheet.used_grid_size().0;
    assert_eq!(
        sheet.value(rows - 1, 0),
        &Value::Text("資料來源：青嵐縣政府數位發展處演訓登錄資料，統計至 115 年 12 月 31 日。".into())
    );
    assert_eq!(book.sheet(1).name(), "統計資料背景說明");
    assert_eq!(book.sheet(1).value(0, 1), &Value::Text("青嵐縣政府數位發展處".into()));
    assert_eq!(book.sheet(1).used_grid_size(), (9, 2));
    // What is printed carries the separators and the words.
    let content = part(&bytes, "content.xml");
    assert!(content.contains("<text:p>4,800</text:p>") && content.contains("<text:p>-7.02 百分點</text:p>"));
    assert!(content.contains("<number:text> 百分點</number:text>"));
    assert!(part(&bytes, "styles.xml").contains("虛構機關，僅供演訓"));
}

#[test]
fn nothing_in_an_ods_is_a_formula_and_text_survives() {
    let bytes = file(&nasty(), Format::Ods).unwrap().1;
    assert!(!part(&bytes, "content.xml").contains("table:formula"));
    let book = spreadsheet_ods::read_ods_buf(&bytes).unwrap();
    for (row, text) in (3..).zip(NASTY) {
        assert_eq!(book.sheet(0).formula(row, 0), None);
        assert_eq!(book.sheet(0).value(row, 1), &Value::Number(-5.0));
        let got = match book.sheet(0).value(row, 0) {
            Value::Text(got) => got.clone(),
            Value::TextXml(tags) => tags.iter().map(flat).collect::<Vec<_>>().join("\n"),
            other => panic!("{text:?} became {other:?}"),
        };
        // A carriage return is a line break in a spreadsheet; this reader drops the empty line before it.
        assert_eq!(got, text.trim_start_matches('\r'), "{text:?}");
    }
    let odd = Table { title: "a\u{0}\u{b}b".into(), ..nasty() };
    let bytes = file(&odd, Format::Ods).unwrap().1;
    let book = spreadsheet_ods::read_ods_buf(&bytes).unwrap();
    assert_eq!(book.sheet(0).value(0, 0), &Value::Text("a\u{fffd}\u{fffd}b".into()));
}

/// Text of a paragraph with its spaces and tabs.
fn flat(tag: &spreadsheet_ods::xmltree::XmlTag) -> String {
    use spreadsheet_ods::xmltree::XmlContent;
    match tag.name() {
        "text:tab" => return "\t".into(),
        "text:s" => {
            let count = tag.get_attr("text:c").and_then(|c| c.parse().ok()).unwrap_or(1);
            return " ".repeat(count);
        }
        _ => {}
    }
    tag.content()
        .iter()
        .map(|one| match one {
            XmlContent::Text(text) => text.clone(),
            XmlContent::Tag(tag) => flat(tag),
        })
        .collect()
}

#[test]
fn the_same_table_gives_the_same_bytes() {
    for format in Format::ALL {
        assert_eq!(file(&x1(), format).unwrap(), file(&x1(), format).unwrap());
        assert_eq!(Format::from_ending(format.ending()), Some(format));
    }
    let bytes = file(&x1(), Format::Ods).unwrap().1;
    // The kind of file stands uncompressed at its fixed place, and no clock is in it.
    assert_eq!(&bytes[30..38], b"mimetype");
    assert_eq!(&bytes[38..84], b"application/vnd.oasis.opendocument.spreadsheet");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
    for index in 0..zip.len() {
        let entry = zip.by_index(index).unwrap();
        assert_eq!(entry.last_modified().unwrap(), zip::DateTime::default(), "{}", entry.name());
    }
    // The one date in it is the data's.
    assert!(part(&bytes, "meta.xml").contains("<dc:date>2026-11-28T00:30:00</dc:date>"));
}

#[test]
fn person_hours_as_files() {
    let issue = Issue::new("青嵐縣政府數位發展處", RocDate::new(115, 12, 31).unwrap());
    let people: Vec<PersonHours> = ["丙", "甲", "乙"]
        .iter()
        .enumerate()
        .map(|(index, name)| PersonHours {
            agency: "縣政府".into(),
            staff_number: format!("00{index}"),
            name: (*name).into(),
            seconds: 1200,
            review: index == 1,
            withdrawn: false,
        })
        .collect();
    let table = person_hours(&issue, "夜間演練", 1_795_797_000_000, Rule::default(), &people);
    let rows = csv_rows(&file(&table, Format::Csv).unwrap().1).unwrap();
    assert_eq!(rows[1], ["1", "縣政府", "000", "丙", "0.33", ""]);
    assert_eq!(rows[2][5], "未簽退，計至演練結束，待核");
    assert_eq!(rows[4], ["合計", "", "", "3 人", "1.00", ""]);
    let book = spreadsheet_ods::read_ods_buf(&file(&table, Format::Ods).unwrap().1).unwrap();
    assert_eq!(book.sheet(0).value(3, 2), &Value::Text("000".into()));
    assert_eq!(book.sheet(0).value(6, 4), &Value::Number(1.0));
}
