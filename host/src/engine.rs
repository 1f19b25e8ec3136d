//! wasmtime's engine and compiled components, made once a process for all servers in it.

use std::{
    collections::{HashMap, hash_map::Entry},
    fs,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use rayon::ThreadPoolBuilder;
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    component::{Component, types::ComponentItem},
    error::Context as _,
};

use crate::{error::Error, settings::Settings};

/// What a component built by `cargo` for `wasm32-wasip2` consists of, with some room: one module of its own and two or
/// three small ones that connect it.
const CORE_INSTANCES: u32 = 6;
/// Linear memories of a component.
const MEMORIES: u32 = 1;
/// Tables of a component.
const TABLES: u32 = 4;
/// Stacks that the tasks of one instance hold at once; a task that waits for its callback holds none.
const STACKS: u32 = 4;

/// The linear memory of an instance that has ended which the next one finds there, cleared, in bytes: giving it back to the
/// system and faulting it in anew costs more, and stops all threads meanwhile.
const KEPT_MEMORY: usize = 2 << 20;
/// The same for its tables.
const KEPT_TABLE: usize = 64 << 10;

/// How often instances that compute are interrupted: seldom enough to cost nothing, and often enough for the others.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// The world of a component, by the handler that it exports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum World {
    /// WASI 0.2.
    P2,
    /// WASI 0.3.
    P3,
}

/// The handlers that this host calls; where a component has both, the first.
const HANDLERS: [(World, &str); 2] =
    [(World::P3, "wasi:http/handler@0.3"), (World::P2, "wasi:http/incoming-handler@0.2")];

/// What makes one engine differ from another.
#[derive(Clone, Eq, Hash, PartialEq)]
struct EngineKey {
    max_instances: u32,
    max_instance_memory: usize,
    cache_dir: Option<PathBuf>,
    counts_fuel: bool,
}

/// A file as it was when it was compiled.
#[derive(Eq, Hash, PartialEq)]
struct ComponentKey {
    engine: EngineKey,
    path: PathBuf,
    modified: Option<SystemTime>,
    bytes: u64,
}

#[derive(Default)]
struct Compiled {
    engines: HashMap<EngineKey, Engine>,
    components: HashMap<ComponentKey, (Component, World)>,
}

static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);

/// The component `id` in the file at `path` with its world, from memory or the cache on disk where it is there.
pub(crate) fn component(id: &str, path: &Path, settings: &Settings) -> Result<(Component, World), Error> {
    let metadata = fs::metadata(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
        hint: "; build the component first, for instance with `spin build`",
    })?;
    let engine_key = EngineKey {
        max_instances: settings.max_instances,
        max_instance_memory: settings.max_instance_memory,
        cache_dir: settings.cache_dir.clone(),
        counts_fuel: settings.fuel.is_some(),
    };
    let key = ComponentKey {
        engine: engine_key.clone(),
        path: path.to_owned(),
        modified: metadata.modified().ok(),
        bytes: metadata.len(),
    };
    // Held while it compiles: whoever wants the same component next waits for it instead of compiling it again.
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(component) = compiled.components.get(&key) {
        return Ok(component.clone());
    }
    let engine = match compiled.engines.entry(engine_key) {
        Entry::Occupied(engine) => engine.get().clone(),
        Entry::Vacant(place) => place.insert(new_engine(settings)?).clone(),
    };
    let wrong = |message: String| Error::Component { component: id.to_owned(), path: path.to_owned(), message };
    let component = compile(&engine, path).map_err(|error| wrong(one_line(&error)))?;
    let world = check(&component).map_err(wrong)?;
    compiled.components.insert(key, (component.clone(), world));
    Ok((component, world))
}

/// Compiles a file, or takes it from the cache. Threads that live on would keep the memory that compiling took; these end.
fn compile(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    let threads = ThreadPoolBuilder::new().build().context("cannot start threads to compile with")?;
    threads.install(|| Component::from_file(engine, path))
}

/// An error with its causes on one line.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn new_engine(settings: &Settings) -> Result<Engine, Error> {
    let wrong = |error: wasmtime::Error| Error::Engine(one_line(&error));
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config.consume_fuel(settings.fuel.is_some());
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)));
    match cache(settings.cache_dir.as_deref()) {
        Ok(cache) => {
            config.cache(Some(cache));
        }
        Err(error) if settings.cache_dir.is_some() => return Err(wrong(error)),
        Err(error) => settings
            .stderr
            .log(format_args!("components are compiled at each start, as there is no cache: {}", one_line(&error))),
    }
    let engine = Engine::new(&config).map_err(|error| {
        Error::Engine(format!("{} (fewer --max-instances need less address space)", one_line(&error)))
    })?;
    tick(&engine).map_err(|error| Error::Engine(format!("cannot start a thread: {error}")))?;
    Ok(engine)
}

/// Moves the engine's epoch on. A thread of its own, since instances that compute may occupy all others.
fn tick(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let ticking = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    };
    thread::Builder::new().name("epoch".to_owned()).spawn(ticking).map(|_| ())
}

fn pool(settings: &Settings) -> PoolingAllocationConfig {
    let instances = settings.max_instances;
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(instances);
    pool.total_core_instances(instances.saturating_mul(CORE_INSTANCES));
    pool.total_memories(instances.saturating_mul(MEMORIES));
    pool.total_tables(instances.saturating_mul(TABLES));
    pool.total_stacks(instances.saturating_mul(STACKS));
    pool.max_memory_size(settings.max_instance_memory);
    pool.linear_memory_keep_resident(KEPT_MEMORY);
    pool.table_keep_resident(KEPT_TABLE);
    pool
}

fn cache(folder: Option<&Path>) -> wasmtime::Result<Cache> {
    let mut config = CacheConfig::new();
    if let Some(folder) = folder {
        // wasmtime wants it absolute.
        config.with_directory(std::path::absolute(folder)?);
    }
    Cache::new(config)
}

/// The world of a component, unless this host would not run it; the error says why.
fn check(component: &Component) -> Result<World, String> {
    let exports: Vec<String> = component
        .component_type()
        .exports(component.engine())
        .filter(|(_, export)| matches!(export.ty, ComponentItem::ComponentInstance(_)))
        .map(|(name, _)| name.to_owned())
        .collect();
    let exported = |(_, handler): &&(World, &str)| exports.iter().any(|name| name.starts_with(handler));
    let Some((world, _)) = HANDLERS.iter().find(exported) else {
        let handlers = HANDLERS.map(|(_, handler)| handler).join(" nor ");
        return Err(format!("it exports neither {handlers}, so it answers no requests"));
    };
    match component.resources_required() {
        Some(needed) if needed.num_memories <= MEMORIES && needed.num_tables <= TABLES => Ok(*world),
        Some(needed) => Err(format!(
            "an instance needs {} memories and {} tables; this host gives {MEMORIES} and {TABLES}",
            needed.num_memories, needed.num_tables
        )),
        None => Err("it imports core modules, which this host does not give".to_owned()),
    }
}
