//! Request and response documents: serde structs that mirror the protocol, one reader and one writer.
//!
//! Knows XML only: no codes, no HTTP, no store. A document's root element is its serde name, so a struct says it
//! once for both directions. Element order is field order, and part of the golden tests beside each document.

pub mod bucket;
pub mod config;
pub mod encoding;
pub mod inventory;
pub mod lifecycle;
pub mod list;
pub mod live;
pub mod multipart;
pub mod object;
pub mod qos;
mod read;
pub mod replication;
mod root;
pub mod service;
pub mod stored;
mod value;
pub mod website;

pub use read::from_xml;

use serde::Serialize;
use std::fmt::Write;

/// Deepest nesting of elements that a request may have; the deepest documented document has 8 levels.
pub const DEPTH_MAX: usize = 32;

/// Why a document cannot be read or written. The edge answers `MalformedXML`; this text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// The bytes are not UTF-8.
    #[error("the document is not utf-8")]
    Encoding,
    /// Not well-formed XML.
    #[error("the document is not well-formed: {0}")]
    Syntax(String),
    /// A document type or processing instruction; entity declarations come only inside the former.
    #[error("document types and processing instructions are refused")]
    Declaration,
    /// An entity other than the five predefined ones, or a reference to no character.
    #[error("the reference is not allowed: {0}")]
    Reference(String),
    /// Elements nested deeper than [`DEPTH_MAX`].
    #[error("elements are nested too deeply")]
    Depth,
    /// An attribute that is no namespace declaration.
    #[error("attributes are refused: {0}")]
    Attribute(String),
    /// Another root element than the operation's.
    #[error("the root element is {found}, expected {expected}")]
    Root {
        /// The name in the document.
        found: String,
        /// The name that the operation reads.
        expected: &'static str,
    },
    /// An unknown, missing, repeated or ill-typed element.
    #[error("the document does not fit: {0}")]
    Shape(String),
}

/// The first line of every document that we send.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Writes a document with its declaration and without a namespace (clients.md §2 gate 2).
pub fn to_xml<T: Serialize>(document: &T) -> Result<Vec<u8>, XmlError> {
    let mut text = String::from(DECLARATION);
    let written =
        quick_xml::se::to_string(document).map_err(|error| XmlError::Shape(error.to_string()))?;
    text.reserve(written.len());
    // Keys may hold any control character. Raw ones are refused or normalised away by parsers; as references
    // they survive, and nothing but text can hold one, since the writer does not indent.
    for c in written.chars() {
        if c.is_ascii_control() {
            write!(text, "&#x{:X};", u32::from(c))
                .map_err(|error| XmlError::Shape(error.to_string()))?;
        } else {
            text.push(c);
        }
    }
    Ok(text.into_bytes())
}

/// Both golden directions of one document: `text` may be indented, the lines are joined without their margins.
#[cfg(test)]
pub(crate) fn golden<T>(value: &T, text: &str)
where
    T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let flat: String = text.lines().map(str::trim).collect();
    let written = String::from_utf8(to_xml(value).expect("writes")).expect("utf-8");
    assert_eq!(written, format!("{DECLARATION}{flat}"));
    assert_eq!(&from_xml::<T>(text.as_bytes()).expect("reads"), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    #[serde(rename = "Text")]
    struct Text(String);

    #[test]
    fn control_characters_leave_as_references() {
        let text = Text(" a\n\r\t\u{1}\u{7f}<>&'\"中 ".into());
        let written = String::from_utf8(to_xml(&text).unwrap()).unwrap();
        assert_eq!(
            written,
            format!("{DECLARATION}<Text> a&#xA;&#13;&#x9;&#x1;&#x7F;&lt;&gt;&amp;'\"中 </Text>")
        );
    }
}
