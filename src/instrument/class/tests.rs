use super::*;

fn origin(line: u32) -> Origin {
    Origin::new("t.rhai", line, 1)
}

pub(in crate::instrument) fn item(kind: ItemKind, name: &str, params: Vec<Param>, text: &str) -> Item {
    let messages = Template::parse_all(Dialect::Scpi, text, &params).unwrap();
    Item {
        kind,
        name: name.to_owned(),
        params,
        returns: Returns::Auto,
        options: ItemOptions::default(),
        messages,
        doc: String::new(),
        origin: origin(1),
    }
}

fn param(name: &str, kind: ParamKind) -> Param {
    Param { name: name.to_owned(), kind, ..Param::default() }
}

fn volts() -> Param {
    let limits = Some(Limits::Range { low: 0.0, high: 30.0, inclusive: true });
    Param { unit: "V".to_owned(), limits, ..param("v", ParamKind::Float) }
}

fn build(items: Vec<Item>) -> Result<Class> {
    Class::build("Psu", "", None, items, &[])
}

fn refused(items: Vec<Item>) -> String {
    build(items).unwrap_err().message().to_owned()
}

#[test]
fn arguments_are_written_by_type_and_form() {
    let case = |text: &str, kind: ParamKind, value: Value, expected: &str| {
        let item = item(ItemKind::Command, "c", vec![param("v", kind)], text);
        assert_eq!(item.render(&[value]).unwrap(), [expected], "{text}");
    };
    case("VOLT {v}", ParamKind::Float, Value::Float(1.5), "VOLT 1.5");
    case("VOLT {v}", ParamKind::Float, Value::Int(5), "VOLT 5");
    case("VOLT {v}", ParamKind::Float, Value::Float(1e-6), "VOLT 1E-6");
    case("VOLT {v:.3}", ParamKind::Float, Value::Float(0.1), "VOLT 0.100");
    case("VOLT {v:.2e}", ParamKind::Float, Value::Int(1234), "VOLT 1.23E3");
    case("OUTP {v}", ParamKind::Bool, Value::Bool(true), "OUTP ON");
    case("OUTP {v:d}", ParamKind::Bool, Value::Bool(false), "OUTP 0");
    case("MODE {v}", ParamKind::Str, Value::Str("CV".to_owned()), "MODE CV");
    case("TEXT {v:q},{{x}}", ParamKind::Str, Value::Str("a\"b".to_owned()), "TEXT \"a\"\"b\",{x}");
    let two = item(ItemKind::Command, "c", vec![volts()], "*CLS\n  VOLT {v}\n");
    assert_eq!(two.render(&[Value::Int(1)]).unwrap(), ["*CLS", "VOLT 1"]);
}

#[test]
fn values_that_a_parameter_does_not_take_are_refused_with_the_reason() {
    let case = |param: &Param, value: Value, reason: &str| assert_eq!(param.accept(&value), Err(reason.to_owned()));
    let text = |text: &str| Value::Str(text.to_owned());
    case(&volts(), Value::Int(31), "31 V, and must be in 0..=30 V");
    case(&volts(), Value::Float(-0.5), "-0.5 V, and must be in 0..=30 V");
    case(&volts(), text("1"), "a string, not a number");
    case(&volts(), Value::Float(f64::NAN), "not finite, not a finite number");
    case(&param("n", ParamKind::Int), Value::Float(1.5), "a float, not a whole number");
    case(&param("b", ParamKind::Bool), Value::Int(1), "an integer, not `true` or `false`");
    let control = "a string with a control character, which could end the message";
    case(&param("s", ParamKind::Str), text("a\nOUTP ON"), control);
    case(&param("a", ParamKind::Any), Value::None, "`()`, not a number, a string or a bool");
    let choice = Param { limits: Some(Limits::Choice(vec![text("CV"), text("CC")])), ..param("m", ParamKind::Str) };
    case(&choice, text("CX"), "\"CX\", and must be one of [\"CV\", \"CC\"]");
    assert_eq!(choice.accept(&text("CV")), Ok(()));
    let open =
        Param { limits: Some(Limits::Range { low: 0.0, high: 3.0, inclusive: false }), ..param("n", ParamKind::Int) };
    assert!(open.accept(&Value::Int(2)).is_ok() && open.accept(&Value::Int(3)).is_err());
    assert_eq!(volts().to_string(), "v: float \"V\" in 0..=30");
}

