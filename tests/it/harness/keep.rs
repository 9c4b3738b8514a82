//! What a failed test leaves behind, so that a failure in CI can be understood.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;

use futures_util::FutureExt;

use super::artifacts;

/// Outcome of a test's body.
pub type Outcome = Result<(), Box<dyn Any + Send>>;

/// Runs a test's body so that what is left can still be looked at when it fails.
pub async fn outcome(body: impl Future<Output = ()>) -> Outcome {
    AssertUnwindSafe(body).catch_unwind().await
}

/// A fresh folder for a test's remains.
pub fn folder(test: &str) -> PathBuf {
    let folder = artifacts().join(test);
    let _ = std::fs::remove_dir_all(&folder);
    let _ = std::fs::create_dir_all(&folder);
    eprintln!("what is left of {test} lies in {}", folder.display());
    folder
}

/// Goes on with the failure, if there was one.
pub fn conclude(outcome: Outcome) {
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}
