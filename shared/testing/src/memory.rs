//! Tables, buckets, queues and secrets in memory.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use crate::condition::holds;
use crate::data_keys::DataKeys;
use crate::query::query;
use crate::update::updated;
use crate::{Request, Response};

pub(crate) type Item = Map<String, Value>;

/// The state of the fake.
#[derive(Default)]
pub(crate) struct Memory {
    /// By table, `PK` and `SK`.
    items: BTreeMap<[String; 3], Item>,
    /// The tokens of the transactions that went through.
    transactions: HashSet<String>,
    /// By host and path.
    objects: BTreeMap<String, Vec<u8>>,
    secrets: BTreeMap<String, String>,
    data_keys: DataKeys,
}

/// What became of a conditional write.
enum Check {
    Passed,
    Failed,
    Unreadable,
}

impl Memory {
    /// The answer to `request`; `None` if the fake does not know the operation.
    pub(crate) fn answer(&mut self, request: &Request) -> Option<Response> {
        let body = request.json();
        Some(match request.operation.as_str() {
            "DynamoDB.GetItem" => match self.items.get(&key(&body, &body["Key"])) {
                Some(item) => Response::json(&json!({"Item": item})),
                None => Response::json(&json!({})),
            },
            "DynamoDB.BatchGetItem" => self.batch(&body),
            "DynamoDB.UpdateItem" => self.update(&body),
            "DynamoDB.PutItem" => self.write(&body, &body["Item"], body["Item"].as_object()),
            "DynamoDB.DeleteItem" => self.write(&body, &body["Key"], None),
            "DynamoDB.Query" => query(&self.items, &body),
            "DynamoDB.TransactWriteItems" => self.transact(&body),
            "S3.HeadBucket" => Response::bytes(""),
            "S3.PutObject" => self.put_object(request),
            "S3.GetObject" => match self.objects.get(&location(request)) {
                Some(bytes) => Response::bytes(bytes.clone()),
                None => Response::error(404, "NoSuchKey", "there is no such object"),
            },
            "S3.DeleteObject" => {
                self.objects.remove(&location(request));
                Response::bytes("").with_status(204)
            }
            "KMS.GenerateDataKey" => self.data_keys.generate(&body),
            "KMS.Decrypt" => self.data_keys.decrypt(&body),
            "Events.PutEvents" => put_events(&body),
            "SQS.SendMessage" => {
                Response::json(&json!({"MessageId": "00000000-0000-4000-8000-000000000000"}))
            }
            operation => return self.secret(operation, &body),
        })
    }

    fn secret(&mut self, operation: &str, body: &Value) -> Option<Response> {
        let id = name(&body["SecretId"]);
        Some(match operation {
            "SecretsManager.GetSecretValue" => match self.secrets.get(&id) {
                Some(value) => Response::json(&json!({"SecretString": value})),
                None => not_found(),
            },
            "SecretsManager.PutSecretValue" => match self.secrets.get_mut(&id) {
                Some(value) => {
                    *value = name(&body["SecretString"]);
                    Response::json(&json!({}))
                }
                None => not_found(),
            },
            "SecretsManager.CreateSecret" => match self.secrets.entry(name(&body["Name"])) {
                Entry::Occupied(_) => {
                    Response::error(400, "ResourceExistsException", "the secret exists")
                }
                Entry::Vacant(secret) => {
                    secret.insert(name(&body["SecretString"]));
                    Response::json(&json!({}))
                }
            },
            _ => return None,
        })
    }

    fn check(&self, write: &Value, key: &[String; 3]) -> Check {
        let Some(expression) = write["ConditionExpression"].as_str() else {
            return Check::Passed;
        };
        let values = &write["ExpressionAttributeValues"];
        match holds(expression, self.items.get(key), values) {
            Ok(true) => Check::Passed,
            Ok(false) => Check::Failed,
            Err(_) => Check::Unreadable,
        }
    }

