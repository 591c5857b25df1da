//! Statements and conditions, as the service has them.

use aws_sdk_wafv2::primitives::Blob;
use aws_sdk_wafv2::types::builders::StatementBuilder;
use aws_sdk_wafv2::types::{
    AndStatement as WireAnd, AsnMatchStatement as WireAsn, ByteMatchStatement as WireByte,
    ComparisonOperator as WireComparison, CountryCode as WireCountry,
    ForwardedIpConfig as WireForwarded, ForwardedIpPosition as WirePosition,
    GeoMatchStatement as WireGeo, IpSetForwardedIpConfig as WireSetForwarded,
    IpSetReferenceStatement as WireIpSet, LabelMatchScope as WireLabelScope,
    LabelMatchStatement as WireLabel, NotStatement as WireNot, OrStatement as WireOr,
    PositionalConstraint as WirePlace, RegexMatchStatement as WireRegex,
    RegexPatternSetReferenceStatement as WirePatterns, SensitivityLevel as WireSensitivity,
    SizeConstraintStatement as WireSize, SqliMatchStatement as WireSqli, Statement as Wire,
    XssMatchStatement as WireXss,
};
use infra_sdk::Arn;
use infra_sdk::provider::{Failure, FailureClass};

use super::field_wire::{
    each, fallback, fallback_seen, field, field_seen, maybe, texts, transformations,
    transformations_seen,
};
use super::managed_wire::{group, group_seen, managed, managed_seen};
use super::rate_wire::{rate, rate_seen};
use super::{
    AndStatement, AsnMatchStatement, ByteMatchStatement, Condition, CountryCode, ForwardedIpConfig,
    GeoMatchStatement, IpSetForwardedIpConfig, IpSetReferenceStatement, LabelMatchStatement,
    Nested, NotStatement, OrStatement, RegexMatchStatement, RegexPatternSetReferenceStatement,
    SensitivityLevel, SizeConstraintStatement, SqliMatchStatement, Statement, XssMatchStatement,
};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// What a rule looks for.
pub(super) fn statement(statement: &Statement) -> Result<Wire> {
    Ok(builder(&statement.conditions())?
        .set_managed_rule_group_statement(maybe(
            statement.managed_rule_group_statement.as_ref(),
            managed,
        )?)
        .set_rule_group_reference_statement(maybe(
            statement.rule_group_reference_statement.as_ref(),
            group,
        )?)
        .set_rate_based_statement(maybe(statement.rate_based_statement.as_ref(), rate)?)
        .build())
}

/// A condition.
pub(super) fn condition(condition: &Condition) -> Result<Wire> {
    Ok(builder(condition)?.build())
}

fn builder(condition: &Condition) -> Result<StatementBuilder> {
    let not = |not: &NotStatement| {
        let inside = super::statement_wire::condition(&not.statement.0)?;
        Ok(WireNot::builder().statement(inside).build())
    };
    let and = |and: &AndStatement| {
        let all = WireAnd::builder().set_statements(Some(inside(&and.statement)?));
        all.build().map_err(incomplete)
    };
    let or = |or: &OrStatement| {
        let any = WireOr::builder().set_statements(Some(inside(&or.statement)?));
        any.build().map_err(incomplete)
    };
    Ok(Wire::builder()
        .set_asn_match_statement(maybe(condition.asn_match_statement.as_ref(), asn)?)
        .set_byte_match_statement(maybe(condition.byte_match_statement.as_ref(), byte)?)
        .set_geo_match_statement(maybe(condition.geo_match_statement.as_ref(), geo)?)
        .set_ip_set_reference_statement(maybe(
            condition.ip_set_reference_statement.as_ref(),
            ip_set,
        )?)
        .set_label_match_statement(maybe(condition.label_match_statement.as_ref(), label)?)
        .set_regex_match_statement(maybe(condition.regex_match_statement.as_ref(), regex)?)
        .set_regex_pattern_set_reference_statement(maybe(
            condition.regex_pattern_set_reference_statement.as_ref(),
            patterns,
        )?)
        .set_size_constraint_statement(maybe(condition.size_constraint_statement.as_ref(), size)?)
        .set_sqli_match_statement(maybe(condition.sqli_match_statement.as_ref(), sqli)?)
        .set_xss_match_statement(maybe(condition.xss_match_statement.as_ref(), xss)?)
        .set_and_statement(maybe(condition.and_statement.as_ref(), and)?)
        .set_or_statement(maybe(condition.or_statement.as_ref(), or)?)
        .set_not_statement(maybe(condition.not_statement.as_ref(), not)?))
}

fn inside(conditions: &[Nested]) -> Result<Vec<Wire>> {
    each(conditions, |nested| condition(&nested.0))
}

fn asn(want: &AsnMatchStatement) -> Result<WireAsn> {
    WireAsn::builder()
        .set_asn_list(Some(want.asn_list.iter().copied().map(i64::from).collect()))
        .set_forwarded_ip_config(maybe(want.forwarded_ip_config.as_ref(), forwarded)?)
        .build()
        .map_err(incomplete)
}

