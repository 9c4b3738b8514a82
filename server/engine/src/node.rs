//! The engines of an installation, as a file lists them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::{DockerEngine, Engine, EngineError, Trust, TrustFiles};

/// One engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeConfig {
    /// Its name in the installation: lower-case letters, digits and `-`.
    pub name: String,
    /// `unix:///path` for this machine's own, `https://host:port` for another's.
    pub address: String,
    /// Certificates; there for `https://` only.
    pub trust: Option<TrustFiles>,
    /// What the operator says about it, for placement.
    pub labels: BTreeMap<String, String>,
    /// Subnets that the machine itself needs, besides the engine's networks. Only its operator knows those of another
    /// machine.
    pub routes: Vec<Ipv4Net>,
    /// Further addresses of the machine, tried from inside of each range besides the one it is reached at.
    pub addresses: Vec<IpAddr>,
}

/// The engine of a node. Does not connect.
///
/// # Errors
/// [`EngineError::Refused`] for an address that is none; [`EngineError::Untrusted`] for certificates that cannot be read.
pub fn connect(node: &NodeConfig) -> Result<Arc<dyn Engine>, EngineError> {
    Ok(Arc::new(DockerEngine::of(node)?))
}

impl DockerEngine {
    /// The same as [`connect`], for what only this engine can do.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn of(node: &NodeConfig) -> Result<Self, EngineError> {
        match &node.trust {
            Some(files) => {
                let trust = Trust::read(&files.ca, &files.cert, &files.key)?;
                Self::remote_knowing(&node.address, &trust, node.addresses.clone(), node.routes.clone())
            }
            None => Self::at(Some(&node.address)),
        }
    }
}
