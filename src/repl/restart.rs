//! Separates the text that a board prints at a restart from the output of the program that restarted it.
//!
//! The texts that start a restart: `MPY: soft reboot` (MicroPython, `ports/*/main.c`; `PYB:` before 1.13),
//! `soft reboot` (CircuitPython), the boot ROM's lines on ESP32 chips (ESP-IDF, "Fatal Errors" and "Boot log"), and the
//! banner of the friendly REPL with its prompt (`shared/runtime/pyexec.c`). A program may print them too, so they are only
//! held back: the caller learns later whether the board restarted.
//!
//! Pure. Invariants: every byte comes out once and in order, however the bytes are cut into pieces; nothing is held back
//! but one of these texts and what follows it, and until the board pauses the beginning of one.

/// Most bytes that are held back. A program that prints more after such a text is still running.
const MOST_HELD: usize = 64 * 1024;

/// A piece of a text.
enum Piece {
    /// These bytes.
    Text(&'static [u8]),
    /// One byte or more, up to this number, on one line.
    Some(usize),
}

use Piece::{Some as Any, Text};

/// The texts that start a restart.
const BEGINNINGS: &[&[Piece]] = &[
    &[Text(b"\x04\x04MPY: soft reboot\r\n")],
    &[Text(b"\x04\x04PYB: soft reboot\r\n")],
    &[Text(b"MPY: soft reboot\r\n")],
    &[Text(b"PYB: soft reboot\r\n")],
    &[Text(b"\nsoft reboot\r\n")],
    &[Text(b"ets "), Any(24), Text(b"\r\n\r\nrst:0x")],
    &[Text(b"ESP-ROM:"), Any(40), Text(b"\r\nBuild:")],
    &[Text(b"rst:0x"), Any(2), Text(b" ("), Any(30), Text(b"),boot:0x")],
    &[Text(b"\nMicroPython "), Any(200), Text(b"\r\nType \"help()\" for more information.\r\n>>> ")],
    &[Text(b"\nAdafruit CircuitPython "), Any(200), Text(b"\r\n>>> ")],
];

/// How bytes match a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    No,
    /// They match so far.
    Partly,
    Wholly,
}

/// The held back part of a board's output.
#[derive(Debug, Default)]
pub struct RestartText {
    held: Vec<u8>,
    /// `held` starts with a complete text.
    begun: bool,
    /// The last byte passed on ended a line. The first output of a call may start a line.
    within_line: bool,
}

impl RestartText {
    /// Takes bytes of the board, and passes on to `output` what is not of a restart. No bytes: the board pauses, and what
    /// is not a whole text will not become one.
    pub fn feed(&mut self, bytes: &[u8], output: &mut dyn FnMut(&[u8])) {
        // Before a soft reset the board closes its files, which takes time.
        if bytes.is_empty() && !self.begun && !self.held.starts_with(b"\x04") {
            let all = std::mem::take(&mut self.held);
            return self.pass(&all, output);
        }
        self.held.extend_from_slice(bytes);
        if self.begun && self.held.len() > MOST_HELD {
            self.begun = false;
            let all = std::mem::take(&mut self.held);
            return self.pass(&all, output);
        }
        if self.begun {
            return;
        }
        let (from, fit) = (0..self.held.len())
            .map(|at| (at, self.fit(at)))
            .find(|(_, fit)| *fit != Fit::No)
            .unwrap_or((self.held.len(), Fit::No));
        self.begun = fit == Fit::Wholly;
        let rest = self.held.split_off(from);
        let sure = std::mem::replace(&mut self.held, rest);
        self.pass(&sure, output);
    }

    /// The bytes held back at the end: those of a restart, if there was one; else output.
    pub fn take(&mut self) -> Vec<u8> {
        self.begun = false;
        std::mem::take(&mut self.held)
    }

    fn pass(&mut self, bytes: &[u8], output: &mut dyn FnMut(&[u8])) {
        if let Some(last) = bytes.last() {
            self.within_line = *last != b'\n';
            output(bytes);
        }
    }

    /// How the bytes from `at` on match any of the texts.
    fn fit(&self, at: usize) -> Fit {
        let rest = &self.held[at..];
        let starts_line = at == 0 && !self.within_line || at > 0 && self.held[at - 1] == b'\n';
        let fits = BEGINNINGS.iter().map(|pieces| match pieces {
            // The end of the previous line may have been passed on already.
            [Text(first), tail @ ..] if first.starts_with(b"\n") && starts_line => match fits_text(&first[1..], rest) {
                Fit::Wholly => fits(tail, &rest[first.len() - 1..]),
                other => other,
            },
            [Text(first), ..] if first.starts_with(b"\n") => Fit::No,
            pieces => fits(pieces, rest),
        });
        fits.fold(Fit::No, |best, fit| match (best, fit) {
            (Fit::Wholly, _) | (_, Fit::Wholly) => Fit::Wholly,
            (Fit::Partly, _) | (_, Fit::Partly) => Fit::Partly,
            _ => Fit::No,
        })
    }
}