#[test]
fn declarations_that_cannot_work_are_refused() {
    let command = |params, text: &str| item(ItemKind::Command, "c", params, text);
    assert_eq!(refused(vec![command(vec![], " \n")]), "command `c` sends nothing");
    assert_eq!(refused(vec![command(vec![volts()], "X")]), "parameter `v` of command `c` is not in its message");
    assert_eq!(refused(vec![command(vec![], "X?")]), "command `c` sends a query, whose reply nobody would read");
    assert!(build(vec![command(vec![], "X \"?\"")]).is_ok());
    assert_eq!(refused(vec![item(ItemKind::Query, "q", vec![], "X")]), "the last message of query `q` is not a query");
    let both = vec![command(vec![], "X"), item(ItemKind::Query, "c", vec![], "X?")];
    assert_eq!(refused(both), "`c` is both a command and a query");
    let alone = item(ItemKind::Teardown, "off", vec![volts()], "VOLT {v}");
    assert_eq!(refused(vec![alone]), "teardown `off` runs automatically, but `v` has no default");
    let wrong = Param { default: Some(Value::Int(40)), ..volts() };
    assert_eq!(refused(vec![command(vec![wrong], "{v}")]), "the default of `v` is 40 V, and must be in 0..=30 V");
    let parse = |text: &str| Template::parse_all(Dialect::Scpi, text, &[volts()]).unwrap_err();
    assert_eq!(parse("VOLT {w}").0, "unknown parameter `w` in the message");
    assert_eq!(parse("VOLT {v").0, "`{v` is not closed");
    assert_eq!(parse("VOLT v}").0, "`}` has no opening brace");
    assert_eq!(parse("VOLT {v:x}").0, "unknown form `x` of `v`");
    let mut options = ItemOptions::default();
    let error = options.set(ItemKind::Command, "format", &Value::Str("i16".to_owned())).unwrap_err();
    assert_eq!(error.message(), "a command has no option `format`");
    assert!(options.set(ItemKind::Query, "format", &Value::Str("i7".to_owned())).is_err());
    assert!(options.set(ItemKind::Query, "timeout", &Value::Int(0)).is_err());
}

#[test]
fn overloads_are_chosen_by_model_and_inherited_in_order() {
    let of = |model: Option<&str>, text: &str| {
        let mut item = item(ItemKind::Query, "v", vec![], text);
        item.options.model = model.map(str::to_owned);
        item
    };
    let chosen = |class: &Class, model: &str| class.item("v", model).map(|item| item.messages[0].text().to_owned());
    let class = build(vec![of(Some("34461A"), "A?"), of(Some("DP8*"), "B?"), of(None, "C?")]).unwrap();
    assert_eq!(chosen(&class, "34461a").as_deref(), Some("A?"));
    assert_eq!(chosen(&class, "DP832").as_deref(), Some("B?"));
    assert_eq!(chosen(&class, "X").as_deref(), Some("C?"));
    assert_eq!(refused(vec![of(None, "C?"), of(Some("A"), "A?")]), "query `v` follows an overload for every model");
    assert_eq!(refused(vec![of(Some("A"), "C?"), of(Some("A"), "A?")]), "query `v` is declared twice for \"A\"");
    let only = Arc::new(build(vec![of(Some("A"), "A?")]).unwrap());
    assert_eq!(only.select("B").unwrap_err().kind(), Kind::NoMatchingExecuterError);
    let base = Arc::new(build(vec![of(None, "BASE?"), item(ItemKind::Setup, "s", vec![], "S")]).unwrap());
    let both = Class::build("Both", "", None, vec![of(Some("A"), "A?")], &[base]).unwrap();
    assert_eq!((chosen(&both, "A").as_deref(), chosen(&both, "B").as_deref()), (Some("A?"), Some("BASE?")));
    let names: Vec<String> = both.select("A").unwrap().iter().map(|item| item.name.clone()).collect();
    assert_eq!(names, ["v", "s"]);
}

#[test]
fn replies_become_the_declared_type() {
    let case =
        |returns: Returns, text: &str, expected: Option<Value>| assert_eq!(returns.value(text), expected, "{text}");
    case(Returns::Float, "5", Some(Value::Float(5.0)));
    case(Returns::Float, "CV", None);
    case(Returns::Int, "+5.0E0", Some(Value::Int(5)));
    case(Returns::Int, "5.5", None);
    case(Returns::Bool, "ON", Some(Value::Bool(true)));
    case(Returns::Bool, "0", Some(Value::Bool(false)));
    case(Returns::Bool, "2", None);
    case(Returns::Str, "\"CV\"", Some(Value::Str("CV".to_owned())));
    case(Returns::Auto, "1.5", Some(Value::Float(1.5)));
}
