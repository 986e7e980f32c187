//! Making one child.

use std::borrow::Cow;

use rand::RngExt;

use super::bandit::Attempt;
use super::generation::{Child, Generation, Pool};
use super::individual::{Id, Individual, Maker, Score};
use super::sample::Sample;
use crate::problem::Workbench;
use crate::variation::fits;
use crate::{Genome, Loss, Rng, Trial};

/// How many times a child is made anew that behaves as somebody of its island does.
pub const MOST_RENEWALS: u32 = 2;
/// By how many operators in a row the first children are made, at most.
pub const RAMP: u32 = 4;
/// How often an operator is asked, in vain or not, before a child is a copy of its parent.
const MOST_DRAWS: u32 = 12;
/// How many evaluations an operator may ask for while it makes one child.
const MOST_TRIALS: u32 = 200;
/// One in so many parents comes from the archive.
const ARCHIVE_EVERY: u32 = 16;

/// A child that is being made.
pub(super) struct Making<'g, 'b> {
    generation: &'g Generation<'g>,
    pool: &'g Pool<'g>,
    id: Id,
    island: u32,
    rng: Rng,
    bench: &'b mut Workbench,
    attempts: Vec<Attempt>,
    /// On how many cases candidates were run.
    spent: u64,
}

/// What may become the child.
struct Draft<'g> {
    genome: Genome,
    nodes: u32,
    parents: Vec<&'g Individual>,
    maker: Maker,
    losses: Vec<Loss>,
    is_novel: bool,
}

impl<'g, 'b> Making<'g, 'b> {
    pub(super) fn new(
        generation: &'g Generation<'g>,
        pool: &'g Pool<'g>,
        id: Id,
        island: u32,
        rng: Rng,
        bench: &'b mut Workbench,
    ) -> Self {
        Self {
            generation,
            pool,
            id,
            island,
            rng,
            bench,
            attempts: Vec::new(),
            spent: 0,
        }
    }

    pub(super) fn make(mut self) -> Option<Child> {
        let mut kept: Option<Draft<'g>> = None;
        let mut renewals = 0;
        for _ in 0..MOST_DRAWS {
            let draft = if self.generation.population.generation == 0 {
                self.start()
            } else {
                self.vary()
            };
            let Some(draft) = draft else { continue };
            let novel = draft.is_novel;
            kept = Some(draft);
            if novel || renewals == MOST_RENEWALS || !self.affords(self.sample().len()) {
                break;
            }
            renewals += 1;
        }
        let draft = match kept {
            Some(draft) => draft,
            None => self.copy()?,
        };
        Some(self.finish(draft))
    }

