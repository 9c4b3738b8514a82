//! What the figures are made of: who was where, for how long, as what, and how the test went. Answers that people gave about
//! themselves stay apart ([`Apart`]) and are joined only while counting. Nothing here knows a clock or a database.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::course::{Aspect, Standing};
use super::figures::{Heads, Hundredths};
use super::register::{Answers, Area, Identity, Level, NotInTheList, plain, words};
use super::roc::{RocDate, RocYear};

/// Answers by person id, for the officer's eyes.
pub type Apart = BTreeMap<String, Answers>;

words! {
    /// What a person's training duty goes by.
    DutyClass {
        /// 資通安全專職人員.
        Dedicated = "dedicated" "資安專職",
        /// 專職以外之資訊人員.
        It = "it" "資訊人員",
        /// 一般使用者及主管.
        User = "user" "一般使用者",
    }
}

impl DutyClass {
    /// Reads what people write; blank is `None`.
    ///
    /// # Errors
    /// [`NotInTheList`] for anything else; nothing is guessed.
    pub fn read(text: &str) -> Result<Option<Self>, NotInTheList> {
        match plain(text).as_str() {
            "" => Ok(None),
            "dedicated" | "資安專職" | "資安專職人員" | "資通安全專職人員" => {
                Ok(Some(Self::Dedicated))
            }
            "it" | "資訊人員" | "專職以外之資訊人員" => Ok(Some(Self::It)),
            "user" | "一般使用者" | "一般使用者及主管" | "主管" => Ok(Some(Self::User)),
            _ => Err(NotInTheList),
        }
    }
}

/// A session (場次): an exercise that began, or a class of a course.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionFact {
    /// Id.
    pub id: String,
    /// Code, `S115-01`.
    pub code: String,
    /// Title of the course or exercise.
    pub title: String,
    /// Aspect, if it was said.
    pub aspect: Option<Aspect>,
    /// 522, 523, or what another office calls it.
    pub category: String,
    /// First start, ms UTC; everything is booked to its day in Taipei.
    pub start_ms: i64,
    /// Last end, ms UTC.
    pub end_ms: i64,
    /// Planned length in seconds.
    pub seconds: i64,
    /// County that holds it, or empty.
    pub county: String,
    /// A case (案): a red-blue exercise or a security test.
    pub is_case: bool,
    /// Ends with a test.
    pub tested: bool,
}

impl SessionFact {
    /// The year that it is booked to.
    #[must_use]
    pub fn year(&self) -> RocYear {
        RocYear::of_ms(self.start_ms)
    }

    /// Its days as tables write them, `115-05-12~115-05-13`.
    #[must_use]
    pub fn days(&self) -> String {
        format!("{}~{}", RocDate::of_ms(self.start_ms), RocDate::of_ms(self.end_ms.max(self.start_ms)))
    }
}

/// A person, once, whatever rows of the register were found to be theirs. Knows no gender.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonFact {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number, or empty.
    pub staff_no: String,
    /// Agency.
    pub agency: String,
    /// Grade or title, or empty.
    pub grade: String,
    /// Level of the agency, if it was said.
    pub level: Option<Level>,
    /// Where the agency lies, if it was said.
    pub area: Option<Area>,
    /// County of the agency, or empty.
    pub county: String,
    /// What the person is to the programme, if it was said.
    pub identity: Option<Identity>,
    /// What the training duty goes by, if it was said.
    pub duty: Option<DutyClass>,
}

/// One person at one session as one thing. Several of these for the same three are joined by [`Facts::new`]. There are many, so
/// that ids may be borrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceFact<I = String> {
    /// Session id.
    pub session: I,
    /// Person id.
    pub person: I,
    /// As what.
    pub part: Standing,
    /// Was on the list.
    pub expected: bool,
    /// Counted seconds (a union, clipped to the session). Zero means that the person did not come.
    pub seconds: i64,
    /// Passed the test; `None` without a result.
    pub passed: Option<bool>,
}

