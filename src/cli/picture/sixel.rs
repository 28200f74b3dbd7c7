//! Pictures as sixels.
//!
//! <https://vt100.net/docs/vt3xx-gp/chapter14.html>: `ESC P 0;1;0 q … ESC \`. `"1;1;w;h` gives the size, `#n;2;r;g;b` sets
//! register `n` to a colour in percent. A band is six rows high; `#n` chooses the colour of the columns that follow, each a
//! character from `?`, whose bits are its rows from the top; `!count` repeats one, `$` returns to the start of the band, `-` begins
//! the next. Uses png, and color_quant for pictures of more than 256 colours. Pure.

use color_quant::NeuQuant;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Most colours: terminals have at least that many registers.
const COLOURS: usize = 256;
/// Rows of a band.
const BAND: usize = 6;
/// Every how many pixels the quantizer learns from: of 1 (slow, best) to 30.
const SAMPLES: i32 = 10;

/// A pixel: red, green, blue, opacity.
type Pixel = [u8; 4];

/// Pixels in rows.
struct Pixels {
    width: usize,
    height: usize,
    all: Vec<Pixel>,
}

/// Shows a PNG in this width and height.
///
/// # Errors
/// Why the PNG is invalid, as a phrase.
pub fn shown(png: &[u8], size: (u32, u32)) -> Result<String, String> {
    let pixels = decode(png).map_err(|error| error.to_string())?;
    let side = |side: u32| usize::try_from(side).unwrap_or(1);
    Ok(encode(&scaled(pixels, side(size.0), side(size.1))))
}

fn decode(png: &[u8]) -> Result<Pixels, png::DecodingError> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info()?;
    let mut bytes = vec![0; reader.output_buffer_size().unwrap_or(0)];
    let info = reader.next_frame(&mut bytes)?;
    let channels = info.color_type.samples();
    let pixel = |bytes: &[u8]| match *bytes {
        [grey, opacity] => [grey, grey, grey, opacity],
        [red, green, blue, opacity] => [red, green, blue, opacity],
        _ => [0; 4],
    };
    let all = bytes[..info.buffer_size()].chunks_exact(channels).map(pixel).collect();
    let side = |side: u32| usize::try_from(side).unwrap_or(0);
    Ok(Pixels { width: side(info.width), height: side(info.height), all })
}

/// Scaled down: each pixel is the mean of those that it stands for.
fn scaled(pixels: Pixels, width: usize, height: usize) -> Pixels {
    if width >= pixels.width && height >= pixels.height {
        return pixels;
    }
    let range = |index: usize, count: usize, of: usize| {
        let start = index * of / count;
        start..((index + 1) * of / count).max(start + 1)
    };
    let mut all = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (mut sums, mut opacity, mut count) = ([0_u64; 3], 0_u64, 0_u64);
            for row in range(y, height, pixels.height) {
                for column in range(x, width, pixels.width) {
                    let [red, green, blue, weight] = pixels.all[row * pixels.width + column].map(u64::from);
                    for (sum, value) in sums.iter_mut().zip([red, green, blue]) {
                        *sum += value * weight;
                    }
                    opacity += weight;
                    count += 1;
                }
            }
            let mean = |sum: u64, of: u64| u8::try_from(sum / of.max(1)).unwrap_or(u8::MAX);
            let [red, green, blue] = sums.map(|sum| mean(sum, opacity));
            all.push([red, green, blue, mean(opacity, count)]);
        }
    }
    Pixels { width, height, all }
}

/// The colours, and the register of each pixel; `None`: it is transparent.
fn registers(pixels: &Pixels) -> (Vec<[u8; 3]>, Vec<Option<usize>>) {
    let colour = |pixel: &Pixel| [pixel[0], pixel[1], pixel[2]];
    let is_drawn = |pixel: &&Pixel| pixel[3] >= 128;
    let mut known: BTreeMap<[u8; 3], usize> = BTreeMap::new();
    for pixel in pixels.all.iter().filter(is_drawn) {
        let next = known.len();
        known.entry(colour(pixel)).or_insert(next);
        if known.len() > COLOURS {
            return quantized(pixels);
        }
    }
    let mut colours = vec![[0; 3]; known.len()];
    for (colour, number) in &known {
        colours[*number] = *colour;
    }
    let of = |pixel: &Pixel| Some(pixel).filter(is_drawn).and_then(|pixel| known.get(&colour(pixel)).copied());
    (colours, pixels.all.iter().map(of).collect())
}

fn quantized(pixels: &Pixels) -> (Vec<[u8; 3]>, Vec<Option<usize>>) {
    let opaque = |pixel: &Pixel| [pixel[0], pixel[1], pixel[2], u8::MAX];
    let drawn: Vec<u8> = pixels.all.iter().filter(|pixel| pixel[3] >= 128).flat_map(opaque).collect();
    let quantizer = NeuQuant::new(SAMPLES, COLOURS, &drawn);
    let colours = quantizer.color_map_rgb().chunks_exact(3).map(|colour| [colour[0], colour[1], colour[2]]).collect();
    let of = |pixel: &Pixel| (pixel[3] >= 128).then(|| quantizer.index_of(&opaque(pixel)));
    (colours, pixels.all.iter().map(of).collect())
}

fn encode(pixels: &Pixels) -> String {
    let (colours, registers) = registers(pixels);
    let mut text = format!("\x1bP0;1;0q\"1;1;{};{}", pixels.width, pixels.height);
    for (number, colour) in colours.iter().enumerate() {
        let [red, green, blue] = colour.map(|value| (u32::from(value) * 100 + 127) / 255);
        let _ = write!(text, "#{number};2;{red};{green};{blue}");
    }
    for band in registers.chunks(pixels.width.max(1) * BAND) {
        let mut bits: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for (index, register) in band.iter().enumerate() {
            let Some(register) = register else { continue };
            let (row, column) = (index / pixels.width, index % pixels.width);
            bits.entry(*register).or_insert_with(|| vec![0; pixels.width])[column] |= 1 << row;
        }
        for (register, columns) in bits {
            let _ = write!(text, "#{register}");
            for run in columns.chunk_by(|one, other| one == other) {
                let character = char::from(b'?' + run[0]);
                match run.len() {
                    1..=3 => text.extend(std::iter::repeat_n(character, run.len())),
                    count => {
                        let _ = write!(text, "!{count}{character}");
                    }
                }
            }
            text.push('$');
        }
        text.push('-');
    }
    text.push_str("\x1b\\\n");
    text
}
