//! Courses: sessions, people, marks, results, questionnaires, certificates, keys.

use rampart_domain::records::course::{Aspect, MarkSource, Measure, Standing, TestKind};
use rampart_domain::records::{Answers, Gender};
use rampart_store::{
    AuditLine, CertificatesOf, CourseAbout, MaterialBody, NewCertificate, NewClassMark, NewClassSession,
    Officer, PaperSheet, PurgeRule, Purpose, Question, QuestionKind, Role, RowsOf, SelfSign, SelfSigned,
    SessionsOf, StoreError, Survey, SurveyAnswer, TestResult,
};

use crate::bed::{Bed, NOW, account, on_both, person, with_exercises};

on_both!(
    a_course_and_its_sessions_are_made_changed_and_called_off,
    people_of_a_session_are_taken_off_and_stay_readable,
    a_person_signs_once_at_a_time_and_a_scan_is_good_once,
    marks_and_results_are_struck_out_and_never_overwritten,
    what_was_entered_together_is_taken_back_together,
    a_sheet_is_taken_for_a_token_once_and_names_nobody,
    no_more_papers_come_back_than_went_out,
    who_signs_no_sheet_keeps_their_answers_as_long_as_they_are_counted,
    certificates_are_numbered_by_year_and_one_a_person,
    a_code_opens_a_persons_page_once,
    materials_are_links_or_bytes,
);

const HOUR: i64 = 3_600_000;

fn about(code: &str) -> CourseAbout {
    CourseAbout {
        code: code.to_owned(),
        title: "藍隊通報應變 𠮷".to_owned(),
        aspect: Aspect::Management,
        speciality: "網路攻防".to_owned(),
        category: "523".to_owned(),
        minutes: 360,
        digital_minutes: 0,
        tested: true,
        pass_mark: 70,
        work_related: true,
        measures: vec![Measure::Shuttle, Measure::Content],
        county: "30".to_owned(),
    }
}

fn session(id: &str, code: &str) -> NewClassSession {
    NewClassSession {
        id: id.to_owned(),
        course_id: "c1".to_owned(),
        code: code.to_owned(),
        class_no: 1,
        place: "資訊中心".to_owned(),
        halves: vec![(NOW, NOW + 3 * HOUR), (NOW + 4 * HOUR, NOW + 7 * HOUR)],
        late_minutes: 10,
        exercise_id: None,
    }
}

async fn course(bed: &Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let people = [person("p1", "許藍圖"), person("p2", "謝測試"), person("p3", "張示範")];
    bed.store.persons().import(&people, NOW).await.unwrap();
    bed.store.courses().create("c1", &about("C115-1"), "boss", NOW).await.unwrap();
    bed.store.courses().add_session(&session("s1", "S115-01"), "boss", NOW).await.unwrap();
}

