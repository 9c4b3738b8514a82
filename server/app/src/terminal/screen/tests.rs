use super::*;

/// Two screens that nobody could tell apart, now and after whatever comes.
fn same(a: &Screen, b: &Screen) -> bool {
    a.text() == b.text()
        && a.terminal.cursor() == b.terminal.cursor()
        && a.terminal.dump() == b.terminal.dump()
        && (&a.half, &a.begun) == (&b.half, &b.begun)
        && (&a.modes.set, a.modes.keypad, a.modes.cursor) == (&b.modes.set, b.modes.keypad, b.modes.cursor)
}

/// A browser's terminal that was given the snapshot, having shown something else before.
fn redrawn(screen: &Screen, scrollback: bool) -> Screen {
    let (cols, rows) = screen.size();
    let mut other = Screen::new(u16::try_from(cols).unwrap_or(80), u16::try_from(rows).unwrap_or(24));
    other.feed(b"\x1b[31mwhat was here before\x1b[?2004h\x1b[5;9r");
    other.feed(&screen.snapshot(scrollback));
    other
}

const VI: &[u8] = "\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[1;24r\x1b[2J\x1b[H\x1b[1;32m第一行：台灣地方政府\x1b[0m\r\n~\r\n\x1b[7m-- 插入 --\x1b[27m\x1b[2;5H\x1b[5 q\x1b[?25l"
    .as_bytes();

#[test]
fn a_snapshot_taken_anywhere_redraws_the_same_screen() {
    let mut session = Vec::new();
    session
        .extend_from_slice("$ printf '台'\r\n台\r\n\x1b[38;5;208m橘\x1b[48;2;1;2;3m底\x1b[0m\r\n".as_bytes());
    session.extend_from_slice(&"很長的一行要在螢幕邊緣換行".repeat(12).into_bytes());
    session.extend_from_slice("\x1b]0;標題 title\x07\x1b]2;x\x1b\\".as_bytes());
    session.extend_from_slice(VI);
    session.extend_from_slice(b"\x1b[?1000h\x1b[?1006h\x1b[4h\x1b[3;8r\x1b[?6h\x1b(0lqk\x1b(B");
    session.extend_from_slice(b"\x1b[?1049l\xa4\xa4\xe5\r\n$ ");
    for cut in 0..=session.len() {
        let mut screen = Screen::new(80, 24);
        screen.feed(&session[..cut]);
        let mut other = redrawn(&screen, false);
        assert!(
            same(&screen, &other),
            "cut at {cut}: {:?}",
            String::from_utf8_lossy(&screen.snapshot(false))
        );
        // What comes next falls on the same ground in both.
        screen.feed(&session[cut..]);
        other.feed(&session[cut..]);
        let [a, b] =
            [&screen, &other].map(|screen| String::from_utf8_lossy(&screen.snapshot(false)).into_owned());
        assert!(
            same(&screen, &other),
            "after the cut at {cut} ({:?}):\n{a:?}\n{b:?}",
            &session[cut.saturating_sub(12)..cut]
        );
    }
}

#[test]
fn a_resize_before_the_snapshot_is_no_hindrance() {
    for (cols, rows) in [(137, 41), (40, 10), (79, 24), (2, 2)] {
        let mut screen = Screen::new(80, 24);
        screen.feed(&"寬字元 wide 與很長的提示列 ".repeat(30).into_bytes());
        screen.feed(VI);
        screen.resize(cols, rows);
        assert_eq!(screen.size(), (usize::from(cols), usize::from(rows)));
        assert!(same(&screen, &redrawn(&screen, false)), "{cols}x{rows}");
    }
}

