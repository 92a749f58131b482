#include <buffon/recycled_sample.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ranges>
#include <utility>

#include <buffon/final_sample.hpp>
#include <buffon/finish.hpp>
#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>
#include <buffon/proposal_numbers.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

constexpr std::int64_t judged = 4'096;          // rows for k-hat
constexpr std::int64_t cheap_controls = 32;     // up to so many, coefficients come from all other nets, else from other folds
constexpr std::int64_t few_folds = 4;
constexpr std::int64_t independent_groups = 32; // of the last stage, at least: their means tell the error of independent points

bool is_initial(const Proposal& proposal) { return proposal.alpha().front() == 1; }

bool same_components(const Proposal& a, const Proposal& b) {
    return std::ranges::equal(a.components(), b.components(), {}, numbers_of, numbers_of);
}

PointSet last_points(const Evaluation& evaluate, std::int64_t coordinates, const AiscvOptions& options,
                     const RecycledSample::Plan& plan) {
    if (options.points == Points::iid) return PointSet::independent(plan.left, {evaluate.key(), plan.first_stream});
    const std::int64_t net = net_of(evaluate.run().budget, plan.left, options.replicates, plan.replicates);
    return PointSet::nets(coordinates, net, plan.left / net, evaluate.key(), plan.first_stream);
}

std::vector<Stage> stages_of(const Pool& pool, std::int64_t nets, const Proposal& last, const PointSet& points,
                             const AiscvOptions& options) {
    const bool in_nets = options.points == Points::rqmc;
    std::vector<Stage> stages;
    for (std::size_t t = 0, row = 0; t < pool.counts().size(); row += static_cast<std::size_t>(pool.counts()[t++]))
        if (!in_nets || !is_initial(last) || is_initial(pool.proposals()[t]))
            stages.push_back({pool.proposals()[t], pool.counts()[t], nets, static_cast<std::int64_t>(row)});
    const Replication plan = in_nets ? Replication{points.points(), points.replicates()}
                                     : Replication::of(points.size(), std::min(independent_groups, points.size() / 2));
    stages.push_back({last, plan.points * plan.replicates, plan.replicates, 0});
    return stages;
}

std::vector<std::int64_t> first_nets(const std::vector<Stage>& stages) {
    std::vector<std::int64_t> first{0};
    for (const Stage& stage : stages) first.push_back(first.back() + stage.nets);
    return first;
}

std::int64_t points_of(const std::vector<Stage>& stages) {
    return std::accumulate(stages.begin(), stages.end(), std::int64_t{0},
                           [](std::int64_t n, const Stage& stage) { return n + stage.n; });
}

/// Products of deviations from a mean: what `rows` rows with these sums leave of them.
void centre(CrossProducts& sums, std::span<const double> x, std::span<const double> t, double rows) {
    for (std::int64_t k = 0; k < sums.xx.rows; ++k) {
        const double mean = x[static_cast<std::size_t>(k)] / rows;
        for (std::int64_t l = 0; l < sums.xx.cols; ++l) sums.xx(k, l) -= mean * x[static_cast<std::size_t>(l)];
        for (std::int64_t e = 0; e < sums.xt.cols; ++e) sums.xt(k, e) -= mean * t[static_cast<std::size_t>(e)];
    }
}

/// A control that does not vary within the stages (relative to densities, about 1) is none.
void drop_constants(CrossProducts& sums) {
    for (std::int64_t k = 0; k < sums.xx.rows; ++k) {
        if (sums.xx(k, k) > 1e-12 * sums.n) continue;
        for (std::int64_t l = 0; l < sums.xx.cols; ++l) sums.xx(k, l) = sums.xx(l, k) = 0;
        std::ranges::fill(sums.xt.view().row(k), 0.0);
    }
}

void add_row(std::span<const double> row, std::vector<double>& sum) {
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += row[j];
}

}  // namespace

StageMixture::StageMixture(const std::vector<Stage>& stages) : density_(stages.back().proposal), direct_(density_.size()) {
    const Proposal last = density_;
    std::vector<Component> components = last.components();
    std::vector<double> alpha(last.alpha().size(), 0.0);
    const auto total = static_cast<double>(points_of(stages));
    for (std::size_t t = 0; t < stages.size(); ++t) {
        const Proposal& q = stages[t].proposal;
        const double share = static_cast<double>(stages[t].n) / total;
        const bool known = q.components().empty() || same_components(q, last);
        const std::size_t first = known ? 1 : alpha.size();
        if (!known) {
            components.insert(components.end(), q.components().begin(), q.components().end());
            alpha.resize(alpha.size() + q.components().size(), 0.0);
        }
        alpha[0] += share * q.alpha()[0];
        for (std::size_t k = 1; k < q.alpha().size(); ++k) alpha[first + k - 1] += share * q.alpha()[k];
        if (!known) mixtures_.push_back({static_cast<std::int64_t>(first), q.alpha()});
    }
    density_ = Proposal(true, std::move(components), std::move(alpha));
}

