//! A value that is kept in Parameter Store or Secrets Manager, read once by whoever runs the program. Owns the call and
//! the part of the value that is meant; the value itself is kept nowhere.
//!
//! Secrets Manager is read through Parameter Store, under a reserved name:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html>

use serde_json::Value;

use crate::{
    aws::{Aws, kit::By},
    engine::{CallError, Class, Permission, on},
};

/// A parameter encrypted under a customer key also needs `kms:Decrypt` on that key, which nothing here can know:
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html>
pub const GET_PARAMETER: Permission =
    on("ssm:GetParameter", "arn:aws:ssm:{region}:{account}:parameter/*");

/// The same holds for a secret:
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
pub const GET_SECRET_VALUE: Permission =
    on("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:{region}:{account}:secret:*");

/// The name under which Parameter Store has the secrets of Secrets Manager.
const SECRETS: &str = "/aws/reference/secretsmanager/";

/// Where a value is kept: `ssm:NAME` or `secretsmanager:NAME`, both with an optional `#KEY` of a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSecret {
    is_parameter: bool,
    name: String,
    key: Option<String>,
}

impl KeptSecret {
    /// None where the text is no such place.
    ///
    /// # Errors
    /// It names nothing, or an ARN of Secrets Manager, which Parameter Store does not take.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let (is_parameter, rest) = match (text.strip_prefix("ssm:"), text) {
            (Some(rest), _) => (true, rest),
            (None, text) => (false, text.strip_prefix("secretsmanager:")?),
        };
        let (name, key) = match rest.split_once('#') {
            Some((name, key)) => (name, Some(key.to_owned())),
            None => (rest, None),
        };
        if name.is_empty() || key.as_ref().is_some_and(String::is_empty) {
            return Some(Err(format!("`{text}` names nothing")));
        }
        if !is_parameter && name.starts_with("arn:") {
            return Some(Err(format!("`{text}`: give the secret's name, not its ARN")));
        }
        Some(Ok(Self { is_parameter, name: name.into(), key }))
    }

    /// What reading it needs to be allowed, and on what.
    pub fn needs(&self) -> Vec<(Permission, String)> {
        let parameter = |name: &str| match name.starts_with("arn:") {
            true => name.to_owned(),
            false => GET_PARAMETER.resource.replace('*', name.trim_start_matches('/')),
        };
        if self.is_parameter {
            return vec![(GET_PARAMETER, parameter(&self.name))];
        }
        // Its ARN ends in a dash and six characters; a version may follow the name.
        let name = self.name.split(':').next().unwrap_or_default();
        let secret = GET_SECRET_VALUE.resource.replace(":*", &format!(":{name}-??????"));
        let parameter = parameter(&format!("{SECRETS}{}", self.name));
        vec![(GET_PARAMETER, parameter), (GET_SECRET_VALUE, secret)]
    }

    /// The value, as the acting principal can read it now.
    ///
    /// # Errors
    /// The call fails; the value has no such key. No error has a part of the value in it.
    pub async fn read(&self, aws: &Aws) -> Result<String, CallError> {
        let name = match self.is_parameter {
            true => self.name.clone(),
            false => format!("{SECRETS}{}", self.name),
        };
        let call = aws.ssm().get_parameter().name(name).with_decryption(true);
        let found = call.send().await.by(GET_PARAMETER)?;
        let value = found.parameter.and_then(|one| one.value).unwrap_or_default();
        let Some(key) = &self.key else { return Ok(value) };
        let whole: Option<Value> = serde_json::from_str(&value).ok();
        match whole.as_ref().and_then(|whole| whole.get(key)) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Ok(other.to_string()),
            None => {
                let why = format!("its value is no JSON object with the key `{key}`");
                Err(CallError::local(GET_PARAMETER.action, Class::Invalid, why))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> KeptSecret {
        KeptSecret::parse(text).expect("a place").expect("well-formed")
    }

    #[test]
    fn a_place_has_a_name_and_maybe_a_key() {
        let one = parsed("ssm:/app/token#user");
        assert_eq!(
            (one.is_parameter, &*one.name, one.key.as_deref()),
            (true, "/app/token", Some("user"))
        );
        assert!(!parsed("secretsmanager:app/token").is_parameter);
        assert_eq!(KeptSecret::parse("s3cret"), None);
        for wrong in ["ssm:", "ssm:#a", "ssm:/a#", "secretsmanager:arn:aws:secretsmanager:x"] {
            assert!(KeptSecret::parse(wrong).expect("a place").is_err(), "{wrong}");
        }
    }

    #[test]
    fn it_may_read_that_one_and_no_other() {
        let needs = |text: &str| -> Vec<String> {
            parsed(text).needs().into_iter().map(|(_, resource)| resource).collect()
        };
        assert_eq!(needs("ssm:/app/t"), ["arn:aws:ssm:{region}:{account}:parameter/app/t"]);
        assert_eq!(
            needs("secretsmanager:app/t"),
            [
                "arn:aws:ssm:{region}:{account}:parameter/aws/reference/secretsmanager/app/t",
                "arn:aws:secretsmanager:{region}:{account}:secret:app/t-??????",
            ]
        );
    }
}
