//! A recording as it is made: asciicast, version 2, one line an event. What the shell writes, sizes and marks are recorded;
//! what is typed is not, so a password without echo never gets into a file.
//!
//! A flood does not fill the disk: beyond [`BURST`] a recording grows by [`RATE`] a second at most. What is left out is
//! marked, and the screen as it is then follows, so that a replay is right again from there on.

use std::fmt::Write;

use super::screen::Screen;

/// Bytes that a recording may grow by at once.
pub(super) const BURST: i64 = 2 * 1024 * 1024;
/// Bytes a second that it may grow by for long.
const RATE: i64 = 64 * 1024;
/// While a flood lasts: bytes that must be free before the screen is shown again.
const AGAIN: i64 = 256 * 1024;
/// A flood is over when nothing came for this long, ms.
const QUIET_MS: i64 = 300;
/// Output within this time becomes one event, ms.
const MERGE_MS: i64 = 10;
/// Longest text of one event, bytes.
const EVENT: usize = 64 * 1024;
/// Recorded output after which the screen is drawn anew, so that a replay can begin there; bytes.
const KEYFRAME: usize = 1024 * 1024;

/// Something worth finding in a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The exercise was paused.
    Pause,
    /// It went on.
    Resume,
    /// Somebody of the staff looks on from here.
    Watched,
    /// The browser went away; the shell waits for it.
    Left,
    /// It came back.
    Back,
}

impl Mark {
    fn label(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Watched => "watched",
            Self::Left => "left",
            Self::Back => "back",
        }
    }
}

/// What a recording holds so far. Times are ms since its beginning and never go back.
pub(super) struct Tape {
    /// Lines that are not written to the file yet.
    lines: String,
    /// Output that is not a line yet, and when it began.
    waiting: Option<(i64, String)>,
    limit: u64,
    /// Bytes of all lines so far.
    length: u64,
    free: i64,
    filled_ms: i64,
    last_ms: i64,
    since_keyframe: usize,
    /// Bytes left out since the flood began.
    flood: Option<u64>,
    heard_ms: i64,
    /// Bytes left out in all.
    pub(super) skipped: u64,
    /// It has reached its limit and takes nothing more.
    pub(super) cut: bool,
}

impl Tape {
    /// A recording that may become `limit` bytes long.
    pub(super) fn new(limit: u64, (cols, rows): (u16, u16), at_ms: i64, title: &str) -> Self {
        let head = serde_json::json!({
            "version": 2,
            "width": cols,
            "height": rows,
            "timestamp": at_ms / 1000,
            "title": title,
            "env": { "TERM": super::TERM, "SHELL": "/bin/bash" },
        });
        let lines = format!("{head}\n");
        Self {
            length: lines.len() as u64,
            lines,
            waiting: None,
            limit,
            free: BURST,
            filled_ms: 0,
            last_ms: 0,
            since_keyframe: 0,
            flood: None,
            heard_ms: 0,
            skipped: 0,
            cut: false,
        }
    }

    /// Records output; `screen` has taken it already.
    pub(super) fn output(&mut self, at_ms: i64, text: &str, screen: &Screen) {
        if self.cut || text.is_empty() {
            return;
        }
        self.fill(at_ms);
        self.heard_ms = at_ms;
        let size = i64::try_from(text.len()).unwrap_or(i64::MAX);
        if let Some(left_out) = &mut self.flood {
            *left_out += text.len() as u64;
            self.skipped += text.len() as u64;
            if self.free >= AGAIN {
                self.show_again(at_ms, screen);
            }
            return;
        }
        if self.free < size {
            self.flood = Some(text.len() as u64);
            self.skipped += text.len() as u64;
            return;
        }
        match &mut self.waiting {
            Some((began, waiting)) if at_ms - *began < MERGE_MS && waiting.len() + text.len() <= EVENT => {
                waiting.push_str(text);
            }
            _ => {
                self.settle();
                self.waiting = Some((at_ms, text.to_owned()));
            }
        }
        self.since_keyframe += text.len();
        if self.since_keyframe > KEYFRAME {
            self.keyframe(at_ms, screen);
        }
    }

    /// Records a new size.
    pub(super) fn size(&mut self, at_ms: i64, cols: u16, rows: u16) {
        self.settle();
        self.event(at_ms, "r", &format!("{cols}x{rows}"));
    }

    /// Records a mark.
    pub(super) fn mark(&mut self, at_ms: i64, mark: Mark) {
        self.settle();
        self.event(at_ms, "m", mark.label());
    }

