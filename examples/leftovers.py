"""Lists what the sandbox holds, asked with AWS's own SDK for Python.

Usage: leftovers.py ENDPOINT REGION... [--without FILE]. Prints a JSON list, sorted; with `--without`
only what is not in that list of an earlier call. Exit status 1 when something is left then.

What AWS keeps by itself is left out: what is deleted and still shown, what waits for its deletion,
backups that are made in order to stay.
"""

import json
import sys

import boto3
from botocore.config import Config

CONFIG = Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"})

# Service, call, key of the list, key of the id in an item (none where the item is the id).
LISTS = [
    ("acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"),
    ("backup", "list_backup_plans", "BackupPlansList", "BackupPlanId"),
    ("backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
    ("cloudtrail", "describe_trails", "trailList", "TrailARN"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmArn"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("dynamodb", "list_tables", "TableNames", None),
    ("ec2", "describe_addresses", "Addresses", "AllocationId"),
    ("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    ("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("ec2", "describe_key_pairs", "KeyPairs", "KeyPairId"),
    ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    ("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("ec2", "describe_network_acls", "NetworkAcls", "NetworkAclId"),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    ("ec2", "describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    ("ecr", "describe_repositories", "repositories", "repositoryArn"),
    ("ecs", "list_clusters", "clusterArns", None),
    ("ecs", "list_task_definitions", "taskDefinitionArns", None),
    ("eks", "list_clusters", "clusters", None),
    ("elasticache", "describe_cache_parameter_groups", "CacheParameterGroups", "CacheParameterGroupName"),
    ("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", "CacheSubnetGroupName"),
    ("elasticache", "describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
    ("elasticache", "describe_users", "Users", "UserId"),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    ("events", "list_rules", "Rules", "Arn"),
    ("iam", "list_instance_profiles", "InstanceProfiles", "Arn"),
    ("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList", "Arn"),
    ("iam", "list_policies", "Policies", "Arn"),
    ("iam", "list_roles", "Roles", "Arn"),
    ("iam", "list_users", "Users", "Arn"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
    ("kms", "list_keys", "Keys", "KeyId"),
    ("lambda", "list_functions", "Functions", "FunctionArn"),
    ("logs", "describe_log_groups", "logGroups", "arn"),
    ("logs", "describe_metric_filters", "metricFilters", "filterName"),
    ("rds", "describe_db_clusters", "DBClusters", "DBClusterArn"),
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceArn"),
    ("rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    ("rds", "describe_event_subscriptions", "EventSubscriptionsList", "CustSubscriptionId"),
    ("route53", "list_hosted_zones", "HostedZones", "Id"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("secretsmanager", "list_secrets", "SecretList", "ARN"),
    ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", None),
    ("ssm", "describe_parameters", "Parameters", "Name"),
]
FIREWALL = [("list_web_acls", "WebACLs"), ("list_ip_sets", "IPSets"),
            ("list_regex_pattern_sets", "RegexPatternSets"), ("list_rule_groups", "RuleGroups")]
SCALABLE = ["ecs", "rds", "dynamodb"]


class Cloud:
    def __init__(self, endpoint, region):
        self.region = region
        self.session = boto3.Session("123456789012", "sandbox", region_name=region)
        self.endpoint = endpoint

    def client(self, service):
        return self.session.client(service, endpoint_url=self.endpoint, config=CONFIG)

    def everything(self):
        for service, call, key, name in LISTS:
            client = self.client(service)
            arguments = {"Scope": "Local"} if call == "list_policies" else {}
            if client.can_paginate(call):
                pages = client.get_paginator(call).paginate(**arguments)
            else:
                pages = [getattr(client, call)(**arguments)]
            for page in pages:
                for item in page.get(key, []):
                    if self.stays(service, call, item):
                        yield f"{service} {item[name] if name else item}"
        firewall = self.client("wafv2")
        for call, key in FIREWALL:
            for item in getattr(firewall, call)(Scope="REGIONAL")[key]:
                yield f"wafv2 {item['ARN']}"
        scaling = self.client("application-autoscaling")
        for namespace in SCALABLE:
            for item in scaling.describe_scalable_targets(ServiceNamespace=namespace)["ScalableTargets"]:
                yield f"application-autoscaling {item['ResourceId']} {item['ScalableDimension']}"

    def stays(self, service, call, item):
        """Whether an item is there to stay, and not on its way out."""
        if call == "describe_nat_gateways":
            return item["State"] != "deleted"
        if call == "describe_network_acls":
            # The one that comes with a VPC; the emulator keeps it when the VPC goes.
            return not item["IsDefault"]
        if call == "describe_vpc_endpoints":
            return item["State"].lower() != "deleted"
        if call == "list_keys":
            facts = self.client("kms").describe_key(KeyId=item["KeyId"])["KeyMetadata"]
            return facts["KeyManager"] == "CUSTOMER" and facts["KeyState"] != "PendingDeletion"
        if call == "list_aliases":
            return not item["AliasName"].startswith("alias/aws/")
        if call == "list_clusters" and service == "ecs":
            found = self.client("ecs").describe_clusters(clusters=[item])["clusters"]
            return any(cluster["status"] != "INACTIVE" for cluster in found)
        return True


arguments = sys.argv[1:]
before = None
if "--without" in arguments:
    at = arguments.index("--without")
    with open(arguments[at + 1]) as file:
        before = set(json.load(file))
    del arguments[at:at + 2]
endpoint, *regions = arguments
held = set()
for region in regions:
    held |= {f"{region} {line}" for line in Cloud(endpoint, region).everything()}
print(json.dumps(sorted(held - before if before is not None else held), indent=1))
sys.exit(1 if before is not None and held - before else 0)
