//! Rows that a human found to be one person: kept, counted as one, and parted again.

use rampart_domain::records::{Answers, Gender};
use rampart_store::{AuditLine, Officer, Purpose, Role, Stamp};

use crate::bed::{Bed, NOW, account, on_both, person};

on_both!(
    a_merge_moves_nothing_and_is_undone,
    rows_of_one_person_answer_for_each_other,
    the_latest_word_of_a_person_counts_whichever_row_it_stands_on,
    what_is_withdrawn_or_erased_is_so_on_every_row,
    who_came_on_any_row_keeps_their_answers,
    pairs_that_are_two_people_are_remembered,
);

fn stamp(id: &str) -> Stamp<'_> {
    Stamp { id, at_ms: NOW + 5, by: Some("off") }
}

fn line(id: &str) -> AuditLine {
    AuditLine {
        id: id.to_owned(),
        at_ms: NOW,
        account_id: None,
        what: "person.merge".into(),
        detail: String::new(),
    }
}

async fn people(bed: &Bed) {
    let rows = [person("p1", "陳藍圖"), person("p2", "許藍圖"), person("p3", "丙"), person("p4", "丁")];
    bed.store.persons().import(&rows, NOW).await.unwrap();
}

async fn a_merge_moves_nothing_and_is_undone(bed: Bed) {
    people(&bed).await;
    let merges = || bed.store.merges();
    assert!(merges().noting(line("l1")).merge("p2", "p1", "婚後改姓", &stamp("m1"), "m1b").await.unwrap());
    // Neither of a pair that is one already, nor into a row that is another's, nor into itself or nobody.
    for (person, into) in [("p2", "p1"), ("p2", "p3"), ("p3", "p2"), ("p3", "p3"), ("p3", "nobody")] {
        assert!(!merges().merge(person, into, "x", &stamp("m9"), "m9b").await.unwrap(), "{person} {into}");
    }
    assert!(merges().merge("p1", "p3", "誤登", &stamp("m2"), "m2b").await.unwrap());
    let same = merges().same().await.unwrap();
    assert_eq!(["p1", "p2", "p3", "p4"].map(|row| same.of(row).to_owned()), ["p3", "p3", "p3", "p4"]);
    assert_eq!(same.rows("p2"), ["p1", "p2", "p3"]);
    assert_eq!(bed.store.persons().count("").await.unwrap(), 2);
    let row = bed.store.persons().by_id("p2").await.unwrap().unwrap();
    assert_eq!(
        (row.name.as_str(), row.merged_into.as_deref()),
        ("許藍圖", Some("p1")),
        "the row stays as it was"
    );
    // A roster that names the merged row changes nothing and answers with the person.
    let again =
        [person("p2x", "許藍圖")].map(|row| rampart_store::NewPerson { staff_no: "S-p2".into(), ..row });
    let done = bed.store.persons().import(&again, NOW + 9).await.unwrap();
    assert_eq!((done.unchanged, done.ids[0].as_str()), (1, "p3"));
    assert!(merges().part("p1", "不是同一人", &stamp("m3"), "m3b").await.unwrap());
    assert!(!merges().part("p1", "再一次", &stamp("m4"), "m4b").await.unwrap());
    let same = merges().same().await.unwrap();
    assert_eq!(["p1", "p2", "p3"].map(|row| same.of(row).to_owned()), ["p1", "p1", "p3"]);
    let about = merges().about("p1").await.unwrap();
    assert_eq!(about.iter().filter(|merge| merge.undone_ms.is_some()).count(), 1);
    let history = bed.store.changes().of("p1").await.unwrap();
    let acts: Vec<_> = history.iter().map(|change| change.act.as_str()).collect();
    assert_eq!(acts.iter().filter(|act| **act == "merged").count(), 2, "{acts:?}");
    assert_eq!(acts.iter().filter(|act| **act == "parted").count(), 1, "{acts:?}");
    // It may be found again.
    assert!(merges().merge("p1", "p3", "確認", &stamp("m5"), "m5b").await.unwrap());
    assert_eq!(bed.store.audit().list(None, None, 9).await.unwrap().len(), 1);
}