    /// To be called a few times a second: a flood may be over, and what waits becomes a line.
    pub(super) fn tick(&mut self, at_ms: i64, screen: &Screen) {
        self.fill(at_ms);
        if self.flood.is_some() && (at_ms - self.heard_ms >= QUIET_MS || self.free >= AGAIN) {
            self.show_again(at_ms, screen);
        }
        self.settle();
    }

    /// The last moment; gives its time.
    pub(super) fn finish(&mut self, at_ms: i64, screen: &Screen) -> i64 {
        if self.flood.is_some() {
            self.show_again(at_ms, screen);
        }
        self.settle();
        at_ms.max(self.last_ms)
    }

    /// Takes what is to be written to the file.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.lines).into_bytes()
    }

    /// Bytes that wait to be taken.
    pub(super) fn ready(&self) -> usize {
        self.lines.len()
    }

    /// No further byte may be recorded: the exercise's recordings together have reached their limit.
    pub(super) fn stop(&mut self, at_ms: i64) {
        self.settle();
        self.reach_limit(at_ms);
    }

    fn fill(&mut self, at_ms: i64) {
        let passed = (at_ms - self.filled_ms).max(0);
        self.free = (self.free + passed * RATE / 1000).min(BURST);
        self.filled_ms = at_ms;
    }

    fn show_again(&mut self, at_ms: i64, screen: &Screen) {
        let left_out = self.flood.take().unwrap_or(0);
        self.settle();
        self.event(at_ms, "m", &format!("skipped {left_out}"));
        self.keyframe(at_ms, screen);
    }

    fn keyframe(&mut self, at_ms: i64, screen: &Screen) {
        self.settle();
        // Half a character at its end comes whole with the next output.
        let snapshot = screen.snapshot(false);
        let text = String::from_utf8_lossy(&snapshot);
        self.event(at_ms, "o", text.trim_end_matches(char::REPLACEMENT_CHARACTER));
        self.since_keyframe = 0;
    }

    /// Output that waited becomes a line.
    fn settle(&mut self) {
        if let Some((at_ms, text)) = self.waiting.take() {
            self.event(at_ms, "o", &text);
        }
    }

    fn event(&mut self, at_ms: i64, kind: &str, text: &str) {
        if self.cut {
            return;
        }
        let line = line(at_ms.max(self.last_ms), kind, text);
        if self.length + (line.len() as u64) > self.limit {
            self.reach_limit(at_ms);
            return;
        }
        self.put(at_ms, &line);
    }

    fn reach_limit(&mut self, at_ms: i64) {
        if !self.cut {
            let last = line(at_ms.max(self.last_ms), "m", "limit");
            self.put(at_ms, &last);
            self.cut = true;
        }
    }

    fn put(&mut self, at_ms: i64, line: &str) {
        self.last_ms = self.last_ms.max(at_ms);
        self.lines.push_str(line);
        self.length += line.len() as u64;
        self.free -= i64::try_from(line.len()).unwrap_or(i64::MAX);
    }
}

fn line(at_ms: i64, kind: &str, text: &str) -> String {
    let mut line = String::with_capacity(text.len() + text.len() / 8 + 32);
    // Writing to a string cannot fail, and a string is always JSON.
    let _ = write!(line, "[{}.{:03}, \"{kind}\", ", at_ms / 1000, at_ms % 1000);
    line.push_str(&serde_json::to_string(text).unwrap_or_default());
    line.push_str("]\n");
    line
}

