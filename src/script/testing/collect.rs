//! Lists the tests of a script and reorders them, without running anything.
//!
//! Works on Rhai's tree. Invariant: only adjacent tests and groups change places, so that
//! every other statement stays in place; a test follows the tests that it needs.

use crate::bench::select::{Declared, Dice};
use crate::script::names;
use crate::script::testing::letters;
use rhai::{AST, ASTNode, CustomExpr, Dynamic, Expr, Position, Stmt};

/// The tests of a script, including those in functions and closures, in source order.
pub(crate) fn tests(tree: &AST) -> Vec<Declared> {
    let mut found = Vec::new();
    let certain = certain(tree);
    tree.walk(&mut |nodes: &[ASTNode<'_>]| {
        if let Some(ASTNode::Expr(Expr::Custom(custom, position))) = nodes.last()
            && is(custom, names::TEST)
        {
            let groups = nodes.iter().filter_map(|node| match node {
                ASTNode::Expr(Expr::Custom(custom, _)) if is(custom, names::GROUP) => Some(&**custom),
                _ => None,
            });
            let groups: Vec<&CustomExpr> = groups.collect();
            let mut tags: Vec<String> = groups.iter().flat_map(|group| strings(group, "tags")).collect();
            tags.extend(strings(custom, "tags"));
            found.push(Declared {
                name: name(custom),
                group: groups.iter().map(|group| name(group)).collect(),
                tags,
                needs: strings(custom, "needs"),
                depends: !certain.contains(position),
                line: position.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0),
            });
        }
        true
    });
    found
}

/// The positions of the tests of [`tests`], in the same order.
pub(crate) fn positions(tree: &AST) -> Vec<Position> {
    let mut found = Vec::new();
    tree.walk(&mut |nodes: &[ASTNode<'_>]| {
        if let Some(ASTNode::Expr(Expr::Custom(custom, position))) = nodes.last()
            && is(custom, names::TEST)
        {
            found.push(*position);
        }
        true
    });
    found
}

/// The positions of tests that run exactly once: not in a loop, a branch, a function or a closure.
fn certain(tree: &AST) -> Vec<Position> {
    let mut found = Vec::new();
    for statement in tree.statements() {
        statement.walk(&mut Vec::new(), &mut |nodes: &[ASTNode<'_>]| {
            if let Some(ASTNode::Expr(Expr::Custom(custom, position))) = nodes.last()
                && is(custom, names::TEST)
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
            && is(custom, names::GROUP)
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
    let mut order: Vec<usize> = Vec::new();
    let mut seen = vec![false; statements.len()];
    for index in 0..statements.len() {
        place(index, &names, &needs, &mut seen, &mut order);
    }
    let sorted: Vec<Stmt> = order.iter().map(|index| statements[*index].clone()).collect();
    for (place, statement) in statements.iter_mut().zip(sorted) {
        *place = statement;
    }
}

fn place(index: usize, names: &[String], needs: &[Vec<String>], seen: &mut [bool], order: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[index], true) {
        return;
    }
    for need in &needs[index] {
        let is_meant =
            |name: &String| need == name || need.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
        for other in (0..names.len()).filter(|other| is_meant(&names[*other])) {
            place(other, names, needs, seen, order);
        }
    }
    order.push(index);
}

fn is(custom: &CustomExpr, key: &str) -> bool {
    custom.tokens.first().is_some_and(|token| token == key)
}

/// The test or group in a statement.
fn block(statement: &Stmt) -> Option<&CustomExpr> {
    let Stmt::Expr(expression) = statement else { return None };
    match &**expression {
        Expr::Custom(custom, _) if is(custom, names::TEST) || is(custom, names::GROUP) => Some(custom),
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
    match custom.inputs.first() {
        Some(Expr::StringConstant(name, _)) => name.to_string(),
        _ => String::new(),
    }
}

/// The string literals of an option.
fn strings(custom: &CustomExpr, option: &str) -> Vec<String> {
    let ops = letters(&custom.state);
    let mut segments = ops.chars().zip(&custom.inputs);
    let value = loop {
        match segments.next() {
            None => return Vec::new(),
            Some(('O', Expr::StringConstant(word, _))) if word == option => break segments.next(),
            Some(_) => {}
        }
    };
    let text = |value: &Dynamic| value.clone().into_string().ok();
    match value {
        Some(('V', value)) => match value.get_literal_value(None) {
            Some(value) if value.is_string() => text(&value).into_iter().collect(),
            Some(value) if value.is_array() => value.into_array().unwrap_or_default().iter().filter_map(text).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
