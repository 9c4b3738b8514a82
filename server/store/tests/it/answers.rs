//! What people state about themselves, how it is read, asked about, erased and purged.

use rampart_domain::records::{Age, Answers, Disability, Gender, HomeArea, Indigenous};
use rampart_store::{
    AuditLine, ERASED_NAME, NewPerson, NewSign, Officer, Origin, PurgeRule, Purged, Purpose, Role,
    StoreError, Wish,
};

use crate::bed::{Bed, NOW, account, on_both, person, with_exercises};

on_both!(
    answers_go_in_by_the_person_and_out_to_the_officer_alone,
    a_roster_does_not_overrule_what_a_person_said,
    requests_are_decided_once_and_do_what_they_grant,
    a_purge_is_tried_before_it_is_done,
);

fn all() -> Answers {
    Answers {
        gender: Some(Gender::Other),
        age: Some(Age::Fifties),
        area: Some(HomeArea::Remote),
        indigenous: Some(Indigenous::Undisclosed),
        disability: Some(Disability::Yes),
    }
}

fn line(id: &str, what: &str) -> AuditLine {
    AuditLine {
        id: id.to_owned(),
        at_ms: NOW,
        account_id: None,
        what: what.to_owned(),
        detail: String::new(),
    }
}

fn why(audit_id: &str) -> Purpose<'_> {
    Purpose { audit_id, at_ms: NOW + 7, detail: "person=p1" }
}

async fn officer(bed: &Bed) -> Officer {
    bed.store.accounts().create(&account("off", Role::Officer)).await.unwrap();
    bed.store.persons().import(&[person("p1", "王小明"), person("p2", "許功蓋")], NOW).await.unwrap();
    Officer { account_id: "off".to_owned() }
}

async fn lines(bed: &Bed) -> Vec<String> {
    let mut lines: Vec<String> =
        bed.store.audit().list(None, None, 50).await.unwrap().into_iter().map(|line| line.what).collect();
    lines.sort();
    lines
}

async fn answers_go_in_by_the_person_and_out_to_the_officer_alone(bed: Bed) {
    let officer = officer(&bed).await;
    let own = bed.store.as_self("p1");
    assert_eq!(own.consent().await.unwrap(), None);
    own.give(&all(), "115-11", &line("l1", "personal.give")).await.unwrap();
    let consent = own.consent().await.unwrap().unwrap();
    assert_eq!((consent.at_ms, consent.notice.as_deref()), (Some(NOW), Some("115-11")));
    let taken = own.give(&Answers::default(), "x", &line("l1", "personal.give")).await.unwrap_err();
    assert!(matches!(taken, StoreError::Duplicate { .. }), "no line, no answers: {taken:?}");
    bed.store.accounts().create(&account("ins", Role::Instructor)).await.unwrap();
    let other = bed.store.as_officer(&Officer { account_id: "ins".to_owned() });
    assert!(matches!(other.answers(why("l2"), "p1").await, Err(StoreError::NotOfficer { .. })));
    assert!(matches!(
        other.set_answers(why("l2"), "p1", &all(), NOW, "x").await,
        Err(StoreError::NotOfficer { .. })
    ));
    assert!(matches!(other.erase_answers(why("l2"), "p1").await, Err(StoreError::NotOfficer { .. })));
    assert!(matches!(other.requests(why("l2"), 9).await, Err(StoreError::NotOfficer { .. })));
    assert!(matches!(other.decide(why("l2"), "r", true, "").await, Err(StoreError::NotOfficer { .. })));
    let rule = PurgeRule {
        answers_before_ms: i64::MAX,
        attendance_before_ms: i64::MAX,
        recordings_before_ms: i64::MAX,
    };
    assert!(matches!(other.purge(why("l2"), rule, false).await, Err(StoreError::NotOfficer { .. })));
    let view = bed.store.as_officer(&officer);
    let row = view.answers(why("l3"), "p1").await.unwrap().unwrap();
    assert_eq!((row.answers, row.origin, row.consent_ms), (all(), Some(Origin::Own), Some(NOW)));
    assert_eq!(view.answers(why("l4"), "p2").await.unwrap(), None);
    // From a signed form; and a person who is not there.
    assert!(view.set_answers(why("l5"), "p2", &all(), NOW - 9, "115-11").await.unwrap());
    assert!(!view.set_answers(why("l6"), "nobody", &all(), NOW, "115-11").await.unwrap());
    let row = view.answers(why("l7"), "p2").await.unwrap().unwrap();
    assert_eq!(
        (row.origin, row.consent_ms, row.changed_ms),
        (Some(Origin::Form), Some(NOW - 9), Some(NOW + 7))
    );
    assert!(view.erase_answers(why("l8"), "p2").await.unwrap());
    assert!(!view.erase_answers(why("l9"), "p2").await.unwrap());
    assert!(own.withdraw(&line("l10", "personal.withdraw")).await.unwrap());
    assert!(!own.withdraw(&line("l11", "personal.withdraw")).await.unwrap());
    assert_eq!(
        lines(&bed).await,
        [
            "personal.erase",
            "personal.give",
            "personal.read",
            "personal.read",
            "personal.read",
            "personal.set",
            "personal.withdraw"
        ]
    );
}

