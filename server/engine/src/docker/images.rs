//! Images of the engine.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use bollard::query_parameters::{
    BuildImageOptionsBuilder, CreateImageOptionsBuilder, ImportImageOptions, ListImagesOptions,
    ListImagesOptionsBuilder, RemoveImageOptions,
};
use futures_util::{StreamExt, stream};

use super::{DockerEngine, QUICK, SLOW};
use crate::types::LABELS;
use crate::{ByteStream, EngineError, ImageInfo, ImageSpec, LABEL_HASH, Lines, Pruned};

/// Lines of a failed build that its error holds.
const LAST_LINES: usize = 20;

/// Whatever the engine's code, an image that it could not build, fetch or take is a refusal: it tried for minutes.
fn definite(error: EngineError) -> EngineError {
    match error {
        EngineError::Failed(text) => EngineError::Refused(text),
        other => other,
    }
}

impl DockerEngine {
    pub(super) async fn list_images(&self) -> Result<BTreeMap<String, ImageInfo>, EngineError> {
        let images =
            self.call("list images", QUICK, |docker| docker.list_images(None::<ListImagesOptions>)).await?;
        let mut found = BTreeMap::new();
        for image in images {
            let info = ImageInfo {
                id: image.id,
                hash: image.labels.get(LABEL_HASH).cloned(),
                size: u64::try_from(image.size).unwrap_or(0),
                created_ms: image.created.saturating_mul(1000),
                labels: image.labels.into_iter().filter(|(name, _)| name.starts_with(LABELS)).collect(),
            };
            for tag in image.repo_tags {
                found.insert(tag, info.clone());
            }
        }
        Ok(found)
    }

    pub(super) async fn build_image(
        &self,
        image: &ImageSpec,
        anew: bool,
        deadline: Duration,
        lines: Lines<'_>,
    ) -> Result<String, EngineError> {
        let options = BuildImageOptionsBuilder::new()
            .dockerfile("Dockerfile")
            .t(&image.name)
            .labels(&HashMap::from([(LABEL_HASH, image.hash.as_str())]))
            // Packages come from wherever the host gets them, perhaps through a proxy on its loopback.
            .networkmode("host")
            .nocache(anew)
            .rm(true)
            .forcerm(true)
            .build();
        let docker = self.docker().await?;
        let mut last = VecDeque::new();
        let mut id = None;
        let work = async {
            let body = bollard::body_full(image.context.clone().into());
            let mut stream = std::pin::pin!(docker.build_image(options, None, Some(body)));
            let mut text = String::new();
            while let Some(step) = stream.next().await {
                let step = self.noted(step).map_err(definite)?;
                text.push_str(step.stream.as_deref().or(step.status.as_deref()).unwrap_or_default());
                while let Some(end) = text.find(['\n', '\r']) {
                    let line: String = text.drain(..=end).collect();
                    say(line.trim_end(), lines, &mut last);
                }
                if let Some(made) = step.aux.and_then(|aux| aux.id) {
                    id = Some(made);
                }
            }
            say(text.trim_end(), lines, &mut last);
            Ok(())
        };
        let done = tokio::time::timeout(deadline, work).await;
        match done {
            Err(_) => Err(EngineError::Timeout(format!("build {}", image.name))),
            Ok(Err(EngineError::Refused(text))) => {
                let lines: Vec<String> = last.into();
                Err(EngineError::Refused(format!("{}: {text}\n{}", image.name, lines.join("\n"))))
            }
            Ok(Err(other)) => Err(other),
            Ok(Ok(())) => id.ok_or_else(|| {
                EngineError::Io(format!("the build of {} ended without an image", image.name))
            }),
        }
    }

    pub(super) async fn pull_image(
        &self,
        image: &str,
        deadline: Duration,
        lines: Lines<'_>,
    ) -> Result<(), EngineError> {
        let options = CreateImageOptionsBuilder::new().from_image(&with_tag(image)).build();
        let docker = self.docker().await?;
        let work = async {
            let mut stream = std::pin::pin!(docker.create_image(Some(options), None, None));
            while let Some(step) = stream.next().await {
                let step = self.noted(step).map_err(definite)?;
                if let Some(text) = step.error_detail.and_then(|detail| detail.message) {
                    return Err(EngineError::Refused(text));
                }
                if let Some(status) = step.status {
                    lines(&status);
                }
            }
            Ok(())
        };
        tokio::time::timeout(deadline, work)
            .await
            .map_err(|_| EngineError::Timeout(format!("pull {image}")))?
    }

    pub(super) async fn drop_image(&self, image: &str) -> Result<(), EngineError> {
        self.call("remove an image", SLOW, |docker| {
            docker.remove_image(image, None::<RemoveImageOptions>, None)
        })
        .await
        .map(|_| ())
    }
}

