//! A range of its own that tries every wall and goes again, for whoever wants to know before an exercise does.

use ipnet::Ipv4Net;
use rampart_domain::plan::{self, subnets_needed};
use rampart_domain::scenario::parse;
use rampart_domain::secret::RunSecret;
use rampart_engine::{Engine, EngineError, subnets};
use scoreboard::Proof;

use super::{LaunchError, launch};
use crate::clock::{new_id, random_bytes};

const SCENARIO: &str = include_str!("doctor.yaml");
/// Two ranges, so that there is another team to be kept from.
const PAIRS: u16 = 2;
/// Size of a zone's subnet.
const PREFIX: u8 = 26;

/// Makes the doctor's range in the last free subnets of the block, where launches come last, tries its walls, and removes
/// it. The proofs come with the number of their range.
///
/// # Errors
/// See [`LaunchError`]; also when the removal could not be confirmed. What is left then carries the label of a run whose id
/// begins with `doctor-`.
pub async fn examine(
    engine: &dyn Engine,
    block: Ipv4Net,
    own_ports: &[u16],
) -> Result<Vec<(u16, Vec<Proof>)>, LaunchError> {
    let refused = |text: String| LaunchError::Engine(EngineError::Refused(text));
    let scenario = parse("doctor.yaml", SCENARIO)
        .map_err(|faults| refused(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    let taken = subnets::taken(engine).await?;
    let mut free: Vec<Ipv4Net> = subnets::candidates(block, PREFIX, &taken).collect();
    free.reverse();
    free.truncate(subnets_needed(&scenario, PAIRS));
    let run = format!("doctor-{}", new_id());
    let needs = super::needs(engine).await?;
    let plan = plan::make(&scenario, &run, PAIRS, &free)
        .and_then(|plan| plan.on_images(&needs))
        .map_err(|error| refused(error.to_string()))?;
    let secret = RunSecret::new(random_bytes());
    let proofs = launch(engine, &plan, &secret, own_ports, &|_| {}).await?;
    super::clear(engine, &run).await?;
    Ok(proofs)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]
    use super::*;

    #[test]
    fn its_scenario_is_good() {
        assert_eq!(parse("doctor.yaml", SCENARIO).map(|scenario| scenario.hosts.len()), Ok(4));
    }

    /// Every wall, tried on the real engine, with nothing left; a hole in the wall on the host is seen.
    #[tokio::test]
    async fn every_wall_is_tried_and_nothing_is_left() {
        let Some(engine) = super::super::tests::docker().await else { return };
        let block = "10.216.0.0/16".parse().unwrap();
        let proofs = examine(&engine, block, &[8443]).await.unwrap();
        let all: Vec<&Proof> = proofs.iter().flat_map(|(_, proofs)| proofs).collect();
        for kind in ["host", "engine", "other_team", "outside", "denied", "allowed", "limits", "forged"] {
            assert!(all.iter().any(|proof| proof.what == kind), "{kind}");
        }
        let broken: Vec<_> = all.iter().filter(|proof| !proof.holds).collect();
        assert!(broken.is_empty(), "{broken:#?}");
        for to in ["capabilities", "writing to its root"] {
            for proof in all.iter().filter(|proof| proof.to == to) {
                eprintln!("{} {to}: {}", proof.from, proof.seen);
            }
        }
        let left = engine.list_runs().await.unwrap();
        assert!(!left.iter().any(|run| run.starts_with("doctor-")), "{left:?}");
    }
}
