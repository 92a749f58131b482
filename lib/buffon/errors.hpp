/// What stops an estimator before its end, with what was finished until then.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <buffon/sample.hpp>

namespace buffon {

struct Estimate;

/// The finished work of a run that stopped early.
struct Unfinished {
    Sample sample;                             // finished batches (the first 32 MB of them; all with keep = sample)
    std::shared_ptr<const Estimate> partial;   // from the finished batches; null when there are too few
};

/// The model failed: it raised, gave the wrong shape, NaN or infinity.
struct ModelError : std::runtime_error, Unfinished {
    ModelError(const std::string& message, std::int64_t index, std::vector<double> point)
        : std::runtime_error(message), index(index), point(std::move(point)) {}

    std::int64_t index;          // of the first offending point among those of the run
    std::vector<double> point;   // (d)
    std::exception_ptr cause;    // what the model threw, if it did
};

/// The user wants to stop (Ctrl-C in Python). Not a std::exception: nothing on the way may take it for a failure.
struct Interrupted : Unfinished {
    std::exception_ptr cause;
};

}  // namespace buffon
