#include <buffon/sobol_run.hpp>

#include <buffon/sobol_device.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/sobol_found.hpp>
#include <buffon/sobol_values.hpp>

namespace buffon {
namespace {

/// What the surrogates are fitted to.
struct FitData {
    std::vector<FitRow> rows;
    Matrix u, y;                 // (rows, d), (rows, m)
    std::vector<char> counts;    // whether a row does
};

FitData fit_data(const SobolDesign& design, int threads) {
    FitData data{fit_rows(design), {}, {}, {}};
    data.u = fit_uniforms(design, data.rows, threads);
    data.counts.assign(data.rows.size(), 1);
    return data;
}

/// Whether a group moves some output.
std::vector<bool> active_coordinates(const SobolSums& sums, const Groups& groups) {
    std::vector<bool> active(groups.of.size(), false);
    for (std::size_t c = 0; c < active.size(); ++c)
        for (std::int64_t j = 0; j < sums.outputs(); ++j)
            active[c] = active[c] || sums.moves(j, static_cast<std::size_t>(groups.of[c]), no_effect);
    return active;
}

/// y of the fit rows from evaluations that are kept: (rows, m), centred, and which of them count.
Matrix kept_outputs(const std::vector<SegmentValues>& kept, const SobolDesign& design, const std::vector<FitRow>& rows,
                    const SobolSums& sums, std::vector<char>& counts) {
    Matrix y(static_cast<std::int64_t>(rows.size()), sums.outputs());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::int64_t at = rows[i].replicate * design.points() + rows[i].row;
        const SegmentValues& values = kept[static_cast<std::size_t>(at / design.segment_rows())];
        const std::int64_t row = at % design.segment_rows();
        counts[i] = std::ranges::find(values.failed, row) == values.failed.end();
        for (std::int64_t j = 0; j < y.cols; ++j)
            y(static_cast<std::int64_t>(i), j) = values.column(rows[i].set, j)[row] - sums.centre(j);
    }
    return y;
}

/// y of the fit rows by evaluating them, beside the design.
Matrix pilot_outputs(Evaluation& evaluate, const std::vector<FitRow>& rows, ConstView u, SobolSums& sums,
                     std::vector<char>& counts) {
    const View x = evaluate.room(u.rows);
    evaluate.problem().inputs().from_uniform(u, x);
    const Outputs out = evaluate(x, [&](std::span<double> log_q) { evaluate.problem().inputs().log_density(x, log_q); });
    if (Sample* kept = evaluate.kept()) kept->replicate.resize(kept->replicate.size() + rows.size(), -1);
    Matrix y(u.rows, evaluate.outputs());
    sums.centre_at(out.y.view(), evaluate.outputs());
    for (std::int64_t i = 0; i < y.rows; ++i) {
        counts[static_cast<std::size_t>(i)] = !evaluate.discards() || out.y(i, y.cols) != 0;
        for (std::int64_t j = 0; j < y.cols; ++j) y(i, j) = out.y(i, j) - sums.centre(j);
    }
    return y;
}

/// (m, 4): the surrogates of each output; of normal scores or of uniforms, whichever predicts better: functions with steps or
/// bends have no use for polynomials that explode in the tails.
std::vector<std::vector<Surrogate>> fitted(const SobolDesign& design, const FitData& data, const std::vector<Family1d>& families,
                                           const std::vector<bool>& active, int threads) {
    std::vector<std::vector<Family1d>> spaces{families};
    if (std::ranges::count(families, Family1d::hermite) > 0) spaces.emplace_back(families.size(), Family1d::legendre);
    const auto m = static_cast<std::size_t>(data.y.cols);
    std::vector<Ladder> ladders;
    std::vector<std::vector<Polynomial>> fits;
    for (const auto& space : spaces) {
        const std::int64_t most = most_terms(data.u.rows);
        ladders.push_back(polynomial_ladder(
            space, active, ladders.empty() ? most : most / 2));   // the second takes a quarter of the time
        fits.push_back(cross_fit(
            ladders.back(), fit_sums(ladders.back(), space, data.rows, data.u, data.y, data.counts, threads), threads));
    }
    std::vector<std::vector<Surrogate>> out(m);
    for (std::size_t j = 0; j < m; ++j)
        for (std::size_t q = 0; q < static_cast<std::size_t>(folds); ++q) {
            const std::size_t k = q * m + j, best = spaces.size() > 1 && fits[1][k].error < fits[0][k].error;
            out[j].emplace_back(design, spaces[best], ladders[best], fits[best][k]);
        }
    return out;
}

}  // namespace

