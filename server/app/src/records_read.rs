//! From the rows that were read to what the tables of a year count: sessions, people, who was where for how long, what people
//! said of themselves. Nothing is read here, so that it can be done where it holds up no request.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rampart_domain::records::course::{Aspect, COUNTIES, ClassStay, Standing, session_attendance};
use rampart_domain::records::official::{Sheet, Survey};
use rampart_domain::records::{
    self, Apart, Facts, Interval, IntervalSet, PersonFact, PresenceFact, Rule, SessionFact, Source, Stay,
};
use rampart_store::{ClassSession, Course, Same, SurveySheet, YearRows};

use crate::exercise::Exercise;

fn county(code: &str) -> String {
    COUNTIES.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| *name).to_owned()
}

/// Answers of each person, as a whole those of one row: see [`YearRows::answers`].
fn apart(rows: &YearRows, same: &Same) -> Apart {
    let mut all = Apart::new();
    for (row, said) in &rows.answers {
        all.entry(same.of(row).to_owned()).or_insert(*said);
    }
    all
}

fn people(rows: &YearRows, same: &Same) -> Vec<PersonFact> {
    let mut people: HashMap<&str, PersonFact> = HashMap::new();
    for row in rows.register.iter().filter(|row| row.merged_into.is_none()) {
        people.insert(
            &row.id,
            PersonFact {
                id: row.id.clone(),
                name: row.name.clone(),
                staff_no: row.staff_no.clone(),
                agency: row.agency.clone(),
                grade: row.grade.clone(),
                level: row.level,
                area: row.area,
                county: row.county.clone(),
                identity: row.identity,
                // Who has left owes nothing any more.
                duty: row.duty.filter(|_| !row.removed),
            },
        );
    }
    for row in rows.register.iter().filter(|row| row.merged_into.is_some()) {
        if let Some(person) = people.get_mut(same.of(&row.id)) {
            person.identity = person.identity.or(row.identity);
            person.duty = person.duty.or(row.duty);
        }
    }
    people.into_values().collect()
}

pub(crate) fn surveys(rows: &YearRows) -> Vec<Survey> {
    let mut sheets: HashMap<&str, Vec<&SurveySheet>> = HashMap::new();
    for sheet in &rows.sheets {
        sheets.entry(&sheet.survey_id).or_default().push(sheet);
    }
    rows.surveys
        .iter()
        .map(|survey| Survey {
            id: survey.id.clone(),
            title: format!("{} {}", survey.course, survey.title),
            issued: survey.handed_out,
            questions: survey.questions.clone(),
            sheets: sheets
                .remove(survey.id.as_str())
                .unwrap_or_default()
                .into_iter()
                .map(|sheet| Sheet {
                    gender: sheet.gender,
                    scores: survey
                        .questions
                        .iter()
                        .map(|(id, _)| {
                            let answer = sheet.answers.iter().find(|answer| answer.question_id == *id);
                            answer.and_then(|answer| answer.score).map(i64::from)
                        })
                        .collect(),
                })
                .collect(),
        })
        .collect()
}

/// What is being put together. Ids are borrowed from what was read: there are hundreds of thousands of them.
#[derive(Default)]
struct Draft<'r> {
    sessions: Vec<SessionFact>,
    presences: Vec<PresenceFact<&'r str>>,
}

impl<'r> Draft<'r> {
    fn add(
        &mut self,
        session: &'r str,
        person: &'r str,
        part: Standing,
        expected: bool,
        seconds: i64,
        passed: Option<bool>,
    ) {
        self.presences.push(PresenceFact { session, person, part, expected, seconds, passed });
    }
}

/// Session and person.
type At<'r> = (&'r str, &'r str);

/// What somebody is on the list of a session.
#[derive(Default, Clone, Copy)]
struct Listed {
    /// As what: a bit for each of [`Standing::ALL`].
    parts: u8,
    /// Taken off as something.
    struck: bool,
}

