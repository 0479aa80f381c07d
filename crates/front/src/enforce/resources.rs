//! The policies of resources, as the upstream has them. Owns which resource has one, and how it is read.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>

use backburn_policy::{Policy, Request};
use hyper::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::account::{document, root};
use crate::kept::Kept;
use crate::standing::{blocks, is_public_group, is_public_policy};
use crate::wire::Xml;
use crate::{AwsError, Front, Scope, backup};

/// Services whose resources may have policies that are not read here.
const OTHERS: &[&str] = &[
    "acm-pca",
    "bedrock-agentcore",
    "codeartifact",
    "codebuild",
    "es",
    "glacier",
    "glue",
    "iot",
    "kinesis",
    "lex",
    "mediastore",
    "organizations",
    "rekognition",
    "schemas",
    "serverlessrepo",
    "ses",
    "signer",
    "ssm-contacts",
    "ssm-incidents",
    "vpc-lattice",
    "xray",
];
/// Services whose resources' policies are read.
const READ: &[&str] = &[
    "backup",
    "dynamodb",
    "ecr",
    "elasticfilesystem",
    "events",
    "kms",
    "lambda",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
];

/// Whether the policies of a service's resources are read.
pub(super) fn is_read(service: &str) -> bool {
    READ.contains(&service)
}

/// The policies that were read, by ARN; the ARNs behind names; and the buckets of each account.
#[derive(Default)]
pub(super) struct Resources {
    policies: Kept<Option<Policy>>,
    pub names: Kept<String>,
    buckets: Kept<Vec<String>>,
    of_buckets: Kept<Bucket>,
}

/// What a bucket says, and whether it is there at all.
#[derive(Clone)]
struct Bucket {
    policy: Option<Policy>,
    is_public: bool,
    is_there: bool,
}

/// What a resource says of itself.
pub(super) struct Side {
    pub policy: Option<Policy>,
    /// Whether it may have a policy that was not read.
    pub is_unseen: bool,
    pub owner: Option<String>,
    /// It is of another account than the caller's, of which one nobody knows.
    pub is_others: bool,
}

impl Resources {
    pub(super) fn clear(&self) {
        self.policies.clear();
        self.names.clear();
        self.buckets.clear();
        self.of_buckets.clear();
    }

    /// Forgets what a call of this service may have changed.
    pub(super) fn changed(&self, service: &str) {
        let of = |name: &str| name.split(':').nth(2) == Some(service);
        self.policies.forget_those(of);
        self.names.forget_those(of);
        if service == "s3" {
            self.buckets.clear();
            self.of_buckets.clear();
        }
    }

    /// `own` is the caller's account, whose a resource without an account in its ARN is taken for.
    pub(super) async fn of(&self, front: &Front, own: &str, action: &str, arn: &str) -> Side {
        let service = action.split(':').next().unwrap_or_default();
        let has_policy = OTHERS.contains(&service) || READ.contains(&service);
        let owner = Request::owner(arn).unwrap_or(own).to_owned();
        let none = |is_unseen| Side {
            policy: None,
            is_unseen,
            owner: Some(owner.clone()),
            is_others: false,
        };
        match (service, arn) {
            (_, "*") => none(false),
            (_, Request::SOME) => none(has_policy),
            // Only event data stores, channels and dashboards have one, and shared parameters and documents.
            ("cloudtrail", arn) => none(!arn.contains(":trail/")),
            ("ssm", arn) => none(!arn.contains(":instance/")),
            ("s3", arn) => self.bucket(front, own, arn).await,
            (service, arn) if READ.contains(&service) && has_one(service, arn) => {
                // An index is covered by the policy of its table.
                let arn = arn.split_once("/index/").map_or(arn, |(table, _)| table);
                let at = Scope::new(&owner, region(arn));
                let asked = policy(front, &at, service, arn);
                match self.policies.get(arn, asked).await {
                    Ok(policy) => Side { policy: (*policy).clone(), ..none(false) },
                    Err(_) => none(true),
                }
            }
            ("backup", arn) => none(is_point(arn)),
            // Its file system's policy, which its ARN does not tell.
            ("elasticfilesystem", arn) => none(arn.contains(":access-point/")),
            ("dynamodb", arn) if arn.contains("/stream/") => none(true),
            ("lambda", arn) if arn.contains(":layer:") => none(true),
            (service, _) => none(OTHERS.contains(&service)),
        }
    }

