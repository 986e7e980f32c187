//! A small population of agents, from their manifests' utterances to decisions.

use tdev_routing::calibrate::{Basis, Calibration};
use tdev_routing::model::{AgentKey, Memory, Origin, Scratch, Snapshot, Trainer, train};
use tdev_routing::{Error, features};

const AGENTS: [(&str, [&str; 6]); 10] = [
    (
        "weather",
        [
            "will it rain tomorrow",
            "what is the weather in oslo",
            "how cold is it outside",
            "do i need an umbrella today",
            "is it going to snow this weekend",
            "tell me the forecast for monday",
        ],
    ),
    (
        "translate",
        [
            "translate good morning into french",
            "how do you say thank you in spanish",
            "what is the german word for bread",
            "put this sentence into japanese",
            "say goodbye in italian",
            "translate my letter to english",
        ],
    ),
    (
        "invoices",
        [
            "send the invoice to the customer",
            "which invoices are overdue",
            "create an invoice for two hundred dollars",
            "has acme paid its bill",
            "list unpaid bills of this month",
            "remind the customer of the open invoice",
        ],
    ),
    (
        "music",
        [
            "play some jazz",
            "skip this song",
            "turn up the volume of the music",
            "who sings this song",
            "add this track to my playlist",
            "play the latest album by bjork",
        ],
    ),
    (
        "calendar",
        [
            "schedule a meeting with anna at noon",
            "what is on my calendar tomorrow",
            "move my meeting to friday",
            "cancel the appointment with the dentist",
            "am i free on tuesday afternoon",
            "invite bob to the meeting",
        ],
    ),
    (
        "recipes",
        [
            "how do i bake sourdough bread",
            "give me a recipe for lentil soup",
            "what can i cook with eggs and rice",
            "how long does a chicken roast",
            "find a vegan dessert recipe",
            "how much flour goes into pancakes",
        ],
    ),
    (
        "travel",
        [
            "book a flight to lisbon",
            "find a cheap hotel in rome",
            "when does the next train to paris leave",
            "how far is the airport",
            "cancel my flight reservation",
            "rent a car in madrid for a week",
        ],
    ),
    (
        "password",
        [
            "i forgot my password",
            "reset my login",
            "i cannot sign in to my account",
            "my account is locked",
            "change the password of my account",
            "the login code never arrives",
        ],
    ),
    (
        "sql",
        [
            "write a query that joins orders and users",
            "count the rows of the orders table",
            "why is my sql query slow",
            "add an index to the users table",
            "select the ten newest rows",
            "explain this database query plan",
        ],
    ),
    (
        "summarise",
        [
            "summarise this article",
            "give me the key points of the report",
            "shorten this text to three sentences",
            "what does this document say in brief",
            "write an abstract of the paper",
            "condense the minutes of the meeting",
        ],
    ),
];

const OUTSIDE: [&str; 4] = [
    "zebras gallop quickly",
    "quantum chromodynamics lattice",
    "my uncle collects vintage typewriters",
    "xylophone",
];

fn memory() -> Memory {
    let mut memory = Memory::new();
    for (agent, utterances) in AGENTS {
        memory.introduce(&agent.into(), utterances);
    }
    memory
}

fn best(snapshot: &Snapshot, text: &str) -> String {
    let mut scratch = Scratch::new();
    let prediction = snapshot.predict(text, &mut scratch);
    let best = prediction.best();
    best.map_or_else(String::new, |(agent, _)| agent.to_string())
}

fn probability(snapshot: &Snapshot, text: &str, agent: &str) -> f32 {
    let mut scratch = Scratch::new();
    snapshot.predict(text, &mut scratch).probability_of(agent)
}

