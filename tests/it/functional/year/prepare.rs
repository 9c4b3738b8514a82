//! The register: rosters, agencies, answers on paper, and two rows that are one man.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{AGAIN, HEAD, PEOPLE, Year, enter, look, press, rows};
use crate::harness::SOON;
use crate::harness::browser::Browser;
use crate::harness::stage::PASSWORD;
use crate::harness::words::zh;

/// Both log in by the page.
pub async fn log_in(year: &mut Year) {
    for (browser, login) in [(&year.officer, "officer"), (&year.teacher, "teacher")] {
        crate::functional::story::log_in(browser, login, PASSWORD).await;
        browser.wait_for("nav.tabs", SOON).await;
    }
    assert!(year.officer.has("nav.tabs a[href=\"/statistics\"]").await);
    assert!(
        !year.teacher.has("nav.tabs a[href=\"/statistics\"]").await,
        "figures by gender are the officer's"
    );
}

/// Writes a workbook as office suites do, by a writer that is not ours.
fn workbook(kind: &str, rows: &[Vec<String>]) -> Vec<u8> {
    let writer = r#"
import json, sys, zipfile
from xml.sax.saxutils import escape
rows = json.load(sys.stdin)
out = zipfile.ZipFile(sys.stdout.buffer, "w", zipfile.ZIP_DEFLATED)
head = '<?xml version="1.0" encoding="UTF-8"?>'
if sys.argv[1] == "xlsx":
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/package/2006/relationships"
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    out.writestr("[Content_Types].xml", head + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>')
    out.writestr("_rels/.rels", head + f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{kinds}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
    out.writestr("xl/workbook.xml", head + f'<workbook xmlns="{main}" xmlns:r="{kinds}"><sheets><sheet name="名冊" sheetId="1" r:id="r1"/></sheets></workbook>')
    out.writestr("xl/_rels/workbook.xml.rels", head + f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{kinds}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>')
    cell = lambda r, c, v: f'<c r="{chr(65 + c)}{r + 1}" t="inlineStr"><is><t>{escape(v)}</t></is></c>'
    body = "".join(f'<row r="{r + 1}">' + "".join(cell(r, c, v) for c, v in enumerate(row) if v) + "</row>" for r, row in enumerate(rows))
    out.writestr("xl/worksheets/sheet1.xml", head + f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>')
else:
    o = "urn:oasis:names:tc:opendocument:xmlns:"
    out.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.oasis.opendocument.spreadsheet")
    out.writestr("META-INF/manifest.xml", head + f'<m:manifest xmlns:m="{o}manifest:1.0"><m:file-entry m:full-path="/" m:media-type="application/vnd.oasis.opendocument.spreadsheet"/><m:file-entry m:full-path="content.xml" m:media-type="text/xml"/></m:manifest>')
    cell = lambda v: f'<t:table-cell o:value-type="string"><x:p>{escape(v)}</x:p></t:table-cell>' if v else "<t:table-cell/>"
    body = "".join("<t:table-row>" + "".join(map(cell, row)) + "</t:table-row>" for row in rows)
    out.writestr("content.xml", head + f'<o:document-content xmlns:o="{o}office:1.0" xmlns:t="{o}table:1.0" xmlns:x="{o}text:1.0"><o:body><o:spreadsheet><t:table t:name="名冊">{body}</t:table></o:spreadsheet></o:body></o:document-content>')
out.close()
"#;
    let mut child = Command::new("python3")
        .args(["-c", writer, kind])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(json!(rows).to_string().as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success() && out.stdout.starts_with(b"PK"), "no workbook of {kind}");
    out.stdout
}

fn sheet(people: &[[&str; 6]]) -> Vec<Vec<String>> {
    let row = |row: &[&str; 6]| row.iter().map(ToString::to_string).collect();
    std::iter::once(row(&HEAD)).chain(people.iter().map(row)).collect()
}

async fn upload(browser: &Browser, year: &Year, name: &str, bytes: &[u8]) {
    let file = year.server.data().with_file_name(name);
    std::fs::write(&file, bytes).unwrap();
    browser.goto("/people/import").await;
    browser.find("#f-file").await.send_keys(&file.display().to_string()).await.unwrap();
    browser.click("form[enctype] button.primary").await;
}

/// How many the preview would add, change and leave.
async fn preview(browser: &Browser) -> [usize; 3] {
    browser.wait_for("button[name=act][value=write]", SOON).await;
    let badges = browser.texts("main .scroll.tall tbody td:nth-child(2)").await;
    ["import.effect_added", "import.effect_changed", "import.effect_same"]
        .map(|key| badges.iter().filter(|badge| badge.starts_with(&zh(key))).count())
}

/// A workbook with faults is refused with all of them; mended it is written; the same again changes nothing; a later one adds.
async fn faults(year: &Year) {
    let office = &year.officer;
    let mut people = PEOPLE;
    people[1][0] = "";
    people[3][1] = "B001";
    people[4][3] = "臨時";
    people[7][5] = "某";
    upload(office, year, "人事室名冊.xlsx", &workbook("xlsx", &sheet(&people))).await;
    office.wait_text("[role=alert]", &zh("import.nothing_written"), SOON).await;
    let told = rows(office, "main section.card").await;
    for (row, column, value, key) in [
        ("3", "姓名", "-", "error.csv_required"),
        ("5", "職號", "B001", "error.csv_duplicate"),
        ("6", "身分", "臨時", "error.csv_identity"),
        // What somebody wrote about themselves is not repeated.
        ("9", "性別", "-", "error.csv_gender"),
    ] {
        let found = told.iter().any(|line| {
            line[0] == row && line[1] == column && line[2] == value && line[3].contains(&zh(key))
        });
        assert!(found, "row {row}, column {column}, value {value}: {} is not told: {told:?}", zh(key));
    }
    assert_eq!(told.len(), 4, "{told:?}");
    look(office, "import-faults").await;
    office.goto("/people").await;
    office.wait_for(".card.empty", SOON).await;
}

/// The register is filled from what the personnel office sent.
pub async fn roster(year: &mut Year) {
    faults(year).await;
    let office = &year.officer;
    let good = workbook("xlsx", &sheet(&PEOPLE));
    upload(office, year, "人事室名冊.xlsx", &good).await;
    assert_eq!(preview(office).await, [PEOPLE.len(), 0, 0]);
    look(office, "import-preview").await;
    press(office, "button[name=act][value=write]", &zh("flash.people_written")).await;
    upload(office, year, "人事室名冊.xlsx", &good).await;
    assert_eq!(preview(office).await, [0, 0, PEOPLE.len()], "the same file again changes nothing");
    let more: Vec<[&str; 6]> = PEOPLE.into_iter().chain([AGAIN]).collect();
    upload(office, year, "人事室名冊二.ods", &workbook("ods", &sheet(&more))).await;
    assert_eq!(preview(office).await, [1, 0, PEOPLE.len()]);
    press(office, "button[name=act][value=write]", &zh("flash.people_written")).await;
    office.goto("/people").await;
    let listed = rows(office, "main").await;
    assert_eq!(listed.len(), more.len());
    assert!(!listed.concat().iter().any(|cell| ["男", "女", "其他", "不願透露"].contains(&cell.as_str())));
    look(office, "people").await;
}

/// What the duty goes by, and which county: two agencies by the page, the others the same way by its form.
pub async fn agencies(year: &mut Year) {
    let office = &year.officer;
    let form = "form#edit";
    for (code, name, level) in [("A01", "縣政府 數位發展處", "B"), ("A02", "地方稅務局", "B")] {
        office.goto("/people/agencies").await;
        let fields =
            [("code", code), ("name", name), ("level", level), ("area", "seat"), ("county", "青嵐縣")];
        enter(office, form, &fields).await;
        press(office, "form#edit button[value=save]", name).await;
    }
    for (code, name, area) in [("A03", "地政處", "seat"), ("A04", "衛生局", "plain")] {
        let fields = [
            ("act", "save"),
            ("id", ""),
            ("code", code),
            ("name", name),
            ("level", "C"),
            ("area", area),
            ("county", "青嵐縣"),
        ];
        let people = &year.staff.officer;
        people.post_from("/people/agencies", "/people/agencies", &fields).await.went_on();
    }
    office.goto("/people/agencies").await;
    let listed = rows(office, "main").await;
    assert_eq!(listed.len(), 4);
    assert!(listed[0].join("|").starts_with("A01|縣政府 數位發展處|B級|縣治|青嵐縣|5"), "{listed:?}");
    look(office, "agencies").await;
}

/// Person ids by staff number.
pub async fn ids(year: &Year) -> Vec<(String, String)> {
    year.officer.goto("/people").await;
    let script = "return [...document.querySelectorAll('main tbody tr')].map((r) => [r.cells[0].innerText.trim(), r.querySelector('a').pathname.split('/').pop()])";
    let Value::Array(found) = year.officer.js(script, vec![]).await else { panic!("no list") };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    found.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

/// One of them has given a paper form with her age band.
pub async fn answers_on_paper(year: &mut Year) {
    let id = ids(year).await.into_iter().find(|(number, _)| number == "B001").unwrap().1;
    let office = &year.officer;
    office.goto(&format!("/people/{id}")).await;
    look(office, "person").await;
    office.click(&format!("a[href=\"/people/{id}/answers\"]")).await;
    office.wait_for("#f-gender", SOON).await;
    assert_eq!(office.find("#f-gender").await.prop("value").await.unwrap().as_deref(), Some("F"));
    look(office, "answers").await;
    office.choose("#f-age", "30").await;
    office.click("#f-paper").await;
    press(office, "button[name=act][value=save]", &zh("flash.answers_saved")).await;
}

/// The platform proposes, a human decides.
pub async fn duplicates(year: &mut Year) {
    let office = &year.officer;
    office.goto("/people/duplicates").await;
    let pairs = rows(office, "main").await;
    assert_eq!(pairs.len(), 1, "{pairs:?}");
    assert!(pairs[0][0].contains("B005") && pairs[0][1].contains("B-5"), "{pairs:?}");
    assert!(pairs[0][2].contains(&zh("duplicates.kind.number")), "{pairs:?}");
    look(office, "duplicates").await;
    // Before it, he counts as two.
    office.goto(&year.desk("/x1")).await;
    let x1 = rows(office, "section.official").await;
    assert_eq!(x1[1][1], "10", "{x1:?}");
    office.goto("/people/duplicates").await;
    office.fill("input[name=reason]", "同一人，兩次造冊").await;
    press(office, "button[name=act][value=merge]", &zh("flash.people_merged")).await;
    office.goto("/people/duplicates").await;
    office.wait_text("main td.none", &zh("duplicates.none"), SOON).await;
}
