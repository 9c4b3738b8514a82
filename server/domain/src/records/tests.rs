#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::figures::{self, Attended, Heads, Hundredths, PersonHours};
use super::tables::{ExerciseHeads, person_hours, rule_text, x1_exercise, x1_exercises, x1_years};
use super::*;

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;

fn at(text: &str) -> i64 {
    roc::parse_date_time(text).unwrap()
}

fn stay(source: Source, from: &str, to: Option<&str>) -> Stay {
    Stay::new(source, at(from), to.map(at)).unwrap()
}

fn issue() -> Issue {
    Issue::new("青嵐縣政府數位發展處", RocDate::new(115, 12, 31).unwrap())
}

fn heads(male: i64, female: i64, other: i64, undisclosed: i64, none: i64) -> Heads {
    Heads { male, female, other, undisclosed, none }
}

fn shown(row: &[Cell]) -> Vec<String> {
    row.iter().map(Cell::shown).collect()
}

// ---- dates

#[test]
fn dates_are_written_and_read_as_offices_do() {
    let day = RocDate::new(115, 5, 13).unwrap();
    assert_eq!(day.to_string(), "115-05-13");
    assert_eq!(day.with_weekday(), "115-05-13（三）");
    assert_eq!(day.chinese(), "115 年 5 月 13 日");
    for text in [
        "115-05-13",
        "115/5/13",
        "115.05.13",
        "115 年 5 月 13 日",
        "民國115年05月13日",
        "中華民國 115 年 5 月 13 日",
        "１１５－０５－１３",
        "2026-05-13",
        " 2026/5/13 ",
    ] {
        assert_eq!(RocDate::parse(text), Ok(day), "{text}");
    }
    for text in [
        "",
        "115",
        "115-05",
        "115-05-13-1",
        "115年5月13",
        "年月日",
        "05-13",
        "１１５－０５－１３x",
        "115-5/13",
        "115-+5-13",
    ] {
        assert!(matches!(RocDate::parse(text), Err(roc::RocError::Form(_))), "{text}");
    }
    for text in ["115-02-29", "115-13-01", "0-01-01", "1911-12-31", "115-00-10", "0000-01-01"] {
        assert!(matches!(RocDate::parse(text), Err(roc::RocError::NoSuchDay(_))), "{text}");
    }
    assert_eq!(RocDate::parse("113-02-29").unwrap().to_string(), "113-02-29");
    assert_eq!(RocDate::new(99, 1, 1).unwrap().to_string(), "099-01-01");
    assert_eq!(RocDate::of_ms(i64::MIN).year().to_string().chars().next(), Some('前'));
}

#[test]
fn times_are_taipei_whatever_the_server_thinks() {
    // The 27th 16:30 UTC is the 28th in Taipei, so the person is on the list of the 28th.
    let check_in = 1_795_797_000_000;
    assert_eq!(roc::date_time(check_in), "115-11-28 00:30:00");
    assert_eq!(roc::date_time_weekday(check_in), "115-11-28（六）00:30");
    assert_eq!(roc::form_value(check_in), "2026-11-28T00:30");
    for text in ["2026-11-28T00:30", "2026-11-28T00:30:00", "115-11-28 00:30", "115 年 11 月 28 日 00:30"]
    {
        assert_eq!(roc::parse_date_time(text), Ok(check_in), "{text}");
    }
    assert_eq!(RocDate::of_ms(check_in).start_ms(), check_in - 30 * MINUTE);
    // A time of day alone would not say which midnight.
    for text in ["00:30", "T00:30", "115-11-28", "115-11-28 0:5:", "115-11-28 00:30:00:00", "115-11-28 -1:30"]
    {
        assert!(roc::parse_date_time(text).is_err(), "{text}");
    }
    assert!(matches!(roc::parse_date_time("115-11-28 24:00"), Err(roc::RocError::NoSuchDay(_))));
    let last = at("115-12-31 23:59:59");
    assert_eq!((RocYear::of_ms(last), RocYear::of_ms(last + 1000)), (RocYear(115), RocYear(116)));
}

// ---- attendance

