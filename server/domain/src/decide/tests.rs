#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use scoreboard::{AttackState, Entry, HealthState, Witness};

use super::*;
use crate::scenario::{ResetRule, parse};
use crate::truth::{Confirmed, Labels};

mod exact;
mod rematch;
mod scoring;

const SOURCE: &str = include_str!("../../../../scenarios/qinglan-portal/scenario.yaml");

struct Table {
    scenario: Scenario,
    secret: RunSecret,
    other: RunSecret,
    tags: Vec<String>,
    fold: Fold,
    labels: Labels,
    now: i64,
}

impl Table {
    fn new(pairs: u16) -> Self {
        Self::of(pairs, SOURCE)
    }

    fn of(pairs: u16, source: &str) -> Self {
        let scenario = parse("scenario.yaml", source).unwrap();
        let other = RunSecret::new([9; 32]);
        let mut table = Self {
            tags: vec![other.tag()],
            secret: RunSecret::new([7; 32]),
            other,
            fold: Fold::default(),
            labels: Labels::new(),
            now: 1_000_000,
            scenario,
        };
        let entries = create(&table.scenario, "S115-01", "t", "acc", pairs);
        table.apply(entries);
        for to in [Status::Provisioning, Status::Ready, Status::Running] {
            table.turn(to);
        }
        table
    }

    fn rules(&self) -> Rules<'_> {
        Rules { scenario: &self.scenario, secret: &self.secret, other_tags: &self.tags }
    }

    fn apply(&mut self, entries: Entries) -> usize {
        let count = entries.len();
        for (actor, body) in entries {
            let entry = Entry { seq: self.fold.seq + 1, at_ms: self.now, actor, body };
            self.fold.apply(&entry);
        }
        count
    }

    fn turn(&mut self, to: Status) {
        let entries = turn(&self.fold, Actor::System, to, None).unwrap();
        self.apply(entries);
    }

    fn submit(&mut self, team: &str, objective: &str, typed: &str) -> Result<FlagOutcome, Refusal> {
        let (entries, outcome) = flag(self.rules(), &self.fold, team, "s1", objective, typed, self.now)?;
        self.apply(entries);
        Ok(outcome)
    }

    fn act(&mut self, action: &str, event: &str) {
        let known = self.scenario.actions.iter().find(|known| known.id == action).unwrap();
        let confirmed = Confirmed {
            action: action.into(),
            host: known.host.clone(),
            technique: known.technique.clone(),
            seen_ms: self.now,
            witnesses: vec![Witness {
                source: "www".into(),
                kind: "web".into(),
                event: event.into(),
                at_ms: self.now,
            }],
        };
        let entries = super::action(&self.fold, 1, &confirmed);
        assert_eq!(self.apply(entries), 1);
        self.labels.insert(event.into(), vec![action.into()]);
    }

    fn file(&mut self, host: &str, technique: &str, cited: &[&str]) -> (i64, String) {
        let id = format!("n{}", self.fold.seq);
        let form = ReportForm {
            host: host.into(),
            technique: technique.into(),
            seen_ms: self.now,
            cited: cited.iter().map(|id| (*id).to_owned()).collect(),
            text: "text".into(),
        };
        let entries = report(self.rules(), &self.fold, "b1", "s2", &id, &form, self.now).unwrap();
        self.apply(entries);
        let entries = judge(self.rules(), &self.fold, &self.labels, &id);
        assert_eq!(self.apply(entries), 1);
        let (_, points, reason) =
            self.fold.reports.iter().find(|filed| filed.report == id).unwrap().judged.clone().unwrap();
        (points, reason.rule)
    }

    fn points(&self, team: &str) -> i64 {
        self.fold.team(team).unwrap().points
    }
}

#[test]
fn each_flag_counts_in_its_own_place_only() {
    let objectives = ["portal-db", "www-file", "doc-sealed"];
    for (place, objective) in objectives.iter().enumerate() {
        for team in ["r1", "r2", "r3", "r4"] {
            for (of, other) in objectives.iter().enumerate() {
                for owner in ["r1", "r2", "r3", "r4"] {
                    let mut table = Table::new(4);
                    for earlier in &objectives[..place] {
                        let flag = table.secret.flag(team, earlier);
                        table.submit(team, earlier, &flag).unwrap();
                    }
                    let before = table.points(team);
                    let typed = table.secret.flag(owner, other);
                    let outcome = table.submit(team, objective, &typed).unwrap();
                    if owner == team && place == of {
                        assert!(matches!(outcome, FlagOutcome::Correct { .. }));
                        assert_eq!(table.fold.alerts.len(), 0);
                    } else {
                        assert_eq!(outcome, FlagOutcome::Wrong { left: 19 });
                        assert_eq!(table.points(team), before);
                        // Another team's flag is told to the instructor, one's own in a wrong place is not.
                        assert_eq!(table.fold.alerts.len(), usize::from(owner != team));
                    }
                }
            }
        }
    }
}

