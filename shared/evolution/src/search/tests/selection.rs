//! Who stays, who moves, and when it ends.

use std::collections::BTreeSet;

use super::super::{Alarm, Id, Individual, Island, Maker, Population, Reason, Status, Used};
use super::world::{AGENT, Curve, Leaf, Widen, finished, settings, steps};
use crate::problem::Workbench;
use crate::{Loss, Operator, Selection, Settings};

fn curve() -> (Curve, crate::Genome) {
    Curve::new(AGENT, 10)
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let (curve, origin) = curve();
    let mut settings = Settings {
        population: 100,
        ..settings()
    };
    settings.budget.target = Some(0.0);
    let selections = [
        Selection::Tournament { size: 4 },
        Selection::Lexicase { sample: 1.0 },
        Selection::Lexicase { sample: 0.3 },
    ];
    for selection in selections {
        let search = curve.search(
            origin.clone(),
            Settings {
                selection,
                ..settings.clone()
            },
        );
        let (last, reason) = finished(&search);
        assert_eq!(reason, Reason::Target, "{selection:?}");
        assert_eq!(last.best().losses, [Loss::ZERO; 10]);
        assert!(last.best().full);
    }
}

#[test]
fn the_elite_goes_on_and_the_best_never_gets_worse() {
    let (curve, origin) = curve();
    for sample in [1.0, 0.2] {
        let settings = Settings {
            selection: Selection::Lexicase { sample },
            elite: 2,
            ..settings()
        };
        let search = curve.search(origin.clone(), settings);
        let steps = steps(&search);
        for pair in steps.windows(2) {
            let [before, after] = [&pair[0].population, &pair[1].population];
            assert!(after.best().score <= before.best().score);
            for (old, new) in before.islands().iter().zip(after.islands()) {
                let present: BTreeSet<Id> = new.members().map(|m| m.id).collect();
                let mut full: Vec<_> = old.members().filter(|m| m.full).collect();
                full.sort_by_key(|m| (m.score, m.nodes, m.id));
                for elite in full.iter().take(2) {
                    assert!(present.contains(&elite.id));
                }
                assert!(old.members().len() <= new.members().len());
            }
            let sizes: usize = after.islands().iter().map(|i| i.members().len()).sum();
            assert_eq!(sizes, 24);
        }
    }
}

#[test]
fn nobody_is_called_best_by_the_luck_of_a_sample() {
    let (curve, origin) = curve();
    let settings = Settings {
        selection: Selection::Lexicase { sample: 0.1 },
        ..settings()
    };
    let search = curve.search(origin, settings);
    let mut sampled = 0;
    for step in steps(&search) {
        let population = step.population;
        assert!(population.best().full);
        assert_eq!(population.best().losses.len(), 10);
        let members = population.islands().iter().flat_map(Island::members);
        sampled += members.filter(|m| !m.full && m.losses.len() == 1).count();
        let archived = population.islands().iter().flat_map(Island::archive);
        assert!(archived.into_iter().all(|kept| kept.full));
    }
    assert!(sampled > 50, "{sampled}");
}

/// How many live on an island on which they were not made, summed over all generations.
fn foreigners(populations: &[Population]) -> usize {
    let islands = populations.iter().flat_map(|p| p.islands().iter().zip(0..));
    let of_island = islands.map(|(island, at)| {
        let foreign = |m: &&Individual| m.island != at && m.id != Id::ORIGIN;
        island.members().filter(foreign).count()
    });
    of_island.sum()
}

