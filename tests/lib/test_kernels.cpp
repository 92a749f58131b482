#include <buffon/kernels.hpp>

#include <buffon/laws/uniform.hpp>
#include <buffon/owen_hash.hpp>
#include <buffon/stream.hpp>
#include <buffon/sums.hpp>
#include <buffon/vecmath_normal.hpp>
#include <buffon/vecmath_sine.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

using namespace buffon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double edges[] = {0.0,       -0.0,  1.0,    -infinity, infinity, std::nan(""), 0x1p-1074,
                        0x1p-1022, 1e308, -1e308, 709.0,     -744.5,   -746.0};

/// Uniform on (low, high).
std::vector<double> numbers(std::int64_t n, std::uint32_t id, double low = -3.0, double high = 3.0) {
    std::vector<double> v(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = low + (high - low) * Stream{9, id}.uniform(static_cast<std::int64_t>(i), 0);
    return v;
}

/// Every seventh number is an edge case.
std::vector<double> edgy(std::vector<double> v, std::uint32_t id) {
    for (std::size_t i = 0; i < v.size(); i += 7)
        v[i] = edges[Stream{9, id}.word(static_cast<std::int64_t>(i), 1) % std::size(edges)];
    return v;
}

/// Equal bits; a NaN equals a NaN.
bool same(const std::vector<double>& a, const std::vector<double>& b) {
    return std::ranges::equal(a, b, [](double x, double y) {
        return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y) || (std::isnan(x) && std::isnan(y));
    });
}

/// result(kernels) has the same bits for all kernels that this processor has.
template <class Result>
void check_all_levels(const Result& result) {
    const auto all = available_kernels();
    const std::vector<double> lowest = result(*all.front());
    for (const Kernels* use : all) {
        CAPTURE(use->level);
        CHECK(same(result(*use), lowest));
    }
}

/// Both kinds of input for one check.
template <class Check>
void random_and_edges(const Check& check) {
    SUBCASE("random") { check([](std::vector<double> v) { return v; }); }
    SUBCASE("edges") { check([](std::vector<double> v) { return edgy(std::move(v), 77); }); }
}

const std::int64_t sizes[] = {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 33, 101};

}  // namespace

TEST_CASE("all levels give equal bits: gaussian_log_density") {
    random_and_edges([](auto change) {
        for (const std::int64_t k : sizes)
            for (const std::int64_t d : {1, 2, 6})
                for (const std::int64_t n : {1, 5, 6, 24, 53}) {
                    const auto groups = change(numbers((k + 7) / 8 * 8 * (d + d * (d + 1) / 2 + 1), 1));
                    const auto z = change(numbers(n * d, 2));
                    check_all_levels([&](const Kernels& use) {
                        std::vector<double> out(static_cast<std::size_t>(n * (k + 3)), 42.0);
                        use.gaussian_log_density(groups.data(), k, d, z.data(), n, out.data() + 1, k + 3);
                        for (std::int64_t i = 0; i < n; ++i)   // nothing beyond its columns
                            for (const std::int64_t j : {std::int64_t{0}, k + 1, k + 2})
                                REQUIRE(out[static_cast<std::size_t>(i * (k + 3) + j)] == 42.0);
                        return out;
                    });
                }
    });
}

TEST_CASE("all levels give equal bits: student_log_density, and it leaves Gaussian columns alone") {
    random_and_edges([](auto change) {
        for (const std::int64_t k : {1, 5, 8, 19})
            for (const std::int64_t n : {1, 6, 23}) {
                const auto start = change(numbers(n * (k + 2), 8, -50, 0)), log_norm = numbers(k, 9),
                           power = numbers(k, 10, 1, 5);
                auto inverse = numbers(k, 11, 0.1, 1);
                inverse[static_cast<std::size_t>(k / 2)] = 0;
                check_all_levels([&](const Kernels& use) {
                    auto out = start;
                    use.student_log_density(out.data() + 1, n, k + 2, k, log_norm.data(), power.data(), inverse.data());
                    for (std::int64_t i = 0; i < n; ++i)
                        for (const std::int64_t j : {std::int64_t{0}, 1 + k / 2, k + 1}) {
                            const auto at = static_cast<std::size_t>(i * (k + 2) + j);
                            REQUIRE(same({out[at]}, {start[at]}));
                        }
                    return out;
                });
            }
    });
}

