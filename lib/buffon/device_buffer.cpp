#include <buffon/device_buffer.hpp>

#include <algorithm>
#include <stdexcept>

#include <buffon/check.hpp>
#include <buffon/device.hpp>

namespace buffon {

int device_number(const std::string& device) {
    if (device == "cpu") return -1;
    require(device != "cuda:all" && device.find(',') == std::string::npos, "device '", device,
            "' names several, one is needed here");
    const auto names = available_devices();
    const auto found = std::ranges::find(names, device == "cuda" ? "cuda:0" : device);
    require(found != names.end(), "device '", device, "' is not there; CUDA: ", cuda_status());
    return static_cast<int>(found - names.begin()) - 1;
}

std::vector<int> device_numbers(const std::string& devices) {
    if (devices == "cpu") return {};
    std::vector<int> numbers;
    if (devices == "cuda:all") {
        const auto all = static_cast<int>(available_devices().size()) - 1;
        require(all > 0, "device '", devices, "' is not there; CUDA: ", cuda_status());
        for (int k = 0; k < all; ++k) numbers.push_back(k);
        return numbers;
    }
    for (std::size_t at = 0; at <= devices.size();) {
        const std::size_t end = std::min(devices.find(',', at), devices.size());
        const std::string word = devices.substr(at, end - at);
        const int number = device_number(at == 0 ? word : "cuda:" + word);
        require(number >= 0, "device '", devices, "' must name CUDA devices alone");
        require(std::ranges::find(numbers, number) == numbers.end(), "device '", devices, "' names one twice");
        numbers.push_back(number);
        at = end + 1;
    }
    return numbers;
}

std::vector<DeviceQueue> device_queues(const std::string& devices) {
    std::vector<DeviceQueue> queues;
    for (const int number : device_numbers(devices)) queues.push_back({.device = number});
    return queues;
}

void device_check(const DeviceQueue& queue, const char* problem) {
    if (problem != nullptr) throw std::runtime_error("cuda:" + std::to_string(queue.device) + ": " + problem);
}

void require_no_capture(const DeviceQueue& queue) {
    bool captures = false;
    device_check(queue, device_library().table->captures(&queue, &captures));
    if (captures) device_check(queue, "the model is not there yet: call it once before a graph is captured");
}

DeviceBuffer::DeviceBuffer(const DeviceQueue& queue, std::int64_t bytes) : queue_(queue), bytes_(bytes) {
    if (bytes > 0) device_check(queue_, device_library().table->allocate(&queue_, bytes_, &data_));
}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
    std::swap(queue_, other.queue_);
    std::swap(bytes_, other.bytes_);
    std::swap(data_, other.data_);
    return *this;
}

DeviceBuffer::~DeviceBuffer() {
    if (data_ != nullptr) device_library().table->release(&queue_, data_);   // a device that is gone took its memory along
}

void DeviceBuffer::upload(const void* host) {
    if (bytes_ > 0) device_check(queue_, device_library().table->upload(&queue_, host, data_, bytes_));
}

void DeviceBuffer::download_part(void* host, std::int64_t bytes) const {
    if (bytes > 0) device_check(queue_, device_library().table->download(&queue_, data_, host, bytes));
}

}  // namespace buffon
