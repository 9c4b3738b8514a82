//! The container engine: everything that talks to Docker stands in this crate.
//!
//! [`Engine`] is what the use cases see; [`DockerEngine`] is the real one, [`fake::FakeEngine`] keeps objects in memory,
//! and one contract suite (`tests/it`) runs on both. An engine does single steps and knows no order; the order of a
//! launch, rolling back and adopting are the reconciler's (crate `rampart-app`, module `range`).
//!
//! - Every call has a deadline over the whole answer, not only its head. Streams ([`Engine::logs`], [`Terminal`], [`Pipe`])
//!   have none.
//! - Every object carries the run's labels from its creation, so it is found without the reply.
//! - Engines of other machines are spoken to over mutual TLS only ([`NodeConfig`], [`Trust`]).
//! - [`guard`] is the wall on the host, [`trial`] tries it from inside, [`images`] reads and builds the folder `images/`, [`subnets`] finds free ones.

pub mod archive;
pub mod certs;
mod docker;
mod error;
pub mod fake;
pub mod guard;
pub mod host;
pub mod images;
mod node;
pub mod subnets;
pub mod trial;
mod trust;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use ipnet::Ipv4Net;
use rampart_domain::plan::{HostPlan, Leg, NetworkPlan};

#[doc(hidden)]
pub use docker::objects::requests;
pub use docker::{AT_ONCE, DockerEngine};
pub use error::EngineError;
pub use node::{NodeConfig, connect};
pub use trust::{Distrust, Trust, TrustFiles};
pub use types::{
    ByteStream, Container, Disk, Ended, EngineInfo, ExecOut, ExecSpec, Happening, HostFacts, ImageInfo,
    ImageSpec, Inspection, LABEL_HASH, Labels, Life, LifeStream, Lines, LogLine, LogStream, Network,
    Observation, Pipe, PipeControl, PipeSpec, Pruned, RunSeen, SAID_LIMIT, State, Terminal, TerminalControl,
    TerminalSpec, Wall,
};

/// One container engine. Containers are named by their name on the engine ([`HostPlan::name`]) or their id.
///
/// Every method can fail with `NodeUnreachable`, `Timeout` and `Io`; what else is possible is said with the method.
#[async_trait]
pub trait Engine: Send + Sync {
    /// How many networks and containers it makes at once, over all launches; more calls wait their turn inside it.
    fn at_once(&self) -> usize {
        AT_ONCE
    }

    /// Asks whether it is there, and what it is.
    async fn info(&self) -> Result<EngineInfo, EngineError>;

    /// Asks whether it is there, and waits no longer than this. A hung engine keeps its connections open, so only this
    /// tells.
    async fn ping(&self, within: Duration) -> Result<(), EngineError>;

    /// Images by full name with tag.
    async fn images(&self) -> Result<BTreeMap<String, ImageInfo>, EngineError>;

    /// Builds an image and returns its id; `anew` takes no layer from a former build. Lines of the build go to `lines` as
    /// they come. `Refused` holds the last ones.
    async fn build(
        &self,
        image: &ImageSpec,
        anew: bool,
        deadline: Duration,
        lines: Lines<'_>,
    ) -> Result<String, EngineError>;

