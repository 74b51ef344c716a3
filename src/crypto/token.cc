// PASETO v4.public: sign and verify.
#include "intertie/crypto/token.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"

namespace intertie::crypto {
namespace {

void append_length(std::string& text, std::uint64_t length) {
  for (int shift = 0; shift < 64; shift += 8) {
    text += static_cast<char>(static_cast<std::uint8_t>(length >> shift));
  }
}

/// PASETO's pre-authentication encoding: the count, then each piece after its length, all as
/// 64-bit little-endian numbers; so no piece can be moved into its neighbour.
std::string encode_pieces(std::initializer_list<std::string_view> pieces) {
  std::string text;
  append_length(text, pieces.size());
  for (const std::string_view piece : pieces) {
    append_length(text, piece.size());
    text += piece;
  }
  return text;
}

core::Error refuse_token(const char* detail) { return {core::Reason::bad_token, detail}; }

struct TokenParts {
  ByteString signed_payload;  // Payload, then the signature.
  std::string footer;
};

core::Result<TokenParts> split_token(std::string_view token) {
  if (token.size() > core::limits::token_bytes_max) return refuse_token("token is too long");
  if (token.substr(0, kTokenHeader.size()) != kTokenHeader) {
    return refuse_token("token does not begin with v4.public.");
  }
  token.remove_prefix(kTokenHeader.size());
  const std::size_t dot = token.find('.');
  const auto body = decode_base64url(token.substr(0, dot));
  if (!body) return refuse_token("token's payload is not base64url");
  if (body->size() < Signature::kLength) return refuse_token("token is too short");
  TokenParts parts{*body, {}};
  if (dot == std::string_view::npos) return parts;
  const auto footer = decode_base64url(token.substr(dot + 1));
  if (!footer) return refuse_token("token's footer is not base64url");
  if (footer->empty()) return refuse_token("token ends with a dot");
  parts.footer = as_text(*footer);
  return parts;
}

}  // namespace

std::string sign_token(const KeyPair& key, std::string_view payload, std::string_view footer,
                       std::string_view implicit) {
  const Signature signature = key.sign(encode_pieces({kTokenHeader, payload, footer, implicit}));
  ByteString body(payload.begin(), payload.end());
  body.insert(body.end(), signature.bytes.begin(), signature.bytes.end());
  std::string token = std::string(kTokenHeader) + encode_base64url(body);
  if (!footer.empty()) token += "." + encode_base64url(as_bytes(footer));
  return token;
}

core::Result<TokenContent> verify_token(const PublicKey& key, std::string_view token,
                                        std::string_view implicit) {
  auto parts = split_token(token);
  if (!parts) return parts.error();
  const ByteView body = parts->signed_payload;
  const std::string_view payload = as_text(body.first(body.size() - Signature::kLength));
  Signature signature;
  std::copy_n(body.end() - Signature::kLength, Signature::kLength, signature.bytes.begin());
  if (!verify_signature(key, encode_pieces({kTokenHeader, payload, parts->footer, implicit}),
                        signature)) {
    return refuse_token("token's signature does not verify");
  }
  return TokenContent{std::string(payload), std::move(parts->footer)};
}

core::Result<std::string> read_token_footer(std::string_view token) {
  auto parts = split_token(token);
  if (!parts) return parts.error();
  return std::move(parts->footer);
}

}  // namespace intertie::crypto
