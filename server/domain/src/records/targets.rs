//! What the programme asks for in a year, with the day from which it holds.

use super::register::words;
use super::roc::RocYear;

words! {
    /// What a target counts.
    Measure {
        /// 人數, distinct people.
        Persons = "persons" "不重複人數",
        /// 人次.
        PersonTimes = "person_times" "人次",
        /// 人時, whole hours.
        PersonHours = "person_hours" "人時",
        /// 場次.
        Sessions = "sessions" "場次數",
        /// 案.
        Cases = "cases" "案數",
        /// 女性參與率, per cent of all.
        FemaleShare = "female_share" "女性人數/總人數",
        /// Websites, or whatever else the register does not count: entered by hand.
        Websites = "websites" "網站數",
    }
}

impl Measure {
    /// Entered by hand rather than counted.
    #[must_use]
    pub const fn by_hand(self) -> bool {
        matches!(self, Self::Websites)
    }
}

/// A target. The one that holds in a year is the latest of its item and county that began by then; it holds until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Id.
    pub id: String,
    /// Item of the programme, `3-1`.
    pub item: String,
    /// Title, `培訓人數`.
    pub title: String,
    /// County, or empty for the programme.
    pub county: String,
    /// From which year on.
    pub from: RocYear,
    /// The last year; `None` for one that goes on.
    pub until: Option<RocYear>,
    /// What is counted.
    pub measure: Measure,
    /// How much of it in a year.
    pub value: i64,
    /// The other half of an OR target (30 人次 or 30 網站).
    pub or: Option<(Measure, i64)>,
    /// What shows it, `X1, X2`.
    pub evidence: String,
}

/// Of an OR target, which half is claimed in a year, and what was entered by hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// Target id.
    pub target: String,
    /// The second half is claimed.
    pub second: bool,
    /// What was entered by hand for a measure that the register does not count.
    pub by_hand: Option<i64>,
}

/// The targets of the programme, for an installation that has set none.
#[must_use]
pub fn defaults() -> Vec<Target> {
    let one = |id: &str, item: &str, title: &str, measure, value, evidence: &str| Target {
        id: id.to_owned(),
        item: item.to_owned(),
        title: title.to_owned(),
        county: String::new(),
        from: RocYear(112),
        until: None,
        measure,
        value,
        or: None,
        evidence: evidence.to_owned(),
    };
    vec![
        one("default-people", "3-1", "培訓人數", Measure::Persons, 50, "X1, X2"),
        one("default-cases", "3-2", "紅藍隊演練或資安檢測", Measure::Cases, 6, "X2"),
        one("default-women", "參-二-(四)", "培訓活動女性參與率", Measure::FemaleShare, 30, "X1"),
    ]
}

/// The targets that hold in a year, by county and item.
#[must_use]
pub fn of_year(targets: &[Target], year: RocYear) -> Vec<&Target> {
    let mut found: std::collections::BTreeMap<(&str, &str), &Target> = std::collections::BTreeMap::new();
    for target in targets.iter().filter(|one| one.from <= year) {
        let key = (target.county.as_str(), target.item.as_str());
        let later = found.get(&key).is_none_or(|had| (had.from, &had.id) < (target.from, &target.id));
        if later {
            found.insert(key, target);
        }
    }
    found.into_values().filter(|one| one.until.is_none_or(|until| until >= year)).collect()
}
