//! `rampart images`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use rampart_app::range::images::{ImagesError, build_missing, specs};
use rampart_engine::{DockerEngine, Engine};

use super::{Failure, Outcome, logs, say, warn};

/// Lines of a failed build that are said again at its end.
const LAST_LINES: usize = 25;

/// What to do with images.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Build those that are missing or old.
    Build(Where),
    /// List them with their state on the engine.
    List(Where),
}

/// Where images and engine are.
#[derive(Debug, Args)]
pub(super) struct Where {
    /// Image folder.
    #[arg(long, env = "RAMPART_IMAGES", default_value = "images")]
    images: PathBuf,
    /// Address of the container engine.
    #[arg(long, env = "DOCKER_HOST")]
    engine: Option<String>,
}

/// Runs it.
pub(super) async fn run(command: Command) -> Outcome {
    logs("warn");
    match command {
        Command::Build(place) => build(place).await,
        Command::List(place) => list(place).await,
    }
}

fn engine(place: &Where) -> Result<DockerEngine, Failure> {
    Ok(DockerEngine::at(place.engine.as_deref().filter(|address| !address.is_empty()))?)
}

async fn build(place: Where) -> Outcome {
    let engine = engine(&place)?;
    // Asked first, so that a missing engine is said as that and not as a failed build.
    if let Err(error) = engine.info().await {
        let address = place.engine.as_deref().unwrap_or("unix:///var/run/docker.sock");
        return Err(Failure::Error(format!(
            "{address}: {error}; is Docker running, and may this user reach it?"
        )));
    }
    let last = std::sync::Mutex::new(std::collections::VecDeque::new());
    let line = |line: &str| {
        say(line);
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(line.to_owned());
    };
    match build_missing(&engine, &place.images, &[], &line).await {
        Ok(()) => {
            say("all images are up to date");
            Ok(())
        }
        Err(error) => {
            Err(failed(&error, last.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)))
        }
    }
}

fn failed(error: &ImagesError, last: std::collections::VecDeque<String>) -> Failure {
    for line in last {
        warn(format_args!("  {line}"));
    }
    warn(format_args!("rampart: {error}"));
    Failure::Refused
}

async fn list(place: Where) -> Outcome {
    let wanted = specs(&place.images)?;
    let known = engine(&place)?.images().await?;
    for spec in wanted {
        let there = known.get(&spec.reference());
        let state = match there {
            None => "missing",
            Some(image) if image.hash.as_deref() == Some(spec.hash.as_str()) => "ready",
            Some(_) => "old",
        };
        let size = there.map_or_else(|| "-".to_owned(), |image| format!("{} MB", image.size / 1_000_000));
        say(format_args!(
            "{:<20} {state:<8} {size:>8}  {}",
            spec.name,
            spec.hash.get(..12).unwrap_or_default()
        ));
    }
    Ok(())
}
