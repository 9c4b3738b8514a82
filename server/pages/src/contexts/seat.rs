//! What the seats share, and the red seat.

use serde::Serialize;

use super::common::*;
use super::hosts::ResetLine;

/// What heads a seat.
#[derive(Debug, Clone, Serialize)]
pub struct SeatHead {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// Own team.
    pub team: TeamRef,
    /// Seat label such as 紅檜-3.
    pub seat: String,
    /// Name of the person.
    pub person: String,
    /// Score of the own team.
    pub points: i64,
    /// Clock.
    pub clock: ExerciseClock,
    /// Phase wall.
    pub phases: Vec<PhaseBlock>,
    /// Since when the range's node does not answer, ms UTC.
    pub lost_ms: Option<i64>,
}

impl SeatHead {
    pub(crate) fn sample(side: Side, state: ExerciseState, clock: ExerciseClock) -> Self {
        let (id, name, seat, person, points) = if side == Side::Red {
            ("r1", "紅檜", "紅檜-3", "蔡紅磚", 450)
        } else {
            ("b1", "藍鵲", "藍鵲-2", "許藍圖", 612)
        };
        Self {
            exercise: ExerciseHead::sample(state),
            team: TeamRef::new(id, name, side),
            seat: seat.into(),
            person: person.into(),
            points,
            clock,
            phases: PhaseBlock::samples(),
            lost_ms: None,
        }
    }

    /// The same while the range's node does not answer.
    pub(crate) fn lost(mut self) -> Self {
        self.lost_ms = Some(SAMPLE_NOW_MS - 75_000);
        self
    }
}

/// The terminal of a seat.
#[derive(Debug, Clone, Serialize)]
pub struct TerminalView {
    /// Title of the workstation.
    pub title: String,
    /// Its host id.
    pub host: String,
    /// It has a screen, too.
    pub desktop: bool,
    /// Why there is none now; `None` if it opens.
    pub blocked: Option<Problem>,
}

/// A message of the white team.
#[derive(Debug, Clone, Serialize)]
pub struct TeamMessage {
    /// When, ms UTC.
    pub at_ms: i64,
    /// Text.
    pub text: String,
}

/// An account that the team was given.
#[derive(Debug, Clone, Serialize)]
pub struct Credential {
    /// What it is.
    pub title: String,
    /// Host it is for.
    pub host: String,
    /// Log-in name.
    pub login: String,
    /// Password, shown on request.
    pub secret: String,
}

/// Where an objective stands for the own team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectiveState {
    /// Taken.
    Done,
    /// Can be taken.
    Open,
    /// Prerequisites are missing.
    Locked,
}

/// An objective of red.
#[derive(Debug, Clone, Serialize)]
pub struct ObjectiveView {
    /// Id, sent as field `objective`.
    pub id: String,
    /// Short label such as O1.
    pub label: String,
    /// Title.
    pub title: String,
    /// What it asks for.
    pub brief: String,
    /// Host title.
    pub host: String,
    /// ATT&CK id.
    pub technique: String,
    /// Points.
    pub points: i64,
    /// State.
    pub state: ObjectiveState,
    /// Titles of what must be taken first.
    pub requires: Vec<String>,
    /// Tries used.
    pub tries: i64,
    /// Tries allowed; `None` for no limit.
    pub tries_max: Option<i64>,
    /// When it was taken, ms UTC.
    pub done_ms: Option<i64>,
    /// Seat that took it.
    pub done_by: Option<String>,
    /// Hints.
    pub hints: Vec<HintView>,
}

/// A hint.
#[derive(Debug, Clone, Serialize)]
pub struct HintView {
    /// Id, sent as field `hint`.
    pub id: String,
    /// Price in points.
    pub price: i64,
    /// The text, once bought.
    pub text: Option<String>,
}

/// What became of the flag just submitted (without JavaScript, after the redirect).
#[derive(Debug, Clone, Serialize)]
pub struct FlagAnswer {
    /// Right?
    pub correct: bool,
    /// What to say, as `error.CODE` or, if correct, `flag.correct`.
    pub problem: Option<Problem>,
    /// Points gained.
    pub points: i64,
    /// What was typed, kept after a refusal.
    pub typed: String,
}

/// `/seat` of a red team. Forms: POST `/seat/flags` (fields `objective`, `flag`), POST `/seat/hints` (field `hint`).
/// With `Accept: application/json` a flag is answered by `{"correct":bool,"text":str,"points":int}`.
#[derive(Debug, Clone, Serialize)]
pub struct SeatRed {
    /// Head.
    pub seat: SeatHead,
    /// Brief, in the small Markdown that the filter `prose` knows.
    pub brief: String,
    /// Objectives in order of use.
    pub objectives: Vec<ObjectiveView>,
    /// Id of the objective that the flag box is bound to; from the query `o`.
    pub selected: Option<String>,
    /// Answer to the flag just sent.
    pub answer: Option<FlagAnswer>,
    /// Points to be had.
    pub points_max: i64,
    /// Own hosts that the team may have made anew.
    pub resets: Vec<ResetLine>,
    /// Messages, newest first.
    pub messages: Vec<TeamMessage>,
    /// Accounts given to the team.
    pub credentials: Vec<Credential>,
    /// Terminal.
    pub terminal: TerminalView,
    /// How the score is counted.
    pub rules: Vec<scoreboard::Reason>,
}

