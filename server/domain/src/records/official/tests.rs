#![expect(clippy::unwrap_used, reason = "tests")]

mod asked;

use proptest::prelude::*;

use super::super::course::{Aspect, Standing, masked};
use super::super::facts::{DutyClass, PersonFact, PresenceFact, SessionFact};
use super::super::findings::{Finding, FindingResult};
use super::super::register::{Age, Answers, Level};
use super::super::roc::{self, RocDate};
use super::super::targets::Measure;
use super::super::{duty, targets};
use super::*;

const HOUR: i64 = 3600;

fn at(text: &str) -> i64 {
    roc::parse_date_time(text).unwrap()
}

fn issue() -> Issue {
    Issue::new("青嵐縣政府數位發展處", RocDate::new(115, 12, 31).unwrap())
}

fn shown(row: &[Cell]) -> Vec<String> {
    row.iter().map(Cell::shown).collect()
}

fn lines(table: &Table) -> Vec<String> {
    for row in &table.rows {
        assert_eq!(row.len(), table.columns.len(), "{}", table.title);
    }
    table.rows.iter().map(|row| shown(row).join(" | ")).collect()
}

fn internal(book: &Book, kind: Kind) -> Table {
    book.table(&issue(), kind, RocYear(115), Edition::Internal, 3)
}

fn public(book: &Book, kind: Kind) -> Table {
    book.table(&issue(), kind, RocYear(115), Edition::Public, 3)
}

/// Records in the making.
#[derive(Default)]
struct Make {
    sessions: Vec<SessionFact>,
    persons: Vec<PersonFact>,
    presences: Vec<PresenceFact>,
    apart: Apart,
}

impl Make {
    fn session(&mut self, code: &str, title: &str, aspect: Aspect, from: &str, to: &str, hours: i64) {
        self.sessions.push(SessionFact {
            id: code.to_owned(),
            code: code.to_owned(),
            title: title.to_owned(),
            aspect: Some(aspect),
            category: "523".to_owned(),
            start_ms: at(from),
            end_ms: at(to),
            seconds: hours * HOUR,
            is_case: true,
            tested: true,
            ..SessionFact::default()
        });
    }

    fn person(&mut self, id: &str, gender: Option<Gender>) {
        if !self.persons.iter().any(|one| one.id == id) {
            self.persons.push(PersonFact { id: id.to_owned(), name: id.to_owned(), ..PersonFact::default() });
        }
        if gender.is_some() {
            self.apart.insert(id.to_owned(), Answers { gender, ..Answers::default() });
        }
    }

    fn presence(&mut self, session: &str, person: &str, seconds: i64, passed: Option<bool>) {
        self.presences.push(PresenceFact {
            session: session.to_owned(),
            person: person.to_owned(),
            part: Standing::Trainee,
            expected: true,
            seconds,
            passed,
        });
    }

    fn part(&mut self, part: Standing, male: usize, female: usize) {
        for index in 0..male + female {
            let id = format!("{}-{index}", part.code());
            self.person(&id, Some(if index < male { Gender::Male } else { Gender::Female }));
            self.presences.push(PresenceFact {
                session: "S115-02".to_owned(),
                person: id,
                part,
                expected: false,
                seconds: 0,
                passed: None,
            });
        }
    }

    fn book(self) -> Book {
        Book {
            facts: Facts::new(self.sessions, self.persons, self.presences),
            apart: self.apart,
            targets: targets::defaults(),
            rules: duty::defaults(),
            ..Book::default()
        }
    }
}

