//! From bytes to pixels and back, and the whole run of a plan.

use super::plan::{Plan, Question};
use super::{
    DECODED_PIXELS_MAX, DECODER_BYTES_MAX, EC_RESULT, EC_SOURCE_PIXELS, EC_SOURCE_SIDE, Error,
    Outcome, RESULT_SIDE_MAX, Result, SOURCE_PIXELS_MAX, SOURCE_SIDE_MAX, moving, paint,
};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use serde_json::json;
use std::io::Cursor;

/// A format that is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jpg,
    Png,
    Bmp,
    Gif,
    WebP,
}

impl Format {
    /// The format by its first bytes.
    fn of(source: &[u8]) -> Result<Self> {
        match image::guess_format(source) {
            Ok(ImageFormat::Jpeg) => Ok(Self::Jpg),
            Ok(ImageFormat::Png) => Ok(Self::Png),
            Ok(ImageFormat::Bmp) => Ok(Self::Bmp),
            Ok(ImageFormat::Gif) => Ok(Self::Gif),
            Ok(ImageFormat::WebP) => Ok(Self::WebP),
            Ok(ImageFormat::Tiff) => Err(Error::NotOffered("a TIFF source".to_owned())),
            // HEIC and AVIF live in the same container.
            _ if source.get(4..8) == Some(b"ftyp") => {
                Err(Error::NotOffered("a HEIC or AVIF source".to_owned()))
            }
            _ => Err(Error::UnknownFormat),
        }
    }

    const fn library(self) -> ImageFormat {
        match self {
            Self::Jpg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::Bmp => ImageFormat::Bmp,
            Self::Gif => ImageFormat::Gif,
            Self::WebP => ImageFormat::WebP,
        }
    }

    /// The name that `image/info` tells.
    const fn name(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Png => "png",
            Self::Bmp => "bmp",
            Self::Gif => "gif",
            Self::WebP => "webp",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Jpg => "image/jpeg",
            Self::Png => "image/png",
            Self::Bmp => "image/bmp",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
        }
    }
}

/// How much of its quality a JPEG keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quality {
    /// Percent of the source's.
    Relative(u8),
    /// Never more than the source's.
    Absolute(u8),
}

/// What a JPEG is written with that comes of another format and names no quality.
const QUALITY_DEFAULT: u8 = 90;

/// How fast the palette of a GIF is chosen, from 1 to 30. The library's 1 takes a minute for a large picture.
pub(super) const GIF_SPEED: i32 = 10;

pub(super) fn run(plan: &Plan, source: &[u8]) -> Result<Outcome> {
    let format = Format::of(source)?;
    let unchanged = plan.steps.is_empty() && plan.format.is_none() && plan.quality.is_none();
    if plan.question == Some(Question::Info) && unchanged && !plan.upright {
        return info(source, format);
    }

    let result = match plan.format {
        // Documented: only a GIF is saved as one.
        Some(Format::Gif) | None => format,
        Some(other) => other,
    };
    if result == Format::Gif && moving::keeps(plan) {
        return Ok(Outcome {
            bytes: moving::run(plan, source)?,
            content_type: result.content_type(),
        });
    }

    let mut image = decode(source, format, plan.upright)?;
    for step in &plan.steps {
        image = paint::apply(step, image, format != Format::Gif)?;
    }
    if plan.question == Some(Question::AverageHue) {
        return Ok(answer(&json!({ "RGB": paint::average(&image) })));
    }

    let quality = (result == Format::Jpg).then(|| quality(plan.quality, source, format));
    let bytes = encode(image, result, quality.unwrap_or(QUALITY_DEFAULT))?;
    if plan.is_question() {
        return info(&bytes, result);
    }
    Ok(Outcome {
        bytes,
        content_type: result.content_type(),
    })
}

fn answer(value: &serde_json::Value) -> Outcome {
    Outcome {
        bytes: value.to_string().into_bytes(),
        content_type: "application/json",
    }
}

/// The basic information of `image/info`; numbers are text there.
fn info(source: &[u8], format: Format) -> Result<Outcome> {
    let decoder = open(source, format)?;
    let (width, height) = decoder.dimensions();
    check_source((width, height), SOURCE_PIXELS_MAX)?;
    let value = |text: String| json!({ "value": text });
    Ok(answer(&json!({
        "FileSize": value(source.len().to_string()),
        "Format": value(format.name().to_owned()),
        "ImageHeight": value(height.to_string()),
        "ImageWidth": value(width.to_string()),
    })))
}

/// A decoder that has read the header, with its limits.
fn open(source: &[u8], format: Format) -> Result<impl ImageDecoder> {
    let mut reader = ImageReader::with_format(Cursor::new(source), format.library());
    let mut limits = Limits::default();
    limits.max_image_width = Some(SOURCE_SIDE_MAX);
    limits.max_image_height = Some(SOURCE_SIDE_MAX);
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    reader.limits(limits);
    reader.into_decoder().map_err(Error::decoding)
}

