//! The images of the folder `images/` on one engine: their state, and one build at a time. Reading, hashing and building
//! are the engine crate's.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use rampart_engine::images::{self, Step, Wish};
use rampart_engine::{Engine, ImageInfo};
use tokio::sync::{Mutex, watch};

use crate::AppError;

pub use images::{FailedBuild, ImagesError};

/// Lines of a build that are kept for a page.
const LINES_KEPT: usize = 25;

/// An image of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Name of its folder.
    pub name: String,
    /// Hash of what it is made from.
    pub hash: String,
    /// Names of those of the folder that it stands on.
    pub bases: Vec<String>,
}

impl Spec {
    /// Its name on the engine.
    #[must_use]
    pub fn reference(&self) -> String {
        images::full_name(&self.name)
    }
}

/// All images of the folder, those that others stand on first.
///
/// # Errors
/// See [`ImagesError`].
pub fn specs(dir: &Path) -> Result<Vec<Spec>, ImagesError> {
    let spec = |spec: rampart_engine::ImageSpec| Spec {
        name: images::short_name(&spec.name).to_owned(),
        bases: spec.bases.iter().map(|base| images::short_name(base).to_owned()).collect(),
        hash: spec.hash,
    };
    Ok(images::plan(dir)?.into_iter().map(spec).collect())
}

/// Whether an engine has an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Not there.
    Missing,
    /// There, made from something else than the folder holds now.
    Old,
    /// There and made from just that.
    Current,
}

/// One image with its state on an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageState {
    /// Name, a folder of `images/`, or a full name that a scenario uses.
    pub name: String,
    /// Hash of what it is made from; empty where there is no such folder.
    pub hash: String,
    /// Whether the engine has it.
    pub presence: Presence,
    /// Size on the engine, bytes; 0 when it is not there.
    pub size: u64,
    /// When it was built, ms UTC; `None` when it is not there.
    pub built_ms: Option<i64>,
    /// False for a full name that has no folder: it cannot be built, only be there.
    pub ours: bool,
}

impl ImageState {
    /// Whether the engine has it made from what the folder holds.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.presence == Presence::Current
    }
}

fn state(name: String, hash: String, there: Option<&ImageInfo>, ours: bool) -> ImageState {
    let presence = match there {
        None => Presence::Missing,
        Some(image) if !ours || image.hash.as_deref() == Some(hash.as_str()) => Presence::Current,
        Some(_) => Presence::Old,
    };
    ImageState {
        presence,
        size: there.map_or(0, |image| image.size),
        built_ms: there.map(|image| image.created_ms),
        name,
        hash,
        ours,
    }
}

/// What became of an image in the build under way or the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// It waits for its turn, or for what it stands on.
    #[default]
    Waiting,
    /// It is being built.
    Building,
    /// It was built.
    Built,
    /// It could not be built.
    Failed,
}

/// An image in a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Making {
    /// How far it is.
    pub stage: Stage,
    /// Step of its Dockerfile, from 1; 0 before the first.
    pub step: u32,
    /// Steps in all; 0 before the first.
    pub of: u32,
    /// Its last lines.
    pub lines: VecDeque<String>,
    /// Why it could not be built.
    pub reason: Option<String>,
}

impl Making {
    fn say(&mut self, line: &str) {
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }
}

/// The build under way or the last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImagesState {
    /// True while building.
    pub building: bool,
    /// Last line of the build, with the image's name before it.
    pub line: String,
    /// What went wrong last, beyond single images.
    pub error: Option<String>,
    /// Images of the build by short name. A failure stays until the image is built again.
    pub images: BTreeMap<String, Making>,
}

