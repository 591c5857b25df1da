//! Settings: from values with places to a typed struct, or to diagnostics that say where.

use std::collections::BTreeMap;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::settings::{Origin, SettingNode, SettingValue};
use infra_sdk::{Choice, Diagnostic, Settings};

/// Settings of a stack.
#[derive(Debug, PartialEq, Settings)]
struct Platform {
    /// IPv4 range of the VPC.
    vpc_cidr: Ipv4Net,
    /// Availability zones to use.
    #[setting(default = 2, range = 2..=3)]
    zones: usize,
    /// Whether to keep logs.
    #[setting(default = true)]
    logs: bool,
    /// Share of traffic.
    #[setting(range = 0.0..=1.0)]
    share: Option<f64>,
    /// Networks that may connect.
    #[setting(default = vec![])]
    peers: Vec<Ipv4Net>,
    /// A raw identifier.
    #[setting(default = "main")]
    r#type: String,
    /// The database.
    database: Database,
    /// Queues by name.
    #[setting(default = BTreeMap::new())]
    queues: BTreeMap<String, Queue>,
    /// What to do on weekends.
    #[setting(default = Mode::On)]
    weekend: Mode,
    /// The cache, if there is one.
    cache: Option<Cache>,
}

/// Settings of the database.
#[derive(Debug, PartialEq, Settings)]
struct Database {
    /// Instance class.
    class: String,
    /// Gibibytes.
    #[setting(default = 20)]
    storage: u8,
}

/// Settings of a queue.
#[derive(Debug, PartialEq, Settings)]
struct Queue {
    /// Seconds until a message is shown again.
    #[setting(range = 0..=43_200)]
    timeout: u32,
}

/// Settings of the cache.
#[derive(Debug, PartialEq, Settings)]
struct Cache {
    /// Nodes.
    #[setting(default = 1)]
    nodes: u32,
}

/// Whether something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
enum Mode {
    /// It runs.
    On,
    /// It does not.
    Off,
}

/// Reads JSON as if it were a settings file, with the number of the value as its line.
fn file(json: &serde_json::Value) -> BTreeMap<String, SettingNode> {
    match node(json, &mut 0).value {
        SettingValue::Table(entries) => entries,
        other => panic!("a table, not {other:?}"),
    }
}

fn node(json: &serde_json::Value, line: &mut u32) -> SettingNode {
    use serde_json::Value as Json;
    *line += 1;
    let origin = Origin::File { file: "test.toml".to_owned(), line: *line, column: 7 };
    let value = match json {
        Json::Null => panic!("TOML has no null"),
        Json::Bool(value) => SettingValue::Bool(*value),
        Json::Number(number) => number.as_i64().map_or_else(
            || SettingValue::Float(number.as_f64().unwrap_or_default()),
            SettingValue::Integer,
        ),
        Json::String(text) => SettingValue::Text(text.clone()),
        Json::Array(items) => SettingValue::List(items.iter().map(|i| node(i, line)).collect()),
        Json::Object(entries) => SettingValue::Table(
            entries.iter().map(|(name, item)| (name.clone(), node(item, line))).collect(),
        ),
    };
    SettingNode { value, origin }
}

fn argument(text: &str) -> SettingNode {
    SettingNode { value: SettingValue::Text(text.to_owned()), origin: Origin::Argument }
}

fn read(nodes: &BTreeMap<String, SettingNode>) -> Result<Platform, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let settings = Platform::read("", nodes, &mut problems);
    match (settings, problems.is_empty()) {
        (Some(settings), true) => Ok(settings),
        (None, false) => Err(problems),
        (settings, _) => panic!("{settings:?} and {problems:?} contradict each other"),
    }
}

/// The least that has to be set, with some more.
fn with(more: serde_json::Value) -> BTreeMap<String, SettingNode> {
    let mut json = serde_json::json!({
        "vpc_cidr": "10.0.0.0/16",
        "database": { "class": "db.t4g.micro" },
    });
    if let (Some(all), serde_json::Value::Object(more)) = (json.as_object_mut(), more) {
        all.extend(more);
    }
    file(&json)
}

