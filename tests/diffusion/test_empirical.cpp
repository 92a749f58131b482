#include <buffon/diffusion/empirical.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include <buffon/diffusion/gaussian_mixture.hpp>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

using Numbers = std::vector<double>;

constexpr std::int64_t m = 60, d = 3;

Matrix normals(std::int64_t rows, std::int64_t cols, std::uint32_t stream) {
    Matrix out(rows, cols);
    Stream{7, stream}.normal(0, out);
    return out;
}

Numbers weights() {
    Numbers w;
    for (std::int64_t i = 0; i < m; ++i) w.push_back(1.5 + std::sin(static_cast<double>(i)));
    return w;
}

std::vector<std::int64_t> labels() {
    std::vector<std::int64_t> out;
    for (std::int64_t i = 0; i < m; ++i) out.push_back(i * i % 3 == 0 ? 1 : 0);
    return out;
}

/// The same law as a mixture; with bandwidth 0 of components that are points.
GaussianMixture as_mixture(double bandwidth, std::int64_t label = -1) {
    const Matrix points = normals(m, d, 0);
    Numbers w;
    Matrix means(0, d);
    std::vector<Matrix> covariances;
    Matrix c(d, d);
    for (std::int64_t j = 0; j < d; ++j) c(j, j) = bandwidth * bandwidth;
    for (std::int64_t i = 0; i < m; ++i) {
        if (label >= 0 && labels()[static_cast<std::size_t>(i)] != label) continue;
        w.push_back(weights()[static_cast<std::size_t>(i)]);
        means.data.insert(means.data.end(), points.view().row(i).begin(), points.view().row(i).end());
        ++means.rows;
        covariances.push_back(c);
    }
    return {w, means, covariances};
}

Numbers levels(std::int64_t n) {
    Numbers sigma;
    for (std::int64_t i = 0; i < n; ++i)
        sigma.push_back(std::pow(10.0, -2.0 + 4.0 * static_cast<double>(i) / static_cast<double>(n)));
    return sigma;
}

void check_close(const Matrix& a, const Matrix& b, double tolerance) {
    REQUIRE(a.data.size() == b.data.size());
    double size = 1.0;
    for (const double v : b.data) size = std::max(size, std::abs(v));
    for (std::size_t i = 0; i < a.data.size(); ++i) CHECK(std::abs(a.data[i] - b.data[i]) <= tolerance * size);
}

constexpr std::int64_t n = 40;

}  // namespace

TEST_CASE("Empirical: with and without bandwidth it is the mixture of its points, everything about it") {
    for (const double bandwidth : {0.0, 0.3}) {
        const Empirical e(normals(m, d, 0), {.weights = weights(), .bandwidth = bandwidth});
        const GaussianMixture g = as_mixture(bandwidth);
        const Matrix x = normals(n, d, 1);
        const Numbers sigma = levels(n);
        const Query q{x, sigma, {}, 1};
        const auto same = [&](std::int64_t cols, const auto& ours, const auto& theirs) {
            Matrix a(n, cols), b(n, cols);
            ours(a.view());
            theirs(b.view());
            check_close(a, b, 1e-11);
        };
        same(d, [&](View out) { e.denoise(q, out); }, [&](View out) { g.denoise(x, sigma, out); });
        same(d, [&](View out) { e.score(q, out); }, [&](View out) { g.score(x, sigma, out); });
        same(1, [&](View out) { e.log_density(q, {out.data, n}); }, [&](View out) { g.log_density(x, sigma, {out.data, n}); });
        same(m, [&](View out) { e.responsibilities(q, out); }, [&](View out) { g.responsibilities(x, sigma, out); });
        same(d * d, [&](View out) { e.jacobian(q, out); }, [&](View out) { g.jacobian(x, sigma, out); });
        same(d * d, [&](View out) { e.posterior_covariance(q, out); }, [&](View out) { g.posterior_covariance(x, sigma, out); });
        same(
            d, [&](View out) { e.posterior_sample(q, Stream{3, 1}, 5, out); },
            [&](View out) { g.posterior_sample(x, sigma, Stream{3, 1}, 5, out); });
        same(n, [&](View out) { e.sigma_posterior(q, sigma, out); }, [&](View out) { g.sigma_posterior(x, sigma, out); });
        same(
            d, [&](View out) { e.forward({{}, sigma, {}, 1}, Stream{3, 0}, 5, out); },
            [&](View out) { g.forward(sigma, Stream{3, 0}, 5, out); });
    }
}

TEST_CASE("Empirical: a label asks for the points of its class, -1 for all; rows may differ") {
    const Empirical e(normals(m, d, 0), {.weights = weights(), .bandwidth = 0.2, .labels = labels()});
    CHECK(e.classes() == 2);
    CHECK(e.labels() == labels());
    CHECK(e.points().data == normals(m, d, 0).data);
    const Matrix x = normals(n, d, 1);
    const Numbers sigma = levels(n);
    std::vector<std::int64_t> asked;
    for (std::int64_t i = 0; i < n; ++i) asked.push_back(i % 3 - 1);
    const Query q{x, sigma, asked, 1};
    Matrix ours(n, d), density(n, 1), expected(n, d), expected_density(n, 1);
    e.denoise(q, ours);
    e.log_density(q, density.data);
    for (std::int64_t i = 0; i < n; ++i) {
        const GaussianMixture g = as_mixture(0.2, asked[static_cast<std::size_t>(i)]);
        const std::span<const double> level(&sigma[static_cast<std::size_t>(i)], 1);
        g.denoise(x.view().slice(i, 1), level, expected.view().slice(i, 1));
        g.log_density(x.view().slice(i, 1), level, {&expected_density.data[static_cast<std::size_t>(i)], 1});
    }
    check_close(ours, expected, 1e-11);
    check_close(density, expected_density, 1e-11);
    Matrix drawn(n, d);
    const Empirical points(normals(m, d, 0), {.labels = labels()});
    const Numbers none{0.0};
    points.forward({{}, none, asked, 1}, Stream{1, 0}, 0, drawn);
    for (std::int64_t i = 0; i < n; ++i) {
        const Matrix y = points.points();
        std::int64_t found = 0;
        while (found < m &&
               !std::equal(drawn.view().row(i).begin(), drawn.view().row(i).end(), y.view().row(found).begin()))
            ++found;
        REQUIRE(found < m);
        const std::int64_t label = asked[static_cast<std::size_t>(i)];
        CHECK((label == -1 || labels()[static_cast<std::size_t>(found)] == label));
    }
}

