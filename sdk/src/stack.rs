//! The stack: where a program declares resources, looks things up and names its outputs.
//!
//! The main type is [`Stack`]. Declaring never fails on the spot: what is wrong is collected, with
//! the line of the declaration, so that one run reports everything.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::rc::Rc;

use crate::options::{Arguments, CommonOptions, Waiver};
use crate::{
    Address, Diagnostic, Expr, FieldType, Home, IntoText, Kind, Location, ReadDeclaration, Region,
    Result, Value,
};

/// The environment that the stack is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name: `staging`.
    pub name: String,
    /// Its region: `us-west-2`.
    pub region: String,
    /// Whether it refuses destruction and asks before it applies.
    pub protected: bool,
}

impl Environment {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Whether it refuses destruction and asks before it applies.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.protected
    }
}

/// A declaration that can be added to a stack in region `R`: a builder that a derive made.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be added to a stack in region `{R}`",
    note = "required arguments are given to `new`; regional resources belong to the region that their references come from"
)]
pub trait Declare<R: Region>: CommonOptions {
    /// What `add` returns: typed attributes of the resource.
    type Handle;

    /// Terraform's name of the type: `aws_vpc`.
    const TYPE: &'static str;

    /// The arguments and options.
    fn into_arguments(self) -> Arguments;

    /// The handle of the resource at an address.
    fn handle(address: Address) -> Self::Handle;
}

/// A question to AWS that is answered while the program runs.
pub trait Lookup {
    /// What the answer is.
    type Answer: FieldType;

    /// Terraform's name of the data source: `aws_availability_zones`.
    const NAME: &'static str;

    /// The arguments of the question.
    fn arguments(&self) -> BTreeMap<String, Value>;
}

/// A resource as declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// Where it stands in the stack.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// Arguments and options.
    pub arguments: Arguments,
    /// The line of `add`.
    pub location: Option<Location>,
}

/// An output of the stack as declared.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputDeclaration {
    /// Its name.
    pub name: String,
    /// Its value.
    pub expr: Expr,
    /// The line of `output`.
    pub location: Option<Location>,
}

/// A resource that is to be forgotten, as declared: its object stays.
#[derive(Debug, Clone, PartialEq)]
pub struct Forgotten {
    /// Where it is recorded.
    pub address: Address,
    /// The line of `forget`.
    pub location: Option<Location>,
}

/// Everything that a program declared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declarations {
    /// Resources, in order of declaration.
    pub resources: Vec<Declaration>,
    /// Resources to forget, in order of declaration.
    pub forgotten: Vec<Forgotten>,
    /// Outputs, in order of declaration.
    pub outputs: Vec<OutputDeclaration>,
    /// What is read of other stacks, in order of declaration.
    pub reads: Vec<ReadDeclaration>,
    /// Rules that the stack as a whole may break.
    pub waivers: Vec<Waiver>,
    /// Whether the program has checks for the stack.
    pub has_checks: bool,
    /// What was wrong on the way.
    pub diagnostics: Vec<Diagnostic>,
}

/// Answers lookups: the engine at the other end of the pipe, or a test.
pub trait Answerer {
    /// The answer to a lookup.
    ///
    /// # Errors
    /// When AWS refuses, or nobody is there to ask.
    fn answer(
        &mut self,
        name: &str,
        arguments: &BTreeMap<String, Value>,
        region: Option<&str>,
        location: &Location,
    ) -> std::result::Result<Value, Diagnostic>;
}

/// The key of [`Home`] among the regions that were entered; no region type has an empty name.
const HOME: &str = "";

struct Shared {
    name: Option<String>,
    declared: Declarations,
    addresses: BTreeSet<Address>,
    regions: BTreeMap<&'static str, String>,
    answerer: Box<dyn Answerer>,
}

/// Where a program declares its resources. `R` is the region, by default the environment's.
pub struct Stack<R: Region = Home> {
    shared: Rc<RefCell<Shared>>,
    environment: Environment,
    scope: Option<String>,
    region: PhantomData<R>,
}

impl Stack {
    /// An empty stack. Programs are given theirs; tests make one.
    #[must_use]
    pub fn new(environment: Environment, answerer: Box<dyn Answerer>) -> Self {
        let shared = Shared {
            name: None,
            declared: Declarations::default(),
            addresses: BTreeSet::new(),
            regions: BTreeMap::new(),
            answerer,
        };
        Self {
            shared: Rc::new(RefCell::new(shared)),
            environment,
            scope: None,
            region: PhantomData,
        }
    }

