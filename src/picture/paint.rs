//! The actions on pixels.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)] // sides are at most 30000, and channels are clamped

use super::geometry::{self, Rect, Size};
use super::plan::{Resize, Step};
use super::{Error, ROTATED_SIDE_MAX, Result};
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageBuffer, Pixel, Rgba, RgbaImage};

/// Most bytes of what the scaler keeps between its two passes: four floats for each column of the source and row of
/// the result. Where it would be more, boxes of pixels are averaged, which needs nothing.
const SCALER_BYTES_MAX: u64 = 128 * 1024 * 1024;

const CLEAR: Rgba<u8> = Rgba([0, 0, 0, 0]);

/// Does one step.
pub(super) fn apply(step: &Step, image: DynamicImage, may_enlarge: bool) -> Result<DynamicImage> {
    let size = (image.width(), image.height());
    Ok(match step {
        Step::Resize(wish) => resize(image, wish, may_enlarge)?,
        Step::Crop(wish) => cut(&image, geometry::crop(size, wish)?),
        Step::IndexCrop(wish) => cut(&image, geometry::slice(size, *wish)),
        Step::Rotate(degrees) => rotate(image, *degrees)?,
        Step::Flip {
            vertical,
            horizontal,
        } => match (vertical, horizontal) {
            (true, true) => image.rotate180(),
            (true, false) => image.flipv(),
            (false, _) => image.fliph(),
        },
        Step::Blur { radius, sigma } => {
            // A bell that is cut off at the radius is no wider than a box of that radius.
            let widest = f32::from(*radius) / 3_f32.sqrt();
            image.fast_blur(f32::from(*sigma).min(widest))
        }
        Step::Bright(value) => image.brighten(i32::from(*value)),
        Step::Contrast(value) => image.adjust_contrast(f32::from(*value)),
        Step::Sharpen(value) => {
            let sigma = f32::from(*value) / 100.0;
            if image.color().has_alpha() {
                sharpen(&image.into_rgba8(), sigma).into()
            } else {
                sharpen(&image.into_rgb8(), sigma).into()
            }
        }
        Step::Circle(radius) => circle(&image, *radius),
        Step::RoundedCorners(radius) => rounded_corners(image, *radius),
    })
}

fn cut(image: &DynamicImage, rect: Rect) -> DynamicImage {
    image.crop_imm(rect.x, rect.y, rect.width, rect.height)
}

fn resize(image: DynamicImage, wish: &Resize, may_enlarge: bool) -> Result<DynamicImage> {
    let size = (image.width(), image.height());
    // Documented: percents enlarge without being asked to, and a GIF never grows.
    let percent = matches!(wish.target, super::plan::Target::Percent(_));
    let enlarge = may_enlarge && (wish.enlarge || percent);
    let Some(fit) = geometry::fit(size, wish, enlarge)? else {
        return Ok(image);
    };
    let scaled = scale(image, fit.scaled);
    if fit.canvas == fit.scaled {
        return Ok(scaled);
    }
    if fit.canvas.0 <= fit.scaled.0 && fit.canvas.1 <= fit.scaled.1 {
        return Ok(cut(&scaled, geometry::middle(fit.scaled, fit.canvas)));
    }
    let [red, green, blue] = wish.color;
    let color = Rgba([red, green, blue, 255]);
    let mut canvas = RgbaImage::from_pixel(fit.canvas.0, fit.canvas.1, color);
    let place = geometry::middle(fit.canvas, fit.scaled);
    imageops::overlay(
        &mut canvas,
        &scaled.into_rgba8(),
        i64::from(place.x),
        i64::from(place.y),
    );
    Ok(canvas.into())
}

fn scale(image: DynamicImage, (width, height): Size) -> DynamicImage {
    if (width, height) == (image.width(), image.height()) {
        return image;
    }
    let between = u64::from(image.width()) * u64::from(height) * 16;
    if between > SCALER_BYTES_MAX {
        image.thumbnail_exact(width, height)
    } else {
        image.resize_exact(width, height, FilterType::CatmullRom)
    }
}

fn rotate(image: DynamicImage, degrees: u16) -> Result<DynamicImage> {
    if image.width().max(image.height()) > ROTATED_SIDE_MAX {
        return Err(Error::TooLarge {
            limit: "Picture exceed the maximum allowable rotation range.",
            ec: super::EC_RESULT,
        });
    }
    Ok(match degrees {
        0 | 360 => image,
        90 => image.rotate90(),
        180 => image.rotate180(),
        270 => image.rotate270(),
        other => turn(&image.into_rgba8(), f32::from(other)).into(),
    })
}

