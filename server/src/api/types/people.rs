//! People, seats, slips, sign-in sheets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Somebody of the register. Nothing personal is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number.
    pub staff_no: String,
    /// Agency.
    pub agency: String,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// People who were not there.
    pub added: usize,
    /// People whose row is another one now.
    pub changed: usize,
    /// People who are as they were.
    pub unchanged: usize,
    /// People whose gender in the file was left out, as they withdrew their answers; of a try always 0.
    #[serde(default)]
    #[schema(required = false)]
    pub withheld: usize,
    /// True when it was only tried.
    pub dry_run: bool,
    /// What each row would do; of a try alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub rows: Vec<ImportedRow>,
}

/// What a row of a roster would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportedRow {
    /// Row of the file, from 1.
    pub row: u32,
    /// `added`, `changed` or `same`.
    pub effect: String,
    /// Id of the person that it was taken for; null for a new one.
    pub person: Option<String>,
    /// Taken for that person by name and agency alone.
    pub proposed: bool,
}

/// A seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Seat {
    /// Seat id.
    pub id: String,
    /// Person id.
    pub person: String,
    /// Name of the person.
    pub name: String,
    /// Agency of the person.
    pub agency: String,
    /// Team id.
    pub team: String,
    /// Number within the team.
    pub number: u32,
    /// A code was made and nobody has used it.
    pub code_waits: bool,
    /// When its code was used.
    pub code_used_ms: Option<i64>,
    /// Somebody has its page open.
    pub online: bool,
}

/// Where a person is to sit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeatWish {
    /// Team id.
    #[schema(example = "r1")]
    pub team: String,
}

/// People to spread over the teams.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// Person ids; who has a seat keeps it.
    pub persons: Vec<String>,
}

/// How many were done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// How many.
    pub count: usize,
}

/// For whom slips are made.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlipWish {
    /// One seat, whether or not it was opened already; null for all that nobody has opened yet.
    #[serde(default)]
    pub seat: Option<String>,
}

/// A slip: who sits where, and the code that opens the seat once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Slip {
    /// Seat id.
    pub seat: String,
    /// Person's name.
    pub name: String,
    /// Agency.
    pub agency: String,
    /// Team name.
    pub team: String,
    /// `red` or `blue`.
    pub side: String,
    /// Number within the team.
    pub number: u32,
    /// Code, eight characters; shown this once.
    pub code: String,
}

/// A line of a sign-in sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sign {
    /// Id.
    pub id: String,
    /// From.
    pub from_ms: i64,
    /// To; null while the person is there.
    pub to_ms: Option<i64>,
    /// Why it was entered.
    pub reason: String,
}

/// One person's attendance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attendance {
    /// Person.
    pub person: Person,
    /// Team id of the present seat.
    pub team: Option<String>,
    /// Lines that stand.
    pub signs: Vec<Sign>,
    /// What counts, in whole seconds.
    pub seconds: i64,
}

/// What is written into a sign-in sheet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum SignAct {
    /// Signs a person in, from now on.
    In {
        /// Person id.
        person: String,
    },
    /// Signs a person out, now.
    Out {
        /// Person id.
        person: String,
    },
    /// Enters a stay afterwards.
    Mark {
        /// Person id.
        person: String,
        /// From.
        from_ms: i64,
        /// To.
        to_ms: i64,
        /// Why.
        reason: String,
    },
    /// Strikes a line out; it stays and does not count.
    Strike {
        /// Id of the line.
        sign: String,
    },
}
