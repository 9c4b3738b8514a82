//! What the gateways of a standing range count. A gateway keeps its counters over its own restarts; over a reset, and when
//! a range is built again elsewhere, the platform does: it writes down what it reads, and gives it back to a container that
//! has not got it yet.

use std::sync::Arc;
use std::time::Duration;

use rampart_domain::plan::{self, Count, Counted, HostPlan, Plan};
use rampart_domain::scenario::Role;
use rampart_engine::{EngineError, ExecSpec};
use rampart_store::{GatewayCount, Store};
use scoreboard::Status;

use super::Exercise;
use super::runner::Tools;
use crate::AppError;
use crate::clock::Clock;
use crate::fleet::RangeEngine;

/// Limit of a command in a gateway.
const LIMIT_MS: u64 = 3_000;
/// Limit of what is waited for before a gateway is taken away.
const LAST_MS: u64 = 15_000;
/// Pause between two readings of all gateways.
const EVERY: Duration = Duration::from_secs(60);

/// A counter of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayCounter {
    /// What it counts.
    pub what: Counted,
    /// In the whole run.
    pub run: Count,
    /// Since the gateway started last; `None` when it cannot be read now.
    pub life: Option<Count>,
}

/// The counters of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayCounters {
    /// In the order of the scenario.
    pub all: Vec<GatewayCounter>,
    /// When the gateway started last, ms UTC, where it is known.
    pub since_ms: Option<i64>,
    /// When they were read, ms UTC: now, or the last time that they could be.
    pub read_ms: i64,
}

impl GatewayCounters {
    /// True when they could not be read now.
    #[must_use]
    pub fn is_old(&self) -> bool {
        self.all.iter().any(|one| one.life.is_none())
    }
}

/// The gateway of a range, as it is planned.
pub(crate) fn gateway(plan: &Plan, range: u16) -> Option<&HostPlan> {
    let range = plan.ranges.iter().find(|known| known.range == range)?;
    range.hosts.iter().find(|host| host.role == Role::Gateway)
}

/// What counters are read with.
pub(crate) struct Reader<'a> {
    pub store: &'a Store,
    pub clock: &'a dyn Clock,
    pub engine: &'a RangeEngine,
    pub exercise: &'a Exercise,
}

impl Reader<'_> {
    async fn seen(&self, gateway: &HostPlan) -> Result<plan::Counters, AppError> {
        let spec = ExecSpec::new(plan::COUNTERS).timeout_ms(LIMIT_MS);
        let out = self.engine.exec(&gateway.name, spec).await?;
        let read = out.ok().then(|| plan::read_counters(self.exercise.scenario(), &out.stdout)).flatten();
        read.ok_or_else(|| AppError::Inner(format!("the gateway's counters cannot be read: {}", out.said())))
    }

    /// Reads a gateway, gives it back first what it lacks of its range's run, and writes down what was read.
    pub async fn read(&self, range: u16, gateway: &HostPlan) -> Result<plan::Counters, AppError> {
        let mut seen = self.seen(gateway).await?;
        if !seen.whole {
            let known = self.store.gateway_counts().of(&self.exercise.id, range).await?;
            let of = |name: &str| {
                let one = known.iter().find(|one| one.counter == name)?;
                Some(Count { packets: one.packets, bytes: one.bytes })
            };
            let text = plan::hand_back(self.exercise.scenario(), of);
            let spec = ExecSpec::new(plan::HAND_BACK).stdin(text).timeout_ms(LIMIT_MS);
            let out = self.engine.exec(&gateway.name, spec).await?;
            seen = self.seen(gateway).await?;
            // Another reader may have been quicker; then it was refused, and the gateway has it.
            if !seen.whole {
                let said = out.said();
                return Err(AppError::Inner(format!("the gateway does not take its counters back: {said}")));
            }
        }
        let read_ms = self.clock.now_ms();
        let rows: Vec<GatewayCount> = seen
            .all
            .iter()
            .map(|one| GatewayCount {
                counter: one.what.name(),
                packets: one.run.packets,
                bytes: one.run.bytes,
                read_ms,
            })
            .collect();
        self.store.gateway_counts().keep(&self.exercise.id, range, &rows).await?;
        Ok(seen)
    }

    /// The same as a page shows it: when the gateway cannot be read, what is known of it.
    ///
    /// # Errors
    /// Why it cannot be read, when nothing is known of it either.
    pub async fn show(&self, range: u16, gateway: &HostPlan) -> Result<GatewayCounters, AppError> {
        let (read, seen) = tokio::join!(self.read(range, gateway), self.engine.inspect(&gateway.name));
        let error = match read {
            Ok(seen_counters) => {
                let all = seen_counters
                    .all
                    .into_iter()
                    .map(|one| GatewayCounter { what: one.what, run: one.run, life: Some(one.life) })
                    .collect();
                let since_ms = seen.ok().and_then(|seen| seen.started_ms);
                return Ok(GatewayCounters { all, since_ms, read_ms: self.clock.now_ms() });
            }
            Err(error) => error,
        };
        tracing::debug!(exercise = %self.exercise.id, range, %error, "a gateway cannot be read now");
        let known = self.store.gateway_counts().of(&self.exercise.id, range).await?;
        let all: Vec<GatewayCounter> = plan::counters(self.exercise.scenario())
            .into_iter()
            .filter_map(|what| {
                let one = known.iter().find(|one| one.counter == what.name())?;
                let run = Count { packets: one.packets, bytes: one.bytes };
                Some(GatewayCounter { what, run, life: None })
            })
            .collect();
        match known.iter().map(|one| one.read_ms).max() {
            Some(read_ms) => Ok(GatewayCounters { all, since_ms: None, read_ms }),
            None => Err(error),
        }
    }

    /// Before a gateway is taken away: it lets nothing through any more, and what it has counted is written down. One that
    /// cannot be read any more has what was read of it last.
    pub async fn last_word(&self, range: u16, gateway: &HostPlan) {
        let spec = ExecSpec::new(plan::CLOSE).timeout_ms(LAST_MS);
        match self.engine.exec(&gateway.name, spec).await {
            Ok(out) if out.ok() => {}
            Ok(out) => tracing::warn!(gateway = gateway.name, said = out.said(), "a gateway counts on"),
            Err(EngineError::NotFound(_)) => return,
            Err(error) => tracing::warn!(gateway = gateway.name, %error, "a gateway counts on"),
        }
        if let Err(error) = self.read(range, gateway).await {
            tracing::warn!(gateway = gateway.name, %error, "what was counted last is lost");
        }
    }
}

/// Reads all gateways now and then until it is dropped, so that little is lost with a node.
pub(super) async fn keep(exercise: Arc<Exercise>, tools: Tools, engine: RangeEngine, plan: Arc<Plan>) {
    let reader =
        Reader { store: &tools.store, clock: tools.clock.as_ref(), engine: &engine, exercise: &exercise };
    loop {
        for range in &plan.ranges {
            let Some(gateway) = gateway(&plan, range.range) else { continue };
            // A frozen gateway counts nothing and answers nothing, and one that is made anew is its reset's business.
            let is_read = {
                let fold = exercise.fold();
                matches!(fold.status, Status::Ready | Status::Running)
                    && !fold.is_resetting(range.range, &gateway.host)
            };
            if is_read && let Err(error) = reader.read(range.range, gateway).await {
                tracing::debug!(gateway = gateway.name, %error, "counters are not read");
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}
