//! Agents and registrations to store.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;
use tdev_domain::{
    Agent, AgentKind, AgentVersion, ArtifactDigest, Example, Limits, Manifest, ManifestDraft,
    Quality, Registration, State, TenantId, VersionNumber,
};

pub(crate) fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

/// A registration that has just been accepted.
pub(crate) fn accepted(name: &str) -> Registration {
    Registration::accept(
        tenant(),
        name.parse().unwrap(),
        ArtifactDigest::of(name.as_bytes()),
        100,
        ManifestDraft {
            examples: Some(vec![awkward_example()]),
            ..ManifestDraft::default()
        },
        Timestamp::now(),
    )
}

pub(crate) fn advance(registration: &Registration, state: State) -> Registration {
    registration
        .advance(state, "because", Timestamp::now())
        .unwrap()
}

/// Values that DynamoDB's own types would change or refuse.
fn awkward_example() -> Example {
    let deep = (0..60).fold(json!(null), |inner, _| json!([inner]));
    Example {
        input: json!({"": [1.0, -0.0, 1e200, 1e-200, 0.1, u64::MAX, i64::MIN], "deep": deep}),
        output: Some(json!({"\u{0}#ü": "", "empty": {}})),
    }
}

/// The version after `current`, admitted by `registration`.
pub(crate) fn version(
    registration: &Registration,
    current: Option<&Agent>,
    capabilities: &[&str],
) -> AgentVersion {
    AgentVersion {
        tenant: registration.tenant.clone(),
        agent: registration.agent.clone(),
        version: Agent::next_version(current),
        kind: AgentKind::Code,
        artifact: registration.artifact.clone(),
        bytes: registration.bytes,
        manifest: Manifest {
            description: "Does something.".to_owned(),
            capabilities: capabilities.iter().map(|c| c.parse().unwrap()).collect(),
            utterances: Vec::new(),
            examples: vec![awkward_example()],
            input_schema: Some(json!({"type": "object"})),
            output_schema: None,
            tools: BTreeSet::new(),
            limits: Limits::default(),
        },
        quality: Quality {
            score: 90,
            parts: Vec::new(),
        },
        findings: Vec::new(),
        registration: registration.id.clone(),
        created_at: Timestamp::now(),
    }
}

pub(crate) fn active(registration: &Registration, version: VersionNumber) -> Registration {
    advance(registration, State::Active { version })
}
