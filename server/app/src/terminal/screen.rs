//! What a terminal shows, kept beside the shell, so that a browser that comes back is given the same screen.
//!
//! The emulator is `avt`: it prints its whole state (both screens, cursors, margins, colours, a sequence that has only
//! half arrived) as escape sequences. It knows no modes that only concern input (pasting, mouse, keypad) nor the shape of
//! the cursor; [`Modes`] keeps those. Bytes may be cut anywhere, so the rest of a character waits for its other half.

use std::fmt::Write;

use avt::{Color, Line, Pen, Terminal};

/// Lines kept that have scrolled away.
pub(super) const SCROLLBACK: usize = 300;
/// Text after an escape sequence that is fed whatever follows: a sequence that was cut has ended by then.
const SETTLED: usize = 4096;
/// Longest beginning of a sequence that is held back.
const BEGUN: usize = 4096;
/// Least text of a flood that is passed over; below that, finding out costs more.
const FLOOD: usize = 64 * 1024;

/// The screen of one terminal.
pub(super) struct Screen {
    terminal: Terminal,
    modes: Modes,
    /// First bytes of a character whose other bytes have not come.
    half: Vec<u8>,
    /// Beginning of a sequence whose end has not come; the emulator gets it whole.
    begun: String,
}

impl Screen {
    /// An empty screen. Sizes below one are one.
    pub(super) fn new(cols: u16, rows: u16) -> Self {
        let size = |n: u16| usize::from(n.max(1));
        let terminal = Terminal::with_scrollback(size(cols), size(rows), Some(SCROLLBACK))
            .expect("a size of at least one is valid");
        Self { terminal, modes: Modes::default(), half: Vec::new(), begun: String::new() }
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> (usize, usize) {
        self.terminal.size()
    }

    /// Sets the size; lines are wrapped anew, as the browser's terminal does it.
    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        self.terminal.resize(usize::from(cols.max(1)), usize::from(rows.max(1)));
    }

    /// Takes output and gives it back as text: bytes that are none become replacement marks, and the beginning of a
    /// character that is not complete waits for its end.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> String {
        let text = self.decode(bytes);
        self.modes.read(text.as_bytes());
        let mut rest = text.as_str();
        if self.modes.at == At::Text || self.begun.len() > BEGUN {
            let begun = std::mem::take(&mut self.begun);
            self.terminal.feed(begun.as_str());
        } else {
            let start = rest.rfind(['\x1b', '\u{9b}']);
            if let Some(start) = start {
                let begun = std::mem::take(&mut self.begun);
                self.terminal.feed(begun.as_str());
                self.begun.push_str(&rest[start..]);
                rest = &rest[..start];
            } else {
                self.begun.push_str(rest);
                rest = "";
            }
        }
        match self.passed_over(rest) {
            Some((head, tail)) => {
                self.terminal.feed(&rest[..head]);
                self.terminal.feed(&rest[tail..]);
            }
            None => self.terminal.feed(rest),
        }
        text
    }

    fn decode(&mut self, bytes: &[u8]) -> String {
        let joined;
        let mut rest = if self.half.is_empty() {
            bytes
        } else {
            self.half.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.half);
            &joined
        };
        let mut text = String::with_capacity(rest.len());
        loop {
            match std::str::from_utf8(rest) {
                Ok(whole) => {
                    text.push_str(whole);
                    return text;
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    text.push_str(std::str::from_utf8(good).unwrap_or_default());
                    let Some(length) = error.error_len() else {
                        self.half = bad.to_vec();
                        return text;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &bad[length..];
                }
            }
        }
    }

    /// In a flood of plain lines only the last ones leave a trace: those on the screen and those that are kept. Gives the
    /// part that can be left out, where leaving it out makes no difference. The emulator then keeps up with any shell.
    fn passed_over(&self, text: &str) -> Option<(usize, usize)> {
        if text.len() < FLOOD || self.modes.margins {
            return None;
        }
        let bytes = text.as_bytes();
        // C1 controls begin with C2 in UTF-8.
        let plain = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..) && *byte != 0xc2;
        let from = bytes.iter().rposition(|byte| !plain(byte)).map_or(0, |at| at + 1) + SETTLED;
        let head = from + bytes.get(from..)?.windows(2).position(|two| two == b"\r\n")? + 2;
        let mut lines = self.terminal.size().1 + SCROLLBACK + 1;
        let mut tail = bytes.len();
        while lines > 0 {
            tail = bytes.get(head..tail)?.windows(2).rposition(|two| two == b"\r\n")? + head;
            lines -= 1;
        }
        let tail = tail + 2;
        (tail > head).then_some((head, tail))
    }

    /// Everything that brings a terminal of the same size to this state, whatever it showed before: what has scrolled away
    /// if wanted, the screen, the modes, and the first half of what has not come whole.
    pub(super) fn snapshot(&self, scrollback: bool) -> Vec<u8> {
        let mut text = String::from("\x1bc");
        if scrollback {
            self.scrolled_away(&mut text);
        }
        self.modes.write(&mut text);
        text.push_str(&self.terminal.dump());
        text.push_str(&self.begun);
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.half);
        bytes
    }

    fn scrolled_away(&self, text: &mut String) {
        let rows = self.terminal.size().1;
        let screen = self.terminal.primary_screen();
        let lines: Vec<&Line> = screen.all_lines().collect();
        let away = &lines[..lines.len().saturating_sub(rows)];
        if away.is_empty() {
            return;
        }
        for line in away {
            write_line(line, text);
        }
        // As many empty lines push the last of them off the screen and nothing more.
        text.push_str(&"\n".repeat(rows - 1));
        text.push_str("\x1b[0m\x1b[H");
    }

    /// The text on the screen, line by line.
    #[cfg(test)]
    pub(super) fn text(&self) -> Vec<String> {
        self.terminal.screen().visible_lines().map(|line| line.text().trim_end().to_owned()).collect()
    }
}

