//! Files of the records: the roster that comes in, the tables that go out. Bytes to values and values to bytes; reading and
//! writing the register, and the audit line of an export, are the caller's.

pub(crate) mod big5;
pub mod export;
mod form;
mod guard;
mod ods;
mod ods_read;
pub mod package;
pub mod roster;
pub mod sheet;
pub mod sheets;
mod split;
mod xlsx_read;

pub use export::{ExportError, Exporter, Format, Outgoing};
pub(crate) use guard::guarded;

#[cfg(test)]
mod sheet_tests;
#[cfg(test)]
mod tests;
