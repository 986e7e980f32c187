//! What nobody asked for: evolutions that a test stores, or stores again as they were.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_aws::Table;
use tdev_domain::evolution::{
    Baseline, Ending, Evolution, EvolutionDraft, EvolutionId, Schedule, Status, StopReason, Trigger,
};
use tdev_domain::{AgentLoad, TenantId};
use tdev_evolution::gate::Policy;
use tdev_evolution::{Budget, Settings};
use tdev_tests::{Stack, output, variable};

use crate::{accepted, registered, started, until};

/// How long the schedule may take to find what is due.
const PATIENCE: Duration = Duration::from_mins(6);
/// The tenant of [`Stack::from_env`].
const TENANT: &str = "e2e-a";

/// An evolution as whoever stores one that follows another does, told to nobody.
fn untold(stack: &Stack, name: &str, schedule: Option<Schedule>) -> Result<Evolution> {
    registered(stack, name)?;
    let problem = stack.get(&format!("/v1/problems/{name}"))?.body;
    let settings = Settings {
        population: 40,
        budget: Budget {
            generations: 3,
            ..Budget::default()
        },
        ..Settings::default()
    };
    let draft = EvolutionDraft {
        tenant: TENANT.parse()?,
        agent: name.parse()?,
        base: 1.try_into()?,
        problem: name.parse()?,
        problem_digest: problem["digest"].as_str().unwrap_or_default().parse()?,
        seed: 5,
        settings: serde_json::to_value(settings)?,
        policy: serde_json::to_value(Policy::default())?,
        approval_seconds: 60,
        schedule,
        trigger: Trigger::Schedule,
    };
    let id = EvolutionId::generate();
    Ok(Evolution::accept(id, draft, Timestamp::now()))
}

/// What is done with the stack's table.
fn with_table<T>(work: impl AsyncFnOnce(&Table) -> tdev_aws::Result<T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let endpoint = variable("TDEV_E2E_ENDPOINT")?;
    let table = output("TableName")?;
    runtime.block_on(async {
        let config = tdev_aws::load_config().await;
        let config = config.into_builder().endpoint_url(endpoint).build();
        Ok(work(&Table::new(&config, table)).await?)
    })
}

