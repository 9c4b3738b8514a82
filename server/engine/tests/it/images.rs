//! Images: made, made anew, carried in a file, and older ones removed.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use rampart_domain::scenario::Role;
use rampart_engine::images::{self, BundleError, ImagesError, Step, Wish};
use rampart_engine::{Engine, EngineError, ImageSpec};

use crate::bench::{Bench, IMAGE, docker, on_all, on_docker};

/// A folder of images that no other test uses.
struct Folder {
    dir: tempfile::TempDir,
    tag: String,
}

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let tag = format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { dir: tempfile::tempdir().unwrap(), tag }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn folder(&self, name: &str) -> String {
        format!("{}-{name}", self.tag)
    }

    fn name(&self, name: &str) -> String {
        images::full_name(&self.folder(name))
    }

    /// Writes an image that holds one file.
    fn image(&self, name: &str, from: &str, content: &str) {
        let folder = self.path().join(self.folder(name));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("Dockerfile"), format!("FROM {from}\nCOPY x /{name}\n")).unwrap();
        std::fs::write(folder.join("x"), content).unwrap();
    }

    fn spec(&self, name: &str) -> ImageSpec {
        let name = self.name(name);
        images::plan(self.path()).unwrap().into_iter().find(|spec| spec.name == name).unwrap()
    }

    async fn id(&self, engine: &dyn Engine, name: &str) -> Option<String> {
        engine.images().await.unwrap().get(&self.name(name)).map(|image| image.id.clone())
    }

    /// Runs a test and removes the images of this folder however it ends.
    async fn with<F: Future<Output = ()>>(&self, engine: &dyn Engine, test: F) {
        let ended = std::panic::AssertUnwindSafe(test).catch_unwind().await;
        for (name, _) in engine.images().await.unwrap() {
            if name.starts_with(&format!("rampart/{}-", self.tag)) {
                let _ = engine.remove_image(&name).await;
            }
        }
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic);
        }
    }
}

fn quiet(_: &str) {}

const SOON: Duration = Duration::from_secs(300);

/// Pruning takes whatever is nameless, another test's images too: one test at a time.
static PRUNING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
async fn images_go_out_and_come_in_with_the_same_id() {
    let _turn = PRUNING.lock().await;
    on_all(async |bench: Bench| {
        let engine = bench.engine.as_ref();
        let folder = Folder::new();
        folder.image("a", "scratch", "one");
        folder.image("b", "scratch", "two");
        folder
            .with(engine, async {
                let a = engine.build(&folder.spec("a"), false, SOON, &quiet).await.unwrap();
                let b = engine.build(&folder.spec("b"), false, SOON, &quiet).await.unwrap();
                let names = [folder.name("a"), folder.name("b")];
                let export = engine.export(&names).await.unwrap();
                let pieces: Vec<_> = export.map(|piece| piece.unwrap()).collect().await;
                for name in &names {
                    engine.remove_image(name).await.unwrap();
                }
                assert_eq!(folder.id(engine, "a").await, None);
                let answer = engine.export(&names).await.err();
                assert!(
                    matches!(&answer, Some(EngineError::NotFound(name)) if *name == names[0]),
                    "{answer:?}"
                );

                // A stream that breaks, or ends early, brings nothing in.
                let broken = pieces[..1].iter().cloned().map(Ok);
                let broken = broken.chain([Err(EngineError::Io("the file ended".into()))]);
                let answer = engine.load(stream::iter(broken.collect::<Vec<_>>()).boxed(), SOON).await;
                assert!(answer.is_err(), "{answer:?}");
                assert_eq!(folder.id(engine, "a").await, None);
                let other = stream::iter([Ok(bytes(b"no archive at all"))]).boxed();
                let answer = engine.load(other, SOON).await;
                assert!(answer.is_err(), "{answer:?}");

                let whole = stream::iter(pieces.into_iter().map(Ok).collect::<Vec<_>>()).boxed();
                engine.load(whole, SOON).await.unwrap();
                assert_eq!(folder.id(engine, "a").await, Some(a));
                assert_eq!(folder.id(engine, "b").await, Some(b));
                let hash = engine.images().await.unwrap()[&names[0]].hash.clone();
                assert_eq!(hash, Some(folder.spec("a").hash), "the label came along");
            })
            .await;
    })
    .await;
}

