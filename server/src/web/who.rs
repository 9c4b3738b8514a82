//! Who looks, and who may. The only place where a route's right is decided.

use scoreboard::Side;

/// Role of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Keeps the machine and the accounts; sees no personal data beyond names.
    Administrator,
    /// Leads exercises.
    Instructor,
    /// Programme officer; alone sees figures by gender.
    Officer,
}

impl Role {
    /// The word in data and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Instructor => "instructor",
            Self::Officer => "officer",
        }
    }
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Account id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Role, as it stands in the database now.
    pub role: Role,
    /// The password has to be changed before anything else.
    pub must_change: bool,
}

/// A trainee in a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seated {
    /// Seat id.
    pub seat: String,
    /// Exercise id.
    pub exercise: String,
    /// Team id.
    pub team: String,
    /// Side of the team.
    pub side: Side,
    /// Number of the range that the team plays in.
    pub range: u16,
    /// Person id.
    pub person: String,
    /// Name of the person.
    pub name: String,
    /// Number of the seat within its team, from 1.
    pub number: i64,
}

/// Who looks, as the database has it at this request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Me {
    /// Nobody logged in.
    #[default]
    Nobody,
    /// Somebody with an account.
    Staff(Staff),
    /// A trainee.
    Seat(Seated),
}

impl Me {
    /// The account, or the person in the seat.
    pub(crate) fn person(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Staff(staff) => Some(&staff.id),
            Self::Seat(seat) => Some(&seat.person),
        }
    }
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Served without asking who it is: files and signs of life.
    Open,
    /// Everybody, with or without log-in.
    Public,
    /// Everybody who is logged in, account or seat.
    LoggedIn,
    /// Every account.
    Account,
    /// Accounts of these roles.
    Roles(&'static [Role]),
    /// Every seat.
    Seat,
    /// Seats of this side.
    Side(Side),
}

impl Who {
    /// Instructors.
    pub const INSTRUCTOR: Self = Self::Roles(&[Role::Instructor]);
    /// Programme officers.
    pub const OFFICER: Self = Self::Roles(&[Role::Officer]);
    /// Administrators.
    pub const ADMINISTRATOR: Self = Self::Roles(&[Role::Administrator]);
    /// Those who keep the register of people.
    pub const REGISTRAR: Self = Self::Roles(&[Role::Instructor, Role::Officer]);
    /// Those who may look into an exercise; only instructors act in it.
    pub const OVERSEER: Self = Self::Roles(&[Role::Instructor, Role::Administrator]);
    /// Those who look on at terminals and replay them: what trainees do there is for those who teach them alone.
    pub const WATCHER: Self = Self::Roles(&[Role::Instructor]);
    /// Those who look after scenarios.
    pub const AUTHOR: Self = Self::Roles(&[Role::Instructor, Role::Administrator]);

    /// May this one pass?
    #[must_use]
    pub fn admits(self, me: &Me) -> bool {
        match (self, me) {
            (Self::Open | Self::Public, _) => true,
            (Self::LoggedIn, Me::Staff(_) | Me::Seat(_)) => true,
            (Self::Account, Me::Staff(_)) => true,
            (Self::Roles(roles), Me::Staff(staff)) => roles.contains(&staff.role),
            (Self::Seat, Me::Seat(_)) => true,
            (Self::Side(side), Me::Seat(seat)) => seat.side == side,
            _ => false,
        }
    }

    /// Is the door for this route the staff's?
    #[must_use]
    pub fn is_for_staff(self) -> bool {
        matches!(self, Self::Account | Self::Roles(_))
    }
}
