#include "channel_body.h"

#include "intertie/crypto/bytes.h"

namespace intertie::api {

core::Result<std::vector<std::string>> decode_rows(const std::vector<std::string>& texts,
                                                   const char* name) {
  std::vector<std::string> all;
  all.reserve(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto bytes = crypto::decode_base64url(texts[i]);
    if (!bytes) {
      return core::Error{core::Reason::bad_field, std::string(name) + "[" + std::to_string(i) +
                                                      "]: " + bytes.error().detail};
    }
    all.emplace_back(crypto::as_text(*bytes));
  }
  return all;
}

}  // namespace intertie::api
