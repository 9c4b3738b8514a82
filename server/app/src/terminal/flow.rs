//! How much output a browser has not drawn yet. It decides whether the shell is read.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// Output that the browser may not have drawn yet, bytes.
pub const WINDOW: u64 = 256 * 1024;

/// Output sent and drawn so far, bytes.
#[derive(Debug, Default)]
pub struct Flow {
    sent: AtomicU64,
    drawn: AtomicU64,
    jammed: AtomicBool,
    less: Notify,
}

impl Flow {
    /// So much more was sent.
    pub fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::SeqCst);
    }

    /// The browser's count of drawn bytes, which starts over at 2^32. One that claims more than it was sent has drawn all.
    pub fn drawn(&self, said: u32) {
        let before = self.drawn.load(Ordering::SeqCst);
        let low = u32::try_from(before & u64::from(u32::MAX)).unwrap_or(0);
        let now = before + u64::from(said.wrapping_sub(low));
        self.drawn.store(now.min(self.sent.load(Ordering::SeqCst)), Ordering::SeqCst);
        self.less.notify_one();
    }

    /// Sent and not drawn, bytes.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.sent.load(Ordering::SeqCst) - self.drawn.load(Ordering::SeqCst)
    }

    /// While a shell takes no input, its output passes whatever the browser has drawn: the shell may take nothing
    /// because nobody reads what it writes, and the browser's word that it has drawn stands behind its input.
    pub fn jam(&self, jammed: bool) {
        if self.jammed.swap(jammed, Ordering::SeqCst) != jammed {
            self.less.notify_one();
        }
    }

    /// Is there room for more?
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.open() <= WINDOW || self.jammed.load(Ordering::SeqCst)
    }

    /// Waits until there is room for more.
    pub async fn room(&self) {
        while !self.has_room() {
            self.less.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn output_waits_for_the_browser_and_no_longer() {
        let window = usize::try_from(WINDOW).unwrap();
        let flow = Flow::default();
        flow.room().await;
        flow.sent(window + 1);
        let waits = tokio::time::timeout(Duration::from_millis(20), flow.room()).await;
        assert!(waits.is_err(), "more than the window is open");
        flow.drawn(1);
        tokio::time::timeout(Duration::from_secs(1), flow.room()).await.unwrap();
        flow.sent(window);
        flow.jam(true);
        tokio::time::timeout(Duration::from_secs(1), flow.room()).await.unwrap();
        flow.drawn(u32::MAX);
        assert_eq!(flow.open(), 0);
    }

    #[test]
    fn the_count_of_drawn_bytes_starts_over() {
        let flow = Flow::default();
        let turn = 1_u64 << 32;
        flow.sent.store(turn + 100, Ordering::SeqCst);
        flow.drawn(u32::MAX);
        assert_eq!(flow.open(), 101);
        flow.drawn(50);
        assert_eq!(flow.open(), 50);
        flow.drawn(50);
        assert_eq!(flow.open(), 50);
    }
}
