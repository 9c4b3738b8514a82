//! Launches at a planned time, and the deadline of every range.
//!
//! Both are stored, so they hold across restarts: what fell due while the server was away is done at its start. Only the
//! building of the ranges is planned; the start of the exercise stays the instructor's button, as nobody else sees whether
//! the people are there.
//!
//! - A planned launch is carried out once. It counts as done when the ledger has a launch that was asked for at its time or
//!   later, so a server that dies between the entry and the note about it does not launch again. One that was missed is
//!   carried out at the next start of the server unless the planned end has passed.
//! - The deadline is the planned end and some grace. A launch that is late keeps its full length: the deadline moves to the
//!   launch's time, the planned length and the grace. Pauses do not move it; the instructor may. Then what is being built
//!   is given up, what runs is ended, and what stands is cleared.
//! - While the node of an exercise is lost its deadline ends nothing: the results are those of before the loss, and nobody
//!   at the seats could do anything about it. Staff is told that it has passed and may end the exercise. When the ranges are
//!   open again, or were built again elsewhere, there are as many minutes left as staff is warned before any deadline.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rampart_domain::records::roc::{date_time, time_minutes};
use rampart_store::Schedule;
use scoreboard::{Actor, Reason, Status};
use tokio_util::sync::CancellationToken;

use crate::exercise::{CommandError, Exercise, Times, Tools};
use crate::{App, AppError, RangeSettings};

/// How often it is looked whether something is due.
const EVERY: Duration = Duration::from_millis(500);
/// Pause before a thing that could not be done is tried again, ms.
const AGAIN_MS: i64 = 5_000;
/// Staff is warned this long before the deadline, ms.
pub const WARN_MS: i64 = 15 * 60_000;
/// A planned launch that is carried out later than this after its time says so, ms.
const LATE_MS: i64 = 5_000;
/// Longest that a deadline can be moved beyond the present, ms.
const FARTHEST_MS: i64 = 30 * 86_400_000;
/// The alarm that warns of the deadline.
const NEAR: &str = "alarm.deadline_near";
/// The alarm that the deadline has passed and ends nothing, as the node is lost.
const HELD: &str = "alarm.deadline_held";

/// Why a time was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// It has passed.
    #[error("this time has passed")]
    Past,
    /// It lies after the planned end.
    #[error("this time lies after the planned end")]
    AfterEnd,
    /// It lies too far ahead.
    #[error("this time lies more than 30 days ahead")]
    TooFar,
    /// The exercise is in a state in which there is nothing to plan.
    #[error("nothing can be planned in this state")]
    State,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// What was planned for an exercise, with what holds where nothing was.
pub(crate) fn times(
    starts_ms: i64,
    ends_ms: i64,
    stored: Option<Schedule>,
    settings: RangeSettings,
) -> Times {
    let stored = stored.unwrap_or_default();
    Times {
        starts_ms,
        ends_ms,
        launch: stored.launch_ms.map(|at_ms| (at_ms, stored.launch_by.unwrap_or_default())),
        deadline_ms: stored.deadline_ms.unwrap_or(ends_ms + settings.grace_ms),
        deadline_by: stored.deadline_by,
    }
}

impl Times {
    /// Deadline that a launch asked for at `asked_ms` needs so that it keeps its full length; `None` where it has it.
    fn granted(&self, asked_ms: i64, settings: RangeSettings) -> Option<i64> {
        let least = asked_ms + (self.ends_ms - self.starts_ms).max(0) + settings.grace_ms;
        let own = self.deadline_by.is_none() || self.deadline_ms <= asked_ms;
        (own && self.deadline_ms < least).then_some(least)
    }
}

