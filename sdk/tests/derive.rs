//! What the derives make of definitions: schemas, builders, handles, conversions.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::kind::Problem;
use infra_sdk::stack::Answerer;
use infra_sdk::{
    Arguments, Arn, Block, BlockSet, Choice, CommonOptions as _, Declarations, Diagnostic,
    Environment, Expr, FieldType, Function, Global, Handle as _, Home, Kind, Location,
    LookupAnswer, Object, Output, Outputs, Resource, ResourceOutputs as _, ResourceType, Schema,
    Stack, Tags, Value, text,
};

infra_sdk::id_types! {
    /// Identifies a VPC.
    VpcId("VPC id", "vpc-");
    /// Identifies a role.
    RoleId("role name", "");
}

infra_sdk::region! {
    /// Where backups go.
    pub Recovery
}

/// A virtual private cloud.
///
/// With a second paragraph.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_vpc", outputs = VpcOutputs, validate = no_empty_name)]
pub struct Vpc {
    /// IPv4 range of the VPC.
    #[field(force_new)]
    pub cidr_block: Ipv4Net,
    /// Give instances DNS names.
    #[field(default = false)]
    pub enable_dns_hostnames: bool,
    /// Chosen by AWS when absent.
    #[field(computed, force_new)]
    pub instance_tenancy: Option<Tenancy>,
    /// A raw identifier.
    #[field(default = "main")]
    pub r#type: String,
    /// A secret.
    #[field(sensitive, write_only)]
    pub password: Option<String>,
    /// Networks that may connect.
    #[field(required)]
    pub peers: BTreeSet<Ipv4Net>,
    /// The VPC to peer with, in any region.
    #[field(any_region)]
    pub peer_vpc_id: Option<VpcId>,
    /// Rules.
    pub rule: BlockSet<Rule>,
    /// How many.
    #[field(default = 3, range = 1..=5)]
    pub count: u32,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`Vpc`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct VpcOutputs {
    /// Its id.
    pub id: VpcId,
    /// Its ARN.
    pub arn: Arn<Vpc>,
    /// The default route table, where there is one.
    pub route_table: Option<String>,
    /// A key that AWS makes.
    #[field(sensitive)]
    pub key: String,
}

/// Whether instances have their hardware to themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum Tenancy {
    /// No.
    Default,
    /// Yes.
    #[choice("DEDICATED")]
    Dedicated,
    /// The host is the user's own.
    OwnHost,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Rule {
    /// First port.
    #[field(range = 0..=65_535)]
    pub port: i64,
    /// The other side.
    pub vpc_id: Option<VpcId>,
    /// Where it applies.
    pub filter: Option<Filter>,
}

/// A block inside of a block.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Filter {
    /// Prefix of names.
    #[field(default = "logs/")]
    pub prefix: String,
    /// A secret inside.
    #[field(sensitive)]
    pub token: Option<String>,
}

/// A role: of a service without regions.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_iam_role", outputs = RoleOutputs, global)]
pub struct Role {
    /// Its name.
    #[field(computed, force_new)]
    pub name: Option<String>,
    /// VPCs that it is for.
    pub vpcs: Vec<VpcId>,
    /// Rules.
    pub rule: Vec<Rule>,
}

/// What AWS assigns to a [`Role`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RoleOutputs {
    /// Its id.
    pub id: RoleId,
    /// Its ARN.
    pub arn: Arn<Role>,
}

/// More required arguments than a function should have, in a type that nobody else sees.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_wide", outputs = VpcOutputs, stateful)]
struct Wide {
    /// First.
    a: String,
    /// Second, with the name of a part of the builder.
    arguments: String,
    /// Third.
    c: u32,
    /// Fourth.
    d: u32,
    /// Fifth.
    e: bool,
    /// Sixth.
    f: bool,
    /// Seventh.
    #[field(sensitive)]
    g: String,
    /// Eighth.
    h: String,
    /// Never set.
    i: Option<String>,
}

/// The answer to a lookup.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct Zones {
    /// Names of the zones.
    pub names: Vec<String>,
}

fn no_empty_name(object: &Object) -> Vec<Problem> {
    let empty = object.get("type").and_then(Value::as_str) == Some("");
    let problem = || Problem { path: "type".to_owned(), message: "must not be empty".to_owned() };
    empty.then(problem).into_iter().collect()
}

struct Nobody;

