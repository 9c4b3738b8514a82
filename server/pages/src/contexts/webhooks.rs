//! Web hooks: who is told of ledger entries, and how that went.

use serde::Serialize;

use super::common::*;

/// `/webhooks`. Forms: POST `/webhooks` (fields `url`, `exercise`, `audience`, `kinds` once for each), POST
/// `/webhooks/{id}/rotate`, `/remove`.
#[derive(Debug, Clone, Serialize)]
pub struct Webhooks {
    /// All of them, oldest first.
    pub rows: Vec<WebhookRow>,
    /// Exercises to choose from: id, code.
    pub exercises: Vec<(String, String)>,
    /// Kinds of entries to choose from.
    pub kinds: Vec<String>,
    /// What was typed into the form.
    pub form: WebhookForm,
    /// What has to be repaired.
    pub problems: Vec<Problem>,
    /// A secret just made; shown once.
    pub issued: Option<IssuedSecret>,
}

/// One web hook.
#[derive(Debug, Clone, Serialize)]
pub struct WebhookRow {
    /// Id.
    pub id: String,
    /// Where to.
    pub url: String,
    /// Code of its exercise; none for all.
    pub exercise: Option<String>,
    /// Kinds of entries; none for all.
    pub kinds: Vec<String>,
    /// `public` or `staff`.
    pub audience: String,
    /// When it was made, ms UTC.
    pub created_ms: i64,
    /// Messages that wait.
    pub waiting: i64,
}

/// A new web hook as typed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WebhookForm {
    /// Where to.
    pub url: String,
    /// Exercise id; empty for all.
    pub exercise: String,
    /// `public` or `staff`.
    pub audience: String,
    /// Kinds ticked.
    pub kinds: Vec<String>,
}

/// A secret to copy.
#[derive(Debug, Clone, Serialize)]
pub struct IssuedSecret {
    /// Where its web hook leads.
    pub url: String,
    /// The secret.
    pub secret: String,
}

/// `/webhooks/{id}`: the latest messages of one. Form: POST `/webhooks/{id}/resend` (field `delivery`).
#[derive(Debug, Clone, Serialize)]
pub struct WebhookDeliveries {
    /// The web hook.
    pub hook: WebhookRow,
    /// Messages, newest first.
    pub rows: Vec<DeliveryRow>,
}

/// One message.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryRow {
    /// Id.
    pub id: String,
    /// Code of the exercise.
    pub exercise: String,
    /// Ledger position.
    pub seq: u64,
    /// Kind of entry.
    pub kind: String,
    /// `waiting`, `done` or `dead`.
    pub state: String,
    /// Tries.
    pub tries: i64,
    /// Since when it waits, ms UTC.
    pub since_ms: i64,
    /// When it is tried next, or was last, ms UTC.
    pub next_ms: i64,
    /// What went wrong last.
    pub said: String,
}

fn hooks() -> Vec<WebhookRow> {
    vec![
        WebhookRow {
            id: "1".into(),
            url: "https://hooks.qinglan.example/rampart".into(),
            exercise: None,
            kinds: vec![],
            audience: "public".into(),
            created_ms: SAMPLE_NOW_MS - 48 * HOUR,
            waiting: 0,
        },
        WebhookRow {
            id: "2".into(),
            url: "https://siem.qinglan.example/in".into(),
            exercise: Some("S115-02".into()),
            kinds: vec!["flag".into(), "status".into()],
            audience: "staff".into(),
            created_ms: SAMPLE_NOW_MS - HOUR,
            waiting: 3,
        },
    ]
}

impl Page for Webhooks {
    const TEMPLATE: &'static str = "exercises/webhooks.html";
    fn samples() -> Vec<Self> {
        let page = Self {
            rows: hooks(),
            exercises: vec![("0198c4".into(), "S115-02".into())],
            kinds: vec!["status".into(), "flag".into(), "report".into()],
            form: WebhookForm { audience: "public".into(), ..WebhookForm::default() },
            problems: vec![],
            issued: None,
        };
        let issued = IssuedSecret {
            url: "https://siem.qinglan.example/in".into(),
            secret: "rmpwh_0123456789abcdef0123456789abcdef".into(),
        };
        let form = WebhookForm {
            url: "http://10.0.0.1/".into(),
            exercise: "0198c4".into(),
            audience: "staff".into(),
            kinds: vec!["flag".into()],
        };
        vec![
            page.clone(),
            Self { issued: Some(issued), ..page.clone() },
            Self { rows: vec![], form, problems: vec![Problem::new("hook_address").on("url")], ..page },
        ]
    }
}

impl Page for WebhookDeliveries {
    const TEMPLATE: &'static str = "exercises/deliveries.html";
    fn samples() -> Vec<Self> {
        let row = |id: &str, seq, state: &str, tries, said: &str| DeliveryRow {
            id: id.into(),
            exercise: "S115-02".into(),
            seq,
            kind: "flag".into(),
            state: state.into(),
            tries,
            since_ms: SAMPLE_NOW_MS - HOUR,
            next_ms: SAMPLE_NOW_MS - 5 * MINUTE,
            said: said.into(),
        };
        let rows = vec![
            row("3", 44, "waiting", 2, "HTTP 503"),
            row("2", 43, "done", 1, ""),
            row("1", 12, "dead", 30, "timeout: global"),
        ];
        let mut all = hooks();
        let (second, first) = (all.remove(1), all.remove(0));
        vec![Self { hook: second, rows }, Self { hook: first, rows: vec![] }]
    }
}
