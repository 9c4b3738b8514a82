//! Every route, as everybody, by the table `who.txt`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use reqwest::Method;
use reqwest::header::{ACCEPT, ORIGIN};

use crate::harness::http::Person;
use crate::harness::server::Server;
use crate::harness::stage::{self, Staff};
use crate::harness::{page, unique};

/// Who may: . nobody (everybody), a administrator, i instructor, o officer, r red seat, b blue seat.
static TABLE: LazyLock<Vec<(&str, &str, &str)>> = LazyLock::new(|| {
    let lines = include_str!("who.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [method, path, who] = words[..] else { panic!("{line:?} is no line of the table") };
            (method, path, who)
        })
        .collect()
});

/// A draft with one person in each team, and everybody of whom the tables speak.
struct House {
    server: Server,
    staff: Staff,
    exercise: String,
    red: Person,
    blue: Person,
}

impl House {
    async fn open() -> Self {
        let mut server = Server::start().await;
        let staff = stage::staff(&server).await;
        let people = stage::people(2);
        stage::import(&staff.instructor, &stage::roster(&people)).await;
        let code = format!("T-{}", unique());
        let exercise = stage::make_exercise(&mut server, &staff.instructor, "qinglan-portal", &code, 1).await;
        stage::seat(&staff.instructor, &exercise, &[(&people[0].0, "r1"), (&people[1].0, "b1")]).await;
        let slips = stage::slips(&staff.instructor, &exercise).await;
        let slip = |name: &str| slips.iter().find(|(own, _)| own == name).unwrap().1.clone();
        let red = stage::sit(&server.base(), &slip(&people[0].0)).await;
        let blue = stage::sit(&server.base(), &slip(&people[1].0)).await;
        Self { server, staff, exercise, red, blue }
    }
}

#[test]
fn each_route_has_a_line_in_the_table() {
    let known: BTreeSet<(&str, &str)> = TABLE.iter().map(|(method, path, _)| (*method, *path)).collect();
    let served: BTreeSet<(&str, &str)> =
        rampart::routes().iter().map(|route| (route.method, route.path)).collect();
    let new: Vec<_> = served.difference(&known).collect();
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(new.is_empty(), "nobody has said who may use {new:?}");
    assert!(gone.is_empty(), "the table knows routes that are gone: {gone:?}");
}

