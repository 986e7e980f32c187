//! From evidence to verdict.

use serde::{Deserialize, Serialize};
use tdev_domain::MAX_AGENT_BYTES;

use super::{Code, Comparison, Evidence, REPEATS, Reason};
use crate::Loss;

/// What is done with a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It replaces the agent.
    Promote,
    /// A person is asked.
    Ask {
        /// Why.
        reasons: Vec<Reason>,
    },
    /// The agent stays.
    Refuse {
        /// Why.
        reasons: Vec<Reason>,
    },
    /// The agent stays, and the candidate is held with all that descends from it.
    Quarantine {
        /// Why.
        reasons: Vec<Reason>,
    },
}

/// When nobody needs to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Autonomy {
    /// A person is asked about every promotion.
    AlwaysAsk,
    /// A person is asked above the thresholds of the policy.
    #[default]
    Thresholds,
}

/// What is demanded beyond an improvement, and when a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// When nobody needs to be asked.
    pub autonomy: Autonomy,
    /// A person is asked if the agent has more than this share of the tenant's tasks, 0 to 1.
    pub traffic_share: f64,
    /// A person is asked if more than this share of the loss is gone at once, 0 to 1, and there are
    /// no other distributions that all confirm an improvement.
    pub jump: f64,
    /// A person is asked if the block has grown to more than so many times its nodes, and 200.
    pub growth: f64,
    /// A candidate whose loss on a canary is more than so many times the agent's is held.
    pub collapse: f64,
    /// Whether a candidate must have been run in agents' sandbox.
    pub verified: bool,
}

/// How many nodes a block may have without being called bloated.
const SMALL: usize = 200;

impl Default for Policy {
    fn default() -> Self {
        Self {
            autonomy: Autonomy::default(),
            traffic_share: 0.5,
            jump: 0.95,
            growth: 8.0,
            collapse: 1.25,
            verified: true,
        }
    }
}

impl Verdict {
    /// Every reason; none for a promotion.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Promote => &[],
            Self::Ask { reasons } | Self::Refuse { reasons } | Self::Quarantine { reasons } => {
                reasons
            }
        }
    }
}

/// Decides. The gravest of what is found says what is done; the reasons are all that are found,
/// the gravest first.
pub fn decide(evidence: &Evidence, policy: &Policy) -> Verdict {
    let held = quarantine(evidence, policy);
    let refused = refusal(evidence, policy);
    let asked = question(evidence, policy);
    let all = |parts: [Vec<Reason>; 3]| parts.concat();
    if !held.is_empty() {
        Verdict::Quarantine {
            reasons: all([held, refused, asked]),
        }
    } else if !refused.is_empty() {
        Verdict::Refuse {
            reasons: all([held, refused, asked]),
        }
    } else if !asked.is_empty() {
        Verdict::Ask { reasons: asked }
    } else {
        Verdict::Promote
    }
}

/// Finds reasons.
#[derive(Default)]
struct Found(Vec<Reason>);

impl Found {
    fn when(&mut self, holds: bool, code: Code, text: impl FnOnce() -> String) {
        if holds {
            self.0.push(Reason::new(code, text()));
        }
    }
}

/// The candidate is suspect.
fn quarantine(evidence: &Evidence, policy: &Policy) -> Vec<Reason> {
    let mut found = Found::default();
    found.when(!evidence.origin.is_chained, Code::LineageBroken, || {
        "its lineage is not an unbroken chain".to_owned()
    });
    found.when(evidence.origin.is_tainted, Code::TaintedAncestor, || {
        "it descends from an agent that is in quarantine".to_owned()
    });
    let repeats = evidence.repeats;
    found.when(repeats.different > 0, Code::NotDeterministic, || {
        format!(
            "{} of {} evaluations differ from the first",
            repeats.different, repeats.evaluations
        )
    });
    for canary in &evidence.canaries {
        found.when(
            collapses(canary.losses, evidence, policy),
            Code::CanaryCollapse,
            || {
                format!(
                    "on `{}` its loss is {}",
                    canary.name,
                    compared(canary.losses)
                )
            },
        );
    }
    let text = evidence.text;
    found.when(text.copied > 0, Code::CopiedData, || {
        format!(
            "{} of its literals are in the data of the problem",
            text.copied
        )
    });
    found.when(text.suspicious > 0, Code::SuspiciousText, || {
        format!("{} of its literals look like an attack", text.suspicious)
    });
    found.when(
        evidence.sandbox_agrees == Some(false),
        Code::SandboxDisagrees,
        || "agents' sandbox has other outputs than the search had".to_owned(),
    );
    found.0
}

/// Whether what wins on what is held out is far worse on a canary.
fn collapses(losses: Comparison, evidence: &Evidence, policy: &Policy) -> bool {
    let (parent, candidate) = (losses.parent, losses.candidate);
    let most = parent.value() * policy.collapse + evidence.tolerance.absolute;
    evidence
        .held_out
        .is_some_and(|held_out| improves(held_out, evidence))
        && is_worse(losses, evidence)
        && (candidate == Loss::WORST || candidate.value() > most)
}

fn is_worse(losses: Comparison, evidence: &Evidence) -> bool {
    let (parent, candidate) = (losses.parent.value(), losses.candidate.value());
    evidence.tolerance.is_worse(parent, candidate)
}

fn improves(losses: Comparison, evidence: &Evidence) -> bool {
    let (parent, candidate) = (losses.parent, losses.candidate);
    candidate != Loss::WORST
        && (parent == Loss::WORST
            || evidence
                .tolerance
                .is_improvement(parent.value(), candidate.value()))
}

