//! Management operations of REST services that no stand-in has a table of: so that their calls can be recorded, and
//! fault rules can name them.

use std::collections::HashMap;
use std::sync::LazyLock;

use hyper::{HeaderMap, Method};

use super::Route;

/// `SERVICE METHOD PATH OPERATION`, a line each, as AWS's own models have them; `tests/rest_operations.py`
/// prints it.
const OPERATIONS: &str = include_str!("operations.txt");

pub(super) fn routes(service: &str) -> &'static [Route] {
    static TABLES: LazyLock<HashMap<&str, Vec<Route>>> = LazyLock::new(|| {
        let mut tables: HashMap<&str, Vec<Route>> = HashMap::new();
        for line in OPERATIONS.lines() {
            let mut words = line.split(' ');
            if let (Some(service), Some(method), Some(path), Some(operation)) =
                (words.next(), words.next(), words.next(), words.next())
            {
                tables.entry(service).or_default().push(Route::new(method, path, operation));
            }
        }
        tables
    });
    TABLES.get(service).map_or(&[], Vec::as_slice)
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

#[cfg(test)]
mod tests {
    use super::super::route::find;
    use super::*;

    #[test]
    fn operations_are_found() {
        let cases = [
            ("lambda", "POST", "/2015-03-31/functions", "", "CreateFunction"),
            ("lambda", "GET", "/2015-03-31/functions/", "", "ListFunctions"),
            ("lambda", "POST", "/2015-03-31/functions/f/policy", "", "AddPermission"),
            ("eks", "POST", "/clusters", "", "CreateCluster"),
            ("eks", "DELETE", "/clusters/a/node-groups/b", "", "DeleteNodegroup"),
            ("route53", "POST", "/2013-04-01/hostedzone/Z1/rrset/", "", "ChangeResourceRecordSets"),
            ("apigateway", "POST", "/restapis", "", "CreateRestApi"),
            ("apigateway", "POST", "/restapis", "mode=import", "ImportRestApi"),
            ("apigateway", "GET", "/v2/apis/a/routes", "", "GetRoutes"),
            ("elasticfilesystem", "POST", "/2015-02-01/file-systems", "", "CreateFileSystem"),
            ("cloudfront", "POST", "/2020-05-31/tagging", "Operation=Tag", "TagResource"),
        ];
        for (service, method, path, query, wanted) in cases {
            let query = super::super::query::pairs(query);
            let method = method.parse().expect("a method");
            let found = find(routes(service), &method, path, &query);
            assert_eq!(found.map(|(name, _)| name), Some(wanted), "{service} {method} {path}");
        }
        assert!(routes("ec2").is_empty());
    }

    #[test]
    fn every_line_is_an_operation() {
        let lines: Vec<_> = OPERATIONS.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 1_000);
        assert!(lines.iter().all(|line| line.split(' ').count() == 4));
    }
}
