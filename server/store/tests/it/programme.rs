//! Targets, claims, duty rules, findings, texts, duties, and the officer's bulk reading of a year.

use rampart_domain::records::targets::{Claim, Measure, Target, defaults};
use rampart_domain::records::{Answers, DutyClass, Finding, FindingResult, Gender, Level, RocYear, duty};
use rampart_store::{Officer, Purpose, Role, Stamp, StoreError};

use crate::bed::{Bed, NOW, account, chain, on_both, person, with_exercises, with_seat};

on_both!(
    targets_and_claims_are_kept_and_taken_away,
    duty_rules_and_duties_are_kept,
    findings_are_numbered_once_in_a_year,
    texts_are_written_over_and_emptied,
    a_year_is_read_by_the_officer_alone_and_leaves_a_line,
    entries_are_kept_while_a_year_is_read,
);

const YEAR: RocYear = RocYear(115);

async fn targets_and_claims_are_kept_and_taken_away(bed: Bed) {
    let programme = bed.store.programme();
    let plain = defaults().remove(0);
    let either = Target {
        id: "or".to_owned(),
        county: "青嵐縣".to_owned(),
        until: Some(RocYear(116)),
        measure: Measure::PersonTimes,
        or: Some((Measure::Websites, 30)),
        ..plain.clone()
    };
    for target in [&plain, &either] {
        programme.save_target(target, "off", NOW).await.unwrap();
    }
    assert_eq!(programme.targets().await.unwrap(), [plain.clone(), either.clone()]);
    let changed = Target { value: 60, ..plain.clone() };
    programme.save_target(&changed, "off", NOW).await.unwrap();
    assert_eq!(programme.targets().await.unwrap()[0].value, 60);
    let claim = Claim { target: "or".to_owned(), second: true, by_hand: Some(31) };
    programme.claim(YEAR, &Claim { second: false, ..claim.clone() }, "off", NOW).await.unwrap();
    programme.claim(YEAR, &claim, "off", NOW).await.unwrap();
    assert_eq!(programme.claims(YEAR).await.unwrap(), std::slice::from_ref(&claim));
    assert!(programme.claims(YEAR.before()).await.unwrap().is_empty());
    let nobody = Claim { target: "x".to_owned(), ..claim };
    assert!(matches!(programme.claim(YEAR, &nobody, "off", NOW).await, Err(StoreError::Missing { .. })));
    assert!(programme.remove_target(&plain.id, NOW).await.unwrap());
    assert!(!programme.remove_target(&plain.id, NOW).await.unwrap());
    assert_eq!(programme.targets().await.unwrap(), [either]);
}

async fn duty_rules_and_duties_are_kept(bed: Bed) {
    let programme = bed.store.programme();
    for rule in duty::defaults() {
        programme.save_duty_rule(&rule, "off", NOW).await.unwrap();
    }
    let mut kept = programme.duty_rules().await.unwrap();
    kept.sort_by(|a, b| a.id.cmp(&b.id));
    let mut asked = duty::defaults();
    asked.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(kept, asked);
    assert_eq!(kept[0].levels, [Level::A, Level::B, Level::C]);
    bed.store.persons().import(&[person("p1", "許藍圖")], NOW).await.unwrap();
    let stamp = |id| Stamp { id, at_ms: NOW, by: Some("off") };
    assert!(programme.set_duty("p1", Some(DutyClass::Dedicated), &stamp("s1")).await.unwrap());
    assert_eq!(programme.duties().await.unwrap()["p1"], DutyClass::Dedicated);
    // The same again leaves no second line in the history.
    let history = bed.store.changes().of("p1").await.unwrap().len();
    assert!(programme.set_duty("p1", Some(DutyClass::Dedicated), &stamp("s2")).await.unwrap());
    assert_eq!(bed.store.changes().of("p1").await.unwrap().len(), history);
    assert!(programme.set_duty("p1", None, &stamp("s3")).await.unwrap());
    assert!(programme.duties().await.unwrap().is_empty());
    assert!(!programme.set_duty("nobody", None, &stamp("s4")).await.unwrap());
}

fn finding(id: &str, number: &str) -> Finding {
    Finding {
        id: id.to_owned(),
        year: YEAR,
        number: number.to_owned(),
        system: "嵐文 𠮷".to_owned(),
        weakness: "SQL 注入".to_owned(),
        cvss: 98,
        first_ms: NOW,
        repair: String::new(),
        repaired_ms: None,
        retest_ms: None,
        result: FindingResult::Open,
    }
}

