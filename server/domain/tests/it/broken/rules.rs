//! Slips in what refers to something else, in rules that span several fields, and in the file as YAML.

use rampart_domain::scenario::parse;

use super::{place, slip, try_all};
use crate::{PORTAL, edit, edited, shown};

#[test]
fn references() {
    try_all(&[
        slip(
            "from: internet, to",
            "from: internat, to",
            "from: §internat",
            "reference",
            "there is no zone `internat`",
            "did you mean `internet`?",
        ),
        slip(
            "at: { internet: 50 }",
            "at: { lan: 50 }",
            "at: { §lan: 50",
            "reference",
            "there is no zone `lan`",
            "known here: `internet`, `dmz`, `office`",
        ),
        slip(
            "to: office/doc,",
            "to: office/dok,",
            "to: §office/dok",
            "reference",
            "there is no host `dok`",
            "did you mean `doc`?",
        ),
        slip(
            "from: office/watch",
            "from: internet/watch",
            "from: §internet/watch",
            "reference",
            "host `watch` does not stand in zone `internet`",
            "did you mean `office/watch`?",
        ),
        slip(
            "to: office/doc,",
            "to: office/gateway,",
            "to: §office/gateway",
            "reference",
            "host `gateway` does not stand in zone `office`",
            "no rule leads to the gateway",
        ),
        slip(
            "id: browsing, host: citizens",
            "id: browsing, host: citizen",
            "host: §citizen,",
            "reference",
            "there is no host `citizen`",
            "did you mean `citizens`?",
        ),
        slip(
            "requires: [www-file]",
            "requires: [www-fil]",
            "requires: [§www-fil]",
            "reference",
            "there is no objective `www-fil`",
            "did you mean `www-file`?",
        ),
        slip(
            "action: sealed-read,",
            "action: sealed-write,",
            "action: §sealed-write",
            "reference",
            "there is no action `sealed-write`",
            "`search-injection`, `sealed-read`",
        ),
        slip(
            "checks: [portal-search]",
            "checks: [portal]",
            "checks: [§portal]",
            "reference",
            "there is no check `portal`",
            "known here",
        ),
        slip(
            "host: attack, login: red",
            "host: attak, login: red",
            "host: §attak",
            "reference",
            "there is no host `attak`",
            "did you mean `attack`?",
        ),
        slip(
            "password = {password:doc-service}",
            "password = {password:doc-servic}",
            "content: §\"[doc]",
            "reference",
            "there is no account `doc-servic`",
            "did you mean `doc-service`?",
        ),
        slip(
            "password = {password:doc-service}",
            "password = {passwort:doc-service}",
            "content: §\"[doc]",
            "reference",
            "unknown placeholder `{passwort:…}`",
            "did you mean `{password:ID}`?",
        ),
        slip(
            "password = {password:doc-service}",
            "password = {password:doc-service",
            "content: §\"[doc]",
            "reference",
            "a placeholder begins with `{password:` and is not closed",
            "{password:ID}",
        ),
        slip(
            "password = {password:doc-service}",
            "password = {flag:secret-door}",
            "content: §\"[doc]",
            "reference",
            "there is no objective `secret-door`",
            "known here",
        ),
        slip(
            "retest: { from: citizens,",
            "retest: { from: gateway,",
            "from: §gateway,",
            "rule",
            "no script runs in the gateway",
            "",
        ),
        slip(
            "matches: '^/documents/115-0042', from: www",
            "matches: '^/documents/115-0042', from: wwww",
            "from: §wwww",
            "reference",
            "there is no host `wwww`",
            "did you mean `www`?",
        ),
    ]);
}

