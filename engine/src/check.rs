//! Checking declarations without a cloud: names, references, arguments, circles.
//!
//! The main type is [`Checked`]: declarations with their schemas, edges and order. Everything that
//! is wrong is collected; nothing stops at the first problem.

use std::collections::{BTreeSet, HashMap};

use infra_sdk::names::{meant, nearest};
use infra_sdk::provider::{Declared, Provider};
use infra_sdk::{
    Address, Declaration, Declarations, Diagnostic, Expr, Location, Object, Reference, Schema,
    Value,
};

use crate::{compare, digest, graph};

/// How many problems get a hint with near names: each hint looks at every name there is.
const HINTED: usize = 20;

/// Declarations in which every name leads somewhere and nothing stands in a circle.
pub(crate) struct Checked<'a> {
    /// Position of the declaration of an address.
    pub(crate) index: HashMap<&'a Address, usize>,
    /// The type of each declaration.
    pub(crate) schemas: Vec<&'static Schema>,
    /// What each declaration refers to or names in `depends_on`, sorted and without repetition.
    pub(crate) needs: Vec<Vec<usize>>,
    /// The same with what triggers its replacement.
    pub(crate) waits: Vec<Vec<usize>>,
    /// The declarations with what they wait for first.
    pub(crate) order: Vec<usize>,
}

/// Checks declarations.
pub(crate) fn check<'a>(
    provider: &dyn Provider,
    declarations: &'a Declarations,
) -> Result<Checked<'a>, Vec<Diagnostic>> {
    let mut checker = Checker::new(provider, declarations);
    checker.names();
    let (needs, waits) = checker.edges();
    checker.outputs();
    checker.moves();
    checker.forgotten();
    checker.arguments();
    let order = graph::sort(&waits);
    if order.len() < waits.len() {
        checker.cycles(&waits);
    }
    let Checker { index, schemas, problems, .. } = checker;
    if problems.is_empty() {
        // Without problems every declaration has a schema.
        let schemas = schemas.into_iter().flatten().collect();
        Ok(Checked { index, schemas, needs, waits, order })
    } else {
        Err(problems)
    }
}

struct Checker<'p, 'a> {
    provider: &'p dyn Provider,
    declarations: &'a Declarations,
    index: HashMap<&'a Address, usize>,
    schemas: Vec<Option<&'static Schema>>,
    problems: Vec<Diagnostic>,
}

impl<'p, 'a> Checker<'p, 'a> {
    fn new(provider: &'p dyn Provider, declarations: &'a Declarations) -> Self {
        let schemas =
            declarations.resources.iter().map(|d| provider.schema(&d.type_name)).collect();
        let problems = declarations.diagnostics.iter().filter(|d| d.is_error()).cloned().collect();
        Self { provider, declarations, index: HashMap::new(), schemas, problems }
    }

    fn names(&mut self) {
        for (position, declaration) in self.declarations.resources.iter().enumerate() {
            if let Some(first) = self.index.get(&declaration.address) {
                let first = &self.declarations.resources[*first];
                if self.reported("stack::duplicate", &declaration.location) {
                    continue;
                }
                self.problems.push(
                    problem("plan::duplicate", "two resources have the same address", declaration)
                        .detail(format!(
                            "the first is declared at {}",
                            place(first.location.as_ref())
                        ))
                        .hint("give one of them another name"),
                );
            } else {
                self.index.insert(&declaration.address, position);
            }
            if self.schemas[position].is_none() {
                let names = self.provider.type_names();
                let hint = self.near(&declaration.type_name, names.into_iter());
                self.problems.push(
                    problem("plan::unknown-type", "there is no such resource type", declaration)
                        .detail(format!("`{}`", declaration.type_name))
                        .hints(hint),
                );
            }
        }
    }

