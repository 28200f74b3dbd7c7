//! How fast everything over the link is, beside the least that the same link needs for it, in the same run.
//!
//! `cargo bench --bench link` measures, prints the tables, and compares the ratios with `benches/baseline.json`: status 1 if something
//! became worse. Options, after `--`:
//!
//! | option | |
//! |---|---|
//! | `sim`, `latency`, `line`, `microbit`, `webassembly`, `program` | measure these links only |
//! | `--bless` | replace the baseline of the measured links |
//! | `--write-docs` | write the tables into `docs/src/speed.md` |
//! | `--save FILE` | write all figures as JSON |
//! | `--peers` | compare with Belay and mpremote instead (`benches/peers`) |
//! | `--quick` | measure everything once, and judge no time |

#[cfg(target_os = "linux")]
#[path = "bench.rs"]
mod bench;
#[cfg(target_os = "linux")]
#[path = "../../tests/support/extent.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod extent;
#[cfg(target_os = "linux")]
#[path = "../../tests/support/items.rs"]
mod items;
#[cfg(target_os = "linux")]
#[path = "../../tests/support/node.rs"]
mod node;
#[cfg(target_os = "linux")]
#[path = "../../tests/support/programs.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod programs;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    bench::command::main(std::env::args().skip(1))
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("links are measured on Linux: their boards and lines are made of its pseudo-terminals");
}
