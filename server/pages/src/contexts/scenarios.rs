//! Scenarios: the list, and one of them with its lanes or its faults.

use serde::Serialize;

use super::admin::{ImageRow, ImageState};
use super::common::*;
use super::schedule::CapacityView;

/// `/scenarios`.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioList {
    /// All scenarios, by id.
    pub rows: Vec<ScenarioRow>,
}

/// A scenario in the list.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioRow {
    /// Id.
    pub id: String,
    /// Title, or the id if it cannot be read.
    pub title: String,
    /// Summary.
    pub summary: String,
    /// Key below `difficulty.`; empty if it cannot be read.
    pub difficulty: String,
    /// Planned length in minutes.
    pub minutes: i64,
    /// Containers in one range.
    pub hosts: i64,
    /// Objectives.
    pub objectives: i64,
    /// Number of faults; 0 means usable.
    pub faults: i64,
}

impl Page for ScenarioList {
    const TEMPLATE: &'static str = "scenarios/list.html";
    fn samples() -> Vec<Self> {
        let row = |id: &str, title: &str, difficulty: &str, faults| ScenarioRow {
            id: id.into(),
            title: title.into(),
            summary: "縣府入口網的搜尋與附件上傳各有一處弱點；由此進入內網公文系統。".into(),
            difficulty: difficulty.into(),
            minutes: 90,
            hosts: 6,
            objectives: 3,
            faults,
        };
        vec![
            Self {
                rows: vec![
                    row("qinglan-portal", "青嵐縣入口網", "basic", 0),
                    row("b", "b", "intermediate", 0),
                    row("c", "c", "advanced", 0),
                    row("usb-worm", "usb-worm", "", 3),
                ],
            },
            Self { rows: vec![] },
        ]
    }
}

/// `/scenarios/{id}`.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioPage {
    /// Id.
    pub id: String,
    /// The scenario, if it can be read.
    pub view: Option<ScenarioView>,
    /// All faults, in order of place.
    pub faults: Vec<ScenarioFault>,
    /// Images that it needs; `None` while the engine does not answer. Form: POST `/scenarios/{id}/images`.
    pub images: Option<Vec<ImageRow>>,
}

/// A fault of a scenario file. The text comes from the checker in the page's language.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioFault {
    /// File.
    pub file: String,
    /// Line from 1.
    pub line: i64,
    /// Column from 1.
    pub column: i64,
    /// What is wrong.
    pub text: String,
    /// What to write instead.
    pub suggestion: Option<String>,
}

/// What a scenario says.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioView {
    /// What one pair needs.
    pub capacity: CapacityView,
    /// Title.
    pub title: String,
    /// Summary.
    pub summary: String,
    /// Version.
    pub version: i64,
    /// Key below `difficulty.`: `basic`, `intermediate`, `advanced`.
    pub difficulty: String,
    /// Planned length in minutes.
    pub minutes: i64,
    /// Course code (522, 523).
    pub course: String,
    /// Aspect: `strategy`, `management` or `technology`.
    pub aspect: String,
    /// Hours that it counts for.
    pub hours: i64,
    /// ATT&CK ids.
    pub techniques: Vec<String>,
    /// Phases with planned minutes.
    pub phases: Vec<PhaseBlock>,
    /// Zones by distance from red.
    pub zones: Vec<ZoneLane>,
    /// Allow rules.
    pub allow: Vec<AllowRule>,
    /// Objectives.
    pub objectives: Vec<ScenarioObjective>,
    /// Number of detections.
    pub detections: i64,
    /// Number of checks.
    pub checks: i64,
    /// Number of repairs.
    pub repairs: i64,
    /// Most points of a red team.
    pub max_red: i64,
    /// Most points of a blue team.
    pub max_blue: i64,
    /// How the score is counted.
    pub rules: Vec<scoreboard::Reason>,
}

/// A zone as a lane.
#[derive(Debug, Clone, Serialize)]
pub struct ZoneLane {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Red starts here.
    pub start: Option<Side>,
    /// Hosts in it.
    pub hosts: Vec<LaneHost>,
}

/// A host in a lane.
#[derive(Debug, Clone, Serialize)]
pub struct LaneHost {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Key below `host_role.`: `gateway`, `target`, `workstation`, `user`, `sensor`.
    pub role: String,
    /// Side, for workstations.
    pub side: Option<Side>,
    /// Image.
    pub image: String,
    /// Names in the range's DNS.
    pub names: Vec<String>,
}

/// What the gateway lets through.
#[derive(Debug, Clone, Serialize)]
pub struct AllowRule {
    /// Zone or zone/host.
    pub from: String,
    /// Zone or zone/host.
    pub to: String,
    /// `tcp`, `udp`, `icmp`.
    pub proto: String,
    /// Ports as text such as 80, 443.
    pub ports: String,
}

