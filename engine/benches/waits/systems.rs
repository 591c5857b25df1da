//! Graphs in the shape of the four systems: what waits for what, and nothing of the rest.
//!
//! Start reading at [`all`].

use std::time::Duration;

use infra_sdk::{Address, Arguments, Declaration, Declarations, Expr, Reference};

use crate::cloud::time;

/// Position of a resource.
type Node = usize;

/// A system.
pub(crate) struct System {
    pub(crate) name: &'static str,
    /// Type and needs of each resource; what it needs stands before it.
    nodes: Vec<(&'static str, Vec<Node>)>,
}

/// The four systems.
pub(crate) fn all() -> [System; 4] {
    [archon(), securenexus(), faultmaven(), omniportal()]
}

/// What others of a system stand in.
struct Network {
    vpc: Node,
    public: Vec<Node>,
    private: Vec<Node>,
    data: Vec<Node>,
    /// The ways from the private subnets to the internet.
    ways_out: Vec<Node>,
}

impl System {
    fn new(name: &'static str) -> Self {
        Self { name, nodes: Vec::new() }
    }

    pub(crate) fn resources(&self) -> usize {
        self.nodes.len()
    }

    /// The longest path: what an apply takes at least.
    pub(crate) fn critical_path(&self) -> Duration {
        let mut ends: Vec<Duration> = Vec::with_capacity(self.nodes.len());
        for (type_name, needs) in &self.nodes {
            let begin = needs.iter().map(|need| ends[*need]).max().unwrap_or_default();
            ends.push(begin + time(type_name));
        }
        ends.into_iter().max().unwrap_or_default()
    }

