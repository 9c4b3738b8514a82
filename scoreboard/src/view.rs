//! What a fold looks like to an audience. These types are what the board page, its stream and its JSON carry.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{FeedItem, Fold, Point, Reason, Side, Status};

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
    /// Rank within its side; 0 for a team outside the ranks.
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

impl TickerItem {
    /// The line of a feed item; `over` when its reason may be told in full.
    pub(crate) fn of(item: &FeedItem, over: bool) -> Self {
        Self {
            seq: item.seq,
            at_ms: item.at_ms,
            kind: item.kind,
            team: item.team.clone(),
            reason: public_reason(&item.reason, over),
            points: item.points,
        }
    }
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
    /// True while what follows stands still as it was when the board was frozen.
    pub frozen: bool,
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
    /// True while what follows stands still as it was when the board was frozen.
    pub frozen: bool,
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
        "flag.correct" | "flag.decayed" => Reason::new("flag.captured", []),
        "bonus.first" | "bonus.stealth" => Reason::new("bonus.given", []),
        "incident.found" | "incident.missed" => Reason::new("incident.cost", []),
        "judge.penalty" => Reason::new("judge.penalised", []),
        "judge.lifted" => Reason::new("judge.lifted_plain", []),
        "report.scored" | "report.room" => Reason::new("report.marked", []),
        "report.matched" | "report.parent" | "report.capped" => Reason::new("report.paid", []),
        "reset.failed" => Reason::new("reset.refunded", []),
        "hint.bought" => Reason::new("hint.taken", []),
        // What a judge wrote may name what others are not to know yet.
        "judge.correction" => Reason::new("judge.corrected", []),
        "judge.upheld" | "judge.rejected" => Reason::new("judge.ruled", []),
        "judge.disqualified" => Reason::new("judge.out", []),
        "judge.reinstated" => Reason::new("judge.back", []),
        _ => reason.clone(),
    }
}

impl Fold {
    /// Teams of a side in rank order: most points first; equal points, who reached them first; equal to the
    /// millisecond, a shared rank. Disqualified teams stand below all others, without a rank.
    #[must_use]
    pub fn ranks(&self, side: Side, audience: Audience) -> Vec<TeamRow> {
        let over = self.over() || audience == Audience::Staff;
        let mut teams: Vec<_> = self.teams.iter().filter(|team| team.side == side).collect();
        teams.sort_by(|a, b| {
            (a.out.is_some().cmp(&b.out.is_some()))
                .then(b.points.cmp(&a.points))
                .then(a.reached_ms.cmp(&b.reached_ms))
                .then(a.range.cmp(&b.range))
        });
        let mut rows: Vec<TeamRow> = Vec::with_capacity(teams.len());
        for (index, team) in teams.iter().enumerate() {
            let place = u32::try_from(index + 1).unwrap_or(u32::MAX);
            // Teams that have not scored yet stand together, whenever they were entered.
            let rank = match rows.last() {
                _ if team.out.is_some() => 0,
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

    pub(crate) fn clock_view(&self) -> ClockView {
        ClockView {
            banked_ms: self.clock.banked_ms,
            since_ms: self.clock.since_ms,
            duration_ms: self.header.as_ref().map_or(0, |header| header.duration_ms),
        }
    }

    /// What an audience sees of the scores: the state of the freeze for the public while there is one.
    #[must_use]
    pub fn seen_by(&self, audience: Audience) -> &Fold {
        match (&self.frozen, audience) {
            (Some(frozen), Audience::Public) => frozen,
            _ => self,
        }
    }

    /// Position that an audience is told. While the board is frozen it moves with the status only, so that nobody counts
    /// what happens behind it.
    #[must_use]
    pub fn seen_seq(&self, audience: Audience) -> u64 {
        match (&self.frozen, audience) {
            (Some(_), Audience::Public) => self.turned_seq,
            _ => self.seq,
        }
    }

    fn side_views(&self, audience: Audience) -> Vec<SideView> {
        let seen = self.seen_by(audience);
        [Side::Red, Side::Blue]
            .into_iter()
            .map(|side| SideView {
                side,
                max: self.header.as_ref().map_or(0, |header| match side {
                    Side::Red => header.max_red,
                    Side::Blue => header.max_blue,
                }),
                teams: seen.ranks(side, audience),
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
            .map(|item| TickerItem::of(item, over))
            .collect()
    }

    /// One entry as a line for an audience, if it may see it and it is among the last. Whether the board stands still is for
    /// the caller to ask: this is the state itself.
    #[must_use]
    pub fn line(&self, seq: u64, audience: Audience) -> Option<TickerItem> {
        let staff = audience == Audience::Staff;
        let item = self.feed.iter().rev().find(|item| item.seq == seq)?;
        (item.public || staff).then(|| TickerItem {
            seq: item.seq,
            at_ms: item.at_ms,
            kind: item.kind,
            team: item.team.clone(),
            reason: public_reason(&item.reason, self.over() || staff),
            points: item.points,
        })
    }

    /// The board for an audience. Status and clock are always those of now: a freeze hides scores, not that the exercise is
    /// paused or over.
    #[must_use]
    pub fn board(&self, audience: Audience) -> BoardView {
        let seen = self.seen_by(audience);
        BoardView {
            seq: self.seen_seq(audience),
            code: self.header.as_ref().map(|header| header.code.clone()).unwrap_or_default(),
            title: self.header.as_ref().map(|header| header.title.clone()).unwrap_or_default(),
            status: self.status,
            frozen: self.frozen.is_some(),
            clock: self.clock_view(),
            sides: self.side_views(audience),
            series: seen.teams.iter().map(|team| (team.id.clone(), team.series.clone())).collect(),
            ticker: seen.ticker(audience, 0, 30),
        }
    }

    /// What changed since `before`, which must be an earlier fold of the same ledger. Between two states of one freeze
    /// there is nothing but status and clock; the end of a freeze brings everything at once.
    #[must_use]
    pub fn delta(&self, before: &Fold, audience: Audience) -> BoardDelta {
        let (seen, then) = (self.seen_by(audience), before.seen_by(audience));
        BoardDelta {
            seq: self.seen_seq(audience),
            from: before.seen_seq(audience),
            status: self.status,
            frozen: self.frozen.is_some(),
            clock: self.clock_view(),
            sides: self.side_views(audience),
            series: seen
                .teams
                .iter()
                .filter_map(|team| {
                    let known = then.team(&team.id).map_or(0, |team| team.series.len());
                    (team.series.len() > known)
                        .then(|| (team.id.clone(), team.series.get(known..).unwrap_or_default().to_vec()))
                })
                .collect(),
            ticker: seen.ticker(audience, then.seq, 30),
        }
    }
}
