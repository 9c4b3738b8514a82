//! The seats. What stands here is all that a trainee is told; truth labels and other teams' secrets are not even within
//! reach of it.

use std::collections::BTreeMap;

use rampart_app::exercise::Exercise;
use rampart_domain::decide::{captures_of, tries_allowed};
use rampart_domain::scenario::{Objective, Role, Telemetry};
use rampart_domain::truth::Event;
use rampart_pages::{
    Credential, EventFilter, EventLine, FlagAnswer, HintView, HostCell, Locale, MarksView, ObjectiveState,
    ObjectiveView, Problem, RepairLine, RepairStage, ReportForm, ReportLine, ReportVerdict, SeatBlue,
    SeatHead, SeatRed, TerminalView,
};
use rampart_store::{Exercise as Row, StoredEvent};
use scoreboard::{Audience, Component, FiledReport, Fold, RepairState, Side, Status, Verdict};

use super::{clock, count, head, host_health, phases, public_names, say, team, techniques};
use crate::web::visit::seat_label;
use crate::web::who::Seated;

/// Wrong reports are counted over this much exercise time, ms; the same as where they are judged.
const HOUR_MS: i64 = 3_600_000;
/// Port of name look-ups.
const DNS: &str = "53";

/// What a seat's page is made of besides the exercise.
pub struct Facts<'a> {
    /// Row of the store.
    pub row: &'a Row,
    /// The seat.
    pub seat: &'a Seated,
    /// Labels of the team's seats, by id.
    pub labels: &'a BTreeMap<String, String>,
    /// Language.
    pub locale: Locale,
    /// Now, ms UTC.
    pub now_ms: i64,
}

pub fn seat_head(exercise: &Exercise, fold: &Fold, facts: &Facts<'_>) -> SeatHead {
    let own = team(fold, &facts.seat.team);
    SeatHead {
        exercise: head(facts.row, fold, exercise.scenario(), facts.locale),
        seat: seat_label(&own.name, facts.seat.number),
        team: own,
        person: facts.seat.name.clone(),
        points: fold.team(&facts.seat.team).map_or(0, |team| team.points),
        clock: clock(fold, facts.now_ms),
        phases: phases(fold, exercise.scenario(), facts.now_ms),
        lost_ms: fold.outage().map(|outage| outage.since_ms),
    }
}

/// What heads a page of a seat besides its own.
#[must_use]
pub fn head_of(exercise: &Exercise, row: &Row, seat: &Seated, locale: Locale, now_ms: i64) -> SeatHead {
    seat_head(exercise, &exercise.fold(), &Facts { row, seat, labels: &BTreeMap::new(), locale, now_ms })
}

fn brief(exercise: &Exercise, facts: &Facts<'_>) -> String {
    let text = exercise.bundle.files.get(&format!("brief.{}.md", facts.locale.code()));
    text.map(|text| rampart_pages::brief_for(text, facts.seat.side)).unwrap_or_default()
}

/// A range stands and its seats are open.
fn open(fold: &Fold) -> bool {
    matches!(fold.status, Status::Ready | Status::Running | Status::Paused)
}

fn credentials(exercise: &Exercise, fold: &Fold, facts: &Facts<'_>) -> Vec<Credential> {
    if !open(fold) {
        return Vec::new();
    }
    exercise
        .scenario()
        .accounts
        .iter()
        .filter(|account| account.side == Some(facts.seat.side))
        .map(|account| Credential {
            title: say(facts.locale, &account.title),
            host: account.host.clone().unwrap_or_default(),
            login: account.login.clone().unwrap_or_default(),
            secret: exercise.password(facts.seat.range, &account.id),
        })
        .collect()
}

fn terminal(exercise: &Exercise, fold: &Fold, facts: &Facts<'_>) -> TerminalView {
    let workstation = exercise.scenario().workstation(facts.seat.side);
    let blocked = match fold.status {
        _ if fold.outage().is_some() => Some("terminal_lost"),
        Status::Ready | Status::Running => workstation.is_none().then_some("terminal_not_ready"),
        Status::Paused => Some("terminal_paused"),
        Status::Ended | Status::Cleared => Some("terminal_over"),
        Status::Draft | Status::Provisioning => Some("terminal_not_ready"),
    };
    TerminalView {
        title: workstation.map(|host| say(facts.locale, &host.title)).unwrap_or_default(),
        host: workstation.map(|host| host.id.clone()).unwrap_or_default(),
        desktop: workstation.is_some_and(|host| host.desktop),
        blocked: blocked.map(Problem::new),
    }
}

