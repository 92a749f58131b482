#include <buffon/law_parameters.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace buffon {
namespace {

enum class Kind { place, log_place, positive, end };

template <class L>
struct Number {
    const char* name;
    double (L::*get)() const;
    Kind kind;
};

// In the order of the constructor's arguments.
template <class L>
constexpr std::array<Number<L>, 0> numbers_of(const L*) { return {}; }
constexpr std::array<Number<Normal>, 2> numbers_of(const Normal*) {
    return {{{"mean", &Normal::mean, Kind::place}, {"sd", &Normal::sd, Kind::positive}}};
}
constexpr std::array<Number<LogNormal>, 2> numbers_of(const LogNormal*) {
    return {{{"mu", &LogNormal::mu, Kind::log_place}, {"sigma", &LogNormal::sigma, Kind::positive}}};
}
constexpr std::array<Number<Uniform>, 2> numbers_of(const Uniform*) {
    return {{{"lower", &Uniform::lower, Kind::end}, {"upper", &Uniform::upper, Kind::end}}};
}
constexpr std::array<Number<Exponential>, 1> numbers_of(const Exponential*) {
    return {{{"rate", &Exponential::rate, Kind::positive}}};
}
constexpr std::array<Number<Gamma>, 2> numbers_of(const Gamma*) {
    return {{{"shape", &Gamma::shape, Kind::positive}, {"scale", &Gamma::scale, Kind::positive}}};
}
constexpr std::array<Number<Beta>, 4> numbers_of(const Beta*) {
    return {{{"a", &Beta::a, Kind::positive},
             {"b", &Beta::b, Kind::positive},
             {"lower", &Beta::lower, Kind::end},
             {"upper", &Beta::upper, Kind::end}}};
}
constexpr std::array<Number<Weibull>, 3> numbers_of(const Weibull*) {
    return {{{"shape", &Weibull::shape, Kind::positive},
             {"scale", &Weibull::scale, Kind::positive},
             {"location", &Weibull::location, Kind::end}}};
}
constexpr std::array<Number<Gumbel>, 2> numbers_of(const Gumbel*) {
    return {{{"location", &Gumbel::location, Kind::place}, {"scale", &Gumbel::scale, Kind::positive}}};
}
constexpr std::array<Number<Triangular>, 3> numbers_of(const Triangular*) {
    return {{{"lower", &Triangular::lower, Kind::end},
             {"mode", &Triangular::mode, Kind::place},
             {"upper", &Triangular::upper, Kind::end}}};
}
constexpr std::array<Number<StudentT>, 3> numbers_of(const StudentT*) {
    return {{{"df", &StudentT::df, Kind::positive},
             {"location", &StudentT::location, Kind::place},
             {"scale", &StudentT::scale, Kind::positive}}};
}
constexpr std::array<Number<Logistic>, 2> numbers_of(const Logistic*) {
    return {{{"location", &Logistic::location, Kind::place}, {"scale", &Logistic::scale, Kind::positive}}};
}

/// The spread of the middle half in standard deviations of a normal law; of log x where `logs`.
template <class L>
double spread(const L& law, bool logs) {
    const auto at = [&](double p) { return logs ? std::log(law.quantile(p)) : law.quantile(p); };
    return (at(0.75) - at(0.25)) / 1.349;
}

template <class L>
std::vector<LawParameter> described(const L& law) {
    std::vector<LawParameter> out;
    for (const auto& n : numbers_of(static_cast<const L*>(nullptr))) {
        const double value = (law.*n.get)();
        out.push_back({n.name, value, n.kind == Kind::positive ? value : spread(law, n.kind == Kind::log_place),
                       n.kind == Kind::end, 0});
    }
    return out;
}

std::vector<LawParameter> described(const Triangular& law) {
    std::vector<LawParameter> out = described<Triangular>(law);
    out[1].moves_support = law.mode() == law.lower() || law.mode() == law.upper();
    out[1].scale = std::min(out[1].scale, std::min(law.mode() - law.lower(), law.upper() - law.mode()));
    return out;
}

std::vector<LawParameter> described(const Truncated& law) {
    std::vector<LawParameter> out = std::visit([](const auto& inner) { return described(inner); }, law.law());
    if (std::isfinite(law.lower())) out.push_back({"lower", law.lower(), 1, true, 0});
    if (std::isfinite(law.upper())) out.push_back({"upper", law.upper(), 1, true, 0});
    return out;
}

template <class L, std::size_t... I>
Univariate rebuilt(const L& law, std::size_t k, double value, std::index_sequence<I...>) {
    constexpr auto numbers = numbers_of(static_cast<const L*>(nullptr));
    return L((I == k ? value : (law.*numbers[I].get)())...);
}

Univariate changed(const Univariate& law, std::size_t k, double value) {
    return std::visit([&](const auto& l) -> Univariate {
        using L = std::decay_t<decltype(l)>;
        constexpr std::size_t count = numbers_of(static_cast<const L*>(nullptr)).size();
        if constexpr (std::is_same_v<L, Truncated>) return Truncated(changed(l.law(), k, value), l.lower(), l.upper());
        else if constexpr (count == 0) return l;
        else return rebuilt(l, k, value, std::make_index_sequence<count>());
    }, law);
}

/// A copula with another correlation of i and j, or where i = j other degrees of freedom.
GaussianCopula changed(const GaussianCopula& copula, std::int64_t i, std::int64_t j, double value) {
    Matrix r = copula.correlation();
    r(i, j) = r(j, i) = value;
    return GaussianCopula(std::move(r));
}
StudentCopula changed(const StudentCopula& copula, std::int64_t i, std::int64_t j, double value) {
    if (i == j) return StudentCopula(copula.correlation(), value);
    Matrix r = copula.correlation();
    r(i, j) = r(j, i) = value;
    return StudentCopula(std::move(r), copula.df());
}

template <class C>
    requires requires(const C& c) { c.theta(); }
C changed(const C& copula, std::int64_t, std::int64_t, double value) { return {value, copula.dim()}; }

/// How far theta is from its nearest end.
double room(const ClaytonCopula& c) { return c.theta() > 0 ? c.theta() : std::min(-c.theta(), 1 + c.theta()); }
double room(const FrankCopula& c) { return std::abs(c.theta()); }
double room(const GumbelCopula& c) { return c.theta() - 1; }

template <class C>
constexpr bool has_theta = requires(const C& c) { c.theta(); };
template <class C>
constexpr bool has_correlation = requires(const C& c) { c.correlation(); };
template <class C>
constexpr bool has_df = requires(const C& c) { c.df(); };

std::vector<Univariate> normals(const std::vector<double>& mean, const Matrix& covariance) {
    std::vector<Univariate> laws;
    for (std::int64_t j = 0; j < covariance.rows; ++j)
        laws.push_back(Normal(mean[static_cast<std::size_t>(j)], std::sqrt(covariance(j, j))));
    return laws;
}

Matrix correlation_of(const Matrix& covariance) {
    Matrix r = covariance;
    for (std::int64_t i = 0; i < r.rows; ++i)
        for (std::int64_t j = 0; j < r.cols; ++j)
            r(i, j) = i == j ? 1.0 : covariance(i, j) / std::sqrt(covariance(i, i) * covariance(j, j));
    return r;
}

}  // namespace

