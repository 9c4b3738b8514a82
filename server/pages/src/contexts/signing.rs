//! Pages of a course that need no account: signing by the room's code, questionnaires, certificates, the door to one's own page.

use serde::Serialize;

use super::classes::QrCode;
use super::common::*;

/// `/in/{session}/{code}`. Form: POST `/in/{session}`, fields `ticket`, `staff_no`, `name`, `code`, `act` = `in` or `out`.
#[derive(Debug, Clone, Serialize)]
pub struct SignPage {
    /// Session id.
    pub session: String,
    /// Its code.
    pub code: String,
    /// Title of the course.
    pub title: String,
    /// Where.
    pub place: String,
    /// The scan, sealed; empty when there is nothing to sign: the code is stale, or it is not the time.
    pub ticket: String,
    /// As typed.
    pub staff_no: String,
    /// As typed.
    pub name: String,
    /// Done: name, when (ms UTC), and whether in.
    pub done: Option<(String, i64, bool)>,
    /// What was refused.
    pub problem: Option<Problem>,
}

/// A question as a sheet shows it.
#[derive(Debug, Clone, Serialize)]
pub struct SurveyItem {
    /// Id; the field is `q.{id}`.
    pub id: String,
    /// The question in the page's language.
    pub text: String,
    /// A scale of 1 to 5, or words.
    pub scale: bool,
    /// As typed.
    pub value: String,
}

/// `/survey/{token}`. Form: POST to the same address, fields `q.{id}` and `gender`. Nobody is asked who they are.
#[derive(Debug, Clone, Serialize)]
pub struct SurveyPage {
    /// The token.
    pub token: String,
    /// Title; empty when the token is good for nothing.
    pub title: String,
    /// Questions.
    pub items: Vec<SurveyItem>,
    /// Taken in.
    pub done: bool,
    /// What was refused.
    pub problems: Vec<Problem>,
}

/// What is known of a certificate to everybody who has its number.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedCertificate {
    /// Number.
    pub number: String,
    /// Name, masked.
    pub name: String,
    /// Course.
    pub course: String,
    /// Hours of the course, ms.
    pub length_ms: i64,
    /// Issued, ms UTC.
    pub issued_ms: i64,
    /// Revoked, ms UTC.
    pub revoked_ms: Option<i64>,
}

/// `/certificates/check?number=…`.
#[derive(Debug, Clone, Serialize)]
pub struct CertificateCheck {
    /// As typed.
    pub number: String,
    /// What was found.
    pub found: Option<CheckedCertificate>,
    /// Too many tries: seconds to wait.
    pub wait_s: Option<i64>,
}

/// A certificate to print.
#[derive(Debug, Clone, Serialize)]
pub struct CertificatePage {
    /// Number with its check code.
    pub number: String,
    /// Name.
    pub name: String,
    /// Agency.
    pub agency: String,
    /// Course.
    pub course: String,
    /// Its code.
    pub course_code: String,
    /// First day, ms UTC.
    pub from_ms: i64,
    /// Last day, ms UTC.
    pub to_ms: i64,
    /// Hours of the course, ms.
    pub length_ms: i64,
    /// Attended, ms.
    pub attended_ms: i64,
    /// Points of the test.
    pub score: Option<i64>,
    /// Day of issue, ms UTC.
    pub issued_ms: i64,
    /// Who issues.
    pub issuer: String,
    /// Who signs for them; may be empty.
    pub signer: String,
    /// Address of the check page.
    pub check_address: String,
    /// The same as a code.
    pub code: QrCode,
    /// Revoked on, ms UTC.
    pub revoked_ms: Option<i64>,
}

/// `/me` for who has no seat. Form: POST `/me`, field `code`.
#[derive(Debug, Clone, Serialize)]
pub struct OwnDoor {
    /// What was refused.
    pub problem: Option<Problem>,
}

