//! Courses as pages show them.

use qrcode::{Color, EcLevel, QrCode as Code};
use rampart_app::courses::{ClassRow, ClassSheet, PersonStanding};
use rampart_domain::records::Hundredths;
use rampart_domain::records::course::{COUNTIES, Fault, HalfDay, Mode};
use rampart_domain::records::roc::form_value;
use rampart_pages::{
    ClassFields, ClassLine, ClassMarkLine, ClassSessionRow, CourseFields, CourseHead, CourseRow, FaultLine,
    HalfHead, Locale, MaterialRow, QrCode, StandingRow, SurveyResult, SurveyRow,
};
use rampart_store::{
    ClassMark, ClassSession, Course, CourseAbout, Material, Question, QuestionKind, Survey, SurveyAnswer,
};

use super::{count, register};

/// Fewer answers than these are not shown.
const SHOWN_FROM: usize = 5;
/// Offset of Taipei, ms; constant since 1980.
const TAIPEI_MS: i64 = 8 * 3_600_000;

/// A QR code of a text. `None` for one that is too long, which no address of ours is.
#[must_use]
pub fn qr(text: &str) -> Option<QrCode> {
    use std::fmt::Write as _;
    let code = Code::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (row, colors) in code.to_colors().chunks(width).enumerate() {
        let mut column = 0;
        while column < width {
            let dark = colors.iter().skip(column).take_while(|color| **color == Color::Dark).count();
            if dark > 0 {
                // Writing to a String does not fail.
                let _ = write!(path, "M{column} {row}h{dark}v1h-{dark}z");
            }
            column += dark.max(1);
        }
    }
    Some(QrCode { size: count(width), path })
}

/// A mode's word.
fn mode(about: &CourseAbout) -> &'static str {
    match Mode::of(about.minutes, about.digital_minutes) {
        Mode::Digital => "digital",
        Mode::Physical => "physical",
        Mode::Mixed => "mixed",
    }
}

/// Minutes in ms.
fn minutes_ms(minutes: u32) -> i64 {
    i64::from(minutes) * 60_000
}

/// The head of a course's pages.
#[must_use]
pub fn head(course: &Course) -> CourseHead {
    let about = &course.about;
    let county = COUNTIES.iter().find(|(code, _)| *code == about.county);
    CourseHead {
        id: course.id.clone(),
        code: about.code.clone(),
        title: about.title.clone(),
        aspect: about.aspect.code(),
        speciality: about.speciality.clone(),
        category: about.category.clone(),
        length_ms: minutes_ms(about.minutes),
        mode: mode(about),
        pass_mark: about.tested.then_some(i64::from(about.pass_mark)),
        work_related: about.work_related,
        measures: about.measures.iter().map(|measure| measure.code()).collect(),
        county: county.map_or_else(|| about.county.clone(), |(_, name)| (*name).to_owned()),
        away: course.removed_ms.is_some(),
    }
}

/// A row of the list; `sessions` are those of all courses.
#[must_use]
pub fn row(course: &Course, sessions: &[ClassSession], now_ms: i64) -> CourseRow {
    let own: Vec<i64> = sessions
        .iter()
        .filter(|session| session.course_id == course.id && session.cancelled_ms.is_none())
        .map(|session| session.start_ms)
        .collect();
    let next = own.iter().filter(|start| **start >= now_ms).min();
    CourseRow {
        id: course.id.clone(),
        code: course.about.code.clone(),
        title: course.about.title.clone(),
        aspect: course.about.aspect.code(),
        category: course.about.category.clone(),
        length_ms: minutes_ms(course.about.minutes),
        sessions: count(own.len()),
        starts_ms: next.or_else(|| own.iter().max()).copied(),
        away: course.removed_ms.is_some(),
    }
}

/// Hours as they are typed: `6`, `1.5`.
#[must_use]
pub fn hours_text(minutes: u32) -> String {
    let hundredths = minutes % 60 * 100 / 60;
    if hundredths == 0 { (minutes / 60).to_string() } else { format!("{}.{hundredths:02}", minutes / 60) }
}

/// Minutes of typed hours. `None` for what is no number or no whole minute.
#[must_use]
pub fn minutes(typed: &str) -> Option<u32> {
    let (whole, part) = typed.trim().split_once('.').unwrap_or((typed.trim(), ""));
    let whole: u32 = whole.parse().ok()?;
    let hundredths = match part.len() {
        0 => 0,
        1 => part.parse::<u32>().ok()? * 10,
        2 => part.parse::<u32>().ok()?,
        _ => return None,
    };
    whole.checked_mul(60)?.checked_add(hundredths * 60 / 100)
}