#[test]
fn duplicates() {
    try_all(&[
        slip(
            "id: browsing, host: citizens, every: 7s, script: checks/browse.sh }",
            "id: browsing, host: citizens, every: 7s, script: checks/browse.sh }\n  - { id: browsing, host: www, every: 7s, script: checks/browse.sh }",
            "{ id: §browsing, host: www",
            "duplicate",
            "user `browsing` is there already, in line 188",
            "choose another",
        ),
        slip(
            "at: { office: 31 }",
            "at: { office: 20 }",
            "at: { office: §20 }\n    names: [watch",
            "duplicate",
            "host `doc` stands at 20 of zone `office` already, in line 48",
            "another host number",
        ),
        slip(
            "names: [citizens.example]",
            "names: [attack.example]",
            "names: [§attack.example]\n    resources: { memory: 96M",
            "duplicate",
            "DNS name `attack.example` is there already, in line 60",
            "",
        ),
        slip(
            "names: [www.qinglan.test, portal.qinglan.test]",
            "names: [www.qinglan.test, doc]",
            "- id: §doc\n",
            "duplicate",
            "DNS name `doc` is there already, in line 39",
            "",
        ),
        slip(
            "names: [citizens.example]",
            "names: [doc]",
            "names: [§doc]",
            "duplicate",
            "DNS name `doc` is there already, in line 44",
            "",
        ),
        slip(
            "host: doc, file: /var/lib/doc/sealed/115-0042.txt",
            "host: doc, file: /var/lib/doc/service.password",
            "§/var/lib/doc/service.password, owner: doc, mode: \"0600\", content: \"密",
            "duplicate",
            "file `/var/lib/doc/service.password` is there already, in line 99",
            "",
        ),
        slip(
            "host: www, login: ops",
            "host: watch, login: blue",
            "host: watch, login: §blue, title: { zh-TW: 入口",
            "duplicate",
            "log-in `blue on watch` is there already, in line 84",
            "",
        ),
        slip(
            "action: sealed-read, points",
            "action: search-injection, points",
            "action: §search-injection, points: 180",
            "duplicate",
            "action `search-injection` has a detection already, in line 150",
            "",
        ),
        slip(
            "ports: [22, 80]",
            "ports: [22, 22]",
            "ports: [22, §22]",
            "duplicate",
            "port `22` stands here already",
            "",
        ),
        slip(
            "requires: [www-file]",
            "requires: [www-file, www-file]",
            "[www-file, §www-file]",
            "duplicate",
            "`www-file` is required already",
            "",
        ),
        slip(
            "[CHOWN, SETUID, SETGID, DAC_OVERRIDE, FOWNER, KILL, NET_RAW]",
            "[CHOWN, CHOWN]",
            "[CHOWN, §CHOWN]",
            "duplicate",
            "capability `CHOWN` is asked for already",
            "",
        ),
        slip(
            "to: dmz/www, proto: tcp, ports: [80] }\n",
            "to: dmz/www, proto: tcp, ports: [80] }\n  - { from: internet,   to: dmz/www, proto: tcp, ports: [80] }\n",
            "- §{ from: internet,   to",
            "duplicate",
            "this rule stands in line 21 already",
            "",
        ),
    ]);
}

