//! Resources and ARNs against the patterns of a policy.

use crate::{
    context::Context,
    glob::{Fuel, matches},
    template::{Resolved, resolve, segments, widest},
    truth::Truth,
};

/// The six parts of an ARN.
pub(crate) fn parts(arn: &str) -> Option<[&str; 6]> {
    let mut parts = arn.splitn(6, ':');
    let six = [(); 6].map(|()| parts.next());
    if six[0] != Some("arn") {
        return None;
    }
    let [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f)] = six else { return None };
    Some([a, b, c, d, e, f])
}

/// Whether a pattern of a `Resource` element matches. `*` within a segment may also match colons.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
pub(crate) fn resource(
    pattern: &str,
    resource: &str,
    context: &Context,
    variables: bool,
    fuel: &Fuel,
) -> Truth {
    if pattern == "*" {
        return Truth::Yes;
    }
    let resolved = match resolve(pattern, context, variables, true) {
        Resolved::Pattern(tokens) => tokens,
        Resolved::NoValue => return Truth::No,
        // What is open may be irrelevant: the segments before it often decide.
        Resolved::Open(missing) => {
            return match matches(&widest(pattern, variables), resource, false, fuel) {
                true => Truth::open(missing),
                false => Truth::No,
            };
        }
    };
    let given = segments(pattern, variables);
    if !matches(&resolved, resource, false, fuel) {
        // An ARN with fewer segments means any value of those that it lacks.
        let short = given.first() == Some(&"arn") && given.len() < 6;
        return Truth::from(short && prefix(&given, resource, context, variables, fuel));
    }
    match given.get(2) {
        Some(service) if given[0] == "arn" => match service.contains(['*', '?']) && given.len() > 3
        {
            true => Truth::undocumented(format!("a wildcard for the service in `{pattern}`")),
            false => Truth::Yes,
        },
        _ => Truth::undocumented(format!(
            "the resource `{pattern}`, which is neither an ARN nor `*`"
        )),
    }
}

/// Whether a pattern of a `NotResource` element matches: the documents say less of it.
pub(crate) fn not_resource(
    pattern: &str,
    of: &str,
    context: &Context,
    variables: bool,
    fuel: &Fuel,
) -> Truth {
    if variables && matches!(resolve(pattern, context, variables, true), Resolved::NoValue) {
        return match matches(&widest(pattern, variables), of, false, fuel) {
            true => Truth::undocumented(format!(
                "a variable without a value in `NotResource`: `{pattern}`"
            )),
            false => Truth::No,
        };
    }
    let truth = resource(pattern, of, context, variables, fuel);
    let given = segments(pattern, variables);
    if truth == Truth::No && given[0] == "arn" && given.len() < 6 {
        return Truth::undocumented(format!("the short ARN `{pattern}` in `NotResource`"));
    }
    truth
}

/// Whether the segments that a pattern has match those of an ARN.
fn prefix(given: &[&str], arn: &str, context: &Context, variables: bool, fuel: &Fuel) -> bool {
    let Some(parts) = parts(arn) else { return false };
    given.iter().zip(parts).all(|(pattern, part)| {
        match resolve(pattern, context, variables, true) {
            Resolved::Pattern(tokens) => matches(&tokens, part, false, fuel),
            _ => false,
        }
    })
}

/// Whether an ARN condition operator matches: segment by segment.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
pub(crate) fn like(
    pattern: &str,
    arn: &str,
    negated: bool,
    context: &Context,
    variables: bool,
    fuel: &Fuel,
) -> Truth {
    let Some(parts) = parts(arn) else {
        return Truth::undocumented(format!("`{arn}` in an ARN condition, which is no ARN"));
    };
    let given = segments(pattern, variables);
    let each = given.iter().zip(parts).map(|(pattern, part)| {
        match resolve(pattern, context, variables, true) {
            Resolved::Pattern(tokens) => matches(&tokens, part, false, fuel).into(),
            Resolved::NoValue => Truth::No,
            Resolved::Open(missing) => Truth::open(missing),
        }
    });
    // A shorter pattern may mean any value of what it lacks, or may make the condition fail, negated or not.
    match (Truth::all(each), negated) {
        (Truth::Yes, false) if given.len() < 6 => Truth::undocumented(format!(
            "`{pattern}` in an ARN condition, which has fewer than six parts"
        )),
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn res(pattern: &str, arn: &str) -> Truth {
        resource(pattern, arn, &Context::complete(), true, &Fuel::new())
    }

    #[test]
    fn resources_match() {
        let object = "arn:aws:s3:::b/k";
        for (pattern, want) in [
            ("*", true),
            ("arn:aws:s3:::b/*", true),
            ("arn:aws:s3", true),
            ("arn:aws:s3:*", true),
            ("arn:aws:sqs", false),
            ("arn:aws:s3:::B/k", false),
            ("arn:*:s3:::b/k", true),
        ] {
            assert_eq!(res(pattern, object), want.into(), "{pattern}");
        }
        assert_eq!(
            res("arn:aws:lambda:us-east-1:*", "arn:aws:lambda:us-east-1:1:function:f"),
            Truth::Yes
        );
        assert!(matches!(res("arn:aws:*:::b/k", object), Truth::Open(_)));
        assert!(matches!(res("*b*", object), Truth::Open(_)));
        assert_eq!(res("arn:aws:s3:::b/*", "*"), Truth::No);
    }

    #[test]
    fn what_is_open_does_not_matter_elsewhere() {
        let open = Context::partial();
        let fuel = Fuel::new();
        let pattern = "arn:aws:s3:::b/${aws:username}/*";
        let ask = |arn| resource(pattern, arn, &open, true, &fuel);
        assert!(matches!(ask("arn:aws:s3:::b/anna/x"), Truth::Open(_)));
        assert_eq!(ask("arn:aws:s3:::c/anna/x"), Truth::No);
    }

    #[test]
    fn arn_conditions_go_by_segment() {
        let ask = |pattern| {
            like(
                pattern,
                "arn:aws:iam::1:role/x:y",
                false,
                &Context::complete(),
                true,
                &Fuel::new(),
            )
        };
        assert_eq!(ask("arn:aws:iam::1:role/*"), Truth::Yes);
        assert_eq!(ask("arn:*:y"), Truth::No);
        assert!(matches!(ask("arn:*"), Truth::Open(_)));
    }
}
