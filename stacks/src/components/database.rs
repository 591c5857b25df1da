//! A database: a server of PostgreSQL or MySQL with what belongs to it.
//!
//! It is encrypted with the key that it is given, speaks TLS only, is never public, is measured by
//! Enhanced Monitoring and Performance Insights, and writes its logs to log groups that are
//! encrypted and do not grow for ever. In a protected environment it cannot be deleted, leaves a
//! snapshot when it is, and is changed in its maintenance window; elsewhere it is changed at once
//! and goes without a trace.

use infra_aws::ec2::{SecurityGroupHandle, SubnetHandle};
use infra_aws::iam::{RoleHandle, managed};
use infra_aws::kms::KeyHandle;
use infra_aws::logs::LogGroupHandle;
use infra_aws::rds::{
    Engine, Instance, InstanceArguments, InstanceHandle, Parameter, ParameterGroup,
    ParameterGroupHandle, StorageType, SubnetGroup,
};
use infra_aws::sts::Partition;
use infra_sdk::prelude::*;

use super::log_group::{self, Keeping};
use super::{role, suffix};

/// Seconds between measurements of Enhanced Monitoring.
const MONITORING: Seconds = Seconds(60);

/// Days that Performance Insights keeps its data: what is free.
const INSIGHTS: Days = Days(7);

/// What differs between environments.
#[derive(Debug, Clone, Settings)]
pub(crate) struct DatabaseSettings {
    /// Class of the machine.
    #[setting(default = "db.t3.medium")]
    pub instance_class: String,
    /// Storage, in gibibytes. By itself it grows to twice as much.
    #[setting(default = Gibibytes(20))]
    pub allocated_storage: Gibibytes,
    /// Keep a standby in another zone.
    #[setting(default = false)]
    pub multi_az: bool,
    /// Days that backups are kept.
    #[setting(default = Days(7))]
    pub backup_retention: Days,
    /// Snapshot that the database is made of. Naming one replaces a database that is there; once it
    /// is restored, the setting may stay or go.
    pub snapshot: Option<String>,
}

/// What a database is made from.
pub(crate) struct DatabaseArguments<'a> {
    /// Its name in AWS, after which its groups and its role are named too.
    pub(crate) identifier: &'a str,
    /// Its engine and what differs with it.
    pub(crate) engine: DatabaseEngine,
    /// Version, or the beginning of one.
    pub(crate) version: &'a str,
    /// Parameters that are not as the engine has them, besides TLS.
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    /// The database in the server.
    pub(crate) database: &'a str,
    /// The master user.
    pub(crate) username: &'a str,
    /// The master user's password. Without one RDS makes it and keeps it in Secrets Manager.
    pub(crate) password: Option<&'a Output<String, Global>>,
    /// Subnets that it may be in.
    pub(crate) subnets: &'a [SubnetHandle],
    /// Who reaches it.
    pub(crate) security_group: &'a SecurityGroupHandle,
    /// Encrypts storage, backups, insights and a password that RDS makes.
    pub(crate) key: &'a KeyHandle,
    /// Encrypts its logs.
    pub(crate) log_key: &'a KeyHandle,
    /// Days that its logs are kept.
    pub(crate) log_retention: Days,
    /// Whether users of IAM may sign in.
    pub(crate) iam_authentication: bool,
    /// What differs between environments.
    pub(crate) settings: &'a DatabaseSettings,
}

/// Handles of a database.
pub(crate) struct Database {
    /// The server.
    pub(crate) instance: InstanceHandle,
    engine: DatabaseEngine,
    parameters: ParameterGroupHandle,
    monitoring: RoleHandle,
}

/// The engines that the systems use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseEngine {
    PostgreSql,
    MySql,
}

