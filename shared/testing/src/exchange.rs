//! What the fake is asked and what it answers.

use http::StatusCode;
use serde_json::{Value, json};

/// A request as the SDK sent it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Service and operation: `DynamoDB.GetItem`, `SQS.SendMessage`,
    /// `SecretsManager.GetSecretValue`, `S3.PutObject`, `KMS.Decrypt`, `Events.PutEvents`,
    /// `Lambda.Invoke`.
    pub operation: String,
    /// The host it was sent to.
    pub host: String,
    /// The path, as it was sent.
    pub path: String,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The body as JSON; `null` if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Bytes(Vec<u8>),
    Error { code: String, message: String },
}

impl Response {
    /// Success with a JSON body.
    #[must_use]
    pub fn json(body: &Value) -> Self {
        Self::bytes(body.to_string())
    }

    /// Success with this body.
    #[must_use]
    pub fn bytes(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: StatusCode::OK,
            headers: Vec::new(),
            body: Body::Bytes(body.into()),
        }
    }

    /// An error of the service, in the form that the service's protocol gives it. A status that
    /// does not exist is taken as 500.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: Vec::new(),
            body: Body::Error {
                code: code.to_owned(),
                message: message.to_owned(),
            },
        }
    }

    /// What Lambda answers when the invoked function failed.
    #[must_use]
    pub fn function_error(error_type: &str, message: &str) -> Self {
        let body = json!({"errorType": error_type, "errorMessage": message});
        Self::json(&body).with_header("x-amz-function-error", "Unhandled")
    }

    /// DynamoDB's refusal of a conditional write of one item, with the item that is stored
    /// (in DynamoDB's JSON; `null` for none).
    #[must_use]
    pub fn refused(stored: &Value) -> Self {
        let mut error = json!({
            "__type": "ConditionalCheckFailedException",
            "message": "The conditional request failed",
        });
        if !stored.is_null() {
            error["Item"] = stored.clone();
        }
        Self::json(&error).with_status(400)
    }

    /// The same with another status; one that does not exist is taken as 500.
    #[must_use]
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer as `operation`'s service sends it.
    pub(crate) fn render(self, operation: &str) -> http::Response<Vec<u8>> {
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = self.status;
        let mut headers = self.headers;
        *response.body_mut() = match self.body {
            Body::Bytes(bytes) => bytes,
            Body::Error { code, message } if operation.starts_with("S3.") => {
                format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>")
                    .into_bytes()
            }
            Body::Error { code, message } => {
                headers.push(("x-amzn-errortype", code.clone()));
                json!({"__type": code, "message": message})
                    .to_string()
                    .into_bytes()
            }
        };
        headers.push(("content-length", response.body().len().to_string()));
        for (name, value) in headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