    /// Puts `item` under the key that `keyed` has, or deletes what is there.
    fn write(&mut self, body: &Value, keyed: &Value, item: Option<&Item>) -> Response {
        let key = key(body, keyed);
        match self.check(body, &key) {
            Check::Unreadable => unreadable(),
            Check::Failed => {
                let stored = self.items.get(&key);
                let wanted = body["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD";
                Response::refused(&json!(stored.filter(|_| wanted)))
            }
            Check::Passed => {
                self.store(key, item);
                Response::json(&json!({}))
            }
        }
    }

    /// Updates without a condition, which the platform does not need.
    fn update(&mut self, body: &Value) -> Response {
        let key = key(body, &body["Key"]);
        let Ok(item) = updated(self.items.get(&key), body) else {
            return unreadable();
        };
        self.items.insert(key, item.clone());
        match body["ReturnValues"].as_str() {
            Some("ALL_NEW") => Response::json(&json!({"Attributes": item})),
            _ => Response::json(&json!({})),
        }
    }

    /// Reads from one table, as the platform does.
    fn batch(&self, body: &Value) -> Response {
        let tables = body["RequestItems"].as_object().into_iter().flatten();
        let mut responses = Item::new();
        for (table, request) in tables {
            let keys: Vec<_> = request["Keys"].as_array().into_iter().flatten().collect();
            let twice = keys.iter().collect::<HashSet<_>>().len() < keys.len();
            if keys.is_empty() || keys.len() > 100 || twice {
                let message = "from 1 to 100 keys, none twice";
                return Response::error(400, "ValidationException", message);
            }
            let of_table = json!({"TableName": table});
            let found = keys
                .iter()
                .filter_map(|keyed| self.items.get(&key(&of_table, keyed)));
            responses.insert(table.clone(), found.cloned().map(Value::Object).collect());
        }
        Response::json(&json!({"Responses": responses, "UnprocessedKeys": {}}))
    }

    fn store(&mut self, key: [String; 3], item: Option<&Item>) {
        match item {
            Some(item) => self.items.insert(key, item.clone()),
            None => self.items.remove(&key),
        };
    }

    fn transact(&mut self, body: &Value) -> Response {
        let token = name(&body["ClientRequestToken"]);
        if self.transactions.contains(&token) {
            return Response::json(&json!({}));
        }
        let mut writes = Vec::new();
        let mut reasons = Vec::new();
        for write in body["TransactItems"].as_array().into_iter().flatten() {
            let (write, keyed, item) = match (&write["Put"], &write["Delete"]) {
                (Value::Null, delete) => (delete, &delete["Key"], None),
                (put, _) => (put, &put["Item"], put["Item"].as_object()),
            };
            let key = key(write, keyed);
            reasons.push(match self.check(write, &key) {
                Check::Unreadable => return unreadable(),
                Check::Failed => json!({"Code": "ConditionalCheckFailed"}),
                Check::Passed => json!({"Code": "None"}),
            });
            writes.push((key, item));
        }
        if reasons.iter().any(|reason| reason["Code"] != "None") {
            return Response::json(&json!({
                "__type": "TransactionCanceledException",
                "Message": "Transaction cancelled",
                "CancellationReasons": reasons,
            }))
            .with_status(400);
        }
        for (key, item) in writes {
            self.store(key, item);
        }
        self.transactions.insert(token);
        Response::json(&json!({}))
    }

    fn put_object(&mut self, request: &Request) -> Response {
        let location = location(request);
        if request.header("if-none-match") == Some("*") && self.objects.contains_key(&location) {
            return Response::error(412, "PreconditionFailed", "the object exists");
        }
        self.objects.insert(location, request.body.clone());
        Response::bytes("")
    }
}

fn put_events(body: &Value) -> Response {
    let entries = body["Entries"].as_array().map_or(0, Vec::len);
    let answers = vec![json!({"EventId": "00000000-0000-4000-8000-000000000000"}); entries];
    Response::json(&json!({"FailedEntryCount": 0, "Entries": answers}))
}

pub(crate) fn key(body: &Value, keyed: &Value) -> [String; 3] {
    [
        name(&body["TableName"]),
        name(&keyed["PK"]["S"]),
        name(&keyed["SK"]["S"]),
    ]
}

pub(crate) fn name(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The bucket is in the host name or in the path.
fn location(request: &Request) -> String {
    format!("{}{}", request.host, request.path)
}

fn not_found() -> Response {
    Response::error(400, "ResourceNotFoundException", "there is no such secret")
}

pub(crate) fn unreadable() -> Response {
    Response::error(
        400,
        "ValidationException",
        "the fake cannot read the expression",
    )
}
