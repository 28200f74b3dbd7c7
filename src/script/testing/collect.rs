//! Lists the tests of a script and reorders them, without running anything.
//!
//! Works on Rhai's tree. Invariant: only adjacent tests and groups change places, so that
//! every other statement stays in place; a test follows the tests that it needs.

use crate::bench::select::{Declared, Dice};
use crate::script::names::ROWS;
use crate::script::testing::form::{is_group, is_test, key_of, op, segments, written_name};
use rhai::{AST, ASTNode, CustomExpr, Dynamic, Expr, Module, Position, Stmt};
use std::collections::HashMap;

/// The tests of a script, including those in functions and closures, in source order.
pub(crate) fn tests(tree: &AST) -> Vec<Declared> {
    tests_with_positions(tree).into_iter().map(|(test, _)| test).collect()
}

/// As [`tests`], with their positions.
pub(crate) fn tests_with_positions(tree: &AST) -> Vec<(Declared, Position)> {
    let mut found = Vec::new();
    let certain = certain(tree);
    tree.walk(&mut |nodes: &[ASTNode<'_>]| {
        if let Some(ASTNode::Expr(Expr::Custom(custom, position))) = nodes.last()
            && is_test(custom)
        {
            let groups: Vec<&CustomExpr> = nodes.iter().filter_map(group_of).collect();
            let mut tags: Vec<String> = groups.iter().flat_map(|group| strings(group, "tags")).collect();
            tags.extend(strings(custom, "tags"));
            let test = Declared {
                name: name(custom),
                group: groups.iter().map(|group| name(group)).collect(),
                tags,
                needs: strings(custom, "needs"),
                depends: !certain.contains(position),
                has_rows: key_of(custom) == ROWS,
                line: position.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0),
            };
            found.push((test, *position));
        }
        true
    });
    found
}

/// A name that is used twice for certain.
pub(crate) struct Twice {
    /// `test` or `group`.
    pub what: &'static str,
    pub name: String,
    pub first: Position,
    pub second: Position,
}

/// The names of tests and groups that are used twice within one group, whatever happens at run time.
pub(crate) fn twice(tree: &AST) -> Vec<Twice> {
    let mut seen: HashMap<(bool, Vec<String>), Position> = HashMap::new();
    let mut found = Vec::new();
    for statement in tree.statements() {
        statement.walk(&mut Vec::new(), &mut |nodes: &[ASTNode<'_>]| {
            let Some(ASTNode::Expr(Expr::Custom(custom, _))) = nodes.last() else { return true };
            let position = custom.inputs.first().map_or(Position::NONE, Expr::position);
            let is_test = is_test(custom);
            if !(is_test || is_group(custom)) || nodes.iter().any(depends) {
                return true;
            }
            let groups = nodes[..nodes.len() - 1].iter().filter_map(group_of);
            let path: Vec<&CustomExpr> = groups.chain([&**custom]).collect();
            if path.iter().any(|custom| written_name(custom.inputs.first()).1) || key_of(custom) == ROWS {
                return true;
            }
            let names = path.iter().map(|custom| name(custom)).collect();
            match seen.entry((is_test, names)) {
                std::collections::hash_map::Entry::Vacant(free) => drop(free.insert(position)),
                std::collections::hash_map::Entry::Occupied(first) => found.push(Twice {
                    what: crate::script::testing::form::word(key_of(custom)),
                    name: name(custom),
                    first: *first.get(),
                    second: position,
                }),
            }
            true
        });
    }
    found
}

/// The tests with a fixed name directly in a loop, where they run once per round.
pub(crate) fn repeated(tree: &AST) -> Vec<(String, Position)> {
    let mut found = Vec::new();
    tree.walk(&mut |nodes: &[ASTNode<'_>]| {
        let Some(ASTNode::Expr(Expr::Custom(custom, position))) = nodes.last() else { return true };
        if !is_test(custom) || written_name(custom.inputs.first()).1 {
            return true;
        }
        let around = nodes[..nodes.len() - 1].iter().rev();
        // A group with a computed name makes the names of its tests unique.
        let is_computed =
            |node: &&ASTNode<'_>| group_of(node).is_some_and(|group| written_name(group.inputs.first()).1);
        let is_loop =
            |node: &ASTNode<'_>| matches!(node, ASTNode::Stmt(Stmt::For(..) | Stmt::While(..) | Stmt::Do(..)));
        if around.take_while(|node| !is_computed(node)).any(is_loop) {
            found.push((name(custom), *position));
        }
        true
    });
    found
}

/// The tests among statements of a group that run exactly once, if the group does.
pub(crate) fn certain_in(statements: &[Stmt]) -> Vec<Declared> {
    let tree = AST::new(statements.to_vec(), Module::new());
    tests(&tree).into_iter().filter(|test| !test.depends).collect()
}

fn group_of<'a>(node: &ASTNode<'a>) -> Option<&'a CustomExpr> {
    match node {
        ASTNode::Expr(Expr::Custom(custom, _)) if is_group(custom) => Some(custom),
        _ => None,
    }
}

/// The positions of tests that run exactly once: not in a loop, a branch, a function or a closure.
fn certain(tree: &AST) -> Vec<Position> {
    let mut found = Vec::new();
    for statement in tree.statements() {
        statement.walk(&mut Vec::new(), &mut |nodes: &[ASTNode<'_>]| {
            if let Some(ASTNode::Expr(Expr::Custom(custom, position))) = nodes.last()
                && is_test(custom)
                && !nodes.iter().any(depends)
            {
                found.push(*position);
            }
            true
        });
    }
    found
}

