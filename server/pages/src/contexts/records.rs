//! Statistics for the officer. All figures come computed; ratios as printed strings, so that a page and a file cannot differ.

use rampart_domain::records::portal::{COUNTIES, Profile};
use serde::Serialize;

use super::common::*;
use super::portal::PortalFields;

/// `/statistics`: exercises with their head counts. Query: `year` (ROC).
#[derive(Debug, Clone, Serialize)]
pub struct StatisticsList {
    /// ROC years with exercises, newest first.
    pub years: Vec<i64>,
    /// The ROC year shown.
    pub year: i64,
    /// Exercises of that year, by start.
    pub rows: Vec<StatisticsExercise>,
    /// Distinct people of the year.
    pub persons: i64,
    /// Person-times of the year.
    pub person_times: i64,
    /// Person time of the year, ms.
    pub person_ms: i64,
}

/// One exercise in the statistics list.
#[derive(Debug, Clone, Serialize)]
pub struct StatisticsExercise {
    /// Id.
    pub id: String,
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// State.
    pub state: ExerciseState,
    /// Start, ms UTC.
    pub starts_ms: Option<i64>,
    /// Distinct people who came.
    pub persons: i64,
    /// Person time, ms.
    pub person_ms: i64,
}

impl Page for StatisticsList {
    const TEMPLATE: &'static str = "records/list.html";
    fn samples() -> Vec<Self> {
        let row = |id: &str, code: &str, title: &str, state, persons, hours: i64| StatisticsExercise {
            id: id.into(),
            code: code.into(),
            title: title.into(),
            state,
            starts_ms: Some(SAMPLE_NOW_MS - 24 * HOUR),
            persons,
            person_ms: hours * HOUR,
        };
        vec![
            Self {
                years: vec![115, 114],
                year: 115,
                rows: vec![
                    row("1", "S115-01", "藍隊通報應變", ExerciseState::Ended, 30, 180),
                    row("0198c4", "S115-02", "紅藍對抗實作", ExerciseState::Running, 38, 456),
                ],
                persons: 57,
                person_times: 68,
                person_ms: 636 * HOUR,
            },
            Self { years: vec![], year: 115, rows: vec![], persons: 0, person_times: 0, person_ms: 0 },
        ]
    }
}

/// What a row of X1 stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum X1RowKind {
    /// One exercise.
    Session,
    /// One ROC year.
    Year,
    /// Difference of two years.
    Change,
}

/// A verdict by integers, never by a rounded percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetVerdict {
    /// Met.
    Met,
    /// Missed.
    Missed,
    /// Nothing to judge.
    None,
}

/// One row of table X1, as printed.
#[derive(Debug, Clone, Serialize)]
pub struct X1Row {
    /// Kind.
    pub kind: X1RowKind,
    /// Session code, or ROC year such as 115.
    pub label: String,
    /// AD year, for years.
    pub western: Option<String>,
    /// Total.
    pub total: String,
    /// Men, and share.
    pub male: [String; 2],
    /// Women, and share.
    pub female: [String; 2],
    /// Other, and share.
    pub other: [String; 2],
    /// Undisclosed by choice, and share.
    pub undisclosed: [String; 2],
    /// Not filled in, and share.
    pub unfilled: [String; 2],
    /// Sex ratio, women = 100.
    pub ratio: String,
    /// Share of women among all, and as a fraction such as 21/57.
    pub of_all: [String; 2],
    /// Share of women among men and women, and as a fraction.
    pub of_mf: [String; 2],
    /// Target of women's share among all.
    pub verdict: TargetVerdict,
    /// That target in per cent, where it is another one than the page's.
    pub asked: Option<i64>,
}

/// What an officer did to the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditAct {
    /// Looked at them.
    Viewed,
    /// Took a file.
    Exported,
}

/// A line of the audit log.
#[derive(Debug, Clone, Serialize)]
pub struct AuditLine {
    /// When, ms UTC.
    pub at_ms: i64,
    /// Who.
    pub who: String,
    /// What.
    pub act: AuditAct,
    /// Format of the file, or empty.
    pub detail: String,
}

