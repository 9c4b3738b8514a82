//! The blue seat: watches, reports, repairs.

use std::collections::BTreeMap;

use scoreboard::Reason;
use serde::Serialize;

use super::common::*;
use super::hosts::ResetLine;
use super::seat::*;

/// A host on the strip of a blue seat.
#[derive(Debug, Clone, Serialize)]
pub struct HostCell {
    /// Host id.
    pub id: String,
    /// Title.
    pub title: String,
    /// State of its checks; `None` for a host without checks, which the strip leaves out.
    pub state: Option<HealthState>,
}

/// One event as blue sees it: no label, no hint of the truth.
#[derive(Debug, Clone, Serialize)]
pub struct EventLine {
    /// Id, for citing.
    pub id: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Host.
    pub host: String,
    /// Source such as `web` or `flow`.
    pub source: String,
    /// One line of text, with long values cut.
    pub text: String,
    /// The record's fields by name, whole.
    pub fields: BTreeMap<String, String>,
    /// A name look-up; most flows are, so the list leaves them out unless asked.
    pub dns: bool,
    /// The host that a report about it would name: whose log it is, or where a flow went.
    pub about: String,
}

/// A technique to choose from.
#[derive(Debug, Clone, Serialize)]
pub struct TechniqueChoice {
    /// ATT&CK id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// The report form as typed. Fields: `host`, `technique`, `seen` (`YYYY-MM-DDTHH:MM:SS` in Taipei), `events` (repeated or separated
/// by spaces), `text`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReportForm {
    /// Host id.
    pub host: String,
    /// ATT&CK id.
    pub technique: String,
    /// Time seen.
    pub seen: String,
    /// Ids of cited events.
    pub events: Vec<String>,
    /// What the team writes.
    pub text: String,
}

/// How a report was judged, as the team may know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportVerdict {
    /// Not judged yet.
    Pending,
    /// It names what red did.
    Matched,
    /// Already paid for.
    AlreadyClaimed,
    /// Nothing fits.
    False,
}

/// A report of the own team.
#[derive(Debug, Clone, Serialize)]
pub struct ReportLine {
    /// Short number such as N-03.
    pub label: String,
    /// When it was filed, ms UTC.
    pub at_ms: i64,
    /// Host title.
    pub host: String,
    /// ATT&CK id.
    pub technique: String,
    /// Verdict.
    pub verdict: ReportVerdict,
    /// Points.
    pub points: i64,
    /// Why.
    pub reason: Option<Reason>,
    /// A judge's marks, once they are released.
    pub marks: Option<MarksView>,
}

/// A judge's marks of a report.
#[derive(Debug, Clone, Serialize)]
pub struct MarksView {
    /// Title, points, most points of each criterion.
    pub marks: Vec<(String, i64, i64)>,
    /// What the judge wrote.
    pub note: String,
    /// What the team was given for it.
    pub points: i64,
}

/// Where a repair stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairStage {
    /// No retest asked for yet.
    Open,
    /// The retest runs.
    Testing,
    /// The attack fails and the check passes.
    Passed,
    /// One half is missing.
    Failed,
}

/// A repair of the own team. Form: POST `/seat/repairs`, field `repair`.
#[derive(Debug, Clone, Serialize)]
pub struct RepairLine {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Host title.
    pub host: String,
    /// Stage.
    pub stage: RepairStage,
    /// The service check passed; `None` if not known.
    pub check_passes: Option<bool>,
    /// The attack failed; `None` if not known.
    pub attack_fails: Option<bool>,
    /// Points.
    pub points: i64,
    /// Why.
    pub reason: Option<Reason>,
    /// Why no retest can be asked for now.
    pub blocked: Option<Problem>,
}

/// The event stream's filter; in the query as `host`, `source`, `q`, `dns`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EventFilter {
    /// Host id or empty.
    pub host: String,
    /// Source or empty.
    pub source: String,
    /// Text or empty.
    pub text: String,
    /// Name look-ups, too.
    pub dns: bool,
}

