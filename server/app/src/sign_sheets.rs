//! Sheets to sign, on paper: of a class session by its half-days, of an exercise by the parts of its days.

use rampart_documents::{SignInDay, SignInHalf, SignInLine, SignInSheet};
use rampart_domain::records::{RocDate, paper};
use rampart_store::Person;

use crate::courses::CourseError;
use crate::press::Turn;
use crate::records::Format;
use crate::records_settings::PaperHead;
use crate::statistics::Export;
use crate::{App, AppError};

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Empty lines at the end of a sheet.
const SPARE: u8 = 5;
/// Days of an exercise that are printed at most; who plans more of them prints by the session of a course.
const DAYS_MAX: usize = 31;
/// Where the parts of a day end, hours.
const PARTS: [i64; 3] = [12, 18, 24];

fn line(person: &Person) -> SignInLine {
    SignInLine { agency: person.agency.clone(), title: person.grade.clone(), name: person.name.clone() }
}

/// The part of the day in which a moment lies, by its place in [`paper::SIGN_IN_HALVES`].
fn part(ms: i64) -> usize {
    let hour = (ms - RocDate::of_ms(ms).start_ms()) / HOUR_MS;
    PARTS.iter().position(|end| hour < *end).unwrap_or(PARTS.len() - 1)
}

/// Half days by the day on which each begins.
fn days(halves: impl IntoIterator<Item = (i64, i64)>) -> Vec<SignInDay> {
    let mut days: Vec<SignInDay> = Vec::new();
    for planned in halves {
        let day = RocDate::of_ms(planned.0);
        let half = SignInHalf { name: paper::SIGN_IN_HALVES[part(planned.0)], planned };
        match days.last_mut().filter(|last| last.day == day) {
            Some(last) => last.halves.push(half),
            None => days.push(SignInDay { day, halves: vec![half] }),
        }
    }
    days
}

/// A stretch of time, cut where a part of the day ends.
fn cut(from_ms: i64, to_ms: i64) -> Vec<(i64, i64)> {
    let mut parts = Vec::new();
    let mut at = from_ms;
    while at < to_ms && parts.len() < DAYS_MAX * PARTS.len() {
        let end = RocDate::of_ms(at).start_ms() + PARTS[part(at)] * HOUR_MS;
        parts.push((at, end.min(to_ms)));
        at = end;
    }
    parts
}

impl App {
    async fn sign_sheet(&self, turn: Turn, sheet: SignInSheet) -> Result<Export, AppError> {
        let code = rampart_domain::records::table::file_part(&sheet.code);
        let name = format!("{}_{code}.{}", paper::SIGN_IN, Format::Pdf.ending());
        let bytes = self.printed(turn, sheet).await?;
        Ok(Export { name, media_type: Format::Pdf.media_type(), bytes })
    }

    fn blank_sheet(&self, head: PaperHead, course: &str, code: &str, place: &str) -> SignInSheet {
        SignInSheet {
            course: course.to_owned(),
            code: code.to_owned(),
            days: Vec::new(),
            place: place.to_owned(),
            people: Vec::new(),
            spare: SPARE,
            rule: String::new(),
            organisation: head.organisation,
            foot: head.foot,
            as_of_ms: self.now_ms(),
        }
    }

    /// The sheet of a class session for its trainees: columns for each half-day, each day on pages of its own.
    /// `person` is who asks.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when the session is not this course's; [`AppError::Fonts`] and [`AppError::Characters`] are
    /// for people to read.
    pub async fn class_sign_sheet(
        &self,
        course: &str,
        id: &str,
        person: &str,
    ) -> Result<Export, CourseError> {
        let turn = self.press.turn(person).await?;
        let sheet = self.class_sheet(course, id).await?;
        let of = self.course(course).await?;
        let session = &sheet.session;
        let head = self.paper_head(i64::MAX).await?;
        Ok(self
            .sign_sheet(
                turn,
                SignInSheet {
                    days: days(session.halves.iter().copied()),
                    people: sheet
                        .rows
                        .iter()
                        .filter(|row| row.is_trainee())
                        .map(|row| line(&row.person))
                        .collect(),
                    rule: paper::sign_in_rule(session.late_minutes),
                    ..self.blank_sheet(head, &of.about.title, &session.code, &session.place)
                },
            )
            .await?)
    }

    /// The sheet of an exercise for everyone with a seat, by its planned time. `person` is who asks.
    ///
    /// # Errors
    /// [`AppError::Missing`] for an unknown exercise; [`AppError::Fonts`] and [`AppError::Characters`] are for people to read.
    pub async fn exercise_sign_sheet(&self, id: &str, person: &str) -> Result<Export, AppError> {
        let turn = self.press.turn(person).await?;
        let row = self.store.exercises().get(id).await?.ok_or(AppError::Missing("exercise"))?.exercise;
        let people = self.attendance(id).await?;
        let head = self.paper_head(i64::MAX).await?;
        self.sign_sheet(
            turn,
            SignInSheet {
                days: days(cut(
                    row.starts_ms,
                    row.ends_ms.max(row.starts_ms + 1).min(row.starts_ms + 31 * DAY_MS),
                )),
                people: people.iter().filter(|one| one.team.is_some()).map(|one| line(&one.person)).collect(),
                ..self.blank_sheet(head, &row.title, &row.code, &row.place)
            },
        )
        .await
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use rampart_domain::records::roc::parse_date_time;

    fn at(text: &str) -> i64 {
        parse_date_time(text).unwrap()
    }

    fn shown(days: &[SignInDay]) -> Vec<String> {
        let half = |of: &SignInHalf| {
            let time = rampart_domain::records::roc::time_minutes;
            format!("{} {}-{}", of.name, time(of.planned.0), time(of.planned.1))
        };
        days.iter()
            .map(|of| format!("{}: {}", of.day, of.halves.iter().map(half).collect::<Vec<_>>().join(", ")))
            .collect()
    }

    #[test]
    fn half_days_stand_under_their_day() {
        let halves = [
            (at("115-05-12 09:00"), at("115-05-12 12:00")),
            (at("115-05-12 13:00"), at("115-05-12 16:00")),
            (at("115-05-13 18:30"), at("115-05-14 01:00")),
        ];
        assert_eq!(
            shown(&days(halves)),
            ["115-05-12: 上午 09:00-12:00, 下午 13:00-16:00", "115-05-13: 晚間 18:30-01:00"]
        );
    }

    #[test]
    fn an_exercise_is_cut_at_noon_evening_and_midnight() {
        let stretch = cut(at("115-12-31 10:00"), at("116-01-01 02:00"));
        assert_eq!(
            shown(&days(stretch)),
            [
                "115-12-31: 上午 10:00-12:00, 下午 12:00-18:00, 晚間 18:00-00:00",
                "116-01-01: 上午 00:00-02:00"
            ]
        );
        assert!(cut(5, 5).is_empty());
    }
}
