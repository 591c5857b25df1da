//! The look ahead: what will fail is told before anything is changed. Against a sandbox.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::sandboxed::{Sandboxed, infra};
use crate::support::{Project, Run, with_credentials};

fn done(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run
}

fn refused(run: Run, texts: &[&str]) -> Run {
    assert_eq!(run.code, Some(1), "{}", run.shown());
    for text in texts {
        assert!(run.stderr.contains(text), "`{text}`: {}", run.shown());
    }
    run
}

/// Another project in the same cloud, whose stack declares this.
fn neighbour(endpoint: &str, program: &str) -> Project {
    let other = Project::new();
    other.environment(&format!("endpoint = \"{endpoint}\""));
    other.program(program);
    let _ = done(other.stacks("apply --env dev --auto-approve"));
    other
}

#[test]
fn what_will_fail_is_told_before_anything_is_changed() {
    let sandboxed = Sandboxed::new();
    let (project, endpoint) = (&sandboxed.project, sandboxed.endpoint.as_str());
    deletes_that_are_blocked(project, endpoint);
    deletes_of_other_sorts(endpoint);
    names_that_are_taken(endpoint);
    actions_that_are_denied(project, endpoint);
    quotas_that_do_not_suffice(project);
    credentials_that_end_too_early(project);
}

fn kept(protected: &str, force: &str) -> String {
    format!(
        "desired(\n\
         \x20   resource('logs', 'aws_s3_bucket', bucket='preflight-logs', force_destroy={force}),\n\
         \x20   resource('own', 'aws_s3_object', bucket={{'$ref': ['logs', 'id']}}, key='own',\n\
         \x20       content='ours'),\n\
         \x20   resource('table', 'aws_dynamodb_table', name='preflight', hash_key='id',\n\
         \x20       billing_mode='PAY_PER_REQUEST', attribute=[{{'name': 'id', 'type': 'S'}}],\n\
         \x20       deletion_protection_enabled={protected}),\n\
         )"
    )
}

fn deletes_that_are_blocked(project: &Project, endpoint: &str) {
    project.program(&kept("True", "False"));
    let _ = done(project.stacks("apply --env dev --auto-approve"));
    let recorded = project.infra("state list --env dev").stdout;
    // What goes with the bucket does not keep it.
    let _ = refused(project.stacks("destroy --env dev --auto-approve"), &["one thing would fail"]);
    let strangers = "desired(resource('left', 'aws_s3_object', bucket='preflight-logs', \
         key='left', content='theirs'))";
    let _ = neighbour(endpoint, strangers);

    let texts = [
        "error[preflight::not-empty]: it is not empty, and AWS keeps it",
        "bucket `preflight-logs` has `left`, at least",
        "error[preflight::protected]: it is protected against deletion",
        "apply it with `deletion_protection_enabled` switched off first",
        "stacks/src/main.rs:7",
        "Preflight: 2 things would fail, and nothing was changed.",
    ];
    let run = refused(project.stacks("destroy --env dev --auto-approve"), &texts);
    assert!(run.stdout.contains("3 to destroy"), "the plan comes first: {}", run.shown());
    assert!(!run.stderr.contains("error[apply"), "{}", run.shown());
    let _ = refused(project.stacks("plan --env dev --destroy --preflight"), &texts);
    let _ = done(project.stacks("plan --env dev --destroy"));
    assert_eq!(project.infra("state list --env dev").stdout, recorded);

    let run = project.stacks("destroy --env dev --auto-approve --format json");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let lines: Vec<Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let codes: Vec<_> =
        lines.iter().filter_map(|line| line["diagnostic"]["code"].as_str()).collect();
    assert_eq!(codes, ["preflight::not-empty", "preflight::protected"], "{}", run.stdout);
    assert!(lines.iter().all(|line| line["type"] != "apply_start"), "{}", run.stdout);

    // Whoever wants it otherwise is told by AWS.
    let run = project.stacks("destroy --env dev --auto-approve --preflight=false");
    assert!(run.stderr.contains("error[apply::"), "{}", run.shown());
    assert!(!run.stderr.contains("preflight::"), "{}", run.shown());
    // The way out that it names is one.
    project.program(&kept("False", "True"));
    let _ = done(project.stacks("apply --env dev --auto-approve"));
    let run = done(project.stacks("destroy --env dev --auto-approve"));
    assert!(run.stdout.contains("3 destroyed"), "{}", run.shown());
}

/// A database whose last snapshot is to be called like another's.
fn database(name: &str) -> String {
    format!(
        "resource('db', 'aws_db_instance', identifier='{name}', engine='postgres',\n\
         \x20   instance_class='db.t4g.micro', allocated_storage=20, username='app',\n\
         \x20   password='correct horse battery', final_snapshot_identifier='preflight-last')"
    )
}

