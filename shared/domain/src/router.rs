//! How a tenant's tasks are routed: its policy, its model, and a decision asked for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::breaker::BreakerPolicy;
use crate::order::FairShare;
use crate::{ArtifactDigest, Capability, Invalid, TenantId};

/// How many models before the present one can be gone back to.
pub const MAX_PREVIOUS_MODELS: usize = 10;

/// How a tenant's tasks are routed. `P` is the policy by which agents are chosen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Routing<P> {
    /// How agents are chosen.
    pub policy: P,
    /// How much the tenant may send before its tasks queue behind those of others.
    pub fair_share: FairShare,
    /// When the circuit of a failing agent opens.
    pub breaker: BreakerPolicy,
    /// Counts the writes: 0 where nothing is stored and all is as by default. Each write is made
    /// on condition of the count it read.
    pub revision: u64,
}

impl<P> Routing<P> {
    /// The next revision, with other contents.
    #[must_use]
    pub const fn revised(&self, policy: P, fair_share: FairShare, breaker: BreakerPolicy) -> Self {
        Self {
            policy,
            fair_share,
            breaker,
            revision: self.revision + 1,
        }
    }
}

/// A trained model, where it is stored and what it was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterModel {
    /// Its number among the tenant's models, from 1.
    pub version: u64,
    /// The SHA-256 of its bytes.
    pub sha256: ArtifactDigest,
    /// The SHA-256 of the examples it was trained on.
    pub inputs: ArtifactDigest,
    /// How many examples.
    pub examples: u64,
    /// When it was trained.
    pub trained_at: Timestamp,
}

/// The pointer to the model a tenant's tasks are routed by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterPointer {
    /// The owner.
    pub tenant: TenantId,
    /// The model.
    pub model: RouterModel,
    /// The ones before it, the newest first, at most [`MAX_PREVIOUS_MODELS`].
    pub previous: Vec<RouterModel>,
    /// The highest version ever given.
    pub newest: u64,
    /// Whether no newer model shall take its place: someone went back to it.
    pub held: bool,
    /// Counts the writes, from 0; each is made on condition of the count it read.
    pub revision: u64,
}

impl RouterPointer {
    /// The number the tenant's next model gets.
    #[must_use]
    pub fn next_version(current: Option<&Self>) -> u64 {
        current.map_or(1, |pointer| pointer.newest + 1)
    }

    /// The pointer once `model` is trained; `current` is the one it takes the place of.
    #[must_use]
    pub fn trained(tenant: TenantId, current: Option<&Self>, model: RouterModel) -> Self {
        let newest = model.version;
        match current {
            None => Self {
                tenant,
                model,
                previous: Vec::new(),
                newest,
                held: false,
                revision: 0,
            },
            Some(current) => {
                let mut next = current.pointing(model);
                next.newest = newest;
                next
            }
        }
    }

    /// The pointer gone back to `version`, and held there.
    ///
    /// # Errors
    ///
    /// If there is no such model any more.
    pub fn rolled_back(&self, version: u64) -> Result<Self, Invalid> {
        let mut known = std::iter::once(&self.model).chain(&self.previous);
        let model = known.find(|model| model.version == version).cloned();
        let model = model.ok_or_else(|| {
            Invalid::new(
                "version",
                "the version of the present model or of a previous one",
            )
        })?;
        let mut next = self.pointing(model);
        next.held = true;
        Ok(next)
    }

    /// The pointer free to move on with the next training.
    #[must_use]
    pub fn released(&self) -> Self {
        Self {
            held: false,
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    fn pointing(&self, model: RouterModel) -> Self {
        let mut previous: Vec<_> = std::iter::once(&self.model)
            .chain(&self.previous)
            .filter(|known| known.version != model.version)
            .cloned()
            .collect();
        previous.sort_by_key(|known| std::cmp::Reverse(known.version));
        previous.truncate(MAX_PREVIOUS_MODELS);
        Self {
            tenant: self.tenant.clone(),
            model,
            previous,
            newest: self.newest,
            held: self.held,
            revision: self.revision + 1,
        }
    }
}

/// What may be asked of the function `route` directly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum RouteRequest {
    /// Where a task would go, and why. Nothing is written.
    Explain {
        /// The tenant.
        tenant: TenantId,
        /// What routing reads.
        text: String,
        /// What the agent would be called with.
        input: Value,
        /// What the agent is to be able to do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capability: Option<Capability>,
    },
}

/// The answer to a [`RouteRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteResponse {
    /// The decision: the chosen agent, the candidates with their scores by part, and what removed
    /// the others.
    pub decision: Value,
    /// The version of the model that had a say in it; absent where the tenant has none.
    pub model: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(version: u64) -> RouterModel {
        RouterModel {
            version,
            sha256: ArtifactDigest::of(&version.to_be_bytes()),
            inputs: ArtifactDigest::of(b"inputs"),
            examples: 10,
            trained_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn trained(versions: u64) -> RouterPointer {
        let tenant: TenantId = "acme".parse().unwrap();
        let mut pointer = None;
        for version in 1..=versions {
            assert_eq!(RouterPointer::next_version(pointer.as_ref()), version);
            let next = RouterPointer::trained(tenant.clone(), pointer.as_ref(), model(version));
            pointer = Some(next);
        }
        pointer.unwrap()
    }

    fn previous(pointer: &RouterPointer) -> Vec<u64> {
        pointer.previous.iter().map(|model| model.version).collect()
    }

    #[test]
    fn the_last_ten_models_can_be_gone_back_to() {
        let pointer = trained(13);
        assert_eq!(previous(&pointer), [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
        assert_eq!((pointer.model.version, pointer.revision), (13, 12));
        assert_eq!(pointer.rolled_back(2).unwrap_err().field, "version");
    }

    #[test]
    fn who_goes_back_stays_there_and_can_return() {
        let back = trained(3).rolled_back(1).unwrap();
        assert_eq!((back.model.version, back.held), (1, true));
        assert_eq!(previous(&back), [3, 2]);
        assert_eq!(RouterPointer::next_version(Some(&back)), 4);
        let forth = back.rolled_back(3).unwrap().released();
        assert_eq!((forth.model.version, forth.held), (3, false));
        assert_eq!(previous(&forth), [2, 1]);
    }
}
