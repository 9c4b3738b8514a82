//! Streams and the terminal's handshake.

use std::io::Read;
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, StatusCode};
use futures_util::StreamExt;

use crate::house::{House, Visitor};

async fn stream(visitor: &Visitor, path: &str, last: Option<&str>) -> BodyDataStream {
    let mut request = visitor.request(Method::GET, path);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = visitor.open(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

/// The next piece of a stream; `None` when it has ended.
async fn next(stream: &mut BodyDataStream, within: Duration) -> Option<String> {
    loop {
        let piece = tokio::time::timeout(within, stream.next()).await.expect("nothing came");
        let piece = piece.map(|bytes| String::from_utf8(bytes.unwrap().to_vec()).unwrap());
        // A sign of life is no event.
        if !piece.as_ref().is_some_and(|piece| piece.starts_with(':')) {
            return piece;
        }
    }
}

/// Does nothing come but signs of life, for several times as long as changes are gathered?
async fn silent(stream: &mut BodyDataStream) -> bool {
    let end = Instant::now() + Duration::from_secs(2);
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        match tokio::time::timeout(left, stream.next()).await {
            Ok(Some(Ok(bytes))) if bytes.starts_with(b":") => {}
            Ok(_) => return false,
            Err(_) => return true,
        }
    }
    true
}

fn field<'a>(event: &'a str, name: &str) -> &'a str {
    event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
}

/// Rights are looked at every two seconds; a busy machine may take far more.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_board_goes_on_where_a_browser_left_off() {
    let house = House::new().await;
    let path = format!("/board/{}/events", house.exercise);
    let mut board = stream(&house.visitor(), &path, None).await;
    let first = next(&mut board, SOON).await.unwrap();
    assert_eq!(field(&first, "event"), "snapshot");
    let seen = field(&first, "id").to_owned();
    let red = house.seat("r1").await;
    red.post("/seat/flags", &[("objective", "portal-db"), ("flag", &house.flag("r1", "portal-db"))]).await;
    let second = next(&mut board, SOON).await.unwrap();
    assert_eq!(field(&second, "event"), "delta");
    let delta: serde_json::Value = serde_json::from_str(field(&second, "data")).unwrap();
    assert_eq!(delta["from"].as_u64().unwrap().to_string(), seen);
    drop(board);
    let mut again = stream(&house.visitor(), &path, Some(&seen)).await;
    let missed = next(&mut again, SOON).await.unwrap();
    assert_eq!((field(&missed, "event"), field(&missed, "id")), ("delta", field(&second, "id")));
    let mut lost = stream(&house.visitor(), &path, Some("999999")).await;
    assert_eq!(field(&next(&mut lost, SOON).await.unwrap(), "event"), "snapshot");
}

