//! A person's own tokens for programs.

use serde::Serialize;

use super::common::*;

/// `/tokens`. Forms: POST `/tokens` (fields `name`, `days`, `scope` once for each), POST `/tokens/{id}/revoke`.
#[derive(Debug, Clone, Serialize)]
pub struct Tokens {
    /// The owner's tokens, newest first.
    pub rows: Vec<TokenRow>,
    /// Scopes that the owner's role can use.
    pub offered: Vec<String>,
    /// What was typed into the form.
    pub form: TokenForm,
    /// Most days that a token may live.
    pub days_max: i64,
    /// What has to be repaired.
    pub problems: Vec<Problem>,
    /// A token just made; shown once.
    pub issued: Option<IssuedToken>,
}

/// One token.
#[derive(Debug, Clone, Serialize)]
pub struct TokenRow {
    /// Id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Its first characters.
    pub hint: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// When it was made, ms UTC.
    pub created_ms: i64,
    /// When it ends by itself, ms UTC.
    pub expires_ms: i64,
    /// Last use, ms UTC.
    pub used_ms: Option<i64>,
    /// It can be used.
    pub alive: bool,
    /// It was revoked.
    pub revoked: bool,
}

/// A new token as typed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TokenForm {
    /// Name.
    pub name: String,
    /// Days.
    pub days: String,
    /// Scopes ticked.
    pub scopes: Vec<String>,
}

/// A token to copy.
#[derive(Debug, Clone, Serialize)]
pub struct IssuedToken {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The token.
    pub token: String,
}

impl Page for Tokens {
    const TEMPLATE: &'static str = "people/tokens.html";
    fn samples() -> Vec<Self> {
        let row = |id: &str, name: &str, hint: &str, scopes: &[&str], used_ms, revoked: bool, expires_ms| {
            TokenRow {
                id: id.into(),
                name: name.into(),
                hint: hint.into(),
                scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
                created_ms: SAMPLE_NOW_MS - 30 * 24 * HOUR,
                expires_ms,
                used_ms,
                alive: !revoked && expires_ms > SAMPLE_NOW_MS,
                revoked,
            }
        };
        let far = SAMPLE_NOW_MS + 60 * 24 * HOUR;
        let rows = vec![
            row("1", "教室大螢幕", "rmp_a4dq", &["board:read"], Some(SAMPLE_NOW_MS - HOUR), false, far),
            row("2", "排程腳本", "rmp_7kfz", &["exercises:read", "exercises:run"], None, false, far),
            row("3", "舊筆電", "rmp_qqm2", &["people:write"], Some(SAMPLE_NOW_MS - 99 * HOUR), true, far),
            row("4", "上學期", "rmp_b3xw", &["board:read"], None, false, SAMPLE_NOW_MS - HOUR),
        ];
        // All scopes that any role can use, so that each has its text.
        let offered: Vec<String> = [
            "board:read",
            "exercises:read",
            "exercises:run",
            "seats:write",
            "attendance:write",
            "judge:write",
            "ledger:read",
            "scenarios:read",
            "people:read",
            "people:write",
            "records:read",
            "records:write",
            "findings:write",
            "images:build",
            "system:read",
            "system:run",
            "metrics:read",
            "webhooks:write",
            "tokens:write",
            "terminals:read",
            "accounts:write",
            "seat:play",
        ]
        .map(str::to_owned)
        .into();
        let form = TokenForm { days: "90".into(), ..TokenForm::default() };
        vec![
            Self {
                rows: rows.clone(),
                offered: offered.clone(),
                form: form.clone(),
                days_max: 365,
                problems: vec![],
                issued: None,
            },
            Self {
                rows: rows.clone(),
                offered: offered.clone(),
                form,
                days_max: 365,
                problems: vec![],
                issued: Some(IssuedToken {
                    id: "2".into(),
                    name: "排程腳本".into(),
                    token: "rmp_7kfzl2nq5xw3a6bt4mceh2yjdorsvgup7i".into(),
                }),
            },
            Self {
                rows: vec![],
                offered,
                form: TokenForm {
                    name: "自動化".into(),
                    days: "900".into(),
                    scopes: vec!["board:read".into()],
                },
                days_max: 365,
                problems: vec![Problem::new("token_days").with("max", 365).on("days")],
                issued: None,
            },
        ]
    }
}
