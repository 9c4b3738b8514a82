//! The guide to the API.

use serde::Serialize;

use super::common::*;

/// `/api`: every operation, and every code of an error.
#[derive(Debug, Clone, Serialize)]
pub struct ApiGuide {
    /// Operations by what they are about.
    pub groups: Vec<ApiGroup>,
    /// Codes of errors with their texts, unfilled.
    pub codes: Vec<ApiCode>,
}

/// Operations about one thing.
#[derive(Debug, Clone, Serialize)]
pub struct ApiGroup {
    /// What they are about, a key below `api.tag.`.
    pub tag: String,
    /// The operations.
    pub operations: Vec<ApiOperation>,
}

/// One operation.
#[derive(Debug, Clone, Serialize)]
pub struct ApiOperation {
    /// Id, a key below `api.op.`.
    pub id: String,
    /// HTTP method.
    pub method: String,
    /// Path.
    pub path: String,
    /// What a token must be for; none for what every token may.
    pub scope: Option<String>,
    /// Who may use it, in English words of the document.
    pub roles: Vec<String>,
    /// Takes a key under which it is carried out once.
    pub makes: bool,
    /// What more there is to know, in English, as the document has it.
    pub detail: String,
    /// Parts of the path and the query.
    pub parameters: Vec<ApiField>,
    /// Media type of the body; empty for none.
    pub media: String,
    /// Fields of the body.
    pub body: Vec<ApiField>,
    /// Status when it went well.
    pub status: String,
    /// Fields of the answer.
    pub answer: Vec<ApiField>,
}

/// A field of a body, or a parameter.
#[derive(Debug, Clone, Serialize)]
pub struct ApiField {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: String,
    /// It has to be there.
    pub required: bool,
    /// What it is, in English, as the document has it.
    pub text: String,
}

/// Code of an error.
#[derive(Debug, Clone, Serialize)]
pub struct ApiCode {
    /// Code.
    pub code: String,
    /// Text.
    pub text: String,
}

impl Page for ApiGuide {
    const TEMPLATE: &'static str = "entry/api.html";
    fn samples() -> Vec<Self> {
        let field = |name: &str, kind: &str, required, text: &str| ApiField {
            name: name.into(),
            kind: kind.into(),
            required,
            text: text.into(),
        };
        let show = ApiOperation {
            id: "show_exercise".into(),
            method: "GET".into(),
            path: "/api/v1/exercises/{exercise}".into(),
            scope: Some("exercises:read".into()),
            roles: vec!["instructor".into(), "administrator".into()],
            makes: false,
            detail: "With its clock, teams, plan, place in the queue, hosts and alarms.".into(),
            parameters: vec![field("exercise", "string", true, "Id of the exercise")],
            media: String::new(),
            body: vec![],
            status: "200".into(),
            answer: vec![
                field("code", "string", true, "Session code."),
                field("note", "string | null", false, ""),
            ],
        };
        let create = ApiOperation {
            id: "create_exercise".into(),
            method: "POST".into(),
            path: "/api/v1/exercises".into(),
            scope: Some("exercises:run".into()),
            roles: vec!["instructor".into()],
            makes: true,
            detail: String::new(),
            parameters: vec![],
            media: "application/json".into(),
            body: vec![
                field("scenario", "string", true, "Scenario id."),
                field("pairs", "integer", false, "Number of red/blue pairs."),
            ],
            status: "201".into(),
            answer: vec![],
        };
        let me = ApiOperation {
            id: "me".into(),
            path: "/api/v1/me".into(),
            scope: None,
            roles: vec!["everybody with a token".into()],
            ..show.clone()
        };
        vec![Self {
            groups: vec![
                ApiGroup { tag: "tokens".into(), operations: vec![me] },
                ApiGroup { tag: "exercises".into(), operations: vec![show, create] },
            ],
            codes: vec![
                ApiCode { code: "not_found".into(), text: "找不到。".into() },
                ApiCode { code: "state_changed".into(), text: "狀態已經改變。".into() },
            ],
        }]
    }
}
