//! What the fixtures of WAF are made of: rules of every kind, web ACLs, something to protect.

use infra_sdk::ipnet::{IpNet, Ipv4Net};
use infra_sdk::{Arn, Home, Output, Stack};

use super::*;
use crate::ec2::{Subnet, Vpc};
use crate::elbv2::LoadBalancer;

fn plain() -> [TextTransformationArguments<Home>; 1] {
    [TextTransformation::none()]
}

fn blocked(
    name: &str,
    priority: i32,
    statement: impl infra_sdk::IntoInput<Statement, Home>,
) -> RuleArguments<Home> {
    Rule::new(name, priority, statement, VisibilityConfig::metric(name)).action(Action::block())
}

fn group(
    name: &str,
    priority: i32,
    statement: impl infra_sdk::IntoInput<Statement, Home>,
) -> RuleArguments<Home> {
    let rule = Rule::new(name, priority, statement, VisibilityConfig::metric(name));
    rule.override_action(OverrideAction::None)
}

/// A set of addresses.
fn ip_set(stack: &mut Stack, name: &str) -> Output<Arn<IpSet>> {
    let network = "192.0.2.0/24".parse::<IpNet>().expect("a network");
    let set = IpSet::new(WafScope::Regional, IpAddressVersion::Ipv4).addresses([network]);
    stack.add("set", set.name(format!("{name}-acl-set"))).arn()
}

/// A set of regular expressions.
fn patterns(stack: &mut Stack, name: &str) -> Output<Arn<RegexPatternSet>> {
    let set = RegexPatternSet::new(WafScope::Regional).name(format!("{name}-acl-patterns"));
    stack.add("patterns", set.regular_expression([RegularExpression::new("^/x")])).arn()
}

/// A group of rules.
fn rule_group(stack: &mut Stack, name: &str) -> Output<Arn<RuleGroup>> {
    let group = RuleGroup::new(WafScope::Regional, 50_i64, VisibilityConfig::metric("own"));
    stack.add("group", group.name(format!("{name}-acl-group"))).arn()
}

