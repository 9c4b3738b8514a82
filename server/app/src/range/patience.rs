//! Trying again what may pass: a busy engine, a lock, a removal that is still in progress.

use std::future::Future;
use std::time::Duration;

use rampart_engine::EngineError;

/// Pauses between the tries of one object; each is twice the one before.
const FIRST: Duration = Duration::from_millis(150);
/// Tries in all.
const TRIES: u32 = 6;

/// How often one object was tried.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tried: u32,
}

impl Patience {
    /// True after the first failure: what is found now may be what we made ourselves.
    pub(super) fn is_again(&self) -> bool {
        self.tried > 0
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// Gives the error back when it has been tried often enough.
    pub(super) async fn wait(&mut self, error: EngineError) -> Result<(), EngineError> {
        self.tried += 1;
        if self.tried >= TRIES {
            return Err(error);
        }
        tracing::debug!(tried = self.tried, %error, "an object is tried again");
        tokio::time::sleep(FIRST * (1 << (self.tried - 1))).await;
        Ok(())
    }
}

/// Calls again while the error may pass. Only for what can be done twice.
pub(super) async fn persist<T, F: Future<Output = Result<T, EngineError>>>(
    mut call: impl FnMut() -> F,
) -> Result<T, EngineError> {
    let mut patience = Patience::default();
    loop {
        match call().await {
            Err(error) if error.may_pass() => patience.wait(error).await?,
            other => return other,
        }
    }
}
