//! Names of files that come from a browser.

use unicode_normalization::UnicodeNormalization;

/// Longest name, bytes; file systems take 255, and a number may be added.
const NAME_MOST: usize = 200;
/// Longest path, bytes.
const PATH_MOST: usize = 2_000;

/// Characters that turn the direction of a text or have no width: with them `gpj.exe` reads as `exe.jpg`.
fn is_deceiving(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// A name that a file of the workstation may have, close to the one that the browser gave: the last part of a path, no
/// signs that shells or other systems read as something else, no leading dot or dash, not longer than is possible.
#[must_use]
pub fn safe_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .nfc()
        .filter(|c| !c.is_control() && !is_deceiving(*c))
        .map(|c| if matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c })
        .collect();
    let clean = clean.trim().trim_end_matches(['.', ' ']);
    let first = if clean.starts_with(['.', '-', '~']) { "_" } else { "" };
    let name = format!("{first}{clean}");
    if name.trim_matches('_').is_empty() {
        return "upload".to_owned();
    }
    shorten(&name)
}

/// Cuts the stem, keeps the ending.
fn shorten(name: &str) -> String {
    if name.len() <= NAME_MOST {
        return name.to_owned();
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending = if ending.is_empty() || ending.len() > 20 { String::new() } else { format!(".{ending}") };
    let mut end = NAME_MOST - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", name[..end].trim_end())
}

/// A path below a home folder: no step up, no root, nothing empty.
#[must_use]
pub fn is_path(path: &str) -> bool {
    !path.is_empty()
        && path.len() <= PATH_MOST
        && !path.contains('\0')
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe_and_stay_readable() {
        for (given, safe) in [
            ("公文 附件(一).pdf", "公文 附件(一).pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\王\\報告.docx", "報告.docx"),
            ("..", "upload"),
            ("", "upload"),
            (".bashrc", "_.bashrc"),
            ("-rf", "_-rf"),
            ("a\u{202e}gpj.exe", "agpj.exe"),
            ("a\0b\n.txt", "ab.txt"),
            ("what?<x>|y:z\".txt", "what__x__y_z_.txt"),
            ("e\u{301}.txt", "\u{e9}.txt"),
            ("name. . ", "name"),
            ("/", "upload"),
        ] {
            assert_eq!(safe_name(given), safe, "{given:?}");
        }
        let long = format!("{}.pdf", "報".repeat(300));
        let short = safe_name(&long);
        assert!(short.len() <= NAME_MOST && short.ends_with("報.pdf"), "{short}");
        assert!(safe_name(&format!("a.{}", "b".repeat(400))).len() <= NAME_MOST);
    }

    #[test]
    fn paths_never_step_up() {
        for good in ["a", "uploads/公文.pdf", "a/b/c", "..a/b..", "-x"] {
            assert!(is_path(good), "{good}");
        }
        for bad in ["", "/etc/passwd", "..", "a/../b", "a/./b", "a//b", "a/", "a\0b", &"x".repeat(3000)] {
            assert!(!is_path(bad), "{bad}");
        }
    }
}
