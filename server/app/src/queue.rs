//! The order of launches. Whoever asked first is built first, at most [`LAUNCHES`] at a time, and nobody overtakes: a small
//! launch behind a large one that waits for room waits too, so that no exercise starves. Who does not want to wait gives
//! the larger one up.
//!
//! A launch holds its needs from the moment of its turn until the engine has answered that nothing is left of it. The list
//! is in memory and made anew at each start of the server: who waits and since when stands in the ledgers (status
//! `provisioning`), who holds in what stands. Clearings do not stand in this queue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rampart_domain::capacity::{Fit, Held, Lack, Needs, Node};
use tokio::sync::watch;

/// Launches that are built at the same time.
pub(crate) const LAUNCHES: usize = 2;

/// Launches that wait, are built, or stand.
#[derive(Debug)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    /// Counts changes; whoever waits looks again at each.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    /// False until every exercise of a former life of the server has been taken up.
    open: bool,
    waiting: Vec<Waiting>,
    held: BTreeMap<String, Holding>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    exercise: String,
    code: String,
    asked_ms: i64,
}

/// What an exercise holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holding {
    /// Its code.
    pub code: String,
    /// What its ranges need.
    pub needs: Needs,
    building: bool,
}

/// Why it is not a launch's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Others asked before; their codes, first one first.
    Behind(Vec<String>),
    /// These are being built.
    Busy(Vec<String>),
    /// It does not fit beside what is held.
    Room(Lack, Vec<Holding>),
    /// It would not fit even if nothing else stood.
    Never(Lack),
}

/// A place in the queue, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    queue: Arc<Queue>,
    exercise: String,
}

/// A launch's turn, given back when it is dropped. What it holds stays held, see [`Queue::let_go`].
#[derive(Debug)]
pub(crate) struct Turn {
    queue: Arc<Queue>,
    exercise: String,
}

impl Default for Queue {
    fn default() -> Self {
        Self { inner: Mutex::default(), changed: watch::channel(0).0 }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Fires whenever a place or what is held changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Every exercise has been taken up: turns are given from now on.
    pub(crate) fn open(&self) {
        self.lock().open = true;
        self.moved();
    }

    /// Puts a launch in its place by the time when it was asked for. A second time changes nothing.
    pub(crate) fn note(&self, exercise: &str, code: &str, asked_ms: i64) {
        {
            let mut inner = self.lock();
            if inner.waiting.iter().any(|known| known.exercise == exercise) {
                return;
            }
            let new = Waiting { exercise: exercise.to_owned(), code: code.to_owned(), asked_ms };
            // Ids are made in the order of time too, so equal times have an order.
            let key = |one: &Waiting| (one.asked_ms, one.exercise.clone());
            let at = inner.waiting.partition_point(|known| key(known) < key(&new));
            inner.waiting.insert(at, new);
        }
        self.moved();
    }

    /// As [`Queue::note`], with the place that leaves the queue when it is dropped.
    pub(crate) fn enlist(self: &Arc<Self>, exercise: &str, code: &str, asked_ms: i64) -> Place {
        self.note(exercise, code, asked_ms);
        Place { queue: self.clone(), exercise: exercise.to_owned() }
    }

    /// What stands of an exercise since a former life of the server.
    pub(crate) fn hold(&self, exercise: &str, code: &str, needs: Needs) {
        let holding = Holding { code: code.to_owned(), needs, building: false };
        self.lock().held.insert(exercise.to_owned(), holding);
        self.moved();
    }

    /// The engine has answered that nothing is left of an exercise.
    pub(crate) fn let_go(&self, exercise: &str) {
        if self.lock().held.remove(exercise).is_some() {
            self.moved();
        }
    }

    /// What is held, by whom.
    pub(crate) fn held(&self) -> (Held, Vec<Holding>) {
        let inner = self.lock();
        (inner.sums(None), inner.held.values().cloned().collect())
    }

    /// Place in the queue, from 1, and how many wait in all.
    pub(crate) fn place(&self, exercise: &str) -> Option<(usize, usize)> {
        let inner = self.lock();
        let at = inner.waiting.iter().position(|known| known.exercise == exercise)?;
        Some((at + 1, inner.waiting.len()))
    }

    /// Takes the turn if it is this one's and there is room.
    fn take(self: &Arc<Self>, exercise: &str, needs: Needs, node: &Node) -> Result<Turn, Wait> {
        {
            let mut inner = self.lock();
            let before = inner.waiting.iter().take_while(|known| known.exercise != exercise);
            let before: Vec<String> = before.map(|known| known.code.clone()).collect();
            let fit = node.fit(&needs, &inner.sums(Some(exercise)));
            if let Fit::Never(lack) = fit {
                return Err(Wait::Never(lack));
            }
            if !before.is_empty() || !inner.open {
                return Err(Wait::Behind(before));
            }
            inner.busy()?;
            if let Fit::Later(lack) = fit {
                let others = inner.held.iter().filter(|(id, _)| *id != exercise);
                return Err(Wait::Room(lack, others.map(|(_, held)| held.clone()).collect()));
            }
            inner.give(exercise, needs)?;
        }
        self.moved();
        Ok(Turn { queue: self.clone(), exercise: exercise.to_owned() })
    }

    fn resume(self: &Arc<Self>, exercise: &str, needs: Needs) -> Result<Turn, Wait> {
        {
            let mut inner = self.lock();
            inner.busy()?;
            inner.give(exercise, needs)?;
        }
        self.moved();
        Ok(Turn { queue: self.clone(), exercise: exercise.to_owned() })
    }
}

impl Inner {
    /// Refuses while as many launches are built as may be.
    fn busy(&self) -> Result<(), Wait> {
        let building: Vec<String> =
            self.held.values().filter(|held| held.building).map(|held| held.code.clone()).collect();
        if building.len() >= LAUNCHES { Err(Wait::Busy(building)) } else { Ok(()) }
    }

