//! The listeners of a client, handlers and streams, and how an event reaches them (rules 205 to 225).
//!
//! There is one list per type of event. An event goes to the listeners that were there when it arrived: handlers first, in the
//! order in which they were added, then streams. Handlers run with nothing locked, so they may call anything.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::events::Event;
use super::panics::catch_panic;
use super::send::{BoxFuture, Callback, MaybeSend};
use super::stream::{AnyBuffer, Buffer, EventStream};

/// Identifies one registration of a handler, for [`off`](crate::SignallingClient::off).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandlerId(u64);

/// Runs the futures of asynchronous handlers.
pub(crate) type Spawn<'a> = &'a mut dyn FnMut(BoxFuture<()>);

/// A point in time: listeners up to a mark were added before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark(u64);

/// All listeners of one client.
#[derive(Default)]
pub(crate) struct Emitter {
    lists: Mutex<Lists>,
}

#[derive(Default)]
struct Lists {
    last_id: u64,
    /// A [`Listeners`] for each type of event that was ever listened for.
    by_type: HashMap<TypeId, Box<dyn AnyListeners>>,
}

/// The listeners for one type of event. Both lists are replaced when they change, so that a dispatch keeps the one it began
/// with.
struct Listeners<E> {
    handlers: Arc<Vec<Handler<E>>>,
    streams: Arc<Vec<(u64, Arc<Buffer<E>>)>>,
    warned: bool,
}

struct Handler<E> {
    id: u64,
    once: bool,
    callback: Arc<Mutex<Callback<E>>>,
}

impl Emitter {
    pub(crate) fn on<E: Event>(
        &self,
        mut handler: impl FnMut(&E) + MaybeSend + 'static,
    ) -> HandlerId {
        self.add::<E>(
            false,
            Box::new(move |event| {
                handler(event);
                None
            }),
        )
    }

    pub(crate) fn once<E: Event>(
        &self,
        handler: impl FnOnce(&E) + MaybeSend + 'static,
    ) -> HandlerId {
        let mut handler = Some(handler);
        self.add::<E>(
            true,
            Box::new(move |event| {
                if let Some(handler) = handler.take() {
                    handler(event);
                }
                None
            }),
        )
    }