/// `/statistics/{id}`: table X1 of one exercise and its year.
#[derive(Debug, Clone, Serialize)]
pub struct Statistics {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// ROC year of it.
    pub year: i64,
    /// Rows: the exercise, then years, then the change if there are two.
    pub rows: Vec<X1Row>,
    /// Somebody left it empty, so that the column 未填 is shown.
    pub has_unfilled: bool,
    /// Target share of women in the year, per cent.
    pub target: i64,
    /// Office that hands the table in.
    pub organisation: String,
    /// Shares of this exercise do not add to 100.00; the sum as printed.
    pub share_sum: Option<String>,
    /// Distinct people.
    pub persons: i64,
    /// Person time, ms.
    pub person_ms: i64,
    /// State of the figures, ms UTC.
    pub as_of_ms: i64,
    /// File name of the ODS export.
    pub file_ods: String,
    /// File name of the CSV export.
    pub file_csv: String,
    /// Profiles of the portal's file of hours.
    pub profiles: Vec<&'static str>,
    /// Counties of the portal: code and name.
    pub counties: Vec<(&'static str, &'static str)>,
    /// The people are invented: only ID numbers that fail their check digit are taken.
    pub drill: bool,
    /// What the form of that file begins with.
    pub form: PortalFields,
    /// Looks and exports, newest first, this look included.
    pub audit: Vec<AuditLine>,
}

impl Page for Statistics {
    const TEMPLATE: &'static str = "records/x1.html";
    fn samples() -> Vec<Self> {
        let two = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        let year =
            |kind, label: &str, western: Option<&str>, cells: [&str; 11], fractions: [&str; 4], verdict| {
                X1Row {
                    kind,
                    label: label.into(),
                    western: western.map(Into::into),
                    total: cells[0].into(),
                    male: two(cells[1], cells[2]),
                    female: two(cells[3], cells[4]),
                    other: two(cells[5], cells[6]),
                    undisclosed: two(cells[7], cells[8]),
                    unfilled: two("-", "-"),
                    ratio: cells[9].into(),
                    of_all: two(fractions[0], fractions[1]),
                    of_mf: two(fractions[2], fractions[3]),
                    verdict,
                    asked: (label == "114").then_some(25),
                }
            };
        let rows = vec![
            year(
                X1RowKind::Session,
                "S115-02",
                None,
                ["38", "22", "57.89", "14", "36.84", "1", "2.63", "1", "2.63", "157.14", ""],
                ["36.84", "14/38", "38.89", "14/36"],
                TargetVerdict::Met,
            ),
            year(
                X1RowKind::Year,
                "114",
                Some("2025"),
                ["48", "32", "66.67", "16", "33.33", "-", "-", "-", "-", "200.00", ""],
                ["33.33", "16/48", "33.33", "16/48"],
                TargetVerdict::Met,
            ),
            year(
                X1RowKind::Year,
                "115",
                Some("2026"),
                ["57", "34", "59.65", "21", "36.84", "1", "1.75", "1", "1.75", "161.90", ""],
                ["36.84", "21/57", "38.18", "21/55"],
                TargetVerdict::Met,
            ),
            year(
                X1RowKind::Change,
                "",
                None,
                ["9 (18.75%)", "2", "−7.02", "5", "3.51", "1", "1.75", "1", "1.75", "−38.10", ""],
                ["3.51", "", "4.85", ""],
                TargetVerdict::None,
            ),
        ];
        let base = Self {
            exercise: ExerciseHead::sample(ExerciseState::Ended),
            year: 115,
            rows,
            has_unfilled: false,
            target: 30,
            organisation: "青嵐縣政府數位發展處".into(),
            share_sum: Some("99.99".into()),
            persons: 38,
            person_ms: 456 * HOUR,
            as_of_ms: SAMPLE_NOW_MS,
            file_ods: "性別統計表_S115-02.ods".into(),
            file_csv: "性別統計表_S115-02.csv".into(),
            profiles: Profile::ids().to_vec(),
            counties: COUNTIES.to_vec(),
            drill: true,
            form: PortalFields {
                profile: "current".into(),
                category: "523".into(),
                county: "30".into(),
                batch: "1".into(),
                digital: None,
            },
            audit: vec![
                AuditLine {
                    at_ms: SAMPLE_NOW_MS,
                    who: "呂差勤".into(),
                    act: AuditAct::Viewed,
                    detail: String::new(),
                },
                AuditLine {
                    at_ms: SAMPLE_NOW_MS - HOUR,
                    who: "呂差勤".into(),
                    act: AuditAct::Exported,
                    detail: "ODS".into(),
                },
            ],
        };
        let mut empty = base.clone();
        empty.rows.truncate(1);
        if let Some(row) = empty.rows.first_mut() {
            row.verdict = TargetVerdict::Missed;
            row.unfilled = two("2", "5.26");
        }
        empty.has_unfilled = true;
        empty.share_sum = None;
        empty.audit.truncate(1);
        vec![base, empty]
    }
}
