//! `#[derive(LookupAnswer)]`: a struct in the answer to a lookup. It is read and never built.

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::codec;
use crate::definition::Definition;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let definition = Definition::read(input, "field", &["sensitive"])?;
    Ok(codec::field_type(&definition.ident, &definition.fields))
}