/// Turns clockwise about the middle; what is not covered is clear.
fn turn(image: &RgbaImage, degrees: f32) -> RgbaImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (image.width() as f32, image.height() as f32);
    // A hundredth of a pixel is rounding, not a pixel.
    let reach = |a: f32, b: f32| ((a.abs() + b.abs() - 0.01).ceil() as u32).max(1);
    let size = (
        reach(width * cos, height * sin),
        reach(width * sin, height * cos),
    );
    let middle = (size.0 as f32 / 2.0, size.1 as f32 / 2.0);
    RgbaImage::from_fn(size.0, size.1, |x, y| {
        let (dx, dy) = (x as f32 + 0.5 - middle.0, y as f32 + 0.5 - middle.1);
        let from_x = dx * cos + dy * sin + width / 2.0 - 0.5;
        let from_y = dy * cos - dx * sin + height / 2.0 - 0.5;
        imageops::interpolate_bilinear(image, from_x, from_y).unwrap_or(CLEAR)
    })
}

/// Moves each pixel away from its surroundings by as much as it differs from them. The library's own way to do this
/// takes ten times the memory.
fn sharpen<P>(image: &ImageBuffer<P, Vec<u8>>, sigma: f32) -> ImageBuffer<P, Vec<u8>>
where
    P: Pixel<Subpixel = u8>,
{
    let mut result = imageops::fast_blur(image, sigma);
    for (channel, original) in result.iter_mut().zip(image.iter()) {
        let moved = 2 * i16::from(*original) - i16::from(*channel);
        *channel = moved.clamp(0, 255) as u8;
    }
    result
}

fn circle(image: &DynamicImage, radius: u32) -> DynamicImage {
    let (radius, square) = geometry::circle((image.width(), image.height()), radius);
    let mut cut = cut(image, square).into_rgba8();
    let radius = radius as f32;
    for (x, y, pixel) in cut.enumerate_pixels_mut() {
        fade(pixel, x as f32 - radius, y as f32 - radius, radius);
    }
    cut.into()
}

fn rounded_corners(image: DynamicImage, radius: u32) -> DynamicImage {
    let mut image = image.into_rgba8();
    let (width, height) = image.dimensions();
    // Documented: at most half of the shorter side.
    let radius = radius.min(width.min(height) / 2);
    // How far a pixel lies in a corner's square, seen from the corner's middle.
    let depth = |at: u32, side: u32| {
        let from_border = at.min(side - 1 - at);
        radius.saturating_sub(from_border)
    };
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let (dx, dy) = (depth(x, width), depth(y, height));
        if dx > 0 && dy > 0 {
            fade(pixel, dx as f32 - 0.5, dy as f32 - 0.5, radius as f32 - 0.5);
        }
    }
    image.into()
}

/// Takes away what of a pixel lies farther from the middle than the radius.
fn fade(pixel: &mut Rgba<u8>, dx: f32, dy: f32, radius: f32) {
    let inside = (radius + 0.5 - dx.hypot(dy)).clamp(0.0, 1.0);
    let Rgba([_, _, _, alpha]) = pixel;
    *alpha = (f32::from(*alpha) * inside) as u8;
}

/// The picture without transparency: what is clear becomes white, as documented of JPG.
pub(super) fn on_white(image: DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return image;
    }
    let mut image = image.into_rgba8();
    for Rgba([channels @ .., alpha]) in image.pixels_mut() {
        let opacity = u16::from(*alpha);
        for channel in channels {
            let mixed = u16::from(*channel) * opacity + 255 * (255 - opacity);
            *channel = (mixed / 255) as u8;
        }
        *alpha = 255;
    }
    DynamicImage::from(image).into_rgb8().into()
}

/// The mean color as `0xRRGGBB`.
pub(super) fn average(image: &DynamicImage) -> String {
    let image = image.to_rgb8();
    let mut sums = [0_u64; 3];
    for pixel in image.pixels() {
        for (sum, channel) in sums.iter_mut().zip(pixel.0) {
            *sum += u64::from(channel);
        }
    }
    let count = (u64::from(image.width()) * u64::from(image.height())).max(1);
    let [red, green, blue] = sums.map(|sum| sum / count);
    format!("0x{red:02x}{green:02x}{blue:02x}")
}