/// Where a presence belongs, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Position in [`Facts::sessions`].
    pub session: usize,
    /// Position in [`Facts::persons`].
    pub person: usize,
    /// As what.
    pub part: Standing,
    /// Was on the list.
    pub expected: bool,
    /// Counted seconds.
    pub seconds: i64,
    /// Passed the test.
    pub passed: Option<bool>,
}

impl Place {
    /// Came, as a trainee: what 人數, 人次 and 人時 count.
    #[must_use]
    pub fn trained(&self) -> bool {
        self.part == Standing::Trainee && self.seconds > 0
    }
}

/// Everything that is counted, in one order whatever order it came in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    sessions: Vec<SessionFact>,
    persons: Vec<PersonFact>,
    places: Vec<Place>,
}

/// The figures of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Figures {
    /// 人數: distinct people who came.
    pub persons: Heads,
    /// 人次: people who came, per session.
    pub times: Heads,
    /// Counted seconds; printed as 人時.
    pub seconds: i64,
    /// 場次: sessions.
    pub sessions: i64,
    /// 案: those that are cases.
    pub cases: i64,
    /// 應到: people on the lists, per session.
    pub expected: i64,
    /// 人次 of sessions with a test.
    pub tested: i64,
    /// Of these, with the pass mark or more.
    pub passed: i64,
    /// Planned seconds of the sessions.
    pub planned: i64,
}

impl Figures {
    /// 出席率: person-times of those expected.
    #[must_use]
    pub fn attendance(&self) -> Option<Hundredths> {
        Hundredths::share(self.times.total(), self.expected)
    }

