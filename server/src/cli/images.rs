//! `rampart images`.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clap::{Args, Subcommand};
use rampart_app::range::images::{ImagesError, Spec, specs};
use rampart_engine::images::{self, Step, Wish, full_name, short_name};
use rampart_engine::{DockerEngine, Engine, ImageInfo};

use super::{Failure, Outcome, logs, say, warn};

/// Lines of a failed build that are said again at its end.
const LAST_LINES: usize = 25;

/// What to do with images.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Build those that are missing or old.
    Build {
        /// Images; all of the folder if none is named.
        images: Vec<String>,
        /// Build what is named although it is up to date, from nothing, and then whatever stands on it.
        #[arg(long)]
        anew: bool,
        #[command(flatten)]
        place: Where,
    },
    /// List them with their state on the engine.
    List(Where),
    /// Remove older builds and the layers of broken ones; named images and those of others stay.
    Prune(Where),
    /// Write images to one file, for a site without internet.
    Save {
        /// File to write.
        file: PathBuf,
        /// Images; all of the folder if none is named.
        images: Vec<String>,
        #[command(flatten)]
        place: Where,
    },
    /// Take the images of such a file, after checking every byte of it.
    Load {
        /// File to read.
        file: PathBuf,
        #[command(flatten)]
        place: Where,
    },
}

/// Where images and engine are.
#[derive(Debug, Args)]
pub(super) struct Where {
    /// Image folder.
    #[arg(long = "images", value_name = "IMAGES", env = "RAMPART_IMAGES", default_value = "images")]
    folder: PathBuf,
    /// Address of the container engine.
    #[arg(long, env = "DOCKER_HOST")]
    engine: Option<String>,
    /// Node of the file of engines, instead of `--engine`.
    #[arg(long, requires = "engines")]
    node: Option<String>,
    /// File that lists the engines.
    #[arg(long, env = "RAMPART_ENGINES", value_name = "FILE")]
    engines: Option<PathBuf>,
}

impl Where {
    /// The engine, when it answers.
    async fn engine(&self) -> Result<DockerEngine, Failure> {
        if let (Some(name), Some(file)) = (&self.node, &self.engines) {
            let node = super::node::chosen(file, std::slice::from_ref(name))?;
            let node = node.first().ok_or(Failure::Refused)?;
            let engine = DockerEngine::of(node)?;
            let told = |error| Failure::Error(format!("{name} at {}: {error}", node.address));
            engine.info().await.map_err(told)?;
            return Ok(engine);
        }
        let engine = DockerEngine::at(self.engine.as_deref().filter(|address| !address.is_empty()))?;
        // Asked first, so that a missing engine is said as that and not as a failure of what is to be done.
        if let Err(error) = engine.info().await {
            let address = self.engine.as_deref().unwrap_or("unix:///var/run/docker.sock");
            return Err(Failure::Error(format!(
                "{address}: {error}; is Docker running, and may this user reach it?"
            )));
        }
        Ok(engine)
    }
}

