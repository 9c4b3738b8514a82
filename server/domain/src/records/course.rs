//! Courses: their closed lists, attendance of a class session by half-days, and who qualifies for a certificate.
//!
//! The rule of a class session, printed with it (under the sheet, key `course.rule` of the locale files):
//!
//! 1. All marks of a person (room code, paper sheet, instructor, seat) are joined (a union, never a sum).
//! 2. Each half-day stands for itself: only what lies in it counts, in whole seconds.
//! 3. Who comes later than the tolerance after its start, or leaves earlier than that before its end, was absent that
//!    half-day.
//! 4. Who did not sign out was there until the end of the half-day in which they signed in, and is marked for review.
//! 5. All of it is booked to the day in Taipei on which the session began, also past midnight and past New Year.

use serde::Serialize;

use super::interval::{Interval, IntervalSet};
use super::register::{NotInTheList, plain, words};
use super::roc::{RocDate, RocYear};

/// Pass mark of a course unless it says otherwise.
pub const PASS_MARK: u8 = 70;
/// Tolerance of a class session unless it says otherwise, minutes.
pub const LATE_MINUTES: u16 = 10;

words! {
    /// The aspect of competence that a course is about (面向).
    Aspect {
        /// 策略面.
        Strategy = "strategy" ["策略面", "策略"],
        /// 管理面.
        Management = "management" ["管理面", "管理"],
        /// 技術面.
        Technique = "technique" ["技術面", "技術"],
    }
}

impl Aspect {
    /// As tables print it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Strategy => "策略面",
            Self::Management => "管理面",
            Self::Technique => "技術面",
        }
    }
}

words! {
    /// What a person is at a class session. Each kind is counted apart.
    Standing {
        /// 規劃決策人員.
        Planner = "planner" ["規劃決策人員", "規劃決策", "決策人員"],
        /// 機關執行人員.
        Staff = "staff" ["機關執行人員", "執行人員"],
        /// 委外廠商人力.
        Contractor = "contractor" ["委外廠商人力", "委外廠商"],
        /// 師資, red team's trainers too.
        Trainer = "trainer" ["師資", "講師", "教官"],
        /// 參訓者: these are expected, sign in, and get hours.
        Trainee = "trainee" ["參訓者", "學員"],
        /// 裁判.
        Judge = "judge" ["裁判", "白隊"],
        /// 觀摩.
        Observer = "observer" ["觀摩", "觀察員"],
    }
}

words! {
    /// An encouraging measure (鼓勵措施).
    Measure {
        /// 交通接駁.
        Shuttle = "shuttle" ["交通接駁"],
        /// 臨時托育.
        Childcare = "childcare" ["臨時托育"],
        /// 保障名額.
        Quota = "quota" ["保障名額"],
        /// 友善宣傳.
        Outreach = "outreach" ["友善宣傳"],
        /// 結合民間團體.
        Partners = "partners" ["結合民間團體"],
        /// 多元時段/線上.
        Hours = "hours" ["多元時段/線上", "多元時段"],
        /// 性別友善空間.
        Space = "space" ["性別友善空間"],
        /// 性平內容融入教材.
        Content = "content" ["性平內容融入教材"],
    }
}

words! {
    /// How it is known that a person was at a class session.
    MarkSource {
        /// The rotating code on the room's screen.
        Code = "qr" [],
        /// The paper sheet, entered afterwards.
        Sheet = "sheet" [],
        /// Set by the instructor.
        Instructor = "instructor" [],
        /// A seat in use, taken over from an exercise.
        Seat = "seat" [],
    }
}

words! {
    /// Before or after the course.
    TestKind {
        /// 前測.
        Pre = "pre" ["前測"],
        /// 後測.
        Post = "post" ["後測"],
    }
}

/// How a course is learnt (學習性質 of the portal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Only by digital means, code 1.
    Digital,
    /// Only in person, code 2.
    Physical,
    /// Both, code 3.
    Mixed,
}

