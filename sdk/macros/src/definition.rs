//! Reads a definition: a struct with named fields, doc comments and attributes.
//!
//! The main types are [`Definition`] and [`Field`]. A field says what it is by its type: `Option`
//! may be left out, `Vec`, `BTreeSet`, `BTreeMap`, `BlockSet` and `Tags` may be empty, everything
//! else is required unless it has a default.

use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprLit, ExprRange, Fields, GenericArgument, Ident, Lit,
    LitStr, Meta, PathArguments, RangeLimits, Type, Visibility,
};

use crate::problems::Problems;

/// A struct as defined.
pub(crate) struct Definition {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) doc: String,
    pub(crate) fields: Vec<Field>,
}

/// A field as defined.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    /// The name of the attribute: the identifier without `r#`.
    pub(crate) name: String,
    pub(crate) doc: String,
    /// The doc comment, to be copied to what is written for the field.
    pub(crate) doc_attributes: Vec<Attribute>,
    /// The type as written.
    pub(crate) ty: Type,
    /// The type that an argument has: of `Option<T>` the `T`.
    pub(crate) argument: Type,
    pub(crate) shape: Shape,
    pub(crate) options: FieldOptions,
}

/// Whether a field may be left out, by its type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Plain,
    Option,
    Collection,
    Tags,
}

/// What `#[field(…)]` or `#[setting(…)]` says.
#[derive(Default)]
pub(crate) struct FieldOptions {
    pub(crate) force_new: bool,
    /// The field that a change has to be asked for with.
    pub(crate) force_new_if: Option<LitStr>,
    pub(crate) computed: bool,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
    pub(crate) required: bool,
    pub(crate) any_region: bool,
    pub(crate) default: Option<Expr>,
    pub(crate) range: Option<Range>,
}

/// `least..=most`.
pub(crate) struct Range {
    pub(crate) least: Expr,
    pub(crate) most: Expr,
}

impl Definition {
    /// Reads a struct whose fields carry `#[attribute(…)]` with some of `allowed`.
    pub(crate) fn read(
        input: &DeriveInput,
        attribute: &str,
        allowed: &[&str],
    ) -> syn::Result<Self> {
        let fields = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => &fields.named,
                _ => return Err(syn::Error::new_spanned(&input.ident, NAMED_FIELDS)),
            },
            _ => return Err(syn::Error::new_spanned(&input.ident, NAMED_FIELDS)),
        };
        if !input.generics.params.is_empty() {
            let message = "a definition has no type parameters";
            return Err(syn::Error::new_spanned(&input.generics, message));
        }
        let mut problems = Problems::default();
        let doc = problems.keep(doc(&input.attrs, &input.ident)).unwrap_or_default();
        let fields = fields
            .iter()
            .filter_map(|field| problems.keep(Field::read(field, attribute, allowed)))
            .collect();
        problems.finish()?;
        Ok(Self { ident: input.ident.clone(), vis: input.vis.clone(), doc, fields })
    }
}

const NAMED_FIELDS: &str = "a definition is a struct with named fields";

impl Field {
    fn read(field: &syn::Field, attribute: &str, allowed: &[&str]) -> syn::Result<Self> {
        let ident =
            field.ident.clone().ok_or_else(|| syn::Error::new_spanned(field, NAMED_FIELDS))?;
        let name = ident.unraw().to_string();
        let (shape, argument) = shape(&field.ty);
        let mut problems = Problems::default();
        let doc = problems.keep(doc(&field.attrs, &ident)).unwrap_or_default();
        let options =
            problems.keep(FieldOptions::read(&field.attrs, attribute, allowed)).unwrap_or_default();
        if let Some(message) = contradiction(shape, &options) {
            problems.add(syn::Error::new_spanned(&ident, message));
        }
        problems.finish()?;
        Ok(Self {
            ident,
            name,
            doc,
            doc_attributes: doc_attributes(&field.attrs).cloned().collect(),
            ty: field.ty.clone(),
            argument,
            shape,
            options,
        })
    }

