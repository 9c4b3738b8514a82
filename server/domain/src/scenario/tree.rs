//! From YAML text to a tree whose every node knows its place.
//!
//! The parser's events are taken as they come; nothing is expanded and no type is guessed, so `no`, `013` and `12:30` stay
//! what was typed, and an alias is a fault instead of a copy.

use serde_saphyr::granit_parser::{
    ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StrInput, options,
};

use super::fault::{Faults, Mark, quote};

/// Longest file, bytes.
const MOST_BYTES: usize = 512 * 1024;
/// Most parser events; the shipped scenario has about 1,500.
const MOST_EVENTS: usize = 100_000;
/// Deepest nesting; the format itself needs six levels.
const MOST_DEPTH: usize = 24;
/// Most keys of one map; the largest of the format has 21.
const MOST_KEYS: usize = 200;
/// So many anchors, aliases or lines with tabs are listed, the rest is more of the same.
const MOST_ALIKE: usize = 10;

/// A node of the file.
#[derive(Debug)]
pub(super) struct Node {
    pub at: Mark,
    pub value: Value,
}

/// What a node holds.
#[derive(Debug)]
pub(super) enum Value {
    /// Text as typed, after YAML's escapes.
    Scalar {
        text: String,
        quoted: bool,
    },
    List(Vec<Node>),
    Map(Map),
    /// Already reported; nothing more is to be said about it.
    Refused,
}

/// A map; each key stands once.
#[derive(Debug, Default)]
pub(super) struct Map {
    pub entries: Vec<Entry>,
    /// Keys that came more than once; only the first is in `entries`.
    pub repeated: Vec<String>,
}

/// Key and value.
#[derive(Debug)]
pub(super) struct Entry {
    pub key: String,
    pub key_at: Mark,
    pub value: Node,
}

impl Node {
    /// Value of a key, when this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(map) => map.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// Place of a key's value, or of the map when the key is missing.
    pub fn at(&self, key: &str) -> Mark {
        self.get(key).map_or(self.at, |node| node.at)
    }

    /// Place of a key itself, or of the map when the key is missing.
    pub fn key_at(&self, key: &str) -> Mark {
        match &self.value {
            Value::Map(map) => {
                map.entries.iter().find(|entry| entry.key == key).map_or(self.at, |entry| entry.key_at)
            }
            _ => self.at,
        }
    }

    /// The text, when this is a scalar.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Items of the list under a key; none when there is no such list.
    pub fn items(&self, key: &str) -> &[Node] {
        match self.get(key).map(|node| &node.value) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// True when a key came more than once in this map.
    pub fn is_repeated(&self, key: &str) -> bool {
        matches!(&self.value, Value::Map(map) if map.repeated.iter().any(|repeated| repeated == key))
    }
}

/// Reads the tree. `None` when the text is no YAML that can be looked at further; the reason is then in `faults`.
pub(super) fn read(source: &str, faults: &mut Faults) -> Option<Node> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    if source.len() > MOST_BYTES {
        let what = format!("the file has {} bytes, a scenario may have {MOST_BYTES}", source.len());
        faults.add(Mark::START, "size", what, None);
        return None;
    }
    let options = options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        flow_nesting_limit: MOST_DEPTH,
        block_nesting_limit: MOST_DEPTH,
    };
    let parser = Parser::new_from_str_with_options(source, options);
    let mut reader = Reader { parser, faults, events: 0, references: 0 };
    match reader.document() {
        Ok(node) => node,
        Err(Stop::Reported) => None,
        Err(Stop::Scan(error)) => {
            syntax(source, &error, faults);
            None
        }
    }
}

enum Stop {
    Scan(ScanError),
    Reported,
}

struct Reader<'a, 'f> {
    parser: Parser<'a, StrInput<'a>>,
    faults: &'f mut Faults,
    events: usize,
    references: usize,
}

fn mark(span: &Span) -> Mark {
    Mark { line: span.start.line(), column: span.start.col() + 1 }
}

