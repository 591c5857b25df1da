//! Answers that AWS never should give: cut, changed, foreign. Whatever they are, a read of an object
//! is what the object is or an error; it is no panic, and it is never "gone".

use std::sync::Arc;

use futures_util::future::join_all;
use infra_sdk::provider::{Observed, Owner, Place, Provider as _, Target};
use infra_sdk::{Address, Object};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::error::Result;
use super::provider::AwsProvider;
use super::test_server::{Answer, TestServer};

/// How many answers are spoiled of each type.
const CASES: usize = 64;
/// Stands for the name of the object.
const NAME: &str = "NAME";

/// A type that one call reads, and an answer to that call as AWS gives it.
struct Sample {
    type_name: &'static str,
    /// The id of the object.
    id: &'static str,
    answer: &'static str,
    /// Whether the answer is a list, in which a changed byte may honestly name another object.
    is_list: bool,
}

/// Each protocol of AWS once. Source: the examples of the API references.
const SAMPLES: [Sample; 5] = [
    Sample {
        type_name: "aws_iam_instance_profile",
        id: NAME,
        answer: "<GetInstanceProfileResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
            <GetInstanceProfileResult><InstanceProfile>\
            <InstanceProfileId>AIPAD5ARO2C5EXAMPLE3G</InstanceProfileId><Roles/>\
            <InstanceProfileName>NAME</InstanceProfileName><Path>/</Path>\
            <Arn>arn:aws:iam::123456789012:instance-profile/NAME</Arn>\
            <CreateDate>2012-06-18T23:52:07Z</CreateDate></InstanceProfile>\
            </GetInstanceProfileResult><ResponseMetadata>\
            <RequestId>37289fda-29df-11e1-9e40-EXAMPLE</RequestId></ResponseMetadata>\
            </GetInstanceProfileResponse>",
        is_list: false,
    },
    Sample {
        type_name: "aws_ecr_repository_policy",
        id: NAME,
        answer: "{\"policyText\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[]}\",\
            \"registryId\":\"123456789012\",\"repositoryName\":\"NAME\"}",
        is_list: false,
    },
    Sample {
        type_name: "aws_eks_access_entry",
        id: "NAME:arn:aws:iam::123456789012:role/one",
        answer: "{\"accessEntry\":{\"clusterName\":\"NAME\",\
            \"principalArn\":\"arn:aws:iam::123456789012:role/one\",\
            \"accessEntryArn\":\"arn:aws:eks:us-west-2:123456789012:access-entry/NAME/1\",\
            \"createdAt\":1700000000.5,\"modifiedAt\":1700000000,\"kubernetesGroups\":[\"a\"],\
            \"tags\":{\"a\":\"b\"},\"type\":\"STANDARD\",\"username\":\"one\"}}",
        is_list: false,
    },
    Sample {
        type_name: "aws_s3_bucket_versioning",
        id: NAME,
        answer: "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <Status>Enabled</Status></VersioningConfiguration>",
        is_list: false,
    },
    Sample {
        type_name: "aws_subnet",
        id: NAME,
        answer: "<DescribeSubnetsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
            <requestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</requestId><subnetSet><item>\
            <subnetId>NAME</subnetId><state>available</state><ownerId>123456789012</ownerId>\
            <vpcId>vpc-1a2b3c4d</vpcId><cidrBlock>10.0.1.0/24</cidrBlock>\
            <availableIpAddressCount>251</availableIpAddressCount>\
            <availabilityZone>us-west-2a</availabilityZone></item></subnetSet>\
            </DescribeSubnetsResponse>",
        is_list: true,
    },
];

/// Answers of somebody else, and errors under a status that says that all is well, as S3 sends them
/// when it has begun to answer before it is done.
const FOREIGN: &[&str] = &[
    "",
    "<html><body>Sign in</body></html>",
    "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>",
    "<Error><Code>NoSuchBucket</Code></Error>",
    "{\"__type\":\"InternalFailure\"}",
    "null",
    "[]",
    "\0",
];

