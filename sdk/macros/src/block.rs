//! `#[derive(Block)]`: a nested struct of arguments, such as a lifecycle rule.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::DeriveInput;

use crate::builder::{Builder, many_arguments};
use crate::codec;
use crate::definition::Definition;

const ATTRIBUTES: &[&str] = &[
    "any_region",
    "computed",
    "default",
    "force_new",
    "range",
    "required",
    "sensitive",
    "write_only",
];

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let definition = Definition::read(input, "field", ATTRIBUTES)?;
    let Definition { ident, vis, fields, .. } = &definition;
    let builder_ident = format_ident!("{ident}Arguments");
    let builder = Builder { ident: &builder_ident, scope: &quote!(R), vis };
    let (parameters, body) = builder.required(fields);
    let (setters, many) = (builder.setters(fields), many_arguments(fields));
    let field_type = codec::field_type(ident, fields);
    let new_doc = format!("A [`{ident}`] with its required arguments.");
    let builder_doc = format!("A [`{ident}`] as an argument, with its own arguments.");
    let debug_name = builder_ident.to_string();
    Ok(quote! {
        #field_type

        impl #ident {
            #[doc = #new_doc]
            #many
            #vis fn new<R: ::infra_sdk::Scope>(#parameters) -> #builder_ident<R> {
                #body
            }
        }

        #[doc = #builder_doc]
        #[must_use = "a block does nothing until it is given to an argument"]
        #vis struct #builder_ident<R: ::infra_sdk::Scope = ::infra_sdk::Home> {
            arguments: ::infra_sdk::Arguments,
            marker: ::std::marker::PhantomData<fn() -> R>,
        }

        impl<R: ::infra_sdk::Scope> #builder_ident<R> {
            #setters
        }

        #[automatically_derived]
        impl<R: ::infra_sdk::Scope> ::std::clone::Clone for #builder_ident<R> {
            fn clone(&self) -> Self {
                Self {
                    arguments: ::std::clone::Clone::clone(&self.arguments),
                    marker: ::std::marker::PhantomData,
                }
            }
        }

        #[automatically_derived]
        impl<R: ::infra_sdk::Scope> ::std::fmt::Debug for #builder_ident<R> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(#debug_name).field(&self.arguments.inputs).finish()
            }
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl<R: ::infra_sdk::Scope> ::infra_sdk::IntoInput<#ident, R> for #builder_ident<R> {
            fn into_expr(self) -> ::infra_sdk::Expr {
                ::infra_sdk::Expr::Map(self.arguments.inputs)
            }
        }
    })
}
