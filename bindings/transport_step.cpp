/// One step of semi-discrete transport, on a device or on one core, for benchmarks: draws counted by cells.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <buffon/cells_on_device.hpp>
#include <buffon/check.hpp>

#include "arrays.hpp"

namespace py = pybind11;
using namespace buffon;

namespace {

/// Targets of the standard normal law with given heights.
class TransportStep {
public:
    TransportStep(py::handle points, py::handle heights, bool reuse, bool exact, const std::string& device)
        : exact_(exact), cells_(made(binder::to_matrix(points, "points"), reuse)),
          heights_(binder::to_matrix(heights, "heights").data) {
        require(static_cast<std::int64_t>(heights_.size()) == cells_.size(),
                "heights must have shape (n, 1) with n = ", cells_.size());
        if (const int number = device_number(device); number >= 0) device_.emplace(DeviceQueue{.device = number}, cells_);
    }

    py::array_t<std::int64_t> operator()(std::int64_t draws, std::uint64_t key) const {
        CellCounts found;
        {
            const py::gil_scoped_release release;
            const Stream stream{key, 0};
            found = device_ ? device_->count(heights_, draws, stream, exact_) : cells_.count(heights_, draws, stream, 1);
        }
        return py::array_t<std::int64_t>(static_cast<py::ssize_t>(found.counts.size()), found.counts.data());
    }

private:
    static PowerCells made(const Matrix& points, bool reuse) {
        const auto d = static_cast<std::size_t>(points.cols);
        return {points, std::vector<double>(d, 0.0), Joint(std::vector<Univariate>(d, Normal())), reuse ? 4 : 0};
    }

    bool exact_;
    PowerCells cells_;
    std::optional<CellsOnDevice> device_;
    std::vector<double> heights_;
};

}  // namespace

void bind_transport_step(py::module_& m) {
    py::class_<TransportStep>(m, "_TransportStep")
        .def(py::init<py::handle, py::handle, bool, bool, const std::string&>(), py::arg("points"), py::arg("heights"),
             py::arg("reuse"), py::arg("exact"), py::arg("device"))
        .def("__call__", &TransportStep::operator(), py::arg("draws"), py::arg("key"));
}
