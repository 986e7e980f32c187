use std::collections::BTreeSet;

use super::*;

#[test]
fn every_entity_has_the_key_that_is_documented() {
    let tenant: TenantId = "acme".parse().unwrap();
    let name: AgentName = "word-count".parse().unwrap();
    let capability: Capability = "text.count".parse().unwrap();
    let (key_id, digest) = (ApiKeyId::generate(), KeyDigest::of("secret"));
    let id = RegistrationId::generate();
    let run = InvocationId::generate();
    let task = TaskId::generate();
    let number = VersionNumber::try_from(12).unwrap();
    let expected = [
        (api_key(&digest), format!("KEY#{digest} KEY")),
        (
            listed_api_key(&tenant, &key_id),
            format!("TENANT#acme#KEYS {key_id}"),
        ),
        (
            registration(&tenant, &id),
            format!("TENANT#acme#REGISTRATION#{id} REGISTRATION"),
        ),
        (
            agent(&tenant, &name),
            "TENANT#acme#AGENT#word-count AGENT".to_owned(),
        ),
        (
            version(&tenant, &name, number),
            "TENANT#acme#AGENT#word-count VERSION#0000000012".to_owned(),
        ),
        (
            listed_agent(&tenant, None, &name),
            "TENANT#acme#AGENTS word-count".to_owned(),
        ),
        (
            listed_agent(&tenant, Some(&capability), &name),
            "TENANT#acme#CAPABILITY#text.count word-count".to_owned(),
        ),
        (
            idempotency(&tenant, "a#b"),
            "TENANT#acme#IDEMPOTENCY#a#b IDEMPOTENCY".to_owned(),
        ),
        (
            invocation(&tenant, &run),
            format!("TENANT#acme#INVOCATION#{run} INVOCATION"),
        ),
        (
            effects(&tenant, &run, 12),
            format!("TENANT#acme#INVOCATION#{run} EFFECT#0000000012"),
        ),
        (
            memory_mark(&tenant, &run),
            format!("TENANT#acme#INVOCATION#{run} MEMORY"),
        ),
        (
            memory(&tenant, &name, "a#b"),
            "TENANT#acme#MEMORY#word-count a#b".to_owned(),
        ),
        (
            super::task(&tenant, &task),
            format!("TENANT#acme#TASKS {task}"),
        ),
        (
            dead_letter(&tenant, &task),
            format!("TENANT#acme#DEAD_LETTERS {task}"),
        ),
        (
            lesson(&tenant, &task),
            format!("TENANT#acme#LESSONS {task}"),
        ),
        (
            arrivals(&tenant),
            "TENANT#acme#ARRIVALS ARRIVALS".to_owned(),
        ),
        (
            agent_load(&tenant, &name),
            "TENANT#acme#LOADS word-count".to_owned(),
        ),
        (routing(&tenant), "TENANT#acme#ROUTING ROUTING".to_owned()),
        (router(&tenant), "TENANT#acme#ROUTER ROUTER".to_owned()),
        (
            settings(&tenant),
            "TENANT#acme#SETTINGS SETTINGS".to_owned(),
        ),
        (watermark("late", 3), "KEEPER late#DUE#3".to_owned()),
        (health(), "HEALTH HEALTH".to_owned()),
    ];
    let key = super::task(&tenant, &task);
    let parsed = parse_task(&key.pk, &key.sk);
    assert_eq!(parsed, Some((tenant.clone(), task.clone())));
    assert_eq!(invocations(&tenant), "TENANT#acme#INVOCATIONS");
    assert_eq!(due(3), "DUE#3");
    let parsed = parse_invocation(&invocation(&tenant, &run).pk);
    assert_eq!(parsed, Some((tenant.clone(), run.clone())));
    let keys: BTreeSet<_> = expected.iter().map(|(_, text)| text).collect();
    assert_eq!(keys.len(), expected.len());
    for (key, text) in &expected {
        assert_eq!(format!("{} {}", key.pk, key.sk), *text);
    }
}

