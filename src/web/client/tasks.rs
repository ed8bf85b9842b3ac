//! Asynchronous handlers on their way: who runs, and whether `close()` has to wait for them (decisions, item 4).

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;

use crate::client::BoxFuture;

#[derive(Default)]
pub(super) struct Tasks {
    last_id: Cell<u64>,
    running: RefCell<Vec<Task>>,
    /// Whose future is being polled.
    current: Cell<Option<u64>>,
    /// `close()` waits for the end of them.
    draining: Cell<bool>,
}

struct Task {
    id: u64,
    /// It waits for `close()` itself.
    excused: bool,
}

impl Tasks {
    /// Runs a handler's future, which counts as running from now on.
    pub(super) fn run(
        self: &Rc<Self>,
        mut task: BoxFuture<()>,
    ) -> impl Future<Output = ()> + use<> {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        self.running.borrow_mut().push(Task { id, excused: false });
        let tasks = Rc::clone(self);
        async move {
            poll_fn(|cx| {
                let before = tasks.current.replace(Some(id));
                let polled = task.as_mut().poll(cx);
                tasks.current.set(before);
                polled
            })
            .await;
            drop(task);
            tasks.running.borrow_mut().retain(|task| task.id != id);
        }
    }

    /// The task that runs now waits for `close()`, which must not wait for it.
    pub(super) fn excuse_current(&self) {
        for task in self.running.borrow_mut().iter_mut() {
            task.excused |= Some(task.id) == self.current.get();
        }
    }

    /// Asks for [`drained`](Self::drained) to become true once.
    pub(super) fn drain(&self) {
        self.draining.set(true);
    }

    /// Whether, as was asked, none runs any more, apart from those that wait for `close()` themselves.
    pub(super) fn drained(&self) -> bool {
        let drained = self.draining.get() && self.running.borrow().iter().all(|task| task.excused);
        if drained {
            self.draining.set(false);
        }
        drained
    }

    /// `close()` is done; the next one waits for all that run then.
    pub(super) fn accuse_all(&self) {
        for task in self.running.borrow_mut().iter_mut() {
            task.excused = false;
        }
    }
}
