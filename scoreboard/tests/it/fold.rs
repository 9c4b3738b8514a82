//! Ranks, clock and the agreement of every view with the ledger.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scoreboard::{
    Actor, Answer, Audience, Body, Component, Entry, Fold, HealthState, History, Reason, Side, Status,
    TeamRow, TickerItem, Verdict,
};

struct Book(Vec<Entry>);

impl Book {
    fn new(teams: &[(&str, Side)]) -> Self {
        let mut book = Self(Vec::new());
        book.add(
            0,
            Body::Created {
                format: 1,
                code: "S115-01".into(),
                title: "t".into(),
                scenario: "s".into(),
                version: 1,
                duration_ms: 5_400_000,
                max_red: 500,
                max_blue: 850,
            },
        );
        for (index, (team, side)) in teams.iter().enumerate() {
            let range = u16::try_from(index + 1).unwrap();
            let name = format!("隊 {team}");
            book.add(0, Body::Team { team: (*team).into(), name, side: *side, range });
        }
        book
    }

    fn add(&mut self, at_ms: i64, body: Body) -> &mut Self {
        let seq = self.0.len() as u64 + 1;
        self.0.push(Entry { seq, at_ms, actor: Actor::System, body });
        self
    }

    fn status(&mut self, at_ms: i64, to: Status) -> &mut Self {
        let from = Fold::of(&self.0).status;
        self.add(at_ms, Body::Status { from, to, note: None, why: None })
    }

    fn flag(&mut self, at_ms: i64, team: &str, objective: &str, points: i64) -> &mut Self {
        self.add(
            at_ms,
            Body::Flag {
                team: team.into(),
                seat: "s1".into(),
                objective: objective.into(),
                answer: Answer::Correct,
                points,
                reason: Reason::new("flag.correct", [("objective", objective.into())]),
            },
        )
    }

    fn judged(&mut self, at_ms: i64, team: &str, points: i64) -> &mut Self {
        self.add(
            at_ms,
            Body::Judged {
                report: format!("p{at_ms}"),
                team: team.into(),
                verdict: Verdict::False,
                points,
                reason: Reason::new("report.false", []),
            },
        )
    }

    fn ranks(&self, side: Side) -> Vec<(String, u32)> {
        Fold::of(&self.0).ranks(side, Audience::Public).into_iter().map(|row| (row.id, row.rank)).collect()
    }
}

fn pairs(rows: &[(&str, u32)]) -> Vec<(String, u32)> {
    rows.iter().map(|(id, rank)| ((*id).to_owned(), *rank)).collect()
}

#[test]
fn a_capture_worth_nothing_does_not_cost_the_lead() {
    let mut book = Book::new(&[("a", Side::Red), ("b", Side::Red)]);
    book.flag(1000, "a", "x", 100).flag(1500, "b", "x", 100).flag(2000, "a", "free", 0);
    assert_eq!(book.ranks(Side::Red), pairs(&[("a", 1), ("b", 2)]));
}

#[test]
fn who_reached_the_score_first_leads_whichever_parts_it_is_made_of() {
    let mut book = Book::new(&[("a", Side::Blue), ("b", Side::Blue)]);
    book.judged(1000, "a", 50).judged(2000, "b", 50).judged(3000, "b", 50).judged(4000, "a", 50);
    assert_eq!(book.ranks(Side::Blue), pairs(&[("b", 1), ("a", 2)]));
}

#[test]
fn a_score_lost_and_won_back_was_reached_when_it_was_won_back() {
    let mut book = Book::new(&[("a", Side::Blue), ("b", Side::Blue)]);
    book.judged(1000, "a", 100).judged(1500, "b", 100).judged(1600, "a", -10).judged(2000, "a", 10);
    assert_eq!(book.ranks(Side::Blue), pairs(&[("b", 1), ("a", 2)]));
}

#[test]
fn equal_to_the_millisecond_shares_the_rank_and_the_next_is_skipped() {
    let mut book = Book::new(&[("a", Side::Red), ("b", Side::Red), ("c", Side::Red)]);
    book.flag(1000, "a", "x", 100).flag(1000, "b", "x", 100).flag(900, "c", "x", 50);
    assert_eq!(book.ranks(Side::Red), pairs(&[("a", 1), ("b", 1), ("c", 3)]));
}