/// Code, place, detail and hints of the problems.
fn problems(nodes: &BTreeMap<String, SettingNode>) -> Vec<String> {
    let line = |problem: Diagnostic| {
        let place = problem.location.map(|at| format!(" at {at}:{}", at.column));
        let hints = problem.hints.join("; ");
        format!("{}{}: {} | {hints}", problem.code, place.unwrap_or_default(), problem.detail)
    };
    read(nodes).err().unwrap_or_default().into_iter().map(line).collect()
}

#[test]
fn what_is_left_out_has_its_default() {
    let settings = read(&with(serde_json::json!({}))).expect("enough is set");
    let expected = Platform {
        vpc_cidr: Ipv4Net::new_assert([10, 0, 0, 0].into(), 16),
        zones: 2,
        logs: true,
        share: None,
        peers: vec![],
        r#type: "main".to_owned(),
        database: Database { class: "db.t4g.micro".to_owned(), storage: 20 },
        queues: BTreeMap::new(),
        weekend: Mode::On,
        cache: None,
    };
    assert_eq!(settings, expected);
}

#[test]
fn files_are_typed() {
    let settings = read(&with(serde_json::json!({
        "zones": 3,
        "share": 1,
        "peers": ["10.1.0.0/16", "10.2.0.0/16"],
        "queues": { "orders": { "timeout": 30 } },
        "weekend": "off",
        "cache": {},
        "type": "x",
    })))
    .expect("all is well");
    assert_eq!((settings.zones, settings.share, settings.peers.len()), (3, Some(1.0), 2));
    assert_eq!(settings.queues["orders"], Queue { timeout: 30 });
    assert_eq!((settings.weekend, settings.cache), (Mode::Off, Some(Cache { nodes: 1 })));
    assert_eq!(settings.r#type, "x");
}

#[test]
fn arguments_are_parsed_by_what_the_setting_is() {
    let mut nodes = with(serde_json::json!({}));
    for (name, text) in [
        ("zones", "3"),
        ("logs", "false"),
        ("share", "0.5"),
        ("peers", "10.1.0.0/16, 10.2.0.0/16"),
        ("type", "7"),
        ("database", r#"{"class": "db.r6g.large", "storage": 30}"#),
        ("weekend", "off"),
        ("queues", r#"{"orders": {"timeout": 30}}"#),
    ] {
        nodes.insert(name.to_owned(), argument(text));
    }
    let settings = read(&nodes).expect("all is well");
    assert_eq!((settings.zones, settings.logs, settings.share), (3, false, Some(0.5)));
    assert_eq!((settings.peers.len(), settings.r#type.as_str()), (2, "7"));
    assert_eq!(settings.database, Database { class: "db.r6g.large".to_owned(), storage: 30 });
    assert_eq!(settings.queues["orders"], Queue { timeout: 30 });

    for (text, networks) in [("", 0), ("10.1.0.0/16", 1), (r#"["10.1.0.0/16"]"#, 1)] {
        nodes.insert("peers".to_owned(), argument(text));
        assert_eq!(read(&nodes).map(|settings| settings.peers.len()), Ok(networks), "{text}");
    }
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let found = problems(&with(serde_json::json!({
        "vpc_cidr": "10.0.0.1/16",
        "zones": 7,
        "logs": "yes",
        "share": 1.5,
        "peers": ["10.1.0.0/16", "x", 3],
        "database": { "class": 1, "storage": 300 },
        "queues": { "orders": { "timeout": -1 }, "mails": {} },
        "weekend": "Off",
        "cache": [],
    })));
    let expected = [
        "settings::value at test.toml:16:7: `vpc_cidr` must be a network without host bits, such as `10.0.0.0/16`, and is the text `10.0.0.1/16` | ",
        "settings::value at test.toml:18:7: `zones` must be from 2 to 3, and is `7` | ",
        "settings::value at test.toml:6:7: `logs` must be `true` or `false`, and is the text `yes` | ",
        "settings::value at test.toml:15:7: `share` must be from 0.0 to 1.0, and is `1.5` | ",
        "settings::value at test.toml:9:7: `peers[1]` must be an IPv4 CIDR, and is the text `x` | ",
        "settings::value at test.toml:10:7: `peers[2]` must be an IPv4 CIDR, and is `3` | ",
        "settings::value at test.toml:4:7: `database.class` must be text, and is `1` | ",
        "settings::value at test.toml:5:7: `database.storage` must be a whole number from 0 to 255, and is `300` | ",
        "settings::missing at test.toml:12:7: `queues.mails.timeout` is a whole number, from 0 to 43200: Seconds until a message is shown again. | write `queues.mails.timeout = …` under the table of this stack in the settings file of this environment; or pass it once with `--var queues.mails.timeout=…`",
        "settings::value at test.toml:14:7: `queues.orders.timeout` must be a whole number from 0 to 4294967295, and is `-1` | ",
        "settings::value at test.toml:17:7: `weekend` must be one of `on` or `off`, and is the text `Off` | ",
        "settings::value at test.toml:2:7: `cache` must be a table, and is a list | ",
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_unknown_setting_gets_a_near_name_or_the_whole_list() {
    let found = problems(&with(serde_json::json!({
        "zonse": 3,
        "region": "x",
        "database": { "class": "x", "storge": 3, "engine": "postgres" },
    })));
    let expected = [
        "settings::unknown at test.toml:4:7: `database.engine` is set, and no setting has that name | choose one of the settings that there are: database.class, database.storage",
        "settings::unknown at test.toml:5:7: `database.storge` is set, and no setting has that name | write `database.storage` if that is what you mean",
        "settings::unknown at test.toml:6:7: `region` is set, and no setting has that name | choose one of the settings that there are: vpc_cidr, zones, logs, share, peers, type, database, queues, weekend, cache",
        "settings::unknown at test.toml:8:7: `zonse` is set, and no setting has that name | write `zones` if that is what you mean",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_missing_setting_says_what_it_is() {
    let found = problems(&BTreeMap::new());
    let expected = [
        "settings::missing: `vpc_cidr` is an IPv4 CIDR: IPv4 range of the VPC. | write `vpc_cidr = …` under the table of this stack in the settings file of this environment; or pass it once with `--var vpc_cidr=…`",
        "settings::missing: `database.class` is text: Instance class. | write `database.class = …` under the table of this stack in the settings file of this environment; or pass it once with `--var database.class=…`",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_came_from_the_command_line_says_so() {
    let mut nodes = with(serde_json::json!({}));
    nodes.insert("zones".to_owned(), argument("three"));
    nodes.insert("zone".to_owned(), argument("3"));
    nodes.insert("peers".to_owned(), argument("[1"));
    let expected = [
        "settings::value: `zones` must be a whole number, and is `three` (from the command line) | ",
        "settings::value: `peers` must be a list, and is `[1` (from the command line) | ",
        "settings::unknown: `zone` is set (from the command line), and no setting has that name | write `zones` if that is what you mean",
    ];
    assert_eq!(problems(&nodes), expected);
}

#[test]
fn a_stack_without_settings_refuses_any() {
    let mut found = Vec::new();
    assert_eq!(<()>::read("", &BTreeMap::new(), &mut found), Some(()));
    assert_eq!(
        <()>::read("", &BTreeMap::from([("a".to_owned(), argument("1"))]), &mut found),
        None
    );
    assert_eq!(found[0].hints, ["remove it: there are no settings here"]);
}

#[test]
fn the_description_lists_every_setting() {
    let lines: Vec<_> = Platform::describe()
        .into_iter()
        .map(|s| {
            let required = if s.required { " required" } else { "" };
            let default = s.default.map(|d| format!(" = {d}")).unwrap_or_default();
            let range = s.range.map(|r| format!(" {r}")).unwrap_or_default();
            format!("{}: {}{required}{default}{range}", s.path, s.kind)
        })
        .collect();
    let expected = [
        "vpc_cidr: an IPv4 CIDR required",
        "zones: a whole number = 2 from 2 to 3",
        "logs: `true` or `false` = true",
        "share: a number from 0.0 to 1.0",
        "peers: a list = []",
        "type: text = \"main\"",
        "database: a table",
        "database.class: text required",
        "database.storage: a whole number = 20",
        "queues: a table = {}",
        "queues.*.timeout: a whole number required from 0 to 43200",
        "weekend: one of `on` or `off` = \"on\"",
        "cache: a table",
        "cache.nodes: a whole number = 1",
    ];
    assert_eq!(lines, expected);
    assert_eq!(Platform::describe()[0].doc, "IPv4 range of the VPC.");
}
