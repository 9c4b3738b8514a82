//! Words on the pages: the same keys in both languages, no text in code.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{report, text, tracked};

fn flatten(prefix: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(parts) => {
            for (name, part) in parts {
                let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&key, part, into);
            }
        }
        Value::String(text) => {
            into.insert(prefix.to_owned(), text.clone());
        }
        other => {
            into.insert(prefix.to_owned(), other.to_string());
        }
    }
}

fn locale(name: &str) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let files: Vec<String> = tracked()
        .into_iter()
        .filter(|path| path.starts_with(&format!("server/pages/locales/{name}")) && path.ends_with(".json"))
        .collect();
    assert!(!files.is_empty(), "no texts for {name} in server/pages/locales");
    for path in files {
        let value: Value =
            serde_json::from_str(&text(&path).unwrap()).unwrap_or_else(|fault| panic!("{path}: {fault}"));
        flatten("", &value, &mut texts);
    }
    texts
}

#[test]
fn both_languages_say_the_same_things() {
    let (zh, en) = (locale("zh-TW"), locale("en"));
    let mut wrong = Vec::new();
    for (key, text) in &zh {
        if !en.contains_key(key) {
            wrong.push(format!("en lacks {key}"));
        }
        if text.trim().is_empty() {
            wrong.push(format!("zh-TW: {key} is empty"));
        }
    }
    wrong.extend(en.keys().filter(|key| !zh.contains_key(*key)).map(|key| format!("zh-TW lacks {key}")));
    report("locale files", &wrong);
}

#[test]
fn templates_hold_no_text_of_their_own() {
    let mut wrong = Vec::new();
    for path in tracked().iter().filter(|path| path.starts_with("server/pages/templates/")) {
        for (number, line) in text(path).unwrap().lines().enumerate() {
            let han = line.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            if han {
                wrong.push(format!("{path}:{}: Chinese text in a template", number + 1));
            }
            if line.contains(" style=\"") || line.contains("<script>") || line.contains(" onclick=") {
                wrong
                    .push(format!("{path}:{}: inline style or script, which the policy refuses", number + 1));
            }
        }
    }
    report("templates", &wrong);
}
