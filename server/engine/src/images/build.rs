//! Building what is missing, side by side where nothing stands on anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::{FailedBuild, GROUND, ImagesError, full_name, missing, needed, plan};
use crate::{Engine, EngineError, ImageSpec, Lines};

/// Builds of one engine at once. Most of a build is waiting for packages; more only share the same cable and disk.
pub const AT_ONCE: usize = 4;
/// A registry that does not answer must not hold up a first start for long.
const PULL: Duration = Duration::from_secs(120);
/// Limit of one build or bootstrap.
const BUILD: Duration = Duration::from_secs(45 * 60);
/// By how much the bootstrap stands back (nice).
const BEHIND: &str = "15";

/// What is to be built.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// Names of images; none means all of the folder.
    pub names: &'a [String],
    /// True: what is named is built although it is up to date, without any layer of a former build, and then whatever
    /// stands on it. For packages that have become newer while the folder stayed the same.
    pub anew: bool,
}

/// Something that happens during a build. Images are full names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// A line from the making of the ground of all images.
    Ground(&'a str),
    /// This many images are to be built: the names.
    Todo(&'a [String]),
    /// A build has begun.
    Begun(&'a str),
    /// A build has come to a step of its Dockerfile.
    At {
        /// Image.
        image: &'a str,
        /// Number of the step, from 1.
        step: u32,
        /// Steps in all.
        of: u32,
        /// The instruction.
        text: &'a str,
    },
    /// A line of a build.
    Line {
        /// Image.
        image: &'a str,
        /// The line.
        text: &'a str,
    },
    /// A build has ended well.
    Built(&'a str),
    /// A build has failed, or cannot be tried.
    Failed(&'a FailedBuild),
}

/// Takes the steps of builds as they come.
pub type Steps<'a> = &'a (dyn Fn(Step<'_>) + Send + Sync);

/// Builds what is missing or old of what is wished for and what that stands on, and returns the names built. Images that
/// do not stand on each other are built side by side, [`AT_ONCE`] at most; one that fails stops only what stands on it. The
/// ground of `base` is pulled where a registry answers and made by `images/base/bootstrap` where none does.
///
/// # Errors
/// See [`ImagesError`]. What was built stays.
pub async fn build(
    engine: &dyn Engine,
    dir: &Path,
    wish: Wish<'_>,
    steps: Steps<'_>,
) -> Result<Vec<String>, ImagesError> {
    let dir_read = dir.to_owned();
    // Reads and hashes every file of the folder.
    let all = tokio::task::spawn_blocking(move || plan(&dir_read))
        .await
        .map_err(|error| EngineError::Io(error.to_string()))??;
    let there = engine.images().await?;
    for name in wish.names.iter().map(|name| full_name(name)) {
        if !there.contains_key(&name) && !all.iter().any(|spec| spec.name == name) {
            return Err(ImagesError::Unknown(name));
        }
    }
    let named: BTreeSet<String> = if wish.names.is_empty() {
        all.iter().map(|spec| spec.name.clone()).collect()
    } else {
        wish.names.iter().map(|name| full_name(name)).collect()
    };
    // What stands on something that is made anew stays on the old one until it is built again itself.
    let mut again: BTreeSet<String> = if wish.anew { named.clone() } else { BTreeSet::new() };
    for spec in &all {
        if spec.bases.iter().any(|base| again.contains(base)) {
            again.insert(spec.name.clone());
        }
    }
    let names: Vec<String> = named.union(&again).cloned().collect();
    let wanted = needed(all, &names);
    let old: BTreeSet<String> =
        missing(engine, &wanted).await?.into_iter().map(|spec| spec.name.clone()).collect();
    let todo: Vec<&ImageSpec> =
        wanted.iter().filter(|spec| old.contains(&spec.name) || again.contains(&spec.name)).collect();
    let names: Vec<String> = todo.iter().map(|spec| spec.name.clone()).collect();
    steps(Step::Todo(&names));
    // Only what stands on none of ours needs the ground.
    if todo.iter().any(|spec| spec.bases.is_empty()) && !there.contains_key(GROUND) {
        ground(engine, dir, &|line| steps(Step::Ground(line))).await?;
    }
    let anew = |spec: &ImageSpec| wish.anew && named.contains(&spec.name);
    all_of(engine, todo, &anew, steps).await
}

async fn all_of(
    engine: &dyn Engine,
    mut waiting: Vec<&ImageSpec>,
    anew: &(dyn Fn(&ImageSpec) -> bool + Send + Sync),
    steps: Steps<'_>,
) -> Result<Vec<String>, ImagesError> {
    let mut unfinished: BTreeSet<String> = waiting.iter().map(|spec| spec.name.clone()).collect();
    let mut failed: BTreeMap<String, FailedBuild> = BTreeMap::new();
    let mut built = Vec::new();
    let mut running = FuturesUnordered::new();
    loop {
        // Bases stand before what stands on them, so one pass carries a failure all the way up.
        let mut rest = Vec::new();
        for spec in waiting {
            if let Some(base) = spec.bases.iter().find(|base| failed.contains_key(*base)) {
                let one = FailedBuild {
                    name: spec.name.clone(),
                    reason: format!("stands on {base}, which could not be built"),
                    skipped: true,
                };
                steps(Step::Failed(&one));
                unfinished.remove(&spec.name);
                failed.insert(spec.name.clone(), one);
            } else if running.len() < AT_ONCE && spec.bases.iter().all(|base| !unfinished.contains(base)) {
                steps(Step::Begun(&spec.name));
                running.push(one_of(engine, spec, anew(spec), steps));
            } else {
                rest.push(spec);
            }
        }
        waiting = rest;
        let Some((name, result)) = running.next().await else { break };
        unfinished.remove(name);
        match result {
            Ok(_) => {
                steps(Step::Built(name));
                built.push(name.to_owned());
            }
            // Nothing can be said about the others either.
            Err(error @ EngineError::NodeUnreachable { .. }) => return Err(error.into()),
            Err(error) => {
                let reason = match error {
                    EngineError::Refused(text) => text,
                    other => other.to_string(),
                };
                let one = FailedBuild { name: name.to_owned(), reason, skipped: false };
                steps(Step::Failed(&one));
                failed.insert(name.to_owned(), one);
            }
        }
    }
    if failed.is_empty() { Ok(built) } else { Err(ImagesError::Failed(failed.into_values().collect())) }
}

async fn one_of<'s>(
    engine: &dyn Engine,
    spec: &'s ImageSpec,
    anew: bool,
    steps: Steps<'_>,
) -> (&'s str, Result<String, EngineError>) {
    let image = spec.name.as_str();
    let lines = |text: &str| match step_of(text) {
        Some((step, of, text)) => steps(Step::At { image, step, of, text }),
        None => steps(Step::Line { image, text }),
    };
    (image, engine.build(spec, anew, BUILD, &lines).await)
}

/// Reads `Step 3/12 : RUN …`.
fn step_of(line: &str) -> Option<(u32, u32, &str)> {
    let (numbers, text) = line.strip_prefix("Step ")?.split_once(" : ")?;
    let (step, of) = numbers.split_once('/')?;
    Some((step.parse().ok()?, of.parse().ok()?, text))
}

async fn ground(engine: &dyn Engine, dir: &Path, lines: Lines<'_>) -> Result<(), ImagesError> {
    lines(GROUND);
    let pull = match engine.pull(GROUND, PULL, lines).await {
        Ok(()) => return Ok(()),
        Err(EngineError::NodeUnreachable { since_ms }) => {
            return Err(EngineError::NodeUnreachable { since_ms }.into());
        }
        Err(error) => error.to_string(),
    };
    lines(&pull);
    let script = dir.join("base").join("bootstrap");
    match bootstrap(&script, lines).await {
        Ok(()) => Ok(()),
        Err(text) => Err(ImagesError::Ground { pull, bootstrap: text }),
    }
}

/// Runs the bootstrap; the error is its last lines. It takes a processor for minutes, so it stands back behind the server
/// that runs it.
async fn bootstrap(script: &Path, lines: Lines<'_>) -> Result<(), String> {
    let mut child = tokio::process::Command::new("nice")
        .args(["-n", BEHIND])
        .arg(script)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{}: {error}", script.display()))?;
    let last = std::sync::Mutex::new(Vec::<String>::new());
    let pass = |line: &str| {
        lines(line);
        if let Ok(mut last) = last.lock() {
            last.push(line.to_owned());
            if last.len() > 10 {
                last.remove(0);
            }
        }
    };
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let work = async {
        tokio::join!(each_line(out, &pass), each_line(err, &pass));
        child.wait().await
    };
    let ended = tokio::time::timeout(BUILD, work).await;
    let last = last.lock().map(|last| last.join("\n")).unwrap_or_default();
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(_)) => Err(last),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("not done in {} min: {last}", BUILD.as_secs() / 60)),
    }
}

async fn each_line(pipe: Option<impl AsyncRead + Unpin>, take: &(impl Fn(&str) + Sync)) {
    let Some(pipe) = pipe else { return };
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        take(&line);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Mutex;

    use super::*;
    use crate::fake::{FakeEngine, Fault};

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, from) in [
            ("base", "debian:bookworm-slim"),
            ("a", "rampart/base"),
            ("b", "rampart/base"),
            ("top", "rampart/a"),
        ] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            std::fs::write(dir.path().join(name).join("Dockerfile"), format!("FROM {from}\n")).unwrap();
        }
        dir
    }

    async fn told(
        engine: &FakeEngine,
        dir: &Path,
        wish: Wish<'_>,
    ) -> (Result<Vec<String>, ImagesError>, Vec<String>) {
        let told = Mutex::new(Vec::new());
        let result = build(engine, dir, wish, &|step| {
            let word = match step {
                Step::Begun(image) => format!("begun {image}"),
                Step::Built(image) => format!("built {image}"),
                Step::Failed(one) => format!("failed {} skipped={}", one.name, one.skipped),
                Step::At { image, step, of, .. } => format!("at {image} {step}/{of}"),
                _ => return,
            };
            told.lock().unwrap().push(word);
        })
        .await;
        (result, told.into_inner().unwrap())
    }

    #[test]
    fn steps_are_read() {
        assert_eq!(step_of("Step 3/12 : RUN x : y"), Some((3, 12, "RUN x : y")));
        assert_eq!(step_of("Step by step"), None);
    }

    #[tokio::test]
    async fn a_failure_stops_only_what_stands_on_it() {
        let dir = folder();
        let engine = FakeEngine::new([GROUND]);
        engine.fail(Fault {
            call: "build".into(),
            object: "rampart/a:latest".into(),
            error: EngineError::Refused("no such package".into()),
            done: false,
            times: 1,
        });
        let (result, told_first) = told(&engine, dir.path(), Wish::default()).await;
        let Err(ImagesError::Failed(failed)) = result else { panic!("{result:?}") };
        let failed: Vec<_> = failed.iter().map(|one| (one.name.as_str(), one.skipped)).collect();
        assert_eq!(failed, [("rampart/a:latest", false), ("rampart/top:latest", true)]);
        assert!(told_first.contains(&"built rampart/b:latest".to_owned()), "{told_first:?}");
        assert!(!told_first.contains(&"begun rampart/top:latest".to_owned()), "{told_first:?}");
        // What was built is not built again.
        let (result, _) = told(&engine, dir.path(), Wish::default()).await;
        assert_eq!(result.unwrap(), ["rampart/a:latest", "rampart/top:latest"]);
        assert_eq!(told(&engine, dir.path(), Wish::default()).await.0.unwrap(), [""; 0]);
    }

    #[tokio::test]
    async fn anew_reaches_what_stands_on_it_and_nothing_else() {
        let dir = folder();
        let engine = FakeEngine::new([GROUND]);
        told(&engine, dir.path(), Wish::default()).await.0.unwrap();
        let before = engine.images().await.unwrap();
        let names = ["a".to_owned()];
        let (result, _) = told(&engine, dir.path(), Wish { names: &names, anew: true }).await;
        assert_eq!(result.unwrap(), ["rampart/a:latest", "rampart/top:latest"]);
        let after = engine.images().await.unwrap();
        for (name, changed) in [("base", false), ("a", true), ("b", false)] {
            let name = full_name(name);
            assert_eq!(before[&name].id != after[&name].id, changed, "{name}");
        }
    }

    #[tokio::test]
    async fn the_ground_is_needed_only_where_something_stands_on_it() {
        let dir = folder();
        let engine = FakeEngine::new([GROUND]);
        told(&engine, dir.path(), Wish::default()).await.0.unwrap();
        engine.remove_image(GROUND).await.unwrap();
        std::fs::write(dir.path().join("a/new"), "1").unwrap();
        let (result, _) = told(&engine, dir.path(), Wish::default()).await;
        assert_eq!(result.unwrap(), ["rampart/a:latest", "rampart/top:latest"]);
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_named() {
        let dir = folder();
        let engine = FakeEngine::new([GROUND]);
        let names = ["www".to_owned()];
        let (result, _) = told(&engine, dir.path(), Wish { names: &names, anew: false }).await;
        assert!(
            matches!(&result, Err(ImagesError::Unknown(name)) if name == "rampart/www:latest"),
            "{result:?}"
        );
        // One that only the engine has is as good as one of the folder.
        let names = [GROUND.to_owned()];
        let (result, _) = told(&engine, dir.path(), Wish { names: &names, anew: false }).await;
        assert_eq!(result.unwrap(), [""; 0]);
    }
}
