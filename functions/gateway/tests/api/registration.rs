//! Submitting agents, polling registrations, releasing them.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tdev_domain::{
    AgentFailure, AnalysisMethod, Example, ExampleResult, ExampleRun, FailureKind, ManifestDraft,
};
use tdev_domain::{
    ArtifactDigest, Finding, MAX_AGENT_BYTES, Outcome, ProbeReport, Quality, Report, Severity,
    State,
};

use crate::support::{Answer, Api, SOURCE, agent_name, tenant};

async fn register(api: &Api, body: Value) -> Answer {
    api.post("/v1/agents", body).await
}

#[tokio::test]
async fn json_is_accepted_stored_and_queued_in_this_order() {
    let api = Api::new().await;
    let manifest = json!({"description": "Echoes.", "capabilities": ["text.echo"]});
    let answer = register(
        &api,
        json!({"name": "echo", "source": SOURCE, "manifest": manifest}),
    )
    .await;
    insta::assert_json_snapshot!(answer.snapshot());

    let operations: Vec<_> = api
        .aws
        .requests()
        .into_iter()
        .map(|r| r.operation)
        .collect();
    assert_eq!(
        operations,
        [
            "DynamoDB.GetItem",
            "S3.PutObject",
            "DynamoDB.PutItem",
            "SQS.SendMessage"
        ],
        "the key is looked up, then: artifact, registration, message"
    );
    assert_eq!(
        api.aws.requests_of("S3.PutObject")[0].body,
        SOURCE.as_bytes()
    );
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let message = api.aws.requests_of("SQS.SendMessage")[0].json();
    let message: Value = serde_json::from_str(message["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(message, json!({"tenant": "acme", "registration": id}));
    let stored = api
        .table
        .registration(&tenant("acme"), &id.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.submitted.description.as_deref(), Some("Echoes."));

    let polled = api.get(answer.header("location")).await;
    assert_eq!(polled.json(), answer.json());
    assert_eq!(polled.header("retry-after"), "1");
}

#[tokio::test]
async fn raw_python_is_accepted_byte_by_byte() {
    let api = Api::new().await;
    let source = format!("\u{feff}# naïve\r\n{SOURCE}");
    for media_type in ["text/x-python", "application/x-python; charset=utf-8"] {
        let call = api
            .call(Method::POST, "/v1/agents?name=echo")
            .body(media_type, source.clone());
        let answer = call.send().await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        let digest = ArtifactDigest::of(source.as_bytes());
        assert_eq!(answer.json()["artifact"], digest.as_str());
        assert_eq!(answer.json()["bytes"], source.len());
    }
}

#[tokio::test]
async fn the_size_limit_is_inclusive_whichever_way_the_source_comes() {
    let api = Api::new().await;
    let source = |bytes: usize| format!("{SOURCE}{}", "#".repeat(bytes - SOURCE.len()));
    let by_json = |bytes| register(&api, json!({"name": "echo", "source": source(bytes)}));
    let by_python = |bytes| {
        api.call(Method::POST, "/v1/agents?name=echo")
            .body("text/x-python", source(bytes))
            .send()
    };
    assert_eq!(by_json(MAX_AGENT_BYTES).await.status, StatusCode::ACCEPTED);
    assert_eq!(
        by_python(MAX_AGENT_BYTES).await.status,
        StatusCode::ACCEPTED
    );
    api.aws.forget_requests();
    for answer in [
        by_json(MAX_AGENT_BYTES + 1).await,
        by_python(MAX_AGENT_BYTES + 1).await,
    ] {
        assert_eq!(answer.problem(), "agent-too-large");
        assert_eq!(answer.json()["bytes"], MAX_AGENT_BYTES + 1);
        assert_eq!(answer.json()["limit"], MAX_AGENT_BYTES);
    }
    assert!(api.aws.requests_of("S3.PutObject").is_empty());
}

#[tokio::test]
async fn the_limit_counts_bytes_not_characters() {
    let api = Api::new().await;
    let source = "é".repeat(MAX_AGENT_BYTES / 2 + 1);
    let answer = register(&api, json!({"name": "echo", "source": source})).await;
    assert_eq!(answer.json()["bytes"], MAX_AGENT_BYTES + 2);
}

#[tokio::test]
async fn bad_json_is_refused_with_the_place() {
    let api = Api::new().await;
    let mut refusals = Vec::new();
    for body in [
        json!({}),
        json!([]),
        json!({"name": "echo"}),
        json!({"name": "Echo!", "source": SOURCE}),
        json!({"name": 3, "source": SOURCE}),
        json!({"name": "echo", "source": ""}),
        json!({"name": "echo", "source": " \n\t"}),
        json!({"name": "echo", "source": "a\u{0}b"}),
        json!({"name": "echo", "source": SOURCE, "colour": "red"}),
        json!({"name": "echo", "source": SOURCE, "manifest": {"tool": ["log"]}}),
        json!({"name": "echo", "source": SOURCE, "manifest": {"tools": ["log", 2]}}),
        json!({"name": "echo", "source": SOURCE, "manifest": {"examples": [{"output": 1}]}}),
        json!({"name": "echo", "source": SOURCE, "manifest": {"name": "other"}}),
        json!({"name": "echo", "source": SOURCE, "manifest": {"description": "x".repeat(70_000)}}),
        json!({"name": "Echo", "source": SOURCE, "manifest": {"name": "other"}}),
        json!(["echo", SOURCE, null]),
        json!({"name": "echo", "source": SOURCE, "manifest": {"limits": [1, 2]}}),
        json!({"name": "echo", "source": SOURCE, "manifest": {"examples": [[1, 2]]}}),
    ] {
        let answer = register(&api, body).await;
        answer.problem();
        let json = answer.json();
        refusals.push(
            json!({"type": json["type"], "detail": json["detail"], "errors": json["errors"]}),
        );
    }
    insta::assert_json_snapshot!(refusals);
    assert!(api.aws.requests_of("S3.PutObject").is_empty());
}

#[tokio::test]
async fn what_is_not_json_is_refused_with_line_and_column() {
    let api = Api::new().await;
    let call = api.call(Method::POST, "/v1/agents");
    let answer = call
        .body("application/json", "{\n  \"name\": \"echo\",\n}")
        .send()
        .await;
    assert_eq!(answer.problem(), "malformed-json");
    assert_eq!(
        (&answer.json()["line"], &answer.json()["column"]),
        (&json!(3), &json!(1))
    );
    for body in [
        "",
        "{",
        "nul",
        "{\"name\": \"a\", \"source\": \"b\"} c",
        "\u{feff}{}",
    ] {
        let call = api
            .call(Method::POST, "/v1/agents")
            .body("application/json", body);
        assert_eq!(call.send().await.problem(), "malformed-json", "{body:?}");
    }
    let not_utf_8 = api
        .call(Method::POST, "/v1/agents")
        .body("application/json", b"{\"\xff\"}".to_vec());
    assert_eq!(not_utf_8.send().await.problem(), "malformed-json");
}

#[tokio::test]
async fn bad_python_is_refused() {
    let api = Api::new().await;
    let python = |query: &str, body: Vec<u8>| {
        api.call(Method::POST, &format!("/v1/agents{query}"))
            .body("text/x-python", body)
            .send()
    };
    for (query, body, problem) in [
        ("", SOURCE.into(), "invalid-parameter"),
        ("?name=", SOURCE.into(), "invalid-parameter"),
        ("?name=A", SOURCE.into(), "invalid-parameter"),
        ("?name=a&name=b", SOURCE.into(), "invalid-parameter"),
        ("?name=a&colour=red", SOURCE.into(), "invalid-parameter"),
        ("?name=a", Vec::new(), "invalid-source"),
        ("?name=a", b"def \xff".to_vec(), "invalid-source"),
        ("?name=a", b"a\0b".to_vec(), "invalid-source"),
    ] {
        assert_eq!(python(query, body).await.problem(), problem, "{query}");
    }
    let json_with_name = api.call(Method::POST, "/v1/agents?name=a");
    let json_with_name = json_with_name.json(&json!({"name": "a", "source": SOURCE}));
    assert_eq!(json_with_name.send().await.problem(), "invalid-parameter");
}

#[tokio::test]
async fn other_media_types_are_refused_with_those_that_are_taken() {
    let api = Api::new().await;
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "",
    ] {
        let call = api.call(Method::POST, "/v1/agents").body(media_type, "{}");
        let answer = call.send().await;
        assert_eq!(answer.problem(), "unsupported-media-type", "{media_type}");
        assert_eq!(
            answer.header("accept"),
            "application/json, text/x-python, application/x-python"
        );
    }
}

#[tokio::test]
async fn a_name_can_be_asked_to_be_new() {
    let api = Api::new().await;
    api.admit("echo", json!({})).await;
    let register = |condition: &'static str| {
        let call = api
            .call(Method::POST, "/v1/agents")
            .header("if-none-match", condition);
        call.json(&json!({"name": "echo", "source": SOURCE})).send()
    };
    assert_eq!(register("*").await.problem(), "agent-exists");
    assert_eq!(register("\"1\"").await.problem(), "invalid-parameter");
    api.delete("/v1/agents/echo").await;
    assert_eq!(
        register("*").await.status,
        StatusCode::ACCEPTED,
        "a deleted agent is no agent"
    );
}

