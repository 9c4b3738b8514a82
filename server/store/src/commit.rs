//! The commit queue. Everything that scores goes through here: one task takes whatever waits from all exercises and
//! writes it in one transaction, so that a hundred answers cost one wait for the disk.
//!
//! A request is checked against the chain before it is written: it must begin right after the last entry and carry
//! its hash. A request that does not fit is refused alone. If the database refuses the common transaction for a
//! reason that lies in the data, each request gets a transaction of its own, so that one bad request spoils no other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use rampart_domain::ledger::{FIRST, Sealed};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use crate::db::{Db, NotInserted, Tx, args, fits_one_statement};
use crate::error::StoreError;
use crate::ledger::{self, as_int};

/// Requests that may wait. A full queue is seconds of work already, so the next caller hears it at once.
const WAITING: usize = 4096;
/// Entries after which a transaction takes no further request.
const ENTRIES: usize = 2048;

/// Why entries were not appended.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Too much waits already. Nothing was written.
    #[error("too many appends wait already")]
    Busy,
    /// The store is closing. Nothing was written.
    #[error("the store is closing")]
    Closed,
    /// Another entry stands where the first one should, or the entry before it is missing or another. Nothing was
    /// written.
    #[error("entry {found} does not follow the ledger's last entry, {last}")]
    Conflict {
        /// Position of the ledger's last entry, 0 when it is empty.
        last: u64,
        /// Position of the first entry of the request.
        found: u64,
    },
    /// The entries of the request do not follow each other. Nothing was written.
    #[error("entry {seq} of the request does not follow the one before it")]
    Broken {
        /// Position of the entry.
        seq: u64,
    },
    /// There is no such exercise. Nothing was written.
    #[error("there is no such exercise")]
    NoExercise,
    /// The database refused or failed. Nothing was written.
    #[error("the entries were not written")]
    Failed(#[source] Arc<StoreError>),
    /// The database failed while it committed, and whether the entries are there could not be learnt. Read the ledger
    /// again before going on.
    #[error("it is not known whether the entries were written")]
    Unsure(#[source] Arc<StoreError>),
}

type Answer = Result<(), AppendError>;

/// Bounds of the time of a commit, s.
const SECONDS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];
/// Bounds of the entries of a commit.
const SIZES: [f64; 8] = [1.0, 2.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 2048.0];

/// What commits take, for monitoring. Clones share the figures.
#[derive(Debug, Clone)]
pub struct CommitMetrics {
    /// Entries of each commit.
    pub entries: Histogram,
    /// Time of each commit with its fsync, s.
    pub seconds: Histogram,
    /// Commits that failed.
    pub failures: Counter,
}

impl CommitMetrics {
    fn new() -> Self {
        Self {
            entries: Histogram::new(SIZES),
            seconds: Histogram::new(SECONDS),
            failures: Counter::default(),
        }
    }
}

#[derive(Debug)]
struct Request {
    exercise_id: String,
    entries: Vec<Sealed>,
    answer: oneshot::Sender<Answer>,
}

#[derive(Debug)]
enum Job {
    Append(Request),
    Close,
}

/// The callers' end of the queue.
#[derive(Debug)]
pub(crate) struct Queue {
    jobs: Sender<Job>,
    writer: Mutex<Option<JoinHandle<()>>>,
    pub(crate) metrics: CommitMetrics,
}

impl Queue {
    pub(crate) fn start(db: Arc<Db>) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let metrics = CommitMetrics::new();
        let writer =
            tokio::spawn(Writer { db, heads: HashMap::new(), metrics: metrics.clone() }.work(waiting));
        Self { jobs, writer: Mutex::new(Some(writer)), metrics }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    pub(crate) async fn append(&self, exercise_id: &str, entries: Vec<Sealed>) -> Answer {
        if entries.is_empty() {
            return Ok(());
        }
        for pair in entries.windows(2) {
            if pair[1].entry.seq != pair[0].entry.seq + 1 || pair[1].prev != pair[0].hash {
                return Err(AppendError::Broken { seq: pair[1].entry.seq });
            }
        }
        let (answer, answered) = oneshot::channel();
        let request = Request { exercise_id: exercise_id.to_owned(), entries, answer };
        match self.jobs.try_send(Job::Append(request)) {
            Ok(()) => answered.await.unwrap_or(Err(AppendError::Closed)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(AppendError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(AppendError::Closed),
        }
    }

    /// Writes what waits, then ends the writer. A second call only waits for the first.
    pub(crate) async fn close(&self) {
        let mut writer = self.writer.lock().await;
        if let Some(writer) = writer.take() {
            // An error means that the writer is gone already.
            let _ = self.jobs.send(Job::Close).await;
            if let Err(error) = writer.await {
                tracing::error!(%error, "the ledger's writer did not end by itself");
            }
        }
    }
}

/// The last entry of a ledger: position and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    seq: u64,
    hash: String,
}

impl Head {
    fn takes(&self, first: &Sealed) -> bool {
        first.entry.seq == self.seq + 1 && first.prev == self.hash
    }
}

/// How an attempt at a transaction ended that did not go through as a whole.
enum Trouble {
    /// Before the commit; nothing was written.
    Before(StoreError),
    /// At the commit, or nobody knows. The answers are those that would hold had it gone through.
    At(StoreError, Vec<Answer>),
}

struct Writer {
    db: Arc<Db>,
    /// Last entries as far as known. Only a shortcut: before a request is refused by it, the database is asked.
    heads: HashMap<String, Head>,
    metrics: CommitMetrics,
}

impl Writer {
    async fn work(mut self, mut jobs: Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            let mut batch = Vec::new();
            let mut entries = 0;
            let mut next = Some(job);
            while let Some(job) = next.take() {
                match job {
                    Job::Append(request) => {
                        entries += request.entries.len();
                        batch.push(request);
                    }
                    Job::Close => jobs.close(),
                }
                if entries < ENTRIES {
                    next = jobs.try_recv().ok();
                }
            }
            self.write(batch).await;
        }
    }

