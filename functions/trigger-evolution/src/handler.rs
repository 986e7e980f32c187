//! Request → what is due → executions.

use jiff::Timestamp;
use serde_json::json;
use tdev_aws::{DueEvolution, PageRequest, SdkConfig, StateMachine, Table};
use tdev_domain::evolution::{
    Evolution, EvolutionId, Schedule, Trigger, TriggerRequest, TriggerResponse,
};
use tdev_domain::{Agent, AgentStatus, ErrorName, TenantId};
use tdev_lambda::Error;

use crate::Config;

/// How many entries of the agenda are read at once.
const PAGE: u32 = 100;
/// The most pages of the agenda that one sweep sees to. The rest is still there the next time.
const MAX_PAGES: usize = 10;

/// What the handler works with.
#[derive(Debug)]
pub struct Deps {
    table: Table,
    executions: StateMachine,
}

impl Deps {
    /// Builds the clients.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: Config) -> Self {
        Self {
            table: Table::new(sdk, config.table),
            executions: StateMachine::new(sdk, config.state_machine),
        }
    }
}

/// Begins what the request names, or all that is due.
pub async fn handle(deps: &Deps, request: TriggerRequest) -> Result<TriggerResponse, Error> {
    let mut begun = Vec::new();
    match request {
        TriggerRequest::Begin { tenant, evolution } => {
            tdev_lambda::record_tenant(&tenant);
            let found = deps.table.evolution(&tenant, &evolution).await?;
            let found = found.ok_or_else(|| {
                Error::invalid_input(format!("unknown evolution: {tenant} has no {evolution}"))
            })?;
            begun.extend(deps.begin(&found, Timestamp::now()).await?);
        }
        TriggerRequest::Sweep => deps.sweep(Timestamp::now(), &mut begun).await?,
    }
    tracing::info!(begun = begun.len(), "looked for what is due");
    Ok(TriggerResponse { begun })
}

/// What is to be done for an evolution that is due.
#[derive(Debug, Clone, PartialEq)]
enum Due {
    /// It is to begin.
    Begin,
    /// It is to be followed by another one, for this reason.
    Follow(Trigger),
    /// Nothing yet.
    Postpone,
    /// Nothing, for the agent or the problem is gone.
    GiveUp,
    /// Nothing: the index was behind.
    Nothing,
}

