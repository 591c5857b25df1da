//! Typed expressions: what an argument takes and what an attribute of a handle gives.
//!
//! The main types are [`Output`], an attribute of a declared resource, and [`IntoInput`], anything
//! that an argument of type `T` in region `R` accepts. The region is a type, so that a subnet of
//! one region cannot be given to a resource of another: see [`Region`].

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::types::BlockSet;
use crate::{Address, Arn, Expr, FieldType, Function, Json, Reference, Tags, Value};

/// Where a value is valid: in one [`Region`], or everywhere ([`Global`]).
pub trait Scope: 'static {}

/// A region of a stack as a type. [`Home`] is the environment's own; others are declared with
/// [`region!`](crate::region) and entered with `Stack::in_region`.
pub trait Region: Scope {
    /// What the stack calls this region; `None` for the environment's own.
    const NAME: Option<&'static str>;
}

/// The environment's own region.
#[derive(Debug, Clone, Copy)]
pub enum Home {}

/// Everywhere: IAM, Route 53 and other services without regions.
#[derive(Debug, Clone, Copy)]
pub enum Global {}

impl Scope for Home {}
impl Scope for Global {}
impl Region for Home {
    const NAME: Option<&'static str> = None;
}

/// Declares a second region of a stack as a type.
///
/// ```
/// infra_sdk::region! {
///     /// Where backups go.
///     pub Recovery
/// }
/// ```
#[macro_export]
macro_rules! region {
    ($(#[$doc:meta])* $visibility:vis $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        $visibility enum $name {}
        impl $crate::Scope for $name {}
        impl $crate::Region for $name {
            const NAME: Option<&'static str> = Some(stringify!($name));
        }
    };
}

/// An attribute of a declared resource, or what a function makes of one: a value of type `T` that
/// is valid in region `R` and may be known only after apply.
pub struct Output<T, R: Scope = Home> {
    expr: Expr,
    marker: PhantomData<fn() -> (T, R)>,
}

impl<T, R: Scope> Output<T, R> {
    /// The attribute `name` of the resource at `address`. Called by what the derives write.
    #[must_use]
    pub fn attribute(address: &Address, name: &str) -> Self {
        Self::from_expr(Expr::reference(address, name))
    }

    /// A typed view of an expression.
    #[must_use]
    pub fn from_expr(expr: Expr) -> Self {
        Self { expr, marker: PhantomData }
    }

    /// The expression behind the value.
    #[must_use]
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The attribute that this stands for, where it stands for just one.
    #[must_use]
    pub fn reference(&self) -> Option<&Reference> {
        match &self.expr {
            Expr::Reference(reference) => Some(reference),
            _ => None,
        }
    }

    /// The same value, accepted in every region. For the few places where AWS takes a reference
    /// across regions; everywhere else the compiler is right to refuse.
    #[must_use]
    pub fn in_any_region(self) -> Output<T, Global> {
        Output::from_expr(self.expr)
    }

    /// The same value, never shown and never stored in clear.
    #[must_use]
    pub fn sensitive(self) -> Self {
        Self::from_expr(Expr::Call(Function::Sensitive, vec![self.expr]))
    }
}

impl<T: FieldType, R: Scope> Output<T, R> {
    /// The value as text: an id, an ARN, a number.
    #[must_use]
    pub fn text(&self) -> Output<String, R> {
        Output::from_expr(Expr::Call(Function::Concat, vec![self.expr.clone()]))
    }
}

impl<R: Scope> Output<String, R> {
    /// Splits the text at a separator.
    #[must_use]
    pub fn split(&self, separator: &str) -> Output<Vec<String>, R> {
        let separator = Expr::Value(Value::from(separator));
        Output::from_expr(Expr::Call(Function::Split, vec![separator, self.expr.clone()]))
    }

    /// Replaces every occurrence of a text.
    #[must_use]
    pub fn replace(&self, from: &str, to: &str) -> Self {
        let (from, to) = (Expr::Value(Value::from(from)), Expr::Value(Value::from(to)));
        Self::from_expr(Expr::Call(Function::Replace, vec![self.expr.clone(), from, to]))
    }

    /// Base64 of the text.
    #[must_use]
    pub fn base64(&self) -> Self {
        Self::from_expr(Expr::Call(Function::Base64Encode, vec![self.expr.clone()]))
    }
}

impl<T: FieldType, R: Scope> Output<Vec<T>, R> {
    /// The element at a position, from 0.
    #[must_use]
    pub fn index(&self, position: u16) -> Output<T, R> {
        let position = Expr::Value(Value::Int(i64::from(position)));
        Output::from_expr(Expr::Call(Function::Index, vec![self.expr.clone(), position]))
    }
}

impl<T, R: Scope> Clone for Output<T, R> {
    fn clone(&self) -> Self {
        Self::from_expr(self.expr.clone())
    }
}

impl<T, R: Scope> std::fmt::Debug for Output<T, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.expr.fmt(f)
    }
}

// `do_not_recommend` below keeps types that only stand for themselves out of the compiler's list of
// "other types", where they say nothing to somebody who mixed up two ids.

/// What an argument of type `T` in region `R` accepts: a value of that type, or an attribute of
/// that type of a resource in the same region or of a service without regions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used where `{T}` is expected",
    label = "expected `{T}`",
    note = "an argument takes a value of its own type, or an attribute of that type of another resource, such as `vpc.id()`"
)]
pub trait IntoInput<T, R> {
    /// The expression that the argument holds.
    fn into_expr(self) -> Expr;
}

