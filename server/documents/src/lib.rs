//! Papers: typed documents in, PDF bytes out. All of typst stands here.
//!
//! A document is turned into plain data, and a template that holds no words lays it out. The same document gives the same
//! bytes: dates and identifiers come from the data, nothing asks for the time. Fonts are the machine's ([`Fonts`]) and are
//! embedded as subsets; a character that none of them has is told, never printed as a box.

mod fonts;
mod papers;
mod press;
mod scores;

pub use fonts::{Fonts, FontsMissing, PLACES};
pub use papers::{CertificatePaper, Paper, SignInDay, SignInHalf, SignInLine, SignInSheet, TablePaper};
pub use press::{Missing, Press, PrintError};
pub use scores::{ScorePaper, ScoreSheet};
