//! The simulation and the fuzz targets with inputs that proptest generates and shrinks.

use metered_realtime_verify::{Dice, fuzz, run};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_choices_make_a_session_that_keeps_all_rules(
        choices in prop::collection::vec(any::<u64>(), 0..400),
    ) {
        let broken = run(Dice::scripted(choices), false).broken;
        prop_assert_eq!(broken, None);
    }

    #[test]
    fn any_inputs_and_calls_in_any_order_break_no_rule(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        fuzz::inputs(&bytes);
    }

    #[test]
    fn any_inputs_and_calls_of_a_room_in_any_order_break_no_rule(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        fuzz::room(&bytes);
    }

    #[test]
    fn any_text_is_a_frame_or_is_dropped_and_ends_no_connection(text in ".*") {
        fuzz::frame(text.as_bytes());
    }
}
