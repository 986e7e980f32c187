//! Making the children of a population.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::bandit::{self, Attempt};
use super::individual::{Id, Individual, Score};
use super::making::Making;
use super::population::Population;
use super::sample::Sample;
use super::selection::Selector;
use super::{Error, Search};
use crate::problem::Workbench;
use crate::{Loss, Purpose, Rng};

/// How many children a thread takes at a time.
const BATCH: u32 = 8;

/// A child, made and judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    /// Who it is.
    pub individual: Individual,
    /// What it took to make it.
    pub(super) attempts: Vec<Attempt>,
}

/// What a population's children are made from: all that is worth working out once for all of them.
pub struct Generation<'a> {
    pub(super) search: &'a Search<'a>,
    pub(super) population: &'a Population,
    number: u32,
    /// The cases that the parents were judged on.
    pub(super) before: Sample,
    /// The cases that the children are judged on.
    pub(super) sample: Sample,
    /// The cases that are not in the sample.
    pub(super) rest: Vec<u32>,
    pub(super) shares: Vec<f64>,
    /// The operators of one parent.
    pub(super) of_one: Vec<u16>,
    /// On how many cases a child may run candidates.
    pub(super) allowance: u64,
    pools: Vec<Pool<'a>>,
}

/// An island, seen by its children.
pub(super) struct Pool<'a> {
    /// The numbers of the children.
    children: Range<u32>,
    pub(super) members: &'a [Arc<Individual>],
    pub(super) archive: &'a [(u16, Arc<Individual>)],
    pub(super) selector: Selector,
    /// The behaviours that are no longer new, sorted.
    pub(super) known: Vec<Cow<'a, [Loss]>>,
    /// The score on the sample from which on a child is judged on all cases.
    pub(super) bar: Option<Score>,
}

/// Who is kept, and whose place the children take.
pub(super) struct Plot {
    pub(super) elite: Vec<Arc<Individual>>,
    pub(super) children: Range<u32>,
}

impl Search<'_> {
    /// The places of the children of `population`, by island.
    pub(super) fn plots(&self, population: &Population) -> Vec<Plot> {
        let islands = self.settings.islands.count;
        let size = |island: u32| {
            self.settings.population / islands
                + u32::from(island < self.settings.population % islands)
        };
        let mut first = 0;
        let plot = |(island, at): (&super::Island, u32)| {
            let elite = self.elite(&island.members);
            let kept = u32::try_from(elite.len()).unwrap_or(u32::MAX);
            let children = first..first + size(at).saturating_sub(kept);
            first = children.end;
            Plot { elite, children }
        };
        population.islands.iter().zip(0..).map(plot).collect()
    }

    /// The best of `members` that were judged on all cases, as many as the elite is.
    pub(super) fn elite(&self, members: &[Arc<Individual>]) -> Vec<Arc<Individual>> {
        let rank = |of: &&Arc<Individual>| of.rank(of.score, self.settings.parsimony);
        let mut full: Vec<&Arc<Individual>> = members.iter().filter(|m| m.full).collect();
        full.sort_by_cached_key(rank);
        let elite = full.into_iter().take(self.settings.elite as usize);
        elite.map(Arc::clone).collect()
    }

    /// How many children the next generation has.
    pub fn children_of(&self, population: &Population) -> u32 {
        let plots = self.plots(population);
        plots.last().map_or(0, |plot| plot.children.end)
    }

    /// What the children of `population` are made from.
    ///
    /// # Errors
    ///
    /// [`Error::OtherEvaluator`], [`Error::OtherSearch`] for a population that is not of this
    /// search.
    pub fn generation<'a>(&'a self, population: &'a Population) -> Result<Generation<'a>, Error> {
        self.owns(population)?;
        let number = population.generation + 1;
        let before = Sample::of(&self.settings, population.generation, self.cases);
        let sample = Sample::of(&self.settings, number, self.cases);
        let plots = self.plots(population);
        let children = plots.last().map_or(0, |plot| plot.children.end);
        let pools = population.islands.iter().zip(plots);
        let pools = pools.map(|(island, plot)| Pool {
            children: plot.children,
            members: &island.members,
            archive: &island.archive,
            selector: Selector::new(self.settings.selection, island.members(), &before),
            known: self.known(&island.members, &sample),
            bar: self.bar(&plot.elite, population, &sample),
        });
        let of_one = self.operators.iter().zip(0..);
        let of_one = of_one.filter(|(operator, _)| operator.arity() == 1);
        let taken = |case: &u32| sample.cases().binary_search(case).is_err();
        Ok(Generation {
            search: self,
            population,
            number,
            shares: bandit::shares(
                &self.operators,
                &population.operators,
                self.settings.mutation_rate,
            ),
            of_one: of_one.map(|(_, at)| at).collect(),
            allowance: self.runs_left(population) / u64::from(children.max(1)),
            pools: pools.collect(),
            rest: (0..self.cases).filter(taken).collect(),
            before,
            sample,
        })
    }

    /// On how many cases candidates may still be run.
    pub(super) fn runs_left(&self, population: &Population) -> u64 {
        let evaluations = self.settings.budget.evaluations;
        let runs = evaluations.saturating_mul(u64::from(self.cases));
        runs.saturating_sub(population.runs)
    }

    fn known<'m>(&self, members: &'m [Arc<Individual>], sample: &Sample) -> Vec<Cow<'m, [Loss]>> {
        if !self.settings.novelty {
            return Vec::new();
        }
        // Who was judged on a sample was judged on another one.
        let comparable = members.iter().filter(|m| m.full || sample.is_whole());
        let mut known: Vec<Cow<'_, [Loss]>> = comparable.map(|m| m.on(sample)).collect();
        known.sort_unstable();
        known.dedup();
        known
    }

    /// None if everybody is to be judged on all cases.
    fn bar(
        &self,
        elite: &[Arc<Individual>],
        population: &Population,
        sample: &Sample,
    ) -> Option<Score> {
        let wanted = self.settings.elite as usize;
        if wanted == 0 {
            return Some(population.best.score_on(sample));
        }
        let worst = elite.iter().map(|m| m.score_on(sample)).max();
        worst.filter(|_| elite.len() == wanted)
    }
}

