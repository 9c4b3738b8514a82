//! Guesses at passwords and seat codes: limited by the account or, far wider, by the address, since a whole class may sit
//! behind one. Kept in memory: a restart forgives, and a guess costs an argon2 run in any case.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Window in which failures are counted, ms.
const WINDOW_MS: i64 = 10 * 60_000;
/// Failures of one account within the window before it is closed for the rest of it.
pub const PER_ACCOUNT: u32 = 10;
/// Failures from one address within the window. Only failures count, so a class of hundreds logs in undisturbed.
pub const PER_ADDRESS: u32 = 200;
/// Entries kept before old ones are swept out.
const SWEEP_AT: usize = 10_000;

/// Counts failures by key.
#[derive(Debug, Default)]
pub struct Guesses {
    failed: Mutex<HashMap<String, (i64, u32)>>,
}

/// Too many failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// When the next try is possible, s from now.
    pub retry_after_s: i64,
}

impl Guesses {
    /// Whether a try for `account` from `address` may be made now; gives the failures left for the account. The try counts
    /// as a failure of the account until [`Guesses::succeeded`] or [`Guesses::forgiven`] says otherwise: of a thousand
    /// tries at once, no more pass than of a thousand in a row.
    ///
    /// # Errors
    /// [`Limited`] with the time to wait.
    pub fn may_try(&self, account: &str, address: &str, now_ms: i64) -> Result<u32, Limited> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |key: &str| {
            failed
                .get(key)
                .filter(|(since, _)| now_ms - since < WINDOW_MS)
                .map_or((now_ms, 0), |(since, count)| (*since, *count))
        };
        for (key, limit) in [(account_key(account), PER_ACCOUNT), (address_key(address), PER_ADDRESS)] {
            let (since, count) = count(&key);
            if count >= limit {
                return Err(Limited { retry_after_s: ((since + WINDOW_MS - now_ms) / 1000).max(1) });
            }
        }
        let left = PER_ACCOUNT - count(&account_key(account)).1;
        add(&mut failed, account_key(account), now_ms);
        Ok(left)
    }

    /// Counts a failure for the address; the account has it already.
    pub fn failed(&self, address: &str, now_ms: i64) {
        add(&mut self.failed.lock().unwrap_or_else(PoisonError::into_inner), address_key(address), now_ms);
    }

    /// Takes a try back that was no guess: something of ours failed.
    pub fn forgiven(&self, account: &str) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = failed.get_mut(&account_key(account)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Forgets the failures of an account that has got in. Those of the address stay: one known account must not buy
    /// more guesses at others.
    pub fn succeeded(&self, account: &str) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).remove(&account_key(account));
    }
}

fn add(failed: &mut HashMap<String, (i64, u32)>, key: String, now_ms: i64) {
    if failed.len() > SWEEP_AT && !failed.contains_key(&key) {
        failed.retain(|_, (since, _)| now_ms - *since < WINDOW_MS);
    }
    let entry = failed.entry(key).or_insert((now_ms, 0));
    if now_ms - entry.0 >= WINDOW_MS {
        *entry = (now_ms, 0);
    }
    entry.1 += 1;
}

fn account_key(account: &str) -> String {
    format!("account {account}")
}

fn address_key(address: &str) -> String {
    format!("address {address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_gets_in_and_a_guesser_does_not() {
        let guesses = Guesses::default();
        for person in 0..350 {
            assert!(guesses.may_try(&format!("p{person}"), "10.0.0.1", 1_000).is_ok());
            guesses.succeeded(&format!("p{person}"));
        }
        for n in 0..1_000 {
            let address = format!("10.0.1.{}", n % 20);
            if guesses.may_try("lantu", &address, 2_000).is_err() {
                assert_eq!(n, i64::from(PER_ACCOUNT));
                assert!(guesses.may_try("lantu", "10.9.9.9", 2_000 + WINDOW_MS).is_ok());
                return;
            }
            guesses.failed(&address, 2_000);
        }
        unreachable!("a thousand guesses passed");
    }

    #[test]
    fn spraying_from_one_address_is_stopped() {
        let guesses = Guesses::default();
        let passed = (0..1_000)
            .filter(|n| {
                let account = format!("a{n}");
                let ok = guesses.may_try(&account, "10.0.0.9", 5_000).is_ok();
                guesses.failed("10.0.0.9", 5_000);
                ok
            })
            .count();
        assert_eq!(passed, PER_ADDRESS as usize);
    }
}