/// Conditions that look at one thing each.
fn conditions(
    set: Output<Arn<IpSet>>,
    patterns: Output<Arn<RegexPatternSet>>,
) -> Vec<RuleArguments<Home>> {
    let forwarded = || ForwardedIpConfig::new("X-Forwarded-For", FallbackBehavior::NoMatch);
    let json =
        JsonBody::new(MatchScope::Value, JsonMatchPattern::new().included_paths(["/user/name"]));
    let json = json.invalid_fallback_behavior(BodyFallback::EvaluateAsString);
    let headers = Headers::new(
        MatchScope::All,
        OversizeHandling::Match,
        HeaderMatchPattern::new().excluded_headers(["cookie"]),
    );
    let cookies = Cookies::new(
        MatchScope::Key,
        OversizeHandling::NoMatch,
        CookieMatchPattern::new().all(Chosen),
    );
    let lower = [
        TextTransformation::new(0, TextTransformationType::UrlDecode),
        TextTransformation::new(1, TextTransformationType::Lowercase),
    ];
    let sqli = SqliMatchStatement::new(FieldToMatch::new().json_body(json), lower);
    let sqli = sqli.sensitivity_level(SensitivityLevel::High);
    let of_set = IpSetForwardedIpConfig::new(
        "X-Forwarded-For",
        FallbackBehavior::Match,
        ForwardedIpPosition::First,
    );
    let of_set = IpSetReferenceStatement::new(set).ip_set_forwarded_ip_config(of_set);
    let long = SizeConstraintStatement::new(
        ComparisonOperator::Greater,
        8192_i64,
        FieldToMatch::body::<Home>(),
        plain(),
    );
    let xss = |part: FieldToMatchArguments<Home>| {
        Condition::new().xss_match_statement(XssMatchStatement::new(part, plain()))
    };
    let fingerprint = || Fingerprint::new(FallbackBehavior::NoMatch);
    let parts = [
        FieldToMatch::new().headers(headers),
        FieldToMatch::new().cookies(cookies),
        FieldToMatch::new().header_order(HeaderOrder::new(OversizeHandling::Continue)),
        FieldToMatch::new().ja3_fingerprint(fingerprint()),
        FieldToMatch::new().ja4_fingerprint(fingerprint()),
        FieldToMatch::new()
            .uri_fragment(UriFragment::new().fallback_behavior(FallbackBehavior::Match)),
        FieldToMatch::all_query_arguments(),
        FieldToMatch::single_query_argument("q"),
        FieldToMatch::method(),
    ];
    let geo = GeoMatchStatement::new(["AT", "DE"]).forwarded_ip_config(forwarded());
    let label = LabelMatchStatement::new(LabelMatchScope::Namespace, "awswaf:managed:aws:");
    vec![
        blocked("asn", 10, Condition::asn([64_496, 64_497])),
        blocked("bytes", 11, Condition::header_is("x-secret", "a \"b\" ü")),
        blocked("geo", 12, Condition::new().geo_match_statement(geo)),
        blocked("ip-set", 13, Condition::new().ip_set_reference_statement(of_set)),
        blocked("label", 14, Condition::new().label_match_statement(label)),
        blocked("regex", 15, Condition::regex(FieldToMatch::uri_path(), "^/a[0-9]+$")),
        blocked("patterns", 16, Condition::pattern_set(FieldToMatch::query_string(), patterns)),
        blocked("size", 17, Condition::new().size_constraint_statement(long)),
        blocked("sqli", 18, Condition::new().sqli_match_statement(sqli)),
        blocked("xss", 19, Condition::any(parts.map(xss))),
        blocked(
            "nested",
            20,
            Condition::all([
                Condition::not(Condition::geo(["DE"])),
                Condition::any([Condition::path_is("/a"), Condition::path_starts_with("/b")]),
            ]),
        ),
    ]
}

/// Rules of every action.
fn actions() -> Vec<RuleArguments<Home>> {
    let header = || CustomHttpHeader::new("seen", "yes");
    let handled = || CustomRequestHandling::new([header()]);
    let response = CustomResponse::new(418)
        .custom_response_body_key("no")
        .response_header([CustomHttpHeader::new("retry-after", "60")]);
    let rule = |name: &str, priority: i32, action: ActionArguments<Home>| {
        let path = Condition::path_is(format!("/{name}"));
        Rule::new(name, priority, path, VisibilityConfig::metric(name)).action(action)
    };
    vec![
        rule("allow", 30, Action::allow().custom_request_handling(handled())),
        rule("block", 31, Action::block().custom_response(response)),
        rule("count", 32, Action::count().custom_request_handling(handled())),
        rule("captcha", 33, Action::captcha()).captcha_config(ImmunityConfig::seconds(120)),
        rule("challenge", 34, Action::challenge())
            .challenge_config(ImmunityConfig::seconds(600))
            .rule_label([RuleLabel::new("asked:challenge"), RuleLabel::new("asked")]),
    ]
}

