//! The book of a year: everything that its tables are made of, read in bulk in the officer's transaction, and the tables and
//! figures made from it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rampart_domain::records::course::{Aspect, COUNTIES, ClassStay, Standing, class_attendance};
use rampart_domain::records::facts::Figures;
use rampart_domain::records::official::{Question, Sheet, Survey, lacks_reason, questions};
use rampart_domain::records::{
    self, Answers, Apart, Book, Edition, Facts, Interval, Issue, Kind, PersonFact, PresenceFact, RocDate,
    RocYear, Rule, SessionFact, Source, Stay, Table, duty, paper, targets,
};
use rampart_store::{ClassSession, Officer, Purpose, Same, SessionsOf, StoreError, SurveySheet, YearRows};

use crate::clock::new_id;
use crate::papers;
use crate::records::package::{Package, Packed, PackedEdition};
use crate::statistics::{Export, FOOT, ORGANISATION, Road};
use crate::{App, AppError, ExportFormat};

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

fn county(code: &str) -> String {
    COUNTIES.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| *name).to_owned()
}

/// Answers of each person: those of the row that stands for them, and of the others where that one says nothing.
fn apart(rows: &YearRows, same: &Same) -> Apart {
    let mut all = Apart::new();
    let mut fill = |own: bool| {
        for (row, said) in &rows.answers {
            let person = same.of(row);
            if (person == row) != own {
                continue;
            }
            let had: &mut Answers = all.entry(person.to_owned()).or_default();
            had.gender = said.gender.or(had.gender);
            had.age = said.age.or(had.age);
            had.area = said.area.or(had.area);
            had.indigenous = said.indigenous.or(had.indigenous);
            had.disability = said.disability.or(had.disability);
        }
    };
    fill(false);
    fill(true);
    all
}

fn people(rows: &YearRows, same: &Same) -> Vec<PersonFact> {
    let mut people: HashMap<&str, PersonFact> = HashMap::new();
    for row in rows.register.iter().filter(|row| row.merged_into.is_none()) {
        people.insert(
            &row.id,
            PersonFact {
                id: row.id.clone(),
                name: row.name.clone(),
                staff_no: row.staff_no.clone(),
                agency: row.agency.clone(),
                grade: row.grade.clone(),
                level: row.level,
                area: row.area,
                county: row.county.clone(),
                identity: row.identity,
                // Who has left owes nothing any more.
                duty: row.duty.filter(|_| !row.removed),
            },
        );
    }
    for row in rows.register.iter().filter(|row| row.merged_into.is_some()) {
        if let Some(person) = people.get_mut(same.of(&row.id)) {
            person.identity = person.identity.or(row.identity);
            person.duty = person.duty.or(row.duty);
        }
    }
    people.into_values().collect()
}

fn survey(rows: &YearRows) -> Vec<Survey> {
    let mut sheets: HashMap<&str, Vec<&SurveySheet>> = HashMap::new();
    for sheet in &rows.sheets {
        sheets.entry(&sheet.survey_id).or_default().push(sheet);
    }
    rows.surveys
        .iter()
        .map(|survey| Survey {
            id: survey.id.clone(),
            title: format!("{} {}", survey.course, survey.title),
            issued: survey.handed_out,
            questions: survey.questions.clone(),
            sheets: sheets
                .remove(survey.id.as_str())
                .unwrap_or_default()
                .into_iter()
                .map(|sheet| Sheet {
                    gender: sheet.gender,
                    scores: survey
                        .questions
                        .iter()
                        .map(|(id, _)| {
                            let answer = sheet.answers.iter().find(|answer| answer.question_id == *id);
                            answer.and_then(|answer| answer.score).map(i64::from)
                        })
                        .collect(),
                })
                .collect(),
        })
        .collect()
}

/// What is being put together. Ids are borrowed from what was read: there are hundreds of thousands of them.
#[derive(Default)]
struct Draft<'r> {
    sessions: Vec<SessionFact>,
    presences: Vec<PresenceFact<&'r str>>,
}

impl<'r> Draft<'r> {
    fn add(
        &mut self,
        session: &'r str,
        person: &'r str,
        part: Standing,
        expected: bool,
        seconds: i64,
        passed: Option<bool>,
    ) {
        self.presences.push(PresenceFact { session, person, part, expected, seconds, passed });
    }
}

/// Session and person.
type At<'r> = (&'r str, &'r str);