/// Asks as a script does: an answer says in a word whether it was the right, the form or the thing that was missing.
async fn ask(person: &Person, method: &str, path: &str) -> (u16, String) {
    let method: Method = method.parse().unwrap();
    let request =
        person.request(method, path).header(ACCEPT, "application/json").header(ORIGIN, person.base());
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let stream = response
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if stream {
        return (status, String::new());
    }
    let text = response.text().await.unwrap();
    let word = serde_json::from_str::<serde_json::Value>(&text)
        .ok()
        .and_then(|json| json["error"].as_str().map(str::to_owned));
    (status, word.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_as_everybody() {
    let House { server, staff, exercise, red, blue } = House::open().await;
    let nobody = Person::new(&server.base());
    let everybody: [(char, &Person); 6] = [
        ('.', &nobody),
        ('a', &staff.admin),
        ('i', &staff.instructor),
        ('o', &staff.officer),
        ('r', &red),
        ('b', &blue),
    ];
    let mut wrong = Vec::new();
    for (method, pattern, may) in TABLE.iter() {
        let id = if pattern.starts_with("/scenarios") { "qinglan-portal" } else { &exercise };
        let path = pattern
            .replace("{id}", id)
            .replace("{range}", "1")
            .replace("{file}", "standings.csv")
            .replace("{host}", "www")
            .replace("{*path}", "app.js");
        let path =
            path.replace("{terminal}", "0198c4").replace("{recording}", "0198c4").replace("{seat}", "0198c4");
        for (role, person) in &everybody {
            let (status, word) = ask(person, method, &path).await;
            let admitted = may.contains(*role);
            // Nothing is posted with a token, so whoever is admitted is asked for it: no form is carried out here.
            let right = match (admitted, *method, *role) {
                (true, "POST", _) => status == 403 && word == "csrf",
                (true, _, _) => !matches!(status, 401 | 403) && status < 500,
                (false, _, '.') => status == 401 && word == "log_in_first",
                (false, _, _) => status == 403 && word == "forbidden",
            };
            if !right {
                wrong.push(format!("{method} {pattern} as {role}: {status} {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    // A page leads whoever is not logged in to a door; the staff's one knows where they wanted to go.
    let answer = nobody.get("/statistics").await;
    assert_eq!(answer.location().as_deref(), Some("/staff?next=/statistics"));
    assert_eq!(nobody.get("/seat").await.location().as_deref(), Some("/"));
    // Another exercise's id, a path that is none, and a method that is none open nothing.
    for path in [
        "/exercises/0198c4",
        "/board/0198c4",
        "/exercises/..%2f..%2fetc",
        "/assets/../Cargo.toml",
        "/nothing",
    ] {
        let answer = staff.instructor.get(path).await;
        assert!(matches!(answer.status.as_u16(), 404 | 400), "{path}: {}", answer.status);
    }
    let answer = staff.instructor.send(staff.instructor.request(Method::DELETE, "/exercises")).await;
    assert_eq!(answer.status.as_u16(), 405, "{}", page::said(&answer.text()));
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_of_other_exercises_and_teams_stay_shut() {
    let mut server = Server::start().await;
    let staff = stage::staff(&server).await;
    let people = stage::people(2);
    stage::import(&staff.instructor, &stage::roster(&people)).await;
    let code = format!("T-{}", unique());
    let exercise = stage::make_exercise(&mut server, &staff.instructor, "qinglan-portal", &code, 1).await;
    stage::seat(&staff.instructor, &exercise, &[(&people[0].0, "r1"), (&people[1].0, "b1")]).await;
    let slips = stage::slips(&staff.instructor, &exercise).await;
    let blue =
        stage::sit(&server.base(), &slips.iter().find(|(name, _)| *name == people[1].0).unwrap().1).await;
    let html = blue.get("/seat").await.ok();
    assert!(!html.contains("action=\"/seat/flags\""), "blue has a flag box");
    assert!(html.contains("id=\"report-form\""));
    // Codes that were made again replace those that nobody has used.
    let again = stage::slips(&staff.instructor, &exercise).await;
    let old = &slips.iter().find(|(name, _)| *name == people[0].0).unwrap().1;
    let answer = Person::new(&server.base()).post_from("/", "/", &[("code", old)]).await;
    assert_eq!(answer.status.as_u16(), 422, "an old slip still opens the seat");
    let new = &again.iter().find(|(name, _)| *name == people[0].0).unwrap().1;
    stage::sit(&server.base(), new).await;
    // The person is moved to the other team: the same log-in does not stay with the old one.
    stage::seat(&staff.instructor, &exercise, &[(&people[1].0, "r1")]).await;
    let after = blue.get("/seat").await;
    assert!(!after.text().contains("id=\"report-form\""), "a moved person still plays for the old team");
}

/// Lines of the API's table: method, path, who, scope.
pub(super) static API: LazyLock<Vec<(&str, &str, &str, &str)>> = LazyLock::new(|| {
    let lines = include_str!("who-api.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [method, path, who, scope] = words[..] else { panic!("{line:?} is no line of the table") };
            (method, path, who, scope)
        })
        .collect()
});

/// Status and code of an answer of the API.
async fn call(method: &str, base: &str, path: &str, token: Option<&str>) -> (u16, String) {
    let stranger = Person::new(base);
    let mut request = stranger.request(method.parse().unwrap(), path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = stranger.send(request).await;
    let json = serde_json::from_slice::<serde_json::Value>(&answer.bytes).unwrap_or_default();
    (answer.status.as_u16(), json["code"].as_str().unwrap_or_default().to_owned())
}

/// Every route of the API on the running server. What is read is read; what acts is asked for with a token that lacks its
/// scope, so whoever may is told that and nothing is carried out.
#[tokio::test(flavor = "multi_thread")]
async fn each_route_of_the_api_as_everybody() {
    let House { server, staff, exercise, red, blue } = House::open().await;
    let base = server.base();
    let everybody =
        [('a', &staff.admin), ('i', &staff.instructor), ('o', &staff.officer), ('r', &red), ('b', &blue)];
    let hole = regex::Regex::new(r"\{[a-z]+\}").unwrap();
    let mut wrong = Vec::new();
    for (role, person) in everybody {
        let offered: BTreeSet<&str> = API
            .iter()
            .filter(|(.., may, scope)| may.contains(role) && *scope != "-")
            .map(|line| line.3)
            .collect();
        let all: Vec<&str> = offered.iter().copied().collect();
        let full = stage::token(person, &all).await;
        // Every role is offered this one, and nothing that acts wants it.
        let bare = stage::token(person, &["board:read"]).await;
        for (method, pattern, may, _) in API.iter() {
            let path = pattern
                .replace("{exercise}", &exercise)
                .replace("{range}", "1")
                .replace("{host}", "www")
                .replace("{scenario}", "qinglan-portal")
                .replace("{file}", "standings.csv")
                .replace("{name}", "a.txt");
            let path = hole.replace_all(&path, "0198c4").into_owned();
            let reads = *method == "GET";
            let (status, code) = call(method, &base, &path, Some(if reads { &full } else { &bare })).await;
            let right = match (may.contains(role), reads) {
                (true, true) => !matches!(status, 401 | 403 | 405 | 429) && status < 500,
                (true, false) => (status, code.as_str()) == (403, "scope_missing"),
                (false, _) => (status, code.as_str()) == (403, "forbidden"),
            };
            if !right {
                wrong.push(format!("{method} {pattern} as {role}: {status} {code}"));
            }
            let (status, code) = call(method, &base, &path, None).await;
            if (status, code.as_str()) != (401, "token_missing") {
                wrong.push(format!("{method} {pattern} as nobody: {status} {code}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let detail = call("GET", &base, "/api/v1/nothing", None).await;
    assert_eq!(detail.0, 404);
}
