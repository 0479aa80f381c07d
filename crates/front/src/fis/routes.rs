//! Paths of the FIS API: <https://docs.aws.amazon.com/fis/latest/APIReference/API_Operations.html>.

use crate::wire::Route;

pub(super) const ROUTES: &[Route] = &[
    Route::new("POST", "/experimentTemplates", "CreateExperimentTemplate"),
    Route::new("GET", "/experimentTemplates", "ListExperimentTemplates"),
    Route::new("GET", "/experimentTemplates/{id}", "GetExperimentTemplate"),
    Route::new("PATCH", "/experimentTemplates/{id}", "UpdateExperimentTemplate"),
    Route::new("DELETE", "/experimentTemplates/{id}", "DeleteExperimentTemplate"),
    Route::new(
        "GET",
        "/experimentTemplates/{id}/targetAccountConfigurations",
        "ListTargetAccountConfigurations",
    ),
    Route::new(
        "POST",
        "/experimentTemplates/{id}/targetAccountConfigurations/{accountId}",
        "CreateTargetAccountConfiguration",
    ),
    Route::new(
        "GET",
        "/experimentTemplates/{id}/targetAccountConfigurations/{accountId}",
        "GetTargetAccountConfiguration",
    ),
    Route::new(
        "PATCH",
        "/experimentTemplates/{id}/targetAccountConfigurations/{accountId}",
        "UpdateTargetAccountConfiguration",
    ),
    Route::new(
        "DELETE",
        "/experimentTemplates/{id}/targetAccountConfigurations/{accountId}",
        "DeleteTargetAccountConfiguration",
    ),
    Route::new("POST", "/experiments", "StartExperiment"),
    Route::new("GET", "/experiments", "ListExperiments"),
    Route::new("GET", "/experiments/{id}", "GetExperiment"),
    Route::new("DELETE", "/experiments/{id}", "StopExperiment"),
    Route::new("GET", "/experiments/{id}/resolvedTargets", "ListExperimentResolvedTargets"),
    Route::new(
        "GET",
        "/experiments/{id}/targetAccountConfigurations",
        "ListExperimentTargetAccountConfigurations",
    ),
    Route::new(
        "GET",
        "/experiments/{id}/targetAccountConfigurations/{accountId}",
        "GetExperimentTargetAccountConfiguration",
    ),
    Route::new("GET", "/actions", "ListActions"),
    Route::new("GET", "/actions/{id}", "GetAction"),
    Route::new("GET", "/targetResourceTypes", "ListTargetResourceTypes"),
    Route::new("GET", "/targetResourceTypes/{resourceType}", "GetTargetResourceType"),
    Route::new("GET", "/safetyLevers/{id}", "GetSafetyLever"),
    Route::new("PATCH", "/safetyLevers/{id}/state", "UpdateSafetyLeverState"),
    Route::new("GET", "/tags/{resourceArn+}", "ListTagsForResource"),
    Route::new("POST", "/tags/{resourceArn+}", "TagResource"),
    Route::new("DELETE", "/tags/{resourceArn+}", "UntagResource"),
];

pub(super) const OPERATIONS: &[&str] = &[
    "CreateExperimentTemplate",
    "CreateTargetAccountConfiguration",
    "DeleteExperimentTemplate",
    "DeleteTargetAccountConfiguration",
    "GetAction",
    "GetExperiment",
    "GetExperimentTargetAccountConfiguration",
    "GetExperimentTemplate",
    "GetSafetyLever",
    "GetTargetAccountConfiguration",
    "GetTargetResourceType",
    "ListActions",
    "ListExperimentResolvedTargets",
    "ListExperimentTargetAccountConfigurations",
    "ListExperimentTemplates",
    "ListExperiments",
    "ListTagsForResource",
    "ListTargetAccountConfigurations",
    "ListTargetResourceTypes",
    "StartExperiment",
    "StopExperiment",
    "TagResource",
    "UntagResource",
    "UpdateExperimentTemplate",
    "UpdateSafetyLeverState",
    "UpdateTargetAccountConfiguration",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_one_route() {
        let mut routed: Vec<&str> = ROUTES.iter().map(|route| route.operation).collect();
        routed.sort_unstable();
        assert_eq!(routed, OPERATIONS);
    }
}
