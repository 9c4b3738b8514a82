//! The engine's own floor: makes the networks and containers of a scenario's ranges by bare calls of the client library, with
//! the very requests that Rampart sends (what images say of themselves, such as a root that takes nothing, included), and
//! removes them again. No readiness, no planted secret, no proof, no retry.
//!
//!     floor SCENARIO.yaml PAIRS AT_ONCE...
//!
//! Each bound is one round; a line of JSON each: seconds until everything runs, and until everything is gone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::io::Write;
use std::time::Instant;

use bollard::models::{ContainerCreateBody, EndpointSettings, NetworkConnectRequest, NetworkCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::{StreamExt, TryStreamExt, stream};
use rampart_domain::plan::{self, HostPlan, Plan};
use rampart_domain::scenario::{Role, parse};
use rampart_engine::archive::{self, File};
use rampart_engine::{DockerEngine, Engine, Labels, requests, subnets};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Block of the floor's subnets, unless `RAMPART_BLOCK` says another.
const BLOCK: &str = "10.212.0.0/16";

fn read<T: DeserializeOwned>(request: Value) -> Outcome<T> {
    Ok(serde_json::from_value(request)?)
}

fn labels(plan: &Plan, range: u16, name: &str) -> Labels {
    Labels { run: plan.run.clone(), range, name: name.to_owned(), plan: plan.hash.clone(), epoch: 0 }
}

async fn make(docker: &Docker, plan: &Plan, at_once: usize) -> Outcome<()> {
    let networks =
        plan.ranges.iter().flat_map(|range| range.networks.iter().map(move |one| (range.range, one)));
    stream::iter(networks)
        .map(|(range, network)| async move {
            let request: NetworkCreateRequest =
                read(requests::network(network, &labels(plan, range, &network.zone)))?;
            docker.create_network(request).await?;
            Outcome::Ok(())
        })
        .buffer_unordered(at_once)
        .try_collect::<()>()
        .await?;
    let hosts = plan.ranges.iter().flat_map(|range| range.hosts.iter().map(move |host| (range.range, host)));
    stream::iter(hosts)
        .map(|(range, host)| container(docker, plan, range, host))
        .buffer_unordered(at_once)
        .try_collect()
        .await
}

async fn container(docker: &Docker, plan: &Plan, range: u16, host: &HostPlan) -> Outcome<()> {
    let body: ContainerCreateBody = read(requests::container(host, &labels(plan, range, &host.host)))?;
    let options = CreateContainerOptionsBuilder::new().name(&host.name).build();
    docker.create_container(Some(options), body).await?;
    for leg in host.legs.iter().skip(1) {
        let endpoint: EndpointSettings = read(requests::leg(leg))?;
        let request = NetworkConnectRequest { container: host.name.clone(), endpoint_config: Some(endpoint) };
        docker.connect_network(&leg.network, request).await?;
    }
    // Without its files a gateway ends at once, and the engine would start it again and again.
    if host.role == Role::Gateway {
        // Where the root takes nothing, each folder is a volume, which does.
        let folders: BTreeSet<&str> =
            if host.read_only { host.file_folders().collect() } else { BTreeSet::from(["/"]) };
        for folder in folders {
            let of_folder = host.files.iter().filter_map(|file| {
                if folder == "/" {
                    return Some((file.path.as_str(), file));
                }
                let name = file.path.strip_prefix(folder)?;
                (name.rfind('/') == Some(0)).then_some((name, file))
            });
            let files: Vec<File> = of_folder
                .map(|(name, file)| File::of_root(name, file.mode, file.content.as_bytes()))
                .collect();
            let options = UploadToContainerOptionsBuilder::new().path(folder).build();
            let tar = archive::pack(&files)?;
            docker.upload_to_container(&host.name, Some(options), bollard::body_full(tar.into())).await?;
        }
    }
    docker.start_container(&host.name, None).await?;
    Ok(())
}

/// Removes everything, whatever the answers.
async fn remove(docker: &Docker, plan: &Plan, at_once: usize) {
    let hosts = plan.ranges.iter().flat_map(|range| &range.hosts);
    stream::iter(hosts)
        .for_each_concurrent(at_once, |host| async move {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            let _ = docker.remove_container(&host.name, Some(options)).await;
        })
        .await;
    let networks = plan.ranges.iter().flat_map(|range| &range.networks);
    stream::iter(networks)
        .for_each_concurrent(at_once, |network| async move {
            let _ = docker.remove_network(&network.name).await;
        })
        .await;
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, pairs, bounds @ ..] = arguments.as_slice() else {
        return Err("floor SCENARIO PAIRS AT_ONCE...".into());
    };
    let pairs: u16 = pairs.parse()?;
    let scenario = parse(path, &std::fs::read_to_string(path)?).map_err(|faults| format!("{faults:?}"))?;
    let address = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
    let docker = Docker::connect_with_unix(&address, 600, API_DEFAULT_VERSION)?.negotiate_version().await?;
    let engine = DockerEngine::at(Some(&address))?;
    let block = std::env::var("RAMPART_BLOCK").unwrap_or_else(|_| BLOCK.into()).parse()?;
    for (round, bound) in bounds.iter().enumerate() {
        let at_once: usize = bound.parse()?;
        let taken = subnets::taken(&engine).await?;
        let free: Vec<_> =
            subnets::candidates(block, 26, &taken).take(plan::subnets_needed(&scenario, pairs)).collect();
        let run = format!("floor-{}-{round}", std::process::id());
        let mut needs = BTreeMap::new();
        for (name, image) in engine.images().await? {
            if name.starts_with(rampart_engine::images::PREFIX) {
                needs.insert(name, image.needs()?);
            }
        }
        let plan = plan::make(&scenario, &run, pairs, &free)?.on_images(&needs)?;
        let began = Instant::now();
        let made = make(&docker, &plan, at_once).await;
        let made_s = began.elapsed().as_secs_f64();
        let running = plan.ranges.iter().map(|range| range.hosts.len()).sum::<usize>();
        let began = Instant::now();
        remove(&docker, &plan, at_once).await;
        let removed_s = began.elapsed().as_secs_f64();
        made?;
        let said: HashMap<&str, Value> = HashMap::from([
            ("at_once", json!(at_once)),
            ("containers", json!(running)),
            ("made_s", json!(made_s)),
            ("removed_s", json!(removed_s)),
        ]);
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&said)?)?;
    }
    Ok(())
}
