//! Registrations: a submitted agent on its way to being admitted, quarantined or rejected.
//!
//! ```text
//! accepted ──► analysing ──► probing ──► active
//!               ▲  │             │
//!     released  │  ├─────────────┼──────► rejected
//!  by a person  │  ▼             │
//!              quarantined ◄─────┘
//! ```
//!
//! `active` and `rejected` are final. A worker that is interrupted starts again at `analysing`:
//! nothing before a final state has an effect that outlives it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AgentKind, AgentName, ApiKeyId, ArtifactDigest, Finding, ManifestDraft, ProbeReport, Quality,
    RegistrationId, Severity, TenantId, VersionNumber,
};

/// Where a registration stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum State {
    /// Stored and queued.
    Accepted,
    /// Its source is being parsed and scanned.
    Analysing,
    /// It is being run in the sandbox.
    Probing,
    /// Admitted as this version.
    Active {
        /// The version.
        version: VersionNumber,
    },
    /// Held back for a person to look at, who may release it to be analysed and probed again.
    Quarantined,
    /// Refused.
    Rejected,
}

/// A [`State`] without its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// See [`State::Accepted`].
    Accepted,
    /// See [`State::Analysing`].
    Analysing,
    /// See [`State::Probing`].
    Probing,
    /// See [`State::Active`].
    Active,
    /// See [`State::Quarantined`].
    Quarantined,
    /// See [`State::Rejected`].
    Rejected,
}

impl StateName {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Analysing,
        Self::Probing,
        Self::Active,
        Self::Quarantined,
        Self::Rejected,
    ];

    /// The name as it stands in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Analysing => "analysing",
            Self::Probing => "probing",
            Self::Active => "active",
            Self::Quarantined => "quarantined",
            Self::Rejected => "rejected",
        }
    }

    /// Whether the pipeline has nothing more to do.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Active | Self::Quarantined | Self::Rejected)
    }

    /// The one table of legal transitions.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Accepted | Self::Quarantined => matches!(next, Self::Analysing),
            Self::Analysing => {
                matches!(
                    next,
                    Self::Analysing | Self::Probing | Self::Quarantined | Self::Rejected
                )
            }
            Self::Probing => matches!(
                next,
                Self::Analysing | Self::Active | Self::Quarantined | Self::Rejected
            ),
            Self::Active | Self::Rejected => false,
        }
    }
}

impl State {
    /// The state's name.
    #[must_use]
    pub const fn name(&self) -> StateName {
        match self {
            Self::Accepted => StateName::Accepted,
            Self::Analysing => StateName::Analysing,
            Self::Probing => StateName::Probing,
            Self::Active { .. } => StateName::Active,
            Self::Quarantined => StateName::Quarantined,
            Self::Rejected => StateName::Rejected,
        }
    }
}

/// A move the table of transitions does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a registration that is {} cannot become {}", from.as_str(), to.as_str())]
pub struct IllegalTransition {
    /// Where it stands.
    pub from: StateName,
    /// Where it was to go.
    pub to: StateName,
}

/// One step of a registration's path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The state entered.
    pub state: StateName,
    /// When.
    pub at: Timestamp,
    /// Why, in a sentence for the person who registered the agent.
    pub reason: String,
}

/// A person's word that an agent's security findings are acceptable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The key they showed.
    pub by: ApiKeyId,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How an agent was analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisMethod {
    /// By rules alone; no model is configured.
    Static,
}

/// What analysis and probe found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How the agent was analysed.
    pub method: AnalysisMethod,
    /// Findings, the gravest first, then by place.
    pub findings: Vec<Finding>,
    /// What the sandbox measured; absent if the agent was never run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeReport>,
    /// The score; absent if the agent was rejected or never run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

