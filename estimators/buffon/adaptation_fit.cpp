/// The next proposal of an adaptation: components fitted to the parts of the integrands, mixed for the least criterion.
#include <buffon/adaptation.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <buffon/gaussian_fit.hpp>
#include <buffon/mixture_choice.hpp>
#include <buffon/own_controls.hpp>
#include <buffon/parallel.hpp>
#include <buffon/simplex.hpp>
#include <buffon/sums.hpp>
#include <buffon/vmfn_fit.hpp>

namespace buffon {
namespace {

// Stop of the mixture weights: within a hundredth of a criterion that the pool knows to some per cent, at a tenth of the steps.
constexpr double close_enough = 1e-3;
// Narrow components are fitted where few points are seen, and leave residuals there that say little of others: the
// best weights are met half way by those that the parts have of their own.
constexpr double trust = 0.5;
constexpr double points_a_coordinate = 10;
constexpr double spare = 0.1;   // share of an umbrella in its part's points
constexpr std::int64_t many_components = 64;   // of all parts together: each costs a density at every point
constexpr std::int64_t most_of_a_part = 8;

// Of a law three times as wide as the input law: a region that is 4.5 standard deviations away gets a fifteenth of its points.
constexpr double explorer_share = 0.05, explorer_scale = 3.0;
constexpr double scouts_share = 0.1;   // of all scouts together

Gaussian around_everything(std::int64_t d) {
    Gaussian wide{std::vector<double>(static_cast<std::size_t>(d)), Matrix(d, d)};
    for (std::int64_t j = 0; j < d; ++j) wide.factor(j, j) = explorer_scale;
    return wide;
}

}  // namespace

/// Components fitted to the parts, weighted for the least criterion on the pool; log_q: its log densities there.
Proposal Adaptation::propose(std::vector<double>& log_q) {
    std::vector<Component> components;
    std::vector<std::int64_t> owner;   // expectation of each
    std::vector<double> beta;          // its own coefficient
    fit_parts(components, owner, beta);
    const std::size_t scouts = components.size();   // the first of them
    send_scouts(components, owner, beta);
    std::vector<double> alpha = first_alpha(owner, beta);
    const Proposal first(true, components, alpha);
    fitted().relative(first, relative_);
    const ConstView q = relative_;
    if (!components.empty()) {
        const double others = std::min(0.2, 0.5 * (1 - defensive()));
        std::vector<double> floors(alpha.size(), others / static_cast<double>(alpha.size()));
        floors[0] = defensive();
        if (explores()) floors.back() = explored_ ? others : std::min(explorer_share, others);
        const double each =
            std::min(scouts_share, others) / static_cast<double>(std::max<std::size_t>(components.size() - scouts, 1));
        for (std::size_t k = scouts; k < components.size(); ++k) floors[k + 1] = std::max(floors[k + 1], each);
        const std::vector<double> fair = alpha;
        alpha = minimise_on_simplex(q, squares(q, owner, beta), std::move(alpha), floors,
                                    {.tolerance = close_enough, .threads = evaluate_.threads()});
        if (options_.family == Family::gaussian && options_.components == 0 && owner.size() > seen_.parts.size())
            for (std::size_t k = 0; k < alpha.size(); ++k) alpha[k] += trust * (fair[k] - alpha[k]);
    }
    log_q = &fitted() != &pool_ ? pool_.log_density_of(pool_.relative(first), alpha) : pool_.log_density_of(q, alpha);
    return Proposal(true, std::move(components), std::move(alpha));
}

std::vector<Gaussian> Adaptation::fits_of_all() const {
    if (laws_.all() || pool_.n() == 0) return {};
    return fit_each(pool_, space_, evaluate_.wanted(), fit_options());
}

void Adaptation::fit_parts(std::vector<Component>& components, std::vector<std::int64_t>& owner,
                           std::vector<double>& beta) const {
    const auto add = [&](const Part& part, double share, Component law) {
        components.push_back(std::move(law));
        owner.push_back(part.expectation);
        beta.push_back(part.sign * share * part.mass / static_cast<double>(fitted().n()));
    };
    Matrix room;
    const ConstView weights = seen_.weights(room);
    const auto alone = fit_alone(weights);
    const bool chosen = options_.components == 0 && options_.family == Family::gaussian && !options_.diagonal;
    const std::int64_t most = std::min(most_of_a_part, many_components / std::max<std::int64_t>(weights.cols, 1));
    std::vector<double> own(static_cast<std::size_t>(weights.rows));
    for (std::size_t p = 0; p < seen_.parts.size(); ++p) {
        const Part& part = seen_.parts[p];
        if (!alone.empty() && !(chosen && most > 1 && asks_for_more(part))) {
            if (alone[p]) add(part, 1.0, *alone[p]);
            continue;
        }
        for (std::size_t i = 0; i < own.size(); ++i) own[i] = weights(static_cast<std::int64_t>(i), static_cast<std::int64_t>(p));
        const Stream start{evaluate_.key(),
                           batches_.first_stream + static_cast<std::uint32_t>(0x10000 * (pairs_.size() + 1) + p)};
        if (options_.family == Family::vmfn) {
            for (auto& component : fit_vmfn_mixture(fitted().z(), own, options_.components, start))
                add(part, component.share, std::move(component.law));
            continue;
        }
        const bool rare = chosen && pool_.score().rows > 0;
        for (auto& component :
             chosen
                 ? choose_mixture(fitted().z(), own, most, start, rare ? least_of(part.seen) : Least{})
                 : fit_mixture(fitted().z(), own, std::max<std::int64_t>(options_.components, 1), fit_options(), start))
            add(part, component.share, std::move(component.law));
        if (auto around = rare ? umbrella(fitted().z(), own) : std::nullopt) add(part, 0.0, std::move(*around));
    }
    if (explores()) add(seen_.parts.back(), 0.0, explored_ ? wide_law(space_.dim()) : around_everything(space_.dim()));
}

/// Whether rare events may have regions that no component leads to, and a wide law would meet them: in many dimensions its
/// points have no weight.
bool Adaptation::explores() const {
    if (explored_) return !seen_.parts.empty();   // what was found by a wide law has regions that only it has seen
    return options_.components == 0 && options_.family == Family::gaussian && pool_.score().rows > 0 && !seen_.parts.empty() &&
           space_.dim() <= explorable;
}

FitOptions Adaptation::fit_options() const {
    FitOptions fit;
    fit.diagonal = options_.diagonal;
    fit.threads = evaluate_.threads();
    if (options_.family == Family::student) fit.degrees = options_.degrees;
    return fit;
}

/// One Gaussian for each part, all of them in one pass; none where several are wanted or other laws.
std::vector<std::optional<Gaussian>> Adaptation::fit_alone(ConstView weights) const {
    if (options_.family != Family::gaussian || options_.components > 1) return {};
    std::vector<double> sizes;
    for (const Part& part : seen_.parts) sizes.push_back(part.size);
    return fit_gaussians(fitted().z(), weights, sizes, fit_options());
}

/// Whether one Gaussian is not evidently enough and the points could tell: a rare event with a score; or an expectation whose
/// size E |phi| is below the standard deviation that the latest proposal with all its controls left.
bool Adaptation::asks_for_more(const Part& part) const {
    if (pool_.score().rows > 0) return true;
    if (pairs_.empty() || part.size < points_a_coordinate * static_cast<double>(space_.dim() + 2)) return false;
    double size = 0;
    for (const Part& other : seen_.parts)
        if (other.expectation == part.expectation) size += other.mass / static_cast<double>(fitted().n());
    return pairs_.back().spread.v[static_cast<std::size_t>(part.expectation)] > size * size;
}

/// alpha proportional to (defensive, sqrt(w) |beta|).
std::vector<double> Adaptation::first_alpha(const std::vector<std::int64_t>& owner, const std::vector<double>& beta) const {
    std::vector<double> alpha{owner.empty() ? 1.0 : defensive()};
    for (std::size_t k = 0; k < owner.size(); ++k) {
        const auto e = static_cast<std::size_t>(owner[k]);
        alpha.push_back(std::sqrt(weights_[e]) * (beta[k] == 0 ? spare * std::abs(seen_.mean[e]) : std::abs(beta[k])));
    }
    const double total = std::accumulate(alpha.begin() + 1, alpha.end(), 0.0);
    const double share = static_cast<double>(owner.size());
    for (std::size_t k = 1; k < alpha.size(); ++k)
        alpha[k] = (1 - defensive()) * (total > 0 ? alpha[k] / total : 1 / share);
    return alpha;
}

/// c_i = sum_e w_e (r_ie - sum of e's own components beta_k q_ik)^2.
std::vector<double> Adaptation::squares(ConstView q, const std::vector<std::int64_t>& owner,
                                        const std::vector<double>& beta) const {
    std::vector<double> c(static_cast<std::size_t>(q.rows));
    std::vector<std::int64_t> each(static_cast<std::size_t>(seen_.r.cols));
    std::iota(each.begin(), each.end(), std::int64_t{0});
    const bool one_each = owner == each;
    parallel::for_blocks(q.rows, evaluate_.threads(), [&](std::int64_t begin, std::int64_t count) {
        std::vector<double> rest(each.size());
        for (std::int64_t i = begin; i < begin + count; ++i)
            c[static_cast<std::size_t>(i)] = square_of_row(i, q, owner, beta, one_each, rest);
    });
    return c;
}

/// `rest`: room for a number of each expectation.
double Adaptation::square_of_row(std::int64_t i, ConstView q, const std::vector<std::int64_t>& owner,
                                 const std::vector<double>& beta, bool one_each, std::vector<double>& rest) const {
    const double* r = seen_.r.view().row(i).data();
    const double* own = q.row(i).data() + 1;
    if (one_each) {
        for (std::size_t e = 0; e < rest.size(); ++e) rest[e] = r[e] - beta[e] * own[e];
    } else {
        std::copy_n(r, rest.size(), rest.begin());
        for (std::size_t k = 0; k < owner.size(); ++k) rest[static_cast<std::size_t>(owner[k])] -= beta[k] * own[k];
    }
    return sum_of(seen_.r.cols, [&](std::int64_t e) {
        const double v = rest[static_cast<std::size_t>(e)];
        return weights_[static_cast<std::size_t>(e)] * v * v;
    });
}

}  // namespace buffon
