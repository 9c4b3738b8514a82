//! A bucket of tokens for each seat, against a script that hammers the flag box. Guessing is limited by the attempts of
//! each objective; this only keeps one seat from occupying the others' server.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Seats remembered; beyond it those that are full again are forgotten.
const MOST: usize = 20_000;

/// Buckets by name.
#[derive(Debug)]
pub struct Buckets {
    burst: i64,
    every_ms: i64,
    /// When the bucket will be full, ms UTC. That one number is the whole state of a bucket.
    full_at: Mutex<HashMap<String, i64>>,
}

impl Buckets {
    /// Buckets of `burst` tokens that gain one every `every_ms`.
    #[must_use]
    pub fn new(burst: i64, every_ms: i64) -> Self {
        Self { burst, every_ms, full_at: Mutex::new(HashMap::new()) }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// Milliseconds until there is one.
    pub fn take(&self, name: &str, now_ms: i64) -> Result<(), i64> {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(name) {
            buckets.retain(|_, full_at| *full_at > now_ms);
        }
        let full_at = buckets.entry(name.to_owned()).or_insert(now_ms);
        let after = (*full_at).max(now_ms) + self.every_ms;
        let over = after - now_ms - self.burst * self.every_ms;
        if over > 0 {
            return Err(over);
        }
        *full_at = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Buckets;

    #[test]
    fn a_burst_then_one_a_second_and_each_seat_for_itself() {
        let buckets = Buckets::new(3, 1000);
        for _ in 0..3 {
            assert_eq!(buckets.take("a", 5000), Ok(()));
        }
        assert_eq!(buckets.take("a", 5000), Err(1000));
        assert_eq!(buckets.take("b", 5000), Ok(()));
        assert_eq!(buckets.take("a", 5400), Err(600), "a refusal costs nothing");
        assert_eq!(buckets.take("a", 6000), Ok(()));
        assert_eq!(buckets.take("a", 6000), Err(1000));
        assert_eq!(buckets.take("a", 60_000), Ok(()), "never more than the burst");
        assert_eq!(buckets.take("a", 60_000), Ok(()));
        assert_eq!(buckets.take("a", 60_000), Ok(()));
        assert_eq!(buckets.take("a", 60_000), Err(1000));
    }
}
