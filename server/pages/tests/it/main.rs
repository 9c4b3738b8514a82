//! The pages as a whole: every page renders in every language, every text exists and is used, no page breaks the
//! content policy, and the colours keep the contrast that LOOK asks for.
#![expect(clippy::unwrap_used, reason = "tests")]

mod contrast;
mod markup;
mod texts;

use rampart_pages::{Flash, Locale, Pages, SAMPLE_NOW_MS, Shell, Tone, Viewer, ViewerRole, samples};

/// Everybody who may look: nobody, and one of each role.
fn shells(pages: &Pages) -> Vec<Shell> {
    let roles = [ViewerRole::Administrator, ViewerRole::Instructor, ViewerRole::Officer, ViewerRole::Trainee];
    let mut shells = Vec::new();
    for locale in Locale::ALL {
        let mut shell = Shell::new(locale, "/exercises", "csrf<token", SAMPLE_NOW_MS);
        shells.push(shell.clone());
        for (index, role) in roles.into_iter().enumerate() {
            shell.viewer = Some(Viewer { name: "鄭白板".to_owned(), role });
            let tone = [Tone::Ok, Tone::Info, Tone::Warn, Tone::Danger][index];
            shell.flash = Some(Flash { tone, text: pages.text(locale, "flash.saved", &Default::default()) });
            shells.push(shell.clone());
        }
    }
    shells
}

/// Every page, sample, language and viewer as (name, HTML).
fn everything(pages: &Pages) -> Vec<(String, Locale, String)> {
    let mut all = Vec::new();
    for shell in shells(pages) {
        for sample in samples() {
            assert!(!sample.is_empty(), "{} has no sample", sample.template);
            let rendered = pages
                .render_samples(&shell, &sample)
                .unwrap_or_else(|error| panic!("{error}: {:#}", std::error::Error::source(&error).unwrap()));
            for (index, html) in rendered.into_iter().enumerate() {
                all.push((
                    format!("{} #{index} {}", sample.template, shell.locale.code()),
                    shell.locale,
                    html,
                ));
            }
        }
    }
    all
}

fn folder(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// All template files as (name, source).
fn templates() -> Vec<(String, String)> {
    let root = folder("templates");
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}
