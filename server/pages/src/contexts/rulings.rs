//! What else a judge does: marks of reports, penalties, further tries, voids, re-matches; and what only informs.

use scoreboard::Reason;
use serde::Serialize;

use super::common::*;
use super::seat_blue::ReportVerdict;

/// The second part of the judge's desk. Forms: POST to the desk's path with `act` (`penalise`, `lift`, `tries`, `mark`,
/// `release`, `void`, `unvoid`, `rematch`, `unrematch`) and its fields.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Rulings {
    /// What a report is marked by; empty where reports are not marked.
    pub criteria: Vec<CriterionView>,
    /// Most that a team's reports bring together.
    pub marks_max: i64,
    /// Reports that have been judged, newest first.
    pub reports: Vec<MarkRow>,
    /// Marks that wait to be released.
    pub unreleased: i64,
    /// Penalties, newest first.
    pub penalties: Vec<PenaltyRow>,
    /// Objectives to give tries for: id and title.
    pub objectives: Vec<(String, String)>,
    /// Checks: id and title.
    pub checks: Vec<(String, String)>,
    /// Range numbers.
    pub ranges: Vec<u16>,
    /// Voids, newest first.
    pub voids: Vec<VoidRow>,
    /// Runs that can count in place of a pair's.
    pub runs: Vec<RunChoice>,
    /// Re-matches, newest first.
    pub rematches: Vec<RematchRow>,
    /// What looks odd, newest first. Nothing follows from it by itself.
    pub signs: Vec<SignRow>,
    /// The void form as typed.
    pub void: VoidTyped,
}

/// A criterion.
#[derive(Debug, Clone, Serialize)]
pub struct CriterionView {
    /// Id; the field is `mark.ID`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Most points.
    pub points: i64,
}

/// A report to mark.
#[derive(Debug, Clone, Serialize)]
pub struct MarkRow {
    /// Report id.
    pub id: String,
    /// Short number such as N-03.
    pub label: String,
    /// Team.
    pub team: TeamRef,
    /// Host title.
    pub host: String,
    /// ATT&CK id.
    pub technique: String,
    /// What the team wrote.
    pub text: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// How the platform judged it.
    pub verdict: ReportVerdict,
    /// Marks in the order of the criteria; empty while there are none.
    pub marks: Vec<i64>,
    /// Their sum.
    pub sum: i64,
    /// What the judge wrote with them.
    pub note: String,
    /// True when they wait to be released.
    pub waiting: bool,
}

/// A penalty.
#[derive(Debug, Clone, Serialize)]
pub struct PenaltyRow {
    /// Position in the ledger.
    pub seq: u64,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Team.
    pub team: TeamRef,
    /// Points.
    pub points: i64,
    /// Why.
    pub reason: Reason,
    /// Why it was taken back.
    pub lifted: Option<Reason>,
}

/// A stretch of time in which checks do not count.
#[derive(Debug, Clone, Serialize)]
pub struct VoidRow {
    /// Id.
    pub id: String,
    /// Range; `None` is every range.
    pub range: Option<u16>,
    /// From, ms UTC.
    pub from_ms: i64,
    /// To, ms UTC.
    pub to_ms: i64,
    /// Why, with the check.
    pub reason: Reason,
    /// Why it counts again.
    pub undone: Option<Reason>,
}

/// A run that can count in place of a pair's.
#[derive(Debug, Clone, Serialize)]
pub struct RunChoice {
    /// Exercise id and range number, as `ID:N`.
    pub value: String,
    /// Session code.
    pub code: String,
    /// Range number there.
    pub range: u16,
    /// Points of its red and its blue team.
    pub points: (i64, i64),
}

/// A re-match.
#[derive(Debug, Clone, Serialize)]
pub struct RematchRow {
    /// Id.
    pub id: String,
    /// Session code of the new run.
    pub run: String,
    /// Position in its ledger.
    pub position: u64,
    /// Teams with the old run's points and the new run's.
    pub teams: Vec<(TeamRef, i64, i64)>,
    /// Why.
    pub text: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Why the old run counts again.
    pub undone: Option<Reason>,
}

/// Something odd, with what it may and may not mean.
#[derive(Debug, Clone, Serialize)]
pub struct SignRow {
    /// When, ms UTC.
    pub at_ms: i64,
    /// Team.
    pub team: TeamRef,
    /// Another team that it concerns.
    pub other: Option<TeamRef>,
    /// What.
    pub what: Reason,
    /// Position in the ledger, where there is one.
    pub seq: Option<u64>,
}

