//! The images that ranges are made of: which are there, which are old, and building what is missing.

use std::sync::Arc;

use tokio::sync::watch;

use crate::range::images as builds;
use crate::{App, AppError};

/// One image of the image folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageState {
    /// Name, a folder of `images/`.
    pub name: String,
    /// Hash of what it is made from.
    pub hash: String,
    /// Whether the engine has it made from just that.
    pub current: bool,
    /// Size on the engine, bytes; 0 when it is not there.
    pub size: u64,
}

/// A build under way or the last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImagesState {
    /// True while building.
    pub building: bool,
    /// Last line of the build.
    pub line: String,
    /// What went wrong last.
    pub error: Option<String>,
}

impl App {
    /// All images with their state.
    ///
    /// # Errors
    /// When the folder cannot be read or the engine does not answer.
    pub async fn images(&self) -> Result<Vec<ImageState>, AppError> {
        // Reads and hashes every file of the folder.
        let dir = self.config.images_dir.clone();
        let wanted = tokio::task::spawn_blocking(move || builds::specs(&dir))
            .await
            .map_err(|error| AppError::Inner(error.to_string()))?
            .map_err(|error| AppError::Inner(error.to_string()))?;
        let known = self.engine.images().await?;
        Ok(wanted
            .into_iter()
            .map(|spec| {
                let there = known.get(&spec.reference());
                ImageState {
                    current: there.is_some_and(|image| image.hash.as_deref() == Some(spec.hash.as_str())),
                    size: there.map_or(0, |image| image.size),
                    name: spec.name,
                    hash: spec.hash,
                }
            })
            .collect())
    }

    /// The build under way.
    #[must_use]
    pub fn images_state(&self) -> watch::Receiver<ImagesState> {
        self.images.subscribe()
    }

    /// Builds in the background whatever is missing; a second call while one runs does nothing.
    pub fn build_images(self: &Arc<Self>) {
        let mut began = false;
        self.images.send_if_modified(|state| {
            began = !state.building;
            if began {
                *state = ImagesState { building: true, ..ImagesState::default() };
            }
            began
        });
        if !began {
            return;
        }
        let app = self.clone();
        self.tools.tasks.spawn(async move {
            let lines = app.clone();
            let result = builds::build_missing(
                app.engine.as_ref(),
                &app.config.images_dir,
                &[],
                &move |line: &str| {
                    lines.images.send_modify(|state| line.clone_into(&mut state.line));
                },
            )
            .await;
            app.images.send_modify(|state| {
                state.building = false;
                state.error = result.err().map(|error| error.to_string());
            });
        });
    }
}
