//! The grammar and the geometry as tables, the actions on small pictures, and whatever text and bytes may come.

use super::codec::{Format, Quality, jpeg_quality};
use super::geometry::{self, Rect, Size};
use super::plan::{Crop, IndexCrop, Mode, Place, Question, Resize, Step, Target};
use super::*;
use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::LoopCount;
use image::{
    AnimationDecoder, Delay, DynamicImage, Frame, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba,
    RgbaImage,
};
use proptest::prelude::*;
use std::io::Cursor;

/// A picture whose pixels all differ a little: red grows to the right, green downwards.
fn gradient(width: u32, height: u32) -> DynamicImage {
    let low = |value: u32| value.to_le_bytes()[0];
    RgbImage::from_fn(width, height, |x, y| Rgb([low(x), low(y), low(x ^ y)])).into()
}

fn bytes(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image
        .write_to(Cursor::new(&mut bytes), format)
        .expect("an encoder");
    bytes
}

fn png(width: u32, height: u32) -> Vec<u8> {
    bytes(&gradient(width, height), ImageFormat::Png)
}

fn run(text: &str, source: &[u8]) -> Result<Outcome> {
    Plan::parse(text)?.run(source)
}

/// The picture that comes of a text.
fn picture(text: &str, source: &[u8]) -> DynamicImage {
    let outcome = run(text, source).unwrap_or_else(|error| panic!("{text}: {error}"));
    image::load_from_memory(&outcome.bytes).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn size(image: &DynamicImage) -> Size {
    (image.width(), image.height())
}

fn refusal(text: &str, source: &[u8]) -> String {
    match run(text, source) {
        Err(Error::Argument { name, value, ec }) => format!("{name}={value} {ec}"),
        Err(Error::NotOffered(what)) => format!("not offered: {what}"),
        Err(Error::UnknownFormat) => "unknown format".to_owned(),
        Err(Error::Damaged(_)) => "damaged".to_owned(),
        Err(Error::Outside) => "outside".to_owned(),
        Err(Error::TooLarge { ec, .. }) => format!("too large {ec}"),
        Err(Error::Broken(text)) => panic!("broken: {text}"),
        Ok(_) => "done".to_owned(),
    }
}

fn boxed(mode: Mode, width: Option<u32>, height: Option<u32>) -> Resize {
    Resize {
        mode,
        target: Target::Box { width, height },
        enlarge: false,
        color: [255; 3],
    }
}

#[test]
fn texts_are_read() {
    let lfit = |w, h| Step::Resize(boxed(Mode::Lfit, w, h));
    let cases: Vec<(&str, Vec<Step>)> = vec![
        ("resize,w_200", vec![lfit(Some(200), None)]),
        ("resize,h_100,m_lfit,w_7", vec![lfit(Some(7), Some(100))]),
        ("resize,w_1,w_2", vec![lfit(Some(2), None)]),
        // Node's suite ends lists so; Python v1's gives `crop` a radius.
        ("resize,w_200,", vec![lfit(Some(200), None)]),
        (
            "crop,w_100,h_100,x_100,y_100,r_1",
            vec![Step::Crop(Crop {
                width: Some(100),
                height: Some(100),
                x: 100,
                y: 100,
                column: Place::Start,
                row: Place::Start,
            })],
        ),
        (
            "crop,g_south,w_0",
            vec![Step::Crop(Crop {
                width: None,
                height: None,
                x: 0,
                y: 0,
                column: Place::Middle,
                row: Place::End,
            })],
        ),
        (
            "resize,m_pad,w_9,h_8,limit_0,color_00fF7f/rotate,90",
            vec![
                Step::Resize(Resize {
                    enlarge: true,
                    color: [0, 255, 127],
                    ..boxed(Mode::Pad, Some(9), Some(8))
                }),
                Step::Rotate(90),
            ],
        ),
        (
            "indexcrop,x_5,y_7,i_2",
            vec![Step::IndexCrop(IndexCrop {
                vertical: true,
                length: 7,
                index: 2,
            })],
        ),
        (
            "blur,r_3,s_2/bright,-50/contrast,100/sharpen,399/circle,r_1/rounded-corners,r_4096",
            vec![
                Step::Blur {
                    radius: 3,
                    sigma: 2,
                },
                Step::Bright(-50),
                Step::Contrast(100),
                Step::Sharpen(399),
                Step::Circle(1),
                Step::RoundedCorners(4096),
            ],
        ),
        ("auto-orient,0/interlace,0", vec![]),
    ];
    for (text, steps) in cases {
        let plan = Plan::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(plan.steps, steps, "{text}");
    }
    let plan = Plan::parse("auto-orient,1/format,png/quality,q_80/format,webp/info").expect("all");
    assert!(plan.upright && plan.is_question());
    assert_eq!(plan.format, Some(Format::WebP));
    assert_eq!(plan.quality, Some(Quality::Relative(80)));
    assert_eq!(plan.question, Some(Question::Info));
    let plan = Plan::parse("quality,q_80,Q_70").expect("both");
    assert_eq!(plan.quality, Some(Quality::Absolute(70)));
}

/// (text, what is refused with which extended code)
const REFUSED: &[(&str, &str)] = &[
    ("", "image= 0040-00000212"),
    ("resize,w_9/", "image= 0040-00000212"),
    ("resize", "resize= 0040-00000322"),
    ("resize,m_lfit", "resize= 0040-00000322"),
    ("resize,w_100,m_abc", "m=abc 0040-00000311"),
    ("resize,w_0", "w=0 0040-00000312"),
    ("resize,w_16385", "w=16385 0040-00000312"),
    ("resize,w_-1", "w=-1 0040-00000312"),
    ("resize,w_+1", "w=+1 0040-00000312"),
    ("resize,w_", "w= 0040-00000312"),
    ("resize,w_1e3", "w=1e3 0040-00000312"),
    (
        "resize,w_99999999999999999999",
        "w=99999999999999999999 0040-00000312",
    ),
    ("resize,h_0", "h=0 0040-00000313"),
    ("resize,w_0,h_0", "w=0 0040-00000321"),
    ("resize,l_0", "l=0 0040-00000314"),
    ("resize,s_0", "s=0 0040-00000315"),
    ("resize,p_0", "p=0 0040-00000317"),
    ("resize,p_1001", "p=1001 0040-00000317"),
    (
        "resize,w_100,m_pad,color_AABBCCDD",
        "color=AABBCCDD 0040-00000318",
    ),
    ("resize,w_100,color_xyz", "color=xyz 0040-00000318"),
    ("resize,w_100,limit_3", "limit=3 0040-00000319"),
    ("crop,w_500,h_500,g_fac", "g=fac 0040-00000209"),
    ("crop,w_abc", "w=abc 0040-00000225"),
    ("crop,h_-1", "h=-1 0040-00000226"),
    ("crop,x_-1", "x=-1 0040-00000201"),
    ("indexcrop,y_abc,i_0", "y=abc 0040-00000224"),
    ("indexcrop,i_0", "x= 0040-00000201"),
    ("rotate,90,200,300", "rotate=90,200,300 0040-00000203"),
    ("rotate", "rotate= 0040-00000203"),
    ("rotate,abc", "rotate=abc 0040-00000217"),
    ("rotate,400", "rotate=400 0040-00000217"),
    ("rotate,361", "rotate=361 0040-00000217"),
    ("flip,2", "flip=2 0040-00000201"),
    ("auto-orient,2", "auto-orient=2 0040-00000201"),
    ("format", "format= 0040-00000207"),
    ("format,dng", "format=dng 0040-00000206"),
    ("format,jpg,png", "format=jpg,png 0040-00000206"),
    ("quality", "q= 0040-00000201"),
    ("quality,q_101", "q=101 0040-00000201"),
    ("quality,Q_0", "Q=0 0040-00000201"),
    ("blur,r_3", "s= 0040-00000242"),
    ("blur,r_3,s_200", "s=200 0040-00000242"),
    ("blur,r_51,s_1", "r=51 0040-00000201"),
    ("bright,101", "bright=101 0040-00000201"),
    ("contrast,-101", "contrast=-101 0040-00000201"),
    ("sharpen,49", "sharpen=49 0040-00000201"),
    ("circle", "r= 0040-00000201"),
    ("circle,r_4097", "r=4097 0040-00000201"),
    ("rounded-corners,r_abc", "r=abc 0040-00000237"),
    ("rounded-corners,r_5000", "r=5000 0040-00000237"),
    ("info/resize,w_1", "image=resize,w_1 0040-00000201"),
    ("format,avif", "not offered: image/format,avif"),
    ("interlace,1", "not offered: image/interlace"),
    ("watermark,text_SGVsbG8", "not offered: image/watermark"),
    ("slim,1", "not offered: image/slim"),
];

#[test]
fn bad_texts_are_refused() {
    let source = png(4, 4);
    for (text, expected) in REFUSED {
        assert_eq!(&refusal(text, &source), expected, "{text}");
    }
    let many = vec!["bright,1"; 17].join("/");
    assert_eq!(
        refusal(&many, &source),
        format!("image={many} 0040-00000201")
    );
    assert_eq!(refusal(&many["bright,1/".len()..], &source), "done");
}

/// (source, text, size). The first ones are the examples of the documentation.
const SIZES: &[(Size, &str, Size)] = &[
    ((200, 100), "resize,m_lfit,w_150,h_80", (150, 75)),
    ((200, 100), "resize,m_mfit,w_150,h_80", (160, 80)),
    ((200, 100), "resize,m_fill,w_150,h_80", (150, 80)),
    ((200, 100), "resize,m_pad,w_150,h_80", (150, 80)),
    ((200, 100), "resize,m_fixed,w_150,h_80", (150, 80)),
    ((400, 267), "resize,w_100", (100, 67)),
    ((400, 267), "resize,h_100", (150, 100)),
    ((267, 400), "resize,m_mfit,w_100", (100, 150)),
    ((1000, 3), "resize,m_mfit,w_100", (100, 1)),
    ((200, 100), "resize,m_fill,w_50", (50, 50)),
    ((200, 100), "resize,m_pad,h_50", (50, 50)),
    ((200, 100), "resize,m_fixed,w_50", (50, 50)),
    ((200, 100), "resize,l_50", (50, 25)),
    ((100, 200), "resize,l_50", (25, 50)),
    ((200, 100), "resize,s_50", (100, 50)),
    ((100, 200), "resize,m_fixed,l_50,s_10", (10, 50)),
    ((200, 100), "resize,w_50,l_10", (50, 25)),
    ((200, 100), "resize,p_50", (100, 50)),
    ((200, 100), "resize,p_150", (300, 150)),
    ((3, 3), "resize,p_50", (2, 2)),
    // limit_1 is the default: nothing grows.
    ((200, 100), "resize,w_201", (200, 100)),
    ((200, 100), "resize,w_201,limit_0", (201, 101)),
    ((200, 100), "resize,m_fixed,w_50,h_200", (200, 100)),
    ((200, 100), "resize,m_fixed,w_50,h_200,limit_0", (50, 200)),
    ((200, 100), "resize,m_fill,w_150,h_120", (200, 100)),
    ((200, 100), "resize,m_fill,w_150,h_120,limit_0", (150, 120)),
    ((200, 100), "resize,m_pad,w_150,h_120", (150, 120)),
    ((200, 100), "resize,m_pad,w_300,h_300", (200, 100)),
    ((200, 100), "crop,w_50,h_40", (50, 40)),
    ((200, 100), "crop,x_150", (50, 100)),
    ((200, 100), "crop,w_90,h_90,x_10,y_20,g_se", (80, 70)),
    ((200, 100), "crop,w_999,h_999,g_center", (200, 100)),
    ((200, 100), "indexcrop,x_60", (60, 100)),
    ((200, 100), "indexcrop,x_60,i_3", (20, 100)),
    ((200, 100), "indexcrop,x_60,i_4", (200, 100)),
    ((200, 100), "indexcrop,y_60,x_1,i_1", (200, 40)),
    (
        (200, 100),
        "indexcrop,x_4294967295,i_4294967295",
        (200, 100),
    ),
    ((200, 100), "rotate,90", (100, 200)),
    ((200, 100), "rotate,180", (200, 100)),
    ((200, 100), "rotate,270", (100, 200)),
    ((200, 100), "rotate,360", (200, 100)),
    ((100, 100), "rotate,45", (142, 142)),
    ((200, 100), "circle,r_10", (21, 21)),
    ((200, 101), "circle,r_100", (101, 101)),
    ((200, 100), "circle,r_100", (99, 99)),
    ((200, 100), "rounded-corners,r_30", (200, 100)),
    ((1, 1), "rounded-corners,r_30/circle,r_3/rotate,1", (2, 2)),
    (
        (200, 100),
        "resize,w_100/crop,w_10,h_10/rotate,90",
        (10, 10),
    ),
    ((200, 100), "rotate,90/resize,w_50", (50, 100)),
    (
        (40, 30),
        "blur,r_50,s_50/bright,9/contrast,9/sharpen,99/flip,0",
        (40, 30),
    ),
];

#[test]
fn sizes_are_as_documented() {
    for (source, text, expected) in SIZES {
        let source = png(source.0, source.1);
        assert_eq!(size(&picture(text, &source)), *expected, "{text}");
    }
}

/// (origin, offset, what is cut out of 200 x 100 by 50 x 40)
const ORIGINS: &[(&str, Size, Size)] = &[
    ("nw", (0, 0), (0, 0)),
    ("north", (0, 0), (75, 0)),
    ("ne", (0, 0), (150, 0)),
    ("west", (0, 0), (0, 30)),
    ("center", (0, 0), (75, 30)),
    ("east", (0, 0), (150, 30)),
    ("sw", (0, 0), (0, 60)),
    ("south", (0, 0), (75, 60)),
    ("se", (0, 0), (150, 60)),
    ("nw", (7, 8), (7, 8)),
    ("center", (1, 2), (76, 32)),
];

#[test]
fn crops_start_where_they_should() {
    let source = png(200, 100);
    for (origin, (x, y), start) in ORIGINS {
        let text = format!("crop,w_50,h_40,g_{origin},x_{x},y_{y}");
        let pixel = picture(&text, &source).into_rgb8().get_pixel(0, 0).0;
        assert_eq!((pixel[0].into(), pixel[1].into()), *start, "{text}");
    }
    for text in ["crop,x_200", "crop,y_100", "crop,g_se,x_200,w_100"] {
        assert_eq!(refusal(text, &source), "outside", "{text}");
    }
}

#[test]
fn a_circle_has_its_square_in_the_middle() {
    let (radius, square) = geometry::circle((200, 100), 20);
    let middle = Rect {
        x: 79,
        y: 29,
        width: 41,
        height: 41,
    };
    assert_eq!((radius, square), (20, middle));
}

#[test]
fn directions_are_right() {
    let source = png(200, 100);
    let corner = |text: &str| picture(text, &source).into_rgb8().get_pixel(0, 0).0;
    // Red grows to the right, green downwards.
    assert_eq!(corner("rotate,90")[..2], [0, 99], "clockwise");
    assert_eq!(corner("rotate,270")[..2], [199, 0]);
    assert_eq!(corner("rotate,180")[..2], [199, 99]);
    assert_eq!(corner("flip,0")[..2], [0, 99]);
    assert_eq!(corner("flip,1")[..2], [199, 0]);
    assert_eq!(corner("flip,-1")[..2], [199, 99]);
    // A turn by a little less than a quarter goes the same way.
    let turned = picture("rotate,89", &source).into_rgb8();
    let pixel = turned.get_pixel(4, 4).0;
    assert!(pixel[0] < 10 && pixel[1] > 90, "{pixel:?}");
}

#[test]
fn what_is_outside_is_clear_or_white() {
    let red: DynamicImage = RgbImage::from_pixel(60, 60, Rgb([255, 0, 0])).into();
    let source = bytes(&red, ImageFormat::Png);
    for text in ["circle,r_20", "rounded-corners,r_20", "rotate,45"] {
        let clear = picture(text, &source).into_rgba8();
        assert_eq!(clear.get_pixel(0, 0).0[3], 0, "{text}");
        let middle = clear.get_pixel(clear.width() / 2, clear.height() / 2);
        assert_eq!(middle.0, [255, 0, 0, 255], "{text}");
        let white = picture(&format!("{text}/format,jpg"), &source).into_rgb8();
        let corner = white.get_pixel(0, 0).0;
        assert!(corner.iter().all(|channel| *channel > 240), "{text}");
    }
    let padded = picture("resize,m_pad,w_50,h_20,color_0000FF", &source).into_rgba8();
    assert_eq!(padded.get_pixel(0, 0).0, [0, 0, 255, 255]);
    assert_eq!(padded.get_pixel(25, 10).0, [255, 0, 0, 255]);
    assert_eq!(padded.get_pixel(49, 19).0, [0, 0, 255, 255]);
}

#[test]
fn effects_do_something() {
    let gray: DynamicImage = RgbImage::from_fn(20, 20, |x, _| {
        let level = if x < 10 { 100 } else { 150 };
        Rgb([level; 3])
    })
    .into();
    let source = bytes(&gray, ImageFormat::Png);
    let row = |text: &str| {
        let image = picture(text, &source).into_rgb8();
        [2, 9, 10, 17].map(|x| image.get_pixel(x, 9).0[0])
    };
    assert_eq!(row("bright,20"), [120, 120, 170, 170]);
    assert_eq!(row("bright,-100"), [0, 0, 50, 50]);
    assert_eq!(row("contrast,0"), [100, 100, 150, 150]);
    let [left, .., right] = row("contrast,50");
    assert!(left < 100 && right > 150, "{left} {right}");
    let [_, left, right, _] = row("sharpen,100");
    assert!(left < 100 && right > 150, "{left} {right}");
    let [_, left, right, _] = row("blur,r_5,s_2");
    assert!(
        (101..=125).contains(&left) && (125..150).contains(&right),
        "{left} {right}"
    );
}

#[test]
fn formats_go_in_and_out() {
    let image = gradient(30, 20);
    let formats = [
        (ImageFormat::Jpeg, "jpg", "image/jpeg"),
        (ImageFormat::Png, "png", "image/png"),
        (ImageFormat::Bmp, "bmp", "image/bmp"),
        (ImageFormat::Gif, "gif", "image/gif"),
        (ImageFormat::WebP, "webp", "image/webp"),
    ];
    for (from, from_name, from_type) in formats {
        let source = bytes(&image, from);
        let info = run("info", &source).expect("info");
        let expected = format!(
            r#"{{"FileSize":{{"value":"{}"}},"Format":{{"value":"{from_name}"}},"ImageHeight":{{"value":"20"}},"ImageWidth":{{"value":"30"}}}}"#,
            source.len()
        );
        assert_eq!(info.bytes, expected.into_bytes());
        assert_eq!(info.content_type, "application/json");
        let kept = run("resize,w_15", &source).expect("a resize");
        assert_eq!(kept.content_type, from_type);
        for (to, to_name, to_type) in formats {
            let outcome = run(&format!("format,{to_name}"), &source).expect("a format");
            // Only a GIF is saved as one.
            let (to, to_type) = if to == ImageFormat::Gif {
                (from, from_type)
            } else {
                (to, to_type)
            };
            assert_eq!(outcome.content_type, to_type, "{from_name} to {to_name}");
            assert_eq!(image::guess_format(&outcome.bytes).ok(), Some(to));
        }
    }
    let text = run(
        "resize,w_15/format,png/info",
        &bytes(&image, ImageFormat::Jpeg),
    );
    let text = String::from_utf8(text.expect("info of a result").bytes).expect("text");
    assert!(text.contains(r#""ImageWidth":{"value":"15"}"#), "{text}");
    assert!(text.contains(r#""Format":{"value":"png"}"#), "{text}");
}

#[test]
fn deep_and_gray_pictures_are_taken() {
    let image = gradient(20, 10);
    let kinds: [DynamicImage; 5] = [
        image.to_luma8().into(),
        image.to_luma16().into(),
        image.to_luma_alpha8().into(),
        image.to_rgb16().into(),
        image.to_rgba16().into(),
    ];
    let text =
        "resize,m_pad,w_10,h_9/blur,r_2,s_2/sharpen,100/bright,1/contrast,1/rotate,10/circle,r_3";
    for kind in kinds {
        let source = bytes(&kind, ImageFormat::Png);
        for format in ["", "/format,jpg", "/format,bmp", "/format,webp"] {
            assert_eq!(size(&picture(&format!("{text}{format}"), &source)), (7, 7));
        }
        assert_eq!(size(&picture("resize,w_10/sharpen,50", &source)), (10, 5));
    }
}

#[test]
fn the_average_is_a_color() {
    let image: DynamicImage = RgbImage::from_fn(2, 1, |x, _| {
        Rgb(if x == 0 { [0, 10, 255] } else { [255, 20, 255] })
    })
    .into();
    let outcome = run("average-hue", &bytes(&image, ImageFormat::Png)).expect("a color");
    assert_eq!(outcome.bytes, br#"{"RGB":"0x7f0fff"}"#);
}

#[test]
fn quality_is_read_and_kept() {
    let image = gradient(64, 64);
    let jpeg = |quality| {
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        image.write_with_encoder(encoder).expect("an encoder");
        bytes
    };
    for quality in [10, 30, 50, 75, 80, 90, 95] {
        let read = jpeg_quality(&jpeg(quality)).expect("a table");
        assert!(read.abs_diff(quality) <= 1, "{quality} is read as {read}");
    }
    let source = jpeg(80);
    let comes = |text: &str| jpeg_quality(&run(text, &source).expect(text).bytes).expect("a table");
    for (text, expected) in [
        ("flip,0", 80),
        ("quality,q_90", 72),
        ("quality,Q_50", 50),
        ("quality,Q_95", 80),
        ("quality,q_100", 80),
    ] {
        assert!(
            comes(text).abs_diff(expected) <= 2,
            "{text}: {}",
            comes(text)
        );
    }
    let png = bytes(&image, ImageFormat::Png);
    let outcome = run("format,jpg/quality,Q_40", &png).expect("a JPEG");
    let read = jpeg_quality(&outcome.bytes).expect("a table");
    assert!(read.abs_diff(40) <= 1, "{read}");
    for damaged in [
        &b""[..],
        b"\xFF\xD8",
        b"\xFF\xD8\xFF\xDB\0\0",
        b"\xFF\xD8\xFF\xDB\0\x43\0",
    ] {
        assert_eq!(jpeg_quality(damaged), None);
    }
}

#[test]
fn a_turned_camera_is_turned_back() {
    let image = gradient(64, 32);
    let mut source = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut source, 95);
    // EXIF in little-endian TIFF: one entry, orientation 6, which is a quarter clockwise.
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    encoder.set_exif_metadata(exif.to_vec()).expect("EXIF");
    image.write_with_encoder(encoder).expect("an encoder");
    assert_eq!(size(&picture("auto-orient,1", &source)), (32, 64));
    assert_eq!(size(&picture("auto-orient,0", &source)), (64, 32));
    // First upright, then narrow.
    assert_eq!(
        size(&picture("resize,w_16/auto-orient,1", &source)),
        (16, 32)
    );
    let corner = picture("auto-orient,1/format,png", &source).into_rgb8();
    assert!(corner.get_pixel(0, 0).0[1] > 20, "the lower left came up");
}

/// A GIF of frames of one color each, and a loop of three.
fn moving(colors: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.set_repeat(Repeat::Finite(3)).expect("a loop");
    for color in colors {
        let image = RgbaImage::from_pixel(40, 30, Rgba([*color, 0, 0, 255]));
        let delay = Delay::from_numer_denom_ms(u32::from(*color) * 10, 1);
        let frame = Frame::from_parts(image, 0, 0, delay);
        encoder.encode_frame(frame).expect("a frame");
    }
    drop(encoder);
    bytes
}

#[test]
fn gifs_stay_animated_through_resize_and_crop() {
    let source = moving(&[10, 20, 30]);
    let decoder = GifDecoder::new(Cursor::new(source.clone())).expect("a GIF");
    let expected_loops = plays(&decoder);
    assert!(expected_loops.is_some());
    let frames = |text: &str| {
        let outcome = run(text, &source).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(outcome.content_type, "image/gif", "{text}");
        let decoder = GifDecoder::new(Cursor::new(outcome.bytes)).expect("a GIF");
        let loops = plays(&decoder);
        let frames = decoder.into_frames().collect_frames().expect("frames");
        (frames, loops)
    };
    for (text, expected) in [
        ("resize,w_20", (20, 15)),
        ("crop,w_7/resize,m_pad,w_5,h_6", (5, 6)),
        ("resize,w_80,limit_0", (40, 30)),
    ] {
        let (frames, loops) = frames(text);
        let shown: Vec<(Size, u8, u32)> = frames
            .iter()
            .map(|frame| {
                let image = frame.buffer();
                let red = image.get_pixel(image.width() / 2, image.height() / 2).0[0];
                (image.dimensions(), red, frame.delay().numer_denom_ms().0)
            })
            .collect();
        let all = [10, 20, 30].map(|color: u8| (expected, color, u32::from(color) * 10));
        assert_eq!(shown, all, "{text}");
        assert_eq!(loops, expected_loops, "{text}");
    }
    for text in ["resize,p_50", "rotate,90", "resize,w_20/flip,0", "bright,0"] {
        assert_eq!(frames(text).0.len(), 1, "{text}");
    }
    for end in 0..source.len() {
        let _ = run("resize,w_20", &source[..end]);
    }
}

/// How often a GIF plays; none for ever.
fn plays(decoder: &GifDecoder<Cursor<Vec<u8>>>) -> Option<u32> {
    match decoder.loop_count() {
        LoopCount::Infinite => None,
        LoopCount::Finite(times) => Some(times.get()),
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    for (source, expected) in [
        (&b""[..], "unknown format"),
        (b"hello", "unknown format"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xFF\xD8\xFF", "damaged"),
        (b"GIF89a", "damaged"),
        (b"BM", "damaged"),
        (b"RIFF\x04\0\0\0WEBP", "damaged"),
        (b"II*\0aaaa", "not offered: a TIFF source"),
        (b"\0\0\0\x18ftypheic", "not offered: a HEIC or AVIF source"),
        (b"\0\0\0\x18ftypavif", "not offered: a HEIC or AVIF source"),
    ] {
        for text in ["info", "resize,w_9", "average-hue"] {
            assert_eq!(refusal(text, source), expected, "{source:?} {text}");
        }
    }
}

/// A PNG whose header claims a size that its data does not have.
fn claimed(width: u32, height: u32) -> Vec<u8> {
    let mut source = png(1, 1);
    source[16..20].copy_from_slice(&width.to_be_bytes());
    source[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&source[12..29]);
    source[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    source
}

#[test]
fn huge_claims_are_refused_before_memory_is_taken() {
    for (width, height, info, resize) in [
        (
            u32::MAX >> 1,
            1,
            "too large 0040-00000012",
            "too large 0040-00000012",
        ),
        (
            30_001,
            1,
            "too large 0040-00000012",
            "too large 0040-00000012",
        ),
        (
            30_000,
            30_000,
            "too large 0040-00000012",
            "too large 0040-00000012",
        ),
        (20_000, 10_000, "done", "too large 0040-00000012"),
        (8000, 5001, "done", "too large 0040-00000012"),
        (8000, 5000, "done", "damaged"),
        (0, 1, "damaged", "damaged"),
    ] {
        let source = claimed(width, height);
        assert_eq!(refusal("info", &source), info, "{width} x {height}");
        assert_eq!(refusal("resize,w_9", &source), resize, "{width} x {height}");
    }
    // And results that would be too large are not begun.
    let wide = png(1000, 10);
    for text in [
        "resize,w_16384,h_16384,m_fixed,limit_0",
        "resize,w_4097,h_4097,m_pad,limit_0",
        "resize,m_fill,w_16384,h_1000,limit_0",
        "resize,h_200,limit_0",
        "resize,p_1000/resize,p_1000",
    ] {
        assert_eq!(refusal(text, &wide), "too large 0040-00000007", "{text}");
    }
    let long = png(4097, 1);
    assert_eq!(refusal("rotate,90", &long), "too large 0040-00000007");
}

#[test]
fn large_results_do_without_the_scaler() {
    // 9000 columns and 1000 rows of floats are more than the scaler may keep.
    let source = bytes(
        &RgbaImage::from_pixel(9000, 1001, Rgba([9, 8, 7, 255])).into(),
        ImageFormat::Png,
    );
    for text in [
        "resize,m_fixed,w_100,h_1000",
        "resize,m_fixed,w_9001,h_1002,limit_0",
    ] {
        let image = picture(text, &source).into_rgba8();
        assert!(
            image.pixels().all(|pixel| pixel.0 == [9, 8, 7, 255]),
            "{text}"
        );
    }
}

#[test]
fn every_cut_of_a_file_is_survived() {
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Gif,
        ImageFormat::Bmp,
        ImageFormat::WebP,
    ] {
        let source = bytes(&gradient(16, 16), format);
        for end in 0..source.len() {
            // A decoder may make do with what is there; it must come back.
            let _ = run("auto-orient,1/resize,w_4", &source[..end]);
            let _ = run("info", &source[..end]);
        }
    }
}

/// Action texts that are mostly almost right.
fn actions() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec![
        "resize",
        "crop",
        "indexcrop",
        "rotate",
        "flip",
        "blur",
        "bright",
        "contrast",
        "sharpen",
        "circle",
        "rounded-corners",
        "auto-orient",
        "quality",
        "format",
        "info",
        "average-hue",
        "interlace",
        "watermark",
        "",
    ]);
    let keys = prop::sample::select(vec![
        "w_", "h_", "l_", "s_", "p_", "m_", "x_", "y_", "i_", "g_", "r_", "q_", "Q_", "limit_",
        "color_", "",
    ]);
    let numbers = prop_oneof![
        (0_i64..20).prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        prop::sample::select(vec![
            "lfit", "mfit", "fill", "pad", "fixed", "center", "se", "png", "jpg", "webp", "bmp",
            "1000", "16384", "00FF00", "é",
        ])
        .prop_map(str::to_owned),
    ];
    let words = prop::collection::vec((keys, numbers), 0..5);
    let action = (names, words).prop_map(|(name, words)| {
        let words = words.iter().map(|(key, value)| format!(",{key}{value}"));
        format!("{name}{}", words.collect::<String>())
    });
    prop::collection::vec(action, 1..4).prop_map(|actions| actions.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 8 } else { 400 }))]

    #[test]
    fn any_actions_end_within_bounds(text in actions(), width in 1_u32..40, height in 1_u32..40) {
        let source = png(width, height);
        let Ok(plan) = Plan::parse(&text) else { return Ok(()) };
        let Ok(outcome) = plan.run(&source) else { return Ok(()) };
        if plan.is_question() {
            prop_assert_eq!(outcome.content_type, "application/json");
        } else {
            let image = image::load_from_memory(&outcome.bytes).expect("an image");
            prop_assert!(image.width().max(image.height()) <= RESULT_SIDE_MAX);
            let pixels = u64::from(image.width()) * u64::from(image.height());
            prop_assert!(pixels <= RESULT_PIXELS_MAX * 2);
        }
    }

    #[test]
    fn any_text_is_answered(text in ".{0,80}") {
        let _ = Plan::parse(&text);
    }

    #[test]
    fn any_damage_is_survived(at in 0_usize..4096, value: u8, kind in 0_usize..5) {
        let formats = [
            ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::WebP,
        ];
        let mut source = bytes(&gradient(16, 16), formats[kind]);
        let at = at % source.len();
        source[at] = value;
        let _ = run("auto-orient,1/resize,w_4/format,jpg", &source);
    }
}