impl Pool<'_> {
    /// Whether nobody is known on the island who behaves so.
    pub(super) fn is_novel(&self, losses: &[Loss]) -> bool {
        let known = self.known.binary_search_by(|known| (**known).cmp(losses));
        known.is_err()
    }
}

impl Generation<'_> {
    /// Which generation is made.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How many children there are to make, numbered from 0.
    pub fn children_count(&self) -> u32 {
        self.pools.last().map_or(0, |pool| pool.children.end)
    }

    /// Makes that child. What it yields follows from the population and the number alone. None if
    /// there is no child of that number.
    pub fn child(&self, number: u32, bench: &mut Workbench) -> Option<Child> {
        let of_it = |pool: &&Pool<'_>| pool.children.contains(&number);
        let (pool, island) = self.pools.iter().zip(0..).find(|(pool, _)| of_it(pool))?;
        let id = Id {
            generation: self.number,
            child: number,
        };
        let seed = self.search.settings.seed;
        let rng = Rng::keyed(seed, self.number, number, Purpose::Vary);
        Making::new(self, pool, id, island, rng, bench).make()
    }

    /// Makes the children of that range, in order, with a thread for each bench.
    pub fn children(&self, range: Range<u32>, benches: &mut [Workbench]) -> Vec<Child> {
        let range = range.start..range.end.min(self.children_count());
        if let [bench] = benches {
            return range.filter_map(|at| self.child(at, bench)).collect();
        }
        let next = AtomicU32::new(range.start);
        let work = |bench: &mut Workbench| {
            let mut made = Vec::new();
            loop {
                let first = next.fetch_add(BATCH, Ordering::Relaxed);
                if first >= range.end {
                    return made;
                }
                let batch = first..range.end.min(first.saturating_add(BATCH));
                made.extend(batch.filter_map(|at| self.child(at, bench)));
            }
        };
        let mut children: Vec<Child> = std::thread::scope(|scope| {
            let threads = benches.iter_mut().map(|bench| scope.spawn(|| work(bench)));
            let threads: Vec<_> = threads.collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Vec<Child>>| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().flat_map(join).collect()
        });
        children.sort_unstable_by_key(|child| child.individual.id);
        children
    }
}
