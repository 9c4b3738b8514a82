//! Images in one file, for a site without internet.
//!
//! The file is a tar of three entries below `rampart-images/`: `images.tar`, the engine's own export; `manifest.json`,
//! what is in it; and `sha256`, the SHA-256 of every byte before that entry. So each byte of the file is under a checksum,
//! a file that was cut short has no last entry, and any tar program can look inside. [`save`] and [`load`] pass the bytes
//! on as they come and never hold more than a piece of them.
//!
//! The checksums find damage, not malice: whoever can write the file can write its checksums. Against a forged file help
//! the names, which are compared with those inside the export, so that no image comes in under a name that was not shown.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{ByteStream, Engine, EngineError, ImageInfo};

const EXPORT: &str = "rampart-images/images.tar";
const MANIFEST: &str = "rampart-images/manifest.json";
const SUM: &str = "rampart-images/sha256";
/// Version of the form of the file.
const FORMAT: u32 = 1;
const BLOCK: u64 = 512;
/// The last entry, head and text, and the two empty blocks at the end of a tar.
const TRAILER: u64 = 4 * BLOCK;
/// A manifest is a few lines an image.
const MANIFEST_MAX: u64 = 1 << 20;
/// Bytes read and written at once.
const PIECE: usize = 1 << 20;
/// Limit of handing a bundle to the engine.
const LOAD: Duration = Duration::from_secs(45 * 60);

/// What is in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the form, 1.
    pub format: u32,
    /// Version of Rampart that wrote it.
    pub rampart: String,
    /// Version of the engine that exported it.
    pub engine: String,
    /// Kind of processor that the images are for.
    pub architecture: String,
    /// When, as a time with zone.
    pub written: String,
    /// The images.
    pub images: Vec<SavedImage>,
    /// The files beside the manifest.
    pub parts: Vec<Part>,
}

/// An image in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedImage {
    /// Full name with tag.
    pub name: String,
    /// The engine's id.
    pub id: String,
    /// Hash of what it was made from; none for images that are not of the platform's folder.
    pub hash: Option<String>,
    /// Bytes on the engine. Images share what they stand on, so the sum is more than the file.
    pub size: u64,
}

/// A file in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Name in the folder of the bundle.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, hex.
    pub sha256: String,
}

/// What became of an image of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The image.
    pub image: SavedImage,
    /// True when the engine had just this one under this name already.
    pub was_there: bool,
    /// Id of another image that had the name before.
    pub replaced: Option<String>,
}

/// Why a bundle could not be written or taken. Whatever is wrong with a file is found before the engine gets a byte.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// Path.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A file of this name is there.
    #[error("{0} is there already; name another file or remove it")]
    Exists(String),
    /// Nothing to save.
    #[error("no images to save")]
    Nothing,
    /// The engine lacks images that are to be saved.
    #[error("not on the engine: {}; build them first", .0.join(", "))]
    Missing(Vec<String>),
    /// The file is something else.
    #[error("{0} is no image bundle of Rampart")]
    Foreign(String),
    /// The file ends too early.
    #[error("{path} is cut short: it ends after {bytes} bytes, before its checksum; copy it again")]
    CutShort {
        /// Path.
        path: String,
        /// Its size.
        bytes: u64,
    },
    /// The file is not what was written.
    #[error("{path} is damaged: its checksum is {found}, it should be {wanted}; copy it again")]
    Damaged {
        /// Path.
        path: String,
        /// Checksum found.
        found: String,
        /// Checksum written.
        wanted: String,
    },
    /// The parts of the file do not belong together.
    #[error("{path} contradicts itself: {why}; nothing was loaded")]
    Contradiction {
        /// Path.
        path: String,
        /// How.
        why: String,
    },
    /// The file is for something else than this engine.
    #[error("{path} {why}; nothing was loaded")]
    Unfit {
        /// Path.
        path: String,
        /// How.
        why: String,
    },
    /// The engine took it and has something else now.
    #[error("after loading, {name} is {found} on the engine, and {wanted} in the file")]
    OtherId {
        /// Image.
        name: String,
        /// Id on the engine, or that it is not there.
        found: String,
        /// Id in the manifest.
        wanted: String,
    },
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

fn file_error(path: &Path) -> impl Fn(std::io::Error) -> BundleError {
    let path = path.display().to_string();
    move |error| BundleError::File { path: path.clone(), error }
}

/// Runs file work where a thread may be kept busy.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BundleError> + Send + 'static,
) -> Result<T, BundleError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(EngineError::Io(error.to_string()).into()))
}

