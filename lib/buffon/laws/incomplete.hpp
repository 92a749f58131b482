/// Logarithms of incomplete gamma and beta functions in far tails, where the functions themselves underflow; the remainder of
/// Stirling's formula. Not installed.
/// Source: DLMF 8.7.1, 8.9.2 (gamma), 8.17.22 (beta), 5.11.1 (Stirling); continued fractions by Lentz's method.
#pragma once

namespace buffon {

/// log Gamma(a) - [(a - 1/2) log a - a + log(2 pi) / 2] for a > 0.
double stirling_remainder(double a);

/// log P(a, x) for x below a, and log Q(a, x) for x above a + 1: regularised incomplete gamma functions.
double log_gamma_p(double a, double x);
double log_gamma_q(double a, double x);

/// log I_x(a, b) of the regularised incomplete beta function for x < (a + 1) / (a + b + 2); y = 1 - x.
double log_beta_i(double a, double b, double x, double y);

/// log B(a, b); log(x / (1 - x)) of the x with I_x(a, b) = p <= 1/2, from log p where p or x underflows.
double log_complete_beta(double a, double b);
double logit_beta_quantile(double a, double b, double p, double log_p);

/// log x^a e^-x / Gamma(a) and log x^a y^b / B(a, b) with y = 1 - x: no difference of large numbers near the mean.
double log_gamma_power(double a, double x);
double log_beta_power(double a, double b, double x, double y);

}  // namespace buffon
