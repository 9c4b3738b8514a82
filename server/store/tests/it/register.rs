//! The register: edits with their history, removal that keeps it, lists in order, agencies.

use rampart_domain::records::{Area, Identity, Level};
use rampart_store::{
    Agency, AuditLine, NewPerson, PersonEdit, PersonOrder, PersonQuery, Role, Stamp, StoreError,
};

use crate::bed::{Bed, NOW, account, on_both, person};

on_both!(
    edits_are_kept_with_what_was_before,
    removal_keeps_the_history_and_is_undone_by_a_roster,
    people_without_a_number_are_found_as_the_row_says,
    lists_filter_and_sort_alike_on_both_engines,
    addresses_may_be_shared,
    an_agency_takes_its_people_along,
);

fn stamp(id: &str) -> Stamp<'_> {
    Stamp { id, at_ms: NOW + 5, by: Some("off") }
}

fn line(id: &str) -> AuditLine {
    AuditLine {
        id: id.to_owned(),
        at_ms: NOW,
        account_id: Some("off".to_owned()),
        what: "person.edit".to_owned(),
        detail: String::new(),
    }
}

async fn acts(bed: &Bed, person: &str) -> Vec<String> {
    let changes = bed.store.changes().of(person).await.unwrap();
    changes
        .into_iter()
        .map(|change| {
            let fields: Vec<String> =
                change.fields.iter().map(|(field, a, b)| format!("{field}:{a}>{b}")).collect();
            format!("{} {}", change.act, fields.join(" ")).trim().to_owned()
        })
        .collect()
}

fn edit(name: &str, staff_no: &str) -> PersonEdit {
    PersonEdit {
        name: name.to_owned(),
        staff_no: staff_no.to_owned(),
        agency: "資訊處".to_owned(),
        ..PersonEdit::default()
    }
}

async fn edits_are_kept_with_what_was_before(bed: Bed) {
    let persons = || bed.store.persons();
    persons().import(&[person("p1", "王小明"), person("p2", "許功蓋")], NOW).await.unwrap();
    let to = PersonEdit {
        grade: "技士 𠮷".to_owned(),
        identity: Some(Identity::Contract),
        emails: vec!["b@x.test".to_owned(), "a@x.test".to_owned(), "b@x.test".to_owned()],
        ..edit("王大明", "S-p1")
    };
    assert!(persons().noting(line("a1")).edit("p1", &to, &stamp("c1")).await.unwrap());
    let now = persons().by_id("p1").await.unwrap().unwrap();
    assert_eq!(
        (now.name.as_str(), now.grade.as_str(), now.identity),
        ("王大明", "技士 𠮷", Some(Identity::Contract))
    );
    assert_eq!(persons().list("大明", 9, 0).await.unwrap().len(), 1);
    assert!(persons().list("小明", 9, 0).await.unwrap().is_empty(), "found under what it is now");
    let first = "edit name:王小明>王大明 grade:>技士 𠮷 identity:>contract email:>a@x.test b@x.test";
    assert_eq!(acts(&bed, "p1").await, [first, "made"]);
    // The same again writes nothing: no line in the history, none in the audit.
    assert!(persons().noting(line("a2")).edit("p1", &to, &stamp("c2")).await.unwrap());
    assert_eq!(acts(&bed, "p1").await.len(), 2);
    assert_eq!(bed.store.audit().list(None, None, 9).await.unwrap().len(), 1);
    // Another person's number is refused, and nothing of the edit stays.
    let clash = persons().noting(line("a3")).edit("p2", &edit("許", "S-p1"), &stamp("c3")).await.unwrap_err();
    assert!(matches!(&clash, StoreError::Duplicate { what } if what == "persons.staff_no"), "{clash:?}");
    assert_eq!(persons().by_id("p2").await.unwrap().unwrap().name, "許功蓋");
    assert_eq!(acts(&bed, "p2").await, ["made"]);
    assert!(!persons().edit("nobody", &to, &stamp("c4")).await.unwrap());
    // A number can be taken away and given again.
    assert!(persons().edit("p1", &edit("王大明", ""), &stamp("c5")).await.unwrap());
    assert_eq!(persons().by_id("p1").await.unwrap().unwrap().staff_no, "");
    assert!(persons().edit("p2", &edit("許功蓋", "S-p1"), &stamp("c6")).await.unwrap());
    assert_eq!(persons().by_number("S-p1").await.unwrap().unwrap().id, "p2");
}

