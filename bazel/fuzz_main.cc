// The program of a hydra_cc_fuzz_test: fuzz_main CORPUS MUTATIONS
//
// Runs each file of the corpus through the function, and then so many mutations of them, always the same. The input that it
// dies of is left as the file `crash` in $TEST_UNDECLARED_OUTPUTS_DIR, or /tmp.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Random = std::mt19937_64;

constexpr size_t kMaxBytes = 4096;  // as libFuzzer's own

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::filesystem::path> FilesOf(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

size_t Below(size_t end, Random& random) { return end == 0 ? 0 : random() % end; }

char AnyByte(Random& random) {
  constexpr std::array<int, 8> kTelling = {0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 0x10};
  return static_cast<char>(random() % 2 == 0 ? kTelling[Below(kTelling.size(), random)] : random());
}

// Changes one thing; `other` is another input, to take from.
void Mutate(std::string& input, const std::string& other, Random& random) {
  const size_t at = Below(input.size(), random);
  const size_t count = std::min(Below(16, random) + 1, input.size() - at);
  switch (random() % 6) {
    case 0:
      if (!input.empty()) input[at] = AnyByte(random);
      break;
    case 1:
      if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << (random() % 8)));
      break;
    case 2:
      input.insert(at, 1, AnyByte(random));
      break;
    case 3:
      input.erase(at, count);
      break;
    case 4:
      input.insert(Below(input.size(), random), std::string(input, at, count));
      break;
    default: {
      const size_t from = Below(other.size(), random);
      input.replace(at, count, other, from, Below(other.size() - from, random) + 1);
    }
  }
  if (input.size() > kMaxBytes) input.resize(kMaxBytes);
}

// What is being run, for OnDeath.
std::string* running = nullptr;

// Only what a signal handler may do, but for the file, which is worth the risk.
extern "C" void OnDeath(int signal) {
  std::signal(signal, SIG_DFL);
  const char* outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  const std::string path = std::string(outputs == nullptr ? "/tmp" : outputs) + "/crash";
  std::ofstream(path, std::ios::binary) << *running;
  std::cerr << "died of an input of " << running->size() << " bytes, which is now " << path << "\n"
            << std::flush;
  std::raise(signal);
}

void Run(std::string input) {
  *running = std::move(input);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(running->data()), running->size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "fuzz_main CORPUS MUTATIONS\n";
    return 2;
  }
  running = new std::string;
  for (const int signal : {SIGABRT, SIGSEGV, SIGILL, SIGFPE}) std::signal(signal, OnDeath);
  std::vector<std::string> corpus;
  for (const std::filesystem::path& file : FilesOf(argv[1])) {
    corpus.push_back(Read(file));
    Run(corpus.back());
  }
  Run("");
  Random random(1);
  for (int left = std::atoi(argv[2]); left > 0; --left) {
    std::string input = corpus[Below(corpus.size(), random)];
    for (uint64_t changes = random() % 4 + 1; changes > 0; --changes)
      Mutate(input, corpus[Below(corpus.size(), random)], random);
    Run(std::move(input));
  }
  std::cout << corpus.size() << " inputs of the corpus, " << argv[2] << " mutations\n";
}