impl Page for SeatRed {
    const TEMPLATE: &'static str = "seat/red.html";
    fn samples() -> Vec<Self> {
        let objective =
            |id: &str, label: &str, title: &str, technique: &str, points, state, tries| ObjectiveView {
                id: id.into(),
                label: label.into(),
                title: title.into(),
                brief: "後台管理員的備註欄裡有一個旗標。".into(),
                host: "全球資訊網".into(),
                technique: technique.into(),
                points,
                state,
                requires: if state == ObjectiveState::Locked {
                    vec!["主機上的備忘錄".into()]
                } else {
                    vec![]
                },
                tries,
                tries_max: Some(20),
                done_ms: (state == ObjectiveState::Done).then_some(SAMPLE_NOW_MS - 90 * MINUTE),
                done_by: (state == ObjectiveState::Done).then(|| "紅檜-1".into()),
                hints: vec![],
            };
        let mut open =
            objective("www-file", "O2", "主機上的備忘錄", "T1505.003", 150, ObjectiveState::Open, 2);
        open.hints = vec![
            HintView {
                id: "www-file-1".into(), price: 0, text: Some("附件目錄可以執行程式。".into())
            },
            HintView { id: "www-file-2".into(), price: 20, text: None },
        ];
        let objectives = vec![
            objective("portal-db", "O1", "入口網資料庫", "T1190", 100, ObjectiveState::Done, 1),
            open,
            objective("doc-sealed", "O3", "公文系統密件", "T1213", 250, ObjectiveState::Locked, 0),
        ];
        let brief = "縣府入口網的**搜尋**與附件上傳各有一處弱點。\n\n自 `10.20.10.0/24` 進入，取得公文資料。\n\n- **不得中斷服務**\n- 白隊依授權書監看".to_owned();
        let base = Self {
            seat: SeatHead::sample(Side::Red, ExerciseState::Running, ExerciseClock::sample()),
            brief,
            objectives,
            selected: Some("www-file".into()),
            answer: None,
            points_max: 500,
            resets: vec![ResetLine {
                blocked: Some(Problem::new("reset_paused")),
                ..ResetLine::samples("attack", "攻擊工作站").remove(0)
            }],
            messages: vec![TeamMessage {
                at_ms: SAMPLE_NOW_MS - 3 * HOUR,
                text: "授權範圍補充：稅務網段不在範圍。".into(),
            }],
            credentials: vec![Credential {
                title: "攻擊工作站登入".into(),
                host: "attack".into(),
                login: "red".into(),
                secret: "kR7-mmsT-2f".into(),
            }],
            terminal: TerminalView {
                title: "攻擊工作站".into(),
                host: "attack".into(),
                desktop: true,
                blocked: None,
            },
            rules: super::board::sample_rules(),
        };
        let answer = |correct, problem: Option<Problem>, typed: &str| {
            Some(FlagAnswer { correct, problem, points: if correct { 150 } else { 0 }, typed: typed.into() })
        };
        vec![
            base.clone(),
            Self {
                answer: answer(
                    false,
                    Some(Problem::new("malformed").on("flag").with("found", 16)),
                    "RMP{7f3c-doc-arcihve}",
                ),
                ..base.clone()
            },
            Self {
                answer: answer(true, None, ""),
                terminal: TerminalView { desktop: false, ..base.terminal.clone() },
                ..base.clone()
            },
            Self {
                seat: SeatHead::sample(Side::Red, ExerciseState::Paused, ExerciseClock::sample_paused()),
                terminal: TerminalView {
                    blocked: Some(Problem::new("terminal_paused")),
                    ..base.terminal.clone()
                },
                messages: vec![],
                ..base.clone()
            },
            Self {
                seat: base.seat.clone().lost(),
                terminal: TerminalView {
                    blocked: Some(Problem::new("terminal_lost")),
                    ..base.terminal.clone()
                },
                ..base.clone()
            },
            Self {
                seat: SeatHead::sample(Side::Red, ExerciseState::Ready, ExerciseClock::waiting()),
                selected: None,
                objectives: vec![],
                credentials: vec![],
                terminal: TerminalView {
                    blocked: Some(Problem::new("terminal_not_ready")),
                    ..base.terminal.clone()
                },
                ..base.clone()
            },
            Self {
                seat: SeatHead::sample(Side::Red, ExerciseState::Ended, ExerciseClock::sample_ended()),
                ..base
            },
        ]
    }
}