/// The records behind the worked tables: 48 people in 114; in 115 two sessions of 30 and 38 with 11 who came to both.
fn worked() -> Make {
    let mut make = Make::default();
    make.session("S114-01", "紅藍對抗入門", Aspect::Technique, "114-06-10 09:00", "114-06-10 16:00", 6);
    for index in 0..48 {
        let id = format!("old-{index}");
        make.person(&id, Some(if index < 32 { Gender::Male } else { Gender::Female }));
        make.presence("S114-01", &id, 6 * HOUR, Some(true));
    }
    make.session("S115-01", "藍隊通報應變", Aspect::Management, "115-03-05 09:00", "115-03-05 16:00", 6);
    make.session("S115-02", "紅藍對抗實作", Aspect::Technique, "115-05-12 09:00", "115-05-13 17:00", 12);
    let people: Vec<(String, Gender)> = (0..34)
        .map(|n| (format!("m{n}"), Gender::Male))
        .chain((0..21).map(|n| (format!("f{n}"), Gender::Female)))
        .chain([("o".to_owned(), Gender::Other), ("n".to_owned(), Gender::Undisclosed)])
        .collect();
    for (id, gender) in &people {
        make.person(id, Some(*gender));
    }
    let first: Vec<&str> = people
        .iter()
        .map(|(id, _)| id.as_str())
        .filter(|id| number(id, 'm').is_some_and(|n| n < 19) || number(id, 'f').is_some_and(|n| n < 11))
        .collect();
    for (index, id) in first.iter().enumerate() {
        make.presence("S115-01", id, 6 * HOUR, Some(index >= 3));
    }
    let second: Vec<&str> = people
        .iter()
        .map(|(id, _)| id.as_str())
        .filter(|id| {
            number(id, 'm').is_some_and(|n| n >= 12)
                || number(id, 'f').is_some_and(|n| n >= 7)
                || *id == "o"
                || *id == "n"
        })
        .collect();
    for (index, id) in second.iter().enumerate() {
        make.presence("S115-02", id, 12 * HOUR, Some(index >= 3));
    }
    // On the list, and did not come.
    for (session, id) in [("S115-01", "m30"), ("S115-01", "m31"), ("S115-02", "m0"), ("S115-02", "m1")] {
        make.presence(session, id, 0, None);
    }
    make
}

fn number(id: &str, letter: char) -> Option<usize> {
    id.strip_prefix(letter)?.parse().ok()
}

#[test]
fn x1_as_worked() {
    let table = internal(&worked().book(), Kind::X1);
    assert_eq!(
        lines(&table),
        [
            "114 | 48 | 32 | 66.67 | 16 | 33.33 | - | - | - | - | 200.00 | 達成",
            "115 | 57 | 34 | 59.65 | 21 | 36.84 | 1 | 1.75 | 1 | 1.75 | 161.90 | 達成",
            "較上年增減 | 9 (18.75%) | 2 | -7.02 百分點 | 5 | 3.51 百分點 | 1 | 1.75 | 1 | 1.75 | -38.10 | ",
        ]
    );
    assert!(table.note_lines()[2].contains("本例 99.99"));
}

#[test]
fn x2_as_worked() {
    let table = internal(&worked().book(), Kind::X2);
    assert_eq!(
        lines(&table),
        [
            "S115-01 | 藍隊通報應變 | 管理面 | 523 | 115-03-05~115-03-05 | 32 | 30 | 19 | 11 | - | - | 6 | 180 | 93.75 | 90.00",
            "S115-02 | 紅藍對抗實作 | 技術面 | 523 | 115-05-12~115-05-13 | 40 | 38 | 22 | 14 | 1 | 1 | 12 | 456 | 95.00 | 92.11",
            "合計 | 2 場次 |  |  |  | 72 | 68 | 41 | 25 | 1 | 1 | 18 | 636 | 94.44 | 91.18",
            "不重複人數 |  |  |  |  |  | 57 | 34 | 21 | 1 | 1 |  |  |  | ",
        ]
    );
    let notes = table.note_lines().join("\n");
    assert!(
        notes.contains("62/68") && notes.contains("68 - 57 = 11 人次") && notes.contains("男 7、女 4"),
        "{notes}"
    );
    assert_eq!(table.file_name("ods"), "場次別成果表_115年.ods");
}

#[test]
fn tables_of_exercises_and_classes_print_both_rules_each_for_what_it_counts() {
    let book = worked().book();
    for kind in [Kind::X2, Kind::Hours] {
        let notes = internal(&book, kind).note_lines();
        let of = |begins: &str| {
            let mut found = notes.iter().filter(|note| note.contains(begins));
            match (found.next(), found.next()) {
                (Some(note), None) => note.clone(),
                _ => panic!("{begins} stands not once: {notes:?}"),
            }
        };
        let exercise = of("演練場次之時數計算：");
        assert!(exercise.contains("席位離線 5 分鐘以內視為在席") && !exercise.contains("半日"), "{exercise}");
        let class = of("課程場次之時數計算：");
        assert!(class.contains("超過場次所定之寬限（未另定者 10 分鐘），該半日視為缺席"), "{class}");
        assert!(!class.contains("席位") && !notes.concat().contains('{'), "{notes:?}");
    }
}

