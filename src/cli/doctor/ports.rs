//! The checks of serial ports: which boards are plugged in, whether this user may open them, what gets in the way.
//!
//! Invariant: no port is opened, because opening restarts some boards.

use super::finding::{Finding, Mend, State};
use super::system::System;
use crate::port::usb::FoundPort;
use std::path::Path;

/// The name of the check.
const PORT: &str = "port";

/// The file of udev rules that this program brings.
const RULES_FILE: &str = "/etc/udev/rules.d/60-belay-script.rules";

/// USB-to-serial chips, and where Windows and old systems of macOS get their drivers.
const CHIPS: &[(u16, &str, &str)] = &[
    (0x1a86, "CH340 of WCH", "https://www.wch-ic.com/downloads/CH341SER_EXE.html"),
    (0x10c4, "CP210x of Silicon Labs", "https://www.silabs.com/developer-tools/usb-to-uart-bridge-vcp-drivers"),
    (0x0403, "FT232 of FTDI", "https://ftdichip.com/drivers/vcp-drivers/"),
];

/// Programs that open new ports by themselves, what they do, and the command that stops them.
const DISTURBERS: &[(&str, &str, &[&str])] = &[
    ("ModemManager", "sends commands to new ports for some seconds", &["systemctl", "mask", "--now", "ModemManager"]),
    (
        "brltty",
        "takes CH340 boards for braille displays",
        &["systemctl", "mask", "--now", "brltty.path", "brltty.service"],
    ),
];

/// The user of this process.
pub struct User {
    /// The name.
    pub name: String,
    /// The groups of this login.
    pub groups: Vec<u32>,
}

/// Checks the ports that the system reports; `owner` gives the group of a port's file.
pub fn check(
    found: &[FoundPort],
    system: &System,
    user: &User,
    owner: impl Fn(&Path) -> Option<u32>,
    rules: &Path,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = found.iter().flat_map(|port| of_port(port, system, user, &owner, rules)).collect();
    if found.is_empty() {
        findings.push(Finding::note(PORT, "no board is plugged in", nothing_help()));
    }
    let programs = system.programs();
    // A rule keeps ModemManager away from each board; without boards, nobody is disturbed.
    let is_open = |port: &FoundPort| port.vid.is_some_and(|vendor| !system.has_rule(vendor));
    for (name, what, command) in DISTURBERS {
        if programs.contains(*name) && found.iter().any(is_open) {
            let text = format!("{name} is running: it {what}");
            let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
            let help = format!("sudo {}, unless you need it", command.join(" "));
            findings.push(Finding::problem(
                "disturber",
                State::Warning,
                text,
                help,
                Mend::Administrator(vec![command]),
            ));
        }
    }
    findings
}

fn nothing_help() -> String {
    let cable = "try another cable, because many carry power only";
    if cfg!(windows) {
        let drivers: Vec<String> = CHIPS.iter().map(|(_, name, place)| format!("{name}: {place}")).collect();
        format!("{cable}; a board without native USB needs a driver: {}", drivers.join(", "))
    } else {
        cable.to_owned()
    }
}

fn of_port(
    port: &FoundPort,
    system: &System,
    user: &User,
    owner: &impl Fn(&Path) -> Option<u32>,
    rules: &Path,
) -> Vec<Finding> {
    let name = described(port);
    let path = Path::new(&port.device);
    if !port.accessible {
        return vec![forbidden(&name, owner(path), port.vid, system, user, rules)];
    }
    let holders = system.holders(path);
    if holders.is_empty() {
        return vec![Finding::ok(PORT, name)];
    }
    holders
        .iter()
        .map(|holder| {
            let text = format!("{name} is open in `{}` (process {})", holder.name, holder.process);
            Finding::problem(
                PORT,
                State::Warning,
                text,
                format!("close it, or run kill {}", holder.process),
                Mend::Person,
            )
        })
        .collect()
}

/// The port with the names that its board reports, without control characters.
fn described(port: &FoundPort) -> String {
    let chip = port.vid.and_then(|vendor| CHIPS.iter().find(|chip| chip.0 == vendor)).map(|chip| chip.1.to_owned());
    let about =
        [&port.manufacturer, &port.product].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    let about: String = about.chars().filter(|character| !character.is_control()).collect();
    let about = if about.is_empty() { chip.unwrap_or_default() } else { about };
    let usb = match (port.vid, port.pid) {
        (Some(vendor), Some(product)) => format!(", usb:{vendor:04x}:{product:04x}"),
        _ => String::new(),
    };
    if about.is_empty() { format!("{}{usb}", port.device) } else { format!("{}: {about}{usb}", port.device) }
}

/// Why the user may not open a port.
fn forbidden(
    name: &str,
    group: Option<u32>,
    vendor: Option<u16>,
    system: &System,
    user: &User,
    rules: &Path,
) -> Finding {
    let text = format!("{name}: no permission to open it");
    let problem = |help: String, mend| Finding::problem(PORT, State::Error, text.clone(), help, mend);
    // The group of the administrator gives no access to anybody else.
    let group = group.filter(|id| *id != 0).and_then(|id| Some((id, system.group(id)?)));
    match group {
        Some((id, group)) if system.is_member(&group, &user.name) && !user.groups.contains(&id) => problem(
            format!("you are in the group `{group}`, but not in this login: log out and in again"),
            Mend::Person,
        ),
        Some((id, group)) if !user.groups.contains(&id) => {
            let command = ["usermod", "-a", "-G", &group, &user.name].map(str::to_owned).to_vec();
            let help = format!("sudo {}, then log out and in again", command.join(" "));
            problem(help, Mend::Administrator(vec![command]))
        }
        _ if vendor.is_some_and(|vendor| system.has_rule(vendor)) => problem(
            "unplug the board and plug it in again: its udev rule applies from then on".to_owned(),
            Mend::Person,
        ),
        _ => {
            let rules = rules.to_string_lossy();
            let commands = [
                vec!["install", "-m", "644", &*rules, RULES_FILE],
                vec!["udevadm", "control", "--reload-rules"],
                vec!["udevadm", "trigger"],
            ];
            let commands: Vec<Vec<String>> =
                commands.iter().map(|words| words.iter().map(|&word| word.to_owned()).collect()).collect();
            problem(
                "install the udev rules of belay-script: belay-script doctor --fix".to_owned(),
                Mend::Administrator(commands),
            )
        }
    }
}

#[cfg(test)]
mod tests;
