//! Files that are meant to harm: they cost little and are refused with a reason.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rampart_domain::scenario::parse;

use super::{PORTAL, shown};

/// The text is refused, and without hanging. The bound only tells work that grows without end from work that does not:
/// this is an unoptimised build on a machine that does other things, too.
fn refused(source: &str, wanted: &str) -> String {
    let start = Instant::now();
    let faults = parse("s", source).unwrap_err();
    let took = start.elapsed();
    let text = shown(&faults);
    assert!(text.contains(wanted), "{text}");
    assert!(took < Duration::from_secs(30), "{took:?}: {text}");
    assert!(faults.len() <= 301, "{} faults", faults.len());
    text
}

#[test]
fn alias_bombs_are_not_expanded() {
    let mut bomb = String::from("a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (before, name) in ('a'..='h').zip('b'..='i') {
        let _ = writeln!(bomb, "{name}: &{name} [{}]", vec![format!("*{before}"); 9].join(","));
    }
    let text = refused(&bomb, "s:1:4: the anchor `&a` is not allowed here");
    assert!(text.contains("s:2:8: an alias (`*name`) is not allowed here"), "{text}");
    assert!(text.lines().count() < 200, "{text}");
    // The same inside a field that would otherwise be right.
    refused(&format!("{PORTAL}\nx: &x [*x, *x]\n"), "the anchor `&x`");
    refused(
        &format!("{}\n{}", PORTAL.replace("duration: 90m", "duration: &d 90m"), "<<: *d\n"),
        "the anchor `&d`",
    );
}

#[test]
fn deep_nesting_is_refused() {
    refused(&"[".repeat(5_000), "s:1:25: nested deeper than 24 levels");
    refused(&"{a: ".repeat(5_000), "nested deeper than 24 levels");
    refused(&"- ".repeat(5_000), "nested deeper than 24 levels");
    let steps: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    refused(&steps[..400_000], "nested deeper than 24 levels");
}

#[test]
fn long_files_are_refused() {
    refused(&"a".repeat(600_000), "the file has 600000 bytes, a scenario may have 524288");
    refused(&"- a\n".repeat(110_000), "the file has more than 100000 parts");
    let keys: String = (0..30_000).map(|number| format!("k{number}: 1\n")).collect();
    refused(&keys, "this map has more than 200 keys");
    let hosts: String = (0..10_000).map(|_| "  - { id: a }\n").collect();
    refused(&format!("hosts:\n{hosts}"), "`hosts` has 10000 items, 60 are allowed");
    let objectives: String =
        (0..8_000).map(|number| format!("  - {{ id: a{number}, requires: [a{}] }}\n", number + 1)).collect();
    refused(&format!("objectives:\n{objectives}"), "`objectives` has 8000 items, 60 are allowed");
}

#[test]
fn a_hostile_file_costs_no_more_than_a_good_one_many_times_over() {
    let time = |source: &str| {
        let measure = || {
            let start = Instant::now();
            let _ = parse("s", source);
            start.elapsed()
        };
        (0..5).map(|_| measure()).min().unwrap()
    };
    // Something else may take the processor in the middle of either: one fair comparison is enough.
    let compare = || (time(&"[".repeat(5_000)), time(PORTAL));
    let tries: Vec<_> =
        (0..50).map(|_| compare()).take_while(|(nested, good)| *nested >= *good * 10).collect();
    assert!(tries.len() < 50, "{tries:?}");
}

/// A change of the portal file: cut, repeat, replace, insert.
fn mutated() -> impl Strategy<Value = String> {
    let snippet = prop_oneof![
        Just("[".to_owned()),
        Just("}".to_owned()),
        Just("\t".to_owned()),
        Just("&a ".to_owned()),
        Just("*a".to_owned()),
        Just("{flag:".to_owned()),
        Just("/".to_owned()),
        Just("-1".to_owned()),
        Just("99999999999999999999d".to_owned()),
        Just("\n".to_owned()),
        Just("~".to_owned()),
        Just("\"".to_owned()),
        Just("龘𠮷".to_owned()),
        "[ -~]{0,6}",
        "\\PC{0,3}",
    ];
    let change = (0..PORTAL.chars().count(), 0..40_usize, snippet, 0..3_usize);
    proptest::collection::vec(change, 1..5).prop_map(|changes| {
        let mut text: Vec<char> = PORTAL.chars().collect();
        for (at, length, snippet, times) in changes {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            let put: Vec<char> = snippet.repeat(times).chars().collect();
            text.splice(at..end, put);
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_makes_the_parser_panic(source in mutated()) {
        match parse("s", &source) {
            Ok(scenario) => prop_assert!(!scenario.hosts.is_empty()),
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                let lines = source.lines().count() + 1;
                for fault in &faults {
                    prop_assert!(fault.line >= 1 && fault.line <= lines + 1 && fault.column >= 1, "{}", fault);
                    prop_assert!(!fault.what.is_empty());
                }
                prop_assert!(faults.windows(2).all(|two| (two[0].line, two[0].column) <= (two[1].line, two[1].column)));
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(source in "\\PC{0,200}") {
        prop_assert!(parse("s", &source).is_err());
    }
}