fn objective(
    exercise: &Exercise,
    fold: &Fold,
    facts: &Facts<'_>,
    (index, objective): (usize, &Objective),
) -> ObjectiveView {
    let scenario = exercise.scenario();
    let key = |id: &str| (facts.seat.team.clone(), id.to_owned());
    let capture = fold.captures.get(&key(&objective.id));
    let locked = objective.requires.iter().any(|id| !fold.captures.contains_key(&key(id)));
    let title = |id: &String| {
        scenario.objective(id).map_or_else(|| id.clone(), |known| say(facts.locale, &known.title))
    };
    ObjectiveView {
        id: objective.id.clone(),
        label: format!("O{}", index + 1),
        title: say(facts.locale, &objective.title),
        brief: say(facts.locale, &objective.brief),
        host: scenario.host(&objective.host).map(|host| say(facts.locale, &host.title)).unwrap_or_default(),
        technique: objective.technique.clone(),
        // A frozen board's captures are not to be counted by what an objective is worth now.
        points: capture.map_or_else(
            || {
                let others = captures_of(fold.seen_by(Audience::Public), &objective.id);
                objective.worth(others, fold.clock.at(facts.now_ms))
            },
            |capture| capture.points,
        ),
        state: match (capture, locked) {
            (Some(_), _) => ObjectiveState::Done,
            (None, true) => ObjectiveState::Locked,
            (None, false) => ObjectiveState::Open,
        },
        requires: objective.requires.iter().map(title).collect(),
        tries: fold.attempts.get(&key(&objective.id)).copied().unwrap_or(0).into(),
        tries_max: Some(tries_allowed(fold, objective, &facts.seat.team).into()),
        done_ms: capture.map(|capture| capture.at_ms),
        done_by: capture.map(|by| facts.labels.get(&by.seat).cloned().unwrap_or_default()),
        hints: objective
            .hints
            .iter()
            .map(|hint| HintView {
                id: hint.id.clone(),
                price: hint.price,
                text: (fold.hints.contains(&key(&hint.id)) || fold.over())
                    .then(|| say(facts.locale, &hint.text)),
            })
            .collect(),
    }
}

/// The page of a red seat. `selected` is what the person chose, if anything.
#[must_use]
pub fn red(
    exercise: &Exercise,
    facts: &Facts<'_>,
    selected: Option<&str>,
    answer: Option<FlagAnswer>,
) -> SeatRed {
    let fold = exercise.fold();
    // What is to be done is told when the clock starts, not to those who come early.
    let told = matches!(fold.status, Status::Running | Status::Paused | Status::Ended | Status::Cleared);
    let objectives: Vec<ObjectiveView> = exercise
        .scenario()
        .objectives
        .iter()
        .enumerate()
        .filter(|_| told)
        .map(|numbered| objective(exercise, &fold, facts, numbered))
        .collect();
    let selected = selected
        .filter(|id| objectives.iter().any(|objective| objective.id == *id))
        .map(str::to_owned)
        .or_else(|| first_open(&objectives));
    SeatRed {
        seat: seat_head(exercise, &fold, facts),
        brief: brief(exercise, facts),
        objectives,
        selected,
        answer,
        resets: super::hosts::own(exercise, &fold, facts.seat, facts.locale),
        points_max: exercise.scenario().max_points(Side::Red),
        messages: Vec::new(),
        credentials: credentials(exercise, &fold, facts),
        terminal: terminal(exercise, &fold, facts),
        rules: super::rulings::announced(exercise.scenario(), facts.locale),
    }
}

fn first_open(objectives: &[ObjectiveView]) -> Option<String> {
    objectives
        .iter()
        .find(|objective| objective.state == ObjectiveState::Open)
        .or_else(|| objectives.last())
        .map(|objective| objective.id.clone())
}

fn kind(kind: Telemetry) -> &'static str {
    match kind {
        Telemetry::Web => "web",
        Telemetry::Flow => "flow",
    }
}

