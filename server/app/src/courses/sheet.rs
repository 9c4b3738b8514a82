//! The sheet of a class session: who is expected, who came, what counts of it.

use std::collections::BTreeMap;

use rampart_domain::records::course::{
    ClassAttendance, ClassStay, MarkSource, Standing, TestKind, session_attendance,
};
use rampart_domain::records::{Interval, IntervalSet};
use rampart_store::{ClassMark, ClassSession, NewClassMark, Person, RowsOf, Same, TestResult};

use super::{CourseError, reason};
use crate::clock::new_id;
use crate::{App, AppError};

/// A person at a session.
#[derive(Debug, Clone)]
pub struct ClassRow {
    /// The person; rows that were found to be one stand as one.
    pub person: Person,
    /// As what, each with the id of its row, in the order of the list. Empty for who has a mark and is on no list.
    pub standings: Vec<(Standing, String)>,
    /// Marks that stand, by time.
    pub marks: Vec<ClassMark>,
    /// Marks that were struck out, by time.
    pub struck: Vec<ClassMark>,
    /// What counts.
    pub counted: ClassAttendance,
    /// Score of the test before.
    pub pre: Option<u8>,
    /// Score of the test after.
    pub post: Option<u8>,
}

impl ClassRow {
    /// Is this a trainee?
    #[must_use]
    pub fn is_trainee(&self) -> bool {
        self.standings.iter().any(|(standing, _)| *standing == Standing::Trainee)
    }

    /// The mark to sign out of, if one is open at `now_ms` in the present half-day.
    #[must_use]
    pub fn open(&self, session: &ClassSession, now_ms: i64) -> Option<&ClassMark> {
        let since = super::sign::since(session, false, now_ms);
        self.marks.iter().rev().find(|mark| mark.out_ms.is_none() && mark.in_ms >= since)
    }
}

/// A session's sheet.
#[derive(Debug, Clone)]
pub struct ClassSheet {
    /// The session.
    pub session: ClassSession,
    /// People: trainees first, then by agency and name.
    pub rows: Vec<ClassRow>,
}

/// Half-days as stretches; what cannot be one is left out.
pub(crate) fn halves(session: &ClassSession) -> Vec<Interval> {
    session.halves.iter().filter_map(|(start, end)| Interval::new(*start, *end).ok()).collect()
}

fn score(results: &[TestResult], same: &Same, person: &str, kind: TestKind) -> Option<u8> {
    results
        .iter()
        .rev()
        .find(|one| one.removed_ms.is_none() && one.kind == kind && same.of(&one.person_id) == person)
        .map(|one| one.score)
}

impl App {
    /// The sheet of a session as of now. Of a session that is an exercise, seats and the exercise's own sheet count too, by
    /// its rule.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when the session is not this course's.
    pub async fn class_sheet(&self, course: &str, id: &str) -> Result<ClassSheet, CourseError> {
        let session = self.class_session(course, id).await?;
        Ok(self.sheet_of(session).await?)
    }