#[test]
fn answers_of_the_flag_box() {
    let mut table = Table::new(2);
    let good = table.secret.flag("r1", "portal-db");
    assert_eq!(table.submit("r1", "portal-db", "RMP{123}"), Err(Refusal::Malformed { found: Some(3) }));
    assert_eq!(table.submit("r1", "portal-db", "hello"), Err(Refusal::Malformed { found: None }));
    assert_eq!(table.submit("r1", "nothing", &good), Err(Refusal::NotFound));
    assert_eq!(table.submit("b1", "portal-db", &good), Err(Refusal::NotFound));
    assert_eq!(table.submit("r1", "www-file", &good), Err(Refusal::Locked { needs: "portal-db".into() }));
    assert!(table.fold.attempts.is_empty());
    let yesterday = table.other.flag("r1", "portal-db");
    assert_eq!(table.submit("r1", "portal-db", &yesterday), Ok(FlagOutcome::OtherRun { left: 19 }));
    let wide = good.replace("RMP{", "ＲＭＰ｛").replace('}', "｝\u{200b}\n");
    assert_eq!(table.submit("r1", "portal-db", &wide), Ok(FlagOutcome::Correct { points: 100 }));
    assert_eq!(table.submit("r1", "portal-db", &good), Err(Refusal::AlreadyYours));
    assert_eq!(table.points("r1"), 100);
    table.turn(Status::Paused);
    let next = table.secret.flag("r1", "www-file");
    assert_eq!(table.submit("r1", "www-file", &next), Err(Refusal::Paused));
    table.turn(Status::Running);
    table.turn(Status::Ended);
    assert_eq!(table.submit("r1", "www-file", &next), Ok(FlagOutcome::Late));
    assert_eq!(table.points("r1"), 100);
}

#[test]
fn upper_case_is_no_flag_and_the_limit_holds() {
    let mut table = Table::new(1);
    let good = table.secret.flag("r1", "portal-db");
    assert!(matches!(table.submit("r1", "portal-db", &good.to_uppercase()), Err(Refusal::Malformed { .. })));
    let wrong = format!("RMP{{{}}}", "0".repeat(32));
    for left in (0..20).rev() {
        assert_eq!(table.submit("r1", "portal-db", &wrong), Ok(FlagOutcome::Wrong { left }));
    }
    assert_eq!(table.submit("r1", "portal-db", &good), Err(Refusal::LimitReached));
}

#[test]
fn a_hint_is_paid_once_by_the_team_and_free_after_the_end() {
    let mut table = Table::new(1);
    let buy = |table: &mut Table| -> Result<usize, Refusal> {
        let (entries, words) = hint(table.rules(), &table.fold, "r1", "s1", "portal-db-1")?;
        assert!(!words.zh.is_empty());
        Ok(table.apply(entries))
    };
    table.turn(Status::Paused);
    assert_eq!(buy(&mut table), Err(Refusal::Paused));
    table.turn(Status::Running);
    assert_eq!(buy(&mut table), Ok(1));
    assert_eq!(buy(&mut table), Ok(0));
    assert_eq!(table.points("r1"), -20);
    let mut late = Table::new(1);
    late.turn(Status::Ended);
    assert_eq!(buy(&mut late), Ok(0));
    assert_eq!(late.points("r1"), 0);
}

#[test]
fn a_report_pays_when_host_technique_time_and_evidence_fit() {
    let mut table = Table::new(1);
    table.now += 60_000;
    table.act("search-injection", "e1");
    table.now += 120_000;
    assert_eq!(table.file("doc", "T1190", &["e1"]), (0, "report.false_free".into()));
    assert_eq!(table.file("www", "T1059", &["e1"]), (0, "report.false_free".into()));
    assert_eq!(table.file("www", "T1190", &["x1", "x2", "e1"]), (-15, "report.false".into()));
    assert_eq!(table.file("www", "T1190", &["x1", "e1"]), (120, "report.matched".into()));
    assert_eq!(table.file("www", "T1190", &["e1"]), (0, "report.already".into()));
    // An hour later the free ones are back.
    table.now += 3_700_000;
    assert_eq!(table.file("www", "T1190", &["e1"]), (0, "report.false_free".into()));
    assert_eq!(table.points("b1"), 105);
}

