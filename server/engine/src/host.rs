//! The engine's host as the platform sees it, and small child processes there.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::process::Stdio;
use std::time::Duration;

use ipnet::Ipv4Net;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use crate::{Disk, EngineError, HostFacts};

/// What a child process left.
pub(crate) struct Child {
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program of the host with this input. It is killed when the time is up.
pub(crate) async fn run(argv: &[&str], stdin: &str, deadline: Duration) -> Result<Child, EngineError> {
    let (program, arguments) = argv.split_first().ok_or_else(|| EngineError::Io("no program".into()))?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| EngineError::Io(format!("{program} cannot be started: {error}")))?;
    if let Some(mut pipe) = child.stdin.take() {
        // A program that does not read its input closes the pipe; its exit status says what that was worth.
        let _ = pipe.write_all(stdin.as_bytes()).await;
    }
    let output = tokio::time::timeout(deadline, child.wait_with_output())
        .await
        .map_err(|_| EngineError::Timeout(argv.join(" ")))?
        .map_err(|error| EngineError::Io(format!("{program}: {error}")))?;
    Ok(Child {
        ok: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

#[derive(Deserialize)]
struct Link {
    ifname: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    addr_info: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    local: Option<IpAddr>,
    prefixlen: Option<u8>,
}

#[derive(Deserialize)]
struct Route {
    dst: String,
    #[serde(default)]
    dev: String,
}

/// Reads addresses, routes and hardware addresses with `ip`.
///
/// # Errors
/// [`EngineError::Io`] when `ip` is missing or says something else.
pub async fn facts() -> Result<HostFacts, EngineError> {
    let deadline = Duration::from_secs(10);
    let links = run(&["ip", "-j", "address"], "", deadline);
    let routes = run(&["ip", "-j", "-4", "route", "show", "table", "all"], "", deadline);
    let (links, routes) = tokio::try_join!(links, routes)?;
    read_facts(&links.stdout, &routes.stdout)
}

fn read_facts(links: &str, routes: &str) -> Result<HostFacts, EngineError> {
    let bad = |error: serde_json::Error| EngineError::Io(format!("the answer of ip cannot be read: {error}"));
    let links: Vec<Link> = serde_json::from_str(links).map_err(bad)?;
    let routes: Vec<Route> =
        if routes.trim().is_empty() { Vec::new() } else { serde_json::from_str(routes).map_err(bad)? };
    let mut facts = HostFacts::default();
    let mut by_link = BTreeMap::new();
    for link in links {
        for address in &link.addr_info {
            let Some(local) = address.local else { continue };
            if local.is_loopback() {
                continue;
            }
            facts.addresses.push(local);
            if let (IpAddr::V4(local), Some(prefix)) = (local, address.prefixlen)
                && let Ok(net) = Ipv4Net::new(local, prefix)
            {
                facts.routes.push((link.ifname.clone(), net.trunc()));
            }
        }
        by_link.insert(link.ifname, link.address);
    }
    facts.links = by_link;
    for route in routes {
        // "default" and the words of special routes are no subnets; single addresses are.
        let net = route
            .dst
            .parse::<Ipv4Net>()
            .ok()
            .or_else(|| route.dst.parse().ok().and_then(|address| Ipv4Net::new(address, 32).ok()));
        if let Some(net) = net
            && net.prefix_len() > 0
            && !net.addr().is_loopback()
        {
            facts.routes.push((route.dev, net.trunc()));
        }
    }
    facts.routes.sort();
    facts.routes.dedup();
    Ok(facts)
}

/// Memory that is not in use on this machine, bytes; `None` where it cannot be told.
pub async fn available_memory() -> Option<u64> {
    let text = tokio::fs::read_to_string("/proc/meminfo").await.ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Room on the file system that holds `path`; `None` where it cannot be told (a remote engine, a missing `df`).
pub async fn disk(path: &str) -> Option<Disk> {
    let out =
        run(&["df", "--block-size=1", "--output=avail,size", path], "", Duration::from_secs(5)).await.ok()?;
    let mut numbers = out.stdout.lines().nth(1)?.split_whitespace().map(str::parse::<u64>);
    match (out.ok, numbers.next(), numbers.next()) {
        (true, Some(Ok(free)), Some(Ok(size))) => Some(Disk { free, size }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn facts_leave_out_loopback_and_the_default_route() {
        let facts = read_facts(
            r#"[{"ifname":"lo","address":"00:00:00:00:00:00","addr_info":[{"local":"127.0.0.1","prefixlen":8},{"local":"::1","prefixlen":128}]},
                {"ifname":"eth0","address":"02:00:00:00:00:01","addr_info":[{"local":"192.0.2.2","prefixlen":24},{"local":"fe80::1","prefixlen":64}]}]"#,
            r#"[{"dst":"default","dev":"eth0"},{"dst":"10.9.0.0/16","dev":"tun0"},{"dst":"127.0.0.0/8","dev":"lo"},{"dst":"10.1.2.3","dev":"eth0"}]"#,
        )
        .unwrap();
        assert_eq!(facts.addresses, ["192.0.2.2".parse::<IpAddr>().unwrap(), "fe80::1".parse().unwrap()]);
        let routes: Vec<String> = facts.routes.iter().map(|(link, net)| format!("{link} {net}")).collect();
        assert_eq!(routes, ["eth0 10.1.2.3/32", "eth0 192.0.2.0/24", "tun0 10.9.0.0/16"]);
        assert_eq!(facts.links["eth0"], "02:00:00:00:00:01");
    }
}
