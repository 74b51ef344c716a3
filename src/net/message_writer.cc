// HTTP messages to bytes.
#include "message_writer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "name_case.h"

namespace intertie::net {
namespace {

bool is_framing_field(std::string_view name) {
  return equal_ignoring_case(name, "content-length") ||
         equal_ignoring_case(name, "transfer-encoding") || equal_ignoring_case(name, "connection");
}

bool is_field_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 127;
  });
}

void append_field(std::string& text, std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) return;
  text += name;
  text += ": ";
  text += value;
  text += "\r\n";
}

void append_number(std::string& text, std::uint64_t number, int base = 10) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  text.append(digits.data(), end);
}

// Escapes for a JSON string; details of this module are ASCII, but may quote a request.
std::string escape_json(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    if (static_cast<unsigned char>(c) >= ' ' && static_cast<unsigned char>(c) < 127) escaped += c;
  }
  return escaped;
}

}  // namespace

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != kMarks.npos;
  });
}

bool is_target(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

std::string format_http_date(core::Time time) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = time.micros / 1'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                                   kMonths[static_cast<std::size_t>(parts.tm_mon)],
                                   parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string format_response_head(const Response& response, const Framing& framing,
                                 std::string_view date) {
  std::string text;
  text.reserve(256);
  text += "HTTP/1.1 ";
  assert(response.status >= 100 && response.status <= 999);
  append_number(text, static_cast<std::uint64_t>(response.status));
  text += ' ';
  text += status_phrase(response.status);
  text += "\r\nDate: ";
  text += date;
  text += "\r\n";
  if (!response.content_type.empty()) append_field(text, "Content-Type", response.content_type);
  for (const Header& field : response.headers) {
    if (!is_framing_field(field.name)) append_field(text, field.name, field.value);
  }
  if (framing.content_length) {
    text += "Content-Length: ";
    append_number(text, *framing.content_length);
    text += "\r\n";
  }
  if (framing.is_chunked) text += "Transfer-Encoding: chunked\r\n";
  if (!framing.keep_alive) {
    text += "Connection: close\r\n";
  } else if (!framing.is_http_1_1) {
    text += "Connection: keep-alive\r\n";
  }
  text += "\r\n";
  return text;
}

std::string format_request_head(const Request& request, std::string_view host) {
  std::string text;
  text.reserve(256);
  text += request.method;
  text += ' ';
  text += request.target;
  text += " HTTP/1.1\r\n";
  if (!request.headers.has("Host")) append_field(text, "Host", host);
  for (const Header& field : request.headers) {
    if (!is_framing_field(field.name)) append_field(text, field.name, field.value);
  }
  const bool has_body_by_method =
      request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (!request.body.empty() || has_body_by_method) {
    text += "Content-Length: ";
    append_number(text, request.body.size());
    text += "\r\n";
  }
  text += "\r\n";
  return text;
}

std::string format_chunk(std::string_view data) {
  assert(!data.empty());
  std::string text;
  text.reserve(data.size() + 24);
  append_number(text, data.size(), 16);
  text += "\r\n";
  text += data;
  text += "\r\n";
  return text;
}

Response make_problem(int status, core::Reason reason, std::string_view detail) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body =
      "{\"type\":\"about:blank\",\"title\":\"" + escape_json(core::reason_sentence(reason)) +
      "\",\"status\":" + std::to_string(status) + ",\"code\":\"" +
      std::string(core::reason_code(reason)) + "\",\"detail\":\"" + escape_json(detail) +
      "\",\"fix\":\"" + escape_json(core::reason_fix(reason)) + "\"}";
  return response;
}

}  // namespace intertie::net
