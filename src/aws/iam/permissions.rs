//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const USERS: &str = "arn:aws:iam::{account}:user/*";
pub(crate) const OWNED_USERS: &str = "arn:aws:iam::{account}:user/backburn/*";
pub(crate) const ROLES: &str = "arn:aws:iam::{account}:role/*";
pub(crate) const OWNED_ROLES: &str = "arn:aws:iam::{account}:role/backburn/*";
pub(crate) const INSTANCE_PROFILES: &str = "arn:aws:iam::{account}:instance-profile/*";
pub(crate) const OWNED_INSTANCE_PROFILES: &str =
    "arn:aws:iam::{account}:instance-profile/backburn/*";
pub(crate) const OWNED_POLICIES: &str = "arn:aws:iam::{account}:policy/backburn/*";
pub(crate) const GROUPS: &str = "arn:aws:iam::{account}:group/*";
/// Those of the account, and those of AWS.
pub(crate) const POLICIES: &str = "arn:aws:iam::*:policy/*";

pub(crate) const ADD_ROLE_TO_INSTANCE_PROFILE: Permission =
    on("iam:AddRoleToInstanceProfile", OWNED_INSTANCE_PROFILES);
pub(crate) const ATTACH_ROLE_POLICY: Permission = on("iam:AttachRolePolicy", OWNED_ROLES);
pub(crate) const ATTACH_USER_POLICY: Permission = on("iam:AttachUserPolicy", OWNED_USERS);
pub(crate) const CREATE_ACCESS_KEY: Permission = on("iam:CreateAccessKey", OWNED_USERS);
pub(crate) const CREATE_INSTANCE_PROFILE: Permission =
    on("iam:CreateInstanceProfile", OWNED_INSTANCE_PROFILES);
pub(crate) const CREATE_POLICY: Permission = on("iam:CreatePolicy", OWNED_POLICIES);
pub(crate) const CREATE_ROLE: Permission = on("iam:CreateRole", OWNED_ROLES);
pub(crate) const CREATE_USER: Permission = on("iam:CreateUser", OWNED_USERS);
pub(crate) const DELETE_ACCESS_KEY: Permission = on("iam:DeleteAccessKey", OWNED_USERS);
pub(crate) const DELETE_INSTANCE_PROFILE: Permission =
    on("iam:DeleteInstanceProfile", OWNED_INSTANCE_PROFILES);
pub(crate) const DELETE_LOGIN_PROFILE: Permission = on("iam:DeleteLoginProfile", USERS);
pub(crate) const DELETE_POLICY: Permission = on("iam:DeletePolicy", OWNED_POLICIES);
pub(crate) const DELETE_POLICY_VERSION: Permission = on("iam:DeletePolicyVersion", OWNED_POLICIES);
pub(crate) const DELETE_ROLE: Permission = on("iam:DeleteRole", OWNED_ROLES);
pub(crate) const DELETE_ROLE_POLICY: Permission = on("iam:DeleteRolePolicy", ROLES);
pub(crate) const DELETE_USER: Permission = on("iam:DeleteUser", OWNED_USERS);
pub(crate) const DELETE_USER_POLICY: Permission = on("iam:DeleteUserPolicy", USERS);
pub(crate) const DESCRIBE_IAM_INSTANCE_PROFILE_ASSOCIATIONS: Permission =
    on("ec2:DescribeIamInstanceProfileAssociations", "*");