TEST_CASE("all levels give equal bits: panel_products") {
    random_and_edges([](auto change) {
        for (const std::int64_t rows : {0, 1, 2, 31, 32}) {
            const auto slab = change(numbers(5 * 8 * 32, 3));
            const auto start = numbers(3 * 8 * 5 * 8, 4);
            check_all_levels([&](const Kernels& use) {
                auto sums = start;
                use.panel_products(slab.data(), 32, rows, 3, 5, sums.data());
                return sums;
            });
        }
    });
}

TEST_CASE("all levels give equal bits: add_products, and those of the plain loops over slabs of 128 rows") {
    random_and_edges([](auto change) {
        for (const std::int64_t n : {0, 1, 5, 128, 131})
            for (const std::int64_t k : sizes)
                for (const std::int64_t e : {0, 1, 8, 13}) {
                    Matrix a(n, k), b(n, e), expected(k, e);
                    a.data = change(numbers(n * k, 21));
                    b.data = change(numbers(n * e, 22));
                    for (std::int64_t first = 0; first < n; first += 128) {
                        Matrix slab(k, e);
                        for (std::int64_t i = first; i < std::min(n, first + 128); ++i)
                            for (std::int64_t j = 0; j < k; ++j)
                                for (std::int64_t l = 0; l < e; ++l) slab(j, l) += a(i, j) * b(i, l);
                        for (std::size_t i = 0; i < slab.data.size(); ++i) expected.data[i] += slab.data[i];
                    }
                    for (double& v : expected.data) v += 2.0;
                    check_all_levels([&](const Kernels& use) {
                        Matrix sums(k, e, 2.0);
                        add_products(a, b, sums, use);
                        CHECK(same(sums.data, expected.data));
                        return sums.data;
                    });
                }
    });
}

TEST_CASE("all levels give equal bits: signed_sums, and those of the plain loops") {
    for (const std::int64_t n : {0, 1, 2, 45})
        for (const std::int64_t e : sizes) {
            Matrix r(n, e), expected(4, e);
            r.data = numbers(n * e, 23);
            for (std::int64_t i = 0; i < n; ++i)
                for (std::int64_t j = 0; j < e; ++j) {
                    const double up = std::max(r(i, j), 0.0), down = std::max(-r(i, j), 0.0);
                    const double terms[] = {up, up * up, down, down * down};
                    for (std::int64_t s = 0; s < 4; ++s) expected(s, j) += terms[s];
                }
            check_all_levels([&](const Kernels& use) {
                CHECK(same(signed_sums(r, use).data, expected.data));
                return signed_sums(r, use).data;
            });
        }
}

TEST_CASE("all levels give equal bits: simplex_pass") {
    random_and_edges([](auto change) {
        for (const std::int64_t n : {0, 1, 3, 4, 5, 41})
            for (const std::int64_t k : {1, 8, 11, 16, 101, 104}) {
                const auto q = change(numbers(n * k, 5, 0, 1)), c = change(numbers(n, 6, 0, 1));
                auto a = numbers(k, 7, 0, 1);
                a.resize(static_cast<std::size_t>((k + 7) / 8 * 8));
                check_all_levels([&](const Kernels& use) {
                    std::vector<double> g(a.size());
                    g.push_back(use.simplex_pass(q.data(), c.data(), n, k, a.data(), g.data()));
                    return g;
                });
            }
    });
}

TEST_CASE("all levels give equal bits: subtract_products, and those of the plain loops") {
    random_and_edges([](auto change) {
        for (const std::int64_t n : {1, 2, 7, 8, 45})
            for (const std::int64_t k : {0, 1, 9})
                for (const std::int64_t e : sizes) {
                    Matrix x(n, k), b(k, e), r(n, e);
                    x.data = change(numbers(n * k, 8));
                    b.data = change(numbers(k * e, 9));
                    r.data = change(numbers(n * e, 10));
                    Matrix expected = r;
                    for (std::int64_t i = 0; i < n; ++i)
                        for (std::int64_t j = 0; j < e; ++j)
                            for (std::int64_t l = 0; l < k; ++l) expected(i, j) -= x(i, l) * b(l, j);
                    check_all_levels([&](const Kernels& use) {
                        Matrix rest = r;
                        subtract_products(x, b, rest, use);
                        CHECK(same(rest.data, expected.data));
                        return rest.data;
                    });
                }
    });
}

