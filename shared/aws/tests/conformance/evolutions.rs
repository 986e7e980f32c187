use jiff::{Timestamp, ToSpan};
use serde_json::json;
use tdev_aws::{Error, EvolutionFilter, PageRequest, ProblemPart, Rollback, RolledBack, Table};
use tdev_domain::evolution::{
    Champion, Evolution, EvolutionDraft, EvolutionId, Generation, JudgeKind, ProblemParts,
    ProblemRecord, Progress, Spent, Status, StatusName, StopReason, Trigger, Winner,
};
use tdev_domain::{
    Agent, AgentName, ArtifactDigest, CallId, RegistrationId, State, TenantId, VersionNumber,
};

use crate::fixtures::{accepted, active, advance, tenant, version};
use crate::stack;

const ALL: PageRequest = PageRequest {
    limit: 100,
    after: None,
};

fn number(number: u32) -> VersionNumber {
    VersionNumber::try_from(number).unwrap()
}

fn evolution(agent: &str, base: u32) -> Evolution {
    let draft = EvolutionDraft {
        tenant: tenant(),
        agent: agent.parse().unwrap(),
        base: number(base),
        problem: "weibull".parse().unwrap(),
        problem_digest: ArtifactDigest::of(b"problem"),
        seed: u64::MAX,
        settings: json!({"parsimony": 1e-200, "deep": [[[-0.0]]]}),
        policy: json!({}),
        approval_seconds: 60,
        schedule: None,
        trigger: Trigger::Request,
    };
    Evolution::accept(EvolutionId::generate(), draft, Timestamp::now())
}

fn progress(generation: u32) -> Progress {
    Progress {
        generation,
        checkpoint: ArtifactDigest::of(&generation.to_be_bytes()),
        lineage: ArtifactDigest::of(b"lineage"),
        evaluations: 50,
        best: f64::MAX,
        mean: 0.1,
        diversity: 1.0,
    }
}

fn winner() -> Winner {
    Winner {
        source: ArtifactDigest::of(b"source"),
        bytes: 6,
        loss: 0.1,
        base_loss: f64::MAX,
        evidence: ArtifactDigest::of(b"evidence"),
    }
}

/// The evolution one generation later.
async fn make_generation(table: &Table, evolution: &Evolution) -> tdev_aws::Result<Evolution> {
    let progress = progress(evolution.next_generation());
    let now = Timestamp::now();
    let spent = Spent::default();
    let generation = Generation {
        tenant: tenant(),
        evolution: evolution.id.clone(),
        progress: progress.clone(),
        spent,
        statistics: json!({"operators": [{"name": "point", "gain": 1e-300}]}),
        at: now,
    };
    let next = evolution.progressed(progress, spent, now).unwrap();
    table.put_generation(&next, &generation).await?;
    Ok(next)
}

#[tokio::test]
async fn an_evolution_is_written_by_one_writer_at_a_time() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let first = evolution("packer", 1);
        table.put_evolution(&first).await.unwrap();
        table.put_evolution(&first).await.unwrap();
        let found = table.evolution(&tenant(), &first.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&first), "{}", stack.name);
        let paused = first.paused(Timestamp::now()).unwrap();
        table.put_evolution(&paused).await.unwrap();
        let cancelled = first.cancelled(Timestamp::now()).unwrap();
        let late = table.put_evolution(&cancelled).await;
        assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
        let late = make_generation(&table, &first).await;
        assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
        let generation = table.generation(&tenant(), &first.id, 0).await.unwrap();
        assert_eq!(generation, None, "{}: all or nothing", stack.name);
        let stranger: TenantId = "stranger".parse().unwrap();
        let found = table.evolution(&stranger, &first.id).await.unwrap();
        assert_eq!(found, None, "{}", stack.name);
    }
}

