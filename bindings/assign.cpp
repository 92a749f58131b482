/// Optimal assignment in Python.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/stl.h>

#include <buffon/assign.hpp>
#include <buffon/assign_on_device.hpp>
#include <buffon/check.hpp>
#include <buffon/cost_lines.hpp>
#include <buffon/device_buffer.hpp>

#include "arrays.hpp"
#include "device_arrays.hpp"
#include "pickled.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

using Shape = std::vector<py::ssize_t>;
using Numbers = std::vector<double> Assignment::*;
using Indices = std::vector<std::int64_t> Assignment::*;

/// What Python gets: arrays for a table or a batch of one shape, lists of arrays for problems of unequal sizes.
struct Solution {
    py::object columns, rows, cost, u, v, gap;
    std::int64_t problems = 0;
    std::function<void(Solution&)> rest = {};   // makes the members that are null yet

    py::object get(py::object Solution::*member) {
        if (!(this->*member)) std::exchange(rest, nullptr)(*this);
        return this->*member;
    }
};

/// float32 as it is, anything else as float64, in whole strides.
py::array to_costs(py::handle given) {
    py::array a = py::array::ensure(given);
    if (!a) PyErr_Clear();
    if (!a || !py::isinstance<py::array_t<float>>(a)) a = binder::to_array(given, "assign: costs");
    require(a.ndim() >= 2, "assign: costs must have shape (rows, columns) or (..., rows, columns), got ", binder::shape_text(a));
    for (py::ssize_t k = 0; k < a.ndim(); ++k)
        if (a.strides(k) % a.itemsize() != 0) return py::array(a.attr("copy")());
    return a;
}

/// The problems of an array, one after the other; `groups` of rows each are problems of their own.
void add_problems(const py::array& a, std::int64_t groups, std::vector<Costs>& problems) {
    const py::ssize_t last = a.ndim() - 1, rows = a.shape(last - 1), cols = a.shape(last);
    require(rows % groups == 0, "assign: groups must divide the number of rows, ", rows, ", got ", groups);
    const bool single = py::isinstance<py::array_t<float>>(a);
    const auto stride = [&](py::ssize_t axis) { return static_cast<std::int64_t>(a.strides(axis) / a.itemsize()); };
    py::ssize_t count = 1;
    for (py::ssize_t k = 0; k + 1 < last; ++k) count *= a.shape(k);
    for (py::ssize_t b = 0; b < count; ++b) {
        std::int64_t start = 0;
        for (py::ssize_t k = last - 2, rest = b; k >= 0; rest /= a.shape(k), --k) start += rest % a.shape(k) * stride(k);
        for (std::int64_t g = 0; g < groups; ++g) {
            const std::int64_t at = start + g * (rows / groups) * stride(last - 1);
            problems.push_back({.wide = single ? nullptr : static_cast<const double*>(a.data()) + at,
                                .single = single ? static_cast<const float*>(a.data()) + at : nullptr,
                                .rows = rows / groups,
                                .cols = cols,
                                .row_stride = stride(last - 1),
                                .col_stride = stride(last)});
        }
    }
}

template <class T>
py::array_t<T> joined(const std::vector<Assignment>& all, std::size_t first, std::size_t count,
                      std::vector<T> Assignment::* member, const Shape& shape) {
    py::array_t<T> out(shape);
    T* to = out.mutable_data();
    for (std::size_t b = first; b < first + count; ++b) to = std::ranges::copy(all[b].*member, to).out;
    return out;
}

/// A number for one problem, an array for more.
py::object scalars(const std::vector<Assignment>& all, double Assignment::*member, const Shape& shape) {
    if (shape.empty()) return py::float_(all[0].*member);
    py::array_t<double> out(shape);
    std::ranges::transform(all, out.mutable_data(), [&](const Assignment& a) { return a.*member; });
    return out;
}

Shape with(Shape shape, std::initializer_list<py::ssize_t> more) {
    shape.insert(shape.end(), more);
    return shape;
}

/// Rows of later groups are numbered on: an index into the rows that were given.
void number_rows(std::vector<Assignment>& all, std::size_t groups) {
    for (std::size_t b = 0; b < all.size(); ++b)
        for (std::int64_t& row : all[b].rows)
            if (row >= 0) row += static_cast<std::int64_t>(b % groups * all[b].columns.size());
}

Shape shape_of(const py::array& a) { return {a.shape(), a.shape() + a.ndim()}; }

