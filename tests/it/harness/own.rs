//! What a server of a test has for itself, among all tests that run on this machine: numbers that are taken by a lock on a
//! file of theirs, which the system lets go of however a test ends.

use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Ports of tests, below those that the system gives to outgoing connections: one of these could take a port between the
/// death of its server and the next life.
const PORTS: Range<u32> = 20_000..32_000;

/// A number that nobody else has.
pub struct Own {
    /// The number.
    pub number: u32,
    _lock: File,
}

impl Own {
    /// Takes a number that is free and that `fits`, from a random one on; fails when there is none. `what` names the kind.
    pub fn take(what: &str, numbers: Range<u32>, fits: impl Fn(u32) -> bool) -> Self {
        let folder = std::env::temp_dir().join(format!("rampart-test-{what}"));
        std::fs::create_dir_all(&folder).unwrap();
        let count = numbers.end - numbers.start;
        let random = u32::from_str_radix(&super::unique(), 16).unwrap() % count;
        let in_turn = (0..count).map(|n| numbers.start + (random + n) % count);
        for number in in_turn {
            let open = OpenOptions::new().create(true).append(true).open(folder.join(number.to_string()));
            let lock = open.unwrap();
            if lock.try_lock().is_ok() && fits(number) {
                return Self { number, _lock: lock };
            }
        }
        panic!("no {what} is free");
    }
}

/// A port that nobody listens on, and that no other test gets as long as this process lives.
pub fn free_port() -> u16 {
    static TAKEN: Mutex<Vec<Own>> = Mutex::new(Vec::new());
    let port = |number: u32| u16::try_from(number).unwrap();
    let own = Own::take("ports", PORTS, |number| TcpListener::bind(("127.0.0.1", port(number))).is_ok());
    let free = port(own.number);
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner).push(own);
    free
}
