//! Networks and containers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, ContainerState, EndpointIpamConfig, EndpointSettings, HostConfig,
    HostConfigLogConfig, Ipam, IpamConfig, Mount, MountType, MountVolumeOptions, NetworkConnectRequest,
    NetworkCreateRequest, NetworkingConfig, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, InspectContainerOptionsBuilder,
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, UploadToContainerOptionsBuilder,
};
use futures_util::{StreamExt, TryStreamExt};
use ipnet::Ipv4Net;
use rampart_domain::plan::{
    HostPlan, LABEL_EPOCH, LABEL_HOUSE, LABEL_NAME, LABEL_PLAN, LABEL_RANGE, LABEL_RUN, Leg, NetworkPlan,
    TMPFS_BYTES,
};

use super::{DockerEngine, QUICK, SLOW};
use crate::{
    Container, Ended, EngineError, Inspection, Labels, Network, Observation, RunSeen, State, archive,
};

/// Seconds between asking a container to end and ending it.
pub(super) const STOP_S: i32 = 2;
/// Tries of a network while another program holds the firewall's lock.
const LOCK_TRIES: u32 = 8;
/// Calls at once when looking closely at containers that do not run.
const AT_ONCE: usize = 8;

type Words = HashMap<String, String>;

fn words(labels: &Labels, house: Option<&String>) -> Words {
    let mut words = HashMap::from([
        (LABEL_RUN.to_owned(), labels.run.clone()),
        (LABEL_RANGE.to_owned(), labels.range.to_string()),
        (LABEL_NAME.to_owned(), labels.name.clone()),
        (LABEL_PLAN.to_owned(), labels.plan.clone()),
    ]);
    if labels.epoch > 0 {
        words.insert(LABEL_EPOCH.to_owned(), labels.epoch.to_string());
    }
    words.extend(house.map(|house| (LABEL_HOUSE.to_owned(), house.clone())));
    words
}

fn word(labels: Option<&Words>, key: &str) -> String {
    labels.and_then(|labels| labels.get(key)).cloned().unwrap_or_default()
}

fn with_label(label: &str) -> HashMap<&'static str, Vec<String>> {
    HashMap::from([("label", vec![label.to_owned()])])
}

fn endpoint(leg: &Leg) -> EndpointSettings {
    EndpointSettings {
        ipam_config: Some(EndpointIpamConfig {
            ipv4_address: Some(leg.address.to_string()),
            ..EndpointIpamConfig::default()
        }),
        ..EndpointSettings::default()
    }
}

/// Files that a process may have open. An engine can only lower its own limit, so this is one that each has.
const FILES: i64 = 4096;
/// Shared memory, bytes; it counts as memory of the host.
const SHARED: i64 = 64 << 20;

/// What a process may do at most, whatever its account: nobody in the container has the right to raise it.
fn ulimits(host: &HostPlan) -> Vec<ResourcesUlimits> {
    let limit = |name: &str, soft, hard| ResourcesUlimits {
        name: Some(name.to_owned()),
        soft: Some(soft),
        hard: Some(hard),
    };
    let disk = i64::try_from(host.resources.disk()).unwrap_or(i64::MAX);
    vec![
        limit("nofile", FILES, FILES),
        limit("core", 0, 0),
        // One file cannot be larger than all that the host may write: at once, whatever the storage driver can.
        limit("fsize", disk, disk),
    ]
}

/// Folders of a read-only host that its files are put into, as volumes that live and go with the container.
fn volumes(host: &HostPlan, labels: &Words) -> Vec<Mount> {
    let folders: BTreeSet<&str> = host.file_folders().filter(|_| host.read_only).collect();
    let mount = |folder: &str| Mount {
        target: Some(folder.to_owned()),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            labels: Some(labels.clone()),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    };
    folders.into_iter().map(mount).collect()
}

