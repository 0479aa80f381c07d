//! Which calls are data events, which only read, and what CloudTrail calls a service.

/// Calls that CloudTrail does not keep as management events.
pub(crate) fn is_data(service: &str, operation: &str) -> bool {
    let names: &[&str] = match service {
        "s3" => return !is_of_bucket(operation),
        "ebs" | "kinesisvideo" | "execute-api" | "cloudtrail-data" => return true,
        "dynamodb" => &[
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "DeleteItem",
            "ExecuteStatement",
            "ExecuteTransaction",
            "GetItem",
            "GetRecords",
            "GetShardIterator",
            "PutItem",
            "Query",
            "Scan",
            "TransactGetItems",
            "TransactWriteItems",
            "UpdateItem",
        ],
        "sqs" => &[
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
            "DeleteMessage",
            "DeleteMessageBatch",
            "ReceiveMessage",
            "SendMessage",
            "SendMessageBatch",
        ],
        "sns" => &["Publish", "PublishBatch"],
        "lambda" => &["Invoke", "InvokeAsync", "InvokeWithResponseStream"],
        "kinesis" => {
            &["GetRecords", "GetShardIterator", "PutRecord", "PutRecords", "SubscribeToShard"]
        }
        "firehose" => &["PutRecord", "PutRecordBatch"],
        "logs" => &["PutLogEvents", "GetLogEvents", "FilterLogEvents"],
        "events" => &["PutEvents"],
        "monitoring" => &[
            "GetMetricData",
            "GetMetricStatistics",
            "GetMetricWidgetImage",
            "ListMetrics",
            "PutMetricData",
        ],
        "ssmmessages" | "ec2messages" => return true,
        _ => &[],
    };
    names.contains(&operation)
}

/// S3 calls that are management events: of buckets, not of what is in them.
fn is_of_bucket(operation: &str) -> bool {
    let listing = [
        "ListObjects",
        "ListObjectsV2",
        "ListObjectVersions",
        "ListMultipartUploads",
        "DeleteObjects",
    ];
    let of_bucket = operation.contains("Bucket") || operation.contains("PublicAccessBlock");
    !listing.contains(&operation) && (of_bucket || operation.contains("ObjectLockConfiguration"))
}

/// CloudTrail's `readOnly`.
pub(crate) fn is_read_only(service: &str, operation: &str) -> bool {
    match service {
        "sts" => true,
        "kms"
            if ["Decrypt", "Encrypt", "GenerateDataKey", "Sign", "Verify", "ReEncrypt"]
                .iter()
                .any(|name| operation.starts_with(name)) =>
        {
            true
        }
        "iam" if operation.starts_with("Generate") => true,
        _ => {
            const VERBS: &[&str] = &[
                "BatchGet", "Check", "Describe", "Estimate", "Filter", "Get", "Head", "List",
                "Lookup", "Preview", "Search", "Select", "Simulate", "Validate", "View",
            ];
            VERBS.iter().any(|verb| operation.starts_with(verb))
        }
    }
}

/// `ec2.amazonaws.com`.
pub(super) fn source(service: &str) -> String {
    let name = match service {
        "elasticmapreduce" => "elasticmapreduce",
        "s3-outposts" => "s3",
        other => other,
    };
    format!("{name}.amazonaws.com")
}

/// The name in the record: some differ from the API's.
pub(super) fn event_name<'a>(service: &str, operation: &'a str) -> std::borrow::Cow<'a, str> {
    match service {
        // CloudTrail keeps S3's older names, and states which thing an access block belongs to.
        "s3" if operation.ends_with("AccountPublicAccessBlock") => operation.into(),
        "s3" if operation.ends_with("PublicAccessBlock") => {
            operation.replace("PublicAccessBlock", "BucketPublicAccessBlock").into()
        }
        "s3" => operation
            .strip_suffix("Configuration")
            .filter(|name| name.contains("Lifecycle") || name.contains("Notification"))
            .unwrap_or(operation)
            .into(),
        // Lambda's names carry the API's date, and a version where the first one was replaced.
        "lambda" => match operation {
            "UpdateFunctionCode"
            | "UpdateFunctionConfiguration"
            | "AddPermission"
            | "RemovePermission"
            | "GetFunction"
            | "GetPolicy" => format!("{operation}20150331v2").into(),
            "CreateFunction" | "DeleteFunction" | "ListFunctions" | "CreateEventSourceMapping" => {
                format!("{operation}20150331").into()
            }
            other => other.into(),
        },
        _ => operation.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_events_are_told_from_management_events() {
        for (service, operation) in [
            ("s3", "GetObject"),
            ("s3", "ListObjectsV2"),
            ("dynamodb", "PutItem"),
            ("sqs", "SendMessage"),
        ] {
            assert!(is_data(service, operation), "{service}:{operation}");
        }
        for (service, operation) in [
            ("s3", "PutBucketPolicy"),
            ("s3", "DeletePublicAccessBlock"),
            ("s3", "ListBuckets"),
            ("dynamodb", "DeleteTable"),
            ("ec2", "DescribeInstances"),
        ] {
            assert!(!is_data(service, operation), "{service}:{operation}");
        }
    }

    #[test]
    fn reads_are_told_from_changes() {
        for name in ["DescribeInstances", "GetUser", "ListBuckets", "LookupEvents"] {
            assert!(is_read_only("x", name), "{name}");
        }
        for name in ["StopInstances", "CreateUser", "PutBucketPolicy", "GenerateThing"] {
            assert!(!is_read_only("x", name), "{name}");
        }
        assert!(is_read_only("sts", "AssumeRole"));
        assert_eq!(event_name("s3", "PutPublicAccessBlock"), "PutBucketPublicAccessBlock");
        assert_eq!(event_name("s3", "PutBucketLifecycleConfiguration"), "PutBucketLifecycle");
    }
}