pub(crate) const DESCRIBE_INSTANCES: Permission = on("ec2:DescribeInstances", "*");
pub(crate) const DETACH_ROLE_POLICY: Permission = on("iam:DetachRolePolicy", OWNED_ROLES);
pub(crate) const DETACH_USER_POLICY: Permission = on("iam:DetachUserPolicy", OWNED_USERS);
pub(crate) const GET_ACCESS_KEY_INFO: Permission = on("sts:GetAccessKeyInfo", "*");
pub(crate) const GET_ACCOUNT_SUMMARY: Permission = on("iam:GetAccountSummary", "*");
pub(crate) const GET_CALLER_IDENTITY: Permission = on("sts:GetCallerIdentity", "*");
pub(crate) const GET_GROUP_POLICY: Permission = on("iam:GetGroupPolicy", GROUPS);
pub(crate) const GET_INSTANCE_PROFILE: Permission = on("iam:GetInstanceProfile", INSTANCE_PROFILES);
pub(crate) const GET_LOGIN_PROFILE: Permission = on("iam:GetLoginProfile", USERS);
pub(crate) const GET_POLICY: Permission = on("iam:GetPolicy", POLICIES);
pub(crate) const GET_POLICY_VERSION: Permission = on("iam:GetPolicyVersion", POLICIES);
pub(crate) const GET_ROLE: Permission = on("iam:GetRole", ROLES);
pub(crate) const GET_ROLE_POLICY: Permission = on("iam:GetRolePolicy", ROLES);
pub(crate) const GET_USER: Permission = on("iam:GetUser", USERS);
pub(crate) const GET_USER_POLICY: Permission = on("iam:GetUserPolicy", USERS);
pub(crate) const LIST_ACCESS_KEYS: Permission = on("iam:ListAccessKeys", USERS);
pub(crate) const LIST_ATTACHED_GROUP_POLICIES: Permission =
    on("iam:ListAttachedGroupPolicies", GROUPS);
pub(crate) const LIST_ATTACHED_ROLE_POLICIES: Permission =
    on("iam:ListAttachedRolePolicies", OWNED_ROLES);
pub(crate) const LIST_ATTACHED_USER_POLICIES: Permission =
    on("iam:ListAttachedUserPolicies", OWNED_USERS);
pub(crate) const LIST_GROUPS_FOR_USER: Permission = on("iam:ListGroupsForUser", OWNED_USERS);
pub(crate) const LIST_GROUP_POLICIES: Permission = on("iam:ListGroupPolicies", GROUPS);
pub(crate) const LIST_POLICY_VERSIONS: Permission = on("iam:ListPolicyVersions", OWNED_POLICIES);
pub(crate) const LIST_ROLE_POLICIES: Permission = on("iam:ListRolePolicies", ROLES);
pub(crate) const LIST_USERS: Permission = on("iam:ListUsers", "*");
pub(crate) const LIST_USER_POLICIES: Permission = on("iam:ListUserPolicies", USERS);
// EC2 has another name in China.
pub(crate) const PASS_ROLE: Permission = on("iam:PassRole", OWNED_ROLES).only(
    "StringEquals",
    "iam:PassedToService",
    &["ec2.amazonaws.com", "ec2.amazonaws.com.cn"],
);
pub(crate) const PUT_ROLE_POLICY: Permission = on("iam:PutRolePolicy", ROLES);
pub(crate) const PUT_USER_POLICY: Permission = on("iam:PutUserPolicy", USERS);
pub(crate) const REMOVE_ROLE_FROM_INSTANCE_PROFILE: Permission =
    on("iam:RemoveRoleFromInstanceProfile", OWNED_INSTANCE_PROFILES);
pub(crate) const REMOVE_USER_FROM_GROUP: Permission = on("iam:RemoveUserFromGroup", GROUPS);
pub(crate) const SIMULATE_PRINCIPAL_POLICY: Permission = on("iam:SimulatePrincipalPolicy", ROLES);
pub(crate) const TAG_INSTANCE_PROFILE: Permission =
    on("iam:TagInstanceProfile", OWNED_INSTANCE_PROFILES);
pub(crate) const TAG_POLICY: Permission = on("iam:TagPolicy", OWNED_POLICIES);
pub(crate) const TAG_ROLE: Permission = on("iam:TagRole", OWNED_ROLES);
pub(crate) const TAG_USER: Permission = on("iam:TagUser", OWNED_USERS);
pub(crate) const UPDATE_ACCESS_KEY: Permission = on("iam:UpdateAccessKey", USERS);
pub(crate) const UPDATE_ASSUME_ROLE_POLICY: Permission = on("iam:UpdateAssumeRolePolicy", ROLES);