/// Writes images to a new file, reads it back, and returns what is in it. `done` hears the bytes written so far. A file
/// that could not be finished is removed.
///
/// # Errors
/// See [`BundleError`].
pub async fn save(
    engine: &dyn Engine,
    names: &[String],
    path: &Path,
    done: &(dyn Fn(u64) + Send + Sync),
) -> Result<Manifest, BundleError> {
    if names.is_empty() {
        return Err(BundleError::Nothing);
    }
    let there = engine.images().await?;
    let missing: Vec<String> = names.iter().filter(|name| !there.contains_key(*name)).cloned().collect();
    if !missing.is_empty() {
        return Err(BundleError::Missing(missing));
    }
    let info = engine.info().await?;
    let manifest = Manifest {
        format: FORMAT,
        rampart: env!("CARGO_PKG_VERSION").to_owned(),
        engine: info.version,
        architecture: info.architecture,
        written: jiff::Timestamp::now().to_string(),
        images: names.iter().map(|name| saved(name, &there[name])).collect(),
        parts: Vec::new(),
    };
    if path.exists() {
        return Err(BundleError::Exists(path.display().to_string()));
    }
    // Under another name until it is whole, so that nobody carries half a file away.
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Leftover(PathBuf::from(partial));
    let manifest = write(engine, names, manifest, &partial.0, done).await?;
    let (from, to) = (partial.0.clone(), path.to_owned());
    blocking(move || {
        let read_back = verify(&from)?;
        if read_back != manifest {
            let why = "it reads otherwise than it was written".to_owned();
            return Err(BundleError::Contradiction { path: from.display().to_string(), why });
        }
        if to.exists() {
            return Err(BundleError::Exists(to.display().to_string()));
        }
        std::fs::rename(&from, &to).map_err(file_error(&to))?;
        Ok(read_back)
    })
    .await
}

fn saved(name: &str, image: &ImageInfo) -> SavedImage {
    SavedImage { name: name.to_owned(), id: image.id.clone(), hash: image.hash.clone(), size: image.size }
}

/// A file that goes unless it was renamed.
struct Leftover(PathBuf);

impl Drop for Leftover {
    fn drop(&mut self) {
        // Not there is what is wanted.
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn write(
    engine: &dyn Engine,
    names: &[String],
    mut manifest: Manifest,
    path: &Path,
    done: &(dyn Fn(u64) + Send + Sync),
) -> Result<Manifest, BundleError> {
    let failed = file_error(path);
    let mut export = engine.export(names).await?;
    let mut file = File::options().read(true).write(true).create_new(true).open(path).map_err(|error| {
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => BundleError::Exists(path.display().to_string()),
            _ => failed(error),
        }
    })?;
    // The size of the export is known at its end only; its head is written then.
    file.write_all(&head(EXPORT, 0)).map_err(&failed)?;
    let mut hash = Sha256::new();
    let mut size = 0;
    while let Some(piece) = export.next().await {
        let piece = piece?;
        hash.update(&piece);
        size += piece.len() as u64;
        // The disk is quicker than the export, and pieces are small: no thread of its own is worth it.
        file.write_all(&piece).map_err(&failed)?;
        done(size);
    }
    manifest.parts = vec![Part { name: "images.tar".into(), size, sha256: hex::encode(hash.finalize()) }];
    let text = serde_json::to_vec_pretty(&manifest).map_err(|error| EngineError::Io(error.to_string()))?;
    let path = path.to_owned();
    blocking(move || {
        let failed = file_error(&path);
        pad(&mut file, size).map_err(&failed)?;
        file.write_all(&head(MANIFEST, text.len() as u64)).map_err(&failed)?;
        file.write_all(&text).map_err(&failed)?;
        pad(&mut file, text.len() as u64).map_err(&failed)?;
        file.seek(SeekFrom::Start(0)).map_err(&failed)?;
        file.write_all(&head(EXPORT, size)).map_err(&failed)?;
        file.seek(SeekFrom::Start(0)).map_err(&failed)?;
        let sum = sum_of(&mut file, u64::MAX).map_err(&failed)?;
        file.write_all(&trailer(&sum)).map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        Ok(manifest)
    })
    .await
}

/// Head of an entry. Owner and time are left out, so that a head can be told from its path and size alone.
fn head(path: &str, size: u64) -> [u8; BLOCK as usize] {
    let mut head = tar::Header::new_gnu();
    // The paths are short and plain; this cannot fail for them, and a head without a path is found by the reading back.
    let _ = head.set_path(path);
    head.set_size(size);
    head.set_mode(0o644);
    head.set_uid(0);
    head.set_gid(0);
    head.set_mtime(0);
    head.set_cksum();
    *head.as_bytes()
}

fn pad(file: &mut File, size: u64) -> std::io::Result<()> {
    file.write_all(&vec![0; padding(size)])
}

fn padding(size: u64) -> usize {
    (size.next_multiple_of(BLOCK) - size) as usize
}

fn trailer(sum: &str) -> Vec<u8> {
    let text = format!("{sum}\n");
    let mut bytes = head(SUM, text.len() as u64).to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(TRAILER as usize, 0);
    bytes
}

/// SHA-256 of the next `bytes` bytes, or of all that are left, hex.
fn sum_of(file: &mut impl Read, bytes: u64) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut file = file.take(bytes);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&piece[..read]),
        }
    }
}

