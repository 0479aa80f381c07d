//! Byte-equal pass-through: the upstream gets what the client sent, the client gets what the upstream answered.

use serde_json::json;

use super::testing::{Served, served, served_with, until};
use super::upstream::{Fixed, exchange, signed};
use crate::Options;

async fn before(upstream: &Fixed) -> Served {
    served_with(Options::new(upstream.endpoint.clone()), |front| front).await
}

const ANSWER: &str = "HTTP/1.1 418 Short And Stout\r\nX-Odd-CASE: a,b\r\nx-odd-case: c\r\nDate: today\r\nServer: moto\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n\u{0}<&\u{7f}!";

#[tokio::test]
async fn requests_and_answers_come_through_byte_for_byte() {
    let upstream = Fixed::answering(ANSWER).await;
    let front = before(&upstream).await;
    let ec2 = "Action=DescribeVpcs&Version=2016-11-15&Odd=%e2%82%ac+%2B";
    let requests = [
        // Recorded, hence read on the way.
        format!(
            "POST / HTTP/1.1\r\nHost: ec2.us-east-1.amazonaws.com\r\n{}\r\nX-Amz-DATE: x\r\ncontent-type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{ec2}",
            signed("ec2"),
            ec2.len()
        ),
        // Streamed.
        format!(
            "PUT /bucket/a%20b//c+d?x=1&y=%2F&z HTTP/1.1\r\nHost: b.localhost:4566\r\n{}\r\nContent-Length: 3\r\n\r\nabc",
            signed("s3")
        ),
        format!(
            "PUT /bucket/k HTTP/1.1\r\nHost: localhost\r\n{}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            signed("s3")
        ),
        // A service that nobody has a table of.
        format!(
            "GET /2015-03-31/functions/?MaxItems=5 HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n",
            signed("lambda")
        ),
        // No AWS client.
        "GET /_health?a=b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: x\r\n\r\n".to_owned(),
    ];
    for (place, request) in requests.iter().enumerate() {
        let answer = exchange(&front.endpoint, request).await.expect("answered");
        assert_eq!(sorted(&answer), sorted(ANSWER), "{request}");
        assert_eq!(sorted(&upstream.requests()[place]), sorted(request));
    }
}

/// Header order means nothing (RFC 9110, 5.3); everything else is compared as it is.
fn sorted(message: &str) -> (String, Vec<String>, String) {
    let (head, body) = message.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines().map(str::to_owned);
    let first = lines.next().expect("a first line");
    let mut headers: Vec<_> = lines.collect();
    headers.sort();
    (first, headers, body.to_owned())
}

#[tokio::test]
async fn a_head_answer_keeps_its_length() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-amz-meta-a: b\r\n\r\n";
    let upstream = Fixed::answering(answer).await;
    let front = before(&upstream).await;
    let request = format!("HEAD /bucket HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", signed("s3"));
    let got = exchange(&front.endpoint, &request).await.expect("answered");
    assert!(got.contains("x-amz-meta-a: b") && got.contains("Content-Length: 0"), "{got}");
}

#[tokio::test]
async fn an_upstream_that_is_down_is_told_in_the_callers_protocol() {
    let front = served_with(Options::new("http://127.0.0.1:9"), |front| front).await;
    let ask = |service: &str, rest: &str| {
        format!("POST / HTTP/1.1\r\nHost: localhost\r\n{}\r\n{rest}", signed(service))
    };
    let ec2 = ask(
        "ec2",
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 19\r\n\r\nAction=DescribeVpcs",
    );
    let answer = exchange(&front.endpoint, &ec2).await.expect("answered");
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("<Code>ServiceUnavailable</Code>"),
        "{answer}"
    );
    assert!(answer.contains("http://127.0.0.1:9 does not answer"), "{answer}");
    let ssm = ask("ssm", "X-Amz-Target: AmazonSSM.GetParameter\r\nContent-Length: 2\r\n\r\n{}");
    let answer = exchange(&front.endpoint, &ssm).await.expect("answered");
    assert!(answer.contains("\"__type\":\"ServiceUnavailable\""), "{answer}");
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let options = Options::new("http://127.0.0.1:9");
    let front = crate::Builder::new(options).start().await.expect("started");
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", 0)).await.expect("bound");
    let crate::NotLoopback { url, .. } = crate::serve(front, listener).await.expect_err("refused");
    assert!(url.starts_with("0.0.0.0:"), "{url}");
    let far = crate::Builder::new(Options::new("http://10.0.0.1:80")).start().await;
    assert!(matches!(far.err(), Some(crate::Error::NotLoopback(_))));
}

#[tokio::test]
async fn large_objects_stream_through() {
    let lab = served(|front| front).await;
    let script = "
import hashlib, time, io
s3 = client('s3')
bucket = 'large-' + str(time.time_ns())
s3.create_bucket(Bucket=bucket)
data = bytes(range(256)) * 80_000
s3.upload_fileobj(io.BytesIO(data), bucket, 'a key/ with+odd %20 letters')
s3.put_object(Bucket=bucket, Key='one', Body=data)
same = [s3.get_object(Bucket=bucket, Key=key)['Body'].read() == data for key in ['a key/ with+odd %20 letters', 'one']]
part = s3.get_object(Bucket=bucket, Key='one', Range='bytes=5-9')['Body'].read() == data[5:10]
size = s3.head_object(Bucket=bucket, Key='one')['ContentLength']
import urllib.request
url = s3.generate_presigned_url('get_object', Params={'Bucket': bucket, 'Key': 'one'})
presigned = urllib.request.urlopen(url).read() == data
result = [same, part, size == len(data), presigned]";
    assert_eq!(lab.boto3(script).await, json!([[true, true], true, true, true]));
    // None of it is a management event but the bucket's creation.
    let records = lab.front.trail().before(&lab.scope(), u64::MAX);
    assert_eq!(
        records.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(),
        ["CreateBucket"]
    );
    assert_eq!(records[0].resources[0].0, "AWS::S3::Bucket");
}

#[tokio::test]
async fn calls_under_way_finish_when_the_front_stops() {
    let upstream = Fixed::answering(ANSWER).await;
    let front = before(&upstream).await;
    front
        .control("POST", "/_backburn/faults", r#"{"service":"s3","effect":{"latency":{"ms":300}}}"#)
        .await;
    let request = format!("GET /b/k HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", signed("s3"));
    let endpoint = front.endpoint.clone();
    let waiting = tokio::spawn(async move { exchange(&endpoint, &request).await });
    until("the call", async || front.front.faults().fired_count() == 1).await;
    front.front.stop().await;
    let answer = waiting.await.expect("no panic").expect("answered");
    assert!(answer.starts_with("HTTP/1.1 418 "), "{answer}");
    let address = front.endpoint.trim_start_matches("http://").to_owned();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
