//! Papers as readers of PDF see them: fonts, text, pages, and the same bytes each time.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rampart_documents::{
    CertificatePaper, Fonts, PLACES, Paper, Press, PrintError, SignInDay, SignInHalf, SignInLine,
    SignInSheet, TablePaper,
};
use rampart_domain::records::course::Certificate;
use rampart_domain::records::{Cell, Column, Hundredths, RocDate, Table, paper};

/// 2026-11-27 18:10:00 in Taipei.
const AS_OF: i64 = 1_795_774_200_000;

fn press() -> Press {
    Press::new(Arc::new(Fonts::find(&[PLACES.into()]).unwrap()))
}

/// Names as the register has them: rare, astral, with accents, Korean.
const NAMES: [&str; 5] = ["游錫堃", "𠮷田龘", "José", "김한글", "許藍圖"];

fn table(rows: usize) -> Table {
    let row = |at: usize| {
        vec![
            Cell::Count(i64::try_from(at).unwrap() + 1_000),
            Cell::text("青嵐縣政府數位發展處"),
            Cell::text(format!("{}-{at:03}", NAMES[at % NAMES.len()])),
            Cell::Decimal(Hundredths(1_250)),
            if at.is_multiple_of(7) { Cell::Points(Hundredths(-702)) } else { Cell::None },
        ]
    };
    Table {
        sheet: "表".into(),
        title: "115 年參訓人員人時統計表".into(),
        unit: "單位：人、小時".into(),
        columns: ["序", "機關", "姓名", "時數", "增減"].map(|name| Column::new(name, name)).into(),
        rows: (0..rows).map(row).collect(),
        notes: vec!["第一則。".into(), "第二則 #[*not markup*] $x$ <a> @b。".into()],
        source: "資料來源：演訓登錄資料。".into(),
        background: vec![("單位".into(), "人、小時。".into())],
        foot: Some("虛構機關，僅供演訓".into()),
        file_stem: "人時統計表_115年".into(),
    }
}

fn printed(table: &Table) -> TablePaper<'_> {
    TablePaper {
        table,
        number: "表 X0",
        organisation: "青嵐縣政府數位發展處",
        edition: paper::INTERNAL,
        as_of_ms: AS_OF,
        digest: Some("0f0f"),
    }
}