/// Gives a launch the time that it needs, and stores the deadline with it.
pub(crate) async fn grant_time(exercise: &Exercise, tools: &Tools) {
    let asked_ms = exercise.fold().asked_ms.unwrap_or_else(|| tools.clock.now_ms());
    let Some(deadline_ms) = exercise.times().granted(asked_ms, tools.ranges) else { return };
    // Without the row the same would be computed at the next start.
    if let Err(error) = tools.store.schedules().set_deadline(&exercise.id, deadline_ms, None).await {
        tracing::warn!(exercise = %exercise.id, %error, "the deadline is not stored");
    }
    exercise.times.send_modify(|times| {
        times.deadline_ms = deadline_ms;
        times.deadline_by = None;
    });
}

/// Looks until the end of the server what is due, and sees to it.
pub(crate) async fn keep(app: Weak<App>, stop: CancellationToken) {
    let mut tried = Tried::default();
    loop {
        {
            let Some(app) = app.upgrade() else { return };
            for exercise in app.exercises() {
                app.launch_due(&exercise, &mut tried).await;
                app.end_due(&exercise, &mut tried).await;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// When something was last tried for an exercise, so that what fails is not tried without pause.
#[derive(Default)]
struct Tried(HashMap<(String, Status), i64>);

impl Tried {
    fn may(&mut self, exercise: &str, to: Status, now_ms: i64) -> bool {
        let last = self.0.entry((exercise.to_owned(), to)).or_insert(i64::MIN);
        let may = now_ms.saturating_sub(*last) >= AGAIN_MS || now_ms < *last;
        if may {
            *last = now_ms;
        }
        may
    }
}

impl App {
    async fn launch_due(&self, exercise: &Arc<Exercise>, tried: &mut Tried) {
        let times = exercise.times();
        let now_ms = self.now_ms();
        let Some((planned_ms, _)) = times.launch.filter(|(at_ms, _)| *at_ms <= now_ms) else { return };
        let (status, asked_ms) = {
            let fold = exercise.fold();
            (fold.status, fold.asked_ms)
        };
        let used = status != Status::Draft || asked_ms.is_some_and(|asked| asked >= planned_ms);
        if used {
            self.forget_launch(exercise).await;
            return;
        }
        // A launch that was missed stays planned, so that the page can say that it was.
        if now_ms >= times.ends_ms || !tried.may(&exercise.id, Status::Provisioning, now_ms) {
            return;
        }
        let late_ms = now_ms - planned_ms;
        let planned = date_time(planned_ms);
        let why = if late_ms > LATE_MS {
            let minutes = (late_ms / 60_000).to_string();
            Reason::new("schedule.launched_late", [("planned", planned), ("minutes", minutes)])
        } else {
            Reason::new("schedule.launched", [("planned", planned)])
        };
        match exercise.turn_by(Actor::Schedule, Status::Provisioning, Some(why)).await {
            Ok(()) => self.forget_launch(exercise).await,
            Err(CommandError::Stopping) => {}
            Err(error) => {
                tracing::error!(exercise = %exercise.id, %error, "a planned launch is not under way yet");
            }
        }
    }

    async fn forget_launch(&self, exercise: &Exercise) {
        if let Err(error) = self.store.schedules().set_launch(&exercise.id, None).await {
            // The ledger says that it was carried out, so the row does no harm; it is tried again.
            tracing::warn!(exercise = %exercise.id, %error, "a planned launch that is done is still stored");
            return;
        }
        exercise.times.send_modify(|times| times.launch = None);
        exercise.poke();
    }

    async fn end_due(&self, exercise: &Arc<Exercise>, tried: &mut Tried) {
        let (status, out, back_ms) = {
            let fold = exercise.fold();
            let over_ms = fold.outages.last().and_then(|outage| outage.over_ms);
            (fold.status, fold.outage().is_some(), over_ms)
        };
        let stands = matches!(status, Status::Ready | Status::Running | Status::Paused);
        if stands && back_ms.is_some_and(|back_ms| exercise.times().deadline_ms <= back_ms) {
            self.grant_rest(exercise, tried).await;
        }
        let deadline_ms = exercise.times().deadline_ms;
        let now_ms = self.now_ms();
        let held = stands && out && now_ms >= deadline_ms;
        let near = (stands || status == Status::Ended) && now_ms >= deadline_ms - WARN_MS;
        self.warn(exercise, if held { Some(HELD) } else { near.then_some(NEAR) }, deadline_ms);
        if now_ms < deadline_ms || held {
            return;
        }
        let why = || Some(Reason::new("schedule.deadline", [("at", date_time(deadline_ms))]));
        let (to, why) = match status {
            Status::Draft | Status::Cleared => return,
            // The time that a launch needs is granted by the launch itself, which may only just have begun.
            Status::Provisioning
                if exercise.times().granted(self.asked(exercise), self.tools.ranges).is_some() =>
            {
                return;
            }
            Status::Provisioning => (Status::Draft, why()),
            Status::Ready | Status::Running | Status::Paused => (Status::Ended, why()),
            // Under way already, by whoever's wish; it does not stop before the engine has answered zero.
            Status::Ended if exercise.progress().borrow().what == "clear" => return,
            Status::Ended => (Status::Cleared, None),
        };
        if !tried.may(&exercise.id, to, now_ms) {
            return;
        }
        match exercise.turn_by(Actor::System, to, why).await {
            Ok(()) => tracing::info!(exercise = %exercise.id, to = to.as_str(), "the deadline has come"),
            Err(CommandError::Stopping) => {}
            Err(error) => {
                tracing::error!(exercise = %exercise.id, %error, to = to.as_str(), "the deadline is not kept yet");
            }
        }
    }

    fn asked(&self, exercise: &Exercise) -> i64 {
        exercise.fold().asked_ms.unwrap_or_else(|| self.now_ms())
    }

    /// Gives an exercise whose deadline passed while its node was lost the time to come to its end.
    async fn grant_rest(&self, exercise: &Exercise, tried: &mut Tried) {
        let now_ms = self.now_ms();
        if !tried.may(&exercise.id, Status::Running, now_ms) {
            return;
        }
        let was_ms = exercise.times().deadline_ms;
        let deadline_ms = now_ms + WARN_MS;
        if let Err(error) = self.store.schedules().set_deadline(&exercise.id, deadline_ms, None).await {
            // Without the row the next life of the server gives it once more.
            tracing::warn!(exercise = %exercise.id, %error, "the deadline is not stored");
        }
        exercise.times.send_modify(|times| {
            times.deadline_ms = deadline_ms;
            times.deadline_by = None;
        });
        exercise.poke();
        let (was, to) = (date_time(was_ms), date_time(deadline_ms));
        let detail = format!("{}: {was} passed while the node was lost; now {to}", exercise.code());
        self.note(None, "exercise.deadline", detail).await;
    }

    /// The alarm about the deadline, with its present time; taken back when the deadline moves or nothing stands.
    fn warn(&self, exercise: &Exercise, rule: Option<&str>, deadline_ms: i64) {
        let now_ms = self.now_ms();
        let alarm = rule.map(|rule| Reason::new(rule, [("at", time_minutes(deadline_ms))]));
        exercise.progress.send_if_modified(|progress| {
            let lowered = progress.lower(now_ms, |what| {
                [NEAR, HELD].contains(&what.rule.as_str()) && alarm.as_ref() != Some(what)
            });
            let raised = alarm.is_some_and(|alarm| progress.raise(alarm, now_ms));
            lowered || raised
        });
    }

    /// Plans when the ranges of an exercise are to be built, or drops the plan.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub async fn schedule_launch(
        &self,
        exercise: &Exercise,
        at_ms: Option<i64>,
        account: &str,
    ) -> Result<(), ScheduleError> {
        let times = exercise.times();
        if let Some(at_ms) = at_ms {
            if exercise.fold().status != Status::Draft {
                return Err(ScheduleError::State);
            }
            if at_ms <= self.now_ms() {
                return Err(ScheduleError::Past);
            }
            if at_ms >= times.ends_ms {
                return Err(ScheduleError::AfterEnd);
            }
        }
        self.store
            .schedules()
            .set_launch(&exercise.id, at_ms.map(|at_ms| (at_ms, account)))
            .await
            .map_err(AppError::from)?;
        exercise.times.send_modify(|times| times.launch = at_ms.map(|at_ms| (at_ms, account.to_owned())));
        exercise.poke();
        let detail = match (at_ms, times.launch) {
            (Some(at_ms), _) => format!("{}: ranges to be built {}", exercise.code(), date_time(at_ms)),
            (None, Some((was_ms, _))) => {
                format!("{}: building at {} cancelled", exercise.code(), date_time(was_ms))
            }
            (None, None) => return Ok(()),
        };
        self.note(Some(account), "exercise.schedule", detail).await;
        Ok(())
    }

    /// Moves the deadline of an exercise's ranges.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub async fn move_deadline(
        &self,
        exercise: &Exercise,
        at_ms: i64,
        account: &str,
    ) -> Result<(), ScheduleError> {
        if exercise.fold().status == Status::Cleared {
            return Err(ScheduleError::State);
        }
        let now_ms = self.now_ms();
        if at_ms <= now_ms {
            return Err(ScheduleError::Past);
        }
        if at_ms > now_ms + FARTHEST_MS {
            return Err(ScheduleError::TooFar);
        }
        let was_ms = exercise.times().deadline_ms;
        let stored = self.store.schedules().set_deadline(&exercise.id, at_ms, Some(account)).await;
        stored.map_err(AppError::from)?;
        exercise.times.send_modify(|times| {
            times.deadline_ms = at_ms;
            times.deadline_by = Some(account.to_owned());
        });
        exercise.poke();
        let detail = format!("{}: {} to {}", exercise.code(), date_time(was_ms), date_time(at_ms));
        self.note(Some(account), "exercise.deadline", detail).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn planned() -> Times {
        times(10 * HOUR, 13 * HOUR, None, RangeSettings::default())
    }

    #[test]
    fn the_deadline_is_the_planned_end_and_some_grace() {
        assert_eq!(planned().deadline_ms, 15 * HOUR);
        let stored = Schedule { deadline_ms: Some(20 * HOUR), ..Schedule::default() };
        let times = times(10 * HOUR, 13 * HOUR, Some(stored), RangeSettings::default());
        assert_eq!(times.deadline_ms, 20 * HOUR);
    }

    #[test]
    fn a_late_launch_keeps_its_length_and_what_staff_chose_stays() {
        let settings = RangeSettings::default();
        assert_eq!(planned().granted(9 * HOUR, settings), None);
        assert_eq!(planned().granted(10 * HOUR, settings), None);
        assert_eq!(planned().granted(40 * HOUR, settings), Some(45 * HOUR));
        let chosen = Times { deadline_ms: 12 * HOUR, deadline_by: Some("teacher".to_owned()), ..planned() };
        assert_eq!(chosen.granted(11 * HOUR, settings), None, "the instructor wants it short");
        assert_eq!(chosen.granted(12 * HOUR, settings), Some(17 * HOUR), "it has passed");
    }

    #[test]
    fn what_fails_is_not_tried_without_pause() {
        let mut tried = Tried::default();
        assert!(tried.may("a", Status::Ended, 0));
        assert!(!tried.may("a", Status::Ended, AGAIN_MS - 1));
        assert!(tried.may("b", Status::Ended, AGAIN_MS - 1));
        assert!(tried.may("a", Status::Cleared, AGAIN_MS - 1));
        assert!(tried.may("a", Status::Ended, AGAIN_MS));
        assert!(tried.may("a", Status::Ended, AGAIN_MS - 1), "a clock set back does not stop it");
    }
}
