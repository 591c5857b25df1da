//! Fixtures of DB instances: new, with everything that can be watched, a replica that is promoted, one
//! that is restored from the final snapshot of the one before, and one with a managed password.

use infra_sdk::{Days, Gibibytes, Seconds, Stack};

use super::*;
use crate::conformance::{Fixture, check, conforms};
use crate::iam::{PolicyDocument, Principal, Statement};
use crate::kms::Key;
use crate::rds::subnet_group::tests::subnets;
use crate::rds::{ParameterGroup, SubnetGroup};

fn database(stack: &mut Stack, name: &str, class: &str) -> InstanceArguments {
    let [a, b, _] = subnets(stack);
    let group = stack.add("group", SubnetGroup::new([a, b]).name(format!("{name}-db")));
    let parameters = ParameterGroup::new("postgres16").name(format!("{name}-db"));
    let parameters = stack.add("parameters", parameters);
    let key = stack.add("key", Key::new());
    Instance::new(class)
        .identifier(format!("{name}-db"))
        .engine(Engine::Postgres)
        .engine_version("16.3")
        .allocated_storage(Gibibytes(400))
        .storage_type(StorageType::Gp3)
        .iops(12_000_u32)
        .storage_throughput(500_u32)
        .storage_encrypted(true)
        .kms_key_id(key.arn())
        .username("app")
        .db_subnet_group_name(group.id())
        .parameter_group_name(parameters.id())
        .backup_window("03:00-04:00")
        .maintenance_window("Sun:05:00-Sun:06:00")
        .apply_immediately(true)
        .tag("Name", name)
}

fn monitor(stack: &mut Stack, name: &str) -> crate::iam::role::RoleHandle {
    let service = Principal::service("monitoring.rds.amazonaws.com");
    let trust = Statement::allow().principal(service).action("sts:AssumeRole");
    let trust = PolicyDocument::new().statement(trust);
    stack.add("monitor", Role::new(trust).name(format!("{name}-monitor")))
}

conforms!(
    aws_db_instance,
    Fixture {
        base: |stack, name| {
            let role = monitor(stack, name);
            let it = database(stack, name, "db.t4g.medium").db_name("app").port(5433_u32);
            let it = it.password("correct horse battery").backup_retention_period(Days(7));
            let it = it.enabled_cloudwatch_logs_exports(["postgresql"]);
            let it = it.monitoring_interval(Seconds(60)).monitoring_role_arn(role.arn());
            stack.add("it", it.skip_final_snapshot(true));
        },
        update: Some(|stack, name| {
            let role = monitor(stack, name);
            let it = database(stack, name, "db.r6g.large").db_name("app").port(5433_u32);
            let it = it.password("another horse battery").backup_retention_period(Days(30));
            let it = it.enabled_cloudwatch_logs_exports(["upgrade"]);
            let it = it.monitoring_interval(Seconds(30)).monitoring_role_arn(role.arn());
            let it = it.allocated_storage(Gibibytes(500)).max_allocated_storage(Gibibytes(1000));
            let it = it.copy_tags_to_snapshot(true).multi_az(true);
            let it = it.iam_database_authentication_enabled(true);
            stack.add("it", it.skip_final_snapshot(true).tag("purpose", "changed"));
        }),
        replace: Some(|stack, name| {
            monitor(stack, name);
            let it = database(stack, name, "db.t4g.medium").db_name("other");
            let it = it.password("correct horse battery");
            stack.add("it", it.skip_final_snapshot(true));
        }),
        gaps: &[],
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aws_db_instance_as_a_replica_that_is_promoted() {
    let fixture = Fixture {
        base: |stack, name| {
            let source = database(stack, name, "db.t4g.medium").password("correct horse battery");
            let source = source.backup_retention_period(Days(7)).skip_final_snapshot(true);
            let source = stack.add("source", source);
            let it = Instance::new("db.t4g.medium").identifier(format!("{name}-replica"));
            let it = it.replicate_source_db(source.identifier());
            stack.add("it", it.tag("Name", name));
        },
        update: Some(|stack, name| {
            let source = database(stack, name, "db.t4g.medium").password("correct horse battery");
            let source = source.backup_retention_period(Days(7)).skip_final_snapshot(true);
            stack.add("source", source);
            let it = Instance::new("db.t4g.medium").identifier(format!("{name}-replica"));
            let it = it.engine(Engine::Postgres).allocated_storage(Gibibytes(400));
            let it = it.username("app").password("a horse of its own");
            stack.add("it", it.skip_final_snapshot(true).tag("Name", name));
        }),
        replace: None,
        gaps: &[],
    };
    check("aws_db_instance", fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aws_db_instance_restored_from_the_final_snapshot() {
    let fixture = Fixture {
        base: |stack, name| {
            let it = database(stack, name, "db.t4g.medium").password("correct horse battery");
            stack.add("it", it.final_snapshot_identifier(format!("{name}-last")));
        },
        update: None,
        replace: Some(|stack, name| {
            let _ = database(stack, name, "db.t4g.medium");
            let it = Instance::new("db.t4g.large").identifier(format!("{name}-restored"));
            let it = it.snapshot_identifier(format!("{name}-last"));
            let it = it.password("another horse battery").backup_retention_period(Days(14));
            let it = it.db_subnet_group_name(format!("{name}-db"));
            stack.add("it", it.skip_final_snapshot(true));
        }),
        gaps: &[],
    };
    check("aws_db_instance", fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aws_db_instance_with_a_managed_password() {
    let fixture = Fixture {
        base: |stack, name| {
            let it = database(stack, name, "db.t4g.medium").manage_master_user_password(true);
            stack.add("it", it.skip_final_snapshot(true));
        },
        update: Some(|stack, name| {
            let it = database(stack, name, "db.t4g.medium").password("correct horse battery");
            stack.add("it", it.skip_final_snapshot(true));
        }),
        replace: None,
        gaps: &[],
    };
    check("aws_db_instance", fixture).await;
}
