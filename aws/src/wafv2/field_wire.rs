//! Parts of requests and transformations, as the service has them.

use aws_sdk_wafv2::types::{
    All, AllQueryArguments, Body as WireBody, BodyParsingFallbackBehavior,
    CookieMatchPattern as WireCookiePattern, Cookies as WireCookies,
    FallbackBehavior as WireFallback, FieldToMatch as Wire,
    HeaderMatchPattern as WireHeaderPattern, HeaderOrder as WireHeaderOrder,
    Headers as WireHeaders, Ja3Fingerprint, Ja4Fingerprint, JsonBody as WireJsonBody,
    JsonMatchPattern as WireJsonPattern, JsonMatchScope, MapMatchScope, Method,
    OversizeHandling as WireOversize, QueryString, SingleHeader, SingleQueryArgument,
    TextTransformation as WireTransformation, TextTransformationType as WireTransformationType,
    UriFragment as WireFragment, UriPath,
};
use infra_sdk::BlockSet;

use super::{
    Body, Chosen, CookieMatchPattern, Cookies, FallbackBehavior, FieldToMatch, Fingerprint,
    HeaderMatchPattern, HeaderOrder, Headers, JsonBody, JsonMatchPattern, Named, OversizeHandling,
    TextTransformation, UriFragment,
};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// A part that may be left out, as the service takes it.
pub(super) fn maybe<T, W>(part: Option<T>, make: impl Fn(T) -> Result<W>) -> Result<Option<W>> {
    part.map(make).transpose()
}

/// Several parts, as the service takes them.
pub(super) fn each<T, W>(
    parts: impl IntoIterator<Item = T>,
    make: impl Fn(T) -> Result<W>,
) -> Result<Vec<W>> {
    parts.into_iter().map(make).collect()
}

/// Texts; `None` when there are none.
pub(super) fn texts<T: ToString>(texts: impl IntoIterator<Item = T>) -> Option<Vec<String>> {
    let texts: Vec<_> = texts.into_iter().map(|text| text.to_string()).collect();
    (!texts.is_empty()).then_some(texts)
}

/// Transformations.
pub(super) fn transformations(
    all: &BlockSet<TextTransformation>,
) -> Result<Option<Vec<WireTransformation>>> {
    let one = |transformation: &TextTransformation| {
        WireTransformation::builder()
            .priority(transformation.priority)
            .r#type(WireTransformationType::from(transformation.r#type.as_str()))
            .build()
            .map_err(incomplete)
    };
    each(&all.0, one).map(Some)
}

