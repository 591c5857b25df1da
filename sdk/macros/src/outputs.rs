//! `#[derive(Outputs)]`: what AWS assigns to a resource, and the typed view of it in stacks.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::DeriveInput;

use crate::codec;
use crate::definition::{Definition, Field};

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let definition = Definition::read(input, "field", &["sensitive"])?;
    let Definition { ident, vis, fields, .. } = &definition;
    if !fields.iter().any(|field| field.name == "id") {
        let message = "outputs need a field `id`: it is how `infra` finds the object again";
        return Err(syn::Error::new_spanned(ident, message));
    }
    let (table, to_object) = (codec::table(fields), codec::to_object(fields));
    let from_object = codec::from_object(fields);
    let handle = format_ident!("{ident}Handle");
    let handle_doc =
        format!("[`{ident}`] of a declared resource, each known once AWS assigned it.");
    let at_doc = format!("The [`{ident}`] of the resource at an address. Called by handles.");
    let accessors = accessors(fields, vis, &quote!(R));
    let debug_name = handle.to_string();
    Ok(quote! {
        #[automatically_derived]
        impl ::infra_sdk::ResourceOutputs for #ident {
            const FIELDS: &'static [::infra_sdk::Field] = #table;

            fn from_object(
                object: &::infra_sdk::Object,
            ) -> ::std::result::Result<Self, ::infra_sdk::DecodeError> {
                #from_object
            }

            fn to_object(&self) -> ::infra_sdk::Object {
                #to_object
            }
        }

        #[doc = #handle_doc]
        #vis struct #handle<R: ::infra_sdk::Scope = ::infra_sdk::Home> {
            address: ::infra_sdk::Address,
            marker: ::std::marker::PhantomData<fn() -> R>,
        }

        impl<R: ::infra_sdk::Scope> #handle<R> {
            #[doc = #at_doc]
            #[must_use]
            #vis fn at(address: ::infra_sdk::Address) -> Self {
                Self { address, marker: ::std::marker::PhantomData }
            }

            #accessors
        }

        #[automatically_derived]
        impl<R: ::infra_sdk::Scope> ::std::clone::Clone for #handle<R> {
            fn clone(&self) -> Self {
                Self::at(::std::clone::Clone::clone(&self.address))
            }
        }

        #[automatically_derived]
        impl<R: ::infra_sdk::Scope> ::std::fmt::Debug for #handle<R> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(#debug_name).field(&self.address).finish()
            }
        }

        #[automatically_derived]
        impl<R: ::infra_sdk::Scope> ::infra_sdk::Handle for #handle<R> {
            fn address(&self) -> &::infra_sdk::Address {
                &self.address
            }
        }
    })
}

/// A method per attribute that gives its typed reference.
pub(crate) fn accessors(
    fields: &[Field],
    vis: &syn::Visibility,
    scope: &TokenStream,
) -> TokenStream {
    let accessors = fields.iter().map(|field| {
        let (ident, name, ty) = (&field.ident, &field.name, &field.argument);
        let docs = &field.doc_attributes;
        quote! {
            #(#docs)*
            #[must_use]
            #vis fn #ident(&self) -> ::infra_sdk::Output<#ty, #scope> {
                ::infra_sdk::Output::attribute(::infra_sdk::Handle::address(self), #name)
            }
        }
    });
    quote!(#(#accessors)*)
}