    /// The same stack with a name, by which it knows its own outputs. Programs are given theirs so.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        self.shared.borrow_mut().name = Some(name.to_owned());
        self
    }

    /// Puts what is declared and looked up from here on into a region, whatever region the
    /// environment has: for systems of one environment that stand in different ones.
    pub fn enter_region(&mut self, region: &str) {
        if self.environment.region != region {
            region.clone_into(&mut self.environment.region);
            self.shared.borrow_mut().regions.insert(HOME, region.to_owned());
        }
    }

    /// Everything declared so far; leaves the stack empty.
    #[must_use]
    pub fn take_declarations(&mut self) -> Declarations {
        std::mem::take(&mut self.shared.borrow_mut().declared)
    }
}

impl<R: Region> Stack<R> {
    /// The environment that the stack is made for.
    #[must_use]
    pub fn env(&self) -> &Environment {
        &self.environment
    }

    /// The region that resources declared here stand in.
    #[must_use]
    pub fn region(&self) -> String {
        self.region_override().unwrap_or_else(|| self.environment.region.clone())
    }

    /// Declares a resource and returns its typed handle.
    ///
    /// The name is the last segment of the address: `vpc` in the scope `network` is `network.vpc`.
    #[track_caller]
    pub fn add<D: Declare<R>>(&mut self, name: impl AsRef<str>, declaration: D) -> D::Handle {
        let location = Location::caller();
        let address = self.address(name.as_ref(), &location);
        let mut arguments = declaration.into_arguments();
        arguments.options.region = self.region_override();
        if let Some(from) = &arguments.options.moved_from
            && let Err(error) = Address::parse(from)
        {
            self.report(
                Diagnostic::error("stack::address", "`moved_from` is not an address")
                    .detail(error.to_string())
                    .address(&address)
                    .location(Some(location.clone())),
            );
        }
        for waiver in &arguments.options.waivers {
            self.check_waiver(waiver, Some(&address), &location);
        }
        self.shared.borrow_mut().declared.resources.push(Declaration {
            address: address.clone(),
            type_name: D::TYPE.to_owned(),
            arguments,
            location: Some(location),
        });
        D::handle(address)
    }

    /// Says that what is recorded at an address, and no longer declared, is to be forgotten and not
    /// destroyed: its object stays as it is. The address is the one inside this scope, such as
    /// `network.old`. The line may stay when it is done, and harms nothing.
    #[track_caller]
    pub fn forget(&mut self, address: impl AsRef<str>) {
        let location = Location::caller();
        match Address::parse(&self.full(address.as_ref())) {
            Ok(address) => {
                let forgotten = Forgotten { address, location: Some(location) };
                self.shared.borrow_mut().declared.forgotten.push(forgotten);
            }
            Err(error) => self.report(
                Diagnostic::error("stack::address", "what is to be forgotten is not an address")
                    .detail(error.to_string())
                    .location(Some(location))
                    .hint("write the address of the record, as `infra state list` shows it"),
            ),
        }
    }

    /// Runs a function in a scope: what it adds stands under `name.`.
    pub fn scope<T>(&mut self, name: &str, declare: impl FnOnce(&mut Self) -> T) -> T {
        let scope = self.full(name);
        let mut inner = Self {
            shared: Rc::clone(&self.shared),
            environment: self.environment.clone(),
            scope: Some(scope),
            region: PhantomData,
        };
        declare(&mut inner)
    }

    /// The same stack in another region: what is added there stands in `region` and its attributes
    /// are not accepted here, where AWS would not accept them either.
    #[must_use]
    pub fn in_region<Other: Region>(&mut self, region: &str) -> Stack<Other> {
        if let Some(name) = Other::NAME {
            self.shared.borrow_mut().regions.insert(name, region.to_owned());
        }
        Stack {
            shared: Rc::clone(&self.shared),
            environment: self.environment.clone(),
            scope: self.scope.clone(),
            region: PhantomData,
        }
    }

    /// Asks AWS and waits for the answer.
    ///
    /// # Errors
    /// When AWS refuses the question; the error points at this call.
    #[track_caller]
    pub fn lookup<L: Lookup>(&mut self, lookup: L) -> Result<L::Answer> {
        let location = Location::caller();
        let region = self.region_override();
        let answer = self.shared.borrow_mut().answerer.answer(
            L::NAME,
            &lookup.arguments(),
            region.as_deref(),
            &location,
        )?;
        Ok(L::Answer::from_value(&answer).map_err(|error| {
            Diagnostic::error("stack::lookup", "the answer to a lookup has another shape")
                .detail(format!("{}: {error}", L::NAME))
                .location(Some(location))
        })?)
    }

