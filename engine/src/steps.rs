//! Steps: the operations of a plan and what each has to wait for.
//!
//! The main function is [`steps`]. What is made waits for what it refers to; what is deleted waits
//! until everything that used it is deleted or has moved away. Where these wishes contradict one
//! another the weaker one yields, see [`Strength`].

use std::collections::{HashMap, HashSet};

use infra_sdk::{Address, Value};

use crate::event::Operation;
use crate::graph;
use crate::plan::{Action, Change};
use crate::work::Step;

/// How much an edge matters. An edge that closes a circle is dropped, the weakest first; edges of
/// the last sort alone never close one, because declarations do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// What still uses an object is changed to use another before the object is deleted.
    MoveAwayFirst,
    /// As `DeleteFirst`, where a record stands for several objects, so that which of them needed
    /// what is not known for sure.
    DeleteFirstPerhaps,
    /// As `DeleteFirst`, where nothing in the object names the other: `depends_on`.
    DeleteFirstAsDeclared,
    /// Objects are deleted before what they refer to. Records come from runs that may have been
    /// interrupted, and can contradict one another.
    DeleteFirst,
    /// Values, and the two halves of a replacement.
    Always,
}

/// The steps of some changes and, for each step, those that wait for it.
///
/// `waits` has for each change the changes whose making it waits for; `outlived_by` has the
/// addresses that its record says must outlive it.
pub(crate) fn steps(
    changes: &[Change],
    waits: &[Vec<usize>],
    outlived_by: &[Vec<Address>],
) -> (Vec<Step>, Vec<Vec<usize>>) {
    let mut builder = Builder::new(changes);
    builder.makes(waits);
    builder.replacements();
    builder.deletions(outlived_by);
    builder.finish()
}

struct Builder<'a> {
    changes: &'a [Change],
    steps: Vec<Step>,
    edges: Vec<(usize, usize, Strength)>,
    /// By change: the step that makes, updates, awaits or does nothing.
    make: Vec<Option<usize>>,
    /// By change: the step that deletes.
    delete: Vec<Option<usize>>,
    /// By address: all changes that delete something of it.
    deleting: HashMap<&'a Address, Vec<usize>>,
    /// By address: the change that is about the resource itself.
    main: HashMap<&'a Address, usize>,
    /// Addresses of which something is left over.
    left_over: HashSet<&'a Address>,
}

impl<'a> Builder<'a> {
    fn new(changes: &'a [Change]) -> Self {
        let mut builder = Self {
            changes,
            steps: Vec::new(),
            edges: Vec::new(),
            make: vec![None; changes.len()],
            delete: vec![None; changes.len()],
            deleting: HashMap::new(),
            main: HashMap::new(),
            left_over: changes.iter().filter(|c| c.deposed).map(|c| &c.address).collect(),
        };
        for (index, change) in changes.iter().enumerate() {
            let (make, delete) = match change.action {
                Action::NoOp | Action::Import => (Some(None), false),
                Action::Await => (Some(Some(Operation::Await)), false),
                Action::Create => (Some(Some(Operation::Create)), false),
                Action::Update => (Some(Some(Operation::Update)), false),
                Action::Replace { .. } => (Some(Some(Operation::Create)), true),
                Action::Delete => (None, true),
                Action::Forget => (None, false),
            };
            // A change that does nothing has a step too: what needs it waits for what it needs.
            builder.make[index] = make.map(|operation| builder.step(index, operation));
            if delete {
                builder.delete[index] = Some(builder.step(index, Some(Operation::Delete)));
                builder.deleting.entry(&change.address).or_default().push(index);
            }
            if !change.deposed {
                builder.main.insert(&change.address, index);
            }
        }
        builder
    }

    fn step(&mut self, change: usize, operation: Option<Operation>) -> usize {
        self.steps.push(Step { change, operation });
        self.steps.len() - 1
    }

    fn edge(&mut self, from: Option<usize>, to: Option<usize>, strength: Strength) {
        if let (Some(from), Some(to)) = (from, to) {
            self.edges.push((from, to, strength));
        }
    }