#[test]
fn rules() {
    try_all(&[
        slip(
            "    at: { internet: 50 }\n",
            "",
            "- §id: citizens\n",
            "rule",
            "host `citizens` stands in no zone",
            "at: { ZONE: NUMBER }",
        ),
        slip(
            "    role: gateway ",
            "    at: { dmz: 5 }\n    role: gateway ",
            "    §at: { dmz: 5 }",
            "rule",
            "the gateway has no `at`",
            "in every zone by itself",
        ),
        slip(
            "    side: red\n",
            "",
            "- §id: attack\n",
            "rule",
            "workstation `attack` has no side",
            "`side: red` or `side: blue`",
        ),
        slip(
            "    role: user\n",
            "    role: user\n    side: red\n",
            "side: §red\n    title: { zh-TW: 一般",
            "rule",
            "host `citizens` has a side, but only workstations have one",
            "",
        ),
        slip(
            "    role: user\n",
            "    role: user\n    desktop: true\n",
            "desktop: §true\n    title: { zh-TW: 一般",
            "rule",
            "host `citizens` has a desktop, but only workstations have seats",
            "take `desktop` away",
        ),
        slip(
            "    image: workstation-blue\n",
            "    image: workstation-blue\n    desktop: yes\n",
            "desktop: §yes",
            "value",
            "`desktop`: `yes` is neither true nor false",
            "write `true` or `false`",
        ),
        slip(
            "capabilities: [NET_ADMIN, NET_RAW]",
            "capabilities: [NET_RAW]",
            "capabilities: §[NET_RAW]",
            "rule",
            "the gateway `gateway` does not ask for NET_ADMIN",
            "",
        ),
        slip(
            "KILL, AUDIT_WRITE]",
            "KILL, NET_ADMIN]",
            "KILL, §NET_ADMIN]",
            "rule",
            "host `www` asks for NET_ADMIN, which only the gateway may have",
            "take it away",
        ),
        slip(
            "from: internet, to: dmz/www",
            "from: dmz, to: dmz/www",
            "from: dmz, to: §dmz/www",
            "rule",
            "both ends lie in zone `dmz`",
            "between zones",
        ),
        slip(
            "proto: tcp, ports: [8080]",
            "proto: icmp, ports: [8080]",
            "§ports: [8080]",
            "rule",
            "`icmp` has no ports",
            "",
        ),
        slip(
            "proto: tcp, ports: [8080]",
            "proto: udp",
            "- §{ from: dmz/www, to: office/doc",
            "missing_key",
            "this allow rule has no `ports`",
            "ports: [80]",
        ),
        slip(
            ", login: ops",
            "",
            "side: blue, host: §www,",
            "rule",
            "account `www-ops` has a host but no log-in",
            "",
        ),
        slip(
            "host: www, login: ops",
            "login: ops",
            "login: §ops",
            "rule",
            "account `www-ops` has a log-in but no host",
            "",
        ),
        slip(
            ", owner: www-data, mode: \"0640\", content: \"[doc]",
            ", mode: \"0640\", content: \"[doc]",
            "- §{ host: www, file: /srv/portal/private/doc.ini",
            "missing_key",
            "this plant of a file has no `owner`",
            "",
        ),
        slip(
            "  - host: www\n    row:\n",
            "  - host: www\n    mode: \"0600\"\n    row:\n",
            "    §mode: \"0600\"\n",
            "rule",
            "a plant is a row or a file; `row` and `mode` stand together here",
            "two plants",
        ),
        slip(
            "旗標 {flag:www-file}",
            "旗標",
            "id: §www-file\n",
            "rule",
            "the flag of objective `www-file` is planted nowhere",
            "{flag:www-file}",
        ),
        slip(
            "    host: doc\n    technique: T1213\n    points: 250",
            "    host: www\n    technique: T1213\n    points: 250",
            "host: §www\n    technique: T1213",
            "rule",
            "objective `doc-sealed` names host `www`, its flag is planted on `doc`",
            "",
        ),
        slip(
            "price: 20",
            "price: 101",
            "price: §101",
            "rule",
            "the hint costs 101 points, the objective brings 100",
            "",
        ),
        slip(
            "requires: [portal-db]",
            "requires: [doc-sealed]",
            "requires: [§www-file]",
            "cycle",
            "objectives wait for each other in a circle: www-file → doc-sealed → www-file",
            "take one",
        ),
        slip(
            "requires: [portal-db]",
            "requires: [www-file]",
            "requires: [§www-file]\n  - id",
            "cycle",
            "objective `www-file` requires itself",
            "",
        ),
        slip(
            "      - { source: gateway, kind: flow, from: www, to: doc, port: 8080 }\n",
            "",
            "§- { source: doc",
            "rule",
            "action `sealed-read` has no evidence from the gateway",
            "kind: flow",
        ),
        slip(
            "    telemetry: web\n  - id: attack",
            "  - id: attack",
            "source: §doc, kind",
            "rule",
            "host `doc` has no web records",
            "telemetry: web",
        ),
        slip(
            "to: doc, port: 8080 }",
            "to: doc, port: 8080, status: 200 }",
            "8080, §status",
            "rule",
            "a flow record has no `status`",
            "",
        ),
        slip(
            "from: www, to: doc, port: 8080 }",
            "from: www, port: 8080 }",
            "- §{ source: gateway, kind: flow, from: www,",
            "rule",
            "this evidence does not say where the flow goes",
            "add `to`",
        ),
        slip(
            "field: uri, matches: '^/documents/115-0042', from: www, status: 200",
            "from: www",
            "- §{ source: doc",
            "rule",
            "this evidence matches every web record",
            "",
        ),
        slip(
            "matches: '^/documents/115-0042', ",
            "",
            "field: §uri, from: www",
            "rule",
            "`field` without `matches` says nothing",
            "",
        ),
        slip(
            "    host: doc\n    from: www\n",
            "    host: doc\n    from: doc\n",
            "from: §doc\n",
            "rule",
            "check `doc-exchange` would run inside the host that it checks",
            "",
        ),
        slip(
            "    full: 30m\n    window: 80m\n",
            "    full: 30m\n    window: 20m\n",
            "window: §20m",
            "rule",
            "`window` is shorter than `full`",
            "",
        ),
        slip(
            "    full: 30m\n    window: 80m\n",
            "    full: 30m\n    window: 3h\n",
            "window: §3h",
            "rule",
            "`window` is longer than the exercise",
            "",
        ),
        slip(
            "    every: 20s\n    timeout: 8s\n",
            "    every: 20s\n    timeout: 21s\n",
            "timeout: §21s",
            "rule",
            "`timeout` is longer than `every`",
            "",
        ),
    ]);
}

