//! The rules of the server over a real socket, with requests that a browser would not send, too.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{Ask, Bound, Given, ServeError, Serving, Shown, Source, Stamp, listener::MOST};
use crate::report::model::testing::drill;

const HOSTILE: &str =
    "\"'></p></section><script>document.title='pwned'</script><img src=x onerror=alert(1)>";

/// A run that asks one question and keeps the answer.
#[derive(Default)]
struct Fake {
    told: Mutex<Vec<Given>>,
    folded: AtomicUsize,
}

fn ask() -> Ask {
    Ask {
        step: "stop".into(),
        text: format!("stop it?{HOSTILE}"),
        question: "q".repeat(64),
        plan: "p".repeat(64),
        since: Timestamp::UNIX_EPOCH,
        roles: vec!["commander".into(), HOSTILE.into()],
        command: "backburn approve".into(),
        open: true,
    }
}

impl Source for Fake {
    fn stamp(&self) -> Stamp {
        (0, self.told.lock().expect("a lock").len() as u64)
    }

    fn shown(&self, over: bool) -> Result<Shown, String> {
        self.folded.fetch_add(1, Ordering::SeqCst);
        let answered = !self.told.lock().expect("a lock").is_empty();
        let asked = if answered || over { Vec::new() } else { vec![ask()] };
        Ok(Shown { report: drill(), asked, live: !over })
    }

    fn answer(&self, given: Given) -> Result<String, String> {
        if given.question != ask().question {
            return Err("another question".into());
        }
        self.told.lock().expect("a lock").push(given);
        Ok("approved".into())
    }
}

struct Served {
    address: SocketAddr,
    token: String,
    source: Arc<Fake>,
    serving: Serving,
}

impl Served {
    async fn start() -> Self {
        let bound = Bound::bind("127.0.0.1:0".parse().expect("an address"), false).await;
        let bound = bound.unwrap_or_else(|error| panic!("{error}"));
        let link = bound.link();
        let (at, token) = link.split_once("/?token=").expect("a link");
        let address = at.strip_prefix("http://").expect("a URL").parse().expect("an address");
        let source = Arc::new(Fake::default());
        let token = token.to_owned();
        let serving = bound.start("RUN", source.clone());
        Self { address, token, source, serving }
    }

    /// A whole request but for its Host, and the whole answer.
    async fn ask(&self, line: &str, headers: &str, body: &str) -> String {
        let length = if line.starts_with("POST") {
            format!("content-length: {}\r\n", body.len())
        } else {
            String::new()
        };
        let host = if headers.to_lowercase().contains("host:") {
            String::new()
        } else {
            format!("host: {}\r\n", self.address)
        };
        let text =
            format!("{line} HTTP/1.1\r\n{host}{headers}{length}connection: close\r\n\r\n{body}");
        let address = self.address;
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.write_all(text.as_bytes()).expect("sent");
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        });
        answer.await.expect("no panic")
    }

    /// Opens the link: the page's folder and the session's cookie.
    async fn enter(&self) -> (String, String) {
        let answer = self.ask(&format!("GET /?token={}", self.token), "", "").await;
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        (header(&answer, "location").to_owned(), header(&answer, "set-cookie").to_owned())
    }
}

fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let line = answer.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: ")));
    line.map(|line| &line[name.len() + 2..]).unwrap_or_default()
}

