#include <buffon/diffusion/cascade_polynomial.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

#include <Eigen/Dense>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

constexpr std::size_t first_fitted = 2;
constexpr std::string_view file_head = "{\"cascade_polynomial\": [";

/// What the coefficients multiply at step i of N.
std::array<double, CascadePolynomial::size> features(std::size_t i, std::size_t steps, double guidance) {
    const double N = static_cast<double>(steps), step = static_cast<double>(i + 1) / N, g = guidance / 12, n = N / 50;
    std::array<double, CascadePolynomial::size> out;
    for (std::size_t k = 0; k < 4; ++k)
        for (std::size_t a = 0; a < 3; ++a)
            for (std::size_t b = 0; b < 3; ++b)
                out[9 * k + 3 * a + b] = std::pow(step, k) * std::pow(g, 2 - a) * std::pow(n, 2 - b);
    return out;
}

[[noreturn]] void not_a_file(const std::string& path) {
    throw std::runtime_error("CascadePolynomial.load: '" + path + "' is not a file that CascadePolynomial.save wrote");
}

}  // namespace

CascadePolynomial::CascadePolynomial(const std::array<double, size>& coefficients) : coefficients_(coefficients) {
    for (const double c : coefficients) require(std::isfinite(c), "CascadePolynomial: coefficients must be finite, got ", c);
}

std::vector<double> CascadePolynomial::predict(std::int64_t steps, double guidance) const {
    require(steps >= 1, "CascadePolynomial.predict: steps must be at least 1, got ", steps);
    require(std::isfinite(guidance), "CascadePolynomial.predict: guidance must be finite, got ", guidance);
    std::vector<double> ratios(static_cast<std::size_t>(steps), 1.0);
    for (std::size_t i = first_fitted; i < ratios.size(); ++i) {
        const auto f = features(i, ratios.size(), guidance);
        ratios[i] = 0;
        for (std::size_t j = 0; j < size; ++j) ratios[i] += coefficients_[j] * f[j];
    }
    return ratios;
}

void CascadePolynomial::save(const std::string& path) const {
    std::ofstream file(path);
    file.precision(17);
    file << file_head;
    for (std::size_t j = 0; j < size; ++j) file << (j > 0 ? ", " : "") << coefficients_[j];
    file << "]}\n";
    file.close();
    if (!file) throw std::runtime_error("CascadePolynomial.save: cannot write '" + path + "'");
}

CascadePolynomial CascadePolynomial::load(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("CascadePolynomial.load: cannot read '" + path + "'");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!text.starts_with(file_head)) not_a_file(path);
    std::array<double, size> coefficients;
    const char *at = text.data() + file_head.size(), *const end = text.data() + text.size();
    for (std::size_t j = 0; j < size; ++j) {
        const auto [next, error] = std::from_chars(at, end, coefficients[j]);
        const std::string_view after = j + 1 < size ? ", " : "]}";
        if (error != std::errc{} || !std::string_view(next, end).starts_with(after)) not_a_file(path);
        at = next + after.size();
    }
    return CascadePolynomial(coefficients);
}

CascadePolynomial fit_ratios(std::span<const double> guidance, std::span<const std::vector<double>> ratios) {
    require(guidance.size() == ratios.size(), "fit_ratios: guidance must hold one number per list of ratios (",
            ratios.size(), "), got ", guidance.size());
    std::size_t count = 0;
    for (const auto& of_search : ratios) count += of_search.size() - std::min(first_fitted, of_search.size());
    require(count > 0, "fit_ratios: ratios must hold a list of more than ", first_fitted, " ratios");
    Eigen::MatrixXd A(static_cast<Eigen::Index>(count), static_cast<Eigen::Index>(CascadePolynomial::size));
    Eigen::VectorXd y(static_cast<Eigen::Index>(count));
    Eigen::Index row = 0;
    for (std::size_t s = 0; s < ratios.size(); ++s) {
        require(std::isfinite(guidance[s]), "fit_ratios: guidance must be finite, got ", guidance[s]);
        for (std::size_t i = first_fitted; i < ratios[s].size(); ++i, ++row) {
            require(std::isfinite(ratios[s][i]), "fit_ratios: ratios must be finite, got ", ratios[s][i]);
            const auto f = features(i, ratios[s].size(), guidance[s]);
            A.row(row) = Eigen::Map<const Eigen::RowVectorXd>(f.data(), static_cast<Eigen::Index>(f.size()));
            y(row) = ratios[s][i];
        }
    }
    const Eigen::VectorXd c = A.completeOrthogonalDecomposition().solve(y);
    std::array<double, CascadePolynomial::size> coefficients;
    std::copy(c.begin(), c.end(), coefficients.begin());
    return CascadePolynomial(coefficients);
}

}  // namespace buffon::diffusion
