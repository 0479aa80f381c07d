//! The identities of an account and their policies, as the upstream has them: one reading of all, by
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use backburn_policy::{Document, Kind, Policy};
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::kept::Kept;
use crate::wire::Xml;
use crate::{AwsError, Front, Scope, Session};

/// Pages of a listing; each has up to 1,000 things.
const PAGES: usize = 200;
/// Longer texts are no policy: AWS takes no document of more than some 32 KB of any kind.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const LONGEST: usize = 128 << 10;

/// A user, a role or a group.
#[derive(Default)]
pub(super) struct Entity {
    pub arn: String,
    pub tags: BTreeMap<String, String>,
    /// Of a role.
    pub trust: Option<Policy>,
    inline: Vec<Policy>,
    /// ARNs of managed policies.
    attached: Vec<String>,
    /// Of a user.
    groups: Vec<String>,
    boundary: Option<String>,
}

/// What identity policies and boundary say of a user or a role.
#[derive(Default)]
pub(super) struct Own {
    pub identity: Vec<Policy>,
    pub boundary: Option<Vec<Policy>>,
    pub unseen: BTreeSet<Kind>,
}

#[derive(Default)]
pub(super) struct Account {
    pub id: String,
    pub users: HashMap<String, Entity>,
    pub roles: HashMap<String, Entity>,
    pub groups: HashMap<String, Entity>,
    /// The role in each instance profile, by the profile's name and by its ARN; ARNs of roles.
    pub profiles: HashMap<String, String>,
    /// Default versions of the account's managed policies, by ARN.
    policies: HashMap<String, Document>,
    /// Long-term keys of a user, and whether each is active.
    keys: Mutex<HashMap<String, Arc<BTreeMap<String, bool>>>>,
    /// By ARN.
    composed: Mutex<HashMap<String, Arc<Own>>>,
}

/// The root user's calls upon an account.
pub(super) fn root(front: &Front, account: &str) -> Session {
    front.as_service(&Scope::new(account, "us-east-1"))
}

pub(super) async fn read(front: &Front, id: &str) -> Result<Account, String> {
    let session = root(front, id);
    let mut account = Account { id: id.to_owned(), ..Account::default() };
    let mut marker = None;
    for _ in 0..PAGES {
        let kinds = ["User", "Role", "Group", "LocalManagedPolicy"];
        let params = json!({ "Filter": kinds, "MaxItems": 1000, "Marker": marker });
        let page = session.query("iam", "GetAccountAuthorizationDetails", params).await;
        let page = page.map_err(|error| told(&error))?;
        let page = page.find("GetAccountAuthorizationDetailsResult").unwrap_or(&page);
        let list = |name: &str| page.all(&format!("{name}/member"));
        let entities = |name: &str, key: &str| -> Vec<(String, Entity)> {
            list(name).into_iter().map(|xml| (xml.text(key).to_owned(), entity(xml))).collect()
        };
        account.users.extend(entities("UserDetailList", "UserName"));
        account.roles.extend(entities("RoleDetailList", "RoleName"));
        account.profiles.extend(list("RoleDetailList").into_iter().flat_map(profiles));
        account.groups.extend(entities("GroupDetailList", "GroupName"));
        account.policies.extend(list("Policies").into_iter().map(managed));
        let next = page.text("Marker");
        if page.text("IsTruncated") != "true" || next.is_empty() || marker.as_deref() == Some(next)
        {
            return Ok(account);
        }
        marker = Some(next.to_owned());
    }
    Err("the account's identities, which are too many".into())
}

/// Why something could not be read, for the count of what was not judged.
pub(super) fn told(error: &AwsError) -> String {
    format!("the policies, which could not be read ({})", error.code)
}

fn entity(xml: &Xml) -> Entity {
    let inline = ["UserPolicyList", "RolePolicyList", "GroupPolicyList"];
    let inline = inline.iter().flat_map(|list| xml.all(&format!("{list}/member")));
    let attached = xml.all("AttachedManagedPolicies/member/PolicyArn");
    let boundary = xml.text("PermissionsBoundary/PermissionsBoundaryArn");
    let trust = xml.text("AssumeRolePolicyDocument");
    Entity {
        arn: xml.text("Arn").to_owned(),
        tags: tags(xml),
        trust: (!trust.is_empty()).then(|| Policy::new("trust policy", document(trust))),
        inline: inline
            .map(|one| Policy::new(one.text("PolicyName"), document(one.text("PolicyDocument"))))
            .collect(),
        attached: attached.into_iter().map(|arn| arn.text.clone()).collect(),
        groups: xml.all("GroupList/member").into_iter().map(|name| name.text.clone()).collect(),
        boundary: (!boundary.is_empty()).then(|| boundary.to_owned()),
    }
}

/// A profile has at most one role: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html>
fn profiles(role: &Xml) -> Vec<(String, String)> {
    let each = role.all("InstanceProfileList/member").into_iter();
    each.flat_map(|profile| ["InstanceProfileName", "Arn"].map(|name| profile.text(name)))
        .map(|name| (name.to_owned(), role.text("Arn").to_owned()))
        .collect()
}