fn pair(cookie: &str) -> String {
    format!("cookie: {}\r\n", cookie.split(';').next().unwrap_or_default())
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

/// What a refusal must not have.
fn says_nothing(answer: &str) {
    for word in ["RUN", "stop it", "Timeline", "csrf", "set-cookie", "location"] {
        assert!(!answer.contains(word), "{word}: {answer}");
    }
}

const ANSWER: &str = r#"{"step":"stop","question":"Q","plan":"p","by":"anna","role":"commander","reason":"go","yes":true}"#;

fn answer() -> String {
    ANSWER.replace('Q', &ask().question)
}

#[tokio::test]
async fn the_link_opens_once_and_everything_else_gets_nothing() {
    let served = Served::start().await;
    let wrong = "0".repeat(64);
    for line in ["GET /", &format!("GET /?token={wrong}"), "GET /?token=", "GET /?token=a&token=b"]
    {
        let answer = served.ask(line, "", "").await;
        assert!(["401", "400"].contains(&status(&answer)), "{line}: {answer}");
        says_nothing(&answer);
    }
    let real = format!("GET /?token={}", served.token);
    for headers in ["host: evil.example\r\n", "sec-fetch-site: cross-site\r\n", "origin: null\r\n"]
    {
        let answer = served.ask(&real, headers, "").await;
        assert!(["421", "403"].contains(&status(&answer)), "{headers}: {answer}");
        says_nothing(&answer);
    }
    let head = served.ask(&real.replace("GET", "HEAD"), "", "").await;
    assert_eq!(status(&head), "405", "whoever only looks ahead does not use the link up");
    let (place, cookie) = served.enter().await;
    assert!(cookie.contains(&format!("Path={place}; HttpOnly; SameSite=Strict")), "{cookie}");
    assert!(!place.contains(&served.token));
    let again = served.ask(&real, "", "").await;
    assert_eq!(status(&again), "401");
    says_nothing(&again);
    let page = served.ask(&format!("GET {place}"), &pair(&cookie), "").await;
    assert_eq!(status(&page), "200", "{page}");
    assert!(
        page.contains("stop it?") && page.contains("An instance is hijacked")
            || page.contains("objectives")
    );
    for (line, headers) in [
        (format!("GET {place}"), String::new()),
        (format!("GET {place}"), "cookie: backburn=0\r\n".into()),
        (format!("GET /{wrong}/"), pair(&cookie)),
        (format!("GET {place}events"), String::new()),
        (format!("GET /{wrong}/events"), pair(&cookie)),
    ] {
        let answer = served.ask(&line, &headers, "").await;
        assert_eq!(status(&answer), "401", "{line}");
        says_nothing(&answer);
    }
    let elsewhere = served.ask("GET /etc/passwd", &pair(&cookie), "").await;
    assert_eq!(status(&elsewhere), "404");
}

#[tokio::test]
async fn every_answer_has_its_headers_and_no_text_becomes_markup() {
    let served = Served::start().await;
    let (place, cookie) = served.enter().await;
    let page = served.ask(&format!("GET {place}"), &pair(&cookie), "").await;
    for answer in [&page, &served.ask("GET /x", "", "").await, &served.ask("PUT /", "", "").await] {
        assert_eq!(header(answer, "cache-control"), "no-store");
        assert_eq!(header(answer, "referrer-policy"), "no-referrer");
        assert_eq!(header(answer, "x-content-type-options"), "nosniff");
        let policy = header(answer, "content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'sha256-",
            "frame-ancestors 'none'",
            "form-action 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }
    assert_eq!(page.matches("<script>").count(), 1, "its own");
    assert!(!page.contains("<img") && page.contains("&lt;script&gt;"));
    assert!(
        !page.contains(&served.token)
            && !page.contains(&pair(&cookie)[8..].trim().replace("backburn=", ""))
    );
}

#[tokio::test]
async fn an_answer_is_taken_from_the_page_only() {
    let served = Served::start().await;
    let (place, cookie) = served.enter().await;
    let page = served.ask(&format!("GET {place}"), &pair(&cookie), "").await;
    let csrf = page.split("data-csrf=\"").nth(1).and_then(|rest| rest.get(..64)).expect("a token");
    let own = format!("origin: http://{}\r\n", served.address);
    let (json, csrf) =
        ("content-type: application/json\r\n", format!("x-backburn-csrf: {csrf}\r\n"));
    let line = format!("POST {place}answer");
    let cookie = pair(&cookie);
    let whole = [&*cookie, &own, json, &csrf].concat();
    for (wanted, headers) in [
        ("403", whole.replace(&own, "")),
        ("403", whole.replace(&own, "origin: http://evil.example\r\n")),
        ("403", whole.replace(&own, "origin: http://127.0.0.1:1\r\n")),
        ("403", format!("{whole}sec-fetch-site: same-site\r\n")),
        ("421", format!("{whole}host: evil.example\r\n")),
        ("401", whole.replace(&cookie, "")),
        ("403", whole.replace(&csrf, "")),
        ("403", whole.replace(&csrf, &format!("x-backburn-csrf: {}\r\n", "0".repeat(64)))),
        ("415", whole.replace(json, "content-type: text/plain\r\n")),
    ] {
        let told = served.ask(&line, &headers, &answer()).await;
        assert_eq!(status(&told), wanted, "{headers}{told}");
    }
    for (wanted, body) in [
        ("422", answer().replace("anna", " ")),
        ("422", answer().replace("go", "")),
        ("422", answer().replace("anna", "a\\u0007b")),
        ("422", answer().replace("anna", &"a".repeat(101))),
        ("422", answer().replace("\"yes\"", "\"Yes\"")),
        ("409", answer().replace(&ask().question, "another")),
        ("413", answer().replace("go", &"g".repeat(20_000))),
    ] {
        let told = served.ask(&line, &whole, &body).await;
        assert_eq!(status(&told), wanted, "{body}: {told}");
    }
    let get = served.ask(&line.replace("POST", "GET"), &whole, "").await;
    assert_eq!(status(&get), "405", "no GET changes anything");
    assert!(served.source.told.lock().expect("a lock").is_empty());
    let told = served.ask(&line, &whole, &answer()).await;
    assert_eq!(status(&told), "200", "{told}");
    let told = served.source.told.lock().expect("a lock").clone();
    assert!(told.len() == 1 && told[0].by == "anna" && told[0].yes, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_with_all_of_it_and_ends_with_the_run() {
    let served = Served::start().await;
    let (place, cookie) = served.enter().await;
    let mut stream = TcpStream::connect(served.address).expect("a connection");
    let text = format!(
        "GET {place}events HTTP/1.1\r\nhost: {}\r\n{}last-event-id: 99\r\n\r\n",
        served.address,
        pair(&cookie)
    );
    stream.write_all(text.as_bytes()).expect("sent");
    let (begun, begins) = tokio::sync::oneshot::channel();
    let reading = tokio::task::spawn_blocking(move || {
        let (mut all, mut some, mut begun) = (Vec::new(), [0; 4096], Some(begun));
        while let Ok(read @ 1..) = stream.read(&mut some) {
            all.extend(&some[..read]);
            if String::from_utf8_lossy(&all).contains("stop it?") {
                begun.take().map(|begun| begun.send(()));
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    });
    begins.await.expect("all of it");
    served.serving.end(std::future::ready(())).await;
    let all = reading.await.expect("no panic");
    assert!(all.contains("text/event-stream"), "{all}");
    let (first, last) = (all.find("stop it?"), all.rfind("\"over\":true"));
    assert!(first.is_some() && last > first, "{all}");
    for name in ["nav", "summary", "timeline", "steps", "foot"] {
        assert!(all.contains(&format!("{{\"id\":\"{name}\"")), "{name}");
    }
    assert!(TcpStream::connect(served.address).is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_few_and_a_run_without_onlookers_is_not_folded() {
    let served = Served::start().await;
    let held: Vec<_> = (0..MOST + 8).map(|_| TcpStream::connect(served.address)).collect();
    let is_closed = |stream: &&TcpStream| {
        stream.set_nonblocking(true).expect("a socket");
        match stream.peek(&mut [0; 1]) {
            Ok(_) => true,
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        }
    };
    let closed = || held.iter().flatten().filter(is_closed).count();
    let deadline = Instant::now() + Duration::from_mins(2);
    while closed() < 8 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // They show nothing, so that their places go to whoever comes next.
    let answer = served.ask("GET /", "", "").await;
    assert_eq!(status(&answer), "401", "idle connections lock nobody out");
    while closed() < MOST + 8 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(closed(), MOST + 8, "and none of them stays");
    drop(held);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(served.source.folded.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_address_that_is_taken_or_open_to_others_is_refused() {
    let first = Bound::bind("127.0.0.1:0".parse().expect("an address"), false).await;
    let first = first.unwrap_or_else(|error| panic!("{error}"));
    let second = Bound::bind(first.address, false).await;
    assert!(matches!(second, Err(ServeError::Bind(..))));
    let open = Bound::bind("0.0.0.0:0".parse().expect("an address"), false).await;
    assert!(matches!(open, Err(ServeError::Remote(_))));
    let allowed = Bound::bind("0.0.0.0:0".parse().expect("an address"), true).await;
    assert!(allowed.is_ok_and(|bound| bound.link().starts_with("http://127.0.0.1:")));
}
