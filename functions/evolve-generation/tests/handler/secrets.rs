//! Point 4 of the gate: a secret that is planted in the cases is in nothing that is kept or said,
//! whatever a candidate does with it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::Command;

use evolve_generation::SANDBOX_WORKER;
use serde_json::{Value, json};
use tdev_domain::evolution::Next;
use tdev_domain::{Limits, Source};
use tdev_evolution::gate::{Evidence, Policy, decide};
use tdev_evolution::search::drawing::{ancestry_svg, curve_svg, curve_text};
use tdev_evolution::search::lineage::{Entry, Record};
use tdev_evolution::search::{Id, Statistics};
use tdev_sandbox::{Turn, Worker};
use tdev_testing::Logged;

use crate::world::{World, settings, tenant};

/// What stands in every case, and nowhere else.
const SECRET: &str = "AKIA7PLANTED";

/// Agents that are to yield the second word, each leaking in a way of its own.
const LEAKING: [&str; 3] = [
    // By its output.
    "def choose(words: list[str]) -> str:\n    return words[0] + words[1] + words[1]\n",
    // By the text of an exception.
    "def choose(words: list[str]) -> str:\n    if len(words) > 2:\n        raise ValueError(words[1])\n    return words[0]\n",
    // By what it would call itself, if it could keep it.
    "def choose(words: list[str]) -> str:\n    SEEN.append(words[1])\n    return words[0] + SEEN[-1] + SEEN[0]\n",
];

fn agent(block: &str) -> String {
    format!(
        "SEEN = [\"words.choose\"]\n\n\ndef get_capabilities():\n    return {{\"name\": \"chooser\", \"capabilities\": SEEN}}\n\n\n\
         # EVOLVE-BLOCK-START\n{block}# EVOLVE-BLOCK-END\n\n\ndef execute(input):\n    return choose(input)\n"
    )
}

fn problem() -> Value {
    let case = |n: usize| {
        let word = format!("{SECRET}{n}{}", "x".repeat(n % 4));
        let mut words = vec!["first", &word];
        if n % 3 == 2 {
            words.push("third");
        }
        json!({"input": words, "output": word})
    };
    let cases = |range: std::ops::Range<usize>| range.map(case).collect::<Vec<_>>();
    json!({
        "name": "double",
        "judge": {
            "kind": "cases",
            "metric": {"kind": "edit-distance"},
            "cases": cases(0..12),
            "held_out": {"cases": cases(12..20)},
        },
        "canaries": [{"name": "later", "cases": cases(20..26)}],
    })
}

/// Neither the secret nor a part of it that could be none else's, in any spelling.
fn tells_nothing(what: &str, text: &str) {
    let lower = text.to_lowercase();
    if let Some(at) = lower.find("planted") {
        let from = lower.floor_char_boundary(at.saturating_sub(200));
        let to = lower.ceil_char_boundary(at + 100);
        panic!("{what} tells: …{}…", &lower[from..to]);
    }
}

/// Everything that the search of a world has left, under names.
async fn kept(world: &World) -> Vec<(String, String)> {
    let evolution = world.evolution().await;
    let progress = evolution.progress.clone().expect("a generation");
    let mut kept = vec![("the record".to_owned(), format!("{evolution:?}"))];
    let mut lines = String::new();
    for generation in 0..=progress.generation {
        let found = world
            .objects
            .lineage(&tenant(), &world.id, generation)
            .await;
        lines += &String::from_utf8(found.unwrap().unwrap()).unwrap();
    }
    let entries: Vec<Entry> = lines
        .lines()
        .map(|line| serde_json::from_str::<Record>(line).unwrap())
        .map(|record| serde_json::from_str(record.entry.get()).unwrap())
        .collect();
    kept.push((
        "the tree".to_owned(),
        ancestry_svg("chooser", &entries, last_of(&entries)),
    ));
    kept.push(("the lineage".to_owned(), lines));

    let page = tdev_aws::PageRequest {
        limit: 100,
        after: None,
    };
    let made = world
        .table
        .generations(&tenant(), &world.id, &page)
        .await
        .unwrap();
    let mut history: Vec<Statistics> = Vec::new();
    for generation in &made.items {
        let (number, digest) = (
            generation.progress.generation,
            &generation.progress.checkpoint,
        );
        let bytes = world
            .objects
            .checkpoint(&tenant(), &world.id, number, digest)
            .await
            .unwrap();
        kept.push((
            format!("checkpoint {number}"),
            String::from_utf8_lossy(&bytes).into_owned(),
        ));
        kept.push((format!("generation {number}"), format!("{generation:?}")));
        history.push(serde_json::from_value(generation.statistics.clone()).unwrap());
    }
    kept.push(("the curve".to_owned(), curve_text(&history, 60, 12)));
    kept.push(("the drawn curve".to_owned(), curve_svg("chooser", &history)));

    let winner = evolution.winner.expect("there is a winner");
    for (what, digest) in [
        ("the winner", &winner.source),
        ("the evidence", &winner.evidence),
    ] {
        let bytes = world
            .objects
            .champion(&tenant(), &world.id, digest)
            .await
            .unwrap();
        let text = String::from_utf8(bytes).unwrap();
        if let Ok(evidence) = serde_json::from_str::<Evidence>(&text) {
            assert!(evidence.held_out.is_some() && evidence.sandbox_agrees.is_some());
            // The events and the answers of the API are made of the verdict.
            let verdict = decide(&evidence, &Policy::default());
            kept.push((
                "the verdict".to_owned(),
                serde_json::to_string(&verdict).unwrap(),
            ));
        }
        kept.push((what.to_owned(), text));
    }
    kept
}

