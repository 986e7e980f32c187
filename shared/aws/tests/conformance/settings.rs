use std::collections::BTreeSet;

use tdev_domain::{Settings, TenantId};

use crate::fixtures::tenant;
use crate::stack;

#[tokio::test]
async fn settings_are_the_tenants_own_and_the_last_ones_hold() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let of = |hosts: &[&str]| Settings {
            http_hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
        };
        let before = table.settings(&tenant()).await.unwrap();
        assert_eq!(before, Settings::default(), "{}", stack.name);
        for settings in [of(&["*.example.org:8443", "a.example"]), of(&[])] {
            table.put_settings(&tenant(), &settings).await.unwrap();
            let stored = table.settings(&tenant()).await.unwrap();
            assert_eq!(stored, settings, "{}", stack.name);
        }
        table
            .put_settings(&tenant(), &of(&["a.example"]))
            .await
            .unwrap();
        let stranger: TenantId = "stranger".parse().unwrap();
        let theirs = table.settings(&stranger).await.unwrap();
        assert_eq!(theirs.http_hosts, BTreeSet::new(), "{}", stack.name);
    }
}