TEST_CASE("all levels give equal bits: exp_rows") {
    random_and_edges([](auto change) {
        for (const std::int64_t cols : sizes) {
            Matrix x(6, cols);
            x.data = change(numbers(6 * cols, 11, -800, 800));
            const auto shift = change(numbers(6, 12));
            check_all_levels([&](const Kernels& use) {
                Matrix y = x;
                exp_rows(y, shift, use);
                return y.data;
            });
        }
    });
}

TEST_CASE("all levels give equal bits: mixture_ratios") {
    random_and_edges([](auto change) {
        for (const std::int64_t k : sizes) {
            Matrix log_g(9, k);
            log_g.data = change(numbers(9 * k, 13, -900, 100));
            auto alpha = numbers(k, 14, -0.3, 1);
            for (double& share : alpha) share = std::max(share, 0.0);
            check_all_levels([&](const Kernels& use) {
                Matrix g = log_g;
                auto all = mixture_ratios(g, alpha, use);
                all.insert(all.end(), g.data.begin(), g.data.end());
                return all;
            });
        }
    });
}

TEST_CASE("all levels give equal bits: power_sums, and those of the order of all sums") {
    for (const std::int64_t n : {0, 1, 7, 8, 9, 4095, 4096, 4097, 10000}) {
        const auto x = numbers(n, 15);
        double once = 0, square = 0;
        for (std::int64_t first = 0; first < n; first += 4096) {
            const std::int64_t count = std::min<std::int64_t>(4096, n - first);
            once += sum_of(count, [&](std::int64_t i) { return x[static_cast<std::size_t>(first + i)] / 0.7; });
            square += sum_of(count, [&](std::int64_t i) { return std::pow(x[static_cast<std::size_t>(first + i)] / 0.7, 2); });
        }
        check_all_levels([&](const Kernels& use) {
            std::vector<double> result(2);
            use.power_sums(x.data(), n, 0.7, result.data());
            CHECK(same(result, {once, square}));
            return result;
        });
    }
}

TEST_CASE("all levels give equal bits, those of the pointwise functions: columns of elementary functions") {
    struct Column {
        void (*Kernels::*kernel)(double*, std::int64_t);
        double (*function)(double);
        double low, high;
    };
    const Column columns[] = {
        {&Kernels::exps, vecmath::exp, -800, 800},        {&Kernels::expm1s, vecmath::expm1, -50, 720},
        {&Kernels::logs, vecmath::log, -0.1, 5},          {&Kernels::log1ps, vecmath::log1p, -1.1, 5},
        {&Kernels::sines, vecmath::sin, -1e3, 1e3},       {&Kernels::cosines, vecmath::cos, -1e3, 1e3},
        {&Kernels::erfcs, vecmath::erfc, -6, 30},         {&Kernels::normal_cdfs, vecmath::normal_cdf, -40, 10},
        {&Kernels::normal_quantiles, vecmath::normal_quantile, 0, 1}};
    random_and_edges([&](auto change) {
        for (const Column& column : columns)
            for (const std::int64_t n : {0, 1, 3, 8, 17, 255, 256, 257, 600}) {
                const auto x = change(numbers(n, 19, column.low, column.high));
                auto pointwise = x;
                for (double& v : pointwise) v = column.function(v);
                check_all_levels([&](const Kernels& use) {
                    auto y = x;
                    (use.*column.kernel)(y.data(), n);
                    CHECK(same(y, pointwise));
                    return y;
                });
            }
    });
}

TEST_CASE("all levels give equal bits: centre, and those of the order of all sums") {
    random_and_edges([](auto change) {
        for (const std::int64_t n : {1, 7, 8, 9, 4095, 4096, 4097}) {
            const auto x = change(numbers(n, 19));
            const double mean =
                sum_of(n, [&](std::int64_t i) { return x[static_cast<std::size_t>(i)]; }) / static_cast<double>(n);
            auto gaps = x;
            for (double& v : gaps) v -= mean;
            check_all_levels([&](const Kernels& use) {
                auto result = x;
                double square = 0;
                const double found = use.centre(result.data(), n, &square);
                CHECK(same(result, gaps));
                CHECK(same({found, square}, {mean, dot(gaps.data(), gaps.data(), n)}));
                result.push_back(square);
                return result;
            });
        }
    });
}

TEST_CASE("all levels give equal bits: dot_product, and those of the order of all sums") {
    random_and_edges([](auto change) {
        for (const std::int64_t n : {0, 1, 7, 8, 9, 1001}) {
            const auto a = change(numbers(n, 20)), b = numbers(n, 21);
            check_all_levels([&](const Kernels& use) {
                const std::vector<double> result{use.dot_product(a.data(), b.data(), n)};
                CHECK(same(result, {dot(a.data(), b.data(), n)}));
                return result;
            });
        }
    });
}

