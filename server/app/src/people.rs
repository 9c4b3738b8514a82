//! People of the house: log-ins, accounts, seats and their codes, the roster.

use std::collections::{BTreeMap, HashSet};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use rampart_domain::secret::{SEAT_ALPHABET, read_seat_code};
use rampart_store::{
    Account, AuditLine, NewAccount, NewSeat, NewSession, Person, Role, Seat, StoreError, Viewer,
};
use scoreboard::Side;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::clock::new_id;
use crate::exercise::CommandError;
use crate::limits::Limited;
use crate::{App, AppError};

/// How long a log-in of staff lasts without use, ms.
const STAFF_SESSION_MS: i64 = 12 * 3_600_000;
/// How long a seat's session lasts, ms: a two-day exercise with its evening.
const SEAT_SESSION_MS: i64 = 48 * 3_600_000;
/// Shortest password, in characters.
pub const PASSWORD_MIN: usize = 12;
/// Longest password, in bytes: argon2 would take more, a person does not.
const PASSWORD_MAX: usize = 200;

/// A log-in that worked.
#[derive(Debug, Clone)]
pub struct LogIn {
    /// Session id, for the token.
    pub session: String,
    /// When it ends, ms UTC.
    pub expires_ms: i64,
}

/// Why a log-in did not work.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// Name or password wrong; the same for an unknown name.
    #[error("wrong name or password")]
    Wrong {
        /// Tries left before the account is closed for a while.
        left: u32,
    },
    /// Too many tries.
    #[error("too many tries")]
    Limited(Limited),
    /// The account is disabled. Told only to who has the password.
    #[error("the account is disabled")]
    Disabled,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// Why a seat code did not work.
#[derive(Debug, thiserror::Error)]
pub enum SeatCodeError {
    /// A character that no code has.
    #[error("character {position} cannot be part of a code")]
    Character {
        /// Position from 1, hyphens not counted.
        position: usize,
        /// As typed.
        character: char,
    },
    /// Not eight characters.
    #[error("a code has eight characters")]
    Length,
    /// Unknown, used already, or replaced by a newer one.
    #[error("unknown code")]
    Unknown,
    /// Too many tries.
    #[error("too many tries")]
    Limited(Limited),
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// Why an account could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The old password is wrong.
    #[error("the old password is wrong")]
    OldPassword,
    /// The new one is too short, too long, or the old one again.
    #[error("the new password does not do: {0}")]
    NewPassword(&'static str),
    /// The log-in name is taken.
    #[error("the log-in name is taken")]
    Taken,
    /// The log-in name or the name is not right.
    #[error("{0}")]
    Field(&'static str),
    /// It is the last administrator.
    #[error("the last administrator stays")]
    LastAdministrator,
    /// There is no such account.
    #[error("no such account")]
    Missing,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// A printed slip: who sits where, and the code that opens the seat once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Seat id.
    pub seat: String,
    /// Person's name.
    pub name: String,
    /// Agency.
    pub agency: String,
    /// Team name.
    pub team: String,
    /// Side.
    pub side: Side,
    /// Number within the team.
    pub number: u32,
    /// Code, eight characters without hyphen.
    pub code: String,
}

fn hash_password(password: &str) -> Result<String, AppError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| AppError::Inner(format!("password hash: {error}")))
}

/// A hash of nothing that anybody could type; checked where there is no account, so that it takes as long as with one.
pub(crate) async fn idle_hash() -> Result<String, AppError> {
    off_the_reactor(|| hash_password(&hex::encode(crate::clock::random_bytes()))).await
}

