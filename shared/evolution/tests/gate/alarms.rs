//! Point 14: growth without gain, and sameness.

use tdev_evolution::gate::{Code, Policy, Verdict, decide};
use tdev_evolution::search::{Alarm, Population};
use tdev_evolution::variation::operators;
use tdev_evolution::{IslandSettings, Selection, Settings};

use crate::bench::{RIGHT, Setting, codes, estimate, estimate_problem, small};

/// The alarms of each generation after the first, which is the agent alone.
fn alarms(population: &Population) -> Vec<&[Alarm]> {
    let history = population.history().iter().skip(1);
    history.map(|generation| &generation.alarms[..]).collect()
}

/// A search with only these operators, of as many generations.
fn bred(setting: &Setting, names: &[&str], settings: &Settings) -> Population {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let settings = Settings {
        operators: names.clone(),
        ..settings.clone()
    };
    setting.search(operators(&names).unwrap(), settings).0
}

fn settings(generations: u32) -> Settings {
    let mut settings = Settings {
        population: 48,
        ..small(9)
    };
    settings.budget.generations = generations;
    settings.budget.evaluations = 100_000;
    settings
}

/// The agent of [`estimate`] with another block.
fn with_block(block: &str) -> Setting {
    let around = "def get_capabilities():\n    return {\"capabilities\": []}\n\n\n@\n";
    Setting::new(around, block, &estimate_problem())
}

#[test]
fn point_14_a_healthy_search_sets_off_no_alarm() {
    for seed in 0..5 {
        let settings = Settings {
            seed,
            islands: IslandSettings::default(),
            ..settings(25)
        };
        let population = bred(&estimate(), &[], &settings);
        assert_eq!(population.generation(), 25);
        let alarms = alarms(&population);
        assert!(alarms.iter().all(|alarms| alarms.is_empty()), "{alarms:?}");
    }
}

#[test]
fn point_14_a_population_of_clones_sets_off_the_alarm() {
    // Nothing in the block can be perturbed, so every child is a copy.
    let setting = with_block("def f(x, z):\n    return x\n");
    let population = bred(&setting, &["constant-perturbation"], &settings(3));
    assert_eq!(alarms(&population), [[Alarm::DiversityCollapse]; 3]);
    assert!(population.history()[3].diversity < 0.05);
}

#[test]
fn point_14_migrants_of_one_clone_set_off_the_alarm() {
    // What is bred of the one block by taking parts of it away is few things, and at every
    // generation most of each island goes to the next.
    let settings = Settings {
        islands: IslandSettings {
            count: 3,
            migrate_every: 1,
            migrants: 8,
        },
        novelty: false,
        ..settings(12)
    };
    let population = bred(&estimate(), &["hoist", "shrink"], &settings);
    let alarms = alarms(&population);
    assert!(
        alarms.iter().all(|now| *now == [Alarm::DiversityCollapse]),
        "{alarms:?}"
    );
}

#[test]
fn point_14_blocks_that_grow_for_nothing_set_off_the_alarm() {
    // Nothing is better than the block, and nobody is chosen for anything.
    let settings = Settings {
        selection: Selection::Tournament { size: 1 },
        elite: 0,
        novelty: false,
        max_nodes: 500,
        ..settings(20)
    };
    let names = ["statement", "subtree-mutation"];
    let drifting = bred(&with_block(RIGHT), &names, &settings);
    let is_bloat = |now: &&[Alarm]| now.contains(&Alarm::Bloat);
    assert!(alarms(&drifting).iter().any(is_bloat));
    assert!(
        !alarms(&drifting).iter().take(9).any(is_bloat),
        "too early to say"
    );

    // The same search does not bloat where size costs something.
    let thrifty = Settings {
        selection: Selection::Tournament { size: 5 },
        elite: 1,
        parsimony: 0.01,
        ..settings
    };
    let thrifty = bred(&with_block(RIGHT), &names, &thrifty);
    assert!(!alarms(&thrifty).iter().any(is_bloat));
}

#[test]
fn point_14_a_person_is_asked_about_a_bloated_winner() {
    let mut evidence = estimate().examine(RIGHT);
    evidence.size.nodes = 900;
    let verdict = decide(&evidence, &Policy::default());
    assert_eq!(codes(&verdict), [Code::Bloat]);
    assert!(matches!(verdict, Verdict::Ask { .. }));
}