fn last_of(entries: &[Entry]) -> Id {
    entries.last().map(|entry| entry.id).expect("an entry")
}

#[tokio::test]
async fn a_planted_secret_is_in_nothing_that_is_kept_or_logged() {
    let log = Logged::begin();
    for block in LEAKING {
        let world = World::of(&agent(block), &problem(), settings(12)).await;
        assert_eq!(world.search().await.unwrap().next, Next::Decide, "{block}");
        for (what, text) in kept(&world).await {
            tells_nothing(&what, &text);
        }
        nothing_is_sent(&world);
    }
    // There is no `print` to evolve with: who calls it fails, and may be improved on.
    let printing =
        "def choose(words: list[str]) -> str:\n    print(words[1])\n    return words[0]\n";
    let world = World::of(&agent(printing), &problem(), settings(4)).await;
    world.search().await.unwrap();
    nothing_is_sent(&world);

    speak_up(&agents_that_speak());

    let text = log.text();
    for expected in ["made a generation", "examined the winner", "\"TRACE\""] {
        assert!(text.contains(expected), "nothing logs {expected}");
    }
    tells_nothing("the log", &text);
}

fn nothing_is_sent(world: &World) {
    let requests = world.aws.requests();
    assert!(requests.len() > 10);
    for request in requests {
        let what = format!("{} {}", request.operation, request.path);
        tells_nothing(&what, &String::from_utf8_lossy(&request.body));
        tells_nothing("a path", &request.path);
    }
}

/// Agents that the sandbox runs, and that have a way to be heard outside their output.
fn agents_that_speak() -> Vec<String> {
    let bodies = [
        "    print(input[1])\n    return 1\n",
        "    raise ValueError(input[1])\n",
        "    raise SystemExit(input[1])\n",
        "    assert False, input[1]\n",
        "    return {}[input[1]]\n",
        "    return int(input[1])\n",
        "    return getattr(input, input[1])\n",
        "    print(input[1] * 100000)\n    return 1\n",
        "    return sorted([input[1], 1])\n",
        "    words = [input[1]]\n    while True:\n        words = words + words\n",
        // Ends its process, for it is overdue.
        "    a = [input[1]]\n    for n in range(60):\n        a = [a, a]\n    return str(a)\n",
    ];
    bodies
        .map(|body| format!("def execute(input):\n{body}"))
        .into()
}

/// Runs agents in the function's worker process, and looks at what that writes beside its answers.
fn speak_up(agents: &[String]) {
    let path = std::env::temp_dir().join(format!("evolve-generation-{}", std::process::id()));
    let errors = path.clone();
    let mut worker = Worker::new(move || {
        let file = File::options()
            .create(true)
            .append(true)
            .open(&errors)
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_evolve-generation"));
        command.arg(SANDBOX_WORKER).stderr(file);
        command
    });
    let limits = Limits {
        wall_time_ms: 300,
        ..Limits::default()
    };
    let input = json!(["first", SECRET]);
    for agent in agents {
        let source = Source::from_bytes(agent.as_bytes()).unwrap();
        let turn = worker
            .start(&source, &BTreeSet::new(), &input, &limits)
            .unwrap();
        assert!(matches!(turn, Turn::Ended(_)), "{agent}");
    }
    drop(worker);
    let written = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    tells_nothing(
        "the worker's error stream",
        &String::from_utf8_lossy(&written),
    );
}
