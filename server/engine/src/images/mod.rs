//! The folder `images/`: what has to be built, in which order, and building it.
//!
//! [`build()`] makes what is missing, [`save`] and [`load`] carry built images to a site without internet.
//!
//! One folder is one image, `images/www` is `rampart/www:latest`. An image's hash is SHA-256 over the sorted paths, kinds,
//! executable bits and contents of its folder (its README left out) and the hashes of those of our images that its
//! Dockerfile stands on. The hash is a label of the built image, so whatever is equal is not built again, and a change in
//! `base` builds everything that stands on it.

mod build;
mod bundle;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use rampart_domain::plan::ImageNeeds;

use crate::types::LABELS;
use crate::{Engine, EngineError, ImageSpec};

pub use build::{AT_ONCE, Step, Steps, Wish, build};
pub use bundle::{BundleError, Loaded, Manifest, SavedImage, load, save, verify};

/// Prefix of the platform's images.
pub const PREFIX: &str = "rampart/";
/// What `images/base` stands on.
const GROUND: &str = "debian:bookworm-slim";

/// What is wrong with the folder, or with a build.
#[derive(Debug, thiserror::Error)]
pub enum ImagesError {
    /// A file or folder cannot be read.
    #[error("{path}: {error}")]
    Read {
        /// Path.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A Dockerfile cannot be used. Holds image and reason.
    #[error("images/{0}: {1}")]
    Dockerfile(String, String),
    /// The ground of all images could neither be pulled nor made. Holds both reasons.
    #[error("{GROUND} is missing: the registry says {pull}; bootstrap says {bootstrap}")]
    Ground {
        /// Answer of the registry.
        pull: String,
        /// Last lines of the bootstrap.
        bootstrap: String,
    },
    /// Images that could not be built, with the reason of each.
    #[error("{}", failed_text(.0))]
    Failed(Vec<FailedBuild>),
    /// An image that neither the folder nor the engine has.
    #[error("{0}: there is no folder of this name among the images, and the engine does not have it")]
    Unknown(String),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// An image that could not be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedBuild {
    /// Full name.
    pub name: String,
    /// Why, with the last lines of the build.
    pub reason: String,
    /// True when it was not tried, because what it stands on failed.
    pub skipped: bool,
}

fn failed_text(failed: &[FailedBuild]) -> String {
    failed.iter().map(|one| format!("{}: {}", one.name, one.reason)).collect::<Vec<_>>().join("\n")
}

/// The engine's name of an image of the scenario format: `www` is `rampart/www:latest`; full names stay.
#[must_use]
pub fn full_name(image: &str) -> String {
    let tagged = |name: String| {
        let last = name.rsplit('/').next().unwrap_or(&name).to_owned();
        if last.contains([':', '@']) { name } else { format!("{name}:latest") }
    };
    if image.contains(['/', ':']) { tagged(image.to_owned()) } else { tagged(format!("{PREFIX}{image}")) }
}

/// The name of its folder, where it is one of ours: `rampart/www:latest` is `www`; other names stay.
#[must_use]
pub fn short_name(name: &str) -> &str {
    let short = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(":latest"));
    short.filter(|rest| !rest.contains(['/', ':'])).unwrap_or(name)
}

