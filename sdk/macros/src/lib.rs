//! The derives of `infra-sdk`. Each turns a plain struct or enum, the definition, into data and
//! typed builders; none contains behaviour.
//!
//! One file per derive. `definition` reads a struct with its attributes, `codec` writes the
//! schema table and the conversions to and from values, `builder` writes setters; the derives put
//! them together. Read `resource` first. What is wrong with a definition is reported at the field.

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

mod block;
mod builder;
mod choice;
mod codec;
mod definition;
mod lookup_answer;
mod outputs;
mod problems;
mod resource;
mod settings;

/// Makes a struct of fields a resource type: its schema, builder and handle.
#[proc_macro_derive(Resource, attributes(resource, field))]
pub fn resource(input: TokenStream) -> TokenStream {
    finish(resource::derive(&parse_macro_input!(input as DeriveInput)))
}

/// Makes a struct the outputs of a resource type: what AWS assigns.
#[proc_macro_derive(Outputs, attributes(field))]
pub fn outputs(input: TokenStream) -> TokenStream {
    finish(outputs::derive(&parse_macro_input!(input as DeriveInput)))
}

/// Makes a struct a nested block of arguments, with a builder.
#[proc_macro_derive(Block, attributes(field))]
pub fn block(input: TokenStream) -> TokenStream {
    finish(block::derive(&parse_macro_input!(input as DeriveInput)))
}

/// Makes a struct a part of the answer to a lookup: a block that nobody builds. What is sensitive in
/// it is a `SecretText`.
#[proc_macro_derive(LookupAnswer, attributes(field))]
pub fn lookup_answer(input: TokenStream) -> TokenStream {
    finish(lookup_answer::derive(&parse_macro_input!(input as DeriveInput)))
}

/// Makes an enum without fields a choice between texts.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn choice(input: TokenStream) -> TokenStream {
    finish(choice::derive(&parse_macro_input!(input as DeriveInput)))
}

/// Makes a struct the settings of a stack, or a table in them.
#[proc_macro_derive(Settings, attributes(setting))]
pub fn settings(input: TokenStream) -> TokenStream {
    finish(settings::derive(&parse_macro_input!(input as DeriveInput)))
}

fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(syn::Error::into_compile_error).into()
}