/// Whether the content of a node may run not at all, or repeatedly.
fn depends(node: &ASTNode<'_>) -> bool {
    match node {
        ASTNode::Stmt(statement) => {
            use Stmt::{Do, For, If, Switch, TryCatch, While};
            matches!(statement, If(..) | Switch(..) | While(..) | Do(..) | For(..) | TryCatch(..))
        }
        ASTNode::Expr(expression) => matches!(expression, Expr::And(..) | Expr::Or(..) | Expr::Coalesce(..)),
        _ => false,
    }
}

/// The tree with reordered tests.
pub(crate) fn shuffled(tree: &AST, seed: u64) -> AST {
    let mut statements: Vec<Stmt> = tree.statements().to_vec();
    shuffle(&mut statements, &mut Dice::new(seed));
    let mut other = AST::new(statements, tree.shared_lib().clone());
    if let Some(source) = tree.source() {
        other.set_source(source);
    }
    other
}

fn shuffle(statements: &mut [Stmt], dice: &mut Dice) {
    for statement in statements.iter_mut() {
        if let Some(custom) = block_mut(statement)
            && is_group(custom)
            && let Some(Expr::Stmt(block)) = custom.inputs.iter_mut().rev().find(|input| matches!(input, Expr::Stmt(_)))
        {
            shuffle(block.statements_mut(), dice);
        }
    }
    let mut begin = 0;
    while begin < statements.len() {
        let length = statements[begin..].iter().take_while(|statement| block(statement).is_some()).count();
        let together = &mut statements[begin..begin + length];
        dice.shuffle(together);
        in_need_order(together);
        begin += length + 1;
    }
}

/// Moves every test after those that it needs.
fn in_need_order(statements: &mut [Stmt]) {
    let needs: Vec<Vec<String>> = statements
        .iter()
        .map(|statement| block(statement).map(|custom| strings(custom, "needs")).unwrap_or_default())
        .collect();
    let names: Vec<String> =
        statements.iter().map(|statement| block(statement).map(name).unwrap_or_default()).collect();
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        places.entry(name).or_default().push(place);
    }
    let mut order: Vec<usize> = Vec::new();
    let mut seen = vec![false; statements.len()];
    for index in 0..statements.len() {
        place(index, &places, &needs, &mut seen, &mut order);
    }
    let sorted: Vec<Stmt> = order.iter().map(|index| statements[*index].clone()).collect();
    for (place, statement) in statements.iter_mut().zip(sorted) {
        *place = statement;
    }
}

/// Places a test after those that it needs. `places`: of tests and groups by their names.
fn place(
    index: usize,
    places: &HashMap<&str, Vec<usize>>,
    needs: &[Vec<String>],
    seen: &mut [bool],
    order: &mut Vec<usize>,
) {
    if std::mem::replace(&mut seen[index], true) {
        return;
    }
    for need in &needs[index] {
        // Its whole, or what is before the rest of a path or the row of a table.
        let ends = need.match_indices(['/', '[', ' ']).map(|(end, _)| end).chain([need.len()]);
        let mut meant: Vec<usize> = ends.filter_map(|end| places.get(&need[..end])).flatten().copied().collect();
        meant.sort_unstable();
        for other in meant {
            place(other, places, needs, seen, order);
        }
    }
    order.push(index);
}

/// The test or group in a statement.
fn block(statement: &Stmt) -> Option<&CustomExpr> {
    let Stmt::Expr(expression) = statement else { return None };
    match &**expression {
        Expr::Custom(custom, _) if is_test(custom) || is_group(custom) => Some(custom),
        _ => None,
    }
}

fn block_mut(statement: &mut Stmt) -> Option<&mut CustomExpr> {
    let Stmt::Expr(expression) = statement else { return None };
    match &mut **expression {
        Expr::Custom(custom, _) => Some(custom),
        _ => None,
    }
}

fn name(custom: &CustomExpr) -> String {
    written_name(custom.inputs.first()).0
}

/// The string literals of an option.
fn strings(custom: &CustomExpr, option: &str) -> Vec<String> {
    let text = |value: &Dynamic| value.clone().into_string().ok();
    let Some(value) = option_of(custom, option) else { return Vec::new() };
    match value.get_literal_value(None) {
        Some(value) if value.is_string() => text(&value).into_iter().collect(),
        Some(value) if value.is_array() => value.into_array().unwrap_or_default().iter().filter_map(text).collect(),
        _ => Vec::new(),
    }
}

/// The value of an option, in a block or in the map of a call.
fn option_of<'a>(custom: &'a CustomExpr, option: &str) -> Option<&'a Expr> {
    let segments = segments(custom);
    let named = |(letter, input): &(char, &Expr)| {
        *letter == op::OPTION && matches!(input, Expr::StringConstant(word, _) if word == option)
    };
    if let Some(index) = segments.iter().position(named) {
        return segments.get(index + 1).filter(|(letter, _)| *letter == op::VALUE).map(|(_, value)| *value);
    }
    match segments.get(1) {
        Some((op::ARGUMENT, Expr::Map(map, _))) => {
            map.0.iter().find(|(key, _)| key.name == option).map(|(_, value)| value)
        }
        _ => None,
    }
}
