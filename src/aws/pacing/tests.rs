//! The lanes on a clock that the test moves: burst then rate, what a throttle teaches, who goes first,
//! and that nothing of it reaches another Region.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::Exposure;

use super::{
    Pacer, Sort,
    lane::{Lane, Level, Size, Ticket, Turn},
};

const TAGS: Size = Size { capacity: 100.0, refill: 10.0 };

/// A lane and its clock.
struct Bench {
    lane: Lane,
    start: Instant,
    now: Instant,
}

impl Bench {
    fn new(published: Option<Size>, waits_for_throttle: bool) -> Self {
        let start = Instant::now();
        Self { lane: Lane::new(published, waits_for_throttle, start), start, now: start }
    }

    fn pass(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
    }

    fn elapsed(&self) -> f64 {
        self.now.duration_since(self.start).as_secs_f64()
    }

    /// How many of many calls get through at this moment.
    fn burst(&mut self) -> usize {
        (0..1000).take_while(|_| self.try_one(Level::Change)).count()
    }

    fn try_one(&mut self, level: Level) -> bool {
        let ticket = self.lane.enter(level);
        let goes = self.lane.turn(ticket, 1.0, self.now) == Turn::Go;
        self.lane.leave(ticket);
        goes
    }

    /// Lets the clock run until the first of the queue goes; returns who that was.
    fn next(&mut self, queue: &mut Vec<Ticket>) -> Ticket {
        loop {
            let mut soonest = None;
            for (at, ticket) in queue.iter().copied().enumerate() {
                match self.lane.turn(ticket, 1.0, self.now) {
                    Turn::Go => return queue.remove(at),
                    Turn::After(time) => soonest = Some(time),
                    Turn::Behind => {}
                }
            }
            self.now += soonest.expect("someone is first") + Duration::from_nanos(1);
        }
    }
}

#[test]
fn a_full_bucket_costs_no_wait_and_then_the_refill_is_the_rate() {
    let mut bench = Bench::new(Some(TAGS), false);
    let mut queue: Vec<_> = (0..150).map(|_| bench.lane.enter(Level::Rest)).collect();
    let order: Vec<_> = (0..100).map(|_| bench.next(&mut queue)).collect();
    assert!(bench.elapsed() < 0.001, "{}", bench.elapsed());
    assert!(order.is_sorted(), "first come, first served");
    for _ in 0..50 {
        bench.next(&mut queue);
    }
    assert!((bench.elapsed() - 5.0).abs() < 0.01, "50 at 10 a second: {}", bench.elapsed());
    assert_eq!(bench.lane.waiting(), 0);
    bench.pass(1000.0);
    assert_eq!(bench.burst(), 100, "never more than full");
}

#[test]
fn a_throttle_halves_the_rate_once_and_it_comes_back_but_never_beyond() {
    let mut bench = Bench::new(Some(TAGS), false);
    let sent = bench.now;
    bench.pass(0.1);
    for _ in 0..8 {
        // All eight were under way together.
        bench.lane.throttled(sent, bench.now);
    }
    assert_eq!(bench.burst(), 0);
    bench.pass(1.0);
    assert_eq!(bench.burst(), 5, "half of ten");
    bench.lane.throttled(bench.now, bench.now);
    bench.pass(1.0);
    assert_eq!(bench.burst(), 2, "half of what had come back");
    for _ in 0..20 {
        bench.lane.throttled(bench.now, bench.now);
    }
    bench.pass(1.0);
    assert_eq!(bench.burst(), 1, "the floor: an eighth of ten");
    // A twentieth of ten comes back each second.
    bench.pass(20.0);
    bench.burst();
    bench.pass(1.0);
    assert!((9..=10).contains(&bench.burst()));
    bench.pass(60.0);
    bench.burst();
    bench.pass(1.0);
    assert_eq!(bench.burst(), 10, "learned back to the published rate and not beyond");
}

