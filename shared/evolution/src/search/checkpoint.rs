//! Populations and children as bytes.
//!
//! One population has one form: eight bytes that say what it is, two of the format's number, the
//! SHA-256 of what follows, and what follows in postcard's encoding. Everybody stands in it once,
//! by id, wherever he is; blocks are Python.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::bandit::{Attempt, Record};
use super::generation::Child;
use super::individual::{Id, Individual, Maker, Score};
use super::lineage::Digest;
use super::population::{Island, Population};
use super::statistics::Statistics;
use super::{Error, Search};
use crate::{Genome, Loss};

const CHECKPOINT: [u8; 8] = *b"TDEVEVOL";
const SHARD: [u8; 8] = *b"TDEVEVSH";
/// The format of both.
const FORMAT: u16 = 1;
const DIGEST_AT: usize = 10;
const BODY_AT: usize = 42;

/// A loss in one byte if it is 0 or the worst, in a few if it is a whole number.
#[derive(Serialize, Deserialize)]
enum StoredLoss {
    Zero,
    Worst,
    Whole(u32),
    Other(Loss),
}

#[derive(Serialize, Deserialize)]
struct StoredIndividual {
    generation: u32,
    child: u32,
    island: u32,
    text: String,
    losses: Vec<StoredLoss>,
    full: bool,
    parents: Vec<(u32, u32)>,
    maker: Maker,
}

#[derive(Serialize, Deserialize)]
struct StoredPopulation {
    identity: [u8; 32],
    evaluator: [u8; 32],
    generation: u32,
    runs: u64,
    cases: u32,
    plateau: u32,
    head: [u8; 32],
    individuals: Vec<StoredIndividual>,
    /// By their places in `individuals`, as are all below.
    islands: Vec<StoredIsland>,
    origin: u32,
    best: u32,
    operators: Vec<Record>,
    history: Vec<Statistics>,
}

#[derive(Serialize, Deserialize)]
struct StoredIsland {
    members: Vec<u32>,
    archive: Vec<(u16, u32)>,
}

#[derive(Serialize, Deserialize)]
struct StoredShard {
    /// The head of the population's lineage.
    of: [u8; 32],
    children: Vec<(StoredIndividual, Vec<Attempt>)>,
}

impl Population {
    /// The checkpoint: equal populations have equal bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Encoding`], which does not happen.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let on_islands = self.islands.iter().flat_map(|island| {
            let kept = island.archive.iter().map(|(_, kept)| kept);
            island.members.iter().chain(kept)
        });
        let all = on_islands.chain([&self.origin, &self.best]);
        let by_id: BTreeMap<Id, &Individual> = all.map(|who| (who.id, &**who)).collect();
        let places: BTreeMap<Id, u32> = by_id.keys().copied().zip(0..).collect();
        let place = |who: &Arc<Individual>| places[&who.id];
        let islands = self.islands.iter().map(|island| StoredIsland {
            members: island.members.iter().map(place).collect(),
            archive: island.archive.iter().map(|(c, k)| (*c, place(k))).collect(),
        });
        let stored = StoredPopulation {
            identity: self.identity.0,
            evaluator: self.evaluator.0,
            generation: self.generation,
            runs: self.runs,
            cases: self.cases,
            plateau: self.plateau,
            head: self.head.0,
            individuals: by_id.into_values().map(StoredIndividual::of).collect(),
            islands: islands.collect(),
            origin: place(&self.origin),
            best: place(&self.best),
            operators: self.operators.clone(),
            history: self.history.clone(),
        };
        seal(CHECKPOINT, &stored)
    }

    /// The population of a checkpoint. Whether it is one of a certain search is for
    /// [`Search::read`] to tell.
    ///
    /// # Errors
    ///
    /// [`Error`] says what is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let stored: StoredPopulation = open(CHECKPOINT, bytes)?;
        let individuals = stored.individuals.into_iter();
        let individuals = individuals.map(|stored| stored.read().map(Arc::new));
        let individuals = individuals.collect::<Result<Vec<_>, Error>>()?;
        let at = |place: u32| {
            let found = individuals.get(place as usize).map(Arc::clone);
            found.ok_or(Error::Inconsistent)
        };
        let island = |stored: StoredIsland| {
            let members = stored.members.into_iter().map(at);
            let archive = stored.archive.into_iter();
            let archive = archive.map(|(cell, place)| Ok((cell, at(place)?)));
            Ok(Island {
                members: members.collect::<Result<_, Error>>()?,
                archive: archive.collect::<Result<_, Error>>()?,
            })
        };
        let islands = stored.islands.into_iter().map(island);
        let population = Self {
            identity: Digest(stored.identity),
            evaluator: Digest(stored.evaluator),
            generation: stored.generation,
            runs: stored.runs,
            cases: stored.cases,
            plateau: stored.plateau,
            head: Digest(stored.head),
            islands: islands.collect::<Result<_, Error>>()?,
            origin: at(stored.origin)?,
            best: at(stored.best)?,
            operators: stored.operators,
            history: stored.history,
        };
        let whole = population.cases as usize;
        let judged_on_all = |of: &Individual| of.losses.len() == whole;
        if individuals.iter().any(|of| of.full && !judged_on_all(of)) {
            return Err(Error::Inconsistent);
        }
        Ok(population)
    }
}