impl DockerEngine {
    pub(super) async fn export_images(&self, images: &[String]) -> Result<ByteStream, EngineError> {
        let there = self.list_images().await?;
        if let Some(missing) = images.iter().find(|name| !there.contains_key(*name)) {
            return Err(EngineError::NotFound(missing.clone()));
        }
        let docker = self.docker().await?;
        let names: Vec<&str> = images.iter().map(String::as_str).collect();
        let engine = self.clone();
        let mut bytes = Box::pin(docker.export_images(&names));
        // The first piece decides whether there is an answer at all; after it the engine may take its time, but not for ever.
        let first = match tokio::time::timeout(SLOW, bytes.next()).await {
            Err(_) => return Err(EngineError::Timeout("export images".into())),
            Ok(first) => first.map(|first| self.noted(first)).transpose()?,
        };
        let rest = stream::unfold(Some((engine, bytes)), |open| async {
            let (engine, mut bytes) = open?;
            match tokio::time::timeout(SLOW, bytes.next()).await {
                Err(_) => Some((Err(EngineError::Timeout("export images".into())), None)),
                Ok(None) => None,
                Ok(Some(Ok(piece))) => Some((Ok(piece), Some((engine, bytes)))),
                Ok(Some(fault)) => Some((engine.noted(fault), None)),
            }
        });
        Ok(stream::iter(first.map(Ok)).chain(rest).boxed())
    }

    pub(super) async fn load_images(&self, tar: ByteStream, deadline: Duration) -> Result<(), EngineError> {
        let docker = self.docker().await?;
        let work = async {
            let options = ImportImageOptions { quiet: true, ..ImportImageOptions::default() };
            let mut answer = std::pin::pin!(docker.import_image_stream(options, tar, None));
            while let Some(step) = answer.next().await {
                let step = self.noted(step).map_err(definite)?;
                if let Some(text) = step.error_detail.and_then(|detail| detail.message) {
                    return Err(EngineError::Refused(text));
                }
            }
            Ok(())
        };
        tokio::time::timeout(deadline, work).await.map_err(|_| EngineError::Timeout("load images".into()))?
    }

    /// Own bytes of every image and layer, those of its parent taken off.
    async fn own_sizes(&self) -> Result<BTreeMap<String, u64>, EngineError> {
        let all = || Some(ListImagesOptionsBuilder::new().all(true).build());
        let images = self.call("list images", QUICK, |docker| docker.list_images(all())).await?;
        let whole: BTreeMap<String, i64> =
            images.iter().map(|image| (image.id.clone(), image.size)).collect();
        let own = images.into_iter().map(|image| {
            let below = whole.get(&image.parent_id).copied().unwrap_or(0);
            (image.id, u64::try_from(image.size - below).unwrap_or(0))
        });
        Ok(own.collect())
    }

    pub(super) async fn prune_unnamed(&self) -> Result<Pruned, EngineError> {
        let before = self.own_sizes().await?;
        let (mut tried, mut in_use) = (BTreeSet::new(), Vec::new());
        // What an unnamed image stood on is unnamed itself once that is gone, so it is looked at until nothing is left.
        loop {
            let filters = HashMap::from([("dangling", vec!["true"]), ("label", vec![LABEL_HASH])]);
            let options = Some(ListImagesOptionsBuilder::new().filters(&filters).build());
            let found = self.call("list images", QUICK, |docker| docker.list_images(options)).await?;
            let todo: Vec<String> =
                found.into_iter().map(|image| image.id).filter(|id| tried.insert(id.clone())).collect();
            if todo.is_empty() {
                break;
            }
            for id in todo {
                match self.drop_image(&id).await {
                    Ok(()) | Err(EngineError::NotFound(_)) => {}
                    Err(EngineError::Conflict(_)) => in_use.push(id),
                    Err(other) => return Err(other),
                }
            }
        }
        let after = self.own_sizes().await?;
        let gone: BTreeMap<String, u64> =
            before.into_iter().filter(|(id, _)| !after.contains_key(id)).collect();
        Ok(Pruned { freed: gone.values().sum(), removed: gone.into_keys().collect(), in_use })
    }
}

/// The name with `:latest` where it has no tag.
fn with_tag(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains([':', '@']) { image.to_owned() } else { format!("{image}:latest") }
}

fn say(line: &str, lines: Lines<'_>, last: &mut VecDeque<String>) {
    if line.is_empty() {
        return;
    }
    lines(line);
    last.push_back(line.to_owned());
    if last.len() > LAST_LINES {
        last.pop_front();
    }
}
