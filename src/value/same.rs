//! Whether two values are the same: of one kind, and exact down to the bits of floats, unlike `==`.
//!
//! Uses [`super::write`]; pure. Invariant: nan is nan, `0.0` is not `-0.0`, and sets and dicts have no order.

use super::Value;
use super::write::literal;

/// Whether `sent` came back as `back`.
pub fn same(sent: &Value, back: &Value) -> bool {
    let text = |value: &Value| literal(&ordered(value)).unwrap_or_default();
    std::mem::discriminant(sent) == std::mem::discriminant(back) && text(sent) == text(back)
}

/// The value with its sets and dicts in one order, which boards do not keep.
pub fn ordered(value: &Value) -> Value {
    let all = |items: &[Value]| items.iter().map(ordered).collect::<Vec<_>>();
    let key = |value: &Value| literal(value).unwrap_or_default();
    let unordered = |items: &[Value]| {
        let mut items = all(items);
        items.sort_by_key(key);
        items
    };
    let pairs = |pairs: &[(Value, Value)]| pairs.iter().map(|(k, v)| (ordered(k), ordered(v))).collect::<Vec<_>>();
    match value {
        Value::List(items) => Value::List(all(items)),
        Value::Tuple(items) => Value::Tuple(all(items)),
        Value::Set(items) => Value::Set(unordered(items)),
        Value::FrozenSet(items) => Value::FrozenSet(unordered(items)),
        Value::OrderedDict(items) => Value::OrderedDict(pairs(items)),
        Value::Dict(items) => {
            let mut items = pairs(items);
            items.sort_by_key(|(name, _)| key(name));
            Value::Dict(items)
        }
        Value::NamedTuple(name, fields) => {
            Value::NamedTuple(name.clone(), fields.iter().map(|(name, value)| (name.clone(), ordered(value))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_to_the_bit_and_in_any_order() {
        let set = |items: &[i64]| Value::Set(items.iter().map(|item| Value::Int(*item)).collect());
        let point = |items: &[i64]| Value::NamedTuple("P".to_owned(), vec![("x".to_owned(), set(items))]);
        assert!(same(&Value::Float(f64::NAN), &Value::Float(f64::NAN)));
        assert!(!same(&Value::Float(0.0), &Value::Float(-0.0)));
        assert!(!same(&Value::Int(1), &Value::Bool(true)));
        assert!(same(&set(&[1, 2]), &set(&[2, 1])));
        assert!(same(&point(&[1, 2]), &point(&[2, 1])) && !same(&point(&[1]), &point(&[2])));
    }
}
