/// Covariances of two coordinates of a Joint from their laws and the copula of the pair. Not installed.
#pragma once

#include <cstddef>
#include <vector>

#include <buffon/copula.hpp>
#include <buffon/laws/univariate.hpp>

namespace buffon {

/// Of a Gaussian copula by series of Hermite polynomials, whose coefficients are computed once per law, when a pair first needs
/// them; of others by a sum over a grid of scores (about 1e-8 of the standard deviations). NaN where a law has no variance.
class PairCovariance {
public:
    explicit PairCovariance(const std::vector<Univariate>& laws);
    ~PairCovariance();

    double operator()(std::size_t i, std::size_t j, const Copula& copula);

private:
    struct Known;

    const std::vector<Univariate>& laws_;
    std::vector<Known> known_;
};

}  // namespace buffon
