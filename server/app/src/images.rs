//! The images that ranges are made of: which are there, which are old, and building what is missing.

use std::sync::Arc;

use rampart_engine::images::Wish;
use tokio::sync::watch;

use crate::range::images::{ImageState, ImagesError, ImagesState};
use crate::{App, AppError};

impl App {
    /// All images with their state.
    ///
    /// # Errors
    /// When the folder cannot be read or the engine does not answer.
    pub async fn images(&self) -> Result<Vec<ImageState>, AppError> {
        self.tools.images.images(self.engine.as_ref(), &[]).await
    }

    /// The images that a scenario needs, with what they stand on, with their state.
    ///
    /// # Errors
    /// As [`App::images`].
    pub async fn images_of(
        &self,
        scenario: &rampart_domain::scenario::Scenario,
    ) -> Result<Vec<ImageState>, AppError> {
        self.tools.images.needed(self.engine.as_ref(), &crate::launch::images_of(scenario)).await
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
                built = app.tools.images.build(app.engine.as_ref(), wish) => built,
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
}