#[test]
fn x3_as_worked_and_short_groups_need_a_reason() {
    let mut make = worked();
    for (part, male, female) in [
        (Standing::Planner, 2, 1),
        (Standing::Staff, 14, 8),
        (Standing::Contractor, 6, 3),
        (Standing::Trainer, 5, 1),
    ] {
        make.part(part, male, female);
    }
    let mut book = make.book();
    assert_eq!(
        lines(&internal(&book, Kind::X3)),
        [
            "規劃決策人員 | 3 | 2 | 1 | 33.33 | 33.33 | 符合",
            "機關執行人員 | 22 | 14 | 8 | 36.36 | 36.36 | 符合",
            "委外廠商人力 | 9 | 6 | 3 | 33.33 | 33.33 | 符合",
            "師資(含紅隊教官) | 6 | 5 | 1 | 16.67 | 16.67 | 未符合（須填「原因及改善作法」）",
        ]
    );
    assert_eq!(lacks_reason(&book, RocYear(115)), [Standing::Trainer]);
    book.texts.insert("x3:trainer".to_owned(), "紅隊教官人才少，次年優先聘女性講師".to_owned());
    assert!(lacks_reason(&book, RocYear(115)).is_empty());
    let table = internal(&book, Kind::X3);
    assert_eq!(table.rows[3][6], Cell::text("未符合"));
    assert!(table.notes.iter().any(|note| note.contains("次年優先聘女性講師")));
    // Those who take part as something else are no trainees: the other tables stay.
    assert_eq!(lines(&internal(&book, Kind::X1)), lines(&internal(&worked().book(), Kind::X1)));
    // In public the one woman among six, and the planners, cannot be read or subtracted.
    let public = public(&book, Kind::X3);
    assert_eq!(lines(&public)[0], "規劃決策人員 | 3 | ※ | ※ | ※ | ※ | ※");
    assert_eq!(lines(&public)[3], "師資(含紅隊教官) | 6 | ※ | ※ | ※ | ※ | ※");
}

/// 31 men, 19 women and two others, of 57 that were handed out.
fn feedback() -> Survey {
    let score = |n: usize, gender, score| {
        std::iter::repeat_n(Sheet { gender: Some(gender), scores: vec![Some(score)] }, n)
    };
    Survey {
        id: "q".to_owned(),
        title: "紅藍對抗實作".to_owned(),
        issued: 57,
        questions: vec![("1".to_owned(), "難易適中".to_owned())],
        sheets: score(11, Gender::Male, 5)
            .chain(score(15, Gender::Male, 4))
            .chain(score(5, Gender::Male, 3))
            .chain(score(3, Gender::Female, 5))
            .chain(score(13, Gender::Female, 4))
            .chain(score(3, Gender::Female, 3))
            .chain(score(1, Gender::Other, 4))
            .chain(score(1, Gender::Undisclosed, 4))
            .collect(),
    }
}

#[test]
fn x4_as_worked_and_wide_gaps_need_an_analysis() {
    let mut book = worked().book();
    book.surveys = vec![feedback()];
    let table = internal(&book, Kind::X4);
    assert_eq!(lines(&table), ["難易適中 | 4.12(52) | 4.19(31) | 4.00(19) | -0.19 | 84.62"]);
    assert!(table.unit.contains("發出數 57，回收數 52，回收率 91.23%"), "{}", table.unit);
    assert!(!questions(&book)[0].needs_analysis());
    // 3.89 against 4.19 is a gap of exactly 0.30.
    for sheet in
        book.surveys[0].sheets.iter_mut().filter(|sheet| sheet.gender == Some(Gender::Female)).take(2)
    {
        sheet.scores[0] = Some(4);
    }
    assert_eq!(questions(&book)[0].gap().unwrap().to_string(), "-0.30");
    assert!(questions(&book)[0].needs_analysis());
    assert!(internal(&book, Kind::X4).notes.iter().any(|note| note.contains("須填「性別分析」")));
    book.texts.insert("x4:q:1".to_owned(), "女性多為行政職".to_owned());
    assert!(internal(&book, Kind::X4).notes.iter().any(|note| note.contains("女性多為行政職")));
    // Four women: their mean is not shown, and in public the men's neither, as it would be subtracted.
    book.surveys[0].sheets.retain({
        let mut women = 0;
        move |sheet| {
            women += i32::from(sheet.gender == Some(Gender::Female));
            sheet.gender != Some(Gender::Female) || women <= 4
        }
    });
    let row = shown(&internal(&book, Kind::X4).rows[0]);
    assert_eq!(row[2..5], ["4.19(31)", "※", "※"]);
    let row = shown(&public(&book, Kind::X4).rows[0]);
    assert_eq!(row[2..5], ["※", "※", "※"]);
    assert!(row[1].ends_with("(35)"));
}

