/// What the exact denoisers do row by row. Not installed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <span>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/parallel.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// Rows that a thread takes at once. Rows do not interact, so unlike the blocks of sums this number is free.
inline constexpr std::int64_t rows_at_once = 256;

/// Of row i, where one number stands for all.
template <class T>
T of_row(std::span<const T> one_or_many, std::int64_t i) {
    return one_or_many.size() == 1 ? one_or_many[0] : one_or_many[static_cast<std::size_t>(i)];
}

/// The class that row i asks for; -1 for none.
inline std::int64_t label_of(std::span<const std::int64_t> labels, std::int64_t i) {
    return labels.empty() ? -1 : of_row(labels, i);
}

/// The first k whose cumulative weight exceeds u times the total; never one of weight 0.
inline std::size_t pick(std::span<const double> weights, double u) {
    double left = u * std::accumulate(weights.begin(), weights.end(), 0.0);
    std::size_t chosen = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        if (!(weights[k] > 0)) continue;
        chosen = k;
        left -= weights[k];
        if (left < 0) break;
    }
    return chosen;
}

/// Calls f(label, query, out) for the rows of each class, -1 for those without one, which are gathered and scattered.
template <class F>
void by_label(const Query& q, View out, const F& f) {
    const auto same = [&](std::int64_t label) { return label == label_of(q.labels, 0); };
    if (q.x.rows == 0 || q.labels.size() <= 1 || std::all_of(q.labels.begin(), q.labels.end(), same))
        return f(q.x.rows == 0 ? -1 : label_of(q.labels, 0), Query{q.x, q.sigma, {}, q.threads}, out);
    std::map<std::int64_t, std::vector<std::int64_t>> rows_of;
    for (std::int64_t i = 0; i < q.x.rows; ++i) rows_of[label_of(q.labels, i)].push_back(i);
    for (const auto& [label, rows] : rows_of) {
        const auto n = static_cast<std::int64_t>(rows.size());
        Matrix x(n, q.x.cols), answer(n, out.cols);
        std::vector<double> sigma;
        for (std::int64_t i = 0; i < n; ++i) {
            std::copy_n(q.x.row(rows[static_cast<std::size_t>(i)]).begin(), q.x.cols, x.view().row(i).begin());
            sigma.push_back(of_row(q.sigma, rows[static_cast<std::size_t>(i)]));
        }
        f(label, Query{x, sigma, {}, q.threads}, answer.view());
        for (std::int64_t i = 0; i < n; ++i)
            std::copy_n(answer.view().row(i).begin(), out.cols, out.row(rows[static_cast<std::size_t>(i)]).begin());
    }
}

/// Calls f(i, worker) for the rows of [0, n); each block of rows has a worker of its own.
template <class Make, class F>
void over_rows(std::int64_t n, int threads, const Make& make, const F& f) {
    parallel::for_each((n + rows_at_once - 1) / rows_at_once, threads, [&](std::int64_t block) {
        auto worker = make();
        const std::int64_t last = std::min(n, (block + 1) * rows_at_once);
        for (std::int64_t i = block * rows_at_once; i < last; ++i) f(i, worker);
    });
}

}  // namespace buffon::diffusion