    pub(crate) fn declarations(&self) -> Declarations {
        let address = |node: Node| Address::parse(&format!("n{node}")).expect("an address");
        let declare = |(node, (type_name, needs)): (Node, &(&'static str, Vec<Node>))| {
            let id = |need: &Node| {
                Expr::Reference(Reference { address: address(*need), attribute: "id".to_owned() })
            };
            let mut arguments = Arguments::default();
            arguments.set("needs", Expr::List(needs.iter().map(id).collect()));
            let type_name = (*type_name).to_owned();
            Declaration { address: address(node), type_name, arguments, location: None }
        };
        Declarations {
            resources: self.nodes.iter().enumerate().map(declare).collect(),
            ..Declarations::default()
        }
    }

    fn add(&mut self, type_name: &'static str, needs: &[Node]) -> Node {
        self.nodes.push((type_name, needs.to_vec()));
        self.nodes.len() - 1
    }

    fn several(&mut self, count: usize, type_name: &'static str, needs: &[Node]) -> Vec<Node> {
        (0..count).map(|_| self.add(type_name, needs)).collect()
    }

    /// One NAT gateway a zone, where there are any.
    fn network(&mut self, zones: usize, gateways: usize) -> Network {
        let vpc = self.add("aws_vpc", &[]);
        let internet = self.add("aws_internet_gateway", &[vpc]);
        let public = self.several(zones, "aws_subnet", &[vpc]);
        let private = self.several(zones, "aws_subnet", &[vpc]);
        let data = self.several(zones, "aws_subnet", &[vpc]);
        let table = self.add("aws_route_table", &[vpc]);
        self.add("aws_route", &[table, internet]);
        for subnet in public.iter().chain(&data) {
            self.add("aws_route_table_association", &[table, *subnet]);
        }
        let mut ways_out = Vec::new();
        for zone in 0..zones {
            let table = self.add("aws_route_table", &[vpc]);
            self.add("aws_route_table_association", &[table, private[zone]]);
            if zone < gateways {
                let address = self.add("aws_eip", &[internet]);
                let gateway = self.add("aws_nat_gateway", &[address, public[zone], internet]);
                ways_out.push(self.add("aws_route", &[table, gateway]));
            }
        }
        Network { vpc, public, private, data, ways_out }
    }

    fn key(&mut self) -> Node {
        let key = self.add("aws_kms_key", &[]);
        self.add("aws_kms_alias", &[key]);
        key
    }

    /// A role with policies attached: what needs it needs those too.
    fn role(&mut self, policies: usize, needs: &[Node]) -> Vec<Node> {
        let role = self.add("aws_iam_role", needs);
        let mut all = self.several(policies, "aws_iam_role_policy_attachment", &[role]);
        all.push(role);
        all
    }

    fn group(&mut self, network: &Network, rules: usize) -> Node {
        let group = self.add("aws_security_group", &[network.vpc]);
        self.several(rules, "aws_vpc_security_group_ingress_rule", &[group]);
        group
    }

    fn bucket(&mut self, key: Node) -> Node {
        let bucket = self.add("aws_s3_bucket", &[key]);
        self.add("aws_s3_bucket_versioning", &[bucket]);
        self.add("aws_s3_bucket_public_access_block", &[bucket]);
        self.add("aws_s3_bucket_policy", &[bucket])
    }

    fn database(&mut self, network: &Network, key: Node) -> Node {
        let subnets = self.add("aws_db_subnet_group", &network.data);
        let parameters = self.add("aws_db_parameter_group", &[]);
        let group = self.group(network, 2);
        let secret = self.add("aws_secretsmanager_secret", &[key]);
        let database = self.add("aws_db_instance", &[subnets, parameters, group, key]);
        self.add("aws_secretsmanager_secret_version", &[secret, database]);
        database
    }

    fn cache(&mut self, network: &Network, key: Node) -> Node {
        let subnets = self.add("aws_elasticache_subnet_group", &network.data);
        let group = self.group(network, 2);
        self.add("aws_elasticache_replication_group", &[subnets, group, key])
    }

    /// A load balancer; its listener and its target group.
    fn edge(&mut self, network: &Network, logs: Node) -> (Node, Node) {
        let certificate = self.add("aws_acm_certificate", &[]);
        let record = self.add("aws_route53_record", &[certificate]);
        let valid = self.add("aws_acm_certificate_validation", &[certificate, record]);
        let group = self.group(network, 2);
        let needs: Vec<_> = network.public.iter().copied().chain([group, logs]).collect();
        let balancer = self.add("aws_lb", &needs);
        let targets = self.add("aws_lb_target_group", &[network.vpc]);
        let listener = self.add("aws_lb_listener", &[balancer, targets, valid]);
        let firewall = self.add("aws_wafv2_web_acl", &[]);
        self.add("aws_wafv2_web_acl_association", &[firewall, balancer]);
        self.add("aws_route53_record", &[balancer]);
        (listener, targets)
    }

    /// A cluster with workers, and what runs on those.
    fn kubernetes(&mut self, network: &Network, key: Node, groups: usize, addons: usize) -> Node {
        let mut needs = self.role(2, &[]);
        needs.extend(&network.private);
        needs.push(self.add("aws_cloudwatch_log_group", &[key]));
        needs.push(self.group(network, 1));
        let cluster = self.add("aws_eks_cluster", &needs);
        let identity = self.add("aws_iam_openid_connect_provider", &[cluster]);
        let service = self.role(2, &[identity]);
        let mut workers = self.role(3, &[]);
        workers.push(cluster);
        workers.extend(&network.ways_out);
        let mut needs = self.several(groups, "aws_eks_node_group", &workers);
        needs.extend(service);
        self.several(addons, "aws_eks_addon", &needs);
        cluster
    }

    /// Containers without machines.
    fn service(&mut self, network: &Network, targets: &[Node], secrets: &[Node]) -> Node {
        let cluster = self.add("aws_ecs_cluster", &[]);
        let image = self.add("aws_ecr_repository", &[]);
        let log = self.add("aws_cloudwatch_log_group", &[]);
        let mut needs = self.role(2, secrets);
        needs.extend([image, log]);
        needs.extend(secrets);
        let task = self.add("aws_ecs_task_definition", &needs);
        let group = self.group(network, 1);
        let mut needs = vec![cluster, task, group];
        needs.extend(targets);
        needs.extend(network.private.iter().chain(&network.ways_out));
        self.add("aws_ecs_service", &needs)
    }

    fn watching(&mut self, alarms: usize, watched: &[Node]) {
        let topic = self.add("aws_sns_topic", &[]);
        for watched in watched {
            self.several(alarms, "aws_cloudwatch_metric_alarm", &[topic, *watched]);
        }
        self.add("aws_cloudwatch_dashboard", watched);
    }
}

fn archon() -> System {
    let mut system = System::new("archon");
    let network = system.network(3, 3);
    let key = system.key();
    let logs = system.bucket(key);
    system.bucket(key);
    let cluster = system.kubernetes(&network, key, 2, 4);
    let database = system.database(&network, key);
    let cache = system.cache(&network, key);
    let (listener, _) = system.edge(&network, logs);
    system.watching(3, &[cluster, database, cache, listener]);
    system
}

fn securenexus() -> System {
    let mut system = System::new("securenexus");
    let network = system.network(2, 1);
    let key = system.key();
    let uploads = system.bucket(key);
    system.add("aws_ecr_repository", &[]);
    let cluster = system.kubernetes(&network, key, 1, 3);
    let database = system.database(&network, key);
    for _ in 0..3 {
        let secret = system.add("aws_secretsmanager_secret", &[key]);
        system.add("aws_secretsmanager_secret_version", &[secret, database, uploads]);
    }
    system.watching(3, &[cluster, database]);
    system
}

fn faultmaven() -> System {
    let mut system = System::new("faultmaven");
    let network = system.network(2, 1);
    let key = system.key();
    let logs = system.bucket(key);
    let database = system.database(&network, key);
    let cache = system.cache(&network, key);
    let (listener, targets) = system.edge(&network, logs);
    let secret = system.add("aws_secretsmanager_secret", &[key]);
    let version = system.add("aws_secretsmanager_secret_version", &[secret, database, cache]);
    let service = system.service(&network, &[listener, targets], &[version]);
    system.watching(3, &[service, database, cache]);
    system
}

fn omniportal() -> System {
    let mut system = System::new("omniportal");
    let network = system.network(3, 3);
    let key = system.key();
    let group = system.group(&network, 1);
    let needs: Vec<_> = network.private.iter().copied().chain([group]).collect();
    system.several(5, "aws_vpc_endpoint", &needs);
    for _ in 0..3 {
        system.key();
    }
    let logs = system.bucket(key);
    for _ in 0..3 {
        system.bucket(key);
    }
    let database = system.database(&network, key);
    let replica = system.add("aws_db_instance", &[database]);
    let cache = system.cache(&network, key);
    let (listener, targets) = system.edge(&network, logs);
    let secret = system.add("aws_secretsmanager_secret", &[key]);
    let version = system.add("aws_secretsmanager_secret_version", &[secret, database, cache]);
    let service = system.service(&network, &[listener, targets], &[version]);
    system.watching(4, &[service, database, replica, cache, listener]);
    system
}