#[test]
fn x5_adds_up_and_hides_what_could_be_subtracted() {
    let mut make = worked();
    for (id, answers) in &mut make.apart {
        answers.age = match number(id, 'f') {
            Some(0) => Some(Age::Sixty),
            Some(_) => Some(Age::Thirties),
            None => Some(Age::Forties),
        };
    }
    let book = make.book();
    let table = internal(&book, Kind::X5(Variable::Age));
    assert_eq!(
        lines(&table)[1..],
        [
            "30-39 | 20 | - | - | 20 | 100.00 | - | - | - | -",
            "40-49 | 36 | 34 | 94.44 | - | - | 1 | 2.78 | 1 | 2.78",
            "50-59 | - | - | - | - | - | - | - | - | -",
            "60以上 | 1 | - | - | 1 | 100.00 | - | - | - | -",
            "未揭露 | - | - | - | - | - | - | - | - | -",
            "總計 | 57 | 34 | 59.65 | 21 | 36.84 | 1 | 1.75 | 1 | 1.75",
        ]
    );
    let public = public(&book, Kind::X5(Variable::Age));
    let lines = lines(&public);
    // One woman of 60 is hidden, and so is the row that she would be subtracted from.
    assert_eq!(lines[4], "60以上 | ※ | ※ | ※ | ※ | ※");
    assert_eq!(lines[1], "30-39 | ※ | ※ | ※ | ※ | ※");
    assert_eq!(lines[6], "總計 | 55 | 34 | 61.82 | 21 | 38.18");
    assert!(public.notes.iter().any(|note| note.contains("未達 3 人")));
}

#[test]
fn x6_as_worked() {
    let mut book = worked().book();
    let table = internal(&book, Kind::X6);
    // Nothing was found that could be closed in time.
    assert_eq!(
        lines(&table)[0],
        "115 | 2-3 | 高風險弱點1週內修補 | 7日內完成修補之CVSS 7分以上弱點數/其總數 | 75% | - | - | - | X8"
    );
    assert_eq!(lines(&table)[1], "115 | 3-1 | 培訓人數 | 不重複人數 | 50 | 57 | 114.00 | 105 | X1, X2");
    assert!(
        table.notes[0].contains("48+57 = 105") && table.notes[0].contains("扣除後為 105 人"),
        "{}",
        table.notes[0]
    );
    assert_eq!(lines(&table)[2], "115 | 3-2 | 紅藍隊演練或資安檢測 | 案數 | 6 | 2 | 33.33 | 3 | X2");
    assert_eq!(
        lines(&table)[3],
        "115 | 參-二-(四) | 培訓活動女性參與率 | 女性人數/總人數 | 30% | 36.84% | 122.80 | - | X1"
    );
    assert_eq!(
        lines(&table)[4],
        "115 | 性別影響評估 | 任一性別比率 | 各類別較少性別人數/總人數之最低者 | 1/3 | - | - | - | X3"
    );
    // 30 person-times or 30 websites: both stand there, and which one is claimed.
    book.targets.push(Target {
        id: "or".to_owned(),
        item: "1-1".to_owned(),
        title: "演練".to_owned(),
        county: String::new(),
        from: RocYear(114),
        until: None,
        measure: Measure::PersonTimes,
        value: 30,
        or: Some((Measure::Websites, 30)),
        evidence: "X2".to_owned(),
    });
    book.claims.push(Claim { target: "or".to_owned(), second: true, by_hand: Some(31) });
    let lines = lines(&internal(&book, Kind::X6));
    assert_eq!(lines[0], "115 | 1-1 | 演練（未申報） | 人次 | 30 | 68 | 226.67 | 116 | X2");
    assert_eq!(lines[1], "115 | 1-1 | 演練（申報） | 網站數 | 30 | 31 | 103.33 | - | X2");
}

