//! The control pages of a running front, as a client. Owns the requests; what they mean is the
//! front's.

use serde::Deserialize;
use serde_json::Value;

use super::front::{self, faults::Rule};
use super::{LabError, http};

/// A front that answered as one.
#[derive(Clone, Debug)]
pub struct Control {
    /// Without a trailing slash.
    pub endpoint: String,
    /// Where the front passes calls to.
    pub upstream: String,
}

/// What a rule in force has done so far.
#[derive(Debug, Default, Deserialize)]
pub struct Told {
    pub rule: Doing,
    /// The calls that it hit, oldest first.
    pub fired: Vec<Hit>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Doing {
    /// Calls that it is holding: before their effect or after it, depending on the rule.
    pub holding: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Hit {
    /// Signing name.
    pub service: String,
    pub operation: String,
}

impl Control {
    /// # Errors
    /// [`LabError::NotLoopback`] before anything is sent, [`LabError::NoFront`] when something else answers.
    pub async fn of(endpoint: &str) -> Result<Self, LabError> {
        let endpoint = front::check_loopback(endpoint)?;
        let no_front = || LabError::NoFront { url: endpoint.clone() };
        let (status, text) = http::send(&endpoint, "/_backburn/status", None, &[]).await?;
        let told: Value = serde_json::from_str(&text).map_err(|_| no_front())?;
        let upstream = told["upstream"].as_str().filter(|_| status == 200).ok_or_else(no_front)?;
        let upstream = front::check_loopback(upstream)?;
        Ok(Self { endpoint, upstream })
    }

    /// Puts a rule in force; returns its id.
    ///
    /// # Errors
    /// The front has gone, or refuses the rule.
    pub async fn arm(&self, rule: &Rule) -> Result<String, LabError> {
        let body = serde_json::to_string(rule).map_err(|e| self.bad(e))?;
        let (status, text) =
            http::send(&self.endpoint, "/_backburn/faults", Some(&body), &[]).await?;
        let told: Value = serde_json::from_str(&text).map_err(|e| self.bad(e))?;
        let id = told["id"].as_str().filter(|_| status == 201);
        id.map(str::to_owned).ok_or_else(|| self.bad(&text))
    }

    /// # Errors
    /// The front has gone, or knows no such rule.
    pub async fn look(&self, rule: &str) -> Result<Told, LabError> {
        let path = format!("/_backburn/faults/{rule}");
        let (_, text) = http::send(&self.endpoint, &path, None, &[]).await?;
        serde_json::from_str(&text).map_err(|_| self.bad(&text))
    }

    /// Disables a rule and releases the calls it held.
    ///
    /// # Errors
    /// The front has gone.
    pub async fn remove(&self, rule: &str) -> Result<(), LabError> {
        http::delete(&self.endpoint, &format!("/_backburn/faults/{rule}")).await.map(drop)
    }

    fn bad(&self, why: impl ToString) -> LabError {
        LabError::NoAnswer { url: self.endpoint.clone(), why: why.to_string() }
    }
}
