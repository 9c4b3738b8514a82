//! Audit lines of what staff does with people and accounts. They hold ids and counts, never names, reasons or codes.
//! What is done in an exercise stands in its ledger; looks at personal data write their line with the look itself.

use rampart_store::{AuditLine, Store};

use crate::App;
use crate::clock::new_id;

/// Writes a line of something outside the store; `by` is `None` for Rampart itself. The thing is done by now, and an error would say that it was not,
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
    /// The line of something that is done in the store: given to the repository that does it, it is written in the same
    /// transaction, so that neither stands without the other.
    pub(crate) fn line(&self, by: Option<&str>, what: &str, detail: impl Into<String>) -> AuditLine {
        AuditLine {
            id: new_id(),
            at_ms: self.now_ms(),
            account_id: by.map(str::to_owned),
            what: what.to_owned(),
            detail: detail.into(),
        }
    }

    /// Writes a line before something outside the store is done; it is not done where that fails. Its end gets a line of
    /// its own, by [`App::note`].
    pub(crate) async fn intend(
        &self,
        by: Option<&str>,
        what: &str,
        detail: &str,
    ) -> Result<(), crate::AppError> {
        Ok(self.store.audit().add(&self.line(by, what, detail)).await?)
    }

    /// Writes a line after something outside the store was done.
    pub(crate) async fn note(&self, by: Option<&str>, what: &str, detail: String) {
        note(&self.store, self.now_ms(), by, what, detail).await;
    }
}