async fn a_roster_does_not_overrule_what_a_person_said(bed: Bed) {
    let officer = officer(&bed).await;
    let row =
        |id: &str, gender| NewPerson { id: id.to_owned(), gender: Some(gender), ..person("p1", "王小明") };
    let gender = async |audit: &str| {
        let row = bed.store.as_officer(&officer).answers(why(audit), "p1").await.unwrap().unwrap();
        (row.answers.gender, row.origin)
    };
    bed.store.persons().import(&[row("x1", Gender::Male)], NOW).await.unwrap();
    bed.store.persons().import(&[row("x2", Gender::Female)], NOW).await.unwrap();
    assert_eq!(gender("l1").await, (Some(Gender::Female), Some(Origin::Roster)));
    let own = bed.store.as_self("p1");
    own.give(&Answers { gender: Some(Gender::Undisclosed), ..all() }, "v", &line("l2", "give"))
        .await
        .unwrap();
    bed.store.persons().import(&[row("x3", Gender::Male)], NOW).await.unwrap();
    assert_eq!(gender("l3").await, (Some(Gender::Undisclosed), Some(Origin::Own)));
}

async fn requests_are_decided_once_and_do_what_they_grant(bed: Bed) {
    let officer = officer(&bed).await;
    let own = bed.store.as_self("p1");
    own.give(&all(), "v", &line("l1", "give")).await.unwrap();
    let mut row = person("p1", "王小明");
    row.id = "x1".to_owned();
    row.name = "王大明".to_owned();
    row.emails = vec!["a@x.test".to_owned()];
    bed.store.persons().import(&[row], NOW).await.unwrap();
    for (id, wish) in [("r1", Wish::Correct), ("r2", Wish::Answers), ("r3", Wish::All)] {
        own.ask(id, wish, "請處理 𠮷", &line(&format!("a{id}"), "ask")).await.unwrap();
    }
    let view = bed.store.as_officer(&officer);
    let open = view.requests(why("l2"), 9).await.unwrap();
    assert_eq!(open.len(), 3);
    assert_eq!((open[0].text.as_str(), open[0].granted), ("請處理 𠮷", None));
    assert!(view.decide(why("d1"), "r1", false, "查無錯誤").await.unwrap().is_some());
    assert!(view.decide(why("d2"), "r1", true, "").await.unwrap().is_none(), "decided once");
    assert!(own.consent().await.unwrap().is_some());
    assert!(view.decide(why("d3"), "r2", true, "已刪除").await.unwrap().is_some());
    assert_eq!(own.consent().await.unwrap(), None);
    let person = bed.store.persons().by_id("p1").await.unwrap().unwrap();
    assert_eq!(person.name, "王大明", "only the answers went");
    let told: Vec<_> =
        own.requests().await.unwrap().into_iter().map(|one| (one.granted, one.reply)).collect();
    assert!(
        told.contains(&(Some(false), Some("查無錯誤".to_owned()))) && told.contains(&(None, None)),
        "{told:?}"
    );
    assert!(view.decide(why("d4"), "r3", true, "已刪除").await.unwrap().is_some());
    let person = bed.store.persons().by_id("p1").await.unwrap().unwrap();
    assert_eq!((person.name.as_str(), person.staff_no.as_str()), (ERASED_NAME, ""));
    assert!(person.removed_ms.is_some());
    assert!(bed.store.persons().emails(&["p1".to_owned()]).await.unwrap().is_empty());
    for sql in
        ["SELECT search FROM persons", "SELECT detail FROM person_changes", "SELECT wish FROM data_requests"]
    {
        let left = bed.beside().await.texts(sql).await;
        assert!(
            !left.iter().any(|text| text.contains("大明") || text.contains("小明") || text.contains('𠮷')),
            "{sql}: {left:?}"
        );
    }
    assert_eq!(bed.store.changes().of("p1").await.unwrap()[0].act, "erased");
    let decided = bed.store.audit().list(Some("request.decide"), None, 9).await.unwrap();
    assert_eq!(decided.len(), 3);
}

