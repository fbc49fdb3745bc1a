//! Shared helpers to serialize types with serde.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

/// Implements serde's traits through the `Display` and `FromStr` of a type.
macro_rules! as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$type, D::Error> {
                crate::serialize::from_text(deserializer)
            }
        }
    };
}

pub(crate) use as_text;

/// Deserializes a type through its `FromStr`, for [`as_text`].
pub(crate) fn from_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    struct Text<T>(PhantomData<T>);
    impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text(PhantomData))
}

/// Serializes bytes natively if the format supports them, and otherwise as a list of numbers. For
/// `#[serde(with = …)]`.
pub(crate) mod bytes {
    use super::{Deserialize, Deserializer, Error, SeqAccess, Serializer, Visitor, fmt};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Box<[u8]>, D::Error> {
        deserializer
            .deserialize_byte_buf(Bytes)
            .map(|bytes| bytes.0)
    }

    struct Bytes;

    /// The result of the visitor.
    struct Owned(Box<[u8]>);

    impl<'de> Visitor<'de> for Bytes {
        type Value = Owned;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Owned, E> {
            Ok(Owned(bytes.into()))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Owned, A::Error> {
            // Allocates no more than the input contains, whatever length it claims.
            let bytes = Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(seq))?;
            Ok(Owned(bytes.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{BytesDeserializer, Error, StrDeserializer};

    use super::bytes;

    /// Binary formats lend their bytes; others must have a list.
    #[test]
    fn bytes_may_be_lent() {
        let found = bytes::deserialize(BytesDeserializer::<Error>::new(b"abc")).unwrap();
        assert_eq!(*found, *b"abc");
        let error = bytes::deserialize(StrDeserializer::<Error>::new("abc")).unwrap_err();
        let text = "invalid type: string \"abc\", expected bytes";
        assert_eq!(error.to_string(), text);
    }
}