/// What somebody is on the list of a session.
#[derive(Default, Clone, Copy)]
struct Listed {
    /// As what: a bit for each of [`Standing::ALL`].
    parts: u8,
    /// Taken off as something.
    struck: bool,
}

impl Listed {
    fn bit(part: Standing) -> u8 {
        1 << (part as u8)
    }

    fn is(self, part: Standing) -> bool {
        self.parts & Self::bit(part) != 0
    }
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
        let what = format!("{} {year} {}", kind.code().to_uppercase(), edition.code());
        self.table_of(kind, year, edition, officer, road, &what).await
    }

    async fn table_of(
        &self,
        kind: Kind,
        year: RocYear,
        edition: Edition,
        officer: &Officer,
        road: Road,
        what: &str,
    ) -> Result<Table, AppError> {
        if !kind.has(edition) {
            return Err(AppError::Missing("edition"));
        }
        let book = self.records_book(year, officer, road, what).await?;
        Ok(book.table(&self.records_issue(), kind, year, edition, self.hidden_under().await?))
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
        let what = format!("{} {year} {} {}", kind.code().to_uppercase(), edition.code(), format.ending());
        let table = self.table_of(kind, year, edition, officer, Road::Export, &what).await?;
        let name = table.file_name(format.ending());
        let sheet = papers::Sheet { table, number: kind.number(), edition: printed(edition), as_of_ms };
        let bytes = self.file_of(turn, sheet, ORGANISATION, format).await?;
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
        let book = self.records_book(year, officer, Road::Export, &format!("package {year}")).await?;
        let (issue, under) = (self.records_issue(), self.hidden_under().await?);
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
            Package {
                year: year.to_string(),
                organisation: ORGANISATION.to_owned(),
                foot: Some(FOOT.to_owned()),
                as_of_ms,
                editions: vec![
                    of(Edition::Internal, paper::INTERNAL_FOLDER),
                    of(Edition::Public, paper::PUBLIC_FOLDER),
                ],
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
        let book = self.records_book(year, officer, road, &format!("all {year} {}", edition.code())).await?;
        let (issue, under) = (self.records_issue(), self.hidden_under().await?);
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.has(edition));
        Ok(kinds.map(|kind| (kind, book.table(&issue, kind, year, edition, under))).collect())
    }

    /// Who hands the tables in, as of now.
    #[must_use]
    pub fn records_issue(&self) -> Issue {
        let mut issue = Issue::new(ORGANISATION, RocDate::of_ms(self.now_ms()));
        issue.foot = Some(FOOT.to_owned());
        issue
    }

    /// Everything that the tables of a year are made of: all sessions up to its end, for the trend and the sums over years.
    ///
    /// # Errors
    /// As [`App::records_table`].
    pub async fn records_book(
        &self,
        year: RocYear,
        officer: &Officer,
        road: Road,
        what: &str,
    ) -> Result<Book, AppError> {
        if let Some(shut) = self.shut().first() {
            // A year without one of its exercises is a wrong figure, and nobody could see it.
            let why = format!("the exercise {} is shut and would be missing: {}", shut.code, shut.why);
            return Err(AppError::Inner(why));
        }
        self.note_presence().await?;
        let (from_ms, to_ms) = bounds(year);
        let audit_id = new_id();
        let purpose = Purpose { audit_id: &audit_id, at_ms: self.now_ms(), detail: what };
        let leaves = road == Road::Export;
        let rows = self.store.as_officer(officer).year(purpose, leaves, from_ms, to_ms).await?;
        let same = self.store.merges().same().await?;
        let mut draft = Draft::default();
        let taken = self.draft_classes(&mut draft, &rows, &same, to_ms).await?;
        self.draft_exercises(&mut draft, &rows, &same, &taken, to_ms);
        let programme = self.store.programme();
        let (mut asked, mut rules) = (programme.targets().await?, programme.duty_rules().await?);
        if asked.is_empty() {
            asked = targets::defaults();
        }
        if rules.is_empty() {
            rules = duty::defaults();
        }
        let facts = Facts::new(draft.sessions, people(&rows, &same), draft.presences);
        // Answers of people who were nowhere play no part.
        let mut apart = apart(&rows, &same);
        let seen: HashSet<&str> =
            facts.places().iter().map(|place| facts.person(place).id.as_str()).collect();
        apart.retain(|person, _| seen.contains(person.as_str()));
        Ok(Book {
            apart,
            facts,
            targets: asked,
            claims: programme.claims(year).await?,
            rules,
            findings: programme.findings(year).await?,
            surveys: survey(&rows),
            texts: programme.texts(year).await?,
        })
    }

    /// Sessions of courses. Answers with those that are exercises, by exercise.
    async fn draft_classes<'r>(
        &self,
        draft: &mut Draft<'r>,
        rows: &'r YearRows,
        same: &'r Same,
        to_ms: i64,
    ) -> Result<HashMap<String, String>, StoreError> {
        let now_ms = self.now_ms();
        let courses: HashMap<_, _> = self
            .store
            .courses()
            .list()
            .await?
            .into_iter()
            .map(|course| (course.id.clone(), course))
            .collect();
        let sessions: Vec<ClassSession> = self
            .store
            .courses()
            .sessions(SessionsOf::Between(0, to_ms))
            .await?
            .into_iter()
            .filter(|session| session.cancelled_ms.is_none() && session.start_ms <= now_ms)
            .collect();
        let mut lists: HashMap<At<'r>, Listed> = HashMap::new();
        for row in &rows.listed {
            let listed = lists.entry((&*row.session_id, same.of(&row.person_id))).or_default();
            if row.removed {
                listed.struck = true;
            } else {
                listed.parts |= Listed::bit(row.standing);
            }
        }
        let mut stays: Vec<(At<'r>, ClassStay)> = rows
            .marks
            .iter()
            .map(|(session, person, in_ms, out_ms)| {
                ((&**session, same.of(person)), ClassStay { in_ms: *in_ms, out_ms: *out_ms })
            })
            .collect();
        stays.sort_unstable_by_key(|(at, _)| *at);
        let mut scores: HashMap<At<'r>, u8> = HashMap::new();
        for (session, person, score) in &rows.scores {
            let best = scores.entry((&**session, same.of(person))).or_default();
            *best = (*best).max(*score);
        }
        let mut exercises = HashMap::new();
        let mut known: HashMap<&str, (&ClassSession, Vec<Interval>, u8)> = HashMap::new();
        for session in &sessions {
            let Some(course) = courses.get(&session.course_id) else { continue };
            let halves =
                session.halves.iter().filter_map(|(from, to)| Interval::new(*from, *to).ok()).collect();
            known.insert(&session.id, (session, halves, course.about.pass_mark));
            if let Some(exercise) = &session.exercise_id {
                exercises.insert(exercise.clone(), session.id.clone());
            }
            draft.sessions.push(SessionFact {
                id: session.id.clone(),
                code: session.code.clone(),
                title: course.about.title.clone(),
                aspect: Some(course.about.aspect),
                category: course.about.category.clone(),
                start_ms: session.start_ms,
                end_ms: session.end_ms,
                seconds: session.seconds(),
                county: county(&course.about.county),
                is_case: session.exercise_id.is_some(),
                tested: course.about.tested,
            });
        }
        for (at, listed) in &lists {
            let Some((_, _, mark)) = known.get(at.0) else { continue };
            let passed = scores.get(at).map(|score| score >= mark);
            for part in Standing::ALL.iter().filter(|part| listed.is(**part)) {
                draft.add(at.0, at.1, *part, *part == Standing::Trainee, 0, passed);
            }
        }
        let mut own = Vec::new();
        for group in stays.chunk_by(|a, b| a.0 == b.0) {
            let Some((at, _)) = group.first() else { continue };
            let Some((session, halves, mark)) = known.get(at.0) else { continue };
            // The exercise's own rule counts there.
            if session.exercise_id.is_some() {
                continue;
            }
            // Who came and is on no list is a trainee, unless they were taken off it.
            let listed = lists.get(at).copied().unwrap_or_default();
            let trainee = if listed.parts == 0 { !listed.struck } else { listed.is(Standing::Trainee) };
            if trainee {
                own.clear();
                own.extend(group.iter().map(|(_, stay)| *stay));
                let counted = class_attendance(halves, session.late_minutes, &own, now_ms);
                let passed = scores.get(at).map(|score| score >= mark);
                draft.add(at.0, at.1, Standing::Trainee, false, counted.seconds, passed);
            }
        }
        Ok(exercises)
    }

    /// Exercises that began; `taken` are those that are sessions of courses.
    fn draft_exercises<'r>(
        &self,
        draft: &mut Draft<'r>,
        rows: &'r YearRows,
        same: &'r Same,
        taken: &'r HashMap<String, String>,
        to_ms: i64,
    ) {
        let now_ms = self.now_ms();
        let mut stays: HashMap<At<'r>, Vec<Stay>> = HashMap::new();
        for (exercise, person) in &rows.seats {
            stays.entry((&**exercise, same.of(person))).or_default();
        }
        for (exercise, person, from, to) in &rows.presence {
            if let Ok(stay) = Stay::new(Source::Seat, *from, Some(*to)) {
                stays.entry((&**exercise, same.of(person))).or_default().push(stay);
            }
        }
        for (exercise, person, from, to) in &rows.signs {
            if let Ok(stay) = Stay::new(Source::SignIn, *from, *to) {
                stays.entry((&**exercise, same.of(person))).or_default().push(stay);
            }
        }
        let mut runs = HashMap::new();
        for live in self.exercises() {
            let Some(session) = crate::attendance::session(&live) else { continue };
            if session.start_ms >= to_ms {
                continue;
            }
            if !taken.contains_key(&live.id) {
                let header = live.fold().header.clone();
                let course = live.scenario().course.clone();
                let end_ms = session.end_ms.unwrap_or(now_ms);
                draft.sessions.push(SessionFact {
                    id: live.id.clone(),
                    code: header.as_ref().map(|header| header.code.clone()).unwrap_or_default(),
                    title: header.map(|header| header.title).unwrap_or_default(),
                    aspect: Aspect::read(&course.aspect).ok().flatten(),
                    category: course.code,
                    start_ms: session.start_ms,
                    end_ms,
                    seconds: i64::from(course.hours) * 3600,
                    county: String::new(),
                    is_case: true,
                    tested: false,
                });
            }
            runs.insert(live.id.clone(), session);
        }
        for (&(exercise, person), stays) in &stays {
            let Some(session) = runs.get(exercise) else { continue };
            let counted = records::attendance(session, stays, Rule::default(), now_ms);
            let id = taken.get(exercise).map_or(exercise, String::as_str);
            draft.add(id, person, Standing::Trainee, true, counted.seconds, None);
        }
    }

    /// A year at a glance: figures by month, agency, course and county, and what is to be done. One reading, one audit line.
    ///
    /// # Errors
    /// As [`App::records_table`].
    pub async fn records_year(&self, year: RocYear, officer: &Officer) -> Result<YearOverview, AppError> {
        let book = self.records_book(year, officer, Road::Look, &format!("overview {year}")).await?;
        let (facts, apart) = (&book.facts, &book.apart);
        let of = |wanted: RocYear| facts.figures(apart, |session| session.year() == wanted);
        let now = RocYear::of_ms(self.now_ms());
        let mut years: BTreeSet<RocYear> = facts.sessions().iter().map(SessionFact::year).collect();
        years.extend([now, year]);
        let mut overview = YearOverview {
            year: of(year),
            last: of(year.before()),
            cumulative: facts.cumulative(apart, RocYear(i16::MIN), year),
            months: facts.by_month(apart, year),
            agencies: facts.by_agency(apart, year),
            titles: facts.by_title(apart, year),
            counties: facts.by_county(apart, year),
            years: years.into_iter().rev().collect(),
            portal: Vec::new(),
            reminders: Vec::new(),
            book: Book::default(),
        };
        let (from_ms, to_ms) = bounds(year);
        let classes = self.store.courses().sessions(SessionsOf::Between(from_ms, to_ms)).await?;
        let courses: HashMap<String, String> =
            classes.into_iter().map(|session| (session.id, session.course_id)).collect();
        overview.portal = portal(&book, year, &courses, self.now_ms());
        overview.reminders =
            reminders(&book, year, &overview.portal, overview.year.persons.none, self.now_ms());
        overview.book = book;
        Ok(overview)
    }
}

/// Sessions of a year that are over and were attended; `courses` gives the course of each that belongs to one.
fn portal(book: &Book, year: RocYear, courses: &HashMap<String, String>, now_ms: i64) -> Vec<PortalDue> {
    let of_sessions = book.facts.by_session(&book.apart, year);
    of_sessions
        .iter()
        .filter(|(_, figures)| figures.times.total() > 0)
        .map(|(at, _)| &book.facts.sessions()[*at])
        .filter(|session| session.end_ms <= now_ms)
        .map(|session| PortalDue {
            code: session.code.clone(),
            title: session.title.clone(),
            end_ms: session.end_ms,
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
    for due in portal {
        let days = (now_ms - due.end_ms) / DAY_MS;
        if (PORTAL_REMIND..=PORTAL_DAYS + PORTAL_DAYS).contains(&days) {
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
