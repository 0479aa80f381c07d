//! Requests that nobody should send: answered as AWS would, with bounded memory, and the front lives on.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::testing::{Served, served_with, until};
use super::upstream::{Fixed, exchange, signed};
use crate::Options;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn front() -> (Fixed, Served) {
    let upstream = Fixed::answering(OK).await;
    let front = served_with(Options::new(upstream.endpoint.clone()), |front| front).await;
    (upstream, front)
}

#[tokio::test]
async fn a_form_that_is_too_long_is_refused_before_it_is_read() {
    let (upstream, front) = front().await;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99999999\r\n\r\nAction=",
        signed("iam")
    );
    let answer = exchange(&front.endpoint, &request).await.expect("answered");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("<Code>RequestEntityTooLarge</Code>"), "{answer}");
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn heads_that_are_too_long_or_no_http_are_refused() {
    let (upstream, front) = front().await;
    let long =
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(200_000));
    for bad in [long.as_str(), "\u{16}\u{3}\u{1} no http\r\n\r\n", "GET  HTTP/9\r\n\r\n"] {
        let mut stream = TcpStream::connect(front.endpoint.trim_start_matches("http://"))
            .await
            .expect("connected");
        let _ = stream.write_all(bad.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert!(upstream.requests().is_empty());
    assert_eq!(front.control("GET", "/_backburn/status", "").await.0, 200);
}

#[tokio::test]
async fn odd_signatures_and_bodies_do_no_harm() {
    let (_upstream, front) = front().await;
    let heads = [
        "Authorization: AWS4-HMAC-SHA256 Credential=////aws4_request",
        "Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/r/s3/aws4_request",
        "Authorization: AWS4-",
        "X-Amz-Target: ....",
        "Smithy-Protocol: rpc-v2-cbor",
        "Content-Type: application/x-www-form-urlencoded",
    ];
    for head in heads {
        for service in ["ec2", "ssm", "s3", "fis", "cloudtrail"] {
            for path in
                ["/", "/?Action=..&Action=DescribeVpcs", "/service/a/operation/B", "//..//%00%ff?%"]
            {
                let request = format!(
                    "POST {path} HTTP/1.1\r\nHost: localhost\r\n{}\r\n{head}\r\nContent-Length: 4\r\n\r\n{{[&=",
                    signed(service)
                );
                let answer = exchange(&front.endpoint, &request).await.expect("answered");
                assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn a_web_page_cannot_set_faults() {
    let (_upstream, front) = front().await;
    let request = "POST /_backburn/reset HTTP/1.1\r\nHost: localhost\r\nOrigin: https://example.com\r\nContent-Length: 0\r\n\r\n";
    let answer = exchange(&front.endpoint, request).await.expect("answered");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_take_its_call_back() {
    let (upstream, front) = front().await;
    let rule = r#"{"service":"ec2","effect":{"latency":{"ms":200}}}"#;
    front.control("POST", "/_backburn/faults", rule).await;
    let body = "Action=StopInstances";
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        signed("ec2"),
        body.len()
    );
    let mut stream =
        TcpStream::connect(front.endpoint.trim_start_matches("http://")).await.expect("connected");
    stream.write_all(request.as_bytes()).await.expect("sent");
    until("the call", async || front.front.faults().fired_count() == 1).await;
    drop(stream);
    until("its record", async || front.front.trail().count() == 1).await;
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn slow_clients_are_given_up() {
    let upstream = Fixed::answering(OK).await;
    let patience = std::time::Duration::from_millis(300);
    let options = Options { patience, ..Options::new(upstream.endpoint.clone()) };
    let front = served_with(options, |front| front).await;
    let address = front.endpoint.trim_start_matches("http://");
    let mut slow = TcpStream::connect(address).await.expect("connected");
    slow.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\n").await.expect("sent");
    let half = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nAction=",
        signed("ec2")
    );
    let answer = exchange(&front.endpoint, &half).await.expect("answered");
    assert!(answer.contains("<Code>RequestTimeout</Code>"), "{answer}");
    let mut rest = Vec::new();
    let end =
        tokio::time::timeout(std::time::Duration::from_mins(1), slow.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "the connection is still open");
}

/// A subscription makes the upstream call whatever server it names, those of this machine among them.
#[tokio::test]
async fn a_subscription_of_a_server_that_nobody_named_goes_no_further() {
    let (upstream, front) = front().await;
    let subscribe = async |more: &str| {
        let topic = "TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3At";
        let body = format!("Action=Subscribe&Version=2010-03-31&{topic}&{more}");
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            signed("sns"),
            body.len()
        );
        exchange(&front.endpoint, &request).await.expect("answered")
    };
    let url = "Endpoint=http%3A%2F%2F127.0.0.1%3A22%2F";
    for more in [
        "Protocol=http",
        "Protocol=HTTPS",
        "Protocol=http&Protocol.x=1",
        "Protocol=http&Protocol=sqs",
        "x=1",
    ] {
        let answer = subscribe(&format!("{more}&{url}")).await;
        assert!(answer.contains("<Code>InvalidParameter</Code>"), "{more}: {answer}");
    }
    assert!(upstream.requests().is_empty());
    subscribe("Protocol=sqs&Endpoint=arn%3Aaws%3Asqs%3Aus-east-1%3A123456789012%3Aq").await;
    assert!(!upstream.requests().is_empty(), "a queue may be subscribed");
}