/// A course as its form holds it.
#[must_use]
pub fn fields(about: &CourseAbout) -> CourseFields {
    CourseFields {
        code: about.code.clone(),
        title: about.title.clone(),
        aspect: about.aspect.code().to_owned(),
        speciality: about.speciality.clone(),
        category: about.category.clone(),
        hours: hours_text(about.minutes),
        digital: hours_text(about.digital_minutes),
        tested: about.tested,
        pass_mark: about.pass_mark.to_string(),
        work_related: about.work_related,
        measures: about.measures.iter().map(|measure| measure.code().to_owned()).collect(),
        county: about.county.clone(),
    }
}

/// A session; `exercise` is the code of the exercise that it is.
#[must_use]
pub fn session(of: &ClassSession, exercise: Option<String>) -> ClassSessionRow {
    ClassSessionRow {
        id: of.id.clone(),
        code: of.code.clone(),
        class_no: i64::from(of.class_no),
        place: of.place.clone(),
        start_ms: of.start_ms,
        end_ms: of.end_ms,
        length_ms: of.seconds() * 1000,
        late_minutes: i64::from(of.late_minutes),
        exercise,
        cancelled: of.cancelled_ms.map(|_| of.cancelled_reason.clone().unwrap_or_default()),
    }
}

/// A session as its form holds it: the parts of its first day.
#[must_use]
pub fn class_fields(of: &ClassSession) -> ClassFields {
    let split = |ms: i64| {
        let text = form_value(ms);
        text.split_once('T').map_or((String::new(), String::new()), |(day, time)| (day.into(), time.into()))
    };
    let (day_from, _) = split(of.start_ms);
    let today: Vec<&(i64, i64)> = of.halves.iter().filter(|half| split(half.0).0 == day_from).collect();
    let last = of.halves.last().map_or(of.start_ms, |half| half.0);
    let time = |place: usize, end: bool| {
        today.get(place).map(|half| split(if end { half.1 } else { half.0 }).1).unwrap_or_default()
    };
    ClassFields {
        code: of.code.clone(),
        class_no: of.class_no.to_string(),
        place: of.place.clone(),
        day_to: split(last).0,
        am_from: time(0, false),
        am_to: time(0, true),
        pm_from: time(1, false),
        pm_to: time(1, true),
        late: of.late_minutes.to_string(),
        exercise: of.exercise_id.clone().unwrap_or_default(),
        day_from,
    }
}

/// Half-days with the part of the day in which each begins.
#[must_use]
pub fn halves(of: &ClassSession) -> Vec<HalfHead> {
    of.halves
        .iter()
        .map(|(start_ms, end_ms)| {
            let name = match (start_ms + TAIPEI_MS).div_euclid(3_600_000).rem_euclid(24) {
                0..12 => "morning",
                12..18 => "afternoon",
                _ => "evening",
            };
            HalfHead { start_ms: *start_ms, end_ms: *end_ms, name }
        })
        .collect()
}

fn mark(of: &ClassMark, shared: bool) -> ClassMarkLine {
    ClassMarkLine {
        id: of.id.clone(),
        in_ms: of.in_ms,
        out_ms: of.out_ms,
        source: of.source.code(),
        reason: of.reason.clone(),
        shared,
        struck: of.removed_ms.map(|_| of.removed_reason.clone().unwrap_or_default()),
    }
}

fn half_day(of: HalfDay) -> &'static str {
    match of {
        HalfDay::Absent => "absent",
        HalfDay::Late => "late",
        HalfDay::Early => "early",
        HalfDay::Present => "present",
    }
}

/// The people of a sheet.
#[must_use]
pub fn lines(sheet: &ClassSheet, now_ms: i64) -> Vec<ClassLine> {
    let shared = |own: &ClassRow, of: &ClassMark| {
        of.device.is_some()
            && sheet
                .rows
                .iter()
                .filter(|row| row.person.id != own.person.id)
                .any(|row| row.marks.iter().any(|mark| mark.device == of.device))
    };
    let line = |row: &ClassRow| {
        let mut marks: Vec<ClassMarkLine> =
            row.marks.iter().chain(&row.struck).map(|of| mark(of, shared(row, of))).collect();
        marks.sort_by_key(|mark| (mark.in_ms, mark.id.clone()));
        let score = |score: Option<u8>| score.map(|score| score.to_string()).unwrap_or_default();
        ClassLine {
            person: register::reference(&row.person),
            grade: row.person.grade.clone(),
            standings: row.standings.iter().map(|(of, id)| (of.code(), id.clone())).collect(),
            trainee: row.is_trainee(),
            halves: row.counted.halves.iter().map(|half| half_day(*half)).collect(),
            marks,
            counted_ms: row.counted.seconds * 1000,
            review: !row.counted.open.is_empty(),
            open: row.open(&sheet.session, now_ms).map(|mark| mark.id.clone()),
            pre: score(row.pre),
            post: score(row.post),
        }
    };
    sheet.rows.iter().map(line).collect()
}

