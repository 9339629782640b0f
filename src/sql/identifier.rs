//! How is a name written in SQL, and what does a written one name?

/// What an identifier names: quoted as it stands, otherwise in lower case.
pub fn name_of(text: &str) -> String {
    match text.strip_prefix('"') {
        Some(quoted) => {
            // Only the last one closes: a name may end with a quote itself.
            let inner = quoted.strip_suffix('"').unwrap_or(quoted);
            inner.replace("\"\"", "\"")
        }
        None => text.to_lowercase(),
    }
}

/// A name as people write it: in quotes only where it would be read as something else without them.
pub fn written(name: &str) -> String {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && RESERVED.binary_search(&name).is_err();
    match plain {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// The key words that are no names of tables or columns, of PostgreSQL 14 to 18 (its manual, appendix C: "reserved", also
/// those that may name a function or a type).
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_where_it_must_be() {
        assert_eq!(written("orders_2024"), "orders_2024");
        assert_eq!(written("Orders"), "\"Orders\"");
        assert_eq!(written("2024"), "\"2024\"");
        assert_eq!(written("a \"b\""), "\"a \"\"b\"\"\"");
        assert_eq!(written("order"), "\"order\"");
        assert_eq!(written("user"), "\"user\"");
    }

    #[test]
    fn what_is_written_names_the_same_again() {
        for name in ["orders", "Orders", "a \"b\"", "user", "größe"] {
            assert_eq!(name_of(&written(name)), name);
        }
        assert_eq!(name_of("ORDERS"), "orders");
    }

    #[test]
    fn reserved_words_are_sorted_so_that_they_are_found() {
        assert!(RESERVED.is_sorted());
    }
}
