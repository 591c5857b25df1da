//! Writes what a definition is as data: the table of its fields, and the conversions between the
//! struct and an object of values.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, ExprLit, Lit, Type};

use crate::definition::Field;

/// The table of fields: `&[Field { … }, …]`.
pub(crate) fn table(fields: &[Field]) -> TokenStream {
    let rows = fields.iter().map(|field| {
        let (name, doc, ty) = (&field.name, &field.doc, &field.ty);
        let options = &field.options;
        let (force_new, computed) = (options.force_new, options.computed);
        let (sensitive, write_only) = (options.sensitive, options.write_only);
        let force_new_if = match &options.force_new_if {
            Some(name) => quote!(::std::option::Option::Some(#name)),
            None => quote!(::std::option::Option::None),
        };
        let required = field.is_required();
        let kind = quote_spanned!(ty.span()=> <#ty as ::infra_sdk::FieldType>::KIND);
        let default = match &options.default {
            Some(default) => {
                let default = typed(default, ty);
                quote!(::std::option::Option::Some(|| ::infra_sdk::resource::value::<#ty>(#default)))
            }
            None => quote!(::std::option::Option::None),
        };
        let range = match &options.range {
            Some(range) => {
                let (least, most) = (&range.least, &range.most);
                quote!(::std::option::Option::Some((#least, #most)))
            }
            None => quote!(::std::option::Option::None),
        };
        quote! {
            ::infra_sdk::Field {
                name: #name,
                kind: #kind,
                doc: #doc,
                required: #required,
                computed: #computed,
                force_new: #force_new,
                force_new_if: #force_new_if,
                sensitive: #sensitive,
                write_only: #write_only,
                default: #default,
                range: #range,
            }
        }
    });
    quote!(&[#(#rows),*])
}

/// The body of `fn to_object(&self) -> Object`.
pub(crate) fn to_object(fields: &[Field]) -> TokenStream {
    let puts = fields.iter().map(|field| {
        let (ident, name, sensitive) = (&field.ident, &field.name, field.options.sensitive);
        let ty = &field.ty;
        let put = quote_spanned!(ty.span()=> ::infra_sdk::resource::put::<#ty>);
        quote!(#put(&mut object, #name, &self.#ident, #sensitive);)
    });
    quote! {
        let mut object = ::infra_sdk::Object::new();
        #(#puts)*
        object
    }
}

/// The body of `fn from_object(object: &Object) -> Result<Self, DecodeError>`.
pub(crate) fn from_object(fields: &[Field]) -> TokenStream {
    let reads = fields.iter().map(|field| {
        let (ident, name, ty) = (&field.ident, &field.name, &field.ty);
        match &field.options.default {
            Some(default) => {
                let default = typed(default, ty);
                let read = quote_spanned!(ty.span()=> ::infra_sdk::resource::field_or::<#ty>);
                quote!(#ident: #read(object, #name, || #default)?)
            }
            None => {
                let read = quote_spanned!(ty.span()=> ::infra_sdk::types::field::<#ty>);
                quote!(#ident: #read(object, #name)?)
            }
        }
    });
    quote!(::std::result::Result::Ok(Self { #(#reads),* }))
}

/// The `FieldType` of a struct whose values are blocks.
pub(crate) fn field_type(ident: &syn::Ident, fields: &[Field]) -> TokenStream {
    let (table, to_object, from_object) = (table(fields), to_object(fields), from_object(fields));
    quote! {
        #[automatically_derived]
        impl ::infra_sdk::FieldType for #ident {
            const KIND: ::infra_sdk::Kind = ::infra_sdk::Kind::Block(#table);

            fn to_value(&self) -> ::infra_sdk::Value {
                ::infra_sdk::Value::Map({ #to_object })
            }

            fn from_value(
                value: &::infra_sdk::Value,
            ) -> ::std::result::Result<Self, ::infra_sdk::DecodeError> {
                let object = ::infra_sdk::resource::block(value)?;
                #from_object
            }
        }
    }
}

/// An expression as a value of a type: text is written as a literal although it is a `String`.
pub(crate) fn typed(expr: &Expr, ty: &Type) -> TokenStream {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
            quote!(<#ty as ::std::convert::From<&str>>::from(#expr))
        }
        other => quote!(#other),
    }
}
