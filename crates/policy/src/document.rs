//! A policy document as it is written, and what in it AWS would not accept.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::{collections::BTreeSet, fmt, sync::Arc};

use serde_json::Value;

use crate::{Statement, strict::Strict};

/// What a statement does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// Something in a document that AWS would not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The statement's place, from zero; `None` for the document as a whole.
    pub statement: Option<usize>,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.statement {
            Some(index) => write!(f, "statement {}: {}", index + 1, self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// A policy document. Every JSON value can be read as one; what is wrong with it is in [`Document::faults`], and a
/// statement with a fault applies to nobody knows what ([`Missing::Malformed`](crate::Missing::Malformed)).
#[derive(Clone, Debug, Default)]
pub struct Document {
    pub(crate) variables: bool,
    /// Shared: a judge of many requests gives the same documents again and again.
    statements: Arc<[Statement]>,
    faults: Arc<[Fault]>,
}

impl Document {
    /// Reads a document from its text.
    ///
    /// # Errors
    /// It is no JSON, or an object in it names a key twice; the text says where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Strict = serde_json::from_str(text).map_err(|e| e.to_string())?;
        Ok(Self::from_value(&value.0))
    }

    /// Reads a document from JSON.
    pub fn from_value(value: &Value) -> Self {
        let mut faults = Vec::new();
        let mut fault = |text: String| faults.push(Fault { statement: None, text });
        let version = value.get("Version");
        match (version.and_then(Value::as_str), version) {
            (Some("2012-10-17" | "2008-10-17"), _) | (None, None) => {}
            (_, other) => {
                let other = other.unwrap_or(&Value::Null);
                fault(format!("`Version` is {other}; there are \"2012-10-17\" and \"2008-10-17\""));
            }
        }
        match value.as_object() {
            None => fault("it is no object".into()),
            Some(map) => {
                for key in
                    map.keys().filter(|key| !["Version", "Id", "Statement"].contains(&key.as_str()))
                {
                    fault(format!("`{key}` is no element of a policy"));
                }
            }
        }
        let written: &[Value] = match value.get("Statement") {
            Some(Value::Array(list)) => list,
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => {
                fault("it has no `Statement`".into());
                &[]
            }
        };
        let statements: Vec<Statement> = written.iter().map(Statement::read).collect();
        for (index, statement) in statements.iter().enumerate() {
            let more = statement.faults().iter();
            faults.extend(more.map(|text| Fault { statement: Some(index), text: text.clone() }));
        }
        // Earlier versions, and documents without one, have no variables.
        let variables = version.and_then(Value::as_str) == Some("2012-10-17");
        Self { variables, statements: statements.into(), faults: faults.into() }
    }

    /// Several documents as one: what each says holds. Documents of versions with and without variables cannot be one,
    /// and it is then unknown what they say.
    #[must_use]
    pub fn joined(documents: &[Self]) -> Self {
        let variables = documents.iter().any(|document| document.variables);
        let mut faults = Vec::new();
        let mut statements = Vec::new();
        if documents.iter().any(|document| document.variables != variables) {
            faults.push(Fault { statement: None, text: "its parts are of two versions".into() });
        }
        for document in documents {
            let moved = |at: usize| at + statements.len();
            let of = document.faults.iter().cloned();
            faults.extend(of.map(|fault| Fault { statement: fault.statement.map(moved), ..fault }));
            statements.extend(document.statements.iter().cloned());
        }
        Self { variables, statements: statements.into(), faults: faults.into() }
    }

    /// Its statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The condition keys that it asks for, in conditions and variables: each once, in order, as it is first written.
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html>
    pub fn context_keys(&self) -> Vec<String> {
        let mut told = BTreeSet::new();
        let all = self.statements.iter().flat_map(|one| one.context_keys(self.variables));
        all.filter(|key| told.insert(key.to_lowercase())).collect()
    }

    /// What AWS would not accept, whatever kind of policy it is.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Whether nothing at all can be said of what it does: it has no statements that can be read.
    pub(crate) fn is_unreadable(&self) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.statement.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_joined() {
        let read = |text: &str| Document::parse(text).expect("JSON");
        let one =
            read(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:b"}]}"#);
        let two = read(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny"}]}"#);
        let both = Document::joined(&[one.clone(), two]);
        assert_eq!(both.statements().len(), 2);
        assert_eq!(both.faults()[0].statement, Some(1));
        let old = read(r#"{"Statement":[{"Effect":"Allow","Action":"a:b"}]}"#);
        assert!(Document::joined(&[one, old]).is_unreadable().is_some());
    }

    #[test]
    fn the_keys_of_conditions_and_variables_are_told_once() {
        let read = |version: &str| {
            let text = r#"{"Version":"VERSION","Statement":[{"Effect":"Allow","Action":"a:b","Resource":"arn:x/${aws:username}/${*}/${none,'d'}",
                "Condition":{"StringLike":{"aws:PrincipalTag/a":"${AWS:UserName}-${aws:userid}"},"Null":{"ec2:Vpc":"true"}}},
                {"Effect":"Deny","NotAction":"a:b","NotResource":"${aws:","Condition":{"Bool":{"EC2:vpc":true}}}]}"#;
            Document::parse(&text.replace("VERSION", version)).expect("JSON").context_keys()
        };
        let tested = ["aws:PrincipalTag/a", "ec2:Vpc"];
        assert_eq!(read("2008-10-17"), tested);
        assert_eq!(
            read("2012-10-17"),
            [&tested[..], &["aws:username", "none", "aws:userid"]].concat()
        );
    }

    #[test]
    fn faults_are_found() {
        let faults = |text: &str| match Document::parse(text) {
            Ok(document) => {
                document.faults().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
            Err(text) => text,
        };
        assert_eq!(
            faults(
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#
            ),
            ""
        );
        for (text, want) in [
            ("[]", "it is no object; it has no `Statement`"),
            (r#"{"Version":"2012-10-18","Statement":[]}"#, "`Version` is \"2012-10-18\""),
            (r#"{"Statement":[{"Action":"a:b","Action":"c:d"}]}"#, "`Action` stands twice"),
            (
                r#"{"Statement":[{"Effect":"allow","Action":"a:b"}]}"#,
                "statement 1: `Effect` is \"allow\"",
            ),
            (r#"{"Statement":[{"Effect":"Allow"}]}"#, "has neither `Action` nor `NotAction`"),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"a:b","NotAction":"c:d"}]}"#,
                "both `Action` and `NotAction`",
            ),
            (r#"{"Statement":[{"Effect":"Allow","Action":["a:b",1]}]}"#, "`Action` is [\"a:b\",1]"),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"a:b","Condition":{"Like":{"k":"v"}}}]}"#,
                "no operator `Like`",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"a:b","Principal":"bob"}]}"#,
                "`Principal` is \"bob\"",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"a:b","Principals":"*"}]}"#,
                "no element `Principals`",
            ),
        ] {
            assert!(faults(text).contains(want), "{text}: {}", faults(text));
        }
        assert!(Document::parse(&"[".repeat(100_000)).is_err());
    }
}
