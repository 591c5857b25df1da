//! An OpenID Connect provider: whose tokens are accepted for roles. Its URL is its key.
//!
//! API: CreateOpenIDConnectProvider, GetOpenIDConnectProvider, AddClientIDToOpenIDConnectProvider,
//! RemoveClientIDFromOpenIDConnectProvider, UpdateOpenIDConnectProviderThumbprint,
//! TagOpenIDConnectProvider, UntagOpenIDConnectProvider, DeleteOpenIDConnectProvider.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

use super::IssuerUrl;
use crate::rules::{Rules, wrong_length};

/// An identity provider whose tokens roles can trust, such as a Kubernetes cluster.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_iam_openid_connect_provider",
    outputs = OpenIdConnectProviderOutputs,
    global,
    validate = validate
)]
pub struct OpenIdConnectProvider {
    /// URL of the issuer, the claim `iss` of its tokens.
    #[field(force_new)]
    pub url: IssuerUrl,
    /// Audiences, the claim `aud` of its tokens: `sts.amazonaws.com` for clusters.
    #[field(required)]
    pub client_id_list: BTreeSet<String>,
    /// SHA-1 thumbprints of certificates of the issuer, at most five. Left out, AWS finds one out;
    /// issuers with certificates of well-known authorities need none.
    #[field(computed)]
    pub thumbprint_list: BTreeSet<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to an [`OpenIdConnectProvider`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct OpenIdConnectProviderOutputs {
    /// The provider's ARN.
    pub id: Arn<OpenIdConnectProvider>,
    /// The provider's ARN.
    pub arn: Arn<OpenIdConnectProvider>,
}

/// Source: IAM API Reference, CreateOpenIDConnectProvider; IAM and STS quotas.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    for (name, most) in [("client_id_list", 100), ("thumbprint_list", 5)] {
        let members = rules.texts(name).len();
        if members > most {
            rules.refuse(name, format!("must have at most {most} members, not {members}"));
        }
    }
    let wrong = |id| wrong_length(id, 1, 255).map(|wrong| format!("`{id}` {wrong}"));
    if let Some(message) = rules.texts("client_id_list").into_iter().find_map(wrong) {
        rules.refuse("client_id_list", message);
    }
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_thumbprint = |text: &str| text.len() == 40 && text.bytes().all(is_digit);
    let thumbprints = rules.texts("thumbprint_list");
    if let Some(wrong) = thumbprints.iter().find(|text| !is_thumbprint(text)) {
        let message = format!("`{wrong}` must be 40 lower-case hexadecimal digits");
        rules.refuse("thumbprint_list", message);
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;

    use super::*;
    use crate::iam::common::{
        GONE, PATIENCE, is_ours, tags_for, tags_of, tags_to_remove, tags_to_set,
    };
    use crate::iam::names::without_scheme;
    use crate::prelude::*;

    impl Handler for OpenIdConnectProvider {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "iam:CreateOpenIDConnectProvider",
            operations: &[
                "iam:AddClientIDToOpenIDConnectProvider",
                "iam:CreateOpenIDConnectProvider",
                "iam:DeleteOpenIDConnectProvider",
                "iam:GetOpenIDConnectProvider",
                "iam:RemoveClientIDFromOpenIDConnectProvider",
                "iam:TagOpenIDConnectProvider",
                "iam:UntagOpenIDConnectProvider",
                "iam:UpdateOpenIDConnectProviderThumbprint",
                "sts:GetCallerIdentity",
            ],
            // GetCallerIdentity needs no permission. Source: STS API Reference.
            actions: &[
                "iam:AddClientIDToOpenIDConnectProvider",
                "iam:CreateOpenIDConnectProvider",
                "iam:DeleteOpenIDConnectProvider",
                "iam:GetOpenIDConnectProvider",
                "iam:RemoveClientIDFromOpenIDConnectProvider",
                "iam:TagOpenIDConnectProvider",
                "iam:UntagOpenIDConnectProvider",
                "iam:UpdateOpenIDConnectProviderThumbprint",
            ],
            gone: GONE,
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let tags = tags_for(&want.tags)?;
            // The call wants the scheme that IAM then leaves out.
            let url = format!("https://{}", without_scheme(want.url.as_str()));
            let answer = aws
                .call(|| {
                    aws.iam()
                        .create_open_id_connect_provider()
                        .url(&url)
                        .set_client_id_list(Some(list(&want.client_id_list)))
                        .set_thumbprint_list(thumbprints(want))
                        .set_tags(Some(tags.clone()))
                        .send()
                })
                .await?;
            answer.open_id_connect_provider_arn.ok_or_else(|| missing("OpenIDConnectProviderArn"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            // The list of providers has nothing but ARNs.
            read_each(known, GONE, |item| async move {
                let found = get(aws, &item.id).await?;
                let inputs = Self {
                    url: IssuerUrl::new(found.url.ok_or_else(|| missing("Url"))?),
                    client_id_list: set(found.client_id_list),
                    thumbprint_list: set(found.thumbprint_list),
                    tags: tags_of(found.tags),
                };
                let outputs = OpenIdConnectProviderOutputs {
                    id: Arn::new(&item.id),
                    arn: Arn::new(&item.id),
                };
                Ok(Some(Seen::new(inputs, outputs)))
            })
            .await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            was: &Self,
            changed: &Changed,
        ) -> Result<()> {
            if changed.has("client_id_list") {
                change_clients(aws, id, want, was).await?;
            }
            if changed.has("thumbprint_list") {
                aws.call(|| {
                    let call = aws.iam().update_open_id_connect_provider_thumbprint();
                    call.open_id_connect_provider_arn(id)
                        .set_thumbprint_list(Some(list(&want.thumbprint_list)))
                        .send()
                })
                .await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| {
                let call = aws.iam().delete_open_id_connect_provider();
                call.open_id_connect_provider_arn(id).send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let account = aws.account().await?;
            let (partition, id) = (&account.partition, &account.id);
            let url = without_scheme(want.url.as_str());
            let arn = format!("arn:{partition}:iam::{id}:oidc-provider/{url}");
            let found = absent(get(aws, &arn).await.map(Some), GONE)?;
            let ours = found.filter(|found| is_ours(&want.tags, &tags_of(found.tags.clone())));
            Ok(ours.map(|_| arn).into_iter().collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            if let Some(keys) = tags_to_remove(change) {
                aws.call(|| {
                    let call = aws.iam().untag_open_id_connect_provider();
                    call.open_id_connect_provider_arn(id).set_tag_keys(Some(keys.clone())).send()
                })
                .await?;
            }
            if let Some(tags) = tags_to_set(change)? {
                aws.call(|| {
                    let call = aws.iam().tag_open_id_connect_provider();
                    call.open_id_connect_provider_arn(id).set_tags(Some(tags.clone())).send()
                })
                .await?;
            }
            Ok(())
        }
    }

    fn list(texts: &BTreeSet<String>) -> Vec<String> {
        texts.iter().cloned().collect()
    }

    fn set(texts: Option<Vec<String>>) -> BTreeSet<String> {
        texts.unwrap_or_default().into_iter().collect()
    }

    /// Left out when there are none: then AWS finds one out.
    fn thumbprints(want: &OpenIdConnectProvider) -> Option<Vec<String>> {
        (!want.thumbprint_list.is_empty()).then(|| list(&want.thumbprint_list))
    }

    async fn get(aws: &Aws, arn: &str) -> Result<GetOpenIdConnectProviderOutput> {
        aws.call(|| {
            let call = aws.iam().get_open_id_connect_provider();
            call.open_id_connect_provider_arn(arn).send()
        })
        .await
    }

    async fn change_clients(
        aws: &Aws,
        id: &str,
        want: &OpenIdConnectProvider,
        was: &OpenIdConnectProvider,
    ) -> Result<()> {
        // Added first, so that tokens of clients that stay are accepted throughout.
        for client in want.client_id_list.difference(&was.client_id_list) {
            aws.call(|| {
                let call = aws.iam().add_client_id_to_open_id_connect_provider();
                call.open_id_connect_provider_arn(id).client_id(client).send()
            })
            .await?;
        }
        for client in was.client_id_list.difference(&want.client_id_list) {
            aws.call(|| {
                let call = aws.iam().remove_client_id_from_open_id_connect_provider();
                call.open_id_connect_provider_arn(id).client_id(client).send()
            })
            .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn thumbprints_are_checked() {
        let inputs = |thumbprints: Vec<String>| {
            Object::from([("thumbprint_list".to_owned(), Value::from(thumbprints))])
        };
        assert_eq!(validate(&inputs(vec!["a1".repeat(20)])), []);
        assert_eq!(validate(&inputs(vec!["A1".repeat(20)])).len(), 1);
        assert_eq!(validate(&inputs(vec!["a1".repeat(19)])).len(), 1);
        let many = (0..6).map(|n| format!("{n:040x}")).collect();
        assert_eq!(validate(&inputs(many)).len(), 1);
    }

    #[test]
    fn clients_are_checked() {
        let check = |clients: Vec<String>| {
            let inputs = Object::from([("client_id_list".to_owned(), Value::from(clients))]);
            validate(&inputs).into_iter().map(|problem| problem.message).collect::<Vec<_>>()
        };
        assert_eq!(check((0..100).map(|n| n.to_string()).collect()), [""; 0]);
        assert_eq!(
            check((0..101).map(|n| n.to_string()).collect()),
            ["must have at most 100 members, not 101"]
        );
        assert_eq!(check(vec![String::new()]), ["`` must have 1 to 255 characters, not 0"]);
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::Connection;
    use crate::conformance::{Fixture, conforms};
    use crate::frame::clients::configure;
    use crate::prelude::*;

    fn url(name: &str) -> String {
        format!("https://oidc.eks.us-west-2.amazonaws.com/id/{name}")
    }

    conforms!(
        aws_iam_openid_connect_provider,
        Fixture {
            base: |stack, name| {
                let provider = OpenIdConnectProvider::new(url(name), ["sts.amazonaws.com", "one"]);
                let provider = provider.thumbprint_list(["a1".repeat(20)]).tag("Name", name);
                stack.add("it", provider);
            },
            update: Some(|stack, name| {
                let provider = OpenIdConnectProvider::new(url(name), ["sts.amazonaws.com", "one"]);
                let thumbprints = ["b2".repeat(20), "c3".repeat(20)];
                stack.add("it", provider.thumbprint_list(thumbprints).tag("Name", "other"));
            }),
            replace: Some(|stack, name| {
                let url = url(&format!("{name}-2"));
                let provider = OpenIdConnectProvider::new(url, ["sts.amazonaws.com"]);
                stack.add("it", provider.thumbprint_list(["b2".repeat(20)]));
            }),
            gaps: &[],
        }
    );

    /// Answers every call with success and keeps what was called. The emulators do not have these
    /// operations; the answers are as the IAM API Reference shows them.
    async fn record(listener: tokio::net::TcpListener, calls: Arc<Mutex<Vec<String>>>) {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut request, mut buffer) = (String::new(), [0; 4096]);
            while !request.contains("ClientID=") {
                let read = stream.read(&mut buffer).await.expect("a request");
                request.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
            let field = |name: &str| {
                let start = request.find(name).expect("the field") + name.len();
                request[start..].split('&').next().expect("a value").to_owned()
            };
            calls.lock().expect("a list").push(field("Action=") + " " + &field("ClientID="));
            let body = "<Response><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></Response>";
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
            let answer = format!("{head}connection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.expect("an answer");
        }
    }

    #[tokio::test]
    async fn clients_are_added_and_removed_one_by_one() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let calls = Arc::<Mutex<Vec<String>>>::default();
        let server = tokio::spawn(record(listener, Arc::clone(&calls)));
        let connection = Connection {
            region: "us-west-2".to_owned(),
            endpoint_url: Some(endpoint),
            credentials: Some(("123456789012".to_owned(), "test".to_owned())),
            ..Connection::default()
        };
        let aws = Aws::new(configure(&connection).await);
        let provider = |clients: [&str; 3]| OpenIdConnectProvider {
            url: IssuerUrl::new("oidc.example.com"),
            client_id_list: clients.map(str::to_owned).into(),
            thumbprint_list: BTreeSet::new(),
            tags: Tags::default(),
        };
        let (was, want) = (provider(["a", "b", "c"]), provider(["b", "d", "e"]));
        let changed = Changed::new(["client_id_list".to_owned()]);
        OpenIdConnectProvider::update(&aws, "arn:x", &want, &was, &changed)
            .await
            .expect("it works");
        server.abort();
        let calls = calls.lock().expect("a list");
        let add = "AddClientIDToOpenIDConnectProvider";
        let remove = "RemoveClientIDFromOpenIDConnectProvider";
        let expected = [(add, "d"), (add, "e"), (remove, "a"), (remove, "c")];
        assert_eq!(*calls, expected.map(|(action, client)| format!("{action} {client}")));
    }
}