async fn rows_of_one_person_answer_for_each_other(bed: Bed) {
    people(&bed).await;
    bed.store.accounts().create(&account("off", Role::Officer)).await.unwrap();
    let officer = Officer { account_id: "off".to_owned() };
    let give = async |person: &str, gender, id: &str| {
        let answers = Answers { gender: Some(gender), ..Answers::default() };
        bed.store.as_self(person).give(&answers, "v", &line(id)).await.unwrap();
    };
    let gender = async |id: &str| {
        let purpose = Purpose { audit_id: id, at_ms: NOW, detail: "x" };
        let rows = bed.store.as_officer(&officer).read(purpose, &["p1".to_owned()]).await.unwrap();
        rows[0].gender
    };
    give("p2", Gender::Female, "g1").await;
    assert_eq!(gender("r1").await, None);
    bed.store.merges().merge("p2", "p1", "同一人", &stamp("m1"), "m1b").await.unwrap();
    assert_eq!(gender("r2").await, Some(Gender::Female));
    give("p1", Gender::Undisclosed, "g2").await;
    assert_eq!(gender("r3").await, Some(Gender::Undisclosed), "the person's own answer comes first");
    bed.store.merges().part("p2", "不是", &stamp("m2"), "m2b").await.unwrap();
    assert_eq!(gender("r4").await, Some(Gender::Undisclosed));
}

/// p3 is p2, and p2 is p1; p4 is somebody else.
async fn three_rows(bed: &Bed) -> Officer {
    people(bed).await;
    bed.store.accounts().create(&account("off", Role::Officer)).await.unwrap();
    bed.store.merges().merge("p3", "p2", "丙是許藍圖", &stamp("m1"), "m1b").await.unwrap();
    bed.store.merges().merge("p2", "p1", "婚前姓許", &stamp("m2"), "m2b").await.unwrap();
    Officer { account_id: "off".to_owned() }
}

fn said(gender: Gender) -> Answers {
    Answers { gender: Some(gender), ..Answers::default() }
}

fn late(id: &str, later: i64) -> AuditLine {
    AuditLine { at_ms: NOW + later, ..line(id) }
}

fn why(audit_id: &str) -> Purpose<'_> {
    Purpose { audit_id, at_ms: NOW + 100, detail: "x" }
}

async fn the_latest_word_of_a_person_counts_whichever_row_it_stands_on(bed: Bed) {
    let officer = three_rows(&bed).await;
    let view = bed.store.as_officer(&officer);
    let list = ["p1".to_owned(), "p4".to_owned()];
    let read = async |id: &str| view.read(why(id), &list).await.unwrap()[0].gender;
    // A roster brought one thing for a row, later than the person said another on another one.
    bed.store.as_self("p3").give(&said(Gender::Female), "v", &late("g1", 1)).await.unwrap();
    let row = rampart_store::NewPerson { gender: Some(Gender::Male), ..person("x", "陳藍圖") };
    let row = rampart_store::NewPerson { staff_no: "S-p1".into(), ..row };
    bed.store.persons().import(&[row], NOW + 50).await.unwrap();
    assert_eq!(read("r1").await, Some(Gender::Female), "two merges away, and before a roster's");
    for (number, row) in ["p1", "p2", "p3"].into_iter().enumerate() {
        let seen = view.answers(why(&format!("a{number}")), row).await.unwrap().unwrap();
        assert_eq!(seen.answers.gender, Some(Gender::Female), "{row}");
        assert_eq!(bed.store.as_self(row).consent().await.unwrap().unwrap().at_ms, Some(NOW + 1), "{row}");
    }
    bed.store.as_self("p2").give(&said(Gender::Other), "v", &late("g2", 2)).await.unwrap();
    assert_eq!(read("r2").await, Some(Gender::Other), "the latest");
    // The officer's correction goes to the answers that count.
    assert!(view.set_gender(why("s1"), "p1", Some(Gender::Undisclosed)).await.unwrap());
    assert_eq!(read("r3").await, Some(Gender::Undisclosed));
    assert!(view.answers(why("a9"), "p4").await.unwrap().is_none());
    // Parted, each has what was said on its own row.
    bed.store.merges().part("p2", "不是", &stamp("m3"), "m3b").await.unwrap();
    assert_eq!(read("r4").await, Some(Gender::Male));
}