#[tokio::test]
async fn a_failure_at_any_place_is_a_503_and_leaves_nothing_that_is_worked_on() {
    for (operation, status, code) in [
        ("S3.PutObject", 503, "SlowDown"),
        (
            "DynamoDB.PutItem",
            400,
            "ProvisionedThroughputExceededException",
        ),
        ("SQS.SendMessage", 500, "InternalError"),
    ] {
        let api = Api::new().await;
        api.fails(operation, status, code);
        let answer = register(&api, json!({"name": "echo", "source": SOURCE})).await;
        assert_eq!(answer.problem(), "unavailable", "{operation}");
        assert_eq!(answer.header("retry-after"), "1");
        let sent = api.aws.requests_of("SQS.SendMessage").len();
        assert_eq!(sent, usize::from(operation == "SQS.SendMessage"));
        assert_eq!(
            api.get("/v1/agents/echo").await.problem(),
            "agent-not-found"
        );
        // What is stored but not queued expires.
        for put in api.aws.requests_of("DynamoDB.PutItem") {
            assert!(put.json()["Item"]["expires_at"]["N"].is_string());
        }
    }
}

#[tokio::test]
async fn a_settled_registration_is_shown_with_its_report() {
    let api = Api::new().await;
    let report = Report {
        method: AnalysisMethod::Static,
        findings: vec![Finding {
            rule: "SEC003".to_owned(),
            severity: Severity::Danger,
            line: Some(4),
            column: Some(5),
            message: "calls eval".to_owned(),
            advice: "leave it out".to_owned(),
            excerpt: None,
        }],
        probe: Some(ProbeReport {
            declared: ManifestDraft::default(),
            compile_us: 200,
            describe_us: 4,
            compiled_bytes: 45_000,
            examples: vec![ExampleRun {
                example: Example {
                    input: json!(1),
                    output: Some(json!(2)),
                },
                result: ExampleResult::Ended {
                    outcome: Outcome::Failed(AgentFailure::new(
                        FailureKind::Raised,
                        "ValueError: no",
                    )),
                    deterministic: true,
                },
            }],
        }),
        quality: Some(Quality {
            score: 80,
            parts: Vec::new(),
        }),
    };
    let quarantined = api
        .submitted(
            &tenant("acme"),
            &agent_name("echo"),
            &[State::Analysing, State::Quarantined],
        )
        .await
        .with_report(report);
    api.table.put_registration(&quarantined).await.unwrap();
    let answer = api
        .get(&format!("/v1/registrations/{}", quarantined.id))
        .await;
    assert_eq!(answer.header("retry-after"), "");
    insta::assert_json_snapshot!(answer.snapshot());
}

