//! What a launch would need and what the nodes have for it, for whoever asks before a launch.

use std::sync::Weak;
use std::time::Duration;

use rampart_domain::capacity::{Fit, Needs, Node};
use rampart_domain::scenario::Scenario;
use tokio_util::sync::CancellationToken;

use crate::App;

/// How often the nodes are looked at. Pages show what was seen last, so that none waits for an engine.
const EVERY: Duration = Duration::from_secs(10);

/// What a launch would need, and what there is.
#[derive(Debug, Clone)]
pub struct Capacity {
    /// What it would need.
    pub needs: Needs,
    /// What the node has that it would be built on; `None` before an engine has first answered.
    pub node: Option<Node>,
    /// Key of that node, where there are several.
    pub on: Option<String>,
    /// Whether it fits there now.
    pub fit: Fit,
    /// Most pairs that fit on the empty node; `None` where that is not known.
    pub most: Option<u16>,
    /// Who holds what there: session code and needs.
    pub holders: Vec<(String, Needs)>,
}

impl App {
    /// Launches that wait for their turn.
    #[must_use]
    pub fn launches_waiting(&self) -> usize {
        self.tools.queue.length()
    }

    /// What a launch of `pairs` ranges would need, and what there is for it beside all other exercises, on the node that
    /// suits it best.
    #[must_use]
    pub fn capacity(&self, scenario: &Scenario, pairs: u16) -> Capacity {
        let needs = Needs::of(scenario, pairs);
        let nodes = self.room.borrow();
        let queue = &self.tools.queue;
        let best = nodes
            .iter()
            .map(|(name, node)| {
                let held = queue.held_on(name, None);
                let fit = node.fit(&needs, &held);
                let rank = match fit {
                    Fit::Now => 2,
                    Fit::Later(_) => 1,
                    Fit::Never(_) => 0,
                };
                ((rank, node.free_memory(&held)), name, *node, fit)
            })
            // The first one of equals, as a launch takes it.
            .reduce(|best, other| if other.0 > best.0 { other } else { best });
        let node = best.map(|(_, _, node, _)| node);
        let name = best.map(|(_, name, ..)| name.clone());
        let holders =
            queue.holders().into_iter().filter(|held| name.as_ref().is_none_or(|name| held.node == *name));
        Capacity {
            needs,
            fit: best.map_or(Fit::Now, |(.., fit)| fit),
            most: node.filter(|node| node.room().is_some()).map(|node| node.most_pairs(scenario)),
            node,
            holders: holders.map(|held| (held.code, held.needs)).collect(),
            on: name.filter(|_| self.tools.fleet.is_many()),
        }
    }
}

/// Looks at the nodes until the end of the server.
pub(crate) async fn keep(app: Weak<App>, stop: CancellationToken) {
    loop {
        {
            let Some(app) = app.upgrade() else { return };
            let seen = tokio::select! {
                () = stop.cancelled() => return,
                (seen, _) = crate::launch::nodes(&app.tools) => seen,
            };
            // A node that is silent has the memory that it had, while no other answers.
            if !seen.is_empty() {
                app.room.send_replace(seen);
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
