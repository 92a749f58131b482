/// Transport on a line under a normal source: cells are intervals, cut at quantiles of the cumulative masses, so all is known.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct Line {
    Matrix y{5, 1};
    std::vector<double> nu{0.1, 0.3, 0.2, 0.25, 0.15}, heights{0.0};   // heights: their mean under nu 0

    Line() {
        for (std::int64_t i = 0; i < 5; ++i) y(i, 0) = static_cast<double>(i) - 2.0;
        double before = 0.0, mean = 0.0;
        for (std::size_t k = 0; k + 1 < 5; ++k) {   // neighbours are 1 apart: a cut is the difference of their heights
            before += nu[k];
            heights.push_back(heights.back() - normal_quantile(before));
        }
        for (std::size_t k = 0; k < 5; ++k) mean += nu[k] * heights[k];
        for (double& h : heights) h -= mean;
    }
    static Distribution source() { return Joint({Normal()}); }
    /// Masses of the cells of other heights whose cells are all there.
    static std::vector<double> masses(const std::vector<double>& h) {
        std::vector<double> out;
        double before = 0.0;
        for (std::size_t k = 0; k < 5; ++k) {
            const double next = k + 1 < 5 ? normal_cdf(h[k] - h[k + 1]) : 1.0;
            out.push_back(next - before);
            before = next;
        }
        return out;
    }
    double error(const std::vector<double>& h) const {
        double sum = 0.0;
        for (std::size_t k = 0; k < 5; ++k) sum += std::abs(masses(h)[k] - nu[k]);
        return sum;
    }
};

}  // namespace buffon
