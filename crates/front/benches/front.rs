//! What the lab's front adds to a call that it passes through: medians before an upstream that answers at once, and
//! before moto, and what the judging by policies adds. Prints a line for each; the numbers of docs/performance.md are made with it.

#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../src/testing/moto.rs"]
mod moto;

use std::time::{Duration, Instant};

use backburn_front::{Builder, Options, serve};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>";
/// For what the front asks once: whose the key is.
const WHO: &str = "<a><Arn>arn:aws:iam::111122223333:user/bob</Arn><UserId>AIDA1</UserId><Account>111122223333</Account></a>";
const NONE: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 48\r\n\r\n{\"__type\":\"AWSOrganizationsNotInUseException\"}  ";
/// And what it asks to judge a call.
const POLICIES: &str = "<a><GetAccountAuthorizationDetailsResult><IsTruncated>false</IsTruncated><UserDetailList><member><UserName>bob</UserName>\
    <Arn>arn:aws:iam::111122223333:user/bob</Arn><UserPolicyList><member><PolicyName>p</PolicyName><PolicyDocument>\
    {\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"ec2:*\",\"s3:Get*\",\"iam:List*\"],\"Resource\":\"*\"},\
    {\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"DateLessThan\":{\"aws:TokenIssueTime\":\"2020-01-01T00:00:00Z\"}}}]}\
    </PolicyDocument></member></UserPolicyList></member></UserDetailList></GetAccountAuthorizationDetailsResult></a>";
const KEYS: &str = "<a><AccessKeyMetadata><member><AccessKeyId>AKIABOB</AccessKeyId><Status>Active</Status></member></AccessKeyMetadata></a>";
const WAYS: usize = 50;

fn main() {
    // `cargo test --benches` only wants to see it run.
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let calls = if is_bench { 2_000 } else { 100 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(measure(calls));
}

async fn measure(calls: usize) {
    for (name, around) in
        [("fixed answer", at_once().await), ("moto", moto::moto().endpoint.clone())]
    {
        let through = front(Options::new(&around)).await;
        let request = request("test");
        let (mut direct, mut fronted) = (Client::of(&around).await, Client::of(&through).await);
        for _ in 0..100 {
            direct.timed(&request).await;
            fronted.timed(&request).await;
        }
        let (mut without, mut with) = (Vec::new(), Vec::new());
        // By turns: what else the machine does meets both.
        for _ in 0..calls {
            without.push(direct.timed(&request).await);
            with.push(fronted.timed(&request).await);
        }
        told(name, "in sequence", without, with);
        let each = calls / WAYS;
        let without = side_by_side(&around, &request, each).await;
        let with = side_by_side(&through, &request, each).await;
        told(name, "50 side by side", without, with);
    }
    judged(calls).await;
}

/// The same call by a user whose policies decide, and by the root user, through a front that enforces.
async fn judged(calls: usize) {
    let around = at_once().await;
    let options = Options { enforces: true, ..Options::new(&around) };
    let through = front(options).await;
    let (root, bob) = (request("test"), request("AKIABOB"));
    let (mut first, mut second) = (Client::of(&through).await, Client::of(&through).await);
    for _ in 0..100 {
        first.timed(&root).await;
        second.timed(&bob).await;
    }
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..calls {
        without.push(first.timed(&root).await);
        with.push(second.timed(&bob).await);
    }
    told("judged by policies", "in sequence", without, with);
    let status = "GET /_backburn/status HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let stream = TcpStream::connect(&second.address).await.expect("connected");
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(status.as_bytes()).await.expect("sent");
    let status = read(&mut stream).await.expect("answered");
    let judged = format!("\"judged\":{},\"refused\":0,\"notJudged\":0", calls + 100);
    assert!(status.contains(&judged), "{status}");
}

fn told(name: &str, how: &str, mut without: Vec<Duration>, mut with: Vec<Duration>) {
    without.sort();
    with.sort();
    let at =
        |all: &[Duration], share: usize| all[(all.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!(
        "{name}, {} calls {how}: around {:.3} ms, through {:.3} ms, added {:.3} ms; p99 {:.2} and {:.2} ms",
        with.len(),
        at(&without, 50),
        at(&with, 50),
        at(&with, 50) - at(&without, 50),
        at(&without, 99),
        at(&with, 99),
    );
}

async fn front(options: Options) -> String {
    let front = Builder::new(options).start().await.expect("started");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(serve(front, listener));
    endpoint
}

/// An upstream that does nothing but answer.
async fn at_once() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                while let Some(message) = read(&mut stream).await {
                    let known = [
                        ("Action=GetCallerIdentity", WHO),
                        ("Action=GetAccountAuthorizationDetails", POLICIES),
                        ("Action=ListAccessKeys", KEYS),
                    ];
                    let body = known.iter().find(|(asked, _)| message.contains(asked));
                    let told = body.map(|(_, body)| {
                        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                    });
                    let is_organization = message.contains("DescribeOrganization");
                    let none = is_organization.then(|| NONE.to_owned());
                    let answer = told.or(none).unwrap_or_else(|| ANSWER.to_owned());
                    if stream.get_mut().write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    endpoint
}

fn request(key: &str) -> String {
    let body = "Action=DescribeRegions&Version=2016-11-15&RegionName.1=us-east-1";
    format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/ec2/aws4_request, \
         SignedHeaders=host, Signature=0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A connection that is kept, as an SDK keeps it.
struct Client {
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    async fn of(endpoint: &str) -> Self {
        Self { address: endpoint.trim_start_matches("http://").to_owned(), stream: None }
    }

    async fn timed(&mut self, request: &str) -> Duration {
        let start = Instant::now();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(&self.address).await.expect("connected")),
        };
        stream.get_ref().set_nodelay(true).expect("set");
        stream.get_mut().write_all(request.as_bytes()).await.expect("sent");
        let answer = read(&mut stream).await.expect("answered");
        let passed = start.elapsed();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let is_kept = !answer.to_lowercase().contains("connection: close");
        self.stream = is_kept.then_some(stream);
        passed
    }
}

async fn side_by_side(endpoint: &str, request: &str, each: usize) -> Vec<Duration> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WAYS {
        let (mut client, request) = (Client::of(endpoint).await, request.to_owned());
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

/// One message with a length or in chunks, as text.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_lowercase();
    if lower.contains("transfer-encoding: chunked") {
        loop {
            let at = head.len();
            stream.read_line(&mut head).await.ok()?;
            let size = usize::from_str_radix(head[at..].trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk).await.ok()?;
            head.push_str(&String::from_utf8_lossy(&chunk));
            if size == 0 {
                return Some(head);
            }
        }
    }
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().expect("a number"))];
    stream.read_exact(&mut body).await.ok()?;
    head.push_str(&String::from_utf8_lossy(&body));
    Some(head)
}
