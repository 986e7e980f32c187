//! Evolutions, and the problems by which agents evolve.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_aws::Objects;
use tdev_domain::ArtifactDigest;
use tdev_domain::evolution::{
    Champion, Evolution, EvolutionId, Reason, Status, StopReason, Winner,
};
use tdev_testing::Response;

use crate::support::{Answer, Api, agent_name, config, tenant};

const EVOLVABLE: &str = "def get_capabilities():\n    return {}\n\n\n# EVOLVE-BLOCK-START\n\
    def scale(x: float) -> float:\n    return x\n# EVOLVE-BLOCK-END\n\n\n\
    def execute(input):\n    return scale(input)\n";

/// Doubling, from examples.
fn problem() -> Value {
    let cases: Vec<_> = (1..=20)
        .map(|n| json!({"input": [f64::from(n)], "output": f64::from(n * 2000)}))
        .collect();
    json!({
        "name": "doubling",
        "description": "Twice as much.",
        "judge": {"kind": "cases", "function": "scale", "metric": {"kind": "absolute"}, "cases": cases},
    })
}

/// The API with an agent that can evolve and a problem.
pub(crate) async fn with_problem() -> Api {
    let api = Api::new().await;
    api.admit_source("scaler", EVOLVABLE).await;
    api.aws
        .on("Lambda.Invoke", |_| Response::json(&json!({"begun": []})));
    let stored = api.post("/v1/problems", problem()).await;
    assert_eq!(stored.status, StatusCode::CREATED, "{}", stored.text);
    api
}

async fn start(api: &Api, more: Value) -> Answer {
    let mut request = json!({"agent": "scaler", "problem": "doubling", "seed": 7});
    let members = more.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(members);
    api.post("/v1/evolutions", request).await
}

/// An evolution as the state machine has left it.
async fn put(api: &Api, path: &[Status]) -> Evolution {
    let started = start(api, json!({})).await;
    let id: EvolutionId = started.json()["id"].as_str().unwrap().parse().unwrap();
    let found = api.table.evolution(&tenant("acme"), &id).await.unwrap();
    let mut evolution = found.unwrap();
    for status in path {
        evolution = evolution.advance(status.clone(), Timestamp::now()).unwrap();
        api.table.put_evolution(&evolution).await.unwrap();
    }
    evolution
}

fn asking() -> [Status; 2] {
    let reasons = vec![Reason::new("jump", "it is too good to be true")];
    [
        Status::Examining {
            stopped: StopReason::Target,
        },
        Status::AwaitingApproval {
            reasons,
            token: Some("token".to_owned()),
        },
    ]
}

#[tokio::test]
async fn a_problem_is_stored_without_telling_what_is_held_out() {
    let api = with_problem().await;
    let again = api.post("/v1/problems", problem()).await;
    assert_eq!(again.status, StatusCode::OK);
    insta::assert_json_snapshot!(again.json(), {".created_at" => "[time]", ".updated_at" => "[time]"});
    let shown = api.get("/v1/problems/doubling").await;
    assert_eq!(shown.json()["definition"]["name"], "doubling");
    assert!(!shown.text.contains("2000"), "{}", shown.text);
    assert_eq!(shown.json()["train"], 14);

    let mut changed = problem();
    changed["judge"]["metric"] = json!({"kind": "squared"});
    let replaced = api.post("/v1/problems", changed).await;
    assert_eq!(replaced.status, StatusCode::OK);
    assert_ne!(replaced.json()["digest"], again.json()["digest"]);
    let listed = api.get("/v1/problems").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        api.get("/v1/problems/tripling").await.problem(),
        "problem-not-found"
    );
}

