//! Rules between the arguments of a type, for `#[resource(validate = …)]`: the one place that they
//! are made of, so that a rule has the same words wherever it stands.
//!
//! The main type is [`Rules`]. A value that is not known yet counts as given and is not looked into:
//! it is asked for.

use infra_sdk::kind::{Problem, is_empty};
use infra_sdk::{Object, Value};

/// How many characters stand behind `name_prefix` in a name that is made from it. Source:
/// Terraform's `id.UniqueIDSuffixLength`.
pub(crate) const MADE_SUFFIX: usize = 26;

/// The two arguments that name something: its name, or the beginning of one that is made.
const NAMES: [&str; 2] = ["name", "name_prefix"];

/// What names of queues and topics end with that keep the order of messages. Source: SNS and SQS API
/// References, CreateTopic and CreateQueue.
pub(crate) const FIFO: &str = ".fifo";

/// What a service says about a text, most often a name.
pub(crate) struct NameRule {
    /// The fewest characters.
    pub(crate) shortest: usize,
    /// The most characters.
    pub(crate) longest: usize,
    /// Whether a character may stand in it.
    pub(crate) allows: fn(char) -> bool,
    /// The characters in words.
    pub(crate) characters: &'static str,
}

impl NameRule {
    /// # Errors
    /// What is wrong with a text, as a fragment.
    pub(crate) fn check(&self, text: &str) -> Result<(), String> {
        if let Some(wrong) = wrong_length(text, self.shortest, self.longest) {
            return Err(wrong);
        }
        text.chars().find(|c| !(self.allows)(*c)).map_or(Ok(()), |odd| {
            Err(format!("must be made of {}, without `{}`", self.characters, odd.escape_default()))
        })
    }
}

/// What is wrong with the length of a text in characters, as a fragment.
pub(crate) fn wrong_length(text: &str, shortest: usize, longest: usize) -> Option<String> {
    let length = text.chars().count();
    (!(shortest..=longest).contains(&length))
        .then(|| format!("must have {shortest} to {longest} characters, not {length}"))
}

/// Collects what is wrong with the arguments of a resource, or of a block in it.
pub(crate) struct Rules<'a> {
    inputs: &'a Object,
    /// What stands before the name of an argument: `rule[0].`, and nothing for a resource.
    path: String,
    problems: Vec<Problem>,
}

impl<'a> Rules<'a> {
    /// Nothing wrong yet.
    pub(crate) fn new(inputs: &'a Object) -> Self {
        Self { inputs, path: String::new(), problems: Vec::new() }
    }

