//! Whose permissions a run has: the user or role behind the caller's ARN.

use crate::frame::clients::{Account, Aws};

/// Whose policies decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Principal {
    /// A user or role of IAM, by its ARN.
    Known(String),
    /// The account's root user, whom no policy of the account restricts.
    Root,
    /// Somebody whose policies IAM does not simulate: a federated user.
    Other,
}

/// The principal behind the ARN that STS tells. The session of a role has the role's name and not
/// its path, so IAM is asked for the role; if it does not answer, the path is taken to be `/`.
pub(super) async fn principal(aws: &Aws, account: &Account) -> Principal {
    match told(account) {
        Told::Principal(principal) => principal,
        Told::Session(role) => {
            let answer = aws.call(|| aws.iam().get_role().role_name(role).send()).await;
            let arn = answer.ok().and_then(|answer| answer.role).map(|role| role.arn);
            let (partition, id) = (&account.partition, &account.id);
            let plain = || format!("arn:{partition}:iam::{id}:role/{role}");
            Principal::Known(arn.unwrap_or_else(plain))
        }
    }
}

enum Told<'a> {
    Principal(Principal),
    /// The session of a role of this name.
    Session(&'a str),
}

/// Source: IAM user guide, ARNs of principals.
fn told(account: &Account) -> Told<'_> {
    let mut parts = account.arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    match (service, resource.split_once('/')) {
        ("sts", Some(("assumed-role", session))) => {
            Told::Session(session.split('/').next().unwrap_or(session))
        }
        ("iam", Some(("user" | "role", _))) => {
            Told::Principal(Principal::Known(account.arn.clone()))
        }
        ("iam", None) if resource == "root" => Told::Principal(Principal::Root),
        _ => Told::Principal(Principal::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_principal_is_told_from_the_arn() {
        let account = |rest: &str| Account {
            id: "111122223333".to_owned(),
            arn: format!("arn:aws:{rest}"),
            partition: "aws".to_owned(),
        };
        let session = account("sts::111122223333:assumed-role/deploy/infra");
        assert!(matches!(told(&session), Told::Session("deploy")));
        let user = account("iam::111122223333:user/ops/ann");
        let known = Principal::Known(user.arn.clone());
        assert!(matches!(told(&user), Told::Principal(principal) if principal == known));
        let root = account("iam::111122223333:root");
        assert!(matches!(told(&root), Told::Principal(Principal::Root)));
        let federated = account("sts::111122223333:federated-user/ann");
        assert!(matches!(told(&federated), Told::Principal(Principal::Other)));
    }
}