#[tokio::test]
async fn generations_are_listed_in_their_order() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let mut evolution = evolution("packer", 1);
        table.put_evolution(&evolution).await.unwrap();
        for _ in 0..3 {
            evolution = make_generation(&table, &evolution).await.unwrap();
        }
        let list = async |limit, after| {
            let page = PageRequest { limit, after };
            let page = table.generations(&tenant(), &evolution.id, &page).await;
            let page = page.unwrap();
            let numbers = page.items.iter().map(|found| found.progress.generation);
            (numbers.collect::<Vec<_>>(), page.next)
        };
        let (numbers, next) = list(2, None).await;
        assert_eq!(numbers, [0, 1], "{}", stack.name);
        let (numbers, next) = list(2, next).await;
        assert_eq!((numbers, next), (vec![2], None), "{}", stack.name);
        let third = table.generation(&tenant(), &evolution.id, 2).await;
        let third = third.unwrap().unwrap();
        assert_eq!(Some(&third.progress), evolution.progress.as_ref());
        assert_eq!(third.statistics["operators"][0]["gain"], 1e-300);
    }
}

#[tokio::test]
async fn what_is_due_and_what_is_listed_is_found() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let now = Timestamp::now();
        let (packer, sorter) = (evolution("packer", 1), evolution("sorter", 1));
        for evolution in [&packer, &sorter] {
            table.put_evolution(evolution).await.unwrap();
        }
        let due = async |after| {
            let page = PageRequest { limit: 1, after };
            let soon = now + 10.seconds();
            table.due_evolutions(soon, &page).await.unwrap()
        };
        let first = due(None).await;
        let second = due(first.next).await;
        let mut ids = vec![first.items[0].id.clone(), second.items[0].id.clone()];
        ids.sort();
        let mut expected = vec![packer.id.clone(), sorter.id.clone()];
        expected.sort();
        assert_eq!(ids, expected, "{}", stack.name);

        let begun = packer.begun(now);
        table.put_evolution(&begun).await.unwrap();
        let left = table.due_evolutions(now + 10.seconds(), &ALL).await;
        assert_eq!(left.unwrap().items.len(), 1, "{}", stack.name);

        let list = async |agent: Option<&str>, status| {
            let agent = agent.map(|agent| agent.parse().unwrap());
            let filter = EvolutionFilter { agent, status };
            let page = table.evolutions(&tenant(), &filter, &ALL).await.unwrap();
            page.items
        };
        assert_eq!(list(None, None).await.len(), 2, "{}", stack.name);
        let found = list(Some("packer"), None).await;
        assert_eq!(found.len(), 1, "{}", stack.name);
        assert_eq!(found[0].created_at, packer.created_at);
        assert_eq!(found[0].status, StatusName::Running);
        assert_eq!(list(None, Some(StatusName::Paused)).await, []);
    }
}

#[tokio::test]
async fn problems_have_parts_that_are_verified() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let mut digests = Vec::new();
        for (part, text) in [
            (ProblemPart::Definition, "definition"),
            (ProblemPart::Train, "train"),
            (ProblemPart::HeldOut, "held out"),
        ] {
            let bytes = text.as_bytes().to_vec();
            let digest = objects.put_problem_part(&tenant(), part, bytes).await;
            let digest = digest.unwrap();
            let found = objects.problem_part(&tenant(), part, &digest).await;
            assert_eq!(found.unwrap(), text.as_bytes(), "{}", stack.name);
            digests.push(digest);
        }
        let elsewhere = objects
            .problem_part(&tenant(), ProblemPart::Train, &digests[2])
            .await;
        assert!(
            matches!(elsewhere, Err(Error::Corrupt { .. })),
            "what is held out is not among the rest: {elsewhere:?}"
        );
        let [definition, train, held_out] = digests.try_into().unwrap();
        let parts = ProblemParts {
            definition,
            train,
            held_out,
        };
        let first = ProblemRecord {
            tenant: tenant(),
            name: "weibull".parse().unwrap(),
            description: String::new(),
            kind: JudgeKind::Simulation,
            digest: parts.digest(),
            parts,
            train: 5,
            held_out: 2,
            created_at: Timestamp::now(),
            updated_at: Timestamp::now(),
            revision: 0,
        };
        table.put_problem(&first).await.unwrap();
        let second = first.revised(ProblemRecord {
            train: 6,
            ..first.clone()
        });
        table.put_problem(&second).await.unwrap();
        let late = table.put_problem(&second).await;
        assert!(late.is_ok(), "the same write again: {late:?}");
        let late = first.revised(first.clone());
        let late = table.put_problem(&late).await;
        assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
        let found = table.problem(&tenant(), &first.name).await.unwrap();
        assert_eq!(found.as_ref(), Some(&second), "{}", stack.name);
        let listed = table.problems(&tenant(), &ALL).await.unwrap();
        assert_eq!(listed.items, [second], "{}", stack.name);
    }
}

