//! The document itself, and the page that shows it to people.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rampart_pages::{ApiCode, ApiField, ApiGroup, ApiGuide, ApiOperation};
use serde_json::Value;

use super::Who;
use crate::web::Web;
use crate::web::error::Answer;
use crate::web::visit::Here;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(super::document()).unwrap_or_default());
static TEXT: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string_pretty(&*DOCUMENT).unwrap_or_default());

/// `GET /api/openapi.json`.
pub(crate) async fn document() -> Response {
    let head = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    (head, TEXT.as_str()).into_response()
}

/// `GET /api`.
pub(crate) async fn page(State(web): State<Web>, visit: Here) -> Answer {
    let codes = web.pages.catalog().keys(visit.locale).filter_map(|key| key.strip_prefix("error."));
    let none = BTreeMap::new();
    let page = ApiGuide {
        groups: GROUPS.clone(),
        codes: codes
            .map(|code| ApiCode {
                code: code.to_owned(),
                text: web.pages.text(visit.locale, &format!("error.{code}"), &none),
            })
            .collect(),
    };
    web.page(&visit, &page)
}

static GROUPS: LazyLock<Vec<ApiGroup>> = LazyLock::new(groups);

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// What `$ref` leads to, or the schema itself.
fn resolved(schema: &Value) -> &Value {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    name.map_or(schema, |name| &DOCUMENT["components"]["schemas"][name])
}

/// The type of a schema in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return name.to_owned();
    }
    if let Some(of) = schema["oneOf"].as_array() {
        let kinds: Vec<String> = of.iter().map(kind).collect();
        return kinds.join(" | ");
    }
    let plain = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        kind => kind.as_str().unwrap_or("object").to_owned(),
    };
    match plain.strip_prefix("array") {
        Some(rest) => format!("[{}]{rest}", kind(&schema["items"])),
        None => plain,
    }
}

fn fields(schema: &Value) -> Vec<ApiField> {
    let schema = resolved(schema);
    let mut found = Vec::new();
    for name in ["allOf", "oneOf"] {
        for part in schema[name].as_array().into_iter().flatten() {
            let act = resolved(part)["properties"]["act"]["enum"][0].as_str();
            let of = fields(part).into_iter().map(|field| match act {
                Some(act) if field.name != "act" => {
                    ApiField { name: format!("{act}: {}", field.name), ..field }
                }
                Some(act) => ApiField { kind: format!("\"{act}\""), ..field },
                None => field,
            });
            found.extend(of);
        }
    }
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        found.push(ApiField {
            required: required.contains(&name.as_str()),
            kind: kind(property),
            text: text(property, "description"),
            name: name.clone(),
        });
    }
    found
}

fn operation(path: &str, method: &str, of: &Value, who: Who, makes: bool) -> ApiOperation {
    let parameter = |one: &Value| ApiField {
        name: text(one, "name"),
        kind: kind(&one["schema"]),
        required: one["required"].as_bool().unwrap_or(false),
        text: text(one, "description"),
    };
    let body = of["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
    let answers = of["responses"].as_object().into_iter().flatten();
    let (status, answer) = answers
        .filter(|(status, _)| status.starts_with('2'))
        .map(|(status, answer)| (status.clone(), &answer["content"]["application/json"]["schema"]))
        .next()
        .unwrap_or((String::new(), &Value::Null));
    ApiOperation {
        id: text(of, "operationId"),
        method: method.to_uppercase(),
        path: path.to_owned(),
        scope: of["security"][0]["token"][0].as_str().map(str::to_owned),
        roles: super::roles(who).into_iter().map(str::to_owned).collect(),
        makes,
        detail: text(of, "description").split("\n\nFor: ").next().unwrap_or_default().to_owned(),
        parameters: of["parameters"].as_array().into_iter().flatten().map(parameter).collect(),
        media: body.map(|(media, _)| media.clone()).unwrap_or_default(),
        body: body.map(|(_, content)| fields(&content["schema"])).unwrap_or_default(),
        status,
        answer: if answer.is_null() { Vec::new() } else { fields(answer) },
    }
}

fn groups() -> Vec<ApiGroup> {
    let mut groups: Vec<ApiGroup> = Vec::new();
    for route in super::routes() {
        let of = &DOCUMENT["paths"][&route.path][route.method.to_lowercase()];
        let tag = of["tags"][0].as_str().unwrap_or_default();
        let shown = operation(&route.path, route.method, of, route.who, route.makes);
        match groups.iter_mut().find(|group| group.tag == tag) {
            Some(group) => group.operations.push(shown),
            None => groups.push(ApiGroup { tag: tag.to_owned(), operations: vec![shown] }),
        }
    }
    groups
}
