//! `#[derive(LookupAnswer)]`: a struct in the answer to a lookup. It is read and never built.
//!
//! A sensitive field has the type `SecretText` and no attribute: the mark has to stay with the value
//! when the program has read it.

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::codec;
use crate::definition::Definition;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let definition = Definition::read(input, "field", &[])?;
    Ok(codec::field_type(&definition.ident, &definition.fields))
}
