//! The texts of the pages, looked up by key, so that a test says what it means and not how it is worded today.

use std::sync::OnceLock;

use serde_json::Value;

use crate::style::root;

fn texts() -> &'static Value {
    static TEXTS: OnceLock<Value> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let path = root().join("server/pages/locales/zh-TW.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    })
}

/// The text of a key such as `state.cleared`; of one with values, the longest part that stands fixed.
pub fn zh(key: &str) -> String {
    let mut value = texts();
    for part in key.split('.') {
        value = &value[part];
    }
    let text = value.as_str().unwrap_or_else(|| panic!("no text {key}"));
    fixed(text)
}

fn fixed(text: &str) -> String {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '{' => {
                depth += 1;
                parts.push(String::new());
            }
            '}' => depth -= 1,
            _ if depth == 0 => parts.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    parts.into_iter().max_by_key(|part| part.chars().count()).unwrap().trim().to_owned()
}
