// Environment and program lookup.
#include "command_line.h"

#include <errno.h>
#include <unistd.h>

#include <map>
#include <string_view>

namespace intertie::execution_runners {
namespace {

using execution::Isolation;
using execution::RunRequest;

constexpr std::string_view kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

template <class Items, class ToText>
std::string join(const Items& items, ToText to_text) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ',';
    text += to_text(item);
  }
  return text;
}

std::map<std::string, std::string> make_variables(const RunRequest& request) {
  const bool is_private = request.isolation == Isolation::namespace_;
  const auto find_path = [&](std::string_view private_path, std::string_view name) {
    return is_private ? std::string(private_path) : request.folder + "/" + std::string(name);
  };
  const std::string work = find_path(execution::kWorkPath, execution::kWorkFolder);
  std::map<std::string, std::string> variables = {{"PATH", std::string(kPath)},
                                                  {"HOME", work},
                                                  {"LANG", "C.UTF-8"},
                                                  {"LOGNAME", "task"},
                                                  {"TMPDIR", is_private ? "/tmp" : work},
                                                  {"USER", "task"}};
  for (const auto& [name, value] : request.environment) variables[name] = value;
  variables["INTERTIE_WORK"] = work;
  variables["INTERTIE_IN"] = find_path(execution::kInputPath, execution::kInputFolder);
  variables["INTERTIE_JOB"] = std::to_string(request.key.job);
  variables["INTERTIE_ATTEMPT"] = std::to_string(request.key.attempt);
  variables["INTERTIE_RANK"] = std::to_string(request.key.rank);
  const std::uint32_t size = request.gang ? request.gang->size : 1;
  variables["INTERTIE_SIZE"] = std::to_string(size);
  const bool has_peers = request.gang && !request.gang->peers.empty();
  variables["INTERTIE_PEERS"] =
      join(has_peers ? request.gang->peers : execution::compute_peers(size),
           [](const std::string& peer) { return peer; });
  if (!request.devices.variable.empty()) {
    variables[request.devices.variable] =
        join(request.devices.indices, [](std::uint32_t index) { return std::to_string(index); });
  }
  return variables;
}

std::vector<std::string> find_candidates(const std::string& program, std::string_view path) {
  if (program.find('/') != std::string::npos) return {program};
  std::vector<std::string> candidates;
  while (true) {
    const std::size_t end = path.find(':');
    const std::string_view folder = path.substr(0, end);
    // POSIX: an empty entry is the current folder.
    candidates.push_back(folder.empty() ? "./" + program : std::string(folder) + "/" + program);
    if (end == std::string_view::npos) return candidates;
    path.remove_prefix(end + 1);
  }
}

std::vector<char*> make_pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::vector<std::string> make_environment(const RunRequest& request) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : make_variables(request)) {
    environment.push_back(name + "=" + value);
  }
  return environment;
}

CommandLine::CommandLine(const RunRequest& request)
    : environment_texts_(make_environment(request)), argument_texts_(request.argv) {
  const auto path = request.environment.find("PATH");
  candidates_ =
      find_candidates(request.argv.front(),
                      path == request.environment.end() ? kPath : std::string_view(path->second));
  arguments_ = make_pointers(argument_texts_);
  environment_ = make_pointers(environment_texts_);
}

int CommandLine::execute() const {
  int best = ENOENT;
  for (const std::string& candidate : candidates_) {
    ::execve(candidate.c_str(), arguments_.data(), environment_.data());
    // A program that is there but cannot be run says more than the ones that are not there.
    if (errno != ENOENT && errno != ENOTDIR) best = errno;
    if (best != ENOENT && best != EACCES) return best;
  }
  return best;
}

}  // namespace intertie::execution_runners