async fn findings_are_numbered_once_in_a_year(bed: Bed) {
    let programme = bed.store.programme();
    let mut one = finding("a", "R-01");
    programme.save_finding(&one, "boss", NOW).await.unwrap();
    one.result = FindingResult::Repaired;
    one.repaired_ms = Some(NOW + 1);
    programme.save_finding(&one, "boss", NOW).await.unwrap();
    assert_eq!(programme.findings(YEAR).await.unwrap(), [one]);
    let again = programme.save_finding(&finding("b", "R-01"), "boss", NOW).await;
    assert!(matches!(again, Err(StoreError::Duplicate { .. })), "{again:?}");
    assert!(programme.remove_finding("a", NOW).await.unwrap());
    programme.save_finding(&finding("b", "R-01"), "boss", NOW).await.unwrap();
    assert_eq!(programme.findings(YEAR).await.unwrap().len(), 1);
}

async fn texts_are_written_over_and_emptied(bed: Bed) {
    let programme = bed.store.programme();
    for words in ["一", "二"] {
        programme.set_text(YEAR, "x3:trainer", words, "off", NOW).await.unwrap();
    }
    assert_eq!(programme.texts(YEAR).await.unwrap()["x3:trainer"], "二");
    assert!(programme.texts(YEAR.before()).await.unwrap().is_empty());
    programme.set_text(YEAR, "x3:trainer", "", "off", NOW).await.unwrap();
    assert!(programme.texts(YEAR).await.unwrap().is_empty());
}

async fn a_year_is_read_by_the_officer_alone_and_leaves_a_line(bed: Bed) {
    let seat = with_seat(&bed.store).await;
    bed.store.accounts().create(&account("off", Role::Officer)).await.unwrap();
    let officer = bed.store.as_officer(&Officer { account_id: "off".to_owned() });
    let why = |audit_id| Purpose { audit_id, at_ms: NOW, detail: "X1 115 internal" };
    let said = Answers { gender: Some(Gender::Female), ..Answers::default() };
    assert!(officer.set_answers(why("l0"), &seat.person_id, &said, NOW, "115-11").await.unwrap());
    let other = bed.store.as_officer(&Officer { account_id: "boss".to_owned() });
    assert!(matches!(other.year(why("l1"), false, 0, i64::MAX).await, Err(StoreError::NotOfficer { .. })));
    let rows = officer.year(why("l1"), true, 0, i64::MAX).await.unwrap();
    assert_eq!(rows.answers, [(seat.person_id.clone(), said)]);
    assert_eq!(rows.seats, [(seat.exercise_id.as_str().into(), seat.person_id.as_str().into())]);
    assert!(rows.register.iter().any(|row| row.id == seat.person_id && !row.removed));
    let line = bed.store.audit().list(Some("personal.export"), None, 9).await.unwrap().remove(0);
    assert_eq!((line.account_id.as_deref(), line.detail.as_str()), (Some("off"), "X1 115 internal"));
    // No reading without a line: one whose id is taken reads nothing.
    assert!(matches!(officer.year(why("l1"), false, 0, 1).await, Err(StoreError::Duplicate { .. })));
}

async fn entries_are_kept_while_a_year_is_read(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    bed.store.accounts().create(&account("off", Role::Officer)).await.unwrap();
    let people: Vec<_> = (0..20_000).map(|n| person(&format!("p{n:05}"), "許藍圖")).collect();
    bed.store.persons().import(&people, NOW).await.unwrap();
    let entries = chain(None, 1_000);
    let ledger = bed.store.ledger();
    let appending = async {
        for entry in &entries {
            ledger.append("e1", vec![entry.clone()]).await.unwrap();
        }
    };
    let officer = bed.store.as_officer(&Officer { account_id: "off".to_owned() });
    let why = Purpose { audit_id: "l1", at_ms: NOW, detail: "X1 115 internal" };
    tokio::select! {
        biased;
        rows = officer.year(why, false, 0, i64::MAX) => assert_eq!(rows.unwrap().register.len(), people.len()),
        () = appending => panic!("a thousand entries were quicker than a year"),
    }
    // One may be kept before the reading began; as many as there was time for were kept meanwhile.
    let kept = ledger.head("e1").await.unwrap().map_or(0, |(seq, _)| seq);
    assert!(kept > 1, "{kept} entries were kept while a year was read");
}