    /// Lets one that waits hold its needs and build.
    fn give(&mut self, exercise: &str, needs: Needs) -> Result<(), Wait> {
        let Some(at) = self.waiting.iter().position(|known| known.exercise == exercise) else {
            return Err(Wait::Behind(Vec::new()));
        };
        let taken = self.waiting.remove(at);
        self.held.insert(taken.exercise, Holding { code: taken.code, needs, building: true });
        Ok(())
    }

    fn sums(&self, without: Option<&str>) -> Held {
        let others = self.held.iter().filter(|(id, _)| Some(id.as_str()) != without);
        others.fold(Held::default(), |sum, (_, held)| Held {
            all: sum.all.and(held.needs),
            building: if held.building { sum.building.and(held.needs) } else { sum.building },
        })
    }
}

impl Place {
    /// Takes up a turn that a former life of the server had given: what it needs stands in part already, so neither the
    /// order nor the room is asked again.
    pub(crate) fn resume(&self, needs: Needs) -> Result<Turn, Wait> {
        self.queue.resume(&self.exercise, needs)
    }

    /// Takes the turn if it is this one's and there is room.
    pub(crate) fn take(&self, needs: Needs, node: &Node) -> Result<Turn, Wait> {
        self.queue.take(&self.exercise, needs, node)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut inner = self.queue.lock();
            let before = inner.waiting.len();
            inner.waiting.retain(|known| known.exercise != self.exercise);
            if inner.waiting.len() == before {
                return;
            }
        }
        self.queue.moved();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(holding) = self.queue.lock().held.get_mut(&self.exercise) {
            holding.building = false;
        }
        self.queue.moved();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use rampart_domain::capacity::What;

    use super::*;

    const G: u64 = 1 << 30;

    fn needs(gib: u64) -> Needs {
        Needs { memory: gib * G, containers: 6, ..Needs::default() }
    }

    fn node() -> Node {
        Node { memory: 9 * G, kept: G, ..Node::default() }
    }

    fn queue() -> Arc<Queue> {
        let queue = Arc::new(Queue::default());
        queue.open();
        queue
    }

