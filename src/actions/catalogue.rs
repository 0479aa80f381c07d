//! The list of actions: one line each. Owns the list, its lookup, and its form as plain data for the
//! compiler.

use super::{
    Entry,
    backup::{
        back_up::BackUp, create_vault::CreateVault, find_restore_test::FindRestoreTest,
        latest_point::LatestPoint, report_validation::ReportValidation, restore::Restore,
    },
    cloudtrail::{
        check_logging::CheckLogging, create_trail::CreateTrail, start_logging::StartLogging,
        stop_logging::StopLogging,
    },
    cloudwatch::{check_alarm::CheckAlarm, create_alarm::CreateAlarm},
    core::{assert::Assert, manual::Manual, wait::Wait},
    drill::{
        begin_recovery::BeginRecovery, begin_response::BeginResponse, detect::Detect, guard::Guard,
        mark::Mark, try_again::TryAgain, watch::Watch,
    },
    dynamodb::{
        self, compare_items::CompareItems, create_table::CreateTable,
        overwrite_items::OverwriteItems,
    },
    ec2::{
        check_instance::CheckInstance, check_network_acl::CheckNetworkAcl,
        compare_volume::CompareVolume, copy_snapshot::CopySnapshot, create_image::CreateImage,
        create_network::CreateNetwork, isolate_instance::IsolateInstance,
        probe_throttling::ProbeThrottling, protect_instance::ProtectInstance,
        run_instance::RunInstance, share_snapshot::ShareSnapshot,
        snapshot_volumes::SnapshotVolumes, stop_instance::StopInstance, tag_resource::TagResource,
    },
    entry,
    fis::{
        await_effect::AwaitEffect, await_experiment::AwaitExperiment, run_experiment::RunExperiment,
    },
    guardduty::{create_sample_findings::CreateSampleFindings, enable::Enable},
    iam::{
        create_access_key::CreateAccessKey, create_instance_profile::CreateInstanceProfile,
        create_role::CreateRole, create_user::CreateUser, deny_user_sessions::DenyUserSessions,
        disable_access_key::DisableAccessKey, disable_console_access::DisableConsoleAccess,
        recon::Recon, repair_trust_policy::RepairTrustPolicy,
        revoke_instance_role::RevokeInstanceRole, try_key::TryKey,
    },
    lambda::throttle_function::ThrottleFunction,
    s3::{
        self, block_public_access::BlockPublicAccess,
        check_public_access_block::CheckPublicAccessBlock, compare_objects::CompareObjects,
        create_bucket::CreateBucket, lift_public_access_block::LiftPublicAccessBlock,
        overwrite_objects::OverwriteObjects, suspend_versioning::SuspendVersioning,
    },
    ssm::run_command::RunCommand,
};
use crate::playbook::catalogue::{ActionInfo, Catalogue, Schema};

/// All actions, by name.
pub const ALL: &[Entry] = &[
    entry::<BackUp>(),
    entry::<CreateVault>(),
    entry::<FindRestoreTest>(),
    entry::<LatestPoint>(),
    entry::<ReportValidation>(),
    entry::<Restore>(),
    entry::<CheckLogging>(),
    entry::<CreateTrail>(),
    entry::<StartLogging>(),
    entry::<StopLogging>(),
    entry::<CheckAlarm>(),
    entry::<CreateAlarm>(),
    entry::<Assert>(),
    entry::<Manual>(),
    entry::<Wait>(),
    entry::<BeginRecovery>(),
    entry::<BeginResponse>(),
    entry::<Detect>(),
    entry::<Guard>(),
    entry::<Mark>(),
    entry::<TryAgain>(),
    entry::<Watch>(),
    entry::<CompareItems>(),
    entry::<CreateTable>(),
    entry::<OverwriteItems>(),
    entry::<dynamodb::write_canary::WriteCanary>(),
    entry::<CheckInstance>(),
    entry::<CheckNetworkAcl>(),
    entry::<CompareVolume>(),
    entry::<CopySnapshot>(),
    entry::<CreateImage>(),
    entry::<CreateNetwork>(),
    entry::<IsolateInstance>(),
    entry::<ProbeThrottling>(),
    entry::<ProtectInstance>(),
    entry::<RevokeInstanceRole>(),
    entry::<RunInstance>(),
    entry::<ShareSnapshot>(),
    entry::<SnapshotVolumes>(),
    entry::<StopInstance>(),
    entry::<TagResource>(),
    entry::<AwaitEffect>(),
    entry::<AwaitExperiment>(),
    entry::<RunExperiment>(),
    entry::<CreateSampleFindings>(),
    entry::<Enable>(),
    entry::<CreateAccessKey>(),
    entry::<CreateInstanceProfile>(),
    entry::<CreateRole>(),
    entry::<CreateUser>(),
    entry::<DenyUserSessions>(),
    entry::<DisableAccessKey>(),
    entry::<DisableConsoleAccess>(),
    entry::<Recon>(),
    entry::<RepairTrustPolicy>(),
    entry::<TryKey>(),
    entry::<ThrottleFunction>(),
    entry::<BlockPublicAccess>(),
    entry::<CheckPublicAccessBlock>(),
    entry::<CompareObjects>(),
    entry::<CreateBucket>(),
    entry::<LiftPublicAccessBlock>(),
    entry::<OverwriteObjects>(),
    entry::<SuspendVersioning>(),
    entry::<s3::write_canary::WriteCanary>(),
    entry::<RunCommand>(),
];

pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.spec.name == name)
}

/// The catalogue as the compiler reads it.
pub fn catalogue() -> Catalogue {
    ALL.iter().map(info).collect()
}

fn info(entry: &Entry) -> ActionInfo {
    let spec = entry.spec;
    ActionInfo {
        name: spec.name.into(),
        summary: spec.summary.into(),
        phase: spec.phase,
        contains: spec.contains,
        irreversible: spec.irreversible,
        effects: spec.effects,
        inputs: Schema::new(entry.inputs),
        outputs: Schema::new(entry.outputs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_well_formed() {
        let names: Vec<&str> = ALL.iter().map(|entry| entry.spec.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        let word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        for name in names {
            let (service, action) = name.split_once('.').expect("service.verb-noun");
            assert!(word(service) && word(action), "{name}");
        }
    }

    #[test]
    fn the_catalogue_of_tests_has_the_effects_of_this_one() {
        for small in crate::playbook::testing::catalogue().iter() {
            if let Some(real) = find(&small.name) {
                assert_eq!(small.effects, real.spec.effects, "{}", small.name);
            }
        }
    }

    #[test]
    fn every_action_says_what_it_is() {
        for entry in ALL {
            let spec = entry.spec;
            assert!(spec.text().lines().count() > 2, "`{}` has no page", spec.name);
            assert!(!spec.summary.ends_with('.'), "{}", spec.name);
            let verdict = spec.text().contains("Verdict:");
            assert_eq!(verdict, spec.contains, "page of `{}` and its verdict", spec.name);
        }
    }

    #[test]
    fn schemas_are_objects_with_kebab_case_names() {
        for entry in ALL {
            for schema in [(entry.inputs)(), (entry.outputs)()] {
                assert_eq!(schema["type"], "object", "{}: {schema}", entry.spec.name);
                assert!(!schema.to_string().contains("$ref"), "{}: {schema}", entry.spec.name);
                let properties = schema["properties"].as_object().expect("properties");
                for name in properties.keys() {
                    assert!(!name.contains('_'), "{}: `{name}`", entry.spec.name);
                }
            }
            let inputs = (entry.inputs)();
            assert_eq!(inputs["additionalProperties"], false, "{}", entry.spec.name);
        }
    }
}
