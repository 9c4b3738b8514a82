//! What can be set, and how it is said on the command line and in the environment.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::Ipv4Net;
use rampart_app::RangeSettings;

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder of the secret and, with SQLite, of the store.
    pub data_dir: PathBuf,
    /// Scenario folder.
    pub scenarios_dir: PathBuf,
    /// Image folder.
    pub images_dir: PathBuf,
    /// Block that ranges take their subnets from.
    pub block: Ipv4Net,
    /// `sqlite:PATH` or `postgres://…`; `None` is SQLite in the data folder. May hold a password.
    pub database_url: Option<String>,
    /// Connections to the store; `None` is the store's own number.
    pub connections: Option<u32>,
    /// Address of the container engine; `None` is the machine's own.
    pub engine: Option<String>,
    /// File that lists the engines of several machines ([`crate::nodes`]); instead of `engine`.
    pub engines: Option<PathBuf>,
    /// Networks and containers that the engine makes at once.
    pub engine_at_once: usize,
    /// Cookies only over HTTPS, which a proxy in front must speak.
    pub secure: bool,
    /// Address that people are to type, for slips.
    pub address: Option<String>,
    /// Proxies whose word about a client's address is believed.
    pub proxies: Vec<IpAddr>,
    /// How long after filing a report is judged, ms.
    pub judge_delay_ms: i64,
    /// How long a shell waits for its browser to come back, ms.
    pub terminal_grace_ms: i64,
    /// Recordings of terminals are deleted after so many days; 0 keeps them.
    pub recordings_days: u32,
    /// Addresses that web hooks may lead to though they are none of the public internet.
    pub webhook_allow: Vec<ipnet::IpNet>,
    /// Folders and files with the fonts that papers are set in.
    pub fonts: Vec<PathBuf>,
    /// What is decided about ranges: memory that they leave free, and how long they may live.
    pub ranges: RangeSettings,
}

/// How long after filing a report is judged by default, ms: late records come in, and the score is no oracle.
pub const JUDGE_DELAY_MS: i64 = 30_000;
/// How long a shell waits for its browser by default, ms.
pub const TERMINAL_GRACE_MS: i64 = 60_000;
/// Where Debian's packages put fonts.
pub const FONTS: &str = "/usr/share/fonts";
/// How long recordings are kept by default, days.
pub const RECORDINGS_DAYS: u32 = 365;

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            data_dir: "data".into(),
            scenarios_dir: "scenarios".into(),
            images_dir: "images".into(),
            block: Ipv4Net::new_assert(Ipv4Addr::new(10, 77, 0, 0), 16),
            database_url: None,
            connections: None,
            engine: None,
            engines: None,
            engine_at_once: rampart_engine::AT_ONCE,
            secure: false,
            address: None,
            proxies: Vec::new(),
            judge_delay_ms: JUDGE_DELAY_MS,
            terminal_grace_ms: TERMINAL_GRACE_MS,
            recordings_days: RECORDINGS_DAYS,
            webhook_allow: Vec::new(),
            fonts: vec![FONTS.into()],
            ranges: RangeSettings::default(),
        }
    }
}

impl Config {
    /// Address of the store.
    #[must_use]
    pub fn store_url(&self) -> String {
        self.database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", self.data_dir.join("rampart.db").display()))
    }

    /// Kind of store and its place as it may be shown: without user and password.
    #[must_use]
    pub fn store_shown(&self) -> (&'static str, String) {
        let url = self.store_url();
        match url.strip_prefix("sqlite:") {
            Some(path) => ("sqlite", path.trim_start_matches("//").to_owned()),
            None => {
                let rest = url.split_once("://").map_or("", |(_, rest)| rest);
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                ("postgres", place.split('?').next().unwrap_or_default().to_owned())
            }
        }
    }

    /// Address of the engine as it is shown.
    #[must_use]
    pub fn engine_shown(&self) -> String {
        self.engine.clone().unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
    }
}

/// Reads a number of things at once, from 1 to 64.
///
/// # Errors
/// A sentence for a person when it is none.
pub fn read_bound(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(bound @ 1..=64) => Ok(bound),
        _ => Err(format!("{text} is no number from 1 to 64")),
    }
}

/// Reads a block such as `192.168.5.0/24`, or a single address.
///
/// # Errors
/// What is expected.
pub fn read_net(text: &str) -> Result<ipnet::IpNet, String> {
    let single = text.parse::<IpAddr>().map(ipnet::IpNet::from);
    text.parse().or(single).map_err(|_| "expected an address or a block such as 192.168.5.0/24".to_owned())
}

/// Reads a size such as `512M` or `2G` (powers of 1,024); gives bytes.
///
/// # Errors
/// What is expected.
pub fn read_size(text: &str) -> Result<u64, String> {
    let expected = || "expected a size such as 512M or 2G".to_owned();
    let scale: u64 = match text.chars().last() {
        Some('M') => 1 << 20,
        Some('G') => 1 << 30,
        _ => return Err(expected()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| expected())?;
    number.checked_mul(scale).ok_or_else(expected)
}

/// Reads a stretch of time such as `500ms`, `30s`, `2m`, `1h`; gives ms.
///
/// # Errors
/// What is expected.
pub fn read_duration(text: &str) -> Result<i64, String> {
    let expected = || "expected a time such as 500ms, 30s, 2m or 1h".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().map_err(|_| expected())?;
    let scale = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(expected()),
    };
    number.checked_mul(scale).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let with =
            |url: &str| Config { database_url: Some(url.to_owned()), ..Config::default() }.store_shown();
        assert_eq!(
            with("postgres://u:p%40ss@db.example/rampart?x=1"),
            ("postgres", "db.example/rampart".into())
        );
        assert_eq!(with("postgresql://db/rampart"), ("postgres", "db/rampart".into()));
        assert_eq!(with("sqlite:/srv/r.db"), ("sqlite", "/srv/r.db".into()));
        assert_eq!(Config::default().store_shown(), ("sqlite", "data/rampart.db".into()));
    }

    #[test]
    fn sizes() {
        assert_eq!((read_size("512M"), read_size("2G")), (Ok(512 << 20), Ok(2 << 30)));
        for bad in ["", "2", "G", "2g", "-1G", "99999999999999999999G", "18446744073709551615G"] {
            assert!(read_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times() {
        assert_eq!(read_duration("4s"), Ok(4000));
        assert_eq!(read_duration("250ms"), Ok(250));
        assert_eq!(read_duration("2m"), Ok(120_000));
        assert_eq!(read_duration("2h"), Ok(7_200_000));
        for bad in ["", "4", "s", "4d", "-1s", "9999999999999999999s", "999999999999999999m"] {
            assert!(read_duration(bad).is_err(), "{bad}");
        }
    }
}
