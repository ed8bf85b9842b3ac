//! The addresses of clients: read behind proxies, and counted.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::HeaderMap;
use ipnet::IpNet;

/// Whether an address is that of a trusted proxy.
pub(super) fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// The address of the client behind a request. The header is read only if the request comes from a trusted proxy; then the
/// client is the last address in it that is not a trusted proxy itself.
pub(super) fn client_of(trusted: &[IpNet], remote: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut client = remote.to_canonical();
    let values = headers.get_all("x-forwarded-for").into_iter();
    let hops: Vec<&str> =
        values.flat_map(|value| value.to_str().unwrap_or("?").split(',')).collect();
    for hop in hops.iter().rev() {
        if !is_trusted(trusted, client) {
            break;
        }
        // A trusted proxy writes addresses. What comes before anything else cannot be trusted.
        let Some(address) = address_of(hop.trim()) else { break };
        client = address.to_canonical();
    }
    client
}

/// `1.2.3.4`, `1.2.3.4:5`, `::1` or `[::1]:5`.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| hop.parse().ok().map(|addr: std::net::SocketAddr| addr.ip()))
}

/// The address for counting. An IPv6 address counts as its /64 network, because its owner usually has all of it.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// How many connections there are, by address.
#[derive(Debug, Default)]
pub(super) struct Places {
    max: Option<usize>,
    max_per_address: Option<usize>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The limit that leaves no place for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowded {
    /// The server has as many connections as it may have.
    Server,
    /// The address has as many connections as it may have.
    Address,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

impl Places {
    pub(super) fn new(max: Option<usize>, max_per_address: Option<usize>) -> Arc<Places> {
        Arc::new(Places { max, max_per_address, taken: Mutex::default() })
    }

    /// A place among all connections.
    pub(super) fn take(self: &Arc<Self>) -> Result<Place, Crowded> {
        let mut taken = self.lock();
        if self.max.is_some_and(|max| taken.all >= max) {
            return Err(Crowded::Server);
        }
        taken.all += 1;
        Ok(Place { places: Arc::clone(self), address: None })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Makes it one of an address's places; it leaves the one that it belonged to.
    pub(super) fn assign(&mut self, address: IpAddr) -> Result<(), Crowded> {
        let Some(max) = self.places.max_per_address else { return Ok(()) };
        let address = counted(address);
        if self.address == Some(address) {
            return Ok(());
        }
        let mut taken = self.places.lock();
        if taken.by_address.get(&address).is_some_and(|count| *count >= max) {
            return Err(Crowded::Address);
        }
        *taken.by_address.entry(address).or_default() += 1;
        taken.leave(self.address.replace(address));
        Ok(())
    }
}

impl Taken {
    fn leave(&mut self, address: Option<IpAddr>) {
        let Some(address) = address else { return };
        if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        taken.leave(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], remote: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        client_of(&trusted, remote.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_asked_for_the_address() {
        let proxies = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(client(&proxies, "10.1.2.3", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client(&proxies, "fd00::1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(client(&proxies, "192.0.2.1", &["203.0.113.7"]), "192.0.2.1");
        assert_eq!(client(&[], "10.1.2.3", &["203.0.113.7"]), "10.1.2.3");
        assert_eq!(client(&proxies, "::ffff:10.1.2.3", &["203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn what_a_client_wrote_itself_is_not_believed() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(client(&proxies, "10.0.0.1", &["127.0.0.1, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(
            client(&proxies, "10.0.0.1", &["127.0.0.1", "203.0.113.7, 10.0.0.2"]),
            "203.0.113.7"
        );
        assert_eq!(client(&proxies, "10.0.0.1", &["127.0.0.1, rubbish"]), "10.0.0.1");
        assert_eq!(client(&proxies, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&proxies, "10.0.0.1", &["10.0.0.3"]), "10.0.0.3");
    }

    #[test]
    fn ports_and_brackets_are_no_part_of_an_address() {
        let proxies = ["10.0.0.0/8"];
        for (hop, address) in [
            ("203.0.113.7:4711", "203.0.113.7"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(client(&proxies, "10.0.0.1", &[hop]), address);
        }
    }

    #[test]
    fn an_address_gets_its_places_back() {
        let places = Places::new(Some(3), Some(2));
        let [a, b]: [IpAddr; 2] = ["2001:db8::1", "2001:db8::2"].map(|a| a.parse().unwrap());
        let mut first = places.take().unwrap();
        let mut second = places.take().unwrap();
        let mut third = places.take().unwrap();
        assert_eq!(places.take().unwrap_err(), Crowded::Server);
        assert_eq!(first.assign(a), Ok(()));
        assert_eq!(first.assign(a), Ok(()), "it has its place");
        assert_eq!(second.assign(b), Ok(()));
        assert_eq!(third.assign(a), Err(Crowded::Address), "one network is one address");
        drop(first);
        assert_eq!(third.assign(a), Ok(()));
        drop((second, third));
        assert!(places.lock().by_address.is_empty());
        assert_eq!(places.lock().all, 0);
    }
}
