//! Commands that reach beyond their database, wherever they stand: no other SQL has these words in this order.

use super::text::{Kind, Piece};
use super::{Finder, Outside};

/// Words one after the other; each may be one of several.
const RUNS: &[(Outside, &[&[&str]])] = &[
    (
        Outside::ForeignServers,
        &[&["create", "alter", "drop"], &["user"], &["mapping"]],
    ),
    (
        Outside::Roles,
        &[&["create", "alter", "drop"], &["role", "user", "group"]],
    ),
    (Outside::Roles, &[&["reassign", "drop"], &["owned"]]),
    (
        Outside::Databases,
        &[&["create", "alter", "drop"], &["database"]],
    ),
    (
        Outside::Tablespaces,
        &[&["create", "alter", "drop"], &["tablespace"]],
    ),
    (Outside::ServerSettings, &[&["alter"], &["system"]]),
    (
        Outside::Replication,
        &[&["create", "alter", "drop"], &["subscription"]],
    ),
    (
        Outside::ForeignServers,
        &[&["create", "alter", "drop"], &["server"]],
    ),
    (
        Outside::ForeignServers,
        &[
            &["create", "alter", "drop"],
            &["foreign"],
            &["data"],
            &["wrapper"],
        ],
    ),
    (
        Outside::ForeignServers,
        &[&["import"], &["foreign"], &["schema"]],
    ),
    (Outside::OtherLanguages, &[&["create"], &["language"]]),
];

/// Looks at commands wherever they stand.
pub(super) fn look(pieces: &[Piece<'_>], found: &mut Finder<'_>) {
    for at in 0..pieces.len() {
        let rest = &pieces[at..];
        let run = RUNS.iter().find(|(_, run)| {
            rest.len() >= run.len()
                && run
                    .iter()
                    .zip(rest)
                    .all(|(words, piece)| piece.is_any(words))
        });
        if let Some((outside, run)) = run {
            found(*outside, upper(&rest[..run.len()]));
        }
        match rest[0].name.as_str() {
            _ if rest[0].kind != Kind::Word => {}
            "grant" | "revoke" => grant(pieces, at, found),
            "comment" | "label" => on_shared(rest, found),
            "copy" => copy(rest, found),
            "load" if rest.get(1).is_some_and(|next| next.kind == Kind::Text) => {
                found(Outside::ServerFiles, "LOAD".to_owned());
            }
            _ => {}
        }
    }
}

/// A right on something has ON; membership of a role has not.
fn grant(pieces: &[Piece<'_>], at: usize, found: &mut Finder<'_>) {
    let before = at.checked_sub(1).map(|before| &pieces[before]);
    if before.is_some_and(|before| before.is_any(&["with", "revoke"])) {
        return;
    }
    let rest = statement(&pieces[at..]);
    let end = rest.iter().position(|piece| piece.is_any(&["to", "from"]));
    let head = &rest[..end.unwrap_or(rest.len())];
    let on = head.iter().position(|piece| piece.is("on"));
    let object = on.and_then(|on| head.get(on + 1));
    let outside = match object {
        None if end.is_some() => Outside::Roles,
        None => return,
        Some(object) if object.is("database") => Outside::Databases,
        Some(object) if object.is("tablespace") => Outside::Tablespaces,
        Some(object) if object.is("parameter") => Outside::ServerSettings,
        Some(object) if object.is("foreign") => Outside::ForeignServers,
        Some(_) => return,
    };
    found(outside, upper(&rest[..1]));
}

/// `COMMENT ON` and `SECURITY LABEL … ON` something shared.
fn on_shared(rest: &[Piece<'_>], found: &mut Finder<'_>) {
    let rest = statement(rest);
    let on = rest.iter().position(|piece| piece.is("on"));
    let Some(object) = on.and_then(|on| rest.get(on + 1)) else {
        return;
    };
    let outside = match object.name.as_str() {
        _ if object.kind != Kind::Word => return,
        "role" => Outside::Roles,
        "database" => Outside::Databases,
        "tablespace" => Outside::Tablespaces,
        "subscription" => Outside::Replication,
        _ => return,
    };
    found(
        outside,
        format!(
            "{} ON {}",
            upper(&rest[..1]),
            upper(std::slice::from_ref(object))
        ),
    );
}

/// COPY between the server and a file or a program of its machine.
fn copy(rest: &[Piece<'_>], found: &mut Finder<'_>) {
    let mut depth = 0_usize;
    for (at, piece) in statement(rest).iter().enumerate() {
        match piece.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > 0 || !piece.is_any(&["from", "to"]) {
            continue;
        }
        match rest.get(at + 1) {
            Some(next) if next.is("program") => {
                found(Outside::Programs, "COPY … PROGRAM".to_owned());
            }
            Some(next) if next.kind == Kind::Text => {
                found(
                    Outside::ServerFiles,
                    format!("COPY {} a file", upper(&rest[at..=at])),
                );
            }
            _ => {}
        }
        return;
    }
}

/// Up to the next `;`.
fn statement<'a, 'b>(pieces: &'b [Piece<'a>]) -> &'b [Piece<'a>] {
    let end = pieces.iter().position(|piece| piece.is(";"));
    &pieces[..end.unwrap_or(pieces.len())]
}

fn upper(pieces: &[Piece<'_>]) -> String {
    let words: Vec<String> = pieces
        .iter()
        .map(|piece| piece.text.to_uppercase())
        .collect();
    words.join(" ")
}
