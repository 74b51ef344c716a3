// From run's options to a job document.
#include <unistd.h>

#include <charconv>
#include <filesystem>

#include "intertie/codec/json.h"
#include "intertie/codec/yaml.h"
#include "intertie/transfer/dataset_name.h"

#include "session/job_files.h"
#include "session/job_secrets.h"
#include "session/local_file.h"
#include "session/yaml_place.h"

namespace intertie::cli {
namespace {

core::Error refuse(std::string_view option, const std::string& value, std::string_view expected) {
  return {core::Reason::bad_argument,
          "--" + std::string(option) + " " + value + ": expected " + std::string(expected)};
}

core::Result<std::pair<std::string, std::string>> split_pair(std::string_view option,
                                                             const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return refuse(option, text, "NAME=VALUE");
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

core::Result<hub::DeviceNeed> parse_devices(const std::string& text) {
  hub::DeviceNeed need;
  constexpr std::string_view kForm = "N:KIND, such as 2:nvidia (intertie sites shows the kinds)";
  const std::size_t colon = text.find(':');
  const std::string number = text.substr(0, colon);
  const char* const end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, need.count);
  if (error != std::errc() || stop != end || need.count == 0) {
    return refuse("devices", text, kForm);
  }
  if (colon == std::string::npos || colon + 1 == text.size()) return refuse("devices", text, kForm);
  need.kind = text.substr(colon + 1);
  return need;
}

/// "PATH" or "PATH:TARGET"; a path may hold a colon if a file of that name exists.
hub::DataIn parse_input(const std::string& text) {
  hub::DataIn input;
  std::size_t colon = text.rfind(':');
  if (transfer::is_dataset_key(text)) {
    // "data://NAME:TO": the colons of the scheme come first.
    colon = text.find(':', text.find(':') + 1);
  } else if (colon == 0 || ::access(text.c_str(), F_OK) == 0) {
    colon = std::string::npos;
  }
  input.from = text.substr(0, colon);
  input.to = colon == std::string::npos ? std::filesystem::path(input.from).filename().string()
                                        : text.substr(colon + 1);
  return input;
}

core::Result<void> read_needs(const Invocation& invocation, hub::JobDocument& document) {
  hub::Need& need = document.need;
  if (const auto text = invocation.find("cpus")) need.cpus = *core::parse_milli_cpus(*text);
  if (const auto text = invocation.find("memory")) need.memory = *core::parse_bytes(*text);
  if (const auto text = invocation.find("scratch")) need.scratch = *core::parse_bytes(*text);
  if (const auto text = invocation.find("rate")) need.rate = *core::parse_rate(*text);
  if (const auto text = invocation.find("devices")) {
    const core::Result<hub::DeviceNeed> devices = parse_devices(std::string(*text));
    if (!devices) return devices.error();
    need.devices = *devices;
  }
  need.software = invocation.list("software");
  const std::string network = invocation.get("network", "");
  if (network == "gang") need.network = topology::Network::gang;
  if (network == "outside") need.network = topology::Network::outside;
  if (invocation.get("isolation", "") == "process") need.isolation = topology::Isolation::process;
  return {};
}

core::Result<void> read_terms(const Invocation& invocation, hub::JobDocument& document) {
  if (const auto text = invocation.find("class")) {
    document.class_ = *core::parse_compute_class(*text);
  }
  document.tasks = static_cast<std::uint32_t>(
      std::min<std::int64_t>(invocation.get_count("tasks", 1), UINT32_MAX));
  document.retries = static_cast<std::uint32_t>(
      std::min<std::int64_t>(invocation.get_count("retries", 0), UINT32_MAX));
  if (const auto text = invocation.find("timeout")) {
    document.timeout = *core::parse_duration(*text);
  }
  if (const auto text = invocation.find("max-price"))
    document.price.max = *core::parse_money(*text);
  if (invocation.get("on-loss", "") == "restart") document.on_loss = hub::OnLoss::restart;
  const std::string priority = invocation.get("priority", "normal");
  if (priority == "low") document.priority = hub::PriorityClass::low;
  if (priority == "high") document.priority = hub::PriorityClass::high;
  document.where.regions = invocation.list("region");
  document.account = invocation.get("account", "");
  document.name = invocation.get("name", "");
  for (const std::string& text : invocation.list("env")) {
    const auto pair = split_pair("env", text);
    if (!pair) return pair.error();
    document.env[pair->first] = pair->second;
  }
  for (const std::string& text : invocation.list("tag")) {
    const auto pair = split_pair("tag", text);
    if (!pair) return pair.error();
    document.tags[pair->first] = pair->second;
  }
  return {};
}

/// "./prog" and "bin/prog" are files of the user's; "ls" and "/bin/ls" are the site's.
void add_own_program(hub::JobDocument& document) {
  const std::string& program = document.run.front();
  if (program.find('/') == std::string::npos || program.front() == '/') return;
  std::error_code error;
  if (!std::filesystem::is_regular_file(program, error)) return;
  const std::string target = std::filesystem::path(program).lexically_normal().string();
  if (target.starts_with("..")) return;
  for (const hub::DataIn& input : document.data.in) {
    if (std::filesystem::path(input.to).lexically_normal() == target) return;
  }
  hub::DataIn input;
  input.from = program;
  input.to = target;
  input.executable = true;
  document.data.in.push_back(std::move(input));
}

/// "PATH", or "PATH=data://NAME": where it lands.
hub::DataOut parse_output(const std::string& text) {
  const std::size_t mark = text.find("=data://");
  if (mark == std::string::npos) return {text, {}};
  return {text.substr(0, mark), {}, text.substr(mark + 1)};
}

/// What was found in the place of a secret's source may be the secret itself.
core::Error hide_found_secret(core::Error error) {
  const bool is_secret = error.detail.find("secrets") != std::string::npos;
  if (is_secret) error.detail = error.detail.substr(0, error.detail.find(", found "));
  return error;
}

}  // namespace

core::Result<hub::JobDocument> make_document(const Invocation& invocation) {
  hub::JobDocument document;
  document.run = invocation.operands;
  core::Result<void> done = read_needs(invocation, document);
  if (done) done = read_terms(invocation, document);
  if (done) done = add_secret_options(invocation, document);
  if (!done) return done.error();
  for (const std::string& text : invocation.list("in")) {
    document.data.in.push_back(parse_input(text));
  }
  for (const std::string& text : invocation.list("out")) {
    document.data.out.push_back(parse_output(text));
  }
  add_own_program(document);
  return document;
}

core::Result<hub::JobDocument> read_document(const std::string& path, std::string* base) {
  const core::Result<std::string> text = read_file(path, core::limits::document_bytes_max);
  if (!text) return text.error();
  const std::string folder = std::filesystem::path(path).parent_path().string();
  *base = path == "-" || folder.empty() ? "." : folder;
  core::Result<hub::JobDocument> document =
      codec::from_yaml<hub::JobDocument>(*text, codec::Boundary::strict);
  if (!document) {
    const core::Error error = hide_found_secret(document.error());
    return {error.reason, path + ": " + error.detail};
  }
  const core::Result<void> sound = check_locally(*document, *base);
  if (!sound) {
    const int line = find_line(*text, sound.error().detail);
    const std::string place = line > 0 ? "line " + std::to_string(line) + ": " : "";
    return {sound.error().reason, path + ": " + place + sound.error().detail};
  }
  return document;
}

}  // namespace intertie::cli
