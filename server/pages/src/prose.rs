//! The small Markdown of briefs: paragraphs, headings, lists, tables, `code`, **strong**. Everything else is text; no
//! HTML passes, because a brief may come from a scenario that nobody here wrote.

use std::fmt::Write;

use scoreboard::Side;

/// Marks at the end of a second-level heading that give a section to one side; the same in every language. A section
/// without a mark is for both.
const MARKS: [(&str, Side); 2] = [("{red}", Side::Red), ("{blue}", Side::Blue)];

/// What a side reads of a brief: its own sections first, then those for both. The other side's are not in it. The title
/// (first level) is left out, because every page that shows a brief has it already.
#[must_use]
pub fn brief_for(text: &str, side: Side) -> String {
    let (mut own, mut both) = (String::new(), String::new());
    let mut of: Option<Side> = None;
    for line in text.lines() {
        if line.starts_with("# ") {
            continue;
        }
        let mut line = line.to_owned();
        if let Some(title) = line.strip_prefix("## ").map(str::trim) {
            let mark = MARKS.iter().find(|(mark, _)| title.ends_with(mark));
            of = mark.map(|(_, side)| *side);
            let title = mark.map_or(title, |(mark, _)| title.trim_end_matches(mark)).trim();
            line = format!("## {title}");
        }
        let part = match of {
            None => &mut both,
            Some(of) if of == side => &mut own,
            Some(_) => continue,
        };
        part.push_str(&line);
        part.push('\n');
    }
    format!("{}\n\n{}", own.trim(), both.trim()).trim().to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Pairs of `mark` around something become `<tag>`; a lone mark stays text.
fn pairs(text: &str, mark: &str, tag: &str) -> String {
    let parts: Vec<&str> = text.split(mark).collect();
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        let inside = index % 2 == 1;
        let closed = index + 1 < parts.len();
        match (inside, closed) {
            (true, true) => {
                let _ = write!(out, "<{tag}>{part}</{tag}>");
            }
            (true, false) => {
                let _ = write!(out, "{mark}{part}");
            }
            _ => out.push_str(part),
        }
    }
    out
}

fn inline(text: &str) -> String {
    // Stars inside code are rare in a brief and would only make it bold.
    pairs(&pairs(&escape(text), "**", "strong"), "`", "code")
}

/// What a line begins or goes on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Heading,
    Item,
    Numbered,
    Row,
    Text,
}

/// The line's kind and what stands behind its mark.
fn kind(line: &str) -> (Kind, &str) {
    if line.starts_with('#') {
        return (Kind::Heading, line.trim_start_matches('#').trim());
    }
    if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return (Kind::Item, item.trim());
    }
    if let Some((number, item)) = line.split_once(". ")
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return (Kind::Numbered, item.trim());
    }
    match line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) {
        Some(row) => (Kind::Row, row),
        None => (Kind::Text, line),
    }
}

fn list(out: &mut String, tag: &str, items: &[&str]) {
    let _ = write!(out, "<{tag}>");
    for item in items {
        let _ = write!(out, "<li>{}</li>", inline(item));
    }
    let _ = write!(out, "</{tag}>");
}

/// Rows of cells; the line of dashes below the head says that there is one.
fn table(out: &mut String, rows: &[&str]) {
    let rule =
        |row: &&str| row.contains('-') && row.chars().all(|sign| matches!(sign, '-' | ':' | '|' | ' '));
    let headed = rows.get(1).is_some_and(rule);
    out.push_str("<div class=\"scroll\" tabindex=\"0\"><table>");
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| !rule(row)) {
        let head = headed && index == 0;
        out.push_str(if head { "<thead><tr>" } else { "<tr>" });
        for cell in row.split('|') {
            let (open, close) = if head { ("<th scope=\"col\">", "</th>") } else { ("<td>", "</td>") };
            let _ = write!(out, "{open}{}{close}", inline(cell.trim()));
        }
        out.push_str(if head { "</tr></thead>" } else { "</tr>" });
    }
    out.push_str("</table></div>");
}

/// Turns a brief into HTML. Headings begin at level 3, below the card's own.
pub(crate) fn prose(text: &str) -> String {
    let mut out = String::new();
    for block in text.replace("\r\n", "\n").split("\n\n") {
        let lines: Vec<(Kind, &str)> =
            block.lines().map(str::trim).filter(|line| !line.is_empty()).map(kind).collect();
        // A heading stands alone even without an empty line behind it; lines of one kind belong together.
        for run in lines.chunk_by(|(one, _), (other, _)| one == other && *one != Kind::Heading) {
            let Some((kind, first)) = run.first() else { continue };
            let texts: Vec<&str> = run.iter().map(|(_, text)| *text).collect();
            match kind {
                Kind::Heading => {
                    let _ = write!(out, "<h3>{}</h3>", inline(first));
                }
                Kind::Item => list(&mut out, "ul", &texts),
                Kind::Numbered => list(&mut out, "ol", &texts),
                Kind::Row => table(&mut out, &texts),
                Kind::Text => {
                    let joined = texts.iter().map(|line| inline(line)).collect::<Vec<_>>().join("<br>");
                    let _ = write!(out, "<p>{joined}</p>");
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_html_passes_and_marks_pair() {
        assert_eq!(
            prose("# 標題\n\n自 `10.0.0.0/24` **進入** <script>\n\n- 一\n- 二"),
            "<h3>標題</h3><p>自 <code>10.0.0.0/24</code> <strong>進入</strong> &lt;script&gt;</p><ul><li>一</li><li>二</li></ul>"
        );
        assert_eq!(prose("a ** b"), "<p>a ** b</p>");
    }

    #[test]
    fn headings_stand_alone_and_lists_and_tables_are_drawn() {
        assert_eq!(prose("## 甲\n一\n二"), "<h3>甲</h3><p>一<br>二</p>");
        assert_eq!(prose("1. 一\n2. **二**"), "<ol><li>一</li><li><strong>二</strong></li></ol>");
        assert_eq!(
            prose("| 網段 | 主機 |\n|---|:-:|\n| DMZ | `www` |"),
            "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">網段</th><th scope=\"col\">主機</th></tr></thead><tr><td>DMZ</td><td><code>www</code></td></tr></table></div>"
        );
        assert_eq!(prose("- **x**: not. a. number"), "<ul><li><strong>x</strong>: not. a. number</li></ul>");
    }

    #[test]
    fn a_side_reads_its_own_part_and_the_common_one() {
        let brief = "# 名\n\n## 給雙方\n共同\n\n## 紅隊 {red}\n攻\n\n## Blue {blue}\n守\n";
        assert_eq!(brief_for(brief, Side::Red), "## 紅隊\n攻\n\n## 給雙方\n共同");
        assert_eq!(brief_for(brief, Side::Blue), "## Blue\n守\n\n## 給雙方\n共同");
        assert_eq!(brief_for("只有一段", Side::Red), "只有一段");
    }
}
