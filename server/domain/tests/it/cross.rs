//! Cross tables of hand-made records.

use rampart_domain::records::roc::parse_date_time;
use rampart_domain::records::{
    Age, Answers, Book, By, Cell, Cross, CrossFigure, DutyClass, Edition, Facts, Gender, Issue, PersonFact,
    PresenceFact, RocDate, RocYear, SessionFact, Standing, Table,
};

const HOUR: i64 = 3600;
/// Agency, gender, months in which they came, hours each time, passed.
type Line = (&'static str, Option<Gender>, &'static [i8], i64, Option<bool>);

const M: Option<Gender> = Some(Gender::Male);
const F: Option<Gender> = Some(Gender::Female);

fn book(lines: &[Line]) -> Book {
    let mut sessions = Vec::new();
    for month in 1..=12 {
        let start_ms = parse_date_time(&format!("115-{month:02}-05 09:00")).unwrap();
        sessions.push(SessionFact {
            id: format!("s{month}"),
            code: format!("S115-{month:02}"),
            title: if month < 6 { "藍隊通報應變" } else { "紅藍對抗實作" }.to_owned(),
            start_ms,
            end_ms: start_ms + 6 * HOUR * 1000,
            tested: month < 6,
            ..SessionFact::default()
        });
    }
    let mut book = Book::default();
    let (mut persons, mut presences) = (Vec::new(), Vec::new());
    for (at, (agency, gender, months, hours, passed)) in lines.iter().enumerate() {
        let id = format!("p{at:03}");
        persons.push(PersonFact {
            id: id.clone(),
            agency: (*agency).to_owned(),
            grade: (*agency).to_owned(),
            duty: Some(if at == 0 { DutyClass::Dedicated } else { DutyClass::User }),
            ..PersonFact::default()
        });
        let answers = Answers { gender: *gender, age: Some(Age::ALL[0]), ..Answers::default() };
        book.apart.insert(id.clone(), answers);
        for month in *months {
            presences.push(PresenceFact {
                session: format!("s{month}"),
                person: id.clone(),
                part: Standing::Trainee,
                expected: true,
                seconds: hours * HOUR,
                passed: *passed,
            });
        }
    }
    persons.push(PersonFact { id: "planner".into(), agency: "甲".into(), ..PersonFact::default() });
    presences.push(PresenceFact {
        session: "s1".into(),
        person: "planner".into(),
        part: Standing::Planner,
        expected: false,
        seconds: 0,
        passed: None,
    });
    book.facts = Facts::new(sessions, persons, presences);
    book
}

fn of(book: &Book, rows: By, columns: Option<By>, figure: CrossFigure, edition: Edition) -> Table {
    let issue = Issue::new("青嵐縣政府數位發展處", RocDate::new(115, 12, 31).unwrap());
    book.cross(&issue, Cross { rows, columns, figure }, RocYear(115), edition, 3).unwrap()
}

fn shown(table: &Table) -> Vec<String> {
    let heading = table.columns.iter().map(|column| column.zh.clone()).collect::<Vec<_>>().join(" ");
    let row = |row: &Vec<Cell>| row.iter().map(Cell::shown).collect::<Vec<_>>().join(" ");
    std::iter::once(heading).chain(table.rows.iter().map(row)).collect()
}

/// Two agencies; one man came twice.
fn small() -> Book {
    let mut lines: Vec<Line> = vec![("甲", M, &[3, 7][..], 6, Some(true))];
    lines.extend(vec![("甲", M, &[3][..], 6, Some(true)); 5]);
    lines.extend(vec![("甲", F, &[3][..], 3, Some(false)); 4]);
    lines.extend(vec![("乙", M, &[7][..], 2, None); 7]);
    lines.extend(vec![("乙", F, &[7][..], 2, None); 2]);
    lines.push(("乙", None, &[7][..], 2, None));
    book(&lines)
}

#[test]
fn people_attendances_hours_and_passes_by_agency_and_gender() {
    let book = small();
    let by = |figure| shown(&of(&book, By::Agency, Some(By::Gender), figure, Edition::Internal));
    let order = |rows: [&str; 4]| rows.map(str::to_owned).to_vec();
    // Agencies stand in the order of their characters.
    assert_eq!(
        by(CrossFigure::Persons),
        order(["機關 總計 男 女 未填", "乙 10 7 2 1", "甲 10 6 4 -", "總計 20 13 6 1"])
    );
    assert_eq!(
        by(CrossFigure::Times),
        order(["機關 總計 男 女 未填", "乙 10 7 2 1", "甲 11 7 4 -", "總計 21 14 6 1"])
    );
    assert_eq!(
        by(CrossFigure::Hours),
        order(["機關 總計 男 女 未填", "乙 20 14 4 2", "甲 54 42 12 -", "總計 74 56 16 2"])
    );
    // Only the sessions of the first half-year have a test: 6 of 10.
    assert_eq!(
        by(CrossFigure::Passing),
        order(["機關 總計 男 女 未填", "乙 - - - -", "甲 60.00 100.00 0.00 -", "總計 60.00 100.00 0.00 -"])
    );
}

