//! Python modules out of a random number: each runs, prints what it computes, and ends with an exception.
//!
//! Invariant: the same seed gives the same module. White space, comments, line ends and the form of strings vary as far as
//! MicroPython's grammar allows; what a module does depends on no clock and no address.

#[path = "modules/pieces.rs"]
mod pieces;

use pieces::{GLOBALS, NUMBERS, PREAMBLE, STRINGS, VARIABLES};
use std::fmt::Write as _;

/// How many modules tests look at, from seed 0.
pub const COUNT: u64 = 200;

/// The module of `seed`.
pub fn module(seed: u64) -> String {
    let mut writer = Writer::new(seed);
    writer.preamble();
    for _ in 0..writer.pick(4) + 4 {
        writer.statement();
    }
    writer.end();
    let ends = ["\n", "\n", "\n", "\r\n", "\r"][(seed % 5) as usize];
    writer.text.replace('\n', ends)
}

/// The text of a module so far.
struct Writer {
    state: u64,
    text: String,
    /// The white space before each statement of the block.
    indent: String,
    /// Blocks around the statement.
    depth: usize,
    /// Brackets around the expression: within them line ends are white space.
    brackets: usize,
    /// Functions, classes and the like have numbers.
    names: usize,
}

impl Writer {
    fn new(seed: u64) -> Writer {
        let (text, indent) = (String::new(), String::new());
        Writer { state: seed, text, indent, depth: 0, brackets: 0, names: 0 }
    }

    /// A number below `limit` (Steele, Lea, Flood: SplitMix64).
    fn pick(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % limit as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.pick(of.len())]
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// White space that may be missing.
    fn gap(&mut self) {
        let blank = match self.brackets {
            0 => self.one(&["", "", "", "", " ", " ", "  ", "\t", "\x0c", " \\\n  ", "\\\n"]),
            _ => self.one(&["", "", "", " ", "  ", "\t", "\x0c", "\n", "\n\n  ", " # it's\n", "\\\n", "#\"\"\"\n\t"]),
        };
        self.put(blank);
    }

    /// White space that must not be missing.
    fn space(&mut self) {
        let blank = self.one(&[" ", " ", " ", "  ", "\t", " \\\n ", " \x0c"]);
        self.put(blank);
    }

    /// The characters of `line`, with white space in place of `~` (which may be missing) and `_` (which must not); the letters
    /// `I` and `S` are an integer and a string, `B` a condition.
    fn form(&mut self, line: &str, depth: usize) {
        for piece in line.chars() {
            match piece {
                '~' => self.gap(),
                '_' => self.space(),
                'I' => self.integer(depth),
                'S' => self.string(),
                'B' => self.condition(depth),
                _ => {
                    match piece {
                        '(' | '[' | '{' => self.brackets += 1,
                        ')' | ']' | '}' => self.brackets -= 1,
                        _ => {}
                    }
                    self.text.push(piece);
                }
            }
        }
    }

    fn integer(&mut self, depth: usize) {
        if depth == 0 || self.pick(4) == 0 {
            let words = if self.pick(2) == 0 { VARIABLES } else { NUMBERS };
            let word = self.one(words);
            return self.put(word);
        }
        let forms = [
            "(~I~+~I~)",
            "(~I~-~-~I~)",
            "(~I~*~I~%~97~)",
            "~-~(I)",
            "(~I~//~7~)",
            "(~I_if~B~else_I~)",
            "(lambda_q~,~w~=~2~:~q~-~w~)(~I~)",
            "sum~(~[~x~*~2_for_x_in_range~(~3~)~if_x~]~)",
            "len~(~S~)",
            "[~I~,~I~]~[~0~]",
            "{~1~:~I~,~}~[~1~]",
            "(~t~:=~I~)",
            "(~I~<<~2~&~0xFf~|~1~)",
            "min~(~*~(~I~,~2~,~)~)",
            "(~I_is_not_I)",
            "int~(~not_B~)",
            "sum~(x_for_x_in~(~I~,~2~)~)",
            "[~1~,~2~,~3~]~[~:~:~-~1~]~[~0~]",
            "len~(~dict~(~u~=~I~,~**~{~'v'~:~I~}~)~)",
            "(0xe_+~I)",
            "(3_if~B~else~-~1)",
        ];
        let form = self.one(&forms);
        self.form(form, depth - 1);
    }

