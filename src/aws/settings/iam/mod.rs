//! Settings of IAM: key status, inline policies, login profile, trust policy. Owns their reads and
//! writes; what is written is decided by the actions.

mod access_key_status;
pub mod document;
mod inline_policy;
mod login_profile;
mod trust_policy;

pub use access_key_status::{AccessKeyStatus, KeyStatus};
pub use inline_policy::{RolePolicy, UserPolicy};
pub use login_profile::LoginProfile;
pub use trust_policy::TrustPolicy;
