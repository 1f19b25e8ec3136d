//! The OpenAPI document (<https://spec.openapis.org/oas/v3.1.1>), made of the operations that are served.
//!
//! It is made when the project is built, never in an instance: `redstart-page` writes it to a file.

use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::{PartialSchema, ToSchema};

use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, Response, Schema,
};

use crate::problem::Document;
use crate::rest::operation::{self, Describe, Schemas};

/// The groups of operations, in the order of the page.
const TAGS: &[(&str, &str)] = &[
    ("strings", "Bytes under a key, as JSON or as they are"),
    ("hashes", "Fields with values under a key"),
    ("lists", "Items in order under a key, taken and added at both ends"),
    ("sets", "Members, each once and in no order, and what sets make together"),
    ("sorted-sets", "Members with scores under a key, in the order of the scores"),
    ("streams", "Entries in the order of their ids under a key: logs and queues"),
    ("channels", "Messages to whoever listens at that moment"),
    ("keys", "Keys of every type: what there is, when it ends, its name"),
    ("server", "Redis itself: what it says of itself, and what it has on disk"),
    ("health", "For load balancers and orchestrators"),
    ("description", "What the API is, for people and for programs"),
];

/// The document.
pub fn document() -> OpenApi {
    let operations = crate::rest::operations::<Describe>();
    let mut schemas = vec![(Document::name().into_owned(), Document::schema())];
    Document::schemas(&mut schemas);
    let mut paths = Paths::new();
    for operation in &operations {
        let described = whole(operation, &mut schemas);
        paths.add_path_operation(&operation.path, operation.methods.clone(), described);
    }
    for (operation, parent, name, method) in operation::by_query(&operations) {
        let described = in_query(whole(operation, &mut schemas), name);
        paths.add_path_operation(parent, vec![method.clone()], described);
    }

    let token =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("One of the tokens that the operator set"));
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .responses_from_iter(shared_answers())
        .security_scheme(TOKEN, SecurityScheme::Http(token.build()))
        .build();
    let info = InfoBuilder::new()
        .title("Redstart")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(env!("CARGO_PKG_DESCRIPTION")))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()));
    OpenApiBuilder::new()
        .info(info)
        .tags(Some(
            TAGS.iter()
                .map(|(name, description)| TagBuilder::new().name(*name).description(Some(*description)).build()),
        ))
        .security(Some([SecurityRequirement::new::<_, [_; 0], String>(TOKEN, [])]))
        .paths(paths)
        .components(Some(components))
        .build()
}

/// The name of the one security scheme.
const TOKEN: &str = "token";

/// An answer that many operations give: status, name, description.
type Shared = (&'static str, &'static str, &'static str);

/// What every operation that asks Redis may answer beside its own.
const EVERYWHERE: [Shared; 10] = [
    ("400", "Malformed", "The request cannot be read"),
    ("401", "Unauthorized", "The token is missing or wrong"),
    ("403", "Forbidden", "The token, the key or the origin does not allow it"),
    ("422", "Invalid", "A value in the request is wrong"),
    ("429", "TooManyRequests", "A quota is used up: `Retry-After` says when to try again"),
    ("500", "Internal", "A mistake of Redstart's"),
    ("502", "BadGateway", "Redis refuses Redstart, or answers what cannot be understood"),
    ("503", "Unavailable", "Not available now: `Retry-After` says when to try again"),
    ("504", "Timeout", "Redis did not answer in time"),
    ("507", "OutOfStorage", "Redis's memory is full"),
];
/// What an operation with a body may answer beside that.
const WITH_BODY: [Shared; 2] =
    [("413", "TooLarge", "The body is too large"), ("415", "UnsupportedMediaType", "The body's type is not read here")];
/// What an operation on a value of a certain type may answer beside that.
const OF_A_TYPE: [Shared; 1] = [("409", "WrongType", "The key holds a value of another type")];

/// What an operation with an `Idempotency-Key` may answer beside that.
const WITH_NAME: [Shared; 1] = [("409", "Again", "A request with this `Idempotency-Key` is being answered")];

/// An operation with what its description need not repeat: the answers that all have, the form of problems, the token.
fn whole(operation: &operation::Operation<Describe>, schemas: &mut Schemas) -> Operation {
    let mut described = (operation.side)(schemas);
    for parameter in described.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            forbid_null(parameter);
        }
    }
    for (status, response) in &mut described.responses.responses {
        if let RefOr::T(response) = response
            && status.as_str() >= "400"
        {
            response.content.extend(problem());
        }
    }
    if let Some(RefOr::T(body)) = &mut described.request_body
        && may_be_empty(body, schemas)
    {
        body.required = Some(Required::False);
    }
    let may_name_itself = operation.methods.iter().any(|method| matches!(method, HttpMethod::Post | HttpMethod::Patch));
    if may_name_itself {
        described.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
    }
    let needs_token = operation.path.starts_with("/v1/");
    if !needs_token {
        described.security = Some(vec![SecurityRequirement::default()]);
        return described;
    }
    let is_of_a_type = !operation.path.starts_with("/v1/keys") && operation.path.contains("{key}");
    let groups = [
        (true, EVERYWHERE.as_slice()),
        (described.request_body.is_some(), &WITH_BODY),
        (is_of_a_type, &OF_A_TYPE),
        (may_name_itself, &WITH_NAME),
    ];
    for (status, name, _) in groups.into_iter().filter(|(applies, _)| *applies).flat_map(|(_, group)| group) {
        let shared = || RefOr::Ref(Ref::from_response_name(*name));
        described.responses.responses.entry((*status).to_owned()).or_insert_with(shared);
    }
    described
}

