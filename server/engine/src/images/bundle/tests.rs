#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use super::*;
use crate::fake::FakeEngine;

const WWW: &str = "rampart/www:latest";

struct Site {
    engine: FakeEngine,
    dir: tempfile::TempDir,
    whole: Vec<u8>,
}

impl Site {
    async fn new() -> Self {
        let engine = FakeEngine::new([WWW, "rampart/doc:latest"]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.tar");
        save(&engine, &[WWW.to_owned()], &path, &|_| {}).await.unwrap();
        let whole = std::fs::read(&path).unwrap();
        Self { engine, dir, whole }
    }

    /// What a site that has nothing answers to these bytes; nothing may have reached its engine when it refuses.
    async fn load(&self, bytes: &[u8]) -> Result<Vec<Loaded>, BundleError> {
        let path = self.dir.path().join("b.tar");
        std::fs::write(&path, bytes).unwrap();
        let empty = FakeEngine::default();
        let answer = load(&empty, &path, |_, _| {}).await.map(|(_, loaded)| loaded);
        if answer.is_err() {
            assert!(!empty.calls().iter().any(|call| call.starts_with("load")), "{answer:?}");
        }
        answer
    }

    /// The same file with another manifest, its checksums put right.
    fn forged(&self, change: impl Fn(&mut Manifest)) -> Vec<u8> {
        let path = self.dir.path().join("a.tar");
        let mut manifest = verify(&path).unwrap();
        let end = (BLOCK + manifest.parts[0].size).next_multiple_of(BLOCK) as usize;
        change(&mut manifest);
        let text = serde_json::to_vec(&manifest).unwrap();
        let mut bytes = self.whole[..end].to_vec();
        bytes.extend_from_slice(&head(MANIFEST, text.len() as u64));
        bytes.extend_from_slice(&text);
        bytes.resize(bytes.len().next_multiple_of(BLOCK as usize), 0);
        let sum = hex::encode(Sha256::digest(&bytes));
        bytes.extend_from_slice(&trailer(&sum));
        bytes
    }
}

#[tokio::test]
async fn a_bundle_comes_back_whole() {
    let site = Site::new().await;
    let loaded = site.load(&site.whole).await.unwrap();
    assert_eq!(loaded.len(), 1);
    assert_eq!(
        (loaded[0].image.name.as_str(), loaded[0].was_there, &loaded[0].replaced),
        (WWW, false, &None)
    );
    // Any tar program can look inside.
    let names: Vec<_> = tar::Archive::new(site.whole.as_slice())
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert_eq!(names, [EXPORT, MANIFEST, SUM]);
    // The site that wrote it has it all.
    let path = site.dir.path().join("a.tar");
    let (_, again) = load(&site.engine, &path, |_, _| {}).await.unwrap();
    assert!(again[0].was_there);
}

#[tokio::test]
async fn any_changed_byte_is_found() {
    let site = Site::new().await;
    for at in 0..site.whole.len() {
        let mut bytes = site.whole.clone();
        bytes[at] ^= 0x10;
        assert!(site.load(&bytes).await.is_err(), "byte {at} of {}", site.whole.len());
    }
}

#[tokio::test]
async fn a_file_cut_anywhere_is_refused() {
    let site = Site::new().await;
    for length in (0..site.whole.len()).step_by(7).chain([site.whole.len() - 1]) {
        let error = site.load(&site.whole[..length]).await.unwrap_err();
        let named = matches!(error, BundleError::CutShort { .. });
        assert!(named || (length == 0 && matches!(error, BundleError::Foreign(_))), "{length}: {error}");
    }
    let mut longer = site.whole.clone();
    longer.push(0);
    assert!(site.load(&longer).await.is_err());
}

#[tokio::test]
async fn other_files_are_told_from_broken_ones() {
    let site = Site::new().await;
    let other = site.engine.export(&[WWW.to_owned()]).await.unwrap();
    let other: Vec<_> = other.map(|piece| piece.unwrap().to_vec()).collect().await;
    for bytes in [other.concat(), b"hello".to_vec(), vec![0; 100_000]] {
        let error = site.load(&bytes).await.unwrap_err();
        assert!(matches!(error, BundleError::Foreign(_)), "{error}");
    }
    let mut bytes = site.whole.clone();
    bytes[700] ^= 1;
    let error = site.load(&bytes).await.unwrap_err();
    assert!(matches!(error, BundleError::Damaged { .. }), "{error}");
    let error = load(&site.engine, Path::new("/no/such/file"), |_, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("/no/such/file"), "{error}");
}

#[tokio::test]
async fn a_forged_manifest_is_found_by_what_it_says() {
    let site = Site::new().await;
    assert!(site.load(&site.forged(|_| {})).await.is_ok());
    type Change = fn(&mut Manifest);
    let changes: [(&str, Change); 6] = [
        ("does not name", |manifest| manifest.images[0].name = "rampart/doc:latest".into()),
        ("does not hold", |manifest| {
            let mut more = manifest.images[0].clone();
            more.name = "debian:bookworm-slim".into();
            manifest.images.push(more);
        }),
        ("another one in images.tar", |manifest| manifest.images[0].id = format!("sha256:{:064}", 1)),
        ("not the one that its manifest names", |manifest| manifest.parts[0].size -= 1),
        ("form 2", |manifest| manifest.format = 2),
        ("for aarch64", |manifest| manifest.architecture = "aarch64".into()),
    ];
    for (wanted, change) in changes {
        let error = site.load(&site.forged(change)).await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[tokio::test]
async fn an_engine_that_ends_up_with_something_else_is_told() {
    let site = Site::new().await;
    let path = site.dir.path().join("a.tar");
    let empty = FakeEngine::default();
    empty.fail(crate::fake::Fault {
        call: "load".into(),
        object: "*".into(),
        error: EngineError::Refused("no room".into()),
        done: false,
        times: 1,
    });
    let error = load(&empty, &path, |_, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("no room"), "{error}");
}

#[tokio::test]
async fn nothing_half_is_left_behind() {
    let site = Site::new().await;
    let path = site.dir.path().join("c.tar");
    let names = [WWW.to_owned()];
    let missing = save(&site.engine, &["rampart/no:latest".to_owned()], &path, &|_| {}).await.unwrap_err();
    assert!(missing.to_string().contains("rampart/no:latest"), "{missing}");
    assert!(matches!(save(&site.engine, &[], &path, &|_| {}).await, Err(BundleError::Nothing)));
    site.engine.fail(crate::fake::Fault {
        call: "export".into(),
        object: "*".into(),
        error: EngineError::NodeUnreachable { since_ms: None },
        done: false,
        times: 1,
    });
    assert!(save(&site.engine, &names, &path, &|_| {}).await.is_err());
    let there = || std::fs::read_dir(site.dir.path()).unwrap().count();
    assert_eq!(there(), 1);
    std::fs::write(&path, "mine").unwrap();
    assert!(matches!(save(&site.engine, &names, &path, &|_| {}).await, Err(BundleError::Exists(_))));
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    assert_eq!(there(), 2);
}
