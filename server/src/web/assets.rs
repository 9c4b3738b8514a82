//! Style sheets, scripts, fonts and signs, compiled into the program.

use std::sync::LazyLock;

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `npm run build` in `assets/` made before this program was compiled. Nothing there is no error of the compiler,
/// so that everything but the look can be worked on without Node; [`missing`] says it at the start.
#[derive(RustEmbed)]
#[folder = "assets/dist/"]
#[allow_missing = true]
struct Dist;

/// Files without which no page works.
const NEEDED: &[&str] = &["app.css", "app.js", "icons.svg", "mark.svg"];

/// Needed files that were not compiled in.
#[must_use]
pub fn missing() -> Vec<&'static str> {
    NEEDED.iter().copied().filter(|name| Dist::get(name).is_none()).collect()
}

/// Changes whenever a file does; pages append it to addresses.
#[must_use]
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        use sha2::{Digest, Sha256};
        let mut hasher = Sha256::new();
        for name in Dist::iter() {
            hasher.update(name.as_bytes());
            if let Some(file) = Dist::get(&name) {
                hasher.update(file.metadata.sha256_hash());
            }
        }
        hex::encode(hasher.finalize()).chars().take(12).collect()
    });
    &VERSION
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// True for names that carry the hash of their content, as the bundler gives to fonts: `plex-ABCD2345.woff2`.
fn is_hashed(path: &str) -> bool {
    path.rsplit_once('.').and_then(|(stem, _)| stem.rsplit_once('-')).is_some_and(|(_, hash)| {
        hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    })
}

/// `GET /assets/…`.
pub(super) async fn file(
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(file) = Dist::get(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let EmbeddedFile { data, metadata } = file;
    let hash: String = hex::encode(metadata.sha256_hash()).chars().take(16).collect();
    let etag = format!("\"{hash}\"");
    let current = query.is_some_and(|query| query == format!("v={}", version()));
    let caching =
        if current || is_hashed(&path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, caching.to_owned())];
    // A compressing layer weakens the tag, so that is how it may come back.
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    if known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, media_type(&path))], axum::body::Bytes::from(data.into_owned()))
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::{is_hashed, media_type};

    #[test]
    fn names_tell_type_and_hash() {
        assert!(is_hashed("fonts/ibm-plex-sans-latin-400-normal-ABCD2345.woff2"));
        assert!(!is_hashed("app.css"));
        assert!(!is_hashed("ibm-plex-sans-normal.woff2"));
        assert_eq!(media_type("a/b.js"), "text/javascript; charset=utf-8");
        assert_eq!(media_type("noextension"), "application/octet-stream");
    }
}
