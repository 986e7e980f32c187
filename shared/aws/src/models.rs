//! Trained models in S3: immutable, and verified when they are read.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use tdev_domain::{ArtifactDigest, RouterModel, TenantId};

use crate::{Error, Result, SdkConfig};

/// The models by which tasks are routed. One is stored under
/// `models/router/<tenant>/<version>-<SHA-256>`.
#[derive(Debug, Clone)]
pub struct Models {
    client: Client,
    bucket: String,
}

#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("{0} is gone")]
    Gone(String),
    #[error("{0} has another digest")]
    Digest(String),
}

impl Models {
    /// The models in `bucket`.
    pub fn new(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            bucket: bucket.into(),
        }
    }

    /// Stores the bytes of a model, unless they are stored already, and returns their digest.
    pub async fn put(
        &self,
        tenant: &TenantId,
        version: u64,
        bytes: Vec<u8>,
    ) -> Result<ArtifactDigest> {
        let digest = ArtifactDigest::of(&bytes);
        let checksum = BASE64_STANDARD.encode(Sha256::digest(&bytes));
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(object_key(tenant, version, &digest))
            .if_none_match("*")
            .checksum_sha256(checksum)
            .content_type("application/octet-stream")
            .body(ByteStream::from(bytes))
            .send()
            .await;
        match put {
            Ok(_) => Ok(digest),
            Err(e) if e.code() == Some("PreconditionFailed") => Ok(digest),
            Err(e) => Err(Error::from_sdk("store a model", e)),
        }
    }

    /// The bytes of a model, which have the digest that its pointer says.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if they are gone or others.
    pub async fn get(&self, tenant: &TenantId, model: &RouterModel) -> Result<Vec<u8>> {
        const OPERATION: &str = "read a model";
        let key = object_key(tenant, model.version, &model.sha256);
        let got = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(&key)
            .send()
            .await;
        let object = match got {
            Ok(object) => object,
            Err(e) if e.code() == Some("NoSuchKey") => {
                return Err(Error::corrupt(OPERATION, Damage::Gone(key)));
            }
            Err(e) => return Err(Error::from_sdk(OPERATION, e)),
        };
        let body = object.body.collect().await.map_err(|e| Error::Transient {
            operation: OPERATION,
            source: e.into(),
        })?;
        let bytes = body.to_vec();
        if ArtifactDigest::of(&bytes) == model.sha256 {
            Ok(bytes)
        } else {
            Err(Error::corrupt(OPERATION, Damage::Digest(key)))
        }
    }
}

fn object_key(tenant: &TenantId, version: u64, digest: &ArtifactDigest) -> String {
    format!("models/router/{tenant}/{version}-{digest}")
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
    use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
    use aws_sdk_s3::types::error::NoSuchKey;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;
    use jiff::Timestamp;

    use super::*;

    fn models(rule: &Rule) -> Models {
        Models {
            client: mock_client!(aws_sdk_s3, RuleMode::MatchAny, &[rule]),
            bucket: "artifacts".to_owned(),
        }
    }

    fn tenant() -> TenantId {
        "acme".parse().unwrap()
    }

    fn model(bytes: &[u8]) -> RouterModel {
        RouterModel {
            version: 7,
            sha256: ArtifactDigest::of(bytes),
            inputs: ArtifactDigest::of(b""),
            examples: 0,
            trained_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn stored(bytes: &'static [u8]) -> Rule {
        mock!(Client::get_object).then_output(move || {
            let body = ByteStream::from_static(bytes);
            GetObjectOutput::builder().body(body).build()
        })
    }

    #[tokio::test]
    async fn a_model_is_stored_once_under_its_version_and_digest() {
        let digest = ArtifactDigest::of(b"model");
        let key = format!("models/router/acme/7-{digest}");
        let rule = mock!(Client::put_object)
            .match_requests(move |request| {
                request.key() == Some(&key) && request.if_none_match() == Some("*")
            })
            .then_output(|| PutObjectOutput::builder().build());
        let put = models(&rule).put(&tenant(), 7, b"model".to_vec()).await;
        assert_eq!(put.unwrap(), digest);

        let exists = mock!(Client::put_object).then_error(|| {
            let metadata = ErrorMetadata::builder().code("PreconditionFailed").build();
            PutObjectError::generic(metadata)
        });
        let put = models(&exists).put(&tenant(), 7, b"model".to_vec()).await;
        assert_eq!(put.unwrap(), digest);
    }

    #[tokio::test]
    async fn what_is_read_is_what_the_pointer_says() {
        let got = models(&stored(b"model"))
            .get(&tenant(), &model(b"model"))
            .await;
        assert_eq!(got.unwrap(), b"model");
        let other = models(&stored(b"other"))
            .get(&tenant(), &model(b"model"))
            .await;
        assert!(matches!(other, Err(Error::Corrupt { .. })), "{other:?}");
        let gone = mock!(Client::get_object).then_error(|| {
            let metadata = ErrorMetadata::builder().code("NoSuchKey").build();
            GetObjectError::NoSuchKey(NoSuchKey::builder().meta(metadata).build())
        });
        let gone = models(&gone).get(&tenant(), &model(b"model")).await;
        assert!(matches!(gone, Err(Error::Corrupt { .. })), "{gone:?}");
    }
}
