//! What people state about themselves, what they ask for, and how long it is kept.

use serde::Serialize;

use super::common::*;
use super::register::PersonRef;

/// The choices of a form for answers; empty texts are "not given". Values are the stored codes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AnswersForm {
    /// Gender: M, F, O, N.
    pub gender: String,
    /// Age: 29, 30, 40, 50, 60, N.
    pub age: String,
    /// Area: seat, plain, remote, N.
    pub area: String,
    /// Indigenous status: none, plain, mountain, new, N.
    pub indigenous: String,
    /// Disability: no, yes, N.
    pub disability: String,
}

/// From where answers came; labels are `answers.origin.WORD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswersOrigin {
    /// The person's own page.
    Own,
    /// A signed form.
    Form,
    /// A roster.
    Roster,
    /// Not noted.
    Unknown,
}

/// What stands, for the officer.
#[derive(Debug, Clone, Serialize)]
pub struct AnswersGiven {
    /// From where.
    pub origin: AnswersOrigin,
    /// When consent was given.
    pub consent_ms: Option<i64>,
    /// Version of the notice.
    pub notice: String,
    /// When written.
    pub changed_ms: Option<i64>,
}

/// `/people/{id}/answers`, for the officer alone. Forms: POST with `act` (`save`, `erase`), the fields of [`AnswersForm`],
/// `signed` (a day) and `paper` (`yes`: the signed form is at hand).
#[derive(Debug, Clone, Serialize)]
pub struct AnswersPage {
    /// The person.
    pub person: PersonRef,
    /// What the form holds.
    pub form: AnswersForm,
    /// What stands; `None` when nothing was stated.
    pub given: Option<AnswersGiven>,
    /// Day of the signature.
    pub signed: String,
    /// Version of the notice now.
    pub notice: String,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
}

/// A request as the person sees it.
#[derive(Debug, Clone, Serialize)]
pub struct OwnRequestRow {
    /// For what: `correct`, `answers`, `all`; labels are `request.kind.WORD`.
    pub kind: RequestKind,
    /// When.
    pub at_ms: i64,
    /// Granted or refused; `None` while it is open.
    pub granted: Option<bool>,
    /// What they were told.
    pub reply: String,
}

/// For what somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// Correction.
    Correct,
    /// The answers are to be erased.
    Answers,
    /// All that names the person is to be erased.
    All,
}

/// `/seat/me`: a trainee's own data. What was stated is never shown. Forms: POST with `act` (`answers`, `withdraw`, `ask`),
/// the fields of [`AnswersForm`], `consent` (`yes`), `kind`, `wish`.
#[derive(Debug, Clone, Serialize)]
pub struct OwnData {
    /// The person.
    pub person: PersonRef,
    /// Grade.
    pub grade: String,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// When answers were given; `None` when none stand.
    pub given_ms: Option<i64>,
    /// Answers stand that a roster brought.
    pub from_roster: bool,
    /// Version of the notice now.
    pub notice: String,
    /// Where its forms go: `/seat/me` or, without a seat, `/me`.
    pub action: &'static str,
    /// Hours in each exercise: code, title, start, ms.
    pub hours: Vec<OwnHours>,
    /// Hours in sessions of courses.
    pub courses: Vec<OwnHours>,
    /// Sums by year of the Republic, latest first, ms.
    pub years: Vec<(i64, i64)>,
    /// Certificates.
    pub certificates: Vec<OwnCertificate>,
    /// Requests, latest first.
    pub requests: Vec<OwnRequestRow>,
    /// What is wrong with a form.
    pub problems: Vec<Problem>,
}

/// A certificate of one's own.
#[derive(Debug, Clone, Serialize)]
pub struct OwnCertificate {
    /// Id.
    pub id: String,
    /// Number with its check code.
    pub number: String,
    /// Course.
    pub title: String,
    /// Issued, ms UTC.
    pub issued_ms: i64,
    /// Revoked.
    pub revoked: bool,
}

