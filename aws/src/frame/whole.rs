//! Answers that are whole. The SDK's readers of XML take a document that ends too early for a short
//! one: a list that was cut before its first member is an empty list, and what stood in it is gone.
//!
//! The main type is [`Whole`]. JSON needs no such look: its readers refuse what is not closed.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Refuses answers in XML whose root is not closed. Bodies that are read as streams are not XML.
#[derive(Debug)]
pub(crate) struct Whole;

impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        if is_cut(body) { Err("the answer ends in the middle".into()) } else { Ok(()) }
    }
}

/// Whether it begins as XML and ends before its root does.
fn is_cut(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let mut rest = body;
    // What may stand before the root.
    for (opening, closing) in [("<?", "?>"), ("<!", ">")] {
        while rest.starts_with(opening.as_bytes()) {
            let Some(end) = position(rest, closing.as_bytes()) else { return true };
            rest = rest[end + closing.len()..].trim_ascii_start();
        }
    }
    let Some(root) = rest.strip_prefix(b"<") else { return rest.len() < body.len() };
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let Some(length) = root.iter().position(ends) else { return true };
    let closed = [b"</", &root[..length], b">"].concat();
    let alone = rest.ends_with(b"/>") && !root.contains(&b'<');
    !(alone || rest.ends_with(&closed))
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_whole_when_its_root_is_closed() {
        let whole = "<?xml version=\"1.0\"?>\n<a xmlns=\"x\"><b>c</b><d/></a>";
        for end in 0..whole.len() {
            let begun = end > 0;
            assert_eq!(is_cut(&whole.as_bytes()[..end]), begun, "{}", &whole[..end]);
        }
        for whole in [whole, "<a/>", "<a b=\"c\" />\n", "", "{\"a\":", "<!DOCTYPE html><p></p>"] {
            assert!(!is_cut(whole.as_bytes()), "{whole}");
        }
    }
}
