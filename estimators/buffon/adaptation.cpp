#include <buffon/adaptation.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/gaussian_fit.hpp>
#include <buffon/kept.hpp>
#include <buffon/kernels.hpp>
#include <buffon/regression.hpp>
#include <buffon/simplex.hpp>
#include <buffon/sums.hpp>
#include <buffon/vmfn_fit.hpp>

namespace buffon {
namespace {

constexpr std::int64_t largest_batch = 16'384;   // bounds the memory of the adaptation whatever the budget
constexpr std::int64_t fewest_points = 10;       // below, a batch says nothing
constexpr std::int64_t clear_batch = 100;        // points that a batch should have where a tenth of the budget allows it
// Stop of the mixture weights: within a hundredth of a criterion that the pool knows to some per cent, at a tenth of the steps.
constexpr double close_enough = 1e-3;

}  // namespace

Adaptation::Adaptation(Evaluation& evaluate, const WorkingSpace& space, const AiscvOptions& options)
    : evaluate_(evaluate), space_(space), options_(options) {
    const auto budget = static_cast<double>(evaluate.run().budget);
    const auto share = static_cast<std::int64_t>(options.batch_fraction * budget);
    const std::int64_t least = std::min(evaluate.run().budget / 10, std::max(clear_batch, points_for_a_fit()));
    batch_ = std::min(std::max(share, least), largest_batch);
    const auto batches = std::llround(std::floor(options.adaptation / options.batch_fraction + 1e-9));
    net_ = options.points == Points::iid ? 1 : Replication::of(evaluate.run().budget, options.replicates).points;
    cap_ = std::min(static_cast<std::int64_t>(options.adaptation * budget), std::max<std::int64_t>(batches, 1) * batch_);
    pool_ = Pool(cap_);
    const auto expectations = static_cast<std::size_t>(evaluate.problem().outputs().size()) * static_cast<std::size_t>(space.laws());
    require(options.weights.empty() || expectations == 0 || options.weights.size() == expectations,
            "aiscv: weights must have one entry per expectation, ", expectations, ", got ", options.weights.size());
}

bool Adaptation::init() {
    if (batch_ < fewest_points || 2 * batch_ > cap_) {
        stop_ = "no adaptation";
        return false;
    }
    const Batch& batch = draw(Proposal::initial(), {});
    initial_ = residual_spread(summands(batch), Matrix(batch.n(), 0), Matrix(0, evaluate_.wanted() * space_.laws()));
    const auto expectations = static_cast<std::size_t>(evaluate_.wanted() * space_.laws());
    require(options_.weights.empty() || options_.weights.size() == expectations,
            "aiscv: weights must have one entry per expectation, ", expectations, ", got ", options_.weights.size());
    return true;
}

/// A Gaussian with a covariance asks for several points per coordinate, be they ever so well placed.
std::int64_t Adaptation::points_for_a_fit() const { return 4 * (space_.dim() + 2); }

bool Adaptation::step() {
    if (spent() + batch_ > cap_) {
        stop_ = "budget";
        return false;
    }
    if (batch_ < points_for_a_fit() && pool_.score().rows == 0) {   // a rare event with a score has no other hope
        stop_ = "no adaptation";
        return false;
    }
    seen_ = {};
    look();
    if (nets_suffice()) {
        stop_ = "nets suffice";
        return false;
    }
    std::vector<double> log_q;
    Proposal proposal = propose(log_q);
    const Batch& batch = draw(proposal, std::move(log_q));
    pairs_.push_back(learn(batch, proposal));
    if (!getting_worse()) return true;
    stop_ = "trade-off";
    return false;
}

void Adaptation::look() {
    seen_ = look_at(pool_, evaluate_.wanted(), need());
    weights_ = criterion_weights(seen_, options_.weights);
}

/// Effective size that a fit asks for.
double Adaptation::need() const {
    return std::max({60.0, 0.05 * static_cast<double>(batch_), 2.0 * static_cast<double>(space_.dim() + 2)});
}

const Batch& Adaptation::draw(Proposal proposal, std::vector<double> log_q) {
    const Stream stream{evaluate_.key(), static_cast<std::uint32_t>(pairs_.size() + (spent() > 0 ? 1 : 0))};
    const PointSet points = options_.points == Points::iid ? PointSet::independent(batch_, stream)
                                                           : PointSet::nets(proposal.coordinates(space_), batch_, 1, stream.key, stream.id);
    last_ = draw_batch(evaluate_, space_, proposal, points, 0, batch_);
    count_as_adaptation(evaluate_);
    pool_.add(last_, proposal, std::move(log_q));
    return last_;
}

/// Components fitted to the parts, weighted for the least criterion on the pool; log_q: its log densities there.
Proposal Adaptation::propose(std::vector<double>& log_q) {
    std::vector<Component> components;
    std::vector<std::int64_t> owner;   // expectation of each
    std::vector<double> beta;          // its own coefficient
    fit_parts(components, owner, beta);
    std::vector<double> alpha = first_alpha(owner, beta);
    const Matrix q = pool_.relative(Proposal(true, components, alpha));
    if (!components.empty()) {
        const double others = std::min(0.2, 0.5 * (1 - options_.defensive));
        std::vector<double> floors(alpha.size(), others / static_cast<double>(alpha.size()));
        floors[0] = options_.defensive;
        alpha = minimise_on_simplex(q, squares(q, owner, beta), std::move(alpha), floors, {.tolerance = close_enough});
    }
    log_q = pool_.log_density_of(q, alpha);
    return Proposal(true, std::move(components), std::move(alpha));
}

void Adaptation::fit_parts(std::vector<Component>& components, std::vector<std::int64_t>& owner, std::vector<double>& beta) const {
    FitOptions fit;
    fit.diagonal = options_.diagonal;
    if (options_.family == Family::student) fit.degrees = options_.degrees;
    const auto add = [&](const Part& part, double share, Component law) {
        components.push_back(std::move(law));
        owner.push_back(part.expectation);
        beta.push_back(part.sign * share * part.mass / static_cast<double>(pool_.n()));
    };
    Matrix room;
    const ConstView weights = seen_.weights(room);
    if (options_.components == 1 && options_.family == Family::gaussian) {
        std::vector<double> sizes;
        for (const Part& part : seen_.parts) sizes.push_back(part.size);
        auto laws = fit_gaussians(pool_.z(), weights, sizes, fit);
        for (std::size_t p = 0; p < laws.size(); ++p)
            if (laws[p]) add(seen_.parts[p], 1.0, std::move(*laws[p]));
        return;
    }
    std::vector<double> own(static_cast<std::size_t>(weights.rows));
    for (std::size_t p = 0; p < seen_.parts.size(); ++p) {
        for (std::size_t i = 0; i < own.size(); ++i) own[i] = weights(static_cast<std::int64_t>(i), static_cast<std::int64_t>(p));
        if (options_.family == Family::vmfn) {
            if (auto law = fit_vmfn(pool_.z(), own)) add(seen_.parts[p], 1.0, std::move(*law));
            continue;
        }
        const Stream start{evaluate_.key(), static_cast<std::uint32_t>(0x10000 * (pairs_.size() + 1) + p)};
        for (auto& component : fit_mixture(pool_.z(), own, options_.components, fit, start))
            add(seen_.parts[p], component.share, std::move(component.law));
    }
}

/// alpha proportional to (defensive, sqrt(w) |beta|).
std::vector<double> Adaptation::first_alpha(const std::vector<std::int64_t>& owner, const std::vector<double>& beta) const {
    std::vector<double> alpha{owner.empty() ? 1.0 : options_.defensive};
    for (std::size_t k = 0; k < owner.size(); ++k)
        alpha.push_back(std::sqrt(weights_[static_cast<std::size_t>(owner[k])]) * std::abs(beta[k]));
    const double total = std::accumulate(alpha.begin() + 1, alpha.end(), 0.0);
    const double share = static_cast<double>(owner.size());
    for (std::size_t k = 1; k < alpha.size(); ++k)
        alpha[k] = (1 - options_.defensive) * (total > 0 ? alpha[k] / total : 1 / share);
    return alpha;
}

/// c_i = sum_e w_e (r_ie - sum of e's own components beta_k q_ik)^2.
std::vector<double> Adaptation::squares(const Matrix& q, const std::vector<std::int64_t>& owner, const std::vector<double>& beta) const {
    std::vector<double> c, rest(static_cast<std::size_t>(seen_.r.cols));
    std::vector<std::int64_t> each(rest.size());
    std::iota(each.begin(), each.end(), std::int64_t{0});
    const bool one_each = owner == each;
    for (std::int64_t i = 0; i < q.rows; ++i) {
        const double* r = seen_.r.view().row(i).data();
        const double* own = q.view().row(i).data() + 1;
        if (one_each) {
            for (std::size_t e = 0; e < rest.size(); ++e) rest[e] = r[e] - beta[e] * own[e];
        } else {
            std::copy_n(r, rest.size(), rest.begin());
            for (std::size_t k = 0; k < owner.size(); ++k) rest[static_cast<std::size_t>(owner[k])] -= beta[k] * own[k];
        }
        c.push_back(sum_of(seen_.r.cols, [&](std::int64_t e) {
            const double v = rest[static_cast<std::size_t>(e)];
            return weights_[static_cast<std::size_t>(e)] * v * v;
        }));
    }
    return c;
}

Adaptation::Pair Adaptation::learn(const Batch& batch, const Proposal& proposal) const {
    Matrix t = summands(batch);
    const Matrix x = controls(batch.ratio);
    CrossProducts sums(x.cols, t.cols);
    sums.add(x, t);
    Matrix b = adapted_to(regress(sums, options_.cut));
    Spread spread = residual_spread(std::move(t), x, b);
    return {proposal, std::move(b), std::move(spread), seen_.provisional};
}

/// Of the columns of all summands those of the expectations that are adapted to.
Matrix Adaptation::adapted_to(Matrix all) const {
    if (evaluate_.columns() == evaluate_.wanted()) return all;
    Matrix some(all.rows, evaluate_.wanted() * space_.laws());
    for (std::int64_t e = 0; e < some.cols; ++e) {
        const std::int64_t from = summand_column(evaluate_, e);
        for (std::int64_t i = 0; i < some.rows; ++i) some(i, e) = all(i, from);
    }
    return some;
}

Spread Adaptation::residual_spread(Matrix t, const Matrix& x, const Matrix& b) const {
    Matrix rest = adapted_to(std::move(t));
    subtract_products(x, b, rest);
    const auto freedom = std::max<double>(1.0, static_cast<double>(rest.rows - 1 - x.cols));
    return spread_of(rest, freedom, options_.points == Points::rqmc);
}

void Adaptation::report(Estimate& e) const {
    e.diagnostics["stop"] = std::string(stop_);
    e.diagnostics["batches"] = static_cast<std::int64_t>(pairs_.size() + (spent() > 0 ? 1 : 0));
    e.diagnostics["adaptation_n"] = spent();
    e.diagnostics["fallback"] = fallback_;
    e.diagnostics["provisional"] = provisional_;
    if (provisional_ && !fallback_)
        e.warnings.push_back("the adaptation never saw every integrand clearly: the proposal is provisional; a larger budget helps");
}

}  // namespace buffon
