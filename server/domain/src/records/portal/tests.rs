#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

/// 115-05-12 09:00 and 115-05-13 17:00 in Taipei.
const STARTS: i64 = 1_778_547_600_000;
const ENDS: i64 = 1_778_662_800_000;

fn class() -> Class {
    Class {
        course: "紅藍對抗實作".into(),
        code: "S115-02".into(),
        category: Category::Professional,
        county: "30".into(),
        batch: "1".into(),
        planned: (STARTS, ENDS),
        mode: Mode::Physical,
        digital_seconds: 0,
    }
}

fn learner(staff_no: &str, name: &str, identity: Identity) -> Learner {
    Learner {
        staff_no: staff_no.into(),
        name: name.into(),
        identity: Some(identity),
        seconds: 12 * 3600,
        stayed: (STARTS, ENDS),
        score: Some(88),
        certificate: String::new(),
    }
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(staff_no, number)| ((*staff_no).to_owned(), (*number).to_owned())).collect()
}

#[test]
fn the_worked_row_of_25_columns() {
    let profile = Profile::of("current").unwrap();
    let people = [learner("A01", "許藍圖", Identity::Civil)];
    let numbers = given(&[("A01", "Z100000000")]);
    let lists = lists(&profile, &class(), &people, &numbers, Numbers::Drill, |_| String::new()).unwrap();
    let expected = "Z100000000|紅藍對抗實作|115-05-12|09:00:00|115-05-13|17:00:00|許藍圖|6|523|30|1|12|1|88||||2|0|12|S115-02|115-05-12|09:00:00|115-05-13|17:00:00";
    assert_eq!(lists.files, [[expected.split('|').map(str::to_owned).collect::<Vec<_>>()]]);
    assert_eq!(profile.headings().count(), 25);
    let headings: Vec<&str> = profile.headings().collect();
    assert_eq!(
        headings.join(","),
        "*身分證字號,*課程名稱,*開課起始日期,*開課起始時間,*開課結束日期,*開課結束時間,*姓名,*學位學分,*課程類別代碼,*上課縣市,*期別,*訓練總數,*訓練總數單位,訓練成績,證件字號,出勤上課狀況,生日,*學習性質,*數位時數,*實體時數,課程代碼,*實際上課起始日期,*實際上課起始時間,*實際上課結束日期,*實際上課結束時間"
    );
    assert_eq!(file_name(&class(), 0, 1, Numbers::Drill), "演練資料，勿上傳_研習時數登錄_S115-02.csv");
    assert_eq!(file_name(&class(), 1, 2, Numbers::Real), "研習時數登錄_S115-02_2.csv");
}

#[test]
fn digital_and_other_hours_add_up_to_what_was_attended() {
    let profile = Profile::of("current").unwrap();
    let numbers = given(&[("A01", "Z100000000")]);
    let cells = |mode, digital_seconds| {
        let class = Class { mode, digital_seconds, ..class() };
        let people = [learner("A01", "許藍圖", Identity::Civil)];
        let lists = lists(&profile, &class, &people, &numbers, Numbers::Drill, |_| String::new()).unwrap();
        [11, 17, 18, 19].map(|at: usize| lists.files[0][0][at].clone())
    };
    assert_eq!(cells(Mode::Physical, 0), ["12", "2", "0", "12"]);
    assert_eq!(cells(Mode::Digital, 12 * 3600), ["12", "1", "12", "0"]);
    assert_eq!(cells(Mode::Mixed, 9_000), ["12", "3", "2.5", "9.5"]);
    assert_eq!(cells(Mode::Mixed, 90_000), ["12", "3", "12", "0"], "no more than was attended");
}

/// A printed number of hours in hundredths, with at most two decimals.
fn hundredths(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= 2, "{text}");
    whole.parse::<i64>().unwrap() * 100 + format!("{part:0<2}").parse::<i64>().unwrap()
}

#[test]
fn printed_parts_add_up_to_the_printed_total_for_every_second() {
    for mode in [Mode::Physical, Mode::Digital, Mode::Mixed] {
        for digital_seconds in [0, 1, 17, 18, 19, 1_200, 2_399, 9_000, 36_000] {
            let class = Class { mode, digital_seconds, ..class() };
            for seconds in 0..=36_000 {
                let one = Learner { seconds, ..learner("A01", "許藍圖", Identity::Civil) };
                let cells = [Value::Hours, Value::DigitalHours, Value::PhysicalHours]
                    .map(|value| hundredths(&cell(value, &class, &one, "")));
                assert_eq!(cells[0], cells[1] + cells[2], "{mode:?} {seconds} of them {digital_seconds}");
                assert_eq!(cells[0], Hundredths::hours(seconds).0, "{mode:?} {seconds}");
            }
        }
    }
    // 6000 seconds with 20 digital minutes: 1.67 of them 0.33 and 1.34, where 1.33 rounded alone would lack 0.01.
    let class = Class { mode: Mode::Mixed, digital_seconds: 1_200, ..class() };
    let one = Learner { seconds: 6_000, ..learner("A01", "許藍圖", Identity::Civil) };
    let cells =
        [Value::Hours, Value::DigitalHours, Value::PhysicalHours].map(|value| cell(value, &class, &one, ""));
    assert_eq!(cells, ["1.67", "0.33", "1.34"]);
}

