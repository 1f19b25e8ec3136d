//! Which form of a value the caller prefers: JSON or the bytes themselves.

use http::{HeaderMap, header};
use mediatype::{MediaTypeList, ReadParams, names};

/// A form of a string's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/json`
    Json,
    /// `application/octet-stream`
    Raw,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::Json, Self::Raw];

    /// The form that `Accept` prefers (RFC 9110, section 12.5.1); JSON where it does not say.
    pub fn preferred(headers: &HeaderMap) -> Self {
        // What most clients say.
        let mut given = headers.get_all(header::ACCEPT).iter();
        if given.next().is_none_or(|accept| accept == "*/*") && given.next().is_none() {
            return Self::Json;
        }
        let [json, raw] = ["json", "octet-stream"].map(|name| quality(headers, name));
        if raw > json { Self::Raw } else { Self::Json }
    }
}

/// The quality, in thousandths, that `Accept` gives `application/{subtype}`: that of its most specific range.
fn quality(headers: &HeaderMap, subtype: &str) -> u16 {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(MediaTypeList::new).filter_map(Result::ok);
    let (_, quality) = ranges
        .filter_map(|range| {
            let specific = match (range.ty.as_str(), range.subty.as_str()) {
                ("*", "*") => 0,
                (ty, "*") if ty.eq_ignore_ascii_case("application") => 1,
                (ty, sub) if ty.eq_ignore_ascii_case("application") && sub.eq_ignore_ascii_case(subtype) => 2,
                _ => return None,
            };
            let quality = range.get_param(names::Q).map_or(Some(1.0), |q| q.as_str().parse::<f32>().ok())?;
            Some((specific, thousandths(quality)))
        })
        .max()
        .unwrap_or_default();
    quality
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 1000 before")]
fn thousandths(quality: f32) -> u16 {
    (quality.clamp(0.0, 1.0) * 1000.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_unless_bytes_are_preferred() {
        for (accept, form) in [
            ("", Form::Json),
            ("*/*", Form::Json),
            ("application/*", Form::Json),
            ("text/html, */*;q=0.8", Form::Json),
            ("application/json, application/octet-stream", Form::Json),
            ("application/octet-stream", Form::Raw),
            ("Application/Octet-Stream", Form::Raw),
            ("application/json;q=0.5, application/octet-stream", Form::Raw),
            ("application/octet-stream;q=0.5, */*;q=0.1", Form::Raw),
            ("application/octet-stream;q=0.5, */*", Form::Json),
            ("application/octet-stream;q=0", Form::Json),
            ("application/octet-stream;q=nonsense", Form::Json),
            ("nonsense", Form::Json),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(Form::preferred(&headers), form, "{accept}");
        }
    }
}
