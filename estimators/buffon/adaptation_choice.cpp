/// When an adaptation stops and which of its proposals is sampled in the end.
#include <buffon/adaptation.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ranges>
#include <utility>

#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
// How much better than q_0 in nets a density must promise to be: the promise is known to a factor of two or three, and q_0
// in nets is what the user could have had without us.
constexpr double usual_doubt = 3.0;
// Where the budget is small, so are the nets: q_0 in nets is hardly better than chance, and what has been spent is spent.
constexpr double small_doubt = 1.5;
// A density that after two batches of a small budget promises no more than this will not become better by that factor.
constexpr double hopeless = 0.7;
// Nets gain more under q_0 than under a mixture, whose choice of the component is a jump: two binary digits of variance on
// twelve problems. A batch measures the difference with an error of about as much, so the two are averaged.
constexpr double expected_lead = 2.0;

struct Sum {
    double of = 0;
    void merge(const Sum& other) { of += other.of; }
};

/// Of each expectation.
struct Squares {
    std::vector<double> of;
    void merge(const Squares& other) {
        for (std::size_t e = 0; e < of.size(); ++e) of[e] += other.of[e];
    }
};

}  // namespace

double Adaptation::weighted(const std::vector<double>& v) const {
    return std::inner_product(v.begin(), v.end(), weights_.begin(), 0.0);
}

/// The variance that the final estimate would have, variance per point over the budget left, no longer falls. On the way to
/// rare events it must have stopped falling twice: there each proposal is learnt from what the one before has found.
bool Adaptation::getting_worse() const {
    const std::size_t steps = pool_.score().rows > 0 ? 2 : 1;
    if (pairs_.size() <= steps || on_the_way()) return false;
    for (std::size_t k = 0; k <= steps; ++k)
        if (pairs_[pairs_.size() - 1 - k].provisional) return false;
    const auto expected = [&](std::size_t back) {
        return weighted(pairs_[pairs_.size() - 1 - back].spread.v) /
               static_cast<double>(budget_ - spent() + static_cast<std::int64_t>(back) * batch_);
    };
    for (std::size_t k = 0; k < steps; ++k)
        if (!(expected(steps) <= expected(k))) return false;
    return true;
}

/// q_0 in nets is so good that a better density could only make it worse.
bool Adaptation::nets_suffice() const {
    if (judged().score().rows > 0) return false;   // a rare event: what q_0 has not hit it knows nothing of
    if (pairs_.size() < 2 || net_ == 1 || std::ranges::all_of(pairs_, &Pair::provisional)) return false;
    const double best = std::ranges::min(pairs_ | std::views::transform([&](const Pair& p) { return weighted(p.spread.v); }));
    const double promised = best * std::exp2(common_log_gain()), gain = initial_log_gain();
    const double share = small_ ? hopeless : usual_doubt;
    const double enough = promised / (share * std::exp2(gain));   // in_nets is at least the pooled variance times this gain
    return share * in_nets(initial_variance(enough), initial_, gain) < promised;
}

Proposal Adaptation::choose() {
    if (pairs_.empty()) return Proposal::initial();
    look(judged());
    look_beyond();
    provisional_ = std::ranges::all_of(pairs_, &Pair::provisional);
    if (provisional_ && judged().score().rows > 0) return pairs_.back().proposal;   // the way to a rare event, as far as it went
    double least = infinity;
    const Pair* best = best_pair(least);
    const double initial = initial_variance(infinity);
    if (net_ == 1) {
        fallback_ = least >= 0.9 * initial;
        return fallback_ ? Proposal::initial(best->proposal.components()) : best->proposal;
    }
    const double gain = initial_log_gain(), doubt = small_ ? small_doubt : usual_doubt;
    fallback_ = (judged().score().rows > 0 ? 1.0 : doubt) * least * std::exp2(common_log_gain()) >=
                in_nets(initial, initial_, gain);
    if (!fallback_) return best->proposal;
    const Pair controlled = controlled_initial(*best);
    const double change = controlled.spread.log_gain(weights_, net_) - initial_.log_gain(weights_, net_);
    const double with_controls =
        in_nets(pooled_variance(controlled, infinity), controlled.spread, std::min(0.0, gain + 0.5 * change));
    return doubt * with_controls < in_nets(initial, initial_, gain) ? controlled.proposal : Proposal::initial();
}