async fn a_course_and_its_sessions_are_made_changed_and_called_off(bed: Bed) {
    course(&bed).await;
    let courses = || bed.store.courses();
    assert_eq!(courses().by_id("c1").await.unwrap().unwrap().about, about("C115-1"));
    let again = courses().create("c2", &about("C115-1"), "boss", NOW).await.unwrap_err();
    assert!(matches!(&again, StoreError::Duplicate { what } if what == "courses.code"), "{again:?}");
    assert!(courses().edit("c1", &CourseAbout { minutes: 720, ..about("C115-9") }).await.unwrap());
    assert_eq!(courses().list().await.unwrap()[0].about.minutes, 720);
    let read = courses().session("s1").await.unwrap().unwrap();
    assert_eq!((read.halves.len(), read.end_ms, read.seconds()), (2, NOW + 7 * HOUR, 6 * 3600));
    let other = NewClassSession { exercise_id: Some("e1".to_owned()), ..session("s2", "S115-02") };
    courses().add_session(&other, "boss", NOW).await.unwrap();
    let third = NewClassSession { exercise_id: Some("e1".to_owned()), ..session("s3", "S115-03") };
    let taken = courses().add_session(&third, "boss", NOW).await.unwrap_err();
    assert!(
        matches!(&taken, StoreError::Duplicate { what } if what == "class_sessions.exercise_id"),
        "{taken:?}"
    );
    assert_eq!(courses().sessions(SessionsOf::Exercise("e1")).await.unwrap()[0].id, "s2");
    let moved = NewClassSession { halves: vec![(NOW + HOUR, NOW + 2 * HOUR)], ..session("s1", "S115-01") };
    assert!(courses().edit_session(&moved).await.unwrap());
    assert_eq!(courses().session("s1").await.unwrap().unwrap().halves, moved.halves);
    assert!(courses().cancel_session("s2", "颱風", NOW).await.unwrap());
    assert!(!courses().cancel_session("s2", "再一次", NOW).await.unwrap());
    assert!(!courses().edit_session(&other).await.unwrap());
    courses().add_session(&third, "boss", NOW).await.unwrap();
    let between = courses().sessions(SessionsOf::Between(NOW, NOW + 1)).await.unwrap();
    assert_eq!(between.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["s2", "s3"]);
    assert!(courses().put_away("c1", Some(NOW)).await.unwrap());
    assert!(!courses().put_away("c1", Some(NOW)).await.unwrap());
    assert!(!courses().edit("c1", &about("C115-1")).await.unwrap());
    assert!(courses().put_away("c1", None).await.unwrap());
}

async fn people_of_a_session_are_taken_off_and_stay_readable(bed: Bed) {
    course(&bed).await;
    let courses = || bed.store.courses();
    let rows = [("r1".to_owned(), "p1".to_owned()), ("r2".to_owned(), "p2".to_owned())];
    assert_eq!(courses().enter("s1", Standing::Trainee, &rows, "boss", NOW).await.unwrap(), 2);
    let again = [("r3".to_owned(), "p1".to_owned()), ("r4".to_owned(), "p3".to_owned())];
    assert_eq!(courses().enter("s1", Standing::Trainee, &again, "boss", NOW).await.unwrap(), 1);
    // One person may be several things.
    let planner = [("r5".to_owned(), "p1".to_owned())];
    assert_eq!(courses().enter("s1", Standing::Planner, &planner, "boss", NOW).await.unwrap(), 1);
    assert_eq!(courses().set_codes(&[("r1".to_owned(), "aa".to_owned())]).await.unwrap(), 1);
    assert_eq!(courses().by_code("s1", "aa").await.unwrap().unwrap().person_id, "p1");
    assert!(courses().by_code("s2", "aa").await.unwrap().is_none());
    assert!(courses().take_off("r1", "boss", "改期", NOW + 5).await.unwrap());
    assert!(!courses().take_off("r1", "boss", "改期", NOW + 5).await.unwrap());
    assert!(courses().by_code("s1", "aa").await.unwrap().is_none());
    let back = [("r6".to_owned(), "p1".to_owned())];
    assert_eq!(courses().enter("s1", Standing::Trainee, &back, "boss", NOW + 6).await.unwrap(), 1);
    let people = courses().people("s1").await.unwrap();
    assert_eq!(people.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["r1", "r2", "r4", "r5", "r6"]);
    assert_eq!(people[0].removed_reason.as_deref(), Some("改期"));
    assert_eq!(courses().people_between(NOW, NOW + 1).await.unwrap(), people);
    let missing = [("r7".to_owned(), "nobody".to_owned())];
    assert!(courses().enter("s1", Standing::Judge, &missing, "boss", NOW).await.is_err());
    assert_eq!(courses().sessions(SessionsOf::Person("p3")).await.unwrap().len(), 1);
}

fn sign<'s>(going_in: bool, at_ms: i64, ticket: &'s str, new_id: &'s str) -> SelfSign<'s> {
    SelfSign {
        session_id: "s1",
        person_id: "p1",
        going_in,
        at_ms,
        since_ms: NOW - HOUR,
        ticket,
        new_id,
        device: "d",
    }
}

