//! Terminals of seats: which container, which user. The bytes are the engine's business and the browser's.

use rampart_engine::{EngineError, Terminal, TerminalSpec};
use scoreboard::{Side, Status};

use crate::App;
use crate::exercise::Exercise;

/// Why no terminal opens. Each has a text in the locale files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TerminalError {
    /// No range stands.
    #[error("there is no range now")]
    NoRange,
    /// The exercise is paused: the workstation is frozen.
    #[error("the exercise is paused")]
    Paused,
    /// The exercise is over.
    #[error("the exercise is over")]
    Over,
    /// The engine said no.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Opens a shell on the workstation of a team's side.
///
/// # Errors
/// See [`TerminalError`].
pub async fn open(
    app: &App,
    exercise: &Exercise,
    range: u16,
    side: Side,
    cols: u16,
    rows: u16,
) -> Result<Terminal, TerminalError> {
    match exercise.fold().status {
        Status::Ready | Status::Running => {}
        Status::Paused => return Err(TerminalError::Paused),
        Status::Ended | Status::Cleared => return Err(TerminalError::Over),
        Status::Draft | Status::Provisioning => return Err(TerminalError::NoRange),
    }
    let plan = exercise.plan().ok_or(TerminalError::NoRange)?;
    let workstation = exercise.scenario().workstation(side).ok_or(TerminalError::NoRange)?;
    let host = plan
        .ranges
        .iter()
        .find(|known| known.range == range)
        .and_then(|known| known.host(&workstation.id))
        .ok_or(TerminalError::NoRange)?;
    let user = host.logins.first().map_or("root", |(login, _)| login.as_str());
    let spec = TerminalSpec {
        argv: vec!["bash".into(), "-l".into()],
        user: user.to_owned(),
        cols,
        rows,
        term: "xterm-256color".into(),
        env: Vec::new(),
    };
    Ok(app.engine.terminal(&host.name, spec).await?)
}
