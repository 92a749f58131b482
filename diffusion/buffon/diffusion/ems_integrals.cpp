#include <buffon/diffusion/ems_integrals.hpp>

#include <algorithm>
#include <cmath>

#include <boost/math/quadrature/gauss.hpp>

#include <buffon/check.hpp>

namespace buffon::diffusion {

namespace {

/// Mean of e^x over x uniform between a and b.
long double mean_exp(long double a, long double b) { return a == b ? std::exp(a) : std::exp(a) * std::expm1(b - a) / (b - a); }

using gauss = boost::math::quadrature::gauss<double, 7>;

/// L + S inside an interval, linear as for constant l + s.
EmsAt between(const EmsAt& a, const EmsAt& b, double lambda) {
    const long double share = b.lambda == a.lambda ? 0.0 : (lambda - a.lambda) / (b.lambda - a.lambda);
    return {.lambda = lambda, .L = a.L + share * (b.L - a.L), .S = a.S + share * (b.S - a.S)};
}

}  // namespace

EmsAt EmsIntegrals::next(const EmsAt& from, double s0, double b0, double lambda, double l, double s, double b) {
    const long double half = (lambda - from.lambda) / 2;
    EmsAt to{.lambda = lambda, .l = l};
    to.L = from.L + half * (from.l + l);
    to.S = from.S + half * (s0 + s);
    to.I = from.I + 2 * half * mean_exp(from.L + from.S, to.L + to.S);   // exact for constant l + s: weights then sum to 1
    to.B = from.B + half * (std::exp(-from.S) * b0 + std::exp(-to.S) * b);
    to.J = from.J + half * (std::exp(from.L + from.S) + std::exp(to.L + to.S));
    to.C = from.C + half * (std::exp(from.L + from.S) * from.B + std::exp(to.L + to.S) * to.B);
    return to;
}

EmsIntegrals::EmsIntegrals(const Ems& ems, std::int64_t coordinate, bool exact) : exact_(exact) {
    for (std::int64_t m = 0; m < ems.l.rows; ++m) {
        s_.push_back(ems.s(m, coordinate));
        b_.push_back(ems.b(m, coordinate));
        const double lambda = ems.lambda[static_cast<std::size_t>(m)], l = ems.l(m, coordinate);
        nodes_.push_back(
            m == 0 ? EmsAt{.lambda = lambda, .l = l}
                   : next(nodes_.back(), s_[s_.size() - 2], b_[b_.size() - 2], lambda, l, s_.back(), b_.back()));
    }
}

EmsAt EmsIntegrals::at(double lambda) const {
    const double first = nodes_.front().lambda, last = nodes_.back().lambda, slack = 1e-9 * (last - first);
    require(lambda >= first - slack && lambda <= last + slack, "dpm_v3: the statistics reach from lambda = ", first, " to ", last,
            ", the grid has ", lambda);
    const double h = (last - first) / static_cast<double>(nodes_.size() - 1),
                 place = std::clamp((lambda - first) / h, 0.0, static_cast<double>(nodes_.size() - 1));
    const double nearest = std::round(place);
    if (std::abs(place - nearest) < 1e-6) return nodes_[static_cast<std::size_t>(nearest)];   // a node, up to rounding
    const auto m = static_cast<std::size_t>(place);
    const double w = place - static_cast<double>(m);
    const auto between = [w](double a, double b) { return a + w * (b - a); };
    return next(nodes_[m], s_[m], b_[m], lambda, between(nodes_[m].l, nodes_[m + 1].l), between(s_[m], s_[m + 1]),
                between(b_[m], b_[m + 1]));
}

double EmsIntegrals::moment(const EmsAt& s, const EmsAt& t, int k) const {
    const double factorial = std::tgamma(k + 1.0);
    const auto integrand = [&](const EmsAt& p) {
        return std::exp(static_cast<double>(p.L + p.S - s.L - s.S)) * std::pow(p.lambda - s.lambda, k) / factorial;
    };
    double sum = 0;
    EmsAt from = s;
    const auto add = [&](const EmsAt& to) {
        if (exact_)
            sum += gauss::integrate([&](double lambda) { return integrand(between(from, to, lambda)); }, from.lambda,
                                    to.lambda);
        else
            sum += (to.lambda - from.lambda) / 2 * (integrand(from) + integrand(to));
        from = to;
    };
    const auto after = std::ranges::upper_bound(nodes_, s.lambda, {}, &EmsAt::lambda);
    for (auto node = after; node != nodes_.end() && node->lambda < t.lambda; ++node) add(*node);
    add(t);
    return sum;
}

}  // namespace buffon::diffusion
