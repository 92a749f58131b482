/// Models of testing.hpp as formulas of one point, for processors and devices alike. Not installed.
#pragma once

#include <cmath>

#include <buffon/vecmath.hpp>

namespace buffon::testing {

/// sin x to 1e-15: without the tables and branches of a device's own. Coefficients: those of vecmath_sine.hpp.
BUFFON_HD inline double sine(double x) {
    if (!(vecmath::absolute(x) <= 0x1p20)) return std::sin(x);
    const double shifted = x * 0x1.45f306dc9c883p-2 + vecmath::round_shift,
                 n = shifted - vecmath::round_shift;   // multiples of pi
    const double r = ((x - n * 0x1.921fb544p+1) - n * 0x1.0b4611a6p-33) - n * 0x1.3198a2ep-68, t = r * r;
    const double s = vecmath::polynomial(t, -0x1.5555555555555p-3, 0x1.11111111110cbp-7, -0x1.a01a01a015187p-13,
                                         0x1.71de3a52c1783p-19, -0x1.ae6454e4b1130p-26, 0x1.6123d14a53b23p-33,
                                         -0x1.ae44a756bea63p-41, 0x1.8851ae92f4246p-49);
    return vecmath::double_of(vecmath::bits_of(r + t * r * s) ^ vecmath::bits_of(shifted) << 63);
}

/// sin x1 + a sin^2 x2 + b x3^4 sin x1.
struct Ishigami {
    static constexpr int inputs = 3;
    double a = 7.0, b = 0.1;

    BUFFON_HD double operator()(const double* x) const {
        const double s = sine(x[0]), r = sine(x[1]), square = x[2] * x[2];
        return s + a * r * r + b * square * square * s;
    }
};

/// prod_j (|4 x_j - 2| + a_j) / (1 + a_j).
template <int d>
struct GFunction {
    static constexpr int inputs = d;
    double a[d] = {};
    double inverse[d] = {};   // 1 / (1 + a)

    GFunction() = default;
    explicit GFunction(const double* of) {
        for (int j = 0; j < d; ++j) {
            a[j] = of[j];
            inverse[j] = 1 / (1 + of[j]);
        }
    }
    BUFFON_HD double operator()(const double* x) const {
        double product = 1.0;
        for (int j = 0; j < d; ++j) product *= (std::fabs(4 * x[j] - 2) + a[j]) * inverse[j];
        return product;
    }
};

/// Tip displacement in m of the cantilever: 4 L^3 / (E w t) sqrt((F_X / w^2)^2 + (F_Y / t^2)^2), x = F_X, F_Y (N), E
/// (GPa), w, t, L (m).
struct Cantilever {
    static constexpr int inputs = 6;

    BUFFON_HD double operator()(const double* x) const {
        const double w = x[3], t = x[4], l = x[5];
        const double a = x[0] / (w * w), b = x[1] / (t * t);
        return 4e-9 * l * l * l / (x[2] * w * t) * std::sqrt(a * a + b * b);   // 1e9 Pa in a GPa
    }
};

}  // namespace buffon::testing
