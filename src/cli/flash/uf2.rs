//! UF2 files, as drives of boot loaders take them: <https://github.com/microsoft/uf2>.
//!
//! Pure. Invariant: a file that passes is complete, so that a download that broke off never reaches a board.

use std::collections::BTreeMap;

/// Bytes of a block.
const BLOCK: usize = 512;
/// The numbers at the beginning of a block, and the one at its end.
const MAGIC: [u32; 3] = [0x0a32_4655, 0x9e5d_5157, 0x0ab1_6f30];
/// Bit of the flags: the block is not for the main flash.
const NOT_MAIN_FLASH: u32 = 0x0001;
/// Bit of the flags: the block names its family.
const HAS_FAMILY: u32 = 0x2000;
/// Most bytes of content in a block.
const MOST_CONTENT: u32 = 476;
/// RP2350's family for any processor of it. Files for it begin with one such block of two, against erratum E10.
const ABSOLUTE: u32 = 0xe48b_ff57;

/// Families by their number: `uf2families.json`, and those of the pico-sdk.
const FAMILIES: &[(u32, &str)] = &[
    (0xe48b_ff56, "RP2040"),
    (ABSOLUTE, "RP2350 (absolute)"),
    (0xe48b_ff58, "RP2350 (data)"),
    (0xe48b_ff59, "RP2350 (Arm)"),
    (0xe48b_ff5a, "RP2350 (RISC-V)"),
    (0xe48b_ff5b, "RP2350 (Arm, non-secure)"),
    (0x68ed_2b88, "SAMD21"),
    (0x5511_4460, "SAMD51"),
    (0x1851_780a, "SAML21"),
    (0x1b57_745f, "nRF52"),
    (0x621e_937a, "nRF52833"),
    (0xada5_2840, "nRF52840"),
    (0x1c5f_21b0, "ESP32"),
    (0xbfdd_4eee, "ESP32-S2"),
    (0xc47e_5767, "ESP32-S3"),
    (0xd42b_a06c, "ESP32-C3"),
    (0x540d_df62, "ESP32-C6"),
    (0x3d30_8e94, "ESP32-P4"),
    (0x4fb2_d5bd, "i.MX RT10xx"),
    (0x6478_24b6, "STM32F0"),
    (0x5ee2_1072, "STM32F1"),
    (0x5775_5a57, "STM32F4"),
    (0x53b8_0f00, "STM32F7"),
    (0x6db6_6082, "STM32H7"),
    (0x00ff_6919, "STM32L4"),
];

/// What the boards take whose `Board-ID` in INFO_UF2.TXT begins with this, whatever its case.
const BOARDS: &[(&str, &[&str])] = &[
    ("RPI-RP2", &["RP2040"]),
    ("RP2350", &["RP2350 (absolute)", "RP2350 (data)", "RP2350 (Arm)", "RP2350 (RISC-V)", "RP2350 (Arm, non-secure)"]),
    ("SAMD21", &["SAMD21"]),
    ("SAMD51", &["SAMD51"]),
    ("SAME5", &["SAMD51"]),
    ("SAML21", &["SAML21"]),
    ("nRF52833", &["nRF52833"]),
    ("nRF52840", &["nRF52840"]),
    ("ESP32S2", &["ESP32-S2"]),
    ("ESP32S3", &["ESP32-S3"]),
    ("MIMXRT10", &["i.MX RT10xx"]),
    ("STM32F4", &["STM32F4"]),
];

/// A file that passed.
#[derive(Debug, PartialEq, Eq)]
pub struct Uf2 {
    /// The families of its blocks, in the order of their numbers.
    families: Vec<u32>,
}

impl Uf2 {
    /// Whether the bytes begin as a UF2 file does.
    pub fn is_one(bytes: &[u8]) -> bool {
        word(bytes, 0) == Some(MAGIC[0]) && word(bytes, 4) == Some(MAGIC[1])
    }

    /// Checks a file.
    ///
    /// # Errors
    /// What is wrong with it, to follow its name.
    pub fn parse(bytes: &[u8]) -> Result<Uf2, String> {
        if bytes.is_empty() || !bytes.len().is_multiple_of(BLOCK) {
            return Err(format!("is damaged: {} bytes are not whole blocks of {BLOCK}", bytes.len()));
        }
        let mut parts: BTreeMap<Option<u32>, Part> = BTreeMap::new();
        for (number, block) in (1..).zip(bytes.chunks(BLOCK)) {
            let field = |offset| word(block, offset).unwrap_or_default();
            if [field(0), field(4), field(BLOCK - 4)] != MAGIC {
                return Err(format!("is damaged: block {number} is not a UF2 block"));
            }
            let (flags, size, index, count) = (field(8), field(16), field(20), field(24));
            if size > MOST_CONTENT || index >= count {
                return Err(format!("is damaged: block {number} has an invalid header"));
            }
            let family = (flags & HAS_FAMILY != 0).then(|| field(28));
            if flags & NOT_MAIN_FLASH != 0 || (family, count) == (Some(ABSOLUTE), 2) {
                continue;
            }
            let part =
                parts.entry(family).or_insert_with(|| Part { count, seen: vec![false; count.min(1 << 20) as usize] });
            match part.seen.get_mut(index as usize) {
                Some(seen) if count == part.count && !*seen => *seen = true,
                _ => return Err(format!("is damaged: block {number} is there twice, or of another file")),
            }
        }
        for part in parts.values() {
            let missing = part.seen.iter().filter(|seen| !**seen).count();
            if missing > 0 {
                return Err(format!("is incomplete: {missing} of its {} blocks are missing", part.count));
            }
        }
        if parts.is_empty() {
            return Err("has nothing for the flash of a board".to_owned());
        }
        Ok(Uf2 { families: parts.into_keys().flatten().collect() })
    }

