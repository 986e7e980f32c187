//! Agents and their versions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AgentName, ArtifactDigest, CallId, Capability, Finding, Manifest, Quality, RegistrationId,
    TenantId, VersionNumber,
};

/// What an agent is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentKind {
    /// Python source run in the sandbox.
    Code,
}

/// Whether an agent can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// It answers under its latest version.
    Active,
    /// It was deleted. Its versions stay on record; registering the name again revives it under
    /// the next version number, so that a version never means two things.
    Deleted,
}

/// The pointer from a name to its latest version, with what a listing shows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// The owner.
    pub tenant: TenantId,
    /// The name, unique within the tenant.
    pub name: AgentName,
    /// What it is made of.
    pub kind: AgentKind,
    /// Whether it can be called.
    pub status: AgentStatus,
    /// The version that answers calls.
    pub latest: VersionNumber,
    /// The highest version ever admitted; above `latest` after a rollback.
    pub newest: VersionNumber,
    /// The latest version's description.
    pub description: String,
    /// The latest version's capabilities.
    pub capabilities: Vec<Capability>,
    /// When the first version was admitted.
    pub created_at: Timestamp,
    /// When the pointer last moved.
    pub updated_at: Timestamp,
    /// The call that last moved it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_back_by: Option<CallId>,
    /// Counts the writes, from 0; each is made on condition of the count it read.
    pub revision: u32,
}

/// One immutable version of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentVersion {
    /// The owner.
    pub tenant: TenantId,
    /// The agent.
    pub agent: AgentName,
    /// Its number.
    pub version: VersionNumber,
    /// What it is made of.
    pub kind: AgentKind,
    /// Where its bytes are.
    pub artifact: ArtifactDigest,
    /// How many bytes.
    pub bytes: u32,
    /// What it can do and what it may use.
    pub manifest: Manifest,
    /// How good it was judged to be.
    pub quality: Quality,
    /// What analysis found, short of an error.
    pub findings: Vec<Finding>,
    /// The registration that admitted it.
    pub registration: RegistrationId,
    /// When it was admitted.
    pub created_at: Timestamp,
}

impl Agent {
    /// The pointer after `version` is admitted: a new agent, or `current` moved on to it.
    ///
    /// The caller writes it on condition that `current` is still what is stored.
    #[must_use]
    pub fn admitting(current: Option<&Self>, version: &AgentVersion) -> Self {
        Self {
            tenant: version.tenant.clone(),
            name: version.agent.clone(),
            kind: version.kind,
            status: AgentStatus::Active,
            latest: version.version,
            newest: version.version,
            description: version.manifest.description.clone(),
            capabilities: version.manifest.capabilities.clone(),
            created_at: current.map_or(version.created_at, |agent| agent.created_at),
            updated_at: version.created_at,
            moved_back_by: current.and_then(|agent| agent.moved_back_by),
            revision: current.map_or(0, |agent| agent.revision + 1),
        }
    }

    /// The number the next admitted version gets.
    #[must_use]
    pub fn next_version(current: Option<&Self>) -> VersionNumber {
        current.map_or(VersionNumber::FIRST, |agent| agent.newest.next())
    }

    /// The pointer moved to `version`, which has been admitted before.
    #[must_use]
    pub fn pointing_to(&self, version: &AgentVersion, now: Timestamp) -> Self {
        Self {
            latest: version.version,
            description: version.manifest.description.clone(),
            capabilities: version.manifest.capabilities.clone(),
            updated_at: now,
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    /// The pointer marked as deleted.
    #[must_use]
    pub fn deleted(&self, now: Timestamp) -> Self {
        Self {
            status: AgentStatus::Deleted,
            updated_at: now,
            revision: self.revision + 1,
            ..self.clone()
        }
    }
}