#[test]
fn before_anybody_scores_all_share_the_first_rank() {
    let mut book = Book::new(&[("a", Side::Red)]);
    book.add(7, Body::Team { team: "late".into(), name: "l".into(), side: Side::Red, range: 9 });
    assert_eq!(book.ranks(Side::Red), pairs(&[("a", 1), ("late", 1)]));
}

#[test]
fn the_clock_stands_while_paused() {
    let mut book = Book::new(&[("a", Side::Red)]);
    book.status(0, Status::Provisioning).status(5_000, Status::Ready).status(10_000, Status::Running);
    book.status(40_000, Status::Paused);
    let fold = Fold::of(&book.0);
    assert_eq!(fold.clock.at(40_000), 30_000);
    assert_eq!(fold.clock.at(99_000), 30_000);
    book.status(100_000, Status::Running);
    assert_eq!(Fold::of(&book.0).clock.at(101_000), 31_000);
    book.status(102_000, Status::Ended);
    let fold = Fold::of(&book.0);
    assert_eq!(fold.clock.at(999_000), 32_000);
    assert_eq!(fold.pauses, vec![(40_000, Some(100_000))]);
}

#[test]
fn what_blue_missed_is_not_on_the_board_before_the_end() {
    let mut book = Book::new(&[("r1", Side::Red)]);
    book.status(0, Status::Provisioning).status(1, Status::Ready).status(2, Status::Running);
    book.add(
        10,
        Body::Action {
            range: 1,
            action: "search-injection".into(),
            host: "www".into(),
            technique: "T1190".into(),
            seen_ms: 9,
            clock_ms: 7,
            witnesses: vec![],
        },
    );
    book.flag(20, "r1", "portal-db", 100);
    let shown = serde_json::to_string(&Fold::of(&book.0).board(Audience::Public)).unwrap();
    for hidden in ["search-injection", "portal-db", "T1190", "www"] {
        assert!(!shown.contains(hidden), "{hidden} is on the public board: {shown}");
    }
    book.status(30, Status::Ended);
    let shown = serde_json::to_string(&Fold::of(&book.0).board(Audience::Public)).unwrap();
    assert!(shown.contains("portal-db"));
}

#[test]
fn a_history_ends_at_the_freeze_and_tells_all_when_it_is_over() {
    let mut book = Book::new(&[("r1", Side::Red), ("r2", Side::Red)]);
    book.status(0, Status::Provisioning).status(1, Status::Ready).status(2, Status::Running);
    book.flag(1_002, "r1", "portal-db", 100);
    let running = serde_json::to_string(&History::of(&book.0, Audience::Public)).unwrap();
    assert!(!running.contains("portal-db"), "{running}");
    book.add(2_000, Body::Freeze { on: true });
    let frozen = History::of(&book.0, Audience::Public);
    assert!(frozen.frozen);
    assert_eq!(frozen.moments.last().unwrap().clock_ms, 1_000);
    book.flag(3_000, "r2", "www-file", 150).status(4_000, Status::Paused).status(5_000, Status::Running);
    let behind = History::of(&book.0, Audience::Public);
    assert_eq!(behind.moments, frozen.moments, "what moves behind a freeze is not in it");
    assert!(History::of(&book.0, Audience::Staff).moments.len() > frozen.moments.len());
    book.status(6_000, Status::Ended);
    let ended = serde_json::to_string(&History::of(&book.0, Audience::Public)).unwrap();
    assert!(!ended.contains("portal-db"), "over, but still frozen: {ended}");
    book.add(7_000, Body::Freeze { on: false });
    let shown = History::of(&book.0, Audience::Public);
    assert!(!shown.frozen);
    let text = serde_json::to_string(&shown).unwrap();
    assert!(text.contains("portal-db") && text.contains("www-file"));
    // Pauses are left out of the clock: r2 scored at 2.998 s, the end came a second of pause later.
    assert_eq!(shown.moments.last().unwrap().clock_ms, 4_998);
}