/// What becomes of an answer.
#[derive(Debug, Clone)]
enum Spoiled {
    Cut(Index),
    Changed(Index, u8),
    LeftOut(Index, usize),
    PutIn(Index, Vec<u8>),
    /// What a proxy or a page that asks to sign in says instead.
    Foreign(&'static str),
    /// The right words under a status that says something else.
    Refused(u16),
}

impl Spoiled {
    fn any() -> impl Strategy<Value = Self> {
        let at = any::<Index>;
        prop_oneof![
            at().prop_map(Self::Cut),
            (at(), any::<u8>()).prop_map(|(at, byte)| Self::Changed(at, byte)),
            (at(), 1..40_usize).prop_map(|(at, length)| Self::LeftOut(at, length)),
            (at(), proptest::collection::vec(any::<u8>(), 1..20))
                .prop_map(|(at, bytes)| Self::PutIn(at, bytes)),
            prop::sample::select(FOREIGN).prop_map(Self::Foreign),
            prop::sample::select(vec![400, 403, 404, 409]).prop_map(Self::Refused),
        ]
    }

    fn answer(&self, good: &str) -> Answer {
        let mut bytes = good.as_bytes().to_vec();
        let mut status = 200;
        match self {
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Changed(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::LeftOut(at, length) => {
                let at = at.index(bytes.len());
                let end = bytes.len().min(at + length);
                bytes.drain(at..end);
            }
            Self::PutIn(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Foreign(text) => bytes = text.as_bytes().to_vec(),
            Self::Refused(code) => status = *code,
        }
        Answer::new(status, bytes)
    }

    /// Whether it may honestly say that an object of a list is not there.
    fn may_be_honest(&self) -> bool {
        matches!(self, Self::Changed(..) | Self::LeftOut(..) | Self::PutIn(..))
    }
}

/// The number in the name that a request is about.
fn case(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("case-")?;
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

async fn read(provider: &AwsProvider, sample: &Sample, name: &str) -> Result<Option<Observed>> {
    let target = Target {
        address: Address::parse("it").expect("valid"),
        type_name: sample.type_name.to_owned(),
        place: Place::default(),
        id: sample.id.replace(NAME, name),
        recorded: Object::new(),
        outputs: Object::new(),
        owner: Arc::new(Owner { stack: "s".to_owned(), environment: "e".to_owned() }),
    };
    provider.read(&[target]).await.pop().expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spoiled_answer_is_an_error_and_never_a_panic_or_gone() {
    let mut runner = TestRunner::deterministic();
    for sample in SAMPLES {
        let spoiled: Vec<Spoiled> = (0..CASES)
            .map(|_| Spoiled::any().new_tree(&mut runner).expect("a case").current())
            .collect();
        let answers = spoiled.clone();
        let server = TestServer::new(move |line, body| {
            let asked = format!("{line}\n{body}");
            let number = case(&asked).expect("every request names its object");
            let good = sample.answer.replace(NAME, &format!("case-{number}"));
            match answers.get(number) {
                Some(spoiled) => spoiled.answer(&good),
                None => Answer::new(200, good),
            }
        });
        let provider = server.provider().await;
        let there = read(&provider, &sample, &format!("case-{CASES}")).await;
        let there = there.unwrap_or_else(|e| panic!("{}: {e:?}", sample.type_name));
        assert!(there.is_some(), "{}: the whole answer is not understood", sample.type_name);
        let names: Vec<_> = (0..CASES).map(|number| format!("case-{number}")).collect();
        let seen = join_all(names.iter().map(|name| read(&provider, &sample, name))).await;
        let mut errors = 0;
        for (spoiled, seen) in spoiled.iter().zip(seen) {
            let gone = matches!(seen, Ok(None));
            let honest = sample.is_list && spoiled.may_be_honest();
            assert!(!gone || honest, "{} is gone by {spoiled:?}", sample.type_name);
            errors += usize::from(seen.is_err());
        }
        assert!(errors > 0, "{}: nothing was noticed", sample.type_name);
    }
}
