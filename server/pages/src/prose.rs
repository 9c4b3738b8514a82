//! The small Markdown of briefs: paragraphs, headings, lists, `code`, **strong**. Everything else is text; no HTML
//! passes, because a brief may come from a scenario that nobody here wrote.

use std::fmt::Write;

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

/// Turns a brief into HTML. Headings begin at level 3, below the card's own.
pub(crate) fn prose(text: &str) -> String {
    let mut out = String::new();
    for block in text.replace("\r\n", "\n").split("\n\n") {
        let block = block.trim();
        if block.is_empty() {
            continue;
        }
        let lines: Vec<&str> = block.lines().map(str::trim).collect();
        let is_item = |line: &&str| line.starts_with("- ") || line.starts_with("* ");
        if let Some(heading) = block.strip_prefix('#') {
            let _ = write!(out, "<h3>{}</h3>", inline(heading.trim_start_matches('#').trim()));
        } else if lines.iter().all(is_item) {
            out.push_str("<ul>");
            for line in lines {
                let _ = write!(out, "<li>{}</li>", inline(line[2..].trim()));
            }
            out.push_str("</ul>");
        } else {
            let joined = lines.iter().map(|line| inline(line)).collect::<Vec<_>>().join("<br>");
            let _ = write!(out, "<p>{joined}</p>");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn no_html_passes_and_marks_pair() {
        assert_eq!(
            prose("# 標題\n\n自 `10.0.0.0/24` **進入** <script>\n\n- 一\n- 二"),
            "<h3>標題</h3><p>自 <code>10.0.0.0/24</code> <strong>進入</strong> &lt;script&gt;</p><ul><li>一</li><li>二</li></ul>"
        );
        assert_eq!(prose("a ** b"), "<p>a ** b</p>");
    }
}
