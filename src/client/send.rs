//! `Send` where tasks move between threads, and no requirement where there is only one thread.

#[cfg(not(target_arch = "wasm32"))]
mod bounds {
    use std::future::Future;
    use std::pin::Pin;

    /// `Send` natively; nothing in a browser.
    pub trait MaybeSend: Send {}
    impl<T: Send + ?Sized> MaybeSend for T {}

    /// `Sync` natively; nothing in a browser.
    pub trait MaybeSync: Sync {}
    impl<T: Sync + ?Sized> MaybeSync for T {}

    /// A future of the user.
    pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

    /// A handler of the user. It returns a future if it is asynchronous.
    pub(crate) type Callback<E> = Box<dyn FnMut(&E) -> Option<BoxFuture<()>> + Send>;

    /// The token provider of the user.
    pub(crate) type ProviderFn<T> = dyn Fn() -> BoxFuture<T> + Send + Sync;
}

#[cfg(target_arch = "wasm32")]
mod bounds {
    use std::future::Future;
    use std::pin::Pin;

    /// `Send` natively; nothing in a browser.
    pub trait MaybeSend {}
    impl<T: ?Sized> MaybeSend for T {}

    /// `Sync` natively; nothing in a browser.
    pub trait MaybeSync {}
    impl<T: ?Sized> MaybeSync for T {}

    /// A future of the user.
    pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

    /// A handler of the user. It returns a future if it is asynchronous.
    pub(crate) type Callback<E> = Box<dyn FnMut(&E) -> Option<BoxFuture<()>>>;

    /// The token provider of the user.
    pub(crate) type ProviderFn<T> = dyn Fn() -> BoxFuture<T>;
}

pub(crate) use bounds::{BoxFuture, Callback, ProviderFn};
pub use bounds::{MaybeSend, MaybeSync};
