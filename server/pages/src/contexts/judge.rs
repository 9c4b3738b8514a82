//! The judge's desk, and the score record that a seat may dispute.

use std::collections::BTreeMap;

use scoreboard::Reason;
use serde::Serialize;

use super::common::*;
use super::rulings::Rulings;
use super::seat::SeatHead;

/// `/exercises/{id}/judge`. Form: POST to the same path with `act` (`correct`, `disqualify`, `reinstate`, `freeze`, `show`,
/// `rule`, and those of [`Rulings`]) and its fields.
#[derive(Debug, Clone, Serialize)]
pub struct JudgeDesk {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// True when the viewer may rule; others only read.
    pub may_act: bool,
    /// True once there is something to judge.
    pub open: bool,
    /// True while the public board stands still.
    pub frozen: bool,
    /// True when it can no longer be frozen.
    pub over: bool,
    /// Teams, red then blue.
    pub teams: Vec<JudgeTeam>,
    /// Disputes, those without a ruling first.
    pub contests: Vec<ContestRow>,
    /// Entries that moved a score, newest first.
    pub lines: Vec<ScoreLine>,
    /// Team whose entries are shown; empty for all.
    pub team: String,
    /// What was typed into the form of a correction.
    pub form: CorrectionForm,
    /// The second part of the desk.
    pub rulings: Rulings,
    /// What has to be repaired.
    pub problems: Vec<Problem>,
    /// Titles of ids that reasons name.
    pub names: BTreeMap<String, String>,
}

/// A team at the judge's desk.
#[derive(Debug, Clone, Serialize)]
pub struct JudgeTeam {
    /// The team.
    pub team: TeamRef,
    /// Score.
    pub points: i64,
    /// What judges gave and took.
    pub rulings: i64,
    /// Why it stands outside the ranks.
    pub out: Option<Reason>,
}

/// A dispute.
#[derive(Debug, Clone, Serialize)]
pub struct ContestRow {
    /// Id.
    pub id: String,
    /// Team.
    pub team: TeamRef,
    /// Entry that it is about.
    pub about: u64,
    /// What the team wrote.
    pub text: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// The ruling: the team was right, points, why, when.
    pub ruled: Option<RuledView>,
}

/// A ruling.
#[derive(Debug, Clone, Serialize)]
pub struct RuledView {
    /// True when the team was right.
    pub upheld: bool,
    /// Points that followed.
    pub points: i64,
    /// What the judge wrote.
    pub text: String,
    /// When, ms UTC.
    pub at_ms: i64,
}

/// An entry that moved a score.
#[derive(Debug, Clone, Serialize)]
pub struct ScoreLine {
    /// Position in the ledger.
    pub seq: u64,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Team.
    pub team: TeamRef,
    /// Component word.
    pub part: String,
    /// Why.
    pub reason: Reason,
    /// Points.
    pub points: i64,
}

/// A correction as typed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CorrectionForm {
    /// Team id.
    pub team: String,
    /// Points.
    pub points: String,
    /// Entry that it puts right.
    pub about: String,
    /// Why.
    pub text: String,
}

/// `/seat/score`: the own team's record. Form: POST `/seat/contests` with `about` and `text`.
#[derive(Debug, Clone, Serialize)]
pub struct SeatScore {
    /// Head of the seat.
    pub seat: SeatHead,
    /// Position of the ledger up to which the score counts.
    pub position: u64,
    /// Parts of the score, by component word.
    pub parts: BTreeMap<&'static str, i64>,
    /// Entries that moved the team's score, newest first.
    pub lines: Vec<ScoreLine>,
    /// The team's disputes, newest first.
    pub contests: Vec<ContestRow>,
    /// Entries that can no longer be disputed, because they were.
    pub disputed: Vec<u64>,
    /// Why the team stands outside the ranks.
    pub out: Option<Reason>,
    /// Entry whose dispute was not taken, and what was typed.
    pub typed: Option<(u64, String)>,
    /// What has to be repaired.
    pub problems: Vec<Problem>,
    /// Titles of ids that reasons name.
    pub names: BTreeMap<String, String>,
}

fn red() -> TeamRef {
    TeamRef::new("r1", "紅檜", Side::Red)
}

