#![allow(clippy::float_cmp, reason = "these units are whole, or halves")]

use serde_json::json;

use super::*;

fn request(operation: &str, body: &Value) -> Request {
    Request {
        operation: operation.to_owned(),
        host: String::new(),
        path: String::new(),
        headers: http::HeaderMap::new(),
        body: body.to_string().into_bytes(),
    }
}

fn put(item: &Value) -> Request {
    request("DynamoDB.PutItem", &json!({"TableName": "t", "Item": item}))
}

/// An item of about so many bytes.
fn item_of(bytes: usize) -> Value {
    json!({"PK": {"S": "a"}, "SK": {"S": "b"}, "x": {"S": "x".repeat(bytes)}})
}

/// An item of about 2.5 KB, on the agenda if `at` says when, and listed with this summary.
fn indexed(at: Option<&str>, summary: &str) -> Value {
    let mut item = item_of(2_500);
    if let Some(at) = at {
        item["agenda"] = json!({"S": "DUE#1"});
        item["agenda_at"] = json!({"S": at});
    }
    item["listing"] = json!({"S": "all"});
    item["listed_at"] = json!({"S": "1"});
    item["summary"] = json!({"S": summary});
    item
}

#[test]
fn a_write_is_billed_by_the_larger_of_before_and_after() {
    let mut meter = Meter::new();
    let mut writes = |bytes| meter.read(&[put(&item_of(bytes))]).unwrap().total().writes;
    assert_eq!(
        [2_500, 10, 10, 1_500].map(&mut writes),
        [3.0, 3.0, 1.0, 2.0]
    );
}

#[test]
fn an_index_is_billed_when_what_it_shows_changes() {
    let mut meter = Meter::new();
    let mut writes = |at, summary| {
        let item = indexed(at, summary);
        meter.read(&[put(&item)]).unwrap().total().writes - 3.0
    };
    assert_eq!(writes(Some("1"), "new"), 2.0, "two entries");
    assert_eq!(writes(Some("1"), "new"), 0.0, "nothing that is shown");
    assert_eq!(writes(Some("1"), "run"), 1.0, "one attribute");
    assert_eq!(writes(Some("2"), "run"), 2.0, "a key: taken out and put in");
    assert_eq!(writes(None, "end"), 2.0, "one taken out, one changed");
}

#[test]
fn a_transaction_is_billed_twice_and_a_refusal_like_a_write() {
    let mut meter = Meter::new();
    let absent = json!({"TableName": "t", "Item": indexed(None, "new"),
        "ConditionExpression": "attribute_not_exists(PK)"});
    let transaction = request(
        "DynamoDB.TransactWriteItems",
        &json!({"TransactItems": [{"Put": absent}]}),
    );
    let first = meter.read(std::slice::from_ref(&transaction)).unwrap();
    assert_eq!(first.total().writes, 3.0 * 2.0 + 1.0);
    let refused = meter.read(&[transaction]).unwrap();
    assert_eq!(refused.total().writes, 3.0 * 2.0);
    let key = json!({"PK": {"S": "a"}, "SK": {"S": "b"}});
    let delete = request(
        "DynamoDB.DeleteItem",
        &json!({"TableName": "t", "Key": key}),
    );
    assert_eq!(meter.read(&[delete]).unwrap().total().writes, 3.0 + 1.0);
}

#[test]
fn reads_are_billed_by_what_is_found_and_how_consistent() {
    let mut meter = Meter::new();
    meter.read(&[put(&indexed(Some("1"), "new"))]).unwrap();
    let mut reads = |operation: &str, body: Value| {
        let bill = meter.read(&[request(operation, &body)]).unwrap();
        bill.total().reads
    };
    let key = json!({"PK": {"S": "a"}, "SK": {"S": "b"}});
    let get = json!({"TableName": "t", "Key": key, "ConsistentRead": true});
    assert_eq!(reads("DynamoDB.GetItem", get), 1.0);
    let missing = json!({"TableName": "t", "Key": {"PK": {"S": "x"}, "SK": {"S": "x"}}});
    assert_eq!(reads("DynamoDB.GetItem", missing), 0.5);
    let query = json!({"TableName": "t", "IndexName": "agenda",
        "KeyConditionExpression": "agenda = :a",
        "ExpressionAttributeValues": {":a": {"S": "DUE#1"}}});
    assert_eq!(reads("DynamoDB.Query", query), 0.5);
}

#[test]
fn a_handled_message_has_its_share_of_the_batch() {
    let by = Function {
        name: "route",
        memory_mb: 512,
        called: Called::ByMessage { batch: 10 },
    };
    let send = json!({"QueueUrl": "https://sqs/1/step", "MessageBody": "x".repeat(70_000)});
    let requests = [request("SQS.SendMessage", &send)];
    let units = Meter::new().handled(by, &requests).unwrap().total();
    assert!((units.sqs - 2.2).abs() < 1e-9);
    assert!((units.lambda - 0.1).abs() < 1e-9);
    assert!((units.gb_seconds - 0.5 * (OWN_MS + CALL_MS) / 1_000.0).abs() < 1e-9);
    let called = Called::Directly;
    let bill = Meter::new()
        .handled(Function { called, ..by }, &[])
        .unwrap();
    assert_eq!((bill.total().sqs, bill.total().lambda), (0.0, 1.0));
}

#[test]
fn a_batch_is_called_once_and_shared_by_its_messages() {
    let by = Function {
        name: "route",
        memory_mb: 512,
        called: Called::ByMessage { batch: 10 },
    };
    let send = json!({"QueueUrl": "https://sqs/1/step", "MessageBody": "x"});
    let requests = [(); 10].map(|()| request("SQS.SendMessage", &send));
    let bill = Meter::new().handled_batch(by, &requests).unwrap();
    let total = bill.total();
    assert_eq!((total.sqs, total.lambda), (12.0, 1.0));
    let busy = 0.5 * 10.0 * (OWN_MS + CALL_MS) / 1_000.0;
    assert!((total.gb_seconds - busy).abs() < 1e-9);
    let one = bill.shared_by(10);
    assert_eq!(one.lines.len(), 3, "what is sent to one queue is one line");
    assert!((one.total().dollars() * 10.0 - total.dollars()).abs() < 1e-9);
}

#[test]
fn a_million_units_cost_the_list_price() {
    let units = Units {
        writes: 1.0,
        reads: 1.0,
        sqs: 1.0,
        s3_puts: 1.0,
        s3_gets: 1.0,
        kms: 1.0,
        events: 1.0,
        lambda: 1.0,
        transitions: 1.0,
        gb_seconds: 1.0,
    };
    assert!((units.dollars() - 49.083_4).abs() < 1e-6);
}

#[test]
fn what_has_no_price_is_not_taken_for_free() {
    let unknown = request("DynamoDB.UpdateItem", &json!({}));
    let refused = Meter::new().read(&[unknown]);
    assert_eq!(refused, Err(Unpriced("DynamoDB.UpdateItem".to_owned())));
    for free in ["S3.DeleteObject", "AWSStepFunctions.SendTaskSuccess"] {
        let free = request(free, &Value::Null);
        let bill = Meter::new().read(&[free]).unwrap();
        assert_eq!(bill.total(), Units::default());
    }
}
