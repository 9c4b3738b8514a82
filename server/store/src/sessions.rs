//! Log-ins. A cookie names a row here and nothing more; who that is and what they may do is read at every request.

use crate::accounts::Role;
use crate::db::{Cells, Db, args};
use crate::error::StoreError;
use crate::lookups::Lookups;

/// A log-in to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession<'s> {
    /// Id.
    pub id: &'s str,
    /// Now, ms UTC.
    pub at_ms: i64,
    /// When it ends by itself, ms UTC.
    pub expires_ms: i64,
}

/// Who is behind a live log-in, as the database says at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// A member of staff.
    Account {
        /// Log-in.
        session_id: String,
        /// Account.
        account_id: String,
        /// Log-in name.
        login: String,
        /// Name.
        name: String,
        /// Role.
        role: Role,
        /// True when the password must be changed before anything else.
        must_change: bool,
        /// Last activity recorded, ms UTC.
        seen_ms: i64,
        /// When the log-in ends, ms UTC.
        expires_ms: i64,
    },
    /// A trainee.
    Seat {
        /// Log-in.
        session_id: String,
        /// Seat.
        seat_id: String,
        /// Exercise of the seat.
        exercise_id: String,
        /// Team of the seat.
        team: String,
        /// Number of the seat in its team.
        number: u32,
        /// Person in the seat.
        person_id: String,
        /// Their name.
        name: String,
        /// Last activity recorded, ms UTC.
        seen_ms: i64,
        /// When the log-in ends, ms UTC.
        expires_ms: i64,
    },
}

/// The columns that say who is behind a log-in or a token, and the tables that they come from; whatever names the account and
/// the seat is called `o`.
macro_rules! behind {
    (columns) => {
        "a.id AS of_account, a.login, a.name AS account_name, a.role, a.must_change, \
         t.id AS of_seat, t.exercise_id, t.team, t.number, t.person_id, p.name AS person_name"
    };
    (tables) => {
        "LEFT JOIN accounts a ON a.id = o.account_id AND a.disabled = 0 \
         LEFT JOIN seats t ON t.id = o.seat_id AND t.removed_ms IS NULL \
         LEFT JOIN persons p ON p.id = t.person_id"
    };
}
pub(crate) use behind;

impl Viewer {
    /// Whoever a row with [`behind!`] names; `None` when the account is disabled or the seat removed.
    pub(crate) fn behind(
        cells: &Cells<'_>,
        session_id: String,
        seen_ms: i64,
        expires_ms: i64,
    ) -> Result<Option<Self>, StoreError> {
        if let Some(account_id) = cells.opt_text("of_account")? {
            return Ok(Some(Self::Account {
                session_id,
                account_id,
                login: cells.text("login")?,
                name: cells.text("account_name")?,
                role: cells.word("role")?,
                must_change: cells.flag("must_change")?,
                seen_ms,
                expires_ms,
            }));
        }
        let Some(seat_id) = cells.opt_text("of_seat")? else { return Ok(None) };
        Ok(Some(Self::Seat {
            session_id,
            seat_id,
            exercise_id: cells.text("exercise_id")?,
            team: cells.text("team")?,
            number: cells.number("number")?,
            person_id: cells.text("person_id")?,
            name: cells.text("person_name")?,
            seen_ms,
            expires_ms,
        }))
    }
}

/// Repository of log-ins.
#[derive(Debug)]
pub struct Sessions<'s> {
    pub(crate) db: &'s Db,
    pub(crate) lookups: &'s Lookups,
}

pub(crate) const INSERT: &str = "INSERT INTO sessions (id, account_id, seat_id, created_ms, seen_ms, expires_ms) \
                                 VALUES ($1, $2, $3, $4, $4, $5)";

impl Sessions<'_> {
    /// Opens a log-in of an account.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such account, or those of the database.
    pub async fn open_account(&self, new: &NewSession<'_>, account_id: &str) -> Result<(), StoreError> {
        let values = args![new.id, account_id, None::<String>, new.at_ms, new.expires_ms];
        self.db.run(INSERT, values).await?;
        Ok(())
    }

    /// Opens a log-in of a seat. With a seat code, use [`crate::Seats::enter`], which does both at once.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such seat, or those of the database.
    pub async fn open_seat(&self, new: &NewSession<'_>, seat_id: &str) -> Result<(), StoreError> {
        let values = args![new.id, None::<String>, seat_id, new.at_ms, new.expires_ms];
        self.db.run(INSERT, values).await?;
        Ok(())
    }

    /// Who is behind a log-in: `None` when it is unknown, revoked or over, its account disabled or its seat removed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn live(&self, id: &str, now_ms: i64) -> Result<Option<Viewer>, StoreError> {
        self.lookups.live(id, now_ms).await
    }

    /// Notes activity and moves the end. Each call is a durable write, so call it once a minute rather than at every
    /// request. False when the log-in is unknown or revoked.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn touch(&self, id: &str, at_ms: i64, expires_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET seen_ms = $2, expires_ms = $3 WHERE id = $1 AND revoked_ms IS NULL";
        Ok(self.db.run(sql, args![id, at_ms, expires_ms]).await? > 0)
    }

    /// Ends a log-in. False when it was none or ended already.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke(&self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL";
        Ok(self.db.run(sql, args![id, at_ms]).await? > 0)
    }

    /// Ends all log-ins of an account; answers how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke_account(&self, account_id: &str, at_ms: i64) -> Result<u64, StoreError> {
        let sql = "UPDATE sessions SET revoked_ms = $2 WHERE account_id = $1 AND revoked_ms IS NULL";
        self.db.run(sql, args![account_id, at_ms]).await
    }

    /// Ends all log-ins of a seat; answers how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke_seat(&self, seat_id: &str, at_ms: i64) -> Result<u64, StoreError> {
        let sql = "UPDATE sessions SET revoked_ms = $2 WHERE seat_id = $1 AND revoked_ms IS NULL";
        self.db.run(sql, args![seat_id, at_ms]).await
    }

    /// Forgets log-ins that ended before `before_ms`; answers how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.db.run("DELETE FROM sessions WHERE expires_ms < $1", args![before_ms]).await
    }
}
