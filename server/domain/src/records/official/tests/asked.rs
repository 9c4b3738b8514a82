//! What the year's targets ask for, in the tables that judge by them.

use super::*;

/// A target with this measure from a year on, in place of the programme's own.
fn asks(item: &str, from: i16, measure: Measure, value: i64) -> Target {
    let own = targets::defaults().remove(0);
    let id = format!("{item}-{from}");
    Target { id, item: item.to_owned(), from: RocYear(from), measure, value, ..own }
}

#[test]
fn x1_judges_each_year_by_its_own_target_in_both_editions() {
    let mut book = worked().book();
    // 21 of 57 are 36.84 per cent: enough for 30 and for 35, and not for 37.
    for (value, verdict) in [(35, "達成"), (37, "未達成")] {
        book.targets.retain(|one| one.measure != Measure::FemaleShare);
        book.targets.push(asks("參-二-(四)", 112, Measure::FemaleShare, value));
        for table in [internal(&book, Kind::X1), public(&book, Kind::X1)] {
            let heading = &table.columns.last().unwrap().zh;
            assert_eq!(heading, &format!("女性參與率>={value}%"));
            assert_eq!(table.rows[1].last().unwrap().shown(), verdict, "{}", table.title);
        }
        let x1 = internal(&book, Kind::X1).note_lines().join("");
        assert!(x1.contains(&format!("100×21 與 {value}×57 相比")), "{x1}");
        let share =
            standings(&book, RocYear(115)).into_iter().find(|one| one.measure == Measure::FemaleShare);
        assert_eq!(share.unwrap().reached, Some(verdict == "達成"), "X6 says the same");
    }
    // From this year on more is asked: the year before keeps its own verdict, and each row says by what.
    book.targets.retain(|one| one.measure != Measure::FemaleShare);
    book.targets.push(asks("參-二-(四)", 112, Measure::FemaleShare, 30));
    book.targets.push(asks("參-二-(四)", 115, Measure::FemaleShare, 37));
    for table in [internal(&book, Kind::X1), public(&book, Kind::X1)] {
        assert_eq!(table.columns.last().unwrap().zh, "女性參與率達年度目標");
        let verdicts: Vec<String> =
            table.rows.iter().take(2).map(|row| row.last().unwrap().shown()).collect();
        assert_eq!(verdicts, ["達成（>=30%）", "未達成（>=37%）"]);
    }
    // A county's own target is not the programme's, and without any the programme's 30 hold.
    book.targets =
        vec![Target { county: "青嵐縣".to_owned(), ..asks("x", 112, Measure::FemaleShare, 90) }];
    assert_eq!(internal(&book, Kind::X1).columns.last().unwrap().zh, "女性參與率>=30%");
}

#[test]
fn x3_and_its_texts_are_judged_by_the_years_target() {
    let mut make = worked();
    make.part(Standing::Planner, 2, 1);
    make.part(Standing::Staff, 14, 8);
    make.part(Standing::Contractor, 6, 3);
    make.part(Standing::Trainer, 5, 1);
    let mut book = make.book();
    let verdicts = |book: &Book| -> Vec<String> {
        internal(book, Kind::X3).rows.iter().map(|row| row.last().unwrap().shown()).collect()
    };
    let heading = |book: &Book| internal(book, Kind::X3).columns.last().unwrap().zh.clone();
    assert_eq!(heading(&book), "任一性別不少於 1/3");
    assert_eq!(lacks_reason(&book, RocYear(115)), [Standing::Trainer]);
    let x6 = lines(&internal(&book, Kind::X6));
    assert_eq!(
        x6[4],
        "115 | 性別影響評估 | 任一性別比率 | 各類別較少性別人數/總人數之最低者 | 1/3 | 16.67% | 50.01 | - | X3"
    );
    // 1 of 3, 8 of 22, 3 of 9 and 1 of 6.
    for (measure, value, name, short) in [
        (Measure::EitherPart, 6, "1/6", 0),
        (Measure::EitherShare, 40, "40%", 4),
        (Measure::EitherShare, 34, "34%", 3),
        (Measure::EitherShare, 33, "33%", 1),
    ] {
        book.targets.retain(|one| one.item != "性別影響評估");
        book.targets.push(asks("性別影響評估", 112, measure, value));
        assert_eq!(heading(&book), format!("任一性別不少於 {name}"));
        assert_eq!(public(&book, Kind::X3).columns.last().unwrap().zh, format!("任一性別不少於 {name}"));
        assert!(internal(&book, Kind::X3).notes[0].contains(name));
        let missed = verdicts(&book).iter().filter(|one| one.starts_with("未符合")).count();
        assert_eq!((missed, lacks_reason(&book, RocYear(115)).len()), (short, short), "{name}");
        let all = standings(&book, RocYear(115)).into_iter().find(|one| one.measure == measure).unwrap();
        assert_eq!(all.reached, Some(short == 0), "X6 says the same");
        assert_eq!(all.actual.unwrap().plain(), "16.67");
    }
}

