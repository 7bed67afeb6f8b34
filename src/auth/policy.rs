//! Policy documents: RAM policies of users and roles, and bucket policies. Reading them, and asking them.
//!
//! A document that is not understood in full is refused when it is stored: a condition that would be ignored is a
//! hole. Asking has three answers, and only the caller (`access`) knows what silence means.

mod condition;
mod glob;

pub use condition::Facts;
pub(super) use condition::parse_date;

use crate::error::{Code, Error};
use condition::Condition;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Longest policy document, in bytes (errors.md §7).
pub const DOCUMENT_BYTES_MAX: usize = 16 * 1024;
/// Most statements in a document.
pub const STATEMENTS_MAX: usize = 100;
/// Most actions, resources, principals or condition values in one list.
const LIST_MAX: usize = 500;

/// Why a document is not a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Longer than [`DOCUMENT_BYTES_MAX`].
    #[error("the policy is longer than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge,
    /// Not JSON, or not of a policy's shape.
    #[error("the policy is not well-formed: {0}")]
    Shape(String),
    /// `Version` is not `1`.
    #[error("the policy version must be 1")]
    Version,
    /// No statements, or more than [`STATEMENTS_MAX`].
    #[error("the policy must have 1 to {STATEMENTS_MAX} statements")]
    Statements,
    /// A statement with a member missing, doubled or out of place.
    #[error("statement {0}: {1}")]
    Statement(usize, &'static str),
    /// A condition that this server cannot judge.
    #[error("statement {0}: condition {1}: {2}")]
    Condition(usize, String, &'static str),
}

impl PolicyError {
    /// What serde says may quote the document at any length.
    fn shape(error: &serde_json::Error) -> Self {
        Self::Shape(error.to_string().chars().take(300).collect())
    }
}

impl From<PolicyError> for Error {
    fn from(error: PolicyError) -> Self {
        Self::new(Code::InvalidPolicyDocument).message(error.to_string())
    }
}

/// Where a document hangs; decides whether it names principals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On a user, a role or a session: applies to its bearer, has no `Principal`.
    Identity,
    /// On a bucket: says for whom, has a `Principal`.
    Bucket,
}

/// A policy that was understood in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// A list of patterns, or everything but them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Patterns {
    list: Vec<String>,
    negated: bool,
}

impl Patterns {
    fn test(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.list.iter().any(|pattern| matches(pattern)) != self.negated
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    effect: Effect,
    /// Empty in identity policies.
    principals: Vec<String>,
    actions: Patterns,
    resources: Patterns,
    conditions: Vec<Condition>,
}

/// Who asks, in the words that a `Principal` may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The account; none for anonymous.
    pub account: Option<String>,
    /// Whether the caller is the account itself rather than a user or role of it.
    pub root: bool,
    /// Names that mean this caller alone: user id, ARNs.
    pub names: Vec<String>,
}

/// The resource asked for, in the words of `acs:oss:<region>:<owner>:<path>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceName {
    /// The service: `oss`, or `ram` for roles.
    pub service: &'static str,
    /// Region id without `oss-`.
    pub region: String,
    /// The owning account.
    pub owner: String,
    /// `*`, `bucket` or `bucket/key`.
    pub path: String,
}

impl ResourceName {
    /// Whether a pattern names it. Fields are compared one by one: a key holds colons of its own, and no `*`
    /// left of it may reach into it.
    fn matched_by(&self, pattern: &str) -> bool {
        if pattern == "*" {
            return true;
        }
        let mut fields = pattern.splitn(5, ':');
        let (Some("acs"), Some(service), Some(region), Some(owner), Some(path)) = (
            fields.next(),
            fields.next(),
            fields.next(),
            fields.next(),
            fields.next(),
        ) else {
            return false;
        };
        // Documents write the region with and without `oss-`, or leave it empty.
        let region_matches = region.is_empty()
            || glob::matches(region, &self.region)
            || region
                .strip_prefix("oss-")
                .is_some_and(|region| glob::matches(region, &self.region));
        glob::matches(service, self.service)
            && region_matches
            && (owner.is_empty() || glob::matches(owner, &self.owner))
            && glob::matches(path, &self.path)
    }
}

