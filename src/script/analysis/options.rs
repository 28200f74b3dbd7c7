//! Maps of options that are written out: unknown names, units, limits.
//!
//! Uses the lists of those who read the options. Invariant: an option whose value is computed is not judged by it.

use crate::bench::{picture, units};
use crate::phrase::did_you_mean;
use crate::script::analysis::tree::{literal, map_of, number};
use crate::script::analysis::walker::Walker;
use crate::script::natives::{diagnoses, measure, monitors, operator, series, verdicts};
use crate::script::objects::{console, exec, opening, packages, sync};
use rhai::{Expr, FnCallExpr};

impl<'w> Walker<'w, '_> {
    /// The options of a function of the language.
    pub fn check_options_of(&mut self, name: &str, call: &'w FnCallExpr) {
        let args = call.args.as_slice();
        match (name, args) {
            ("measure", [_, _, options]) => self.check_measure(options),
            ("measure", [_, _, limits, options]) => {
                self.check_measure(limits);
                self.check_measure(options);
            }
            ("unit", [_, options]) => self.check_names("unit", options, series::UNIT),
            ("ask", [_, options]) => self.check_question("ask", options, operator::ASK),
            ("confirm", [_, options]) => self.check_question("confirm", options, operator::CONFIRM),
            ("instruct", [_, image]) if literal(image).is_some() => self.check_picture(image),
            ("instruct", [_, options]) => self.check_question("instruct", options, operator::INSTRUCT),
            ("checkpoint", [_, options]) => self.check_names("checkpoint", options, verdicts::CHECKPOINT),
            ("diagnosis", [_, _, options]) => self.check_names("diagnosis", options, diagnoses::OPTIONS),
            ("monitor", [_, _, options, _]) => self.check_names("monitor", options, monitors::OPTIONS),
            ("for_each_board", [_, options, _]) => self.check_names("for_each_board", options, &["jobs"]),
            ("record", [_, unit, ..]) => self.check_unit(unit),
            _ => {}
        }
    }

    /// The options of a function of devices.
    pub fn check_options_on_device(&mut self, name: &str, call: &'w FnCallExpr) {
        let from = usize::from(name != "sync_dependencies");
        let Some(options) = call.args.last().filter(|_| call.args.len() > from) else { return };
        match name {
            "sync_dependencies" if call.args.len() == 1 => {
                self.check_names("sync_dependencies", options, sync::DEPENDENCIES);
            }
            "sync" | "sync_dependencies" => self.check_names("sync", options, sync::OPTIONS),
            "install" => self.check_names("install", options, packages::OPTIONS),
            "exec" => self.check_names("exec", options, exec::OPTIONS),
            "mount" => self.check_names("mount", options, &["write"]),
            _ => {}
        }
    }

    /// The options of `open` and `session`.
    pub fn check_options_of_open(&mut self, call: &'w FnCallExpr) {
        let is_map = |argument: &&Expr| map_of(argument).is_some();
        let mut maps = call.args.iter().filter(is_map);
        let (Some(only), None) = (maps.next(), maps.next()) else { return };
        let is_specifier = |map: &[(rhai::Ident, Expr)]| {
            !map.is_empty() && map.iter().all(|(key, _)| opening::SPECIFIER.contains(&key.name.as_str()))
        };
        let is_first = call.args.first().is_some_and(|first| std::ptr::eq(first, only));
        if !(is_first && map_of(only).is_some_and(is_specifier)) {
            self.check_names("open", only, opening::OPTIONS);
        }
    }

    /// The options of `Console.open` and `Console.session`.
    pub fn check_options_of_console(&mut self, class: Option<usize>, call: &'w FnCallExpr) {
        if let [_, options, ..] = call.args.as_slice() {
            let title = class.map_or("Console", |class| self.program.classes[class].name.as_str());
            self.check_names(title, options, console::options::OPTIONS);
        }
    }

    /// The options of a question.
    fn check_question(&mut self, what: &str, options: &'w Expr, known: &[&str]) {
        self.check_names(what, options, known);
        let image = map_of(options).into_iter().flatten().find(|(key, _)| key.name == "image");
        if let Some((_, image)) = image {
            self.check_picture(image);
        }
    }

    /// The picture of a question, if its path is a literal: it must not be missing when the question is asked.
    fn check_picture(&mut self, image: &'w Expr) {
        let Some(path) = literal(image) else { return };
        let file = picture::file_of(&self.script().source.name, path);
        if let Err(error) = picture::read(&file) {
            let help = error.help().unwrap_or_default().to_owned();
            self.error(image.position(), error.message(), help);
        }
    }

    pub fn check_names(&mut self, what: &str, options: &'w Expr, known: &[&str]) {
        for (key, _) in map_of(options).into_iter().flatten() {
            if !known.contains(&key.name.as_str()) {
                let message = format!("`{what}` has no option `{}`", key.name);
                let otherwise = format!("options: {}", known.join(", "));
                self.misspelt(key.pos, message, (&key.name, known.iter().copied()), &otherwise);
            }
        }
    }

    /// The options of `measure`, and the maps of limits in them.
    fn check_measure(&mut self, options: &'w Expr) {
        self.check_names("measure", options, measure::OPTIONS);
        self.check_limits(options);
        for (key, value) in map_of(options).into_iter().flatten() {
            match key.name.as_str() {
                "variants" => {
                    map_of(value).into_iter().flatten().for_each(|(_, limits)| self.check_measure(limits));
                }
                "columns" => self.check_columns(value),
                name if measure::FIGURES.contains(&name) => {
                    self.check_names(name, value, measure::SINGLE);
                    self.check_limits(value);
                }
                _ => {}
            }
        }
    }

    fn check_columns(&mut self, columns: &'w Expr) {
        let Expr::Array(columns, _) = columns else { return };
        for column in columns.iter() {
            self.check_names("column", column, &measure::column_options());
            if let Some((_, unit)) = map_of(column).into_iter().flatten().find(|(key, _)| key.name == "unit") {
                self.check_unit(unit);
            }
            for (key, value) in map_of(column).into_iter().flatten() {
                if measure::FIGURES.contains(&key.name.as_str()) {
                    self.check_names(&key.name, value, measure::SINGLE);
                    self.check_limits(value);
                }
            }
        }
    }

    fn check_limits(&mut self, options: &'w Expr) {
        let Some(map) = map_of(options) else { return };
        let value = |name: &str| map.iter().find(|(key, _)| key.name == name);
        if let Some((_, unit)) = value("unit") {
            self.check_unit(unit);
        }
        let pairs = [
            ("min", "max"),
            ("marginal_min", "marginal_max"),
            ("min", "marginal_min"),
            ("marginal_max", "max"),
            ("min", "marginal_max"),
            ("marginal_min", "max"),
        ];
        for (low, high) in pairs {
            let (Some((key, min)), Some((_, max))) = (value(low), value(high)) else { continue };
            if let (Some(min), Some(max)) = (number(min), number(max))
                && min > max
            {
                return self.error(key.pos, format!("`{low}` is above `{high}`: {min} > {max}"), "swap them");
            }
        }
    }

    fn check_unit(&mut self, unit: &'w Expr) {
        let Some(text) = literal(unit) else { return };
        if let Err(meant) = units::check(text) {
            let help = meant.map_or_else(
                || {
                    "use a unit of the SI or of a lab, with a prefix: \"mV\", \"kΩ\", \"m/s\", \"°C\", \"dBm\""
                        .to_owned()
                },
                |meant| did_you_mean(&meant),
            );
            self.error(unit.position(), format!("unknown unit `{text}`"), help);
        }
    }
}
