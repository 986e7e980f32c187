//! Trying a problem's relations on a candidate.

use super::cases::Runner;
use super::{Build, Case, Judge, Problem, Relation, Workbench};
use crate::{Genome, Rng, Scaffold};

/// A relation on a case: what is called, and what must come of it.
pub(crate) struct Probe<'a> {
    runner: Runner,
    relations: &'a [Relation],
}

impl<'a> Probe<'a> {
    /// What checks a problem's relations on the inputs of `cases`; none if there are none.
    pub(crate) fn of(
        problem: &'a Problem,
        scaffold: &Scaffold,
        cases: &[Case],
    ) -> Result<Option<Self>, Build> {
        let relations = &problem.definition().relations[..];
        let (Judge::Cases { function, .. } | Judge::Agent { function, .. }) =
            &problem.definition().judge
        else {
            return Ok(None);
        };
        if relations.is_empty() {
            return Ok(None);
        }
        let runner = Runner::new(
            scaffold.clone(),
            function,
            cases,
            problem.definition().budget,
        )?;
        Ok(Some(Self { runner, relations }))
    }

    /// Of each relation, on how many of the cases it was tried and on how many it did not hold.
    /// Where the candidate fails on the case as it is, there is nothing to compare.
    pub(crate) fn violations(
        &self,
        genome: &Genome,
        cases: &[Case],
        rng: &mut Rng,
        bench: &mut Workbench,
    ) -> Result<Vec<(u32, u32)>, Build> {
        let Some(ready) = self.runner.compile(genome) else {
            return Ok(vec![(1, 1); self.relations.len()]);
        };
        let mut counts = Vec::new();
        for relation in self.relations {
            let (mut tried, mut broken) = (0, 0);
            for (case, arguments) in cases.iter().zip(&self.runner.arguments) {
                let Some((changed, applied)) = relation.apply(&case.input, rng) else {
                    continue;
                };
                let Ok(before) = ready.call(bench, arguments) else {
                    continue;
                };
                let after = ready.call(bench, &self.runner.arguments_of(&changed)?);
                tried += 1;
                let holds = after.is_ok_and(|after| relation.holds(&applied, &before, &after));
                broken += u32::from(!holds);
            }
            counts.push((tried, broken));
        }
        Ok(counts)
    }
}
