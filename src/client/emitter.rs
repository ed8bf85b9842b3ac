//! Who listens: handlers and streams, and how an event reaches them (spec B.15, B.16).
//!
//! One list per type of event. An event goes to the listeners that were there when it came, handlers first, in the order in
//! which they were added. Handlers run with nothing locked, so they may call anything.

use std::any::Any;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::events::{
    Connected, Direct, Disconnected, Event, GoingAway, Message, Presence, ServerError, StateChange,
    TokenProviderError,
};
use super::send::{BoxFuture, Callback, MaybeSend};
use super::shield::shield;
use super::stream::{Buffer, Ends, EventStream};

/// Names one registration of a handler, for [`off`](crate::SignallingClient::off).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandlerId(u64);

/// Runs the futures of asynchronous handlers.
pub(crate) type Spawn<'a> = &'a mut dyn FnMut(BoxFuture<()>);

/// Everything registered before it is older than a mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark(u64);

/// All listeners of one client.
#[derive(Default)]
pub(crate) struct Emitter {
    lists: Mutex<Lists>,
    /// How often the lists were locked for a change.
    changes: AtomicU64,
}

/// Who listens for one type of event, until somebody comes or goes.
pub(crate) struct Audience<E> {
    changes: u64,
    handlers: Arc<Vec<Handler<E>>>,
    streams: Arc<Vec<(u64, Arc<Buffer<E>>)>>,
}

#[derive(Default)]
pub struct Lists {
    last_id: u64,
    pub(super) connected: Listeners<Connected>,
    pub(super) disconnected: Listeners<Disconnected>,
    pub(super) state_change: Listeners<StateChange>,
    pub(super) message: Listeners<Message>,
    pub(super) direct: Listeners<Direct>,
    pub(super) presence: Listeners<Presence>,
    pub(super) server_error: Listeners<ServerError>,
    pub(super) going_away: Listeners<GoingAway>,
    pub(super) token_provider_error: Listeners<TokenProviderError>,
}

/// Does the same with every list.
macro_rules! for_each_list {
    ($lists:expr, $list:ident => $do:expr) => {{
        let Lists {
            last_id: _,
            connected,
            disconnected,
            state_change,
            message,
            direct,
            presence,
            server_error,
            going_away,
            token_provider_error,
        } = $lists;
        for_each_list!(@ $list => $do; connected disconnected state_change message direct presence
            server_error going_away token_provider_error);
    }};
    (@ $list:ident => $do:expr; $($name:ident)*) => {
        $({ let $list = $name; $do; })*
    };
}

