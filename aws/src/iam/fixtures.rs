//! Policies for tests, and a test of reads of many objects at once.

use std::collections::BTreeSet;

use infra_sdk::resource::ResourceOutputs;
use infra_sdk::{Arn, Object, Seconds, Tags, Value};

use super::common::details;
use super::{
    Group, GroupName, GroupPolicy, GroupPolicyAttachment, Policy, PolicyDocument, PolicyJson,
    PolicyName, Principal, Role, RoleName, RolePolicy, RolePolicyAttachment, Statement, User,
    UserName, UserPolicy, UserPolicyAttachment,
};
use crate::frame::handler::Told;
use crate::frame::tags;
use crate::prelude::*;
use crate::test_endpoint::aws;

/// Lets a service assume a role.
pub(crate) fn trust(service: &str) -> PolicyDocument {
    let statement = Statement::allow().principal(Principal::service(service));
    PolicyDocument::new().statement(statement.action("sts:AssumeRole"))
}

/// Allows one action on everything.
pub(super) fn allow(action: &str) -> PolicyDocument {
    PolicyDocument::new().statement(Statement::allow().action(action).resource("*"))
}

/// A policy that lets a service assume a role.
pub(super) fn trust_json(service: &str) -> PolicyJson {
    json(&trust(service))
}

/// A policy that allows one action on everything.
pub(super) fn allow_json(action: &str) -> PolicyJson {
    json(&allow(action))
}

fn json(document: &PolicyDocument) -> PolicyJson {
    let value = document.to_json().expr().evaluate(&|_| None).expect("nothing is unknown");
    PolicyJson::new(value.as_str().expect("text"))
}

/// Makes objects, reads them one by one and all at once, expects the same, and that one that is
/// not there is not found; then deletes them.
async fn reads_alike<T>(aws: &Aws, wanted: &[T], absent: &str)
where
    T: Handler + Clone + PartialEq + std::fmt::Debug,
    T::Outputs: ResourceOutputs + PartialEq + std::fmt::Debug,
{
    let mut known = Vec::new();
    for (index, want) in wanted.iter().enumerate() {
        let token = format!("{absent}-{index}");
        let id = T::create(aws, want, Creating::new(&token, "", &Told::default()))
            .await
            .expect("it is created");
        known.push(Known { id, recorded: Object::new(), outputs: Object::new() });
    }
    known.insert(
        1,
        Known { id: absent.to_owned(), recorded: Object::new(), outputs: Object::new() },
    );
    // Twice the same: an answer must not be handed out once.
    known.push(known[0].clone());
    let together = T::read(aws, &known).await;
    for (item, read) in known.iter().zip(together) {
        let alone = T::read(aws, std::slice::from_ref(item)).await.pop().expect("one answer");
        let (read, alone) = (read.expect("it is read"), alone.expect("it is read"));
        assert_eq!(read.is_none(), item.id == absent, "{}", item.id);
        let parts = |seen: Option<Seen<T>>| seen.map(|seen| (seen.inputs, seen.outputs));
        let (Some(read), Some(alone)) = (parts(read), parts(alone)) else { continue };
        for field in T::SCHEMA.inputs {
            let value = |inputs: &T| inputs.to_object().remove(field.name).unwrap_or(Value::Null);
            let (read, alone) = (value(&read.0), value(&alone.0));
            assert!(field.kind.same(&read, &alone), "{}: {read:?} {alone:?}", field.name);
        }
        assert_eq!(read.1, alone.1);
    }
}