#[test]
fn a_person_of_two_months_is_one_in_the_total_and_one_in_each() {
    let table = of(&small(), By::Month, None, CrossFigure::Persons, Edition::Internal);
    assert_eq!(shown(&table), ["月份 總計", "3 月 10", "7 月 11", "總計 20"]);
    assert!(table.notes.iter().any(|note| note.contains("可能大於總計")), "{:?}", table.notes);
    assert_eq!(table.title, "115 年演訓交叉表（月份，人數）");
    assert_eq!(table.file_stem, "演訓交叉表（月份，人數）_115年");
    // The same variable twice is one.
    let twice = of(&small(), By::Month, Some(By::Month), CrossFigure::Persons, Edition::Internal);
    assert_eq!(shown(&twice), shown(&table));
}

#[test]
fn by_role_those_count_who_sign_no_sheet() {
    let table = of(&small(), By::Role, Some(By::Duty), CrossFigure::Persons, Edition::Internal);
    assert_eq!(
        shown(&table),
        [
            "參與類別 總計 資安專職 一般使用者 未登錄",
            "規劃決策人員 1 - - 1",
            "參訓者 20 1 19 -",
            "總計 21 1 19 1"
        ]
    );
}

#[test]
fn the_public_edition_hides_small_cells_and_what_would_give_them_away() {
    let book = small();
    let public = |figure| of(&book, By::Grade, Some(By::Gender), figure, Edition::Public);
    let table = public(CrossFigure::Persons);
    // Two women of one grade: the other women and both cells of men go with them; margins are as in other tables.
    assert_eq!(shown(&table), ["官職等或職稱 總計 男 女", "乙 9 ※ ※", "甲 10 ※ ※", "總計 19 13 6"]);
    assert!(table.notes.iter().any(|note| note.contains("未達 3 人")), "{:?}", table.notes);
    assert_eq!(table.file_stem, "演訓交叉表（官職等或職稱×性別，人數）_115年_公開版");
    // Where people are hidden, so are their hours and passes.
    assert_eq!(shown(&public(CrossFigure::Hours))[1..3], ["乙 18 ※ ※", "甲 54 ※ ※"]);
    assert_eq!(shown(&public(CrossFigure::Passing))[2], "甲 60.00 ※ ※");
    // By one variable: a grade of two takes another along.
    let mut lines: Vec<Line> = vec![("丙", F, &[3][..], 6, None); 2];
    lines.extend(vec![("甲", M, &[3][..], 6, None); 9]);
    lines.extend(vec![("乙", M, &[3][..], 6, None); 20]);
    let one = of(&self::book(&lines), By::Grade, None, CrossFigure::Persons, Edition::Public);
    assert_eq!(shown(&one), ["官職等或職稱 總計", "丙 ※", "乙 20", "甲 ※", "總計 31"]);
}

#[test]
fn many_classes_share_the_last_column() {
    const AGENCIES: [&str; 15] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"];
    let mut lines: Vec<Line> = Vec::new();
    for (at, agency) in AGENCIES.into_iter().enumerate() {
        lines.extend(vec![(agency, M, &[3][..], 6, None); at + 1]);
    }
    let table = of(&book(&lines), By::Gender, Some(By::Agency), CrossFigure::Persons, Edition::Internal);
    let heading: Vec<&str> = table.columns.iter().map(|column| column.zh.as_str()).collect();
    assert_eq!(heading[2..], ["e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "其餘各類"]);
    // 1 + 2 + 3 + 4 of those without a column.
    assert_eq!(table.rows[0].last().unwrap().shown(), "10");
    assert!(table.notes.iter().any(|note| note.contains("其餘各類")));
}

#[test]
fn words_of_addresses_come_back() {
    for by in By::ALL {
        assert_eq!(By::from_code(by.code()), Some(*by));
    }
    assert_eq!(CrossFigure::from_code("persons"), Some(CrossFigure::Persons));
    assert_eq!(By::from_code("name"), None);
}
