//! The order of launches. Whoever asked first is built first, at most [`LAUNCHES`] at a time on a node, and nobody overtakes:
//! a small launch behind a large one that waits for room waits too, so that no exercise starves. Who does not want to wait
//! gives the larger one up. The launch whose turn it is gets the node with the most free memory among those that it fits on.
//!
//! A launch holds its needs from the moment of its turn until the engine has answered that nothing is left of it. The list
//! is in memory and made anew at each start of the server: who waits and since when stands in the ledgers (status
//! `provisioning`), who holds in what stands. Clearings do not stand in this queue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rampart_domain::capacity::{Fit, Held, Lack, Needs, Node};
use tokio::sync::watch;

/// Launches that are built at the same time on one node.
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
    /// Key of the node that it stands on.
    pub node: String,
    building: bool,
}

/// Why it is not a launch's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Others asked before; their codes, first one first.
    Behind(Vec<String>),
    /// These are being built.
    Busy(Vec<String>),
    /// It does not fit beside what is held, on any node: what each lacks.
    Room(Vec<(String, Lack)>, Vec<Holding>),
    /// It would not fit even if nothing else stood: what each lacks.
    Never(Vec<(String, Lack)>),
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
    /// Key of the node that it may be built on.
    pub node: String,
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

    /// Launches that wait for their turn.
    pub(crate) fn length(&self) -> usize {
        self.lock().waiting.len()
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
    pub(crate) fn hold(&self, exercise: &str, code: &str, needs: Needs, node: &str) {
        let holding = Holding { code: code.to_owned(), needs, node: node.to_owned(), building: false };
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
    pub(crate) fn holders(&self) -> Vec<Holding> {
        self.lock().held.values().cloned().collect()
    }

    /// What is held on a node, but for an exercise.
    pub(crate) fn held_on(&self, node: &str, without: Option<&str>) -> Held {
        self.lock().sums(node, without)
    }

    /// Place in the queue, from 1, and how many wait in all.
    pub(crate) fn place(&self, exercise: &str) -> Option<(usize, usize)> {
        let inner = self.lock();
        let at = inner.waiting.iter().position(|known| known.exercise == exercise)?;
        Some((at + 1, inner.waiting.len()))
    }

    /// Takes the turn if it is this one's and there is room on one of the nodes.
    fn take(self: &Arc<Self>, exercise: &str, needs: Needs, nodes: &[(String, Node)]) -> Result<Turn, Wait> {
        let node = {
            let mut inner = self.lock();
            let before = inner.waiting.iter().take_while(|known| known.exercise != exercise);
            let before: Vec<String> = before.map(|known| known.code.clone()).collect();
            let fits: Vec<(&String, Option<u64>, Fit)> = nodes
                .iter()
                .map(|(name, node)| {
                    let held = inner.sums(name, Some(exercise));
                    (name, node.free_memory(&held), node.fit(&needs, &held))
                })
                .collect();
            let lacks = |wanted: fn(&Fit) -> Option<Lack>| -> Vec<(String, Lack)> {
                fits.iter().filter_map(|(name, _, fit)| Some(((*name).clone(), wanted(fit)?))).collect()
            };
            let never = lacks(|fit| if let Fit::Never(lack) = fit { Some(*lack) } else { None });
            if !nodes.is_empty() && never.len() == nodes.len() {
                return Err(Wait::Never(never));
            }
            if !before.is_empty() || !inner.open {
                return Err(Wait::Behind(before));
            }
            let free: Vec<_> = fits.iter().filter(|(name, ..)| inner.busy(name).is_ok()).collect();
            if free.is_empty() {
                let building = inner.held.values().filter(|held| held.building);
                return Err(Wait::Busy(building.map(|held| held.code.clone()).collect()));
            }
            // The most free memory; the first one of equals, and before those of which it is not known.
            let mut best: Option<(&String, Option<u64>)> = None;
            for (name, memory, fit) in free {
                if *fit == Fit::Now && best.is_none_or(|(_, most)| *memory > most) {
                    best = Some((name, *memory));
                }
            }
            let Some((node, _)) = best else {
                let lacks =
                    lacks(
                        |fit| if let Fit::Later(lack) | Fit::Never(lack) = fit { Some(*lack) } else { None },
                    );
                let others = inner.held.iter().filter(|(id, _)| *id != exercise);
                return Err(Wait::Room(lacks, others.map(|(_, held)| held.clone()).collect()));
            };
            let node = node.clone();
            inner.give(exercise, needs, &node)?;
            node
        };
        self.moved();
        Ok(Turn { queue: self.clone(), exercise: exercise.to_owned(), node })
    }

    fn resume(self: &Arc<Self>, exercise: &str, needs: Needs, node: &str) -> Result<Turn, Wait> {
        {
            let mut inner = self.lock();
            inner.busy(node)?;
            inner.give(exercise, needs, node)?;
        }
        let node = node.to_owned();
        self.moved();
        Ok(Turn { queue: self.clone(), exercise: exercise.to_owned(), node })
    }

    /// Takes the node for a range that is built again elsewhere, whatever else waits: a standing exercise comes before a
    /// new one.
    ///
    /// # Errors
    /// What each node lacks.
    pub(crate) fn move_to(
        self: &Arc<Self>,
        exercise: &str,
        code: &str,
        needs: Needs,
        nodes: &[(String, Node)],
    ) -> Result<Turn, Vec<(String, Lack)>> {
        let node = {
            let mut inner = self.lock();
            let mut best: Option<(&String, Option<u64>)> = None;
            let mut lacks = Vec::new();
            for (name, node) in nodes {
                let held = inner.sums(name, Some(exercise));
                let memory = node.free_memory(&held);
                match node.fit(&needs, &held) {
                    Fit::Now if best.is_none_or(|(_, most)| memory > most) => best = Some((name, memory)),
                    Fit::Now => {}
                    Fit::Later(lack) | Fit::Never(lack) => lacks.push((name.clone(), lack)),
                }
            }
            let Some((node, _)) = best else { return Err(lacks) };
            let holding = Holding { code: code.to_owned(), needs, node: node.clone(), building: true };
            inner.held.insert(exercise.to_owned(), holding);
            node.clone()
        };
        self.moved();
        Ok(Turn { queue: self.clone(), exercise: exercise.to_owned(), node })
    }
}

impl Inner {
    /// Refuses while as many launches are built on a node as may be.
    fn busy(&self, node: &str) -> Result<(), Wait> {
        let building = self.held.values().filter(|held| held.building && held.node == node);
        let building: Vec<String> = building.map(|held| held.code.clone()).collect();
        if building.len() >= LAUNCHES { Err(Wait::Busy(building)) } else { Ok(()) }
    }

    /// Lets one that waits hold its needs and build.
    fn give(&mut self, exercise: &str, needs: Needs, node: &str) -> Result<(), Wait> {
        let Some(at) = self.waiting.iter().position(|known| known.exercise == exercise) else {
            return Err(Wait::Behind(Vec::new()));
        };
        let taken = self.waiting.remove(at);
        self.held.insert(
            taken.exercise,
            Holding { code: taken.code, needs, node: node.to_owned(), building: true },
        );
        Ok(())
    }

    fn sums(&self, node: &str, without: Option<&str>) -> Held {
        let others = self.held.iter().filter(|(id, held)| Some(id.as_str()) != without && held.node == node);
        others.fold(Held::default(), |sum, (_, held)| Held {
            all: sum.all.and(held.needs),
            building: if held.building { sum.building.and(held.needs) } else { sum.building },
        })
    }
}

impl Place {
    /// Takes up a turn that a former life of the server had given: what it needs stands in part already, so neither the
    /// order nor the room is asked again.
    pub(crate) fn resume(&self, needs: Needs, node: &str) -> Result<Turn, Wait> {
        self.queue.resume(&self.exercise, needs, node)
    }

    /// Takes the turn if it is this one's and there is room on one of the nodes.
    pub(crate) fn take(&self, needs: Needs, nodes: &[(String, Node)]) -> Result<Turn, Wait> {
        self.queue.take(&self.exercise, needs, nodes)
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

    fn node() -> [(String, Node); 1] {
        [named("a", 9)]
    }

    fn named(name: &str, gib: u64) -> (String, Node) {
        (name.to_owned(), Node { memory: gib * G, kept: G, ..Node::default() })
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
        queue.hold("old", "OLD", needs(5), "a");
        let large = queue.enlist("a", "A", 10);
        let small = queue.enlist("b", "B", 20);
        let lack = Lack { what: What::Memory, needs: 6 * G, has: 3 * G };
        let wait = large.take(needs(6), &node()).err();
        let Some(Wait::Room(found, holders)) = wait else { panic!("{wait:?}") };
        assert_eq!((found, holders[0].code.as_str()), (vec![("a".to_owned(), lack)], "OLD"));
        assert_eq!(small.take(needs(1), &node()).err(), Some(Wait::Behind(vec!["A".into()])));
        queue.let_go("old");
        let turn = large.take(needs(6), &node());
        assert!(turn.is_ok());
        assert!(small.take(needs(1), &node()).is_ok());
        let never = queue.enlist("c", "C", 30).take(needs(9), &node()).err();
        assert_eq!(
            never,
            Some(Wait::Never(vec![("a".into(), Lack { what: What::Memory, needs: 9 * G, has: 8 * G })]))
        );
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
        let (held, holders) = (queue.held_on("a", None), queue.holders());
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
        let turn = resumed.resume(needs(8), "a").unwrap();
        queue.open();
        assert!(matches!(early.take(needs(1), &node()), Err(Wait::Room(..))));
        drop(turn);
        queue.let_go("b");
        let _turn = early.take(needs(1), &node()).unwrap();
        let (second, third) = (queue.enlist("c", "C", 30), queue.enlist("d", "D", 40));
        let _turn = second.resume(needs(1), "a").unwrap();
        assert_eq!(third.resume(needs(1), "a").err(), Some(Wait::Busy(vec!["A".into(), "C".into()])));
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

    #[test]
    fn a_launch_goes_where_the_most_memory_is_free_and_bounds_are_per_node() {
        let queue = queue();
        let nodes = [named("a", 5), named("b", 9)];
        let places: Vec<Place> = (0..6).map(|n| queue.enlist(&n.to_string(), &n.to_string(), n)).collect();
        let mut turns: Vec<Turn> = Vec::new();
        // 4 and 8 GiB of room; of equals the first.
        for (place, wanted) in places.iter().zip(["b", "b", "a", "a"]) {
            let turn = place.take(needs(2), &nodes).unwrap();
            assert_eq!(turn.node, wanted);
            turns.push(turn);
        }
        let busy = places[4].take(needs(2), &nodes).err();
        assert!(matches!(&busy, Some(Wait::Busy(codes)) if codes.len() == 4), "{busy:?}");
        turns.clear();
        let turn = places[4].take(needs(3), &nodes).unwrap();
        assert_eq!((turn.node.as_str(), queue.held_on("b", None).all.memory), ("b", 7 * G));
        let Some(Wait::Room(lacks, _)) = places[5].take(needs(4), &nodes).err() else { panic!() };
        let of = |name: &str, has| (name.to_owned(), Lack { what: What::Memory, needs: 4 * G, has });
        assert_eq!(lacks, [of("a", 0), of("b", G)]);
        // It would fit on the empty second node, so it is not refused; the first one alone would refuse it.
        assert!(matches!(places[5].take(needs(8), &nodes).err(), Some(Wait::Room(..))));
        assert!(
            matches!(places[5].take(needs(9), &nodes).err(), Some(Wait::Never(lacks)) if lacks.len() == 2)
        );
    }

    #[test]
    fn a_range_that_moves_frees_what_it_held() {
        let queue = queue();
        queue.hold("x", "X", needs(3), "a");
        let turn = queue.move_to("x", "X", needs(3), &[named("b", 5)]).unwrap();
        assert_eq!((turn.node.as_str(), queue.held_on("a", None).all.memory), ("b", 0));
        assert_eq!(queue.held_on("b", None).building.memory, 3 * G);
        let lacks = queue.move_to("y", "Y", needs(3), &[named("b", 5)]).err().unwrap();
        assert_eq!(lacks[0].1, Lack { what: What::Memory, needs: 3 * G, has: G });
    }
}
