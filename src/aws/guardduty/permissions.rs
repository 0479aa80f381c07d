//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const DETECTORS: &str = "arn:aws:guardduty:{region}:{account}:detector/*";
pub(crate) const SERVICE_ROLE_GUARDDUTY: &str =
    "arn:aws:iam::{account}:role/aws-service-role/guardduty.amazonaws.com/*";

// Calls on findings have no resource type: a policy that names a detector for them allows nothing.
pub(crate) const ARCHIVE_FINDINGS: Permission = on("guardduty:ArchiveFindings", "*");
pub(crate) const CREATE_DETECTOR: Permission = on("guardduty:CreateDetector", "*");
pub(crate) const CREATE_SAMPLE_FINDINGS: Permission = on("guardduty:CreateSampleFindings", "*");
pub(crate) const CREATE_SERVICE_LINKED_ROLE: Permission =
    on("iam:CreateServiceLinkedRole", SERVICE_ROLE_GUARDDUTY).only(
        "StringLike",
        "iam:AWSServiceName",
        &["guardduty.amazonaws.com", "malware-protection.guardduty.amazonaws.com"],
    );
pub(crate) const DELETE_DETECTOR: Permission = on("guardduty:DeleteDetector", DETECTORS);
pub(crate) const GET_DETECTOR: Permission = on("guardduty:GetDetector", DETECTORS);
pub(crate) const GET_FINDINGS: Permission = on("guardduty:GetFindings", "*");
pub(crate) const LIST_DETECTORS: Permission = on("guardduty:ListDetectors", "*");
pub(crate) const LIST_FINDINGS: Permission = on("guardduty:ListFindings", "*");
pub(crate) const TAG_RESOURCE: Permission = on("guardduty:TagResource", DETECTORS);
pub(crate) const UPDATE_DETECTOR: Permission = on("guardduty:UpdateDetector", DETECTORS);