    /// The names of its families.
    pub fn families(&self) -> Vec<String> {
        self.families.iter().map(|number| name_of(*number)).collect()
    }

    /// The families that a board takes, if none of the file's is among them. A board or a file that says nothing fits.
    pub fn misfit(&self, board_id: &str) -> Option<&'static [&'static str]> {
        let is_it = |(start, _): &&(&str, _)| {
            board_id.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
        };
        let (_, takes) = BOARDS.iter().find(is_it)?;
        let fits = |number: &u32| takes.iter().any(|name| *name == name_of(*number));
        (!self.families.is_empty() && !self.families.iter().any(fits)).then_some(*takes)
    }
}

/// The blocks of one family.
struct Part {
    count: u32,
    seen: Vec<bool>,
}

fn name_of(family: u32) -> String {
    let known = FAMILIES.iter().find(|(number, _)| *number == family);
    known.map_or_else(|| format!("family 0x{family:08x}"), |(_, name)| (*name).to_owned())
}

/// The little-endian number at an offset.
fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let four = bytes.get(offset..offset + 4)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of a file.
    fn block(flags: u32, index: u32, count: u32, family: u32) -> Vec<u8> {
        let head = [MAGIC[0], MAGIC[1], flags, 0x1000_0000 + 256 * index, 256, index, count, family];
        let mut bytes: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.resize(BLOCK - 4, 7);
        bytes.extend(MAGIC[2].to_le_bytes());
        bytes
    }

    fn file(family: u32, count: u32) -> Vec<u8> {
        (0..count).flat_map(|index| block(HAS_FAMILY, index, count, family)).collect()
    }

    #[test]
    fn whole_files_pass() {
        let families = |bytes: &[u8]| Uf2::parse(bytes).unwrap().families();
        assert_eq!(families(&file(0xe48b_ff56, 3)), ["RP2040"]);
        assert_eq!(families(&file(0x1234_5678, 1)), ["family 0x12345678"]);
        // For two kinds of boards; with the block against erratum E10; without a family.
        assert_eq!(families(&[file(0xe48b_ff56, 2), file(0xada5_2840, 3)].concat()), ["nRF52840", "RP2040"]);
        assert_eq!(families(&[block(HAS_FAMILY, 0, 2, ABSOLUTE), file(0xe48b_ff59, 2)].concat()), ["RP2350 (Arm)"]);
        assert!(families(&block(0, 0, 1, 0)).is_empty());
        assert!(Uf2::is_one(&file(1, 1)) && !Uf2::is_one(b"UF2\n") && !Uf2::is_one(b"DfuSe"));
    }

    #[test]
    fn damaged_files_are_refused() {
        let says = |bytes: &[u8], message: &str| assert_eq!(Uf2::parse(bytes).unwrap_err(), message);
        let whole = file(0xe48b_ff56, 3);
        says(&[], "is damaged: 0 bytes are not whole blocks of 512");
        says(&whole[..1000], "is damaged: 1000 bytes are not whole blocks of 512");
        says(&whole[..1024], "is incomplete: 1 of its 3 blocks are missing");
        says(&[&whole[..512], &whole[..512]].concat(), "is damaged: block 2 is there twice, or of another file");
        says(&[file(1, 2), file(1, 3)].concat(), "is damaged: block 3 is there twice, or of another file");
        let mut torn = whole.clone();
        torn[1023] ^= 1;
        says(&torn, "is damaged: block 2 is not a UF2 block");
        says(&block(HAS_FAMILY, 5, 5, 1), "is damaged: block 1 has an invalid header");
        says(&block(NOT_MAIN_FLASH, 0, 1, 1), "has nothing for the flash of a board");
    }

    #[test]
    fn boards_take_their_own_families() {
        let pico = Uf2::parse(&file(0xe48b_ff56, 1)).unwrap();
        assert_eq!(pico.misfit("RPI-RP2"), None);
        assert_eq!(pico.misfit("Something-New"), None);
        assert_eq!(pico.misfit("samd51j19a-Feather-v0"), Some(&["SAMD51"][..]));
        assert!(pico.misfit("RP2350").is_some_and(|takes| takes.len() == 5));
        assert_eq!(Uf2::parse(&block(0, 0, 1, 0)).unwrap().misfit("RPI-RP2"), None);
        for (_, takes) in BOARDS {
            assert!(takes.iter().all(|name| FAMILIES.iter().any(|(_, known)| known == name)), "{takes:?}");
        }
    }
}
