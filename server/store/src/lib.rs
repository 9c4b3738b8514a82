//! The store: everything that Rampart keeps, in SQLite or PostgreSQL. All of sqlx is in this crate, none of it in its
//! signatures. Repositories by noun ([`Store::persons`], [`Store::seats`], …), two role views ([`Store::as_officer`],
//! [`Store::as_judge`]) and one commit queue ([`Ledger::append`]).
//!
//! The store has no clock and makes no ids: both come as arguments, times as milliseconds since 1970 UTC. "Not there"
//! is `None` or `false`; what cannot be is a [`StoreError`].

mod accounts;
mod agencies;
mod answers;
mod audit;
mod book;
mod certificates;
mod changes;
mod commit;
mod counts;
mod courses;
mod db;
mod error;
mod events;
mod exercises;
mod ids;
mod judge;
mod ledger;
mod lookups;
mod marks;
mod merges;
mod officer;
mod open;
mod persons;
mod placements;
mod presence;
mod programme;
mod recordings;
mod schedules;
mod seats;
mod sessions;
mod settings;
mod signs;
mod subnets;
mod surveys;
mod taken;
mod tokens;
mod webhooks;

use std::sync::Arc;

pub use accounts::{Account, Accounts, Credentials, NewAccount, Role};
pub use agencies::{Agencies, Agency};
pub use answers::{Consent, Origin, OwnRequest, SelfView};
pub use audit::{Audit, AuditLine};
pub use book::{ListedRow, RegisterRow, SurveyRow, YearRows};
pub use certificates::{Certificates, CertificatesOf, NewCertificate, PersonKeys, StoredCertificate};
pub use changes::{Change, Changes, Stamp};
pub use commit::{AppendError, CommitMetrics};
pub use counts::{GatewayCount, GatewayCounts};
pub use courses::{
    ClassPerson, ClassSession, Course, CourseAbout, Courses, Material, MaterialBody, NewClassSession,
    SessionsOf,
};
pub use error::{DriverError, StoreError};
pub use events::{Cursor, Events, Page, StoredEvent};
pub use exercises::{Desired, Exercise, ExerciseEdit, Exercises, FullExercise, NewExercise};
pub use judge::JudgeView;
pub use ledger::{Ledger, RawEntry};
pub use marks::{ClassMark, ClassMarks, NewClassMark, RowsOf, SelfSign, SelfSigned, TestResult};
pub use merges::{Merge, Merges, Same};
pub use officer::{
    AnswersRow, DataRequest, ERASED_NAME, Officer, OfficerView, PersonalRow, PurgeRule, Purged, Purpose, Wish,
};
pub use open::migration_names;
pub use persons::{Imported, NewPerson, Person, PersonEdit, PersonOrder, PersonQuery, Persons};
pub use placements::{Placement, Placements};
pub use presence::{Interval, Presence, Touch};
pub use programme::Programme;
pub use recordings::{NewRecording, Recording, RecordingState, Recordings, Seal};
pub use schedules::{Schedule, Schedules};
pub use seats::{NewSeat, Seat, Seats};
pub use sessions::{NewSession, Sessions, Viewer};
pub use settings::Settings;
pub use signs::{NewSign, Sign, Signs};
pub use subnets::{Claim, Holder, Subnet, Subnets};
pub use surveys::{PaperSheet, Question, QuestionKind, Survey, SurveyAnswer, SurveySheet, Surveys};
pub use tokens::{Begun, NewToken, Repeats, Token, TokenOwner, Tokens};
pub use webhooks::{Delivery, DeliveryState, HookAudience, NewDelivery, Webhook, Webhooks};

/// The open store. Clones share the connections and the commit queue.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Arc<db::Db>,
    queue: commit::Queue,
    lookups: lookups::Lookups,
    taken: Arc<taken::Taken>,
}

