//! Big5 as Windows has it (code page 950). The web's Big5, which the library speaks, also reads and in part writes the
//! characters of Hong Kong and others; a file for the portal may hold none of those.

use encoding_rs::BIG5;

/// Whether code page 950 gives this pair of bytes a character: symbols, the frequent and the less frequent characters, and
/// the seven of ETEN with the lines beside them. What lies between is for characters of one's own.
const fn of_page_950(lead: u8, trail: u8) -> bool {
    let at = (lead as u16) << 8 | trail as u16;
    matches!(at, 0xa140..=0xa3bf | 0xa3e1 | 0xa440..=0xc67e | 0xc940..=0xf9fe)
}

/// The bytes of a character; `None` for one that the code page has not, and for control characters.
fn bytes(c: char) -> Option<Vec<u8>> {
    if c.is_ascii() {
        return (!c.is_control()).then(|| vec![c as u8]);
    }
    let mut text = [0; 4];
    let text = c.encode_utf8(&mut text);
    let (bytes, _, lost) = BIG5.encode(text);
    let &[lead, trail] = bytes.as_ref() else { return None };
    if lost || !of_page_950(lead, trail) {
        return None;
    }
    // Two characters share some pairs; only the one that comes back is safe.
    let back = BIG5.decode_without_bom_handling_and_without_replacement(&bytes)?;
    (back == *text).then(|| bytes.to_vec())
}

/// The characters of a text that Big5 has not, each once.
pub(crate) fn lacks(text: &str) -> String {
    let mut lacking = String::new();
    for c in text.chars() {
        if bytes(c).is_none() && !lacking.contains(c) {
            lacking.push(c);
        }
    }
    lacking
}

/// Rows as a file: every cell in double quotes, CRLF. `None` where a character cannot be held; see [`lacks`].
pub(crate) fn file(rows: &[Vec<String>]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.push(b'"');
            for c in cell.chars() {
                if c == '"' {
                    out.push(b'"');
                }
                out.extend(bytes(c)?);
            }
            out.push(b'"');
        }
        out.extend(b"\r\n");
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_beyond_the_code_page_are_told_and_never_become_a_question_mark() {
        // Frequent, less frequent, and two of the seven of ETEN.
        assert_eq!(lacks("許藍圖黃沙盒嫺恒碁裏龘（）「」，。１２Ａ"), "");
        // Hong Kong's, beyond the basic plane, with accents, Korean, Japanese-only, a control character.
        for lacking in ["堃", "喆", "𠮷", "é", "한", "峠", "\u{7}", "\u{e000}"] {
            assert_eq!(lacks(&format!("王{lacking}{lacking}明")), lacking);
            assert_eq!(file(&[vec![lacking.to_owned()]]), None);
        }
    }

    #[test]
    fn every_character_that_is_taken_comes_back() {
        let mut taken = 0;
        for c in '\u{80}'..='\u{2ffff}' {
            let Some(bytes) = bytes(c) else { continue };
            taken += 1;
            assert_eq!(BIG5.decode_without_bom_handling(&bytes).0, c.to_string());
        }
        // 5,401 and 7,652 characters, 7 of ETEN, and symbols.
        assert!((13_060..13_700).contains(&taken), "{taken}");
    }

    #[test]
    fn cells_stand_in_quotes() {
        let rows = [vec!["許".to_owned(), "a\"b,c".to_owned(), String::new()]];
        assert_eq!(file(&rows).unwrap(), b"\"\xb3\\\",\"a\"\"b,c\",\"\"\r\n");
    }
}