fn compared(losses: Comparison) -> String {
    let text = |loss: Loss| match loss {
        Loss::WORST => "the worst".to_owned(),
        loss => format!("{:.6}", loss.value()),
    };
    format!(
        "{}, and the agent's {}",
        text(losses.candidate),
        text(losses.parent)
    )
}

/// The candidate is not good enough, or not allowed.
fn refusal(evidence: &Evidence, policy: &Policy) -> Vec<Reason> {
    let mut found = Found::default();
    let pinned = &evidence.evaluator;
    found.when(
        pinned.pinned != pinned.observed,
        Code::EvaluatorChanged,
        || "another evaluator judged than the one that the run began with".to_owned(),
    );
    let queries = evidence.queries;
    let is_spent = evidence.held_out.is_none() && queries.used >= queries.allowed;
    found.when(is_spent, Code::QueriesSpent, || {
        format!(
            "what is held out was looked at {} times already",
            queries.used
        )
    });
    match evidence.held_out {
        Some(losses) if !improves(losses, evidence) => {
            let overfit = improves(evidence.train, evidence);
            let code = if overfit {
                Code::Overfit
            } else {
                Code::NoImprovement
            };
            let text = format!("its loss on what is held out is {}", compared(losses));
            found.0.push(Reason::new(code, text));
        }
        Some(_) => {}
        None => found.when(!is_spent, Code::NoImprovement, || {
            "nothing shows that it is better on what is held out".to_owned()
        }),
    }
    let failures = evidence.failures;
    found.when(
        failures.candidate > failures.parent,
        Code::FailsCases,
        || {
            format!(
                "it fails on {} cases, the agent on {}",
                failures.candidate, failures.parent
            )
        },
    );
    for canary in &evidence.canaries {
        let is_worse = is_worse(canary.losses, evidence);
        let is_held = collapses(canary.losses, evidence, policy);
        found.when(is_worse && !is_held, Code::CanaryWorse, || {
            format!(
                "on `{}` its loss is {}",
                canary.name,
                compared(canary.losses)
            )
        });
    }
    for (relation, at) in evidence.relations.iter().zip(0..) {
        found.when(relation.broken > 0, Code::RelationBroken, || {
            format!(
                "relation {at} does not hold on {} of {} cases",
                relation.broken, relation.tried
            )
        });
    }
    match &evidence.capabilities {
        None => found.when(true, Code::CapabilitiesUnknown, || {
            "it does not say what it can do".to_owned()
        }),
        Some(capabilities) => {
            let forbidden = &capabilities.forbidden;
            found.when(!forbidden.is_empty(), Code::CapabilityForbidden, || {
                format!("nobody has allowed it {}", forbidden.join(", "))
            });
        }
    }
    let bytes = evidence.size.bytes;
    found.when(
        bytes.is_none_or(|bytes| bytes > MAX_AGENT_BYTES),
        Code::TooLarge,
        || format!("it is no source of at most {MAX_AGENT_BYTES} bytes"),
    );
    let is_unverified = evidence.sandbox_agrees.is_none() && policy.verified;
    let is_untried = evidence.repeats.evaluations < REPEATS;
    found.when(is_unverified || is_untried, Code::NotVerified, || {
        "it has not been run in agents' sandbox, or not often enough".to_owned()
    });
    found.0
}

/// The candidate is good, and a person should know.
fn question(evidence: &Evidence, policy: &Policy) -> Vec<Reason> {
    let mut found = Found::default();
    found.when(
        policy.autonomy == Autonomy::AlwaysAsk,
        Code::AlwaysAsk,
        || "the policy is to ask about every promotion".to_owned(),
    );
    if let Some(capabilities) = &evidence.capabilities {
        let added = &capabilities.added;
        found.when(!added.is_empty(), Code::NewCapability, || {
            format!("the agent has not {}", added.join(", "))
        });
    }
    let share = evidence.traffic_share;
    let is_much = share.is_some_and(|share| share > policy.traffic_share);
    found.when(is_much, Code::TrafficShare, || {
        format!(
            "the agent gets {:.0} % of the tasks",
            share.unwrap_or_default() * 100.0
        )
    });
    if let Some(losses) = evidence.held_out {
        let (parent, candidate) = (losses.parent.value(), losses.candidate.value());
        // From the worst anything is a jump, and none implausible.
        let jump = if parent > 0.0 {
            1.0 - candidate / parent
        } else {
            0.0
        };
        let is_comparable = losses.parent != Loss::WORST;
        let canaries = &evidence.canaries;
        let is_confirmed = !canaries.is_empty()
            && canaries
                .iter()
                .all(|canary| improves(canary.losses, evidence));
        found.when(
            is_comparable && !is_confirmed && jump > policy.jump,
            Code::ImplausibleJump,
            || format!("{:.1} % of the loss is gone at once", jump * 100.0),
        );
        if let Some(bound) = evidence.bound {
            let least = bound - evidence.tolerance.absolute;
            found.when(candidate < least, Code::BeatsBound, || {
                format!("its loss is {candidate:.6}, and {bound:.6} is proven to be the least")
            });
        }
    }
    let size = evidence.size;
    #[expect(clippy::cast_precision_loss, reason = "few nodes")]
    let growth = size.nodes as f64 / size.parent_nodes.max(1) as f64;
    found.when(
        size.nodes > SMALL && growth > policy.growth,
        Code::Bloat,
        || {
            format!(
                "its block has {} nodes, the agent's {}",
                size.nodes, size.parent_nodes
            )
        },
    );
    found.0
}
