//! Standings and points as files. What is in them is said by whoever asks; here they become bytes.

use std::sync::Arc;

use rampart_documents::{ScorePaper, ScoreSheet};
use rampart_domain::records::Cell;

use crate::records::Format;
use crate::records::sheets::{self, Sheet};
use crate::{App, AppError};

/// Papers that were set last and may be asked for again.
const KEPT: usize = 16;

/// Scores of one exercise at one position of its ledger, as an audience may see them.
#[derive(Debug, Clone)]
pub struct Scores {
    /// The tables as files have them: standings, then points where they were asked for.
    pub sheets: Vec<Sheet>,
    /// What paper says besides; `None` while none is asked for.
    pub paper: Option<ScoreWords>,
    /// When the ledger reached the position, ms UTC.
    pub as_of_ms: i64,
}

/// The sheets as paper has them, where each side has a table of its own, and the words around.
#[derive(Debug, Clone)]
pub struct ScoreWords {
    /// Title.
    pub title: String,
    /// Lines under it, the ledger position among them.
    pub facts: Vec<String>,
    /// Sheets: the name is the heading.
    pub sheets: Vec<Sheet>,
    /// Foot of each page, at the right.
    pub mark: String,
    /// Words around the number of a page and of all pages.
    pub page: [String; 3],
    /// After the title at the head of each page but the first.
    pub continued: String,
}

/// Papers that were set, newest last: exercise, what, for whom, in which language, at which position.
#[derive(Debug, Default)]
pub(crate) struct SetPapers(tokio::sync::Mutex<Vec<(String, Arc<[u8]>)>>);

impl App {
    /// Scores as a file.
    ///
    /// # Errors
    /// [`AppError::Fonts`] and [`AppError::Characters`] are for people to read; a paper without [`Scores::paper`] is refused.
    pub async fn score_file(&self, scores: Scores, format: Format) -> Result<Vec<u8>, AppError> {
        let Scores { sheets, paper, as_of_ms } = scores;
        if format != Format::Pdf {
            let made = tokio::task::spawn_blocking(move || match (format, sheets.last()) {
                (Format::Csv, Some(last)) => sheets::csv(last),
                (Format::Xlsx, _) => sheets::xlsx(&sheets),
                _ => sheets::ods(&sheets, as_of_ms),
            });
            return Ok(made.await.map_err(|error| AppError::Inner(error.to_string()))??);
        }
        let paper = paper.ok_or_else(|| AppError::Inner("a paper without words".into()))?;
        let head = self.paper_head(i64::MAX).await?;
        let sheet = |sheet: Sheet| ScoreSheet {
            title: sheet.name,
            columns: sheet.columns,
            rows: sheet.rows.into_iter().map(|row| row.into_iter().map(printable).collect()).collect(),
        };
        let paper = ScorePaper {
            title: paper.title,
            organisation: head.organisation,
            facts: paper.facts,
            sheets: paper.sheets.into_iter().map(sheet).collect(),
            foot: head.foot.unwrap_or_default(),
            mark: paper.mark,
            page: paper.page,
            continued: paper.continued,
            as_of_ms,
        };
        // One at a time for all who look on, see `set_once`.
        let turn = self.press.turn("scores").await?;
        self.printed(turn, paper).await
    }

    /// Papers are set anew from now on, as what stands on all of them has changed.
    pub(crate) async fn forget_papers(&self) {
        self.set_papers.0.lock().await.clear();
    }

    /// A paper that was set for this key, or the one that `make` gives. Setting one takes a processor for as long as a
    /// spectator without an account could ask again: all who ask at the same position get the same.
    ///
    /// # Errors
    /// What `make` says.
    pub async fn set_once<E>(
        &self,
        key: String,
        make: impl Future<Output = Result<Vec<u8>, E>>,
    ) -> Result<Vec<u8>, E> {
        let mut kept = self.set_papers.0.lock().await;
        if let Some((_, bytes)) = kept.iter().find(|(known, _)| *known == key) {
            return Ok(bytes.to_vec());
        }
        let bytes = make.await?;
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((key, bytes.clone().into()));
        Ok(bytes)
    }
}

/// Text as fonts can show it: what a team wrote may hold characters that move or hide others.
fn printable(cell: Cell) -> Cell {
    match cell {
        Cell::Text(text) if text.chars().any(char::is_control) => {
            Cell::Text(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
        }
        other => other,
    }
}
