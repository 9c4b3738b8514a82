//! Whom a node's engine is believed, and as whom the platform shows itself to it.
//!
//! Nothing is believed but the authority that the file names: the machine's own list plays no part. The platform shows a
//! certificate that serves clients only, a node one that serves servers only, so that neither can play the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};

use crate::EngineError;

/// Where the certificates for a node lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustFiles {
    /// Certificate of the authority that signs nodes and platform.
    pub ca: PathBuf,
    /// The platform's own certificate.
    pub cert: PathBuf,
    /// Its key; whoever has it is root on every node.
    pub key: PathBuf,
}

/// Why node and platform do not believe each other. The text says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// A file is not there, holds something else, or is open to others.
    #[error("{file}: {why}")]
    File {
        /// Path.
        file: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The node's certificate is signed by somebody else.
    #[error(
        "the node's certificate is not signed by our authority: give the node one that is (`rampart node certs`), or name its authority as `ca`"
    )]
    ForeignAuthority,
    /// The node's certificate is another machine's.
    #[error("the node's certificate is for {}, not for {asked}: this is another machine, or its certificate lacks that name", list(.holds))]
    OtherName {
        /// Name or address that was asked for.
        asked: String,
        /// Those that the certificate holds.
        holds: Vec<String>,
    },
    /// The node's certificate is out of date, or not yet valid.
    #[error(
        "the node's certificate is not valid today: make it a new one (`rampart node certs`), or set the clocks right"
    )]
    NodeOutOfDate,
    /// The node's certificate does not serve servers.
    #[error(
        "the node's certificate is not one for a server: it shows the platform's own, or one without the use serverAuth"
    )]
    NotForServers,
    /// Anything else about the node's certificate.
    #[error("the node's certificate is not accepted: {0}")]
    NodeRefused(String),
    /// The node asks for a certificate, and none was shown.
    #[error("the node wants the platform's certificate, and none was shown: name `cert` and `key`")]
    NoCertificate,
    /// The platform's certificate is out of date, or not yet valid.
    #[error(
        "the node refuses the platform's certificate, which is not valid today: make a new one (`rampart node certs`)"
    )]
    OwnOutOfDate,
    /// The platform's certificate does not serve clients.
    #[error(
        "the node refuses the platform's certificate, which is not one for a client: name the platform's own as `cert`, not a node's"
    )]
    NotForClients,
    /// The platform's certificate is signed by somebody whom the node does not know.
    #[error(
        "the node refuses the platform's certificate: it trusts another authority (its `tlscacert`) than the one that signed ours"
    )]
    OwnAuthority,
    /// Anything else about the platform's certificate.
    #[error("the node refuses the platform's certificate: {0}")]
    OwnRefused(String),
    /// What listens there speaks no TLS.
    #[error("what listens there speaks no TLS: start its engine with --tlsverify")]
    NotTls,
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nobody".into() } else { names.join(", ") }
}

impl From<Distrust> for EngineError {
    fn from(fault: Distrust) -> Self {
        Self::Untrusted(fault)
    }
}

/// An authority, and the platform's certificate with its key. Cheap to clone.
#[derive(Clone)]
pub struct Trust {
    inner: Arc<Inner>,
}

struct Inner {
    tls: Arc<ClientConfig>,
    roots: RootCertStore,
    own: Vec<CertificateDer<'static>>,
    clock: Clock,
}

/// Today, or a day to come.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    ahead: Duration,
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(UnixTime::since_unix_epoch(now + self.ahead))
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trust(..)")
    }
}

