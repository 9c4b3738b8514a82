//! The fold against what the rules say, and the format against its golden file.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod exact;
mod fold;
mod format;
