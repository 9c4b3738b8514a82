//! Figures for monitoring.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::web::Web;

/// Figures for monitoring
///
/// OpenMetrics text for Prometheus: requests, latencies, commits, ledger entries, streams, terminals, ranges, nodes, memory.
#[utoipa::path(get, path = "/metrics", tag = "system",
    responses((status = OK, body = String, content_type = "application/openmetrics-text")))]
pub async fn metrics(State(web): State<Web>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], web.metrics.text()).into_response()
}
