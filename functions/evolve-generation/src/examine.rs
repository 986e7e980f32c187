//! The evidence on a winner. Only here are the cases read that are held out.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tdev_aws::ProblemPart;
use tdev_domain::evolution::{Ending, Evolution, Next, ProblemParts, Reason, Status, Step, Winner};
use tdev_domain::{ErrorName, Limits, Source};
use tdev_evolution::Genome;
use tdev_evolution::gate::{Evidence, Examination, Origin, Queries};
use tdev_evolution::problem::{EXECUTE, Judge, Reserved, Stored, Workbench};
use tdev_evolution::search::lineage::{Digest, Record};
use tdev_evolution::search::{self, Id, Population};
use tdev_lambda::Error;
use tdev_program::Program;

use crate::config::HeldOut;
use crate::handler::{Deps, compute};
use crate::lab::Lab;
use crate::sandbox;

/// How many evolutions may look at the cases that a problem holds out.
const MAX_LOOKS: u32 = 100;
/// On how many inputs the sandbox runs the winner.
const SANDBOX_INPUTS: usize = 32;

impl Deps {
    /// Gathers the evidence on the winner, and stores it with the winner's source.
    pub(crate) async fn examine(&self, evolution: Evolution) -> Result<Step, Error> {
        if evolution.next() != Next::Examine {
            return Ok(evolution.step());
        }
        if self.held_out != HeldOut::Readable {
            let message = "winners are examined where the cases that are held out can be read";
            return Err(Error::new(ErrorName::Denied, message));
        }
        let parts = self.parts(&evolution).await?;
        let lab = self.lab(&evolution, &parts).await?;
        let population = match self.population(&evolution, &lab).await? {
            None => return self.finish(&evolution, Ending::NoBetter).await,
            Some(Err(search::Error::OtherEvaluator)) => {
                return self.finish(&evolution, evaluator_changed()).await;
            }
            Some(read) => read.map_err(Error::internal)?,
        };
        let best = population.best();
        let source = lab.scaffold.source(&best.genome).map_err(Error::internal)?;
        if best.id == Id::ORIGIN || source == lab.source {
            return self.finish(&evolution, Ending::NoBetter).await;
        }
        let evidence = self
            .evidence(&evolution, &parts, &lab, &population, &source)
            .await?;
        let winner = self.keep(&evolution, &source, &evidence).await?;
        let Some(examined) = evolution.examined(winner, Timestamp::now()) else {
            return Ok(evolution.step());
        };
        self.table.put_evolution(&examined).await?;
        tracing::info!(evolution = %examined.id, "examined the winner");
        Ok(examined.step())
    }

    async fn evidence(
        &self,
        evolution: &Evolution,
        parts: &ProblemParts,
        lab: &Arc<Lab>,
        population: &Population,
        source: &Source,
    ) -> Result<Evidence, Error> {
        let draft = &evolution.draft;
        let used = self
            .table
            .look_at_held_out(&draft.tenant, &parts.digest(), &evolution.id, MAX_LOOKS)
            .await?;
        let queries = Queries {
            used,
            allowed: MAX_LOOKS,
        };
        let reserved = self
            .objects
            .problem_part(&draft.tenant, ProblemPart::HeldOut, &parts.held_out)
            .await?;
        let reserved = Stored::reserved(&reserved).map_err(Error::internal)?;
        let base = self
            .table
            .champion(&draft.tenant, &draft.agent, draft.base)
            .await?;
        let origin = Origin {
            is_chained: self.is_chained(evolution, population).await?,
            is_tainted: base.is_some_and(|base| base.held.is_some()),
        };
        let traffic_share = self.traffic_share(evolution).await?;
        let inputs = self.inputs(evolution, lab, &reserved).await?;
        let (worker, lab) = (Arc::clone(&self.worker), Arc::clone(lab));
        let (candidate, source) = (population.best().genome.clone(), source.clone());
        compute(move || {
            let mut evidence = gather(&lab, &candidate, &reserved, queries, origin, traffic_share)?;
            let program = Program::compile(&lab.scaffold.module(&candidate));
            if let Ok(program) = program {
                let limits = Limits::default();
                evidence.sandbox_agrees =
                    sandbox::agrees(&worker, &source, &program, &inputs, &limits)
                        .map_err(|e| Error::caused_by(ErrorName::Transient, e))?;
            }
            Ok(evidence)
        })
        .await
    }

