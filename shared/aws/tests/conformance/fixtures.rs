//! Agents and registrations to store.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use tdev_domain::{
    Agent, AgentKind, AgentVersion, Answer, ArtifactDigest, Call, Callee, Effect, EffectClass,
    Example, Invocation, InvocationChange, InvocationId, InvocationStatus, Limits, Manifest,
    ManifestDraft, Quality, Registration, RunReport, State, TenantId, VersionNumber,
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
pub(crate) fn awkward_example() -> Example {
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

/// An invocation that has just been accepted.
pub(crate) fn invocation(agent: &str, input: Value) -> Invocation {
    let now = Timestamp::now();
    Invocation {
        id: InvocationId::generate(),
        tenant: tenant(),
        callee: Callee {
            agent: agent.parse().unwrap(),
            version: VersionNumber::FIRST,
            artifact: ArtifactDigest::of(agent.as_bytes()),
            tools: BTreeSet::new(),
            limits: Limits::default(),
        },
        input,
        status: InvocationStatus::Queued,
        pending: None,
        gathered: Vec::new(),
        snapshot: None,
        next_effect: 1,
        first_effect: 1,
        signals: Vec::new(),
        signalled: Vec::new(),
        parent: None,
        task: None,
        step: None,
        depth: 0,
        children: 0,
        budget: 10,
        report: RunReport::default(),
        cancel_requested: false,
        token: 0,
        stalls: 0,
        revision: 0,
        due_at: Some(now),
        created_at: now,
        updated_at: now,
    }
}

/// The record's next revision.
pub(crate) fn revised(record: &Invocation, change: impl FnOnce(&mut Invocation)) -> Invocation {
    let mut next = record.clone();
    next.revision += 1;
    next.updated_at = Timestamp::now();
    change(&mut next);
    next
}

/// The effect with this number, whose call and answer carry `value`.
pub(crate) fn effect(number: u32, value: Value) -> Effect {
    Effect {
        number,
        call: Call {
            tool: "log".to_owned(),
            args: json!({"message": value.clone()}),
        },
        class: EffectClass::Recorded,
        answer: Answer::Value(value),
        begun_at: Timestamp::now(),
        ended_at: Timestamp::now(),
    }
}

/// A change that adds to the ledger.
pub(crate) fn adding(record: Invocation, ledger: Vec<Effect>) -> InvocationChange {
    InvocationChange {
        ledger,
        ..InvocationChange::to(record)
    }
}

/// A value whose JSON has some more than `bytes`.
pub(crate) fn large(bytes: usize) -> Value {
    json!({"text": "ü".repeat(bytes / 2), "exact": [1.0, 1e200, -0.0, u64::MAX]})
}
