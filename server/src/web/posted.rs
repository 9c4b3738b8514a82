//! What a browser posts: read once by the gate, within limits, whatever its form.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, Form, FromRequest, FromRequestParts, Multipart, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::error::WebError;

/// Longest form, bytes. A seat table of 500 people is 30 kB.
const FORM_LIMIT: usize = 256 * 1024;
/// Longest file in a form, bytes.
pub const FILE_LIMIT: usize = rampart_app::records::roster::BYTES_MAX;
/// What a multipart form may be longer than its file, bytes.
const MULTIPART_EXTRA: usize = 16 * 1024;
/// A body has to be here within this time.
const READ_TIME: Duration = Duration::from_secs(20);

/// An uploaded file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upload {
    /// Name that the browser gave; only for showing.
    pub name: String,
    /// Content.
    pub bytes: Bytes,
}

/// The fields of a form, in order.
#[derive(Debug, Clone, Default)]
pub struct Posted {
    fields: Vec<(String, String)>,
    /// The field `file`, if there was one.
    pub file: Option<Upload>,
}

impl Posted {
    /// The first value of a field, surrounding space removed; empty if there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The first value of a field as it came; empty if there is none. For passwords.
    #[must_use]
    pub fn raw(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Fields whose name begins with `prefix`, as (rest of the name, value).
    pub fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.fields.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// Reads the body of a request.
    pub(super) async fn read(parts: &Parts, body: Body) -> Result<Self, WebError> {
        let kind = content_type(&parts.headers);
        let limit = if kind == "multipart/form-data" { FILE_LIMIT + MULTIPART_EXTRA } else { FORM_LIMIT };
        let bytes = tokio::time::timeout(READ_TIME, to_bytes(body, limit))
            .await
            .map_err(|_| WebError::new(StatusCode::REQUEST_TIMEOUT, "bad_request"))?
            .map_err(|_| too_large(limit))?;
        let mut request = Request::new(Body::from(bytes.clone()));
        *request.headers_mut() = parts.headers.clone();
        *request.method_mut() = parts.method.clone();
        // Measured above already; the extractors' own limit is lower.
        DefaultBodyLimit::disable().apply(&mut request);
        match kind.as_str() {
            "application/x-www-form-urlencoded" => {
                let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, &())
                    .await
                    .map_err(|_| WebError::bad_request())?;
                Ok(Self { fields, file: None })
            }
            "multipart/form-data" => Self::read_multipart(request).await,
            "application/json" => Self::read_json(&bytes),
            "" if bytes.is_empty() => Ok(Self::default()),
            _ => Err(WebError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_request")),
        }
    }

    async fn read_multipart(request: Request) -> Result<Self, WebError> {
        let bad = |_| WebError::bad_request();
        let mut multipart =
            Multipart::from_request(request, &()).await.map_err(|_| WebError::bad_request())?;
        let mut posted = Self::default();
        while let Some(field) = multipart.next_field().await.map_err(bad)? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                let file_name = field.file_name().unwrap_or_default().to_owned();
                let bytes = field.bytes().await.map_err(bad)?;
                if bytes.len() > FILE_LIMIT {
                    return Err(too_large(FILE_LIMIT));
                }
                posted.file = Some(Upload { name: file_name, bytes });
            } else {
                posted.fields.push((name, field.text().await.map_err(bad)?));
            }
        }
        Ok(posted)
    }

    /// A flat JSON object; lists of texts become repeated fields.
    fn read_json(bytes: &[u8]) -> Result<Self, WebError> {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(bytes).map_err(|_| WebError::bad_request())?;
        let mut fields = Vec::new();
        for (name, value) in object {
            let values = match value {
                serde_json::Value::Array(values) => values,
                single => vec![single],
            };
            for value in values {
                match value {
                    serde_json::Value::String(text) => fields.push((name.clone(), text)),
                    serde_json::Value::Number(number) => fields.push((name.clone(), number.to_string())),
                    _ => return Err(WebError::bad_request()),
                }
            }
        }
        Ok(Self { fields, file: None })
    }
}

fn too_large(limit: usize) -> WebError {
    let text =
        if limit >= FILE_LIMIT { format!("{} MB", FILE_LIMIT >> 20) } else { format!("{} kB", limit >> 10) };
    WebError::with(
        StatusCode::PAYLOAD_TOO_LARGE,
        rampart_pages::Problem::new("too_large").with("limit", text),
    )
}

fn content_type(headers: &HeaderMap) -> String {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

impl<S: Send + Sync> FromRequestParts<S> for Posted {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        parts
            .extensions
            .remove::<Self>()
            .ok_or_else(|| WebError::internal("a handler reads a form on a route that is not posted to"))
    }
}
