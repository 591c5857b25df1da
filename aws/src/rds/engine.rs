//! Database engines, and what they differ in.
//!
//! The main types are [`Engine`], of instances, and [`ClusterEngine`].

use infra_sdk::Choice;

/// The engine of a DB instance that is in no cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    #[choice("mysql")]
    MySql,
    /// MariaDB.
    #[choice("mariadb")]
    MariaDb,
    /// Oracle Database, Enterprise Edition.
    OracleEe,
    /// Oracle Database, Enterprise Edition, as a container database.
    OracleEeCdb,
    /// Oracle Database, Standard Edition 2.
    #[choice("oracle-se2")]
    OracleSe2,
    /// Oracle Database, Standard Edition 2, as a container database.
    #[choice("oracle-se2-cdb")]
    OracleSe2Cdb,
    /// SQL Server, Enterprise Edition.
    #[choice("sqlserver-ee")]
    SqlServerEe,
    /// SQL Server, Standard Edition.
    #[choice("sqlserver-se")]
    SqlServerSe,
    /// SQL Server, Express Edition.
    #[choice("sqlserver-ex")]
    SqlServerEx,
    /// SQL Server, Web Edition.
    #[choice("sqlserver-web")]
    SqlServerWeb,
    /// Db2, Advanced Edition.
    #[choice("db2-ae")]
    Db2Ae,
    /// Db2, Standard Edition.
    #[choice("db2-se")]
    Db2Se,
    /// RDS Custom for Oracle, Enterprise Edition.
    CustomOracleEe,
    /// RDS Custom for Oracle, Enterprise Edition, as a container database.
    CustomOracleEeCdb,
    /// RDS Custom for Oracle, Standard Edition 2.
    #[choice("custom-oracle-se2")]
    CustomOracleSe2,
    /// RDS Custom for Oracle, Standard Edition 2, as a container database.
    #[choice("custom-oracle-se2-cdb")]
    CustomOracleSe2Cdb,
    /// RDS Custom for SQL Server, Enterprise Edition.
    #[choice("custom-sqlserver-ee")]
    CustomSqlServerEe,
    /// RDS Custom for SQL Server, Standard Edition.
    #[choice("custom-sqlserver-se")]
    CustomSqlServerSe,
    /// RDS Custom for SQL Server, Web Edition.
    #[choice("custom-sqlserver-web")]
    CustomSqlServerWeb,
    /// RDS Custom for SQL Server, Developer Edition.
    #[choice("custom-sqlserver-dev")]
    CustomSqlServerDev,
}

/// The engine of a DB cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ClusterEngine {
    /// Aurora, compatible with PostgreSQL.
    #[choice("aurora-postgresql")]
    AuroraPostgreSql,
    /// Aurora, compatible with MySQL.
    #[choice("aurora-mysql")]
    AuroraMySql,
    /// PostgreSQL: a Multi-AZ cluster with two readable standbys.
    Postgres,
    /// MySQL: a Multi-AZ cluster with two readable standbys.
    #[choice("mysql")]
    MySql,
}

/// What a database engine is a version or an edition of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Db2,
    MariaDb,
    MySql,
    Oracle,
    Postgres,
    SqlServer,
}

impl Family {
    /// The family of an engine by its word.
    pub(super) fn of(engine: &str) -> Option<Self> {
        let engine = engine.trim_start_matches("custom-");
        match engine {
            "mysql" | "aurora-mysql" => Some(Self::MySql),
            "mariadb" => Some(Self::MariaDb),
            "postgres" | "aurora-postgresql" => Some(Self::Postgres),
            _ if engine.starts_with("oracle-") => Some(Self::Oracle),
            _ if engine.starts_with("sqlserver-") => Some(Self::SqlServer),
            _ if engine.starts_with("db2-") => Some(Self::Db2),
            _ => None,
        }
    }

    /// MariaDB, MySQL and PostgreSQL, for which AWS offers most.
    pub(super) fn is_open_source(self) -> bool {
        matches!(self, Self::MariaDb | Self::MySql | Self::Postgres)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_have_the_words_of_the_api() {
        let words = [
            (Engine::Postgres, "postgres"),
            (Engine::OracleEe, "oracle-ee"),
            (Engine::OracleEeCdb, "oracle-ee-cdb"),
            (Engine::CustomOracleEeCdb, "custom-oracle-ee-cdb"),
        ];
        for (engine, word) in words {
            assert_eq!(engine.as_str(), word);
            assert!(Family::of(word).is_some(), "{word}");
        }
        assert_eq!(ClusterEngine::Postgres.as_str(), "postgres");
        assert_eq!(Family::of("custom-sqlserver-dev"), Some(Family::SqlServer));
        assert_eq!(Family::of("neptune"), None);
    }
}
