//! JSON Schema of the scenario file, for editors.

/// The schema.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    serde_json::Value::Null
}
