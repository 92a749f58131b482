#include <buffon/family_means.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/evaluate_at.hpp>
#include <buffon/finish.hpp>
#include <buffon/parallel.hpp>

namespace buffon {

void FamilyMeans::add(ConstView rows, int threads) {
    first_rows.add(rows);
    Moments all;
    parallel::reduce_blocks(rows.rows, threads, all,
                            [&](std::int64_t first, std::int64_t count) { return Moments(rows.slice(first, count)); });
    moments.merge(all);
}

Estimate finish_families(const Evaluation& evaluate, const std::vector<FamilyMeans>& families) {
    const std::int64_t columns = evaluate.columns();
    std::vector<double> value(static_cast<std::size_t>(columns));
    Matrix covariance(columns, columns);
    std::int64_t rows = std::numeric_limits<std::int64_t>::max(), n = rows;
    for (const FamilyMeans& family : families) {
        require(family.moments.n >= 2, evaluate.function(), ": fewer than two independent terms were finished");
        Matrix own = family.moments.covariance();
        for (std::size_t a = 0; a < family.columns.size(); ++a) {
            value[static_cast<std::size_t>(family.columns[a])] = family.moments.mean[a];
            for (std::size_t b = 0; b < family.columns.size(); ++b)
                covariance(family.columns[a], family.columns[b]) =
                    own(static_cast<std::int64_t>(a), static_cast<std::int64_t>(b)) / static_cast<double>(family.moments.n);
        }
        rows = std::min(rows, family.first_rows.rows().rows);
        n = std::min(n, family.moments.n);
    }
    Estimate e = finish(evaluate, std::move(value), std::move(covariance), std::numeric_limits<double>::infinity());
    Matrix terms(rows, e.size());
    for (const FamilyMeans& family : families)
        for (std::size_t a = 0; a < family.columns.size(); ++a)
            for (std::int64_t i = 0; i < rows && family.columns[a] < e.size(); ++i)
                terms(i, family.columns[a]) = family.first_rows.rows()(i, static_cast<std::int64_t>(a));
    judge_mean(terms, n, e);
    return e;
}

std::vector<std::vector<std::int64_t>> columns_of_families(ConstView score, std::int64_t columns) {
    std::vector<std::vector<std::int64_t>> out;
    const std::vector<std::int64_t> first = families_of(score);
    for (std::int64_t j = 0; j < score.cols; ++j) {
        if (first[static_cast<std::size_t>(j)] != j) continue;
        out.emplace_back();
        for (std::int64_t k = j; k < score.cols; ++k)
            if (first[static_cast<std::size_t>(k)] == j) out.back().push_back(k);
    }
    if (out.empty()) out.emplace_back();
    for (std::int64_t k = score.cols; k < columns; ++k) out.front().push_back(k);
    return out;
}

}  // namespace buffon