    fn makes(&mut self, waits: &[Vec<usize>]) {
        for (change, waits) in waits.iter().enumerate() {
            for &other in waits {
                self.edge(self.make[other], self.make[change], Strength::Always);
            }
        }
    }

    /// The order of steps at one address.
    fn replacements(&mut self) {
        for (index, change) in self.changes.iter().enumerate() {
            if change.deposed {
                // A record goes with the last of its objects, which is its own.
                let Some(&main) = self.main.get(&change.address) else { continue };
                let last = matches!(
                    self.changes[main].action,
                    Action::Delete | Action::Replace { create_first: false }
                );
                if last {
                    self.edge(self.delete[index], self.delete[main], Strength::Always);
                }
            } else if let Action::Replace { create_first } = change.action {
                let (first, second) = match create_first {
                    true => (self.make[index], self.delete[index]),
                    false => (self.delete[index], self.make[index]),
                };
                self.edge(first, second, Strength::Always);
            }
        }
    }

    fn deletions(&mut self, outlived_by: &[Vec<Address>]) {
        for (index, needed) in outlived_by.iter().enumerate() {
            let moves_away = !self.changes[index].deposed
                && matches!(
                    self.changes[index].action,
                    Action::Update | Action::Await | Action::Create
                );
            for address in needed {
                let Some(others) = self.deleting.get(address) else { continue };
                for &other in &others.clone() {
                    let strength = self.needs(index, other);
                    self.edge(self.delete[index], self.delete[other], strength);
                    let at_once =
                        self.changes[other].action == Action::Replace { create_first: false };
                    if moves_away && !at_once {
                        let (make, delete) = (self.make[index], self.delete[other]);
                        self.edge(make, delete, Strength::MoveAwayFirst);
                    }
                }
            }
        }
    }

    /// How sure it is that the object of one change needs that of another, which its record names.
    /// A record with left-over objects names what any of them needs; then the ids in its attributes
    /// tell.
    fn needs(&self, user: usize, used: usize) -> Strength {
        let (user, used) = (&self.changes[user], &self.changes[used]);
        let several = |change: &Change| self.left_over.contains(&change.address);
        let names = |id: &String| {
            user.before.iter().flat_map(|before| before.values()).any(|value| mentions(value, id))
        };
        if used.id.iter().any(names) {
            Strength::DeleteFirst
        } else if several(user) || several(used) {
            Strength::DeleteFirstPerhaps
        } else {
            Strength::DeleteFirstAsDeclared
        }
    }

    fn finish(mut self) -> (Vec<Step>, Vec<Vec<usize>>) {
        let mut followers = self.followers();
        let yielding = [
            Strength::MoveAwayFirst,
            Strength::DeleteFirstPerhaps,
            Strength::DeleteFirstAsDeclared,
            Strength::DeleteFirst,
        ];
        for weakest in yielding {
            if graph::sort(&graph::reverse(&followers)).len() == self.steps.len() {
                break;
            }
            let circles = graph::circles(&followers);
            self.edges.retain(|(from, to, strength)| {
                *strength != weakest || circles.get(from).is_none_or(|g| circles.get(to) != Some(g))
            });
            followers = self.followers();
        }
        (self.steps, followers)
    }

    fn followers(&self) -> Vec<Vec<usize>> {
        let mut followers = vec![Vec::new(); self.steps.len()];
        for (from, to, _) in &self.edges {
            followers[*from].push(*to);
        }
        for list in &mut followers {
            list.sort_unstable();
            list.dedup();
        }
        followers
    }
}

/// Whether a text is somewhere in a value.
fn mentions(value: &Value, text: &str) -> bool {
    match value.reveal() {
        Value::String(content) => content == text,
        Value::List(items) => items.iter().any(|item| mentions(item, text)),
        Value::Map(entries) => entries.values().any(|item| mentions(item, text)),
        _ => false,
    }
}
