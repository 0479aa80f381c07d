//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const EXPERIMENTS: &str = "arn:aws:fis:{region}:{account}:experiment/*";
pub(crate) const EXPERIMENT_TEMPLATES: &str =
    "arn:aws:fis:{region}:{account}:experiment-template/*";
pub(crate) const SERVICE_ROLE_FIS: &str =
    "arn:aws:iam::{account}:role/aws-service-role/fis.amazonaws.com/AWSServiceRoleForFIS";
pub(crate) const ACTIONS: &str = "arn:aws:fis:*:*:action/*";
pub(crate) const ROLES: &str = "arn:aws:iam::{account}:role/*";
pub(crate) const SAFETY_LEVERS: &str = "arn:aws:fis:{region}:{account}:safety-lever/*";

pub(crate) const CREATE_EXPERIMENT_TEMPLATE: Permission =
    on("fis:CreateExperimentTemplate", EXPERIMENT_TEMPLATES);
pub(crate) const CREATE_SERVICE_LINKED_ROLE: Permission = on(
    "iam:CreateServiceLinkedRole",
    SERVICE_ROLE_FIS,
)
.only("StringEquals", "iam:AWSServiceName", &["fis.amazonaws.com"]);
pub(crate) const DELETE_EXPERIMENT_TEMPLATE: Permission =
    on("fis:DeleteExperimentTemplate", EXPERIMENT_TEMPLATES);
pub(crate) const DESCRIBE_TAGS: Permission = on("ec2:DescribeTags", "*");
pub(crate) const GET_EXPERIMENT: Permission = on("fis:GetExperiment", EXPERIMENTS);
pub(crate) const GET_SAFETY_LEVER: Permission = on("fis:GetSafetyLever", SAFETY_LEVERS);
pub(crate) const LIST_EXPERIMENTS: Permission = on("fis:ListExperiments", "*");
pub(crate) const LIST_EXPERIMENT_RESOLVED_TARGETS: Permission =
    on("fis:ListExperimentResolvedTargets", EXPERIMENTS);
pub(crate) const LIST_EXPERIMENT_TEMPLATES: Permission = on("fis:ListExperimentTemplates", "*");
pub(crate) const LIST_ROLE_TAGS: Permission = on("iam:ListRoleTags", ROLES);
pub(crate) const PASS_ROLE: Permission =
    on("iam:PassRole", ROLES).only("StringEquals", "iam:PassedToService", &["fis.amazonaws.com"]);
pub(crate) const START_EXPERIMENT: Permission = on("fis:StartExperiment", EXPERIMENTS);
pub(crate) const STOP_EXPERIMENT: Permission = on("fis:StopExperiment", EXPERIMENTS);
pub(crate) const TAG_RESOURCE: Permission = on("fis:TagResource", EXPERIMENTS);
pub(crate) const UPDATE_SAFETY_LEVER_STATE: Permission =
    on("fis:UpdateSafetyLeverState", SAFETY_LEVERS);
