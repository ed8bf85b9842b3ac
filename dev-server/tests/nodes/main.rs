//! Several hubs and a model of the bus between them, under one clock and one seed: no sockets, and nothing waits.

mod bus;
mod client;
mod cluster;
mod meaning;
mod random;
mod simulation;
