use super::*;

fn value(returns: Returns, answer: &str, pattern: Option<&str>) -> std::result::Result<Value, String> {
    let pattern = pattern.map(|source| Expression::new(source).unwrap());
    returns.value("q", answer, pattern.as_ref()).map_err(|error| error.message().to_owned())
}

#[test]
fn answers_become_the_declared_type() {
    let text = |text: &str| Value::Str(text.to_owned());
    let case = |returns: Returns, answer: &str, expected: Value| assert_eq!(value(returns, answer, None), Ok(expected));
    case(Returns::Auto, "42", Value::Int(42));
    case(Returns::Auto, " -1.5e3\n", Value::Float(-1500.0));
    case(Returns::Auto, "0x1F", Value::Int(31));
    case(Returns::Auto, "infinite", text("infinite"));
    case(Returns::Auto, "inf", text("inf"));
    case(Returns::Auto, "", text(""));
    case(Returns::Float, "5", Value::Float(5.0));
    case(Returns::Bool, "ON\n", Value::Bool(true));
    case(Returns::Bool, "no", Value::Bool(false));
    case(Returns::Str, "42", text("42"));
    case(Returns::Line, "\n  a b \nc", text("a b"));
    case(Returns::Lines, "a \nb", Value::List(vec![text("a"), text("b")]));
    let refused = |returns: Returns, answer: &str| value(returns, answer, None).unwrap_err();
    assert_eq!(refused(Returns::Int, "1.5"), "the answer to `q` is \"1.5\", not a value of type `int`");
    assert_eq!(refused(Returns::Float, "3.3 V\nok"), "the answer to `q` is \"3.3 V\", not a value of type `float`");
    assert!(value(Returns::Bool, "2", None).is_err() && value(Returns::Float, "0x", None).is_err());
}

#[test]
fn a_pattern_finds_the_value() {
    let case =
        |pattern: &str, expected: Value| assert_eq!(value(Returns::Auto, "v1.2 rc", Some(pattern)), Ok(expected));
    let text = |text: &str| Value::Str(text.to_owned());
    case("v\\d", text("v1"));
    case("v(\\S+)", Value::Float(1.2));
    case("v(\\d)\\.(\\d)(x)?", Value::List(vec![Value::Int(1), Value::Int(2), Value::None]));
    case("v(?<major>\\d).* (?<tag>\\w+)", Value::Dict(vec![(text("major"), Value::Int(1)), (text("tag"), text("rc"))]));
    assert_eq!(value(Returns::Auto, "a", Some("b")), Err("the answer to `q` does not match `b`".to_owned()));
}
