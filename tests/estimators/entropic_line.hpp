/// Entropic transport on a line under a normal source, by quadrature: trapezoids, whose error for these analytic
/// integrands is below 1e-12.
#pragma once

#include <cmath>
#include <vector>

#include "line_transport.hpp"

namespace buffon {

class EntropicLine {
public:
    explicit EntropicLine(double epsilon) : epsilon_(epsilon), heights_(line.heights) {
        for (int round = 0; round < 100'000; ++round) {
            const std::vector<double> w = masses(heights_);
            double error = 0.0, mean = 0.0;
            for (std::size_t k = 0; k < 5; ++k) {
                heights_[k] += epsilon / 2 * std::log(line.nu[k] / w[k]);
                error += std::abs(line.nu[k] - w[k]);
            }
            for (std::size_t k = 0; k < 5; ++k) mean += line.nu[k] * heights_[k];
            for (double& h : heights_) h -= mean;
            if (error < 1e-13) break;
        }
    }
    const std::vector<double>& heights() const { return heights_; }
    double width() const { return epsilon_ / 2; }

    std::vector<double> shares(double x, const std::vector<double>& h) const {
        std::vector<double> p;
        double total = 0.0, best = -1e300;
        for (std::size_t k = 0; k < 5; ++k) best = std::max(best, x * line.y.data[k] + h[k]);
        for (std::size_t k = 0; k < 5; ++k) {
            p.push_back(std::exp((x * line.y.data[k] + h[k] - best) / width()));
            total += p.back();
        }
        for (double& v : p) v /= total;
        return p;
    }
    std::vector<double> masses(const std::vector<double>& h) const {
        std::vector<double> w(5, 0.0);
        integrate([&](double x, double weight) {
            const std::vector<double> p = shares(x, h);
            for (std::size_t k = 0; k < 5; ++k) w[k] += weight * p[k];
        });
        return w;
    }
    /// E|x - y|^2 of the plan, and with epsilon times its divergence from the independent one: from the plan itself,
    /// not from the dual.
    double cost() const { return both().first; }
    double value() const { return both().second; }

    Line line;

private:
    template <class F>
    static void integrate(const F& f) {
        const double step = 0.005;
        for (int i = -1800; i <= 1800; ++i) {
            const double x = step * i;
            f(x, step * std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979323846));
        }
    }
    std::pair<double, double> both() const {
        double cost = 0.0, divergence = 0.0;
        integrate([&](double x, double weight) {
            const std::vector<double> p = shares(x, heights_);
            for (std::size_t k = 0; k < 5; ++k) {
                cost += weight * p[k] * (x - line.y.data[k]) * (x - line.y.data[k]);
                if (p[k] > 0) divergence += weight * p[k] * std::log(p[k] / line.nu[k]);
            }
        });
        return {cost, cost + epsilon_ * divergence};
    }
    double epsilon_;
    std::vector<double> heights_;
};

}  // namespace buffon
