//! The book of a year: everything that its tables are made of, read in bulk in the officer's transaction, and the tables and
//! figures made from it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rampart_domain::records::course::Standing;
use rampart_domain::records::facts::{Figures, Place};
use rampart_domain::records::official::{Question, lacks_reason, questions};
use rampart_domain::records::{
    Book, Edition, Identity, Issue, Kind, RocDate, RocYear, SessionFact, Table, duty, paper, targets,
};
use rampart_store::{AuditLine, ClassSession, Officer, Purpose, SessionsOf};

use crate::clock::new_id;
use crate::papers;
use crate::records::package::{Package, Packed, PackedEdition};
use crate::records_read::{Read, surveys};
use crate::statistics::{Export, Road};
use crate::{App, AppError, ExportFormat, Looked};

const DAY_MS: i64 = 86_400_000;
/// Hours are handed in to the portal within so many days of a session; from [`PORTAL_REMIND`] on it is said.
const PORTAL_DAYS: i64 = 14;
const PORTAL_REMIND: i64 = 10;

/// Where the portal's file of hours is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortalAt {
    /// At the session of a course.
    Class {
        /// Course id.
        course: String,
        /// Session id.
        session: String,
    },
    /// At the statistics of an exercise, by its id.
    Exercise(String),
}

/// A session that is over and was attended: its hours go to the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalDue {
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// When it ended, ms UTC.
    pub end_ms: i64,
    /// Where the file is made.
    pub at: PortalAt,
    /// When the last file was made of it after it ended, by itself or with the whole course, ms UTC.
    pub made_ms: Option<i64>,
}

/// Something that the officer has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reminder {
    /// Hours of a session are due at the portal.
    Portal {
        /// Session code.
        code: String,
        /// Title.
        title: String,
        /// Days that are left; negative when it is late.
        left: i64,
        /// Where the file is made.
        at: PortalAt,
    },
    /// A session that is over without anybody's attendance.
    NoSheet {
        /// Session code.
        code: String,
        /// Title.
        title: String,
    },
    /// Questionnaires that have not come back.
    NotReturned {
        /// Title.
        title: String,
        /// How many.
        missing: i64,
    },
    /// A group of X3 that falls short, without its text.
    Reason(Standing),
    /// A question of X4 with a wide gap, without its text.
    Analysis {
        /// Key of the text.
        key: String,
        /// Question.
        title: String,
    },
    /// People whose duty class, or whose agency's level, nobody said.
    NoDuty(i64),
    /// Trainees of the year who stated no gender.
    NoGender(i64),
}

/// A year at a glance.
#[derive(Debug, Clone)]
pub struct YearOverview {
    /// The book that it was made of.
    pub book: Book,
    /// Figures of the year.
    pub year: Figures,
    /// Of the year before.
    pub last: Figures,
    /// Of all years up to this one, each person once.
    pub cumulative: Figures,
    /// By month.
    pub months: BTreeMap<i8, Figures>,
    /// By agency.
    pub agencies: BTreeMap<String, Figures>,
    /// By title of the course or exercise.
    pub titles: BTreeMap<String, Figures>,
    /// By county of the people's agencies.
    pub counties: BTreeMap<String, Figures>,
    /// Years of which something is known, newest first.
    pub years: Vec<RocYear>,
    /// Sessions whose hours go to the portal, by start.
    pub portal: Vec<PortalDue>,
    /// What to do.
    pub reminders: Vec<Reminder>,
}

fn bounds(year: RocYear) -> (i64, i64) {
    let first = |year: i16| RocDate::new(year, 1, 1).map_or(i64::MAX, RocDate::start_ms);
    (first(year.0), first(year.0.saturating_add(1)))
}

/// Work that takes a processor for long is done where it holds up no request.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| AppError::Inner(error.to_string()))
}

/// What stands at the foot of an edition's papers.
pub(crate) const fn printed(edition: Edition) -> &'static str {
    match edition {
        Edition::Internal => paper::INTERNAL,
        Edition::Public => paper::PUBLIC,
    }
}

impl App {
    /// A table of a year, ready to be shown or written. The store refuses whoever is no officer and writes the audit line in
    /// the transaction that reads.
    ///
    /// # Errors
    /// [`AppError::Missing`] for a table that has no such edition, [`AppError::Inner`] while an exercise stays shut (its
    /// people would be missing), or when the store fails.
    pub async fn records_table(
        &self,
        kind: Kind,
        year: RocYear,
        edition: Edition,
        officer: &Officer,
        road: Road,
    ) -> Result<Table, AppError> {
        let what = Looked::table(kind, year, edition, "");
        self.table_of(kind, year, edition, officer, road, &what).await
    }

