#include <buffon/evaluate_at.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <buffon/kept.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr double rounding = 1e-9;   // of the largest score: a difference that varies less is a constant

bool is_a_score(double s) { return std::abs(s) < std::numeric_limits<double>::max(); }   // a discarded evaluation has none

bool differ_by_a_constant(ConstView score, std::int64_t j, std::int64_t k) {
    double least = std::numeric_limits<double>::infinity(), most = -least, largest = 0;
    for (std::int64_t i = 0; i < score.rows; ++i) {
        if (!is_a_score(score(i, j)) || !is_a_score(score(i, k))) continue;
        const double difference = score(i, j) - score(i, k);
        least = std::min(least, difference);
        most = std::max(most, difference);
        largest = std::max({largest, std::abs(score(i, j)), std::abs(score(i, k))});
    }
    return !(most - least > rounding * largest);
}

}  // namespace

Draws evaluate_at(Evaluation& evaluate, const WorkingSpace& space, Matrix z) {
    Draws draws{std::move(z), {}, {}};
    if (draws.z.rows == 0) return draws;
    const View x = evaluate.room(draws.z.rows);
    parallel::for_blocks(x.rows, evaluate.threads(), [&](std::int64_t first, std::int64_t count) {
        space.to_x(draws.z.view().slice(first, count), x.slice(first, count));
    });
    Outputs out = evaluate(x, [&](std::span<double> log_density) { evaluate.problem().inputs().log_density(x, log_density); });
    count_as_adaptation(evaluate);
    draws.y = std::move(out.y);
    draws.score = std::move(out.score);
    return draws;
}

std::vector<std::int64_t> families_of(ConstView score) {
    std::vector<std::int64_t> first(static_cast<std::size_t>(score.cols));
    for (std::int64_t j = 0; j < score.cols; ++j) {
        std::int64_t k = 0;
        while (k < j && !(first[static_cast<std::size_t>(k)] == k && differ_by_a_constant(score, j, k))) ++k;
        first[static_cast<std::size_t>(j)] = k;
    }
    return first;
}

}  // namespace buffon
