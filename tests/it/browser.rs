//! A headless Chromium, told what to do over the pipe of its DevTools protocol: no WebSocket, no
//! driver. Owns how it is found, started and ended; tests that need it say so where there is none.
//!
//! <https://chromedevtools.github.io/devtools-protocol/>

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};

pub(crate) fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| file.exists())
}

pub(crate) struct Browser {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    next: u64,
    _profile: tempfile::TempDir,
}

/// One tab.
#[derive(Clone)]
pub(crate) struct Tab(String);

impl Browser {
    pub(crate) fn start(program: &std::path::Path) -> Self {
        let profile = tempfile::tempdir().expect("a directory");
        // It reads commands from descriptor 3 and answers on 4.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#])
            .arg(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let ask = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, ask, answers, next: 0, _profile: profile }
    }

    fn call(&mut self, tab: Option<&Tab>, method: &str, params: Value) -> Value {
        let answer = self.tried(tab, method, params);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn tried(&mut self, tab: Option<&Tab>, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut call = json!({ "id": self.next, "method": method, "params": params });
        if let Some(Tab(session)) = tab {
            call["sessionId"] = session.as_str().into();
        }
        self.ask.write_all(format!("{call}\0").as_bytes()).expect("the browser reads");
        loop {
            let mut bytes = Vec::new();
            self.answers.read_until(0, &mut bytes).expect("the browser answers");
            assert!(!bytes.is_empty(), "the browser has ended");
            bytes.pop();
            let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
            if answer["id"] == self.next {
                return answer;
            }
        }
    }

    pub(crate) fn open(&mut self, url: &str) -> Tab {
        let made = self.call(None, "Target.createTarget", json!({ "url": url }));
        let params = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = self.call(None, "Target.attachToTarget", params);
        Tab(attached["sessionId"].as_str().expect("a session").into())
    }

    /// What an expression is in the page; a promise is awaited.
    pub(crate) fn eval(&mut self, tab: &Tab, expression: &str) -> Value {
        let answer = self.call(Some(tab), "Runtime.evaluate", evaluate(expression));
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, tab: &Tab, expression: &str) {
        let deadline = Instant::now() + Duration::from_mins(2);
        let asked = evaluate(&format!("!!({expression})"));
        // A tab that is on its way to a page has nothing to ask.
        while self.tried(Some(tab), "Runtime.evaluate", asked.clone())["result"]["result"]["value"]
            != true
        {
            if Instant::now() > deadline {
                let page = self.eval(tab, "document.documentElement.outerHTML.slice(0, 200000)");
                panic!("never: {expression}\n{page}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A picture of the tab, as large as a screen.
    pub(crate) fn picture(&mut self, tab: &Tab, scheme: &str, width: u32, height: u32) -> Vec<u8> {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call(Some(tab), "Emulation.setEmulatedMedia", json!({ "features": feature }));
        let mobile = width < 600;
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call(Some(tab), "Emulation.setDeviceMetricsOverride", size);
        let taken = self.call(Some(tab), "Page.captureScreenshot", json!({ "format": "png" }));
        let text = taken["data"].as_str().expect("a picture");
        base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
    }
}

fn evaluate(expression: &str) -> Value {
    json!({ "expression": expression, "awaitPromise": true, "returnByValue": true })
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.ask.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