bool with_surrogate(const SobolOptions& options) { return options.method == SobolMethod::combined && options.surrogate; }

SobolRun::SobolRun(Evaluation& evaluate, const SobolDesign& design, const SobolOptions& options, std::int64_t pilot)
    : evaluate_(evaluate), design_(design), options_(options), pilot_(pilot), state_{SobolSums(design), {}, {}} {}

SobolRun::SobolRun(Evaluation& evaluate, const SobolDesign& design, const SobolOptions& options, SobolState before)
    : evaluate_(evaluate), design_(design), options_(options), continued_(true), state_(std::move(before)) {}

Estimate SobolRun::operator()() {
    if (pilot_ > 0) fit_to_pilot();
    const bool keeps = with_surrogate(options_) && pilot_ == 0 && !continued_;
    SobolValues values(evaluate_, design_, state_.sums.done());
    if (!keeps && state_.surrogates.empty() && values.done() == 0)
        values.skip(add_on_device(evaluate_, design_, state_.sums, state_.squares));
    for (std::vector<SegmentValues> next; !(next = values.next()).empty();) {
        if (state_.sums.outputs() == 0) require_few_values(design_, options_, next.front().outputs);
        state_.sums.add(next, state_.surrogates, evaluate_.threads());
        for (const SegmentValues& segment : next) state_.squares.add(segment, state_.sums.centres());
        if (keeps) std::ranges::move(next, std::back_inserter(kept_));
    }
    if (keeps && evaluate_.n_failed() == 0) fit_to_kept();
    return conclude();
}

Estimate SobolRun::partial() const {
    require(state_.sums.outputs() > 0, "sobol: nothing is finished");
    return conclude();
}

/// Where evaluations failed all means are conditional on success, under a law that no polynomial has exact indices of.
Estimate SobolRun::conclude() const {
    static const std::vector<std::vector<Surrogate>> none;
    const auto& surrogates = evaluate_.n_failed() > 0 ? none : state_.surrogates;
    Estimate e = indices_found(evaluate_, design_, options_, state_.sums, surrogates,
                               state_.squares.alike(2 * state_.sums.rows(), state_.sums.outputs()));
    state_.squares.judge(2 * state_.sums.rows(), evaluate_.names(), has_no_bounds(evaluate_.problem().inputs()), e);
    return e;
}

void SobolRun::fit_to_pilot() {
    FitData data = fit_data(design_, evaluate_.threads());
    data.y = pilot_outputs(evaluate_, data.rows, data.u, state_.sums, data.counts);
    require_few_values(design_, options_, data.y.cols);
    const std::vector<Family1d> families = families_of(evaluate_.problem().inputs());
    state_.surrogates = fitted(design_, data, families, std::vector<bool>(families.size(), true), evaluate_.threads());
}

void SobolRun::fit_to_kept() {
    FitData data = fit_data(design_, evaluate_.threads());
    data.y = kept_outputs(kept_, design_, data.rows, state_.sums, data.counts);
    state_.surrogates = fitted(design_, data, families_of(evaluate_.problem().inputs()),
                               active_coordinates(state_.sums, design_.groups()), evaluate_.threads());
    state_.sums.add_residuals(kept_, state_.surrogates, evaluate_.threads());
}

}  // namespace buffon
