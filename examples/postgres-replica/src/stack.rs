//! The database, its replica, and the secret that applications connect with.

use infra_aws::kms::{Key, KeyHandle};
use infra_aws::rds::{
    Engine, Instance, InstanceArguments, InstanceHandle, Parameter, ParameterGroup,
    ParameterGroupHandle, StorageType, SubnetGroup,
};
use infra_aws::secretsmanager::{Secret, SecretVersion};
use infra_sdk::prelude::*;

use crate::network::{self, Network};

/// The port that PostgreSQL listens on.
const PORT: i32 = 5432;

/// The database in the server, and its user.
const APPLICATION: &str = "orders";

/// What differs between environments.
#[derive(Debug, Settings)]
pub struct Settings {
    /// IPv4 range of the VPC.
    pub cidr: Ipv4Net,
    /// Class of the machines.
    #[setting(default = "db.t4g.micro")]
    pub instance_class: String,
    /// Storage, in gibibytes. By itself it grows to twice as much.
    #[setting(default = Gibibytes(20))]
    pub storage: Gibibytes,
    /// Keep a standby in another zone, which takes over; nobody reads from it.
    #[setting(default = false)]
    pub standby: bool,
    /// Days that backups are kept. A database with a replica has some.
    #[setting(default = Days(7))]
    pub keep_backups: Days,
}

/// Declares database, replica and secret.
pub fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let name = format!("orders-{}", stack.env().name());
    let network = network::declare(stack, &name, settings.cidr, PORT)?;
    let key = Key::new()
        .description("Encrypts orders")
        .enable_key_rotation(true)
        .deletion_window_in_days(Days(7));
    let key = stack.add("key", key);
    // RDS can make the password itself, but then lets nobody make a replica. Source: RDS user guide,
    // password management with Secrets Manager.
    let password = stack.add("password", random::Password::new(40).special(false)).result();

    let parameters = parameters(stack, &name);
    let primary = primary(stack, &name, settings, &network, &parameters, &key, &password);
    let replica = server(stack, settings, &network, &parameters)
        .identifier(format!("{name}-replica"))
        .replicate_source_db(primary.identifier())
        .skip_final_snapshot(true);
    let replica = stack.add("replica", replica);

    let secret = secret(stack, &name, &key, &password, &primary);
    stack.output("write_to", primary.endpoint());
    stack.output("read_from", replica.endpoint());
    stack.output("secret", secret);
    stack.output("clients_security_group", network.clients.id());
    Ok(())
}

/// Connections without TLS are refused.
fn parameters(stack: &mut Stack, name: &str) -> ParameterGroupHandle {
    let group = ParameterGroup::new("postgres17")
        .name(format!("{name}-17"))
        .parameter([Parameter::new("rds.force_ssl", "1")])
        // Another major version needs another group while the old one is still in use.
        .create_before_destroy(true);
    stack.add("parameters", group)
}

/// What the database and its replica have alike.
fn server(
    stack: &Stack,
    settings: &Settings,
    network: &Network,
    parameters: &ParameterGroupHandle,
) -> InstanceArguments {
    Instance::new(settings.instance_class.as_str())
        .storage_type(StorageType::Gp3)
        .max_allocated_storage(Gibibytes(settings.storage.0 * 2))
        .parameter_group_name(parameters.name())
        .vpc_security_group_ids([network.server.id()])
        .publicly_accessible(false)
        .copy_tags_to_snapshot(true)
        .deletion_protection(stack.env().is_protected())
        .apply_immediately(!stack.env().is_protected())
}

fn primary(
    stack: &mut Stack,
    name: &str,
    settings: &Settings,
    network: &Network,
    parameters: &ParameterGroupHandle,
    key: &KeyHandle,
    password: &Output<String, Global>,
) -> InstanceHandle {
    let subnets: Vec<_> = network.subnets.iter().map(|subnet| subnet.id()).collect();
    let subnets = stack.add("subnets", SubnetGroup::new(subnets).name(name));
    let primary = server(stack, settings, network, parameters)
        .identifier(name)
        .engine(Engine::Postgres)
        .engine_version("17")
        .allocated_storage(settings.storage)
        .storage_encrypted(true)
        .kms_key_id(key.arn())
        .db_name(APPLICATION)
        .username(APPLICATION)
        .password(password)
        .db_subnet_group_name(subnets.name())
        .multi_az(settings.standby)
        .backup_retention_period(settings.keep_backups)
        .delete_automated_backups(!stack.env().is_protected());
    // What is deleted for good in one environment leaves a snapshot in the other.
    let primary = if stack.env().is_protected() {
        primary.final_snapshot_identifier(format!("{name}-final"))
    } else {
        primary.skip_final_snapshot(true)
    };
    stack.add("primary", primary)
}

/// Where applications find the URL of the database, password and all.
fn secret(
    stack: &mut Stack,
    name: &str,
    key: &KeyHandle,
    password: &Output<String, Global>,
    primary: &InstanceHandle,
) -> Output<Arn<Secret>> {
    let window = if stack.env().is_protected() { Days(30) } else { Days(0) };
    let secret = Secret::new()
        .name(format!("{name}/url"))
        .kms_key_id(key.arn())
        .recovery_window_in_days(window)
        .waive("baseline::secret-rotation", "`infra apply --replace password` changes both ends");
    let secret = stack.add("secret", secret);
    let (user, database, endpoint) = (APPLICATION, APPLICATION, primary.endpoint());
    let url = text!(
        "postgresql://",
        user,
        ":",
        password,
        "@",
        endpoint,
        "/",
        database,
        "?sslmode=require"
    );
    stack.add("secret-value", SecretVersion::new(secret.id()).secret_string(url));
    secret.arn()
}
