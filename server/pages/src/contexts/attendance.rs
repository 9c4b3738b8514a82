//! Attendance of one exercise. No gender stands here.

use serde::Serialize;

use super::common::*;

/// Where a presence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceSource {
    /// Signed in and out by the person or at the desk.
    Signed,
    /// Entered by the instructor with a reason.
    Instructor,
    /// Activity in the seat.
    Seat,
}

/// A stretch of presence.
#[derive(Debug, Clone, Serialize)]
pub struct Presence {
    /// From, ms UTC.
    pub from_ms: i64,
    /// To, ms UTC; `None` while it lasts.
    pub to_ms: Option<i64>,
    /// Where it comes from.
    pub source: PresenceSource,
    /// The instructor's reason.
    pub reason: Option<String>,
    /// Id of the line of the sheet, which can be struck out; activity in the seat has none.
    pub sign: Option<String>,
}

/// `/exercises/{id}/attendance`. Forms: POST `/exercises/{id}/attendance`, fields `person`, `act` = `in`, `out`, `mark` or `strike`;
/// `strike` also `sign`, `mark` also `from`, `to` (`YYYY-MM-DDTHH:MM` in Taipei) and `reason`. No gender stands on this page.
#[derive(Debug, Clone, Serialize)]
pub struct AttendanceSheet {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// The rule by which hours are booked, as data for its printed text.
    pub rule: BookingRule,
    /// One row a person.
    pub rows: Vec<AttendanceRow>,
    /// Search text.
    pub query: String,
    /// People with a seat.
    pub expected: i64,
    /// Those who came.
    pub arrived: i64,
    /// Seats online now.
    pub online: i64,
    /// Booked so far, sum in ms.
    pub booked_ms: i64,
    /// What was refused.
    pub problems: Vec<Problem>,
    /// The person whose mark form was refused, and what was typed.
    pub mark: Option<MarkForm>,
}

/// The figures in the booking rule.
#[derive(Debug, Clone, Serialize)]
pub struct BookingRule {
    /// Name of the rule, printed.
    pub name: String,
    /// Seat activity is joined over gaps up to this many minutes.
    pub gap_minutes: i64,
    /// Start of the session, ms UTC; presence is clipped to it.
    pub from_ms: i64,
    /// End of the session, ms UTC.
    pub to_ms: i64,
}

/// One person's attendance.
#[derive(Debug, Clone, Serialize)]
pub struct AttendanceRow {
    /// Person id.
    pub person: String,
    /// Name.
    pub name: String,
    /// Agency.
    pub agency: String,
    /// Team.
    pub team: Option<TeamRef>,
    /// Seat label.
    pub seat: Option<String>,
    /// All stretches, in order of time.
    pub presence: Vec<Presence>,
    /// Booked by the rule, in ms.
    pub booked_ms: i64,
    /// Is a sign-in open, so that signing out is the next act?
    pub signed_in: bool,
}

/// A mark as typed.
#[derive(Debug, Clone, Serialize)]
pub struct MarkForm {
    /// Person id.
    pub person: String,
    /// From.
    pub from: String,
    /// To.
    pub to: String,
    /// Reason.
    pub reason: String,
}

impl Page for AttendanceSheet {
    const TEMPLATE: &'static str = "exercises/attendance.html";
    fn samples() -> Vec<Self> {
        let start = SAMPLE_NOW_MS - 5 * HOUR - 41_000;
        let span = |from: i64, to: Option<i64>, source| Presence {
            from_ms: start + from * MINUTE,
            to_ms: to.map(|m| start + m * MINUTE),
            source,
            reason: None,
            sign: (source != PresenceSource::Seat).then(|| "0198c4".into()),
        };
        let row = |person: &str,
                   name: &str,
                   agency: &str,
                   team: Option<TeamRef>,
                   seat: Option<&str>,
                   presence: Vec<Presence>,
                   booked,
                   signed_in| AttendanceRow {
            person: person.into(),
            name: name.into(),
            agency: agency.into(),
            team,
            seat: seat.map(Into::into),
            presence,
            booked_ms: booked,
            signed_in,
        };
        let marked = Presence {
            from_ms: start,
            to_ms: Some(start + 150 * MINUTE),
            source: PresenceSource::Instructor,
            reason: Some("簽到機故障".into()),
            sign: Some("0198c5".into()),
        };
        let rows = vec![
            row(
                "1",
                "許藍圖",
                "縣政府 數位發展處",
                Some(TeamRef::new("b1", "藍鵲", Side::Blue)),
                Some("藍鵲-2"),
                vec![
                    span(-8, Some(152), PresenceSource::Signed),
                    span(5, Some(148), PresenceSource::Seat),
                    span(208, None, PresenceSource::Signed),
                    span(212, Some(298), PresenceSource::Seat),
                ],
                4 * HOUR + 2 * MINUTE,
                true,
            ),
            row(
                "2",
                "吳虛構",
                "白沙嶼鄉公所",
                Some(TeamRef::new("r3", "紅雀", Side::Red)),
                Some("紅雀-4"),
                vec![marked, span(20, Some(140), PresenceSource::Seat)],
                150 * MINUTE,
                false,
            ),
            row(
                "3",
                "郭日誌",
                "水晶橋資訊",
                Some(TeamRef::new("r2", "紅楠", Side::Red)),
                Some("紅楠-5"),
                vec![],
                0,
                false,
            ),
            row("4", "王假名", "青嵐科技大學", None, None, vec![], 0, false),
        ];
        let rule =
            BookingRule { name: "R-1".into(), gap_minutes: 5, from_ms: start, to_ms: start + 7 * HOUR };
        vec![
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Running),
                rule: rule.clone(),
                rows,
                query: String::new(),
                expected: 4,
                arrived: 2,
                online: 1,
                booked_ms: 6 * HOUR + 32 * MINUTE,
                problems: vec![],
                mark: None,
            },
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Ended),
                rule,
                rows: vec![],
                query: "林".into(),
                expected: 4,
                arrived: 0,
                online: 0,
                booked_ms: 0,
                problems: vec![
                    Problem::new("mark_order").on("to"),
                    Problem::new("reason_required").on("reason"),
                ],
                mark: Some(MarkForm {
                    person: "1".into(),
                    from: "2026-05-13T11:00".into(),
                    to: "2026-05-13T10:00".into(),
                    reason: String::new(),
                }),
            },
        ]
    }
}
