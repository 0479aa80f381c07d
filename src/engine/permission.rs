//! Permissions, and the check that a call's permission is in the table of the kind that makes it. Owns
//! both; who calls what is said by the kinds.

#![warn(missing_docs)]

use std::future::Future;

/// One permission and the ARN pattern of its resource; `{region}` and `{account}` are
/// filled in when a policy is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// `service:Action`, as the Service Authorization Reference writes it.
    pub action: &'static str,
    /// An ARN pattern; `*` where AWS takes no other.
    pub resource: &'static str,
    /// The only way in which it is used; a policy allows no other.
    pub only: Option<Only>,
}

/// A condition of a policy statement: `key` is, by `operator`, one of `values`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Only {
    /// Such as `StringEquals`.
    pub operator: &'static str,
    /// The condition key.
    pub key: &'static str,
    /// One of these must match.
    pub values: &'static [&'static str],
}

/// Shorthand for permission tables.
pub const fn on(action: &'static str, resource: &'static str) -> Permission {
    Permission { action, resource, only: None }
}

impl Permission {
    /// The same action on something else: most calls of EC2 are checked on each thing that they name.
    #[must_use]
    pub const fn at(self, resource: &'static str) -> Self {
        Self { resource, ..self }
    }

    /// The same under a condition.
    #[must_use]
    pub const fn only(
        self,
        operator: &'static str,
        key: &'static str,
        values: &'static [&'static str],
    ) -> Self {
        Self { only: Some(Only { operator, key, values }), ..self }
    }
}

impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.action.into()
    }
}

type Tables = &'static [&'static [Permission]];

#[cfg(debug_assertions)]
tokio::task_local! {
    static TABLES: (&'static str, Tables);
}

/// Calls made by `body` are checked against the tables of `kind`, in debug and test builds. What the
/// kind at work reads through other kinds has to be in its own tables.
#[cfg(debug_assertions)]
pub(crate) async fn at_work<F: Future>(kind: &'static str, tables: Tables, body: F) -> F::Output {
    // Already within a kind: the outer tables are what a policy is made from.
    if TABLES.try_with(|_| ()).is_ok() {
        return body.await;
    }
    TABLES.scope((kind, tables), body).await
}

#[cfg(not(debug_assertions))]
pub(crate) async fn at_work<F: Future>(_kind: &'static str, _tables: Tables, body: F) -> F::Output {
    body.await
}

impl Permission {
    /// Panics in debug and test builds where the kind at work does not list this permission: its
    /// policy would be too small on AWS, and no local endpoint would show it.
    pub fn witness(self) {
        #[cfg(debug_assertions)]
        {
            let missing = TABLES.try_with(|(kind, tables)| {
                let listed =
                    tables.iter().flat_map(|table| *table).any(|one| one.action == self.action);
                (!listed).then_some(*kind)
            });
            if let Ok(Some(kind)) = missing {
                panic!("`{kind}` calls `{}`, which is not in its tables", self.action);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Permission = on("s3:GetBucketPolicy", "arn:aws:s3:::*");
    const PUT: Permission = on("s3:PutBucketPolicy", "arn:aws:s3:::*");

    #[tokio::test]
    async fn what_is_in_a_table_may_be_called() {
        at_work("s3.x", &[&[GET], &[PUT]], async { PUT.witness() }).await;
        // Outside of any kind there is no table to hold it against.
        PUT.witness();
    }

    #[tokio::test]
    #[should_panic(expected = "`s3.x` calls `s3:PutBucketPolicy`")]
    async fn what_is_not_in_a_table_is_found_by_every_test_that_calls_it() {
        at_work("s3.x", &[&[GET]], async { PUT.witness() }).await;
    }
}
