//! Writes the parts of a builder: parameters of `new` for what is required, a setter for the rest.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Visibility;
use syn::spanned::Spanned as _;

use crate::definition::Field;

/// Who builds: where the arguments are valid, and the field of the builder that keeps them.
pub(crate) struct Builder<'a> {
    /// `R`, or `Global`.
    pub(crate) scope: &'a TokenStream,
    /// The field that holds the `Arguments`.
    pub(crate) store: TokenStream,
    pub(crate) vis: &'a Visibility,
}

impl Builder<'_> {
    /// Parameters of `new`, and the statements that make the arguments of them.
    pub(crate) fn required(&self, fields: &[Field]) -> (TokenStream, TokenStream) {
        let required = || fields.iter().filter(|field| field.is_required());
        let parameters = required().map(|field| {
            let (ident, accepted) = (&field.ident, self.accepted(field));
            quote!(#ident: impl #accepted)
        });
        let sets = required().map(|field| {
            let (store, name, ident) = (&self.store, &field.name, &field.ident);
            let expr = self.expr(field, &quote!(#ident));
            quote!(#store.set(#name, #expr);)
        });
        let (parameters, mut sets) = (quote!(#(#parameters),*), quote!(#(#sets)*));
        let store = &self.store;
        let mutable = (!sets.is_empty()).then(|| quote!(mut));
        sets = quote! {
            let #mutable #store = ::infra_sdk::Arguments::default();
            #sets
        };
        (parameters, sets)
    }

    /// A setter for every field that may be left out.
    pub(crate) fn setters(&self, fields: &[Field]) -> TokenStream {
        let setters = fields.iter().filter(|field| !field.is_required()).map(|field| {
            let (vis, store, docs) = (self.vis, &self.store, &field.doc_attributes);
            let (ident, name, accepted) = (&field.ident, &field.name, self.accepted(field));
            let expr = self.expr(field, &quote!(value));
            quote! {
                #(#docs)*
                #vis fn #ident(mut self, value: impl #accepted) -> Self {
                    self.#store.set(#name, #expr);
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