    /// Fetches an image from its registry. `NotFound` or `Refused` where none has it or none answers.
    async fn pull(&self, image: &str, deadline: Duration, lines: Lines<'_>) -> Result<(), EngineError>;

    /// Removes an image name. `NotFound`; `Conflict` while a container uses it.
    async fn remove_image(&self, image: &str) -> Result<(), EngineError>;

    /// Images as one tar that [`Engine::load`] takes, by full name with tag. `NotFound` names one that is not there, before
    /// the first byte; anything later ends the stream with an error.
    async fn export(&self, images: &[String]) -> Result<ByteStream, EngineError>;

    /// Takes the images of such a tar under the names that stand in it. An error in the stream, or its early end, leaves
    /// no name changed. `Refused` when it is no such tar.
    async fn load(&self, tar: ByteStream, deadline: Duration) -> Result<(), EngineError>;

    /// Removes images that carry the platform's label and no name any more, older builds and layers of broken ones, with
    /// the unnamed layers that only they stood on. Those that a container uses stay.
    async fn prune_images(&self) -> Result<Pruned, EngineError>;

    /// Makes the wall on the engine's host if it is not there, and checks it. `Refused` with what is missing.
    async fn guard(&self) -> Result<(), EngineError> {
        self.wall().await.map(|_| ())
    }

    /// The same, and says whether it had to be made.
    async fn wall(&self) -> Result<Wall, EngineError>;

    /// Addresses, routes and hardware addresses of the engine's host.
    async fn host(&self) -> Result<HostFacts, EngineError>;

    /// Subnets of all networks on the engine, with their names.
    async fn subnets(&self) -> Result<Vec<(String, Ipv4Net)>, EngineError>;

    /// Makes a network. `Conflict` when the name or the subnet is taken.
    async fn create_network(&self, network: &NetworkPlan, labels: &Labels) -> Result<(), EngineError>;

    /// Removes a network by name or id. `NotFound`; `Conflict` while something is attached.
    async fn remove_network(&self, network: &str) -> Result<(), EngineError>;

    /// Makes a container on its first leg and returns its id. `NotFound` when image or network is missing; `Conflict`
    /// when the name is taken.
    async fn create_container(&self, host: &HostPlan, labels: &Labels) -> Result<String, EngineError>;

    /// Gives it a further leg. `NotFound`; `Conflict` when it has it already or the address is taken.
    async fn connect(&self, container: &str, leg: &Leg) -> Result<(), EngineError>;

    /// Starts it. `NotFound`; `Refused` when its command cannot be run. Starting a running one does nothing.
    async fn start(&self, container: &str) -> Result<(), EngineError>;

    /// Stops it, by force after 2 s. `NotFound`. Stopping a stopped one does nothing.
    async fn stop(&self, container: &str) -> Result<(), EngineError>;

    /// Removes it by force with its volumes. `NotFound`; `Conflict` while another removal is in progress.
    async fn remove(&self, container: &str) -> Result<(), EngineError>;

    /// Freezes it. `NotFound`; `Conflict` when it does not run or is frozen.
    async fn pause(&self, container: &str) -> Result<(), EngineError>;

    /// Thaws it. `NotFound`; `Conflict` when it is not frozen.
    async fn unpause(&self, container: &str) -> Result<(), EngineError>;

    /// Stops and starts it; addresses and files stay. `NotFound`.
    async fn restart(&self, container: &str) -> Result<(), EngineError>;

    /// Everything that carries the run's label.
    async fn observe(&self, run: &str) -> Result<Observation, EngineError>;

    /// One container closely. `NotFound`.
    async fn inspect(&self, container: &str) -> Result<Inspection, EngineError>;

    /// Ids of all runs that have an object on this engine.
    async fn list_runs(&self) -> Result<BTreeSet<String>, EngineError>;

    /// What is made from now on carries this installation's id, so that of two installations on one engine neither takes
    /// the other's objects for its own. The first one given counts.
    fn mark(&self, house: &str);

    /// All runs that have an object on this engine, with the installation that made them and what there is.
    async fn runs(&self) -> Result<BTreeMap<String, RunSeen>, EngineError>;

    /// Runs a command and waits. `NotFound`; `Conflict` when the container does not run or is frozen. A command that
    /// exceeds its time or output is killed with everything it started; `Timeout` only when even that failed.
    async fn exec(&self, container: &str, spec: ExecSpec) -> Result<ExecOut, EngineError>;

    /// Opens a terminal. `NotFound`; `Conflict` when the container does not run or is frozen.
    async fn terminal(&self, container: &str, spec: TerminalSpec) -> Result<Terminal, EngineError>;

    /// Runs a command whose input and output are the caller's, raw and both ways at once. `NotFound`; `Conflict` when the
    /// container does not run or is frozen.
    async fn pipe(&self, container: &str, spec: PipeSpec) -> Result<Pipe, EngineError>;

    /// Ends what this installation's server left running in a container when it was killed, in this or an earlier life:
    /// shells, commands and pipes; those of the caller's own life stay. Gives how many it found. In a frozen container
    /// that happens after the thaw. `NotFound`; `Conflict` when the container does not run.
    async fn sweep(&self, container: &str) -> Result<usize, EngineError>;

    /// Unpacks a tar in the folder `at` ([`archive::pack`]; its absolute paths begin there); owners and permissions are the
    /// tar's. Works before the first start. `NotFound`; `Refused` where the root is read-only and `at` is in no volume.
    async fn put_files(&self, container: &str, at: &str, tar: Vec<u8>) -> Result<(), EngineError>;

    /// What it has written beside its image, bytes. The engine walks all of it: ask seldom. `NotFound`.
    async fn written(&self, container: &str) -> Result<u64, EngineError>;

    /// Reads one file of at most `limit` bytes. `NotFound`; `Refused` when it is larger or no plain file.
    async fn get_file(&self, container: &str, path: &str, limit: usize)
    -> Result<archive::File, EngineError>;

    /// What it wrote from `since_ms` (ms UTC) on, oldest first; `follow` goes on as it writes. The last line of before a
    /// break may come again, with the same time: the caller drops what is not later than its own last. `NotFound`.
    async fn logs(&self, container: &str, since_ms: i64, follow: bool) -> Result<LogStream, EngineError>;

    /// What happens to the containers of a run, from `since_ms` (ms UTC) on as far as the engine remembers. The stream opens
    /// before the engine has answered; whether it does shows in the first item.
    async fn lives(&self, run: &str, since_ms: i64) -> Result<LifeStream, EngineError>;

    /// The last lines it wrote, for a person. `NotFound`.
    async fn tail(&self, container: &str, lines: usize) -> Result<Vec<String>, EngineError>;
}