impl Search<'_> {
    /// The population of a checkpoint of this search.
    ///
    /// # Errors
    ///
    /// [`Error`] says what is wrong with the bytes; [`Error::OtherEvaluator`] if the cases, the
    /// metric or the version of the evaluator have changed since, and [`Error::OtherSearch`] if
    /// anything else but the budget has.
    pub fn read(&self, bytes: &[u8]) -> Result<Population, Error> {
        let population = Population::from_bytes(bytes)?;
        self.owns(&population)?;
        Ok(population)
    }

    /// Whether `population` is of this search.
    pub(super) fn owns(&self, population: &Population) -> Result<(), Error> {
        if population.evaluator != self.judge {
            return Err(Error::OtherEvaluator);
        }
        if population.identity != self.identity {
            return Err(Error::OtherSearch);
        }
        let counts = (
            population.cases,
            population.islands.len(),
            population.operators.len(),
        );
        let islands = self.settings.islands.count as usize;
        if counts != (self.cases, islands, self.operators.len()) {
            return Err(Error::Inconsistent);
        }
        Ok(())
    }

    /// Children of `population` as bytes, to be kept or sent to who makes the rest of them.
    ///
    /// # Errors
    ///
    /// [`Error::Encoding`], which does not happen.
    pub fn pack(&self, population: &Population, children: &[Child]) -> Result<Vec<u8>, Error> {
        let children = children.iter();
        let children = children.map(|child| {
            (
                StoredIndividual::of(&child.individual),
                child.attempts.clone(),
            )
        });
        let shard = StoredShard {
            of: population.head.0,
            children: children.collect(),
        };
        seal(SHARD, &shard)
    }

    /// The children that were [packed](Self::pack).
    ///
    /// # Errors
    ///
    /// [`Error`] says what is wrong with the bytes; [`Error::OtherPopulation`] if the children are
    /// not of `population`.
    pub fn unpack(&self, population: &Population, bytes: &[u8]) -> Result<Vec<Child>, Error> {
        let shard: StoredShard = open(SHARD, bytes)?;
        if shard.of != population.head.0 {
            return Err(Error::OtherPopulation);
        }
        let child = |(individual, attempts): (StoredIndividual, Vec<Attempt>)| {
            Ok(Child {
                individual: individual.read()?,
                attempts,
            })
        };
        shard.children.into_iter().map(child).collect()
    }
}

impl StoredIndividual {
    fn of(individual: &Individual) -> Self {
        let pair = |id: &Id| (id.generation, id.child);
        Self {
            generation: individual.id.generation,
            child: individual.id.child,
            island: individual.island,
            text: individual.text.clone(),
            losses: individual
                .losses
                .iter()
                .map(|l| StoredLoss::of(*l))
                .collect(),
            full: individual.full,
            parents: individual.parents.iter().map(pair).collect(),
            maker: individual.maker,
        }
    }

    fn read(self) -> Result<Individual, Error> {
        let id = Id {
            generation: self.generation,
            child: self.child,
        };
        let genome = Genome::parse(&self.text).map_err(|source| Error::Block { id, source })?;
        let losses: Vec<Loss> = self.losses.into_iter().map(StoredLoss::read).collect();
        let parents = self.parents.into_iter();
        let parents = parents.map(|(generation, child)| Id { generation, child });
        Ok(Individual {
            id,
            island: self.island,
            nodes: u32::try_from(genome.size()).unwrap_or(u32::MAX),
            genome,
            text: self.text,
            score: Score::of(&losses),
            losses,
            full: self.full,
            parents: parents.collect(),
            maker: self.maker,
        })
    }
}

impl StoredLoss {
    fn of(loss: Loss) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "compared with what it comes from"
        )]
        let whole = loss.value() as u32;
        if loss == Loss::ZERO {
            Self::Zero
        } else if loss == Loss::WORST {
            Self::Worst
        } else if Loss::new(f64::from(whole)) == Some(loss) {
            Self::Whole(whole)
        } else {
            Self::Other(loss)
        }
    }

    fn read(self) -> Loss {
        match self {
            Self::Zero => Loss::ZERO,
            Self::Worst => Loss::WORST,
            Self::Whole(whole) => Loss::or_worst(f64::from(whole)),
            Self::Other(loss) => loss,
        }
    }
}

fn seal(kind: [u8; 8], value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let body = postcard::to_stdvec(value).map_err(Error::Encoding)?;
    let digest = Digest::of(&[&body]);
    Ok([&kind[..], &FORMAT.to_le_bytes(), &digest.0, &body].concat())
}

fn open<T: DeserializeOwned>(kind: [u8; 8], bytes: &[u8]) -> Result<T, Error> {
    let header = bytes.split_at_checked(BODY_AT);
    let (header, body) = header.ok_or(Error::NotACheckpoint)?;
    if header[..8] != kind {
        return Err(Error::NotACheckpoint);
    }
    let found = u16::from_le_bytes([header[8], header[9]]);
    if found != FORMAT {
        return Err(Error::Format {
            found,
            expected: FORMAT,
        });
    }
    if header[DIGEST_AT..] != Digest::of(&[body]).0 {
        return Err(Error::Damaged);
    }
    postcard::from_bytes(body).map_err(Error::Encoding)
}
