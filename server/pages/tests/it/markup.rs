//! What must hold for every page, whatever it shows.

use rampart_pages::{Locale, Pages, TEMPLATES};

use super::{everything, folder, templates};

#[test]
fn every_page_renders_with_every_sample_in_every_language() {
    let pages = Pages::new().unwrap();
    let all = everything(&pages);
    assert!(all.len() > 400, "only {} pages", all.len());
    for (name, locale, html) in &all {
        if name.starts_with("control/live.html") {
            continue; // a fragment, shown inside control/room.html
        }
        let lang = match locale {
            Locale::ZhTw => "<html lang=\"zh-Hant\"",
            Locale::En => "<html lang=\"en\"",
        };
        assert!(html.contains(lang), "{name}: no lang");
        assert_eq!(html.matches("<h1").count(), 1, "{name}: not exactly one h1");
        assert_eq!(html.matches("<main").count(), 1, "{name}: not exactly one main");
        assert!(html.contains("class=\"skip\""), "{name}: no skip link");
        assert!(!html.contains("<title> ·"), "{name}: empty title");
    }
}

#[test]
fn no_page_needs_an_exception_from_the_content_policy() {
    let pages = Pages::new().unwrap();
    for (name, _, html) in everything(&pages) {
        let lower = html.to_lowercase();
        assert!(!lower.contains(" style="), "{name}: inline style");
        assert!(!lower.contains("<style"), "{name}: style element");
        assert!(!lower.contains("javascript:"), "{name}: script address");
        for handler in [" onclick=", " onload=", " onsubmit=", " onchange=", " onerror="] {
            assert!(!lower.contains(handler), "{name}: {handler}");
        }
        for tag in lower.split("<script").skip(1) {
            let head = tag.split('>').next().unwrap();
            assert!(
                head.contains(" src=\"&#x2f;assets&#x2f;")
                    || head.contains(" src=\"/assets/")
                    || head.contains("type=\"application/json\""),
                "{name}: inline script{head}"
            );
        }
        for part in lower.split("src=\"").skip(1).chain(lower.split("rel=\"stylesheet\" href=\"").skip(1)) {
            assert!(part.starts_with('/'), "{name}: foreign source {}", &part[..part.len().min(40)]);
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    let pages = Pages::new().unwrap();
    for (name, _, html) in everything(&pages) {
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let head = form.split('>').next().unwrap();
            if head.contains("method=\"post\"") {
                assert!(
                    form.contains("name=\"csrf\" value=\"csrf&lt;token\""),
                    "{name}: form without token:{head}"
                );
            } else {
                assert!(head.contains("method=\"get\""), "{name}: form without method:{head}");
                assert!(!form.contains("name=\"csrf\""), "{name}: token in an address:{head}");
            }
        }
    }
}

#[test]
fn tables_have_captions_controls_have_names_and_ids_are_unique() {
    let pages = Pages::new().unwrap();
    for (name, _, html) in everything(&pages) {
        for table in html.split("<table").skip(1) {
            let table = table.split("</table>").next().unwrap();
            assert!(table.contains("<caption"), "{name}: table without caption");
            for head in table.split("<th").skip(1).filter(|head| !head.starts_with("ead")) {
                assert!(head.split('>').next().unwrap().contains("scope="), "{name}: th without scope");
            }
        }
        let mut ids: Vec<&str> =
            html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        ids.sort_unstable();
        for pair in ids.windows(2) {
            assert_ne!(pair[0], pair[1], "{name}: id twice");
        }
        for label in html.split(" for=\"").skip(1) {
            let id = label.split('"').next().unwrap();
            assert!(ids.contains(&id), "{name}: label for {id}, which is not there");
        }
        for described in html.split("aria-describedby=\"").skip(1) {
            for id in described.split('"').next().unwrap().split(' ') {
                assert!(ids.contains(&id), "{name}: described by {id}, which is not there");
            }
        }
    }
}

#[test]
fn every_template_file_belongs_to_a_page_or_is_included() {
    let all = templates();
    for (name, _) in &all {
        let used = TEMPLATES.contains(&name.as_str())
            || all.iter().any(|(_, source)| source.contains(&format!("\"{name}\"")));
        assert!(used, "{name} is used by no page");
    }
}

#[test]
fn every_icon_is_in_the_sprite() {
    let assets = folder("../assets");
    let names: Vec<String> =
        std::fs::read_to_string(assets.join("icons.txt")).unwrap().lines().map(str::to_owned).collect();
    let signs = std::fs::read_to_string(assets.join("signs.svg")).unwrap();
    let pages = Pages::new().unwrap();
    let mut used = std::collections::BTreeSet::new();
    for (name, _, html) in everything(&pages) {
        for part in html.split("icons.svg?v=0#").skip(1) {
            let icon = part.split('"').next().unwrap();
            let known = names.iter().any(|one| one == icon) || signs.contains(&format!("id=\"{icon}\""));
            assert!(known, "{name}: no icon {icon}");
            used.insert(icon.to_owned());
        }
    }
    for name in names {
        assert!(used.contains(&name), "icon {name} is on no page");
    }
}

#[test]
fn gender_stands_on_the_officers_pages_only() {
    let pages = Pages::new().unwrap();
    for (name, locale, html) in everything(&pages) {
        if [
            "records/",
            "entry/privacy",
            "people/import",
            "people/answers",
            "seat/me",
            "courses/survey.html",
            "courses/paper_survey.html",
        ]
        .iter()
        .any(|free| name.starts_with(free))
        {
            continue;
        }
        let words = match locale {
            Locale::ZhTw => ["男", "不願透露"],
            Locale::En => ["Men", "Undisclosed"],
        };
        for word in words {
            assert!(!html.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn a_build_can_be_given_up_while_it_goes_on_and_never_else() {
    let pages = Pages::new().unwrap();
    let (mut building, mut others) = (0, 0);
    for (name, _, html) in everything(&pages) {
        let offered =
            html.contains("<form method=\"post\" action=\"/exercises/") && html.contains("/give-up\"");
        let builds = html.contains("id=\"launch-t\"") && !html.contains("danger-row");
        if name.starts_with("control/") && (builds || html.contains("id=\"queue-t\"")) {
            building += usize::from(offered);
        } else {
            others += usize::from(offered);
        }
    }
    assert!(building > 0, "no page of a build offers it");
    assert_eq!(others, 0, "offered where nothing is built");
}
