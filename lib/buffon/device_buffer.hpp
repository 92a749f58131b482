/// Memory of a CUDA device as a value, and calls of the CUDA library whose failures are thrown. Not installed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <buffon/device_library.hpp>
#include <buffon/device_work.hpp>

namespace buffon {

/// The number of the device that "cuda" or "cuda:1" names; -1 for "cpu".
/// @throw std::invalid_argument for another word or a device that is not there, with what was found.
int device_number(const std::string& device);

/// The numbers of one or several: "cuda" is the first, "cuda:1" another, "cuda:0,2" two, "cuda:all" all; none for "cpu".
/// @throw as above, and for one that is named twice.
std::vector<int> device_numbers(const std::string& devices);

/// The default streams of these.
std::vector<DeviceQueue> device_queues(const std::string& devices);

/// @throw std::runtime_error with the device and what the library says, unless that is nothing.
void device_check(const DeviceQueue& queue, const char* problem);

/// @throw std::runtime_error where the queue is being captured into a graph.
void require_no_capture(const DeviceQueue& queue);

/// Allocated and released in the order of the queue.
class DeviceBuffer {
public:
    DeviceBuffer() = default;
    DeviceBuffer(const DeviceQueue& queue, std::int64_t bytes);
    DeviceBuffer(DeviceBuffer&& other) noexcept
        : queue_(other.queue_), bytes_(other.bytes_), data_(std::exchange(other.data_, nullptr)) {}
    DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;
    ~DeviceBuffer();

    /// A copy of numbers of the host.
    template <class T>
    static DeviceBuffer of(const DeviceQueue& queue, std::span<const T> host) {
        DeviceBuffer buffer(queue, static_cast<std::int64_t>(host.size_bytes()));
        buffer.upload(host.data());
        return buffer;
    }

    void upload(const void* host);
    /// Waits for the queue.
    void download(void* host) const { download_part(host, bytes_); }
    void download_part(void* host, std::int64_t bytes) const;

    void* data() const { return data_; }
    template <class T>
    const T* as() const { return static_cast<const T*>(data_); }

private:
    DeviceQueue queue_;
    std::int64_t bytes_ = 0;
    void* data_ = nullptr;   // none of no bytes
};

/// What a model keeps on each device, put there at the first use and shared by all that copy the model. Threads may meet here.
template <class Kept>
class PerDevice {
public:
    PerDevice() = default;
    ~PerDevice() {
        for (const auto& [device, kept] : on_) {   // whatever still reads it comes first
            const DeviceQueue all{.device = device};
            device_library().table->wait(&all);
        }
    }
    PerDevice(const PerDevice&) = delete;
    PerDevice& operator=(const PerDevice&) = delete;

    /// @param queue of the call that asks
    /// @param make queue -> std::shared_ptr<const Kept>
    /// @throw std::runtime_error for a first use while a graph is captured, which would only note that something is to be put there
    template <class Make>
    std::shared_ptr<const Kept> on(const DeviceQueue& queue, const Make& make) {
        const std::lock_guard lock(mutex_);
        auto& kept = on_[queue.device];
        if (kept == nullptr) {
            require_no_capture(queue);
            const DeviceQueue all{.device = queue.device};
            kept = make(all);
            device_check(all, device_library().table->wait(&all));   // other queues may read it at once
        }
        return kept;
    }

private:
    std::mutex mutex_;
    std::map<int, std::shared_ptr<const Kept>> on_;
};

}  // namespace buffon
