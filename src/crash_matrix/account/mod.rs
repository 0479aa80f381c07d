//! Everything in an account of the lab that a playbook could touch, read on its own: none of the
//! code that runs and releases playbooks is in it. Owns what is read, and how two accounts differ.

mod ec2;
mod iam;
mod names;

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_ec2::error::{DisplayErrorContext, SdkError};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{LabError, front};

pub use names::named;

/// Reads one account. Keeps its clients: making them takes longer than a call.
#[derive(Clone, Debug)]
pub struct Reader {
    account: String,
    ec2: aws_sdk_ec2::Client,
    iam: aws_sdk_iam::Client,
}

impl Reader {
    /// Of the account of `config`'s credentials.
    ///
    /// # Errors
    /// [`LabError::NotLoopback`].
    pub fn of(config: &SdkConfig, account: &str) -> Result<Self, LabError> {
        front::check_loopback(config.endpoint_url().unwrap_or("the endpoint of AWS"))?;
        let (ec2, iam) = (aws_sdk_ec2::Client::new(config), aws_sdk_iam::Client::new(config));
        Ok(Self { account: account.to_owned(), ec2, iam })
    }

    /// The account, canonical: two reads are equal exactly when nothing of it has changed. Ids are
    /// keys; no times, no list whose order means something.
    ///
    /// # Errors
    /// [`LabError::Unreadable`] when a call fails.
    pub async fn read(&self) -> Result<Value, LabError> {
        let (ec2, iam) = tokio::join!(ec2::read(&self.ec2, &self.account), iam::read(&self.iam));
        let failed = |why| LabError::Unreadable { account: self.account.clone(), why };
        Ok(canonical(json!({ "ec2": ec2.map_err(failed)?, "iam": iam.map_err(failed)? })))
    }

    /// Gives a user of the lab a password again, as its owner would after a release that cannot.
    ///
    /// # Errors
    /// [`LabError::Unreadable`] when the call fails.
    pub async fn give_password(&self, user: &str, reset: bool) -> Result<(), LabError> {
        let call = self.iam.create_login_profile().user_name(user);
        let call = call.password("Lab-only-1-not-a-secret").password_reset_required(reset);
        let failed = |e| LabError::Unreadable { account: self.account.clone(), why: why(e) };
        call.send().await.map(drop).map_err(failed)
    }
}

/// One place where two accounts differ; absent on one side is `null` there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    pub path: String,
    pub wanted: Value,
    pub found: Value,
}

/// Where `found` is not as `wanted`, by path.
pub fn differences(wanted: &Value, found: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    compare("", wanted, found, &mut all);
    all
}

fn compare(path: &str, wanted: &Value, found: &Value, all: &mut Vec<Difference>) {
    if let (Value::Object(was), Value::Object(is)) = (wanted, found) {
        for key in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
            let path = if path.is_empty() { key.clone() } else { format!("{path} > {key}") };
            let side = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
            compare(&path, &side(was), &side(is), all);
        }
    } else if wanted != found {
        let (wanted, found) = (wanted.clone(), found.clone());
        all.push(Difference { path: path.into(), wanted, found });
    }
}

/// Lists and keys sorted, so that their order never counts.
pub(super) fn canonical(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(canonical).collect();
            items.sort_by_key(ToString::to_string);
            items.into()
        }
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.into_iter().map(|(k, v)| (k, canonical(v))).collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(pairs.into_iter().collect())
        }
        other => other,
    }
}

/// Why a call failed, with the cause that the SDK hides in its chain.
fn why<E, R>(error: SdkError<E, R>) -> String
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug,
{
    DisplayErrorContext(&error).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_by_path() {
        let was = json!({ "a": { "x": 1, "gone": [1] }, "same": true });
        let is = json!({ "a": { "x": 2, "new": {} }, "same": true });
        let told = differences(&was, &is);
        let paths: Vec<_> = told.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["a > gone", "a > new", "a > x"]);
        assert_eq!((&told[0].found, &told[1].wanted), (&Value::Null, &Value::Null));
        assert!(differences(&was, &was).is_empty());
    }

    #[test]
    fn the_order_of_lists_never_counts() {
        assert_eq!(canonical(json!({ "b": [2, 1], "a": 0 })), json!({ "a": 0, "b": [1, 2] }));
    }
}
