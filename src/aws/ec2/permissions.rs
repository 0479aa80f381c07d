//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const ELASTIC_IPS: &str = "arn:aws:ec2:{region}:{account}:elastic-ip/*";
pub(crate) const INSTANCES: &str = "arn:aws:ec2:{region}:{account}:instance/*";
pub(crate) const NETWORK_INTERFACES: &str = "arn:aws:ec2:{region}:{account}:network-interface/*";
pub(crate) const SNAPSHOTS_ANYWHERE: &str = "arn:aws:ec2:*::snapshot/*";
pub(crate) const IMAGES: &str = "arn:aws:ec2:{region}::image/*";
pub(crate) const SNAPSHOTS: &str = "arn:aws:ec2:{region}::snapshot/*";
pub(crate) const VOLUMES: &str = "arn:aws:ec2:{region}:{account}:volume/*";
pub(crate) const SECURITY_GROUPS: &str = "arn:aws:ec2:{region}:{account}:security-group/*";
// A shared VPC and its subnets belong to another account, and so do their ARNs.
// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html>
pub(crate) const SUBNETS: &str = "arn:aws:ec2:{region}:*:subnet/*";
pub(crate) const VPCS: &str = "arn:aws:ec2:{region}:*:vpc/*";
pub(crate) const OWN_RESOURCES: &str = "arn:aws:ec2:{region}:{account}:*/*";
pub(crate) const SHARED_RESOURCES: &str = "arn:aws:ec2:{region}::*/*";
pub(crate) const KEYS_ANYWHERE: &str = "arn:aws:kms:*:*:key/*";
// A key may be another account's.
pub(crate) const KEYS_HERE: &str = "arn:aws:kms:{region}:*:key/*";
pub(crate) const KEYS: &str = "arn:aws:kms:{region}:{account}:key/*";
pub(crate) const ROLES: &str = "arn:aws:iam::{account}:role/*";

pub(crate) const ASSOCIATE_ADDRESS: Permission = on("ec2:AssociateAddress", ELASTIC_IPS);
pub(crate) const ASSOCIATE_IAM_INSTANCE_PROFILE: Permission =
    on("ec2:AssociateIamInstanceProfile", INSTANCES);
pub(crate) const AUTHORIZE_SECURITY_GROUP_EGRESS: Permission =
    on("ec2:AuthorizeSecurityGroupEgress", SECURITY_GROUPS);
pub(crate) const AUTHORIZE_SECURITY_GROUP_INGRESS: Permission =
    on("ec2:AuthorizeSecurityGroupIngress", SECURITY_GROUPS);
pub(crate) const COPY_SNAPSHOT: Permission = on("ec2:CopySnapshot", SNAPSHOTS_ANYWHERE);
// What EC2 needs of a customer key; the grant is for EC2 itself.
// <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html>
pub(crate) const CREATE_GRANT: Permission =
    on("kms:CreateGrant", KEYS_ANYWHERE).only("Bool", "kms:GrantIsForAWSResource", &["true"]);
pub(crate) const CREATE_IMAGE: Permission = on("ec2:CreateImage", INSTANCES);
pub(crate) const CREATE_SECURITY_GROUP: Permission = on("ec2:CreateSecurityGroup", SECURITY_GROUPS);
pub(crate) const CREATE_SNAPSHOT: Permission = on("ec2:CreateSnapshot", VOLUMES);
pub(crate) const CREATE_SNAPSHOTS: Permission = on("ec2:CreateSnapshots", INSTANCES);
pub(crate) const CREATE_SUBNET: Permission = on("ec2:CreateSubnet", SUBNETS);
pub(crate) const CREATE_TAGS: Permission = on("ec2:CreateTags", SNAPSHOTS_ANYWHERE);
pub(crate) const CREATE_VPC: Permission = on("ec2:CreateVpc", VPCS);
pub(crate) const DECRYPT: Permission = on("kms:Decrypt", KEYS_ANYWHERE);
pub(crate) const DELETE_SECURITY_GROUP: Permission = on("ec2:DeleteSecurityGroup", SECURITY_GROUPS);
pub(crate) const DELETE_SNAPSHOT: Permission = on("ec2:DeleteSnapshot", SNAPSHOTS_ANYWHERE);
pub(crate) const DELETE_SUBNET: Permission = on("ec2:DeleteSubnet", SUBNETS);
pub(crate) const DELETE_TAGS: Permission = on("ec2:DeleteTags", OWN_RESOURCES);
pub(crate) const DELETE_VOLUME: Permission = on("ec2:DeleteVolume", VOLUMES);
pub(crate) const DELETE_VPC: Permission = on("ec2:DeleteVpc", VPCS);
pub(crate) const DEREGISTER_IMAGE: Permission = on("ec2:DeregisterImage", IMAGES);
pub(crate) const DESCRIBE_ADDRESSES: Permission = on("ec2:DescribeAddresses", "*");
pub(crate) const DESCRIBE_AVAILABILITY_ZONES: Permission = on("ec2:DescribeAvailabilityZones", "*");
pub(crate) const DESCRIBE_IAM_INSTANCE_PROFILE_ASSOCIATIONS: Permission =
    on("ec2:DescribeIamInstanceProfileAssociations", "*");