/// What of a packed stream can be read so far.
fn unpacked(packed: &[u8]) -> String {
    let (mut text, mut piece) = (Vec::new(), [0; 4096]);
    let mut reader = flate2::read::GzDecoder::new(packed);
    while let Ok(read @ 1..) = reader.read(&mut piece) {
        text.extend_from_slice(&piece[..read]);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn the_board_is_the_same_packed_plain_and_as_a_document() {
    let house = House::new().await;
    let path = format!("/board/{}", house.exercise);
    let visitor = house.visitor();
    let request =
        visitor.request(Method::GET, &format!("{path}/events")).header("accept-encoding", "br, gzip;q=0.8");
    let response = visitor.open(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let mut packed = response.into_body().into_data_stream();
    let mut bytes = Vec::new();
    let mut until = async |what: &str| loop {
        let piece = tokio::time::timeout(SOON, packed.next()).await.expect("nothing came").unwrap().unwrap();
        bytes.extend_from_slice(&piece);
        // Signs of life come when they come.
        let text = unpacked(&bytes).replace(": alive\n\n", "");
        if text.contains(what) {
            return text;
        }
    };
    let mut plain = stream(&house.visitor(), &format!("{path}/events"), None).await;
    let first = next(&mut plain, SOON).await.unwrap();
    assert_eq!(until("event: snapshot").await, first);
    let document = visitor.get(&format!("{path}/state")).await;
    assert_eq!(document.text(), field(&first, "data"));
    let etag = document.header("etag");
    assert_eq!(etag, format!("\"{}\"", field(&first, "id")));
    let again = async || {
        let request = visitor.request(Method::GET, &format!("{path}/state")).header("if-none-match", etag);
        visitor.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(again().await.status, StatusCode::NOT_MODIFIED);
    let red = house.seat("r1").await;
    red.post("/seat/flags", &[("objective", "portal-db"), ("flag", &house.flag("r1", "portal-db"))]).await;
    let second = next(&mut plain, SOON).await.unwrap();
    assert_eq!(until("event: delta").await, format!("{first}{second}"));
    let changed = again().await;
    assert_eq!(changed.status, StatusCode::OK);
    let board: serde_json::Value = serde_json::from_str(&changed.text()).unwrap();
    let history = visitor.get(&format!("{path}/history")).await.text();
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    assert_eq!(history["seq"], board["seq"]);
    let last = history["moments"].as_array().unwrap().last().unwrap();
    assert_eq!(last["rows"][0]["points"], board["sides"][0]["teams"][0]["points"]);
    for unknown in ["/board/none/state", "/board/none/history"] {
        assert_eq!(visitor.get(unknown).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn no_stream_tells_blue_what_red_did() {
    let house = House::new().await;
    let path = format!("/board/{}/events", house.exercise);
    let mut board = stream(&house.visitor(), &path, None).await;
    next(&mut board, SOON).await.unwrap();
    let red = house.seat("r1").await;
    let flag = house.flag("r1", "portal-db");
    red.post("/seat/flags", &[("objective", "portal-db"), ("flag", &flag)]).await;
    let delta = next(&mut board, SOON).await.unwrap();
    assert!(!delta.contains("portal-db") && !delta.contains(&flag), "{delta}");
    for path in [format!("/board/{}", house.exercise), format!("/board/{}/table", house.exercise)] {
        let page = house.visitor().get(&path).await.text();
        assert!(!page.contains("搜尋頁 SQL 注入"), "{path} names an action");
    }
}

#[tokio::test]
async fn a_change_reaches_control_room_and_seats() {
    let house = House::new().await;
    let (teacher, blue) = (house.staff("teacher").await, house.seat("b1").await);
    let mut control = stream(&teacher, &format!("/exercises/{}/events", house.exercise), None).await;
    let mut seat = stream(&blue, "/seat/events", None).await;
    let red = house.seat("r1").await;
    red.post("/seat/flags", &[("objective", "portal-db"), ("flag", &house.flag("r1", "portal-db"))]).await;
    for stream in [&mut control, &mut seat] {
        assert_eq!(field(&next(stream, SOON).await.unwrap(), "event"), "refresh");
    }
    let began = Instant::now();
    while house.app.store.presence().list(&house.exercise).await.unwrap().is_empty() {
        assert!(began.elapsed() < SOON, "an open seat is presence");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_seat_is_told_nothing_by_what_others_do() {
    let house = House::new().await;
    let (red, rival, blue) = (house.seat("r1").await, house.seat("r2").await, house.seat("b1").await);
    let mut own = stream(&red, "/seat/events", None).await;
    let mut others = [stream(&rival, "/seat/events", None).await, stream(&blue, "/seat/events", None).await];
    let guess = [("objective", "portal-db"), ("flag", "RMP{00000000000000000000000000000000}")];
    let teacher = house.staff("teacher").await;
    let judge = async |act: &'static str| {
        let answer = teacher.post(&format!("/exercises/{}/judge", house.exercise), &[("act", act)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    };
    // A wrong flag is nobody else's, and behind a frozen board a right one is not either.
    red.post("/seat/flags", &guess).await;
    assert_eq!(field(&next(&mut own, SOON).await.unwrap(), "event"), "refresh");
    for stream in &mut others {
        assert!(silent(stream).await, "a wrong flag of another team is told");
    }
    judge("freeze").await;
    for stream in others.iter_mut().chain([&mut own]) {
        assert_eq!(field(&next(stream, SOON).await.unwrap(), "event"), "refresh");
    }
    let flag = house.flag("r1", "portal-db");
    red.post("/seat/flags", &[("objective", "portal-db"), ("flag", &flag)]).await;
    assert_eq!(field(&next(&mut own, SOON).await.unwrap(), "event"), "refresh");
    for stream in &mut others {
        assert!(silent(stream).await, "a capture behind a frozen board is told");
    }
    judge("show").await;
    for stream in &mut others {
        assert_eq!(field(&next(stream, SOON).await.unwrap(), "event"), "refresh");
    }
}

/// Reads until the end of a stream; true if it came in time.
async fn ends(mut stream: BodyDataStream, within: Duration) -> bool {
    let end = Instant::now() + within;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        match tokio::time::timeout(left, stream.next()).await {
            Err(_) => return false,
            Ok(None) => return true,
            Ok(Some(_)) => {}
        }
    }
    false
}

#[tokio::test]
async fn a_stream_ends_with_the_right_to_it() {
    let house = House::new().await;
    let path = format!("/exercises/{}/events", house.exercise);
    let (demoted, disabled, left) =
        (house.staff("teacher").await, house.staff("teacher2").await, house.staff("admin").await);
    let (red, blue) = (house.seat("r1").await, house.seat("b1").await);
    let streams = [
        stream(&demoted, &path, None).await,
        stream(&disabled, &path, None).await,
        stream(&left, "/system/events", None).await,
        stream(&red, "/seat/events", None).await,
        stream(&blue, "/seat/events", None).await,
    ];
    let (teacher, admin) = (&house.accounts["teacher"], &house.accounts["admin"]);
    house.app.set_role(teacher, rampart_store::Role::Officer, admin).await.unwrap();
    house.app.set_disabled(&house.accounts["teacher2"], true, &house.accounts["admin"]).await.unwrap();
    left.post("/logout", &[]).await;
    let (red_seat, blue_seat) = (house.seat_id("r1").await, house.seat_id("b1").await);
    house.app.take_seat(&house.exercise, &red_seat, &house.accounts["admin"]).await.unwrap();
    // The other side: the same person, another team.
    let seats = house.app.store.seats().list(&house.exercise).await.unwrap();
    let person = seats.iter().find(|seat| seat.id == blue_seat).unwrap().person_id.clone();
    house.app.give_seat(&house.exercise, &person, "r2", &house.accounts["admin"]).await.unwrap();
    let ended = futures_util::future::join_all(streams.map(|stream| ends(stream, SOON))).await;
    assert_eq!(ended, [true; 5]);
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let house = House::new().await;
    let board = stream(&house.visitor(), &format!("/board/{}/events", house.exercise), None).await;
    house.web.stop();
    assert!(ends(board, SOON).await);
}

#[tokio::test]
async fn a_terminal_asks_for_origin_log_in_and_seat() {
    let house = House::new().await;
    let red = house.seat("r1").await;
    let shake = async |visitor: &Visitor, path: &str, origin: Option<&str>| {
        let mut request = visitor
            .request(Method::GET, path)
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        visitor.open(request.body(Body::empty()).unwrap()).await.status()
    };
    let own = Some("http://range.test");
    let path = "/seat/terminal";
    assert_eq!(shake(&house.visitor(), path, own).await, StatusCode::UNAUTHORIZED);
    assert_eq!(shake(&house.staff("teacher").await, path, own).await, StatusCode::FORBIDDEN);
    for foreign in [Some("https://evil.example"), Some("null"), Some("http://range.test:81"), None] {
        assert_eq!(shake(&red, path, foreign).await, StatusCode::FORBIDDEN, "{foreign:?}");
    }
    let other = house.seat_id("r2").await;
    assert_eq!(shake(&red, &format!("{path}?seat={other}"), own).await, StatusCode::NOT_FOUND);
    // Without a connection below there is nothing to upgrade, which is asked last.
    assert_eq!(shake(&red, path, own).await, StatusCode::UPGRADE_REQUIRED);
    let mine = house.seat_id("r1").await;
    assert_eq!(shake(&red, &format!("{path}?seat={mine}"), own).await, StatusCode::UPGRADE_REQUIRED);
}
