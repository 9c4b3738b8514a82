//! Personal tokens, and requests that may be sent again.

use rampart_domain::token::Scope;

use crate::audit::{self, AuditLine};
use crate::db::{Cells, Db, args};
use crate::error::StoreError;
use crate::sessions::{Viewer, behind};

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TokenOwner {
    /// An account's, by id.
    Account(String),
    /// A seat's, by id.
    Seat(String),
}

impl TokenOwner {
    fn ids(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Account(id) => (Some(id), None),
            Self::Seat(id) => (None, Some(id)),
        }
    }
}

/// A token to keep.
#[derive(Debug, Clone)]
pub struct NewToken<'s> {
    /// Id.
    pub id: &'s str,
    /// Whose it is.
    pub owner: &'s TokenOwner,
    /// What its owner calls it.
    pub name: &'s str,
    /// SHA-256 of it, 64 hexadecimal digits.
    pub hash: &'s str,
    /// Its first characters.
    pub hint: &'s str,
    /// What it may be used for.
    pub scopes: &'s [Scope],
    /// Now, ms UTC.
    pub at_ms: i64,
    /// When it ends by itself, ms UTC.
    pub expires_ms: i64,
    /// Tokens of this owner that may be alive at once, this one counted.
    pub most: u32,
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Id.
    pub id: String,
    /// Whose it is.
    pub owner: TokenOwner,
    /// What its owner calls it.
    pub name: String,
    /// Its first characters.
    pub hint: String,
    /// What it may be used for. Words of a scope that there is no more are left out.
    pub scopes: Vec<Scope>,
    /// When it was made, ms UTC.
    pub created_ms: i64,
    /// When it ends by itself, ms UTC.
    pub expires_ms: i64,
    /// When it was last used, to the minute, ms UTC.
    pub used_ms: Option<i64>,
    /// When it was revoked, ms UTC.
    pub revoked_ms: Option<i64>,
}

impl Token {
    /// True until it is over or revoked.
    #[must_use]
    pub fn is_alive(&self, now_ms: i64) -> bool {
        self.revoked_ms.is_none() && now_ms < self.expires_ms
    }
}

/// Repository of tokens.
#[derive(Debug)]
pub struct Tokens<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

const COLUMNS: &str = "k.id, k.account_id, k.seat_id, k.name, k.hint, k.scopes, k.created_ms, k.expires_ms, k.used_ms, k.revoked_ms";

fn read(cells: &Cells<'_>) -> Result<Token, StoreError> {
    let owner = match (cells.opt_text("account_id")?, cells.opt_text("seat_id")?) {
        (Some(id), _) => TokenOwner::Account(id),
        (None, seat) => TokenOwner::Seat(seat.unwrap_or_default()),
    };
    Ok(Token {
        id: cells.text("id")?,
        owner,
        name: cells.text("name")?,
        hint: cells.text("hint")?,
        scopes: cells.text("scopes")?.split(' ').filter_map(Scope::read).collect(),
        created_ms: cells.int("created_ms")?,
        expires_ms: cells.int("expires_ms")?,
        used_ms: cells.opt_int("used_ms")?,
        revoked_ms: cells.opt_int("revoked_ms")?,
    })
}

