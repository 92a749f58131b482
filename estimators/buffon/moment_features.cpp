#include <buffon/moment_features.hpp>

#include <algorithm>
#include <cmath>

#include <Eigen/Core>

#include <buffon/check.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

using Table = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void centre(Table& tokens, const Eigen::RowVectorXd& means, std::int64_t width, TokenCentre how) {
    if (how == TokenCentre::channel) tokens.rowwise() -= means;
    if (how != TokenCentre::scalar) return;
    for (std::int64_t first = 0; first < tokens.cols(); first += width)
        tokens.middleCols(first, width).array() -= means.segment(first, width).mean();
}

void scale(Table& moments, MomentScale how) {
    if (how == MomentScale::root)
        moments = moments.unaryExpr([](double c) { return std::copysign(std::sqrt(std::abs(c)), c); });
    if (how != MomentScale::columns) return;
    for (std::int64_t j = 0; j < moments.cols(); ++j)
        if (const double length = moments.col(j).norm(); length > 0) moments.col(j) /= length;
}

/// Features of one set behind `out`.
void features(ConstView set, const MomentFeaturesOptions& o, double* out) {
    const std::int64_t d = set.cols, width = d / o.heads;
    Table tokens = Eigen::Map<const Table>(set.data, set.rows, d);
    const Eigen::RowVectorXd means = tokens.colwise().mean();
    out = std::copy_n(means.data(), d, out);
    centre(tokens, means, width, o.center);
    for (std::int64_t k = 0; k < std::max<std::int64_t>(o.heads - 1, 1); ++k) {
        const std::int64_t other = o.heads == 1 ? 0 : (k + 1) * width;
        Table moments = tokens.middleCols(k * width, width).transpose() * tokens.middleCols(other, width);
        moments /= static_cast<double>(set.rows);
        scale(moments, o.scale);
        for (std::int64_t a = 0; a < width; ++a)
            out = std::copy_n(moments.row(a).data(), o.heads == 1 ? a + 1 : width, out);
    }
}

}   // namespace

Matrix moment_features(ConstView tokens, std::int64_t length, const MomentFeaturesOptions& o) {
    const std::int64_t d = tokens.cols;
    require(d >= 1 && length >= 1 && tokens.rows % length == 0,
            "moment_features: tokens must have shape (n, length, D), got ", tokens.rows, " rows of ", d, " for length ",
            length);
    require(o.heads >= 1 && d % o.heads == 0, "moment_features: heads must divide the ", d, " channels, got ", o.heads);
    for (std::int64_t i = 0; i < tokens.size(); ++i)
        require(std::isfinite(tokens.data[i]), "moment_features: tokens must be finite, got ", tokens.data[i],
                " in set ", i / (d * length));
    const std::int64_t width = d / o.heads, second = o.heads == 1 ? d * (d + 1) / 2 : (o.heads - 1) * width * width;
    Matrix out(tokens.rows / length, d + second);
    parallel::for_each(out.rows, o.threads, [&](std::int64_t i) {
        features(tokens.slice(i * length, length), o, out.data.data() + i * out.cols);
        for (const double c : out.view().row(i))
            require(std::isfinite(c), "moment_features: covariances overflow in set ", i, ": divide the tokens by their size");
    });
    return out;
}

}   // namespace buffon