#[tokio::test]
async fn an_unknown_registration_is_not_found() {
    let api = Api::new().await;
    for id in ["reg_00000000000000000000000000000000", "reg_1", "x", "%20"] {
        let answer = api.get(&format!("/v1/registrations/{id}")).await;
        assert_eq!(answer.problem(), "registration-not-found", "{id}");
    }
}

/// A quarantined registration of `acme`, and its path.
async fn quarantined(api: &Api) -> String {
    let path = [State::Analysing, State::Quarantined];
    let registration = api
        .submitted(&tenant("acme"), &agent_name("echo"), &path)
        .await;
    api.table.put_registration(&registration).await.unwrap();
    api.aws.forget_requests();
    format!("/v1/registrations/{}", registration.id)
}

#[tokio::test]
async fn a_quarantined_registration_is_released_to_be_analysed_again() {
    let api = Api::new().await;
    let path = quarantined(&api).await;
    let release = format!("{path}/release");
    let answer = api
        .post(
            &release,
            json!({"reason": "I wrote the regular expression."}),
        )
        .await;
    insta::assert_json_snapshot!(answer.snapshot());
    assert_eq!(answer.header("location"), path);
    assert_eq!(api.aws.requests_of("SQS.SendMessage").len(), 1);
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let stored = api
        .table
        .registration(&tenant("acme"), &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        stored.release.unwrap().reason.unwrap(),
        "I wrote the regular expression."
    );
}

#[tokio::test]
async fn a_release_that_was_not_queued_is_queued_by_repeating_it() {
    let api = Api::new().await;
    let path = quarantined(&api).await;
    let release = format!("{path}/release");
    api.fails("SQS.SendMessage", 503, "ServiceUnavailable");
    assert_eq!(
        api.post(&release, json!(null)).await.problem(),
        "unavailable"
    );
    api.aws.restore("SQS.SendMessage");
    assert_eq!(
        api.post(&release, json!(null)).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(api.aws.requests_of("SQS.SendMessage").len(), 2);
}

#[tokio::test]
async fn only_what_is_quarantined_is_released() {
    let api = Api::new().await;
    let accepted = register(&api, json!({"name": "echo", "source": SOURCE})).await;
    let release = format!("{}/release", accepted.header("location"));
    let answer = api.post(&release, json!(null)).await;
    assert_eq!(answer.problem(), "not-quarantined");

    let path = quarantined(&api).await;
    for body in [
        json!({"reason": ""}),
        json!({"reason": "x".repeat(501)}),
        json!({"why": 1}),
    ] {
        let answer = api.post(&format!("{path}/release"), body).await;
        assert_eq!(answer.problem(), "invalid-request");
    }
}