/// Where a value of one scope is valid: in its own region, everywhere if it has none, and wherever
/// regions do not matter.
#[diagnostic::on_unimplemented(
    message = "a value of region `{Self}` cannot be used in region `{R}`",
    label = "this belongs to region `{Self}`",
    note = "AWS resolves ids inside of one region; where it does take a reference across regions, write `.in_any_region()` behind it"
)]
pub trait ValidIn<R> {}

impl<R: Region> ValidIn<R> for R {}
impl<R: Region> ValidIn<R> for Global {}
impl<S: Scope> ValidIn<Global> for S {}

impl<T, R, S: Scope + ValidIn<R>> IntoInput<T, R> for Output<T, S> {
    fn into_expr(self) -> Expr {
        self.expr
    }
}

// Without the attribute a wrong `&str` would be explained by what `str` does not implement.
#[diagnostic::do_not_recommend]
impl<T, R, O> IntoInput<T, R> for &O
where
    O: Clone + IntoInput<T, R>,
{
    fn into_expr(self) -> Expr {
        self.clone().into_expr()
    }
}

macro_rules! literals {
    ($($literal:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<R: Scope> IntoInput<$literal, R> for $literal {
            fn into_expr(self) -> Expr {
                Expr::Value(self.to_value())
            }
        }
    )*};
}

literals!(bool, i32, i64, u16, u32, f64, String, Ipv4Net, Ipv6Net, IpNet, Tags, Json);

#[diagnostic::do_not_recommend]
impl<R: Scope> IntoInput<String, R> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::from(self))
    }
}

#[diagnostic::do_not_recommend]
impl<T, R: Scope> IntoInput<Self, R> for Arn<T> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

fn list<T, R, X: IntoInput<T, R>>(items: impl IntoIterator<Item = X>) -> Expr {
    Expr::List(items.into_iter().map(IntoInput::into_expr).collect())
}

impl<T, R: Scope, X: IntoInput<T, R>> IntoInput<Vec<T>, R> for Vec<X> {
    fn into_expr(self) -> Expr {
        list(self)
    }
}

impl<T, R: Scope, X: IntoInput<T, R>, const N: usize> IntoInput<Vec<T>, R> for [X; N] {
    fn into_expr(self) -> Expr {
        list(self)
    }
}

impl<T, R: Scope, X: IntoInput<T, R>> IntoInput<BTreeSet<T>, R> for Vec<X> {
    fn into_expr(self) -> Expr {
        list(self)
    }
}

impl<T, R: Scope, X: IntoInput<T, R>, const N: usize> IntoInput<BTreeSet<T>, R> for [X; N] {
    fn into_expr(self) -> Expr {
        list(self)
    }
}

impl<T, R: Scope, X: IntoInput<T, R>> IntoInput<BlockSet<T>, R> for Vec<X> {
    fn into_expr(self) -> Expr {
        list(self)
    }
}

impl<T, R: Scope, X: IntoInput<T, R>, const N: usize> IntoInput<BlockSet<T>, R> for [X; N] {
    fn into_expr(self) -> Expr {
        list(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T, R: Scope, K: Into<String>, X: IntoInput<T, R>> IntoInput<BTreeMap<String, T>, R>
    for BTreeMap<K, X>
{
    fn into_expr(self) -> Expr {
        Expr::Map(self.into_iter().map(|(name, item)| (name.into(), item.into_expr())).collect())
    }
}

#[diagnostic::do_not_recommend]
impl<R: Scope, K: Into<String>, X: IntoInput<String, R>> IntoInput<Tags, R> for BTreeMap<K, X> {
    fn into_expr(self) -> Expr {
        Expr::Map(self.into_iter().map(|(name, item)| (name.into(), item.into_expr())).collect())
    }
}

/// What can stand inside a longer text, see [`text!`](crate::text).
#[diagnostic::on_unimplemented(message = "`{Self}` cannot stand inside a text")]
pub trait IntoText {
    /// The expression of the part.
    fn into_text(self) -> Expr;
}

impl<T: FieldType, R: Scope> IntoText for Output<T, R> {
    fn into_text(self) -> Expr {
        self.expr
    }
}

impl<T: IntoText + Clone> IntoText for &T {
    fn into_text(self) -> Expr {
        self.clone().into_text()
    }
}

impl IntoText for &str {
    fn into_text(self) -> Expr {
        Expr::Value(Value::from(self))
    }
}

macro_rules! text_parts {
    ($($part:ty),*) => {$(
        impl IntoText for $part {
            fn into_text(self) -> Expr {
                Expr::Value(Value::String(self.to_string()))
            }
        }
    )*};
}

text_parts!(String, i32, i64, u16, u32, usize, Ipv4Net, Ipv6Net, IpNet);

impl<T> IntoText for Arn<T> {
    fn into_text(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

/// Joins texts and attributes into one text: `text!(bucket.arn(), "/logs/*")`.
///
/// The result is plain text and so valid in every region.
#[macro_export]
macro_rules! text {
    ($($part:expr),+ $(,)?) => {
        $crate::Output::<String, $crate::Global>::from_expr($crate::Expr::Call(
            $crate::Function::Concat,
            vec![$($crate::IntoText::into_text($part)),+],
        ))
    };
}