#[test]
fn few_utterances_are_enough_to_find_the_agent() {
    let snapshot = train(&memory(), 3);
    assert_eq!(snapshot.version(), 3);
    for (text, agent) in [
        ("is it going to rain in paris tomorrow", "weather"),
        ("How do you say BREAD in french?", "translate"),
        ("play a song by miles davis", "music"),
        ("i can't sign in, I forgot the password", "password"),
        ("why is this query on the users table slow", "sql"),
        ("which customer has an overdue invoice", "invoices"),
    ] {
        assert_eq!(best(&snapshot, text), agent, "{text}");
    }
    let mut scratch = Scratch::new();
    let sum: f32 = snapshot
        .predict("play", &mut scratch)
        .probabilities
        .iter()
        .sum();
    assert!((sum - 1.0).abs() < 1e-4);
}

#[test]
fn what_no_agent_is_for_is_rejected() {
    let snapshot = train(&memory(), 1);
    let mut scratch = Scratch::new();
    for (_, utterances) in AGENTS {
        let prediction = snapshot.predict(utterances[0], &mut scratch);
        assert!(prediction.is_in_scope(), "{}", utterances[0]);
    }
    for text in OUTSIDE.into_iter().chain(["", "?!"]) {
        let prediction = snapshot.predict(text, &mut scratch);
        assert!(!prediction.is_in_scope(), "{text}: {}", prediction.in_scope);
    }
}

#[test]
fn calibration_says_what_it_stands_on() {
    let mut memory = memory();
    for (agent, utterances) in AGENTS {
        for utterance in utterances {
            memory.record(
                &agent.into(),
                &format!("please {utterance}"),
                true,
                Origin::Outcome,
            );
        }
    }
    let spared = train(&memory, 1);
    assert_eq!(spared.calibration().basis, Basis::HeldOutAgents);
    assert!(spared.calibration().auroc.is_some_and(|area| area > 0.6));
    assert_eq!(
        spared.agents().len(),
        AGENTS.len(),
        "agents are spared in calibration alone"
    );

    for n in 0..30 {
        memory.record_outside(&format!("{} {n}", OUTSIDE[n % OUTSIDE.len()]));
    }
    let given = train(&memory, 1);
    assert_eq!(given.calibration().basis, Basis::Examples);
}

#[test]
fn training_is_reproducible_to_the_byte() {
    let bytes = || train(&memory(), 1).to_bytes().unwrap();
    assert_eq!(bytes(), bytes());
}

#[test]
fn a_snapshot_survives_bytes_and_refuses_damage() {
    let snapshot = Trainer::fit(&memory()).snapshot(7, Calibration::default());
    let bytes = snapshot.to_bytes().unwrap();
    assert!(bytes.len() < 3_000_000, "{}", bytes.len());
    let read = Snapshot::from_bytes(&bytes).unwrap();
    assert_eq!(read, snapshot);
    assert_eq!(best(&read, "any rain tomorrow"), "weather");

    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    assert!(matches!(
        Snapshot::from_bytes(&damaged),
        Err(Error::Corrupt)
    ));
    assert!(matches!(
        Snapshot::from_bytes(&bytes[..9]),
        Err(Error::NotAModel)
    ));
    assert!(matches!(Memory::from_bytes(&bytes), Err(Error::NotAModel)));
}

#[test]
fn feedback_moves_the_probabilities() {
    let mut trainer = Trainer::fit(&memory());
    let text = "order a taxi";
    let before = trainer.snapshot(1, Calibration::default());
    let guess = best(&before, text);
    for _ in 0..3 {
        trainer.learn(&guess.as_str().into(), text, false);
    }
    let refused = trainer.snapshot(2, Calibration::default());
    assert!(probability(&refused, text, &guess) < probability(&before, text, &guess));

    for _ in 0..5 {
        trainer.learn(&"travel".into(), text, true);
    }
    let taught = trainer.snapshot(3, Calibration::default());
    assert!(probability(&taught, text, "travel") > probability(&before, text, "travel"));
    assert_eq!(best(&taught, text), "travel");
}

