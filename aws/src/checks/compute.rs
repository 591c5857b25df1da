//! Machines, clusters of Kubernetes, and images.

use infra_sdk::checks::{Planned, Rule, Severity};
use infra_sdk::{Object, Value};

use crate::ec2::{EbsVolume, LaunchTemplate};
use crate::ecr::{RegistryScanningConfiguration, Repository, TagMutability};
use crate::eks::{Cluster, ClusterLogType};

/// Volumes outlive machines, and snapshots of them outlive both.
pub(super) fn volume_encryption() -> Rule {
    Rule::new(
        "baseline::volume-encryption",
        Severity::High,
        "volumes are encrypted",
        |plan, report| {
            for volume in plan.resources::<EbsVolume>() {
                let copy = volume.inputs.contains_key("snapshot_id");
                let encrypted = volume.get(|v| v.encrypted());
                if encrypted.clone().is_off() && !(copy && encrypted.is_absent()) {
                    report.finding(&volume, "is not encrypted").hint("set `encrypted` to `true`");
                }
            }
            for template in plan.resources::<LaunchTemplate>() {
                let mappings = template.blocks(|t| t.block_device_mappings());
                if mappings.into_iter().filter_map(disk).any(is_plain) {
                    report
                        .finding(&template, "gives machines a volume that is not encrypted")
                        .hint("set `encrypted` to `true` in each of `block_device_mappings`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub EC2.3", "HIPAA 164.312(a)(2)(iv)"])
}

/// The first version of the metadata service hands a machine's credentials to whoever can make it send
/// a request.
pub(super) fn imdsv2() -> Rule {
    Rule::new(
        "baseline::imdsv2",
        Severity::High,
        "machines give their credentials to sessions of IMDSv2 only",
        |plan, report| {
            for template in plan.resources::<LaunchTemplate>() {
                if !template.inputs.contains_key("metadata_options") || is_open(&template) {
                    report
                        .finding(&template, "lets IMDSv1 be used")
                        .hint("set `http_tokens` to `required` in `metadata_options`");
                }
            }
        },
    )
    .sources(&[
        "AWS Security Hub EC2.8",
        "AWS Security Hub EC2.170",
        "AWS Security Hub AutoScaling.3",
    ])
}

/// The API of a cluster answers to nobody without credentials; a hole in it or a leaked token should not
/// be everybody's all the same.
pub(super) fn cluster_endpoint() -> Rule {
    Rule::new(
        "baseline::cluster-endpoint",
        Severity::High,
        "the API of a cluster is not open to the world",
        |plan, report| {
            for cluster in plan.resources::<Cluster>() {
                let blocks = cluster.blocks(|c| c.vpc_config());
                let Some(network) = blocks.first() else { continue };
                let public = network.get("endpoint_public_access").and_then(Value::as_bool);
                if public == Some(true) && is_everybody(network.get("public_access_cidrs")) {
                    report.finding(&cluster, "has an API that is open to the world").hint(
                        "set `endpoint_public_access` to `false`, or name `public_access_cidrs`",
                    );
                }
            }
        },
    )
    .sources(&["AWS Security Hub EKS.1"])
}

/// Secrets of Kubernetes are the credentials of everything that runs in it.
pub(super) fn cluster_secrets() -> Rule {
    Rule::new(
        "baseline::cluster-secrets",
        Severity::Medium,
        "secrets of a cluster are encrypted with a key of KMS",
        |plan, report| {
            for cluster in plan.resources::<Cluster>() {
                if cluster.blocks(|c| c.encryption_config()).is_empty() {
                    report
                        .finding(&cluster, "encrypts its secrets with AWS's key")
                        .hint("name a key with `encryption_config`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub EKS.3"])
}

/// Without the audit log nobody can tell afterwards who did what in the cluster.
pub(super) fn cluster_audit_log() -> Rule {
    Rule::new(
        "baseline::cluster-audit-log",
        Severity::Medium,
        "clusters keep an audit log",
        |plan, report| {
            for cluster in plan.resources::<Cluster>() {
                let types = cluster.get(|c| c.enabled_cluster_log_types()).or(Default::default());
                if types.is_known_and(|types| !types.contains(&ClusterLogType::Audit)) {
                    report
                        .finding(&cluster, "keeps no audit log")
                        .hint("name `audit` in `enabled_cluster_log_types`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub EKS.8"])
}

/// Holes in what an image is made of are found when it is pushed, not when they are used.
pub(super) fn image_scanning() -> Rule {
    Rule::new(
        "baseline::image-scanning",
        Severity::High,
        "images are scanned when they are pushed",
        |plan, report| {
            // What the registry says goes before what a repository says.
            if !plan.resources::<RegistryScanningConfiguration>().is_empty() {
                return;
            }
            for repository in plan.resources::<Repository>() {
                let scans = repository.blocks(|r| r.image_scanning_configuration());
                let on = |scan: &&Object| {
                    matches!(scan.get("scan_on_push"), Some(Value::Bool(true) | Value::Unknown))
                };
                if !scans.iter().any(on) {
                    report
                        .finding(&repository, "does not scan images when they are pushed")
                        .hint("set `scan_on_push` in `image_scanning_configuration`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub ECR.1"])
}

/// A tag that can be moved is no name for what was tested.
pub(super) fn image_tags() -> Rule {
    Rule::new(
        "baseline::image-tags",
        Severity::Medium,
        "tags of images stay where they are",
        |plan, report| {
            for repository in plan.resources::<Repository>() {
                let movable = |mutability| {
                    matches!(
                        mutability,
                        TagMutability::Mutable | TagMutability::MutableWithExclusion
                    )
                };
                if repository.get(|r| r.image_tag_mutability()).is_known_and(movable) {
                    report
                        .finding(&repository, "lets tags be moved to other images")
                        .hint("set `image_tag_mutability` to `IMMUTABLE`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub ECR.2"])
}

fn disk(mapping: &Object) -> Option<&Object> {
    mapping.get("ebs").and_then(Value::as_map)
}

/// What is left out is not encrypted, unless it comes of a snapshot that is.
fn is_plain(disk: &Object) -> bool {
    let left_out = |name: &str| disk.get(name).is_none_or(Value::is_null);
    match disk.get("encrypted") {
        Some(Value::Bool(encrypted)) => !encrypted,
        _ => left_out("encrypted") && left_out("snapshot_id"),
    }
}

/// Whether the metadata service answers without a session.
fn is_open(template: &Planned<'_, LaunchTemplate>) -> bool {
    let blocks = template.blocks(|t| t.metadata_options());
    let Some(options) = blocks.first() else { return false };
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    let closed = text("http_endpoint") == Some("disabled");
    let unknown = matches!(options.get("http_tokens"), Some(Value::Unknown));
    !closed && !unknown && text("http_tokens") != Some("required")
}

/// Whether a list of ranges, or none at all, has everybody in it.
fn is_everybody(ranges: Option<&Value>) -> bool {
    match ranges {
        None | Some(Value::Null | Value::Unknown) => true,
        Some(ranges) => {
            let ranges = ranges.as_list().unwrap_or_default();
            let open = |range: &Value| matches!(range.as_str(), Some("0.0.0.0/0" | "::/0"));
            ranges.is_empty() || ranges.iter().any(open)
        }
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::ipnet::IpNet;
    use infra_sdk::{Arn, Stack};

    use super::*;
    use crate::checks::testing::broken;
    use crate::ec2::{
        BlockDeviceMapping, EbsBlockDevice, HttpTokens, LaunchTemplateArguments, MetadataOptions,
        SubnetId,
    };
    use crate::ecr::{ImageScanning, RepositoryArguments, RepositoryName};
    use crate::eks::{
        ClusterArguments, ClusterName, EncryptedResource, EncryptionConfig, EncryptionProvider,
        VpcConfig, VpcConfigArguments,
    };
    use crate::kms::Key;

    fn template(template: LaunchTemplateArguments) -> impl FnOnce(&mut Stack) {
        move |stack| drop(stack.add("template", template))
    }

    fn network() -> VpcConfigArguments {
        VpcConfig::new([SubnetId::new("subnet-1"), SubnetId::new("subnet-2")])
    }

    fn cluster(network: VpcConfigArguments) -> ClusterArguments {
        let role = Arn::new("arn:aws:iam::111122223333:role/eks");
        Cluster::new(ClusterName::new("main"), role, network)
    }

    fn add(cluster: ClusterArguments) -> impl FnOnce(&mut Stack) {
        move |stack| drop(stack.add("cluster", cluster))
    }

    fn repository(repository: RepositoryArguments) -> impl FnOnce(&mut Stack) {
        move |stack| drop(stack.add("images", repository))
    }

    #[test]
    fn volumes_and_the_disks_of_machines_are_encrypted() {
        let volume = |encrypted| {
            move |stack: &mut Stack| {
                stack.add("volume", EbsVolume::new("us-west-2a").encrypted(encrypted));
            }
        };
        let rule = volume_encryption();
        assert_eq!(broken(&rule, volume(true)), [""; 0]);
        assert_eq!(broken(&rule, volume(false)), ["volume"]);
        let disk = |disk| {
            LaunchTemplate::new().block_device_mappings([BlockDeviceMapping::new()
                .device_name("/dev/xvda")
                .ebs(disk)])
        };
        let encrypted = EbsBlockDevice::new().encrypted(true);
        assert_eq!(broken(&rule, template(disk(encrypted))), [""; 0]);
        assert_eq!(broken(&rule, template(disk(EbsBlockDevice::new()))), ["template"]);
    }

    #[test]
    fn only_sessions_get_credentials() {
        let options = |tokens| {
            LaunchTemplate::new().metadata_options(MetadataOptions::new().http_tokens(tokens))
        };
        let rule = imdsv2();
        assert_eq!(broken(&rule, template(options(HttpTokens::Required))), [""; 0]);
        assert_eq!(broken(&rule, template(options(HttpTokens::Optional))), ["template"]);
        assert_eq!(broken(&rule, template(LaunchTemplate::new())), ["template"]);
    }

    #[test]
    fn the_api_of_a_cluster_is_private_or_for_some() {
        let rule = cluster_endpoint();
        let office = "203.0.113.0/24".parse::<IpNet>().expect("a range");
        assert_eq!(broken(&rule, add(cluster(network().public_access_cidrs([office])))), [""; 0]);
        let private = network().endpoint_public_access(false).endpoint_private_access(true);
        assert_eq!(broken(&rule, add(cluster(private))), [""; 0]);
        assert_eq!(broken(&rule, add(cluster(network()))), ["cluster"]);
    }

    #[test]
    fn clusters_encrypt_secrets_and_keep_an_audit_log() {
        let with_key = |stack: &mut Stack| {
            let key = stack.add("key", Key::new());
            let provider = EncryptionProvider::new(key.arn());
            let encryption = EncryptionConfig::new(provider, [EncryptedResource::Secrets]);
            stack.add("cluster", cluster(network()).encryption_config(encryption));
        };
        assert_eq!(broken(&cluster_secrets(), with_key), [""; 0]);
        assert_eq!(broken(&cluster_secrets(), add(cluster(network()))), ["cluster"]);
        let logged = |kind| add(cluster(network()).enabled_cluster_log_types([kind]));
        assert_eq!(broken(&cluster_audit_log(), logged(ClusterLogType::Audit)), [""; 0]);
        assert_eq!(broken(&cluster_audit_log(), logged(ClusterLogType::Api)), ["cluster"]);
        assert_eq!(broken(&cluster_audit_log(), add(cluster(network()))), ["cluster"]);
    }

    #[test]
    fn images_are_scanned_and_keep_their_tags() {
        let images = || Repository::new(RepositoryName::new("app"));
        let scanned =
            |on| repository(images().image_scanning_configuration(ImageScanning::new(on)));
        assert_eq!(broken(&image_scanning(), scanned(true)), [""; 0]);
        assert_eq!(broken(&image_scanning(), scanned(false)), ["images"]);
        assert_eq!(broken(&image_scanning(), repository(images())), ["images"]);
        let immutable = images().image_tag_mutability(TagMutability::Immutable);
        assert_eq!(broken(&image_tags(), repository(immutable)), [""; 0]);
        assert_eq!(broken(&image_tags(), repository(images())), ["images"]);
    }
}
