#include <buffon/compared_sets.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>
#include <buffon/device_buffer.hpp>

namespace buffon {
namespace {

void check_shape(const std::string& who, const std::string& name, std::int64_t rows, std::int64_t cols,
                 std::int64_t dim, std::int64_t fewest) {
    require(rows >= fewest, who, ": ", name, " must have at least ", fewest, " rows, got ", rows);
    require(dim >= 1, who, ": ", name, " must have at least 1 column, got 0");
    require(cols == dim, who, ": ", name, " must have the ", dim, " columns of the reference, got ", cols);
}

std::string place(const DeviceArray& a) {
    return "cuda:" + std::to_string(a.queue.device) + (a.single ? " as float32" : " as float64");
}

}  // namespace

void check_set(const std::string& who, const std::string& name, ConstView x, std::int64_t dim, std::int64_t fewest) {
    check_shape(who, name, x.rows, x.cols, dim, fewest);
    for (std::int64_t i = 0; i < x.size(); ++i)
        require(std::isfinite(x.data[i]), who, ": ", name, " must be finite, got ", x.data[i], " in row ", i / x.cols);
}

std::string name_of(const PointSets& x, std::size_t s) {
    return x.size() == 1 ? "x" : "x[" + (x.names.empty() ? std::to_string(s) : x.names[s]) + "]";
}

void check_sets(const std::string& who, const PointSets& x, const Matrix& y, std::int64_t fewest) {
    require(!x.sets.empty(), who, ": x must hold at least one sample");
    check_set(who, "y", y, y.cols, fewest);
    for (std::size_t s = 0; s < x.sets.size(); ++s) check_set(who, name_of(x, s), x.sets[s], y.cols, fewest);
}

void check_places(const std::string& who, const PointSets& x, const ReferencePoints& y, const std::string& device,
                  std::int64_t fewest) {
    if (x.arrays.empty() && !y.array) return check_sets(who, x, y.points, fewest);
    require(x.sets.empty() && y.array.has_value(), who, ": x and y must lie in one place, on the processor or on one device");
    check_shape(who, "y", y.array->rows, y.array->cols, y.array->cols, fewest);
    for (std::size_t s = 0; s < x.arrays.size(); ++s) {
        const DeviceArray& set = x.arrays[s];
        check_shape(who, name_of(x, s), set.rows, set.cols, y.array->cols, fewest);
        require(place(set) == place(*y.array), who, ": ", name_of(x, s), " must lie on ", place(*y.array),
                " as y does, it lies on ", place(set));
    }
    require(device == "cpu" || device_numbers(device) == std::vector{y.array->queue.device}, who, ": device = '",
            device, "', but x and y lie on ", place(*y.array));
    require(device_library().table != nullptr, who, ": x and y lie on a device; CUDA: ", device_library().problem);
}

DeviceArray queued_on(const DeviceQueue& queue, DeviceArray a) {
    if (a.queue.stream != queue.stream) device_check(a.queue, device_library().table->wait(&a.queue));
    a.queue = queue;
    return a;
}

std::vector<std::string> names_of(const std::string& who, const PointSets& x) {
    std::vector<std::string> names = x.names;
    for (std::size_t s = names.size(); s < static_cast<std::size_t>(x.size()); ++s)
        names.push_back(x.size() == 1 ? who : std::to_string(s));
    return names;
}

std::vector<std::string> names_of(const PointSets& x, const std::vector<std::string>& values) {
    std::vector<std::string> out;
    for (std::size_t s = 0; s < x.sets.size(); ++s)
        for (const std::string& value : values) {
            const std::string own = x.names.empty() ? std::to_string(s) : x.names[s];
            out.push_back(x.sets.size() == 1 && x.names.empty() ? value : own + "." + value);
        }
    return out;
}

Matrix block_of(ConstView x, std::int64_t b, std::int64_t blocks) {
    Matrix out((x.rows - b + blocks - 1) / blocks, x.cols);
    for (std::int64_t i = 0; i < out.rows; ++i) std::copy_n(x.row(b + i * blocks).begin(), x.cols, out.view().row(i).begin());
    return out;
}

std::vector<std::pair<std::int64_t, std::int64_t>> spread_runs(std::int64_t rows, std::int64_t most, std::int64_t runs) {
    if (rows <= most) return {{0, rows}};
    runs = std::min(most, runs);
    std::vector<std::pair<std::int64_t, std::int64_t>> out;
    for (std::int64_t r = 0; r < runs; ++r) {
        const std::int64_t begin = r * most / runs, end = (r + 1) * most / runs;
        out.emplace_back(begin + r * (rows - most) / std::max<std::int64_t>(runs - 1, 1), end - begin);
    }
    return out;
}

Matrix spread_rows(ConstView x, std::int64_t most, std::int64_t runs) {
    Matrix out(std::min(x.rows, most), x.cols);
    auto to = out.data.begin();
    for (const auto& [first, count] : spread_runs(x.rows, most, runs)) to = std::copy_n(x.row(first).begin(), count * x.cols, to);
    return out;
}

void warn_of_overflow(Estimate& e) {
    for (std::int64_t j = 0; j < e.size(); ++j)
        if (!std::isfinite(e.value[static_cast<std::size_t>(j)]) || !std::isfinite(e.covariance(j, j)))
            e.warnings.push_back("'" + e.names[static_cast<std::size_t>(j)] +
                                 "': rows are so far apart that numbers overflow: what is not finite says nothing else");
}

double median_distance(ConstView rows) {
    std::vector<double> squares;
    for (std::int64_t i = 0; i < rows.rows; ++i)
        for (std::int64_t j = 0; j < i; ++j) {
            double sum = 0.0;
            for (std::int64_t k = 0; k < rows.cols; ++k) sum += (rows(i, k) - rows(j, k)) * (rows(i, k) - rows(j, k));
            squares.push_back(sum);
        }
    const auto middle = squares.begin() + static_cast<std::ptrdiff_t>(squares.size() / 2);
    std::nth_element(squares.begin(), middle, squares.end());
    return std::sqrt(*middle);
}

std::vector<double> column_means(ConstView x) {
    std::vector<double> mean(static_cast<std::size_t>(x.cols), 0.0);
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t j = 0; j < x.cols; ++j) mean[static_cast<std::size_t>(j)] += x(i, j);
    for (double& v : mean) v /= static_cast<double>(x.rows);
    return mean;
}

Matrix covariance_of_mean(ConstView rows) {
    const std::vector<double> mean = column_means(rows);
    const double runs = static_cast<double>(rows.rows);
    Matrix out(rows.cols, rows.cols);
    for (std::int64_t i = 0; i < rows.cols; ++i)
        for (std::int64_t j = 0; j <= i; ++j) {
            double sum = 0.0;
            for (std::int64_t r = 0; r < rows.rows; ++r)
                sum +=
                    (rows(r, i) - mean[static_cast<std::size_t>(i)]) * (rows(r, j) - mean[static_cast<std::size_t>(j)]);
            out(i, j) = out(j, i) = sum / (runs - 1) / runs;
        }
    return out;
}

}  // namespace buffon
