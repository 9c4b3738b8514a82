//! Settings of the records: below which count the public edition hides, which office hands papers in, who issues certificates,
//! and which ID numbers the portal's files are made of.

use rampart_domain::records::portal::Numbers;
use rampart_store::AuditLine;
use serde::{Deserialize, Serialize};

use crate::programme::{ProgrammeError, field};
use crate::records::roster::is_odd;
use crate::statistics::{FOOT, ORGANISATION};
use crate::{App, AppError};

/// Key of the setting below which counts of the public edition are hidden.
const UNDER: &str = "records.hidden_under";
const UNDER_DEFAULT: i64 = 3;
/// Limits that may be set: 2 hides cells of one person.
pub const UNDER_RANGE: std::ops::RangeInclusive<i64> = 2..=20;
/// Key of the setting of ID numbers as it was before it had a date.
const NUMBERS: &str = "portal.numbers";
/// Keys of that setting: each ends in the moment (ms UTC, 15 digits) after which it holds.
const NUMBERS_SINCE: &str = "portal.numbers.";
/// Keys of offices, dated alike.
const OFFICE: &str = "records.office.";
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

/// The office that hands tables, packages, sheets and certificates in, from a moment on, and the line at their foot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Office {
    /// Since when, ms UTC.
    #[serde(skip)]
    pub since_ms: i64,
    /// Name.
    pub name: String,
    /// At the foot of each page as long as the people are invented; empty for none.
    pub foot: String,
}

impl Default for Office {
    fn default() -> Self {
        Self { since_ms: 0, name: ORGANISATION.to_owned(), foot: FOOT.to_owned() }
    }
}

/// What stands on a paper of a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PaperHead {
    /// Office.
    pub organisation: String,
    /// Line at the foot.
    pub foot: Option<String>,
}

/// A line of a paper as it was typed.
fn paper_line(name: &'static str, text: &str, must: bool) -> Result<String, ProgrammeError> {
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
}

impl App {
    /// What was set below a key, each with its moment, by time.
    async fn dated(&self, prefix: &str) -> Result<Vec<(i64, String)>, AppError> {
        let found = self.store.settings().below(prefix).await?;
        let pair = |(key, value): (String, String)| {
            let since_ms = key.strip_prefix(prefix).and_then(|text| text.parse().ok());
            let since_ms = since_ms.ok_or_else(|| AppError::Inner(format!("setting {key} is no moment")))?;
            Ok((since_ms, value))
        };
        found.into_iter().map(pair).collect()
    }

    async fn set_dated(&self, prefix: &str, value: &str, note: &AuditLine) -> Result<(), AppError> {
        let key = format!("{prefix}{:015}", self.now_ms());
        self.store.settings().set_noting(&key, value, note).await?;
        // Papers that were set before say what held then.
        self.forget_papers().await;
        Ok(())
    }

    /// Offices that were set, by the moment from which each holds.
    ///
    /// # Errors
    /// When the store fails, or holds what is none.
    pub async fn offices(&self) -> Result<Vec<Office>, AppError> {
        let read = |(since_ms, value): (i64, String)| {
            let office: Office = serde_json::from_str(&value)
                .map_err(|error| AppError::Inner(format!("setting {OFFICE}{since_ms}: {error}")))?;
            Ok(Office { since_ms, ..office })
        };
        self.dated(OFFICE).await?.into_iter().map(read).collect()
    }

    /// The office that hands papers in now.
    ///
    /// # Errors
    /// As [`App::offices`].
    pub async fn office(&self) -> Result<Office, AppError> {
        Ok(self.offices().await?.pop().unwrap_or_default())
    }

