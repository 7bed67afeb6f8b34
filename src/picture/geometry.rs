//! Sizes and rectangles, in whole pixels: pure, and tested as tables.

use super::plan::{Crop, IndexCrop, Mode, Place, Resize, Target};
use super::{EC_RESULT, Error, RESULT_PIXELS_MAX, RESULT_SIDE_MAX, Result};

/// Width and height.
pub(super) type Size = (u32, u32);

/// A part of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// How a picture is scaled, and the canvas that it comes to stand on or is cut to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    pub scaled: Size,
    pub canvas: Size,
}

/// `value * numerator / denominator`, rounded as documented, at least 1.
fn scale(value: u32, numerator: u32, denominator: u32) -> u32 {
    let twice = 2 * u64::from(value) * u64::from(numerator);
    let rounded = (twice / u64::from(denominator.max(1))).div_ceil(2);
    u32::try_from(rounded.max(1)).unwrap_or(u32::MAX)
}

/// What a resize makes of a source; none where the source stays as it is.
pub(super) fn fit(source: Size, resize: &Resize, may_enlarge: bool) -> Result<Option<Fit>> {
    let (target, exact) = target(source, resize);
    let (by_width, by_height) = (
        (target.0, scale(source.1, target.0, source.0)),
        (scale(source.0, target.1, source.1), target.1),
    );
    // Whether the box is flatter than the picture, so that the width decides what fits inside.
    let width_decides =
        u64::from(target.0) * u64::from(source.1) <= u64::from(target.1) * u64::from(source.0);
    let (inside, outside) = if width_decides {
        (by_width, by_height)
    } else {
        (by_height, by_width)
    };
    let (scaled, canvas) = match resize.mode {
        _ if exact => (target, target),
        Mode::Fixed => (target, target),
        Mode::Lfit => (inside, inside),
        Mode::Mfit => (outside, outside),
        Mode::Fill => (outside, target),
        Mode::Pad => (inside, target),
    };
    let fit = Fit { scaled, canvas };
    let enlarges = fit.scaled.0 > source.0 || fit.scaled.1 > source.1;
    if enlarges && !may_enlarge {
        return Ok(None);
    }
    check(fit.scaled)?;
    check(fit.canvas)?;
    Ok(Some(fit))
}

fn check((width, height): Size) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > RESULT_SIDE_MAX || pixels > RESULT_PIXELS_MAX {
        return Err(Error::TooLarge {
            limit: "the result may have 16384 pixels on a side and 16777216 in all",
            ec: EC_RESULT,
        });
    }
    Ok(())
}

/// The box, and whether the picture takes exactly that size. Where one side is given, proportional modes derive the
/// other, and those of a fixed size take a square.
fn target(source: Size, resize: &Resize) -> (Size, bool) {
    let (width, height) = source;
    let landscape = width >= height;
    let proportional = matches!(resize.mode, Mode::Lfit | Mode::Mfit);
    let one = |side: u32, is_width: bool| match (proportional, is_width) {
        (false, _) => ((side, side), false),
        (true, true) => ((side, scale(height, side, width)), true),
        (true, false) => ((scale(width, side, height), side), true),
    };
    let (first, second, first_is_width) = match resize.target {
        Target::Percent(percent) => {
            let size = (scale(width, percent, 100), scale(height, percent, 100));
            return (size, true);
        }
        Target::Box { width, height } => (width, height, true),
        Target::Sides { long, short } => (long, short, landscape),
    };
    match (first, second) {
        (Some(w), Some(h)) if first_is_width => ((w, h), false),
        (Some(h), Some(w)) => ((w, h), false),
        (Some(side), None) => one(side, first_is_width),
        (None, Some(side)) => one(side, !first_is_width),
        // The parser makes none without a number.
        (None, None) => (source, true),
    }
}

/// The rectangle of the canvas' size in the middle of a larger picture.
pub(super) fn middle(of: Size, canvas: Size) -> Rect {
    let (width, height) = (canvas.0.min(of.0), canvas.1.min(of.1));
    Rect {
        x: (of.0 - width) / 2,
        y: (of.1 - height) / 2,
        width,
        height,
    }
}

/// The rectangle of a crop, cut to the picture. [`Error::Outside`] where it starts beyond.
pub(super) fn crop(source: Size, crop: &Crop) -> Result<Rect> {
    let (x, width) = span(source.0, crop.width, crop.x, crop.column)?;
    let (y, height) = span(source.1, crop.height, crop.y, crop.row)?;
    Ok(Rect {
        x,
        y,
        width,
        height,
    })
}

fn span(source: u32, length: Option<u32>, offset: u32, place: Place) -> Result<(u32, u32)> {
    let length = length.unwrap_or(source).min(source);
    let base = match place {
        Place::Start => 0,
        // As documented, each half is a whole number of its own.
        Place::Middle => (source / 2).saturating_sub(length / 2),
        Place::End => source - length,
    };
    let start = base.checked_add(offset).filter(|start| *start < source);
    let start = start.ok_or(Error::Outside)?;
    Ok((start, length.min(source - start)))
}

/// The slice; the whole picture where there are fewer.
pub(super) fn slice(source: Size, cut: IndexCrop) -> Rect {
    let (width, height) = source;
    let whole = Rect {
        x: 0,
        y: 0,
        width,
        height,
    };
    let side = if cut.vertical { height } else { width };
    let start = cut.length.checked_mul(cut.index);
    let Some(start) = start.filter(|start| *start < side) else {
        return whole;
    };
    let length = cut.length.min(side - start);
    if cut.vertical {
        Rect {
            y: start,
            height: length,
            ..whole
        }
    } else {
        Rect {
            x: start,
            width: length,
            ..whole
        }
    }
}

/// The radius of a circle inside, and the square that it is cut to: `2r + 1` on a side.
pub(super) fn circle(source: Size, radius: u32) -> (u32, Rect) {
    let short = source.0.min(source.1);
    let radius = radius.min(short.saturating_sub(1) / 2);
    let side = 2 * radius + 1;
    (radius, middle(source, (side, side)))
}
