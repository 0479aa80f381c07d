//! Management operations of REST services that no stand-in has a table of, so that their calls can be recorded.

use hyper::{HeaderMap, Method};

use super::Route;

/// <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>
const LAMBDA: &[Route] = &[
    Route::new("POST", "/2015-03-31/functions", "CreateFunction"),
    Route::new("GET", "/2015-03-31/functions", "ListFunctions"),
    Route::new("GET", "/2015-03-31/functions/{functionName}", "GetFunction"),
    Route::new("DELETE", "/2015-03-31/functions/{functionName}", "DeleteFunction"),
    Route::new("PUT", "/2015-03-31/functions/{functionName}/code", "UpdateFunctionCode"),
    Route::new(
        "GET",
        "/2015-03-31/functions/{functionName}/configuration",
        "GetFunctionConfiguration",
    ),
    Route::new(
        "PUT",
        "/2015-03-31/functions/{functionName}/configuration",
        "UpdateFunctionConfiguration",
    ),
    Route::new("POST", "/2015-03-31/functions/{functionName}/invocations", "Invoke"),
    Route::new("POST", "/2015-03-31/functions/{functionName}/policy", "AddPermission"),
    Route::new("GET", "/2015-03-31/functions/{functionName}/policy", "GetPolicy"),
    Route::new(
        "DELETE",
        "/2015-03-31/functions/{functionName}/policy/{statementId}",
        "RemovePermission",
    ),
    Route::new("PUT", "/2017-10-31/functions/{functionName}/concurrency", "PutFunctionConcurrency"),
    Route::new("POST", "/2015-03-31/event-source-mappings", "CreateEventSourceMapping"),
    Route::new("POST", "/2021-10-31/functions/{functionName}/url", "CreateFunctionUrlConfig"),
];

pub(super) fn routes(service: &str) -> &'static [Route] {
    match service {
        "lambda" => LAMBDA,
        _ => &[],
    }
}

/// Operations of S3 Control, which is signed as `s3` but has paths of its own.
pub(super) fn s3_control(method: &Method, path: &str, headers: &HeaderMap) -> Option<String> {
    headers.get("x-amz-account-id")?;
    let rest = path.strip_prefix("/v20180820/")?;
    let verb = match method.as_str() {
        "PUT" | "POST" => "Put",
        "DELETE" => "Delete",
        _ => "Get",
    };
    Some(match rest {
        "configuration/publicAccessBlock" => format!("{verb}AccountPublicAccessBlock"),
        _ if rest.starts_with("accesspoint/") && rest.ends_with("/policy") => {
            format!("{verb}AccessPointPolicyBucket")
        }
        _ => return None,
    })
}
