//! Texts by key. A locale file is a tree of JSON objects; a key is the path to a text, joined by dots.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::contexts::Locale;

/// All texts of both languages.
#[derive(Debug, Clone)]
pub struct Catalog {
    texts: [BTreeMap<String, String>; 2],
}

fn flatten(prefix: &str, value: &Json, into: &mut BTreeMap<String, String>) {
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&path, value, into);
            }
        }
        Json::String(text) => {
            into.insert(prefix.to_owned(), text.clone());
        }
        other => {
            into.insert(prefix.to_owned(), other.to_string());
        }
    }
}

const fn index(locale: Locale) -> usize {
    match locale {
        Locale::ZhTw => 0,
        Locale::En => 1,
    }
}

impl Catalog {
    /// Reads the two locale files.
    ///
    /// # Errors
    /// What serde_json says if one of them is no JSON.
    pub fn parse(zh_tw: &str, en: &str) -> Result<Self, serde_json::Error> {
        let read = |text: &str| -> Result<BTreeMap<String, String>, serde_json::Error> {
            let mut texts = BTreeMap::new();
            flatten("", &serde_json::from_str::<Json>(text)?, &mut texts);
            Ok(texts)
        };
        Ok(Self { texts: [read(zh_tw)?, read(en)?] })
    }

    /// The text of `key`, unfilled.
    #[must_use]
    pub fn get(&self, locale: Locale, key: &str) -> Option<&str> {
        self.texts[index(locale)].get(key).map(String::as_str)
    }

    /// All keys of a language.
    pub fn keys(&self, locale: Locale) -> impl Iterator<Item = &str> {
        self.texts[index(locale)].keys().map(String::as_str)
    }

    /// The text of `key` with `{name}` replaced. `None` if there is no such key.
    pub fn fill<'a>(
        &self,
        locale: Locale,
        key: &str,
        arg: impl Fn(&str) -> Option<std::borrow::Cow<'a, str>>,
    ) -> Option<String> {
        Some(fill(self.get(locale, key)?, arg))
    }
}

/// Replaces `{name}` by its value. An unknown name stays as it is, so that a forgotten value is seen and not lost.
fn fill<'a>(text: &str, arg: impl Fn(&str) -> Option<std::borrow::Cow<'a, str>>) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let tail = &rest[open..];
        let Some(close) = tail.find('}') else {
            rest = tail;
            break;
        };
        match arg(&tail[1..close]) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&tail[..=close]),
        }
        rest = &tail[close + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn fills_known_names_and_keeps_unknown_ones() {
        let catalog = Catalog::parse(r#"{"a":{"b":"剩 {left} 次 {odd} {"}}"#, "{}").unwrap();
        let text = catalog.fill(Locale::ZhTw, "a.b", |name| (name == "left").then(|| "3".into())).unwrap();
        assert_eq!(text, "剩 3 次 {odd} {");
        assert_eq!(catalog.get(Locale::En, "a.b"), None);
    }
}