/// An objective in the overview.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioObjective {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Host id.
    pub host: String,
    /// ATT&CK id.
    pub technique: String,
    /// Points.
    pub points: i64,
    /// Titles of what must come first.
    pub requires: Vec<String>,
}

impl Page for ScenarioPage {
    const TEMPLATE: &'static str = "scenarios/one.html";
    fn samples() -> Vec<Self> {
        let host = |id: &str, title: &str, role: &str, side, image: &str, name: &str| LaneHost {
            id: id.into(),
            title: title.into(),
            role: role.into(),
            side,
            image: image.into(),
            names: vec![name.into()],
        };
        let allow = |from: &str, to: &str, ports: &str| AllowRule {
            from: from.into(),
            to: to.into(),
            proto: "tcp".into(),
            ports: ports.into(),
        };
        let objective = |id: &str, title: &str, host: &str, technique: &str, points, requires: &[&str]| {
            ScenarioObjective {
                id: id.into(),
                title: title.into(),
                host: host.into(),
                technique: technique.into(),
                points,
                requires: requires.iter().map(ToString::to_string).collect(),
            }
        };
        let view = ScenarioView {
            capacity: CapacityView { pairs: 1, ..CapacityView::sample("now") },
            title: "青嵐縣入口網".into(),
            summary: "縣府入口網的搜尋與附件上傳各有一處弱點；由此進入內網公文系統。藍隊依紀錄通報並修補。"
                .into(),
            version: 1,
            difficulty: "basic".into(),
            minutes: 90,
            course: "523".into(),
            aspect: "technology".into(),
            hours: 3,
            techniques: vec!["T1190".into(), "T1505.003".into(), "T1213".into()],
            phases: PhaseBlock::samples()
                .into_iter()
                .map(|phase| PhaseBlock {
                    state: PhaseState::Coming,
                    percent: 0,
                    remaining_ms: None,
                    ..phase
                })
                .collect(),
            zones: vec![
                ZoneLane {
                    id: "internet".into(),
                    title: "網際網路".into(),
                    start: Some(Side::Red),
                    hosts: vec![
                        host(
                            "attack",
                            "攻擊工作站",
                            "workstation",
                            Some(Side::Red),
                            "workstation-red",
                            "attack.example",
                        ),
                        host("citizens", "一般民眾", "user", None, "base", "citizens.example"),
                    ],
                },
                ZoneLane {
                    id: "dmz".into(),
                    title: "對外服務區".into(),
                    start: None,
                    hosts: vec![host("www", "全球資訊網", "target", None, "www", "www.qinglan.test")],
                },
                ZoneLane {
                    id: "office".into(),
                    title: "內部辦公區".into(),
                    start: None,
                    hosts: vec![
                        host("doc", "嵐文公文系統", "target", None, "doc", "doc.qinglan.test"),
                        host(
                            "watch",
                            "監看工作站",
                            "workstation",
                            Some(Side::Blue),
                            "workstation-blue",
                            "watch.qinglan.test",
                        ),
                        host("gateway", "閘道防火牆", "gateway", None, "gateway", "gateway.qinglan.test"),
                        host("sensor", "感測器", "sensor", None, "base", "sensor.qinglan.test"),
                    ],
                },
            ],
            allow: vec![
                allow("internet", "dmz/www", "80"),
                allow("dmz/www", "office/doc", "8080"),
                allow("office/watch", "dmz/www", "22, 80"),
            ],
            objectives: vec![
                objective("portal-db", "入口網資料庫", "www", "T1190", 100, &[]),
                objective("www-file", "主機上的備忘錄", "www", "T1505.003", 150, &["入口網資料庫"]),
                objective("doc-sealed", "公文系統密件", "doc", "T1213", 250, &["主機上的備忘錄"]),
            ],
            detections: 2,
            checks: 2,
            repairs: 1,
            max_red: 500,
            max_blue: 850,
            rules: super::board::sample_rules(),
        };
        let fault = |line, column, text: &str, suggestion: Option<&str>| ScenarioFault {
            file: "scenario.yaml".into(),
            line,
            column,
            text: text.into(),
            suggestion: suggestion.map(Into::into),
        };
        vec![
            Self {
                id: "qinglan-portal".into(),
                view: Some(view.clone()),
                faults: vec![],
                images: Some(ImageRow::samples()),
            },
            Self { id: "qinglan-portal".into(), view: Some(view.clone()), faults: vec![], images: None },
            Self {
                id: "qinglan-portal".into(),
                view: Some(view),
                faults: vec![],
                images: Some(vec![ImageRow::sample("www", ImageState::Ready, None, &[])]),
            },
            Self {
                id: "usb-worm".into(),
                view: None,
                faults: vec![
                    fault(12, 5, "不認得的鍵 capabilites", Some("capabilities")),
                    fault(40, 11, "找不到主機 wwww", Some("www")),
                    fault(77, 3, "objectives 形成循環", None),
                ],
                images: Some(vec![]),
            },
        ]
    }
}