    #[test]
    fn who_asked_first_is_first_whoever_comes_first() {
        let queue = queue();
        let late = queue.enlist("b", "B", 20);
        let early = queue.enlist("a", "A", 10);
        assert_eq!((queue.place("a"), queue.place("b")), (Some((1, 2)), Some((2, 2))));
        assert_eq!(late.take(needs(1), &node()).err(), Some(Wait::Behind(vec!["A".into()])));
        let turn = early.take(needs(1), &node());
        assert!(turn.is_ok());
        assert_eq!(queue.place("b"), Some((1, 1)));
        assert!(late.take(needs(1), &node()).is_ok());
    }

    #[test]
    fn nobody_overtakes_one_that_waits_for_room() {
        let queue = queue();
        queue.hold("old", "OLD", needs(5));
        let large = queue.enlist("a", "A", 10);
        let small = queue.enlist("b", "B", 20);
        let lack = Lack { what: What::Memory, needs: 6 * G, has: 3 * G };
        let wait = large.take(needs(6), &node()).err();
        let Some(Wait::Room(found, holders)) = wait else { panic!("{wait:?}") };
        assert_eq!((found, holders[0].code.as_str()), (lack, "OLD"));
        assert_eq!(small.take(needs(1), &node()).err(), Some(Wait::Behind(vec!["A".into()])));
        queue.let_go("old");
        let turn = large.take(needs(6), &node());
        assert!(turn.is_ok());
        assert!(small.take(needs(1), &node()).is_ok());
        let never = queue.enlist("c", "C", 30).take(needs(9), &node()).err();
        assert_eq!(never, Some(Wait::Never(Lack { what: What::Memory, needs: 9 * G, has: 8 * G })));
    }

    #[test]
    fn a_turn_ends_with_the_building_and_a_holding_with_the_range() {
        let queue = queue();
        let places: Vec<Place> = (0..4).map(|n| queue.enlist(&n.to_string(), &n.to_string(), n)).collect();
        let mut turns: Vec<Turn> =
            places[..LAUNCHES].iter().map(|place| place.take(needs(1), &node()).unwrap()).collect();
        let busy = places[LAUNCHES].take(needs(1), &node()).err();
        assert_eq!(busy, Some(Wait::Busy(vec!["0".into(), "1".into()])));
        turns.pop();
        let (held, holders) = queue.held();
        assert_eq!((held.all.memory, held.building.memory, holders.len()), (2 * G, G, 2));
        assert!(places[LAUNCHES].take(needs(1), &node()).is_ok());
    }

    #[test]
    fn whoever_gives_up_leaves_the_queue_and_those_behind_move_up() {
        let queue = queue();
        let first = queue.enlist("a", "A", 10);
        let second = queue.enlist("b", "B", 20);
        let mut changes = queue.changes();
        changes.borrow_and_update();
        drop(first);
        assert!(changes.has_changed().unwrap());
        assert_eq!(queue.place("b"), Some((1, 1)));
        assert!(second.take(needs(1), &node()).is_ok());
    }

    #[test]
    fn a_turn_of_a_former_life_is_taken_up_whatever_the_room_and_the_order() {
        let queue = Arc::new(Queue::default());
        let resumed = queue.enlist("b", "B", 20);
        let early = queue.enlist("a", "A", 10);
        let turn = resumed.resume(needs(9)).unwrap();
        queue.open();
        assert!(matches!(early.take(needs(1), &node()), Err(Wait::Room(..))));
        drop(turn);
        queue.let_go("b");
        let _turn = early.take(needs(1), &node()).unwrap();
        let (second, third) = (queue.enlist("c", "C", 30), queue.enlist("d", "D", 40));
        let _turn = second.resume(needs(1)).unwrap();
        assert_eq!(third.resume(needs(1)).err(), Some(Wait::Busy(vec!["A".into(), "C".into()])));
    }

    #[test]
    fn no_turn_is_given_before_every_exercise_is_taken_up() {
        let queue = Arc::new(Queue::default());
        let place = queue.enlist("b", "B", 20);
        assert!(place.take(needs(1), &node()).is_err());
        queue.note("a", "A", 10);
        queue.open();
        assert_eq!(place.take(needs(1), &node()).err(), Some(Wait::Behind(vec!["A".into()])));
    }
}