TEST_CASE("Empirical: as sigma -> 0 the nearest point, duplicates and rows far out included") {
    Matrix y(4, 2), x(3, 2), out(3, 2);
    y.data = {0, 0, 1, 0, 1, 0, 0, 3};
    x.data = {0.9, 0.3, 0.1, 2.0, 1e8, 1.0};
    const Empirical e(y);
    for (const double sigma : {0.0, 1e-160, 1e-9, 1e-3}) {
        e.denoise({x, std::span(&sigma, 1), {}, 1}, out);
        CHECK(out.data == Numbers{1, 0, 0, 3, 1, 0});
    }
    Matrix top(3, 2);
    std::vector<std::int64_t> points(6);
    const double sigma = 0.5;
    e.top_k({x, std::span(&sigma, 1), {}, 1}, top, points);
    CHECK(points[0] == 1);
    CHECK(points[1] == 2);
    CHECK(top(0, 0) == top(0, 1));
    CHECK(points[2] == 3);
}

TEST_CASE("Empirical: bits depend neither on the batch, nor on threads, nor on the other rows' classes") {
    const Empirical e(normals(500, 12, 0), {.labels = [] {
        std::vector<std::int64_t> all;
        for (int i = 0; i < 500; ++i) all.push_back(i % 4);
        return all;
    }()});
    const Matrix x = normals(600, 12, 1);
    const Numbers sigma = levels(600);
    std::vector<std::int64_t> asked;
    for (std::int64_t i = 0; i < 600; ++i) asked.push_back(i % 5 - 1);
    Matrix all(600, 12), one(1, 12);
    e.denoise({x, sigma, asked, 3}, all);
    for (std::int64_t i = 0; i < 600; i += 7) {
        const auto k = static_cast<std::size_t>(i);
        e.denoise({x.view().slice(i, 1), std::span(sigma).subspan(k, 1), std::span(asked).subspan(k, 1), 1}, one);
        CHECK(std::equal(one.data.begin(), one.data.end(), all.view().row(i).begin()));
    }
}

TEST_CASE("Empirical: a float32 denoiser is the float64 one within 1e-5") {
    const Empirical e(normals(300, 10, 0)), single(normals(300, 10, 0), {.single = true});
    const Matrix x = normals(200, 10, 1);
    const Numbers sigma = levels(200);
    Matrix a(200, 10), b(200, 10);
    e.denoise({x, sigma, {}, 1}, a);
    single.denoise({x, sigma, {}, 1}, b);
    CHECK(a.data != b.data);
    for (std::int64_t i = 40; i < 200; ++i)   // below sigma = 0.06 two points that are equally far may change places
        for (std::int64_t j = 0; j < 10; ++j) CHECK(std::abs(a(i, j) - b(i, j)) < 1e-4);
}

TEST_CASE("Empirical: what is wrong is refused, by its name") {
    const auto message = [](const auto& f) {
        try {
            f();
        } catch (const std::invalid_argument& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    CHECK(message([] { Empirical(Matrix(0, 2)); }).find("Empirical: points must have shape (m, d)") == 0);
    CHECK(message([] { Empirical(Matrix(2, 1), {.weights = {1, -1}}); }).find("Empirical: weights must be positive") == 0);
    CHECK(message([] { Empirical(Matrix(2, 1), {.bandwidth = -1}); }).find("Empirical: bandwidth") == 0);
    CHECK(message([] { Empirical(Matrix(2, 1), {.labels = {1, 1}}); }).find("class 0 has none") != std::string::npos);
    const Empirical e(normals(5, 2, 0));
    const Matrix x = normals(1, 2, 1);
    Matrix out(1, 2);
    const double bad = -1.0, good = 1.0, zero = 0.0;
    const std::int64_t label = 0;
    CHECK(message([&] { e.denoise({x, std::span(&bad, 1), {}, 1}, out); }).find("sigma must lie in") != std::string::npos);
    CHECK(message([&] { e.denoise({x, std::span(&good, 1), std::span(&label, 1), 1}, out); }).find("no labels") !=
          std::string::npos);
    CHECK(message([&] { e.score({x, std::span(&zero, 1), {}, 1}, out); }).find("sigma must be positive") != std::string::npos);
    Matrix far = x;
    far(0, 0) = std::numeric_limits<double>::infinity();
    CHECK(message([&] { e.denoise({far, std::span(&good, 1), {}, 1}, out); }).find("row 0") != std::string::npos);
}

TEST_CASE("empirical: points and options make it again, weights to the bit") {
    const Empirical model(Matrix(3, 1, 0.5), {.weights = {0.1, 0.2, 0.7}, .bandwidth = 0.2, .labels = {0, 1, 0}});
    const Empirical again(model.points(), model.options());
    CHECK(again.weights() == model.weights());
    CHECK(again.labels() == model.labels());
    CHECK(again.bandwidth() == model.bandwidth());
    CHECK(Empirical(Matrix(3, 1, 0.5)).options().weights.empty());
}
