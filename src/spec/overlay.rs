//! What does a variant make of its scenario? Maps are merged, lists and values replaced, `null` removes a key.

use serde_json::{Map, Value as Json};

/// The document of a variant: the base without `variants`, and the overlay laid over it.
pub(super) fn merged(base: &Json, overlay: &Json) -> Json {
    let mut document = base.clone();
    if let Json::Object(keys) = &mut document {
        keys.shift_remove("variants");
    }
    lay_over(&mut document, overlay);
    document
}

/// `null` in a map removes the key; below a list nothing is merged, so that it stays a value there.
fn lay_over(base: &mut Json, overlay: &Json) {
    let Json::Object(changes) = overlay else {
        *base = overlay.clone();
        return;
    };
    if !base.is_object() {
        *base = Json::Object(Map::new());
    }
    let Json::Object(keys) = base else { return };
    for (key, change) in changes {
        match change {
            Json::Null => {
                keys.shift_remove(key);
            }
            change => lay_over(keys.entry(key.as_str()).or_insert(Json::Null), change),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_are_merged_and_lists_and_values_replaced() {
        let base = json!({ "name": "a", "clients": { "page": { "count": 2, "steps": [1, 2] }, "other": {} } });
        let overlay = json!({ "clients": { "page": { "steps": [3] } } });
        assert_eq!(
            merged(&base, &overlay),
            json!({ "name": "a", "clients": { "page": { "count": 2, "steps": [3] }, "other": {} } })
        );
    }

    #[test]
    fn null_removes_a_key_and_the_variants_are_gone() {
        let base = json!({ "clients": { "a": {}, "b": {} }, "variants": { "x": {} } });
        let overlay = json!({ "clients": { "a": null, "c": { "count": null, "steps": [null] } } });
        assert_eq!(
            merged(&base, &overlay),
            json!({ "clients": { "b": {}, "c": { "steps": [null] } } })
        );
    }
}