    pub(crate) async fn sheet_of(&self, session: ClassSession) -> Result<ClassSheet, AppError> {
        let same = self.store.merges().same().await?;
        let people = self.store.courses().people(&session.id).await?;
        let marks = self.store.class_marks().list(RowsOf::Session(&session.id)).await?;
        let results = self.store.class_marks().results(RowsOf::Session(&session.id)).await?;
        let mut of: BTreeMap<String, Vec<(Standing, String)>> = BTreeMap::new();
        for row in people.into_iter().filter(|row| row.removed_ms.is_none()) {
            of.entry(same.of(&row.person_id).to_owned()).or_default().push((row.standing, row.id));
        }
        for mark in &marks {
            of.entry(same.of(&mark.person_id).to_owned()).or_default();
        }
        // An exercise's people are trainees by their seats.
        let mut seen: BTreeMap<String, IntervalSet> = BTreeMap::new();
        if let Some(exercise) = session.exercise_id.as_deref().filter(|id| self.exercise(id).is_some()) {
            for row in self.attendance(exercise).await? {
                let entry = of.entry(row.person.id.clone()).or_default();
                if entry.iter().all(|(standing, _)| *standing != Standing::Trainee) {
                    entry.push((Standing::Trainee, String::new()));
                }
                seen.insert(row.person.id, row.counted.counted);
            }
        }
        let ids: Vec<String> = of.keys().cloned().collect();
        let halves = halves(&session);
        let now_ms = self.now_ms();
        let mut rows = Vec::with_capacity(ids.len());
        for person in self.store.persons().by_ids(&ids).await? {
            let mut standings = of.remove(&person.id).unwrap_or_default();
            standings.sort();
            let own = |mark: &&ClassMark| same.of(&mark.person_id) == person.id;
            let stands = |mark: &&ClassMark| own(mark) && mark.removed_ms.is_none();
            let kept: Vec<ClassMark> = marks.iter().filter(stands).cloned().collect();
            let stays: Vec<ClassStay> =
                kept.iter().map(|mark| ClassStay { in_ms: mark.in_ms, out_ms: mark.out_ms }).collect();
            let seen = seen.get(&person.id);
            let counted = session_attendance(&halves, session.late_minutes, &stays, seen, now_ms);
            rows.push(ClassRow {
                standings,
                struck: marks.iter().filter(|mark| own(mark) && mark.removed_ms.is_some()).cloned().collect(),
                marks: kept,
                counted,
                pre: score(&results, &same, &person.id, TestKind::Pre),
                post: score(&results, &same, &person.id, TestKind::Post),
                person,
            });
        }
        rows.sort_by(|a, b| {
            let key =
                |row: &ClassRow| (!row.is_trainee(), row.standings.first().map(|(standing, _)| *standing));
            key(a)
                .cmp(&key(b))
                .then_with(|| a.person.agency.cmp(&b.person.agency))
                .then_with(|| a.person.name.cmp(&b.person.name))
                .then_with(|| a.person.id.cmp(&b.person.id))
        });
        Ok(ClassSheet { session, rows })
    }

    /// Enters marks by hand, each (person, in, out): all or none.
    ///
    /// # Errors
    /// [`CourseError::Field`] without a reason, out before in, or in the future; [`CourseError::Missing`] for somebody who is
    /// not on the session's list.
    pub async fn mark_class(
        &self,
        course: &str,
        session: &str,
        source: MarkSource,
        stays: &[(String, i64, Option<i64>)],
        why: &str,
        by: &str,
    ) -> Result<usize, CourseError> {
        let why = reason(why)?;
        let sheet = self.class_sheet(course, session).await?;
        let now_ms = self.now_ms();
        let mut marks = Vec::with_capacity(stays.len());
        for (person, in_ms, out_ms) in stays {
            if !sheet.rows.iter().any(|row| row.person.id == *person) {
                return Err(CourseError::Missing);
            }
            if out_ms.is_some_and(|out_ms| out_ms < *in_ms) {
                return Err(CourseError::field("to", "mark_order"));
            }
            if *in_ms > now_ms || out_ms.is_some_and(|out_ms| out_ms > now_ms) {
                return Err(CourseError::field("to", "mark_future"));
            }
            marks.push(NewClassMark {
                id: new_id(),
                person_id: person.clone(),
                source,
                in_ms: *in_ms,
                out_ms: *out_ms,
            });
        }
        if marks.is_empty() {
            return Err(CourseError::field("from", "required"));
        }
        let detail = format!("session={session} source={} n={}", source.code(), marks.len());
        let line = self.line(Some(by), "class.mark", detail);
        self.store.class_marks().noting(line).add(session, &marks, by, &why, now_ms).await?;
        Ok(marks.len())
    }

    /// Signs somebody out by hand, now.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when the mark is not open.
    pub async fn close_class_mark(
        &self,
        course: &str,
        session: &str,
        mark: &str,
        by: &str,
    ) -> Result<(), CourseError> {
        self.class_session(course, session).await?;
        let line = self.line(Some(by), "class.close", format!("session={session} mark={mark}"));
        let done = self.store.class_marks().noting(line).close(session, mark, self.now_ms()).await?;
        if done { Ok(()) } else { Err(CourseError::Missing) }
    }

    /// Strikes a mark out.
    ///
    /// # Errors
    /// [`CourseError::Field`] without a reason.
    pub async fn strike_class_mark(
        &self,
        course: &str,
        session: &str,
        mark: &str,
        why: &str,
        by: &str,
    ) -> Result<(), CourseError> {
        let why = reason(why)?;
        self.class_session(course, session).await?;
        let line = self.line(Some(by), "class.strike", format!("session={session} mark={mark}"));
        let done =
            self.store.class_marks().noting(line).remove(session, mark, by, &why, self.now_ms()).await?;
        if done { Ok(()) } else { Err(CourseError::Missing) }
    }
}
