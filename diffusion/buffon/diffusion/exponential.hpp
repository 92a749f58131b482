/// Exact weights of exponential integrators. In x / alpha the probability flow is linear in the denoiser's output m:
///     x_to = keep x_from + integral of kernel(lambda) m(lambda) from lambda_from to lambda_to,
/// with m = D, kernel e^(lambda - lambda_to), keep = e^-h, or with m = eps = (x - D) / rho, kernel -rho, keep = 1; h is the
/// step in lambda. A solver replaces m by a polynomial through known outputs and integrates that exactly.
/// Source: Hochbruck, Ostermann, "Exponential integrators", Acta Numerica 19, 2010 (phi functions); Zhang, Chen, "Fast sampling
/// of diffusion models with exponential integrator", ICLR 2023 (polynomials in the time and in rho).
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

#include <buffon/diffusion/prediction.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

/// phi_0(z) = e^z, phi_k(z) = (phi_{k-1}(z) - 1 / (k-1)!) / z, phi_k(0) = 1 / k!.
double phi(int k, double z);

/// Lagrange's polynomial that is 1 at node k and 0 at the others, at x.
double lagrange(const std::vector<double>& nodes, std::size_t k, double x);

/// An evaluation of the denoiser at one value.
struct Evaluation {
    double lambda = 0.0;
    double rho = 0.0;
    Combination x, D;

    /// Data or noise: what is interpolated.
    Combination output(Prediction prediction) const { return prediction == Prediction::data ? D : (x - D) / rho; }
};

struct ExponentialStep {
    Prediction prediction = Prediction::data;
    double lambda_from = 0.0;
    double lambda_to = 0.0;   // +inf: only keep() and moment(0)
    double rho_from = std::exp(-lambda_from);
    double rho_to = std::exp(-lambda_to);

    double h() const { return lambda_to - lambda_from; }
    double keep() const;
    /// Integral of kernel * ((lambda - lambda_from) / h)^j.
    double moment(int j) const;
    /// Where lambda lies: 0 at the beginning of the step, 1 at its end, negative before.
    double place(double lambda) const { return (lambda - lambda_from) / h(); }

    /// w with integral of kernel * p = sum_k w_k p(nodes_k) for every polynomial p in lambda of degree < nodes.size().
    std::vector<double> weights(const std::vector<double>& nodes) const;
    /// The same for polynomials in variable(lambda), a monotone function; by 48-point Gauss-Legendre quadrature in lambda.
    std::vector<double> weights(const std::vector<double>& nodes, const std::function<double(double)>& variable) const;
};

}  // namespace buffon::diffusion
