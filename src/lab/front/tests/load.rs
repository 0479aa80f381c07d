//! Many calls: none fails, and how much time the front adds. `measured` prints numbers, run it by name in release.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::testing::{moto, served, served_with};
use super::upstream::{Fixed, read, signed};
use crate::lab::front::Options;

fn call(account: &str) -> String {
    let body = "Action=DescribeRegions&Version=2016-11-15&RegionName.1=us-east-1";
    let head = signed("ec2").replace("AKIA1", account);
    format!(
        "POST / HTTP/1.1\r\nHost: h\r\n{head}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A connection that is kept, as an SDK keeps it.
struct Client {
    address: String,
    stream: Option<TcpStream>,
}

impl Client {
    fn new(endpoint: &str) -> Self {
        Self { address: endpoint.trim_start_matches("http://").to_owned(), stream: None }
    }

    async fn timed(&mut self, request: &str) -> Duration {
        let start = Instant::now();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(&self.address).await.expect("connected"),
        };
        stream.set_nodelay(true).expect("set");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let answer = read(&mut stream).await.expect("answered");
        let passed = start.elapsed();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let is_kept = !answer.to_lowercase().contains("connection: close");
        self.stream = is_kept.then_some(stream);
        passed
    }
}

async fn concurrent(endpoint: &str, request: &str, ways: usize, each: usize) -> Vec<Duration> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..ways {
        let (mut client, request) = (Client::new(endpoint), request.to_owned());
        tasks.spawn(async move {
            let mut all = Vec::new();
            for _ in 0..each {
                all.push(client.timed(&request).await);
            }
            all
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

#[tokio::test]
async fn two_thousand_calls_and_fifty_at_a_time_all_succeed() {
    const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>";
    let upstream = Fixed::answering(ANSWER).await;
    let front = served_with(Options::new(upstream.endpoint.clone()), |front| front).await;
    let request = call("AKIA1");
    let mut client = Client::new(&front.endpoint);
    for _ in 0..2000 {
        client.timed(&request).await;
    }
    assert_eq!(concurrent(&front.endpoint, &request, 50, 40).await.len(), 2000);
    assert_eq!(front.front.trail().count(), 4000);
    assert_eq!(upstream.requests().len(), 4000);
}

fn told(name: &str, mut all: Vec<Duration>) -> Duration {
    all.sort();
    let at = |share: usize| all[(all.len() - 1) * share / 100];
    println!("{name}: median {:?}, p90 {:?}, p99 {:?}", at(50), at(90), at(99));
    at(50)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: run it alone, in release"]
async fn measured() {
    let upstream = Fixed::answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>").await;
    let plain = served_with(Options::new(upstream.endpoint.clone()), |front| front).await;
    let real = served(|front| front).await;
    for (name, around, through) in [
        ("a fixed answer", &upstream.endpoint, &plain.endpoint),
        ("moto", &moto().endpoint, &real.endpoint),
    ] {
        let request = call(&real.account);
        let (mut direct, mut fronted) = (Client::new(around), Client::new(through));
        for _ in 0..100 {
            direct.timed(&request).await;
            fronted.timed(&request).await;
        }
        let (mut without, mut with) = (Vec::new(), Vec::new());
        // By turns: what else the machine does meets both.
        for _ in 0..2000 {
            without.push(direct.timed(&request).await);
            with.push(fronted.timed(&request).await);
        }
        let around_median = told(&format!("{name}, 2,000 in sequence, around"), without);
        let through_median = told(&format!("{name}, 2,000 in sequence, through"), with);
        println!("{name}: added at the median {:?}", through_median.saturating_sub(around_median));
        told(&format!("{name}, 50 at a time, around"), concurrent(around, &request, 50, 40).await);
        told(
            &format!("{name}, 50 at a time, through"),
            concurrent(through, &request, 50, 40).await,
        );
    }
}
