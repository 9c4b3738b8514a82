//! Setting the stage by the pages' own forms, for tests whose point comes later: accounts, people, an exercise, seats.

use std::time::Duration;

use super::http::Person;
use super::server::{Server, Setup};
use super::{LAUNCH, SOON, eventually, page};

/// Password that staff choose at their first log-in.
pub const PASSWORD: &str = "a-wall-of-nine-stones";

/// Log-in name and one-time password of the administrator made at the first start, as the server said them.
pub fn first_administrator(server: &Server) -> (String, String) {
    // The server answers a moment before it has said so.
    let mut plain = server.log();
    for _ in 0..1200 {
        if plain.contains("password: ") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
        plain = server.log();
    }
    (page::first(&plain, r"(?m)^ *log-in: +(\S+)"), page::first(&plain, r"(?m)^ *password: +(\S+)"))
}

/// Logs staff in; gives where the server leads them.
pub async fn enter(person: &Person, login: &str, password: &str) -> String {
    person
        .post_from("/staff", "/staff", &[("login", login), ("password", password), ("next", "")])
        .await
        .went_on()
}

/// First log-in with a one-time password: it has to be changed, and then opens the pages.
pub async fn first_log_in(base: &str, login: &str, once: &str) -> Person {
    let person = Person::new(base);
    enter(&person, login, once).await;
    let place = person.get("/people").await.location();
    assert_eq!(place.as_deref(), Some("/password"), "{login} must choose a password first");
    let fields = [("current", once), ("new", PASSWORD), ("again", PASSWORD)];
    person.post_from("/password", "/password", &fields).await.went_on();
    person
}

/// The administrator makes an account; its one-time password.
pub async fn make_account(admin: &Person, login: &str, name: &str, role: &str) -> String {
    let page = admin
        .post_from("/accounts", "/accounts", &[("login", login), ("name", name), ("role", role)])
        .await
        .ok();
    page::secrets(&page)
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("no password for {login}: {}", page::said(&page)))
}

/// Staff of a server.
pub struct Staff {
    pub admin: Person,
    pub instructor: Person,
    pub officer: Person,
}

/// Makes the three kinds of staff.
pub async fn staff(server: &Server) -> Staff {
    let base = server.base();
    let (login, once) = first_administrator(server);
    let admin = first_log_in(&base, &login, &once).await;
    let once = make_account(&admin, "teacher", "林教官", "instructor").await;
    let instructor = first_log_in(&base, "teacher", &once).await;
    let once = make_account(&admin, "officer", "呂差勤", "officer").await;
    let officer = first_log_in(&base, "officer", &once).await;
    Staff { admin, instructor, officer }
}

/// A roster as a file: head, then (name, staff number, agency, gender).
pub fn roster(people: &[(String, String, String, String)]) -> Vec<u8> {
    let mut text = String::from("\u{feff}姓名,職號,機關,性別\r\n");
    for (name, number, agency, gender) in people {
        text.push_str(&format!("{name},{number},{agency},{gender}\r\n"));
    }
    text.into_bytes()
}