fn password_fits(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A random text of the seat alphabet.
pub(crate) fn random_code(length: usize) -> String {
    (0..length).map(|_| char::from(SEAT_ALPHABET[rand::random_range(0..SEAT_ALPHABET.len())])).collect()
}

pub(crate) fn code_hash(code: &str) -> String {
    hex::encode(Sha256::digest(code.as_bytes()))
}

/// Hashes made at the same time. Each takes 19 MB and a processor, so a crowd at the door waits in line instead.
static HASHES: Semaphore = Semaphore::const_new(2);

async fn off_the_reactor<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    // Never closed, so never refused.
    let _turn = HASHES.acquire().await;
    tokio::task::spawn_blocking(work).await.map_err(|error| AppError::Inner(error.to_string()))?
}

impl App {
    /// Makes the first administrator when there is no account yet; gives log-in and one-time password then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn first_administrator(&self) -> Result<Option<(String, String)>, AppError> {
        if !self.store.accounts().list().await?.is_empty() {
            return Ok(None);
        }
        let (account, password) = self.new_account("admin", "管理員", Role::Administrator).await?;
        // Two servers that start at once on one database make one administrator between them.
        let line = self.line_of_making(None, &account);
        let made = self.store.accounts().noting(line).create_first(&account).await?;
        Ok(made.then_some((account.login, password)))
    }

    async fn new_account(
        &self,
        login: &str,
        name: &str,
        role: Role,
    ) -> Result<(NewAccount, String), AppError> {
        let password = random_code(PASSWORD_MIN);
        let hashed = password.clone();
        let password_hash = off_the_reactor(move || hash_password(&hashed)).await?;
        let account = NewAccount {
            id: new_id(),
            login: login.to_lowercase(),
            name: name.to_owned(),
            role,
            password_hash,
            must_change: true,
            created_ms: self.now_ms(),
        };
        Ok((account, password))
    }

    fn line_of_making(&self, by: Option<&str>, account: &NewAccount) -> AuditLine {
        self.line(by, "account.make", format!("account={} role={}", account.id, account.role.as_str()))
    }

    /// Makes an account; gives its one-time password. `by` is the account that does it, `None` for Rampart itself.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn create_account(
        &self,
        login: &str,
        name: &str,
        role: Role,
        by: Option<&str>,
    ) -> Result<String, AccountError> {
        let login = login.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if login.is_empty() || login.len() > 40 || !login.chars().all(plain) {
            return Err(AccountError::Field("account.login"));
        }
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
            return Err(AccountError::Field("account.name"));
        }
        let (account, password) = self.new_account(login, name, role).await?;
        let line = self.line_of_making(by, &account);
        match self.store.accounts().noting(line).create(&account).await {
            Err(StoreError::Duplicate { .. }) => Err(AccountError::Taken),
            Err(error) => Err(AppError::from(error).into()),
            Ok(()) => Ok(password),
        }
    }

    /// Logs a member of staff in.
    ///
    /// # Errors
    /// See [`LogInError`].
    pub async fn log_in(&self, login: &str, password: &str, address: &str) -> Result<LogIn, LogInError> {
        let now_ms = self.now_ms();
        let login = login.trim().to_lowercase();
        let left = self.guesses.may_try(&login, address, now_ms).map_err(LogInError::Limited)?;
        let (account, fits) = match self.is_password(&login, password).await {
            Ok(known) => known,
            Err(error) => {
                self.guesses.forgiven(&login);
                return Err(error.into());
            }
        };
        let account = match account {
            Some(known) if fits => known,
            _ => {
                self.guesses.failed(address, now_ms);
                return Err(LogInError::Wrong { left: left.saturating_sub(1) });
            }
        };
        if account.disabled {
            return Err(LogInError::Disabled);
        }
        self.guesses.succeeded(&login);
        let (id, expires_ms) = (new_id(), now_ms + STAFF_SESSION_MS);
        let session = NewSession { id: &id, at_ms: now_ms, expires_ms };
        self.store.sessions().open_account(&session, &account.id).await.map_err(AppError::from)?;
        Ok(LogIn { session: id, expires_ms })
    }

    /// The account of a log-in name, and whether the password is its own. An unknown name costs the same time.
    async fn is_password(&self, login: &str, password: &str) -> Result<(Option<Account>, bool), AppError> {
        let known = self.store.accounts().by_login(login).await?;
        let hash = known.as_ref().map_or_else(|| self.idle_hash.clone(), |known| known.password_hash.clone());
        let typed = password.to_owned();
        // Each takes 19 MB and a processor; a crowd waits here and not in memory.
        let _turn = self.hashing.acquire().await.map_err(|error| AppError::Inner(error.to_string()))?;
        let fits =
            off_the_reactor(move || Ok(typed.len() <= PASSWORD_MAX && password_fits(&typed, &hash))).await?;
        Ok((known.map(|known| known.account), fits))
    }

    /// Opens a seat by its code, which is used up by it.
    ///
    /// # Errors
    /// See [`SeatCodeError`].
    pub async fn log_in_seat(&self, typed: &str, address: &str) -> Result<LogIn, SeatCodeError> {
        let now_ms = self.now_ms();
        let code = read_seat_code(typed).map_err(|fault| match fault {
            Some((position, character)) => SeatCodeError::Character { position, character },
            None => SeatCodeError::Length,
        })?;
        // Codes are guessed from an address or as one code; a code has no owner to lock out.
        let key = format!("code {code}");
        self.guesses.may_try(&key, address, now_ms).map_err(SeatCodeError::Limited)?;
        let (id, expires_ms) = (new_id(), now_ms + SEAT_SESSION_MS);
        let session = NewSession { id: &id, at_ms: now_ms, expires_ms };
        match self.store.seats().enter(&code_hash(&code), &session).await {
            Ok(Some(_)) => self.guesses.succeeded(&key),
            Ok(None) => {
                self.guesses.failed(address, now_ms);
                return Err(SeatCodeError::Unknown);
            }
            Err(error) => {
                self.guesses.forgiven(&key);
                return Err(AppError::from(error).into());
            }
        }
        Ok(LogIn { session: id, expires_ms })
    }

    /// Who stands behind a session, as the database says now; `None` when it is over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn viewer(&self, session: &str) -> Result<Option<Viewer>, AppError> {
        Ok(self.store.sessions().live(session, self.now_ms()).await?)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn log_out(&self, session: &str) -> Result<(), AppError> {
        self.store.sessions().revoke(session, self.now_ms()).await?;
        Ok(())
    }

    /// A person changes the own password; all other sessions of the account end, and this one too.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn change_password(&self, account: &str, old: &str, new: &str) -> Result<(), AccountError> {
        let known = self.store.accounts().credentials_of(account).await.map_err(AppError::from)?;
        let known = known.ok_or(AccountError::Missing)?;
        if new.chars().count() < PASSWORD_MIN {
            return Err(AccountError::NewPassword("password.short"));
        }
        if new.len() > PASSWORD_MAX {
            return Err(AccountError::NewPassword("password.long"));
        }
        if new == old {
            return Err(AccountError::NewPassword("password.same"));
        }
        let (old, new) = (old.to_owned(), new.to_owned());
        let hash = off_the_reactor(move || {
            if password_fits(&old, &known.password_hash) { hash_password(&new).map(Some) } else { Ok(None) }
        })
        .await?
        .ok_or(AccountError::OldPassword)?;
        let line = self.line(Some(account), "password.change", format!("account={account}"));
        self.store
            .accounts()
            .noting(line)
            .set_password(account, &hash, false, self.now_ms())
            .await
            .map_err(AppError::from)?;
        Ok(())
    }

    /// Gives an account a new one-time password; its sessions end. `by` is the account that does it.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn reset_password(&self, account: &str, by: &str) -> Result<(Account, String), AccountError> {
        let known = self.store.accounts().by_id(account).await.map_err(AppError::from)?;
        let known = known.ok_or(AccountError::Missing)?;
        let password = random_code(PASSWORD_MIN);
        let hashed = password.clone();
        let hash = off_the_reactor(move || hash_password(&hashed)).await?;
        let line = self.line(Some(by), "account.reset", format!("account={account}"));
        self.store
            .accounts()
            .noting(line)
            .set_password(account, &hash, true, self.now_ms())
            .await
            .map_err(AppError::from)?;
        Ok((known, password))
    }

    /// Disables or enables an account; disabling ends its sessions. `by` is the account that does it.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn set_disabled(&self, account: &str, disabled: bool, by: &str) -> Result<(), AccountError> {
        let what = if disabled { "account.disable" } else { "account.enable" };
        let line = self.line(Some(by), what, format!("account={account}"));
        match self.store.accounts().noting(line).set_disabled(account, disabled, self.now_ms()).await {
            Err(StoreError::LastAdministrator) => Err(AccountError::LastAdministrator),
            Err(error) => Err(AppError::from(error).into()),
            Ok(true) => Ok(()),
            Ok(false) => Err(AccountError::Missing),
        }
    }

    /// Gives an account another role, and ends its sessions; the role that it has changes nothing. `by` is the account that
    /// does it.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn set_role(&self, account: &str, role: Role, by: &str) -> Result<(), AccountError> {
        let known = self.store.accounts().by_id(account).await.map_err(AppError::from)?;
        let known = known.ok_or(AccountError::Missing)?;
        let (from, to) = (known.role.as_str(), role.as_str());
        let line = self.line(Some(by), "account.role", format!("account={account} from={from} to={to}"));
        match self.store.accounts().noting(line).set_role(account, role, self.now_ms()).await {
            Err(StoreError::LastAdministrator) => Err(AccountError::LastAdministrator),
            Err(error) => Err(AppError::from(error).into()),
            Ok(true) => Ok(()),
            Ok(false) => Err(AccountError::Missing),
        }
    }

    /// Puts a person into a team of an exercise, or moves them there.
    ///
    /// # Errors
    /// [`AppError::Missing`] for an unknown exercise, team or person.
    pub async fn give_seat(
        &self,
        exercise: &str,
        person: &str,
        team: &str,
        account: &str,
    ) -> Result<Seat, AppError> {
        let live = self.exercise(exercise).ok_or(AppError::Missing("exercise"))?;
        if live.fold().team(team).is_none() {
            return Err(AppError::Missing("team"));
        }
        // Rows that were found to be one person hold one seat.
        let same = self.store.merges().same().await?;
        let person = same.of(person);
        let mut kept = None;
        for seat in self.store.seats().list(exercise).await? {
            if same.of(&seat.person_id) != person {
                continue;
            }
            if seat.team == team && kept.is_none() {
                kept = Some(seat);
            } else {
                self.take_seat(exercise, &seat.id, account).await?;
            }
        }
        if let Some(seat) = kept {
            // The seat may have been given without the ledger having taken it.
            if !live.fold().seats.contains_key(&seat.id) {
                live.enter_seat(account, &seat.id, &seat.person_id, team, true).await?;
            }
            return Ok(seat);
        }
        let id = new_id();
        let new = NewSeat { id: &id, exercise_id: exercise, team, person_id: person, at_ms: self.now_ms() };
        let seat = self.store.seats().give(&new).await?;
        live.enter_seat(account, &seat.id, person, team, true).await?;
        Ok(seat)
    }

    /// Takes a seat away; its session ends and its code dies.
    ///
    /// # Errors
    /// [`AppError::Missing`] for an unknown seat.
    pub async fn take_seat(&self, exercise: &str, seat: &str, account: &str) -> Result<(), AppError> {
        let live = self.exercise(exercise).ok_or(AppError::Missing("exercise"))?;
        let known = self
            .store
            .seats()
            .by_id(seat)
            .await?
            .filter(|known| known.exercise_id == exercise)
            .ok_or(AppError::Missing("seat"))?;
        self.store.seats().remove(seat, self.now_ms()).await?;
        live.enter_seat(account, seat, &known.person_id, &known.team, false).await?;
        self.end_desktop(&live, &known.team, known.number);
        Ok(())
    }

    /// Spreads people without a seat evenly over the teams, in the order given.
    ///
    /// # Errors
    /// See [`App::give_seat`].
    pub async fn spread(&self, exercise: &str, persons: &[String], account: &str) -> Result<usize, AppError> {
        let live = self.exercise(exercise).ok_or(AppError::Missing("exercise"))?;
        let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
        let order: Vec<String> = {
            let fold = live.fold();
            fold.teams.iter().map(|team| team.id.clone()).collect()
        };
        let same = self.store.merges().same().await?;
        let mut seated: HashSet<String> = HashSet::new();
        for seat in self.store.seats().list(exercise).await? {
            *sizes.entry(seat.team).or_default() += 1;
            seated.insert(same.of(&seat.person_id).to_owned());
        }
        let mut given = 0;
        for person in persons {
            if !seated.insert(same.of(person).to_owned()) {
                continue;
            }
            let smallest = order.iter().min_by_key(|team| sizes.get(*team).copied().unwrap_or(0));
            let Some(team) = smallest.cloned() else { break };
            self.give_seat(exercise, person, &team, account).await?;
            *sizes.entry(team).or_default() += 1;
            given += 1;
        }
        Ok(given)
    }

    /// Makes new codes for all seats of an exercise that nobody has opened yet, or for one seat whoever has; the old
    /// ones die. The codes are in no database, so this is the only time that they can be shown. `by` is the account that
    /// does it.
    ///
    /// # Errors
    /// [`AppError::Missing`] for an unknown exercise.
    pub async fn make_codes(
        &self,
        exercise: &str,
        only: Option<&str>,
        by: &str,
    ) -> Result<Vec<Slip>, AppError> {
        let live = self.exercise(exercise).ok_or(AppError::Missing("exercise"))?;
        // Slips are handed out team by team, as the teams stand on the board.
        let teams: BTreeMap<String, (usize, String, Side)> = {
            let fold = live.fold();
            fold.teams
                .iter()
                .enumerate()
                .map(|(place, team)| (team.id.clone(), (place, team.name.clone(), team.side)))
                .collect()
        };
        let seats = self.store.seats().list(exercise).await?;
        let ids: Vec<String> = seats.iter().map(|seat| seat.person_id.clone()).collect();
        let people: BTreeMap<String, Person> = self
            .store
            .persons()
            .by_ids(&ids)
            .await?
            .into_iter()
            .map(|person| (person.id.clone(), person))
            .collect();
        let mut slips = Vec::new();
        for seat in seats {
            let wanted = only.map_or(seat.code_used_ms.is_none(), |only| only == seat.id);
            let Some((place, team, side)) = teams.get(&seat.team).filter(|_| wanted) else { continue };
            let Some(person) = people.get(&seat.person_id) else { continue };
            let slip = Slip {
                seat: seat.id.clone(),
                name: person.name.clone(),
                agency: person.agency.clone(),
                team: team.clone(),
                side: *side,
                number: seat.number,
                code: random_code(8),
            };
            slips.push((*place, slip));
        }
        slips.sort_by_key(|(place, slip): &(usize, Slip)| (*place, slip.number));
        let slips: Vec<Slip> = slips.into_iter().map(|(_, slip)| slip).collect();
        let codes: Vec<_> = slips.iter().map(|slip| (slip.seat.clone(), code_hash(&slip.code))).collect();
        let seat = only.map(|seat| format!(" seat={seat}")).unwrap_or_default();
        let detail = format!("exercise={exercise} codes={}{seat}", slips.len());
        let line = self.line(Some(by), "seat.codes", detail);
        self.store.seats().noting(line).set_codes(&codes).await?;
        Ok(slips)
    }
}

impl From<CommandError> for AppError {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}
