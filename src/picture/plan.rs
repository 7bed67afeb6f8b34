//! The text of `image/…`, read: actions with their parameters and the documented ranges.

use super::codec::{self, Format, Quality};
use super::{Error, Outcome, RESULT_SIDE_MAX, Result};
use std::ops::RangeInclusive;

/// Most actions of one plan; each costs a pass over the picture.
const ACTIONS_MAX: usize = 16;

/// Extended codes of whole actions, and of parameters whose own code no source publishes.
const EC_OTHER: &str = "0040-00000201";
const EC_ONE_VALUE: &str = "0040-00000203";
const EC_NO_ACTION: &str = "0040-00000212";

/// What is to be done with a picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    pub(super) steps: Vec<Step>,
    /// Turn the source as its EXIF says, before anything else.
    pub(super) upright: bool,
    pub(super) format: Option<Format>,
    pub(super) quality: Option<Quality>,
    pub(super) question: Option<Question>,
}

/// A question about the picture, whose answer is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Info,
    AverageHue,
}

/// One action on the pixels.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Resize(Resize),
    Crop(Crop),
    IndexCrop(IndexCrop),
    /// Degrees, clockwise.
    Rotate(u16),
    Flip {
        vertical: bool,
        horizontal: bool,
    },
    Blur {
        radius: u8,
        sigma: u8,
    },
    Bright(i8),
    Contrast(i8),
    Sharpen(u16),
    Circle(u32),
    RoundedCorners(u32),
}

/// How the picture goes with the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The largest inside.
    Lfit,
    /// The smallest that covers it.
    Mfit,
    /// As `Mfit`, cut to the box.
    Fill,
    /// As `Lfit`, the rest of the box painted.
    Pad,
    /// Stretched to the box.
    Fixed,
}

/// Where the box comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Box {
        width: Option<u32>,
        height: Option<u32>,
    },
    Sides {
        long: Option<u32>,
        short: Option<u32>,
    },
    Percent(u32),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resize {
    pub mode: Mode,
    pub target: Target,
    /// `limit_0`: the result may be larger than the source.
    pub enlarge: bool,
    pub color: [u8; 3],
}

/// A column or row of the nine places of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Start,
    Middle,
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Crop {
    /// None up to the border.
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// Offset from the origin's corner.
    pub x: u32,
    pub y: u32,
    pub column: Place,
    pub row: Place,
}

/// Cuts into slices and takes one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexCrop {
    pub vertical: bool,
    pub length: u32,
    pub index: u32,
}

impl Plan {
    /// Reads what stands behind `image/`. [`Error::Argument`] for bad text, [`Error::NotOffered`] for an action that
    /// there is not.
    pub fn parse(text: &str) -> Result<Self> {
        let mut plan = Self::default();
        for (index, action) in text.split('/').enumerate() {
            if index == ACTIONS_MAX {
                return Err(Error::argument("image", text, EC_OTHER));
            }
            // A question is the last word.
            if plan.question.is_some() {
                return Err(Error::argument("image", action, EC_OTHER));
            }
            plan.add(&Parameters::of(action))?;
        }
        Ok(plan)
    }

    /// Whether the outcome is text about the picture and not a picture.
    pub fn is_question(&self) -> bool {
        self.question.is_some()
    }

    /// Does the work on a whole source in memory. Blocks.
    pub fn run(&self, source: &[u8]) -> Result<Outcome> {
        codec::run(self, source)
    }

    fn add(&mut self, given: &Parameters) -> Result<()> {
        let step = match given.action {
            "resize" => resize(given)?,
            "crop" => crop(given)?,
            "indexcrop" => index_crop(given)?,
            "rotate" => Step::Rotate(given.value("rotate", 0..=360, "0040-00000217")?),
            "flip" => flip(given)?,
            "blur" => blur(given)?,
            "bright" => Step::Bright(given.value("bright", -100..=100, EC_OTHER)?),
            "contrast" => Step::Contrast(given.value("contrast", -100..=100, EC_OTHER)?),
            "sharpen" => Step::Sharpen(given.value("sharpen", 50..=399, EC_OTHER)?),
            "circle" => Step::Circle(radius(given, EC_OTHER)?),
            "rounded-corners" => Step::RoundedCorners(radius(given, "0040-00000237")?),
            _ => return self.set(given),
        };
        self.steps.push(step);
        Ok(())
    }

