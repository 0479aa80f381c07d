//! GuardDuty: detectors, filters, sample findings, and findings of a few rules over the calls that CloudTrail
//! recorded. No threat intelligence, no flow or DNS logs, no malware scan.

mod bad;
mod criteria;
mod detector;
mod filter;
mod finding;
mod findings;
mod page;
mod raise;
mod rules;
mod sample;
mod statistics;
mod tags;
#[cfg(test)]
mod tests;

use super::{Answer, Call, Front, Route, StandIn};

/// Stand-in for GuardDuty.
pub(crate) struct GuardDuty;

const ROUTES: &[Route] = &[
    Route::new("POST", "/detector", "CreateDetector"),
    Route::new("GET", "/detector", "ListDetectors"),
    Route::new("GET", "/detector/{detectorId}", "GetDetector"),
    Route::new("POST", "/detector/{detectorId}", "UpdateDetector"),
    Route::new("DELETE", "/detector/{detectorId}", "DeleteDetector"),
    Route::new("POST", "/detector/{detectorId}/findings/create", "CreateSampleFindings"),
    Route::new("POST", "/detector/{detectorId}/findings", "ListFindings"),
    Route::new("POST", "/detector/{detectorId}/findings/get", "GetFindings"),
    Route::new("POST", "/detector/{detectorId}/findings/archive", "ArchiveFindings"),
    Route::new("POST", "/detector/{detectorId}/findings/unarchive", "UnarchiveFindings"),
    Route::new("POST", "/detector/{detectorId}/findings/feedback", "UpdateFindingsFeedback"),
    Route::new("POST", "/detector/{detectorId}/findings/statistics", "GetFindingsStatistics"),
    Route::new("POST", "/detector/{detectorId}/filter", "CreateFilter"),
    Route::new("GET", "/detector/{detectorId}/filter", "ListFilters"),
    Route::new("GET", "/detector/{detectorId}/filter/{filterName}", "GetFilter"),
    Route::new("POST", "/detector/{detectorId}/filter/{filterName}", "UpdateFilter"),
    Route::new("DELETE", "/detector/{detectorId}/filter/{filterName}", "DeleteFilter"),
    Route::new("POST", "/tags/{resourceArn+}", "TagResource"),
    Route::new("DELETE", "/tags/{resourceArn+}", "UntagResource"),
    Route::new("GET", "/tags/{resourceArn+}", "ListTagsForResource"),
];

const OPERATIONS: &[&str] = &[
    "CreateDetector",
    "ListDetectors",
    "GetDetector",
    "UpdateDetector",
    "DeleteDetector",
    "CreateSampleFindings",
    "ListFindings",
    "GetFindings",
    "ArchiveFindings",
    "UnarchiveFindings",
    "UpdateFindingsFeedback",
    "GetFindingsStatistics",
    "CreateFilter",
    "ListFilters",
    "GetFilter",
    "UpdateFilter",
    "DeleteFilter",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
];

impl StandIn for GuardDuty {
    fn service(&self) -> &'static str {
        "guardduty"
    }

    fn operations(&self) -> &'static [&'static str] {
        OPERATIONS
    }

    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn stands_in_for(&self) -> &'static [&'static str] {
        &[
            "GuardDuty findings come from a few plain rules of the lab over the recorded calls (a disabled key used, a key used from two addresses, many snapshots shared, a trail stopped, a bucket made public) and are marked `backburn lab rule`; AWS's own models find more or less than these rules, and later",
            "GuardDuty publishes a new finding at once, where AWS takes minutes; repeats wait for the publishing frequency, shortened by the lab's clock",
            "sample findings prove the way of a finding only, as on AWS; members, publishing destinations, threat lists and malware scans are missing",
        ]
    }

    async fn answer(&self, call: &Call, front: &Front) -> Option<Answer> {
        let result = match call.operation.as_str() {
            "CreateDetector" => detector::create(call, front),
            "ListDetectors" => Ok(detector::list(call, front)),
            "GetDetector" => detector::get(call, front),
            "UpdateDetector" => detector::update(call, front),
            "DeleteDetector" => detector::delete(call, front),
            "CreateSampleFindings" => sample::create(call, front),
            "ListFindings" => findings::list(call, front),
            "GetFindings" => findings::get(call, front),
            "ArchiveFindings" => findings::archive(call, front, true),
            "UnarchiveFindings" => findings::archive(call, front, false),
            "UpdateFindingsFeedback" => findings::feedback(call, front),
            "GetFindingsStatistics" => statistics::get(call, front),
            "CreateFilter" => filter::create(call, front),
            "ListFilters" => filter::list(call, front),
            "GetFilter" => filter::get(call, front),
            "UpdateFilter" => filter::update(call, front),
            "DeleteFilter" => filter::delete(call, front),
            "TagResource" => tags::add(call, front),
            "UntagResource" => tags::remove(call, front),
            "ListTagsForResource" => tags::list(call, front),
            _ => return None,
        };
        if !call.operation.starts_with("Get") && !call.operation.starts_with("List") {
            front.store().save().await;
        }
        Some(match (call.operation.as_str(), result) {
            ("TagResource" | "UntagResource", Ok(value)) => Answer::with_status(204, value),
            (_, result) => result.into(),
        })
    }

    async fn begin(&self, front: &Front) -> Vec<String> {
        front.spawn(raise::watch(front.clone()));
        front.spawn(raise::sweep(front.clone()));
        Vec::new()
    }
}