impl DatabaseEngine {
    /// The port that it listens on.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::PostgreSql => 5432,
            Self::MySql => 3306,
        }
    }

    fn engine(self) -> Engine {
        match self {
            Self::PostgreSql => Engine::Postgres,
            Self::MySql => Engine::MySql,
        }
    }

    /// Family of the parameters of a version: major versions of PostgreSQL have one number, those
    /// of MySQL two.
    fn family(self, version: &str) -> String {
        match self {
            Self::PostgreSql => {
                format!("postgres{}", version.split('.').next().unwrap_or_default())
            }
            Self::MySql => {
                format!("mysql{}", version.split('.').take(2).collect::<Vec<_>>().join("."))
            }
        }
    }

    /// Logs worth keeping: the general log of MySQL has every statement, and secrets in them.
    fn logs(self) -> &'static [&'static str] {
        match self {
            Self::PostgreSql => &["postgresql", "upgrade"],
            Self::MySql => &["error", "slowquery"],
        }
    }

    /// The parameter that refuses connections without TLS.
    fn tls_only(self) -> (&'static str, &'static str) {
        match self {
            Self::PostgreSql => ("rds.force_ssl", "1"),
            Self::MySql => ("require_secure_transport", "ON"),
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::MySql => "mysql",
        }
    }

    /// How a URL asks for TLS.
    fn url_query(self) -> &'static str {
        match self {
            Self::PostgreSql => "sslmode=require",
            Self::MySql => "ssl-mode=REQUIRED",
        }
    }
}

impl Database {
    /// The URL that applications connect with: as sensitive as the password in it.
    pub(crate) fn url(
        &self,
        arguments: &DatabaseArguments<'_>,
        password: &Output<String, Global>,
    ) -> Output<String, Global> {
        self.url_of(arguments.username, password, arguments.database)
    }

    /// As [`url`](Self::url), to another database of the server.
    pub(crate) fn url_of(
        &self,
        username: &str,
        password: &Output<String, Global>,
        database: &str,
    ) -> Output<String, Global> {
        let (scheme, query) = (self.engine.scheme(), self.engine.url_query());
        let endpoint = self.instance.endpoint();
        text!(scheme, "://", username, ":", password, "@", endpoint, "/", database, "?", query)
    }
}

/// A password that every engine takes and that stands in URLs as it is.
pub(crate) fn generate_password(stack: &mut Stack, name: &str) -> Output<String, Global> {
    stack.add(name, random::Password::new(40).special(false)).result()
}

/// Declares a database.
///
/// # Errors
/// When the partition is not known.
pub(crate) fn declare(stack: &mut Stack, arguments: &DatabaseArguments<'_>) -> Result<Database> {
    let DatabaseArguments { identifier, engine, settings, .. } = *arguments;
    let parameters = parameter_group(stack, arguments);
    let monitoring = monitoring_role(stack, identifier)?;
    let logs = log_groups(stack, arguments, identifier);
    let ids: Vec<_> = arguments.subnets.iter().map(|subnet| subnet.id()).collect();
    let subnets = stack.add("subnets", SubnetGroup::new(ids).name(identifier));

    let instance = common(stack, arguments, &parameters, &monitoring)
        .engine(engine.engine())
        .engine_version(arguments.version)
        .identifier(identifier)
        .db_name(arguments.database)
        .username(arguments.username)
        .db_subnet_group_name(subnets.name())
        .backup_retention_period(settings.backup_retention)
        .multi_az(settings.multi_az);
    let instance = credentials(instance, arguments);
    let instance = source(stack, instance, arguments);
    let instance = logs.iter().fold(instance, |instance, group| instance.depends_on(group));
    let instance = stack.add("instance", instance);
    Ok(Database { instance, engine, parameters, monitoring })
}

/// Declares a replica of a database, for reading, that is as large as its source.
pub(crate) fn declare_replica(
    stack: &mut Stack,
    arguments: &DatabaseArguments<'_>,
    source: &Database,
) -> InstanceHandle {
    let identifier = format!("{}-replica", arguments.identifier);
    let logs = log_groups(stack, arguments, &identifier);
    // A replica in the same region has its source's key, and no snapshot of its own.
    let replica = common(stack, arguments, &source.parameters, &source.monitoring)
        .identifier(identifier)
        .replicate_source_db(source.instance.identifier())
        .skip_final_snapshot(true);
    let replica = logs.iter().fold(replica, |replica, group| replica.depends_on(group));
    stack.add("replica", replica)
}

