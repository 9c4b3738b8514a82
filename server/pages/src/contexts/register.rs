//! One person of the register, and the agencies.

use serde::Serialize;

use super::common::*;
use super::people::Identity;

/// `/people/new` and `/people/{id}`: a person's row. Form: POST to the same address with fields `act` (`save`, `remove`,
/// `restore`), `name`, `staff_no`, `agency`, `grade`, `identity`, `emails` (one a line).
#[derive(Debug, Clone, Serialize)]
pub struct PersonPage {
    /// Id; `None` for a person who is to be entered.
    pub id: Option<String>,
    /// What the form holds.
    pub form: PersonForm,
    /// Agencies to choose from; another one may be typed.
    pub agencies: Vec<String>,
    /// When the person was taken off the register.
    pub removed_ms: Option<i64>,
    /// The person that this row was found to be.
    pub merged_into: Option<PersonRef>,
    /// Rows that were found to be this person.
    pub merged: Vec<PersonRef>,
    /// What was done with the row, latest first.
    pub history: Vec<PersonChange>,
    /// Exercises, latest first.
    pub took_part: Vec<PersonExercise>,
    /// Code of the duty class, or empty.
    pub duty: String,
    /// The viewer is a programme officer.
    pub officer: bool,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
}

/// A person to point at.
#[derive(Debug, Clone, Serialize)]
pub struct PersonRef {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number, or empty.
    pub staff_no: String,
    /// Agency.
    pub agency: String,
}

/// Fields of a person.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PersonForm {
    /// Name.
    pub name: String,
    /// Staff number.
    pub staff_no: String,
    /// Agency.
    pub agency: String,
    /// Grade.
    pub grade: String,
    /// Identity.
    pub identity: Option<Identity>,
    /// E-mail addresses, one a line.
    pub emails: String,
}

/// What was done with a row; labels are `person.act.WORD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonAct {
    /// Entered.
    Made,
    /// Brought up to date by a roster.
    Import,
    /// Edited by hand.
    Edit,
    /// Taken off the register.
    Removed,
    /// Put on it again.
    Restored,
    /// Found to be another row's person.
    Merged,
    /// That finding was taken back.
    Parted,
    /// Erased on request.
    Erased,
    /// The agency has another name.
    Agency,
}

/// A line of the history.
#[derive(Debug, Clone, Serialize)]
pub struct PersonChange {
    /// When.
    pub at_ms: i64,
    /// Who; `None` for the platform.
    pub who: Option<String>,
    /// What.
    pub act: PersonAct,
    /// Values before and after.
    pub fields: Vec<FieldChange>,
}

/// A value before and after.
#[derive(Debug, Clone, Serialize)]
pub struct FieldChange {
    /// Field; labels are `person.field.WORD`.
    pub field: PersonField,
    /// Before.
    pub before: String,
    /// After.
    pub after: String,
}

/// A field of a person's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonField {
    /// Name.
    Name,
    /// Staff number.
    StaffNo,
    /// Agency.
    Agency,
    /// Grade.
    Grade,
    /// Identity; the values are its words.
    Identity,
    /// E-mail addresses.
    Email,
    /// Duty class; the values are its words.
    Duty,
    /// Reason of a finding.
    Reason,
}

/// An exercise that the person took part in.
#[derive(Debug, Clone, Serialize)]
pub struct PersonExercise {
    /// Exercise id.
    pub id: String,
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Planned start.
    pub starts_ms: i64,
    /// Team.
    pub team: String,
    /// Taken out of the exercise.
    pub withdrawn: bool,
    /// What counts, ms.
    pub booked_ms: i64,
}

impl PersonRef {
    pub(crate) fn sample() -> Self {
        Self {
            id: "0198d1".into(),
            name: "許藍圖".into(),
            staff_no: "A101".into(),
            agency: "縣政府 數位發展處".into(),
        }
    }
}

