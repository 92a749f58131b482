#include <buffon/text.hpp>

#include <algorithm>
#include <numeric>
#include <sstream>

namespace buffon {
namespace {

/// Levenshtein's distance, one row of the table at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

std::string lower(std::string_view word) {
    std::string out(word);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

struct Synonyms {
    std::vector<std::string_view> words;    // in other libraries, small letters
    std::vector<std::string_view> ours;     // the first that is known
};

const std::vector<Synonyms>& synonyms() {
    static const std::vector<Synonyms> all{
        {{"seed", "random_state", "random_seed", "generator", "key"}, {"rng"}},
        {{"n", "samples", "n_samples", "nsamples", "num_samples", "sample_size", "size", "evaluations", "n_evaluations",
          "n_eval"},
         {"budget", "n"}},
        {{"workers", "n_jobs", "jobs", "num_threads", "n_threads"}, {"threads"}},
        {{"batch_size", "chunk", "chunk_size"}, {"batch"}},
        {{"nfe", "n_steps", "num_steps", "num_inference_steps", "timesteps", "num_timesteps"}, {"steps"}},
    };
    return all;
}

}  // namespace

std::string with_commas(std::int64_t n) {
    std::string digits = std::to_string(n);
    const std::size_t sign = n < 0 ? 1 : 0;
    for (std::size_t i = digits.size(); i > sign + 3; i -= 3) digits.insert(i - 3, 1, ',');
    return digits;
}

std::string as_a_share(double level) {
    if (!(level > 1 && level <= 100)) return "";
    std::ostringstream text;
    text << ": for " << level << " percent write " << level / 100;
    return text.str();
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    std::string best;
    std::size_t distance = std::max<std::size_t>(word.size() / 2, 1) + 1, exact = 0;
    for (const auto& candidate : known) {
        const std::size_t d = edit_distance(lower(word), lower(candidate)), as_written = edit_distance(word, candidate);
        if (d < distance || (d == distance && !best.empty() && as_written < exact)) {
            distance = d;
            exact = as_written;
            best = candidate;
        }
    }
    return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
    const std::string near = nearest(word, known);
    if (!near.empty()) return "; did you mean '" + near + "'?";
    constexpr std::size_t most = 20;   // names that anyone reads
    std::string all = "; known are ";
    for (std::size_t i = 0; i < std::min(known.size(), most); ++i) all.append(i ? ", " : "").append(known[i]);
    return known.size() > most ? all + " and " + std::to_string(known.size() - most) + " more" : all;
}

std::string keyword_suggestion(std::string_view word, const std::vector<std::string>& known) {
    const auto is_known = [&](std::string_view name) { return std::ranges::find(known, name) != known.end(); };
    if (word == "dtype") return "; numbers come in float64: convert the result";
    for (const auto& [words, ours] : synonyms())
        if (std::ranges::find(words, lower(word)) != words.end())
            if (const auto found = std::ranges::find_if(ours, is_known); found != ours.end())
                return "; did you mean '" + std::string(*found) + "'?";
    return suggestion(word, known);
}

}  // namespace buffon
