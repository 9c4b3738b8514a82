use rampart_domain::records::Gender;
use rampart_store::{NewPerson, Officer, Purpose, Role, StoreError};

use crate::bed::{Bed, NOW, account, on_both, person};

on_both!(
    the_same_roster_again_changes_nothing,
    a_roster_is_entered_whole_or_not_at_all,
    a_large_roster_is_entered_and_found,
    filters_find_every_word,
    only_an_officer_sees_gender,
    a_look_and_its_audit_line_are_one,
    counts_do_not_tell_the_gender,
);

fn roster() -> Vec<NewPerson> {
    let mut roster = vec![person("p1", "王小明"), person("p2", "許功蓋"), person("p3", "𠮷野家 🍚")];
    roster[0].gender = Some(Gender::Female);
    roster[1].gender = Some(Gender::Undisclosed);
    roster
}

async fn officer(bed: &Bed) -> Officer {
    bed.store.accounts().create(&account("off", Role::Officer)).await.unwrap();
    Officer { account_id: "off".to_owned() }
}

fn why(audit_id: &str) -> Purpose<'_> {
    Purpose { audit_id, at_ms: NOW, detail: "X1 演練 C-e1" }
}

async fn genders(bed: &Bed, officer: &Officer, audit_id: &str) -> Vec<Option<Gender>> {
    let ids: Vec<String> =
        bed.store.persons().list("", 100, 0).await.unwrap().into_iter().map(|p| p.id).collect();
    let rows = bed.store.as_officer(officer).read(why(audit_id), &ids).await.unwrap();
    rows.into_iter().map(|row| row.gender).collect()
}

async fn the_same_roster_again_changes_nothing(bed: Bed) {
    let persons = bed.store.persons();
    let first = persons.import(&roster(), NOW).await.unwrap();
    assert_eq!((first.added, first.changed, first.unchanged), (3, 0, 0));
    let before = persons.list("", 100, 0).await.unwrap();
    let mut again = roster();
    for (number, row) in again.iter_mut().enumerate() {
        row.id = format!("other{number}");
    }
    let second = persons.import(&again, NOW + 1).await.unwrap();
    assert_eq!((second.added, second.changed, second.unchanged), (0, 0, 3));
    assert_eq!(second.ids, ["p1", "p2", "p3"], "people keep their ids");
    assert_eq!(persons.list("", 100, 0).await.unwrap(), before);
    again[1].agency = "地政處".to_owned();
    again.push(person("p4", "堃喆綉"));
    let third = persons.import(&again, NOW + 2).await.unwrap();
    assert_eq!((third.added, third.changed, third.unchanged), (1, 1, 2));
    assert_eq!(persons.by_id("p2").await.unwrap().unwrap().agency, "地政處");
    assert_eq!(persons.list("地政", 10, 0).await.unwrap().len(), 1, "found under what it is now");
}

async fn a_roster_is_entered_whole_or_not_at_all(bed: Bed) {
    let persons = bed.store.persons();
    persons.import(&roster(), NOW).await.unwrap();
    let mut twice = vec![person("p8", "甲"), person("p9", "乙")];
    twice[1].staff_no = twice[0].staff_no.clone();
    let refused = persons.import(&twice, NOW).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Duplicate { what } if what == "persons.staff_no"), "{refused:?}");
    // The last row cannot be written: its id is another person's.
    let mut changed = roster();
    changed[0].name = "改名".to_owned();
    changed[0].gender = Some(Gender::Male);
    changed.push(person("p5", "新"));
    changed.push(NewPerson { staff_no: "S-new".to_owned(), ..person("p1", "撞") });
    let refused = persons.import(&changed, NOW).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Duplicate { what } if what == "persons.id"), "{refused:?}");
    let names: Vec<_> = persons.list("", 100, 0).await.unwrap().into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["王小明", "許功蓋", "𠮷野家 🍚"]);
    let officer = officer(&bed).await;
    assert_eq!(genders(&bed, &officer, "l1").await, [Some(Gender::Female), Some(Gender::Undisclosed), None]);
}

