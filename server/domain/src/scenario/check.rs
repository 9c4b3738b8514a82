//! The file against the table of [`super::shape`]: unknown and missing keys, types, forms and bounds.

use super::fault::{Faults, nearest, quote, suggestion};
use super::scalars::{self, Bad};
use super::shape::{CAPABILITIES, Form, Key, MapShape, SCENARIO, Shape};
use super::tree::{Node, Value};

/// Checks the whole file. Misspelt keys are reported and then read as what was meant, so that one slip
/// does not bring a page of faults that only follow from it.
pub(super) fn scenario(node: &mut Node, faults: &mut Faults) {
    map(node, "the scenario", &SCENARIO, faults);
}

fn map(node: &mut Node, label: &str, shape: &MapShape, faults: &mut Faults) {
    let named = describe(node, shape);
    let at = node.at;
    let map = match &mut node.value {
        Value::Map(map) => map,
        Value::Refused => return,
        other => {
            let hint = format!("its keys are {}", key_list(shape));
            faults.add(at, "type", format!("{label} must be a map, not {}", kind(other)), Some(hint));
            return;
        }
    };
    let unknown: Vec<usize> = (0..map.entries.len())
        .filter(|index| !shape.keys.iter().any(|key| key.name == map.entries[*index].key))
        .collect();
    for index in unknown {
        let word = map.entries[index].key.clone();
        let key_at = map.entries[index].key_at;
        let what = format!("unknown key {} in {named}", quote(&word));
        let absent = |key: &&Key| !map.entries.iter().any(|entry| entry.key == key.name);
        let meant = nearest(&word, shape.keys.iter().filter(absent).map(|key| key.name));
        if let Some(meant) = meant {
            faults.add(key_at, "unknown_key", what, Some(format!("did you mean `{meant}`?")));
            map.entries[index].key = meant.to_owned();
        } else {
            let names: Vec<&str> = shape.keys.iter().map(|key| key.name).collect();
            faults.add(key_at, "unknown_key", what, Some(suggestion(&word, &names, "take it away")));
        }
    }
    for key in shape.keys.iter().filter(|key| key.required) {
        if !map.entries.iter().any(|entry| entry.key == key.name) {
            let help = format!("add `{}`: {}", key.name, key.help);
            faults.add(at, "missing_key", format!("{named} has no `{}`", key.name), Some(help));
        }
    }
    for entry in &mut map.entries {
        if let Some(key) = shape.keys.iter().find(|key| key.name == entry.key) {
            value(&mut entry.value, &format!("`{}`", key.name), &key.shape, faults);
        }
    }
}

/// "host `www`", or "this host" when it has no id.
fn describe(node: &Node, shape: &MapShape) -> String {
    match (node.get("id").and_then(Node::scalar), shape.name) {
        (Some(id), name) if !id.is_empty() => format!("{name} {}", quote(id)),
        (_, "scenario") => "the scenario".to_owned(),
        (_, "words") => "this text in two languages".to_owned(),
        // These stand once, under a key of their own name.
        (
            _,
            name @ ("course" | "resources" | "ready" | "row" | "reports" | "retest" | "scoring" | "decay"
            | "weights"),
        ) => {
            format!("`{name}`")
        }
        (_, name) => format!("this {name}"),
    }
}

fn key_list(shape: &MapShape) -> String {
    shape.keys.iter().map(|key| format!("`{}`", key.name)).collect::<Vec<_>>().join(", ")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Scalar { text, quoted: false } if is_null(text) => "empty",
        Value::Scalar { .. } => "a single value",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Refused => "an alias",
    }
}

/// What YAML 1.2 calls null. In a text field it is refused rather than read as the word: nobody means it.
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn value(node: &mut Node, name: &str, shape: &Shape, faults: &mut Faults) {
    match shape {
        Shape::Map(shape) => return map(node, name, shape, faults),
        Shape::List(item, least, most) => return list(node, name, item, (*least, *most), faults),
        Shape::Numbers(least, most) => return numbers(node, name, (*least, *most), faults),
        _ => {}
    }
    let at = node.at;
    match &node.value {
        Value::Refused => {}
        Value::Scalar { text, quoted } if !quoted && is_null(text) => {
            let hint = if text.is_empty() {
                "write a value, or take the key away"
            } else {
                "if the word itself is meant, put it in quotes"
            };
            faults.add(at, "type", format!("{name} is empty"), Some(hint.to_owned()));
        }
        Value::Scalar { text, quoted } => {
            if let Err(Bad(what, hint)) = scalar(text, *quoted, shape) {
                faults.add(at, "value", format!("{name}: {} {what}", quote(text)), hint);
            }
        }
        other => {
            let hint = match shape {
                Shape::Text(_) => Some("put a text that begins with `[` or `{` in quotes".to_owned()),
                _ => None,
            };
            faults.add(at, "type", format!("{name} must be a single value, not {}", kind(other)), hint);
        }
    }
}

fn list(node: &mut Node, name: &str, item: &Shape, (least, most): (usize, usize), faults: &mut Faults) {
    let at = node.at;
    match &mut node.value {
        Value::Refused => {}
        Value::List(items) => {
            if items.len() < least {
                faults.add(at, "value", format!("{name} needs at least {least} items"), None);
            }
            if items.len() > most {
                let what = format!("{name} has {} items, {most} are allowed", items.len());
                faults.add(at, "value", what, None);
                // What follows looks at pairs of items; a hostile file must not make that long.
                items.truncate(most);
            }
            for item_node in items {
                let label = match item {
                    Shape::Map(_) => &format!("an item of {name}"),
                    _ => name,
                };
                value(item_node, label, item, faults);
            }
        }
        other => {
            let hint = match (other, item) {
                (Value::Scalar { text, .. }, Shape::Map(_)) if text.is_empty() => {
                    "write items that begin with `- `, or take the key away"
                }
                (_, Shape::Map(_)) => "each item begins with `- `",
                _ => "write items in brackets: `[a, b]`",
            };
            let what = format!("{name} must be a list, not {}", kind(&node.value));
            faults.add(at, "type", what, Some(hint.to_owned()));
        }
    }
}

