//! How the board came to be what it is: every change of it in order, for a page that goes back and forth in time.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::view::{ClockView, TeamRow, TickerItem};
use crate::{Audience, Body, Entry, Fold, Point, Side, Status};

/// The changes of a board from the first team to what an audience may see now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct History {
    /// Ledger position it leads to.
    pub seq: u64,
    /// True when it ends where the board was frozen.
    pub frozen: bool,
    /// Changes, in order.
    pub moments: Vec<Moment>,
}

/// One change of the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// Ledger position.
    pub seq: u64,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Time on the exercise clock, ms.
    pub clock_ms: i64,
    /// Status, where it is another one than before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Clock, where it was started or stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockView>,
    /// Lines of the rank lists that are new or different, by side in rank order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<TeamRow>,
    /// New points of the series, by team id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub series: BTreeMap<String, Vec<Point>>,
    /// New lines of the ticker, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ticker: Vec<TickerItem>,
}

/// Can an entry change what the board shows?
fn shows(body: &Body) -> bool {
    body.score().is_some_and(|(_, _, points, _)| points != 0)
        || matches!(body, Body::Team { .. } | Body::Status { .. } | Body::Disqualified { .. })
}

impl History {
    /// The history of a whole ledger as an audience may see it now: while the board is frozen up to the freeze, and
    /// once the exercise is over with all reasons in full.
    #[must_use]
    pub fn of(entries: &[Entry], audience: Audience) -> Self {
        let now = Fold::of(entries);
        let frozen = audience == Audience::Public && now.frozen.is_some();
        // The freeze itself is on no frozen board.
        let until = now.seen_by(audience).seq - u64::from(frozen);
        let told = if now.over() && !frozen { Audience::Staff } else { audience };
        let mut fold = Fold::default();
        let mut rows: BTreeMap<String, TeamRow> = BTreeMap::new();
        let mut lengths: BTreeMap<String, usize> = BTreeMap::new();
        let mut moments = Vec::new();
        for entry in entries.iter().take_while(|entry| entry.seq <= until) {
            let (status, clock) = (fold.status, fold.clock_view());
            fold.apply(entry);
            let ticker: Vec<TickerItem> = fold
                .feed
                .iter()
                .rev()
                .take_while(|item| item.seq == entry.seq)
                .filter(|item| item.public || audience == Audience::Staff)
                .map(|item| TickerItem::of(item, told == Audience::Staff))
                .collect();
            if !shows(&entry.body) && ticker.is_empty() {
                continue;
            }
            let mut moment = Moment {
                seq: entry.seq,
                at_ms: entry.at_ms,
                clock_ms: fold.clock.at(entry.at_ms),
                status: (fold.status != status).then_some(fold.status),
                clock: Some(fold.clock_view()).filter(|now| *now != clock),
                rows: Vec::new(),
                series: BTreeMap::new(),
                ticker,
            };
            for row in [Side::Red, Side::Blue].into_iter().flat_map(|side| fold.ranks(side, told)) {
                if rows.get(&row.id) != Some(&row) {
                    rows.insert(row.id.clone(), row.clone());
                    moment.rows.push(row);
                }
            }
            for team in &fold.teams {
                let known = lengths.entry(team.id.clone()).or_default();
                if team.series.len() > *known {
                    moment
                        .series
                        .insert(team.id.clone(), team.series.get(*known..).unwrap_or_default().to_vec());
                    *known = team.series.len();
                }
            }
            let empty = moment.status.is_none()
                && moment.clock.is_none()
                && moment.rows.is_empty()
                && moment.series.is_empty()
                && moment.ticker.is_empty();
            if !empty {
                moments.push(moment);
            }
        }
        Self { seq: if frozen { now.seen_seq(audience) } else { until }, frozen, moments }
    }
}
