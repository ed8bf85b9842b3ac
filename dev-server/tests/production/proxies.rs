//! Behind a proxy: X-Forwarded-For is believed only from trusted addresses.

use crate::client::{Client, open};
use crate::process::{KEY, Server};

async fn dial(server: &Server, forwarded_for: &str) -> Result<Client, u16> {
    let query = format!("key={KEY}");
    let headers = [("x-forwarded-for", forwarded_for)];
    Client::dial(open(server).await.unwrap(), &query, &headers).await
}

#[tokio::test]
async fn each_client_behind_a_trusted_proxy_has_a_rate_of_its_own() {
    let server = Server::behind("127.0.0.0/8", "", "connectsPerWindow = 2");
    for client in ["203.0.113.1", "203.0.113.2"] {
        for _ in 0..2 {
            assert!(dial(&server, client).await.is_ok(), "{client}");
        }
        assert_eq!(dial(&server, client).await.err(), Some(429), "{client}");
        let forged = format!("198.51.100.9, {client}");
        assert_eq!(dial(&server, &forged).await.err(), Some(429), "{forged}");
    }
    assert!(server.log().contains(r#""client":"203.0.113.2""#), "{}", server.log());
}

#[tokio::test]
async fn nobody_else_is_believed() {
    let server = Server::behind("192.0.2.1", "", "connectsPerWindow = 2");
    assert!(dial(&server, "203.0.113.1").await.is_ok());
    assert!(dial(&server, "203.0.113.2").await.is_ok());
    assert_eq!(dial(&server, "203.0.113.3").await.err(), Some(429));
    assert!(!server.log().contains("203.0.113"), "{}", server.log());
}

#[tokio::test]
async fn each_client_behind_a_trusted_proxy_has_places_of_its_own() {
    let server = Server::behind("127.0.0.1", "", "connectionsPerAddress = 2");
    let mut held = Vec::new();
    for client in ["203.0.113.1", "2001:db8::1"] {
        held.push(dial(&server, client).await.unwrap());
        held.push(dial(&server, client).await.unwrap());
        assert_eq!(dial(&server, client).await.err(), Some(429), "{client}");
    }
    assert_eq!(dial(&server, "2001:db8::2").await.err(), Some(429), "the same network");
    for mut client in held {
        assert_eq!(client.frame().await["type"], "welcome");
        assert!(client.is_alive().await);
    }
}