/// The board's lines, series and ticker as the moments up to a position make them.
#[derive(Default)]
struct Replayed {
    rows: BTreeMap<String, TeamRow>,
    series: BTreeMap<String, Vec<scoreboard::Point>>,
    ticker: Vec<TickerItem>,
}

#[test]
fn seats_are_told_of_their_own_and_of_what_everybody_sees() {
    let mut book = Book(Vec::new());
    for (range, team, side) in [(1, "r1", Side::Red), (1, "b1", Side::Blue), (2, "r2", Side::Red)] {
        book.add(0, Body::Team { team: team.into(), name: team.into(), side, range });
    }
    // Adds something and gives the teams that are told of it.
    let told = |book: &mut Book, body: Body| -> Vec<&str> {
        let before = Fold::of(&book.0);
        book.add(1, body);
        let after = Fold::of(&book.0);
        ["r1", "b1", "r2"].into_iter().filter(|team| after.told_seq(team) != before.told_seq(team)).collect()
    };
    let flag = |answer| Body::Flag {
        team: "r1".into(),
        seat: "s1".into(),
        objective: "o".into(),
        answer,
        points: 0,
        reason: Reason::new("flag", []),
    };
    let action = Body::Action {
        range: 1,
        action: "a".into(),
        host: "www".into(),
        technique: "T1190".into(),
        seen_ms: 0,
        clock_ms: 0,
        witnesses: Vec::new(),
    };
    let health = Body::Health {
        range: 1,
        check: "c".into(),
        host: "www".into(),
        state: HealthState::Down,
        detail: String::new(),
    };
    let all = ["r1", "b1", "r2"];
    assert_eq!(told(&mut book, flag(Answer::Wrong)), ["r1"]);
    assert_eq!(told(&mut book, flag(Answer::Correct)), all, "the board shows it");
    assert!(told(&mut book, action.clone()).is_empty(), "what red did is blue's to find");
    assert_eq!(told(&mut book, health.clone()), ["b1"]);
    assert_eq!(told(&mut book, Body::Freeze { on: true }), all);
    assert_eq!(told(&mut book, flag(Answer::Correct)), ["r1"], "the board stands still");
    assert!(told(&mut book, action).is_empty());
    assert_eq!(told(&mut book, health), ["b1"], "a seat's own page does not stand still");
    assert_eq!(told(&mut book, Body::Freeze { on: false }), all);
}

fn any_body() -> impl Strategy<Value = Body> {
    let team = prop_oneof![Just("a"), Just("b"), Just("c")];
    (team, -30_i64..60, 0..5).prop_map(|(team, points, kind)| {
        let reason = Reason::new("x", []);
        let team = team.to_owned();
        match kind {
            0 => Body::Flag {
                team,
                seat: "s".into(),
                objective: points.to_string(),
                answer: Answer::Correct,
                points: points.abs(),
                reason,
            },
            1 => Body::Judged { report: "p".into(), team, verdict: Verdict::False, points, reason },
            2 => Body::Hint { team, seat: "s".into(), hint: "h".into(), points: -points.abs(), reason },
            3 => Body::Availability { team, through_ms: 0, up_ms: 1, known_ms: 1, points, reason },
            _ => Body::Health {
                range: 1,
                check: "c".into(),
                host: "h".into(),
                state: HealthState::Up,
                detail: String::new(),
            },
        }
    })
}

