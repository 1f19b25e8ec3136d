//! One instance of a component: its state, what it is linked to, and how long it lives.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use tokio::time::Sleep;
use wasmtime::{
    Result, Store, StoreContextMut,
    component::{Accessor, Component as Compiled, GuestTaskId, HasData, Linker, ResourceTable},
};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error as HttpError, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
    handler::{HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus},
    p3::bindings::ServicePre,
};

use crate::{
    application::Component,
    bindings::{redis, variables},
    outbound::{Held, RedisInterface},
    output::LineStream,
    settings::Settings,
    variables::check_name,
};

/// How long after the last request's time limit an instance is dropped that did not notice it by itself.
const EXPIRATION_GRACE: Duration = Duration::from_secs(1);

/// What a store holds.
pub(crate) struct InstanceState {
    pub component: Arc<Component>,
    pub table: ResourceTable,
    pub held: Held,
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

/// How the bindings of `spin:variables` reach an instance's state.
struct VariablesInterface;

impl HasData for VariablesInterface {
    type Data<'a> = &'a mut InstanceState;
}

impl variables::Host for InstanceState {}

impl<T: Send> variables::HostWithStore<T> for VariablesInterface {
    async fn get(store: &Accessor<T, Self>, name: String) -> Result<Result<String, variables::Error>> {
        if let Err(message) = check_name(&name) {
            return Ok(Err(variables::Error::InvalidName(message)));
        }
        let component = store.with(|mut access| Arc::clone(&access.get().component));
        Ok(component
            .variables
            .get(&name)
            .cloned()
            .ok_or_else(|| variables::Error::Undefined(format!("no variable for {:?}.{name:?}", component.id))))
    }
}

/// Links a component to WASI and to Spin's interfaces; an error names the import that nothing answers.
pub(crate) fn prepare(compiled: &Compiled) -> Result<ServicePre<InstanceState>> {
    let mut linker = Linker::new(compiled.engine());
    // Rust's standard library asks for WASI 0.2 in a component whose SDK asks for 0.3.
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    redis::add_to_linker::<_, RedisInterface>(&mut linker, |state: &mut InstanceState| state)?;
    variables::add_to_linker::<_, VariablesInterface>(&mut linker, |state: &mut InstanceState| state)?;
    ServicePre::new(linker.instantiate_pre(compiled)?)
}

/// How instances of one component are made and reused.
pub(crate) struct Instances {
    component: Arc<Component>,
    server_ended: Arc<AtomicBool>,
    lifetime: Lifetime,
}

/// How long an instance lives.
#[derive(Clone, Copy)]
struct Lifetime {
    requests: usize,
    concurrent_requests: usize,
    request_timeout: Duration,
    idle_timeout: Duration,
}

impl Instances {
    /// Makes instances of `component`; `server_ended` tells them that what ends them is no failure.
    pub fn new(component: Arc<Component>, server_ended: Arc<AtomicBool>, settings: &Settings) -> Self {
        let lifetime = Lifetime {
            requests: settings.max_instance_reuse_count,
            concurrent_requests: settings.max_instance_concurrent_reuse_count,
            request_timeout: settings.request_timeout,
            idle_timeout: settings.idle_instance_timeout,
        };
        Self { component, server_ended, lifetime }
    }

    fn state(&self) -> Result<InstanceState> {
        let component = Arc::clone(&self.component);
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(LineStream::new(component.stdout.clone()))
            .stderr(LineStream::new(component.stderr.clone()))
            .envs(&component.environment)
            // The only files are small and in a temporary folder: reading them in place beats another thread.
            .allow_blocking_current_thread(true);
        if let Some(folder) = &component.files {
            wasi.preopened_dir(folder, "/", FsPerms::ReadOnly)?;
        }
        Ok(InstanceState {
            wasi: wasi.build(),
            component,
            table: ResourceTable::new(),
            held: Held::default(),
            http: WasiHttpCtx::new(),
            hooks: NoOutboundHttp,
        })
    }
}

impl HandlerState for Instances {
    type StoreData = InstanceState;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> Result<Instance<InstanceState, Expiration, Worker>> {
        let mut store = Store::new(self.component.pre.engine(), self.state()?);
        let service = self.component.pre.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: InstanceState::http,
            expiration: Expiration::new(self.lifetime),
            state: Worker { lifetime: self.lifetime, server_ended: Arc::clone(&self.server_ended) },
        })
    }
}

/// What an instance accepts.
pub(crate) struct Worker {
    lifetime: Lifetime,
    server_ended: Arc<AtomicBool>,
}

impl WorkerState for Worker {
    type StoreData = InstanceState;
    type RequestData = ();

    fn should_accept_request(&self, concurrent_count: usize, total_count: usize) -> ShouldAccept {
        if total_count >= self.lifetime.requests {
            ShouldAccept::Never
        } else if concurrent_count >= self.lifetime.concurrent_requests {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, InstanceState>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        Box::pin(tokio::time::sleep(self.lifetime.request_timeout))
    }

    fn drop(&self, store: Store<InstanceState>, result: Result<()>) {
        if let Err(error) = result
            && !self.server_ended.load(Ordering::Acquire)
        {
            let component = &store.data().component;
            component.stderr.log(format_args!("an instance of {} failed: {}", component.id, error.root_cause()));
        }
    }
}

/// When an instance is dropped although it is not used up.
pub(crate) struct Expiration {
    lifetime: Lifetime,
    /// Fires at the deadline or before it. Moving it on each change of state would cost more than letting it fire early.
    sleep: Pin<Box<Sleep>>,
}

impl Expiration {
    fn new(lifetime: Lifetime) -> Self {
        Self { lifetime, sleep: Box::pin(tokio::time::sleep(lifetime.idle_timeout)) }
    }
}

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        let timeout = match status {
            WorkerStatus::Idle => self.lifetime.idle_timeout,
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.lifetime.request_timeout + EXPIRATION_GRACE,
        };
        let deadline = tokio::time::Instant::from_std(start) + timeout;
        if self.sleep.deadline() > deadline {
            self.sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if self.sleep.deadline() >= deadline || tokio::time::Instant::now() >= deadline {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(deadline);
        }
    }
}
