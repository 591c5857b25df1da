//! The sandbox as it is: real emulators, raw HTTP. The first run installs them from PyPI.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do: by a panic"
)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use hyper::Method;
use infra_sandbox::detached::{self, Launcher};
use infra_sandbox::gate::{FaultKind, FaultRule, OverlaySettings, StatesSettings};
use infra_sandbox::{Sandbox, SandboxConfig, SandboxError};

use support::{Caller, text, texts};

fn config(folder: &Path) -> SandboxConfig {
    SandboxConfig::of_a_test(folder.join("sandbox"), std::env::vars_os())
}

impl Caller {
    /// A call of EC2 that succeeds: its body.
    async fn ok(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let (status, body) = self.ec2(action, parameters).await;
        assert_eq!(status, 200, "{action}: {body}");
        body
    }

    /// A call of EC2 that fails: its error code.
    async fn code(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let (status, body) = self.ec2(action, parameters).await;
        assert!(status >= 400, "{action}: {body}");
        text(&body, "Code")
    }
}

/// A VPC with a subnet; their ids.
async fn network(aws: &Caller) -> (String, String) {
    let vpc = text(&aws.ok("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]).await, "vpcId");
    let subnet = aws.ok("CreateSubnet", &[("VpcId", &vpc), ("CidrBlock", "10.0.1.0/24")]).await;
    (vpc, text(&subnet, "subnetId"))
}

fn fault(operation: &str, nth: Vec<u64>, kind: FaultKind) -> FaultRule {
    FaultRule {
        service: Some("ec2".to_owned()),
        operation: Some(operation.to_owned()),
        mutating: false,
        nth,
        probability: None,
        seed: 0,
        times: None,
        kind,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_comes_and_goes_as_on_aws() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(config(folder.path())).await.unwrap();
    let aws = Caller::new(&sandbox.endpoint());
    let (vpc, subnet) = network(&aws).await;
    let igw = text(&aws.ok("CreateInternetGateway", &[]).await, "internetGatewayId");
    let attachment = [("InternetGatewayId", igw.as_str()), ("VpcId", &vpc)];
    aws.ok("AttachInternetGateway", &attachment).await;
    let address = text(&aws.ok("AllocateAddress", &[("Domain", "vpc")]).await, "allocationId");

    // The same token: the same gateway; another request with it: refused.
    let wanted =
        [("SubnetId", subnet.as_str()), ("AllocationId", &address), ("ClientToken", "t-1")];
    let first = aws.ok("CreateNatGateway", &wanted).await;
    assert_eq!(aws.ok("CreateNatGateway", &wanted).await, first);
    let other =
        [("SubnetId", subnet.as_str()), ("ConnectivityType", "private"), ("ClientToken", "t-1")];
    assert_eq!(aws.code("CreateNatGateway", &other).await, "IdempotentParameterMismatch");
    let nat = text(&first, "natGatewayId");

    // It takes its time to come. The refused deletes below look at it too.
    assert_eq!(text(&first, "state"), "pending");
    let by_id = [("NatGatewayId.1", nat.as_str())];
    assert_eq!(text(&aws.ok("DescribeNatGateways", &by_id).await, "state"), "pending");
    let listed = aws.ok("DescribeNatGateways", &by_id).await;
    assert_eq!(text(&listed, "state"), "available");
    assert_eq!(texts(&listed, "natGatewayId"), [nat.as_str()]);

    // Nothing goes while something depends on it.
    assert_eq!(aws.code("DeleteVpc", &[("VpcId", &vpc)]).await, "DependencyViolation");
    assert_eq!(aws.code("DeleteSubnet", &[("SubnetId", &subnet)]).await, "DependencyViolation");
    let (_, refusal) = aws.ec2("DetachInternetGateway", &attachment).await;
    assert!(refusal.contains("mapped public address"), "{refusal}");
    let release = [("AllocationId", address.as_str())];
    assert_eq!(aws.code("ReleaseAddress", &release).await, "InvalidIPAddress.InUse");
    assert_eq!(
        aws.code("DeleteInternetGateway", &[("InternetGatewayId", &igw)]).await,
        "DependencyViolation"
    );

    // And it takes its time to go: it holds the subnet until it is gone.
    aws.ok("DeleteNatGateway", &[("NatGatewayId", &nat)]).await;
    assert_eq!(aws.code("DeleteSubnet", &[("SubnetId", &subnet)]).await, "DependencyViolation");
    assert_eq!(text(&aws.ok("DescribeNatGateways", &by_id).await, "state"), "deleted");
    aws.ok("DetachInternetGateway", &attachment).await;
    aws.ok("ReleaseAddress", &release).await;
    aws.ok("DeleteInternetGateway", &[("InternetGatewayId", &igw)]).await;
    aws.ok("DeleteSubnet", &[("SubnetId", &subnet)]).await;
    aws.ok("DeleteVpc", &[("VpcId", &vpc)]).await;
    assert_eq!(aws.code("DescribeVpcs", &[("VpcId.1", &vpc)]).await, "InvalidVpcID.NotFound");

    // All of it is in the log, in order, and in the file.
    let log = sandbox.control().log(0).await.unwrap();
    let names: Vec<&str> = log.iter().map(|entry| entry.operation.as_str()).collect();
    assert_eq!(
        names[..4],
        ["CreateVpc", "CreateSubnet", "CreateInternetGateway", "AttachInternetGateway"]
    );
    assert_eq!(log[0].parameters["CidrBlock"], "10.0.0.0/16");
    assert_eq!((log[0].region.as_str(), log[0].status), ("eu-west-1", Some(200)));
    let refused = log.iter().find(|entry| entry.operation == "DeleteVpc").unwrap();
    assert_eq!(refused.error.as_deref(), Some("DependencyViolation"));
    let file = std::fs::read_to_string(folder.path().join("sandbox/requests.jsonl")).unwrap();
    assert_eq!(file.lines().count(), log.len());
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moto_gets_wrong_is_right_at_the_gate() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(config(folder.path())).await.unwrap();
    let aws = Caller::new(&sandbox.endpoint());
    let (vpc, subnet) = network(&aws).await;

    let unknown = "nat-0123456789abcdef0";
    let by_id = [("NatGatewayId.1", unknown)];
    assert_eq!(aws.code("DescribeNatGateways", &by_id).await, "NatGatewayNotFound");
    let delete = [("NatGatewayId", unknown)];
    assert_eq!(aws.code("DeleteNatGateway", &delete).await, "NatGatewayNotFound");

    let dry = [("CidrBlock", "10.9.0.0/16"), ("DryRun", "true")];
    let before = texts(&aws.ok("DescribeVpcs", &[]).await, "vpcId").len();
    assert_eq!(aws.ec2("CreateVpc", &dry).await.0, 412);
    assert_eq!(texts(&aws.ok("DescribeVpcs", &[]).await, "vpcId").len(), before);

    let acl = aws.ok("CreateNetworkAcl", &[("VpcId", &vpc)]).await;
    assert_eq!(texts(&acl, "ruleNumber"), ["32767", "32767"]);
    let id = text(&acl, "networkAclId");
    assert_eq!(aws.code("DeleteVpc", &[("VpcId", &vpc)]).await, "DependencyViolation");
    aws.ok("DeleteNetworkAcl", &[("NetworkAclId", &id)]).await;
    let gone = aws.code("DescribeNetworkAcls", &[("NetworkAclId.1", &id)]).await;
    assert_eq!(gone, "InvalidNetworkAclID.NotFound");

    let of_vpc = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc.as_str())];
    let groups = aws.ok("DescribeSecurityGroups", &of_vpc).await;
    let default = text(&groups, "groupId");
    // The group itself, and the source of its ingress rule.
    assert_eq!(texts(&groups, "groupId"), [default.as_str(), &default]);
    assert_eq!(aws.code("DeleteSecurityGroup", &[("GroupId", &default)]).await, "CannotDelete");

    // Groups in use by a rule of either direction, and by an endpoint.
    let group = |name: &'static str| {
        let (aws, vpc) = (&aws, &vpc);
        async move {
            let wanted = [("GroupName", name), ("GroupDescription", "d"), ("VpcId", vpc.as_str())];
            text(&aws.ok("CreateSecurityGroup", &wanted).await, "groupId")
        }
    };
    let (one, two) = (group("one").await, group("two").await);
    for direction in ["Ingress", "Egress"] {
        let rule = [
            ("GroupId", one.as_str()),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "443"),
            ("IpPermissions.1.ToPort", "443"),
            ("IpPermissions.1.Groups.1.GroupId", &two),
        ];
        aws.ok(&format!("AuthorizeSecurityGroup{direction}"), &rule).await;
        let delete = [("GroupId", two.as_str())];
        assert_eq!(aws.code("DeleteSecurityGroup", &delete).await, "DependencyViolation");
        aws.ok(&format!("RevokeSecurityGroup{direction}"), &rule).await;
    }
    let endpoint = [
        ("VpcId", vpc.as_str()),
        ("ServiceName", "com.amazonaws.eu-west-1.ssm"),
        ("VpcEndpointType", "Interface"),
        ("SubnetId.1", &subnet),
        ("SecurityGroupId.1", &two),
    ];
    let endpoint = text(&aws.ok("CreateVpcEndpoint", &endpoint).await, "vpcEndpointId");
    for _ in 0..2 {
        let delete = [("GroupId", two.as_str())];
        assert_eq!(aws.code("DeleteSecurityGroup", &delete).await, "DependencyViolation");
        assert_eq!(aws.code("DeleteSubnet", &[("SubnetId", &subnet)]).await, "DependencyViolation");
    }
    aws.ok("DeleteVpcEndpoints", &[("VpcEndpointId.1", &endpoint)]).await;
    let by_id = [("VpcEndpointId.1", endpoint.as_str())];
    assert_eq!(text(&aws.ok("DescribeVpcEndpoints", &by_id).await, "state"), "deleting");
    aws.ok("DeleteSecurityGroup", &[("GroupId", &two)]).await;
    aws.ok("DeleteSecurityGroup", &[("GroupId", &one)]).await;

    // An instance holds its subnet until it is terminated.
    let run =
        [("ImageId", "ami-12345678"), ("MinCount", "1"), ("MaxCount", "1"), ("SubnetId", &subnet)];
    let instance = text(&aws.ok("RunInstances", &run).await, "instanceId");
    assert_eq!(aws.code("DeleteSubnet", &[("SubnetId", &subnet)]).await, "DependencyViolation");
    let address = text(&aws.ok("AllocateAddress", &[("Domain", "vpc")]).await, "allocationId");
    let associate = [("AllocationId", address.as_str()), ("InstanceId", &instance)];
    let association = text(&aws.ok("AssociateAddress", &associate).await, "associationId");
    let release = [("AllocationId", address.as_str())];
    assert_eq!(aws.code("ReleaseAddress", &release).await, "InvalidIPAddress.InUse");
    aws.ok("DisassociateAddress", &[("AssociationId", &association)]).await;
    aws.ok("ReleaseAddress", &release).await;
    aws.ok("TerminateInstances", &[("InstanceId.1", &instance)]).await;
    aws.ok("DeleteSubnet", &[("SubnetId", &subnet)]).await;
    aws.ok("DeleteVpc", &[("VpcId", &vpc)]).await;

    let (status, gap) = aws.ec2("DescribeNothingOfTheKind", &[]).await;
    assert_eq!((status, text(&gap, "Code").as_str()), (501, "EmulatorGap"));
    assert!(gap.contains("ec2:DescribeNothingOfTheKind"), "{gap}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_pages_and_both_emulators() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(config(folder.path())).await.unwrap();
    let aws = Caller::new(&sandbox.endpoint());
    let control = sandbox.control();

    // S3 is ministack's; the account is the one that moto says.
    let send = async |method, path: &str, service, headers: &[(&str, &str)], body: &str| {
        aws.send(method, path, service, headers, body.to_owned()).await.expect("an answer")
    };
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    let (status, answer) = send(Method::PUT, "/a-bucket", "s3", &[], place).await;
    assert_eq!(status, 200, "{answer}");
    let (_, buckets) = send(Method::GET, "/", "s3", &[], "").await;
    assert_eq!(texts(&buckets, "Name"), ["a-bucket"]);
    let (_, who) = aws.query("sts", "2011-06-15", "GetCallerIdentity", &[]).await.unwrap();
    assert_eq!(text(&who, "Account"), "123456789012");
    let cluster = "{\"name\":\"c\",\"roleArn\":\"arn:aws:iam::123456789012:role/r\",\"resourcesVpcConfig\":{\"subnetIds\":[\"s\"]}}";
    let json = [("content-type", "application/json")];
    let (_, made) = send(Method::POST, "/clusters", "eks", &json, cluster).await;
    assert!(made.contains("arn:aws:eks:eu-west-1:123456789012:cluster/c"), "{made}");

    // Served, and cut: the object is there.
    let (vpc, _) = network(&aws).await;
    control.set_faults(&[fault("CreateSubnet", vec![2], FaultKind::ResetAfter)]).await.unwrap();
    let subnets = async || {
        let of_vpc = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc.as_str())];
        texts(&aws.ok("DescribeSubnets", &of_vpc).await, "subnetId").len()
    };
    let mut cut = Vec::new();
    for number in 2..13 {
        let cidr = format!("10.0.{number}.0/24");
        let made = aws.try_ec2("CreateSubnet", &[("VpcId", &vpc), ("CidrBlock", &cidr)]).await;
        if made.is_none() {
            cut.push(number);
        }
    }
    assert_eq!(cut, [3]);
    assert_eq!(subnets().await, 12);
    assert_eq!(control.faults().await.unwrap()[0].hits, 1);

    // Pages join to the whole.
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let mut page = vec![
            ("MaxResults", "5"),
            ("Filter.1.Name", "vpc-id"),
            ("Filter.1.Value.1", vpc.as_str()),
        ];
        if !token.is_empty() {
            page.push(("NextToken", &token));
        }
        let body = aws.ok("DescribeSubnets", &page).await;
        let ids = texts(&body, "subnetId");
        assert!(ids.len() <= 5);
        found.extend(ids);
        token = text(&body, "nextToken");
        if token.is_empty() {
            break;
        }
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 12);

    // A read that does not see a fresh object yet, by list and by id.
    control
        .set_faults(&[fault("DescribeVpcs", Vec::new(), FaultKind::HideRead { reads: 2 })])
        .await
        .unwrap();
    let (fresh, _) = network(&aws).await;
    assert!(!aws.ok("DescribeVpcs", &[]).await.contains(&fresh));
    let by_id = [("VpcId.1", fresh.as_str())];
    assert_eq!(aws.code("DescribeVpcs", &by_id).await, "InvalidVpcID.NotFound");
    assert_eq!(text(&aws.ok("DescribeVpcs", &by_id).await, "vpcId"), fresh);

    // A reset forgets everything but the log.
    control.set_faults(&[fault("DescribeVpcs", Vec::new(), FaultKind::ResetBefore)]).await.unwrap();
    assert_eq!(aws.try_ec2("DescribeVpcs", &[]).await, None);
    control.reset().await.unwrap();
    assert_eq!(aws.code("DescribeVpcs", &[("VpcId.1", &vpc)]).await, "InvalidVpcID.NotFound");
    let (_, buckets) = send(Method::GET, "/", "s3", &[], "").await;
    assert_eq!(texts(&buckets, "Name"), [""; 0]);
    assert!(control.faults().await.unwrap().is_empty());
    let log = control.log(0).await.unwrap();
    assert!(
        log.iter().any(|entry| entry.operation == "CreateBucket" && entry.emulator == "ministack")
    );
    let hit = log.iter().find(|entry| entry.operation == "CreateSubnet" && entry.status.is_none());
    assert_eq!(hit.unwrap().notes, ["fault: reset_after (rule 0)"]);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_detached_sandbox_is_found_again_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let launcher = Launcher {
        program: env!("CARGO_BIN_EXE_infra-gate").into(),
        arguments: vec![config.directory.clone().into(), config.venv_directory().into()],
    };
    assert_eq!(detached::status(&config).await.unwrap(), None);
    assert!(!detached::stop(&config).await.unwrap());

    // Two starts at once come to one sandbox.
    let (first, second) = tokio::join!(
        detached::connect_or_start(&config, &launcher),
        detached::connect_or_start(&config, &launcher)
    );
    let running = first.unwrap();
    assert_eq!(running, second.unwrap());
    assert_eq!(detached::status(&config).await.unwrap(), Some(running.clone()));
    let other = Sandbox::start(config.clone()).await.err().expect("the folder is taken");
    assert!(matches!(other, SandboxError::AlreadyRunning { .. }), "{other}");
    let settings = OverlaySettings {
        states: StatesSettings { enabled: false, ..StatesSettings::default() },
        ..OverlaySettings::default()
    };
    running.control().set_overlays(&settings).await.unwrap();
    assert_eq!(running.control().overlays().await.unwrap(), settings);

    assert!(detached::stop(&config).await.unwrap());
    assert_eq!(detached::status(&config).await.unwrap(), None);
    gone(&running.emulator_pids).await;

    // Killed without a chance to clean up: the emulators go, the state file is stale, a start works.
    let killed = detached::connect_or_start(&config, &launcher).await.unwrap();
    assert_ne!(killed.instance, running.instance);
    let pid = rustix::process::Pid::from_raw(i32::try_from(killed.pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    gone(&killed.emulator_pids).await;
    assert!(config.directory.join("sandbox.json").exists());
    assert_eq!(detached::status(&config).await.unwrap(), None);
    let again = detached::connect_or_start(&config, &launcher).await.unwrap();
    assert_ne!(again.instance, killed.instance);
    assert!(detached::stop(&config).await.unwrap());
    gone(&again.emulator_pids).await;
}

/// Waits until the processes are gone; one that nobody waited for counts as gone.
async fn gone(pids: &[u32]) {
    assert_eq!(pids.len(), 2);
    let deadline = Instant::now() + Duration::from_secs(10);
    let runs = |pid: &&u32| {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
    };
    while let Some(pid) = pids.iter().find(runs) {
        assert!(Instant::now() < deadline, "process {pid} is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
