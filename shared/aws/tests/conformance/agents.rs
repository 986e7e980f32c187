use jiff::Timestamp;
use tdev_aws::{Error, PageRequest, Table};
use tdev_domain::{
    Agent, AgentStatus, AgentVersion, Capability, Registration, State, StateName, TenantId,
};

use crate::fixtures::{accepted, active, advance, tenant, version};
use crate::stack::{self, assert_conflict};

const ALL: PageRequest = PageRequest {
    limit: 100,
    after: None,
};

/// A registration stored as far as it must be to be admitted.
async fn probing(table: &Table, name: &str) -> Registration {
    let accepted = accepted(name);
    let analysing = advance(&accepted, State::Analysing);
    let probing = advance(&analysing, State::Probing);
    for registration in [&accepted, &analysing, &probing] {
        table.put_registration(registration).await.unwrap();
    }
    probing
}

/// Registers and admits the next version of an agent.
async fn admit(table: &Table, name: &str, capabilities: &[&str]) -> (Agent, AgentVersion) {
    let registration = probing(table, name).await;
    let current = table.agent(&tenant(), &registration.agent).await.unwrap();
    let version = version(&registration, current.as_ref(), capabilities);
    let registration = active(&registration, version.version);
    table
        .admit(&registration, &version, current.as_ref())
        .await
        .unwrap();
    (Agent::admitting(current.as_ref(), &version), version)
}

async fn listed(table: &Table, capability: Option<&str>) -> Vec<String> {
    let capability: Option<Capability> = capability.map(|c| c.parse().unwrap());
    let page = table.agents(&tenant(), capability.as_ref(), &ALL).await;
    page.unwrap()
        .items
        .into_iter()
        .map(|agent| format!("{} {}", agent.name, agent.latest))
        .collect()
}

#[tokio::test]
async fn admission_writes_everything_at_once() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let (agent, version) = admit(&table, "word-count", &["text.count", "text"]).await;
        let name = &agent.name;
        assert_eq!(
            table.agent(&tenant(), name).await.unwrap(),
            Some(agent.clone())
        );
        let stored = table.version(&tenant(), name, version.version).await;
        assert_eq!(stored.unwrap(), Some(version.clone()), "{}", stack.name);
        let registration = table.registration(&tenant(), &version.registration).await;
        assert_eq!(
            registration.unwrap().unwrap().state.name(),
            StateName::Active
        );
        for capability in [None, Some("text.count"), Some("text")] {
            assert_eq!(listed(&table, capability).await, ["word-count 1"]);
        }
        let stranger: TenantId = "stranger".parse().unwrap();
        assert_eq!(table.agent(&stranger, name).await.unwrap(), None);
        assert!(
            table
                .agents(&stranger, None, &ALL)
                .await
                .unwrap()
                .items
                .is_empty()
        );
    }
}

#[tokio::test]
async fn listings_follow_the_capabilities_of_the_latest_version() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        admit(&table, "word-count", &["text.count", "text"]).await;
        let (second, version) = admit(&table, "word-count", &["text", "csv"]).await;
        assert_eq!(version.version.get(), 2);
        assert!(listed(&table, Some("text.count")).await.is_empty());
        for capability in [None, Some("text"), Some("csv")] {
            assert_eq!(listed(&table, capability).await, ["word-count 2"]);
        }

        let first = table
            .version(&tenant(), &second.name, 1.try_into().unwrap())
            .await;
        let back = second.pointing_to(&first.unwrap().unwrap(), Timestamp::now());
        table.move_pointer(&second, &back).await.unwrap();
        assert!(listed(&table, Some("csv")).await.is_empty());
        for capability in [None, Some("text"), Some("text.count")] {
            assert_eq!(listed(&table, capability).await, ["word-count 1"]);
        }
        // What was admitted after a rollback is a version that never was.
        let (_, version) = admit(&table, "word-count", &["text"]).await;
        assert_eq!(version.version.get(), 3);
    }
}

#[tokio::test]
async fn a_deleted_agent_is_in_no_listing_and_may_come_back() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let (agent, _) = admit(&table, "word-count", &["text"]).await;
        let deleted = agent.deleted(Timestamp::now());
        table.move_pointer(&agent, &deleted).await.unwrap();
        for capability in [None, Some("text")] {
            assert!(listed(&table, capability).await.is_empty());
        }
        let stored = table.agent(&tenant(), &agent.name).await.unwrap().unwrap();
        assert_eq!(stored.status, AgentStatus::Deleted);
        assert_eq!(
            table
                .versions(&tenant(), &agent.name, &ALL)
                .await
                .unwrap()
                .items
                .len(),
            1
        );
        // Deleting twice on the strength of one read.
        assert_conflict(&table.move_pointer(&agent, &deleted).await);

        let (revived, version) = admit(&table, "word-count", &["text"]).await;
        assert_eq!(version.version.get(), 2);
        assert_eq!(revived.status, AgentStatus::Active);
        assert_eq!(listed(&table, Some("text")).await, ["word-count 2"]);
    }
}

