//! What answers at an endpoint: whether it is the front of a lab, before what, and what stands in there. Asks only.

use serde_json::Value;

use super::http;

/// A lab, as its front describes itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Behind {
    /// What answers behind the front, with its version, or its address where the lab did not start it.
    pub upstream: String,
    /// How many times faster than AWS its waits are.
    pub clock: f64,
    /// Services that the front stands in for, by signing name, sorted.
    pub stand_ins: Vec<String>,
}

/// The lab whose front answers at `endpoint`; none for AWS, for other machines and for endpoints without a front.
pub async fn behind(endpoint: &str) -> Option<Behind> {
    let endpoint = endpoint.trim_end_matches('/');
    let (200, text) = http::send(endpoint, "/_backburn/status", None, &[]).await.ok()? else {
        return None;
    };
    let told: Value = serde_json::from_str(&text).ok()?;
    let mut stand_ins: Vec<_> = told["standIns"].as_object()?.keys().cloned().collect();
    stand_ins.sort();
    let upstream = told["name"].as_str().or_else(|| told["upstream"].as_str())?;
    Some(Behind { upstream: upstream.to_owned(), clock: told["clock"].as_f64()?, stand_ins })
}