    /// Whether a bucket is an account's, by the ARN of the bucket or of an object in it.
    pub(super) async fn owns(&self, front: &Front, account: &str, arn: &str) -> bool {
        let name = arn.split_once(":s3:::").and_then(|(_, path)| path.split('/').next());
        let buckets = self.buckets.get(account, buckets(front, account)).await;
        buckets.is_ok_and(|all| all.iter().any(|bucket| Some(bucket.as_str()) == name))
    }

    async fn bucket(&self, front: &Front, own: &str, arn: &str) -> Side {
        let unknown = Side { policy: None, is_unseen: true, owner: None, is_others: false };
        // Access points and the like have policies of their own.
        let Some(path) = arn.split_once(":s3:::").map(|(_, path)| path) else { return unknown };
        let bucket = path.split('/').next().unwrap_or(path);
        let at = format!("{}{bucket}", &arn[..arn.len() - path.len()]);
        let buckets = self.buckets.get(own, buckets(front, own)).await;
        let is_others = buckets.as_ref().is_ok_and(|all| !all.iter().any(|name| name == bucket));
        let is_own = buckets.is_ok() && !is_others;
        let owner = is_own.then(|| own.to_owned());
        match self.of_buckets.get(&at, bucket_policy(front, own, bucket)).await {
            Ok(read) => {
                let Bucket { mut policy, is_public, is_there } = (*read).clone();
                let is_others = is_others && is_there;
                // "Restricts access ... to only AWS service principals and authorized users within this account if the bucket
                // has a public policy": https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html
                if is_public
                    && is_others
                    && blocks(&root(front, own), bucket, false).await.restricts
                {
                    policy = None;
                }
                Side { policy, is_unseen: false, owner, is_others }
            }
            Err(_) => Side { owner, ..unknown },
        }
    }
}

/// Whether what an ARN names has a policy: keys do, aliases do not.
fn has_one(service: &str, arn: &str) -> bool {
    match service {
        "backup" => arn.contains(":backup-vault:"),
        "elasticfilesystem" => arn.contains(":file-system/"),
        "kms" => arn.contains(":key/"),
        "lambda" => arn.contains(":function:"),
        "dynamodb" => arn.contains(":table/") && !arn.contains("/stream/"),
        "ecr" => arn.contains(":repository/"),
        "events" => arn.contains(":event-bus/"),
        _ => true,
    }
}

/// A recovery point has the ARN of a snapshot, an image or of AWS Backup's own.
fn is_point(arn: &str) -> bool {
    !arn.contains(":backup:") || arn.contains(":recovery-point:")
}

fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

async fn buckets(front: &Front, own: &str) -> Result<Vec<String>, String> {
    let session = root(front, own);
    let none = bytes::Bytes::new();
    let listed = session.bytes("s3", "ListBuckets", Method::GET, "/", &[], none).await;
    let listed = listed.map_err(|error| error.code)?;
    let xml = Xml::parse(&String::from_utf8_lossy(&listed)).ok_or("no XML")?;
    Ok(xml.all("Buckets/Bucket/Name").into_iter().map(|name| name.text.clone()).collect())
}

