//! The one reader of request documents.
//!
//! Two passes: the first walks the events, refuses what the protocol has no use for, and copies the rest without
//! namespaces; the second is serde. The first exists because serde sees neither the root's name nor a document
//! type, and takes a namespace declaration for an unknown field. Values are never trimmed: keys may end in spaces.

use super::{DEPTH_MAX, XmlError, root};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde::de::DeserializeOwned;

/// Reads a document whose root element is the serde name of `T`.
///
/// Refused: document types, processing instructions, entities beyond the five predefined ones, attributes other
/// than namespace declarations, nesting beyond [`DEPTH_MAX`], a second root, and (by `deny_unknown_fields` of the
/// documents) unknown elements, and NUL. Other raw control characters and references to them are taken: SDKs send both.
pub fn from_xml<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, XmlError> {
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // The one control character that no writer could send back: XML has no way to refer to it.
    if text.contains('\0') {
        return Err(XmlError::Syntax("a NUL character".into()));
    }
    let plain = plain(text, root::name_of::<T>())?;
    let mut reader = quick_xml::de::Deserializer::from_str(&plain);
    reader.recursion_limit(DEPTH_MAX);
    T::deserialize(&mut reader).map_err(|error| XmlError::Shape(error.to_string()))
}

fn syntax(error: impl std::fmt::Display) -> XmlError {
    XmlError::Syntax(error.to_string())
}

/// The document again, checked and without declaration, comments, namespaces and prefixes.
fn plain(text: &str, expected: Option<&'static str>) -> Result<String, XmlError> {
    let mut reader = Reader::from_str(text);
    let mut out = String::with_capacity(text.len());
    let mut depth = 0usize;
    let mut roots = 0usize;
    loop {
        let event = reader.read_event().map_err(syntax)?;
        if depth == 0 && matches!(event, Event::Start(_) | Event::Empty(_)) {
            roots += 1;
            if roots > 1 {
                return Err(XmlError::Syntax("more than one root element".into()));
            }
        }
        match event {
            Event::Start(tag) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(XmlError::Depth);
                }
                let name = name(&tag)?;
                check_root(depth, &name, expected)?;
                out.extend(["<", &name, ">"]);
            }
            Event::Empty(tag) => {
                let name = name(&tag)?;
                check_root(depth + 1, &name, expected)?;
                out.extend(["<", &name, "/>"]);
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                out.extend(["</", tag.local_name().as_ref(), ">"]);
            }
            Event::Text(part) => {
                if depth > 0 {
                    out.push_str(&part);
                } else if !part.trim().is_empty() {
                    return Err(XmlError::Syntax("text outside the root element".into()));
                }
            }
            Event::CData(part) => {
                if depth == 0 {
                    return Err(XmlError::Syntax("text outside the root element".into()));
                }
                out.extend(["<![CDATA[", &part, "]]>"]);
            }
            Event::GeneralRef(reference) => {
                if depth == 0 {
                    return Err(XmlError::Syntax("text outside the root element".into()));
                }
                out.extend(["&", checked_reference(&reference)?, ";"]);
            }
            Event::DocType(_) | Event::PI(_) => return Err(XmlError::Declaration),
            Event::Decl(_) if roots > 0 || depth > 0 => return Err(XmlError::Declaration),
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Eof if depth > 0 => {
                return Err(XmlError::Syntax("the document ends early".into()));
            }
            Event::Eof if roots == 0 => return Err(XmlError::Syntax("no root element".into())),
            Event::Eof => return Ok(out),
        }
    }
}

/// The element's name without its prefix, after a look at its attributes.
fn name(tag: &BytesStart<'_>) -> Result<String, XmlError> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(syntax)?;
        if attribute.key.as_namespace_binding().is_none() {
            return Err(XmlError::Attribute(attribute.key.as_ref().to_owned()));
        }
    }
    Ok(tag.local_name().as_ref().to_owned())
}

fn check_root(depth: usize, name: &str, expected: Option<&'static str>) -> Result<(), XmlError> {
    match expected {
        Some(expected) if depth == 1 && name != expected => Err(XmlError::Root {
            found: name.to_owned(),
            expected,
        }),
        _ => Ok(()),
    }
}

