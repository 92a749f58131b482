/// A denoiser as a value: (x, sigma, condition) -> E[x0 | x = x0 + sigma eps]. Exact models give one, wrappers make new ones.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon {
struct DeviceQueue;
}

namespace buffon::diffusion {

struct DeviceQuery;

/// A denoiser on a CUDA device: device_denoiser.hpp.
using DeviceFunction = std::function<void(const DeviceQuery&)>;

/// What is asked: n rows at once.
struct Query {
    ConstView x;                              // (n, d)
    std::span<const double> sigma;            // one noise level for all rows, or one per row
    std::span<const std::int64_t> labels;     // empty: unconditional; else a class per row, -1 for none
    int threads = 1;                          // that may be used; 0 for all
};

class Denoiser {
public:
    /// Writes E[x0 | x] into `out` (n, d). Must treat rows by themselves: bits depend neither on the batch nor on threads.
    using Function = std::function<void(const Query&, View out)>;

    struct Traits {
        std::string name = "denoiser";
        std::int64_t classes = 0;             // labels are 0 ... classes - 1; 0: takes no labels
        bool concurrent = true;               // may be called by several threads at once
        double sigma_min = 0.0;               // noise levels that it knows
        double sigma_max = std::numeric_limits<double>::infinity();
        /// Rows of the model underneath that one row costs at this level, with a class or without; empty: one.
        std::function<std::int64_t(double sigma, bool conditional)> rows = {};
        // Exact models draw their data: rows 0, 1, ... of a stream, of one class (-1: of all), into (n, d).
        std::function<void(const Stream&, std::int64_t label, View out)> draw = {};
        /// Puts what it needs on a device; empty: it computes on the processor only.
        std::function<DeviceFunction(const DeviceQueue&)> on_device = {};
    };

    /// @throw std::invalid_argument for dim < 1 or no function.
    Denoiser(std::int64_t dim, Function function, Traits traits);
    Denoiser(std::int64_t dim, Function function) : Denoiser(dim, std::move(function), Traits{}) {}

    std::int64_t dim() const { return dim_; }
    const Traits& traits() const { return traits_; }
    /// E[x0 | x]. @throw std::invalid_argument for a wrong shape, a label or a level that the denoiser does not know.
    void denoise(const Query& query, View out) const;
    /// @throw std::invalid_argument for levels or labels that the denoiser does not know, or that are not one or one of n each.
    void check(std::span<const double> sigma, std::span<const std::int64_t> labels, std::int64_t n) const;
    /// (E[x0 | x] - x) / sigma^2. @throw also for sigma = 0.
    void score(const Query& query, View out) const;

private:
    std::int64_t dim_;
    Function function_;
    Traits traits_;
};

}  // namespace buffon::diffusion
