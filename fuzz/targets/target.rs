//! Looks for inputs for which the property `target` does not hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| redstart_properties::target::check(input));