/// Reads a whole bundle, checks every byte of it, and returns what is in it. Keeps its thread busy.
///
/// # Errors
/// See [`BundleError`].
pub fn verify(path: &Path) -> Result<Manifest, BundleError> {
    let failed = file_error(path);
    let shown = path.display().to_string();
    let mut file = File::open(path).map_err(&failed)?;
    let size = file.metadata().map_err(&failed)?.len();

    let mut start = Vec::new();
    (&mut file).take(BLOCK).read_to_end(&mut start).map_err(&failed)?;
    let same = start.iter().zip(EXPORT.as_bytes()).all(|(found, wanted)| found == wanted);
    if start.is_empty() || !same {
        return Err(BundleError::Foreign(shown));
    }
    let cut = || BundleError::CutShort { path: shown.clone(), bytes: size };
    if size < TRAILER + 2 * BLOCK {
        return Err(cut());
    }
    file.seek(SeekFrom::Start(size - TRAILER)).map_err(&failed)?;
    let mut last = Vec::new();
    (&mut file).take(TRAILER).read_to_end(&mut last).map_err(&failed)?;
    let text = last.get(BLOCK as usize..BLOCK as usize + 64).and_then(|text| std::str::from_utf8(text).ok());
    let sum = match text {
        Some(sum) if last == trailer(sum) => sum.to_owned(),
        _ => return Err(cut()),
    };
    file.seek(SeekFrom::Start(0)).map_err(&failed)?;
    let found = sum_of(&mut file, size - TRAILER).map_err(&failed)?;
    if found != sum {
        return Err(BundleError::Damaged { path: shown, found, wanted: sum });
    }
    file.seek(SeekFrom::Start(0)).map_err(&failed)?;
    inside(file.take(size - TRAILER)).map_err(|why| BundleError::Contradiction { path: shown, why })
}

/// Reads the entries and compares them with each other. The error is the contradiction.
fn inside(file: impl Read) -> Result<Manifest, String> {
    let unreadable = |error: std::io::Error| format!("it cannot be read: {error}");
    let mut archive = tar::Archive::new(file);
    let mut entries = archive.entries().map_err(unreadable)?;
    let mut next = |wanted: &str| {
        let entry = entries.next().ok_or_else(|| format!("{wanted} is missing"))?.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?.into_owned();
        if path == Path::new(wanted) {
            Ok(entry)
        } else {
            Err(format!("{} stands for {wanted}", path.display()))
        }
    };
    let export = next(EXPORT)?;
    let size = export.size();
    let mut hashed = Hashed { inner: export, hash: Sha256::new() };
    let names = names_in(&mut hashed)?;
    // The reader of the inner tar stops at its end mark; what is behind it belongs to the part too.
    std::io::copy(&mut hashed, &mut std::io::sink()).map_err(unreadable)?;
    let sha256 = hex::encode(hashed.hash.finalize());

    let entry = next(MANIFEST)?;
    let mut text = Vec::new();
    entry.take(MANIFEST_MAX).read_to_end(&mut text).map_err(unreadable)?;
    let format: Format = serde_json::from_slice(&text).map_err(|error| format!("its manifest: {error}"))?;
    if format.format != FORMAT {
        return Err(format!("it has form {}, this version of Rampart knows form {FORMAT}", format.format));
    }
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| format!("its manifest: {error}"))?;
    let part = Part { name: "images.tar".into(), size, sha256 };
    if manifest.parts != [part] {
        return Err("images.tar is not the one that its manifest names".into());
    }
    let told: BTreeMap<&str, &str> =
        manifest.images.iter().map(|image| (image.name.as_str(), image.id.as_str())).collect();
    let inner: BTreeMap<&str, &str> =
        names.iter().map(|(name, config)| (name.as_str(), config.as_str())).collect();
    if let Some(name) = inner.keys().find(|name| !told.contains_key(*name)) {
        return Err(format!("images.tar holds {name}, which its manifest does not name"));
    }
    if let Some(name) = told.keys().find(|name| !inner.contains_key(*name)) {
        return Err(format!("its manifest names {name}, which images.tar does not hold"));
    }
    // Engines that name the configuration by the image's id say so by its form; others have another id.
    let other = told.iter().find(|(name, id)| {
        let stem = inner.get(*name).and_then(|config| config.strip_suffix(".json"));
        stem.is_some_and(|stem| id.strip_prefix("sha256:") != Some(stem))
    });
    match other {
        Some((name, id)) => Err(format!("{name} is {id} in its manifest and another one in images.tar")),
        None => Ok(manifest),
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

struct Hashed<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into)?;
        self.hash.update(&into[..read]);
        Ok(read)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Exported {
    config: String,
    repo_tags: Option<Vec<String>>,
}