fn byte(want: &ByteMatchStatement) -> Result<WireByte> {
    WireByte::builder()
        .search_string(Blob::new(want.search_string.as_bytes()))
        .positional_constraint(WirePlace::from(want.positional_constraint.as_str()))
        .field_to_match(field(&want.field_to_match)?)
        .set_text_transformations(transformations(&want.text_transformation)?)
        .build()
        .map_err(incomplete)
}

fn geo(want: &GeoMatchStatement) -> Result<WireGeo> {
    let codes = want.country_codes.iter().map(|code| WireCountry::from(code.as_str()));
    Ok(WireGeo::builder()
        .set_country_codes(Some(codes.collect()))
        .set_forwarded_ip_config(maybe(want.forwarded_ip_config.as_ref(), forwarded)?)
        .build())
}

/// The header that says who the sender is.
pub(super) fn forwarded(want: &ForwardedIpConfig) -> Result<WireForwarded> {
    WireForwarded::builder()
        .header_name(&want.header_name)
        .fallback_behavior(fallback(want.fallback_behavior))
        .build()
        .map_err(incomplete)
}

fn ip_set(want: &IpSetReferenceStatement) -> Result<WireIpSet> {
    let forwarded = |config: &IpSetForwardedIpConfig| {
        WireSetForwarded::builder()
            .header_name(&config.header_name)
            .fallback_behavior(fallback(config.fallback_behavior))
            .position(WirePosition::from(config.position.as_str()))
            .build()
            .map_err(incomplete)
    };
    WireIpSet::builder()
        .arn(want.arn.as_str())
        .set_ip_set_forwarded_ip_config(maybe(want.ip_set_forwarded_ip_config.as_ref(), forwarded)?)
        .build()
        .map_err(incomplete)
}

fn label(want: &LabelMatchStatement) -> Result<WireLabel> {
    WireLabel::builder()
        .scope(WireLabelScope::from(want.scope.as_str()))
        .key(&want.key)
        .build()
        .map_err(incomplete)
}

fn regex(want: &RegexMatchStatement) -> Result<WireRegex> {
    WireRegex::builder()
        .regex_string(&want.regex_string)
        .field_to_match(field(&want.field_to_match)?)
        .set_text_transformations(transformations(&want.text_transformation)?)
        .build()
        .map_err(incomplete)
}

fn patterns(want: &RegexPatternSetReferenceStatement) -> Result<WirePatterns> {
    WirePatterns::builder()
        .arn(want.arn.as_str())
        .field_to_match(field(&want.field_to_match)?)
        .set_text_transformations(transformations(&want.text_transformation)?)
        .build()
        .map_err(incomplete)
}

fn size(want: &SizeConstraintStatement) -> Result<WireSize> {
    WireSize::builder()
        .comparison_operator(WireComparison::from(want.comparison_operator.as_str()))
        .size(want.size)
        .field_to_match(field(&want.field_to_match)?)
        .set_text_transformations(transformations(&want.text_transformation)?)
        .build()
        .map_err(incomplete)
}

fn sqli(want: &SqliMatchStatement) -> Result<WireSqli> {
    WireSqli::builder()
        .sensitivity_level(WireSensitivity::from(want.sensitivity_level.as_str()))
        .field_to_match(field(&want.field_to_match)?)
        .set_text_transformations(transformations(&want.text_transformation)?)
        .build()
        .map_err(incomplete)
}

fn xss(want: &XssMatchStatement) -> Result<WireXss> {
    WireXss::builder()
        .field_to_match(field(&want.field_to_match)?)
        .set_text_transformations(transformations(&want.text_transformation)?)
        .build()
        .map_err(incomplete)
}

/// What a rule looks for, as seen.
pub(super) fn statement_seen(wire: Option<Wire>) -> Result<Statement> {
    let mut wire = wire.ok_or_else(|| missing("Statement"))?;
    let managed = maybe(wire.managed_rule_group_statement.take(), managed_seen)?;
    let group = maybe(wire.rule_group_reference_statement.take(), group_seen)?;
    let rate = maybe(wire.rate_based_statement.take(), rate_seen)?;
    Ok(Statement {
        managed_rule_group_statement: managed,
        rule_group_reference_statement: group,
        rate_based_statement: rate,
        ..Statement::of(condition_seen(wire)?)
    })
}