    fn edges(&mut self) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
        let mut all_needs = Vec::with_capacity(self.declarations.resources.len());
        let mut all_waits = Vec::with_capacity(self.declarations.resources.len());
        for declaration in &self.declarations.resources {
            let options = &declaration.arguments.options;
            let about = Some((&declaration.address, declaration.location.as_ref()));
            let mut needs = BTreeSet::new();
            for reference in declaration.arguments.inputs.values().flat_map(Expr::references) {
                needs.extend(self.reference(reference, about));
            }
            for address in &options.depends_on {
                needs.extend(self.resource(address, about));
            }
            let mut waits = needs.clone();
            for reference in &options.replace_triggered_by {
                waits.extend(self.reference(reference, about));
            }
            all_needs.push(needs.into_iter().collect());
            all_waits.push(waits.into_iter().collect());
        }
        (all_needs, all_waits)
    }

    fn reference(
        &mut self,
        reference: &Reference,
        about: Option<(&Address, Option<&Location>)>,
    ) -> Option<usize> {
        let position = self.resource(&reference.address, about)?;
        let schema = self.schemas[position]?;
        if schema.attribute(&reference.attribute).is_none() {
            let names = schema.inputs.iter().chain(schema.outputs).map(|field| field.name);
            let hint = self.near(&reference.attribute, names);
            self.problems.push(
                located("plan::reference", "a reference leads nowhere", about)
                    .detail(format!(
                        "`{}` ({}) has no attribute `{}`",
                        reference.address, schema.type_name, reference.attribute
                    ))
                    .hints(hint),
            );
        }
        Some(position)
    }

    fn resource(
        &mut self,
        address: &Address,
        about: Option<(&Address, Option<&Location>)>,
    ) -> Option<usize> {
        let found = self.index.get(address).copied();
        if found.is_none() {
            let names = self.declarations.resources.iter().map(|d| d.address.as_str());
            let hint = self.near(address.as_str(), names);
            self.problems.push(
                located("plan::reference", "a reference leads nowhere", about)
                    .detail(format!("the stack declares no `{address}`"))
                    .hints(hint),
            );
        }
        found
    }

    fn outputs(&mut self) {
        let mut names = BTreeSet::new();
        for output in &self.declarations.outputs {
            let repeated = !names.insert(&output.name);
            if repeated && !self.reported("stack::output", &output.location) {
                self.problems.push(
                    Diagnostic::error("plan::duplicate", "two outputs have the same name")
                        .detail(format!("`{}`", output.name))
                        .location(output.location.clone()),
                );
            }
            for reference in output.expr.references() {
                let before = self.problems.len();
                self.reference(reference, None);
                for problem in &mut self.problems[before..] {
                    problem.location.clone_from(&output.location);
                }
            }
        }
    }

    fn moves(&mut self) {
        let mut origins: HashMap<&str, &Declaration> = HashMap::new();
        for declaration in &self.declarations.resources {
            let Some(from) = &declaration.arguments.options.moved_from else { continue };
            let refuse = |detail: String| {
                problem("plan::move", "a resource cannot be moved", declaration).detail(detail)
            };
            let still = |from: &Address| self.index.contains_key(from);
            let parsed = Address::parse(from);
            if let Err(error) = parsed {
                self.problems.push(refuse(error.to_string()));
            } else if parsed.is_ok_and(|from| still(&from)) {
                let detail = format!("`{from}`, which it moves away from, is still declared");
                self.problems.push(refuse(detail).hint("remove `moved_from`, or that declaration"));
            } else if let Some(other) = origins.insert(from, declaration) {
                let detail = format!("`{}` moves away from `{from}` too", other.address);
                self.problems.push(refuse(detail).hint("remove one of the two `moved_from`"));
            }
        }
    }

    fn forgotten(&mut self) {
        let resources = &self.declarations.resources;
        let origin = |d: &'a Declaration| Some((d.arguments.options.moved_from.as_deref()?, d));
        let moved: HashMap<&str, &Declaration> =
            resources.iter().rev().filter_map(origin).collect();
        for forgotten in &self.declarations.forgotten {
            let address = &forgotten.address;
            let refuse = |detail: String| {
                Diagnostic::error("plan::forget", "a resource cannot be forgotten")
                    .address(address)
                    .location(forgotten.location.clone())
                    .detail(detail)
            };
            if let Some(&position) = self.index.get(address) {
                let declared = place(self.declarations.resources[position].location.as_ref());
                let detail = format!("`{address}` is still declared, at {declared}");
                self.problems.push(refuse(detail).hint("remove `forget`, or that declaration"));
            }
            if let Some(moved) = moved.get(address.as_str()) {
                let detail = format!("`{}` moves away from `{address}`", moved.address);
                self.problems.push(refuse(detail).hint("remove `forget`, or that `moved_from`"));
            }
        }
    }

    fn arguments(&mut self) {
        let mut right = Vec::new();
        for (declaration, schema) in self.declarations.resources.iter().zip(&self.schemas) {
            let Some(schema) = schema else { continue };
            match evaluate(declaration, schema, &|_| Some(Value::Unknown)) {
                Ok(desired) => {
                    let before = self.problems.len();
                    self.problems.extend(wrong(declaration, schema, &desired));
                    self.problems.extend(untold(self.provider, declaration, &desired));
                    if self.problems.len() == before {
                        right.push((declaration, desired));
                    }
                }
                Err(diagnostic) => self.problems.push(diagnostic),
            }
        }
        let declared: Vec<_> =
            right.iter().map(|(declaration, inputs)| Declared { declaration, inputs }).collect();
        self.problems.extend(self.provider.check_together(&declared));
        for declaration in &self.declarations.resources {
            for name in &declaration.arguments.options.ignore_changes {
                let position = self.index.get(&declaration.address).copied();
                let Some(schema) = position.and_then(|p| self.schemas[p]) else { continue };
                if schema.input(name).is_none() {
                    let hint = self.near(name, schema.inputs.iter().map(|field| field.name));
                    self.problems.push(
                        problem("plan::argument", "an argument is wrong", declaration)
                            .detail(format!(
                                "`ignore_changes` names `{name}`, which is not an argument of {}",
                                schema.type_name
                            ))
                            .hints(hint),
                    );
                }
            }
        }
    }

    fn cycles(&mut self, waits: &[Vec<usize>]) {
        for path in graph::circle_paths(waits) {
            let nodes = path.iter().map(|node| &self.declarations.resources[*node]);
            let shown: Vec<_> = nodes.clone().map(|d| d.address.as_str()).collect();
            let lines: Vec<_> = nodes
                .skip(1)
                .map(|d| format!("`{}` is declared at {}", d.address, place(d.location.as_ref())))
                .collect();
            let first = &self.declarations.resources[path[0]];
            self.problems.push(
                problem("plan::cycle", "resources depend on one another in a circle", first)
                    .detail(format!("{}\n{}", shown.join(" -> "), lines.join("\n")))
                    .hint("take one of the references out, or make it a resource of its own"),
            );
        }
    }

    /// Whether the program has said it already.
    fn reported(&self, code: &str, location: &Option<Location>) -> bool {
        self.declarations.diagnostics.iter().any(|d| d.code == code && d.location == *location)
    }

    fn near<'n>(&self, name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
        if self.problems.len() < HINTED { near(name, names) } else { None }
    }
}