/// The names in an engine's export, each with the path of its configuration.
fn names_in(export: &mut impl Read) -> Result<Vec<(String, String)>, String> {
    let unreadable = |error: std::io::Error| format!("images.tar cannot be read: {error}");
    let mut found = None;
    for entry in tar::Archive::new(export).entries().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().map_err(unreadable)? != Path::new("manifest.json") {
            continue;
        }
        let mut text = Vec::new();
        entry.take(MANIFEST_MAX).read_to_end(&mut text).map_err(unreadable)?;
        let images: Vec<Exported> =
            serde_json::from_slice(&text).map_err(|error| format!("manifest.json of images.tar: {error}"))?;
        let names = images.into_iter().flat_map(|image| {
            image.repo_tags.unwrap_or_default().into_iter().map(move |name| (name, image.config.clone()))
        });
        // Two of them would leave open which one the engine believes.
        if found.replace(names.collect()).is_some() {
            return Err("images.tar has two manifests".into());
        }
    }
    found.ok_or_else(|| "images.tar names no images".into())
}

/// Checks a bundle from end to end, hands it to the engine, and compares what the engine has then. `done` hears what is
/// going on: bytes handed over of all.
///
/// # Errors
/// See [`BundleError`]. Nothing was changed by any but [`BundleError::OtherId`] and a failure of the engine.
pub async fn load(
    engine: &dyn Engine,
    path: &Path,
    done: impl Fn(u64, u64) + Clone + Send + Sync + 'static,
) -> Result<(Manifest, Vec<Loaded>), BundleError> {
    let checked = path.to_owned();
    let manifest = blocking(move || verify(&checked)).await?;
    let info = engine.info().await?;
    if manifest.architecture != info.architecture {
        let why = format!(
            "holds images for {}, and this engine runs on {}",
            manifest.architecture, info.architecture
        );
        return Err(BundleError::Unfit { path: path.display().to_string(), why });
    }
    let before = engine.images().await?;
    // Checked: there is just this one.
    for part in &manifest.parts {
        engine.load(export_of(path, part.clone(), done.clone())?, LOAD).await?;
    }
    let after = engine.images().await?;
    let mut loaded = Vec::new();
    for image in &manifest.images {
        match after.get(&image.name) {
            Some(found) if found.id == image.id => {}
            found => {
                let found = found.map_or_else(|| "not there".to_owned(), |found| found.id.clone());
                let (name, wanted) = (image.name.clone(), image.id.clone());
                return Err(BundleError::OtherId { name, found, wanted });
            }
        }
        let old = before.get(&image.name).map(|old| old.id.clone());
        loaded.push(Loaded {
            was_there: old.as_ref() == Some(&image.id),
            replaced: old.filter(|old| *old != image.id),
            image: image.clone(),
        });
    }
    Ok((manifest, loaded))
}

struct Spool<F> {
    file: File,
    hash: Sha256,
    at: u64,
    part: Part,
    done: F,
}

impl<F: Fn(u64, u64)> Spool<F> {
    fn piece(&mut self) -> std::io::Result<Option<Bytes>> {
        let left = self.part.size - self.at;
        if left == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
        self.file.read_exact(&mut piece)?;
        self.hash.update(&piece);
        self.at += piece.len() as u64;
        // The file may have changed since it was checked. Without its last piece the engine takes nothing.
        if self.at == self.part.size && hex::encode(self.hash.clone().finalize()) != self.part.sha256 {
            return Err(std::io::Error::other("the bundle changed while it was loaded"));
        }
        (self.done)(self.at, self.part.size);
        Ok(Some(Bytes::from(piece)))
    }
}

/// The engine's export inside a bundle, checked once more on its way.
fn export_of(
    path: &Path,
    part: Part,
    done: impl Fn(u64, u64) + Send + Sync + 'static,
) -> Result<ByteStream, BundleError> {
    let failed = file_error(path);
    let mut file = File::open(path).map_err(&failed)?;
    file.seek(SeekFrom::Start(BLOCK)).map_err(&failed)?;
    let spool = Spool { file, hash: Sha256::new(), at: 0, part, done };
    let pieces = stream::unfold(Some(spool), |spool| async {
        let mut spool = spool?;
        let read = tokio::task::spawn_blocking(move || spool.piece().map(|piece| (piece, spool)));
        match read.await.map_err(std::io::Error::other).flatten() {
            Err(error) => Some((Err(EngineError::Io(error.to_string())), None)),
            Ok((piece, spool)) => piece.map(|piece| (Ok(piece), Some(spool))),
        }
    });
    Ok(pieces.boxed())
}

#[cfg(test)]
mod tests;
