#include "session/job_secrets.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/crypto/bound_box.h"
#include "intertie/hub/job_secret.h"

#include "session/local_file.h"

namespace intertie::cli {
namespace {

constexpr std::string_view kStandardInput = "-";

core::Error refuse(const std::string& name, const std::string& why) {
  return {core::Reason::bad_field, "secrets." + name + ": " + why};
}

/// Takes the text over, and leaves nothing of it.
crypto::Secret take(std::string text) {
  const crypto::ByteView bytes = crypto::as_bytes(text);
  crypto::Secret secret(crypto::ByteString(bytes.begin(), bytes.end()));
  crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return secret;
}

core::Result<crypto::Secret> read_secret_file(const std::string& name, const std::string& path,
                                              const std::string& base) {
  const bool is_absolute = path == kStandardInput || std::filesystem::path(path).is_absolute();
  auto text = read_file(is_absolute ? path : (std::filesystem::path(base) / path).string(),
                        core::limits::job_secret_bytes_max + 1);
  if (!text)
    return core::Error{text.error().reason, "secrets." + name + ": " + text.error().detail};
  if (!text->empty() && text->back() == '\n') text->pop_back();
  return take(std::move(*text));
}

core::Result<crypto::Secret> read_secret(const std::string& name, const hub::JobSecret& secret,
                                         const std::string& base) {
  if (!secret.from_file.empty()) return read_secret_file(name, secret.from_file, base);
  const char* const value = std::getenv(secret.from_env.c_str());
  if (value == nullptr) return refuse(name, "the variable " + secret.from_env + " is not set here");
  return take(value);
}

}  // namespace

core::Result<void> add_secret_options(const Invocation& invocation, hub::JobDocument& document) {
  for (const std::string& text : invocation.list("secret")) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    hub::JobSecret secret;
    if (equals == std::string::npos) {
      secret.from_env = name;
    } else if (text.substr(equals + 1) == kStandardInput) {
      secret.from_file = kStandardInput;
    } else if (text[equals + 1] == '@' && text.size() > equals + 2) {
      secret.from_file = text.substr(equals + 2);
      if (secret.from_file == kStandardInput) secret.from_file = "./-";
    } else {
      return {core::Reason::bad_argument,
              "--secret " + name +
                  "=...: expected NAME, NAME=@FILE or NAME=-; a value on the "
                  "command line could be read by others"};
    }
    if (name.empty() || !document.secrets.emplace(name, std::move(secret)).second) {
      return {core::Reason::bad_argument,
              "--secret " + name + ": " + (name.empty() ? "a name is missing" : "given twice")};
    }
  }
  return {};
}

core::Result<SecretValues> read_secrets(const hub::JobDocument& document, const std::string& base) {
  bool has_input = false;
  for (const auto& [name, secret] : document.secrets) {
    if (secret.from_file == kStandardInput && std::exchange(has_input, true)) {
      return refuse(name, "standard input can be read once only");
    }
  }
  SecretValues values;
  std::size_t bytes = 0;
  for (const auto& [name, secret] : document.secrets) {
    if (!secret.box.empty()) continue;
    auto value = read_secret(name, secret, base);
    if (!value) return value.error();
    const crypto::ByteView clear = value->reveal();
    if (clear.empty()) return refuse(name, "it is empty");
    if (std::ranges::find(clear, 0) != clear.end()) return refuse(name, "it holds a zero byte");
    bytes += clear.size();
    if (bytes > core::limits::job_secret_bytes_max) {
      return core::Error{core::Reason::too_large,
                         "secrets: at most " + std::to_string(core::limits::job_secret_bytes_max) +
                             " bytes together"};
    }
    values.emplace(name, std::move(*value));
  }
  return values;
}

core::Result<void> seal_secrets(hub::JobDocument& document, const SecretValues& values,
                                HubSession& session) {
  if (values.empty()) return {};
  const core::Result<api::HubView> hub = session.client().get_hub();
  if (!hub) return hub.error();
  const auto key = crypto::parse_seal_public_key(hub->seal_key);
  if (!key) {
    return {core::Reason::not_supported, "secrets: this hub has no key to seal them to"};
  }
  for (const auto& [name, value] : values) {
    auto box = crypto::seal_bound(value.reveal(),
                                  hub::make_job_secret_context(hub->principal, name), *key);
    if (!box) return {box.error().reason, "the hub's " + box.error().detail};
    document.secrets[name] = {{}, {}, std::move(*box), hub->seal_key_id};
  }
  return {};
}

}  // namespace intertie::cli