/// The record's fields as one line.
fn line(kind: &str, fields: &BTreeMap<String, String>) -> String {
    let get = |name: &str| fields.get(name).map_or("-", String::as_str);
    match kind {
        "web" => {
            let agent = fields.get("agent").map(|agent| format!(" \"{}\"", short(agent))).unwrap_or_default();
            format!(
                "{} {} {} {} {}{agent}",
                get("method"),
                get("uri"),
                get("status"),
                get("bytes"),
                named(fields, "src", "from")
            )
        }
        "flow" => {
            let (from, to) = (named(fields, "src", "from"), named(fields, "dst", "to"));
            let verdict = fields.get("verdict").map(|verdict| format!(" {verdict}")).unwrap_or_default();
            format!("{from}:{} → {to}:{}/{}{verdict}", get("sport"), get("dport"), get("proto"))
        }
        _ => fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "),
    }
}

/// The first word of a user agent: the rest of those that browsers send says little and is long.
fn short(agent: &str) -> String {
    match agent.split_once(' ') {
        Some((first, _)) => format!("{first} …"),
        None => agent.to_owned(),
    }
}

/// An address with the name that it has in the range.
fn named(fields: &BTreeMap<String, String>, address: &str, name: &str) -> String {
    match (fields.get(address), fields.get(name)) {
        (Some(address), Some(name)) => format!("{address}({name})"),
        (Some(address), None) => address.clone(),
        (None, _) => "-".to_owned(),
    }
}

fn row(id: &str, at_ms: i64, host: &str, source: &str, fields: BTreeMap<String, String>) -> EventLine {
    let to = fields.get("to").filter(|_| source == "flow");
    EventLine {
        id: id.to_owned(),
        at_ms,
        host: host.to_owned(),
        source: source.to_owned(),
        text: line(source, &fields),
        dns: fields.get("dport").is_some_and(|port| port == DNS),
        about: to.map_or(host, String::as_str).to_owned(),
        fields,
    }
}

/// A record as blue sees it, live.
#[must_use]
pub fn event_line(event: &Event) -> EventLine {
    row(&event.id, event.at_ms, &event.host, kind(event.kind), event.fields.clone())
}

/// A stored record as blue sees it.
#[must_use]
pub fn stored_line(event: &StoredEvent) -> EventLine {
    let fields = serde_json::from_str(&event.fields).unwrap_or_default();
    row(&event.id, event.at_ms, &event.host, &event.kind, fields)
}

/// Does a row pass the filter?
#[must_use]
pub fn passes(row: &EventLine, filter: &EventFilter) -> bool {
    (filter.host.is_empty() || row.host == filter.host)
        && (filter.source.is_empty() || row.source == filter.source)
        && (filter.dns || !row.dns)
        && (filter.text.is_empty() || holds(row, &filter.text.to_lowercase()))
}

/// The words in the line or in what the line cuts.
fn holds(row: &EventLine, text: &str) -> bool {
    row.text.to_lowercase().contains(text)
        || row.fields.values().any(|value| value.to_lowercase().contains(text))
}

/// What came along with the request for a blue seat's page.
pub struct Asked {
    /// Events that pass the filter, newest first.
    pub events: Vec<EventLine>,
    /// Filter.
    pub filter: EventFilter,
    /// The report form as typed.
    pub form: ReportForm,
    /// What is wrong in it.
    pub problems: Vec<Problem>,
}

