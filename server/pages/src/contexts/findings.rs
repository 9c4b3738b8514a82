//! Findings of red teams, for judges and the officer.

use serde::Serialize;

use super::common::*;

/// A finding as it is edited.
#[derive(Debug, Clone, Serialize, Default)]
pub struct FindingRow {
    /// Id; empty for a new one.
    pub id: String,
    /// Number.
    pub number: String,
    /// System.
    pub system: String,
    /// Weakness.
    pub weakness: String,
    /// CVSS score, `9.8`.
    pub cvss: String,
    /// Day of the first test, as forms have it.
    pub first: String,
    /// What was done.
    pub repair: String,
    /// Day of the repair.
    pub repaired: String,
    /// Day of the retest.
    pub retest: String,
    /// Code of the result.
    pub result: String,
}

/// `/findings`. Query: `year`, `id` (the one to edit). Form: POST with the fields of [`FindingRow`] and `act` (`save`, `drop`).
#[derive(Debug, Clone, Serialize)]
pub struct FindingsPage {
    /// ROC year.
    pub year: i64,
    /// Findings of the year; their days are printed ones.
    pub rows: Vec<FindingRow>,
    /// Grave ones that were closed within a week.
    pub done: i64,
    /// All grave ones.
    pub grave: i64,
    /// Their share, as printed.
    pub share: String,
    /// What the year asks for, per cent.
    pub target: i64,
    /// Whether it is reached; `None` without any.
    pub reached: Option<bool>,
    /// The form.
    pub form: FindingRow,
    /// Codes of the results.
    pub results: Vec<String>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Page for FindingsPage {
    const TEMPLATE: &'static str = "records/findings.html";
    fn samples() -> Vec<Self> {
        let row = FindingRow {
            id: "a".into(),
            number: "R-01".into(),
            system: "嵐文".into(),
            weakness: "SQL 注入".into(),
            cvss: "9.8".into(),
            first: "2026-05-12".into(),
            repair: "改用參數化查詢".into(),
            repaired: "2026-05-19".into(),
            retest: "2026-05-19".into(),
            result: "repaired".into(),
        };
        let page = Self {
            year: 115,
            rows: vec![FindingRow {
                first: "115-05-12".into(),
                retest: "115-05-19".into(),
                repaired: String::new(),
                ..row.clone()
            }],
            done: 1,
            grave: 2,
            share: "50.00".into(),
            target: 75,
            reached: Some(false),
            form: row,
            results: ["repaired", "partly", "open", "accepted"].map(Into::into).to_vec(),
            problems: vec![],
        };
        vec![
            page.clone(),
            Self {
                rows: vec![],
                form: FindingRow::default(),
                problems: vec![Problem::new("record_range").on("cvss")],
                ..page
            },
        ]
    }
}
