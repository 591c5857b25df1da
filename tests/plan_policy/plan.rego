# Rules over Terraform's plan JSON, written as they are for Terraform: nothing here knows of infra.
package plan

import rego.v1

planned(type) := [resource |
	some resource in input.planned_values.root_module.resources
	resource.mode == "managed"
	resource.type == type
]

deny contains message if {
	some block in planned("aws_s3_bucket_public_access_block")
	some flag in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
	block.values[flag] != true
	message := sprintf("%s: %s is off", [block.address, flag])
}

deny contains message if {
	some bucket in planned("aws_s3_bucket")
	not closed(bucket)
	message := sprintf("%s: nothing closes it to the public", [bucket.address])
}

# A block is found by what its argument refers to, as the name is known only later.
closed(bucket) if {
	some block in input.configuration.root_module.resources
	block.type == "aws_s3_bucket_public_access_block"
	sprintf("%s.%s", [bucket.type, bucket.name]) in block.expressions.bucket.references
}

# To Terraform a block is a list, also where there is one.
deny contains message if {
	some encryption in planned("aws_s3_bucket_server_side_encryption_configuration")
	some rule in encryption.values.rule
	rule.apply_server_side_encryption_by_default[0].sse_algorithm != "aws:kms"
	message := sprintf("%s: not a key of KMS", [encryption.address])
}

# What was left out is null.
deny contains message if {
	some database in planned("aws_db_instance")
	database.values.storage_encrypted != true
	message := sprintf("%s: not encrypted", [database.address])
}

deny contains message if {
	some rule in planned("aws_vpc_security_group_ingress_rule")
	rule.values.cidr_ipv4 == "0.0.0.0/0"
	not rule.values.from_port in [80, 443]
	message := sprintf("%s: open to everyone", [rule.address])
}

deny contains message if {
	some task in planned("aws_ecs_task_definition")
	some container in json.unmarshal(task.values.container_definitions)
	not container.readonlyRootFilesystem
	message := sprintf("%s: %s can write to its root", [task.address, container.name])
}

unset contains resource.address if {
	some resource in planned("aws_vpc_security_group_ingress_rule")
	resource.values.cidr_ipv6 == null
}

count_of(action) := count([change |
	some change in input.resource_changes
	action in change.change.actions
])

creates := count_of("create")

destroys := count_of("delete")
