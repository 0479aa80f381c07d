//! IAM and STS: users, roles, keys, policies, instance profiles, who calls, and what the policy simulator
//! says. Owns their reads and writes; what is written is decided by the actions.

mod access_key;
mod access_key_owner;
mod access_key_status;
mod account;
mod attached;
mod caller;
mod caller_trust;
mod denied_by;
mod grants;
mod inline_policy;
mod inline_size;
mod instance_profile;
mod login_profile;
mod managed_policy;
mod owned_instance_profile;
mod owned_role;
mod owned_user;
mod permissions;
mod principal_policies;
mod recon;
mod rival;
mod role;
mod simulation;
pub(crate) mod things;
mod trust_policy;
mod user;

pub use access_key::AccessKey;
pub use access_key_owner::AccessKeyOwner;
pub use access_key_status::{AccessKeyStatus, KeyStatus};
pub use attached::{Attached, AttachedAre};
pub use caller::{Caller, CallerIs};
pub use caller_trust::CallerTrust;
pub use denied_by::DeniedBy;
pub use grants::{Grants, GrantsAre, GrantsTo};
pub use inline_policy::{RolePolicy, UserPolicy};
pub use inline_size::{InlineSize, Owner};
pub use instance_profile::{InstanceProfile, ProfileOf, ProfileRole, ProfileUsers};
pub use login_profile::LoginProfile;
pub use managed_policy::{
    ManagedPolicy, RoleAttached, RoleAttachment, UserAttached, UserAttachment, arn as managed_arn,
};
pub use owned_instance_profile::OwnedInstanceProfile;
pub use owned_role::OwnedRole;
pub use owned_user::OwnedUser;
pub use principal_policies::Policies;
pub use recon::{Recon, Seen};
pub use role::{Role, RoleIs};
pub use simulation::{Context, Decision, Simulation};
pub use trust_policy::TrustPolicy;
pub use user::{Key, User, UserIs};

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(iam, aws_sdk_iam);
client!(sts, aws_sdk_sts);

pub(super) const SERVICE: Service = Service {
    global: true,
    denial: ("AccessDenied", 403),
    account: Some(account::ACCOUNT),
    rival: Some(rival::rival),
    ..Service::new("iam", register)
};

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry
        .with::<AccessKey>()
        .with::<AccessKeyStatus>()
        .with::<LoginProfile>()
        .with::<ManagedPolicy>()
        .with::<OwnedInstanceProfile>()
        .with::<OwnedRole>()
        .with::<OwnedUser>()
        .with::<RoleAttachment>()
        .with::<RolePolicy>()
        .with::<TrustPolicy>()
        .with::<UserAttachment>()
        .with::<UserPolicy>()
}
