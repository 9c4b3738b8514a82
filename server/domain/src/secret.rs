//! Everything that a team sees as a secret is derived: HMAC-SHA256 over (run secret, purpose, team, name). Nothing is
//! stored but the run secret, and nothing is compared except in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

/// The secret of one run, 32 random bytes made when the exercise is made.
#[derive(Clone)]
pub struct RunSecret([u8; 32]);

impl std::fmt::Debug for RunSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RunSecret(..)")
    }
}

/// What a text typed into the flag box is, before anything is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Has the form of a flag: `RMP{` + 32 lower-case hexadecimal digits + `}`.
    Flag(String),
    /// Has not; costs no attempt. Holds the number of characters between the braces, where there are braces.
    Malformed(Option<usize>),
}

/// Letters and digits of passwords: none that look alike.
const PASSWORD_ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXY34679";
/// Letters and digits of seat codes: no B 8, O 0, I 1.
pub const SEAT_ALPHABET: &[u8] = b"2345679ACDEFGHJKLMNPQRSTUVWXYZ";
/// Hexadecimal digits of a flag that name its run; the other 24 are the MAC.
const TAG_DIGITS: usize = 8;

impl RunSecret {
    /// From 32 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the store.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn mac(&self, parts: &[&str]) -> [u8; 32] {
        // HMAC takes keys of any length, so this cannot fail; a zero result would only make every flag wrong.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// The run's tag: the first 8 hexadecimal digits of each of its flags. Public as soon as one flag is seen; it only
    /// tells runs apart.
    #[must_use]
    pub fn tag(&self) -> String {
        let mut tag = hex::encode(self.mac(&["run"]));
        tag.truncate(TAG_DIGITS);
        tag
    }

    /// The flag of a team's objective, `RMP{…}`.
    #[must_use]
    pub fn flag(&self, team: &str, objective: &str) -> String {
        let mac = hex::encode(self.mac(&["flag", team, objective]));
        format!("RMP{{{}{}}}", self.tag(), &mac[..32 - TAG_DIGITS])
    }

    /// True when `typed` is this team's flag of this objective; constant time.
    #[must_use]
    pub fn is_flag(&self, typed: &str, team: &str, objective: &str) -> bool {
        self.flag(team, objective).as_bytes().ct_eq(typed.as_bytes()).into()
    }

    /// A password of 16 letters and digits for a team's account.
    #[must_use]
    pub fn password(&self, team: &str, account: &str) -> String {
        self.mac(&["password", team, account])
            .iter()
            .take(16)
            .map(|byte| char::from(PASSWORD_ALPHABET[usize::from(*byte) % PASSWORD_ALPHABET.len()]))
            .collect()
    }

    /// Fills `{flag:ID}` and `{password:ID}` for a range: flags are its red team's, passwords its own.
    #[must_use]
    pub fn fill(&self, text: &str, red: &str, range: u16) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, tail) = rest.split_at(open);
            out.push_str(before);
            let Some(close) = tail.find('}') else { break };
            let inner = &tail[1..close];
            if let Some(id) = inner.strip_prefix("flag:") {
                out.push_str(&self.flag(red, id));
            } else if let Some(id) = inner.strip_prefix("password:") {
                out.push_str(&self.password(&range_name(range), id));
            } else {
                out.push('{');
                rest = &tail[1..];
                continue;
            }
            rest = &tail[close + 1..];
        }
        out.push_str(rest);
        out
    }

    /// The password that [`RunSecret::fill`] plants for an account of a range.
    #[must_use]
    pub fn range_password(&self, range: u16, account: &str) -> String {
        self.password(&range_name(range), account)
    }
}

/// Passwords belong to a range (both its teams' hosts hold them), so they are derived under its name.
fn range_name(range: u16) -> String {
    format!("range-{range}")
}

/// Reads what a person typed: surrounding space and zero-width marks dropped, NFKC applied (full-width letters become
/// plain ones). Case matters.
#[must_use]
pub fn read_flag(typed: &str) -> Typed {
    let text: String =
        typed.nfkc().filter(|c| !matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')).collect();
    let text = text.trim();
    let inner = text.strip_prefix("RMP{").and_then(|rest| rest.strip_suffix('}'));
    match inner {
        Some(digits)
            if digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) =>
        {
            Typed::Flag(text.to_owned())
        }
        Some(other) => Typed::Malformed(Some(other.chars().count())),
        None => Typed::Malformed(None),
    }
}

/// The run tag of a well-formed flag.
#[must_use]
pub fn tag_of(flag: &str) -> Option<&str> {
    flag.get(4..4 + TAG_DIGITS)
}

/// Reads a seat code as typed: case, space and hyphens do not matter. The error is the first character (from 1) that
/// no code can have, or `None` when the length is wrong.
///
/// # Errors
/// Position and character at fault.
pub fn read_seat_code(typed: &str) -> Result<String, Option<(usize, char)>> {
    let mut code = String::new();
    let mut position = 0;
    for c in typed.nfkc() {
        if c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}') {
            continue;
        }
        position += 1;
        let upper = c.to_ascii_uppercase();
        if !upper.is_ascii() || !SEAT_ALPHABET.contains(&(upper as u8)) {
            return Err(Some((position, c)));
        }
        code.push(upper);
    }
    if code.len() == 8 { Ok(code) } else { Err(None) }
}
