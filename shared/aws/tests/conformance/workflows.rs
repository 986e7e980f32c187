use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tdev_aws::{Error, Objects, PageRequest, Registered, Table, WorkflowDraft};
use tdev_domain::{AgentName, RunId, TenantId, VersionNumber, WorkflowName, WorkflowVersion};

use crate::fixtures::{awkward_example, large, tenant};
use crate::stack;

const ALL: PageRequest = PageRequest {
    limit: 100,
    after: None,
};

fn draft(name: &str, definition: &Value) -> WorkflowDraft {
    WorkflowDraft {
        tenant: tenant(),
        name: name.parse().unwrap(),
        description: "Does something.".to_owned(),
        steps: 3,
        definition: definition.to_string(),
    }
}

async fn register(
    table: &Table,
    objects: &Objects,
    name: &str,
    definition: &Value,
) -> tdev_aws::Result<Registered> {
    let draft = draft(name, definition);
    table
        .register_workflow(objects, &draft, Timestamp::now())
        .await
}

fn new(registered: tdev_aws::Result<Registered>) -> WorkflowVersion {
    match registered.unwrap() {
        Registered::New(version) => version,
        known @ Registered::Known(_) => panic!("{known:?}"),
    }
}

async fn listed(table: &Table) -> Vec<String> {
    let page = table.workflows(&tenant(), &ALL).await.unwrap();
    let lines = page.items.into_iter();
    lines.map(|w| format!("{} {}", w.name, w.latest)).collect()
}

#[tokio::test]
async fn a_workflow_has_a_version_for_each_definition() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let (acme, name): (_, WorkflowName) = (tenant(), "nightly".parse().unwrap());
        assert_eq!(table.workflow(&acme, &name).await.unwrap(), None);
        let definitions = [json!({"steps": []}), large(600_000)];
        let first = new(register(&table, &objects, "nightly", &definitions[0]).await);
        let second = new(register(&table, &objects, "nightly", &definitions[1]).await);
        assert_eq!([first.version.get(), second.version.get()], [1, 2]);
        let again = register(&table, &objects, "nightly", &definitions[1]).await;
        let known = Registered::Known(second.clone());
        assert_eq!(again.unwrap(), known, "{}", stack.name);

        let workflow = table.workflow(&acme, &name).await.unwrap().unwrap();
        assert_eq!(workflow.latest, second.version, "{}", stack.name);
        assert_eq!(workflow.definition, second.definition);
        assert_eq!(workflow.created_at, first.created_at);
        for (version, definition) in [&first, &second].into_iter().zip(&definitions) {
            let found = table.workflow_version(&acme, &name, version.version).await;
            assert_eq!(found.unwrap().as_ref(), Some(version), "{}", stack.name);
            let found = objects.definition(&acme, &version.definition).await;
            let expected = definition.to_string().into_bytes();
            assert!(found.unwrap() == Some(expected), "{}", stack.name);
        }
        let versions = table.workflow_versions(&acme, &name, &ALL).await.unwrap();
        assert_eq!(versions.items, [second, first.clone()], "{}", stack.name);
        // The first definition once more is a version of its own.
        let third = new(register(&table, &objects, "nightly", &definitions[0]).await);
        assert_eq!(third.version.get(), 3);

        let stranger: TenantId = "stranger".parse().unwrap();
        assert_eq!(table.workflow(&stranger, &name).await.unwrap(), None);
        let definition = objects.definition(&stranger, &first.definition).await;
        assert_eq!(definition.unwrap(), None, "{}", stack.name);
    }
}

