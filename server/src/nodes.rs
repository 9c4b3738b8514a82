//! The file that lists the engines of an installation.
//!
//! ```yaml
//! nodes:
//!   - name: here
//!     address: unix:///var/run/docker.sock
//!   - name: second
//!     address: https://10.20.0.12:2376
//!     ca: certs/ca.pem
//!     cert: certs/platform.pem
//!     key: certs/platform-key.pem
//!     labels: { room: b }
//!     routes: [10.20.0.0/24]
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::Ipv4Net;
use rampart_engine::{NodeConfig, TrustFiles};
use serde::Deserialize;
use serde_saphyr::Spanned;

/// Longest name of a node.
const NAME_LIMIT: usize = 32;

/// Why a list of engines is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NodesError {
    /// The file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Unreadable {
        /// File.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no list of engines.
    #[error("{path}:{line}:{column}: {what}", path = path.display())]
    Wrong {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
        /// What, and what is expected.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    nodes: Spanned<Vec<Spanned<Entry>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Spanned<String>,
    address: Spanned<String>,
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    routes: Vec<Spanned<String>>,
    #[serde(default)]
    addresses: Vec<Spanned<String>>,
}

/// Reads such a file. Relative paths in it start at its own folder.
///
/// # Errors
/// The first fault, with its place.
pub fn read(path: &Path) -> Result<Vec<NodeConfig>, NodesError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| NodesError::Unreadable { path: path.to_path_buf(), source })?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Vec<NodeConfig>, NodesError> {
    let wrong = |at: serde_saphyr::Location, what: String| NodesError::Wrong {
        path: path.to_path_buf(),
        line: at.line(),
        column: at.column(),
        what,
    };
    let listed: Listed = serde_saphyr::from_str(text).map_err(|error| {
        let at = error.location().unwrap_or(serde_saphyr::Location::UNKNOWN);
        let said = error.without_snippet().to_string();
        // Its place is said before it.
        wrong(at, said.split(" at line ").next().unwrap_or_default().to_owned())
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    let mut nodes = Vec::new();
    if listed.nodes.value.is_empty() {
        return Err(wrong(listed.nodes.referenced, "no node is listed".into()));
    }
    for entry in listed.nodes.value {
        let at = entry.referenced;
        let Entry { name, address, ca, cert, key, labels, routes, addresses: told } = entry.value;
        let plain = |text: &str| {
            text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && text.starts_with(|c: char| c.is_ascii_lowercase())
        };
        if !plain(&name.value) || name.value.len() > NAME_LIMIT {
            let what =
                format!("{:?} is no name: a letter, then lower-case letters, digits and -", name.value);
            return Err(wrong(name.referenced, what));
        }
        if !names.insert(name.value.clone()) {
            return Err(wrong(name.referenced, format!("{} stands here twice", name.value)));
        }
        if !addresses.insert(address.value.trim_end_matches('/').to_owned()) {
            return Err(wrong(address.referenced, format!("{} stands here twice", address.value)));
        }
        let trust = if address.value.starts_with("https://") {
            match (ca, cert, key) {
                (Some(ca), Some(cert), Some(key)) => {
                    Some(TrustFiles { ca: folder.join(ca), cert: folder.join(cert), key: folder.join(key) })
                }
                _ => return Err(wrong(at, format!("{}: https:// needs ca, cert and key", name.value))),
            }
        } else if address.value.starts_with("unix:///") {
            if ca.is_some() || cert.is_some() || key.is_some() {
                return Err(wrong(at, format!("{}: certificates are for https:// only", name.value)));
            }
            None
        } else {
            let what = format!("{} is no address: unix:///path or https://host:port", address.value);
            return Err(wrong(address.referenced, what));
        };
        let mut node = NodeConfig {
            name: name.value,
            address: address.value,
            trust,
            labels,
            routes: Vec::new(),
            addresses: Vec::new(),
        };
        for route in routes {
            let net: Ipv4Net = route.value.parse().map_err(|_| {
                wrong(route.referenced, format!("{} is no subnet such as 10.20.0.0/24", route.value))
            })?;
            node.routes.push(net.trunc());
        }
        for one in told {
            let address: IpAddr = one.value.parse().map_err(|_| {
                wrong(one.referenced, format!("{} is no address such as 10.20.0.12", one.value))
            })?;
            node.addresses.push(address);
        }
        nodes.push(node);
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const WHOLE: &str = "nodes:\n  - name: here\n    address: unix:///var/run/docker.sock\n  - name: second\n    address: https://10.20.0.12:2376\n    ca: certs/ca.pem\n    cert: /etc/rampart/platform.pem\n    key: certs/platform-key.pem\n    labels: { room: b }\n    routes: [10.20.0.7/24]\n    addresses: [10.20.0.13]\n";

    fn said(text: &str) -> String {
        parse(Path::new("/etc/rampart/engines.yaml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_list_is_read_and_its_paths_start_at_its_folder() {
        let nodes = parse(Path::new("/etc/rampart/engines.yaml"), WHOLE).unwrap();
        assert_eq!((nodes.len(), nodes[0].name.as_str(), &nodes[0].trust), (2, "here", &None));
        let trust = nodes[1].trust.as_ref().unwrap();
        assert_eq!(trust.ca, Path::new("/etc/rampart/certs/ca.pem"));
        assert_eq!(trust.cert, Path::new("/etc/rampart/platform.pem"));
        assert_eq!(nodes[1].labels["room"], "b");
        assert_eq!(nodes[1].routes, ["10.20.0.0/24".parse().unwrap()]);
        assert_eq!(nodes[1].addresses, ["10.20.0.13".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn faults_are_named_with_their_place() {
        let cases = [
            ("nodes: []\n", ":1:8: no node is listed"),
            (&WHOLE.replace("name: second", "name: here"), ":4:11: here stands here twice"),
            (&WHOLE.replace("name: second", "name: Second"), ":4:11: \"Second\" is no name"),
            (&WHOLE.replace("https://", "http://"), ":5:14: http://10.20.0.12:2376 is no address"),
            (&WHOLE.replace("    ca: certs/ca.pem\n", ""), ":4:5: second: https:// needs ca, cert and key"),
            (&WHOLE.replace("10.20.0.7/24", "10.20.0.7"), ":10:14: 10.20.0.7 is no subnet"),
            (&WHOLE.replace("10.20.0.13", "node2"), ":11:17: node2 is no address"),
            (&WHOLE.replace("labels:", "label:"), "label"),
            ("nodes:\n  - name: x\n", ":2:5: missing field `address`"),
        ];
        for (text, wanted) in cases {
            let said = said(text);
            assert!(
                said.starts_with("/etc/rampart/engines.yaml:") && said.contains(wanted),
                "{said} / {wanted}"
            );
        }
        let none = read(Path::new("/no/such/file")).unwrap_err();
        assert!(matches!(none, NodesError::Unreadable { .. }), "{none}");
    }
}
