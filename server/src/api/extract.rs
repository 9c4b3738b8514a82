//! What requests bring, read with words for what is wrong with it.

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use rampart_pages::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::Fault;
use crate::web::error::WebError;

/// A body of JSON.
#[derive(Debug)]
pub struct Body<T>(pub T);

fn said(status: StatusCode, what: impl std::fmt::Display) -> Fault {
    WebError::with(status, Problem::new("body").with("detail", what)).into()
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(refused) => Err(said(refused.status(), refused.body_text())),
        }
    }
}

/// The query.
#[derive(Debug)]
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(refused) => Err(said(StatusCode::BAD_REQUEST, refused.body_text())),
        }
    }
}

/// Most items of one answer.
pub const PAGE_MAX: u32 = 500;
/// Items of one answer where nothing else is asked for.
pub const PAGE: u32 = 100;

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// `next` of the part before; nothing for the first.
    pub cursor: Option<String>,
    /// Most items, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
}

impl Part {
    /// Most items.
    ///
    /// # Errors
    /// 422 for a number that does not do.
    pub fn limit(&self) -> Result<u32, Fault> {
        match self.limit {
            None => Ok(PAGE),
            Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
            Some(_) => {
                Err(Fault::fields(vec![Problem::new("limit_range").with("max", PAGE_MAX).on("limit")]))
            }
        }
    }

    /// The number that a cursor is, for lists that go on at one.
    ///
    /// # Errors
    /// 422 for what was never given as a cursor.
    pub fn after(&self) -> Result<u64, Fault> {
        match &self.cursor {
            None => Ok(0),
            Some(cursor) => cursor.parse().map_err(|_| Fault::field("cursor", "cursor")),
        }
    }
}

/// Part of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// The items.
    pub items: Vec<T>,
    /// Cursor of the next part; null at the end.
    pub next: Option<String>,
}

impl<T> List<T> {
    /// A list that is whole.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
