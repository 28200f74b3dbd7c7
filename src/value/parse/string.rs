//! `str` and `bytes` literals.
//!
//! Invariant: every byte of the text is read once, and unescaped text is copied in runs.

use super::{ParseError, Reader, Result};

/// The value of each hexadecimal digit; more than 15 for other bytes.
const HEXADECIMAL: [u8; 256] = {
    let mut values = [0xff; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit as usize] as usize] = digit;
        values[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
        digit += 1;
    }
    values
};

impl Reader<'_> {
    /// `'…'` or `"…"`.
    pub(super) fn string(&mut self) -> Result<String> {
        let quote = self.quote()?;
        let mut out = String::new();
        loop {
            let start = self.at;
            self.skip_plain(quote);
            // Both ends are at ASCII characters or at the end of the text.
            let run = self.text.get(start..self.at).unwrap_or_default();
            if self.peek() == Some(quote) {
                self.at += 1;
                if out.is_empty() {
                    return Ok(run.to_owned());
                }
                out.push_str(run);
                return Ok(out);
            }
            out.push_str(run);
            let escape = self.at;
            let code = self.escape(true)?;
            let character = char::from_u32(code).ok_or(match code {
                0xd800..=0xdfff => ParseError::Surrogate { at: escape },
                _ => ParseError::NotLiteral { at: escape },
            })?;
            out.push(character);
        }
    }

    /// `b'…'` or `b"…"`.
    pub(super) fn byte_string(&mut self) -> Result<Vec<u8>> {
        self.expect(b"b")?;
        let quote = self.quote()?;
        let mut out = Vec::new();
        loop {
            let start = self.at;
            self.skip_plain(quote);
            let run = self.bytes().get(start..self.at).unwrap_or_default();
            if let Some(wrong) = run.iter().position(|byte| !byte.is_ascii()) {
                return Err(ParseError::NotLiteral { at: start + wrong });
            }
            out.extend_from_slice(run);
            if self.peek() == Some(quote) {
                self.at += 1;
                return Ok(out);
            }
            if self.hexadecimal_escapes(&mut out) {
                continue;
            }
            let escape = self.at;
            let code = self.escape(false)?;
            out.push(u8::try_from(code).map_err(|_| ParseError::NotLiteral { at: escape })?);
        }
    }

    /// Reads the escapes of the form `\xff` that follow one another. False if there is none.
    fn hexadecimal_escapes(&mut self, out: &mut Vec<u8>) -> bool {
        let mut found = false;
        while let [b'\\', b'x', high, low, ..] = *self.rest() {
            let (high, low) = (HEXADECIMAL[usize::from(high)], HEXADECIMAL[usize::from(low)]);
            if (high | low) > 0xf {
                break;
            }
            out.push(high << 4 | low);
            self.at += 4;
            found = true;
        }
        found
    }

    fn quote(&mut self) -> Result<u8> {
        match self.peek() {
            Some(quote @ (b'\'' | b'"')) => {
                self.at += 1;
                Ok(quote)
            }
            _ => self.fail(),
        }
    }

    /// Skips to the next quote, backslash or control character: no `repr` contains raw control characters.
    fn skip_plain(&mut self, quote: u8) {
        let plain = |byte: u8| byte >= b' ' && byte != quote && byte != b'\\' && byte != 0x7f;
        let rest = self.rest();
        self.at += rest.iter().position(|&byte| !plain(byte)).unwrap_or(rest.len());
    }

    /// The number of an escape. `\u` and `\U` are escapes only if `unicode`.
    fn escape(&mut self, unicode: bool) -> Result<u32> {
        let &[b'\\', letter, ..] = self.rest() else { return self.fail() };
        let code = match letter {
            b'x' => return self.digits(2),
            b'u' if unicode => return self.digits(4),
            b'U' if unicode => return self.digits(8),
            b'0'..=b'7' => return Ok(self.octal()),
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'\\' | b'\'' | b'"' => letter,
            b'a' => 0x07,
            b'b' => 0x08,
            b'v' => 0x0b,
            b'f' => 0x0c,
            _ => return self.fail(),
        };
        self.at += 2;
        Ok(u32::from(code))
    }

    /// The number of `count` hexadecimal digits after a backslash and a letter.
    fn digits(&mut self, count: usize) -> Result<u32> {
        let Some(digits) = self.rest().get(2..2 + count) else { return self.fail() };
        let mut code = 0;
        for &digit in digits {
            let Some(digit) = char::from(digit).to_digit(16) else { return self.fail() };
            code = code << 4 | digit;
        }
        self.at += 2 + count;
        Ok(code)
    }

    /// The number of one to three octal digits after a backslash.
    fn octal(&mut self) -> u32 {
        let digits = self.rest().iter().skip(1).take(3).take_while(|digit| matches!(digit, b'0'..=b'7'));
        let (count, code) = digits.fold((0, 0), |(count, code), digit| (count + 1, code << 3 | u32::from(digit & 7)));
        self.at += 1 + count;
        code
    }
}
