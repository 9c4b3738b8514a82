//! Files of a seat: a look into the home folder of its own workstation, one file out of it, one file into `uploads`.
//!
//! Everything runs in the workstation as the seat's user (`workstation.py`, Python of the base image), so the
//! container's permissions hold: whoever owns the container can at most lie about its own files. Nothing is held whole
//! in memory on the way, in either direction.

mod name;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rampart_engine::{EngineError, ExecSpec, Pipe, PipeControl, PipeSpec};
use scoreboard::Side;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::App;
use crate::exercise::Exercise;
use crate::workstation::{self, WorkstationError};

pub use name::{is_path, safe_name};

/// Longest file that goes in, bytes.
pub const UPLOAD_LIMIT: u64 = 50 << 20;
/// All that may lie in the folder `uploads`, bytes.
pub const UPLOADS_QUOTA: u64 = 200 << 20;
/// Longest file that comes out, bytes.
pub const DOWNLOAD_LIMIT: u64 = 200 << 20;
/// Entries of a folder that are shown.
pub const ENTRIES_MOST: usize = 500;

const SCRIPT: &str = include_str!("workstation.py");
/// Room for the names and sizes of [`ENTRIES_MOST`] entries, each byte of a name written as `\u0000` at the worst.
const LIST_LIMIT: usize = 2 << 20;
const LIST_WITHIN_MS: u64 = 10_000;
/// The longest that a workstation may take for the next piece.
const IDLE: Duration = Duration::from_secs(20);
/// Longest first line of an answer, bytes.
const HEAD_LIMIT: usize = 4096;

/// Why a file does not go where it was to go. Each has a text in the locale files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The workstation is not there.
    #[error(transparent)]
    Workstation(#[from] WorkstationError),
    /// The name or path is none.
    #[error("no name for a file")]
    Name,
    /// There is no such file.
    #[error("no such file")]
    Missing,
    /// A folder, a link, a device: nothing that can be read to its end.
    #[error("no plain file")]
    Kind,
    /// The workstation's own permissions refuse it.
    #[error("not allowed in the workstation")]
    Denied,
    /// Longer than so many bytes.
    #[error("longer than {0} bytes")]
    Large(u64),
    /// The folder `uploads` or the disk is full.
    #[error("no room")]
    Full,
    /// It was broken off on the way.
    #[error("broken off")]
    Broken,
    /// The workstation did not answer as it should.
    #[error("the workstation answered: {0}")]
    Odd(String),
}

impl From<EngineError> for FileError {
    fn from(error: EngineError) -> Self {
        Self::Workstation(error.into())
    }
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Last change, ms UTC.
    pub changed_ms: i64,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A folder.
    Folder,
    /// A plain file.
    File,
    /// A link, a pipe, a device: shown, never read.
    Other,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Listing {
    /// Folders first, then by name.
    pub entries: Vec<Entry>,
    /// There are more.
    pub cut: bool,
}

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Saved {
    /// Its name in `uploads`: with a number if the one wanted was taken.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

#[derive(Deserialize)]
struct Head {
    size: u64,
}

/// Reads an answer of the script. It comes from a container that its user owns: anything may stand in it.
fn read<T: for<'de> Deserialize<'de>>(line: &[u8], limit: u64) -> Result<T, FileError> {
    if let Ok(answer) = serde_json::from_slice(line) {
        return Ok(answer);
    }
    let Ok(Refused { error }) = serde_json::from_slice(line) else {
        let text: String = String::from_utf8_lossy(line).chars().take(200).collect();
        return Err(FileError::Odd(text));
    };
    Err(match error.as_str() {
        "name" => FileError::Name,
        "missing" => FileError::Missing,
        "kind" => FileError::Kind,
        "denied" => FileError::Denied,
        "large" => FileError::Large(limit),
        "full" => FileError::Full,
        "broken" => FileError::Broken,
        _ => FileError::Odd(error.chars().take(200).collect()),
    })
}

fn argv(words: &[&str]) -> Vec<String> {
    ["python3", "-I", "-c", SCRIPT].iter().chain(words).map(|word| (*word).to_owned()).collect()
}

/// What lies in a folder below the home of a seat's user; empty is the home itself.
///
/// # Errors
/// See [`FileError`].
pub async fn list(
    app: &App,
    exercise: &Exercise,
    (range, side): (u16, Side),
    path: &str,
) -> Result<Listing, FileError> {
    let workstation = workstation::of(exercise, range, side)?;
    if !path.is_empty() && !is_path(path) {
        return Err(FileError::Name);
    }
    let spec = ExecSpec::new(argv(&["list", path, &ENTRIES_MOST.to_string()]))
        .user(&workstation.user)
        .timeout_ms(LIST_WITHIN_MS)
        .limit(LIST_LIMIT);
    let out = app.fleet.range(&exercise.id)?.exec(&workstation.container, spec).await?;
    let mut listing: Listing = read(&out.stdout, 0)?;
    listing.entries.sort_by(|a, b| (a.kind != Kind::Folder, &a.name).cmp(&(b.kind != Kind::Folder, &b.name)));
    Ok(listing)
}

/// A file on its way out.
pub struct Outgoing {
    /// Bytes that will come.
    pub size: u64,
    /// The bytes. Fewer than [`Outgoing::size`] mean that it was broken off.
    pub reader: Pin<Box<dyn AsyncRead + Send>>,
    /// Ends the reading command when dropped.
    pub control: Arc<dyn PipeControl>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outgoing({} bytes)", self.size)
    }
}

/// Opens a file below the home of a seat's user.
///
/// # Errors
/// See [`FileError`].
pub async fn open(
    app: &App,
    exercise: &Exercise,
    (range, side): (u16, Side),
    path: &str,
) -> Result<Outgoing, FileError> {
    let workstation = workstation::of(exercise, range, side)?;
    if !is_path(path) {
        return Err(FileError::Name);
    }
    let spec = PipeSpec::new(&workstation.user, argv(&["get", path, &DOWNLOAD_LIMIT.to_string()]));
    let Pipe { mut reader, mut writer, control } =
        app.fleet.range(&exercise.id)?.pipe(&workstation.container, spec).await?;
    let _ = writer.shutdown().await;
    let head = timeout(IDLE, first_line(&mut reader)).await.map_err(|_| FileError::Broken)??;
    let Head { size } = read(&head, DOWNLOAD_LIMIT)?;
    if size > DOWNLOAD_LIMIT {
        return Err(FileError::Large(DOWNLOAD_LIMIT));
    }
    Ok(Outgoing { size, reader: Box::pin(reader.take(size)), control })
}

/// The first line and nothing behind it.
async fn first_line(reader: &mut Pin<Box<dyn AsyncRead + Send>>) -> Result<Vec<u8>, FileError> {
    let mut line = Vec::new();
    while line.len() < HEAD_LIMIT {
        match reader.read_u8().await {
            Ok(b'\n') => return Ok(line),
            Ok(byte) => line.push(byte),
            Err(_) if line.is_empty() => return Err(FileError::Broken),
            Err(_) => return Ok(line),
        }
    }
    Err(FileError::Odd("no end of the first line".into()))
}

/// A file on its way in. Dropped before [`Incoming::finish`], nothing of it stays.
pub struct Incoming {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    writer: Pin<Box<dyn AsyncWrite + Send>>,
    control: Arc<dyn PipeControl>,
    sent: u64,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Incoming({} bytes)", self.sent)
    }
}