/// Imports a roster that is in order.
pub async fn import(instructor: &Person, csv: &[u8]) {
    instructor.get("/people/import").await;
    let preview = instructor.upload("/people/import", "名冊.csv", csv).await.ok();
    let token = page::first(&preview, r#"name="token" value="([^"]+)""#);
    instructor.post("/people/import", &[("token", &token)]).await.went_on();
}

/// `n` people of two agencies, genders in turn; one of each five has none given.
pub fn people(n: usize) -> Vec<(String, String, String, String)> {
    let genders = ["男", "女", "其他", "不願透露", ""];
    (1..=n)
        .map(|i| {
            let agency = if i % 2 == 0 { "縣政府 數位發展處" } else { "木棉雲端" };
            (format!("學員{i:03}"), format!("A{i:04}"), agency.to_owned(), genders[(i - 1) % 5].to_owned())
        })
        .collect()
}

/// Time as a form takes it, hours from now, in Taipei.
pub fn local(hours: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let seconds = i64::try_from(now).unwrap() + (hours + 8) * 3600;
    let out = std::process::Command::new("date")
        .args(["-u", "-d", &format!("@{seconds}"), "+%Y-%m-%dT%H:%M"])
        .output()
        .unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// Makes an exercise; its id.
pub async fn make_exercise(
    server: &mut Server,
    instructor: &Person,
    scenario: &str,
    code: &str,
    pairs: u16,
) -> String {
    let fields = [
        ("scenario", scenario),
        ("code", code),
        ("title", "紅藍對抗實作"),
        ("pairs", &pairs.to_string()),
        ("place", "嵐北訓練教室"),
        ("starts", &local(0)),
        ("ends", &local(3)),
    ];
    let place = instructor.post_from("/exercises/new", "/exercises/new", &fields).await.went_on();
    let id = place.trim_start_matches("/exercises/").split('/').next().unwrap().to_owned();
    assert!(!id.is_empty() && id != "new", "made at {place}");
    server.owns(&id);
    id
}

/// Team ids on the seat table, in its order: red and blue of each pair.
pub async fn teams(instructor: &Person, exercise: &str) -> Vec<String> {
    let html = instructor.get(&format!("/exercises/{exercise}/seats")).await.ok();
    let select = html.split("<select").find(|part| part.contains("name=\"team.")).unwrap_or_default();
    let list = select.split("</select>").next().unwrap_or_default();
    page::all(list, r#"<option value="([^"]+)""#)
}

/// Person ids by name.
pub async fn persons(instructor: &Person, exercise: &str) -> Vec<(String, String)> {
    let html = instructor.get(&format!("/exercises/{exercise}/seats?show=all")).await.ok();
    html.split("<tr>")
        .filter(|row| row.contains("name=\"team."))
        .map(|row| {
            (page::first(row, r#"<th scope="row">([^<]+)</th>"#), page::first(row, r#"name="team\.([^"]+)""#))
        })
        .collect()
}

/// Puts people into teams by name.
pub async fn seat(instructor: &Person, exercise: &str, places: &[(&str, &str)]) {
    let known = persons(instructor, exercise).await;
    let fields: Vec<(String, String)> = places
        .iter()
        .map(|(name, team)| {
            let (_, id) =
                known.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}"));
            (format!("team.{id}"), (*team).to_owned())
        })
        .collect();
    let mut form: Vec<(&str, &str)> = vec![("act", "save")];
    form.extend(fields.iter().map(|(name, team)| (name.as_str(), team.as_str())));
    instructor.post(&format!("/exercises/{exercise}/seats"), &form).await.went_on();
}

/// Makes seat codes; (name, code) of each slip.
pub async fn slips(instructor: &Person, exercise: &str) -> Vec<(String, String)> {
    let path = format!("/exercises/{exercise}/slips");
    let html = instructor.post_from(&path, &path, &[("act", "make")]).await.ok();
    let names = page::all(&html, r#"<p class="slip-name"><b>([^<]+)</b>"#);
    let codes = page::all(&html, r#"<p class="slip-code">([^<]+)</p>"#);
    assert_eq!(names.len(), codes.len());
    names.into_iter().zip(codes).collect()
}

/// Opens a seat by its code.
pub async fn sit(base: &str, code: &str) -> Person {
    let person = Person::new(base);
    let place = person.post_from("/", "/", &[("code", code)]).await.went_on();
    assert_eq!(place, "/seat");
    person
}

/// State of an exercise as the control room shows it.
pub async fn state(instructor: &Person, exercise: &str) -> String {
    let html = instructor.get(&format!("/exercises/{exercise}")).await.ok();
    page::first(&html, r#"data-state="([a-z]+)""#)
}

/// Presses a button of the control room.
pub async fn act(instructor: &Person, exercise: &str, act: &str, code: &str) {
    let page = format!("/exercises/{exercise}");
    let path = format!("/exercises/{exercise}/{act}");
    let fields: &[(&str, &str)] = if code.is_empty() { &[] } else { &[("confirm", code)] };
    instructor.post_from(&page, &path, fields).await.went_on();
}

/// Waits until an exercise is in a state.
pub async fn wait_state(instructor: &Person, exercise: &str, wanted: &str, within: Duration) {
    eventually(&format!("the exercise is {wanted}"), within, || async {
        let now = state(instructor, exercise).await;
        assert!(
            now != "failed",
            "the launch failed: {}",
            page::said(&instructor.get(&format!("/exercises/{exercise}")).await.text())
        );
        (now == wanted).then_some(())
    })
    .await;
}

/// A token made on the page by whoever is logged in.
pub async fn token(person: &Person, scopes: &[&str]) -> String {
    let mut form = vec![("name", "roles"), ("days", "1")];
    form.extend(scopes.iter().map(|scope| ("scope", *scope)));
    let page = person.post_from("/tokens", "/tokens", &form).await.ok();
    page::first(&page, r"(rmp_[a-z2-7]{38})")
}

/// A running exercise with one person in each team.
pub struct Scene {
    pub server: Server,
    pub staff: Staff,
    pub exercise: String,
    pub code: String,
    /// Codes of the seats in the order red 1, blue 1, red 2, blue 2, …
    pub codes: Vec<String>,
    /// People in them, in the same order, once they have sat down.
    pub seats: Vec<Person>,
}

/// Sets everything up to a running exercise with `pairs` pairs on the real engine, and everybody sits down.
pub async fn running(pairs: u16) -> Scene {
    running_with(Setup::default(), pairs).await
}

/// The same with a server of its own setting.
pub async fn running_with(setup: Setup, pairs: u16) -> Scene {
    let mut scene = started_with(setup, pairs).await;
    for code in &scene.codes {
        scene.seats.push(sit(&scene.server.base(), code).await);
    }
    scene
}

/// The same with empty seats.
pub async fn started(pairs: u16) -> Scene {
    started_with(Setup::default(), pairs).await
}

async fn started_with(setup: Setup, pairs: u16) -> Scene {
    let mut server = Server::with(setup).await;
    let staff = staff(&server).await;
    let people = people(usize::from(pairs) * 2);
    import(&staff.instructor, &roster(&people)).await;
    let code = format!("T-{}", super::unique());
    let exercise = make_exercise(&mut server, &staff.instructor, "qinglan-portal", &code, pairs).await;
    let teams = teams(&staff.instructor, &exercise).await;
    assert_eq!(teams.len(), people.len(), "{teams:?}");
    let mut order: Vec<String> = Vec::new();
    for pair in 1..=pairs {
        order.extend([format!("r{pair}"), format!("b{pair}")]);
    }
    let places: Vec<(&str, &str)> =
        people.iter().zip(&order).map(|((name, ..), team)| (name.as_str(), team.as_str())).collect();
    seat(&staff.instructor, &exercise, &places).await;
    let slips = slips(&staff.instructor, &exercise).await;
    act(&staff.instructor, &exercise, "launch", "").await;
    wait_state(&staff.instructor, &exercise, "ready", LAUNCH).await;
    act(&staff.instructor, &exercise, "start", "").await;
    wait_state(&staff.instructor, &exercise, "running", SOON).await;
    let code_of = |name: &str| slips.iter().find(|(known, _)| known == name).unwrap().1.clone();
    let codes = people.iter().map(|(name, ..)| code_of(name)).collect();
    Scene { server, staff, exercise, code, codes, seats: Vec::new() }
}

impl Scene {
    /// Seat of a side of a pair, from 1.
    pub fn red(&self, pair: usize) -> &Person {
        &self.seats[(pair - 1) * 2]
    }

    /// Seat of a side of a pair, from 1.
    pub fn blue(&self, pair: usize) -> &Person {
        &self.seats[(pair - 1) * 2 + 1]
    }
}

/// The flags of a range, as planted, read from the hosts by root: (objective, flag).
pub fn planted(run: &str, range: u16) -> Vec<(String, String)> {
    use super::docker::{exec, host};
    let read = |host_name: &str, script: &str| {
        let (code, text) = exec(&host(run, range, host_name), "root", script);
        assert_eq!(code, 0, "{text}");
        page::first(&text, r"(RMP\{[0-9a-f]{32}\})")
    };
    vec![
        (
            "portal-db".into(),
            read("www", "mariadb -N -e \"SELECT note FROM portal.staff WHERE login='admin'\""),
        ),
        ("www-file".into(), read("www", "cat /srv/portal/private/notice.txt")),
        ("doc-sealed".into(), read("doc", "cat /var/lib/doc/sealed/115-0042.txt")),
    ]
}
