//! Lifecycle rules as decisions: what a bucket's document says about one version at one moment (operations.md section C).

use crate::domain::object::{ObjectType, StorageClass};
use crate::domain::time::Timestamp;
use crate::store::{Fate, Judged, Object};
use crate::xml::lifecycle::{
    LifecycleConfiguration, LifecycleFilter, LifecycleRule, NoncurrentVersionTransition, Transition,
};
use crate::xml::object::Tag;

/// `AllowSmallFile: false` leaves objects below this many bytes where they are.
const SMALL: u64 = 64 * 1024;

/// The enabled rules of a bucket.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    /// Milliseconds.
    day: i64,
}

#[derive(Debug, Clone)]
struct Rule {
    id: String,
    prefix: String,
    tags: Vec<Tag>,
    filter: LifecycleFilter,
    expiration: Option<When>,
    /// Delete markers go that hide nothing any more.
    lone_markers: bool,
    moves: Vec<Move>,
    abort: Option<When>,
    older_expiration: Option<When>,
    older_moves: Vec<Move>,
}

#[derive(Debug, Clone, Copy)]
struct Move {
    when: When,
    class: StorageClass,
    small_too: bool,
}

/// When a rule acts on something that has an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// After so many days, at the beginning of the next one.
    Days(i64),
    /// `CreatedBeforeDate`: on this day, on what is older.
    Before(Timestamp),
    /// `Date`: from this day on.
    From(Timestamp),
}

impl When {
    fn of(days: Option<i64>, before: Option<&String>, from: Option<&String>) -> Option<Self> {
        let date = |text: &String| Timestamp::parse_iso8601(text);
        days.map(Self::Days)
            .or_else(|| before.and_then(date).map(Self::Before))
            .or_else(|| from.and_then(date).map(Self::From))
    }

    /// The moment from which what began at `since` is due; none if it never will be.
    fn due(self, since: Timestamp, day: i64) -> Option<Timestamp> {
        match self {
            Self::Days(days) => {
                let end = since.plus_millis(days.saturating_mul(day));
                let over = end.0.rem_euclid(day);
                Some(end.plus_millis(if over == 0 { 0 } else { day - over }))
            }
            Self::Before(date) => (since < date).then_some(date),
            Self::From(date) => Some(date.max(since)),
        }
    }

    fn is_due(self, since: Timestamp, day: i64, now: Timestamp) -> bool {
        self.due(since, day).is_some_and(|due| due <= now)
    }
}

impl Rules {
    /// The rules of a document that has been checked. A day has `day` milliseconds. Rules by access time are left out:
    /// reads are not recorded.
    pub fn of(document: LifecycleConfiguration, day: i64) -> Self {
        let rules = document.rule.into_iter();
        Self {
            rules: rules
                .filter(|rule| rule.status == "Enabled")
                .map(Rule::of)
                .collect(),
            day,
        }
    }

    /// What all keys that a rule may touch begin with.
    pub fn prefix(&self) -> &str {
        let mut prefixes = self.rules.iter().map(|rule| rule.prefix.as_str());
        let first = prefixes.next().unwrap_or_default();
        prefixes.fold(first, common)
    }

    /// Whether there is anything to do with objects.
    pub fn touch_objects(&self) -> bool {
        let idle = |rule: &Rule| {
            rule.expiration.is_none()
                && !rule.lone_markers
                && rule.moves.is_empty()
                && rule.older_expiration.is_none()
                && rule.older_moves.is_empty()
        };
        !self.rules.iter().all(idle)
    }

    /// Whether there is anything to do with uploads.
    pub fn touch_uploads(&self) -> bool {
        self.rules.iter().any(|rule| rule.abort.is_some())
    }

    /// Whether a current object could be due at `now`, seen from a listing, which tells no tags: what is not need not be
    /// looked at closer.
    pub fn may_touch(&self, key: &str, modified: Timestamp, now: Timestamp) -> bool {
        self.with_prefix(key).any(|rule| {
            rule.whens()
                .any(|when| when.is_due(modified, self.day, now))
        })
    }

