//! Small settings, by key.

use crate::db::{Db, args};
use crate::error::StoreError;

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

    /// Sets a key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.0
            .run(
                "INSERT INTO settings (key, value) VALUES ($1, $2) \
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                args![key, value],
            )
            .await?;
        Ok(())
    }
}