/// q_0 with the components of a pair as controls only, judged by the first batch.
Adaptation::Pair Adaptation::controlled_initial(const Pair& pair) const {
    const Proposal proposal = Proposal::initial(pair.proposal.components());
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
        const double variance = pooled_variance(*pair, least);
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

/// sum_e w_e max(v_e, mean_i (r - I q_a - sum_k b_k (q_k - q_a))^2 / q_a): its own batch and the whole pool. Where it is
/// above `limit`, perhaps less than it, from the first rows that say so: no term is negative.
double Adaptation::pooled_variance(const Pair& pair, double limit) const {
    constexpr std::int64_t slice = 512;   // its tables stay in the cache
    std::vector<double> shift = seen_.mean;   // I - sum_k b_k
    for (std::int64_t k = 0; k < pair.b.rows; ++k)
        for (std::int64_t e = 0; e < pair.b.cols; ++e) shift[static_cast<std::size_t>(e)] -= pair.b(k, e);
    Squares sum{std::vector<double>(shift.size())};
    double total = 0;
    sum_pool(sum, [&](std::int64_t first, std::int64_t count) {
        Squares part{std::vector<double>(shift.size())};
        for (std::int64_t i = first; i < first + count; i += slice)
            add_squares(residuals(pair, shift, i, std::min(slice, first + count - i)), part.of);
        return part;
    }, [&] {
        total = 0;
        for (std::size_t e = 0; e < sum.of.size(); ++e)
            total += weights_[e] * std::max(pair.spread.v[e], sum.of[e] / static_cast<double>(judged().n()));
        return total > limit;
    });
    return total;
}

/// A few blocks at a time, of which some may be for nothing: one at first, then as many as threads may want.
template <class Total, class Part, class Done>
void Adaptation::sum_pool(Total& total, const Part& part, const Done& done) const {
    constexpr std::int64_t block = parallel::block_size, most = 16;
    const std::int64_t blocks = (judged().n() + block - 1) / block;
    std::vector<Total> parts(static_cast<std::size_t>(most));
    for (std::int64_t begin = 0, together = 1; begin < blocks; begin += together, together = most) {
        const std::int64_t count = std::min(together, blocks - begin);
        parallel::for_each(count, evaluate_.threads(), [&](std::int64_t b) {
            const std::int64_t first = (begin + b) * block;
            parts[static_cast<std::size_t>(b)] = part(first, std::min(block, judged().n() - first));
        });
        for (std::int64_t b = 0; b < count; ++b) {
            total.merge(parts[static_cast<std::size_t>(b)]);
            if (done()) return;
        }
    }
}

/// What the pair's controls leave of `count` rows from `first` on, and q_a there.
Adaptation::Residuals Adaptation::residuals(const Pair& pair, const std::vector<double>& shift, std::int64_t first,
                                            std::int64_t count) const {
    const Matrix q = judged().relative(pair.proposal, first, count);
    const ConstView r = seen_.r.view().slice(first, count);
    std::vector<double> mixture;
    Matrix rest(count, r.cols);
    for (std::int64_t i = 0; i < count; ++i) {
        mixture.push_back(dot(q.view().row(i).data(), pair.proposal.alpha().data(), q.cols));
        for (std::int64_t e = 0; e < r.cols; ++e) rest(i, e) = r(i, e) - mixture.back() * shift[static_cast<std::size_t>(e)];
    }
    subtract_products(q, pair.b, rest);
    return {std::move(rest), std::move(mixture)};
}

/// Their terms, per expectation, row by row.
void Adaptation::add_squares(const Residuals& of, std::vector<double>& sum) {
    const auto& [rest, mixture] = of;
    for (std::int64_t i = 0; i < rest.rows; ++i) {
        const double qa = mixture[static_cast<std::size_t>(i)];
        if (!(qa > 0)) continue;
        const double inverse = 1 / qa;
        for (std::int64_t e = 0; e < rest.cols; ++e) sum[static_cast<std::size_t>(e)] += rest(i, e) * rest(i, e) * inverse;
    }
}

/// The same for q_0 without controls.
double Adaptation::initial_variance(double limit) const {
    const auto n = static_cast<double>(judged().n());
    Sum total;
    sum_pool(
        total, [&](std::int64_t first, std::int64_t count) { return Sum{initial_squares(first, count)}; },
        [&] { return total.of > limit * n; });
    return total.of / n;
}

/// Of some rows of the pool.
double Adaptation::initial_squares(std::int64_t first, std::int64_t count) const {
    const Matrix q = judged().relative(Proposal::initial(), first, count);
    double total = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        if (!(q(i, 0) > 0)) continue;
        const auto r = seen_.r.view().row(first + i);
        total += sum_of(seen_.r.cols, [&](std::int64_t j) {
                     const auto e = static_cast<std::size_t>(j);
                     const double gap = r[e] - seen_.mean[e] * q(i, 0);
                     return weights_[e] * gap * gap;
                 }) / q(i, 0);
    }
    return total;
}

}  // namespace buffon