    /// Names a value that `infra output` prints and other stacks may read.
    #[track_caller]
    pub fn output(&mut self, name: impl AsRef<str>, value: impl IntoText) {
        self.output_expr(name.as_ref(), value.into_text(), Location::caller());
    }

    /// Names a list of values.
    #[track_caller]
    pub fn output_list<T: IntoText>(
        &mut self,
        name: impl AsRef<str>,
        values: impl IntoIterator<Item = T>,
    ) {
        let items = values.into_iter().map(IntoText::into_text).collect();
        self.output_expr(name.as_ref(), Expr::List(items), Location::caller());
    }

    /// Lets the stack as a whole break a rule of the checks: one that asks for something that the
    /// stack does not have. A resource has [`waive`](CommonOptions::waive) of its own.
    #[track_caller]
    pub fn waive(&mut self, code: &str, reason: &str) {
        let waiver = Waiver { code: code.to_owned(), reason: reason.to_owned() };
        self.check_waiver(&waiver, None, &Location::caller());
        self.shared.borrow_mut().declared.waivers.push(waiver);
    }

    fn check_waiver(&mut self, waiver: &Waiver, address: Option<&Address>, location: &Location) {
        if waiver.reason.trim().is_empty() {
            let mut diagnostic = Diagnostic::error("stack::waiver", "a waiver has no reason")
                .detail(format!("`{}` is waived", waiver.code))
                .location(Some(location.clone()))
                .hint("say why the rule may be broken here: it stands in every report");
            diagnostic.address = address.cloned();
            self.report(diagnostic);
        }
    }

    /// Reports something to the user without failing on the spot.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.shared.borrow_mut().declared.diagnostics.push(diagnostic);
    }

    /// The name of the stack, if it has one.
    pub(crate) fn name(&self) -> Option<String> {
        self.shared.borrow().name.clone()
    }

    pub(crate) fn declare_read(&mut self, read: ReadDeclaration) {
        self.shared.borrow_mut().declared.reads.push(read);
    }

    pub(crate) fn output_expr(&mut self, name: &str, expr: Expr, location: Location) {
        let mut shared = self.shared.borrow_mut();
        let declared = &mut shared.declared;
        if declared.outputs.iter().any(|output| output.name == name) {
            declared.diagnostics.push(
                Diagnostic::error("stack::output", "two outputs have one name")
                    .detail(format!("`{name}` is declared again here"))
                    .location(Some(location.clone())),
            );
        }
        declared.outputs.push(OutputDeclaration {
            name: name.to_owned(),
            expr,
            location: Some(location),
        });
    }

    fn region_override(&self) -> Option<String> {
        self.shared.borrow().regions.get(R::NAME.unwrap_or(HOME)).cloned()
    }

    /// A name with the scopes that it stands in.
    fn full(&self, name: &str) -> String {
        match &self.scope {
            Some(scope) => format!("{scope}.{name}"),
            None => name.to_owned(),
        }
    }

    /// The full address of a name; what is wrong with it is reported, and a stand-in goes on.
    fn address(&mut self, name: &str, location: &Location) -> Address {
        let full = self.full(name);
        let mut shared = self.shared.borrow_mut();
        let parsed = if name.contains('.') {
            Err(format!("`{name}` has a dot; use `stack.scope` to group resources"))
        } else {
            Address::parse(&full).map_err(|error| error.to_string())
        };
        match parsed {
            Ok(address) => {
                if !shared.addresses.insert(address.clone()) {
                    let first = shared
                        .declared
                        .resources
                        .iter()
                        .find(|known| known.address == address)
                        .and_then(|known| known.location.as_ref())
                        .map(|place| format!("first declared at {place}"));
                    shared.declared.diagnostics.push(
                        Diagnostic::error("stack::duplicate", "two resources have one address")
                            .detail(first.unwrap_or_default())
                            .address(&address)
                            .location(Some(location.clone()))
                            .hint("give this one another name, or put it in a scope of its own"),
                    );
                }
                address
            }
            Err(why) => {
                shared.declared.diagnostics.push(
                    Diagnostic::error("stack::address", "a resource has an unusable name")
                        .detail(why)
                        .location(Some(location.clone()))
                        .hint("use lower-case letters, digits, `-` and `_`"),
                );
                Address::stand_in(shared.declared.resources.len())
            }
        }
    }
}

/// What a lookup returns, for placeholders and docs: see the provider port.
#[derive(Debug)]
pub struct LookupSchema {
    /// Terraform's name of the data source.
    pub name: &'static str,
    /// What it answers, in Markdown.
    pub doc: &'static str,
    /// Shape of the answer.
    pub answer: Kind,
    /// A typed placeholder for `validate` without a cloud, for a region.
    pub placeholder: fn(region: &str) -> Value,
}
