//! Courses, for those who lead them. No gender stands here.

use serde::Serialize;

use super::common::*;
use super::register::PersonRef;

/// A course in the list.
#[derive(Debug, Clone, Serialize)]
pub struct CourseRow {
    /// Id.
    pub id: String,
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// `strategy`, `management`, `technique`.
    pub aspect: &'static str,
    /// The portal's category, or free text.
    pub category: String,
    /// Hours, in ms.
    pub length_ms: i64,
    /// Sessions that stand.
    pub sessions: i64,
    /// Start of the next or else the last one, ms UTC.
    pub starts_ms: Option<i64>,
    /// Put away.
    pub away: bool,
}

/// `/courses`. Form: POST `/courses`, fields `pass_mark`, `late`.
#[derive(Debug, Clone, Serialize)]
pub struct CourseList {
    /// Rows by code.
    pub rows: Vec<CourseRow>,
    /// Search text.
    pub query: String,
    /// Those put away are shown.
    pub away: bool,
    /// May make and change.
    pub may_edit: bool,
    /// Pass mark of new courses, as typed.
    pub pass_mark: String,
    /// Tolerance of new sessions in minutes, as typed.
    pub late: String,
    /// What was refused.
    pub problems: Vec<Problem>,
}

/// A course as typed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CourseFields {
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Aspect.
    pub aspect: String,
    /// Speciality.
    pub speciality: String,
    /// Category.
    pub category: String,
    /// Hours.
    pub hours: String,
    /// Digital hours.
    pub digital: String,
    /// Ends with a test.
    pub tested: bool,
    /// Pass mark.
    pub pass_mark: String,
    /// 業務相關.
    pub work_related: bool,
    /// Codes of encouraging measures.
    pub measures: Vec<String>,
    /// Code of the county.
    pub county: String,
}

/// `/courses/new` and `/courses/{id}/edit`.
#[derive(Debug, Clone, Serialize)]
pub struct CourseForm {
    /// Id; `None` for a new one.
    pub id: Option<String>,
    /// As typed.
    pub form: CourseFields,
    /// Counties, code and name.
    pub counties: Vec<(String, String)>,
    /// All encouraging measures, by code.
    pub measures: Vec<&'static str>,
    /// What was refused.
    pub problems: Vec<Problem>,
}

/// What stands at the head of the pages of a course.
#[derive(Debug, Clone, Serialize)]
pub struct CourseHead {
    /// Id.
    pub id: String,
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Aspect.
    pub aspect: &'static str,
    /// Speciality.
    pub speciality: String,
    /// Category.
    pub category: String,
    /// Hours, in ms.
    pub length_ms: i64,
    /// `digital`, `physical`, `mixed`.
    pub mode: &'static str,
    /// Pass mark, where it ends with a test.
    pub pass_mark: Option<i64>,
    /// 業務相關.
    pub work_related: bool,
    /// Codes of encouraging measures.
    pub measures: Vec<&'static str>,
    /// Name of the county.
    pub county: String,
    /// Put away.
    pub away: bool,
}

/// A session in the list of a course.
#[derive(Debug, Clone, Serialize)]
pub struct ClassSessionRow {
    /// Id.
    pub id: String,
    /// Code.
    pub code: String,
    /// Class number.
    pub class_no: i64,
    /// Where.
    pub place: String,
    /// First start, ms UTC.
    pub start_ms: i64,
    /// Last end, ms UTC.
    pub end_ms: i64,
    /// Length of its half-days, ms.
    pub length_ms: i64,
    /// Minutes that somebody may come late or leave early.
    pub late_minutes: i64,
    /// Code of the exercise that it is.
    pub exercise: Option<String>,
    /// Why it was called off.
    pub cancelled: Option<String>,
}

/// A session as typed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ClassFields {
    /// Code.
    pub code: String,
    /// Class number.
    pub class_no: String,
    /// Where.
    pub place: String,
    /// First day, `YYYY-MM-DD`.
    pub day_from: String,
    /// Last day.
    pub day_to: String,
    /// First half-day of each day, from, `HH:MM`.
    pub am_from: String,
    /// First half-day, to.
    pub am_to: String,
    /// Second half-day, from; empty where there is none.
    pub pm_from: String,
    /// Second half-day, to.
    pub pm_to: String,
    /// Tolerance in minutes.
    pub late: String,
    /// Id of the exercise that it is.
    pub exercise: String,
}

/// Why somebody gets no certificate: `hours` (have and least in ms), `no_test`, `score` (have and least in points), `not_over`.
#[derive(Debug, Clone, Serialize)]
pub struct FaultLine {
    /// Which.
    pub why: &'static str,
    /// What they have.
    pub have: i64,
    /// What it takes.
    pub least: i64,
}

/// How a trainee stands in a course.
#[derive(Debug, Clone, Serialize)]
pub struct StandingRow {
    /// The person.
    pub person: PersonRef,
    /// Attended, ms.
    pub attended_ms: i64,
    /// Points of the test.
    pub score: Option<i64>,
    /// Why they get no certificate.
    pub faults: Vec<FaultLine>,
    /// The certificate that stands: id and number.
    pub certificate: Option<(String, String)>,
}

