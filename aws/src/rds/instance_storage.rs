//! What RDS refuses of the storage of a DB instance. Source: RDS API Reference, CreateDBInstance;
//! RDS user guide, DB instance storage.

use super::engine::Family;
use crate::rules::Rules;

/// What kinds of storage there are of an engine, from and to how many gibibytes.
fn sizes(family: Family, kind: &str) -> Option<(i64, i64)> {
    let server = family == Family::SqlServer;
    match (kind, family) {
        ("standard", Family::MariaDb | Family::MySql | Family::Postgres) => Some((5, 3072)),
        ("standard", Family::Oracle) => Some((10, 3072)),
        ("standard", Family::SqlServer) => Some((20, 1024)),
        ("gp2" | "standard", Family::Db2) => None,
        ("gp2" | "gp3", _) => Some((20, if server { 16384 } else { 65536 })),
        ("io1" | "io2", _) if server => Some((20, 65536)),
        ("io1" | "io2", _) => Some((100, 65536)),
        _ => None,
    }
}

/// From this size on the performance of `gp3` can be chosen.
fn chosen_from(family: Family) -> i64 {
    match family {
        Family::SqlServer => 20,
        Family::Oracle => 200,
        _ => 400,
    }
}

pub(super) fn storage(rules: &mut Rules<'_>, family: Option<Family>) {
    let kind = rules.text("storage_type");
    let size = rules.number("allocated_storage");
    if let (Some(family), Some(kind)) = (family, kind) {
        match (sizes(family, kind), size) {
            (None, _) => rules.refuse("storage_type", format!("`{kind}` is not of this engine")),
            (Some((least, most)), Some(size)) if !(least..=most).contains(&size) => {
                let message = format!("must be {least} to {most} GiB with `{kind}`, not {size}");
                rules.refuse("allocated_storage", message);
            }
            _ => {}
        }
    } else if size.is_some_and(|size| !(5..=65536).contains(&size)) {
        rules.refuse("allocated_storage", "must be 5 to 65536 GiB");
    }
    if let Some(kind) = kind {
        performance(rules, family, kind, size);
    }
    if let (Some(size), Some(most)) = (size, rules.number("max_allocated_storage"))
        && most * 10 < size * 11
    {
        let message = format!("must be at least 10 % more than `allocated_storage`, {size}");
        rules.refuse("max_allocated_storage", message);
    }
    if rules.is_true("dedicated_log_volume")
        && kind.is_none_or(|kind| !matches!(kind, "io1" | "io2"))
    {
        rules.refuse("dedicated_log_volume", "needs the storage type `io1` or `io2`");
    }
}

/// Operations a second, and throughput.
fn performance(rules: &mut Rules<'_>, family: Option<Family>, kind: &str, size: Option<i64>) {
    match kind {
        "io1" | "io2" => {
            rules.required(&["iops"], &format!("with the storage type `{kind}`"));
            rules.without(&["storage_throughput"], "with this storage type: it is for `gp3`");
            if let (Some(iops), Some(size)) = (rules.number("iops"), size) {
                // For SQL Server at least one for each gibibyte, else one for two.
                let least = if family == Some(Family::SqlServer) { size } else { (size + 1) / 2 };
                let most = size * if kind == "io1" { 50 } else { 1000 };
                if !(least.max(1000)..=most).contains(&iops) {
                    let least = least.max(1000);
                    let message = format!("must be {least} to {most} with {size} GiB of `{kind}`");
                    rules.refuse("iops", message);
                }
            }
        }
        "gp3" => {
            let from = family.map_or(20, chosen_from);
            if size.is_some_and(|size| size < from) {
                let because = format!("with `gp3` of less than {from} GiB of this engine");
                rules.without(&["iops", "storage_throughput"], &because);
            } else if let (Some(throughput), Some(iops)) =
                (rules.number("storage_throughput"), rules.number("iops"))
                && throughput * 4 > iops
            {
                rules.refuse("storage_throughput", "must be at most a quarter of `iops`");
            }
        }
        _ => rules.without(&["iops", "storage_throughput"], &format!("with `{kind}`")),
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Object, Value};

    use super::*;

    fn wrong(family: Family, kind: &str, size: i64, more: &[(&str, i64)]) -> Vec<String> {
        let mut inputs = Object::from([
            ("storage_type".to_owned(), Value::from(kind)),
            ("allocated_storage".to_owned(), Value::Int(size)),
        ]);
        inputs.extend(more.iter().map(|(name, n)| ((*name).to_owned(), Value::Int(*n))));
        let mut rules = Rules::new(&inputs);
        storage(&mut rules, Some(family));
        rules.finish().into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn storage_has_sizes_by_engine_and_type() {
        assert_eq!(wrong(Family::Postgres, "gp3", 20, &[]), [""; 0]);
        assert_eq!(wrong(Family::Postgres, "gp3", 19, &[]), ["allocated_storage"]);
        assert_eq!(wrong(Family::Postgres, "standard", 5, &[]), [""; 0]);
        assert_eq!(wrong(Family::Postgres, "io1", 99, &[("iops", 1000)]), ["allocated_storage"]);
        assert_eq!(wrong(Family::SqlServer, "gp2", 16385, &[]), ["allocated_storage"]);
        assert_eq!(wrong(Family::Db2, "gp2", 20, &[]), ["storage_type"]);
    }

    #[test]
    fn performance_is_chosen_where_it_can_be() {
        assert_eq!(wrong(Family::MySql, "io1", 100, &[]), ["iops"]);
        assert_eq!(wrong(Family::MySql, "io1", 100, &[("iops", 5000)]), [""; 0]);
        assert_eq!(wrong(Family::MySql, "io1", 100, &[("iops", 5001)]), ["iops"]);
        assert_eq!(wrong(Family::MySql, "io2", 100, &[("iops", 5001)]), [""; 0]);
        assert_eq!(wrong(Family::MySql, "gp2", 100, &[("iops", 3000)]), ["iops"]);
        assert_eq!(wrong(Family::MySql, "gp3", 399, &[("iops", 12000)]), ["iops"]);
        let both = |throughput| [("iops", 12000), ("storage_throughput", throughput)];
        assert_eq!(wrong(Family::MySql, "gp3", 400, &both(3000)), [""; 0]);
        assert_eq!(wrong(Family::MySql, "gp3", 400, &both(3001)), ["storage_throughput"]);
        assert_eq!(wrong(Family::Oracle, "gp3", 200, &both(500)), [""; 0]);
    }

    #[test]
    fn storage_that_grows_has_room_to_grow() {
        let most = |most| wrong(Family::Postgres, "gp3", 100, &[("max_allocated_storage", most)]);
        assert_eq!(most(110), [""; 0]);
        assert_eq!(most(109), ["max_allocated_storage"]);
    }
}