/// The settings of a host. Nothing of the engine's host is visible in it, and everything has a bound.
fn settings(host: &HostPlan, labels: Words) -> ContainerCreateBody {
    let memory = i64::try_from(host.resources.memory).unwrap_or(i64::MAX);
    let log =
        HashMap::from([("max-size".to_owned(), "10m".to_owned()), ("max-file".to_owned(), "3".to_owned())]);
    let first = host.legs.first();
    let mounts = volumes(host, &labels);
    let in_memory =
        |path: &String| (path.clone(), format!("rw,nosuid,nodev,noexec,size={TMPFS_BYTES},mode=1777"));
    ContainerCreateBody {
        hostname: Some(host.host.clone()),
        image: Some(host.image.clone()),
        cmd: host.command.clone(),
        labels: Some(labels),
        stop_timeout: Some(i64::from(STOP_S)),
        host_config: Some(HostConfig {
            cap_drop: Some(vec!["ALL".into()]),
            cap_add: Some(host.capabilities.clone()),
            // Seccomp's default profile is on as long as no other is named.
            security_opt: Some(vec!["no-new-privileges:true".into()]),
            privileged: Some(false),
            init: Some(true),
            ulimits: Some(ulimits(host)),
            readonly_rootfs: Some(host.read_only),
            tmpfs: Some(host.tmpfs.iter().map(in_memory).collect()),
            mounts: Some(mounts),
            shm_size: Some(SHARED),
            pids_limit: Some(i64::from(host.resources.pids)),
            memory: Some(memory),
            // Memory and swap together: no swap.
            memory_swap: Some(memory),
            nano_cpus: Some(i64::from(host.resources.milli_cpus) * 1_000_000),
            log_config: Some(HostConfigLogConfig { typ: Some("json-file".into()), config: Some(log) }),
            // A host that dies comes back with the same address and files; one that was stopped stays stopped.
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
                maximum_retry_count: None,
            }),
            network_mode: Some(first.map_or_else(|| "none".to_owned(), |leg| leg.network.clone())),
            dns: Some(vec![host.dns.to_string()]),
            // Without this the engine would hand in the search domain of its own host.
            dns_search: Some(vec![".".into()]),
            sysctls: host
                .forwards
                .then(|| HashMap::from([("net.ipv4.ip_forward".to_owned(), "1".to_owned())])),
            ..HostConfig::default()
        }),
        networking_config: first.map(|leg| NetworkingConfig {
            endpoints_config: Some(HashMap::from([(leg.network.clone(), endpoint(leg))])),
        }),
        ..ContainerCreateBody::default()
    }
}

fn bridge(network: &NetworkPlan, labels: Words) -> NetworkCreateRequest {
    NetworkCreateRequest {
        name: network.name.clone(),
        driver: Some("bridge".into()),
        enable_ipv6: Some(false),
        ipam: Some(Ipam {
            config: Some(vec![IpamConfig {
                subnet: Some(network.subnet.to_string()),
                gateway: Some(network.router.to_string()),
                ..IpamConfig::default()
            }]),
            ..Ipam::default()
        }),
        options: Some(HashMap::from([
            // The host has no address there; `gateway` above is only where default routes point.
            ("com.docker.network.bridge.inhibit_ipv4".to_owned(), "true".to_owned()),
            ("com.docker.network.bridge.enable_ip_masquerade".to_owned(), "false".to_owned()),
            ("com.docker.network.bridge.name".to_owned(), network.name.clone()),
        ])),
        labels: Some(labels),
        ..NetworkCreateRequest::default()
    }
}

/// What the engine is asked for when a network, a container or a further leg is made, as JSON. For programs that measure
/// the engine by itself with the very same objects.
#[doc(hidden)]
pub mod requests {
    use super::{HostPlan, Labels, Leg, NetworkPlan, bridge, endpoint, settings, words};
    use serde_json::{Value, json};

    #[must_use]
    pub fn network(network: &NetworkPlan, labels: &Labels) -> Value {
        json!(bridge(network, words(labels, None)))
    }

    #[must_use]
    pub fn container(host: &HostPlan, labels: &Labels) -> Value {
        json!(settings(host, words(labels, None)))
    }

    #[must_use]
    pub fn leg(leg: &Leg) -> Value {
        json!(endpoint(leg))
    }
}

fn ended(state: &ContainerState) -> Ended {
    Ended {
        code: state.exit_code.unwrap_or(-1),
        oom: state.oom_killed.unwrap_or(false),
        finished_ms: state
            .finished_at
            .as_deref()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
            .map(jiff::Timestamp::as_millisecond)
            // The engine writes the year 1 for "not yet".
            .filter(|ms| *ms > 0),
    }
}

fn state_of(word: &str, state: Option<&ContainerState>) -> State {
    let end = || state.map_or(Ended { code: -1, oom: false, finished_ms: None }, ended);
    match word {
        "created" => State::Created,
        "running" | "stopping" => State::Running,
        "paused" => State::Paused,
        "restarting" => State::Restarting(end()),
        "removing" => State::Removing,
        _ => State::Exited(end()),
    }
}