impl Trust {
    /// Reads PEM files. The key may be readable by its owner only. Whether the certificates are valid shows when a node
    /// is spoken to.
    ///
    /// # Errors
    /// [`EngineError::Untrusted`] with [`Distrust::File`].
    pub fn read(ca: &Path, cert: &Path, key: &Path) -> Result<Self, EngineError> {
        let roots = authority(ca)?;
        let own = certificates(cert)?;
        closed_to_others(key)?;
        let secret = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| file(key, &format!("no private key can be read from it: {error}")))?;
        let clock = Clock::default();
        let tls = builder(&roots, clock)?.with_client_auth_cert(own.clone(), secret).map_err(|error| {
            let why = match error {
                rustls::Error::InconsistentKeys(_) => "it is not the key of that certificate".to_owned(),
                other => other.to_string(),
            };
            file(key, &why)
        })?;
        Ok(Self { inner: Arc::new(Inner { tls: Arc::new(tls), roots, own, clock }) })
    }

    /// Shows no certificate: to try whether a node lets such a one in.
    ///
    /// # Errors
    /// As [`Trust::read`].
    pub fn nobody(ca: &Path) -> Result<Self, EngineError> {
        let roots = authority(ca)?;
        let clock = Clock::default();
        let tls = builder(&roots, clock)?.with_no_client_auth();
        Ok(Self { inner: Arc::new(Inner { tls: Arc::new(tls), roots, own: Vec::new(), clock }) })
    }

    /// The same as it will be judged after this time, to see what will be out of date by then.
    ///
    /// # Errors
    /// [`EngineError::Io`] when no such thing can be made.
    pub fn later(&self, ahead: Duration) -> Result<Self, EngineError> {
        let clock = Clock { ahead };
        let mut tls = builder(&self.inner.roots, clock)?.with_no_client_auth();
        tls.client_auth_cert_resolver = self.inner.tls.client_auth_cert_resolver.clone();
        let (roots, own) = (self.inner.roots.clone(), self.inner.own.clone());
        Ok(Self { inner: Arc::new(Inner { tls: Arc::new(tls), roots, own, clock }) })
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        self.inner.tls.clone()
    }

    /// What is wrong with the platform's own certificate, as far as it can be told from here.
    ///
    /// # Errors
    /// [`EngineError::Untrusted`].
    pub fn check_own(&self) -> Result<(), EngineError> {
        self.own_fault().map_or(Ok(()), |fault| Err(fault.into()))
    }

    fn own_fault(&self) -> Option<Distrust> {
        let Some((first, between)) = self.inner.own.split_first() else {
            return Some(Distrust::NoCertificate);
        };
        let own = match webpki::EndEntityCert::try_from(first) {
            Ok(own) => own,
            Err(error) => return Some(Distrust::OwnRefused(error.to_string())),
        };
        let now = self.inner.clock.current_time().unwrap_or(UnixTime::since_unix_epoch(Duration::ZERO));
        let checked = own.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &self.inner.roots.roots,
            between,
            now,
            webpki::KeyUsage::client_auth(),
            None,
            None,
        );
        use webpki::Error;
        match checked.err()? {
            Error::CertExpired { .. } | Error::CertNotValidYet { .. } => Some(Distrust::OwnOutOfDate),
            Error::RequiredEkuNotFoundContext(_) => Some(Distrust::NotForClients),
            // Authorities of one name differ by their keys.
            Error::UnknownIssuer | Error::InvalidSignatureForPublicKey => Some(Distrust::OwnAuthority),
            other => Some(Distrust::OwnRefused(other.to_string())),
        }
    }

    /// What an error of TLS means between a node, asked for by this name, and us.
    pub(crate) fn explain(&self, error: &rustls::Error, asked: &str) -> Distrust {
        use rustls::Error;
        match error {
            Error::InvalidCertificate(fault) => of_node(fault, asked),
            Error::AlertReceived(alert) if speaks_of_certificate(*alert) => {
                if self.inner.own.is_empty() {
                    return Distrust::NoCertificate;
                }
                self.own_fault().unwrap_or_else(|| match alert {
                    AlertDescription::UnknownCA => Distrust::OwnAuthority,
                    // The node's clock is not ours.
                    AlertDescription::CertificateExpired => Distrust::OwnOutOfDate,
                    other => Distrust::OwnRefused(format!("{other:?}; the engine's log says more")),
                })
            }
            Error::InvalidMessage(_) => Distrust::NotTls,
            other => Distrust::NodeRefused(other.to_string()),
        }
    }
}

fn speaks_of_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
    )
}

fn of_node(fault: &CertificateError, asked: &str) -> Distrust {
    match fault {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Distrust::NodeOutOfDate,
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Distrust::ForeignAuthority,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Distrust::NotForServers
        }
        CertificateError::NotValidForName => {
            Distrust::OtherName { asked: asked.to_owned(), holds: Vec::new() }
        }
        CertificateError::NotValidForNameContext { presented, .. } => Distrust::OtherName {
            asked: asked.to_owned(),
            holds: presented.iter().map(|name| plain(name)).collect(),
        },
        other => Distrust::NodeRefused(other.to_string()),
    }
}

/// `DnsName("a")` and `IpAddress(10.0.0.1)` as a person writes them.
fn plain(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"').to_owned()
}

fn file(path: &Path, why: &str) -> EngineError {
    Distrust::File { file: path.display().to_string(), why: why.to_owned() }.into()
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, EngineError> {
    let bad = |error: rustls::pki_types::pem::Error| {
        file(path, &format!("no certificate can be read from it: {error}"))
    };
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(bad)?.collect::<Result<_, _>>().map_err(bad)?;
    if found.is_empty() {
        return Err(file(path, "there is no certificate (PEM) in it"));
    }
    Ok(found)
}

fn authority(path: &Path) -> Result<RootCertStore, EngineError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| file(path, &format!("no authority's certificate: {error}")))?;
    }
    Ok(roots)
}

fn closed_to_others(path: &Path) -> Result<(), EngineError> {
    use std::os::unix::fs::PermissionsExt;
    let there = std::fs::metadata(path).map_err(|error| file(path, &error.to_string()))?;
    if there.permissions().mode() & 0o077 != 0 {
        return Err(file(path, "others can read this key, and it is root on every node: chmod 600"));
    }
    Ok(())
}

fn builder(
    roots: &RootCertStore,
    clock: Clock,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>, EngineError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_details(provider, Arc::new(clock))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| EngineError::Io(format!("TLS: {error}")))?;
    Ok(versions.with_root_certificates(roots.clone()))
}
