//! Belay's facts about its proxy objects.

use super::script;

/// What Belay's own tests of its proxies hold, one case a fact; what a language decides is written its way.
#[test]
fn belay_s_facts() {
    let facts = [
        ("attributes are values", "[klass.foo, klass.bar]", "[1, 2]"),
        ("methods give values", "klass.some_method(3)", "6"),
        ("setting an attribute", "{ klass.foo = 4; [klass.foo, d.exec(\"klass.foo\")] }", "[4, 4]"),
        ("setting a new attribute", "{ klass.baz = 100; [klass.baz, d.exec(\"klass.baz\")] }", "[100, 100]"),
        ("an attribute that is none", "caught(|| klass.none).contains(\"AttributeError\")", "true"),
        (
            "dir",
            "{ let names = d.proxy(\"dir(klass)\").fetch(); \"foo\" in names && \"some_method\" in names }",
            "true",
        ),
        ("keys of a dict", "d.proxy(\"sorted(klass.some_dict.keys())\").fetch()", "[\"a\", \"b\", \"c\"]"),
        ("values of a dict", "{ let n = 0; for value in klass.some_dict.values() { n += value; } n }", "6"),
        ("items", "[nums[1], nums[-1]]", "[2, 3]"),
        ("slices are compared", "nums.slice((), 2) == [1, 2]", "true"),
        ("setting an item", "{ nums[1] = 99; [nums[1], d.exec(\"nums\")] }", "[99, [1, 99, 3]]"),
        (
            "setting an item of a dict",
            "{ dict[\"a\"] = 999; d.exec(\"dict_['a'], dict_['b']\").to_string() }",
            "[999, 2]",
        ),
        ("len", "len(nums)", "3"),
        (
            "attributes of the host's own",
            "{ let here = #{ object: klass, fizz: 200 }; here.fizz = 300; here.fizz }",
            "300",
        ),
        ("immutable values reckon", "klass.bar * 5 + 10", "20"),
        ("containers stay, tuples too", "[type_of(dict), type_of(d.proxy(\"(1, 2)\"))]", "[\"proxy\", \"proxy\"]"),
        ("a list in a tuple stays", "d.proxy(\"(1, 2, [3, 4])\")[2] == [3, 4]", "true"),
        (
            "gone with the last proxy",
            "{ { let p = d.proxy(\"victim\", #{ delete: true }); } caught(|| d.exec(\"victim\")).contains(\"NameError\") }",
            "true",
        ),
        (
            "kept without the last proxy",
            "{ { let p = d.proxy(\"nums\", #{ delete: false }); } d.exec(\"len(nums)\") }",
            "3",
        ),
        ("a module stays", "{ { let m = d.proxy(\"import sys\"); m.platform; } d.exec(\"'sys' in dir()\") }", "true"),
        ("in", "[3 in nums, 10 in nums, \"b\" in dict, \"z\" in dict]", "[true, false, true, false]"),
        ("iteration", "{ let all = []; for x in d.proxy(\"[10, 20]\") { all.push(x); } all }", "[10, 20]"),
        ("hash", "hash(d.proxy(\"fixed\")) == d.exec(\"hash(fixed)\")", "true"),
        (
            "equality",
            "[five == 5, five != 10, five != ten, d.proxy(\"[1]\") == d.proxy(\"[1]\")]",
            "[true, true, true, true]",
        ),
        (
            "order",
            "[five < ten, five <= 5, five <= ten, ten > 5, ten > five, ten >= 10, ten >= five]",
            "[true, true, true, true, true, true, true]",
        ),
        (
            "str and repr",
            "[five.to_string(), d.proxy(\"[1, 2]\").to_string(), d.proxy(\"[1, 2]\").repr()]",
            "[\"5\", \"[1, 2]\", \"[1, 2]\"]",
        ),
        ("proxies as arguments", "{ klass.add(dict); [klass.add(five), klass.items == [dict, 5]] }", "[2, true]"),
        (
            "slices of every form",
            "{ let t = d.proxy(\"list(range(10))\"); [t[2..5] == [2, 3, 4], t[7..] == [7, 8, 9], t.slice((), (), 2) == [0, 2, 4, 6, 8], t.slice(2, 8, 2) == [2, 4, 6], t.slice(-3, ()) == [7, 8, 9], t.slice((), -3) == [0, 1, 2, 3, 4, 5, 6], t.slice(-5, -2) == [5, 6, 7]] }",
            "[true, true, true, true, true, true, true]",
        ),
        (
            "nesting",
            "{ let n = d.proxy(\"{'list': [1, [3, 4]], 'dict': {'inner': {'value': 42}}}\"); [n[\"list\"][0], n[\"list\"][1] == [3, 4], n[\"dict\"][\"inner\"][\"value\"]] }",
            "[1, true, 42]",
        ),
        ("KeyError", "caught(|| dict[\"zz\"]).contains(\"KeyError\")", "true"),
        ("IndexError", "caught(|| nums[100]).contains(\"IndexError\")", "true"),
        ("TypeError", "caught(|| five.call()).contains(\"TypeError\")", "true"),
        ("ValueError", "caught(|| d.proxy(\"int\").call(\"x\")).contains(\"ValueError\")", "true"),
        (
            "imports",
            "{ let pair = d.proxy(\"from math import cos, pi\"); [d.proxy(\"from math import sin\").call(0), pair[0].call(0), pair[1].fetch() > 3.14] }",
            "[0.0, 1.0, true]",
        ),
        ("a name stays, an expression goes", "{ { d.proxy(\"five_\"); d.proxy(\"[1]\"); } d.exec(\"five_\") }", "5"),
        ("as the board knows", "kept(d)", "0"),
        ("the value of a proxy", "[type_of(nums.fetch()), d.proxy(\"40 + 2\")]", "[\"array\", 42]"),
        (
            "a proxy as an attribute",
            "{ klass.config = dict; klass.config == dict && d.exec(\"klass.config is dict_\") }",
            "true",
        ),
        (
            "a proxy as an item",
            "{ nums[0] = dict; dict[\"b\"] = nums; d.exec(\"nums[0] is dict_ and dict_['b'] is nums\") }",
            "true",
        ),
    ];
    let objects = r#"
        d.exec(`
            class Klass:
                foo = 1
                bar = 2
                some_dict = {"a": 1, "b": 2, "c": 3}
                def __init__(self):
                    self.items = []
                def some_method(self, value):
                    return 2 * value
                def add(self, item):
                    self.items.append(item)
                    return len(self.items)
            klass = Klass()
            nums = [1, 2, 3]
            dict_ = {"a": 1, "b": 2}
            five_, ten_, fixed, victim = 5, 10, (1, 2, 3), [1]
        `);
        let klass = d.proxy("klass"); let nums = d.proxy("nums"); let dict = d.proxy("dict_");
        let five = d.proxy("five_"); let ten = d.proxy("ten_");
    "#;
    let text: String = facts.iter().map(|(fact, code, _)| format!("print(\"{fact}: \" + ({code}));\n")).collect();
    let shown: Vec<String> = facts.iter().map(|(fact, _, shown)| format!("{fact}: {shown}")).collect();
    script(&format!("{objects}{text}"), &shown.iter().map(String::as_str).collect::<Vec<_>>());
}
