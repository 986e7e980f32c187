use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::json;
use tdev_aws::{Artifacts, DataKeys, Error, Events, Queue, Secrets, Table};
use tdev_domain::{ArtifactDigest, RegisterMessage, RegistrationId, Source};

use crate::fixtures::tenant;
use crate::stack::{self, random};

#[tokio::test]
async fn what_does_not_exist_does_not_answer_a_ping() {
    for stack in stack::servers() {
        let (table, _) = stack.table().await;
        table.ping().await.unwrap();
        let absent = Table::new(&stack.config, random("absent")).ping().await;
        assert!(matches!(absent, Err(Error::NotFound { .. })), "{absent:?}");

        let bucket = stack.bucket().await;
        Artifacts::new(&stack.config, bucket).ping().await.unwrap();
        let absent = Artifacts::new(&stack.config, random("absent"));
        let (pinged, read) = (
            absent.ping().await,
            absent.get(&ArtifactDigest::of(b"x")).await,
        );
        assert!(matches!(pinged, Err(Error::NotFound { .. })), "{pinged:?}");
        assert!(matches!(read, Err(Error::NotFound { .. })), "{read:?}");
    }
}

#[tokio::test]
async fn the_configuration_of_a_process_reaches_the_endpoint() {
    for stack in stack::servers() {
        let (_, name) = stack.table().await;
        let config = tdev_aws::load_config().await;
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(15)));
        let builder = config
            .into_builder()
            .region(stack.config.region().cloned())
            .endpoint_url(stack.config.endpoint_url().unwrap());
        let config = builder
            .credentials_provider(stack.config.credentials_provider().unwrap())
            .build();
        Table::new(&config, name).ping().await.unwrap();
    }
}

#[tokio::test]
async fn an_artifact_is_stored_once_under_its_digest() {
    for stack in stack::all() {
        let artifacts = Artifacts::new(&stack.config, stack.bucket().await);
        let source = Source::from_bytes("def execute(x):\n    return 'ü'\n".as_bytes()).unwrap();
        let digest = source.digest();
        assert_eq!(artifacts.get(&digest).await.unwrap(), None);
        for _ in 0..2 {
            assert_eq!(artifacts.put(&source).await.unwrap(), digest);
        }
        assert_eq!(
            artifacts.get(&digest).await.unwrap(),
            Some(source),
            "{}",
            stack.name
        );
    }
}

#[tokio::test]
async fn a_stored_artifact_is_not_overwritten_and_tampering_is_noticed() {
    for stack in stack::all() {
        let bucket = stack.bucket().await;
        let artifacts = Artifacts::new(&stack.config, &bucket);
        let source = Source::from_bytes(b"genuine = True").unwrap();
        let digest = source.digest();
        let tampering = [
            b"genuine = None".to_vec(),
            b"genuine = True # longer".to_vec(),
            vec![b'#'; 10_000],
            Vec::new(),
        ];
        for bytes in tampering {
            aws_sdk_s3::Client::new(&stack.config)
                .put_object()
                .bucket(&bucket)
                .key(format!("artifacts/sha256/{digest}"))
                .body(ByteStream::from(bytes))
                .send()
                .await
                .unwrap();
            let read = artifacts.get(&digest).await;
            assert!(matches!(read, Err(Error::Corrupt { .. })), "{read:?}");
            // Storing it again must not hide what happened.
            artifacts.put(&source).await.unwrap();
            let read = artifacts.get(&digest).await;
            assert!(matches!(read, Err(Error::Corrupt { .. })), "{read:?}");
        }
    }
}