    fn sample(&self) -> &'g Sample {
        &self.generation.sample
    }

    /// Whether candidates may be run on so many cases, and the child then still on all.
    fn affords(&self, runs: usize) -> bool {
        let all = u64::from(self.generation.search.cases);
        self.spent + runs as u64 + all <= self.generation.allowance
    }

    /// Several operators of one parent in a row, applied to the agent's own block.
    fn start(&mut self) -> Option<Draft<'g>> {
        let search = self.generation.search;
        let origin: &'g Individual = &self.generation.population.origin;
        let mut genome = Cow::Borrowed(&origin.genome);
        for _ in 0..=self.id.child % RAMP {
            let (at, parents) = if self.generation.of_one.is_empty() {
                let count = search.operators.len();
                (self.below(count), vec![&*genome, &origin.genome])
            } else {
                let drawn = self.below(self.generation.of_one.len());
                (usize::from(self.generation.of_one[drawn]), vec![&*genome])
            };
            let operator = &search.operators[at];
            if let Some(varied) =
                operator.vary(&parents, &search.scope, &mut self.rng, &mut |_| None)
            {
                genome = Cow::Owned(varied);
            }
        }
        let genome = genome.into_owned();
        self.judged(genome, vec![origin], Maker::Start, None)
    }

    /// An operator that the bandit draws, applied to parents that selection draws.
    fn vary(&mut self) -> Option<Draft<'g>> {
        let search = self.generation.search;
        let at = self.operator();
        let operator = &search.operators[at];
        let first = self.parent()?;
        let mut parents = vec![first];
        if operator.arity() == 2 {
            let mut second = self.parent()?;
            for _ in 0..2 {
                if second.id == first.id {
                    second = self.parent()?;
                }
            }
            parents.push(second);
        }
        let genomes: Vec<&Genome> = parents.iter().map(|parent| &parent.genome).collect();
        let before = self.spent;
        let varied =
            self.with_trial(|rng, trial| operator.vary(&genomes, &search.scope, rng, trial));
        let at = u16::try_from(at).unwrap_or(u16::MAX);
        let tried = self.spent - before;
        let attempts = self.attempts.len();
        let draft = varied.and_then(|genome| {
            self.judged(genome, parents, Maker::Operator(at), Some((at, tried)))
        });
        if tried > 0 && self.attempts.len() == attempts {
            self.attempts.push(Attempt {
                operator: Some(at),
                runs: tried,
                gained: false,
            });
        }
        draft
    }

    /// Calls `vary` with what tells it how good a genome is.
    fn with_trial<T>(&mut self, vary: impl FnOnce(&mut Rng, &mut Trial<'_>) -> T) -> T {
        let Self {
            generation,
            rng,
            bench,
            spent,
            ..
        } = self;
        let (search, cases) = (generation.search, generation.sample.cases());
        // Enough must be left to judge the child.
        let reserved = u64::from(search.cases);
        let room = generation.allowance.saturating_sub(*spent + reserved);
        let mut left = u64::from(MOST_TRIALS).min(room / cases.len() as u64);
        let mut losses = Vec::new();
        vary(rng, &mut |genome: &Genome| {
            left = left.checked_sub(1)?;
            *spent += cases.len() as u64;
            search.judge(genome, cases, bench, &mut losses);
            Some(Score::of(&losses).loss())
        })
    }

    /// As its parent, which it is judged with on the cases of this generation.
    fn copy(&mut self) -> Option<Draft<'g>> {
        let parent = self.parent()?;
        let genome = parent.genome.clone();
        let mut losses = Vec::new();
        self.run(&genome, self.sample().cases(), &mut losses);
        self.attempts.push(Attempt {
            operator: None,
            runs: losses.len() as u64,
            gained: false,
        });
        Some(Draft {
            genome,
            nodes: parent.nodes,
            parents: vec![parent],
            maker: Maker::Copy,
            losses,
            is_novel: false,
        })
    }

    /// Looks over what was made and judges it on the sample. None if it is beyond the limits or the
    /// same as a parent. `operator` is who answers for it, and the cases it has run candidates on.
    fn judged(
        &mut self,
        genome: Genome,
        parents: Vec<&'g Individual>,
        maker: Maker,
        operator: Option<(u16, u64)>,
    ) -> Option<Draft<'g>> {
        let generation = self.generation;
        let scope = &generation.search.scope;
        let nodes = genome.size();
        if nodes > scope.max_nodes || genome.depth() > scope.max_depth {
            return None;
        }
        let is_parent = |parent: &&Individual| parent.genome == genome;
        if !fits(&genome, scope.max_bytes) || parents.iter().any(is_parent) {
            return None;
        }
        let mut losses = Vec::new();
        self.run(&genome, generation.sample.cases(), &mut losses);
        let is_novel = self.pool.is_novel(&losses);
        let usual = parents.iter().map(|p| p.score_on(&generation.before)).min();
        self.attempts.push(Attempt {
            operator: operator.map(|(at, _)| at),
            runs: losses.len() as u64 + operator.map_or(0, |(_, tried)| tried),
            gained: is_novel && usual.is_some_and(|usual| Score::of(&losses) < usual),
        });
        Some(Draft {
            nodes: u32::try_from(nodes).unwrap_or(u32::MAX),
            genome,
            parents,
            maker,
            losses,
            is_novel,
        })
    }

    fn run(&mut self, genome: &Genome, cases: &[u32], losses: &mut Vec<Loss>) {
        let search = self.generation.search;
        search.judge(genome, cases, self.bench, losses);
        self.spent += cases.len() as u64;
    }

    /// The child, judged on the other cases too if it has earned it.
    fn finish(mut self, draft: Draft<'g>) -> Child {
        let sample = self.sample();
        let mut losses = draft.losses;
        let mut full = sample.is_whole();
        let earned = |bar: Score| Score::of(&losses) <= bar;
        if !full && self.pool.bar.is_none_or(earned) {
            let rest = &self.generation.rest;
            let mut others = Vec::new();
            self.run(&draft.genome, rest, &mut others);
            self.attempts.push(Attempt {
                operator: None,
                runs: rest.len() as u64,
                gained: false,
            });
            let mut all = vec![Loss::WORST; losses.len() + others.len()];
            let on_sample = sample.cases().iter().zip(&losses);
            for (case, loss) in on_sample.chain(rest.iter().zip(&others)) {
                all[*case as usize] = *loss;
            }
            losses = all;
            full = true;
        }
        let text = draft.genome.text();
        debug_assert_eq!(
            Genome::parse(&text).as_ref(),
            Ok(&draft.genome),
            "an operator's product is canonical"
        );
        let individual = Individual {
            id: self.id,
            island: self.island,
            genome: draft.genome,
            text,
            nodes: draft.nodes,
            score: Score::of(&losses),
            losses,
            full,
            parents: draft.parents.iter().map(|parent| parent.id).collect(),
            maker: draft.maker,
        };
        Child {
            individual,
            attempts: self.attempts,
        }
    }

    /// A parent from the island or its archive.
    fn parent(&mut self) -> Option<&'g Individual> {
        let Pool {
            members, archive, ..
        } = self.pool;
        if !archive.is_empty() && self.rng.random_range(0..ARCHIVE_EVERY) == 0 {
            let drawn = self.below(archive.len());
            return Some(&archive[drawn].1);
        }
        let drawn = self.pool.selector.select(&mut self.rng)?;
        members.get(drawn).map(AsRef::as_ref)
    }

    /// The number of an operator, by the shares.
    fn operator(&mut self) -> usize {
        let shares = &self.generation.shares;
        let mut left: f64 = self.rng.random();
        for (at, share) in shares.iter().enumerate() {
            left -= share;
            if left < 0.0 {
                return at;
            }
        }
        // Rounding has left a little over.
        shares.iter().rposition(|share| *share > 0.0).unwrap_or(0)
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        self.rng.random_range(0..end.max(1)) as usize
    }
}