#[test]
fn workflows_and_runs_have_the_keys_that_are_documented() {
    let tenant: TenantId = "acme".parse().unwrap();
    let name: WorkflowName = "nightly".parse().unwrap();
    let (id, output) = (RunId::generate(), ArtifactDigest::of(b"x"));
    let number = VersionNumber::try_from(12).unwrap();
    let expected = [
        (run(&tenant, &id), format!("TENANT#acme#RUN#{id} RUN")),
        (
            step(&tenant, &id, Place::step(12)),
            format!("TENANT#acme#RUN#{id} STEP#0000000012"),
        ),
        (
            step(&tenant, &id, Place::item(12, 5)),
            format!("TENANT#acme#RUN#{id} ITEM#0000000012#0000000005"),
        ),
        (
            meeting(&tenant, &id, "0#12#deps"),
            format!("TENANT#acme#RUN#{id} MEET#0#12#deps"),
        ),
        (
            workflow(&tenant, &name),
            "TENANT#acme#WORKFLOW#nightly WORKFLOW".to_owned(),
        ),
        (
            workflow_version(&tenant, &name, number),
            "TENANT#acme#WORKFLOW#nightly VERSION#0000000012".to_owned(),
        ),
        (
            listed_workflow(&tenant, &name),
            "TENANT#acme#WORKFLOWS nightly".to_owned(),
        ),
        (
            cached_step(&tenant, &output),
            format!("TENANT#acme#STEP_CACHE#{output} STEP_CACHE"),
        ),
    ];
    for (key, text) in expected {
        assert_eq!(format!("{} {}", key.pk, key.sk), text);
    }
    assert_eq!(runs(&tenant), "TENANT#acme#RUNS");
}

#[test]
fn evolutions_have_the_keys_that_are_documented() {
    let tenant: TenantId = "acme".parse().unwrap();
    let (agent, name) = ("packer".parse().unwrap(), "weibull".parse().unwrap());
    let id = tdev_domain::evolution::EvolutionId::generate();
    let number = VersionNumber::try_from(12).unwrap();
    let expected = [
        (
            problem(&tenant, &name),
            "TENANT#acme#PROBLEMS weibull".to_owned(),
        ),
        (
            looks(&tenant, &ArtifactDigest::of(b"x")),
            format!("TENANT#acme#LOOKS {}", ArtifactDigest::of(b"x")),
        ),
        (
            evolution(&tenant, &id),
            format!("TENANT#acme#EVOLUTION#{id} EVOLUTION"),
        ),
        (
            generation(&tenant, &id, 12),
            format!("TENANT#acme#EVOLUTION#{id} GENERATION#0000000012"),
        ),
        (
            champion(&tenant, &agent, number),
            "TENANT#acme#CHAMPIONS#packer VERSION#0000000012".to_owned(),
        ),
    ];
    for (key, text) in expected {
        assert_eq!(format!("{} {}", key.pk, key.sk), text);
    }
    assert_eq!(evolutions(&tenant), "TENANT#acme#EVOLUTIONS");
    let parsed = parse_evolution(&evolution(&tenant, &id).pk);
    assert_eq!(parsed, Some((tenant, id)));
    assert_eq!(parse_evolution("TENANT#acme#EVOLUTIONS"), None);
}

#[test]
fn a_place_comes_back_of_its_key() {
    let (tenant, id): (TenantId, _) = ("acme".parse().unwrap(), RunId::generate());
    let places = [None, Some(Place::step(12)), Some(Place::item(12, u32::MAX))];
    for place in places {
        let key = place.map_or_else(|| run(&tenant, &id), |place| step(&tenant, &id, place));
        let expected = Some((tenant.clone(), id.clone(), place));
        assert_eq!(parse_run(&key.pk, &key.sk), expected);
    }
    let pk = run_partition(&tenant, &id);
    for (pk, sk) in [
        (pk.as_str(), "STEP#"),
        (&pk, "ITEM#1"),
        (&pk, "MEET#0#1#deps"),
        ("TENANT#acme#RUNS", "RUN"),
    ] {
        assert_eq!(parse_run(pk, sk), None, "{pk} {sk}");
    }
}

#[test]
fn the_last_version_sorts_last() {
    let (tenant, name) = ("acme".parse().unwrap(), "a".parse().unwrap());
    let key = |n: u32| version(&tenant, &name, n.try_into().unwrap()).sk;
    assert!(key(9) < key(10));
    assert!(key(10) < key(u32::MAX));
}
