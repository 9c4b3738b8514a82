//! Settings of the records: below which count the public edition hides, who issues certificates, and which ID numbers the
//! portal's files are made of.

use rampart_domain::records::portal::Numbers;
use serde::{Deserialize, Serialize};

use crate::programme::{ProgrammeError, field};
use crate::records::roster::is_odd;
use crate::{App, AppError};

/// Key of the setting below which counts of the public edition are hidden.
const UNDER: &str = "records.hidden_under";
const UNDER_DEFAULT: i64 = 3;
/// Limits that may be set: 2 hides cells of one person.
pub const UNDER_RANGE: std::ops::RangeInclusive<i64> = 2..=20;
/// Key of the setting of ID numbers.
const NUMBERS: &str = "portal.numbers";
/// Keys of issuers: each is the moment (ms UTC, 15 digits) after which it issues.
const ISSUER: &str = "certificate.issuer.";
/// Characters of an issuer's lines at most.
const LINE_MAX: usize = 60;

/// Who issues certificates, from a moment on. What was issued before keeps what it says, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// Since when, ms UTC.
    #[serde(skip)]
    pub since_ms: i64,
    /// Agency.
    pub agency: String,
    /// Who signs for it, by title; empty for none.
    pub signer: String,
}

impl App {
    /// Counts below this are hidden in the public edition.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn hidden_under(&self) -> Result<i64, AppError> {
        let set = self.store.settings().get(UNDER).await?;
        let set = set.and_then(|text| text.parse().ok());
        Ok(set.filter(|under| (1..=*UNDER_RANGE.end()).contains(under)).unwrap_or(UNDER_DEFAULT))
    }

    /// Sets the count below which the public edition hides.
    ///
    /// # Errors
    /// [`ProgrammeError::Field`] out of [`UNDER_RANGE`].
    pub async fn set_hidden_under(&self, under: i64, by: &str) -> Result<(), ProgrammeError> {
        if !UNDER_RANGE.contains(&under) {
            return Err(field("under", "record_range"));
        }
        let before = self.hidden_under().await?;
        let line = self.line(Some(by), "records.hidden_under", format!("{before} -> {under}"));
        Ok(self.store.settings().set_noting(UNDER, &under.to_string(), &line).await?)
    }

    /// Which ID numbers go into the portal's files. As long as nothing was set it is a drill: no living person can be hit then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn portal_numbers(&self) -> Result<Numbers, AppError> {
        let set = self.store.settings().get(NUMBERS).await?;
        Ok(set.and_then(|code| Numbers::from_code(&code)).unwrap_or(Numbers::Drill))
    }

    /// Says whether the people of this installation are real.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_portal_numbers(&self, numbers: Numbers, by: &str) -> Result<(), ProgrammeError> {
        let before = self.portal_numbers().await?;
        let line = self.line(Some(by), "portal.numbers", format!("{} -> {}", before.code(), numbers.code()));
        Ok(self.store.settings().set_noting(NUMBERS, numbers.code(), &line).await?)
    }

    /// Issuers that were set, by the moment from which each issues.
    ///
    /// # Errors
    /// When the store fails, or holds what is none.
    pub async fn issuers(&self) -> Result<Vec<Issuer>, AppError> {
        self.store
            .settings()
            .below(ISSUER)
            .await?
            .into_iter()
            .map(|(key, value)| {
                let since_ms = key.strip_prefix(ISSUER).and_then(|text| text.parse().ok());
                let since_ms =
                    since_ms.ok_or_else(|| AppError::Inner(format!("setting {key} is no moment")))?;
                let issuer: Issuer = serde_json::from_str(&value)
                    .map_err(|error| AppError::Inner(format!("setting {key}: {error}")))?;
                Ok(Issuer { since_ms, ..issuer })
            })
            .collect()
    }

    /// Who issues certificates from now on. Those that stand keep theirs.
    ///
    /// # Errors
    /// [`ProgrammeError::Field`] for an agency that is empty, or a line that is too long or holds odd characters.
    pub async fn set_issuer(&self, agency: &str, signer: &str, by: &str) -> Result<(), ProgrammeError> {
        let line = |name: &'static str, text: &str, must: bool| {
            let text = text.trim();
            if must && text.is_empty() {
                return Err(field(name, "record_empty"));
            }
            if text.chars().count() > LINE_MAX {
                return Err(field(name, "record_long"));
            }
            if text.chars().any(is_odd) {
                return Err(field(name, "text_odd"));
            }
            Ok(text.to_owned())
        };
        let issuer = Issuer {
            since_ms: 0,
            agency: line("agency", agency, true)?,
            signer: line("signer", signer, false)?,
        };
        let value = serde_json::to_string(&issuer).map_err(|error| AppError::Inner(error.to_string()))?;
        let now_ms = self.now_ms();
        let note = self.line(Some(by), "certificate.issuer", value.clone());
        let key = format!("{ISSUER}{now_ms:015}");
        Ok(self.store.settings().set_noting(&key, &value, &note).await?)
    }

    /// Who issued a certificate of this moment; `None` for one of before the first setting. One of the very moment of a change
    /// was issued before it.
    pub(crate) async fn issuer_at(&self, issued_ms: i64) -> Result<Option<Issuer>, AppError> {
        Ok(self.issuers().await?.into_iter().rev().find(|issuer| issuer.since_ms < issued_ms))
    }
}