    /// Stores the winner's source and the evidence on it.
    async fn keep(
        &self,
        evolution: &Evolution,
        source: &Source,
        evidence: &Evidence,
    ) -> Result<Winner, Error> {
        let (tenant, id) = (&evolution.draft.tenant, &evolution.id);
        let bytes = source.as_str().as_bytes().to_vec();
        let digest = self.objects.put_champion(tenant, id, bytes).await?;
        let json = serde_json::to_vec(evidence).map_err(Error::internal)?;
        Ok(Winner {
            source: digest,
            bytes: u32::try_from(source.len()).unwrap_or(u32::MAX),
            loss: evidence.train.candidate.value(),
            base_loss: evidence.train.parent.value(),
            evidence: self.objects.put_champion(tenant, id, json).await?,
        })
    }

    /// Whether the records of all generations are an unbroken chain to the checkpoint's head.
    async fn is_chained(
        &self,
        evolution: &Evolution,
        population: &Population,
    ) -> Result<bool, Error> {
        let mut last = population.identity();
        for generation in 0..=population.generation() {
            let lines = self
                .objects
                .lineage(&evolution.draft.tenant, &evolution.id, generation)
                .await?;
            match lines.and_then(|lines| follow(&lines, last)) {
                Some(next) => last = next,
                None => return Ok(false),
            }
        }
        Ok(last == population.head())
    }

    /// The share of the tenant's tasks that the agent did; nothing if there were none.
    async fn traffic_share(&self, evolution: &Evolution) -> Result<Option<f64>, Error> {
        let draft = &evolution.draft;
        let loads = self.table.agent_loads(&draft.tenant).await?;
        let tasks =
            |load: &tdev_domain::AgentLoad| f64::from(load.succeeded.saturating_add(load.failed));
        let all: f64 = loads.iter().map(tasks).sum();
        let own: f64 = loads
            .iter()
            .filter(|load| load.agent == draft.agent)
            .map(tasks)
            .sum();
        Ok((all > 0.0).then(|| own / all))
    }

    /// What the sandbox runs the winner on: the base's examples, and cases that call `execute`.
    async fn inputs(
        &self,
        evolution: &Evolution,
        lab: &Lab,
        reserved: &Reserved,
    ) -> Result<Vec<Value>, Error> {
        let draft = &evolution.draft;
        let base = self
            .table
            .version(&draft.tenant, &draft.agent, draft.base)
            .await?;
        let examples = base.map_or_else(Vec::new, |base| base.manifest.examples);
        let mut inputs: Vec<Value> = examples.into_iter().map(|example| example.input).collect();
        if let Judge::Cases { function, .. } | Judge::Agent { function, .. } =
            &lab.problem.definition().judge
            && function == EXECUTE
        {
            let cases = reserved.held_out.iter().chain(&lab.train);
            inputs.extend(cases.map(|case| case.input.clone()));
        }
        inputs.truncate(SANDBOX_INPUTS);
        Ok(inputs)
    }

    async fn finish(&self, evolution: &Evolution, ending: Ending) -> Result<Step, Error> {
        let finished = evolution
            .advance(Status::Finished(ending), Timestamp::now())
            .map_err(Error::internal)?;
        self.table.put_evolution(&finished).await?;
        tracing::info!(evolution = %finished.id, "ended without a winner");
        Ok(finished.step())
    }
}

fn gather(
    lab: &Lab,
    candidate: &Genome,
    reserved: &Reserved,
    queries: Queries,
    origin: Origin,
    traffic_share: Option<f64>,
) -> Result<Evidence, Error> {
    let examination = Examination {
        problem: &lab.problem,
        scaffold: &lab.scaffold,
        parent: &lab.parent,
        candidate,
        train: &lab.train,
        held_out: &reserved.held_out,
        canaries: &reserved.canaries,
        scorer: lab.scorer.as_ref(),
        // Another evaluator would not have read the checkpoint.
        pinned: lab.evaluator.digest(),
        queries,
        origin,
        traffic_share,
    };
    examination
        .examine(&mut Workbench::default())
        .map_err(Error::internal)
}

/// The hash of the last record of `lines`, if they follow from the one before them.
fn follow(lines: &[u8], before: Digest) -> Option<Digest> {
    let text = std::str::from_utf8(lines).ok()?;
    text.lines().try_fold(before, |before, line| {
        let record: Record = serde_json::from_str(line).ok()?;
        record.follows(before).then_some(record.hash)
    })
}

fn evaluator_changed() -> Ending {
    let message = "another evaluator judges now than the one that the search began with";
    Ending::Refused {
        reasons: vec![Reason::new("evaluator_changed", message)],
    }
}
