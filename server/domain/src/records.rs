//! Attendance and the tables made from it: from presence in milliseconds to official tables by gender.
//!
//! The road is one way: [`attendance`](mod@attendance) turns stays into whole seconds by one printed rule, [`figures`] counts people
//! and adds seconds, [`tables`] lays the figures out as a [`Table`]. Nothing is rounded before a cell is printed.
//! Gender enters only in [`figures`], as a map beside the attendance, because it is kept apart from everything else.

pub mod attendance;
pub mod behind;
pub mod course;
pub mod duty;
pub mod facts;
pub mod figures;
pub mod findings;
pub mod gender;
pub mod interval;
pub mod mask;
pub mod official;
pub mod paper;
pub mod portal;
pub mod register;
pub mod roc;
pub mod seal;
pub mod table;
pub mod tables;
pub mod targets;
pub mod words;
pub mod words_tables;

pub use attendance::{Attendance, Pause, Review, Rule, Session, Source, Stay, StayError, attendance};
pub use course::{Aspect, Certificate, Fault, Measure, Standing, TestKind};
pub use facts::{Apart, DutyClass, Facts, PersonFact, PresenceFact, SessionFact};
pub use figures::{Attended, Counts, Heads, Hundredths, PersonHours};
pub use findings::{Finding, FindingResult};
pub use gender::Gender;
pub use interval::{Interval, IntervalError, IntervalSet};
pub use official::{Book, By, Cross, CrossFigure, Edition, Kind, Variable};
pub use register::{Age, Answers, Area, Disability, HomeArea, Identity, Indigenous, Level};
pub use roc::{RocDate, RocYear};
pub use table::{Cell, Column, Table};
pub use tables::Issue;

#[cfg(test)]
mod tests;