/// Hours in an exercise or a session of a course.
#[derive(Debug, Clone, Serialize)]
pub struct OwnHours {
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Planned start.
    pub starts_ms: i64,
    /// What counts, ms.
    pub booked_ms: i64,
}

/// A request as the officer sees it.
#[derive(Debug, Clone, Serialize)]
pub struct DataRequestRow {
    /// Id.
    pub id: String,
    /// Who asks.
    pub person: PersonRef,
    /// For what.
    pub kind: RequestKind,
    /// In their words.
    pub text: String,
    /// When.
    pub at_ms: i64,
    /// Granted or refused; `None` while it is open.
    pub granted: Option<bool>,
    /// What they were told.
    pub reply: String,
    /// Who decided.
    pub decided_by: String,
    /// When.
    pub decided_ms: Option<i64>,
}

/// `/people/requests`, for the officer alone. Form: POST with `request`, `act` (`grant`, `refuse`), `reply`.
#[derive(Debug, Clone, Serialize)]
pub struct DataRequests {
    /// Open ones first.
    pub rows: Vec<DataRequestRow>,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
}

/// What a purge removes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PurgeCounts {
    /// People whose answers.
    pub answers: i64,
    /// Stretches of presence.
    pub presence: i64,
    /// Lines of sign-in sheets.
    pub signs: i64,
    /// Decided requests.
    pub requests: i64,
    /// Sheets of questionnaires whose gender and words.
    pub sheets: i64,
    /// Recordings of terminals.
    pub recordings: i64,
}

/// `/people/retention`, for the officer alone. Form: POST with `act` (`set`, `try`, `purge`), `answers_days`,
/// `attendance_years`, `recordings_days`.
#[derive(Debug, Clone, Serialize)]
pub struct RetentionPage {
    /// Days for answers.
    pub answers_days: String,
    /// Years for attendance.
    pub attendance_years: String,
    /// Days for recordings.
    pub recordings_days: String,
    /// Most that can be set there.
    pub recordings_most: i64,
    /// Recordings from before this moment go.
    pub recordings_before_ms: i64,
    /// Answers of people who took part in nothing since this moment go.
    pub answers_before_ms: i64,
    /// Attendance from before this moment goes.
    pub attendance_before_ms: i64,
    /// What a trial found.
    pub tried: Option<PurgeCounts>,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
}

impl Page for AnswersPage {
    const TEMPLATE: &'static str = "people/answers.html";
    fn samples() -> Vec<Self> {
        let given = |origin, consent_ms| AnswersGiven {
            origin,
            consent_ms,
            notice: "115-11".into(),
            changed_ms: Some(SAMPLE_NOW_MS),
        };
        let whole = Self {
            person: PersonRef::sample(),
            form: AnswersForm {
                gender: "F".into(),
                age: "50".into(),
                area: "seat".into(),
                indigenous: "N".into(),
                disability: "no".into(),
            },
            given: Some(given(AnswersOrigin::Own, Some(SAMPLE_NOW_MS))),
            signed: "2026-05-13".into(),
            notice: "115-11".into(),
            problems: vec![],
        };
        let of = |origin, consent_ms| Self { given: Some(given(origin, consent_ms)), ..whole.clone() };
        vec![
            whole.clone(),
            of(AnswersOrigin::Form, Some(SAMPLE_NOW_MS)),
            of(AnswersOrigin::Roster, None),
            of(AnswersOrigin::Unknown, None),
            Self {
                form: AnswersForm::default(),
                given: None,
                problems: vec![Problem::new("required").on("paper"), Problem::new("bad_day").on("signed")],
                ..whole
            },
        ]
    }
}

