"""Changes something of a system by hand, with AWS's own SDK for Python.

Usage: drift.py ENDPOINT REGION ENVIRONMENT WHAT.
"""

import sys

import boto3

ENDPOINT, REGION, ENVIRONMENT, WHAT = sys.argv[1:]
SESSION = boto3.Session("123456789012", "sandbox", region_name=REGION)


def client(service):
    return SESSION.client(service, endpoint_url=ENDPOINT)


def log_retention():
    client("logs").put_retention_policy(
        logGroupName=f"/archon/{ENVIRONMENT}/application", retentionInDays=1
    )


def health_check():
    balancing = client("elbv2")
    name = f"faultmaven-{ENVIRONMENT}"
    (balancer,) = balancing.describe_load_balancers(Names=[name])["LoadBalancers"]
    (group,) = balancing.describe_target_groups(LoadBalancerArn=balancer["LoadBalancerArn"])[
        "TargetGroups"
    ]
    balancing.modify_target_group(TargetGroupArn=group["TargetGroupArn"], HealthCheckPath="/other")


def backups():
    client("rds").modify_db_instance(
        DBInstanceIdentifier=f"omniportal-{ENVIRONMENT}",
        BackupRetentionPeriod=1,
        ApplyImmediately=True,
    )


def versioning():
    client("s3").put_bucket_versioning(
        Bucket="securenexus-uploads", VersioningConfiguration={"Status": "Suspended"}
    )


DRIFTS = {
    "backups": backups,
    "health-check": health_check,
    "log-retention": log_retention,
    "versioning": versioning,
}
DRIFTS[WHAT]()
