//! Declared items for tests and measurements of the library.

use belay_script::device::class::{Body, Item, ItemKind, ItemOptions, Param};
use belay_script::name::Name;
use belay_script::origin::Origin;

/// An item with the options that its kind has by default, as if its body began on line 1 of `bench.rhai`.
pub fn item(kind: ItemKind, name: &str, params: &[&str], body: &str) -> Item {
    let origin = Origin::new("bench.rhai", 1, 1);
    let param = |name: &&str| Param { name: Name::parameter(name).expect("a name"), annotation: None, default: None };
    Item {
        kind,
        name: Name::function(name).expect("a name"),
        params: params.iter().map(param).collect(),
        returns: None,
        options: ItemOptions::defaults(kind),
        body: Body { text: body.to_owned(), origin: origin.clone() },
        doc: String::new(),
        origin,
    }
}