/// The header that names a request, so that it happens once.
fn idempotency_key() -> Parameter {
    let visible = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,255}$")).build();
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A name for this request: sent again with it, it does not happen again, and its answer is given again",
        ))
        .schema(Some(visible))
        .build()
}

/// No body says as much as an object without fields, which this may be.
fn may_be_empty(body: &RequestBody, schemas: &Schemas) -> bool {
    let Some(RefOr::T(content)) = body.content.get("application/json") else { return false };
    let Some(RefOr::Ref(reference)) = &content.schema else { return false };
    schemas.iter().any(|(name, schema)| match schema {
        RefOr::T(Schema::Object(object)) if reference.ref_location.ends_with(&format!("/{name}")) => {
            object.required.is_empty() && object.min_properties.is_none()
        }
        _ => false,
    })
}

/// A parameter may be missing, but none is `null`, as utoipa says of headers.
fn forbid_null(parameter: &mut Parameter) {
    if let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
        && let SchemaType::Array(types) = &object.schema_type
        && let [only, Type::Null] = types.as_slice()
    {
        object.schema_type = SchemaType::Type(only.clone());
    }
}

fn problem() -> [(String, RefOr<Content>); 1] {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Document::name()))).build();
    [("application/problem+json".to_owned(), content.into())]
}

/// The answers that many operations give, by name.
fn shared_answers() -> impl Iterator<Item = (&'static str, Response)> {
    [EVERYWHERE.as_slice(), &WITH_BODY, &OF_A_TYPE, &WITH_NAME].into_iter().flatten().map(|(_, name, description)| {
        let mut response = Response::new(*description);
        response.content.extend(problem());
        (*name, response)
    })
}

/// The same operation with the last part of its path in the query.
fn in_query(mut operation: Operation, name: &str) -> Operation {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.name == name
            && matches!(parameter.parameter_in, ParameterIn::Path)
        {
            parameter.parameter_in = ParameterIn::Query;
            parameter.required = Required::True;
            parameter.description = Some(format!("The {name}: any bytes, for such as no path can hold, too"));
        }
    }
    operation.operation_id = operation.operation_id.map(|id| format!("{id}_by_query"));
    operation.summary = operation.summary.map(|summary| format!("{summary} (the {name} in the query)"));
    operation
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    /// Path, method and description of each operation.
    fn described() -> Vec<(String, String, Value)> {
        let document = serde_json::to_value(document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        paths
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap();
                methods.iter().map(|(method, operation)| (path.clone(), method.clone(), operation.clone()))
            })
            .collect()
    }

    #[test]
    fn every_operation_says_what_it_does_and_has_a_name_and_a_group_of_its_own() {
        let mut names = HashSet::new();
        for (path, method, operation) in described() {
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.ends_with('.')), "{method} {path}");
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
            let tags = operation["tags"].as_array().unwrap();
            assert!(tags.iter().all(|tag| TAGS.iter().any(|(name, _)| tag == name)), "{method} {path}");
            assert_eq!(tags.len(), 1, "{method} {path}");
        }
    }

    #[test]
    fn every_part_of_a_path_is_described_and_every_body_has_an_example() {
        for (path, method, operation) in described() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let mut in_path: Vec<_> =
                parameters.iter().filter(|one| one["in"] == "path").map(|one| &one["name"]).collect();
            in_path.retain(|name| path.contains(&format!("{{{}}}", name.as_str().unwrap())));
            assert_eq!(in_path.len(), path.matches('{').count(), "{method} {path}");
            if let Some(body) = operation.get("requestBody") {
                assert!(body["content"]["application/json"].get("example").is_some(), "{method} {path}");
            }
        }
    }

    #[test]
    fn nothing_may_be_just_anything_and_no_parameter_is_null() {
        let document = serde_json::to_value(document()).unwrap();
        assert!(!document["components"].to_string().contains(":{}"));
        for (path, method, operation) in described() {
            assert!(!operation["parameters"].to_string().contains("null\""), "{method} {path}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = serde_json::to_value(document()).unwrap();
        let text = document.to_string();
        let references: HashSet<_> =
            text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(references.len() > 20);
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
