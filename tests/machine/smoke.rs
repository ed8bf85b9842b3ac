//! The harness itself.

use crate::sim::Sim;

#[test]
fn the_harness_runs() {
    let mut sim = Sim::new();
    sim.connect();
    println!("{:#?}", sim.lines());
    let call = sim.subscribe("a").unwrap();
    sim.ack(call);
    sim.drop_connection(1006);
    sim.advance(100_000);
    sim.close();
    println!("{:#?}", sim.timed_lines());
}