#[test]
fn a_target_holds_from_its_year_until_the_next_one() {
    let of = |id: &str, from: i16, until: Option<i16>, value| Target {
        id: id.to_owned(),
        from: RocYear(from),
        until: until.map(RocYear),
        value,
        ..targets::defaults().remove(0)
    };
    let list = [of("a", 112, None, 50), of("b", 115, Some(116), 60)];
    let value = |year: i16| targets::of_year(&list, RocYear(year)).first().map(|one| one.value);
    assert_eq!(
        [111, 112, 114, 115, 116, 117].map(value),
        [None, Some(50), Some(50), Some(60), Some(60), None]
    );
}

/// People with duties, and their hours of 115 in 523 and 522.
fn duties() -> Book {
    let mut make = Make::default();
    let people = [
        ("許藍圖", "縣政府", Level::B, DutyClass::Dedicated, 12, 0),
        ("莊公文", "稅務局", Level::B, DutyClass::It, 6, 1),
        ("呂差勤", "嵐山鄉公所", Level::D, DutyClass::User, 12, 0),
    ];
    for (category, start) in [("523", "115-03-05 09:00"), ("522", "115-03-06 09:00")] {
        make.session(category, category, Aspect::Technique, start, start, 12);
        make.sessions.last_mut().unwrap().category = category.to_owned();
    }
    for (name, agency, level, class, professional, general) in people {
        make.persons.push(PersonFact {
            id: name.to_owned(),
            name: name.to_owned(),
            staff_no: if agency == "縣政府" { "1" } else { "2" }.to_owned(),
            agency: agency.to_owned(),
            level: Some(level),
            duty: Some(class),
            ..PersonFact::default()
        });
        make.presence("523", name, professional * HOUR, None);
        make.presence("522", name, general * HOUR, None);
    }
    make.book()
}

#[test]
fn x7_as_worked() {
    let book = duties();
    let mut lines = lines(&internal(&book, Kind::X7));
    lines[..3].sort_by_key(|line| ["縣", "稅", "嵐"].iter().position(|first| line.starts_with(first)));
    assert_eq!(
        lines,
        [
            "縣政府 | B | 許○圖 | 資安專職 | 12 專業或職能/年 | 12 | 0 | - | 達成",
            "稅務局 | B | 莊○文 | 資訊人員 | 3 專業/二年 + 3 通識/年 | 6 | 1 | 通識 2 | 未達成",
            "嵐山鄉公所 | D | 呂○勤 | 一般使用者 | 3 通識/年 | 12 | 0 | 通識 3 | 未達成",
            "小計 |  |  | 資安專職 | 1 人應訓 |  |  | 1 人達成 | 100.00",
            "小計 |  |  | 資訊人員 | 1 人應訓 |  |  | 0 人達成 | 0.00",
            "小計 |  |  | 一般使用者 | 1 人應訓 |  |  | 0 人達成 | 0.00",
        ]
    );
    let public = public(&book, Kind::X7);
    assert_eq!(public.rows.len(), 3, "nobody by name");
    assert_eq!(public.rows[0][4], Cell::text("※"));
}

#[test]
fn duty_looks_at_the_rule_of_its_year_and_at_two_years_where_it_says_so() {
    let mut book = duties();
    let done = |book: &Book, year: i16| {
        let (owed, _) = duty::owed(&book.facts, &book.rules, RocYear(year));
        let one = owed.iter().find(|one| one.person.name == "莊公文").unwrap();
        (one.professional_missing(), one.general_missing())
    };
    assert_eq!(
        done(&book, 116),
        (0, 3 * HOUR),
        "professional hours of 115 still count in 116, general ones do not"
    );
    assert_eq!(done(&book, 117), (3 * HOUR, 3 * HOUR));
    let mut rule = book.rules.iter().find(|rule| rule.class == DutyClass::It).unwrap().clone();
    rule.id = "later".to_owned();
    rule.from = RocYear(116);
    rule.general = 1;
    rule.years = 1;
    book.rules.push(rule);
    assert_eq!(done(&book, 115), (0, 2 * HOUR));
    assert_eq!(done(&book, 116), (3 * HOUR, HOUR));
    assert_eq!(masked("王小"), "王○");
    assert_eq!(masked("堃"), "○");
}

