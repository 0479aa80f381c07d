//! `userIdentity`, in the form of each kind of caller.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use serde_json::{Value, json};

use crate::Identity;
use crate::observe::Acting;

/// The element, and the user name that LookupEvents filters by.
pub(super) fn of(identity: &Identity, acting: Option<&Acting>) -> (Value, String) {
    if let Some(acting) = acting {
        return on_behalf(identity, acting);
    }
    let (account, arn, key) = (&identity.account, &identity.arn, &identity.access_key);
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let name = resource.rsplit('/').next().unwrap_or_default().to_owned();
    if resource.starts_with("user/") {
        let element = json!({
            "type": "IAMUser",
            "principalId": identity.user_id,
            "arn": arn,
            "accountId": account,
            "accessKeyId": key,
            "userName": name,
        });
        return (element, name);
    }
    if let Some(role) = identity.role_arn() {
        let principal = identity.user_id.split(':').next().unwrap_or_default();
        let mut element = session(account, &role, principal);
        element["principalId"] = identity.user_id.clone().into();
        element["arn"] = arn.as_str().into();
        element["accessKeyId"] = key.as_str().into();
        return (element, name);
    }
    let kind = if resource.starts_with("federated-user/") { "FederatedUser" } else { "Root" };
    let element = json!({
        "type": kind,
        "principalId": identity.user_id,
        "arn": arn,
        "accountId": account,
        "accessKeyId": key,
    });
    (element, name)
}

/// A role session, its own fields still to be filled in.
fn session(account: &str, role_arn: &str, principal: &str) -> Value {
    json!({
        "type": "AssumedRole",
        "principalId": principal,
        "arn": "",
        "accountId": account,
        "accessKeyId": "",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": role_arn,
                "accountId": account,
                "userName": role_arn.rsplit('/').next(),
            },
            "attributes": { "creationDate": format!("{:.0}", jiff::Timestamp::now()), "mfaAuthenticated": "false" },
        },
    })
}

fn on_behalf(identity: &Identity, acting: &Acting) -> (Value, String) {
    let account = acting.role_arn.split(':').nth(4).unwrap_or(&identity.account);
    let role = acting.role_arn.rsplit('/').next().unwrap_or_default();
    let name = acting.session_name.clone();
    // AWS gives the role's unique id; the front knows only its name.
    let mut element = session(account, &acting.role_arn, role);
    element["principalId"] = format!("{role}:{name}").into();
    element["arn"] = format!("arn:aws:sts::{account}:assumed-role/{role}/{name}").into();
    if let Some(members) = element.as_object_mut() {
        members.remove("accessKeyId");
    }
    element["invokedBy"] = acting.service.as_str().into();
    (element, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(arn: &str, user_id: &str) -> Identity {
        let (account, access_key) = ("111122223333".into(), "AKIA1".into());
        Identity { account, arn: arn.into(), user_id: user_id.into(), access_key }
    }

    #[test]
    fn each_kind_of_caller_has_its_form() {
        let (user, name) = of(&identity("arn:aws:iam::111122223333:user/path/bob", "AIDA1"), None);
        assert_eq!((user["type"].as_str(), name.as_str()), (Some("IAMUser"), "bob"));
        let (root, name) = of(&identity("arn:aws:iam::111122223333:root", "111122223333"), None);
        assert_eq!((root["type"].as_str(), name.as_str()), (Some("Root"), "root"));
        let arn = "arn:aws:sts::111122223333:assumed-role/app/s1";
        let (role, name) = of(&identity(arn, "AROA1:s1"), None);
        assert_eq!((role["type"].as_str(), name.as_str()), (Some("AssumedRole"), "s1"));
        let issuer = &role["sessionContext"]["sessionIssuer"];
        assert_eq!(issuer["arn"], "arn:aws:iam::111122223333:role/app");
        assert_eq!(issuer["principalId"], "AROA1");
    }

    #[test]
    fn a_service_that_acts_is_named() {
        let acting = Acting {
            service: "fis.amazonaws.com".into(),
            role_arn: "arn:aws:iam::111122223333:role/chaos".into(),
            session_name: "EXP1".into(),
        };
        let (element, name) = of(&identity("arn:aws:iam::111122223333:root", "1"), Some(&acting));
        assert_eq!(element["invokedBy"], "fis.amazonaws.com");
        assert_eq!(element["arn"], "arn:aws:sts::111122223333:assumed-role/chaos/EXP1");
        assert_eq!((element.get("accessKeyId"), name.as_str()), (None, "EXP1"));
    }
}