impl Page for SignPage {
    const TEMPLATE: &'static str = "courses/sign.html";
    fn samples() -> Vec<Self> {
        let page = Self {
            session: "s1".into(),
            code: "S115-01".into(),
            title: "藍隊通報應變".into(),
            place: "資訊中心 301".into(),
            ticket: "sealed".into(),
            staff_no: "QL-1".into(),
            name: "許藍圖".into(),
            done: None,
            problem: None,
        };
        let done = |going_in| Self {
            ticket: String::new(),
            done: Some(("許藍圖".into(), SAMPLE_NOW_MS, going_in)),
            ..page.clone()
        };
        vec![
            page.clone(),
            Self { problem: Some(Problem::new("sign_unknown").on("staff_no")), ..page.clone() },
            Self { ticket: String::new(), problem: Some(Problem::new("sign_stale")), ..page.clone() },
            done(true),
            done(false),
        ]
    }
}

impl Page for SurveyPage {
    const TEMPLATE: &'static str = "courses/survey.html";
    fn samples() -> Vec<Self> {
        let item = |id: &str, scale, value: &str| SurveyItem {
            id: id.into(),
            text: "難易適中".into(),
            scale,
            value: value.into(),
        };
        let page = Self {
            token: "AAAABBBBCCCCDDDD".into(),
            title: "課後問卷".into(),
            items: vec![item("1", true, "4"), item("2", false, "再多一點實作")],
            done: false,
            problems: vec![],
        };
        let problems = vec![Problem::new("required").on("answers")];
        vec![
            page.clone(),
            Self { problems, ..page.clone() },
            Self { done: true, items: vec![], ..page.clone() },
            Self { title: String::new(), items: vec![], ..page },
        ]
    }
}

impl Page for CertificateCheck {
    const TEMPLATE: &'static str = "courses/check.html";
    fn samples() -> Vec<Self> {
        let found = |revoked_ms| CheckedCertificate {
            number: "115-0001-7K3MQX".into(),
            name: "許○圖".into(),
            course: "藍隊通報應變".into(),
            length_ms: 6 * HOUR,
            issued_ms: SAMPLE_NOW_MS,
            revoked_ms,
        };
        let page = |number: &str, found, wait_s| Self { number: number.into(), found, wait_s };
        vec![
            page("", None, None),
            page("115-0001-7K3MQX", Some(found(None)), None),
            page("115-0001-7K3MQX", Some(found(Some(SAMPLE_NOW_MS))), None),
            page("115-0001-XXXXXX", None, None),
            page("115-0001-XXXXXX", None, Some(30)),
        ]
    }
}

impl Page for CertificatePage {
    const TEMPLATE: &'static str = "courses/certificate.html";
    fn samples() -> Vec<Self> {
        let page = Self {
            number: "115-0001-7K3MQX".into(),
            name: "許藍圖".into(),
            agency: "縣政府 數位發展處".into(),
            course: "藍隊通報應變".into(),
            course_code: "C115-01".into(),
            from_ms: SAMPLE_NOW_MS,
            to_ms: SAMPLE_NOW_MS,
            length_ms: 6 * HOUR,
            attended_ms: 6 * HOUR,
            score: Some(88),
            issued_ms: SAMPLE_NOW_MS + 24 * HOUR,
            issuer: "青嵐縣政府".into(),
            signer: "處長".into(),
            check_address: "https://rampart.qinglan.test/certificates/check?number=115-0001-7K3MQX".into(),
            code: QrCode::sample(),
            revoked_ms: None,
        };
        let revoked_ms = Some(SAMPLE_NOW_MS + 720 * HOUR);
        vec![page.clone(), Self { revoked_ms, score: None, to_ms: SAMPLE_NOW_MS + 24 * HOUR, ..page }]
    }
}

impl Page for OwnDoor {
    const TEMPLATE: &'static str = "courses/own.html";
    fn samples() -> Vec<Self> {
        vec![Self { problem: None }, Self { problem: Some(Problem::new("own_code_unknown").on("code")) }]
    }
}