/// A certificate that was revoked.
#[derive(Debug, Clone, Serialize)]
pub struct RevokedRow {
    /// Id.
    pub id: String,
    /// Number.
    pub number: String,
    /// Name.
    pub name: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Why.
    pub reason: String,
}

/// What a question of a questionnaire brought.
#[derive(Debug, Clone, Serialize)]
pub struct SurveyResult {
    /// The question.
    pub text: String,
    /// Number of answers.
    pub answers: i64,
    /// Mean of the scores x 100; `None` below five answers and for words.
    pub mean: Option<i64>,
    /// Words, none below five answers.
    pub words: Vec<String>,
}

/// A questionnaire of a course.
#[derive(Debug, Clone, Serialize)]
pub struct SurveyRow {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Handed out.
    pub handed_out: i64,
    /// Came back.
    pub returned: i64,
    /// Return rate in per cent, as printed; `None` where none went out.
    pub rate: Option<String>,
    /// Closed.
    pub closed: bool,
    /// What it brought.
    pub results: Vec<SurveyResult>,
}

/// A file or a link.
#[derive(Debug, Clone, Serialize)]
pub struct MaterialRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Where it leads; a file has none.
    pub link: Option<String>,
    /// Bytes.
    pub size: i64,
}

/// `/courses/{id}`. Forms: POST `/courses/{id}` with `act`.
#[derive(Debug, Clone, Serialize)]
pub struct CoursePage {
    /// The course.
    pub course: CourseHead,
    /// May change.
    pub may_edit: bool,
    /// An officer looks: questionnaires on paper are theirs.
    pub officer: bool,
    /// Sessions by start.
    pub sessions: Vec<ClassSessionRow>,
    /// Trainees.
    pub standing: Vec<StandingRow>,
    /// How many qualify and have no certificate yet.
    pub to_issue: i64,
    /// Certificates that were revoked.
    pub revoked: Vec<RevokedRow>,
    /// Questionnaires.
    pub surveys: Vec<SurveyRow>,
    /// Files and links.
    pub materials: Vec<MaterialRow>,
    /// Form of a new session.
    pub form: ClassFields,
    /// Exercises to choose from, id and words.
    pub exercises: Vec<(String, String)>,
    /// What was typed as questions.
    pub questions: String,
    /// Largest file, MB.
    pub file_mb: i64,
    /// What was refused.
    pub problems: Vec<Problem>,
}

impl CourseHead {
    pub(crate) fn sample() -> Self {
        Self {
            id: "c1".into(),
            code: "C115-01".into(),
            title: "藍隊通報應變".into(),
            aspect: "management",
            speciality: "網路攻防".into(),
            category: "523".into(),
            length_ms: 6 * HOUR,
            mode: "physical",
            pass_mark: Some(70),
            work_related: true,
            measures: vec!["shuttle", "content"],
            county: "新竹市".into(),
            away: false,
        }
    }
}

impl ClassSessionRow {
    pub(crate) fn sample() -> Self {
        Self {
            id: "s1".into(),
            code: "S115-01".into(),
            class_no: 1,
            place: "資訊中心 301".into(),
            start_ms: SAMPLE_NOW_MS - 2 * HOUR,
            end_ms: SAMPLE_NOW_MS + 4 * HOUR,
            length_ms: 6 * HOUR,
            late_minutes: 10,
            exercise: Some("E115-03".into()),
            cancelled: None,
        }
    }
}

impl ClassFields {
    pub(crate) fn sample() -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            code: text("S115-02"),
            class_no: text("2"),
            place: text("資訊中心 301"),
            day_from: text("2026-05-12"),
            day_to: text("2026-05-13"),
            am_from: text("09:00"),
            am_to: text("12:00"),
            pm_from: text("13:30"),
            pm_to: text("16:30"),
            late: text("10"),
            exercise: text("e1"),
        }
    }
}

pub(crate) fn sample_person(id: &str, name: &str) -> PersonRef {
    PersonRef {
        id: id.into(),
        name: name.into(),
        staff_no: format!("QL-{id}"),
        agency: "縣政府 數位發展處".into(),
    }
}

impl Page for CourseList {
    const TEMPLATE: &'static str = "courses/list.html";
    fn samples() -> Vec<Self> {
        let row = |id: &str, aspect, away: bool| CourseRow {
            id: id.into(),
            code: format!("C115-{id}"),
            title: "藍隊通報應變".into(),
            aspect,
            category: "523".into(),
            length_ms: 6 * HOUR,
            sessions: 2,
            starts_ms: (!away).then_some(SAMPLE_NOW_MS),
            away,
        };
        let page = Self {
            rows: vec![
                row("01", "management", false),
                row("02", "technique", true),
                row("03", "strategy", false),
            ],
            query: String::new(),
            away: true,
            may_edit: true,
            pass_mark: "70".into(),
            late: "10".into(),
            problems: vec![],
        };
        let problems = vec![Problem::new("score_range").on("pass_mark")];
        vec![
            page.clone(),
            Self { may_edit: false, rows: vec![], query: "無".into(), ..page.clone() },
            Self { rows: vec![], away: false, problems, ..page },
        ]
    }
}

