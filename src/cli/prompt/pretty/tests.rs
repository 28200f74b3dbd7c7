use super::curve::short;
use super::*;

fn shown(value: &Value) -> String {
    show(value, Page { width: 60, colour: Colour::Never })
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn ints(range: std::ops::Range<i64>) -> Value {
    Value::List(range.map(Value::Int).collect())
}

#[test]
fn short_values_are_one_line() {
    let case = |value: Value, wanted: &str| assert_eq!(shown(&value), format!("{wanted}\n"));
    case(Value::Int(42), "42");
    case(Value::Float(1.0), "1.0");
    case(Value::Float(0.1 + 0.2), "0.3");
    case(Value::Float(-1.0 / 3.0), "-0.333333333333333");
    case(Value::Float(1_732_956_789.123_45), "1732956789.12345");
    case(Value::Float(2.0 / 3.0 * 1e-9), "6.66666666666667e-10");
    case(Value::Float(f64::MAX), "1.7976931348623157e308");
    case(Value::Float(f64::NAN), "NaN");
    case(Value::Complex(0.1 + 0.2, -0.5), "(0.3-0.5j)");
    case(Value::Complex(1.0, f64::NAN), "(1.0+NaNj)");
    case(text("a \"b\"\t"), r#""a \"b\"\t""#);
    case(Value::List(vec![Value::Int(1), text("x"), Value::None, Value::Bool(true)]), "[1, \"x\", (), true]");
    case(Value::Dict(vec![]), "#{}");
    let pairs = vec![(text("a"), Value::Int(1)), (text("b c"), Value::Bytes(vec![0, 255]))];
    case(Value::Dict(pairs), "#{ a: 1, \"b c\": blob [00 ff] }");
    case(Value::Dict(vec![(Value::Int(1), Value::Int(2))]), "dict { 1: 2 }");
    case(Value::NamedTuple("Point".into(), vec![("x".into(), Value::Int(1))]), "Point(x=1)");
    case(Value::Set(vec![Value::Int(3)]), "set { 3 }");
    case(Value::Opaque("Bench on sim".into()), "Bench on sim");
    case(Value::Complex(1.0, 2.0), "(1.0+2.0j)");
}

#[test]
fn long_values_are_laid_out() {
    let point = |name: &str| {
        let values = vec![(text("name"), text(name)), (text("values"), ints(0..3))];
        Value::Dict(values)
    };
    let value = Value::Dict(vec![
        (text("first"), point("a rather long name of a point")),
        (text("second"), Value::List(vec![point("b"), point("c"), point("d")])),
    ]);
    let wanted = "\
#{
  first: #{
    name: \"a rather long name of a point\",
    values: [0, 1, 2],
  },
  second: [
    #{ name: \"b\", values: [0, 1, 2] },
    #{ name: \"c\", values: [0, 1, 2] },
    #{ name: \"d\", values: [0, 1, 2] },
  ],
}
";
    assert_eq!(shown(&value), wanted);
    let many = Value::List((0..1000).map(|_| Value::List(vec![Value::Int(1)])).collect());
    assert!(shown(&many).ends_with("  [1],\n  … 976 more\n]\n"), "{}", shown(&many));
}

#[test]
fn numbers_have_a_curve() {
    assert_eq!(shown(&ints(0..8)), "[0, 1, 2, 3, 4, 5, 6, 7]\n▁▂▃▄▅▆▇█  8 numbers, min 0, max 7, mean 3.5\n");
    let long = shown(&ints(0..10_000));
    let lines: Vec<&str> = long.lines().collect();
    assert_eq!((lines[0], lines.len()), ("[", 14), "{long}");
    assert!(lines[11].starts_with("  … 98"), "{long}");
    assert!(lines[12].ends_with("  10000 numbers, min 0, max 9999, mean 4999.5"), "{long}");
    let odd = [f64::NAN, f64::INFINITY, 1e308, -1e308, 0.0, 1.0, 2.0, 3.0].map(Value::Float);
    let odd = shown(&Value::List(odd.to_vec()));
    assert!(odd.contains("  █▁▅▅▅▅"), "{odd}");
    assert!(odd.contains("2 not finite"), "{odd}");
    let same = shown(&Value::List(vec![Value::Float(0.1); 9]));
    assert!(same.contains("▄▄▄▄▄▄▄▄▄  9 numbers, min 0.1, max 0.1, mean 0.1"), "{same}");
}

#[test]
fn blobs_and_texts_are_readable() {
    let wanted = "0000  48 65 6c 6c 6f 0a                                Hello.\n6 bytes\n";
    assert_eq!(shown(&Value::Bytes(b"Hello\n".to_vec())), wanted);
    assert!(shown(&Value::Bytes(vec![0; 1000])).ends_with("… 744 more of 1000 bytes\n"));
    assert_eq!(shown(&text("a\n\tb\x1b[2J\n")), "│ a\n│     b\\u{1b}[2J\n2 lines, 9 characters\n");
    assert_eq!(shown(&text(&"x".repeat(100))), format!("│ {}\n┆ {}\n100 characters\n", "x".repeat(57), "x".repeat(43)));
    assert!(shown(&text(&"x\n".repeat(100))).contains("… 52 lines more; 200 characters\n"));
}

#[test]
fn everything_is_bounded() {
    let mut deep = Value::Int(1);
    for _ in 0..100 {
        deep = Value::List(vec![deep.clone(), text("some words that take room"), deep]);
        if let Value::List(items) = &mut deep {
            items.truncate(2);
        }
    }
    let wide =
        Value::List((0..100).map(|_| Value::List((0..100).map(|_| text(&"long ".repeat(9))).collect())).collect());
    for value in [deep, wide, text(&"é".repeat(100_000)), Value::Opaque("line\n".repeat(100_000))] {
        let shown = shown(&value);
        assert!(shown.lines().count() <= MOST_LINES + 1, "{} lines", shown.lines().count());
        assert!(shown.len() < 100_000, "{} bytes", shown.len());
    }
    let coloured = show(&Value::Int(1), Page { width: 60, colour: Colour::Always });
    assert_eq!(coloured, "\x1b[33m1\x1b[0m\n");
}

#[test]
fn numbers_are_short() {
    let case = |number, wanted: &str| assert_eq!(short(number), wanted);
    case(0.0, "0");
    case(1.0, "1");
    case(0.1 + 0.2, "0.3");
    case(123456.789, "123457");
    case(-0.00012345, "-0.00012345");
    case(1.5e20, "1.50000e20");
}