impl DockerEngine {
    pub(super) async fn make_network(
        &self,
        network: &NetworkPlan,
        labels: &Labels,
    ) -> Result<(), EngineError> {
        let request = bridge(network, words(labels, self.inner.house.get()));
        let mut tries = 0;
        loop {
            let answer =
                self.call("make a network", SLOW, |docker| docker.create_network(request.clone())).await;
            match answer {
                Err(EngineError::Failed(text)) if text.contains("xtables lock") && tries < LOCK_TRIES => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(100 * u64::from(tries))).await;
                }
                other => return other.map(|_| ()),
            }
        }
    }

    pub(super) async fn make_container(
        &self,
        host: &HostPlan,
        labels: &Labels,
    ) -> Result<String, EngineError> {
        let options = CreateContainerOptionsBuilder::new().name(&host.name).build();
        let body = settings(host, words(labels, self.inner.house.get()));
        let make = async |body: ContainerCreateBody| {
            let options = options.clone();
            self.call("make a container", SLOW, |docker| docker.create_container(Some(options), body)).await
        };
        if !self.inner.no_disk_limit.load(Ordering::Relaxed) {
            let mut limited = body.clone();
            if let Some(config) = &mut limited.host_config {
                let size = host.resources.disk().to_string();
                config.storage_opt = Some(HashMap::from([("size".to_owned(), size)]));
            }
            match make(limited).await {
                // Only some drivers can (overlay2 on xfs with project quotas, btrfs, zfs). Elsewhere the platform watches.
                Err(EngineError::Refused(text) | EngineError::Failed(text))
                    if text.contains("storage-opt") =>
                {
                    tracing::info!(
                        text,
                        "the storage driver bounds no container; what they write is watched"
                    );
                    self.inner.no_disk_limit.store(true, Ordering::Relaxed);
                }
                other => return other.map(|made| made.id),
            }
        }
        Ok(make(body).await?.id)
    }

    pub(super) async fn written_by(&self, container: &str) -> Result<u64, EngineError> {
        let options = InspectContainerOptionsBuilder::new().size(true).build();
        let found = self
            .call("measure a container", SLOW, |docker| docker.inspect_container(container, Some(options)))
            .await?;
        Ok(found.size_rw.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0))
    }

    pub(super) async fn join_network(&self, container: &str, leg: &Leg) -> Result<(), EngineError> {
        let request =
            NetworkConnectRequest { container: container.to_owned(), endpoint_config: Some(endpoint(leg)) };
        self.call("connect a container", SLOW, |docker| docker.connect_network(&leg.network, request)).await
    }

    pub(super) async fn all_subnets(&self) -> Result<Vec<(String, Ipv4Net)>, EngineError> {
        let networks = self.call("list networks", QUICK, |docker| docker.list_networks(None)).await?;
        let mut subnets = Vec::new();
        for network in networks {
            let name = network.name.unwrap_or_default();
            for config in network.ipam.and_then(|ipam| ipam.config).into_iter().flatten() {
                if let Some(subnet) = config.subnet.and_then(|text| text.parse::<Ipv4Net>().ok()) {
                    subnets.push((name.clone(), subnet));
                }
            }
        }
        Ok(subnets)
    }

    pub(super) async fn observe_run(&self, run: &str) -> Result<Observation, EngineError> {
        let label = format!("{LABEL_RUN}={run}");
        let (networks, containers) = self.labelled(&label).await?;
        let containers = futures_util::stream::iter(containers)
            .map(|found| self.look(found))
            .buffered(AT_ONCE)
            .try_filter_map(|found| std::future::ready(Ok(found)))
            .try_collect()
            .await?;
        let networks = networks
            .into_iter()
            .map(|network| Network {
                zone: word(network.labels.as_ref(), LABEL_NAME),
                plan: word(network.labels.as_ref(), LABEL_PLAN),
                range: word(network.labels.as_ref(), LABEL_RANGE).parse().unwrap_or(0),
                epoch: word(network.labels.as_ref(), LABEL_EPOCH).parse().unwrap_or(0),
                name: network.name.unwrap_or_default(),
                id: network.id.unwrap_or_default(),
            })
            .collect();
        Ok(Observation { networks, containers })
    }

    pub(super) async fn all_runs(&self) -> Result<BTreeSet<String>, EngineError> {
        let (networks, containers) = self.labelled(LABEL_RUN).await?;
        let labels = networks
            .iter()
            .map(|network| network.labels.as_ref())
            .chain(containers.iter().map(|container| container.labels.as_ref()));
        Ok(labels.map(|labels| word(labels, LABEL_RUN)).filter(|run| !run.is_empty()).collect())
    }

    pub(super) async fn runs_seen(&self) -> Result<BTreeMap<String, RunSeen>, EngineError> {
        let (networks, containers) = self.labelled(LABEL_RUN).await?;
        let networks = networks.iter().map(|network| (network.labels.as_ref(), false));
        let containers = containers.iter().map(|container| (container.labels.as_ref(), true));
        let mut runs: BTreeMap<String, RunSeen> = BTreeMap::new();
        for (labels, is_container) in networks.chain(containers) {
            let run = word(labels, LABEL_RUN);
            if run.is_empty() {
                continue;
            }
            let seen = runs.entry(run).or_default();
            let house = word(labels, LABEL_HOUSE);
            if !house.is_empty() {
                seen.house = Some(house);
            }
            if is_container {
                seen.containers += 1;
            } else {
                seen.networks += 1;
            }
        }
        Ok(runs)
    }

    async fn labelled(
        &self,
        label: &str,
    ) -> Result<(Vec<bollard::models::Network>, Vec<bollard::models::ContainerSummary>), EngineError> {
        let filters = with_label(label);
        let networks = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let containers = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        Ok((
            self.call("list networks", QUICK, |docker| docker.list_networks(Some(networks))).await?,
            self.call("list containers", QUICK, |docker| docker.list_containers(Some(containers))).await?,
        ))
    }

    /// A listed container, with its end looked up where it has one. `None` when it has vanished meanwhile.
    async fn look(&self, found: bollard::models::ContainerSummary) -> Result<Option<Container>, EngineError> {
        let labels = found.labels.as_ref();
        let id = found.id.clone().unwrap_or_default();
        let listed = found.state.map(|state| state.to_string()).unwrap_or_default();
        let state = match state_of(&listed, None) {
            State::Exited(_) | State::Restarting(_) => match self.inspect_one(&id).await {
                Ok(inspection) => inspection.state,
                Err(EngineError::NotFound(_)) => return Ok(None),
                Err(other) => return Err(other),
            },
            plain => plain,
        };
        let name = found.names.iter().flatten().next().map(|name| name.trim_start_matches('/').to_owned());
        Ok(Some(Container {
            name: name.unwrap_or_default(),
            host: word(labels, LABEL_NAME),
            range: word(labels, LABEL_RANGE).parse().unwrap_or(0),
            plan: word(labels, LABEL_PLAN),
            epoch: word(labels, LABEL_EPOCH).parse().unwrap_or(0),
            id,
            state,
        }))
    }

    pub(super) async fn inspect_one(&self, container: &str) -> Result<Inspection, EngineError> {
        let found = self
            .call("inspect a container", QUICK, |docker| docker.inspect_container(container, None))
            .await?;
        let state = found.state.unwrap_or_default();
        let word = state.status.map(|status| status.to_string()).unwrap_or_default();
        let now = state_of(&word, Some(&state));
        // The engine forgets the exit code when it starts a container again.
        let last_end = match now {
            State::Exited(end) | State::Restarting(end) => Some(end),
            _ => None,
        };
        let started: Option<jiff::Timestamp> = state.started_at.and_then(|at| at.parse().ok());
        Ok(Inspection {
            last_end,
            // The engine says year 1 for never.
            started_ms: started.map(jiff::Timestamp::as_millisecond).filter(|ms| *ms > 0),
            state: now,
            restarts: found.restart_count.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        })
    }

    pub(super) async fn put_tar(&self, container: &str, at: &str, tar: Vec<u8>) -> Result<(), EngineError> {
        let options = UploadToContainerOptionsBuilder::new().path(at).build();
        self.call("put files into a container", SLOW, |docker| {
            docker.upload_to_container(container, Some(options), bollard::body_full(tar.into()))
        })
        .await
    }

    pub(super) async fn read_file(
        &self,
        container: &str,
        path: &str,
        limit: usize,
    ) -> Result<archive::File, EngineError> {
        let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
        // A tar adds heads and padding; what is larger is not read to its end.
        let most = limit.saturating_add(64 * 1024);
        let tar = self
            .call("read a file of a container", SLOW, |docker| async move {
                let mut stream = std::pin::pin!(docker.download_from_container(container, Some(options)));
                let mut tar = Vec::new();
                while let Some(chunk) = stream.try_next().await? {
                    tar.extend_from_slice(&chunk);
                    if tar.len() > most {
                        break;
                    }
                }
                Ok(tar)
            })
            .await?;
        if tar.len() > most {
            return Err(EngineError::Refused(format!("{path} is larger than {limit} bytes")));
        }
        let mut file = archive::unpack(&tar)?
            .into_iter()
            .next()
            .ok_or_else(|| EngineError::Refused(format!("{path} is no plain file")))?;
        if file.content.len() > limit {
            return Err(EngineError::Refused(format!("{path} is larger than {limit} bytes")));
        }
        path.clone_into(&mut file.path);
        Ok(file)
    }
}
