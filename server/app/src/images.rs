//! The images that ranges are made of: which are there, which are old, and building what is missing.

use std::sync::Arc;

use rampart_engine::images::Wish;
use tokio::sync::watch;

use crate::fleet::{NodeEngine, NodeState};
use crate::range::images::{ImageState, ImagesError, ImagesState, Presence};
use crate::{App, AppError};

impl App {
    /// The first node that answers; the first one where none does.
    fn shown_node(&self) -> NodeEngine {
        let nodes = self.fleet.nodes();
        let at = nodes.iter().position(|node| node.state == NodeState::Answers).unwrap_or(0);
        self.fleet.engines().swap_remove(at)
    }

    /// Images that a node that answers lacks or has from an older source: node and short names.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn lacking_images(&self) -> Result<Vec<(String, Vec<String>)>, AppError> {
        let mut lacking = Vec::new();
        for engine in self.fleet.engines() {
            // One that does not answer is shown as such.
            let Ok(images) = self.tools.images.images(&*engine, &[]).await else { continue };
            let names = images.into_iter().filter(|image| image.presence != Presence::Current);
            lacking.push((engine.node().to_owned(), names.map(|image| image.name).collect()));
        }
        Ok(lacking)
    }

    /// All images with their state.
    ///
    /// # Errors
    /// When the folder cannot be read or the engine does not answer.
    pub async fn images(&self) -> Result<Vec<ImageState>, AppError> {
        self.tools.images.images(&*self.shown_node(), &[]).await
    }

    /// The images that a scenario needs, with what they stand on, with their state.
    ///
    /// # Errors
    /// As [`App::images`].
    pub async fn images_of(
        &self,
        scenario: &rampart_domain::scenario::Scenario,
    ) -> Result<Vec<ImageState>, AppError> {
        self.tools.images.needed(&*self.shown_node(), &crate::launch::images_of(scenario)).await
    }

    /// The build under way.
    #[must_use]
    pub fn images_state(&self) -> watch::Receiver<ImagesState> {
        self.tools.images.state()
    }

    /// Builds in the background what is missing or old of `names` (of all, where there are none), `anew` whether it is or
    /// not. False, and nothing begun, while a build is under way.
    ///
    /// # Errors
    /// When the audit line cannot be written; nothing is begun then.
    pub async fn build_images(
        self: &Arc<Self>,
        names: Vec<String>,
        anew: bool,
        by: &str,
    ) -> Result<bool, AppError> {
        if self.tools.images.state().borrow().building {
            return Ok(false);
        }
        let asked = match names.as_slice() {
            [] => "all".to_owned(),
            names => names.join(" "),
        };
        let detail = format!("{asked}{}", if anew { " anew" } else { "" });
        self.intend(Some(by), "images.build", &detail).await?;
        let (app, by) = (self.clone(), by.to_owned());
        self.tools.tasks.spawn(async move {
            let wish = Wish { names: &names, anew };
            let built = tokio::select! {
                () = app.tools.stop.cancelled() => return,
                built = app.build_everywhere(wish) => built,
            };
            let outcome = match built {
                Ok(built) if built.is_empty() => "nothing to do".to_owned(),
                Ok(built) => format!("built {}", built.join(" ")),
                Err(ImagesError::Failed(failed)) => {
                    let names: Vec<&str> = failed.iter().map(|one| one.name.as_str()).collect();
                    format!("failed {}", names.join(" "))
                }
                Err(error) => format!("failed: {error}"),
            };
            app.note(Some(&by), "images.built", outcome).await;
        });
        Ok(true)
    }

    /// Builds on every node that answers, one after the other: a build is the same work everywhere.
    async fn build_everywhere(&self, wish: Wish<'_>) -> Result<Vec<String>, ImagesError> {
        let engines = self.fleet.engines();
        let alone = engines.len() == 1;
        let mut built = Vec::new();
        let mut silent = None;
        for engine in engines {
            match self.tools.images.build(&*engine, wish).await {
                Ok(names) if alone => built.extend(names),
                Ok(names) => built.extend(names.iter().map(|name| format!("{name}@{}", engine.node()))),
                Err(ImagesError::Engine(error)) if error.is_silence() && !alone => {
                    tracing::warn!(node = engine.node(), %error, "no images are built on a silent node");
                    silent = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        match silent.filter(|_| built.is_empty()) {
            Some(error) => Err(ImagesError::Engine(error)),
            None => Ok(built),
        }
    }
}