impl Listed {
    fn bit(part: Standing) -> u8 {
        1 << (part as u8)
    }

    fn is(self, part: Standing) -> bool {
        self.parts & Self::bit(part) != 0
    }
}

/// All that was read for a book.
pub(crate) struct Read {
    pub rows: YearRows,
    pub same: Same,
    pub courses: Vec<Course>,
    pub sessions: Vec<ClassSession>,
    pub exercises: Vec<Arc<Exercise>>,
    pub to_ms: i64,
    pub now_ms: i64,
}

impl Read {
    /// What the tables count, and what people said of themselves.
    pub fn facts(&self) -> (Facts, Apart) {
        let mut draft = Draft::default();
        let seated = self.draft_exercises(&mut draft);
        self.draft_classes(&mut draft, seated);
        let facts = Facts::new(draft.sessions, people(&self.rows, &self.same), draft.presences);
        // Answers of people who were nowhere play no part.
        let mut apart = apart(&self.rows, &self.same);
        let seen: HashSet<&str> =
            facts.places().iter().map(|place| facts.person(place).id.as_str()).collect();
        apart.retain(|person, _| seen.contains(person.as_str()));
        (facts, apart)
    }

    /// Sessions of courses that count: those that stand and began.
    fn classes(&self) -> impl Iterator<Item = &ClassSession> {
        self.sessions
            .iter()
            .filter(|session| session.cancelled_ms.is_none() && session.start_ms <= self.now_ms)
    }

    /// Exercises that began; those that are sessions of courses count there. Answers with the people of the latter, by
    /// session, and what counts of them by the exercise's own rule.
    fn draft_exercises<'r>(&'r self, draft: &mut Draft<'r>) -> HashMap<At<'r>, IntervalSet> {
        let Self { rows, same, exercises, to_ms, now_ms, .. } = self;
        let now_ms = *now_ms;
        let mut stays: HashMap<At<'r>, Vec<Stay>> = HashMap::new();
        for (exercise, person) in &rows.seats {
            stays.entry((&**exercise, same.of(person))).or_default();
        }
        for (exercise, person, from, to) in &rows.presence {
            if let Ok(stay) = Stay::new(Source::Seat, *from, Some(*to)) {
                stays.entry((&**exercise, same.of(person))).or_default().push(stay);
            }
        }
        for (exercise, person, from, to) in &rows.signs {
            if let Ok(stay) = Stay::new(Source::SignIn, *from, *to) {
                stays.entry((&**exercise, same.of(person))).or_default().push(stay);
            }
        }
        let taken: HashMap<&str, &str> =
            self.classes().filter_map(|class| Some((class.exercise_id.as_deref()?, &*class.id))).collect();
        let mut runs = HashMap::new();
        for live in exercises {
            let run = crate::attendance::session(live);
            if taken.contains_key(live.id.as_str()) {
                // Its people are expected at the class also before it begins.
                runs.insert(live.id.as_str(), run);
                continue;
            }
            let Some(run) = run.filter(|run| run.start_ms < *to_ms) else { continue };
            let header = live.fold().header.clone();
            let course = live.scenario().course.clone();
            draft.sessions.push(SessionFact {
                id: live.id.clone(),
                code: header.as_ref().map(|header| header.code.clone()).unwrap_or_default(),
                title: header.map(|header| header.title).unwrap_or_default(),
                aspect: Aspect::read(&course.aspect).ok().flatten(),
                category: course.code,
                start_ms: run.start_ms,
                end_ms: run.end_ms.unwrap_or(now_ms),
                seconds: i64::from(course.hours) * 3600,
                county: String::new(),
                is_case: true,
                tested: false,
            });
            runs.insert(live.id.as_str(), Some(run));
        }
        let mut seated = HashMap::new();
        for ((exercise, person), stays) in stays {
            let Some(run) = runs.get(exercise) else { continue };
            let counted = run
                .as_ref()
                .map(|run| records::attendance(run, &stays, Rule::default(), now_ms).counted)
                .unwrap_or_default();
            match taken.get(exercise) {
                Some(session) => drop(seated.insert((*session, person), counted)),
                None => draft.add(exercise, person, Standing::Trainee, true, counted.seconds(), None),
            }
        }
        seated
    }