    /// Whether an argument is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.inputs.get(name).is_some_and(|value| !is_empty(value))
    }

    /// The text of an argument, where it is known.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.inputs.get(name)?.as_str()
    }

    /// What is given inside of blocks, by the names that lead there.
    pub(crate) fn within(&self, path: &[&str]) -> Option<&'a Value> {
        let (first, rest) = path.split_first()?;
        let inside = |value: &'a Value, name: &&str| value.as_map()?.get(*name);
        let found = rest.iter().try_fold(self.inputs.get(*first)?, inside)?;
        (!found.is_null()).then_some(found)
    }

    /// The texts of a list, as far as they are known.
    pub(crate) fn texts(&self, name: &str) -> Vec<&'a str> {
        let items = self.inputs.get(name).and_then(Value::as_list).unwrap_or_default();
        items.iter().filter_map(Value::as_str).collect()
    }

    /// How many values a list has.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.items(name).map_or(0, <[Value]>::len)
    }

    /// The blocks of a list, as far as they are known.
    pub(crate) fn maps(&self, name: &str) -> Vec<&'a Object> {
        self.items(name).unwrap_or_default().iter().filter_map(Value::as_map).collect()
    }

    /// The items of a list, where they are known.
    pub(crate) fn items(&self, name: &str) -> Option<&'a [Value]> {
        self.inputs.get(name)?.as_list()
    }

    /// The entries of a map, where they are known.
    pub(crate) fn entries(&self, name: &str) -> Option<&'a Object> {
        self.inputs.get(name)?.as_map()
    }

    /// The text of an argument for a message, in which a sensitive one must not stand.
    pub(crate) fn shown(&self, name: &str) -> String {
        match self.inputs.get(name) {
            Some(Value::String(text)) => format!("`{text}`"),
            _ => "(sensitive value)".to_owned(),
        }
    }

    /// The number of an argument, where it is known.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.inputs.get(name)?.as_int()
    }

    /// Whether an argument is known to be `true`.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.inputs.get(name).and_then(Value::as_bool) == Some(true)
    }

    /// Whether an argument is `true` or not known yet.
    pub(crate) fn may_be_true(&self, name: &str) -> bool {
        self.is_true(name) || self.inputs.get(name).is_some_and(Value::has_unknown)
    }

    /// Says what is wrong with an argument, as a fragment: `must be 60 or 600`.
    pub(crate) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.problems
            .push(Problem { path: format!("{}{name}", self.path), message: message.into() });
    }

    /// Refuses an argument that does not go together with what a fragment says.
    pub(crate) fn without(&mut self, names: &[&str], because: &str) {
        for name in names {
            if self.has(name) {
                self.refuse(name, format!("cannot be given {because}"));
            }
        }
    }

    /// Asks for arguments that what a fragment says cannot do without.
    pub(crate) fn required(&mut self, names: &[&str], because: &str) {
        for name in names {
            if !self.has(name) {
                self.refuse(name, format!("is required {because}"));
            }
        }
    }

    /// Just one of these arguments must be given.
    pub(crate) fn exactly_one(&mut self, names: &[&str]) {
        if !names.iter().any(|name| self.has(name)) {
            self.missing(names);
        }
        self.at_most_one(names);
    }

    /// No two of these arguments may be given.
    pub(crate) fn at_most_one(&mut self, names: &[&str]) {
        let mut given = names.iter().filter(|name| self.has(name));
        if let (Some(first), Some(second)) = (given.next(), given.next()) {
            let message = format!("cannot be given together with `{first}`");
            self.refuse(second, message);
        }
    }

    /// Asks for one of these arguments.
    pub(crate) fn missing(&mut self, names: &[&str]) {
        self.refuse(names[0], format!("is missing: give one of {}", quoted(names)));
    }

    /// The first of two numbers must not be greater than the second.
    pub(crate) fn ordered(&mut self, from: &str, to: &str) {
        if let (Some(least), Some(most)) = (self.number(from), self.number(to))
            && least > most
        {
            self.refuse(to, format!("must not be less than `{from}`, {least}"));
        }
    }

    /// An argument must be an IPv4 address.
    pub(crate) fn ipv4(&mut self, name: &str) {
        if self.text(name).is_some_and(|text| text.parse::<std::net::Ipv4Addr>().is_err()) {
            self.refuse(name, format!("{} is not an IPv4 address", self.shown(name)));
        }
    }

    /// An argument must be as the service takes such texts.
    pub(crate) fn follows(&mut self, name: &str, rule: &NameRule) {
        if let Some(Err(wrong)) = self.text(name).map(|text| rule.check(text)) {
            self.refuse(name, wrong);
        }
    }

    /// `name` and `name_prefix`: one of them at most, as the service takes names, and a prefix so
    /// short that there is room for what is put behind it.
    pub(crate) fn names(&mut self, rule: &NameRule) {
        self.at_most_one(&NAMES);
        self.follows(NAMES[0], rule);
        self.follows(NAMES[1], &NameRule { longest: rule.longest - MADE_SUFFIX, ..*rule });
    }

    /// `name` and `name_prefix` of what keeps an order where `fifo` says so: then the name ends with
    /// `.fifo`, which is put behind a name that is made.
    pub(crate) fn fifo_names(&mut self, rule: &NameRule, fifo: &str) {
        self.at_most_one(&NAMES);
        let is_fifo = self.is_true(fifo);
        let longest = rule.longest - if is_fifo { FIFO.len() } else { 0 };
        if let Some(name) = self.text(NAMES[0]) {
            let stem = name.strip_suffix(FIFO);
            if is_fifo && stem.is_none() {
                self.refuse(NAMES[0], "must end with `.fifo` to keep the order of messages");
            }
            // Of what is not known yet, the end may turn out to be right.
            let stem = stem.filter(|_| self.may_be_true(fifo)).unwrap_or(name);
            if let Err(wrong) = (NameRule { longest, ..*rule }).check(stem) {
                self.refuse(NAMES[0], wrong);
            }
        }
        self.follows(NAMES[1], &NameRule { longest: longest - MADE_SUFFIX, ..*rule });
    }

    /// A name must not begin like this, for the reason that a fragment gives: `as ids do`.
    pub(crate) fn names_not_from(&mut self, start: &str, because: &str) {
        for name in NAMES {
            if self.text(name).is_some_and(|text| text.starts_with(start)) {
                self.refuse(name, format!("must not start with `{start}`, {because}"));
            }
        }
    }

    /// Rules between the arguments of a block, or of each block of a list.
    pub(crate) fn blocks(&mut self, name: &str, rule: impl Fn(&mut Self)) {
        let inputs = self.inputs;
        let mut check = |path: String, block: &'a Value| {
            let Some(inputs) = block.as_map() else { return };
            let path = format!("{}{path}.", self.path);
            let mut inside = Self { inputs, path, problems: Vec::new() };
            rule(&mut inside);
            self.problems.extend(inside.problems);
        };
        let Some(value) = inputs.get(name) else { return };
        match value.as_list() {
            Some(blocks) => {
                for (index, block) in blocks.iter().enumerate() {
                    check(format!("{name}[{index}]"), block);
                }
            }
            None => check(name.to_owned(), value),
        }
    }

    /// Everything that is wrong.
    pub(crate) fn finish(self) -> Vec<Problem> {
        self.problems
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
