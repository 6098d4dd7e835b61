//! Integers out (machines add them up), integers or human text in (people write configuration files).

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

use super::{ByteSize, Rate};

struct IntegerOrText<T>(PhantomData<T>, &'static str);

impl<T> Visitor<'_> for IntegerOrText<T>
where
    T: From64 + FromStr<Err: fmt::Display>,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<T, E> {
        Ok(T::from_u64(n))
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> Result<T, E> {
        u64::try_from(n).map(T::from_u64).map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

trait From64 {
    fn from_u64(n: u64) -> Self;
}

impl From64 for ByteSize {
    fn from_u64(n: u64) -> Self {
        Self(n)
    }
}

impl From64 for Rate {
    fn from_u64(n: u64) -> Self {
        Self(n)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(IntegerOrText(PhantomData, "a size such as 64MiB, or a number of bytes"))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(IntegerOrText(
            PhantomData,
            "a rate such as 10MiB/s, or a number of bytes per second",
        ))
    }
}
