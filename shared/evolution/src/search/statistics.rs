//! What a generation is like, and what is amiss with it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::population::Population;
use super::sample::Sample;
use crate::Loss;

/// Over how many generations blocks are watched for growing.
const BLOAT_WINDOW: usize = 10;
/// How many times larger they may get in these without anything gained.
const BLOAT_FACTOR: u32 = 2;
/// Blocks smaller than this are not called bloated.
const BLOAT_NODES: u32 = 24;
/// Below this share of different behaviours a population has collapsed.
const LEAST_DIVERSITY: f64 = 0.1;

/// What a generation is like. Losses are means over the cases of the generation, but for the best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Which one.
    pub generation: u32,
    /// The mean loss over all cases of the best that ever was.
    pub best: Loss,
    /// How many nodes it has.
    pub best_nodes: u32,
    /// The mean loss of those that fail on no case; [`Loss::WORST`] if there are none.
    pub mean: Loss,
    /// The median loss of all.
    pub median: Loss,
    /// How many candidates fail on a case or more.
    pub failing: u32,
    /// How many candidates there are.
    pub population: u32,
    /// Different behaviours (vectors of losses), as a share of the population.
    pub diversity: f64,
    /// The median size, in nodes.
    pub nodes: u32,
    /// The size of the largest, in nodes.
    pub most_nodes: u32,
    /// The median size, in bytes.
    pub bytes: u32,
    /// Evaluations so far.
    pub evaluations: u64,
    /// For how many generations the best has not improved.
    pub plateau: u32,
    /// What was tried to make this generation, by operator.
    pub operators: Vec<Yield>,
    /// What is amiss.
    pub alarms: Vec<Alarm>,
}

/// What an operator yielded in a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Yield {
    /// Its name.
    pub operator: String,
    /// How many genomes it made that were judged.
    pub tries: u64,
    /// How many of them were better than the better of their parents.
    pub gains: u64,
    /// On how many cases candidates were run for it.
    pub runs: u64,
}

/// What is amiss with a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alarm {
    /// Blocks got more than twice as large within 10 generations in which nothing was gained.
    Bloat,
    /// Fewer than a tenth of the candidates behave differently, or all behave alike.
    DiversityCollapse,
}

/// The statistics of `population`, which stand after those that it remembers. `operators` are what
/// was tried to make it.
pub(super) fn of(population: &Population, sample: &Sample, operators: Vec<Yield>) -> Statistics {
    let members = || population.islands.iter().flat_map(|i| &i.members);
    let mut losses: Vec<Loss> = members().map(|m| m.score_on(sample).loss()).collect();
    losses.sort_unstable();
    let sound = losses.partition_point(|loss| *loss < Loss::WORST);
    let count = losses.len();

    let mut behaviours: Vec<Cow<'_, [Loss]>> = members().map(|m| m.on(sample)).collect();
    behaviours.sort_unstable();
    behaviours.dedup();
    let mut nodes: Vec<u32> = members().map(|m| m.nodes).collect();
    nodes.sort_unstable();
    let mut bytes: Vec<usize> = members().map(|m| m.text.len()).collect();
    bytes.sort_unstable();

    let mut statistics = Statistics {
        generation: population.generation,
        best: population.best.score.loss(),
        best_nodes: population.best.nodes,
        mean: Loss::mean(&losses[..sound]),
        median: median(&losses).unwrap_or(Loss::WORST),
        failing: count_of(count - sound),
        population: count_of(count),
        diversity: f64::from(count_of(behaviours.len())) / f64::from(count_of(count).max(1)),
        nodes: median(&nodes).unwrap_or_default(),
        most_nodes: nodes.last().copied().unwrap_or_default(),
        bytes: count_of(median(&bytes).unwrap_or_default()),
        evaluations: population.evaluations(),
        plateau: population.plateau,
        operators,
        alarms: Vec::new(),
    };
    statistics.alarms = alarms(&population.history, &statistics, behaviours.len());
    statistics
}

fn alarms(history: &[Statistics], now: &Statistics, behaviours: usize) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    let then = history
        .len()
        .checked_sub(BLOAT_WINDOW)
        .map(|at| &history[at]);
    if let Some(then) = then
        && now.best >= then.best
        && now.nodes >= BLOAT_NODES
        && now.nodes > BLOAT_FACTOR * then.nodes
    {
        alarms.push(Alarm::Bloat);
    }
    if now.population > 1 && (behaviours == 1 || now.diversity < LEAST_DIVERSITY) {
        alarms.push(Alarm::DiversityCollapse);
    }
    alarms
}

/// The lower median.
fn median<T: Copy>(sorted: &[T]) -> Option<T> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get(last / 2).copied()
}

fn count_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