impl ImagesState {
    fn take(&mut self, step: Step<'_>) {
        let short = |name: &str| images::short_name(name).to_owned();
        let mut of = |name: &str, act: &dyn Fn(&mut Making)| act(self.images.entry(short(name)).or_default());
        match step {
            Step::Todo(names) => {
                for name in names {
                    of(name, &|making| *making = Making::default());
                }
            }
            Step::Ground(line) => line.clone_into(&mut self.line),
            Step::Begun(image) => of(image, &|making| making.stage = Stage::Building),
            Step::At { image, step, of: all, text } => {
                of(image, &|making| {
                    (making.step, making.of) = (step, all);
                    making.say(&format!("{step}/{all} {text}"));
                });
                self.line = format!("{} {step}/{all} {text}", images::short_name(image));
            }
            Step::Line { image, text } => {
                of(image, &|making| making.say(text));
                self.line = format!("{} {text}", images::short_name(image));
            }
            Step::Built(image) => of(image, &|making| making.stage = Stage::Built),
            Step::Failed(failed) => of(&failed.name, &|making| {
                making.stage = Stage::Failed;
                making.reason = Some(failed.reason.clone());
            }),
        }
    }
}

/// Where the images of one engine are made. Two builds at once would make the same images twice, so the second waits and
/// then finds little left to do.
#[derive(Debug)]
pub struct Workshop {
    dir: PathBuf,
    turn: Mutex<()>,
    state: watch::Sender<ImagesState>,
}

impl Workshop {
    /// For the images of this folder.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, turn: Mutex::default(), state: watch::channel(ImagesState::default()).0 }
    }

    /// The build under way or the last one.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<ImagesState> {
        self.state.subscribe()
    }

    /// Builds what is wished for on this engine, after the build under way. Returns the short names of what was built.
    ///
    /// # Errors
    /// See [`ImagesError`].
    pub async fn build(&self, engine: &dyn Engine, wish: Wish<'_>) -> Result<Vec<String>, ImagesError> {
        let _turn = self.turn.lock().await;
        // Also when the caller gives up half-way.
        let _rest = Rest(&self.state);
        self.state.send_modify(|state| {
            state.building = true;
            state.error = None;
            state.line.clear();
            state.images.retain(|_, making| making.stage == Stage::Failed);
        });
        let steps = |step: Step<'_>| self.state.send_modify(|state| state.take(step));
        let result = images::build(engine, &self.dir, wish, &steps).await;
        if let Err(error) = &result
            && !matches!(error, ImagesError::Failed(_))
        {
            self.state.send_modify(|state| state.error = Some(error.to_string()));
        }
        result.map(|names| names.iter().map(|name| images::short_name(name).to_owned()).collect())
    }

    /// All images of the folder, and those of `also` that have no folder, with their state on this engine.
    ///
    /// # Errors
    /// When the folder cannot be read or the engine does not answer.
    pub async fn images(&self, engine: &dyn Engine, also: &[String]) -> Result<Vec<ImageState>, AppError> {
        let wanted = self.specs().await?;
        let known = engine.images().await?;
        let others: Vec<String> =
            also.iter().filter(|name| !wanted.iter().any(|spec| spec.name == **name)).cloned().collect();
        let ours = wanted.into_iter().map(|spec| {
            let there = known.get(&spec.reference());
            state(spec.name, spec.hash, there, true)
        });
        let others = others.into_iter().map(|name| {
            let there = known.get(&images::full_name(&name));
            state(name, String::new(), there, false)
        });
        Ok(ours.chain(others).collect())
    }

    async fn specs(&self) -> Result<Vec<Spec>, AppError> {
        // Reads and hashes every file of the folder.
        let dir = self.dir.clone();
        tokio::task::spawn_blocking(move || specs(&dir))
            .await
            .map_err(|error| AppError::Inner(error.to_string()))?
            .map_err(|error| AppError::Inner(error.to_string()))
    }

    /// Those of [`Workshop::images`] that `names` need: themselves and what they stand on.
    ///
    /// # Errors
    /// As there.
    pub async fn needed(&self, engine: &dyn Engine, names: &[String]) -> Result<Vec<ImageState>, AppError> {
        let mut needed: Vec<String> = names.to_vec();
        for spec in self.specs().await?.iter().rev() {
            if needed.contains(&spec.name) {
                needed.extend(spec.bases.iter().cloned());
            }
        }
        let mut all = self.images(engine, names).await?;
        all.retain(|image| needed.contains(&image.name));
        Ok(all)
    }
}

struct Rest<'s>(&'s watch::Sender<ImagesState>);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|state| {
            state.building = false;
            // What was not finished is not being built any more.
            state.images.retain(|_, making| matches!(making.stage, Stage::Built | Stage::Failed));
        });
    }
}
