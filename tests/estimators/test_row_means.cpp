#include <buffon/row_means.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/parallel.hpp>

using namespace buffon;

namespace {

Matrix some_rows(std::int64_t n) {
    Matrix rows(n, 2);
    for (std::int64_t i = 0; i < n; ++i) {
        rows(i, 0) = std::sin(static_cast<double>(i));
        rows(i, 1) = std::exp(0.3 * std::cos(1.7 * static_cast<double>(i)));
    }
    return rows;
}

}  // namespace

TEST_CASE("however rows are divided, and with a state in between, their moments have the same bits") {
    const Matrix rows = some_rows(3 * parallel::block_size + 777);
    RowMeans once;
    once.add(rows, 2);
    for (const std::int64_t first : {1, 100, 4'096, 5'000, 8'192, 13'000}) {
        RowMeans begun;
        begun.add(rows.view().slice(0, first), 1);
        State state;
        begun.store(state);
        RowMeans gone_on(state);
        CHECK(gone_on.n() == first);
        const std::int64_t middle = first + (rows.rows - first) / 3;
        gone_on.add(rows.view().slice(first, middle - first), 1);
        gone_on.add(rows.view().slice(middle, rows.rows - middle), 2);
        CHECK(gone_on.n() == rows.rows);
        CHECK(gone_on.moments().mean == once.moments().mean);
        CHECK(gone_on.moments().scatter.data == once.moments().scatter.data);
        CHECK(gone_on.first_rows().data == once.first_rows().data);
    }
}

TEST_CASE("chunks end with blocks") {
    CHECK(next_rows(0, 100'000, 65'536) == 65'536);
    CHECK(next_rows(5'000, 100'000, 65'536) == 65'536 - 904);
    CHECK(next_rows(65'536, 66'000, 65'536) == 464);
}
