//! Tables and papers as files. Setting a paper takes a processor for tenths of a second and fonts of tens of megabytes: one
//! at a time (see [`crate::press`]), away from the threads that answer.

use std::io::{BufWriter, Seek as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rampart_documents::{Fonts, FontsMissing, Paper, PrintError};
use rampart_domain::ledger::CheckpointKey;
use rampart_domain::records::Table;

use crate::press::{self, Turn};
use crate::records::package::{self, Package};
use crate::records::{ExportError, Exporter, Format, Outgoing};
use crate::{App, AppError};

/// The fonts, once they were found, and the key that seals.
pub(crate) struct Papers {
    places: Vec<PathBuf>,
    key: CheckpointKey,
    fonts: Mutex<Option<Arc<Fonts>>>,
}

impl Papers {
    /// With fonts from these folders and files.
    pub(crate) fn new(places: Vec<PathBuf>, key: CheckpointKey) -> Arc<Self> {
        Arc::new(Self { places, key, fonts: Mutex::default() })
    }

    /// Looked for again as long as there are none, so that they can be installed meanwhile.
    fn fonts(&self) -> Result<Arc<Fonts>, FontsMissing> {
        let mut known = self.fonts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fonts) = known.as_ref() {
            return Ok(fonts.clone());
        }
        let fonts = Arc::new(Fonts::find(&self.places)?);
        for package in fonts.missing() {
            tracing::warn!(package, "fonts are missing; papers know fewer characters without them");
        }
        Ok(known.insert(fonts).clone())
    }
}

/// A table to hand out, with what stands around it.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub table: Table,
    pub number: &'static str,
    /// As stated at the foot.
    pub edition: &'static str,
    pub as_of_ms: i64,
}

impl From<ExportError> for AppError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Fonts(missing) => Self::Fonts(missing),
            ExportError::Print(error) => error.into(),
            other => Self::Inner(other.to_string()),
        }
    }
}

impl From<PrintError> for AppError {
    fn from(error: PrintError) -> Self {
        match error {
            PrintError::Characters(missing) => Self::Characters(missing),
            other => Self::Inner(other.to_string()),
        }
    }
}

impl App {
    /// The fonts of this machine.
    ///
    /// # Errors
    /// [`FontsMissing`] says where was looked and what to install.
    pub fn fonts(&self) -> Result<Arc<Fonts>, FontsMissing> {
        self.papers.fonts()
    }

    /// Makes a file, away from the threads that answer. The turn lasts until it is made, also when nobody waits for it any
    /// more.
    async fn making<T: Send + 'static>(
        &self,
        turn: Turn,
        make: impl FnOnce(&Exporter<'_>) -> Result<T, ExportError> + Send + 'static,
    ) -> Result<T, AppError> {
        let papers = self.papers.clone();
        let made = press::behind_all(move || {
            let _turn = turn;
            make(&Exporter::new(Box::new(|| papers.fonts()), &papers.key))
        });
        Ok(made.await??)
    }

    /// A table as a file.
    pub(crate) async fn file_of(
        &self,
        turn: Turn,
        sheet: Sheet,
        organisation: String,
        format: Format,
    ) -> Result<Vec<u8>, AppError> {
        self.making(turn, move |exporter| {
            let Sheet { table, number, edition, as_of_ms } = &sheet;
            let out = Outgoing { table, number, organisation: &organisation, edition, as_of_ms: *as_of_ms };
            exporter.file(&out, format)
        })
        .await
    }

    /// The name of a package, and its bytes in a file without a name, read from its beginning: it is made whole before the
    /// first byte goes out, so that what stands in its way is told and not met halfway.
    pub(crate) async fn packed(
        &self,
        turn: Turn,
        package: impl FnOnce() -> Package + Send + 'static,
    ) -> Result<(String, std::fs::File), AppError> {
        self.making(turn, move |exporter| {
            let package = package();
            let file = tempfile::tempfile()?;
            let mut out = BufWriter::new(&file);
            package::write(&package, exporter, &mut out)?;
            out.flush()?;
            drop(out);
            (&file).rewind()?;
            Ok((package.file_name(), file))
        })
        .await
    }

    /// Prints a paper and seals it with the key of this installation.
    ///
    /// # Errors
    /// [`AppError::Fonts`] and [`AppError::Characters`] are for people to read.
    pub(crate) async fn printed(
        &self,
        turn: Turn,
        paper: impl Paper + Send + 'static,
    ) -> Result<Vec<u8>, AppError> {
        self.making(turn, move |exporter| exporter.paper(&paper)).await
    }
}
