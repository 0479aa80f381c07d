//! Facts of IAM and STS: users, roles, instance profiles, who calls, whose a key is, and what the
//! policy simulator says. Owns reads only.

mod access_key_owner;
mod caller;
mod denied_by;
mod inline_size;
mod instance_profile;
mod recon;
mod role;
mod simulation;
mod user;

pub use access_key_owner::AccessKeyOwner;
pub use caller::{Caller, CallerIs};
pub use denied_by::DeniedBy;
pub use inline_size::{InlineSize, Owner};
pub use instance_profile::{InstanceProfile, ProfileOf, ProfileRole, ProfileUsers};
pub use recon::{Recon, Seen};
pub use role::{Role, RoleIs};
pub use simulation::{Context, Decision, Simulation};
pub use user::{Key, User, UserIs};