impl Page for CourseForm {
    const TEMPLATE: &'static str = "courses/form.html";
    fn samples() -> Vec<Self> {
        let text = |text: &str| text.to_owned();
        let form = CourseFields {
            code: text("C115-01"),
            title: text("藍隊通報應變"),
            aspect: text("management"),
            speciality: text("網路攻防"),
            category: text("523"),
            hours: text("6"),
            digital: text("0"),
            tested: true,
            pass_mark: text("70"),
            work_related: true,
            measures: vec![text("shuttle")],
            county: text("30"),
        };
        let measures =
            vec!["shuttle", "childcare", "quota", "outreach", "partners", "hours", "space", "content"];
        let page = Self {
            id: None,
            form,
            counties: vec![(text("10"), text("臺北市")), (text("30"), text("新竹市"))],
            measures,
            problems: vec![],
        };
        let problems = ["code", "title", "hours", "digital", "pass_mark", "category", "county"]
            .map(|field| Problem::new("required").on(field));
        vec![page.clone(), Self { id: Some(text("c1")), problems: problems.into(), ..page }]
    }
}

impl Page for CoursePage {
    const TEMPLATE: &'static str = "courses/one.html";
    fn samples() -> Vec<Self> {
        let fault = |why, have, least| FaultLine { why, have, least };
        let row = |id: &str, name: &str, faults: Vec<FaultLine>, certificate| StandingRow {
            person: sample_person(id, name),
            attended_ms: 5 * HOUR,
            score: (id != "3").then_some(88),
            faults,
            certificate,
        };
        let standing = vec![
            row("1", "許藍圖", vec![], Some(("k1".to_owned(), "115-0001-7K3MQX".to_owned()))),
            row("2", "張示範", vec![], None),
            row("3", "莊公文", vec![fault("hours", 3 * HOUR, 5 * HOUR), fault("no_test", 0, 0)], None),
            row("4", "呂差勤", vec![fault("not_over", 0, 0), fault("score", 60, 70)], None),
            // Something was corrected after it was issued.
            row(
                "5",
                "謝測試",
                vec![fault("hours", 2 * HOUR, 5 * HOUR)],
                Some(("k5".to_owned(), "115-0002-9P4RTW".to_owned())),
            ),
        ];
        let result = |text: &str, answers, mean, words: &[&str]| SurveyResult {
            text: text.into(),
            answers,
            mean,
            words: words.iter().map(|&word| word.to_owned()).collect(),
        };
        let survey = |id: &str, closed, results| SurveyRow {
            id: id.into(),
            title: "課後問卷".into(),
            handed_out: 57,
            returned: 52,
            rate: Some("91.23".into()),
            closed,
            results,
        };
        let cancelled = ClassSessionRow {
            id: "s2".into(),
            code: "S115-09".into(),
            exercise: None,
            cancelled: Some("颱風".into()),
            ..ClassSessionRow::sample()
        };
        let page = Self {
            course: CourseHead::sample(),
            may_edit: true,
            officer: false,
            sessions: vec![ClassSessionRow::sample(), cancelled],
            standing,
            to_issue: 1,
            revoked: vec![RevokedRow {
                id: "k0".into(),
                number: "115-0002-ABCDEF".into(),
                name: "謝測試".into(),
                at_ms: SAMPLE_NOW_MS,
                reason: "時數更正".into(),
            }],
            surveys: vec![
                survey(
                    "v1",
                    false,
                    vec![result("難易適中", 52, Some(412), &[]), result("建議", 6, None, &["再多一點實作"])],
                ),
                survey("v2", true, vec![result("難易適中", 3, None, &[])]),
            ],
            materials: vec![
                MaterialRow { id: "m1".into(), name: "講義.pdf".into(), link: None, size: 120_000 },
                MaterialRow {
                    id: "m2".into(),
                    name: "影片".into(),
                    link: Some("https://qlu.example/".into()),
                    size: 0,
                },
            ],
            form: ClassFields::sample(),
            exercises: vec![("e1".into(), "E115-03 入口網攻防".into())],
            questions: "難易適中 / Right level".into(),
            file_mb: 8,
            problems: vec![],
        };
        let fields = [
            "code",
            "class_no",
            "place",
            "halves",
            "late",
            "exercise",
            "link",
            "file",
            "survey_title",
            "questions",
            "number",
            "reason",
        ];
        let problems = fields.map(|field| Problem::new("required").on(field)).into();
        let mixed = CourseHead { mode: "mixed", ..CourseHead::sample() };
        let empty = CourseHead {
            mode: "digital",
            pass_mark: None,
            work_related: false,
            measures: vec![],
            speciality: String::new(),
            away: true,
            ..CourseHead::sample()
        };
        vec![
            page.clone(),
            Self { course: mixed, problems, ..page.clone() },
            Self {
                course: empty,
                may_edit: false,
                officer: true,
                sessions: vec![],
                standing: vec![],
                to_issue: 0,
                revoked: vec![],
                surveys: vec![],
                materials: vec![],
                exercises: vec![],
                ..page
            },
        ]
    }
}
