//! Credentials that expire in the middle of a run, with the real binary: each source that can renew them. Owns
//! how they are rotated, and the portal of an SSO session.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::aws_faults::{arm, failing, is_failure, meanwhile};
use crate::binary::{Desk, wait_for};
use crate::support;

/// How AWS refuses a key: its code, status and words.
type Refusal = (&'static str, u16, &'static str);

const EXPIRED: Refusal = ("ExpiredToken", 400, "The security token is expired");
const UNKNOWN: Refusal = ("InvalidClientTokenId", 403, "The security token is invalid");
/// The same in EC2's words.
const INVALID: Refusal = ("AuthFailure", 401, "AWS was not able to validate the credentials");

/// Runs a playbook under the profile `night`, whose text is `profile`. While it waits, the key that it
/// has signed with until then, the account's own, is refused from then on and `rotate` is given another
/// one of the same account. The run notices nothing.
fn outlives(
    desk: &Desk,
    instance: &str,
    profile: &str,
    refusal: Refusal,
    edit: impl FnOnce(&mut Command),
    rotate: impl FnOnce(&str),
) {
    let next = another_key(desk);
    let config = desk.path("aws-config");
    std::fs::write(&config, format!("[profile night]\nregion = us-east-1\n{profile}"))
        .expect("written");
    let ended = meanwhile(
        desk,
        instance,
        |command| {
            command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
            command.env("AWS_CONFIG_FILE", &config).env("AWS_PROFILE", "night");
            edit(command);
        },
        || {
            let (code, status, message) = refusal;
            let mut rule = failing("*", code, status, message);
            rule["service"] = json!("*");
            rule["access-key"] = json!(desk.account);
            arm(desk, &rule);
            rotate(&next);
        },
    );
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    assert!(!desk.records().iter().any(is_failure), "{code}", code = refusal.0);
}

fn another_key(desk: &Desk) -> String {
    let config = support::lab().lab.sdk_config(&desk.account);
    wait_for(async {
        let iam = aws_sdk_iam::Client::new(&config);
        iam.create_user().user_name("responder").send().await.expect("a user");
        let all = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "*", "Resource": "*" }] });
        let put = iam.put_user_policy().user_name("responder").policy_name("all");
        put.policy_document(all.to_string()).send().await.expect("a policy");
        let made = iam.create_access_key().user_name("responder").send().await.expect("a key");
        made.access_key.expect("a key").access_key_id
    })
}

#[test]
fn credentials_that_end_in_mid_run_are_asked_for_again() {
    let (desk, seed) = Desk::seeded();
    let keys = desk.path("keys.json");
    let hand_out = |id: &str| {
        let text = json!({ "Version": 1, "AccessKeyId": id, "SecretAccessKey": "test" });
        std::fs::write(&keys, text.to_string()).expect("written");
    };
    hand_out(&desk.account);
    let process = format!("credential_process = cat {}\n", keys.display());
    outlives(&desk, &seed.instance, &process, EXPIRED, |_| {}, hand_out);
}

#[test]
fn a_key_that_is_rotated_in_the_credentials_file_is_read_again() {
    for refusal in [UNKNOWN, INVALID] {
        let (desk, seed) = Desk::seeded();
        let file = desk.path("aws-credentials");
        let put = |id: &str| {
            let text = format!("[night]\naws_access_key_id = {id}\naws_secret_access_key = test\n");
            std::fs::write(&file, text).expect("written");
        };
        put(&desk.account);
        let with_file = |command: &mut Command| {
            command.env("AWS_SHARED_CREDENTIALS_FILE", &file);
        };
        outlives(&desk, &seed.instance, "", refusal, with_file, put);
    }
}

/// The session ends at the portal too, and somebody signs in again: another access token in the cached
/// file, for which the portal gives other keys.
#[test]
fn a_session_of_sso_that_is_signed_in_anew_is_taken_up() {
    let (desk, seed) = Desk::seeded();
    let portal = Portal::start();
    let sign_in = |token: &str, id: &str| {
        portal.knows(token, id);
        cache_token(desk.dir.path(), token);
    };
    sign_in("first", &desk.account);
    let profile = format!(
        "sso_session = night\nsso_account_id = {}\nsso_role_name = responder\n\
         [sso-session night]\nsso_region = us-east-1\nsso_start_url = https://example.com/start\n",
        desk.account
    );
    let at_portal = |command: &mut Command| {
        command.env("AWS_ENDPOINT_URL_SSO", &portal.endpoint);
    };
    outlives(&desk, &seed.instance, &profile, EXPIRED, at_portal, |next| sign_in("second", next));
    let asked = portal.asked();
    assert_eq!(asked.first().map(String::as_str), Some("first"));
    assert_eq!(asked.last().map(String::as_str), Some("second"));
}

/// As `aws sso login` leaves it. A file is named by the SHA-1 of its session's name, which is `night`.
fn cache_token(home: &Path, token: &str) {
    let folder = home.join(".aws/sso/cache");
    std::fs::create_dir_all(&folder).expect("made");
    let text = json!({
        "accessToken": token, "expiresAt": "2999-01-01T00:00:00Z", "region": "us-east-1",
        "startUrl": "https://example.com/start",
    });
    let file = folder.join("1be2a44cb53dde903be8466c08dee9067da8ede3.json");
    std::fs::write(file, text.to_string()).expect("written");
}

/// The one call of SSO's portal: `GetRoleCredentials`.
struct Portal {
    endpoint: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The access token that is good, and the access key that it gets.
    good: (String, String),
    /// Access tokens that were shown, in order.
    asked: Vec<String>,
}

impl Portal {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        // Ends with the test process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                answer(stream, &shared);
            }
        });
        Self { endpoint: format!("http://{address}"), state }
    }

    fn knows(&self, token: &str, id: &str) {
        self.state.lock().expect("whole").good = (token.into(), id.into());
    }

    fn asked(&self) -> Vec<String> {
        self.state.lock().expect("whole").asked.clone()
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) {
    let lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
    let head: Vec<_> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let tokens = head.iter().filter_map(|line| line.split_once(": "));
    let mut tokens = tokens.filter(|(name, _)| name.eq_ignore_ascii_case("x-amz-sso_bearer_token"));
    let token = tokens.next().map(|(_, token)| token.to_owned()).unwrap_or_default();
    let mut state = state.lock().expect("whole");
    let (status, body) = if token == state.good.0 {
        let keys = json!({
            "accessKeyId": state.good.1, "secretAccessKey": "test", "sessionToken": token,
            "expiration": 32_472_144_000_000_u64,
        });
        ("200 OK", json!({ "roleCredentials": keys }))
    } else {
        let why = "Session token not found or invalid";
        ("401 Unauthorized", json!({ "__type": "UnauthorizedException", "message": why }))
    };
    state.asked.push(token);
    let body = body.to_string();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n");
    // Whoever has gone away needs no answer.
    let _ = write!(stream, "{head}connection: close\r\ncontent-length: {length}\r\n\r\n{body}");
}