/// Reads the folder: every image with its hash and context, bases first.
///
/// # Errors
/// See [`ImagesError`].
pub fn plan(dir: &Path) -> Result<Vec<ImageSpec>, ImagesError> {
    let mut folders = BTreeMap::new();
    for entry in std::fs::read_dir(dir).map_err(|error| read_error(dir, error))? {
        let entry = entry.map_err(|error| read_error(dir, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().join("Dockerfile").is_file() {
            folders.insert(name, Folder::read(&entry.path())?);
        }
    }
    let mut done: BTreeMap<String, ImageSpec> = BTreeMap::new();
    let mut order = Vec::new();
    while order.len() < folders.len() {
        let ready = folders.iter().find(|(name, folder)| {
            !done.contains_key(*name)
                && folder.bases.iter().all(|base| done.contains_key(base) || !folders.contains_key(base))
        });
        let Some((name, folder)) = ready else {
            let stuck = folders.keys().find(|name| !done.contains_key(*name)).cloned().unwrap_or_default();
            return Err(ImagesError::Dockerfile(stuck, "FROM goes round in a circle".into()));
        };
        if let Some(missing) = folder.bases.iter().find(|base| !folders.contains_key(*base)) {
            return Err(ImagesError::Dockerfile(
                name.clone(),
                format!("FROM {PREFIX}{missing}: no such folder"),
            ));
        }
        let mut hash = Sha256::new();
        hash.update(folder.digest);
        for base in &folder.bases {
            hash.update(done[base].hash.as_bytes());
        }
        let spec = ImageSpec {
            name: full_name(name),
            bases: folder.bases.iter().map(|base| full_name(base)).collect(),
            hash: hex::encode(hash.finalize()),
            labels: labels_with(&folder.labels, &folder.bases, &done),
            context: folder.context.clone(),
        };
        if let Err(what) = ImageNeeds::of(|label| spec.labels.get(label).map(String::as_str)) {
            return Err(ImagesError::Dockerfile(name.clone(), what));
        }
        done.insert(name.clone(), spec);
        order.push(name.clone());
    }
    Ok(order.iter().filter_map(|name| done.remove(name)).collect())
}

fn read_error(path: &Path, error: std::io::Error) -> ImagesError {
    ImagesError::Read { path: path.display().to_string(), error }
}

struct Folder {
    digest: [u8; 32],
    context: Vec<u8>,
    bases: Vec<String>,
    labels: BTreeMap<String, String>,
}

impl Folder {
    fn read(dir: &Path) -> Result<Self, ImagesError> {
        use std::os::unix::fs::PermissionsExt;
        let mut paths = Vec::new();
        walk(dir, Path::new(""), &mut paths)?;
        paths.sort();
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        let mut tar = tar::Builder::new(Vec::new());
        let (mut bases, mut labels) = (Vec::new(), BTreeMap::new());
        for path in paths {
            let full = dir.join(&path);
            let fault = |error| read_error(&full, error);
            let meta = std::fs::symlink_metadata(&full).map_err(fault)?;
            part(path.as_os_str().as_encoded_bytes());
            let mut header = tar::Header::new_gnu();
            // Owner, time and the finer bits depend on who checked the folder out; none of it may reach the image.
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            if meta.file_type().is_symlink() {
                let target = std::fs::read_link(&full).map_err(fault)?;
                part(b"link");
                part(target.as_os_str().as_encoded_bytes());
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                header.set_mode(0o777);
                tar.append_link(&mut header, &path, &target).map_err(fault)?;
                continue;
            }
            let content = std::fs::read(&full).map_err(fault)?;
            let executable = meta.permissions().mode() & 0o100 != 0;
            part(if executable { b"program" } else { b"file" });
            part(&content);
            header.set_size(content.len() as u64);
            header.set_mode(if executable { 0o755 } else { 0o644 });
            tar.append_data(&mut header, &path, content.as_slice()).map_err(fault)?;
            if path.as_os_str() == "Dockerfile" {
                let text = String::from_utf8_lossy(&content);
                bases = bases_of(&text);
                labels = labels_of(&text);
            }
        }
        let context = tar.into_inner().map_err(|error| read_error(dir, error))?;
        Ok(Self { digest: digest.finalize().into(), context, bases, labels })
    }
}

fn walk(dir: &Path, below: &Path, paths: &mut Vec<PathBuf>) -> Result<(), ImagesError> {
    let here = dir.join(below);
    for entry in std::fs::read_dir(&here).map_err(|error| read_error(&here, error))? {
        let entry = entry.map_err(|error| read_error(&here, error))?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type().map_err(|error| read_error(&here, error))?;
        if kind.is_dir() {
            walk(dir, &path, paths)?;
        } else if path.as_os_str() != "README.md" {
            paths.push(path);
        }
    }
    Ok(())
}

/// Folders named by `FROM rampart/NAME`, each once, in order.
fn bases_of(dockerfile: &str) -> Vec<String> {
    let mut bases: Vec<String> = Vec::new();
    for line in dockerfile.lines() {
        let mut words = line.split_whitespace();
        if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("from")) {
            continue;
        }
        let image = words.find(|word| !word.starts_with("--")).unwrap_or_default();
        if let Some(name) = image.strip_prefix(PREFIX) {
            let name = name.split([':', '@']).next().unwrap_or(name).to_owned();
            if !bases.contains(&name) {
                bases.push(name);
            }
        }
    }
    bases
}

/// An image's own labels over those that it has from what it stands on last.
fn labels_with(
    own: &BTreeMap<String, String>,
    bases: &[String],
    done: &BTreeMap<String, ImageSpec>,
) -> BTreeMap<String, String> {
    let base = bases.last().and_then(|base| done.get(base));
    let mut labels = base.map(|base| base.labels.clone()).unwrap_or_default();
    labels.extend(own.clone());
    labels
}

/// The platform's labels in the last stage of a Dockerfile: `LABEL rampart.x="a b"`, one or several in a line.
fn labels_of(dockerfile: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for line in dockerfile.replace("\\\n", " ").lines() {
        let (word, rest) = line.trim().split_once(char::is_whitespace).unwrap_or_default();
        if word.eq_ignore_ascii_case("from") {
            labels.clear();
        }
        if !word.eq_ignore_ascii_case("label") {
            continue;
        }
        let mut rest = rest.trim();
        while let Some((name, value)) = rest.split_once('=') {
            let (value, more) = match value.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => value.split_once(char::is_whitespace).unwrap_or((value, "")),
            };
            if name.starts_with(LABELS) {
                labels.insert(name.to_owned(), value.to_owned());
            }
            rest = more.trim();
        }
    }
    labels
}

