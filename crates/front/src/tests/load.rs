//! Many calls: none fails. How much time the front adds is measured by benches/front.rs.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::testing::served_with;
use super::upstream::{Fixed, read, signed};
use crate::Options;

fn request() -> String {
    let body = "Action=DescribeRegions&Version=2016-11-15&RegionName.1=us-east-1";
    let head = signed("ec2");
    format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\n{head}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
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

    async fn call(&mut self, request: &str) {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(&self.address).await.expect("connected"),
        };
        stream.set_nodelay(true).expect("set");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let answer = read(&mut stream).await.expect("answered");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let is_kept = !answer.to_lowercase().contains("connection: close");
        self.stream = is_kept.then_some(stream);
    }
}

async fn concurrent(endpoint: &str, request: &str, ways: usize, each: usize) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..ways {
        let (mut client, request) = (Client::new(endpoint), request.to_owned());
        tasks.spawn(async move {
            for _ in 0..each {
                client.call(&request).await;
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn two_thousand_calls_and_fifty_at_a_time_all_succeed() {
    const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>";
    let upstream = Fixed::answering(ANSWER).await;
    let front = served_with(Options::new(upstream.endpoint.clone()), |front| front).await;
    let request = request();
    let mut client = Client::new(&front.endpoint);
    for _ in 0..2000 {
        client.call(&request).await;
    }
    concurrent(&front.endpoint, &request, 50, 40).await;
    assert_eq!(front.front.trail().count(), 4000);
    assert_eq!(upstream.requests().len(), 4000);
}
