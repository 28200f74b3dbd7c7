//! Cyclic redundancy checks by the names of the catalogue "CRC RevEng" (<https://reveng.sourceforge.io/crc-catalogue/>).
//!
//! Uses the crate `crc`, whose constants are those of the catalogue. Invariant: a name means one algorithm, and each gives the
//! catalogue's check value for `123456789`.

use crate::error::{Error, Kind, Result};
use crate::phrase::did_you_mean;
use crc::{Algorithm, Crc};

/// An algorithm by its width.
#[derive(Clone, Copy)]
enum Of {
    Eight(&'static Algorithm<u8>),
    Sixteen(&'static Algorithm<u16>),
    ThirtyTwo(&'static Algorithm<u32>),
}

/// An algorithm of the catalogue.
#[derive(Clone, Copy)]
pub struct Check {
    name: &'static str,
    of: Of,
}

impl Check {
    /// The algorithm with this name, or with a usual other name of it; case does not matter.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for an unknown name.
    pub fn named(name: &str) -> Result<Check> {
        let known = |wanted: &str| CATALOGUE.iter().find(|(known, _)| known.eq_ignore_ascii_case(wanted));
        let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)).map(|(_, wanted)| *wanted);
        if let Some((name, of)) = known(alias.unwrap_or(name)) {
            return Ok(Check { name, of: *of });
        }
        let upper = name.to_uppercase();
        let near = crate::name::nearest(&upper, CATALOGUE.iter().map(|(known, _)| *known));
        let help = near
            .map_or_else(|| "`names()` of `std/crc` lists all, for example `CRC-16/MODBUS`".to_owned(), did_you_mean);
        Err(Error::new(Kind::ArgumentError, format!("unknown CRC `{name}`")).with_help(help))
    }

    /// The names of all algorithms, in the order of the catalogue.
    pub fn names() -> impl Iterator<Item = &'static str> {
        CATALOGUE.iter().map(|(name, _)| *name)
    }

    /// The name in the catalogue.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The value over `bytes`.
    pub fn of(&self, bytes: &[u8]) -> u32 {
        match self.of {
            Of::Eight(algorithm) => Crc::<u8>::new(algorithm).checksum(bytes).into(),
            Of::Sixteen(algorithm) => Crc::<u16>::new(algorithm).checksum(bytes).into(),
            Of::ThirtyTwo(algorithm) => Crc::<u32>::new(algorithm).checksum(bytes),
        }
    }

    /// The catalogue's value over the digits 1 to 9.
    pub fn check_value(&self) -> u32 {
        match self.of {
            Of::Eight(algorithm) => algorithm.check.into(),
            Of::Sixteen(algorithm) => algorithm.check.into(),
            Of::ThirtyTwo(algorithm) => algorithm.check,
        }
    }

    /// The width in bits: 8, 16 or 32.
    pub fn bits(&self) -> u8 {
        match self.of {
            Of::Eight(_) => 8,
            Of::Sixteen(_) => 16,
            Of::ThirtyTwo(_) => 32,
        }
    }
}

/// Usual names that are not the catalogue's first ones; the catalogue lists them as aliases.
const ALIASES: &[(&str, &str)] = &[
    ("CRC-8", "CRC-8/SMBUS"),
    ("CRC-8/MAXIM", "CRC-8/MAXIM-DOW"),
    ("CRC-8/ITU", "CRC-8/I-432-1"),
    ("CRC-8/EBU", "CRC-8/TECH-3250"),
    ("CRC-16", "CRC-16/ARC"),
    ("CRC-16/CCITT", "CRC-16/KERMIT"),
    ("CRC-16/CCITT-FALSE", "CRC-16/IBM-3740"),
    ("CRC-16/AUG-CCITT", "CRC-16/SPI-FUJITSU"),
    ("CRC-16/BUYPASS", "CRC-16/UMTS"),
    ("CRC-16/X-25", "CRC-16/IBM-SDLC"),
    ("CRC-32", "CRC-32/ISO-HDLC"),
    ("CRC-32C", "CRC-32/ISCSI"),
];

