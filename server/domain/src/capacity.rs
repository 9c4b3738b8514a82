//! What a launch needs, what a node has, and whether the one fits into the other. Pure: facts come in, a verdict comes out,
//! one node at a time.
//!
//! Limits are upper bounds that hosts hardly ever reach together, so a launch is admitted by what its hosts *typically*
//! use: the scenario's `typical` of each host, which is its limit where the scenario names none. The worst case is shown
//! beside it and refuses nothing. Processors are shared by whoever has work, so they are shown and refuse nothing either.

use crate::plan::subnets_needed;
use crate::scenario::{Host, Scenario};

/// What a host's writable layer and its log (three files of 10 MB at most) typically take on disk, bytes.
const DISK_TYPICAL: u64 = 96 << 20;
/// Share of the engine's disk that no launch may take.
const DISK_KEPT: u64 = 10;
/// Most pairs that are tried when asked how many would fit.
const PAIRS_TRIED: u16 = 99;

/// What the ranges of a launch need together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Memory that they typically use, bytes.
    pub memory: u64,
    /// Memory that they can use at most, bytes.
    pub memory_most: u64,
    /// Processors that they can use at most, in thousandths.
    pub milli_cpus: u64,
    /// Disk that they typically use beside the images, bytes.
    pub disk: u64,
    /// Disk that they can use at most, bytes.
    pub disk_most: u64,
    /// Subnets, which are networks.
    pub subnets: usize,
    /// Containers.
    pub containers: usize,
}

impl Needs {
    /// Of `pairs` ranges of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario, pairs: u16) -> Self {
        let each = |count: &dyn Fn(&Host) -> u64| -> u64 {
            scenario.hosts.iter().map(count).sum::<u64>().saturating_mul(u64::from(pairs))
        };
        Self {
            memory: each(&|host| host.resources.typical()),
            memory_most: each(&|host| host.resources.memory),
            milli_cpus: each(&|host| u64::from(host.resources.milli_cpus)),
            disk: each(&|host| DISK_TYPICAL.min(disk_limit(host))),
            disk_most: each(&disk_limit),
            subnets: subnets_needed(scenario, pairs),
            containers: scenario.hosts.len() * usize::from(pairs),
        }
    }

    /// With those of another launch.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            memory: self.memory + other.memory,
            memory_most: self.memory_most + other.memory_most,
            milli_cpus: self.milli_cpus + other.milli_cpus,
            disk: self.disk + other.disk,
            disk_most: self.disk_most + other.disk_most,
            subnets: self.subnets + other.subnets,
            containers: self.containers + other.containers,
        }
    }
}

/// What a host may write, bytes.
fn disk_limit(host: &Host) -> u64 {
    host.resources.disk()
}

/// What a node has, as far as it can be seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Node {
    /// Memory, bytes; 0 where it is not known.
    pub memory: u64,
    /// Memory that is not in use at present, whoever uses the rest, bytes.
    pub available: Option<u64>,
    /// Processors.
    pub cpus: u32,
    /// Free and whole size of the engine's disk, bytes.
    pub disk: Option<(u64, u64)>,
    /// Memory kept for the platform and whatever else runs there, bytes.
    pub kept: u64,
}

/// What launches hold on a node already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// All of them.
    pub all: Needs,
    /// Those that are being built: what they hold is not yet in use, so it is not missing from what is free.
    pub building: Needs,
}

/// What does not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Memory.
    Memory,
    /// Disk.
    Disk,
}

/// What is lacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lack {
    /// Of what.
    pub what: What,
    /// Needed, bytes.
    pub needs: u64,
    /// There is for it, bytes.
    pub has: u64,
}

/// Whether a launch fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Now,
    /// Not until something else goes.
    Later(Lack),
    /// Not even on the empty node.
    Never(Lack),
}

impl Node {
    /// Memory for ranges on the empty node, bytes; `None` where it is not known.
    #[must_use]
    pub fn room(&self) -> Option<u64> {
        (self.memory > 0).then(|| self.memory.saturating_sub(self.kept))
    }

    /// Disk for ranges if nothing of them stood, bytes; `None` where it is not known.
    #[must_use]
    pub fn disk_room(&self) -> Option<u64> {
        self.disk.map(|(free, size)| free.saturating_sub(size / DISK_KEPT))
    }

    fn free(&self, room: u64, held: &Held) -> u64 {
        let by_plan = room.saturating_sub(held.all.memory);
        let in_fact = self.available.map_or(room, |free| free.saturating_sub(held.building.memory));
        by_plan.min(in_fact)
    }

    /// Memory for one more launch beside what is held, bytes; `None` where it is not known.
    #[must_use]
    pub fn free_memory(&self, held: &Held) -> Option<u64> {
        self.room().map(|room| self.free(room, held))
    }

