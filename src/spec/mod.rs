//! What did the author write? The YAML nouns, loading, checking, the JSON Schema.
