//! JSON Schema of the scenario file, for editors. Made from the same table that the parser goes by.

use serde_json::{Map, Value, json};

use super::shape::{CAPABILITIES, Form, MapShape, SCENARIO, Shape};

/// The schema (2020-12) of `scenario.yaml`. It knows the keys and the forms; what only the whole file can tell
/// (references, cycles) is `rampart scenario check`'s part.
#[must_use]
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    let root = map(&SCENARIO, &mut definitions);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rampart scenario",
    });
    if let (Value::Object(schema), Value::Object(root)) = (&mut schema, root) {
        schema.extend(root);
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

fn map(shape: &MapShape, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in shape.keys {
        let mut value = schema_of(&key.shape, definitions);
        if let Value::Object(value) = &mut value {
            value.insert("description".to_owned(), Value::from(key.help));
        }
        properties.insert(key.name.to_owned(), value);
    }
    let required: Vec<&str> = shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    });
    if let (Value::Object(schema), "plant") = (&mut schema, shape.name) {
        let either = json!([
            { "required": ["row"] },
            { "required": ["file", "owner", "mode", "content"] },
        ]);
        schema.insert("oneOf".to_owned(), either);
    }
    schema
}

/// A map of the format stands once below `$defs`.
fn reference(shape: &MapShape, definitions: &mut Map<String, Value>) -> Value {
    let name = shape.name.replace(' ', "-");
    if !definitions.contains_key(&name) {
        let schema = map(shape, definitions);
        definitions.insert(name.clone(), schema);
    }
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn schema_of(shape: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        // Plain `no`, `013` and `12:30` are texts here, whatever type another program takes them for.
        Shape::Text(most) => json!({ "type": ["string", "number", "boolean"], "maxLength": most }),
        Shape::Form(form) => form_of(*form),
        Shape::Int(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Price(least, most) => json!({
            "anyOf": [{ "type": "integer", "minimum": least, "maximum": most }, { "const": "never" }],
        }),
        Shape::Duration(..) => {
            json!({ "type": "string", "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$", "minLength": 2 })
        }
        Shape::Size(..) => json!({ "type": "string", "pattern": "^[0-9]+[KMG]$" }),
        Shape::Cpus(least, most) => json!({
            "type": "number",
            "minimum": f64::from(*least) / 1_000.0,
            "maximum": f64::from(*most) / 1_000.0,
        }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Capability => json!({ "enum": CAPABILITIES }),
        Shape::Choice(words) => {
            // A word of digits may be written without quotes; editors then see a number.
            let mut values: Vec<Value> = words.iter().map(|word| Value::from(*word)).collect();
            values.extend(words.iter().filter_map(|word| word.parse::<i64>().ok()).map(Value::from));
            json!({ "enum": values })
        }
        Shape::List(item, least, most) => json!({
            "type": "array",
            "items": schema_of(item, definitions),
            "minItems": least,
            "maxItems": most,
        }),
        Shape::Map(shape) => reference(shape, definitions),
        Shape::Numbers(least, most) => json!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": { "type": "integer", "minimum": least, "maximum": most },
        }),
    }
}

fn form_of(form: Form) -> Value {
    const ID: &str = "[a-z][a-z0-9]*(-[a-z0-9]+)*";
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match form {
        Form::Id | Form::Image => json!({ "type": "string", "pattern": format!("^{ID}$"), "maxLength": 40 }),
        Form::Login => text("^[a-z_][a-z0-9_-]{0,31}$"),
        Form::DnsName => text("^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"),
        Form::Technique => text("^T[0-9]{4}(\\.[0-9]{3})?$"),
        Form::Mode => json!({ "type": ["string", "integer"], "pattern": "^[0-7]{3,4}$" }),
        Form::AbsolutePath => text("^/.*[^/]$"),
        Form::Script => text("^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$"),
        Form::End => text(&format!("^{ID}(/{ID})?$")),
        Form::Regex => json!({ "type": "string", "format": "regex" }),
        Form::Database => text("^[A-Za-z_][A-Za-z0-9_]{0,63}$"),
    }
}
