//! Three processes of the server and a real `nats-server`. Set-up installs it; those that take minutes run by
//! `cargo xtask cluster`.

mod brief;
mod client;
mod faults;
mod link;
mod processes;