    /// Which office hands papers in from now on. Certificates that stand keep theirs.
    ///
    /// # Errors
    /// [`ProgrammeError::Field`] for a name that is empty, or a line that is too long or holds odd characters.
    pub async fn set_office(&self, name: &str, foot: &str, by: &str) -> Result<(), ProgrammeError> {
        let (name, foot) = (paper_line("office", name, true)?, paper_line("foot", foot, false)?);
        let office = Office { since_ms: 0, name, foot };
        let value = serde_json::to_string(&office).map_err(|error| AppError::Inner(error.to_string()))?;
        let note = self.line(Some(by), "records.office", value.clone());
        Ok(self.set_dated(OFFICE, &value, &note).await?)
    }

    /// The office that was set and held at a moment; `None` before the first. What is of the very moment of a change was made
    /// before it.
    pub(crate) async fn office_at(&self, at_ms: i64) -> Result<Option<Office>, AppError> {
        Ok(self.offices().await?.into_iter().rev().find(|office| office.since_ms < at_ms))
    }

    /// What stands on papers of a moment; `i64::MAX` is now.
    pub(crate) async fn paper_head(&self, at_ms: i64) -> Result<PaperHead, AppError> {
        let office = self.office_at(at_ms).await?.unwrap_or_default();
        let drill = self.numbers_at(at_ms).await? == Numbers::Drill;
        let foot = Some(office.foot).filter(|foot| drill && !foot.is_empty());
        Ok(PaperHead { organisation: office.name, foot })
    }

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
        self.numbers_at(i64::MAX).await
    }

    /// The same of a moment. What was set before settings had a date holds for the time before the first that has one.
    async fn numbers_at(&self, at_ms: i64) -> Result<Numbers, AppError> {
        let dated = self.dated(NUMBERS_SINCE).await?;
        let code = match dated.into_iter().rev().find(|(since_ms, _)| *since_ms < at_ms) {
            Some((_, code)) => Some(code),
            None => self.store.settings().get(NUMBERS).await?,
        };
        Ok(code.and_then(|code| Numbers::from_code(&code)).unwrap_or(Numbers::Drill))
    }

    /// Says whether the people of this installation are real.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_portal_numbers(&self, numbers: Numbers, by: &str) -> Result<(), ProgrammeError> {
        let before = self.portal_numbers().await?;
        let line = self.line(Some(by), "portal.numbers", format!("{} -> {}", before.code(), numbers.code()));
        Ok(self.set_dated(NUMBERS_SINCE, numbers.code(), &line).await?)
    }

    /// Issuers that were set, by the moment from which each issues.
    ///
    /// # Errors
    /// When the store fails, or holds what is none.
    pub async fn issuers(&self) -> Result<Vec<Issuer>, AppError> {
        let read = |(since_ms, value): (i64, String)| {
            let issuer: Issuer = serde_json::from_str(&value)
                .map_err(|error| AppError::Inner(format!("setting {ISSUER}{since_ms}: {error}")))?;
            Ok(Issuer { since_ms, ..issuer })
        };
        self.dated(ISSUER).await?.into_iter().map(read).collect()
    }

    /// Who issues certificates from now on. Those that stand keep theirs.
    ///
    /// # Errors
    /// [`ProgrammeError::Field`] for an agency that is empty, or a line that is too long or holds odd characters.
    pub async fn set_issuer(&self, agency: &str, signer: &str, by: &str) -> Result<(), ProgrammeError> {
        let issuer = Issuer {
            since_ms: 0,
            agency: paper_line("agency", agency, true)?,
            signer: paper_line("signer", signer, false)?,
        };
        let value = serde_json::to_string(&issuer).map_err(|error| AppError::Inner(error.to_string()))?;
        let note = self.line(Some(by), "certificate.issuer", value.clone());
        Ok(self.set_dated(ISSUER, &value, &note).await?)
    }

    /// Who issued a certificate of this moment; `None` for one of before the first setting. One of the very moment of a change
    /// was issued before it.
    pub(crate) async fn issuer_at(&self, issued_ms: i64) -> Result<Option<Issuer>, AppError> {
        Ok(self.issuers().await?.into_iter().rev().find(|issuer| issuer.since_ms < issued_ms))
    }
}