/// Recordings that ended at 10 and at 30 ms.
async fn with_recordings(bed: &Bed) {
    let seat =
        rampart_store::NewSeat { id: "x1", exercise_id: "e1", team: "r1", person_id: "p1", at_ms: NOW };
    bed.store.seats().give(&seat).await.unwrap();
    for (id, ended) in [("t1", 10), ("t2", 30)] {
        let new = rampart_store::NewRecording {
            id,
            exercise_id: "e1",
            seat_id: "x1",
            person_id: "p1",
            team: "r1",
            seat_no: 1,
            at_ms: NOW,
        };
        bed.store.recordings().begin(&new).await.unwrap();
        let seal = rampart_store::Seal {
            at_ms: NOW + ended,
            length_ms: ended,
            bytes: 1,
            sha256: "00".to_owned(),
            skipped: 0,
            state: rampart_store::RecordingState::Whole,
        };
        assert!(bed.store.recordings().seal(id, &seal).await.unwrap());
    }
}

/// Sheets: `a` with a gender, `b` with words, `c` with neither, of a course of long ago; `d` with both of one that was held later.
async fn with_sheets(bed: &Bed) {
    let beside = bed.beside().await;
    for sql in [
        "INSERT INTO courses (id, code, title, aspect, speciality, category, minutes, digital_minutes, tested, \
         pass_mark, work_related, measures, county, created_by, created_ms) \
         SELECT 'c1', 'C1', 'x', 'management', '', '523', 60, 0, 0, 70, 0, '', '30', id, 1 FROM accounts LIMIT 1",
        "INSERT INTO class_sessions (id, course_id, code, class_no, place, start_ms, end_ms, late_minutes, created_by, \
         created_ms) SELECT 's1', 'c1', 'S1', 1, '', {later}, {later}, 10, created_by, 1 FROM courses",
        "INSERT INTO surveys (id, course_id, session_id, title, handed_out, created_by, created_ms) \
         SELECT 'v2', 'c1', 's1', 'x', 9, created_by, 1 FROM courses",
        "INSERT INTO courses SELECT 'c2', 'C2', title, aspect, speciality, category, minutes, digital_minutes, tested, \
         pass_mark, work_related, measures, county, created_by, created_ms, removed_ms FROM courses",
        "INSERT INTO surveys (id, course_id, title, handed_out, created_by, created_ms) \
         SELECT 'v1', 'c2', 'x', 9, created_by, {now} FROM courses LIMIT 1",
        "INSERT INTO survey_questions (id, survey_id, number, kind, zh, en) VALUES ('q1', 'v1', 1, 'scale', 'x', 'x'), \
         ('q2', 'v1', 2, 'text', 'x', 'x'), ('q3', 'v2', 1, 'scale', 'x', 'x'), ('q4', 'v2', 2, 'text', 'x', 'x')",
        "INSERT INTO survey_sheets (id, survey_id, gender) VALUES ('a', 'v1', 'F'), ('b', 'v1', NULL), ('c', 'v1', NULL), \
         ('d', 'v2', 'M')",
        "INSERT INTO survey_answers (sheet_id, question_id, score, words) VALUES ('a', 'q1', 5, NULL), \
         ('b', 'q1', 3, NULL), ('b', 'q2', NULL, '好'), ('c', 'q1', 2, NULL), ('d', 'q3', 2, NULL), \
         ('d', 'q4', NULL, '太快')",
    ] {
        let later = (NOW + 600).to_string();
        beside.run(&sql.replace("{later}", &later).replace("{now}", &NOW.to_string())).await;
    }
}