/// The page of a blue seat.
#[must_use]
pub fn blue(exercise: &Exercise, facts: &Facts<'_>, asked: Asked) -> SeatBlue {
    let fold = exercise.fold();
    let scenario = exercise.scenario();
    let range = facts.seat.range;
    let own: Vec<&FiledReport> =
        fold.reports.iter().filter(|report| report.team == facts.seat.team).collect();
    let hosts = scenario.hosts.iter().filter(|host| matches!(host.role, Role::Gateway | Role::Target));
    let mut sources: Vec<String> =
        scenario.hosts.iter().filter_map(|host| host.telemetry).map(|of| kind(of).to_owned()).collect();
    sources.sort_unstable();
    sources.dedup();
    SeatBlue {
        seat: seat_head(exercise, &fold, facts),
        brief: brief(exercise, facts),
        hosts: hosts
            .map(|host| HostCell {
                id: host.id.clone(),
                title: say(facts.locale, &host.title),
                state: host_health(&fold, scenario, range, &host.id).map(|(state, ..)| super::health(state)),
            })
            .collect(),
        availability_points: fold
            .team(&facts.seat.team)
            .and_then(|team| team.parts.get(&Component::Availability).copied())
            .unwrap_or(0),
        availability: availability(&fold, &facts.seat.team),
        events_total: count(asked.events.len()),
        events: asked.events,
        filter: asked.filter,
        sources,
        techniques: techniques::choices(scenario),
        form: asked.form,
        problems: asked.problems,
        free_left: free_left(&fold, exercise, &own, facts.now_ms),
        false_cost: scenario.reports.false_cost,
        reports: reports(exercise, &fold, &own, facts.locale),
        repairs: scenario.repairs.iter().map(|known| repair(exercise, &fold, facts, known)).collect(),
        resets: super::hosts::own(exercise, &fold, facts.seat, facts.locale),
        messages: Vec::new(),
        credentials: credentials(exercise, &fold, facts),
        terminal: terminal(exercise, &fold, facts),
        names: names(exercise, &own, facts.locale),
        report_blocked: blocked(&fold),
        rules: super::rulings::announced(scenario, facts.locale),
    }
}

/// Share of the known time in which the services were up, in thousandths.
fn availability(fold: &Fold, team: &str) -> Option<i64> {
    let (_, up, known) = fold.booked.get(team)?;
    (*known > 0).then(|| up * 1000 / known)
}

/// Titles of what the team may know: what everybody may, and the actions that it has found itself.
fn names(exercise: &Exercise, own: &[&FiledReport], locale: Locale) -> BTreeMap<String, String> {
    let scenario = exercise.scenario();
    let mut names = public_names(scenario, locale);
    for report in own {
        if let Some((Verdict::Matched { action, .. } | Verdict::AlreadyClaimed { action }, ..)) =
            &report.judged
            && let Some(known) = scenario.actions.iter().find(|known| known.id == *action)
        {
            names.insert(known.id.clone(), say(locale, &known.title));
        }
    }
    names
}

fn blocked(fold: &Fold) -> Option<Problem> {
    match fold.status {
        Status::Running => None,
        Status::Paused => Some(Problem::new("paused")),
        Status::Ended | Status::Cleared => Some(Problem::new("over")),
        Status::Draft | Status::Provisioning | Status::Ready => Some(Problem::new("not_started")),
    }
}

/// Wrong reports that cost nothing, as they would be counted for one filed now.
fn free_left(fold: &Fold, exercise: &Exercise, own: &[&FiledReport], now_ms: i64) -> i64 {
    let now = fold.clock.at(now_ms);
    let wrong = own
        .iter()
        .filter(|report| {
            matches!(report.judged, Some((Verdict::False, ..))) && now - report.clock_ms < HOUR_MS
        })
        .count();
    (i64::from(exercise.scenario().reports.free_false) - count(wrong)).max(0)
}

fn reports(exercise: &Exercise, fold: &Fold, own: &[&FiledReport], locale: Locale) -> Vec<ReportLine> {
    let scenario = exercise.scenario();
    own.iter()
        .enumerate()
        .rev()
        .map(|(index, report)| ReportLine {
            label: format!("N-{:02}", index + 1),
            at_ms: report.at_ms,
            host: scenario
                .host(&report.host)
                .map_or_else(|| report.host.clone(), |host| say(locale, &host.title)),
            technique: report.technique.clone(),
            verdict: match report.judged.as_ref().map(|(verdict, ..)| verdict) {
                None => ReportVerdict::Pending,
                Some(Verdict::Matched { .. }) => ReportVerdict::Matched,
                Some(Verdict::AlreadyClaimed { .. }) => ReportVerdict::AlreadyClaimed,
                Some(Verdict::False) => ReportVerdict::False,
            },
            points: report.judged.as_ref().map_or(0, |(_, points, _)| *points),
            reason: report.judged.as_ref().map(|(.., reason)| reason.clone()),
            // Marks that are not released are not even within reach of this page.
            marks: fold.desk.scored.get(&report.report).map(|scored| MarksView {
                marks: scenario
                    .reports
                    .criteria
                    .iter()
                    .map(|of| {
                        let given = scored.marks.get(&of.id).copied().unwrap_or(0);
                        (say(locale, &of.title), given, of.points)
                    })
                    .collect(),
                note: scored.reason.args.get("text").cloned().unwrap_or_default(),
                points: scored.points,
            }),
        })
        .collect()
}