    fn string(&mut self) {
        let string = self.one(STRINGS);
        self.put(string);
    }

    fn condition(&mut self, depth: usize) {
        let forms =
            ["I~<~I", "I~>=~I", "I~!=~I", "not_I", "I_and_I", "I_or_I", "I_in~(~1~,~I~)", "S_is_not_None", "S~==~S"];
        let form = self.one(&forms);
        self.put("(");
        self.brackets += 1;
        self.form(form, depth.saturating_sub(1));
        self.brackets -= 1;
        self.put(")");
    }

    /// Lines between statements, and the indentation of the next one.
    fn line(&mut self) {
        for _ in 0..self.pick(3) / 2 + self.pick(2) {
            let odd = self.one(&[
                "",
                "  ",
                "\t# tab",
                "# it's \"\"\" a comment \\",
                "      #odd",
                "\x0c",
                "\x0c# page",
                " \t ",
            ]);
            self.put(odd);
            self.put("\n");
        }
        let indent = self.indent.clone();
        // The same column, written in another way.
        if self.pick(4) == 0 && indent.starts_with('\t') {
            self.put("        ");
            self.put(&indent[1..]);
        } else {
            self.put(&indent);
        }
    }

    fn end_line(&mut self) {
        let end = self.one(&["\n", "\n", "\n", "  \n", " # end's \"\n", "\t#\n", "\x0c\n", ";\n", " ; # semicolon\n"]);
        self.put(end);
    }

    /// One line: a simple statement, or several.
    fn simple(&mut self, form: &str) {
        self.line();
        self.form(form, 2);
        self.end_line();
    }

    /// A line that opens a block, and the block.
    fn block(&mut self, head: &str, body: impl FnOnce(&mut Writer)) {
        self.line();
        self.form(head, 2);
        self.gap();
        let end = self.one(&[":\n", ":\n", " :  \n", ": # block's\n", ":\t#\n"]);
        self.put(end);
        let outer = self.indent.clone();
        let step = self.one(&[" ", "  ", "    ", "    ", "        ", "\t", "\t"]);
        self.indent.push_str(step);
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.indent = outer;
    }

    fn statements(&mut self) {
        for _ in 0..self.pick(2) + 1 {
            self.statement();
        }
    }

    fn statement(&mut self) {
        let choices = if self.depth < 3 { 24 } else { 11 };
        match self.pick(choices) {
            0 => self.simple("a~=~I"),
            1 => self.simple("b~,~c~=~I~,~I"),
            2 => self.simple("s~=~S"),
            3 => self.simple("c~%=~11~;~b~+=~I~;~print~(~b~,~c~)"),
            4 | 5 => self.simple("print~(~I~,~S~,~B~)"),
            6 => self.simple("pass"),
            7 => {
                let string = self.one(&[
                    "'''doc\n  string\n'''",
                    "'only'",
                    "'a' 'b  '",
                    "'a' \\\n 'b'",
                    "b'bytes'",
                    "r'''\\ '''",
                ]);
                self.line();
                self.put(string);
                self.put("\n");
            }
            8 => self.simple("f'{print(a)}'"),
            9 => self.simple("if_B~:~a~=~I~;~pass"),
            10 => self.simple("n~:~int~=~I"),
            11 => {
                self.block("if_B", Writer::statements);
                if self.pick(2) == 0 {
                    self.block("elif_B", Writer::statements);
                }
                if self.pick(2) == 0 {
                    self.block("else", Writer::statements);
                }
            }
            12 => {
                self.names += 1;
                let head = format!("for_i{}_in_range~(~I~%~3~)", self.names);
                self.block(&head, Writer::statements);
                if self.pick(3) == 0 {
                    self.block("else", Writer::statements);
                }
            }
            13 => self.looped(),
            14 | 15 => self.tried(),
            16 | 17 => self.function(),
            18 => self.class(),
            19 => self.asynchronous(),
            20 => self.block("with_Manager~(~S~)_as_m", Writer::statements),
            21 => self.generator(),
            22 => self.simple("import_sys~;~from_sys_import~(~platform_as_p~,~)~;~print~(~p~==~sys~.~platform~)"),
            _ => self.simple("del~(~z~)~;~z~=~lambda~:~None~;~assert_I_is_not_None~,~S"),
        }
    }

