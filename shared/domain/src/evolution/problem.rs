//! What agents are judged by, as it is on record.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ProblemName;
use crate::{ArtifactDigest, TenantId};

/// A problem on record. Its definition and its cases are objects; a changed one has another
/// digest, and evolutions go on with the one they began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemRecord {
    /// The owner.
    pub tenant: TenantId,
    /// Its name, unique within the tenant.
    pub name: ProblemName,
    /// What it is for; empty if its author did not say.
    pub description: String,
    /// What judges candidates.
    pub kind: JudgeKind,
    /// SHA-256 of its definition, its training cases and its held-out cases: what stands for all
    /// that a loss depends on but the candidate.
    pub digest: ArtifactDigest,
    /// The objects.
    pub parts: ProblemParts,
    /// How many cases candidates are bred on.
    pub train: u32,
    /// How many are held out for the gate.
    pub held_out: u32,
    /// When it was first stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts the writes, from 0; each is made on condition of the count it read.
    pub revision: u64,
}

/// What judges candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgeKind {
    /// Inputs with the outputs that are expected.
    Cases,
    /// A simulation that the platform has.
    Simulation,
    /// Another agent.
    Agent,
}

impl JudgeKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Cases, Self::Simulation, Self::Agent];
}

/// The digests of a problem's objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemParts {
    /// SHA-256 of the definition as JSON, without cases.
    pub definition: ArtifactDigest,
    /// SHA-256 of the cases that candidates are bred on.
    pub train: ArtifactDigest,
    /// SHA-256 of the cases held out for the gate.
    pub held_out: ArtifactDigest,
}

impl ProblemParts {
    /// What stands for all three.
    #[must_use]
    pub fn digest(&self) -> ArtifactDigest {
        let Self {
            definition,
            train,
            held_out,
        } = self;
        ArtifactDigest::of(format!("{definition}\n{train}\n{held_out}\n").as_bytes())
    }
}

impl ProblemRecord {
    /// The record with other contents, and the next revision.
    #[must_use]
    pub fn revised(&self, next: Self) -> Self {
        Self {
            created_at: self.created_at,
            revision: self.revision + 1,
            ..next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_judges_is_written_as_clients_write_it() {
        let names = serde_json::to_value(JudgeKind::ALL).unwrap();
        assert_eq!(names, serde_json::json!(["cases", "simulation", "agent"]));
    }

    #[test]
    fn each_part_tells_in_the_digest() {
        let of = |text: &str| ArtifactDigest::of(text.as_bytes());
        let parts = |definition, train, held_out| ProblemParts {
            definition: of(definition),
            train: of(train),
            held_out: of(held_out),
        };
        let digest = parts("d", "t", "h").digest();
        assert_eq!(digest, parts("d", "t", "h").digest());
        for other in [
            parts("x", "t", "h"),
            parts("d", "x", "h"),
            parts("d", "t", "x"),
            parts("t", "d", "h"),
        ] {
            assert_ne!(digest, other.digest());
        }
    }
}