#[test]
fn a_sibling_technique_pays_half_and_time_wears_it_down() {
    let mut table = Table::new(1);
    table.act("search-injection", "e1");
    assert_eq!(table.file("www", "T1190.001", &["e1"]), (60, "report.parent".into()));
    let mut table = Table::new(1);
    table.act("sealed-read", "e2");
    table.now += 14 * 60_000;
    // 4 of 30 minutes into the slope: 600 * 4 / 30 = 80 thousandths off 180.
    assert_eq!(table.file("doc", "T1213", &["e2"]), (165, "report.matched".into()));
}

#[test]
fn decay_is_whole_then_linear_then_nothing() {
    assert_eq!(decayed(100, 0, 600, 2400), 100);
    assert_eq!(decayed(100, 600, 600, 2400), 100);
    assert_eq!(decayed(100, 1500, 600, 2400), 70);
    assert_eq!(decayed(100, 2400, 600, 2400), 40);
    assert_eq!(decayed(100, 2401, 600, 2400), 0);
}

#[test]
fn an_outage_never_vanishes_and_unknown_counts_for_nobody() {
    let mut table = Table::new(1);
    let set = |table: &mut Table, state: HealthState| {
        for check in ["portal-search", "doc-exchange"] {
            let entries = health(table.rules(), &table.fold, 1, check, state, "", table.now);
            table.apply(entries);
        }
    };
    let duration = table.scenario.duration_ms;
    set(&mut table, HealthState::Up);
    table.now += duration / 4;
    set(&mut table, HealthState::Down);
    table.now += duration / 4;
    set(&mut table, HealthState::Up);
    table.now += duration / 4;
    set(&mut table, HealthState::Degraded);
    table.now += duration / 4;
    let entries = availability(table.rules(), &table.fold, "b1", table.now);
    table.apply(entries);
    // Up, down, up, half: 2.5 of 4 quarters of 400.
    assert_eq!(table.points("b1"), 250);
    let entries = availability(table.rules(), &table.fold, "b1", table.now + duration);
    table.apply(entries);
    assert_eq!(table.points("b1"), 250);

    let mut unknown = Table::new(1);
    set(&mut unknown, HealthState::Up);
    unknown.now += duration / 2;
    set(&mut unknown, HealthState::Unknown);
    unknown.now += duration / 2;
    let entries = availability(unknown.rules(), &unknown.fold, "b1", unknown.now);
    unknown.apply(entries);
    assert_eq!(unknown.points("b1"), 400);
}

#[test]
fn a_repair_pays_once_and_only_when_attack_fails_and_check_passes() {
    let mut table = Table::new(1);
    let ask = |table: &mut Table| -> Result<(), Refusal> {
        let entries = repair(table.rules(), &table.fold, "b1", "s2", "q", "fix-search")?;
        table.apply(entries);
        Ok(())
    };
    let answer = |table: &mut Table, attack, checks| {
        let entries = retested(table.rules(), &table.fold, "b1", "fix-search", attack, checks);
        table.apply(entries)
    };
    assert_eq!(answer(&mut table, AttackState::Fails, Some(true)), 0);
    ask(&mut table).unwrap();
    assert_eq!(ask(&mut table), Err(Refusal::Waiting));
    answer(&mut table, AttackState::Works, Some(true));
    ask(&mut table).unwrap();
    answer(&mut table, AttackState::Fails, Some(false));
    ask(&mut table).unwrap();
    answer(&mut table, AttackState::Unknown, None);
    assert_eq!(table.points("b1"), 0);
    ask(&mut table).unwrap();
    answer(&mut table, AttackState::Fails, Some(true));
    assert_eq!(table.points("b1"), 200);
    assert_eq!(ask(&mut table), Err(Refusal::AlreadyRepaired));
}

#[test]
fn status_goes_only_where_it_can() {
    let table = Table::new(1);
    for to in [Status::Draft, Status::Provisioning, Status::Ready, Status::Running, Status::Cleared] {
        assert_eq!(
            turn(&table.fold, Actor::System, to, None),
            Err(Refusal::Turn { from: Status::Running, to })
        );
    }
}

#[test]
fn the_clock_at_a_past_moment_leaves_pauses_out() {
    let mut table = Table::new(1);
    let start = table.now;
    table.now += 10_000;
    table.turn(Status::Paused);
    table.now += 50_000;
    table.turn(Status::Running);
    table.now += 5_000;
    assert_eq!(clock_at(&table.fold, start - 5), 0);
    assert_eq!(clock_at(&table.fold, start + 4_000), 4_000);
    assert_eq!(clock_at(&table.fold, start + 30_000), 10_000);
    assert_eq!(clock_at(&table.fold, start + 62_000), 12_000);
}

fn by(team: &str) -> ResetBy {
    ResetBy::Team { team: team.into(), seat: "s1".into() }
}

