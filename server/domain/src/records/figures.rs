//! Counting people and adding seconds. Three figures that are never mixed: persons (人數, distinct people), person-times
//! (人次, people per exercise) and person-hours (人時, from whole seconds). All arithmetic is in integers; a figure is rounded
//! once, half up, when it is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

use super::gender::Gender;
use super::roc::{RocDate, RocYear};

/// A figure with two decimals, held as hundredths. It is already rounded: differences of printed figures are made of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hundredths(pub i64);

impl Hundredths {
    /// `part / whole * scale`, rounded half up (by magnitude, as 四捨五入 does). `None` where `whole` is not positive.
    #[must_use]
    pub fn ratio(part: i64, whole: i64, scale: i64) -> Option<Self> {
        if whole <= 0 {
            return None;
        }
        let exact = i128::from(part) * i128::from(scale) * 100;
        let whole = i128::from(whole);
        let magnitude = (2 * exact.abs() + whole) / (2 * whole);
        let rounded = if exact < 0 { -magnitude } else { magnitude };
        i64::try_from(rounded).ok().map(Self)
    }

    /// A share in per cent: `ROUND(part / total * 100, 2)`.
    #[must_use]
    pub fn share(part: i64, total: i64) -> Option<Self> {
        Self::ratio(part, total, 100)
    }

    /// Hours of a number of seconds.
    #[must_use]
    pub fn hours(seconds: i64) -> Self {
        Self::ratio(seconds, 3600, 1).unwrap_or(Self(0))
    }

    /// Difference of two printed figures.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", magnitude / 100, magnitude % 100)
    }
}

impl Serialize for Hundredths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What one person attended of one exercise. There is exactly one of these for a person and an exercise, whatever seats and
/// teams the person had: attendance is a union over all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attended {
    /// Person id.
    pub person: String,
    /// Exercise id.
    pub exercise: String,
    /// First start of the exercise, ms UTC; everything is booked to its day.
    pub began_ms: i64,
    /// Counted seconds. Zero means that the person did not come.
    pub seconds: i64,
}

/// Persons by stated gender. Every person is in exactly one part, so the parts always make the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Heads {
    /// 男.
    pub male: i64,
    /// 女.
    pub female: i64,
    /// 其他.
    pub other: i64,
    /// 不願透露.
    pub undisclosed: i64,
    /// 未填: nothing stated.
    pub none: i64,
}

impl Heads {
    /// Adds one person.
    pub fn add(&mut self, gender: Option<Gender>) {
        *match gender {
            Some(Gender::Male) => &mut self.male,
            Some(Gender::Female) => &mut self.female,
            Some(Gender::Other) => &mut self.other,
            Some(Gender::Undisclosed) => &mut self.undisclosed,
            None => &mut self.none,
        } += 1;
    }

    /// All persons.
    #[must_use]
    pub const fn total(&self) -> i64 {
        self.male + self.female + self.other + self.undisclosed + self.none
    }

    /// Persons who stated a gender: not those who declined or left it blank.
    #[must_use]
    pub const fn stated(&self) -> i64 {
        self.male + self.female + self.other
    }

    /// What the printed shares of the parts add up to: 100.00 or, through rounding, a little beside it. `None` without
    /// persons.
    #[must_use]
    pub fn share_sum(&self) -> Option<Hundredths> {
        let parts = [self.male, self.female, self.other, self.undisclosed, self.none];
        (self.total() > 0).then(|| {
            Hundredths(
                parts
                    .into_iter()
                    .filter_map(|part| Hundredths::share(part, self.total()))
                    .map(|one| one.0)
                    .sum(),
            )
        })
    }

    /// Men per 100 women (性比例). `None` without women, where it has no meaning.
    #[must_use]
    pub fn sex_ratio(&self) -> Option<Hundredths> {
        Hundredths::share(self.male, self.female)
    }

    /// Share of women among all persons (女性參與率). This is the one that a target judges.
    #[must_use]
    pub fn female_of_all(&self) -> Option<Hundredths> {
        Hundredths::share(self.female, self.total())
    }

    /// Share of women among those who stated a gender.
    #[must_use]
    pub fn female_of_stated(&self) -> Option<Hundredths> {
        Hundredths::share(self.female, self.stated())
    }

