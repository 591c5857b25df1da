//! What keeps roles, users, groups and policies of IAM from being deleted: what is attached to them
//! by somebody else. Source: IAM API Reference, `DeleteConflict` of the delete calls.

use aws_sdk_iam::types::AttachedPolicy;

use crate::prelude::*;

/// What an attached policy is called in plans, and by which attribute its owner.
#[derive(Debug, Clone, Copy)]
struct Attachments<'a> {
    attached: &'static str,
    inline: &'static str,
    owner: &'static str,
    name: &'a str,
}

impl Attachments<'_> {
    /// Those that stay.
    fn staying(
        self,
        leaving: Leaving<'_>,
        attached: Vec<AttachedPolicy>,
        inline: Vec<String>,
    ) -> Vec<String> {
        let (owner, name) = (self.owner, self.name);
        let arns = attached.into_iter().filter_map(|policy| policy.policy_arn);
        let arns =
            arns.filter(|arn| !leaving.has(self.attached, &[(owner, name), ("policy_arn", arn)]));
        let inline = inline
            .into_iter()
            .filter(|policy| !leaving.has(self.inline, &[(owner, name), ("name", policy)]));
        arns.map(|arn| format!("policy {arn}"))
            .chain(inline.map(|policy| format!("inline policy `{policy}`")))
            .collect()
    }
}

fn told(staying: &[String], way_out: &str) -> Vec<Diagnostic> {
    if staying.is_empty() {
        return Vec::new();
    }
    vec![preflight::in_use(&staying.join(", "), way_out)]
}

/// What keeps a role; `detached` where its policies are detached with it.
pub(super) async fn of_role(
    aws: &Aws,
    role: &str,
    detached: bool,
    leaving: Leaving<'_>,
) -> Result<Vec<Diagnostic>> {
    let mut staying = Vec::new();
    if !detached {
        let attached = aws.pages(
            |marker| {
                let call = aws.iam().list_attached_role_policies().role_name(role);
                call.set_marker(marker).send()
            },
            |page| page.marker(),
        );
        let inline = aws.pages(
            |marker| aws.iam().list_role_policies().role_name(role).set_marker(marker).send(),
            |page| page.marker(),
        );
        let (attached, inline) = futures_util::try_join!(attached, inline)?;
        let attached =
            attached.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
        let inline = inline.into_iter().flat_map(|page| page.policy_names);
        let types = Attachments {
            attached: "aws_iam_role_policy_attachment",
            inline: "aws_iam_role_policy",
            owner: "role",
            name: role,
        };
        staying = types.staying(leaving, attached.collect(), inline.collect());
    }
    let profiles = aws
        .pages(
            |marker| {
                let call = aws.iam().list_instance_profiles_for_role().role_name(role);
                call.set_marker(marker).send()
            },
            |page| page.marker(),
        )
        .await?;
    let profiles = profiles.into_iter().flat_map(|page| page.instance_profiles);
    let names = profiles.map(|profile| profile.instance_profile_name);
    staying.extend(
        names
            .filter(|name| !leaving.has("aws_iam_instance_profile", &[("name", name)]))
            .map(|name| format!("instance profile `{name}`")),
    );
    Ok(told(&staying, "detach what was attached outside, or apply `force_detach_policies` first"))
}

/// What keeps a user that is not deleted with everything that it has.
pub(super) async fn of_user(
    aws: &Aws,
    user: &str,
    leaving: Leaving<'_>,
) -> Result<Vec<Diagnostic>> {
    let attached = aws.pages(
        |marker| {
            let call = aws.iam().list_attached_user_policies().user_name(user);
            call.set_marker(marker).send()
        },
        |page| page.marker(),
    );
    let inline = aws.pages(
        |marker| aws.iam().list_user_policies().user_name(user).set_marker(marker).send(),
        |page| page.marker(),
    );
    let keys = aws.pages(
        |marker| aws.iam().list_access_keys().user_name(user).set_marker(marker).send(),
        |page| page.marker(),
    );
    let groups = aws.pages(
        |marker| aws.iam().list_groups_for_user().user_name(user).set_marker(marker).send(),
        |page| page.marker(),
    );
    let (attached, inline, keys, groups) = futures_util::try_join!(attached, inline, keys, groups)?;
    let attached = attached.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
    let inline = inline.into_iter().flat_map(|page| page.policy_names);
    let types = Attachments {
        attached: "aws_iam_user_policy_attachment",
        inline: "aws_iam_user_policy",
        owner: "user",
        name: user,
    };
    let mut staying = types.staying(leaving, attached.collect(), inline.collect());
    let keys = keys.into_iter().flat_map(|page| page.access_key_metadata);
    staying.extend(
        keys.filter_map(|key| key.access_key_id)
            .filter(|key| !leaving.has("aws_iam_access_key", &[("user", user), ("id", key)]))
            .map(|key| format!("access key {key}")),
    );
    let groups = groups.into_iter().flat_map(|page| page.groups).map(|group| group.group_name);
    staying.extend(
        groups
            .filter(|group| !is_left(leaving, user, group))
            .map(|group| format!("membership of group `{group}`")),
    );
    Ok(told(&staying, "take away what was added outside, or apply `force_destroy` first"))
}