/// The catalogue's algorithms of 8, 16 and 32 bits.
static CATALOGUE: &[(&str, Of)] = &[
    ("CRC-8/AUTOSAR", Of::Eight(&crc::CRC_8_AUTOSAR)),
    ("CRC-8/BLUETOOTH", Of::Eight(&crc::CRC_8_BLUETOOTH)),
    ("CRC-8/CDMA2000", Of::Eight(&crc::CRC_8_CDMA2000)),
    ("CRC-8/DARC", Of::Eight(&crc::CRC_8_DARC)),
    ("CRC-8/DVB-S2", Of::Eight(&crc::CRC_8_DVB_S2)),
    ("CRC-8/GSM-A", Of::Eight(&crc::CRC_8_GSM_A)),
    ("CRC-8/GSM-B", Of::Eight(&crc::CRC_8_GSM_B)),
    ("CRC-8/HITAG", Of::Eight(&crc::CRC_8_HITAG)),
    ("CRC-8/I-432-1", Of::Eight(&crc::CRC_8_I_432_1)),
    ("CRC-8/I-CODE", Of::Eight(&crc::CRC_8_I_CODE)),
    ("CRC-8/LTE", Of::Eight(&crc::CRC_8_LTE)),
    ("CRC-8/MAXIM-DOW", Of::Eight(&crc::CRC_8_MAXIM_DOW)),
    ("CRC-8/MIFARE-MAD", Of::Eight(&crc::CRC_8_MIFARE_MAD)),
    ("CRC-8/NRSC-5", Of::Eight(&crc::CRC_8_NRSC_5)),
    ("CRC-8/OPENSAFETY", Of::Eight(&crc::CRC_8_OPENSAFETY)),
    ("CRC-8/ROHC", Of::Eight(&crc::CRC_8_ROHC)),
    ("CRC-8/SAE-J1850", Of::Eight(&crc::CRC_8_SAE_J1850)),
    ("CRC-8/SMBUS", Of::Eight(&crc::CRC_8_SMBUS)),
    ("CRC-8/TECH-3250", Of::Eight(&crc::CRC_8_TECH_3250)),
    ("CRC-8/WCDMA", Of::Eight(&crc::CRC_8_WCDMA)),
    ("CRC-16/ARC", Of::Sixteen(&crc::CRC_16_ARC)),
    ("CRC-16/CDMA2000", Of::Sixteen(&crc::CRC_16_CDMA2000)),
    ("CRC-16/CMS", Of::Sixteen(&crc::CRC_16_CMS)),
    ("CRC-16/DDS-110", Of::Sixteen(&crc::CRC_16_DDS_110)),
    ("CRC-16/DECT-R", Of::Sixteen(&crc::CRC_16_DECT_R)),
    ("CRC-16/DECT-X", Of::Sixteen(&crc::CRC_16_DECT_X)),
    ("CRC-16/DNP", Of::Sixteen(&crc::CRC_16_DNP)),
    ("CRC-16/EN-13757", Of::Sixteen(&crc::CRC_16_EN_13757)),
    ("CRC-16/GENIBUS", Of::Sixteen(&crc::CRC_16_GENIBUS)),
    ("CRC-16/GSM", Of::Sixteen(&crc::CRC_16_GSM)),
    ("CRC-16/IBM-3740", Of::Sixteen(&crc::CRC_16_IBM_3740)),
    ("CRC-16/IBM-SDLC", Of::Sixteen(&crc::CRC_16_IBM_SDLC)),
    ("CRC-16/ISO-IEC-14443-3-A", Of::Sixteen(&crc::CRC_16_ISO_IEC_14443_3_A)),
    ("CRC-16/KERMIT", Of::Sixteen(&crc::CRC_16_KERMIT)),
    ("CRC-16/LJ1200", Of::Sixteen(&crc::CRC_16_LJ1200)),
    ("CRC-16/M17", Of::Sixteen(&crc::CRC_16_M17)),
    ("CRC-16/MAXIM-DOW", Of::Sixteen(&crc::CRC_16_MAXIM_DOW)),
    ("CRC-16/MCRF4XX", Of::Sixteen(&crc::CRC_16_MCRF4XX)),
    ("CRC-16/MODBUS", Of::Sixteen(&crc::CRC_16_MODBUS)),
    ("CRC-16/NRSC-5", Of::Sixteen(&crc::CRC_16_NRSC_5)),
    ("CRC-16/OPENSAFETY-A", Of::Sixteen(&crc::CRC_16_OPENSAFETY_A)),
    ("CRC-16/OPENSAFETY-B", Of::Sixteen(&crc::CRC_16_OPENSAFETY_B)),
    ("CRC-16/PROFIBUS", Of::Sixteen(&crc::CRC_16_PROFIBUS)),
    ("CRC-16/RIELLO", Of::Sixteen(&crc::CRC_16_RIELLO)),
    ("CRC-16/SPI-FUJITSU", Of::Sixteen(&crc::CRC_16_SPI_FUJITSU)),
    ("CRC-16/T10-DIF", Of::Sixteen(&crc::CRC_16_T10_DIF)),
    ("CRC-16/TELEDISK", Of::Sixteen(&crc::CRC_16_TELEDISK)),
    ("CRC-16/TMS37157", Of::Sixteen(&crc::CRC_16_TMS37157)),
    ("CRC-16/UMTS", Of::Sixteen(&crc::CRC_16_UMTS)),
    ("CRC-16/USB", Of::Sixteen(&crc::CRC_16_USB)),
    ("CRC-16/XMODEM", Of::Sixteen(&crc::CRC_16_XMODEM)),
    ("CRC-32/AIXM", Of::ThirtyTwo(&crc::CRC_32_AIXM)),
    ("CRC-32/AUTOSAR", Of::ThirtyTwo(&crc::CRC_32_AUTOSAR)),
    ("CRC-32/BASE91-D", Of::ThirtyTwo(&crc::CRC_32_BASE91_D)),
    ("CRC-32/BZIP2", Of::ThirtyTwo(&crc::CRC_32_BZIP2)),
    ("CRC-32/CD-ROM-EDC", Of::ThirtyTwo(&crc::CRC_32_CD_ROM_EDC)),
    ("CRC-32/CKSUM", Of::ThirtyTwo(&crc::CRC_32_CKSUM)),
    ("CRC-32/ISCSI", Of::ThirtyTwo(&crc::CRC_32_ISCSI)),
    ("CRC-32/ISO-HDLC", Of::ThirtyTwo(&crc::CRC_32_ISO_HDLC)),
    ("CRC-32/JAMCRC", Of::ThirtyTwo(&crc::CRC_32_JAMCRC)),
    ("CRC-32/MEF", Of::ThirtyTwo(&crc::CRC_32_MEF)),
    ("CRC-32/MPEG-2", Of::ThirtyTwo(&crc::CRC_32_MPEG_2)),
    ("CRC-32/XFER", Of::ThirtyTwo(&crc::CRC_32_XFER)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_gives_its_check_value() {
        assert_eq!(Check::names().count(), 63);
        for name in Check::names() {
            let check = Check::named(name).unwrap();
            assert_eq!((check.of(b"123456789"), check.name()), (check.check_value(), name));
            assert!(name.starts_with(&format!("CRC-{}/", check.bits())), "{name}");
        }
        for (alias, name) in ALIASES {
            assert_eq!(Check::named(alias).unwrap().name(), *name);
        }
        // As published by others: Modbus over serial line 1.02, zlib, SMBus 3.1.
        let value = |name: &str, bytes: &[u8]| Check::named(name).unwrap().of(bytes);
        assert_eq!(value("crc-16/modbus", &[0x02, 0x07]), 0x1241);
        assert_eq!(value("CRC-32", b"hello"), 0x3610_a686);
        assert_eq!(value("CRC-8", b"123456789"), 0xf4);
    }

    #[test]
    fn an_unknown_name_is_suggested() {
        let error = Check::named("CRC-16/MODBUZ").err().unwrap();
        assert_eq!(
            (error.message(), error.help()),
            ("unknown CRC `CRC-16/MODBUZ`", Some("did you mean `CRC-16/MODBUS`?"))
        );
    }
}
