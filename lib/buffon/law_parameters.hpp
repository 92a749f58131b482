/// The numbers that describe a law, one at a time: what a derivative with respect to the law is taken by. Not installed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct LawParameter {
    std::string name;          // "F.mean", "corr(F, w)"; of a copula as a whole by its first input: "df(F, ...)", "theta(F, ...)"
    double value;
    double scale;              // a change that matters: steps of difference quotients are fractions of it
    bool moves_support;        // an end of the support goes with it, or it is at its own end: the density has no derivative by it
    std::int64_t input;        // whose marginal law it belongs to; -1: the dependence
};

/// d log density / d one parameter at the rows of x (n, d) into out (n); 0 outside the support. A five-point difference
/// quotient of
/// step 1e-3 scale: relative error about 1e-11 (1e-12 x the size of the log density at least). Of the inputs that depend on each
/// other through one copula, or of one that depends on none: the rest of the density does not change.
class LawScore {
public:
    void operator()(ConstView x, std::span<double> out) const;

private:
    friend class ParametricLaw;
    std::vector<std::int64_t> inputs_;
    std::vector<Joint> laws_;   // of these inputs, at the nodes of the quotient
    double step_ = 0;
};

/// A law by its marginal laws and copulas.   none: a mixture.
std::optional<Joint> as_joint(const Distribution& law);

/// A law as a function of its parameters. Marginal laws of data (Histogram, KernelDensity) and of values (Discrete, Constant)
/// have none.
class ParametricLaw {
public:
    explicit ParametricLaw(Joint law);

    const Joint& law() const { return law_; }
    const std::vector<LawParameter>& parameters() const { return parameters_; }
    /// The law with another value of parameter k.   @throw std::invalid_argument where there is no such law.
    Joint with(std::size_t k, double value) const;
    /// d log density / d parameter k as a function of the rows of x.
    LawScore score(std::size_t k) const;
    void score(std::size_t k, ConstView x, std::span<double> out) const { score(k)(x, out); }

private:
    std::vector<std::int64_t> concerned(std::size_t k) const;

    struct Place {
        std::size_t group = 0;         // copula
        std::int64_t i = 0, j = 0;     // its correlation, i < j; i = j: its degrees of freedom
        std::size_t index = 0;         // of a marginal law's parameter
    };
    void add_marginal(std::size_t input);
    void add_copula(std::size_t group);

    Joint law_;
    std::vector<LawParameter> parameters_;
    std::vector<Place> places_;
};

}  // namespace buffon
