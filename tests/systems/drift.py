"""Changes something of a system by hand, with AWS's own SDK for Python.

Usage: drift.py ENDPOINT REGION ENVIRONMENT WHAT.
"""

import sys

import boto3

ENDPOINT, REGION, ENVIRONMENT, WHAT = sys.argv[1:]
SESSION = boto3.Session("123456789012", "sandbox", region_name=REGION)


def client(service):
    return SESSION.client(service, endpoint_url=ENDPOINT)


def log_retention(name):
    client("logs").put_retention_policy(logGroupName=name, retentionInDays=1)


DRIFTS = {
    "archon-logs": lambda: log_retention(f"/archon/{ENVIRONMENT}/application"),
}
DRIFTS[WHAT]()
