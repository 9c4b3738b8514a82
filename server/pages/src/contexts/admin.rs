//! The administrator's pages.

use serde::Serialize;

use super::common::*;

/// `/accounts`. Forms: POST `/accounts` (fields `login`, `name`, `role`), POST `/accounts/{id}/disable`, `/enable`, `/reset`,
/// `/role` (field `role`).
#[derive(Debug, Clone, Serialize)]
pub struct Accounts {
    /// All accounts, by log-in name.
    pub rows: Vec<AccountRow>,
    /// What was typed into the form.
    pub form: AccountForm,
    /// What has to be repaired.
    pub problems: Vec<Problem>,
    /// A password just made; shown once.
    pub issued: Option<IssuedPassword>,
}

/// One account.
#[derive(Debug, Clone, Serialize)]
pub struct AccountRow {
    /// Id.
    pub id: String,
    /// Log-in name.
    pub login: String,
    /// Name of the person.
    pub name: String,
    /// Role.
    pub role: ViewerRole,
    /// Cannot log in.
    pub disabled: bool,
    /// Has to change the password at the next log-in.
    pub must_change: bool,
    /// Last log-in, ms UTC.
    pub last_ms: Option<i64>,
    /// It is the viewer's own.
    pub own: bool,
}

/// A new account as typed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AccountForm {
    /// Log-in name.
    pub login: String,
    /// Name.
    pub name: String,
    /// `administrator`, `instructor` or `officer`.
    pub role: String,
}

/// A one-time password to hand over.
#[derive(Debug, Clone, Serialize)]
pub struct IssuedPassword {
    /// Log-in name.
    pub login: String,
    /// The password.
    pub password: String,
}

impl Page for Accounts {
    const TEMPLATE: &'static str = "admin/accounts.html";
    fn samples() -> Vec<Self> {
        let row = |id: &str, login: &str, name: &str, role, disabled, must_change, own| AccountRow {
            id: id.into(),
            login: login.into(),
            name: name.into(),
            role,
            disabled,
            must_change,
            last_ms: (!must_change).then_some(SAMPLE_NOW_MS - HOUR),
            own,
        };
        let rows = vec![
            row("1", "admin", "系統管理員", ViewerRole::Administrator, false, false, true),
            row("2", "cheng", "鄭白板", ViewerRole::Instructor, false, false, false),
            row("3", "lu", "呂差勤", ViewerRole::Officer, false, true, false),
            row("4", "old", "賴備援", ViewerRole::Instructor, true, false, false),
        ];
        vec![
            Self { rows: rows.clone(), form: AccountForm::default(), problems: vec![], issued: None },
            Self {
                rows: rows.clone(),
                form: AccountForm::default(),
                problems: vec![],
                issued: Some(IssuedPassword { login: "lu".into(), password: "pine-4QK7-mist-92".into() }),
            },
            Self {
                rows,
                form: AccountForm { login: "cheng".into(), name: String::new(), role: "officer".into() },
                problems: vec![
                    Problem::new("login_taken").on("login").with("login", "cheng"),
                    Problem::new("required").on("name"),
                ],
                issued: None,
            },
        ]
    }
}

/// State of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageState {
    /// Not there.
    Missing,
    /// There, but its source has changed.
    Stale,
    /// Its turn to be built comes.
    Waiting,
    /// Being built.
    Building,
    /// There and up to date.
    Ready,
    /// The last build failed.
    Failed,
}

/// One image.
#[derive(Debug, Clone, Serialize)]
pub struct ImageRow {
    /// Name.
    pub name: String,
    /// Start of its content hash.
    pub hash: String,
    /// State.
    pub state: ImageState,
    /// Size in bytes.
    pub bytes: Option<i64>,
    /// When built, ms UTC.
    pub built_ms: Option<i64>,
    /// Steps, while building.
    pub progress: Option<Progress>,
    /// Last lines of the log, while building or after a failure.
    pub log: Vec<String>,
    /// It has a folder and can be built; others can only be there.
    pub ours: bool,
}