#[tokio::test]
async fn a_message_arrives_with_its_attributes() {
    for stack in stack::servers() {
        let client = aws_sdk_sqs::Client::new(&stack.config);
        let created = client.create_queue().queue_name(random("register")).send();
        let url = created.await.unwrap().queue_url.unwrap();
        let queue = Queue::new(&stack.config, &url);
        let message = RegisterMessage {
            tenant: tenant(),
            registration: RegistrationId::generate(),
        };
        queue.send(&message, &[("tenant", "acme")]).await.unwrap();
        let attributes = [("error", "InvalidInput"), ("detail", "naïve – \"quoted\"")];
        queue.send_raw("not {json", &attributes).await.unwrap();
        let held_back = RegisterMessage {
            registration: RegistrationId::generate(),
            ..message.clone()
        };
        queue.send_after(&held_back, 900, &[]).await.unwrap();

        let mut received = BTreeMap::new();
        while received.len() < 2 {
            let batch = client
                .receive_message()
                .queue_url(&url)
                .message_attribute_names("All")
                .wait_time_seconds(2)
                .send()
                .await
                .unwrap();
            for message in batch.messages.unwrap_or_default() {
                let attributes: BTreeMap<_, _> = message
                    .message_attributes
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(name, value)| (name, value.string_value.unwrap()))
                    .collect();
                received.insert(message.body.unwrap(), attributes);
            }
        }
        let expected = serde_json::to_string(&message).unwrap();
        assert_eq!(received[&expected]["tenant"], "acme");
        let held_back = serde_json::to_string(&held_back).unwrap();
        assert!(!received.contains_key(&held_back), "{}", stack.name);
        let raw = &received["not {json"];
        for (name, value) in attributes {
            assert_eq!(raw[name], value, "{}", stack.name);
        }

        let absent = url.replace("register", "absent");
        let sent = Queue::new(&stack.config, absent).send(&message, &[]).await;
        assert!(matches!(sent, Err(Error::NotFound { .. })), "{sent:?}");
    }
}

#[tokio::test]
async fn a_secret_is_created_and_then_renewed() {
    for stack in stack::all() {
        let secrets = Secrets::new(&stack.config);
        let name = random("tdev/first-key");
        assert_eq!(secrets.get(&name).await.unwrap(), None);
        for value in ["tdev_dev_1", "tdev_dev_2"] {
            secrets.put(&name, value).await.unwrap();
            assert_eq!(secrets.get(&name).await.unwrap().as_deref(), Some(value));
        }
    }
}

#[tokio::test]
async fn an_object_is_kept_until_it_is_removed() {
    for stack in stack::all() {
        let objects = stack.objects().await;
        assert_eq!(objects.get("snapshots/a/b").await.unwrap(), None);
        for bytes in [vec![1, 2, 3], vec![0; 100_000], Vec::new()] {
            objects.put("snapshots/a/b", bytes.clone()).await.unwrap();
            let read = objects.get("snapshots/a/b").await.unwrap();
            assert_eq!(read, Some(bytes), "{}", stack.name);
        }
        for _ in 0..2 {
            objects.delete("snapshots/a/b").await.unwrap();
            assert_eq!(objects.get("snapshots/a/b").await.unwrap(), None);
        }
    }
}

async fn key(stack: &stack::Stack) -> String {
    let client = aws_sdk_kms::Client::new(&stack.config);
    let created = client.create_key().send().await.unwrap();
    created.key_metadata.unwrap().key_id
}

#[tokio::test]
async fn a_data_key_is_unwrapped_for_its_tenant_alone() {
    for stack in stack::all() {
        let keys = DataKeys::new(&stack.config, key(&stack).await);
        let made = keys.generate(&tenant()).await.unwrap();
        let other = keys.generate(&tenant()).await.unwrap();
        assert_ne!(made.plain.as_bytes(), other.plain.as_bytes());
        let unwrapped = keys.unwrap(&tenant(), &made.wrapped).await.unwrap();
        assert_eq!(unwrapped.as_bytes(), made.plain.as_bytes());

        let stranger = "stranger".parse().unwrap();
        let stolen = keys.unwrap(&stranger, &made.wrapped).await;
        assert!(
            matches!(stolen, Err(Error::Corrupt { .. })),
            "{} {stolen:?}",
            stack.name
        );
        let damaged = keys.unwrap(&tenant(), b"not a key").await;
        assert!(
            matches!(damaged, Err(Error::Corrupt { .. })),
            "{} {damaged:?}",
            stack.name
        );
    }
}

#[tokio::test]
async fn an_event_is_put_on_the_bus() {
    for stack in stack::all() {
        let events = Events::new(&stack.config, "default");
        let detail = json!({"text": "ü", "n": 1.5}).as_object().cloned().unwrap();
        events
            .put("tdev.agent", "counted", "inv_1/1", detail)
            .await
            .unwrap();
    }
}