async fn what_is_withdrawn_or_erased_is_so_on_every_row(bed: Bed) {
    let officer = three_rows(&bed).await;
    let view = bed.store.as_officer(&officer);
    let give = async |row: &str, id: &str| {
        bed.store.as_self(row).give(&said(Gender::Female), "v", &line(id)).await.unwrap();
    };
    let left = async || {
        let given = "SELECT person_id FROM personal WHERE withdrawn_ms IS NULL ORDER BY person_id";
        let kept = "SELECT person_id FROM personal WHERE withdrawn_ms IS NOT NULL AND (gender IS NOT NULL OR origin IS NOT NULL)";
        let beside = bed.beside().await;
        assert!(beside.texts(kept).await.is_empty(), "a mark says nothing but itself");
        beside.texts(given).await
    };
    let all = async |round: &str| {
        for row in ["p1", "p2", "p3", "p4"] {
            give(row, &format!("{round}{row}")).await;
        }
    };
    all("a").await;
    assert!(bed.store.as_self("p3").withdraw(&line("w1")).await.unwrap());
    assert_eq!(left().await, ["p4"]);
    assert!(!bed.store.as_self("p2").withdraw(&line("w2")).await.unwrap());
    all("b").await;
    assert!(view.erase_answers(why("e1"), "p2").await.unwrap());
    assert_eq!(left().await, ["p4"]);
    all("c").await;
    bed.store.as_self("p2").ask("q1", rampart_store::Wish::Answers, "刪", &line("k1")).await.unwrap();
    bed.store.as_self("p3").ask("q2", rampart_store::Wish::All, "許藍圖要刪", &line("k2")).await.unwrap();
    assert_eq!(bed.store.as_self("p1").requests().await.unwrap().len(), 2, "asked on any row");
    assert!(bed.store.as_self("p4").requests().await.unwrap().is_empty());
    view.decide(why("d1"), "q1", true, "好").await.unwrap().unwrap();
    assert_eq!(left().await, ["p4"]);
    view.decide(why("d2"), "q2", true, "好").await.unwrap().unwrap();
    for row in ["p1", "p2", "p3"] {
        let known = bed.store.persons().by_id(row).await.unwrap().unwrap();
        assert_eq!(
            (known.name.as_str(), known.removed_ms.is_some()),
            (rampart_store::ERASED_NAME, true),
            "{row}"
        );
        assert_eq!(bed.store.changes().of(row).await.unwrap()[0].act, "erased", "{row}");
    }
    assert_eq!(bed.store.persons().by_id("p4").await.unwrap().unwrap().name, "丁");
    for sql in [
        "SELECT name || search || staff_no FROM persons",
        "SELECT detail FROM person_changes",
        "SELECT wish FROM data_requests",
        "SELECT reason || COALESCE(undone_reason, '') FROM merges",
    ] {
        let left = bed.beside().await.texts(sql).await;
        let named = |text: &String| ["藍圖", "丙", "許"].iter().any(|part| text.contains(part));
        assert!(!left.iter().any(named), "{sql}: {left:?}");
    }
}

async fn who_came_on_any_row_keeps_their_answers(bed: Bed) {
    let officer = three_rows(&bed).await;
    let view = bed.store.as_officer(&officer);
    crate::bed::with_exercises(&bed.store, &["e1"]).await;
    for row in ["p1", "p2", "p4"] {
        bed.store.as_self(row).give(&said(Gender::Female), "v", &line(&format!("g{row}"))).await.unwrap();
    }
    let sign = rampart_store::NewSign {
        id: "s1".to_owned(),
        exercise_id: "e1".to_owned(),
        person_id: "p3".to_owned(),
        from_ms: NOW + 1000,
        to_ms: None,
        reason: "紙本".to_owned(),
        by_account: "boss".to_owned(),
        at_ms: NOW,
    };
    bed.store.signs().add(&[sign]).await.unwrap();
    let rule = |before| rampart_store::PurgeRule {
        answers_before_ms: before,
        attendance_before_ms: 0,
        recordings_before_ms: 0,
    };
    assert_eq!(view.purge(why("t1"), rule(NOW + 500), false).await.unwrap().answers, 1, "p4 alone");
    assert!(bed.store.as_self("p1").consent().await.unwrap().is_some());
    let done = view.purge(why("t2"), rule(NOW + 1001), false).await.unwrap();
    assert_eq!(done.answers, 1, "one person, on two rows");
    assert!(bed.beside().await.texts("SELECT person_id FROM personal").await.is_empty());
}

async fn pairs_that_are_two_people_are_remembered(bed: Bed) {
    people(&bed).await;
    let merges = || bed.store.merges();
    merges().noting(line("l1")).keep_apart("p2", "p1", "off", NOW).await.unwrap();
    merges().noting(line("l2")).keep_apart("p1", "p2", "off", NOW).await.unwrap();
    assert_eq!(merges().kept_apart().await.unwrap(), [("p1".to_owned(), "p2".to_owned())]);
    assert_eq!(bed.store.audit().list(None, None, 9).await.unwrap().len(), 1, "said twice is said once");
}
