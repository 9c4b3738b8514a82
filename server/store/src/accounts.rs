//! Accounts of staff: administrators, instructors, programme officers. Trainees have seats instead.

use std::str::FromStr;

use crate::audit::{self, AuditLine};
use crate::db::{Cells, Db, Tx, args};
use crate::error::StoreError;

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Runs the platform.
    Administrator,
    /// Runs exercises.
    Instructor,
    /// Keeps the records; alone sees gender.
    Officer,
}

impl Role {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Instructor => "instructor",
            Self::Officer => "officer",
        }
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "administrator" => Ok(Self::Administrator),
            "instructor" => Ok(Self::Instructor),
            "officer" => Ok(Self::Officer),
            _ => Err(()),
        }
    }
}

/// An account, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Id.
    pub id: String,
    /// Log-in name, lower case.
    pub login: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// True when the password must be changed before anything else.
    pub must_change: bool,
    /// True when it may not log in.
    pub disabled: bool,
    /// When it was made, ms UTC.
    pub created_ms: i64,
    /// Number of password changes.
    pub epoch: i64,
}

/// An account with its password hash, for checking a log-in.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// Password hash, PHC text.
    pub password_hash: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("account", &self.account).finish_non_exhaustive()
    }
}

/// An account to make.
#[derive(Clone)]
pub struct NewAccount {
    /// Id.
    pub id: String,
    /// Log-in name; stored in lower case, without surrounding space.
    pub login: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Password hash, PHC text.
    pub password_hash: String,
    /// True when the password must be changed at the first log-in.
    pub must_change: bool,
    /// Now, ms UTC.
    pub created_ms: i64,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("login", &self.login)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Repository of accounts.
#[derive(Debug)]
pub struct Accounts<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

fn read(cells: &Cells<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        id: cells.text("id")?,
        login: cells.text("login")?,
        name: cells.text("name")?,
        role: cells.word("role")?,
        must_change: cells.flag("must_change")?,
        disabled: cells.flag("disabled")?,
        created_ms: cells.int("created_ms")?,
        epoch: cells.int("epoch")?,
    })
}

fn as_login(typed: &str) -> String {
    typed.trim().to_lowercase()
}

async fn insert(tx: &mut Tx, new: &NewAccount) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO accounts (id, login, name, role, password_hash, must_change, disabled, created_ms, epoch) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0)",
        args![
            &new.id,
            as_login(&new.login),
            &new.name,
            new.role.as_str(),
            &new.password_hash,
            new.must_change,
            new.created_ms
        ],
    )
    .await?;
    Ok(())
}

/// Ends all log-ins and all tokens of an account.
async fn revoke(tx: &mut Tx, account_id: &str, at_ms: i64) -> Result<(), StoreError> {
    for sql in [
        "UPDATE sessions SET revoked_ms = $2 WHERE account_id = $1 AND revoked_ms IS NULL",
        "UPDATE tokens SET revoked_ms = $2 WHERE account_id = $1 AND revoked_ms IS NULL",
    ] {
        tx.run(sql, args![account_id, at_ms]).await?;
    }
    Ok(())
}

/// Refuses when nobody but this account is an enabled administrator. The caller holds lock `accounts`.
async fn refuse_last(tx: &mut Tx, account_id: &str) -> Result<(), StoreError> {
    let this = "SELECT id FROM accounts WHERE id = $1 AND role = 'administrator' AND disabled = 0";
    let other = "SELECT id FROM accounts WHERE id <> $1 AND role = 'administrator' AND disabled = 0 LIMIT 1";
    if tx.row(this, args![account_id]).await?.is_some() && tx.row(other, args![account_id]).await?.is_none() {
        return Err(StoreError::LastAdministrator);
    }
    Ok(())
}

