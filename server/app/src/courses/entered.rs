//! What was entered by hand at a session, act by act (a paper sheet, a file of stays), and how it is taken back: struck out
//! with a reason, so that source, entry and correction stay readable.

use std::collections::BTreeMap;

use rampart_domain::records::course::MarkSource;
use rampart_store::{ClassMark, Person};

use super::{CourseError, reason};
use crate::App;

/// All that one act entered: one account, one moment, one source.
#[derive(Debug, Clone)]
pub struct EnteredSheet {
    /// When, ms UTC.
    pub at_ms: i64,
    /// Account.
    pub by: String,
    /// Where the times are from.
    pub source: MarkSource,
    /// Why.
    pub reason: String,
    /// Its marks, those taken back too, in the order of the session's list and by time. Never empty.
    pub marks: Vec<(Person, ClassMark)>,
}

impl EnteredSheet {
    /// The mark by which the whole of it is named.
    #[must_use]
    pub fn id(&self) -> &str {
        self.marks.first().map_or("", |(_, mark)| mark.id.as_str())
    }

    /// How many of its marks stand.
    #[must_use]
    pub fn standing(&self) -> usize {
        self.marks.iter().filter(|(_, mark)| mark.removed_ms.is_none()).count()
    }
}

/// What taking back came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenBack {
    /// Marks that were struck out.
    pub marks: usize,
    /// Certificates of these people that stand and that nobody would be given now. Revoking them is a human's decision.
    pub unfounded: usize,
}

impl App {
    /// Paper sheets, and whatever else was entered of several people at once; the latest first, those taken back too.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when the session is not this course's.
    pub async fn entered_sheets(
        &self,
        course: &str,
        session: &str,
    ) -> Result<Vec<EnteredSheet>, CourseError> {
        let sheet = self.class_sheet(course, session).await?;
        let mut acts: BTreeMap<(i64, String, MarkSource), EnteredSheet> = BTreeMap::new();
        for row in sheet.rows {
            let mut marks: Vec<ClassMark> = row.marks.into_iter().chain(row.struck).collect();
            marks.sort_by(|a, b| (a.in_ms, &a.id).cmp(&(b.in_ms, &b.id)));
            for mark in marks {
                let Some(by) = mark.by_account.clone() else { continue };
                let act = acts.entry((mark.at_ms, by.clone(), mark.source)).or_insert_with(|| EnteredSheet {
                    at_ms: mark.at_ms,
                    by,
                    source: mark.source,
                    reason: mark.reason.clone(),
                    marks: Vec::new(),
                });
                act.marks.push((row.person.clone(), mark));
            }
        }
        Ok(acts
            .into_values()
            .rev()
            .filter(|act| act.source == MarkSource::Sheet || act.marks.len() > 1)
            .collect())
    }

    /// Takes back a mark of an entered sheet, or with `whole` all that still stands of that sheet.
    ///
    /// # Errors
    /// [`CourseError::Field`] without a reason; [`CourseError::Missing`] when nothing of it stands, or the mark belongs to no
    /// entered sheet of the session.
    pub async fn take_back_entered(
        &self,
        course: &str,
        session: &str,
        (mark, whole): (&str, bool),
        why: &str,
        by: &str,
    ) -> Result<TakenBack, CourseError> {
        let why = reason(why)?;
        let sheets = self.entered_sheets(course, session).await?;
        let sheet = sheets.into_iter().find(|sheet| sheet.marks.iter().any(|(_, one)| one.id == mark));
        let sheet = sheet.ok_or(CourseError::Missing)?;
        let detail = format!("session={session} mark={mark}");
        let now_ms = self.now_ms();
        let marks = self.store.class_marks();
        let struck = if whole {
            let line = self.line(Some(by), "class.take_back", detail);
            marks.noting(line).remove_entered(session, mark, by, &why, now_ms).await?
        } else {
            let line = self.line(Some(by), "class.strike", detail);
            let done = marks.noting(line).remove(session, mark, by, &why, now_ms).await?;
            if done { vec![mark.to_owned()] } else { Vec::new() }
        };
        if struck.is_empty() {
            return Err(CourseError::Missing);
        }
        let (_, standing) = self.course_standing(course).await?;
        let concerned =
            |id: &str| sheet.marks.iter().any(|(person, mark)| person.id == id && struck.contains(&mark.id));
        let unfounded = standing.iter().filter(|row| row.is_unfounded() && concerned(&row.person.id)).count();
        Ok(TakenBack { marks: struck.len(), unfounded })
    }
}