/// `/seat` of a blue team. Live by `/seat/events`: event `event` (JSON of [`EventLine`]), `refresh` (something else changed), `clock`.
#[derive(Debug, Clone, Serialize)]
pub struct SeatBlue {
    /// Head.
    pub seat: SeatHead,
    /// Brief.
    pub brief: String,
    /// Hosts.
    pub hosts: Vec<HostCell>,
    /// Points for availability so far.
    pub availability_points: i64,
    /// Availability so far in thousandths; `None` before the first checks.
    pub availability: Option<i64>,
    /// Events, newest first.
    pub events: Vec<EventLine>,
    /// Events received in all.
    pub events_total: i64,
    /// Filter.
    pub filter: EventFilter,
    /// Hosts that send events, as (id, title), for filter and report.
    pub sources: Vec<String>,
    /// Techniques for the report.
    pub techniques: Vec<TechniqueChoice>,
    /// The report form.
    pub form: ReportForm,
    /// What has to be repaired in it.
    pub problems: Vec<Problem>,
    /// Wrong reports still free within this hour.
    pub free_left: i64,
    /// What a wrong report costs after that.
    pub false_cost: i64,
    /// Own reports, newest first.
    pub reports: Vec<ReportLine>,
    /// Repairs.
    pub repairs: Vec<RepairLine>,
    /// Own hosts that the team may have made anew.
    pub resets: Vec<ResetLine>,
    /// Messages, newest first.
    pub messages: Vec<TeamMessage>,
    /// Accounts given to the team.
    pub credentials: Vec<Credential>,
    /// Terminal.
    pub terminal: TerminalView,
    /// Titles of ids that reasons name.
    pub names: BTreeMap<String, String>,
    /// Why no report is accepted now; `None` if it is.
    pub report_blocked: Option<Problem>,
    /// How the score is counted.
    pub rules: Vec<Reason>,
}

