//! Redis's replies as `spin:redis` knows them: one flat list, with Spin's limits and Spin's texts.

use redis::{ErrorKind, FromRedisValue, RedisError, RedisResult as Parsed, Value, from_owned_redis_value};

use crate::bindings::p3::redis::{Error, RedisResult};

/// A reply in which the elements of nested arrays follow one another.
#[derive(Debug)]
pub(super) struct Flat(Vec<RedisResult>);

impl Flat {
    /// The list with its size, unless it is larger than `limit` bytes as Spin counts them.
    pub fn within(self, limit: usize) -> Result<(Vec<RedisResult>, usize), Error> {
        let content = |result: &RedisResult| match result {
            RedisResult::Nil | RedisResult::Int64(_) => 0,
            RedisResult::Status(text) => text.len(),
            RedisResult::Binary(bytes) => bytes.len(),
        };
        let content: usize = self.0.iter().map(content).sum();
        let size = size_of::<Vec<RedisResult>>() + size_of::<RedisResult>() * self.0.len() + content;
        check_size(size, limit)?;
        Ok((self.0, size))
    }
}

/// The value of a key, unless it is larger than `limit` bytes as Spin counts them.
pub(super) fn value_within(value: Option<Vec<u8>>, limit: usize) -> Result<Option<Vec<u8>>, Error> {
    check_size(size_of::<Option<Vec<u8>>>() + value.as_ref().map_or(0, Vec::len), limit)?;
    Ok(value)
}

fn check_size(size: usize, limit: usize) -> Result<(), Error> {
    if size > limit {
        return Err(Error::Other(format!("query result exceeds limit of {limit} bytes")));
    }
    Ok(())
}

impl FromRedisValue for Flat {
    fn from_redis_value(value: &Value) -> Parsed<Self> {
        from_owned_redis_value(value.clone())
    }

    fn from_owned_redis_value(value: Value) -> Parsed<Self> {
        let mut results = Vec::with_capacity(match &value {
            Value::Array(values) | Value::Set(values) => values.len(),
            _ => 1,
        });
        append(&mut results, value)?;
        Ok(Self(results))
    }
}

fn append(results: &mut Vec<RedisResult>, value: Value) -> Parsed<()> {
    results.push(match value {
        Value::Nil => RedisResult::Nil,
        Value::Int(number) => RedisResult::Int64(number),
        Value::Boolean(boolean) => RedisResult::Int64(boolean.into()),
        Value::Okay => RedisResult::Status("OK".to_owned()),
        Value::SimpleString(text) => RedisResult::Status(text),
        Value::BulkString(bytes) => RedisResult::Binary(bytes),
        Value::Double(number) => RedisResult::Binary(number.to_string().into_bytes()),
        Value::BigNumber(number) => RedisResult::Binary(number.to_string().into_bytes()),
        Value::Array(values) | Value::Set(values) => {
            return values.into_iter().try_for_each(|value| append(results, value));
        }
        Value::Map(_) => return Err(unsupported("Redis Map type is not supported")),
        Value::Attribute { .. } => return Err(unsupported("Redis Attribute type is not supported")),
        Value::VerbatimString { .. } => {
            return Err(unsupported("Redis string with format attribute is not supported"));
        }
        Value::Push { .. } => return Err(unsupported("Redis Pub/Sub types are not supported")),
        Value::ServerError(error) => {
            return Err(RedisError::from((ErrorKind::ResponseError, "Server error", format!("{error:?}"))));
        }
    });
    Ok(())
}

fn unsupported(what: &str) -> RedisError {
    RedisError::from((ErrorKind::TypeError, "Could not convert Redis response", what.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(value: Value) -> Result<Vec<RedisResult>, String> {
        from_owned_redis_value::<Flat>(value).map(|flat| flat.0).map_err(|error| error.to_string())
    }

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn nested_arrays_become_one_list() {
        let value = Value::Array(vec![
            bulk("a"),
            Value::Array(vec![Value::Nil, Value::Array(vec![Value::Int(1)]), Value::Array(vec![])]),
            Value::Okay,
            Value::SimpleString("PONG".to_owned()),
            Value::Set(vec![Value::Double(1.5)]),
            Value::Boolean(true),
        ]);
        let shown: Vec<String> = flat(value).expect("a list").iter().map(|result| format!("{result:?}")).collect();
        let expected = [
            RedisResult::Binary(b"a".to_vec()),
            RedisResult::Nil,
            RedisResult::Int64(1),
            RedisResult::Status("OK".to_owned()),
            RedisResult::Status("PONG".to_owned()),
            RedisResult::Binary(b"1.5".to_vec()),
            RedisResult::Int64(1),
        ];
        assert_eq!(shown, expected.map(|result| format!("{result:?}")));
    }

    #[test]
    fn a_scalar_is_a_list_of_one_and_an_empty_array_of_none() {
        assert_eq!(flat(Value::Nil).expect("a list").len(), 1);
        assert_eq!(flat(Value::Array(vec![])).expect("a list").len(), 0);
    }

    #[test]
    fn what_has_no_place_in_a_list_is_refused_in_spins_words() {
        assert_eq!(
            flat(Value::Array(vec![Value::Map(vec![])])).expect_err("no place"),
            "Could not convert Redis response - TypeError: Redis Map type is not supported"
        );
    }

    #[test]
    fn a_reply_over_the_limit_is_refused_in_spins_words() {
        let text = |error: Error| format!("{error:?}");
        let reply = || from_owned_redis_value::<Flat>(Value::Array(vec![bulk("abc"), bulk("de")])).expect("a list");
        let size = size_of::<Vec<RedisResult>>() + 2 * size_of::<RedisResult>() + 5;
        assert!(reply().within(size).is_ok());
        let error = text(reply().within(size - 1).expect_err("too large"));
        assert!(error.contains(&format!("query result exceeds limit of {} bytes", size - 1)), "{error}");
        assert!(value_within(Some(vec![0; 100]), size_of::<Option<Vec<u8>>>() + 100).is_ok());
        assert!(value_within(Some(vec![0; 100]), size_of::<Option<Vec<u8>>>() + 99).is_err());
        assert!(value_within(None, 100).is_ok());
    }
}
