//! The states of objects, without emulators.

use super::States;
use crate::gate::answer::Answer;
use crate::gate::call::tests::{call, query_call, signature};
use crate::gate::overlays::settings::StatesSettings;
use hyper::{HeaderMap, Method, StatusCode};

fn answer(body: &str) -> Answer {
    Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.to_owned().into() }
}

const ONE: &str = "<R><natGatewaySet><item><natGatewayId>nat-1</natGatewayId><state>available</state></item></natGatewaySet></R>";

/// The state that a describe shows, or nothing where the object is not listed.
fn describe(states: &States, settings: &StatesSettings, request: &str, emulator: &str) -> String {
    let mut call = query_call("ec2", request);
    let filter = states.take_filter(settings, &mut call);
    let mut answer = answer(emulator);
    states.apply(settings, &call, &mut answer, &filter);
    answer.document().unwrap().find("state").map(|s| s.text()).unwrap_or_default()
}

#[test]
fn the_first_reads_say_pending() {
    let (states, settings) =
        (States::default(), StatesSettings { reads: 2, ..StatesSettings::default() });
    let mut created = answer(
        "<R><natGateway><natGatewayId>nat-1</natGatewayId><state>available</state></natGateway></R>",
    );
    let call = query_call("ec2", "Action=CreateNatGateway");
    states.apply(&settings, &call, &mut created, &None);
    assert_eq!(created.document().unwrap().find("state").unwrap().text(), "pending");
    let request = "Action=DescribeNatGateways";
    let seen: Vec<String> = (0..3).map(|_| describe(&states, &settings, request, ONE)).collect();
    assert_eq!(seen, ["pending", "pending", "available"]);
}

#[test]
fn a_deleted_one_is_deleting_first_and_the_filter_sees_it() {
    let (states, settings) = (States::default(), StatesSettings::default());
    let call = query_call("ec2", "Action=DeleteNatGateway&NatGatewayId=nat-1");
    states.apply(&settings, &call, &mut answer("<R/>"), &None);
    let gone = ONE.replace("available", "deleted");
    let request = "Action=DescribeNatGateways&Filter.1.Name=state&Filter.1.Value.1=deleting";
    assert_eq!(describe(&states, &settings, request, &gone), "deleting");
    assert_eq!(describe(&states, &settings, request, &gone), "");
}

#[test]
fn json_states_are_rewritten_too() {
    let (states, settings) = (States::default(), StatesSettings::default());
    let body = "{\"cluster\":{\"name\":\"c\",\"status\":\"ACTIVE\"}}";
    let authorization = signature("eks");
    let headers = [("authorization", authorization.as_str())];
    let check = |method: Method, path: &str| {
        let mut answer = answer(body);
        states.apply(&settings, &call(method, path, &headers, ""), &mut answer, &None);
        String::from_utf8(answer.body.to_vec()).unwrap()
    };
    assert!(check(Method::POST, "/clusters").contains("CREATING"));
    assert!(check(Method::GET, "/clusters/c").contains("CREATING"));
    assert!(check(Method::GET, "/clusters/c").contains("ACTIVE"));
}

#[test]
fn switched_off_it_leaves_everything_alone() {
    let settings = StatesSettings { enabled: false, ..StatesSettings::default() };
    let states = States::default();
    let mut call = query_call(
        "ec2",
        "Action=DescribeNatGateways&Filter.1.Name=state&Filter.1.Value.1=available",
    );
    assert_eq!(states.take_filter(&settings, &mut call), None);
    let mut created = answer(ONE);
    states.apply(&settings, &query_call("ec2", "Action=CreateNatGateway"), &mut created, &None);
    assert!(created.document().unwrap().find("state").unwrap().text() == "available");
    // What is on its way arrives when it is switched off.
    let on = StatesSettings::default();
    let call = query_call("ec2", "Action=CreateNatGateway");
    let made = "<R><natGateway><natGatewayId>nat-1</natGatewayId><state>available</state></natGateway></R>";
    states.apply(&on, &call, &mut answer(made), &None);
    assert_eq!(describe(&states, &settings, "Action=DescribeNatGateways", ONE), "available");
}
