//! Files that only look odd, and what the shipped one says.

use rampart_domain::plan;
use rampart_domain::scenario::{Difficulty, PlantWhat, Proto, Role, Telemetry};
use scoreboard::Side;

use super::{PORTAL, SHIPPED, edit, edited, portal, read};

#[test]
fn the_portal_scenario_says_what_it_says() {
    let scenario = portal();
    assert_eq!(
        (scenario.id.as_str(), scenario.version, scenario.difficulty),
        ("qinglan-portal", 1, Difficulty::Basic)
    );
    assert_eq!(
        (scenario.title.zh.as_str(), scenario.title.en.as_str()),
        ("青嵐縣入口網", "Qinglan County portal")
    );
    assert_eq!(scenario.duration_ms, 90 * 60_000);
    assert_eq!((scenario.course.code.as_str(), scenario.course.hours), ("523", 3));
    assert_eq!(
        scenario.zones.iter().map(|zone| zone.start).collect::<Vec<_>>(),
        [Some(Side::Red), None, None]
    );
    assert_eq!(scenario.allow[2].ports, [22, 80]);
    assert_eq!(
        (scenario.allow[2].proto, scenario.allow[2].from.host.as_deref()),
        (Proto::Tcp, Some("watch"))
    );
    let www = scenario.host("www").unwrap();
    assert_eq!(
        (www.role, www.at.clone(), www.telemetry),
        (Role::Target, vec![("dmz".to_owned(), 10)], Some(Telemetry::Web))
    );
    assert_eq!((www.resources.memory, www.resources.milli_cpus, www.resources.pids), (512 << 20, 1_000, 200));
    assert_eq!(www.ready.as_ref().unwrap().command.last().unwrap(), "http://127.0.0.1/");
    assert_eq!(scenario.host("citizens").unwrap().resources.milli_cpus, 250);
    let PlantWhat::File { mode, content, owner, .. } = &scenario.plants[1].what else { panic!("no file") };
    assert_eq!(
        (*mode, owner.as_str(), content.as_str()),
        (0o640, "www-data", "內部備忘錄\n旗標 {flag:www-file}\n")
    );
    assert!(
        matches!(&scenario.plants[0].what, PlantWhat::Row { verify, .. } if verify.starts_with("SELECT note"))
    );
    assert_eq!(scenario.objective("doc-sealed").unwrap().requires, ["www-file"]);
    assert_eq!(scenario.actions[1].evidence[0].status, Some(200));
    assert_eq!(scenario.actions[1].evidence[1].port, Some(8080));
    assert_eq!((scenario.detections[0].full_ms, scenario.detections[0].window_ms), (600_000, 2_400_000));
    assert_eq!(scenario.repairs[0].retest.timeout_ms, 20_000);
    assert_eq!(
        (scenario.max_points(Side::Red), scenario.max_points(Side::Blue)),
        (500, 120 + 180 + 150 + 400)
    );
    assert_eq!(scenario.users[0].every_ms, 7_000);
}

#[test]
fn the_shipped_scenario_is_good() {
    let scenario = read(SHIPPED);
    assert_eq!(scenario.id, "qinglan-portal");
    super::plans::planned(&scenario, 20);
}

#[test]
fn texts_stay_as_typed() {
    for typed in ["no", "013", "12:30", "yes", "0x1F", "1e3", "2026-01-01", "off", ".5", "1_000"] {
        let scenario = read(&edited("topic: 網頁應用程式攻防", &format!("topic: {typed}")));
        assert_eq!(scenario.course.topic, typed);
        let scenario = read(&edited("en: Citizens }", &format!("en: {typed} }}")));
        assert_eq!(scenario.host("citizens").unwrap().title.en, typed);
        let scenario = read(&edited("command: [sleep, infinity]", &format!("command: [echo, {typed}]")));
        assert_eq!(scenario.host("citizens").unwrap().command.as_deref().unwrap(), ["echo", typed]);
    }
    assert_eq!(read(&edited("code: \"523\"", "code: 523")).course.code, "523");
    assert_eq!(read(&edited("mode: \"0640\", content: \"內部", "mode: 0640, content: \"內部")), portal());
    assert_eq!(read(&edited("mode: \"0640\", content: \"內部", "mode: \"640\", content: \"內部")), portal());
}

#[test]
fn byte_order_mark_crlf_and_folded_texts_make_no_difference() {
    let windows = format!("\u{feff}{}", PORTAL.replace('\n', "\r\n"));
    assert_eq!(read(&windows), portal());
    let mut blocks = edited(
        "title: { zh-TW: 青嵐縣入口網, en: Qinglan County portal }",
        "title:\n  zh-TW: >-\n    青嵐縣入口網\n  en: |-\n    Qinglan County portal",
    );
    blocks = edit(&blocks, "duration: 90m ", "duration: 1h30m ");
    blocks = edit(&blocks, "attack: [T1190, T1505.003, T1213]", "attack:\n- T1190\n- T1505.003\n- T1213");
    blocks = edit(&blocks, "# Everything a team", "---\n# Everything a team");
    assert_eq!(read(&blocks), portal());
    // The range that is built from it is the same, too.
    assert_eq!(super::plans::planned(&read(&windows), 2).hash, super::plans::planned(&portal(), 2).hash);
    assert_eq!(plan::subnets_needed(&portal(), 2), 6);
}

#[test]
fn places_count_characters_after_a_byte_order_mark_and_in_chinese_lines() {
    let source = format!(
        "\u{feff}{}",
        edited(
            "course: { code: \"523\", aspect: 技術面, hours: 3",
            "course: { aspect: 技術面, code: \"523\", hours: x"
        )
        .replace('\n', "\r\n")
    );
    let faults = rampart_domain::scenario::parse("s", &source).unwrap_err();
    assert_eq!(super::shown(&faults).lines().next().unwrap(), "s:11:44: `hours`: `x` is no whole number");
    let source = format!("\u{feff}idd: x\n{}", PORTAL.replace("id: qinglan-portal\n", ""));
    let faults = rampart_domain::scenario::parse("s", &source).unwrap_err();
    assert_eq!((faults[0].line, faults[0].column, faults.len()), (1, 1, 1));
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let scenario = read(&edited("    names: [citizens.example]\n", ""));
    assert!(scenario.host("citizens").unwrap().names.is_empty());
    let icmp = read(&edited("proto: tcp, ports: [8080]", "proto: icmp"));
    assert_eq!((icmp.allow[1].proto, icmp.allow[1].ports.len()), (Proto::Icmp, 0));
}
