//! What a rule looks for in a request: statements of rules, and conditions, which can be combined.
//!
//! The main types are [`Statement`] and [`Condition`]. AWS lets managed groups, groups and rates
//! stand in no other statement, so that they are no conditions. A condition is recursive in Rust;
//! as data it is as deep as in Terraform, see [`Nested`].

#![expect(
    clippy::new_ret_no_self,
    reason = "the derive writes it, for blocks that a macro makes, as a builder"
)]

use std::marker::PhantomData;

use infra_sdk::{Arn, Block, DecodeError, Expr, Field, FieldType, IntoInput, Kind, Scope, Value};

use super::managed::{managed, overrides};
use super::matches::matches;
use super::rate::rate;
use super::{
    AsnMatchStatement, ByteMatchStatement, CountryCode, FieldToMatch, FieldToMatchArguments,
    GeoMatchStatement, IpSet, IpSetReferenceStatement, LabelMatchScope, LabelMatchStatement,
    ManagedRuleGroupStatement, ManagedRuleGroupStatementArguments, PositionalConstraint,
    RateBasedStatement, RateBasedStatementArguments, RegexMatchStatement, RegexPatternSet,
    RegexPatternSetReferenceStatement, RuleGroup, RuleGroupReferenceStatement,
    RuleGroupReferenceStatementArguments, SizeConstraintStatement, SqliMatchStatement,
    TextTransformation, XssMatchStatement,
};
use crate::rules::Rules;