/// A condition that was seen.
pub(super) fn condition_seen(wire: Wire) -> Result<Condition> {
    let nested = |wire| condition_seen(wire).map(|condition| Nested(Box::new(condition)));
    Ok(Condition {
        asn_match_statement: maybe(wire.asn_match_statement, asn_seen)?,
        byte_match_statement: maybe(wire.byte_match_statement, byte_seen)?,
        geo_match_statement: maybe(wire.geo_match_statement, geo_seen)?,
        ip_set_reference_statement: maybe(wire.ip_set_reference_statement, ip_set_seen)?,
        label_match_statement: maybe(wire.label_match_statement, |wire| {
            let scope = parsed(Some(wire.scope.as_str()), "Scope")?;
            Ok(LabelMatchStatement { scope, key: wire.key })
        })?,
        regex_match_statement: maybe(wire.regex_match_statement, |wire| {
            Ok(RegexMatchStatement {
                regex_string: wire.regex_string,
                field_to_match: field_seen(wire.field_to_match)?,
                text_transformation: transformations_seen(wire.text_transformations)?,
            })
        })?,
        regex_pattern_set_reference_statement: maybe(
            wire.regex_pattern_set_reference_statement,
            |wire| {
                Ok(RegexPatternSetReferenceStatement {
                    arn: Arn::new(wire.arn),
                    field_to_match: field_seen(wire.field_to_match)?,
                    text_transformation: transformations_seen(wire.text_transformations)?,
                })
            },
        )?,
        size_constraint_statement: maybe(wire.size_constraint_statement, size_seen)?,
        sqli_match_statement: maybe(wire.sqli_match_statement, sqli_seen)?,
        xss_match_statement: maybe(wire.xss_match_statement, |wire| {
            Ok(XssMatchStatement {
                field_to_match: field_seen(wire.field_to_match)?,
                text_transformation: transformations_seen(wire.text_transformations)?,
            })
        })?,
        and_statement: maybe(wire.and_statement, |wire| {
            Ok(AndStatement { statement: each(wire.statements, nested)? })
        })?,
        or_statement: maybe(wire.or_statement, |wire| {
            Ok(OrStatement { statement: each(wire.statements, nested)? })
        })?,
        not_statement: maybe(wire.not_statement, |wire| {
            let inside = wire.statement.ok_or_else(|| missing("NotStatement.Statement"))?;
            Ok(NotStatement { statement: nested(*inside)? })
        })?,
    })
}

fn asn_seen(wire: WireAsn) -> Result<AsnMatchStatement> {
    let number = |number: i64| parsed(Some(&number.to_string()), "AsnList");
    Ok(AsnMatchStatement {
        asn_list: wire.asn_list.into_iter().map(number).collect::<Result<_>>()?,
        forwarded_ip_config: maybe(wire.forwarded_ip_config, forwarded_seen)?,
    })
}

fn byte_seen(wire: WireByte) -> Result<ByteMatchStatement> {
    let text = String::from_utf8(wire.search_string.into_inner());
    Ok(ByteMatchStatement {
        search_string: text.map_err(|_| {
            let message = "the answer has bytes as `SearchString` that are no text";
            Failure::new(FailureClass::Other, message)
        })?,
        positional_constraint: parsed(
            Some(wire.positional_constraint.as_str()),
            "PositionalConstraint",
        )?,
        field_to_match: field_seen(wire.field_to_match)?,
        text_transformation: transformations_seen(wire.text_transformations)?,
    })
}

fn geo_seen(wire: WireGeo) -> Result<GeoMatchStatement> {
    let codes = texts(wire.country_codes.unwrap_or_default()).unwrap_or_default();
    Ok(GeoMatchStatement {
        country_codes: codes.into_iter().map(CountryCode::new).collect(),
        forwarded_ip_config: maybe(wire.forwarded_ip_config, forwarded_seen)?,
    })
}

/// The header that says who the sender is, as seen.
pub(super) fn forwarded_seen(wire: WireForwarded) -> Result<ForwardedIpConfig> {
    let fallback_behavior = fallback_seen(&wire.fallback_behavior)?;
    Ok(ForwardedIpConfig { header_name: wire.header_name, fallback_behavior })
}

fn ip_set_seen(wire: WireIpSet) -> Result<IpSetReferenceStatement> {
    let forwarded = |config: WireSetForwarded| {
        Ok(IpSetForwardedIpConfig {
            header_name: config.header_name,
            fallback_behavior: fallback_seen(&config.fallback_behavior)?,
            position: parsed(Some(config.position.as_str()), "Position")?,
        })
    };
    Ok(IpSetReferenceStatement {
        arn: Arn::new(wire.arn),
        ip_set_forwarded_ip_config: maybe(wire.ip_set_forwarded_ip_config, forwarded)?,
    })
}

fn size_seen(wire: WireSize) -> Result<SizeConstraintStatement> {
    Ok(SizeConstraintStatement {
        comparison_operator: parsed(Some(wire.comparison_operator.as_str()), "ComparisonOperator")?,
        size: wire.size,
        field_to_match: field_seen(wire.field_to_match)?,
        text_transformation: transformations_seen(wire.text_transformations)?,
    })
}

fn sqli_seen(wire: WireSqli) -> Result<SqliMatchStatement> {
    let level =
        maybe(wire.sensitivity_level, |word| parsed(Some(word.as_str()), "SensitivityLevel"))?;
    Ok(SqliMatchStatement {
        field_to_match: field_seen(wire.field_to_match)?,
        text_transformation: transformations_seen(wire.text_transformations)?,
        // Source: WAFV2 API Reference, SqliMatchStatement, the default.
        sensitivity_level: level.unwrap_or(SensitivityLevel::Low),
    })
}
