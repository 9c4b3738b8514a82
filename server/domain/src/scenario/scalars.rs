//! Texts with a form: durations, sizes, ids, paths. Each reader says in one sentence what was expected.

/// Why a text is not what it should be: what, and what to do.
pub(super) struct Bad(pub String, pub Option<String>);

fn bad<T>(what: impl Into<String>, hint: &str) -> Result<T, Bad> {
    Err(Bad(what.into(), Some(hint.to_owned())))
}

/// `1h30m`, `90m`, `20s`, `500ms`, in milliseconds.
pub(super) fn duration(text: &str) -> Result<i64, Bad> {
    const UNITS: [(&str, i64); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let hint = "write number and unit: `90m`, `20s`, `1h30m`; units are d, h, m, s, ms";
    let mut rest = text;
    let mut total = 0_i64;
    let mut next_unit = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, tail) = tail.split_at(letters);
        let found = UNITS.iter().enumerate().skip(next_unit).find(|(_, (name, _))| *name == unit);
        let (Ok(number), Some((index, (_, factor)))) = (number.parse::<i64>(), found) else {
            return bad("is no duration", hint);
        };
        match number.checked_mul(*factor).and_then(|part| total.checked_add(part)) {
            Some(sum) => total = sum,
            None => return bad("is too long", hint),
        }
        next_unit = index + 1;
        rest = tail;
    }
    if text.is_empty() { bad("is no duration", hint) } else { Ok(total) }
}

/// `512M`, in bytes; K, M and G are powers of 1,024.
pub(super) fn size(text: &str) -> Result<u64, Bad> {
    let hint = "write number and unit: `512M`; units are K, M, G (powers of 1,024)";
    let factor: u64 = match text.chars().last() {
        Some('K') => 1 << 10,
        Some('M') => 1 << 20,
        Some('G') => 1 << 30,
        _ => return bad("is no size", hint),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return bad("is no size", hint);
    }
    match digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)) {
        Some(bytes) => Ok(bytes),
        None => bad("is too large", hint),
    }
}

/// `0.25`, in thousandths.
pub(super) fn cpus(text: &str) -> Result<u32, Bad> {
    let hint = "write a number with at most three decimals: `0.5`";
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || whole.len() > 4 || part.len() > 3 {
        return bad("is no number of processors", hint);
    }
    match format!("{whole}{part:0<3}").parse() {
        Ok(thousandths) => Ok(thousandths),
        Err(_) => bad("is no number of processors", hint),
    }
}

/// A whole number as people write it.
pub(super) fn int(text: &str) -> Result<i64, Bad> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return bad("is no whole number", "write digits only: `20`");
    }
    if digits.len() > 1 && digits.starts_with('0') {
        // YAML 1.1 reads these as octal, YAML 1.2 does not: whoever wrote it may mean either.
        return bad(
            "begins with 0, which some programs read as octal",
            "write the number without the leading 0",
        );
    }
    match text.parse() {
        Ok(number) => Ok(number),
        Err(_) => bad("is too large", "write a smaller number"),
    }
}

/// Permission bits in octal digits: `0640`.
pub(super) fn mode(text: &str) -> Result<u32, Bad> {
    let octal = text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let bits = if octal && (3..=4).contains(&text.len()) { u32::from_str_radix(text, 8).ok() } else { None };
    match bits {
        Some(bits) => Ok(bits),
        None => bad("is no file mode", "write three or four octal digits in quotes: `\"0640\"`"),
    }
}

/// Ids of everything: lower-case words joined by hyphens.
pub(super) fn id(text: &str) -> Result<(), Bad> {
    let hint = "ids are lower-case letters, digits and single hyphens, and begin with a letter: `portal-db`";
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
    let allowed = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !begins || !allowed || text.ends_with('-') || text.contains("--") {
        return bad("is no id", hint);
    }
    if text.len() > 40 {
        return bad(format!("has {} characters, an id may have 40", text.len()), hint);
    }
    Ok(())
}

/// Name of a folder of `images/`.
pub(super) fn image(text: &str) -> Result<(), Bad> {
    id(text).map_err(|_| {
        Bad("is no image name".to_owned(), Some("write the name of a folder of images/".to_owned()))
    })
}

/// User name of a system.
pub(super) fn login(text: &str) -> Result<(), Bad> {
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let allowed =
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if begins && allowed && text.len() <= 32 {
        return Ok(());
    }
    bad(
        "is no user name",
        "user names are at most 32 lower-case letters, digits, `-` and `_`, and begin with a letter",
    )
}

/// Name in the range's DNS.
pub(super) fn dns_name(text: &str) -> Result<(), Bad> {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    // A name whose last label is a number would be taken for an address.
    let numeric = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    if text.len() <= 253 && !numeric && text.split('.').all(label) {
        return Ok(());
    }
    bad("is no DNS name", "write lower-case labels joined by dots: `www.qinglan.test`")
}

/// ATT&CK id of a technique or sub-technique.
pub(super) fn technique(text: &str) -> Result<(), Bad> {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let good = text.strip_prefix('T').is_some_and(|rest| match rest.split_once('.') {
        Some((main, sub)) => digits(main, 4) && digits(sub, 3),
        None => digits(rest, 4),
    });
    if good { Ok(()) } else { bad("is no ATT&CK technique", "write `T1190` or `T1505.003`") }
}

/// Absolute path of a file in a container.
pub(super) fn absolute_path(text: &str) -> Result<(), Bad> {
    if !text.starts_with('/') {
        return bad("is no absolute path", "begin with `/`");
    }
    let plain = !text.chars().any(char::is_control) && text.len() <= 255;
    if !plain || text[1..].split('/').any(|part| matches!(part, "" | "." | "..")) {
        return bad(
            "is no plain path of a file",
            "write it without `..`, `.`, `//` and without a `/` at the end",
        );
    }
    if ["/proc/", "/sys/", "/dev/"].iter().any(|tree| text.starts_with(tree)) {
        return bad("lies in a tree that belongs to the kernel", "choose another place");
    }
    Ok(())
}

/// Path of a script below the scenario's folder.
pub(super) fn script_path(text: &str) -> Result<(), Bad> {
    let hint = "write a path below the scenario's folder: `checks/portal.sh`";
    let allowed = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/'));
    if text.starts_with('/') || text.split('/').any(|part| part == "..") {
        return bad("leaves the scenario's folder", hint);
    }
    if !allowed || text.len() > 200 || text.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return bad("is no path of a script", hint);
    }
    Ok(())
}

/// Zone, or zone/host.
pub(super) fn end(text: &str) -> Result<(String, Option<String>), Bad> {
    let (zone, host) = match text.split_once('/') {
        Some((zone, host)) => (zone, Some(host)),
        None => (text, None),
    };
    if id(zone).is_err() || host.is_some_and(|host| id(host).is_err()) {
        return bad("is no end of a rule", "write a zone (`dmz`) or a host in it (`dmz/www`)");
    }
    Ok((zone.to_owned(), host.map(str::to_owned)))
}

/// Regular expression of bounded size.
pub(super) fn regex(text: &str) -> Result<(), Bad> {
    match regex::RegexBuilder::new(text).size_limit(1 << 20).build() {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => bad("is too large a regular expression", "make it simpler"),
        Err(error) => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            bad(format!("is no regular expression: {reason}"), "single quotes keep backslashes as they are")
        }
    }
}

/// Identifier of a database.
pub(super) fn database(text: &str) -> Result<(), Bad> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(());
    }
    bad("is no name of a database", "write letters, digits and `_`")
}