impl Answerer for Nobody {
    fn answer(
        &mut self,
        name: &str,
        _: &BTreeMap<String, Value>,
        _: Option<&str>,
        _: &Location,
    ) -> Result<Value, Diagnostic> {
        Err(Diagnostic::error("test::lookup", name))
    }
}

fn declare(run: impl FnOnce(&mut Stack)) -> Declarations {
    let environment =
        Environment { name: "test".to_owned(), region: "us-west-2".to_owned(), protected: false };
    let mut stack = Stack::new(environment, Box::new(Nobody));
    run(&mut stack);
    stack.take_declarations()
}

fn network(second: u8) -> Ipv4Net {
    Ipv4Net::new_assert([10, second, 0, 0].into(), 16)
}

fn vpc() -> infra_sdk::Result<Arguments> {
    let declared = declare(|stack| {
        stack.add("vpc", Vpc::new(network(0), [network(1)]));
    });
    Ok(declared.resources[0].arguments.clone())
}

#[test]
fn the_schema_says_what_the_definition_says() {
    let wide: &'static Schema = &<Wide as ResourceType>::SCHEMA;
    let schema: &'static Schema = &<Vpc as ResourceType>::SCHEMA;
    assert_eq!((wide.stateful, schema.stateful), (true, false));
    assert_eq!(schema.type_name, "aws_vpc");
    assert_eq!(schema.doc, "A virtual private cloud.\n\nWith a second paragraph.");
    let field = |name: &str| *schema.input(name).expect("there is such a field");
    let flags = |name: &str| {
        let field = field(name);
        [field.required, field.computed, field.force_new, field.sensitive, field.write_only]
    };
    assert_eq!(flags("cidr_block"), [true, false, true, false, false]);
    assert_eq!(flags("enable_dns_hostnames"), [false; 5]);
    assert_eq!(flags("instance_tenancy"), [false, true, true, false, false]);
    assert_eq!(flags("password"), [false, false, false, true, true]);
    assert_eq!(flags("peers"), [true, false, false, false, false]);
    assert_eq!(flags("rule"), [false; 5]);
    assert_eq!(field("type").doc, "A raw identifier.");
    assert_eq!(field("count").range, Some((1, 5)));
    assert_eq!(field("count").default.map(|default| default()), Some(Value::Int(3)));
    assert_eq!(schema.tags().map(|field| field.name), Some("tags"));
    let Kind::Set(Kind::Block(rule)) = field("rule").kind else { panic!("a set of blocks") };
    assert_eq!(
        rule.iter().map(|field| field.name).collect::<Vec<_>>(),
        ["port", "vpc_id", "filter"]
    );
    let outputs: Vec<_> = schema.outputs.iter().map(|f| (f.name, f.sensitive)).collect();
    let expected = [("id", false), ("arn", false), ("route_table", false), ("key", true)];
    assert_eq!(outputs, expected);
}

#[test]
fn defaults_fill_blocks_too_and_checks_name_the_path() {
    let rule = Value::Map(Object::from([
        ("port".to_owned(), Value::Int(70_000)),
        ("filter".to_owned(), Value::Map(Object::new())),
    ]));
    let mut inputs = Object::from([
        ("cidr_block".to_owned(), Value::from("10.0.0.0/16")),
        ("peers".to_owned(), Value::List(vec![])),
        ("instance_tenancy".to_owned(), Value::from("dedicated")),
        ("rule".to_owned(), Value::List(vec![rule])),
    ]);
    Vpc::SCHEMA.fill_defaults(&mut inputs);
    assert_eq!(inputs["type"], Value::from("main"));
    let filter = inputs["rule"].as_list().and_then(|r| r[0].as_map()).map(|r| r["filter"].clone());
    let expected = Object::from([("prefix".to_owned(), Value::from("logs/"))]);
    assert_eq!(filter, Some(Value::Map(expected)));
    let problems: Vec<_> = Vpc::SCHEMA
        .check(&inputs)
        .into_iter()
        .map(|p| format!("{} {}", p.path, p.message))
        .collect();
    assert_eq!(
        problems,
        [
            "instance_tenancy must be one of `default`, `DEDICATED` or `own-host`, not `dedicated`",
            "rule[0].port must be between 0 and 65535, not 70000",
        ]
    );
}

