//! How many of a thing a seat has open at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Things open, by seat.
#[derive(Debug, Clone, Default)]
pub struct Places(Arc<Mutex<HashMap<String, usize>>>);

/// One thing among those of a seat; leaves when dropped.
#[derive(Debug)]
pub struct Place {
    all: Places,
    seat: String,
}

impl Places {
    /// One more for a seat, unless it has `most` already.
    pub(super) fn enter(&self, seat: &str, most: usize) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(seat.to_owned()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { all: self.clone(), seat: seat.to_owned() })
    }

    /// How many a seat has open.
    pub(super) fn count(&self, seat: &str) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(seat).copied().unwrap_or(0)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.seat) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.seat);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_has_a_few_and_gets_the_places_back() {
        let all = Places::default();
        let first = all.enter("s1", 2);
        let second = all.enter("s1", 2);
        assert!(first.is_some() && second.is_some() && all.enter("s1", 2).is_none());
        assert!(all.enter("s2", 2).is_some());
        assert_eq!((all.count("s1"), all.count("s2")), (2, 0));
        drop(first);
        assert!(all.enter("s1", 2).is_some());
        drop(second);
        assert_eq!(all.count("s1"), 0);
    }
}
