//! What a host may do and how much it may take, as seen from inside it, against its plan.

use std::collections::BTreeSet;

use rampart_domain::plan::HostPlan;
use scoreboard::Proof;
use serde::Deserialize;

/// Names of capabilities by their number (linux/capability.h).
const CAPABILITIES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];
/// Seccomp's mode of a filter.
const FILTERED: &str = "2";
/// Memory limits are whole pages.
const PAGE: u64 = 4096;

/// What `probe.py` read inside; texts as they stood, empty where there was nothing to read.
#[derive(Deserialize)]
pub(super) struct Inside {
    bounding: String,
    no_new_privileges: String,
    seccomp: String,
    memory: String,
    pids: String,
    cpu: String,
    core: String,
    file: String,
    sockets: Vec<String>,
    root: String,
}

impl Inside {
    /// The proofs: capabilities, the two locks on them, the limits, the engine's socket, and a root that takes nothing.
    pub(super) fn proofs(&self, host: &HostPlan) -> Vec<Proof> {
        let proof = |what: &str, to: &str, holds: bool, seen: String| Proof {
            what: what.into(),
            from: host.host.clone(),
            to: to.into(),
            holds,
            seen,
        };
        let capabilities = self.capabilities();
        let planned: BTreeSet<&str> = host.capabilities.iter().map(String::as_str).collect();
        let there = |set: &BTreeSet<String>| -> String {
            let list = set.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
            if list.is_empty() { "none".to_owned() } else { list }
        };
        let same = capabilities.as_ref().is_some_and(|set| {
            set.len() == planned.len() && set.iter().all(|name| planned.contains(name.as_str()))
        });
        let seen = capabilities.as_ref().map_or_else(|| format!("'{}'", self.bounding), there);
        let locked = self.no_new_privileges == "1" && self.seccomp == FILTERED;
        let mut proofs = vec![
            proof("limits", "capabilities", same, seen),
            proof(
                "limits",
                "no new privileges, filtered system calls",
                locked,
                format!("NoNewPrivs {}, Seccomp {}", self.no_new_privileges, self.seccomp),
            ),
            proof("limits", "memory, processes, processors, files", self.bounded(host), self.bounds()),
            proof(
                "engine",
                "sockets",
                self.sockets.is_empty(),
                match self.sockets.as_slice() {
                    [] => "none".to_owned(),
                    found => found.join(", "),
                },
            ),
        ];
        if host.read_only {
            proofs.push(proof("limits", "writing to its root", self.root == "EROFS", self.root.clone()));
        }
        proofs
    }

    fn capabilities(&self) -> Option<BTreeSet<String>> {
        let bits = u64::from_str_radix(&self.bounding, 16).ok()?;
        let name = |bit: u32| {
            let known = usize::try_from(bit).ok().and_then(|bit| CAPABILITIES.get(bit));
            known.map_or_else(|| format!("number {bit}"), |name| (*name).to_owned())
        };
        Some((0..u64::BITS).filter(|bit| bits >> bit & 1 == 1).map(name).collect())
    }

    fn bounded(&self, host: &HostPlan) -> bool {
        let of = |text: &str| text.parse::<u64>().ok();
        // "quota period", microseconds.
        let cpu = self.cpu.split_once(' ').and_then(|(quota, period)| Some((of(quota)?, of(period)?)));
        let limits = &host.resources;
        of(&self.memory).is_some_and(|bytes| bytes.abs_diff(limits.memory) < PAGE)
            && of(&self.pids) == Some(u64::from(limits.pids))
            && cpu.is_some_and(|(quota, period)| quota * 1000 == u64::from(limits.milli_cpus) * period)
            && of(&self.core) == Some(0)
            && of(&self.file).is_some_and(|bytes| bytes <= limits.disk())
    }

    fn bounds(&self) -> String {
        let Self { memory, pids, cpu, core, file, .. } = self;
        format!("memory {memory}, pids {pids}, cpu {cpu}, core {core}, file {file}")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a sound host says, as JSON.
    pub fn sound(host: &HostPlan) -> serde_json::Value {
        let bit = |name: &String| CAPABILITIES.iter().position(|known| known == name).unwrap_or(63);
        let bounding = host.capabilities.iter().fold(0_u64, |bits, name| bits | 1 << bit(name));
        serde_json::json!({
            "bounding": format!("{bounding:016x}"), "no_new_privileges": "1", "seccomp": "2",
            "memory": host.resources.memory.to_string(), "pids": host.resources.pids.to_string(),
            "cpu": format!("{} 100000", u64::from(host.resources.milli_cpus) * 100), "core": "0",
            "file": host.resources.disk().to_string(), "sockets": [], "root": "EROFS",
        })
    }
}
