//! What happens to containers.

use std::collections::HashMap;

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::{StreamExt, TryStreamExt};
use rampart_domain::plan::{LABEL_NAME, LABEL_RANGE, LABEL_RUN};

use super::{DockerEngine, translate};
use crate::{EngineError, Happening, Life, LifeStream};

impl DockerEngine {
    pub(super) async fn watch_lives(&self, run: &str, since_ms: i64) -> Result<LifeStream, EngineError> {
        let filters = HashMap::from([
            ("type", vec!["container".to_owned()]),
            ("label", vec![format!("{LABEL_RUN}={run}")]),
            ("event", ["start", "die", "oom"].map(str::to_owned).to_vec()),
        ]);
        let since = (since_ms.max(0) / 1000).to_string();
        let options = EventsOptionsBuilder::new().filters(&filters).since(&since).build();
        let docker = self.docker().await?;
        let lives = docker
            .events(Some(options))
            .map_err(translate)
            // The engine takes whole seconds.
            .try_filter_map(move |event| {
                std::future::ready(Ok(read(event).filter(|life| life.at_ms >= since_ms)))
            });
        Ok(lives.boxed())
    }
}

fn read(event: EventMessage) -> Option<Life> {
    let words = event.actor?.attributes?;
    let word = |key: &str| words.get(key).cloned().unwrap_or_default();
    let what = match event.action.as_deref()? {
        "start" => Happening::Started,
        "die" => Happening::Died(words.get("exitCode")?.parse().ok()?),
        "oom" => Happening::OutOfMemory,
        _ => return None,
    };
    Some(Life {
        container: word("name"),
        host: word(LABEL_NAME),
        range: word(LABEL_RANGE).parse().unwrap_or(0),
        at_ms: event.time_nano.map(|ns| ns / 1_000_000).or(event.time.map(|s| s.saturating_mul(1000)))?,
        what,
    })
}