/// The listeners for one type of event. Both lists are copied when they change, so that a dispatch can keep the old one.
pub struct Listeners<E> {
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
        // Dropped when the lock is released: a handler's destructor is the user's code.
        let mut removed: Vec<Box<dyn Any>> = Vec::new();
        let mut lists = self.change();
        for_each_list!(&mut *lists, list => removed.extend(list.remove(|handler| handler == id.0)));
        drop(lists);
        !removed.is_empty()
    }

    pub(crate) fn stream<E: Event>(&self, capacity: usize) -> EventStream<E> {
        let buffer = Arc::new(Buffer::new(capacity));
        let mut lists = self.change();
        let id = lists.next_id();
        let list = E::listeners(&mut lists);
        list.forget_ended_streams();
        Arc::make_mut(&mut list.streams).push((id, Arc::clone(&buffer)));
        drop(lists);
        EventStream::new(buffer)
    }

    /// Hands an event to all that listen for its type.
    pub(crate) fn emit<E: Event>(&self, event: E, spawn: Spawn<'_>) {
        self.emit_to(&mut None, event, spawn);
    }

    /// The same for one of many events: `known` are those who were told of the last one. Keep it only while events come.
    pub(crate) fn emit_to<E: Event>(
        &self,
        known: &mut Option<Audience<E>>,
        event: E,
        spawn: Spawn<'_>,
    ) {
        let changes = self.changes.load(Ordering::Acquire);
        let current = known.take().filter(|audience| audience.changes == changes);
        let Audience { handlers, streams, .. } =
            known.insert(current.unwrap_or_else(|| self.audience()));
        for handler in handlers.iter() {
            if handler.once {
                self.off(HandlerId(handler.id));
            }
            if let Some(task) = run(handler, &event) {
                spawn(task);
            }
        }
        let Some(((_, last), others)) = streams.split_last() else { return };
        let mut wanted = true;
        for (_, stream) in others {
            wanted &= stream.push(event.clone());
        }
        wanted &= last.push(event);
        if !wanted {
            E::listeners(&mut self.change()).forget_ended_streams();
        }
    }

    fn audience<E: Event>(&self) -> Audience<E> {
        let mut lists = self.lock();
        let changes = self.changes.load(Ordering::Relaxed);
        let list = E::listeners(&mut lists);
        Audience {
            changes,
            handlers: Arc::clone(&list.handlers),
            streams: Arc::clone(&list.streams),
        }
    }

    /// Now, as a mark.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().last_id)
    }

    /// Drops all handlers that are older than the mark.
    pub(crate) fn forget(&self, mark: Mark) {
        let mut removed: Vec<Box<dyn Any>> = Vec::new();
        let mut lists = self.change();
        for_each_list!(&mut *lists, list => removed.extend(list.remove(|handler| handler <= mark.0)));
        drop(lists);
    }

    /// Ends all streams that are older than the mark, after what they hold.
    pub(crate) fn end_streams(&self, mark: Mark) {
        // Ended when the lock is released: that wakes readers, and a waker is foreign code.
        let mut ended: Vec<Arc<dyn Ends>> = Vec::new();
        let mut lists = self.change();
        for_each_list!(&mut *lists, list => list.take_streams(mark, &mut ended));
        drop(lists);
        ended.iter().for_each(|stream| stream.end());
    }

    fn add<E: Event>(&self, once: bool, callback: Callback<E>) -> HandlerId {
        let callback = Arc::new(Mutex::new(callback));
        let mut lists = self.change();
        let id = lists.next_id();
        let list = E::listeners(&mut lists);
        let handler = Handler { id, once, callback };
        list.handlers = Arc::new(list.handlers.iter().cloned().chain([handler]).collect());
        let warn = list.handlers.len() >= MANY && !std::mem::replace(&mut list.warned, true);
        drop(lists);
        if warn {
            shield(|| {
                tracing::warn!(
                    target: "metered_realtime",
                    event = E::NAME,
                    "{MANY} handlers for one event: are they added again and again?"
                );
            });
        }
        HandlerId(id)
    }

    fn change(&self) -> MutexGuard<'_, Lists> {
        let lists = self.lock();
        self.changes.fetch_add(1, Ordering::Release);
        lists
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
}

impl<E: MaybeSend + 'static> Listeners<E> {
    /// Takes handlers out and gives the old list, to be dropped outside of the lock; `None` if there were none.
    fn remove(&mut self, is_unwanted: impl Fn(u64) -> bool) -> Option<Box<dyn Any>> {
        if !self.handlers.iter().any(|handler| is_unwanted(handler.id)) {
            return None;
        }
        let kept: Vec<_> =
            self.handlers.iter().filter(|handler| !is_unwanted(handler.id)).cloned().collect();
        self.warned &= kept.len() >= MANY;
        Some(Box::new(std::mem::replace(&mut self.handlers, Arc::new(kept))))
    }

    fn forget_ended_streams(&mut self) {
        let alive = self.streams.iter().filter(|(_, stream)| !stream.is_ended());
        self.streams = Arc::new(alive.cloned().collect());
    }

    fn take_streams(&mut self, mark: Mark, taken: &mut Vec<Arc<dyn Ends>>) {
        let (old, new): (Vec<_>, Vec<_>) =
            self.streams.iter().cloned().partition(|(id, _)| *id <= mark.0);
        taken.extend(old.into_iter().map(|(_, stream)| stream as Arc<dyn Ends>));
        self.streams = Arc::new(new);
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

/// Runs a handler of the user's; whatever it does, the next one has its turn.
fn run<E: Event>(handler: &Handler<E>, event: &E) -> Option<BoxFuture<()>> {
    let mut callback = handler.callback.lock().unwrap_or_else(PoisonError::into_inner);
    let task = shield(|| callback(event));
    if task.is_none() {
        shield(|| {
            tracing::error!(target: "metered_realtime", event = E::NAME, "a handler panicked");
        });
    }
    task.flatten()
}

/// From so many handlers of one event on there is probably a leak (spec B.15).
const MANY: usize = 100;
