//! What random cases are made of. Owns the texts only.

/// Action, resource, what could stand in a policy for either.
pub(crate) struct Target {
    pub(crate) action: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) actions: &'static [&'static str],
    pub(crate) resources: &'static [&'static str],
}

pub(crate) const TARGETS: &[Target] = &[
    Target {
        action: "s3:GetObject",
        resource: "arn:aws:s3:::data/reports/q1.csv",
        actions: &[
            "s3:GetObject",
            "s3:Get*",
            "S3:getobject",
            "s3:*",
            "*",
            "s3:G?tObject",
            "s3:PutObject",
            "s3:*Object",
        ],
        resources: &[
            "*",
            "arn:aws:s3:::data/*",
            "arn:aws:s3:::data",
            "arn:aws:s3:::data/reports/q?.csv",
            "arn:aws:s3:::*/q1.csv",
            "arn:aws:s3:::data/${aws:PrincipalTag/team}/*",
            "arn:aws:s3:::data/${aws:PrincipalTag/team, 'reports'}/*",
            "arn:aws:s3:::DATA/*",
            "arn:*:s3:::data/reports/*",
            "arn:aws:s3:::data/reports/q1.csv${*}",
        ],
    },
    Target {
        action: "s3:ListBucket",
        resource: "arn:aws:s3:::data",
        actions: &["s3:ListBucket", "s3:List*", "s3:*", "*", "s3:GetObject"],
        resources: &[
            "*",
            "arn:aws:s3:::data",
            "arn:aws:s3:::data/*",
            "arn:aws:s3:::d?ta",
            "arn:aws:s3:::${aws:username}",
        ],
    },
    Target {
        action: "sqs:SendMessage",
        resource: "arn:aws:sqs:us-east-1:111122223333:jobs",
        actions: &["sqs:SendMessage", "sqs:*", "sqs:*Message", "*", "sqs:ReceiveMessage"],
        resources: &[
            "*",
            "arn:aws:sqs:us-east-1:111122223333:jobs",
            "arn:aws:sqs:*:111122223333:*",
            "arn:aws:sqs:us-east-1:*:jobs",
            "arn:aws:sqs:us-east-1:444455556666:jobs",
            "arn:aws:sqs:us-east-1:111122223333:${aws:username}",
        ],
    },
    Target {
        action: "kms:Decrypt",
        resource: "arn:aws:kms:us-east-1:111122223333:key/1234-abcd",
        actions: &["kms:Decrypt", "kms:*", "*", "kms:*crypt", "kms:Encrypt"],
        resources: &[
            "*",
            "arn:aws:kms:us-east-1:111122223333:key/*",
            "arn:aws:kms:*:111122223333:key/1234-abcd",
        ],
    },
    Target {
        action: "sts:AssumeRole",
        resource: "arn:aws:iam::111122223333:role/target",
        actions: &["sts:AssumeRole", "sts:*", "*", "sts:Assume*", "sts:TagSession"],
        resources: &[
            "*",
            "arn:aws:iam::111122223333:role/target",
            "arn:aws:iam::*:role/t*",
            "arn:aws:iam::111122223333:role/other",
        ],
    },
    Target {
        action: "iam:CreateAccessKey",
        resource: "arn:aws:iam::111122223333:user/alice",
        actions: &["iam:CreateAccessKey", "iam:*AccessKey", "iam:*", "*", "iam:DeleteUser"],
        resources: &[
            "*",
            "arn:aws:iam::111122223333:user/${aws:username}",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:user/bob",
        ],
    },
    Target {
        action: "dynamodb:GetItem",
        resource: "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
        actions: &["dynamodb:GetItem", "dynamodb:*Item", "dynamodb:*", "*", "dynamodb:PutItem"],
        resources: &[
            "*",
            "arn:aws:dynamodb:us-east-1:111122223333:table/*",
            "arn:aws:dynamodb:*:*:table/orders",
            "arn:aws:dynamodb:us-east-1:111122223333:table/${aws:SourceIdentity}",
        ],
    },
];

