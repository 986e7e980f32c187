use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap()
}

fn arrival(now: i64, priority: u64) -> VirtualDeadline {
    let (start, _) = FairShare::default().admit(TenantClock::default(), at(now));
    VirtualDeadline::of(start, priority.try_into().unwrap(), None, Duration::ZERO)
}

const SECOND: i64 = 1_000_000;

#[test]
fn priorities_have_names_and_bounds() {
    for (text, number) in [
        ("critical", 10),
        ("high", 8),
        ("normal", 5),
        ("low", 2),
        ("7", 7),
    ] {
        assert_eq!(text.parse::<Priority>().unwrap().get(), number);
    }
    for text in ["0", "11", "-1", "urgent", ""] {
        assert_eq!(text.parse::<Priority>().unwrap_err().field, "priority");
    }
    assert_eq!(serde_json::from_str::<Priority>("9").unwrap().get(), 9);
    let high = serde_json::from_str::<Priority>(r#""high""#).unwrap();
    assert_eq!(serde_json::to_string(&high).unwrap(), "8");
    assert!(serde_json::from_str::<Priority>("0").is_err());
    assert_eq!(Priority::default(), Priority::NORMAL);
}

#[test]
fn a_deadline_hastens_and_never_jumps_the_queue() {
    let start = Start(100 * SECOND);
    let key = |deadline: i64| {
        let lead = Duration::from_secs(5);
        VirtualDeadline::of(start, Priority::NORMAL, Some(at(deadline * SECOND)), lead)
    };
    assert_eq!(key(115).0, 110 * SECOND);
    assert_eq!(key(1_000).0, 130 * SECOND, "the priority is the earlier");
    assert_eq!(key(3).0, start.0, "long past");
}

#[test]
fn keys_sort_as_text() {
    let mut keys: Vec<_> = [9, 10_000, 80, 5_000_000_000_000_000]
        .map(|micros| VirtualDeadline(micros).sort_key("t"))
        .into();
    let ascending = [
        keys[0].clone(),
        keys[2].clone(),
        keys[1].clone(),
        keys[3].clone(),
    ];
    keys.sort();
    assert_eq!(keys, ascending);
}

#[test]
fn a_share_is_a_rate() {
    let share = FairShare::per_second(4.0, 7).unwrap();
    assert_eq!(share.interval, Duration::from_millis(250));
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1_001.0] {
        assert!(FairShare::per_second(rate, 0).is_err(), "{rate}");
    }
}

/// A task that waits, as the simulation sees it.
struct Waiting {
    key: String,
    arrived: i64,
    tenant: usize,
}

/// Serves 10,000 tasks that arrive over a minute from five tenants, the first of which sends nine
/// in ten, all of them critical, and gives the tasks in the order in which they were taken.
fn simulate(share: FairShare) -> Vec<(Waiting, i64)> {
    let mut clocks = [TenantClock::default(); 5];
    let mut arrivals = Vec::new();
    for n in 0..10_000_i64 {
        let now = 1_000 * SECOND + n * 60 * SECOND / 10_000;
        let tenant = if n % 10 == 0 {
            usize::try_from(1 + n / 10 % 4).unwrap()
        } else {
            0
        };
        let priority = if tenant == 0 {
            Priority::CRITICAL
        } else {
            Priority::NORMAL
        };
        let (start, clock) = share.admit(clocks[tenant], at(now));
        clocks[tenant] = clock;
        let key = VirtualDeadline::of(start, priority, None, Duration::ZERO);
        let key = key.sort_key(&format!("{n:05}"));
        arrivals.push(Waiting {
            key,
            arrived: now,
            tenant,
        });
    }
    let mut arrivals = arrivals.into_iter().peekable();
    let mut index = BTreeMap::new();
    let mut taken = Vec::new();
    // One worker that takes a task every 10 ms: 60 % of what arrives.
    let mut now = 1_000 * SECOND;
    while arrivals.peek().is_some() || !index.is_empty() {
        while let Some(task) = arrivals.next_if(|task| task.arrived <= now) {
            index.insert(task.key.clone(), task);
        }
        if let Some((_, task)) = index.pop_first() {
            taken.push((task, now));
        }
        now += SECOND / 100;
    }
    taken
}