/// Writes structs with a field for each condition, and the same fields as data.
macro_rules! conditions {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ident,)*) => {
        /// What a rule looks for: just one of these.
        #[derive(Debug, Clone, PartialEq, Block)]
        pub struct Statement {
            $($(#[doc = $doc])+ pub $name: Option<$type>,)*
            /// All of several conditions.
            pub and_statement: Option<AndStatement>,
            /// Any of several conditions.
            pub or_statement: Option<OrStatement>,
            /// What does not match a condition.
            pub not_statement: Option<NotStatement>,
            /// What the rules of a managed group look for.
            pub managed_rule_group_statement: Option<ManagedRuleGroupStatement>,
            /// What the rules of a group look for.
            pub rule_group_reference_statement: Option<RuleGroupReferenceStatement>,
            /// More requests than there may be. Not in groups of others.
            pub rate_based_statement: Option<RateBasedStatement>,
        }

        /// What is looked for in a request: just one of these.
        #[derive(Debug, Clone, PartialEq, Block)]
        pub struct Condition {
            $($(#[doc = $doc])+ pub $name: Option<$type>,)*
            /// All of several conditions.
            pub and_statement: Option<AndStatement>,
            /// Any of several conditions.
            pub or_statement: Option<OrStatement>,
            /// What does not match a condition.
            pub not_statement: Option<NotStatement>,
        }

        #[cfg(feature = "provider")]
        impl Statement {
            /// What of it is a condition.
            pub(super) fn conditions(&self) -> Condition {
                Condition {
                    $($name: self.$name.clone(),)*
                    and_statement: self.and_statement.clone(),
                    or_statement: self.or_statement.clone(),
                    not_statement: self.not_statement.clone(),
                }
            }

            /// The statement that is a condition.
            pub(super) fn of(condition: Condition) -> Self {
                Self {
                    $($name: condition.$name,)*
                    and_statement: condition.and_statement,
                    or_statement: condition.or_statement,
                    not_statement: condition.not_statement,
                    managed_rule_group_statement: None,
                    rule_group_reference_statement: None,
                    rate_based_statement: None,
                }
            }
        }

        /// The conditions that combine no others.
        impl Level for Last {
            const CONDITION: Kind = Kind::Block(&[
                $(Field {
                    doc: concat!($($doc),+).trim_ascii(),
                    ..Field::new(stringify!($name), <$type>::KIND)
                },)*
            ]);
        }

        /// All conditions, with those of the level below inside.
        impl<L: Level> Level for Above<L> {
            const CONDITION: Kind = Kind::Block(&[
                $(Field {
                    doc: concat!($($doc),+).trim_ascii(),
                    ..Field::new(stringify!($name), <$type>::KIND)
                },)*
                Field {
                    doc: "All of several conditions.",
                    ..Field::new("and_statement", Kind::Block(&[inside(Kind::List(&L::CONDITION))]))
                },
                Field {
                    doc: "Any of several conditions.",
                    ..Field::new("or_statement", Kind::Block(&[inside(Kind::List(&L::CONDITION))]))
                },
                Field {
                    doc: "What does not match a condition.",
                    ..Field::new("not_statement", Kind::Block(&[inside(L::CONDITION)]))
                },
            ]);
        }

        /// The names of all conditions.
        pub(super) const CONDITIONS: &[&str] =
            &[$(stringify!($name),)* "and_statement", "or_statement", "not_statement"];

        /// The names of all statements.
        pub(super) const STATEMENTS: &[&str] = &[
            $(stringify!($name),)*
            "and_statement",
            "or_statement",
            "not_statement",
            "managed_rule_group_statement",
            "rule_group_reference_statement",
            "rate_based_statement",
        ];
    };
}

conditions! {
    /// The network that the sender is in.
    asn_match_statement: AsnMatchStatement,
    /// A text in a part of the request.
    byte_match_statement: ByteMatchStatement,
    /// The country that the sender is in.
    geo_match_statement: GeoMatchStatement,
    /// Addresses of a set.
    ip_set_reference_statement: IpSetReferenceStatement,
    /// A label that a rule before has put on the request.
    label_match_statement: LabelMatchStatement,
    /// A regular expression.
    regex_match_statement: RegexMatchStatement,
    /// Regular expressions of a set.
    regex_pattern_set_reference_statement: RegexPatternSetReferenceStatement,
    /// The length of a part of the request.
    size_constraint_statement: SizeConstraintStatement,
    /// SQL that does not belong there.
    sqli_match_statement: SqliMatchStatement,
    /// Scripts that do not belong there.
    xss_match_statement: XssMatchStatement,
}

/// How deep conditions may stand in one another, as data: a kind is a constant and has an end.
trait Level {
    /// A condition of this level.
    const CONDITION: Kind;
}

/// Conditions that have none inside.
enum Last {}

/// Conditions that have those of a level inside.
struct Above<L>(PhantomData<L>);

/// The conditions inside of another.
const fn inside(kind: Kind) -> Field {
    Field { doc: "What is combined.", required: true, ..Field::new("statement", kind) }
}

/// A condition inside of another. It may have conditions inside, and these none: what stands in a
/// rule is three levels deep at most, as in Terraform.
#[derive(Debug, Clone, PartialEq)]
pub struct Nested(pub Box<Condition>);

impl FieldType for Nested {
    const KIND: Kind = <Above<Last> as Level>::CONDITION;

    fn to_value(&self) -> Value {
        self.0.to_value()
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        Condition::from_value(value).map(|condition| Self(Box::new(condition)))
    }
}

impl<R: Scope> IntoInput<Nested, R> for ConditionArguments<R> {
    fn into_expr(self) -> Expr {
        IntoInput::<Condition, R>::into_expr(self)
    }
}

impl<R: Scope> IntoInput<Statement, R> for ConditionArguments<R> {
    fn into_expr(self) -> Expr {
        IntoInput::<Condition, R>::into_expr(self)
    }
}

/// All of several conditions.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AndStatement {
    /// The conditions, at least two.
    #[field(required)]
    pub statement: Vec<Nested>,
}

/// Any of several conditions.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct OrStatement {
    /// The conditions, at least two.
    #[field(required)]
    pub statement: Vec<Nested>,
}

/// What does not match a condition.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NotStatement {
    /// The condition.
    pub statement: Nested,
}

impl Statement {
    /// The rules of a managed group: `Statement::managed("AWS", "AWSManagedRulesCommonRuleSet")`.
    pub fn managed<R: Scope>(
        vendor_name: impl IntoInput<String, R>,
        name: impl IntoInput<String, R>,
    ) -> ManagedRuleGroupStatementArguments<R> {
        ManagedRuleGroupStatement::new(vendor_name, name)
    }

    /// The rules of a group of one's own.
    pub fn group<R: Scope>(
        arn: impl IntoInput<Arn<RuleGroup>, R>,
    ) -> RuleGroupReferenceStatementArguments<R> {
        RuleGroupReferenceStatement::new(arn)
    }

    /// More than that many requests in five minutes from one address.
    pub fn rate<R: Scope>(limit: u32) -> RateBasedStatementArguments<R> {
        RateBasedStatement::new(limit)
    }
}

/// Makes the arguments of a statement accepted where a rule's statement is.
macro_rules! statements {
    ($($builder:ident as $type:ident: $name:literal;)*) => {$(
        impl<R: Scope> IntoInput<Statement, R> for $builder<R> {
            fn into_expr(self) -> Expr {
                let inside = IntoInput::<$type, R>::into_expr(self);
                Expr::Map([($name.to_owned(), inside)].into())
            }
        }
    )*};
}