/// What a program of poppler says of a file.
fn asked(program: &str, more: &[&str], pdf: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.pdf");
    std::fs::write(&file, pdf).unwrap();
    let mut command = Command::new(program);
    command.arg(&file).args(more);
    let output = command.output().unwrap_or_else(|error| panic!("{program} (poppler-utils): {error}"));
    let fault = String::from_utf8_lossy(&output.stderr);
    // Poppler 22 asks for a wrong type of the mark that nothing in a tagged file is suspect.
    let faults: Vec<&str> =
        fault.lines().filter(|line| !line.trim().is_empty() && !line.contains("Suspects")).collect();
    assert!(output.status.success() && faults.is_empty(), "{program}: {faults:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn text(pdf: &[u8]) -> String {
    asked("pdftotext", &["-layout", "-"], pdf)
}

/// Every font of the file is embedded, as a subset, and says which characters its pictures are.
fn embedded(pdf: &[u8]) -> usize {
    let list = asked("pdffonts", &[], pdf);
    let mut fonts = 0;
    for line in list.lines().skip(2) {
        let words: Vec<&str> = line.split_whitespace().rev().take(5).collect();
        assert_eq!(&words[2..5], ["yes"; 3], "embedded, subset, with characters: {line}");
        fonts += 1;
    }
    fonts
}

#[test]
fn a_long_table_is_searchable_with_rare_names_and_a_head_on_each_page() {
    let table = table(300);
    let pdf = press().print(&printed(&table)).unwrap();
    assert!(embedded(&pdf) >= 3);
    let text = text(&pdf);
    for name in NAMES {
        assert!(text.contains(name), "{name} is not found");
    }
    let pages: Vec<&str> = text.trim_end_matches('\u{c}').split('\u{c}').collect();
    assert!(pages.len() > 5, "{} pages", pages.len());
    for (index, page) in pages.iter().enumerate() {
        let number = format!("第 {} 頁，共 {} 頁", index + 1, pages.len());
        assert!(page.contains(&number), "{number} is not on it:\n{page}");
        assert!(page.contains("內部版，不得對外提供") && page.contains("虛構機關，僅供演訓"));
        assert!(page.contains("115 年參訓人員人時統計表"), "the title or its continuation");
    }
    // Only the page of the background has another head.
    let rows = pages.iter().filter(|page| page.contains("-0") || page.contains("-1") || page.contains("-2"));
    assert!(
        rows.clone().count() > 4
            && rows.into_iter().all(|page| page.contains("機關") && page.contains("時數"))
    );
    for line in [
        "表 X0",
        "單位：人、小時",
        "1,299",
        "-7.02 百分點",
        "說明：1.第一則。",
        "#[*not markup*] $x$ <a> @b",
        "資料來源：演訓登錄資料。",
        "承辦人",
        "單位主管",
        "機關首長",
        "0f0f",
        "資料時間：115 年 11 月 27 日 18:10",
    ] {
        assert!(text.contains(line), "{line} is not found");
    }
    let info = asked("pdfinfo", &[], &pdf);
    let said = |line: &str| info.lines().any(|one| one.split_whitespace().eq(line.split_whitespace()));
    assert!(said("Tagged: yes"), "{info}");
    assert!(
        info.contains("A4") && info.contains("115 年參訓人員人時統計表") && info.contains("Creator:"),
        "{info}"
    );
    assert!(pdf.windows(5).any(|part| part == b"zh-TW"), "its language is stated");
}

#[test]
fn a_table_beyond_what_paper_lists_says_so_and_keeps_its_sums() {
    let table = table(700);
    let data = printed(&table).data();
    let rows = data["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 601, "595 rows, one in place of the others, and the last five");
    assert_eq!(
        (&rows[594][0], &rows[595][0], &rows[596][0]),
        (&"1,594".into(), &"…".into(), &"1,695".into())
    );
    assert_eq!(rows[600][0], "1,699");
    let notes = data["notes"].to_string();
    assert!(notes.contains("全表 700 列，紙本略去 100 列"), "{notes}");
    let whole = self::table(600);
    assert!(!printed(&whole).data()["notes"].to_string().contains("略去"));
}

#[test]
fn the_same_document_gives_the_same_bytes_and_another_moment_others() {
    let table = table(12);
    let one = press().print(&printed(&table)).unwrap();
    assert_eq!(one, press().print(&printed(&table)).unwrap(), "from another press");
    let later = TablePaper { as_of_ms: AS_OF + 60_000, ..printed(&table) };
    assert_ne!(one, press().print(&later).unwrap());
}

#[test]
fn characters_without_a_font_are_listed_and_nothing_is_printed() {
    let mut table = table(2);
    // Private: a picture of each machine's own. Adlam: none of the fonts has it.
    table.rows[0][2] = Cell::text("王\u{e001}明");
    table.rows[1][2] = Cell::text("𞤀子");
    table.notes.push("又有 𞤀".into());
    let Err(PrintError::Characters(missing)) = press().print(&printed(&table)) else {
        panic!("it was printed")
    };
    let characters: Vec<char> = missing.iter().map(|one| one.character).collect();
    assert_eq!(characters, ['\u{e001}', '𞤀']);
    assert_eq!(missing[0].text, "王\u{e001}明");
    assert!(PrintError::Characters(missing).to_string().contains("U+E001"));
}

#[test]
fn a_machine_without_fonts_is_told_what_to_install() {
    let empty = tempfile::tempdir().unwrap();
    let error = Fonts::find(&[empty.path().to_path_buf()]).unwrap_err().to_string();
    assert!(
        error.contains("fonts-cns11643-kai") && error.contains(&*empty.path().to_string_lossy()),
        "{error}"
    );
    // A file that is named itself is taken, whatever it is called.
    let noto = Path::new("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc");
    let own = empty.path().join("own.ttc");
    std::fs::copy(noto, &own).unwrap();
    let fonts = Fonts::find(&[own]).unwrap();
    assert!(fonts.have('堃') && fonts.have('한'));
    assert!(fonts.missing().contains(&"fonts-cns11643-kai"));
    let pdf = Press::new(Arc::new(fonts)).print(&printed(&table(3))).unwrap();
    assert!(text(&pdf).contains("游錫堃"));
}

#[test]
fn a_certificate_and_a_sheet_to_sign() {
    let day = |day| RocDate::new(115, 5, day).unwrap();
    let certificate = Certificate {
        number: "115-0012-7K3MQX".into(),
        name: "游錫堃".into(),
        agency: "縣政府".into(),
        course: "紅藍對抗實作".into(),
        course_code: "C115-02".into(),
        from: day(12),
        to: day(13),
        course_minutes: 720,
        attended_seconds: 41_400,
        score: Some(88),
        issued: day(20),
        issuer: "青嵐縣政府數位發展處".into(),
        signer: String::new(),
        check_address: "https://rampart.example/certificates/115-0012-7K3MQX".into(),
        revoked: None,
    };
    let of = |certificate| CertificatePaper {
        certificate,
        foot: Some("虛構機關，僅供演訓".into()),
        as_of_ms: AS_OF,
    };
    let good = of(certificate.clone());
    let pdf = press().print(&good).unwrap();
    assert!(embedded(&pdf) >= 2);
    let squeezed = |pdf: &[u8]| text(pdf).split_whitespace().collect::<String>();
    let said = squeezed(&pdf);
    for part in [
        "證書字號：115-0012-7K3MQX",
        "游錫堃",
        "115年5月12日至115年5月13日",
        "「紅藍對抗實作」",
        "11.50小時",
        "88分",
        "中華民國115年5月20日",
        "https://rampart.example/certificates/115-0012-7K3MQX",
    ] {
        assert!(said.contains(part), "{part} is not found in {said}");
    }
    assert!(!said.contains("失效"));
    assert_eq!(good.title(), "研習證明書 115-0012-7K3MQX");
    let signed = of(Certificate { signer: "處長 陳範例".into(), ..certificate.clone() });
    assert!(squeezed(&press().print(&signed).unwrap()).contains("處長陳範例"));
    let bad = press().print(&of(Certificate { revoked: Some(day(21)), ..certificate })).unwrap();
    assert!(squeezed(&bad).contains("115年5月21日撤銷，本證明書失效"));

    let line =
        |name: &&str| SignInLine {
            agency: "縣政府".into(), title: "技士".into(), name: (*name).to_owned()
        };
    let of_day = |day, halves: &[usize]| {
        let day = RocDate::new(115, 5, day).unwrap();
        let half = |at: &usize| {
            let from = day.start_ms() + [9, 13, 18][*at] * 3_600_000;
            SignInHalf { name: paper::SIGN_IN_HALVES[*at], planned: (from, from + 3 * 3_600_000) }
        };
        SignInDay { day, halves: halves.iter().map(half).collect() }
    };
    let sheet = SignInSheet {
        course: "紅藍對抗實作".into(),
        code: "S115-02".into(),
        days: vec![of_day(12, &[0]), of_day(13, &[0, 1, 2])],
        place: "縣府 402 教室".into(),
        rule: "逾 10 分鐘者該時段視為缺席。".into(),
        people: NAMES.iter().map(line).collect(),
        spare: 30,
        organisation: "青嵐縣政府數位發展處".into(),
        foot: None,
        as_of_ms: AS_OF,
    };
    let said = text(&press().print(&sheet).unwrap());
    for part in [
        "上午簽到",
        "上午簽退",
        "游錫堃",
        "김한글",
        "115-05-12（二）",
        "縣府 402 教室",
        "35",
        "不得蓋章或代簽",
    ] {
        assert!(said.contains(part), "{part} is not found");
    }
    let pages: Vec<&str> = said.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
    let of = |day: &str| pages.iter().filter(|page| page.contains(day)).copied().collect::<Vec<_>>();
    let (first, second) = (of("115-05-12"), of("115-05-13"));
    assert!(first.len() == 1 && second.len() == 1, "each day begins a page of its own: {said}");
    assert!(!first.concat().contains("下午"), "only the morning of the first day is signed");
    for part in ["上午簽退", "下午簽到", "晚間簽退", "09:00", "21:00", "S115-02"] {
        assert!(second.concat().contains(part), "{part} is not found in {second:?}");
    }
    assert!(
        pages.len() > 3 && pages[1].contains("上午簽到"),
        "the spare lines go on below their head: {said}"
    );
    assert!(said.contains("逾 10 分鐘者"), "{said}");
}
