//! What the programme asks for in a year, with the day from which it holds.

use super::figures::Heads;
use super::register::words;
use super::roc::RocYear;
use super::table::Cell;

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
        /// 任一性別 of each group of X3: one part in so many, 3 for one third.
        EitherPart = "either_part" "各類別較少性別人數/總人數之最低者",
        /// The same in per cent, where the asked share is no such part.
        EitherShare = "either_share" "各類別較少性別人數/總人數之最低者",
        /// Grave weaknesses that are closed within a week, per cent of all grave ones.
        GraveClosed = "grave_closed" "7日內完成修補之CVSS 7分以上弱點數/其總數",
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

    /// A share: what is asked and what is reached does not add up over years.
    #[must_use]
    pub const fn is_share(self) -> bool {
        matches!(self, Self::FemaleShare | Self::EitherPart | Self::EitherShare | Self::GraveClosed)
    }

    /// What can be asked of it.
    #[must_use]
    pub const fn range(self) -> std::ops::RangeInclusive<i64> {
        match self {
            Self::FemaleShare | Self::EitherShare | Self::GraveClosed => 1..=100,
            // The whole cannot be asked of either of two.
            Self::EitherPart => 2..=100,
            _ => 1..=1_000_000_000,
        }
    }

    /// What is asked, as tables have it: `30%`, `1/3`, a number.
    #[must_use]
    pub fn asked(self, value: i64) -> Cell {
        match self {
            Self::FemaleShare | Self::EitherShare | Self::GraveClosed => Cell::text(format!("{value}%")),
            Self::EitherPart => Cell::text(format!("1/{value}")),
            _ => Cell::Count(value),
        }
    }
}

/// What is asked of the lesser of both genders in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Either {
    /// One part in so many.
    Part(i64),
    /// So many per cent.
    Percent(i64),
}

impl Either {
    /// Of a target; `None` where it is about something else.
    #[must_use]
    pub const fn of(measure: Measure, value: i64) -> Option<Self> {
        match measure {
            Measure::EitherPart => Some(Self::Part(value)),
            Measure::EitherShare => Some(Self::Percent(value)),
            _ => None,
        }
    }

    /// Whether men and women are each so many of all, by integers: one of three is a third. `None` without persons.
    #[must_use]
    pub fn fits(self, heads: &Heads) -> Option<bool> {
        let (lesser, total) = (heads.male.min(heads.female), heads.total());
        (total > 0).then(|| match self {
            Self::Part(of) => of * lesser >= total,
            Self::Percent(percent) => 100 * lesser >= percent * total,
        })
    }
}

impl std::fmt::Display for Either {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Part(of) => write!(f, "1/{of}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
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

/// 女性參與率 that the programme asks for, per cent.
const FEMALE_SHARE: i64 = 30;
/// Of either gender it asks for one third.
const EITHER_PART: i64 = 3;
/// Grave weaknesses that it wants closed within a week, per cent.
const GRAVE_CLOSED: i64 = 75;

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
        one("default-week", "2-3", "高風險弱點1週內修補", Measure::GraveClosed, GRAVE_CLOSED, "X8"),
        one("default-people", "3-1", "培訓人數", Measure::Persons, 50, "X1, X2"),
        one("default-cases", "3-2", "紅藍隊演練或資安檢測", Measure::Cases, 6, "X2"),
        one("default-women", "參-二-(四)", "培訓活動女性參與率", Measure::FemaleShare, FEMALE_SHARE, "X1"),
        one("default-either", "性別影響評估", "任一性別比率", Measure::EitherPart, EITHER_PART, "X3"),
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

/// The half of a target of the whole programme that holds in a year and is about one of these measures; the latest of several.
fn in_force(targets: &[Target], year: RocYear, about: impl Fn(Measure) -> bool) -> Option<(Measure, i64)> {
    of_year(targets, year)
        .into_iter()
        .filter(|one| one.county.is_empty())
        .flat_map(|one| {
            let halves = std::iter::once((one.measure, one.value)).chain(one.or);
            halves.map(move |half| (one.from, one.id.as_str(), half))
        })
        .filter(|(_, _, (measure, _))| about(*measure))
        .max_by_key(|(from, id, _)| (*from, *id))
        .map(|(_, _, half)| half)
}

/// 女性參與率 by which a year is judged, per cent: the year's target, or the programme's own 30 where none is set.
#[must_use]
pub fn female_share(targets: &[Target], year: RocYear) -> i64 {
    in_force(targets, year, |measure| measure == Measure::FemaleShare)
        .map_or(FEMALE_SHARE, |(_, value)| value)
}

/// By what the groups of X3 are judged in a year: the year's target, or one third.
#[must_use]
pub fn either(targets: &[Target], year: RocYear) -> Either {
    in_force(targets, year, |measure| Either::of(measure, 1).is_some())
        .and_then(|(measure, value)| Either::of(measure, value))
        .unwrap_or(Either::Part(EITHER_PART))
}

/// Grave weaknesses that are to be closed within a week in a year, per cent: the year's target, or 75.
#[must_use]
pub fn grave_closed(targets: &[Target], year: RocYear) -> i64 {
    in_force(targets, year, |measure| measure == Measure::GraveClosed)
        .map_or(GRAVE_CLOSED, |(_, value)| value)
}
