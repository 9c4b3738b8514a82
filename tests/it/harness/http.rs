//! A person with a browser that only speaks HTTP: keeps cookies, sends forms with their tokens, follows nothing by itself.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::{ACCEPT, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Method, StatusCode};

use super::page;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> Option<String> {
        self.headers.get(LOCATION).map(|place| place.to_str().unwrap().to_owned())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|fault| panic!("{fault}: {}", self.text()))
    }

    /// Fails unless the form was taken, that is, answered by going on elsewhere.
    pub fn went_on(self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "refused: {}", page::said(&self.text()));
        self.location().unwrap()
    }

    /// Fails unless it is a page in order.
    pub fn ok(self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", page::said(&self.text()));
        self.text()
    }
}

/// Somebody at a browser.
pub struct Person {
    base: String,
    client: reqwest::Client,
    jar: Mutex<BTreeMap<String, String>>,
    /// The form token of the last page seen.
    token: Mutex<String>,
}

impl Person {
    /// Somebody who has not been here before.
    pub fn new(base: &str) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(180))
            .no_proxy()
            .build()
            .unwrap();
        Self { base: base.to_owned(), client, jar: Mutex::default(), token: Mutex::default() }
    }

    /// Cookies as the browser would send them.
    pub fn cookies(&self) -> String {
        let jar = self.jar.lock().unwrap();
        jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// The token that goes with the next form.
    pub fn token(&self) -> String {
        self.token.lock().unwrap().clone()
    }

    /// A request with this person's cookies.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let cookies = self.cookies();
        if cookies.is_empty() { request } else { request.header(COOKIE, cookies) }
    }

    /// Sends a request and takes its cookies.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap_or_default();
            let gone = value.is_empty() || text.contains("Max-Age=0;") || text.ends_with("Max-Age=0");
            let mut jar = self.jar.lock().unwrap();
            if gone {
                jar.remove(name)
            } else {
                jar.insert(name.to_owned(), value.to_owned())
            };
        }
        let bytes = response.bytes().await.unwrap().to_vec();
        let answer = Answer { status, headers, bytes };
        let token = page::all(&answer.text(), r#"name="csrf" value="([^"]+)""#);
        if let Some(token) = token.first() {
            token.clone_into(&mut self.token.lock().unwrap());
        }
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn get_json(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(ACCEPT, "application/json")).await
    }

    /// Opens `page`, fills its form and sends it to `path`.
    pub async fn post_from(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.get(page).await;
        self.post(path, fields).await
    }

    /// Sends a form with the token of the last page.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token();
        let mut form = vec![("csrf", token.as_str())];
        form.extend_from_slice(fields);
        self.send(self.request(Method::POST, path).header(ORIGIN, &self.base).form(&form)).await
    }

    /// As the page's script sends a flag: JSON wanted.
    pub async fn post_json(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token();
        let request = self
            .request(Method::POST, path)
            .header(ORIGIN, &self.base)
            .header(ACCEPT, "application/json")
            .header("x-csrf-token", token)
            .form(fields);
        self.send(request).await
    }

    /// Uploads a file in the field `file`.
    pub async fn upload(&self, path: &str, name: &str, bytes: &[u8]) -> Answer {
        let file = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().text("csrf", self.token()).part("file", file);
        self.send(self.request(Method::POST, path).header(ORIGIN, &self.base).multipart(form)).await
    }

    /// Opens a stream of events; gives the answer at its head.
    pub async fn stream(&self, path: &str) -> reqwest::Response {
        let stream = reqwest::Client::builder().no_proxy().build().unwrap();
        let cookies = self.cookies();
        let request = stream.get(format!("{}{path}", self.base)).header(ACCEPT, "text/event-stream");
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies) };
        request.send().await.unwrap()
    }

    /// Address of the server.
    pub fn base(&self) -> &str {
        &self.base
    }
}
