//! Who is behind a log-in is asked at every request. To PostgreSQL each question is a way there and back, so what is asked at
//! the same time is asked together: a class at work costs a few queries and not one for each request. No answer is older
//! than its question: a query begins after everything that it answers was asked.
//!
//! A SQLite file is read where it is asked. Together, its answers came all at once and so did what followed, and nothing was
//! left to do while the disk was waited for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sqlx::AssertSqlSafe;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::db::{Db, Row, Value, marks};
use crate::error::StoreError;
use crate::sessions::{Viewer, behind};

/// Log-ins that one query asks for at most.
const TOGETHER: usize = 64;
/// Queries at the same time, so that one that hangs holds nobody else up.
const LANES: usize = 2;
/// Questions that may wait; who comes then waits for room.
const WAITING: usize = 1024;
/// Longest that a query may take.
const PATIENCE: Duration = Duration::from_secs(10);

type Found = Result<Option<Viewer>, StoreError>;

#[derive(Debug)]
pub(crate) struct Question {
    id: String,
    now_ms: i64,
    answer: oneshot::Sender<Found>,
}

/// The askers' end.
#[derive(Debug)]
pub(crate) enum Lookups {
    Each(Arc<Db>),
    Together(mpsc::Sender<Question>),
}

impl Lookups {
    pub(crate) fn start(db: &Arc<Db>) -> Self {
        if let Db::Sqlite { .. } = **db {
            return Self::Each(Arc::clone(db));
        }
        let (ask, questions) = mpsc::channel(WAITING);
        let questions = Arc::new(Mutex::new(questions));
        for _ in 0..LANES {
            tokio::spawn(lane(Arc::clone(db), Arc::clone(&questions)));
        }
        Self::Together(ask)
    }

    /// Who is behind a log-in that is live at `now_ms`.
    pub(crate) async fn live(&self, id: &str, now_ms: i64) -> Found {
        if id.contains('\0') {
            return Err(StoreError::Nul);
        }
        match self {
            Self::Each(db) => look_up(db, &[id]).await?.get(id).map_or(Ok(None), |row| viewer(row, now_ms)),
            Self::Together(ask) => {
                let (answer, answered) = oneshot::channel();
                let closed = || StoreError::Unavailable(sqlx::Error::PoolClosed.into());
                ask.send(Question { id: id.to_owned(), now_ms, answer }).await.map_err(|_| closed())?;
                answered.await.unwrap_or_else(|_| Err(closed()))
            }
        }
    }
}

async fn lane(db: Arc<Db>, questions: Arc<Mutex<mpsc::Receiver<Question>>>) {
    let mut asked = Vec::with_capacity(TOGETHER);
    loop {
        if questions.lock().await.recv_many(&mut asked, TOGETHER).await == 0 {
            return;
        }
        // Who has gone away meanwhile asks for nothing.
        asked.retain(|question| !question.answer.is_closed());
        if asked.is_empty() {
            continue;
        }
        let ids: Vec<&str> = asked.iter().map(|question| question.id.as_str()).collect();
        let found = tokio::time::timeout(PATIENCE, look_up(&db, &ids))
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut.into())));
        for question in asked.drain(..) {
            let found = match &found {
                Ok(found) => match found.get(&question.id) {
                    Some(row) => viewer(row, question.now_ms),
                    None => Ok(None),
                },
                Err(error) => Err(error.clone()),
            };
            let _ = question.answer.send(found);
        }
    }
}

/// Rows of the log-ins that are not revoked, by id.
async fn look_up(db: &Db, ids: &[&str]) -> Result<HashMap<String, Row>, StoreError> {
    // A few texts serve every number, so that they stay prepared: the last id fills up.
    let size = ids.len().next_power_of_two();
    let last = ids.last().into_iter().copied();
    let ids = ids.iter().copied().chain(last.cycle().take(size - ids.len()));
    let sql = format!(
        concat!(
            "SELECT o.id, o.seen_ms, o.expires_ms, ",
            behind!(columns),
            " FROM sessions o ",
            behind!(tables),
            " WHERE o.id IN ({}) AND o.revoked_ms IS NULL"
        ),
        marks(1, size)
    );
    let rows = db.rows(AssertSqlSafe(sql), ids.map(Value::from).collect()).await?;
    rows.into_iter().map(|row| Ok((row.of("sessions", "id").text("id")?, row))).collect()
}

fn viewer(row: &Row, now_ms: i64) -> Found {
    let cells = row.of("sessions", "id");
    let expires_ms = cells.int("expires_ms")?;
    if expires_ms <= now_ms {
        return Ok(None);
    }
    Viewer::behind(&cells, cells.text("id")?, cells.int("seen_ms")?, expires_ms)
}