impl ImageRow {
    /// One of each state.
    pub(crate) fn samples() -> Vec<Self> {
        vec![
            Self::sample("base", ImageState::Ready, None, &[]),
            Self::sample("gateway", ImageState::Stale, None, &[]),
            Self::sample(
                "www",
                ImageState::Building,
                Some(Progress { done: 4, total: 11 }),
                &["Step 4/11 : RUN apt-get install"],
            ),
            Self::sample("doc", ImageState::Missing, None, &[]),
            Self::sample("workstation-blue", ImageState::Waiting, None, &[]),
            Self::sample(
                "workstation-red",
                ImageState::Failed,
                None,
                &["E: Unable to locate package hydra", "exit status 100"],
            ),
        ]
    }

    /// A row for samples.
    pub(crate) fn sample(name: &str, state: ImageState, progress: Option<Progress>, log: &[&str]) -> Self {
        let there = matches!(state, ImageState::Ready | ImageState::Stale);
        Self {
            name: name.into(),
            hash: "9f3c1a0b77e2".into(),
            state,
            bytes: there.then_some(184_000_000),
            built_ms: there.then_some(SAMPLE_NOW_MS - 24 * HOUR),
            progress,
            log: log.iter().map(ToString::to_string).collect(),
            ours: true,
        }
    }
}

/// The container engine as last seen.
#[derive(Debug, Clone, Serialize)]
pub struct EngineView {
    /// Answers.
    pub reachable: bool,
    /// Version, if it answers.
    pub version: String,
    /// Address it was asked at.
    pub address: String,
    /// Containers of ours.
    pub containers: i64,
    /// Networks of ours.
    pub networks: i64,
    /// The second wall (nftables on the host) stands; `None` if it could not be told.
    pub guard: Option<bool>,
    /// What is wrong.
    pub problem: Option<Problem>,
}

/// `/system`. Form: POST `/system/images` (fields `image`, empty for
/// all that need it, and `anew`). Live by `/system/events` (`refresh`).
#[derive(Debug, Clone, Serialize)]
pub struct System {
    /// The engines of all nodes together.
    pub engine: EngineView,
    /// The nodes, in the order of their configuration.
    pub nodes: Vec<NodeRow>,
    /// Images in order of building.
    pub images: Vec<ImageRow>,
    /// `sqlite` or `postgres`.
    pub store_kind: String,
    /// Where it lies; never with a password.
    pub store_place: String,
    /// Last migration.
    pub store_migration: i64,
    /// Bytes, if known.
    pub store_bytes: Option<i64>,
    /// Version of the program.
    pub version: String,
    /// Since when it runs, ms UTC.
    pub started_ms: i64,
    /// Exercises that could not be taken up at the start.
    pub shut: Vec<ShutExercise>,
    /// Exercises whose ledger was found changed while the server ran.
    pub broken: Vec<ShutExercise>,
    /// Runs on the engine that no exercise knows. Form: POST `/system/strays` removes this installation's own.
    pub strays: Vec<StrayRow>,
}

/// A machine with an engine.
#[derive(Debug, Clone, Serialize)]
pub struct NodeRow {
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Version of its engine; empty before its first answer.
    pub version: String,
    /// Key below `node.state.`: `answers`, `silent`, `fenced`.
    pub state: String,
    /// Last answer, ms UTC.
    pub heard_ms: i64,
    /// Ranges that stand on it.
    pub ranges: i64,
    /// Memory and what of it is in use, bytes, where known.
    pub memory: Option<i64>,
    /// Memory not in use, bytes, where it can be seen.
    pub available: Option<i64>,
    /// Images that it lacks, or has from an older source.
    pub lacking: Vec<String>,
    /// What came through its wall when that was last tried.
    pub leak: Option<String>,
    /// When its wall was last found gone and put back, ms UTC, and how often that was since the server started.
    pub wall_made: Option<(i64, i64)>,
    /// Why its wall cannot be put back.
    pub wall_down: Option<String>,
}