#[test]
fn night_exercise_is_clipped_and_booked_to_the_day_it_began() {
    let session =
        Session { start_ms: at("115-11-28 22:00"), end_ms: Some(at("115-11-29 02:00")), pauses: vec![] };
    let stays = [stay(Source::SignIn, "115-11-28 21:55", Some("115-11-29 02:10"))];
    let got = attendance(&session, &stays, Rule::default(), at("115-12-01 00:00"));
    assert_eq!(Hundredths::hours(got.seconds).to_string(), "4.00");
    assert_eq!(session.booked_on().to_string(), "115-11-28");
    assert!(got.review.is_empty());
}

#[test]
fn new_years_eve_belongs_to_the_old_year_and_months_make_the_year() {
    let november = at("115-11-28 22:00");
    let eve = at("115-12-31 22:00");
    let rows: Vec<Attended> =
        [("a", november, 4 * 3600), ("b", eve, 4 * 3600), ("c", at("116-01-01 02:00"), 0)]
            .map(|(exercise, began_ms, seconds)| Attended {
                person: "p".into(),
                exercise: exercise.into(),
                began_ms,
                seconds,
            })
            .to_vec();
    let months = figures::seconds_by_month(&rows);
    assert_eq!(months, BTreeMap::from([((RocYear(115), 11), 4 * 3600), ((RocYear(115), 12), 4 * 3600)]));
    let year: i64 = months.iter().filter(|((year, _), _)| *year == RocYear(115)).map(|(_, s)| s).sum();
    assert_eq!(year, figures::counts(&rows).seconds);
    assert_eq!(figures::heads_by_year(&rows, &BTreeMap::new()).keys().collect::<Vec<_>>(), [&RocYear(115)]);
}

#[test]
fn out_before_in_is_refused_and_open_stays_are_reviewed() {
    assert_eq!(Stay::new(Source::SignIn, 1000, Some(999)), Err(StayError { in_ms: 1000, out_ms: 999 }));
    let mut session =
        Session { start_ms: at("115-05-13 09:00"), end_ms: Some(at("115-05-13 12:00")), pauses: vec![] };
    let stays = [
        stay(Source::SignIn, "115-05-13 10:00", None),
        stay(Source::Seat, "115-05-13 11:00", None),
        // Began after the end: nothing, and no reason to look.
        stay(Source::SignIn, "115-05-13 13:00", None),
    ];
    let got = attendance(&session, &stays, Rule::default(), at("115-05-14 09:00"));
    assert_eq!(got.seconds, 2 * 3600);
    assert_eq!(
        got.review,
        [
            Review::NotSignedOut { in_ms: at("115-05-13 10:00") },
            Review::SeatLeftOpen { in_ms: at("115-05-13 11:00") }
        ]
    );
    // While it runs, an open stay is normal and counts up to now.
    session.end_ms = None;
    let got = attendance(&session, &stays[..1], Rule::default(), at("115-05-13 10:30"));
    assert_eq!((got.seconds, got.review.len()), (1800, 0));
    // A clock before the start gives nothing, never a negative number.
    assert_eq!(attendance(&session, &stays[..1], Rule::default(), at("115-05-13 08:00")).seconds, 0);
}

#[test]
fn sources_are_a_union_and_pauses_count_for_nobody() {
    let session = Session {
        start_ms: at("115-05-13 09:00"),
        end_ms: Some(at("115-05-13 12:00")),
        pauses: vec![
            Pause { start_ms: at("115-05-13 10:00"), end_ms: Some(at("115-05-13 10:20")) },
            // Ended while paused.
            Pause { start_ms: at("115-05-13 11:50"), end_ms: None },
        ],
    };
    let seat = stay(Source::Seat, "115-05-13 09:30", Some("115-05-13 11:00"));
    let sheet = stay(Source::SignIn, "115-05-13 08:50", Some("115-05-13 12:05"));
    let mark = stay(Source::Mark, "115-05-13 09:00", Some("115-05-13 10:00"));
    let count = |stays: &[Stay]| attendance(&session, stays, Rule::default(), 0).seconds / 60;
    assert_eq!(count(&[seat]), 70);
    assert_eq!(count(&[seat, seat, mark]), 100);
    assert_eq!(count(&[sheet, seat, mark]), 150);
    // A reconnecting seat was not left; the same gap on the sheet is a gap.
    let pieces = |source| {
        [
            stay(source, "115-05-13 09:00", Some("115-05-13 09:10")),
            stay(source, "115-05-13 09:15", Some("115-05-13 09:20")),
            stay(source, "115-05-13 09:26", Some("115-05-13 09:30")),
        ]
    };
    assert_eq!(count(&pieces(Source::Seat)), 24);
    assert_eq!(count(&pieces(Source::SignIn)), 19);
    assert!(rule_text(Rule::default()).contains("5 分鐘"));
}