fn numbers(node: &mut Node, name: &str, (least, most): (i64, i64), faults: &mut Faults) {
    let at = node.at;
    match &mut node.value {
        Value::Refused => {}
        Value::Map(map) => {
            if map.entries.is_empty() {
                faults.add(
                    at,
                    "value",
                    format!("{name} names no zone"),
                    Some("write `{ dmz: 10 }`".to_owned()),
                );
            }
            for entry in &mut map.entries {
                value(
                    &mut entry.value,
                    &format!("{name} {}", quote(&entry.key)),
                    &Shape::Int(least, most),
                    faults,
                );
            }
        }
        other => {
            let what = format!("{name} must be a map of zones to host numbers, not {}", kind(other));
            faults.add(at, "type", what, Some("write `{ dmz: 10 }`".to_owned()));
        }
    }
}

fn scalar(text: &str, quoted: bool, shape: &Shape) -> Result<(), Bad> {
    match shape {
        Shape::Text(most) => {
            if text.trim().is_empty() {
                return Err(Bad("is blank".to_owned(), Some("write a text".to_owned())));
            }
            let count = text.chars().count();
            if count > *most {
                return Err(Bad(format!("has {count} characters, {most} are allowed"), None));
            }
            Ok(())
        }
        Shape::Form(form) => form_of(text, *form),
        Shape::Int(least, most) => {
            if quoted {
                return Err(Bad(
                    "is a text, a number is wanted".to_owned(),
                    Some("take the quotes away".to_owned()),
                ));
            }
            between(scalars::int(text)?, *least, *most, &|number| number.to_string())
        }
        Shape::Price(..) if text == "never" => Ok(()),
        Shape::Price(least, most) => {
            let hint = || Some("write points: `30`, or `never`".to_owned());
            if quoted {
                return Err(Bad("is a text, points or `never` are wanted".to_owned(), hint()));
            }
            let Ok(points) = scalars::int(text) else {
                return Err(Bad("is neither points nor `never`".to_owned(), hint()));
            };
            between(points, *least, *most, &|number| number.to_string())
        }
        Shape::Duration(least, most) => between(scalars::duration(text)?, *least, *most, &show_duration),
        Shape::Size(least, most) => between(scalars::size(text)?, *least, *most, &show_size),
        Shape::Cpus(least, most) => between(scalars::cpus(text)?, *least, *most, &|cpus| {
            format!("{}.{:03}", cpus / 1_000, cpus % 1_000)
        }),
        Shape::Flag if !quoted && matches!(text, "true" | "false") => Ok(()),
        Shape::Flag => {
            let hint = "write `true` or `false`, without quotes".to_owned();
            Err(Bad("is neither true nor false".to_owned(), Some(hint)))
        }
        Shape::Capability if CAPABILITIES.contains(&text) => Ok(()),
        Shape::Capability => {
            let bare = text.strip_prefix("CAP_").unwrap_or(text);
            let hint = match CAPABILITIES.contains(&bare) {
                true => format!("write `{bare}`"),
                // No "did you mean": the nearest name is seldom the harmless one.
                false => format!("allowed are {}", CAPABILITIES.join(", ")),
            };
            Err(Bad("is no capability that a host may have".to_owned(), Some(hint)))
        }
        Shape::Choice(words) => {
            if words.contains(&text) {
                return Ok(());
            }
            let what = "is not one of the words that are possible here".to_owned();
            Err(Bad(what, Some(suggestion(text, words, ""))))
        }
        Shape::List(..) | Shape::Map(_) | Shape::Numbers(..) => Ok(()),
    }
}

fn between<T: PartialOrd + Copy>(found: T, least: T, most: T, show: &dyn Fn(T) -> String) -> Result<(), Bad> {
    if found < least {
        return Err(Bad(format!("is too small, the least is {}", show(least)), None));
    }
    if found > most {
        return Err(Bad(format!("is too large, the most is {}", show(most)), None));
    }
    Ok(())
}

fn form_of(text: &str, form: Form) -> Result<(), Bad> {
    match form {
        Form::Id => scalars::id(text),
        Form::Image => scalars::image(text),
        Form::Login => scalars::login(text),
        Form::DnsName => scalars::dns_name(text),
        Form::Technique => scalars::technique(text),
        Form::Mode => scalars::mode(text).map(drop),
        Form::AbsolutePath => scalars::absolute_path(text),
        Form::Script => scalars::script_path(text),
        Form::End => scalars::end(text).map(drop),
        Form::Regex => scalars::regex(text),
        Form::Database => scalars::database(text),
    }
}

/// Milliseconds as one writes them in the file.
fn show_duration(ms: i64) -> String {
    for (unit, factor) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if ms % factor == 0 && ms >= factor {
            return format!("{}{unit}", ms / factor);
        }
    }
    format!("{ms}ms")
}

/// Bytes as one writes them in the file.
fn show_size(bytes: u64) -> String {
    for (unit, shift) in [("G", 30), ("M", 20), ("K", 10)] {
        if bytes != 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}")
}
