//! Versions that came of evolutions, and what descends from what.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::EvolutionId;
use crate::{AgentName, ArtifactDigest, TenantId, VersionNumber};

/// The winner of a search, as its evidence was gathered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Winner {
    /// SHA-256 of its source.
    pub source: ArtifactDigest,
    /// How many bytes its source has.
    pub bytes: u32,
    /// Its mean loss on the cases it was bred on.
    pub loss: f64,
    /// The base's mean loss on them.
    pub base_loss: f64,
    /// SHA-256 of the evidence.
    pub evidence: ArtifactDigest,
}

/// A version of an agent that an evolution made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Champion {
    /// The owner.
    pub tenant: TenantId,
    /// The agent.
    pub agent: AgentName,
    /// The version.
    pub version: VersionNumber,
    /// The version that the search began with.
    pub base: VersionNumber,
    /// The evolution.
    pub evolution: EvolutionId,
    /// What it was promoted on.
    pub winner: Winner,
    /// When it was promoted.
    pub promoted_at: Timestamp,
    /// Because of what it is not to answer calls any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Counts the writes; each is made on condition of the count it read.
    pub revision: u64,
}

/// Why a version must not answer calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The version it descends from, or is, which was found to be harmful.
    pub ancestor: VersionNumber,
    /// Since when.
    pub since: Timestamp,
}

impl Champion {
    /// The same, held; unchanged if it is already.
    #[must_use]
    pub fn held(&self, held: Held) -> Self {
        if self.held.is_some() {
            return self.clone();
        }
        Self {
            held: Some(held),
            revision: self.revision + 1,
            ..self.clone()
        }
    }
}

/// The versions that evolutions made of `ancestor`, of those made of it, and so on.
#[must_use]
pub fn descendants(champions: &[Champion], ancestor: VersionNumber) -> BTreeSet<VersionNumber> {
    let mut found = BTreeSet::new();
    let mut open = vec![ancestor];
    while let Some(parent) = open.pop() {
        for child in champions.iter().filter(|champion| champion.base == parent) {
            if found.insert(child.version) {
                open.push(child.version);
            }
        }
    }
    found
}

/// The version to go back to from `from`: the newest below it that is not among `held`.
#[must_use]
pub fn previous(from: VersionNumber, held: &BTreeSet<VersionNumber>) -> Option<VersionNumber> {
    let below = (1..from.get()).rev();
    below
        .filter_map(|number| VersionNumber::try_from(number).ok())
        .find(|version| !held.contains(version))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(number: u32) -> VersionNumber {
        VersionNumber::try_from(number).unwrap()
    }

    fn champion(base: u32, made: u32) -> Champion {
        Champion {
            tenant: "acme".parse().unwrap(),
            agent: "packer".parse().unwrap(),
            version: version(made),
            base: version(base),
            evolution: EvolutionId::generate(),
            winner: Winner {
                source: ArtifactDigest::of(b"source"),
                bytes: 6,
                loss: 1.0,
                base_loss: 2.0,
                evidence: ArtifactDigest::of(b"evidence"),
            },
            promoted_at: Timestamp::UNIX_EPOCH,
            held: None,
            revision: 0,
        }
    }

    #[test]
    fn descendants_are_found_over_generations_of_promotions() {
        let all = [
            champion(1, 2),
            champion(2, 4),
            champion(1, 5),
            champion(4, 6),
        ];
        let numbers = |ancestor| {
            let found = descendants(&all, version(ancestor));
            found
                .into_iter()
                .map(VersionNumber::get)
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(2), [4, 6]);
        assert_eq!(numbers(1), [2, 4, 5, 6]);
        assert_eq!(numbers(3), [0_u32; 0]);
    }

    #[test]
    fn who_goes_back_skips_what_is_held() {
        let held = BTreeSet::from([version(3), version(4)]);
        assert_eq!(previous(version(5), &held), Some(version(2)));
        assert_eq!(previous(version(3), &BTreeSet::new()), Some(version(2)));
        assert_eq!(previous(version(1), &BTreeSet::new()), None);
    }

    #[test]
    fn what_is_held_keeps_its_first_cause() {
        let held = |ancestor| Held {
            ancestor: version(ancestor),
            since: Timestamp::UNIX_EPOCH,
        };
        let first = champion(1, 2).held(held(1));
        assert_eq!(first.revision, 1);
        assert_eq!(first.held(held(2)), first);
    }

    proptest! {
        /// A version descends from another exactly if its base is that or descends from it.
        #[test]
        fn descent_is_closed(bases in proptest::collection::vec(1_u32..20, 1..20)) {
            let all: Vec<_> = bases
                .iter()
                .enumerate()
                .map(|(n, base)| {
                    let made = u32::try_from(n).unwrap() + 2;
                    champion((*base).min(made - 1), made)
                })
                .collect();
            for ancestor in 1..22 {
                let found = descendants(&all, version(ancestor));
                for champion in &all {
                    let descends =
                        champion.base.get() == ancestor || found.contains(&champion.base);
                    prop_assert_eq!(found.contains(&champion.version), descends);
                }
            }
        }
    }
}