    pub(crate) fn on_async<E: Event, F: Future<Output = ()> + MaybeSend + 'static>(
        &self,
        mut handler: impl FnMut(E) -> F + MaybeSend + 'static,
    ) -> HandlerId {
        self.add::<E>(false, Box::new(move |event| Some(Box::pin(handler(event.clone())))))
    }

    pub(crate) fn off(&self, id: HandlerId) -> bool {
        self.remove_handlers(|handler| handler == id.0)
    }

    pub(crate) fn stream<E: Event>(&self, capacity: usize) -> EventStream<E> {
        let buffer = Arc::new(Buffer::new(capacity));
        let mut lists = self.lock();
        let id = lists.next_id();
        let list = lists.of::<E>();
        list.forget_ended_streams();
        Arc::make_mut(&mut list.streams).push((id, Arc::clone(&buffer)));
        drop(lists);
        EventStream::new(buffer)
    }

    /// Hands an event to all listeners for its type.
    pub(crate) fn emit<E: Event>(&self, event: &E, spawn: Spawn<'_>) {
        let (handlers, streams) = {
            let mut lists = self.lock();
            let list = lists.of::<E>();
            (Arc::clone(&list.handlers), Arc::clone(&list.streams))
        };
        for handler in handlers.iter() {
            if handler.once {
                self.off(HandlerId(handler.id));
            }
            if let Some(task) = run(handler, event) {
                spawn(task);
            }
        }
        let mut all_open = true;
        for (_, stream) in streams.iter() {
            all_open &= stream.push(event.clone());
        }
        if !all_open {
            self.lock().of::<E>().forget_ended_streams();
        }
    }

    /// The current time as a mark.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().last_id)
    }

    /// Drops all handlers up to the mark.
    pub(crate) fn forget(&self, mark: Mark) {
        self.remove_handlers(|handler| handler <= mark.0);
    }

    /// Ends all streams up to the mark. What they hold can still be read.
    pub(crate) fn end_streams(&self, mark: Mark) {
        let mut ended = Vec::new();
        let mut lists = self.lock();
        lists.by_type.values_mut().for_each(|list| list.take_streams(mark, &mut ended));
        drop(lists);
        // With the lock released: this wakes readers, and a waker is foreign code.
        ended.iter().for_each(|stream| stream.end());
    }

    /// `false`: there was none.
    fn remove_handlers(&self, is_unwanted: impl Fn(u64) -> bool) -> bool {
        let mut lists = self.lock();
        let removed: Vec<_> =
            lists.by_type.values_mut().filter_map(|list| list.remove(&is_unwanted)).collect();
        drop(lists);
        // Dropped with the lock released: the destructor of a handler is the user's code.
        !removed.is_empty()
    }

    fn add<E: Event>(&self, once: bool, callback: Callback<E>) -> HandlerId {
        let callback = Arc::new(Mutex::new(callback));
        let mut lists = self.lock();
        let id = lists.next_id();
        let list = lists.of::<E>();
        Arc::make_mut(&mut list.handlers).push(Handler { id, once, callback });
        let warn = list.handlers.len() >= MANY && !std::mem::replace(&mut list.warned, true);
        drop(lists);
        if warn {
            catch_panic(|| {
                tracing::warn!(
                    target: "metered_realtime",
                    event = E::NAME,
                    "{MANY} handlers for one event: are they added again and again?"
                );
            });
        }
        HandlerId(id)
    }

    fn lock(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lists {
    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn of<E: Event>(&mut self) -> &mut Listeners<E> {
        let list = self
            .by_type
            .entry(TypeId::of::<E>())
            .or_insert_with(|| Box::new(Listeners::<E>::default()));
        let list: &mut dyn Any = &mut **list;
        list.downcast_mut().expect("the key is the type of the event")
    }
}

/// [`Listeners`] for a type of event that does not matter.
trait AnyListeners: Any + MaybeSend {
    /// Takes handlers out and returns the old list; `None` if there were none.
    fn remove(&mut self, is_unwanted: &dyn Fn(u64) -> bool) -> Option<Box<dyn Any>>;

    fn take_streams(&mut self, mark: Mark, taken: &mut Vec<Arc<dyn AnyBuffer>>);
}

impl<E: Event> AnyListeners for Listeners<E> {
    fn remove(&mut self, is_unwanted: &dyn Fn(u64) -> bool) -> Option<Box<dyn Any>> {
        if !self.handlers.iter().any(|handler| is_unwanted(handler.id)) {
            return None;
        }
        let kept: Vec<_> =
            self.handlers.iter().filter(|handler| !is_unwanted(handler.id)).cloned().collect();
        self.warned &= kept.len() >= MANY;
        Some(Box::new(std::mem::replace(&mut self.handlers, Arc::new(kept))))
    }

    fn take_streams(&mut self, mark: Mark, taken: &mut Vec<Arc<dyn AnyBuffer>>) {
        let (old, new): (Vec<_>, Vec<_>) =
            self.streams.iter().cloned().partition(|(id, _)| *id <= mark.0);
        taken.extend(old.into_iter().map(|(_, stream)| stream as Arc<dyn AnyBuffer>));
        self.streams = Arc::new(new);
    }
}

impl<E> Listeners<E> {
    fn forget_ended_streams(&mut self) {
        let open = self.streams.iter().filter(|(_, stream)| !stream.is_ended());
        self.streams = Arc::new(open.cloned().collect());
    }
}

impl<E> Default for Listeners<E> {
    fn default() -> Listeners<E> {
        Listeners { handlers: Arc::default(), streams: Arc::default(), warned: false }
    }
}

impl<E> Clone for Handler<E> {
    fn clone(&self) -> Handler<E> {
        Handler { id: self.id, once: self.once, callback: Arc::clone(&self.callback) }
    }
}

/// Runs a handler. If it panics, that is logged, and the next handler runs.
fn run<E: Event>(handler: &Handler<E>, event: &E) -> Option<BoxFuture<()>> {
    let mut callback = handler.callback.lock().unwrap_or_else(PoisonError::into_inner);
    let task = catch_panic(|| callback(event));
    if task.is_none() {
        catch_panic(|| {
            tracing::error!(target: "metered_realtime", event = E::NAME, "a handler panicked");
        });
    }
    task.flatten()
}

/// From this many handlers of one event on there is probably a leak (rule 217).
const MANY: usize = 100;
