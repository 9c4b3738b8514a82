//! What the officer decides about a year: targets and their claims, duty rules, findings, and the texts that tables ask for.

use rampart_domain::records::duty::DutyRule;
use rampart_domain::records::targets::{self, Claim, Target};
use rampart_domain::records::{DutyClass, Finding, RocYear, duty};
use rampart_store::{Stamp, StoreError};

use crate::clock::new_id;
use crate::{App, AppError};

/// Characters of a text at most.
pub const TEXT_MAX: usize = 2_000;
/// Characters of a short field at most.
const FIELD_MAX: usize = 200;

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum ProgrammeError {
    /// A field that is not right: its name and a text code.
    #[error("field {field} is not right: {code}")]
    Field {
        /// Name.
        field: &'static str,
        /// Text code.
        code: &'static str,
    },
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for ProgrammeError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

pub(crate) fn field(field: &'static str, code: &'static str) -> ProgrammeError {
    ProgrammeError::Field { field, code }
}

fn filled(name: &'static str, text: &str) -> Result<(), ProgrammeError> {
    match text.trim().chars().count() {
        0 => Err(field(name, "record_empty")),
        n if n > FIELD_MAX => Err(field(name, "record_long")),
        _ => Ok(()),
    }
}

impl App {
    /// The targets that an officer edits. As long as none was set these are the programme's own, written down by the first
    /// edit.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn targets(&self) -> Result<Vec<Target>, AppError> {
        let set = self.store.programme().targets().await?;
        Ok(if set.is_empty() { targets::defaults() } else { set })
    }

    /// Enters a target (with an empty id) or changes one; gives its id. `by` is the account that does it.
    ///
    /// # Errors
    /// [`ProgrammeError::Field`], or when the store fails.
    pub async fn save_target(&self, mut target: Target, by: &str) -> Result<String, ProgrammeError> {
        filled("item", &target.item)?;
        filled("title", &target.title)?;
        if target.value < 1 || target.or.is_some_and(|(_, value)| value < 1) {
            return Err(field("value", "record_positive"));
        }
        if !target.measure.range().contains(&target.value) {
            return Err(field("value", "record_range"));
        }
        if target.or.is_some_and(|(measure, value)| !measure.range().contains(&value)) {
            return Err(field("or_value", "record_range"));
        }
        if target.until.is_some_and(|until| until < target.from) {
            return Err(field("until", "record_before"));
        }
        self.keep_defaults(by).await?;
        if target.id.is_empty() {
            target.id = new_id();
        }
        let detail =
            format!("target={} item={} value={} from={}", target.id, target.item, target.value, target.from);
        let line = self.line(Some(by), "target.save", detail);
        self.store.programme().noting(line).save_target(&target, by, self.now_ms()).await?;
        Ok(target.id)
    }

    /// Takes a target away.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_target(&self, id: &str, by: &str) -> Result<bool, ProgrammeError> {
        self.keep_defaults(by).await?;
        let line = self.line(Some(by), "target.remove", format!("target={id}"));
        Ok(self.store.programme().noting(line).remove_target(id, self.now_ms()).await?)
    }

    /// Says which half of an OR target is claimed in a year, and what was counted by hand.
    ///
    /// # Errors
    /// [`ProgrammeError::Field`], or when the store fails.
    pub async fn claim(&self, year: RocYear, claim: &Claim, by: &str) -> Result<(), ProgrammeError> {
        if claim.by_hand.is_some_and(|count| count < 0) {
            return Err(field("by_hand", "record_positive"));
        }
        self.keep_defaults(by).await?;
        let line = self.line(Some(by), "target.claim", format!("target={} year={year}", claim.target));
        self.store.programme().noting(line).claim(year, claim, by, self.now_ms()).await?;
        Ok(())
    }

    /// Writes the programme's own targets down, so that one of them can be changed and the others stay.
    async fn keep_defaults(&self, by: &str) -> Result<(), StoreError> {
        let programme = self.store.programme();
        if programme.targets().await?.is_empty() {
            for target in targets::defaults() {
                programme.save_target(&target, by, self.now_ms()).await?;
            }
        }
        Ok(())
    }

    /// The duty rules that an officer edits; see [`App::targets`].
    ///
    /// # Errors
    /// When the store fails.
    pub async fn duty_rules(&self) -> Result<Vec<DutyRule>, AppError> {
        let set = self.store.programme().duty_rules().await?;
        Ok(if set.is_empty() { duty::defaults() } else { set })
    }

    /// Enters a rule (with an empty id) or changes one; gives its id.
    ///
    /// # Errors
    /// [`ProgrammeError::Field`], or when the store fails.
    pub async fn save_duty_rule(&self, mut rule: DutyRule, by: &str) -> Result<String, ProgrammeError> {
        if rule.levels.is_empty() {
            return Err(field("levels", "record_empty"));
        }
        if !(0..=500).contains(&rule.professional) {
            return Err(field("professional", "record_range"));
        }
        if !(0..=500).contains(&rule.general) {
            return Err(field("general", "record_range"));
        }
        if !(1..=2).contains(&rule.years) {
            return Err(field("years", "record_range"));
        }
        let programme = self.store.programme();
        if programme.duty_rules().await?.is_empty() {
            for one in duty::defaults() {
                programme.save_duty_rule(&one, by, self.now_ms()).await?;
            }
        }
        if rule.id.is_empty() {
            rule.id = new_id();
        }
        let line = self.line(Some(by), "duty.save", format!("rule={} from={}", rule.id, rule.from));
        self.store.programme().noting(line).save_duty_rule(&rule, by, self.now_ms()).await?;
        Ok(rule.id)
    }

    /// Says which duty a person has.
    ///
    /// # Errors
    /// [`AppError::Missing`] for an unknown person, or when the store fails.
    pub async fn set_duty(&self, person: &str, duty: Option<DutyClass>, by: &str) -> Result<(), AppError> {
        let id = new_id();
        let stamp = Stamp { id: &id, at_ms: self.now_ms(), by: Some(by) };
        let code = duty.map_or("-", DutyClass::code);
        let line = self.line(Some(by), "person.duty", format!("person={person} duty={code}"));
        match self.store.programme().noting(line).set_duty(person, duty, &stamp).await? {
            true => Ok(()),
            false => Err(AppError::Missing("person")),
        }
    }

    /// Enters a finding of a red team (with an empty id) or changes one; gives its id.
    ///
    /// # Errors
    /// [`ProgrammeError::Field`], or when the store fails.
    pub async fn save_finding(&self, mut finding: Finding, by: &str) -> Result<String, ProgrammeError> {
        filled("number", &finding.number)?;
        filled("system", &finding.system)?;
        filled("weakness", &finding.weakness)?;
        if !(0..=100).contains(&finding.cvss) {
            return Err(field("cvss", "record_range"));
        }
        if finding.repair.chars().count() > TEXT_MAX {
            return Err(field("repair", "record_long"));
        }
        if finding.repaired_ms.is_some_and(|day| day < finding.first_ms) {
            return Err(field("repaired", "record_before"));
        }
        if finding.retest_ms.is_some_and(|day| day < finding.repaired_ms.unwrap_or(finding.first_ms)) {
            return Err(field("retest", "record_before"));
        }
        if finding.id.is_empty() {
            finding.id = new_id();
        }
        let detail = format!("finding={} number={} year={}", finding.id, finding.number, finding.year);
        let line = self.line(Some(by), "finding.save", detail);
        match self.store.programme().noting(line).save_finding(&finding, by, self.now_ms()).await {
            Err(StoreError::Duplicate { .. }) => Err(field("number", "record_taken")),
            other => {
                other?;
                Ok(finding.id)
            }
        }
    }

    /// Strikes a finding out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_finding(&self, id: &str, by: &str) -> Result<bool, AppError> {
        let line = self.line(Some(by), "finding.remove", format!("finding={id}"));
        Ok(self.store.programme().noting(line).remove_finding(id, self.now_ms()).await?)
    }

    /// Writes 原因及改善作法 or 性別分析 of a year; empty takes it away.
    ///
    /// # Errors
    /// [`ProgrammeError::Field`], or when the store fails.
    pub async fn set_record_text(
        &self,
        year: RocYear,
        key: &str,
        words: &str,
        by: &str,
    ) -> Result<(), ProgrammeError> {
        if !(key.starts_with("x3:") || key.starts_with("x4:")) || key.len() > 200 {
            return Err(field("key", "record_key"));
        }
        let words = words.trim();
        if words.chars().count() > TEXT_MAX {
            return Err(field("words", "record_long"));
        }
        let line = self.line(Some(by), "record.text", format!("year={year} key={key}"));
        self.store.programme().noting(line).set_text(year, key, words, by, self.now_ms()).await?;
        Ok(())
    }
}