    /// Whether the field may not be left out.
    pub(crate) fn is_required(&self) -> bool {
        match self.shape {
            Shape::Plain => self.options.default.is_none(),
            Shape::Option => false,
            Shape::Collection | Shape::Tags => self.options.required,
        }
    }
}

/// What in the attributes of a field does not go together.
fn contradiction(shape: Shape, options: &FieldOptions) -> Option<&'static str> {
    let may_be_empty = matches!(shape, Shape::Collection | Shape::Tags);
    if options.required && (!may_be_empty || options.default.is_some()) {
        return Some("`required` is for lists, sets, maps and tags without a default");
    }
    if options.computed && (shape == Shape::Plain || options.required) {
        return Some("a `computed` field may be left out: make it an `Option`");
    }
    if options.force_new && options.force_new_if.is_some() {
        return Some("`force_new` needs no `force_new_if`");
    }
    if options.default.is_some() && (shape == Shape::Option || options.computed) {
        return Some("a field with a `default` always has a value: its type is that of the value");
    }
    None
}

impl FieldOptions {
    fn read(attributes: &[Attribute], name: &str, allowed: &[&str]) -> syn::Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident(name)) {
            attribute.parse_nested_meta(|meta| {
                let key = meta.path.require_ident()?.to_string();
                if !allowed.contains(&key.as_str()) {
                    let known = allowed.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>();
                    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                    return Err(meta.error(format!(
                        "`{key}` is not an attribute of a field here; there are {known}"
                    )));
                }
                match key.as_str() {
                    "force_new" => options.force_new = true,
                    "force_new_if" => options.force_new_if = Some(meta.value()?.parse()?),
                    "computed" => options.computed = true,
                    "sensitive" => options.sensitive = true,
                    "write_only" => options.write_only = true,
                    "required" => options.required = true,
                    "any_region" => options.any_region = true,
                    "default" => options.default = Some(meta.value()?.parse()?),
                    _ => options.range = Some(range(meta.value()?.parse()?)?),
                }
                Ok(())
            })?;
        }
        Ok(options)
    }
}

fn range(expr: Expr) -> syn::Result<Range> {
    let span = expr.span();
    if let Expr::Range(ExprRange { start: Some(least), end: Some(most), limits, .. }) = expr
        && matches!(limits, RangeLimits::Closed(_))
    {
        return Ok(Range { least: *least, most: *most });
    }
    Err(syn::Error::new(span, "a range is written `least..=most`"))
}

/// The text of a doc comment.
pub(crate) fn doc(attributes: &[Attribute], ident: &Ident) -> syn::Result<String> {
    let lines = doc_attributes(attributes).filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect::<Vec<_>>();
    let text = lines.join("\n").trim().to_owned();
    if text.is_empty() {
        let message = format!(
            "`{}` needs a doc comment: it becomes the documentation that users read",
            ident.unraw()
        );
        return Err(syn::Error::new_spanned(ident, message));
    }
    Ok(text)
}

fn doc_attributes(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("doc"))
}

/// What a type says about a field, and the type of its argument.
fn shape(ty: &Type) -> (Shape, Type) {
    let Type::Path(path) = ty else { return (Shape::Plain, ty.clone()) };
    let Some(last) = path.path.segments.last() else { return (Shape::Plain, ty.clone()) };
    match last.ident.to_string().as_str() {
        "Option" => {
            if let PathArguments::AngleBracketed(arguments) = &last.arguments
                && let Some(GenericArgument::Type(inner)) = arguments.args.first()
            {
                return (Shape::Option, inner.clone());
            }
            (Shape::Plain, ty.clone())
        }
        "Vec" | "BTreeSet" | "BTreeMap" | "BlockSet" => (Shape::Collection, ty.clone()),
        "Tags" => (Shape::Tags, ty.clone()),
        _ => (Shape::Plain, ty.clone()),
    }
}
