//! Where an evolution stands.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Invalid, RegistrationId, VersionNumber};

/// Why the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All the generations it was given are made.
    Generations,
    /// All the evaluations it was given are used up.
    Evaluations,
    /// It had all the worker time it was given.
    Seconds,
    /// It has cost what it was given.
    Dollars,
    /// The best is as good as was asked for.
    Target,
    /// The best has not got better for as many generations as were allowed.
    Plateau,
}

impl StopReason {
    /// The reason as JSON has it: `generations`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generations => "generations",
            Self::Evaluations => "evaluations",
            Self::Seconds => "seconds",
            Self::Dollars => "dollars",
            Self::Target => "target",
            Self::Plateau => "plateau",
        }
    }
}

/// One thing that the gate has to say about a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Its stable identifier.
    pub code: String,
    /// What it is, in a sentence.
    pub message: String,
}

impl Reason {
    /// A reason with this identifier.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// Why an evolution ended without a promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Ending {
    /// The best that was found is the agent as it was.
    NoBetter,
    /// The gate refused the winner.
    Refused {
        /// Why.
        reasons: Vec<Reason>,
    },
    /// The gate holds the winner to be harmful.
    Quarantined {
        /// Why.
        reasons: Vec<Reason>,
    },
    /// A person refused it.
    Rejected,
    /// Nobody answered in time.
    Unanswered,
    /// The agent has moved on from the version that the search began with, or was deleted.
    BaseMoved,
    /// Its registration was not admitted.
    NotAdmitted {
        /// Which says why.
        registration: RegistrationId,
    },
}

/// Where an evolution stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Status {
    /// Generations are being made.
    Running,
    /// A client said to stop for now.
    Paused,
    /// The search is over; the evidence on its winner is being gathered and judged.
    Examining {
        /// Why it is over.
        stopped: StopReason,
    },
    /// A person is asked whether the winner shall be promoted.
    AwaitingApproval {
        /// Why the gate does not decide by itself.
        reasons: Vec<Reason>,
        /// By which the state machine is told of the answer; absent until it waits for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// The winner is being registered as the agent's next version.
    Promoting {
        /// As this registration.
        registration: RegistrationId,
    },
    /// The winner is the agent's latest version.
    Promoted {
        /// This one.
        version: VersionNumber,
    },
    /// It ended without a promotion.
    Finished(Ending),
    /// A client called it off.
    Cancelled,
    /// The platform could not go on with it.
    Failed {
        /// Why, as a name of the closed set of errors.
        error: String,
    },
}

/// [`Status`] without what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusName {
    /// See [`Status::Running`].
    Running,
    /// See [`Status::Paused`].
    Paused,
    /// See [`Status::Examining`].
    Examining,
    /// See [`Status::AwaitingApproval`].
    AwaitingApproval,
    /// See [`Status::Promoting`].
    Promoting,
    /// See [`Status::Promoted`].
    Promoted,
    /// See [`Status::Finished`].
    Finished,
    /// See [`Status::Cancelled`].
    Cancelled,
    /// See [`Status::Failed`].
    Failed,
}

impl Status {
    /// The bare state.
    #[must_use]
    pub const fn name(&self) -> StatusName {
        match self {
            Self::Running => StatusName::Running,
            Self::Paused => StatusName::Paused,
            Self::Examining { .. } => StatusName::Examining,
            Self::AwaitingApproval { .. } => StatusName::AwaitingApproval,
            Self::Promoting { .. } => StatusName::Promoting,
            Self::Promoted { .. } => StatusName::Promoted,
            Self::Finished(_) => StatusName::Finished,
            Self::Cancelled => StatusName::Cancelled,
            Self::Failed { .. } => StatusName::Failed,
        }
    }
}

impl StatusName {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Running,
        Self::Paused,
        Self::Examining,
        Self::AwaitingApproval,
        Self::Promoting,
        Self::Promoted,
        Self::Finished,
        Self::Cancelled,
        Self::Failed,
    ];

    /// The state as JSON has it: `running`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Examining => "examining",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Promoting => "promoting",
            Self::Promoted => "promoted",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing happens any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Promoted | Self::Finished | Self::Cancelled | Self::Failed
        )
    }

    /// The one table of legal transitions. Nothing is promoted that was not examined; what is
    /// being registered cannot be called off any more.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Running => matches!(
                next,
                Self::Paused | Self::Examining | Self::Cancelled | Self::Failed
            ),
            Self::Paused => matches!(next, Self::Running | Self::Cancelled | Self::Failed),
            Self::Examining => matches!(
                next,
                Self::AwaitingApproval
                    | Self::Promoting
                    | Self::Finished
                    | Self::Cancelled
                    | Self::Failed
            ),
            Self::AwaitingApproval => matches!(
                next,
                Self::Promoting | Self::Finished | Self::Cancelled | Self::Failed
            ),
            Self::Promoting => matches!(next, Self::Promoted | Self::Finished | Self::Failed),
            Self::Promoted | Self::Finished | Self::Cancelled | Self::Failed => false,
        }
    }
}

impl fmt::Display for StatusName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StatusName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|name| name.as_str() == text);
        found.ok_or_else(|| Invalid::new("status", "a status of an evolution, such as running"))
    }
}

/// A move the table of transitions does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an evolution that is {from} cannot become {to}")]
pub struct IllegalTransition {
    /// Where it stands.
    pub from: StatusName,
    /// Where it was to go.
    pub to: StatusName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_survives_its_text() {
        for name in StatusName::ALL {
            assert_eq!(name.as_str().parse(), Ok(name));
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
        }
        assert!("done".parse::<StatusName>().is_err());
    }

    #[test]
    fn a_status_survives_json() {
        let reasons = vec![Reason::new("implausible-jump", "it is too good")];
        let registration = RegistrationId::generate();
        for status in [
            Status::Running,
            Status::Examining {
                stopped: StopReason::Plateau,
            },
            Status::AwaitingApproval {
                reasons: reasons.clone(),
                token: None,
            },
            Status::Promoting {
                registration: registration.clone(),
            },
            Status::Finished(Ending::NoBetter),
            Status::Finished(Ending::Refused { reasons }),
            Status::Finished(Ending::NotAdmitted { registration }),
        ] {
            let json = serde_json::to_string(&status).unwrap();
            let back: Status = serde_json::from_str(&json).unwrap();
            assert_eq!(back, status, "{json}");
            assert!(json.contains(status.name().as_str()), "{json}");
        }
    }

    #[test]
    fn nothing_is_promoted_that_was_not_examined() {
        for from in StatusName::ALL {
            assert_eq!(
                from.may_become(StatusName::Promoted),
                from == StatusName::Promoting
            );
            let examined = [StatusName::Examining, StatusName::AwaitingApproval];
            assert_eq!(
                from.may_become(StatusName::Promoting),
                examined.contains(&from)
            );
        }
    }

    #[test]
    fn only_what_is_final_stays() {
        for from in StatusName::ALL {
            let goes_on = StatusName::ALL.into_iter().any(|to| from.may_become(to));
            assert_eq!(goes_on, !from.is_final(), "{from}");
            assert!(!from.may_become(from));
        }
    }
}
