//! A scenario with the files beside it.

use std::collections::BTreeMap;

use rampart_domain::scenario::{BRIEFS, Bundle};

use super::{PORTAL, portal, shown};

fn files() -> BTreeMap<String, String> {
    let scenario = portal();
    let scripts = scenario.scripts().into_iter().map(|path| (path.to_owned(), "exit 0\n".to_owned()));
    scripts.chain(BRIEFS.map(|path| (path.to_owned(), "# 說明\n".to_owned()))).collect()
}

#[test]
fn a_whole_bundle_is_taken() {
    let bundle = Bundle::new(portal(), PORTAL.to_owned(), files()).unwrap();
    assert_eq!(bundle, Bundle::read("x.yaml", PORTAL.to_owned(), files()).unwrap());
    assert_eq!(bundle.files.len(), 6);
}

#[test]
fn missing_and_blank_files_are_all_named() {
    let mut files = files();
    files.remove("brief.en.md");
    files.remove("checks/portal-search.sh");
    files.insert("checks/retest-search.sh".to_owned(), " \n".to_owned());
    let text = shown(&Bundle::read("q/scenario.yaml", PORTAL.to_owned(), files).unwrap_err());
    assert!(text.contains("q/scenario.yaml:1:1: `brief.en.md` is missing or blank"), "{text}");
    assert!(
        text.contains("q/scenario.yaml:166:13: the script `checks/portal-search.sh` is missing or blank"),
        "{text}"
    );
    assert!(
        text.contains("q/scenario.yaml:182:39: the script `checks/retest-search.sh` is missing or blank"),
        "{text}"
    );
    assert_eq!(text.matches("is missing").count(), 3, "{text}");
}