proptest! {
    /// Board, deltas, parts, series and a sum over the raw ledger agree at every step, and a replay that overlaps or
    /// starts anew gives the same.
    #[test]
    fn every_view_agrees_with_the_ledger(bodies in prop::collection::vec((any_body(), 0_i64..50), 1..80)) {
        let mut book = Book::new(&[("a", Side::Red), ("b", Side::Red), ("c", Side::Blue)]);
        let mut at_ms = 0;
        for (body, step) in bodies {
            at_ms += step;
            book.add(at_ms, body);
        }
        let mut fold = Fold::default();
        let mut shown = fold.clone();
        let mut series = shown.board(Audience::Public).series;
        for entry in &book.0 {
            fold.apply(entry);
            fold.apply(entry);
            if entry.seq % 7 == 0 {
                let delta = fold.delta(&shown, Audience::Public);
                for (team, points) in delta.series {
                    series.entry(team).or_default().extend(points);
                }
                shown = fold.clone();
            }
        }
        let last = fold.delta(&shown, Audience::Public);
        for (team, points) in last.series {
            series.entry(team).or_default().extend(points);
        }
        let history = History::of(&book.0, Audience::Public);
        let mut moments = history.moments.into_iter().peekable();
        let (mut replayed, mut then) = (Replayed::default(), Fold::default());
        for entry in &book.0 {
            then.apply(entry);
            while let Some(moment) = moments.next_if(|moment| moment.seq <= entry.seq) {
                replayed.rows.extend(moment.rows.into_iter().map(|row| (row.id.clone(), row)));
                for (team, points) in moment.series {
                    replayed.series.entry(team).or_default().extend(points);
                }
                replayed.ticker.splice(0..0, moment.ticker);
                replayed.ticker.truncate(30);
            }
            let board = then.board(Audience::Public);
            let rows = board.sides.into_iter().flat_map(|side| side.teams).map(|row| (row.id.clone(), row));
            prop_assert_eq!(&replayed.rows, &rows.collect::<BTreeMap<_, _>>());
            prop_assert_eq!(&replayed.series, &board.series);
            prop_assert_eq!(&replayed.ticker, &board.ticker);
        }
        prop_assert_eq!(moments.next(), None);
        prop_assert_eq!(&fold, &Fold::of(&book.0));
        prop_assert_eq!(series, fold.board(Audience::Public).series);
        for team in &fold.teams {
            let sum: i64 = book.0.iter().filter_map(|e| e.body.score()).filter(|s| s.0 == team.id).map(|s| s.2).sum();
            prop_assert_eq!(team.points, sum);
            prop_assert_eq!(team.parts.values().sum::<i64>(), sum);
            prop_assert_eq!(team.series.last().unwrap().points, sum);
            let hints: i64 = book.0.iter().filter_map(|e| e.body.score())
                .filter(|s| s.0 == team.id && s.1 == Component::Hints).map(|s| s.2).sum();
            prop_assert_eq!(team.parts.get(&Component::Hints).copied().unwrap_or(0), hints);
        }
        let mut last: Option<(i64, u32)> = None;
        for row in fold.ranks(Side::Red, Audience::Public) {
            if let Some((points, rank)) = last {
                prop_assert!(row.points <= points && row.rank >= rank);
            }
            last = Some((row.points, row.rank));
        }
    }
}

#[test]
fn time_that_was_lost_with_a_node_can_be_taken_out_as_if_it_had_been_a_pause() {
    let entry = |seq, at_ms, body| Entry { seq, at_ms, actor: Actor::System, body };
    let turn = |from, to| Body::Status { from, to, note: None, why: None };
    let lost = || Body::NodeLost { node: "a".into(), epoch: 1, since_ms: 9_000 };
    let void = |from_ms| Body::LostTime { from_ms, reason: Reason::new("node.taken_out", []) };
    let mut fold = Fold::of(&[
        entry(1, 0, turn(Status::Ready, Status::Running)),
        entry(2, 10_000, lost()),
        entry(3, 70_000, void(10_000)),
        entry(4, 70_000, turn(Status::Running, Status::Paused)),
    ]);
    assert_eq!((fold.clock.at(90_000), fold.outage().unwrap().taken_out_ms), (10_000, Some(70_000)));
    assert_eq!(fold.pauses, [(10_000, Some(70_000)), (70_000, None)]);
    fold.apply(&entry(5, 100_000, turn(Status::Paused, Status::Running)));
    fold.apply(&entry(6, 101_000, Body::NodeBack { node: "a".into(), epoch: 1 }));
    assert_eq!((fold.clock.at(110_000), fold.outage()), (20_000, None));
    // Somebody paused first and takes the time before the pause out afterwards.
    let fold = Fold::of(&[
        entry(1, 0, turn(Status::Ready, Status::Running)),
        entry(2, 10_000, lost()),
        entry(3, 30_000, turn(Status::Running, Status::Paused)),
        entry(4, 70_000, void(10_000)),
    ]);
    assert_eq!((fold.clock.at(90_000), fold.pauses), (10_000, vec![(10_000, None)]));
}
