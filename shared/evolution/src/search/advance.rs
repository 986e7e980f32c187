//! From a population and its children to the next population.

use std::sync::Arc;

use super::bandit;
use super::generation::{Child, Plot};
use super::individual::Individual;
use super::lineage::{Digest, Entry, Record};
use super::population::{Island, Population, REMEMBERED};
use super::sample::Sample;
use super::statistics::{self, Yield};
use super::{Error, OperatorRecord, Reason, Search, Status, Used, archive};
use crate::problem::Workbench;

/// A generation that is complete.
#[derive(Debug)]
pub struct Step {
    /// It.
    pub population: Population,
    /// The lineage of those who were made in it, to be stored after what is stored already.
    pub records: Vec<Record>,
}

impl Search<'_> {
    /// The population of `origin` alone.
    pub(super) fn founded_by(&self, origin: &Arc<Individual>) -> Result<Step, Error> {
        let island = Island {
            members: vec![Arc::clone(origin)],
            archive: Vec::new(),
        };
        let operators = self.operators.iter().map(|o| OperatorRecord::new(o.name()));
        let mut population = Population {
            identity: self.identity,
            evaluator: self.judge,
            generation: 0,
            runs: u64::from(self.cases),
            cases: self.cases,
            plateau: 0,
            head: self.identity,
            islands: vec![island; self.settings.islands.count as usize],
            best: Arc::clone(origin),
            operators: operators.collect(),
            history: Vec::new(),
            origin: Arc::clone(origin),
        };
        for island in &mut population.islands {
            self.archive(island, origin, origin);
        }
        let records = self.chain(&mut population.head, [&**origin].into_iter())?;
        let sample = Sample::whole(self.cases);
        let statistics = statistics::of(&population, &sample, Vec::new());
        population.history.push(statistics);
        Ok(Step {
            population,
            records,
        })
    }

    /// The next population. The children may come in any order.
    ///
    /// # Errors
    ///
    /// [`Error::OtherSearch`], [`Error::OtherEvaluator`], [`Error::OtherPopulation`] for what does
    /// not belong together; [`Error::Children`] if a child is missing or there twice.
    pub fn advance(&self, population: Population, mut children: Vec<Child>) -> Result<Step, Error> {
        self.owns(&population)?;
        let plots = self.plots(&population);
        children.sort_by_key(|child| child.individual.id);
        complete(&population, &plots, &children)?;

        let mut next = population;
        let improved_upon = next.best.score;
        next.generation += 1;
        let operators = self.credit(&mut next, &children);
        let individuals = children.iter().map(|child| &child.individual);
        let records = self.chain(&mut next.head, individuals)?;

        let mut individuals = children.into_iter().map(|child| Arc::new(child.individual));
        for (at, plot) in plots.into_iter().enumerate() {
            let mut members = plot.elite;
            for child in individuals.by_ref().take(plot.children.len()) {
                let better =
                    |a: &Individual, b: &Individual| (a.score, a.nodes) < (b.score, b.nodes);
                if child.full && better(&child, &next.best) {
                    next.best = Arc::clone(&child);
                }
                self.archive(&mut next.islands[at], &child, &next.origin);
                members.push(child);
            }
            next.islands[at].members = members;
        }
        let improved = next.best.score < improved_upon;
        next.plateau = if improved { 0 } else { next.plateau + 1 };

        let sample = Sample::of(&self.settings, next.generation, self.cases);
        self.order(&mut next.islands, &sample);
        let every = self.settings.islands.migrate_every;
        if every > 0 && next.generation.is_multiple_of(every) {
            self.migrate(&mut next.islands);
            self.order(&mut next.islands, &sample);
        }
        let statistics = statistics::of(&next, &sample, operators);
        if next.history.len() == REMEMBERED {
            next.history.remove(0);
        }
        next.history.push(statistics);
        Ok(Step {
            population: next,
            records,
        })
    }

    /// Makes generations from `population` on until the [status](Self::status) is to stop, with a
    /// thread for each bench. `after` is shown each generation and tells what is used up by then.
    ///
    /// # Errors
    ///
    /// As [`Self::advance`].
    pub fn run(
        &self,
        mut population: Population,
        benches: &mut [Workbench],
        mut after: impl FnMut(&Step) -> Used,
    ) -> Result<(Population, Reason), Error> {
        let mut used = Used::default();
        loop {
            if let Status::Stop(reason) = self.status(&population, used) {
                return Ok((population, reason));
            }
            let generation = self.generation(&population)?;
            let children = generation.children(0..generation.children_count(), benches);
            let step = self.advance(population, children)?;
            used = after(&step);
            population = step.population;
        }
    }

    /// Lets the bandit learn from the children, and returns what there was to learn.
    fn credit(&self, next: &mut Population, children: &[Child]) -> Vec<Yield> {
        let totals = |r: &OperatorRecord| (r.tries, r.gains, r.runs);
        let before: Vec<_> = next.operators.iter().map(totals).collect();
        let attempts = || children.iter().flat_map(|child| &child.attempts).copied();
        next.runs += attempts().map(|attempt| attempt.runs).sum::<u64>();
        bandit::learn(&mut next.operators, attempts(), self.cases);
        let fresh = next.operators.iter().zip(before);
        let fresh = fresh.map(|(record, (tries, gains, runs))| Yield {
            operator: record.operator.clone(),
            tries: record.tries - tries,
            gains: record.gains - gains,
            runs: record.runs - runs,
        });
        fresh.filter(|fresh| fresh.tries > 0).collect()
    }

    fn archive(&self, island: &mut Island, fresh: &Arc<Individual>, origin: &Individual) {
        let (max_nodes, parsimony) = (self.scope.max_nodes, self.settings.parsimony);
        archive::keep(&mut island.archive, fresh, origin, max_nodes, parsimony);
    }

    /// Puts members into the order of their ranks on the cases of the generation.
    fn order(&self, islands: &mut [Island], sample: &Sample) {
        let rank = |of: &Arc<Individual>| of.rank(of.score_on(sample), self.settings.parsimony);
        for island in islands {
            island.members.sort_by_cached_key(rank);
        }
    }

    /// Copies the best of each island to the next in the ring, where they take the place of the
    /// worst that are not elite. Who is there already does not come again.
    fn migrate(&self, islands: &mut [Island]) {
        let count = self.settings.islands.migrants as usize;
        let best = |island: &Island| island.members.iter().take(count).cloned().collect();
        let mut leaving: Vec<Vec<Arc<Individual>>> = islands.iter().map(best).collect();
        leaving.rotate_right(1);
        if islands.len() < 2 {
            return;
        }
        for (island, mut coming) in islands.iter_mut().zip(leaving) {
            coming.retain(|migrant| island.members.iter().all(|m| m.id != migrant.id));
            let elite = self.elite(&island.members);
            let is_elite = |member: &Individual| elite.iter().any(|e| e.id == member.id);
            let places = island.members.iter_mut().rev().filter(|m| !is_elite(m));
            for (place, migrant) in places.zip(coming) {
                *place = migrant;
            }
        }
    }

    /// The records of `individuals`, chained to `head`, which becomes that of the last one.
    fn chain<'i>(
        &self,
        head: &mut Digest,
        individuals: impl Iterator<Item = &'i Individual>,
    ) -> Result<Vec<Record>, Error> {
        let record = |individual: &Individual| {
            let entry = Entry {
                id: individual.id,
                island: individual.island,
                parents: individual.parents.clone(),
                operator: self.name_of(individual.maker).to_owned(),
                block: individual.text_digest(),
                loss: individual.score.loss(),
            };
            let record = Record::after(*head, &entry).map_err(Error::Lineage)?;
            *head = record.hash;
            Ok(record)
        };
        individuals.map(record).collect()
    }
}

/// Whether `children`, in order, are all of `population`'s, each once.
fn complete(population: &Population, plots: &[Plot], children: &[Child]) -> Result<(), Error> {
    let count = plots.last().map_or(0, |plot| plot.children.end);
    let generation = population.generation + 1;
    let of_other = |child: &Child| child.individual.id.generation != generation;
    if children.iter().any(of_other) {
        return Err(Error::OtherPopulation);
    }
    for expected in 0..count {
        let found = children
            .get(expected as usize)
            .map(|c| c.individual.id.child);
        if found != Some(expected) {
            return Err(Error::Children(
                found.map_or(expected, |found| found.min(expected)),
            ));
        }
    }
    match children.get(count as usize) {
        Some(surplus) => Err(Error::Children(surplus.individual.id.child)),
        None => Ok(()),
    }
}