/// What a server and its replica have alike.
fn common(
    stack: &Stack,
    arguments: &DatabaseArguments<'_>,
    parameters: &ParameterGroupHandle,
    monitoring: &RoleHandle,
) -> InstanceArguments {
    let settings = arguments.settings;
    let protected = stack.env().is_protected();
    Instance::new(settings.instance_class.as_str())
        .storage_type(StorageType::Gp3)
        .max_allocated_storage(Gibibytes(settings.allocated_storage.0 * 2))
        .parameter_group_name(parameters.name())
        .vpc_security_group_ids([arguments.security_group.id()])
        .iam_database_authentication_enabled(arguments.iam_authentication)
        .publicly_accessible(false)
        .enabled_cloudwatch_logs_exports(arguments.engine.logs().to_vec())
        .monitoring_interval(MONITORING)
        .monitoring_role_arn(monitoring.arn())
        .performance_insights_enabled(true)
        .performance_insights_kms_key_id(arguments.key.arn())
        .performance_insights_retention_period(INSIGHTS)
        .copy_tags_to_snapshot(true)
        .deletion_protection(protected)
        .delete_automated_backups(!protected)
        .apply_immediately(!protected)
}

fn credentials(
    instance: InstanceArguments,
    arguments: &DatabaseArguments<'_>,
) -> InstanceArguments {
    match arguments.password {
        Some(password) => instance.password(password),
        None => instance
            .manage_master_user_password(true)
            .master_user_secret_kms_key_id(arguments.key.arn()),
    }
}

/// What the database is made of, and what is left when it is deleted. What is restored is as large
/// and as encrypted as it was.
fn source(
    stack: &mut Stack,
    instance: InstanceArguments,
    arguments: &DatabaseArguments<'_>,
) -> InstanceArguments {
    let DatabaseArguments { identifier, settings, .. } = *arguments;
    let instance = match &settings.snapshot {
        Some(snapshot) => instance.snapshot_identifier(snapshot.as_str()),
        None => instance.storage_encrypted(true).kms_key_id(arguments.key.arn()),
    };
    let instance = instance.allocated_storage(settings.allocated_storage);
    if stack.env().is_protected() {
        let suffix = suffix::declare(stack, "final-snapshot", settings.snapshot.as_deref());
        instance.final_snapshot_identifier(text!(identifier, "-final-", suffix))
    } else {
        instance.skip_final_snapshot(true)
    }
}

fn parameter_group(stack: &mut Stack, arguments: &DatabaseArguments<'_>) -> ParameterGroupHandle {
    let engine = arguments.engine;
    let parameters = [engine.tls_only()].into_iter().chain(arguments.parameters.iter().copied());
    let parameters: Vec<_> = parameters.map(|(name, value)| Parameter::new(name, value)).collect();
    let family = engine.family(arguments.version);
    // Another major version needs another family, so the family is in the name.
    let name = format!("{}-{}", arguments.identifier, family.replace('.', "-"));
    let group = ParameterGroup::new(family).name(name).parameter(parameters);
    stack.add("parameters", group.create_before_destroy(true))
}

fn monitoring_role(stack: &mut Stack, identifier: &str) -> Result<RoleHandle> {
    let partition = stack.lookup(Partition)?;
    let publish = managed::AMAZON_RDS_ENHANCED_MONITORING_ROLE.arn(&partition);
    let service = "monitoring.rds.amazonaws.com";
    Ok(role::service(stack, identifier, "monitoring", service, &[("publish", publish)]))
}

/// The groups that RDS writes a server's logs to; it would make them itself, without a key and for
/// ever. Source: RDS user guide, publishing database logs to CloudWatch Logs.
fn log_groups(
    stack: &mut Stack,
    arguments: &DatabaseArguments<'_>,
    identifier: &str,
) -> Vec<LogGroupHandle> {
    let mut handles = Vec::new();
    let keeping = Keeping { key: arguments.log_key, days: arguments.log_retention };
    let whose = if identifier == arguments.identifier { "log" } else { "replica-log" };
    for log in arguments.engine.logs() {
        let path = format!("/aws/rds/instance/{identifier}/{log}");
        handles.push(log_group::declare(stack, &format!("{whose}-{log}"), path, keeping));
    }
    handles
}
