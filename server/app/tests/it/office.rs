//! Files as the office suite of agencies reads them: each format opens and gives back the cells that were put in.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rampart_app::Road;
use rampart_app::records::{Exporter, Format, Outgoing};
use rampart_documents::Fonts;
use rampart_domain::ledger::CheckpointKey;
use rampart_domain::records::{Cell, Column, Edition, Hundredths, Kind, Table, paper};

/// Fields of a comma separated file as the suite writes it.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut rows = vec![vec![String::new()]];
    let (mut quoted, mut chars) = (false, text.trim_start_matches('\u{feff}').chars().peekable());
    while let Some(c) = chars.next() {
        let row = rows.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                row.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\n' if !quoted => rows.push(vec![String::new()]),
            c => row.last_mut().unwrap().push(c),
        }
    }
    rows
}

fn table() -> Table {
    let row = |name: &str, count, share, change| {
        vec![Cell::text(name), Cell::Count(count), Cell::Decimal(Hundredths(share)), change]
    };
    Table {
        sheet: "性別統計表".into(),
        title: "115 年參訓人員性別統計表".into(),
        unit: "單位：人；%".into(),
        columns: ["姓名", "人數", "%", "增減"].map(|name| Column::new(name, "")).into(),
        rows: vec![
            row("堃𠮷龘", 1_234_567, 6_667, Cell::Points(Hundredths(-702))),
            row("José 김한글", -5, 175, Cell::Counted { count: 9, suffix: " (18.75%)".into() }),
            // What a spreadsheet would run or change.
            row("=1+1", 0, 0, Cell::None),
            row("0012", 1, 20_000, Cell::Void),
            row("逗號,引號\"與空白 ", 2, 1, Cell::Blank),
        ],
        notes: vec!["第一則。".into()],
        source: "資料來源：演訓登錄資料。".into(),
        background: vec![("單位".into(), "人。".into())],
        foot: Some("虛構機關，僅供演訓".into()),
        file_stem: "性別統計表_115年".into(),
    }
}

