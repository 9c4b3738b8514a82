//! A second machine, set up as README says: certificates, wall, images, and every check that `rampart node` makes.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::second::SecondEngine;
use crate::harness::{binary, docker, unique};
use crate::style::root;

const BASE: &str = "rampart/base:latest";

fn text(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_machine_becomes_a_node_step_by_step() {
    let dir = tempfile::tempdir().unwrap();
    // One image is enough to show how they travel.
    copy(&root().join("images/base"), &dir.path().join("images/base"));
    let tag = u32::from_str_radix(&unique(), 16).unwrap();
    let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 211, 0, 2)) + tag % 0x3fff * 4);
    let rampart = |words: &[&str]| {
        let mut command = Command::new(binary());
        command
            .args(words)
            .current_dir(dir.path())
            .env("RAMPART_ENGINES", dir.path().join("engines.yaml"))
            .env("RAMPART_BLOCK", "10.210.0.0/16")
            .env("NO_COLOR", "1");
        command.output().unwrap()
    };
    let done = |words: &[&str]| {
        let out = rampart(words);
        assert!(out.status.success(), "{words:?}: {}", text(&out));
        text(&out)
    };
    let refused = |words: &[&str]| {
        let out = rampart(words);
        assert_eq!(out.status.code(), Some(2), "{words:?}: {}", text(&out));
        text(&out)
    };

    let said = done(&["node", "certs", "certs", &format!("second={address}"), "third=10.211.255.250"]);
    let engines = said.split_once("(RAMPART_ENGINES):\n").unwrap().1;
    std::fs::write(dir.path().join("engines.yaml"), engines).unwrap();
    let said = refused(&["node", "check", "second"]);
    assert!(said.contains("ok    certificate") && said.contains("FAULT engine"), "nobody there yet: {said}");

    let node = match SecondEngine::node(address, &dir.path().join("certs/second")) {
        Ok(node) => node,
        Err(why) => return eprintln!("skipped: no second engine here: {why}"),
    };
    let said = refused(&["node", "check", "second"]);
    for part in [
        "ok    outside      without a certificate nobody is let in",
        "FAULT wall         not tried: rampart/base:latest is not on it yet",
        "FAULT images       base (missing): `rampart images load FILE --node second`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }

    done(&["images", "save", "base.tar", "base"]);
    let said = done(&["images", "load", "base.tar", "--node", "second"]);
    assert!(said.contains("ids are as in the file"), "{said}");
    let id = ["image", "inspect", "--format", "{{.Id}}", BASE];
    let there = String::from_utf8_lossy(&node.docker(&id).stdout).into_owned();
    assert_eq!(there.trim(), docker::docker_ok(&id).trim());
    let listed = done(&["images", "list", "--node", "second"]);
    assert!(listed.contains("base") && listed.contains("ready"), "{listed}");
    let said = refused(&["images", "list", "--node", "fourth"]);
    assert!(said.contains("no node fourth; it lists second, third"), "{said}");

    let said = refused(&["node", "check", "second"]);
    assert!(said.contains("FAULT wall") && said.contains("rampart node wall --install"), "{said}");
    let out = node.on_node(&binary()).args(["node", "wall", "--install"]).output().unwrap();
    assert!(out.status.success() && text(&out).contains("made"), "{}", text(&out));
    let out = node.on_node(&binary()).args(["node", "facts"]).output().unwrap();
    let facts = text(&out);
    assert!(facts.contains(&format!("addresses: [{address}]")) && facts.contains("/30"), "{facts}");
    // They go under the node that they are of, which stands first.
    let third = engines.find("  - name: third").unwrap();
    let listed = format!("{}{facts}{}", &engines[..third], &engines[third..]);
    std::fs::write(dir.path().join("engines.yaml"), listed).unwrap();
    let said = done(&["node", "check", "second"]);
    assert!(said.contains("ok    wall") && said.contains("the same by id as here"), "{said}");
    assert!(!said.contains("`routes`"), "{said}");

    // The doctor asks every engine of the file, and tells of each apart.
    let said = text(&rampart(&["doctor", "--skip-walls"]));
    let (second, third) = said
        .split_once("\nnode second\n")
        .and_then(|(_, rest)| rest.split_once("\nnode third\n"))
        .unwrap_or_else(|| panic!("not asked apart: {said}"));
    assert!(second.contains("ok    engine") && second.contains("ok    orphans"), "{said}");
    assert!(third.contains("FAULT engine     https://10.211.255.250:2376"), "{said}");

    // With another node's certificate on this machine, and with the cable pulled.
    let strange = std::fs::read_to_string(dir.path().join("engines.yaml")).unwrap();
    let own = dir.path().join("certs/third");
    let wrong = strange.replace("certs/platform/", "certs/third/");
    assert_ne!(wrong, strange, "{own:?}");
    std::fs::write(dir.path().join("engines.yaml"), &wrong).unwrap();
    let said = refused(&["node", "check", "second"]);
    assert!(said.contains("FAULT certificate") && said.contains("not one for a client"), "{said}");
    std::fs::write(dir.path().join("engines.yaml"), strange).unwrap();
    node.cable(false);
    let said = refused(&["node", "check", "second"]);
    assert!(said.contains("FAULT engine"), "{said}");
    node.cable(true);
    let left = node.docker(&["network", "ls", "--filter", "label=rampart.run", "-q"]);
    assert!(left.status.success() && left.stdout.is_empty(), "{}", text(&left));
}
