//! A problem that has been checked, and what is made of it.

use serde_json::Value as Json;
use tdev_domain::evolution::ProblemName;
use tdev_domain::{Invalid, Source};

use super::check::{self, check_cases, check_overlap};
use super::mistake::Mistakes;
use super::packing::PackingEvaluator;
use super::split::divide;
use super::{
    AgentEvaluator, Build, Canary, Case, CasesEvaluator, Code, Definition, EXECUTE, Evaluator,
    Fingerprint, HeldOut, Judge, MAX_CASES, Mistake,
};
use crate::Scaffold;

/// A problem that has been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    name: ProblemName,
    definition: Definition,
}

/// A problem and its cases, apart: what the search may read, and what only the gate may.
#[derive(Debug, Clone, PartialEq)]
pub struct Divided {
    /// The problem without cases and canaries.
    pub problem: Problem,
    /// What the search is judged by. Empty where a simulation judges.
    pub train: Vec<Case>,
    /// What a candidate for promotion is judged by. Empty where a simulation judges.
    pub held_out: Vec<Case>,
    /// What a candidate for promotion must not be worse on.
    pub canaries: Vec<Canary>,
}

/// What a candidate is judged on.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// These cases, in the search.
    Train(&'a [Case]),
    /// These, at the gate.
    HeldOut(&'a [Case]),
    /// A canary, at the gate.
    Canary(&'a Canary),
}

impl Problem {
    /// Reads a definition.
    ///
    /// # Errors
    ///
    /// Every [`Mistake`] in it.
    pub fn parse(json: &Json) -> Result<Self, Vec<Mistake>> {
        let definition: Result<Definition, _> = serde_path_to_error::deserialize(json);
        definition
            .map_err(|error| vec![check::malformed(&error)])
            .and_then(Self::check)
    }

    /// Checks a definition.
    ///
    /// # Errors
    ///
    /// Every [`Mistake`] in it.
    pub fn check(definition: Definition) -> Result<Self, Vec<Mistake>> {
        let name = check::definition(&definition)?;
        Ok(Self { name, definition })
    }

    /// A definition that was checked before it was stored.
    ///
    /// # Errors
    ///
    /// Its name is none.
    pub(super) fn trusted(definition: Definition) -> Result<Self, Invalid> {
        let name = definition.name.parse()?;
        Ok(Self { name, definition })
    }

    /// Its name.
    pub fn name(&self) -> &ProblemName {
        &self.name
    }

    /// As it was sent.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Divides its cases, with those that were `imported` for it, into what the search may read
    /// and what only the gate may. The same cases are always divided alike.
    ///
    /// # Errors
    ///
    /// Every [`Mistake`], with imported cases at `/data/<number>`.
    pub fn divide(self, imported: Vec<Case>) -> Result<Divided, Vec<Mistake>> {
        let Self {
            name,
            mut definition,
        } = self;
        let canaries = std::mem::take(&mut definition.canaries);
        let (function, metric, cases, held_out) = match &mut definition.judge {
            Judge::Cases {
                function,
                metric,
                cases,
                held_out,
            } => (function.clone(), Some(metric.clone()), cases, held_out),
            Judge::Agent {
                function,
                cases,
                held_out,
                ..
            } => (function.clone(), None, cases, held_out),
            Judge::Simulation { .. } => {
                let problem = Self { name, definition };
                let (train, held_out) = (Vec::new(), Vec::new());
                return Ok(Divided {
                    problem,
                    train,
                    held_out,
                    canaries,
                });
            }
        };
        let mut mistakes = Mistakes::default();
        check_cases(
            &imported,
            &function,
            metric.as_ref(),
            "/data",
            &mut mistakes,
        );
        let mut all = std::mem::take(cases);
        all.extend(imported);
        let too_many = format!("at most {MAX_CASES} cases");
        mistakes.require(
            all.len() <= MAX_CASES,
            Code::TooMany,
            "/judge/cases",
            &too_many,
        );
        let divided = match std::mem::take(held_out) {
            HeldOut::Share(share) => {
                let divided = divide(name.as_str(), all, share);
                let wanted = "two different inputs or more, so that some can be held out";
                mistakes.require(divided.is_some(), Code::Missing, "/judge/cases", wanted);
                divided
            }
            HeldOut::Cases(held_out) => {
                mistakes.require(
                    !all.is_empty(),
                    Code::Missing,
                    "/judge/cases",
                    "a case or more",
                );
                check_overlap(&all, &held_out, &mut mistakes);
                Some((all, held_out))
            }
        };
        match divided {
            Some((train, held_out)) if mistakes.0.is_empty() => {
                let problem = Self { name, definition };
                Ok(Divided {
                    problem,
                    train,
                    held_out,
                    canaries,
                })
            }
            _ => Err(mistakes.0),
        }
    }

    /// What judges the agents that `scaffold` and a genome make, on a part of the problem.
    /// `scorer` is the source of the agent that judges, if one does.
    ///
    /// # Errors
    ///
    /// [`Build`] says why there is none.
    pub fn evaluator(
        &self,
        scaffold: &Scaffold,
        part: Part<'_>,
        scorer: Option<&Source>,
    ) -> Result<Box<dyn Evaluator>, Build> {
        let budget = self.definition.budget;
        let cases = match part {
            Part::Train(cases) | Part::HeldOut(cases) => cases,
            Part::Canary(canary) => &canary.cases,
        };
        match &self.definition.judge {
            Judge::Simulation { parameters, .. } => {
                let parameters = match part {
                    Part::Canary(canary) => &canary.parameters,
                    _ => parameters,
                };
                let is_search = matches!(part, Part::Train(_));
                PackingEvaluator::from_json(scaffold.clone(), parameters, is_search, budget)
                    .map(|evaluator| Box::new(evaluator) as Box<dyn Evaluator>)
            }
            _ if cases.is_empty() => Err(Build::NoCases),
            Judge::Cases {
                function, metric, ..
            } => {
                has_function(scaffold, function, cases)?;
                let metric = metric.clone();
                CasesEvaluator::new(scaffold.clone(), function, cases, metric, budget)
                    .map(|evaluator| Box::new(evaluator) as Box<dyn Evaluator>)
            }
            Judge::Agent { function, .. } => {
                has_function(scaffold, function, cases)?;
                let scorer = scorer.ok_or(Build::NoScorer)?;
                AgentEvaluator::new(scaffold.clone(), function, cases, scorer, budget)
                    .map(|evaluator| Box::new(evaluator) as Box<dyn Evaluator>)
            }
        }
    }

    /// SHA-256 of the definition: what stands for the problem, whatever part of it judges.
    pub fn digest(&self) -> [u8; 32] {
        let mut print = Fingerprint::new("problem");
        print.json(&self.definition);
        print.finish()
    }
}

/// Whether the agent has the function that the cases call.
fn has_function(scaffold: &Scaffold, function: &str, cases: &[Case]) -> Result<(), Build> {
    let params = scaffold
        .parameters(function)
        .ok_or_else(|| Build::NoFunction(function.to_owned()))?;
    let fits = |case: &Case| match &case.input {
        Json::Array(arguments) if function != EXECUTE => arguments.len() == params,
        _ => params == 1,
    };
    if cases.iter().all(fits) {
        Ok(())
    } else {
        Err(Build::Arity(function.to_owned()))
    }
}
