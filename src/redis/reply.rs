//! What Redis answered, and how a flattened answer becomes that again.

use bytes::Bytes;

use super::error::{ErrorReply, RedisError};

/// A reply of the protocol's second version (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A status, such as `OK`.
    Status(String),
    /// A string of bytes.
    Bulk(Bytes),
    /// A 64-bit integer.
    Integer(i64),
    /// Nothing.
    Nil,
    /// A list of replies.
    Array(Vec<Reply>),
    /// An error within a list, or of a script; one that is the whole reply to a command is a [`RedisError::Server`].
    Error(ErrorReply),
}

impl Reply {
    /// The reply, or the error that it is.
    ///
    /// # Errors
    /// That error.
    pub fn into_result(self) -> Result<Self, ErrorReply> {
        if let Self::Error(error) = self { Err(error) } else { Ok(self) }
    }
}

/// What a command's reply looks like: hosts give every reply as one flat list, so this cannot be seen from the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value that is no list.
    Scalar,
    /// A list of scalars, and never nil.
    Array,
    /// One value, or, where there is more than one argument, a list of strings or nil.
    ScalarOrArray,
    /// A cursor and a list, as of `SCAN`.
    Cursor,
}

impl Shape {
    /// The reply to a command with so many arguments that the host's flat list stands for.
    ///
    /// # Errors
    /// [`RedisError::Unexpected`] where the list cannot have that shape.
    pub fn restore(self, arguments: usize, mut flat: Vec<Reply>) -> Result<Reply, RedisError> {
        match (self, flat.len()) {
            (Self::ScalarOrArray, 1) if flat == [Reply::Nil] => Ok(Reply::Nil),
            (Self::ScalarOrArray, _) if arguments > 1 => Ok(Reply::Array(flat)),
            (Self::Array, _) => Ok(Reply::Array(flat)),
            (Self::Scalar | Self::ScalarOrArray, 1) => Ok(flat.swap_remove(0)),
            (Self::Cursor, 1..) => {
                let rest = flat.split_off(1);
                flat.push(Reply::Array(rest));
                Ok(Reply::Array(flat))
            }
            (_, length) => Err(RedisError::Unexpected(format!("{self:?} was expected, and {length} values came"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_list_gets_its_shape_back() {
        let (one, text) = (Reply::Integer(1), Reply::Bulk("0".into()));
        let list = |replies: &[&Reply]| replies.iter().copied().cloned().collect::<Vec<_>>();
        for (shape, arguments, flat, expected) in [
            (Shape::Scalar, 1, list(&[&one]), one.clone()),
            (Shape::Array, 1, list(&[&one]), Reply::Array(list(&[&one]))),
            (Shape::Array, 1, vec![], Reply::Array(vec![])),
            (Shape::Array, 1, vec![Reply::Nil], Reply::Array(vec![Reply::Nil])),
            (Shape::ScalarOrArray, 1, list(&[&text]), text.clone()),
            (Shape::ScalarOrArray, 2, list(&[&text]), Reply::Array(list(&[&text]))),
            (Shape::ScalarOrArray, 2, vec![], Reply::Array(vec![])),
            (Shape::ScalarOrArray, 2, vec![Reply::Nil], Reply::Nil),
            (Shape::ScalarOrArray, 1, vec![Reply::Nil], Reply::Nil),
            (Shape::Cursor, 1, list(&[&text]), Reply::Array(vec![text.clone(), Reply::Array(vec![])])),
            (Shape::Cursor, 1, list(&[&text, &text]), Reply::Array(vec![text.clone(), Reply::Array(list(&[&text]))])),
        ] {
            assert_eq!(shape.restore(arguments, flat.clone()), Ok(expected), "{shape:?} {flat:?}");
        }
    }

    #[test]
    fn a_list_where_a_scalar_was_expected_is_an_error_not_a_guess() {
        for (shape, flat) in [
            (Shape::Scalar, vec![]),
            (Shape::Scalar, vec![Reply::Nil, Reply::Nil]),
            (Shape::ScalarOrArray, vec![]),
            (Shape::Cursor, vec![]),
        ] {
            assert!(shape.restore(1, flat).is_err(), "{shape:?}");
        }
    }
}
