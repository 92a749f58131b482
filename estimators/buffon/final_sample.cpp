#include <buffon/final_sample.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/finish.hpp>
#include <buffon/parallel.hpp>
#include <buffon/kernels.hpp>
#include <buffon/proposal_numbers.hpp>
#include <buffon/stored.hpp>

namespace buffon {
namespace {

constexpr std::int64_t judged = 4'096;          // rows for k-hat; fewer with many columns
// Coefficients for a replicate come from the other folds: from all other replicates where a regression costs nothing.
constexpr std::int64_t cheap_controls = 32;
constexpr std::int64_t few_folds = 4;
constexpr std::int64_t worth_a_thread = 1 << 10;   // coefficients of a regression
// Under q_0 in nets controls that promised to pay are left out where the variance between replicates is this much
// larger with them.
constexpr double clear_harm = 1.25;

PointSet final_points(const Evaluation& evaluate, std::int64_t coordinates, const AiscvOptions& options,
                      std::int64_t left, std::uint32_t first_stream) {
    if (options.points == Points::iid) return PointSet::independent(left, {evaluate.key(), first_stream});
    const std::int64_t net = net_of(evaluate.run().budget, left, options.replicates, options.replicates);
    return PointSet::nets(coordinates, net, left / net, evaluate.key(), first_stream);
}

/// Those of a state, and as many more as `left` allows.
PointSet more_points(const Evaluation& evaluate, std::int64_t coordinates, const State& state, std::int64_t left) {
    const std::vector<double>& plan = numbers(state, "plan", 3);   // points done, of a net or 0, first stream
    const auto done = static_cast<std::int64_t>(plan[0]), net = static_cast<std::int64_t>(plan[1]);
    const auto first = static_cast<std::uint32_t>(plan[2]);
    if (net == 0) return PointSet::independent(done + left, {evaluate.key(), first});
    require(left >= net, "extend: budget must be at least ", evaluate.n() + net, ", one net of ", net,
            " points more, got ", evaluate.run().budget);
    return PointSet::nets(coordinates, net, done / net + left / net, evaluate.key(), first);
}

/// Rows of `columns` numbers of which a few tables stay in the second cache.
std::int64_t slice_rows(std::int64_t columns) {
    return std::clamp<std::int64_t>((1 << 17) / columns / 128 * 128, 128, parallel::block_size);
}

std::int64_t judged_rows_of(std::int64_t summands) { return std::clamp<std::int64_t>((1 << 18) / summands, judged / 4, judged); }

Matrix first_columns(const Matrix& m, std::int64_t count) {
    Matrix out(m.rows, count);
    for (std::int64_t i = 0; i < m.rows; ++i)
        std::ranges::copy(m.view().row(i).first(static_cast<std::size_t>(count)), out.view().row(i).begin());
    return out;
}

/// Cross products from the moments of rows (x, t) with K columns of x.
CrossProducts products_of(const Moments& m, std::int64_t regressors) {
    const std::int64_t responses = static_cast<std::int64_t>(m.mean.size()) - regressors;
    const auto n = static_cast<double>(m.n);
    const auto mean = [&](std::int64_t a) { return m.mean[static_cast<std::size_t>(a)]; };
    CrossProducts sums(regressors, responses);
    sums.n = n;
    for (std::int64_t k = 0; k < regressors; ++k) {
        sums.x[static_cast<std::size_t>(k)] = n * mean(k);
        for (std::int64_t l = 0; l < regressors; ++l) sums.xx(k, l) = m.scatter(k, l) + n * mean(k) * mean(l);
        for (std::int64_t e = 0; e < responses; ++e)
            sums.xt(k, e) = m.scatter(k, regressors + e) + n * mean(k) * mean(regressors + e);
    }
    for (std::int64_t e = 0; e < responses; ++e) sums.t[static_cast<std::size_t>(e)] = n * mean(regressors + e);
    return sums;
}

/// Moments of t - b' x from those of (x, t).
Moments residual_moments(const Moments& m, const Matrix& b) {
    Moments out;
    out.n = m.n;
    out.mean.assign(m.mean.begin() + b.rows, m.mean.end());
    Matrix half(m.scatter.rows, b.cols);   // scatter (-b; 1)
    for (std::int64_t a = 0; a < half.rows; ++a)
        for (std::int64_t e = 0; e < b.cols; ++e) {
            half(a, e) = m.scatter(a, b.rows + e);
            for (std::int64_t k = 0; k < b.rows; ++k) half(a, e) -= m.scatter(a, k) * b(k, e);
        }
    out.scatter = Matrix(b.cols, b.cols);
    for (std::int64_t e = 0; e < b.cols; ++e) {
        for (std::int64_t k = 0; k < b.rows; ++k)
            out.mean[static_cast<std::size_t>(e)] -= m.mean[static_cast<std::size_t>(k)] * b(k, e);
        for (std::int64_t f = 0; f < b.cols; ++f) {
            out.scatter(e, f) = half(b.rows + e, f);
            for (std::int64_t k = 0; k < b.rows; ++k) out.scatter(e, f) -= b(k, e) * half(k, f);
        }
        out.scatter(e, e) = std::max(out.scatter(e, e), 0.0);   // controls that leave nothing leave rounding errors
    }
    return out;
}

/// Geometric mean, over the columns that vary without controls, of the variance of `rows` over that of `plain`; 1 without any.
double variance_left(ConstView rows, ConstView plain) {
    const Moments with(rows), without(plain);
    double sum = 0, count = 0;
    for (std::int64_t e = 0; e < plain.cols; ++e) {
        if (!(without.scatter(e, e) > 0)) continue;
        sum += std::log(std::max(with.scatter(e, e), std::numeric_limits<double>::min()) / without.scatter(e, e));
        ++count;
    }
    return count > 0 ? std::exp(sum / count) : 1.0;
}

}  // namespace

std::int64_t net_of(std::int64_t budget, std::int64_t left, std::int64_t replicates, std::int64_t wanted) {
    return std::min(Replication::of(budget, replicates).points,
                    Replication::of(left, std::max<std::int64_t>(wanted / 2, 2)).points);
}

FinalSample::FinalSample(Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal,
                         const AiscvOptions& options, std::int64_t left, std::vector<Gaussian> fitted,
                         std::uint32_t first_stream)
    : evaluate_(evaluate), space_(space), proposal_(proposal), options_(options), iid_(options.points == Points::iid),
      first_stream_(first_stream),
      points_(final_points(evaluate, proposal.coordinates(space), options, left, first_stream)),
      fitted_(std::move(fitted)) {}

FinalSample::FinalSample(Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal,
                         const AiscvOptions& options, std::int64_t left, const State& state)
    : evaluate_(evaluate), space_(space), proposal_(proposal), options_(options), iid_(options.points == Points::iid),
      first_stream_(static_cast<std::uint32_t>(numbers(state, "plan", 3)[2])),
      points_(more_points(evaluate, proposal.coordinates(space), state, left)),
      begin_(static_cast<std::int64_t>(numbers(state, "plan", 3)[0])) {
    restore(state);
}

Estimate FinalSample::run(const std::vector<std::string>& groups) {
    const std::int64_t chunk = chunk_rows(evaluate_.run());
    const Matrix before = begin_ > 0 && evaluate_.kept() ? std::move(evaluate_.kept()->controls) : Matrix();
    kept_ = KeptControls(evaluate_, proposal_.alpha(), points_.size());
    if (before.rows > 0) std::ranges::copy(before.data, evaluate_.kept()->controls.data.begin());
    for (std::int64_t start = on_device() ? points_.size() : begin_; start < points_.size(); start += chunk)
        add(draw(evaluate_, space_, proposal_, points_, start, std::min(chunk, points_.size() - start)), start);
    kept_.finish();
    Estimate e = iid_ ? from_points(groups) : from_replicates(groups);
    judge(e);
    e.diagnostics["alpha"] = proposal_.alpha();
    e.diagnostics["components"] = static_cast<std::int64_t>(proposal_.components().size());
    return e;
}

void FinalSample::store(State& state) const {
    buffon::store(state, proposal_);
    buffon::store(state, "plan",
                  {static_cast<double>(points_.size()), iid_ ? 0.0 : static_cast<double>(points_.points()),
                   static_cast<double>(first_stream_)});
    buffon::store(state, "cut", {options_.cut});
    buffon::store(state, "replicates", {static_cast<double>(options_.replicates)});
    buffon::store(state, "columns",
                  {static_cast<double>((first_x_.rows > 0 ? judged_t_.cols - own_.size() : 0) / space_.laws())});
    for (std::size_t k = 0; k < fitted_.size(); ++k) buffon::store(state, "fitted " + std::to_string(k), numbers_of(fitted_[k]));
    for (std::size_t f = 0; f < own_folds_.size() && own_.size() > 0; ++f) {
        const OwnControls::Sums& own = own_folds_[f];
        std::size_t part = 0;
        for (const auto* v : {&own.ff, &own.ft, &own.fg, &own.gg, &own.gt})
            buffon::store(state, "own " + std::to_string(f) + " " + std::to_string(part++), *v);
    }
    state.tables["judged t"] = judged_t_;
    state.tables["judged x"] = first_x_;
    state.tables["sum t"] = sum_t_;
    state.tables["sum x"] = sum_x_;
    for (std::size_t f = 0; f < folds_.size(); ++f) buffon::store(state, "fold " + std::to_string(f), folds_[f]);
    for (int half = 0; half < 2 && iid_; ++half) buffon::store(state, "half " + std::to_string(half), half_[half]);
}

AiscvOptions FinalSample::options_of(const State& state) {
    AiscvOptions options;
    options.points = numbers(state, "plan", 3)[1] == 0 ? Points::iid : Points::rqmc;
    options.cut = numbers(state, "cut", 1)[0];
    options.replicates = integer(state, "replicates");
    return options;
}

void FinalSample::restore(const State& state) {
    const auto continued = [](Matrix& to, const Matrix& from) { std::ranges::copy(from.data, to.data.begin()); };
    for (std::size_t k = 0; state.tables.contains("fitted " + std::to_string(k)); ++k)
        fitted_.push_back(std::get<Gaussian>(component_of(table(state, "fitted " + std::to_string(k)).data, space_.dim())));
    make_room(integer(state, "columns"));
    require(table(state, "judged t").cols == first_t_.cols && table(state, "sum t").cols == sum_t_.cols &&
                table(state, "judged x").cols == first_x_.cols && table(state, "sum t").rows <= sum_t_.rows &&
                begin_ <= points_.size(),
            "extend: the state is damaged: its tables do not fit its proposal");
    continued(first_t_, table(state, "judged t"));
    continued(first_x_, table(state, "judged x"));
    continued(sum_t_, table(state, "sum t"));
    continued(sum_x_, table(state, "sum x"));
    const std::size_t nets = static_cast<std::size_t>(table(state, "sum t").rows);
    for (std::size_t f = 0; f < std::min(folds_.size(), nets); ++f)
        if (const std::string name = "fold " + std::to_string(f); state.tables.contains(name))
            folds_[f] = cross_products(state, name);
    for (std::size_t f = 0; f < std::min(folds_.size(), nets) && own_.size() > 0; ++f) {
        OwnControls::Sums& own = own_folds_[f];
        std::size_t part = 0;
        for (auto* v : {&own.ff, &own.ft, &own.fg, &own.gg, &own.gt})
            *v = table(state, "own " + std::to_string(f) + " " + std::to_string(part++)).data;
    }
    for (int half = 0; half < 2 && iid_; ++half) half_[half] = moments(state, "half " + std::to_string(half));
}

void FinalSample::make_room(std::int64_t columns) {
    if (first_t_.cols > 0) return;
    const std::int64_t x = proposal_.size();
    if (!iid_ && space_.laws() > 1 && x > 1) own_ = OwnControls(space_.laws(), columns, fitted_);
    const std::int64_t t = space_.laws() * columns + own_.size(),
                       rows = std::min(judged_rows_of(space_.laws() * columns), points_.size());
    first_t_ = Matrix(rows, t);
    first_x_ = Matrix(rows, x);
    if (iid_) return;
    sum_t_ = Matrix(points_.replicates(), t);
    sum_x_ = Matrix(points_.replicates(), x);
    folds_.assign(static_cast<std::size_t>(x <= cheap_controls ? points_.replicates() : few_folds), CrossProducts(x, t));
    own_folds_.resize(folds_.size());
}

/// Rows of draws, the first of which is row `start` of the sample.
void FinalSample::add(const Draws& draws, std::int64_t start) {
    make_room(draws.y.cols);
    const std::int64_t length = segment_length(points_.points());
    std::vector<Segment> segments(static_cast<std::size_t>((draws.z.rows + length - 1) / length));
    for_segments(draws.z.rows, points_.points(), evaluate_.threads(), [&](std::int64_t first, std::int64_t count) {
        segments[static_cast<std::size_t>(first / length)] = sums_of(draws, first, count, start);
    });
    for (std::size_t s = 0; s < segments.size(); ++s) merge(segments[s], start + static_cast<std::int64_t>(s) * length);
}

/// Densities, summands and controls a slice at a time: nothing of the size of the sample is written.
FinalSample::Segment FinalSample::sums_of(const Draws& draws, std::int64_t first, std::int64_t count, std::int64_t start) {
    Segment segment{iid_ ? CrossProducts() : CrossProducts(first_x_.cols, first_t_.cols), {}, {}, {}};
    const std::int64_t slice = slice_rows(first_x_.cols + first_t_.cols);
    Batch batch;
    Matrix t;
    for (std::int64_t i = first; i < first + count; i += slice) {
        const std::int64_t rows = std::min(slice, first + count - i);
        weigh(space_, proposal_, draws.z.view().slice(i, rows), draws.y.view().slice(i, rows), batch);
        own_.responses(batch, t);
        const Matrix& x = batch.ratio;
        for (double& g : batch.ratio.data) g -= 1.0;
        keep(t, x, start + i);
        kept_.add(x, start + i);
        if (proposal_.alpha().front() < 1) segment.uncovered.add(t, x, proposal_.alpha().front());
        if (iid_) {
            add_parities(t, x, start + i, segment);
        } else {
            segment.sums.add(x, t);
            own_.add(t, segment.own);
        }
    }
    return segment;
}

void FinalSample::keep(const Matrix& t, const Matrix& x, std::int64_t at) {
    const std::int64_t rows = std::min(t.rows, first_t_.rows - at);
    if (rows <= 0) return;
    std::copy_n(t.data.begin(), rows * t.cols, first_t_.data.begin() + at * t.cols);
    std::copy_n(x.data.begin(), rows * x.cols, first_x_.data.begin() + at * x.cols);
}

void FinalSample::add_parities(const Matrix& t, const Matrix& x, std::int64_t at, Segment& segment) const {
    for (std::int64_t parity = 0; parity < 2; ++parity) {
        const std::int64_t offset = (parity + at) % 2;
        Matrix rows((t.rows - offset + 1) / 2, x.cols + t.cols);
        for (std::int64_t a = 0; a < rows.rows; ++a) {
            const auto row = rows.view().row(a);
            std::ranges::copy(x.view().row(2 * a + offset), row.begin());
            std::ranges::copy(t.view().row(2 * a + offset), row.begin() + x.cols);
        }
        segment.half[parity].merge(Moments(rows));
    }
}

/// A segment whose first row is row `at` of the sample.
void FinalSample::merge(const Segment& segment, std::int64_t at) {
    for (int parity = 0; parity < 2; ++parity) half_[parity].merge(segment.half[parity]);
    uncovered_.merge(segment.uncovered);
    if (iid_) return;
    const std::int64_t r = at / points_.points();
    for (std::int64_t e = 0; e < sum_t_.cols; ++e) sum_t_(r, e) += segment.sums.t[static_cast<std::size_t>(e)];
    for (std::int64_t k = 0; k < sum_x_.cols; ++k) sum_x_(r, k) += segment.sums.x[static_cast<std::size_t>(k)];
    const std::size_t fold = static_cast<std::size_t>(r) % folds_.size();
    folds_[fold].merge(segment.sums);
    own_folds_[fold].merge(segment.own);
}

Estimate FinalSample::from_replicates(const std::vector<std::string>& groups) {
    CrossProducts all = folds_.front();
    OwnControls::Sums all_own;
    for (std::size_t f = 0; f < folds_.size(); ++f) {
        if (f > 0) all.merge(folds_[f]);
        all_own.merge(own_folds_[f]);
    }
    Matrix rows = sum_t_;
    const auto folds = static_cast<std::int64_t>(folds_.size());
    parallel::for_each(folds, all.xx.rows * all.xt.cols < worth_a_thread ? 1 : evaluate_.threads(), [&](std::int64_t f) {
        const auto fold = static_cast<std::size_t>(f);
        CrossProducts others = all;
        others.subtract(folds_[fold]);
        Matrix b = regress(others, options_.cut);
        OwnControls::Sums own = all_own;
        own.merge(own_folds_[fold], -1.0);
        OwnControls::Coefficients of_own = own_.regress(others, own, b, options_.cut);
        for (std::int64_t r = f; r < rows.rows; r += folds) {
            subtract_products(sum_x_.view().slice(r, 1), b, rows.view().slice(r, 1));
            own_.subtract(of_own, rows.view().slice(r, 1));
        }
        if (f + 1 < folds) return;
        coefficients_ = std::move(b);   // those that the tails are judged with
        own_coefficients_ = std::move(of_own);
    });
    Matrix means = first_columns(rows, rows.cols - own_.size());
    if (proposal_.size() > 1 && proposal_.alpha().front() == 1) choose_controls(means);
    for (double& v : means.data) v /= static_cast<double>(points_.points());
    Estimate e = finish_replicates(evaluate_, means, groups);
    e.diagnostics["points"] = points_.points();
    e.diagnostics["control_check"] = control_check();
    return e;
}

/// q_0 itself was sampled, and controls were promised by independent points: what nets integrate well without they may spoil.
void FinalSample::choose_controls(Matrix& sums) {
    Matrix plain = first_columns(sum_t_, sums.cols);
    if (variance_left(sums, plain) < clear_harm) return;
    sums = std::move(plain);
    coefficients_ = Matrix(coefficients_.rows, coefficients_.cols);
    for (auto* b : {&own_coefficients_.f, &own_coefficients_.g}) std::ranges::fill(*b, 0.0);
}

Estimate FinalSample::from_points(const std::vector<std::string>& groups) {
    Moments all;
    for (int half = 0; half < 2; ++half) {
        coefficients_ = regress(products_of(half_[1 - half], proposal_.size()), options_.cut);
        all.merge(residual_moments(half_[half], coefficients_));
    }
    return finish_mean(evaluate_, all, groups);
}

/// Largest |mean of a control| in standard errors: a large one says that a density is wrong.
double FinalSample::control_check() const {
    const Moments m{ConstView(sum_x_)};
    const auto replicates = static_cast<double>(m.n);
    double worst = 0;
    for (std::int64_t k = 0; k < sum_x_.cols; ++k) {
        const double se = std::sqrt(m.scatter(k, k) / (replicates - 1) / replicates);
        if (se > 1e-9 * static_cast<double>(points_.points()))   // g_k = q: nothing but rounding
            worst = std::max(worst, std::abs(m.mean[static_cast<std::size_t>(k)]) / se);
    }
    return worst;
}

bool FinalSample::ever_seen(std::int64_t column) const {
    if (iid_) {
        const auto at = static_cast<std::size_t>(proposal_.size() + column);
        return half_[0].mean[at] != 0 || half_[1].mean[at] != 0;
    }
    for (std::int64_t r = 0; r < sum_t_.rows; ++r)
        if (sum_t_(r, column) != 0) return true;
    return false;
}

/// Columns of summands without those of success.
Matrix FinalSample::expectations(const Matrix& summands, std::int64_t count) const {
    if (evaluate_.columns() == evaluate_.outputs()) return first_columns(summands, count);
    Matrix out(summands.rows, count);
    for (std::int64_t i = 0; i < out.rows; ++i)
        for (std::int64_t j = 0; j < count; ++j) out(i, j) = summands(i, column_of(evaluate_, j, evaluate_.outputs()));
    return out;
}

/// Tails of the summands, before and after the controls, and whether each output was seen at all.
void FinalSample::judge(Estimate& e) {
    const bool plain = e.size() == first_t_.cols;   // no columns of success, no own controls
    const Matrix summands = plain ? first_t_ : expectations(first_t_, e.size());
    if (keeps_state(evaluate_.run())) judged_t_ = first_t_;
    subtract_products(first_x_, coefficients_, first_t_);
    own_.subtract(own_coefficients_, first_t_);
    const Matrix rest = plain ? std::move(first_t_) : expectations(first_t_, e.size());
    const std::vector<double> left = tail_shapes(rest, e.size(), false, evaluate_.threads());
    judge_tails(summands, e, false, left, evaluate_.threads());
    warn_of_few_terms(summands, points_.size(), e);
    e.diagnostics["pareto_k_residual"] = left;
    set_kurtosis(rest, points_.size(), e);
    if (proposal_.alpha().front() < 1) {
        std::vector<std::int64_t> columns;
        for (std::int64_t j = 0; j < e.size(); ++j) columns.push_back(column_of(evaluate_, j, evaluate_.outputs()));
        warn_of_uncovered(uncovered_, columns, points_.size(), e);
    }
    for (std::int64_t j = 0; j < e.size(); ++j)
        if (!ever_seen(column_of(evaluate_, j, evaluate_.outputs())))
            warn_of_zeros(j, "final sample", e);
}

}  // namespace buffon
