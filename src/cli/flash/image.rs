//! What a file of firmware is, by its content.
//!
//! Pure. Invariant: a file whose format has a check passes it, or is refused.

use super::uf2::Uf2;

/// A file of firmware.
#[derive(Debug, PartialEq, Eq)]
pub enum Image {
    /// For the drive of a boot loader.
    Uf2(Uf2),
    /// For esptool; the chip, if the header names a known one.
    Esp(Option<&'static Chip>),
    /// For dfu-util: an image with addresses (ST's DfuSe format).
    Dfu,
}

/// A chip of Espressif, as esptool calls it.
#[derive(Debug, PartialEq, Eq)]
pub struct Chip {
    /// Its name for `--chip`.
    pub name: &'static str,
    /// Its number in the header of an image.
    number: u16,
    /// Where its firmware begins in the flash.
    pub offset: &'static str,
}

/// `esptool/targets/`: IMAGE_CHIP_ID and BOOTLOADER_FLASH_OFFSET. The ESP8266 has no number, and another header.
const CHIPS: &[Chip] = &[
    Chip { name: "esp8266", number: u16::MAX, offset: "0x0" },
    Chip { name: "esp32", number: 0, offset: "0x1000" },
    Chip { name: "esp32s2", number: 2, offset: "0x1000" },
    Chip { name: "esp32c3", number: 5, offset: "0x0" },
    Chip { name: "esp32s3", number: 9, offset: "0x0" },
    Chip { name: "esp32c2", number: 12, offset: "0x0" },
    Chip { name: "esp32c6", number: 13, offset: "0x0" },
    Chip { name: "esp32h2", number: 16, offset: "0x0" },
    Chip { name: "esp32p4", number: 18, offset: "0x2000" },
    Chip { name: "esp32c5", number: 23, offset: "0x2000" },
    Chip { name: "esp32c61", number: 20, offset: "0x0" },
];

/// The first byte of an image for esptool.
const ESP: u8 = 0xe9;
/// Bytes of the suffix of a DFU file.
const SUFFIX: usize = 16;

/// The chip of this name.
pub fn chip(name: &str) -> Option<&'static Chip> {
    CHIPS.iter().find(|chip| chip.name == name)
}

/// The names of the chips.
pub fn chip_names() -> Vec<&'static str> {
    CHIPS.iter().map(|chip| chip.name).collect()
}

impl Image {
    /// Recognises a file. `is_bin`: its name ends with `.bin`.
    ///
    /// # Errors
    /// What is wrong with it, to follow its name.
    pub fn recognise(bytes: &[u8], is_bin: bool) -> Result<Image, String> {
        if Uf2::is_one(bytes) {
            return Uf2::parse(bytes).map(Image::Uf2);
        }
        if bytes.starts_with(b"DfuSe") {
            return check_suffix(bytes).map(|()| Image::Dfu);
        }
        if bytes.first() == Some(&ESP) && bytes.len() >= 24 {
            return Ok(Image::Esp(chip_of(bytes)));
        }
        if is_bin {
            return Ok(Image::Esp(None));
        }
        Err("is not firmware in a known format".to_owned())
    }
}

/// The chip of an image that begins with its boot loader.
fn chip_of(bytes: &[u8]) -> Option<&'static Chip> {
    // Where the header of other chips goes on, the first segment of an ESP8266 has its address in RAM.
    let address = u32::from_le_bytes(bytes.get(8..12)?.try_into().ok()?);
    if (0x3ff0_0000..0x4040_0000).contains(&address) {
        return chip("esp8266");
    }
    let number = u16::from_le_bytes(bytes.get(12..14)?.try_into().ok()?);
    CHIPS.iter().find(|chip| chip.number == number)
}

/// The suffix ends with a CRC of all that is before it (USB DFU 1.1, appendix B).
fn check_suffix(bytes: &[u8]) -> Result<(), String> {
    let damaged = || "is damaged or incomplete: its checksum is wrong".to_owned();
    let content = bytes.len().checked_sub(4).filter(|length| *length >= SUFFIX).ok_or_else(damaged)?;
    let (content, sum) = bytes.split_at(content);
    let is_whole = bytes[bytes.len() - 8..].starts_with(b"UFD") && sum == (!crc32fast::hash(content)).to_le_bytes();
    if is_whole { Ok(()) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first 24 bytes of an image for a chip.
    fn header(number: u16) -> Vec<u8> {
        let mut bytes = vec![ESP, 3, 2, 0x20, 0, 4, 0x37, 0x40, 0xee, 0, 0, 0];
        bytes.extend(number.to_le_bytes());
        bytes.resize(24, 0);
        bytes
    }

    #[test]
    fn the_header_names_the_chip() {
        let is = |bytes: &[u8], name: Option<&str>| {
            let chip = name.and_then(chip);
            assert_eq!(Image::recognise(bytes, true), Ok(Image::Esp(chip)), "{name:?}");
        };
        is(&header(0), Some("esp32"));
        is(&header(9), Some("esp32s3"));
        is(&header(999), None);
        let mut old = header(0);
        old[8..12].copy_from_slice(&0x4010_0000_u32.to_le_bytes());
        is(&old, Some("esp8266"));
        is(b"anything", None);
        assert!(Image::recognise(b"anything", false).is_err());
        assert_eq!((chip("esp32").unwrap().offset, chip("esp32c3").unwrap().offset), ("0x1000", "0x0"));
    }

    #[test]
    fn the_checksum_of_dfu_files_is_checked() {
        let mut bytes = b"DfuSe\x01".to_vec();
        bytes.extend([7; 40]);
        bytes.extend(b"\xff\xff\x11\xdf\x83\x04\x1a\x01UFD\x10");
        bytes.extend((!crc32fast::hash(&bytes)).to_le_bytes());
        assert_eq!(Image::recognise(&bytes, false), Ok(Image::Dfu));
        for end in [5, 10, 30, bytes.len() - 1] {
            let refused = Image::recognise(&bytes[..end], false);
            assert_eq!(refused, Err("is damaged or incomplete: its checksum is wrong".to_owned()), "{end}");
        }
        bytes[9] ^= 1;
        assert!(Image::recognise(&bytes, false).is_err());
    }
}
