//! What keeps a user from being deleted, and how it goes. Source: IAM user guide, removing or
//! deactivating a user.

use super::common::GONE;
use crate::prelude::*;

/// Deletes everything that the user has, and takes it out of its groups.
pub(super) async fn clear(aws: &Aws, user: &str) -> Result<()> {
    policies(aws, user).await?;
    groups(aws, user).await?;
    keys(aws, user).await?;
    devices(aws, user).await?;
    credentials(aws, user).await
}

/// What is gone already is as wanted.
fn settled<T>(answer: Result<T>) -> Result<()> {
    absent(answer.map(Some), GONE).map(drop)
}

async fn policies(aws: &Aws, user: &str) -> Result<()> {
    let pages = aws
        .pages(
            |marker| {
                let call = aws.iam().list_attached_user_policies().user_name(user);
                call.set_marker(marker).send()
            },
            |page| page.marker(),
        )
        .await?;
    let attached = pages.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
    for arn in attached.filter_map(|policy| policy.policy_arn) {
        let detach = || aws.iam().detach_user_policy().user_name(user).policy_arn(&arn).send();
        settled(aws.call(detach).await)?;
    }
    let pages = aws
        .pages(
            |marker| aws.iam().list_user_policies().user_name(user).set_marker(marker).send(),
            |page| page.marker(),
        )
        .await?;
    for policy in pages.into_iter().flat_map(|page| page.policy_names) {
        let delete = || aws.iam().delete_user_policy().user_name(user).policy_name(&policy).send();
        settled(aws.call(delete).await)?;
    }
    Ok(())
}

async fn groups(aws: &Aws, user: &str) -> Result<()> {
    let pages = aws
        .pages(
            |marker| aws.iam().list_groups_for_user().user_name(user).set_marker(marker).send(),
            |page| page.marker(),
        )
        .await?;
    for group in pages.into_iter().flat_map(|page| page.groups) {
        let name = &group.group_name;
        let remove = || aws.iam().remove_user_from_group().user_name(user).group_name(name).send();
        settled(aws.call(remove).await)?;
    }
    Ok(())
}

async fn keys(aws: &Aws, user: &str) -> Result<()> {
    let pages = aws
        .pages(
            |marker| aws.iam().list_access_keys().user_name(user).set_marker(marker).send(),
            |page| page.marker(),
        )
        .await?;
    let keys = pages.into_iter().flat_map(|page| page.access_key_metadata);
    for id in keys.filter_map(|key| key.access_key_id) {
        let delete = || aws.iam().delete_access_key().user_name(user).access_key_id(&id).send();
        settled(aws.call(delete).await)?;
    }
    let pages = aws
        .pages(
            |marker| aws.iam().list_ssh_public_keys().user_name(user).set_marker(marker).send(),
            |page| page.marker(),
        )
        .await?;
    let keys = pages.into_iter().flat_map(|page| page.ssh_public_keys.unwrap_or_default());
    for id in keys.map(|key| key.ssh_public_key_id) {
        let delete =
            || aws.iam().delete_ssh_public_key().user_name(user).ssh_public_key_id(&id).send();
        settled(aws.call(delete).await)?;
    }
    Ok(())
}

async fn devices(aws: &Aws, user: &str) -> Result<()> {
    let pages = aws
        .pages(
            |marker| aws.iam().list_mfa_devices().user_name(user).set_marker(marker).send(),
            |page| page.marker(),
        )
        .await?;
    for device in pages.into_iter().flat_map(|page| page.mfa_devices) {
        let number = &device.serial_number;
        let deactivate =
            || aws.iam().deactivate_mfa_device().user_name(user).serial_number(number).send();
        settled(aws.call(deactivate).await)?;
        // Those that are no things have an ARN.
        if number.starts_with("arn:") {
            let delete = || aws.iam().delete_virtual_mfa_device().serial_number(number).send();
            settled(aws.call(delete).await)?;
        }
    }
    Ok(())
}

async fn credentials(aws: &Aws, user: &str) -> Result<()> {
    settled(aws.call(|| aws.iam().delete_login_profile().user_name(user).send()).await)?;
    let pages = aws
        .pages(
            |marker| {
                let call = aws.iam().list_signing_certificates().user_name(user);
                call.set_marker(marker).send()
            },
            |page| page.marker(),
        )
        .await?;
    for certificate in pages.into_iter().flat_map(|page| page.certificates) {
        let id = &certificate.certificate_id;
        let delete =
            || aws.iam().delete_signing_certificate().user_name(user).certificate_id(id).send();
        settled(aws.call(delete).await)?;
    }
    let list = || aws.iam().list_service_specific_credentials().user_name(user).send();
    let credentials = aws.call(list).await?.service_specific_credentials.unwrap_or_default();
    for credential in credentials {
        let id = &credential.service_specific_credential_id;
        let delete = || {
            let call = aws.iam().delete_service_specific_credential().user_name(user);
            call.service_specific_credential_id(id).send()
        };
        settled(aws.call(delete).await)?;
    }
    Ok(())
}