/// How a trainee stands.
#[must_use]
pub fn standing(of: &PersonStanding) -> StandingRow {
    let fault = |fault: &Fault| match fault {
        Fault::Hours { seconds, least } => {
            FaultLine { why: "hours", have: seconds * 1000, least: least * 1000 }
        }
        Fault::NoTest => FaultLine { why: "no_test", have: 0, least: 0 },
        Fault::Score { score, least } => {
            FaultLine { why: "score", have: i64::from(*score), least: i64::from(*least) }
        }
        Fault::NotOver => FaultLine { why: "not_over", have: 0, least: 0 },
    };
    StandingRow {
        person: register::reference(&of.person),
        attended_ms: of.seconds * 1000,
        score: of.score.map(i64::from),
        faults: of.faults.iter().map(fault).collect(),
        certificate: of
            .certificate
            .as_ref()
            .map(|one| (one.id.clone(), format!("{}-{}", one.number, one.check_code))),
    }
}

/// A question in a language.
#[must_use]
pub fn question(of: &Question, locale: Locale) -> String {
    match locale {
        Locale::ZhTw => of.zh.clone(),
        Locale::En => of.en.clone(),
    }
}

/// Return rate by what was handed out.
#[must_use]
pub fn rate(of: &Survey) -> Option<String> {
    let share = Hundredths::share(i64::from(of.returned), i64::from(of.handed_out));
    share.map(|share| share.to_string())
}

/// A questionnaire with what it brought.
#[must_use]
pub fn survey(of: &Survey, questions: &[Question], answers: &[SurveyAnswer], locale: Locale) -> SurveyRow {
    let enough = usize::try_from(of.returned).is_ok_and(|returned| returned >= SHOWN_FROM);
    let result = |asked: &Question| {
        let own: Vec<&SurveyAnswer> =
            answers.iter().filter(|answer| answer.question_id == asked.id).collect();
        let scores: Vec<i64> = own.iter().filter_map(|answer| answer.score.map(i64::from)).collect();
        let number = count(scores.len());
        let shown = asked.kind == QuestionKind::Scale && scores.len() >= SHOWN_FROM;
        // Rounded half up at the last step.
        let mean = shown.then(|| (scores.iter().sum::<i64>() * 200 + number) / (2 * number));
        SurveyResult {
            text: question(asked, locale),
            answers: count(own.len()),
            mean,
            words: own.iter().filter(|_| enough).filter_map(|answer| answer.words.clone()).collect(),
        }
    };
    SurveyRow {
        id: of.id.clone(),
        title: of.title.clone(),
        handed_out: i64::from(of.handed_out),
        returned: i64::from(of.returned),
        rate: rate(of),
        closed: of.closed_ms.is_some(),
        results: questions.iter().map(result).collect(),
    }
}

/// A file or a link.
#[must_use]
pub fn material(of: Material) -> MaterialRow {
    MaterialRow { id: of.id, name: of.name, link: of.link, size: i64::try_from(of.size).unwrap_or(i64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_to_the_minute() {
        let read = ["6", "1.5", "0.25", "12.0", " 3 ", "", "x", "1.333", "-1"].map(minutes);
        assert_eq!(read, [Some(360), Some(90), Some(15), Some(720), Some(180), None, None, None, None]);
        assert_eq!([360, 90, 15].map(hours_text), ["6", "1.50", "0.25"]);
    }

    #[test]
    fn a_code_is_drawn_in_whole_runs() {
        let code =
            qr("https://rampart.qinglan.test/in/s/0123456789abcdef").map(|code| (code.size, code.path));
        assert!(
            code.as_ref().is_some_and(|(size, path)| *size >= 29 && path.starts_with("M0 0h7v1h-7z")),
            "{code:?}"
        );
        assert!(qr(&"x".repeat(5000)).is_none());
    }
}
