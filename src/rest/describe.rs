//! What the OpenAPI document says in many places: parameters, and what bytes look like in JSON.

use std::borrow::Cow;

use serde_json::json;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ArrayItems, Object, ObjectBuilder, OneOfBuilder, Type,
};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::many::{ChangedFields, MAX, NewFields, ShownFields};
use super::operation::Schemas;
use super::sorted_sets::score::Score;
use super::text::{NewText, Text};

/// The key in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Key {
    /// The key, of any bytes. In the path it is percent-encoded: `/` as `%2F`.
    #[param(example = "greeting")]
    pub key: String,
}

/// Conditions on the value that stands there.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Conditions {
    /// Only where the value still has one of these entity tags; `*`: where there is a value.
    #[param(rename = "If-Match", pattern = r#"^(\*|[, ]*((W/)?"[!#-~]*" *,[, ]*)*((W/)?"[!#-~]*" *)?)$"#)]
    pub if_match: Option<String>,
    /// Only where the value has none of these entity tags; `*`: where there is no value.
    #[param(rename = "If-None-Match", pattern = r#"^(\*|[, ]*((W/)?"[!#-~]*" *,[, ]*)*((W/)?"[!#-~]*" *)?)$"#)]
    pub if_none_match: Option<String>,
}

/// When a value that is written ends. Only one of these may be given, in the body or here.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Ending {
    /// After so many seconds, decimals allowed.
    #[param(minimum = 0.001, maximum = 3_155_760_000_000_i64)]
    pub ttl: Option<f64>,
    /// At this time, in the future, as RFC 3339 writes it.
    #[param(format = DateTime)]
    pub expires_at: Option<String>,
}

/// What replacing a value leaves as it was.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Replacing {
    /// Keep the time to live of the value that is replaced.
    pub keep_ttl: Option<bool>,
    /// `any`: replace a value of another type, too.
    #[param(pattern = "^any$")]
    pub replace: Option<String>,
}

/// A page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// About how many items the page holds.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// What is on a page of a value's elements.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Matching {
    /// Only those that match this pattern, as `SCAN` reads it: `*`, `?`, `[a-z]`, `\` before one of them.
    pub r#match: Option<String>,
}

/// Gives a type a named schema, which may speak of others.
macro_rules! schema {
    ($type:ty, $name:literal, $schema:expr $(, $other:ty)?) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                RefOr::T($schema.into())
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }

            fn schemas(schemas: &mut Schemas) {
                schemas.extend([$((<$other>::name().into_owned(), <$other>::schema()))?]);
            }
        }
    };
}

schema!(
    Text,
    "Text",
    OneOfBuilder::new()
        .item(of(Type::String))
        .item(base64())
        .description(Some("Bytes: a string where they are UTF-8, else in base64 (RFC 4648, section 4)"))
        .examples([json!("hello"), json!({"base64": "/wA="})])
);

schema!(
    NewText,
    "NewText",
    OneOfBuilder::new()
        .item(of(Type::String))
        .item(of(Type::Number))
        .item(base64())
        .description(Some("Bytes to store: a string, a number, of which every digit is kept, or base64"))
        .examples([json!("hello"), json!(1.5), json!({"base64": "/wA="})])
);

schema!(
    Score,
    "Score",
    OneOfBuilder::new()
        .item(of(Type::Number))
        .item(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["inf", "-inf"])))
        .description(Some("A double, shown with the fewest digits that read back as the same; JSON has no infinity"))
        .examples([json!(1.5), json!("-inf")])
);

/// Names and values, in order, for the description alone.
pub struct Pairs;

schema!(Pairs, "Pairs", pairs(Ref::from_schema_name("Text").into(), 0), Text);
schema!(ShownFields, "Fields", fields(Ref::from_schema_name("Text").into(), 0), Text);
schema!(NewFields, "NewFields", fields(Ref::from_schema_name("NewText").into(), 1), NewText);
schema!(
    ChangedFields,
    "ChangedFields",
    fields(OneOfBuilder::new().item(Ref::from_schema_name("NewText")).item(of(Type::Null)).into(), 0),
    NewText
);

fn of(r#type: Type) -> Object {
    ObjectBuilder::new().schema_type(r#type).build()
}

fn base64() -> Object {
    let digits = ObjectBuilder::new()
        .schema_type(Type::String)
        .content_encoding("base64")
        .pattern(Some("^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"));
    ObjectBuilder::new()
        .property("base64", digits)
        .required("base64")
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .build()
}

/// An object, or a list of pairs, of at least so many names and what is said.
fn fields(value: RefOr<Schema>, least: usize) -> OneOfBuilder {
    let object = ObjectBuilder::new().additional_properties(Some(value.clone())).min_properties(Some(least));
    OneOfBuilder::new().item(object).item(pairs(value, least)).description(Some(
        "An object; a list of pairs of name and value where a name is not UTF-8, or stands there twice",
    ))
}

fn pairs(value: RefOr<Schema>, least: usize) -> ArrayBuilder {
    let pair = ArrayBuilder::new()
        .prefix_items([Ref::from_schema_name("Text").into(), value].map(|item| OneOfBuilder::new().item(item)))
        .items(ArrayItems::False)
        .min_items(Some(2))
        .max_items(Some(2));
    ArrayBuilder::new().items(pair).min_items(Some(least)).max_items(Some(MAX))
}