async fn a_person_signs_once_at_a_time_and_a_scan_is_good_once(bed: Bed) {
    course(&bed).await;
    let marks = || bed.store.class_marks();
    assert_eq!(marks().sign(&sign(false, NOW, "t1", "m0")).await.unwrap(), SelfSigned::IsOut);
    assert_eq!(marks().sign(&sign(true, NOW, "t1", "m1")).await.unwrap(), SelfSigned::Done);
    assert_eq!(marks().sign(&sign(true, NOW + 1, "t2", "m2")).await.unwrap(), SelfSigned::IsIn(NOW));
    assert_eq!(marks().sign(&sign(false, NOW + 2, "t1", "m2")).await.unwrap(), SelfSigned::Replayed);
    assert_eq!(marks().sign(&sign(false, NOW + 3, "t2", "m2")).await.unwrap(), SelfSigned::Done);
    // Many at once: one gets in.
    let store = &bed.store;
    let tries: Vec<_> = (0..8)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let (ticket, id) = (format!("x{number}"), format!("n{number}"));
                store.class_marks().sign(&sign(true, NOW + 10, &ticket, &id)).await.unwrap()
            })
        })
        .collect();
    let mut done = 0;
    for one in tries {
        done += usize::from(one.await.unwrap() == SelfSigned::Done);
    }
    assert_eq!(done, 1);
    let list = marks().list(RowsOf::Session("s1")).await.unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!((list[0].in_ms, list[0].out_ms, list[0].source), (NOW, Some(NOW + 3), MarkSource::Code));
    // What was left open before the present half-day is none to sign out of.
    let late = SelfSign { since_ms: NOW + 100, ..sign(false, NOW + 200, "t9", "m9") };
    assert_eq!(marks().sign(&late).await.unwrap(), SelfSigned::IsOut);
    let afternoon = SelfSign { since_ms: NOW + 100, ..sign(true, NOW + 200, "t9", "m9") };
    assert_eq!(marks().sign(&afternoon).await.unwrap(), SelfSigned::Done);
    assert!(marks().forget_tickets(NOW + 11).await.unwrap() >= 3);
}

async fn marks_and_results_are_struck_out_and_never_overwritten(bed: Bed) {
    course(&bed).await;
    let marks = || bed.store.class_marks();
    let mark = NewClassMark {
        id: "m1".to_owned(),
        person_id: "p2".to_owned(),
        source: MarkSource::Sheet,
        in_ms: NOW,
        out_ms: None,
    };
    marks().add("s1", &[mark], "boss", "紙本簽到表", NOW).await.unwrap();
    assert!(!marks().close("s1", "m1", NOW - 1).await.unwrap(), "out before in");
    assert!(!marks().close("s2", "m1", NOW + 1).await.unwrap(), "another session's");
    assert!(marks().close("s1", "m1", NOW + HOUR).await.unwrap());
    assert!(!marks().close("s1", "m1", NOW + 2 * HOUR).await.unwrap());
    assert!(marks().remove("s1", "m1", "boss", "看錯列", NOW + 9).await.unwrap());
    assert!(!marks().remove("s1", "m1", "boss", "看錯列", NOW + 9).await.unwrap());
    let list = marks().list(RowsOf::Person("p2")).await.unwrap();
    assert_eq!((list[0].out_ms, list[0].removed_reason.as_deref()), (Some(NOW + HOUR), Some("看錯列")));
    let result = |id: &str, score: u8| TestResult {
        id: id.to_owned(),
        session_id: "s1".to_owned(),
        person_id: "p2".to_owned(),
        kind: TestKind::Post,
        score,
        by_account: "boss".to_owned(),
        at_ms: NOW,
        removed_ms: None,
        removed_reason: None,
    };
    assert_eq!(marks().set_results("s1", &[result("t1", 69)], "").await.unwrap(), 1);
    assert_eq!(marks().set_results("s1", &[result("t2", 69)], "").await.unwrap(), 0, "the same again");
    assert_eq!(marks().set_results("s1", &[result("t3", 70)], "複查加分").await.unwrap(), 1);
    let results = marks().results(RowsOf::Course("c1")).await.unwrap();
    assert_eq!(results.iter().map(|one| one.score).collect::<Vec<_>>(), [69, 70]);
    assert_eq!(results[0].removed_reason.as_deref(), Some("複查加分"));
    assert_eq!(marks().results(RowsOf::Between(NOW, NOW + 1)).await.unwrap().len(), 2);
    assert!(marks().set_results("s1", &[result("t4", 101)], "").await.is_err());
}