    async fn write(&mut self, batch: Vec<Request>) {
        if batch.is_empty() {
            return;
        }
        let answers = match self.attempt(&batch).await {
            Ok(answers) => answers,
            Err(Trouble::Before(error)) if batch.len() > 1 && error.is_about_data() => {
                tracing::warn!(%error, requests = batch.len(), "a common commit was refused, each goes alone");
                let mut answers = Vec::with_capacity(batch.len());
                for request in &batch {
                    answers.extend(self.alone(std::slice::from_ref(request)).await);
                }
                answers
            }
            Err(trouble) => self.settle(&batch, trouble).await,
        };
        for (request, answer) in batch.into_iter().zip(answers) {
            // A caller that has gone away does not mind.
            let _ = request.answer.send(answer);
        }
    }

    async fn alone(&mut self, one: &[Request]) -> Vec<Answer> {
        match self.attempt(one).await {
            Ok(answers) => answers,
            Err(trouble) => self.settle(one, trouble).await,
        }
    }

    /// The last entries after these requests, when each follows what is known to be the last before it.
    fn following<'b>(&self, batch: &'b [Request]) -> Option<HashMap<&'b str, Head>> {
        let mut fresh: HashMap<&str, Head> = HashMap::new();
        for request in batch {
            let exercise_id = request.exercise_id.as_str();
            let head = fresh.get(exercise_id).or_else(|| self.heads.get(exercise_id))?;
            let (first, last) = (request.entries.first()?, request.entries.last()?);
            if !head.takes(first) {
                return None;
            }
            fresh.insert(exercise_id, Head { seq: last.entry.seq, hash: last.hash.clone() });
        }
        Some(fresh)
    }

    /// Writes the requests that fit, in one transaction. Answers in the order of the requests.
    async fn attempt(&mut self, batch: &[Request]) -> Result<Vec<Answer>, Trouble> {
        let size = batch.iter().map(|request| request.entries.len()).sum();
        if fits_one_statement(size)
            && let Some(fresh) = self.following(batch)
        {
            return self.attempt_at_once(batch, size, fresh).await;
        }
        let mut tx = self.db.write().await.map_err(Trouble::Before)?;
        let mut fresh: HashMap<&str, Head> = HashMap::new();
        let mut answers = Vec::with_capacity(batch.len());
        let mut fitting = Vec::new();
        for request in batch {
            let answer = self.check(&mut tx, &fresh, request).await.map_err(Trouble::Before)?;
            if let (Ok(()), Some(last)) = (&answer, request.entries.last()) {
                let head = Head { seq: last.entry.seq, hash: last.hash.clone() };
                fresh.insert(&request.exercise_id, head);
                fitting.extend(request.entries.iter().map(|sealed| (request.exercise_id.as_str(), sealed)));
            }
            answers.push(answer);
        }
        if fitting.is_empty() {
            // Nothing to keep, so nothing is lost if even this fails.
            let _ = tx.rollback().await;
            return Ok(answers);
        }
        let size = fitting.len();
        if let Err(error) = ledger::insert(&mut tx, fitting.into_iter()).await {
            self.heads.clear();
            self.metrics.failures.inc();
            let _ = tx.rollback().await;
            return Err(Trouble::Before(error));
        }
        let began = Instant::now();
        if let Err(error) = tx.commit().await {
            self.heads.clear();
            self.metrics.failures.inc();
            return Err(Trouble::At(error, answers));
        }
        self.kept(began, size, fresh);
        Ok(answers)
    }

    /// Writes requests that all fit, by one statement.
    async fn attempt_at_once(
        &mut self,
        batch: &[Request],
        size: usize,
        fresh: HashMap<&str, Head>,
    ) -> Result<Vec<Answer>, Trouble> {
        let mut entries = Vec::with_capacity(size);
        for request in batch {
            entries.extend(request.entries.iter().map(|sealed| (request.exercise_id.as_str(), sealed)));
        }
        let answers = vec![Ok(()); batch.len()];
        let began = Instant::now();
        if let Err(error) = ledger::insert_at_once(&self.db, entries.into_iter()).await {
            self.heads.clear();
            self.metrics.failures.inc();
            return Err(match error {
                NotInserted::Before(error) => Trouble::Before(error),
                NotInserted::Unsure(error) => Trouble::At(error, answers),
            });
        }
        self.kept(began, size, fresh);
        Ok(answers)
    }

    /// Notes what is on the disk now.
    fn kept(&mut self, began: Instant, size: usize, fresh: HashMap<&str, Head>) {
        self.metrics.seconds.observe(began.elapsed().as_secs_f64());
        self.metrics.entries.observe(size as f64);
        for (exercise_id, head) in fresh {
            self.heads.insert(exercise_id.to_owned(), head);
        }
    }

    /// Does the request follow the last entry? The outer error is the database's.
    async fn check(
        &mut self,
        tx: &mut Tx,
        fresh: &HashMap<&str, Head>,
        request: &Request,
    ) -> Result<Answer, StoreError> {
        let Some(first) = request.entries.first() else { return Ok(Ok(())) };
        let refused = |last| Ok(Err(AppendError::Conflict { last, found: first.entry.seq }));
        if let Some(head) = fresh.get(request.exercise_id.as_str()) {
            return if head.takes(first) { Ok(Ok(())) } else { refused(head.seq) };
        }
        if self.heads.get(&request.exercise_id).is_some_and(|head| head.takes(first)) {
            return Ok(Ok(()));
        }
        let Some(head) = stored_head(tx, &request.exercise_id).await? else {
            return Ok(Err(AppendError::NoExercise));
        };
        let takes = head.takes(first);
        let last = head.seq;
        self.heads.insert(request.exercise_id.clone(), head);
        if takes { Ok(Ok(())) } else { refused(last) }
    }

    /// Answers after a failure. After one at the commit, the database is asked what became of each request.
    async fn settle(&self, batch: &[Request], trouble: Trouble) -> Vec<Answer> {
        match trouble {
            Trouble::Before(StoreError::Duplicate { .. }) => {
                // Another process wrote this position after we had looked.
                let found = |request: &Request| request.entries.first().map_or(0, |first| first.entry.seq);
                batch
                    .iter()
                    .map(|request| {
                        let found = found(request);
                        Err(AppendError::Conflict { last: found, found })
                    })
                    .collect()
            }
            Trouble::Before(error) => {
                let error = Arc::new(error);
                tracing::error!(error = &error as &dyn std::error::Error, "ledger entries were not written");
                batch.iter().map(|_| Err(AppendError::Failed(Arc::clone(&error)))).collect()
            }
            Trouble::At(error, certain) => {
                let error = Arc::new(error);
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a commit of ledger entries failed"
                );
                let mut answers = Vec::with_capacity(batch.len());
                for (request, before) in batch.iter().zip(certain) {
                    let answer = match (before, self.is_stored(request).await) {
                        (Err(refused), _) => Err(refused),
                        (Ok(()), Ok(true)) => Ok(()),
                        // With one writer, what is not there now does not come later.
                        (Ok(()), Ok(false)) if self.db.is_single_writer() => {
                            Err(AppendError::Failed(Arc::clone(&error)))
                        }
                        (Ok(()), _) => Err(AppendError::Unsure(Arc::clone(&error))),
                    };
                    answers.push(answer);
                }
                answers
            }
        }
    }

    async fn is_stored(&self, request: &Request) -> Result<bool, StoreError> {
        let Some(last) = request.entries.last() else { return Ok(true) };
        let sql = "SELECT seq FROM ledger WHERE exercise_id = $1 AND seq = $2 AND hash = $3";
        let values = args![&request.exercise_id, as_int(last.entry.seq), &last.hash];
        Ok(self.db.row(sql, values).await?.is_some())
    }
}

/// The last entry in the database; `None` when there is no such exercise.
async fn stored_head(tx: &mut Tx, exercise_id: &str) -> Result<Option<Head>, StoreError> {
    let row = tx
        .row(
            "SELECT e.id, l.seq, l.hash FROM exercises e LEFT JOIN ledger l ON l.exercise_id = e.id \
             WHERE e.id = $1 ORDER BY l.seq DESC LIMIT 1",
            args![exercise_id],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let cells = row.of("ledger", "id");
    Ok(Some(match cells.opt_int("seq")? {
        None => Head { seq: 0, hash: FIRST.to_owned() },
        Some(_) => Head { seq: cells.number("seq")?, hash: cells.text("hash")? },
    }))
}
