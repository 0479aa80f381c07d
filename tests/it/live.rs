//! The live page of a real run: over a plain socket, and in a real browser where there is one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::binary::{Desk, approving};
use crate::browser::{self, Browser};

/// Two steps that take a while, with a question between them. Everything that is text is hostile.
const PLAYBOOK: &str = r#"
playbook: live
title: "Watched </title><script>document.title='pwned'</script>"
version: 1.0.0
severity: low
roles:
  commander: { duty: "decides <img src=x onerror=\"document.title='pwned'\">", contact: "+00" }
steps:
  look:
    title: "look <script>document.title='pwned'</script>"
    uses: core.wait
    with: { duration: 3s }
  decide:
    uses: core.manual
    owner: commander
    needs: [look]
    with: { instructions: "stop it? </section><script>document.title='pwned'</script>" }
  after:
    uses: core.wait
    needs: [decide]
    with: { duration: 2s }
"#;

/// A run with its page.
pub(crate) struct Served {
    desk: Desk,
    child: Child,
    said: mpsc::Receiver<String>,
    link: String,
}

/// A browser that the link was opened in: where the page is, and the header that shows it.
pub(crate) struct Opened {
    place: String,
    cookie: String,
}

impl Served {
    fn start(more: &[&str]) -> Self {
        let desk = Desk::new();
        let file = desk.path("live.yaml");
        std::fs::write(&file, PLAYBOOK).expect("written");
        let file = file.display().to_string();
        let args = [&["run", &file, "--yes", "--no-probe", "--serve"], more].concat();
        Self::of(desk, &args)
    }

    fn of(desk: Desk, args: &[&str]) -> Self {
        let command = desk.command(args);
        Self::by(desk, command)
    }

