//! Rules that go before the score.

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use tdev_domain::{AgentName, Capability, Invalid};

use super::Task;

/// A regular expression over a task's text, case-insensitive, in time linear in the text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Regex);

/// The most memory that a compiled pattern may take, in bytes.
const PATTERN_BYTES: usize = 256 * 1024;

impl TryFrom<String> for Pattern {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        RegexBuilder::new(&text)
            .case_insensitive(true)
            .size_limit(PATTERN_BYTES)
            .build()
            .map(Self)
            .map_err(|_| Invalid::new("pattern", "a regular expression of moderate size"))
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0.as_str().to_owned()
    }
}

/// When a rule applies: if all that is given holds. With nothing given it always applies.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// The text matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// The task asks for this capability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability: Option<Capability>,
}

impl Condition {
    fn holds(&self, task: &Task<'_>) -> bool {
        let pattern = self.pattern.as_ref();
        let capability = self.capability.as_ref();
        pattern.is_none_or(|pattern| pattern.0.is_match(task.text))
            && capability.is_none_or(|wanted| task.capability == Some(wanted))
    }
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The task goes to this agent or to none. The first rule that pins decides.
    Pin(AgentName),
    /// The task does not go to this agent, even if it is pinned.
    Deny(AgentName),
    /// The task goes to an agent that has this capability, unless it asks for one itself. The
    /// first rule that requires one decides.
    Require(Capability),
    /// The task goes to no agent.
    Refuse,
}

/// A rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What decisions call it.
    pub id: String,
    /// When it applies.
    #[serde(default)]
    pub when: Condition,
    /// What it does.
    pub then: Action,
}

/// A rule that applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedRule {
    /// The rule.
    pub id: String,
    /// What it did.
    pub then: Action,
}

/// What the rules together say of a task.
#[derive(Debug, Default)]
pub(super) struct Ruling {
    pub(super) pinned: Option<AgentName>,
    pub(super) denied: BTreeSet<AgentName>,
    pub(super) capability: Option<Capability>,
    pub(super) refused: bool,
    pub(super) applied: Vec<AppliedRule>,
    named_capability: bool,
}

impl Ruling {
    pub(super) fn of(rules: &[Rule], task: &Task<'_>) -> Self {
        let mut ruling = Self {
            named_capability: task.capability.is_some(),
            ..Self::default()
        };
        for rule in rules.iter().filter(|rule| rule.when.holds(task)) {
            if ruling.apply(&rule.then) {
                ruling.applied.push(AppliedRule {
                    id: rule.id.clone(),
                    then: rule.then.clone(),
                });
            }
        }
        ruling
    }

    /// Whether the task, or a rule, names what the agent must be or be able to do.
    pub(super) const fn directed(&self) -> bool {
        self.named_capability || self.capability.is_some() || self.pinned.is_some()
    }

    /// Does what an action says, and tells whether that made a difference.
    fn apply(&mut self, action: &Action) -> bool {
        match action {
            Action::Pin(agent) if self.pinned.is_none() => {
                self.pinned = Some(agent.clone());
                true
            }
            Action::Require(capability) if self.capability.is_none() && !self.named_capability => {
                self.capability = Some(capability.clone());
                true
            }
            Action::Pin(_) | Action::Require(_) => false,
            Action::Deny(agent) => self.denied.insert(agent.clone()),
            Action::Refuse => !std::mem::replace(&mut self.refused, true),
        }
    }
}
