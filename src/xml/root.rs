//! The root element's name of a document type: what serde calls the struct.

use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

/// A deserializer that only notes the name that the type asks for.
struct Probe<'a>(&'a mut Option<&'static str>);

/// Ends the probe; never seen outside.
#[derive(Debug, thiserror::Error)]
#[error("probed")]
struct Probed;

impl serde::de::Error for Probed {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Probed;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Probed> {
        *self.0 = Some(name);
        Err(Probed)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: V,
    ) -> Result<V::Value, Probed> {
        *self.0 = Some(name);
        Err(Probed)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Probed> {
        Err(Probed)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The name of the root element of `T`; none for types that are no document.
pub(super) fn name_of<T: DeserializeOwned>() -> Option<&'static str> {
    let mut name = None;
    // The probe always ends in an error, that is how it stops.
    let _ = T::deserialize(Probe(&mut name));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    #[serde(rename = "Outer")]
    #[allow(dead_code)]
    struct Struct {
        field: u8,
    }

    #[derive(serde::Deserialize)]
    #[serde(rename = "Text")]
    #[allow(dead_code)]
    struct Newtype(String);

    #[test]
    fn finds_the_serde_name() {
        assert_eq!(name_of::<Struct>(), Some("Outer"));
        assert_eq!(name_of::<Newtype>(), Some("Text"));
        assert_eq!(name_of::<String>(), None);
    }
}