#[test]
fn a_team_pays_for_its_own_hosts_and_staff_for_none() {
    let mut table = Table::new(2);
    let ask = |table: &Table, by: &ResetBy, range, host: &str| {
        reset(table.rules(), &table.fold, by, &format!("x{}", table.fold.seq), range, host)
    };
    let staff = ResetBy::Staff("acc".into());
    for (who, range, host) in [
        ("r1", 1, "www"),
        ("r1", 1, "watch"),
        ("b1", 1, "attack"),
        ("b1", 2, "www"),
        ("b1", 1, "gateway"),
        ("b1", 1, "citizens"),
        ("b1", 1, "nothing"),
        ("b9", 1, "www"),
    ] {
        assert_eq!(ask(&table, &by(who), range, host), Err(Refusal::NotFound), "{who} {range} {host}");
    }
    assert_eq!(ask(&table, &staff, 3, "www"), Err(Refusal::NotFound));
    let entries = ask(&table, &by("b1"), 1, "www").unwrap();
    assert_eq!(table.apply(entries), 1);
    assert_eq!(table.fold.team("b1").unwrap().parts[&scoreboard::Component::Resets], -30);
    for again in [&by("b1"), &staff] {
        assert_eq!(ask(&table, again, 1, "www"), Err(Refusal::Resetting));
    }
    for (who, range, host) in [(&by("b2"), 2, "www"), (&by("r1"), 1, "attack"), (&staff, 1, "gateway")] {
        let entries = ask(&table, who, range, host).unwrap();
        table.apply(entries);
    }
    assert_eq!(table.fold.resetting().count(), 4);
    // Not done: what was paid comes back. Done: it does not. A second word about the same one is none.
    let open: Vec<String> = table.fold.resetting().map(|reset| reset.request.clone()).collect();
    let entries = reset_done(&table.fold, &open[0], &ResetOutcome::Failed { said: "no".into() });
    table.apply(entries);
    let entries = reset_done(&table.fold, &open[1], &ResetOutcome::Done { seconds: 4 });
    table.apply(entries);
    assert!(reset_done(&table.fold, &open[1], &ResetOutcome::Dropped).is_empty());
    assert_eq!(table.fold.team("b1").unwrap().points, 0);
    assert_eq!(table.fold.team("b2").unwrap().points, -30);
    table.scenario.hosts.iter_mut().find(|host| host.id == "doc").unwrap().reset = Some(ResetRule::Never);
    assert_eq!(ask(&table, &by("b1"), 1, "doc"), Err(Refusal::NoReset));
    assert!(ask(&table, &staff, 1, "doc").is_ok());
    table.turn(Status::Paused);
    assert_eq!(ask(&table, &staff, 1, "doc"), Err(Refusal::Paused));
    assert_eq!(ask(&table, &by("b1"), 1, "www"), Err(Refusal::Paused));
    table.turn(Status::Ended);
    assert_eq!(ask(&table, &staff, 1, "doc"), Err(Refusal::Over));
}

#[test]
fn checks_of_a_host_that_is_made_anew_count_neither_way() {
    let mut table = Table::new(1);
    let set = |table: &mut Table, check: &str, state| {
        let entries = health(table.rules(), &table.fold, 1, check, state, "", table.now);
        table.apply(entries)
    };
    set(&mut table, "portal-search", HealthState::Up);
    set(&mut table, "doc-exchange", HealthState::Up);
    table.now += 60_000;
    let entries = reset(table.rules(), &table.fold, &by("b1"), "x", 1, "www").unwrap();
    table.apply(entries);
    // One is about it, the other runs from it.
    let silenced = checks_silenced(table.rules(), &table.fold, 1, "www");
    assert_eq!(silenced, ["portal-search", "doc-exchange"]);
    for check in silenced {
        set(&mut table, &check, HealthState::Unknown);
    }
    table.now += 60_000;
    assert_eq!(set(&mut table, "portal-search", HealthState::Down), 0, "nothing is taken from it now");
    let entries = reset_done(&table.fold, "x", &ResetOutcome::Done { seconds: 60 });
    table.apply(entries);
    assert!(set(&mut table, "portal-search", HealthState::Up) > 0);
    let (through, up, known) = table.fold.booked["b1"];
    assert_eq!((through, up, known), (120_000, 3 * 60_000, 3 * 60_000));
    let entries = reset(table.rules(), &table.fold, &ResetBy::Staff("a".into()), "y", 1, "gateway").unwrap();
    table.apply(entries);
    assert!(is_silenced(table.rules(), &table.fold, 1, "doc-exchange"), "nothing gets through without it");
    assert!(!is_silenced(table.rules(), &table.fold, 2, "doc-exchange"));
}
