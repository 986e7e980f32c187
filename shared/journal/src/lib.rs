//! The store of durable invocations: records, ledgers and sealed snapshots in DynamoDB and S3.
