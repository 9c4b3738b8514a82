//! `rampart course …`: courses of a server, their sheets and certificates.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use rampart::api::extract::List;
use rampart::api::types::{
    CertificateInfo, Count, Course, CourseDetail, EnteredSheet, ResultWish, Results, SessionAct, Sheet,
    SheetAct, StayWish, TakeBack, TakenBack,
};
use rampart_app::records::export::csv_rows;
use rampart_domain::records::roc::{RocDate, form_value, parse_date_time};
use ureq::http::Method;

use super::client::Failure;
use super::print::table;
use super::{Session, escaped};

/// What is done about courses.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// List courses with their sessions.
    List {
        /// Those that were put away too.
        #[arg(long)]
        away: bool,
    },
    /// Show a course: its sessions, and how each trainee stands.
    Show {
        /// Code of the course, or of a session of it.
        course: String,
    },
    /// Enter people at a session, all or none.
    Enter {
        /// Code of the session.
        session: String,
        /// Staff numbers, or names that one person only has.
        #[arg(required = true)]
        people: Vec<String>,
        /// As what: trainee, trainer, planner, staff, contractor, judge or observer.
        #[arg(long = "as", default_value = "trainee", value_name = "ROLE")]
        role: String,
    },
    /// Read and fill the sheets of sessions.
    #[command(subcommand)]
    Attendance(AttendanceCommand),
    /// Enter results of a session's test.
    #[command(subcommand)]
    Results(ResultsCommand),
    /// Questionnaires and their results.
    #[command(subcommand)]
    Survey(super::survey::Command),
    /// List the certificates of a course.
    Certificates {
        /// Code of the course.
        course: String,
        /// Issue those that are due before.
        #[arg(long)]
        issue: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AttendanceCommand {
    /// Show the sheet of a session.
    Show {
        /// Code of the session.
        session: String,
    },
    /// Enter stays from a CSV file (UTF-8): columns 職號, 簽到, 簽退 (or staff_no, in, out), times in Taipei as
    /// `115-03-05 09:00`; all rows or none.
    Import(Import),
    /// List the paper sheets and files that were entered at a session, each with its id.
    Entered {
        /// Code of the session.
        session: String,
    },
    /// Take back all of an entered sheet that still stands; it stays on record with the reason.
    TakeBack {
        /// Code of the session.
        session: String,
        /// Id of the sheet, or with --one of the mark.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// This one mark alone.
        #[arg(long)]
        one: bool,
    },
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("act").required(true))]
pub(in crate::cli) struct Import {
    /// Code of the session.
    session: String,
    /// File to read.
    file: PathBuf,
    /// Only say whether it could be entered.
    #[arg(long, group = "act")]
    dry_run: bool,
    /// Enter it, all or nothing.
    #[arg(long, group = "act")]
    apply: bool,
    /// Where the times are from: sheet (paper), or instructor.
    #[arg(long, default_value = "sheet", value_parser = ["sheet", "instructor"])]
    source: String,
    /// Why it is entered; stands beside each mark.
    #[arg(long, default_value = "紙本簽到表")]
    reason: String,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ResultsCommand {
    /// Enter points from a CSV file (UTF-8): columns 職號 and 分數 (or staff_no, score); all rows or none.
    Import {
        /// Code of the session.
        session: String,
        /// File to read.
        file: PathBuf,
        /// The test before the course, or the one after it.
        #[arg(long, default_value = "post", value_parser = ["pre", "post"])]
        test: String,
        /// Why results that stand are replaced.
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// Rows of a CSV file, in the order of the columns that are wanted, each with its number in the file.
pub(super) fn read(file: &Path, wanted: &[[&str; 2]]) -> Result<Vec<(usize, Vec<String>)>, Failure> {
    let fault = |why: &dyn std::fmt::Display| Failure::usage(format!("{}: {why}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| fault(&error))?;
    let mut rows = csv_rows(&bytes).ok_or_else(|| fault(&"it is no UTF-8"))?.into_iter();
    let head = rows.next().unwrap_or_default();
    let mut columns = Vec::with_capacity(wanted.len());
    for names in wanted {
        let at = head.iter().position(|cell| names.iter().any(|name| cell.trim().eq_ignore_ascii_case(name)));
        columns.push(at.ok_or_else(|| fault(&format!("no column {} or {}", names[0], names[1])))?);
    }
    let cell =
        |row: &[String], at: &usize| row.get(*at).map(|cell| cell.trim().to_owned()).unwrap_or_default();
    Ok((2..)
        .zip(rows)
        .map(|(number, row)| (number, columns.iter().map(|at| cell(&row, at)).collect::<Vec<_>>()))
        .filter(|(_, row)| row.iter().any(|cell| !cell.is_empty()))
        .collect())
}

/// All that is wrong at once, or nothing.
pub(super) fn whole(file: &Path, faults: &[String]) -> Result<(), Failure> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::Faults(faults.iter().map(|fault| format!("{}: {fault}", file.display())).collect()))
}

fn list(all: &[Course]) -> String {
    let row = |one: &Course| {
        let last = one.sessions.last().and_then(|session| session.about.halves.first());
        vec![
            one.about.code.clone(),
            one.about.category.clone(),
            format!("{}:{:02}", one.about.minutes / 60, one.about.minutes % 60),
            one.sessions.iter().map(|session| session.about.code.as_str()).collect::<Vec<_>>().join(" "),
            last.map(|half| RocDate::of_ms(half.start_ms).to_string()).unwrap_or_default(),
            one.about.title.clone(),
        ]
    };
    table(
        &["CODE", "CATEGORY", "HOURS", "SESSIONS", "LAST", "TITLE"],
        &all.iter().map(row).collect::<Vec<_>>(),
    )
}

fn hours(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 3600, seconds / 60 % 60)
}

fn points(score: Option<u8>) -> String {
    score.map_or_else(|| "-".to_owned(), |score| score.to_string())
}

fn detail(of: &CourseDetail) -> String {
    let about = &of.course.about;
    let mut text = format!("{} {}\n", about.code, about.title);
    for session in &of.course.sessions {
        let from = session.about.halves.first().map(|half| form_value(half.start_ms)).unwrap_or_default();
        let state = session.cancelled.as_ref().map(|why| format!(", called off: {why}")).unwrap_or_default();
        text.push_str(&format!("session  {} {from} {}{state}\n", session.about.code, session.about.place));
    }
    let rows: Vec<_> = of
        .standing
        .iter()
        .map(|one| {
            vec![
                one.person.staff_no.clone(),
                one.person.name.clone(),
                hours(one.seconds),
                points(one.score),
                if one.faults.is_empty() { "qualifies".to_owned() } else { one.faults.join(",") },
                one.certificate.clone().unwrap_or_else(|| "-".to_owned()),
            ]
        })
        .collect();
    text + "\n" + &table(&["NUMBER", "NAME", "HOURS", "SCORE", "STANDING", "CERTIFICATE"], &rows)
}

fn sheet(of: &Sheet) -> String {
    let rows: Vec<_> = of
        .people
        .iter()
        .map(|one| {
            vec![
                one.person.staff_no.clone(),
                one.person.name.clone(),
                one.roles.iter().map(|role| role.role.as_str()).collect::<Vec<_>>().join(","),
                one.halves.join(","),
                hours(one.seconds),
                points(one.post),
            ]
        })
        .collect();
    table(&["NUMBER", "NAME", "AS", "HALF-DAYS", "HOURS", "SCORE"], &rows)
}

fn entered(all: &[EnteredSheet]) -> String {
    let row = |one: &EnteredSheet| {
        vec![
            one.id.clone(),
            form_value(one.entered_ms),
            one.source.clone(),
            format!("{}/{}", one.standing, one.marks.len()),
            one.by.clone(),
            one.reason.clone(),
        ]
    };
    table(&["ID", "ENTERED", "SOURCE", "STANDING", "BY", "REASON"], &all.iter().map(row).collect::<Vec<_>>())
}

fn certificates(all: &[CertificateInfo]) -> String {
    let rows: Vec<_> = all
        .iter()
        .map(|one| {
            let state = one.revoked_ms.map_or("valid", |_| "revoked");
            vec![
                one.number.clone(),
                state.to_owned(),
                hours(one.seconds),
                points(one.score),
                one.name.clone(),
            ]
        })
        .collect();
    table(&["NUMBER", "STATE", "HOURS", "SCORE", "NAME"], &rows)
}

impl Session {
    /// A course by its code, or that of one of its sessions.
    pub(super) fn named_course(&self, code: &str) -> Result<Course, Failure> {
        let found: List<Course> = self.client.get(&format!("/courses?away=true&code={}", escaped(code)))?;
        let missing = || Failure::Refused(format!("there is no course and no session {code}"));
        found.items.into_iter().next().ok_or_else(missing)
    }

    /// Path of a session by its code.
    fn named_session(&self, code: &str) -> Result<String, Failure> {
        let course = self.named_course(code)?;
        let session = course.sessions.iter().find(|session| session.about.code == code);
        let session = session.ok_or_else(|| Failure::Refused(format!("there is no session {code}")))?;
        Ok(format!("/courses/{}/sessions/{}", course.id, session.id))
    }

    pub(super) fn course(&self, command: Command) -> Result<(), Failure> {
        match command {
            Command::List { away } => {
                let all: List<Course> = self.client.get(&format!("/courses?away={away}"))?;
                self.show(&all.items, |all| list(all))
            }
            Command::Show { course } => {
                let id = self.named_course(&course)?.id;
                let one: CourseDetail = self.client.get(&format!("/courses/{id}"))?;
                self.show(&one, detail)
            }
            Command::Enter { session, people, role } => {
                let path = format!("{}/people", self.named_session(&session)?);
                let act = SessionAct::Enter { role, people };
                let done: Count = self.client.send(Method::POST, &path, &act)?;
                self.show(&done, |done| format!("entered {}", done.count))
            }
            Command::Attendance(AttendanceCommand::Show { session }) => {
                let found: Sheet = self.client.get(&self.named_session(&session)?)?;
                self.show(&found, sheet)
            }
            Command::Attendance(AttendanceCommand::Import(import)) => self.stays(import),
            Command::Attendance(AttendanceCommand::Entered { session }) => {
                let path = format!("{}/entered", self.named_session(&session)?);
                let all: List<EnteredSheet> = self.client.get(&path)?;
                self.show(&all.items, |all| entered(all))
            }
            Command::Attendance(AttendanceCommand::TakeBack { session, id, reason, one }) => {
                let path = format!("{}/entered/{}/take-back", self.named_session(&session)?, escaped(&id));
                let done: TakenBack =
                    self.client.send(Method::POST, &path, &TakeBack { reason, whole: !one })?;
                self.show(&done, |done| {
                    format!("took back {}; certificates that no longer hold: {}", done.count, done.unfounded)
                })
            }
            Command::Results(ResultsCommand::Import { session, file, test, reason }) => {
                let mut results = Vec::new();
                let mut faults = Vec::new();
                for (number, row) in read(&file, &[["職號", "staff_no"], ["分數", "score"]])? {
                    match row[1].parse() {
                        Ok(score) => {
                            results.push(ResultWish { person: row[0].clone(), test: test.clone(), score });
                        }
                        Err(_) => faults.push(format!("row {number}: `{}` is no number of points", row[1])),
                    }
                }
                whole(&file, &faults)?;
                let path = format!("{}/results", self.named_session(&session)?);
                let done: Count = self.client.send(Method::POST, &path, &Results { results, reason })?;
                self.show(&done, |done| format!("entered {}", done.count))
            }
            Command::Survey(command) => self.survey(command),
            Command::Certificates { course, issue } => {
                let path = format!("/courses/{}/certificates", self.named_course(&course)?.id);
                if issue {
                    let done: Count = self.client.send(Method::POST, &path, &())?;
                    super::super::warn(format_args!("issued {}", done.count));
                }
                let all: List<CertificateInfo> = self.client.get(&path)?;
                self.show(&all.items, |all| certificates(all))
            }
        }
    }

    fn stays(&self, import: Import) -> Result<(), Failure> {
        let Import { session, file, dry_run, apply: _, source, reason } = import;
        let mut stays = Vec::new();
        let mut faults = Vec::new();
        for (number, row) in read(&file, &[["職號", "staff_no"], ["簽到", "in"], ["簽退", "out"]])? {
            let mut time = |text: &str| {
                let read = parse_date_time(text).ok();
                if read.is_none() {
                    faults.push(format!("row {number}: `{text}` is no time"));
                }
                read
            };
            let in_ms = time(&row[1]);
            let out_ms = if row[2].is_empty() { None } else { time(&row[2]) };
            stays.push(StayWish { person: row[0].clone(), in_ms: in_ms.unwrap_or(0), out_ms });
        }
        whole(&file, &faults)?;
        let path = format!("{}/attendance", self.named_session(&session)?);
        let act = SheetAct::Enter { stays, source, reason, dry_run };
        let done: Count = self.client.send(Method::POST, &path, &act)?;
        let did = if dry_run { "would enter" } else { "entered" };
        self.show(&done, |done| format!("{did} {}", done.count))
    }
}
