#include <buffon/diffusion/runge_kutta.hpp>

#include <cstddef>

namespace buffon::diffusion {

const Tableau& tableau(TableauName name) {
    static const std::vector<Tableau> all{
        {1, {0}, {{}}, {1}},
        {2, {0, 1}, {{}, {1}}, {0.5, 0.5}},
        {3, {0, 0.5, 1}, {{}, {0.5}, {-1, 2}}, {1. / 6, 4. / 6, 1. / 6}},
        {3, {0, 0.5, 0.75}, {{}, {0.5}, {0, 0.75}}, {2. / 9, 3. / 9, 4. / 9}},
        {3, {0, 1. / 3, 2. / 3}, {{}, {1. / 3}, {0, 2. / 3}}, {0.25, 0, 0.75}},
        {3, {0, 8. / 15, 2. / 3}, {{}, {8. / 15}, {0.25, 5. / 12}}, {0.25, 0, 0.75}},
        {3, {0, 1, 0.5}, {{}, {1}, {0.25, 0.25}}, {1. / 6, 1. / 6, 4. / 6}},
        {4, {0, 0.5, 0.5, 1}, {{}, {0.5}, {0, 0.5}, {0, 0, 1}}, {1. / 6, 2. / 6, 2. / 6, 1. / 6}}};
    return all[static_cast<std::size_t>(name)];
}

void runge_kutta(Recorder& r, const Nodes& n, const Tableau& tableau) {
    Combination x = r.start();
    for (std::size_t i = 0; i < n.steps(); ++i) {
        const double s = n.rho[i], t = n.rho[i + 1], h = t - s;
        if (t == 0) {
            r.node(r.denoise(x), i + 1, 0);
            return;
        }
        std::vector<Combination> eps;
        const auto moved = [&](const std::vector<double>& weights) {
            Combination y = x;
            for (std::size_t k = 0; k < weights.size(); ++k)
                if (weights[k] != 0) y = y + h * weights[k] * eps[k];
            return y;
        };
        for (std::size_t stage = 0; stage < tableau.c.size(); ++stage) {
            const double rho = s + tableau.c[stage] * h;
            const Combination y = stage == 0 ? x : r.state(moved(tableau.a[stage]), rho);
            eps.push_back((y - r.denoise(y)) / rho);
        }
        x = r.node(moved(tableau.b), i + 1, t);
    }
}

}  // namespace buffon::diffusion
