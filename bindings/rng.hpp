/// The key of a random number argument, as SPEC 7 of Scientific Python has it.
#pragma once

#include <cstdint>
#include <string>

#include <pybind11/pybind11.h>

/// int in 0 ... 2^64 - 1: the key itself; numpy Generator, BitGenerator or SeedSequence: one key drawn from it; None: fresh.
/// `function` begins the message of an error.
std::uint64_t rng_key(pybind11::handle rng, const std::string& function = "");
