/// Explicit Runge-Kutta methods for the probability flow in x / alpha, dx = eps drho.
/// Source: Hairer, Norsett, Wanner, "Solving ordinary differential equations I", 1993, section II.1; Shu, Osher, "Efficient
/// implementation of essentially non-oscillatory shock-capturing schemes", J. Comput. Phys. 77, 1988 (ssprk3); van der Houwen,
/// "Explicit Runge-Kutta formulas with increased stability boundaries", Numer. Math. 20, 1972; Ralston, "Runge-Kutta methods
/// with minimum error bounds", Math. Comp. 16, 1962.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include <buffon/diffusion/recorder.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

enum class TableauName { euler, heun, kutta, ralston3, heun3, van_der_houwen, ssprk3, rk4 };

/// Butcher's tableau: stage i lies at c_i of the step and is made of the slopes of stages 0 ... i - 1.
struct Tableau {
    int order = 1;
    std::vector<double> c;
    std::vector<std::vector<double>> a;   // row i: i numbers
    std::vector<double> b;
};

const Tableau& tableau(TableauName name);

/// Writes all steps down; a step to rho = 0, where eps has no value, is Euler's and ends at D.
void runge_kutta(Recorder& r, const Nodes& n, const Tableau& tableau);

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::TableauName> {
    static constexpr std::array<std::string_view, 8> names{"euler", "heun",           "kutta",  "ralston3",
                                                           "heun3", "van_der_houwen", "ssprk3", "rk4"};
};