/// Transformations that were seen.
pub(super) fn transformations_seen(
    all: Vec<WireTransformation>,
) -> Result<BlockSet<TextTransformation>> {
    let one = |wire: WireTransformation| {
        let r#type = parsed(Some(wire.r#type.as_str()), "TextTransformation.Type")?;
        Ok(TextTransformation { priority: wire.priority, r#type })
    };
    each(all, one).map(BlockSet)
}

/// A part of a request.
pub(super) fn field(field: &FieldToMatch) -> Result<Wire> {
    let header = |named: &Named| SingleHeader::builder().name(&named.name).build();
    let argument = |named: &Named| SingleQueryArgument::builder().name(&named.name).build();
    let body = |body: &Body| {
        WireBody::builder().oversize_handling(oversize(body.oversize_handling)).build()
    };
    let order = |order: &HeaderOrder| {
        WireHeaderOrder::builder().oversize_handling(oversize(order.oversize_handling)).build()
    };
    let fragment = |part: &UriFragment| {
        WireFragment::builder().set_fallback_behavior(part.fallback_behavior.map(fallback)).build()
    };
    Ok(Wire::builder()
        .set_all_query_arguments(
            field.all_query_arguments.map(|Chosen| AllQueryArguments::builder().build()),
        )
        .set_body(field.body.as_ref().map(body))
        .set_cookies(maybe(field.cookies.as_ref(), cookies)?)
        .set_header_order(maybe(field.header_order.as_ref(), |o| order(o).map_err(incomplete))?)
        .set_headers(maybe(field.headers.as_ref(), headers)?)
        .set_ja3_fingerprint(maybe(field.ja3_fingerprint.as_ref(), |part| {
            let wire =
                Ja3Fingerprint::builder().fallback_behavior(fallback(part.fallback_behavior));
            wire.build().map_err(incomplete)
        })?)
        .set_ja4_fingerprint(maybe(field.ja4_fingerprint.as_ref(), |part| {
            let wire =
                Ja4Fingerprint::builder().fallback_behavior(fallback(part.fallback_behavior));
            wire.build().map_err(incomplete)
        })?)
        .set_json_body(maybe(field.json_body.as_ref(), json_body)?)
        .set_method(field.method.map(|Chosen| Method::builder().build()))
        .set_query_string(field.query_string.map(|Chosen| QueryString::builder().build()))
        .set_single_header(maybe(field.single_header.as_ref(), |n| header(n).map_err(incomplete))?)
        .set_single_query_argument(maybe(field.single_query_argument.as_ref(), |n| {
            argument(n).map_err(incomplete)
        })?)
        .set_uri_fragment(field.uri_fragment.as_ref().map(fragment))
        .set_uri_path(field.uri_path.map(|Chosen| UriPath::builder().build()))
        .build())
}

/// What becomes of what is larger than the firewall gets.
fn oversize(handling: OversizeHandling) -> WireOversize {
    WireOversize::from(handling.as_str())
}

/// What becomes of a request that lacks what is looked at.
pub(super) fn fallback(behavior: FallbackBehavior) -> WireFallback {
    WireFallback::from(behavior.as_str())
}

fn all(chosen: Option<Chosen>) -> Option<All> {
    chosen.map(|Chosen| All::builder().build())
}

fn cookies(cookies: &Cookies) -> Result<WireCookies> {
    let pattern = &cookies.match_pattern;
    let pattern = WireCookiePattern::builder()
        .set_all(all(pattern.all))
        .set_included_cookies(texts(&pattern.included_cookies))
        .set_excluded_cookies(texts(&pattern.excluded_cookies));
    WireCookies::builder()
        .match_pattern(pattern.build())
        .match_scope(MapMatchScope::from(cookies.match_scope.as_str()))
        .oversize_handling(oversize(cookies.oversize_handling))
        .build()
        .map_err(incomplete)
}

fn headers(headers: &Headers) -> Result<WireHeaders> {
    let pattern = &headers.match_pattern;
    let pattern = WireHeaderPattern::builder()
        .set_all(all(pattern.all))
        .set_included_headers(texts(&pattern.included_headers))
        .set_excluded_headers(texts(&pattern.excluded_headers));
    WireHeaders::builder()
        .match_pattern(pattern.build())
        .match_scope(MapMatchScope::from(headers.match_scope.as_str()))
        .oversize_handling(oversize(headers.oversize_handling))
        .build()
        .map_err(incomplete)
}

fn json_body(body: &JsonBody) -> Result<WireJsonBody> {
    let pattern = &body.match_pattern;
    let pattern = WireJsonPattern::builder()
        .set_all(all(pattern.all))
        .set_included_paths(texts(&pattern.included_paths));
    let invalid = body.invalid_fallback_behavior;
    WireJsonBody::builder()
        .match_pattern(pattern.build())
        .match_scope(JsonMatchScope::from(body.match_scope.as_str()))
        .set_invalid_fallback_behavior(
            invalid.map(|word| BodyParsingFallbackBehavior::from(word.as_str())),
        )
        .oversize_handling(oversize(body.oversize_handling))
        .build()
        .map_err(incomplete)
}

/// A part of a request that was seen.
pub(super) fn field_seen(wire: Option<Wire>) -> Result<FieldToMatch> {
    let wire = wire.ok_or_else(|| missing("FieldToMatch"))?;
    let fingerprint =
        |behavior: WireFallback| Ok(Fingerprint { fallback_behavior: fallback_seen(&behavior)? });
    Ok(FieldToMatch {
        all_query_arguments: wire.all_query_arguments.map(|_| Chosen),
        body: maybe(wire.body, |body| {
            Ok(Body { oversize_handling: oversize_seen(body.oversize_handling.as_ref())? })
        })?,
        cookies: maybe(wire.cookies, cookies_seen)?,
        header_order: maybe(wire.header_order, |order| {
            Ok(HeaderOrder { oversize_handling: oversize_seen(Some(&order.oversize_handling))? })
        })?,
        headers: maybe(wire.headers, headers_seen)?,
        ja3_fingerprint: maybe(wire.ja3_fingerprint, |part| fingerprint(part.fallback_behavior))?,
        ja4_fingerprint: maybe(wire.ja4_fingerprint, |part| fingerprint(part.fallback_behavior))?,
        json_body: maybe(wire.json_body, json_body_seen)?,
        method: wire.method.map(|_| Chosen),
        query_string: wire.query_string.map(|_| Chosen),
        single_header: wire.single_header.map(|part| Named { name: part.name }),
        single_query_argument: wire.single_query_argument.map(|part| Named { name: part.name }),
        uri_fragment: maybe(wire.uri_fragment, |part| {
            let fallback_behavior = maybe(part.fallback_behavior.as_ref(), fallback_seen)?;
            Ok(UriFragment { fallback_behavior })
        })?,
        uri_path: wire.uri_path.map(|_| Chosen),
    })
}

/// The service's default is to look at what it gets.
fn oversize_seen(wire: Option<&WireOversize>) -> Result<OversizeHandling> {
    let seen = maybe(wire, |word| parsed(Some(word.as_str()), "OversizeHandling"))?;
    Ok(seen.unwrap_or(OversizeHandling::Continue))
}

/// What becomes of a request that lacks what is looked at, as seen.
pub(super) fn fallback_seen(wire: &WireFallback) -> Result<FallbackBehavior> {
    parsed(Some(wire.as_str()), "FallbackBehavior")
}

fn cookies_seen(wire: WireCookies) -> Result<Cookies> {
    let pattern = wire.match_pattern.ok_or_else(|| missing("MatchPattern"))?;
    Ok(Cookies {
        match_scope: parsed(Some(wire.match_scope.as_str()), "MatchScope")?,
        oversize_handling: oversize_seen(Some(&wire.oversize_handling))?,
        match_pattern: CookieMatchPattern {
            all: pattern.all.map(|_| Chosen),
            included_cookies: pattern.included_cookies.unwrap_or_default(),
            excluded_cookies: pattern.excluded_cookies.unwrap_or_default(),
        },
    })
}

fn headers_seen(wire: WireHeaders) -> Result<Headers> {
    let pattern = wire.match_pattern.ok_or_else(|| missing("MatchPattern"))?;
    Ok(Headers {
        match_scope: parsed(Some(wire.match_scope.as_str()), "MatchScope")?,
        oversize_handling: oversize_seen(Some(&wire.oversize_handling))?,
        match_pattern: HeaderMatchPattern {
            all: pattern.all.map(|_| Chosen),
            included_headers: pattern.included_headers.unwrap_or_default(),
            excluded_headers: pattern.excluded_headers.unwrap_or_default(),
        },
    })
}

fn json_body_seen(wire: WireJsonBody) -> Result<JsonBody> {
    let pattern = wire.match_pattern.ok_or_else(|| missing("MatchPattern"))?;
    Ok(JsonBody {
        match_scope: parsed(Some(wire.match_scope.as_str()), "MatchScope")?,
        match_pattern: JsonMatchPattern {
            all: pattern.all.map(|_| Chosen),
            included_paths: pattern.included_paths.unwrap_or_default(),
        },
        invalid_fallback_behavior: maybe(wire.invalid_fallback_behavior, |word| {
            parsed(Some(word.as_str()), "InvalidFallbackBehavior")
        })?,
        oversize_handling: oversize_seen(wire.oversize_handling.as_ref())?,
    })
}