impl Report {
    /// The gravest severity among the findings.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// A submitted agent and how far it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registration {
    /// Its identifier.
    pub id: RegistrationId,
    /// The owner.
    pub tenant: TenantId,
    /// The name to register under.
    pub agent: AgentName,
    /// What the agent is made of.
    pub kind: AgentKind,
    /// Where its bytes are.
    pub artifact: ArtifactDigest,
    /// How many bytes.
    pub bytes: u32,
    /// What the client sent beside the source.
    pub submitted: ManifestDraft,
    /// Where it stands.
    pub state: State,
    /// The path so far, `state` last.
    pub history: Vec<Transition>,
    /// What analysis and probe found out, once settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// The release from quarantine; with it, security findings no longer hold the agent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// Counts the writes; each is made on condition of the count it read.
    pub revision: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Registration {
    /// A registration that has just been accepted.
    #[must_use]
    pub fn accept(
        tenant: TenantId,
        agent: AgentName,
        artifact: ArtifactDigest,
        bytes: u32,
        submitted: ManifestDraft,
        now: Timestamp,
    ) -> Self {
        Self {
            id: RegistrationId::generate(),
            tenant,
            agent,
            kind: AgentKind::Code,
            artifact,
            bytes,
            submitted,
            state: State::Accepted,
            history: vec![Transition {
                state: StateName::Accepted,
                at: now,
                reason: "stored and queued for analysis".to_owned(),
            }],
            report: None,
            release: None,
            revision: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// Moves on to `next`, if the table of transitions allows it.
    ///
    /// The result has the next revision; the caller writes it on condition of this one's.
    pub fn advance(
        &self,
        next: State,
        reason: impl Into<String>,
        now: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        let (from, to) = (self.state.name(), next.name());
        if !from.may_become(to) {
            return Err(IllegalTransition { from, to });
        }
        let mut moved = self.clone();
        moved.state = next;
        moved.history.push(Transition {
            state: to,
            at: now,
            reason: reason.into(),
        });
        moved.revision += 1;
        moved.updated_at = now;
        Ok(moved)
    }

    /// Releases a quarantined registration, to be analysed and probed again with its security
    /// findings accepted.
    pub fn released(&self, release: Release) -> Result<Self, IllegalTransition> {
        let from = self.state.name();
        if from != StateName::Quarantined {
            return Err(IllegalTransition {
                from,
                to: StateName::Analysing,
            });
        }
        let at = release.at;
        let mut moved = self.advance(State::Analysing, "released from quarantine", at)?;
        moved.release = Some(release);
        moved.report = None;
        Ok(moved)
    }

    /// The same registration with what was found out.
    #[must_use]
    pub fn with_report(mut self, report: Report) -> Self {
        self.report = Some(report);
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepted() -> Registration {
        Registration::accept(
            "acme".parse().unwrap(),
            "word-count".parse().unwrap(),
            ArtifactDigest::of(b"x"),
            1,
            ManifestDraft::default(),
            Timestamp::UNIX_EPOCH,
        )
    }

    fn state(name: StateName) -> State {
        match name {
            StateName::Accepted => State::Accepted,
            StateName::Analysing => State::Analysing,
            StateName::Probing => State::Probing,
            StateName::Active => State::Active {
                version: VersionNumber::FIRST,
            },
            StateName::Quarantined => State::Quarantined,
            StateName::Rejected => State::Rejected,
        }
    }

    #[test]
    fn the_usual_path() {
        let mut registration = accepted();
        for next in [StateName::Analysing, StateName::Probing, StateName::Active] {
            registration = registration
                .advance(state(next), "because", Timestamp::UNIX_EPOCH)
                .unwrap();
        }
        assert_eq!(registration.revision, 3);
        assert_eq!(
            registration.history.last().unwrap().state,
            StateName::Active
        );
    }

    #[test]
    fn an_agent_is_never_active_without_a_probe() {
        for from in StateName::ALL {
            assert_eq!(
                from.may_become(StateName::Active),
                from == StateName::Probing
            );
        }
    }

    #[test]
    fn only_what_is_quarantined_is_released() {
        let release = Release {
            by: ApiKeyId::generate(),
            at: Timestamp::UNIX_EPOCH,
            reason: None,
        };
        assert!(accepted().released(release.clone()).is_err());
        let quarantined = accepted()
            .advance(State::Analysing, "", Timestamp::UNIX_EPOCH)
            .and_then(|r| r.advance(State::Quarantined, "", Timestamp::UNIX_EPOCH))
            .unwrap();
        let released = quarantined.released(release.clone()).unwrap();
        assert_eq!(released.state, State::Analysing);
        assert_eq!(released.release, Some(release.clone()));
        assert!(released.released(release).is_err());
    }

    proptest! {
        #[test]
        fn no_path_leaves_a_final_state(path in proptest::collection::vec(0usize..6, 0..40)) {
            let mut registration = accepted();
            let mut settled = None;
            for step in path {
                let next = state(StateName::ALL[step]);
                if let Ok(moved) = registration.advance(next, "", Timestamp::UNIX_EPOCH) {
                    prop_assert!(settled.is_none());
                    prop_assert_eq!(moved.revision, registration.revision + 1);
                    prop_assert_eq!(moved.history.len(), registration.history.len() + 1);
                    registration = moved;
                }
                if matches!(registration.state.name(), StateName::Active | StateName::Rejected) {
                    settled.get_or_insert(registration.state.name());
                }
            }
            if let Some(name) = settled {
                prop_assert_eq!(registration.state.name(), name);
            }
        }

        #[test]
        fn json_round_trip(next in 0usize..6) {
            let registration = accepted();
            let registration = registration
                .advance(state(StateName::ALL[next]), "why", Timestamp::UNIX_EPOCH)
                .unwrap_or(registration);
            let json = serde_json::to_string(&registration).unwrap();
            prop_assert_eq!(serde_json::from_str::<Registration>(&json).unwrap(), registration);
        }
    }
}
