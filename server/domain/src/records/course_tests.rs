//! Tests of courses: who was there, how long, and what that comes to.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::records::roc::parse_date_time;

fn at(text: &str) -> i64 {
    parse_date_time(text).unwrap()
}

fn half(from: &str, to: &str) -> Interval {
    Interval::new(at(from), at(to)).unwrap()
}

fn day() -> Vec<Interval> {
    vec![half("115-03-05 09:00", "115-03-05 12:00"), half("115-03-05 13:30", "115-03-05 16:30")]
}

fn stay(from: &str, to: &str) -> ClassStay {
    ClassStay { in_ms: at(from), out_ms: Some(at(to)) }
}

fn later(text: &str) -> i64 {
    at(text) + 86_400_000
}

fn attend(stays: &[ClassStay]) -> ClassAttendance {
    class_attendance(&day(), 10, stays, later("115-03-05 16:30"))
}

#[test]
fn the_break_does_not_count_and_ten_minutes_late_still_do() {
    let whole = attend(&[stay("115-03-05 08:40", "115-03-05 17:00")]);
    assert_eq!((whole.seconds, whole.halves.as_slice()), (6 * 3600, [HalfDay::Present; 2].as_slice()));
    let late = attend(&[stay("115-03-05 09:10", "115-03-05 17:00")]);
    assert_eq!((late.seconds, late.halves[0]), (6 * 3600 - 600, HalfDay::Present));
    let mut later = stay("115-03-05 09:10", "115-03-05 17:00");
    later.in_ms += 1;
    let later = attend(&[later]);
    assert_eq!(
        (later.seconds, later.halves[0], later.halves[1]),
        (3 * 3600, HalfDay::Late, HalfDay::Present)
    );
}

#[test]
fn leaving_early_costs_that_half_day_alone() {
    let in_time = attend(&[stay("115-03-05 09:00", "115-03-05 16:20")]);
    assert_eq!((in_time.seconds, in_time.halves[1]), (6 * 3600 - 600, HalfDay::Present));
    let early = attend(&[stay("115-03-05 09:00", "115-03-05 16:19")]);
    assert_eq!((early.seconds, early.halves[1]), (3 * 3600, HalfDay::Early));
    let none = attend(&[]);
    assert_eq!((none.seconds, none.halves.as_slice()), (0, [HalfDay::Absent; 2].as_slice()));
}

#[test]
fn marks_of_several_sources_are_joined_in_any_order() {
    let stays = [
        stay("115-03-05 09:00", "115-03-05 10:30"),
        stay("115-03-05 10:00", "115-03-05 12:00"),
        stay("115-03-05 09:30", "115-03-05 11:00"),
    ];
    let mut turned = stays;
    turned.reverse();
    assert_eq!(attend(&stays).seconds, 3 * 3600);
    assert_eq!(attend(&stays), attend(&turned));
    // A walk out in between is no attendance and no absence.
    let walk =
        attend(&[stay("115-03-05 09:00", "115-03-05 10:00"), stay("115-03-05 10:30", "115-03-05 12:00")]);
    assert_eq!((walk.seconds, walk.halves[0]), (9000, HalfDay::Present));
}

#[test]
fn a_session_that_is_an_exercise_counts_both_rules_once() {
    let now_ms = later("115-03-05 16:30");
    let both = |stays: &[ClassStay], exercise: &[Interval]| {
        let exercise = IntervalSet::union(exercise.iter().copied());
        let both = session_attendance(&day(), 10, stays, Some(&exercise), now_ms);
        assert_eq!(both.seconds, both.counted.seconds());
        both.seconds
    };
    let morning = stay("115-03-05 09:00", "115-03-05 12:00");
    assert_eq!(both(&[morning], &[]), 3 * 3600);
    assert_eq!(
        both(&[], &[half("115-03-05 12:10", "115-03-05 12:20")]),
        600,
        "the exercise has no half-days"
    );
    assert_eq!(both(&[morning], &[half("115-03-05 11:00", "115-03-05 12:20")]), 3 * 3600 + 1200);
    // Too late for the class, and in the seat.
    let late = stay("115-03-05 10:00", "115-03-05 12:00");
    assert_eq!(both(&[late], &[half("115-03-05 11:00", "115-03-05 12:00")]), 3600);
    // Any other session is a class alone.
    let alone = session_attendance(&day(), 10, &[morning], None, now_ms);
    assert_eq!(alone, attend(&[morning]));
}

#[test]
fn who_did_not_sign_out_was_there_to_the_end_of_that_half_day() {
    let stays = [ClassStay { in_ms: at("115-03-05 08:55"), out_ms: None }];
    let after = attend(&stays);
    assert_eq!((after.seconds, after.halves[1]), (3 * 3600, HalfDay::Absent));
    assert_eq!(after.open, [at("115-03-05 08:55")]);
    let during = class_attendance(&day(), 10, &stays, at("115-03-05 10:00"));
    assert_eq!((during.seconds, during.open.as_slice()), (3600, [].as_slice()));
    // Signed in during the break: the next half-day.
    let noon = attend(&[ClassStay { in_ms: at("115-03-05 12:30"), out_ms: None }]);
    assert_eq!((noon.seconds, noon.halves[1]), (3 * 3600, HalfDay::Present));
    let too_late = attend(&[ClassStay { in_ms: at("115-03-05 17:00"), out_ms: None }]);
    assert_eq!((too_late.seconds, too_late.open.len()), (0, 0));
}

#[test]
fn midnight_and_new_year_are_booked_to_the_day_it_began() {
    let night = [half("115-12-31 22:00", "116-01-01 02:00")];
    let stays = [stay("115-12-31 21:55", "116-01-01 02:10")];
    let done = class_attendance(&night, 10, &stays, at("116-01-02 00:00"));
    assert_eq!(done.seconds, 4 * 3600);
    assert_eq!(booked_on(night[0].start_ms()).to_string(), "115-12-31");
    assert_eq!(booked_year(night[0].start_ms()), RocYear(115));
}

#[test]
fn four_fifths_are_exact() {
    let minutes = 12 * 60;
    let least = 12 * 3600 * 4 / 5;
    assert_eq!(faults(minutes, least, None, None), []);
    assert_eq!(faults(minutes, least - 1, None, None), [Fault::Hours { seconds: least - 1, least }]);
    // A course of 1 minute: 48 s, and what does not divide is rounded up.
    assert_eq!(faults(1, 48, None, None), []);
    assert_eq!(faults(1, 47, None, None), [Fault::Hours { seconds: 47, least: 48 }]);
    assert_eq!(faults(0, 0, None, None), [Fault::Hours { seconds: 0, least: 0 }], "nobody attends nothing");
    assert_eq!(faults(minutes, least, Some(70), Some(70)), []);
    assert_eq!(faults(minutes, least, Some(70), Some(69)), [Fault::Score { score: 69, least: 70 }]);
    assert_eq!(faults(minutes, 0, Some(70), None).len(), 2);
}

#[test]
fn names_are_masked_whatever_their_length() {
    let names = ["許藍圖", "王明", "𠮷", "歐陽範例", "Ada Lovelace", "", " 林演練 "].map(masked);
    assert_eq!(names, ["許○圖", "王○", "○", "歐○○例", "A○○", "", "林○練"]);
}

#[test]
fn the_mode_follows_the_hours() {
    let codes = [(6, 0), (6, 6), (6, 2)].map(|(all, digital)| Mode::of(all, digital).code());
    assert_eq!(codes, ["2", "1", "3"]);
}
