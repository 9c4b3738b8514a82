//! Images with their state on the engine and in the build under way.

use rampart_app::{ImagePresence, ImageStage, ImageState as Known, ImagesState};
use rampart_pages::{ImageRow, ImageState, Progress};

/// One row an image.
#[must_use]
pub fn rows(known: &[Known], builds: &ImagesState) -> Vec<ImageRow> {
    known.iter().map(|image| row(image, builds)).collect()
}

fn row(known: &Known, builds: &ImagesState) -> ImageRow {
    let making = builds.images.get(&known.name);
    let stage = making.map(|making| making.stage);
    let state = match (stage, known.presence) {
        (Some(ImageStage::Building), _) => ImageState::Building,
        (Some(ImageStage::Waiting), _) => ImageState::Waiting,
        (_, ImagePresence::Current) => ImageState::Ready,
        (Some(ImageStage::Failed), _) => ImageState::Failed,
        (_, ImagePresence::Old) => ImageState::Stale,
        (_, ImagePresence::Missing) => ImageState::Missing,
    };
    let log = match making {
        Some(making) if stage == Some(ImageStage::Building) => {
            making.lines.back().cloned().into_iter().collect()
        }
        // Also of an image that is there all the same: the one made anew did not come.
        Some(making) => making.reason.iter().flat_map(|why| why.lines()).map(str::to_owned).collect(),
        None => Vec::new(),
    };
    let progress = making
        .filter(|making| making.stage == ImageStage::Building && making.of > 0)
        .map(|making| Progress { done: making.step.into(), total: making.of.into() });
    ImageRow {
        name: known.name.clone(),
        hash: known.hash.chars().take(12).collect(),
        state,
        bytes: known.built_ms.map(|_| i64::try_from(known.size).unwrap_or(i64::MAX)),
        built_ms: known.built_ms,
        progress,
        log,
        ours: known.ours,
    }
}