Matrix StageMixture::controls(ConstView ratio) const {
    Matrix x(ratio.rows, controls());
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const auto from = ratio.row(i);
        const auto to = x.view().row(i);
        std::copy_n(from.begin(), direct_, to.begin());
        for (std::size_t c = 0; c < mixtures_.size(); ++c) {
            const Part& part = mixtures_[c];
            double q = part.alpha[0] * from[0];
            for (std::size_t k = 1; k < part.alpha.size(); ++k)
                q += part.alpha[k] * from[static_cast<std::size_t>(part.first) + k - 1];
            to[static_cast<std::size_t>(direct_) + c] = q;
        }
        for (double& v : to) v -= 1.0;
    }
    return x;
}

RecycledSample::RecycledSample(Evaluation& evaluate, const WorkingSpace& space, const Pool& pool, const Proposal& last,
                               const AiscvOptions& options, const Plan& plan)
    : evaluate_(evaluate), space_(space), pool_(pool), options_(options),
      points_(last_points(evaluate, last.coordinates(space), options, plan)),
      stages_(stages_of(pool, plan.nets, last, points_, options)), first_net_(first_nets(stages_)),
      n_(points_of(stages_)), mixture_(stages_) {}

void RecycledSample::run() {
    const std::int64_t chunk = chunk_rows(evaluate_.run());
    for (std::int64_t start = 0; start < last().n; start += chunk) {
        const Draws draws = draw(evaluate_, space_, last().proposal, points_, start, std::min(chunk, last().n - start));
        make_room(space_.laws() * draws.y.cols);
        add(last(), draws.z, draws.y, start);
    }
    for (const Stage& stage : std::span(stages_).first(stages_.size() - 1))
        add(stage, pool_.z().slice(stage.row, stage.n), pool_.y().slice(stage.row, stage.n), 0);
}

void RecycledSample::make_room(std::int64_t summands) {
    if (sum_t_.rows > 0) return;
    const std::int64_t x = mixture_.controls(), nets = first_net_.back(), rows = std::min(judged, stages_.back().n);
    sum_t_ = Matrix(nets, summands);
    sum_x_ = Matrix(nets, x);
    first_t_ = Matrix(rows, summands);
    first_x_ = Matrix(rows, x);
    folds_.assign(static_cast<std::size_t>(x <= cheap_controls ? nets : few_folds), CrossProducts(x, summands));
}

/// Rows of a stage, the first of which is its row `start`.
void RecycledSample::add(const Stage& stage, ConstView z, ConstView y, std::int64_t start) {
    const std::int64_t points = stage.n / stage.nets, length = segment_length(points);
    const bool last = &stage == &stages_.back();
    std::vector<CrossProducts> segments(static_cast<std::size_t>((z.rows + length - 1) / length));
    for_segments(z.rows, points, evaluate_.threads(), [&](std::int64_t first, std::int64_t count) {
        segments[static_cast<std::size_t>(first / length)] =
            sums_of(z.slice(first, count), y.slice(first, count), last ? start + first : judged);
    });
    const std::int64_t net = first_net_[static_cast<std::size_t>(&stage - stages_.data())];
    for (std::size_t s = 0; s < segments.size(); ++s) {
        const std::int64_t g = net + (start + static_cast<std::int64_t>(s) * length) / points;
        for (std::int64_t e = 0; e < sum_t_.cols; ++e) sum_t_(g, e) += segments[s].t[static_cast<std::size_t>(e)];
        for (std::int64_t k = 0; k < sum_x_.cols; ++k) sum_x_(g, k) += segments[s].x[static_cast<std::size_t>(k)];
        folds_[static_cast<std::size_t>(fold_of(g))].merge(segments[s]);
    }
}

/// Of a segment; row `at` of those that are judged is its first.
CrossProducts RecycledSample::sums_of(ConstView z, ConstView y, std::int64_t at) {
    constexpr std::int64_t slice = 512;   // its tables stay in the cache
    CrossProducts sums(sum_x_.cols, sum_t_.cols);
    for (std::int64_t i = 0; i < z.rows; i += slice) {
        const std::int64_t rows = std::min(slice, z.rows - i);
        const Batch batch = weigh(space_, mixture_.density(), z.slice(i, rows), y.slice(i, rows));
        const Matrix t = summands(batch), x = mixture_.controls(batch.ratio);
        keep(t, x, at + i);
        sums.add(x, t);
    }
    return sums;
}