/// The text between `&` and `;`, when it names a character.
fn checked_reference<'a>(reference: &'a BytesRef<'_>) -> Result<&'a str, XmlError> {
    let text: &str = reference;
    let refuse = || XmlError::Reference(text.to_owned());
    if reference.is_char_ref() {
        reference.resolve_char_ref().map_err(|_| refuse())?;
        return Ok(text);
    }
    match text {
        "amp" | "lt" | "gt" | "quot" | "apos" => Ok(text),
        _ => Err(refuse()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(rename = "Delete", rename_all = "PascalCase", deny_unknown_fields)]
    struct Delete {
        #[serde(default)]
        quiet: Option<bool>,
        #[serde(default)]
        key: Vec<String>,
    }

    fn keys(text: &str) -> Vec<String> {
        from_xml::<Delete>(text.as_bytes()).expect(text).key
    }

    #[test]
    fn values_arrive_untouched() {
        let cases = [
            ("<Key>a b </Key>", "a b "),
            ("<Key> a</Key>", " a"),
            ("<Key>\n</Key>", "\n"),
            ("<Key/>", ""),
            ("<Key>a\u{1}\u{c}\u{7}</Key>", "a\u{1}\u{c}\u{7}"),
            (
                "<Key>&#01;&#31;&#x1f;&#13;&#10;</Key>",
                "\u{1}\u{1f}\u{1f}\r\n",
            ),
            ("<Key>&amp;&lt;&gt;&quot;&#39;&apos;</Key>", "&<>\"''"),
            ("<Key><![CDATA[<a>]]></Key>", "<a>"),
            ("<Key>a<!-- no -->b</Key>", "ab"),
        ];
        for (element, expected) in cases {
            assert_eq!(
                keys(&format!("<Delete>{element}</Delete>")),
                [expected],
                "{element}"
            );
        }
    }

    #[test]
    fn tolerates_what_clients_send() {
        let bodies = [
            "<Delete><Key>a</Key></Delete>",
            "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Delete>\n  <Key>a</Key>\n</Delete>\n",
            "<Delete xmlns=\"http://doc.oss-cn-hangzhou.aliyuncs.com\"><Key>a</Key></Delete>",
            "<o:Delete xmlns:o=\"x\"><o:Key>a</o:Key></o:Delete>",
        ];
        for body in bodies {
            assert_eq!(keys(body), ["a"], "{body}");
        }
        let apart = "<Delete><Key>a</Key><Quiet>true</Quiet><Key>b</Key></Delete>";
        assert_eq!(keys(apart), ["a", "b"]);
    }

    /// Items of two lists taking turns: reading must stay linear.
    #[test]
    fn lists_that_take_turns_stay_cheap() {
        #[derive(serde::Deserialize)]
        #[serde(rename = "Turns", deny_unknown_fields)]
        struct Turns {
            #[serde(default)]
            a: Vec<String>,
            #[serde(default)]
            b: Vec<String>,
        }
        let read = |pairs: usize| {
            let text = format!("<Turns>{}</Turns>", "<a>1</a><b>2</b>".repeat(pairs));
            let started = std::time::Instant::now();
            let turns: Turns = from_xml(text.as_bytes()).unwrap();
            assert_eq!((turns.a.len(), turns.b.len()), (pairs, pairs));
            started.elapsed()
        };
        // Ten times the items take about ten times as long; quadratic reading would take a hundred times, at every try.
        // Other work on the machine only ever adds, hence the tries.
        let best = |pairs| (0..3).map(|_| read(pairs)).min().unwrap();
        let linear = (0..10).any(|_| best(20_000) < best(2_000) * 40);
        assert!(linear, "reading two lists that take turns is not linear");
    }

    #[test]
    fn refuses_the_rest() {
        let deep = format!("<Delete>{}{}</Delete>", "<a>".repeat(40), "</a>".repeat(40));
        let bodies = [
            "",
            "   ",
            "text",
            "<Other><Key>a</Key></Other>",
            "<delete><Key>a</Key></delete>",
            "<Delete><key>a</key></Delete>",
            "<Delete><Unknown/></Delete>",
            "<Delete>junk<Key>a</Key></Delete>",
            "<Delete><Key>a</Key>",
            "<Delete></Bad></Delete>",
            "<Delete/><Delete/>",
            "<Delete/>x",
            "<Delete><Quiet>maybe</Quiet></Delete>",
            "<Delete><Quiet>true</Quiet><Quiet>true</Quiet></Delete>",
            "<Delete><Key a=\"1\">a</Key></Delete>",
            "<Delete><Key>&lol;</Key></Delete>",
            "<Delete><Key>&#0;</Key></Delete>",
            "<Delete><Key>a\0</Key></Delete>",
            "<Delete><Key>&#xD800;</Key></Delete>",
            "<Delete><Key>& </Key></Delete>",
            "<Delete><?php echo ?></Delete>",
            "<!DOCTYPE Delete><Delete/>",
            "<!DOCTYPE d [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><Delete><Key>&b;</Key></Delete>",
            "<This is a bad xml></bad as I am>",
            deep.as_str(),
        ];
        for body in bodies {
            assert!(from_xml::<Delete>(body.as_bytes()).is_err(), "{body}");
        }
        assert!(matches!(
            from_xml::<Delete>(b"<Delete>\xff</Delete>"),
            Err(XmlError::Encoding)
        ));
        assert!(matches!(
            from_xml::<Delete>(deep.as_bytes()),
            Err(XmlError::Depth)
        ));
    }
}
