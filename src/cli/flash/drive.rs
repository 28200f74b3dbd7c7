//! The drives of boot loaders: finds them, and copies firmware to one.
//!
//! Invariant: nothing is written to a drive without an INFO_UF2.TXT.

use crate::bound;
use crate::disk;
use crate::error::{Error, Kind, Result};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The file that every boot loader of this kind shows, with the board's identity.
const INFO: &str = "INFO_UF2.TXT";
/// The name of the copy. Boot loaders look at the blocks, not at names; CURRENT.UF2 is theirs.
const COPY: &str = "NEW.UF2";
/// Bytes between two waits for the drive, so that the progress is that of the board.
const PIECE: usize = 16 << 10;

/// A drive that takes firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drive {
    /// Where it is mounted.
    pub folder: PathBuf,
    /// `Board-ID` of INFO_UF2.TXT, such as `RPI-RP2`.
    pub board_id: String,
}

impl Drive {
    /// The drive in a folder, if it is one.
    pub fn at(folder: &Path) -> Option<Drive> {
        let text = disk::read(&folder.join(INFO), bound::SETTINGS).ok()?;
        let text = String::from_utf8_lossy(&text);
        let board_id = text.lines().find_map(|line| line.strip_prefix("Board-ID:")).unwrap_or_default().trim();
        Some(Drive { folder: folder.to_owned(), board_id: crate::visible::name(board_id).into_owned() })
    }

    /// Whether it is still there.
    pub fn is_there(&self) -> bool {
        self.folder.join(INFO).exists()
    }

    /// Copies firmware to it, with the number of copied bytes as progress. The boot loader may restart the board before the last bytes
    /// are acknowledged: then the drive is gone, and the copy counts as done.
    ///
    /// # Errors
    /// ScriptError if the drive cannot be written; Interrupted.
    pub fn write(&self, firmware: &[u8], progress: &dyn Fn(u64)) -> Result<()> {
        let file = self.folder.join(COPY);
        let failed = |error: std::io::Error| {
            let message = format!("`{}` cannot be written: {}", file.display(), disk::reason(&error));
            Error::new(Kind::ScriptError, message)
                .with_help("the board may have no working firmware now: start its boot loader, and flash it again")
        };
        // Directly: a boot loader takes the blocks as they come, and knows no temporary names.
        let mut copy = disk::begin_log(&file).map_err(failed)?;
        let mut done = 0;
        for piece in firmware.chunks(PIECE) {
            if crate::interrupt::take() {
                return Err(super::interrupted());
            }
            copy.write_all(piece).map_err(failed)?;
            done += piece.len();
            match copy.sync_all() {
                Err(error) if done < firmware.len() || self.is_there() => return Err(failed(error)),
                _ => progress(done as u64),
            }
        }
        Ok(())
    }
}

/// The drives that are mounted.
pub fn mounted() -> Vec<Drive> {
    let mut drives: Vec<Drive> = places().iter().filter_map(|folder| Drive::at(folder)).collect();
    drives.dedup();
    drives
}

#[cfg(target_os = "linux")]
fn places() -> Vec<PathBuf> {
    let table = disk::read("/proc/self/mounts".as_ref(), bound::SETTINGS).unwrap_or_default();
    fat_systems(&String::from_utf8_lossy(&table))
}

#[cfg(target_os = "macos")]
fn places() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/Volumes").into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(windows)]
fn places() -> Vec<PathBuf> {
    // A: and B: are floppies, whose drives would run.
    ('C'..='Z').map(|letter| PathBuf::from(format!("{letter}:\\"))).collect()
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn places() -> Vec<PathBuf> {
    Vec::new()
}

/// Where FAT file systems are mounted: those of boot loaders are FAT, and no other is looked at, because one of the network may hang.
#[cfg(any(target_os = "linux", test))]
fn fat_systems(table: &str) -> Vec<PathBuf> {
    let place = |line: &str| {
        let mut fields = line.split(' ');
        let (_, place, system) = (fields.next()?, fields.next()?, fields.next()?);
        ["vfat", "msdos", "exfat"].contains(&system).then(|| unescaped(place).into())
    };
    table.lines().filter_map(place).collect()
}

/// A path of the mount table, in which blanks and backslashes are octal numbers (`fstab(5)`).
#[cfg(any(target_os = "linux", test))]
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let number = after.get(..3).filter(|_| byte == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match number.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The command that mounts a drive that is plugged in but that nothing has mounted, as on computers without a desktop.
pub fn how_to_mount() -> Option<String> {
    const LABELS: [&str; 2] = ["RPI-RP2", "RP2350"];
    let disk =
        LABELS.iter().map(|label| format!("/dev/disk/by-label/{label}")).find(|disk| Path::new(disk).exists())?;
    Some(format!("mount the boot drive: `udisksctl mount -b {disk}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_mount_table_names_fat_drives() {
        let table = "sysfs /sys sysfs rw 0 0\n/dev/sda1 /media/me/RPI-RP2 vfat rw 0 0\n\
                     /dev/sdb1 /run/media/me/MY\\040DRIVE vfat rw 0 0\nserver:/x /mnt nfs rw 0 0\nbroken\n";
        assert_eq!(fat_systems(table), [Path::new("/media/me/RPI-RP2"), Path::new("/run/media/me/MY DRIVE")]);
        assert_eq!(unescaped("a\\134b\\9\\04"), "a\\b\\9\\04");
    }

    #[test]
    fn a_drive_shows_its_board() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Drive::at(folder.path()), None);
        fs::write(folder.path().join(INFO), "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n")
            .unwrap();
        let drive = Drive::at(folder.path()).unwrap();
        assert_eq!((drive.board_id.as_str(), drive.is_there()), ("RPI-RP2", true));
        let done = std::cell::Cell::new(0);
        drive.write(&[7; 40_000], &|bytes| done.set(bytes)).unwrap();
        assert_eq!((fs::read(folder.path().join(COPY)).unwrap().len(), done.get()), (40_000, 40_000));
        fs::remove_file(folder.path().join(INFO)).unwrap();
        fs::remove_file(folder.path().join(COPY)).unwrap();
        fs::create_dir(folder.path().join(COPY)).unwrap();
        let error = drive.write(&[7], &|_| {}).unwrap_err();
        assert!(error.message().ends_with("NEW.UF2` cannot be written: is a directory"), "{error}");
    }
}