/// A hint with the name that was probably meant.
pub(crate) fn near<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    nearest(name, names).map(meant)
}

/// The inputs that a declaration asks for: evaluated, with our defaults, sensitive ones marked,
/// and without what is null.
pub(crate) fn evaluate(
    declaration: &Declaration,
    schema: &Schema,
    resolve: &dyn Fn(&Reference) -> Option<Value>,
) -> Result<Object, Diagnostic> {
    let mut desired = Object::new();
    for (name, expr) in &declaration.arguments.inputs {
        let value = expr.evaluate(resolve).map_err(|error| {
            problem("plan::evaluate", "an argument has no value", declaration)
                .detail(format!("`{name}`: {error}"))
        })?;
        if !value.is_null() {
            desired.insert(name.clone(), value);
        }
    }
    schema.fill_defaults(&mut desired);
    compare::mark(schema.inputs, &mut desired);
    Ok(desired)
}

/// What is wrong with the known parts of inputs.
pub(crate) fn wrong<'a>(
    declaration: &'a Declaration,
    schema: &Schema,
    desired: &'a Object,
) -> impl Iterator<Item = Diagnostic> + 'a {
    // What is recorded as a digest was right when it was declared.
    schema.check(&digest::as_unknown(desired)).into_iter().map(move |wrong| {
        let name = wrong.path.split(['.', '[']).next().unwrap_or_default();
        let message = match desired.get(name) {
            Some(value) => compare::redact(wrong.message, value),
            None => wrong.message,
        };
        problem("plan::argument", "an argument is wrong", declaration)
            .detail(format!("`{}` {message}", wrong.path))
    })
}

/// Why `adopt_existing` cannot tell which object is meant.
fn untold(
    provider: &dyn Provider,
    declaration: &Declaration,
    desired: &Object,
) -> Option<Diagnostic> {
    let options = &declaration.arguments.options;
    let type_name = &declaration.type_name;
    let refuse = |detail: String| {
        problem("plan::adopt-existing", "it cannot be told which object is meant", declaration)
            .detail(detail)
    };
    if !options.adopt_existing {
        None
    } else if options.import_id.is_some() {
        Some(
            refuse(
                "`adopt_existing` finds an object by its name, and `import_id` by its id".into(),
            )
            .hint("remove one of the two"),
        )
    } else if !provider.tells_existing(type_name, desired) {
        Some(
            refuse(format!(
                "`adopt_existing`: these arguments of the {type_name} do not name one object"
            ))
            .hint("give it a name if the type has one, or name the object with `import_id`"),
        )
    } else {
        None
    }
}

/// An error about a declaration.
pub(crate) fn problem(code: &str, summary: &str, declaration: &Declaration) -> Diagnostic {
    Diagnostic::error(code, summary)
        .address(&declaration.address)
        .location(declaration.location.clone())
}

fn located(code: &str, summary: &str, about: Option<(&Address, Option<&Location>)>) -> Diagnostic {
    let diagnostic = Diagnostic::error(code, summary);
    match about {
        Some((address, location)) => diagnostic.address(address).location(location.cloned()),
        None => diagnostic,
    }
}

fn place(location: Option<&Location>) -> String {
    location.map_or_else(|| "an unknown place".to_owned(), ToString::to_string)
}

/// Adds hints that may not be there.
pub(crate) trait Hints {
    /// Adds a hint if there is one.
    fn hints(self, hint: Option<String>) -> Self;
}

impl Hints for Diagnostic {
    fn hints(mut self, hint: Option<String>) -> Self {
        self.hints.extend(hint);
        self
    }
}
