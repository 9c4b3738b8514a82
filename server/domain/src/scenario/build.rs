//! From the checked tree to the [`Scenario`]. What is missing or wrong was reported before; here it becomes an empty value,
//! so that the references of everything else can still be looked at. Lists keep their length and order.

use scoreboard::Side;

use super::scalars;
use super::tree::{Node, Value};
use super::weights::{self, Weighted};
use super::{
    Account, Action, Allow, Check, Course, Criterion, Decay, Detection, Difficulty, End, Evidence, Hint,
    Host, Objective, Plant, PlantWhat, Proto, Ready, Repair, ReportRules, ResetRule, Resources, Retest, Role,
    Scenario, Telemetry, User, Words, Zone,
};

impl Node {
    fn text(&self, key: &str) -> String {
        self.text_if(key).unwrap_or_default()
    }

    fn text_if(&self, key: &str) -> Option<String> {
        self.get(key).and_then(Node::scalar).map(str::to_owned)
    }

    fn int<T: TryFrom<i64> + Default>(&self, key: &str) -> T {
        self.int_if(key).unwrap_or_default()
    }

    fn int_if<T: TryFrom<i64>>(&self, key: &str) -> Option<T> {
        let number = scalars::int(self.get(key)?.scalar()?).ok()?;
        T::try_from(number).ok()
    }

    fn duration(&self, key: &str) -> i64 {
        self.get(key).and_then(Node::scalar).and_then(|text| scalars::duration(text).ok()).unwrap_or_default()
    }

    fn words(&self, key: &str) -> Words {
        match self.get(key) {
            Some(node) => Words { zh: node.text("zh-TW"), en: node.text("en") },
            None => Words::default(),
        }
    }

    fn texts(&self, key: &str) -> Vec<String> {
        self.items(key).iter().map(|item| item.scalar().unwrap_or_default().to_owned()).collect()
    }

    fn side(&self, key: &str) -> Option<Side> {
        match self.get(key)?.scalar()? {
            "red" => Some(Side::Red),
            "blue" => Some(Side::Blue),
            _ => None,
        }
    }

    fn telemetry(&self, key: &str) -> Option<Telemetry> {
        match self.get(key)?.scalar()? {
            "web" => Some(Telemetry::Web),
            "flow" => Some(Telemetry::Flow),
            _ => None,
        }
    }

    fn reset(&self, key: &str) -> Option<ResetRule> {
        match self.get(key)?.scalar()? {
            "never" => Some(ResetRule::Never),
            points => scalars::int(points).ok().map(ResetRule::Costs),
        }
    }

    fn end(&self, key: &str) -> End {
        match scalars::end(&self.text(key)) {
            Ok((zone, host)) => End { zone, host },
            Err(_) => End { zone: String::new(), host: None },
        }
    }

    fn each<T>(&self, key: &str, build: impl Fn(&Node) -> T) -> Vec<T> {
        self.items(key).iter().map(build).collect()
    }
}

/// The whole scenario.
pub(super) fn scenario(root: &Node) -> Scenario {
    let empty = Node { at: root.at, value: Value::Refused };
    let part = |key: &str| root.get(key).unwrap_or(&empty);
    let (course, reports) = (part("course"), part("reports"));
    let mut scenario = Scenario {
        id: root.text("id"),
        version: root.int("version"),
        title: root.words("title"),
        summary: root.words("summary"),
        difficulty: match root.text("difficulty").as_str() {
            "advanced" => Difficulty::Advanced,
            "intermediate" => Difficulty::Intermediate,
            _ => Difficulty::Basic,
        },
        duration_ms: root.duration("duration"),
        course: Course {
            code: course.text("code"),
            aspect: course.text("aspect"),
            hours: course.int("hours"),
            topic: course.text("topic"),
        },
        attack: root.texts("attack"),
        zones: root.each("zones", |node| Zone {
            id: node.text("id"),
            title: node.words("title"),
            start: node.side("start"),
            nat: node.text("nat") == "true",
        }),
        allow: root.each("allow", allow),
        hosts: root.each("hosts", host),
        accounts: root.each("accounts", |node| Account {
            id: node.text("id"),
            side: node.side("side"),
            host: node.text_if("host"),
            login: node.text_if("login"),
            title: node.words("title"),
        }),
        plants: root.each("plants", plant),
        objectives: root.each("objectives", objective),
        actions: root.each("actions", action),
        detections: root.each("detections", |node| Detection {
            id: node.text("id"),
            action: node.text("action"),
            points: node.int("points"),
            full_ms: node.duration("full"),
            window_ms: node.duration("window"),
            stealth: node.int("stealth"),
        }),
        reports: ReportRules {
            free_false: reports.int("free_false"),
            false_cost: reports.int("false_cost"),
            tolerance_ms: reports.duration("tolerance"),
            criteria: reports.each("criteria", |node| Criterion {
                id: node.text("id"),
                title: node.words("title"),
                points: node.int("points"),
            }),
            points: reports.int("points"),
        },
        checks: root.each("checks", |node| Check {
            id: node.text("id"),
            title: node.words("title"),
            host: node.text("host"),
            from: node.text("from"),
            every_ms: node.duration("every"),
            timeout_ms: node.duration("timeout"),
            weight: node.int("weight"),
            script: node.text("script"),
        }),
        repairs: root.each("repairs", repair),
        users: root.each("users", |node| User {
            id: node.text("id"),
            host: node.text("host"),
            every_ms: node.duration("every"),
            script: node.text("script"),
        }),
        availability_points: part("scoring").int("availability"),
        reset: part("scoring").reset("reset").unwrap_or(ResetRule::Never),
        recovery: part("scoring").int_if("recovery").unwrap_or(RECOVERY),
        soonest_ms: part("scoring").get("soonest").map_or(SOONEST, |_| part("scoring").duration("soonest")),
        blue: part("scoring").int_if("blue").map(|total| weighted(part("scoring"), total)),
    };
    weights::apply(&mut scenario);
    scenario
}

