//! A real browser: one chromedriver for a test, a fresh profile for each person.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::http::Person;
use super::own::free_port;
use super::{SOON, eventually};

/// Chromium as a test wants it: no window, no traffic of its own.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,1000",
];

/// The driver's process.
pub struct Driver {
    child: Child,
    address: String,
    /// Profiles live here and go with it; also the browsers' own temporary files.
    home: TempDir,
}

impl Driver {
    /// Starts a chromedriver on a free port.
    pub async fn start() -> Self {
        let port = free_port();
        let home = tempfile::Builder::new().prefix("rampart-browser-").tempdir().unwrap();
        let child = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .env("TMPDIR", home.path())
            .env("HOME", home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("no chromedriver: tests/run installs it");
        let driver = Self { child, address: format!("http://127.0.0.1:{port}"), home };
        let status = format!("{}/status", driver.address);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        eventually("chromedriver answers", SOON, || async {
            client.get(&status).send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
        driver
    }

    /// Opens a browser with a profile of its own.
    pub async fn browser(&self, name: &str, base: &str) -> Browser {
        let profile = self.home.path().join(name);
        let mut args: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
        args.push(format!("--user-data-dir={}", profile.display()));
        let downloads = self.home.path().join(format!("{name}-downloads"));
        std::fs::create_dir_all(&downloads).unwrap();
        let prefs = json!({
            "download.default_directory": downloads,
            "download.prompt_for_download": false,
            // A PDF is saved like any other file.
            "plugins.always_open_pdf_externally": true,
        });
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": args, "prefs": prefs },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(wanted) = wanted else { unreachable!("it is an object") };
        // On a machine that is very busy a browser may not be there when its driver has waited long enough.
        let mut tries = 0;
        let client = loop {
            tries += 1;
            let mut builder = ClientBuilder::new(HttpConnector::new());
            match builder.capabilities(wanted.clone()).connect(&self.address).await {
                Ok(client) => break client,
                Err(fault) if tries < 3 => eprintln!("no browser for {name} yet: {fault}"),
                Err(fault) => panic!("no browser for {name}: {fault}"),
            }
        };
        Browser { name: name.to_owned(), base: base.to_owned(), client, downloads }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // SIGTERM lets it close its browsers; what is left after that goes with the process group of none of ours.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        for _ in 0..50 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A browser that outlived its driver is known by its profile, which no other test has.
        let profile = self.home.path().display().to_string();
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&line).contains(&format!("--user-data-dir={profile}")) {
                let _ =
                    Command::new("kill").arg("-9").arg(process.file_name()).stderr(Stdio::null()).status();
            }
        }
    }
}

/// Somebody's browser.
pub struct Browser {
    pub name: String,
    base: String,
    pub client: Client,
    downloads: PathBuf,
}

/// Texts of all elements that a selector finds.
const TEXTS: &str = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.trim())";

fn texts_of(found: &Value) -> Vec<String> {
    found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Whether a fault is of the moment: the element was replaced, or is not to be got at yet.
fn passes(fault: &CmdError) -> bool {
    let of_the_moment = [
        ErrorStatus::StaleElementReference,
        ErrorStatus::ElementClickIntercepted,
        ErrorStatus::ElementNotInteractable,
    ];
    matches!(fault, CmdError::Standard(said) if of_the_moment.contains(&said.error))
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// A command of the browser's own protocol.
#[derive(Debug)]
struct Devtools(Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.to_string()))
    }
}

impl Browser {
    /// Goes to a path of the server.
    pub async fn goto(&self, path: &str) {
        self.client
            .goto(&format!("{}{path}", self.base))
            .await
            .unwrap_or_else(|fault| panic!("{}: {path}: {fault}", self.name));
    }

