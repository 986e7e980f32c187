//! One search, whoever makes it and however often it is interrupted.

use proptest::prelude::*;

use super::super::{Child, Error, Population, Search, Step};
use super::world::{AGENT, Curve, benches, settings, steps};
use crate::problem::{Evaluator, Workbench};
use crate::{Selection, Settings};

fn sampled() -> Settings {
    Settings {
        selection: Selection::Lexicase { sample: 0.4 },
        ..settings()
    }
}

/// Makes a generation in the shards that `cuts` divide it into, from the last to the first, each
/// by a worker that knows nothing but bytes.
fn in_shards(search: &Search<'_>, checkpoint: &[u8], cuts: &[u32], threads: usize) -> Vec<u8> {
    let population = search.read(checkpoint).unwrap();
    let count = search.children_of(&population);
    let mut ends: Vec<u32> = cuts.iter().map(|cut| cut % (count + 1)).collect();
    ends.extend([0, count]);
    ends.sort_unstable();
    let shard = |ends: &[u32]| {
        let population = search.read(checkpoint).unwrap();
        let generation = search.generation(&population).unwrap();
        let children = generation.children(ends[0]..ends[1], &mut benches(threads));
        search.pack(&population, &children).unwrap()
    };
    let shards: Vec<Vec<u8>> = ends.windows(2).map(shard).collect();
    let unpack = |shard: &Vec<u8>| search.unpack(&population, shard).unwrap();
    let children: Vec<Child> = shards.iter().rev().flat_map(unpack).collect();
    let step = search.advance(population, children).unwrap();
    step.population.to_bytes().unwrap()
}

fn checkpoints(search: &Search<'_>) -> Vec<Vec<u8>> {
    let bytes = |step: Step| step.population.to_bytes().unwrap();
    steps(search).into_iter().map(bytes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_division_into_shards_and_any_resumption_leads_to_the_same_bytes(
        seed in any::<u64>(),
        by_sample in any::<bool>(),
        cuts in prop::collection::vec(prop::collection::vec(any::<u32>(), 0..4), 10..12),
        threads in prop::collection::vec(1..=2_usize, 12),
    ) {
        let (curve, origin) = Curve::new(AGENT, 10);
        let settings = if by_sample { sampled() } else { settings() };
        let search = curve.search(origin, Settings { seed, ..settings });
        let expected = checkpoints(&search);
        let mut checkpoint = expected[0].clone();
        for ((cuts, threads), expected) in cuts.iter().zip(threads).zip(&expected[1..]) {
            checkpoint = in_shards(&search, &checkpoint, cuts, threads);
            prop_assert!(checkpoint == *expected);
        }
    }
}

#[test]
fn a_checkpoint_is_read_as_it_was_written() {
    let (curve, origin) = Curve::new(AGENT, 10);
    for settings in [settings(), sampled()] {
        let search = curve.search(origin.clone(), settings);
        for step in steps(&search) {
            let bytes = step.population.to_bytes().unwrap();
            assert_eq!(search.read(&bytes).unwrap(), step.population);
        }
    }
}

#[test]
fn seeds_differ() {
    let (curve, origin) = Curve::new(AGENT, 10);
    let best = |seed| {
        let search = curve.search(origin.clone(), Settings { seed, ..settings() });
        let last = checkpoints(&search).pop().unwrap();
        search.read(&last).unwrap().head()
    };
    assert_ne!(best(1), best(2));
}

#[test]
fn a_checkpoint_is_refused_by_name() {
    let (curve, origin) = Curve::new(AGENT, 10);
    let search = curve.search(origin.clone(), settings());
    let bytes = checkpoints(&search).pop().unwrap();

    assert!(matches!(
        search.read(&bytes[..9]),
        Err(Error::NotACheckpoint)
    ));
    assert!(matches!(
        search.read(b"{\"generation\": 3, \"islands\": [{}, {}]}"),
        Err(Error::NotACheckpoint)
    ));
    let mut later = bytes.clone();
    later[8] = 2;
    let later = search.read(&later);
    assert!(matches!(
        later,
        Err(Error::Format {
            found: 2,
            expected: 1
        })
    ));
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    assert!(matches!(search.read(&damaged), Err(Error::Damaged)));
    let cut = search.read(&bytes[..bytes.len() - 1]);
    assert!(matches!(cut, Err(Error::Damaged)));

    let other = Settings {
        elite: 2,
        ..settings()
    };
    let other = curve.search(origin.clone(), other).read(&bytes);
    assert!(matches!(other, Err(Error::OtherSearch)));
    let (mut changed, _) = Curve::new(AGENT, 10);
    changed.digest = 2;
    let changed = changed.search(origin.clone(), settings()).read(&bytes);
    assert!(matches!(changed, Err(Error::OtherEvaluator)));

    let mut longer = settings();
    longer.budget.generations = 99;
    assert!(curve.search(origin, longer).read(&bytes).is_ok());
}

#[test]
fn children_are_all_there_once_and_of_their_population() {
    let (curve, origin) = Curve::new(AGENT, 10);
    let search = curve.search(origin, settings());
    let steps = steps(&search);
    let [parents, others] = [&steps[2].population, &steps[3].population];
    let children = |of: &Population| {
        let generation = search.generation(of).unwrap();
        generation.children(0..u32::MAX, &mut benches(1))
    };
    let all = children(parents);
    let count = u32::try_from(all.len()).unwrap();
    let advance = |children: &[Child]| search.advance(parents.clone(), children.to_vec());
    assert!(advance(&all).is_ok());
    assert!(matches!(advance(&all[1..]), Err(Error::Children(0))));
    let last = advance(&all[..all.len() - 1]);
    assert!(matches!(last, Err(Error::Children(at)) if at == count - 1));
    let twice = [&all[..], &all[4..5]].concat();
    assert!(matches!(advance(&twice), Err(Error::Children(4))));
    assert!(matches!(
        advance(&children(others)),
        Err(Error::OtherPopulation)
    ));
    let shard = search.pack(others, &children(others)).unwrap();
    assert!(matches!(
        search.unpack(parents, &shard),
        Err(Error::OtherPopulation)
    ));

    let generation = search.generation(parents).unwrap();
    assert_eq!(generation.child(count, &mut Workbench::default()), None);
}

#[test]
fn a_hundred_evaluations_have_one_outcome() {
    let (curve, origin) = Curve::new(AGENT, 10);
    let search = curve.search(origin, settings());
    let last = steps(&search).pop().unwrap().population;
    let mut shared = Workbench::default();
    let cases: Vec<u32> = (0..curve.cases()).collect();
    for member in last.islands()[0].members() {
        for round in 0..100 {
            let mut fresh = Workbench::default();
            let bench = if round % 10 == 0 {
                &mut fresh
            } else {
                &mut shared
            };
            let mut losses = Vec::new();
            search
                .evaluator()
                .evaluate(&member.genome, &cases, bench, &mut losses);
            assert_eq!(losses, member.losses);
        }
    }
}
