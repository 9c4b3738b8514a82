//! Desktops of seats: an X server in the workstation, one a seat, started when it is first opened and found again
//! afterwards. The image's `rampart-desktop` (see `images/workstation-red-desktop`) starts, joins and ends them; the
//! bytes (RFB) are the engine's business and the browser's.
//!
//! A desktop belongs to its seat and not to a browser: it goes on while nobody looks, and ends with the seat, with the
//! exercise, or with its container.

pub mod rfb;

use rampart_engine::{EngineError, ExecSpec, Pipe, PipeSpec};
use scoreboard::Side;

use crate::App;
use crate::exercise::{Exercise, Tools};
use crate::fleet::RangeEngine;
use crate::workstation::{self, Workstation, WorkstationError};

/// What the image has for the platform.
const PROGRAM: &str = "rampart-desktop";
/// How long ending desktops may take, ms.
const END_WITHIN_MS: u64 = 10_000;
/// Highest number of a desktop on one workstation.
const MOST: i64 = 99;

/// Who looks at a desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// The seat itself; its desktop is started if it does not run.
    Seat,
    /// Somebody who only looks on at a desktop that runs.
    Watcher,
}

/// Why no desktop opens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DesktopError {
    /// The workstation as a whole is not there.
    #[error(transparent)]
    Workstation(#[from] WorkstationError),
    /// The workstation has no screen, or not so many.
    #[error("the workstation has no desktop for this seat")]
    None,
}

impl From<EngineError> for DesktopError {
    fn from(error: EngineError) -> Self {
        Self::Workstation(error.into())
    }
}

/// Opens the desktop of a seat: both directions of an RFB connection. `number` is the seat's number in its team. What
/// goes wrong inside the container is the end of the reader, with a text in [`PipeControl::said`].
///
/// [`PipeControl::said`]: rampart_engine::PipeControl::said
///
/// # Errors
/// See [`DesktopError`].
pub async fn open(
    app: &App,
    exercise: &Exercise,
    (range, side, number): (u16, Side, i64),
    viewer: Viewer,
) -> Result<Pipe, DesktopError> {
    let workstation = workstation::of(exercise, range, side)?;
    if !workstation.desktop || !(1..=MOST).contains(&number) {
        return Err(DesktopError::None);
    }
    let word = match viewer {
        Viewer::Seat => "connect",
        Viewer::Watcher => "watch",
    };
    let mut spec = PipeSpec::new(&workstation.user, [PROGRAM, word, &number.to_string()]);
    let scenario = exercise.scenario();
    if let Some(host) = scenario.workstation(side) {
        let lines: Vec<String> = workstation::web_places(scenario, host)
            .into_iter()
            .map(|(address, title)| format!("{address}\t{title}"))
            .collect();
        spec.env.push(format!("RAMPART_PLACES={}", lines.join("\n")));
    }
    Ok(app.fleet.range(&exercise.id)?.pipe(&workstation.container, spec).await?)
}

/// Ends desktops of a workstation: `all` or a number. A container that is gone or frozen has none to end.
async fn end(engine: &RangeEngine, workstation: &Workstation, which: &str) {
    let spec = ExecSpec::new([PROGRAM, "stop", which]).user(&workstation.user).timeout_ms(END_WITHIN_MS);
    match engine.exec(&workstation.container, spec).await {
        Ok(out) if out.ok() => {}
        Ok(out) => {
            tracing::warn!(
                container = workstation.container,
                code = out.code,
                said = out.said(),
                "a desktop was not ended"
            );
        }
        Err(EngineError::NotFound(_) | EngineError::Conflict(_)) => {}
        Err(error) => tracing::warn!(container = workstation.container, %error, "a desktop was not ended"),
    }
}

/// Ends all desktops of an exercise that is over: memory goes back to the machine before the range is cleared.
pub(crate) async fn end_all(exercise: &Exercise, tools: &Tools) {
    let workstations = workstation::with_desktops(exercise);
    // One that stands nowhere has none.
    let Ok(engine) = tools.fleet.range(&exercise.id) else { return };
    futures_util::future::join_all(workstations.iter().map(|one| end(&engine, one, "all"))).await;
}

impl App {
    /// Ends the desktop of a seat that is no more, in the background.
    pub(crate) fn end_desktop(&self, exercise: &Exercise, team: &str, number: u32) {
        let place = exercise.fold().team(team).map(|team| (team.range, team.side));
        let Some((range, side)) = place else { return };
        let Ok(workstation) = workstation::of(exercise, range, side) else { return };
        if workstation.desktop {
            let Ok(engine) = self.fleet.range(&exercise.id) else { return };
            self.tools.tasks.spawn(async move { end(&engine, &workstation, &number.to_string()).await });
        }
    }

    /// Writes into the audit trail that somebody looks on at the desktop of a seat.
    pub async fn note_desktop_watched(&self, exercise: &str, seat: &str, account: &str) {
        self.note(Some(account), "desktop.watch", format!("{exercise} {seat}")).await;
    }
}