async fn bucket_policy(front: &Front, own: &str, bucket: &str) -> Result<Bucket, String> {
    let path = format!("/{}?policy", encoded(bucket));
    let none = bytes::Bytes::new();
    let read = root(front, own).bytes("s3", "GetBucketPolicy", Method::GET, &path, &[], none).await;
    let text = read.map(|body| Some(String::from_utf8_lossy(&body).into_owned()));
    let is_there = !text.as_ref().is_err_and(|error| error.is("NoSuchBucket"));
    let is_public = text.as_ref().is_ok_and(|text| text.as_deref().is_some_and(is_public_policy));
    let policy = found(text, &["NoSuchBucketPolicy", "NoSuchBucket"])?;
    Ok(Bucket { policy, is_public, is_there })
}

/// Whether access control lists give a bucket or an object to others than its owner, who then need no policy. What cannot
/// be read may.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>
pub(super) async fn is_shared_by_lists(front: &Front, own: &str, arn: &str) -> bool {
    let Some(path) = arn.split_once(":s3:::").map(|(_, path)| path) else { return true };
    let bucket = path.split('/').next().unwrap_or(path);
    let session = root(front, own);
    let mut ignores = None;
    for of in [bucket, path] {
        let path = format!("/{}?acl", encoded(of));
        let none = bytes::Bytes::new();
        let read = session.bytes("s3", "GetAcl", Method::GET, &path, &[], none).await;
        let list = match read {
            Ok(list) => list,
            Err(error) if error.status == 404 => continue,
            Err(_) => return true,
        };
        let Some(list) = Xml::parse(&String::from_utf8_lossy(&list)) else { return true };
        let owner = list.text("Owner/ID");
        let grants = list.all("AccessControlList/Grant/Grantee");
        let is_other = |grantee: &&&Xml| grantee.text("ID") != owner;
        let (public, others): (Vec<&Xml>, Vec<&Xml>) = grants
            .iter()
            .filter(is_other)
            .partition(|grantee| is_public_group(grantee.text("URI")));
        if !others.is_empty() {
            return true;
        }
        if !public.is_empty() && ignores.is_none() {
            ignores = Some(blocks(&session, bucket, true).await.ignores_acls);
        }
        if !public.is_empty() && ignores != Some(true) {
            return true;
        }
    }
    false
}

/// For a path, of which slashes are parts.
fn encoded(text: &str) -> String {
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
    utf8_percent_encode(text, KEPT).to_string()
}