impl Page for SeatBlue {
    const TEMPLATE: &'static str = "seat/blue.html";
    fn samples() -> Vec<Self> {
        let host = |id: &str, title: &str, state| HostCell { id: id.into(), title: title.into(), state };
        let event = |id: &str, seconds: i64, host: &str, source: &str, text: &str| EventLine {
            id: id.into(),
            at_ms: SAMPLE_NOW_MS - seconds * 1000,
            host: host.into(),
            source: source.into(),
            text: text.into(),
            fields: [("src", "10.20.1.11"), ("agent", "curl/7.88.1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            dns: false,
            about: if host == "gateway" { "www".into() } else { host.into() },
        };
        let reason = |rule: &str, args: &[(&str, &str)]| {
            Some(Reason {
                rule: rule.into(),
                args: args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            })
        };
        let report = |label: &str, minutes: i64, verdict, points, reason| ReportLine {
            label: label.into(),
            at_ms: SAMPLE_NOW_MS - minutes * MINUTE,
            host: "全球資訊網".into(),
            technique: "T1190".into(),
            verdict,
            points,
            reason,
            marks: (label == "N-03").then(|| MarksView {
                marks: vec![("事實與時間線".into(), 18, 20), ("影響範圍".into(), 12, 15)],
                note: "時間線清楚".into(),
                points: 30,
            }),
        };
        let repair = |id: &str, stage, check_passes, attack_fails, points, reason, blocked| RepairLine {
            id: id.into(),
            title: "修補搜尋頁注入".into(),
            host: "www".into(),
            stage,
            check_passes,
            attack_fails,
            points,
            reason,
            blocked,
        };
        let base = Self {
            seat: SeatHead::sample(Side::Blue, ExerciseState::Running, ExerciseClock::sample()),
            brief: "守住入口網與公文系統。\n\n依紀錄通報，並修補**搜尋頁**。".into(),
            hosts: vec![
                host("gateway", "閘道防火牆", None),
                host("www", "全球資訊網", Some(HealthState::Up)),
                host("doc", "嵐文公文系統", Some(HealthState::Degraded)),
            ],
            availability_points: 312,
            availability: Some(992),
            events: vec![
                event("e9", 4, "www", "web", "GET /search.php?q=%27+union+select+1,2,3 200 5120 10.20.1.11"),
                event("e8", 5, "gateway", "flow", "10.20.1.11:51934 → 10.20.2.10:80/tcp"),
                event("e7", 19, "doc", "web", "GET /documents/115-0042 403 svc-portal"),
                event("e6", 31, "www", "web", "GET /news.php?id=12 200 2210 10.20.1.50"),
            ],
            events_total: 48_211,
            filter: EventFilter::default(),
            sources: vec!["web".into(), "flow".into()],
            techniques: vec![
                TechniqueChoice { id: "T1190".into(), name: "Exploit Public-Facing Application".into() },
                TechniqueChoice { id: "T1213".into(), name: "Data from Information Repositories".into() },
            ],
            form: ReportForm { seen: "2026-05-13T14:31:09".into(), ..ReportForm::default() },
            problems: vec![],
            free_left: 2,
            false_cost: 15,
            reports: vec![
                report("N-04", 2, ReportVerdict::Pending, 0, None),
                report(
                    "N-03",
                    9,
                    ReportVerdict::Matched,
                    18,
                    reason(
                        "report.matched",
                        &[("action", "search-injection"), ("host", "www"), ("technique", "T1190")],
                    ),
                ),
                report(
                    "N-02",
                    40,
                    ReportVerdict::AlreadyClaimed,
                    0,
                    reason("report.already", &[("action", "search-injection")]),
                ),
                report(
                    "N-01",
                    70,
                    ReportVerdict::False,
                    -15,
                    reason("report.false", &[("free", "2"), ("cost", "15")]),
                ),
            ],
            repairs: vec![
                repair("fix-search", RepairStage::Open, None, None, 0, None, None),
                repair("fix-b", RepairStage::Testing, None, None, 0, None, Some(Problem::new("waiting"))),
                repair(
                    "fix-c",
                    RepairStage::Passed,
                    Some(true),
                    Some(true),
                    36,
                    reason("repair.passed", &[("repair", "fix-c")]),
                    Some(Problem::new("already_repaired")),
                ),
                repair(
                    "fix-d",
                    RepairStage::Failed,
                    Some(true),
                    Some(false),
                    0,
                    reason("repair.attack_works", &[("repair", "fix-d")]),
                    None,
                ),
            ],
            resets: ResetLine::samples("www", "全球資訊網"),
            messages: vec![TeamMessage {
                at_ms: SAMPLE_NOW_MS - 2 * HOUR,
                text: "上級情資：近日有針對入口網的掃描。".into(),
            }],
            credentials: vec![Credential {
                title: "入口網維運帳號（SSH）".into(),
                host: "www".into(),
                login: "ops".into(),
                secret: "Zt4-9fKs-Qa".into(),
            }],
            terminal: TerminalView {
                title: "監看工作站".into(),
                host: "watch".into(),
                desktop: false,
                blocked: None,
            },
            names: [
                ("www".to_owned(), "全球資訊網".to_owned()),
                ("search-injection".to_owned(), "搜尋頁 SQL 注入".to_owned()),
            ]
            .into(),
            report_blocked: None,
            rules: super::board::sample_rules(),
        };
        vec![
            base.clone(),
            Self {
                form: ReportForm {
                    host: "www".into(),
                    technique: "T1190".into(),
                    seen: "2026-05-13T15:31:09".into(),
                    events: vec!["e9".into(), "e8".into()],
                    text: String::new(),
                },
                problems: vec![
                    Problem::new("report.seen_future").on("seen"),
                    Problem::new("report.cited_none").on("events"),
                    Problem::new("report.text_empty").on("text"),
                ],
                free_left: 0,
                filter: EventFilter {
                    host: "www".into(),
                    source: "web".into(),
                    text: "union".into(),
                    dns: true,
                },
                ..base.clone()
            },
            Self {
                seat: SeatHead::sample(Side::Blue, ExerciseState::Paused, ExerciseClock::sample_paused()),
                events: vec![],
                events_total: 0,
                reports: vec![],
                repairs: vec![],
                resets: vec![],
                messages: vec![],
                credentials: vec![],
                report_blocked: Some(Problem::new("paused")),
                terminal: TerminalView {
                    desktop: false,
                    blocked: Some(Problem::new("terminal_paused")),
                    ..base.terminal.clone()
                },
                ..base.clone()
            },
            Self {
                seat: SeatHead::sample(Side::Blue, ExerciseState::Ended, ExerciseClock::sample_ended()),
                report_blocked: Some(Problem::new("over")),
                ..base
            },
        ]
    }
}