impl Page for PersonPage {
    const TEMPLATE: &'static str = "people/person.html";
    fn samples() -> Vec<Self> {
        let field = |field, before: &str, after: &str| FieldChange {
            field,
            before: before.into(),
            after: after.into(),
        };
        let change = |act, who: Option<&str>, fields: Vec<FieldChange>| PersonChange {
            at_ms: SAMPLE_NOW_MS - HOUR,
            who: who.map(str::to_owned),
            act,
            fields,
        };
        let history = vec![
            change(PersonAct::Restored, Some("呂差勤"), vec![]),
            change(PersonAct::Removed, Some("呂差勤"), vec![]),
            change(PersonAct::Parted, Some("呂差勤"), vec![field(PersonField::Reason, "", "同名不同人")]),
            change(PersonAct::Merged, Some("呂差勤"), vec![field(PersonField::Reason, "", "婚後改姓")]),
            change(PersonAct::Erased, Some("呂差勤"), vec![]),
            change(
                PersonAct::Agency,
                Some("呂差勤"),
                vec![field(PersonField::Agency, "數位處", "數位發展處")],
            ),
            change(
                PersonAct::Edit,
                Some("呂差勤"),
                vec![
                    field(PersonField::Name, "許藍", "許藍圖"),
                    field(PersonField::StaffNo, "", "A101"),
                    field(PersonField::Grade, "技佐", "技士"),
                    field(PersonField::Identity, "contract", "civil"),
                    field(PersonField::Duty, "", "dedicated"),
                    field(PersonField::Email, "", "a@qinglan.test office@qinglan.test"),
                ],
            ),
            change(PersonAct::Import, None, vec![field(PersonField::Agency, "", "縣政府 數位發展處")]),
            change(PersonAct::Made, None, vec![]),
        ];
        let took_part = vec![
            PersonExercise {
                id: "0198c4".into(),
                code: "S115-02".into(),
                title: "紅藍對抗實作".into(),
                starts_ms: SAMPLE_NOW_MS,
                team: "藍鵲".into(),
                withdrawn: false,
                booked_ms: 6 * HOUR,
            },
            PersonExercise {
                id: "0198c3".into(),
                code: "S115-01".into(),
                title: "藍隊通報應變".into(),
                starts_ms: SAMPLE_NOW_MS - 48 * HOUR,
                team: String::new(),
                withdrawn: true,
                booked_ms: 0,
            },
        ];
        let form = PersonForm {
            name: "許藍圖".into(),
            staff_no: "A101".into(),
            agency: "縣政府 數位發展處".into(),
            grade: "技士".into(),
            identity: Some(Identity::Civil),
            emails: "a@qinglan.test\noffice@qinglan.test".into(),
        };
        let agencies = vec!["縣政府 數位發展處".to_owned(), "嵐山鄉公所".to_owned()];
        let whole = Self {
            id: Some("0198d1".into()),
            form: form.clone(),
            agencies: agencies.clone(),
            removed_ms: None,
            merged_into: None,
            merged: vec![PersonRef { name: "陳藍圖".into(), ..PersonRef::sample() }],
            history,
            took_part,
            duty: "dedicated".into(),
            officer: true,
            problems: vec![],
        };
        vec![
            whole.clone(),
            Self {
                removed_ms: Some(SAMPLE_NOW_MS),
                merged: vec![],
                history: vec![],
                took_part: vec![],
                officer: false,
                ..whole.clone()
            },
            Self { merged_into: Some(PersonRef::sample()), merged: vec![], ..whole },
            Self {
                id: None,
                form: PersonForm { emails: "x".into(), ..PersonForm::default() },
                agencies,
                removed_ms: None,
                merged_into: None,
                merged: vec![],
                history: vec![],
                took_part: vec![],
                duty: String::new(),
                officer: false,
                problems: vec![
                    Problem::new("required").on("name"),
                    Problem::new("email_form").on("emails"),
                    Problem::new("number_taken").on("staff_no"),
                ],
            },
        ]
    }
}

/// `/people/agencies`: the list, and a form for one. Query: `edit` (id), `name` (to enter one that people name already).
/// Forms: POST with `act` (`save`, `remove`), `id`, `code`, `name`, `level`, `area`, `county`.
#[derive(Debug, Clone, Serialize)]
pub struct AgencyList {
    /// Rows, by code.
    pub rows: Vec<AgencyRow>,
    /// Agencies that people name and that are not on the list, with the number of people.
    pub unlisted: Vec<(String, i64)>,
    /// What the form holds.
    pub form: AgencyForm,
    /// May the viewer change it?
    pub may_edit: bool,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
}