    /// The actions that are no step of their own.
    fn set(&mut self, given: &Parameters) -> Result<()> {
        match given.action {
            "auto-orient" => self.upright = given.switch("auto-orient")?,
            "format" => self.format = Some(format(given)?),
            "quality" => self.quality = Some(quality(given)?),
            // Baseline is what is written anyway.
            "interlace" if !given.switch("interlace")? => {}
            "info" => self.question = Some(Question::Info),
            "average-hue" => self.question = Some(Question::AverageHue),
            "" => return Err(Error::argument("image", "", EC_NO_ACTION)),
            other => return Err(Error::NotOffered(format!("image/{other}"))),
        }
        Ok(())
    }
}

/// An action's name and what stands behind it.
struct Parameters<'a> {
    action: &'a str,
    words: Vec<&'a str>,
}

impl<'a> Parameters<'a> {
    /// Empty words are dropped: ali-oss's suite ends a list with a comma.
    fn of(action: &'a str) -> Self {
        let mut words = action.split(',');
        Self {
            action: words.next().unwrap_or_default(),
            words: words.filter(|word| !word.is_empty()).collect(),
        }
    }

    /// The one word of an action that takes a number.
    fn value<T: TryFrom<i64>>(
        &self,
        name: &'static str,
        range: RangeInclusive<i64>,
        ec: &'static str,
    ) -> Result<T> {
        match self.words[..] {
            [word] => number(name, word, range, ec),
            _ => Err(Error::argument(name, &self.words.join(","), EC_ONE_VALUE)),
        }
    }

    /// The one word of an action that is on, `1`, or off, `0`.
    fn switch(&self, name: &'static str) -> Result<bool> {
        let value: u8 = self.value(name, 0..=1, EC_OTHER)?;
        Ok(value == 1)
    }

    /// The last `key_value` of a key. Words of other keys are not looked at: Python v1's suite sends `crop` one.
    fn text(&self, key: &str) -> Option<&'a str> {
        let words = self.words.iter().rev();
        let mut pairs = words.filter_map(|word| word.split_once('_'));
        pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    fn number<T: TryFrom<i64>>(
        &self,
        key: &'static str,
        range: RangeInclusive<i64>,
        ec: &'static str,
    ) -> Result<Option<T>> {
        let text = self.text(key);
        text.map(|text| number(key, text, range, ec)).transpose()
    }

    /// As [`Self::number`] for one that must be there.
    fn required<T: TryFrom<i64>>(
        &self,
        key: &'static str,
        range: RangeInclusive<i64>,
        ec: &'static str,
    ) -> Result<T> {
        self.number(key, range, ec)?
            .ok_or_else(|| Error::argument(key, "", ec))
    }
}

fn number<T: TryFrom<i64>>(
    name: &'static str,
    text: &str,
    range: RangeInclusive<i64>,
    ec: &'static str,
) -> Result<T> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let value: Option<i64> = plain.then(|| text.parse().ok()).flatten();
    value
        .filter(|value| range.contains(value))
        .and_then(|value| T::try_from(value).ok())
        .ok_or_else(|| Error::argument(name, text, ec))
}

const SIDE: RangeInclusive<i64> = 1..=RESULT_SIDE_MAX as i64;

fn resize(given: &Parameters) -> Result<Step> {
    let mode = match given.text("m") {
        None | Some("lfit") => Mode::Lfit,
        Some("mfit") => Mode::Mfit,
        Some("fill") => Mode::Fill,
        Some("pad") => Mode::Pad,
        Some("fixed") => Mode::Fixed,
        Some(other) => return Err(Error::argument("m", other, "0040-00000311")),
    };
    let zero = |key| given.text(key) == Some("0");
    if zero("w") && zero("h") {
        return Err(Error::argument("w", "0", "0040-00000321"));
    }
    let width = given.number("w", SIDE, "0040-00000312")?;
    let height = given.number("h", SIDE, "0040-00000313")?;
    let long = given.number("l", SIDE, "0040-00000314")?;
    let short = given.number("s", SIDE, "0040-00000315")?;
    let percent = given.number("p", 1..=1000, "0040-00000317")?;
    let limit: Option<u8> = given.number("limit", 0..=1, "0040-00000319")?;
    // Documented: where w or h stands, l and s do not count.
    let target = if width.or(height).is_some() {
        Target::Box { width, height }
    } else if long.or(short).is_some() {
        Target::Sides { long, short }
    } else if let Some(percent) = percent {
        Target::Percent(percent)
    } else {
        return Err(Error::argument("resize", "", "0040-00000322"));
    };
    Ok(Step::Resize(Resize {
        mode,
        target,
        enlarge: limit == Some(0),
        color: color(given)?,
    }))
}

