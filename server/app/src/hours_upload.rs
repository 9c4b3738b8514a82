//! The file of hours for the civil servants' portal, with ID numbers that are given once and kept nowhere: they are in the
//! request and in the file that goes back.

use std::io::{Cursor, Write as _};

use rampart_domain::records::course::Mode;
use rampart_domain::records::portal::{self, Category, Class, Fault, Learner, Left, Numbers, Profile};
use rampart_store::{Officer, Purpose};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::clock::new_id;
use crate::records::{big5, guarded};
use crate::statistics::Export;
use crate::{App, AppError};

/// What an officer asks for.
#[derive(Clone)]
pub struct UploadWish {
    /// Profile of columns.
    pub profile: Profile,
    /// Category of the class.
    pub category: Category,
    /// Code of the county, one of [`portal::COUNTIES`].
    pub county: String,
    /// 期別.
    pub batch: String,
    /// Hours are online instead of in a room.
    pub digital: bool,
    /// The list of ID numbers, one person a line.
    pub numbers: String,
}

impl std::fmt::Debug for UploadWish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadWish").field("profile", &self.profile.id).finish_non_exhaustive()
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Lines of the list that are no pair of staff number and ID number, counted from 1.
    #[error("lines {0:?} of the list are not in order")]
    Lines(Vec<usize>),
    /// What is wrong, of all people at once.
    #[error("{} people have faults", .0.len())]
    Faults(Vec<Fault>),
    /// Nobody has a row: no public official attended.
    #[error("nobody is to be entered")]
    Nobody,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

impl App {
    /// The hours of an exercise for the portal: a container with the files and with a list of who has no row. An audit line
    /// says that it went out.
    ///
    /// # Errors
    /// See [`UploadError`]; nothing went out then.
    pub async fn hours_upload(
        &self,
        exercise: &str,
        wish: &UploadWish,
        officer: &Officer,
    ) -> Result<Export, UploadError> {
        let (numbers, wrong) = portal::read_numbers(&wish.numbers);
        if !wrong.is_empty() {
            return Err(UploadError::Lines(wrong));
        }
        let row = self.store.exercises().get(exercise).await.map_err(AppError::from)?;
        let row = row.ok_or(AppError::Missing("exercise"))?.exercise;
        let learners: Vec<Learner> = self
            .attendance(exercise)
            .await?
            .into_iter()
            .map(|one| {
                let spans = one.counted.counted.stretches();
                let came = spans.first().map_or(row.starts_ms, |span| span.start_ms());
                let went = spans.last().map_or(row.ends_ms, |span| span.end_ms());
                Learner {
                    staff_no: one.person.staff_no,
                    name: one.person.name,
                    identity: one.person.identity,
                    seconds: one.counted.seconds,
                    stayed: (came, went),
                    score: None,
                    certificate: String::new(),
                }
            })
            .collect();
        let class = Class {
            course: row.title.clone(),
            code: row.code.clone(),
            category: wish.category,
            county: wish.county.clone(),
            batch: wish.batch.clone(),
            planned: (row.starts_ms, row.ends_ms),
            mode: if wish.digital { Mode::Digital } else { Mode::Physical },
            digital_seconds: 0,
        };
        // The county is an invented one, so are its people.
        let kind = Numbers::Drill;
        let lists = portal::lists(&wish.profile, &class, &learners, &numbers, kind, big5::lacks)
            .map_err(UploadError::Faults)?;
        if lists.files.is_empty() {
            return Err(UploadError::Nobody);
        }
        let headings: Vec<String> = wish.profile.headings().map(str::to_owned).collect();
        let parts = lists.files.len();
        let mut files = Vec::new();
        for (part, rows) in lists.files.into_iter().enumerate() {
            let rows: Vec<Vec<String>> = std::iter::once(headings.clone()).chain(rows).collect();
            let bytes = big5::file(&rows)
                .ok_or_else(|| AppError::Inner("a heading of the profile is not in Big5".to_owned()))?;
            files.push((portal::file_name(&class, part, parts, kind), bytes));
        }
        files.push((portal::left_name(&class), left(&lists.left)));
        let name = portal::file_name(&class, 0, 1, kind).replace(".csv", ".zip");
        let bytes = packed(&files).map_err(|error| AppError::Inner(error.to_string()))?;
        let detail = format!("hours CSV {}", row.code);
        let purpose = Purpose { audit_id: &new_id(), at_ms: self.now_ms(), detail: &detail };
        // Nothing personal is read here; the view checks the role again and writes the line.
        self.store.as_officer(officer).export(purpose, &[]).await.map_err(AppError::from)?;
        Ok(Export { name, media_type: "application/zip", bytes })
    }
}

/// Who has no row, for a person to read: UTF-8 with mark.
fn left(left: &[(Left, Learner)]) -> Vec<u8> {
    let mut out = String::from("\u{feff}");
    for cells in std::iter::once(portal::LEFT_HEAD.map(str::to_owned))
        .chain(left.iter().map(|(why, one)| [one.staff_no.clone(), one.name.clone(), why.words().to_owned()]))
    {
        let quoted = cells.map(|cell| format!("\"{}\"", guarded(&cell).replace('"', "\"\"")));
        out.push_str(&quoted.join(","));
        out.push_str("\r\n");
    }
    out.into_bytes()
}

fn packed(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .last_modified_time(DateTime::default())
        .compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