    /// As [`Self::may_touch`], for a delete marker that hides its key.
    pub fn may_touch_marker(&self, key: &str) -> bool {
        self.with_prefix(key).any(|rule| rule.lone_markers)
    }

    /// As [`Self::may_touch`], for a version that has been replaced at `since`.
    pub fn may_touch_older(&self, key: &str, since: Timestamp, now: Timestamp) -> bool {
        self.with_prefix(key).any(|rule| {
            rule.older_whens()
                .any(|when| when.is_due(since, self.day, now))
        })
    }

    /// What becomes of a current version at `now`.
    pub fn judge(&self, key: &str, judged: &Judged, now: Timestamp) -> Fate {
        if !judged.is_latest {
            return Fate::Stay;
        }
        let Some(object) = &judged.object else {
            let lone = judged.is_alone && self.with_prefix(key).any(|rule| rule.lone_markers);
            return if lone { Fate::Go } else { Fate::Stay };
        };
        let due = |when: When| when.is_due(object.modified, self.day, now);
        let matching = || self.with_prefix(key).filter(|rule| rule.matches(object));
        if matching().any(|rule| rule.expiration.is_some_and(due)) {
            return Fate::Go;
        }
        colder(object, matching().flat_map(|rule| &rule.moves), due)
    }

    /// What becomes at `now` of a version that has been replaced at `since`. A delete marker has no tags and no size.
    pub fn judge_older(
        &self,
        key: &str,
        judged: &Judged,
        since: Timestamp,
        now: Timestamp,
    ) -> Fate {
        if judged.is_latest {
            return Fate::Stay;
        }
        let due = |when: When| when.is_due(since, self.day, now);
        let Some(object) = &judged.object else {
            let goes = |rule: &Rule| rule.tags.is_empty() && rule.older_expiration.is_some_and(due);
            return if self.with_prefix(key).any(goes) {
                Fate::Go
            } else {
                Fate::Stay
            };
        };
        let matching = || self.with_prefix(key).filter(|rule| rule.matches(object));
        if matching().any(|rule| rule.older_expiration.is_some_and(due)) {
            return Fate::Go;
        }
        colder(object, matching().flat_map(|rule| &rule.older_moves), due)
    }

    /// Whether an upload that began at `initiated` is to be aborted at `now`.
    pub fn is_upload_due(&self, key: &str, initiated: Timestamp, now: Timestamp) -> bool {
        let spared = |rule: &Rule| {
            let mut nots = rule.filter.not.iter();
            nots.any(|not| not.tag.is_none() && key.starts_with(&not.prefix))
        };
        self.with_prefix(key).any(|rule| {
            !spared(rule)
                && rule
                    .abort
                    .is_some_and(|when| when.is_due(initiated, self.day, now))
        })
    }

    /// When the object will expire and by which rule, for `x-oss-expiration`: the earliest.
    pub fn expiry(&self, object: &Object) -> Option<(Timestamp, &str)> {
        let rules = self.with_prefix(object.key.as_str());
        rules
            .filter(|rule| rule.matches(object))
            .filter_map(|rule| {
                let due = rule.expiration?.due(object.modified, self.day)?;
                Some((due, rule.id.as_str()))
            })
            .min()
    }

    fn with_prefix(&self, key: &str) -> impl Iterator<Item = &Rule> {
        self.rules
            .iter()
            .filter(move |rule| key.starts_with(&rule.prefix))
    }
}

