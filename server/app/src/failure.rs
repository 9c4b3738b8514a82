//! What failed of a launch or a clearing, as a code with values that a page can say in a person's language, and in the
//! words of whatever failed. Codes: `launch.images`, `launch.image_failed`, `launch.image_unknown`, `launch.images_missing`, `launch.disk_full`, `launch.subnet_taken`,
//! `launch.subnets_exhausted`, `launch.host_died`, `launch.host_oom`, `launch.host_not_ready`, `launch.plant`,
//! `launch.blocked`, `launch.walls`, `launch.plan`, `launch.capability`, `launch.read_only`, `launch.at`, `launch.given_up`, `engine.silent`, `engine.timeout`,
//! `engine.refused`, `engine.conflict`, `engine.not_found`, `engine.failed`, `store.failed`.

use rampart_engine::EngineError;
use rampart_engine::images::{ImagesError, short_name};
use rampart_store::StoreError;
use scoreboard::Reason;

use crate::range::LaunchError;

/// Longest text of a failure, in characters: the last lines of a host can be anything, and they go into the ledger.
const TEXT_LIMIT: usize = 4000;
/// Longest value, in characters.
const VALUE_LIMIT: usize = 1000;

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In the words of whatever failed.
    pub text: String,
    /// As a code with values.
    pub reason: Reason,
}

fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(limit - 1).collect();
    cut.push('…');
    cut
}

impl Failure {
    pub(crate) fn new<const N: usize>(text: &str, rule: &str, args: [(&str, String); N]) -> Self {
        let args = args.map(|(name, value)| (name, cut(&value, VALUE_LIMIT)));
        Self { text: cut(text, TEXT_LIMIT), reason: Reason::new(rule, args) }
    }
}

impl From<&EngineError> for Failure {
    fn from(error: &EngineError) -> Self {
        let text = error.to_string();
        match error {
            EngineError::NodeUnreachable { since_ms } => {
                let since = since_ms.map(|ms| ms.to_string()).unwrap_or_default();
                Self::new(&text, "engine.silent", [("since_ms", since)])
            }
            EngineError::Untrusted(fault) => {
                Self::new(&text, "engine.untrusted", [("said", fault.to_string())])
            }
            EngineError::Timeout(what) => Self::new(&text, "engine.timeout", [("what", what.clone())]),
            EngineError::Refused(said) => Self::new(&text, "engine.refused", [("said", said.clone())]),
            EngineError::Conflict(said) => Self::new(&text, "engine.conflict", [("said", said.clone())]),
            EngineError::NotFound(said) => Self::new(&text, "engine.not_found", [("said", said.clone())]),
            EngineError::Failed(said) | EngineError::Io(said) => {
                Self::new(&text, "engine.failed", [("said", said.clone())])
            }
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::from(&error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(&error.to_string(), "store.failed", [])
    }
}

impl From<ImagesError> for Failure {
    fn from(error: ImagesError) -> Self {
        match error {
            ImagesError::Engine(error) => Self::from(error),
            ImagesError::Unknown(name) => {
                let text = ImagesError::Unknown(name.clone()).to_string();
                Self::new(&text, "launch.image_unknown", [("image", short_name(&name).to_owned())])
            }
            ImagesError::Failed(failed) => {
                // Those that were not tried follow from the one that failed.
                let tried: Vec<_> = failed.iter().filter(|one| !one.skipped).collect();
                let names = tried.iter().map(|one| short_name(&one.name)).collect::<Vec<_>>().join(", ");
                let said = tried.first().map(|one| first_line(&one.reason)).unwrap_or_default();
                let text = ImagesError::Failed(failed.clone()).to_string();
                Self::new(&text, "launch.image_failed", [("image", names), ("said", said)])
            }
            other => Self::new(&other.to_string(), "launch.images", [("said", other.to_string())]),
        }
    }
}

/// The first line, without the image's name that engines and builds put before it.
fn first_line(reason: &str) -> String {
    let line = reason.lines().next().unwrap_or_default();
    match line.split_once(": ") {
        Some((name, rest)) if name.starts_with(rampart_engine::images::PREFIX) => rest.to_owned(),
        _ => line.to_owned(),
    }
}

impl From<LaunchError> for Failure {
    fn from(error: LaunchError) -> Self {
        let text = error.to_string();
        match error {
            LaunchError::ImagesMissing(names) => {
                Self::new(&text, "launch.images_missing", [("images", names.join(", "))])
            }
            LaunchError::DiskFull { percent } => {
                Self::new(&text, "launch.disk_full", [("percent", percent.to_string())])
            }
            LaunchError::SubnetTaken { subnet, by } => {
                Self::new(&text, "launch.subnet_taken", [("subnet", subnet), ("by", by)])
            }
            LaunchError::HostDied { range, host, code, oom, log } => {
                let rule = if oom { "launch.host_oom" } else { "launch.host_died" };
                let code = code.map(|code| code.to_string()).unwrap_or_default();
                let last = log.last().cloned().unwrap_or_default();
                Self::new(
                    &text,
                    rule,
                    [("range", range.to_string()), ("host", host), ("code", code), ("said", last)],
                )
            }
            LaunchError::NotReady { range, host, seconds, said } => {
                let (range, seconds) = (range.to_string(), seconds.to_string());
                let args = [("range", range), ("host", host), ("seconds", seconds), ("said", said)];
                Self::new(&text, "launch.host_not_ready", args)
            }
            LaunchError::Plant { range, host, what, said } => {
                let args = [("range", range.to_string()), ("host", host), ("what", what), ("said", said)];
                Self::new(&text, "launch.plant", args)
            }
            LaunchError::Blocked { range, from, to, seen } => {
                let args = [("range", range.to_string()), ("from", from), ("to", to), ("seen", seen)];
                Self::new(&text, "launch.blocked", args)
            }
            LaunchError::At { error, .. } if error.is_silence() => Self::from(&error),
            LaunchError::At { range, name, error } => {
                let args = [("range", range.to_string()), ("name", name), ("said", error.to_string())];
                Self::new(&text, "launch.at", args)
            }
            LaunchError::Engine(error) => Self::from(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_says_much_does_not_fill_the_ledger() {
        let log = vec!["字".repeat(100_000); 20];
        let failure: Failure =
            LaunchError::HostDied { range: 2, host: "www".into(), code: Some(137), oom: true, log }.into();
        assert_eq!(failure.reason.rule, "launch.host_oom");
        assert_eq!(failure.text.chars().count(), TEXT_LIMIT);
        assert_eq!(failure.reason.args["said"].chars().count(), VALUE_LIMIT);
        assert_eq!(
            (failure.reason.args["host"].as_str(), failure.reason.args["code"].as_str()),
            ("www", "137")
        );
    }
}
