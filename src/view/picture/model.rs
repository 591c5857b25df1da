//! What is drawn: resources, the outputs that stacks read of one another, and who needs whom.
//!
//! The main type is [`Model`].

use std::collections::{BTreeMap, BTreeSet};

use infra_engine::{Action, Change, Plan};
use infra_sdk::{Address, Declaration, Declarations, Expr, External};

/// A graph of some stacks.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// The names of the stacks, in order.
    pub(super) stacks: Vec<String>,
    /// Resources by stack and in order of declaration, then what stacks read of one another.
    pub(super) nodes: Vec<Node>,
    /// From what needs to what is needed, by the numbers of the nodes; sorted, each once.
    pub(super) arrows: BTreeSet<(usize, usize)>,
}

/// Something that is drawn.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The stack that it belongs to, or is published by.
    pub(super) stack: usize,
    /// The address, or the name of an output.
    pub(super) name: String,
    /// What it is.
    pub(super) sort: Sort,
    /// Where in the plan of its stack it stands.
    pub(super) change: Option<usize>,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Sort {
    /// A resource of this type, and what is to happen to it.
    Resource(String, Action),
    /// An output that another stack reads.
    Output,
}

impl Model {
    /// The graph of what stacks declare.
    pub(crate) fn declared(stacks: &[(&str, &Declarations)]) -> Self {
        let stacks: Vec<_> =
            stacks.iter().map(|(name, declared)| (*name, *declared, None)).collect();
        Self::new(&stacks)
    }

    /// The graph of what stacks declare and of what is taken away, with what happens to each.
    pub(crate) fn planned(stacks: &[(&str, &Declarations, &Plan)]) -> Self {
        let stacks: Vec<_> =
            stacks.iter().map(|(name, declared, plan)| (*name, *declared, Some(*plan))).collect();
        Self::new(&stacks)
    }

    fn new(stacks: &[(&str, &Declarations, Option<&Plan>)]) -> Self {
        let mut model = Self::default();
        let mut numbers = BTreeMap::new();
        let mut needs: Vec<(usize, usize, BTreeSet<&Address>)> = Vec::new();
        let mut read: BTreeMap<&External, BTreeSet<usize>> = BTreeMap::new();
        for (stack, (name, declarations, plan)) in stacks.iter().enumerate() {
            model.stacks.push((*name).to_owned());
            let changes = changes(*plan);
            for resource in &declarations.resources {
                let change = changes.get(&resource.address).copied();
                let action = change.map_or(Action::NoOp, |(_, change)| change.action);
                let node = model.nodes.len();
                for external in resource.arguments.inputs.values().flat_map(Expr::externals) {
                    read.entry(external).or_default().insert(node);
                }
                needs.push((stack, node, needed(resource)));
                numbers.insert((stack, &resource.address), node);
                model.nodes.push(Node {
                    stack,
                    name: resource.address.to_string(),
                    sort: Sort::Resource(resource.type_name.clone(), action),
                    change: change.map(|(number, _)| number),
                });
            }
            // What is no longer declared needs what its record says.
            for (number, change) in changes.into_values() {
                let node = model.nodes.len();
                if numbers.contains_key(&(stack, &change.address)) {
                    continue;
                }
                needs.push((stack, node, change.dependencies.iter().collect()));
                numbers.insert((stack, &change.address), node);
                model.nodes.push(Node {
                    stack,
                    name: change.address.to_string(),
                    sort: Sort::Resource(change.type_name.clone(), change.action),
                    change: Some(number),
                });
            }
        }
        for (stack, node, needed) in needs {
            let needed = needed.into_iter().filter_map(|address| numbers.get(&(stack, address)));
            model.arrows.extend(needed.map(|needed| (node, *needed)));
        }
        model.between(stacks, &numbers, read);
        model
    }

    /// The outputs that are read of another stack, and what they are made of.
    fn between(
        &mut self,
        stacks: &[(&str, &Declarations, Option<&Plan>)],
        numbers: &BTreeMap<(usize, &Address), usize>,
        read: BTreeMap<&External, BTreeSet<usize>>,
    ) {
        for (external, readers) in read {
            let node = self.nodes.len();
            let known = self.stacks.iter().position(|stack| *stack == external.stack);
            let stack = known.unwrap_or_else(|| {
                self.stacks.push(external.stack.clone());
                self.stacks.len() - 1
            });
            self.nodes.push(Node {
                stack,
                name: external.output.clone(),
                sort: Sort::Output,
                change: None,
            });
            self.arrows.extend(readers.into_iter().map(|reader| (reader, node)));
            let declared = stacks.get(stack).map(|(_, declarations, _)| *declarations);
            let outputs = declared.into_iter().flat_map(|declared| &declared.outputs);
            for output in outputs.filter(|output| output.name == external.output) {
                let made_of = output.expr.references().into_iter();
                let made_of = made_of.filter_map(|of| numbers.get(&(stack, &of.address)));
                self.arrows.extend(made_of.map(|of| (node, *of)));
            }
        }
    }

    /// The part that changes, with what is next to it.
    pub(super) fn what_changes(&self) -> Self {
        let moves = |number: usize| {
            !matches!(self.nodes[number].sort, Sort::Resource(_, Action::NoOp) | Sort::Output)
        };
        let near = self.arrows.iter().filter(|(from, to)| moves(*from) || moves(*to));
        let near = near.flat_map(|(from, to)| [*from, *to]);
        let kept: BTreeSet<_> = (0..self.nodes.len()).filter(|n| moves(*n)).chain(near).collect();
        let numbers: BTreeMap<_, _> =
            kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        let arrows = self.arrows.iter();
        let arrows = arrows.filter_map(|(from, to)| Some((*numbers.get(from)?, *numbers.get(to)?)));
        Self {
            stacks: self.stacks.clone(),
            nodes: kept.iter().map(|number| self.nodes[*number].clone()).collect(),
            arrows: arrows.collect(),
        }
    }

    /// How a node is called among those of all stacks.
    pub(super) fn title(&self, node: &Node) -> String {
        let stack = self.stacks.get(node.stack).map_or("", String::as_str);
        match node.sort {
            Sort::Resource(..) => format!("{stack}/{}", node.name),
            Sort::Output => format!("{stack}/output {}", node.name),
        }
    }
}

/// The change of each address; one of a deposed object is beside that of its resource.
fn changes(plan: Option<&Plan>) -> BTreeMap<&Address, (usize, &Change)> {
    let all = plan.into_iter().flat_map(|plan| plan.changes.iter().enumerate());
    let of_resources = all.filter(|(_, change)| !change.deposed);
    of_resources.map(|(number, change)| (&change.address, (number, change))).collect()
}

/// The resources that a declaration refers to or waits for.
fn needed(declaration: &Declaration) -> BTreeSet<&Address> {
    let inputs = declaration.arguments.inputs.values().flat_map(|expr| expr.references());
    let options = &declaration.arguments.options;
    inputs.map(|reference| &reference.address).chain(&options.depends_on).collect()
}
