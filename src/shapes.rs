//! The headers of answers, as the host holds them: most are the same each time.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers that the host holds: `fields` in `wasi:http/types`.
pub(crate) trait Fields: Sized {
    /// Why the host does not take a header.
    type Error;

    /// Hands over all.
    fn of_list(list: &[(String, Vec<u8>)]) -> Result<Self, Self::Error>;
    /// Makes others with the same headers.
    fn copy(&self) -> Self;
    /// Puts a value in the place of those that the name has.
    fn put(&self, name: &str, value: &[u8]) -> Result<(), Self::Error>;
}

/// How many sets of headers are kept: more than there are kinds of answers that come often.
const KEPT: usize = 32;

/// Headers of answers that were given, by their names: most of what the next answer with these names has is the same. Copying
/// them and changing what differs is half of the host's work for handing over all.
pub(crate) struct Shapes<F>(Mutex<VecDeque<(HeaderMap, F)>>);

impl<F: Fields> Shapes<F> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// Hands headers to the host.
    ///
    /// # Errors
    /// It does not take one of them.
    pub(crate) fn hand_over(&self, headers: &HeaderMap) -> Result<F, F::Error> {
        let mut shapes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_alike = |kept: &HeaderMap| kept.len() == headers.len() && kept.keys().eq(headers.keys());
        if let Some((kept, fields)) = shapes.iter().find(|(kept, _)| is_alike(kept)) {
            let fields = fields.copy();
            let differing = headers.iter().zip(kept.values()).filter(|((_, value), kept)| value != kept);
            for ((name, value), _) in differing {
                fields.put(name.as_str(), value.as_bytes())?;
            }
            return Ok(fields);
        }
        let pair = |(name, value): (&HeaderName, &HeaderValue)| (name.as_str().to_owned(), value.as_bytes().to_owned());
        let fields = F::of_list(&headers.iter().map(pair).collect::<Vec<_>>())?;
        // Of a name that stands twice, both values would have to be put at once.
        if headers.keys_len() == headers.len() {
            if shapes.len() == KEPT {
                shapes.pop_front();
            }
            shapes.push_back((headers.clone(), fields.copy()));
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A host that refuses the value `refused`, and the calls that it took.
    #[derive(Debug, Default)]
    struct Host(RefCell<Vec<(String, Vec<u8>)>>, RefCell<usize>);

    impl Fields for Host {
        type Error = ();

        fn of_list(list: &[(String, Vec<u8>)]) -> Result<Self, ()> {
            if list.iter().any(|(_, value)| value == b"refused") {
                return Err(());
            }
            Ok(Self(RefCell::new(list.to_vec()), RefCell::new(0)))
        }

        fn copy(&self) -> Self {
            Self(self.0.clone(), RefCell::new(0))
        }

        fn put(&self, name: &str, value: &[u8]) -> Result<(), ()> {
            *self.1.borrow_mut() += 1;
            let mut fields = self.0.borrow_mut();
            let mut of_name = fields.iter_mut().filter(|(other, _)| other == name);
            let (Some((_, place)), None) = (of_name.next(), of_name.next()) else { return Err(()) };
            *place = value.to_vec();
            if value == b"refused" { Err(()) } else { Ok(()) }
        }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    /// Hands the headers over; they have to arrive as they are. How many were put one by one.
    fn put(shapes: &Shapes<Host>, pairs: &[(&'static str, &'static str)]) -> usize {
        let host = shapes.hand_over(&headers(pairs)).expect("they are taken");
        let sent: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        assert_eq!(*host.0.borrow(), sent);
        host.1.take()
    }

    #[test]
    fn an_answer_has_its_own_headers_whatever_came_before_and_only_what_differs_is_put() {
        let shapes = Shapes::new();
        assert_eq!(put(&shapes, &[("a", "1"), ("b", "1"), ("c", "1")]), 0);
        assert_eq!(put(&shapes, &[("a", "1"), ("b", "2"), ("c", "1")]), 1);
        assert_eq!(put(&shapes, &[("a", "1"), ("b", "1"), ("c", "1")]), 0);
        assert_eq!(put(&shapes, &[("c", "2"), ("b", "2"), ("a", "2")]), 0, "another order");
        assert_eq!(put(&shapes, &[("a", "3"), ("b", "3")]), 0, "fewer");
        assert_eq!(put(&shapes, &[("a", "2"), ("b", "2"), ("c", "2")]), 3);
        assert_eq!(shapes.0.lock().unwrap().len(), 3);
    }

    #[test]
    fn a_name_that_stands_twice_is_handed_over_as_it_is() {
        let shapes = Shapes::new();
        for _ in 0..2 {
            assert_eq!(put(&shapes, &[("a", "1"), ("a", "2"), ("b", "1")]), 0);
            assert_eq!(put(&shapes, &[("a", "1"), ("b", "1")]), 0);
        }
        assert_eq!(shapes.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn what_the_host_refuses_is_an_error_and_the_next_answer_is_none_the_worse() {
        let shapes = Shapes::new();
        assert!(shapes.hand_over(&headers(&[("a", "refused")])).is_err());
        assert_eq!(put(&shapes, &[("a", "1")]), 0);
        assert!(shapes.hand_over(&headers(&[("a", "refused")])).is_err());
        assert_eq!(put(&shapes, &[("a", "1")]), 0);
    }

    #[test]
    fn no_more_are_kept_than_may_be() {
        let shapes = Shapes::<Host>::new();
        let of = |number: usize, value| {
            let name: HeaderName = format!("a{number}").parse().unwrap();
            HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
        };
        for number in 0..KEPT + 8 {
            shapes.hand_over(&of(number, "1")).unwrap();
        }
        assert_eq!(shapes.0.lock().unwrap().len(), KEPT);
        let put = |number| shapes.hand_over(&of(number, "2")).unwrap().1.take();
        assert_eq!((put(KEPT + 7), put(0)), (1, 0), "the newest is kept, the oldest is not");
    }
}