/// Blue wins back at most so much of what an act of red cost, percent, unless the scenario says otherwise.
const RECOVERY: i64 = 80;
/// An objective taken sooner after red's first act is odd, ms, unless the scenario says otherwise.
const SOONEST: i64 = 30_000;

fn weighted(scoring: &Node, total: i64) -> Weighted {
    let weights = scoring.get("weights").map(|node| weights::WEIGHTS.map(|(name, _)| node.int_if(name)));
    Weighted { total, weights: weights.unwrap_or_default() }
}

fn allow(node: &Node) -> Allow {
    Allow {
        from: node.end("from"),
        to: node.end("to"),
        proto: match node.text("proto").as_str() {
            "udp" => Proto::Udp,
            "icmp" => Proto::Icmp,
            _ => Proto::Tcp,
        },
        ports: node
            .items("ports")
            .iter()
            .filter_map(|item| scalars::int(item.scalar()?).ok().and_then(|port| u16::try_from(port).ok()))
            .collect(),
    }
}

fn host(node: &Node) -> Host {
    let at = match node.get("at").map(|node| &node.value) {
        Some(Value::Map(map)) => map
            .entries
            .iter()
            .filter_map(|entry| {
                let number = scalars::int(entry.value.scalar()?).ok()?;
                Some((entry.key.clone(), u8::try_from(number).ok()?))
            })
            .collect(),
        _ => Vec::new(),
    };
    let resources = node.get("resources");
    let limit =
        |key: &str| resources.and_then(|node| node.get(key)).and_then(Node::scalar).unwrap_or_default();
    Host {
        id: node.text("id"),
        image: node.text("image"),
        role: match node.text("role").as_str() {
            "gateway" => Role::Gateway,
            "workstation" => Role::Workstation,
            "user" => Role::User,
            _ => Role::Target,
        },
        side: node.side("side"),
        title: node.words("title"),
        at,
        names: node.texts("names"),
        capabilities: node.texts("capabilities"),
        resources: Resources {
            memory: scalars::size(limit("memory")).unwrap_or_default(),
            typical: scalars::size(limit("typical")).unwrap_or_default(),
            milli_cpus: scalars::cpus(limit("cpus")).unwrap_or_default(),
            pids: resources.map(|node| node.int("pids")).unwrap_or_default(),
            disk: scalars::size(limit("disk")).unwrap_or_default(),
        },
        ready: node
            .get("ready")
            .map(|node| Ready { command: node.texts("command"), within_ms: node.duration("within") }),
        telemetry: node.telemetry("telemetry"),
        command: node.get("command").map(|_| node.texts("command")),
        reset: node.reset("reset"),
        desktop: node.text("desktop") == "true",
    }
}

fn plant(node: &Node) -> Plant {
    let what = match node.get("row") {
        Some(row) => PlantWhat::Row {
            engine: row.text("engine"),
            database: row.text("database"),
            statement: row.text("statement"),
            verify: row.text("verify"),
        },
        None => PlantWhat::File {
            path: node.text("file"),
            owner: node.text("owner"),
            mode: scalars::mode(&node.text("mode")).unwrap_or_default(),
            content: node.text("content"),
        },
    };
    Plant { host: node.text("host"), what }
}

fn objective(node: &Node) -> Objective {
    Objective {
        id: node.text("id"),
        title: node.words("title"),
        brief: node.words("brief"),
        host: node.text("host"),
        technique: node.text("technique"),
        points: node.int("points"),
        attempts: node.int("attempts"),
        requires: node.texts("requires"),
        hints: node.each("hints", |node| Hint {
            id: node.text("id"),
            price: node.int("price"),
            text: node.words("text"),
        }),
        decay: node.get("decay").and_then(decay),
        first: node.int("first"),
    }
}

fn decay(node: &Node) -> Option<Decay> {
    let least = node.int("least");
    match node.text("by").as_str() {
        "captures" => Some(Decay::Captures { least, steps: node.int("steps") }),
        "time" => Some(Decay::Time { least, until_ms: node.duration("until") }),
        "harmonic" => Some(Decay::Harmonic { least }),
        _ => None,
    }
}

fn action(node: &Node) -> Action {
    Action {
        id: node.text("id"),
        title: node.words("title"),
        technique: node.text("technique"),
        host: node.text("host"),
        within_ms: node.duration("within"),
        evidence: node.each("evidence", |node| Evidence {
            source: node.text("source"),
            kind: node.telemetry("kind").unwrap_or(Telemetry::Web),
            field: node.text_if("field"),
            matches: node.text_if("matches"),
            from: node.text_if("from"),
            to: node.text_if("to"),
            port: node.int_if("port"),
            status: node.int_if("status"),
        }),
        cost: node.int("cost"),
    }
}

fn repair(node: &Node) -> Repair {
    let empty = Node { at: node.at, value: Value::Refused };
    let retest = node.get("retest").unwrap_or(&empty);
    Repair {
        id: node.text("id"),
        title: node.words("title"),
        host: node.text("host"),
        action: node.text("action"),
        checks: node.texts("checks"),
        retest: Retest {
            from: retest.text("from"),
            script: retest.text("script"),
            timeout_ms: retest.duration("timeout"),
        },
        points: node.int("points"),
        full_ms: node.duration("full"),
        window_ms: node.duration("window"),
    }
}
