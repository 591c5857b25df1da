//! ACM: certificates, and the records in Route 53 that validate them.

use hyper::Method;
use serde_json::{Value, json};

use super::calls::json;
use super::support::{Caller, text};

pub(super) async fn a_certificate_is_issued_when_its_records_are_there(aws: &Caller) {
    let acm = async |operation: &str, body: Value| {
        json(aws, "acm", &format!("CertificateManager.{operation}"), body).await.1
    };
    let wanted = json!({ "DomainName": "a.example.com", "ValidationMethod": "DNS" });
    let arn = acm("RequestCertificate", wanted).await["CertificateArn"].clone();
    let describe = async || {
        acm("DescribeCertificate", json!({ "CertificateArn": arn })).await["Certificate"].clone()
    };
    let fresh = describe().await;
    assert_eq!(fresh["Status"], "PENDING_VALIDATION");
    assert!(fresh["DomainValidationOptions"][0]["ResourceRecord"].is_null(), "{fresh}");
    // The emulator issues it by itself after two seconds.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    let pending = describe().await;
    assert_eq!(pending["Status"], "PENDING_VALIDATION");
    let record = &pending["DomainValidationOptions"][0]["ResourceRecord"];

    let zone = "<CreateHostedZoneRequest><Name>example.com</Name><CallerReference>z</CallerReference></CreateHostedZoneRequest>";
    let xml = [("content-type", "application/xml")];
    let path = "/2013-04-01/hostedzone";
    let send = async |path: &str, body: String| {
        aws.send(Method::POST, path, "route53", &xml, body).await.unwrap()
    };
    let (code, made) = send(path, zone.to_owned()).await;
    assert!(code == 201 && text(&made, "Status") == "PENDING", "{made}");
    assert_eq!(send(path, zone.to_owned()).await.0, 409);
    let id = text(&made, "Id").rsplit('/').next().unwrap().to_owned();
    let change = format!(
        "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet><Name>{}</Name><Type>CNAME</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>{}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
        record["Name"].as_str().unwrap(),
        record["Value"].as_str().unwrap(),
    );
    let (code, changed) = send(&format!("{path}/{id}/rrset"), change).await;
    assert_eq!(code, 200, "{changed}");
    assert_eq!(describe().await["Status"], "ISSUED");
    let vpc = "<DisassociateVPCFromHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><VPC><VPCRegion>eu-west-1</VPCRegion><VPCId>vpc-1</VPCId></VPC></DisassociateVPCFromHostedZoneRequest>";
    let (code, refused) = send(&format!("{path}/{id}/disassociatevpc"), vpc.to_owned()).await;
    assert_eq!((code, text(&refused, "Code").as_str()), (404, "VPCAssociationNotFound"));
}