#[test]
fn every_profile_is_read_and_the_old_one_has_19_columns_without_times() {
    for id in Profile::ids() {
        assert_eq!(Profile::of(id).unwrap().id, id);
    }
    let old = Profile::of("v1").unwrap();
    let headings: Vec<&str> = old.headings().collect();
    assert_eq!(headings.len(), 19);
    assert!(headings.iter().all(|heading| !heading.contains("時間") && !heading.contains("實際上課")));
    let at = |heading| headings.iter().position(|one| *one == heading).unwrap();
    assert_eq!(at("*終迄日期"), at("*期別") + 1);
    assert!(Profile::of("v0").is_none());
}

#[test]
fn who_is_no_official_is_listed_and_has_no_row() {
    let mut absent = learner("A05", "甲", Identity::Civil);
    absent.seconds = 0;
    let mut unknown = learner("A06", "乙", Identity::Civil);
    unknown.identity = None;
    let people = [
        learner("A04", "丙", Identity::Student),
        learner("A02", "丁", Identity::Vendor),
        learner("A03", "戊", Identity::Engineer),
        learner("A01", "己", Identity::Contract),
        absent,
        unknown,
    ];
    let numbers = given(&[("A01", "a200000000")]);
    let profile = Profile::of("current").unwrap();
    let lists = lists(&profile, &class(), &people, &numbers, Numbers::Drill, |_| String::new()).unwrap();
    assert_eq!(lists.files.len(), 1);
    assert_eq!(lists.files[0].len(), 1);
    let left: Vec<(&str, &str)> =
        lists.left.iter().map(|(why, one)| (one.staff_no.as_str(), why.words())).collect();
    assert_eq!(
        left,
        [
            ("A02", "非公務人員，不登錄"),
            ("A03", "非公務人員，不登錄"),
            ("A04", "非公務人員，不登錄"),
            ("A05", "未出席，不登錄"),
            ("A06", "身分未填，不登錄"),
        ]
    );
}

#[test]
fn all_faults_are_told_at_once() {
    let people = [
        learner("A01", "許藍圖", Identity::Civil),
        learner("A02", "游錫堃", Identity::Civil),
        learner("A03", "謝測試", Identity::Civil),
        learner("A04", "張示範", Identity::Civil),
    ];
    let numbers = given(&[("A01", "Z100000000"), ("A02", "Z10"), ("A03", "z100000000 ")]);
    let profile = Profile::of("current").unwrap();
    let lacks = |text: &str| text.chars().filter(|c| *c == '堃').collect();
    let faults = lists(&profile, &class(), &people, &numbers, Numbers::Drill, lacks).unwrap_err();
    let told: Vec<(&str, &str)> = faults.iter().map(|one| (one.staff_no.as_str(), one.what.code())).collect();
    assert_eq!(
        told,
        [
            ("A02", "portal_number_form"),
            ("A02", "portal_encoding"),
            ("A03", "portal_twice"),
            ("A04", "portal_no_number")
        ]
    );
    assert_eq!(faults[1].what, What::Encoding { characters: "堃".into(), text: "游錫堃".into() });
}

#[test]
fn more_rows_than_a_file_takes_are_split() {
    let people: Vec<Learner> =
        (0..3001).map(|at| learner(&format!("A{at:04}"), "甲", Identity::Civil)).collect();
    // Numbers whose check digit does not fit, all different.
    let numbers: BTreeMap<String, String> = (0..20_000)
        .map(|at| format!("A1{at:08}"))
        .filter(|number| IdNumber::read(number, Numbers::Drill).is_ok())
        .zip(&people)
        .map(|(number, one)| (one.staff_no.clone(), number))
        .collect();
    let profile = Profile::of("current").unwrap();
    let lists = lists(&profile, &class(), &people, &numbers, Numbers::Drill, |_| String::new()).unwrap();
    assert_eq!(lists.files.iter().map(Vec::len).collect::<Vec<_>>(), [3000, 1]);
}

#[test]
fn numbers_are_checked_by_form_and_digit() {
    // The specimen that the form's own guide prints.
    assert!(IdNumber::read("A123456789", Numbers::Real).is_ok());
    assert_eq!(IdNumber::read("A123456789", Numbers::Drill), Err(NumberError::Living));
    assert_eq!(IdNumber::read("A123456788", Numbers::Real), Err(NumberError::Check));
    for text in ["", "A12345678", "A1234567890", "A323456789", "1A23456789", "Ａ123456789", "A12345678X"] {
        assert_eq!(IdNumber::read(text, Numbers::Real), Err(NumberError::Form), "{text}");
    }
    // Of each ten that differ in the last digit one fits, for citizens and residents.
    for letter in 'A'..='Z' {
        for kind in ["1", "2", "8", "9"] {
            let fit = (0..10).filter(|last| {
                IdNumber::read(&format!("{letter}{kind}0000000{last}"), Numbers::Real).is_ok()
            });
            assert_eq!(fit.count(), 1, "{letter}{kind}");
        }
    }
    assert!(!format!("{:?}", IdNumber::read("A123456789", Numbers::Real)).contains("123456789"));
}

#[test]
fn a_list_of_numbers_is_read_as_pasted_or_as_a_file() {
    let (numbers, wrong) = read_numbers(
        "\u{feff}職員編號,身分證字號\r\nA01,Z100000000\r\n\"A02\"\tZ100000001\n\nA03 Z1 x\nA01,Z100000009\n",
    );
    assert_eq!(numbers["A02"], "Z100000001");
    assert_eq!(wrong, [5, 6], "three words, and another number for A01");
}

#[test]
fn hours_have_no_more_decimals_than_they_need() {
    for (seconds, text) in [(0, "0"), (3600, "1"), (36_000, "10"), (5400, "1.5"), (4500, "1.25")] {
        assert_eq!(hours(Hundredths::hours(seconds)), text);
    }
}
