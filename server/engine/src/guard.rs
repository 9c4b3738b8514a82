//! The wall on the engine's host: nothing that comes out of a range's bridge reaches the host or goes through it.
//!
//! The bridges have no address on the host, but a container with `NET_RAW` can still send frames to the bridge's own
//! hardware address, and the host would take them. So an nftables table of family `inet` (IPv4 and IPv6) drops
//! - everything that enters the host from such a bridge,
//! - everything that the host itself would send into one (a bridge announces its own IPv6 address unasked), and
//! - everything that the host would forward between such a bridge and anything else, another range's bridge included;
//!
//! and one of family `arp` keeps the host from answering for its addresses there. Nothing is lost by it: the platform
//! reaches its ranges through the engine only.
//!
//! Frames inside one bridge do not touch the host, except where `bridge-nf-call-iptables` is on: then they pass the
//! forward hook with the bridge on both sides and must go on. They are told from packets that are truly routed between
//! two bridges by the route: the host has none into a range, so `fib daddr oifname` names a range's bridge only if
//! somebody gave it one, and then the packet is dropped.
//!
//! The table's priority (-150) lies before the engine's own rules. It is the same for all ranges and stays when the last
//! one goes. Accepting here does not overrule a later table, so the engine's own isolation still counts.

use std::time::Duration;

use crate::host::run;
use crate::{EngineError, Wall};

const DEADLINE: Duration = Duration::from_secs(10);
const FAMILIES: [&str; 2] = ["arp", "inet"];

/// A wall: the name of its table and the interface names that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    table: String,
    prefix: String,
}

impl Default for Guard {
    /// The platform's own: table `rampart_guard`, interfaces `rmp*`.
    fn default() -> Self {
        Self { table: "rampart_guard".into(), prefix: rampart_domain::plan::BRIDGE_PREFIX.into() }
    }
}

impl Guard {
    /// A wall of another name, for tests that must not touch the platform's own. Both are lower-case letters, digits
    /// and `_`.
    ///
    /// # Errors
    /// [`EngineError::Refused`] for other characters.
    pub fn named(table: &str, prefix: &str) -> Result<Self, EngineError> {
        let plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if plain(table) && plain(prefix) {
            Ok(Self { table: table.into(), prefix: prefix.into() })
        } else {
            Err(EngineError::Refused(format!("no names for a wall: {table}, {prefix}")))
        }
    }