std::optional<Joint> as_joint(const Distribution& law) {
    if (const auto* joint = std::get_if<Joint>(&law.law())) return *joint;
    if (const auto* normal = std::get_if<MultivariateNormal>(&law.law()))
        return Joint(normals(normal->mean(), normal->covariance()), law.names(),
                     GaussianCopula(correlation_of(normal->covariance())));
    if (const auto* t = std::get_if<MultivariateT>(&law.law())) {
        std::vector<Univariate> laws;
        for (std::int64_t j = 0; j < t->dim(); ++j)
            laws.push_back(StudentT(t->df(), t->location()[static_cast<std::size_t>(j)], std::sqrt(t->scale()(j, j))));
        return Joint(std::move(laws), law.names(), StudentCopula(correlation_of(t->scale()), t->df()));
    }
    return std::nullopt;
}

ParametricLaw::ParametricLaw(Joint law) : law_(std::move(law)) {
    for (std::size_t j = 0; j < law_.laws().size(); ++j) add_marginal(j);
    for (std::size_t g = 0; g < law_.dependence().groups().size(); ++g) add_copula(g);
}

void ParametricLaw::add_marginal(std::size_t input) {
    std::size_t index = 0;
    for (LawParameter p : std::visit([](const auto& l) { return described(l); }, law_.laws()[input])) {
        p.name = law_.names()[input] + "." + p.name;
        p.input = static_cast<std::int64_t>(input);
        parameters_.push_back(std::move(p));
        places_.push_back({.index = index++});
    }
}

