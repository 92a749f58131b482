#include <buffon/view.hpp>

#include <utility>

#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("a Matrix is row-major, filled with the value asked for") {
    Matrix m(2, 3, 7.0);
    CHECK(m.data == std::vector<double>(6, 7.0));
    m(1, 0) = 1.0;
    CHECK(m.data[3] == 1.0);
    CHECK(std::as_const(m)(1, 0) == 1.0);
    CHECK(Matrix(0, 4).view().size() == 0);
}

TEST_CASE("views look at the numbers of the matrix, from any row on") {
    Matrix m(4, 2);
    for (std::size_t k = 0; k < 8; ++k) m.data[k] = static_cast<double>(k);
    const View tail = m.view().slice(1, 3).slice(1, 2);
    CHECK(tail.rows == 2);
    CHECK(tail.cols == 2);
    CHECK(tail.size() == 4);
    CHECK(tail(0, 1) == 5.0);
    tail(1, 0) = -6.0;
    CHECK(m(3, 0) == -6.0);
    tail.row(1)[1] = -7.0;
    CHECK(m(3, 1) == -7.0);
    const ConstView look = tail;
    CHECK(look.data == tail.data);
    CHECK(look.row(1).size() == 2);
    CHECK(ConstView(m).slice(3, 1)(0, 0) == -6.0);
    CHECK(m.view().slice(4, 0).size() == 0);
}