/// An agency.
#[derive(Debug, Clone, Serialize)]
pub struct AgencyRow {
    /// Id.
    pub id: String,
    /// Code, or empty.
    pub code: String,
    /// Name.
    pub name: String,
    /// Level, A to E.
    pub level: Option<String>,
    /// Where it lies.
    pub area: Option<AgencyArea>,
    /// County.
    pub county: String,
    /// People who name it.
    pub people: i64,
}

/// Where an agency lies; labels are `area.WORD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgencyArea {
    /// 縣治.
    Seat,
    /// 一般鄉鎮.
    Plain,
    /// 偏遠/離島.
    Remote,
}

/// Fields of an agency; empty for a new one.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AgencyForm {
    /// Id, empty for a new one.
    pub id: String,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Level.
    pub level: String,
    /// Area.
    pub area: String,
    /// County.
    pub county: String,
}

impl Page for AgencyList {
    const TEMPLATE: &'static str = "people/agencies.html";
    fn samples() -> Vec<Self> {
        let row = |id: &str, code: &str, name: &str, level: &str, area, people| AgencyRow {
            id: id.into(),
            code: code.into(),
            name: name.into(),
            level: Some(level.to_owned()).filter(|level| !level.is_empty()),
            area,
            county: "青嵐縣".into(),
            people,
        };
        let rows = vec![
            row("1", "QL01", "縣政府 數位發展處", "B", Some(AgencyArea::Seat), 14),
            row("2", "QL11", "嵐北地政所", "C", Some(AgencyArea::Plain), 5),
            row("3", "QL21", "白沙嶼鄉公所", "D", Some(AgencyArea::Remote), 2),
            row("4", "", "青嵐科技大學", "", None, 0),
        ];
        let form = AgencyForm {
            id: "1".into(),
            code: "QL01".into(),
            name: "縣政府 數位發展處".into(),
            level: "B".into(),
            area: "seat".into(),
            county: "青嵐縣".into(),
        };
        vec![
            Self {
                rows: rows.clone(),
                unlisted: vec![("木棉雲端".into(), 3)],
                form: AgencyForm::default(),
                may_edit: true,
                problems: vec![],
            },
            Self {
                rows: rows.clone(),
                unlisted: vec![],
                form,
                may_edit: true,
                problems: vec![
                    Problem::new("agency_code_taken").on("code"),
                    Problem::new("agency_name_taken").on("name"),
                ],
            },
            Self { rows, unlisted: vec![], form: AgencyForm::default(), may_edit: false, problems: vec![] },
            Self {
                rows: vec![],
                unlisted: vec![],
                form: AgencyForm::default(),
                may_edit: true,
                problems: vec![],
            },
        ]
    }
}

/// `/people/duplicates`: rows that look like one person. Form: POST with `act` (`merge`, `apart`, `part`), `person` (the row
/// that goes), `into` (id or staff number of the one that stays), `reason`, `back` (`person`).
#[derive(Debug, Clone, Serialize)]
pub struct Duplicates {
    /// The surest first.
    pub pairs: Vec<DuplicatePair>,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
}

/// Two rows that look like one person.
#[derive(Debug, Clone, Serialize)]
pub struct DuplicatePair {
    /// The older row.
    pub one: PersonRef,
    /// The newer one.
    pub other: PersonRef,
    /// Why; labels are `duplicates.kind.WORD`.
    pub kind: DuplicateKind,
}

/// Why two rows look like one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateKind {
    /// Staff numbers that are alike.
    Number,
    /// Name and agency.
    Name,
    /// An address; a hint only.
    Email,
}

impl Page for Duplicates {
    const TEMPLATE: &'static str = "people/duplicates.html";
    fn samples() -> Vec<Self> {
        let pair = |id: &str, staff_no: &str, kind| DuplicatePair {
            one: PersonRef::sample(),
            other: PersonRef { id: id.into(), staff_no: staff_no.into(), ..PersonRef::sample() },
            kind,
        };
        vec![
            Self {
                pairs: vec![
                    pair("0198d2", "a-101", DuplicateKind::Number),
                    pair("0198d3", "", DuplicateKind::Name),
                    pair("0198d4", "C7", DuplicateKind::Email),
                ],
                problems: vec![
                    Problem::new("merge_reason").on("reason"),
                    Problem::new("merge_unfit").on("into"),
                ],
            },
            Self { pairs: vec![], problems: vec![] },
        ]
    }
}