#[tokio::test]
async fn cases_come_from_csv_and_json_lines() {
    let api = Api::new().await;
    let csv = "x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n";
    let column = |name| json!({"name": name, "type": "float"});
    let layout = json!({"inputs": [column("x")], "shape": "arguments", "outputs": [column("y")]});
    let mut imported = problem();
    imported["judge"]["cases"] = json!([]);
    imported["import"] = json!({"format": "csv", "data": csv, "layout": layout});
    let stored = api.post("/v1/problems", imported.clone()).await;
    assert_eq!(stored.status, StatusCode::CREATED, "{}", stored.text);
    let counts = stored.json();
    let count = counts["train"].as_u64().unwrap() + counts["held_out"].as_u64().unwrap();
    assert_eq!(count, 5);

    imported["import"]["data"] = json!("x,y\n1,2\ntwo,4\n");
    let refused = api.post("/v1/problems", imported.clone()).await;
    insta::assert_json_snapshot!("a_line_of_csv_is_wrong", refused.snapshot());
    imported["import"] =
        json!({"format": "jsonl", "data": "{\"input\": [1.0], \"output\": 2}\nnothing\n"});
    let refused = api.post("/v1/problems", imported.clone()).await;
    insta::assert_json_snapshot!("a_json_line_is_wrong", refused.snapshot());
    imported["import"] = json!({"format": "xml", "data": ""});
    assert_eq!(
        api.post("/v1/problems", imported).await.problem(),
        "invalid-request"
    );
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_problem_is_told() {
    let api = Api::new().await;
    let refused = api
        .post(
            "/v1/problems",
            json!({
                "name": "No Name",
                "judge": {
                    "kind": "cases",
                    "metric": {"kind": "absolute"},
                    "cases": [{"input": 1, "output": "two"}],
                    "held_out": {"share": 2.0},
                },
                "bound": -1.0,
            }),
        )
        .await;
    insta::assert_json_snapshot!(refused.snapshot());
}

#[tokio::test]
async fn an_evolution_is_accepted_and_begun() {
    let api = with_problem().await;
    let started = start(
        &api,
        json!({"population": 20, "schedule": {"every_hours": 24}}),
    )
    .await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
    insta::assert_json_snapshot!(started.json(), {
        ".id" => "[id]", ".created_at" => "[time]", ".updated_at" => "[time]",
    });
    assert_eq!(api.aws.requests_of("Lambda.Invoke").len(), 1);
    let shown = api.get(started.header("location")).await.json();
    assert_eq!(shown, started.json());
    let listed = api
        .get("/v1/evolutions?agent=scaler&status=running")
        .await
        .json();
    assert_eq!(listed["items"][0]["id"], shown["id"]);
    let path = started.header("location");
    let none = api.get(&format!("{path}/generations/0")).await;
    assert_eq!(none.problem(), "generation-not-found");
    let curve = api.get(&format!("{path}/curve?format=png")).await;
    assert_eq!(curve.problem(), "invalid-parameter");
}

#[tokio::test]
async fn what_is_asked_for_is_checked() {
    let api = with_problem().await;
    for (more, pointer) in [
        (json!({"population": 1}), "/population"),
        (json!({"populatoin": 10}), "/populatoin"),
        (json!({"operators": ["magic"]}), "/operators"),
        (
            json!({"schedule": {"every_hours": 0}}),
            "/schedule/every_hours",
        ),
        (json!({"budget": {"dollars": -1}}), "/budget/dollars"),
        (json!({"approval_seconds": 1}), "/approval_seconds"),
        (json!({"seed": 1_u64 << 53}), "/seed"),
        (json!({"agent": 5}), "/agent"),
    ] {
        let refused = start(&api, more).await;
        assert_eq!(refused.problem(), "invalid-request", "{}", refused.text);
        assert_eq!(
            refused.json()["errors"][0]["pointer"],
            pointer,
            "{}",
            refused.text
        );
    }
    let other = start(&api, json!({"problem": "tripling"})).await;
    assert_eq!(other.problem(), "problem-not-found");
    let other = start(&api, json!({"agent": "nobody"})).await;
    assert_eq!(other.problem(), "agent-not-found");
}

#[tokio::test]
async fn an_agent_that_cannot_evolve_is_told_why() {
    let api = with_problem().await;
    for (name, source) in [
        ("plain", EVOLVABLE.replace("EVOLVE-BLOCK", "BLOCK")),
        (
            "classy",
            EVOLVABLE.replace("    return x", "    class A:\n        pass"),
        ),
        ("other", EVOLVABLE.replace("scale", "resize")),
    ] {
        api.admit_source(name, &source).await;
        let refused = start(&api, json!({"agent": name})).await;
        assert_eq!(refused.problem(), "cannot-evolve", "{}", refused.text);
        insta::assert_json_snapshot!(format!("cannot_evolve_{name}"), refused.snapshot());
    }
}

#[tokio::test]
async fn an_evolution_is_steered_while_it_can_be() {
    let api = with_problem().await;
    let evolution = put(&api, &[]).await;
    let path = format!("/v1/evolutions/{}", evolution.id);
    let steer = async |what: &str| api.post(&format!("{path}/{what}"), Value::Null).await;
    assert_eq!(steer("resume").await.problem(), "evolution-not-paused");
    assert_eq!(steer("approve").await.problem(), "promotion-not-asked");
    assert_eq!(steer("pause").await.json()["status"], "paused");
    assert_eq!(steer("pause").await.problem(), "evolution-not-running");
    assert_eq!(steer("resume").await.json()["status"], "running");
    assert_eq!(steer("cancel").await.json()["status"], "cancelled");
    let again = steer("cancel").await;
    assert_eq!(again.problem(), "evolution-ended");
    assert_eq!(again.json()["evolution_status"], "cancelled");
    let unknown = api.post("/v1/evolutions/evo_1/cancel", Value::Null).await;
    assert_eq!(unknown.problem(), "evolution-not-found");
}

/// What was found out about a winner.
fn evidence() -> Value {
    let losses = |parent: f64, candidate: f64| json!({"parent": parent, "candidate": candidate});
    json!({
        "evaluator": {"pinned": "a1", "observed": "a1"},
        "train": losses(10_000.0, 0.5),
        "held_out": losses(11_000.0, 0.75),
        "queries": {"used": 1, "allowed": 100},
        "failures": {"parent": 0, "candidate": 0},
        "canaries": [{"name": "large", "losses": losses(1e6, 2.0)}],
        "relations": [{"tried": 6, "broken": 0}],
        "repeats": {"evaluations": 100, "different": 0},
        "capabilities": {"forbidden": [], "added": ["text.summary"]},
        "size": {"bytes": 180, "nodes": 7, "parent_nodes": 3},
        "text": {"copied": 0, "suspicious": 0},
        "origin": {"is_chained": true, "is_tainted": false},
        "sandbox_agrees": true,
        "traffic_share": null,
        "baselines": [{"name": "best constant", "loss": 5_000.0}],
        "tolerance": {"absolute": 1e-9, "relative": 0.001},
        "bound": null,
    })
}

/// An evolution whose winner was examined, with this kept as the evidence.
async fn examined(api: &Api, kept: Vec<u8>) -> Evolution {
    let stopped = StopReason::Target;
    let evolution = put(api, &[Status::Examining { stopped }]).await;
    let objects = Objects::new(&api.aws.config(), &config().artifacts_bucket);
    let acme = tenant("acme");
    let kept = objects.put_champion(&acme, &evolution.id, kept);
    let winner = Winner {
        source: ArtifactDigest::of(b"# winner"),
        bytes: 180,
        loss: 0.5,
        base_loss: 10_000.0,
        evidence: kept.await.unwrap(),
    };
    let examined = evolution.examined(winner, Timestamp::now()).unwrap();
    api.table.put_evolution(&examined).await.unwrap();
    examined
}

#[tokio::test]
async fn what_the_gate_decides_on_is_shown_as_it_was_stored() {
    let api = with_problem().await;
    let kept = evidence().to_string();
    let evolution = examined(&api, kept.clone().into_bytes()).await;
    let path = format!("/v1/evolutions/{}/evidence", evolution.id);
    let shown = api.get(&path).await;
    assert_eq!(shown.text, kept);
    insta::assert_json_snapshot!(shown.snapshot());
    let winner = api.get(&format!("/v1/evolutions/{}", evolution.id)).await;
    assert_eq!(
        winner.json()["winner"]["evidence"],
        ArtifactDigest::of(shown.text.as_bytes()).as_str()
    );
    let stranger = api.call(Method::GET, &path).key(Some(&api.other_key));
    assert_eq!(stranger.send().await.problem(), "evolution-not-found");
}

#[tokio::test]
async fn there_is_no_evidence_before_a_winner_was_examined() {
    let api = with_problem().await;
    let evolution = put(&api, &[]).await;
    let early = api
        .get(&format!("/v1/evolutions/{}/evidence", evolution.id))
        .await;
    insta::assert_json_snapshot!(early.snapshot());
}

#[tokio::test]
async fn nothing_but_evidence_is_shown_as_evidence() {
    let api = with_problem().await;
    let mut more = evidence();
    more["cases"] = json!([{"input": [1.0], "output": 2000.0}]);
    for kept in [more.to_string(), EVOLVABLE.to_owned()] {
        let evolution = examined(&api, kept.into_bytes()).await;
        let refused = api
            .get(&format!("/v1/evolutions/{}/evidence", evolution.id))
            .await;
        assert_eq!(refused.problem(), "internal");
        assert!(!refused.text.contains("2000"), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_person_answers_once() {
    let api = with_problem().await;
    api.aws.on("AWSStepFunctions.SendTaskSuccess", |_| {
        Response::json(&json!({}))
    });
    let evolution = put(&api, &asking()).await;
    let path = format!("/v1/evolutions/{}", evolution.id);
    let shown = api.get(&path).await;
    assert!(!shown.text.contains("token"), "{}", shown.text);
    assert_eq!(shown.json()["details"]["reasons"][0]["code"], "jump");
    let long = json!({"reason": "x".repeat(1001)});
    let refused = api.post(&format!("{path}/approve"), long).await;
    assert_eq!(refused.problem(), "invalid-request");
    let said = json!({"reason": "it is good"});
    let answered = api.post(&format!("{path}/approve"), said).await;
    assert_eq!(
        answered.json()["approval"]["approved"],
        true,
        "{}",
        answered.text
    );
    assert_eq!(
        api.aws
            .requests_of("AWSStepFunctions.SendTaskSuccess")
            .len(),
        1
    );
    let again = api.post(&format!("{path}/reject"), Value::Null).await;
    assert_eq!(again.problem(), "promotion-not-asked");
}

#[tokio::test]
async fn a_harmful_version_and_what_came_of_it_are_held() {
    let api = with_problem().await;
    for changed in ["x + 1", "x + 2"] {
        let source = EVOLVABLE.replace("return x", &format!("return {changed}"));
        let version = api.admit_source("scaler", &source).await;
        let evolution = put(&api, &[]).await;
        let champion = Champion {
            tenant: tenant("acme"),
            agent: agent_name("scaler"),
            version,
            base: (version.get() - 1).try_into().unwrap(),
            evolution: evolution.id.clone(),
            winner: Winner {
                source: ArtifactDigest::of(source.as_bytes()),
                bytes: 100,
                loss: 1.0,
                base_loss: 2.0,
                evidence: ArtifactDigest::of(b"evidence"),
            },
            promoted_at: Timestamp::UNIX_EPOCH,
            held: None,
            revision: 0,
        };
        let cancelled = evolution.cancelled(Timestamp::now()).unwrap();
        api.table
            .put_promotion(&cancelled, &champion)
            .await
            .unwrap();
    }
    let back = api
        .post("/v1/agents/scaler/rollback", json!({"version": 2}))
        .await;
    assert_eq!(back.json()["version"], 2, "{}", back.text);
    let held = api
        .post("/v1/agents/scaler/rollback", json!({"quarantine": true}))
        .await;
    assert_eq!(held.json()["version"], 1, "{}", held.text);
    let champions = api.get("/v1/agents/scaler/champions").await.json();
    let ancestors: Vec<_> = champions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|champion| {
            (
                champion["version"].clone(),
                champion["held"]["ancestor"].clone(),
            )
        })
        .collect();
    assert_eq!(ancestors, [(json!(3), json!(2)), (json!(2), json!(2))]);
    let forward = api
        .post("/v1/agents/scaler/rollback", json!({"version": 3}))
        .await;
    assert_eq!(forward.problem(), "version-not-found");
}