Solution solution_of(const Shape& shape, const std::vector<Assignment>& all, std::optional<std::int64_t> groups) {
    const std::size_t last = shape.size() - 1;
    const py::ssize_t rows = shape[last - 1], cols = shape[last];
    const Shape batch(shape.begin(), shape.end() - 2), each = groups ? with(batch, {static_cast<py::ssize_t>(*groups)}) : batch;
    return {joined(all, 0, all.size(), &Assignment::columns, with(batch, {rows})),
            joined(all, 0, all.size(), &Assignment::rows, with(each, {cols})),
            scalars(all, &Assignment::cost, each),
            joined(all, 0, all.size(), &Assignment::u, with(batch, {rows})),
            joined(all, 0, all.size(), &Assignment::v, with(each, {cols})),
            scalars(all, &Assignment::gap, each),
            static_cast<std::int64_t>(all.size())};
}

Solution solution_of(const std::vector<py::array>& arrays, const std::vector<Assignment>& all,
                     std::optional<std::int64_t> groups) {
    const auto k = static_cast<std::size_t>(groups.value_or(1));
    py::list columns, rows, u, v;
    for (std::size_t b = 0; b < arrays.size(); ++b) {
        const Shape each = groups ? Shape{static_cast<py::ssize_t>(k)} : Shape{};
        columns.append(joined(all, b * k, k, &Assignment::columns, {arrays[b].shape(0)}));
        rows.append(joined(all, b * k, k, &Assignment::rows, with(each, {arrays[b].shape(1)})));
        u.append(joined(all, b * k, k, &Assignment::u, {arrays[b].shape(0)}));
        v.append(joined(all, b * k, k, &Assignment::v, with(each, {arrays[b].shape(1)})));
    }
    Shape shape{static_cast<py::ssize_t>(arrays.size())};
    if (groups) shape.push_back(static_cast<py::ssize_t>(k));
    return {columns,
            rows,
            scalars(all, &Assignment::cost, shape),
            u,
            v,
            scalars(all, &Assignment::gap, shape),
            static_cast<std::int64_t>(all.size())};
}

/// A list whose items are tables of their own, not the rows of one.
bool is_list_of_tables(py::handle costs) {
    if (!py::isinstance<py::list>(costs) && !py::isinstance<py::tuple>(costs)) return false;
    const auto items = py::reinterpret_borrow<py::sequence>(costs);
    return std::all_of(items.begin(), items.end(),
                       [](py::handle item) { return py::hasattr(item, "ndim") && item.attr("ndim").cast<int>() == 2; });
}

/// Equal problems, one after the other.
template <class T>
std::vector<Costs> problems_at(const T* data, std::int64_t count, std::int64_t rows, std::int64_t cols) {
    std::vector<Costs> all;
    all.reserve(static_cast<std::size_t>(count));
    for (std::int64_t b = 0; b < count; ++b) all.push_back(Costs::of(data + b * rows * cols, rows, cols));
    return all;
}

/// Costs that lie on a device where that does not take them all: solved here.
template <class T>
std::vector<Assignment> solve_here(const DeviceQueue& queue, const T* data, std::int64_t count, std::int64_t rows,
                                   std::int64_t cols, int threads) {
    std::vector<T> here(static_cast<std::size_t>(count * rows * cols));
    if (!here.empty())
        device_check(queue, device_library().table->download(&queue, data, here.data(),
                                                             static_cast<std::int64_t>(here.size() * sizeof(T))));
    return assign(problems_at(static_cast<const T*>(here.data()), count, rows, cols), {.threads = threads});
}

/// What arrays on a device are made of.
struct There {
    std::uintptr_t address;
    bool single;
    DeviceQueue queue;
    std::int64_t count, rows, cols;   // problems and their shape

    /// f(pointer to the costs)
    template <class F>
    auto with(const F& f) const {
        return single ? f(reinterpret_cast<const float*>(address)) : f(reinterpret_cast<const double*>(address));
    }
};

/// Rows of later groups are numbered on.
void number_rows(py::array_t<std::int64_t>& rows, const There& t, std::int64_t groups) {
    std::int64_t* row = rows.mutable_data();
    for (std::int64_t b = 0; b < t.count; ++b)
        for (std::int64_t j = 0; j < t.cols; ++j, ++row)
            if (*row >= 0) *row += b % groups * t.rows;
}

/// One side of a solution from what a device sent: partners and duals, by AlikeAssignments::shorter_side or longer_side.
template <class F>
void take_side(Solution& s, bool of_rows, const Shape& shape, const There& t, std::int64_t groups, const F& take) {
    py::array_t<std::int64_t> partner(shape);
    py::array_t<double> dual(shape);
    take(partner.mutable_data(), dual.mutable_data());
    if (!of_rows && groups > 1) number_rows(partner, t, groups);
    (of_rows ? s.columns : s.rows) = partner;
    (of_rows ? s.u : s.v) = dual;
}

