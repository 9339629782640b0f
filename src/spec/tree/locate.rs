//! Where does this path of keys and indexes lead?

use super::{Kind, NodeId, Tree};
use crate::source::Place;

/// One step from a value to a value within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathSegment {
    /// Into a mapping. Digits also lead into a sequence, since JSON pointers do not tell the two apart.
    Key(String),
    /// Into a sequence, from 0.
    Index(usize),
}

impl From<&str> for PathSegment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<String> for PathSegment {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for PathSegment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Which side of an entry is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The key; of an item of a sequence, which has none, the item.
    Key,
    /// The value.
    Value,
}

/// The segments of a JSON pointer (RFC 6901) such as `/clients/alice/steps/0`.
pub fn parse_pointer(pointer: &str) -> Vec<PathSegment> {
    // The first of the pieces is what stands before the first slash: nothing.
    let segments = pointer.split('/').skip(1);
    segments
        .map(|segment| PathSegment::Key(segment.replace("~1", "/").replace("~0", "~")))
        .collect()
}

/// How far a path could be followed.
struct Found {
    key: Option<NodeId>,
    value: NodeId,
    complete: bool,
}

impl Tree {
    /// The place of what a path leads to, aliases and `<<` followed. If it is not there, the key of the nearest thing
    /// around it that is.
    pub fn locate(&self, path: &[PathSegment], part: Part) -> Place {
        let found = self.follow(path);
        match (part, found.key) {
            (Part::Value, _) if found.complete => self.place(found.value),
            (_, Some(key)) => self.place(key),
            (_, None) => self.place(found.value),
        }
    }

    /// [`locate`](Self::locate) for a JSON pointer.
    pub fn locate_pointer(&self, pointer: &str, part: Part) -> Place {
        self.locate(&parse_pointer(pointer), part)
    }

    /// The node that a path leads to, if it is there; an alias at its end is not followed.
    pub fn find(&self, path: &[PathSegment]) -> Option<NodeId> {
        let found = self.follow(path);
        found.complete.then_some(found.value)
    }

    fn follow(&self, path: &[PathSegment]) -> Found {
        let mut found = Found {
            key: None,
            value: self.root(),
            complete: true,
        };
        for segment in path {
            match self.step(found.value, segment) {
                Some((key, value)) => {
                    found = Found {
                        key,
                        value,
                        complete: true,
                    }
                }
                None => {
                    return Found {
                        complete: false,
                        ..found
                    };
                }
            }
        }
        found
    }

    fn step(&self, from: NodeId, segment: &PathSegment) -> Option<(Option<NodeId>, NodeId)> {
        match (&self.node(self.resolve(from)).kind, segment) {
            (Kind::Mapping(mapping), PathSegment::Key(key)) => {
                let entry = self.entry(mapping, key)?;
                Some((Some(entry.key), entry.value))
            }
            (Kind::Mapping(mapping), PathSegment::Index(index)) => {
                let entry = self.entry(mapping, &index.to_string())?;
                Some((Some(entry.key), entry.value))
            }
            (Kind::Sequence(items), PathSegment::Index(index)) => Some((None, *items.get(*index)?)),
            (Kind::Sequence(items), PathSegment::Key(key)) => {
                Some((None, *items.get(key.parse::<usize>().ok()?)?))
            }
            (Kind::Scalar(_) | Kind::Alias(_), _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::spec::tree::read;

    const TEXT: &str = "\
base: &base
  isolation: serializable
clients:
  alice:
    <<: *base
    steps:
      - begin
      - { step: read, sql: SELECT 1 }
  bob: *base
  \"a/b\": 1
";

    fn located(pointer: &str, part: Part) -> String {
        let tree = read(&SourceFile::new("a.yaml", TEXT)).unwrap().tree;
        let place = tree.locate_pointer(pointer, part);
        let position = place.position();
        format!(
            "{}:{} {}",
            position.line,
            position.column,
            place.text().lines().next().unwrap_or_default()
        )
    }

    #[test]
    fn keys_and_values_have_places() {
        assert_eq!(located("/clients/alice", Part::Key), "4:3 alice");
        assert_eq!(located("/clients/alice", Part::Value), "5:5 <<: *base");
        assert_eq!(
            located("/clients/alice/steps/1/sql", Part::Value),
            "8:28 SELECT 1"
        );
        assert_eq!(
            located("/clients/alice/steps/1", Part::Value),
            "8:9 { step: read, sql: SELECT 1 }"
        );
        assert_eq!(located("/clients/alice/steps/0", Part::Key), "7:9 begin");
        assert_eq!(located("/clients/a~1b", Part::Key), "10:3 \"a/b\"");
    }

    #[test]
    fn aliases_and_merges_are_followed() {
        assert_eq!(
            located("/clients/alice/isolation", Part::Value),
            "2:14 serializable"
        );
        assert_eq!(
            located("/clients/bob/isolation", Part::Key),
            "2:3 isolation"
        );
        assert_eq!(located("/clients/bob", Part::Value), "9:8 *base");
    }

    #[test]
    fn what_is_not_there_is_placed_at_the_key_around_it() {
        assert_eq!(located("/clients/alice/missing", Part::Value), "4:3 alice");
        assert_eq!(
            located("/clients/alice/steps/9/sql", Part::Key),
            "6:5 steps"
        );
        assert_eq!(located("/nothing", Part::Value), "1:1 base: &base");
        assert_eq!(located("", Part::Key), "1:1 base: &base");
    }
}
