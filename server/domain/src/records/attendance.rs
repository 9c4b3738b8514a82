//! Attendance of one person at one exercise, by the one rule that is printed under every table of hours
//! ([`words::RULE`](super::words::RULE)):
//!
//! 1. Presence in a seat, the sign-in sheet and the instructor's marks are joined (a union, never a sum).
//! 2. A seat that comes back within the rule's gap was not left.
//! 3. Only the run counts: from the first start to the end. Earlier and later presence is cut off.
//! 4. While the exercise is paused nobody's presence counts, from whatever source.
//! 5. All of it is booked to the day in Taipei on which the run began, also past midnight and past New Year.
//! 6. Whoever did not sign out was there until the end, and is marked for review.

use serde::{Deserialize, Serialize};

use super::interval::{Interval, IntervalSet};
use super::roc::{RocDate, RocYear};

/// How presence is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A seat in use, seen by the server.
    Seat,
    /// The sign-in sheet.
    SignIn,
    /// Set by the instructor, with a reason.
    Mark,
}

/// A stay as it was noted: in, and out once it ended. Cannot be made with out before in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Stay {
    source: Source,
    in_ms: i64,
    out_ms: Option<i64>,
}

/// A stay that cannot be: out before in, as by a clock set wrong or a slip of the pen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signed out ({out_ms} ms) before signing in ({in_ms} ms)")]
pub struct StayError {
    /// In, ms UTC.
    pub in_ms: i64,
    /// Out, ms UTC.
    pub out_ms: i64,
}

impl StayError {
    /// Key of the text that a page shows.
    pub const CODE: &'static str = "out_before_in";
}

impl Stay {
    /// A stay; `out_ms` is `None` while it lasts or if nobody signed out.
    ///
    /// # Errors
    /// Out before in.
    pub const fn new(source: Source, in_ms: i64, out_ms: Option<i64>) -> Result<Self, StayError> {
        match out_ms {
            Some(out_ms) if out_ms < in_ms => Err(StayError { in_ms, out_ms }),
            _ => Ok(Self { source, in_ms, out_ms }),
        }
    }

    /// How it is known.
    #[must_use]
    pub const fn source(self) -> Source {
        self.source
    }

    /// In, ms UTC.
    #[must_use]
    pub const fn in_ms(self) -> i64 {
        self.in_ms
    }

    /// Out, ms UTC.
    #[must_use]
    pub const fn out_ms(self) -> Option<i64> {
        self.out_ms
    }
}

/// A pause of the exercise; `end_ms` is `None` while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Pause {
    /// From, ms UTC.
    pub start_ms: i64,
    /// To, ms UTC.
    pub end_ms: Option<i64>,
}

/// The run of an exercise: what counts as the session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Session {
    /// First start, ms UTC.
    pub start_ms: i64,
    /// End, ms UTC; `None` while it runs.
    pub end_ms: Option<i64>,
    /// Pauses, in any order.
    pub pauses: Vec<Pause>,
}

impl Session {
    /// The day that all its hours are booked to.
    #[must_use]
    pub fn booked_on(&self) -> RocDate {
        RocDate::of_ms(self.start_ms)
    }

    /// The year that all its hours and heads are booked to.
    #[must_use]
    pub fn booked_year(&self) -> RocYear {
        self.booked_on().year()
    }

    /// Where the session ends for the arithmetic: its end, or now while it runs; never before its start.
    fn until(&self, now_ms: i64) -> i64 {
        self.end_ms.unwrap_or(now_ms).max(self.start_ms)
    }

    fn paused(&self, until_ms: i64) -> IntervalSet {
        IntervalSet::union(self.pauses.iter().filter_map(|pause| {
            // A pause that ends before it starts cannot come out of the ledger; it takes nothing away.
            Interval::new(pause.start_ms, pause.end_ms.unwrap_or(until_ms)).ok()
        }))
    }
}

/// The figures of the rule; printed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Gaps in a seat's presence up to this long are filled, ms.
    pub gap_ms: i64,
}

impl Default for Rule {
    fn default() -> Self {
        Self { gap_ms: 5 * 60_000 }
    }
}

/// Something that a human should look at before the hours are handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Review {
    /// Never signed out: counted to the end.
    NotSignedOut {
        /// In, ms UTC.
        in_ms: i64,
    },
    /// The end of a seat's presence was never noted: counted to the end.
    SeatLeftOpen {
        /// From, ms UTC.
        in_ms: i64,
    },
}

/// What counts of a person's stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Attendance {
    /// The stretches that count.
    pub counted: IntervalSet,
    /// Their sum in whole seconds.
    pub seconds: i64,
    /// What to look at, in order.
    pub review: Vec<Review>,
}

/// Attendance of one person at one session, as of `now_ms`. The order of the stays does not matter.
///
/// While the session runs, an open stay counts up to now and is nothing to review; after its end it is.
#[must_use]
pub fn attendance(session: &Session, stays: &[Stay], rule: Rule, now_ms: i64) -> Attendance {
    let until_ms = session.until(now_ms);
    let Ok(window) = Interval::new(session.start_ms, until_ms) else { return Attendance::default() };
    let stretch = |stay: &Stay| {
        // An open stay that began after the end is empty, not negative.
        let out_ms = stay.out_ms.unwrap_or_else(|| until_ms.max(stay.in_ms));
        Interval::new(stay.in_ms, out_ms).ok()
    };
    let seats = IntervalSet::joined(
        stays.iter().filter(|stay| stay.source == Source::Seat).filter_map(stretch),
        rule.gap_ms,
    );
    let sheet = stays.iter().filter(|stay| stay.source != Source::Seat).filter_map(stretch);
    let all = IntervalSet::union(seats.stretches().iter().copied().chain(sheet));
    let counted = all.clip(window).subtract(&session.paused(until_ms));
    let mut review: Vec<Review> = stays
        .iter()
        .filter(|stay| session.end_ms.is_some() && stay.out_ms.is_none() && stay.in_ms < until_ms)
        .map(|stay| match stay.source {
            Source::Seat => Review::SeatLeftOpen { in_ms: stay.in_ms },
            Source::SignIn | Source::Mark => Review::NotSignedOut { in_ms: stay.in_ms },
        })
        .collect();
    review.sort_unstable();
    review.dedup();
    Attendance { seconds: counted.seconds(), counted, review }
}
