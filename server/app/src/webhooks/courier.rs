//! How a delivery gets to its address: which addresses may be spoken to, and what the message carries. The answer is read
//! by its status only, and nobody is led on elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use ipnet::{IpNet, Ipv4Net};
use sha2::Sha256;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// Longest time for one try.
const WITHIN: Duration = Duration::from_secs(10);
/// Longest address, characters.
pub(super) const URL_MAX: usize = 500;

/// Where messages may go.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// Addresses that are allowed though they are none of the public internet.
    pub listed: Vec<IpNet>,
    /// Block that ranges take their subnets from.
    pub block: Ipv4Net,
}

/// Is it an address of the public internet? Whatever is not certain is not.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(of) => {
            let [a, b, c, _] = of.octets();
            !(of.is_private()
                || of.is_loopback()
                || of.is_link_local()
                || of.is_unspecified()
                || of.is_multicast()
                || of.is_broadcast()
                || of.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(of) => {
            let first = of.segments()[0];
            // 2000::/3 without documentation, 6to4 and Teredo, which lead elsewhere.
            (0x2000..0x4000).contains(&first)
                && first != 0x2002
                && !(first == 0x2001 && matches!(of.segments()[1], 0 | 0xdb8))
        }
    }
}

impl Allowed {
    /// May this address be spoken to?
    #[must_use]
    pub fn may(&self, address: IpAddr) -> bool {
        // An IPv4 address in IPv6's clothes is what it is.
        let address = address.to_canonical();
        if self.listed.iter().any(|net| net.contains(&address)) {
            return true;
        }
        let of_range = matches!(address, IpAddr::V4(of) if self.block.contains(&of));
        !of_range && is_public(address)
    }

    /// What is wrong with an address as typed, as a text code. Names are looked up when something is sent.
    #[must_use]
    pub fn fault(&self, url: &str) -> Option<&'static str> {
        if url.len() > URL_MAX || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some("hook_url");
        }
        let Ok(uri) = url.parse::<Uri>() else { return Some("hook_url") };
        let authority = uri.authority().map(ureq::http::uri::Authority::as_str).unwrap_or_default();
        let host = uri.host().unwrap_or_default();
        if host.is_empty() || authority.contains('@') {
            return Some("hook_url");
        }
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        if literal.is_some_and(|address| !self.may(address)) {
            return Some("hook_address");
        }
        match uri.scheme_str() {
            Some("https") => None,
            // In the clear only to where somebody has said that it may go.
            Some("http")
                if literal.is_some_and(|address| self.listed.iter().any(|net| net.contains(&address))) =>
            {
                None
            }
            Some("http") => Some("hook_https"),
            _ => Some("hook_url"),
        }
    }
}

/// Looks names up and lets only those through whose every address is allowed, at the moment of connecting: a name that
/// leads elsewhere afterwards leads nowhere.
#[derive(Debug)]
struct Guarded {
    allowed: Arc<Allowed>,
    names: DefaultResolver,
}

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        if found.iter().any(|address: &SocketAddr| !self.allowed.may(address.ip())) {
            return Err(ureq::Error::HostNotFound);
        }
        Ok(found)
    }
}

/// Sends.
#[derive(Clone)]
pub(super) struct Courier(ureq::Agent);

/// What came back.
pub(super) struct Said {
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// What went wrong, for a person.
    pub text: String,
}

impl Courier {
    pub(super) fn new(allowed: Arc<Allowed>) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(WITHIN))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections(0)
            .user_agent(concat!("rampart/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build();
        let names = Guarded { allowed, names: DefaultResolver::default() };
        Self(ureq::Agent::with_parts(config, DefaultConnector::default(), names))
    }

    /// Sends one message; call it where a thread may wait.
    pub(super) fn send(&self, url: &str, id: &str, kind: &str, signature: &str, body: &str) -> Said {
        let sent = self
            .0
            .post(url)
            .header("content-type", "application/json")
            .header("rampart-delivery", id)
            .header("rampart-event", kind)
            .header("rampart-signature", signature)
            .send(body);
        match sent {
            Ok(response) => {
                let status = response.status().as_u16();
                let text =
                    if response.status().is_success() { String::new() } else { format!("HTTP {status}") };
                Said { status: Some(status), text }
            }
            Err(error) => Said { status: None, text: error.to_string().chars().take(200).collect() },
        }
    }
}

/// The signature of a message: `t=` the time of sending, s, then `v1=` an HMAC-SHA256 of `t.body` for each secret that
/// counts, in hexadecimal digits.
pub(super) fn signature<'s>(secrets: impl IntoIterator<Item = &'s str>, at_s: i64, body: &str) -> String {
    let mut text = format!("t={at_s}");
    for secret in secrets {
        // A MAC takes a key of any length; the other arm cannot happen and would sign nothing.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { continue };
        mac.update(format!("{at_s}.").as_bytes());
        mac.update(body.as_bytes());
        text.push_str(",v1=");
        text.push_str(&hex::encode(mac.finalize().into_bytes()));
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn allowed(listed: &[&str]) -> Allowed {
        Allowed {
            listed: listed.iter().map(|net| net.parse().unwrap()).collect(),
            block: "10.77.0.0/16".parse().unwrap(),
        }
    }

    #[test]
    fn only_the_public_internet_and_what_is_listed_is_spoken_to() {
        let none = allowed(&[]);
        for good in ["8.8.8.8", "140.112.1.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(none.may(good.parse().unwrap()), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.77.3.10",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00::1",
            "ff02::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "64:ff9b::7f00:1",
        ] {
            assert!(!none.may(bad.parse().unwrap()), "{bad}");
        }
        let some = allowed(&["192.168.5.0/24", "127.0.0.1/32"]);
        for (address, may) in [
            ("192.168.5.9", true),
            ("192.168.6.9", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("::ffff:127.0.0.1", true),
        ] {
            assert_eq!(some.may(address.parse().unwrap()), may, "{address}");
        }
    }

    #[test]
    fn addresses_are_looked_at_when_they_are_typed() {
        let of = allowed(&["192.168.5.0/24"]);
        for (url, wanted) in [
            ("https://hooks.example.tw/rampart?x=1", None),
            ("https://192.168.5.9:8443/x", None),
            ("http://192.168.5.9/x", None),
            ("http://hooks.example.tw/x", Some("hook_https")),
            ("https://127.0.0.1/x", Some("hook_address")),
            ("https://[::1]/x", Some("hook_address")),
            ("https://10.77.1.10/x", Some("hook_address")),
            ("https://user:pw@hooks.example.tw/", Some("hook_url")),
            ("ftp://hooks.example.tw/", Some("hook_url")),
            ("file:///etc/passwd", Some("hook_url")),
            ("https://", Some("hook_url")),
            ("/relative", Some("hook_url")),
            ("https://a b/", Some("hook_url")),
            ("", Some("hook_url")),
        ] {
            assert_eq!(of.fault(url), wanted, "{url}");
        }
    }

    #[test]
    fn a_signature_is_over_time_and_body_for_each_secret() {
        let one = signature(["s1"], 1_700_000_000, "{}");
        let both = signature(["s1", "s0"], 1_700_000_000, "{}");
        assert!(one.starts_with("t=1700000000,v1=") && one.len() == 12 + 4 + 64, "{one}");
        assert!(both.starts_with(&one) && both.matches("v1=").count() == 2);
        assert_ne!(one, signature(["s1"], 1_700_000_001, "{}"));
        assert_ne!(one[16..], signature(["s1"], 1_700_000_000, "{ }")[16..]);
    }
}