    /// 合格率: passes of the person-times of sessions with a test.
    #[must_use]
    pub fn passing(&self) -> Option<Hundredths> {
        Hundredths::share(self.passed, self.tested)
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Facts {
    /// Sorts everything, joins what is said twice about one person at one session (the longer time, expected if ever, passed
    /// if ever), and leaves out presences whose session or person is not there.
    #[must_use]
    pub fn new<I: AsRef<str>>(
        mut sessions: Vec<SessionFact>,
        mut persons: Vec<PersonFact>,
        presences: impl IntoIterator<Item = PresenceFact<I>>,
    ) -> Self {
        sessions.sort_by(|a, b| (a.start_ms, &a.code, &a.id).cmp(&(b.start_ms, &b.code, &b.id)));
        sessions.dedup_by(|a, b| a.id == b.id);
        persons.sort_by(|a, b| {
            (&a.agency, a.staff_no.is_empty(), &a.staff_no, &a.id).cmp(&(
                &b.agency,
                b.staff_no.is_empty(),
                &b.staff_no,
                &b.id,
            ))
        });
        persons.dedup_by(|a, b| a.id == b.id);
        let of_session: BTreeMap<&str, usize> =
            sessions.iter().enumerate().map(|(at, one)| (one.id.as_str(), at)).collect();
        let of_person: BTreeMap<&str, usize> =
            persons.iter().enumerate().map(|(at, one)| (one.id.as_str(), at)).collect();
        let mut places: Vec<Place> = presences
            .into_iter()
            .filter_map(|one| {
                Some(Place {
                    session: *of_session.get(one.session.as_ref())?,
                    person: *of_person.get(one.person.as_ref())?,
                    part: one.part,
                    expected: one.expected,
                    seconds: one.seconds.max(0),
                    passed: one.passed,
                })
            })
            .collect();
        places.sort_unstable_by_key(|one| (one.session, one.person, one.part));
        places.dedup_by(|one, kept| {
            let same = (one.session, one.person, one.part) == (kept.session, kept.person, kept.part);
            if same {
                kept.expected |= one.expected;
                kept.seconds = kept.seconds.max(one.seconds);
                kept.passed = kept.passed.max(one.passed);
            }
            same
        });
        places.shrink_to_fit();
        Self { sessions, persons, places }
    }

    /// Sessions by start.
    #[must_use]
    pub fn sessions(&self) -> &[SessionFact] {
        &self.sessions
    }

    /// People by agency and staff number.
    #[must_use]
    pub fn persons(&self) -> &[PersonFact] {
        &self.persons
    }

    /// Who was where, by session, person and part.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The session of a place.
    #[must_use]
    pub fn session(&self, place: &Place) -> &SessionFact {
        &self.sessions[place.session]
    }

    /// The person of a place.
    #[must_use]
    pub fn person(&self, place: &Place) -> &PersonFact {
        &self.persons[place.person]
    }

    /// The same with only the people (and their presences) for whom `keep` holds; all sessions stay.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&PersonFact) -> bool) -> Self {
        let kept: Vec<bool> = self.persons.iter().map(keep).collect();
        let mut at = vec![0_usize; kept.len()];
        let mut persons = Vec::new();
        for (index, person) in self.persons.iter().enumerate().filter(|(index, _)| kept[*index]) {
            at[index] = persons.len();
            persons.push(person.clone());
        }
        let places = self
            .places
            .iter()
            .filter(|place| kept[place.person])
            .map(|place| Place { person: at[place.person], ..*place })
            .collect();
        Self { sessions: self.sessions.clone(), persons, places }
    }

    /// Figures of the sessions for which `of` holds.
    #[must_use]
    pub fn figures(&self, apart: &Apart, of: impl Fn(&SessionFact) -> bool) -> Figures {
        self.grouped(apart, |facts, place| of(facts.session(place)).then_some(()), |s| of(s).then_some(()))
            .remove(&())
            .unwrap_or_default()
    }

    /// Figures by year.
    #[must_use]
    pub fn by_year(&self, apart: &Apart) -> BTreeMap<RocYear, Figures> {
        self.grouped(apart, |facts, place| Some(facts.session(place).year()), |session| Some(session.year()))
    }

    /// Figures of a year by month (1 to 12). Sessions, person-times and seconds of the months make those of the year; persons
    /// do not, as someone may come in two months.
    #[must_use]
    pub fn by_month(&self, apart: &Apart, year: RocYear) -> BTreeMap<i8, Figures> {
        let month = |session: &SessionFact| {
            let day = RocDate::of_ms(session.start_ms);
            (day.year() == year).then(|| day.month())
        };
        self.grouped(apart, |facts, place| month(facts.session(place)), month)
    }

    /// Figures of a year by agency of the people. Sessions are those at which somebody of the agency was.
    #[must_use]
    pub fn by_agency(&self, apart: &Apart, year: RocYear) -> BTreeMap<String, Figures> {
        self.of_people(apart, year, |person| person.agency.clone())
    }

    /// Figures of a year by county of the people's agencies; empty where none was said.
    #[must_use]
    pub fn by_county(&self, apart: &Apart, year: RocYear) -> BTreeMap<String, Figures> {
        self.of_people(apart, year, |person| person.county.clone())
    }

    fn of_people(
        &self,
        apart: &Apart,
        year: RocYear,
        key: impl Fn(&PersonFact) -> String,
    ) -> BTreeMap<String, Figures> {
        let of = |facts: &Self, place: &Place| {
            (facts.session(place).year() == year).then(|| key(facts.person(place)))
        };
        let mut groups = self.grouped(apart, of, |_| None);
        let mut seen: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for place in self.places.iter().filter(|place| place.trained()) {
            if let Some(key) = of(self, place) {
                seen.entry(key).or_default().insert(place.session);
            }
        }
        for (key, sessions) in seen {
            let group = groups.entry(key).or_default();
            group.sessions = count(sessions.len());
            group.cases = count(sessions.iter().filter(|at| self.sessions[**at].is_case).count());
            group.planned = sessions.iter().map(|at| self.sessions[*at].seconds).sum();
        }
        groups
    }

    /// Figures of a year by title of the course or exercise.
    #[must_use]
    pub fn by_title(&self, apart: &Apart, year: RocYear) -> BTreeMap<String, Figures> {
        let title = |session: &SessionFact| (session.year() == year).then(|| session.title.clone());
        self.grouped(apart, |facts, place| title(facts.session(place)), title)
    }

    /// Figures of each session, by its position.
    #[must_use]
    pub fn by_session(&self, apart: &Apart, year: RocYear) -> BTreeMap<usize, Figures> {
        let mut groups = self.grouped(
            apart,
            |facts, place| (facts.session(place).year() == year).then_some(place.session),
            |_| None,
        );
        for (at, session) in self.sessions.iter().enumerate().filter(|(_, one)| one.year() == year) {
            let group = groups.entry(at).or_default();
            group.sessions = 1;
            group.cases = i64::from(session.is_case);
            group.planned = session.seconds;
        }
        groups
    }

    /// Distinct people of these years together: who came in two of them is one.
    #[must_use]
    pub fn cumulative(&self, apart: &Apart, from: RocYear, to: RocYear) -> Figures {
        self.figures(apart, |session| (from..=to).contains(&session.year()))
    }

    /// Distinct people of a year who took part as this, whether or not their time was counted: planners sign no sheet.
    #[must_use]
    pub fn of_part(&self, apart: &Apart, year: RocYear, part: Standing) -> Heads {
        self.of_part_at(apart, part, |session| session.year() == year)
    }

    /// The same of the sessions for which `at` holds.
    #[must_use]
    pub fn of_part_at(&self, apart: &Apart, part: Standing, at: impl Fn(&SessionFact) -> bool) -> Heads {
        let people: BTreeSet<usize> = self
            .places
            .iter()
            .filter(|place| place.part == part && at(self.session(place)))
            .map(|place| place.person)
            .collect();
        self.heads(apart, people)
    }

    /// Distinct trainees of a year who came, by position.
    #[must_use]
    pub fn trained(&self, year: RocYear) -> BTreeSet<usize> {
        self.places
            .iter()
            .filter(|place| place.trained() && self.session(place).year() == year)
            .map(|place| place.person)
            .collect()
    }

    /// These people by gender.
    #[must_use]
    pub fn heads(&self, apart: &Apart, people: impl IntoIterator<Item = usize>) -> Heads {
        let mut heads = Heads::default();
        for at in people {
            heads.add(apart.get(&self.persons[at].id).and_then(|answers| answers.gender));
        }
        heads
    }

    fn grouped<K: Ord + Clone>(
        &self,
        apart: &Apart,
        key: impl Fn(&Self, &Place) -> Option<K>,
        of_session: impl Fn(&SessionFact) -> Option<K>,
    ) -> BTreeMap<K, Figures> {
        let genders: Vec<_> = self
            .persons
            .iter()
            .map(|person| apart.get(&person.id).and_then(|answers| answers.gender))
            .collect();
        let mut groups: BTreeMap<K, (Figures, BTreeSet<usize>)> = BTreeMap::new();
        for session in &self.sessions {
            if let Some(key) = of_session(session) {
                let (figures, _) = groups.entry(key).or_default();
                figures.sessions += 1;
                figures.cases += i64::from(session.is_case);
                figures.planned += session.seconds;
            }
        }
        for place in self.places.iter().filter(|place| place.part == Standing::Trainee) {
            let Some(key) = key(self, place) else { continue };
            let (figures, people) = groups.entry(key).or_default();
            figures.expected += i64::from(place.expected);
            if place.seconds <= 0 {
                continue;
            }
            figures.times.add(genders[place.person]);
            figures.seconds += place.seconds;
            people.insert(place.person);
            if self.session(place).tested {
                figures.tested += 1;
                figures.passed += i64::from(place.passed == Some(true));
            }
        }
        groups
            .into_iter()
            .map(|(key, (mut figures, people))| {
                for at in people {
                    figures.persons.add(genders[at]);
                }
                (key, figures)
            })
            .collect()
    }
}