/// The coldest class that is due, if it is colder than the object's (the cheapest wins) and open to it: append objects go
/// to ColdArchive and DeepColdArchive only once they are sealed (R85).
fn colder<'r>(
    object: &Object,
    moves: impl Iterator<Item = &'r Move>,
    due: impl Fn(When) -> bool,
) -> Fate {
    let open = |class: StorageClass| {
        let growing = object.kind == ObjectType::Appendable && object.sealed.is_none();
        let cold = matches!(
            class,
            StorageClass::ColdArchive | StorageClass::DeepColdArchive
        );
        object.kind != ObjectType::Symlink && !(growing && cold)
    };
    moves
        .filter(|to| due(to.when) && open(to.class) && (to.small_too || object.len >= SMALL))
        .map(|to| to.class)
        .max()
        // The order of the classes is that of their coldness.
        .filter(|class| *class > object.storage_class)
        .map_or(Fate::Stay, Fate::Move)
}

/// What two texts both begin with.
fn common<'t>(a: &'t str, b: &str) -> &'t str {
    let same = a.char_indices().zip(b.chars());
    let end = same
        .take_while(|((_, x), y)| x == y)
        .last()
        .map_or(0, |((at, x), _)| at + x.len_utf8());
    a.get(..end).unwrap_or_default()
}

impl Rule {
    fn of(rule: LifecycleRule) -> Self {
        let expiration = rule.expiration.unwrap_or_default();
        let abort = rule.abort_multipart_upload.unwrap_or_default();
        let older = rule.noncurrent_version_expiration;
        Self {
            id: rule.id.unwrap_or_default(),
            prefix: rule.prefix,
            tags: rule.tag,
            filter: rule.filter.unwrap_or_default(),
            expiration: When::of(
                expiration.days,
                expiration.created_before_date.as_ref(),
                expiration.date.as_ref(),
            ),
            lone_markers: expiration.expired_object_delete_marker == Some(true),
            moves: rule.transition.iter().filter_map(Move::of).collect(),
            abort: When::of(
                abort.days,
                abort.created_before_date.as_ref(),
                abort.date.as_ref(),
            ),
            older_expiration: older.map(|older| When::Days(older.noncurrent_days)),
            older_moves: rule
                .noncurrent_version_transition
                .iter()
                .filter_map(Move::of_older)
                .collect(),
        }
    }

    fn whens(&self) -> impl Iterator<Item = When> {
        let moves = self.moves.iter().map(|to| to.when);
        self.expiration.into_iter().chain(moves)
    }

    fn older_whens(&self) -> impl Iterator<Item = When> {
        let moves = self.older_moves.iter().map(|to| to.when);
        self.older_expiration.into_iter().chain(moves)
    }

    /// Whether the object has all tags of the rule and its filter lets it through. The prefix has been compared.
    fn matches(&self, object: &Object) -> bool {
        let has = |tag: &Tag| {
            let mut pairs = object.tags.pairs().iter();
            pairs.any(|(key, value)| *key == tag.key && *value == tag.value)
        };
        let len = i64::try_from(object.len).unwrap_or(i64::MAX);
        let filter = &self.filter;
        self.tags.iter().all(has)
            && filter
                .object_size_greater_than
                .is_none_or(|than| len > than)
            && filter.object_size_less_than.is_none_or(|than| len < than)
            && !filter.not.iter().any(|not| {
                object.key.as_str().starts_with(&not.prefix) && not.tag.as_ref().is_none_or(has)
            })
    }
}

impl Move {
    fn of(to: &Transition) -> Option<Self> {
        let when = When::of(to.days, to.created_before_date.as_ref(), None)?;
        Self::new(
            when,
            &to.storage_class,
            to.is_access_time,
            to.allow_small_file,
        )
    }

    fn of_older(to: &NoncurrentVersionTransition) -> Option<Self> {
        let when = When::Days(to.noncurrent_days);
        Self::new(
            when,
            &to.storage_class,
            to.is_access_time,
            to.allow_small_file,
        )
    }

    /// None for a rule by access time.
    fn new(
        when: When,
        class: &str,
        is_access_time: Option<bool>,
        allow_small_file: Option<bool>,
    ) -> Option<Self> {
        let class = StorageClass::parse(class)?;
        (is_access_time != Some(true)).then_some(Self {
            when,
            class,
            small_too: allow_small_file != Some(false),
        })
    }
}
