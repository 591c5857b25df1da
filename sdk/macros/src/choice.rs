//! `#[derive(Choice)]`: an enum that is one of several texts.

use heck::ToKebabCase as _;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, Fields, LitStr, Variant};

use crate::definition::doc;
use crate::problems::Problems;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        let message = "a choice is an enum whose variants have no fields";
        return Err(syn::Error::new_spanned(&input.ident, message));
    };
    let mut problems = Problems::default();
    problems.keep(doc(&input.attrs, &input.ident));
    let mut choices: Vec<(&syn::Ident, String)> = Vec::new();
    for variant in &data.variants {
        if let Some(text) = problems.keep(text(variant)) {
            if choices.iter().any(|(_, known)| *known == text) {
                let message = format!("`{text}` stands for another variant already");
                problems.add(syn::Error::new_spanned(variant, message));
            }
            choices.push((&variant.ident, text));
        }
    }
    if choices.is_empty() {
        problems.add(syn::Error::new_spanned(&input.ident, "a choice has at least one variant"));
    }
    problems.finish()?;
    Ok(write(input, &choices))
}

/// The text of a variant.
fn text(variant: &Variant) -> syn::Result<String> {
    if !matches!(variant.fields, Fields::Unit) {
        let message = "a choice is an enum whose variants have no fields";
        return Err(syn::Error::new_spanned(variant, message));
    }
    match variant.attrs.iter().find(|a| a.path().is_ident("choice")) {
        Some(attribute) => Ok(attribute.parse_args::<LitStr>()?.value()),
        None => Ok(variant.ident.unraw().to_string().to_kebab_case()),
    }
}

fn write(input: &DeriveInput, choices: &[(&syn::Ident, String)]) -> TokenStream {
    let (ident, vis) = (&input.ident, &input.vis);
    let name = ident.to_string();
    let variants: Vec<_> = choices.iter().map(|(variant, _)| variant).collect();
    let texts: Vec<_> = choices.iter().map(|(_, text)| text).collect();
    let conversions = conversions(ident);
    quote! {
        impl #ident {
            /// Every text that stands for a choice.
            #vis const ALL: &'static [&'static str] = &[#(#texts),*];

            /// The text of the choice, as AWS writes it.
            #[must_use]
            #vis const fn as_str(&self) -> &'static str {
                match self {
                    #(Self::#variants => #texts,)*
                }
            }
        }

        #[automatically_derived]
        impl ::std::str::FromStr for #ident {
            type Err = ::infra_sdk::choice::InvalidChoice;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                match text {
                    #(#texts => ::std::result::Result::Ok(Self::#variants),)*
                    other => ::std::result::Result::Err(
                        ::infra_sdk::choice::InvalidChoice::new(other, Self::ALL),
                    ),
                }
            }
        }

        #[automatically_derived]
        impl ::infra_sdk::FieldType for #ident {
            const KIND: ::infra_sdk::Kind = {
                static TEXT: ::infra_sdk::kind::Text = ::infra_sdk::kind::Text {
                    name: #name,
                    check: |text| ::infra_sdk::choice::check(text, #ident::ALL),
                    canonical: ::infra_sdk::kind::as_written,
                };
                ::infra_sdk::Kind::Text(&TEXT)
            };

            fn to_value(&self) -> ::infra_sdk::Value {
                ::infra_sdk::Value::from(self.as_str())
            }

            fn from_value(
                value: &::infra_sdk::Value,
            ) -> ::std::result::Result<Self, ::infra_sdk::DecodeError> {
                ::infra_sdk::choice::decode(value)
            }
        }

        #conversions
    }
}

/// The traits that need only `as_str` and `FromStr`.
fn conversions(ident: &syn::Ident) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::std::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl<R: ::infra_sdk::Scope> ::infra_sdk::IntoInput<#ident, R> for #ident {
            fn into_expr(self) -> ::infra_sdk::Expr {
                ::infra_sdk::Expr::Value(::infra_sdk::FieldType::to_value(&self))
            }
        }

        #[automatically_derived]
        impl ::infra_sdk::IntoText for #ident {
            fn into_text(self) -> ::infra_sdk::Expr {
                ::infra_sdk::Expr::Value(::infra_sdk::FieldType::to_value(&self))
            }
        }

        #[automatically_derived]
        impl ::infra_sdk::settings::SettingType for #ident {
            fn kind() -> ::std::string::String {
                ::infra_sdk::choice::one_of(Self::ALL)
            }

            fn read(
                path: &str,
                node: &::infra_sdk::settings::SettingNode,
                problems: &mut ::std::vec::Vec<::infra_sdk::Diagnostic>,
            ) -> ::std::option::Option<Self> {
                ::infra_sdk::settings::read_text(path, node, problems)
            }

            fn show(&self) -> ::std::string::String {
                ::std::format!("{:?}", self.as_str())
            }
        }
    }
}