    /// A table of a year to be looked at, with what else its page says of the same reading: `with` is done where it holds up
    /// no request.
    ///
    /// # Errors
    /// As [`App::records_table`].
    pub async fn records_table_with<T: Send + 'static>(
        &self,
        kind: Kind,
        year: RocYear,
        edition: Edition,
        officer: &Officer,
        with: impl FnOnce(&Book) -> T + Send + 'static,
    ) -> Result<(Table, T), AppError> {
        if !kind.has(edition) {
            return Err(AppError::Missing("edition"));
        }
        let (issue, under) = (self.records_issue().await?, self.hidden_under().await?);
        let what = Looked::table(kind, year, edition, "");
        self.records_of(year, officer, &what, move |book| {
            (book.table(&issue, kind, year, edition, under), with(book))
        })
        .await
    }

    /// Something of a year's book to be looked at; `work` is done where it holds up no request.
    ///
    /// # Errors
    /// As [`App::records_table`].
    pub async fn records_of<T: Send + 'static>(
        &self,
        year: RocYear,
        officer: &Officer,
        what: &Looked,
        work: impl FnOnce(&Book) -> T + Send + 'static,
    ) -> Result<T, AppError> {
        let book = self.records_book(year, officer, Road::Look, what).await?;
        aside(move || work(&book)).await
    }

    async fn table_of(
        &self,
        kind: Kind,
        year: RocYear,
        edition: Edition,
        officer: &Officer,
        road: Road,
        what: &Looked,
    ) -> Result<Table, AppError> {
        if !kind.has(edition) {
            return Err(AppError::Missing("edition"));
        }
        let book = self.records_book(year, officer, road, what).await?;
        let (issue, under) = (self.records_issue().await?, self.hidden_under().await?);
        aside(move || book.table(&issue, kind, year, edition, under)).await
    }

    /// A table of a year as a file; an export in the audit log.
    ///
    /// # Errors
    /// As [`App::records_table`]; on paper also [`AppError::Fonts`] and [`AppError::Characters`]. [`AppError::Waiting`] while
    /// many exports of this officer wait.
    pub async fn records_file(
        &self,
        kind: Kind,
        year: RocYear,
        edition: Edition,
        format: ExportFormat,
        officer: &Officer,
    ) -> Result<Export, AppError> {
        let turn = self.press.turn(&officer.account_id).await?;
        let as_of_ms = self.now_ms();
        let what = Looked::table(kind, year, edition, format.ending());
        let table = self.table_of(kind, year, edition, officer, Road::Export, &what).await?;
        let name = table.file_name(format.ending());
        let sheet = papers::Sheet { table, number: kind.number(), edition: printed(edition), as_of_ms };
        let organisation = self.paper_head(i64::MAX).await?.organisation;
        let bytes = self.file_of(turn, sheet, organisation, format).await?;
        Ok(Export { name, media_type: format.media_type(), bytes })
    }

    /// 成果交付包 of a year, of one reading and one moment: its name, and its bytes in a file without a name.
    ///
    /// # Errors
    /// As [`App::records_file`].
    pub async fn records_package(
        &self,
        year: RocYear,
        officer: &Officer,
    ) -> Result<(String, std::fs::File), AppError> {
        let turn = self.press.turn(&officer.account_id).await?;
        let as_of_ms = self.now_ms();
        let book = self.records_book(year, officer, Road::Export, &Looked::Package(year.to_string())).await?;
        let (issue, under) = (self.records_issue().await?, self.hidden_under().await?);
        self.packed(turn, move || {
            let of = |edition: Edition, folder| PackedEdition {
                folder,
                printed: printed(edition),
                tables: Kind::ALL
                    .into_iter()
                    .filter(|kind| kind.has(edition))
                    .map(|kind| Packed {
                        table: book.table(&issue, kind, year, edition, under),
                        number: kind.number().to_owned(),
                    })
                    .collect(),
            };
            let editions = vec![
                of(Edition::Internal, paper::INTERNAL_FOLDER),
                of(Edition::Public, paper::PUBLIC_FOLDER),
            ];
            Package {
                year: year.to_string(),
                organisation: issue.organisation,
                foot: issue.foot,
                as_of_ms,
                editions,
            }
        })
        .await
    }

    /// All tables of a year that have this edition, of one reading and one moment, so that they fit each other.
    ///
    /// # Errors
    /// As [`App::records_table`].
    pub async fn records_tables(
        &self,
        year: RocYear,
        edition: Edition,
        officer: &Officer,
        road: Road,
    ) -> Result<Vec<(Kind, Table)>, AppError> {
        let what = Looked::All { year: year.to_string(), edition: edition.code().to_owned() };
        let book = self.records_book(year, officer, road, &what).await?;
        let (issue, under) = (self.records_issue().await?, self.hidden_under().await?);
        let kinds = Kind::ALL.into_iter().filter(move |kind| kind.has(edition));
        aside(move || kinds.map(|kind| (kind, book.table(&issue, kind, year, edition, under))).collect())
            .await
    }

    /// Who hands the tables in, as of now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn records_issue(&self) -> Result<Issue, AppError> {
        let head = self.paper_head(i64::MAX).await?;
        Ok(Issue { foot: head.foot, ..Issue::new(head.organisation, RocDate::of_ms(self.now_ms())) })
    }

    /// Everything that the tables of a year are made of: all sessions up to its end, for the trend and the sums over years.
    ///
    /// # Errors
    /// As [`App::records_table`].
    pub(crate) async fn records_book(
        &self,
        year: RocYear,
        officer: &Officer,
        road: Road,
        what: &Looked,
    ) -> Result<Book, AppError> {
        if let Some(shut) = self.shut().first() {
            // A year without one of its exercises is a wrong figure, and nobody could see it.
            let why = format!("the exercise {} is shut and would be missing: {}", shut.code, shut.why);
            return Err(AppError::Inner(why));
        }
        self.note_presence().await?;
        let (from_ms, to_ms) = bounds(year);
        let audit_id = new_id();
        let detail = what.to_string();
        let purpose = Purpose { audit_id: &audit_id, at_ms: self.now_ms(), detail: &detail };
        let leaves = road == Road::Export;
        let rows = self.store.as_officer(officer).year(purpose, leaves, from_ms, to_ms).await?;
        let programme = self.store.programme();
        let (mut asked, mut rules) = (programme.targets().await?, programme.duty_rules().await?);
        if asked.is_empty() {
            asked = targets::defaults();
        }
        if rules.is_empty() {
            rules = duty::defaults();
        }
        let mut book = Book {
            targets: asked,
            claims: programme.claims(year).await?,
            rules,
            findings: programme.findings(year).await?,
            texts: programme.texts(year).await?,
            ..Book::default()
        };
        let read = Read {
            rows,
            same: self.store.merges().same().await?,
            courses: self.store.courses().list().await?,
            sessions: self.store.courses().sessions(SessionsOf::Between(0, to_ms)).await?,
            exercises: self.exercises(),
            to_ms,
            now_ms: self.now_ms(),
        };
        aside(move || {
            (book.facts, book.apart) = read.facts();
            book.surveys = surveys(&read.rows);
            book
        })
        .await
    }
    /// A year at a glance: figures by month, agency, course and county, and what is to be done. One reading, one audit line.
    ///
    /// # Errors
    /// As [`App::records_table`].
    pub async fn records_year(&self, year: RocYear, officer: &Officer) -> Result<YearOverview, AppError> {
        let book = self.records_book(year, officer, Road::Look, &Looked::Overview(year.to_string())).await?;
        let (from_ms, to_ms) = bounds(year);
        let classes = self.store.courses().sessions(SessionsOf::Between(from_ms, to_ms)).await?;
        // No session of the year ended before it began.
        let lines = self.store.audit().since("personal.export", from_ms).await?;
        let files = PortalFiles::of(&lines);
        let now_ms = self.now_ms();
        aside(move || overview(book, year, classes, &files, now_ms)).await
    }
}