#[test]
fn the_best_move_on_around_the_ring() {
    let (curve, origin) = curve();
    let run = |every: u32, count: u32| {
        let mut settings = settings();
        settings.population = 24;
        settings.islands.count = count;
        settings.islands.migrate_every = every;
        let search = curve.search(origin.clone(), settings);
        let all = steps(&search).into_iter().map(|step| step.population);
        all.collect::<Vec<Population>>()
    };
    assert_eq!(foreigners(&run(0, 3)), 0);
    assert_eq!(foreigners(&run(1, 1)), 0);

    let populations = run(4, 3);
    assert_eq!(foreigners(&populations[..4]), 0);
    let arrived = &populations[4];
    for (at, island) in arrived.islands().iter().enumerate() {
        let came: Vec<_> = island
            .members()
            .filter(|m| m.island as usize != at)
            .collect();
        assert_eq!(came.len(), 1);
        assert_eq!(came[0].island as usize, (at + 2) % 3);
        let from = &arrived.islands()[(at + 2) % 3];
        assert!(from.members().any(|m| m.id == came[0].id && m == came[0]));
    }
    // With isolated islands, nobody descends from another island either.
    for population in run(0, 3) {
        for (at, island) in population.islands().iter().enumerate() {
            let native = |m: &Individual| m.island as usize == at || m.id == Id::ORIGIN;
            assert!(island.members().all(native));
            assert!(island.archive().all(native));
        }
    }
}

#[test]
fn of_equally_good_ones_the_smaller_stands_first() {
    let (curve, origin) = curve();
    let search = curve.search(origin.clone(), settings());
    for step in steps(&search) {
        for island in step.population.islands() {
            let keys: Vec<_> = island.members().map(|m| (m.score, m.nodes)).collect();
            assert!(keys.is_sorted());
        }
    }
    let dear = Settings {
        parsimony: 1e6,
        ..settings()
    };
    let search = curve.search(origin, dear);
    let last = finished(&search).0;
    let sound = last.islands()[0].members().filter(|m| m.score.failed == 0);
    assert!(sound.map(|m| m.nodes).is_sorted());
}

#[test]
fn a_child_that_behaves_as_another_is_made_anew() {
    let (curve, origin) = curve();
    let mean_diversity = |novelty| {
        let search = curve.search(
            origin.clone(),
            Settings {
                novelty,
                ..settings()
            },
        );
        let (last, _) = finished(&search);
        let shares: f64 = last.history().iter().map(|s| s.diversity).sum();
        (shares, last.evaluations())
    };
    let (with, dearer) = mean_diversity(true);
    let (without, cheaper) = mean_diversity(false);
    assert!(with > without, "{with} {without}");
    assert!(dearer > cheaper);
}

#[test]
fn an_archive_has_the_best_of_each_kind() {
    let (curve, origin) = curve();
    let search = curve.search(origin, settings());
    let steps = steps(&search);
    let last = &steps.last().unwrap().population;
    let archive: Vec<_> = last.islands()[0].archive().collect();
    assert!(archive.len() > 4, "{}", archive.len());
    let sizes: BTreeSet<u32> = archive.iter().map(|kept| kept.nodes).collect();
    assert!(sizes.len() > 3, "{sizes:?}");
    // Some live on in the archive alone, and have children.
    let members: BTreeSet<Id> = steps
        .iter()
        .flat_map(|step| step.population.islands())
        .flat_map(Island::members)
        .filter(|member| member.id.generation == 12)
        .flat_map(|member| member.parents.clone())
        .collect();
    assert!(members.iter().any(|parent| parent.generation < 11));
}

#[test]
fn the_first_generation_varies_the_block_by_one_step_or_more() {
    let (curve, origin) = curve();
    let search = curve.search(origin, settings());
    let steps = steps(&search);
    let first = &steps[1].population;
    let made = first.islands().iter().flat_map(Island::members);
    let (own, made): (Vec<_>, Vec<_>) = made.partition(|m| m.maker == Maker::Agent);
    assert_eq!(own.len(), 2);
    let started = made.iter().filter(|m| m.maker == Maker::Start);
    assert!(started.clone().all(|m| m.parents == [Id::ORIGIN]));
    let sizes: BTreeSet<u32> = started.map(|m| m.nodes).collect();
    assert!(sizes.len() >= 3, "{sizes:?}");
}