void ParametricLaw::add_copula(std::size_t g) {
    const CopulaGroup& group = law_.dependence().groups()[g];
    const auto name = [&](std::int64_t i) {
        return law_.names()[static_cast<std::size_t>(
            group.coordinates.empty() ? i : group.coordinates[static_cast<std::size_t>(i)])];
    };
    const auto add = [&](std::string what, double value, double scale, std::int64_t i, std::int64_t j) {
        parameters_.push_back({std::move(what), value, scale, false, -1});
        places_.push_back({g, i, j, 0});
        const auto possible = [&] {   // correlation matrices stay positive definite within two steps, theta inside its range
            try {
                for (const double step : {-4e-3, 4e-3}) with(parameters_.size() - 1, value + step * parameters_.back().scale);
                return true;
            } catch (const std::invalid_argument&) {
                return false;
            }
        };
        while (parameters_.back().scale > 1e-6 * scale && !possible()) parameters_.back().scale /= 4;
        parameters_.back().moves_support = !(parameters_.back().scale > 1e-6 * scale);
    };
    std::visit([&](const auto& copula) {
        using C = std::decay_t<decltype(copula)>;
        if constexpr (has_correlation<C>)
            for (std::int64_t i = 0; i < copula.dim(); ++i)
                for (std::int64_t j = i + 1; j < copula.dim(); ++j) {
                    const double rho = copula.correlation()(i, j);
                    add("corr(" + name(i) + ", " + name(j) + ")", rho, 1 - rho * rho, i, j);
                }
        if constexpr (has_df<C>) add("df(" + name(0) + ", ...)", copula.df(), copula.df(), 0, 0);
        if constexpr (has_theta<C>) add("theta(" + name(0) + ", ...)", copula.theta(), room(copula), 0, 0);
    }, group.copula);
}

Joint ParametricLaw::with(std::size_t k, double value) const {
    const LawParameter& p = parameters_.at(k);
    const Place& place = places_[k];
    if (p.input >= 0) {
        std::vector<Univariate> laws = law_.laws();
        auto& law = laws[static_cast<std::size_t>(p.input)];
        law = changed(law, place.index, value);
        return Joint(std::move(laws), law_.names(), law_.dependence());
    }
    std::vector<CopulaGroup> groups = law_.dependence().groups();
    groups[place.group].copula = std::visit([&](const auto& copula) -> Copula {
        return changed(copula, place.i, place.j, value);
    }, groups[place.group].copula);
    return Joint(law_.laws(), law_.names(), Dependence(std::move(groups)));
}

/// The input itself, or those of its copula; of a copula's parameter the copula's.
std::vector<std::int64_t> ParametricLaw::concerned(std::size_t k) const {
    const std::int64_t input = parameters_.at(k).input;
    const auto& groups = law_.dependence().groups();
    for (std::size_t g = 0; g < groups.size(); ++g) {
        std::vector<std::int64_t> all = groups[g].coordinates;
        if (all.empty())
            for (std::int64_t j = 0; j < law_.dim(); ++j) all.push_back(j);
        if (input < 0 ? g == places_[k].group : std::ranges::find(all, input) != all.end()) return all;
    }
    return {input};
}

namespace {

constexpr std::array<std::pair<double, double>, 4> nodes{{{-2, 1.0 / 12}, {-1, -8.0 / 12}, {1, 8.0 / 12}, {2, -1.0 / 12}}};

/// The law of these inputs, which no copula joins to others.
Joint law_of(const std::vector<std::int64_t>& inputs, const Joint& law) {
    std::vector<Univariate> laws;
    for (const std::int64_t j : inputs) laws.push_back(law.laws()[static_cast<std::size_t>(j)]);
    for (const CopulaGroup& group : law.dependence().groups())
        if (group.coordinates.empty() || group.coordinates == inputs)
            return Joint(std::move(laws), {}, Dependence({{group.copula, {}}}));
    return Joint(std::move(laws));
}

}  // namespace

LawScore ParametricLaw::score(std::size_t k) const {
    constexpr double relative_step = 1e-3;
    const LawParameter& p = parameters_.at(k);
    LawScore score;
    score.inputs_ = concerned(k);
    score.step_ = relative_step * p.scale;
    for (const auto& [step, weight] : nodes) score.laws_.push_back(law_of(score.inputs_, with(k, p.value + step * score.step_)));
    return score;
}

void LawScore::operator()(ConstView x, std::span<double> out) const {
    Matrix mine(x.rows, static_cast<std::int64_t>(inputs_.size()));
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t c = 0; c < mine.cols; ++c) mine(i, c) = x(i, inputs_[static_cast<std::size_t>(c)]);
    std::vector<double> log_f(out.size());
    std::ranges::fill(out, 0.0);
    for (std::size_t node = 0; node < nodes.size(); ++node) {
        laws_[node].log_density(mine, log_f);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] += nodes[node].second * log_f[i] / step_;
    }
    for (double& s : out)
        if (!std::isfinite(s)) s = 0.0;   // -inf - -inf: no density there
}

}  // namespace buffon
