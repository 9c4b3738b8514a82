//! The workstation of a seat: which container, which user, and whether anything may be opened in it now.

use rampart_domain::plan::Plan;
use rampart_domain::scenario::{Allow, End, Host, Proto, Role, Scenario};
use rampart_engine::EngineError;
use scoreboard::{Side, Status};

use crate::exercise::Exercise;

/// Why nothing opens on a workstation. Each has a text in the locale files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkstationError {
    /// No range stands.
    #[error("there is no range now")]
    NoRange,
    /// The exercise is paused: the workstation is frozen.
    #[error("the exercise is paused")]
    Paused,
    /// The exercise is over.
    #[error("the exercise is over")]
    Over,
    /// The node that it stands on does not answer.
    #[error("the node of the range does not answer")]
    Lost {
        /// Since when, ms UTC.
        since_ms: i64,
    },
    /// The engine said no.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A team's workstation as the engine knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workstation {
    /// Container.
    pub container: String,
    /// User of the image; whatever a seat does there runs as this one.
    pub user: String,
    /// It has screens.
    pub desktop: bool,
}

fn place(plan: &Plan, scenario: &Scenario, range: u16, side: Side) -> Option<Workstation> {
    let host = scenario.workstation(side)?;
    let planned = plan.ranges.iter().find(|known| known.range == range)?.host(&host.id)?;
    let user = planned.logins.first().map_or("root", |(login, _)| login.as_str());
    Some(Workstation { container: planned.name.clone(), user: user.to_owned(), desktop: host.desktop })
}

/// The workstation of a team's side, if a seat may use it now.
///
/// # Errors
/// See [`WorkstationError`]; never `Engine`, which is not asked.
pub fn of(exercise: &Exercise, range: u16, side: Side) -> Result<Workstation, WorkstationError> {
    let status = exercise.fold().status;
    match status {
        Status::Ready | Status::Running => {}
        Status::Paused => return Err(WorkstationError::Paused),
        Status::Ended | Status::Cleared => return Err(WorkstationError::Over),
        Status::Draft | Status::Provisioning => return Err(WorkstationError::NoRange),
    }
    if let Some(outage) = exercise.fold().outage() {
        return Err(WorkstationError::Lost { since_ms: outage.since_ms });
    }
    let plan = exercise.plan().ok_or(WorkstationError::NoRange)?;
    place(&plan, exercise.scenario(), range, side).ok_or(WorkstationError::NoRange)
}

/// All workstations with screens in a standing range, whatever the exercise is doing.
pub(crate) fn with_desktops(exercise: &Exercise) -> Vec<Workstation> {
    let Some(plan) = exercise.plan() else { return Vec::new() };
    let ranges = plan.ranges.iter().map(|range| range.range);
    ranges
        .flat_map(|range| [Side::Red, Side::Blue].map(|side| (range, side)))
        .filter_map(|(range, side)| place(&plan, exercise.scenario(), range, side))
        .filter(|workstation| workstation.desktop)
        .collect()
}

/// Ports on which a browser finds something, with the scheme.
const WEB_PORTS: [(u16, &str); 4] = [(80, "http"), (443, "https"), (8080, "http"), (8443, "https")];

/// Addresses of web pages that a workstation reaches by the rules of its range, with titles. What lies behind the first
/// line is not among them: it is for red to find.
#[must_use]
pub fn web_places(scenario: &Scenario, workstation: &Host) -> Vec<(String, String)> {
    let stands = |end: &End, host: &Host| {
        end.host.as_ref().is_none_or(|only| *only == host.id)
            && host.at.iter().any(|(zone, _)| *zone == end.zone)
    };
    let mut places = Vec::new();
    let own_zone =
        |host: &Host| host.at.iter().any(|(zone, _)| workstation.at.iter().any(|(own, _)| own == zone));
    for host in scenario.hosts.iter().filter(|host| host.role == Role::Target && !own_zone(host)) {
        let opens = |rule: &&Allow| {
            rule.proto == Proto::Tcp && stands(&rule.from, workstation) && stands(&rule.to, host)
        };
        let ports = scenario.allow.iter().filter(opens).flat_map(|rule| rule.ports.iter().copied());
        for port in ports {
            let Some((_, scheme)) = WEB_PORTS.iter().find(|(known, _)| *known == port) else { continue };
            let Some(name) = host.names.first() else { continue };
            let address = match port {
                80 | 443 => format!("{scheme}://{name}/"),
                other => format!("{scheme}://{name}:{other}/"),
            };
            let title = format!("{} {}", host.title.zh, host.title.en);
            if !places.iter().any(|(known, _)| *known == address) {
                places.push((address, title));
            }
        }
    }
    places
}