#[test]
fn yaml() {
    try_all(&[
        slip(
            "\ntitle: {",
            "\ntitle: &t {",
            "title: §&t",
            "alias",
            "the anchor `&t` is not allowed here",
            "no anchors and aliases",
        ),
        slip(
            "duration: 90m ",
            "duration: *later ",
            "duration: §*later",
            "alias",
            "the alias `*later` is not allowed here, and nothing has that name",
            "write the value out",
        ),
        slip(
            "duration: 90m ",
            "duration: !!str 90m ",
            "duration: !!str §90m",
            "tag",
            "the tag `!!str` is not allowed here",
            "no tags",
        ),
        slip(
            "    image: base\n",
            "\timage: base\n",
            "\n§\timage: base",
            "tab",
            "a tab stands in the indentation",
            "spaces only",
        ),
        slip(
            "    image: base\n",
            "  \timage: base\n",
            "\n  §\timage: base",
            "tab",
            "a tab stands in the indentation",
            "spaces only",
        ),
        slip(
            "scoring:\n  availability: 400 ",
            "scoring:\n  availability: 400\n---\nmore: 1 #",
            "\n§---",
            "yaml",
            "a second document begins here",
            "",
        ),
        slip(
            "# 青嵐縣入口網: a county",
            "%YAML 1.1\n---\n# 青嵐縣入口網: a county",
            "§%YAML",
            "yaml",
            "a line that begins with `%` is not allowed here",
            "",
        ),
    ]);
}

#[test]
fn prices_of_resets() {
    try_all(&[
        slip(
            "scoring:\n  availability: 400 ",
            "scoring:\n  reset: nver\n  availability: 400 ",
            "  reset: §nver",
            "value",
            "`reset`: `nver` is neither points nor `never`",
            "`30`, or `never`",
        ),
        slip(
            "scoring:\n  availability: 400 ",
            "scoring:\n  reset: -1\n  availability: 400 ",
            "  reset: §-1",
            "value",
            "`reset`: `-1` is too small, the least is 0",
            "",
        ),
        slip(
            "  - id: citizens\n",
            "  - id: citizens\n    reset: 20\n",
            "    §reset: 20",
            "rule",
            "host `citizens` has a price for a reset, but no team that could ask for it",
            "only staff",
        ),
    ]);
    let read = |from, to| crate::read(&edited(from, to));
    use scoreboard::Side::{Blue, Red};
    assert_eq!(crate::portal().reset_price(Blue, "www"), None, "without a word, only staff may");
    let priced = read("scoring:\n", "scoring:\n  reset: 30\n");
    assert_eq!((priced.reset_price(Blue, "www"), priced.reset_price(Red, "attack")), (Some(30), Some(30)));
    assert_eq!((priced.reset_price(Red, "www"), priced.reset_price(Blue, "gateway")), (None, None));
    let own = read("  - id: doc\n", "  - id: doc\n    reset: 10\n");
    assert_eq!((own.reset_price(Blue, "doc"), own.reset_price(Blue, "www")), (Some(10), None));
}

