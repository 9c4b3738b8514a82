//! Contrast by WCAG 2.1, recomputed from the tokens. The pairs and their least ratios are the ones that the look is built on.

use std::collections::BTreeMap;

use super::folder;

type Tokens = BTreeMap<String, [f64; 3]>;

/// Colours given as `--name: #RRGGBB` in one block of the file.
fn tokens(block: &str) -> Tokens {
    let mut found = Tokens::new();
    for part in block.split("--").skip(1) {
        let Some((name, rest)) = part.split_once(':') else { continue };
        let value = rest.trim_start();
        let Some(hex) = value.strip_prefix('#').and_then(|hex| hex.get(..6)) else { continue };
        if !hex.chars().all(|c| c.is_ascii_hexdigit()) {
            continue;
        }
        let channel = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        found.insert(name.trim().to_owned(), [channel(0), channel(2), channel(4)]);
    }
    found
}

fn themes() -> (Tokens, Tokens) {
    let css = std::fs::read_to_string(folder("../assets/css/tokens.css")).unwrap();
    let light = css.split(":root {").nth(1).unwrap().split("\n}").next().unwrap();
    let dark = css.split("[data-theme=\"dark\"] {").nth(1).unwrap().split("\n}").next().unwrap();
    let light = tokens(light);
    let mut both = light.clone();
    both.extend(tokens(dark));
    (light, both)
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn ratio(tokens: &Tokens, front: &str, back: &str) -> f64 {
    let (a, b) = (luminance(tokens[front]), luminance(tokens[back]));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn the_figures_of_the_look_hold() {
    let (light, dark) = themes();
    // front, back, ratio in light, ratio in dark; 0 where the look gives none.
    let figures = [
        ("ink", "surface", 16.8, 16.0),
        ("ink-2", "bg", 7.5, 11.2),
        ("ink-3", "surface", 5.9, 6.9),
        ("ink-3", "surface-2", 5.0, 0.0),
        ("ink-3", "accent-soft", 4.8, 0.0),
        ("ink-3", "warn-soft", 5.0, 0.0),
        ("ink-inverse", "accent", 8.0, 0.0),
        ("red", "surface", 6.0, 7.7),
        ("blue", "surface", 7.2, 8.5),
        ("ok", "surface", 6.6, 9.9),
        ("warn", "surface", 6.8, 11.6),
        ("danger", "surface", 7.7, 7.8),
        ("line-strong", "surface", 3.9, 4.3),
        ("focus", "surface", 5.4, 11.6),
    ];
    for (front, back, in_light, in_dark) in figures {
        for (theme, expected, name) in [(&light, in_light, "light"), (&dark, in_dark, "dark")] {
            if expected == 0.0 {
                continue;
            }
            let found = ratio(theme, front, back);
            assert!(
                (found - expected).abs() <= 0.06,
                "{front} on {back}, {name}: {found:.2}, not {expected}"
            );
        }
    }
}

#[test]
fn text_reaches_four_and_a_half_and_borders_three() {
    let (light, dark) = themes();
    for (theme, name) in [(&light, "light"), (&dark, "dark")] {
        let text = [
            ("ink", "bg"),
            ("ink-2", "surface-2"),
            ("ink-2", "surface-3"),
            ("ink-3", "bg"),
            ("accent", "surface"),
            ("accent", "bg"),
            ("accent", "accent-soft"),
            ("ok", "ok-soft"),
            ("warn", "warn-soft"),
            ("danger", "danger-soft"),
            ("red-ink", "red-soft"),
            ("blue-ink", "blue-soft"),
            ("white-ink", "white-soft"),
            ("red-ink", "surface"),
            ("blue-ink", "surface"),
            ("phase-ink", "phase"),
            ("ink-inverse", "accent"),
            ("ink-inverse", "danger"),
        ];
        for (front, back) in text {
            let found = ratio(theme, front, back);
            assert!(found >= 4.5, "{front} on {back}, {name}: {found:.2}");
        }
        for (front, back) in
            [("line-strong", "surface"), ("line-strong", "bg"), ("focus", "surface"), ("focus", "bg")]
        {
            let found = ratio(theme, front, back);
            assert!(found >= 3.0, "{front} on {back}, {name}: {found:.2}");
        }
    }
    for (front, back) in [
        ("panel-ink", "panel"),
        ("panel-dim", "panel"),
        ("panel-ink", "panel-wall"),
        ("term-ink", "term-bg"),
        ("term-dim", "term-bar"),
    ] {
        let found = ratio(&light, front, back);
        assert!(found >= 4.5, "{front} on {back}: {found:.2}");
    }
}
