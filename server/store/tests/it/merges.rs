//! Rows that a human found to be one person: kept, counted as one, and parted again.

use rampart_domain::records::{Answers, Gender};
use rampart_store::{AuditLine, Officer, Purpose, Role, Stamp};

use crate::bed::{Bed, NOW, account, on_both, person};

on_both!(
    a_merge_moves_nothing_and_is_undone,
    rows_of_one_person_answer_for_each_other,
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

async fn pairs_that_are_two_people_are_remembered(bed: Bed) {
    people(&bed).await;
    let merges = || bed.store.merges();
    merges().noting(line("l1")).keep_apart("p2", "p1", "off", NOW).await.unwrap();
    merges().noting(line("l2")).keep_apart("p1", "p2", "off", NOW).await.unwrap();
    assert_eq!(merges().kept_apart().await.unwrap(), [("p1".to_owned(), "p2".to_owned())]);
    assert_eq!(bed.store.audit().list(None, None, 9).await.unwrap().len(), 1, "said twice is said once");
}
