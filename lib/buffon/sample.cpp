#include <buffon/sample.hpp>

#include <buffon/check.hpp>

namespace buffon {
namespace {

void append_rows(Matrix& to, ConstView rows, const char* what) {
    require(to.rows == 0 || to.cols == rows.cols, "Sample: ", what, " must have ", to.cols, " columns, got ", rows.cols);
    to.data.insert(to.data.end(), rows.data, rows.data + rows.size());
    to.cols = rows.cols;
    to.rows += rows.rows;
}

}  // namespace

void Sample::append(ConstView more_x, ConstView more_y) {
    require(more_x.rows == more_y.rows, "Sample: x and y must have equally many rows, got ", more_x.rows, " and ", more_y.rows);
    append_rows(x, more_x, "x");
    append_rows(y, more_y, "y");
}

}  // namespace buffon