fn fits_text(text: &[u8], bytes: &[u8]) -> Fit {
    let common = text.len().min(bytes.len());
    match text[..common] == bytes[..common] {
        false => Fit::No,
        true if common < text.len() => Fit::Partly,
        true => Fit::Wholly,
    }
}

fn fits(pieces: &[Piece], bytes: &[u8]) -> Fit {
    match pieces {
        [] => Fit::Wholly,
        [Text(text), tail @ ..] => match fits_text(text, bytes) {
            Fit::Wholly => fits(tail, &bytes[text.len()..]),
            other => other,
        },
        [Any(most), tail @ ..] => {
            let on_line = bytes.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
            let ends = (1..=on_line.min(*most)).map(|length| fits(tail, &bytes[length..]));
            let fit = ends.fold(Fit::No, |best, fit| if fit == Fit::No || best == Fit::Wholly { best } else { fit });
            // More of the line may follow.
            if fit == Fit::No && on_line == bytes.len() && on_line < *most { Fit::Partly } else { fit }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The bytes passed on, and the bytes held back at the end.
    fn apart(pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
        let (mut text, mut output) = (RestartText::default(), Vec::new());
        for piece in pieces {
            text.feed(piece, &mut |bytes| output.extend_from_slice(bytes));
        }
        (output, text.take())
    }

    #[track_caller]
    fn case(bytes: &[u8], output: &[u8]) {
        for size in 1..=bytes.len() {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            let (found, held) = apart(&pieces);
            assert_eq!(found.escape_ascii().to_string(), output.escape_ascii().to_string(), "pieces of {size}");
            assert_eq!([found, held].concat(), bytes);
        }
    }

    const BANNER: &[u8] = b"MicroPython v1.28.0 on 2026-04-01; ESP32 module with ESP32\r\nType \"help()\" for more \
        information.\r\n>>> ";

    #[test]
    fn recognises_every_kind_of_restart() {
        case(b"a\r\n\x04\x04MPY: soft reboot\r\nboot\r\nraw REPL; CTRL-B to exit\r\n>", b"a\r\n");
        case(b"aMPY: soft reboot\r\nboot", b"a");
        case(b"PYB: soft reboot\r\n", b"");
        case(b"a\r\nsoft reboot\r\n\r\nAuto-reload is on.", b"a\r\n");
        case(&[b"a\r\n", BANNER, b"\r\n>>> "].concat(), b"a\r\n");
        case(BANNER, b"");
        case(b"Adafruit CircuitPython 10.0.3 on 2025-10-17; Raspberry Pi Pico with rp2040\r\n>>> ", b"");
        case(
            b"halfets Jul 29 2019 12:21:46\r\n\r\nrst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nboot.py",
            b"half",
        );
        case(b"ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\nrst:0x3 (RTC_SW_SYS_RST),boot:0x8\r\n", b"");
        case(b"x\r\nrst:0x3 (SW_RESET),boot:0x0 (SIMULATED)\r\nboot", b"x\r\n");
    }

    #[test]
    fn passes_on_text_that_only_resembles_a_restart() {
        fn plain(bytes: &[u8]) {
            case(&[bytes, b"."].concat(), &[bytes, b"."].concat());
        }
        plain(b"MicroPython is small\r\nnext\r\n");
        plain(&[b"see ", BANNER].concat());
        plain(b"3.4.0; MicroPython v1.28 on 2026-04-01\r\n");
        plain(b"MPY: soft\r\nreboot\r\n");
        plain(b"a soft reboot\r\n");
        plain(b"rst:0x3 SW_RESET\r\nets of things\r\nbets \r\n\r\n");
        plain(b"\x04\x04\x04MPY: hard");
    }

    #[test]
    fn a_pause_ends_what_might_have_become_a_restart() {
        assert_eq!(apart(&[b"half a lin", b"e", b"", b"ts "]), (b"half a linets ".to_vec(), Vec::new()));
        assert_eq!(apart(&[b"Name: M", b""]), (b"Name: M".to_vec(), Vec::new()));
        let [before, after]: [&[u8]; 2] = [b"a\x04\x04", b"MPY: soft reboot\r\n"];
        assert_eq!(apart(&[before, b"", after, b""]), (b"a".to_vec(), [&before[1..], after].concat()));
    }

    #[test]
    fn releases_a_restart_followed_by_much_output() {
        let long = vec![b'x'; MOST_HELD];
        let (output, held) = apart(&[b"MPY: soft reboot\r\n", &long]);
        assert_eq!((output.len(), held.len()), (long.len() + 18, 0));
    }

    proptest! {
        #[test]
        fn loses_and_reorders_nothing(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    &b"MPY: soft reboot\r\n"[..], b"MPY: ", b"\x04", b"\r\n", b"rst:0x1 (", b"a", b"\nMicroPython v1", b"ets ",
                ]),
                0..12,
            ),
        ) {
            let (mut output, held) = apart(&pieces);
            output.extend(held);
            prop_assert_eq!(output, pieces.concat());
        }
    }
}
