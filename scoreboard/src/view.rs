//! What a fold looks like to an audience. These types are what the board page, its stream and its JSON carry.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Fold, Point, Reason, Side, Status};

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Anyone: spectators, and trainees looking at the board.
    Public,
    /// Instructors and administrators.
    Staff,
}

/// A rank: shared ranks skip the next ones (1, 1, 3).
pub type Rank = u32;

/// The exercise clock as a browser needs it to go on counting by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockView {
    /// Time banked, ms.
    pub banked_ms: i64,
    /// Since when it runs, ms UTC, or null while it stands.
    pub since_ms: Option<i64>,
    /// Planned length, ms.
    pub duration_ms: i64,
}

/// A team's line on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamRow {
    /// Team id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Side.
    pub side: Side,
    /// Range number.
    pub range: u16,
    /// Rank within its side.
    pub rank: Rank,
    /// Total.
    pub points: i64,
    /// Parts, by component word.
    pub parts: BTreeMap<&'static str, i64>,
    /// When the total was reached, ms UTC.
    pub reached_ms: i64,
    /// Why it last changed.
    pub last: Option<Reason>,
    /// By how much it last changed.
    pub last_points: i64,
}

/// One rank list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SideView {
    /// Side.
    pub side: Side,
    /// Most points that a team of it can have.
    pub max: i64,
    /// Teams in rank order.
    pub teams: Vec<TeamRow>,
}

/// A line of the ticker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TickerItem {
    /// Ledger position.
    pub seq: u64,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Kind of entry.
    pub kind: &'static str,
    /// Team id, where one is concerned.
    pub team: Option<String>,
    /// Text as rule and values.
    pub reason: Reason,
    /// Points.
    pub points: i64,
}

/// The whole board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoardView {
    /// Ledger position it was computed at.
    pub seq: u64,
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Status.
    pub status: Status,
    /// Clock.
    pub clock: ClockView,
    /// Red, then blue.
    pub sides: Vec<SideView>,
    /// Score over exercise time, by team id.
    pub series: BTreeMap<String, Vec<Point>>,
    /// Last lines, newest first.
    pub ticker: Vec<TickerItem>,
}

/// What changed on the board between two ledger positions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoardDelta {
    /// Position it leads to.
    pub seq: u64,
    /// Position it starts from; a client that stands elsewhere needs a snapshot.
    pub from: u64,
    /// Status.
    pub status: Status,
    /// Clock.
    pub clock: ClockView,
    /// Rank lists, whole (they are short).
    pub sides: Vec<SideView>,
    /// New points of the series, by team id.
    pub series: BTreeMap<String, Vec<Point>>,
    /// New lines, newest first.
    pub ticker: Vec<TickerItem>,
}

/// Rules whose values would tell a watching blue team what it has missed; the public sees the plain form of them
/// until the exercise is over.
fn public_reason(reason: &Reason, over: bool) -> Reason {
    if over {
        return reason.clone();
    }
    match reason.rule.as_str() {
        "flag.correct" => Reason::new("flag.captured", []),
        "report.matched" | "report.parent" => Reason::new("report.paid", []),
        "reset.failed" => Reason::new("reset.refunded", []),
        "hint.bought" => Reason::new("hint.taken", []),
        _ => reason.clone(),
    }
}

impl Fold {
    /// Teams of a side in rank order: most points first; equal points, who reached them first; equal to the
    /// millisecond, a shared rank.
    #[must_use]
    pub fn ranks(&self, side: Side, audience: Audience) -> Vec<TeamRow> {
        let over = self.over() || audience == Audience::Staff;
        let mut teams: Vec<_> = self.teams.iter().filter(|team| team.side == side).collect();
        teams.sort_by(|a, b| {
            b.points.cmp(&a.points).then(a.reached_ms.cmp(&b.reached_ms)).then(a.range.cmp(&b.range))
        });
        let mut rows: Vec<TeamRow> = Vec::with_capacity(teams.len());
        for (index, team) in teams.iter().enumerate() {
            let place = u32::try_from(index + 1).unwrap_or(u32::MAX);
            // Teams that have not scored yet stand together, whenever they were entered.
            let rank = match rows.last() {
                Some(above)
                    if above.points == team.points
                        && (above.reached_ms == team.reached_ms
                            || (above.last.is_none() && team.last.is_none())) =>
                {
                    above.rank
                }
                _ => place,
            };
            rows.push(TeamRow {
                id: team.id.clone(),
                name: team.name.clone(),
                side: team.side,
                range: team.range,
                rank,
                points: team.points,
                parts: team.parts.iter().map(|(part, points)| (part.as_str(), *points)).collect(),
                reached_ms: team.reached_ms,
                last: team.last.as_ref().map(|(reason, _)| public_reason(reason, over)),
                last_points: team.last.as_ref().map_or(0, |(_, points)| *points),
            });
        }
        rows
    }

    /// True once nothing can score any more.
    #[must_use]
    pub fn over(&self) -> bool {
        matches!(self.status, Status::Ended | Status::Cleared)
    }

    fn clock_view(&self) -> ClockView {
        ClockView {
            banked_ms: self.clock.banked_ms,
            since_ms: self.clock.since_ms,
            duration_ms: self.header.as_ref().map_or(0, |header| header.duration_ms),
        }
    }

    fn side_views(&self, audience: Audience) -> Vec<SideView> {
        [Side::Red, Side::Blue]
            .into_iter()
            .map(|side| SideView {
                side,
                max: self.header.as_ref().map_or(0, |header| match side {
                    Side::Red => header.max_red,
                    Side::Blue => header.max_blue,
                }),
                teams: self.ranks(side, audience),
            })
            .collect()
    }

    fn ticker(&self, audience: Audience, after: u64, limit: usize) -> Vec<TickerItem> {
        let staff = audience == Audience::Staff;
        let over = self.over() || staff;
        self.feed
            .iter()
            .rev()
            .take_while(|item| item.seq > after)
            .filter(|item| item.public || staff)
            .take(limit)
            .map(|item| TickerItem {
                seq: item.seq,
                at_ms: item.at_ms,
                kind: item.kind,
                team: item.team.clone(),
                reason: public_reason(&item.reason, over),
                points: item.points,
            })
            .collect()
    }

    /// The board for an audience.
    #[must_use]
    pub fn board(&self, audience: Audience) -> BoardView {
        BoardView {
            seq: self.seq,
            code: self.header.as_ref().map(|header| header.code.clone()).unwrap_or_default(),
            title: self.header.as_ref().map(|header| header.title.clone()).unwrap_or_default(),
            status: self.status,
            clock: self.clock_view(),
            sides: self.side_views(audience),
            series: self.teams.iter().map(|team| (team.id.clone(), team.series.clone())).collect(),
            ticker: self.ticker(audience, 0, 30),
        }
    }

    /// What changed since `before`, which must be an earlier fold of the same ledger.
    #[must_use]
    pub fn delta(&self, before: &Fold, audience: Audience) -> BoardDelta {
        BoardDelta {
            seq: self.seq,
            from: before.seq,
            status: self.status,
            clock: self.clock_view(),
            sides: self.side_views(audience),
            series: self
                .teams
                .iter()
                .filter_map(|team| {
                    let known = before.team(&team.id).map_or(0, |team| team.series.len());
                    (team.series.len() > known)
                        .then(|| (team.id.clone(), team.series.get(known..).unwrap_or_default().to_vec()))
                })
                .collect(),
            ticker: self.ticker(audience, before.seq, 30),
        }
    }
}
