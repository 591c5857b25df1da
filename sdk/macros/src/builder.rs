//! Writes the parts of a builder: parameters of `new` for what is required, a setter for the rest.
//! A builder is a struct with `arguments: Arguments` and `marker: PhantomData<_>`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Ident, Visibility};

use crate::definition::Field;

/// Who builds: where the arguments are valid, and who may give them.
pub(crate) struct Builder<'a> {
    /// Its type.
    pub(crate) ident: &'a Ident,
    /// `R`, or `Global`.
    pub(crate) scope: &'a TokenStream,
    pub(crate) vis: &'a Visibility,
}

impl Builder<'_> {
    /// Parameters of `new`, and its body.
    pub(crate) fn required(&self, fields: &[Field]) -> (TokenStream, TokenStream) {
        // Not visible to the definition, whose fields may have any name.
        let built = Ident::new("built", Span::mixed_site());
        let required = || fields.iter().filter(|field| field.is_required());
        let parameters = required().map(|field| {
            let (ident, accepted) = (&field.ident, self.accepted(field));
            quote!(#ident: impl #accepted)
        });
        let sets = required().map(|field| {
            let (name, ident) = (&field.name, &field.ident);
            let expr = self.expr(field, &quote!(#ident));
            quote!(#built.set(#name, #expr);)
        });
        let mutable = required().next().map(|_| quote!(mut));
        let builder = self.ident;
        let body = quote! {
            let #mutable #built = ::infra_sdk::Arguments::default();
            #(#sets)*
            #builder { arguments: #built, marker: ::std::marker::PhantomData }
        };
        (quote!(#(#parameters),*), body)
    }

    /// A setter for every field that may be left out.
    pub(crate) fn setters(&self, fields: &[Field]) -> TokenStream {
        let setters = fields.iter().filter(|field| !field.is_required()).map(|field| {
            let (vis, docs) = (self.vis, &field.doc_attributes);
            let (ident, name, accepted) = (&field.ident, &field.name, self.accepted(field));
            let expr = self.expr(field, &quote!(value));
            quote! {
                #(#docs)*
                #vis fn #ident(mut self, value: impl #accepted) -> Self {
                    self.arguments.set(#name, #expr);
                    self
                }
            }
        });
        quote!(#(#setters)*)
    }

    /// The scope in which a field's argument must be valid.
    pub(crate) fn scope(&self, field: &Field) -> TokenStream {
        if field.options.any_region { quote!(::infra_sdk::Global) } else { self.scope.clone() }
    }

    fn accepted(&self, field: &Field) -> TokenStream {
        let (ty, scope) = (&field.argument, self.scope(field));
        quote_spanned!(ty.span()=> ::infra_sdk::IntoInput<#ty, #scope>)
    }

    fn expr(&self, field: &Field, value: &TokenStream) -> TokenStream {
        let (ty, scope) = (&field.argument, self.scope(field));
        let expr = quote!(::infra_sdk::IntoInput::<#ty, #scope>::into_expr(#value));
        if field.options.sensitive { quote!(#expr.sensitive()) } else { expr }
    }
}

/// `new` with many required arguments is what the definition asks for.
pub(crate) fn many_arguments(fields: &[Field]) -> Option<TokenStream> {
    (fields.iter().filter(|field| field.is_required()).count() > 7).then(|| {
        quote!(#[allow(clippy::too_many_arguments, reason = "required arguments are parameters")])
    })
}
