//! Small upstreams of the tests' own: they store what they are sent and give the answers they are set to.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An upstream that answers every request with the same bytes, and keeps the requests' bytes.
pub(super) struct Fixed {
    pub endpoint: String,
    pub seen: Arc<Mutex<Vec<String>>>,
}

/// GetCallerIdentity is answered as account 111122223333. What the front asks for itself is not kept.
const WHO: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/bob</Arn>\
    <UserId>AIDA1</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

impl Fixed {
    pub(super) async fn answering(answer: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let keep = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, answer, keep.clone()));
            }
        });
        Self { endpoint, seen }
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }
}

async fn connection(mut stream: TcpStream, answer: &'static str, seen: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read(&mut stream).await {
        let is_own = request.contains("backburn-lab-front");
        let is_who = request.contains("Action=GetCallerIdentity");
        let who = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{WHO}", WHO.len());
        if !is_own {
            seen.lock().expect("no panic").push(request);
        }
        let text = if is_who { who.as_str() } else { answer };
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// One message with a length or in chunks, as text. Works for requests and answers.
pub(super) async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0; 1];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    if head.contains("transfer-encoding: chunked") {
        while !bytes.ends_with(b"\r\n0\r\n\r\n") && !bytes.ends_with(b"\r\n\r\n0\r\n\r\n") {
            stream.read_exact(&mut byte).await.ok()?;
            bytes.push(byte[0]);
        }
    } else {
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.trim().parse().expect("a number"))];
        stream.read_exact(&mut body).await.ok()?;
        bytes.extend(body);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Sends bytes to an endpoint; one answer.
pub(super) async fn exchange(endpoint: &str, request: &str) -> Option<String> {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(request.as_bytes()).await.expect("sent");
    read(&mut stream).await
}

/// A scope of the service, as a header.
pub(super) fn signed(service: &str) -> String {
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIA1/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}