async fn a_large_roster_is_entered_and_found(bed: Bed) {
    let roster: Vec<_> =
        (0..2345).map(|number| person(&format!("{number:05}"), &format!("學員{number}"))).collect();
    let persons = bed.store.persons();
    assert_eq!(persons.import(&roster, NOW).await.unwrap().added, 2345);
    assert_eq!(persons.import(&roster, NOW).await.unwrap().unchanged, 2345);
    assert_eq!(persons.count("").await.unwrap(), 2345);
    let page = persons.list("", 10, 2340).await.unwrap();
    assert_eq!(
        page.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(),
        ["02340", "02341", "02342", "02343", "02344"]
    );
    let mut ids: Vec<String> = roster.iter().rev().map(|row| row.id.clone()).collect();
    ids.push("nobody".to_owned());
    let all = persons.by_ids(&ids).await.unwrap();
    assert_eq!(all.len(), 2345);
    assert!(all.is_sorted_by_key(|p| p.staff_no.clone()));
}

async fn filters_find_every_word(bed: Bed) {
    let persons = bed.store.persons();
    let mut people = vec![person("a", "Élodie Wang"), person("B", "100%_甲!乙"), person("c", "𠮷野家 🍚")];
    people[0].agency = "資訊處 資安科".to_owned();
    persons.import(&people, NOW).await.unwrap();
    let found = async |filter: &str| -> Vec<String> {
        persons.list(filter, 9, 0).await.unwrap().into_iter().map(|p| p.id).collect()
    };
    assert_eq!(found("").await, ["B", "a", "c"], "by the bytes of the staff number, on both engines");
    assert_eq!(found("élodie 資安").await, ["a"]);
    assert_eq!(found("ÉLODIE").await, ["a"]);
    assert!(found("élodie 地政").await.is_empty());
    assert_eq!(found("%_").await, ["B"], "signs of the pattern language are letters");
    assert_eq!(found("甲!乙").await, ["B"]);
    assert_eq!(found("𠮷").await, ["c"]);
    assert_eq!(found("🍚").await, ["c"]);
    assert_eq!(found("s-b").await, ["B"]);
    assert_eq!(persons.count("資訊處").await.unwrap(), 3);
}

async fn only_an_officer_sees_gender(bed: Bed) {
    bed.store.persons().import(&roster(), NOW).await.unwrap();
    let officer = officer(&bed).await;
    let accounts = bed.store.accounts();
    accounts.create(&account("adm", Role::Administrator)).await.unwrap();
    accounts.create(&account("ins", Role::Instructor)).await.unwrap();
    let ids = ["p1".to_owned(), "p2".to_owned(), "p3".to_owned(), "nobody".to_owned()];
    for other in ["adm", "ins", "nobody", ""] {
        let view = bed.store.as_officer(&Officer { account_id: other.to_owned() });
        assert!(matches!(view.read(why("l1"), &ids).await, Err(StoreError::NotOfficer { .. })));
        assert!(matches!(view.export(why("l1"), &ids).await, Err(StoreError::NotOfficer { .. })));
        let set = view.set_gender(why("l1"), "p1", Some(Gender::Male)).await;
        assert!(matches!(set, Err(StoreError::NotOfficer { .. })));
    }
    assert!(bed.store.audit().list(None, None, 9).await.unwrap().is_empty());
    let view = bed.store.as_officer(&officer);
    let rows = view.export(why("l2"), &ids).await.unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.person.name.as_str(), row.gender)).collect();
    assert_eq!(
        rows,
        [("王小明", Some(Gender::Female)), ("許功蓋", Some(Gender::Undisclosed)), ("𠮷野家 🍚", None)]
    );
    accounts.set_disabled("off", true, NOW).await.unwrap();
    assert!(matches!(view.read(why("l3"), &ids).await, Err(StoreError::NotOfficer { .. })));
    let lines = bed.store.audit().list(None, None, 9).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].what.as_str(), lines[0].account_id.as_deref()), ("personal.export", Some("off")));
    assert_eq!(lines[0].detail, "X1 演練 C-e1");
}

