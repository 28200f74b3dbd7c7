//! Folders of files that a sync makes equal.
//!
//! The floor sends a program that takes the files' bytes from the link and writes them; an unchanged folder costs it one program that
//! hashes the files.

use super::figures::Sides;
use super::floor::Answer;
use belay_script::sync::{Local, SyncOptions, sync};
use std::path::Path;

const FILES: usize = 10;

/// Adds the figures of a folder with files of `size` bytes.
pub fn measure(sides: &Sides<'_>, size: usize) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let content = |seed: usize| -> Vec<u8> { noise(size, seed) };
    let write = |number: usize, seed: usize| {
        std::fs::write(folder.path().join(format!("file{number}.bin")), content(seed)).expect("a file");
    };
    (0..FILES).for_each(|number| write(number, number));
    // The board behind a terminal is taken for a process of this computer, which has its own root.
    let options = SyncOptions { dst: "/bench".to_owned(), ..SyncOptions::default() };
    let run = |folder: &Path| {
        let local = Local::read(folder, &options).expect("a folder");
        sync(&sides.ours.device, local, &options, &mut |_| {}).expect("a sync");
    };
    sides.raw.borrow_mut().run("import os\nos.mkdir('/bench')");
    let receive = |numbers: std::ops::Range<usize>| {
        let mut floor = sides.raw.borrow_mut();
        let names: Vec<usize> = numbers.clone().collect();
        floor.enter(&format!(
            "for i in {names:?}:\n  f=open('/bench/file%d.bin'%i,'wb');f.write(b({size}));f.close()\n print(1)"
        ));
        let bytes: Vec<u8> = numbers.flat_map(content).collect();
        floor.ask(&bytes, Answer::Line);
        floor.leave();
    };
    let hash = || {
        sides.raw.borrow_mut().run(&format!(
            "import hashlib\nfor i in range({FILES}):\n f=open('/bench/file%d.bin'%i,'rb');print(hashlib.sha256(f.read()).digest());f.close()"
        ));
    };
    let bytes = FILES * size / 1024;
    let remove =
        format!("import os\nfor i in range({FILES}):\n try:os.remove('/bench/file%d.bin'%i)\n except OSError:pass");
    let mut ours = |times| {
        for _ in 0..times {
            sides.ours.device.exec(&remove, None).expect("code that runs");
            run(folder.path());
        }
    };
    let mut raw = |times| {
        for _ in 0..times {
            sides.raw.borrow_mut().run(&remove);
            receive(0..FILES);
        }
    };
    sides.figure(format!("sync: {FILES} files removed, {bytes} KB sent"), [20, 1], &mut ours, Some(&mut raw), None);
    run(folder.path());
    let mut ours = |times| (0..times).for_each(|_| run(folder.path()));
    let mut raw = |times| (0..times).for_each(|_| hash());
    sides.figure("sync: nothing changed", [20, 1], &mut ours, Some(&mut raw), None);
    let mut seed = 100;
    let mut ours = |times| {
        for _ in 0..times {
            seed += 1;
            write(3, seed);
            run(folder.path());
        }
    };
    let mut raw = |times| {
        for _ in 0..times {
            hash();
            receive(3..4);
        }
    };
    sides.figure("sync: one file changed", [20, 1], &mut ours, Some(&mut raw), None);
}

/// Bytes that hardly compress, none of them a control character.
pub fn noise(size: usize, seed: usize) -> Vec<u8> {
    let mut state = seed as u64 + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        32 + ((state >> 40) % 224) as u8
    };
    (0..size).map(|_| next()).collect()
}
