//! Desktops and files of seats: the bytes by WebSocket, looking on, a browser, files both ways. One range for all of it.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::harness::browser::{Browser, Driver};
use crate::harness::http::Person;
use crate::harness::stage::{self, Scene};
use crate::harness::{SOON, docker, eventually, page};

/// Runs a script in the workstation's desktop; what it says.
fn inside(container: &str, script: &str) -> String {
    let (_, said) = docker::exec(container, "red", &format!("export DISPLAY=:1; {script}"));
    said.trim().to_owned()
}

/// A viewer without a browser.
struct Rfb {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    bytes: Vec<u8>,
    states: Vec<String>,
    closed: bool,
}

async fn open(person: &Person, path: &str, origin: &str) -> Result<Rfb, u16> {
    let mut request =
        format!("{}{path}", person.base().replace("http://", "ws://")).into_client_request().unwrap();
    request.headers_mut().insert("cookie", person.cookies().parse().unwrap());
    request.headers_mut().insert("origin", origin.parse().unwrap());
    match connect_async(request).await {
        Ok((socket, _)) => Ok(Rfb { socket, bytes: Vec::new(), states: Vec::new(), closed: false }),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(other) => panic!("no desktop and no answer: {other}"),
    }
}

impl Rfb {
    async fn send(&mut self, bytes: &[u8]) {
        self.socket.send(Message::Binary(bytes.to_vec().into())).await.unwrap();
    }

    /// Reads until something holds.
    async fn until(&mut self, within: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + within;
        while !holds(self) {
            let left = end.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, self.socket.next()).await {
                Err(_) => return false,
                Ok(Some(Ok(Message::Binary(bytes)))) => self.bytes.extend_from_slice(&bytes),
                Ok(Some(Ok(Message::Text(text)))) => {
                    let state: serde_json::Value = serde_json::from_str(&text).unwrap();
                    self.states.push(state["state"].as_str().unwrap().to_owned());
                }
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => {
                    self.closed = true;
                    return holds(self);
                }
                Ok(Some(Ok(_))) => {}
            }
        }
        true
    }

    /// Says hello and gets a first whole picture, raw: four bytes a pixel.
    async fn see(&mut self) {
        assert!(self.until(SOON, |rfb| rfb.bytes.len() >= 12).await, "{:?}", self.states);
        assert_eq!(&self.bytes[..12], b"RFB 003.008\n");
        self.send(b"RFB 003.008\n\x01\x00").await;
        // Security types, their result, and the head of the screen: size, format, name.
        assert!(self.until(SOON, |rfb| rfb.bytes.len() >= 12 + 2 + 4 + 24).await);
        assert!(self.bytes.windows(7).any(|name| name == b"Rampart"), "{:?}", self.bytes);
        self.bytes.clear();
        self.send(&[2, 0, 0, 1, 0, 0, 0, 0]).await;
        self.send(&[3, 0, 0, 0, 0, 0, 2, 0, 1, 0]).await;
        let picture = 512 * 256 * 4;
        assert!(self.until(SOON, |rfb| rfb.bytes.len() >= picture).await, "{} bytes", self.bytes.len());
        assert!(self.bytes[16..picture].chunks(4).any(|pixel| pixel != [0; 4]), "a black screen");
    }
}

/// Starts listening for the pointer.
fn listen(container: &str) {
    inside(container, "(timeout 600 xev -root -event mouse > /tmp/pointer 2>&1 &)");
}

/// How often the pointer moved to this column.
fn moves(container: &str, x: u16) -> usize {
    inside(container, &format!("grep -c 'root:({x},' /tmp/pointer")).parse().unwrap()
}