/// Rates, counted by several things.
fn rates() -> Vec<RuleArguments<Home>> {
    let named = |name: &str| NamedKey::new(name, plain());
    let keys = [
        CustomKey::new().ip(Chosen),
        CustomKey::new().http_method(Chosen),
        CustomKey::new().header(named("user-agent")),
        CustomKey::new().uri_path(WholeKey::new(plain())),
        CustomKey::new().label_namespace(LabelNamespace::new("awswaf:managed:aws:")),
    ];
    let others = [
        CustomKey::new().asn(Chosen),
        CustomKey::new().cookie(named("session")),
        CustomKey::new().query_argument(named("q")),
        CustomKey::new().query_string(WholeKey::new(plain())),
        CustomKey::new().ja4_fingerprint(Fingerprint::new(FallbackBehavior::NoMatch)),
    ];
    let forwarded = || ForwardedIpConfig::new("X-Forwarded-For", FallbackBehavior::Match);
    vec![
        blocked(
            "rate",
            40,
            Statement::rate(2000)
                .evaluation_window_sec(60_u32)
                .scope_down_statement(Condition::not(Condition::geo(["DE"]))),
        ),
        blocked(
            "rate-forwarded",
            41,
            Statement::rate(1000)
                .aggregate_key_type(AggregateKeyType::ForwardedIp)
                .forwarded_ip_config(forwarded()),
        ),
        blocked(
            "rate-keys",
            42,
            Statement::rate(500).aggregate_key_type(AggregateKeyType::CustomKeys).custom_key(keys),
        ),
        blocked(
            "rate-others",
            43,
            Statement::rate(500)
                .aggregate_key_type(AggregateKeyType::CustomKeys)
                .custom_key(others),
        ),
    ]
}

/// Managed groups, with all that can be set for them, and one of one's own.
fn groups(own: Output<Arn<RuleGroup>>) -> Vec<RuleArguments<Home>> {
    let field = |name: &str| FieldIdentifier::new::<Home>(name);
    let sign_in = SignIn::new(PayloadType::Json, field("/user"), field("/password"));
    let status = StatusCodes::new([200], [401, 403]);
    let takeover = AccountTakeover::new("/login")
        .request_inspection(sign_in)
        .response_inspection(ResponseInspection::new().status_code(status));
    let sign_up = SignUp::new(PayloadType::FormEncoded)
        .username_field(field("user"))
        .email_field(field("mail"))
        .address_fields(FieldIdentifiers::new(["street", "city"]))
        .phone_number_fields(FieldIdentifiers::new(["phone"]));
    let body = BodyContains::new(["welcome"], ["sorry"]);
    let creation = AccountCreation::new("/create", "/form", sign_up)
        .enable_regex_in_path(true)
        .response_inspection(ResponseInspection::new().body_contains(body));
    let challenge = ClientSideAction::new(Usage::Enabled)
        .exempt_uri_regular_expression([RegularExpression::new("\\.css$")]);
    let floods = AntiDdos::new(ClientSideActionConfig::new(challenge))
        .sensitivity_to_block(Sensitivity::Medium);
    let aws = |name: &str| Statement::managed("AWS", name);
    let config = ManagedRuleGroupConfig::new;
    let bots =
        config().aws_managed_rules_bot_control_rule_set(BotControl::new(InspectionLevel::Targeted));
    vec![
        group(
            "common",
            50,
            aws("AWSManagedRulesCommonRuleSet")
                .version("Version_1.5")
                .rule_action_override([
                    RuleActionOverride::new("SizeRestrictions_BODY", Action::count()),
                    RuleActionOverride::new("NoUserAgent_HEADER", Action::captcha()),
                ])
                .scope_down_statement(Condition::path_starts_with("/api")),
        ),
        group(
            "bots",
            51,
            aws("AWSManagedRulesBotControlRuleSet").managed_rule_group_configs([bots]),
        ),
        group(
            "takeover",
            52,
            aws("AWSManagedRulesATPRuleSet")
                .managed_rule_group_configs([config().aws_managed_rules_atp_rule_set(takeover)]),
        ),
        group(
            "creation",
            53,
            aws("AWSManagedRulesACFPRuleSet")
                .managed_rule_group_configs([config().aws_managed_rules_acfp_rule_set(creation)]),
        ),
        group(
            "floods",
            54,
            aws("AWSManagedRulesAntiDDoSRuleSet").managed_rule_group_configs([
                config().aws_managed_rules_anti_ddos_rule_set(floods)
            ]),
        ),
        group("own", 55, Statement::group(own)).override_action(OverrideAction::Count),
    ]
}