#[test]
fn containment_goes_before_what_waited_longer() {
    let mut bench = Bench::new(Some(Size { capacity: 1.0, refill: 1.0 }), false);
    assert_eq!(bench.burst(), 1);
    let mut queue: Vec<_> = (0..5).map(|_| bench.lane.enter(Level::Rest)).collect();
    let change = bench.lane.enter(Level::Change);
    let urgent = bench.lane.enter(Level::Urgent);
    queue.extend([change, urgent]);
    assert_eq!(bench.next(&mut queue), urgent);
    assert!((bench.elapsed() - 1.0).abs() < 0.01, "with the next token: {}", bench.elapsed());
    assert_eq!(bench.next(&mut queue), change);
    let rest: Vec<_> = (0..5).map(|_| bench.next(&mut queue)).collect();
    assert!(rest.is_sorted());
}

#[test]
fn who_gives_up_keeps_nobody_back() {
    let mut bench = Bench::new(Some(Size { capacity: 1.0, refill: 1.0 }), false);
    assert_eq!(bench.burst(), 1);
    let (first, second) = (bench.lane.enter(Level::Rest), bench.lane.enter(Level::Rest));
    assert_eq!(bench.lane.turn(second, 1.0, bench.now), Turn::Behind);
    bench.lane.leave(first);
    bench.pass(1.0);
    assert_eq!(bench.lane.turn(second, 1.0, bench.now), Turn::Go);
}

#[test]
fn before_the_first_throttle_a_lab_holds_nothing_back() {
    let mut bench = Bench::new(Some(TAGS), true);
    assert_eq!(bench.burst(), 1000);
    bench.lane.throttled(bench.now, bench.now);
    assert_eq!(bench.burst(), 0);
    bench.pass(1.0);
    assert_eq!(bench.burst(), 5);
    bench.pass(60.0);
    assert_eq!(bench.burst(), 1000, "recovered: as before the throttle");
}

#[test]
fn a_rate_that_nobody_publishes_is_learned_from_what_was_sent() {
    let mut bench = Bench::new(None, false);
    for _ in 0..40 {
        assert!(bench.try_one(Level::Change));
    }
    bench.lane.throttled(bench.now, bench.now);
    bench.pass(1.0);
    assert_eq!(bench.burst(), 20, "half of the forty of that second");
}

#[tokio::test]
async fn two_regions_and_two_accounts_are_apart() {
    let pacer = Pacer::new(false);
    let tags = Sort::of("EC2", "CreateTags", "");
    pacer.throttled("1", "us-east-1", &tags, Instant::now());
    let brief = Duration::from_millis(50);
    let admit = |account, region| tokio::time::timeout(brief, pacer.admit(account, region, &tags));
    let held = pacer.clone();
    assert!(admit("1", "us-east-1").await.is_err(), "waits for a token");
    assert!(admit("1", "eu-west-1").await.is_ok());
    assert!(admit("2", "us-east-1").await.is_ok());
    let stop = Sort::of("EC2", "StopInstances", "");
    let other = tokio::time::timeout(brief, held.admit("1", "us-east-1", &stop)).await;
    assert!(other.is_ok(), "another bucket");
}

#[tokio::test]
async fn waiting_calls_all_get_through() {
    let pacer = Pacer::new(false);
    let sort = Sort::of("EC2", "RunInstances", "");
    let begun = Instant::now();
    let all = (0..7).map(|_| pacer.admit("1", "us-east-1", &sort));
    futures::future::join_all(all).await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(900), "five at once, two at 2 a second: {took:?}");
}

#[tokio::test]
async fn what_opens_pays_for_what_ends_it() {
    let pacer = Pacer::new(false);
    // Five at once.
    let sort = Sort::of("EC2", "RunInstances", "");
    let admit = |exposure: Exposure| exposure.scope(pacer.admit("1", "us-east-1", &sort));
    let soon = |exposure| tokio::time::timeout(Duration::from_millis(50), admit(exposure));
    assert!(soon(Exposure::Opens).await.is_ok() && soon(Exposure::Opens).await.is_ok());
    assert!(soon(Exposure::Opens).await.is_err(), "one token is left, and it takes two");
    assert!(soon(Exposure::None).await.is_ok());
    assert!(soon(Exposure::None).await.is_err(), "none is left");
    assert!(soon(Exposure::Ends).await.is_ok() && soon(Exposure::Ends).await.is_ok());
    let reads = Sort::of("EC2", "DescribeVpcs", "Filter.1.Name=x");
    let read = Exposure::Ends.scope(pacer.admit("1", "us-east-1", &reads));
    read.await;
}