#[test]
fn x8_as_specified() {
    let mut book = worked().book();
    let one = |number: &str, cvss: i64, repaired: Option<&str>, result| Finding {
        id: number.to_owned(),
        year: RocYear(115),
        number: number.to_owned(),
        system: "嵐文".to_owned(),
        weakness: "SQL 注入".to_owned(),
        cvss,
        first_ms: at("115-05-12 14:00"),
        repair: "改用參數化查詢".to_owned(),
        repaired_ms: repaired.map(at),
        retest_ms: repaired.map(at),
        result,
    };
    book.findings = vec![
        one("R-01", 98, Some("115-05-19 23:00"), FindingResult::Repaired),
        one("R-02", 70, Some("115-05-20 00:00"), FindingResult::Repaired),
        one("R-03", 69, None, FindingResult::Accepted),
        one("R-04", 39, Some("115-05-13 00:00"), FindingResult::Partly),
    ];
    let table = internal(&book, Kind::X8);
    assert_eq!(
        lines(&table),
        [
            "R-01 | 嵐文 | SQL 注入 | 9.8 | 高 | 115-05-12 | 改用參數化查詢 | 115-05-19 | 115-05-19 | 已修補 | Y",
            "R-02 | 嵐文 | SQL 注入 | 7.0 | 高 | 115-05-12 | 改用參數化查詢 | 115-05-20 | 115-05-20 | 已修補 | N",
            "R-03 | 嵐文 | SQL 注入 | 6.9 | 中 | 115-05-12 | 改用參數化查詢 | - | - | 接受風險 | N",
            "R-04 | 嵐文 | SQL 注入 | 3.9 | 低 | 115-05-12 | 改用參數化查詢 | 115-05-13 | 115-05-13 | 部分 | N",
        ]
    );
    assert!(table.notes[0].contains("1/2 = 50.00%，目標 75%（以整數判定）：未達成"), "{}", table.notes[0]);
    assert!(!lines(&public(&book, Kind::X8)).concat().contains("嵐文"));
}

#[test]
fn public_tables_know_nothing_of_the_others() {
    let book = worked().book();
    assert_eq!(
        lines(&public(&book, Kind::X1)),
        [
            "114 | 48 | 32 | 66.67 | 16 | 33.33 | 200.00 | 達成",
            "115 | 55 | 34 | 61.82 | 21 | 38.18 | 161.90 | 達成",
            "較上年增減 | 7 (14.58%) | 2 | -4.85 百分點 | 5 | 4.85 百分點 | -38.10 | ",
        ]
    );
    // 57 - 34 - 21 = 2: the 57 stands nowhere.
    for kind in Kind::ALL.into_iter().filter(|kind| kind.has(Edition::Public)) {
        let table = public(&book, kind);
        let all = format!("{:?}{:?}", lines(&table), table.note_lines());
        assert!(!all.contains("57") && !all.contains("68"), "{kind:?}: {all}");
    }
}

#[test]
fn every_table_of_nothing_is_a_table() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_code(kind.code()), Some(kind));
        for edition in Edition::ALL {
            let table = Book::default().table(&issue(), kind, RocYear(115), edition, 3);
            let _ = lines(&table);
            assert!(table.title.starts_with("115 年"), "{}", table.title);
        }
    }
}

/// A person's gender as a number, a session and seconds.
fn records() -> impl Strategy<Value = Vec<(u8, u8, i64, bool)>> {
    prop::collection::vec((0_u8..12, 0_u8..5, 0_i64..4, any::<bool>()), 0..40)
}

fn make(list: &[(u8, u8, i64, bool)], genders: &[u8]) -> Make {
    let mut make = Make::default();
    for session in 0..5_u8 {
        let start = format!("115-{:02}-10 09:00", session + 1);
        make.session(&session.to_string(), &session.to_string(), Aspect::Strategy, &start, &start, 3);
    }
    for (person, gender) in genders.iter().enumerate() {
        make.person(&format!("p{person}"), Gender::ALL.get(usize::from(*gender)).copied());
    }
    for (person, session, hours, passed) in list {
        make.presence(&session.to_string(), &format!("p{person}"), hours * HOUR, Some(*passed));
    }
    make
}

