#include <buffon/device_buffer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <buffon/device.hpp>
#include <buffon/kernels.hpp>
#include <buffon/view.hpp>

using namespace buffon;

namespace {

std::vector<DeviceQueue> queues() {
    std::vector<DeviceQueue> all;
    for (std::size_t i = 1; i < available_devices().size(); ++i) all.push_back({.device = static_cast<int>(i) - 1});
    return all;
}

std::vector<double> numbers(std::int64_t n, std::uint32_t id) {
    Matrix z(n, 1);
    Stream{7, id}.normal(0, z);
    return z.data;
}

}  // namespace

TEST_CASE("device_number: cpu is no device, cuda is the first, others must be there") {
    CHECK(device_number("cpu") == -1);
    for (const char* wrong : {"gpu", "cuda:99", "cuda:", "CUDA"}) CHECK_THROWS_AS(device_number(wrong), std::invalid_argument);
    if (queues().empty())
        CHECK_THROWS_WITH_AS(device_number("cuda"), doctest::Contains("device 'cuda' is not there; CUDA: "),
                             std::invalid_argument);
    else CHECK(device_number("cuda") == 0);
}

TEST_CASE("device_number: several are too many where one works alone") {
    for (const char* several : {"cuda:all", "cuda:0,1", "cuda,1"})
        CHECK_THROWS_WITH_AS(device_number(several), doctest::Contains("names several, one is needed here"), std::invalid_argument);
}

TEST_CASE("device_numbers: none, one, several or all; each once") {
    CHECK(device_numbers("cpu").empty());
    for (const char* wrong : {"gpu", "cuda:99", "cuda:0,99", "cuda:0,", "cpu,0", "cuda:0,cpu", ""})
        CHECK_THROWS_AS(device_numbers(wrong), std::invalid_argument);
    if (queues().empty()) {
        CHECK_THROWS_WITH_AS(device_numbers("cuda:all"), doctest::Contains("device 'cuda:all' is not there; CUDA: "),
                             std::invalid_argument);
        return;
    }
    CHECK(device_numbers("cuda") == std::vector{0});
    CHECK(device_numbers("cuda:0") == std::vector{0});
    CHECK(device_numbers("cuda:all").size() == queues().size());
    CHECK_THROWS_WITH_AS(device_numbers("cuda:0,0"), "device 'cuda:0,0' names one twice", std::invalid_argument);
    if (queues().size() > 1) CHECK(device_numbers("cuda:1,0") == std::vector{1, 0});
    CHECK(device_queues("cuda:all").back().device == static_cast<int>(queues().size()) - 1);
}

TEST_CASE("device_check: what the library says becomes an exception that names the device") {
    device_check({.device = 1}, nullptr);
    CHECK_THROWS_WITH_AS(device_check({.device = 1}, "out of memory"), "cuda:1: out of memory", std::runtime_error);
}

TEST_CASE("DeviceBuffer: numbers come back as they went, also after a move; nothing is a buffer too") {
    for (const DeviceQueue& queue : queues()) {
        const std::vector<double> sent = numbers(10'007, 1);
        DeviceBuffer first = DeviceBuffer::of(queue, std::span<const double>(sent)), second = std::move(first);
        CHECK(first.data() == nullptr);
        first = std::move(second);
        std::vector<double> back(sent.size());
        first.download(back.data());
        CHECK(back == sent);
        CHECK(DeviceBuffer(queue, 0).data() == nullptr);
    }
}

TEST_CASE("combine: every device gives the bits of the processor, whatever the number of operands, and of the stream's normals") {
    const std::int64_t rows = 61, cols = 67, n = rows * cols;
    for (const DeviceQueue& queue : queues())
        for (int terms : {0, 1, 2, 4, 6, 9})
            for (const bool random : {false, true}) {
                CAPTURE(terms);
                CAPTURE(random);
                std::vector<std::vector<double>> in;
                std::vector<const double*> at;
                std::vector<DeviceBuffer> there;
                DeviceBuffer out(queue, n * 8);
                DeviceCombine c;
                c.out = out.data();
                for (int k = 0; k < terms; ++k) in.push_back(numbers(n, static_cast<std::uint32_t>(k)));
                for (int k = 0; k < terms; ++k) {
                    at.push_back(in[static_cast<std::size_t>(k)].data());
                    there.push_back(DeviceBuffer::of(queue, std::span<const double>(in[static_cast<std::size_t>(k)])));
                    c.in[k] = there.back().data();
                    c.weight[k] = 0.3 - 0.7 * k;
                }
                c.terms = terms;
                c.offset = 0.25;
                c.random = random;
                c.noise_weight = 1.5;
                c.noise = {11, 5};
                c.first = 100;
                c.rows = rows;
                c.cols = cols;
                device_check(queue, device_library().table->combine(&queue, &c));
                std::vector<double> found(static_cast<std::size_t>(n)), expected(found.size());
                out.download(found.data());
                Matrix xi(rows, cols);
                c.noise.normal(c.first, xi);
                kernels().combine(expected.data(), at.data(), terms, c.weight, c.offset,
                                  random ? xi.data.data() : nullptr, c.noise_weight, n);
                CHECK(std::memcmp(found.data(), expected.data(), found.size() * sizeof(double)) == 0);
            }
}

TEST_CASE(
    "gram: products of columns on a device, of any number of rows and of more columns than one tile, added to what is "
    "there") {
    for (const DeviceQueue& queue : queues())
        for (const std::int64_t rows : {1, 515, 1300})
            for (const auto& columns : {std::pair(3, 5), std::pair(28, 90), std::pair(45, 300)}) {
                const std::int64_t left = columns.first, width = columns.second;
                CAPTURE(rows);
                CAPTURE(left);
                const std::vector<double> u = numbers(rows * width, 21), before = numbers(left * width, 22);
                const DeviceBuffer from = DeviceBuffer::of(queue, std::span<const double>(u)),
                                   sums = DeviceBuffer::of(queue, std::span<const double>(before));
                DeviceGram gram{.u = from.as<double>(),
                                .rows = rows,
                                .left = left,
                                .width = width,
                                .sums = static_cast<double*>(sums.data())};
                const DeviceBuffer records(queue, gram.slices() * left * width * 8);
                gram.records = static_cast<double*>(records.data());
                device_check(queue, device_library().table->gram(&queue, &gram));
                std::vector<double> there(before.size());
                sums.download(there.data());
                double worst = 0;
                for (std::int64_t a = 0; a < left; ++a)
                    for (std::int64_t b = 0; b < width; ++b) {
                        long double sum = before[static_cast<std::size_t>(a * width + b)];
                        for (std::int64_t i = 0; i < rows; ++i)
                            sum += static_cast<long double>(u[static_cast<std::size_t>(i * width + a)]) *
                                   u[static_cast<std::size_t>(i * width + b)];
                        worst = std::max(
                            worst, std::abs(there[static_cast<std::size_t>(a * width + b)] - static_cast<double>(sum)));
                    }
                CHECK(worst < 1e-14 * static_cast<double>(rows) + 1e-14);   // of products of size 1
            }
}
