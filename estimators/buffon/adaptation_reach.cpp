/// What an adaptation does about integrands that its first batch hardly hit: it looks further out, or gives up.
#include <buffon/adaptation.hpp>

#include <algorithm>
#include <cmath>

namespace buffon {
namespace {

constexpr double hidden_laws = 0.5;    // unseen: most laws can only be left to q_0
// An event that is hit less often than this is known to no better than a third: there a look further out pays.
constexpr double few_hits = 10;
constexpr std::int64_t few_dimensions =
    8;   // in more a small budget cannot follow up what it finds: any hit says that q_0 will do
// How much smaller the effective size of points of the wide law is under q_0. Its standard deviation is then 3 in one
// dimension, 2.7 in two, 1.8 in four, 1.25 in twenty.
constexpr double worth = 4;
constexpr double widest = 3;           // further out laws and models leave the range of doubles

}  // namespace

/// N(0, s^2 I) with E q_0 / g = (s^2 / sqrt(2 s^2 - 1))^d = worth.
Gaussian Adaptation::wide_law(std::int64_t d) {
    const double c = std::pow(worth, 2 / static_cast<double>(d));
    const double scale = std::min(widest, std::sqrt(c + std::sqrt(c * (c - 1))));
    Gaussian wide{std::vector<double>(static_cast<std::size_t>(d)), Matrix(d, d)};
    for (std::int64_t j = 0; j < d; ++j) wide.factor(j, j) = scale;
    return wide;
}

/// Whether expectations with most of the error differ from 0 at fewer than `enough` points: of the first batch, where all count
/// alike, or of all so far, where the effective size counts.
bool Adaptation::hidden(double enough, bool first) const {
    double hidden = 0, all = 0;
    bool some = false;
    for (std::int64_t e = 0; e < seen_.r.cols; ++e) {
        double points = 0, sum = 0, squares = 0;
        for (std::int64_t i = 0; i < seen_.r.rows; ++i) {
            const double r = std::abs(seen_.r(i, e));
            points += r != 0;
            sum += r;
            squares += r * r;
        }
        const auto at = static_cast<std::size_t>(e);
        const double part = weights_[at] * (first ? initial_.v[at] : seen_.error[at] * seen_.error[at]);
        all += part;
        if (first ? points >= enough : sum * sum >= enough * squares && squares > 0) continue;
        hidden += part;
        some = true;
    }
    return some && 2 * hidden >= all;
}

/// Without a score nothing but a look further out leads to a rare event. Of many laws each sees what others miss.
bool Adaptation::hardly_hit() const {
    if (space_.laws() > 1 || judged().score().rows > 0) return false;
    return hidden(small_ && space_.dim() > few_dimensions ? 1 : few_hits, true);
}

/// A batch from a law that is wider than q_0, of which the proposal keeps the smallest share: weights stay bounded.
void Adaptation::explore() {
    const Proposal proposal(true, {wide_law(space_.dim())}, {defensive(), 1 - defensive()});
    const Batch& batch = draw(proposal, pool_.log_density_of(pool_.relative(proposal), proposal.alpha()));
    seen_.provisional = true;   // a way, not an end: judged with the others only where none saw more
    pairs_.push_back(learn(batch, proposal));
    explored_ = true;
}

/// Nothing to learn from: no part of an integrand in sight, nothing that varies; or where the budget is small, too few points for
/// a fit, even if the whole adaptation brought as many as so far.
bool Adaptation::out_of_reach() const {
    const bool first = pairs_.empty();
    if (judged().score().rows > 0 || !(first || (explored_ && pairs_.size() == 1))) return false;
    if (first ? laws_.unseen > hidden_laws : seen_.parts.empty()) return true;
    if (!small_) return false;
    const double wanted = static_cast<double>(space_.dim() + 2) * static_cast<double>(judged().n()) / static_cast<double>(cap_);
    return first ? hidden(1.5 * wanted, true) || weighted(initial_.v) == 0 : hidden(0.75 * wanted, false);
}

}  // namespace buffon