/// A web ACL with rules of every kind.
pub(super) fn web_acl(stack: &mut Stack, name: &str) {
    let (set, patterns) = (ip_set(stack, name), patterns(stack, name));
    let own = rule_group(stack, name);
    let rules = [conditions(set, patterns), actions(), rates(), groups(own)].concat();
    let limit = || BodyLimit::new(SizeInspectionLimit::Kb32);
    let body = RequestBody::new().api_gateway(limit()).cognito_user_pool(limit());
    let field = ProtectedField::new(ProtectedFieldType::SingleHeader).field_keys(["authorization"]);
    let protection = DataProtection::new(DataProtectionAction::Substitution, field);
    let acl = WebAcl::new(
        WafScope::Regional,
        DefaultAction::allow(),
        VisibilityConfig::metric("conformance"),
    )
    .name(format!("{name}-acl"))
    .description("keeps out what does not belong here")
    .rule(rules)
    .custom_response_body([CustomResponseBody::new("no", "No.", ResponseContentType::TextPlain)])
    .captcha_config(ImmunityConfig::seconds(600))
    .challenge_config(ImmunityConfig::seconds(300))
    .token_domains(["example.com", "example.org"])
    .association_config(AssociationConfig::new(body))
    .data_protection_config(DataProtectionConfig::new([protection]))
    .tag("use", "test");
    stack.add("it", acl);
}

/// The web ACL, changed in ways that are taken in place.
pub(super) fn web_acl_changed(stack: &mut Stack, name: &str) {
    let (set, _) = (ip_set(stack, name), patterns(stack, name));
    let _ = rule_group(stack, name);
    let limit = BodyLimit::new(SizeInspectionLimit::Kb64);
    let body = RequestBody::new().api_gateway(limit);
    let common = Statement::managed("AWS", "AWSManagedRulesCommonRuleSet");
    let acl = WebAcl::new(
        WafScope::Regional,
        DefaultAction::block().custom_response(CustomResponse::new(404)),
        VisibilityConfig::new("conformance", true, false),
    )
    .name(format!("{name}-acl"))
    .description("keeps out most")
    // In another order than AWS shows them.
    .rule([group("common", 7, common), blocked("set", 3, Condition::ip_set(set))])
    .captcha_config(ImmunityConfig::seconds(900))
    .challenge_config(ImmunityConfig::seconds(400))
    .custom_response_body([CustomResponseBody::new(
        "no",
        "{}",
        ResponseContentType::ApplicationJson,
    )])
    .token_domains(["example.com"])
    .association_config(AssociationConfig::new(body))
    .tag("use", "other");
    stack.add("it", acl);
}

/// Another web ACL.
pub(super) fn web_acl_again(stack: &mut Stack, name: &str) {
    let acl = WebAcl::new(
        WafScope::Regional,
        DefaultAction::allow(),
        VisibilityConfig::metric("conformance"),
    );
    stack.add("it", acl.name_prefix(format!("{name}-")));
}

/// Two web ACLs, and a load balancer to protect.
pub(super) fn protected(
    stack: &mut Stack,
    name: &str,
) -> ([Output<Arn<WebAcl>>; 2], Output<Arn<LoadBalancer>>) {
    let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
    let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
    let subnets = [("a", "10.0.1.0/24"), ("b", "10.0.2.0/24")].map(|(zone, range)| {
        let subnet = Subnet::new(vpc.id(), cidr(range));
        let subnet = subnet.availability_zone(format!("us-west-2{zone}"));
        stack.add(format!("subnet-{zone}"), subnet).id()
    });
    let balancer = LoadBalancer::new().name(format!("{name}-w")).internal(true).subnets(subnets);
    let balancer = stack.add("balancer", balancer).arn();
    let acls = ["one", "two"].map(|which| {
        let watched = VisibilityConfig::metric(which);
        let acl = WebAcl::new(WafScope::Regional, DefaultAction::allow(), watched);
        stack.add(which, acl.name(format!("{name}-{which}"))).arn()
    });
    (acls, balancer)
}
