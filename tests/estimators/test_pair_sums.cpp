#include <buffon/pair_sums.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

constexpr std::int64_t rows = 37, groups = 2;

SegmentValues random_values(std::uint32_t id, std::vector<std::int64_t> failed = {}) {
    SegmentValues v{rows, 2 * groups + 2, 1, std::vector<double>(static_cast<std::size_t>((2 * groups + 2) * rows)),
                    std::move(failed)};
    for (std::size_t k = 0; k < v.y.size(); ++k) v.y[k] = 3 + Stream{5, id}.uniform(static_cast<std::int64_t>(k), 0);
    for (const std::int64_t i : v.failed)
        for (std::int64_t k = 0; k < v.sets; ++k) v.column(k, 0)[i] = 0;
    return v;
}

/// sum of f(i) over the rows that count.
template <class F>
double sum(const SegmentValues& v, const F& f) {
    double total = 0;
    for (std::int64_t i = 0; i < rows; ++i)
        if (std::ranges::find(v.failed, i) == v.failed.end()) total += f(i);
    return total;
}

void check_against_loops(const SegmentValues& v, const PairSums& s) {
    const double c = 3.25;
    const auto y = [&](std::int64_t set, std::int64_t i) { return v.column(set, 0)[i] - c; };
    const auto close = [](double got, double wanted) { CHECK(got == doctest::Approx(wanted).epsilon(1e-12).scale(1)); };
    close(s.a, sum(v, [&](auto i) { return y(0, i); }));
    close(s.bb, sum(v, [&](auto i) { return y(1, i) * y(1, i); }));
    close(s.ab, sum(v, [&](auto i) { return y(0, i) * y(1, i); }));
    close(s.from_a[1].sum, sum(v, [&](auto i) { return y(3, i) - y(0, i); }));
    close(s.from_a[1].with_b, sum(v, [&](auto i) { return (y(3, i) - y(0, i)) * y(1, i); }));
    close(s.from_b[0].square, sum(v, [&](auto i) { return std::pow(y(4, i) - y(1, i), 2); }));
    close(s.from_b[0].with_a, sum(v, [&](auto i) { return (y(4, i) - y(1, i)) * y(0, i); }));
    close(s.both(0, 1), sum(v, [&](auto i) { return (y(2, i) - y(0, i)) * (y(5, i) - y(1, i)); }));
    double total = 0, squares = 0;
    for (std::int64_t k = 0; k < v.sets; ++k) {
        total += sum(v, [&](auto i) { return y(k, i); });
        squares += sum(v, [&](auto i) { return y(k, i) * y(k, i); });
    }
    close(s.total(), total);
    close(s.squares(), squares);
}

}  // namespace

TEST_CASE("pair_sums: sums of products are those of loops over the rows") {
    const SegmentValues v = random_values(1);
    const PairSums s = pair_sums(v, 0, 3.25, groups);
    CHECK(s.n == rows);
    CHECK(s.count() == rows * 6);
    check_against_loops(v, s);
}

TEST_CASE("pair_sums: rows that failed count nowhere") {
    const SegmentValues v = random_values(2, {0, 17});
    const PairSums s = pair_sums(v, 0, 3.25, groups);
    CHECK(s.n == rows - 2);
    CHECK(s.largest < 0.76);   // not |0 - 3.25|
    check_against_loops(v, s);
}

TEST_CASE("pair_sums: merged sums are sums of sums, largest steps the larger ones") {
    const PairSums a = pair_sums(random_values(3), 0, 3, groups), b = pair_sums(random_values(4), 0, 3, groups);
    PairSums all;
    all.merge(a);
    all.merge(b);
    CHECK(all.n == 2 * rows);
    CHECK(all.ab == a.ab + b.ab);
    CHECK(all.from_a[0].with_a == a.from_a[0].with_a + b.from_a[0].with_a);
    CHECK(all.both(1, 0) == a.both(1, 0) + b.both(1, 0));
    CHECK(all.from_b[1].largest == std::max(a.from_b[1].largest, b.from_b[1].largest));
}

TEST_CASE("pair_sums: a small step keeps its digits beside large values") {
    SegmentValues v = random_values(5);
    for (std::int64_t i = 0; i < rows; ++i) v.column(2, 0)[i] = v.column(0, 0)[i] * (1 + 1e-9);
    double square = 0;
    for (std::int64_t i = 0; i < rows; ++i) square += std::pow(v.column(2, 0)[i] - v.column(0, 0)[i], 2);
    CHECK(pair_sums(v, 0, 0, groups).from_a[0].square == doctest::Approx(square).epsilon(1e-6));   // of the order 1e-17
}
