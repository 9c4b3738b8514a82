//! Web hooks: who is told of ledger entries, and what waits to be told. What waits is here, so that no restart forgets it.

use crate::audit::{self, AuditLine};
use crate::db::{Cells, Db, args};
use crate::error::StoreError;

/// Whose view of an entry is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookAudience {
    /// What spectators see; nothing while the board is frozen.
    Public,
    /// What staff sees.
    Staff,
}

impl HookAudience {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Staff => "staff",
        }
    }
}

impl std::str::FromStr for HookAudience {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "public" => Ok(Self::Public),
            "staff" => Ok(Self::Staff),
            _ => Err(()),
        }
    }
}

/// A web hook.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Id.
    pub id: String,
    /// Where to.
    pub url: String,
    /// Of this exercise only.
    pub exercise_id: Option<String>,
    /// Kinds of entries; none for all.
    pub kinds: Vec<String>,
    /// Whose view.
    pub audience: HookAudience,
    /// Signs.
    pub secret: String,
    /// The secret before, and until when it signs, too.
    pub former: Option<(String, i64)>,
    /// Account that made it.
    pub created_by: String,
    /// When it was made, ms UTC.
    pub created_ms: i64,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("id", &self.id).field("url", &self.url).finish_non_exhaustive()
    }
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Id.
    pub id: String,
    /// Ledger position.
    pub seq: u64,
    /// Kind of entry.
    pub kind: String,
    /// What is sent.
    pub body: String,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be sent, perhaps again.
    Waiting,
    /// Taken.
    Done,
    /// Given up.
    Dead,
}

impl DeliveryState {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

impl std::str::FromStr for DeliveryState {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "waiting" => Ok(Self::Waiting),
            "done" => Ok(Self::Done),
            "dead" => Ok(Self::Dead),
            _ => Err(()),
        }
    }
}

/// Something told, or to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Id.
    pub id: String,
    /// Its web hook.
    pub webhook_id: String,
    /// Exercise.
    pub exercise_id: String,
    /// Ledger position.
    pub seq: u64,
    /// Kind of entry.
    pub kind: String,
    /// What is sent.
    pub body: String,
    /// What became of it.
    pub state: DeliveryState,
    /// Tries.
    pub tries: u32,
    /// Since when it waits, ms UTC.
    pub since_ms: i64,
    /// When it is tried next, or was last, ms UTC.
    pub next_ms: i64,
    /// Last HTTP status.
    pub status: Option<u16>,
    /// What went wrong last.
    pub said: String,
}

/// Repository of web hooks.
#[derive(Debug)]
pub struct Webhooks<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

fn hook(cells: &Cells<'_>) -> Result<Webhook, StoreError> {
    let former = match (cells.opt_text("former")?, cells.opt_int("former_until_ms")?) {
        (Some(former), Some(until_ms)) => Some((former, until_ms)),
        _ => None,
    };
    Ok(Webhook {
        id: cells.text("id")?,
        url: cells.text("url")?,
        exercise_id: cells.opt_text("exercise_id")?,
        kinds: cells.text("kinds")?.split_whitespace().map(str::to_owned).collect(),
        audience: cells.word("audience")?,
        secret: cells.text("secret")?,
        former,
        created_by: cells.text("created_by")?,
        created_ms: cells.int("created_ms")?,
    })
}

fn delivery(cells: &Cells<'_>) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: cells.text("id")?,
        webhook_id: cells.text("webhook_id")?,
        exercise_id: cells.text("exercise_id")?,
        seq: cells.number("seq")?,
        kind: cells.text("kind")?,
        body: cells.text("body")?,
        state: cells.word("state")?,
        tries: cells.number("tries")?,
        since_ms: cells.int("since_ms")?,
        next_ms: cells.int("next_ms")?,
        status: cells.opt_int("status")?.and_then(|status| u16::try_from(status).ok()),
        said: cells.text("said")?,
    })
}

