//! Fixtures of DB instances.

use infra_sdk::{Days, Gibibytes, Stack};

use super::*;
use crate::conformance::{Fixture, conforms};
use crate::rds::subnet_group::tests::subnets;
use crate::rds::{ParameterGroup, SubnetGroup};

fn database(stack: &mut Stack, name: &str, class: &str) -> InstanceArguments {
    let [a, b, _] = subnets(stack);
    let group = stack.add("group", SubnetGroup::new([a, b]).name(format!("{name}-db")));
    let parameters = ParameterGroup::new("postgres16").name(format!("{name}-db"));
    let parameters = stack.add("parameters", parameters);
    Instance::new(class)
        .identifier(format!("{name}-db"))
        .engine(Engine::Postgres)
        .engine_version("16.3")
        .allocated_storage(Gibibytes(100))
        .storage_type(StorageType::Gp3)
        .storage_encrypted(true)
        .username("app")
        .password("correct horse battery")
        .db_subnet_group_name(group.id())
        .parameter_group_name(parameters.id())
        .backup_window("03:00-04:00")
        .maintenance_window("Sun:05:00-Sun:06:00")
        .skip_final_snapshot(true)
        .apply_immediately(true)
        .tag("Name", name)
}

conforms!(
    aws_db_instance,
    Fixture {
        base: |stack, name| {
            let it = database(stack, name, "db.t4g.medium").db_name("app").port(5433_u32);
            stack.add("it", it.backup_retention_period(Days(7)));
        },
        update: Some(|stack, name| {
            let it = database(stack, name, "db.r6g.large").db_name("app").port(5433_u32);
            let it = it.backup_retention_period(Days(30));
            let it = it.allocated_storage(Gibibytes(200)).max_allocated_storage(Gibibytes(500));
            let it = it.copy_tags_to_snapshot(true).password("another horse battery");
            stack.add("it", it.multi_az(true).tag("purpose", "changed"));
        }),
        replace: Some(|stack, name| {
            let it = database(stack, name, "db.t4g.medium").db_name("other").port(5433_u32);
            stack.add("it", it);
        }),
        gaps: &[],
    }
);
