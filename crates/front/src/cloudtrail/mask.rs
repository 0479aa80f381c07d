//! What CloudTrail never shows: passwords, secret keys, secrets' values, user data, command parameters.

use serde_json::{Map, Value};

pub(super) const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";
const STARS: &str = "****";
const DEEPEST: usize = 32;

/// Masks request parameters, or the elements of a response, in place.
pub(super) fn mask(service: &str, operation: &str, value: &mut Value) {
    let Value::Object(members) = value else { return };
    match (service, operation) {
        ("iam", _) => {
            for name in ["password", "newPassword", "oldPassword"] {
                members.remove(name);
            }
        }
        ("ssm", "SendCommand" | "PutParameter" | "StartSession") => {
            hide(members);
            // The answer of `SendCommand` has them once more.
            if let Some(Value::Object(command)) = members.get_mut("command") {
                hide(command);
            }
        }
        ("ec2", _) => {
            if let Some(data) = members.get_mut("userData") {
                *data = "<sensitiveDataRemoved>".into();
            }
        }
        ("lambda", _) => {
            members.remove("code");
            if let Some(variables) = members.get_mut("environment") {
                *variables = Value::Object(Map::new());
            }
        }
        _ => {}
    }
    walk(value, 0);
}

fn hide(members: &mut Map<String, Value>) {
    for name in ["parameters", "value"] {
        if let Some(member) = members.get_mut(name) {
            *member = HIDDEN.into();
        }
    }
}

fn walk(value: &mut Value, depth: usize) {
    if depth > DEEPEST {
        *value = HIDDEN.into();
        return;
    }
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.eq_ignore_ascii_case("secretAccessKey"));
            for (name, inner) in members {
                match name.to_ascii_lowercase().as_str() {
                    "secretstring" | "secretbinary" | "plaintext" | "plaintextkey"
                    | "privatekey" | "keymaterial" | "authtoken" | "clientsecret" => {
                        *inner = HIDDEN.into();
                    }
                    lower if lower.ends_with("password") && inner.is_string() => {
                        *inner = STARS.into();
                    }
                    _ => walk(inner, depth + 1),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, depth + 1)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_do_not_get_into_a_record() {
        let masked = |service: &str, operation: &str, mut value: Value| {
            mask(service, operation, &mut value);
            value
        };
        let made = masked("iam", "CreateLoginProfile", json!({"userName": "bob", "password": "x"}));
        assert_eq!(made, json!({"userName": "bob"}));
        let made = json!({"accessKey": {"accessKeyId": "AKIA1", "secretAccessKey": "x"}});
        let made = masked("iam", "CreateAccessKey", made);
        assert_eq!(made, json!({"accessKey": {"accessKeyId": "AKIA1"}}));
        let made = masked("rds", "CreateDBInstance", json!({"masterUserPassword": "x", "port": 1}));
        assert_eq!(made, json!({"masterUserPassword": "****", "port": 1}));
        let made = masked("ssm", "SendCommand", json!({"parameters": {"commands": ["x"]}}));
        assert_eq!(made, json!({"parameters": HIDDEN}));
        let made = json!({"command": {"commandId": "c-1", "parameters": {"commands": ["x"]}}});
        let made = masked("ssm", "SendCommand", made);
        assert_eq!(made, json!({"command": {"commandId": "c-1", "parameters": HIDDEN}}));
        let made = masked("secretsmanager", "PutSecretValue", json!({"secretString": "x"}));
        assert_eq!(made, json!({"secretString": HIDDEN}));
        let made = masked("ec2", "RunInstances", json!({"userData": "eA=="}));
        assert_eq!(made, json!({"userData": "<sensitiveDataRemoved>"}));
    }
}
