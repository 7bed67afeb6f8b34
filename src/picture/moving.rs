//! GIFs that move: documented to stay animated through scaling to a size and cropping, and through nothing else.

use super::codec::{self, GIF_SPEED, unwritable};
use super::plan::{Plan, Step, Target};
use super::{DECODER_BYTES_MAX, EC_SOURCE_PIXELS, Error, Result, paint};
use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::metadata::LoopCount;
use image::{AnimationDecoder, DynamicImage, Frame, ImageDecoder, Limits};
use std::io::Cursor;

/// Most pixels of all frames together. The service takes 250 million, which would be half a minute of a processor.
const PIXELS_MAX: u64 = 100_000_000;

/// Whether the plan leaves a GIF animated.
pub(super) fn keeps(plan: &Plan) -> bool {
    let keeps = |step: &Step| match step {
        // Documented: a percentage makes it static.
        Step::Resize(wish) => !matches!(wish.target, Target::Percent(_)),
        Step::Crop(_) => true,
        _ => false,
    };
    !plan.is_question() && !plan.steps.is_empty() && plan.steps.iter().all(keeps)
}

/// Does the steps on each frame. One frame is in memory at a time.
pub(super) fn run(plan: &Plan, source: &[u8]) -> Result<Vec<u8>> {
    let mut decoder = GifDecoder::new(Cursor::new(source)).map_err(Error::decoding)?;
    codec::check_decoded(decoder.dimensions())?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    decoder.set_limits(limits).map_err(Error::decoding)?;
    let repeat = match decoder.loop_count() {
        LoopCount::Infinite => Repeat::Infinite,
        LoopCount::Finite(times) => Repeat::Finite(u16::try_from(times.get()).unwrap_or(u16::MAX)),
    };

    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, GIF_SPEED);
    encoder.set_repeat(repeat).map_err(unwritable)?;
    let mut pixels = 0;
    for frame in decoder.into_frames() {
        let frame = frame.map_err(Error::decoding)?;
        let delay = frame.delay();
        let mut image = DynamicImage::from(frame.into_buffer());
        pixels += u64::from(image.width()) * u64::from(image.height());
        if pixels > PIXELS_MAX {
            return Err(Error::TooLarge {
                limit: "the frames may have 100000000 pixels together",
                ec: EC_SOURCE_PIXELS,
            });
        }
        for step in &plan.steps {
            image = paint::apply(step, image, false)?;
        }
        let frame = Frame::from_parts(image.into_rgba8(), 0, 0, delay);
        encoder.encode_frame(frame).map_err(unwritable)?;
    }
    drop(encoder);
    if pixels == 0 {
        return Err(Error::UnknownFormat);
    }
    Ok(bytes)
}