/// Lets the suite read files and write each sheet of them below `out`: commas, quotes, UTF-8, cells as they are shown. A start
/// takes seconds: one for the workbooks, and one for the CSV with what a person confirms in the dialogue that has no place
/// here.
fn convert(dir: &Path, reading: &[&str], files: &[PathBuf]) {
    let output = Command::new("soffice")
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", dir)
        .arg(format!("-env:UserInstallation=file://{}", dir.join("home").display()))
        .args(["--headless", "--norestore"])
        .args(reading)
        .args([
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1",
        ])
        .arg("--outdir")
        .arg(dir.join("out"))
        .args(files)
        .output()
        .unwrap_or_else(|error| panic!("soffice (libreoffice-calc-nogui): {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every table of a year in both editions, of a book in which something stands in each.
async fn tables() -> Vec<(Kind, Edition, Table)> {
    let year = crate::year::filled().await;
    let mut tables = Vec::new();
    for edition in Edition::ALL {
        let of = year.house.app.records_tables(crate::year::YEAR, edition, &year.officer, Road::Look);
        tables.extend(of.await.unwrap().into_iter().map(|(kind, table)| (kind, edition, table)));
    }
    tables
}

#[tokio::test(flavor = "multi_thread")]
async fn the_office_suite_opens_every_table_of_a_year_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let key = CheckpointKey::new(&[7; 32]);
    let find = || Fonts::find(&["/usr/share/fonts".into()]).map(Arc::new);
    let exporter = Exporter::new(Box::new(find), &key);
    let tables = tables().await;
    assert_eq!(tables.len(), 2 * Kind::ALL.len() - 1, "hours by name have no public edition");
    let (mut books, mut lists) = (Vec::new(), Vec::new());
    for (at, (kind, edition, table)) in tables.iter().enumerate() {
        let filled = table.rows.iter().flatten().any(|cell| !matches!(cell, Cell::None | Cell::Blank));
        assert!(filled, "{} {} is empty", kind.code(), edition.code());
        let out = Outgoing {
            table,
            number: kind.number(),
            organisation: "青嵐縣政府",
            edition: paper::INTERNAL,
            as_of_ms: 1_795_797_000_000,
        };
        for format in [Format::Ods, Format::Xlsx, Format::Csv] {
            let path = dir.path().join(format!("{0}{at:02}.{0}", format.ending()));
            std::fs::write(&path, exporter.file(&out, format).unwrap()).unwrap();
            if format == Format::Csv { &mut lists } else { &mut books }.push(path);
        }
    }
    convert(dir.path(), &[], &books);
    // Each column as text, which the dialogue offers too: 115-05-12 is no day of the year 115.
    let columns: Vec<String> = (1..=40).map(|at| format!("{at}/2")).collect();
    let reading = format!("--infilter=Text - txt - csv (StarCalc):44,34,76,1,{}", columns.join("/"));
    convert(dir.path(), &[&reading], &lists);
    let made: Vec<PathBuf> =
        std::fs::read_dir(dir.path().join("out")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let found = |stem: &str, background: bool| {
        let wanted = |path: &&PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with(stem) && name.contains("背景說明") == background
        };
        rows(made.iter().find(wanted).unwrap_or_else(|| panic!("{stem}: {made:?}")))
    };
    for (at, (kind, edition, table)) in tables.iter().enumerate() {
        let head = &table.columns[0].zh;
        for ending in ["ods", "xlsx"] {
            let what = format!("{} {} {ending}", kind.code(), edition.code());
            let read = found(&format!("{ending}{at:02}"), false);
            let from = read.iter().position(|row| row[0] == *head);
            let from = from.unwrap_or_else(|| panic!("{what}: {read:?}")) + 1;
            for (cells, read) in table.rows.iter().zip(&read[from..]) {
                let shown: Vec<String> = cells.iter().map(Cell::shown).collect();
                assert_eq!(read[..shown.len()], shown, "{what}");
            }
            let text: String = read.concat().concat();
            for line in [&table.title, &table.unit, &table.source] {
                assert!(text.contains(line.as_str()), "{what}: {line} is not there");
            }
            let background = found(&format!("{ending}{at:02}"), true);
            assert!(background.concat().contains(&table.background[0].1), "{what}: {background:?}");
        }
        let what = format!("{} {} csv", kind.code(), edition.code());
        let read = found(&format!("csv{at:02}"), false);
        assert_eq!(read[0][0], *head, "{what}");
        for (cells, read) in table.rows.iter().zip(&read[1..]) {
            let plain: Vec<String> = cells.iter().map(Cell::plain).collect();
            let read: Vec<String> =
                read.iter().map(|cell| cell.trim_start_matches('\u{200b}').to_owned()).collect();
            assert_eq!(read[..plain.len()], plain, "{what}");
        }
    }
}

#[test]
fn the_office_suite_opens_each_file_and_gives_back_the_cells() {
    let dir = tempfile::tempdir().unwrap();
    let table = table();
    let key = CheckpointKey::new(&[7; 32]);
    let find = || Fonts::find(&["/usr/share/fonts".into()]).map(Arc::new);
    let exporter = Exporter::new(Box::new(find), &key);
    let out = Outgoing {
        table: &table,
        number: "表 X1",
        organisation: "青嵐縣政府",
        edition: paper::INTERNAL,
        as_of_ms: 1_795_797_000_000,
    };
    let mut files = Vec::new();
    for format in [Format::Ods, Format::Xlsx, Format::Csv] {
        let path = dir.path().join(format!("{0}.{0}", format.ending()));
        std::fs::write(&path, exporter.file(&out, format).unwrap()).unwrap();
        files.push(path);
    }
    let into = dir.path().join("out");
    let convert = |reading: &[&str], files: &[PathBuf]| convert(dir.path(), reading, files);
    convert(&[], &files[..2]);
    convert(&["--infilter=Text - txt - csv (StarCalc):44,34,76,1"], &files[2..]);
    let shown: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(Cell::shown).collect()).collect();
    for ending in ["ods", "xlsx"] {
        let read = rows(&into.join(format!("{ending}-{}.csv", table.sheet)));
        let head =
            read.iter().position(|row| row[0] == "姓名").unwrap_or_else(|| panic!("{ending}: {read:?}"));
        assert_eq!(read[head], ["姓名", "人數", "%", "增減"], "{ending}");
        assert_eq!(read[head + 1..=head + shown.len()], shown, "{ending}");
        let text: String = read.concat().concat();
        for line in [&table.title, &table.unit, &table.source] {
            assert!(text.contains(line.as_str()), "{ending}: {line} is not there");
        }
        let background = rows(&into.join(format!("{ending}-統計資料背景說明.csv")));
        assert!(background.concat().contains(&"人。".to_owned()), "{ending}: {background:?}");
    }
    let csv = std::fs::read_dir(&into)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("csv"))
        .unwrap();
    let read = rows(&csv);
    assert_eq!(read[0], ["姓名", "人數", "%", "增減"]);
    // The guard before what would run is there, and keeps it text.
    let name = |row: usize| read[row][0].trim_start_matches('\u{200b}').to_owned();
    for (row, cells) in (1..).zip(&table.rows) {
        assert_eq!(name(row), cells[0].plain());
    }
    assert_eq!(read[1][1], "1234567", "no separators in a file for machines");
}
