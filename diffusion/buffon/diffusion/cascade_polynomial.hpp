/// Cascade polynomial regression: DC-Solver's ratios as a function of step, number of evaluations and guidance, so that a
/// search at a few of these serves all.
/// Source: Zhao, Wang, Zhou, Lu, "DC-Solver: improving predictor-corrector diffusion sampler via dynamic compensation",
/// ECCV 2024, arXiv:2409.03755.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace buffon::diffusion {

/// The ratio of step i of N (from 0) is the sum over k = 0 ... 3 of c_k ((i + 1) / N)^k; each c_k is a quadratic in
/// guidance / 12 whose three coefficients are quadratics in N / 50.
class CascadePolynomial {
public:
    static constexpr std::size_t size = 4 * 3 * 3;

    /// Numbers in the order (k, coefficient of the guidance, coefficient of N), highest powers of the two first.
    /// @throw std::invalid_argument for a number that is not finite.
    explicit CascadePolynomial(const std::array<double, size>& coefficients);

    /// The ratios of `steps` steps: the first two are 1.
    /// @throw std::invalid_argument for steps < 1 or guidance that is not finite.
    std::vector<double> predict(std::int64_t steps, double guidance) const;

    const std::array<double, size>& coefficients() const { return coefficients_; }
    /// To and from a JSON file. @throw std::runtime_error where it cannot be written or read, or holds something else.
    void save(const std::string& path) const;
    static CascadePolynomial load(const std::string& path);

private:
    std::array<double, size> coefficients_;
};

/// Least squares on the ratios of searches, one list per search at the guidance of the same place; of all fits as good, which
/// there are for fewer than three numbers of steps or of guidances, the one of smallest coefficients.
/// @throw std::invalid_argument for lists of different lengths, or no ratio beyond the first two of a search.
CascadePolynomial fit_ratios(std::span<const double> guidance, std::span<const std::vector<double>> ratios);

}  // namespace buffon::diffusion