fn tags(xml: &Xml) -> BTreeMap<String, String> {
    let tags = xml.all("Tags/member").into_iter();
    tags.map(|tag| (tag.text("Key").to_owned(), tag.text("Value").to_owned())).collect()
}

fn managed(xml: &Xml) -> (String, Document) {
    let versions = xml.all("PolicyVersionList/member");
    let in_force = versions.iter().find(|version| version.text("IsDefaultVersion") == "true");
    (xml.text("Arn").to_owned(), document(in_force.map_or("", |version| version.text("Document"))))
}

/// A document as the upstream writes it, perhaps encoded. One that cannot be read is one of which nobody knows what it
/// says.
pub(super) fn document(text: &str) -> Document {
    let decoded = match text.trim_start().starts_with('{') {
        true => text.into(),
        false => percent_decode_str(text).decode_utf8_lossy(),
    };
    match decoded.len() <= LONGEST {
        true => Document::parse(&decoded).unwrap_or_else(|_| unreadable()),
        false => unreadable(),
    }
}

pub(super) fn unreadable() -> Document {
    Document::from_value(&serde_json::Value::Null)
}

impl Account {
    /// The keys of a user. Kept with the account: a change of IAM forgets both.
    pub(super) async fn keys(
        &self,
        front: &Front,
        user: &str,
    ) -> Result<Arc<BTreeMap<String, bool>>, String> {
        let lock = || self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(user) {
            return Ok(known.clone());
        }
        let session = root(front, &self.id);
        let asked = session.query("iam", "ListAccessKeys", json!({ "UserName": user })).await;
        let keys: BTreeMap<String, bool> = match asked {
            Ok(xml) => {
                let list = xml.find("AccessKeyMetadata").map(|list| list.all("member"));
                let one = |key: &Xml| {
                    (key.text("AccessKeyId").to_owned(), key.text("Status") != "Inactive")
                };
                list.unwrap_or_default().into_iter().map(one).collect()
            }
            Err(error) if error.is("NoSuchEntity") => BTreeMap::new(),
            Err(error) => return Err(told(&error)),
        };
        let keys = Arc::new(keys);
        lock().insert(user.to_owned(), keys.clone());
        Ok(keys)
    }

    /// What the policies of a user or a role say, with those of a user's groups.
    pub(super) async fn own(
        &self,
        front: &Front,
        aws_managed: &Kept<Document>,
        entity: &Entity,
    ) -> Arc<Own> {
        let lock = || self.composed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&entity.arn) {
            return known.clone();
        }
        let mut own = Own { identity: entity.inline.clone(), ..Own::default() };
        let groups = entity.groups.iter().filter_map(|name| self.groups.get(name));
        let attached = [entity].into_iter().chain(groups.clone()).flat_map(|one| &one.attached);
        for arn in attached {
            match self.managed(front, aws_managed, arn).await {
                Some(document) => own.identity.push(Policy::new(arn, document)),
                None => drop(own.unseen.insert(Kind::Identity)),
            }
        }
        own.identity.extend(groups.flat_map(|group| group.inline.iter().cloned()));
        if let Some(arn) = &entity.boundary {
            match self.managed(front, aws_managed, arn).await {
                Some(document) => own.boundary = Some(vec![Policy::new(arn, document)]),
                None => drop(own.unseen.insert(Kind::Boundary)),
            }
        }
        let own = Arc::new(own);
        lock().insert(entity.arn.clone(), own.clone());
        own
    }

    /// The default version of a managed policy, of the account or of AWS.
    pub(super) async fn managed(
        &self,
        front: &Front,
        aws_managed: &Kept<Document>,
        arn: &str,
    ) -> Option<Document> {
        if let Some(document) = self.policies.get(arn) {
            return Some(document.clone());
        }
        let read = aws_managed.get(arn, read_managed(front, &self.id, arn)).await;
        read.ok().map(|document| (*document).clone())
    }
}

async fn read_managed(front: &Front, account: &str, arn: &str) -> Result<Document, String> {
    let session = root(front, account);
    let policy = session.query("iam", "GetPolicy", json!({ "PolicyArn": arn })).await;
    let policy = policy.map_err(|error| told(&error))?;
    let version = policy.find("DefaultVersionId").map(|version| version.text.clone());
    let params = json!({ "PolicyArn": arn, "VersionId": version });
    let version = session.query("iam", "GetPolicyVersion", params).await;
    let version = version.map_err(|error| told(&error))?;
    let text = version.find("Document").map(|document| document.text.as_str());
    Ok(document(text.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_in_each_form_and_none_is_taken_that_cannot_be_read() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        let encoded =
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
        for good in [text, encoded.to_string().as_str()] {
            assert_eq!((document(good).statements().len(), document(good).faults().len()), (1, 0));
        }
        let long = format!("{{\"Statement\":[],\"x\":\"{}\"}}", "x".repeat(LONGEST));
        for bad in ["", "{", "[]", "x", &"{\"a\":".repeat(50_000), &long] {
            assert!(!document(bad).faults().is_empty(), "{}", bad.len());
        }
    }
}
