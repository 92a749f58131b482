/// Progress over passes through pairs of points, one after the other. Not installed.
#pragma once

#include <cstdint>
#include <functional>

#include <buffon/run.hpp>

namespace buffon {

class PairsTold {
public:
    PairsTold(const Progress& progress, std::int64_t total) : progress_(progress), total_(total) {}

    /// What the next pass, of so many pairs, tells of those that are done.
    std::function<void(std::int64_t)> next(std::int64_t pairs) {
        const std::int64_t before = begun_;
        begun_ += pairs;
        return [this, before](std::int64_t n) {
            if (progress_) progress_(before + n, total_, {});
        };
    }

private:
    const Progress& progress_;
    std::int64_t total_, begun_ = 0;
};

}  // namespace buffon