TEST_CASE("all levels give equal bits: uniform_quantiles, and those of the law") {
    for (const std::int64_t n : sizes) {
        auto p = numbers(n, 22, 0, 1);
        if (n > 3) p[3] = 0.5;
        const Uniform law(-0.3, 7.7);
        check_all_levels([&](const Kernels& use) {
            auto x = p;
            use.uniform_quantiles(x.data(), n, law.lower(), law.upper());
            for (std::size_t i = 0; i < p.size(); ++i) CHECK(x[i] == law.quantile(p[i]));
            return x;
        });
    }
}

TEST_CASE("all levels give equal bits: ishigami, moderate angles and huge ones") {
    for (const double size : {4.0, 1e5, 1e30})
        for (const std::int64_t n : sizes) {
            const auto x = numbers(3 * (n + 2), 23, -size, size);
            check_all_levels([&](const Kernels& use) {
                std::vector<double> y(static_cast<std::size_t>(n) + 1, 42.0);
                use.ishigami(x.data(), n + 2, n, 7.0, 0.1, y.data());
                CHECK(y.back() == 42.0);
                return y;
            });
        }
}

TEST_CASE("all levels give equal bits, those of Stream: uniform_rows and uniform_columns") {
    const Stream stream{0xFEDCBA9876543210, 0x89ABCDEF};
    for (const std::int64_t first : {std::int64_t{0}, (std::int64_t{1} << 32) - 7, std::int64_t{-5}})
        for (const std::int64_t rows : {0, 1, 2, 9, 100})
            for (const std::int64_t cols : {0, 1, 2, 3, 5, 6, 16, 17, 1500})
                check_all_levels([&](const Kernels& use) {
                    std::vector<double> u(static_cast<std::size_t>(rows * cols + 1), 42.0);
                    use.uniform_rows(stream.key, stream.id, first, rows, cols, u.data());
                    for (std::int64_t i = 0; i < rows * cols; ++i)
                        REQUIRE(u[static_cast<std::size_t>(i)] == stream.uniform(first + i / cols, i % cols));
                    REQUIRE(u.back() == 42.0);
                    return u;
                });
    for (const std::int64_t component : {0, 1, 4})
        for (const std::int64_t count : {0, 1, 2, 5})
            for (const std::int64_t n : {0, 1, 8, 19})
                check_all_levels([&](const Kernels& use) {
                    std::vector<double> u(static_cast<std::size_t>(count * 20), 42.0);
                    use.uniform_columns(stream.key, stream.id, 3, n, component, count, u.data(), 20);
                    for (std::int64_t j = 0; j < count; ++j)
                        for (std::int64_t i = 0; i < 20; ++i)
                            REQUIRE(u[static_cast<std::size_t>(j * 20 + i)] ==
                                    (i < n ? stream.uniform(3 + i, component + j) : 42.0));
                    return u;
                });
}

TEST_CASE("all levels give equal bits: scramble_words") {
    for (const std::int64_t dim : {1, 3, 8, 37})
        for (const std::int64_t count : {0, 1, 19, 52}) {
            std::vector<std::uint64_t> plain(static_cast<std::size_t>((1 + count) * dim));
            for (std::size_t i = static_cast<std::size_t>(dim); i < plain.size(); ++i) {
                const std::int64_t j = static_cast<std::int64_t>(i) / dim - 1;   // digits at 0 ... j
                plain[i] = (((0x9E3779B97F4A7C15u * i) >> (63 - j)) | 1) << (63 - j);
            }
            std::vector<std::uint64_t> first;
            for (const Kernels* use : available_kernels()) {
                std::vector<std::uint64_t> words = plain;
                use->scramble_words(17, 3, dim, count, words.data());
                if (first.empty()) first = words;
                CHECK(words == first);
                CHECK(words.front() == Stream{17, 3}.word(0, 0));
            }
        }
}

