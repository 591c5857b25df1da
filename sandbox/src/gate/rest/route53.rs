//! Route 53: method, path, operation, from its API Reference.

use super::Route;

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/2013-04-01/hostedzone", "CreateHostedZone"),
    ("GET", "/2013-04-01/hostedzone", "ListHostedZones"),
    ("GET", "/2013-04-01/hostedzonesbyname", "ListHostedZonesByName"),
    ("GET", "/2013-04-01/hostedzone/{Id}", "GetHostedZone"),
    ("POST", "/2013-04-01/hostedzone/{Id}", "UpdateHostedZoneComment"),
    ("DELETE", "/2013-04-01/hostedzone/{Id}", "DeleteHostedZone"),
    ("POST", "/2013-04-01/hostedzone/{Id}/rrset", "ChangeResourceRecordSets"),
    ("GET", "/2013-04-01/hostedzone/{Id}/rrset", "ListResourceRecordSets"),
    ("POST", "/2013-04-01/hostedzone/{Id}/associatevpc", "AssociateVPCWithHostedZone"),
    ("POST", "/2013-04-01/hostedzone/{Id}/disassociatevpc", "DisassociateVPCFromHostedZone"),
    ("GET", "/2013-04-01/change/{Id}", "GetChange"),
    ("POST", "/2013-04-01/healthcheck", "CreateHealthCheck"),
    ("GET", "/2013-04-01/healthcheck", "ListHealthChecks"),
    ("GET", "/2013-04-01/healthcheck/{HealthCheckId}", "GetHealthCheck"),
    ("POST", "/2013-04-01/healthcheck/{HealthCheckId}", "UpdateHealthCheck"),
    ("DELETE", "/2013-04-01/healthcheck/{HealthCheckId}", "DeleteHealthCheck"),
    ("GET", "/2013-04-01/tags/{ResourceType}/{ResourceId}", "ListTagsForResource"),
    ("POST", "/2013-04-01/tags/{ResourceType}/{ResourceId}", "ChangeTagsForResource"),
    ("POST", "/2013-04-01/tags/{ResourceType}", "ListTagsForResources"),
    ("GET", "/2013-04-01/hostedzonecount", "GetHostedZoneCount"),
    ("GET", "/2013-04-01/hostedzonesbyvpc", "ListHostedZonesByVPC"),
    ("POST", "/2013-04-01/hostedzone/{Id}/features", "UpdateHostedZoneFeatures"),
    ("GET", "/2013-04-01/hostedzone/{Id}/dnssec", "GetDNSSEC"),
    ("GET", "/2013-04-01/healthcheck/{HealthCheckId}/status", "GetHealthCheckStatus"),
    ("POST", "/2013-04-01/delegationset", "CreateReusableDelegationSet"),
    ("GET", "/2013-04-01/delegationset/{Id}", "GetReusableDelegationSet"),
    ("DELETE", "/2013-04-01/delegationset/{Id}", "DeleteReusableDelegationSet"),
];
