//! Everything that a person reads: templates, locale files, typed page contexts and error texts. The only crate that knows minijinja;
//! it knows neither HTTP nor the database.

pub mod contexts;

pub use contexts::*;
