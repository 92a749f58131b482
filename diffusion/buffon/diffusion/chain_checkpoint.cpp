#include <buffon/diffusion/chain_checkpoint.hpp>

#include <bit>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/replace_file.hpp>

namespace buffon::diffusion {
namespace {

constexpr std::string_view head = "buffon langevin_gibbs checkpoint 1\n", tail = "\nend";

/// Both ways through the same list of members: least byte first, sizes before contents.
class Writer {
public:
    void operator()(std::uint64_t v) {
        for (int byte = 0; byte < 8; ++byte) bytes.push_back(static_cast<char>(v >> (8 * byte) & 0xff));
    }
    void operator()(std::int64_t v) { (*this)(static_cast<std::uint64_t>(v)); }
    void operator()(double v) { (*this)(std::bit_cast<std::uint64_t>(v)); }
    void operator()(const std::string& v) {
        (*this)(std::uint64_t{v.size()});
        bytes += v;
    }
    template <class T>
    void operator()(const std::vector<T>& v) {
        (*this)(std::uint64_t{v.size()});
        for (const T& item : v) (*this)(item);
    }
    template <class T>
    void operator()(const std::map<std::string, T>& v) {
        (*this)(std::uint64_t{v.size()});
        for (const auto& [name, item] : v) {
            (*this)(name);
            (*this)(item);
        }
    }

    std::string bytes;
};

class Reader {
public:
    Reader(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

    void operator()(std::uint64_t& v) {
        const std::string_view from = take(8);
        v = 0;
        for (int byte = 0; byte < 8; ++byte)
            v |= std::uint64_t{static_cast<unsigned char>(from[static_cast<std::size_t>(byte)])} << (8 * byte);
    }
    void operator()(std::int64_t& v) { v = static_cast<std::int64_t>(word()); }
    void operator()(double& v) { v = std::bit_cast<double>(word()); }
    void operator()(std::string& v) { v = take(word()); }
    template <class T>
    void operator()(std::vector<T>& v) {
        const std::uint64_t size = word();
        require(size <= bytes_.size() / 8, "langevin_gibbs: checkpoint '", name_, "' is damaged: it ends too early");
        v.resize(size);
        for (T& item : v) (*this)(item);
    }
    template <class T>
    void operator()(std::map<std::string, T>& v) {
        for (std::uint64_t left = word(); left > 0; --left) {
            std::string name;
            (*this)(name);
            (*this)(v[name]);
        }
    }

private:
    std::uint64_t word() {
        std::uint64_t out;
        (*this)(out);
        return out;
    }
    std::string_view take(std::uint64_t count) {
        require(count <= bytes_.size(), "langevin_gibbs: checkpoint '", name_, "' is damaged: it ends too early");
        const std::string_view out = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return out;
    }

    std::string_view bytes_;
    std::string name_;
};

template <class Archive, class M>
void pass_matrix(Archive& to, M& m) {
    to(m.rows);
    to(m.cols);
    to(m.data);
}

template <class Archive, class C>
void pass(Archive& to, C& c) {
    to(c.run);
    to(c.key);
    auto& p = c.progress;
    pass_matrix(to, p.state.x);
    to(p.state.sigma);
    to(p.state.steps);
    pass_matrix(to, p.state.first_x);
    to(p.state.first_sigma);
    to(p.search.log_weights);
    to(p.search.log_sum);
    to(p.search.step);
    to(p.search.steps);
    to(p.weights);
    to(p.parts);
    to(p.proposed);
    to(p.accepted);
    to(p.restarted);
    to(p.samples);
    to(p.levels);
    to(p.traces);
}

}  // namespace

std::optional<ChainCheckpoint> read_chain_checkpoint(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    require(file || !std::filesystem::exists(path), "langevin_gibbs: checkpoint '", path.string(), "' cannot be read");
    if (!file) return std::nullopt;
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    require(bytes.starts_with(head), "langevin_gibbs: checkpoint '", path.string(),
            "' is not a file that this version of langevin_gibbs wrote");
    require(bytes.ends_with(tail) && bytes.size() >= head.size() + tail.size(), "langevin_gibbs: checkpoint '",
            path.string(), "' is damaged: it ends too early");
    Reader from(std::string_view(bytes).substr(head.size(), bytes.size() - head.size() - tail.size()), path.string());
    ChainCheckpoint out;
    pass(from, out);
    return out;
}

void write_chain_checkpoint(const std::filesystem::path& path, const ChainCheckpoint& checkpoint) {
    Writer body;
    pass(body, checkpoint);
    if (!replace_file(path, {head, body.bytes, tail}))
        throw std::runtime_error("langevin_gibbs: checkpoint '" + path.string() + "' cannot be written");
}

void check_same_run(const std::filesystem::path& path, const RunIdentity& file, const RunIdentity& run) {
    for (const auto& [name, value] : run) {
        const auto there = file.find(name);
        require(there != file.end() && there->second == value, "langevin_gibbs: checkpoint '", path.string(),
                "' is of another run, by its ", name, ": ", there == file.end() ? "none" : there->second, ", not ",
                value);
    }
}

}  // namespace buffon::diffusion