/// A role and a zone to which somebody else added, a database whose last snapshot has a name that is
/// taken, and a key, which AWS deletes later.
fn deletes_of_other_sorts(endpoint: &str) {
    let trust = "'{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\
         \"Principal\":{\"Service\":\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}'";
    let project = neighbour(
        endpoint,
        &format!(
            "desired(resource('role', 'aws_iam_role', name='preflight', assume_role_policy={trust}),\n\
             \x20   resource('zone', 'aws_route53_zone', name='preflight.example'),\n\
             \x20   resource('own', 'aws_route53_record', name='own.preflight.example', type='A',\n\
             \x20       ttl=60, records=['10.0.0.1'], zone_id={{'$ref': ['zone', 'id']}}),\n\
             \x20   resource('key', 'aws_kms_key', deletion_window_in_days=7),\n\
             \x20   {},\n\
             \x20   outputs=[('zone', {{'$ref': ['zone', 'id']}})])",
            database("preflight")
        ),
    );
    let zone = done(project.infra("output --env dev zone")).stdout;
    let zone = zone.trim().trim_matches('"');
    let _ = neighbour(
        endpoint,
        &format!(
            "desired(resource('reader', 'aws_iam_role_policy_attachment', role='preflight',\n\
             \x20       policy_arn='arn:aws:iam::aws:policy/ReadOnlyAccess'),\n\
             \x20   resource('left', 'aws_route53_record', name='left.preflight.example', type='A',\n\
             \x20       ttl=60, records=['10.0.0.1'], zone_id='{zone}'))"
        ),
    );
    let other = neighbour(endpoint, &format!("desired({})", database("preflight-other")));
    let _ = done(other.stacks("destroy --env dev --auto-approve"));
    let texts = [
        "error[preflight::in-use]: something that stays holds on to it",
        "policy arn:aws:iam::aws:policy/ReadOnlyAccess",
        "error[preflight::not-empty]",
        "has the A record `left.preflight.example",
        "error[preflight::final-snapshot]: the name of its final snapshot is taken",
        "a snapshot `preflight-last` is there already",
        "warning[preflight::later]: AWS deletes some things only later",
        "the key can be brought back for 7 days",
        "Preflight: 3 things would fail",
    ];
    let run = refused(project.stacks("destroy --env dev --auto-approve"), &texts);
    assert!(!run.stderr.contains("own.preflight.example"), "{}", run.shown());
}

fn names_that_are_taken(endpoint: &str) {
    let queue = "resource('jobs', 'aws_sqs_queue', name='preflight-jobs')";
    let bucket = "resource('mine', 'aws_s3_bucket', bucket='preflight-taken')";
    let _ = neighbour(endpoint, &format!("desired({bucket}, {queue})"));
    // A state that was never written would say that it was lost.
    let seed = "resource('seed', 'infra_data', input='1')";
    let project = neighbour(endpoint, &format!("desired({seed})"));
    project.program(&format!(
        "desired({seed}, {queue},\n\
         \x20   resource('a', 'aws_s3_bucket', bucket='preflight-taken'),\n\
         \x20   resource('b', 'aws_s3_bucket', 8, bucket='preflight-two'),\n\
         \x20   resource('c', 'aws_s3_bucket', 9, bucket='preflight-two'))"
    ));
    let texts = [
        "error[preflight::taken]: its name is taken",
        "`preflight-taken` is there already; by its tags it is `mine` of stack `web` in `dev`",
        "infra import a preflight-taken --env dev --stack web",
        "error[preflight::taken]: two resources want the same name",
        "`b` is to be called `preflight-two` too",
        "by its tags it is this resource, which is not recorded",
        "run this command with `--adopt`",
        "Preflight: 3 things would fail",
    ];
    let _ = refused(project.stacks("apply --env dev --auto-approve"), &texts);
    assert_eq!(project.infra("state list --env dev").stdout.lines().count(), 1);
    let run = project.stacks("apply --env dev --auto-approve --preflight=perhaps");
    assert_eq!(run.code, Some(64), "{}", run.shown());
}

