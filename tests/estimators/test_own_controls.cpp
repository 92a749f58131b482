#include <buffon/own_controls.hpp>

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

namespace {

constexpr std::int64_t laws = 3, columns = 2, functions = 1, summands_count = laws * columns;
constexpr double tiny = 1e-7;

Gaussian standard(std::int64_t d) {
    Gaussian g{std::vector<double>(static_cast<std::size_t>(d)), Matrix(d, d)};
    for (std::int64_t j = 0; j < d; ++j) g.factor(j, j) = 1;
    return g;
}

OwnControls with_fits() { return OwnControls(laws, columns, std::vector<Gaussian>(laws * functions, standard(1))); }

Matrix uniforms(std::int64_t n, std::int64_t d, std::uint32_t id) {
    Matrix u(n, d);
    Stream{17, id}.uniform(0, u);
    return u;
}

/// Shared controls x, and responses that depend on them and on their own controls.
struct Data {
    Matrix x, r;
    explicit Data(std::int64_t n = 300) : x(uniforms(n, 3, 0)), r(uniforms(n, summands_count + laws + laws * functions, 1)) {
        for (std::int64_t i = 0; i < n; ++i) {
            for (std::int64_t a = summands_count; a < r.cols; ++a) r(i, a) += x(i, a % 3);   // own controls know the shared ones
            for (std::int64_t e = 0; e < summands_count; ++e)
                r(i, e) += static_cast<double>(e) * x(i, 0) + 2 * r(i, summands_count + e / columns) -
                           r(i, summands_count + laws + e / columns);
        }
    }
    CrossProducts shared() const {
        CrossProducts sums(x.cols, r.cols);
        sums.add(x, r);
        return sums;
    }
};

double column_of_rest(const Data& d, const OwnControls& own, const Matrix& b, const OwnControls::Coefficients& c,
                      std::int64_t e) {
    Matrix rest = d.r;
    for (std::int64_t i = 0; i < rest.rows; ++i)
        for (std::int64_t a = 0; a < rest.cols; ++a)
            for (std::int64_t k = 0; k < b.rows; ++k) rest(i, a) -= d.x(i, k) * b(k, a);
    own.subtract(c, rest);
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < rest.rows; ++i) sum += rest(i, e), squares += rest(i, e) * rest(i, e);
    return squares - sum * sum / static_cast<double>(rest.rows);
}

}  // namespace

TEST_CASE("own controls: the coefficients and the residuals are those of one least-squares problem with all controls") {
    const Data d;
    const OwnControls own = with_fits();
    OwnControls::Sums sums;
    own.add(d.r, sums);
    const CrossProducts shared = d.shared();
    const Matrix b = regress(shared, tiny);
    const auto c = own.regress(shared, sums, b, tiny);
    for (std::int64_t e = 0; e < summands_count; ++e) {
        const bool has_g = e % columns < functions;
        Matrix all(d.x.rows, has_g ? 5 : 4), t(d.x.rows, 1);
        for (std::int64_t i = 0; i < all.rows; ++i) {
            for (std::int64_t k = 0; k < 3; ++k) all(i, k) = d.x(i, k);
            all(i, 3) = d.r(i, summands_count + e / columns);
            if (has_g) all(i, 4) = d.r(i, summands_count + laws + e / columns);
            t(i, 0) = d.r(i, e);
        }
        CrossProducts whole(all.cols, 1);
        whole.add(all, t);
        const Matrix exact = regress(whole, tiny);
        CHECK(c.f[static_cast<std::size_t>(e)] == doctest::Approx(exact(3, 0)).epsilon(1e-9));
        CHECK(c.g[static_cast<std::size_t>(e)] == doctest::Approx(has_g ? exact(4, 0) : 0.0).epsilon(1e-9));
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < all.rows; ++i) {
            double rest = t(i, 0);
            for (std::int64_t k = 0; k < all.cols; ++k) rest -= all(i, k) * exact(k, 0);
            sum += rest, squares += rest * rest;
        }
        CHECK(column_of_rest(d, own, b, c, e) ==
              doctest::Approx(squares - sum * sum / static_cast<double>(all.rows)).epsilon(1e-9));
    }
}

TEST_CASE("own controls: sums of folds merge, and total minus own is what the others have") {
    const Data d;
    const OwnControls own = with_fits();
    OwnControls::Sums all, first, rest;
    own.add(d.r, all);
    own.add(d.r.view().slice(0, 100), first);
    own.add(d.r.view().slice(100, 200), rest);
    all.merge(first, -1.0);
    for (std::size_t k = 0; k < all.gt.size(); ++k) {
        CHECK(all.gt[k] == doctest::Approx(rest.gt[k]).epsilon(1e-12));
        CHECK(all.fg[k] == doctest::Approx(rest.fg[k]).epsilon(1e-12));
    }
    for (std::size_t e = 0; e < all.ft.size(); ++e) CHECK(all.ft[e] == doctest::Approx(rest.ft[e]).epsilon(1e-12));
}

TEST_CASE("own controls: one that the shared controls know already, and one without variance, have no coefficient") {
    Data d;
    for (std::int64_t i = 0; i < d.r.rows; ++i) {
        d.r(i, summands_count) = 2 * d.x(i, 0) - d.x(i, 1) + 1e-6 * d.r(i, summands_count);   // f of law 0: within the cut
        d.r(i, summands_count + laws + 1) = -1;                                                // g of law 1
    }
    const OwnControls own = with_fits();
    OwnControls::Sums sums;
    own.add(d.r, sums);
    const auto c = own.regress(d.shared(), sums, regress(d.shared()), 1e-2);
    CHECK(c.f[0] == 0);
    CHECK(c.f[1] == 0);
    CHECK(c.g[0] != 0);
    CHECK(c.g[columns] == 0);
    CHECK(c.f[columns] != 0);
}