fn bytes(of: &'static [u8]) -> bytes::Bytes {
    bytes::Bytes::from_static(of)
}

#[tokio::test]
async fn a_newer_build_makes_the_older_one_nameless_and_pruning_takes_it() {
    let _turn = PRUNING.lock().await;
    on_all(async |bench: Bench| {
        let engine = bench.engine.as_ref();
        let folder = Folder::new();
        folder.image("a", "scratch", "one");
        folder
            .with(engine, async {
                let first = engine.build(&folder.spec("a"), false, SOON, &quiet).await.unwrap();
                folder.image("a", "scratch", "two");
                let second = engine.build(&folder.spec("a"), false, SOON, &quiet).await.unwrap();
                assert_ne!(first, second);
                let pruned = engine.prune_images().await.unwrap();
                assert!(pruned.removed.contains(&first), "{pruned:?}");
                assert!(!pruned.removed.contains(&second) && pruned.freed > 0, "{pruned:?}");
                assert_eq!(folder.id(engine, "a").await, Some(second));
                assert!(engine.images().await.unwrap().contains_key(IMAGE));
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn pruning_leaves_what_a_container_uses_and_what_is_not_ours() {
    let _turn = PRUNING.lock().await;
    on_docker(async |bench: Bench| {
        let engine = bench.engine.as_ref();
        let folder = Folder::new();
        folder.image("a", "debian:bookworm-slim", "one");
        folder.image("b", "debian:bookworm-slim", "foreign");
        folder
            .with(engine, async {
                let used = engine.build(&folder.spec("a"), false, SOON, &quiet).await.unwrap();
                let network = bench.network(0);
                engine.create_network(&network, &bench.labels("zone0")).await.unwrap();
                let mut host = bench.host("used", vec![bench.leg(&network, 10)]);
                host.image = folder.name("a");
                host.role = Role::Target;
                engine.create_container(&host, &bench.labels("used")).await.unwrap();
                folder.image("a", "debian:bookworm-slim", "two");
                engine.build(&folder.spec("a"), false, SOON, &quiet).await.unwrap();
                // Somebody else's nameless image: built by hand, without our label.
                let foreign = by_hand(&folder.path().join(folder.folder("b")));
                let pruned = engine.prune_images().await.unwrap();
                assert!(pruned.in_use.contains(&used), "{pruned:?}");
                assert!(!pruned.removed.contains(&foreign) && exists(&foreign), "{pruned:?}");
                engine.remove(&host.name).await.unwrap();
                let pruned = engine.prune_images().await.unwrap();
                assert!(pruned.removed.contains(&used), "{pruned:?}");
                let removed = command(&["rmi", &foreign]);
                assert!(removed.status.success(), "{removed:?}");
            })
            .await;
    })
    .await;
}

fn command(args: &[&str]) -> std::process::Output {
    std::process::Command::new("docker").args(args).output().unwrap()
}

fn by_hand(folder: &Path) -> String {
    let out = command(&["build", "-q", &folder.display().to_string()]);
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

fn exists(id: &str) -> bool {
    command(&["image", "inspect", id]).status.success()
}

#[tokio::test]
async fn a_bundle_carries_images_to_an_engine_that_lacks_them() {
    let _turn = PRUNING.lock().await;
    let Some(engine) = docker().await else { return };
    let engine = engine.as_ref();
    let folder = Folder::new();
    folder.image("a", "scratch", "one");
    // Big enough that it is no single piece.
    folder.image("b", "debian:bookworm-slim", &"青嵐".repeat(1_000_000));
    folder
        .with(engine, async {
            let wish = Wish::default();
            images::build(engine, folder.path(), wish, &|_: Step<'_>| {}).await.unwrap();
            let (a, b) = (folder.id(engine, "a").await, folder.id(engine, "b").await);
            let names = [folder.name("a"), folder.name("b")];
            let file = folder.path().join("bundle.tar");
            let manifest = images::save(engine, &names, &file, &|_| {}).await.unwrap();
            assert_eq!(
                manifest.images.iter().map(|image| Some(image.id.clone())).collect::<Vec<_>>(),
                [a.clone(), b.clone()]
            );
            assert!(std::fs::metadata(&file).unwrap().len() > manifest.images[1].size / 2);
            for name in &names {
                engine.remove_image(name).await.unwrap();
            }

            let whole = std::fs::read(&file).unwrap();
            let bad = folder.path().join("bad.tar");
            let mut tampered = whole.clone();
            tampered[whole.len() / 2] ^= 1;
            std::fs::write(&bad, tampered).unwrap();
            let answer = images::load(engine, &bad, |_, _| {}).await;
            assert!(matches!(&answer, Err(BundleError::Damaged { .. })), "{answer:?}");
            std::fs::write(&bad, &whole[..whole.len() / 2]).unwrap();
            let answer = images::load(engine, &bad, |_, _| {}).await;
            assert!(matches!(&answer, Err(BundleError::CutShort { .. })), "{answer:?}");
            assert_eq!((folder.id(engine, "a").await, folder.id(engine, "b").await), (None, None));

            let told = std::sync::Arc::new(Mutex::new(Vec::new()));
            let heard = told.clone();
            let (_, loaded) =
                images::load(engine, &file, move |done, all| heard.lock().unwrap().push((done, all)))
                    .await
                    .unwrap();
            assert_eq!(loaded.len(), 2);
            assert!(loaded.iter().all(|one| !one.was_there && one.replaced.is_none()), "{loaded:?}");
            assert_eq!((folder.id(engine, "a").await, folder.id(engine, "b").await), (a, b));
            let told = std::mem::take(&mut *told.lock().unwrap());
            assert!(told.len() > 10 && told.last().is_some_and(|(done, all)| done == all), "{told:?}");
            // Nothing is left to build there.
            let left = images::build(engine, folder.path(), wish, &|_: Step<'_>| {}).await.unwrap();
            assert_eq!(left, [""; 0]);
        })
        .await;
}

#[tokio::test]
async fn builds_have_progress_are_not_repeated_and_tell_why_they_failed() {
    let _turn = PRUNING.lock().await;
    let Some(engine) = docker().await else { return };
    let engine = engine.as_ref();
    let folder = Folder::new();
    folder
        .with(engine, async {
            folder.image("one", "debian:bookworm-slim", "1");
            folder.image("two", &folder.name("one"), "2");
            folder.image("three", "debian:bookworm-slim", "3");
            let file = folder.path().join(folder.folder("one")).join("Dockerfile");
            let text = "FROM debian:bookworm-slim\nCOPY x /x\nRUN echo building 青嵐\n";
            std::fs::write(&file, text).unwrap();
            let said = Mutex::new(Vec::new());
            let lines = |step: Step<'_>| said.lock().unwrap().push(format!("{step:?}"));
            let wish = Wish::default();
            let mut built = images::build(engine, folder.path(), wish, &lines).await.unwrap();
            built.sort();
            assert_eq!(built, [folder.name("one"), folder.name("three"), folder.name("two")]);
            let told = std::mem::take(&mut *said.lock().unwrap()).join("\n");
            let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text} is not in {told}"));
            at("building 青嵐");
            let one = folder.name("one");
            assert!(at(&format!("At {{ image: {one:?}, step: 3, of: ")) > at(&format!("Begun({one:?})")));
            assert!(at(&format!("Begun({:?})", folder.name("two"))) > at(&format!("Built({one:?})")));
            // Side by side: the third has begun before the first has ended.
            assert!(at(&format!("Begun({:?})", folder.name("three"))) < at(&format!("Built({one:?})")));

            let again = images::build(engine, folder.path(), wish, &lines).await.unwrap();
            assert_eq!(again, [""; 0]);
            let before = folder.id(engine, "one").await;
            let names = [folder.folder("one")];
            let anew = Wish { names: &names, anew: true };
            let again = images::build(engine, folder.path(), anew, &lines).await.unwrap();
            assert_eq!(again, [folder.name("one"), folder.name("two")]);
            assert_ne!(folder.id(engine, "one").await, before);

            std::fs::write(&file, "FROM debian:bookworm-slim\nRUN echo about to fail; exit 7\n").unwrap();
            let failed = images::build(engine, folder.path(), wish, &lines).await.unwrap_err();
            let text = failed.to_string();
            assert!(text.contains("about to fail") && text.contains('7'), "{text}");
            let ImagesError::Failed(failed) = failed else { panic!("{text}") };
            let failed: Vec<_> = failed.iter().map(|one| (one.name.clone(), one.skipped)).collect();
            assert_eq!(failed, [(one, false), (folder.name("two"), true)]);
        })
        .await;
    assert_eq!(folder.id(engine, "one").await, None);
}