fn actions_that_are_denied(project: &Project, endpoint: &str) {
    let policy = "'{\"Version\":\"2012-10-17\",\"Statement\":[\
         {\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"},\
         {\"Effect\":\"Deny\",\"Action\":\"s3:CreateBucket\",\"Resource\":\"*\"}]}'";
    let operator = neighbour(
        endpoint,
        &format!(
            "desired(resource('user', 'aws_iam_user', name='preflight'),\n\
             \x20   resource('policy', 'aws_iam_user_policy', name='p', policy={policy},\n\
             \x20       user={{'$ref': ['user', 'name']}}),\n\
             \x20   resource('key', 'aws_iam_access_key', user={{'$ref': ['user', 'name']}}),\n\
             \x20   outputs=[('id', {{'$ref': ['key', 'id']}}),\n\
             \x20       ('secret', {{'$ref': ['key', 'secret']}})])"
        ),
    );
    let output = |name: &str| {
        let run = done(infra(&operator, &format!("output --env dev --reveal {name}")));
        run.stdout.trim().trim_matches('"').to_owned()
    };
    let (id, secret) = (output("id"), output("secret"));
    project.program(
        "desired(resource('bucket', 'aws_s3_bucket', bucket='preflight-denied'),\n\
         \x20   resource('queue', 'aws_sqs_queue', name='preflight-denied'))",
    );
    let mut command = project.command(&["plan", "--env", "dev", "--preflight"]);
    command.args(["--program", "program"]);
    command.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret);
    let _ = refused(
        project.run(&mut command),
        &[
            "error[preflight::denied]: the caller may not do this",
            "`s3:CreateBucket`: a policy forbids it",
            "arn:aws:iam::123456789012:user/preflight; needed by `bucket`",
            "`sqs:CreateQueue`: no policy allows it for",
            "Preflight: 2 things would fail",
        ],
    );
    // Nobody else is kept from it.
    let _ = done(project.stacks("plan --env dev --preflight"));
}

fn quotas_that_do_not_suffice(project: &Project) {
    let addresses = |count: usize| {
        format!(
            "desired(*[resource(f'ip-{{n}}', 'aws_eip', domain='vpc') for n in range({count})])"
        )
    };
    project.program(&addresses(5));
    let _ = done(project.stacks("plan --env dev --preflight"));
    project.program(&addresses(6));
    let texts = [
        "error[preflight::quota]: a quota does not allow it",
        "us-west-2 may have 5 Elastic IP addresses and has 0; the plan makes 6",
    ];
    let _ = refused(project.stacks("plan --env dev --preflight"), &texts);
}

/// What planning this finds with credentials that end in so many minutes.
fn plan_with(project: &Project, program: &str, minutes: i64) -> Run {
    project.program(program);
    let end = Timestamp::now() + SignedDuration::from_mins(minutes);
    let mut command = project.command(&["plan", "--env", "dev", "--preflight"]);
    command.args(["--program", "program"]).env("AWS_CREDENTIAL_EXPIRATION", end.to_string());
    with_credentials(&mut command);
    project.run(&mut command)
}

fn credentials_that_end_too_early(project: &Project) {
    let cache = "desired(resource('group', 'aws_elasticache_replication_group',\n\
         \x20   replication_group_id='cache', description='c', node_type='cache.t4g.micro'))";
    let run = done(plan_with(project, cache, 5));
    assert!(run.stderr.contains("warning[preflight::credentials]"), "{}", run.shown());
    assert!(run.stderr.contains("in 5 min, and the run takes about 9 min"), "{}", run.shown());
    let run = done(plan_with(project, cache, 15));
    assert!(!run.stderr.contains("preflight::"), "{}", run.shown());
}

#[test]
fn credentials_that_have_ended_stop_a_run() {
    let project = Project::with_cloud();
    let vpc = "desired(resource('vpc', cidr_block='10.0.0.0/16'))";
    let text = "error[preflight::credentials]: the credentials have expired";
    let _ = refused(plan_with(&project, vpc, -5), &[text, "aws sso login"]);
    let run = done(plan_with(&project, vpc, 5));
    assert!(!run.stderr.contains("preflight::"), "{}", run.shown());
}

/// Something that cannot be deleted: how it is declared, what somebody else adds to it, and what is
/// told.
struct Kept {
    declared: &'static str,
    by_hand: &'static str,
    told: &'static [&'static str],
}

