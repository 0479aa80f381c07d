//! Settings of IAM: key status, inline policies, login profile, trust policy, and the roles, users and
//! keys that a run makes for itself. Owns their reads and writes; what is written is decided by the
//! actions.

mod access_key;
mod access_key_status;
pub mod document;
mod inline_policy;
mod login_profile;
mod owned_role;
mod owned_user;
mod principal_policies;
mod trust_policy;

pub use access_key::AccessKey;
pub use access_key_status::{AccessKeyStatus, KeyStatus};
pub use inline_policy::{RolePolicy, UserPolicy};
pub use login_profile::LoginProfile;
pub use owned_role::OwnedRole;
pub use owned_user::OwnedUser;
pub use principal_policies::Policies;
pub use trust_policy::TrustPolicy;