/// Principal, its unique id, the ARN by which conditions know it.
pub(crate) const CALLERS: &[(&str, &str, &str)] = &[
    (
        "arn:aws:iam::111122223333:user/alice",
        "AIDAEXAMPLEALICE0000",
        "arn:aws:iam::111122223333:user/alice",
    ),
    (
        "arn:aws:iam::111122223333:user/ops/carol",
        "AIDAEXAMPLECAROL0000",
        "arn:aws:iam::111122223333:user/ops/carol",
    ),
    (
        "arn:aws:sts::111122223333:assumed-role/app/i-0abc",
        "AROAEXAMPLEAPPROLE00:i-0abc",
        "arn:aws:iam::111122223333:role/app",
    ),
    (
        "arn:aws:sts::111122223333:assumed-role/admin/jane",
        "AROAEXAMPLEOPSROLE00:jane",
        "arn:aws:iam::111122223333:role/ops/admin",
    ),
    (
        "arn:aws:iam::444455556666:user/bob",
        "AIDAEXAMPLEBOB000000",
        "arn:aws:iam::444455556666:user/bob",
    ),
    (
        "arn:aws:sts::444455556666:assumed-role/ext/s1",
        "AROAEXAMPLEEXTROLE00:s1",
        "arn:aws:iam::444455556666:role/ext",
    ),
    (
        "arn:aws:sts::111122223333:federated-user/alice",
        "111122223333:alice",
        "arn:aws:sts::111122223333:federated-user/alice",
    ),
    ("cloudtrail.amazonaws.com", "", ""),
];

pub(crate) const SERVICES: &[&str] = &["cloudtrail.amazonaws.com", "ec2.amazonaws.com"];

/// Exceptions that name a principal with its account, and its role: of others the documents do not say what comes.
pub(crate) const EXCEPTIONS: &[&[&str]] = &[
    &["arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:root"],
    &["arn:aws:iam::444455556666:user/bob", "444455556666"],
    &[
        "arn:aws:sts::111122223333:assumed-role/app/i-0abc",
        "arn:aws:iam::111122223333:role/app",
        "111122223333",
    ],
];

pub(crate) const PRINCIPALS: &[&str] = &[
    "*",
    "111122223333",
    "arn:aws:iam::111122223333:root",
    "444455556666",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::111122223333:user/ops/carol",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:iam::111122223333:role/ops/admin",
    "arn:aws:sts::111122223333:assumed-role/app/i-0abc",
    "arn:aws:iam::444455556666:user/bob",
    "arn:aws:iam::444455556666:role/ext",
    "arn:aws:sts::444455556666:assumed-role/ext/s1",
    "arn:aws:sts::111122223333:federated-user/alice",
];

/// A key, values that a request may have, values that a policy may have, operators.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) has: &'static [&'static str],
    pub(crate) asks: &'static [&'static str],
    pub(crate) operators: &'static [&'static str],
}

pub(crate) const TEXT: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
];
pub(crate) const MANY: &[&str] = &[
    "ForAllValues:StringEquals",
    "ForAnyValue:StringEquals",
    "ForAllValues:StringLike",
    "ForAnyValue:StringLike",
    "ForAllValues:StringNotEquals",
    "ForAnyValue:StringNotEquals",
    "ForAllValues:StringNotLike",
    "ForAnyValue:StringNotLike",
];
pub(crate) const DATE: &[&str] = &[
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];
pub(crate) const NUMBER: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
pub(crate) const ARN: &[&str] = &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"];

pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "aws:PrincipalTag/team",
        has: &["red", "blue", "reports", "RED", "*"],
        asks: &["red", "re?", "*", "blue", "${aws:SourceIdentity}", "r${*}"],
        operators: TEXT,
    },
    Key {
        name: "aws:SourceIdentity",
        has: &["jdoe", "alice", "red", "orders"],
        asks: &["jdoe", "j*", "${aws:username}", "${aws:PrincipalTag/team, 'jdoe'}", "JDOE"],
        operators: TEXT,
    },
    Key {
        name: "aws:RequestedRegion",
        has: &["us-east-1", "eu-west-1"],
        asks: &["us-east-1", "eu-*", "us-????-1", "EU-WEST-1"],
        operators: TEXT,
    },
    Key {
        name: "aws:PrincipalOrgID",
        has: &["o-mine", "o-other"],
        asks: &["o-mine", "o-*", "o-none"],
        operators: TEXT,
    },
    Key {
        name: "aws:CalledVia",
        has: &["athena.amazonaws.com", "cloudformation.amazonaws.com", "dynamodb.amazonaws.com"],
        asks: &["athena.amazonaws.com", "cloud*", "*.amazonaws.com"],
        operators: MANY,
    },
    Key {
        name: "aws:PrincipalOrgPaths",
        has: &["o-mine/r-1/ou-a/", "o-other/r-2/ou-b/"],
        asks: &["o-mine/*", "o-mine/r-1/ou-a/", "o-?????/*"],
        operators: MANY,
    },
    Key {
        name: "aws:TokenIssueTime",
        has: &["2026-05-01T09:00:00Z", "2026-05-01T10:00:00Z", "2026-05-02T00:00:00Z"],
        asks: &[
            "2026-05-01T10:00:00Z",
            "2026-05-01T12:00:00+02:00",
            "2026-05-01",
            "2026-05-01T10:00Z",
        ],
        operators: DATE,
    },
    Key {
        name: "aws:CurrentTime",
        has: &["2026-05-01T09:30:00Z", "2026-06-01T00:00:00Z"],
        asks: &["2026-05-15T00:00:00Z", "2026-05-01T09:30:00Z"],
        operators: DATE,
    },
    Key {
        name: "aws:MultiFactorAuthAge",
        has: &["10", "300", "3600", "299.5"],
        asks: &["300", "299.5", "0", "-1", "3600"],
        operators: NUMBER,
    },
    Key {
        name: "aws:MultiFactorAuthPresent",
        has: &["true", "false"],
        asks: &["true", "false", "True"],
        operators: &["Bool"],
    },
    Key {
        name: "aws:SecureTransport",
        has: &["true", "false"],
        asks: &["true", "false"],
        operators: &["Bool"],
    },
    Key {
        name: "aws:ViaAWSService",
        has: &["true", "false"],
        asks: &["true", "false"],
        operators: &["Bool"],
    },
    Key {
        name: "aws:SourceIp",
        has: &["203.0.113.9", "198.51.100.7", "10.1.2.3", "2001:db8::5"],
        asks: &["203.0.113.0/24", "203.0.113.9", "10.0.0.0/8", "2001:DB8::/32", "203.0.113.77/25"],
        operators: &["IpAddress", "NotIpAddress"],
    },
    Key {
        name: "aws:PrincipalArn",
        has: &[],
        asks: &[
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::*:user/alice",
            "arn:aws:iam::111122223333:role/ops/*",
            "arn:*:iam::111122223333:*",
            "arn:aws:iam::111122223333:user/${aws:username}",
        ],
        operators: ARN,
    },
    Key {
        name: "aws:PrincipalAccount",
        has: &[],
        asks: &["111122223333", "444455556666", "1111*"],
        operators: TEXT,
    },
    Key {
        name: "aws:userid",
        has: &[],
        asks: &["AROAEXAMPLEAPPROLE00:*", "AIDAEXAMPLEALICE0000", "*:jane"],
        operators: TEXT,
    },
    Key { name: "aws:username", has: &[], asks: &["alice", "Alice", "c*", "bob"], operators: TEXT },
    Key {
        name: "aws:SourceArn",
        has: &[
            "arn:aws:sns:us-east-1:111122223333:topic",
            "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t",
        ],
        asks: &[
            "arn:aws:sns:*:111122223333:*",
            "arn:aws:*:*:*:trail/*",
            "arn:aws:sns:us-east-1:111122223333:topic",
        ],
        operators: ARN,
    },
];
