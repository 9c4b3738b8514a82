//! Writes every sample of every page as HTML, so that the pages can be looked at in a browser without a server.
//!
//! `cargo run -p rampart-pages --example preview -- FOLDER` reads templates and locale files from this crate's folder, not
//! from the binary, and writes `FOLDER/{zh-TW,en}/PAGE-N.html`. Serve FOLDER with the built assets at `/assets/`.
#![expect(clippy::print_stdout, reason = "a tool for people")]

use std::error::Error;
use std::path::{Path, PathBuf};

use rampart_pages::{Flash, Locale, Pages, SAMPLE_NOW_MS, Shell, Tone, Viewer, ViewerRole, samples};

fn viewer(template: &str) -> Option<Viewer> {
    let (name, role) = match template.split('/').next().unwrap_or_default() {
        "entry" | "board" => return None,
        "seat" => ("許藍圖", ViewerRole::Trainee),
        "records" => ("呂差勤", ViewerRole::Officer),
        "admin" => ("系統管理員", ViewerRole::Administrator),
        _ => ("鄭白板", ViewerRole::Instructor),
    };
    Some(Viewer { name: name.to_owned(), role })
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/pages".to_owned()));
    let pages = Pages::from_folder(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    for locale in Locale::ALL {
        let into = folder.join(locale.code());
        std::fs::create_dir_all(&into)?;
        for sample in samples() {
            let first = sample.template.split('/').next().unwrap_or_default();
            let last = sample.template.trim_end_matches(".html").replace('/', "-");
            let path = if first == "control" {
                "/exercises/0198c4".to_owned()
            } else {
                format!("/{}", first.replace("records", "statistics").replace("admin", "system"))
            };
            let mut shell = Shell::new(locale, path, "csrf-token", SAMPLE_NOW_MS);
            shell.viewer = viewer(sample.template);
            if sample.template == "people/list.html" {
                shell.flash = Some(Flash {
                    tone: Tone::Ok,
                    text: pages.text(locale, "flash.saved", &Default::default()),
                });
            }
            for (index, html) in pages.render_samples(&shell, &sample)?.into_iter().enumerate() {
                std::fs::write(into.join(format!("{last}-{index}.html")), html)?;
            }
        }
    }
    println!("{}", folder.display());
    Ok(())
}
