//! Ranges of addresses of VPCs and their subnets, as far as they are known when they are declared: a
//! subnet is inside of its VPC, and no two of a VPC overlap. EC2 says so too (`InvalidSubnet.Range`,
//! `InvalidSubnet.Conflict`), but one subnet at a time and in the middle of an apply.

use std::collections::{BTreeMap, HashMap};

use infra_sdk::ipnet::IpNet;
use infra_sdk::provider::Declared;
use infra_sdk::{Address, Declaration, Diagnostic, Expr};

use super::{Subnet, Vpc};

/// The ranges that a subnet and a VPC have.
const RANGES: [&str; 2] = ["cidr_block", "ipv6_cidr_block"];

/// A range of a declaration.
#[derive(Clone, Copy)]
struct Range<'a> {
    declaration: &'a Declaration,
    name: &'static str,
    range: IpNet,
}

/// What is wrong with the ranges of subnets that are declared together.
pub(crate) fn check_ranges(declared: &[Declared<'_>]) -> Vec<Diagnostic> {
    let of = |type_name: &'static str| {
        declared.iter().filter(move |one| one.declaration.type_name == type_name)
    };
    let vpcs: HashMap<&Address, Range<'_>> = of(Vpc::SCHEMA.type_name)
        .filter_map(|vpc| Some((&vpc.declaration.address, range(vpc, RANGES[0])?)))
        .collect();
    let mut subnets: BTreeMap<String, Vec<Range<'_>>> = BTreeMap::new();
    let mut problems = Vec::new();
    for subnet in of(Subnet::SCHEMA.type_name) {
        let Some(vpc) = subnet.declaration.arguments.inputs.get("vpc_id") else { continue };
        let Some(vpc) = vpc_of(vpc) else { continue };
        for range in RANGES.into_iter().filter_map(|name| range(subnet, name)) {
            if let VpcOf::Declared(address) = vpc
                && let Some(whole) = vpcs.get(address)
                && range.name == whole.name
                && !whole.range.contains(&range.range)
            {
                problems.push(outside(range, *whole));
                continue;
            }
            let others = subnets.entry(vpc.key()).or_default();
            match others.iter().find(|other| overlap(other.range, range.range)) {
                Some(other) => problems.push(conflict(range, *other)),
                None => others.push(range),
            }
        }
    }
    problems
}

/// The VPC of a subnet.
#[derive(Clone, Copy)]
enum VpcOf<'a> {
    /// One of the stack.
    Declared(&'a Address),
    /// Another, by its id.
    Known(&'a str),
}

impl VpcOf<'_> {
    fn key(&self) -> String {
        match self {
            // No address is like an id: it has no place for the space.
            Self::Declared(address) => format!("of {address}"),
            Self::Known(id) => (*id).to_owned(),
        }
    }
}

fn vpc_of(vpc: &Expr) -> Option<VpcOf<'_>> {
    match vpc {
        Expr::Reference(reference) if reference.attribute == "id" => {
            Some(VpcOf::Declared(&reference.address))
        }
        Expr::Value(value) => value.as_str().map(VpcOf::Known),
        _ => None,
    }
}

/// A range that is known, and that the declaration has a say in.
fn range<'a>(declared: &Declared<'a>, name: &'static str) -> Option<Range<'a>> {
    let options = &declared.declaration.arguments.options;
    if options.ignore_changes.iter().any(|ignored| ignored == name) {
        return None;
    }
    let range = declared.inputs.get(name)?.as_str()?.parse().ok()?;
    Some(Range { declaration: declared.declaration, name, range })
}

fn overlap(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}

fn conflict(one: Range<'_>, other: Range<'_>) -> Diagnostic {
    let (range, taken) = (one.range, other.range);
    wrong(one)
        .detail(format!(
            "`{}` {range} overlaps {taken} of `{}`, a subnet of the same VPC{}",
            one.name,
            other.declaration.address,
            declared_at(other.declaration),
        ))
        .hint("give one of the two another range")
}

fn outside(one: Range<'_>, vpc: Range<'_>) -> Diagnostic {
    wrong(one)
        .detail(format!(
            "`{}` {} is not inside {} of the VPC `{}`{}",
            one.name,
            one.range,
            vpc.range,
            vpc.declaration.address,
            declared_at(vpc.declaration),
        ))
        .hint("take a range inside of the VPC's")
}

