//! Resource types as Rust types: what the derives make of a definition.
//!
//! The main type is [`ResourceType`]. The free functions are what derived code calls; nobody else
//! needs them.

use crate::{DecodeError, Field, FieldType, Object, Schema, Value};

/// A resource type: the struct of its inputs. Made by `#[derive(Resource)]`.
///
/// ```
/// use infra_sdk::{Block, Choice, Outputs, Resource, Tags};
///
/// infra_sdk::id_types! {
///     /// Identifies a bucket.
///     BucketId("bucket name", "");
/// }
///
/// /// A bucket.
/// #[derive(Debug, Clone, PartialEq, Resource)]
/// #[resource(type = "aws_bucket", outputs = BucketOutputs)]
/// pub struct Bucket {
///     /// Its name.
///     #[field(force_new)]
///     pub bucket: String,
///     /// Who owns what others put into it.
///     #[field(default = Ownership::BucketOwnerEnforced)]
///     pub ownership: Ownership,
///     /// What happens to old objects.
///     pub rule: Vec<Rule>,
///     /// Tags.
///     pub tags: Tags,
/// }
///
/// /// What AWS assigns to a [`Bucket`].
/// #[derive(Debug, Clone, PartialEq, Outputs)]
/// pub struct BucketOutputs {
///     /// Its id.
///     pub id: BucketId,
/// }
///
/// /// What happens to old objects.
/// #[derive(Debug, Clone, PartialEq, Block)]
/// pub struct Rule {
///     /// Days after which an object is removed.
///     #[field(range = 1..=3650)]
///     pub expire_after: u32,
/// }
///
/// /// Who owns objects.
/// #[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
/// pub enum Ownership {
///     /// The owner of the bucket, always.
///     #[choice("BucketOwnerEnforced")]
///     BucketOwnerEnforced,
///     /// Whoever wrote the object.
///     #[choice("ObjectWriter")]
///     ObjectWriter,
/// }
///
/// fn logs(stack: &mut infra_sdk::Stack) -> BucketHandle {
///     stack.add("logs", Bucket::new("logs").rule([Rule::new(30_u32)]).tag("team", "core"))
/// }
/// ```
///
/// Attributes of fields: `force_new`, `force_new_if = "…"` (with another input that is true), `computed`, `sensitive`, `write_only`, `default = …`,
/// `range = a..=b`, `required` (a collection that may not be left out) and `any_region` (accepts
/// references across regions); see [`Field`]. Attributes of the type: `type`, `outputs`, `global`
/// (a service without regions) and `validate` (a function as in [`Schema::validate`]).
pub trait ResourceType: Sized + Send + Sync + 'static {
    /// The type as data.
    const SCHEMA: Schema;

    /// What AWS assigns.
    type Outputs: ResourceOutputs;

    /// What `Stack::add` returns: typed references to the attributes.
    type Handle: crate::Handle;

    /// The handle of the resource at an address.
    fn handle(address: crate::Address) -> Self::Handle;

    /// Reads the inputs.
    ///
    /// # Errors
    /// When a value has another shape than its field, or a required one is absent.
    fn from_object(object: &Object) -> Result<Self, DecodeError>;

    /// The inputs as values; what is not set is absent, what is sensitive is marked.
    fn to_object(&self) -> Object;
}

/// What AWS assigns to a resource. Made by `#[derive(Outputs)]`.
pub trait ResourceOutputs: Sized + Send + Sync + 'static {
    /// The outputs as data. Always has `id`.
    const FIELDS: &'static [Field];

    /// Reads the outputs.
    ///
    /// # Errors
    /// When a value has another shape than its field, or is absent.
    fn from_object(object: &Object) -> Result<Self, DecodeError>;

    /// The outputs as values; what is not set is absent, what is sensitive is marked.
    fn to_object(&self) -> Object;
}

/// The value of a default.
#[must_use]
pub fn value<T: FieldType>(default: T) -> Value {
    default.to_value()
}

/// Adds a field to an object, unless it is not set.
pub fn put<T: FieldType>(object: &mut Object, name: &str, field: &T, sensitive: bool) {
    let value = field.to_value();
    if !value.is_null() {
        let value = if sensitive { value.sensitive() } else { value };
        object.insert(name.to_owned(), value);
    }
}

/// Reads one named field that has a default.
///
/// # Errors
/// When it has another shape.
pub fn field_or<T: FieldType>(
    object: &Object,
    name: &str,
    default: impl FnOnce() -> T,
) -> Result<T, DecodeError> {
    if object.get(name).is_none_or(Value::is_null) {
        return Ok(default());
    }
    crate::types::field(object, name)
}

/// The entries of a block.
///
/// # Errors
/// When the value is none.
pub fn block(value: &Value) -> Result<&Object, DecodeError> {
    value
        .as_map()
        .ok_or_else(|| DecodeError::new(format!("must be a block, not {}", value.shape())))
}

/// Whether no input has the name of an output: a reference to it would mean two things.
#[must_use]
pub const fn names_are_distinct(schema: &Schema) -> bool {
    let mut input = 0;
    while input < schema.inputs.len() {
        let mut output = 0;
        while output < schema.outputs.len() {
            let (one, other) = (schema.inputs[input].name, schema.outputs[output].name);
            if same(one.as_bytes(), other.as_bytes()) {
                return false;
            }
            output += 1;
        }
        input += 1;
    }
    true
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}
