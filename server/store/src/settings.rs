//! Small settings, by key.

use crate::audit::{self, AuditLine};
use crate::db::{Db, args};
use crate::error::StoreError;

const SET: &str = "INSERT INTO settings (key, value) VALUES ($1, $2) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";

/// Repository of settings.
#[derive(Debug)]
pub struct Settings<'s>(pub(crate) &'s Db);

impl Settings<'_> {
    /// The value of a key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let row = self.0.row("SELECT key, value FROM settings WHERE key = $1", args![key]).await?;
        row.map(|row| row.of("settings", "key").text("value")).transpose()
    }

    /// Keys that begin so, with their values, by key. `prefix` is of letters, digits and points.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn below(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT key, value FROM settings WHERE key LIKE $1";
        let rows = self.0.rows(sql, args![format!("{prefix}%")]).await?;
        let pair = |row: &crate::db::Row| -> Result<(String, String), StoreError> {
            let cells = row.of("settings", "key");
            Ok((cells.text("key")?, cells.text("value")?))
        };
        let mut found: Vec<(String, String)> = rows.iter().map(pair).collect::<Result<_, StoreError>>()?;
        // The databases order texts unlike each other.
        found.sort();
        Ok(found)
    }

    /// Sets a key, with an audit line in the same transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_noting(&self, key: &str, value: &str, line: &AuditLine) -> Result<(), StoreError> {
        let mut tx = self.0.write().await?;
        tx.run(SET, args![key, value]).await?;
        audit::note(&mut tx, Some(line)).await?;
        tx.commit().await
    }

    /// Sets a key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.0.run(SET, args![key, value]).await?;
        Ok(())
    }
}