fn declared_at(declaration: &Declaration) -> String {
    let place = declaration.location.as_ref();
    place.map_or_else(String::new, |place| format!(", declared at {place}"))
}

fn wrong(range: Range<'_>) -> Diagnostic {
    Diagnostic::error("plan::argument", "an argument is wrong")
        .address(&range.declaration.address)
        .location(range.declaration.location.clone())
}

#[cfg(test)]
mod tests {
    use infra_sdk::provider::Declared;
    use infra_sdk::{Address, Arguments, Object, Reference, Value};

    use super::*;

    fn resource(name: &str, type_name: &str, vpc: Option<Expr>, range: &str) -> Declaration {
        let mut arguments = Arguments::default();
        if let Some(vpc) = vpc {
            arguments.set("vpc_id", vpc);
        }
        arguments.set("cidr_block", Expr::Value(Value::from(range)));
        Declaration {
            address: Address::parse(name).expect("valid"),
            type_name: type_name.to_owned(),
            arguments,
            location: None,
        }
    }

    fn vpc(name: &str, range: &str) -> Declaration {
        resource(name, "aws_vpc", None, range)
    }

    fn subnet(name: &str, vpc: &str, range: &str) -> Declaration {
        let vpc = if vpc.starts_with("vpc-") {
            Expr::Value(Value::from(vpc))
        } else {
            let address = Address::parse(vpc).expect("valid");
            Expr::Reference(Reference { address, attribute: "id".to_owned() })
        };
        resource(name, "aws_subnet", Some(vpc), range)
    }

    fn check(declarations: &[Declaration]) -> Vec<String> {
        let inputs = |declaration: &Declaration| -> Object {
            let known = declaration.arguments.inputs.iter();
            let known = known.map(|(name, expr)| match expr {
                Expr::Value(value) => (name.clone(), value.clone()),
                _ => (name.clone(), Value::Unknown),
            });
            known.collect()
        };
        let inputs: Vec<_> = declarations.iter().map(inputs).collect();
        let declared: Vec<_> = declarations
            .iter()
            .zip(&inputs)
            .map(|(declaration, inputs)| Declared { declaration, inputs })
            .collect();
        check_ranges(&declared).into_iter().map(|problem| problem.detail).collect()
    }

    #[test]
    fn subnets_that_share_nothing_are_right() {
        let all = [
            subnet("early", "main", "10.0.0.0/24"),
            vpc("main", "10.0.0.0/16"),
            subnet("a", "main", "10.0.1.0/24"),
            vpc("other", "10.0.0.0/16"),
            subnet("b", "other", "10.0.1.0/24"),
            subnet("c", "vpc-1", "10.0.1.0/24"),
            subnet("d", "vpc-2", "10.0.1.0/24"),
        ];
        assert_eq!(check(&all), [""; 0]);
    }

    #[test]
    fn subnets_of_a_vpc_do_not_overlap() {
        for vpc_id in ["main", "vpc-1"] {
            let all = [
                vpc("main", "10.0.0.0/16"),
                subnet("a", vpc_id, "10.0.0.0/23"),
                subnet("b", vpc_id, "10.0.1.0/24"),
                subnet("c", vpc_id, "10.0.2.0/24"),
            ];
            let expected = "`cidr_block` 10.0.1.0/24 overlaps 10.0.0.0/23 of `a`, a subnet of the \
                            same VPC";
            assert_eq!(check(&all), [expected]);
        }
    }

    #[test]
    fn a_subnet_is_inside_of_its_vpc() {
        let mut all = [vpc("main", "10.0.0.0/16"), subnet("a", "main", "10.1.0.0/24")];
        let expected = "`cidr_block` 10.1.0.0/24 is not inside 10.0.0.0/16 of the VPC `main`";
        assert_eq!(check(&all), [expected]);
        all[0].arguments.options.ignore_changes = vec!["cidr_block".to_owned()];
        assert_eq!(check(&all), [""; 0], "nobody knows what the VPC has");
    }
}
