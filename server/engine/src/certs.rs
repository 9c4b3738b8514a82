//! Certificates for a site without an authority of its own: one authority, a certificate for the platform that serves
//! clients only, and one for each node that serves servers only.

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

use crate::EngineError;

/// Common name of the authority. Two of them differ by their keys.
const AUTHORITY: &str = "Rampart nodes";

/// What a certificate serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// A node's engine: a server, and nothing else.
    Node,
    /// The platform: a client, and nothing else.
    Platform,
}

/// A certificate and its key, PEM.
#[derive(Clone)]
pub struct Signed {
    /// Certificate.
    pub cert: String,
    /// Key. To be kept readable by its owner only.
    pub key: String,
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signed(..)")
    }
}

/// Days from today, the first and the last on which a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// First; less than 0 lies in the past.
    pub from: i32,
    /// Last.
    pub to: i32,
}

impl Days {
    /// From yesterday on, as no two clocks agree.
    #[must_use]
    pub fn until(to: i32) -> Self {
        Self { from: -1, to }
    }
}

/// Signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    cert: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(..)")
    }
}

fn failed(error: rcgen::Error) -> EngineError {
    EngineError::Io(format!("a certificate cannot be made: {error}"))
}

fn parameters(name: &str, names: &[String], days: Days) -> Result<CertificateParams, EngineError> {
    let mut parameters = CertificateParams::new(names.to_vec()).map_err(failed)?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let at = |days: i32| -> Result<_, EngineError> {
        let far = |error: jiff::Error| EngineError::Refused(format!("{days} days: {error}"));
        let day: Date = today.checked_add(Span::new().try_days(days).map_err(far)?).map_err(far)?;
        let [month, of_month] = [day.month(), day.day()].map(|n| u8::try_from(n).unwrap_or(1));
        Ok(rcgen::date_time_ymd(day.year().into(), month, of_month))
    };
    parameters.not_before = at(days.from)?;
    parameters.not_after = at(days.to)?;
    Ok(parameters)
}

fn of_authority(days: Days) -> Result<CertificateParams, EngineError> {
    let mut parameters = parameters(AUTHORITY, &[], days)?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// [`EngineError::Io`] when no key can be made, [`EngineError::Refused`] for days beyond the calendar.
    pub fn new(days: Days) -> Result<(Self, Signed), EngineError> {
        let key = KeyPair::generate().map_err(failed)?;
        let parameters = of_authority(days)?;
        let cert = parameters.self_signed(&key).map_err(failed)?.pem();
        let signed = Signed { cert: cert.clone(), key: key.serialize_pem() };
        Ok((Self { issuer: Issuer::new(parameters, key), cert }, signed))
    }

    /// The one that was made before.
    ///
    /// # Errors
    /// [`EngineError::Io`] when the key cannot be read.
    pub fn again(signed: &Signed) -> Result<Self, EngineError> {
        let key = KeyPair::from_pem(&signed.key).map_err(failed)?;
        // Only name and key of the authority stand in what it signs.
        let parameters = of_authority(Days::until(1))?;
        Ok(Self { issuer: Issuer::new(parameters, key), cert: signed.cert.clone() })
    }

    /// Its certificate, PEM.
    #[must_use]
    pub fn cert(&self) -> &str {
        &self.cert
    }

    /// Signs a certificate for these host names and addresses; the first is its name.
    ///
    /// # Errors
    /// [`EngineError::Io`] for a name that no certificate can hold, [`EngineError::Refused`] for days beyond the calendar.
    pub fn sign(&self, serves: Serves, names: &[String], days: Days) -> Result<Signed, EngineError> {
        let mut parameters = parameters(names.first().map_or("", String::as_str), names, days)?;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![match serves {
            Serves::Node => ExtendedKeyUsagePurpose::ServerAuth,
            Serves::Platform => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(failed)?;
        let cert = parameters.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Signed { cert: cert.pem(), key: key.serialize_pem() })
    }
}
