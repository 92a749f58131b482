#include <buffon/transport_checkpoint.hpp>

#include <bit>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include <buffon/check.hpp>
#include <buffon/hash.hpp>
#include <buffon/replace_file.hpp>

namespace buffon {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view head = "buffon transport_map checkpoint 1\n"sv;
constexpr int most_writing = 50;   // one part in so many of the time

class Writer {
public:
    void add(std::uint64_t word) {
        for (int byte = 0; byte < 8; ++byte) bytes_.push_back(static_cast<char>(word >> (8 * byte) & 0xff));
    }
    void add(std::int64_t v) { add(static_cast<std::uint64_t>(v)); }
    void add(double v) { add(std::bit_cast<std::uint64_t>(v)); }
    void add(const std::vector<double>& numbers) {
        add(std::uint64_t{numbers.size()});
        for (const double v : numbers) add(v);
    }
    void add(const DrawsPosition& at) {
        add(std::uint64_t{at.batches});
        add(at.spent);
    }
    const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

class Reader {
public:
    Reader(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}
    std::uint64_t word() {
        require(at_ + 8 <= bytes_.size(), "transport_map: checkpoint '", name_, "' is damaged: it ends too early");
        std::uint64_t out = 0;
        for (int byte = 0; byte < 8; ++byte) out |= std::uint64_t{static_cast<unsigned char>(bytes_[at_++])} << (8 * byte);
        return out;
    }
    std::int64_t integer() { return static_cast<std::int64_t>(word()); }
    double number() { return std::bit_cast<double>(word()); }
    std::vector<double> numbers() {
        const std::uint64_t size = word();
        require(size <= (bytes_.size() - at_) / 8, "transport_map: checkpoint '", name_, "' is damaged: it ends too early");
        std::vector<double> out(size);
        for (double& v : out) v = number();
        return out;
    }
    DrawsPosition position() {
        const auto batches = static_cast<std::uint32_t>(word());
        return {batches, integer()};
    }

private:
    std::string_view bytes_;
    std::string name_;
    std::size_t at_ = 0;
};

void add(Writer& to, const SearchState& state) {
    to.add(state.at);
    to.add(std::uint64_t{state.level.has_value()});
    if (state.level) {
        to.add(state.level->heights);
        to.add(state.level->width);
        to.add(std::int64_t{state.level->level});
        to.add(state.level->at);
    }
    to.add(std::uint64_t{state.begun.has_value()});
    if (!state.begun) return;
    to.add(state.begun->heights);
    to.add(std::uint64_t{state.begun->connected});
    to.add(state.begun->worth);
    to.add(state.begun->at);
    to.add(state.steps.heights);
    to.add(std::uint64_t{state.steps.kept.size()});
    for (const AveragedSteps::Iterate& iterate : state.steps.kept) {
        to.add(iterate.heights);
        to.add(iterate.draws);
    }
    to.add(state.steps.taken);
    to.add(state.steps.steps);
    to.add(state.start_draws);
    to.add(state.next_check);
    to.add(std::uint64_t{state.stepped});
}

SearchState state_of(Reader& from) {
    SearchState out;
    out.at = from.position();
    if (from.word() != 0) {
        SoftLevel level;
        level.heights = from.numbers();
        level.width = from.number();
        level.level = static_cast<int>(from.integer());
        level.at = from.position();
        out.level = std::move(level);
    }
    if (from.word() == 0) return out;
    BegunSearch begun;
    begun.heights = from.numbers();
    begun.connected = from.word() != 0;
    begun.worth = from.number();
    begun.at = from.position();
    out.begun = std::move(begun);
    out.steps.heights = from.numbers();
    for (std::uint64_t kept = from.word(); kept > 0; --kept) {
        std::vector<double> heights = from.numbers();
        out.steps.kept.push_back({std::move(heights), from.integer()});
    }
    out.steps.taken = from.integer();
    out.steps.steps = from.integer();
    out.start_draws = from.integer();
    out.next_check = from.integer();
    out.stepped = from.word() != 0;
    return out;
}

std::uint64_t sum_of(std::string_view bytes) {
    Hash hash;
    for (const char c : bytes) hash.add_byte(static_cast<unsigned char>(c));
    return hash.value();
}

}  // namespace

std::optional<TransportCheckpoint> read_checkpoint(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        require(!std::filesystem::exists(path), "transport_map: checkpoint '", path.string(), "' cannot be read");
        return std::nullopt;
    }
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    require(bytes.starts_with(head), "transport_map: checkpoint '", path.string(),
            "' is not a file that this version of transport_map wrote");
    require(bytes.size() >= head.size() + 8, "transport_map: checkpoint '", path.string(), "' is damaged: it ends too early");
    const std::string_view body = std::string_view(bytes).substr(head.size(), bytes.size() - head.size() - 8);
    Reader sum(std::string_view(bytes).substr(bytes.size() - 8), path.string()), from(body, path.string());
    require(sum.word() == sum_of(body), "transport_map: checkpoint '", path.string(), "' is damaged: its checksum differs");
    TransportCheckpoint out;
    out.run = from.word();
    out.key = from.word();
    out.state = state_of(from);
    return out;
}

void write_checkpoint(const std::filesystem::path& path, const TransportCheckpoint& checkpoint) {
    Writer body, sum;
    body.add(checkpoint.run);
    body.add(checkpoint.key);
    add(body, checkpoint.state);
    sum.add(sum_of(body.bytes()));
    if (!replace_file(path, {head, body.bytes(), sum.bytes()}))
        throw std::runtime_error("transport_map: checkpoint '" + path.string() + "' cannot be written");
}

void CheckpointKeeper::operator()(const std::function<SearchState()>& state, bool last) {
    const auto begin = Clock::now();
    if (!last && written_ && begin - *written_ < most_writing * took_) return;
    write_checkpoint(path_, {run_, key_, state()});
    written_ = Clock::now();
    took_ = *written_ - begin;
}

}  // namespace buffon
