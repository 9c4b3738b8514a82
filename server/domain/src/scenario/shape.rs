//! The format of the scenario file, as ONE table: which maps there are, which keys they have, what stands under a key.
//! The check of the file, the "did you mean" and the JSON Schema for editors all come from it.

/// A map of the file.
pub(super) struct MapShape {
    /// What it is called in faults and in the schema: `host`.
    pub name: &'static str,
    pub keys: &'static [Key],
}

/// A key of a map.
pub(super) struct Key {
    pub name: &'static str,
    pub required: bool,
    pub shape: Shape,
    /// One sentence for whoever writes the file.
    pub help: &'static str,
}

/// What stands under a key.
pub(super) enum Shape {
    /// Any text, at most so many characters.
    Text(usize),
    /// Text of the form that a reader of [`super::scalars`] knows.
    Form(Form),
    /// Whole number within bounds.
    Int(i64, i64),
    /// Duration within bounds, ms.
    Duration(i64, i64),
    /// Size within bounds, bytes.
    Size(u64, u64),
    /// Processors within bounds, thousandths.
    Cpus(u32, u32),
    /// Points within bounds, or `never`.
    Price(i64, i64),
    /// `true` or `false`.
    Flag,
    /// A capability that policy allows.
    Capability,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// List of at least and at most so many items.
    List(&'static Shape, usize, usize),
    /// A map with these keys.
    Map(&'static MapShape),
    /// A map of ids to whole numbers within bounds.
    Numbers(i64, i64),
}

/// Forms of text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Id,
    Image,
    Login,
    DnsName,
    Technique,
    Mode,
    AbsolutePath,
    Script,
    End,
    Regex,
    Database,
}

/// Shortest exercise, ms.
pub(super) const SHORTEST: i64 = MINUTE;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Capabilities that a container may ask for. `NET_ADMIN` is the gateway's alone.
pub(super) const CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Host numbers that hosts may have: .1 is the router, .2 the gateway, 62 the last address of a /26.
pub(super) const HOST_NUMBERS: (i64, i64) = (3, 62);

const ID: Shape = Shape::Form(Form::Id);
const TECHNIQUE: Shape = Shape::Form(Form::Technique);
const SCRIPT: Shape = Shape::Form(Form::Script);
const SIDE: Shape = Shape::Choice(&["red", "blue"]);
const TITLE: Shape = Shape::Map(&WORDS);
const POINTS: Shape = Shape::Int(1, 100_000);
const WEIGHT: Shape = Shape::Int(0, 1_000);
const PRICE: Shape = Shape::Price(0, 100_000);
const WITHIN_EXERCISE: Shape = Shape::Duration(SECOND, 14 * DAY);
const SCRIPT_TIME: Shape = Shape::Duration(SECOND, 5 * MINUTE);

const fn must(name: &'static str, shape: Shape, help: &'static str) -> Key {
    Key { name, required: true, shape, help }
}

const fn may(name: &'static str, shape: Shape, help: &'static str) -> Key {
    Key { name, required: false, shape, help }
}

/// The whole file.
pub(super) static SCENARIO: MapShape = MapShape {
    name: "scenario",
    keys: &[
        must("id", ID, "Id, the name of the scenario's folder."),
        must("version", Shape::Int(1, 100_000), "Version, from 1."),
        must("title", TITLE, "Title."),
        must("summary", TITLE, "Summary, a sentence or two."),
        must("difficulty", Shape::Choice(&["basic", "intermediate", "advanced"]), "How hard it is."),
        must("duration", Shape::Duration(SHORTEST, 14 * DAY), "Planned length on the exercise clock: `90m`."),
        must("course", Shape::Map(&COURSE), "What its hours count as."),
        may("attack", Shape::List(&TECHNIQUE, 0, 100), "ATT&CK techniques touched."),
        must("zones", Shape::List(&Shape::Map(&ZONE), 1, 9), "Network segments."),
        may(
            "allow",
            Shape::List(&Shape::Map(&ALLOW), 0, 100),
            "What the gateway lets through between zones; everything else is dropped.",
        ),
        must("hosts", Shape::List(&Shape::Map(&HOST), 1, 60), "Machines; exactly one is the gateway."),
        may(
            "accounts",
            Shape::List(&Shape::Map(&ACCOUNT), 0, 100),
            "Secrets derived per run and team, and log-ins.",
        ),
        may(
            "plants",
            Shape::List(&Shape::Map(&PLANT), 0, 200),
            "What is put into the hosts before they are called ready.",
        ),
        must(
            "objectives",
            Shape::List(&Shape::Map(&OBJECTIVE), 1, 60),
            "What red is to reach; each has a flag of the same id.",
        ),
        may(
            "actions",
            Shape::List(&Shape::Map(&ACTION), 0, 60),
            "What red can do, and how the platform knows.",
        ),
        may(
            "detections",
            Shape::List(&Shape::Map(&DETECTION), 0, 60),
            "What blue earns for reporting an action.",
        ),
        must("reports", Shape::Map(&REPORTS), "Rules of incident reports."),
        may("checks", Shape::List(&Shape::Map(&CHECK), 0, 60), "Availability checks."),
        may("repairs", Shape::List(&Shape::Map(&REPAIR), 0, 60), "Holes that blue can close."),
        may("users", Shape::List(&Shape::Map(&USER), 0, 30), "Benign traffic."),
        must("scoring", Shape::Map(&SCORING), "Points that belong to no single thing."),
    ],
};

static WORDS: MapShape = MapShape {
    name: "words",
    keys: &[
        must("zh-TW", Shape::Text(2_000), "Text in Traditional Chinese."),
        must("en", Shape::Text(2_000), "Text in English."),
    ],
};

static COURSE: MapShape = MapShape {
    name: "course",
    keys: &[
        must("code", Shape::Choice(&["522", "523"]), "522 general or 523 professional."),
        must("aspect", Shape::Choice(&["策略面", "管理面", "技術面"]), "Aspect of the training."),
        must("hours", Shape::Int(1, 400), "Planned hours."),
        must("topic", Shape::Text(200), "Topic."),
    ],
};

static ZONE: MapShape = MapShape {
    name: "zone",
    keys: &[
        must("id", ID, "Id."),
        must("title", TITLE, "Title."),
        may("start", SIDE, "The side that starts here."),
        may(
            "nat",
            Shape::Flag,
            "Other zones see each of its hosts under an address outside of the range (203.0.113.x).",
        ),
    ],
};

static ALLOW: MapShape = MapShape {
    name: "allow rule",
    keys: &[
        must("from", Shape::Form(Form::End), "Who opens: a zone, or zone/host."),
        must("to", Shape::Form(Form::End), "To whom: a zone, or zone/host."),
        must("proto", Shape::Choice(&["tcp", "udp", "icmp"]), "Protocol."),
        may("ports", Shape::List(&Shape::Int(1, 65_535), 1, 64), "Destination ports; `icmp` has none."),
    ],
};

static HOST: MapShape = MapShape {
    name: "host",
    keys: &[
        must("id", ID, "Id, also its host name."),
        must("image", Shape::Form(Form::Image), "Image, a folder of images/."),
        must("role", Shape::Choice(&["gateway", "target", "workstation", "user"]), "What it is there for."),
        may("side", SIDE, "Side, for workstations."),
        must("title", TITLE, "Title."),
        may(
            "at",
            Shape::Numbers(HOST_NUMBERS.0, HOST_NUMBERS.1),
            "Zones it stands in, with its host number there; not for the gateway.",
        ),
        may("names", Shape::List(&Shape::Form(Form::DnsName), 0, 20), "Further names in the range's DNS."),
        may(
            "capabilities",
            Shape::List(&Shape::Capability, 0, 20),
            "Capabilities besides those that its image declares; everything else is dropped.",
        ),
        must("resources", Shape::Map(&RESOURCES), "Limits."),
        may("ready", Shape::Map(&READY), "How it shows that it is ready; without it, running is ready."),
        may("telemetry", Shape::Choice(&["web", "flow"]), "What its standard output carries."),
        may("command", Shape::List(&Shape::Text(4_000), 1, 50), "Command that replaces the image's own."),
        may(
            "reset",
            PRICE,
            "What the host's team pays to have it made anew: points, or `never`; otherwise as `scoring` says.",
        ),
        may(
            "desktop",
            Shape::Flag,
            "Its seats have a screen, too; for workstations whose image has `rampart-desktop`.",
        ),
    ],
};

static RESOURCES: MapShape = MapShape {
    name: "resources",
    keys: &[
        must("memory", Shape::Size(16 << 20, 64 << 30), "Memory: `512M`."),
        may(
            "typical",
            Shape::Size(1 << 20, 64 << 30),
            "Memory that it uses as a rule: `160M`. Launches are admitted by it; without it, by the limit.",
        ),
        must("cpus", Shape::Cpus(50, 64_000), "Processors: `0.5`."),
        must("pids", Shape::Int(10, 10_000), "Processes and threads."),
        may(
            "disk",
            Shape::Size(16 << 20, 1 << 40),
            "What it may write beside its image: `512M`; without it, `2G`. A single file is never larger.",
        ),
    ],
};

static READY: MapShape = MapShape {
    name: "ready",
    keys: &[
        must("command", Shape::List(&Shape::Text(4_000), 1, 50), "Command run inside; exit code 0 is ready."),
        must("within", Shape::Duration(SECOND, 30 * MINUTE), "How long it may take: `90s`."),
    ],
};

static ACCOUNT: MapShape = MapShape {
    name: "account",
    keys: &[
        must("id", ID, "Id; the secret is named by it: {password:ID}."),
        may("side", SIDE, "Side that is told; without it, nobody is."),
        may("host", ID, "Host of the log-in."),
        may("login", Shape::Form(Form::Login), "System log-in whose password it is."),
        must("title", TITLE, "Title."),
    ],
};

static PLANT: MapShape = MapShape {
    name: "plant",
    keys: &[
        must("host", ID, "Host."),
        may("file", Shape::Form(Form::AbsolutePath), "A file: its absolute path."),
        may("owner", Shape::Form(Form::Login), "Owner of the file."),
        may("mode", Shape::Form(Form::Mode), "Permission bits of the file: \"0640\"."),
        may("content", Shape::Text(100_000), "Content of the file, with {flag:ID} and {password:ID}."),
        may("row", Shape::Map(&ROW), "A database row, instead of a file."),
    ],
};

static ROW: MapShape = MapShape {
    name: "row",
    keys: &[
        must("engine", Shape::Choice(&["mariadb"]), "Database engine."),
        must("database", Shape::Form(Form::Database), "Database."),
        must("statement", Shape::Text(10_000), "Statement, with {flag:ID} and {password:ID}."),
        must("verify", Shape::Text(10_000), "Query whose answer must hold the planted secret."),
    ],
};

static OBJECTIVE: MapShape = MapShape {
    name: "objective",
    keys: &[
        must("id", ID, "Id; its flag is {flag:ID}."),
        must("title", TITLE, "Title."),
        must("brief", TITLE, "What red is told."),
        must("host", ID, "Host."),
        must("technique", TECHNIQUE, "ATT&CK technique."),
        must("points", POINTS, "Points."),
        must("attempts", Shape::Int(1, 1_000), "Wrong answers allowed."),
        may("requires", Shape::List(&ID, 0, 60), "Objectives to capture first."),
        may("hints", Shape::List(&Shape::Map(&HINT), 0, 10), "Hints."),
        may(
            "decay",
            Shape::Map(&DECAY),
            "How it loses value for teams that come later; without it, it does not.",
        ),
        may("first", Shape::Int(0, 100_000), "What the first team of the exercise gets on top."),
    ],
};

static DECAY: MapShape = MapShape {
    name: "decay",
    keys: &[
        must(
            "by",
            Shape::Choice(&["captures", "time", "harmonic"]),
            "`captures`: evenly with each team that has it; `time`: evenly with the clock; `harmonic`: what lies above `least` divided by one more than the teams that have it.",
        ),
        must("least", Shape::Int(0, 100_000), "Least value, points."),
        may("steps", Shape::Int(1, 1_000), "For `captures`: after so many it is at its least."),
        may("until", WITHIN_EXERCISE, "For `time`: when it is at its least, on the exercise clock."),
    ],
};

static HINT: MapShape = MapShape {
    name: "hint",
    keys: &[
        must("id", ID, "Id."),
        must("price", Shape::Int(0, 100_000), "Points it costs the team, once."),
        must("text", TITLE, "Text."),
    ],
};

static ACTION: MapShape = MapShape {
    name: "action",
    keys: &[
        must("id", ID, "Id."),
        must("title", TITLE, "Title."),
        must("technique", TECHNIQUE, "ATT&CK technique."),
        must("host", ID, "Host it is done to."),
        must("within", Shape::Duration(SECOND, HOUR), "All evidence lies within this time."),
        must(
            "evidence",
            Shape::List(&Shape::Map(&EVIDENCE), 1, 10),
            "Records that must all be seen; one of them comes from the gateway.",
        ),
        may("cost", Shape::Int(0, 100_000), "What it costs blue once it was done."),
    ],
};

static EVIDENCE: MapShape = MapShape {
    name: "evidence",
    keys: &[
        must("source", ID, "Host whose record it is."),
        must("kind", Shape::Choice(&["web", "flow"]), "Kind of record."),
        may("field", Shape::Choice(&["uri", "agent"]), "Field of a web record to match."),
        may("matches", Shape::Form(Form::Regex), "Regular expression for the field."),
        may("from", ID, "Host that the connection comes from."),
        may("to", ID, "Host that the connection goes to, for flows."),
        may("port", Shape::Int(1, 65_535), "Destination port, for flows."),
        may("status", Shape::Int(100, 599), "Answer code, for web records."),
    ],
};

static DETECTION: MapShape = MapShape {
    name: "detection",
    keys: &[
        must("id", ID, "Id."),
        must("action", ID, "Action."),
        must("points", POINTS, "Points."),
        must("full", WITHIN_EXERCISE, "Full value up to this time after the act."),
        must("window", WITHIN_EXERCISE, "Falls to 40 % at this time, nothing after it."),
        may("stealth", Shape::Int(0, 100_000), "What red gets when nobody reported it within the window."),
    ],
};

static REPORTS: MapShape = MapShape {
    name: "reports",
    keys: &[
        must("free_false", Shape::Int(0, 1_000), "Wrong reports an hour that cost nothing."),
        must("false_cost", Shape::Int(0, 100_000), "What each further one costs."),
        must("tolerance", Shape::Duration(SECOND, DAY), "How far the reported time may lie from the act."),
        may("criteria", Shape::List(&Shape::Map(&CRITERION), 1, 20), "What a judge marks in a report."),
        may(
            "points",
            POINTS,
            "Most that a team's marked reports bring together; with `scoring.blue`, the weight says it.",
        ),
    ],
};

static CRITERION: MapShape = MapShape {
    name: "criterion",
    keys: &[
        must("id", ID, "Id."),
        must("title", TITLE, "Title, as the judge and the team read it."),
        must("points", POINTS, "Most points of one report."),
    ],
};

static CHECK: MapShape = MapShape {
    name: "check",
    keys: &[
        must("id", ID, "Id."),
        must("title", TITLE, "Title."),
        must("host", ID, "Host checked."),
        must("from", ID, "Host that the script runs in."),
        must("every", Shape::Duration(5 * SECOND, HOUR), "Interval: `20s`."),
        must("timeout", SCRIPT_TIME, "Time limit: `8s`."),
        must("weight", Shape::Int(1, 1_000), "Share among the checks."),
        must("script", SCRIPT, "Script, a path below the scenario's folder."),
    ],
};

static REPAIR: MapShape = MapShape {
    name: "repair",
    keys: &[
        must("id", ID, "Id."),
        must("title", TITLE, "Title."),
        must("host", ID, "Host."),
        must("action", ID, "Action that the repair makes impossible."),
        must("checks", Shape::List(&ID, 1, 60), "Checks that must pass afterwards."),
        must("retest", Shape::Map(&RETEST), "The attack, run by the platform."),
        must("points", POINTS, "Points."),
        must("full", WITHIN_EXERCISE, "Full value up to this time on the exercise clock."),
        must("window", WITHIN_EXERCISE, "Falls to 40 % here, nothing after it."),
    ],
};

static RETEST: MapShape = MapShape {
    name: "retest",
    keys: &[
        must("from", ID, "Host that the script runs in."),
        must("script", SCRIPT, "Script; exits 0 if the attack still works, 1 if it fails."),
        must("timeout", SCRIPT_TIME, "Time limit."),
    ],
};

static USER: MapShape = MapShape {
    name: "user",
    keys: &[
        must("id", ID, "Id."),
        must("host", ID, "Host that the script runs in."),
        must("every", Shape::Duration(SECOND, HOUR), "Interval."),
        must("script", SCRIPT, "Script, a path below the scenario's folder."),
    ],
};

static WEIGHTS: MapShape = MapShape {
    name: "weights",
    keys: &[
        may("availability", WEIGHT, "Services kept up; 40 without it."),
        may("detection", WEIGHT, "Reports that name what red did; 30 without it."),
        may("response", WEIGHT, "Repairs; 20 without it."),
        may("reports", WEIGHT, "Reports by the judge's marks; 10 without it."),
    ],
};

static SCORING: MapShape = MapShape {
    name: "scoring",
    keys: &[
        may(
            "availability",
            Shape::Int(0, 100_000),
            "Points for a full run without outage; with `blue`, the weight says it.",
        ),
        may(
            "blue",
            Shape::Int(100, 1_000_000),
            "What blue can have in all. Then the points of detections and repairs are shares of their part.",
        ),
        may("weights", Shape::Map(&WEIGHTS), "Shares of the parts in `blue`; 40, 30, 20 and 10 without it."),
        may(
            "recovery",
            Shape::Int(0, 100),
            "Blue wins back at most so many percent of what an act of red cost; 80 without it.",
        ),
        may(
            "soonest",
            WITHIN_EXERCISE,
            "An objective taken sooner after red's first act is shown to staff as odd; `30s` without it.",
        ),
        may(
            "reset",
            PRICE,
            "What a team pays to have a host of its own made anew: points, or `never`; without it, only staff may.",
        ),
    ],
};
