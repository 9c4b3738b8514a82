//! The schema for editors agrees with the parser.

use rampart_domain::scenario::{json_schema, parse};
use serde_json::Value;

use super::{PORTAL, SHIPPED, edit};

/// Follows `$ref`.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => root.pointer(path.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// Calls `visit` with each map of a value, its schema and a path.
fn maps(
    root: &Value,
    schema: &Value,
    value: &Value,
    path: &str,
    visit: &mut dyn FnMut(&Value, &Value, &str),
) {
    let schema = resolve(root, schema);
    match value {
        Value::Object(map) => {
            visit(schema, value, path);
            for (key, below) in map {
                let next = if schema["properties"].is_object() {
                    &schema["properties"][key]
                } else {
                    &schema["additionalProperties"]
                };
                maps(root, next, below, &format!("{path}.{key}"), visit);
            }
        }
        Value::Array(items) => {
            for item in items {
                maps(root, &schema["items"], item, path, visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_key_of_the_shipped_scenario_is_in_the_schema_and_nothing_required_is_missing() {
    let schema = json_schema();
    let value: Value = serde_saphyr::from_str(SHIPPED).unwrap();
    let mut seen = 0;
    maps(&schema, &schema, &value, "", &mut |schema, value, path| {
        let map = value.as_object().unwrap();
        if let Some(known) = schema["properties"].as_object() {
            seen += 1;
            for key in map.keys() {
                assert!(known.contains_key(key), "{path}: {key}");
            }
            for key in schema["required"].as_array().unwrap() {
                assert!(map.contains_key(key.as_str().unwrap()), "{path}: {key}");
            }
            assert_eq!(schema["additionalProperties"], Value::Bool(false), "{path}");
        }
    });
    assert!(seen > 80, "{seen} maps");
}

#[test]
fn the_parser_allows_the_keys_of_the_schema_and_no_others() {
    // A map with one foreign key makes the parser list what it knows; that list is the schema's.
    let schema = json_schema();
    for (name, from, to) in [
        ("zone", "start: red }", "start: red, qqqqqqqq: 1 }"),
        ("detection", "{ id: detect-sealed,", "{ qqqqqqqq: 1, id: detect-sealed,"),
        (
            "evidence",
            "{ source: gateway, kind: flow, from: www,",
            "{ qqqqqqqq: 1, source: gateway, kind: flow, from: www,",
        ),
        ("host", "  - id: citizens\n", "  - id: citizens\n    qqqqqqqq: 1\n"),
        ("allow-rule", "- { from: internet,", "- { qqqqqqqq: 1, from: internet,"),
        ("retest", "retest: {", "retest: { qqqqqqqq: 1,"),
        ("repair", "    points: 150\n    full", "    qqqqqqqq: 1\n    points: 150\n    full"),
    ] {
        let faults = parse("s", &edit(PORTAL, from, to)).unwrap_err();
        let known = schema["$defs"][name]["properties"].as_object().unwrap();
        let listed: Vec<String> = known.keys().map(|key| format!("`{key}`")).collect();
        assert_eq!(
            faults[0].hint.as_deref().unwrap(),
            format!("known here: {}", listed.join(", ")),
            "{name}"
        );
    }
}

#[test]
fn the_schema_reads_like_this() {
    insta::assert_snapshot!(format!("{:#}", json_schema()));
}