#[test]
fn validate_runs_once_the_fields_are_right() {
    let mut inputs = Object::from([
        ("cidr_block".to_owned(), Value::from("10.0.0.0/16")),
        ("peers".to_owned(), Value::List(vec![])),
        ("type".to_owned(), Value::from("")),
    ]);
    assert_eq!(Vpc::SCHEMA.check(&inputs)[0].message, "must not be empty");
    inputs.insert("type".to_owned(), Value::from("x"));
    assert_eq!(Vpc::SCHEMA.check(&inputs), []);
}

#[test]
fn what_is_written_reads_back() {
    let vpc = Vpc {
        cidr_block: network(0),
        enable_dns_hostnames: true,
        instance_tenancy: Some(Tenancy::OwnHost),
        r#type: "other".to_owned(),
        password: Some("hunter2".to_owned()),
        peers: BTreeSet::from([network(1)]),
        peer_vpc_id: None,
        rule: BlockSet(vec![Rule {
            port: 443,
            vpc_id: Some(VpcId::new("vpc-2")),
            filter: Some(Filter { prefix: "a".to_owned(), token: Some("t0ken".to_owned()) }),
        }]),
        count: 5,
        tags: Tags(BTreeMap::from([("team".to_owned(), "core".to_owned())])),
    };
    let object = vpc.to_object();
    assert_eq!(Vpc::from_object(&object), Ok(vpc));
    assert!(!object.contains_key("peer_vpc_id"), "what is not set is absent");
    let shown = format!("{object:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("t0ken"), "{shown}");
}

#[test]
fn reading_fills_defaults_and_names_what_is_wrong() {
    let mut object = Object::from([
        ("cidr_block".to_owned(), Value::from("10.0.0.0/16")),
        ("count".to_owned(), Value::Null),
    ]);
    let vpc = Vpc::from_object(&object).expect("everything else has a default or may be empty");
    assert_eq!((vpc.count, vpc.r#type.as_str(), vpc.instance_tenancy), (3, "main", None));
    object.insert("rule".to_owned(), Value::List(vec![Value::Map(Object::new())]));
    let error = Vpc::from_object(&object).expect_err("a rule needs a port");
    assert_eq!(error.to_string(), "`rule[0].port` must be a whole number, not nothing");
    object.insert("rule".to_owned(), Value::List(vec![Value::Int(1)]));
    let error = Vpc::from_object(&object).expect_err("a number is no rule");
    assert_eq!(error.to_string(), "`rule[0]` must be a block, not a whole number");
    object.remove("cidr_block");
    assert!(Vpc::from_object(&object).is_err());
}

#[test]
fn outputs_read_back_and_stay_marked() {
    let outputs = VpcOutputs {
        id: VpcId::new("vpc-1"),
        arn: Arn::new("arn:aws:ec2:us-west-2:1:vpc/vpc-1"),
        route_table: None,
        key: "s3cret".to_owned(),
    };
    let object = outputs.to_object();
    assert!(!format!("{object:?}").contains("s3cret"));
    assert_eq!(VpcOutputs::from_object(&object), Ok(outputs));
    assert!(VpcOutputs::from_object(&Object::new()).is_err());
}

#[test]
fn arguments_hold_what_was_given_and_nothing_else() {
    let arguments = vpc().expect("declared");
    assert_eq!(arguments.inputs.keys().collect::<Vec<_>>(), ["cidr_block", "peers"]);
    assert_eq!(arguments.inputs["cidr_block"], Expr::Value(Value::from("10.0.0.0/16")));
    let peers = Expr::List(vec![Expr::Value(Value::from("10.1.0.0/16"))]);
    assert_eq!(arguments.inputs["peers"], peers);
}

#[test]
fn handles_refer_to_inputs_and_outputs_by_their_address() {
    let mut handles = None;
    let declared = declare(|stack| {
        let vpc = stack.scope("network", |stack| {
            stack.add("vpc", Vpc::new(network(0), Vec::<Ipv4Net>::new()))
        });
        let peers = vpc.peers();
        let other = Vpc::new(vpc.cidr_block(), &peers)
            .r#type(vpc.r#type())
            .instance_tenancy(Tenancy::Dedicated)
            .peer_vpc_id(vpc.id())
            .depends_on(&vpc);
        handles = Some((vpc.clone(), stack.add("other", other)));
    });
    let (vpc, other) = handles.expect("declared");
    assert_eq!(vpc.address().as_str(), "network.vpc");
    let inputs = &declared.resources[1].arguments.inputs;
    assert_eq!(inputs["cidr_block"], Expr::reference(vpc.address(), "cidr_block"));
    assert_eq!(inputs["type"], Expr::reference(vpc.address(), "type"));
    assert_eq!(inputs["instance_tenancy"], Expr::Value(Value::from("DEDICATED")));
    assert_eq!(inputs["peer_vpc_id"], Expr::reference(vpc.address(), "id"));
    assert_eq!(declared.resources[1].arguments.options.depends_on, [vpc.address().clone()]);
    let tenancy: Output<Tenancy> = other.instance_tenancy();
    let route_table: Output<String> = other.route_table();
    assert_eq!(tenancy.expr(), &Expr::reference(other.address(), "instance_tenancy"));
    assert_eq!(route_table.expr(), &Expr::reference(other.address(), "route_table"));
    assert_eq!(
        format!("{vpc:?} {:?}", *vpc),
        "VpcHandle(network.vpc) VpcOutputsHandle(network.vpc)"
    );
}

#[test]
fn blocks_nest_and_take_references() {
    let declared = declare(|stack| {
        let vpc = stack.add("vpc", Vpc::new(network(0), Vec::<Ipv4Net>::new()));
        let rule = Rule::new(443).vpc_id(vpc.id()).filter(Filter::new().prefix("x").token("t0ken"));
        stack.add("ruled", Vpc::new(vpc.cidr_block(), vpc.peers()).rule([rule, Rule::new(80)]));
    });
    let expr = &declared.resources[1].arguments.inputs["rule"];
    assert!(!format!("{expr:?}").contains("t0ken"), "{expr:?}");
    let value = expr.evaluate(&|_| Some(Value::Unknown)).expect("evaluates");
    let entry = |name: &str, value: Value| (name.to_owned(), value);
    let filter = Value::Map(Object::from([
        entry("prefix", Value::from("x")),
        entry("token", Value::from("t0ken").sensitive()),
    ]));
    let first = Value::Map(Object::from([
        entry("filter", filter),
        entry("port", Value::Int(443)),
        entry("vpc_id", Value::Unknown),
    ]));
    let second = Value::Map(Object::from([entry("port", Value::Int(80))]));
    assert_eq!(value, Value::List(vec![first, second]));
}

#[test]
fn tags_are_set_whole_or_one_by_one_and_never_lost() {
    let declared = declare(|stack| {
        let start = || Vpc::new(network(0), Vec::<Ipv4Net>::new());
        let vpc = stack.add("a", start().tags(BTreeMap::from([("a", "1")])).tag("b", "2"));
        let tags = Tags(BTreeMap::from([("a".to_owned(), "1".to_owned())]));
        stack.add("b", start().tags(tags).tag("b", vpc.r#type()).tag("c", text!("x-", vpc.id())));
        stack.add("c", start().tags(vpc.tags()).tag("b", "2"));
    });
    let tags = |index: usize| &declared.resources[index].arguments.inputs["tags"];
    let keys = |expr: &Expr| match expr {
        Expr::Map(entries) => entries.keys().cloned().collect::<Vec<_>>(),
        other => panic!("a map, not {other:?}"),
    };
    assert_eq!(keys(tags(0)), ["a", "b"]);
    assert_eq!(keys(tags(1)), ["a", "b", "c"]);
    assert!(matches!(tags(2), Expr::Call(Function::Merge, parts) if keys(&parts[1]) == ["b"]));
}

#[test]
fn secrets_are_marked_as_soon_as_they_are_given() {
    let declared = declare(|stack| {
        let start = || Vpc::new(network(0), Vec::<Ipv4Net>::new());
        let vpc = stack.add("a", start().password("hunter2"));
        stack.add("b", start().password(text!("x-", vpc.key())));
    });
    assert!(!format!("{declared:?}").contains("hunter2"));
    let reference = &declared.resources[1].arguments.inputs["password"];
    let value = reference.evaluate(&|_| Some(Value::from("plain")));
    assert_eq!(value, Ok(Value::from("x-plain").sensitive()));
}

#[test]
fn a_region_is_a_type_and_global_types_have_none() {
    let declared = declare(|stack| {
        let vpc = stack.add("vpc", Vpc::new(network(0), Vec::<Ipv4Net>::new()));
        let role = stack.add("role", Role::new().vpcs([vpc.id()]).rule([Rule::new(1)]));
        let mut recovery = stack.in_region::<Recovery>("us-east-1");
        let copy: VpcHandle<Recovery> = recovery.add(
            "copy",
            Vpc::new(network(0), Vec::<Ipv4Net>::new())
                .peer_vpc_id(vpc.id())
                .password(role.name())
                .tag("role", role.name()),
        );
        let id: Output<VpcId, Recovery> = copy.id();
        recovery.add("other", Role::new().name(id.text()));
        let arn: Output<Arn<Role>, Global> = role.arn();
        stack.output("role", arn);
    });
    let region = |index: usize| declared.resources[index].arguments.options.region.as_deref();
    assert_eq!([region(0), region(1), region(2)], [None, None, Some("us-east-1")]);
    assert_eq!(declared.diagnostics, []);
}

#[test]
fn a_stack_may_stand_in_another_region_than_its_environment() {
    let declared = declare(|stack| {
        stack.enter_region("us-west-2");
        stack.add("here", Vpc::new(network(0), Vec::<Ipv4Net>::new()));
        stack.enter_region("eu-central-1");
        assert_eq!(stack.region(), "eu-central-1");
        stack.scope("inner", |stack| stack.add("there", Vpc::new(network(0), [network(1)])));
        let mut recovery = stack.in_region::<Recovery>("us-east-1");
        recovery.add("copy", Vpc::new(network(0), Vec::<Ipv4Net>::new()));
    });
    let regions: Vec<_> =
        declared.resources.iter().map(|r| r.arguments.options.region.as_deref()).collect();
    assert_eq!(regions, [None, Some("eu-central-1"), Some("us-east-1")]);
}

#[test]
fn generic_code_works_over_any_type() {
    fn names<T: ResourceType>() -> (&'static str, usize) {
        let schema: &'static Schema = const { &T::SCHEMA };
        (schema.type_name, schema.outputs.len())
    }
    fn clones<R: infra_sdk::Region>(handle: &VpcHandle<R>) -> Output<VpcId, R> {
        handle.clone().id()
    }
    assert_eq!([names::<Vpc>(), names::<Role>()], [("aws_vpc", 4), ("aws_iam_role", 2)]);
    let mut id = None;
    declare(|stack| {
        let arguments: VpcArguments<Home> = Vpc::new(network(0), Vec::<Ipv4Net>::new());
        id = Some(clones(&stack.add("vpc", arguments.clone())));
    });
    assert_eq!(
        format!("{:?}", id.expect("declared").reference().map(|r| &r.attribute)),
        "Some(\"id\")"
    );
}

#[test]
fn required_arguments_stand_in_the_order_of_the_fields() {
    let declared = declare(|stack| {
        stack.add("wide", Wide::new("a", "b", 3, 4, true, false, "hunter2", "h"));
    });
    let inputs = &declared.resources[0].arguments.inputs;
    let value = |expr: &Expr| expr.evaluate(&|_| None).map(|value| value.revealed());
    let object: Object =
        inputs.iter().map(|(k, v)| (k.clone(), value(v).expect("plain values"))).collect();
    let wide = Wide::from_object(&object).expect("complete");
    assert_eq!((wide.a.as_str(), wide.arguments.as_str(), wide.c, wide.d), ("a", "b", 3, 4));
    assert_eq!((wide.e, wide.f, wide.g.as_str(), wide.h.as_str()), (true, false, "hunter2", "h"));
    assert!(!format!("{inputs:?}").contains("hunter2"), "{inputs:?}");
}

#[test]
fn choices_are_texts() {
    assert_eq!(Tenancy::ALL, ["default", "DEDICATED", "own-host"]);
    assert_eq!(Tenancy::OwnHost.to_string(), "own-host");
    assert_eq!("DEDICATED".parse(), Ok(Tenancy::Dedicated));
    let error = "Own".parse::<Tenancy>().expect_err("not a choice");
    assert_eq!(error.to_string(), "`Own` is not one of `default`, `DEDICATED` or `own-host`");
    assert_eq!(Tenancy::from_value(&Value::from("default")), Ok(Tenancy::Default));
    assert!(Tenancy::from_value(&Value::Int(1)).is_err());
}

#[test]
fn answers_of_lookups_are_read_like_blocks() {
    let zones = Zones { names: vec!["a".to_owned()] };
    assert_eq!(Zones::from_value(&zones.to_value()), Ok(zones));
}
