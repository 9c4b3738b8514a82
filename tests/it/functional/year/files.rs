//! What the officer takes away: a table in each format, the year's package, and the log of it.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use super::{Year, look, rows};
use crate::harness::words::zh;

/// Reads a file by a program that is not ours; gives what the program prints as JSON.
fn read(program: &str, bytes: &[u8]) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let out = Command::new("python3").args(["-c", program]).arg(file.path()).output().unwrap();
    assert!(out.status.success(), "it cannot be read: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Cells by rows of the first sheet.
fn cells(program: &str, bytes: &[u8]) -> Vec<Vec<String>> {
    serde_json::from_value(read(program, bytes)).unwrap()
}

const ODS: &str = r#"
import json, sys, zipfile
import xml.etree.ElementTree as tree
t = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
x = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None and archive.namelist()[0] == "mimetype"
sheet = tree.fromstring(archive.read("content.xml")).find(".//" + t + "table")
print(json.dumps([["".join("".join(p.itertext()) for p in cell.iter(x + "p")) for cell in row if cell.tag == t + "table-cell"] for row in sheet.iter(t + "table-row")]))
"#;

const XLSX: &str = r#"
import json, sys, zipfile
import xml.etree.ElementTree as tree
m = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
strings = ["".join(t.text or "" for t in one.iter(m + "t")) for one in tree.fromstring(archive.read("xl/sharedStrings.xml"))]
def value(cell):
    v = cell.find(m + "v")
    if v is None: return "".join(t.text or "" for t in cell.iter(m + "t"))
    return strings[int(v.text)] if cell.get("t") == "s" else v.text
rows = tree.fromstring(archive.read("xl/worksheets/sheet1.xml")).iter(m + "row")
print(json.dumps([[value(cell) for cell in row.iter(m + "c")] for row in rows]))
"#;

const CSV: &str = r#"
import csv, json, sys
raw = open(sys.argv[1], "rb").read()
assert raw.startswith(b"\xef\xbb\xbf"), "without the mark spreadsheets take it for another encoding"
print(json.dumps(list(csv.reader(raw.decode("utf-8-sig").splitlines()))))
"#;

/// `rampart records verify` of a file that was taken away, with the index's seal beside it where there is one.
fn verify(year: &Year, files: &[(&str, &[u8])]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let path = folder.path().join(files[0].0);
    let out = year.server.command(&["records", "verify"]).arg(path).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    (out.status.success(), said)
}

/// A paper is a PDF that is sealed, and one changed byte breaks the seal.
pub fn sealed_pdf(year: &Year, name: &str, bytes: &[u8]) {
    assert!(bytes.starts_with(b"%PDF-1.") && bytes.len() > 10_000, "{name}: {} bytes", bytes.len());
    let (whole, said) = verify(year, &[(name, bytes)]);
    assert!(whole, "{name}: {said}");
    let mut other = bytes.to_vec();
    other[bytes.len() / 2] ^= 1;
    assert!(!verify(year, &[(name, &other)]).0, "{name} was changed and still verifies");
}

/// X2 in each format, with the cells of the page.
pub async fn one_table(year: &mut Year) {
    let office = &year.officer;
    office.goto(&year.desk("/x2")).await;
    let page = rows(office, "section.official").await;
    let sum = ["合計", "2 場次", "", "", "", "13", "12", "5", "5", "1", "1", "9", "50.90", "92.31", "58.33"];
    for (format, head) in [("ods", "PK"), ("xlsx", "PK"), ("csv", "\u{feff}"), ("pdf", "%PDF")] {
        let (name, bytes) = office.download(&format!("a[href*=\"format={format}&\"]")).await;
        assert_eq!(name, format!("場次別成果表_{}年.{format}", year.year));
        assert!(bytes.starts_with(head.as_bytes()), "{name}: {:?}", &bytes[..4.min(bytes.len())]);
        match format {
            "pdf" => sealed_pdf(year, &name, &bytes),
            "csv" => {
                let file = cells(CSV, &bytes);
                assert_eq!(file[1..page.len() + 1], page[..], "page and file");
                assert_eq!(file[page.len() - 1], sum);
            }
            "ods" => {
                let file = cells(ODS, &bytes);
                for row in &page {
                    let padded =
                        file.iter().any(|cells| cells.len() >= row.len() && cells[..row.len()] == row[..]);
                    assert!(padded, "{row:?} is not in {file:?}");
                }
            }
            _ => {
                // Numbers are numbers, not words.
                let file = cells(XLSX, &bytes);
                let found = file.iter().find(|row| row.first().is_some_and(|cell| cell == "合計"));
                let found = found.unwrap_or_else(|| panic!("{file:?}"));
                for number in ["13", "12", "50.9", "92.31", "58.33"] {
                    assert!(found.iter().any(|cell| cell == number), "{number}: {found:?}");
                }
            }
        }
    }
}

/// 成果交付包: what lies in it is what its index says, the index is sealed, and its tables are those of the pages.
pub async fn package(year: &mut Year) {
    let office = &year.officer;
    office.goto(&year.desk("")).await;
    let (name, bytes) = office.download(&format!("a[href=\"{}\"]", year.desk("/package"))).await;
    assert_eq!(name, format!("成果交付包_{}年.zip", year.year));
    let program = r#"
import base64, hashlib, json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
files = {name: archive.read(name) for name in archive.namelist()}
print(json.dumps({name: [len(data), hashlib.sha256(data).hexdigest(), base64.b64encode(data).decode()] for name, data in files.items()}))
"#;
    let files: BTreeMap<String, (u64, String, String)> =
        serde_json::from_value(read(program, &bytes)).unwrap();
    let content = |name: &str| {
        use base64::Engine as _;
        let file = files.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", files.keys()));
        base64::engine::general_purpose::STANDARD.decode(&file.2).unwrap()
    };
    let (index, seal) = (content("索引.csv"), content("索引.csv.seal"));
    let listed = cells(CSV, &index);
    assert_eq!(listed.len() - 1 + 2, files.len(), "nothing lies beside the index");
    for row in &listed[1..] {
        let (size, hash, _) = &files[&row[0]];
        assert_eq!((&row[1], &row[2]), (&size.to_string(), hash), "{}", row[0]);
    }
    // Fourteen tables within the office and thirteen for everybody, in four formats, with a background in two.
    assert_eq!(listed.len() - 1, (14 + 13) * 4 + 2 * 2);
    let (whole, said) = verify(year, &[("索引.csv", &index), ("索引.csv.seal", &seal)]);
    assert!(whole, "{said}");
    let mut other = index.clone();
    *other.last_mut().unwrap() ^= 1;
    assert!(!verify(year, &[("索引.csv", &other), ("索引.csv.seal", &seal)]).0, "a changed index verifies");

    let this = year.year;
    let x1 = cells(CSV, &content(&format!("內部版/性別統計表_{this}年.csv")));
    assert_eq!(x1[2][..4], [this.to_string(), "9".to_owned(), "3".to_owned(), "33.33".to_owned()]);
    let x1 = cells(ODS, &content(&format!("公開版/性別統計表_{this}年_公開版.ods")));
    let this_year = this.to_string();
    let row = [this_year.as_str(), "7", "3", "42.86", "4", "57.14", "75.00", "達成"];
    assert!(x1.iter().any(|cells| cells.len() >= 8 && cells[..8] == row), "{x1:?}");
    let paper = format!("公開版/KPI填報表_{this}年_公開版.pdf");
    sealed_pdf(year, "kpi.pdf", &content(&paper));
    for (name, ..) in files.iter().filter(|(name, _)| name.starts_with("公開版/") && name.ends_with(".csv"))
    {
        let text = String::from_utf8(content(name)).unwrap();
        for person in super::PEOPLE {
            assert!(!text.contains(person[0]), "{name} names {}", person[0]);
        }
    }
}

/// Each file that was taken away has its line, with who took it.
pub async fn audit(year: &mut Year) {
    let office = &year.officer;
    office.goto("/statistics/audit").await;
    let lines = rows(office, "main").await;
    let this = year.year.to_string();
    let with = |what: &'static str| {
        let lines = lines.iter().filter(move |line| line[2] == zh(what)).map(|line| line[3].as_str());
        lines.collect::<Vec<&str>>()
    };
    let says =
        |line: &str, parts: &[String]| line.contains(&this) && parts.iter().all(|part| line.contains(part));
    let table = |code: &str, format: &str| vec![code.to_owned(), zh("desk.internal"), format.to_owned()];
    // Newest first.
    let exported = with("desk.exported");
    let formats = ["PDF", "CSV", "XLSX", "ODS"].map(|format| table("X2", format));
    let wanted = [vec![vec![zh("look.package")]], formats.to_vec()].concat();
    assert_eq!(exported.len(), wanted.len(), "{exported:?}");
    for (line, parts) in exported.iter().zip(&wanted) {
        assert!(says(line, parts), "{parts:?}: {exported:?}");
    }
    assert!(lines.iter().all(|line| line[1] == "呂差勤"), "{lines:?}");
    let looked = with("desk.looked");
    for parts in [vec![zh("look.overview")], vec![zh("look.rows_all")], table("X7", "")] {
        assert!(looked.iter().any(|line| says(line, &parts)), "{parts:?}: {looked:?}");
    }
    look(office, "audit").await;
    // Nobody else is let in.
    for other in [&year.staff.instructor, &year.staff.admin] {
        for part in ["", "/x1", "/x2/export?format=csv&edition=internal", "/package", "/rows?by=all"] {
            assert_eq!(other.get(&year.desk(part)).await.status.as_u16(), 403, "{part}");
        }
    }
}
