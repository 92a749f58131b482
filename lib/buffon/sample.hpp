/// A sample that remembers where each row came from: what reweighting needs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

struct Sample {
    Matrix x;                          // (n, d) inputs
    Matrix y;                          // (n, m) outputs
    std::vector<double> log_density;   // (n)    log density of the law that row was drawn from, at x
    std::vector<std::string> inputs;   // (d)    names
    std::vector<std::string> outputs;  // (m)    names

    std::int64_t n() const { return x.rows; }
    void append(ConstView more_x, ConstView more_y);
};

}  // namespace buffon
