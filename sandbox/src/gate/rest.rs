//! Operation names of the REST services, from method and path. S3 has its own file.

use hyper::Method;
use serde_json::{Map, Value};

use super::form::decode;

/// Service, method, path with `{labels}` (a last one with `+` takes the rest), operation.
type Route = (&'static str, &'static str, &'static str, &'static str);

const ROUTES: &[Route] = &[
    ("eks", "POST", "/clusters", "CreateCluster"),
    ("eks", "GET", "/clusters", "ListClusters"),
    ("eks", "GET", "/clusters/{name}", "DescribeCluster"),
    ("eks", "DELETE", "/clusters/{name}", "DeleteCluster"),
    ("eks", "POST", "/clusters/{name}/update-config", "UpdateClusterConfig"),
    ("eks", "POST", "/clusters/{name}/updates", "UpdateClusterVersion"),
    ("eks", "GET", "/clusters/{name}/updates", "ListUpdates"),
    ("eks", "GET", "/clusters/{name}/updates/{updateId}", "DescribeUpdate"),
    ("eks", "POST", "/clusters/{name}/encryption-config/associate", "AssociateEncryptionConfig"),
    ("eks", "POST", "/clusters/{clusterName}/node-groups", "CreateNodegroup"),
    ("eks", "GET", "/clusters/{clusterName}/node-groups", "ListNodegroups"),
    ("eks", "GET", "/clusters/{clusterName}/node-groups/{nodegroupName}", "DescribeNodegroup"),
    ("eks", "DELETE", "/clusters/{clusterName}/node-groups/{nodegroupName}", "DeleteNodegroup"),
    (
        "eks",
        "POST",
        "/clusters/{clusterName}/node-groups/{nodegroupName}/update-config",
        "UpdateNodegroupConfig",
    ),
    (
        "eks",
        "POST",
        "/clusters/{clusterName}/node-groups/{nodegroupName}/update-version",
        "UpdateNodegroupVersion",
    ),
    ("eks", "POST", "/clusters/{clusterName}/addons", "CreateAddon"),
    ("eks", "GET", "/clusters/{clusterName}/addons", "ListAddons"),
    ("eks", "GET", "/clusters/{clusterName}/addons/{addonName}", "DescribeAddon"),
    ("eks", "POST", "/clusters/{clusterName}/addons/{addonName}/update", "UpdateAddon"),
    ("eks", "DELETE", "/clusters/{clusterName}/addons/{addonName}", "DeleteAddon"),
    ("eks", "GET", "/addons/supported-versions", "DescribeAddonVersions"),
    ("eks", "POST", "/clusters/{clusterName}/access-entries", "CreateAccessEntry"),
    ("eks", "GET", "/clusters/{clusterName}/access-entries", "ListAccessEntries"),
    ("eks", "GET", "/clusters/{clusterName}/access-entries/{principalArn}", "DescribeAccessEntry"),
    ("eks", "POST", "/clusters/{clusterName}/access-entries/{principalArn}", "UpdateAccessEntry"),
    ("eks", "DELETE", "/clusters/{clusterName}/access-entries/{principalArn}", "DeleteAccessEntry"),
    (
        "eks",
        "POST",
        "/clusters/{clusterName}/access-entries/{principalArn}/access-policies",
        "AssociateAccessPolicy",
    ),
    (
        "eks",
        "GET",
        "/clusters/{clusterName}/access-entries/{principalArn}/access-policies",
        "ListAssociatedAccessPolicies",
    ),
    (
        "eks",
        "DELETE",
        "/clusters/{clusterName}/access-entries/{principalArn}/access-policies/{policyArn}",
        "DisassociateAccessPolicy",
    ),
    (
        "eks",
        "POST",
        "/clusters/{clusterName}/pod-identity-associations",
        "CreatePodIdentityAssociation",
    ),
    (
        "eks",
        "GET",
        "/clusters/{clusterName}/pod-identity-associations",
        "ListPodIdentityAssociations",
    ),
    (
        "eks",
        "GET",
        "/clusters/{clusterName}/pod-identity-associations/{associationId}",
        "DescribePodIdentityAssociation",
    ),
    (
        "eks",
        "POST",
        "/clusters/{clusterName}/pod-identity-associations/{associationId}",
        "UpdatePodIdentityAssociation",
    ),
    (
        "eks",
        "DELETE",
        "/clusters/{clusterName}/pod-identity-associations/{associationId}",
        "DeletePodIdentityAssociation",
    ),
    ("eks", "POST", "/clusters/{clusterName}/fargate-profiles", "CreateFargateProfile"),
    ("eks", "GET", "/clusters/{clusterName}/fargate-profiles", "ListFargateProfiles"),
    (
        "eks",
        "GET",
        "/clusters/{clusterName}/fargate-profiles/{fargateProfileName}",
        "DescribeFargateProfile",
    ),
    (
        "eks",
        "DELETE",
        "/clusters/{clusterName}/fargate-profiles/{fargateProfileName}",
        "DeleteFargateProfile",
    ),
    ("eks", "GET", "/tags/{resourceArn+}", "ListTagsForResource"),
    ("eks", "POST", "/tags/{resourceArn+}", "TagResource"),
    ("eks", "DELETE", "/tags/{resourceArn+}", "UntagResource"),
    ("lambda", "POST", "/2015-03-31/functions", "CreateFunction"),
    ("lambda", "GET", "/2015-03-31/functions", "ListFunctions"),
    ("lambda", "GET", "/2015-03-31/functions/{FunctionName}", "GetFunction"),
    ("lambda", "DELETE", "/2015-03-31/functions/{FunctionName}", "DeleteFunction"),
    ("lambda", "PUT", "/2015-03-31/functions/{FunctionName}/code", "UpdateFunctionCode"),
    (
        "lambda",
        "GET",
        "/2015-03-31/functions/{FunctionName}/configuration",
        "GetFunctionConfiguration",
    ),
    (
        "lambda",
        "PUT",
        "/2015-03-31/functions/{FunctionName}/configuration",
        "UpdateFunctionConfiguration",
    ),
    ("lambda", "POST", "/2015-03-31/functions/{FunctionName}/versions", "PublishVersion"),
    ("lambda", "GET", "/2015-03-31/functions/{FunctionName}/versions", "ListVersionsByFunction"),
    ("lambda", "POST", "/2015-03-31/functions/{FunctionName}/aliases", "CreateAlias"),
    ("lambda", "GET", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", "GetAlias"),
    ("lambda", "PUT", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", "UpdateAlias"),
    ("lambda", "DELETE", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", "DeleteAlias"),
    ("lambda", "POST", "/2015-03-31/functions/{FunctionName}/policy", "AddPermission"),
    ("lambda", "GET", "/2015-03-31/functions/{FunctionName}/policy", "GetPolicy"),
    (
        "lambda",
        "DELETE",
        "/2015-03-31/functions/{FunctionName}/policy/{StatementId}",
        "RemovePermission",
    ),
    ("lambda", "POST", "/2015-03-31/functions/{FunctionName}/invocations", "Invoke"),
    ("lambda", "POST", "/2015-03-31/event-source-mappings", "CreateEventSourceMapping"),
    ("lambda", "GET", "/2015-03-31/event-source-mappings", "ListEventSourceMappings"),
    ("lambda", "GET", "/2015-03-31/event-source-mappings/{UUID}", "GetEventSourceMapping"),
    ("lambda", "PUT", "/2015-03-31/event-source-mappings/{UUID}", "UpdateEventSourceMapping"),
    ("lambda", "DELETE", "/2015-03-31/event-source-mappings/{UUID}", "DeleteEventSourceMapping"),
    ("lambda", "PUT", "/2017-10-31/functions/{FunctionName}/concurrency", "PutFunctionConcurrency"),
    (
        "lambda",
        "DELETE",
        "/2017-10-31/functions/{FunctionName}/concurrency",
        "DeleteFunctionConcurrency",
    ),
    ("lambda", "GET", "/2019-09-30/functions/{FunctionName}/concurrency", "GetFunctionConcurrency"),
    ("lambda", "GET", "/2017-03-31/tags/{Resource+}", "ListTags"),
    ("lambda", "POST", "/2017-03-31/tags/{Resource+}", "TagResource"),
    ("lambda", "DELETE", "/2017-03-31/tags/{Resource+}", "UntagResource"),
    ("route53", "POST", "/2013-04-01/hostedzone", "CreateHostedZone"),
    ("route53", "GET", "/2013-04-01/hostedzone", "ListHostedZones"),
    ("route53", "GET", "/2013-04-01/hostedzonesbyname", "ListHostedZonesByName"),
    ("route53", "GET", "/2013-04-01/hostedzone/{Id}", "GetHostedZone"),
    ("route53", "POST", "/2013-04-01/hostedzone/{Id}", "UpdateHostedZoneComment"),
    ("route53", "DELETE", "/2013-04-01/hostedzone/{Id}", "DeleteHostedZone"),
    ("route53", "POST", "/2013-04-01/hostedzone/{Id}/rrset", "ChangeResourceRecordSets"),
    ("route53", "GET", "/2013-04-01/hostedzone/{Id}/rrset", "ListResourceRecordSets"),
    ("route53", "POST", "/2013-04-01/hostedzone/{Id}/associatevpc", "AssociateVPCWithHostedZone"),
    (
        "route53",
        "POST",
        "/2013-04-01/hostedzone/{Id}/disassociatevpc",
        "DisassociateVPCFromHostedZone",
    ),
    ("route53", "GET", "/2013-04-01/change/{Id}", "GetChange"),
    ("route53", "POST", "/2013-04-01/healthcheck", "CreateHealthCheck"),
    ("route53", "GET", "/2013-04-01/healthcheck", "ListHealthChecks"),
    ("route53", "GET", "/2013-04-01/healthcheck/{HealthCheckId}", "GetHealthCheck"),
    ("route53", "POST", "/2013-04-01/healthcheck/{HealthCheckId}", "UpdateHealthCheck"),
    ("route53", "DELETE", "/2013-04-01/healthcheck/{HealthCheckId}", "DeleteHealthCheck"),
    ("route53", "GET", "/2013-04-01/tags/{ResourceType}/{ResourceId}", "ListTagsForResource"),
    ("route53", "POST", "/2013-04-01/tags/{ResourceType}/{ResourceId}", "ChangeTagsForResource"),
    ("backup", "PUT", "/backup-vaults/{backupVaultName}", "CreateBackupVault"),
    ("backup", "GET", "/backup-vaults/{backupVaultName}", "DescribeBackupVault"),
    ("backup", "DELETE", "/backup-vaults/{backupVaultName}", "DeleteBackupVault"),
    ("backup", "GET", "/backup-vaults", "ListBackupVaults"),
    ("backup", "PUT", "/backup/plans", "CreateBackupPlan"),
    ("backup", "GET", "/backup/plans", "ListBackupPlans"),
    ("backup", "GET", "/backup/plans/{backupPlanId}", "GetBackupPlan"),
    ("backup", "POST", "/backup/plans/{backupPlanId}", "UpdateBackupPlan"),
    ("backup", "DELETE", "/backup/plans/{backupPlanId}", "DeleteBackupPlan"),
    ("backup", "PUT", "/backup/plans/{backupPlanId}/selections", "CreateBackupSelection"),
    ("backup", "GET", "/backup/plans/{backupPlanId}/selections", "ListBackupSelections"),
    (
        "backup",
        "GET",
        "/backup/plans/{backupPlanId}/selections/{selectionId}",
        "GetBackupSelection",
    ),
    (
        "backup",
        "DELETE",
        "/backup/plans/{backupPlanId}/selections/{selectionId}",
        "DeleteBackupSelection",
    ),
    ("backup", "GET", "/tags/{resourceArn+}", "ListTags"),
    ("backup", "POST", "/tags/{resourceArn+}", "TagResource"),
    ("backup", "POST", "/untag/{resourceArn+}", "UntagResource"),
];

/// The operation and the labels of its path; `METHOD /path` where the table has none.
pub(crate) fn operation(
    service: &str,
    method: &Method,
    path: &str,
) -> (String, Map<String, Value>) {
    ROUTES
        .iter()
        .filter(|(of, with, _, _)| *of == service && *with == method.as_str())
        .find_map(|(_, _, pattern, name)| Some(((*name).to_owned(), labels(pattern, path)?)))
        .unwrap_or_else(|| (format!("{method} {path}"), Map::new()))
}

fn labels(pattern: &str, path: &str) -> Option<Map<String, Value>> {
    let mut labels = Map::new();
    let mut segments = path.trim_matches('/').split('/');
    for part in pattern.trim_matches('/').split('/') {
        let segment = segments.next()?;
        match part.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(label) if label.ends_with('+') => {
                let rest: Vec<&str> = std::iter::once(segment).chain(segments).collect();
                let name = label.trim_end_matches('+').to_owned();
                labels.insert(name, Value::String(decode(&rest.join("/"))));
                return Some(labels);
            }
            Some(label) => {
                labels.insert(label.to_owned(), Value::String(decode(segment)));
            }
            None if part == segment => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::operation;
    use hyper::Method;

    #[test]
    fn paths_have_names_and_labels() {
        let check = |service: &str, method: Method, path: &str| operation(service, &method, path);
        let (name, labels) = check("route53", Method::POST, "/2013-04-01/hostedzone/Z1/rrset/");
        assert_eq!(
            (name.as_str(), labels["Id"].as_str()),
            ("ChangeResourceRecordSets", Some("Z1"))
        );
        let (name, labels) = check("eks", Method::POST, "/tags/arn%3Aaws%3Aeks/x/y");
        assert_eq!(
            (name.as_str(), labels["resourceArn"].as_str()),
            ("TagResource", Some("arn:aws:eks/x/y"))
        );
        assert_eq!(check("eks", Method::GET, "/what/ever").0, "GET /what/ever");
    }
}