/// Whether a picture of this size may be decoded.
pub(super) fn check_decoded(size: (u32, u32)) -> Result<()> {
    check_source(size, DECODED_PIXELS_MAX)
}

fn check_source((width, height): (u32, u32), pixels_max: u64) -> Result<()> {
    if width.max(height) > SOURCE_SIDE_MAX {
        return Err(Error::TooLarge {
            limit: "the source may have 30000 pixels on a side",
            ec: EC_SOURCE_SIDE,
        });
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > pixels_max {
        return Err(Error::TooLarge {
            limit: "the source may have 40000000 pixels",
            ec: EC_SOURCE_PIXELS,
        });
    }
    if pixels == 0 {
        return Err(Error::UnknownFormat);
    }
    Ok(())
}

/// The first frame, with 8 bits a channel.
fn decode(source: &[u8], format: Format, upright: bool) -> Result<DynamicImage> {
    let mut decoder = open(source, format)?;
    check_decoded(decoder.dimensions())?;
    if decoder.total_bytes() > DECODER_BYTES_MAX {
        return Err(Error::TooLarge {
            limit: "the source needs more memory than there is for one",
            ec: EC_SOURCE_PIXELS,
        });
    }
    let orientation = if upright {
        // A broken EXIF is none.
        decoder.orientation().unwrap_or(Orientation::NoTransforms)
    } else {
        Orientation::NoTransforms
    };
    let image = DynamicImage::from_decoder(decoder).map_err(Error::decoding)?;
    let mut image = match image.color() {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => image,
        color if color.has_alpha() => image.into_rgba8().into(),
        _ => image.into_rgb8().into(),
    };
    image.apply_orientation(orientation);
    Ok(image)
}

/// The bytes of a picture in a format.
fn encode(image: DynamicImage, format: Format, quality: u8) -> Result<Vec<u8>> {
    if format == Format::WebP && image.width().max(image.height()) > RESULT_SIDE_MAX {
        return Err(Error::TooLarge {
            limit: "a WebP may have 16384 pixels on a side",
            ec: "0040-00000011",
        });
    }
    let mut bytes = Vec::new();
    let written = match format {
        Format::Jpg => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
            paint::on_white(image).write_with_encoder(encoder)
        }
        Format::Gif => image.write_with_encoder(GifEncoder::new_with_speed(&mut bytes, GIF_SPEED)),
        other => image.write_to(Cursor::new(&mut bytes), other.library()),
    };
    written.map_err(unwritable)?;
    Ok(bytes)
}

/// What an encoder refuses is a size: all else is checked or converted.
pub(super) fn unwritable(_: image::ImageError) -> Error {
    Error::TooLarge {
        limit: "the format can not hold an image of this size",
        ec: EC_RESULT,
    }
}

/// The quality to write a JPEG with: without a wish, that of the source.
fn quality(wish: Option<Quality>, source: &[u8], format: Format) -> u8 {
    let own = (format == Format::Jpg)
        .then(|| jpeg_quality(source))
        .flatten();
    match wish {
        None => own.unwrap_or(QUALITY_DEFAULT),
        Some(Quality::Absolute(percent)) => percent.min(own.unwrap_or(100)),
        Some(Quality::Relative(percent)) => {
            let product = u16::from(own.unwrap_or(100)) * u16::from(percent);
            u8::try_from(product / 100).unwrap_or(100).max(1)
        }
    }
}

/// The luminance table that JPEG's quality scales (ITU T.81, table K.1).
#[rustfmt::skip]
const LUMINANCE: [u32; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/// The sum of the table of a quality, as libjpeg scales it.
fn luminance_sum(quality: u8) -> u32 {
    let scale = match u32::from(quality) {
        low @ ..50 => 5000 / low.max(1),
        high => 200 - 2 * high.min(100),
    };
    let scaled = LUMINANCE
        .iter()
        .map(|base| ((base * scale + 50) / 100).clamp(1, 255));
    scaled.sum()
}

/// The quality that a JPEG was written with, from its first quantization table; none where it has no plain one.
pub(super) fn jpeg_quality(source: &[u8]) -> Option<u8> {
    let mut rest = source.strip_prefix(b"\xFF\xD8")?;
    loop {
        let [0xFF, marker, high, low, tail @ ..] = rest else {
            return None;
        };
        // The image data begins: no table came.
        if *marker == 0xDA {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let segment = tail.get(..length.checked_sub(2)?)?;
        if let (0xDB, [0, table @ ..]) = (*marker, segment) {
            let sum: u32 = table.get(..64)?.iter().map(|byte| u32::from(*byte)).sum();
            return (1..=100).min_by_key(|quality| luminance_sum(*quality).abs_diff(sum));
        }
        rest = tail.get(segment.len()..)?;
    }
}