impl Page for OwnData {
    const TEMPLATE: &'static str = "seat/me.html";
    fn samples() -> Vec<Self> {
        let request = |kind, granted, reply: &str| OwnRequestRow {
            kind,
            at_ms: SAMPLE_NOW_MS,
            granted,
            reply: reply.into(),
        };
        let whole = Self {
            person: PersonRef::sample(),
            grade: "技士".into(),
            emails: vec!["a@qinglan.test".into(), "office@qinglan.test".into()],
            given_ms: Some(SAMPLE_NOW_MS),
            from_roster: false,
            notice: "115-11".into(),
            action: "/seat/me",
            courses: vec![OwnHours {
                code: "S115-01".into(),
                title: "藍隊通報應變".into(),
                starts_ms: SAMPLE_NOW_MS,
                booked_ms: 6 * HOUR,
            }],
            years: vec![(115, 12 * HOUR)],
            certificates: [false, true]
                .map(|revoked| OwnCertificate {
                    id: "k1".into(),
                    number: "115-0001-7K3MQX".into(),
                    title: "藍隊通報應變".into(),
                    issued_ms: SAMPLE_NOW_MS,
                    revoked,
                })
                .into(),
            hours: vec![OwnHours {
                code: "S115-02".into(),
                title: "紅藍對抗實作".into(),
                starts_ms: SAMPLE_NOW_MS,
                booked_ms: 6 * HOUR,
            }],
            requests: vec![
                request(RequestKind::Correct, None, ""),
                request(RequestKind::Answers, Some(true), "已刪除"),
                request(RequestKind::All, Some(false), "出席紀錄依規定保存 5 年"),
            ],
            problems: vec![],
        };
        vec![
            whole.clone(),
            Self {
                grade: String::new(),
                emails: vec![],
                given_ms: None,
                action: "/me",
                hours: vec![],
                courses: vec![],
                years: vec![],
                certificates: vec![],
                requests: vec![],
                problems: vec![
                    Problem::new("consent_required").on("consent"),
                    Problem::new("requests_open").on("wish"),
                ],
                ..whole.clone()
            },
            Self { given_ms: None, from_roster: true, ..whole },
        ]
    }
}

impl Page for DataRequests {
    const TEMPLATE: &'static str = "people/requests.html";
    fn samples() -> Vec<Self> {
        let row = |id: &str, kind, granted: Option<bool>| DataRequestRow {
            id: id.into(),
            person: PersonRef::sample(),
            kind,
            text: "職稱已改為科長，請更正。".into(),
            at_ms: SAMPLE_NOW_MS - HOUR,
            granted,
            reply: if granted.is_some() { "已處理".into() } else { String::new() },
            decided_by: "呂差勤".into(),
            decided_ms: granted.map(|_| SAMPLE_NOW_MS),
        };
        vec![
            Self {
                rows: vec![
                    row("1", RequestKind::Correct, None),
                    row("2", RequestKind::All, None),
                    row("3", RequestKind::Answers, None),
                    row("5", RequestKind::Answers, Some(true)),
                    row("4", RequestKind::Correct, Some(false)),
                ],
                problems: vec![Problem::new("required").on("reply")],
            },
            Self { rows: vec![], problems: vec![] },
        ]
    }
}

impl Page for RetentionPage {
    const TEMPLATE: &'static str = "people/retention.html";
    fn samples() -> Vec<Self> {
        let whole = Self {
            answers_days: "90".into(),
            attendance_years: "5".into(),
            recordings_days: "365".into(),
            recordings_most: 365,
            recordings_before_ms: SAMPLE_NOW_MS - 365 * 24 * HOUR,
            answers_before_ms: SAMPLE_NOW_MS - 132 * 24 * HOUR,
            attendance_before_ms: SAMPLE_NOW_MS - 1_826 * 24 * HOUR,
            tried: None,
            problems: vec![],
        };
        let tried = |answers| PurgeCounts {
            answers,
            presence: 120,
            signs: 0,
            requests: 2,
            sheets: 52,
            recordings: 8,
        };
        vec![
            whole.clone(),
            Self { tried: Some(tried(3)), ..whole.clone() },
            Self { tried: Some(PurgeCounts::default()), ..whole.clone() },
            Self {
                answers_days: "x".into(),
                problems: vec![Problem::new("retention_range").on("answers_days")],
                ..whole
            },
        ]
    }
}
