//! Why a candidate is not simply promoted.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What kind it is.
    pub code: Code,
    /// The reason, for a person.
    pub text: Cow<'static, str>,
}

/// The kinds of reason. Their names do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The lineage is not an unbroken chain.
    LineageBroken,
    /// It descends from an agent that is in quarantine.
    TaintedAncestor,
    /// It has other losses when it is evaluated again.
    NotDeterministic,
    /// It is far worse on another distribution.
    CanaryCollapse,
    /// Its text has literals that are in the data of the problem.
    CopiedData,
    /// Its text has literals that are no business of an agent.
    SuspiciousText,
    /// Agents' sandbox has other outputs than the search had.
    SandboxDisagrees,
    /// Another evaluator judged than the one that the run began with.
    EvaluatorChanged,
    /// What is held out was looked at too often.
    QueriesSpent,
    /// It is better in the search and not on what is held out.
    Overfit,
    /// It is not better by more than the tolerance.
    NoImprovement,
    /// It fails on cases on which the agent does not.
    FailsCases,
    /// It is worse on another distribution.
    CanaryWorse,
    /// Its outputs do not change as they must.
    RelationBroken,
    /// It wants capabilities or tools that nobody has allowed.
    CapabilityForbidden,
    /// It does not say what it can do.
    CapabilitiesUnknown,
    /// It is larger than an agent may be.
    TooLarge,
    /// It has not been run in agents' sandbox.
    NotVerified,
    /// The policy wants a person to be asked in any case.
    AlwaysAsk,
    /// It has a capability that the agent has not.
    NewCapability,
    /// The agent has much of the traffic.
    TrafficShare,
    /// It is better by an implausible amount.
    ImplausibleJump,
    /// It is better than is possible.
    BeatsBound,
    /// Its block has grown much.
    Bloat,
}

impl Reason {
    pub(super) fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}