TEST_CASE("all levels give equal bits: sobol_rows and owen_rows") {
    const auto words = [](std::int64_t n, std::uint32_t id) {
        std::vector<std::uint64_t> w;
        for (std::int64_t i = 0; i < n; ++i) w.push_back(Stream{9, id}.word(i, 0));
        return w;
    };
    for (const std::int64_t width : {1, 7, 8, 24, 33})
        for (const std::int64_t rows : {1, 2, 13})
            for (const bool owen : {false, true})
                check_all_levels([&](const Kernels& use) {
                    const auto directions = words(10 * width, 20), keys = words(owen_keys * width, 21);
                    auto state = words(width, 22);
                    std::vector<double> u(static_cast<std::size_t>(rows * width));
                    if (owen) use.owen_rows(directions.data(), keys.data(), state.data(), 5, rows, width, u.data());
                    else use.sobol_rows(directions.data(), state.data(), 5, rows, width, u.data());
                    for (const std::uint64_t w : state)
                        u.push_back(std::bit_cast<double>(w >> 2));   // no NaN: any two would be equal
                    return u;
                });
}

TEST_CASE("exp_rows: rows and a single column equal the exponential") {
    for (const std::int64_t cols : {1, 3, 20}) {
        Matrix x(50, cols);
        x.data = numbers(50 * cols, 16, -700, 700);
        const auto shift = numbers(50, 17);
        Matrix y = x;
        exp_rows(y, shift);
        for (std::int64_t i = 0; i < 50; ++i)
            for (std::int64_t j = 0; j < cols; ++j)
                CHECK(y(i, j) == doctest::Approx(std::exp(x(i, j) - shift[static_cast<std::size_t>(i)])).epsilon(1e-15));
    }
}

TEST_CASE("mixture_ratios: ratios times the mixture are the densities, far below the range of doubles, too") {
    Matrix log_g(200, 11);
    log_g.data = numbers(200 * 11, 18, -20, 20);
    for (std::int64_t i = 0; i < 200; ++i)
        for (double& v : log_g.view().row(i)) v -= 10.0 * static_cast<double>(i);
    std::vector<double> alpha(11, 0.1);
    alpha[4] = 0;
    const Matrix before = log_g;
    const auto log_q = mixture_ratios(log_g, alpha);
    for (std::int64_t i = 0; i < 200; ++i) {
        long double q = 0;
        for (std::size_t k = 0; k < 11; ++k)
            q += alpha[k] * std::exp(static_cast<long double>(before(i, static_cast<std::int64_t>(k))));
        const auto expected = static_cast<double>(std::log(q));
        CHECK(log_q[static_cast<std::size_t>(i)] == doctest::Approx(expected).epsilon(1e-14));
        for (std::int64_t k = 0; k < 11; ++k)
            CHECK(log_g(i, k) == doctest::Approx(std::exp(before(i, k) - expected)).epsilon(1e-12));
    }
}

TEST_CASE("mixture_ratios: rows without density are zeros and -inf; a component that is not sampled gives no density") {
    Matrix log_g(4, 3, -infinity);
    log_g(1, 0) = 3.0;   // sampled with probability 0
    log_g(2, 2) = 2.0;
    for (std::int64_t k = 0; k < 3; ++k) log_g(3, k) = 1.0;
    const auto log_q = mixture_ratios(log_g, std::vector{0.0, 0.5, 0.5});
    CHECK(log_q[0] == -infinity);
    CHECK(log_q[1] == -infinity);
    CHECK(log_q[2] == doctest::Approx(2.0 + std::log(0.5)));
    CHECK(log_q[3] == doctest::Approx(1.0));
    for (std::int64_t k = 0; k < 3; ++k) {
        CHECK(log_g(0, k) == 0.0);
        CHECK(log_g(1, k) == 0.0);
        CHECK(log_g(2, k) == (k == 2 ? 2.0 : 0.0));
        CHECK(log_g(3, k) == 1.0);
    }
}

TEST_CASE("mixture_ratios: a component that is not sampled may be larger than all doubles without spoiling the mixture") {
    Matrix log_g(1, 2);
    log_g(0, 0) = -400.0;
    log_g(0, 1) = 800.0;
    CHECK(mixture_ratios(log_g, std::vector{1.0, 0.0}).front() == -400.0);
    CHECK(log_g(0, 0) == 1.0);
    CHECK(log_g(0, 1) == doctest::Approx(std::exp(700.0)));
}

TEST_CASE("kernels: the best available level, or the one that BUFFON_ISA asks for") {
    const auto all = available_kernels();
    CHECK(std::ranges::find(all, &kernels()) != all.end());
    CHECK(std::string(isa_level()) == kernels().level);
    if (std::getenv("BUFFON_ISA") == nullptr) CHECK(&kernels() == all.back());
}
