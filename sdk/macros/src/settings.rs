//! `#[derive(Settings)]`: the settings of a stack, or a table in them.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::DeriveInput;
use syn::spanned::Spanned as _;

use crate::codec::typed;
use crate::definition::{Definition, Field, Shape};

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let definition = Definition::read(input, "setting", &["default", "range"])?;
    let Definition { ident, fields, .. } = &definition;
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let locals: Vec<_> = fields.iter().map(|field| format_ident!("read_{}", field.name)).collect();
    let settings: Vec<_> = fields.iter().map(setting).collect();
    let reads = fields.iter().map(|field| match field.shape {
        Shape::Option => quote_spanned!(field.argument.span()=> read_optional),
        _ => quote_spanned!(field.argument.span()=> read),
    });
    let describes = fields.iter().map(|field| match field.shape {
        Shape::Option => quote_spanned!(field.argument.span()=> describe_optional),
        _ => quote_spanned!(field.argument.span()=> describe),
    });
    let table = table(&definition);
    Ok(quote! {
        #[automatically_derived]
        impl ::infra_sdk::Settings for #ident {
            fn read(
                path: &str,
                nodes: &::std::collections::BTreeMap<
                    ::std::string::String,
                    ::infra_sdk::settings::SettingNode,
                >,
                problems: &mut ::std::vec::Vec<::infra_sdk::Diagnostic>,
            ) -> ::std::option::Option<Self> {
                let mut reader = ::infra_sdk::settings::Reader::new(path, nodes, problems);
                #(let #locals = reader.#reads(#settings);)*
                reader.finish()?;
                ::std::option::Option::Some(Self { #(#idents: #locals?),* })
            }

            fn describe() -> ::std::vec::Vec<::infra_sdk::settings::SettingDescription> {
                [#(#settings.#describes()),*].into_iter().flatten().collect()
            }
        }

        #table
    })
}

/// The description of one setting, for reading it and for documenting it.
fn setting(field: &Field) -> TokenStream {
    let (name, doc, ty) = (&field.name, &field.doc, &field.argument);
    let default = field.options.default.as_ref().map(|default| {
        let default = typed(default, ty);
        quote!(.default(|| #default))
    });
    let range = field.options.range.as_ref().map(|range| {
        let (least, most) = (&range.least, &range.most);
        quote!(.range(#least, #most))
    });
    let new = quote_spanned!(ty.span()=> ::infra_sdk::settings::setting::<#ty>);
    quote!(#new(#name, #doc)#default #range)
}

/// The same struct as the type of a setting: a table.
fn table(definition: &Definition) -> TokenStream {
    let Definition { ident, fields, .. } = definition;
    let entries = fields.iter().map(|field| {
        let (ident, name, ty) = (&field.ident, &field.name, &field.argument);
        let show = quote_spanned! {ty.span()=>
            <#ty as ::infra_sdk::settings::SettingType>::show
        };
        match field.shape {
            Shape::Option => quote!(self.#ident.as_ref().map(|value| (#name, #show(value)))),
            _ => quote!(::std::option::Option::Some((#name, #show(&self.#ident)))),
        }
    });
    quote! {
        #[automatically_derived]
        impl ::infra_sdk::settings::SettingType for #ident {
            const TABLE: bool = true;

            fn kind() -> ::std::string::String {
                ::std::string::String::from("a table")
            }

            fn read(
                path: &str,
                node: &::infra_sdk::settings::SettingNode,
                problems: &mut ::std::vec::Vec<::infra_sdk::Diagnostic>,
            ) -> ::std::option::Option<Self> {
                ::infra_sdk::settings::read_table(path, node, problems)
            }

            fn show(&self) -> ::std::string::String {
                ::infra_sdk::settings::show_table([#(#entries),*].into_iter().flatten())
            }

            fn inside() -> ::std::vec::Vec<::infra_sdk::settings::SettingDescription> {
                <Self as ::infra_sdk::Settings>::describe()
            }
        }
    }
}
