/// The law nearest to a given one that has another mean, or another variance at the same mean: least Kullback-Leibler divergence,
/// which multiplies the density by exp(a x) or exp(a x + b x^2). Not installed.
/// Source: Csiszar (1975); Lemaitre, Sergienko, Arnaud, Bousquet, Gamboa, Iooss, Density modification based reliability
/// sensitivity analysis, J. Stat. Comput. Simul. 85 (2015).
#pragma once

#include <buffon/laws/univariate.hpp>

namespace buffon {

/// log of new density / old density = linear u + square u^2 - log_norm with u = (x - centre) / scale.
struct Tilt {
    double linear = 0, square = 0, log_norm = 0;
    double centre = 0, scale = 1;

    double log_ratio(double x) const {
        const double u = (x - centre) / scale;
        return (linear + square * u) * u - log_norm;
    }
};

/// Laws are cut at normal scores of 30 (mass 1e-197), so a tilt exists on paper for every mean inside the support.
/// @throw std::invalid_argument for a law without variance, a mean outside its support, or one that only mass beyond scores of
/// 8.2 (1e-16 of the old law) could give: the tails are then too heavy to be tilted so far.
Tilt tilt_mean(const Univariate& law, double mean);
/// The same for a variance > 0 at the law's own mean.
Tilt tilt_variance(const Univariate& law, double variance);

}  // namespace buffon
