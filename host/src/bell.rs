//! Whether a future was woken: what polls it at every turn of its own does not say.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

use futures_util::task::AtomicWaker;

/// Wakes a task, and remembers that it did. Its waker is for what the future waits for.
pub(crate) struct Bell {
    has_rung: AtomicBool,
    task: AtomicWaker,
}

impl Bell {
    /// One that has rung: a future begins by being polled.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { has_rung: AtomicBool::new(true), task: AtomicWaker::new() })
    }

    /// Whether it has rung since it was last asked; when it rings from now on, it wakes `task`.
    pub fn has_rung(&self, task: &Waker) -> bool {
        // First: what rings before it is seen below.
        self.task.register(task);
        self.has_rung.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn it_rings_at_first_and_then_when_it_is_woken() {
        let (bell, task) = (Bell::new(), Arc::<Task>::default());
        let (of_bell, of_task) = (Waker::from(Arc::clone(&bell)), Waker::from(Arc::clone(&task)));
        assert!(bell.has_rung(&of_task) && !bell.has_rung(&of_task));
        of_bell.wake_by_ref();
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
        assert!(bell.has_rung(&of_task) && !bell.has_rung(&of_task));
    }
}
