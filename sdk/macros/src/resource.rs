//! `#[derive(Resource)]`: from the inputs of a resource type to its schema, its builder and its
//! handle.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DeriveInput, LitStr, Path};

use crate::builder::{Builder, many_arguments};
use crate::codec;
use crate::definition::{Definition, Field, Shape};
use crate::outputs::accessors;
use crate::problems::Problems;

const ATTRIBUTES: &[&str] = &[
    "any_region",
    "computed",
    "default",
    "force_new",
    "force_new_if",
    "range",
    "required",
    "sensitive",
    "write_only",
];

/// The names of `CommonOptions`, which a setter of the same name would hide.
const COMMON_OPTIONS: &[&str] = &[
    "create_before_destroy",
    "depends_on",
    "ignore_changes",
    "import_id",
    "moved_from",
    "prevent_destroy",
    "provider",
    "replace_triggered_by",
    "timeouts",
    "waive",
];

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut problems = Problems::default();
    let options = problems.keep(ResourceOptions::read(input));
    let definition = problems.keep(Definition::read(input, "field", ATTRIBUTES));
    if let (Some(options), Some(definition)) = (&options, &definition) {
        check_fields(options, definition, &mut problems);
    }
    problems.finish()?;
    let (Some(options), Some(definition)) = (options, definition) else {
        return Ok(TokenStream::new());
    };
    let resource = Resource::new(&definition, &options);
    Ok([resource.definition(), resource.arguments(), resource.handle()].into_iter().collect())
}

/// What `#[resource(…)]` says.
struct ResourceOptions {
    type_name: LitStr,
    outputs: Path,
    global: bool,
    stateful: bool,
    validate: Option<Path>,
}

impl ResourceOptions {
    fn read(input: &DeriveInput) -> syn::Result<Self> {
        let (mut type_name, mut outputs, mut validate) = (None, None, None);
        let (mut global, mut stateful) = (false, false);
        for attribute in input.attrs.iter().filter(|a| a.path().is_ident("resource")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("type") {
                    type_name = Some(meta.value()?.parse::<LitStr>()?);
                } else if meta.path.is_ident("outputs") {
                    outputs = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("validate") {
                    validate = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("global") {
                    global = true;
                } else if meta.path.is_ident("stateful") {
                    stateful = true;
                } else {
                    let known = "`type`, `outputs`, `global`, `stateful`, `validate`";
                    return Err(meta.error(format!("a resource has the attributes {known}")));
                }
                Ok(())
            })?;
        }
        let missing = |what| {
            let message = format!("a resource needs `#[resource({what})]`");
            syn::Error::new_spanned(&input.ident, message)
        };
        let type_name = type_name.ok_or_else(|| missing("type = \"aws_…\""))?;
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if type_name.value().is_empty() || !type_name.value().bytes().all(allowed) {
            let message = "a type name is lower-case letters, digits and `_`, such as `aws_vpc`";
            return Err(syn::Error::new_spanned(type_name, message));
        }
        let outputs = outputs.ok_or_else(|| missing("outputs = …Outputs"))?;
        Ok(Self { type_name, outputs, global, stateful, validate })
    }
}

fn check_fields(options: &ResourceOptions, definition: &Definition, problems: &mut Problems) {
    for field in &definition.fields {
        if COMMON_OPTIONS.contains(&field.name.as_str()) {
            let message = format!("`{}` is an option that all resources have", field.name);
            problems.add(syn::Error::new_spanned(&field.ident, message));
        }
        if options.global && field.options.any_region {
            let message = "a type without regions accepts values of any region as it is";
            problems.add(syn::Error::new_spanned(&field.ident, message));
        }
        if let Some(name) = &field.options.force_new_if
            && !definition.fields.iter().any(|other| other.name == name.value())
        {
            problems.add(syn::Error::new_spanned(name, "there is no such field"));
        }
    }
}

/// Everything that the generated items are made of. Of a type with regions the generics are `R`;
/// a type without has none, and its scope is `Global`.
struct Resource<'a> {
    definition: &'a Definition,
    options: &'a ResourceOptions,
    arguments: syn::Ident,
    handle: syn::Ident,
    scope: TokenStream,
    /// `<R: Region>` after `impl`, or nothing.
    region_generics: TokenStream,
    /// `<R: Scope>` after `impl`, or nothing.
    scope_generics: TokenStream,
    /// `<R>`, or nothing.
    generics: TokenStream,
    /// `<R: Region = Home>` after the name of a struct, or nothing.
    region_declared: TokenStream,
    /// `<R: Scope = Home>` after the name of a struct, or nothing.
    scope_declared: TokenStream,
}

