//! Images of the folder `images/` by their short names. Reading, hashing and building are the engine crate's.

use std::path::Path;

use rampart_engine::{Engine, images};

pub use images::ImagesError;

/// An image of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Name of its folder.
    pub name: String,
    /// Hash of what it is made from.
    pub hash: String,
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
    let short = |name: &str| {
        let name = name.strip_prefix(images::PREFIX).unwrap_or(name);
        name.strip_suffix(":latest").unwrap_or(name).to_owned()
    };
    Ok(images::plan(dir)?.into_iter().map(|spec| Spec { name: short(&spec.name), hash: spec.hash }).collect())
}

/// Builds those of `wanted` (of all, where it is empty) that are missing or old, with what they stand on.
///
/// # Errors
/// See [`ImagesError`].
pub async fn build_missing(
    engine: &dyn Engine,
    dir: &Path,
    wanted: &[String],
    line: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), ImagesError> {
    images::build_missing(engine, dir, wanted, line).await.map(|_| ())
}