impl Store {
    /// Opens `sqlite:PATH` (the file is made, readable by its owner only) or `postgres://…`, and brings the tables up
    /// to date.
    ///
    /// # Errors
    /// [`StoreError::Address`], [`StoreError::File`], [`StoreError::Unavailable`], [`StoreError::Newer`],
    /// [`StoreError::Migration`], or what the driver reports.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, None).await
    }

    /// The same with another number of connections than the default: all to PostgreSQL, the readers of a SQLite file.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with(url: &str, connections: Option<u32>) -> Result<Self, StoreError> {
        let db = Arc::new(open::open(url, connections).await?);
        let queue = commit::Queue::start(Arc::clone(&db));
        let lookups = lookups::Lookups::start(&db);
        let taken = Arc::new(taken::Taken::of(url));
        Ok(Self(Arc::new(Inner { db, queue, lookups, taken })))
    }

    /// Takes the database for this server until [`Store::close`] or the end of the process. Two servers that decide on one
    /// database would each hold a state of its own; who only reads need not take it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another one has it, or those of the database.
    pub async fn take(&self) -> Result<(), StoreError> {
        self.0.taken.take(&self.0.db).await
    }

    /// Waits until another server has taken the database from this one, whose lock was lost meanwhile; then nothing is ever
    /// written here again. While the lock is only lost, writing fails with [`StoreError::Lost`] until it is taken again.
    pub async fn gone(&self) {
        self.0.taken.gone().await;
    }

    /// Takes no further appends, writes those that wait, and closes the connections. For the end of the program.
    pub async fn close(&self) {
        self.0.queue.close().await;
        self.0.taken.give_back().await;
        self.0.db.close().await;
    }

    /// What commits of ledger entries take.
    #[must_use]
    pub fn commit_metrics(&self) -> CommitMetrics {
        self.0.queue.metrics.clone()
    }

    /// Appends that wait for their commit.
    #[must_use]
    pub fn commits_waiting(&self) -> usize {
        self.0.queue.waiting()
    }

    /// People.
    #[must_use]
    pub fn persons(&self) -> Persons<'_> {
        Persons { db: &self.0.db, note: None }
    }

    /// Agencies.
    #[must_use]
    pub fn agencies(&self) -> Agencies<'_> {
        Agencies { db: &self.0.db, note: None }
    }

    /// Rows that were found to be one person.
    #[must_use]
    pub fn merges(&self) -> Merges<'_> {
        Merges { db: &self.0.db, note: None }
    }

    /// Histories of people's rows.
    #[must_use]
    pub fn changes(&self) -> Changes<'_> {
        Changes(&self.0.db)
    }

    /// Accounts of staff.
    #[must_use]
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts { db: &self.0.db, note: None }
    }

    /// Log-ins.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions { db: &self.0.db, lookups: &self.0.lookups }
    }

    /// Personal tokens.
    #[must_use]
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens { db: &self.0.db, note: None }
    }

    /// Web hooks.
    #[must_use]
    pub fn webhooks(&self) -> Webhooks<'_> {
        Webhooks { db: &self.0.db, note: None }
    }

    /// Requests that may be sent again.
    #[must_use]
    pub fn repeats(&self) -> Repeats<'_> {
        Repeats(&self.0.db)
    }

    /// Exercises.
    #[must_use]
    pub fn exercises(&self) -> Exercises<'_> {
        Exercises(&self.0.db)
    }

    /// Ledgers of all exercises.
    #[must_use]
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger { db: &self.0.db, queue: &self.0.queue }
    }

    /// When ranges are to be built, and until when they may live.
    #[must_use]
    pub fn schedules(&self) -> Schedules<'_> {
        Schedules(&self.0.db)
    }

    /// On which nodes ranges stand.
    #[must_use]
    pub fn placements(&self) -> Placements<'_> {
        Placements(&self.0.db)
    }

    /// What gateways of ranges have counted.
    #[must_use]
    pub fn gateway_counts(&self) -> GatewayCounts<'_> {
        GatewayCounts(&self.0.db)
    }

    /// Seats.
    #[must_use]
    pub fn seats(&self) -> Seats<'_> {
        Seats { db: &self.0.db, note: None }
    }

    /// When seats were in use.
    #[must_use]
    pub fn presence(&self) -> Presence<'_> {
        Presence(&self.0.db)
    }

    /// Sign-in sheets.
    #[must_use]
    pub fn signs(&self) -> Signs<'_> {
        Signs { db: &self.0.db, note: None }
    }

    /// Courses and their sessions.
    #[must_use]
    pub fn courses(&self) -> Courses<'_> {
        Courses { db: &self.0.db, note: None }
    }

    /// Attendance of class sessions, and test results.
    #[must_use]
    pub fn class_marks(&self) -> ClassMarks<'_> {
        ClassMarks { db: &self.0.db, note: None }
    }

    /// Questionnaires.
    #[must_use]
    pub fn surveys(&self) -> Surveys<'_> {
        Surveys { db: &self.0.db, note: None }
    }

    /// Certificates.
    #[must_use]
    pub fn certificates(&self) -> Certificates<'_> {
        Certificates { db: &self.0.db, note: None }
    }

    /// Keys to people's own pages.
    #[must_use]
    pub fn person_keys(&self) -> PersonKeys<'_> {
        PersonKeys { db: &self.0.db, note: None }
    }

    /// Recordings of terminals.
    #[must_use]
    pub fn recordings(&self) -> Recordings<'_> {
        Recordings(&self.0.db)
    }

    /// Subnets held by running ranges.
    #[must_use]
    pub fn subnets(&self) -> Subnets<'_> {
        Subnets(&self.0.db)
    }

    /// Telemetry, without its truth.
    #[must_use]
    pub fn events(&self) -> Events<'_> {
        Events(&self.0.db)
    }

    /// Audit lines.
    #[must_use]
    pub fn audit(&self) -> Audit<'_> {
        Audit(&self.0.db)
    }

    /// Targets, duty rules, findings and the texts of the tables.
    #[must_use]
    pub fn programme(&self) -> Programme<'_> {
        Programme { db: &self.0.db, note: None }
    }

    /// Small settings.
    #[must_use]
    pub fn settings(&self) -> Settings<'_> {
        Settings(&self.0.db)
    }

    /// The officer's view: the only road to gender. Each of its methods checks that the account is an enabled officer
    /// and writes an audit line, in the transaction that reads.
    #[must_use]
    pub fn as_officer(&self, officer: &Officer) -> OfficerView<'_> {
        OfficerView { db: &self.0.db, account_id: officer.account_id.clone() }
    }

    /// A person's own view: answers go in and do not come out, and requests about the own data are made here.
    #[must_use]
    pub fn as_self(&self, person_id: &str) -> SelfView<'_> {
        SelfView { db: &self.0.db, person_id: person_id.to_owned() }
    }

    /// The judge's view: the only road to what events really were. For the platform's own scoring; no person's role
    /// may be given it.
    #[must_use]
    pub fn as_judge(&self) -> JudgeView<'_> {
        JudgeView(&self.0.db)
    }
}
