# The same stack twice: bad on purpose, and mended. And a small one that is quick to apply.

def reference(address, attribute):
    return {"$ref": [address, attribute]}


def stack(good):
    anywhere, inside = "0.0.0.0/0", "10.0.0.0/8"
    closed = {
        name: good
        for name in (
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        )
    }
    if not good:
        closed |= {"block_public_policy": True, "ignore_public_acls": True}
        closed |= {"restrict_public_buckets": True}
    metrics = {
        "cloudwatch_metrics_enabled": True,
        "metric_name": "firewall",
        "sampled_requests_enabled": True,
    }
    rules = "AWSManagedRulesKnownBadInputsRuleSet" if good else "AWSManagedRulesSQLiRuleSet"
    listener = {"protocol": "HTTPS", "port": 443, "certificate_arn": CERTIFICATE}
    by_default = {"sse_algorithm": "aws:kms" if good else "AES256"}
    if good:
        by_default["kms_master_key_id"] = reference("key", "arn")
    encrypted = {"provider": {"key_arn": reference("key", "arn")}, "resources": ["secrets"]}
    resources = [
        resource("key", "aws_kms_key"),
        resource("bucket", "aws_s3_bucket", bucket="readers-bucket"),
        resource(
            "bucket-access",
            "aws_s3_bucket_public_access_block",
            bucket=reference("bucket", "id"),
            **closed,
        ),
        resource(
            "bucket-encryption",
            "aws_s3_bucket_server_side_encryption_configuration",
            bucket=reference("bucket", "id"),
            rule=[{"apply_server_side_encryption_by_default": by_default}],
        ),
        resource("lonely-bucket", "aws_s3_bucket", bucket="readers-lonely"),
        resource("vpc", "aws_vpc", cidr_block="10.0.0.0/16"),
        resource(
            "group", "aws_security_group", name="readers", vpc_id=reference("vpc", "id")
        ),
        resource(
            "ssh",
            "aws_vpc_security_group_ingress_rule",
            security_group_id=reference("group", "id"),
            cidr_ipv4=inside if good else anywhere,
            ip_protocol="tcp",
            from_port=22,
            to_port=22,
        ),
        resource(
            "database",
            "aws_db_instance",
            identifier="readers",
            engine="postgres",
            instance_class="db.t3.micro",
            allocated_storage=20,
            username="admin_user",
            password={"$sensitive": "correct-horse-battery"},
            storage_encrypted=good,
            publicly_accessible=not good,
            skip_final_snapshot=True,
        ),
        resource(
            "task",
            "aws_ecs_task_definition",
            family="readers",
            container_definitions=[
                {
                    "name": "app",
                    "image": "app:1",
                    "memory": 128,
                    "readonly_root_filesystem": good,
                }
            ],
        ),
        resource(
            "cluster",
            "aws_eks_cluster",
            name="readers",
            role_arn="arn:aws:iam::123456789012:role/readers",
            vpc_config={
                "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
                "endpoint_public_access": not good,
                "endpoint_private_access": True,
            },
            **({"encryption_config": encrypted} if good else {}),
        ),
        resource(
            "listener",
            "aws_lb_listener",
            load_balancer_arn=BALANCER,
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06"
            if good
            else "ELBSecurityPolicy-2016-08",
            default_action=[{"type": "forward", "target_group_arn": TARGET}],
            **listener,
        ),
        resource(
            "firewall",
            "aws_wafv2_web_acl",
            name="readers",
            scope="REGIONAL",
            default_action={"type": "allow"},
            visibility_config=metrics,
            rule=[
                {
                    "name": "rules",
                    "priority": 1,
                    "override_action": "none",
                    "statement": {
                        "managed_rule_group_statement": {"name": rules, "vendor_name": "AWS"}
                    },
                    "visibility_config": metrics,
                }
            ],
        ),
    ]
    if good:
        resources.append(
            resource(
                "lonely-access",
                "aws_s3_bucket_public_access_block",
                bucket=reference("lonely-bucket", "id"),
                **closed,
            )
        )
    return resources


ELB = "arn:aws:elasticloadbalancing:us-west-2:123456789012:"
BALANCER = ELB + "loadbalancer/app/readers/50dc6c495c0c9188"
TARGET = ELB + "targetgroup/readers/73e2d6bc24d8a067"
CERTIFICATE = "arn:aws:acm:us-west-2:123456789012:certificate/12345678-1234-1234-1234-123456789012"

if hello["stack"] == "small":
    desired(
        resource("note", "infra_data", input="one"),
        resource("suffix", "random_id", byte_length=4),
        resource("jobs", "aws_sqs_queue", name="readers-jobs"),
    )
else:
    desired(*stack(hello["stack"] == "good"))
