//! One instance of a component: its state, what it is linked to, and how it is made.

use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
};

use wasmtime::{
    Result, Store,
    component::{Component as Compiled, HasSelf, Linker, ResourceTable},
};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error as HttpError, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
    handler::ProxyPre, p2, p3,
};

use crate::{
    application::Component,
    bindings,
    engine::World,
    lifetime::{Computing, Lifetime},
    memory::{Large, Memory, Requests, Total},
    metrics::{Metrics, OneMore},
    outbound::{Held, Redis, RedisInterface},
    output::LineStream,
    pool::Hungry,
    running::Running,
    settings::Settings,
    variables::VariablesInterface,
    worker::Common,
};

/// What a store holds.
pub(crate) struct InstanceState {
    pub component: Arc<Component>,
    pub redis: Arc<Redis>,
    pub table: ResourceTable,
    pub held: Held,
    pub memory: Memory,
    computing: Arc<Computing>,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: NoOutboundHttp,
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for InstanceState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// Denies the component requests of its own.
struct NoOutboundHttp;

type IoResult = Box<dyn Future<Output = Result<(), HttpError>> + Send>;

impl WasiHttpHooks for NoOutboundHttp {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: IoResult,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, IoResult), HttpError>> + Send> {
        Box::new(std::future::ready(Err(HttpError::HttpRequestDenied)))
    }
}

/// Links a component of `world` to WASI and to Spin's interfaces; an error names the import that nothing answers.
pub(crate) fn prepare(compiled: &Compiled, world: World) -> Result<ProxyPre<InstanceState>> {
    let mut linker = Linker::new(compiled.engine());
    // In both worlds: Rust's standard library asks for WASI 0.2.
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    match world {
        World::P2 => {
            p2::add_only_http_to_linker_async(&mut linker)?;
            bindings::p2::redis::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut InstanceState| state)?;
            bindings::p2::variables::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut InstanceState| state)?;
            Ok(ProxyPre::P2(p2::bindings::ProxyPre::new(linker.instantiate_pre(compiled)?)?))
        }
        World::P3 => {
            wasmtime_wasi::p3::add_to_linker(&mut linker)?;
            p3::add_to_linker(&mut linker)?;
            bindings::p3::redis::add_to_linker::<_, RedisInterface>(&mut linker, |state: &mut InstanceState| state)?;
            bindings::p3::variables::add_to_linker::<_, VariablesInterface>(
                &mut linker,
                |state: &mut InstanceState| state,
            )?;
            Ok(ProxyPre::P3(p3::bindings::ServicePre::new(linker.instantiate_pre(compiled)?)?))
        }
    }
}

/// How instances of one component are made.
pub(crate) struct Instances {
    component: Arc<Component>,
    /// The connections that those of one thread share.
    redis: Arc<Redis>,
    server_ended: Arc<AtomicBool>,
    lifetime: Lifetime,
    memory: Arc<Total>,
    max_instance_memory: usize,
    fuel: Option<Arc<AtomicU64>>,
    /// Who has none, and cannot make one.
    pub hungry: Hungry,
    metrics: Arc<Metrics>,
}

impl Instances {
    /// Makes instances of `component`, for one thread.
    pub fn new(component: Arc<Component>, common: Common, settings: &Settings) -> Self {
        let own_connections = Arc::clone(&component.own_connections);
        let redis = Redis::new(component.redis_limits, own_connections, Arc::clone(&common.metrics));
        Self {
            redis: Arc::new(redis),
            server_ended: common.server_ended,
            lifetime: Lifetime::new(settings, component.world),
            memory: common.memory,
            max_instance_memory: settings.max_instance_memory,
            fuel: settings.fuel.clone(),
            hungry: common.hungry,
            metrics: common.metrics,
            component,
        }
    }

    /// Makes one.
    ///
    /// # Errors
    /// [`PoolConcurrencyLimitError`](wasmtime::PoolConcurrencyLimitError) and [`Full`](crate::memory::Full) where as many
    /// exist as may, and whatever else went wrong.
    pub async fn make(&self) -> Result<Running> {
        let (large, requests) = (Arc::<Large>::default(), Arc::<Requests>::default());
        let output = [&self.component.stdout, &self.component.stderr].map(|sink| LineStream::new(sink.clone()));
        let mut store =
            Store::new(&self.component.engine, self.state(Arc::clone(&large), Arc::clone(&requests), &output)?);
        store.limiter(|state| &mut state.memory);
        let compute_timeout = self.lifetime.compute_timeout;
        store.epoch_deadline_callback(move |store| store.data().computing.end_slice(compute_timeout));
        store.set_epoch_deadline(1);
        if self.fuel.is_some() {
            store.set_fuel(u64::MAX)?;
        }
        let computing = Arc::clone(&store.data().computing);
        let proxy = self.component.pre.instantiate_async(&mut store).await?;
        self.metrics.instances_made.inc();
        Ok(Running {
            _counted: OneMore::of(&self.metrics.instances),
            store,
            proxy,
            lifetime: self.lifetime,
            computing,
            large,
            requests,
            hungry: self.hungry.clone(),
            output,
            server_ended: Arc::clone(&self.server_ended),
            fuel: self.fuel.clone(),
        })
    }

    /// Writes a line of the host's own.
    pub fn log(&self, message: impl Display) {
        self.component.stderr.log(message);
    }

    fn state(
        &self,
        large: Arc<Large>,
        requests: Arc<Requests>,
        [stdout, stderr]: &[LineStream; 2],
    ) -> Result<InstanceState> {
        let component = Arc::clone(&self.component);
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(stdout.clone())
            .stderr(stderr.clone())
            .envs(&component.environment)
            // The only files are small and in a temporary folder: reading them in place beats another thread.
            .allow_blocking_current_thread(true);
        if let Some(folder) = &component.files {
            wasi.preopened_dir(folder, "/", FsPerms::ReadOnly)?;
        }
        Ok(InstanceState {
            wasi: wasi.build(),
            component,
            redis: Arc::clone(&self.redis),
            table: ResourceTable::new(),
            held: Held::default(),
            memory: Memory::new(Arc::clone(&self.memory), self.max_instance_memory, large, requests),
            computing: Arc::default(),
            http: WasiHttpCtx::new(),
            hooks: NoOutboundHttp,
        })
    }
}
