//! Each mechanism of the gate through real emulators: states and ghosts, echoes, stand-ins,
//! dependencies, routing, CBOR. The first run installs the emulators from PyPI.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do: by a panic"
)]

mod acm;
mod autoscaling;
mod calls;
mod cloudtrail;
mod cloudwatch;
mod ecs;
mod eks;
mod elasticache;
mod iam;
mod kms;
mod logs;
mod rds;
#[path = "../support/mod.rs"]
mod support;
mod wafv2;

use infra_sandbox::{Sandbox, SandboxConfig};

use support::Caller;

/// One sandbox for all, because starting one is most of the time; one after another, because the
/// gate's own looks at other objects count as reads.
#[tokio::test(flavor = "multi_thread")]
async fn every_mechanism_works_through_real_emulators() {
    let folder = tempfile::tempdir().unwrap();
    let config = SandboxConfig::of_a_test(folder.path().join("sandbox"), std::env::vars_os());
    let sandbox = Sandbox::start(config).await.unwrap();
    let aws = Caller::new(&sandbox.endpoint());
    cloudwatch::cloudwatch_is_spoken_to_in_cbor(&aws, &sandbox.control()).await;
    eks::an_eks_cluster_goes_through_its_whole_life(&aws).await;
    rds::a_database_is_modified_and_deleted_slowly(&aws).await;
    rds::a_database_has_a_secret_and_backups_elsewhere(&aws).await;
    elasticache::a_cache_has_as_many_members_as_it_is_told(&aws).await;
    ecs::a_service_rolls_out_and_holds_its_cluster(&aws).await;
    acm::a_certificate_is_issued_when_its_records_are_there(&aws).await;
    wafv2::a_web_acl_and_its_sets_are_held_by_what_they_protect(&aws).await;
    autoscaling::a_group_takes_its_instances_along(&aws).await;
    cloudtrail::a_trail_finds_its_bucket(&aws).await;
    iam::a_policy_is_held_by_its_group(&aws).await;
    logs::a_metric_filter_stands_once_in_its_log_group(&aws).await;
    kms::a_replica_is_as_its_call_said(&aws).await;
    iam::a_user_has_no_credentials_for_single_services(&aws).await;
    sandbox.stop().await;
}
