//! Broken scenario files: each slip is one fault, at its exact place, with something to do about it.

mod rules;

use rampart_domain::scenario::parse;

use super::{edited, shown};

/// One slip in the portal file. `at` is a passage of the changed file, with `§` before the character that the fault
/// must point at.
pub(super) struct Slip {
    from: &'static str,
    to: &'static str,
    at: &'static str,
    code: &'static str,
    what: &'static str,
    hint: &'static str,
}

pub(super) const fn slip(
    from: &'static str,
    to: &'static str,
    at: &'static str,
    code: &'static str,
    what: &'static str,
    hint: &'static str,
) -> Slip {
    Slip { from, to, at, code, what, hint }
}

/// Line and column, from 1, of the `§` of a passage.
fn place(source: &str, passage: &str) -> (usize, usize) {
    let plain = passage.replace('§', "");
    assert_eq!(source.matches(&plain).count(), 1, "{plain:?} must stand once in the changed file");
    let offset = source.find(&plain).unwrap() + passage.find('§').unwrap();
    let before = &source[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    (line, column)
}

pub(super) fn try_all(slips: &[Slip]) {
    let mut wrong = Vec::new();
    for slip in slips {
        let source = edited(slip.from, slip.to);
        let (line, column) = place(&source, slip.at);
        let faults = parse("s.yaml", &source).err().unwrap_or_default();
        let fits = |fault: &rampart_domain::scenario::Fault| {
            (fault.line, fault.column, fault.code) == (line, column, slip.code)
                && fault.what == slip.what
                && fault.hint.as_deref().unwrap_or_default().contains(slip.hint)
        };
        if faults.len() != 1 || !fits(&faults[0]) {
            let Slip { what, hint, code, .. } = slip;
            wrong.push(format!(
                "wanted s.yaml:{line}:{column}: {what} [{code}]\n  help: …{hint}…\ngot\n{}\n",
                shown(&faults)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn keys() {
    try_all(&[
        slip(
            "\nhosts:\n",
            "\nhosst:\n",
            "\n§hosst:",
            "unknown_key",
            "unknown key `hosst` in scenario `qinglan-portal`",
            "did you mean `hosts`?",
        ),
        slip(
            "    role: target\n    title: { zh-TW: 全球",
            "    roel: target\n    title: { zh-TW: 全球",
            "    §roel: target",
            "unknown_key",
            "unknown key `roel` in host `www`",
            "did you mean `role`?",
        ),
        slip(
            "{ zh-TW: 網際網路, en: Internet }",
            "{ zh-TW: 網際網路, en: Internet, fr: Internet }",
            "en: Internet, §fr",
            "unknown_key",
            "unknown key `fr` in this text in two languages",
            "known here: `zh-TW`, `en`",
        ),
        slip(
            "  false_cost: 15\n",
            "",
            "  §free_false",
            "missing_key",
            "`reports` has no `false_cost`",
            "What each further one costs.",
        ),
        slip(
            "    points: 150\n    attempts: 20\n",
            "    points: 150\n",
            "- §id: www-file\n",
            "missing_key",
            "objective `www-file` has no `attempts`",
            "Wrong answers allowed.",
        ),
        slip(
            "    weight: 2\n",
            "    weight: 2\n    weight: 3\n",
            "    weight: 2\n    §weight: 3",
            "duplicate_key",
            "the key `weight` stands here again, first in line 165",
            "take one away",
        ),
        slip(
            "{ zh-TW: 內部辦公區, en: Office }",
            "內部辦公區",
            "title: §內部辦公區",
            "type",
            "`title` must be a map, not a single value",
            "`zh-TW`, `en`",
        ),
        slip(
            "    attempts: 20\n    requires: [www-file]\n",
            "    attempts: [20]\n    requires: [www-file]\n",
            "attempts: §[20]",
            "type",
            "`attempts` must be a single value, not a list",
            "",
        ),
        slip(
            "requires: [www-file]",
            "requires: www-file",
            "requires: §www-file",
            "type",
            "`requires` must be a list, not a single value",
            "[a, b]",
        ),
        slip(
            "\nsummary:\n",
            "\nsummary:\n  ? [a, b]\n  : c\n",
            "? §[a, b]",
            "type",
            "a key must be a word, not a list or a map",
            "",
        ),
    ]);
}

#[test]
fn values() {
    try_all(&[
        slip(
            "duration: 90m ",
            "duration: 90 ",
            "duration: §90 ",
            "value",
            "`duration`: `90` is no duration",
            "units are d, h, m, s, ms",
        ),
        slip(
            "duration: 90m ",
            "duration: 30s ",
            "duration: §30s ",
            "value",
            "`duration`: `30s` is too small, the least is 1m",
            "",
        ),
        slip(
            "every: 20s",
            "every: 20sec",
            "every: §20sec",
            "value",
            "`every`: `20sec` is no duration",
            "`90m`",
        ),
        slip("every: 20s", "every: 5s3m", "every: §5s3m", "value", "`every`: `5s3m` is no duration", ""),
        slip(
            "memory: 192M",
            "memory: 192MB",
            "memory: §192MB",
            "value",
            "`memory`: `192MB` is no size",
            "`512M`",
        ),
        slip(
            "memory: 192M",
            "memory: 1M",
            "memory: §1M",
            "value",
            "`memory`: `1M` is too small, the least is 16M",
            "",
        ),
        slip(
            "memory: 192M",
            "memory: 192M, typical: 193M",
            "typical: §193M",
            "rule",
            "host `doc` uses more memory as a rule than its limit allows",
            "measure",
        ),
        slip(
            "cpus: 0.25",
            "cpus: a quarter",
            "cpus: §a quarter",
            "value",
            "`cpus`: `a quarter` is no number of processors",
            "`0.5`",
        ),
        slip(
            "version: 1",
            "version: one",
            "version: §one",
            "value",
            "`version`: `one` is no whole number",
            "`20`",
        ),
        slip(
            "version: 1",
            "version: \"1\"",
            "version: §\"1\"",
            "value",
            "`version`: `1` is a text, a number is wanted",
            "take the quotes away",
        ),
        slip(
            "version: 1",
            "version: 013",
            "version: §013",
            "value",
            "`version`: `013` begins with 0, which some programs read as octal",
            "",
        ),
        slip("version: 1", "version: ~", "version: §~", "type", "`version` is empty", ""),
        slip(
            "difficulty: basic",
            "difficulty: basik",
            "difficulty: §basik",
            "value",
            "`difficulty`: `basik` is not one of the words that are possible here",
            "did you mean `basic`?",
        ),
        slip(
            "aspect: 技術面",
            "aspect: 技術",
            "aspect: §技術",
            "value",
            "`aspect`: `技術` is not one of the words that are possible here",
            "did you mean `技術面`?",
        ),
        slip(
            "weight: 2",
            "weight: 0",
            "weight: §0",
            "value",
            "`weight`: `0` is too small, the least is 1",
            "",
        ),
        slip(
            "    technique: T1505.003\n",
            "    technique: T1505.3\n",
            "technique: §T1505.3",
            "value",
            "`technique`: `T1505.3` is no ATT&CK technique",
            "`T1190`",
        ),
        slip(
            "mode: \"0640\", content: \"[doc]",
            "mode: rw-r-----, content: \"[doc]",
            "mode: §rw-r",
            "value",
            "`mode`: `rw-r-----` is no file mode",
            "octal",
        ),
        slip(
            "file: /srv/portal/private/doc.ini",
            "file: private/doc.ini",
            "file: §private",
            "value",
            "`file`: `private/doc.ini` is no absolute path",
            "begin with `/`",
        ),
        slip(
            "file: /srv/portal/private/doc.ini",
            "file: /srv/../doc.ini",
            "file: §/srv/../",
            "value",
            "`file`: `/srv/../doc.ini` is no plain path of a file",
            "`..`",
        ),
        slip(
            "file: /srv/portal/private/doc.ini",
            "file: /proc/sysrq-trigger",
            "file: §/proc",
            "value",
            "`file`: `/proc/sysrq-trigger` lies in a tree that belongs to the kernel",
            "",
        ),
        slip(
            "checks/retest-search.sh",
            "../retest-search.sh",
            "script: §../",
            "value",
            "`script`: `../retest-search.sh` leaves the scenario's folder",
            "checks/portal.sh",
        ),
        slip(
            "checks/retest-search.sh",
            "/bin/true",
            "script: §/bin",
            "value",
            "`script`: `/bin/true` leaves the scenario's folder",
            "",
        ),
        slip(
            "matches: '^/documents/115-0042'",
            "matches: '^/documents/(115'",
            "matches: §'^/doc",
            "value",
            "`matches`: `^/documents/(115` is no regular expression: unclosed group",
            "single quotes",
        ),
        slip(
            "matches: '^/documents/115-0042'",
            "matches: '(((a{99}){99}){99}){99}'",
            "matches: §'(((",
            "value",
            "`matches`: `(((a{99}){99}){99}){99}` is too large a regular expression",
            "simpler",
        ),
        slip(
            "ports: [22, 80]",
            "ports: [22, 70000]",
            "[22, §70000]",
            "value",
            "`ports`: `70000` is too large, the most is 65535",
            "",
        ),
        slip(
            "names: [doc.qinglan.test]",
            "names: [Doc_1.qinglan.test]",
            "names: [§Doc_1",
            "value",
            "`names`: `Doc_1.qinglan.test` is no DNS name",
            "lower-case",
        ),
        slip(
            "KILL, AUDIT_WRITE]",
            "KILL, SYS_ADMIN]",
            "KILL, §SYS_ADMIN]",
            "value",
            "`capabilities`: `SYS_ADMIN` is no capability that a host may have",
            "allowed are AUDIT_WRITE",
        ),
        slip(
            "KILL, AUDIT_WRITE]",
            "KILL, CAP_CHOWN]",
            "KILL, §CAP_CHOWN]",
            "value",
            "`capabilities`: `CAP_CHOWN` is no capability that a host may have",
            "write `CHOWN`",
        ),
        slip(
            "at: { dmz: 10 }",
            "at: { dmz: 63 }",
            "dmz: §63",
            "value",
            "`at` `dmz`: `63` is too large, the most is 62",
            "",
        ),
        slip(
            "at: { dmz: 10 }",
            "at: { dmz: 2 }",
            "dmz: §2 }",
            "value",
            "`at` `dmz`: `2` is too small, the least is 3",
            "",
        ),
        slip("en: Portal database }\n", "en: \" \" }\n", "en: §\" \"", "value", "`en`: ` ` is blank", ""),
        slip("id: browsing", "id: 013", "id: §013", "value", "`id`: `013` is no id", "begin with a letter"),
        slip(
            "id: browsing",
            "id: brow--sing",
            "id: §brow",
            "value",
            "`id`: `brow--sing` is no id",
            "single hyphens",
        ),
        slip(
            "login: blue,",
            "login: Blue Team,",
            "login: §Blue",
            "value",
            "`login`: `Blue Team` is no user name",
            "",
        ),
        slip(
            "database: portal\n",
            "database: por`tal\n",
            "database: §por",
            "value",
            "`database`: `por`tal` is no name of a database",
            "",
        ),
    ]);
}