    /// What a command of this desk serves.
    pub(crate) fn by(desk: Desk, mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let (send, said) = mpsc::channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| drop(send.send(line)));
        });
        let link = loop {
            let line = said.recv_timeout(Duration::from_mins(2)).expect("a link");
            if let Some((_, link)) = line.split_once("page: ") {
                break link.to_owned();
            }
        };
        Self { desk, child, said, link }
    }

    fn host(&self) -> &str {
        self.link["http://".len()..].split('/').next().expect("a host")
    }

    fn token(&self) -> &str {
        self.link.split("token=").nth(1).expect("a token")
    }

    fn ask(&self, line: &str, headers: &[String], body: &str) -> String {
        let mut stream = TcpStream::connect(self.host()).expect("a connection");
        let text = format!(
            "{line} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{}content-length: {}\r\n\r\n{body}",
            self.host(),
            headers.iter().map(|one| format!("{one}\r\n")).collect::<String>(),
            body.len()
        );
        stream.write_all(text.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) fn open(&self) -> Opened {
        let opened = self.ask(&format!("GET /?token={}", self.token()), &[], "");
        assert_eq!(status(&opened), "303", "{opened}");
        let (place, cookie) = (header(&opened, "location"), header(&opened, "set-cookie"));
        let cookie = format!("cookie: {}", cookie.split(';').next().expect("a pair"));
        Opened { place, cookie }
    }

    pub(crate) fn page(&self, opened: &Opened) -> String {
        let line = format!("GET {}", opened.place);
        let page = self.ask(&line, std::slice::from_ref(&opened.cookie), "");
        assert_eq!(status(&page), "200");
        page
    }

    /// The page once it has this.
    fn until(&self, opened: &Opened, wanted: &str) -> String {
        let deadline = Instant::now() + Duration::from_mins(2);
        loop {
            let page = self.page(opened);
            if page.contains(wanted) {
                return page;
            }
            assert!(Instant::now() < deadline, "{page}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Sends an answer as the page's script does, from a page of this origin.
    fn answer(&self, opened: &Opened, page: &str, origin: &str, body: &str) -> String {
        let headers = [
            opened.cookie.clone(),
            format!("origin: {origin}"),
            "content-type: application/json".into(),
            format!("x-backburn-csrf: {}", attribute(page, "data-csrf")),
        ];
        self.ask(&format!("POST {}answer", opened.place), &headers, body)
    }

    fn origin(&self) -> String {
        format!("http://{}", self.host())
    }

    /// Waits for a line of what the command says.
    fn says(&self, wanted: &str) {
        while !self.said.recv_timeout(Duration::from_mins(2)).expect(wanted).contains(wanted) {}
    }

    /// Ctrl-C.
    fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    }

    pub(crate) fn ended(mut self) -> (Option<i32>, String, Desk) {
        let mut out = String::new();
        let mut stdout = self.child.stdout.take().expect("a pipe");
        stdout.read_to_string(&mut out).expect("UTF-8");
        let code = self.child.wait().expect("waited").code();
        let said: Vec<_> = self.said.iter().collect();
        (code, format!("{out}{}", said.join("\n")), self.desk)
    }
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

fn header(answer: &str, name: &str) -> String {
    let line = answer.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: ")));
    line.map(|line| line[name.len() + 2..].to_owned()).unwrap_or_default()
}

fn attribute(page: &str, name: &str) -> String {
    let value = page.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no {name}: {page}")).to_owned()
}

/// What the page's form sends.
fn approval(asking: &str) -> String {
    let body = serde_json::json!({
        "step": "decide", "question": attribute(asking, "data-question"),
        "plan": attribute(asking, "data-plan"), "by": "anna <b>", "role": "commander",
        "reason": "ticket 7", "yes": true,
    });
    body.to_string()
}

fn answers(desk: &Desk) -> Vec<serde_json::Value> {
    desk.records().into_iter().filter(|line| line["record"] == "answer").collect()
}

/// Nothing that opens the page is kept with the run.
fn keeps_no_secret(desk: &Desk, secrets: &[&str]) {
    for entry in std::fs::read_dir(desk.run_dir()).expect("a folder").flatten() {
        let text = std::fs::read(entry.path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        for secret in secrets {
            assert!(!text.contains(secret), "{}", entry.path().display());
        }
    }
}

#[test]
fn a_page_shows_a_run_and_takes_its_approval() {
    let served = Served::start(&[]);
    let wrong = served.ask(&format!("GET /?token={}", "0".repeat(64)), &[], "");
    assert_eq!(status(&wrong), "401");
    assert!(!wrong.contains("Watched") && !wrong.contains("decide"), "{wrong}");
    let opened = served.open();
    let again = served.ask(&format!("GET /?token={}", served.token()), &[], "");
    assert_eq!(status(&again), "401", "a link works once");
    let asking = served.until(&opened, "<form");
    assert!(!asking.contains("<script>document") && !asking.contains("<img"));
    assert!(asking.contains("stop it? &lt;/section&gt;"), "the text itself is shown");
    assert!(asking.contains("Waits for 1 answer"));
    let body = approval(&asking);
    let foreign = served.answer(&opened, &asking, "http://evil.example", &body);
    assert_eq!(status(&foreign), "403");
    let other = body.replace("commander", "responder");
    let other = served.answer(&opened, &asking, &served.origin(), &other);
    assert_eq!(status(&other), "409", "{other}");
    assert!(answers(&served.desk).is_empty());
    let told = served.answer(&opened, &asking, &served.origin(), &body);
    assert_eq!(status(&told), "200", "{told}");
    let token = served.token().to_owned();
    let (code, said, desk) = served.ended();
    assert_eq!(code, Some(0), "{said}");
    let answers = answers(&desk);
    assert_eq!(answers.len(), 1);
    let answer = &answers[0];
    assert_eq!(
        (&answer["by"], &answer["via"]),
        (&"anna <b>".into(), &"live page".into()),
        "{answer:#}"
    );
    assert_eq!((&answer["reason"], &answer["yes"]), (&"ticket 7".into(), &true.into()));
    assert!(answer["role"].as_str().is_some_and(|role| role.starts_with("commander")));
    let session = opened.cookie.replace("cookie: backburn=", "");
    assert!(!said.contains(&token) && !said.contains(&session), "{said}");
    keeps_no_secret(&desk, &[&token, &session, opened.place.trim_matches('/')]);
    let report = desk.ends(0, &["report", "last", "--out", "-"]).out;
    assert!(report.contains("via live page") && report.contains("anna &lt;b&gt;"));
    desk.ends(0, &["runs", "verify", "last"]);
    afterwards(desk);
}

/// The page of a run that is over: it shows it until Ctrl-C, and takes nothing.
fn afterwards(desk: Desk) {
    let served = Served::of(desk, &["runs", "show", "last", "--serve"]);
    let opened = served.open();
    let page = served.page(&opened);
    assert!(page.contains("Nobody works on the run now") && page.contains("anna &lt;b&gt;"));
    let body = r#"{"step":"decide","question":"q","plan":"p","by":"a","role":"b","reason":"c","yes":true}"#;
    let told = served.answer(&opened, &page, &served.origin(), body);
    assert_eq!(status(&told), "409", "{told}");
    served.interrupt();
    assert_eq!(served.ended().0, Some(0));
}

/// The run has ended where nobody could be asked; resumed with a page, it asks there.
#[test]
fn a_resumed_run_asks_on_its_page() {
    let desk = Desk::new();
    let file = desk.path("live.yaml");
    std::fs::write(&file, PLAYBOOK).expect("written");
    desk.ends(10, &["run", &file.display().to_string(), "--yes", "--no-probe"]);
    let served = Served::of(desk, &["resume", "last", "--serve"]);
    let opened = served.open();
    let asking = served.until(&opened, "<form");
    let told = served.answer(&opened, &asking, &served.origin(), &approval(&asking));
    assert_eq!(status(&told), "200", "{told}");
    let (code, said, desk) = served.ended();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(answers(&desk)[0]["via"], "live page");
}

#[test]
fn a_page_that_is_kept_stays_until_ctrl_c() {
    let served =
        Served::start(&[&["--keep-serving"][..], &approving("decide", "commander")].concat());
    let opened = served.open();
    served.says("the page stays until Ctrl-C");
    let page = served.until(&opened, "The run has ended. This is its finished report");
    assert!(!page.contains("<form"));
    served.interrupt();
    let (code, said, desk) = served.ended();
    assert_eq!(code, Some(0), "the run's own: {said}");
    desk.ends(0, &["runs", "verify", "last"]);
}

#[test]
fn an_address_that_cannot_be_served_is_said_before_anything_runs() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let file = desk.path("live.yaml");
    std::fs::write(&file, PLAYBOOK).expect("written");
    let file = file.display().to_string();
    let ended = desk.ends(4, &["run", &file, "--yes", "--serve", &address]);
    assert!(ended.err.contains("nothing was changed"), "{}", ended.err);
    let ended = desk.ends(4, &["run", &file, "--yes", "--serve", "0.0.0.0:0"]);
    assert!(ended.err.contains("--allow-remote-page"), "{}", ended.err);
    desk.ends(2, &["run", &file, "--serve", "evil.example:80"]);
    assert!(desk.runs().is_empty());
}

#[test]
fn a_browser_sees_steps_turn_green_and_approves_one() {
    let Some(program) = browser::found() else {
        eprintln!("\n*** SKIPPED: the live page in a real browser\n*** no Chromium on PATH\n");
        return;
    };
    let mut browser = Browser::start(&program);
    let served = Served::start(&[]);
    let tab = browser.open(&served.link);
    browser
        .until(&tab, "document.getElementById('live') && document.querySelector('#steps tbody')");
    assert_eq!(browser.eval(&tab, "location.search"), "", "the token is not in the address bar");
    // The same page from here to the end: it is never loaded again.
    browser.eval(&tab, "window.mark = 1");
    let chip = |step: &str| {
        format!(
            "[...document.querySelectorAll('#steps tbody tr')].find(row => row.querySelector('code').textContent === '{step}')?.querySelector('.chip')"
        )
    };
    assert_ne!(browser.eval(&tab, &format!("{}.className", chip("decide"))), "chip good");
    browser.until(&tab, &format!("{}?.className === 'chip good'", chip("look")));
    browser.until(&tab, "document.querySelector('form.ask')");
    browser.until(&tab, "document.title.startsWith('(1)')");
    let waits = format!("{}?.textContent.includes('waits')", chip("decide"));
    browser.until(&tab, &waits);
    pictures(&mut browser, &tab, "waiting");

    // What is typed and opened stays, while the page changes around it.
    browser.eval(&tab, "document.querySelector('[name=by]').value = 'anna'; document.querySelector('[name=reason]').focus(); document.querySelector('form.ask details').open = true");
    let written = "document.querySelector('footer').textContent";
    let before = browser.eval(&tab, written);
    browser.until(&tab, &format!("{written} !== {before}"));
    let kept = "document.querySelector('[name=by]').value === 'anna' && document.activeElement.name === 'reason' && document.querySelector('form.ask details').open";
    assert_eq!(browser.eval(&tab, kept), true);

    // Another page in the same browser, and a second use of the link.
    let url = browser.eval(&tab, "location.href + 'answer'");
    let other = browser.open("data:text/html,<p>other</p>");
    let attack = format!(
        "fetch({url}, {{method: 'POST', mode: 'no-cors', credentials: 'include', body: '{{}}'}}).then(a => a.type, e => 'refused')"
    );
    browser.eval(&other, &attack);
    let again = browser.open(&served.link);
    browser.until(&again, "document.body?.textContent.includes('Nothing to see here')");
    assert!(answers(&served.desk).is_empty());

    // Without a reason nothing is sent.
    browser.eval(&tab, "document.querySelector('button[value=yes]').click()");
    browser.eval(&tab, "document.querySelector('[name=reason]').value = 'ticket 7'; document.querySelector('button[value=yes]').click()");
    browser.until(&tab, &format!("{}?.className === 'chip good'", chip("decide")));
    browser.until(&tab, "!document.querySelector('form.ask')");
    browser.until(&tab, "document.getElementById('live').textContent.includes('has ended')");
    browser.until(&tab, &format!("{}?.className === 'chip good'", chip("after")));
    pictures(&mut browser, &tab, "ended");
    assert_eq!(browser.eval(&tab, "window.mark"), 1);
    assert_eq!(browser.eval(&tab, "document.querySelectorAll('script').length"), 1);
    assert_eq!(browser.eval(&tab, "document.querySelectorAll('img').length"), 0);
    assert_ne!(browser.eval(&tab, "document.title"), "pwned");
    let (code, said, desk) = served.ended();
    assert_eq!(code, Some(0), "{said}");
    let answers = answers(&desk);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["by"], "anna");
}

/// `BACKBURN_PAGES=DIR`: pictures to look at, for a design is judged by eye.
fn pictures(browser: &mut Browser, tab: &browser::Tab, name: &str) {
    let Some(folder) = std::env::var_os("BACKBURN_PAGES") else { return };
    for scheme in ["light", "dark"] {
        for (width, height) in [(1280, 900), (390, 844)] {
            let file = format!("live-{name}-{scheme}-{width}.png");
            let picture = browser.picture(tab, scheme, width, height);
            std::fs::write(std::path::Path::new(&folder).join(file), picture).expect("written");
        }
    }
}
