//! Everything that a person reads: templates, locale files, typed page contexts and error texts. The only crate that
//! knows minijinja; it knows neither HTTP nor the database.
//!
//! A page is a struct that implements [`Page`]: it names its template and brings samples. [`Pages::new`] fails if a
//! template is missing, and the tests render every page with every sample in every language.

pub mod contexts;
mod format;
mod prose;
mod registry;
mod render;
mod texts;

pub use contexts::*;
pub use prose::brief_for;
pub use registry::{Sample, TEMPLATES, samples};
pub use render::{Pages, PagesError};
pub use texts::Catalog;