void RecycledSample::keep(const Matrix& t, const Matrix& x, std::int64_t at) {
    const std::int64_t rows = std::min(t.rows, first_t_.rows - at);
    if (rows <= 0) return;
    std::copy_n(t.data.begin(), rows * t.cols, first_t_.data.begin() + at * t.cols);
    std::copy_n(x.data.begin(), rows * x.cols, first_x_.data.begin() + at * x.cols);
}

/// Products within the stages, of all nets but those of a fold: the mean of a control is 0 over all stages, not in each.
CrossProducts RecycledSample::without_fold(std::int64_t fold) const {
    CrossProducts sums(sum_x_.cols, sum_t_.cols);
    for (std::size_t f = 0; f < folds_.size(); ++f)
        if (static_cast<std::int64_t>(f) != fold) sums.merge(folds_[f]);
    for (std::size_t t = 0; t < stages_.size(); ++t) {
        std::vector<double> x(static_cast<std::size_t>(sum_x_.cols)), y(static_cast<std::size_t>(sum_t_.cols));
        double rows = 0;
        for (std::int64_t g = first_net_[t]; g < first_net_[t + 1]; ++g) {
            if (fold_of(g) == fold) continue;
            add_row(sum_x_.view().row(g), x);
            add_row(sum_t_.view().row(g), y);
            rows += static_cast<double>(stages_[t].n / stages_[t].nets);
        }
        if (rows > 0) centre(sums, x, y, rows);
    }
    std::ranges::fill(sums.x, 0.0);
    std::ranges::fill(sums.t, 0.0);
    drop_constants(sums);
    return sums;
}

/// (G, E) means of the nets, less the controls with coefficients from other nets.
Matrix RecycledSample::residual_means() {
    Matrix means = sum_t_;
    for (std::int64_t f = 0; f < static_cast<std::int64_t>(folds_.size()); ++f) {
        coefficients_ = regress(without_fold(f), options_.cut);
        for (std::int64_t g = f; g < means.rows; g += static_cast<std::int64_t>(folds_.size()))
            subtract_products(sum_x_.view().slice(g, 1), coefficients_, means.view().slice(g, 1));
    }
    for (std::size_t t = 0; t < stages_.size(); ++t)
        for (std::int64_t g = first_net_[t]; g < first_net_[t + 1]; ++g)
            for (double& v : means.view().row(g)) v *= static_cast<double>(stages_[t].nets) / static_cast<double>(stages_[t].n);
    return means;
}

/// The means of the stages by their counts; their variances, each from its nets, add up: given what came before, the nets of
/// a stage are independent of each other.
RecycledSample::Part RecycledSample::part() {
    const Matrix means = residual_means();
    const auto width = static_cast<std::size_t>(means.cols);
    Part part{std::vector<double>(width),
              Matrix(means.cols, means.cols),
              std::vector<double>(width),
              {},
              0,
              {},
              {},
              control_check()};
    std::vector<double> variance(width);
    for (std::size_t t = 0; t < stages_.size(); ++t) {
        const double share = static_cast<double>(stages_[t].n) / static_cast<double>(n_),
                     nets = static_cast<double>(stages_[t].nets);
        const Moments moments(means.view().slice(first_net_[t], stages_[t].nets));
        const Matrix spread = moments.covariance();
        for (std::size_t k = 0; k < spread.data.size(); ++k) part.covariance.data[k] += share * share / nets * spread.data[k];
        for (std::size_t e = 0; e < width; ++e) {
            const auto at = static_cast<std::int64_t>(e);
            part.value[e] += share * moments.mean[e];
            variance[e] = share * share / nets * spread(at, at);
            part.squares[e] += variance[e] * variance[e] / (nets - 1);
        }
        part.freedom += nets - 1;
    }
    const auto terms = static_cast<double>(last().n) / static_cast<double>(last().nets);
    part.t = first_t_;
    subtract_products(first_x_, coefficients_, first_t_);   // what the controls leave, from here on
    part.fourth = excess_kurtosis(means.view().slice(first_net_[stages_.size() - 1], last().nets));
    const std::vector<double> of_terms = excess_kurtosis(first_t_);
    for (std::size_t e = 0; e < width; ++e)   // scrambles of smooth terms have heavy tails, but symmetric ones
        part.fourth[e] = std::max(std::min(part.fourth[e], of_terms[e] / terms), 0.0) /
                         static_cast<double>(last().nets) * variance[e] * variance[e];
    part.rest = std::move(first_t_);
    return part;
}