/// Runs it.
pub(super) async fn run(command: Command) -> Outcome {
    logs("warn");
    match command {
        Command::Build { images, anew, place } => build(&place, &images, anew).await,
        Command::List(place) => list(&place).await,
        Command::Prune(place) => prune(&place).await,
        Command::Save { file, images, place } => save(&place, &file, &images).await,
        Command::Load { file, place } => load(&place, &file).await,
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

fn state(spec: &Spec, there: Option<&ImageInfo>) -> &'static str {
    match there {
        None => "missing",
        Some(image) if image.hash.as_deref() == Some(spec.hash.as_str()) => "ready",
        Some(_) => "old",
    }
}

/// One line an image, drawn again in place on a terminal and said once a step elsewhere.
struct Board {
    terminal: bool,
    began: Instant,
    lines: Mutex<Lines>,
}

#[derive(Default)]
struct Lines {
    order: Vec<String>,
    text: BTreeMap<String, String>,
    log: BTreeMap<String, Vec<String>>,
    drawn: usize,
}

impl Board {
    fn new() -> Self {
        Self { terminal: std::io::stdout().is_terminal(), began: Instant::now(), lines: Mutex::default() }
    }

    fn take(&self, step: Step<'_>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Todo(names) => {
                lines.order = names.to_vec();
                for name in names {
                    lines.text.insert(name.clone(), "waiting".into());
                }
                self.draw(&mut lines);
            }
            Step::Ground(line) => self.aside(&mut lines, line),
            Step::Begun(image) => self.set(&mut lines, image, "begins".into()),
            Step::At { image, step, of, text } => {
                self.set(&mut lines, image, format!("{step:>2}/{of:<2} {text}"))
            }
            Step::Line { image, text } => {
                let log = lines.log.entry(image.to_owned()).or_default();
                log.push(text.to_owned());
                if log.len() > LAST_LINES {
                    log.remove(0);
                }
            }
            Step::Built(image) => {
                let text = format!("built, {} s after the beginning", self.began.elapsed().as_secs());
                self.set(&mut lines, image, text);
            }
            Step::Failed(one) => {
                let reason = one.reason.lines().next().unwrap_or_default();
                self.set(&mut lines, &one.name, format!("FAILED: {reason}"));
            }
        }
    }

    fn set(&self, lines: &mut Lines, image: &str, text: String) {
        if !self.terminal {
            say(format_args!("{:<20} {text}", short_name(image)));
        }
        lines.text.insert(image.to_owned(), text);
        self.draw(lines);
    }

    /// A line that stays, above the board.
    fn aside(&self, lines: &mut Lines, line: &str) {
        if self.terminal && lines.drawn > 0 {
            let _ = write!(std::io::stdout(), "\x1b[{}A\x1b[J", lines.drawn);
            lines.drawn = 0;
        }
        say(line);
        self.draw(lines);
    }

    fn draw(&self, lines: &mut Lines) {
        if !self.terminal {
            return;
        }
        let mut text = String::new();
        if lines.drawn > 0 {
            text = format!("\x1b[{}A", lines.drawn);
        }
        for name in &lines.order {
            let said = lines.text.get(name).map(String::as_str).unwrap_or_default();
            // A line that wraps would be counted wrongly when the board is drawn again.
            let line: String = format!("{:<20} {said}", short_name(name)).chars().take(78).collect();
            text.push_str(&format!("\x1b[2K{line}\n"));
        }
        lines.drawn = lines.order.len();
        let mut out = std::io::stdout();
        // Nobody listening is no error.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

async fn build(place: &Where, names: &[String], anew: bool) -> Outcome {
    let engine = place.engine().await?;
    let board = Board::new();
    let wish = Wish { names, anew };
    let result = images::build(&engine, &place.folder, wish, &|step: Step<'_>| board.take(step)).await;
    let lines = board.lines.into_inner().unwrap_or_else(PoisonError::into_inner);
    match result {
        Ok(built) if built.is_empty() => say("all images are up to date"),
        Ok(built) => {
            say("");
            table(place, &engine).await?;
            say(format_args!("{} built in {} s", built.len(), board.began.elapsed().as_secs()));
        }
        Err(ImagesError::Failed(failed)) => {
            for one in &failed {
                warn("");
                warn(format_args!("{}: {}", short_name(&one.name), one.reason));
                if !one.skipped && !one.reason.contains('\n') {
                    for line in lines.log.get(&one.name).into_iter().flatten() {
                        warn(format_args!("  {line}"));
                    }
                }
            }
            say("");
            table(place, &engine).await?;
            let names: Vec<&str> = failed.iter().map(|one| short_name(&one.name)).collect();
            warn(format_args!("rampart: not built: {}", names.join(", ")));
            return Err(Failure::Refused);
        }
        Err(error) => {
            warn(format_args!("rampart: {error}"));
            return Err(Failure::Refused);
        }
    }
    Ok(())
}

async fn table(place: &Where, engine: &DockerEngine) -> Outcome {
    let wanted = specs(&place.folder)?;
    let known = engine.images().await?;
    for spec in wanted {
        let there = known.get(&spec.reference());
        let size = there.map_or_else(|| "-".to_owned(), |image| megabytes(image.size));
        say(format_args!(
            "{:<20} {:<8} {size:>8}  {}",
            spec.name,
            state(&spec, there),
            spec.hash.get(..12).unwrap_or_default()
        ));
    }
    Ok(())
}

async fn list(place: &Where) -> Outcome {
    let engine = place.engine().await?;
    table(place, &engine).await
}

async fn prune(place: &Where) -> Outcome {
    let engine = place.engine().await?;
    let pruned = engine.prune_images().await?;
    for id in &pruned.in_use {
        say(format_args!("kept     {}: a container uses it", id_start(id)));
    }
    for id in &pruned.removed {
        say(format_args!("removed  {}", id_start(id)));
    }
    say(format_args!(
        "{} older images and layers removed, {} freed; {} kept",
        pruned.removed.len(),
        megabytes(pruned.freed),
        pruned.in_use.len()
    ));
    Ok(())
}

fn id_start(id: &str) -> &str {
    let id = id.strip_prefix("sha256:").unwrap_or(id);
    id.get(..12).unwrap_or(id)
}

async fn save(place: &Where, file: &std::path::Path, names: &[String]) -> Outcome {
    let engine = place.engine().await?;
    let wanted = specs(&place.folder)?;
    let names: Vec<String> = match names {
        [] => wanted.iter().map(Spec::reference).collect(),
        names => names.iter().map(|name| full_name(name)).collect(),
    };
    let known = engine.images().await?;
    let unready: Vec<String> = wanted
        .iter()
        .filter(|spec| names.contains(&spec.reference()))
        .map(|spec| (spec, state(spec, known.get(&spec.reference()))))
        .filter(|(_, state)| *state != "ready")
        .map(|(spec, state)| format!("{} ({state})", spec.name))
        .collect();
    if !unready.is_empty() {
        // The other site could neither use nor mend what is old.
        warn(format_args!(
            "rampart: not up to date: {}; run `rampart images build` first",
            unready.join(", ")
        ));
        return Err(Failure::Refused);
    }
    let meter = Arc::new(Meter::new("written"));
    let manifest = images::save(&engine, &names, file, &|done| meter.at(done, None)).await?;
    meter.end();
    for image in &manifest.images {
        say(format_args!(
            "{:<20} {:>8}  {}",
            short_name(&image.name),
            megabytes(image.size),
            id_start(&image.id)
        ));
    }
    let size = std::fs::metadata(file).map(|file| file.len()).unwrap_or(0);
    say(format_args!(
        "{}: {} images, {}, read back and checked",
        file.display(),
        names.len(),
        megabytes(size)
    ));
    Ok(())
}

async fn load(place: &Where, file: &std::path::Path) -> Outcome {
    let engine = place.engine().await?;
    let meter = Arc::new(Meter::new("loaded"));
    let shown = meter.clone();
    let (manifest, loaded) = images::load(&engine, file, move |done, all| shown.at(done, Some(all))).await?;
    meter.end();
    // A folder that is not here only means that nothing can be said about versions.
    let wanted = specs(&place.folder).unwrap_or_default();
    for one in &loaded {
        let what = match (&one.replaced, one.was_there) {
            (_, true) => "was there".to_owned(),
            (Some(old), _) => format!("loaded, instead of {}", id_start(old)),
            (None, _) => "loaded".to_owned(),
        };
        let fits = match wanted.iter().find(|spec| spec.reference() == one.image.name) {
            Some(spec) if one.image.hash.as_deref() != Some(spec.hash.as_str()) => {
                "; not the version of the image folder here"
            }
            _ => "",
        };
        say(format_args!("{:<20} {}  {what}{fits}", short_name(&one.image.name), id_start(&one.image.id)));
    }
    say(format_args!(
        "{} images of Rampart {}, written {}; ids are as in the file",
        loaded.len(),
        manifest.rampart,
        manifest.written
    ));
    Ok(())
}

/// Says how much is done, once a second, on a terminal only.
struct Meter {
    word: &'static str,
    terminal: bool,
    last: Mutex<Option<Instant>>,
}

impl Meter {
    fn new(word: &'static str) -> Self {
        Self { word, terminal: std::io::stderr().is_terminal(), last: Mutex::new(None) }
    }

    fn at(&self, done: u64, all: Option<u64>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.terminal || last.is_some_and(|last| last.elapsed().as_millis() < 1000) {
            return;
        }
        *last = Some(Instant::now());
        let of = all.map(|all| format!(" of {}", megabytes(all))).unwrap_or_default();
        let _ = write!(std::io::stderr(), "\r\x1b[2K{} {}{of}", self.word, megabytes(done));
    }

    fn end(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}