/// What is whole of a recording whose server died: its length in bytes up to the last whole line, and in ms.
pub(super) fn whole_part(bytes: &[u8]) -> (usize, i64) {
    let (mut end, mut length_ms) = (0, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !line.ends_with(b"\n") {
            break;
        }
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(line) else { break };
        if let Some(seconds) = value.get(0).and_then(serde_json::Value::as_f64) {
            // Lengths of recordings are far from where a float loses whole milliseconds.
            length_ms = (seconds * 1000.0).round() as i64;
        }
        end += line.len();
    }
    (end, length_ms)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn events(tape: &mut Tape) -> Vec<(f64, String, String)> {
        let bytes = tape.take();
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        lines
            .iter()
            .filter(|line| line.starts_with('['))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// What a player shows at the end.
    fn played(events: &[(f64, String, String)]) -> Screen {
        let mut screen = Screen::new(80, 24);
        for (_, kind, text) in events {
            match kind.as_str() {
                "o" => drop(screen.feed(text.as_bytes())),
                "r" => {
                    let (cols, rows) = text.split_once('x').unwrap();
                    screen.resize(cols.parse().unwrap(), rows.parse().unwrap());
                }
                _ => {}
            }
        }
        screen
    }

    struct Both {
        screen: Screen,
        tape: Tape,
    }

    impl Both {
        fn new(limit: u64) -> Self {
            Self {
                screen: Screen::new(80, 24),
                tape: Tape::new(limit, (80, 24), 1_795_827_600_123, "S115-01"),
            }
        }

        fn write(&mut self, at_ms: i64, bytes: &[u8]) {
            let text = self.screen.feed(bytes);
            self.tape.output(at_ms, &text, &self.screen);
        }
    }

    #[test]
    fn a_recording_is_an_asciicast() {
        let mut both = Both::new(1 << 20);
        both.write(5, b"A \xe5");
        both.write(8, b"\x8f\xb0 B\r\n");
        both.tape.size(1_500, 137, 41);
        both.tape.mark(2_000, Mark::Pause);
        both.write(61_042, "\x1b[31m\"引號\"\\\u{7}".as_bytes());
        assert_eq!(both.tape.finish(61_100, &both.screen), 61_100);
        let text = String::from_utf8(both.tape.take()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let head: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
        assert_eq!((&head["version"], &head["width"], &head["height"]), (&2.into(), &80.into(), &24.into()));
        assert_eq!(head["timestamp"], 1_795_827_600);
        assert_eq!(
            lines[1..],
            [
                r#"[0.005, "o", "A 台 B\r\n"]"#,
                r#"[1.500, "r", "137x41"]"#,
                r#"[2.000, "m", "pause"]"#,
                r#"[61.042, "o", "\u001b[31m\"引號\"\\\u0007"]"#,
            ]
        );
    }

    #[test]
    fn a_flood_is_thinned_out_and_the_screen_is_right_after_it() {
        let mut both = Both::new(1 << 30);
        both.write(0, b"\x1b[32m$ yes\r\n\x1b[0m");
        // Ten seconds at 4 MB/s.
        let flood = "y\r\n".repeat(400_000 / 3);
        for step in 0..100 {
            both.write(step * 100, flood.as_bytes());
        }
        both.write(10_001, b"^C\r\n\x1b[33m$ \x1b[?2004h");
        both.tape.tick(10_100, &both.screen);
        assert!(both.tape.flood.is_some(), "only a moment of quiet");
        both.tape.tick(10_400, &both.screen);
        assert!(both.tape.flood.is_none());
        both.write(11_000, "ls 台\r\n".as_bytes());
        both.tape.finish(11_001, &both.screen);
        let length = both.tape.length;
        assert!(length < 4_000_000, "{length} bytes of 40 MB");
        assert!(both.tape.skipped > 36_000_000);
        let events = events(&mut both.tape);
        assert!(events.iter().any(|(_, kind, text)| kind == "m" && text.starts_with("skipped ")));
        assert_eq!(played(&events).text(), both.screen.text());
        assert!(events.windows(2).all(|two| two[0].0 <= two[1].0), "time goes back");
    }

    #[test]
    fn a_limit_is_marked_and_kept() {
        let mut both = Both::new(20_000);
        for step in 0..200 {
            both.write(step * 1000, "一行字\r\n".repeat(20).as_bytes());
            both.tape.tick(step * 1000 + 500, &both.screen);
        }
        assert!(both.tape.cut);
        assert!(both.tape.length < 20_100, "{}", both.tape.length);
        let events = events(&mut both.tape);
        assert_eq!(events.last().unwrap().2, "limit");
        assert!(events.len() > 10);
    }

    #[test]
    fn a_replay_can_begin_at_a_keyframe() {
        let mut both = Both::new(1 << 30);
        for step in 0..120_i64 {
            both.write(step * 1000, format!("{step} {}\r\n", "x".repeat(30_000)).as_bytes());
        }
        both.tape.finish(120_000, &both.screen);
        let events = events(&mut both.tape);
        let start =
            events.iter().rposition(|(_, kind, text)| kind == "o" && text.starts_with("\x1bc")).unwrap();
        assert!(start > 10);
        assert_eq!(played(&events[start..]).text(), both.screen.text());
    }

    #[test]
    fn what_a_killed_server_left_ends_with_its_last_whole_line() {
        let mut both = Both::new(1 << 20);
        both.write(1_234, b"one\r\n");
        both.tape.mark(5_678, Mark::Resume);
        let bytes = both.tape.take();
        assert_eq!(whole_part(&bytes), (bytes.len(), 5_678));
        let end = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        for cut in end..bytes.len() {
            assert_eq!(whole_part(&bytes[..cut]), (end, 1_234), "cut at {cut}");
        }
        assert_eq!(whole_part(b""), (0, 0));
        assert_eq!(whole_part(b"{\"version\": 2"), (0, 0));
    }
}