fn sample_lines() -> Vec<ScoreLine> {
    let line = |seq, minutes: i64, part: &str, reason, points| ScoreLine {
        seq,
        at_ms: SAMPLE_NOW_MS - minutes * 60_000,
        team: red(),
        part: part.into(),
        reason,
        points,
    };
    let word = |name: &'static str, value: &str| [(name, value.to_owned())];
    vec![
        line(412, 3, "rulings", Reason::new("judge.correction", word("text", "檢查腳本故障，補回扣點")), 20),
        line(377, 15, "hints", Reason::new("hint.bought", word("hint", "portal-db-1")), -20),
        line(301, 41, "objectives", Reason::new("flag.correct", word("objective", "portal-db")), 100),
    ]
}

fn sample_contests() -> Vec<ContestRow> {
    let row = |id: &str, about, text: &str, ruled| ContestRow {
        id: id.into(),
        team: red(),
        about,
        text: text.into(),
        at_ms: SAMPLE_NOW_MS - 600_000,
        ruled,
    };
    vec![
        row("c2", 377, "提示內容與題目不符，請退還扣點。", None),
        row(
            "c1",
            301,
            "\"><img src=x> 應為 150 點",
            Some(RuledView {
                upheld: false,
                points: 0,
                text: "依劇本為 100 點".into(),
                at_ms: SAMPLE_NOW_MS - 300_000,
            }),
        ),
    ]
}

fn sample_names() -> BTreeMap<String, String> {
    BTreeMap::from([("portal-db".to_owned(), "入口網資料庫".to_owned())])
}

impl Page for JudgeDesk {
    const TEMPLATE: &'static str = "control/judge.html";
    fn samples() -> Vec<Self> {
        let open = Self {
            exercise: ExerciseHead::sample(ExerciseState::Running),
            may_act: true,
            open: true,
            frozen: false,
            over: false,
            teams: vec![
                JudgeTeam { team: red(), points: 450, rulings: 20, out: None },
                JudgeTeam {
                    team: TeamRef::new("b1", "藍鵲", Side::Blue),
                    points: 612,
                    rulings: 0,
                    out: Some(Reason::new("judge.disqualified", [("text", "代打".to_owned())])),
                },
            ],
            contests: sample_contests(),
            lines: sample_lines(),
            team: String::new(),
            form: CorrectionForm::default(),
            rulings: Rulings::sample(),
            problems: vec![],
            names: sample_names(),
        };
        let mut over = open.clone();
        over.over = true;
        let mut refused = open.clone();
        refused.frozen = true;
        refused.form = CorrectionForm {
            team: "r1".into(),
            points: "0".into(),
            about: "9999".into(),
            text: String::new(),
        };
        refused.problems = vec![Problem::new("required").on("points"), Problem::new("required").on("text")];
        let mut early = open.clone();
        (early.open, early.may_act) = (false, false);
        (early.contests, early.lines, early.rulings) = (vec![], vec![], Rulings::default());
        let mut alone = over.clone();
        alone.rulings = Rulings { criteria: over.rulings.criteria.clone(), ..Rulings::default() };
        vec![open, refused, early, over, alone]
    }
}

impl Page for SeatScore {
    const TEMPLATE: &'static str = "seat/score.html";
    fn samples() -> Vec<Self> {
        let open = Self {
            seat: SeatHead::sample(Side::Red, ExerciseState::Running, ExerciseClock::sample()),
            position: 415,
            parts: BTreeMap::from([("objectives", 450), ("hints", -20), ("rulings", 20)]),
            lines: sample_lines(),
            contests: sample_contests(),
            disputed: vec![377, 301],
            out: None,
            typed: None,
            problems: vec![],
            names: sample_names(),
        };
        let mut refused = open.clone();
        refused.typed = Some((412, String::new()));
        refused.problems = vec![Problem::new("required").on("text")];
        refused.out = Some(Reason::new("judge.disqualified", [("text", "代打".to_owned())]));
        let mut empty = open.clone();
        (empty.lines, empty.contests, empty.disputed) = (vec![], vec![], vec![]);
        vec![open, refused, empty]
    }
}