impl NodeRow {
    fn sample(name: &str, state: &str) -> Self {
        Self {
            name: name.into(),
            address: format!("https://{name}.range.example:2376"),
            version: "20.10.24".into(),
            state: state.into(),
            heard_ms: SAMPLE_NOW_MS - 42_000,
            ranges: 4,
            memory: Some(25_000_000_000),
            available: Some(9_400_000_000),
            lacking: Vec::new(),
            leak: None,
            wall_made: None,
            wall_down: None,
        }
    }
}

/// A run on the engine that no exercise knows.
#[derive(Debug, Clone, Serialize)]
pub struct StrayRow {
    /// Run id.
    pub run: String,
    /// Key below `strays.whose.`: `ours`, `other`, `unknown`.
    pub whose: String,
    /// Containers.
    pub containers: i64,
    /// Networks.
    pub networks: i64,
}

impl Page for System {
    const TEMPLATE: &'static str = "admin/system.html";
    fn samples() -> Vec<Self> {
        let base = Self {
            engine: EngineView {
                reachable: true,
                version: "20.10.24".into(),
                address: "unix:///var/run/docker.sock".into(),
                containers: 18,
                networks: 9,
                guard: Some(true),
                problem: None,
            },
            nodes: vec![NodeRow {
                address: "unix:///var/run/docker.sock".into(),
                ..NodeRow::sample("local", "answers")
            }],
            images: ImageRow::samples(),
            store_kind: "sqlite".into(),
            store_place: "data/rampart.db".into(),
            store_migration: 3,
            store_bytes: Some(4_200_000),
            version: "0.1.0".into(),
            started_ms: SAMPLE_NOW_MS - 30 * HOUR,
            shut: vec![],
            broken: vec![],
            strays: vec![],
        };
        let mut gone = base.clone();
        gone.nodes = vec![NodeRow {
            address: "unix:///var/run/docker.sock".into(),
            wall_made: Some((SAMPLE_NOW_MS - 90_000, 2)),
            wall_down: Some("this process is not root (or lacks the right NET_ADMIN)".into()),
            ..NodeRow::sample("local", "answers")
        }];
        let mut strays = base.clone();
        strays.strays = ["ours", "other", "unknown"]
            .map(|whose| StrayRow {
                run: "019e59bafd8a7d0ba6e5f6e2d1c0aa11".into(),
                whose: whose.into(),
                containers: 6,
                networks: 3,
            })
            .into();
        let mut many = base.clone();
        many.nodes = vec![
            NodeRow::sample("node-1", "answers"),
            NodeRow { available: None, ..NodeRow::sample("node-2", "silent") },
            NodeRow { ranges: 0, ..NodeRow::sample("node-3", "fenced") },
            NodeRow {
                leak: Some("ARP 3, IPv4 12, IPv6 0, TCP 10.20.0.12:22".into()),
                ..NodeRow::sample("node-5", "fenced")
            },
            NodeRow {
                version: String::new(),
                memory: None,
                available: None,
                lacking: vec!["www".into(), "doc".into()],
                ..NodeRow::sample("node-4", "answers")
            },
        ];
        let mut lost = base.clone();
        lost.nodes[0].state = "silent".into();
        lost.engine = EngineView {
            reachable: false,
            version: String::new(),
            address: "unix:///var/run/docker.sock".into(),
            containers: 0,
            networks: 0,
            guard: None,
            problem: Some(Problem::new("engine_unreachable")),
        };
        lost.store_kind = "postgres".into();
        lost.store_bytes = None;
        lost.images.retain(|image| image.state == ImageState::Ready);
        let mut open = base.clone();
        open.engine.guard = Some(false);
        open.shut = vec![ShutExercise::sample()];
        open.broken = vec![ShutExercise::sample()];
        vec![base, many, lost, open, strays, gone]
    }
}
