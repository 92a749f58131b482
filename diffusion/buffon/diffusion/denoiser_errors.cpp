#include <buffon/diffusion/denoiser_errors.hpp>

#include <cmath>

#include <Eigen/Eigenvalues>

#include <buffon/check.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

/// Variances of the data along their axes.
std::vector<double> spectrum(ConstView data) {
    using Table = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Table centred = Eigen::Map<const Table>(data.data, data.rows, data.cols).rowwise() -
                          Eigen::Map<const Table>(data.data, data.rows, data.cols).colwise().mean();
    const Eigen::SelfAdjointEigenSolver<Table> solver(centred.transpose() * centred / static_cast<double>(data.rows),
                                                      Eigen::EigenvaluesOnly);
    std::vector<double> out;
    for (const double v : solver.eigenvalues()) out.push_back(std::max(v, 0.0));
    return out;
}

double linear_error(const std::vector<double>& variances, double sigma) {
    double total = 0.0;
    for (const double v : variances) total += v > 0 ? v / (v / (sigma * sigma) + 1) : 0.0;
    return total / static_cast<double>(variances.size());
}

}  // namespace

DenoiserErrors denoiser_errors(const Denoiser& model, ConstView data, std::span<const double> levels,
                               std::span<const std::int64_t> labels, std::uint64_t key) {
    require(data.rows >= 2 && data.cols == model.dim(), "check_denoiser: data must have shape (n, ", model.dim(),
            ") with n at least 2, got (", data.rows, ", ", data.cols, ")");
    const std::vector<double> variances = spectrum(data);
    const auto n = static_cast<double>(data.rows);
    Matrix x(data.rows, data.cols), out(data.rows, data.cols);
    DenoiserErrors found;
    for (std::size_t j = 0; j < levels.size(); ++j) {
        Stream{key, static_cast<std::uint32_t>(j)}.normal(0, x);
        for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] = data.data[i] + levels[j] * x.data[i];
        model.denoise({x, levels.subspan(j, 1), labels, 0}, out);
        double sum = 0.0, square = 0.0;
        for (std::int64_t i = 0; i < data.rows; ++i) {
            double error = 0.0;
            for (std::int64_t k = 0; k < data.cols; ++k) error += (out(i, k) - data(i, k)) * (out(i, k) - data(i, k));
            error /= static_cast<double>(data.cols);
            sum += error;
            square += error * error;
        }
        found.error.push_back(sum / n);
        found.std_error.push_back(std::sqrt(std::max(0.0, square / n - sum / n * (sum / n)) / (n - 1)));
        found.linear.push_back(linear_error(variances, levels[j]));
    }
    return found;
}

}  // namespace buffon::diffusion
