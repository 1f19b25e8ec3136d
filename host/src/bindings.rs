//! The Rust side of the interfaces in `wit/`: Spin's, for components of WASI 0.3 and of 0.2.

/// `spin:redis@3.0.0` and `spin:variables@3.0.0`, whose calls run beside one another.
pub(crate) mod p3 {
    pub(crate) use generated::spin::{redis::redis, variables::variables};

    #[allow(missing_docs, clippy::all, clippy::pedantic, unused_qualifications, reason = "generated code")]
    mod generated {
        wasmtime::component::bindgen!({
            path: "../wit",
            world: "redstart:host/imports",
            imports: { default: async | trappable | store },
            with: { "spin:redis/redis.connection": crate::outbound::Connection },
        });
    }
}

/// `fermyon:spin@2.0.0`, whose calls each keep the instance.
pub(crate) mod p2 {
    pub(crate) use generated::fermyon::spin::{redis, variables};

    #[allow(missing_docs, clippy::all, clippy::pedantic, unused_qualifications, reason = "generated code")]
    mod generated {
        wasmtime::component::bindgen!({
            path: "../wit",
            world: "redstart:host/imports-p2",
            imports: { default: async | trappable },
            with: { "fermyon:spin/redis.connection": crate::outbound::Connection },
        });
    }
}