proptest! {
    #[test]
    fn parts_make_the_whole_and_order_plays_no_part(
        list in records(),
        genders in prop::collection::vec(0_u8..5, 12),
    ) {
        let one = make(&list, &genders);
        let mut other = make(&list, &genders);
        other.presences.reverse();
        other.persons.reverse();
        other.sessions.reverse();
        let (book, turned) = (one.book(), other.book());
        for kind in Kind::ALL {
            prop_assert_eq!(internal(&book, kind), internal(&turned, kind));
            prop_assert_eq!(public(&book, kind), public(&turned, kind));
        }
        let (facts, apart) = (&book.facts, &book.apart);
        let all = facts.figures(apart, |_| true);
        let months = facts.by_month(apart, RocYear(115));
        prop_assert_eq!(months.values().map(|one| one.seconds).sum::<i64>(), all.seconds);
        prop_assert_eq!(months.values().map(|one| one.times.total()).sum::<i64>(), all.times.total());
        prop_assert_eq!(months.values().map(|one| one.sessions).sum::<i64>(), all.sessions);
        let agencies = facts.by_agency(apart, RocYear(115));
        prop_assert_eq!(agencies.values().map(|one| one.persons.total()).sum::<i64>(), all.persons.total());
        let sessions = facts.by_session(apart, RocYear(115));
        prop_assert_eq!(sessions.values().map(|one| one.times.total()).sum::<i64>(), all.times.total());
        prop_assert!(all.persons.total() <= all.times.total());
        for variable in Variable::ALL {
            let table = internal(&book, Kind::X5(variable));
            let value = |cell: &Cell| if let Cell::Count(count) = cell { *count } else { 0 };
            let (last, rows) = table.rows.split_last().unwrap();
            for column in [1, 2, 4, 6, 8] {
                let sum: i64 = rows.iter().map(|row| value(&row[column])).sum();
                prop_assert_eq!(sum, value(&last[column]));
            }
        }
    }

    /// Two rows of the register that are found to be one person: as many person-times as sessions they were at, and one
    /// person. Taken back, everything is as it was.
    #[test]
    fn merging_joins_and_parting_gives_back(
        list in records(),
        genders in prop::collection::vec(0_u8..5, 12),
    ) {
        let apart = make(&list, &genders).book();
        let merged: Vec<_> =
            list.iter().map(|(person, session, hours, passed)| (if *person == 1 { 0 } else { *person }, *session, *hours, *passed)).collect();
        let joined = make(&merged, &genders).book();
        let people = |book: &Book| book.facts.figures(&book.apart, |_| true).persons.total();
        let came = |book: &Book, id: &str| {
            book.facts.places().iter().any(|place| place.trained() && book.facts.person(place).id == id)
        };
        let both = i64::from(came(&apart, "p0") && came(&apart, "p1"));
        prop_assert_eq!(people(&apart) - people(&joined), both);
        let again = make(&list, &genders).book();
        prop_assert_eq!(internal(&apart, Kind::X2), internal(&again, Kind::X2));
    }

    /// What is printed of one register fits another one that differs in a hidden cell: checked for the whole package by
    /// the totals that stand in several tables.
    #[test]
    fn totals_are_printed_alike_in_every_table_of_the_package(
        list in records(),
        genders in prop::collection::vec(0_u8..5, 12),
    ) {
        let book = make(&list, &genders).book();
        let x1 = public(&book, Kind::X1);
        let year = &x1.rows[0];
        let x2 = public(&book, Kind::X2);
        let distinct = x2.rows.last().unwrap();
        prop_assert_eq!([&year[1], &year[2], &year[4]], [&distinct[6], &distinct[7], &distinct[8]]);
        for variable in Variable::ALL {
            let x5 = public(&book, Kind::X5(variable));
            let total = x5.rows.last().unwrap();
            prop_assert_eq!([&year[1], &year[2], &year[4]], [&total[1], &total[2], &total[4]]);
        }
        let x6 = public(&book, Kind::X6);
        let persons = x6.rows.iter().find(|row| row[1] == Cell::text("3-1")).unwrap();
        if year[1] == Cell::text("※") {
            prop_assert_eq!(&persons[5], &Cell::text("※"));
        }
    }
}