#[tokio::test]
async fn a_stale_admission_changes_nothing() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let late = probing(&table, "word-count").await;
        let (agent, _) = admit(&table, "word-count", &["text"]).await;

        // It believes that there is no such agent yet.
        let version_one = version(&late, None, &["csv"]);
        let done = active(&late, version_one.version);
        assert_conflict(&table.admit(&done, &version_one, None).await);

        // Its view of the agent is right, of its own registration wrong.
        let version_two = version(&late, Some(&agent), &["csv"]);
        let ahead = active(
            &advance(&advance(&late, State::Analysing), State::Probing),
            version_two.version,
        );
        assert_conflict(&table.admit(&ahead, &version_two, Some(&agent)).await);

        let stored = table.registration(&tenant(), &late.id).await.unwrap();
        assert_eq!(stored, Some(late));
        let stored = table.agent(&tenant(), &agent.name).await.unwrap();
        assert_eq!(stored, Some(agent.clone()));
        assert!(listed(&table, Some("csv")).await.is_empty());
        let second = table
            .version(&tenant(), &agent.name, version_two.version)
            .await;
        assert_eq!(second.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_concurrent_admissions_one_wins() {
    for stack in stack::atomic() {
        let (table, _) = stack.table().await;
        let mut racers = Vec::new();
        for n in 0..6 {
            let registration = probing(&table, "word-count").await;
            let capability = format!("racer{n}");
            let version = version(&registration, None, &[&capability]);
            racers.push((active(&registration, version.version), version));
        }
        let race: Vec<_> = racers
            .iter()
            .cloned()
            .map(|(registration, version)| {
                let table = table.clone();
                tokio::spawn(async move { table.admit(&registration, &version, None).await })
            })
            .collect();
        let mut winners = Vec::new();
        for (racer, result) in racers.iter().zip(race) {
            match result.await.unwrap() {
                Ok(()) => winners.push(racer),
                Err(Error::Conflict { .. }) => {}
                Err(e) => panic!("{}: {e:?}", stack.name),
            }
        }
        let [(winner, version)] = winners[..] else {
            panic!("{}: {} winners", stack.name, winners.len());
        };
        for (registration, _) in &racers {
            let stored = table.registration(&tenant(), &registration.id).await;
            let expected = if registration.id == winner.id {
                StateName::Active
            } else {
                StateName::Probing
            };
            assert_eq!(stored.unwrap().unwrap().state.name(), expected);
        }
        let stored = table
            .version(&tenant(), &version.agent, version.version)
            .await;
        assert_eq!(stored.unwrap().as_ref(), Some(version));
        let agents = table.agents(&tenant(), None, &ALL).await.unwrap().items;
        assert_eq!(agents, [Agent::admitting(None, version)]);
    }
}

#[tokio::test]
async fn agents_are_listed_by_name_and_page() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        for name in ["b", "a10", "c", "a", "a2"] {
            admit(&table, name, &["text"]).await;
        }
        let text: Capability = "text".parse().unwrap();
        for capability in [None, Some(&text)] {
            let mut names = Vec::new();
            let mut page = PageRequest {
                limit: 2,
                after: None,
            };
            let mut pages = 0;
            loop {
                let found = table.agents(&tenant(), capability, &page).await.unwrap();
                names.extend(found.items.into_iter().map(|agent| agent.name.to_string()));
                pages += 1;
                page.after = found.next;
                if page.after.is_none() {
                    break;
                }
            }
            assert_eq!(names, ["a", "a10", "a2", "b", "c"]);
            assert_eq!(pages, 3);
        }
    }
}

#[tokio::test]
async fn versions_are_listed_newest_first_however_large() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        for _ in 0..11 {
            admit(&table, "word-count", &["text"]).await;
        }
        let name = "word-count".parse().unwrap();
        let page = |limit, after: Option<&str>| PageRequest {
            limit,
            after: after.map(str::to_owned),
        };
        let numbers = async |page: PageRequest| {
            let found = table.versions(&tenant(), &name, &page).await.unwrap();
            let numbers: Vec<_> = found.items.iter().map(|v| v.version.get()).collect();
            (numbers, found.next)
        };
        assert_eq!(
            numbers(page(4, None)).await,
            (vec![11, 10, 9, 8], Some("8".to_owned()))
        );
        assert_eq!(numbers(page(4, Some("4"))).await, (vec![3, 2, 1], None));
        assert_eq!(numbers(page(4, Some("1"))).await, (vec![], None));

        // Four of these are more than the service returns at once.
        for _ in 0..6 {
            admit_large(&table, "word-count").await;
        }
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let (found, next) = numbers(page(50, after.as_deref())).await;
            all.extend(found);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(all, (1..=17).rev().collect::<Vec<_>>(), "{}", stack.name);
    }
}

async fn admit_large(table: &Table, name: &str) {
    let registration = probing(table, name).await;
    let current = table.agent(&tenant(), &registration.agent).await.unwrap();
    let mut version = version(&registration, current.as_ref(), &["text"]);
    version.manifest.utterances = vec!["x".repeat(300_000)];
    let registration = active(&registration, version.version);
    table
        .admit(&registration, &version, current.as_ref())
        .await
        .unwrap();
}
