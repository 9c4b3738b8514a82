//! What is left of a body that nobody read to its end.
//!
//! Who is refused before the whole body was read (too large, no right, no such form) is often still sending it. An answer at
//! that moment closes the connection under the sender's hands: a browser then shows a broken connection and not the reason,
//! and the next request of a client that keeps its connections fails. So the rest is taken and thrown away first, within
//! limits, and the refusal is heard.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{Stream, StreamExt};

/// A body up to this long comes with its head or right behind it, bytes.
const SHORT: u64 = 4 * 1024;
/// What is thrown away at most, bytes, and how long that may take. Beyond these the connection ends as it is.
const MOST: usize = 64 << 20;
const LONGEST: Duration = Duration::from_secs(10);

/// Where a body goes back to when it is dropped before its end.
type Home = Arc<Mutex<Option<BodyDataStream>>>;

/// A body on loan to a handler.
struct Lent {
    body: Option<BodyDataStream>,
    home: Home,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let next = body.poll_next_unpin(cx);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        next
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

/// Takes what a handler left of a longer body before its answer goes out.
pub(super) async fn take(request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let short = match length {
        Some(length) => length <= SHORT,
        None => !request.headers().contains_key(header::TRANSFER_ENCODING),
    };
    if short {
        return next.run(request).await;
    }
    let home = Home::default();
    let lend = |body: Body| {
        let lent = Lent { body: Some(body.into_data_stream()), home: Arc::clone(&home) };
        Body::from_stream(lent)
    };
    let response = next.run(request.map(lend)).await;
    let rest = home.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(rest) = rest {
        // Cut off or not: the answer goes out now.
        let _ = tokio::time::timeout(LONGEST, throw_away(rest)).await;
    }
    response
}

async fn throw_away(mut rest: BodyDataStream) {
    let mut taken = 0;
    while let Some(Ok(piece)) = rest.next().await {
        taken += piece.len();
        if taken > MOST {
            return;
        }
    }
}