Solution solve_there(const py::object& costs, std::optional<std::int64_t> groups, bool gap, int threads,
                     const std::string& device) {
    require(!gap, "assign: the gap is found on the processor only, costs lie on a device");
    const py::tuple found = py::module_::import("buffon._device_arrays").attr("look_at")(costs, "assign: costs");
    const auto shape = found[1].cast<Shape>();
    require(device == "cpu" || device_number(device) == found[3].cast<int>(), "assign: device = '", device,
            "', but costs lie on cuda:", found[3].cast<int>());
    require(shape.size() >= 2, "assign: costs must have shape (rows, columns) or (..., rows, columns), got ",
            shape.size(), " axes");
    const std::int64_t k = groups.value_or(1), rows = shape[shape.size() - 2], cols = shape.back();
    require(rows % k == 0, "assign: groups must divide the number of rows, ", rows, ", got ", k);
    require(device_library().table != nullptr, "assign: costs lie on a device; CUDA: ", device_library().problem);
    There t{found[0].cast<std::uintptr_t>(),
            found[2].cast<bool>(),
            {.device = found[3].cast<int>(), .stream = reinterpret_cast<void*>(found[4].cast<std::uintptr_t>())},
            k,
            rows / k,
            cols};
    for (std::size_t axis = 0; axis + 2 < shape.size(); ++axis) t.count *= shape[axis];
    const Shape batch(shape.begin(), shape.end() - 2), each = groups ? with(batch, {static_cast<py::ssize_t>(k)}) : batch;
    std::optional<AlikeAssignments> sent;
    std::vector<Assignment> all;
    bool by_rows = true;   // whether they have the shorter side
    {
        const py::gil_scoped_release release;
        t.with([&](const auto* data) {
            const std::vector<Costs> problems = problems_at(data, t.count, t.rows, t.cols);
            sent = assign_alike_on_device(t.queue, problems, true);
            if (sent) by_rows = !lines_are_columns(problems[0]);
            else all = solve_here(t.queue, data, t.count, t.rows, t.cols, threads);
        });
    }
    if (!sent) {
        if (groups) number_rows(all, static_cast<std::size_t>(k));
        return solution_of(shape, all, groups);
    }
    py::array_t<double> cost(each), none(each);
    std::ranges::copy(sent->cost(), cost.mutable_data());
    std::fill_n(none.mutable_data(), none.size(), std::nan(""));
    const bool one = each.empty();
    Solution s;
    s.cost = one ? py::object(py::float_(*cost.data())) : py::object(cost);
    s.gap = one ? py::object(py::float_(*none.data())) : py::object(none);
    s.problems = t.count;
    const Shape of_rows = with(batch, {rows}), of_columns = with(each, {cols});
    take_side(s, by_rows, by_rows ? of_rows : of_columns, t, k, [&](auto* partner, auto* dual) { sent->shorter_side(partner, dual); });
    s.rest = [found = *std::move(sent), by_rows, shape = by_rows ? of_columns : of_rows, t, k](Solution& whole) {
        take_side(whole, !by_rows, shape, t, k, [&](auto* partner, auto* dual) { found.longer_side(partner, dual); });
    };
    return s;
}

Solution solve(const py::object& costs, std::optional<std::int64_t> groups, bool gap, int threads, const std::string& device) {
    require(groups.value_or(1) >= 1, "assign: groups must be at least 1, got ", groups.value_or(1));
    if (binder::on_device(costs)) return solve_there(costs, groups, gap, threads, device);
    const bool listed = is_list_of_tables(costs);
    std::vector<py::array> arrays;
    if (listed)
        for (const py::handle item : costs) arrays.push_back(to_costs(item));
    else
        arrays.push_back(to_costs(costs));
    std::vector<Costs> problems;
    for (const py::array& a : arrays) add_problems(a, groups.value_or(1), problems);
    std::vector<Assignment> all;
    {
        const py::gil_scoped_release release;
        const AssignOptions options{.gap = gap, .threads = threads, .device = device};
        if (problems.size() == 1 && device == "cpu") all.push_back(assign(problems[0], options));   // messages without a number
        else all = assign(problems, options);
    }
    if (groups) number_rows(all, static_cast<std::size_t>(*groups));
    return listed ? solution_of(arrays, all, groups) : solution_of(shape_of(arrays[0]), all, groups);
}

/// -costs, of each table of a list; arrays of a device stay there, float32 stays as it is.
py::object negated(const py::object& costs) {
    if (binder::on_device(costs)) return costs.attr("__neg__")();
    if (!is_list_of_tables(costs)) return to_costs(costs).attr("__neg__")();
    py::list out;
    for (const py::handle item : costs) out.append(to_costs(item).attr("__neg__")());
    return out;
}

py::object turned(const py::object& numbers) {
    if (!py::isinstance<py::list>(numbers)) return numbers.attr("__neg__")();
    py::list out;
    for (const py::handle item : numbers) out.append(item.attr("__neg__")());
    return out;
}

