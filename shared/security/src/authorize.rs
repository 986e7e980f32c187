//! The one decision about what a principal may do.

use tdev_domain::{ApiKeyId, TenantId};

/// Who is calling, once authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whom they speak for.
    pub tenant: TenantId,
    /// The key they showed.
    pub key: ApiKeyId,
}

/// What they want to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read agents, versions and registrations.
    ReadAgents,
    /// Register, delete, roll back or release agents.
    ChangeAgents,
    /// Call an agent.
    InvokeAgent,
    /// Read invocations, and run them again without effects.
    ReadInvocations,
    /// Send signals to invocations, or call them off.
    ChangeInvocations,
    /// Read tasks and dead letters, and ask where a task would go.
    ReadTasks,
    /// Submit tasks, call them off, judge where they went, or redrive them.
    ChangeTasks,
    /// Read workflows.
    ReadWorkflows,
    /// Register or delete workflows.
    ChangeWorkflows,
    /// Read runs of workflows.
    ReadRuns,
    /// Start runs of workflows, call them off, resume them, or approve their steps.
    ChangeRuns,
    /// Read evolutions and what agents evolve by.
    ReadEvolutions,
    /// Start evolutions, steer them, answer their questions, or store what agents evolve by.
    ChangeEvolutions,
    /// Read the settings, and how tasks are routed.
    ReadSettings,
    /// Change the settings, and how tasks are routed.
    ChangeSettings,
}

/// The principal may not do that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the principal may not {action:?} of another tenant")]
pub struct Denied {
    /// What they wanted to do.
    pub action: Action,
}

/// Decides whether `principal` may do `action` to what `owner` owns.
///
/// Every request passes through here before it touches anything. A key has every right within its
/// tenant and none outside it.
pub fn authorize(principal: &Principal, action: Action, owner: &TenantId) -> Result<(), Denied> {
    if principal.tenant == *owner {
        Ok(())
    } else {
        Err(Denied { action })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_reaches_its_own_things_only() {
        let principal = Principal {
            tenant: "acme".parse().unwrap(),
            key: ApiKeyId::generate(),
        };
        for action in [
            Action::ReadAgents,
            Action::ChangeAgents,
            Action::InvokeAgent,
            Action::ReadInvocations,
            Action::ChangeInvocations,
            Action::ReadTasks,
            Action::ChangeTasks,
            Action::ReadWorkflows,
            Action::ChangeWorkflows,
            Action::ReadRuns,
            Action::ChangeRuns,
            Action::ReadEvolutions,
            Action::ChangeEvolutions,
            Action::ReadSettings,
            Action::ChangeSettings,
        ] {
            assert!(authorize(&principal, action, &"acme".parse().unwrap()).is_ok());
            assert_eq!(
                authorize(&principal, action, &"other".parse().unwrap()),
                Err(Denied { action })
            );
        }
    }
}