impl Accounts<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] of `accounts.login`, or those of the database.
    pub async fn create(&self, new: &NewAccount) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        insert(&mut tx, new).await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await
    }

    /// Makes the very first account. False, and nothing done, when there is one already.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn create_first(&self, new: &NewAccount) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        tx.lock("accounts").await?;
        if tx.row("SELECT id FROM accounts LIMIT 1", args![]).await?.is_some() {
            tx.rollback().await?;
            return Ok(false);
        }
        insert(&mut tx, new).await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The account with this log-in name, however it is typed, with its password hash.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_login(&self, typed: &str) -> Result<Option<Credentials>, StoreError> {
        self.credentials("SELECT * FROM accounts WHERE login = $1", &as_login(typed)).await
    }

    /// The account with this id, with its password hash, for checking the present password before a change.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn credentials_of(&self, id: &str) -> Result<Option<Credentials>, StoreError> {
        self.credentials("SELECT * FROM accounts WHERE id = $1", id).await
    }

    async fn credentials(&self, sql: &'static str, key: &str) -> Result<Option<Credentials>, StoreError> {
        let Some(row) = self.db.row(sql, args![key]).await? else { return Ok(None) };
        let cells = row.of("accounts", "id");
        Ok(Some(Credentials { account: read(&cells)?, password_hash: cells.text("password_hash")? }))
    }

    /// The account with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Account>, StoreError> {
        let row = self.db.row("SELECT * FROM accounts WHERE id = $1", args![id]).await?;
        row.map(|row| read(&row.of("accounts", "id"))).transpose()
    }

    /// All accounts, by log-in name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Account>, StoreError> {
        let rows = self.db.rows("SELECT * FROM accounts ORDER BY login", args![]).await?;
        rows.iter().map(|row| read(&row.of("accounts", "id"))).collect()
    }

    /// Sets a password, and ends every log-in and token of the account. False when there is no such account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_password(
        &self,
        id: &str,
        password_hash: &str,
        must_change: bool,
        at_ms: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        // A token that is made at this moment comes before or after, not in between.
        tx.lock("accounts").await?;
        let found = tx
            .run(
                "UPDATE accounts SET password_hash = $2, must_change = $3, epoch = epoch + 1 WHERE id = $1",
                args![id, password_hash, must_change],
            )
            .await?;
        revoke(&mut tx, id, at_ms).await?;
        if found > 0 {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(found > 0)
    }

    /// Sets the name. False when there is no such account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_name(&self, id: &str, name: &str) -> Result<bool, StoreError> {
        Ok(self.db.run("UPDATE accounts SET name = $2 WHERE id = $1", args![id, name]).await? > 0)
    }

    /// Sets the role and ends the log-ins and tokens of the account: what a page of the old role still shows must not stay open. The
    /// role that it has already changes nothing. False when there is no such account.
    ///
    /// # Errors
    /// [`StoreError::LastAdministrator`], or those of the database.
    pub async fn set_role(&self, id: &str, role: Role, at_ms: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        tx.lock("accounts").await?;
        if role != Role::Administrator {
            refuse_last(&mut tx, id).await?;
        }
        let sql = "UPDATE accounts SET role = $2 WHERE id = $1 AND role <> $2";
        let changed = tx.run(sql, args![id, role.as_str()]).await? > 0;
        if changed {
            revoke(&mut tx, id, at_ms).await?;
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        let known = tx.row("SELECT id FROM accounts WHERE id = $1", args![id]).await?.is_some();
        tx.commit().await?;
        Ok(known)
    }

    /// Disables an account and ends its log-ins and tokens, or enables it again. False when there is no such account.
    ///
    /// # Errors
    /// [`StoreError::LastAdministrator`], or those of the database.
    pub async fn set_disabled(&self, id: &str, disabled: bool, at_ms: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        tx.lock("accounts").await?;
        if disabled {
            refuse_last(&mut tx, id).await?;
            revoke(&mut tx, id, at_ms).await?;
        }
        let found = tx.run("UPDATE accounts SET disabled = $2 WHERE id = $1", args![id, disabled]).await?;
        if found > 0 {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(found > 0)
    }
}
