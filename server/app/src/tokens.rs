//! Personal tokens of accounts and seats.

use rampart_domain::token::{BYTES, Scope, TokenText};
use rampart_store::{NewToken, Role, Token, TokenOwner, Viewer};

use crate::clock::new_id;
use crate::{App, AppError};

/// A day, ms.
const DAY_MS: i64 = 86_400_000;
/// Days that a token lives where nothing else is said.
pub const TOKEN_DAYS: i64 = 90;
/// Most days that a token of an account lives.
pub const TOKEN_DAYS_MAX: i64 = 365;
/// Most days that a token of a seat lives, as its log-in does.
pub const SEAT_TOKEN_DAYS_MAX: i64 = 2;
/// Tokens of one owner alive at once.
pub const TOKENS_MAX: u32 = 20;
/// Longest name, characters.
pub const TOKEN_NAME_MAX: usize = 60;

/// Why a token could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Empty, too long, or with control characters.
    #[error("the name does not do")]
    Name,
    /// None, or one that the owner's role cannot use.
    #[error("the scopes do not do")]
    Scopes,
    /// Fewer days than one or more than may be.
    #[error("the days do not do")]
    Days,
    /// The owner has as many as may be.
    #[error("too many tokens")]
    Many,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// Scopes that a role can use; others are not given to its tokens.
#[must_use]
pub fn scopes_of_role(role: Role) -> &'static [Scope] {
    match role {
        Role::Administrator => &[
            Scope::BoardRead,
            Scope::ExercisesRead,
            Scope::LedgerRead,
            Scope::ScenariosRead,
            Scope::PeopleRead,
            Scope::ImagesBuild,
            Scope::SystemRead,
            Scope::SystemRun,
            Scope::AccountsWrite,
            Scope::MetricsRead,
            Scope::WebhooksWrite,
            Scope::TokensWrite,
        ],
        Role::Instructor => &[
            Scope::BoardRead,
            Scope::ExercisesRead,
            Scope::ExercisesRun,
            Scope::TerminalsRead,
            Scope::SeatsWrite,
            Scope::AttendanceWrite,
            Scope::JudgeWrite,
            Scope::LedgerRead,
            Scope::ScenariosRead,
            Scope::PeopleRead,
            Scope::PeopleWrite,
            Scope::FindingsWrite,
            Scope::ImagesBuild,
            Scope::WebhooksWrite,
            Scope::TokensWrite,
        ],
        Role::Officer => &[
            Scope::BoardRead,
            Scope::AttendanceWrite,
            Scope::PeopleRead,
            Scope::PeopleWrite,
            Scope::RecordsRead,
            Scope::RecordsWrite,
            Scope::FindingsWrite,
            Scope::TokensWrite,
        ],
    }
}

/// Scopes that a seat can use.
pub const SEAT_SCOPES: &[Scope] = &[Scope::BoardRead, Scope::SeatPlay, Scope::TokensWrite];

fn audited(owner: &TokenOwner) -> (Option<&str>, String) {
    match owner {
        TokenOwner::Account(id) => (Some(id), format!("account={id}")),
        TokenOwner::Seat(id) => (None, format!("seat={id}")),
    }
}

impl App {
    /// Makes a token for its owner, who is logged in; `offered` are the scopes that its role can use. The text is given
    /// this once: the store has only its hash.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn make_token(
        &self,
        owner: &TokenOwner,
        offered: &[Scope],
        name: &str,
        scopes: &[Scope],
        days: i64,
    ) -> Result<(String, TokenText), TokenError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > TOKEN_NAME_MAX || name.chars().any(char::is_control) {
            return Err(TokenError::Name);
        }
        if scopes.is_empty() || scopes.iter().any(|scope| !offered.contains(scope)) {
            return Err(TokenError::Scopes);
        }
        let most = match owner {
            TokenOwner::Account(_) => TOKEN_DAYS_MAX,
            TokenOwner::Seat(_) => SEAT_TOKEN_DAYS_MAX,
        };
        if !(1..=most).contains(&days) {
            return Err(TokenError::Days);
        }
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        let random: [u8; BYTES] = rand::random();
        let (text, id, at_ms) = (TokenText::new(&random), new_id(), self.now_ms());
        let (hash, hint) = (text.hash(), text.hint());
        let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let (by, whose) = audited(owner);
        let line =
            self.line(by, "token.make", format!("{whose} token={id} days={days} scopes={}", words.join(",")));
        let new = NewToken {
            id: &id,
            owner,
            name,
            hash: &hash,
            hint: &hint,
            scopes: &scopes,
            at_ms,
            expires_ms: at_ms + days * DAY_MS,
            most: TOKENS_MAX,
        };
        match self.store.tokens().noting(line).make(&new).await.map_err(AppError::from)? {
            true => Ok((id, text)),
            false => Err(TokenError::Many),
        }
    }

    /// The token that a request brings and who is behind it now; `None` when it opens nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn bearer(&self, text: &TokenText) -> Result<Option<(Token, Viewer)>, AppError> {
        Ok(self.store.tokens().live(&text.hash(), self.now_ms()).await?)
    }

    /// Ends a token of its owner at once.
    ///
    /// # Errors
    /// [`AppError::Missing`] when there is none of this id that lives, or the store's.
    pub async fn revoke_token(&self, owner: &TokenOwner, id: &str) -> Result<(), AppError> {
        let (by, whose) = audited(owner);
        let line = self.line(by, "token.revoke", format!("{whose} token={id}"));
        match self.store.tokens().noting(line).revoke(owner, id, self.now_ms()).await? {
            true => Ok(()),
            false => Err(AppError::Missing("token")),
        }
    }

    /// Ends all tokens of an account; `by` is the account that does it. Answers how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke_tokens_of(&self, account: &str, by: &str) -> Result<u64, AppError> {
        let line = self.line(Some(by), "token.revoke_all", format!("account={account}"));
        let owner = TokenOwner::Account(account.to_owned());
        Ok(self.store.tokens().noting(line).revoke_all(&owner, self.now_ms()).await?)
    }
}
