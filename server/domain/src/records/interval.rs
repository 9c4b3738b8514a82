//! Stretches of time and sets of them. Half open: a stretch holds its start and not its end.

use serde::Serialize;

/// A stretch of time whose end is not before its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Interval {
    start_ms: i64,
    end_ms: i64,
}

/// Ends before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the end ({end_ms} ms) is before the start ({start_ms} ms)")]
pub struct IntervalError {
    /// Start, ms UTC.
    pub start_ms: i64,
    /// End, ms UTC.
    pub end_ms: i64,
}

impl Interval {
    /// From start and end, ms UTC. Equal ones make an empty stretch.
    ///
    /// # Errors
    /// When the end is before the start.
    pub const fn new(start_ms: i64, end_ms: i64) -> Result<Self, IntervalError> {
        if end_ms < start_ms {
            Err(IntervalError { start_ms, end_ms })
        } else {
            Ok(Self { start_ms, end_ms })
        }
    }

    /// Start, ms UTC.
    #[must_use]
    pub const fn start_ms(self) -> i64 {
        self.start_ms
    }

    /// End, ms UTC.
    #[must_use]
    pub const fn end_ms(self) -> i64 {
        self.end_ms
    }

    /// Length, ms.
    #[must_use]
    pub const fn length_ms(self) -> i64 {
        self.end_ms.saturating_sub(self.start_ms)
    }

    /// True when it has no length.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end_ms == self.start_ms
    }
}

/// A set of moments, kept as stretches in order that neither touch nor overlap nor are empty. So the order and the
/// overlaps of what went in leave no trace, and nothing is counted twice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct IntervalSet(Vec<Interval>);

impl IntervalSet {
    /// The union of stretches in any order.
    #[must_use]
    pub fn union(stretches: impl IntoIterator<Item = Interval>) -> Self {
        Self::joined(stretches, 0)
    }

    /// The union, with gaps of up to `gap_ms` between neighbours filled: a seat that reconnects was not left.
    #[must_use]
    pub fn joined(stretches: impl IntoIterator<Item = Interval>, gap_ms: i64) -> Self {
        let mut sorted: Vec<Interval> = stretches.into_iter().filter(|one| !one.is_empty()).collect();
        sorted.sort_unstable();
        let mut out: Vec<Interval> = Vec::with_capacity(sorted.len());
        for next in sorted {
            match out.last_mut() {
                Some(last) if next.start_ms <= last.end_ms.saturating_add(gap_ms.max(0)) => {
                    last.end_ms = last.end_ms.max(next.end_ms);
                }
                _ => out.push(next),
            }
        }
        Self(out)
    }

    /// What lies in `self` and not in `other`.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let mut out = Vec::with_capacity(self.0.len());
        let mut holes = other.0.as_slice();
        for one in &self.0 {
            let mut start_ms = one.start_ms;
            while let Some((hole, rest)) = holes.split_first() {
                if hole.end_ms <= start_ms {
                    holes = rest;
                } else {
                    break;
                }
            }
            // A hole may reach into the next stretch, so the ones used here are not consumed.
            for hole in holes {
                if hole.start_ms >= one.end_ms {
                    break;
                }
                if hole.start_ms > start_ms {
                    out.push(Interval { start_ms, end_ms: hole.start_ms });
                }
                start_ms = start_ms.max(hole.end_ms);
            }
            if start_ms < one.end_ms {
                out.push(Interval { start_ms, end_ms: one.end_ms });
            }
        }
        Self(out)
    }

    /// What lies within `window`.
    #[must_use]
    pub fn clip(&self, window: Interval) -> Self {
        let cut = self.0.iter().filter_map(|one| {
            let start_ms = one.start_ms.max(window.start_ms);
            let end_ms = one.end_ms.min(window.end_ms);
            (start_ms < end_ms).then_some(Interval { start_ms, end_ms })
        });
        Self(cut.collect())
    }

    /// The stretches, in order.
    #[must_use]
    pub fn stretches(&self) -> &[Interval] {
        &self.0
    }

    /// Sum of the lengths, ms.
    #[must_use]
    pub fn total_ms(&self) -> i64 {
        self.0.iter().fold(0, |sum, one| sum.saturating_add(one.length_ms()))
    }

    /// Sum of the lengths in whole seconds; the part of a second that is left over is dropped once, from the sum.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.total_ms() / 1000
    }

    /// True when it holds no moment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
