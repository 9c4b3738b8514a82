//! Telemetry: what the replicas and the gateways reported. What an event really was stands apart, see
//! [`crate::JudgeView`].

use std::collections::{HashMap, HashSet};

use sqlx::AssertSqlSafe;

use crate::db::{Cells, Db, args, marks, texts};
use crate::error::StoreError;
use crate::judge;

/// Ids in one `IN` list.
const LIST: usize = 500;
/// Events in one transaction: the ledger shares the write connection and must not wait for a long one.
const PIECE: usize = 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Id, unique over all exercises; sorts by time among events of one millisecond.
    pub id: String,
    /// Exercise.
    pub exercise_id: String,
    /// Range, from 1.
    pub range: u16,
    /// When it arrived, ms UTC.
    pub at_ms: i64,
    /// Host that reported it.
    pub host: String,
    /// Kind, such as `web` or `flow`.
    pub kind: String,
    /// Flat fields as JSON.
    pub fields: String,
}

impl StoredEvent {
    /// Where this event stands in the list.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { at_ms: self.at_ms, id: &self.id }
    }
}

/// A place in the list of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor<'c> {
    /// Time of the event there, ms UTC.
    pub at_ms: i64,
    /// Its id.
    pub id: &'c str,
}

/// Which part of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page<'c> {
    /// The latest events, latest first.
    Latest,
    /// Those before a place, latest first.
    Before(Cursor<'c>),
    /// Those after a place, earliest first.
    After(Cursor<'c>),
}

/// Repository of events.
#[derive(Debug)]
pub struct Events<'s>(pub(crate) &'s Db);

fn read(cells: &Cells<'_>) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        id: cells.text("id")?,
        exercise_id: cells.text("exercise_id")?,
        range: cells.number("range_no")?,
        at_ms: cells.int("at_ms")?,
        host: cells.text("host")?,
        kind: cells.text("kind")?,
        fields: cells.text("fields")?,
    })
}

impl Events<'_> {
    /// Adds events with what is known of their truth, (event id, label) each; both are left out where they are there
    /// already, so a shipment may be repeated. Long lists go in pieces of one transaction each, an event and its
    /// labels in the same; after an error, repeat the call. Answers with the ids that were new.
    ///
    /// Labels go in here and come out of [`crate::JudgeView`] only.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such exercise, or those of the database.
    pub async fn append(
        &self,
        events: &[StoredEvent],
        labels: &[(String, String)],
    ) -> Result<HashSet<String>, StoreError> {
        let mut labels_of: HashMap<&str, Vec<&str>> = HashMap::new();
        for (event, label) in labels {
            labels_of.entry(event).or_default().push(label);
        }
        // One order for everyone: two shipments with the same events cannot wait for each other.
        let mut events: Vec<&StoredEvent> = events.iter().collect();
        events.sort_by(|a, b| a.id.cmp(&b.id));
        let mut new = HashSet::new();
        for piece in events.chunks(PIECE) {
            let mut values = Vec::with_capacity(piece.len() * 7);
            let mut truths = Vec::new();
            for event in piece {
                values.extend(args![
                    &event.id,
                    &event.exercise_id,
                    event.range,
                    event.at_ms,
                    &event.host,
                    &event.kind,
                    &event.fields
                ]);
                for label in labels_of.remove(event.id.as_str()).unwrap_or_default() {
                    truths.extend(args![&event.id, label, &event.exercise_id]);
                }
            }
            let head = "INSERT INTO events (id, exercise_id, range_no, at_ms, host, kind, fields)";
            let mut tx = self.0.write().await?;
            for row in
                tx.insert_returning(head, 7, "ON CONFLICT (id) DO NOTHING RETURNING id", values).await?
            {
                new.insert(row.of("events", "id").text("id")?);
            }
            judge::insert(&mut tx, truths).await?;
            tx.commit().await?;
        }
        Ok(new)
    }

    /// When the latest event of a host arrived; `None` when it has none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn last_ms(
        &self,
        exercise_id: &str,
        range: u16,
        host: &str,
    ) -> Result<Option<i64>, StoreError> {
        let row = self
            .0
            .row(
                "SELECT id, at_ms FROM events WHERE exercise_id = $1 AND range_no = $2 AND host = $3 \
                 ORDER BY at_ms DESC, id DESC LIMIT 1",
                args![exercise_id, range, host],
            )
            .await?;
        row.map(|row| row.of("events", "id").int("at_ms")).transpose()
    }

    /// Events of a range, of one host or all.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn read(
        &self,
        exercise_id: &str,
        range: u16,
        host: Option<&str>,
        page: Page<'_>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let (place, sign, order) = match page {
            Page::Latest => (Cursor { at_ms: i64::MAX, id: "" }, '<', "DESC"),
            Page::Before(place) => (place, '<', "DESC"),
            Page::After(place) => (place, '>', "ASC"),
        };
        let mut values = args![exercise_id, range, place.at_ms, place.id, limit];
        let mut condition = "";
        if let Some(host) = host {
            condition = "AND host = $6";
            values.extend(args![host]);
        }
        let sql = format!(
            "SELECT * FROM events WHERE exercise_id = $1 AND range_no = $2 AND (at_ms, id) {sign} ($3, $4) \
             {condition} ORDER BY at_ms {order}, id {order} LIMIT $5"
        );
        let rows = self.0.rows(AssertSqlSafe(sql), values).await?;
        rows.iter().map(|row| read(&row.of("events", "id"))).collect()
    }

    /// The events with these ids in this range, by time; ids of other ranges are left out as if they were not there.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_ids(
        &self,
        exercise_id: &str,
        range: u16,
        ids: &[String],
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events = Vec::with_capacity(ids.len());
        for part in ids.chunks(LIST) {
            let sql = format!(
                "SELECT * FROM events WHERE exercise_id = $1 AND range_no = $2 AND id IN ({})",
                marks(3, part.len())
            );
            let mut values = args![exercise_id, range];
            values.extend(texts(part));
            for row in self.0.rows(AssertSqlSafe(sql), values).await? {
                events.push(read(&row.of("events", "id"))?);
            }
        }
        events.sort_by(|a, b| (a.at_ms, &a.id).cmp(&(b.at_ms, &b.id)));
        events.dedup_by(|a, b| a.id == b.id);
        Ok(events)
    }
}