fn write_line(line: &Line, text: &mut String) {
    let mut pen = None;
    let cells = line.cells();
    let end = cells
        .iter()
        .rposition(|cell| cell.char() != ' ' || !cell.pen().is_default())
        .map_or(0, |last| last + 1);
    let end = if line.is_wrapped() { cells.len() } else { end };
    for cell in cells[..end].iter().filter(|cell| cell.width() > 0) {
        if pen != Some(cell.pen()) {
            write_pen(cell.pen(), text);
            pen = Some(cell.pen());
        }
        text.push(cell.char());
    }
    text.push_str("\x1b[0m");
    if !line.is_wrapped() {
        text.push_str("\r\n");
    }
}

fn write_pen(pen: &Pen, text: &mut String) {
    text.push_str("\x1b[0");
    let flags = [
        (pen.is_bold(), "1"),
        (pen.is_faint(), "2"),
        (pen.is_italic(), "3"),
        (pen.is_underline(), "4"),
        (pen.is_blink(), "5"),
        (pen.is_inverse(), "7"),
        (pen.is_strikethrough(), "9"),
    ];
    for (_, code) in flags.iter().filter(|(on, _)| *on) {
        text.push(';');
        text.push_str(code);
    }
    for (colour, ground) in [(pen.foreground(), 38), (pen.background(), 48)] {
        // Writing to a string cannot fail.
        let _ = match colour {
            None => Ok(()),
            Some(Color::Indexed(index)) => write!(text, ";{ground};5;{index}"),
            Some(Color::RGB(rgb)) => write!(text, ";{ground};2;{};{};{}", rgb.r, rgb.g, rgb.b),
        };
    }
    text.push('m');
}

/// Private modes that concern only what the browser sends, or how the cursor looks.
const KEPT: &[u16] = &[9, 12, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004];
/// Longest parameters of a sequence that are looked at.
const PARAMETERS: usize = 64;

/// What the emulator does not keep.
#[derive(Debug, Default, PartialEq, Eq)]
struct Modes {
    set: Vec<u16>,
    keypad: bool,
    cursor: u16,
    /// Lines are scrolled within margins. Only tells whether a flood may be passed over.
    margins: bool,
    at: At,
    parameters: Vec<u8>,
}

/// Where in a sequence the last byte was.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum At {
    #[default]
    Text,
    Escape,
    Sequence,
}

impl Modes {
    fn read(&mut self, mut bytes: &[u8]) {
        loop {
            if self.at == At::Text {
                // The second is the one-character form of `ESC [`.
                let begins = |at: &usize| bytes[*at] == 0x1b || bytes[*at..].starts_with(&[0xc2, 0x9b]);
                let Some(start) = (0..bytes.len()).find(begins) else { return };
                if bytes[start] == 0x1b {
                    bytes = &bytes[start + 1..];
                    self.at = At::Escape;
                } else {
                    bytes = &bytes[start + 2..];
                    self.parameters.clear();
                    self.at = At::Sequence;
                }
            }
            let Some((byte, rest)) = bytes.split_first() else { return };
            bytes = rest;
            self.at = self.next(*byte);
        }
    }

    fn next(&mut self, byte: u8) -> At {
        match (self.at, byte) {
            (_, 0x1b) => At::Escape,
            (At::Escape, b'[') => {
                self.parameters.clear();
                At::Sequence
            }
            (At::Escape, b'=' | b'>') => {
                self.keypad = byte == b'=';
                At::Text
            }
            (At::Escape, b'c') => {
                *self = Self::default();
                At::Text
            }
            (At::Sequence, 0x20..=0x3f) => {
                if self.parameters.len() < PARAMETERS {
                    self.parameters.push(byte);
                }
                At::Sequence
            }
            (At::Sequence, 0x40..=0x7e) => {
                self.sequence(byte);
                At::Text
            }
            // Controls inside a sequence are carried out and leave it open.
            (At::Sequence, 0..=0x17) => At::Sequence,
            _ => At::Text,
        }
    }

    fn sequence(&mut self, end: u8) {
        let parameters = std::mem::take(&mut self.parameters);
        let text = std::str::from_utf8(&parameters).unwrap_or_default();
        match (end, text.strip_prefix('?'), text) {
            (b'h' | b'l', Some(modes), _) => {
                for mode in modes.split(';').filter_map(|mode| mode.parse().ok()) {
                    self.turn(mode, end == b'h');
                }
            }
            (b'p', _, "!") => *self = Self::default(),
            (b'r', None, text) => self.margins = text.bytes().any(|byte| byte != b';'),
            (b'q', None, text) => {
                if let Some(shape) = text.strip_suffix(' ') {
                    self.cursor = shape.parse().unwrap_or(0);
                }
            }
            _ => {}
        }
    }

    fn turn(&mut self, mode: u16, on: bool) {
        if !KEPT.contains(&mode) {
            return;
        }
        self.set.retain(|known| *known != mode);
        if on {
            self.set.push(mode);
        }
    }

    fn write(&self, text: &mut String) {
        // Writing to a string cannot fail.
        for mode in &self.set {
            let _ = write!(text, "\x1b[?{mode}h");
        }
        if self.keypad {
            text.push_str("\x1b=");
        }
        if self.cursor != 0 {
            let _ = write!(text, "\x1b[{} q", self.cursor);
        }
    }
}

#[cfg(test)]
mod tests;