async fn bytes_and_looking_on(scene: &Scene, red: &Person, container: &str) {
    assert_eq!(inside(container, "pgrep -c Xvnc"), "0", "nothing runs before it is opened");
    let instructor = &scene.staff.instructor;
    let mut first = open(red, "/seat/desktop", red.base()).await.ok().unwrap();
    first.see().await;
    let list = instructor.get(&format!("/exercises/{}/terminals", scene.exercise)).await.ok();
    let seat = page::first(&list, r#"/desktops/([0-9a-f]+)""#);
    let stream = format!("/exercises/{}/desktops/{seat}/stream", scene.exercise);
    drop(first);
    inside(container, "rampart-desktop stop 1");
    eventually("it ends as a whole", SOON, || async {
        (inside(container, "pgrep -c 'Xvnc|jwm'") == "0").then_some(())
    })
    .await;
    let mut early = open(instructor, &stream, instructor.base()).await.ok().unwrap();
    assert!(early.until(SOON, |rfb| rfb.states.contains(&"ended".to_owned())).await, "{:?}", early.states);
    assert_eq!(inside(container, "pgrep -c Xvnc"), "0", "looking on starts nothing");

    assert_eq!(open(red, "/seat/desktop", "http://evil.example").await.err(), Some(403));
    assert_eq!(open(&scene.staff.admin, &stream, red.base()).await.err(), Some(403));
    assert_eq!(open(red, &stream, red.base()).await.err(), Some(403));
    let mut own = open(red, "/seat/desktop", red.base()).await.ok().unwrap();
    own.see().await;
    assert_eq!(own.states.first().map(String::as_str), Some("starting"));
    assert!(own.states.contains(&"connected".to_owned()), "{:?}", own.states);
    assert_eq!(
        inside(container, "ss -Htln | grep -vc 127.0.0.11:"),
        "0",
        "no port is open but the engine's name service"
    );

    let mut looker = open(instructor, &stream, instructor.base()).await.ok().unwrap();
    looker.see().await;
    assert!(own.until(SOON, |rfb| rfb.states.contains(&"watched".to_owned())).await, "{:?}", own.states);
    let size = inside(container, "xrandr | grep -o 'current [0-9]* x [0-9]*'");
    let resize = [&[251, 0, 3, 32, 2, 88, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 32, 2, 88][..], &[0; 4]].concat();
    let point = |x: u16, y: u8| [5, 0, x.to_be_bytes()[0], x.to_be_bytes()[1], 0, y];
    listen(container);
    // The seat's own hand, here and there, until it is heard in this column.
    let own_moves = async |own: &mut Rfb, x: u16| {
        let end = Instant::now() + SOON;
        while moves(container, x) == 0 {
            assert!(Instant::now() < end, "the seat's own pointer does not move");
            for y in 0..20 {
                own.send(&point(x, 50 + y)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    own_moves(&mut own, 40).await;
    for y in 0..20 {
        looker.send(&point(300, 50 + y)).await;
    }
    looker.send(&resize).await;
    looker.send(&[4, 1, 0, 0, 0, 0, 0, 0x61]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    own_moves(&mut own, 60).await;
    assert_eq!(moves(container, 300), 0, "a looker-on moves nothing");
    assert_eq!(inside(container, "xrandr | grep -o 'current [0-9]* x [0-9]*'"), size);
    inside(container, "pkill xev");
    // What nobody needs to see ends it.
    looker.send(&[99, 0, 0, 0]).await;
    assert!(looker.until(SOON, |rfb| rfb.closed).await);
}

async fn a_browser(browser: &Browser, container: &str) {
    let server = inside(container, "pgrep Xvnc");
    browser.goto("/seat#desktop").await;
    browser.wait_for("[data-desk-state][data-state='connected']", SOON).await;
    let colours = "const c = document.querySelector('[data-desk-well] canvas'); \
        const d = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer); return new Set(d).size";
    eventually("the canvas shows something", SOON, || async {
        (browser.js(colours, vec![]).await.as_i64() > Some(3)).then_some(())
    })
    .await;
    eventually("the screen has the size of its place", SOON, || async {
        let size = browser.text("[data-desk-size]").await.replace('×', " x ");
        (inside(container, "xrandr").contains(&format!("current {size},"))).then_some(())
    })
    .await;
    assert_eq!(inside(container, "pgrep Xvnc"), server, "the same desktop");

    let paste = "document.querySelector('[data-desk-clip]').click(); const f = document.querySelector('[data-desk-clip-text]'); \
                 f.value = '剪貼簿 clipboard'; document.querySelector('[data-desk-clip-send]').click()";
    browser.js(paste, vec![]).await;
    eventually("the text is in the desktop", SOON, || async {
        (inside(container, "timeout 2 xclip -o -selection clipboard") == "剪貼簿 clipboard").then_some(())
    })
    .await;
    inside(container, "printf 公文字號 | xclip -i -selection clipboard >/dev/null 2>&1");
    eventually("the desktop's text is in the page", SOON, || async {
        let text = browser.js("return document.querySelector('[data-desk-clip-text]').value", vec![]).await;
        (text.as_str() == Some("公文字號")).then_some(())
    })
    .await;

    inside(container, "(lxterminal -e 'sh -c \"cat > /tmp/typed\"' >/dev/null 2>&1 &)");
    eventually("a terminal waits for what is typed", SOON, || async {
        let active = "test -e /tmp/typed && xprop -id $(xprop -root _NET_ACTIVE_WINDOW | grep -o '0x[0-9a-f]*') WM_CLASS";
        inside(container, active).to_lowercase().contains("lxterminal").then_some(())
    })
    .await;
    let field = browser.find("[data-desk-type]").await;
    field.send_keys("第115號 abc\u{e007}").await.unwrap();
    eventually("what was typed has come", SOON, || async {
        (inside(container, "cat /tmp/typed") == "第115號 abc").then_some(())
    })
    .await;
    browser.goto("/seat#terminal").await;
    browser.goto("/seat#desktop").await;
    browser.client.refresh().await.unwrap();
    browser.wait_for("[data-desk-state][data-state='connected']", SOON).await;
    assert_eq!(inside(container, "pgrep Xvnc"), server, "a reload finds it again");
}

async fn files(browser: &Browser, red: &Person, blue: &Person, container: &str) {
    red.get("/seat/files").await.ok();
    let bytes: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 253) as u8).collect();
    for _ in 0..2 {
        let place = red.upload("/seat/files", "公文 附件(一).bin", &bytes).await.went_on();
        assert_eq!(place, "/seat/files?p=uploads");
    }
    let list = inside(container, "cd; stat -c '%U %s %n' uploads/*");
    assert_eq!(list, "red 2000000 uploads/公文 附件(一) (2).bin\nred 2000000 uploads/公文 附件(一).bin");
    red.upload("/seat/files", "../../.ssh/authorized_keys", b"x").await.went_on();
    assert_eq!(inside(container, "cd; cat uploads/authorized_keys; ls -d .ssh 2>/dev/null"), "x");
    let long = red.upload("/seat/files", "long.bin", &vec![7; (50 << 20) + 1]).await;
    assert_eq!(long.status.as_u16(), 413, "{}", page::said(&long.text()));
    assert_eq!(inside(container, "cd; ls -A uploads | grep -c -e long -e part"), "0", "nothing of it stays");

    inside(
        container,
        "cd; ln -s /etc/passwd link; mkfifo pipe; ln -s / root; ln -s uploads way; head -c 1000 /dev/zero > zero",
    );
    let name = "uploads/%E5%85%AC%E6%96%87%20%E9%99%84%E4%BB%B6(%E4%B8%80).bin";
    let got = red.get(&format!("/seat/files/get?p={name}")).await;
    assert_eq!((got.status.as_u16(), got.bytes.len()), (200, bytes.len()));
    assert!(got.bytes == bytes);
    let header = |name: &str| got.headers[name].to_str().unwrap().to_owned();
    assert!(header("content-disposition").contains("filename*=UTF-8''%E5%85%AC%E6%96%87%20%E9%99%84"));
    assert!(header("content-security-policy").contains("sandbox"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    for (path, status) in [
        ("../../etc/passwd", 422),
        ("/etc/passwd", 422),
        ("link", 422),
        ("pipe", 422),
        ("root/etc/hostname", 422),
        ("way/authorized_keys", 422),
        ("uploads", 422),
        ("none", 404),
        ("", 422),
    ] {
        let answer = tokio::time::timeout(SOON, red.get(&format!("/seat/files/get?p={path}"))).await.unwrap();
        assert_eq!(answer.status.as_u16(), status, "{path}");
    }
    // Another seat has its own workstation, and nothing of this one.
    assert_eq!(blue.get(&format!("/seat/files/get?p={name}")).await.status.as_u16(), 404);
    assert!(!blue.get("/seat/files").await.ok().contains("?p=uploads"));

    let local = tempfile::Builder::new().prefix("報告 ").suffix(".txt").tempfile().unwrap();
    std::fs::write(local.path(), "由瀏覽器").unwrap();
    browser.goto("/seat/files").await;
    browser.find("[type=file]").await.send_keys(local.path().to_str().unwrap()).await.unwrap();
    browser.click("[data-upload] button").await;
    let base = local.path().file_name().unwrap().to_str().unwrap().to_owned();
    browser.wait_text("body", &base, SOON).await;
    assert_eq!(inside(container, &format!("cat ~/uploads/'{base}'")), "由瀏覽器");
}

#[tokio::test(flavor = "multi_thread")]
async fn desktops_and_files_of_a_range() {
    let scene = stage::started(1).await;
    let driver = Driver::start().await;
    let browser = driver.browser("red", &scene.server.base()).await;
    browser.goto("/").await;
    browser.fill("[name=code]", &scene.codes[0]).await;
    browser.click("main form button").await;
    browser.wait_for("[data-view=desktop]", SOON).await;
    let red = browser.person().await;
    let blue = stage::sit(&scene.server.base(), &scene.codes[1]).await;
    let container = docker::host(&scene.exercise, 1, "attack");

    bytes_and_looking_on(&scene, &red, &container).await;
    a_browser(&browser, &container).await;
    files(&browser, &red, &blue, &container).await;

    let mut open_one = open(&red, "/seat/desktop", red.base()).await.ok().unwrap();
    open_one.see().await;
    stage::act(&scene.staff.instructor, &scene.exercise, "pause", "").await;
    assert!(open_one.until(SOON, |rfb| rfb.states.contains(&"paused".to_owned())).await);
    assert_eq!(red.upload("/seat/files", "a", b"a").await.status.as_u16(), 409);
    stage::act(&scene.staff.instructor, &scene.exercise, "resume", "").await;
    assert!(
        open_one
            .until(SOON, |rfb| rfb
                .states
                .iter()
                .rev()
                .find(|s| *s != "watched")
                .is_some_and(|s| s == "connected"))
            .await
    );
    stage::act(&scene.staff.instructor, &scene.exercise, "end", &scene.code).await;
    assert!(open_one.until(SOON, |rfb| rfb.states.contains(&"ended".to_owned())).await);
    // The container may be cleared already.
    eventually("nothing of the desktop is left", SOON, || async {
        let left = inside(&container, "ps -eo comm | grep -cE '^(Xvnc|jwm|lxterminal|cat)$'");
        (left == "0" || left.contains("No such container")).then_some(())
    })
    .await;
    browser.close().await;
}
