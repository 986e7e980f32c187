//! The keys of problems, evolutions and champions.

use tdev_domain::evolution::{EvolutionId, ProblemName};
use tdev_domain::{AgentName, ArtifactDigest, TenantId, VersionNumber};

use super::{Key, VERSION};

/// The agenda of evolutions.
pub(in crate::table) const DUE_EVOLUTIONS: &str = "EVOLUTIONS";
/// What the `SK` of every generation begins with.
pub(in crate::table) const GENERATION: &str = "GENERATION#";

/// The partition of a tenant's problems.
pub(in crate::table) fn problems(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#PROBLEMS")
}

pub(in crate::table) fn problem(tenant: &TenantId, name: &ProblemName) -> Key {
    Key::new(problems(tenant), name.as_str())
}

pub(in crate::table) fn looks(tenant: &TenantId, problem: &ArtifactDigest) -> Key {
    Key::new(format!("TENANT#{tenant}#LOOKS"), problem.as_str())
}

pub(in crate::table) fn evolution_partition(tenant: &TenantId, id: &EvolutionId) -> String {
    format!("TENANT#{tenant}#EVOLUTION#{id}")
}

pub(in crate::table) fn evolution(tenant: &TenantId, id: &EvolutionId) -> Key {
    Key::new(evolution_partition(tenant, id), "EVOLUTION")
}

/// The tenant and the evolution of a key that [`evolution`] made.
pub(in crate::table) fn parse_evolution(pk: &str) -> Option<(TenantId, EvolutionId)> {
    let (tenant, id) = pk.strip_prefix("TENANT#")?.split_once("#EVOLUTION#")?;
    Some((tenant.parse().ok()?, id.parse().ok()?))
}

pub(in crate::table) fn generation(tenant: &TenantId, id: &EvolutionId, number: u32) -> Key {
    let sk = format!("{GENERATION}{number:010}");
    Key::new(evolution_partition(tenant, id), sk)
}

/// The listing of a tenant's evolutions.
pub(in crate::table) fn evolutions(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#EVOLUTIONS")
}

/// The partition of the versions that evolutions made of an agent.
pub(in crate::table) fn champions(tenant: &TenantId, agent: &AgentName) -> String {
    format!("TENANT#{tenant}#CHAMPIONS#{agent}")
}

pub(in crate::table) fn champion(
    tenant: &TenantId,
    agent: &AgentName,
    version: VersionNumber,
) -> Key {
    let sk = format!("{VERSION}{:010}", version.get());
    Key::new(champions(tenant, agent), sk)
}