async fn what_was_entered_together_is_taken_back_together(bed: Bed) {
    course(&bed).await;
    bed.store.courses().add_session(&session("s2", "S115-02"), "boss", NOW).await.unwrap();
    let marks = || bed.store.class_marks();
    let mark = |id: &str, source| NewClassMark {
        id: id.to_owned(),
        person_id: "p1".to_owned(),
        source,
        in_ms: NOW,
        out_ms: Some(NOW + HOUR),
    };
    let sheet = MarkSource::Sheet;
    marks().add("s1", &[mark("m1", sheet), mark("m2", sheet)], "boss", "紙本", NOW).await.unwrap();
    marks().add("s1", &[mark("m3", sheet)], "boss", "紙本", NOW + 1).await.unwrap();
    marks().add("s1", &[mark("m4", MarkSource::Instructor)], "boss", "補登", NOW).await.unwrap();
    marks().add("s2", &[mark("m5", sheet)], "boss", "紙本", NOW).await.unwrap();
    let sign = SelfSign {
        session_id: "s1",
        person_id: "p2",
        going_in: true,
        at_ms: NOW,
        since_ms: NOW,
        ticket: "t1",
        new_id: "m6",
        device: "d",
    };
    assert_eq!(marks().sign(&sign).await.unwrap(), SelfSigned::Done);
    assert!(marks().remove("s1", "m2", "boss", "看錯列", NOW + 2).await.unwrap());
    let line = AuditLine {
        id: "a1".to_owned(),
        at_ms: NOW + 3,
        account_id: Some("boss".to_owned()),
        what: "class.take_back".to_owned(),
        detail: "mark=m2".to_owned(),
    };
    let back = async |session: &str, id: &str| {
        let marks = marks().noting(line.clone());
        marks.remove_entered(session, id, "boss", "別場次的簽到表", NOW + 3).await.unwrap()
    };
    assert!(back("s2", "m2").await.is_empty(), "another session's");
    assert!(back("s1", "m6").await.is_empty(), "the person signed");
    // Named by a mark of it that was struck out before; what stands of the same act goes, and nothing else.
    assert_eq!(back("s1", "m2").await, ["m1"]);
    assert!(back("s1", "m1").await.is_empty(), "nothing of it stands");
    let list = marks().list(RowsOf::Course("c1")).await.unwrap();
    let struck: Vec<(&str, &str, &str)> = list
        .iter()
        .filter(|one| one.removed_ms.is_some())
        .map(|one| {
            (one.id.as_str(), one.removed_by.as_deref().unwrap(), one.removed_reason.as_deref().unwrap())
        })
        .collect();
    assert_eq!(struck, [("m1", "boss", "別場次的簽到表"), ("m2", "boss", "看錯列")]);
    assert_eq!(list.len(), 6, "nothing is gone");
    let lines = bed.store.audit().list(Some("class.take_back"), None, 9).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.detail.as_str()).collect::<Vec<_>>(), ["mark=m2 n=1"]);
}