async fn removal_keeps_the_history_and_is_undone_by_a_roster(bed: Bed) {
    let persons = || bed.store.persons();
    let roster = [person("p1", "王小明"), person("p2", "許功蓋")];
    persons().import(&roster, NOW).await.unwrap();
    assert!(persons().noting(line("a1")).set_removed("p1", true, &stamp("c1")).await.unwrap());
    assert!(!persons().noting(line("a2")).set_removed("p1", true, &stamp("c2")).await.unwrap(), "already");
    assert_eq!(persons().count("").await.unwrap(), 1);
    let gone = persons().by_ids(&["p1".to_owned()]).await.unwrap();
    assert_eq!(gone[0].removed_ms, Some(NOW + 5), "whoever holds the id still finds the person");
    let query = PersonQuery { removed: true, ..PersonQuery::default() };
    assert_eq!(persons().number(&query).await.unwrap(), 1);
    let back = NewPerson { id: "n1".to_owned(), ..person("p1", "王小明") };
    let done = persons().import(&[back], NOW + 9).await.unwrap();
    assert_eq!((done.changed, done.ids[0].as_str()), (1, "p1"));
    assert_eq!(acts(&bed, "p1").await, ["restored", "removed", "made"]);
    assert_eq!(persons().count("").await.unwrap(), 2);
    assert_eq!(bed.store.audit().list(None, None, 9).await.unwrap().len(), 1);
}

async fn people_without_a_number_are_found_as_the_row_says(bed: Bed) {
    let persons = || bed.store.persons();
    let student = |id: &str, same_as: Option<&str>| NewPerson {
        id: id.to_owned(),
        name: "王假名".to_owned(),
        agency: "青嵐科技大學".to_owned(),
        identity: Some(Identity::Student),
        same_as: same_as.map(str::to_owned),
        ..NewPerson::default()
    };
    let first =
        persons().import(&[student("q1", None), student("q2", None), person("p1", "甲")], NOW).await.unwrap();
    assert_eq!(first.added, 3, "two people may share a name");
    let listed = persons().list("", 9, 0).await.unwrap();
    let numbers: Vec<_> = listed.iter().map(|one| one.staff_no.as_str()).collect();
    assert_eq!(numbers, ["S-p1", "", ""], "who has no number comes last");
    let again = persons().import(&[student("x1", Some("q1"))], NOW + 1).await.unwrap();
    assert_eq!((again.unchanged, again.ids[0].as_str()), (1, "q1"));
    let row = NewPerson { grade: Some("研究生".to_owned()), ..student("x2", Some("q2")) };
    assert_eq!(persons().import(&[row], NOW + 2).await.unwrap().changed, 1);
    assert_eq!(acts(&bed, "q2").await, ["import grade:>研究生", "made"]);
}

async fn lists_filter_and_sort_alike_on_both_engines(bed: Bed) {
    let mut people = vec![person("1", "乙"), person("2", "甲"), person("3", "丙"), person("4", "丁")];
    people[0].identity = Some(Identity::Vendor);
    people[1].identity = Some(Identity::Civil);
    people[2].agency = "地政處".to_owned();
    bed.store.persons().import(&people, NOW).await.unwrap();
    let ids = async |query: PersonQuery| -> Vec<String> {
        bed.store.persons().find(&query, 9, 0).await.unwrap().into_iter().map(|one| one.id).collect()
    };
    let by = |order, descending| PersonQuery { order, descending, ..PersonQuery::default() };
    assert_eq!(ids(by(PersonOrder::StaffNo, true)).await, ["4", "3", "2", "1"]);
    assert_eq!(ids(by(PersonOrder::Name, false)).await, ["4", "3", "1", "2"], "by code points: 丁 丙 乙 甲");
    assert_eq!(ids(by(PersonOrder::Agency, false)).await, ["3", "1", "2", "4"]);
    assert_eq!(ids(by(PersonOrder::Identity, false)).await, ["2", "1", "3", "4"], "none said comes last");
    let query = PersonQuery { identity: Some(Identity::Vendor), ..PersonQuery::default() };
    assert_eq!(ids(query).await, ["1"]);
    let query =
        PersonQuery {
            agency: Some("地政處".to_owned()), text: "丙".to_owned(), ..PersonQuery::default()
        };
    assert_eq!(ids(query).await, ["3"]);
    assert_eq!(
        bed.store.persons().agencies().await.unwrap(),
        [("地政處".to_owned(), 1), ("資訊處".to_owned(), 3)]
    );
}