#[test]
fn a_flood_of_critical_tasks_does_not_drown_the_others() {
    let waits = |taken: &[(Waiting, i64)]| {
        let of_others = taken.iter().filter(|(task, _)| task.tenant != 0);
        of_others.map(|(task, at)| at - task.arrived).max().unwrap()
    };
    let share = FairShare {
        interval: Duration::from_millis(50),
        burst: 20,
    };
    let fair = simulate(share);
    assert_eq!(fair.len(), 10_000);
    // Ahead of a task that arrives s seconds into the flood: what the flood may get in by its
    // slack of 30 s, and the thousand tasks of the others; each takes 10 ms.
    let ahead = share.most_ahead(at(1_000 * SECOND), VirtualDeadline(1_090 * SECOND)) + 1_000;
    let bound = i64::try_from(ahead).unwrap() * SECOND / 100;
    assert!(waits(&fair) <= bound, "{} > {bound}", waits(&fair));

    let boundless = FairShare {
        interval: Duration::ZERO,
        burst: 0,
    };
    assert!(
        waits(&simulate(boundless)) > waits(&fair),
        "the flood is what the share holds back"
    );
}

#[test]
fn ten_thousand_waiting_tasks_are_taken_in_exact_order() {
    let mut keys: Vec<_> = (0..10_000_i64)
        .map(|n| {
            let shuffled = n * 7_919 % 10_000;
            let key = arrival(shuffled * 1_000, 1 + (shuffled % 10).unsigned_abs());
            (key, key.sort_key(&format!("{shuffled:05}")))
        })
        .collect();
    keys.sort_by(|a, b| a.1.cmp(&b.1));
    assert!(keys.is_sorted_by_key(|(key, _)| *key));
    assert!(keys.is_sorted_by(|a, b| a.1 < b.1), "no two keys are equal");
}

proptest! {
    #[test]
    fn ageing_never_changes_the_order(
        first in (0..1_000 * SECOND, 1_u64..=10),
        second in (0..1_000 * SECOND, 1_u64..=10),
        then in 0..10_000 * SECOND,
        later in 0..10_000 * SECOND,
    ) {
        let (a, b) = (arrival(first.0, first.1), arrival(second.0, second.1));
        let order = |now: i64| b.urgency(at(now)).cmp(&a.urgency(at(now)));
        prop_assert_eq!(order(then), order(later));
        prop_assert_eq!(order(then), a.cmp(&b));
    }

    #[test]
    fn only_what_arrives_within_its_slack_passes_a_task_over(
        arrived in 0..1_000 * SECOND,
        priority in 1_u64..=10,
        others in proptest::collection::vec((0..2_000 * SECOND, 1_u64..=10, any::<bool>()), 50),
    ) {
        let key = arrival(arrived, priority);
        let slack = micros(Priority::try_from(priority).unwrap().slack());
        for (now, priority, hurried) in others {
            let (start, _) = FairShare::default().admit(TenantClock::default(), at(now));
            let deadline = hurried.then(|| at(0));
            let priority = Priority::try_from(priority).unwrap();
            let other = VirtualDeadline::of(start, priority, deadline, Duration::ZERO);
            if other < key {
                prop_assert!(now < arrived + slack);
            }
        }
    }

    #[test]
    fn a_flood_gets_no_more_ahead_than_the_bound(
        gaps in proptest::collection::vec(0..SECOND / 5, 1..400),
        priorities in proptest::collection::vec(1_u64..=10, 400),
        interval in 1..SECOND / 2,
        burst in 0_u32..40,
        used in 0..30 * SECOND,
        slack in 0..60 * SECOND,
    ) {
        let share = FairShare {
            interval: Duration::from_micros(interval.unsigned_abs()),
            burst,
        };
        let since = 100 * SECOND;
        let key = VirtualDeadline(since + slack);
        // What the tenant sent before only moves its starts further back.
        let mut clock = TenantClock(since - 10 * SECOND + used);
        let mut now = since;
        let mut ahead = 0;
        for (gap, priority) in gaps.iter().zip(priorities) {
            now += gap;
            let (start, next) = share.admit(clock, at(now));
            clock = next;
            let priority = priority.try_into().unwrap();
            let flooding = VirtualDeadline::of(start, priority, Some(at(0)), Duration::ZERO);
            ahead += u64::from(flooding <= key);
        }
        prop_assert!(ahead <= share.most_ahead(at(since), key));
    }

    #[test]
    fn a_tenant_within_its_share_is_not_held_back(
        gaps in proptest::collection::vec(100_000..SECOND, 1..100),
    ) {
        let share = FairShare { interval: Duration::from_millis(100), burst: 0 };
        let mut clock = TenantClock::default();
        let mut now = SECOND;
        for gap in gaps {
            now += gap;
            let (start, next) = share.admit(clock, at(now));
            prop_assert_eq!(start.0, now);
            clock = next;
        }
    }
}
