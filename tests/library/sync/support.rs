//! A simulated board, and folders for it.

use belay_script::Result;
use belay_script::device::class::Class;
use belay_script::device::{Device, Host, HostOptions, OpenOptions, PortOpener, Silent};
use belay_script::sync::{Local, Outcome, SyncOptions, sync};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A board on `port`.
pub fn open(port: &str) -> Device {
    let host = Host::new(HostOptions::new(Arc::new(Silent)));
    let opened = host.open(&Arc::new(Class::device()), Some(port), options(), &mut |_, _| Ok(()));
    opened.expect("a simulated board")
}

/// A board of `connector`.
pub fn open_over(connector: Box<PortOpener>, attempts: i64) -> Result<Device> {
    let host = Host::new(HostOptions::new(Arc::new(Silent)));
    let options = OpenOptions { attempts, ..options() };
    host.open_over(&Arc::new(Class::device()), "board", connector, options, &mut |_, _| Ok(()))
}

fn options() -> OpenOptions {
    // Each of these boards has just been started.
    OpenOptions {
        soft_reset: Some(false),
        startup: Some(String::new()),
        auto_sync_time: false,
        ..OpenOptions::default()
    }
}

/// Files by their paths.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// A tree of a few texts.
pub fn tree(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

/// Puts the files of a tree into a folder, in which nothing was.
pub fn write(folder: &Path, tree: &Tree) {
    for (path, content) in tree {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }
}

/// The files of a board, below `/`; directories end in `/`.
pub fn read(device: &Device) -> Result<Tree> {
    let mut files = device.files()?;
    let mut tree = Tree::new();
    for entry in files.tree("/")? {
        let path = entry.path[1..].to_owned();
        match entry.size {
            None => drop(tree.insert(path + "/", Vec::new())),
            Some(size) => {
                let mut content = Vec::new();
                files.read(&entry.path, &mut |piece| {
                    content.extend_from_slice(piece);
                    Ok(())
                })?;
                assert_eq!(content.len() as u64, size, "{path}");
                tree.insert(path, content);
            }
        }
    }
    Ok(tree)
}

/// Syncs a folder that holds `tree`.
pub fn sync_tree(device: &Device, tree: &Tree, options: &SyncOptions) -> Result<Outcome> {
    let folder = tempfile::tempdir().expect("a scratch folder");
    write(folder.path(), tree);
    sync_folder(device, folder.path(), options)
}

/// Syncs a folder.
pub fn sync_folder(device: &Device, folder: &Path, options: &SyncOptions) -> Result<Outcome> {
    sync(device, Local::read(folder, options)?, options, &mut |_| {})
}

/// Numbers without a pattern, the same for the same seed.
pub struct Random(pub u64);

impl Random {
    /// The next one below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = (self.0 >> 33) as usize;
        high % limit
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }
}
