//! Secrets in Secrets Manager.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;

use crate::{Error, Result, SdkConfig};

const PUT: &str = "store a secret";

/// The account's secrets, by name.
#[derive(Debug, Clone)]
pub struct Secrets {
    client: Client,
}

impl Secrets {
    /// The secrets of the configured account.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }

    /// The current value of a secret, or `None` if the secret does not exist or has no value.
    pub async fn get(&self, name: &str) -> Result<Option<String>> {
        let got = self.client.get_secret_value().secret_id(name).send().await;
        match got {
            Ok(secret) => Ok(secret.secret_string),
            Err(e) if e.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(e) => Err(Error::from_sdk("read a secret", e)),
        }
    }

    /// Gives the secret a new value, creating the secret if need be.
    pub async fn put(&self, name: &str, value: &str) -> Result<()> {
        if self.put_version(name, value).await? || self.create(name, value).await? {
            return Ok(());
        }
        // Somebody else created it in between: ours is the newer value.
        if self.put_version(name, value).await? {
            return Ok(());
        }
        Err(Error::Conflict {
            operation: PUT,
            source: "the secret came and went while it was being stored".into(),
        })
    }

    /// `false` if the secret does not exist.
    async fn put_version(&self, name: &str, value: &str) -> Result<bool> {
        let put = self
            .client
            .put_secret_value()
            .secret_id(name)
            .secret_string(value)
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(e) if e.code() == Some("ResourceNotFoundException") => Ok(false),
            Err(e) => Err(Error::from_sdk(PUT, e)),
        }
    }

    /// `false` if the secret exists already.
    async fn create(&self, name: &str, value: &str) -> Result<bool> {
        let created = self
            .client
            .create_secret()
            .name(name)
            .secret_string(value)
            .send()
            .await;
        match created {
            Ok(_) => Ok(true),
            Err(e) if e.code() == Some("ResourceExistsException") => Ok(false),
            Err(e) => Err(Error::from_sdk(PUT, e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::operation::create_secret::{CreateSecretError, CreateSecretOutput};
    use aws_sdk_secretsmanager::operation::put_secret_value::{
        PutSecretValueError, PutSecretValueOutput,
    };
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn secrets(rules: &[&Rule]) -> Secrets {
        Secrets {
            client: mock_client!(aws_sdk_secretsmanager, RuleMode::Sequential, rules),
        }
    }

    fn put_fails(code: &'static str) -> Rule {
        mock!(Client::put_secret_value).then_error(move || {
            PutSecretValueError::generic(ErrorMetadata::builder().code(code).build())
        })
    }

    #[tokio::test]
    async fn a_secret_that_does_not_exist_is_created() {
        let missing = put_fails("ResourceNotFoundException");
        let created = mock!(Client::create_secret)
            .match_requests(|r| r.name() == Some("key") && r.secret_string() == Some("value"))
            .then_output(|| CreateSecretOutput::builder().build());
        secrets(&[&missing, &created])
            .put("key", "value")
            .await
            .unwrap();
        assert_eq!(created.num_calls(), 1);
    }

    #[tokio::test]
    async fn a_secret_created_by_somebody_else_meanwhile_is_renewed() {
        let missing = put_fails("ResourceNotFoundException");
        let exists = mock!(Client::create_secret).then_error(|| {
            let code = "ResourceExistsException";
            CreateSecretError::generic(ErrorMetadata::builder().code(code).build())
        });
        let renewed = mock!(Client::put_secret_value)
            .match_requests(|r| r.secret_id() == Some("key") && r.secret_string() == Some("value"))
            .then_output(|| PutSecretValueOutput::builder().build());
        secrets(&[&missing, &exists, &renewed])
            .put("key", "value")
            .await
            .unwrap();
        assert_eq!(renewed.num_calls(), 1);
    }

    #[tokio::test]
    async fn a_secret_about_to_be_deleted_is_rejected() {
        let deleted = put_fails("InvalidRequestException");
        let error = secrets(&[&deleted]).put("key", "value").await.unwrap_err();
        assert!(matches!(error, Error::Rejected { .. }), "{error:?}");
    }
}