#[test]
fn every_limit_of_the_budget_ends_the_search() {
    let (curve, origin) = curve();
    let end = |change: fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        let search = curve.search(origin.clone(), settings.clone());
        let (last, reason) = finished(&search);
        assert!(last.evaluations() <= settings.budget.evaluations);
        (reason, last)
    };
    let (reason, last) = end(|s| s.budget.generations = 3);
    assert_eq!((reason, last.generation()), (Reason::Generations, 3));
    let (reason, last) = end(|s| s.budget.evaluations = 150);
    assert_eq!(reason, Reason::Evaluations);
    assert!(last.evaluations() > 100);
    let (reason, last) = end(|s| s.budget.evaluations = 10);
    assert_eq!((reason, last.generation()), (Reason::Evaluations, 0));
    let (reason, _) = end(|s| s.budget.target = Some(1e9));
    assert_eq!(reason, Reason::Target);
    let (reason, last) = end(|s| {
        s.budget.generations = 1000;
        s.budget.plateau = 4;
    });
    assert_eq!((reason, last.plateau()), (Reason::Plateau, 4));

    let search = curve.search(origin.clone(), settings());
    let first = search.begin(&mut Workbench::default()).unwrap().population;
    let status = |seconds, dollars| search.status(&first, Used { seconds, dollars });
    assert_eq!(status(3599.0, 0.99), Status::Continue);
    assert_eq!(status(3600.0, 0.0), Status::Stop(Reason::Seconds));
    assert_eq!(status(0.0, 1.0), Status::Stop(Reason::Dollars));
}

#[test]
fn operators_that_gain_get_more_children() {
    let (curve, origin) = curve();
    let mut settings = Settings {
        population: 60,
        ..settings()
    };
    settings.budget.generations = 30;
    let search = curve.search(origin, settings);
    let (last, _) = finished(&search);
    let records = last.operators();
    let rate = |at: usize| {
        let record = &records[at];
        (record.gains, record.runs, record.tries)
    };
    // `leaf` and `widen` had the same share to begin with.
    let (leaf, widen) = (rate(0), rate(1));
    let leaf_is_better = leaf.0 * widen.1 > widen.0 * leaf.1;
    assert_eq!(leaf_is_better, leaf.2 > widen.2, "{records:?}");
    assert!(records.iter().all(|record| record.tries > 10));
    // Three evaluations of its own and one of the child.
    assert!(records[3].runs > 2 * 10 * records[3].tries);
}

#[test]
fn a_population_that_behaves_alike_is_reported() {
    let (curve, origin) = curve();
    let agent = AGENT.replace("return x", "return 9.0");
    let operators = || -> Vec<Box<dyn Operator>> { vec![Box::new(Leaf)] };
    let alone = Settings {
        novelty: false,
        population: 80,
        ..settings()
    };
    let (constant, block) = Curve::new(&agent, 10);
    // Of one leaf there are no more than four blocks, and five behaviours.
    let (last, _) = finished(&constant.search_by(block, operators(), alone.clone()));
    let alarms = |last: &Population| last.history().last().unwrap().alarms.clone();
    assert_eq!(alarms(&last), [Alarm::DiversityCollapse]);
    let (last, _) = finished(&curve.search(origin, alone));
    assert!(!alarms(&last).contains(&Alarm::DiversityCollapse));
}

#[test]
fn growing_without_gaining_is_reported() {
    // Nothing is better than the block, and every child is larger than its parent.
    let agent = AGENT.replace("return x", "return x * x + x");
    let (curve, origin) = Curve::new(&agent, 10);
    let mut settings = Settings {
        max_nodes: 400,
        max_depth: 60,
        elite: 0,
        novelty: false,
        selection: Selection::Tournament { size: 1 },
        ..settings()
    };
    settings.budget.generations = 40;
    let search = curve.search_by(origin.clone(), vec![Box::new(Widen)], settings.clone());
    let bloated = finished(&search).0;
    let reported = |of: &Population| {
        let alarms = of.history().iter().flat_map(|s| &s.alarms);
        alarms.filter(|alarm| **alarm == Alarm::Bloat).count()
    };
    assert!(reported(&bloated) > 0);

    settings.parsimony = 100.0;
    settings.selection = Selection::Tournament { size: 5 };
    settings.elite = 1;
    let search = curve.search_by(origin, super::world::operators(), settings);
    assert_eq!(reported(&finished(&search).0), 0);
}