pub(crate) const DESCRIBE_IMAGES: Permission = on("ec2:DescribeImages", "*");
pub(crate) const DESCRIBE_INSTANCES: Permission = on("ec2:DescribeInstances", "*");
pub(crate) const DESCRIBE_INSTANCE_ATTRIBUTE: Permission =
    on("ec2:DescribeInstanceAttribute", INSTANCES);
pub(crate) const DESCRIBE_KEY: Permission = on("kms:DescribeKey", KEYS_ANYWHERE);
pub(crate) const DESCRIBE_NETWORK_ACLS: Permission = on("ec2:DescribeNetworkAcls", "*");
pub(crate) const DESCRIBE_NETWORK_INTERFACES: Permission = on("ec2:DescribeNetworkInterfaces", "*");
pub(crate) const DESCRIBE_SECURITY_GROUPS: Permission = on("ec2:DescribeSecurityGroups", "*");
pub(crate) const DESCRIBE_SNAPSHOTS: Permission = on("ec2:DescribeSnapshots", "*");
pub(crate) const DESCRIBE_SNAPSHOT_ATTRIBUTE: Permission =
    on("ec2:DescribeSnapshotAttribute", SNAPSHOTS);
pub(crate) const DESCRIBE_SPOT_INSTANCE_REQUESTS: Permission =
    on("ec2:DescribeSpotInstanceRequests", "*");
pub(crate) const DESCRIBE_SUBNETS: Permission = on("ec2:DescribeSubnets", "*");
pub(crate) const DESCRIBE_TAGS: Permission = on("ec2:DescribeTags", "*");
pub(crate) const DESCRIBE_ROUTE_TABLES: Permission = on("ec2:DescribeRouteTables", "*");
pub(crate) const DESCRIBE_TRUNK_INTERFACE_ASSOCIATIONS: Permission =
    on("ec2:DescribeTrunkInterfaceAssociations", "*");
pub(crate) const DESCRIBE_VPC_ENDPOINTS: Permission = on("ec2:DescribeVpcEndpoints", "*");
pub(crate) const DESCRIBE_VOLUMES: Permission = on("ec2:DescribeVolumes", "*");
pub(crate) const DESCRIBE_VPCS: Permission = on("ec2:DescribeVpcs", "*");
pub(crate) const DISASSOCIATE_ADDRESS: Permission = on("ec2:DisassociateAddress", ELASTIC_IPS);
pub(crate) const DISASSOCIATE_IAM_INSTANCE_PROFILE: Permission =
    on("ec2:DisassociateIamInstanceProfile", INSTANCES);
pub(crate) const GENERATE_DATA_KEY_WITHOUT_PLAINTEXT: Permission =
    on("kms:GenerateDataKeyWithoutPlaintext", KEYS_ANYWHERE);
pub(crate) const GET_SNAPSHOT_BLOCK: Permission = on("ebs:GetSnapshotBlock", SNAPSHOTS);
pub(crate) const LIST_CHANGED_BLOCKS: Permission = on("ebs:ListChangedBlocks", SNAPSHOTS);
pub(crate) const LIST_SNAPSHOT_BLOCKS: Permission = on("ebs:ListSnapshotBlocks", SNAPSHOTS);
pub(crate) const MODIFY_INSTANCE_ATTRIBUTE: Permission =
    on("ec2:ModifyInstanceAttribute", INSTANCES);
pub(crate) const MODIFY_NETWORK_INTERFACE_ATTRIBUTE: Permission =
    on("ec2:ModifyNetworkInterfaceAttribute", NETWORK_INTERFACES);
pub(crate) const MODIFY_SNAPSHOT_ATTRIBUTE: Permission =
    on("ec2:ModifySnapshotAttribute", SNAPSHOTS);
// EC2 has another name in China.
// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
pub(crate) const PASS_ROLE: Permission = on("iam:PassRole", ROLES).only(
    "StringEquals",
    "iam:PassedToService",
    &["ec2.amazonaws.com", "ec2.amazonaws.com.cn"],
);
pub(crate) const REPLACE_IAM_INSTANCE_PROFILE_ASSOCIATION: Permission =
    on("ec2:ReplaceIamInstanceProfileAssociation", INSTANCES);
pub(crate) const REVOKE_SECURITY_GROUP_EGRESS: Permission =
    on("ec2:RevokeSecurityGroupEgress", SECURITY_GROUPS);
pub(crate) const REVOKE_SECURITY_GROUP_INGRESS: Permission =
    on("ec2:RevokeSecurityGroupIngress", SECURITY_GROUPS);
pub(crate) const RE_ENCRYPT_FROM: Permission = on("kms:ReEncryptFrom", KEYS_ANYWHERE);
pub(crate) const RE_ENCRYPT_TO: Permission = on("kms:ReEncryptTo", KEYS_ANYWHERE);
pub(crate) const RUN_INSTANCES: Permission = on("ec2:RunInstances", INSTANCES);
pub(crate) const START_INSTANCES: Permission = on("ec2:StartInstances", INSTANCES);
pub(crate) const STOP_INSTANCES: Permission = on("ec2:StopInstances", INSTANCES);
pub(crate) const TERMINATE_INSTANCES: Permission = on("ec2:TerminateInstances", INSTANCES);
