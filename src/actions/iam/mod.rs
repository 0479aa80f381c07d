//! Actions on principals, and those that make some for a drill. Owns the deny documents, the lock-out
//! check and the trust repair that they share; one file an action.

mod assume;
pub mod create_access_key;
pub mod create_instance_profile;
pub mod create_role;
pub mod create_user;
mod deny;
pub mod deny_user_sessions;
pub mod disable_access_key;
pub mod disable_console_access;
mod lockout;
pub mod recon;
pub mod repair_trust_policy;
pub mod revoke_instance_role;
mod simulated;
#[cfg(test)]
mod tests;
mod trust;
pub mod try_key;