/// What a policy is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// `oss:GetObject`
    pub action: &'a str,
    /// What it is done to.
    pub resource: &'a ResourceName,
    /// Who does it.
    pub caller: &'a Caller,
    /// Circumstances that conditions speak of.
    pub facts: &'a Facts,
    /// Pass over statements that allow everybody (block-public-access).
    pub ignore_public: bool,
}

/// How a statement's principals cover the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The caller itself is named, or everybody is.
    Direct,
    /// The caller's account is named; what its users may do is the account's business.
    Account,
}

/// What a policy says. The number is the statement's, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A statement allows it, and none denies it.
    Allow(usize, Via),
    /// A statement denies it.
    Deny(usize),
    /// No statement speaks of it.
    Silent,
}

impl Policy {
    /// Reads a document. Nothing of it is ignored: unknown members, operators and values are errors.
    pub fn parse(text: &str, kind: Kind) -> Result<Self, PolicyError> {
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(PolicyError::TooLarge);
        }
        // serde_json stops at 128 levels, so nesting is bounded too.
        let document: Document = serde_json::from_str(text).map_err(|e| PolicyError::shape(&e))?;
        if document.version != "1" {
            return Err(PolicyError::Version);
        }
        let raw = document.statement.0;
        if raw.is_empty() || raw.len() > STATEMENTS_MAX {
            return Err(PolicyError::Statements);
        }
        let statements = raw
            .into_iter()
            .enumerate()
            .map(|(i, statement)| Statement::check(i, statement, kind))
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }

    /// What the policy says to a question. A denial anywhere wins over every permission.
    pub fn ask(&self, question: &Question) -> Verdict {
        let mut verdict = Verdict::Silent;
        for (i, statement) in self.statements.iter().enumerate() {
            let Some(via) = statement.applies(question) else {
                continue;
            };
            match (statement.effect, verdict) {
                (Effect::Deny, _) => return Verdict::Deny(i),
                (Effect::Allow, Verdict::Allow(_, Via::Direct)) => {}
                (Effect::Allow, _) => verdict = Verdict::Allow(i, via),
            }
        }
        verdict
    }

    /// Whether a statement allows everybody without narrowing who that is (`PolicyStatus`, block-public-access).
    pub fn is_public(&self) -> bool {
        self.statements.iter().any(Statement::is_public)
    }
}

impl Statement {
    fn check(i: usize, raw: RawStatement, kind: Kind) -> Result<Self, PolicyError> {
        let wrong = |what| PolicyError::Statement(i, what);
        let effect = match raw.effect.as_str() {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            _ => return Err(wrong("effect must be Allow or Deny")),
        };
        let actions = one_of(raw.action, raw.not_action)
            .ok_or_else(|| wrong("there must be one list of actions, of 1 to 500"))?;
        let resources = one_of(raw.resource, raw.not_resource)
            .ok_or_else(|| wrong("there must be one list of resources, of 1 to 500"))?;
        let own = |action: &String| {
            action == "*" || (kind == Kind::Identity && action.contains(':')) || is_oss(action)
        };
        if !actions.list.iter().all(own) {
            return Err(wrong("an action is not of the form oss:Name"));
        }
        let arn = |resource: &String| {
            resource == "*"
                || (resource.starts_with("acs:") && resource.splitn(5, ':').count() == 5)
        };
        if !resources.list.iter().all(arn) {
            return Err(wrong(
                "a resource is not of the form acs:oss:region:owner:path",
            ));
        }
        let principals = match (raw.principal, kind) {
            (None, Kind::Identity) => Vec::new(),
            (Some(_), Kind::Identity) => {
                return Err(wrong("a principal belongs into a bucket policy"));
            }
            // The service takes it for everybody and reports such a policy as public (Python v1 and v2 assert both).
            (None, Kind::Bucket) => vec!["*".to_owned()],
            (Some(principal), Kind::Bucket) => principal
                .names()
                .filter(|names| (1..=LIST_MAX).contains(&names.len()))
                .ok_or_else(|| wrong("there must be 1 to 500 principals"))?,
        };
        let conditions = condition::check(i, raw.condition)?;
        Ok(Self {
            effect,
            principals,
            actions,
            resources,
            conditions,
        })
    }