#[test]
fn sure_guesses_are_assumed_and_overrule_nothing() {
    let mut memory = memory();
    let snapshot = train(&memory, 1);
    let denied = "play some jazz please";
    memory.record(&"music".into(), denied, false, Origin::Feedback);
    let tasks = ["will it rain in oslo tomorrow", denied, OUTSIDE[0]];
    for _ in 0..2 {
        assert_eq!(memory.assume(&snapshot, tasks), 1);
    }
    let assumed: Vec<_> = memory
        .iter()
        .filter(|(_, example)| example.origin == Origin::Assumption)
        .map(|(agent, example)| (agent.as_str(), example.text.as_str()))
        .collect();
    assert_eq!(assumed, [("weather", tasks[0])]);
    assert_eq!(memory.assume(&snapshot, []), 0);
    assert!(memory.iter().all(|(_, e)| e.origin != Origin::Assumption));
}

#[test]
fn agents_come_and_go_without_a_whole_training() {
    let mut memory = memory();
    let mut trainer = Trainer::fit(&memory);
    let taxi = AgentKey::from("taxi");
    memory.introduce(
        &taxi,
        ["call me a taxi", "i need a cab now", "order a ride home"],
    );
    trainer.introduce(&taxi, &memory);
    let snapshot = trainer.snapshot(2, Calibration::default());
    assert_eq!(best(&snapshot, "can you order a cab"), "taxi");
    let forgotten: Vec<_> = AGENTS
        .iter()
        .flat_map(|(agent, texts)| texts.iter().map(move |text| (agent, text)))
        .filter(|(agent, text)| best(&snapshot, text) != **agent)
        .collect();
    assert!(forgotten.len() <= 1, "{forgotten:?}");

    assert!(trainer.remove(&"weather".into()));
    assert!(!trainer.remove(&"weather".into()));
    let snapshot = trainer.snapshot(3, Calibration::default());
    assert_eq!(snapshot.agents().len(), AGENTS.len());
    assert!(probability(&snapshot, "will it rain tomorrow", "weather").abs() < f32::EPSILON);
    assert_eq!(best(&snapshot, "can you order a cab"), "taxi");
    assert_eq!(best(&snapshot, "play some jazz"), "music");
}

#[test]
fn a_model_of_no_agent_or_of_one_has_an_answer() {
    let mut scratch = Scratch::new();
    let empty = train(&Memory::new(), 1);
    let prediction = empty.predict("anything", &mut scratch);
    assert!(prediction.best().is_none() && !prediction.is_in_scope());

    let mut memory = Memory::new();
    memory.introduce(&"weather".into(), ["will it rain tomorrow"]);
    let single = train(&memory, 1);
    let prediction = single.predict("will it rain", &mut scratch);
    assert!((prediction.probability_of("weather") - 1.0).abs() < 1e-6);
    assert!(prediction.is_in_scope());
    assert!(
        !single
            .predict("compose a sonnet", &mut scratch)
            .is_in_scope()
    );
}

#[test]
fn a_text_of_any_length_is_answered() {
    let snapshot = Trainer::fit(&memory()).snapshot(1, Calibration::default());
    let long = format!("will it rain {}", "and so on ".repeat(features::MAX_CHARS));
    let mut scratch = Scratch::new();
    assert!(snapshot.predict(&long, &mut scratch).best().is_some());
}

#[test]
fn few_examples_are_enough_to_reject_with_a_margin() {
    let calibrated = train(&memory(), 1);
    assert_eq!(calibrated.calibration().basis, Basis::HeldOutAgents);
    let mut scratch = Scratch::new();
    let mut mean = |texts: &[&str]| -> f32 {
        let scope = |text: &&str| calibrated.predict(text, &mut scratch).in_scope;
        texts.iter().map(scope).sum::<f32>() / 4.0
    };
    let inside = [
        "will it rain in oslo tomorrow",
        "put on some jazz music",
        "i forgot the password of my account",
        "remind acme of the overdue invoice",
    ];
    let (near, far) = (mean(&inside), mean(&OUTSIDE));
    assert!(near > 0.9 && far < 0.2, "{near} and {far}");
}
