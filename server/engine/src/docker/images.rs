//! Images of the engine.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use bollard::query_parameters::{
    BuildImageOptionsBuilder, CreateImageOptionsBuilder, ListImagesOptions, RemoveImageOptions,
};
use futures_util::StreamExt;

use super::{DockerEngine, QUICK, SLOW};
use crate::{EngineError, ImageInfo, ImageSpec, LABEL_HASH, Lines};

/// Lines of a failed build that its error holds.
const LAST_LINES: usize = 20;

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
        deadline: Duration,
        lines: Lines<'_>,
    ) -> Result<String, EngineError> {
        let options = BuildImageOptionsBuilder::new()
            .dockerfile("Dockerfile")
            .t(&image.name)
            .labels(&HashMap::from([(LABEL_HASH, image.hash.as_str())]))
            // Packages come from wherever the host gets them, perhaps through a proxy on its loopback.
            .networkmode("host")
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
                let step = self.noted(step)?;
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
                let step = self.noted(step)?;
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
