//! Newtypes over text for AWS ids and names, one macro for all. The forms are in `format`.

use super::Format;

/// Serialize, checked Deserialize, Display, FromStr, AsRef and JsonSchema over one text with a [`Format`].
macro_rules! text_type {
    ($($(#[$meta:meta])* $name:ident),+ $(,)? => $format:ident) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub const FORMAT: Format = Format::$format;

            /// Checks the form.
            pub fn new(text: impl Into<String>) -> Result<Self, super::FormError> {
                let text = text.into();
                Self::FORMAT.check(&text)?;
                Ok(Self(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Stands for a value that AWS has not assigned yet.
            pub fn is_placeholder(&self) -> bool {
                super::is_placeholder(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = super::FormError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = super::FormError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "format": Self::FORMAT.name(),
                    "pattern": Self::FORMAT.pattern(),
                })
            }
        }
    )+};
}

text_type!(/** EC2 instance id. */ InstanceId => Instance);
text_type!(/** EBS volume id. */ VolumeId => Volume);
text_type!(/** EBS snapshot id. */ SnapshotId => Snapshot);
text_type!(/** Security group id. */ SecurityGroupId => SecurityGroup);
text_type!(/** Elastic network interface id. */ NetworkInterfaceId => NetworkInterface);
text_type!(/** Machine image id. */ ImageId => Image);
text_type!(/** Elastic IP allocation id. */ AllocationId => Allocation);
text_type!(/** IAM role name, without path. */ RoleName => Role);
text_type!(/** IAM user name, without path. */ UserName => User);
text_type!(
    /// Access key id, long-lived (`AKIA`) or temporary (`ASIA`), 16 to 128 characters.
    AccessKeyId => AccessKey
);
text_type!(/** Amazon resource name. */ Arn => Arn);
text_type!(/** Account id, 12 digits. */ AccountId => Account);
text_type!(/** Region name. */ Region => Region);
text_type!(/** IPv4 or IPv6 range. */ Cidr => Cidr);
text_type!(/** S3 bucket name. */ BucketName => Bucket);
text_type!(/** Lambda function name, without version or alias. */ FunctionName => Function);
