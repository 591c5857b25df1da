"""Lists what the sandbox still holds of a stack, asked with AWS's own SDK for Python.

Usage: leftovers.py STACK [REGION]. Exit status 1 when something is left.
"""

import json
import pathlib
import sys

import boto3

STACK = sys.argv[1]
REGION = sys.argv[2] if len(sys.argv) > 2 else "us-west-2"
STATE = json.loads(pathlib.Path(".infra/sandbox/sandbox.json").read_text())
SESSION = boto3.Session("123456789012", "sandbox", region_name=REGION)


def client(service):
    return SESSION.client(service, endpoint_url=STATE["endpoint"])


# Call, key of the list, key of the id. Asked one by one: the emulators' DescribeTags also shows the
# tags of what is deleted.
EC2 = [
    ("describe_addresses", "Addresses", "AllocationId"),
    ("describe_flow_logs", "FlowLogs", "FlowLogId"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("describe_network_acls", "NetworkAcls", "NetworkAclId"),
    ("describe_route_tables", "RouteTables", "RouteTableId"),
    ("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"),
    ("describe_security_groups", "SecurityGroups", "GroupId"),
    ("describe_subnets", "Subnets", "SubnetId"),
    ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("describe_vpcs", "Vpcs", "VpcId"),
]


def ec2():
    """Whatever carries the ownership tag and is not deleted."""
    for call, items, key in EC2:
        for item in getattr(client("ec2"), call)()[items]:
            tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
            if tags.get("infra:stack") == STACK and item.get("State") != "deleted":
                yield item[key]


def others():
    for bucket in client("s3").list_buckets()["Buckets"]:
        yield bucket["Name"]
    iam = client("iam")
    for role in iam.list_roles()["Roles"]:
        yield role["RoleName"]
    for profile in iam.list_instance_profiles()["InstanceProfiles"]:
        yield profile["InstanceProfileName"]
    for group in client("logs").describe_log_groups()["logGroups"]:
        yield group["logGroupName"]
    kms = client("kms")
    for alias in kms.list_aliases()["Aliases"]:
        yield alias["AliasName"]
    for key in kms.list_keys()["Keys"]:
        facts = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if facts["KeyManager"] == "CUSTOMER" and facts["KeyState"] != "PendingDeletion":
            yield f"{STACK} key {facts['KeyId']} {facts['KeyState']}"


left = list(ec2()) + [name for name in others() if STACK in name]
print("\n".join(left) if left else f"nothing of {STACK} is left")
sys.exit(1 if left else 0)