async fn sheets(bed: &Bed) -> Vec<String> {
    bed.beside().await.texts("SELECT id || ' ' || COALESCE(gender, '-') FROM survey_sheets ORDER BY id").await
}

async fn words(bed: &Bed) -> Vec<String> {
    let sql = "SELECT words FROM survey_answers WHERE words IS NOT NULL ORDER BY sheet_id";
    bed.beside().await.texts(sql).await
}

async fn a_purge_is_tried_before_it_is_done(bed: Bed) {
    let officer = officer(&bed).await;
    with_exercises(&bed.store, &["e1"]).await;
    for (number, id) in ["p1", "p2"].iter().enumerate() {
        bed.store.as_self(id).give(&all(), "v", &line(&format!("g{number}"), "give")).await.unwrap();
    }
    let sign = |id: &str, person: &str, from_ms| NewSign {
        id: id.to_owned(),
        exercise_id: "e1".to_owned(),
        person_id: person.to_owned(),
        from_ms,
        to_ms: None,
        reason: "紙本".to_owned(),
        by_account: "boss".to_owned(),
        at_ms: NOW,
    };
    // p2 came again later: their answers are still needed.
    bed.store.signs().add(&[sign("s1", "p1", NOW - 1000), sign("s2", "p2", NOW + 1000)]).await.unwrap();
    let view = bed.store.as_officer(&officer);
    with_recordings(&bed).await;
    with_sheets(&bed).await;
    let rule =
        PurgeRule { answers_before_ms: NOW + 500, attendance_before_ms: NOW, recordings_before_ms: NOW + 20 };
    let due = Purged { answers: 1, presence: 0, signs: 1, requests: 0, sheets: 2, recordings: 1 };
    assert_eq!(view.purge(why("t1"), rule, true).await.unwrap(), due);
    assert_eq!(view.purge(why("t2"), rule, true).await.unwrap(), due, "a trial removes nothing");
    assert_eq!(bed.store.signs().list("e1").await.unwrap().len(), 2);
    assert_eq!(sheets(&bed).await, ["a F", "b -", "c -", "d M"]);
    assert_eq!(words(&bed).await, ["好", "太快"]);
    assert_eq!(view.purge(why("t3"), rule, false).await.unwrap(), due);
    // The sheets stay without what could tell whose they are, and with their scores; those of a later questionnaire whole.
    assert_eq!(sheets(&bed).await, ["a -", "b -", "c -", "d M"]);
    assert_eq!(words(&bed).await, ["太快"]);
    let scores = "SELECT CAST(SUM(score) AS TEXT) FROM survey_answers";
    assert_eq!(bed.beside().await.texts(scores).await, ["12"]);
    // Recordings are listed until their files are gone.
    let old = bed.store.recordings().older(rule.recordings_before_ms).await.unwrap();
    assert_eq!(old.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["t1"]);
    assert!(bed.store.recordings().remove("t1", NOW + 30).await.unwrap());
    assert_eq!(view.purge(why("t4"), rule, false).await.unwrap(), Purged::default());
    assert!(bed.store.as_self("p1").consent().await.unwrap().is_none());
    assert!(bed.store.as_self("p2").consent().await.unwrap().is_some());
    assert_eq!(bed.store.signs().list("e1").await.unwrap()[0].id, "s2");
    assert_eq!(lines(&bed).await, ["give", "give", "purge", "purge", "purge.try", "purge.try"]);
}
