"""Lists what the cloud holds, asked with AWS's own SDK for Python: a line in, a line of JSON out.

Usage: inventory.py ENDPOINT REGION. Each object has the type and the id that `infra` gives it, and
where it has tags, the address in its ownership tag and the revision that the stack wrote on it.
What the account has of itself is left out: the default VPC and what comes with every VPC.
"""

import json
import sys

import boto3
from botocore.config import Config

ENDPOINT, REGION = sys.argv[1:]
SESSION = boto3.Session("123456789012", "inventory", region_name=REGION)
CONFIG = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
CLIENTS = {
    name: SESSION.client(name, endpoint_url=ENDPOINT, config=CONFIG)
    for name in ["ec2", "iam", "kms", "logs", "s3"]
}


def found(kind, name, tags=()):
    tags = {t.get("Key", t.get("TagKey")): t.get("Value", t.get("TagValue")) for t in tags}
    address, revision = tags.get("infra:address"), tags.get("revision")
    return {"type": kind, "id": name, "address": address, "revision": revision}


def network(ec2):
    default = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"]}

    def items(call, key):
        for item in getattr(ec2, call)()[key]:
            if item.get("VpcId") not in default and item.get("State") != "deleted":
                yield item

    def plain(kind, call, key, name):
        for item in items(call, key):
            yield found(kind, item[name], item.get("Tags", []))

    yield from plain("aws_vpc", "describe_vpcs", "Vpcs", "VpcId")
    yield from plain("aws_subnet", "describe_subnets", "Subnets", "SubnetId")
    yield from plain("aws_nat_gateway", "describe_nat_gateways", "NatGateways", "NatGatewayId")
    yield from plain("aws_eip", "describe_addresses", "Addresses", "AllocationId")
    for gateway in ec2.describe_internet_gateways()["InternetGateways"]:
        if not any(a["VpcId"] in default for a in gateway["Attachments"]):
            yield found("aws_internet_gateway", gateway["InternetGatewayId"], gateway["Tags"])
    for table in items("describe_route_tables", "RouteTables"):
        if any(a.get("Main") for a in table["Associations"]):
            continue
        yield found("aws_route_table", table["RouteTableId"], table["Tags"])
        for association in table["Associations"]:
            yield found("aws_route_table_association", association["SubnetId"])
        for route in table["Routes"]:
            if route.get("GatewayId") != "local":
                name = f"{table['RouteTableId']}_{route['DestinationCidrBlock']}"
                yield found("aws_route", name)
    own = set()
    for group in items("describe_security_groups", "SecurityGroups"):
        if group["GroupName"] != "default":
            own.add(group["GroupId"])
            yield found("aws_security_group", group["GroupId"], group.get("Tags", []))
    for rule in ec2.describe_security_group_rules()["SecurityGroupRules"]:
        if rule["GroupId"] in own:
            way = "egress" if rule["IsEgress"] else "ingress"
            kind = f"aws_vpc_security_group_{way}_rule"
            yield found(kind, rule["SecurityGroupRuleId"], rule.get("Tags", []))


def keys(kms):
    for key in kms.list_keys()["Keys"]:
        facts = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if facts["KeyManager"] == "CUSTOMER" and facts["KeyState"] != "PendingDeletion":
            tags = kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]
            yield found("aws_kms_key", key["KeyId"], tags)
    for alias in kms.list_aliases()["Aliases"]:
        if not alias["AliasName"].startswith("alias/aws/"):
            yield found("aws_kms_alias", alias["AliasName"])


def access(iam):
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        yield found("aws_iam_role", name, iam.list_role_tags(RoleName=name)["Tags"])
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            yield found("aws_iam_role_policy", f"{name}:{policy}")
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            yield found("aws_iam_role_policy_attachment", f"{name}/{policy['PolicyArn']}")
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        tags = iam.list_policy_tags(PolicyArn=policy["Arn"])["Tags"]
        yield found("aws_iam_policy", policy["Arn"], tags)


def log_groups(logs):
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        tags = logs.list_tags_log_group(logGroupName=name)["tags"].items()
        tags = [{"Key": key, "Value": value} for key, value in tags]
        yield found("aws_cloudwatch_log_group", name, tags)


def optional(call, bucket, key):
    """A part of a bucket's configuration; `None` where the bucket has none."""
    try:
        return call(Bucket=bucket).get(key)
    except CLIENTS["s3"].exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise


def buckets(s3):
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        yield found("aws_s3_bucket", name, optional(s3.get_bucket_tagging, name, "TagSet") or [])
        if optional(s3.get_bucket_versioning, name, "Status"):
            yield found("aws_s3_bucket_versioning", name)
        block = optional(s3.get_public_access_block, name, "PublicAccessBlockConfiguration")
        if block:
            yield found("aws_s3_bucket_public_access_block", name)
        encryption = "ServerSideEncryptionConfiguration"
        if optional(s3.get_bucket_encryption, name, encryption):
            yield found("aws_s3_bucket_server_side_encryption_configuration", name)


PARTS = {"ec2": network, "kms": keys, "iam": access, "logs": log_groups, "s3": buckets}
for _ in sys.stdin:
    objects = [item for name, part in PARTS.items() for item in part(CLIENTS[name])]
    print(json.dumps(objects), flush=True)
