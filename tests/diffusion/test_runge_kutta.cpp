#include <buffon/diffusion/runge_kutta.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace buffon::diffusion;

namespace {

constexpr std::size_t tableaus = buffon::EnumNames<TableauName>::names.size();

/// sum_i b_i f_i
double weighted(const Tableau& t, const std::vector<double>& f) {
    double sum = 0.0;
    for (std::size_t i = 0; i < f.size(); ++i) sum += t.b[i] * f[i];
    return sum;
}

/// (A f)_i
std::vector<double> stages(const Tableau& t, const std::vector<double>& f) {
    std::vector<double> out(f.size(), 0.0);
    for (std::size_t i = 0; i < f.size(); ++i)
        for (std::size_t j = 0; j < t.a[i].size(); ++j) out[i] += t.a[i][j] * f[j];
    return out;
}

std::vector<double> product(std::vector<double> a, const std::vector<double>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] *= b[i];
    return a;
}

}  // namespace

TEST_CASE("tableau: Butcher's conditions hold up to the declared order, and one fails beyond") {
    for (std::size_t name = 0; name < tableaus; ++name) {
        const Tableau& t = tableau(static_cast<TableauName>(name));
        CAPTURE(buffon::EnumNames<TableauName>::names[name]);
        const std::vector<double> one(t.c.size(), 1.0), &c = t.c, ac = stages(t, c), cc = product(c, c);
        for (std::size_t i = 0; i < c.size(); ++i) CHECK(std::abs(stages(t, one)[i] - c[i]) < 1e-15);
        // one condition for each rooted tree: order, left side, right side
        struct Condition {
            int order;
            double left, right;
        };
        bool beyond = false;
        for (const Condition& condition : std::vector<Condition>{
                 {1, weighted(t, one), 1},
                 {2, weighted(t, c), 1. / 2},
                 {3, weighted(t, cc), 1. / 3},
                 {3, weighted(t, ac), 1. / 6},
                 {4, weighted(t, product(cc, c)), 1. / 4},
                 {4, weighted(t, product(c, ac)), 1. / 8},
                 {4, weighted(t, stages(t, cc)), 1. / 12},
                 {4, weighted(t, stages(t, ac)), 1. / 24},
                 {5, weighted(t, product(cc, cc)), 1. / 5}}) {
            if (condition.order <= t.order) CHECK(std::abs(condition.left / condition.right - 1) < 1e-14);
            else if (condition.order == t.order + 1) beyond = beyond || std::abs(condition.left / condition.right - 1) > 1e-3;
        }
        CHECK(beyond);
    }
}