/// `RRGGBB`; white where there is none.
fn color(given: &Parameters) -> Result<[u8; 3]> {
    let Some(text) = given.text("color") else {
        return Ok([255; 3]);
    };
    let mut color = [0; 3];
    hex::decode_to_slice(text, &mut color)
        .map_err(|_| Error::argument("color", text, "0040-00000318"))?;
    Ok(color)
}

fn crop(given: &Parameters) -> Result<Step> {
    let (column, row) = match given.text("g") {
        None | Some("nw") => (Place::Start, Place::Start),
        Some("north") => (Place::Middle, Place::Start),
        Some("ne") => (Place::End, Place::Start),
        Some("west") => (Place::Start, Place::Middle),
        Some("center") => (Place::Middle, Place::Middle),
        Some("east") => (Place::End, Place::Middle),
        Some("sw") => (Place::Start, Place::End),
        Some("south") => (Place::Middle, Place::End),
        Some("se") => (Place::End, Place::End),
        Some(other) => return Err(Error::argument("g", other, "0040-00000209")),
    };
    // 0 is in the range, and means what no number means.
    let length = |key, ec| {
        let value: Option<u32> = given.number(key, 0..=i64::from(RESULT_SIDE_MAX), ec)?;
        Ok(value.filter(|value| *value > 0))
    };
    let offset = |key| {
        let value = given.number(key, 0..=i64::from(u32::MAX), EC_OTHER)?;
        Ok(value.unwrap_or(0))
    };
    Ok(Step::Crop(Crop {
        width: length("w", "0040-00000225")?,
        height: length("h", "0040-00000226")?,
        x: offset("x")?,
        y: offset("y")?,
        column,
        row,
    }))
}

fn index_crop(given: &Parameters) -> Result<Step> {
    let any = 1..=i64::from(u32::MAX);
    let x = given.number("x", any.clone(), EC_OTHER)?;
    let y = given.number("y", any, "0040-00000224")?;
    let index = given.number("i", 0..=i64::from(u32::MAX), EC_OTHER)?;
    // Documented: of both, y counts.
    let Some(length) = y.or(x) else {
        return Err(Error::argument("x", "", EC_OTHER));
    };
    Ok(Step::IndexCrop(IndexCrop {
        vertical: y.is_some(),
        length,
        index: index.unwrap_or(0),
    }))
}

/// The documentation shows `flip,0`; the numbers are those of OpenCV.
fn flip(given: &Parameters) -> Result<Step> {
    let value: i8 = given.value("flip", -1..=1, EC_OTHER)?;
    Ok(Step::Flip {
        vertical: value <= 0,
        horizontal: value != 0,
    })
}

fn blur(given: &Parameters) -> Result<Step> {
    Ok(Step::Blur {
        radius: given.required("r", 1..=50, EC_OTHER)?,
        sigma: given.required("s", 1..=50, "0040-00000242")?,
    })
}

fn radius(given: &Parameters, ec: &'static str) -> Result<u32> {
    given.required("r", 1..=4096, ec)
}

fn quality(given: &Parameters) -> Result<Quality> {
    // Of both, the absolute one counts.
    if let Some(value) = given.number("Q", 1..=100, EC_OTHER)? {
        return Ok(Quality::Absolute(value));
    }
    given
        .required("q", 1..=100, EC_OTHER)
        .map(Quality::Relative)
}

fn format(given: &Parameters) -> Result<Format> {
    match given.words[..] {
        [] => Err(Error::argument("format", "", "0040-00000207")),
        ["jpg"] => Ok(Format::Jpg),
        ["png"] => Ok(Format::Png),
        ["bmp"] => Ok(Format::Bmp),
        ["gif"] => Ok(Format::Gif),
        ["webp"] => Ok(Format::WebP),
        [name @ ("tiff" | "heic" | "avif")] => {
            Err(Error::NotOffered(format!("image/format,{name}")))
        }
        _ => {
            let value = given.words.join(",");
            Err(Error::argument("format", &value, "0040-00000206"))
        }
    }
}
