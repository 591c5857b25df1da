//! Values between stacks: what one stack publishes and another reads.
//!
//! The main type is [`StackOutput`], a constant that both stacks share: it gives the value its name
//! and its type, so that the compiler holds the two ends together. What is read is a reference as
//! data; the engine knows its value, or that it is not known yet.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use crate::{
    Declaration, Declarations, Diagnostic, Expr, Home, IntoInput, Location, Output, Region, Scope,
    Stack, Value,
};

/// The name and the type of an output that other stacks may read. `R` is the region that the value
/// belongs to; [`Global`](crate::Global) says that it is valid everywhere.
///
/// ```
/// use infra_sdk::{Output, Stack, StackOutput};
///
/// pub const ADDRESS: StackOutput<String> = StackOutput::new("network", "address");
///
/// fn network(stack: &mut Stack, address: Output<String>) {
///     stack.publish(ADDRESS, address);
/// }
///
/// fn web(stack: &mut Stack) {
///     let address: Output<String> = stack.read(ADDRESS);
///     stack.output("reached_at", address);
/// }
/// ```
pub struct StackOutput<T, R: Scope = Home> {
    stack: &'static str,
    name: &'static str,
    marker: PhantomData<fn() -> (T, R)>,
}

impl<T, R: Scope> StackOutput<T, R> {
    /// The output `name` of the stack `stack`.
    #[must_use]
    pub const fn new(stack: &'static str, name: &'static str) -> Self {
        Self { stack, name, marker: PhantomData }
    }

    /// The stack that publishes it.
    #[must_use]
    pub const fn stack(&self) -> &'static str {
        self.stack
    }

    /// Its name in that stack.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T, R: Scope> Clone for StackOutput<T, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, R: Scope> Copy for StackOutput<T, R> {}

impl<T, R: Scope> fmt::Debug for StackOutput<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stack, self.name)
    }
}

/// An output of another stack, as data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct External {
    /// The stack that publishes it.
    pub stack: String,
    /// Its name there.
    pub output: String,
}

impl fmt::Display for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stack, self.output)
    }
}

/// Values of outputs of other stacks; with [`Value::Unknown`] inside where they are not known yet.
pub type Externals = BTreeMap<External, Value>;

/// A `read` of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadDeclaration {
    /// What is read.
    pub external: External,
    /// The line of `read`.
    pub location: Option<Location>,
}

impl<R: Region> Stack<R> {
    /// Names a value that other stacks may [`read`](Self::read), and that `infra output` prints.
    #[track_caller]
    pub fn publish<T, S: Scope>(&mut self, output: StackOutput<T, S>, value: impl IntoInput<T, S>) {
        let location = Location::caller();
        if let Some(name) = self.name().filter(|name| *name != output.stack) {
            self.report(
                Diagnostic::error("stack::publish", "a stack publishes what belongs to another")
                    .detail(format!("`{output:?}` is published in the stack `{name}`"))
                    .location(Some(location.clone()))
                    .hint(format!(
                        "publish it in `{}`, or name `{name}` in the constant",
                        output.stack
                    )),
            );
        }
        self.output_expr(output.name, value.into_expr(), location);
    }

    /// An output of another stack of the same environment: its value if that stack was applied, and
    /// otherwise unknown until it is.
    #[track_caller]
    pub fn read<T, S: Scope>(&mut self, output: StackOutput<T, S>) -> Output<T, S> {
        let location = Location::caller();
        let external = External { stack: output.stack.to_owned(), output: output.name.to_owned() };
        if self.name().is_some_and(|name| name == output.stack) {
            self.report(
                Diagnostic::error("stack::read", "a stack reads an output of its own")
                    .detail(format!("`{external}`"))
                    .location(Some(location))
                    .hint("use the value that it publishes"),
            );
        } else {
            self.declare_read(ReadDeclaration {
                external: external.clone(),
                location: Some(location),
            });
        }
        Output::from_expr(Expr::External(external, Value::Unknown))
    }
}

impl Declarations {
    /// Gives what is read of other stacks these values; what is not among them stays as it is.
    pub fn bind(&mut self, values: &Externals) {
        if values.is_empty() {
            return;
        }
        self.resources.iter_mut().for_each(|resource| resource.bind(values));
        self.outputs.iter_mut().for_each(|output| output.expr.bind(values));
    }
}

impl Declaration {
    /// Gives what is read of other stacks these values; what is not among them stays as it is.
    pub fn bind(&mut self, values: &Externals) {
        self.arguments.inputs.values_mut().for_each(|expr| expr.bind(values));
    }
}