    fn applies(&self, question: &Question) -> Option<Via> {
        let skip = question.ignore_public && self.is_public();
        let applies = !skip
            && self
                .actions
                .test(|pattern| glob::matches_fold(pattern, question.action))
            && self
                .resources
                .test(|pattern| question.resource.matched_by(pattern))
            && self.conditions.iter().all(|c| c.holds(question.facts));
        if applies {
            self.covers(question.caller)
        } else {
            None
        }
    }

    fn covers(&self, caller: &Caller) -> Option<Via> {
        if self.principals.is_empty() {
            return Some(Via::Direct);
        }
        let is_named = |name: &String| {
            self.principals
                .iter()
                .any(|pattern| glob::matches(pattern, name))
        };
        if self.principals.iter().any(|p| p == "*") || caller.names.iter().any(is_named) {
            return Some(Via::Direct);
        }
        let account = caller.account.as_ref()?;
        let root_arn = format!("acs:ram::{account}:root");
        let account_is_named = self
            .principals
            .iter()
            .any(|p| p == account || *p == root_arn);
        match (account_is_named, caller.root) {
            (true, true) => Some(Via::Direct),
            (true, false) => Some(Via::Account),
            (false, _) => None,
        }
    }

    fn is_public(&self) -> bool {
        self.effect == Effect::Allow
            && self.principals.iter().any(|p| p == "*")
            && !self.conditions.iter().any(Condition::narrows_the_public)
    }
}

fn is_oss(action: &str) -> bool {
    action
        .split_once(':')
        .is_some_and(|(service, name)| service.eq_ignore_ascii_case("oss") && !name.is_empty())
}

fn one_of(positive: Option<Many<String>>, negative: Option<Many<String>>) -> Option<Patterns> {
    let (list, negated) = match (positive, negative) {
        (Some(list), None) => (list.0, false),
        (None, Some(list)) => (list.0, true),
        _ => return None,
    };
    (1..=LIST_MAX)
        .contains(&list.len())
        .then_some(Patterns { list, negated })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    version: String,
    statement: Many<RawStatement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RawStatement {
    effect: String,
    #[serde(default)]
    action: Option<Many<String>>,
    #[serde(default)]
    not_action: Option<Many<String>>,
    #[serde(default)]
    principal: Option<RawPrincipal>,
    #[serde(default)]
    resource: Option<Many<String>>,
    #[serde(default)]
    not_resource: Option<Many<String>>,
    #[serde(default)]
    condition: Option<Pairs<Pairs<Many<Scalar>>>>,
    /// A name for people; decides nothing.
    #[serde(default, rename = "Sid")]
    _sid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawPrincipal {
    List(Many<String>),
    Ram(RamPrincipal),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RamPrincipal {
    #[serde(rename = "RAM")]
    ram: Many<String>,
}

impl RawPrincipal {
    fn names(self) -> Option<Vec<String>> {
        let names = match self {
            Self::List(list) => list.0,
            Self::Ram(ram) => ram.ram.0,
        };
        (!names.iter().any(String::is_empty)).then_some(names)
    }
}

/// A value of a condition: documents write numbers and truth values with and without quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Bool(bool),
    Number(i64),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
        }
    }
}

/// One value, or a list of them.
struct Many<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not an untagged enum: that would forget which member of a statement was the wrong one.
        struct OneOrMore<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMore<T> {
            type Value = Many<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a value or a list of them")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    all.push(one);
                }
                Ok(Many(all))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| Many(vec![one]))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                T::deserialize(text.into_deserializer()).map(|one| Many(vec![one]))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(|one| Many(vec![one]))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(|one| Many(vec![one]))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(|one| Many(vec![one]))
            }
        }
        deserializer.deserialize_any(OneOrMore(PhantomData))
    }
}

/// The members of an object in order. A name that stands twice is an error: a map would drop one of the two, and
/// with it a restriction.
struct Pairs<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs: Vec<(String, T)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if pairs.iter().any(|(n, _)| *n == name) {
                        return Err(de::Error::custom(format!("{name} stands twice")));
                    }
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
                Err(de::Error::custom("a list stands for an object"))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