/// Asked as the root user of the owner.
async fn policy(
    front: &Front,
    at: &Scope,
    service: &str,
    arn: &str,
) -> Result<Option<Policy>, String> {
    let session = front.as_service(at);
    let name = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let none = bytes::Bytes::new();
    let (read, gone): (Result<Option<String>, AwsError>, &[&str]) = match service {
        "backup" => {
            let vault = name.trim_start_matches("backup-vault:");
            (Ok(backup::vault_policy(front, at, vault)), &[])
        }
        "elasticfilesystem" => {
            let system = encoded(name.trim_start_matches("file-system/"));
            let path = format!("/2015-02-01/file-systems/{system}/policy");
            let asked = "DescribeFileSystemPolicy";
            let read = session.bytes(service, asked, Method::GET, &path, &[], none).await;
            let policy = |body: bytes::Bytes| {
                let told: Value = serde_json::from_slice(&body).ok()?;
                text(&told["Policy"])
            };
            (read.map(policy), &["PolicyNotFound", "FileSystemNotFound"])
        }
        "kms" => {
            let params = json!({ "KeyId": arn, "PolicyName": "default" });
            let read = session.json("kms", "TrentService.GetKeyPolicy", params).await;
            (read.map(|told| text(&told["Policy"])), &[])
        }
        "sqs" => {
            let url = format!("{}/{}/{name}", session.endpoint(), at.account);
            let params = json!({ "QueueUrl": url, "AttributeNames": ["Policy"] });
            let read = session.json("sqs", "AmazonSQS.GetQueueAttributes", params).await;
            let gone = &["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
            (read.map(|told| text(&told["Attributes"]["Policy"])), gone)
        }
        "sns" => {
            let params = json!({ "TopicArn": arn });
            let read = session.query("sns", "GetTopicAttributes", params).await;
            let policy = |xml: Xml| {
                let entries = xml.find("Attributes")?.all("entry");
                let policy = entries.into_iter().find(|entry| entry.text("key") == "Policy")?;
                Some(policy.text("value").to_owned())
            };
            (read.map(policy), &["NotFound"])
        }
        "secretsmanager" => {
            let params = json!({ "SecretId": arn });
            let read =
                session.json("secretsmanager", "secretsmanager.GetResourcePolicy", params).await;
            (read.map(|told| text(&told["ResourcePolicy"])), &["ResourceNotFound"])
        }
        "dynamodb" => {
            let params = json!({ "ResourceArn": arn });
            let read =
                session.json("dynamodb", "DynamoDB_20120810.GetResourcePolicy", params).await;
            (read.map(|told| text(&told["Policy"])), &["PolicyNotFound", "ResourceNotFound"])
        }
        "ecr" => {
            let repository = name.trim_start_matches("repository/");
            let params = json!({ "repositoryName": repository });
            let target = "AmazonEC2ContainerRegistry_V20150921.GetRepositoryPolicy";
            let read = session.json("ecr", target, params).await;
            let gone = &["RepositoryPolicyNotFound", "RepositoryNotFound"];
            (read.map(|told| text(&told["policyText"])), gone)
        }
        "events" => {
            let params = json!({ "Name": name.trim_start_matches("event-bus/") });
            let read = session.json("events", "AWSEvents.DescribeEventBus", params).await;
            (read.map(|told| text(&told["Policy"])), &["ResourceNotFound"])
        }
        _ => {
            let function = name.split(':').nth(1).unwrap_or_default();
            let path = format!("/2015-03-31/functions/{}/policy", encoded(function));
            let read = session.bytes("lambda", "GetPolicy", Method::GET, &path, &[], none).await;
            let policy = |body: bytes::Bytes| {
                let told: Value = serde_json::from_slice(&body).ok()?;
                text(&told["Policy"]).map(|text| with_principals(&text))
            };
            (read.map(policy), &["ResourceNotFound"])
        }
    };
    found(read, gone)
}

/// AWS writes the principal that AddPermission was given as `{"AWS": ..}` or `{"Service": ..}`; upstreams leave it as it is.
/// <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>
fn with_principals(text: &str) -> String {
    let Ok(mut policy) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    for statement in policy["Statement"].as_array_mut().into_iter().flatten() {
        if let Some(name) = statement["Principal"].as_str().filter(|name| *name != "*") {
            let kind = if name.ends_with(".amazonaws.com") { "Service" } else { "AWS" };
            statement["Principal"] = json!({ kind: name });
        }
    }
    policy.to_string()
}

fn found(read: Result<Option<String>, AwsError>, gone: &[&str]) -> Result<Option<Policy>, String> {
    match read {
        Ok(text) => Ok(text
            .filter(|text| !text.trim().is_empty())
            .map(|text| Policy::new("resource policy", document(&text)))),
        Err(error) if gone.iter().any(|code| error.is(code)) => Ok(None),
        Err(error) => Err(error.code),
    }
}

/// The ARN of a key by its alias, or of a secret by its name.
pub(super) async fn arn_of(
    front: &Front,
    at: &Scope,
    service: &str,
    name: &str,
) -> Result<String, String> {
    let session = front.as_service(at);
    let (target, params) = match service {
        "kms" => ("TrentService.DescribeKey", json!({ "KeyId": name })),
        _ => ("secretsmanager.DescribeSecret", json!({ "SecretId": name })),
    };
    let told = session.json(service, target, params).await.map_err(|error| error.code)?;
    let arn = told["KeyMetadata"]["Arn"].as_str().or_else(|| told["ARN"].as_str());
    arn.map(str::to_owned).ok_or_else(|| "no ARN".into())
}