async fn a_sheet_is_taken_for_a_token_once_and_names_nobody(bed: Bed) {
    course(&bed).await;
    bed.store.accounts().create(&account("off", Role::Officer)).await.unwrap();
    let surveys = || bed.store.surveys();
    let survey = Survey {
        id: "v1".to_owned(),
        course_id: "c1".to_owned(),
        session_id: None,
        title: "課後問卷".to_owned(),
        handed_out: 0,
        tokens: 0,
        used: 0,
        returned: 0,
        created_ms: NOW,
        closed_ms: None,
    };
    let question = |id: &str, kind| Question {
        id: id.to_owned(),
        kind,
        zh: "難易適中".to_owned(),
        en: "Right level".to_owned(),
    };
    let questions = [question("q1", QuestionKind::Scale), question("q2", QuestionKind::Text)];
    surveys().create(&survey, &questions, "boss").await.unwrap();
    assert!(surveys().hand_out("v1", &["h1".to_owned(), "h2".to_owned()]).await.unwrap());
    assert_eq!(surveys().by_token("h1").await.unwrap().unwrap().handed_out, 2);
    let answers = [
        SurveyAnswer { question_id: "q1".to_owned(), score: Some(4), words: None },
        SurveyAnswer {
            question_id: "q2".to_owned(), score: None, words: Some("再多一點實作".to_owned())
        },
    ];
    assert!(surveys().answer("h1", "x1", Some(Gender::Female), &answers).await.unwrap());
    assert!(!surveys().answer("h1", "x2", None, &answers).await.unwrap(), "used");
    assert!(!surveys().answer("h9", "x2", None, &answers).await.unwrap(), "unknown");
    assert!(surveys().by_token("h1").await.unwrap().is_none());
    assert_eq!(surveys().answers("v1").await.unwrap(), answers);
    assert_eq!(surveys().questions("v1").await.unwrap(), questions);
    assert!(surveys().close("v1", NOW).await.unwrap());
    assert!(!surveys().answer("h2", "x3", None, &answers).await.unwrap(), "closed");
    let read = surveys().of_course("c1").await.unwrap().remove(0);
    assert_eq!((read.handed_out, read.tokens, read.returned), (2, 2, 1));
    let purpose = Purpose { audit_id: "a1", at_ms: NOW, detail: "survey=v1" };
    let view = bed.store.as_officer(&Officer { account_id: "off".to_owned() });
    let sheets = view.survey_sheets(purpose, "v1").await.unwrap();
    assert_eq!((sheets.len(), sheets[0].gender, sheets[0].answers.len()), (1, Some(Gender::Female), 2));
    let boss = bed.store.as_officer(&Officer { account_id: "boss".to_owned() });
    let refused = boss.survey_sheets(Purpose { audit_id: "a2", ..purpose }, "v1").await.unwrap_err();
    assert!(matches!(refused, StoreError::NotOfficer { .. }));
}