/// Those of `wanted` that the engine lacks or has in another version, in order.
///
/// # Errors
/// Any of [`EngineError`].
pub async fn missing<'a>(
    engine: &dyn Engine,
    wanted: &'a [ImageSpec],
) -> Result<Vec<&'a ImageSpec>, EngineError> {
    let there = engine.images().await?;
    Ok(wanted
        .iter()
        .filter(|spec| there.get(&spec.name).is_none_or(|image| image.hash.as_deref() != Some(&spec.hash)))
        .collect())
}

/// Those of a plan that `names` need, with what they stand on, in the plan's order. Names that the plan does not have are
/// left out.
#[must_use]
pub fn needed(plan: Vec<ImageSpec>, names: &[String]) -> Vec<ImageSpec> {
    let mut names: Vec<String> = names.iter().map(|name| full_name(name)).collect();
    // Bases stand before what stands on them, so one way back finds all.
    for spec in plan.iter().rev() {
        if names.contains(&spec.name) {
            names.extend(spec.bases.iter().cloned());
        }
    }
    plan.into_iter().filter(|spec| names.contains(&spec.name)).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn write(dir: &Path, path: &str, text: &str) {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn hashes(dir: &Path) -> BTreeMap<String, String> {
        plan(dir).unwrap().into_iter().map(|spec| (spec.name, spec.hash)).collect()
    }

    #[test]
    fn bases_come_first_and_a_change_reaches_what_stands_on_it() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "base/Dockerfile", "FROM debian:bookworm-slim\n");
        write(dir.path(), "a/Dockerfile", "# first\nFROM rampart/base:latest\nCOPY x /x\n");
        write(dir.path(), "a/x", "1");
        write(dir.path(), "b/Dockerfile", "FROM --platform=linux/amd64 rampart/a AS x\n");
        write(dir.path(), "c/Dockerfile", "FROM debian:bookworm-slim\n");
        write(dir.path(), "notes/README.md", "no image");
        let order: Vec<String> = plan(dir.path()).unwrap().into_iter().map(|spec| spec.name).collect();
        let at = |name: &str| order.iter().position(|other| other == &full_name(name)).unwrap();
        assert_eq!(order.len(), 4);
        assert!(at("base") < at("a") && at("a") < at("b"));

        let before = hashes(dir.path());
        write(dir.path(), "a/README.md", "words");
        assert_eq!(hashes(dir.path()), before, "words are no change");
        write(dir.path(), "a/x", "2");
        let after = hashes(dir.path());
        let needed: Vec<String> =
            needed(plan(dir.path()).unwrap(), &["a".into()]).into_iter().map(|spec| spec.name).collect();
        assert_eq!(needed, [full_name("base"), full_name("a")]);
        assert_eq!(super::needed(plan(dir.path()).unwrap(), &["nosuch".into()]), []);
        for (name, changed) in [("base", false), ("a", true), ("b", true), ("c", false)] {
            assert_eq!(before[&full_name(name)] != after[&full_name(name)], changed, "{name}");
        }
        std::os::unix::fs::symlink("x", dir.path().join("c/y")).unwrap();
        assert_ne!(hashes(dir.path())["rampart/c:latest"], after["rampart/c:latest"]);
    }

    #[test]
    fn an_executable_bit_is_a_change() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "a/Dockerfile", "FROM debian:bookworm-slim\n");
        write(dir.path(), "a/run", "#!/bin/sh\n");
        let before = hashes(dir.path());
        std::fs::set_permissions(dir.path().join("a/run"), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_ne!(hashes(dir.path()), before);
        assert_eq!(before, before.clone());
    }

    #[test]
    fn labels_come_from_the_dockerfile_and_from_what_it_stands_on() {
        let dir = tempfile::tempdir().unwrap();
        let base = "FROM debian:bookworm-slim\nLABEL rampart.capabilities=\"KILL CHOWN\" other=1 rampart.readonly=true\n";
        write(dir.path(), "a/Dockerfile", base);
        write(dir.path(), "b/Dockerfile", "FROM rampart/a\nLABEL \\\n  rampart.readonly=\"false\"\n");
        let needs = |name: &str| {
            let plan = plan(dir.path()).unwrap();
            let spec = plan.iter().find(|spec| spec.name == full_name(name)).unwrap();
            ImageNeeds::of(|label| spec.labels.get(label).map(String::as_str)).unwrap()
        };
        assert_eq!(
            (needs("a").capabilities, needs("a").read_only),
            (vec!["KILL".into(), "CHOWN".into()], true)
        );
        assert_eq!((needs("b").capabilities.len(), needs("b").read_only), (2, false));
        write(dir.path(), "b/Dockerfile", "FROM rampart/a\nLABEL rampart.tmpfs=/etc\n");
        let error = plan(dir.path()).unwrap_err().to_string();
        assert!(error.contains("images/b") && error.contains("/etc"), "{error}");
    }

    #[test]
    fn circles_and_missing_bases_are_named() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "a/Dockerfile", "FROM rampart/b\n");
        let error = plan(dir.path()).unwrap_err().to_string();
        assert!(error.contains("images/a") && error.contains("rampart/b"), "{error}");
        write(dir.path(), "b/Dockerfile", "FROM rampart/a\n");
        let error = plan(dir.path()).unwrap_err().to_string();
        assert!(error.contains("circle"), "{error}");
    }

    #[test]
    fn names() {
        for (image, full) in [
            ("www", "rampart/www:latest"),
            ("rampart/www", "rampart/www:latest"),
            ("debian:bookworm-slim", "debian:bookworm-slim"),
            ("host:5000/a", "host:5000/a:latest"),
        ] {
            assert_eq!(full_name(image), full);
        }
        for (full, short) in [
            ("rampart/www:latest", "www"),
            ("rampart/www:1", "rampart/www:1"),
            ("rampart/a/b:latest", "rampart/a/b:latest"),
            ("debian:bookworm-slim", "debian:bookworm-slim"),
        ] {
            assert_eq!(short_name(full), short);
        }
    }
}
