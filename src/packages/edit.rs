//! Changes the packages in the file of a project.
//!
//! Invariant: pure; the rest of the file is unchanged, including comments and order.

use super::project::{Project, TABLE};
use toml_edit::{DocumentMut, Item, Table, TableLike, Value, value};

/// The text of the project's file with these packages in a group.
pub fn with_packages(project: &Project, group: &str, packages: &[(String, String)]) -> String {
    let mut document = document(project);
    let implicit = || {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    };
    let table = document.entry(TABLE).or_insert_with(implicit);
    let Some(table) = table.as_table_like_mut() else { return project.text.clone() };
    let table = table.entry(group).or_insert_with(|| Item::Table(Table::new()));
    let Some(table) = table.as_table_like_mut() else { return project.text.clone() };
    for (name, wanted) in packages {
        set(table, name, wanted);
    }
    document.to_string()
}

/// The text of the project's file without these packages, each a group and a name.
pub fn without_packages(project: &Project, packages: &[(String, String)]) -> String {
    let mut document = document(project);
    for (group, name) in packages {
        let table = document.get_mut(TABLE).and_then(Item::as_table_like_mut);
        if let Some(table) = table.and_then(|table| table.get_mut(group)?.as_table_like_mut()) {
            table.remove(name);
        }
    }
    document.to_string()
}

fn document(project: &Project) -> DocumentMut {
    // The text has just been parsed.
    project.text.parse().unwrap_or_default()
}

fn set(table: &mut dyn TableLike, name: &str, wanted: &str) {
    match table.get_mut(name).and_then(Item::as_value_mut) {
        // Keep the comment after it.
        Some(known) => {
            let decor = known.decor().clone();
            *known = Value::from(wanted);
            *known.decor_mut() = decor;
        }
        None => drop(table.insert(name, value(wanted))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn project(text: &str) -> Project {
        Project::parse(Path::new("belay.toml"), text).unwrap()
    }

    fn pair(a: &str, b: &str) -> (String, String) {
        (a.to_owned(), b.to_owned())
    }

    #[test]
    fn packages_are_added_and_removed_without_a_loss_of_comments() {
        let text = "# Ours.\n[packages.main]   # for all\naioble = \"0.5\"  # old\n\n[packages.dev]\n# tests\nunittest = \"latest\"\n";
        let added = with_packages(&project(text), "main", &[pair("aioble", "0.6"), pair("umqtt.simple", "latest")]);
        let expected = "# Ours.\n[packages.main]   # for all\naioble = \"0.6\"  # old\n\"umqtt.simple\" = \"latest\"\n\n\
            [packages.dev]\n# tests\nunittest = \"latest\"\n";
        assert_eq!(added, expected);
        let removed = without_packages(&project(&added), &[pair("main", "umqtt.simple"), pair("dev", "gone")]);
        assert_eq!(removed, text.replace("0.5", "0.6"));
    }

    #[test]
    fn a_new_file_gets_its_tables() {
        let text = with_packages(&project(""), "main", &[pair("aioble", "latest")]);
        assert_eq!(text, "[packages.main]\naioble = \"latest\"\n");
        let text = with_packages(&project(&text), "dev", &[pair("unittest", "latest")]);
        assert_eq!(text, "[packages.main]\naioble = \"latest\"\n\n[packages.dev]\nunittest = \"latest\"\n");
    }
}