async fn addresses_may_be_shared(bed: Bed) {
    let mut people = vec![person("p1", "甲"), person("p2", "乙"), person("p3", "丙")];
    people[0].emails = vec!["a@x.test".to_owned(), "b@x.test".to_owned()];
    people[1].emails = vec!["office@x.test".to_owned()];
    people[2].emails = vec!["office@x.test".to_owned()];
    let persons = bed.store.persons();
    persons.import(&people, NOW).await.unwrap();
    for (number, row) in people.iter_mut().enumerate() {
        row.id = format!("x{number}");
    }
    // A roster without the column, or with fewer, takes none away.
    people[0].emails = vec!["b@x.test".to_owned()];
    people[1].emails = vec![];
    assert_eq!(persons.import(&people, NOW + 1).await.unwrap().unchanged, 3);
    let ids = ["p1".to_owned(), "p2".to_owned(), "p3".to_owned()];
    let all: Vec<String> =
        persons.emails(&ids).await.unwrap().into_iter().map(|(id, email)| format!("{id} {email}")).collect();
    assert_eq!(all, ["p1 a@x.test", "p1 b@x.test", "p2 office@x.test", "p3 office@x.test"]);
}

async fn an_agency_takes_its_people_along(bed: Bed) {
    bed.store.accounts().create(&account("off", Role::Officer)).await.unwrap();
    bed.store.persons().import(&[person("p1", "甲"), person("p2", "乙")], NOW).await.unwrap();
    let mut number = 0;
    let mut ids = move || {
        number += 1;
        format!("h{number}")
    };
    let agencies = || bed.store.agencies();
    let agency = Agency {
        id: "a1".to_owned(),
        code: "QL01".to_owned(),
        name: "資訊處".to_owned(),
        level: Some(Level::B),
        area: Some(Area::Seat),
        county: "青嵐縣".to_owned(),
        ..Agency::default()
    };
    assert_eq!(agencies().save(&agency, &stamp("s1"), &mut ids).await.unwrap(), 0);
    let other =
        Agency { id: "a2".to_owned(), name: "地政處".to_owned(), code: String::new(), ..agency.clone() };
    agencies().save(&other, &stamp("s2"), &mut ids).await.unwrap();
    let third = Agency { id: "a3".to_owned(), name: "衛生局".to_owned(), ..other.clone() };
    agencies().save(&third, &stamp("s3"), &mut ids).await.unwrap();
    // Codes and names are unique, except that many may have no code.
    for (code, name, what) in [("QL01", "消防局", "agencies.code"), ("", "資訊處", "agencies.name")] {
        let clash =
            Agency { id: "a9".to_owned(), code: code.to_owned(), name: name.to_owned(), ..other.clone() };
        let refused = agencies().save(&clash, &stamp("s4"), &mut ids).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Duplicate { what: taken } if taken == what), "{refused:?}");
    }
    let renamed = Agency { name: "數位發展處".to_owned(), ..agency.clone() };
    assert_eq!(agencies().noting(line("l1")).save(&renamed, &stamp("s5"), &mut ids).await.unwrap(), 2);
    assert_eq!(bed.store.persons().list("數位發展", 9, 0).await.unwrap().len(), 2);
    assert_eq!(acts(&bed, "p1").await[0], "agency agency:資訊處>數位發展處");
    assert!(agencies().remove("a1", NOW).await.unwrap());
    assert!(!agencies().remove("a1", NOW).await.unwrap());
    let names: Vec<_> = agencies().list().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["地政處", "衛生局"]);
    assert_eq!(bed.store.persons().count("數位發展處").await.unwrap(), 2, "people go on naming it");
    // The name is free for another row now.
    let again = Agency { id: "a4".to_owned(), ..renamed };
    agencies().save(&again, &stamp("s6"), &mut ids).await.unwrap();
}