impl Mode {
    /// From all minutes and those of them that are digital.
    #[must_use]
    pub const fn of(minutes: u32, digital: u32) -> Self {
        if digital == 0 {
            Self::Physical
        } else if digital >= minutes {
            Self::Digital
        } else {
            Self::Mixed
        }
    }

    /// The portal's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Digital => "1",
            Self::Physical => "2",
            Self::Mixed => "3",
        }
    }
}

/// Counties by the portal's code (上課縣市).
pub const COUNTIES: &[(&str, &str)] = &[
    ("01", "海外"),
    ("10", "臺北市"),
    ("20", "基隆市"),
    ("21", "連江縣"),
    ("23", "新北市"),
    ("26", "宜蘭縣"),
    ("30", "新竹市"),
    ("31", "新竹縣"),
    ("33", "桃園市"),
    ("35", "苗栗縣"),
    ("40", "臺中市"),
    ("50", "彰化縣"),
    ("54", "南投縣"),
    ("60", "嘉義市"),
    ("61", "嘉義縣"),
    ("63", "雲林縣"),
    ("70", "臺南市"),
    ("80", "高雄市"),
    ("88", "澎湖縣"),
    ("89", "金門縣"),
    ("90", "屏東縣"),
    ("95", "臺東縣"),
    ("97", "花蓮縣"),
];

/// A stay as it was noted: in, and out once it ended. Out is not before in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ClassStay {
    /// In, ms UTC.
    pub in_ms: i64,
    /// Out, ms UTC; `None` while it lasts or if nobody signed out.
    pub out_ms: Option<i64>,
}

/// What became of a half-day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HalfDay {
    /// Not there at all.
    Absent,
    /// There, and too late: absent by the rule.
    Late,
    /// There, and left too early: absent by the rule.
    Early,
    /// Counts.
    Present,
}

/// A person's attendance of a class session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ClassAttendance {
    /// What became of each half-day, in their order.
    pub halves: Vec<HalfDay>,
    /// What counts.
    pub counted: IntervalSet,
    /// Its length in whole seconds.
    pub seconds: i64,
    /// Stays without a sign-out after their half-day, ms UTC of the sign-in: a human should look.
    pub open: Vec<i64>,
}

/// Attendance of one person at one class session, as of `now_ms`, by the rule at the head of this file. `halves` are its
/// half-days in order, without overlaps. The order of the stays does not matter. A half-day that has not ended is judged by
/// what is known so far.
#[must_use]
pub fn class_attendance(
    halves: &[Interval],
    late_minutes: u16,
    stays: &[ClassStay],
    now_ms: i64,
) -> ClassAttendance {
    let late_ms = i64::from(late_minutes) * 60_000;
    let mut open: Vec<i64> = Vec::new();
    let stretches: Vec<Interval> = stays
        .iter()
        .filter_map(|stay| {
            let out_ms = match stay.out_ms {
                Some(out_ms) => out_ms,
                None => {
                    // The half-day in which it began, or the next one where it began in a break.
                    let half = halves.iter().find(|half| half.end_ms() > stay.in_ms)?;
                    if now_ms >= half.end_ms() {
                        open.push(stay.in_ms);
                    }
                    half.end_ms().min(now_ms).max(stay.in_ms)
                }
            };
            Interval::new(stay.in_ms, out_ms).ok()
        })
        .collect();
    let all = IntervalSet::union(stretches);
    let mut out = ClassAttendance::default();
    let mut counted: Vec<Interval> = Vec::new();
    for half in halves {
        let part = all.clip(*half);
        let ends = part.stretches();
        let judged = match (ends.first(), ends.last()) {
            (Some(first), Some(last)) => {
                if first.start_ms() > half.start_ms() + late_ms {
                    HalfDay::Late
                } else if last.end_ms() < half.end_ms().min(now_ms) - late_ms {
                    HalfDay::Early
                } else {
                    HalfDay::Present
                }
            }
            _ => HalfDay::Absent,
        };
        if judged == HalfDay::Present {
            counted.extend_from_slice(ends);
        }
        out.halves.push(judged);
    }
    open.sort_unstable();
    open.dedup();
    out.counted = IntervalSet::union(counted);
    out.seconds = out.counted.seconds();
    out.open = open;
    out
}