fn repair(
    exercise: &Exercise,
    fold: &Fold,
    facts: &Facts<'_>,
    known: &rampart_domain::scenario::Repair,
) -> RepairLine {
    let state = fold.repairs.get(&(facts.seat.team.clone(), known.id.clone()));
    let rule = state.and_then(|state| state.reason.as_ref()).map(|reason| reason.rule.as_str());
    // What the last retest saw is in the rule by which it was judged.
    let (check_passes, attack_fails) = match rule {
        Some("repair.passed" | "repair.capped") => (Some(true), Some(true)),
        Some("repair.attack_works") => (None, Some(false)),
        Some("repair.check_fails") => (Some(false), Some(true)),
        _ => (None, None),
    };
    let stage = match state {
        Some(RepairState { passed: true, .. }) => RepairStage::Passed,
        Some(RepairState { waiting: true, .. }) => RepairStage::Testing,
        Some(RepairState { reason: Some(_), .. }) => RepairStage::Failed,
        _ => RepairStage::Open,
    };
    let own = match stage {
        RepairStage::Passed => Some(Problem::new("already_repaired")),
        RepairStage::Testing => Some(Problem::new("waiting")),
        RepairStage::Open | RepairStage::Failed => None,
    };
    RepairLine {
        id: known.id.clone(),
        title: say(facts.locale, &known.title),
        host: exercise
            .scenario()
            .host(&known.host)
            .map(|host| say(facts.locale, &host.title))
            .unwrap_or_default(),
        stage,
        check_passes,
        attack_fails,
        points: state.map_or(0, |state| state.points),
        reason: state.and_then(|state| state.reason.clone()),
        blocked: own.or_else(|| blocked(fold)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_as_lines() {
        let fields = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
            list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let web = fields(&[
            ("method", "GET"),
            ("uri", "/search.php?q=1"),
            ("status", "200"),
            ("bytes", "5120"),
            ("src", "10.77.1.11"),
            ("from", "attack"),
        ]);
        assert_eq!(line("web", &web), "GET /search.php?q=1 200 5120 10.77.1.11(attack)");
        let flow = fields(&[
            ("src", "10.77.1.11"),
            ("sport", "40000"),
            ("dst", "10.77.2.10"),
            ("dport", "80"),
            ("proto", "tcp"),
        ]);
        assert_eq!(line("flow", &flow), "10.77.1.11:40000 → 10.77.2.10:80/tcp");
        assert_eq!(line("odd", &fields(&[("a", "1"), ("b", "2")])), "a=1 b=2");
    }

    #[test]
    fn the_filter_ands_its_parts() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = [field("uri", "/search.php?q=UNION"), field("agent", "Mozilla/5.0 (X11; Linux)")];
        let row = row("e", 0, "www", "web", fields.into());
        let filter = |host: &str, source: &str, text: &str| EventFilter {
            host: host.into(),
            source: source.into(),
            text: text.into(),
            dns: false,
        };
        assert!(passes(&row, &EventFilter::default()));
        assert!(passes(&row, &filter("www", "web", "union")));
        assert!(!passes(&row, &filter("doc", "", "")));
        assert!(!passes(&row, &filter("", "flow", "")));
        assert!(!passes(&row, &filter("", "", "select")));
        assert!(passes(&row, &filter("", "", "linux")) && !row.text.contains("Linux"), "cut, but found");
    }

    #[test]
    fn look_ups_are_left_out_unless_asked() {
        let flow = |port: &str| -> BTreeMap<String, String> {
            [("src", "10.0.0.9"), ("dst", "10.0.0.2"), ("dport", port), ("to", "www")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into()
        };
        let (look_up, web) =
            (row("a", 0, "gateway", "flow", flow("53")), row("b", 0, "gateway", "flow", flow("80")));
        assert!(!passes(&look_up, &EventFilter::default()));
        assert!(passes(&look_up, &EventFilter { dns: true, ..EventFilter::default() }));
        assert!(passes(&web, &EventFilter::default()));
        assert_eq!(web.about, "www", "a report about a flow names where it went");
    }
}
