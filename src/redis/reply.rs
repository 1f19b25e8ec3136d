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
    /// An error within a list; one that is the whole reply is a [`RedisError::Server`].
    Error(ErrorReply),
}

/// What a command's reply looks like: hosts give every reply as one flat list, so this cannot be seen from the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value that is no list.
    Scalar,
    /// A list of scalars.
    FlatArray,
}

impl Shape {
    /// The reply that the host's flat list stands for.
    ///
    /// # Errors
    /// [`RedisError::Unexpected`] where the list cannot have that shape.
    pub fn restore(self, mut flat: Vec<Reply>) -> Result<Reply, RedisError> {
        match (self, flat.len()) {
            (Self::FlatArray, _) => Ok(Reply::Array(flat)),
            (Self::Scalar, 1) => Ok(flat.swap_remove(0)),
            (Self::Scalar, length) => Err(RedisError::Unexpected(format!("one value was expected, {length} came"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_list_gets_its_shape_back() {
        let one = || vec![Reply::Integer(1)];
        assert_eq!(Shape::Scalar.restore(one()), Ok(Reply::Integer(1)));
        assert_eq!(Shape::FlatArray.restore(one()), Ok(Reply::Array(one())));
        assert_eq!(Shape::FlatArray.restore(vec![]), Ok(Reply::Array(vec![])));
    }

    #[test]
    fn a_list_where_a_scalar_was_expected_is_an_error_not_a_guess() {
        assert!(Shape::Scalar.restore(vec![]).is_err());
        assert!(Shape::Scalar.restore(vec![Reply::Nil, Reply::Nil]).is_err());
    }
}