impl<'a> Resource<'a> {
    fn new(definition: &'a Definition, options: &'a ResourceOptions) -> Self {
        let regional = |tokens: TokenStream| if options.global { quote!() } else { tokens };
        Self {
            arguments: format_ident!("{}Arguments", definition.ident),
            handle: format_ident!("{}Handle", definition.ident),
            scope: if options.global { quote!(::infra_sdk::Global) } else { quote!(R) },
            region_generics: regional(quote!(<R: ::infra_sdk::Region>)),
            scope_generics: regional(quote!(<R: ::infra_sdk::Scope>)),
            generics: regional(quote!(<R>)),
            region_declared: regional(quote!(<R: ::infra_sdk::Region = ::infra_sdk::Home>)),
            scope_declared: regional(quote!(<R: ::infra_sdk::Scope = ::infra_sdk::Home>)),
            definition,
            options,
        }
    }

    fn builder(&self) -> Builder<'_> {
        Builder { ident: &self.arguments, scope: &self.scope, vis: &self.definition.vis }
    }

    /// The schema, the conversions, and `new`.
    fn definition(&self) -> TokenStream {
        let Self { arguments, handle, region_generics, generics, .. } = self;
        let Definition { ident, vis, doc, fields } = self.definition;
        let ResourceOptions { type_name, outputs, validate, stateful, .. } = self.options;
        let validate = match validate {
            Some(validate) => quote!(#validate),
            None => quote!(::infra_sdk::schema::no_rules),
        };
        let (table, to_object) = (codec::table(fields), codec::to_object(fields));
        let from_object = codec::from_object(fields);
        let (parameters, body) = self.builder().required(fields);
        let many = many_arguments(fields);
        let shared = format!("an input and an output of `{ident}` have the same name");
        let new_doc = format!("A [`{ident}`] with its required arguments, for `Stack::add`.");
        quote! {
            impl #ident {
                /// The type as data.
                #vis const SCHEMA: ::infra_sdk::Schema = ::infra_sdk::Schema {
                    type_name: #type_name,
                    doc: #doc,
                    inputs: #table,
                    outputs: <#outputs as ::infra_sdk::ResourceOutputs>::FIELDS,
                    validate: #validate,
                    stateful: #stateful,
                };

                #[doc = #new_doc]
                #many
                #vis fn new #region_generics(#parameters) -> #arguments #generics {
                    #body
                }

                /// Reads the inputs.
                ///
                /// # Errors
                /// When a value has another shape than its field, or a required one is absent.
                #vis fn from_object(
                    object: &::infra_sdk::Object,
                ) -> ::std::result::Result<Self, ::infra_sdk::DecodeError> {
                    #from_object
                }

                /// The inputs as values; what is not set is absent.
                #[must_use]
                #vis fn to_object(&self) -> ::infra_sdk::Object {
                    #to_object
                }
            }

            const _: () =
                ::std::assert!(::infra_sdk::resource::names_are_distinct(&#ident::SCHEMA), #shared);

            #[automatically_derived]
            impl ::infra_sdk::ResourceType for #ident {
                const SCHEMA: ::infra_sdk::Schema = #ident::SCHEMA;

                type Outputs = #outputs;

                type Handle = #handle;

                fn handle(address: ::infra_sdk::Address) -> Self::Handle {
                    #handle::at(address)
                }

                fn from_object(
                    object: &::infra_sdk::Object,
                ) -> ::std::result::Result<Self, ::infra_sdk::DecodeError> {
                    #ident::from_object(object)
                }

                fn to_object(&self) -> ::infra_sdk::Object {
                    #ident::to_object(self)
                }
            }
        }
    }

    /// The builder that `new` returns.
    fn arguments(&self) -> TokenStream {
        let Self { arguments, handle, region_generics, generics, region_declared, scope, .. } =
            self;
        let Definition { ident, vis, fields, .. } = self.definition;
        let type_name = &self.options.type_name;
        let setters = self.builder().setters(fields);
        let tag = self.tag_setter();
        let doc = format!("A [`{ident}`] to declare, with its arguments and options.");
        let debug_name = arguments.to_string();
        quote! {
            #[doc = #doc]
            #[must_use = "a declaration does nothing until it is given to `Stack::add`"]
            #vis struct #arguments #region_declared {
                arguments: ::infra_sdk::Arguments,
                marker: ::std::marker::PhantomData<fn() -> #scope>,
            }

            impl #region_generics #arguments #generics {
                #setters
                #tag
            }

            #[automatically_derived]
            impl #region_generics ::std::clone::Clone for #arguments #generics {
                fn clone(&self) -> Self {
                    Self {
                        arguments: ::std::clone::Clone::clone(&self.arguments),
                        marker: ::std::marker::PhantomData,
                    }
                }
            }

            #[automatically_derived]
            impl #region_generics ::std::fmt::Debug for #arguments #generics {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.debug_tuple(#debug_name).field(&self.arguments).finish()
                }
            }

            #[automatically_derived]
            impl #region_generics ::infra_sdk::CommonOptions for #arguments #generics {
                fn options_mut(&mut self) -> &mut ::infra_sdk::Options {
                    &mut self.arguments.options
                }
            }

            #[automatically_derived]
            impl<R: ::infra_sdk::Region> ::infra_sdk::Declare<R> for #arguments #generics {
                type Handle = #handle #generics;

                const TYPE: &'static str = #type_name;

                fn into_arguments(self) -> ::infra_sdk::Arguments {
                    self.arguments
                }

                fn handle(address: ::infra_sdk::Address) -> Self::Handle {
                    #handle::at(address)
                }
            }
        }
    }

    /// `tag(key, value)`, of a type that has tags.
    fn tag_setter(&self) -> Option<TokenStream> {
        let vis = &self.definition.vis;
        let tags: &Field = self.definition.fields.iter().find(|f| f.shape == Shape::Tags)?;
        let (name, scope) = (&tags.name, self.builder().scope(tags));
        Some(quote! {
            /// Adds one tag.
            #vis fn tag(
                mut self,
                key: impl ::std::convert::Into<::std::string::String>,
                value: impl ::infra_sdk::IntoInput<::std::string::String, #scope>,
            ) -> Self {
                let value =
                    ::infra_sdk::IntoInput::<::std::string::String, #scope>::into_expr(value);
                self.arguments.insert(#name, key.into(), value);
                self
            }
        })
    }

    /// What `Stack::add` returns.
    fn handle(&self) -> TokenStream {
        let Self { handle, scope, scope_generics, scope_declared, generics, .. } = self;
        let Definition { ident, vis, fields, .. } = self.definition;
        let accessors = accessors(fields, vis, scope);
        let outputs = handle_of(&self.options.outputs);
        let doc = format!("A declared [`{ident}`]: its inputs, and by `Deref` what AWS assigns.");
        let debug_name = handle.to_string();
        quote! {
            #[doc = #doc]
            #vis struct #handle #scope_declared {
                outputs: #outputs<#scope>,
            }

            impl #scope_generics #handle #generics {
                /// The handle of the resource at an address. Called by `Stack::add`.
                #[must_use]
                #vis fn at(address: ::infra_sdk::Address) -> Self {
                    Self { outputs: <#outputs<#scope>>::at(address) }
                }

                #accessors
            }

            #[automatically_derived]
            impl #scope_generics ::std::clone::Clone for #handle #generics {
                fn clone(&self) -> Self {
                    Self { outputs: ::std::clone::Clone::clone(&self.outputs) }
                }
            }

            #[automatically_derived]
            impl #scope_generics ::std::fmt::Debug for #handle #generics {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.debug_tuple(#debug_name).field(::infra_sdk::Handle::address(self)).finish()
                }
            }

            #[automatically_derived]
            impl #scope_generics ::std::ops::Deref for #handle #generics {
                type Target = #outputs<#scope>;

                fn deref(&self) -> &Self::Target {
                    &self.outputs
                }
            }

            #[automatically_derived]
            impl #scope_generics ::infra_sdk::Handle for #handle #generics {
                fn address(&self) -> &::infra_sdk::Address {
                    ::infra_sdk::Handle::address(&self.outputs)
                }
            }
        }
    }
}

/// The handle that `#[derive(Outputs)]` writes beside an outputs struct.
fn handle_of(outputs: &Path) -> Path {
    let mut path = outputs.clone();
    if let Some(last) = path.segments.last_mut() {
        last.ident = format_ident!("{}Handle", last.ident);
    }
    path
}