/// The void form as typed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct VoidTyped {
    /// From, as a field takes it.
    pub from: String,
    /// To.
    pub to: String,
    /// Why.
    pub text: String,
}

impl Rulings {
    pub(crate) fn sample() -> Self {
        let word = |rule: &str, args: &[(&str, &str)]| Reason {
            rule: rule.into(),
            args: args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let (red, blue) = (TeamRef::new("r1", "紅檜", Side::Red), TeamRef::new("b1", "藍鵲", Side::Blue));
        let report = |id: &str, label: &str, marks: Vec<i64>, waiting| MarkRow {
            id: id.into(),
            label: label.into(),
            team: blue.clone(),
            host: "全球資訊網".into(),
            technique: "T1190".into(),
            text: "14:31 起搜尋頁出現 union 注入，來源 10.20.1.11。".into(),
            at_ms: SAMPLE_NOW_MS - 20 * MINUTE,
            verdict: ReportVerdict::Matched,
            sum: marks.iter().sum(),
            note: if marks.is_empty() { String::new() } else { "時間線清楚".into() },
            marks,
            waiting,
        };
        let penalty = |seq, lifted| PenaltyRow {
            seq,
            at_ms: SAMPLE_NOW_MS - 30 * MINUTE,
            team: red.clone(),
            points: -25,
            reason: word("judge.penalty", &[("text", "攻擊範圍外的主機")]),
            lifted,
        };
        let void = |id: &str, range, undone| VoidRow {
            id: id.into(),
            range,
            from_ms: SAMPLE_NOW_MS - 50 * MINUTE,
            to_ms: SAMPLE_NOW_MS - 30 * MINUTE,
            reason: word("judge.voided", &[("check", "all"), ("text", "檢查腳本故障")]),
            undone,
        };
        let rematch = |id: &str, undone| RematchRow {
            id: id.into(),
            run: "S115-03".into(),
            position: 214,
            teams: vec![(red.clone(), 150, 400), (blue.clone(), 212, 655)],
            text: "靶場中斷".into(),
            at_ms: SAMPLE_NOW_MS - 5 * MINUTE,
            undone,
        };
        Self {
            criteria: vec![
                CriterionView { id: "facts".into(), title: "事實與時間線".into(), points: 30 },
                CriterionView { id: "measures".into(), title: "處置建議".into(), points: 20 },
            ],
            marks_max: 100,
            reports: vec![report("n2", "N-02", vec![25, 10], true), report("n1", "N-01", vec![], false)],
            unreleased: 1,
            penalties: vec![
                penalty(402, None),
                penalty(398, Some(word("judge.lifted", &[("about", "398"), ("text", "誤會")]))),
            ],
            objectives: vec![("portal-db".into(), "入口網資料庫".into())],
            checks: vec![("portal-search".into(), "入口網搜尋".into())],
            ranges: vec![1, 2],
            voids: vec![
                void("v2", None, None),
                void("v1", Some(1), Some(word("judge.unvoided", &[("text", "並無故障")]))),
            ],
            runs: vec![RunChoice {
                value: "e3:1".into(),
                code: "S115-03".into(),
                range: 1,
                points: (400, 655),
            }],
            rematches: vec![
                rematch("m2", None),
                rematch("m1", Some(word("rematch.undone", &[("run", "S115-03"), ("text", "誤選")]))),
            ],
            signs: vec![
                SignRow {
                    at_ms: SAMPLE_NOW_MS - 8 * MINUTE,
                    team: red.clone(),
                    other: Some(TeamRef::new("r2", "紅楠", Side::Red)),
                    what: word("sign.foreign", &[("objective", "portal-db")]),
                    seq: Some(310),
                },
                SignRow {
                    at_ms: SAMPLE_NOW_MS - 9 * MINUTE,
                    team: red,
                    other: None,
                    what: word("sign.early", &[("objective", "www-file"), ("action", "search-injection")]),
                    seq: Some(301),
                },
            ],
            void: VoidTyped {
                from: "2026-05-13T14:00".into(),
                to: "2026-05-13T14:20".into(),
                text: String::new(),
            },
        }
    }
}