// ---- figures and tables

#[test]
fn x1_of_the_domain_paper_to_the_digit() {
    let years = BTreeMap::from([
        (RocYear(114), heads(32, 16, 0, 0, 0)),
        (RocYear(115), heads(34, 21, 1, 1, 0)),
        (RocYear(116), heads(1, 1, 0, 0, 0)),
    ]);
    let table = x1_years(&issue(), RocYear(115), &years, &[]);
    let head: Vec<&str> = table.columns.iter().map(|column| column.zh.as_str()).collect();
    assert_eq!(
        head,
        [
            "年度",
            "總計",
            "男",
            "%",
            "女",
            "%",
            "其他",
            "%",
            "不願透露",
            "%",
            "性比例(女=100)",
            "女性參與率>=30%"
        ]
    );
    assert_eq!(
        table.rows.iter().map(|row| shown(row)).collect::<Vec<_>>(),
        [
            ["114", "48", "32", "66.67", "16", "33.33", "-", "-", "-", "-", "200.00", "達成"],
            ["115", "57", "34", "59.65", "21", "36.84", "1", "1.75", "1", "1.75", "161.90", "達成"],
            [
                "較上年增減",
                "9 (18.75%)",
                "2",
                "-7.02 百分點",
                "5",
                "3.51 百分點",
                "1",
                "1.75",
                "1",
                "1.75",
                "-38.10",
                ""
            ],
        ]
    );
    assert_eq!(table.title, "115 年參訓人員性別統計表");
    assert_eq!(table.unit, "單位：人；%");
    let notes = table.note_lines();
    assert_eq!(notes[0], "說明：1.本表以人數計，同一人於同年度參加多場次僅計一次。");
    assert_eq!(notes[1], "2.「-」表無數值。");
    assert_eq!(notes[2], "3.因四捨五入，細數之和與總計可能不等（本例 99.99）。");
    assert_eq!(table.source, "資料來源：青嵐縣政府數位發展處演訓登錄資料，統計至 115 年 12 月 31 日。");
    assert_eq!(table.file_name("ods"), "性別統計表_115年.ods");
    assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
}

#[test]
fn nobody_stated_is_a_column_and_rows_add_up() {
    // 12 people: 6, 3, 1 and two who left it blank.
    let heads = heads(6, 3, 1, 0, 2);
    assert_eq!(heads.total(), 12);
    assert_eq!(heads.female_of_all().unwrap().to_string(), "25.00");
    assert_eq!(heads.female_of_stated().unwrap().to_string(), "30.00");
    assert_eq!(heads.female_of_binary().unwrap().to_string(), "33.33");
    assert_eq!(heads.female_at_least(30), Some(false));
    let table = x1_exercise(
        &issue(),
        &ExerciseHeads { title: "青嵐縣入口網".into(), began_ms: at("115-05-13 09:00"), heads },
        &[],
    );
    assert_eq!(
        shown(&table.rows[0]),
        [
            "青嵐縣入口網",
            "12",
            "6",
            "50.00",
            "3",
            "25.00",
            "1",
            "8.33",
            "-",
            "-",
            "2",
            "16.67",
            "200.00",
            "未達成"
        ]
    );
    let all = table.note_lines().join("\n");
    assert!(all.contains("占全體 25.00%（3/12）") && all.contains("占已表明性別者 30.00%（3/10）"), "{all}");
    assert_eq!(table.title, "115 年「青嵐縣入口網」參訓人員性別統計表");
    assert_eq!(table.file_name("csv"), "性別統計表_115年_青嵐縣入口網.csv");
}