async fn no_more_papers_come_back_than_went_out(bed: Bed) {
    course(&bed).await;
    let surveys = || bed.store.surveys();
    let survey = Survey {
        id: "v1".to_owned(),
        course_id: "c1".to_owned(),
        session_id: None,
        title: "課後問卷".to_owned(),
        handed_out: 0,
        tokens: 0,
        used: 0,
        returned: 0,
        created_ms: NOW,
        closed_ms: None,
    };
    let question = Question {
        id: "q1".to_owned(),
        kind: QuestionKind::Scale,
        zh: "難易適中".to_owned(),
        en: "Right level".to_owned(),
    };
    surveys().create(&survey, &[question], "boss").await.unwrap();
    assert!(surveys().hand_out("v1", &["h1".to_owned(), "h2".to_owned()]).await.unwrap());
    let answers = [SurveyAnswer { question_id: "q1".to_owned(), score: Some(4), words: None }];
    assert!(surveys().answer("h1", "x1", None, &answers).await.unwrap());
    let on_paper = async |sheet: &str| surveys().answer_on_paper("v1", sheet, None, &answers).await.unwrap();
    assert_eq!(on_paper("x2").await, PaperSheet::TooMany, "no paper went out");
    assert!(surveys().set_papers("v1", 2).await.unwrap());
    assert_eq!(on_paper("x2").await, PaperSheet::Taken);
    assert_eq!(on_paper("x3").await, PaperSheet::Taken);
    assert_eq!(on_paper("x4").await, PaperSheet::TooMany);
    assert!(!surveys().set_papers("v1", 1).await.unwrap(), "two came back");
    assert!(surveys().set_papers("v1", 3).await.unwrap());
    let read = surveys().by_id("v1").await.unwrap().unwrap();
    assert_eq!((read.handed_out, read.tokens, read.used, read.returned), (5, 2, 1, 3));
    assert_eq!((read.papers(), read.papers_back()), (3, 2));
    // A token stays good besides, and hands out on top.
    assert!(surveys().hand_out("v1", &["h3".to_owned()]).await.unwrap());
    assert!(surveys().answer("h2", "x5", None, &answers).await.unwrap());
    assert_eq!(surveys().by_id("v1").await.unwrap().unwrap().papers(), 3);
    assert!(surveys().close("v1", NOW).await.unwrap());
    assert_eq!(on_paper("x6").await, PaperSheet::Closed);
    assert!(!surveys().set_papers("v1", 9).await.unwrap(), "closed");
}

async fn who_signs_no_sheet_keeps_their_answers_as_long_as_they_are_counted(bed: Bed) {
    course(&bed).await;
    bed.store.accounts().create(&account("off", Role::Officer)).await.unwrap();
    let answers = Answers { gender: Some(Gender::Female), ..Answers::default() };
    for person in ["p1", "p2", "p3"] {
        let line = AuditLine {
            id: format!("give-{person}"),
            at_ms: NOW - 10,
            account_id: None,
            what: "personal.give".to_owned(),
            detail: String::new(),
        };
        bed.store.as_self(person).give(&answers, "v", &line).await.unwrap();
    }
    // A planner and a trainer of a session that begins after the answers were given; p3 is nowhere.
    let session = bed.store.courses().sessions(SessionsOf::Id("s1")).await.unwrap().remove(0);
    let row = |id: &str, person: &str| [(id.to_owned(), person.to_owned())];
    for (id, person, standing) in [("l1", "p1", Standing::Planner), ("l2", "p2", Standing::Trainer)] {
        bed.store.courses().enter("s1", standing, &row(id, person), "boss", NOW).await.unwrap();
    }
    let view = bed.store.as_officer(&Officer { account_id: "off".to_owned() });
    let purge = async |audit_id: &str, answers_before_ms: i64| {
        let purpose = Purpose { audit_id, at_ms: NOW, detail: "purge" };
        let rule = PurgeRule { answers_before_ms, attendance_before_ms: 0, recordings_before_ms: 0 };
        view.purge(purpose, rule, false).await.unwrap().answers
    };
    assert_eq!(purge("a1", session.start_ms).await, 1, "p3 alone");
    assert!(bed.store.courses().take_off("l2", "boss", "另一人", NOW).await.unwrap());
    assert_eq!(purge("a2", session.start_ms).await, 1, "who was taken off counts no more");
    assert_eq!(purge("a3", session.start_ms + 1).await, 1, "nor does who planned before");
}

fn certificate(id: &str, person: &str) -> NewCertificate {
    NewCertificate {
        id: id.to_owned(),
        check_code: "7K3MQX".to_owned(),
        person_id: person.to_owned(),
        name: "許藍圖".to_owned(),
        course_title: "藍隊通報應變".to_owned(),
        from_ms: NOW,
        to_ms: NOW + 7 * HOUR,
        course_minutes: 360,
        attended_s: 21_600,
        score: Some(88),
    }
}

