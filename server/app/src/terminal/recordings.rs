//! What can be done with recordings once they are there.

use std::io;
use std::path::PathBuf;
use std::sync::Weak;
use std::time::Duration;

use rampart_store::{Recording, RecordingState, Seal, StoreError};
use tokio_util::sync::CancellationToken;

use super::{Terminals, reel};
use crate::App;

/// How often old recordings are looked for.
const SWEEP: Duration = Duration::from_secs(3600);

/// Why a recording cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// There is none with this id in this exercise, or it is deleted.
    #[error("no such recording")]
    Missing,
    /// Its file cannot be read or removed.
    #[error("file of recording {id}: {source}")]
    File {
        /// Recording.
        id: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A recording whose file is there.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What is known of it.
    pub recording: Recording,
    /// Its file.
    pub path: PathBuf,
}

impl App {
    /// After so many ms recordings are deleted without anybody's doing; `None` leaves it to the purge.
    #[must_use]
    pub fn recordings_limit_ms(&self) -> Option<i64> {
        self.terminals.0.rules.keep_ms
    }

    /// A recording of an exercise whose file is there. One that is still made has what was written so far.
    ///
    /// # Errors
    /// See [`RecordingError`].
    pub async fn recording(&self, exercise: &str, id: &str) -> Result<Kept, RecordingError> {
        let known = self.store.recordings().by_id(id).await?;
        let recording = known
            .filter(|one| one.exercise_id == exercise && one.removed_ms.is_none())
            .ok_or(RecordingError::Missing)?;
        let path = reel::path(&self.terminals.0.rules.recordings_dir, exercise, &recording.id);
        Ok(Kept { recording, path })
    }

    /// Is the file what was sealed? `None` while there is no seal.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn is_sealed_as_kept(&self, kept: &Kept) -> Result<Option<bool>, RecordingError> {
        let Some(sealed) = kept.recording.sha256.clone() else { return Ok(None) };
        let path = kept.path.clone();
        let hash = tokio::task::spawn_blocking(move || reel::hash(&path))
            .await
            .map_err(io::Error::other)
            .and_then(|hash| hash);
        match hash {
            Ok(hash) => Ok(Some(hash == sealed)),
            // A recording that never had a file has the hash of nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(false)),
            Err(source) => Err(RecordingError::File { id: kept.recording.id.clone(), source }),
        }
    }

    /// Notes that staff played a recording or took its file away.
    pub async fn note_replay(&self, kept: &Kept, account: &str, taken_away: bool) {
        let what = if taken_away { "recording.download" } else { "recording.play" };
        let detail = format!("{} {}", kept.recording.exercise_id, kept.recording.id);
        self.note(Some(account), what, detail).await;
    }

    /// Deletes the sealed recordings of an exercise; how many. Whose they were and their seals stay.
    ///
    /// # Errors
    /// The first file that cannot be removed; those before it are gone.
    pub async fn delete_recordings(&self, exercise: &str, account: &str) -> Result<usize, RecordingError> {
        let list = self.store.recordings().list(exercise).await?;
        let sealed = |one: &Recording| one.state != RecordingState::Open && one.removed_ms.is_none();
        let mut count = 0;
        for recording in list.into_iter().filter(sealed) {
            self.delete(&recording).await?;
            count += 1;
        }
        if count > 0 {
            self.note(Some(account), "recording.delete", format!("{exercise} {count}")).await;
        }
        Ok(count)
    }

    async fn delete(&self, recording: &Recording) -> Result<(), RecordingError> {
        let path = reel::path(&self.terminals.0.rules.recordings_dir, &recording.exercise_id, &recording.id);
        match tokio::fs::remove_file(&path).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(RecordingError::File { id: recording.id.clone(), source }),
        }
        self.store.recordings().remove(&recording.id, self.now_ms()).await?;
        Ok(())
    }

    /// Deletes what is older than the server's limit.
    async fn delete_old(&self) -> Result<(), RecordingError> {
        let Some(keep_ms) = self.recordings_limit_ms() else { return Ok(()) };
        self.delete_recordings_before(self.now_ms() - keep_ms, None).await?;
        Ok(())
    }

    /// Deletes recordings that ended before a moment; how many. `by` is the account that does it.
    pub(crate) async fn delete_recordings_before(
        &self,
        before_ms: i64,
        by: Option<&str>,
    ) -> Result<usize, RecordingError> {
        let old = self.store.recordings().older(before_ms).await?;
        for recording in &old {
            self.delete(recording).await?;
        }
        if !old.is_empty() {
            self.note(by, "recording.expire", old.len().to_string()).await;
        }
        Ok(old.len())
    }

    /// Deletes old recordings now and then, until the end.
    pub(crate) async fn keep_recordings(app: Weak<Self>, stop: CancellationToken) {
        loop {
            {
                let Some(app) = app.upgrade() else { return };
                if let Err(error) = app.delete_old().await {
                    tracing::error!(%error, "old recordings were not deleted");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(SWEEP) => {}
            }
        }
    }
}

impl Terminals {
    /// Seals what a killed server left open, as far as it is whole.
    pub(crate) async fn mend(&self) -> Result<(), StoreError> {
        for recording in self.0.store.recordings().open().await? {
            let path = reel::path(&self.0.rules.recordings_dir, &recording.exercise_id, &recording.id);
            let mended = tokio::task::spawn_blocking(move || reel::mend(&path))
                .await
                .map_err(io::Error::other)
                .and_then(|mended| mended);
            match mended {
                Ok((bytes, sha256, length_ms)) => {
                    let seal = Seal {
                        at_ms: recording.started_ms + length_ms,
                        length_ms,
                        bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
                        sha256,
                        skipped: 0,
                        state: RecordingState::Broken,
                    };
                    self.0.store.recordings().seal(&recording.id, &seal).await?;
                }
                Err(error) => {
                    tracing::error!(%error, recording = recording.id, "a recording could not be sealed");
                }
            }
        }
        Ok(())
    }

    /// Counts what the recordings of an exercise hold already.
    pub(crate) async fn count(&self, exercise: &str) -> Result<(), StoreError> {
        let list = self.0.store.recordings().list(exercise).await?;
        let there =
            list.iter().filter(|one| one.removed_ms.is_none()).filter_map(|one| one.bytes).sum::<i64>();
        let used = self.allowance(exercise).used;
        used.store(u64::try_from(there).unwrap_or(0), std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}