/// Largest |mean of a control| in standard errors: a large one says that a density is wrong.
double RecycledSample::control_check() const {
    std::vector<double> mean(static_cast<std::size_t>(sum_x_.cols)), variance(mean.size());
    for (std::size_t t = 0; t < stages_.size(); ++t) {
        const Moments m(sum_x_.view().slice(first_net_[t], stages_[t].nets));
        const auto nets = static_cast<double>(stages_[t].nets);
        for (std::size_t k = 0; k < mean.size(); ++k) {
            mean[k] += m.mean[k] * nets;
            variance[k] += m.scatter(static_cast<std::int64_t>(k), static_cast<std::int64_t>(k)) / (nets - 1) * nets;
        }
    }
    double worst = 0;
    for (std::size_t k = 0; k < mean.size(); ++k)
        if (variance[k] > 1e-18 * static_cast<double>(n_) * static_cast<double>(n_))   // else nothing but rounding
            worst = std::max(worst, std::abs(mean[k]) / std::sqrt(variance[k]));
    return worst;
}

namespace {

void append(Matrix& to, const Matrix& rows) {
    to.data.insert(to.data.end(), rows.data.begin(), rows.data.end());
    to.cols = rows.cols;
    to.rows += rows.rows;
}

/// Columns of summands that are outputs, without those of success.
Matrix outputs_of(const Evaluation& evaluate, const Matrix& all, std::int64_t count) {
    Matrix out(all.rows, count);
    for (std::int64_t i = 0; i < out.rows; ++i)
        for (std::int64_t j = 0; j < count; ++j) out(i, j) = all(i, column_of(evaluate, j, evaluate.outputs()));
    return out;
}

/// Several parts as one.
RecycledSample::Part joined(std::vector<RecycledSample>& samples) {
    const auto total = static_cast<double>(std::accumulate(samples.begin(), samples.end(), std::int64_t{0},
                                                           [](std::int64_t n, const RecycledSample& s) { return n + s.n(); }));
    RecycledSample::Part all;
    for (RecycledSample& sample : samples) {
        const RecycledSample::Part part = sample.part();
        const double share = static_cast<double>(sample.n()) / total;
        all.value.resize(part.value.size());
        all.squares.resize(part.value.size());
        all.fourth.resize(part.value.size());
        if (all.covariance.rows == 0) all.covariance = Matrix(part.covariance.rows, part.covariance.cols);
        for (std::size_t e = 0; e < part.value.size(); ++e) {
            all.value[e] += share * part.value[e];
            all.squares[e] += std::pow(share, 4) * part.squares[e];
            all.fourth[e] += std::pow(share, 4) * part.fourth[e];
        }
        for (std::size_t k = 0; k < part.covariance.data.size(); ++k)
            all.covariance.data[k] += share * share * part.covariance.data[k];
        all.freedom += part.freedom;
        all.control_check = std::max(all.control_check, part.control_check);
        append(all.t, part.t);
        append(all.rest, part.rest);
    }
    return all;
}

}  // namespace

Estimate recycled(const Evaluation& evaluate, std::vector<RecycledSample>& samples, const std::vector<std::string>& groups) {
    const RecycledSample::Part all = joined(samples);
    // 1 / nu = 1 / degrees_of_freedom + kurtosis / 2: how the degrees of freedom of each value get into one estimate
    std::vector<double> kurtosis(all.value.size());
    for (std::size_t e = 0; e < kurtosis.size(); ++e) {
        const double variance = all.covariance(static_cast<std::int64_t>(e), static_cast<std::int64_t>(e));
        if (variance > 0)
            kurtosis[e] = std::max(2 * all.squares[e] / (variance * variance) - 2 / all.freedom, 0.0) +
                          all.fourth[e] / (variance * variance);
    }
    Estimate e = finish(evaluate, all.value, all.covariance, all.freedom, groups, std::move(kurtosis));
    const Matrix t = outputs_of(evaluate, all.t, e.size());
    std::int64_t n = 0, nets = 0;
    for (const RecycledSample& sample : samples) {
        n += sample.n();
        nets += sample.last().nets;
    }
    const std::vector<double> left = tail_shapes(outputs_of(evaluate, all.rest, e.size()), e.size());
    judge_tails(t, e, false, left);
    warn_of_few_terms(t, n, e);
    e.diagnostics["pareto_k_residual"] = left;
    for (std::int64_t j = 0; j < e.size(); ++j)
        if (std::ranges::all_of(std::views::iota(std::int64_t{0}, t.rows),
                                [&](std::int64_t i) { return t(i, j) == 0; }) &&
            e.value[static_cast<std::size_t>(j)] == 0)
            warn_of_zeros(j, "sample", e);
    const Proposal& proposal = samples.front().last().proposal;
    e.diagnostics["alpha"] = proposal.alpha();
    e.diagnostics["components"] = static_cast<std::int64_t>(proposal.components().size());
    e.diagnostics["replicates"] = nets;
    e.diagnostics["points"] = samples.front().last().n / samples.front().last().nets;
    e.diagnostics["control_check"] = all.control_check;
    e.diagnostics["recycled_n"] = n;
    return e;
}

}  // namespace buffon
