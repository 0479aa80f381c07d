//! The credentials that EC2's instance metadata hands an instance: for who plays the instance, or one who stole them. Owns
//! that one document; all else of the metadata the lab has not.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>

use hyper::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wire::Xml;
use super::{AwsError, Front, Identity, Scope, Session, enforce};

const KIND: &str = "metadata.credentials";
/// "We make new credentials available at least five minutes before the expiration of the old credentials."
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// What EC2's own are good for, about; and the longest that each role allows.
const LIFETIMES: [u32; 2] = [21_600, 3_600];
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html>
const UNAUTHORIZED: &str = "AssumeRoleUnauthorizedAccess";

/// Why there are none.
pub(super) type Refused = (StatusCode, String);

/// Where the instance of a session is: what its condition keys tell.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-ec2-instance-source-vpc>
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// Its ARN.
    pub instance: String,
    pub vpc: Option<String>,
    /// Its primary private address.
    pub address: Option<String>,
}

/// What is handed out again until it is nearly over.
#[derive(Serialize, Deserialize)]
struct Held {
    role_id: String,
    until: Timestamp,
    document: Value,
}

/// Account and Region by `account=` and `region=` of a query; else those of the lab's own key, in `us-east-1`.
pub(super) async fn scope(front: &Front, query: &str) -> Scope {
    let of = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let region = of("region").unwrap_or_else(|| "us-east-1".into());
    match of("account") {
        Some(account) => Scope::new(account, region),
        None => Scope::new(front.identity("test", &region).await.account, region),
    }
}

/// The document at `iam/security-credentials/ROLE` of an instance. After its profile was taken away there is none; those
/// that were handed out before stay good until they expire.
///
/// # Errors
/// 404 no such instance, or one without a role; 409 it does not run; 403 its metadata is switched off.
pub(super) async fn credentials(
    front: &Front,
    at: &Scope,
    instance: &str,
) -> Result<Value, Refused> {
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if ![instance, &at.account, &at.region].into_iter().all(is_plain) {
        return Err((
            StatusCode::BAD_REQUEST,
            "no instance, account or Region has this name".into(),
        ));
    }
    let session = front.as_service(at);
    let asked = json!({ "InstanceId": [instance] });
    let told = session.query("ec2", "DescribeInstances", asked).await.map_err(|e| failed(&e))?;
    let found = told.all("reservationSet/item/instancesSet/item");
    let found = found.into_iter().find(|one| one.text("instanceId") == instance);
    let found = found.ok_or((StatusCode::NOT_FOUND, "there is no such instance".to_owned()))?;
    if found.text("instanceState/name") != "running" {
        return Err((StatusCode::CONFLICT, "the instance does not run".into()));
    }
    if found.text("metadataOptions/httpEndpoint") == "disabled" {
        return Err((StatusCode::FORBIDDEN, "the instance's metadata is disabled".into()));
    }
    let none = || (StatusCode::NOT_FOUND, "the instance has no role".to_owned());
    let role = role(&session, instance).await?.ok_or_else(none)?;
    let role_id = role.text("RoleId").to_owned();
    let now = Timestamp::now();
    let held: Option<Held> = front.store().get(at, KIND, instance);
    if let Some(held) = held.filter(|held| held.role_id == role_id && now + EARLY < held.until) {
        return Ok(held.document);
    }
    let delivery = Delivery {
        instance: format!(
            "arn:{}:ec2:{}:{}:instance/{instance}",
            partition(&role),
            at.region,
            at.account
        ),
        vpc: Some(found.text("vpcId").to_owned()).filter(|text| !text.is_empty()),
        address: Some(found.text("privateIpAddress").to_owned()).filter(|text| !text.is_empty()),
    };
    let stamp = |moment: Timestamp| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    if enforce::is_kept_from_ec2(front, role.text("Arn")).await {
        let name = role.text("RoleName");
        return Ok(json!({
            "Code": UNAUTHORIZED,
            "Message": format!("EC2 cannot assume the role {name}. Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc."),
            "LastUpdated": stamp(now),
        }));
    }
    let (identity, until, secret, token) = assumed(&session, instance, role.text("Arn")).await?;
    let document = json!({
        "Code": "Success",
        "LastUpdated": stamp(now),
        "Type": "AWS-HMAC",
        "AccessKeyId": identity.access_key,
        "SecretAccessKey": secret,
        "Token": token,
        "Expiration": stamp(until),
    });
    enforce::delivered(front, identity.clone(), until, delivery);
    front.identities().keep(identity);
    let held = Held { role_id, until, document };
    front.store().put(at, KIND, instance, &held);
    Ok(held.document)
}

fn partition(role: &Xml) -> &str {
    role.text("Arn").split(':').nth(1).unwrap_or("aws")
}

fn failed(error: &AwsError) -> Refused {
    match error.code.starts_with("InvalidInstanceID") {
        true => (StatusCode::NOT_FOUND, "there is no such instance".into()),
        false => (StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

/// The role in the profile that is associated with the instance.
async fn role(session: &Session, instance: &str) -> Result<Option<Xml>, Refused> {
    let by = json!({ "Filter": [{ "Name": "instance-id", "Value": [instance] }] });
    let told = session.query("ec2", "DescribeIamInstanceProfileAssociations", by).await;
    let told = told.map_err(|error| failed(&error))?;
    let all = told.all("iamInstanceProfileAssociationSet/item");
    let associated = |one: &&Xml| ["associated", "associating"].contains(&one.text("state"));
    let Some(one) = all.into_iter().find(associated) else { return Ok(None) };
    let name = one.text("iamInstanceProfile/arn").rsplit('/').next().unwrap_or_default().to_owned();
    let asked = json!({ "InstanceProfileName": name });
    match session.query("iam", "GetInstanceProfile", asked).await {
        Ok(told) => Ok(told.find("Roles").and_then(|roles| roles.get("member")).cloned()),
        Err(error) if error.is("NoSuchEntity") => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// A session of the role that has the instance's name, as EC2 makes it: whose it is, its end, its secret and its token.
async fn assumed(
    session: &Session,
    instance: &str,
    role: &str,
) -> Result<(Identity, Timestamp, String, String), Refused> {
    let mut made = Err(AwsError::internal("no lifetime"));
    for seconds in LIFETIMES {
        let params =
            json!({ "RoleArn": role, "RoleSessionName": instance, "DurationSeconds": seconds });
        made = session.query("sts", "AssumeRole", params).await;
        if made.is_ok() {
            break;
        }
    }
    let made = made.map_err(|error| failed(&error))?;
    let lacking = |name: &str| (StatusCode::BAD_GATEWAY, format!("the upstream gave no {name}"));
    let text = |name: &str| {
        let found = made.find(name).map(|found| found.text.clone());
        found.filter(|text| !text.is_empty()).ok_or_else(|| lacking(name))
    };
    let until = text("Expiration")?.parse().map_err(|_| lacking("Expiration"))?;
    let identity = Identity {
        account: session.scope().account.clone(),
        arn: text("Arn")?,
        user_id: text("AssumedRoleId")?,
        access_key: text("AccessKeyId")?,
    };
    Ok((identity, until, text("SecretAccessKey")?, text("SessionToken")?))
}
