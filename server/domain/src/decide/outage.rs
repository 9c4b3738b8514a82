//! A node that does not answer takes the knowledge about its ranges with it. What follows from that for an exercise: nothing
//! counts meanwhile; it is over when the node is back with everything whole, or when staff had the ranges built again on
//! another node. Nothing of it happens by itself, and no silence is taken for an absence.

use scoreboard::{Actor, Body, Fold, Reason, Status};

use super::{Entries, Refusal};

/// The node of the ranges does not answer since `since_ms` (ms UTC). Entered once, while ranges stand.
#[must_use]
pub fn node_lost(fold: &Fold, node: &str, epoch: u64, since_ms: i64) -> Entries {
    let stands = matches!(fold.status, Status::Ready | Status::Running | Status::Paused);
    if !stands || fold.outage().is_some() {
        return Vec::new();
    }
    vec![(Actor::System, Body::NodeLost { node: node.to_owned(), epoch, since_ms })]
}

/// The node is back, everything stands and the walls are proven. Too late where the placement has been given up.
#[must_use]
pub fn node_back(fold: &Fold, epoch: u64) -> Entries {
    let Some(outage) = fold.outage() else { return Vec::new() };
    if outage.epoch != epoch || outage.rebuild_ms.is_some() {
        return Vec::new();
    }
    vec![(Actor::System, Body::NodeBack { node: outage.node.clone(), epoch })]
}

/// Staff has the ranges built again on another node, once the node has been away for `grace_ms`.
///
/// # Errors
/// [`Refusal::NoOutage`], [`Refusal::Grace`], or [`Refusal::AlreadySo`] while they are being built.
pub fn rebuild(fold: &Fold, account: &str, at_ms: i64, grace_ms: i64) -> Result<Entries, Refusal> {
    let outage = fold.outage().ok_or(Refusal::NoOutage)?;
    if outage.rebuild_ms.is_some() {
        return Err(Refusal::AlreadySo);
    }
    let until_ms = outage.since_ms + grace_ms;
    if at_ms < until_ms {
        return Err(Refusal::Grace { until_ms });
    }
    let body = Body::Rebuild { node: outage.node.clone(), epoch: outage.epoch };
    Ok(vec![(Actor::Account(account.to_owned()), body)])
}

/// Building again is over: on which node as which placement, or why it failed.
#[must_use]
pub fn rebuilt(fold: &Fold, outcome: Result<(&str, u64), &Reason>) -> Entries {
    let Some(outage) = fold.outage().filter(|outage| outage.rebuild_ms.is_some()) else { return Vec::new() };
    let body = match outcome {
        Ok((node, epoch)) => Body::Rebuilt {
            node: node.to_owned(),
            epoch,
            done: true,
            reason: Reason::new("node.rebuilt", [("node", node.to_owned())]),
        },
        Err(why) => {
            Body::Rebuilt { node: outage.node.clone(), epoch: outage.epoch, done: false, reason: why.clone() }
        }
    };
    vec![(Actor::System, body)]
}