#[test]
fn a_repeated_list_is_one_fault_and_not_a_page_of_them() {
    let source = format!("{PORTAL}\nhosts:\n  - {{ id: other }}\n");
    let faults = parse("s.yaml", &source).unwrap_err();
    assert_eq!(faults.len(), 1, "{}", shown(&faults));
    assert_eq!(faults[0].code, "duplicate_key");
    assert!(
        faults[0].to_string().starts_with(&format!(
            "s.yaml:{}:1: the key `hosts` stands here again",
            PORTAL.lines().count() + 2
        )),
        "{}",
        faults[0]
    );
}

#[test]
fn the_host_roles_are_counted() {
    let twice = |from, to| shown(&parse("s", &edited(from, to)).unwrap_err());
    let text =
        twice("    role: user\n    title", "    role: gateway\n    capabilities: [NET_ADMIN]\n    title");
    assert!(text.contains("a second gateway, the first stands in line 26"), "{text}");
    let text = twice("    role: gateway ", "    role: target ");
    assert!(text.contains("s:25:1: there is no gateway\n"), "{text}");
    let text = twice("    side: blue\n", "    side: red\n");
    assert!(
        text.contains("there is no blue workstation") && text.contains("a second red workstation"),
        "{text}"
    );
}

#[test]
fn everything_is_reported_at_once_and_in_order() {
    let mut source = edited("duration: 90m ", "duration: 90 ");
    for (from, to) in [
        ("hosts:\n  - id: gateway", "hosst:\n  - id: gateway"),
        ("at: { dmz: 10 }", "at: { dnz: 10 }"),
        ("    weight: 2\n", "    weight: 2\n    weight: 2\n"),
        ("requires: [portal-db]", "requires: [doc-sealed]"),
        ("id: browsing, host: citizens", "id: browsing, host: citizen"),
    ] {
        source = edit(&source, from, to);
    }
    insta::assert_snapshot!(shown(&parse("scenarios/qinglan-portal/scenario.yaml", &source).unwrap_err()));
}

#[test]
fn syntax_faults_have_a_place_and_a_word() {
    let shown_for = |source: &str| shown(&parse("s", source).err().unwrap_or_default());
    let faults = [
        shown_for(""),
        shown_for("# nothing\n"),
        shown_for("id: [a, b\n"),
        shown_for("id: \"a\n"),
        shown_for("id: a: b\n"),
        shown_for("id: a\n  title: b\n"),
        shown_for("id: a\n- b\n"),
        shown_for("- a\n- b\n"),
        shown_for("just words\n"),
        shown_for("id: a\u{1}b\n"),
        shown_for("id: }\n"),
        shown_for("id: a\n\ttitle: b\nzones:\n\t- id: b\n"),
    ];
    insta::assert_snapshot!(faults.join("\n--\n"));
}

#[test]
fn a_desktop_runs_as_a_persons_account() {
    let screen = edited("    image: workstation-red\n", "    image: workstation-red\n    desktop: true\n");
    assert!(parse("s.yaml", &screen).unwrap().host("attack").unwrap().desktop);
    let off = edited("    image: workstation-red\n", "    image: workstation-red\n    desktop: false\n");
    assert!(!parse("s.yaml", &off).unwrap().host("attack").unwrap().desktop);
    for (from, to) in
        [("host: attack, login: red,", "host: attack, login: root,"), ("host: attack, login: red, ", "")]
    {
        let faults = parse("s.yaml", &edit(&screen, from, to)).unwrap_err();
        let [fault] = faults.as_slice() else { panic!("{}", shown(&faults)) };
        assert_eq!(fault.what, "host `attack` has a desktop, but no account");
        assert_eq!((fault.line, fault.column), place(&screen, "desktop: §true"));
    }
}