impl Tokens<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Keeps a token. False, and nothing done, when its owner has as many as it may.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such owner, or those of the database.
    pub async fn make(&self, new: &NewToken<'_>) -> Result<bool, StoreError> {
        let (account, seat) = new.owner.ids();
        let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
        let mut tx = self.db.write().await?;
        tx.lock("accounts").await?;
        let sql = "SELECT COUNT(*) AS alive FROM tokens \
                   WHERE (account_id = $1 OR seat_id = $2) AND revoked_ms IS NULL AND expires_ms > $3";
        let row = tx.row(sql, args![account, seat, new.at_ms]).await?;
        let alive = row.map(|row| row.of("tokens", "alive").int("alive")).transpose()?.unwrap_or(0);
        if alive >= i64::from(new.most) {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.run(
            "INSERT INTO tokens (id, account_id, seat_id, name, hash, hint, scopes, created_ms, expires_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            args![
                new.id,
                account,
                seat,
                new.name,
                new.hash,
                new.hint,
                scopes.join(" "),
                new.at_ms,
                new.expires_ms
            ],
        )
        .await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The token of a hash and who is behind it, as the database says now: `None` when it is unknown, revoked or over,
    /// its account disabled or its seat removed. The token's id stands for the log-in.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn live(&self, hash: &str, now_ms: i64) -> Result<Option<(Token, Viewer)>, StoreError> {
        let row = self
            .db
            .row(
                concat!(
                    "SELECT o.id, o.account_id, o.seat_id, o.name, o.hint, o.scopes, o.created_ms, o.expires_ms, \
                     o.used_ms, o.revoked_ms, ",
                    behind!(columns),
                    " FROM tokens o ",
                    behind!(tables),
                    " WHERE o.hash = $1 AND o.revoked_ms IS NULL AND o.expires_ms > $2"
                ),
                args![hash, now_ms],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let cells = row.of("tokens", "id");
        let token = read(&cells)?;
        let seen_ms = token.used_ms.unwrap_or(token.created_ms);
        let viewer = Viewer::behind(&cells, token.id.clone(), seen_ms, token.expires_ms)?;
        Ok(viewer.map(|viewer| (token, viewer)))
    }

    /// Notes that a token was used. Each call is a durable write: call it once a minute.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn touch(&self, id: &str, at_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET used_ms = $2 WHERE id = $1 AND (used_ms IS NULL OR used_ms < $2)";
        self.db.run(sql, args![id, at_ms]).await?;
        Ok(())
    }

    /// Tokens of an owner, newest first, those that are over or revoked too until they are swept.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of(&self, owner: &TokenOwner) -> Result<Vec<Token>, StoreError> {
        let (account, seat) = owner.ids();
        let sql = format!(
            "SELECT {COLUMNS} FROM tokens k WHERE k.account_id = $1 OR k.seat_id = $2 ORDER BY k.created_ms DESC, k.id DESC"
        );
        let rows = self.db.rows(sqlx::AssertSqlSafe(sql), args![account, seat]).await?;
        rows.iter().map(|row| read(&row.of("tokens", "id"))).collect()
    }

    /// Ends a token of this owner. False when there is none of this id that lives.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke(&self, owner: &TokenOwner, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let (account, seat) = owner.ids();
        let mut tx = self.db.write().await?;
        let sql = "UPDATE tokens SET revoked_ms = $4 \
                   WHERE id = $1 AND (account_id = $2 OR seat_id = $3) AND revoked_ms IS NULL";
        let ended = tx.run(sql, args![id, account, seat, at_ms]).await? > 0;
        if ended {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Ends all tokens of an owner; answers how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke_all(&self, owner: &TokenOwner, at_ms: i64) -> Result<u64, StoreError> {
        let (account, seat) = owner.ids();
        let mut tx = self.db.write().await?;
        let sql = "UPDATE tokens SET revoked_ms = $3 \
                   WHERE (account_id = $1 OR seat_id = $2) AND revoked_ms IS NULL AND expires_ms > $3";
        let ended = tx.run(sql, args![account, seat, at_ms]).await?;
        if ended > 0 {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Forgets tokens that ended, in whatever way, before `before_ms`; answers how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.db.run("DELETE FROM tokens WHERE expires_ms < $1 OR revoked_ms < $1", args![before_ms]).await
    }
}

/// How long a key of a request that may be sent again is remembered, ms.
const KEY_MS: i64 = 86_400_000;

/// What a request with a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The first of its key: carry it out, then [`Repeats::end`] or [`Repeats::forget`] it.
    New,
    /// Another request has this key.
    Other,
    /// The same one is under way, or was when the server went down.
    Open,
    /// It was carried out, and this was the answer.
    Done {
        /// Status.
        status: u16,
        /// Body.
        answer: String,
    },
}

/// Repository of requests that may be sent again.
#[derive(Debug)]
pub struct Repeats<'s>(pub(crate) &'s Db);

impl Repeats<'_> {
    /// Begins a request of `owner` with `key`; `request` is a hash of all that it asks for.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn begin(
        &self,
        owner: &str,
        key: &str,
        request: &str,
        at_ms: i64,
    ) -> Result<Begun, StoreError> {
        // A key counts for a day.
        self.sweep(at_ms - KEY_MS).await?;
        let sql = "INSERT INTO repeats (owner, key, request, at_ms) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (owner, key) DO NOTHING";
        if self.0.run(sql, args![owner, key, request, at_ms]).await? > 0 {
            return Ok(Begun::New);
        }
        let sql = "SELECT request, status, answer FROM repeats WHERE owner = $1 AND key = $2";
        // Forgotten between the two: whoever had it failed, and this one may be sent again.
        let Some(row) = self.0.row(sql, args![owner, key]).await? else { return Ok(Begun::Open) };
        let cells = row.of("repeats", "request");
        if cells.text("request")? != request {
            return Ok(Begun::Other);
        }
        Ok(match cells.opt_int("status")? {
            None => Begun::Open,
            Some(status) => Begun::Done {
                status: u16::try_from(status).unwrap_or(500),
                answer: cells.opt_text("answer")?.unwrap_or_default(),
            },
        })
    }

    /// Keeps the answer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end(&self, owner: &str, key: &str, status: u16, answer: &str) -> Result<(), StoreError> {
        let sql = "UPDATE repeats SET status = $3, answer = $4 WHERE owner = $1 AND key = $2";
        self.0.run(sql, args![owner, key, i64::from(status), answer]).await?;
        Ok(())
    }

    /// Frees the key: nothing was done.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget(&self, owner: &str, key: &str) -> Result<(), StoreError> {
        self.0.run("DELETE FROM repeats WHERE owner = $1 AND key = $2", args![owner, key]).await?;
        Ok(())
    }

    /// Forgets those from before `before_ms`; answers how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.0.run("DELETE FROM repeats WHERE at_ms < $1", args![before_ms]).await
    }
}