TEST_CASE("own controls: one that the shared controls nearly know fades out about the cut") {
    const auto kept = [](double left, bool of_f) {   // `left` of a control's size is its own, and the summand follows that
        Data d(2000);
        const Matrix own_part = uniforms(2000, 1, 2);
        const OwnControls own = with_fits();
        const std::int64_t control = summands_count + (of_f ? 0 : laws);
        for (std::int64_t i = 0; i < 2000; ++i) {
            d.r(i, control) = d.x(i, 0) + left * own_part(i, 0);
            d.r(i, of_f ? 1 : 0) = own_part(i, 0);   // the second column has no g
            if (!of_f) d.r(i, summands_count) = d.x(i, 1);   // nothing left of f
        }
        OwnControls::Sums sums;
        own.add(d.r, sums);
        const auto c = own.regress(d.shared(), sums, regress(d.shared()), 1e-2);
        return left * (of_f ? c.f[1] : c.g[0]);
    };
    for (const bool of_f : {true, false}) {
        CHECK(std::abs(kept(0.05, of_f) - 1) < 1e-6);    // 25 times cut^2
        CHECK(std::abs(kept(0.01, of_f) - 0.5) < 0.05);
        CHECK(kept(0.002, of_f) == 0);
        CHECK(std::abs(kept(0.0103, of_f) - kept(0.0097, of_f)) < 0.1);   // a step: 1
    }
}

TEST_CASE("own controls: responses are the summands, then f / q - 1 and g / q - 1, whose means are 0") {
    const WorkingSpace space = WorkingSpace::raw({testing::independent(1, Normal(0, 1)), testing::independent(1, Normal(1, 1)),
                                                  testing::independent(1, Normal(2, 1.5))});
    const Problem problem([](std::span<const double> x) { return std::array{x[0], 1.0}; }, testing::standard_normal(1));
    const Run run{.budget = 20'000, .rng = 3, .threads = 1};
    Evaluation evaluate("test", problem, run);
    Gaussian wide = standard(1);
    wide.factor(0, 0) = 2;
    const Proposal proposal(true, {wide}, {0.5, 0.5});
    const Batch batch = draw_batch(evaluate, space, proposal, PointSet::independent(20'000, {3, 0}), 0, 20'000);
    const OwnControls own = with_fits();
    Matrix r;
    own.responses(batch, r);
    const Matrix t = summands(batch);
    REQUIRE(r.cols == t.cols + own.size());
    for (std::int64_t i = 0; i < t.rows; ++i)
        for (std::int64_t e = 0; e < t.cols; ++e) REQUIRE(r(i, e) == t(i, e));
    for (std::int64_t a = t.cols; a < r.cols; ++a) {
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < r.rows; ++i) sum += r(i, a), squares += r(i, a) * r(i, a);
        CHECK(std::abs(sum) < 5 * std::sqrt(squares));
        CHECK(squares > 0.01 * static_cast<double>(r.rows));
    }
    for (std::int64_t i = 0; i < 100; ++i)   // y = 1: the summand is f / q
        REQUIRE(r(i, summands_count + 1) == doctest::Approx(t(i, columns + 1) - 1).epsilon(1e-12));
}

TEST_CASE("own controls: each law's Gaussian is the integrand's where that is one") {
    const std::vector<double> means{-1, 0.5, 2};
    std::vector<Distribution> all;
    for (const double m : means) all.push_back(testing::independent(1, Normal(m, 1)));
    const WorkingSpace space = WorkingSpace::raw(all);
    const Problem problem([](std::span<const double> x) { return -std::exp(0.5 * x[0]); }, testing::standard_normal(1));
    const Run run{.budget = 8192, .rng = 4, .threads = 1};
    Evaluation evaluate("test", problem, run);
    Pool pool;
    pool.add(draw_batch(evaluate, space, Proposal::initial(), PointSet::nets(2, 8192, 1, 4, 0), 0, 8192,
                        std::vector<std::int64_t>{1}),
             Proposal::initial(), {});
    const auto fits = fit_each(pool, space, 1, {});
    REQUIRE(fits.size() == 3);
    for (std::size_t j = 0; j < 3; ++j) {   // phi f is N(m + 0.5, 1)
        CHECK(fits[j].mean[0] == doctest::Approx(means[j] + 0.5).epsilon(0.02));
        CHECK(fits[j].factor(0, 0) == doctest::Approx(1).epsilon(0.02));
    }
}

TEST_CASE("own controls: what was hardly seen gets a law that says nothing") {
    const WorkingSpace space = WorkingSpace::raw({testing::independent(1, Normal(0, 1)), testing::independent(1, Normal(3, 1))});
    const Problem problem([](std::span<const double> x) { return x[0] > 50 ? 1.0 : 0.0; }, testing::standard_normal(1));
    const Run run{.budget = 100, .rng = 4, .threads = 1};
    Evaluation evaluate("test", problem, run);
    Pool pool;
    pool.add(draw_batch(evaluate, space, Proposal::initial(), PointSet::nets(2, 100, 1, 4, 0), 0, 100), Proposal::initial(), {});
    for (const Gaussian& g : fit_each(pool, space, 1, {})) {
        CHECK(g.mean[0] == 0);
        CHECK(g.factor(0, 0) == 1);
    }
}