/// Every type whose handler says what keeps it and that no other test here blocks, as far as the
/// emulators have what blocks it: vaults have no recovery points there.
const KEPT: &[Kept] = &[
    Kept {
        declared: "resource('images', 'aws_ecr_repository', name='kept')",
        by_hand: "client('ecr').put_image(repositoryName='kept', imageTag='v1', imageManifest=IMAGE)",
        told: &["error[preflight::not-empty]", "repository `kept` has images", "`force_delete`"],
    },
    Kept {
        declared: "resource('images-too', 'aws_ecr_repository', name='goes', force_delete=True)",
        by_hand: "client('ecr').put_image(repositoryName='goes', imageTag='v1', imageManifest=IMAGE)",
        told: &[],
    },
    Kept {
        declared: "resource('cluster', 'aws_eks_cluster', name='kept', role_arn=ROLE,\n\
             \x20   vpc_config={'subnet_ids': [ref('a', 'id'), ref('b', 'id')]})",
        by_hand: "nodes = client('eks')\n\
             network = nodes.describe_cluster(name='kept')['cluster']['resourcesVpcConfig']\n\
             nodes.create_nodegroup(clusterName='kept', nodegroupName='theirs', nodeRole=ROLE,\n\
             \x20   subnets=network['subnetIds'])",
        told: &["error[preflight::in-use]", "node group `theirs`"],
    },
    Kept {
        declared: "resource('cache', 'aws_elasticache_replication_group',\n\
             \x20   replication_group_id='kept', description='c', node_type='cache.t4g.micro',\n\
             \x20   final_snapshot_identifier='kept-last')",
        by_hand: "client('elasticache').create_snapshot(ReplicationGroupId='kept',\n\
             \x20   SnapshotName='kept-last')",
        told: &["error[preflight::final-snapshot]", "a snapshot `kept-last` is there already"],
    },
    Kept {
        declared: "resource('secret', 'aws_secretsmanager_secret', name='kept',\n\
             \x20   recovery_window_in_days=9)",
        by_hand: "",
        told: &["warning[preflight::later]", "the secret can be brought back for 9 days"],
    },
    Kept {
        declared: "resource('balancer', 'aws_lb', name='kept', load_balancer_type='network',\n\
             \x20   internal=True, subnets=[ref('a', 'id')], enable_deletion_protection=True)",
        by_hand: "",
        told: &["error[preflight::protected]", "`enable_deletion_protection` switched on"],
    },
    Kept {
        declared: "resource('people', 'aws_iam_group', name='kept')",
        by_hand: "client('iam').create_user(UserName='ann')\n\
             client('iam').add_user_to_group(GroupName='kept', UserName='ann')",
        told: &["error[preflight::in-use]", "user `ann`"],
    },
    Kept {
        declared: "resource('policy', 'aws_iam_policy', name='kept', policy=POLICY)",
        by_hand: "client('iam').create_user(UserName='bob')\n\
             client('iam').attach_user_policy(UserName='bob',\n\
             \x20   PolicyArn='arn:aws:iam::123456789012:policy/kept')",
        told: &["error[preflight::in-use]", "user `bob`"],
    },
];

#[test]
fn what_others_added_and_what_protects_itself_is_told_of_each_type() {
    let sandboxed = Sandboxed::new();
    let project = &sandboxed.project;
    let declared: Vec<_> = KEPT.iter().map(|kept| kept.declared).collect();
    project.program(&format!(
        "ROLE = 'arn:aws:iam::123456789012:role/kept'\n\
         POLICY = '{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\
         \"Action\":\"s3:GetObject\",\"Resource\":\"*\"}}]}}'\n\
         def ref(address, attribute):\n\
         \x20   return {{'$ref': [address, attribute]}}\n\
         desired(resource('vpc', cidr_block='10.0.0.0/16'),\n\
         resource('a', 'aws_subnet', vpc_id=ref('vpc', 'id'), cidr_block='10.0.0.0/24',\n\
         \x20   availability_zone='us-west-2a'),\n\
         resource('b', 'aws_subnet', vpc_id=ref('vpc', 'id'), cidr_block='10.0.1.0/24',\n\
         \x20   availability_zone='us-west-2b'),\n\
         {})",
        declared.join(",\n")
    ));
    let _ = done(project.stacks("apply --env dev --auto-approve"));
    let by_hand: Vec<_> = KEPT.iter().map(|kept| kept.by_hand).collect();
    let names = "ROLE = 'arn:aws:iam::123456789012:role/kept'\n\
         IMAGE = '{\"schemaVersion\": 2, \"config\": {}, \"layers\": [], \"mediaType\": \
         \"application/vnd.docker.distribution.manifest.v2+json\"}'";
    sandboxed.by_hand(&format!("{names}\n{}\n", by_hand.join("\n")));
    let run = project.stacks("plan --env dev --destroy --preflight");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    for text in KEPT.iter().flat_map(|kept| kept.told) {
        assert!(run.stderr.contains(text), "`{text}`: {}", run.shown());
    }
    let errors = KEPT.iter().filter(|kept| kept.told.iter().any(|text| text.starts_with("error[")));
    let count = format!("Preflight: {} things would fail", errors.count());
    assert!(run.stderr.contains(&count), "{count}: {}", run.shown());
    assert!(!run.stderr.contains("`goes`"), "{}", run.shown());
}
