//! From where flags come: teams that send them from one address. Kept in memory only, as long as the server lives, and never
//! shown as an address; it informs staff and nothing follows from it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Addresses kept of one exercise; further ones are not looked at.
const KEPT: usize = 1000;

/// Teams of an exercise by the address of the last right flag, with its time, ms UTC.
type Sent = BTreeMap<IpAddr, BTreeMap<String, i64>>;

/// Where right flags came from, by exercise.
#[derive(Default)]
pub struct Senders(Mutex<HashMap<String, Sent>>);

impl Senders {
    /// A right flag of `team` came from `address` at `at_ms` (ms UTC).
    pub fn note(&self, exercise: &str, address: IpAddr, team: &str, at_ms: i64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = all.entry(exercise.to_owned()).or_default();
        if sent.len() < KEPT || sent.contains_key(&address) {
            sent.entry(address).or_default().insert(team.to_owned(), at_ms);
        }
    }

    /// Groups of teams that share an address, with the time of the last flag, ms UTC. When all teams share one, it is a
    /// classroom or a proxy and says nothing about any of them.
    #[must_use]
    pub fn shared(&self, exercise: &str) -> Vec<(i64, Vec<String>)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sent) = all.get(exercise) else { return Vec::new() };
        let teams: BTreeSet<&String> = sent.values().flat_map(BTreeMap::keys).collect();
        sent.values()
            .filter(|group| group.len() > 1 && group.len() < teams.len())
            .map(|group| (group.values().copied().max().unwrap_or_default(), group.keys().cloned().collect()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::Senders;

    #[test]
    fn a_classroom_or_a_team_alone_is_no_sign() {
        let senders = Senders::default();
        let note =
            |address: &str, team: &str, at_ms| senders.note("e", address.parse().unwrap(), team, at_ms);
        note("192.0.2.1", "r1", 1);
        note("192.0.2.1", "r1", 2);
        assert!(senders.shared("e").is_empty(), "one team");
        note("192.0.2.1", "r2", 3);
        assert!(senders.shared("e").is_empty(), "all of them: a classroom");
        note("192.0.2.9", "r3", 4);
        assert_eq!(senders.shared("e"), [(3, vec!["r1".to_owned(), "r2".to_owned()])]);
        assert!(senders.shared("other").is_empty());
    }
}
