//! Reading pages as text: just enough to find a token, a code or a row.

use regex::Regex;

/// Puts back the characters that HTML escapes.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&#x2f;", "/")
        .replace("&#x2F;", "/")
        .replace("&amp;", "&")
}

/// What the first group of a pattern finds, each time.
pub fn all(html: &str, pattern: &str) -> Vec<String> {
    Regex::new(pattern).unwrap().captures_iter(html).map(|found| unescape(&found[1])).collect()
}

/// What it finds first; fails with the page's own words when there is none.
pub fn first(html: &str, pattern: &str) -> String {
    all(html, pattern).into_iter().next().unwrap_or_else(|| panic!("{pattern} not found on: {}", said(html)))
}

/// What a person reads: text without tags, short.
pub fn said(html: &str) -> String {
    let body = html.split_once("<main").map_or(html, |(_, rest)| rest);
    let plain = Regex::new(r"(?s)<script.*?</script>|<[^>]*>").unwrap().replace_all(body, " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    let text = unescape(&words.join(" "));
    text.chars().take(1500).collect()
}

/// Content of the element `<code class="secret">`.
pub fn secrets(html: &str) -> Vec<String> {
    all(html, r#"<code class="secret">([^<]+)</code>"#)
}