statements! {
    ManagedRuleGroupStatementArguments as ManagedRuleGroupStatement: "managed_rule_group_statement";
    RateBasedStatementArguments as RateBasedStatement: "rate_based_statement";
    RuleGroupReferenceStatementArguments as RuleGroupReferenceStatement:
        "rule_group_reference_statement";
}

impl Condition {
    /// The sender is in one of these countries.
    pub fn geo<R: Scope>(
        country_codes: impl IntoInput<std::collections::BTreeSet<CountryCode>, R>,
    ) -> ConditionArguments<R> {
        Self::new().geo_match_statement(GeoMatchStatement::new(country_codes))
    }

    /// The sender is in one of these networks.
    pub fn asn<R: Scope>(numbers: impl IntoIterator<Item = u32>) -> ConditionArguments<R> {
        let numbers: Vec<u32> = numbers.into_iter().collect();
        Self::new().asn_match_statement(AsnMatchStatement::new(numbers))
    }

    /// The sender has an address of a set.
    pub fn ip_set<R: Scope>(arn: impl IntoInput<Arn<IpSet>, R>) -> ConditionArguments<R> {
        Self::new().ip_set_reference_statement(IpSetReferenceStatement::new(arn))
    }

    /// A rule before has put that label on the request.
    pub fn label<R: Scope>(key: impl IntoInput<String, R>) -> ConditionArguments<R> {
        Self::new().label_match_statement(LabelMatchStatement::new(LabelMatchScope::Label, key))
    }

    /// The path is that text.
    pub fn path_is<R: Scope>(path: impl IntoInput<String, R>) -> ConditionArguments<R> {
        Self::text(FieldToMatch::uri_path(), PositionalConstraint::Exactly, path)
    }

    /// The path begins with that text.
    pub fn path_starts_with<R: Scope>(path: impl IntoInput<String, R>) -> ConditionArguments<R> {
        Self::text(FieldToMatch::uri_path(), PositionalConstraint::StartsWith, path)
    }

    /// The header has just that value.
    pub fn header_is<R: Scope>(
        name: impl IntoInput<String, R>,
        value: impl IntoInput<String, R>,
    ) -> ConditionArguments<R> {
        Self::text(FieldToMatch::single_header(name), PositionalConstraint::Exactly, value)
    }

    /// A text stands in a part of the request.
    pub fn text<R: Scope>(
        part: FieldToMatchArguments<R>,
        place: PositionalConstraint,
        text: impl IntoInput<String, R>,
    ) -> ConditionArguments<R> {
        let none = [TextTransformation::none::<R>()];
        Self::new().byte_match_statement(ByteMatchStatement::new(text, place, part, none))
    }

    /// A part of the request matches a regular expression.
    pub fn regex<R: Scope>(
        part: FieldToMatchArguments<R>,
        expression: impl IntoInput<String, R>,
    ) -> ConditionArguments<R> {
        let none = [TextTransformation::none::<R>()];
        Self::new().regex_match_statement(RegexMatchStatement::new(expression, part, none))
    }

    /// A part of the request matches a regular expression of a set.
    pub fn pattern_set<R: Scope>(
        part: FieldToMatchArguments<R>,
        arn: impl IntoInput<Arn<RegexPatternSet>, R>,
    ) -> ConditionArguments<R> {
        let none = [TextTransformation::none::<R>()];
        let statement = RegexPatternSetReferenceStatement::new(arn, part, none);
        Self::new().regex_pattern_set_reference_statement(statement)
    }

    /// All of several conditions.
    pub fn all<R: Scope>(conditions: impl IntoInput<Vec<Nested>, R>) -> ConditionArguments<R> {
        Self::new().and_statement(AndStatement::new(conditions))
    }

    /// Any of several conditions.
    pub fn any<R: Scope>(conditions: impl IntoInput<Vec<Nested>, R>) -> ConditionArguments<R> {
        Self::new().or_statement(OrStatement::new(conditions))
    }

    /// What does not match a condition.
    pub fn not<R: Scope>(condition: impl IntoInput<Nested, R>) -> ConditionArguments<R> {
        Self::new().not_statement(NotStatement::new(condition))
    }
}

