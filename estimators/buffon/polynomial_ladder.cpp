#include <buffon/polynomial_ladder.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace buffon {
namespace {

constexpr int degrees_of_one[] = {1, 2, 3, 4, 6, 8, 10, 12};
constexpr int most_together = 4;

/// Terms as they enter, until there are too many.
class Enumeration {
public:
    Enumeration(const std::vector<Family1d>& families, const std::vector<bool>& active, std::int64_t most)
        : families_(families), most_(most) {
        for (std::size_t c = 0; c < active.size(); ++c)
            if (active[c]) coordinates_.push_back(static_cast<std::int64_t>(c));
    }
    std::int64_t coordinates() const { return static_cast<std::int64_t>(coordinates_.size()); }
    int highest() const {
        const bool bounded = std::ranges::any_of(coordinates_, [&](std::int64_t c) { return family(c) == Family1d::legendre; });
        return most_degree(bounded ? Family1d::legendre : Family1d::hermite);
    }

    /// Terms of exactly this total degree in 1 ... together coordinates, single ones left out where they are in already.
    /// False once there are too many.
    bool total_degree(int degree, std::int64_t together, bool singles, std::vector<Term>& out) const {
        Term term;
        return extend(term, 0, degree, 0, together, singles, out);
    }
    bool singles(int degree, std::vector<Term>& out) const {
        for (const std::int64_t c : coordinates_)
            if (degree <= most_degree(family(c))) out.push_back({{c, degree}});
        return static_cast<std::int64_t>(out.size()) <= most_;
    }

private:
    Family1d family(std::int64_t c) const { return families_[static_cast<std::size_t>(c)]; }

    bool extend(Term& term, std::size_t from, int left, int unbounded, std::int64_t together, bool singles,
                std::vector<Term>& out) const {
        if (left == 0) {
            if (singles || term.size() > 1) out.push_back(term);
            return static_cast<std::int64_t>(out.size()) <= most_;
        }
        if (static_cast<std::int64_t>(term.size()) == together) return true;
        for (std::size_t k = from; k < coordinates_.size(); ++k) {
            const bool hermite = family(coordinates_[k]) == Family1d::hermite;
            const int most = hermite ? std::min(left, most_degree(Family1d::hermite) - unbounded) : left;
            for (int degree = 1; degree <= most; ++degree) {
                term.push_back({coordinates_[k], degree});
                const bool few = extend(term, k + 1, left - degree, unbounded + (hermite ? degree : 0), together, singles, out);
                term.pop_back();
                if (!few) return false;
            }
        }
        return true;
    }

    const std::vector<Family1d>& families_;
    std::int64_t most_;
    std::vector<std::int64_t> coordinates_;
};

/// Terms of the chain, and the sizes of its sets.
struct Listed {
    std::vector<Term> terms;
    std::vector<std::int64_t> sizes;
};

Listed chain_of_one(const Enumeration& all, std::int64_t most) {
    Listed out{{{}}, {1}};
    int done = 0;
    for (const int p : degrees_of_one) {
        for (; done < std::min(p, all.highest()); ++done)
            if (!all.singles(done + 1, out.terms)) return out;
        const auto size = static_cast<std::int64_t>(out.terms.size());
        if (size > most) return out;
        if (size > out.sizes.back()) out.sizes.push_back(size);
    }
    return out;
}

Listed chain_of(std::int64_t together, const Enumeration& all, std::int64_t most) {
    Listed out{{{}}, {}};
    int single = 0, degree = 0;
    for (int p = static_cast<int>(together); p <= all.highest(); ++p) {
        for (; single < std::min(2 * p, all.highest()); ++single)
            if (!all.singles(single + 1, out.terms)) return out;
        for (; degree < p; ++degree)
            if (!all.total_degree(degree + 1, together, false, out.terms)) return out;
        const auto size = static_cast<std::int64_t>(out.terms.size());
        if (size > most) return out;
        out.sizes.push_back(size);
    }
    return out;
}

}  // namespace

Ladder polynomial_ladder(const std::vector<Family1d>& families, const std::vector<bool>& active, std::int64_t most) {
    const Enumeration all(families, active, most);
    Ladder ladder;
    std::map<Term, std::int64_t> known;
    for (std::int64_t s = 1; s <= std::clamp<std::int64_t>(all.coordinates(), 1, most_together); ++s) {
        Listed listed = s == 1 ? chain_of_one(all, most) : chain_of(s, all, most);
        if (listed.sizes.empty()) continue;
        listed.terms.resize(static_cast<std::size_t>(listed.sizes.back()));
        Chain chain{{}, listed.sizes};
        for (Term& term : listed.terms) {
            const auto [at, fresh] = known.try_emplace(term, static_cast<std::int64_t>(ladder.terms.size()));
            if (fresh) ladder.terms.push_back(std::move(term));
            chain.order.push_back(at->second);
        }
        ladder.chains.push_back(std::move(chain));
    }
    return ladder;
}

void polynomials(Family1d family, int degree, const double* x, std::int64_t n, double* out) {
    std::fill_n(out, n, 1.0);
    double* p = out + n;
    const double root3 = std::sqrt(3.0);
    if (degree >= 1)
        for (std::int64_t i = 0; i < n; ++i) p[i] = family == Family1d::legendre ? root3 * (2 * x[i] - 1) : x[i];
    for (int e = 2; e <= degree; ++e, p += n) {
        // three terms: a_e p_e = t p_(e-1) - a_(e-1) p_(e-2), with t = 2 u - 1 and a_e = e / sqrt(4 e^2 - 1), or t = z
        // and a_e = sqrt(e)
        const auto a = [&](int k) {
            return family == Family1d::legendre ? k / std::sqrt(4.0 * k * k - 1) : std::sqrt(static_cast<double>(k));
        };
        const double inverse = 1 / a(e), before = a(e - 1), scale = family == Family1d::legendre ? 2 : 1,
                     shift = family == Family1d::legendre ? 1 : 0;
        for (std::int64_t i = 0; i < n; ++i) p[n + i] = inverse * ((scale * x[i] - shift) * p[i] - before * p[i - n]);
    }
}

}  // namespace buffon
