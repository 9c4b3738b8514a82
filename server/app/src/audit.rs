//! Audit lines of what staff does with people and accounts. They hold ids and counts, never names, reasons or codes.
//! What is done in an exercise stands in its ledger; looks at personal data write their line with the look itself.

use rampart_store::{AuditLine, Store};

use crate::App;
use crate::clock::new_id;

/// Writes a line; `by` is `None` for Rampart itself. The thing is done by now, and an error would say that it was not,
/// so a line that cannot be written goes to the log.
pub(crate) async fn note(store: &Store, at_ms: i64, by: Option<&str>, what: &str, detail: String) {
    let line =
        AuditLine { id: new_id(), at_ms, account_id: by.map(str::to_owned), what: what.to_owned(), detail };
    if let Err(error) = store.audit().add(&line).await {
        let by = by.unwrap_or_default();
        tracing::error!(%error, at_ms, by, what, detail = line.detail, "no audit line");
    }
}

impl App {
    /// Writes a line before something outside the store is done; it is not done where that fails. Its end gets a line of
    /// its own, by [`App::note`].
    pub(crate) async fn intend(
        &self,
        by: Option<&str>,
        what: &str,
        detail: &str,
    ) -> Result<(), crate::AppError> {
        let line = AuditLine {
            id: new_id(),
            at_ms: self.now_ms(),
            account_id: by.map(str::to_owned),
            what: what.to_owned(),
            detail: detail.to_owned(),
        };
        Ok(self.store.audit().add(&line).await?)
    }

    pub(crate) async fn note(&self, by: Option<&str>, what: &str, detail: String) {
        note(&self.store, self.now_ms(), by, what, detail).await;
    }
}