impl Webhooks<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Makes one; it is told of what is entered from now on. False, and nothing done, when there are `most` already.
    ///
    /// # Errors
    /// [`StoreError::Missing`] for an unknown exercise or account, or those of the database.
    pub async fn make(&self, new: &Webhook, most: u32) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        tx.lock("accounts").await?;
        let sql = "SELECT COUNT(*) AS there FROM webhooks WHERE removed_ms IS NULL";
        let row = tx.row(sql, args![]).await?;
        let there = row.map(|row| row.of("webhooks", "there").int("there")).transpose()?.unwrap_or(0);
        if there >= i64::from(most) {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.run(
            "INSERT INTO webhooks (id, url, exercise_id, kinds, audience, secret, created_by, created_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            args![
                &new.id,
                &new.url,
                &new.exercise_id,
                new.kinds.join(" "),
                new.audience.as_str(),
                &new.secret,
                &new.created_by,
                new.created_ms
            ],
        )
        .await?;
        let sql = "INSERT INTO webhook_places (webhook_id, exercise_id, seq) \
                   SELECT $1, exercise_id, MAX(seq) FROM ledger GROUP BY exercise_id";
        tx.run(sql, args![&new.id]).await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// All that were not removed, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Webhook>, StoreError> {
        let sql = "SELECT * FROM webhooks WHERE removed_ms IS NULL ORDER BY created_ms, id";
        let rows = self.db.rows(sql, args![]).await?;
        rows.iter().map(|row| hook(&row.of("webhooks", "id"))).collect()
    }

    /// The one of this id, unless it was removed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Webhook>, StoreError> {
        let row =
            self.db.row("SELECT * FROM webhooks WHERE id = $1 AND removed_ms IS NULL", args![id]).await?;
        row.map(|row| hook(&row.of("webhooks", "id"))).transpose()
    }

    /// Gives it a new secret; the former signs beside it until `until_ms`. False when there is none of this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rotate(&self, id: &str, secret: &str, until_ms: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE webhooks SET former = secret, former_until_ms = $3, secret = $2 \
                   WHERE id = $1 AND removed_ms IS NULL";
        let done = tx.run(sql, args![id, secret, until_ms]).await? > 0;
        if done {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Removes it, with its secret and what waits. False when there is none of this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove(&self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE webhooks SET removed_ms = $2, secret = '', former = NULL WHERE id = $1 AND removed_ms IS NULL";
        let done = tx.run(sql, args![id, at_ms]).await? > 0;
        if done {
            for sql in [
                "DELETE FROM webhook_deliveries WHERE webhook_id = $1",
                "DELETE FROM webhook_places WHERE webhook_id = $1",
            ] {
                tx.run(sql, args![id]).await?;
            }
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Up to where ledgers were looked through: (web hook, exercise, position).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn places(&self) -> Result<Vec<(String, String, u64)>, StoreError> {
        let rows = self.db.rows("SELECT webhook_id, exercise_id, seq FROM webhook_places", args![]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("webhook_places", "webhook_id");
                Ok((cells.text("webhook_id")?, cells.text("exercise_id")?, cells.number("seq")?))
            })
            .collect()
    }

    /// How many wait, by web hook.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn waiting(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT webhook_id, COUNT(*) AS there FROM webhook_deliveries WHERE state = 'waiting' GROUP BY webhook_id";
        let rows = self.db.rows(sql, args![]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("webhook_deliveries", "webhook_id");
                Ok((cells.text("webhook_id")?, cells.number("there")?))
            })
            .collect()
    }

    /// A ledger was looked through from after `from` to `to`; what is to be told of it is kept in the same transaction.
    /// False, and nothing done, when somebody else was there first or the web hook is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn collect(
        &self,
        webhook: &str,
        exercise: &str,
        (from, to): (u64, u64),
        deliveries: &[NewDelivery],
        at_ms: i64,
    ) -> Result<bool, StoreError> {
        let int = crate::ledger::as_int;
        let mut tx = self.db.write().await?;
        // Holds the row, so that whoever removes it waits and finds what is kept here.
        let alive = "UPDATE webhooks SET url = url WHERE id = $1 AND removed_ms IS NULL";
        let known = tx.run(alive, args![webhook]).await? > 0;
        let sql =
            "UPDATE webhook_places SET seq = $4 WHERE webhook_id = $1 AND exercise_id = $2 AND seq = $3";
        let mut moved = known && tx.run(sql, args![webhook, exercise, int(from), int(to)]).await? > 0;
        if known && !moved && from == 0 {
            // An exercise that was made after the web hook.
            let sql = "INSERT INTO webhook_places (webhook_id, exercise_id, seq) VALUES ($1, $2, $3) \
                       ON CONFLICT (webhook_id, exercise_id) DO NOTHING";
            moved = tx.run(sql, args![webhook, exercise, int(to)]).await? > 0;
        }
        if !moved {
            tx.rollback().await?;
            return Ok(false);
        }
        let mut values = Vec::new();
        for one in deliveries {
            values.extend(args![
                &one.id,
                webhook,
                exercise,
                int(one.seq),
                &one.kind,
                &one.body,
                "waiting",
                0_i64,
                at_ms,
                at_ms,
                ""
            ]);
        }
        let head = "INSERT INTO webhook_deliveries \
                    (id, webhook_id, exercise_id, seq, kind, body, state, tries, since_ms, next_ms, said)";
        tx.insert_many(head, 11, "ON CONFLICT (webhook_id, exercise_id, seq) DO NOTHING", values).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What is to be sent now to a web hook: of each exercise the first that waits, if its time has come.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn due(&self, webhook: &str, now_ms: i64, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT d.* FROM (SELECT exercise_id, MIN(seq) AS seq FROM webhook_deliveries \
                   WHERE webhook_id = $1 AND state = 'waiting' GROUP BY exercise_id) f \
                   JOIN webhook_deliveries d ON d.webhook_id = $1 AND d.exercise_id = f.exercise_id \
                   AND d.seq = f.seq WHERE d.state = 'waiting' AND d.next_ms <= $2 \
                   ORDER BY d.next_ms, d.id LIMIT $3";
        let rows = self.db.rows(sql, args![webhook, now_ms, limit]).await?;
        rows.iter().map(|row| delivery(&row.of("webhook_deliveries", "id"))).collect()
    }

    /// Notes how a try ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tried(
        &self,
        id: &str,
        state: DeliveryState,
        next_ms: i64,
        status: Option<u16>,
        said: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE webhook_deliveries SET state = $2, tries = tries + 1, next_ms = $3, status = $4, said = $5 \
                   WHERE id = $1 AND state = 'waiting'";
        self.db.run(sql, args![id, state.as_str(), next_ms, status.map(i64::from), said]).await?;
        Ok(())
    }

    /// Lets one be sent again, from now on. False when there is none of this id that is given up or done.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn again(&self, webhook: &str, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE webhook_deliveries SET state = 'waiting', tries = 0, since_ms = $3, next_ms = $3 \
                   WHERE id = $1 AND webhook_id = $2 AND state <> 'waiting'";
        let done = tx.run(sql, args![id, webhook, at_ms]).await? > 0;
        if done {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// The latest deliveries of one, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deliveries(&self, webhook: &str, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT * FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY since_ms DESC, seq DESC LIMIT $2";
        let rows = self.db.rows(sql, args![webhook, limit]).await?;
        rows.iter().map(|row| delivery(&row.of("webhook_deliveries", "id"))).collect()
    }

    /// Forgets what was taken or given up before `before_ms`; answers how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep(&self, before_ms: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM webhook_deliveries WHERE state <> 'waiting' AND next_ms < $1";
        self.db.run(sql, args![before_ms]).await
    }
}
