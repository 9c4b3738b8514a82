//! Subnets that a launch may claim. Who claims them is the database's business; here is only what stands in the way.

use ipnet::Ipv4Net;

use crate::{Engine, EngineError};

/// A subnet in use, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The subnet.
    pub net: Ipv4Net,
    /// Name of the network or interface, for a person.
    pub by: String,
}

/// Subnets of `block` with this prefix length that overlap nothing in `taken`, in order. Empty when the block is
/// smaller than one subnet.
pub fn candidates(block: Ipv4Net, prefix: u8, taken: &[Taken]) -> impl Iterator<Item = Ipv4Net> {
    let overlaps = |a: &Ipv4Net, b: &Ipv4Net| a.contains(&b.network()) || b.contains(&a.network());
    let taken: Vec<Ipv4Net> =
        taken.iter().map(|taken| taken.net).filter(|net| overlaps(net, &block)).collect();
    block
        .subnets(prefix)
        .into_iter()
        .flatten()
        .filter(move |candidate| !taken.iter().any(|net| overlaps(net, candidate)))
}

/// What is in use: the host's own routes and addresses, and every network of the engine.
///
/// # Errors
/// Any of [`EngineError`].
pub async fn taken(engine: &dyn Engine) -> Result<Vec<Taken>, EngineError> {
    let (host, networks) = futures_util::future::try_join(engine.host(), engine.subnets()).await?;
    Ok(host.routes.into_iter().chain(networks).map(|(by, net)| Taken { net, by }).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn net(text: &str) -> Ipv4Net {
        text.parse().unwrap()
    }

    #[test]
    fn what_overlaps_is_left_out() {
        let taken: Vec<Taken> = ["10.77.0.64/26", "10.77.0.130/32", "192.168.0.0/16"]
            .map(|text| Taken { net: net(text), by: "x".into() })
            .into();
        let found: Vec<Ipv4Net> = candidates(net("10.77.0.0/24"), 26, &taken).collect();
        assert_eq!(found, [net("10.77.0.0/26"), net("10.77.0.192/26")]);
    }

    #[test]
    fn a_wider_network_takes_everything() {
        let taken = [Taken { net: net("10.0.0.0/8"), by: "vpn".into() }];
        assert_eq!(candidates(net("10.77.0.0/16"), 26, &taken).count(), 0);
        assert_eq!(candidates(net("10.77.0.0/28"), 26, &[]).count(), 0);
        assert_eq!(candidates(net("10.77.0.0/16"), 26, &[]).count(), 1024);
    }
}