/// Waits until the schedule has seen to what is due and a generation was made.
fn until_begun(stack: &Stack, id: &EvolutionId) -> Result<Value> {
    let path = format!("/v1/evolutions/{id}");
    let end = Instant::now() + PATIENCE;
    loop {
        let found = stack.get(&path)?.body;
        if found["progress"]["generation"].is_u64() {
            return Ok(found);
        }
        if Instant::now() > end {
            bail!("nobody began {found:#}");
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

#[test]
fn what_nobody_begins_is_begun_by_the_schedule() -> Result<()> {
    let stack = Stack::from_env()?;
    let evolution = untold(&stack, "scheduled-scaler", None)?;
    with_table(async |table| table.put_evolution(&evolution).await)?;
    until_begun(&stack, &evolution.id)?;
    Ok(())
}

#[test]
fn an_agent_that_became_worse_evolves_again() -> Result<()> {
    let stack = Stack::from_env()?;
    let watched = Schedule {
        baseline: Some(Baseline {
            success_rate: Some(0.9),
            ..Baseline::default()
        }),
        ..Schedule::default()
    };
    let accepted = untold(&stack, "declining-scaler", Some(watched))?;
    let draft = &accepted.draft;
    let now = Timestamp::now();
    let load = AgentLoad {
        succeeded: 50,
        failed: 50,
        revision: 1,
        ..AgentLoad::idle(draft.tenant.clone(), draft.agent.clone())
    };
    let stopped = StopReason::Plateau;
    let begun = accepted.begun(now);
    let examined = begun.advance(Status::Examining { stopped }, now)?;
    let finished = examined.advance(Status::Finished(Ending::NoBetter), now)?;
    // Stored as it ended, and to be looked at now, not in ten minutes.
    let ended = Evolution {
        revision: 0,
        due_at: Some(now),
        ..finished
    };
    with_table(async |table| {
        table.put_agent_load(&load).await?;
        table.put_evolution(&ended).await
    })?;
    let followed = until_begun(&stack, &accepted.id.following())?;
    let trigger = &followed["trigger"];
    ensure!(trigger["kind"] == "degradation", "{followed:#}");
    ensure!(trigger["measure"] == "success_rate", "{followed:#}");
    ensure!(trigger["found"] == 0.5, "{followed:#}");
    Ok(())
}

/// The state machine that makes evolutions run, but for where it starts.
fn machine_from(stack: &Stack, name: &str, state: &str) -> Result<String> {
    let call = |target: &str, body: &Value| {
        let target = format!("AWSStepFunctions.{target}");
        stack.aws("states", &target, body)
    };
    let deployed = json!({"stateMachineArn": output("EvolutionStateMachine")?});
    let deployed = call("DescribeStateMachine", &deployed)?;
    let definition = deployed["definition"].as_str().context("no definition")?;
    let mut definition: Value = serde_json::from_str(definition)?;
    definition["StartAt"] = json!(state);
    let machine = json!({
        "name": name,
        "definition": definition.to_string(),
        "roleArn": deployed["roleArn"],
    });
    let created = call("CreateStateMachine", &machine)?;
    let arn = created["stateMachineArn"].as_str();
    Ok(arn.with_context(|| format!("{created:#}"))?.to_owned())
}

#[test]
fn a_generation_in_shards_is_the_same_and_another_execution_goes_on() -> Result<()> {
    let stack = Stack::from_env()?;
    let name = "sharded-scaler";
    registered(&stack, name)?;
    let long = json!({
        "autonomy": {"autonomy": "always-ask"},
        "budget": {"generations": 52, "evaluations": 1_000_000},
    });
    let path = started(&stack, name, &long)?;
    until(&stack, &path, &["awaiting_approval"])?;
    accepted(&stack.post(&format!("{path}/reject"), &json!({}))?)?;
    until(&stack, &path, &["finished"])?;

    // The same once more from the generation on that is the last one of an execution.
    let tenant: TenantId = TENANT.parse()?;
    let id: EvolutionId = path.trim_start_matches("/v1/evolutions/").parse()?;
    let (first, checkpoint) = with_table(async |table| {
        let first = table.evolution(&tenant, &id).await?.unwrap();
        let before = table.generation(&tenant, &id, 49).await?.unwrap();
        let checkpoint = before.progress.checkpoint.clone();
        let again = Evolution {
            status: Status::Running,
            progress: Some(before.progress),
            winner: None,
            approval: None,
            revision: first.revision + 1,
            due_at: None,
            ..first.clone()
        };
        table.put_evolution(&again).await?;
        Ok((first, checkpoint))
    })?;
    let shard = |from: u32, to: u32| json!({"generation": 50, "checkpoint": checkpoint, "from": from, "to": to});
    let step = json!({"next": "fan_out", "shards": [shard(0, 13), shard(13, 27), shard(27, 40)]});
    let input = json!({"tenant": tenant, "evolution": id, "leg": 0, "last": {"step": step}});
    let machine = machine_from(&stack, name, "FanOut")?;
    let execution = json!({"stateMachineArn": machine, "input": input.to_string()});
    stack.aws("states", "AWSStepFunctions.StartExecution", &execution)?;
    until(&stack, &path, &["awaiting_approval"])?;

    let second = with_table(async |table| table.evolution(&tenant, &id).await)?.unwrap();
    ensure!(first.progress == second.progress, "{second:#?}");
    let source = |evolution: &Evolution| evolution.winner.as_ref().map(|it| it.source.clone());
    ensure!(source(&first) == source(&second), "{second:#?}");
    ensure!((first.resumed, first.executions) == (0, 1), "{first:#?}");
    ensure!((second.resumed, second.executions) == (1, 2), "{second:#?}");
    accepted(&stack.post(&format!("{path}/reject"), &json!({}))?)?;
    until(&stack, &path, &["finished"])?;
    Ok(())
}
