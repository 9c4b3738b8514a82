//! Texts: the two languages have the same keys with the same holes, every key asked for exists, and none is left over.

use std::collections::BTreeSet;

use rampart_pages::{Locale, Pages};

use super::{everything, templates};

/// Keys that templates and scripts build from data or that other crates ask for by name.
const BY_NAME: [&str; 9] =
    ["component.", "api.op.", "api.tag.", "error.", "flash.", "month.", "rule.", "scores.", "value."];

fn holes(text: &str) -> BTreeSet<&str> {
    let names = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    // A flag's own braces are no hole.
    names.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).collect()
}

#[test]
fn both_languages_have_the_same_keys_and_holes() {
    let pages = Pages::new().unwrap();
    let keys = |locale| pages.catalog().keys(locale).map(str::to_owned).collect::<BTreeSet<_>>();
    let (zh, en) = (keys(Locale::ZhTw), keys(Locale::En));
    assert_eq!(zh.difference(&en).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in en");
    assert_eq!(en.difference(&zh).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in zh-TW");
    for key in &zh {
        let zh = pages.catalog().get(Locale::ZhTw, key).unwrap();
        let en = pages.catalog().get(Locale::En, key).unwrap();
        assert!(!zh.trim().is_empty() && !en.trim().is_empty(), "{key} is empty");
        // A date and a status line name their parts differently in the two languages.
        if key != "date_long" {
            assert_eq!(holes(zh), holes(en), "{key}: unlike holes");
        }
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_with_its_place() {
    let twice = "{\"rules\": {\"title\": \"甲\"},\n \"rules\": {\"lead\": \"乙\"}}";
    let error = rampart_pages::Catalog::parse("{}", twice).unwrap_err().to_string();
    assert!(error.contains("\"rules\" stands twice") && error.contains("line 2"), "{error}");
}

#[test]
fn no_key_is_left_over() {
    let pages = Pages::new().unwrap();
    everything(&pages);
    let mut used = pages.used_keys();
    // Keys in branches that no sample reaches still count as used where they stand as a literal.
    for (_, source) in templates() {
        for quote in ['"', '\''] {
            for part in source.split(&format!("t({quote}")).skip(1) {
                used.insert(part.split(quote).next().unwrap().to_owned());
            }
        }
    }
    used.insert("date_long".to_owned());
    let left: Vec<&str> = pages
        .catalog()
        .keys(Locale::ZhTw)
        .filter(|key| !used.contains(*key))
        .filter(|key| !BY_NAME.iter().any(|prefix| key.starts_with(prefix)))
        .filter(|key| !key.starts_with("weekday."))
        .collect();
    assert_eq!(left, Vec::<&str>::new(), "keys that no page asks for");
}

#[test]
fn no_hole_stays_open_and_no_chinese_is_written_in_a_template() {
    let pages = Pages::new().unwrap();
    for (name, _, html) in everything(&pages) {
        // The guide to the API names the parts of its addresses.
        if name.starts_with("entry/api.html") {
            continue;
        }
        // The board hands unfilled texts to its script; they stand after the last visible element.
        let visible = html.split("<script type=\"application/json\"").next().unwrap();
        for part in visible.split('{').skip(1) {
            let hole = part.split('}').next().unwrap();
            let plain = !hole.is_empty()
                && hole.len() < 20
                && hole.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            // Scripts fill {n} in their own texts.
            assert!(!plain || hole == "n", "{name}: open hole {{{hole}}}");
        }
    }
    for (name, source) in templates() {
        let cjk = source.chars().find(|c| ('\u{4e00}'..='\u{9fff}').contains(c));
        assert_eq!(cjk, None, "{name}: text in the template");
        // Punctuation is a text as well: an English page has none of full width.
        let mark = source
            .chars()
            .find(|c| matches!(c, '\u{3001}'..='\u{301f}' | '\u{30fb}' | '\u{ff00}'..='\u{ff65}'));
        assert_eq!(mark, None, "{name}: punctuation of one language in the template");
    }
}

#[test]
fn every_reason_of_the_ledger_and_every_refusal_has_a_text() {
    let pages = Pages::new().unwrap();
    let keys: BTreeSet<&str> = pages.catalog().keys(Locale::ZhTw).collect();
    let root = super::folder("../..");
    let mut missing = Vec::new();
    for file in [
        "scoreboard/src/desk.rs",
        "scoreboard/src/fold.rs",
        "scoreboard/src/view.rs",
        "server/domain/src/decide.rs",
        "server/domain/src/decide/blue.rs",
        "server/domain/src/decide/desk.rs",
        "server/domain/src/decide/judge.rs",
        "server/domain/src/decide/red.rs",
        "server/domain/src/decide/reset.rs",
        "server/domain/src/decide/service.rs",
        "server/domain/src/decide/settle.rs",
        "server/domain/src/decide/void.rs",
        "server/app/src/lib.rs",
    ] {
        let source = std::fs::read_to_string(root.join(file)).unwrap();
        for area in [
            "flag",
            "hint",
            "report",
            "repair",
            "availability",
            "status",
            "action",
            "health",
            "shut",
            "reset",
            "judge",
            "board",
            "bonus",
            "incident",
            "rematch",
        ] {
            for part in source.split(&format!("\"{area}.")).skip(1) {
                let rule = format!("{area}.{}", part.split('"').next().unwrap());
                let known = keys.contains(format!("rule.{rule}").as_str())
                    || keys.contains(format!("error.{rule}").as_str());
                if !known {
                    missing.push(format!("{file}: {rule}"));
                }
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_booking_rule_on_the_page_is_the_one_in_the_files() {
    use rampart_domain::records::words::{CLASS_RULE, CLASS_RULE_KEY, RULE, RULE_EN, RULE_KEY};
    let pages = Pages::new().unwrap();
    assert_eq!(pages.catalog().get(Locale::ZhTw, RULE_KEY), Some(RULE));
    assert_eq!(pages.catalog().get(Locale::En, RULE_KEY), Some(RULE_EN));
    assert_eq!(pages.catalog().get(Locale::ZhTw, CLASS_RULE_KEY), Some(CLASS_RULE));
}
