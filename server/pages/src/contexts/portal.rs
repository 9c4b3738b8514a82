//! The hours of a class session for the civil servants' portal, for the programme officer. No ID number stands in a page.

use rampart_domain::records::portal::{COUNTIES, Profile};
use serde::Serialize;

use super::common::*;
use super::courses::{ClassSessionRow, CourseHead, sample_person};
use super::register::PersonRef;

/// A trainee as the portal is to know them.
#[derive(Debug, Clone, Serialize)]
pub struct HoursLine {
    /// The person.
    pub person: PersonRef,
    /// What the person is to the programme.
    pub identity: Option<&'static str>,
    /// Counted at this session, ms.
    pub counted_ms: i64,
    /// Mark of the last test.
    pub score: Option<i64>,
    /// Number of the certificate, or empty.
    pub certificate: String,
    /// Why there is no row: `no_official`, `identity_unknown`, `absent`.
    pub left: Option<&'static str>,
    /// Below 4/5 of the course: attended and least, ms.
    pub short: Option<(i64, i64)>,
    /// Never signed out: to be looked at.
    pub review: bool,
}

/// The form as typed, without the ID numbers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PortalFields {
    /// Profile of columns.
    pub profile: String,
    /// Category of the class.
    pub category: String,
    /// Code of the county.
    pub county: String,
    /// 期別.
    pub batch: String,
    /// Digital hours; `None` where only all or none can be.
    pub digital: Option<String>,
}

/// `/courses/{id}/sessions/{session}/hours`, and `/courses/{id}/hours` of all sessions together. Form: POST to the same address.
#[derive(Debug, Clone, Serialize)]
pub struct ClassHoursPage {
    /// The course.
    pub course: CourseHead,
    /// Code of the session, or of the course.
    pub code: String,
    /// All sessions of the course.
    pub whole: bool,
    /// The session, or the sessions by start.
    pub sessions: Vec<ClassSessionRow>,
    /// They are over, and none was called off.
    pub over: bool,
    /// The people are invented: only ID numbers that fail their check digit are taken.
    pub drill: bool,
    /// People with a row.
    pub entered: i64,
    /// Their hours, ms.
    pub entered_ms: i64,
    /// People without one.
    pub left: i64,
    /// Trainees.
    pub rows: Vec<HoursLine>,
    /// Profiles of the file.
    pub profiles: Vec<&'static str>,
    /// Counties of the portal: code and name.
    pub counties: Vec<(&'static str, &'static str)>,
    /// The form.
    pub form: PortalFields,
    /// What was refused.
    pub problems: Vec<Problem>,
}

/// A session whose hours go to the portal.
#[derive(Debug, Clone, Serialize)]
pub struct DeskPortal {
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// When it ended, ms UTC.
    pub end_ms: i64,
    /// Where its file is made.
    pub href: String,
    /// When the last one was made, ms UTC.
    pub made_ms: Option<i64>,
}

/// An issuer of certificates.
#[derive(Debug, Clone, Serialize)]
pub struct IssuerRow {
    /// From when on, ms UTC.
    pub since_ms: i64,
    /// Agency.
    pub agency: String,
    /// Who signs for it; may be empty.
    pub signer: String,
}

impl Page for ClassHoursPage {
    const TEMPLATE: &'static str = "courses/hours.html";
    fn samples() -> Vec<Self> {
        let line = |id: &str, name: &str, identity, left| HoursLine {
            person: sample_person(id, name),
            identity,
            counted_ms: if left == Some("absent") { 0 } else { 6 * HOUR },
            score: Some(88),
            certificate: String::new(),
            left,
            short: None,
            review: false,
        };
        let civil = Some("civil");
        let page = Self {
            course: CourseHead::sample(),
            code: ClassSessionRow::sample().code,
            whole: false,
            sessions: vec![ClassSessionRow::sample()],
            over: true,
            drill: true,
            entered: 2,
            entered_ms: 9 * HOUR,
            left: 3,
            rows: vec![
                HoursLine { certificate: "115-0001-7K3MQX".into(), ..line("1", "許藍圖", civil, None) },
                HoursLine {
                    counted_ms: 3 * HOUR,
                    score: None,
                    short: Some((3 * HOUR, 10 * HOUR)),
                    review: true,
                    ..line("2", "張示範", Some("contract"), None)
                },
                line("3", "郭日誌", Some("vendor"), Some("no_official")),
                line("4", "王假名", None, Some("identity_unknown")),
                line("5", "莊公文", civil, Some("absent")),
            ],
            profiles: Profile::ids().to_vec(),
            counties: COUNTIES.to_vec(),
            form: PortalFields {
                profile: "current".into(),
                category: "523".into(),
                county: "30".into(),
                batch: "1".into(),
                digital: Some("0".into()),
            },
            problems: vec![],
        };
        let problems = vec![
            Problem::new("portal_batch").on("batch"),
            Problem::new("portal_digital").on("digital"),
            Problem::new("portal_list").on("numbers"),
        ];
        vec![
            page.clone(),
            Self { problems, ..page.clone() },
            Self {
                code: CourseHead::sample().code,
                whole: true,
                sessions: vec![ClassSessionRow::sample(), ClassSessionRow::sample()],
                drill: false,
                ..page.clone()
            },
            Self { over: false, rows: vec![], entered: 0, entered_ms: 0, left: 0, ..page },
        ]
    }
}
