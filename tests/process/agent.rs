//! Agents that a test makes active without having them registered.

use anyhow::Result;
use jiff::Timestamp;
use tdev_aws::Table;
use tdev_domain::{
    AgentKind, AgentName, AgentVersion, ArtifactDigest, Capability, Limits, Manifest,
    ManifestDraft, Quality, Registration, State, TenantId, Tool, VersionNumber,
};

/// Makes an agent callable by others, and by whoever wants the capability.
///
/// # Errors
/// If the table cannot be written, or there is such an agent.
pub async fn admit(
    table: &Table,
    tenant: &TenantId,
    name: AgentName,
    artifact: ArtifactDigest,
    capability: Capability,
) -> Result<()> {
    let now = Timestamp::now();
    let (tenant, draft) = (tenant.clone(), ManifestDraft::default());
    let mut registration = Registration::accept(tenant, name, artifact, 1, draft, now);
    table.put_registration(&registration).await?;
    let version = VersionNumber::FIRST;
    for state in [State::Analysing, State::Probing, State::Active { version }] {
        registration = registration.advance(state, "for the test", now)?;
        if !registration.state.name().is_settled() {
            table.put_registration(&registration).await?;
        }
    }
    let version = AgentVersion {
        tenant: registration.tenant.clone(),
        agent: registration.agent.clone(),
        version,
        kind: AgentKind::Code,
        artifact: registration.artifact.clone(),
        bytes: registration.bytes,
        manifest: Manifest {
            description: "Is called.".to_owned(),
            capabilities: vec![capability],
            utterances: Vec::new(),
            examples: Vec::new(),
            input_schema: None,
            output_schema: None,
            tools: Tool::ALL.into(),
            limits: Limits::default(),
        },
        quality: Quality::from_parts(Vec::new()),
        findings: Vec::new(),
        registration: registration.id.clone(),
        created_at: now,
    };
    Ok(table.admit(&registration, &version, None).await?)
}