    /// Path that the browser is at.
    pub async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// Waits for an element.
    pub async fn find(&self, css: &str) -> fantoccini::elements::Element {
        match self.client.wait().at_most(SOON).for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(fault) => panic!("{}: no {css} at {}: {fault}", self.name, self.path().await),
        }
    }

    /// Is there such an element now?
    pub async fn has(&self, css: &str) -> bool {
        self.client.find(Locator::Css(css)).await.is_ok()
    }

    /// Clicks as a person does, after scrolling to it.
    pub async fn click(&self, css: &str) {
        let began = Instant::now();
        loop {
            let element = self.find(css).await;
            let there = "arguments[0].scrollIntoView({block: 'center'})";
            let clicked = match self.client.execute(there, vec![json!(element)]).await {
                Ok(_) => element.click().await,
                Err(fault) => Err(fault),
            };
            match clicked {
                Ok(()) => return,
                // Live pages replace their parts, and a word that comes and goes may lie above them for a moment.
                Err(fault) if passes(&fault) && began.elapsed() < SOON => pause().await,
                Err(fault) => panic!("{}: click on {css}: {fault}", self.name),
            }
        }
    }

    /// Clicks on what sends a form, and waits until another page has taken this one's place.
    pub async fn submit(&self, css: &str) {
        self.js("document.documentElement.dataset.left = '1'", vec![]).await;
        self.click(css).await;
        let what = format!("{}: {css} leads on", self.name);
        eventually(&what, SOON, || async {
            let left = "return document.documentElement.dataset.left ?? ''";
            (self.try_js(left, vec![]).await? == json!("")).then_some(())
        })
        .await;
    }

    /// Types into a field in place of what is there.
    pub async fn fill(&self, css: &str, text: &str) {
        let began = Instant::now();
        loop {
            let field = self.find(css).await;
            let typed = match field.clear().await {
                Ok(()) => field.send_keys(text).await,
                Err(fault) => Err(fault),
            };
            match typed {
                Ok(()) => return,
                Err(fault) if passes(&fault) && began.elapsed() < SOON => pause().await,
                Err(fault) => panic!("{}: typing into {css}: {fault}", self.name),
            }
        }
    }

    /// Sets a field whose typing depends on the language of the browser (dates), and tells the page.
    pub async fn set(&self, css: &str, value: &str) {
        let field = self.find(css).await;
        let script = "arguments[0].value = arguments[1]; \
                      for (const kind of ['input', 'change']) arguments[0].dispatchEvent(new Event(kind, {bubbles: true}));";
        self.js(script, vec![json!(field), json!(value)]).await;
    }

    /// Chooses in a list.
    pub async fn choose(&self, css: &str, value: &str) {
        self.find(css)
            .await
            .select_by_value(value)
            .await
            .unwrap_or_else(|fault| panic!("{}: {css}: {fault}", self.name));
    }

    /// All text of an element, of closed parts too.
    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.prop("textContent").await.unwrap().unwrap_or_default()
    }

    /// Texts of all such elements.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        texts_of(&self.js(TEXTS, vec![json!(css)]).await)
    }

    /// Waits until an element's text says something.
    pub async fn wait_text(&self, css: &str, part: &str, within: Duration) -> String {
        let what = format!("{}: {css} says {part:?}", self.name);
        eventually(&what, within, || async {
            let texts = texts_of(&self.try_js(TEXTS, vec![json!(css)]).await?);
            texts.into_iter().find(|text| text.contains(part))
        })
        .await
    }

    /// Waits until there is such an element.
    pub async fn wait_for(&self, css: &str, within: Duration) {
        let what = format!("{}: {css} is there", self.name);
        eventually(&what, within, || async { self.has(css).await.then_some(()) }).await;
    }

    /// Runs a script in the page.
    pub async fn js(&self, script: &str, args: Vec<Value>) -> Value {
        self.client
            .execute(script, args)
            .await
            .unwrap_or_else(|fault| panic!("{}: {script}: {fault}", self.name))
    }

    /// The same for somebody who looks again and again: `None` while one page gives way to another.
    pub async fn try_js(&self, script: &str, args: Vec<Value>) -> Option<Value> {
        self.client.execute(script, args).await.ok()
    }

    /// The page's source.
    pub async fn source(&self) -> String {
        self.client.source().await.unwrap_or_else(|fault| format!("no source: {fault}"))
    }

    /// Pastes a text into the terminal of a seat and presses Enter, as a person would.
    pub async fn paste_in_terminal(&self, text: &str) {
        self.find("[data-term-well] textarea").await;
        let script = "const area = document.querySelector('[data-term-well] textarea'); area.focus(); \
                      const data = new DataTransfer(); data.setData('text/plain', arguments[0]); \
                      area.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));";
        self.js(script, vec![json!(text)]).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let area = self.find("[data-term-well] textarea").await;
        area.send_keys("\u{e007}").await.unwrap_or_else(|fault| panic!("{}: Enter: {fault}", self.name));
    }

    /// What the terminal shows, with what has scrolled away, line by line; nothing before it is there.
    pub async fn screen(&self) -> Vec<String> {
        let script = "return document.querySelector('[data-terminal]')?.terminalText?.() ?? ''";
        let text = self.try_js(script, vec![]).await.unwrap_or_default();
        text.as_str().unwrap_or_default().lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Waits until the terminal shows this line.
    pub async fn wait_screen(&self, line: &str, within: Duration) -> Vec<String> {
        let what = format!("{}: the terminal shows {line:?}", self.name);
        eventually(&what, within, || async {
            let screen = self.screen().await;
            screen.iter().any(|shown| shown.trim() == line).then_some(screen)
        })
        .await
    }

    /// Runs a script in the terminal as a person would: pastes it into a file, runs the file, reads the screen.
    pub async fn run_in_terminal(
        &self,
        name: &str,
        script: &str,
        command: &str,
        within: Duration,
    ) -> Vec<String> {
        self.paste_in_terminal(&format!("cat > {name} <<'THE-END-OF-IT'\n{script}\nTHE-END-OF-IT")).await;
        let mark = super::unique();
        // The shell puts the mark together, so that the echo of the line is not taken for the end.
        self.paste_in_terminal(&format!("clear; {command}; echo \"en\"\"ded {mark} $?\"")).await;
        let what = format!("{}: {command} ends", self.name);
        eventually(&what, within, || async {
            let screen = self.screen().await;
            let ended = screen.iter().any(|line| line.starts_with(&format!("ended {mark} ")));
            ended.then_some(screen)
        })
        .await
    }

    /// The same person asking past the browser, with its log-in.
    pub async fn person(&self) -> Person {
        let person = Person::new(&self.base);
        for cookie in self.client.get_all_cookies().await.unwrap() {
            person.set_cookie(cookie.name(), cookie.value());
        }
        person
    }

    /// Clicks on what gives a file and waits until it is saved: its name and bytes.
    pub async fn download(&self, css: &str) -> (String, Vec<u8>) {
        self.click(css).await;
        let what = format!("{}: {css} gives a file", self.name);
        let file = eventually(&what, SOON * 2, || async {
            let entries = std::fs::read_dir(&self.downloads).unwrap();
            let names: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
            // What is on its way has another name until it is whole.
            let whole = names.len() == 1
                && names.iter().all(|path| {
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    !name.ends_with(".crdownload") && !name.starts_with('.')
                });
            whole.then(|| names[0].clone())
        })
        .await;
        let bytes = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        (file.file_name().unwrap().to_str().unwrap().to_owned(), bytes)
    }

    async fn devtools(&self, command: &str, params: Value) {
        let command = Devtools(json!({ "cmd": command, "params": params }));
        self.client.issue_cmd(command).await.unwrap_or_else(|fault| panic!("{}: {fault}", self.name));
    }

    /// Looks at the whole page as a window of this width shows it. Fails when something is wider than the window; with a
    /// folder named by `RAMPART_TEST_PICTURES` it keeps what there is to see.
    pub async fn look(&self, name: &str, width: u32) {
        let size = |height: i64| json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size(900)).await;
        let wide = self.js("return document.documentElement.scrollWidth", vec![]).await;
        if let Some(folder) = std::env::var_os("RAMPART_TEST_PICTURES") {
            let height = self.js("return document.documentElement.scrollHeight", vec![]).await;
            let height = height.as_i64().unwrap_or(900).clamp(900, 6000);
            self.devtools("Emulation.setDeviceMetricsOverride", size(height)).await;
            let picture = self.client.screenshot().await.unwrap();
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}-{width}.png")), picture)
                .unwrap();
        }
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
        let wide = wide.as_i64().unwrap_or(i64::MAX);
        assert!(wide <= i64::from(width), "{}: {name} is {wide} wide in a window of {width}", self.name);
    }

    /// Keeps what the person saw.
    pub async fn keep(&self, folder: &std::path::Path) {
        let _ = std::fs::create_dir_all(folder);
        if let Ok(picture) = self.client.screenshot().await {
            let _ = std::fs::write(folder.join(format!("{}.png", self.name)), picture);
        }
        let _ = std::fs::write(folder.join(format!("{}.html", self.name)), self.source().await);
    }

    /// Closes it.
    pub async fn close(self) {
        let _ = self.client.close().await;
    }
}
