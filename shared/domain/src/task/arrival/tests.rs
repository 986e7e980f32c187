use proptest::prelude::*;

use super::*;

const MILLISECOND: i64 = 1_000;
const SECOND: i64 = 1_000 * MILLISECOND;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap()
}

fn hold() -> i64 {
    i64::try_from(ArrivalBlock::HOLD.as_micros()).unwrap()
}

/// A gateway process, as far as one tenant is concerned.
#[derive(Default)]
struct Process(Option<ArrivalBlock>);

impl Process {
    /// The place of a task that arrives at `now`, and whether it was reserved only then.
    fn take(&mut self, kept: &mut Arrivals, share: &FairShare, now: i64) -> (Arrival, bool) {
        let now = at(now);
        if let Some(place) = self.0.as_mut().and_then(|block| block.take(now)) {
            return (place, false);
        }
        let more = self.0.as_ref().map_or(0, |block| block.more(now));
        let (place, block, next) = kept.reserve(share, more, now);
        *kept = next;
        self.0 = Some(block);
        (place, true)
    }
}

/// How many places are reserved for 200 tasks that come so many milliseconds apart, and by how
/// many writes.
fn reserved(gap: i64) -> (u64, usize) {
    let (mut process, mut kept) = (Process::default(), Arrivals::default());
    let share = FairShare::default();
    let writes = (0..200).filter(|n| {
        let now = SECOND + n * gap * MILLISECOND;
        process.take(&mut kept, &share, now).1
    });
    let writes = writes.count();
    (kept.admitted, writes)
}

#[test]
fn a_quiet_tenants_places_are_reserved_one_by_one() {
    assert_eq!(reserved(100), (200, 200));
    assert_eq!(reserved(5_000), (200, 200));
}

#[test]
fn a_busy_tenants_places_are_reserved_in_blocks_of_which_little_is_lost() {
    let (places, writes) = reserved(2);
    assert!(writes <= 16 && places <= 216, "{places} by {writes}");
    let (places, writes) = reserved(15);
    assert!(writes <= 60 && places <= 216, "{places} by {writes}");
    let (places, writes) = reserved(60);
    assert!(writes <= 110 && places <= 216, "{places} by {writes}");
}

#[test]
fn what_is_left_over_is_held_for_the_time_and_no_longer() {
    let (_, mut block, _) = Arrivals::default().reserve(&FairShare::default(), 3, at(SECOND));
    assert!(block.take(at(SECOND + hold() - 1)).is_some());
    assert!(block.take(at(SECOND + hold())).is_none());
    assert!(
        block.take(at(SECOND - 1)).is_none(),
        "a clock that went back"
    );
}

/// Tasks of one tenant: how long after the one before, and to which of three processes.
fn traffic() -> impl Strategy<Value = Vec<(i64, usize)>> {
    let gap = prop_oneof![0..20 * MILLISECOND, 0..300 * MILLISECOND];
    proptest::collection::vec((gap, 0_usize..3), 1..300)
}

proptest! {
    /// The order of a tenant's tasks is that of their arrival but for such as arrive within the
    /// time for which places are held; none counts as having arrived before it did; no two have
    /// the same number.
    #[test]
    fn only_tasks_that_arrive_together_change_places(
        traffic in traffic(),
        interval in 1..400 * MILLISECOND,
        burst in 0_u32..60,
    ) {
        let interval = Duration::from_micros(interval.unsigned_abs());
        let share = FairShare { interval, burst };
        let (mut processes, mut kept) = (<[Process; 3]>::default(), Arrivals::default());
        let mut now = SECOND;
        let mut places: Vec<(i64, Arrival)> = Vec::new();
        for (gap, process) in traffic {
            now += gap;
            let (place, _) = processes[process].take(&mut kept, &share, now);
            prop_assert_eq!(place.start.not_before(at(now)), place.start);
            for (before, earlier) in &places {
                prop_assert!(place.turn != earlier.turn);
                if now - before >= hold() {
                    prop_assert!(earlier.start <= place.start && earlier.turn < place.turn);
                }
            }
            places.push((now, place));
        }
    }

    /// A flood gets no more ahead of a task than its share, counted from when its places may have
    /// been reserved; whatever priorities and deadlines it gives its tasks.
    #[test]
    fn a_flood_gets_no_more_ahead_than_the_bound(
        traffic in traffic(),
        before in 0_usize..300,
        slack in 0..60 * SECOND,
        interval in 1..400 * MILLISECOND,
        burst in 0_u32..40,
    ) {
        let interval = Duration::from_micros(interval.unsigned_abs());
        let share = FairShare { interval, burst };
        let (mut processes, mut kept) = (<[Process; 3]>::default(), Arrivals::default());
        let mut now = 100 * SECOND;
        let mut sent = Vec::new();
        for (gap, process) in traffic {
            now += gap;
            let (place, _) = processes[process].take(&mut kept, &share, now);
            let lead = Duration::ZERO;
            let key = VirtualDeadline::of(place.start, Priority::CRITICAL, Some(at(0)), lead);
            sent.push((now, key));
        }
        let since = sent[before.min(sent.len() - 1)].0;
        let (start, _) = FairShare::default().admit(TenantClock::default(), at(since + slack));
        let key = VirtualDeadline::of(start, Priority::CRITICAL, Some(at(0)), Duration::ZERO);
        let ahead = sent.iter().filter(|(at, of)| *at >= since && *of <= key).count();
        let most = share.most_ahead(at(since - hold()), key);
        prop_assert!(ahead as u64 <= most, "{ahead} of {most}");
    }
}