async fn delete<T: Handler>(aws: &Aws, ids: &[String], was: &T) {
    for id in ids {
        T::delete(aws, id, was).await.expect("it is deleted");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_read_as_few_are() {
    let aws = aws().await;
    let unique = format!("many-{:08x}", std::process::id());
    let tags = Tags([("Name".to_owned(), "a b+c".to_owned())].into());
    let names: Vec<_> = (0..5).map(|index| format!("{unique}-{index}")).collect();
    let policies: Vec<_> = names
        .iter()
        .map(|name| Policy {
            policy: json(&allow("s3:GetObject")),
            name: Some(PolicyName::new(name)),
            name_prefix: None,
            path: "/many/".to_owned(),
            description: Some("Made by a test".to_owned()),
            tags: tags.clone(),
        })
        .collect();
    let arn = |name: &str| format!("arn:aws:iam::123456789012:policy/many/{name}");
    reads_alike(&aws, &policies, &arn("none")).await;
    let roles: Vec<_> = names
        .iter()
        .map(|name| Role {
            assume_role_policy: json(&trust("ec2.amazonaws.com")),
            name: Some(RoleName::new(name)),
            name_prefix: None,
            path: "/many/".to_owned(),
            description: Some("Made by a test".to_owned()),
            max_session_duration: Seconds(7200),
            permissions_boundary: Some(Arn::new(arn(&names[0]))),
            force_detach_policies: true,
            tags: tags.clone(),
        })
        .collect();
    reads_alike(&aws, &roles, "none").await;
    let inline: Vec<_> = names
        .iter()
        .map(|name| RolePolicy {
            role: RoleName::new(name),
            policy: json(&allow("s3:GetObject")),
            name: Some(PolicyName::new("a+b")),
            name_prefix: None,
        })
        .collect();
    reads_alike(&aws, &inline, &format!("{}:none", names[0])).await;
    let attached: Vec<_> = names
        .iter()
        .map(|name| RolePolicyAttachment {
            role: RoleName::new(name),
            policy_arn: Arn::new(arn(name)),
        })
        .collect();
    reads_alike(&aws, &attached, &format!("{}/{}", names[0], arn("none"))).await;
    delete(&aws, &names, &roles[0]).await;
    delete(&aws, &names.iter().map(|name| arn(name)).collect::<Vec<_>>(), &policies[0]).await;
}

/// Reads managed policies that are attached to each of the names, and policies that are part of each,
/// and deletes them.
async fn held_alike<A, I>(
    aws: &Aws,
    names: &[String],
    attached: impl Fn(&str, Arn<Policy>) -> A,
    inline: impl Fn(&str, PolicyJson) -> I,
) where
    A: Handler + Clone + PartialEq + std::fmt::Debug,
    A::Outputs: ResourceOutputs + PartialEq + std::fmt::Debug,
    I: Handler + Clone + PartialEq + std::fmt::Debug,
    I::Outputs: ResourceOutputs + PartialEq + std::fmt::Debug,
{
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let attached: Vec<_> = names.iter().map(|name| attached(name, Arn::new(arn))).collect();
    let none = "arn:aws:iam::aws:policy/None";
    Box::pin(reads_alike(aws, &attached, &format!("{}/{none}", names[0]))).await;
    let policy = allow_json("s3:GetObject");
    let inline: Vec<_> = names.iter().map(|name| inline(name, policy.clone())).collect();
    Box::pin(reads_alike(aws, &inline, &format!("{}:none", names[0]))).await;
    for name in names {
        delete(aws, &[format!("{name}/{arn}")], &attached[0]).await;
        delete(aws, &[format!("{name}:read")], &inline[0]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_users_and_groups_are_read_as_few_are() {
    let aws = aws().await;
    let unique = format!("members-{:08x}", std::process::id());
    let names: Vec<_> = (0..5).map(|index| format!("{unique}-{index}")).collect();
    let read = || Some(PolicyName::new("read"));
    let users: Vec<_> = names
        .iter()
        .map(|name| User {
            name: UserName::new(name),
            path: "/many/".to_owned(),
            permissions_boundary: None,
            force_destroy: false,
            tags: Tags([("Name".to_owned(), "a b+c".to_owned())].into()),
        })
        .collect();
    reads_alike(&aws, &users, "none").await;
    held_alike(
        &aws,
        &names,
        |name, policy_arn| UserPolicyAttachment { user: UserName::new(name), policy_arn },
        |name, policy| UserPolicy {
            user: UserName::new(name),
            policy,
            name: read(),
            name_prefix: None,
        },
    )
    .await;
    delete(&aws, &names, &users[0]).await;
    let groups: Vec<_> = names
        .iter()
        .map(|name| Group { name: GroupName::new(name), path: "/many/".to_owned() })
        .collect();
    reads_alike(&aws, &groups, "none").await;
    held_alike(
        &aws,
        &names,
        |name, policy_arn| GroupPolicyAttachment { group: GroupName::new(name), policy_arn },
        |name, policy| GroupPolicy {
            group: GroupName::new(name),
            policy,
            name: read(),
            name_prefix: None,
        },
    )
    .await;
    delete(&aws, &names, &groups[0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lost_the_state_finds_a_role_whose_name_was_made() {
    let aws = aws().await;
    let prefix = format!("made-{:08x}-", std::process::id());
    let owner = [tags::STACK, tags::ENVIRONMENT, tags::ADDRESS];
    let owner = owner.map(|key| (key.to_owned(), prefix.clone()));
    let role = |end: &str| Role {
        assume_role_policy: trust_json("ec2.amazonaws.com"),
        name: Some(RoleName::new(format!("{prefix}{end}"))),
        name_prefix: Some(prefix.clone()),
        path: "/".to_owned(),
        description: None,
        max_session_duration: Seconds(3600),
        permissions_boundary: None,
        force_detach_policies: false,
        tags: Tags(owner.clone().into()),
    };
    let made = role("00000000000000000000000001");
    let told = Told::default();
    let id = Role::create(&aws, &made, Creating::new("t", "", &told)).await.expect("it is created");
    let found = Role::find(&aws, &role("00000000000000000000000002")).await;
    assert_eq!(found.expect("a list"), [id.as_str()]);
    let given = Role::find(&aws, &role("given")).await;
    assert_eq!(given.expect("a list"), [""; 0]);
    delete(&aws, &[id], &made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_versions_of_a_policy_the_oldest_goes() {
    let aws = aws().await;
    let name = format!("versions-{:08x}", std::process::id());
    let policy = |number: usize| Policy {
        policy: json(&allow(&format!("s3:Get{number}"))),
        name: Some(PolicyName::new(&name)),
        name_prefix: None,
        path: "/".to_owned(),
        description: None,
        tags: Tags::default(),
    };
    let first = policy(1);
    let id = Policy::create(&aws, &first, Creating::new("t", "", &Told::default()))
        .await
        .expect("it is created");
    let changed = Changed::new(["policy".to_owned()]);
    for number in 2..=8 {
        let want = policy(number);
        Policy::update(&aws, &id, &want, &first, &changed).await.expect("it is updated");
    }
    let answer = aws.call(|| aws.iam().list_policy_versions().policy_arn(&id).send()).await;
    let versions = answer.expect("they are listed").versions.unwrap_or_default();
    let kept: BTreeSet<_> = versions.iter().filter_map(|version| version.version_id()).collect();
    assert_eq!(kept, BTreeSet::from(["v4", "v5", "v6", "v7", "v8"]));
    let known = [Known { id: id.clone(), recorded: Object::new(), outputs: Object::new() }];
    let seen = Policy::read(&aws, &known).await.pop().expect("one answer");
    assert_eq!(seen.expect("it is read").expect("it is there").inputs.policy, policy(8).policy);
    delete(&aws, &[id], &first).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_answers_in_pages() {
    let pages = details(&aws().await, aws_sdk_iam::types::EntityType::Role).await;
    assert!(!pages.expect("it answers").is_empty());
}