    fn looped(&mut self) {
        self.names += 1;
        let count = format!("w{}", self.names);
        self.simple(&format!("{count}~=~2"));
        self.block(&format!("while_{count}"), |writer| {
            writer.simple(&format!("{count}~-=~1"));
            writer.statements();
        });
    }

    /// Prints the line of an exception that is raised somewhere in it.
    fn tried(&mut self) {
        self.block("try", |writer| {
            writer.statements();
            let raise = [
                "raise_ValueError~(~S~)",
                "print~(~1~//~(~I~*~0~)~)",
                "[~]~[~I~*~0~]",
                "a~.~nothing~(~I~)",
                "assert_not_1~,~S",
            ];
            let raise = writer.one(&raise);
            writer.simple(raise);
        });
        let head = self.one(&["except_Exception_as_e", "except~(~ValueError~,~Exception~)_as_e"]);
        self.block(head, |writer| {
            writer.simple("show~(~e~)");
            writer.statements();
        });
        if self.pick(3) == 0 {
            self.block("finally", Writer::statements);
        }
    }

    fn function(&mut self) {
        self.names += 1;
        let name = format!("f{}", self.names);
        for _ in 0..self.pick(3) {
            let decorator = self.one(&["@~same", "@~Manager~.~same", "@~other~(~I~,~S~)"]);
            self.line();
            self.form(decorator, 1);
            self.put("\n");
        }
        self.block(&format!("def_{name}~(~q~,~w~=~I~,~*~r~,~k~:~int~=~3~,~**~o~)~->~int"), |writer| {
            writer.simple(GLOBALS);
            writer.statements();
            writer.simple("return~(~q~,~w~,~r~,~k~,~I~)");
        });
        self.simple(&format!("print~(~{name}~(~I~,~*~[~1~,~I~]~,~k~=~-~I~)~)"));
    }

    fn class(&mut self) {
        self.names += 1;
        let name = format!("C{}", self.names);
        self.block(&format!("class_{name}~(~Manager~)"), |writer| {
            writer.line();
            writer.put("'doc'\n");
            writer.simple("field~:~int~=~I");
            writer.block("def_method~(~self~)", |writer| {
                writer.simple("return_self~.~field~+~I");
            });
            writer.line();
            writer.form("@~property\n", 0);
            writer.block("def_half~(~self~)", |writer| writer.simple("return~-~self~.~field"));
        });
        self.simple(&format!("print~(~{name}~(~S~)~.~method~(~)~,~{name}~(~1~)~.~half~)"));
    }

    fn asynchronous(&mut self) {
        self.names += 1;
        let name = format!("g{}", self.names);
        self.block(&format!("async_def_{name}~(~q~)"), |writer| {
            writer.simple(GLOBALS);
            writer.block("async_with_Manager~(~q~)", Writer::statements);
            writer.block("async_for_x_in_Manager~(~q~)", Writer::statements);
            writer.simple("return_await_Manager~(~I~)");
        });
        self.simple(&format!("finish~(~{name}~(~I~)~)"));
    }

    fn generator(&mut self) {
        self.names += 1;
        let name = format!("h{}", self.names);
        self.block(&format!("def_{name}~(~)"), |writer| {
            writer.simple(GLOBALS);
            writer.simple("x~=~yield~-~I");
            writer.statements();
            writer.simple("yield_from~(~x~,~I~)");
        });
        self.simple(&format!("print~(~list~(~{name}~(~)~)~,~{{~x_for_x_in_{name}~(~)~}}~!=~0~)"));
    }

    /// What the statements use.
    fn preamble(&mut self) {
        let first = self.one(&["", "#!/usr/bin/env micropython\n", "'''About\nthis'''\n", "\n\n", "# it's\n"]);
        self.put(first);
        self.put(PREAMBLE);
    }

    /// An exception on a line that depends on every line end before, from within an expression.
    fn end(&mut self) {
        self.names += 1;
        let name = format!("end{}", self.names);
        self.block(&format!("def_{name}~(~q~)"), |writer| {
            writer.simple(GLOBALS);
            writer.statements();
            writer.simple("raise_RuntimeError~(~'the'_' end'~)");
        });
        let _ = write!(self.text, "print ( 'last' ) ;  {name} ( \n 1 ) # the end");
        let end = self.one(&["", "\n", "\n\n", "  ", "\n#"]);
        self.put(end);
    }
}