async fn a_look_and_its_audit_line_are_one(bed: Bed) {
    bed.store.persons().import(&roster(), NOW).await.unwrap();
    let officer = officer(&bed).await;
    let view = bed.store.as_officer(&officer);
    assert!(view.set_gender(why("l1"), "p1", Some(Gender::Other)).await.unwrap());
    // No line can be written under an id that is taken: so nothing is read, and nothing is set.
    assert!(matches!(view.read(why("l1"), &["p1".to_owned()]).await, Err(StoreError::Duplicate { .. })));
    let set = view.set_gender(why("l1"), "p1", Some(Gender::Male)).await;
    assert!(matches!(set, Err(StoreError::Duplicate { .. })));
    assert!(!view.set_gender(why("l2"), "nobody", None).await.unwrap());
    assert_eq!(bed.store.audit().list(None, None, 9).await.unwrap().len(), 1, "nothing done, no line");
    assert_eq!(genders(&bed, &officer, "l3").await, [Some(Gender::Other), Some(Gender::Undisclosed), None]);
    assert!(view.set_gender(why("l4"), "p1", None).await.unwrap());
    assert_eq!(genders(&bed, &officer, "l5").await, [None, Some(Gender::Undisclosed), None]);
    // What is stored and unreadable is an error with its place, not "none given". The engines' own rule against it is
    // dropped where that can be done.
    if !bed.is_sqlite() {
        let beside = bed.beside().await;
        beside.run("ALTER TABLE personal DROP CONSTRAINT personal_gender_check").await;
        beside.run("UPDATE personal SET gender = 'X' WHERE person_id = 'p2'").await;
        match view.read(why("l6"), &["p2".to_owned()]).await {
            Err(StoreError::Inconsistent { table, column, id, .. }) => {
                assert_eq!((table, column.as_str(), id.as_str()), ("personal", "gender", "p2"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(bed.store.audit().list(None, None, 9).await.unwrap().len(), 4, "nothing read, no line");
    }
}

async fn counts_do_not_tell_the_gender(bed: Bed) {
    let persons = bed.store.persons();
    persons.import(&roster(), NOW).await.unwrap();
    // Somebody who may import tries both answers and watches the counts.
    let mut answers = Vec::new();
    for gender in [Some(Gender::Female), Some(Gender::Male), None] {
        let mut guess = roster();
        guess[0].gender = gender;
        answers.push(persons.import(&guess, NOW).await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let officer = officer(&bed).await;
    assert_eq!(
        genders(&bed, &officer, "l1").await,
        [Some(Gender::Male), Some(Gender::Undisclosed), None],
        "a roster without it erases nothing"
    );
    let person = format!("{:?}", persons.by_id("p1").await.unwrap());
    assert!(!person.to_lowercase().contains("gender"));
}

/// The table with genders is read in one file, and written in that one and the import.
#[test]
fn no_other_source_names_the_personal_table() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in std::fs::read_dir(root).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let named = text.matches("personal ").count() + text.matches("personal(").count();
        let writes = text.matches("INSERT INTO personal (").count();
        match path.file_name().unwrap().to_str().unwrap() {
            "officer.rs" => assert!(named > writes),
            // The same view in bulk: it reads, in the transaction that writes the audit line, and does nothing else.
            "book.rs" => {
                assert_eq!(
                    (text.matches("FROM personal").count(), text.matches("JOIN personal").count(), writes),
                    (1, 0, 0)
                );
                assert!(text.contains("impl OfficerView<'_> {") && text.matches("impl ").count() == 1);
            }
            // Of what a person stated, this one reads back that it was stated or withdrawn and no more.
            "answers.rs" => assert_eq!(
                (
                    text.matches("FROM personal").count(),
                    text.matches("SELECT person_id, consent_ms, notice, withdrawn_ms FROM personal").count(),
                    text.matches("SELECT o.root AS person_id FROM personal g").count(),
                    text.matches("DELETE FROM personal").count(),
                    text.matches("JOIN personal").count(),
                    writes
                ),
                (4, 1, 1, 2, 0, 3)
            ),
            other => assert_eq!(
                text.matches("FROM personal").count() + text.matches("JOIN personal").count() + writes,
                0,
                "{other}"
            ),
        }
    }
}
