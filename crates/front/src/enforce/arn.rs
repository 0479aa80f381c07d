//! ARNs from patterns. Owns partition, Region and account of a call.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use crate::Call;

/// Where a call's resources are.
pub(super) struct Place<'a> {
    pub partition: &'static str,
    pub region: &'a str,
    pub account: &'a str,
}

pub(super) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

impl<'a> Place<'a> {
    pub(super) fn of(call: &'a Call) -> Self {
        Self { partition: partition(call.region()), region: call.region(), account: call.account() }
    }

    /// The ARN of a pattern such as `arn:P:ec2:R:A:instance/{}`. A value that is an ARN already is that; `None` where
    /// the pattern asks for a parameter that is not there.
    pub(super) fn fill(
        &self,
        pattern: &str,
        value: &str,
        other: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        if value.starts_with("arn:") {
            return Some(value.to_owned());
        }
        if pattern == "arn:" || value.is_empty() {
            return None;
        }
        let mut parts = pattern.splitn(6, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (_, _, service, region, account, mut rest) =
            (next(), next(), next(), next(), next(), next());
        let region = if region == "R" { self.region } else { region };
        let account = if account == "A" { self.account } else { account };
        let mut arn = format!("arn:{}:{service}:{region}:{account}:", self.partition);
        while let Some((before, from)) = rest.split_once('{') {
            let (name, after) = from.split_once('}')?;
            arn.push_str(before);
            match name {
                "" => arn.push_str(value),
                name => arn.push_str(&other(name)?),
            }
            rest = after;
        }
        arn.push_str(rest);
        Some(arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_filled() {
        let place = Place { partition: "aws", region: "eu-west-1", account: "111122223333" };
        let other = |name: &str| (name == "TableName").then(|| "t".to_owned());
        let fill = |pattern: &str, value: &str| place.fill(pattern, value, other);
        assert_eq!(
            fill("arn:P:ec2:R:A:instance/{}", "i-1").as_deref(),
            Some("arn:aws:ec2:eu-west-1:111122223333:instance/i-1")
        );
        assert_eq!(
            fill("arn:P:ec2:R::image/{}", "ami-1").as_deref(),
            Some("arn:aws:ec2:eu-west-1::image/ami-1")
        );
        assert_eq!(
            fill("arn:P:dynamodb:R:A:table/{TableName}/index/{}", "i").as_deref(),
            Some("arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i")
        );
        assert_eq!(fill("arn:P:x:R:A:{Missing}/{}", "i"), None);
        assert_eq!(fill("arn:P:x:R:A:{}", "arn:aws:x:::y").as_deref(), Some("arn:aws:x:::y"));
        assert_eq!(fill("arn:", "y"), None);
        assert_eq!(partition("cn-north-1"), "aws-cn");
    }
}
