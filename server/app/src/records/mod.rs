//! Files of the records: the roster that comes in, the tables that go out. Bytes to values and values to bytes; reading and
//! writing the register, and the audit line of an export, are the caller's.

pub mod export;
mod guard;
mod ods;
pub mod roster;
pub mod sheets;
mod split;

pub use export::{ExportError, Format};

#[cfg(test)]
mod tests;
