//! Personal tokens: what they look like and what they may be for. A token is `rmp_`, 32 characters of chance and 6 that
//! check them, so that programs that look for lost secrets know one, and a slip of the keyboard is told from a token that
//! is none any more. Only its hash is kept.

use sha2::{Digest, Sha256};

/// What every token begins with.
pub const PREFIX: &str = "rmp_";
/// Random bytes in a token.
pub const BYTES: usize = 20;
/// Characters of chance in a token.
const BODY: usize = BYTES * 8 / 5;
/// Characters that check those.
const CHECK: usize = 6;
/// Characters after the prefix that are shown in lists; what is left is 140 bits of chance.
const HINT: usize = 4;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What a token may be used for. The role decides as well, at each use: a scope never gives more than its owner has.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope {
            $($(#[$doc])* $name,)*
        }

        impl Scope {
            /// All of them, in the order in which pages show them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word in requests, in the store and in the documentation.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// The scope of a word.
            #[must_use]
            pub fn read(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

scopes! {
    /// Boards and standings.
    BoardRead = "board:read",
    /// Exercises: list, state, plan, queue, hosts, sign-in sheet.
    ExercisesRead = "exercises:read",
    /// Exercises: make, launch, start, pause, end, clear, schedule, reset hosts. Courses: make, change, certificates.
    ExercisesRun = "exercises:run",
    /// Open terminals and their recordings; each one taken away writes its audit line.
    TerminalsRead = "terminals:read",
    /// Seats and the slips that open them.
    SeatsWrite = "seats:write",
    /// Sign-in sheets, and results of courses' tests.
    AttendanceWrite = "attendance:write",
    /// Corrections, rulings, the freeze of the board.
    JudgeWrite = "judge:write",
    /// Ledgers, entry by entry.
    LedgerRead = "ledger:read",
    /// The scenario library.
    ScenariosRead = "scenarios:read",
    /// The register of people, agencies, courses and their sheets, without anything that people state of themselves.
    PeopleRead = "people:read",
    /// Import and change of people and agencies; the officer's decisions about them.
    PeopleWrite = "people:write",
    /// Tables by gender; each look writes its audit line.
    RecordsRead = "records:read",
    /// Targets, duty rules, texts of tables, settings of the records; sheets of questionnaires on paper.
    RecordsWrite = "records:write",
    /// Findings of red teams: list, enter, change, strike out.
    FindingsWrite = "findings:write",
    /// Building images.
    ImagesBuild = "images:build",
    /// Engine, store, strays.
    SystemRead = "system:read",
    /// Removing strays.
    SystemRun = "system:run",
    /// Accounts of staff: make, reset, role, disable.
    AccountsWrite = "accounts:write",
    /// Figures for monitoring.
    MetricsRead = "metrics:read",
    /// Web hooks.
    WebhooksWrite = "webhooks:write",
    /// Listing and revoking the owner's tokens; none can be made with a token.
    TokensWrite = "tokens:write",
    /// What a seat does: flags, hints, reports, repairs.
    SeatPlay = "seat:play",
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A token's text. Printed nowhere by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(String);

impl std::fmt::Debug for TokenText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenText(..)")
    }
}

/// Five bits a character.
fn spell(bytes: &[u8], length: usize) -> String {
    let (mut text, mut held, mut bits) = (String::with_capacity(length), 0u32, 0u32);
    for byte in bytes.iter().take((length * 5).div_ceil(8)) {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 && text.len() < length {
            bits -= 5;
            let place = usize::try_from((held >> bits) & 31).unwrap_or(0);
            text.push(char::from(ALPHABET[place]));
        }
        held &= (1 << bits) - 1;
    }
    text
}

fn check(body: &str) -> String {
    spell(&Sha256::digest(format!("rampart token {body}").as_bytes()), CHECK)
}

impl TokenText {
    /// The token of these random bytes.
    #[must_use]
    pub fn new(random: &[u8; BYTES]) -> Self {
        let body = spell(random, BODY);
        let check = check(&body);
        Self(format!("{PREFIX}{body}{check}"))
    }

    /// What somebody sent, if it has the form of a token and its check fits.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        if rest.len() != BODY + CHECK || !rest.bytes().all(|byte| ALPHABET.contains(&byte)) {
            return None;
        }
        let (body, found) = rest.split_at(BODY);
        (check(body) == found).then(|| Self(text.to_owned()))
    }

    /// The text itself, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it: SHA-256 as 64 hexadecimal digits. 160 bits of chance need no slow hash.
    #[must_use]
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }

    /// Its first characters, by which its owner knows it again.
    #[must_use]
    pub fn hint(&self) -> String {
        self.0.chars().take(PREFIX.len() + HINT).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_token_is_known_by_its_form_and_a_slip_is_none() {
        let token = TokenText::new(&[7; BYTES]);
        let text = token.reveal().to_owned();
        assert_eq!(text.len(), 42);
        assert!(text.starts_with("rmp_a4dqobyh"), "{text}");
        assert_eq!(TokenText::read(&text).unwrap(), token);
        assert_ne!(TokenText::new(&[8; BYTES]).reveal(), text);
        for at in PREFIX.len()..text.len() {
            let mut slip = text.clone();
            let other = if &slip[at..=at] == "a" { "b" } else { "a" };
            slip.replace_range(at..=at, other);
            assert!(TokenText::read(&slip).is_none(), "{slip}");
        }
        for none in ["", "rmp_", &text[1..], &text[..41], &format!("{text}a"), &text.to_uppercase(), "rmp_é"]
        {
            assert!(TokenText::read(none).is_none(), "{none}");
        }
        assert_eq!(token.hint(), "rmp_a4dq");
        assert_eq!(token.hash().len(), 64);
        assert!(!format!("{token:?}").contains("rmp_"));
    }

    #[test]
    fn each_scope_has_one_word() {
        for scope in Scope::ALL {
            assert_eq!(Scope::read(scope.as_str()), Some(*scope));
        }
        assert_eq!(Scope::read("exercises:*"), None);
    }
}