/// Attendance of one person at a class session, also one that is an exercise: `exercise` is then what counts there by the
/// exercise's own rule, and both count as one union. What every road says of somebody's time comes from here.
#[must_use]
pub fn session_attendance(
    halves: &[Interval],
    late_minutes: u16,
    stays: &[ClassStay],
    exercise: Option<&IntervalSet>,
    now_ms: i64,
) -> ClassAttendance {
    let mut out = class_attendance(halves, late_minutes, stays, now_ms);
    if let Some(exercise) = exercise {
        let both = out.counted.stretches().iter().chain(exercise.stretches()).copied();
        out.counted = IntervalSet::union(both);
        out.seconds = out.counted.seconds();
    }
    out
}

/// The day that all hours of a session are booked to.
#[must_use]
pub fn booked_on(start_ms: i64) -> RocDate {
    RocDate::of_ms(start_ms)
}

/// The year that all hours and heads of a session are booked to.
#[must_use]
pub fn booked_year(start_ms: i64) -> RocYear {
    booked_on(start_ms).year()
}

/// Why a person gets no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Fault {
    /// Less than four fifths of the course's hours.
    Hours {
        /// Attended, whole seconds.
        seconds: i64,
        /// Least, whole seconds, rounded up.
        least: i64,
    },
    /// The course ends with a test, and no result is there.
    NoTest,
    /// The test was not passed.
    Score {
        /// Points.
        score: u8,
        /// Pass mark.
        least: u8,
    },
    /// The course has not ended.
    NotOver,
}

/// Why a person does not qualify for the certificate, empty where they do: at least 4/5 of the course's hours, by integers,
/// and the last test passed where the course ends with one.
#[must_use]
pub fn faults(course_minutes: u32, seconds: i64, pass_mark: Option<u8>, score: Option<u8>) -> Vec<Fault> {
    let whole = i64::from(course_minutes) * 60;
    let mut faults = Vec::new();
    if seconds.saturating_mul(5) < whole.saturating_mul(4) || seconds <= 0 {
        faults.push(Fault::Hours { seconds, least: (whole * 4 + 4) / 5 });
    }
    match (pass_mark, score) {
        (Some(_), None) => faults.push(Fault::NoTest),
        (Some(least), Some(score)) if score < least => faults.push(Fault::Score { score, least }),
        _ => {}
    }
    faults
}

/// All that stands on a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Number with its check code, as printed and as typed at the check page: `115-0001-7K3MQX`.
    pub number: String,
    /// Name of the person.
    pub name: String,
    /// Their agency.
    pub agency: String,
    /// Title of the course.
    pub course: String,
    /// Its code.
    pub course_code: String,
    /// First day.
    pub from: RocDate,
    /// Last day.
    pub to: RocDate,
    /// Hours of the course, minutes.
    pub course_minutes: u32,
    /// Attended, whole seconds.
    pub attended_seconds: i64,
    /// Points of the test, where there was one.
    pub score: Option<u8>,
    /// Day of issue.
    pub issued: RocDate,
    /// Who issues it.
    pub issuer: String,
    /// Who signs for them, by title; empty where nobody was named.
    pub signer: String,
    /// Address of the check page with the number in it.
    pub check_address: String,
    /// Revoked since then: a copy says so.
    pub revoked: Option<RocDate>,
}

/// A name for those who need not know it: first and last character, between them a circle (許○圖); of two characters the
/// first (王○). Latin names keep their first letter.
#[must_use]
pub fn masked(name: &str) -> String {
    let letters: Vec<char> = name.trim().chars().collect();
    match letters.as_slice() {
        [] => String::new(),
        [_] => "○".to_owned(),
        [first, ..] if first.is_ascii() => format!("{first}○○"),
        [first, _] => format!("{first}○"),
        [first, middle @ .., last] => {
            let circles = "○".repeat(middle.len());
            format!("{first}{circles}{last}")
        }
    }
}

#[cfg(test)]
#[path = "course_tests.rs"]
mod tests;