Solution solve_either(const py::object& costs, bool maximize, std::optional<std::int64_t> groups, bool gap, int threads,
                      const std::string& device) {
    if (!maximize) return solve(costs, groups, gap, threads, device);
    Solution s = [&] {
        const py::object turned_costs = negated(costs);
        try {
            return solve(turned_costs, groups, gap, threads, device);
        } catch (const std::invalid_argument& error) {
            throw std::invalid_argument(error.what() + std::string("; of the negated gains: -inf is what forbids a pair here"));
        }
    }();
    for (py::object Solution::*numbers : {&Solution::cost, &Solution::u, &Solution::v}) s.*numbers = turned(s.get(numbers));
    return s;
}

}  // namespace

void bind_assign(py::module_& m) {
    py::class_<Solution> c(
        m, "Assignment",
        R"(Which row goes with which column, and the proof that nothing is cheaper: what ``assign`` returns.

Shapes are those of one table (rows, columns). Of a batch (..., rows, columns) each has the batch's axes before; of a list of tables
each is a list of arrays, but ``cost`` and ``gap`` are arrays. With ``groups`` an axis of groups follows them in ``rows``, ``v``,
``cost`` and ``gap``.)");
    c.def_property_readonly(
        "columns", [](Solution& s) { return s.get(&Solution::columns); }, "Column of each row, shape (rows,); -1 for none.");
    c.def_property_readonly(
        "rows", [](Solution& s) { return s.get(&Solution::rows); }, "Row of each column, shape (columns,); -1 for none.");
    c.def_property_readonly("cost", [](const Solution& s) { return s.cost; }, "Total cost of the pairs.");
    c.def_property_readonly(
        "u", [](Solution& s) { return s.get(&Solution::u); },
        "Duals of the rows, shape (rows,): u_i + v_j <= c_ij everywhere, equal on the pairs; the sum of all duals is "
        "the cost.");
    c.def_property_readonly("v", [](Solution& s) { return s.get(&Solution::v); }, "Duals of the columns, shape (columns,).");
    c.def_property_readonly(
        "gap", [](const Solution& s) { return s.gap; },
        "What the best of all other assignments costs more; inf if there is no other, NaN without ``gap=True``.");
    c.def("__repr__", [](const Solution& s) {
        if (s.problems != 1) return "Assignment of " + std::to_string(s.problems) + " problems";
        return "Assignment: cost " + py::str(s.cost).cast<std::string>();
    });
    binder::def_pickle<&Solution::columns, &Solution::rows, &Solution::cost, &Solution::u, &Solution::v, &Solution::gap,
                       &Solution::problems>(c);
    m.def("assign", &solve_either, py::arg("costs"), py::kw_only(), py::arg("maximize") = false,
          py::arg("groups") = py::none(), py::arg("gap") = false, py::arg("threads") = 0, py::arg("device") = "cpu",
          R"doc(
The optimal assignment of rows to columns, of one table of costs or of many at once.

Each row and each column is in at most one pair, there are as many pairs as the shorter side has objects, and no other choice costs
less. Shortest augmenting paths; large problems begin with an auction. Exact: duals certify the result, float32 costs are solved as
the numbers they are. Same bits for any number of threads, and on a device.

Parameters
----------
costs : array, or list of arrays
    (rows, columns), or (..., rows, columns) for a batch, or a list of tables of unequal sizes. float32 or float64 in any memory
    order, without a copy where rows or columns of the longer side lie in one piece. Numbers up to 1e300; inf forbids a pair.
    C-contiguous arrays of torch or CuPy on a CUDA device are solved there, on the caller's stream; the result is NumPy's.
maximize : bool
    The largest total instead: numbers are gains, -inf forbids a pair, u_i + v_j >= c_ij, and the gap is what the best of all others gains less.
groups : int or None
    Rows fall into so many groups of equal size, each a problem of its own with all columns; by default there are none.
gap : bool
    Also find what the best of all other assignments costs more (small problems: twice the time, large ones: less).
threads : int
    Threads that share the problems of a batch; 0: all.
device : str
    "cpu", or "cuda", "cuda:1", ...: there, problems of at most 1,024 columns that need no auction, one group of threads for each; the
    others on the processor. Not for ``gap``.

Returns
-------
Assignment

Raises
------
ValueError
    If a cost is NaN or -inf (with its place), or a problem has no assignment without a forbidden pair.

References
----------
Jonker, Volgenant, Computing 38, 325 (1987); Crouse, IEEE Trans. Aerosp. Electron. Syst. 52, 1679 (2016); Bertsekas, Ann. Oper. Res.
14, 105 (1988).

Examples
--------
>>> import buffon as bf
>>> a = bf.assign([[4, 1, 4], [2, 0, 5]], gap=True)
>>> a.columns, a.cost, a.gap
(array([1, 0]), 3.0, 1.0)
)doc");
}