/// Whether the plan takes a user out of a group.
fn is_left(leaving: Leaving<'_>, user: &str, group: &str) -> bool {
    leaving.of("aws_iam_user_group_membership").any(|membership| {
        let groups = membership.get("groups").and_then(|groups| groups.reveal().as_list());
        membership.get("user").and_then(|name| name.as_str()) == Some(user)
            && groups.is_some_and(|groups| groups.iter().any(|g| g.as_str() == Some(group)))
    })
}

/// What keeps a group: its members and its policies.
pub(super) async fn of_group(
    aws: &Aws,
    group: &str,
    leaving: Leaving<'_>,
) -> Result<Vec<Diagnostic>> {
    let members = aws.pages(
        |marker| aws.iam().get_group().group_name(group).set_marker(marker).send(),
        |page| page.marker(),
    );
    let attached = aws.pages(
        |marker| {
            let call = aws.iam().list_attached_group_policies().group_name(group);
            call.set_marker(marker).send()
        },
        |page| page.marker(),
    );
    let inline = aws.pages(
        |marker| aws.iam().list_group_policies().group_name(group).set_marker(marker).send(),
        |page| page.marker(),
    );
    let (members, attached, inline) = futures_util::try_join!(members, attached, inline)?;
    let attached = attached.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
    let inline = inline.into_iter().flat_map(|page| page.policy_names);
    let types = Attachments {
        attached: "aws_iam_group_policy_attachment",
        inline: "aws_iam_group_policy",
        owner: "group",
        name: group,
    };
    let mut staying = types.staying(leaving, attached.collect(), inline.collect());
    let users = members.into_iter().flat_map(|page| page.users).map(|user| user.user_name);
    staying.extend(
        users.filter(|user| !is_left(leaving, user, group)).map(|user| format!("user `{user}`")),
    );
    Ok(told(&staying, "take away what was added outside"))
}

/// Who else has a policy.
pub(super) async fn of_policy(
    aws: &Aws,
    arn: &str,
    leaving: Leaving<'_>,
) -> Result<Vec<Diagnostic>> {
    let pages = aws
        .pages(
            |marker| {
                let call = aws.iam().list_entities_for_policy().policy_arn(arn);
                call.set_marker(marker).send()
            },
            |page| page.marker(),
        )
        .await?;
    let mut staying = Vec::new();
    let mut add = |kind: &str, name: Option<String>| {
        let Some(name) = name else { return };
        let attachment = format!("aws_iam_{kind}_policy_attachment");
        let goes = leaving.has(&attachment, &[(kind, &name), ("policy_arn", arn)])
            || is_detached(leaving, kind, &name);
        if !goes {
            staying.push(format!("{kind} `{name}`"));
        }
    };
    for page in pages {
        page.policy_roles.into_iter().flatten().for_each(|role| add("role", role.role_name));
        page.policy_users.into_iter().flatten().for_each(|user| add("user", user.user_name));
        page.policy_groups.into_iter().flatten().for_each(|group| add("group", group.group_name));
    }
    Ok(told(&staying, "detach the policy from what it was attached to outside"))
}

/// Whether something goes that is detached from all policies when it does.
fn is_detached(leaving: Leaving<'_>, kind: &str, name: &str) -> bool {
    let (type_name, argument) = match kind {
        "role" => ("aws_iam_role", "force_detach_policies"),
        "user" => ("aws_iam_user", "force_destroy"),
        _ => return false,
    };
    leaving.of(type_name).any(|object| {
        object.get("name").and_then(|value| value.as_str()) == Some(name)
            && object.get(argument).and_then(|value| value.as_bool()) == Some(true)
    })
}
