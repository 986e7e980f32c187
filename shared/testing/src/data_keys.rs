//! A key service whose keys are no secrets.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::Response;

/// The data keys made so far: what each is bound to.
#[derive(Default)]
pub(crate) struct DataKeys(Vec<Bound>);

#[derive(PartialEq, Eq)]
struct Bound {
    key_id: Value,
    context: Value,
}

impl DataKeys {
    pub(crate) fn generate(&mut self, body: &Value) -> Response {
        let number = self.0.len();
        self.0.push(bound(body));
        Response::json(&json!({
            "KeyId": body["KeyId"],
            "Plaintext": plain(number),
            "CiphertextBlob": BASE64_STANDARD.encode(format!("data key {number}")),
        }))
    }

    pub(crate) fn decrypt(&self, body: &Value) -> Response {
        let blob = body["CiphertextBlob"].as_str().unwrap_or_default();
        let text = BASE64_STANDARD.decode(blob).unwrap_or_default();
        let number = String::from_utf8_lossy(&text)
            .strip_prefix("data key ")
            .and_then(|number| number.parse::<usize>().ok());
        let found = number.and_then(|number| Some((number, self.0.get(number)?)));
        let asked = bound(body);
        match found {
            Some((_, key)) if key.key_id != asked.key_id => {
                Response::error(400, "IncorrectKeyException", "another key wrapped it")
            }
            Some((number, key)) if key.context == asked.context => {
                Response::json(&json!({"KeyId": body["KeyId"], "Plaintext": plain(number)}))
            }
            _ => Response::error(400, "InvalidCiphertextException", ""),
        }
    }
}

fn bound(body: &Value) -> Bound {
    Bound {
        key_id: body["KeyId"].clone(),
        context: body["EncryptionContext"].clone(),
    }
}

/// The key with this number: 256 bits.
fn plain(number: usize) -> String {
    BASE64_STANDARD.encode(format!("{number:032}"))
}
