#include <buffon/sobol_sums.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <buffon/parallel.hpp>
#include <buffon/sobol_ratios.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

/// Of the successful rows; 0 where there are none.
double mean_of_tables(const SegmentValues& values, std::int64_t output) {
    double sum = 0;
    for (const std::int64_t set : {0, 1}) {
        const double* y = values.column(set, output);
        sum += sum_of(values.rows, [=](std::int64_t i) { return y[i]; });
    }
    const auto count = static_cast<double>(values.rows) - static_cast<double>(values.failed.size());
    return count > 0 ? sum / (2 * count) : 0.0;
}

}  // namespace

template <class Sums, class Part>
void SobolSums::merge(std::int64_t first, std::int64_t count, int threads, std::vector<std::vector<Sums>>& totals,
                      const Part& part) {
    totals.resize(centre_.size());
    for (auto& of_output : totals) of_output.resize(static_cast<std::size_t>(design_->replicates()));
    std::vector<Sums> parts(static_cast<std::size_t>(count * outputs()));
    parallel::for_each(count * outputs(), threads, [&](std::int64_t k) {
        parts[static_cast<std::size_t>(k)] = part(k / outputs(), k % outputs());
    });
    for (std::int64_t k = 0; k < count * outputs(); ++k)
        totals[static_cast<std::size_t>(k % outputs())]
              [static_cast<std::size_t>(design_->replicate_of(first + k / outputs()))]
                  .merge(parts[static_cast<std::size_t>(k)]);
}

SobolSums::SobolSums(const SobolDesign& design, std::vector<double> centre, std::vector<std::vector<PairSums>> pairs,
                     std::vector<std::vector<ResidualSums>> residuals)
    : design_(&design),
      done_(static_cast<std::int64_t>(pairs.front().size()) * design.points() / design.segment_rows()),
      centre_(std::move(centre)), pairs_(std::move(pairs)), residuals_(std::move(residuals)) {}

void SobolSums::centre_at(ConstView y, std::int64_t outputs) {
    for (std::int64_t j = 0; j < outputs; ++j)
        centre_.push_back(sum_of(y.rows, [&](std::int64_t i) { return y(i, j); }) / static_cast<double>(y.rows));
}

void SobolSums::add(const std::vector<SegmentValues>& values, const std::vector<std::vector<Surrogate>>& surrogates,
                    int threads) {
    for (std::int64_t j = outputs(); j < values.front().outputs; ++j) centre_.push_back(mean_of_tables(values.front(), j));
    const auto count = static_cast<std::int64_t>(values.size()), groups = design_->groups().size();
    merge(done_, count, threads, pairs_, [&](std::int64_t s, std::int64_t j) {
        return pair_sums(values[static_cast<std::size_t>(s)], j, centre(j), groups);
    });
    if (!surrogates.empty()) merge_residuals(values, done_, surrogates, threads);
    done_ += count;
}

void SobolSums::add_residuals(const std::vector<SegmentValues>& values,
                              const std::vector<std::vector<Surrogate>>& surrogates, int threads) {
    merge_residuals(values, 0, surrogates, threads);
}

void SobolSums::add(std::int64_t segments, const std::vector<PairSums>& pairs) {
    pairs_.resize(1, std::vector<PairSums>(static_cast<std::size_t>(design_->replicates())));
    for (std::size_t r = 0; r < pairs.size(); ++r)
        if (pairs[r].n > 0) pairs_.front()[r].merge(pairs[r]);
    done_ += segments;
}

void SobolSums::merge_residuals(const std::vector<SegmentValues>& values, std::int64_t first,
                                const std::vector<std::vector<Surrogate>>& surrogates, int threads) {
    merge(first, static_cast<std::int64_t>(values.size()), threads, residuals_, [&](std::int64_t s, std::int64_t j) {
        const SegmentValues& v = values[static_cast<std::size_t>(s)];
        const auto fold = static_cast<std::size_t>(design_->replicate_of(first + s) % folds);
        return residual_sums(*design_, surrogates[static_cast<std::size_t>(j)][fold], (first + s) * v.rows, v.rows,
                             centred(v, j, centre(j)), v.failed);
    });
}

std::vector<std::int64_t> SobolSums::whole() const {
    std::vector<std::int64_t> replicates;
    const std::int64_t finished = done_ * design_->segment_rows() / design_->points();
    for (std::int64_t r = 0; r < finished; ++r)
        if (pairs_.front()[static_cast<std::size_t>(r)].n > 0) replicates.push_back(r);
    return replicates;
}

std::vector<PairSums> SobolSums::pairs(std::int64_t output) const {
    std::vector<PairSums> out;
    for (const std::int64_t r : whole()) out.push_back(pairs_[static_cast<std::size_t>(output)][static_cast<std::size_t>(r)]);
    return out;
}

std::vector<ResidualSums> SobolSums::residuals(std::int64_t output) const {
    std::vector<ResidualSums> out;
    for (const std::int64_t r : whole()) out.push_back(residuals_[static_cast<std::size_t>(output)][static_cast<std::size_t>(r)]);
    return out;
}

double SobolSums::rows() const {
    double n = 0;
    for (const std::int64_t r : whole()) n += pairs_.front()[static_cast<std::size_t>(r)].n;
    return n;
}

double SobolSums::variance(std::int64_t output) const {
    const std::vector<PairSums> all = pairs(output);
    const double mean = overall_mean(all);
    double squares = 0, count = 0;
    for (const PairSums& s : all) squares += s.squares(), count += s.count();
    return squares / count - mean * mean;
}

double SobolSums::largest(std::int64_t output) const {
    double most = 0;
    for (const PairSums& s : pairs_[static_cast<std::size_t>(output)]) most = std::max(most, s.largest);
    return most + std::abs(centre(output));
}

bool SobolSums::moves(std::int64_t output, std::size_t group, double share) const {
    for (const PairSums& s : pairs_[static_cast<std::size_t>(output)]) {
        if (s.n == 0) continue;
        const double from_b = s.from_b.empty() ? 0.0 : s.from_b[group].largest;
        if (std::max(s.from_a[group].largest, from_b) > share * largest(output)) return true;
    }
    return false;
}

double SobolSums::reach(std::int64_t output, std::size_t group) const {
    double step = 0, most = 0;
    for (const PairSums& s : pairs_[static_cast<std::size_t>(output)]) {
        if (s.n == 0) continue;
        step = std::max({step, s.from_a[group].largest, s.from_b.empty() ? 0.0 : s.from_b[group].largest});
        most = std::max(most, s.largest);
    }
    return step < most ? step / most : 1.0;
}

}  // namespace buffon