impl Deps {
    async fn sweep(&self, now: Timestamp, begun: &mut Vec<EvolutionId>) -> Result<(), Error> {
        let mut page = PageRequest {
            limit: PAGE,
            after: None,
        };
        for _ in 0..MAX_PAGES {
            let found = self.table.due_evolutions(now, &page).await?;
            for due in found.items {
                begun.extend(self.look_after(&due, now).await?);
            }
            page.after = found.next;
            if page.after.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Sees to one. That another writer was first is no failure: the next sweep sees what is left.
    async fn look_after(
        &self,
        due: &DueEvolution,
        now: Timestamp,
    ) -> Result<Option<EvolutionId>, Error> {
        match self.see_to(&due.tenant, &due.id, now).await {
            Err(error) if error.name() == ErrorName::Conflict => {
                tracing::info!(evolution = %due.id, error = error.chain(), "another writer was first");
                Ok(None)
            }
            result => result,
        }
    }

    async fn see_to(
        &self,
        tenant: &TenantId,
        id: &EvolutionId,
        now: Timestamp,
    ) -> Result<Option<EvolutionId>, Error> {
        let Some(evolution) = self.table.evolution(tenant, id).await? else {
            return Ok(None);
        };
        match self.due(&evolution, now).await? {
            Due::Begin => self.begin(&evolution, now).await,
            Due::Follow(trigger) => self.follow(&evolution, trigger, now).await,
            Due::Postpone => {
                self.table.put_evolution(&evolution.postponed(now)).await?;
                Ok(None)
            }
            Due::GiveUp => {
                let over = evolution.handed_over(now);
                self.table.put_evolution(&over).await?;
                Ok(None)
            }
            Due::Nothing => Ok(None),
        }
    }

    async fn due(&self, evolution: &Evolution, now: Timestamp) -> Result<Due, Error> {
        if evolution.due_at.is_none_or(|due| due > now) {
            return Ok(Due::Nothing);
        }
        if evolution.is_to_begin() {
            return Ok(Due::Begin);
        }
        let Some(schedule) = evolution.draft.schedule else {
            return Ok(Due::Postpone);
        };
        if !evolution.status.name().is_final() {
            return Ok(Due::Postpone);
        }
        let Some(agent) = self.agent(evolution).await? else {
            return Ok(Due::GiveUp);
        };
        let began = evolution.created_at;
        if schedule.next(began).is_some_and(|next| next <= now) {
            return Ok(Due::Follow(Trigger::Schedule));
        }
        let degradation = self.degradation(&schedule, &agent).await?;
        Ok(degradation.map_or(Due::Postpone, Due::Follow))
    }

    /// The agent, while there is one.
    async fn agent(&self, evolution: &Evolution) -> Result<Option<Agent>, Error> {
        let draft = &evolution.draft;
        let agent = self.table.agent(&draft.tenant, &draft.agent).await?;
        Ok(agent.filter(|agent| agent.status == AgentStatus::Active))
    }

    async fn degradation(
        &self,
        schedule: &Schedule,
        agent: &Agent,
    ) -> Result<Option<Trigger>, Error> {
        let (tenant, name) = (&agent.tenant, &agent.name);
        let load = self.table.agent_load(tenant, name).await?;
        let version = self.table.version(tenant, name, agent.latest).await?;
        let found = version.and_then(|version| schedule.degraded(&load, version.quality.score));
        Ok(found.map(Trigger::Degradation))
    }

    /// Stores the evolution that follows, then that it does, and begins it. Who is lost in between
    /// finds the one that follows when it comes again, and takes it as it is.
    async fn follow(
        &self,
        evolution: &Evolution,
        trigger: Trigger,
        now: Timestamp,
    ) -> Result<Option<EvolutionId>, Error> {
        let draft = &evolution.draft;
        let agent = self.agent(evolution).await?;
        let problem = self.table.problem(&draft.tenant, &draft.problem).await?;
        let (Some(agent), Some(problem)) = (agent, problem) else {
            let over = evolution.handed_over(now);
            self.table.put_evolution(&over).await?;
            return Ok(None);
        };
        let next = evolution.followed_by(agent.latest, problem.digest, trigger, now);
        let stored = self.table.evolution(&draft.tenant, &next.id).await?;
        if stored.is_none() {
            self.table.put_evolution(&next).await?;
        }
        let next = stored.unwrap_or(next);
        let over = evolution.handed_over(now);
        self.table.put_evolution(&over).await?;
        tracing::info!(evolution = %evolution.id, next = %next.id, trigger = ?next.draft.trigger, "followed");
        self.begin(&next, now).await
    }

    /// Begins the execution by which the evolution runs, unless that was done.
    async fn begin(
        &self,
        evolution: &Evolution,
        now: Timestamp,
    ) -> Result<Option<EvolutionId>, Error> {
        if !evolution.is_to_begin() {
            return Ok(None);
        }
        let input = json!({
            "tenant": evolution.draft.tenant,
            "evolution": evolution.id,
            "leg": evolution.resumed,
        });
        let name = evolution.execution();
        self.executions.start_execution(&name, &input).await?;
        tracing::info!(evolution = %evolution.id, execution = name, "begun");
        match self.table.put_evolution(&evolution.begun(now)).await {
            // It has made its first generation by now, or somebody else has begun it, too.
            Err(tdev_aws::Error::Conflict { .. }) | Ok(()) => Ok(Some(evolution.id.clone())),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