#[test]
fn x6_prints_hours_with_two_decimals_as_every_other_table() {
    let mut make = worked();
    // 636 hours and 29 minutes.
    make.presence("S115-02", "m32", 12 * HOUR + 29 * 60, Some(true));
    let mut book = make.book();
    let seconds = book.facts.figures(&book.apart, |session| session.year() == RocYear(115)).seconds;
    assert!(seconds % 3600 != 0, "{seconds}");
    let printed = Hundredths::hours(seconds).to_string();
    for (value, reached) in [(seconds / 3600, true), (seconds / 3600 + 1, false)] {
        book.targets = vec![asks("1-1", 115, Measure::PersonHours, value)];
        let row = lines(&internal(&book, Kind::X6)).remove(0);
        let cells: Vec<&str> = row.split(" | ").collect();
        assert_eq!((cells[5], cells[7]), (printed.as_str(), printed.as_str()), "{row}");
        let one = &standings(&book, RocYear(115))[0];
        assert_eq!((one.reached, one.actual.unwrap().plain()), (Some(reached), printed.clone()));
        assert!(
            internal(&book, Kind::X2)
                .rows
                .iter()
                .any(|row| row.contains(&Cell::Decimal(Hundredths::hours(seconds))))
        );
    }
}

#[test]
fn x8_is_judged_by_the_years_target() {
    let one = |number: &str, repaired: &str| Finding {
        id: number.to_owned(),
        year: RocYear(115),
        number: number.to_owned(),
        system: "嵐文".to_owned(),
        weakness: "SQL 注入".to_owned(),
        cvss: 98,
        first_ms: at("115-05-12 00:00"),
        repair: String::new(),
        repaired_ms: Some(at(repaired)),
        retest_ms: Some(at(repaired)),
        result: FindingResult::Repaired,
    };
    let findings = vec![one("R-01", "115-05-19 00:00"), one("R-02", "115-05-20 00:00")];
    for (value, verdict) in [(50, "：達成"), (51, "：未達成")] {
        let targets = vec![asks("2-3", 112, Measure::GraveClosed, value)];
        let book = Book { targets, findings: findings.clone(), ..Book::default() };
        for table in [internal(&book, Kind::X8), public(&book, Kind::X8)] {
            let note = &table.notes[0];
            assert!(note.contains(&format!("目標 {value}%（以整數判定）{verdict}")), "{note}");
        }
        let one = &standings(&book, RocYear(115))[0];
        assert_eq!((one.actual.unwrap().plain().as_str(), one.reached), ("50.00", Some(value == 50)));
    }
}

#[test]
fn what_is_asked_is_within_reason() {
    for measure in Measure::ALL {
        assert!(measure.range().contains(&50), "{measure:?}");
        assert!(!measure.range().contains(&0));
        assert_eq!(measure.is_share(), !measure.range().contains(&101), "{measure:?}");
    }
    assert_eq!(Measure::EitherPart.asked(3), Cell::text("1/3"));
    assert_eq!(Measure::PersonHours.asked(3), Cell::Count(3));
}
