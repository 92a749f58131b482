#include <buffon/diffusion/recorder.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace buffon::diffusion;

TEST_CASE("recorder: combinations add and scale by value") {
    const Combination x = Recorder::start(), one = Recorder::one();
    const Combination c = 2.0 * x - (x + one) / 4;
    CHECK(c.weights.size() == 2);
    CHECK(c.weights.at(0) == 1.75);
    CHECK(c.weights.at(1) == -0.25);
}

TEST_CASE("recorder: rows are numbered from 2 in the order they were made") {
    Recorder r;
    const Combination x = r.start(), D = r.denoise(x), y = r.node(0.25 * x + 0.75 * D, 1, 0.5, 0.125);
    CHECK(D.weights.begin()->first == 2);
    CHECK(y.weights.begin()->first == 3);
    const Table table = r.seal();
    CHECK(table.rows.size() == 2);
    CHECK(table.rows[0].at == 0);
    CHECK(table.rows[1].terms.size() == 2);
    CHECK(table.rows[1].terms[1].value == 2);
    CHECK(table.rows[1].terms[1].weight == 0.75);
    CHECK(table.rows[1].rho == 0.5);
    CHECK(table.rows[1].noise == 0.125);
    CHECK(table.rows[1].node == 1);
}

TEST_CASE("recorder: only one value can be denoised") {
    Recorder r;
    CHECK_THROWS_AS(r.denoise(0.5 * r.start()), std::invalid_argument);
    CHECK_THROWS_AS(r.denoise(r.start() + r.one()), std::invalid_argument);
}

TEST_CASE("recorder: a slot is used again after its value's last use, and never while it is needed") {
    Recorder r;
    Combination x = r.start(), old;
    for (int i = 0; i < 6; ++i) {
        const Combination D = r.denoise(x);
        x = r.node(i == 0 ? 0.5 * x + 0.5 * D : 0.5 * x + D - 0.5 * old, static_cast<std::size_t>(i) + 1, 1.0);
        old = D;
    }
    const Table table = r.seal();
    CHECK(table.slots == 3);   // state, newest and previous output
    std::vector<int> slot{0, -1}, holder(3, -1);
    holder[0] = 0;   // which value each slot holds
    for (const Row& row : table.rows) {
        if (row.at >= 0) {
            CHECK(holder[static_cast<std::size_t>(slot[static_cast<std::size_t>(row.at)])] == row.at);
            CHECK(row.slot != slot[static_cast<std::size_t>(row.at)]);   // the denoiser reads while it writes
        }
        for (const Term& term : row.terms)
            CHECK(holder[static_cast<std::size_t>(slot[static_cast<std::size_t>(term.value)])] == term.value);
        holder[static_cast<std::size_t>(row.slot)] = static_cast<int>(slot.size());
        slot.push_back(row.slot);
    }
}

TEST_CASE("recorder: the order of a multistep method grows with its history and falls to 1 before sigma = 0") {
    const Nodes n = nodes(VP(), {.steps = 6});
    const Nodes z = nodes(VP(), {.steps = 6, .to_zero = true});
    const auto all = [](const Nodes& nodes, bool lower) {
        std::vector<int> orders;
        for (std::size_t i = 0; i < nodes.steps(); ++i) orders.push_back(order_at(nodes, i, 3, lower));
        return orders;
    };
    CHECK(all(n, false) == std::vector{1, 2, 3, 3, 3, 3});
    CHECK(all(n, true) == std::vector{1, 2, 3, 3, 2, 1});
    CHECK(all(z, false) == std::vector{1, 2, 3, 3, 3, 1});
}