/// Staff takes the time out of the exercise that has been lost so far; a running exercise is paused with it.
///
/// # Errors
/// [`Refusal::NoOutage`]; [`Refusal::AlreadySo`] when nothing was lost since the last time; those of a status in which no
/// clock runs.
pub fn take_time_out(fold: &Fold, account: &str, at_ms: i64) -> Result<Entries, Refusal> {
    let outage = fold.outage().ok_or(Refusal::NoOutage)?;
    let from_ms = outage.taken_out_ms.unwrap_or(outage.at_ms);
    let running = match fold.status {
        Status::Running => true,
        Status::Paused if outage.taken_out_ms.is_none() => false,
        Status::Paused => return Err(Refusal::AlreadySo),
        _ => return Err(Refusal::NotStarted),
    };
    let actor = || Actor::Account(account.to_owned());
    let seconds = ((at_ms - from_ms).max(0) / 1000).to_string();
    let reason = Reason::new("node.taken_out", [("seconds", seconds)]);
    let mut entries = vec![(actor(), Body::LostTime { from_ms, reason })];
    if running {
        let body = Body::Status { from: Status::Running, to: Status::Paused, note: None, why: None };
        entries.push((actor(), body));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use scoreboard::Entry;

    use super::*;

    const GRACE: i64 = 300_000;

    fn running() -> Fold {
        let mut fold = Fold::default();
        add(&mut fold, vec![(Actor::System, turn(Status::Ready, Status::Running))], 0);
        fold
    }

    fn turn(from: Status, to: Status) -> Body {
        Body::Status { from, to, note: None, why: None }
    }

    fn add(fold: &mut Fold, entries: Entries, at_ms: i64) -> usize {
        let count = entries.len();
        for (actor, body) in entries {
            fold.apply(&Entry { seq: fold.seq + 1, at_ms, actor, body });
        }
        count
    }

    #[test]
    fn a_loss_is_entered_once_and_a_return_counts_for_its_own_placement_only() {
        let mut fold = running();
        let lost = node_lost(&fold, "a", 4, 7_000);
        assert_eq!(add(&mut fold, lost, 10_000), 1);
        assert_eq!(node_lost(&fold, "a", 4, 7_000), []);
        assert_eq!(node_back(&fold, 3), []);
        let back = node_back(&fold, 4);
        assert_eq!(add(&mut fold, back, 20_000), 1);
        assert!(fold.outage().is_none());
        assert_eq!(node_back(&fold, 4), []);
        add(&mut fold, vec![(Actor::System, turn(Status::Running, Status::Ended))], 30_000);
        assert_eq!(node_lost(&fold, "a", 4, 30_000), [], "nothing is at stake any more");
    }

    #[test]
    fn building_again_waits_for_the_grace_and_ends_the_outage_only_when_it_is_done() {
        let mut fold = running();
        assert_eq!(rebuild(&fold, "acc", 0, GRACE), Err(Refusal::NoOutage));
        let lost = node_lost(&fold, "a", 1, 7_000);
        add(&mut fold, lost, 10_000);
        let until_ms = 7_000 + GRACE;
        assert_eq!(rebuild(&fold, "acc", until_ms - 1, GRACE), Err(Refusal::Grace { until_ms }));
        let asked = rebuild(&fold, "acc", until_ms, GRACE).unwrap();
        add(&mut fold, asked, until_ms);
        assert_eq!(rebuild(&fold, "acc", until_ms, GRACE), Err(Refusal::AlreadySo));
        assert_eq!(node_back(&fold, 1), [], "it has been given up");
        let why = Reason::new("engine.silent", []);
        let failed = rebuilt(&fold, Err(&why));
        add(&mut fold, failed, until_ms + 1);
        assert_eq!(fold.outage().unwrap().failed.as_ref(), Some(&why));
        assert_eq!(rebuilt(&fold, Ok(("b", 2))), [], "nobody asked again");
        let again = rebuild(&fold, "acc", until_ms + 2, GRACE).unwrap();
        add(&mut fold, again, until_ms + 2);
        let done = rebuilt(&fold, Ok(("b", 2)));
        add(&mut fold, done, until_ms + 3);
        assert!(fold.outage().is_none());
        let lost = node_lost(&fold, "b", 2, until_ms + 4);
        assert_eq!(add(&mut fold, lost, until_ms + 9), 1, "the other node may be lost, too");
    }

    #[test]
    fn time_is_taken_out_once_and_the_clock_stands_then() {
        let mut fold = running();
        assert_eq!(take_time_out(&fold, "acc", 0), Err(Refusal::NoOutage));
        let lost = node_lost(&fold, "a", 1, 7_000);
        add(&mut fold, lost, 10_000);
        let taken = take_time_out(&fold, "acc", 60_000).unwrap();
        assert_eq!(add(&mut fold, taken, 60_000), 2);
        assert_eq!((fold.status, fold.clock.at(99_000)), (Status::Paused, 10_000));
        assert_eq!(take_time_out(&fold, "acc", 61_000), Err(Refusal::AlreadySo));
        add(&mut fold, vec![(Actor::System, turn(Status::Paused, Status::Running))], 70_000);
        let taken = take_time_out(&fold, "acc", 90_000).unwrap();
        add(&mut fold, taken, 90_000);
        assert_eq!(fold.clock.at(99_000), 10_000, "what was lost after the first time goes too");
    }
}