#[test]
fn half_a_character_waits_and_bad_bytes_are_marked() {
    let mut screen = Screen::new(80, 24);
    assert_eq!(screen.feed(b"A \xe5"), "A ");
    assert_eq!(screen.snapshot(false).last(), Some(&0xe5), "a new browser gets the half that has come");
    assert_eq!(screen.feed(b"\x8f\xb0 B\r\n"), "台 B\r\n");
    assert_eq!(screen.text()[0].trim_end(), "A 台 B");
    // Big5 is no UTF-8; the session lives.
    let text = screen.feed(b"\xa4\xa4\xa4\xe5\r\nC\r\n");
    assert!(text.contains('\u{fffd}') && text.ends_with("C\r\n"), "{text:?}");
    assert_eq!(screen.text()[2].trim_end(), "C");
}

#[test]
fn what_scrolled_away_comes_back_too() {
    let mut screen = Screen::new(20, 5);
    for line in 0..40 {
        screen.feed(format!("\x1b[3{}m第 {line} 行\x1b[0m\r\n", line % 8).as_bytes());
    }
    screen.feed(&"長".repeat(25).into_bytes());
    let other = redrawn(&screen, true);
    assert!(same(&screen, &other));
    let all = |screen: &Screen| -> Vec<String> {
        screen.terminal.primary_screen().all_lines().map(|line| line.text().trim_end().to_owned()).collect()
    };
    assert_eq!(all(&screen), all(&other));
    assert_eq!(all(&other)[3], "第 3 行");
    // Nothing away yet: nothing is pushed away.
    let mut short = Screen::new(20, 5);
    short.feed(b"one\r\ntwo");
    assert_eq!(all(&short), all(&redrawn(&short, true)));
}

#[test]
fn a_flood_that_is_passed_over_leaves_the_screen_that_it_would_have_left() {
    let flood = |line: &str, times: usize| line.repeat(times).into_bytes();
    let cases: [(&[u8], Vec<u8>); 5] = [
        (b"$ yes\r\n", flood("y\r\n", 200_000)),
        (b"\x1b[1;31m", (0..20_000).flat_map(|n| format!("行 {n} 台灣\r\n").into_bytes()).collect()),
        (b"\x1b]0;title", flood("inside a title\r\n", 20_000)),
        (b"\x1b[3;8r\x1b[9;1H", (0..20_000).flat_map(|n| format!("{n}\r\n").into_bytes()).collect()),
        (b"", flood("\x1b[32mok\x1b[0m done\r\n", 20_000)),
    ];
    for (before, flood) in cases {
        let (mut quick, mut slow) = (Screen::new(80, 24), Screen::new(80, 24));
        for screen in [&mut quick, &mut slow] {
            screen.feed(before);
        }
        quick.feed(&flood);
        // Small pieces are never passed over.
        for piece in flood.chunks(1000) {
            slow.feed(piece);
        }
        for screen in [&mut quick, &mut slow] {
            screen.feed(b"$ \x07");
        }
        assert!(same(&quick, &slow), "{:?}", String::from_utf8_lossy(before));
        assert!(same(&redrawn(&quick, true), &redrawn(&slow, true)));
        assert_eq!(quick.snapshot(true), slow.snapshot(true));
    }
    let screen = Screen::new(80, 24);
    assert!(screen.passed_over(&"y\r\n".repeat(200_000)).is_some_and(|(head, tail)| tail - head > 500_000));
}

#[test]
fn modes_of_input_are_kept_and_reset() {
    let mut screen = Screen::new(80, 24);
    screen.feed(b"\x1b[?2004;1002h\x1b[?1006h\x1b=\x1b[6 q\x1b[?1002l");
    assert_eq!(
        (&screen.modes.set[..], screen.modes.keypad, screen.modes.cursor),
        (&[2004, 1006][..], true, 6)
    );
    // Cut in the middle of a sequence.
    screen.feed(b"\x1b[?20");
    screen.feed(b"04l");
    assert_eq!(screen.modes.set, [1006]);
    screen.feed(b"\x1b[2;5r");
    assert!(screen.modes.margins);
    screen.feed(b"\x1b[r");
    assert!(!screen.modes.margins);
    screen.feed(b"\x1b[!p");
    assert_eq!((screen.modes.set.len(), screen.modes.keypad), (0, false));
}