/// A condition. Source: WAFV2 API Reference, Statement, AndStatement, OrStatement.
pub(super) fn condition(rules: &mut Rules<'_>) {
    rules.exactly_one(CONDITIONS);
    conditions_of(rules);
}

/// The statement of a rule. Rules of groups take no other groups.
pub(super) fn statement(rules: &mut Rules<'_>, of_group: bool) {
    rules.exactly_one(STATEMENTS);
    conditions_of(rules);
    if of_group {
        let groups = ["managed_rule_group_statement", "rule_group_reference_statement"];
        rules.without(&groups, "in a group");
    }
    rules.blocks("managed_rule_group_statement", managed);
    rules.blocks("rule_group_reference_statement", overrides);
    rules.blocks("rate_based_statement", rate);
}

fn conditions_of(rules: &mut Rules<'_>) {
    matches(rules);
    for name in ["and_statement", "or_statement"] {
        rules.blocks(name, |rules| {
            if rules.has("statement") && rules.count("statement") == 1 {
                rules.refuse("statement", "must be at least two conditions");
            }
            rules.blocks("statement", condition);
        });
    }
    rules.blocks("not_statement", |rules| rules.blocks("statement", condition));
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Home, Object};

    use super::*;
    use crate::wafv2::AggregateKeyType;

    fn value(statement: impl IntoInput<Statement, Home>) -> Value {
        statement.into_expr().evaluate(&|_| None).expect("no references")
    }

    fn problems(statement: impl IntoInput<Statement, Home>, of_group: bool) -> Vec<String> {
        let value = value(statement);
        let mut problems = Vec::new();
        Statement::KIND.check("statement", &value, &mut problems);
        if problems.is_empty() {
            let inputs = Object::from([("statement".to_owned(), value)]);
            let mut rules = Rules::new(&inputs);
            rules.blocks("statement", |rules| super::statement(rules, of_group));
            problems = rules.finish();
        }
        problems.into_iter().map(|p| format!("{} {}", p.path, p.message)).collect()
    }

    #[test]
    fn conditions_stand_in_one_another_three_levels_deep() {
        let geo = || Condition::geo(["DE"]);
        let deep = Condition::all([Condition::not(geo()), Condition::any([geo(), geo()])]);
        assert_eq!(problems(deep.clone(), false), [""; 0]);
        let read = Statement::from_value(&value(deep.clone())).expect("a statement");
        assert_eq!(read.to_value(), value(deep.clone()));
        let path = "statement.not_statement.statement.and_statement.statement";
        assert_eq!(
            problems(Condition::not(deep), false),
            [
                format!("{path}[0].not_statement is not an argument of this type"),
                format!("{path}[1].or_statement is not an argument of this type"),
            ]
        );
    }

    #[test]
    fn one_thing_is_looked_for() {
        let two = Condition::geo(["DE"]).asn_match_statement(AsnMatchStatement::new([1_u32]));
        assert_eq!(
            problems(two, false),
            ["statement.geo_match_statement cannot be given together with `asn_match_statement`"]
        );
        let one = Condition::all([Condition::geo(["DE"])]);
        assert_eq!(
            problems(one, false),
            ["statement.and_statement.statement must be at least two conditions"]
        );
        let inside = Condition::not(Condition::new());
        let expected = "statement.not_statement.statement.asn_match_statement is missing";
        assert!(problems(inside, false)[0].starts_with(expected));
    }

    #[test]
    fn groups_have_no_groups_inside() {
        let managed = || Statement::managed("AWS", "AWSManagedRulesCommonRuleSet");
        assert_eq!(problems(managed(), false), [""; 0]);
        assert_eq!(
            problems(managed(), true),
            ["statement.managed_rule_group_statement cannot be given in a group"]
        );
    }

    #[test]
    fn rates_are_counted_by_something() {
        let of = |kind| {
            let rate = Statement::rate(2000).aggregate_key_type(kind);
            problems(rate.evaluation_window_sec(90_u32), false)
        };
        let window =
            "statement.rate_based_statement.evaluation_window_sec must be 60, 120, 300 or 600";
        assert_eq!(of(AggregateKeyType::Ip), [window]);
        for (kind, argument) in [
            (AggregateKeyType::ForwardedIp, "forwarded_ip_config"),
            (AggregateKeyType::CustomKeys, "custom_key"),
            (AggregateKeyType::Constant, "scope_down_statement"),
        ] {
            let missing =
                format!("statement.rate_based_statement.{argument} is required with `{kind}`");
            assert_eq!(of(kind), [window.to_owned(), missing]);
        }
    }
}