/// The portal's files that were made, as the audit log has them.
struct PortalFiles {
    /// Latest moment by the id of what each is of.
    by_id: HashMap<String, i64>,
    /// By the code of a class session, of the time before lines had the id. Those of exercises looked like their table of hours.
    by_code: HashMap<String, i64>,
}

impl PortalFiles {
    /// From lines, the latest first.
    fn of(lines: &[AuditLine]) -> Self {
        let mut files = Self { by_id: HashMap::new(), by_code: HashMap::new() };
        for line in lines {
            match Looked::read(&line.detail) {
                Looked::Portal { id, .. } => {
                    files.by_id.entry(id).or_insert(line.at_ms);
                }
                Looked::Exercise { table, format, code } if table == "hours" && format == "CSV" => {
                    files.by_code.entry(code).or_insert(line.at_ms);
                }
                _ => {}
            }
        }
        files
    }

    fn made(&self, session: &SessionFact, course: Option<&str>) -> Option<i64> {
        let of_course = course.and_then(|course| self.by_id.get(course));
        let of_code = course.and_then(|_| self.by_code.get(&session.code));
        let made = [self.by_id.get(&session.id), of_course, of_code].into_iter().flatten().copied().max();
        made.filter(|made_ms| *made_ms >= session.end_ms)
    }
}