    /// The table as nft reads it. Making it anew is one transaction, so there is no moment without it.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { table, prefix } = self;
        // `fwd` is a keyword of nft, and braces must stand on lines of their own.
        format!(
            "table arp {table} {{\n}}\ndelete table arp {table}\ntable arp {table} {{\n\
             \tchain host {{\n\
             \t\ttype filter hook input priority -150; policy accept;\n\
             \t\tiifname \"{prefix}*\" counter drop\n\
             \t}}\n\
             \tchain out {{\n\
             \t\ttype filter hook output priority -150; policy accept;\n\
             \t\toifname \"{prefix}*\" counter drop\n\
             \t}}\n}}\n\
             table inet {table} {{\n}}\ndelete table inet {table}\ntable inet {table} {{\n\
             \tchain host {{\n\
             \t\ttype filter hook input priority -150; policy accept;\n\
             \t\tiifname \"{prefix}*\" counter drop\n\
             \t}}\n\
             \tchain out {{\n\
             \t\ttype filter hook output priority -150; policy accept;\n\
             \t\toifname \"{prefix}*\" counter drop\n\
             \t}}\n\
             \tchain through {{\n\
             \t\ttype filter hook forward priority -150; policy accept;\n\
             \t\tiifname \"{prefix}*\" oifname != \"{prefix}*\" counter drop\n\
             \t\tiifname != \"{prefix}*\" oifname \"{prefix}*\" counter drop\n\
             \t\tiifname \"{prefix}*\" fib daddr oifname \"{prefix}*\" counter drop\n\
             \t}}\n}}\n"
        )
    }

    /// Makes the wall if it is missing or not whole, and checks it. Says how it was found.
    ///
    /// # Errors
    /// [`EngineError::Refused`] when nft is missing or this process is not root; the text says which.
    pub async fn ensure(&self) -> Result<Wall, EngineError> {
        if self.missing().await?.is_none() {
            return Ok(Wall::Stood);
        }
        let made = self.nft(&["-f", "-"], &self.text()).await?;
        if let Err(text) = made {
            return Err(EngineError::Refused(format!(
                "the wall on the host cannot be made: {}",
                explain(&text)
            )));
        }
        match self.missing().await? {
            None => Ok(Wall::Made),
            Some(what) => Err(EngineError::Refused(format!("the wall on the host is not whole: {what}"))),
        }
    }

    /// What is missing of the wall, `None` when it is whole.
    ///
    /// # Errors
    /// [`EngineError::Refused`] when nft is missing or this process is not root.
    pub async fn missing(&self) -> Result<Option<String>, EngineError> {
        let mut listed = String::new();
        for family in FAMILIES {
            match self.nft(&["list", "table", family, &self.table], "").await? {
                Ok(table) => listed.push_str(&table),
                Err(text) if text.contains("No such file") => {
                    return Ok(Some(format!("table {family} {}", self.table)));
                }
                Err(text) => {
                    return Err(EngineError::Refused(format!(
                        "the wall on the host cannot be checked: {}",
                        explain(&text)
                    )));
                }
            }
        }
        Ok(self.missing_of(&listed))
    }

    /// Takes the wall away. Only for walls of tests.
    ///
    /// # Errors
    /// [`EngineError::Refused`] when it is not there.
    pub async fn remove(&self) -> Result<(), EngineError> {
        for family in FAMILIES {
            self.nft(&["delete", "table", family, &self.table], "").await?.map_err(EngineError::Refused)?;
        }
        Ok(())
    }

    /// The first line of the wall that the listing lacks; each line counts as often as it stands there.
    fn missing_of(&self, listed: &str) -> Option<String> {
        let mut there = without_counters(listed);
        without_counters(&self.text())
            .into_iter()
            .filter(|line| {
                line.starts_with("iifname")
                    || line.starts_with("oifname")
                    || line.starts_with("type filter hook")
            })
            .map(|line| line.replace("priority -150", "priority mangle"))
            .find(|wanted| {
                let found = there
                    .iter()
                    // Both spellings of the same priority; which one is listed depends on the version of nft.
                    .position(|line| &line.replace("priority -150", "priority mangle") == wanted);
                found.map(|at| there.swap_remove(at)).is_none()
            })
    }

    async fn nft(&self, arguments: &[&str], stdin: &str) -> Result<Result<String, String>, EngineError> {
        let mut argv = vec!["nft"];
        argv.extend(arguments);
        match run(&argv, stdin, DEADLINE).await {
            Ok(child) if child.ok => Ok(Ok(child.stdout)),
            Ok(child) => Ok(Err(child.stderr)),
            Err(EngineError::Io(text)) => Err(EngineError::Refused(format!(
                "the wall on the host needs nft (package nftables): {text}"
            ))),
            Err(other) => Err(other),
        }
    }
}

/// Lines without indentation and without `counter packets N bytes N`.
fn without_counters(listed: &str) -> Vec<String> {
    listed
        .lines()
        .map(|line| {
            let mut words = line.split_whitespace().peekable();
            let mut kept = Vec::new();
            while let Some(word) = words.next() {
                if word == "counter" {
                    if words.peek() == Some(&"packets") {
                        words.by_ref().take(4).for_each(drop);
                    }
                } else {
                    kept.push(word);
                }
            }
            kept.join(" ")
        })
        .collect()
}

fn explain(text: &str) -> String {
    if text.contains("Operation not permitted") {
        "this process is not root (or lacks the right NET_ADMIN)".into()
    } else {
        text.lines().next().unwrap_or("nft failed").to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_rule_taken_out_is_noticed() {
        let guard = Guard::default();
        let listed = guard.text().replace("counter", "counter packets 12 bytes 900");
        assert_eq!(guard.missing_of(&listed), None);
        for (number, line) in listed.lines().enumerate() {
            if line.contains("drop") || line.contains("hook") {
                let without: Vec<&str> = listed
                    .lines()
                    .enumerate()
                    .filter(|(other, _)| *other != number)
                    .map(|(_, line)| line)
                    .collect();
                assert!(guard.missing_of(&without.join("\n")).is_some(), "{line}");
            }
        }
        assert!(guard.missing_of(&listed.replace("hook input", "hook output")).is_some());
    }

    #[test]
    fn names_cannot_carry_rules() {
        assert!(Guard::named("t", "rgt").is_ok());
        for (table, prefix) in [("t { }", "rgt"), ("t", "a\" accept"), ("", "rgt"), ("T", "rgt")] {
            assert!(Guard::named(table, prefix).is_err());
        }
        assert!(explain("Operation not permitted (you must be root)").contains("not root"));
    }

    #[test]
    fn counters_are_no_difference() {
        assert_eq!(
            without_counters("\t\tiifname \"a*\" counter packets 1 bytes 2 drop").first().unwrap(),
            "iifname \"a*\" drop"
        );
        assert_eq!(without_counters("a counter drop").first().unwrap(), "a drop");
    }
}