impl<'a> Reader<'a, '_> {
    fn next(&mut self) -> Result<(Event<'a>, Mark), Stop> {
        loop {
            self.events += 1;
            let (event, span) = match self.parser.next_event() {
                Some(Ok(next)) => next,
                Some(Err(error)) => return Err(Stop::Scan(error)),
                None => return Ok((Event::StreamEnd, Mark::START)),
            };
            let at = mark(&span);
            if self.events > MOST_EVENTS {
                self.faults.add(at, "size", format!("the file has more than {MOST_EVENTS} parts"), None);
                return Err(Stop::Reported);
            }
            if let Event::Anchor(_, name) = &event {
                self.reference(at, format!("the anchor `&{name}` is not allowed here"));
                continue;
            }
            return Ok((event, at));
        }
    }

    fn reference(&mut self, at: Mark, what: String) {
        self.references += 1;
        if self.references <= MOST_ALIKE {
            let hint = "scenario files have no anchors and aliases; write the value out where it is needed";
            self.faults.add(at, "alias", what, Some(hint.to_owned()));
        }
    }

    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    let hint = "a scenario file holds one document; take away the `---` and what follows";
                    self.faults.add(at, "yaml", "a second document begins here", Some(hint.to_owned()));
                    break;
                }
                Event::DocumentStart(..) => {}
                node => root = Some(self.node(node, at)?),
            }
        }
        if root.is_none() {
            self.faults.add(Mark::START, "yaml", "the file is empty", None);
        }
        Ok(root)
    }

    fn node(&mut self, event: Event<'a>, at: Mark) -> Result<Node, Stop> {
        if let Some(tag) = event.tag() {
            let hint = "scenario files have no tags; the keys say what a value is";
            self.faults.add(
                at,
                "tag",
                format!("the tag {} is not allowed here", quote(&tag.original())),
                Some(hint.to_owned()),
            );
        }
        let value = match event {
            Event::Scalar(text, style, _, _) => {
                Value::Scalar { text: text.into_owned(), quoted: style != ScalarStyle::Plain }
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, at) => items.push(self.node(event, at)?),
                    }
                }
                Value::List(items)
            }
            Event::MappingStart(..) => self.map()?,
            Event::Alias(_) => {
                self.reference(at, "an alias (`*name`) is not allowed here".to_owned());
                Value::Refused
            }
            Event::UnresolvedAlias(name) => {
                self.reference(
                    at,
                    format!("the alias `*{name}` is not allowed here, and nothing has that name"),
                );
                Value::Refused
            }
            _ => Value::Refused,
        };
        Ok(Node { at, value })
    }

    fn map(&mut self) -> Result<Value, Stop> {
        let mut map = Map::default();
        loop {
            let (event, key_at) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::Map(map));
            }
            let key = self.node(event, key_at)?;
            let (event, at) = self.next()?;
            let value = self.node(event, at)?;
            match key.value {
                Value::Scalar { text, .. } => match map.entries.iter().find(|entry| entry.key == text) {
                    Some(first) => {
                        let what = format!(
                            "the key {} stands here again, first in line {}",
                            quote(&text),
                            first.key_at.line
                        );
                        let hint = "put both parts together under one key, or take one away";
                        self.faults.add(key_at, "duplicate_key", what, Some(hint.to_owned()));
                        map.repeated.push(text);
                    }
                    None if map.entries.len() >= MOST_KEYS => {
                        self.faults.add(
                            key_at,
                            "size",
                            format!("this map has more than {MOST_KEYS} keys"),
                            None,
                        );
                        return Err(Stop::Reported);
                    }
                    None => map.entries.push(Entry { key: text, key_at, value }),
                },
                Value::Refused => {}
                Value::List(_) | Value::Map(_) => {
                    self.faults.add(key_at, "type", "a key must be a word, not a list or a map", None);
                }
            }
        }
    }
}

/// Said of a fault that ends the reading: an author must not take it for the only one.
const MORE_LATER: &str = "further faults, if there are any, are found once this is mended";

/// Reports what the parser could not read. Tabs are looked for in the whole file, as there is seldom only one.
fn syntax(source: &str, error: &ScanError, faults: &mut Faults) {
    let at = Mark { line: error.marker().line(), column: error.marker().col() + 1 };
    let tabs: Vec<Mark> = source
        .lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            // Only spaces stand before the first tab of an indentation, so bytes are characters here.
            let tab = line[..indent].find('\t')?;
            (indent < line.len()).then_some(Mark { line: index + 1, column: tab + 1 })
        })
        .collect();
    let about_tabs = matches!(
        error.kind(),
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
    );
    // The parser may stumble one line later than the tab that misled it.
    let blamed = tabs.iter().any(|tab| tab.line == at.line || tab.line + 1 == at.line);
    if !tabs.is_empty() && (about_tabs || blamed) {
        for (number, tab) in tabs.iter().take(MOST_ALIKE).enumerate() {
            let hint = "YAML is indented by spaces only; two for each level";
            let hint = if number == 0 { format!("{hint}; {MORE_LATER}") } else { hint.to_owned() };
            faults.add(*tab, "tab", "a tab stands in the indentation", Some(hint));
        }
        return;
    }
    let (code, what, hint) = match error.kind() {
        ErrorKind::RecursionLimitExceeded => (
            "depth",
            format!("nested deeper than {MOST_DEPTH} levels"),
            Some("a scenario needs six levels; is a bracket not closed?"),
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => (
            "yaml",
            "a `:` is not possible here".to_owned(),
            Some("put a text that holds `: ` in quotes; otherwise the line is indented wrongly"),
        ),
        ErrorKind::UnclosedFlowCollection { open } => ("yaml", format!("the `{open}` is not closed"), None),
        ErrorKind::UnclosedQuotedScalar => (
            "yaml",
            "the quote is not closed".to_owned(),
            Some("a quote inside quotes is written `\\\"` or `''`"),
        ),
        ErrorKind::DirectiveDisallowed => {
            ("yaml", "a line that begins with `%` is not allowed here".to_owned(), None)
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation | ErrorKind::SimpleKeyExpected => {
            (
                "yaml",
                "this line does not fit the lines above".to_owned(),
                Some("keys of one map begin in the same column, each followed by `:`"),
            )
        }
        _ => ("yaml", format!("this is no YAML: {}", error.info()), None),
    };
    let hint = hint.map_or_else(|| MORE_LATER.to_owned(), |hint| format!("{hint}; {MORE_LATER}"));
    faults.add(at, code, what, Some(hint));
}
