#include <buffon/adaptation.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ranges>

#include <buffon/check.hpp>
#include <buffon/gaussian_fit.hpp>
#include <buffon/kernels.hpp>
#include <buffon/regression.hpp>
#include <buffon/simplex.hpp>

namespace buffon {
namespace {

constexpr std::int64_t largest_batch = 16'384;   // bounds the memory of the adaptation whatever the budget
constexpr std::int64_t fewest_points = 10;       // below, a batch says nothing
constexpr std::int64_t clear_batch = 100;        // points that a batch should have where a tenth of the budget allows it
// How much better than q_0 in nets a density must promise to be: the promise is known to a factor of two or three, and q_0
// in nets is what the user could have had without us.
constexpr double doubt = 3.0;
// Nets gain more under q_0 than under a mixture, whose choice of the component is a jump: two binary digits of variance on
// twelve problems. A batch measures the difference with an error of about as much, so the two are averaged.
constexpr double expected_lead = 2.0;

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
    initial_ = residual_spread(summands(batch), Matrix(batch.n(), 0), Matrix(0, evaluate_.outputs() * space_.laws()));
    const auto expectations = static_cast<std::size_t>(evaluate_.outputs() * space_.laws());
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
    seen_ = look_at(pool_, evaluate_.outputs(), need());
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
    pool_.add(last_, proposal, std::move(log_q));
    return last_;
}

/// Gaussians fitted to the parts, weighted for the least criterion on the pool; log_q: its log densities there.
Proposal Adaptation::propose(std::vector<double>& log_q) {
    std::vector<Gaussian> gaussians;
    std::vector<std::int64_t> owner;   // expectation of each
    std::vector<double> beta;          // its own coefficient
    fit_parts(gaussians, owner, beta);
    std::vector<double> alpha = first_alpha(owner, beta);
    const Matrix q = pool_.relative(Proposal(true, gaussians, alpha));
    if (!gaussians.empty()) {
        const double others = std::min(0.2, 0.5 * (1 - options_.defensive));
        std::vector<double> floors(alpha.size(), others / static_cast<double>(alpha.size()));
        floors[0] = options_.defensive;
        alpha = minimise_on_simplex(q, squares(q, owner, beta), std::move(alpha), floors, {});
    }
    log_q = pool_.log_density_of(q, alpha);
    return Proposal(true, std::move(gaussians), std::move(alpha));
}

void Adaptation::fit_parts(std::vector<Gaussian>& gaussians, std::vector<std::int64_t>& owner, std::vector<double>& beta) const {
    FitOptions fit;
    fit.diagonal = options_.diagonal;
    for (std::size_t p = 0; p < seen_.parts.size(); ++p) {
        const Part& part = seen_.parts[p];
        const Stream start{evaluate_.key(), static_cast<std::uint32_t>(0x10000 * (pairs_.size() + 1) + p)};
        for (auto& component : fit_mixture(pool_.z(), part.weights, options_.components, fit, start)) {
            gaussians.push_back(std::move(component.law));
            owner.push_back(part.expectation);
            beta.push_back(part.sign * component.share * part.mass / static_cast<double>(pool_.n()));
        }
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
    std::vector<double> c(static_cast<std::size_t>(q.rows));
    std::vector<double> rest(static_cast<std::size_t>(seen_.r.cols));
    for (std::int64_t i = 0; i < q.rows; ++i) {
        std::ranges::copy(seen_.r.view().row(i), rest.begin());
        for (std::size_t k = 0; k < owner.size(); ++k)
            rest[static_cast<std::size_t>(owner[k])] -= beta[k] * q(i, static_cast<std::int64_t>(k) + 1);
        for (std::size_t e = 0; e < rest.size(); ++e) c[static_cast<std::size_t>(i)] += weights_[e] * rest[e] * rest[e];
    }
    return c;
}

Adaptation::Pair Adaptation::learn(const Batch& batch, const Proposal& proposal) const {
    const Matrix t = summands(batch), x = controls(batch);
    CrossProducts sums(x.cols, t.cols);
    sums.add(x, t);
    const Matrix all = regress(sums, options_.cut);
    Matrix b(x.cols, seen_.r.cols);
    for (std::int64_t k = 0; k < b.rows; ++k)
        for (std::int64_t e = 0; e < b.cols; ++e) b(k, e) = all(k, summand_column(evaluate_, e));
    return {proposal, b, residual_spread(t, x, b), seen_.provisional};
}

Spread Adaptation::residual_spread(const Matrix& t, const Matrix& x, const Matrix& b) const {
    Matrix rest(t.rows, b.cols);
    for (std::int64_t i = 0; i < t.rows; ++i)
        for (std::int64_t e = 0; e < b.cols; ++e) rest(i, e) = t(i, summand_column(evaluate_, e));
    subtract_products(x, b, rest);
    const auto freedom = std::max<double>(1.0, static_cast<double>(t.rows - 1 - x.cols));
    return spread_of(rest, freedom, options_.points == Points::rqmc);
}

double Adaptation::weighted(const std::vector<double>& v) const {
    return std::inner_product(v.begin(), v.end(), weights_.begin(), 0.0);
}

/// The variance that the final estimate would have, variance per point over the budget left, no longer falls.
bool Adaptation::getting_worse() const {
    if (pairs_.size() < 2 || pairs_.back().provisional || pairs_[pairs_.size() - 2].provisional) return false;
    const auto left = static_cast<double>(evaluate_.run().budget - spent());
    return weighted(pairs_[pairs_.size() - 2].spread.v) / (left + static_cast<double>(batch_)) <= weighted(pairs_.back().spread.v) / left;
}

/// q_0 in nets is so good that a better density could only make it worse.
bool Adaptation::nets_suffice() const {
    if (pool_.score().rows > 0) return false;   // a rare event: what q_0 has not hit it knows nothing of
    if (pairs_.size() < 2 || net_ == 1 || std::ranges::all_of(pairs_, &Pair::provisional)) return false;
    const double best = std::ranges::min(pairs_ | std::views::transform([&](const Pair& p) { return weighted(p.spread.v); }));
    return doubt * in_nets(initial_variance(), initial_, initial_log_gain()) < best * std::exp2(common_log_gain());
}

Proposal Adaptation::choose() {
    if (pairs_.empty()) return Proposal::initial();
    look();
    provisional_ = std::ranges::all_of(pairs_, &Pair::provisional);
    if (provisional_ && pool_.score().rows > 0) return pairs_.back().proposal;   // the way to a rare event, as far as it went
    double least = std::numeric_limits<double>::infinity();
    const Pair* best = best_pair(least);
    const double initial = initial_variance();
    if (net_ == 1) {
        fallback_ = least >= 0.9 * initial;
        return fallback_ ? Proposal::initial(best->proposal.gaussians()) : best->proposal;
    }
    const double gain = initial_log_gain();
    fallback_ = (pool_.score().rows > 0 ? 1.0 : doubt) * least * std::exp2(common_log_gain()) >= in_nets(initial, initial_, gain);
    if (!fallback_) return best->proposal;
    const Pair controlled = controlled_initial(*best);
    const double change = controlled.spread.log_gain(weights_, net_) - initial_.log_gain(weights_, net_);
    const double with_controls = in_nets(pooled_variance(controlled), controlled.spread, std::min(0.0, gain + 0.5 * change));
    return doubt * with_controls < in_nets(initial, initial_, gain) ? controlled.proposal : Proposal::initial();
}

/// q_0 with the components of a pair as controls only, judged by the first batch.
Adaptation::Pair Adaptation::controlled_initial(const Pair& pair) const {
    const Proposal proposal = Proposal::initial(pair.proposal.gaussians());
    return learn(pool_.first(batch_, proposal), proposal);
}

/// The least pooled variance among pairs that are not provisional (among all where all are), the newest of equals.
const Adaptation::Pair* Adaptation::best_pair(double& least) const {
    std::vector<const Pair*> order;   // by their own batch's variance, a lower bound of the pooled one
    for (auto pair = pairs_.rbegin(); pair != pairs_.rend(); ++pair)
        if (!pair->provisional || provisional_) order.push_back(&*pair);
    std::ranges::stable_sort(order, {}, [&](const Pair* p) { return weighted(p->spread.v); });
    const Pair* best = nullptr;
    for (const Pair* pair : order) {
        if (best != nullptr && weighted(pair->spread.v) > least) break;
        const double variance = pooled_variance(*pair);
        if (best == nullptr || variance < least || (variance == least && pair > best)) {
            least = variance;
            best = pair;
        }
    }
    return best;
}

/// What nets gain on independent points under the proposals so far: one batch says little, so their geometric mean.
double Adaptation::common_log_gain() const {
    double sum = 0, count = 0;
    for (const Pair& pair : pairs_) {
        if (pair.provisional && !provisional_) continue;
        sum += pair.spread.log_gain(weights_, net_);
        ++count;
    }
    return count > 0 ? sum / count : 0.0;
}

double Adaptation::initial_log_gain() const {
    const double common = common_log_gain();
    const double lead = common - initial_.log_gain(weights_, net_);
    return std::min(0.0, common - 0.5 * (lead + expected_lead));
}

/// Variance, times points, of a net of the final sample. What the pool knows beyond twice what the batch saw is rare, and
/// nets do not integrate rare things better than independent points.
double Adaptation::in_nets(double pooled, const Spread& batch, double log_gain) const {
    const double unseen = std::max(0.0, pooled - 2 * weighted(batch.v));
    return (pooled - unseen) * std::exp2(log_gain) + unseen;
}

/// sum_e w_e max(v_e, mean_i (r - I q_a - sum_k b_k (q_k - q_a))^2 / q_a): its own batch and the whole pool.
double Adaptation::pooled_variance(const Pair& pair) const {
    const Matrix q = pool_.relative(pair.proposal);
    std::vector<double> shift = seen_.mean;   // I - sum_k b_k
    for (std::int64_t k = 0; k < pair.b.rows; ++k)
        for (std::int64_t e = 0; e < pair.b.cols; ++e) shift[static_cast<std::size_t>(e)] -= pair.b(k, e);
    std::vector<double> mixture(static_cast<std::size_t>(q.rows));
    Matrix rest = seen_.r;
    for (std::int64_t i = 0; i < q.rows; ++i) {
        const auto terms = q.view().row(i);
        double& qa = mixture[static_cast<std::size_t>(i)] = std::inner_product(terms.begin(), terms.end(), pair.proposal.alpha().begin(), 0.0);
        for (std::int64_t e = 0; e < rest.cols; ++e) rest(i, e) -= qa * shift[static_cast<std::size_t>(e)];
    }
    subtract_products(q, pair.b, rest);
    std::vector<double> sum(shift.size());
    for (std::int64_t i = 0; i < q.rows; ++i) {
        const double qa = mixture[static_cast<std::size_t>(i)];
        if (!(qa > 0)) continue;
        for (std::int64_t e = 0; e < rest.cols; ++e) sum[static_cast<std::size_t>(e)] += rest(i, e) * rest(i, e) / qa;
    }
    double total = 0;
    for (std::size_t e = 0; e < sum.size(); ++e) total += weights_[e] * std::max(pair.spread.v[e], sum[e] / static_cast<double>(q.rows));
    return total;
}

/// The same for q_0 without controls.
double Adaptation::initial_variance() const {
    const Matrix q = pool_.relative(Proposal::initial());
    double total = 0;
    for (std::int64_t i = 0; i < q.rows; ++i) {
        if (!(q(i, 0) > 0)) continue;
        for (std::int64_t e = 0; e < seen_.r.cols; ++e) {
            const double gap = seen_.r(i, e) - seen_.mean[static_cast<std::size_t>(e)] * q(i, 0);
            total += weights_[static_cast<std::size_t>(e)] * gap * gap / q(i, 0);
        }
    }
    return total / static_cast<double>(q.rows);
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
