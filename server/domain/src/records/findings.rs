//! What red teams found, and whether it was repaired in time.

use super::figures::Hundredths;
use super::register::words;
use super::roc::{RocDate, RocYear};

/// Days in which a grave weakness is to be closed.
pub const WEEK_DAYS: i64 = 7;
/// A weakness of this CVSS score or more is grave; in tenths.
pub const GRAVE: i64 = 70;
const DAY_MS: i64 = 86_400_000;

words! {
    /// How the retest ended.
    FindingResult {
        /// 已修補.
        Repaired = "repaired" "已修補",
        /// 部分.
        Partly = "partly" "部分",
        /// 未修補.
        Open = "open" "未修補",
        /// 接受風險.
        Accepted = "accepted" "接受風險",
    }
}

/// A finding. Days are midnights in Taipei, ms UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Id.
    pub id: String,
    /// Year that it is reported in.
    pub year: RocYear,
    /// Number, unique in its year.
    pub number: String,
    /// System.
    pub system: String,
    /// Weakness.
    pub weakness: String,
    /// CVSS score in tenths, 0 to 100.
    pub cvss: i64,
    /// Day of the first test.
    pub first_ms: i64,
    /// What was done.
    pub repair: String,
    /// Day of the repair.
    pub repaired_ms: Option<i64>,
    /// Day of the retest.
    pub retest_ms: Option<i64>,
    /// How the retest ended.
    pub result: FindingResult,
}

impl Finding {
    /// 高, 中 or 低 by the score.
    #[must_use]
    pub const fn risk(&self) -> &'static str {
        match self.cvss {
            GRAVE.. => "高",
            40.. => "中",
            _ => "低",
        }
    }

    /// Repaired within seven days of the first test, and the retest says so.
    #[must_use]
    pub fn within_a_week(&self) -> bool {
        self.result == FindingResult::Repaired
            && self.repaired_ms.is_some_and(|day| {
                let first = RocDate::of_ms(self.first_ms).start_ms();
                RocDate::of_ms(day).start_ms() - first <= WEEK_DAYS * DAY_MS
            })
    }
}

/// KPI 2-3: grave findings closed within a week, and all grave ones.
#[must_use]
pub fn grave(findings: &[Finding]) -> (i64, i64) {
    let grave = findings.iter().filter(|one| one.cvss >= GRAVE);
    grave.fold((0, 0), |(done, all), one| (done + i64::from(one.within_a_week()), all + 1))
}

/// The score as printed, `9.8`.
#[must_use]
pub fn score(cvss: i64) -> String {
    format!("{}.{}", cvss / 10, cvss % 10)
}

/// Tenths of a score as it is written, `9.8`; `None` for what is none. From the text: a binary fraction would make 6.9 of some
/// 7.0.
#[must_use]
pub fn read_score(text: &str) -> Option<i64> {
    let (whole, tenths) = text.split_once('.').unwrap_or((text, "0"));
    let figure = |text: &str| text.parse::<i64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    match (figure(whole), figure(tenths)) {
        (Some(whole @ 0..=10), Some(tenths @ 0..=9)) => Some(whole * 10 + tenths),
        _ => None,
    }
}

/// Share of grave findings that were closed in time, and whether it is `target` per cent or more, by integers; `None` without
/// any.
#[must_use]
pub fn in_time(findings: &[Finding], target: i64) -> Option<(Hundredths, bool)> {
    let (done, all) = grave(findings);
    Hundredths::share(done, all).map(|share| (share, 100 * done >= target * all))
}
