//! Texts by key. A locale file is a tree of JSON objects; a key is the path to a text, joined by dots.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::contexts::Locale;

/// All texts of both languages.
#[derive(Debug, Clone)]
pub struct Catalog {
    texts: [BTreeMap<String, String>; 2],
}

/// Texts as they stand in a file: a text, or keys with what is below them.
enum Tree {
    Text(String),
    Branch(BTreeMap<String, Tree>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text or keys")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut branch = BTreeMap::new();
        while let Some((key, value)) = access.next_entry::<String, Tree>()? {
            // The later one would hide all that stands below the earlier.
            if branch.contains_key(&key) {
                return Err(de::Error::custom(format!("the key {key:?} stands twice")));
            }
            branch.insert(key, value);
        }
        Ok(Tree::Branch(branch))
    }
}

fn flatten(prefix: &str, tree: Tree, into: &mut BTreeMap<String, String>) {
    match tree {
        Tree::Branch(branch) => {
            for (key, below) in branch {
                let path = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                flatten(&path, below, into);
            }
        }
        Tree::Text(text) => {
            into.insert(prefix.to_owned(), text);
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
    /// What serde_json says if one of them is no JSON of texts, with the place; also when a key stands twice.
    pub fn parse(zh_tw: &str, en: &str) -> Result<Self, serde_json::Error> {
        let read = |text: &str| -> Result<BTreeMap<String, String>, serde_json::Error> {
            let mut texts = BTreeMap::new();
            flatten("", serde_json::from_str::<Tree>(text)?, &mut texts);
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
