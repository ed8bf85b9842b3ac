//! A serializer that writes nothing and refuses data that the platforms would accept: numbers that are not finite, which both
//! would write as `null`, and nesting so deep that a recursive serializer could overflow the stack.

use std::fmt;

use serde::ser::{self, Serialize};

use super::DEEPEST;

/// Checks the data.
///
/// # Errors
/// A number is NaN or infinite, the data is nested too deeply, or its own `Serialize` fails.
pub(super) fn check<T: Serialize + ?Sized>(data: &T) -> Result<(), Refused> {
    data.serialize(Check { left: DEEPEST })
}

/// Why the data is refused.
#[derive(Debug)]
pub(super) enum Refused {
    NotFinite,
    TooDeep,
    ByItself(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NotFinite => f.write_str("must not hold numbers that are NaN or infinite"),
            Refused::TooDeep => write!(f, "must not be nested more than {DEEPEST} deep"),
            Refused::ByItself(why) => write!(f, "refuses to be serialized: {why}"),
        }
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Refused {
        Refused::ByItself(message.to_string())
    }
}

#[derive(Clone, Copy)]
struct Check {
    /// How many more arrays and objects may be nested here.
    left: usize,
}

impl Check {
    fn deeper(self) -> Result<Check, Refused> {
        self.left.checked_sub(1).map(|left| Check { left }).ok_or(Refused::TooDeep)
    }
}

type Checked = Result<(), Refused>;

macro_rules! always_fine {
    ($($method:ident($($type:ty),*);)*) => {
        $(fn $method(self, $(_: $type),*) -> Checked { Ok(()) })*
    };
}

impl ser::Serializer for Check {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Check;
    type SerializeTuple = Check;
    type SerializeTupleStruct = Check;
    type SerializeTupleVariant = Check;
    type SerializeMap = Check;
    type SerializeStruct = Check;
    type SerializeStructVariant = Check;

    always_fine! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_f32(self, number: f32) -> Checked {
        self.serialize_f64(f64::from(number))
    }

    fn serialize_f64(self, number: f64) -> Checked {
        if number.is_finite() { Ok(()) } else { Err(Refused::NotFinite) }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Checked {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Checked {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        value: &T,
    ) -> Checked {
        value.serialize(self.deeper()?)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Check, Refused> {
        self.deeper()
    }

    fn serialize_tuple(self, _len: usize) -> Result<Check, Refused> {
        self.deeper()
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Check, Refused> {
        self.deeper()
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Check, Refused> {
        self.deeper()?.deeper()
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Check, Refused> {
        self.deeper()
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Check, Refused> {
        self.deeper()
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Check, Refused> {
        self.deeper()?.deeper()
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _value: &T) -> Checked {
        Ok(())
    }
}

macro_rules! compound {
    ($($trait:ident $method:ident($($key:ident: $type:ty),*);)*) => {$(
        impl ser::$trait for Check {
            type Ok = ();
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, $($key: $type,)* value: &T) -> Checked {
                value.serialize(*self)
            }

            fn end(self) -> Checked {
                Ok(())
            }
        }
    )*};
}

compound! {
    SerializeSeq serialize_element();
    SerializeTuple serialize_element();
    SerializeTupleStruct serialize_field();
    SerializeTupleVariant serialize_field();
    SerializeStruct serialize_field(_key: &'static str);
    SerializeStructVariant serialize_field(_key: &'static str);
}

impl ser::SerializeMap for Check {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Checked {
        key.serialize(*self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        value.serialize(*self)
    }

    fn end(self) -> Checked {
        Ok(())
    }
}
