//! CloudWatch, which is spoken to in CBOR.

use hyper::Method;
use serde_json::{Value, json};

use super::calls::json;
use super::support::Caller;

pub(super) async fn cloudwatch_is_spoken_to_in_cbor(
    aws: &Caller,
    control: &infra_sandbox::Control,
) {
    let headers = [
        ("content-type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("accept", "application/cbor"),
    ];
    let call = async |operation: &str, body: &[u8]| {
        let path = format!("/service/GraniteServiceVersion20100801/operation/{operation}");
        aws.send_bytes(Method::POST, &path, "monitoring", &headers, body.to_vec()).await.unwrap()
    };
    // {"AlarmName": "a", "AlarmRule": "FALSE"}
    let (code, _) =
        call("PutCompositeAlarm", b"\xa2\x69AlarmName\x61a\x69AlarmRule\x65FALSE").await;
    assert_eq!(code, 200);
    // {"AlarmTypes": ["CompositeAlarm"]}
    let (code, body) = call("DescribeAlarms", b"\xa1\x6aAlarmTypes\x81\x6eCompositeAlarm").await;
    let shown = String::from_utf8_lossy(&body);
    assert!(code == 200 && shown.contains("FALSE"), "{code} {shown}");
    // Its times are tagged as such.
    let times = b"StateUpdatedTimestamp\xc1";
    assert!(body.windows(times.len()).any(|window| window == times), "{shown}");
    let log = control.log(0).await.unwrap();
    assert_eq!(log[0].operation, "PutCompositeAlarm");
    assert_eq!(log[0].parameters["AlarmName"], "a");
    let (_, refused) =
        json(aws, "monitoring", "GraniteServiceVersion20100801.Nothing", json!({})).await;
    assert_ne!(refused["__type"], Value::Null);
}
