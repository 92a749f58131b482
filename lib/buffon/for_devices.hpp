/// Work on several devices side by side, a thread of the processor for each: what waits for one must not hold up the
/// others. Not installed.
#pragma once

#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

namespace buffon {

/// Calls f(0), ..., f(n - 1), on this thread where n is 1. All end; the exception of the smallest that threw is rethrown.
template <class F>
void for_devices(std::int64_t n, const F& f) {
    if (n == 1) return f(0);
    std::vector<std::exception_ptr> errors(static_cast<std::size_t>(n));
    {
        std::vector<std::jthread> threads;
        for (std::int64_t k = 0; k < n; ++k)
            threads.emplace_back([&, k] {
                try {
                    f(k);
                } catch (...) {
                    errors[static_cast<std::size_t>(k)] = std::current_exception();
                }
            });
    }
    for (const std::exception_ptr& error : errors)
        if (error) std::rethrow_exception(error);
}

}  // namespace buffon
