#include <buffon/level_means.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/device_sample.hpp>
#include <buffon/finish.hpp>
#include <buffon/parallel.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

/// Errors of the sum: terms less their level's mean, as parts of one mean of all terms.
Matrix errors_of(const std::vector<LevelTerms>& levels, std::int64_t terms) {
    Matrix out;
    for (const LevelTerms& level : levels) {
        const Matrix& rows = level.means.first_rows();
        const std::vector<double> mean = level.means.moments().mean;
        const double weight = static_cast<double>(terms) / static_cast<double>(level.n());
        for (std::int64_t i = 0; i < rows.rows; ++i)
            for (std::size_t j = 0; j < mean.size(); ++j)
                out.data.push_back(weight * (rows(i, static_cast<std::int64_t>(j)) - mean[j]));
        out.cols = rows.cols;
        out.rows += rows.rows;
    }
    return out;
}

}  // namespace

Problem side_by_side(const std::vector<const Problem*>& problems, const std::vector<std::int64_t>& numbers,
                     const std::string& device) {
    bool thread_safe = device == "cpu";
    std::vector<Problem> models;
    for (const Problem* p : problems) {
        if (device != "cpu") device_queue("multilevel", device, *p);
        thread_safe = thread_safe && p->thread_safe();
        models.push_back(*p);
    }
    Model model = [models, numbers, queues = device_queues(device)](ConstView x) {
        Outputs out;
        for (std::size_t k = 0; k < models.size(); ++k) {
            const Outputs one = queues.empty() ? models[k](x) : evaluate_on_device(queues, models[k], x);
            const std::int64_t m = one.y.cols, all = m * static_cast<std::int64_t>(models.size());
            if (k == 0) out.y = Matrix(x.rows, all);
            require(one.y.rows == x.rows && all == out.y.cols, "levels must have the same number of outputs, got ",
                    out.y.cols / static_cast<std::int64_t>(models.size()), " of level ", numbers.front(), " and ", m,
                    " of level ", numbers[k]);
            for (std::int64_t i = 0; i < x.rows; ++i)
                std::copy_n(one.y.data.data() + i * m, m,
                            out.y.data.data() + i * all + static_cast<std::int64_t>(k) * m);
        }
        return out;
    };
    return Problem(std::move(model), problems.front()->inputs(), {}, thread_safe);
}

void LevelTerms::add(ConstView rows, int threads) {
    means.add(rows, threads);
    stratum.rows.add(rows);
}

Matrix differences(ConstView rows, std::span<const double> scale, std::span<const double> coefficient) {
    const std::int64_t m = coefficient.empty() ? rows.cols : rows.cols / 2;
    Matrix out(rows.rows, m);
    for (std::int64_t i = 0; i < rows.rows; ++i)
        for (std::int64_t j = 0; j < m; ++j) {
            const auto at = static_cast<std::size_t>(j);
            out(i, j) = scale[at] * (coefficient.empty() ? rows(i, j) : rows(i, j) - coefficient[at] * rows(i, m + j));
        }
    return out;
}

void draw_rows(Evaluation& evaluate, const Stream& stream, std::int64_t first, std::int64_t count,
               const std::function<void(ConstView)>& take) {
    const Distribution& inputs = evaluate.problem().inputs();
    for (std::int64_t done = 0, rows = 0; done < count; done += rows) {
        rows = std::min(count - done, chunk_rows(evaluate.run()));
        const View x = evaluate.room(rows);
        parallel::for_blocks(rows, evaluate.threads(), [&](std::int64_t begin, std::int64_t many) {
            inputs.sample(stream, first + done + begin, x.slice(begin, many));
        });
        take(evaluate(x).y);
    }
}

Estimate finish_levels(const std::vector<LevelTerms>& levels, std::vector<std::string> names, const Stream& stream, int threads) {
    Estimate e;
    e.rng_key = stream.key;
    e.names = std::move(names);
    const auto m = static_cast<std::int64_t>(e.names.size());
    e.value.resize(static_cast<std::size_t>(m));
    e.covariance = Matrix(m, m);
    std::int64_t terms = 0;
    std::vector<Stratum> strata;
    for (const LevelTerms& level : levels) {
        require(level.n() >= 2, "multilevel: fewer than two independent terms of a level were finished");
        const Moments moments = level.means.moments();
        const Matrix own = moments.covariance();
        for (std::int64_t a = 0; a < m; ++a) {
            e.value[static_cast<std::size_t>(a)] += moments.mean[static_cast<std::size_t>(a)];
            for (std::int64_t b = 0; b < m; ++b) e.covariance(a, b) += own(a, b) / static_cast<double>(moments.n);
        }
        terms += level.n();
        strata.push_back(level.stratum);
    }
    for (std::int64_t j = 0; j < m; ++j)
        if (e.covariance(j, j) == 0)
            e.warnings.push_back("'" + e.names[static_cast<std::size_t>(j)] +
                                 "' was the same in every evaluation, so its error of 0 says nothing: spend more");
    warn_of_few_terms(errors_of(levels, terms), terms, e);
    std::vector<std::int64_t> columns;
    for (std::int64_t j = 0; j < m; ++j) columns.push_back(j);
    e.bounds = bootstrap_t(strata, columns, stream, false, threads);
    return e;
}

}  // namespace buffon
