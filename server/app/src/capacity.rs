//! What a launch would need and what the node has for it, for whoever asks before a launch.

use std::sync::Weak;
use std::time::Duration;

use rampart_domain::capacity::{Fit, Needs, Node};
use rampart_domain::scenario::Scenario;
use tokio_util::sync::CancellationToken;

use crate::App;

/// How often the node is looked at. Pages show what was seen last, so that none waits for an engine.
const EVERY: Duration = Duration::from_secs(10);

/// What a launch would need, and what there is.
#[derive(Debug, Clone)]
pub struct Capacity {
    /// What it would need.
    pub needs: Needs,
    /// What the node has; `None` before the engine has first answered.
    pub node: Option<Node>,
    /// Whether it fits now.
    pub fit: Fit,
    /// Most pairs that fit on the empty node; `None` where that is not known.
    pub most: Option<u16>,
    /// Who holds what: session code and needs.
    pub holders: Vec<(String, Needs)>,
}

impl App {
    /// What a launch of `pairs` ranges would need, and what there is for it beside all other exercises.
    #[must_use]
    pub fn capacity(&self, scenario: &Scenario, pairs: u16) -> Capacity {
        let needs = Needs::of(scenario, pairs);
        let node = *self.node.borrow();
        let (held, holders) = self.tools.queue.held();
        Capacity {
            needs,
            fit: node.map_or(Fit::Now, |node| node.fit(&needs, &held)),
            most: node.filter(|node| node.room().is_some()).map(|node| node.most_pairs(scenario)),
            node,
            holders: holders.into_iter().map(|held| (held.code, held.needs)).collect(),
        }
    }
}

/// Looks at the node until the end of the server.
pub(crate) async fn keep(app: Weak<App>, stop: CancellationToken) {
    loop {
        {
            let Some(app) = app.upgrade() else { return };
            let seen = tokio::select! {
                () = stop.cancelled() => return,
                seen = crate::launch::node(&app.tools) => seen,
            };
            // An engine that is silent has the memory that it had.
            if let Ok(node) = seen {
                app.node.send_replace(Some(node));
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
