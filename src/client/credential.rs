//! The token provider: the user's asynchronous function that gets a token from the user's own backend (rules 145 to 156).

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;

use super::panics::catch_panic;
use super::send::{BoxFuture, MaybeSend, MaybeSync, ProviderFn};
use metered_realtime_proto::machine::ProviderFailure;
use metered_realtime_proto::wire::Secret;

/// What a token provider may return: a `String`, a `&'static str`, or a `Result` of something that becomes a `String`
/// and any error that can be displayed.
pub trait TokenResult: sealed::Sealed {}

mod sealed {
    pub trait Sealed {
        /// The token, or the text of the error.
        fn into_token(self) -> Result<String, String>;
    }
}

impl TokenResult for String {}
impl sealed::Sealed for String {
    fn into_token(self) -> Result<String, String> {
        Ok(self)
    }
}

impl TokenResult for &'static str {}
impl sealed::Sealed for &'static str {
    fn into_token(self) -> Result<String, String> {
        Ok(self.to_owned())
    }
}

impl<T: Into<String>, E: fmt::Display> TokenResult for Result<T, E> {}
impl<T: Into<String>, E: fmt::Display> sealed::Sealed for Result<T, E> {
    fn into_token(self) -> Result<String, String> {
        self.map(Into::into).map_err(|error| error.to_string())
    }
}

/// The provider, without its concrete type.
#[derive(Clone)]
pub(crate) struct Provider(Arc<ProviderFn<Result<Secret, ProviderFailure>>>);

impl Provider {
    pub(crate) fn new<F, Fut>(provider: F) -> Provider
    where
        F: Fn() -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output: TokenResult> + MaybeSend + 'static,
    {
        Provider(Arc::new(move || {
            let answer = provider();
            Box::pin(async move {
                use sealed::Sealed;
                answer.await.into_token().map(Secret::new).map_err(failure)
            })
        }))
    }

    /// Asks for a token. A panic of the provider is a failure like any other.
    pub(crate) fn fetch(&self) -> BoxFuture<Result<Secret, ProviderFailure>> {
        match catch_panic(|| (self.0)()) {
            Some(answer) => Box::pin(AssertUnwindSafe(answer).catch_unwind().map(|result| {
                result.unwrap_or_else(|panic| {
                    catch_panic(move || drop(panic));
                    Err(panicked())
                })
            })),
            None => Box::pin(std::future::ready(Err(panicked()))),
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

fn failure(message: String) -> ProviderFailure {
    ProviderFailure::new("Error", &message)
}

fn panicked() -> ProviderFailure {
    ProviderFailure::new("Panic", "the token provider panicked")
}