fn overview(
    book: Book,
    year: RocYear,
    classes: Vec<ClassSession>,
    files: &PortalFiles,
    now_ms: i64,
) -> YearOverview {
    let (facts, apart) = (&book.facts, &book.apart);
    let of = |wanted: RocYear| facts.figures(apart, |session| session.year() == wanted);
    let mut years: BTreeSet<RocYear> = facts.sessions().iter().map(SessionFact::year).collect();
    years.extend([RocYear::of_ms(now_ms), year]);
    let courses: HashMap<String, String> =
        classes.into_iter().map(|session| (session.id, session.course_id)).collect();
    let portal = portal(&book, year, &courses, files, now_ms);
    let figures = of(year);
    YearOverview {
        reminders: reminders(&book, year, &portal, figures.persons.none, now_ms),
        year: figures,
        last: of(year.before()),
        cumulative: facts.cumulative(apart, RocYear(i16::MIN), year),
        months: facts.by_month(apart, year),
        agencies: facts.by_agency(apart, year),
        titles: facts.by_title(apart, year),
        counties: facts.by_county(apart, year),
        years: years.into_iter().rev().collect(),
        portal,
        book,
    }
}

/// Sessions of a year that are over and at which somebody was who could have a row in the portal's file; `courses` gives the
/// course of each that belongs to one.
fn portal(
    book: &Book,
    year: RocYear,
    courses: &HashMap<String, String>,
    files: &PortalFiles,
    now_ms: i64,
) -> Vec<PortalDue> {
    let facts = &book.facts;
    // Whoever did not say what they are may still turn out to be an official.
    let may = |place: &&Place| {
        place.trained()
            && matches!(facts.person(place).identity, None | Some(Identity::Civil | Identity::Contract))
    };
    let attended: BTreeSet<usize> = facts.places().iter().filter(may).map(|place| place.session).collect();
    attended
        .into_iter()
        .map(|at| &facts.sessions()[at])
        .filter(|session| session.year() == year && session.end_ms <= now_ms)
        .map(|session| PortalDue {
            code: session.code.clone(),
            title: session.title.clone(),
            end_ms: session.end_ms,
            made_ms: files.made(session, courses.get(&session.id).map(String::as_str)),
            at: match courses.get(&session.id) {
                Some(course) => PortalAt::Class { course: course.clone(), session: session.id.clone() },
                None => PortalAt::Exercise(session.id.clone()),
            },
        })
        .collect()
}

fn reminders(book: &Book, year: RocYear, portal: &[PortalDue], no_gender: i64, now_ms: i64) -> Vec<Reminder> {
    let mut list = Vec::new();
    let of_sessions = book.facts.by_session(&book.apart, year);
    for (at, figures) in &of_sessions {
        let session = &book.facts.sessions()[*at];
        if session.end_ms > now_ms {
            continue;
        }
        let (code, title) = (session.code.clone(), session.title.clone());
        if figures.times.total() == 0 {
            list.push(Reminder::NoSheet { code, title });
        }
    }
    // Until its file is made, however late it is.
    for due in portal.iter().filter(|due| due.made_ms.is_none()) {
        let days = (now_ms - due.end_ms) / DAY_MS;
        if days >= PORTAL_REMIND {
            let (code, title, at) = (due.code.clone(), due.title.clone(), due.at.clone());
            list.push(Reminder::Portal { code, title, left: PORTAL_DAYS - days, at });
        }
    }
    for survey in &book.surveys {
        let missing = survey.issued - i64::try_from(survey.sheets.len()).unwrap_or(i64::MAX);
        if missing > 0 {
            list.push(Reminder::NotReturned { title: survey.title.clone(), missing });
        }
    }
    list.extend(lacks_reason(book, year).into_iter().map(Reminder::Reason));
    let due = |question: &Question| question.needs_analysis() && !book.texts.contains_key(&question.key);
    list.extend(
        questions(book)
            .into_iter()
            .filter(due)
            .map(|question| Reminder::Analysis { key: question.key, title: question.title }),
    );
    let (_, unknown) = duty::owed(&book.facts, &book.rules, year);
    if !unknown.is_empty() {
        list.push(Reminder::NoDuty(i64::try_from(unknown.len()).unwrap_or(i64::MAX)));
    }
    if no_gender > 0 {
        list.push(Reminder::NoGender(no_gender));
    }
    list
}
