//! Everything that is signed: the log-in cookie, the token in forms, the message carried over a redirect.
//!
//! One random secret, made at the first start, stands behind all of them. What is signed says what it is for, so that
//! none can be used as another.

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::secret_file::SECRET_BYTES;

/// What the log-in cookie says: which session row, and until when to bother asking for it. Nothing else, least of all
/// a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    sid: String,
    exp: u64,
}

/// Makes and checks what is signed.
#[derive(Clone)]
pub struct Signer {
    secret: [u8; SECRET_BYTES],
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(..)")
    }
}

impl Signer {
    /// Signs with this secret.
    #[must_use]
    pub fn new(secret: [u8; SECRET_BYTES]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(&secret),
            decoding: DecodingKey::from_secret(&secret),
            secret,
        }
    }

    /// The log-in cookie of a session that ends at `expires_ms` (ms UTC). Empty if it cannot be made, which logs nobody in.
    #[must_use]
    pub fn log_in(&self, session: &str, expires_ms: i64) -> String {
        let exp = u64::try_from(expires_ms / 1000).unwrap_or(0);
        let claims = Claims { sid: session.to_owned(), exp };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).unwrap_or_default()
    }

    /// The session row that a log-in cookie names, if we made it.
    #[must_use]
    pub fn session(&self, cookie: &str) -> Option<String> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        let token = jsonwebtoken::decode::<Claims>(cookie, &self.decoding, &validation).ok()?;
        Some(token.claims.sid)
    }

    fn mac(&self, purpose: &str, text: &str) -> String {
        // A MAC takes a key of any length; the other arm cannot happen and would sign nothing that checks.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else { return String::new() };
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    /// The token of a visitor's forms. `visitor` is the session id, or the random cookie of somebody not logged in.
    #[must_use]
    pub fn form_token(&self, visitor: &str) -> String {
        self.mac("form", visitor)
    }

    /// Is `token` that of this visitor's forms?
    #[must_use]
    pub fn is_form_token(&self, visitor: &str, token: &str) -> bool {
        let wanted = self.form_token(visitor);
        !wanted.is_empty() && bool::from(wanted.as_bytes().ct_eq(token.as_bytes()))
    }

    /// A short code for a text that only this house makes, 16 hexadecimal digits.
    #[must_use]
    pub fn short(&self, purpose: &str, text: &str) -> String {
        self.mac(purpose, text).chars().take(16).collect()
    }

    /// A text with its signature, fit for a cookie.
    #[must_use]
    pub fn seal(&self, text: &str) -> String {
        format!("{}.{}", hex::encode(text), self.mac("seal", text))
    }

    /// The text of [`Signer::seal`], if we made it.
    #[must_use]
    pub fn unseal(&self, sealed: &str) -> Option<String> {
        let (text, mac) = sealed.split_once('.')?;
        let text = String::from_utf8(hex::decode(text).ok()?).ok()?;
        bool::from(self.mac("seal", &text).as_bytes().ct_eq(mac.as_bytes())).then_some(text)
    }
}

/// A random text that nobody guesses, 32 hexadecimal digits.
#[must_use]
pub fn random_text() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn far() -> i64 {
        4_102_444_800_000
    }

    #[test]
    fn a_log_in_names_its_session_and_nothing_else_is_believed() {
        let signer = Signer::new([7; 32]);
        let cookie = signer.log_in("s1", far());
        assert_eq!(signer.session(&cookie).as_deref(), Some("s1"));
        let body = cookie.split('.').nth(1).unwrap();
        assert!(!body.is_empty());
        assert_eq!(Signer::new([8; 32]).session(&cookie), None, "another house's cookie");
        assert_eq!(signer.session(&signer.log_in("s1", 1_000)), None, "expired");
        assert_eq!(signer.session(""), None);
        // The trick of naming no algorithm.
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        assert_eq!(signer.session(&format!("{none}.{body}.")), None);
        let mut forged = cookie.clone();
        forged.pop();
        forged.push(if cookie.ends_with('A') { 'Q' } else { 'A' });
        assert_eq!(signer.session(&forged), None);
    }

    #[test]
    fn form_tokens_belong_to_one_visitor_and_to_forms() {
        let signer = Signer::new([7; 32]);
        let token = signer.form_token("s1");
        assert!(signer.is_form_token("s1", &token));
        assert!(!signer.is_form_token("s2", &token));
        assert!(!signer.is_form_token("s1", ""));
        let sealed = signer.seal("s1");
        assert_eq!(signer.unseal(&sealed).as_deref(), Some("s1"));
        assert!(!signer.is_form_token("s1", sealed.split('.').nth(1).unwrap()));
        assert_eq!(signer.unseal(&sealed.replace('.', ".0")), None);
        assert_eq!(signer.unseal("zz.zz"), None);
    }
}
