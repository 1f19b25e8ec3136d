//! Looks for inputs for which the property `settings` does not hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| redstart_properties::settings::check(input));