#[test]
fn empty_and_one_sided_groups_print_no_nonsense() {
    let none = x1_years(&issue(), RocYear(115), &BTreeMap::new(), &[]);
    assert_eq!(
        none.rows.iter().map(|row| shown(row)).collect::<Vec<_>>(),
        [["115", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"]]
    );
    let men = x1_years(&issue(), RocYear(115), &BTreeMap::from([(RocYear(115), heads(3, 0, 0, 0, 0))]), &[]);
    assert_eq!(
        shown(&men.rows[0]),
        ["115", "3", "3", "100.00", "-", "-", "-", "-", "-", "-", "--", "未達成"]
    );
    assert!(men.note_lines()[1].contains("「--」"));
    assert!(!men.note_lines()[2].contains("本例"));
    // A year whose predecessor is missing has nothing to be compared with.
    let gap = BTreeMap::from([(RocYear(113), heads(1, 1, 0, 0, 0)), (RocYear(115), heads(1, 1, 0, 0, 0))]);
    assert_eq!(x1_years(&issue(), RocYear(115), &gap, &[]).rows.len(), 2);
    // Fewer than before: minus signs, in every kind of cell.
    let fall = BTreeMap::from([(RocYear(114), heads(3, 4, 1, 0, 0)), (RocYear(115), heads(3, 1, 0, 0, 0))]);
    assert_eq!(
        shown(&x1_years(&issue(), RocYear(115), &fall, &[]).rows[2]),
        [
            "較上年增減",
            "-4 (-50.00%)",
            "0",
            "37.50 百分點",
            "-3",
            "-25.00 百分點",
            "-1",
            "-12.50",
            "-",
            "-",
            "225.00",
            ""
        ]
    );
}

#[test]
fn targets_are_judged_by_integers() {
    assert_eq!(heads(7, 3, 0, 0, 0).female_at_least(30), Some(true));
    // 29.9988 % prints as 30.00 and still misses.
    let close = heads(58_334, 25_000, 0, 0, 0);
    assert_eq!(close.female_of_all().unwrap().to_string(), "30.00");
    assert_eq!(close.female_at_least(30), Some(false));
    assert_eq!(Heads::default().female_at_least(30), None);
    assert_eq!(Hundredths::share(1, 3).unwrap().to_string(), "33.33");
    assert_eq!(Hundredths::share(1, 800).unwrap().to_string(), "0.13");
    assert_eq!(Hundredths::share(-1, 800).unwrap().to_string(), "-0.13");
    assert_eq!(Hundredths::share(1, 0), None);
    assert_eq!(Cell::Count(-1_234_567).shown(), "-1,234,567");
    assert_eq!(Cell::Decimal(Hundredths(123_456)).shown(), "1,234.56");
    assert_eq!(Cell::Decimal(Hundredths(123_456)).plain(), "1234.56");
    assert_eq!(Cell::Decimal(Hundredths(-5)).shown(), "-0.05");
}

#[test]
fn hours_are_rounded_once_from_the_sum() {
    let person = |name: &str, seconds| PersonHours {
        agency: "縣政府".into(),
        staff_number: format!("Q{name}"),
        name: name.into(),
        seconds,
        review: false,
        withdrawn: false,
    };
    let three = [person("1", 1200), person("2", 1200), PersonHours { withdrawn: true, ..person("3", 1200) }];
    let table = person_hours(&issue(), "夜間演練", at("115-12-31 22:00"), Rule::default(), &three);
    assert_eq!(shown(&table.rows[0])[4], "0.33");
    assert_eq!(shown(&table.rows[3]), ["合計", "", "", "3 人", "1.00", ""]);
    assert_eq!(shown(&table.rows[2])[5], "已退出，時數保留");
    assert_eq!(table.file_name("ods"), "人時統計表_115年_夜間演練.ods");
    // 8 h 18 min has one notation.
    assert_eq!(Hundredths::hours(8 * 3600 + 18 * 60).to_string(), "8.30");
    let absent = person_hours(&issue(), "x", 0, Rule::default(), &[person("1", 0)]);
    assert_eq!(shown(&absent.rows[0])[4..], ["-", "未出席"]);
    assert_eq!(shown(&absent.rows[1])[3..5], ["0 人", "-"]);
}

#[test]
fn persons_and_person_times_are_not_mixed() {
    let row = |person: &str, exercise: &str, seconds| Attended {
        person: person.into(),
        exercise: exercise.into(),
        began_ms: at("115-05-13 09:00"),
        seconds,
    };
    // Five people, eight attendances, one who never came.
    let rows = [
        row("a", "1", 60),
        row("a", "2", 60),
        row("b", "1", 60),
        row("b", "2", 60),
        row("c", "1", 60),
        row("c", "2", 60),
        row("d", "1", 60),
        row("e", "2", 60),
        row("f", "2", 0),
    ];
    let counts = figures::counts(&rows);
    assert_eq!((counts.persons, counts.person_times, counts.seconds), (5, 8, 480));
    let genders = BTreeMap::from([("a".to_owned(), Gender::Female), ("f".to_owned(), Gender::Male)]);
    assert_eq!(figures::heads(&rows, &genders), heads(0, 1, 0, 0, 4));
    let by_exercise = figures::heads_by_exercise(&rows, &genders);
    let list: Vec<ExerciseHeads> = by_exercise
        .iter()
        .map(|(id, heads)| ExerciseHeads { title: id.clone(), began_ms: 0, heads: *heads })
        .collect();
    let table = x1_exercises(&issue(), RocYear(115), &list, &figures::heads(&rows, &genders), &[]);
    let totals: Vec<String> = table.rows.iter().map(|row| row[1].shown()).collect();
    assert_eq!(totals, ["4", "4", "5"]);
    assert_eq!(table.rows[2][0], Cell::text("不重複人數"));
}

#[test]
fn genders_are_read_but_never_guessed() {
    for (text, gender) in [
        ("男", Some(Gender::Male)),
        (" Male ", Some(Gender::Male)),
        ("Ｆ", Some(Gender::Female)),
        ("女性", Some(Gender::Female)),
        ("其他", Some(Gender::Other)),
        ("不願透露", Some(Gender::Undisclosed)),
        ("n", Some(Gender::Undisclosed)),
        ("　", None),
        ("", None),
    ] {
        assert_eq!(Gender::read(text), Ok(gender), "{text}");
    }
    for text in ["1", "2", "女士", "x", "先生", "-"] {
        assert!(Gender::read(text).is_err(), "{text}");
    }
    for gender in Gender::ALL {
        assert_eq!(Gender::from_code(gender.code()), Some(gender));
        assert_eq!(serde_json::to_string(&gender).unwrap(), format!("\"{}\"", gender.code()));
    }
}

#[test]
fn file_parts_are_safe_names() {
    assert_eq!(table::file_part("../a/b:c\n"), "－a－b－c");
    assert_eq!(table::file_part("\u{202e}春季 演練"), "春季_演練");
    assert_eq!(table::file_part(&"長".repeat(100)).chars().count(), 40);
}

// ---- properties

fn interval() -> impl Strategy<Value = Interval> {
    (-50_i64..50, 0_i64..30).prop_map(|(start, length)| Interval::new(start, start + length).unwrap())
}

fn brute(set: &IntervalSet) -> Vec<i64> {
    (-100..100)
        .filter(|at| set.stretches().iter().any(|one| one.start_ms() <= *at && *at < one.end_ms()))
        .collect()
}

proptest! {
    #[test]
    fn union_ignores_order_and_never_exceeds_the_sum(
        list in prop::collection::vec(interval(), 0..12),
        seed in any::<prop::sample::Index>(),
    ) {
        let set = IntervalSet::union(list.iter().copied());
        let mut turned = list.clone();
        if !turned.is_empty() {
            let by = seed.index(turned.len());
            turned.rotate_left(by);
            turned.reverse();
        }
        prop_assert_eq!(&set, &IntervalSet::union(turned));
        prop_assert!(set.total_ms() <= list.iter().map(|one| one.length_ms()).sum());
        prop_assert_eq!(i64::try_from(brute(&set).len()).unwrap(), set.total_ms());
        for pair in set.stretches().windows(2) {
            prop_assert!(pair[0].end_ms() < pair[1].start_ms());
        }
    }

    #[test]
    fn subtract_and_clip_are_what_they_say(
        left in prop::collection::vec(interval(), 0..8),
        right in prop::collection::vec(interval(), 0..8),
        window in interval(),
    ) {
        let (a, b) = (IntervalSet::union(left), IntervalSet::union(right));
        let rest = a.subtract(&b);
        let expected: Vec<i64> = brute(&a).into_iter().filter(|at| !brute(&b).contains(at)).collect();
        prop_assert_eq!(brute(&rest), expected);
        let cut = a.clip(window);
        let expected: Vec<i64> =
            brute(&a).into_iter().filter(|at| window.start_ms() <= *at && *at < window.end_ms()).collect();
        prop_assert_eq!(brute(&cut), expected);
        // The parts on both sides of a cut make the whole.
        let all = IntervalSet::union([window]);
        prop_assert_eq!(cut.total_ms() + a.subtract(&all).total_ms(), a.total_ms());
    }

    #[test]
    fn attendance_ignores_order_and_stays_within_the_run(
        noted in prop::collection::vec((0_i64..8, 0_i64..4, any::<bool>(), 0_u8..3), 0..8),
        pauses in prop::collection::vec((0_i64..8, 0_i64..3), 0..4),
    ) {
        let stays: Vec<Stay> = noted.iter().map(|(start, length, open, source)| {
            let source = [Source::Seat, Source::SignIn, Source::Mark][usize::from(*source)];
            Stay::new(source, start * HOUR, (!open).then_some((start + length) * HOUR)).unwrap()
        }).collect();
        let session = Session {
            start_ms: 2 * HOUR,
            end_ms: Some(7 * HOUR),
            pauses: pauses.iter().map(|(start, length)| Pause {
                start_ms: start * HOUR, end_ms: Some((start + length) * HOUR),
            }).collect(),
        };
        let got = attendance(&session, &stays, Rule::default(), 0);
        let mut turned = stays.clone();
        turned.reverse();
        prop_assert_eq!(&got, &attendance(&session, &turned, Rule::default(), 0));
        prop_assert!((0..=5 * 3600).contains(&got.seconds));
        let without = Session { pauses: vec![], ..session };
        prop_assert!(got.seconds <= attendance(&without, &stays, Rule::default(), 0).seconds);
    }

    #[test]
    fn every_grouping_gives_the_same_total(
        list in prop::collection::btree_map((0_u8..6, 0_u8..4), (0_i64..100_000, 0_u8..5), 0..24),
    ) {
        let rows: Vec<Attended> = list.iter().map(|((person, exercise), (seconds, _))| Attended {
            person: person.to_string(),
            exercise: exercise.to_string(),
            began_ms: at("115-11-28 22:00") + i64::from(*exercise) * 24 * HOUR * 20,
            seconds: *seconds,
        }).collect();
        let genders: BTreeMap<String, Gender> = list.iter()
            .filter_map(|((person, _), (_, g))| Gender::ALL.get(usize::from(*g)).map(|g| (person.to_string(), *g)))
            .collect();
        let counts = figures::counts(&rows);
        prop_assert_eq!(figures::seconds_by_month(&rows).values().sum::<i64>(), counts.seconds);
        let all = figures::heads(&rows, &genders);
        prop_assert_eq!(all.total(), counts.persons);
        let exercises = figures::heads_by_exercise(&rows, &genders);
        prop_assert_eq!(exercises.values().map(Heads::total).sum::<i64>(), counts.person_times);
        // Each row of the table adds up to its total, whoever left the field blank.
        let table = x1_years(&issue(), RocYear(115), &figures::heads_by_year(&rows, &genders), &[]);
        for row in table.rows.iter().filter(|row| row[0] != Cell::text("較上年增減")) {
            let value = |cell: &Cell| if let Cell::Count(count) = cell { *count } else { 0 };
            let parts: i64 = (2..row.len() - 2).step_by(2).map(|index| value(&row[index])).sum();
            prop_assert_eq!(parts, value(&row[1]));
        }
        let mut turned = rows.clone();
        turned.reverse();
        prop_assert_eq!(figures::heads_by_year(&turned, &genders), figures::heads_by_year(&rows, &genders));
    }
}