#[tokio::test]
async fn one_of_two_registrations_at_once_is_a_conflict() {
    for stack in stack::atomic() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        new(register(&table, &objects, "nightly", &json!(0)).await);
        let all: Vec<_> = (1..=4)
            .map(|number| {
                let (table, objects) = (table.clone(), objects.clone());
                tokio::spawn(
                    async move { register(&table, &objects, "nightly", &json!(number)).await },
                )
            })
            .collect();
        let mut made = 0;
        for one in all {
            match one.await.unwrap() {
                Ok(Registered::New(_)) => made += 1,
                Err(Error::Conflict { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        let name = "nightly".parse().unwrap();
        let versions = table.workflow_versions(&tenant(), &name, &ALL).await;
        let versions = versions.unwrap().items;
        assert!(made > 0 && versions.len() == made + 1, "{}", stack.name);
    }
}

#[tokio::test]
async fn a_deleted_workflow_is_listed_no_longer_and_may_come_back() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        for name in ["nightly", "daily", "weekly"] {
            new(register(&table, &objects, name, &json!({})).await);
        }
        assert_eq!(listed(&table).await, ["daily 1", "nightly 1", "weekly 1"]);
        let page = PageRequest {
            limit: 2,
            after: None,
        };
        let first = table.workflows(&tenant(), &page).await.unwrap();
        assert_eq!(first.next.as_deref(), Some("nightly"), "{}", stack.name);

        let name: WorkflowName = "nightly".parse().unwrap();
        let delete = async || {
            let now = Timestamp::now();
            let deleted = table.delete_workflow(&tenant(), &name, now).await;
            deleted.unwrap()
        };
        let deleted = delete().await.expect("it is there");
        assert!(deleted.deleted);
        assert_eq!(delete().await, None, "{}", stack.name);
        assert_eq!(listed(&table).await, ["daily 1", "weekly 1"]);
        let stored = table.workflow(&tenant(), &name).await.unwrap();
        assert_eq!(stored, Some(deleted.clone()), "{}", stack.name);
        let version = table
            .workflow_version(&tenant(), &name, deleted.latest)
            .await;
        assert!(version.unwrap().is_some(), "{}", stack.name);

        new(register(&table, &objects, "nightly", &json!({})).await);
        assert_eq!(listed(&table).await, ["daily 1", "nightly 2", "weekly 1"]);
    }
}

#[tokio::test]
async fn the_cache_keeps_an_output_for_its_time() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let (acme, now) = (tenant(), Timestamp::now());
        let name: AgentName = "fetcher".parse().unwrap();
        let agent = (&name, VersionNumber::FIRST);
        let input = awkward_example().input;
        let until = now + 1.hour();
        let cached = async |input: &Value, now| {
            let found = table.cached(&objects, &acme, agent, input, now).await;
            found.unwrap()
        };
        assert_eq!(cached(&input, now).await, None, "{}", stack.name);
        for output in [input.clone(), large(100_000), json!(null)] {
            let kept = table.keep_cached(&objects, &acme, agent, &input, &output, until);
            kept.await.unwrap();
            assert!(cached(&input, now).await == Some(output), "{}", stack.name);
        }
        assert_eq!(cached(&input, until).await, None, "{}", stack.name);
        assert_eq!(cached(&json!({}), now).await, None, "{}", stack.name);
        let stranger: TenantId = "stranger".parse().unwrap();
        let found = table.cached(&objects, &stranger, agent, &input, now).await;
        assert_eq!(found.unwrap(), None, "{}", stack.name);
    }
}

#[tokio::test]
async fn items_of_a_list_are_read_one_by_one() {
    for stack in stack::all() {
        let objects = stack.objects().await;
        let (acme, run) = (tenant(), RunId::generate());
        let list: Vec<Value> = (0..250).map(|n| json!({"n": n, "exact": 1.0})).collect();
        for _ in 0..2 {
            objects.keep_items(&acme, &run, 3, &list).await.unwrap();
        }
        for item in [0, 99, 100, 249] {
            let found = objects.item(&acme, &run, 3, item).await.unwrap();
            assert_eq!(found, list[item as usize], "{}", stack.name);
        }
        for (step, item) in [(3, 250), (3, 300), (4, 0)] {
            let missing = objects.item(&acme, &run, step, item).await;
            assert!(matches!(missing, Err(Error::Corrupt { .. })), "{missing:?}");
        }
        objects.keep_items(&acme, &run, 5, &[]).await.unwrap();
    }
}