    /// Sessions of courses; `seated` are the people of exercises that are such.
    fn draft_classes<'r>(&'r self, draft: &mut Draft<'r>, mut seated: HashMap<At<'r>, IntervalSet>) {
        let Self { rows, same, now_ms, .. } = self;
        let now_ms = *now_ms;
        let courses: HashMap<&str, &Course> =
            self.courses.iter().map(|course| (course.id.as_str(), course)).collect();
        let mut lists: HashMap<At<'r>, Listed> = HashMap::new();
        for row in &rows.listed {
            let listed = lists.entry((&*row.session_id, same.of(&row.person_id))).or_default();
            if row.removed {
                listed.struck = true;
            } else {
                listed.parts |= Listed::bit(row.standing);
            }
        }
        let mut stays: Vec<(At<'r>, ClassStay)> = rows
            .marks
            .iter()
            .map(|(session, person, in_ms, out_ms)| {
                ((&**session, same.of(person)), ClassStay { in_ms: *in_ms, out_ms: *out_ms })
            })
            .collect();
        stays.sort_unstable_by_key(|(at, _)| *at);
        let mut scores: HashMap<At<'r>, u8> = HashMap::new();
        for (session, person, score) in &rows.scores {
            // In the order of time, as certificates take it: the last result of whichever row.
            scores.insert((&**session, same.of(person)), *score);
        }
        let mut known: HashMap<&str, (&ClassSession, Vec<Interval>, u8)> = HashMap::new();
        for session in self.classes() {
            let Some(course) = courses.get(session.course_id.as_str()) else { continue };
            let halves =
                session.halves.iter().filter_map(|(from, to)| Interval::new(*from, *to).ok()).collect();
            known.insert(&session.id, (session, halves, course.about.pass_mark));
            draft.sessions.push(SessionFact {
                id: session.id.clone(),
                code: session.code.clone(),
                title: course.about.title.clone(),
                aspect: Some(course.about.aspect),
                category: course.about.category.clone(),
                start_ms: session.start_ms,
                end_ms: session.end_ms,
                seconds: session.seconds(),
                county: county(&course.about.county),
                is_case: session.exercise_id.is_some(),
                tested: course.about.tested,
            });
        }
        for (at, listed) in &lists {
            let Some((_, _, mark)) = known.get(at.0) else { continue };
            let passed = scores.get(at).map(|score| score >= mark);
            for part in Standing::ALL.iter().filter(|part| listed.is(**part)) {
                draft.add(at.0, at.1, *part, *part == Standing::Trainee, 0, passed);
            }
        }
        let mut add = |at: At<'r>, stays: &[ClassStay], seen: Option<&IntervalSet>| {
            let Some((session, halves, mark)) = known.get(at.0) else { return };
            // Who has a seat is a trainee. So is who came and is on no list, unless they were taken off it.
            let listed = lists.get(&at).copied().unwrap_or_default();
            let on_list = if listed.parts == 0 { !listed.struck } else { listed.is(Standing::Trainee) };
            if seen.is_some() || on_list {
                let counted = session_attendance(halves, session.late_minutes, stays, seen, now_ms);
                let passed = scores.get(&at).map(|score| score >= mark);
                draft.add(at.0, at.1, Standing::Trainee, seen.is_some(), counted.seconds, passed);
            }
        };
        let mut own = Vec::new();
        for group in stays.chunk_by(|a, b| a.0 == b.0) {
            let Some((at, _)) = group.first() else { continue };
            own.clear();
            own.extend(group.iter().map(|(_, stay)| *stay));
            add(*at, &own, seated.remove(at).as_ref());
        }
        for (at, seen) in &seated {
            add(*at, &[], Some(seen));
        }
    }
}
