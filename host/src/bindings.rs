//! The Rust side of the interfaces in `wit/`.

/// What `bindgen!` makes of the WIT.
#[allow(missing_docs, clippy::all, clippy::pedantic, unused_qualifications, reason = "generated code")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "redstart:host/imports",
        imports: { default: async | trappable | store },
        with: {
            "spin:redis/redis.connection": crate::outbound::Connection,
        },
    });
}

pub(crate) use generated::spin::{redis::redis, variables::variables};