/// Begins a file in the folder `uploads` of a seat's user. `name` is made safe first.
///
/// # Errors
/// See [`FileError`].
pub async fn receive(
    app: &App,
    exercise: &Exercise,
    (range, side): (u16, Side),
    name: &str,
) -> Result<Incoming, FileError> {
    let workstation = workstation::of(exercise, range, side)?;
    let words = ["put", &safe_name(name), &UPLOAD_LIMIT.to_string(), &UPLOADS_QUOTA.to_string()];
    let spec = PipeSpec::new(&workstation.user, argv(&words));
    let Pipe { reader, writer, control } =
        app.fleet.range(&exercise.id)?.pipe(&workstation.container, spec).await?;
    Ok(Incoming { reader, writer, control, sent: 0 })
}

impl Incoming {
    /// Sends a piece on, as fast as the workstation takes it.
    ///
    /// # Errors
    /// [`FileError::Large`] beyond the limit; else what the workstation says.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.sent += bytes.len() as u64;
        if self.sent > UPLOAD_LIMIT {
            return Err(FileError::Large(UPLOAD_LIMIT));
        }
        let length = u32::try_from(bytes.len()).map_err(|_| FileError::Large(UPLOAD_LIMIT))?;
        let write = async {
            self.writer.write_all(&length.to_be_bytes()).await?;
            self.writer.write_all(bytes).await
        };
        match timeout(IDLE, write).await {
            Ok(Ok(())) => Ok(()),
            // The other side has ended; it says why.
            Ok(Err(_)) => Err(self.answer().await.err().unwrap_or(FileError::Broken)),
            Err(_) => Err(FileError::Broken),
        }
    }

    /// All of it is there.
    ///
    /// # Errors
    /// What the workstation says.
    pub async fn finish(mut self) -> Result<Saved, FileError> {
        // An end that cannot be written has its reason in the answer, too.
        let _ = timeout(IDLE, self.writer.write_all(&[0; 4])).await;
        let _ = self.writer.shutdown().await;
        let saved = self.answer().await?;
        let _ = self.control.code().await;
        Ok(saved)
    }

    async fn answer(&mut self) -> Result<Saved, FileError> {
        let line = timeout(IDLE, first_line(&mut self.reader)).await.map_err(|_| FileError::Broken)??;
        read(&line, UPLOAD_LIMIT)
    }
}

impl App {
    /// Writes a transfer into the audit trail: which way, seat, bytes and the hash of what passed; never a file's name.
    pub async fn note_file(&self, exercise: &str, seat: &str, inward: bool, bytes: u64, sha256: &str) {
        let what = if inward { "file.upload" } else { "file.download" };
        self.note(None, what, format!("{exercise} {seat} {bytes} {sha256}")).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_workstation_are_not_believed_blindly() {
        let saved: Result<Saved, _> = read(br#"{"name":"a","size":3}"#, 9);
        assert_eq!(saved, Ok(Saved { name: "a".into(), size: 3 }));
        let refused = |line: &[u8]| read::<Saved>(line, 9);
        assert_eq!(refused(br#"{"error":"large"}"#), Err(FileError::Large(9)));
        assert_eq!(refused(br#"{"error":"kind"}"#), Err(FileError::Kind));
        for odd in [&b""[..], b"\xff", b"[]", b"{}", br#"{"error":7}"#, br#"{"error":"<b>"}"#] {
            assert!(matches!(refused(odd), Err(FileError::Odd(_))), "{odd:?}");
        }
    }
}