async fn certificates_are_numbered_by_year_and_one_a_person(bed: Bed) {
    course(&bed).await;
    let certificates = || bed.store.certificates();
    let two = [certificate("k1", "p1"), certificate("k2", "p2")];
    assert_eq!(certificates().issue("c1", 115, &two, "boss", NOW).await.unwrap(), 2);
    let again = [certificate("k3", "p1"), certificate("k4", "p3")];
    assert_eq!(certificates().issue("c1", 115, &again, "boss", NOW).await.unwrap(), 1);
    let numbers = |list: Vec<rampart_store::StoredCertificate>| -> Vec<String> {
        list.into_iter().map(|one| one.number).collect()
    };
    let all = certificates().list(CertificatesOf::Course("c1")).await.unwrap();
    assert_eq!(numbers(all), ["115-0001", "115-0002", "115-0003"]);
    assert!(certificates().revoke("k1", "boss", "時數更正", NOW + 5).await.unwrap());
    assert!(!certificates().revoke("k1", "boss", "時數更正", NOW + 5).await.unwrap());
    let anew = [certificate("k5", "p1")];
    assert_eq!(certificates().issue("c1", 116, &anew, "boss", NOW).await.unwrap(), 1);
    let of = certificates().list(CertificatesOf::Person("p1")).await.unwrap();
    assert_eq!(of[0].revoked_reason.as_deref(), Some("時數更正"));
    assert_eq!(numbers(of), ["115-0001", "116-0001"]);
    assert_eq!(certificates().list(CertificatesOf::Number("115-0003")).await.unwrap()[0].person_id, "p3");
}

async fn a_code_opens_a_persons_page_once(bed: Bed) {
    course(&bed).await;
    let keys = || bed.store.person_keys();
    keys().give("p1", "c-old", "boss", NOW, NOW + HOUR).await.unwrap();
    keys().give("p1", "c-new", "boss", NOW, NOW + HOUR).await.unwrap();
    assert_eq!(keys().begin("c-old", "v0", NOW + 1, NOW + 9).await.unwrap(), None, "void");
    assert_eq!(keys().begin("c-new", "v1", NOW + HOUR, NOW + 9).await.unwrap(), None, "over");
    assert_eq!(keys().begin("c-new", "v1", NOW + 1, NOW + 9).await.unwrap().as_deref(), Some("p1"));
    assert_eq!(keys().begin("c-new", "v2", NOW + 1, NOW + 9).await.unwrap(), None, "used");
    assert_eq!(keys().visitor("v1", NOW + 8).await.unwrap().as_deref(), Some("p1"));
    assert_eq!(keys().visitor("v1", NOW + 9).await.unwrap(), None);
    assert_eq!(keys().visitor("c-new", NOW + 2).await.unwrap(), None, "a code is no visit");
    keys().end("v1", NOW + 2).await.unwrap();
    assert_eq!(keys().visitor("v1", NOW + 3).await.unwrap(), None);
}

async fn materials_are_links_or_bytes(bed: Bed) {
    course(&bed).await;
    let courses = || bed.store.courses();
    let file = MaterialBody::File(b"\0\xffbytes".to_vec());
    courses().add_material("a1", "c1", "講義.pdf", &file, "boss", NOW).await.unwrap();
    let link = MaterialBody::Link("https://qlu.example/x".to_owned());
    courses().add_material("a2", "c1", "影片", &link, "boss", NOW).await.unwrap();
    let list = courses().materials("c1").await.unwrap();
    assert_eq!((list[0].size, list[1].link.as_deref()), (7, Some("https://qlu.example/x")));
    assert_eq!(courses().material_file("c1", "a1").await.unwrap().unwrap().1, b"\0\xffbytes");
    assert!(courses().material_file("c1", "a2").await.unwrap().is_none());
    assert!(courses().material_file("c2", "a1").await.unwrap().is_none());
    assert!(courses().remove_material("c1", "a1", NOW).await.unwrap());
    assert!(courses().material_file("c1", "a1").await.unwrap().is_none());
}
