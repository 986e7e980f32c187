//! Artifacts in S3: content-addressed and immutable.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use tdev_domain::{ArtifactDigest, MAX_AGENT_BYTES, Source};

use crate::{Error, Result, SdkConfig};

/// The bucket of artifacts. An agent's source is stored under `artifacts/sha256/<digest>`.
#[derive(Debug, Clone)]
pub struct Artifacts {
    client: Client,
    bucket: String,
}

/// What was read is not what its key says.
#[derive(Debug, thiserror::Error)]
enum Mismatch {
    #[error("the object has {bytes} bytes; no artifact has more than {MAX_AGENT_BYTES}")]
    TooLong { bytes: usize },
    #[error("the object's digest is {found}, its key's {expected}")]
    Digest {
        expected: ArtifactDigest,
        found: ArtifactDigest,
    },
}

impl Artifacts {
    /// The artifacts in `bucket`.
    pub fn new(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            bucket: bucket.into(),
        }
    }

    /// Proves that the bucket exists and may be listed. (Without that right S3 answers "denied"
    /// rather than "not found" for a missing object.)
    pub async fn ping(&self) -> Result<()> {
        self.client
            .head_bucket()
            .bucket(&self.bucket)
            .send()
            .await
            .map_err(|e| Error::from_sdk("ping the artifacts", e))?;
        Ok(())
    }

    /// Stores `source`, unless it is stored already, and returns its digest.
    pub async fn put(&self, source: &Source) -> Result<ArtifactDigest> {
        let digest = source.digest();
        let checksum = BASE64_STANDARD.encode(Sha256::digest(source.as_str()));
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(object_key(&digest))
            .if_none_match("*")
            .checksum_sha256(checksum)
            .content_type("text/x-python; charset=utf-8")
            .body(ByteStream::from(source.as_str().as_bytes().to_vec()))
            .send()
            .await;
        match put {
            Ok(_) => Ok(digest),
            Err(e) if e.code() == Some("PreconditionFailed") => Ok(digest),
            Err(e) => Err(Error::from_sdk("store an artifact", e)),
        }
    }

    /// The source with this digest, if it is stored. What is read is verified against the digest.
    pub async fn get(&self, digest: &ArtifactDigest) -> Result<Option<Source>> {
        const OPERATION: &str = "read an artifact";
        let got = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(object_key(digest))
            .send()
            .await;
        let object = match got {
            Ok(object) => object,
            Err(e) if e.code() == Some("NoSuchKey") => return Ok(None),
            Err(e) => return Err(Error::from_sdk(OPERATION, e)),
        };
        let bytes = usize::try_from(object.content_length().unwrap_or_default()).unwrap_or(0);
        if bytes > MAX_AGENT_BYTES {
            return Err(Error::corrupt(OPERATION, Mismatch::TooLong { bytes }));
        }
        let body = object.body.collect().await.map_err(|e| Error::Transient {
            operation: OPERATION,
            source: e.into(),
        })?;
        verify(digest, &body.into_bytes()).map(Some)
    }
}

fn verify(expected: &ArtifactDigest, bytes: &[u8]) -> Result<Source> {
    const OPERATION: &str = "verify an artifact";
    let found = ArtifactDigest::of(bytes);
    if found != *expected {
        let expected = expected.clone();
        return Err(Error::corrupt(
            OPERATION,
            Mismatch::Digest { expected, found },
        ));
    }
    Source::from_bytes(bytes).map_err(|e| Error::corrupt(OPERATION, e))
}

fn object_key(digest: &ArtifactDigest) -> String {
    format!("artifacts/sha256/{digest}")
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
    use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
    use aws_sdk_s3::types::error::NoSuchKey;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn artifacts(rule: &Rule) -> Artifacts {
        Artifacts {
            client: mock_client!(aws_sdk_s3, RuleMode::MatchAny, &[rule]),
            bucket: "artifacts".to_owned(),
        }
    }

    fn source() -> Source {
        Source::from_bytes(b"abc").unwrap()
    }

    fn refused(code: &'static str) -> Rule {
        mock!(Client::put_object).then_error(move || {
            PutObjectError::generic(ErrorMetadata::builder().code(code).build())
        })
    }

    #[tokio::test]
    async fn an_artifact_is_put_on_condition_that_it_is_not_there() {
        let rule = mock!(Client::put_object)
            .match_requests(|request| {
                request.bucket() == Some("artifacts")
                    && request.key()
                        == Some(
                            "artifacts/sha256/\
                             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                        )
                    && request.if_none_match() == Some("*")
                    && request.checksum_sha256()
                        == Some("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")
                    && request.content_type() == Some("text/x-python; charset=utf-8")
            })
            .then_output(|| PutObjectOutput::builder().build());
        let digest = artifacts(&rule).put(&source()).await.unwrap();
        assert_eq!(digest, source().digest());
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test]
    async fn an_artifact_that_is_there_already_is_as_good_as_stored() {
        let put = artifacts(&refused("PreconditionFailed"))
            .put(&source())
            .await;
        assert_eq!(put.unwrap(), source().digest());
        let put = artifacts(&refused("ConditionalRequestConflict"))
            .put(&source())
            .await;
        assert!(matches!(put, Err(Error::Transient { .. })), "{put:?}");
        let put = artifacts(&refused("AccessDenied")).put(&source()).await;
        assert!(matches!(put, Err(Error::Denied { .. })), "{put:?}");
    }

    #[tokio::test]
    async fn a_missing_artifact_is_no_error_but_a_forbidden_one_is() {
        let missing = mock!(Client::get_object).then_error(|| {
            GetObjectError::NoSuchKey(
                NoSuchKey::builder()
                    .meta(ErrorMetadata::builder().code("NoSuchKey").build())
                    .build(),
            )
        });
        let got = artifacts(&missing).get(&source().digest()).await;
        assert_eq!(got.unwrap(), None);
        let forbidden = mock!(Client::get_object).then_error(|| {
            GetObjectError::generic(ErrorMetadata::builder().code("AccessDenied").build())
        });
        let got = artifacts(&forbidden).get(&source().digest()).await;
        assert!(matches!(got, Err(Error::Denied { .. })), "{got:?}");
    }

    #[tokio::test]
    async fn what_is_read_must_have_the_digest_of_its_key() {
        for (stored, ok) in [(&b"abc"[..], true), (b"abd", false), (b"", false)] {
            let rule = mock!(Client::get_object).then_output(move || {
                GetObjectOutput::builder()
                    .body(ByteStream::from_static(stored))
                    .build()
            });
            match artifacts(&rule).get(&source().digest()).await {
                Ok(got) => assert_eq!((got, ok), (Some(source()), true)),
                Err(e) => assert!(matches!(e, Error::Corrupt { .. }) && !ok, "{e:?}"),
            }
        }
    }

    #[test]
    fn what_has_the_right_digest_must_still_be_source() {
        let error = verify(&ArtifactDigest::of(b" "), b" ").unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    }
}
