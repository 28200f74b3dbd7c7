//! Checks of ports, on systems made of files.

use super::*;
use std::fs;

fn port(device: &str, accessible: bool) -> FoundPort {
    FoundPort { device: device.into(), vid: Some(0x1a86), pid: Some(0x7523), accessible, ..FoundPort::default() }
}

/// The findings on a system with these files, for a user in the group 1000.
fn findings(files: &[(&str, &str)], ports: &[FoundPort], owner: u32, groups: &[u32]) -> Vec<Finding> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let user = User { name: "ada".into(), groups: groups.to_vec() };
    check(ports, &System::at(folder.path()), &user, |_| Some(owner), Path::new("/tmp/rules"))
}

fn the_one(found: Vec<Finding>) -> Finding {
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

const GROUPS: (&str, &str) = ("etc/group", "dialout:x:20:\n");

#[test]
fn a_user_outside_the_group_is_added_to_it() {
    let found = the_one(findings(&[GROUPS], &[port("/dev/ttyUSB0", false)], 20, &[1000]));
    assert_eq!(found.state, State::Error);
    assert_eq!(found.text, "/dev/ttyUSB0: CH340 of WCH, usb:1a86:7523: no permission to open it");
    assert_eq!(found.help, "sudo usermod -a -G dialout ada, then log out and in again");
    let Some(Mend::Administrator(commands)) = found.mend else { panic!("{found:?}") };
    assert_eq!(commands, [["usermod", "-a", "-G", "dialout", "ada"].map(str::to_owned).to_vec()]);
}

#[test]
fn a_new_member_logs_in_again() {
    let found = the_one(findings(&[("etc/group", "dialout:x:20:ada\n")], &[port("/dev/ttyUSB0", false)], 20, &[1000]));
    assert_eq!(found.help, "you are in the group `dialout`, but not in this login: log out and in again");
    assert_eq!(found.mend, Some(Mend::Person));
}

#[test]
fn a_port_of_the_administrator_needs_a_rule() {
    let found = the_one(findings(&[GROUPS], &[port("/dev/ttyUSB0", false)], 0, &[1000]));
    let Some(Mend::Administrator(commands)) = found.mend else { panic!("{found:?}") };
    assert_eq!(commands[0][3..], ["/tmp/rules", RULES_FILE]);
    let rule = ("etc/udev/rules.d/60-x.rules", "ATTRS{idVendor}==\"1a86\", TAG+=\"uaccess\"\n");
    let found = the_one(findings(&[GROUPS, rule], &[port("/dev/ttyUSB0", false)], 0, &[1000]));
    assert!(found.help.starts_with("unplug the board"), "{found:?}");
}

#[test]
fn an_open_port_is_fine_and_its_names_are_harmless() {
    let board = FoundPort { product: Some("Pi\x1b[31mco".into()), ..port("/dev/ttyACM0", true) };
    let found = the_one(findings(&[], &[board], 20, &[]));
    assert_eq!((found.state, found.text.as_str()), (State::Ok, "/dev/ttyACM0: Pi[31mco, usb:1a86:7523"));
    assert_eq!(the_one(findings(&[], &[], 20, &[])).state, State::Note);
}

#[test]
fn a_modem_program_disturbs_boards_without_a_rule() {
    let running = ("proc/7/comm", "ModemManager\n");
    let found = findings(&[running], &[port("/dev/ttyUSB0", true)], 20, &[]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].help.starts_with("sudo systemctl mask --now ModemManager"), "{found:?}");
    let rule = ("lib/udev/rules.d/60-x.rules", "ATTRS{idVendor}==\"1a86\", TAG+=\"uaccess\"\n");
    assert_eq!(findings(&[running, rule], &[port("/dev/ttyUSB0", true)], 20, &[]).len(), 1);
    assert_eq!(findings(&[running], &[], 20, &[]).len(), 1);
}
