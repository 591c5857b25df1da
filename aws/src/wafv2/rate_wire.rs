//! Rates, as the service has them.

use aws_sdk_wafv2::types::{
    RateBasedStatement as Wire, RateBasedStatementAggregateKeyType as WireKeyType,
    RateBasedStatementCustomKey as WireKey, RateLimitAsn, RateLimitCookie, RateLimitForwardedIp,
    RateLimitHeader, RateLimitHttpMethod, RateLimitIp, RateLimitJa3Fingerprint,
    RateLimitJa4Fingerprint, RateLimitLabelNamespace, RateLimitQueryArgument, RateLimitQueryString,
    RateLimitUriPath, TextTransformation as WireTransformation,
};
use infra_sdk::BlockSet;

use super::field_wire::{
    each, fallback, fallback_seen, maybe, transformations, transformations_seen,
};
use super::statement_wire::{condition, condition_seen, forwarded, forwarded_seen};
use super::{
    Chosen, CustomKey, Fingerprint, LabelNamespace, NamedKey, RateBasedStatement, WholeKey,
};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// The window of a rate whose window is not told. Source: WAFV2 API Reference, RateBasedStatement.
const WINDOW: u32 = 300;

/// A rate.
pub(super) fn rate(want: &RateBasedStatement) -> Result<Wire> {
    let keys = each(&want.custom_key.0, key)?;
    let scope = maybe(want.scope_down_statement.as_ref(), condition)?;
    Wire::builder()
        .limit(i64::from(want.limit))
        .evaluation_window_sec(i64::from(want.evaluation_window_sec))
        .aggregate_key_type(WireKeyType::from(want.aggregate_key_type.as_str()))
        .set_forwarded_ip_config(maybe(want.forwarded_ip_config.as_ref(), forwarded)?)
        .set_custom_keys((!keys.is_empty()).then_some(keys))
        .set_scope_down_statement(scope.map(Box::new))
        .build()
        .map_err(incomplete)
}

/// The arguments of a key with a name, in a builder of its own type.
macro_rules! named {
    ($part:expr, $wire:ty) => {
        maybe($part.as_ref(), |key: &NamedKey| {
            <$wire>::builder()
                .name(&key.name)
                .set_text_transformations(transformations(&key.text_transformation)?)
                .build()
                .map_err(incomplete)
        })?
    };
}

/// The arguments of a key without a name.
macro_rules! whole {
    ($part:expr, $wire:ty) => {
        maybe($part.as_ref(), |key: &WholeKey| {
            <$wire>::builder()
                .set_text_transformations(transformations(&key.text_transformation)?)
                .build()
                .map_err(incomplete)
        })?
    };
}

/// The arguments of a fingerprint.
macro_rules! fingerprint {
    ($part:expr, $wire:ty) => {
        maybe($part.as_ref(), |part: &Fingerprint| {
            <$wire>::builder()
                .fallback_behavior(fallback(part.fallback_behavior))
                .build()
                .map_err(incomplete)
        })?
    };
}

fn key(key: &CustomKey) -> Result<WireKey> {
    let namespace = |label: &LabelNamespace| {
        let wire = RateLimitLabelNamespace::builder().namespace(&label.namespace);
        wire.build().map_err(incomplete)
    };
    Ok(WireKey::builder()
        .set_asn(key.asn.map(|Chosen| RateLimitAsn::builder().build()))
        .set_cookie(named!(key.cookie, RateLimitCookie))
        .set_forwarded_ip(key.forwarded_ip.map(|Chosen| RateLimitForwardedIp::builder().build()))
        .set_header(named!(key.header, RateLimitHeader))
        .set_http_method(key.http_method.map(|Chosen| RateLimitHttpMethod::builder().build()))
        .set_ip(key.ip.map(|Chosen| RateLimitIp::builder().build()))
        .set_ja3_fingerprint(fingerprint!(key.ja3_fingerprint, RateLimitJa3Fingerprint))
        .set_ja4_fingerprint(fingerprint!(key.ja4_fingerprint, RateLimitJa4Fingerprint))
        .set_label_namespace(maybe(key.label_namespace.as_ref(), namespace)?)
        .set_query_argument(named!(key.query_argument, RateLimitQueryArgument))
        .set_query_string(whole!(key.query_string, RateLimitQueryString))
        .set_uri_path(whole!(key.uri_path, RateLimitUriPath))
        .build())
}

/// A rate that was seen.
pub(super) fn rate_seen(wire: Wire) -> Result<RateBasedStatement> {
    // The SDK has zero where the service says nothing.
    let window = u32::try_from(wire.evaluation_window_sec).ok().filter(|window| *window > 0);
    let scope = wire.scope_down_statement.map(|statement| *statement);
    Ok(RateBasedStatement {
        limit: parsed(Some(&wire.limit.to_string()), "Limit")?,
        aggregate_key_type: parsed(Some(wire.aggregate_key_type.as_str()), "AggregateKeyType")?,
        evaluation_window_sec: window.unwrap_or(WINDOW),
        forwarded_ip_config: maybe(wire.forwarded_ip_config, forwarded_seen)?,
        custom_key: each(wire.custom_keys.unwrap_or_default(), key_seen).map(BlockSet)?,
        scope_down_statement: maybe(scope, condition_seen)?,
    })
}

fn key_seen(wire: WireKey) -> Result<CustomKey> {
    let named = |name: String, all: Vec<WireTransformation>| {
        Ok(NamedKey { name, text_transformation: transformations_seen(all)? })
    };
    let whole = |all: Vec<WireTransformation>| {
        Ok(WholeKey { text_transformation: transformations_seen(all)? })
    };
    Ok(CustomKey {
        asn: wire.asn.map(|_| Chosen),
        cookie: maybe(wire.cookie, |key| named(key.name, key.text_transformations))?,
        forwarded_ip: wire.forwarded_ip.map(|_| Chosen),
        header: maybe(wire.header, |key| named(key.name, key.text_transformations))?,
        http_method: wire.http_method.map(|_| Chosen),
        ip: wire.ip.map(|_| Chosen),
        ja3_fingerprint: maybe(wire.ja3_fingerprint, |key| {
            Ok(Fingerprint { fallback_behavior: fallback_seen(&key.fallback_behavior)? })
        })?,
        ja4_fingerprint: maybe(wire.ja4_fingerprint, |key| {
            Ok(Fingerprint { fallback_behavior: fallback_seen(&key.fallback_behavior)? })
        })?,
        label_namespace: wire
            .label_namespace
            .map(|label| LabelNamespace { namespace: label.namespace }),
        query_argument: maybe(wire.query_argument, |key| {
            named(key.name, key.text_transformations)
        })?,
        query_string: maybe(wire.query_string, |key| whole(key.text_transformations))?,
        uri_path: maybe(wire.uri_path, |key| whole(key.text_transformations))?,
    })
}