#[tokio::test]
async fn each_evolution_looks_at_what_is_held_out_once() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let problem = ArtifactDigest::of(b"problem");
        let look = async |id: &EvolutionId| {
            let looks = table.look_at_held_out(&tenant(), &problem, id, 2).await;
            looks.unwrap()
        };
        let ids: Vec<_> = (0..4).map(|_| EvolutionId::generate()).collect();
        assert_eq!(look(&ids[0]).await, 0, "{}", stack.name);
        assert_eq!(look(&ids[1]).await, 1, "{}", stack.name);
        assert_eq!(look(&ids[0]).await, 0, "{}: again", stack.name);
        assert_eq!(look(&ids[2]).await, 2, "{}: too many", stack.name);
        assert_eq!(look(&ids[3]).await, 2, "{}: not recorded", stack.name);
    }
}

/// An agent of four versions: of the first, evolutions made the second, and of that the fourth.
async fn evolved(table: &Table) -> AgentName {
    let mut current: Option<Agent> = None;
    let name: AgentName = "packer".parse().unwrap();
    for _ in 0..4 {
        admit(table, current.as_ref()).await;
        current = table.agent(&tenant(), &name).await.unwrap();
    }
    for (base, made) in [(1, 2), (2, 4)] {
        promote(table, base, made).await;
    }
    name
}

/// Admits the next version.
async fn admit(table: &Table, current: Option<&Agent>) {
    let mut registration = accepted("packer");
    table.put_registration(&registration).await.unwrap();
    for state in [State::Analysing, State::Probing] {
        registration = advance(&registration, state);
        table.put_registration(&registration).await.unwrap();
    }
    let next = version(&registration, current, &["pack.bins"]);
    let registration = active(&registration, next.version);
    let admitted = table.admit(&registration, &next, current).await;
    admitted.unwrap();
}

async fn promote(table: &Table, base: u32, made: u32) {
    let now = Timestamp::now();
    let mut current = evolution("packer", base);
    table.put_evolution(&current).await.unwrap();
    for status in [
        Status::Examining {
            stopped: StopReason::Target,
        },
        Status::Promoting {
            registration: RegistrationId::promoting(&current.id),
        },
    ] {
        current = current.advance(status, now).unwrap();
        table.put_evolution(&current).await.unwrap();
    }
    let version = number(made);
    let promoted = current.advance(Status::Promoted { version }, now).unwrap();
    let champion = Champion {
        tenant: tenant(),
        agent: promoted.draft.agent.clone(),
        version,
        base: number(base),
        evolution: promoted.id.clone(),
        winner: winner(),
        promoted_at: now,
        held: None,
        revision: 0,
    };
    table.put_promotion(&promoted, &champion).await.unwrap();
}

