//! Looks for inputs for which the property `conditions` does not hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| redstart_properties::conditions::check(input));
