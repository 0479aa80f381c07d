//! moto for tests and benchmarks: Python environments from pinned packages, one moto a process, and plain HTTP.
//! Stands alone, so that the benchmark can include it as well. The program itself starts moto in its `lab`.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A running moto, with the Python that it runs on: that has boto3.
pub(crate) struct Moto {
    pub endpoint: String,
    pub python: PathBuf,
}

/// The moto of this process. The first start on a machine installs it; it ends with this process.
pub(crate) fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(|| {
        let python = python("moto", include_str!("../../../../localstack/requirements.txt"));
        let endpoint = started("moto", "/moto-api/", |port| {
            let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../localstack");
            let mut command = Command::new(&python);
            for (name, _) in std::env::vars_os() {
                if ["AWS_", "MOTO_"].iter().any(|of| name.to_string_lossy().starts_with(of)) {
                    command.env_remove(&name);
                }
            }
            command.args(["-I", "-u"]).arg(files.join("serve.py")).arg("moto");
            command.args(["--port", &port.to_string(), "--watch", &std::process::id().to_string()]);
            command.env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
            command.env("MOTO_AMIS_PATH", files.join("images.json"));
            command
        })
        .1;
        let settings =
            r#"{"stepfunctions":{"execute_state_machine":true},"lambda":{"use_docker":false},"batch":{"use_docker":false}}"#;
        let (status, text) = ask(&endpoint, "POST", "/moto-api/config", settings).expect("moto");
        assert_eq!(status, 201, "{text}");
        Moto { endpoint, python }
    })
}

/// The Python of an environment with exactly these packages. One process makes it, others wait.
pub(crate) fn python(name: &str, requirements: &str) -> PathBuf {
    let all = scratch("front-python");
    let (folder, list) = (all.join(name), all.join(name).join("installed.txt"));
    let lock = File::create(all.join(format!("{name}.lock"))).expect("the directory is ours");
    lock.lock().expect("locked");
    let python = folder.join("bin/python");
    // Written last: without it the environment is half made, or of other packages.
    if fs::read_to_string(&list).is_ok_and(|installed| installed == requirements) {
        return python;
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("removed");
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    let wanted = folder.join("wanted.txt");
    fs::write(&wanted, requirements).expect("written");
    let mut pip = Command::new(&python);
    pip.args(["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    run(pip.args(["--require-hashes", "--only-binary", ":all:", "-r"]).arg(&wanted));
    fs::rename(&wanted, &list).expect("renamed");
    python
}

fn run(command: &mut Command) {
    let ran = command.stdin(Stdio::null()).output().expect("Python 3.10 or newer is on PATH");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?} failed\n{said}");
}

/// Starts a server on a free port and waits until `ready` is answered with 200. Its endpoint comes back with it.
pub(crate) fn started(
    name: &str,
    ready: &str,
    command: impl Fn(u16) -> Command,
) -> (Child, String) {
    let mut tries = 0;
    loop {
        tries += 1;
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("bound").port();
        drop(free);
        let mut log = tempfile::tempfile().expect("a file");
        let output = || log.try_clone().expect("a second handle");
        let mut command = command(port);
        command.stdin(Stdio::null()).stdout(output()).stderr(output());
        let mut child = command.spawn().expect("started");
        let endpoint = format!("http://127.0.0.1:{port}");
        let began = Instant::now();
        while child.try_wait().expect("waited").is_none() {
            // Asked again whether it runs: what answered may have been another that took the port first.
            let is_up = matches!(ask(&endpoint, "GET", ready, ""), Ok((200, _)));
            if is_up && child.try_wait().expect("waited").is_none() {
                return (child, endpoint);
            }
            assert!(began.elapsed() < Duration::from_mins(2), "{name} does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut said = String::new();
        log.rewind().and_then(|()| log.read_to_string(&mut said)).expect("read");
        assert!(said.contains("in use") && tries < 4, "{name} ended while it was starting\n{said}");
    }
}

/// Status and body of one request, without a connection that stays.
pub(super) fn ask(
    endpoint: &str,
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<(u16, String)> {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or(io::ErrorKind::InvalidData)?, body.to_owned()))
}

/// A directory beside this program's executable, in the target directory.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let executable = std::env::current_exe().expect("this program has a path");
    let target = executable.ancestors().nth(3).expect("target/debug/deps/NAME");
    let folder = target.join("tmp").join(name);
    fs::create_dir_all(&folder).expect("the target directory is ours");
    folder
}