#[tokio::test]
async fn who_goes_back_from_a_harmful_version_holds_what_came_of_it() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let name = evolved(&table).await;
        let now = Timestamp::now();
        let roll_back = async |how| {
            let call = CallId::generate();
            let rolled_back = table.roll_back(&tenant(), &name, how, call, now).await;
            rolled_back.unwrap()
        };
        let agent = async || table.agent(&tenant(), &name).await.unwrap().unwrap();

        let plain = roll_back(Rollback::default()).await;
        let RolledBack::Moved { from, held, .. } = plain else {
            panic!("{}: {plain:?}", stack.name);
        };
        assert_eq!((from, held), (number(4), vec![]), "{}", stack.name);
        assert_eq!(agent().await.latest, number(3));
        let to_second = Rollback {
            to: Some(number(2)),
            quarantine: false,
        };
        roll_back(to_second).await;

        // A search goes on from a version that came of the second one.
        let running = evolution("packer", 4);
        table.put_evolution(&running).await.unwrap();
        let harmful = Rollback {
            to: None,
            quarantine: true,
        };
        let RolledBack::Moved { from, mut held, .. } = roll_back(harmful).await else {
            panic!("{}", stack.name);
        };
        held.sort();
        assert_eq!((from, held), (number(2), vec![number(2), number(4)]));
        assert_eq!(agent().await.latest, number(1), "{}", stack.name);
        let running = table.evolution(&tenant(), &running.id).await.unwrap();
        assert_eq!(running.unwrap().status, Status::Cancelled);
        let champions = table.champions(&tenant(), &name, &ALL).await.unwrap();
        assert!(
            champions
                .items
                .iter()
                .all(|champion| champion.held.is_some())
        );

        for to in [number(4), number(1), number(9)] {
            let to = Rollback {
                to: Some(to),
                quarantine: false,
            };
            assert_eq!(roll_back(to).await, RolledBack::NoVersion, "{to:?}");
        }
        assert_eq!(roll_back(Rollback::default()).await, RolledBack::NoVersion);
        let nobody: AgentName = "nobody".parse().unwrap();
        let none = table
            .roll_back(
                &tenant(),
                &nobody,
                Rollback::default(),
                CallId::generate(),
                now,
            )
            .await;
        assert_eq!(none.unwrap(), RolledBack::NoAgent);
    }
}

#[tokio::test]
async fn a_call_that_is_made_again_goes_back_once() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let name = evolved(&table).await;
        let call = CallId::generate();
        let harmful = Rollback {
            to: None,
            quarantine: true,
        };
        let roll_back = async || {
            let now = Timestamp::now();
            let rolled_back = table.roll_back(&tenant(), &name, harmful, call, now).await;
            rolled_back.unwrap()
        };
        let RolledBack::Moved { agent, .. } = roll_back().await else {
            panic!("{}", stack.name);
        };
        assert_eq!(roll_back().await, RolledBack::MovedBefore(agent.clone()));

        // It is remembered when the agent moves on.
        admit(&table, Some(&agent)).await;
        let moved_on = table.agent(&tenant(), &name).await.unwrap().unwrap();
        assert_eq!(moved_on.latest, number(5), "{}", stack.name);
        assert_eq!(roll_back().await, RolledBack::MovedBefore(moved_on));
    }
}

#[tokio::test]
async fn checkpoints_lineages_and_champions_are_read_as_they_were_stored() {
    for stack in stack::all() {
        let (objects, id) = (stack.objects().await, EvolutionId::generate());
        let acme = tenant();
        let checkpoint = objects.put_checkpoint(&acme, &id, 3, b"three".to_vec());
        let checkpoint = checkpoint.await.unwrap();
        let found = objects.checkpoint(&acme, &id, 3, &checkpoint).await;
        assert_eq!(found.unwrap(), b"three", "{}", stack.name);
        let found = objects.checkpoint(&acme, &id, 4, &checkpoint).await;
        assert!(matches!(found, Err(Error::Corrupt { .. })), "{found:?}");
        let children = objects.put_children(&acme, &id, b"children".to_vec()).await;
        let found = objects.children(&acme, &id, &children.unwrap()).await;
        assert_eq!(found.unwrap(), b"children", "{}", stack.name);
        let champion = objects.put_champion(&acme, &id, b"champion".to_vec()).await;
        let found = objects.champion(&acme, &id, &champion.unwrap()).await;
        assert_eq!(found.unwrap(), b"champion", "{}", stack.name);
        assert_eq!(objects.lineage(&acme, &id, 3).await.unwrap(), None);
        let lines = "{}\n".to_owned();
        objects.put_lineage(&acme, &id, 3, lines).await.unwrap();
        let found = objects.lineage(&acme, &id, 3).await.unwrap();
        assert_eq!(found.as_deref(), Some(&b"{}\n"[..]), "{}", stack.name);
    }
}