    /// Share of women among women and men.
    #[must_use]
    pub fn female_of_binary(&self) -> Option<Hundredths> {
        Hundredths::share(self.female, self.male + self.female)
    }

    /// Whether women are at least `percent` of all persons, by integers (`100 F >= percent T`), never by a rounded share.
    /// `None` without persons.
    #[must_use]
    pub fn female_at_least(&self, percent: i64) -> Option<bool> {
        (self.total() > 0).then(|| 100 * self.female >= percent * self.total())
    }
}

/// The three figures of a group of attendances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// 人數: distinct people who came.
    pub persons: i64,
    /// 人次: people who came, per exercise.
    pub person_times: i64,
    /// Seconds, to be printed as 人時.
    pub seconds: i64,
}

/// Who came: everyone with a counted second.
fn came<'a>(attended: impl IntoIterator<Item = &'a Attended>) -> impl Iterator<Item = &'a Attended> {
    attended.into_iter().filter(|one| one.seconds > 0)
}

fn heads_of(people: &BTreeSet<&str>, genders: &BTreeMap<String, Gender>) -> Heads {
    let mut heads = Heads::default();
    for person in people {
        heads.add(genders.get(*person).copied());
    }
    heads
}

/// Distinct people among these attendances by gender. A person missing in `genders` stated none.
#[must_use]
pub fn heads<'a>(
    attended: impl IntoIterator<Item = &'a Attended>,
    genders: &BTreeMap<String, Gender>,
) -> Heads {
    heads_of(&came(attended).map(|one| one.person.as_str()).collect(), genders)
}

/// Distinct people of each year. The years do not add up to the people of all years: someone may come in two.
#[must_use]
pub fn heads_by_year<'a>(
    attended: impl IntoIterator<Item = &'a Attended>,
    genders: &BTreeMap<String, Gender>,
) -> BTreeMap<RocYear, Heads> {
    let mut years: BTreeMap<RocYear, BTreeSet<&str>> = BTreeMap::new();
    for one in came(attended) {
        years.entry(RocYear::of_ms(one.began_ms)).or_default().insert(&one.person);
    }
    years.into_iter().map(|(year, people)| (year, heads_of(&people, genders))).collect()
}

/// Distinct people of each exercise.
#[must_use]
pub fn heads_by_exercise<'a>(
    attended: impl IntoIterator<Item = &'a Attended>,
    genders: &BTreeMap<String, Gender>,
) -> BTreeMap<String, Heads> {
    let mut exercises: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in came(attended) {
        exercises.entry(&one.exercise).or_default().insert(&one.person);
    }
    exercises.into_iter().map(|(id, people)| (id.to_owned(), heads_of(&people, genders))).collect()
}

/// Persons, person-times and seconds.
#[must_use]
pub fn counts<'a>(attended: impl IntoIterator<Item = &'a Attended>) -> Counts {
    let mut persons = BTreeSet::new();
    let mut times = BTreeSet::new();
    let mut seconds = 0;
    for one in came(attended) {
        persons.insert(&one.person);
        times.insert((&one.person, &one.exercise));
        seconds += one.seconds;
    }
    let size = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Counts { persons: size(persons.len()), person_times: size(times.len()), seconds }
}

/// Seconds by year and month of booking. The months of a year add up to the year, as each exercise lies in one of them.
#[must_use]
pub fn seconds_by_month<'a>(
    attended: impl IntoIterator<Item = &'a Attended>,
) -> BTreeMap<(RocYear, i8), i64> {
    let mut months = BTreeMap::new();
    for one in came(attended) {
        let day = RocDate::of_ms(one.began_ms);
        *months.entry((day.year(), day.month())).or_default() += one.seconds;
    }
    months
}

/// One line of the table of person-hours; holds no gender.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PersonHours {
    /// Agency.
    pub agency: String,
    /// Staff number.
    pub staff_number: String,
    /// Name.
    pub name: String,
    /// Counted seconds.
    pub seconds: i64,
    /// Some stay was never closed.
    pub review: bool,
    /// Taken out of the exercise after attending; the line and the hours stay.
    pub withdrawn: bool,
}