    /// Whether a launch fits beside what is held. What cannot be seen refuses nothing.
    #[must_use]
    pub fn fit(&self, needs: &Needs, held: &Held) -> Fit {
        if let Some(room) = self.room() {
            let lack = |has| Lack { what: What::Memory, needs: needs.memory, has };
            if needs.memory > room {
                return Fit::Never(lack(room));
            }
            let has = self.free(room, held);
            if needs.memory > has {
                return Fit::Later(lack(has));
            }
        }
        if let Some(room) = self.disk_room() {
            let has = room.saturating_sub(held.building.disk);
            if needs.disk > has {
                let lack = Lack { what: What::Disk, needs: needs.disk, has };
                // Disk that nothing of ours takes does not come back by waiting.
                return if held.all.containers == 0 { Fit::Never(lack) } else { Fit::Later(lack) };
            }
        }
        Fit::Now
    }

    /// Most pairs of a scenario that fit on the empty node, as far as it is known.
    #[must_use]
    pub fn most_pairs(&self, scenario: &Scenario) -> u16 {
        let fits = |pairs: &u16| self.fit_empty(&Needs::of(scenario, *pairs));
        (1..=PAIRS_TRIED).take_while(fits).last().unwrap_or(0)
    }

    /// Whether a launch would fit if nothing else stood and nobody else used memory.
    fn fit_empty(&self, needs: &Needs) -> bool {
        let empty = Self { available: None, ..*self };
        empty.fit(needs, &Held::default()) == Fit::Now
    }
}

/// Bytes as a person reads them: `14.2 GiB`, `512 MiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    if bytes >= 1 << 30 {
        let tenths = (u128::from(bytes) * 10 + (1 << 29)) >> 30;
        format!("{}.{} GiB", tenths / 10, tenths % 10)
    } else {
        format!("{} MiB", bytes.div_ceil(1 << 20))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const G: u64 = 1 << 30;

    fn needs(memory: u64, disk: u64) -> Needs {
        Needs { memory, memory_most: memory * 3, disk, containers: 6, ..Needs::default() }
    }

    fn node() -> Node {
        Node { memory: 16 * G, available: Some(14 * G), cpus: 4, disk: Some((50 * G, 100 * G)), kept: G }
    }

    #[test]
    fn memory_is_counted_by_what_is_typical_less_what_is_kept() {
        let node = node();
        let empty = Held::default();
        assert_eq!(node.room(), Some(15 * G));
        assert_eq!(node.fit(&needs(14 * G, G), &empty), Fit::Now);
        let lack = |needs, has| Lack { what: What::Memory, needs, has };
        assert_eq!(node.fit(&needs(15 * G, G), &empty), Fit::Later(lack(15 * G, 14 * G)));
        assert_eq!(node.fit(&needs(15 * G + 1, G), &empty), Fit::Never(lack(15 * G + 1, 15 * G)));
        let small = Node { memory: G / 2, available: None, kept: G, ..node };
        assert_eq!(small.room(), Some(0), "a machine smaller than what is kept has none");
    }

    #[test]
    fn what_stands_counts_in_full_and_what_is_being_built_counts_against_what_is_free() {
        let node = node();
        let standing = Held { all: needs(9 * G, 0), building: Needs::default() };
        assert_eq!(node.fit(&needs(6 * G, 0), &standing), Fit::Now);
        let more = node.fit(&needs(7 * G, 0), &standing);
        assert_eq!(more, Fit::Later(Lack { what: What::Memory, needs: 7 * G, has: 6 * G }));
        let building = Held { all: needs(9 * G, 0), building: needs(9 * G, 0) };
        let more = node.fit(&needs(6 * G, 0), &building);
        assert_eq!(more, Fit::Later(Lack { what: What::Memory, needs: 6 * G, has: 5 * G }));
    }

    #[test]
    fn a_tenth_of_the_disk_is_kept() {
        let node = node();
        assert_eq!(node.fit(&needs(G, 40 * G), &Held::default()), Fit::Now);
        let lack = Lack { what: What::Disk, needs: 41 * G, has: 40 * G };
        assert_eq!(node.fit(&needs(G, 41 * G), &Held::default()), Fit::Never(lack));
        let held = Held { all: needs(G, G), building: Needs::default() };
        assert_eq!(node.fit(&needs(G, 41 * G), &held), Fit::Later(lack));
    }

    #[test]
    fn what_cannot_be_seen_refuses_nothing() {
        assert_eq!(Node::default().fit(&needs(900 * G, 900 * G), &Held::default()), Fit::Now);
    }

    #[test]
    fn sizes_read_like_this() {
        assert_eq!(bytes(512 << 20), "512 MiB");
        assert_eq!(bytes(14 * G + G / 5), "14.2 GiB");
        assert_eq!(bytes(G), "1.0 GiB");
        assert_eq!(bytes((512 << 20) + 1), "513 MiB");
    }
}
